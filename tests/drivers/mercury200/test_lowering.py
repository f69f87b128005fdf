"""Down to the tables: what a wanted schedule leaves of the stored records, and which ones are written.

METERLINK_LONG=1 tries more schedules.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.driver import SetHolidays, SetSchedule
from meterlink.errors import ScheduleError
from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule, preset, preset_names
from meterlink.testing import from_hex
from meterlink.wire.payload import hexadecimal
from meterlink_mercury200 import DRIVER
from meterlink_mercury200.image import Image, halves_of, lift, lower, record_name, schedule_limits
from meterlink_mercury200.schedule import EVERY_RECORD, HolidayHalf, Record, RecordKey
from tests.drivers.mercury200.schedules import images, schedules, without_midnight
from tests.shipped import library

PROFILE = library().get("mercury-200.02")
LIMITS = schedule_limits(PROFILE.limits)
LONG = os.environ.get("METERLINK_LONG") == "1"
SOME = settings(max_examples=40 if LONG else 20)

TWO_ZONES = Record(from_hex("07 00 63 00" + "FF" * 12))
"""A record of a real meter: 07:00 T1, 23:00 T2, no 00:00 point."""
EMPTY = Record(b"\xff" * 16)


def table(usual: Record = TWO_ZONES, records: dict[RecordKey, Record] | None = None, days: Any = ()) -> Image:
    return Image(dict.fromkeys(EVERY_RECORD, usual) | (records or {}), halves_of(days))


def rewritten(schedule: YearSchedule, image: Image) -> list[str]:
    """The records that a schedule needs to have written, by name."""
    names = [
        change.parameter for change in DRIVER.changes(SetSchedule(schedule=schedule), image.hexadecimal(), PROFILE)
    ]
    assert not set(names) & {"holidays 1", "holidays 2"}
    return names


def lifted(image: Image) -> YearSchedule:
    schedule = lift(image)
    assert isinstance(schedule, YearSchedule)
    return schedule


# --- the law --------------------------------------------------------------------------------------------------------


@SOME
@given(schedules, images)
def test_whatever_is_stored_the_lowered_tables_mean_the_schedule(schedule: YearSchedule, stored: Image) -> None:
    assert lift(lower(schedule, stored, LIMITS)) == schedule


@SOME
@given(st.integers(0, 2 ** len(EVERY_RECORD) - 1), schedules, schedules)
def test_stored_records_that_run_on_are_kept_only_where_they_mean_the_same(
    bits: int, schedule: YearSchedule, other: YearSchedule
) -> None:
    full = lower(schedule, None, LIMITS)
    running_on = {key for bit, key in enumerate(EVERY_RECORD) if bits >> bit & 1}
    records = {
        key: without_midnight(full.records[key]) if key in running_on else full.records[key] for key in full.records
    }
    stored = Image(records, lower(other, None, LIMITS).holidays)
    lowered = lower(schedule, stored, LIMITS)
    assert lift(lowered) == schedule
    # the records alone mean it too, whether the meter's holidays or the schedule's come into force
    either = lift(Image(lowered.records, stored.holidays))
    moved = replace(schedule, special_days=lifted(Image(full.records, stored.holidays)).special_days)
    assert either == moved


@SOME
@given(schedules)
def test_a_lowered_schedule_is_left_alone(schedule: YearSchedule) -> None:
    assert rewritten(schedule, lower(schedule, None, LIMITS)) == []


@SOME
@given(schedules, images)
def test_what_was_written_is_not_written_again(schedule: YearSchedule, stored: Image) -> None:
    assert rewritten(schedule, lower(schedule, stored, LIMITS)) == []


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_goes_down_and_up(name: str) -> None:
    schedule = preset(name).schedule
    for stored in (None, table(), table(EMPTY), table(Record(b"\x8a\x1e" * 8))):
        assert lift(lower(schedule, stored, LIMITS)) == schedule


# --- records that run on --------------------------------------------------------------------------------------------


def test_the_common_record_without_midnight_is_the_two_zone_schedule_already() -> None:
    assert rewritten(preset("ru-household-2").schedule, table()) == []


def test_a_record_that_would_run_on_with_another_tariff_gets_its_midnight_point() -> None:
    """Sundays end on T1: every Monday would begin with it."""
    two_zones = preset("ru-household-2").schedule
    sunday = DayProgram.of([(0, 1)])
    season = two_zones.seasons[0]
    schedule = YearSchedule(seasons=(replace(season, week=(sunday, *season.week[1:])),))
    names = rewritten(schedule, table())
    sundays = [f"{name} sunday" for name in _months()]
    assert [name for name in names if name.endswith(" sunday")] == sundays
    assert [name for name in names if name.endswith(" monday")] == [f"{name} monday" for name in _months()]
    # no date uses a holiday's record yet, and one might follow a Sunday
    assert {name.split()[1] for name in names} == {"sunday", "monday", "holiday"}
    [january] = [
        change
        for change in DRIVER.changes(SetSchedule(schedule=schedule), table().hexadecimal(), PROFILE)
        if change.parameter == "January monday"
    ]
    assert (january.old, january.new[:17]) == (hexadecimal(TWO_ZONES.raw), "40 00 07 00 63 00")


def _months() -> list[str]:
    return [record_name((month, DayKind.SUNDAY)).split()[0] for month in range(12)]


HOLIDAY_ENDS_ON_T1 = {(month, DayKind.HOLIDAY): Record.of([(0, 1)]) for month in range(12)}


@pytest.mark.parametrize(
    ("stored_days", "wanted_days"),
    [([(5, 9)], [(5, 9)]), ([(5, 9)], []), ([], [(5, 9)])],
    ids=["in both tables", "in the meter only", "in the schedule only"],
)
def test_a_day_after_a_holiday_of_either_table_may_not_run_on(stored_days: Any, wanted_days: Any) -> None:
    """A holiday ends on T1, any other day on T2: the May days behind 9 May need a midnight point of their own."""
    stored = table(records=HOLIDAY_ENDS_ON_T1, days=stored_days)
    special = tuple(SpecialDay(month=m, day=d, kind=DayKind.HOLIDAY) for m, d in wanted_days)
    season = preset("ru-household-2").schedule.seasons[0]
    week = (*season.week[:7], DayProgram.of([(0, 1)]))
    schedule = YearSchedule(seasons=(replace(season, week=week),), special_days=special)
    weekdays = {record_name((4, kind)) for kind in DayKind if kind is not DayKind.HOLIDAY}
    assert set(rewritten(schedule, stored)) == weekdays


def two_halves(first_day_of_may: DayProgram, april: DayProgram, april_holiday: DayProgram) -> YearSchedule:
    """May and later as one, April and earlier as another."""
    early = {kind: april_holiday if kind is DayKind.HOLIDAY else april for kind in DayKind}
    return YearSchedule(seasons=(Season.of((1, 1), early), Season.every_day(first_day_of_may, (5, 1))))


def test_the_last_of_a_month_counts_as_holiday_and_as_weekday_while_the_tables_differ() -> None:
    """30 April is a holiday in the meter only, and only as a holiday it ends on the rate of May nights."""
    may = preset("ru-household-2").schedule.seasons[0].week[0]
    schedule = two_halves(may, DayProgram.of([(0, 1)]), DayProgram.of([(0, 2)]))
    usual = lower(schedule, None, LIMITS).records
    running_on = {key: TWO_ZONES for key in EVERY_RECORD if key[0] == 4 and key[1] is not DayKind.HOLIDAY}
    stored = Image({**usual, **running_on}, halves_of([(4, 30)]))
    assert isinstance(lift(stored), YearSchedule)
    assert set(rewritten(schedule, stored)) == {record_name(key) for key in running_on}


def test_a_holiday_record_that_no_date_uses_yet_must_fit_behind_the_month_before_too() -> None:
    """The first holiday that somebody enters may be 1 May."""
    may = preset("ru-household-2").schedule.seasons[0].week[0]
    schedule = two_halves(may, DayProgram.of([(0, 1)]), DayProgram.of([(0, 1)]))
    usual = lower(schedule, None, LIMITS).records
    stored = Image({**usual, (4, DayKind.HOLIDAY): TWO_ZONES, (6, DayKind.HOLIDAY): TWO_ZONES}, halves_of([]))
    assert rewritten(schedule, stored) == ["May holiday"]


def test_without_the_holiday_table_only_a_midnight_point_is_believed() -> None:
    """Holidays that were not read may stand anywhere, and here they end on T1."""
    season = preset("ru-household-2").schedule.seasons[0]
    schedule = YearSchedule(seasons=(replace(season, week=(*season.week[:7], DayProgram.of([(0, 1)]))),))
    stored = table(records=HOLIDAY_ENDS_ON_T1).hexadecimal()
    assert DRIVER.changes(SetSchedule(schedule=schedule), stored, PROFILE) == ()
    del stored["holidays 2"]
    assert len(DRIVER.changes(SetSchedule(schedule=schedule), stored, PROFILE)) == 84


def test_a_record_that_was_not_read_is_written_whole_and_its_old_value_is_not_known() -> None:
    stored = table().hexadecimal()
    del stored["March friday"]
    [change] = DRIVER.changes(SetSchedule(schedule=preset("ru-household-2").schedule), stored, PROFILE)
    assert (change.parameter, change.old) == ("March friday", None)
    assert change.new.startswith("40 00 07 00 63 00 FF")


# --- leftovers ------------------------------------------------------------------------------------------------------


def test_leftover_holiday_programs_are_rewritten() -> None:
    """No date uses them today; the first holiday that somebody writes into the table would."""
    leftover = {(month, DayKind.HOLIDAY): Record.of([(0, 3), (600, 4)]) for month in (0, 6)}
    assert lifted(table(records=leftover)) == preset("ru-household-2").schedule
    assert rewritten(preset("ru-household-2").schedule, table(records=leftover)) == ["January holiday", "July holiday"]


def test_an_empty_or_senseless_record_is_rewritten() -> None:
    odd = {(2, DayKind.FRIDAY): EMPTY, (3, DayKind.FRIDAY): Record(from_hex("24 00" + "FF" * 14))}
    assert rewritten(preset("ru-household-2").schedule, table(records=odd)) == ["March friday", "April friday"]


def test_points_that_change_nothing_and_bytes_behind_the_end_are_left() -> None:
    same = Record(from_hex("40 00 07 00 12 00 63 00 FF FF 12 00 FF FF FF FF"))
    assert rewritten(preset("ru-household-2").schedule, table(same)) == []


def test_one_kind_of_day_is_twelve_records() -> None:
    season = preset("ru-household-3").schedule.seasons[0]
    saturday = DayProgram.of([(0, 3), (420, 2), (1380, 3)])
    week = tuple(
        saturday if kind is DayKind.SATURDAY else program for kind, program in zip(DayKind, season.week, strict=True)
    )
    stored = lower(preset("ru-household-3").schedule, None, LIMITS)
    names = rewritten(YearSchedule(seasons=(replace(season, week=week),)), stored)
    assert names == [f"{month} saturday" for month in _months()]


# --- special days ---------------------------------------------------------------------------------------------------


def holidays(stored: Image, *days: tuple[int, int]) -> list[tuple[str, str]]:
    changes = DRIVER.changes(SetHolidays(days=days), stored.hexadecimal(), PROFILE)
    return [(change.parameter, change.new) for change in changes]


def test_both_halves_are_written_when_one_day_changes() -> None:
    stored = table(days=[(1, 1), (5, 9)])
    unused = " FF" * 12
    assert holidays(stored, (5, 9), (1, 7)) == [
        ("holidays 1", "07 01 09 05" + unused),
        ("holidays 2", hexadecimal(EMPTY.raw)),
    ]


def test_the_ninth_day_stands_in_the_second_half_and_the_whole_year_is_in_order() -> None:
    nine = [(month, 1) for month in range(9, 0, -1)]
    first, second = holidays(table(), *nine)
    assert first == ("holidays 1", "01 01 01 02 01 03 01 04 01 05 01 06 01 07 01 08")
    assert second[1].startswith("01 09 FF FF")


def test_an_empty_table_is_a_wish_too() -> None:
    assert [name for name, _ in holidays(table(days=[(1, 1)]))] == ["holidays 1", "holidays 2"]
    assert holidays(table()) == []


def test_order_gaps_and_senseless_pairs_of_the_stored_table_mean_nothing() -> None:
    half = HolidayHalf(from_hex("FF FF 09 05 31 02 01 01" + "FF" * 8))
    assert holidays(Image(table().records, (half, half)), (1, 1), (5, 9), (1, 1)) == []


def test_a_half_that_was_not_read_is_written() -> None:
    assert len(DRIVER.changes(SetHolidays(days=()), {"holidays 1": hexadecimal(EMPTY.raw)}, PROFILE)) == 2


@pytest.mark.parametrize(
    ("days", "rule"),
    [
        ([(2, 30)], "date-exists"),
        ([(13, 1)], "date-exists"),
        ([(1, day) for day in range(1, 18)], "special-days-limit"),
    ],
)
def test_days_that_no_table_holds_are_refused(days: list[tuple[int, int]], rule: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        holidays(table(), *days)
    assert caught.value.rule == rule


# --- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        ({"tariffs": 2}, "tariffs-limit"),
        ({"points_per_day": 3}, "points-limit"),
        ({"step_minutes": 30}, "step"),
        ({"seasons": 1}, "seasons-limit"),
        ({"special_days": 0}, "special-days-limit"),
        ({"kinds_of_day": 1}, "kinds-alike"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_profile_says_what_a_model_holds(limits: dict[str, int], rule: str) -> None:
    busy = DayProgram.of([(0, 1), (7 * 60 + 15, 2), (600, 3), (660, 1)])
    week = (busy, *[DayProgram.of([(0, 1)])] * 7)
    schedule = YearSchedule(
        seasons=(Season(starts=(1, 1), week=week), Season.every_day(DayProgram.of([(0, 2)]), (6, 1))),
        special_days=(SpecialDay(month=1, day=1, kind=DayKind.HOLIDAY),),
    )
    assert DRIVER.changes(SetSchedule(schedule=schedule), {}, PROFILE)
    small = replace(PROFILE, limits=replace(PROFILE.limits, **limits))  # type: ignore[arg-type]
    with pytest.raises(ScheduleError) as caught:
        DRIVER.changes(SetSchedule(schedule=schedule), {}, small)
    assert caught.value.rule == rule


def test_a_profile_cannot_make_the_tables_larger() -> None:
    generous = replace(PROFILE.limits, tariffs=8, points_per_day=20, seasons=None, special_days=40, kinds_of_day=7)
    assert schedule_limits(generous) == LIMITS
