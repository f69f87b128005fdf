"""What a meter can hold of a year schedule, and whether a given one fits.

Not here: how a meter stores it. A driver makes the limits from its profile; the check runs before any byte is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from meterlink.errors import ScheduleError
from meterlink.tariff.rules import Rule, broken
from meterlink.tariff.schedule import (
    WORKDAYS,
    DayKind,
    DayProgram,
    MonthDay,
    Season,
    SpecialDay,
    YearSchedule,
    clock_text,
    month_day_text,
)

KINDS_OF_DAY: dict[int, tuple[frozenset[DayKind], ...]] = {
    1: (frozenset(DayKind),),
    3: (frozenset(WORKDAYS), frozenset({DayKind.SATURDAY, DayKind.SUNDAY}), frozenset({DayKind.HOLIDAY})),
    4: (
        frozenset(WORKDAYS),
        frozenset({DayKind.SATURDAY}),
        frozenset({DayKind.SUNDAY}),
        frozenset({DayKind.HOLIDAY}),
    ),
    7: tuple(frozenset({kind}) for kind in DayKind if kind is not DayKind.HOLIDAY),
    8: tuple(frozenset({kind}) for kind in DayKind),
}
"""The usual ways meters tell days apart: the kinds of a group share one program; 3 is workday, weekend, holiday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLimits:
    """What one meter holds. A kind of day that stands in no group of `kinds` has no program in this meter."""

    tariffs: int
    points_per_day: int
    seasons: int
    special_days: int
    kinds: tuple[frozenset[DayKind], ...] = KINDS_OF_DAY[8]
    step_minutes: int = 1
    seasons_by_month: bool = False
    special_kinds: frozenset[DayKind] = frozenset(DayKind)
    special_days_yearly: bool = False


def check_limits(schedule: YearSchedule, limits: ScheduleLimits) -> None:
    """Raise `ScheduleError` with the first limit that the schedule breaks."""
    for error in broken_limits(schedule, limits):
        raise error


def check_special_days(days: Iterable[MonthDay], limits: ScheduleLimits) -> None:
    """The same of days without a schedule that count as holidays every year."""
    special = tuple(SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY) for month, day in days)
    any_day = Season.every_day(DayProgram.of([(0, 1)]))
    check_limits(YearSchedule(seasons=(any_day,), special_days=special), limits)


def broken_limits(schedule: YearSchedule, limits: ScheduleLimits) -> Iterator[ScheduleError]:
    """Every limit the schedule breaks.

    Programs are checked as they would be stored: also a holiday program that no special day uses.
    """
    if len(schedule.seasons) > limits.seasons:
        yield broken(Rule.SEASONS_LIMIT, "year", count=len(schedule.seasons), limit=limits.seasons)
    if len(schedule.special_days) > limits.special_days:
        yield broken(Rule.SPECIAL_DAYS_LIMIT, "year", count=len(schedule.special_days), limit=limits.special_days)
    yield from chain.from_iterable(_in_season(season, limits) for season in schedule.seasons)
    yield from _in_special_days(schedule, limits)


def _in_season(season: Season, limits: ScheduleLimits) -> Iterator[ScheduleError]:
    place = f"season {month_day_text(season.starts)}"
    if limits.seasons_by_month and season.starts[1] != 1:
        yield broken(Rule.SEASONS_BY_MONTH, place)
    for group in limits.kinds:
        first, *others = sorted(group)
        for other in others:
            if season.week[other] != season.week[first]:
                names = {"one": first.name.lower(), "other": other.name.lower()}
                yield broken(Rule.KINDS_ALIKE, place, **names)
    for kind in sorted(frozenset().union(*limits.kinds)):
        yield from _in_program(season.week[kind], f"{place}, {kind.name.lower()}", limits)


def _in_program(program: DayProgram, place: str, limits: ScheduleLimits) -> Iterator[ScheduleError]:
    if len(program.points) > limits.points_per_day:
        yield broken(Rule.POINTS_LIMIT, place, count=len(program.points), limit=limits.points_per_day)
    for point in program.points:
        if point.tariff > limits.tariffs:
            yield broken(Rule.TARIFFS_LIMIT, place, tariff=point.tariff, limit=limits.tariffs)
        if point.minute % limits.step_minutes:
            yield broken(Rule.STEP, place, time=clock_text(point.minute), step=limits.step_minutes)


def _in_special_days(schedule: YearSchedule, limits: ScheduleLimits) -> Iterator[ScheduleError]:
    stored = frozenset().union(*limits.kinds) & limits.special_kinds
    for special in schedule.special_days:
        place = f"special day {special.date_text}"
        if special.kind not in stored:
            yield broken(Rule.SPECIAL_KIND, place, kind=special.kind.name.lower())
        if limits.special_days_yearly and special.year is not None:
            yield broken(Rule.SPECIAL_DAYS_YEARLY, place)
