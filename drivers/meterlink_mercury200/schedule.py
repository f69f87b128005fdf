"""Payloads of the tariff tables: records of 8 points (11h, 31h), halves of the holiday table (10h, 30h).

What the tables mean together, and how a year schedule becomes tables: `image`. Layouts: docs/protocols/mercury200.md,
7.7 and 7.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Final, Self

from meterlink.errors import ScheduleError
from meterlink.tariff import DayKind, SpecialDay, clock_text, month_day_text
from meterlink.wire.payload import PayloadError, decode_bcd, encode_bcd, hexadecimal
from meterlink_mercury200.payload import Payload

POINTS: Final = 8
HOLIDAYS: Final = 16
TARIFFS: Final = 4
MONTHS: Final = range(12)
_UNUSED: Final = b"\xff\xff"

RecordKey = tuple[int, DayKind]
"""Month 0 = January .. 11, and kind of day."""

MonthDay = tuple[int, int]
"""Month 1-12 and day of every year."""

EVERY_RECORD: Final[tuple[RecordKey, ...]] = tuple(product(MONTHS, DayKind))


@dataclass(frozen=True, slots=True)
class ScheduleIndex(Payload):
    """ii2: month 0..11 in the high nibble, kind of day 0 = Sunday .. 6 = Saturday, 7 = holiday in the low one."""

    month: int
    kind: DayKind

    size: ClassVar[int] = 1

    @classmethod
    def decode(cls, data: bytes) -> Self:
        month, kind = data[0] >> 4, data[0] & 0x0F
        if month not in MONTHS or kind not in list(DayKind):
            raise PayloadError(f"{data[0]:02X}h is no month and kind of day")
        return cls(month, DayKind(kind))

    def encode(self) -> bytes:
        return bytes([self.month << 4 | self.kind])

    def told(self) -> dict[str, object]:
        return {"month": self.month + 1, "day_kind": self.kind.name.lower()}


@dataclass(frozen=True, slots=True)
class Record(Payload):
    """8 pairs nh mm: bits 7..6 of nh = tariff - 1, bits 5..0 = hour BCD, mm = minute BCD; FF FF ends the list (31h).

    Kept as stored bytes: a record that makes no sense can still be shown.
    """

    raw: bytes

    size: ClassVar[int] = 2 * POINTS

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data)

    @classmethod
    def of(cls, points: Iterable[tuple[int, int]]) -> Self:
        """A record of (minute of the day, tariff) pairs, at most eight."""
        pairs = [_encode_point(minute, tariff) for minute, tariff in points]
        return cls(b"".join(pairs + [_UNUSED] * (POINTS - len(pairs))))

    def encode(self) -> bytes:
        return self.raw

    def points(self) -> list[tuple[int, int]]:
        """(minute of the day, tariff) in stored order up to the first unused pair; PayloadError names a bad one."""
        return [_decode_point(pair) for pair in self._used_pairs()]

    @property
    def bytes_behind_the_end(self) -> bool:
        """Whether something stands behind the first unused pair, which no meter reads."""
        return len(self.raw.rstrip(b"\xff")) > 2 * len(list(self._used_pairs()))

    def _used_pairs(self) -> Iterator[bytes]:
        for i in range(0, self.size, 2):
            pair = self.raw[i : i + 2]
            if pair == _UNUSED:
                return
            yield pair

    def told(self) -> dict[str, object]:
        try:
            points = [f"{clock_text(minute)} T{tariff}" for minute, tariff in self.points()]
        except PayloadError as error:
            return {"points": None, "why": str(error), "raw": hexadecimal(self.raw)}
        return {"points": points}


def _decode_point(pair: bytes) -> tuple[int, int]:
    hour, minute = decode_bcd(bytes([pair[0] & 0x3F])), decode_bcd(pair[1:])
    if hour > 23 or minute > 59:
        raise PayloadError(f"{hexadecimal(pair)} is the time {hour:02d}:{minute:02d}")
    return hour * 60 + minute, (pair[0] >> 6) + 1


def _encode_point(minute: int, tariff: int) -> bytes:
    hour = encode_bcd(minute // 60, 1)[0]
    return bytes([tariff - 1 << 6 | hour]) + encode_bcd(minute % 60, 1)


@dataclass(frozen=True, slots=True)
class RecordWrite(Payload):
    """A record and behind it its index (11h)."""

    record: Record
    index: ScheduleIndex

    size: ClassVar[int] = Record.size + 1

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(Record(data[:-1]), ScheduleIndex.decode(data[-1:]))

    def encode(self) -> bytes:
        return self.record.encode() + self.index.encode()

    def told(self) -> dict[str, object]:
        return {**self.index.told(), **self.record.told()}


@dataclass(frozen=True, slots=True)
class HolidayHalfIndex(Payload):
    """ii1: 0 = first eight dates, 1 = second eight."""

    half: int

    size: ClassVar[int] = 1

    @classmethod
    def decode(cls, data: bytes) -> Self:
        if data[0] > 1:
            raise PayloadError(f"{data[0]} is no half 0 or 1 of the holiday table")
        return cls(data[0])

    def encode(self) -> bytes:
        return bytes([self.half])


@dataclass(frozen=True, slots=True)
class HolidayHalf(Payload):
    """8 pairs dd mon BCD, FF FF = unused (30h). Readers skip unused and senseless pairs, they do not stop there."""

    raw: bytes

    size: ClassVar[int] = HOLIDAYS

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data)

    @classmethod
    def of(cls, days: Iterable[tuple[int, int]]) -> Self:
        """A half of (month, day) pairs, at most eight."""
        pairs = [encode_bcd(day, 1) + encode_bcd(month, 1) for month, day in days]
        return cls(b"".join(pairs + [_UNUSED] * (HOLIDAYS // 2 - len(pairs))))

    def encode(self) -> bytes:
        return self.raw

    def days(self) -> tuple[list[tuple[int, int]], list[str]]:
        """(month, day) in stored order, and the pairs that are no date, in hexadecimal."""
        days: list[tuple[int, int]] = []
        senseless: list[str] = []
        for i in range(0, self.size, 2):
            pair = self.raw[i : i + 2]
            if pair == _UNUSED:
                continue
            try:
                days.append(_decode_day(pair))
            except PayloadError:
                senseless.append(hexadecimal(pair))
        return days, senseless

    def told(self) -> dict[str, object]:
        days, senseless = self.days()
        told: dict[str, object] = {"days": [*map(month_day_text, days)]}
        return told | ({"senseless": senseless} if senseless else {})


def _decode_day(pair: bytes) -> tuple[int, int]:
    day, month = decode_bcd(pair[:1]), decode_bcd(pair[1:])
    try:
        SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY)
    except ScheduleError as error:
        raise PayloadError(str(error)) from error
    return month, day


@dataclass(frozen=True, slots=True)
class HolidayWrite(Payload):
    """A half of the holiday table and behind it its index (10h)."""

    half: HolidayHalf
    index: HolidayHalfIndex

    size: ClassVar[int] = HolidayHalf.size + 1

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(HolidayHalf(data[:-1]), HolidayHalfIndex.decode(data[-1:]))

    def encode(self) -> bytes:
        return self.half.encode() + self.index.encode()

    def told(self) -> dict[str, object]:
        return {**self.index.told(), **self.half.told()}
