"""Payloads that hold times: the clock, single events, journals. Layouts: docs/protocols/mercury200.md, 7.1 and 7.12."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Final, Self

from meterlink.wire.payload import CalendarError, PayloadError, decode_bcd, decode_date, decode_datetime, encode_bcd
from meterlink_mercury200.payload import Payload
from meterlink_mercury200.values import encode_day

HOLIDAY: Final = 7
"""Stands instead of the weekday 0 = Sunday .. 6 = Saturday."""


def encode_moment(at: datetime) -> bytes:
    """hh mm ss dd mon yy, packed BCD."""
    return bytes.fromhex(at.strftime("%H%M%S%d%m%y"))


def decode_moment(raw: bytes) -> datetime:
    """The naive time of hh mm ss dd mon yy; DigitError or CalendarError."""
    hour, minute, second, day, month, year = (decode_bcd(raw[i : i + 1]) for i in range(6))
    return decode_datetime(decode_date(day, month, year), hour, minute, second)


def is_empty(raw: bytes) -> bool:
    """Whether a stored time was never written: FF-filled, or day, month and year zero."""
    return set(raw) == {0xFF} or raw[-3:] == bytes(3)


@dataclass(frozen=True, slots=True)
class TimeDate(Payload):
    """dow hh mm ss dd mon yy, packed BCD (02h, 21h). dow: 0 = Sunday .. 6 = Saturday, 7 = holiday.

    Whether the meter checks the dow of a write, or puts 7 on holidays, is not known: readers accept either.
    """

    weekday: int
    local: datetime

    size: ClassVar[int] = 7

    @classmethod
    def decode(cls, data: bytes) -> Self:
        if data[0] > HOLIDAY:
            raise CalendarError(f"{data[0]:02X}h is no day of the week")
        return cls(data[0], decode_moment(data[1:]))

    @classmethod
    def of(cls, local: datetime) -> Self:
        """A time with its own weekday."""
        return cls(local.isoweekday() % 7, local.replace(microsecond=0))

    def encode(self) -> bytes:
        return bytes([self.weekday]) + encode_moment(self.local)

    def told(self) -> dict[str, object]:
        name = "holiday" if self.weekday == HOLIDAY else _WEEKDAYS[self.weekday]
        return {"dow": self.weekday, "dow_name": name, "datetime": self.local.isoformat()}


_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


@dataclass(frozen=True, slots=True)
class EventTime(Payload):
    """A time like the clock's, or none: never written, or dow of 8 and more (2Bh, 2Ch, 61h, 62h, 6Bh)."""

    at: datetime | None

    size: ClassVar[int] = 7

    @classmethod
    def decode(cls, data: bytes) -> Self:
        if data[0] > HOLIDAY or is_empty(data):
            return cls(None)
        return cls(decode_moment(data[1:]))

    def encode(self) -> bytes:
        return b"\xff" * 7 if self.at is None else TimeDate.of(self.at).encode()

    def told(self) -> dict[str, object]:
        if self.at is None:
            return {"datetime": None}
        return TimeDate.of(self.at).told()


@dataclass(frozen=True, slots=True)
class Event(Payload):
    """ev hh mm ss dd mon yy (34h, 35h, 3Ah); None in a slot that was never written."""

    code: int
    at: datetime | None

    size: ClassVar[int] = 7
    words: ClassVar[Mapping[int, str]] = {}

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0], None if is_empty(data[1:]) else decode_moment(data[1:]))

    def encode(self) -> bytes:
        return bytes([self.code]) + (b"\xff" * 6 if self.at is None else encode_moment(self.at))

    @property
    def word(self) -> str:
        return self.words.get(self.code, f"code {self.code:02X}h")

    def told(self) -> dict[str, object]:
        return {"event": self.word, "datetime": None if self.at is None else self.at.isoformat()}


class PowerEvent(Event):
    """34h."""

    __slots__ = ()
    words: ClassVar[Mapping[int, str]] = {0: "power on", 1: "power off"}


class CoverEvent(Event):
    """35h. The maker adds "2?3?" without an explanation."""

    __slots__ = ()
    words: ClassVar[Mapping[int, str]] = {0: "cover opened", 1: "cover closed"}


class RelayEvent(Event):
    """3Ah."""

    __slots__ = ()
    words: ClassVar[Mapping[int, str]] = {
        0: "off by power limit",
        1: "off by energy limit",
        2: "off above 65 A for 5 s",
        3: "off by interface",
        4: "on by button",
        5: "on by interface",
        6: "on automatically",
    }


