"""The clock inside a meter: rate, standstill, and the jumps of summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from meterlink.sim.clock import ClockSpan, DstRule, MeterClock, microseconds, ppm, seconds_per_day

START = 1_767_225_600.0  # 2026-01-01 00:00 UTC
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def clock_at(text: str, *, dst: bool = False, rate: Fraction = Fraction(0), running: bool = True) -> MeterClock:
    return MeterClock(local(text), START, dst_enabled=dst, rate_error=rate, running=running)


def test_it_runs_with_true_time() -> None:
    clock = clock_at("2026-01-01 03:00:00")
    assert clock.local(START) == local("2026-01-01 03:00:00")
    assert clock.local(START + 90 * DAY + 1.5) == local("2026-04-01 03:00:01.500")


@pytest.mark.parametrize(
    ("rate", "after_a_day"),
    [
        (seconds_per_day(4), "2026-01-02 00:00:04"),
        (seconds_per_day(-0.5), "2026-01-01 23:59:59.500"),
        (ppm(100), "2026-01-02 00:00:08.640"),
    ],
)
def test_a_rate_error_gains_or_loses_exactly(rate: Fraction, after_a_day: str) -> None:
    assert clock_at("2026-01-01", rate=rate).local(START + DAY) == local(after_a_day)


def test_a_rate_error_does_not_accumulate_rounding() -> None:
    clock = clock_at("2026-01-01", rate=seconds_per_day(4))
    assert clock.local(START + 1000 * DAY) == local("2026-01-01") + timedelta(days=1000, seconds=4000)


def test_a_stopped_clock_stands_still_and_goes_on_from_there() -> None:
    clock = clock_at("2026-01-01 12:00")
    clock.set_running(False, START + HOUR)
    assert clock.local(START + 5 * DAY) == local("2026-01-01 13:00")
    clock.set_running(True, START + 5 * DAY)
    assert clock.local(START + 5 * DAY + MINUTE) == local("2026-01-01 13:01")
    assert clock.running


def test_setting_it_keeps_the_rate() -> None:
    clock = clock_at("2026-01-01", rate=seconds_per_day(4))
    clock.set(local("2030-06-05 10:00"), START + 7)
    assert clock.local(START + 7) == local("2030-06-05 10:00")
    assert clock.local(START + 7 + DAY) == local("2030-06-06 10:00:04")


def test_a_zone_is_refused_and_so_is_a_clock_that_runs_backwards() -> None:
    with pytest.raises(ValueError, match="naive"):
        MeterClock(datetime.now(UTC), START)
    with pytest.raises(ValueError, match="forwards"):
        clock_at("2026-01-01", rate=Fraction(-1))


# --- summer time ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "begins", "ends"),
    [
        (2009, "2009-03-29 02:00", "2009-10-25 02:00"),
        (2010, "2010-03-28 02:00", "2010-10-31 02:00"),
        (2026, "2026-03-29 02:00", "2026-10-25 02:00"),
    ],
)
def test_the_last_sundays(year: int, begins: str, ends: str) -> None:
    rule = DstRule()
    assert (rule.begins(year), rule.ends(year)) == (local(begins), local(ends))


def test_a_rule_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="same year"):
        DstRule(begin_month=10, end_month=3)


def test_with_dst_on_it_jumps_forwards_in_march_at_the_right_instant() -> None:
    clock = MeterClock(local("2026-03-29 01:59:59"), START, dst_enabled=True)
    assert clock.local(START + 0.999999) == local("2026-03-29 01:59:59.999999")
    assert clock.local(START + 1) == local("2026-03-29 03:00:00")


def test_with_dst_on_it_jumps_back_in_october_once() -> None:
    clock = MeterClock(local("2026-10-25 02:59:59"), START, dst_enabled=True)
    assert clock.local(START + 1) == local("2026-10-25 02:00:00")
    assert clock.local(START + 1 + HOUR - 1) == local("2026-10-25 02:59:59")
    assert clock.local(START + 1 + HOUR) == local("2026-10-25 03:00:00")


def test_with_dst_on_the_year_has_two_jumps_and_ends_where_it_should() -> None:
    clock = clock_at("2026-01-01", dst=True)
    assert jumps(clock, START, START + 365 * DAY) == [
        (local("2026-03-29 02:00"), local("2026-03-29 03:00")),
        (local("2026-10-25 03:00"), local("2026-10-25 02:00")),
    ]
    assert clock.local(START + 365 * DAY) == local("2027-01-01")


def test_with_dst_off_a_year_passes_without_a_jump() -> None:
    clock = clock_at("2026-01-01")
    assert jumps(clock, START, START + 365 * DAY) == []
    assert clock.local(START + 365 * DAY) == local("2027-01-01")


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("shown", ["2026-01-10 12:00", "2026-07-10 12:00", "2026-10-25 02:30", "2026-03-29 03:00"])
def test_setting_the_flag_does_not_move_the_clock(shown: str, enabled: bool) -> None:
    clock = clock_at(shown, dst=not enabled)
    clock.set_dst(enabled, START)
    assert clock.dst_enabled is enabled
    assert clock.local(START) == local(shown)


def test_cleared_in_summer_it_goes_through_the_year_without_a_jump() -> None:
    clock = clock_at("2026-07-10 12:00", dst=True)
    clock.set_dst(False, START)
    assert clock.local(START + 365 * DAY) == local("2027-07-10 12:00")


def test_set_in_summer_it_jumps_back_in_october() -> None:
    clock = clock_at("2026-07-10 12:00")
    clock.set_dst(True, START)
    assert jumps(clock, START, START + 200 * DAY) == [(local("2026-10-25 03:00"), local("2026-10-25 02:00"))]


def test_setting_the_flag_as_it_is_keeps_the_pass_of_the_hour_that_comes_twice() -> None:
    clock = clock_at("2026-10-25 02:00", dst=True)
    second_pass = START + HOUR + 30 * MINUTE
    clock.set_dst(True, second_pass)
    assert clock.local(second_pass + HOUR) == local("2026-10-25 03:30")


def test_a_time_in_the_skipped_hour_is_shown_an_hour_later() -> None:
    assert clock_at("2026-03-29 02:30", dst=True).local(START) == local("2026-03-29 03:30")


def test_another_rule_can_be_given() -> None:
    rule = DstRule(begin_month=4, begin_hour=1, end_month=9, end_hour=1, shift=timedelta(minutes=30))
    clock = MeterClock(local("2026-01-01"), START, dst_enabled=True, dst_rule=rule)
    assert jumps(clock, START, START + 365 * DAY) == [
        (local("2026-04-26 01:00"), local("2026-04-26 01:30")),
        (local("2026-09-27 01:00"), local("2026-09-27 00:30")),
    ]


# --- stretches without a jump ---------------------------------------------------------------------------------------


def jumps(clock: MeterClock, start: float, end: float) -> list[tuple[datetime, datetime]]:
    """What the clock showed before and after each cut between two stretches."""
    spans = list(clock.spans(start, end))
    return [(one.local_end, two.local_start) for one, two in pairwise(spans)]


def test_no_time_has_no_stretches() -> None:
    clock = clock_at("2026-01-01")
    assert list(clock.spans(START, START)) == []
    assert list(clock.spans(START + 1, START)) == []


def test_a_stopped_clock_gives_one_stretch_that_stands_still() -> None:
    clock = clock_at("2026-03-28", dst=True, running=False)
    (span,) = clock.spans(START, START + 9 * DAY)
    assert span.local_start == span.local_end == local("2026-03-28")
    assert span.end_us - span.start_us == microseconds(9 * DAY)


def test_a_stretch_maps_local_time_back() -> None:
    clock = clock_at("2026-01-01", rate=Fraction(1))  # twice as fast
    (span,) = clock.spans(START, START + HOUR)
    assert span.local_end == local("2026-01-01 02:00")
    assert span.true_us(span.local_start_us + microseconds(HOUR)) == microseconds(START + HOUR / 2)


INSTANTS = st.floats(min_value=-1000 * DAY, max_value=1000 * DAY).map(lambda s: START + s)
RATES = st.fractions(min_value=Fraction(-1, 2), max_value=2, max_denominator=10**7)


@given(start=INSTANTS, end=INSTANTS, rate=RATES, dst=st.booleans())
def test_stretches_cover_true_time_without_a_gap(start: float, end: float, rate: Fraction, dst: bool) -> None:
    start, end = sorted((start, end))
    clock = clock_at("2026-05-01", dst=dst, rate=rate)
    spans = list(clock.spans(start, end))
    edges = [(span.start_us, span.end_us) for span in spans]
    assert [edge[0] for edge in edges] == [microseconds(start), *(edge[1] for edge in edges[:-1])][: len(edges)]
    assert not edges or edges[-1][1] == microseconds(end)
    for span in spans:
        check_even(span)
        assert span.local_start == pytest.approx(clock.local(span.start_us / 1e6), abs=timedelta(milliseconds=1))


def check_even(span: ClockSpan) -> None:
    assert span.local_start_us <= span.local_end_us
    if span.local_start_us < span.local_end_us:
        assert span.true_us(span.local_start_us) == span.start_us
        assert span.true_us(span.local_end_us) == span.end_us
