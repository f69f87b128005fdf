"""Edges of time around a correction of the clock, and when to come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from meterlink.tariff import DayKind, DayProgram, Season, YearSchedule
from meterlink.visit.clock_window import EDGES, Correction, edges, good_window, window_warnings
from meterlink.visit.plan import ClockMethod
from tests.visit.made_up import HOUR, ONE_ZONE, THREE_ZONES, TWO_ZONES

MINUTE = timedelta(minutes=1)
ONE_NIGHT = YearSchedule.every_day(DayProgram.of([(0, 2)]))
WEEKEND = (DayKind.SATURDAY, DayKind.SUNDAY)


def hard(error: timedelta, *schedules: YearSchedule) -> Correction:
    return Correction(method=ClockMethod.HARD, error=error, schedules=schedules)


def soft(error: timedelta, *schedules: YearSchedule) -> Correction:
    return Correction(method=ClockMethod.SOFT, error=error, schedules=schedules)


def at(clock: str, day: int = 12, month: int = 11) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, month, day, hour, minute)


def codes(correction: Correction, local: datetime) -> list[str]:
    return [warning.code for warning in window_warnings(correction, local) if warning.code not in ADVICE]


ADVICE = ("wait-until", "no-good-moment")


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    correction: Correction
    local: datetime
    codes: tuple[str, ...]


CASES = [
    Case(name="an hour back at noon", correction=hard(HOUR, TWO_ZONES), local=at("12:10"), codes=()),
    Case(name="back into the night", correction=hard(HOUR, TWO_ZONES), local=at("06:45"), codes=("edge-zone",)),
    Case(name="forward over 07:00", correction=hard(-HOUR, TWO_ZONES), local=at("07:45"), codes=("edge-zone",)),
    Case(name="forward within the day zone", correction=hard(-HOUR, TWO_ZONES), local=at("08:10"), codes=()),
    Case(name="one tariff has no zones", correction=hard(HOUR, ONE_ZONE), local=at("06:45"), codes=()),
    Case(name="a schedule nobody could read", correction=hard(HOUR), local=at("06:45"), codes=()),
    Case(
        name="a whole zone is skipped, and the meter comes from day into day",
        correction=hard(-9 * HOUR, TWO_ZONES),
        local=at("07:10"),
        codes=("edge-day",),
    ),
    Case(
        name="only the new schedule switches there",
        correction=hard(HOUR, ONE_ZONE, THREE_ZONES),
        local=at("09:40"),
        codes=("edge-zone",),
    ),
    Case(name="two minutes after a half hour", correction=soft(MINUTE), local=at("12:32"), codes=("edge-half-hour",)),
    Case(name="three minutes after one, coming from four", correction=soft(MINUTE), local=at("12:33"), codes=()),
    Case(name="the old time is at one", correction=soft(MINUTE), local=at("12:27"), codes=("edge-half-hour",)),
    Case(
        name="over midnight",
        correction=hard(HOUR, ONE_ZONE),
        local=at("23:40"),
        codes=("edge-day",),
    ),
    Case(
        name="over the end of a month",
        correction=hard(HOUR, ONE_ZONE),
        local=at("23:40", day=30),
        codes=("edge-day", "edge-month"),
    ),
    Case(name="the last day of a month", correction=hard(HOUR), local=at("12:10", day=30), codes=("edge-month",)),
    Case(name="the first day of a month", correction=hard(HOUR), local=at("12:10", day=1), codes=("edge-month",)),
    Case(name="a minute on the last day", correction=hard(MINUTE), local=at("12:10", day=30), codes=()),
    Case(name="readings are collected", correction=hard(HOUR), local=at("12:10", day=23), codes=("collection-days",)),
    Case(name="the last such day", correction=hard(HOUR), local=at("12:10", day=26), codes=("collection-days",)),
    Case(name="the day after them", correction=hard(HOUR), local=at("12:10", day=27), codes=()),
    Case(name="soft on such a day", correction=soft(MINUTE), local=at("12:10", day=24), codes=()),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_edges(case: Case) -> None:
    assert tuple(codes(case.correction, case.local)) == case.codes


def test_the_edge_of_a_zone_names_the_switch_and_both_tariffs() -> None:
    edge = window_warnings(hard(HOUR, TWO_ZONES), at("06:45"))[0]
    assert edge.facts == {"time": "07:00", "old": "T1", "new": "T2"}


def test_of_many_switches_between_the_last_one_is_named() -> None:
    lost = hard(datetime(2000, 1, 1, 2, 10) - at("12:10"), THREE_ZONES)
    edge = window_warnings(lost, at("12:10"))[0]
    assert (edge.code, edge.facts) == ("edge-zone", {"time": "10:00", "old": "T2", "new": "T3"})


def test_a_switch_days_before_is_found() -> None:
    """Weekends in one tariff: it began on Friday night."""
    workday, weekend = TWO_ZONES.seasons[0].week[DayKind.MONDAY], ONE_NIGHT.seasons[0].week[DayKind.SUNDAY]
    week = {kind: weekend if kind in WEEKEND else workday for kind in DayKind}
    schedule = YearSchedule(seasons=(Season.of((1, 1), week),))
    friday, sunday = at("12:10", day=13), at("12:10", day=15)
    edge = next(edges(hard(friday - sunday, schedule), sunday))
    assert (edge.code, edge.facts) == ("edge-zone", {"time": "23:00", "old": "T1", "new": "T2"})


# --- when to come back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "come", "wait", "until"),
    [
        (-HOUR, at("07:10"), at("08:05"), "08:27"),  # the zone is left behind at 08:00, the half hour a little later
        (HOUR, at("06:10"), at("07:05"), "07:27"),
        (HOUR, at("22:10"), at("08:05", day=13), "08:27"),  # the night is another tariff, and then people sleep
        (HOUR, at("12:10"), at("12:10"), "12:27"),
        (HOUR, at("12:11"), at("12:15"), "12:27"),
        (-HOUR, at("07:10", day=23), at("08:05", day=27), "08:27"),  # readings are collected
        (HOUR, at("22:10", day=22), at("08:05", day=27), "08:27"),
        (HOUR, at("12:10", day=30), at("08:05", day=2, month=12), "08:27"),  # the last and the first day of a month
    ],
)
def test_the_next_good_time_of_an_hour_in_two_zones(
    error: timedelta, come: datetime, wait: datetime, until: str
) -> None:
    found = good_window(hard(error, TWO_ZONES), come)
    assert found is not None
    assert (found[0], f"{found[1]:%H:%M}") == (wait, until)


def test_an_hour_in_two_zones_may_be_set_between_08_05_and_21_25_whichever_way() -> None:
    """The window that the trade knows."""
    moment = at("08:05")
    while moment <= at("21:25"):
        for way in (HOUR, -HOUR):
            assert {"edge-half-hour"}.issuperset(edge.code for edge in edges(hard(way, TWO_ZONES), moment))
        moment += MINUTE


def test_edges_come_with_the_moment_to_wait_for() -> None:
    told = window_warnings(hard(-HOUR, TWO_ZONES), at("07:10"))[-1]
    assert (told.code, told.facts) == ("wait-until", {"time": "08:05", "until": "08:27", "date": "2026-11-12"})


def test_a_minute_near_a_half_hour_waits_some_minutes_also_at_night() -> None:
    told = window_warnings(soft(MINUTE), at("22:31"))[-1]
    assert told.facts == {"time": "22:35", "until": "22:56", "date": "2026-11-12"}


def test_a_clock_that_is_days_off_need_not_wait_for_anything() -> None:
    assert good_window(hard(49 * HOUR), at("12:10")) is None
    assert window_warnings(hard(49 * HOUR), at("12:10"))[-1].code == "no-good-moment"


def test_every_edge_has_a_code_that_a_second_plan_is_compared_by() -> None:
    seen = {edge.code for case in CASES for edge in edges(case.correction, case.local)}
    assert seen == set(EDGES)


def test_days_of_collection_alone_are_no_reason_to_wait() -> None:
    assert [each.code for each in window_warnings(hard(HOUR), at("12:10", day=24))] == ["collection-days"]


_minutes = st.lists(st.integers(1, 1439), max_size=5, unique=True).map(sorted)
_programs = _minutes.map(
    lambda minutes: DayProgram.of([(0, 1), *((each, i % 3 + 1) for i, each in enumerate(minutes, 1))])
)


@given(
    program=_programs,
    error=st.timedeltas(min_value=-2 * HOUR, max_value=2 * HOUR),
    local=st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2026, 12, 31)),
)
def test_what_is_proposed_touches_nothing_and_nothing_that_day_before_it_did(
    program: DayProgram, error: timedelta, local: datetime
) -> None:
    correction = hard(error, YearSchedule.every_day(program))
    found = good_window(correction, local)
    first, last = found or (local + timedelta(days=1), local)
    mark = local.replace(minute=local.minute // 5 * 5, second=0, microsecond=0) + 5 * MINUTE
    while mark < first and mark.date() == local.date():
        assert window_warnings(correction, mark) != ()
        mark += 5 * MINUTE
    assert found is None or local <= first <= last
    while first <= last:
        assert window_warnings(correction, first) == ()
        first += MINUTE


@given(
    program=_programs,
    error=st.integers(-180, 180).map(lambda minutes: minutes * MINUTE),
    minute=st.integers(0, 1439),
)
def test_a_zone_edge_is_told_exactly_where_the_meter_goes_into_another_tariff(
    program: DayProgram, error: timedelta, minute: int
) -> None:
    schedule = YearSchedule.every_day(program)
    new = at("00:00") + minute * MINUTE
    told = [edge.facts for edge in edges(hard(error, schedule), new) if edge.code == "edge-zone"]
    before, after = schedule.tariff_at(new + error), schedule.tariff_at(new)
    assert bool(told) == (before != after)
    for facts in told:
        assert facts["old"] != facts["new"]
        assert facts["time"] in str(program)
