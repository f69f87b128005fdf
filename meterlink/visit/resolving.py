"""Frames in doubt: the meter is read before anything else is sent, and what it says is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from meterlink.audit.canonical import in_record
from meterlink.audit.doubt import Doubt
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Entry, Record
from meterlink.audit.store import SealedLog
from meterlink.audit.works import record_at
from meterlink.visit.carrying import CLOCK, Site, stands
from meterlink.visit.snapshot import clock_facts

_CLOCK_WORDS: Final = "{time}, {error} s off"
_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """One frame that is in doubt no longer. `decision`: `written`, `unchanged`, `other` or `unknown`.

    `found`, `old` and `new` are in words.
    """

    doubt: Doubt
    decision: str
    found: str
    old: str | None = None
    new: str | None = None

    def facts(self) -> dict[str, object]:
        """For documents."""
        told = {"decision": self.decision, "found": self.found, "old": self.old, "new": self.new}
        return self.doubt.facts() | {key: value for key, value in told.items() if value is not None}


def resolve(site: Site, log: SealedLog, place: LogPlace) -> list[Resolved]:
    """Read back each value in doubt at this meter and write down what stands there, in the work that it belongs to.

    The line's errors are raised as they come; what was settled until then stays settled.
    """
    resolved: list[Resolved] = []
    serial_number = site.identity.serial_number
    for doubt in [each for each in log.doubts if each.serial_number in (serial_number, None)]:
        settled = _resolve(site, doubt, _frame(record_at(place, doubt.of), doubt.i))
        d = {"of": doubt.of, "i": doubt.i, "found": in_record(settled.found), "decision": settled.decision}
        log.append(Entry(type="resolve", d=d, work=doubt.work))
        resolved.append(settled)
    return resolved


def _frame(intent: Record, i: int) -> dict[str, Any]:
    return next((frame for frame in intent.d["frames"] if frame["i"] == i), {})


def _resolve(site: Site, doubt: Doubt, frame: dict[str, Any]) -> Resolved:
    old, new = frame.get("old"), frame.get("new")
    if doubt.parameter == CLOCK:
        reading = site.read_clock()
        facts = clock_facts(reading)
        found = _CLOCK_WORDS.format(time=facts["meter_time"], error=facts.get("error_s", _UNKNOWN))
        decision = "written" if stands(reading) else "other"
        return Resolved(doubt=doubt, decision=decision, found=found, old=old, new=new)
    if doubt.parameter is None:
        return Resolved(doubt=doubt, decision=_UNKNOWN, found=_UNKNOWN)
    found = site.talk.run(site.driver.read_stored(site.target, [doubt.parameter]))[doubt.parameter]
    words = site.driver.told_stored
    alike = [
        decision
        for value, decision in ((new, "written"), (old, "unchanged"))
        if value is not None and site.driver.means_same(doubt.parameter, found, value)
    ]
    return Resolved(
        doubt=doubt,
        decision=alike[0] if alike else "other",
        found=words(doubt.parameter, found),
        old=None if old is None else words(doubt.parameter, old),
        new=None if new is None else words(doubt.parameter, new),
    )
