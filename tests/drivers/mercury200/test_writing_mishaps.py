"""What stands, and what leaves no second time, when a line, a meter or the log fails in the middle of writing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from meterlink.driver import SetSchedule, Written
from meterlink.errors import (
    AuditNotWritableError,
    LineNoiseError,
    LinkLostError,
    NoAnswerError,
    NotStoredError,
    WritingClosedError,
)
from meterlink.flow import Announcement, Change, Outcome
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import Burst
from meterlink.testing import START, Transcript, dialogue
from meterlink.wire.line import Line
from meterlink_mercury200 import DRIVER, messages as m
from meterlink_mercury200.sim import Behaviour, Verdict, simulate
from meterlink_mercury200.sim_memory import EVERY_WRITE
from tests.drivers.mercury200.struck import HEARD, Blow, Struck, is_write
from tests.drivers.mercury200.writing_bench import (
    CLOCK,
    FOUR,
    FRAMES,
    FRESH,
    OLD,
    THREE,
    TWO,
    WORKED,
    Bench,
    four_changes,
    made,
    pass_time,
    stands,
)
from tests.exchange.table import Journal

# --- announcements ----------------------------------------------------------------------------------------------------


def test_without_a_gate_nothing_leaves() -> None:
    meter = simulate(OLD.profile, FRESH)
    wire = Struck(VirtualBus([meter]))
    talk = dialogue(DRIVER, OLD, wire)
    with pytest.raises(WritingClosedError):
        talk.run(DRIVER.write(OLD, "DST", (Change(parameter="DST flag", old=None, new="00"),)))
    with pytest.raises(WritingClosedError):
        talk.run(DRIVER.set_clock(OLD, "set clock", datetime(2025, 7, 21, 14, 5, 12), START + 3, CLOCK))
    assert wire.writes == wire.reads == []


def test_a_log_that_fails_in_the_middle_is_not_taken_for_a_mishap_of_the_line() -> None:
    def gate(entry: Announcement | Outcome) -> None:
        if isinstance(entry, Outcome) and entry.index == 1:
            raise AuditNotWritableError(log="bench", why="the disk is full")

    bench = Bench(gate=gate)
    changes = four_changes(bench)
    with pytest.raises(AuditNotWritableError, match="the disk is full"):
        bench.write(changes)
    assert len(bench.wire.writes) == 2


# --- mishaps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("blow", HEARD)
def test_an_answer_that_goes_wrong_is_settled_by_reading(blow: Blow, number: int) -> None:
    """The meter acted: the value stands, and no frame leaves twice."""
    bench = Bench(blow=blow, number=number)
    changes = four_changes(bench)
    assert stands(bench.write(changes), changes)
    assert len(bench.wire.writes) == len(set(bench.wire.writes)) == 4
    fates = bench.journal.fates()
    lost = {Blow.LOST_REPLY: "no-answer", Blow.LATE: "no-answer", Blow.TWICE: "answered", Blow.TWICE_LATER: "answered"}
    assert fates.pop(number) == lost.get(blow, "damaged")
    assert fates == ["answered"] * 3
    assert bench.meter.memory.writes_done == 4


@pytest.mark.parametrize("number", range(4))
def test_a_request_that_never_arrived_ends_the_series_and_is_not_sent_again(number: int) -> None:
    bench = Bench(blow=Blow.LOST_REQUEST, number=number)
    changes = four_changes(bench)
    written = bench.write(changes)
    assert isinstance(written.failure, NoAnswerError)
    assert written.failure.request in ("write tariff schedule record", "write half of the holiday table")
    want = {change.parameter: change.new for change in changes[:number]}
    assert written.found == want | {changes[number].parameter: changes[number].old}
    assert written.standing == want.keys()
    assert len(bench.wire.writes) == len(set(bench.wire.writes)) == number + 1
    assert bench.journal.fates() == ["answered"] * number + ["no-answer"] + ["not-sent"] * (3 - number)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("blow", Blow)
def test_a_reading_back_that_goes_wrong_once_is_repeated(blow: Blow, number: int) -> None:
    bench = Bench(blow=blow, number=number, read_back=True)
    changes = four_changes(bench)
    assert stands(bench.write(changes), changes)
    assert len(bench.wire.writes) == len(set(bench.wire.writes)) == 4
    assert bench.journal.fates() == ["answered"] * 4


class Deaf(Struck):
    """From the struck write on, nothing comes through."""

    def _strikes(self, write: bool) -> bool:
        self._armed = self._armed or super()._strikes(write)
        return self._armed


@pytest.mark.parametrize("blow", [Blow.LOST_REPLY, Blow.LOST_REQUEST])
def test_what_cannot_be_read_back_is_missing_among_what_was_found(blow: Blow) -> None:
    bench = Bench(blow=blow, number=2, kind=Deaf)
    changes = four_changes(bench)
    written = bench.write(changes)
    assert written.found == {change.parameter: change.new for change in changes[:2]}
    assert isinstance(written.failure, NoAnswerError)
    assert written.failure.request == "read half of the holiday table"
    assert bench.journal.fates() == ["answered", "answered", "no-answer", "not-sent"]
    assert len(bench.wire.writes) == 3


@pytest.mark.parametrize("ignored", [EVERY_WRITE, {m.SET_HOLIDAYS.code}], ids=["everything", "holidays"])
def test_a_meter_that_acknowledges_and_changes_nothing_is_found_out(ignored: Any) -> None:
    bench = Bench(behaviour=Behaviour(ignores_writes=ignored))
    changes = four_changes(bench)
    written = bench.write(changes)
    stopped = 0 if ignored is EVERY_WRITE else 2
    assert isinstance(written.failure, NotStoredError)
    assert written.failure.exit_code == 7
    assert written.found[FOUR[stopped]] == changes[stopped].old
    assert bench.journal.fates() == ["answered"] * (stopped + 1) + ["not-sent"] * (3 - stopped)
    assert bench.meter.memory.writes_done == stopped
    if stopped:
        told = "The meter at address 925646 acknowledged holidays 1, and holds no days instead of 01-01."
        assert str(written.failure) == told


def test_a_flag_that_the_meter_keeps_in_another_form_stands() -> None:
    """FFh was written, 01h is read: both are "on"."""
    _, _, write, read = FRAMES["DST on"]
    wire = Transcript([(write, made(0x05)), (read, made(0x24, b"\x01"))], WORKED.profile.line.line)
    change = Change(parameter="DST flag", old="00", new="FF")
    written = dialogue(DRIVER, WORKED, wire, gate=Journal()).run(DRIVER.write(WORKED, "DST on", (change,)))
    assert written == Written(found={"DST flag": "01"}, standing=frozenset({"DST flag"}))


def test_a_power_cut_between_two_records_leaves_the_rest_unsent_and_the_next_run_finishes() -> None:
    behaviour = Behaviour(dies_after_writes=5, loses_power_for_s=60)
    bench = Bench(state=replace(FRESH, schedule=TWO), behaviour=behaviour)
    changes = bench.changes(SetSchedule(schedule=THREE))
    assert len(changes) == 96
    written = bench.write(changes)
    assert isinstance(written.failure, NoAnswerError)
    assert written.found == {change.parameter: change.new for change in changes[:5]}
    assert bench.journal.fates() == ["answered"] * 5 + ["no-answer"] + ["not-sent"] * 90
    assert bench.meter.memory.writes_done == 5
    bench.talk.run(pass_time(120))
    left = bench.changes(SetSchedule(schedule=THREE))
    assert [change.parameter for change in left] == [change.parameter for change in changes[5:]]
    assert stands(bench.write(left), left)
    assert len(bench.left()) == 97  # the sixth alone left twice, in two announcements
    assert bench.talk.run(DRIVER.read_schedule(OLD)).schedule == THREE
    power = bench.talk.run(DRIVER.read_journal(OLD, "power", 2)).events
    assert [event.event for event in power] == ["power on", "power off"]
    assert power[0].at is not None
    assert power[1].at is not None
    assert power[0].at - power[1].at == timedelta(seconds=60)


def test_a_meter_that_never_comes_back_answers_nothing_more() -> None:
    bench = Bench(behaviour=Behaviour(dies_after_writes=1))
    written = bench.write(four_changes(bench))
    assert (list(written.found), type(written.failure)) == ([FOUR[0]], NoAnswerError)
    bench.talk.run(pass_time(86_400))
    with pytest.raises(NoAnswerError):
        bench.talk.run(DRIVER.read_energy(OLD))
    assert bench.meter.log[-1].verdict is Verdict.POWERLESS


def test_after_a_blink_of_the_mains_the_value_is_found_as_it_was() -> None:
    """Long enough to lose the write, short enough to be read afterwards."""
    bench = Bench(behaviour=Behaviour(dies_after_writes=2, loses_power_for_s=0.8))
    changes = four_changes(bench)
    written = bench.write(changes)
    assert isinstance(written.failure, NoAnswerError)
    assert list(written.found) == list(FOUR[:3])
    assert written.found[FOUR[2]] == changes[2].old
    assert written.standing == set(FOUR[:2])
    assert bench.journal.fates() == ["answered", "answered", "no-answer", "not-sent"]


def test_energy_is_not_counted_without_power() -> None:
    hour = Behaviour(dies_after_writes=0, loses_power_for_s=3600)
    bench = Bench(behaviour=hour, state=replace(FRESH, load_w=10_000))
    before = sum(value.amount for value in bench.talk.run(DRIVER.read_energy(OLD)).registers)
    bench.write((Change(parameter="DST flag", old=None, new="00"),))
    bench.talk.run(pass_time(2 * 3600))
    after = sum(value.amount for value in bench.talk.run(DRIVER.read_energy(OLD)).registers)
    assert 9 < after - before < 11


class Pulled(Struck):
    """The adapter is pulled out when the third write is to leave."""

    def receive(self, data: bytes, now: float, line: Line) -> None:
        if is_write(data) and len(self.writes) == 2:
            raise LinkLostError(port="memory", why="the device is gone")
        super().receive(data, now, line)


def test_a_port_that_is_lost_ends_the_series_with_what_was_found() -> None:
    bench = Bench(kind=Pulled)
    changes = four_changes(bench)
    written = bench.write(changes)
    assert isinstance(written.failure, LinkLostError)
    assert written.found == {change.parameter: change.new for change in changes[:2]}
    assert bench.journal.fates() == ["answered", "answered", "no-answer", "not-sent"]


class Babble(Struck):
    """Another master begins to talk when the second write was read back."""

    def poll(self, now: float) -> list[Burst]:
        bursts = super().poll(now)
        if bursts and len(self.writes) == 2 and self._last_read and not self._armed:
            self._armed = True
            ends_at = bursts[-1].ends_at
            self._waiting += [Burst(ends_at + 0.004 * i, b"\x55\xaa", Line()) for i in range(1, 2000)]
        return bursts

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self._last_read = not is_write(data)
        super().receive(data, now, line)


def test_a_line_that_never_falls_silent_lets_no_further_write_out() -> None:
    bench = Bench(kind=Babble)
    changes = four_changes(bench)
    written = bench.write(changes)
    assert isinstance(written.failure, LineNoiseError)
    assert written.found == {change.parameter: change.new for change in changes[:2]}
    assert bench.journal.fates() == ["answered", "answered", "not-sent", "not-sent"]
