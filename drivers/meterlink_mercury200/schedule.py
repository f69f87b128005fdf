"""The tariff tables of the family, and the way between them and the canonical year schedule.

Stored are 12 months x 8 kinds of day, each a record of 8 points (11h, 31h), and two halves of a holiday table of 16
dates without a year (10h, 30h). A record without a 00:00 point runs on from the day before, as real meters store the
common two-zone schedule. Layouts: docs/protocols/mercury200.md, 7.7 and 7.8.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise, product
from typing import ClassVar, Final, Self

from meterlink.driver import Unliftable
from meterlink.errors import ScheduleError
from meterlink.tariff import DayKind, DayProgram, ScheduleLimits, Season, SpecialDay, YearSchedule, check_limits
from meterlink.wire.payload import PayloadError, decode_bcd, encode_bcd
from meterlink_mercury200.payload import Payload

POINTS: Final = 8
HOLIDAYS: Final = 16
MONTHS: Final = range(12)
_UNUSED: Final = b"\xff\xff"

RecordKey = tuple[int, DayKind]
"""Month 0 = January .. 11, and kind of day."""

MonthDay = tuple[int, int]
"""Month 1-12 and day of every year."""

WEEKDAYS: Final = tuple(kind for kind in DayKind if kind is not DayKind.HOLIDAY)

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
            points = [f"{minute // 60:02d}:{minute % 60:02d} T{tariff}" for minute, tariff in self.points()]
        except PayloadError as error:
            return {"points": None, "why": str(error), "raw": self.raw.hex(" ").upper()}
        return {"points": points}


def _decode_point(pair: bytes) -> tuple[int, int]:
    hour, minute = decode_bcd(bytes([pair[0] & 0x3F])), decode_bcd(pair[1:])
    if hour > 23 or minute > 59:
        raise PayloadError(f"{pair.hex(' ').upper()} is the time {hour:02d}:{minute:02d}")
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
                senseless.append(pair.hex(" ").upper())
        return days, senseless

    def told(self) -> dict[str, object]:
        days, senseless = self.days()
        told: dict[str, object] = {"days": [f"{month:02d}-{day:02d}" for month, day in days]}
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


# --- image and schedule ---------------------------------------------------------------------------------------------

_REASONS: Final = {
    "empty": "it has no point; what such a day does is not known",
    "unsorted": "its points are not in rising order",
    "depends": "it has no 00:00 point, and the days that may come before it end on different tariffs",
}


@dataclass(frozen=True, slots=True)
class Image:
    """The tables as stored: 96 records and the two halves of the holiday table."""

    records: Mapping[RecordKey, Record]
    holidays: tuple[HolidayHalf, HolidayHalf]

    def holiday_dates(self) -> frozenset[MonthDay]:
        return frozenset(day for half in self.holidays for day in half.days()[0])

    def hexadecimal(self) -> dict[str, str]:
        """Every table by name, in spaced hexadecimal."""
        told = {record_name(key): record.raw.hex(" ").upper() for key, record in self.records.items()}
        halves = enumerate(self.holidays, 1)
        return told | {f"holidays {number}": half.raw.hex(" ").upper() for number, half in halves}

    def notes(self) -> tuple[str, ...]:
        """What stands in the tables without meaning anything."""
        notes = [
            f"{record_name(key)}: bytes behind the last point are not read by the meter"
            for key, record in self.records.items()
            if record.bytes_behind_the_end
        ]
        senseless = [pair for half in self.holidays for pair in half.days()[1]]
        return (*notes, *(f"holidays: {pair} is no date" for pair in senseless))


_MONTH_NAMES: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def record_name(key: RecordKey) -> str:
    """A record in words: "January sunday"."""
    month, kind = key
    return f"{_MONTH_NAMES[month]} {kind.name.lower()}"


def lift(image: Image) -> YearSchedule | Unliftable:
    """The canonical schedule of the tables, or the reasons why there is none.

    A record that no date uses (a holiday's in a month without one) may hold anything: where it makes no sense, the
    month gets its Sunday program in that place.
    """
    before = _days_before(image.holiday_dates())
    reasons: list[str] = []
    points: dict[RecordKey, list[tuple[int, int]]] = {}
    for key, record in image.records.items():
        why = _why_unusable(record)
        if why is None:
            points[key] = record.points()
        elif key in before:
            reasons.append(f"{record_name(key)}: {why}")
    if reasons:
        return Unliftable(reasons=tuple(reasons))
    for month in MONTHS:
        points.setdefault((month, DayKind.HOLIDAY), points[month, DayKind.SUNDAY])
    return _lift_points(points, before, image.holiday_dates())


def _days_before(holidays: Collection[MonthDay]) -> dict[RecordKey, set[RecordKey]]:
    """For every record that some date uses: the records of the days that may stand before such a date.

    A date falls on each weekday in some year, 1 March follows 28 or 29 February.
    """
    before: dict[RecordKey, set[RecordKey]] = {}
    for day in (date(2000, 1, 1) + timedelta(days=n) for n in range(366)):
        for earlier in _dates_before(day):
            for weekday in WEEKDAYS:
                its, other = _key(day, weekday, holidays), _key(earlier, DayKind((weekday - 1) % 7), holidays)
                before.setdefault(its, set()).add(other)
    return before


def _dates_before(day: date) -> list[date]:
    yesterday = day - timedelta(days=1)
    return [yesterday, date(2000, 2, 28)] if (day.month, day.day) == (3, 1) else [yesterday]


def _key(day: date, weekday: DayKind, holidays: Collection[MonthDay]) -> RecordKey:
    return day.month - 1, DayKind.HOLIDAY if (day.month, day.day) in holidays else weekday


def _why_unusable(record: Record) -> str | None:
    try:
        points = record.points()
    except PayloadError as error:
        return str(error)
    if not points:
        return _REASONS["empty"]
    rising = all(before[0] < after[0] for before, after in pairwise(points))
    return None if rising else _REASONS["unsorted"]


def _lift_points(
    points: Mapping[RecordKey, list[tuple[int, int]]],
    before: Mapping[RecordKey, set[RecordKey]],
    holidays: Collection[MonthDay],
) -> YearSchedule | Unliftable:
    reasons: list[str] = []
    programs: dict[RecordKey, DayProgram] = {}
    for key, own in points.items():
        ends = {own[0][1]} if own[0][0] == 0 else {points[other][-1][1] for other in before.get(key, {key})}
        if len(ends) > 1:
            reasons.append(f"{record_name(key)}: {_REASONS['depends']}")
            continue
        begin = [] if own[0][0] == 0 else [(0, ends.pop())]
        programs[key] = DayProgram.of([*begin, *own])
    if reasons:
        return Unliftable(reasons=tuple(reasons))
    seasons = (Season.of((month + 1, 1), {kind: programs[month, kind] for kind in DayKind}) for month in MONTHS)
    special = {SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY) for month, day in holidays}
    return YearSchedule(seasons=tuple(seasons), special_days=tuple(special))


LIMITS: Final = ScheduleLimits(
    tariffs=4,
    points_per_day=POINTS,
    seasons=12,
    special_days=HOLIDAYS,
    seasons_by_month=True,
    special_kinds=frozenset({DayKind.HOLIDAY}),
    special_days_yearly=True,
)


def lower(schedule: YearSchedule) -> Image:
    """The tables that hold a schedule, every record with its 00:00 point; ScheduleError names the limit it breaks."""
    check_limits(schedule, LIMITS)
    records = {
        (month, kind): Record.of(
            (point.minute, point.tariff) for point in schedule.month_program(month + 1, kind).points
        )
        for month, kind in EVERY_RECORD
    }
    days = [(special.month, special.day) for special in schedule.special_days]
    halves = HolidayHalf.of(days[: HOLIDAYS // 2]), HolidayHalf.of(days[HOLIDAYS // 2 :])
    return Image(records, halves)
