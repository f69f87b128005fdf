"""The clock of the simulated Mercury 200, and what it counts on which tariff."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule
from meterlink_mercury200 import calendar, messages, schedule, values
from meterlink_mercury200.sim import Behaviour
from tests.drivers.mercury200.sim_bench import NEW, OLD, STATE, TWO_ZONES, Bench

# --- clock ------------------------------------------------------------------------------------------------------------


def test_clock_shows_local_time_with_its_error() -> None:
    bench = Bench(state=replace(STATE, clock_error=timedelta(minutes=-4)))
    answer = bench.ask(messages.READ_CLOCK)
    assert answer == bytes.fromhex("01 14 56 00 21 07 25")


def test_weekday_is_believed_and_counts_on() -> None:
    bench = Bench()
    bench.ask(messages.SET_CLOCK, bytes.fromhex("03 14 05 09 21 07 25"))
    bench.pass_time(days=5)
    answer = bench.ask(messages.READ_CLOCK)
    assert answer is not None
    assert answer[0] == 1, "a Saturday that the meter takes for a Monday"
    bench.ask(messages.SET_CLOCK, bytes.fromhex("07 14 05 09 21 07 25"))
    answer = bench.ask(messages.READ_CLOCK)
    assert answer is not None
    assert answer[0] == 1, "7 leaves the weekday to the meter"


@pytest.mark.parametrize(("shown", "weekday"), [(True, 7), (False, 1)])
def test_weekday_on_a_holiday(shown: bool, weekday: int) -> None:
    bench = Bench(behaviour=Behaviour(dow_on_holiday=shown))
    bench.ask(messages.SET_HOLIDAYS, bytes.fromhex("2107") + b"\xff" * 14 + b"\1")
    answer = bench.ask(messages.READ_CLOCK)
    assert answer is not None
    assert answer[0] == weekday


@pytest.mark.parametrize(("flag", "summer_hour"), [(b"\1", 13), (b"\0", 12)])
def test_a_year_with_and_without_the_summer_change(flag: bytes, summer_hour: int) -> None:
    bench = Bench()
    bench.wait_until(datetime(2026, 1, 10, 12))
    bench.ask(messages.SET_DST, flag)
    hours = {}
    for month in (1, 3, 4, 7, 10, 11):
        bench.wait_until(datetime(2026, month, 25, 12))
        hours[month] = bench.local().hour
    assert hours == {1: 12, 3: 12, 4: summer_hour, 7: summer_hour, 10: 12, 11: 12}


def test_clearing_the_flag_in_summer_does_not_move_the_clock() -> None:
    bench = Bench(state=replace(STATE, dst_enabled=True))
    before = bench.local()
    bench.ask(messages.SET_DST, b"\0")
    assert bench.local() - before < timedelta(seconds=2)
    bench.wait_until(datetime(2025, 12, 1, 12))
    assert bench.local().hour == 12, "and it does not go back in autumn"


def test_a_stopped_clock_stands() -> None:
    bench = Bench(behaviour=Behaviour(clock_running=False))
    before = bench.local()
    bench.pass_time(days=3)
    assert bench.local() == before


# --- tariffs and energy -----------------------------------------------------------------------------------------------


def test_energy_grows_on_the_tariff_of_the_table() -> None:
    bench = Bench(state=replace(STATE, load_w=1000, energy_kwh=(Decimal(0),) * 4))
    bench.wait_until(datetime(2025, 7, 22, 15, 0, 1))
    assert bench.energies() == [Decimal(16), Decimal(8), Decimal(0), Decimal(0)]


def test_new_table_counts_from_then_on() -> None:
    bench = Bench(state=replace(STATE, load_w=1000, energy_kwh=(Decimal(0),) * 4))
    bench.ask(messages.SET_TARIFF_COUNT, b"\4")
    july_monday = schedule.ScheduleIndex(6, DayKind.MONDAY).encode()
    bench.wait_until(datetime(2025, 7, 21, 15, 30))
    bench.ask(messages.SET_SCHEDULE, bytes.fromhex("0700 9600 D700") + b"\xff" * 10 + july_monday)
    bench.wait_until(datetime(2025, 7, 21, 18, 0, 10))
    assert bench.energies() == [Decimal("1.00"), Decimal(0), Decimal("1.00"), Decimal("1.00")]


def test_holiday_program_counts_on_a_holiday() -> None:
    bench = Bench(state=replace(STATE, load_w=1000, energy_kwh=(Decimal(0),) * 4))
    july_holiday = schedule.ScheduleIndex(6, DayKind.HOLIDAY).encode()
    bench.ask(messages.SET_SCHEDULE, bytes.fromhex("4000") + b"\xff" * 14 + july_holiday)
    bench.ask(messages.SET_HOLIDAYS, bytes.fromhex("2107") + b"\xff" * 14 + b"\0")
    assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(2)


def test_a_given_schedule_is_stored_and_counted() -> None:
    night = DayProgram.of([(0, 2), (7 * 60, 1), (23 * 60, 2)])
    holiday = SpecialDay(month=7, day=21, kind=DayKind.HOLIDAY)
    week = {kind: night if kind is not DayKind.HOLIDAY else DayProgram.of([(0, 3)]) for kind in DayKind}
    wanted = YearSchedule(seasons=(Season.of((1, 1), week),), special_days=(holiday,))
    bench = Bench(state=replace(STATE, schedule=wanted))
    assert bench.value(messages.READ_TARIFF_COUNT) == values.TariffNumber(3)
    assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(3)
    assert bench.ask(messages.READ_SCHEDULE, b"\x01") == bytes.fromhex("400007006300" + "FFFF" * 5)


def test_with_one_tariff_in_force_everything_is_t1() -> None:
    bench = Bench(state=replace(STATE, load_w=1000, energy_kwh=(Decimal(0),) * 4))
    bench.ask(messages.SET_TARIFF_COUNT, b"\1")
    bench.wait_until(datetime(2025, 7, 22, 15, 0, 1))
    assert bench.energies() == [Decimal(24), Decimal(0), Decimal(0), Decimal(0)]
    assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(1)


def test_a_forced_tariff_lasts_until_the_next_switch() -> None:
    bench = Bench()
    bench.ask(messages.SET_TARIFF_COUNT, b"\4")
    bench.ask(messages.SET_CURRENT_TARIFF, b"\4")
    expected = {(21, 22): 4, (21, 23): 2, (22, 6): 2, (22, 16): 1}
    for (day, hour), tariff in expected.items():
        bench.wait_until(datetime(2025, 7, day, hour, 30))
        assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(tariff), (day, hour)


def test_unsorted_and_senseless_points_are_stored_as_they_are() -> None:
    bench = Bench()
    july_monday = schedule.ScheduleIndex(6, DayKind.MONDAY).encode()
    record = bytes.fromhex("6300 8A1E 0700 E400") + b"\xff" * 8
    assert bench.ask(messages.SET_SCHEDULE, record + july_monday) == b""
    assert bench.ask(messages.READ_SCHEDULE, july_monday) == record
    assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(1)


def test_empty_tables_count_on_the_first_tariff() -> None:
    bench = Bench()
    for month in schedule.MONTHS:
        for kind in DayKind:
            bench.ask(messages.SET_SCHEDULE, b"\xff" * 16 + schedule.ScheduleIndex(month, kind).encode())
    bench.pass_time(days=400)
    assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(1)


def test_records_and_holidays_are_kept_apart() -> None:
    bench = Bench()
    keys = [schedule.ScheduleIndex(*key) for key in schedule.EVERY_RECORD]
    for number, key in enumerate(keys):
        assert bench.ask(messages.SET_SCHEDULE, bytes([0, number % 60]) + b"\xff" * 14 + key.encode()) == b""
    for number, key in enumerate(keys):
        answer = bench.ask(messages.READ_SCHEDULE, key)
        assert answer is not None
        assert answer[1] == number % 60


def test_energy_rolls_over() -> None:
    bench = Bench(state=replace(STATE, load_w=10_000, energy_kwh=(Decimal("999999.99"),)))
    bench.pass_time(minutes=30)
    assert bench.energies()[0] < 10


def test_archive_holds_the_start_of_twelve_months() -> None:
    bench = Bench()
    totals = {}
    for month in range(12):
        answer = bench.value(messages.READ_ARCHIVE, calendar.MonthSlot(month))
        totals[month] = sum(answer.amounts)
    order = [*range(7, 12), *range(7)]
    assert [totals[month] for month in order] == sorted(totals.values())
    assert totals[6] < sum(bench.energies())
    bench.pass_time(days=14)
    august = bench.value(messages.READ_ARCHIVE, calendar.MonthSlot(7))
    assert totals[6] < sum(august.amounts) < sum(bench.energies())


def test_current_month_of_a_206_is_the_explicit_one() -> None:
    bench = Bench(NEW)
    july = bench.ask(messages.READ_ARCHIVE, b"\6")
    assert bench.ask(messages.READ_ARCHIVE, b"\x0f") == july
    assert july is not None
    reactive = bench.ask(messages.READ_REACTIVE_ARCHIVE, b"\x0f")
    assert reactive not in (None, july)


def test_current_month_of_an_old_200_is_foreign_memory() -> None:
    bench = Bench(OLD)
    assert bench.ask(messages.READ_ARCHIVE, b"\x0f") == TWO_ZONES
    record = bytes.fromhex("0000") + b"\xff" * 14
    bench.ask(messages.SET_SCHEDULE, record + b"\0")
    assert bench.ask(messages.READ_ARCHIVE, b"\x0f") == record
