"""Frames in doubt: the meter is read before anything else is sent, and what it says is written down.

So it is, where it is asked for, with frames that were acknowledged in a work that is open, and never read back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from meterlink.audit.canonical import in_record
from meterlink.audit.doubt import Doubt, unread
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Entry, Record
from meterlink.audit.store import SealedLog
from meterlink.audit.works import records_at, records_of
from meterlink.visit.carrying import CLOCK, Site, found_clock, stands

_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """One frame that is settled now. `decision`: `written`, `unchanged`, `other` or `unknown`.

    `found`, `old` and `new` are in words. `doubt.result` is `ok` where it was not in doubt, only never read back.
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
    return _settle(site, log, place, log.doubts_at(site.identity.serial_number))


def read_back(site: Site, log: SealedLog, place: LogPlace) -> list[Resolved]:
    """The same of each value that was acknowledged in a work that is open at this meter, and never read back."""
    works = log.open_works_at(site.identity.serial_number)
    left = [each for work in works for each in unread(records_of(place, work.work))]
    return _settle(site, log, place, left)


def _settle(site: Site, log: SealedLog, place: LogPlace, frames: list[Doubt]) -> list[Resolved]:
    resolved: list[Resolved] = []
    intents = records_at(place, {each.of for each in frames}) if frames else {}
    for each in frames:
        settled = _resolve(site, each, _frame(intents[each.of], each.i))
        d = {"of": each.of, "i": each.i, "found": in_record(settled.found), "decision": settled.decision}
        log.append(Entry(type="resolve", d=d, work=each.work))
        resolved.append(settled)
    return resolved


def _frame(intent: Record, i: int) -> dict[str, Any]:
    return next((frame for frame in intent.d["frames"] if frame["i"] == i), {})


def _resolve(site: Site, doubt: Doubt, frame: dict[str, Any]) -> Resolved:
    old, new = frame.get("old"), frame.get("new")
    if doubt.parameter == CLOCK:
        reading = site.read_clock()
        decision = "written" if stands(reading) else "other"
        return Resolved(doubt=doubt, decision=decision, found=found_clock(reading), old=old, new=new)
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
