"""What is done about a clock: nothing, a soft correction or a hard set, and what the order must say for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from meterlink.driver import SoftCorrection
from meterlink.errors import (
    ClockFarOffError,
    ClockReasonMissingError,
    ClockUnknownError,
    PlanError,
    TimeSourceUnknownError,
)
from meterlink.model import ClockReading
from meterlink.visit.clock_policy import Correct, Decision, Leave, decide
from meterlink.visit.plan import ClockMethod, TimeSource
from tests.visit.made_up import HOUR, clock, off

FOUR_MINUTES = SoftCorrection(limit=timedelta(minutes=4))
SECOND = timedelta(seconds=1)


def policy(
    reading: ClockReading,
    soft: SoftCorrection | None = None,
    reason: str | None = "set in 2011",
    allow_over_24h: bool = False,
    time_source: TimeSource = TimeSource.SYSTEM,
) -> Decision:
    return decide(reading, soft=soft, reason=reason, allow_over_24h=allow_over_24h, time_source=time_source)


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    reading: ClockReading
    soft: SoftCorrection | None = None
    method: ClockMethod | None = None
    error: timedelta


CASES = [
    Case(name="right to the second", reading=off(0 * SECOND), error=0 * SECOND),
    Case(name="four seconds ahead", reading=off(4 * SECOND), error=4 * SECOND),
    Case(name="five seconds behind, no soft way", reading=off(-5 * SECOND), error=-5 * SECOND, method=ClockMethod.HARD),
    Case(name="five seconds", reading=off(5 * SECOND), soft=FOUR_MINUTES, error=5 * SECOND, method=ClockMethod.SOFT),
    Case(
        name="at the soft limit",
        reading=off(timedelta(minutes=-4)),
        soft=FOUR_MINUTES,
        error=timedelta(minutes=-4),
        method=ClockMethod.SOFT,
    ),
    Case(
        name="a second above the soft limit",
        reading=off(timedelta(minutes=4, seconds=1)),
        soft=FOUR_MINUTES,
        error=timedelta(minutes=4, seconds=1),
        method=ClockMethod.HARD,
    ),
    Case(name="an hour ahead exactly", reading=off(HOUR), soft=FOUR_MINUTES, error=HOUR, method=ClockMethod.HARD),
    Case(name="an hour behind exactly", reading=off(-HOUR), error=-HOUR, method=ClockMethod.HARD),
    Case(
        name="23:59:58 against 00:00:02 of the next day",
        reading=clock(datetime(2025, 12, 31, 23, 59, 58), datetime(2026, 1, 1, 0, 0, 2)),
        error=-4 * SECOND,
    ),
    Case(
        name="the same minutes and seconds of another hour",
        reading=clock(datetime(2025, 7, 21, 15, 5, 9), datetime(2025, 7, 21, 14, 5, 9)),
        error=HOUR,
        method=ClockMethod.HARD,
    ),
    Case(
        name="a slow line cannot tell six seconds",
        reading=replace(off(6 * SECOND), uncertainty=timedelta(seconds=8)),
        error=6 * SECOND,
    ),
    Case(
        name="twenty-four hours to the second",
        reading=off(-24 * HOUR),
        error=-24 * HOUR,
        method=ClockMethod.HARD,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_clock_is_left_run_or_set(case: Case) -> None:
    decision = policy(case.reading, case.soft)
    found = decision.what
    assert found is not None
    assert decision.unmet == ()
    assert (found.step.error if isinstance(found, Correct) else found.error) == case.error
    assert (found.step.method if isinstance(found, Correct) else None) == case.method


# --- what the order must say ----------------------------------------------------------------------------------------

RESET = clock(datetime(2000, 1, 3, 4, 15), datetime(2025, 7, 21, 14, 5))


@dataclass(frozen=True, kw_only=True)
class Refusal:
    name: str
    decision: Decision
    unmet: tuple[type[PlanError], ...]


REFUSALS = [
    Refusal(name="no reason", decision=policy(off(HOUR), reason=None), unmet=(ClockReasonMissingError,)),
    Refusal(name="a blank reason", decision=policy(off(HOUR), reason=" \n"), unmet=(ClockReasonMissingError,)),
    Refusal(
        name="nobody vouches for the computer",
        decision=policy(off(HOUR), time_source=TimeSource.UNKNOWN),
        unmet=(TimeSourceUnknownError,),
    ),
    Refusal(name="the year 2000", decision=policy(RESET), unmet=(ClockFarOffError,)),
    Refusal(
        name="a second above a day",
        decision=policy(off(-(24 * HOUR + SECOND))),
        unmet=(ClockFarOffError,),
    ),
    Refusal(
        name="everything at once",
        decision=policy(RESET, reason=None, time_source=TimeSource.UNKNOWN),
        unmet=(ClockFarOffError, ClockReasonMissingError, TimeSourceUnknownError),
    ),
    Refusal(
        name="no zone",
        decision=policy(replace(off(HOUR), error=None)),
        unmet=(ClockUnknownError,),
    ),
]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_what_is_missing_is_listed(case: Refusal) -> None:
    assert tuple(type(error) for error in case.decision.unmet) == case.unmet
    assert {error.exit_code for error in case.decision.unmet} == {8}
    assert all(error.hint for error in case.decision.unmet)


def test_a_refused_hard_set_still_tells_what_would_be_done() -> None:
    found = policy(off(HOUR), reason=None).what
    assert isinstance(found, Correct)
    assert (found.step.method, found.step.error) == (ClockMethod.HARD, HOUR)


def test_the_year_2000_is_set_where_the_order_says_so_and_points_to_the_battery_where_not() -> None:
    allowed = policy(RESET, allow_over_24h=True)
    assert isinstance(allowed.what, Correct)
    assert allowed.unmet == ()
    (refused,) = policy(RESET).unmet
    assert "more than 24 hours" in str(refused)
    assert refused.hint.startswith("Look at the battery first")


def test_a_soft_correction_needs_no_reason_and_no_confirmed_time() -> None:
    decision = policy(off(30 * SECOND), soft=FOUR_MINUTES, reason=None, time_source=TimeSource.UNKNOWN)
    assert decision.unmet == ()


def test_the_reason_goes_into_the_step() -> None:
    found = policy(off(HOUR), reason=" set in 2011 ").what
    assert isinstance(found, Correct)
    assert found.step.reason == "set in 2011"


@given(
    error=st.timedeltas(min_value=-30 * HOUR, max_value=30 * HOUR),
    soft=st.none() | st.builds(SoftCorrection, limit=st.timedeltas(min_value=10 * SECOND, max_value=HOUR)),
    reason=st.none() | st.just("because"),
    allowed=st.booleans(),
    source=st.sampled_from(TimeSource),
)
def test_ahead_and_behind_are_treated_alike_and_no_need_comes_without_a_hard_set(
    error: timedelta, soft: SoftCorrection | None, reason: str | None, allowed: bool, source: TimeSource
) -> None:
    decision, mirrored = (policy(off(way * error), soft, reason, allowed, source) for way in (1, -1))
    assert [type(each) for each in decision.unmet] == [type(each) for each in mirrored.unmet]
    match decision.what:
        case Leave():
            assert abs(error) < 5 * SECOND
            assert decision.unmet == ()
        case Correct(step=step) if step.method is ClockMethod.SOFT:
            assert soft is not None
            assert abs(error) <= soft.limit
            assert decision.unmet == ()
        case Correct(step=step):
            assert soft is None or abs(error) > soft.limit
            complete = reason is not None and source is not TimeSource.UNKNOWN
            assert (not decision.unmet) == (complete and (allowed or abs(error) <= 24 * HOUR))
        case None:
            pytest.fail("there is an error, so there is a decision")
