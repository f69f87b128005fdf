"""What was sent to the meter in a work: when, which frames never left, and which values stand. Pure.

When something was written is told by what was announced and answered, never by the reading back, which may come a day
later. A frame leaves only after the outcome of the one before it was recorded: so of an announcement that was cut off
one frame may have left without an outcome, and those behind it never did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from meterlink.audit.record import Record, text_in
from meterlink.report.body.facts import NO, NONE, YES

MAYBE: Final = "unknown"
_NOT_SENT: Final = "not-sent"
_WRITTEN: Final = "written"

Place = tuple[int, int]
"""The record of an intent, and the number of a frame in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame as it was announced; what it is about is empty where nobody said so."""

    operation: str
    parameter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something left: the record that says so."""

    n: int
    at: str
    operation: str


@dataclass(slots=True, kw_only=True)
class Writes:
    """The frames of a work, in the order in which they were announced."""

    frames: dict[Place, Frame] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    """From the first to the last; an announcement of which nothing left is none."""
    _sent: dict[Place, str] = field(default_factory=dict)
    _stand: dict[str, bool] = field(default_factory=dict)
    """Of each value that was read back since it was announced last."""
    _old: dict[str, str] = field(default_factory=dict)
    """What stood there first."""
    _accepted: dict[str, set[str]] = field(default_factory=dict)
    """As it was read, where that means what was wanted."""

    @classmethod
    def of(cls, records: Iterable[Record]) -> Writes:
        """Over the records of one work, in order."""
        found = cls()
        counted = list(records)
        for record in counted:
            if record.type == "intent":
                found._announce(record)
            elif record.type == "verify":
                found._verify(record.d)
            elif record.type == "resolve":
                found._settle(record.d, stands=record.d.get("decision") == _WRITTEN)
        found._send(counted)
        return found

    def sent(self, of: int, i: object) -> str:
        """Whether this frame left, or any of this intent; `unknown` where its fate was never recorded."""
        states = {self._sent[place] for place in self._listed(of, i)}
        return next((state for state in (YES, MAYBE, NO) if state in states), MAYBE)

    def frames_of(self, of: int, i: object) -> list[Frame]:
        """This frame, or all of this intent."""
        return [self.frames[place] for place in self._listed(of, i)]

    def last_of(self, operation: str, before: int | None) -> str:
        """When the last frame of an operation left, before this record; `none` where none did."""
        return next(
            (
                moment.at
                for moment in reversed(self.moments)
                if moment.operation == operation and (before is None or moment.n < before)
            ),
            NONE,
        )

    def changed(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Those of these values that were not there before: a table may be announced with rows that stay."""
        return {name: value for name, value in wanted.items() if self._old.get(name) != value}

    def standing(self, wanted: Mapping[str, str], stored: Mapping[str, str]) -> int:
        """How many of these values stand by the last reading of each: the state after has its own form of them."""
        return sum(self._stands(name, value, stored) for name, value in wanted.items())

    def _stands(self, name: str, wanted: str, stored: Mapping[str, str]) -> bool:
        if name in stored:
            return stored[name] == wanted or stored[name] in self._accepted.get(name, ())
        return self._stand.get(name, False)

    def _listed(self, of: int, i: object) -> Iterator[Place]:
        return (place for place in self.frames if place[0] == of and i in (place[1], None))

    # --- record by record --------------------------------------------------------------------------------------------

    def _announce(self, record: Record) -> None:
        for each in record.d["frames"]:
            frame = Frame(operation=record.d["operation"], parameter=text_in(each, "parameter") or "")
            self.frames[record.n, each["i"]] = frame
            self._old.setdefault(frame.parameter, text_in(each, "old") or "")
            self._stand.pop(frame.parameter, None)
            self._accepted.pop(frame.parameter, None)

    def _verify(self, d: Mapping[str, Any]) -> None:
        same = d.get("same") is True
        self._settle(d, stands=same)
        if same and "i" in d:
            for frame in self.frames_of(d["of"], d["i"]):
                self._accepted.setdefault(frame.parameter, set()).add(text_in(d, "found") or "")

    def _settle(self, d: Mapping[str, Any], *, stands: bool) -> None:
        self._stand |= {frame.parameter: stands for frame in self.frames_of(d["of"], d.get("i"))}

    # --- what left ---------------------------------------------------------------------------------------------------

    def _send(self, records: Sequence[Record]) -> None:
        outcomes = {(each.d["of"], each.d["i"]): each for each in records if each.type == "outcome"}
        is_cut_off = False
        for intent in (record for record in records if record.type == "intent"):
            is_cut_off = is_cut_off and intent.d.get("part", 1) != 1
            left: list[Moment] = []
            for i in (frame["i"] for frame in intent.d["frames"]):
                outcome = outcomes.get((intent.n, i))
                told = intent if outcome is None else outcome
                state = (NO if is_cut_off else MAYBE) if outcome is None else _sent_by(outcome)
                is_cut_off = is_cut_off or outcome is None
                self._sent[intent.n, i] = state
                left += [] if state == NO else [Moment(n=told.n, at=told.fields["t"], operation=intent.d["operation"])]
            if left:
                self.moments.append(Moment(n=intent.n, at=intent.fields["t"], operation=intent.d["operation"]))
                self.moments += left
        self.moments.sort(key=lambda moment: moment.n)


def _sent_by(outcome: Record) -> str:
    return NO if outcome.d["result"] == _NOT_SENT else YES
