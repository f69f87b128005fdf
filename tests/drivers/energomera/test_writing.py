"""Writing: what leaves, what is read back, what a refusal, a lost answer, a wrong password leave behind.

METERLINK_LONG=1 tries more of each fault and more seconds around midnight.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from meterlink.context import PasswordAttempts, Traced
from meterlink.driver import SetDst, SetHolidays, SetSchedule, SetTariffCount, Setting, Target, Written
from meterlink.errors import (
    AddressError,
    ConfigError,
    NoAnswerError,
    NoPasswordError,
    NotStoredError,
    NotSupportedError,
    PasswordSpentError,
    PasswordUnansweredError,
    RefusedError,
    ScheduleError,
    WireError,
    WrongPasswordError,
)
from meterlink.flow import Announcement, Change, Fate, Flow, Pause
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.model import Action
from meterlink.sim.bus import VirtualBus
from meterlink.sim.faults import FAULTS, parse_faults, wrap
from meterlink.sim.line import VirtualWire
from meterlink.sim.state import SimState
from meterlink.tariff import DayKind, DayProgram, Season, YearSchedule, preset
from meterlink.testing import START
from meterlink_energomera import DRIVER
from meterlink_energomera.errors import ButtonNotPressedError
from meterlink_energomera.messages import PresentPassword
from meterlink_energomera.schedule import joined
from meterlink_energomera.sim import Behaviour, SimulatedEnergomera, simulate
from meterlink_energomera.stored import means_same
from tests.drivers.book import Book
from tests.drivers.energomera.meters import ADDRESS, PASSWORD, target_of
from tests.shipped import library

LONG = os.environ.get("METERLINK_LONG") == "1"
CE6850M = target_of("ce6850m", password=PASSWORD)
BEFORE_MIDNIGHT_S = [-61, -59, -2, 0, 1, 2, 3, 4, 5, 7, 30, 62] if LONG else [-61, -2, 0, 2, 4, 7, 62]
TWO = preset("ru-household-2").schedule
THREE = preset("ru-household-3").schedule
BEFORE = SimState(started_at=START, address=ADDRESS, schedule=TWO, dst_enabled=True)
P1 = PresentPassword(PASSWORD).encode()


@dataclass
class Scene:
    """A meter, a line, a gate."""

    target: Target = CE6850M
    behaviour: Behaviour = field(default_factory=Behaviour)
    state: SimState = BEFORE
    wire: Callable[[VirtualWire], VirtualWire] = lambda wire: wire
    book: Book = field(default_factory=Book)
    traced: list[Traced] = field(default_factory=list)
    meter: SimulatedEnergomera = field(init=False)
    port: MemoryPort = field(init=False)
    talk: Dialogue = field(init=False)

    def __post_init__(self) -> None:
        self.meter = simulate(self.target.profile, self.state, self.behaviour)
        self.port = MemoryPort(self.wire(VirtualBus([self.meter])), self.target.profile.line.line, starts_at=START)
        self.begin_run()

    def begin_run(self) -> None:
        """Another run of the program at the same meter: its one attempt of a password is its own."""
        exchange = exchange_for(
            DRIVER,
            self.target,
            line=self.target.profile.line.line,
            port_name="memory",
            gate=self.book,
            observer=self.traced.append,
            passwords=PasswordAttempts(),
        )
        self.talk = Dialogue(self.port, exchange)

    def stored(self, *actions: Action) -> dict[str, str]:
        names = [name for action in actions for name in DRIVER.stored_names(action, self.target.profile)]
        return dict(self.talk.run(DRIVER.read_stored(self.target, names)))

    def changes(self, setting: Setting) -> tuple[Change, ...]:
        stored = self.stored(Action.DST_OFF, Action.SCHEDULE, Action.HOLIDAYS)
        return DRIVER.changes(setting, stored, self.target.profile)

    def write(self, changes: Sequence[Change]) -> Written:
        return self.talk.run(DRIVER.write(self.target, "test", changes))

    def lifted(self) -> Any:
        return DRIVER.lift_stored(self.stored(Action.SCHEDULE, Action.HOLIDAYS))

    @property
    def passwords(self) -> int:
        return self.meter.passwords_heard


SUMMER = YearSchedule(
    seasons=(
        Season.of(
            (4, 5),
            {kind: DayProgram.of([(0, 2), (270 + kind, 3), (540, 1)]) for kind in DayKind if kind < 7}
            | {DayKind.HOLIDAY: DayProgram.of([(0, 1)])},
        ),
        Season.of(
            (10, 12),
            {kind: DayProgram.of([(0, 4), (420, 1)]) for kind in DayKind if kind < 7}
            | {DayKind.HOLIDAY: DayProgram.of([(0, 1)])},
        ),
    )
)


@pytest.mark.parametrize("setting", [SetDst(enabled=False), SetSchedule(schedule=THREE), SetSchedule(schedule=SUMMER)])
def test_what_is_written_stands_and_is_not_written_again(setting: Setting) -> None:
    scene = Scene()
    changes = scene.changes(setting)
    written = scene.write(changes)
    assert (written.failure, set(written.standing)) == (None, {change.parameter for change in changes})
    assert set(scene.book.fates) == {Fate.ANSWERED}
    assert scene.changes(setting) == ()
    assert scene.passwords == 1


def test_fewer_exception_days_than_stored_are_written_and_none_is_refused() -> None:
    """A shorter list is a series like any other; how a list is emptied is not documented."""
    scene = Scene()
    for days in (((1, 1), (1, 2), (5, 9)), ((5, 9),)):
        assert scene.write(scene.changes(SetHolidays(days=days))).failure is None
        assert scene.talk.run(DRIVER.read_holidays(scene.target)).days == days
    with pytest.raises(ConfigError, match="emptied"):
        scene.changes(SetHolidays(days=()))


@pytest.mark.parametrize("name", ["ru-household-1", "ru-household-2", "ru-household-3"])
@pytest.mark.parametrize("days", [(), ((1, 1), (5, 9))])
def test_a_schedule_that_was_written_is_the_one_that_is_read(name: str, days: tuple[tuple[int, int], ...]) -> None:
    scene = Scene()
    if days:
        scene.write(scene.changes(SetHolidays(days=days)))
    wanted = preset(name).schedule
    scene.write(scene.changes(SetSchedule(schedule=wanted)))
    lifted = scene.lifted()
    assert lifted == wanted
    holidays = scene.talk.run(DRIVER.read_holidays(scene.target))
    assert holidays.days == days


def test_holidays_and_schedule_planned_from_one_state_fit_together() -> None:
    """Both are made from what stood before; the graph of holidays is the same in either."""
    scene = Scene()
    stored = scene.stored(Action.SCHEDULE, Action.HOLIDAYS)
    schedule = DRIVER.changes(SetSchedule(schedule=SUMMER), stored, scene.target.profile)
    holidays = DRIVER.changes(SetHolidays(days=((1, 1), (7, 4))), stored, scene.target.profile)
    assert scene.write(schedule).failure is None
    assert scene.write(holidays).failure is None
    lifted = scene.lifted()
    assert isinstance(lifted, YearSchedule)
    for month, day in ((1, 1), (7, 4)):
        assert lifted.program_on(datetime(2026, month, day)) == DayProgram.of([(0, 1)])
    assert lifted.program_on(datetime(2026, 7, 6)) == SUMMER.program_on(datetime(2026, 7, 6))


def test_graphs_that_nothing_uses_are_taken_before_those_in_force() -> None:
    changes = Scene().changes(SetSchedule(schedule=SUMMER))
    names = [change.parameter for change in changes]
    assert names[-1] == "SESON"
    assert len([name for name in names if name != "GRF01" and name.startswith("GRF")]) == len(names) - 2


def test_the_same_in_another_form_is_not_written() -> None:
    assert means_same("GRF01", joined(["7:0:1", "23:0:2", "0:0:0"]), joined(["07:00:01", "23:00:02"]))
    assert means_same("GRF01", joined(["07:00:01", "23:00:02"]), joined(["00:00:02", "07:00:01", "23:00:02"]))
    assert not means_same("GRF01", joined(["07:00:01"]), joined(["07:00:02"]))
    assert not means_same("TRSUM", joined(["1"]), joined(["0"]))


def test_what_cannot_be_is_refused_before_any_byte() -> None:
    scene = Scene()
    heard = len(scene.meter.log)
    stored: dict[str, str] = {"EXDAY": joined(["01.01.02"])}
    with pytest.raises(ConfigError, match="emptied"):
        DRIVER.changes(SetHolidays(days=()), stored, CE6850M.profile)
    with pytest.raises(ConfigError):
        DRIVER.changes(SetTariffCount(count=1), {}, CE6850M.profile)
    with pytest.raises(ConfigError):
        scene.write([Change(parameter="SNUMB", old=None, new=joined(["1"]))])
    with pytest.raises(ConfigError):
        scene.write([Change(parameter="PASS0", old=None, new=joined(["1"]))])
    many = YearSchedule.every_day(DayProgram.of([(n * 60, 1 + n % 2) for n in range(13)]))
    with pytest.raises(ScheduleError):
        DRIVER.changes(SetSchedule(schedule=many), {}, CE6850M.profile)
    assert len(scene.meter.log) == heard


def test_a_meter_asked_without_its_address_is_never_written() -> None:
    scene = Scene(target=replace(CE6850M, address="*"))
    change = Change(parameter="TRSUM", old=None, new=joined(["0"]))
    with pytest.raises(AddressError, match="only read"):
        scene.write([change])
    with pytest.raises(AddressError):
        scene.talk.run(DRIVER.set_clock(scene.target, "x", datetime(2025, 1, 1), START + 5, change))
    with pytest.raises(AddressError):
        scene.talk.run(DRIVER.shift_clock(scene.target, "x", timedelta(seconds=3), change))
    assert not scene.meter.log


# --- password and button ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["B0", "NAK", "ERR15", ""])
def test_a_wrong_password_is_presented_once_and_never_again(answer: str) -> None:
    scene = Scene(behaviour=Behaviour(password=b"another", wrong_password=answer))
    changes = scene.changes(SetDst(enabled=False))
    first, second = scene.write(changes), scene.write(changes)
    assert isinstance(first.failure, WrongPasswordError if answer else PasswordUnansweredError)
    assert "three wrong passwords in a row these meters lock writing" in first.failure.hint
    assert isinstance(second.failure, PasswordSpentError)
    assert scene.passwords == 1
    assert scene.book.entries == []
    assert not scene.meter.writes


def test_three_wrong_passwords_lock_writing_until_the_end_of_the_meter_s_day() -> None:
    scene = Scene(target=target_of("ce6850m", password=b"111111"))
    changes = scene.changes(SetDst(enabled=False))
    for _ in range(3):
        assert isinstance(scene.write(changes).failure, WrongPasswordError)
        scene.begin_run()
    scene.target = CE6850M
    refused = scene.write(changes).failure
    assert isinstance(refused, WrongPasswordError)
    assert "refuse the right one as well" in refused.hint
    assert (scene.passwords, scene.meter.writes) == (4, [])
    scene.begin_run()
    scene.talk.run(_one_day())
    assert scene.write(changes).failure is None
    assert scene.passwords == 5


def test_reading_goes_on_while_writing_is_locked() -> None:
    scene = Scene(target=target_of("ce6850m", password=b"111111"), behaviour=Behaviour(locks_after=1))
    scene.write(scene.changes(SetDst(enabled=False)))
    assert scene.talk.run(DRIVER.read_energy(scene.target)).registers


def _one_day() -> Flow[None]:
    yield Pause(86_400)


def test_no_password_stands_in_any_trace() -> None:
    scene = Scene()
    scene.write(scene.changes(SetDst(enabled=False)))
    told = " ".join(each.frame for each in scene.traced) + repr(scene.target) + repr(scene.book.entries)
    assert "37 37" not in told
    assert "777777" not in told
    assert "** ** **" in told


@pytest.mark.parametrize("given", [None, b"", b"has space", b"a)b", b"x" * 17])
def test_without_a_usable_password_nothing_is_sent(given: bytes | None) -> None:
    scene = Scene(target=target_of("ce6850m", password=given))
    written = scene.write([Change(parameter="TRSUM", old=None, new=joined(["0"]))])
    assert isinstance(written.failure, NoPasswordError)
    assert not scene.meter.log


def test_a_button_that_was_not_pressed_is_told_as_such_and_nothing_changes() -> None:
    scene = Scene(behaviour=Behaviour(needs_button=True))
    changes = scene.changes(SetSchedule(schedule=THREE))
    written = scene.write(changes)
    assert isinstance(written.failure, ButtonNotPressedError)
    assert "ДСТП" in written.failure.hint
    assert (scene.meter.memory.writes_done, len(scene.meter.writes)) == (0, 1)
    assert scene.book.fates[0] is Fate.REFUSED
    assert scene.lifted() == TWO


@pytest.mark.parametrize("number", [12, 15, 16, 17, 19, 33])
def test_a_refused_write_ends_the_series(number: int) -> None:
    scene = Scene(behaviour=Behaviour(refuses={"W1 TRSUM": number}))
    written = scene.write(scene.changes(SetDst(enabled=False)))
    assert isinstance(written.failure, RefusedError)
    assert written.failure.code == f"ERR{number}"
    assert not written.standing


# --- what goes wrong in between ---------------------------------------------------------------------------------------


def test_an_acknowledged_write_that_changed_nothing_is_noticed() -> None:
    scene = Scene(behaviour=Behaviour(ignores_writes=frozenset({"TRSUM"})))
    written = scene.write(scene.changes(SetDst(enabled=False)))
    assert isinstance(written.failure, NotStoredError)


def test_a_meter_that_does_not_clear_its_list_is_noticed() -> None:
    """Old points behind the new ones: the list is compared as a whole."""
    scene = Scene(behaviour=Behaviour(clears=False))
    written = scene.write(scene.changes(SetSchedule(schedule=THREE)))
    assert written.failure is not None
    assert "GRF01" not in written.standing


@pytest.mark.parametrize("after", range(6))
def test_a_series_that_broke_off_does_not_stand_and_is_written_whole_again(after: int) -> None:
    scene = Scene(behaviour=Behaviour(dies_after_writes=after))
    changes = scene.changes(SetSchedule(schedule=THREE))
    frames = sum(1 for change in changes for _ in range(change.new.count("28")))
    assert after < frames
    written = scene.write(changes)
    assert isinstance(written.failure, NoAnswerError)
    assert not written.standing
    assert scene.book.fates.count(Fate.ANSWERED) == after


class _OneBlow:
    """Loses or spoils the answer to the write of this number."""

    def __init__(self, inner: VirtualWire, number: int, how: str) -> None:
        self.inner, self.number, self.how = inner, number, how
        self.writes: list[bytes] = []
        self.due = inner.due
        self._strikes = False

    def receive(self, data: bytes, now: float, line: Any) -> None:
        self._strikes = data.startswith(b"\x01W1") and len(self.writes) == self.number
        if data.startswith(b"\x01W1"):
            self.writes.append(data)
        if not (self._strikes and self.how == "request"):
            self.inner.receive(data, now, line)

    def poll(self, now: float) -> Any:
        bursts = self.inner.poll(now)
        if not self._strikes:
            return bursts
        spoilt = b"\x15" if self.how == "nak" else b"\x47"
        return [] if self.how in ("lost", "request") else [replace(burst, data=spoilt) for burst in bursts]


@pytest.mark.parametrize("how", ["lost", "request", "damaged", "nak"])
@pytest.mark.parametrize("number", range(4))
def test_a_lost_answer_is_followed_by_reading_and_never_by_the_same_frame(how: str, number: int) -> None:
    blows: list[_OneBlow] = []

    def struck(wire: VirtualWire) -> VirtualWire:
        blows.append(_OneBlow(wire, number, how))
        return blows[0]

    scene = Scene(wire=struck)
    changes = scene.changes(SetSchedule(schedule=THREE))
    written = scene.write(changes)
    assert isinstance(written.failure, NoAnswerError | WireError)
    assert len(blows[0].writes) == number + 1
    for _ in range(3):
        changes = tuple(change for change in changes if change.parameter not in written.standing)
        if not changes:
            break
        written = scene.write(changes)
    assert scene.lifted() == THREE


WITHOUT_ADDRESS = sorted(set(FAULTS) - {"wrong-address"})


@pytest.mark.parametrize("seed", range(3 if LONG else 1))
@pytest.mark.parametrize("chance", [0.1, 0.4])
@pytest.mark.parametrize("fault", WITHOUT_ADDRESS)
def test_under_every_fault_what_is_said_to_stand_stands(fault: str, chance: float, seed: int) -> None:
    clean = Scene()
    changes = clean.changes(SetSchedule(schedule=THREE)) + clean.changes(SetDst(enabled=False))
    scene = Scene(wire=lambda wire: wrap(wire, parse_faults(f"{fault}:{chance}"), seed))
    written = scene.write(changes)
    now = scene.talk.now()
    for change in changes:
        stands = means_same(change.parameter, joined(_values(scene, change.parameter, now)), change.new)
        assert stands or change.parameter not in written.standing
    heard = [bytes(raw) for raw in scene.meter.writes]
    assert len(heard) <= sum(1 for each in scene.book.entries if isinstance(each, Announcement)) * 20
    assert len(heard) == len(set(heard))


def _values(scene: Scene, name: str, now: float) -> list[str]:
    answer = scene.meter.memory.answer(name, "", now)
    assert not isinstance(answer, int)
    return list(answer)


# --- the clock --------------------------------------------------------------------------------------------------------


def _set(scene: Scene, local: datetime, at: float) -> Written:
    change = Change(parameter="the clock", old=None, new=local.isoformat())
    return scene.talk.run(DRIVER.set_clock(scene.target, "set", local, at, change))


def _error_s(scene: Scene) -> float:
    now = scene.talk.now()
    local = scene.meter.memory.clock.local(now)
    return (local - datetime(2025, 7, 21, 14, 5, 9)).total_seconds() - (now - START)


@pytest.mark.parametrize("error_s", [3614.0, -400.0, 90_000.0, -10_000_000.0])
def test_a_clock_is_set_hard_to_the_second(error_s: float) -> None:
    scene = Scene(state=replace(BEFORE, clock_error=timedelta(seconds=error_s), dst_enabled=False))
    written = _set(scene, datetime(2025, 7, 21, 14, 5, 11), START + 2)
    assert written.failure is None
    assert abs(_error_s(scene)) < 0.01
    assert [frame[4:8] for frame in scene.meter.writes] == ([b"TIME"] if abs(error_s) < 5000 else [b"DATE", b"TIME"])


@pytest.mark.parametrize("before_s", range(9))
def test_date_and_time_are_never_written_on_two_sides_of_midnight(before_s: int) -> None:
    scene = Scene(
        behaviour=Behaviour(active_s=1.5), state=replace(BEFORE, clock_error=timedelta(days=-3), dst_enabled=False)
    )
    at = float(int(START)) + 2
    written = _set(scene, datetime(2025, 7, 21) + timedelta(days=1, seconds=-before_s), at)
    assert written.failure is None
    local = scene.meter.memory.clock.local(scene.talk.now())
    wanted = datetime(2025, 7, 22) + timedelta(seconds=scene.talk.now() - at - before_s)
    assert abs((local - wanted).total_seconds()) < 0.01


@pytest.mark.parametrize("model", ["ce102m", "ce301", "ce301by", "ce6850m"])
@pytest.mark.parametrize("error_s", [600, -300, 3600, -3600] if LONG else [600, -3600])
@pytest.mark.parametrize("before_s", BEFORE_MIDNIGHT_S)
def test_the_meter_s_own_midnight_never_falls_between_its_frames(model: str, error_s: int, before_s: int) -> None:
    """Its clock is wrong, so its day ends when the true one does not; DATE_ is of the day that it had."""
    _set_around(model, error_s, datetime(2025, 7, 22) - timedelta(seconds=before_s + error_s))


@pytest.mark.parametrize("before_s", [-61, -30, -1, 0, 1, 2, 3, 4, 5, 7, 30, 62])
@pytest.mark.parametrize("error_s", [600, -300, 90_000])
def test_the_true_midnight_never_falls_between_them_either(error_s: int, before_s: int) -> None:
    _set_around("ce6850m", error_s, datetime(2025, 7, 22) - timedelta(seconds=before_s))


def _set_around(model: str, error_s: int, true: datetime) -> None:
    """Set a clock that is wrong when the true time is this."""
    away = true - datetime(2025, 7, 21, 14, 5, 9)
    scene = Scene(
        target=target_of(model, password=PASSWORD),
        behaviour=Behaviour(active_s=1.5),
        state=replace(BEFORE, clock_error=away + timedelta(seconds=error_s), dst_enabled=False),
    )
    assert _set(scene, true + timedelta(seconds=4), START + 4).failure is None
    assert abs(_error_s(scene) - away.total_seconds()) < 0.01


@pytest.mark.parametrize("dashed", [True, False])
def test_a_date_is_compared_by_what_it_means(dashed: bool) -> None:
    told = "01-21-07-25" if dashed else "00.00.00.00"
    scene = Scene(behaviour=Behaviour(answers={"DATE_": [told]}), state=replace(BEFORE, dst_enabled=False))
    assert _set(scene, datetime(2025, 7, 21, 14, 9, 0), START + 2).failure is None
    assert [frame[4:8] for frame in scene.meter.writes] == ([b"TIME"] if dashed else [b"DATE", b"TIME"])


def test_a_clock_that_shows_no_time_is_set() -> None:
    scene = Scene(behaviour=Behaviour(answers={"TIME_": ["99:99:99"]}), state=replace(BEFORE, dst_enabled=False))
    assert _set(scene, datetime(2025, 7, 21, 14, 9, 0), START + 2).failure is None


@pytest.mark.parametrize("error_s", [28.6, 29.4, -28.6, -29.4, -29.9])
def test_an_error_that_could_become_a_minute_is_out_of_reach_of_the_correction(error_s: float) -> None:
    """TIME_ tells whole seconds, and what is told as a second less must not be corrected into the wrong minute."""
    scene = Scene(state=replace(BEFORE, clock_error=timedelta(seconds=error_s), dst_enabled=False))
    told = timedelta(seconds=29 if error_s < 0 else -29)
    with pytest.raises(NotSupportedError):
        scene.talk.run(DRIVER.shift_clock(scene.target, "x", told, Change(parameter="c", old=None, new="x")))
    assert not scene.meter.writes


@pytest.mark.parametrize("by_s", [-28, -12, -3, 3, 12, 28])
def test_a_small_error_is_corrected_softly_within_a_second(by_s: int) -> None:
    scene = Scene(
        behaviour=Behaviour(active_s=1.5),
        state=replace(BEFORE, clock_error=timedelta(seconds=-by_s), dst_enabled=False),
    )
    change = Change(parameter="the clock", old=None, new=f"{by_s:+} s")
    written = scene.talk.run(DRIVER.shift_clock(scene.target, "shift", timedelta(seconds=by_s), change))
    assert written.failure is None
    assert [frame[4:11] for frame in scene.meter.writes] == [b"CTIME()"]
    assert abs(_error_s(scene)) <= 1.0


def test_a_second_correction_on_one_day_is_refused_by_the_meter() -> None:
    scene = Scene(state=replace(BEFORE, clock_error=timedelta(seconds=9), dst_enabled=False))
    change = Change(parameter="the clock", old=None, new="-9 s")
    results = [
        scene.talk.run(DRIVER.shift_clock(scene.target, "shift", timedelta(seconds=-9), change)).failure for _ in "ab"
    ]
    assert results[0] is None
    assert isinstance(results[1], RefusedError)


def test_what_a_correction_cannot_reach_is_not_tried() -> None:
    scene = Scene()
    with pytest.raises(NotSupportedError, match="at most 28"):
        scene.talk.run(
            DRIVER.shift_clock(
                scene.target, "x", timedelta(seconds=29), Change(parameter="the clock", old=None, new="+29 s")
            )
        )
    assert not scene.meter.log


def test_every_write_of_a_model_without_recorded_writes_is_experimental() -> None:
    for model in ("ce301", "ce301by", "ce303", "ce102m"):
        supports = library().get(model).supports
        assert {supports[name].evidence.value for name in supports if name.startswith("set_")} == {"guess"}
    supports = library().get("ce6850m").supports
    for name in ("set_clock", "set_dst", "set_schedule", "set_holidays"):
        assert supports[name].evidence.value == "document"
        assert "ДСТП" in (supports[name].prompt or "")
