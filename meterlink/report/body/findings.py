"""What else the records of a work tell: doubts, who agreed, warnings, problems, remarks, what it takes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from meterlink.audit.doubt import Doubts
from meterlink.audit.record import Record
from meterlink.report.body.facts import NONE, NOT_STATED, Facts, plans
from meterlink.report.body.written import Writes

_KNOWN_TYPES: Final = frozenset(
    {
        "work.open",
        "work.plan",
        "work.step",
        "work.problem",
        "read",
        "meter.journal",
        "seal",
        "intent",
        "outcome",
        "verify",
        "resolve",
        "log.note",
        "clock.jump",
    }
)


def carried_out(records: Iterable[Record], opened: Facts) -> Facts:
    """What the first record says, and over it the last plan with steps: that may be of another run."""
    last = next((plan for plan in reversed(plans(records)) if plan.tables("steps")), opened)
    return Facts(values={**opened.values, **last.values}, n=last.n)


def restores(records: Iterable[Record]) -> str:
    """The work whose changes were taken back."""
    return next((plan.text("restores") for plan in reversed(plans(records)) if "restores" in plan.values), NONE)


def doubts_of(records: Iterable[Record], writes: Writes) -> list[dict[str, Any]]:
    """Frames of which nobody knows what became; `sent` as in `Writes`."""
    return [
        {
            "of": doubt.of,
            "i": doubt.i,
            "operation": doubt.operation,
            "parameter": doubt.parameter or NOT_STATED,
            "frame": doubt.frame,
            "result": doubt.result or NONE,
            "sent": writes.sent(doubt.of, doubt.i),
        }
        for doubt in Doubts.of(records)
    ]


def resolved(records: Iterable[Record], writes: Writes) -> list[dict[str, Any]]:
    """Frames that were settled by reading, with what each was about."""
    return [_settled(record, writes) for record in records if record.type == "resolve"]


def _settled(record: Record, writes: Writes) -> dict[str, Any]:
    of, i = record.d["of"], record.d.get("i")
    operation = next((frame.operation for frame in writes.frames_of(of, i)), "")
    told = {"of": of, "i": "all" if i is None else i, "operation": operation or NOT_STATED}
    return told | Facts.of(record).texts_of("found", "decision") | {"sent": writes.sent(of, i)}


def confirmed(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Who agreed to each plan, and how."""
    return [
        Facts.of(record).table("confirmed").texts_of("by", "how") | {"at": record.fields["t"]}
        for record in records
        if record.type == "work.plan"
    ]


def warnings(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Of all plans, each once."""
    found: list[dict[str, Any]] = []
    for plan in plans(records):
        for each in plan.tables("warnings"):
            facts = each.table("facts")
            told = {"code": each.text("code"), "facts": {name: facts.text(name) for name in sorted(facts.values)}}
            found += [] if told in found else [told]
    return found


def problems(records: Iterable[Record]) -> list[dict[str, Any]]:
    """What the check behind the work found."""
    return [
        Facts.of(record).texts_of("kind", "text") | {"at": record.fields["t"], "n": record.n}
        for record in records
        if record.type == "work.problem"
    ]


def remarks(records: Iterable[Record]) -> list[dict[str, Any]]:
    return [
        {
            "at": record.fields["t"],
            "actor": record.fields.get("actor", NOT_STATED),
            "text": Facts.of(record).text("text"),
        }
        for record in records
        if record.type == "log.note"
    ]


def other_records(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Those of kinds that a later program wrote."""
    return [{"n": each.n, "type": each.type} for each in records if each.type not in _KNOWN_TYPES]
