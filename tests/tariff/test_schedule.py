"""The year schedule: normal form, equality by the calendar, and the name of each rule that can be broken.

METERLINK_LONG=1 compares more schedules.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.errors import ScheduleError
from meterlink.tariff import DayKind, DayProgram, Period, Season, SpecialDay, SwitchPoint, YearSchedule, in_place

LONG = os.environ.get("METERLINK_LONG") == "1"
ONE_RATE = DayProgram.of([(0, 1)])
NIGHT_ONLY = DayProgram.of([(0, 2)])
TWO_ZONES = DayProgram.of([(time(0), 2), (time(7), 1), (time(23), 2)])

# 28 years meet every date with every weekday; no special day names one of them. 2027 and 2028 are those they do name.
EVERY_DATE = [date(1960, 1, 1) + timedelta(days=n) for n in range(28 * 365 + 7)]
NAMED_YEARS = [date(2027, 1, 1) + timedelta(days=n) for n in range(731)]


def week(program: DayProgram, **others: DayProgram) -> tuple[DayProgram, ...]:
    return tuple(others.get(kind.name.lower(), program) for kind in DayKind)


def season(month: int, day: int, program: DayProgram, **others: DayProgram) -> Season:
    return Season(starts=(month, day), week=week(program, **others))


def year(*seasons: Season, special: tuple[SpecialDay, ...] = ()) -> YearSchedule:
    return YearSchedule(seasons=seasons, special_days=special)


def holiday(month: int, day: int, year: int | None = None) -> SpecialDay:
    return SpecialDay(month=month, day=day, year=year, kind=DayKind.HOLIDAY)


def noon(year: int, month: int, day: int) -> datetime:
    return datetime.combine(date(year, month, day), time(12))


# --- a day ----------------------------------------------------------------------------------------------------------


def test_a_point_that_changes_nothing_is_no_point() -> None:
    assert DayProgram.of([(0, 2), (60, 2), (420, 1), (600, 1), (1380, 2)]) == TWO_ZONES
    assert str(TWO_ZONES) == "00:00 T2 | 07:00 T1 | 23:00 T2"


def test_the_tariff_changes_with_the_minute_of_the_switch() -> None:
    assert [TWO_ZONES.tariff_at(minute) for minute in (0, 419, 420, 1379, 1380, 1439)] == [2, 2, 1, 1, 2, 2]


def test_the_spans_cover_the_whole_day() -> None:
    assert TWO_ZONES.spans() == [(0, 420, 2), (420, 1380, 1), (1380, 1440, 2)]
    assert TWO_ZONES.minutes_by_tariff() == {2: 480, 1: 960}


@given(program=st.from_type(DayProgram))
def test_spans_and_minutes_agree_with_the_clock(program: DayProgram) -> None:
    by_minute = [program.tariff_at(minute) for minute in range(1440)]
    assert [tariff for start, end, tariff in program.spans() for _ in range(start, end)] == by_minute
    assert program.minutes_by_tariff() == {tariff: by_minute.count(tariff) for tariff in set(by_minute)}
    assert DayProgram(points=program.points) == program


# --- broken rules ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class BrokenCase:
    name: str
    build: Callable[[], object]
    rule: str
    says: str


BROKEN = [
    BrokenCase(name="no points", build=lambda: DayProgram.of([]), rule="has-points", says="no switch point"),
    BrokenCase(
        name="gap before the first point",
        build=lambda: DayProgram.of([(420, 1), (1380, 2)]),
        rule="starts-at-midnight",
        says="first switch point is at 07:00",
    ),
    BrokenCase(
        name="points not in order",
        build=lambda: DayProgram.of([(0, 2), (1380, 2), (420, 1)]),
        rule="points-sorted",
        says="07:00 T1 stands after 23:00 T2",
    ),
    BrokenCase(
        name="one time twice",
        build=lambda: DayProgram.of([(0, 2), (420, 1), (420, 3)]),
        rule="times-distinct",
        says="two switch points stand at 07:00",
    ),
    BrokenCase(name="hour 24", build=lambda: DayProgram.of([(0, 1), (1440, 2)]), rule="minute-in-day", says="24:00"),
    BrokenCase(name="before midnight", build=lambda: SwitchPoint(minute=-1, tariff=1), rule="minute-in-day", says="-1"),
    BrokenCase(
        name="seconds",
        build=lambda: DayProgram.of([(0, 1), (time(7, 0, 30), 2)]),
        rule="whole-minute",
        says="07:00:30",
    ),
    BrokenCase(name="T0", build=lambda: DayProgram.of([(0, 0)]), rule="tariff-in-range", says="T0"),
    BrokenCase(name="T9", build=lambda: DayProgram.of([(0, 9)]), rule="tariff-in-range", says="T9"),
    BrokenCase(
        name="no holiday program",
        build=lambda: Season.of((1, 1), {kind: ONE_RATE for kind in DayKind if kind is not DayKind.HOLIDAY}),
        rule="kinds-complete",
        says="no day program for holiday",
    ),
    BrokenCase(
        name="seven programs",
        build=lambda: Season(starts=(1, 1), week=(ONE_RATE,) * 7),
        rule="kinds-complete",
        says="holiday",
    ),
    BrokenCase(name="no season", build=lambda: year(), rule="has-season", says="no season"),
    BrokenCase(
        name="season on 30 February",
        build=lambda: season(2, 30, ONE_RATE),
        rule="date-exists",
        says="season 02-30",
    ),
    BrokenCase(
        name="special day on 31 April", build=lambda: holiday(4, 31), rule="date-exists", says="special day 04-31"
    ),
    BrokenCase(
        name="29 February of a plain year",
        build=lambda: holiday(2, 29, 2027),
        rule="date-exists",
        says="special day 2027-02-29",
    ),
    BrokenCase(
        name="a year no meter stores", build=lambda: holiday(1, 1, 2090), rule="year-in-range", says="1990 to 2089"
    ),
    BrokenCase(
        name="two seasons on one date",
        build=lambda: year(season(4, 1, ONE_RATE), season(4, 1, TWO_ZONES)),
        rule="season-once",
        says="season 04-01",
    ),
    BrokenCase(
        name="one date as two kinds of day",
        build=lambda: year(
            season(1, 1, ONE_RATE), special=(holiday(5, 1), SpecialDay(month=5, day=1, kind=DayKind.SUNDAY))
        ),
        rule="special-day-once",
        says="named as holiday and as sunday",
    ),
    BrokenCase(
        name="a season inside a month, asked by months",
        build=lambda: year(season(1, 1, ONE_RATE), season(4, 15, TWO_ZONES)).month_program(4, DayKind.MONDAY),
        rule="seasons-by-month",
        says="season 04-15",
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_rule_is_named(case: BrokenCase) -> None:
    with pytest.raises(ScheduleError) as caught:
        case.build()
    assert caught.value.rule == case.rule
    assert case.says in str(caught.value)
    assert caught.value.exit_code == 6


def test_a_place_is_put_in_front_of_the_place() -> None:
    with pytest.raises(ScheduleError) as caught, in_place("January, Monday"):
        DayProgram.of([(0, 9)])
    assert caught.value.where == "January, Monday, point 00:00 T9"
    assert caught.value.rule == "tariff-in-range"


# --- normal form ----------------------------------------------------------------------------------------------------


def test_twelve_equal_months_are_one_season_from_new_year() -> None:
    months = year(*(season(month, 1, TWO_ZONES) for month in range(1, 13)))
    assert months.seasons == (season(1, 1, TWO_ZONES),)
    assert months == YearSchedule.every_day(TWO_ZONES)


def test_a_single_season_starts_at_new_year() -> None:
    assert year(season(4, 1, TWO_ZONES)).seasons == (season(1, 1, TWO_ZONES),)


def test_winter_runs_over_new_year() -> None:
    winter_twice = year(season(1, 1, ONE_RATE), season(10, 1, ONE_RATE), season(4, 1, TWO_ZONES))
    assert winter_twice.seasons == (season(4, 1, TWO_ZONES), season(10, 1, ONE_RATE))
    assert winter_twice.season_on((1, 15)).starts == (10, 1)
    assert [period for period, _ in winter_twice.periods()] == [
        Period(first=(4, 1), last=(9, 30)),
        Period(first=(10, 1), last=(3, 31)),
    ]


def test_special_days_are_sorted_and_named_once() -> None:
    found = year(season(1, 1, ONE_RATE), special=(holiday(5, 9), holiday(1, 1, 2027), holiday(1, 1), holiday(5, 9)))
    assert [special.date_text for special in found.special_days] == ["01-01", "05-09", "2027-01-01"]


@given(one=st.from_type(YearSchedule))
def test_the_normal_form_is_normal(one: YearSchedule) -> None:
    again = YearSchedule(seasons=one.seasons[::-1], special_days=one.special_days[::-1])
    assert (again.seasons, again.special_days) == (one.seasons, one.special_days)
    assert again == one
    assert hash(again) == hash(one)


# --- what counts when -----------------------------------------------------------------------------------------------


def test_a_special_day_of_one_year_wins_over_the_yearly_one() -> None:
    moved = SpecialDay(month=1, day=2, year=2027, kind=DayKind.MONDAY)
    found = year(season(1, 1, TWO_ZONES, holiday=NIGHT_ONLY, monday=ONE_RATE), special=(holiday(1, 2), moved))
    assert found.kind_on(date(2026, 1, 2)) is DayKind.HOLIDAY
    assert found.kind_on(date(2027, 1, 2)) is DayKind.MONDAY
    assert found.kind_on(date(2027, 1, 3)) is DayKind.SUNDAY
    assert found.program_on(date(2026, 1, 2)) == NIGHT_ONLY
    assert found.program_on(date(2027, 1, 2)) == ONE_RATE
    assert found.tariff_at(noon(2026, 1, 2)) == 2
    assert found.tariff_at(noon(2027, 1, 2)) == 1


def test_a_day_moved_to_sunday_counts_as_sunday() -> None:
    moved = SpecialDay(month=5, day=3, year=2027, kind=DayKind.SUNDAY)
    found = year(season(1, 1, TWO_ZONES, sunday=NIGHT_ONLY), special=(moved,))
    assert found.program_on(date(2027, 5, 3)) == NIGHT_ONLY
    assert found.program_on(date(2027, 5, 10)) == TWO_ZONES


def test_a_moment_with_a_zone_is_not_the_meters_time() -> None:
    with pytest.raises(ValueError, match="zone"):
        YearSchedule.every_day(ONE_RATE).tariff_at(datetime(2027, 1, 1, tzinfo=UTC))


def test_what_a_family_asks_for() -> None:
    found = year(season(4, 1, TWO_ZONES), season(10, 1, ONE_RATE, holiday=NIGHT_ONLY))
    assert found.month_program(3, DayKind.HOLIDAY) == NIGHT_ONLY
    assert found.month_program(9, DayKind.HOLIDAY) == TWO_ZONES
    assert set(found.distinct_programs()) == {ONE_RATE, TWO_ZONES, NIGHT_ONLY}
    assert DayKind.HOLIDAY not in found.kinds_used()


def test_a_tariff_of_an_unused_holiday_program_is_not_used() -> None:
    unused = season(1, 1, ONE_RATE, holiday=NIGHT_ONLY)
    assert year(unused).tariffs_used() == {1}
    assert year(unused, special=(holiday(1, 1),)).tariffs_used() == {1, 2}


# --- equality -------------------------------------------------------------------------------------------------------

PLAIN = season(1, 1, TWO_ZONES)
NIGHT_HOLIDAY = season(1, 1, TWO_ZONES, holiday=NIGHT_ONLY)
NIGHT_SUNDAY = season(1, 1, TWO_ZONES, sunday=NIGHT_ONLY)


@dataclass(frozen=True, kw_only=True)
class EqualityCase:
    name: str
    one: YearSchedule
    other: YearSchedule
    equal: bool


EQUALITY = [
    EqualityCase(
        name="a holiday program that no special day uses", one=year(PLAIN), other=year(NIGHT_HOLIDAY), equal=True
    ),
    EqualityCase(
        name="seasons that differ only in an unused holiday program",
        one=year(PLAIN),
        other=year(PLAIN, season(6, 1, TWO_ZONES, holiday=ONE_RATE)),
        equal=True,
    ),
    EqualityCase(
        name="holidays that count as every other day",
        one=year(PLAIN),
        other=year(PLAIN, special=(holiday(1, 1),)),
        equal=True,
    ),
    EqualityCase(
        name="holidays that count otherwise",
        one=year(NIGHT_HOLIDAY),
        other=year(NIGHT_HOLIDAY, special=(holiday(1, 1),)),
        equal=False,
    ),
    EqualityCase(
        name="holiday named as Sunday instead, the programs being equal",
        one=year(season(1, 1, TWO_ZONES, sunday=NIGHT_ONLY, holiday=NIGHT_ONLY), special=(holiday(5, 9),)),
        other=year(NIGHT_SUNDAY, special=(SpecialDay(month=5, day=9, kind=DayKind.SUNDAY),)),
        equal=True,
    ),
    EqualityCase(
        name="a yearly Sunday that is a weekday in most years",
        one=year(NIGHT_SUNDAY),
        other=year(NIGHT_SUNDAY, special=(SpecialDay(month=1, day=3, kind=DayKind.SUNDAY),)),
        equal=False,
    ),
    EqualityCase(
        name="a Sunday of one year that is a Sunday anyway",
        one=year(NIGHT_SUNDAY),
        other=year(NIGHT_SUNDAY, special=(SpecialDay(month=1, day=3, year=2027, kind=DayKind.SUNDAY),)),
        equal=True,
    ),
    EqualityCase(
        name="a date of one year that the yearly special day names already",
        one=year(NIGHT_HOLIDAY, special=(holiday(1, 1),)),
        other=year(NIGHT_HOLIDAY, special=(holiday(1, 1), holiday(1, 1, 2027))),
        equal=True,
    ),
    EqualityCase(
        name="only 29 February",
        one=year(NIGHT_HOLIDAY),
        other=year(NIGHT_HOLIDAY, special=(holiday(2, 29),)),
        equal=False,
    ),
    EqualityCase(
        name="a season of one day, and a special day on it",
        one=year(PLAIN, season(5, 9, NIGHT_ONLY), season(5, 10, TWO_ZONES)),
        other=year(NIGHT_HOLIDAY, special=(holiday(5, 9),)),
        equal=True,
    ),
    EqualityCase(
        name="summer one day earlier",
        one=year(PLAIN, season(4, 1, NIGHT_ONLY)),
        other=year(PLAIN, season(3, 31, NIGHT_ONLY)),
        equal=False,
    ),
]


@pytest.mark.parametrize("case", EQUALITY, ids=lambda case: case.name)
def test_equal_means_the_same_program_on_every_date(case: EqualityCase) -> None:
    assert (case.one == case.other) is case.equal
    assert same_on_every_date(case.one, case.other) is case.equal
    assert not case.equal or hash(case.one) == hash(case.other)


def test_a_schedule_is_not_equal_to_something_else() -> None:
    assert year(PLAIN) != "00:00 T1"


def same_on_every_date(one: YearSchedule, other: YearSchedule) -> bool:
    return all(one.program_on(day) == other.program_on(day) for days in (EVERY_DATE, NAMED_YEARS) for day in days)


@settings(max_examples=60 if LONG else 25)
@given(one=st.from_type(YearSchedule), other=st.from_type(YearSchedule))
def test_two_schedules_are_equal_exactly_when_every_date_is(one: YearSchedule, other: YearSchedule) -> None:
    assert (one == other) is same_on_every_date(one, other)


@settings(max_examples=60 if LONG else 25)
@given(one=st.from_type(YearSchedule), data=st.data())
def test_one_step_away_is_equal_exactly_when_every_date_is(one: YearSchedule, data: st.DataObject) -> None:
    other = data.draw(neighbours(one))
    assert (one == other) is same_on_every_date(one, other)
    assert one != other or (hash(one) == hash(other) and one.tariffs_used() == other.tariffs_used())


def neighbours(one: YearSchedule) -> st.SearchStrategy[YearSchedule]:
    """The same schedule with one special day or one program of one season changed."""
    fewer = [replace(one, special_days=without(one, gone)) for gone in one.special_days]
    holidays = [holiday(1, 1), holiday(2, 29), holiday(2, 28, 2027), holiday(12, 31, 2028)]
    more = [replace(one, special_days=(*without(one, extra), extra)) for extra in holidays]
    changed = [replace(one, seasons=with_holiday(one, program)) for program in (ONE_RATE, NIGHT_ONLY, TWO_ZONES)]
    return st.sampled_from([*fewer, *more, *changed])


def without(one: YearSchedule, extra: SpecialDay) -> tuple[SpecialDay, ...]:
    return tuple(special for special in one.special_days if special.date_text != extra.date_text)


def with_holiday(one: YearSchedule, program: DayProgram) -> tuple[Season, ...]:
    return tuple(replace(part, week=(*part.week[:7], program)) for part in one.seasons)


@given(one=st.from_type(YearSchedule), moment=st.datetimes(noon(2026, 1, 1), noon(2029, 1, 1)))
def test_the_tariff_of_a_moment_is_that_of_its_date(one: YearSchedule, moment: datetime) -> None:
    assert one.tariff_at(moment) == one.program_on(moment.date()).tariff_at(moment.hour * 60 + moment.minute)
    assert one.tariff_at(moment) in one.tariffs_used()
