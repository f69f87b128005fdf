"""The tariff tables of the family as a whole, and the way between them and the canonical year schedule. Pure.

Stored are 12 months x 8 kinds of day, each a record of 8 points, and two halves of a holiday table of 16 dates without
a year. A record without a 00:00 point runs on from the day before, as real meters store the common two-zone schedule:
`lift` reads it so, and `lower` leaves it so where every day that may come before ends on the right tariff.
Layouts: `schedule`. Facts: docs/protocols/mercury200.md, 7.7 and 7.8.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from meterlink.driver import Unliftable
from meterlink.profiles import Limits
from meterlink.tariff import (
    KINDS_OF_DAY,
    DayKind,
    DayProgram,
    ScheduleLimits,
    Season,
    SpecialDay,
    YearSchedule,
    check_limits,
)
from meterlink.tariff.schedule import MONTH_NAMES
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink_mercury200.schedule import (
    EVERY_RECORD,
    HOLIDAYS,
    MONTHS,
    POINTS,
    TARIFFS,
    HolidayHalf,
    MonthDay,
    Record,
    RecordKey,
)

_WEEKDAYS: Final = tuple(kind for kind in DayKind if kind is not DayKind.HOLIDAY)

HALF_NAMES: Final = ("holidays 1", "holidays 2")


def record_name(key: RecordKey) -> str:
    """A record in words: "January sunday"."""
    month, kind = key
    return f"{MONTH_NAMES[month]} {kind.name.lower()}"


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
        told = {record_name(key): hexadecimal(record.raw) for key, record in self.records.items()}
        halves = zip(HALF_NAMES, self.holidays, strict=True)
        return told | {name: hexadecimal(half.raw) for name, half in halves}

    def notes(self) -> tuple[str, ...]:
        """What stands in the tables without meaning anything."""
        notes = [
            f"{record_name(key)}: bytes behind the last point are not read by the meter"
            for key, record in self.records.items()
            if record.bytes_behind_the_end
        ]
        senseless = [pair for half in self.holidays for pair in half.days()[1]]
        return (*notes, *(f"holidays: {pair} is no date" for pair in senseless))


def lift(image: Image) -> YearSchedule | Unliftable:
    """The canonical schedule of the tables, or the reasons why there is none.

    A record that no date uses (a holiday's in a month without one) may hold anything: where it makes no sense, the
    month gets its Sunday program in that place.
    """
    before = _days_before(image.holiday_dates())
    reasons: list[str] = []
    points: dict[RecordKey, list[tuple[int, int]]] = {}
    for key, record in image.records.items():
        why = why_unusable(record)
        if why is None:
            points[key] = record.points()
        elif key in before:
            reasons.append(f"{record_name(key)}: {why}")
    if reasons:
        return Unliftable(reasons=tuple(reasons))
    for month in MONTHS:
        points.setdefault((month, DayKind.HOLIDAY), points[month, DayKind.SUNDAY])
    return _lift_points(points, before, image.holiday_dates())


def _days_before(holidays: Collection[MonthDay], perhaps: Collection[MonthDay] = ()) -> dict[RecordKey, set[RecordKey]]:
    """For every record that some date uses: the records of the days that may stand before such a date.

    A date falls on each weekday in some year, 1 March follows 28 or 29 February. Dates of `perhaps` count as holidays
    and as weekdays.
    """

    def keys(day: date, weekday: DayKind) -> list[RecordKey]:
        holiday, plain = (day.month - 1, DayKind.HOLIDAY), (day.month - 1, weekday)
        if (day.month, day.day) in holidays:
            return [holiday]
        return [plain, holiday] if (day.month, day.day) in perhaps else [plain]

    before: dict[RecordKey, set[RecordKey]] = {}
    for day in (date(2000, 1, 1) + timedelta(days=n) for n in range(366)):
        for earlier in _dates_before(day):
            for weekday in _WEEKDAYS:
                others = keys(earlier, DayKind((weekday - 1) % 7))
                for its in keys(day, weekday):
                    before.setdefault(its, set()).update(others)
    return before


def _dates_before(day: date) -> list[date]:
    yesterday = day - timedelta(days=1)
    return [yesterday, date(2000, 2, 28)] if (day.month, day.day) == (3, 1) else [yesterday]


def why_unusable(record: Record) -> str | None:
    """Why a record makes no sense by itself; None where it does."""
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


# --- down to the tables ---------------------------------------------------------------------------------------------


def schedule_limits(limits: Limits) -> ScheduleLimits:
    """What a model holds by its profile, as far as there is room for it in the tables of the family.

    What no profile can say is of the tables themselves: seasons are months, special days are holidays of every year.
    """
    kinds = KINDS_OF_DAY.get(limits.kinds_of_day or len(DayKind), ())
    return ScheduleLimits(
        tariffs=min(limits.tariffs, TARIFFS),
        points_per_day=_least(limits.points_per_day, POINTS),
        seasons=_least(limits.seasons, len(MONTHS)),
        special_days=_least(limits.special_days, HOLIDAYS),
        kinds=kinds if frozenset().union(*kinds) == frozenset(DayKind) else KINDS_OF_DAY[len(DayKind)],
        step_minutes=limits.step_minutes or 1,
        seasons_by_month=True,
        special_kinds=frozenset({DayKind.HOLIDAY}),
        special_days_yearly=True,
    )


def _least(of_model: int | None, of_tables: int) -> int:
    return of_tables if of_model is None else min(of_model, of_tables)


def lower(schedule: YearSchedule, stored: Image | None, limits: ScheduleLimits) -> Image:
    """The tables that hold a schedule; ScheduleError names the limit that it breaks.

    A stored record that means the same already stays as it is; any other becomes one with a 00:00 point.
    """
    check_limits(schedule, limits)
    days = holiday_dates(schedule)
    if stored is None:
        return Image(lower_records(schedule, {}, days), halves_of(days))
    return Image(lower_records(schedule, stored.records, stored.holiday_dates()), halves_of(days))


def lower_records(
    schedule: YearSchedule, stored: Mapping[RecordKey, Record], stored_days: Collection[MonthDay] | None
) -> dict[RecordKey, Record]:
    """The 96 records of a schedule that fits. `stored_days` are the holidays in the meter, None where nobody knows.

    Which holidays will be in force is open, those of the schedule or those in the meter: a day that is one of only one
    table counts as both.
    """
    programs = {(month, kind): schedule.month_program(month + 1, kind) for month, kind in EVERY_RECORD}
    sure, perhaps = _sure_and_perhaps(frozenset(holiday_dates(schedule)), stored_days)
    before = _days_before(sure, perhaps) | {key: _neighbours(key) for key in _holidays_without(sure)}
    records: dict[RecordKey, Record] = {}
    for key, program in programs.items():
        ends = {programs[other].points[-1].tariff for other in before[key]}
        record = stored.get(key)
        same = record is not None and _program_of(record, ends | {program.points[-1].tariff}) == program
        records[key] = record if same and record is not None else _full_record(program)
    return records


def _sure_and_perhaps(
    wanted: frozenset[MonthDay], stored: Collection[MonthDay] | None
) -> tuple[frozenset[MonthDay], frozenset[MonthDay]]:
    """The days that are holidays in any case, and those that may be."""
    if stored is None:
        leap_year = (date(2000, 1, 1) + timedelta(days=n) for n in range(366))
        return frozenset(), frozenset((day.month, day.day) for day in leap_year)
    return wanted & frozenset(stored), wanted ^ frozenset(stored)


def _holidays_without(sure: Collection[MonthDay]) -> list[RecordKey]:
    """The holiday records of the months in which no day is a holiday in any case."""
    used = {month - 1 for month, _ in sure}
    return [(month, DayKind.HOLIDAY) for month in MONTHS if month not in used]


def _neighbours(key: RecordKey) -> set[RecordKey]:
    """All that could stand before a holiday that somebody may yet write into the table of this month."""
    month, _ = key
    return {(other, kind) for other in (month, (month - 1) % len(MONTHS)) for kind in DayKind}


def _program_of(record: Record, ends_before: set[int]) -> DayProgram | None:
    """What a record means behind days that end on these tariffs; None where it means nothing, or nothing certain."""
    if why_unusable(record) is not None:
        return None
    points = record.points()
    if points[0][0] == 0:
        return DayProgram.of(points)
    runs_on = [(0, tariff) for tariff in ends_before]
    return DayProgram.of([*runs_on, *points]) if len(runs_on) == 1 else None


def _full_record(program: DayProgram) -> Record:
    return Record.of((point.minute, point.tariff) for point in program.points)


def holiday_dates(schedule: YearSchedule) -> tuple[MonthDay, ...]:
    """The special days of a schedule that fits, in order."""
    return tuple((special.month, special.day) for special in schedule.special_days)


def halves_of(days: Collection[MonthDay]) -> tuple[HolidayHalf, HolidayHalf]:
    """The holiday table of at most 16 days, in order of the year."""
    ordered = sorted(set(days))
    return HolidayHalf.of(ordered[: HOLIDAYS // 2]), HolidayHalf.of(ordered[HOLIDAYS // 2 :])
