"""The year schedule: which tariff counts at which minute of which date, in a normal form with equality.

What it is not: no family's table, no bytes, no clock. What Tn means (day, night) belongs to the tariff plan.

What it holds: seasons as start dates -> kind of day (Sunday .. Saturday, holiday) -> day program; special days (month
and day, with or without a year) that count as another kind of day. A special day with a year wins over one without.

Equality: two schedules are equal when every date has the same program. The data are kept as given, only put in order
(a driver needs to see a holiday program that no special day uses yet), so `seasons` of equal schedules may differ.
Compared is the calendar they make, in a canonical form that takes no more room than the data:

* the year as runs of dates with the same seven programs (one for each weekday, special days without a year applied). A
  date without a year meets every weekday in some year, 29 February too, so each of the seven matters;
* the dates with a year whose program differs from what that run says for their weekday.

The form is exact because years of special days are 1990 to 2089 (meters store two digits, 90 and above are 19yy):
whatever such days say, each month and day still meets every weekday in a year that none of them can name.

Source: what the tables of the families can hold, docs/protocols; some have special days with a year.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from itertools import pairwise
from operator import attrgetter
from typing import Self

from meterlink.tariff.rules import Rule, broken
from meterlink.wire.payload import YEARS

MINUTES_A_DAY = 1440
TARIFFS = range(1, 9)

MONTH_NAMES = (
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
"""January first. Stored values of families are named by them, also in logs, so they never change."""

MonthDay = tuple[int, int]
"""Month 1-12 and day 1-31 of no particular year; (2, 29) is one of them."""


class DayKind(IntEnum):
    """Kinds of day; the numbers follow `MeterTime.weekday` and the commonest meters."""

    SUNDAY = 0
    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    HOLIDAY = 7

    @classmethod
    def weekday_of(cls, day: date) -> DayKind:
        return cls(day.isoweekday() % 7)


WORKDAYS = (DayKind.MONDAY, DayKind.TUESDAY, DayKind.WEDNESDAY, DayKind.THURSDAY, DayKind.FRIDAY)
WEEKEND = (DayKind.SATURDAY, DayKind.SUNDAY)
WEEKDAYS = (*WORKDAYS, *WEEKEND)
"""The seven weekdays in reading order, Monday first."""


def clock_text(minute: int) -> str:
    """Minute of the day as ``07:30``; the end of the day is ``24:00``."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def month_day_text(month_day: MonthDay) -> str:
    """Month and day as ``MM-DD``, the form of the files."""
    return "{:02d}-{:02d}".format(*month_day)


def in_calendar(month_day: MonthDay) -> bool:
    """Whether some year has this day; meters may hold others."""
    try:
        date(2000, *month_day)
    except ValueError:
        return False
    return True


def next_day(month_day: MonthDay) -> MonthDay:
    """The day after, in a year that has 29 February; 31 December is followed by 1 January."""
    return _shifted(month_day, 1)


def day_before(month_day: MonthDay) -> MonthDay:
    """The day before, in a year that has 29 February."""
    return _shifted(month_day, -1)


def _shifted(month_day: MonthDay, days: int) -> MonthDay:
    day = date(2000, *month_day) + timedelta(days=days)
    return day.month, day.day


def _check_date(month: int, day: int, year: int | None, where: str) -> None:
    if year is not None and year not in YEARS:
        raise broken(Rule.YEAR_IN_RANGE, where, year=year)
    try:
        date(2000 if year is None else year, month, day)
    except ValueError:
        raise broken(Rule.DATE_EXISTS, where) from None


