"""What the first record of a work tells: order, people, meter, seals; and when things happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from meterlink.audit.record import Record
from meterlink.report.body.facts import NO, NONE, NOT_READ, NOT_STATED, YES, Facts
from meterlink.report.body.written import Writes
from meterlink.visit.history import state_record

PERSONAL: Final = (
    "account_no",
    "contract_no",
    "customer_name",
    "customer_phone",
    "notice",
    "representative",
    "address",
)
"""The commitments that an act has a place for."""


def head(work: str, records: Sequence[Record], opened: Facts, *, is_open: bool) -> dict[str, Any]:
    return {
        "number": work,
        "log": records[0].fields["log"],
        "records": {"first": records[0].n, "last": records[-1].n, "count": len(records)},
        "started_at": records[0].fields["t"],
        "finished_at": records[-1].fields["t"],
        "tz": opened.table("place").text("tz"),
        "opened": YES if is_open else NO,
    }


def course(records: Sequence[Record], opened: Facts, writes: Writes) -> dict[str, str]:
    """When things happened, in their order, all by the clock of the records; the end is that of the work itself.

    What the meter is compared with may be another clock: that of a simulator is.
    """
    return {
        "arrived_at": opened.text("arrived_at"),
        "first_read_at": _recorded_at(state_record(records, "before")),
        "steps_from": writes.moments[0].at if writes.moments else NONE,
        "steps_to": writes.moments[-1].at if writes.moments else NONE,
        "last_read_at": _recorded_at(state_record(records, "after")),
    }


def _recorded_at(record: Record | None) -> str:
    return NOT_READ if record is None else str(record.fields["t"])


def customer(opened: Facts) -> dict[str, Any]:
    told, committed = opened.table("customer"), opened.table("commitments")
    names = [*PERSONAL, *sorted(set(committed.values) - set(PERSONAL))]
    return {
        **told.texts_of("kind", "presence"),
        "has_representative": told.flag("representative"),
        "commitments": {name: committed.text(name, NONE) for name in names},
    }


def performers(opened: Facts) -> list[dict[str, Any]]:
    keys = ("id", "name", "post", "certificate", "certificate_expires", "safety_group")
    return [each.texts_of(*keys) for each in opened.tables("performers")]


def meter(told: Facts) -> dict[str, Any]:
    return {
        **told.texts_of("family", "model", "serial_number", "answered", "address", "firmware", "manufactured"),
        **told.texts_of("accuracy_class", "verification_last", "verification_next"),
        "names": told.texts("names"),
        **told.texts_of("ct_type", "ct_numbers", "vt_type", "vt_numbers"),
        "ratio_ct": told.number("ratio_ct"),
        "ratio_vt": told.number("ratio_vt"),
    }


def seals(records: Iterable[Record], opened: Facts) -> dict[str, Any]:
    """By what happened to them; an event nobody has heard of stands under `other`.

    Where nobody was asked, those that the order expects were not found by anybody: they stand under `expected`.
    When a seal came off that was stated with the first record nobody knows: it was before that record.
    """
    told: dict[str, Any] = {"expected": [], "found": [], "removed": [], "installed": [], "other": []}
    for each in opened.tables("seals"):
        seal = each.texts_of("number", "place", "kind", "owner", "state")
        is_expected = seal["state"] == NOT_STATED and opened.flag("form_stated") != YES
        told["expected" if is_expected else "found"].append(seal)
    told["removed"] = [_seal(each, NOT_STATED) | {"event": "removed"} for each in opened.tables("removed")]
    for record in records:
        if record.type == "seal":
            facts = Facts.of(record)
            event = facts.text("event")
            known = event if event in ("removed", "installed") else "other"
            told[known].append(_seal(facts, record.fields["t"]) | {"event": event})
    return told


def _seal(facts: Facts, at: str) -> dict[str, Any]:
    return facts.texts_of("number", "place", "kind", "owner", "state", "reason") | {"at": at}


def tariff_plan(opened: Facts) -> dict[str, Any]:
    """What the order wants the tariffs to mean. What they do mean after the work: `standing`."""
    plan = opened.table("tariff_plan")
    zones = [each.texts_of("register", "zone") for each in plan.tables("zones")]
    return {"name": plan.text("name", NONE), "zones": zones}
