"""The clock: set at once with its season, corrected softly within its limits, and when it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from meterlink.driver import Written
from meterlink.errors import (
    AddressError,
    LocalProtocolError,
    NoAnswerError,
    NoPasswordError,
    NotSupportedError,
    RefusedError,
    WrongPasswordError,
)
from meterlink.flow import Change, Fate
from meterlink.sim.state import SimState
from meterlink.testing import START
from meterlink_micron import DRIVER
from meterlink_micron.clock import SUMMER, WINTER, SwitchMoment
from meterlink_micron.clock_writing import NotNowError, season_on
from meterlink_micron.errors import (
    CorrectedTodayError,
    LevelTooLowError,
    RepeatWantedError,
    TaskRunsError,
    UnknownCommandError,
)
from meterlink_micron.sim import Behaviour
from meterlink_micron.sim_memory import Memory
from tests.drivers.micron.scene import ADDRESS, Scene, target_of
from tests.drivers.struck import Blow

CHANGE = Change(parameter="clock", old=None, new="")
HOUR = timedelta(hours=1)
TRUE = datetime(2025, 7, 21, 14, 5, 9)
"""What the right clock of the place shows at START."""


def state_of(error: timedelta = timedelta(), *, dst: bool = False, at: datetime = TRUE) -> SimState:
    """A meter whose clock is so far ahead; `at` is the right local time when virtual time begins."""
    begins = START + (at - TRUE).total_seconds()
    return SimState(started_at=begins, address=ADDRESS, clock_error=error, dst_enabled=dst)


def true_at(scene: Scene) -> datetime:
    return TRUE + timedelta(seconds=scene.port.now() - START)


def off_s(scene: Scene) -> float:
    now = scene.port.now()
    scene.meter.memory.advance(now)
    return (scene.meter.memory.clock.local(now) - true_at(scene)).total_seconds()


def set_right(scene: Scene, lead_s: float = 1.0) -> Written:
    at = int(scene.port.now() + lead_s) + 1
    local = TRUE + timedelta(seconds=at - START)
    written: Written = scene.run(DRIVER.set_clock(scene.target, "work", local, float(at), CHANGE))
    return written


def shift(scene: Scene, seconds: float) -> Written:
    by = timedelta(seconds=seconds)
    written: Written = scene.run(DRIVER.shift_clock(scene.target, "work", by, CHANGE))
    return written


# --- at once ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [HOUR, -HOUR, timedelta(days=4000), timedelta(seconds=-7)])
@pytest.mark.parametrize("lead_s", [0.0, 1.0, 50.0])
def test_the_clock_is_set_to_the_second(error: timedelta, lead_s: float) -> None:
    scene = Scene(state=state_of(error))
    assert set_right(scene, lead_s).failure is None
    assert abs(off_s(scene)) < 0.1
    assert scene.book.fates == [Fate.ANSWERED]


def test_the_frame_is_that_of_the_makers_text() -> None:
    """`03 0C 00 33 11 01 13 09 99 00` sets 13.09.1999 11:33:00, a Monday, summer."""
    scene = Scene(state=replace(state_of(at=datetime(2025, 7, 21, 11, 32, 57), dst=True), address="5"))
    at = scene.port.now() + 3.0
    scene.run(DRIVER.set_clock(scene.target, "work", datetime(1999, 9, 13, 11, 33), at, CHANGE))
    assert scene.wire.writes == [bytes.fromhex("05 03 0C 00 33 11 01 13 09 99 00 31 73")]
    (announced,) = scene.book.announced
    assert announced.changes[0].new == "1999-09-13T11:33:00"


@pytest.mark.parametrize(("dst", "month", "season"), [(False, 7, 1), (True, 7, 0), (True, 1, 1)])
def test_the_season_goes_with_the_meters_own_rule(dst: bool, month: int, season: int) -> None:
    """Where the automatic switch is forbidden it is winter, all the year."""
    scene = Scene(state=state_of(HOUR, dst=dst, at=datetime(2025, month, 21, 14, 5, 9)))
    assert set_right(scene).failure is None
    assert scene.done[-1][-1] == season
    assert abs(off_s(scene)) < 0.1


@pytest.mark.parametrize(
    ("local", "season"),
    [
        (datetime(2025, 3, 30, 1, 59, 59), WINTER),
        (datetime(2025, 3, 30, 2, 0), SUMMER),
        (datetime(2025, 10, 26, 2, 59, 59), SUMMER),
        (datetime(2025, 10, 26, 3, 0), WINTER),
        (datetime(2026, 3, 29, 2, 0), SUMMER),
        (datetime(2026, 1, 1), WINTER),
    ],
)
def test_the_last_sundays_of_march_and_october(local: datetime, season: int) -> None:
    march, october = SwitchMoment(2, 7, 3), SwitchMoment(3, 7, 10)
    assert season_on(local, march, october) == season
    assert season_on(local, october, march) == 1 - season


@pytest.mark.parametrize(
    "local", [datetime(2025, 1, 1, 0, 0, 0, 5), datetime(1989, 1, 1), datetime(2090, 1, 1), TRUE.astimezone()]
)
def test_what_no_two_digits_tell_is_not_sent(local: datetime) -> None:
    scene = Scene()
    with pytest.raises(LocalProtocolError):
        scene.run(DRIVER.set_clock(scene.target, "work", local, START + 5, CHANGE))
    assert scene.wire.reads == []


@pytest.mark.parametrize("blow", [Blow.LOST_REPLY, Blow.LOST_REQUEST, Blow.DAMAGED])
def test_a_lost_answer_is_left_to_whoever_reads_the_clock(blow: Blow) -> None:
    scene = Scene(state=state_of(HOUR), blow=blow)
    assert set_right(scene).failure is not None
    assert len(scene.sent) == 1, "it is not sent again"
    assert (abs(off_s(scene)) < 0.1) == (blow is not Blow.LOST_REQUEST)


@pytest.mark.parametrize(
    ("behaviour", "password", "error"),
    [
        (Behaviour(), b"111111", WrongPasswordError),
        (Behaviour(passwords=(b"000000", b"222222")), b"000000", LevelTooLowError),
        (Behaviour(refuses={b"\x03\x0c": 1}), b"000000", UnknownCommandError),
    ],
)
def test_who_may_not_set_it_is_told(behaviour: Behaviour, password: bytes, error: type[RefusedError]) -> None:
    scene = Scene(state=state_of(HOUR), behaviour=behaviour, password=password)
    assert isinstance(set_right(scene).failure, error)
    assert off_s(scene) == pytest.approx(3600, abs=0.1)


# --- softly -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [120, 30, 2, -2, -30, -120])
def test_a_soft_correction_moves_the_clock_and_waits_until_it_is_done(seconds: int) -> None:
    scene = Scene(state=state_of(timedelta(seconds=-seconds), at=datetime(2025, 7, 21, 14, 30)))
    assert shift(scene, seconds).failure is None
    assert abs(off_s(scene)) < 0.1
    assert scene.done == [b"\x03\x0b" + seconds.to_bytes(2, "big", signed=True)]
    assert scene.meter.memory.clock.running


def test_a_model_that_knows_only_times_of_day_gets_one() -> None:
    scene = Scene("set-4tm.02", state=state_of(timedelta(seconds=-30), at=datetime(2025, 7, 21, 14, 30)))
    assert shift(scene, 30).failure is None
    assert scene.done[0][:2] == b"\x03\x0d"
    assert abs(off_s(scene)) < 1


@pytest.mark.parametrize(
    ("at", "seconds", "when"),
    [
        (datetime(2025, 7, 21, 14, 58, 50), 100, "15:00:00"),
        (datetime(2025, 7, 21, 14, 1, 0), -90, "14:01:30"),
        (datetime(2025, 7, 21, 14, 59, 58), 1, "15:00:00"),
        (datetime(2025, 7, 21, 23, 59, 0), 90, "00:00:00"),
        (datetime(2025, 7, 21, 13, 59, 59), -60, "14:01:00"),
    ],
)
def test_a_correction_over_the_hour_is_not_sent_and_says_when_it_would_work(
    at: datetime, seconds: int, when: str
) -> None:
    scene = Scene(state=state_of(at=at))
    failure = shift(scene, seconds).failure
    assert isinstance(failure, NotNowError)
    assert f"from {when} on" in str(failure)
    assert scene.wire.writes == []
    assert scene.book.entries == []


@pytest.mark.parametrize("seconds", [100, -90])
def test_at_the_time_that_is_named_it_works(seconds: int) -> None:
    scene = Scene(state=state_of(at=datetime(2025, 7, 21, 14, 58, 50) if seconds > 0 else datetime(2025, 7, 21, 14, 1)))
    assert isinstance(shift(scene, seconds).failure, NotNowError)
    scene.port.read(scene.port.now() + (70 if seconds > 0 else 31))
    assert shift(scene, seconds).failure is None


def test_a_second_correction_on_one_day_is_refused_and_the_third_not_even_sent() -> None:
    scene = Scene(state=state_of(at=datetime(2025, 7, 21, 14, 30)))
    assert shift(scene, 10).failure is None
    assert isinstance(shift(scene, 10).failure, CorrectedTodayError)
    third = shift(scene, 10).failure
    assert isinstance(third, NotNowError)
    assert "from 00:00 on" in str(third)
    assert len(scene.sent) == 2


def test_the_next_day_it_is_sent_although_the_meter_still_says_today() -> None:
    """The state of the last try does not say of which day it is; the journal of clock changes does."""
    scene = Scene(state=state_of(at=datetime(2025, 7, 21, 14, 30)))
    shift(scene, 10)
    shift(scene, 10)
    scene.port.read(scene.port.now() + 86_400)
    assert shift(scene, 10).failure is None


def test_while_an_earlier_one_runs_nothing_is_sent() -> None:
    scene = Scene(state=state_of(at=datetime(2025, 7, 21, 14, 30)))
    scene.meter.memory.run_clock_by(-100, scene.port.now())
    failure = shift(scene, 10).failure
    assert isinstance(failure, NotNowError)
    assert "still running" in str(failure)
    assert scene.wire.writes == []


def test_a_correction_that_fails_inside_the_meter_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It took the command; what came of it only its state tells."""

    def fail(memory: Memory, seconds: int, now: float) -> None:
        memory.correction.state = 0x05

    monkeypatch.setattr(Memory, "run_clock_by", fail)
    scene = Scene(state=state_of(at=datetime(2025, 7, 21, 14, 30)))
    failure = shift(scene, 10).failure
    assert isinstance(failure, RefusedError)
    assert (failure.code, "memory does not answer" in str(failure)) == ("05h", True)
    assert scene.book.fates == [Fate.ANSWERED]


