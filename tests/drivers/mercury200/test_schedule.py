"""The stored tables and the canonical schedule: the law of lifting, real records, and what cannot be lifted."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given

from meterlink.driver import Unliftable
from meterlink.errors import ScheduleError
from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule, preset, preset_names
from meterlink.testing import from_hex
from meterlink.wire.payload import DigitError, PayloadError
from meterlink_mercury200.image import Image, lift, lower, schedule_limits
from meterlink_mercury200.schedule import EVERY_RECORD, HolidayHalf, Record, RecordKey
from tests.drivers.mercury200.schedules import schedules
from tests.shipped import library

TWO_ZONES = Record(from_hex("07 00 63 00" + "FF" * 12))
"""A record of a real meter: 07:00 T1, 23:00 T2, no 00:00 point."""

EMPTY = Record(b"\xff" * 16)
LIMITS = schedule_limits(library().get("mercury-200.02").limits)
NO_HOLIDAYS = (HolidayHalf(b"\xff" * 16), HolidayHalf(b"\xff" * 16))


def image(records: dict[RecordKey, Record] | None = None, usual: Record = TWO_ZONES, holidays: str = "") -> Image:
    half = HolidayHalf((from_hex(holidays) + b"\xff" * 16)[:16])
    return Image(dict.fromkeys(EVERY_RECORD, usual) | (records or {}), (half, NO_HOLIDAYS[1]))


# --- records ----------------------------------------------------------------------------------------------------------


def test_hours_stand_in_packed_decimal_and_not_in_binary() -> None:
    assert Record.of([(0, 1), (10 * 60 + 30, 3)]).raw[:4] == from_hex("00 00 90 30")
    with pytest.raises(DigitError):
        Record(from_hex("8A 1E" + "FF" * 14)).points()


def test_the_worked_record_of_a_december_holiday() -> None:
    points = [(0, 1), (420, 2), (630, 3), (780, 2), (1050, 3), (1260, 2), (1380, 1)]
    raw = from_hex("00 00 47 00 90 30 53 00 97 30 61 00 23 00 FF FF")
    assert Record.of(points).raw == raw
    assert Record(raw).points() == points


@pytest.mark.parametrize("pair", ["24 00", "07 60", "E4 00", "2A 00", "07 FF"])
def test_a_time_that_no_clock_shows_is_refused(pair: str) -> None:
    with pytest.raises(PayloadError):
        Record(from_hex(pair + "FF" * 14)).points()


# --- lifting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_comes_back_as_it_was_stored(name: str) -> None:
    schedule = preset(name).schedule
    assert lift(lower(schedule, None, LIMITS)) == schedule


@given(schedules)
def test_what_is_lowered_comes_back_the_same(schedule: YearSchedule) -> None:
    assert lift(lower(schedule, None, LIMITS)) == schedule


def test_a_record_without_a_midnight_point_runs_on_from_the_day_before() -> None:
    lifted = lift(image())
    assert lifted == preset("ru-household-2").schedule
    assert isinstance(lifted, YearSchedule)
    assert lifted.tariff_at(datetime(2025, 7, 21, 3, 0)) == 2


def test_days_that_end_on_different_tariffs_cannot_run_on() -> None:
    sunday = Record.of([(0, 1), (720, 3)])
    lifted = lift(image({(month, DayKind.SUNDAY): sunday for month in range(12)}))
    assert isinstance(lifted, YearSchedule)  # only Monday runs on from Sunday, all Sundays end on T3
    assert lifted.tariff_at(datetime(2025, 7, 21, 3, 0)) == 3
    mixed = lift(image({(5, DayKind.SUNDAY): sunday}))
    assert isinstance(mixed, Unliftable)
    why = "it has no 00:00 point, and the days that may come before it end on different tariffs"
    assert mixed.reasons == (f"June monday: {why}", f"July monday: {why}")


def test_a_holiday_may_stand_before_any_day() -> None:
    holiday = {(month, DayKind.HOLIDAY): Record.of([(0, 1)]) for month in range(12)}
    assert isinstance(lift(image(holiday)), YearSchedule)
    assert isinstance(lift(image(holiday, holidays="01 01")), Unliftable)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (EMPTY, "it has no point"),
        (Record(from_hex("23 00 47 00" + "FF" * 12)), "not in rising order"),
        (Record(from_hex("07 00 47 00" + "FF" * 12)), "not in rising order"),
        (Record(from_hex("8A 1E" + "FF" * 14)), "digit above 9"),
        (Record(from_hex("24 00" + "FF" * 14)), "24:00"),
    ],
)
def test_what_cannot_be_lifted_is_named_with_its_record(record: Record, why: str) -> None:
    lifted = lift(image({(0, DayKind.MONDAY): record}))
    assert isinstance(lifted, Unliftable)
    assert any(reason.startswith("January monday: ") and why in reason for reason in lifted.reasons)


def test_a_holiday_program_that_no_date_uses_may_hold_anything() -> None:
    unused = {(month, DayKind.HOLIDAY): EMPTY for month in range(12)}
    assert lift(image(unused)) == preset("ru-household-2").schedule
    assert isinstance(lift(image(unused, holidays="01 01")), Unliftable)
    only_january = unused | {(0, DayKind.HOLIDAY): TWO_ZONES}
    assert lift(image(only_january, holidays="01 01")) == preset("ru-household-2").schedule


def test_only_days_that_may_really_stand_before_count() -> None:
    odd_end = Record.of([(0, 2), (720, 3)])
    february = {(1, DayKind.HOLIDAY): odd_end}
    assert isinstance(lift(image(february, holidays="23 02")), Unliftable)  # 24 February runs on from it
    august = lift(image({(7, DayKind.HOLIDAY): odd_end}, holidays="23 02"))
    assert isinstance(august, YearSchedule)  # no August date is a holiday
    last_day = lift(image({(0, DayKind.HOLIDAY): odd_end}, holidays="31 01"))
    assert isinstance(last_day, Unliftable)
    assert all(reason.startswith("February ") for reason in last_day.reasons)
    leap_day = lift(image({(1, DayKind.HOLIDAY): odd_end}, holidays="29 02"))
    assert isinstance(leap_day, Unliftable)  # 1 March follows it in some years only
    assert all(reason.startswith("March ") for reason in leap_day.reasons)


def test_bytes_behind_the_last_point_are_told() -> None:
    record = Record(from_hex("07 00 63 00 FF FF 12 00" + "FF" * 8))
    told = image({(3, DayKind.SATURDAY): record}).notes()
    assert told == ("April saturday: bytes behind the last point are not read by the meter",)


# --- holidays ---------------------------------------------------------------------------------------------------------


def test_unused_and_senseless_holidays_are_skipped_and_reading_goes_on() -> None:
    half = HolidayHalf(from_hex("01 01 FF FF 31 02 23 02 8A 01 08 03 29 02 FF FF"))
    assert half.days() == ([(1, 1), (2, 23), (3, 8), (2, 29)], ["31 02", "8A 01"])


def test_holidays_are_special_days_of_every_year() -> None:
    zones = Record.of([(0, 2), (420, 1), (1380, 2)])
    holiday = {(month, DayKind.HOLIDAY): Record.of([(0, 2)]) for month in range(12)}
    lifted = lift(image(holiday, usual=zones, holidays="01 01 09 05"))
    assert isinstance(lifted, YearSchedule)
    assert lifted.program_on(date(2026, 5, 9)) == DayProgram.of([(0, 2)])
    assert lifted.program_on(date(2026, 5, 10)) != DayProgram.of([(0, 2)])


# --- limits -----------------------------------------------------------------------------------------------------------

DAY = DayProgram.of([(0, 1)])


@pytest.mark.parametrize(
    ("schedule", "rule"),
    [
        (YearSchedule.every_day(DayProgram.of([(i * 60, 1 + i % 2) for i in range(9)])), "points-limit"),
        (YearSchedule.every_day(DayProgram.of([(0, 5)])), "tariffs-limit"),
        (
            YearSchedule(seasons=(Season.every_day(DAY), Season.every_day(DayProgram.of([(0, 2)]), (3, 15)))),
            "seasons-by-month",
        ),
        (
            YearSchedule(
                seasons=(Season.every_day(DAY),),
                special_days=tuple(SpecialDay(month=1, day=d, kind=DayKind.HOLIDAY) for d in range(1, 18)),
            ),
            "special-days-limit",
        ),
        (
            YearSchedule(
                seasons=(Season.every_day(DAY),),
                special_days=(SpecialDay(month=1, day=1, kind=DayKind.HOLIDAY, year=2026),),
            ),
            "special-days-yearly",
        ),
        (
            YearSchedule(
                seasons=(Season.every_day(DAY),), special_days=(SpecialDay(month=1, day=1, kind=DayKind.SUNDAY),)
            ),
            "special-kind",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_limit_that_is_broken_is_named_before_any_byte(schedule: YearSchedule, rule: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        lower(schedule, None, LIMITS)
    assert caught.value.rule == rule
