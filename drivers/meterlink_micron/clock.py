"""The clock, the moments of the automatic switch, and the state of a correction.

Clock     ss mm hh weekday(1 = Monday) dd mm yy season(1 winter, 0 summer), packed decimals
Moment    hh weekday month, packed decimals; always the last such weekday of the month
Source    docs/protocols/micron.md, chapters 9 and 10
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import ClassVar, Final, Self

from meterlink.wire.payload import CalendarError, PayloadError
from meterlink_micron.payload import Codec, Day, Digits, Payload, TimeOfDay, Whole

WINTER: Final = 1
SUMMER: Final = 0
SEASONS: Final = {WINTER: "winter", SUMMER: "summer"}

_TEXT: Final = {
    "season": "{season} is no season: 1 is winter, 0 summer",
    "weekday": "{weekday} is no weekday: 1 is Monday, 7 Sunday",
    "hour": "{hour} is no hour",
    "month": "{month} is no month",
}


def _weekday(weekday: int) -> None:
    if not 1 <= weekday <= 7:
        raise CalendarError(_TEXT["weekday"].format(weekday=weekday))


@dataclass(frozen=True, slots=True)
class Clock(Payload):
    """04 00 and 03 0C. `weekday` is what stands there, whether or not it is that of the date."""

    of_day: time
    weekday: int
    on: date
    season: int

    layout: ClassVar[tuple[Codec, ...]] = (TimeOfDay(), Digits(), Day(), Whole())

    def __post_init__(self) -> None:
        _weekday(self.weekday)
        if self.season not in SEASONS:
            raise PayloadError(_TEXT["season"].format(season=self.season))

    @classmethod
    def at(cls, local: datetime, season: int) -> Self:
        """The clock that shows a moment, with the weekday of its date."""
        return cls(local.time(), local.isoweekday(), local.date(), season)

    @property
    def local(self) -> datetime:
        return datetime.combine(self.on, self.of_day)

    def told(self) -> dict[str, object]:
        return {"datetime": self.local.isoformat(), "weekday": self.weekday, "season": SEASONS[self.season]}


@dataclass(frozen=True, slots=True)
class SwitchMoment(Payload):
    """08 07, 08 08; 03 19, 03 1A."""

    hour: int
    weekday: int
    month: int

    layout: ClassVar[tuple[Codec, ...]] = (Digits(), Digits(), Digits())

    def __post_init__(self) -> None:
        _weekday(self.weekday)
        if self.hour > 23:
            raise CalendarError(_TEXT["hour"].format(hour=self.hour))
        if not 1 <= self.month <= 12:
            raise CalendarError(_TEXT["month"].format(month=self.month))


@dataclass(frozen=True, slots=True)
class ShiftSeconds(Payload):
    """03 0B: forwards at once, backwards by running slower."""

    seconds: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(2, signed=True),)


@dataclass(frozen=True, slots=True)
class ShiftTo(Payload):
    """03 0D: the time of day that the meter shall show when it hears this; to everybody with an identifier before."""

    of_day: time
    identifier: int | None = None

    sizes: ClassVar[Collection[int]] = (3, 4)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(TimeOfDay().decode(data[-3:]), data[0] if len(data) == 4 else None)

    def encode(self) -> bytes:
        head = b"" if self.identifier is None else bytes([self.identifier])
        return head + TimeOfDay().encode(self.of_day)

    def told(self) -> dict[str, object]:
        head: dict[str, object] = {} if self.identifier is None else {"identifier": self.identifier}
        return head | {"time": self.of_day.isoformat()}


CORRECTION_STATES: Final = {
    0x00: "done",
    0x01: "running",
    0x02: "already corrected today",
    0x03: "more than 120 s asked",
    0x04: "would cross the hour",
    0x05: "memory does not answer",
    0x06: "checksum of the journal pointers",
    0x07: "memory does not answer",
    0x08: "timer does not answer",
    0x09: "bad form of the time",
    0x0A: "forbidden on this channel",
    0x0B: "refused, running on another channel",
}
"""What became of the last soft correction (08 18 01)."""

RUNNING: Final = 0x01
CORRECTED_TODAY: Final = 0x02


@dataclass(frozen=True, slots=True)
class CorrectionState(Payload):
    """08 18 01; the identifier is that of a correction told to everybody, 0 after one that was addressed."""

    state: int
    identifier: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())

    @property
    def words(self) -> str:
        return CORRECTION_STATES.get(self.state, f"unknown code {self.state:02X}h")

    def told(self) -> dict[str, object]:
        return {"state": self.state, "state_text": self.words, "identifier": self.identifier}