def test_a_correction_that_never_ends_is_waited_for_as_long_as_one_can_take(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(state=state_of(at=datetime(2025, 7, 21, 14, 30)))
    monkeypatch.setattr(Memory, "advance", lambda memory, now: None)
    began = scene.port.now()
    failure = shift(scene, -10).failure
    assert isinstance(failure, RefusedError)
    assert (failure.code, "running" in str(failure)) == ("01h", True)
    assert 150 <= scene.port.now() - began < 160


def test_less_than_half_a_second_is_nothing() -> None:
    scene = Scene()
    assert shift(scene, 0.4) == Written(found={})
    assert scene.wire.reads == []


@pytest.mark.parametrize("seconds", [121, -3600])
def test_more_than_two_minutes_are_refused_before_any_byte(seconds: int) -> None:
    scene = Scene()
    with pytest.raises(NotSupportedError, match="at most 120 s"):
        shift(scene, seconds)
    assert scene.wire.reads == []


@pytest.mark.parametrize(
    ("status", "error"), [(1, UnknownCommandError), (3, LevelTooLowError), (4, CorrectedTodayError), (8, TaskRunsError)]
)
def test_a_refusal_is_told_and_not_tried_again(status: int, error: type[RefusedError]) -> None:
    scene = Scene(state=state_of(at=datetime(2025, 7, 21, 14, 30)), behaviour=Behaviour(refuses={b"\x03\x0b": status}))
    assert isinstance(shift(scene, 10).failure, error)
    assert len(scene.sent) == 1
    assert scene.book.fates == [Fate.REFUSED]


@pytest.mark.parametrize(("times", "failure"), [(1, type(None)), (2, type(None)), (9, RepeatWantedError)])
def test_a_meter_that_wants_it_again_gets_it_behind_a_new_announcement(times: int, failure: type) -> None:
    scene = Scene(
        state=state_of(at=datetime(2025, 7, 21, 14, 30)), behaviour=Behaviour(asks_again={b"\x03\x0b": times})
    )
    assert isinstance(shift(scene, 10).failure, failure)
    assert len(scene.sent) == len(scene.book.announced) == min(times, 2) + 1


@pytest.mark.parametrize("blow", [Blow.LOST_REPLY, Blow.LOST_REQUEST])
def test_a_lost_answer_of_a_correction_is_not_sent_again(blow: Blow) -> None:
    scene = Scene(state=state_of(timedelta(seconds=-10), at=datetime(2025, 7, 21, 14, 30)), blow=blow)
    assert isinstance(shift(scene, 10).failure, NoAnswerError)
    assert len(scene.sent) == 1
    assert (abs(off_s(scene)) < 0.1) == (blow is Blow.LOST_REPLY)


def test_a_meter_that_cannot_tell_its_state_is_asked_all_the_same() -> None:
    scene = Scene(state=state_of(at=datetime(2025, 7, 21, 14, 30)), behaviour=Behaviour(refuses={b"\x08\x18": 1}))
    assert shift(scene, 10).failure is None


def test_the_first_level_is_enough_for_it() -> None:
    behaviour = Behaviour(passwords=(b"000000", b"222222"))
    scene = Scene(state=state_of(timedelta(seconds=-10), at=datetime(2025, 7, 21, 14, 30)), behaviour=behaviour)
    assert shift(scene, 10).failure is None
    assert abs(off_s(scene)) < 0.1


@pytest.mark.parametrize("work", [set_right, lambda scene: shift(scene, 10)])
def test_without_a_password_or_an_address_no_byte_leaves(work: Callable[[Scene], Written]) -> None:
    scene = Scene(password=None)
    with pytest.raises(NoPasswordError):
        work(scene)
    scene = Scene()
    scene.target = target_of(scene.model, "0")
    with pytest.raises(AddressError):
        work(scene)
    assert scene.wire.reads == scene.wire.writes == []