@dataclass(frozen=True, slots=True)
class QualityEvent(Payload):
    """hh mm ss dd mon yy; 80h in hh = threshold crossed, 40h = returned (39h). The journal's indices are not told."""

    crossed: bool
    returned: bool
    at: datetime | None

    size: ClassVar[int] = 6

    @classmethod
    def decode(cls, data: bytes) -> Self:
        if is_empty(data):
            return cls(False, False, None)
        at = decode_moment(bytes([data[0] & 0x3F]) + data[1:])
        return cls(bool(data[0] & 0x80), bool(data[0] & 0x40), at)

    def encode(self) -> bytes:
        if self.at is None:
            return b"\xff" * 6
        raw = encode_moment(self.at)
        return bytes([raw[0] | self.crossed << 7 | self.returned << 6]) + raw[1:]


@dataclass(frozen=True, slots=True)
class Maximum:
    """The largest value and when it was; the unit follows from what was asked and is not told."""

    value: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Maxima(Payload):
    """Maximum, then resettable maximum: value BCD(2), then hh mm ss dd mon yy, each (33h)."""

    maximum: Maximum
    resettable: Maximum

    size: ClassVar[int] = 16

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(_maximum(data[:8]), _maximum(data[8:]))

    def encode(self) -> bytes:
        return b"".join(
            encode_bcd(each.value, 2) + (b"\xff" * 6 if each.at is None else encode_moment(each.at))
            for each in (self.maximum, self.resettable)
        )

    def told(self) -> dict[str, object]:
        return {
            f"{name}_{key}": value
            for name, each in (("maximum", self.maximum), ("resettable", self.resettable))
            for key, value in (("value", each.value), ("datetime", each.at.isoformat() if each.at else None))
        }


def _maximum(raw: bytes) -> Maximum:
    return Maximum(decode_bcd(raw[:2]), None if is_empty(raw[2:]) else decode_moment(raw[2:]))


@dataclass(frozen=True, slots=True)
class ParametrisationEvent(Payload):
    """ev3 ev4 (bits for 70h-7Fh), ev5 (10h-17h), ev6 ev7 (00h-0Fh), dd mon yy; no time of day (36h).

    The bit order is not told, so commands are not named; the bits are shown as they are.
    """

    bits: bytes
    on: date | None

    size: ClassVar[int] = 8

    @classmethod
    def decode(cls, data: bytes) -> Self:
        if is_empty(data[5:]):
            return cls(data[:5], None)
        day, month, year = (decode_bcd(data[i : i + 1]) for i in (5, 6, 7))
        return cls(data[:5], decode_date(day, month, year))

    def encode(self) -> bytes:
        return self.bits + (b"\xff" * 3 if self.on is None else encode_day(self.on))

    def told(self) -> dict[str, object]:
        bits = {"bits_70h_7Fh": self.bits[:2], "bits_10h_17h": self.bits[2:3], "bits_00h_0Fh": self.bits[3:]}
        return {name: raw.hex().upper() for name, raw in bits.items()} | {
            "date": None if self.on is None else self.on.isoformat()
        }


@dataclass(frozen=True, slots=True)
class JournalIndex(Payload):
    """ii5: 0 = newest .. 3Fh."""

    index: int

    size: ClassVar[int] = 1
    slots_count: ClassVar[int] = 64

    @classmethod
    def decode(cls, data: bytes) -> Self:
        if data[0] >= cls.slots_count:
            raise PayloadError(f"{data[0]} is no journal record 0 to {cls.slots_count - 1}")
        return cls(data[0])

    def encode(self) -> bytes:
        return bytes([self.index])


@dataclass(frozen=True, slots=True)
class MonthSlot(Payload):
    """ii3: 0 = January .. 11 = December, 15 = "current", which old meters answer with foreign memory (32h, 38h)."""

    slot: int

    size: ClassVar[int] = 1
    current: ClassVar[int] = 0x0F
    months: ClassVar[int] = 12

    @classmethod
    def decode(cls, data: bytes) -> Self:
        if data[0] > 11 and data[0] != cls.current:
            raise PayloadError(f"{data[0]} is no month 0 to 11")
        return cls(data[0])

    def encode(self) -> bytes:
        return bytes([self.slot])

    def told(self) -> dict[str, object]:
        return {"slot": self.slot, "month": "current" if self.slot == self.current else self.slot + 1}