# --- a day ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SwitchPoint:
    """From this minute of the day (0 to 1439) this tariff (1 to 8) counts."""

    minute: int
    tariff: int

    def __post_init__(self) -> None:
        if self.minute not in range(MINUTES_A_DAY):
            shown = clock_text(self.minute) if self.minute >= 0 else self.minute
            raise broken(Rule.MINUTE_IN_DAY, "switch point", minute=shown)
        if self.tariff not in TARIFFS:
            raise broken(Rule.TARIFF_IN_RANGE, f"point {self}", tariff=self.tariff)

    def __str__(self) -> str:
        return f"{clock_text(self.minute)} T{self.tariff}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayProgram:
    """The tariffs of one whole day: first point at 00:00, times rising, no point that changes nothing.

    Points that repeat the tariff before them are dropped; everything else that is wrong raises `ScheduleError`.
    """

    points: tuple[SwitchPoint, ...]

    def __post_init__(self) -> None:
        points = tuple(self.points)
        _check_points(points)
        telling = (point for before, point in pairwise(points) if point.tariff != before.tariff)
        object.__setattr__(self, "points", (points[0], *telling))

    @classmethod
    def of(cls, switches: Iterable[tuple[time | int, int]]) -> Self:
        """A program from (time or minute of the day, tariff) pairs in rising order, the first at 00:00."""
        return cls(points=tuple(SwitchPoint(minute=_minute(at), tariff=tariff) for at, tariff in switches))

    def tariff_at(self, minute: int) -> int:
        """The tariff that counts in this minute of the day."""
        return self.points[bisect_right(self.points, minute, key=_minute_of) - 1].tariff

    def spans(self) -> list[tuple[int, int, int]]:
        """The whole day as (first minute, minute after the last, tariff)."""
        ends = [*(point.minute for point in self.points[1:]), MINUTES_A_DAY]
        return [(point.minute, end, point.tariff) for point, end in zip(self.points, ends, strict=True)]

    def minutes_by_tariff(self) -> dict[int, int]:
        """How many minutes of the day each tariff counts."""
        minutes: dict[int, int] = {}
        for start, end, tariff in self.spans():
            minutes[tariff] = minutes.get(tariff, 0) + end - start
        return minutes

    def __str__(self) -> str:
        return " | ".join(map(str, self.points))


_minute_of = attrgetter("minute")


def _minute(at: time | int) -> int:
    if isinstance(at, int):
        return at
    if at.second or at.microsecond:
        raise broken(Rule.WHOLE_MINUTE, "switch point", time=at)
    return at.hour * 60 + at.minute


def _check_points(points: Sequence[SwitchPoint]) -> None:
    if not points:
        raise broken(Rule.HAS_POINTS, "day program")
    for earlier, later in pairwise(points):
        if earlier.minute == later.minute:
            raise broken(Rule.TIMES_DISTINCT, "day program", time=clock_text(later.minute))
        if earlier.minute > later.minute:
            raise broken(Rule.POINTS_SORTED, "day program", later=later, earlier=earlier)
    if points[0].minute != 0:
        raise broken(Rule.STARTS_AT_MIDNIGHT, "day program", time=clock_text(points[0].minute))


