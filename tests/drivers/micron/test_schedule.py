"""The tables as a whole: lowering and lifting, limits that are named, what means nothing."""

from __future__ import annotations

import os
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.driver import Unliftable
from meterlink.errors import ScheduleError
from meterlink.tariff import (
    DayKind,
    DayProgram,
    Rule,
    ScheduleLimits,
    Season,
    SpecialDay,
    YearSchedule,
    preset,
    preset_names,
)
from meterlink.wire.payload import hexadecimal
from meterlink_micron.days import HolidayTable, MovedDay, MovedDays, checksum, moved_list
from meterlink_micron.memory import DAY_NAMES, HOLIDAYS, MOVED_DAYS, keys_of
from meterlink_micron.schedule import Image, lift, lower
from meterlink_micron.slots import EIGHT, FOUR, Packing
from tests.drivers.micron.schedules import packings, schedules

LONG = os.environ.get("METERLINK_LONG") == "1"


def limits_of(packing: Packing) -> ScheduleLimits:
    return ScheduleLimits(
        tariffs=packing.tariffs,
        points_per_day=144,
        seasons=12,
        special_days=366,
        kinds=packing.kinds,
        step_minutes=10,
        seasons_by_month=True,
        special_kinds=frozenset({DayKind.HOLIDAY}),
        special_days_yearly=True,
    )


def image_of(schedule: YearSchedule, packing: Packing, moved: MovedDays | None = None) -> Image:
    days = HolidayTable.of((one.month, one.day) for one in schedule.special_days)
    return Image(packing, lower(schedule, packing, limits_of(packing)), days, moved)


@pytest.mark.parametrize("packing", [FOUR, EIGHT])
@pytest.mark.parametrize("name", preset_names())
def test_every_preset_comes_back(name: str, packing: Packing) -> None:
    schedule = preset(name).schedule
    assert lift(image_of(schedule, packing)) == schedule


@settings(max_examples=400 if LONG else 8, deadline=None)
@given(data=st.data(), packing=packings)
def test_every_schedule_that_the_tables_hold_comes_back(data: st.DataObject, packing: Packing) -> None:
    schedule = data.draw(schedules(packing))
    image = image_of(schedule, packing)
    assert lift(image) == schedule
    assert Image.of(stored_of(image)) == image


def stored_of(image: Image, moved: bytes | None = None) -> dict[str, str]:
    stored = {name: hexadecimal(image.days[key]) for name, key in DAY_NAMES[image.packing.tariffs].items()}
    stored[HOLIDAYS] = hexadecimal(image.holidays.encode())
    return stored | ({} if moved is None else {MOVED_DAYS: hexadecimal(moved)})


@pytest.mark.parametrize(("packing", "sum_of_year"), [(FOUR, 0x40), (EIGHT, 0x00)])
def test_the_worked_year_of_two_tariffs(packing: Packing, sum_of_year: int) -> None:
    days = lower(preset("ru-household-2").schedule, packing, limits_of(packing))
    assert len(days) == len(list(keys_of(packing))) == 12 * len(packing.tables)
    assert checksum(b"".join(days.values())) == sum_of_year


def every_day(*switches: tuple[int, int]) -> YearSchedule:
    return YearSchedule.every_day(DayProgram.of(switches))


def week(**programs: DayProgram) -> YearSchedule:
    usual = dict.fromkeys(DayKind, DayProgram.of([(0, 1)]))
    usual |= {DayKind[name.upper()]: program for name, program in programs.items()}
    return YearSchedule(seasons=(Season.of((1, 1), usual),))


OTHER = DayProgram.of([(0, 2)])


@pytest.mark.parametrize(
    ("schedule", "packing", "rule"),
    [
        (every_day((0, 2), (425, 1)), FOUR, Rule.STEP),
        (every_day((0, 2), (425, 1)), EIGHT, Rule.STEP),
        (every_day((0, 5)), FOUR, Rule.TARIFFS_LIMIT),
        (week(monday=OTHER), FOUR, Rule.KINDS_ALIKE),
        (
            YearSchedule(
                seasons=(Season.every_day(OTHER, (3, 15)), Season.every_day(DayProgram.of([(0, 1)]), (9, 1))),
            ),
            EIGHT,
            Rule.SEASONS_BY_MONTH,
        ),
        (
            YearSchedule(
                seasons=(Season.every_day(OTHER),),
                special_days=(SpecialDay(month=1, day=9, year=2026, kind=DayKind.HOLIDAY),),
            ),
            FOUR,
            Rule.SPECIAL_DAYS_YEARLY,
        ),
        (
            YearSchedule(
                seasons=(Season.every_day(OTHER),),
                special_days=(SpecialDay(month=1, day=9, kind=DayKind.SUNDAY),),
            ),
            FOUR,
            Rule.SPECIAL_KIND,
        ),
    ],
)
def test_what_does_not_fit_is_named(schedule: YearSchedule, packing: Packing, rule: Rule) -> None:
    with pytest.raises(ScheduleError) as caught:
        lower(schedule, packing, limits_of(packing))
    assert caught.value.rule == rule


def test_eight_tariffs_have_a_table_for_each_weekday() -> None:
    schedule = week(monday=OTHER, friday=DayProgram.of([(0, 8)]))
    assert lift(image_of(schedule, EIGHT)) == schedule


def test_moved_days_win_over_holidays() -> None:
    schedule = YearSchedule(
        seasons=week(holiday=OTHER, saturday=DayProgram.of([(0, 3)])).seasons,
        special_days=(SpecialDay(month=1, day=9, kind=DayKind.HOLIDAY),),
    )
    moved = MovedDays.read(moved_list([MovedDay(date(2026, 1, 9), 0), MovedDay(date(2026, 1, 12), 1)]), FOUR)
    lifted = lift(image_of(schedule, FOUR, moved))
    assert isinstance(lifted, YearSchedule)
    tariffs = [lifted.program_on(day).tariff_at(0) for day in (date(2025, 1, 9), date(2026, 1, 9), date(2026, 1, 12))]
    assert tariffs == [2, 1, 3]


def broken_day(name: str, special: tuple[SpecialDay, ...] = ()) -> Any:
    usual = YearSchedule(seasons=week(sunday=OTHER).seasons, special_days=special)
    stored = stored_of(image_of(usual, EIGHT))
    return lift(Image.of(stored | {name: hexadecimal(b"\xff" * EIGHT.size)}))


def test_a_day_of_no_tariff_has_its_reason() -> None:
    assert broken_day("May monday") == Unliftable(
        reasons=("May monday: the slot at 00:00 holds the code 15, and the meter has 8 tariffs",)
    )


def test_a_holiday_table_that_no_day_follows_may_hold_anything() -> None:
    lifted = broken_day("May holiday")
    assert lifted == week(sunday=OTHER)
    assert lifted.month_program(5, DayKind.HOLIDAY) == OTHER
    assert isinstance(broken_day("May holiday", (SpecialDay(month=5, day=9, kind=DayKind.HOLIDAY),)), Unliftable)


def test_what_means_nothing_is_noted() -> None:
    image = image_of(every_day((0, 1)), FOUR, MovedDays.read(bytes.fromhex("99 99 99 00 00 00 00 00 00"), FOUR))
    raw = bytearray(image.holidays.encode())
    raw[7] |= 1 << 2
    noted = Image(FOUR, image.days, HolidayTable.read(bytes(raw)), image.moved).notes()
    assert noted == (
        "holidays: February has no day 30",
        "moved days: 99 99 99 00 is no date",
        "holidays: the stored checksum is wrong",
        "moved days: the stored checksum is wrong",
    )
