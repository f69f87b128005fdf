"""Writing a meter: the driver's flows against the family's own simulator, whole, chopped, noisy, and with mishaps."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import meterlink_mercury200
from meterlink.context import Note, Traced
from meterlink.driver import (
    Driver,
    SetButtonCorrection,
    SetDisplay,
    SetDst,
    SetHolidays,
    SetSchedule,
    SetTariffCount,
    Setting,
    Target,
    Written,
)
from meterlink.errors import (
    AuditNotWritableError,
    ConfigError,
    LineNoiseError,
    LinkLostError,
    LocalProtocolError,
    MissedInstantError,
    NoAnswerError,
    NotStoredError,
    NotSupportedError,
    WireError,
    WritingClosedError,
)
from meterlink.flow import Announcement, Change, Flow, Gate, Outcome, Pause
from meterlink.model import Action
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import Burst
from meterlink.sim.state import SimState
from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule, preset
from meterlink.testing import START, Delivered, Delivery, Transcript, dialogue, from_hex
from meterlink.wire.line import Line
from meterlink_mercury200 import DRIVER, messages as m
from meterlink_mercury200.calendar import TimeDate
from meterlink_mercury200.image import Image
from meterlink_mercury200.messages import COMMANDS
from meterlink_mercury200.schedule import Record, RecordWrite
from meterlink_mercury200.sim import Behaviour, SimulatedMercury200, Verdict, simulate
from meterlink_mercury200.sim_memory import EVERY_WRITE
from tests.drivers.mercury200.meters import target_of
from tests.drivers.mercury200.schedules import images, schedules
from tests.drivers.mercury200.struck import HEARD, Blow, Struck, is_write
from tests.drivers.mercury200.test_changes import WRITTEN
from tests.exchange.table import Journal

OLD = target_of("mercury-200.02", "925646")
NEW = target_of("mercury-206", "43096744")
WORKED = target_of("mercury-200.02", "123456")
FRESH = SimState(started_at=START)

TWO = preset("ru-household-2").schedule
THREE = preset("ru-household-3").schedule
CLOCK = Change(parameter="clock", old=None, new="2025-07-21T14:05:12")


class Bench:
    """A simulated meter, the dialogue with it, what was told to the gate and what left."""

    def __init__(
        self,
        target: Target = OLD,
        *,
        state: SimState = FRESH,
        behaviour: Behaviour | None = None,
        how: Delivery = Delivery.WHOLE,
        blow: Blow | None = None,
        number: int = 0,
        read_back: bool = False,
        kind: type[Struck] = Struck,
        gate: Gate | None = None,
    ) -> None:
        self.target = target
        self.meter = simulate(target.profile, state, behaviour)
        self.journal = Journal()
        self.wire = kind(VirtualBus([self.meter]), blow, number, read_back)
        self.traced: list[Traced] = []
        wire = self.wire if how is Delivery.WHOLE else Delivered(self.wire.inner, how)
        self.talk = dialogue(DRIVER, target, wire, gate=gate or self.journal, observer=self.traced.append)

    def stored(self, *actions: Action) -> Mapping[str, str]:
        names = [name for action in actions for name in DRIVER.stored_names(action, self.target.profile)]
        return self.talk.run(DRIVER.read_stored(self.target, list(dict.fromkeys(names))))

    def changes(self, setting: Setting, stored: Mapping[str, str] | None = None) -> tuple[Change, ...]:
        """All that is stored is read where it is not given, as a visit does before it plans."""
        known = self.stored(*Action) if stored is None else stored
        return DRIVER.changes(setting, known, self.target.profile)

    def write(self, changes: Sequence[Change], operation: str = "work") -> Written:
        return self.talk.run(DRIVER.write(self.target, operation, changes))

    def apply(self, setting: Setting) -> Written:
        return self.write(self.changes(setting))

    def left(self) -> list[str]:
        """The frames of the writes that left, in order."""
        frames = [traced.frame for traced in self.traced if traced.note is Note.REQUEST]
        return [frame for frame in frames if is_write(from_hex(frame))]


def stands(written: Written, changes: Sequence[Change]) -> bool:
    wanted = {change.parameter: change.new for change in changes}
    return written.failure is None and written.found == wanted and written.standing == wanted.keys()


# --- worked frames ----------------------------------------------------------------------------------------------------


def made(code: int, data: bytes = b"") -> str:
    """A frame that the page does not print."""
    return m.encode_frame(123456, code, data).hex(" ").upper()


RECORD_00 = "07 00 63 00 FF FF FF FF FF FF FF FF FF FF FF FF"
RECORD_B7 = "00 00 47 00 90 30 53 00 97 30 61 00 23 00 FF FF"
HALF_1 = "01 01 07 01 23 02 08 03 01 05 09 05 12 06 04 11"
HALF_2 = "FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF"

FRAMES = {
    "DST off": ("DST flag", "00", "00 01 E2 40 05 00 09 27", "00 01 E2 40 24 B4 11"),
    "DST on": ("DST flag", "FF", "00 01 E2 40 05 FF 49 67", "00 01 E2 40 24 B4 11"),
    "manual correction": ("button correction", "1E", "00 01 E2 40 06 1E 89 DF", made(0x25)),
    "two tariffs": ("tariffs in force", "02", "00 01 E2 40 0A 02 8D 16", "00 01 E2 40 2E 34 16"),
    "January Sunday": ("January sunday", RECORD_00, f"00 01 E2 40 11 {RECORD_00} 00 34 9F", "00 01 E2 40 31 00 1F E7"),
    "December holiday": ("December holiday", RECORD_B7, f"00 01 E2 40 11 {RECORD_B7} B7 61 4B", made(0x31, b"\xb7")),
    "holidays 1st half": ("holidays 1", HALF_1, f"00 01 E2 40 10 {HALF_1} 00 9A 6C", "00 01 E2 40 30 00 1E 77"),
    "holidays 2nd half": ("holidays 2", HALF_2, f"00 01 E2 40 10 {HALF_2} 01 05 74", made(0x30, b"\x01")),
}
"""Of chapter 11: stored name, stored form, request of the write, and the request that reads it back."""


@pytest.mark.parametrize(("name", "raw", "write", "read"), FRAMES.values(), ids=FRAMES)
def test_worked_frames_leave_byte_for_byte(name: str, raw: str, write: str, read: str) -> None:
    wire = Transcript(
        [(write, made(from_hex(write)[4])), (read, made(from_hex(read)[4], from_hex(raw)))], WORKED.profile.line.line
    )
    journal = Journal()
    change = Change(parameter=name, old=None, new=raw)
    talk = dialogue(DRIVER, WORKED, wire, gate=journal)
    assert stands(talk.run(DRIVER.write(WORKED, "worked", (change,))), (change,))
    wire.assert_complete()
    assert journal.entries[0] == Announcement(operation="worked", frames=(write,), changes=(change,))


@pytest.mark.parametrize("write", [write for _, _, write, _ in FRAMES.values()])
def test_worked_frames_read_back_as_messages(write: str) -> None:
    call = m.decode_call(from_hex(write))
    assert call.encode() == from_hex(write)
    assert call.address == 123456
    assert DRIVER.describe(from_hex(write), None, None).request.status == "ok"


def test_the_clock_leaves_as_in_the_worked_frame() -> None:
    local = datetime(2025, 7, 21, 14, 5, 9)  # a Monday, and the moment at which virtual time begins
    wire = Transcript([("00 01 E2 40 02 01 14 05 09 21 07 25 3A D1", "00 01 E2 40 02 35 CB")], WORKED.profile.line.line)
    talk = dialogue(DRIVER, WORKED, wire, gate=Journal())
    written = talk.run(DRIVER.set_clock(WORKED, "set clock", local, START + 1, CLOCK))
    assert (written.found, written.failure) == ({}, None)
    wire.assert_complete()


# --- each setting, whole ----------------------------------------------------------------------------------------------

SETTINGS: dict[str, Setting] = {
    "DST off": SetDst(enabled=False),
    "schedule": SetSchedule(schedule=THREE),
    "holidays": SetHolidays(days=((1, 1), (5, 9))),
    "single tariff": SetTariffCount(count=1),
    "display": SetDisplay(values={"shown": ["T1", "T2", "sum"], "seconds": {"current_tariff": 30}}),
    "current tariff only": SetDisplay(values={"shown": "current tariff only"}),
    "no buttons": SetButtonCorrection(minutes=0),
}
SUMMER = replace(FRESH, dst_enabled=True)


@pytest.mark.parametrize("how", Delivery)
@pytest.mark.parametrize("target", [OLD, NEW], ids=["200.02", "206"])
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_every_setting_is_written_and_stands(setting: Setting, target: Target, how: Delivery) -> None:
    bench = Bench(target, state=SUMMER, how=how)
    stored = bench.stored(*Action)
    changes = bench.changes(setting, stored)
    assert changes
    assert all(change.old == stored[change.parameter] for change in changes)
    assert stands(bench.write(changes, "one setting"), changes)
    assert bench.changes(setting) == ()
    announcement, *outcomes = bench.journal.entries
    assert isinstance(announcement, Announcement)
    assert (announcement.operation, announcement.changes) == ("one setting", changes)
    assert list(announcement.frames) == bench.left()
    assert bench.journal.fates() == ["answered"] * len(changes)
    others = set(stored) - {change.parameter for change in changes}
    after = bench.stored(*Action)
    assert {name: after[name] for name in others} == {name: stored[name] for name in others}
    assert bench.meter.memory.writes_done == len(changes) == len(outcomes)


def test_what_was_written_is_seen_by_the_readings() -> None:
    bench = Bench(state=SUMMER)
    for setting in SETTINGS.values():
        assert bench.apply(setting).failure is None
    assert bench.talk.run(DRIVER.read_dst(OLD)).enabled is False
    assert bench.talk.run(DRIVER.read_holidays(OLD)).days == ((1, 1), (5, 9))
    assert bench.talk.run(DRIVER.read_tariff_mode(OLD)).tariffs_in_force == 1
    read = bench.talk.run(DRIVER.read_schedule(OLD)).schedule
    assert read == replace(THREE, special_days=tuple(_special((1, 1), (5, 9))))
    status = {value.name: value.value for value in bench.talk.run(DRIVER.read_status(OLD)).values}
    assert (status["button correction"], status["display"]) == ("0", "current tariff")


def _special(*days: tuple[int, int]) -> list[SpecialDay]:
    return [SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY) for month, day in days]


def test_the_stored_names_are_those_of_the_schedule_reading() -> None:
    bench = Bench()
    image = bench.talk.run(DRIVER.read_schedule(OLD)).image
    assert bench.stored(Action.SCHEDULE, Action.HOLIDAYS) == image


def test_no_frame_leaves_where_nothing_differs() -> None:
    bench = Bench()  # it stores the two-zone day without a midnight point
    for setting in (SetSchedule(schedule=TWO), SetHolidays(days=()), SetDst(enabled=False), SetTariffCount(count=2)):
        assert bench.apply(setting) == Written(found={})
    assert bench.journal.entries == []
    assert bench.left() == []


def test_one_kind_of_day_is_twelve_frames_and_no_other() -> None:
    bench = Bench(state=replace(FRESH, schedule=THREE))
    season = THREE.seasons[0]
    saturday = DayProgram.of([(0, 3), (420, 2), (1380, 3)])
    week = [
        saturday if kind is DayKind.SATURDAY else program for kind, program in zip(DayKind, season.week, strict=True)
    ]
    wanted = YearSchedule(seasons=(replace(season, week=tuple(week)),))
    assert bench.apply(SetSchedule(schedule=wanted)).failure is None
    asked = [m.decode_call(from_hex(frame)).asked for frame in bench.left()]
    kinds = [(write.index.month, write.index.kind) for write in asked if isinstance(write, RecordWrite)]
    assert kinds == [(month, DayKind.SATURDAY) for month in range(12)]
    assert bench.talk.run(DRIVER.read_schedule(OLD)).schedule == wanted


def test_both_holiday_halves_leave_when_one_day_changes() -> None:
    bench = Bench()
    assert bench.apply(SetHolidays(days=((6, 12),))).failure is None
    assert bench.apply(SetHolidays(days=((6, 12), (11, 4)))).failure is None
    assert [frame.split()[-3] for frame in bench.left()] == ["00", "01", "00", "01"]


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

FOUR = ("January monday", "June friday", "holidays 1", "December holiday")


def four_changes(bench: Bench) -> tuple[Change, ...]:
    """A short series over two tables."""
    stored = bench.stored(Action.SCHEDULE, Action.HOLIDAYS)
    raw = Record.of([(0, 2), (480, 1)]).raw.hex(" ").upper()
    new = {"holidays 1": "01 01" + " FF" * 14}
    return tuple(Change(parameter=name, old=stored[name], new=new.get(name, raw)) for name in FOUR)


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
    bench.talk.run(_pass_time(120))
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
    bench.talk.run(_pass_time(86_400))
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
    bench.talk.run(_pass_time(2 * 3600))
    after = sum(value.amount for value in bench.talk.run(DRIVER.read_energy(OLD)).registers)
    assert 9 < after - before < 11


def _pass_time(seconds: float) -> Flow[None]:
    yield Pause(seconds)


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
        bench.talk.run(_pass_time(86_400))
    assert sum(one != other for one, other in pairwise(offsets)) == jumps


# --- speed ------------------------------------------------------------------------------------------------------------


def program(number: int) -> DayProgram:
    return DayProgram.of([(0, 1 + number % 4), (number + 1, 1 + (number + 1) % 4), (720, 1 + (number + 2) % 4)])


MOTLEY = YearSchedule(
    seasons=tuple(
        Season.of((month + 1, 1), {kind: program(month * 8 + kind) for kind in DayKind}) for month in range(12)
    )
)
"""96 records, no two alike."""


def test_a_full_rewrite_takes_the_time_of_its_bytes_and_gaps() -> None:
    bench = Bench()
    changes = bench.changes(SetSchedule(schedule=MOTLEY))
    assert len(changes) == 96
    bench.traced.clear()
    began = bench.talk.now()
    assert stands(bench.write(changes), changes)
    took_s = bench.talk.now() - began
    line, timing = OLD.profile.line.line, OLD.profile.timing
    bytes_s = sum(len(from_hex(traced.frame)) for traced in bench.traced) * line.char_s
    exchanges = 2 * 96
    chars_s = timing.quiet_chars * line.char_s
    gaps_s = exchanges * (max(timing.quiet_s, chars_s) + chars_s)
    assert took_s <= 1.02 * (bytes_s + gaps_s + exchanges * Behaviour().latency_s)
    assert len(bench.traced) == 2 * exchanges


# --- any schedule -----------------------------------------------------------------------------------------------------


def put(meter: SimulatedMercury200, image: Image) -> None:
    """Lay tables into a meter, as somebody else may have left them."""
    meter.memory.records.update(image.records)
    for half, stored in enumerate(image.holidays):
        meter.memory.put_holidays(half, stored)


@settings(max_examples=20)
@given(schedules, images)
def test_whatever_was_stored_the_written_schedule_is_read_back(schedule: YearSchedule, stored: Image) -> None:
    bench = Bench()
    put(bench.meter, stored)
    days = tuple((special.month, special.day) for special in schedule.special_days)
    for setting in (SetHolidays(days=days), SetSchedule(schedule=schedule)):
        assert bench.apply(setting).failure is None
    assert bench.talk.run(DRIVER.read_schedule(OLD)).schedule == schedule
    assert len(bench.left()) == len(set(bench.left()))


# --- what is refused --------------------------------------------------------------------------------------------------


def test_names_that_nothing_is_stored_under_are_refused_with_the_nearest() -> None:
    bench = Bench()
    with pytest.raises(ConfigError, match="did you mean January sunday"):
        bench.talk.run(DRIVER.read_stored(OLD, ["January Sunday"]))
    with pytest.raises(ConfigError, match="did you mean DST flag"):
        bench.write((Change(parameter="DST flags", old=None, new="00"),))
    assert bench.traced == []


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("DST flag", "00 00"),
        ("DST flag", "zz"),
        ("DST flag", ""),
        ("tariffs in force", "05"),
        ("tariffs in force", "00"),
        ("January sunday", "07 00"),
        ("January sunday", RECORD_00 + " 00"),
        ("holidays 1", HALF_2 + " 01"),
    ],
)
def test_what_is_no_stored_form_is_refused_before_any_byte(name: str, raw: str) -> None:
    bench = Bench()
    good = Change(parameter="DST flag", old=None, new="FF")
    with pytest.raises(ConfigError, match=name):
        bench.write((good, Change(parameter=name, old=None, new=raw)))
    assert bench.traced == []
    assert bench.journal.entries == []


@pytest.mark.parametrize("capability", ["set_schedule", "set_clock", "set_dst"])
def test_what_a_model_cannot_be_told_is_refused_before_any_byte(capability: str) -> None:
    support = replace(OLD.profile.supports[capability], supported=False, note="cut off for this test")
    target = replace(OLD, profile=replace(OLD.profile, supports={**OLD.profile.supports, capability: support}))
    bench = Bench(target)
    flows = {
        "set_schedule": DRIVER.write(target, "x", (Change(parameter="January sunday", old=None, new=RECORD_00),)),
        "set_dst": DRIVER.write(target, "x", (Change(parameter="DST flag", old=None, new="00"),)),
        "set_clock": DRIVER.set_clock(target, "set clock", datetime(2025, 7, 21, 14, 5, 12), START + 3, CLOCK),
    }
    with pytest.raises(NotSupportedError, match="cut off"):
        bench.talk.run(flows[capability])
    assert bench.traced == []


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS.values() if c.writes and c.code not in WRITTEN], ids=lambda c: c.name
)
def test_no_name_leads_to_another_write(command: Any) -> None:
    bench = Bench(NEW)
    read = next((other.name for other in COMMANDS.values() if other.reply is command.request), command.name)
    for name in (command.name, command.name.removeprefix("set "), read, read.removeprefix("read ")):
        for size in (1, command.request.size):
            with pytest.raises(ConfigError):
                bench.write((Change(parameter=name, old=None, new="01" * size),))
    assert bench.traced == []
    assert bench.journal.entries == []


def test_no_module_of_the_driver_but_the_simulator_names_another_write() -> None:
    names = {name for name, value in vars(m).items() if isinstance(value, m.Command) and value.writes}
    forbidden = {name for name in names if getattr(m, name).code not in WRITTEN}
    folder = Path(meterlink_mercury200.__file__).parent
    for path in folder.glob("*.py"):
        if path.stem != "messages" and not path.stem.startswith("sim"):
            tree = ast.parse(path.read_text("utf-8"))
            used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            used |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
            assert not used & forbidden, path.name


def test_the_driver_has_code_for_every_write_that_a_profile_may_promise() -> None:
    promised = {name for name in OLD.profile.supports if name.startswith("set_")}
    driver: Driver = DRIVER
    assert promised == {name for name in driver.capabilities if name.startswith("set_")}


def test_reading_stored_values_writes_nothing() -> None:
    bench = Bench()
    bench.stored(*Action)
    assert bench.wire.writes == []
    assert len(bench.wire.reads) == 96 + 2 + 5  # records, halves, and DST, tariffs, display, its times, buttons
    assert len(set(bench.wire.reads)) == len(bench.wire.reads)
