"""What guards the one frame that sets a clock: a second that is missed, a clock that moved since the plan was made."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meterlink.driver import SoftCorrection, Target, Written
from meterlink.errors import MeterlinkError, MissedInstantError, NoAnswerError, ReadBackError, RefusedError
from meterlink.flow import Change, Pause
from meterlink.profiles import Profile
from meterlink.visit.carrying import Result, StepResult
from meterlink_mercury200 import messages as m
from meterlink_mercury200.driver import Mercury200
from meterlink_mercury200.sim import SimulatedMercury200
from tests.visit.dead_clock import Flickering
from tests.visit.visits import REASON, YES, Visit, Visits, make_meter, order_of, spied

CLOCK = order_of(("clock",), REASON)
FORCED = order_of(("clock",), f"{REASON}\nallow_over_24h = true")
HOUR_S = 3600.0
MOSCOW = timedelta(hours=3)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[[Visit, Sequence[float]], None]:
    """A disk that takes so long for each announcement, one after another, and no time for those behind them."""

    return lambda visit, delays_s: visit.slow_disk(monkeypatch, delays_s)


def carried_out(visit: Visit, meanwhile: Callable[[], None] = lambda: None) -> StepResult:
    """The one step of the plan; `meanwhile` happens between the plan and the writing."""
    before = visit.begin()
    plan = visit.session.plan(before)
    meanwhile()
    (result,) = visit.session.carry_out(plan, YES)
    return result


def off_s(meter: SimulatedMercury200, visit: Visit) -> float:
    now = visit.talk.now()
    true = datetime.fromtimestamp(now, UTC).replace(tzinfo=None) + MOSCOW
    return (meter.memory.clock.local(now) - true).total_seconds()


def set_off(meter: SimulatedMercury200, visit: Visit, error: timedelta) -> None:
    """Somebody else puts the meter's clock so far from the true time."""
    now = visit.talk.now()
    meter.memory.clock.set(datetime.fromtimestamp(now, UTC).replace(tzinfo=None) + MOSCOW + error, now)


# --- a disk that is slow --------------------------------------------------------------------------------------------


def test_a_slow_disk_gets_twice_the_time_at_each_try(
    visits: Visits, slow: Callable[[Visit, Sequence[float]], None]
) -> None:
    """A lead of 1 s reaches at most 2 s ahead, one of 2 s at most 3 s; only the third can bear 3.5 s."""
    meter = make_meter(clock_error_s=HOUR_S)
    visit, spy = spied(visits, meter, CLOCK)
    slow(visit, [3.5, 3.5, 3.5])
    result = carried_out(visit)
    assert (result.result, result.error) == (Result.VERIFIED, None)
    assert [frame[4] for frame in spy.writes] == [m.SET_CLOCK.code], "what missed its second did not leave"
    assert len(visits.records("intent")) == 3
    assert [record["d"]["result"] for record in visits.records("outcome")][:3] == ["not-sent", "not-sent", "ok"]
    assert abs(off_s(meter, visit)) < 1


def test_a_disk_that_is_too_slow_leaves_the_clock_as_it_is(
    visits: Visits, slow: Callable[[Visit, Sequence[float]], None]
) -> None:
    meter = make_meter(clock_error_s=HOUR_S)
    visit, spy = spied(visits, meter, CLOCK)
    slow(visit, [9.0, 9.0, 9.0])
    result = carried_out(visit)
    assert (result.result, result.detail) == (
        Result.NOT_SENT,
        "the disk was too slow to announce the frame in time",
    )
    assert isinstance(result.error, MissedInstantError)
    assert spy.writes == []
    assert off_s(meter, visit) == pytest.approx(HOUR_S, abs=1)
    assert visit.log.doubts == [], "a frame that never left is not in doubt"


def test_a_clock_that_comes_right_while_the_disk_is_slow_is_not_set(
    visits: Visits, slow: Callable[[Visit, Sequence[float]], None]
) -> None:
    """The meter is read anew behind each second that was missed."""
    meter = make_meter(clock_error_s=HOUR_S)
    visit, spy = spied(visits, meter, CLOCK)
    slow(visit, [9.0])
    read: list[bytes] = []

    def correct(frame: bytes, now: float) -> None:
        read.extend([frame] if frame[4] == m.READ_CLOCK.code else [])
        if len(read) == 3:  # of the plan, of the first try, and this
            set_off(meter, visit, timedelta())

    spy.first = correct
    result = carried_out(visit)
    assert (result.result, result.detail) == (Result.VERIFIED, "the clock was right by itself; nothing was set")
    assert spy.writes == []