# --- a year ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """From this month and day on, the eight programs of `week`, indexed by `DayKind`."""

    starts: MonthDay
    week: tuple[DayProgram, ...]

    def __post_init__(self) -> None:
        place = f"season {month_day_text(self.starts)}"
        _check_date(*self.starts, None, place)
        if len(self.week) != len(DayKind):
            missing = [kind.name.lower() for kind in DayKind][len(self.week) :]
            raise broken(Rule.KINDS_COMPLETE, place, kinds=", ".join(missing) or "a ninth kind of day")

    @classmethod
    def of(cls, starts: MonthDay, programs: Mapping[DayKind, DayProgram]) -> Self:
        """A season from its programs by kind of day; every kind must be there."""
        missing = [kind.name.lower() for kind in DayKind if kind not in programs]
        if missing:
            raise broken(Rule.KINDS_COMPLETE, f"season {month_day_text(starts)}", kinds=", ".join(missing))
        return cls(starts=starts, week=tuple(programs[kind] for kind in DayKind))

    @classmethod
    def every_day(cls, program: DayProgram, starts: MonthDay = (1, 1)) -> Self:
        """A season in which all kinds of day have one program."""
        return cls(starts=starts, week=(program,) * len(DayKind))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialDay:
    """A date that counts as another kind of day; without a year, in every year."""

    month: int
    day: int
    kind: DayKind
    year: int | None = None

    def __post_init__(self) -> None:
        _check_date(self.month, self.day, self.year, f"special day {self.date_text}")

    @property
    def date_text(self) -> str:
        """``MM-DD`` or ``YYYY-MM-DD``, the form of the files."""
        month_day = month_day_text((self.month, self.day))
        return month_day if self.year is None else f"{self.year:04d}-{month_day}"

    @property
    def on(self) -> date | None:
        """The one date it is meant for; None where it returns every year."""
        return None if self.year is None else date(self.year, self.month, self.day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Part of the year, both days included; `last` before `first` runs over New Year."""

    first: MonthDay
    last: MonthDay

    def __contains__(self, month_day: MonthDay) -> bool:
        if self.first <= self.last:
            return self.first <= month_day <= self.last
        return month_day >= self.first or month_day <= self.last

    @property
    def whole_year(self) -> bool:
        return next_day(self.last) == self.first

    def __len__(self) -> int:
        """Days in a year that has 29 February."""
        return (date(2000, *self.last) - date(2000, *self.first)).days % 366 + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class YearSchedule:
    """The schedule of every year; equal to another when every date has the same program (see the module).

    `seasons` are sorted by date, neighbours with equal weeks are one (over New Year too), a single season starts 01-01.
    `special_days` are sorted (those without a year first) and named once. Dates before the first season belong to the
    last.
    """

    seasons: tuple[Season, ...]
    special_days: tuple[SpecialDay, ...] = ()
    _starts: tuple[MonthDay, ...] = field(init=False, repr=False)
    _kinds: dict[tuple[int | None, int, int], DayKind] = field(init=False, repr=False)
    _runs: tuple[tuple[MonthDay, tuple[DayProgram, ...]], ...] = field(init=False, repr=False)
    _dated: dict[date, DayProgram] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("seasons", _normal_seasons(self.seasons))
        put("special_days", _normal_special_days(self.special_days))
        put("_starts", tuple(season.starts for season in self.seasons))
        put("_kinds", {(s.year, s.month, s.day): s.kind for s in self.special_days})
        put("_runs", self._find_runs())
        put("_dated", self._find_dated())

    @classmethod
    def every_day(cls, program: DayProgram) -> Self:
        """The schedule of one program for all days of the year."""
        return cls(seasons=(Season.every_day(program),))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, YearSchedule):
            return NotImplemented
        return self._runs == other._runs and self._dated == other._dated

    def __hash__(self) -> int:
        return hash((self._runs, frozenset(self._dated.items())))

    # what counts when

    def season_on(self, month_day: MonthDay) -> Season:
        # index -1, for a date before the first start, is the last season: it runs over New Year
        return self.seasons[bisect_right(self._starts, month_day) - 1]

    def kind_on(self, day: date) -> DayKind:
        """The kind of day a date counts as."""
        for year in (day.year, None):
            kind = self._kinds.get((year, day.month, day.day))
            if kind is not None:
                return kind
        return DayKind.weekday_of(day)

    def program_on(self, day: date) -> DayProgram:
        return self.season_on((day.month, day.day)).week[self.kind_on(day)]

    def tariff_at(self, moment: datetime) -> int:
        """The tariff that counts at a moment of the meter's own (naive) time."""
        if moment.tzinfo is not None:
            raise ValueError("a schedule follows the meter's own time, which carries no zone")
        return self.program_on(moment).tariff_at(moment.hour * 60 + moment.minute)

    # what a family needs for its tables

    def weekdays_on(self, month_day: MonthDay) -> tuple[DayProgram, ...]:
        """The programs of a date by the weekday it falls on, Sunday first, in years that no special day names."""
        week = self.season_on(month_day).week
        kind = self._kinds.get((None, *month_day))
        return week[: DayKind.HOLIDAY] if kind is None else (week[kind],) * DayKind.HOLIDAY

    def month_program(self, month: int, kind: DayKind) -> DayProgram:
        """The program of a kind of day all through a month; ScheduleError where a season starts inside the month."""
        for starts in self._starts:
            if starts[0] == month and starts[1] != 1:
                raise broken(Rule.SEASONS_BY_MONTH, f"season {month_day_text(starts)}")
        return self.season_on((month, 1)).week[kind]

    def periods(self) -> list[tuple[Period, Season]]:
        """Each season with the part of the year it rules; the last may run over New Year."""
        return [(period, self.season_on(period.first)) for period in periods_between(self._starts)]

    def kinds_used(self) -> frozenset[DayKind]:
        """The seven weekdays, and what special days name beside them."""
        return frozenset(WEEKDAYS) | {special.kind for special in self.special_days}

    def distinct_programs(self) -> tuple[DayProgram, ...]:
        """The day programs without repetition, also those that no date uses."""
        return tuple(dict.fromkeys(program for season in self.seasons for program in season.week))

    def tariffs_used(self) -> frozenset[int]:
        """The tariffs that count on some date; equal schedules use equal tariffs."""
        programs = {program for _, week in self._runs for program in week} | set(self._dated.values())
        return frozenset(point.tariff for program in programs for point in program.points)

    # the canonical calendar

    def _find_runs(self) -> tuple[tuple[MonthDay, tuple[DayProgram, ...]], ...]:
        yearly = {(s.month, s.day) for s in self.special_days if s.year is None}
        runs: list[tuple[MonthDay, tuple[DayProgram, ...]]] = []
        for first in sorted({(1, 1), *self._starts, *yearly, *map(next_day, yearly)}):
            programs = self.weekdays_on(first)
            if not runs or runs[-1][1] != programs:
                runs.append((first, programs))
        return tuple(runs)

    def _find_dated(self) -> dict[date, DayProgram]:
        dates = [special.on for special in self.special_days if special.on is not None]
        return {
            day: self.program_on(day)
            for day in dates
            if self.program_on(day) != self.weekdays_on((day.month, day.day))[DayKind.weekday_of(day)]
        }


def periods_between(starts: Iterable[MonthDay]) -> list[Period]:
    """The year cut at these days, in order of the calendar; the last part runs over New Year."""
    firsts = sorted(set(starts))
    followers = [*firsts[1:], firsts[0]]
    return [Period(first=first, last=day_before(after)) for first, after in zip(firsts, followers, strict=True)]


def _normal_seasons(seasons: Iterable[Season]) -> tuple[Season, ...]:
    ordered = sorted(seasons, key=attrgetter("starts"))
    if not ordered:
        raise broken(Rule.HAS_SEASON, "year")
    for one, other in pairwise(ordered):
        if one.starts == other.starts:
            raise broken(Rule.SEASON_ONCE, f"season {month_day_text(one.starts)}")
    # what stands before the first season of the year is the last one, hence the neighbour at -1
    telling = [season for i, season in enumerate(ordered) if season.week != ordered[i - 1].week]
    return tuple(telling) or (Season(starts=(1, 1), week=ordered[0].week),)


def _normal_special_days(special_days: Iterable[SpecialDay]) -> tuple[SpecialDay, ...]:
    named: dict[tuple[int, int, int], SpecialDay] = {}
    for special in special_days:
        key = (special.year or 0, special.month, special.day)
        before = named.setdefault(key, special)
        if before.kind != special.kind:
            kinds = {"one": before.kind.name.lower(), "other": special.kind.name.lower()}
            raise broken(Rule.SPECIAL_DAY_ONCE, f"special day {special.date_text}", **kinds)
    return tuple(named[key] for key in sorted(named))
