"""Writing a meter: announced, in an order that is safe at every frame, read back, never twice, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import pytest

from meterlink.driver import (
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
    ConfigError,
    DamagedFrameError,
    LocalProtocolError,
    NoAnswerError,
    NotStoredError,
    NotSupportedError,
    ProfileError,
    RefusedError,
    WritingClosedError,
    WrongAddressError,
)
from meterlink.flow import Announcement, Change
from meterlink.model import Action
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import Burst, VirtualWire
from meterlink.sim.state import SimState
from meterlink.tariff import DayProgram, YearSchedule, preset
from meterlink.testing import START, Delivered, Delivery, dialogue
from meterlink.wire.line import Line
from meterlink_modbus import DRIVER
from meterlink_modbus.errors import RegisterRefusedError, UnclearAnswerError
from meterlink_modbus.framing import form_of, readdressed
from meterlink_modbus.pdu import WRITE, WRITE_ONE, Answered, Asked
from meterlink_modbus.sim import Behaviour, SimulatedModbus, simulate
from meterlink_modbus.tables import HOLIDAYS, SELECTOR, ZONES, table_name
from tests.drivers.modbus.meters import target_of, with_table
from tests.drivers.modbus.schedules import season
from tests.exchange.table import Journal
from tests.shipped import library

THREE: Final = preset("ru-household-3").schedule
TWO: Final = preset("ru-household-2").schedule
DAY: Final = DayProgram.of([(0, 2), (420, 1), (1380, 2)])
FLAT: Final = DayProgram.of([(0, 1)])
CLOCK: Final = Change(parameter="the clock", old=None, new="2025-07-21T14:05:12")


class Blow(StrEnum):
    """What happens to one write."""

    LOST_REPLY = "lost reply"
    LOST_REQUEST = "lost request"
    LATE = "late reply"
    DAMAGED = "damaged reply"
    FOREIGN = "reply from another unit"
    GATEWAY = "the gateway waited in vain"
    FAILED = "device failure"
    ACCEPTED = "acknowledged, not done yet"
    BUSY = "busy"


EXCEPTIONS: Final = {Blow.GATEWAY: 0x0B, Blow.FAILED: 0x04, Blow.ACCEPTED: 0x05, Blow.BUSY: 0x06}


def exception_to(reply: bytes, code: int) -> bytes:
    """The answer that says no, in place of one that says yes."""
    form = form_of(reply)
    pdu = Answered(form.pdu(reply)[0], exception=code).encode()
    return form.wrap(form.unit(reply), pdu, form.transaction(reply))


def asked_in(frame: bytes) -> Asked:
    form = form_of(frame)
    return Asked.decode(form.pdu(frame))


@dataclass
class Wire:
    """Remembers every request, strikes the write of this number, and looks at the meter when it has acted on one."""

    inner: VirtualWire
    meter: SimulatedModbus
    blow: Blow | None = None
    number: int = 0
    asked: list[Asked] = field(default_factory=list)
    seen: list[Any] = field(default_factory=list)
    _waiting: list[Burst] = field(default_factory=list)
    _striking: bool = False

    @property
    def writes(self) -> list[Asked]:
        return [one for one in self.asked if one.writes]

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self.asked.append(asked_in(data))
        writes = self.asked[-1].writes
        self._striking = writes and self.blow is not None and len(self.writes) == self.number + 1
        if not (self._striking and self.blow is Blow.LOST_REQUEST):
            self.inner.receive(data, now, line)

    def due(self) -> float | None:
        dues = [burst.at for burst in self._waiting]
        inner = self.inner.due()
        return min([*dues, *([] if inner is None else [inner])], default=None)

    def poll(self, now: float) -> list[Burst]:
        heard = self.inner.poll(now)
        if heard and self.asked[-1].writes:
            self.seen.append(self.meter.memory.schedule)
        for burst in heard:
            self._waiting += self._struck(burst) if self._striking else [burst]
        ready = [burst for burst in self._waiting if burst.at <= now]
        self._waiting = [burst for burst in self._waiting if burst.at > now]
        return ready

    def _struck(self, burst: Burst) -> list[Burst]:
        match self.blow:
            case Blow.LOST_REPLY:
                return []
            case Blow.LATE:
                return [replace(burst, at=burst.at + 1.2)]
            case Blow.DAMAGED:
                return [replace(burst, data=burst.data[:-1] + bytes([burst.data[-1] ^ 0x10]))]
            case Blow.FOREIGN:
                return [replace(burst, data=readdressed(burst.data))]
            case Blow.GATEWAY | Blow.FAILED | Blow.ACCEPTED | Blow.BUSY:
                return [replace(burst, data=exception_to(burst.data, EXCEPTIONS[self.blow]))]
            case _:
                return [burst]


class Bench:
    """A simulated meter, the dialogue with it, what was told to the gate and what left."""

    def __init__(
        self,
        model: str = "or-we-517",
        *,
        behaviour: Behaviour | None = None,
        how: Delivery = Delivery.WHOLE,
        blow: Blow | None = None,
        number: int = 0,
        framing: str | None = None,
        target: Target | None = None,
    ) -> None:
        self.target = target or target_of(model, framing=framing)
        self.meter = simulate(library().get(model), SimState(started_at=START), behaviour)
        self.journal = Journal()
        self.wire = Wire(VirtualBus([self.meter]), self.meter, blow, number)
        wire = self.wire if how is Delivery.WHOLE else Delivered(self.wire.inner, how)
        self.talk = dialogue(DRIVER, self.target, wire, gate=self.journal)

    def stored(self) -> Mapping[str, str]:
        names = [name for action in Action for name in DRIVER.stored_names(action, self.target.profile)]
        return self.talk.run(DRIVER.read_stored(self.target, list(dict.fromkeys(names))))

    def changes(self, setting: Setting) -> tuple[Change, ...]:
        return DRIVER.changes(setting, self.stored(), self.target.profile)

    def write(self, changes: Sequence[Change]) -> Written:
        return self.talk.run(DRIVER.write(self.target, "work", changes))

    def apply(self, setting: Setting) -> Written:
        return self.write(self.changes(setting))

    def schedule(self) -> Any:
        return self.talk.run(DRIVER.read_schedule(self.target)).schedule


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", [None, "modbus-tcp"])
@pytest.mark.parametrize("how", Delivery)
def test_a_schedule_is_written_read_back_and_stands(how: Delivery, framing: str | None) -> None:
    bench = Bench(how=how, framing=framing)
    written = bench.apply(SetSchedule(schedule=THREE))
    assert written.failure is None
    assert written.standing == {table_name(2), ZONES}
    assert bench.schedule() == THREE == bench.meter.memory.schedule
    announced = [entry for entry in bench.journal.entries if isinstance(entry, Announcement)]
    assert [change.parameter for change in announced[0].changes] == [table_name(2), ZONES]


def test_after_every_frame_the_meter_counts_by_the_old_schedule_or_by_the_new_one() -> None:
    bench = Bench()
    old = bench.meter.memory.schedule
    new = YearSchedule(seasons=(season((1, 1), DAY, DAY, DAY), season((6, 1), FLAT, FLAT, FLAT)))
    assert bench.apply(SetSchedule(schedule=new)).failure is None
    assert bench.wire.seen == [old, new]
    three = YearSchedule(seasons=(season((1, 1), THREE.program_on(START_DAY), FLAT, FLAT),))
    assert bench.apply(SetSchedule(schedule=three)).failure is None
    assert all(isinstance(one, YearSchedule) for one in bench.wire.seen)
    assert bench.wire.seen[-1] == three


START_DAY: Final = datetime(2025, 7, 21).date()


def test_what_was_there_is_restored_without_a_gap_too() -> None:
    """A table that becomes empty again is emptied last, when nothing names it."""
    bench = Bench()
    before = bench.stored()
    assert bench.apply(SetSchedule(schedule=THREE)).failure is None
    after = bench.stored()
    back = [Change(parameter=name, old=after[name], new=raw) for name, raw in before.items() if after[name] != raw]
    assert [change.parameter for change in back] == [table_name(2), ZONES]
    assert bench.write(back).failure is None
    assert bench.stored() == before
    assert bench.wire.seen[2:] == [TWO, TWO]


def test_a_table_goes_out_whole_in_one_frame_by_function_10h_and_never_singly() -> None:
    bench = Bench()
    assert bench.apply(SetSchedule(schedule=YearSchedule(seasons=(season((1, 1), DAY, FLAT, FLAT),)))).failure is None
    writes = [(one.function, one.address, one.count) for one in bench.wire.writes]
    assert writes == [(WRITE, 0x030C, 12), (WRITE, 0x000C, 1)]
    assert not any(one.function == WRITE_ONE for one in bench.wire.asked)


def test_holidays_and_schedule_of_the_526() -> None:
    bench = Bench("or-we-526")
    schedule = YearSchedule(seasons=(season((1, 1), DAY, DAY, FLAT),))
    assert bench.apply(SetSchedule(schedule=schedule)).failure is None
    assert bench.apply(SetHolidays(days=((5, 9), (1, 1)))).failure is None
    assert bench.talk.run(DRIVER.read_holidays(bench.target)).days == ((1, 1), (5, 9))
    assert [one.address for one in bench.wire.writes] == [0x176C]
    assert bench.changes(SetHolidays(days=((1, 1), (5, 9)))) == ()


def test_the_515_has_a_table_for_each_kind_of_day() -> None:
    bench = Bench("or-we-515")
    schedule = YearSchedule(seasons=(season((1, 1), DAY, FLAT, FLAT),))
    assert bench.apply(SetSchedule(schedule=schedule)).failure is None
    assert bench.schedule() == schedule
    assert [(one.address, one.count) for one in bench.wire.writes] == [(0x8100, 16), (0x8110, 16), (0x8130, 16)]


# --- mishaps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("blow", Blow)
def test_a_lost_answer_is_followed_by_reading_and_no_frame_is_sent_twice(blow: Blow, number: int) -> None:
    bench = Bench(blow=blow, number=number)
    written = bench.apply(SetSchedule(schedule=THREE))
    assert len({(one.address, one.data) for one in bench.wire.writes}) == len(bench.wire.writes)
    if blow is Blow.LOST_REQUEST:
        assert isinstance(written.failure, NoAnswerError)
        assert len(bench.wire.writes) == number + 1
        assert len(written.standing) == number
        assert bench.meter.memory.writes_done == number
    else:
        assert written.failure is None
        assert bench.meter.memory.schedule == THREE
    after = bench.wire.asked[[one.writes for one in bench.wire.asked].index(True) + 1]
    assert not after.writes


def test_an_acknowledged_write_that_does_not_stand_ends_the_series() -> None:
    bench = Bench(behaviour=Behaviour(ignores_writes=frozenset({0x030C})))
    written = bench.apply(SetSchedule(schedule=THREE))
    assert isinstance(written.failure, NotStoredError)
    assert written.standing == frozenset()
    assert len(bench.wire.writes) == 1
    assert bench.meter.memory.schedule == TWO


def test_a_refused_write_ends_the_series_and_the_meter_is_as_it_was() -> None:
    bench = Bench(behaviour=Behaviour(refuses=frozenset({0x0300})))
    changes = DRIVER.changes(SetSchedule(schedule=THREE), {}, bench.target.profile)
    written = bench.write(changes)
    assert isinstance(written.failure, RegisterRefusedError)
    assert bench.meter.memory.writes_done == 0


def test_power_that_goes_inside_a_series_leaves_a_whole_schedule() -> None:
    bench = Bench(behaviour=Behaviour(dies_after_writes=1))
    written = bench.apply(SetSchedule(schedule=THREE))
    assert isinstance(written.failure, NoAnswerError)
    assert written.standing == {table_name(2)}
    assert bench.meter.memory.schedule == TWO


@pytest.mark.parametrize("framing", [None, "modbus-tcp"])
@pytest.mark.parametrize(
    ("blow", "fate"),
    [(Blow.GATEWAY, "no-answer"), (Blow.FAILED, "damaged"), (Blow.ACCEPTED, "damaged"), (Blow.BUSY, "refused")],
)
def test_an_exception_that_leaves_open_whether_the_meter_wrote_is_no_refusal(
    blow: Blow, fate: str, framing: str | None
) -> None:
    """A gateway that waits in vain for the meter has handed the write on: the log may not say that nothing changed."""
    bench = Bench(blow=blow, framing=framing)
    written = bench.apply(SetSchedule(schedule=THREE))
    assert bench.journal.fates() == [fate, "answered"]
    assert (written.failure, bench.meter.memory.schedule) == (None, THREE)
    clock = Bench(blow=blow, framing=framing)
    local = datetime(2025, 7, 21, 14, 5, 12)
    told = clock.talk.run(DRIVER.set_clock(clock.target, "clock", local, START + 3, CLOCK))
    kinds = {"no-answer": NoAnswerError, "damaged": UnclearAnswerError, "refused": RefusedError}
    assert isinstance(told.failure, kinds[fate])
    assert clock.journal.fates() == [fate]


def test_faults_of_the_line_are_told_apart() -> None:
    for blow, kind in ((Blow.DAMAGED, DamagedFrameError), (Blow.FOREIGN, WrongAddressError)):
        bench = Bench(blow=blow, behaviour=Behaviour(ignores_writes=frozenset({0x030C})))
        assert isinstance(bench.apply(SetSchedule(schedule=THREE)).failure, kind)


# --- what is never written --------------------------------------------------------------------------------------------


def test_a_map_that_would_write_elsewhere_is_not_used_at_all() -> None:
    for registers in ([[0x003C, 3], [0x0300, 0x6C], [0x000C, 1]], [[0x003C, 4], [0x0300, 0x6B], [0x000C, 1]]):
        bench = Bench(target=Target(address="1", profile=with_table("or-we-517", writable=registers)))
        with pytest.raises(ProfileError, match="lies outside writable"):
            bench.write([Change(parameter=ZONES, old=None, new="00 " * 24)])
        with pytest.raises(ProfileError, match="lies outside writable"):
            bench.talk.run(DRIVER.set_clock(bench.target, "clock", datetime(2025, 7, 21, 14, 5, 12), START + 3, CLOCK))
        assert bench.wire.asked == []


@pytest.mark.parametrize("name", ["password", "serial number", "energy", "clock", HOLIDAYS, "day table 9"])
def test_a_name_that_is_not_among_the_stored_values_is_refused(name: str) -> None:
    bench = Bench()
    with pytest.raises(ConfigError):
        bench.write([Change(parameter=name, old=None, new="00")])
    with pytest.raises(ConfigError):
        bench.talk.run(DRIVER.read_stored(bench.target, [name]))
    assert bench.wire.asked == []


@pytest.mark.parametrize("raw", ["00", "00 " * 25, "zz"])
def test_what_is_not_a_whole_table_is_refused(raw: str) -> None:
    bench = Bench()
    with pytest.raises(ConfigError):
        bench.write([Change(parameter=table_name(1), old=None, new=raw)])
    assert bench.wire.asked == []


@pytest.mark.parametrize(
    "setting",
    [SetDst(enabled=False), SetTariffCount(count=1), SetDisplay(values={}), SetButtonCorrection(minutes=0)],
    ids=lambda setting: type(setting).__name__,
)
def test_nothing_but_clock_schedule_and_holidays_is_ever_planned(setting: Setting) -> None:
    with pytest.raises(NotSupportedError):
        DRIVER.changes(setting, {}, library().get("or-we-517"))


def test_writing_is_closed_where_nobody_opened_it() -> None:
    target = target_of("or-we-517")
    meter = simulate(target.profile, SimState(started_at=START))
    wire = Wire(VirtualBus([meter]), meter)
    changes = DRIVER.changes(SetSchedule(schedule=THREE), {}, target.profile)
    with pytest.raises(WritingClosedError):
        dialogue(DRIVER, target, wire).run(DRIVER.write(target, "work", changes))
    assert wire.asked == []


# --- the clock --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["or-we-515", "or-we-517", "or-we-526"])
@pytest.mark.parametrize("framing", [None, "modbus-tcp"])
def test_the_clock_is_set_on_the_second_in_one_frame(model: str, framing: str | None) -> None:
    bench = Bench(model, framing=framing)
    local, at = datetime(2026, 11, 22, 14, 30), START + 3
    written = bench.talk.run(DRIVER.set_clock(bench.target, "clock", local, at, CLOCK))
    assert written.failure is None
    assert [(one.function, one.count) for one in bench.wire.writes] == [(WRITE, 3 if model == "or-we-515" else 4)]
    error = bench.meter.memory.clock.local(at) - local
    assert abs(error) < timedelta(milliseconds=20)
    time = bench.talk.run(DRIVER.read_clock(bench.target))
    assert time.weekday == (None if model == "or-we-515" else 0)  # a Sunday


@pytest.mark.parametrize(
    "local", [datetime(2025, 7, 21, 14, 5, 12, 5), datetime(1989, 1, 1), datetime(2025, 7, 21).astimezone()], ids=str
)
def test_a_time_that_no_frame_holds_is_a_mistake_of_ours(local: datetime) -> None:
    bench = Bench()
    with pytest.raises(LocalProtocolError):
        bench.talk.run(DRIVER.set_clock(bench.target, "clock", local, START + 3, CLOCK))
    assert bench.wire.asked == []


def test_a_clock_whose_answer_is_lost_is_not_set_twice() -> None:
    bench = Bench(blow=Blow.LOST_REPLY)
    local = datetime(2025, 7, 21, 14, 5, 12)
    written = bench.talk.run(DRIVER.set_clock(bench.target, "clock", local, START + 3, CLOCK))
    assert isinstance(written.failure, NoAnswerError)
    assert len(bench.wire.writes) == 1


def test_there_is_no_soft_correction() -> None:
    profile = library().get("or-we-517")
    assert DRIVER.soft_correction(profile) is None
    with pytest.raises(NotSupportedError):
        DRIVER.shift_clock(target_of("or-we-517"), "clock", timedelta(seconds=5), CLOCK)


def test_the_selector_is_told_in_words() -> None:
    assert DRIVER.told_stored(SELECTOR, "02 00") == "weekends: day table 2, holidays: none"
