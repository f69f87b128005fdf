"""Frames in doubt: the meter is read before anything else is sent, and what it says is written down.

So it is, where it is asked for, with frames that were acknowledged in a work that is open, and never read back.
Where nobody can read the meter any more, it is written down that what became of them is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meterlink.audit.canonical import in_record
from meterlink.audit.doubt import Doubt, Doubts, unread
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Entry, Record
from meterlink.audit.store import SealedLog
from meterlink.audit.works import records_at, records_of_each
from meterlink.visit.carrying import CLOCK_PARAMETER, Site, found_clock, stands
from meterlink.visit.facts import known

_UNKNOWN: Final = "unknown"
_NOT_READ: Final = "not read"


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
        return self.doubt.facts() | known(told)


def resolve(site: Site, log: SealedLog, place: LogPlace) -> list[Resolved]:
    """Read back each value in doubt at this meter and write down what stands there, in the work that it belongs to.

    The line's errors are raised as they come; what was settled until then stays settled.
    """
    frames = log.doubts_at(site.identity.serial_number)
    return _settle(site, log, frames, records_at(place, {each.of for each in frames}))


def read_back(site: Site, log: SealedLog, place: LogPlace) -> list[Resolved]:
    """The same of each value that was acknowledged in a work that is open at this meter, and never read back."""
    works = [each.work for each in log.open_works_at(site.identity.serial_number)]
    told = records_of_each(place, works)
    frames = [each for records in told.values() for each in unread(records)]
    return _settle(site, log, frames, {record.n: record for records in told.values() for record in records})


def give_up(log: SealedLog, records: Sequence[Record]) -> list[Resolved]:
    """Of the frames of one work that are in doubt, or were never read back: nobody will know what became of them."""
    frames = sorted([*Doubts.of(records), *unread(records)], key=lambda each: (each.of, each.i))
    resolved = [Resolved(doubt=each, decision=_UNKNOWN, found=_NOT_READ) for each in frames]
    for each in resolved:
        _write_down(log, each)
    return resolved


def _settle(site: Site, log: SealedLog, frames: Sequence[Doubt], intents: Mapping[int, Record]) -> list[Resolved]:
    """A value that several frames are about is read once."""
    resolved: list[Resolved] = []
    found: dict[str, str] = {}
    for each in frames:
        settled = _resolve(site, each, _frame(intents[each.of], each.i), found)
        _write_down(log, settled)
        resolved.append(settled)
    return resolved


def _write_down(log: SealedLog, settled: Resolved) -> None:
    frame = settled.doubt
    d = {"of": frame.of, "i": frame.i, "found": in_record(settled.found), "decision": settled.decision}
    log.append(Entry(type="resolve", d=d, work=frame.work))


def _frame(intent: Record, i: int) -> dict[str, Any]:
    return next((frame for frame in intent.d["frames"] if frame["i"] == i), {})


def _resolve(site: Site, doubt: Doubt, frame: dict[str, Any], read: dict[str, str]) -> Resolved:
    """`read` are the values that were read until now; what has to be read is put there."""
    old, new = frame.get("old"), frame.get("new")
    if doubt.parameter == CLOCK_PARAMETER:
        reading = site.read_clock()
        decision = "written" if stands(reading) else "other"
        return Resolved(doubt=doubt, decision=decision, found=found_clock(reading), old=old, new=new)
    if doubt.parameter is None:
        return Resolved(doubt=doubt, decision=_UNKNOWN, found=_UNKNOWN)
    if doubt.parameter not in read:
        read |= site.talk.run(site.driver.read_stored(site.target, [doubt.parameter]))
    found = read[doubt.parameter]
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
