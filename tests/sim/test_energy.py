"""Energy by tariff: nothing lost, the meter's own clock decides, a year is cheap."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from meterlink.sim.clock import MeterClock, microseconds, seconds_per_day
from meterlink.sim.energy import UJ_PER_WH, EnergyMeter, EnergyRegisters, Switches, SwitchesOn, shown_kwh

START = 1_767_225_600.0  # 2026-01-01 00:00 UTC; the meters of these tests show UTC
HOUR, DAY = 3600.0, 86_400.0
DAY_NIGHT: Switches = ((7 * 60, 1), (23 * 60, 2))  # no 00:00 point: the night runs on over midnight


def always(switches: Switches) -> SwitchesOn:
    return lambda _day: switches


BY_DAY_AND_NIGHT = always(DAY_NIGHT)


def clock_at(text: str = "2026-01-01", *, dst: bool = False, rate: Fraction = Fraction(0)) -> MeterClock:
    return MeterClock(datetime.fromisoformat(text), START, dst_enabled=dst, rate_error=rate)


def meter(
    clock: MeterClock | None = None,
    switches_on: SwitchesOn = BY_DAY_AND_NIGHT,
    *,
    load_w: int = 1000,
    start_kwh: tuple[Decimal, ...] = (),
) -> EnergyMeter:
    return EnergyMeter(
        clock=clock or clock_at(), switches_on=switches_on, now=START, load_w=load_w, start_kwh=start_kwh
    )


def kwh_by_tariff(registers: EnergyRegisters) -> dict[int, str]:
    return {tariff: str(registers.kwh(tariff)) for tariff in sorted(registers.energy_uj)}


def test_one_day_is_split_by_the_table() -> None:
    assert kwh_by_tariff(meter().registers(START + DAY)) == {1: "16.00", 2: "8.00"}


def test_it_starts_from_what_the_registers_hold() -> None:
    registers = meter(start_kwh=(Decimal("621.42"), Decimal("208.34"), Decimal(0))).registers(START)
    assert kwh_by_tariff(registers) == {1: "621.42", 2: "208.34", 3: "0.00"}


def test_a_register_is_cut_and_not_rounded() -> None:
    registers = EnergyRegisters(energy_uj={1: 20 * UJ_PER_WH - 1, 2: UJ_PER_WH})
    assert str(registers.kwh(1)) == "0.01"
    assert str(registers.kwh(1, decimals=4)) == "0.0199"
    assert registers.counts(1, step_wh=1) == 19
    assert str(shown_kwh(registers.total_uj, 2)) == "0.02"
    assert str(registers.kwh(4)) == "0.00"


def test_asking_often_counts_the_same_as_asking_once() -> None:
    often, once = meter(load_w=588), meter(load_w=588)
    for step in range(1000):
        often.advance(START + step * 1234.567)
    end = START + 1000 * 1234.567
    assert often.registers(end) == once.registers(end)


def test_an_earlier_time_changes_nothing() -> None:
    counting = meter()
    before = counting.registers(START + DAY)
    assert counting.registers(START + HOUR) == before


def test_another_load_counts_from_its_instant() -> None:
    counting = meter(switches_on=always([(0, 1)]))
    counting.set_load(3000, START + HOUR)
    assert counting.load_w == 3000
    assert kwh_by_tariff(counting.registers(START + 2 * HOUR)) == {1: "4.00"}


def test_a_load_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="-5 W"):
        meter(load_w=-5)


# --- the table ------------------------------------------------------------------------------------------------------


def test_before_the_first_switch_the_tariff_of_the_day_before_runs_on() -> None:
    def weekend(day: date) -> Switches:
        return [] if day.isoweekday() >= 6 else DAY_NIGHT  # Thursday 2026-01-01

    counting = meter(switches_on=weekend)
    assert kwh_by_tariff(counting.registers(START + 2 * DAY)) == {1: "32.00", 2: "16.00"}
    assert kwh_by_tariff(counting.registers(START + 4 * DAY)) == {1: "32.00", 2: "64.00"}
    assert counting.tariff_at(datetime.fromisoformat("2026-01-05 06:59")) == 2
    assert counting.tariff_at(datetime.fromisoformat("2026-01-05 07:00")) == 1


def test_an_empty_table_counts_into_the_first_tariff() -> None:
    assert kwh_by_tariff(meter(switches_on=always([])).registers(START + DAY)) == {1: "24.00"}


def test_switches_in_any_order_and_outside_the_day_are_borne() -> None:
    counting = meter(switches_on=always([(23 * 60, 2), (5000, 4), (7 * 60, 3), (7 * 60, 1), (-1, 4)]))
    assert kwh_by_tariff(counting.registers(START + DAY)) == {1: "16.00", 2: "8.00"}


def test_a_new_table_counts_from_the_instant_it_came() -> None:
    table = {"switches": DAY_NIGHT}
    counting = meter(switches_on=lambda _day: table["switches"])
    counting.advance(START + DAY)
    table["switches"] = ((0, 3),)
    assert kwh_by_tariff(counting.registers(START + 2 * DAY)) == {1: "16.00", 2: "8.00", 3: "24.00"}


# --- the clock ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "kwh"),
    [
        ("2026-03-29", {1: "16.00", 2: "7.00"}),  # 23 hours: the night loses one
        ("2026-10-25", {1: "16.00", 2: "9.00"}),  # 25 hours: the night gains one
    ],
)
def test_the_days_of_the_jumps(day: str, kwh: dict[int, str]) -> None:
    counting = meter(clock_at(day, dst=True))
    hours = sum(int(Decimal(one)) for one in kwh.values())
    assert kwh_by_tariff(counting.registers(START + hours * HOUR)) == kwh


def test_a_clock_that_is_wrong_moves_the_tariff_but_not_the_sum() -> None:
    counting = meter(clock_at("2026-01-01 06:00"))  # six hours fast
    assert kwh_by_tariff(counting.registers(START + 3 * HOUR)) == {1: "2.00", 2: "1.00"}


def test_a_stopped_clock_leaves_everything_in_one_tariff() -> None:
    clock = clock_at("2026-01-01 12:00")
    clock.set_running(False, START)
    assert kwh_by_tariff(meter(clock).registers(START + 10 * DAY)) == {1: "240.00"}


@given(
    load_w=st.integers(0, 50_000),
    offset_s=st.floats(0, 500 * DAY),
    dst=st.booleans(),
    gain_s=st.integers(-600, 600),
    cuts=st.lists(st.floats(0, 500 * DAY), max_size=5),
)
def test_no_energy_is_lost_or_made(load_w: int, offset_s: float, dst: bool, gain_s: int, cuts: list[float]) -> None:
    counting = meter(clock_at(dst=dst, rate=seconds_per_day(gain_s)), load_w=load_w)
    for cut in sorted(cuts):
        counting.advance(START + cut)
    end = START + max(offset_s, *cuts, 0.0)
    assert counting.registers(end).total_uj == load_w * (microseconds(end) - microseconds(START))


def test_a_year_goes_day_by_day() -> None:
    asked: list[date] = []

    def switches_on(day: date) -> Switches:
        asked.append(day)
        return [(minute, 1 + minute // 60 % 4) for minute in range(0, 1440, 180)]

    registers = meter(clock_at(dst=True), switches_on).registers(START + 365 * DAY)
    assert len(asked) < 400
    assert registers.total_uj == 1000 * 365 * 86_400 * 1_000_000


# --- the archive ----------------------------------------------------------------------------------------------------


def test_the_archive_holds_the_registers_at_the_start_of_each_month() -> None:
    counting = meter()
    assert counting.months(START) == []
    now = START + 62 * DAY
    assert counting.months(now) == [(2026, 2), (2026, 3)]
    february = counting.month_start(2026, 2, now)
    assert february is not None
    assert kwh_by_tariff(february) == {1: f"{31 * 16}.00", 2: f"{31 * 8}.00"}
    assert counting.month_start(2026, 4, now) is None


def test_a_month_has_its_record_from_its_first_instant_on() -> None:
    counting = meter()
    assert counting.month_start(2026, 2, START + 31 * DAY - 1) is None
    assert counting.month_start(2026, 2, START + 31 * DAY) == counting.registers(START + 31 * DAY)


def test_the_archive_keeps_the_newest_thirteen() -> None:
    months = meter().months(START + 800 * DAY)
    assert len(months) == 13
    assert months[-1] == (2028, 3)


def test_a_clock_set_into_another_month() -> None:
    clock = clock_at("2026-01-31 12:00")
    counting = meter(clock)
    counting.advance(START + HOUR)
    clock.set(datetime.fromisoformat("2026-02-01 00:30"), START + HOUR)
    assert counting.months(START + HOUR) == [(2026, 2)]
    clock.set(datetime.fromisoformat("2026-01-31 23:30"), START + HOUR)
    assert counting.month_start(2026, 2, START + HOUR) == counting.registers(START + HOUR)
    record = counting.month_start(2026, 2, START + 2 * HOUR)
    assert record is not None
    assert record.total_uj == 1500 * UJ_PER_WH  # made anew when the month began again


def test_a_past_can_be_remembered() -> None:
    counting = meter(start_kwh=(Decimal(3000), Decimal(1), Decimal(0)))
    counting.remember_past()
    assert len(counting.months(START)) == 13
    december = counting.month_start(2025, 12, START)
    assert december is not None
    assert kwh_by_tariff(december) == {1: f"{3000 - 31 * 16}.00", 2: "0.00", 3: "0.00"}
    assert counting.month_start(2026, 1, START) == counting.registers(START)


def test_a_remembered_past_grows_month_by_month() -> None:
    counting = meter(start_kwh=(Decimal(9000), Decimal(9000)))
    counting.remember_past()
    now = START + 90 * DAY
    records = [counting.month_start(year, month, now) for year, month in counting.months(now)]
    totals = [record.total_uj for record in records if record is not None]
    assert len(totals) == 13
    assert totals == sorted(totals)
    assert totals[-1] - totals[0] == 365 * 24 * 1000 * UJ_PER_WH


def test_what_the_registers_held_at_a_moment_of_the_past() -> None:
    metered = meter(start_kwh=(Decimal(100), Decimal(50)))
    assert kwh_by_tariff(metered.stood_at(datetime(2026, 1, 2), START + 2 * DAY)) == {1: "116.00", 2: "58.00"}
    assert kwh_by_tariff(metered.registers(START + 2 * DAY)) == {1: "132.00", 2: "66.00"}
    before = metered.stood_at(datetime(2025, 6, 1), START + 2 * DAY)  # more was counted since than there ever was
    assert kwh_by_tariff(before) == {1: "0.00", 2: "0.00"}
