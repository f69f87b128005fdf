"""Frames in doubt: announced for good, and nobody wrote down for good what became of them.

Such a frame may or may not have changed the meter. It stays in doubt until the meter is read again and somebody says
what was found; until then no other write to that meter is made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from meterlink.audit.record import Record, table_in, text_in
from meterlink.errors import MeterInDoubtError

KNOWN_RESULTS: Final = frozenset({"ok", "refused", "not-sent"})
"""After these nobody doubts what the meter did with the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One frame. `of` is the index of the intent that lists it, `frame` are its masked bytes."""

    of: int
    i: int
    operation: str
    frame: str
    run: str
    work: str | None = None
    parameter: str | None = None
    family: str | None = None
    serial_number: str | None = None
    result: str | None = None
    """What its outcome said, where there is one: for a frame in doubt, that the answer was lost or damaged."""

    def facts(self) -> dict[str, object]:
        """For JSON: what is not known is left out."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    def error(self, serial_number: str | None = None) -> MeterInDoubtError:
        """Why nothing is written to this meter, or to the one that the frame names."""
        return MeterInDoubtError(
            serial_number=serial_number or self.serial_number or "?",
            operation=self.operation,
            record=self.of,
            frame=self.i,
            work=self.work,
        )


class Doubts:
    """The frames in doubt after the records read so far, in the order of their announcements."""

    def __init__(self, doubts: Sequence[Doubt] = (), known: Collection[str] = KNOWN_RESULTS) -> None:
        self._open = {(doubt.of, doubt.i): doubt for doubt in doubts}
        self._known = known

    @classmethod
    def of(cls, records: Iterable[Record], known: Collection[str] = KNOWN_RESULTS) -> Doubts:
        """After these records."""
        found = cls(known=known)
        for record in records:
            found.read(record)
        return found

    def __iter__(self) -> Iterator[Doubt]:
        return iter(self._open.values())

    def __len__(self) -> int:
        return len(self._open)

    def read(self, record: Record) -> None:
        """Take the next record in."""
        if record.type == "intent":
            self._open |= {(record.n, frame["i"]): _doubt(record, frame) for frame in record.d["frames"]}
        elif record.type == "outcome":
            self._outcome(record.d)
        elif record.type in ("verify", "resolve"):
            self._settle(record.d["of"], record.d.get("i"))

    def of_meter(self, serial_number: str) -> list[Doubt]:
        """What is in doubt at one meter; a frame that names no meter may have gone to any."""
        return [doubt for doubt in self if doubt.serial_number in (serial_number, None)]

    def _outcome(self, d: Mapping[str, Any]) -> None:
        place = d["of"], d["i"]
        if d["result"] in self._known:
            self._open.pop(place, None)
        elif place in self._open:
            self._open[place] = replace(self._open[place], result=d["result"])

    def _settle(self, of: int, i: object) -> None:
        for place in [place for place in self._open if place[0] == of and i in (place[1], None)]:
            del self._open[place]


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers of frames as people are told them: first and last of those that follow one another."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and number - found[-1][1] <= 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found


def unread(records: Iterable[Record]) -> list[Doubt]:
    """Frames that were acknowledged, and of which nobody wrote down what the meter holds since; none is in doubt."""
    return [each for each in Doubts.of(records, KNOWN_RESULTS - {"ok"}) if each.result == "ok"]


def _doubt(record: Record, frame: Mapping[str, Any]) -> Doubt:
    named = table_in(record.d, "meter")
    return Doubt(
        of=record.n,
        i=frame["i"],
        operation=record.d["operation"],
        frame=frame["bytes"],
        run=record.fields["run"],
        work=record.work,
        parameter=text_in(frame, "parameter"),
        family=text_in(named, "family"),
        serial_number=text_in(named, "serial_number"),
    )
