"""The clock of a meter is set to the second, and summer time is switched: the driver against the simulator."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from meterlink.driver import SetDst, Written
from meterlink.errors import LocalProtocolError, MissedInstantError, NoAnswerError, NotSupportedError, WireError
from meterlink.flow import Announcement, Outcome
from meterlink.testing import START, Delivery
from meterlink_mercury200 import DRIVER, messages as m
from meterlink_mercury200.calendar import TimeDate
from tests.drivers.mercury200.struck import Blow
from tests.drivers.mercury200.writing_bench import CLOCK, FRESH, OLD, Bench, pass_time

# --- the clock --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("baud", [9600, 600])
@pytest.mark.parametrize("how", Delivery)
def test_a_clock_shows_the_second_at_which_it_was_to_be_set(how: Delivery, baud: int) -> None:
    profile = replace(OLD.profile, line=replace(OLD.profile.line, baud=baud))
    target = replace(OLD, profile=profile)
    bench = Bench(target, state=replace(FRESH, clock_error=timedelta(days=-3, seconds=17)), how=how)
    at = START + 5
    written = bench.talk.run(DRIVER.set_clock(target, "set clock", datetime(2025, 7, 21, 14, 5, 14), at, CLOCK))
    assert written == Written(found={})
    late = bench.meter.memory.clock.local(at) - datetime(2025, 7, 21, 14, 5, 14)
    assert abs(late) < timedelta(milliseconds=2)
    [announcement, outcome] = bench.journal.entries
    assert isinstance(announcement, Announcement)
    assert announcement.changes == (CLOCK,)
    assert isinstance(outcome, Outcome)
    assert outcome.fate.value == "answered"


@pytest.mark.parametrize("blow", [Blow.LOST_REPLY, Blow.LOST_REQUEST, Blow.LATE, Blow.DAMAGED, Blow.FOREIGN, Blow.CUT])
def test_a_clock_whose_answer_is_lost_is_left_to_whoever_reads_it(blow: Blow) -> None:
    bench = Bench(blow=blow, state=replace(FRESH, clock_error=timedelta(hours=1)))
    written = bench.talk.run(DRIVER.set_clock(OLD, "set clock", datetime(2025, 7, 21, 14, 5, 12), START + 3, CLOCK))
    assert written.found == {}
    assert isinstance(written.failure, NoAnswerError | WireError)
    assert len(bench.wire.writes) == 1
    error = bench.talk.run(DRIVER.read_clock(OLD)).local - datetime.fromtimestamp(
        bench.talk.now() + 3 * 3600, UTC
    ).replace(tzinfo=None)
    assert (abs(error) < timedelta(seconds=2)) == (blow is not Blow.LOST_REQUEST)


def test_a_moment_that_has_passed_is_missed_and_nothing_leaves() -> None:
    bench = Bench()
    with pytest.raises(MissedInstantError):
        bench.talk.run(DRIVER.set_clock(OLD, "set clock", datetime(2025, 7, 21, 14, 5, 9), START - 0.2, CLOCK))
    assert bench.wire.writes == []
    assert bench.journal.fates() == ["not-sent"]


@pytest.mark.parametrize(
    "local",
    [datetime(2025, 7, 21, 14, 5, 9, 500_000), datetime(2025, 7, 21, 14, 5, 9, tzinfo=UTC), datetime(1970, 1, 1)],
)
def test_a_time_that_two_digits_and_whole_seconds_cannot_hold_is_never_announced(local: datetime) -> None:
    bench = Bench()
    with pytest.raises(LocalProtocolError, match="whole second"):
        bench.talk.run(DRIVER.set_clock(OLD, "set clock", local, START + 1, CLOCK))
    assert bench.journal.entries == []


@pytest.mark.parametrize(
    ("local", "weekday"),
    [(datetime(2024, 2, 29, 23, 59, 59), 4), (datetime(2025, 1, 5), 0), (datetime(2089, 12, 31, 12), 6)],
)
def test_the_weekday_goes_with_the_date(local: datetime, weekday: int) -> None:
    bench = Bench()
    bench.talk.run(DRIVER.set_clock(OLD, "set clock", local, START + 1, CLOCK))
    [frame] = bench.wire.writes
    assert m.decode_call(frame).asked == TimeDate(weekday, local)


def test_there_is_no_soft_correction() -> None:
    assert DRIVER.soft_correction(OLD.profile) is None
    with pytest.raises(NotSupportedError, match="the whole time only"):
        Bench().talk.run(DRIVER.shift_clock(OLD, "shift clock", timedelta(seconds=5), CLOCK))


# --- DST --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("enabled", "jumps"), [(False, 0), (True, 2)], ids=["off", "on"])
def test_a_year_passes_after_the_flag_was_written(enabled: bool, jumps: int) -> None:
    """Two jumps a year with the flag on, none with it off."""
    bench = Bench(state=replace(FRESH, dst_enabled=not enabled))
    assert bench.apply(SetDst(enabled=enabled)).failure is None
    offsets = []
    for _ in range(370):
        time = bench.talk.run(DRIVER.read_clock(OLD))
        offsets.append(round((time.local - time.answered_at.replace(tzinfo=None)).total_seconds() / 60))
        bench.talk.run(pass_time(86_400))
    assert sum(one != other for one, other in pairwise(offsets)) == jumps
