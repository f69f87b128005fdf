"""What the log tells of an earlier work: the state that it found, and what it set out to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meterlink.audit.record import Record
from meterlink.errors import NoStateError
from meterlink.model import Action
from meterlink.visit.snapshot import Snapshot, snapshot_of

_WHY: Final = {
    "none": "no state before it stands in the log",
    "unreadable": "the state before it is in a form that this meterlink does not read",
}


def state_before(records: Sequence[Record], work: str) -> Snapshot:
    """The state that a work recorded last before it wrote anything; NoStateError where there is none.

    A work that was stopped before it wrote records a new one when it goes on: another work may have been there between.
    """
    record = state_record(records, "before")
    if record is None:
        raise NoStateError(work=work, why=_WHY["none"])
    try:
        return snapshot_of(record.d["snapshot"])
    except (KeyError, TypeError, ValueError) as error:
        raise NoStateError(work=work, why=_WHY["unreadable"]) from error


def state_record(records: Sequence[Record], purpose: str) -> Record | None:
    """The last that holds a state of this purpose; a work records none before it wrote once it has written."""
    for record in reversed(records):
        if record.type == "read" and record.d.get("purpose") == purpose and "snapshot" in record.d:
            return record
    return None


def planned_actions(records: Sequence[Record]) -> tuple[Action, ...]:
    """The actions that the plans of a work held, in the order of their names."""
    plans = [record.d.get("steps", ()) for record in records if record.type == "work.plan"]
    named = {step.get("action") for steps in plans for step in steps}
    return tuple(action for action in Action if action.value in named)
