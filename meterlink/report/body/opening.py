"""What the first record of a work tells: order, people, meter, seals; and when things happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from meterlink.audit.record import Record
from meterlink.report.body.facts import NO, NONE, NOT_READ, NOT_STATED, YES, Facts

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


def course(records: Iterable[Record], opened: Facts, before: Facts | None, after: Facts | None) -> dict[str, str]:
    """When things happened, in their order; the end is that of the work itself."""
    steps = [record.fields["t"] for record in records if record.type in ("intent", "work.step")]
    return {
        "arrived_at": opened.text("arrived_at"),
        "first_read_at": read_at(before),
        "steps_from": steps[0] if steps else NONE,
        "steps_to": steps[-1] if steps else NONE,
        "last_read_at": read_at(after),
    }


def read_at(state: Facts | None) -> str:
    return NOT_READ if state is None else state.text("read_at")


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

    When a seal came off that was stated with the first record nobody knows: it was before that record.
    """
    told: dict[str, Any] = {"found": [], "removed": [], "broken": [], "installed": [], "other": []}
    told["found"] = [each.texts_of("number", "place", "kind", "owner", "state") for each in opened.tables("seals")]
    told["removed"] = [_seal(each, NOT_STATED) | {"event": "removed"} for each in opened.tables("removed")]
    for record in records:
        if record.type == "seal":
            facts = Facts.of(record)
            event = facts.text("event")
            known = event if event in ("removed", "broken", "installed") else "other"
            told[known].append(_seal(facts, record.fields["t"]) | {"event": event})
    return told


def _seal(facts: Facts, at: str) -> dict[str, Any]:
    return facts.texts_of("number", "place", "kind", "owner", "state", "reason") | {"at": at}


def tariff_plan(opened: Facts) -> dict[str, Any]:
    """What the order wants the tariffs to mean. What they do mean after the work: `standing`."""
    plan = opened.table("tariff_plan")
    zones = plan.values.get("zones")
    if isinstance(zones, dict):
        table = plan.table("zones")
        told = [{"register": name.upper(), "zone": table.text(name)} for name in sorted(zones)]
    else:
        told = [each.texts_of("register", "zone") for each in plan.tables("zones")]
    return {"name": plan.text("name", NONE), "zones": told}
