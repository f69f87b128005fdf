"""Whole visits that set a clock, and those that must not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from meterlink.errors import (
    ClockFarOffError,
    ClockReasonMissingError,
    MeterlinkError,
    StaleClockError,
    TimeSourceUnknownError,
)
from meterlink.testing import START
from meterlink.visit.plan import TimeSource
from meterlink_mercury200 import messages as m
from tests.visit.visits import REASON, Visits, clock_error_s, make_meter, order_of, spied

HOUR_S = 3600.0
CLOCK = order_of(("clock",), REASON)


@pytest.mark.parametrize("error_s", [HOUR_S, -HOUR_S, 6.0, -6.0, 86_399.0], ids=str)
def test_a_wrong_clock_is_set_right(visits: Visits, error_s: float) -> None:
    visit, spy = spied(visits, make_meter(clock_error_s=error_s), CLOCK)
    ended = visit.carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert abs(clock_error_s(ended)) < 1
    assert [frame[4] for frame in spy.writes] == [m.SET_CLOCK.code]
    assert float(visits.act()["clock"]["before"]["error_s"]) == pytest.approx(error_s, abs=1)


TO_2000_S = (datetime(2000, 1, 1, 0, 17, 3, tzinfo=UTC) - datetime.fromtimestamp(START, UTC)).total_seconds()
"""A clock that lost its battery."""


@pytest.mark.parametrize("error_s", [TO_2000_S, 86_402.0, -86_402.0], ids=["year 2000", "a day ahead", "a day behind"])
def test_more_than_a_day_is_refused_unless_the_order_allows_it(visits: Visits, error_s: float) -> None:
    meter = make_meter(clock_error_s=error_s, dst=False)
    visit, spy = spied(visits, meter, CLOCK)
    before = visit.begin()
    with pytest.raises(ClockFarOffError) as refused:
        visit.session.plan(before)
    visit.session.cancel(before, str(refused.value))
    visit.leave()
    assert spy.writes == []
    assert visits.records("work.close")[0]["d"]["result"] == "cancelled"
    allowed = order_of(("clock",), f"{REASON}\nallow_over_24h = true")
    ended = visits.at(meter, allowed).carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert abs(clock_error_s(ended)) < 1


MIDNIGHT = datetime(2025, 7, 21, 21, 0, 0, tzinfo=UTC).timestamp()
"""Of Tuesday in Moscow."""


def test_two_seconds_around_midnight_are_no_day(visits: Visits) -> None:
    meter = make_meter(clock_error_s=-4, dst=False, started_at=MIDNIGHT - 10)
    visit, spy = spied(visits, meter, CLOCK, starts_at=MIDNIGHT + 1.2)
    ended = visit.carry_out()
    assert visit.plan is not None
    clock = visit.plan.before.clock
    assert clock is not None
    assert (clock.meter.day, clock.reference.day) == (21, 22), "the meter is a date behind"
    assert (ended.result, spy.writes) == ("nothing", [])


def test_a_clock_is_set_across_midnight(visits: Visits) -> None:
    meter = make_meter(clock_error_s=40, dst=False, started_at=MIDNIGHT - 60)
    ended = visits.at(meter, CLOCK, starts_at=MIDNIGHT - 30).carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert abs(clock_error_s(ended)) < 1


def test_a_clock_is_set_to_the_time_of_the_place_and_not_of_the_computer(visits: Visits) -> None:
    meter = make_meter(clock_error_s=0, dst=False)
    visit = visits.at(meter, order_of(("clock",), REASON, tz="Asia/Vladivostok"))
    ended = visit.carry_out()
    assert ended.result == "done"
    assert abs(clock_error_s(ended)) < 1
    now = visit.talk.now()
    ahead = meter.memory.clock.local(now) - datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
    assert ahead.total_seconds() / HOUR_S == pytest.approx(10, abs=0.001)


@pytest.mark.parametrize(
    ("order", "time_source", "refusal"),
    [
        (CLOCK, TimeSource.UNKNOWN, TimeSourceUnknownError),
        (order_of(("clock",), ""), TimeSource.CONFIRMED, ClockReasonMissingError),
    ],
    ids=["nobody vouches for this computer", "the order gives no reason"],
)
def test_a_hard_set_is_refused(
    visits: Visits, order: Any, time_source: TimeSource, refusal: type[MeterlinkError]
) -> None:
    visit, spy = spied(visits, make_meter(), order, time_source=time_source)
    before = visit.begin()
    with pytest.raises(refusal):
        visit.session.plan(before)
    assert spy.writes == []


def test_a_computer_that_slept_sets_no_clock(visits: Visits) -> None:
    visit, spy = spied(visits, make_meter(), CLOCK)
    talk = visit.session.site.talk
    visit.session.site = replace(visit.session.site, wall=lambda: talk.now() + 10)
    with pytest.raises(StaleClockError):
        visit.carry_out()
    assert spy.writes == []