# --- a clock that moved since the plan ------------------------------------------------------------------------------


def test_a_clock_that_was_put_right_since_the_plan_is_left_alone(visits: Visits) -> None:
    meter = make_meter(clock_error_s=HOUR_S)
    visit, spy = spied(visits, meter, CLOCK)
    result = carried_out(visit, lambda: set_off(meter, visit, timedelta(seconds=1)))
    assert (result.result, result.detail) == (Result.VERIFIED, "the clock was right by itself; nothing was set")
    assert spy.writes == []
    assert visits.records("intent") == []


@pytest.mark.parametrize("error", [timedelta(days=2), timedelta(days=-2)], ids=["ahead", "behind"])
def test_a_clock_that_is_more_than_a_day_off_since_the_plan_is_not_set(visits: Visits, error: timedelta) -> None:
    meter = make_meter(clock_error_s=HOUR_S)
    visit, spy = spied(visits, meter, CLOCK)
    result = carried_out(visit, lambda: set_off(meter, visit, error))
    assert (result.result, result.detail) == (
        Result.DIFFERS,
        "at most 1 d 0 h 00 min 00 s ahead or behind: the order does not allow more",
    )
    assert isinstance(result.error, ReadBackError)
    assert "true time" in str(result.error)
    assert spy.writes == []
    assert visits.records("intent") == []
    assert off_s(meter, visit) == pytest.approx(error.total_seconds(), abs=1)


def test_an_order_that_allows_more_sets_it_all_the_same(visits: Visits) -> None:
    meter = make_meter(clock_error_s=HOUR_S)
    visit = visits.at(meter, FORCED)
    result = carried_out(visit, lambda: set_off(meter, visit, timedelta(days=2)))
    assert result.result is Result.VERIFIED
    assert abs(off_s(meter, visit)) < 1


# --- a clock that shows no time -------------------------------------------------------------------------------------


def test_a_clock_that_shows_no_time_at_the_end_is_told_as_that(
    visits: Visits, slow: Callable[[Visit, Sequence[float]], None]
) -> None:
    visit = visits.at(make_meter(clock_error_s=HOUR_S), FORCED, wire=Flickering)
    slow(visit, [0.0, 9.0, 9.0])
    result = carried_out(visit)
    assert (result.result, result.found) == (Result.DIFFERS, "no time at all")
    assert isinstance(result.error, ReadBackError)
    assert "no time at all" in str(result.error)


# --- a correction that the meter does not make ----------------------------------------------------------------------


@dataclass
class Soft(Mercury200):
    """A family whose clock runs into the right time, and what becomes of that: `failure`, and whether it is done."""

    failures: list[MeterlinkError | None]
    correct: Callable[[], None] = lambda: None
    asked: int = 0

    def soft_correction(self, profile: Profile) -> SoftCorrection | None:
        return SoftCorrection(limit=timedelta(seconds=120))

    def shift_clock(
        self, target: Target, operation: str, by: timedelta, change: Change
    ) -> Generator[Any, Any, Written]:
        yield Pause(0.1)
        self.asked += 1
        failure = self.failures.pop(0)
        if not isinstance(failure, RefusedError):
            self.correct()
        return Written(found={}, failure=failure)


def softly(visits: Visits, *failures: MeterlinkError | None, done_at: int = 1) -> tuple[StepResult, Soft]:
    """A clock 60 s ahead; the correction is done with the try of this number, from 1."""
    meter = make_meter(clock_error_s=60)
    visit = visits.at(meter, CLOCK)
    driver = Soft(failures=list(failures))

    def correct() -> None:
        if driver.asked == done_at:
            set_off(meter, visit, timedelta())

    driver.correct = correct
    visit.session.site = replace(visit.session.site, driver=driver)
    return carried_out(visit), driver


LOST = NoAnswerError(address="1", port="memory", request="correct the clock", tries=1, heard="")


def test_a_soft_correction_that_is_refused_is_no_correction(visits: Visits) -> None:
    refused = RefusedError(request="correct the clock", code="4", why="it was corrected today")
    result, driver = softly(visits, refused)
    assert (result.result, result.error) == (Result.REFUSED, refused)
    assert "it was corrected today" in str(result.detail)
    assert driver.asked == 1, "a refusal is not tried again"


@pytest.mark.parametrize(("done_at", "asked"), [(1, 1), (2, 2)])
def test_a_soft_correction_whose_answer_was_lost_is_looked_for_in_the_clock(
    visits: Visits, done_at: int, asked: int
) -> None:
    result, driver = softly(visits, LOST, None, done_at=done_at)
    assert (result.result, driver.asked) == (Result.VERIFIED, asked)
