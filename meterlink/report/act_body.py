"""The act's body: what the records of one work say, as language-neutral facts. A pure function of these records.

Its SHA-256 stands in work.close, so the same records give the same bytes for ever: nothing here asks a clock, a zone
database, a profile or a file. Moments are UTC as the records have them, with the name of the place's zone beside; local
time is a matter of who draws the act. Personal data are commitments; a drawing fills in the clear values or says that
they are withheld. Fields: docs/trade.md 4.2 (the paper), docs/audit-format.md 2 (the records).

What nobody stated is `not-stated`, what there is none of `none` or an empty list, what was not read `not-read` with the
reason: nothing is left out in silence. What a later work wrote into other records is named in `other_records`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from meterlink.audit.canonical import encode_canonical
from meterlink.audit.record import Record
from meterlink.report.body import findings, opening, states
from meterlink.report.body.facts import Facts, of_one_work, snapshot
from meterlink.report.body.states import sides
from meterlink.report.body.steps import action_states, recorded_steps, result_of, schedule_left, steps_of, zones_from
from meterlink.report.body.written import Writes

SCHEMA: Final = "meterlink.act/1"


def act_body(records: Sequence[Record]) -> dict[str, Any]:
    """The body over the records of a work, in order; ActError where they are none.

    What stands at or behind work.close does not count, nor do records that belong to no work. A work that never got as
    far as its first record, its first reading or its plan has a body, too, which says so.

    `result` is the first of these that holds:

    in-doubt   a frame may have changed the meter and nobody knows, or the last result of a step says so
    nothing    a plan was made and had no step, or the order permits nothing but reading and the meter was read
    cancelled  no plan was made, or no step of it was begun and none has a result; and no frame was announced
    done       every step was verified by reading it back, or found as wanted when the work was resumed, and the
               check behind the work found no problem
    partly     some were, or all of them and there is a problem, or some values of one that was not stand
    failed     none was, and no value stands

    `schedule_left` says how the tariff schedule was left: `steps.schedule_left`.
    """
    work, counted = of_one_work(records)
    opened = next((Facts.of(record) for record in counted if record.type == "work.open"), None)
    first, last = (snapshot(counted, purpose) for purpose in ("before", "after"))
    facts = opened or Facts(values={}, n=counted[0].n)
    recorded = recorded_steps(counted)
    writes = Writes.of(counted)
    steps = steps_of(recorded, writes)
    doubts = findings.doubts_of(counted, writes)
    allowed = facts.texts("actions")
    stored = states.stored(last)
    actions = action_states(allowed, steps, recorded, writes, first, stored)
    stands = any(each["standing"] for each in actions)
    carried_out = findings.carried_out(counted, facts)
    schedule = sides(states.schedule, first, last)
    return {
        "schema": SCHEMA,
        "act": opening.head(work, counted, facts, is_open=opened is not None),
        "course": opening.course(counted, facts, writes),
        "result": result_of(steps, counted, allowed, first, doubts=bool(doubts), stands=stands),
        "order": facts.table("order").texts_of(
            "number", "date", "basis", "basis_text", "sha256", "nonce", "valid_from", "valid_to"
        ),
        "organisation": facts.table("organisation").texts_of("name", "tax_number", "licence", "phone"),
        "performers": opening.performers(facts),
        "customer": opening.customer(facts),
        "place": facts.table("place").texts_of("tz", "metering_point_id", "substation", "feeder"),
        "meter": opening.meter(facts.table("meter")),
        "seals_stated": facts.flag("form_stated"),
        "seals": opening.seals(counted, facts),
        "readings": states.readings(first, last),
        "clock": sides(states.clock, first, last)
        | {"reason": facts.text("clock_reason"), "time_source": carried_out.text("time_source")},
        "dst": sides(states.dst, first, last),
        "tariffs": sides(states.tariffs, first, last),
        "schedule": schedule,
        "schedule_left": schedule_left(steps, recorded, schedule["before"], schedule["after"], stored),
        "holidays": sides(states.holidays, first, last),
        "plan": opening.tariff_plan(facts),
        "status": sides(states.status, first, last),
        "journals": states.journals(counted),
        "absent": sides(states.absent, first, last),
        "actions": actions,
        "steps": steps,
        "restores": findings.restores(counted),
        "problems": findings.problems(counted),
        "confirmed": findings.confirmed(counted),
        "zones_from": zones_from(steps),
        "doubts": doubts,
        "resolved": findings.resolved(counted, writes),
        "warnings": findings.warnings(counted),
        "remarks": findings.remarks(counted),
        "program": {
            "program": facts.text("program"),
            "family": facts.table("meter").text("family"),
            "port": facts.text("port"),
            "profile_sha256": facts.table("meter").text("profile_sha256"),
            "experimental": carried_out.flag("experimental"),
        },
        "other_records": findings.other_records(counted),
    }


def encode_body(body: Mapping[str, Any]) -> bytes:
    """The one form of a body."""
    return encode_canonical(body, "act")


def body_sha256(body: Mapping[str, Any]) -> str:
    """As it stands in work.close."""
    return hashlib.sha256(encode_body(body)).hexdigest()
