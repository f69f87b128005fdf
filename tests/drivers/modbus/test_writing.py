"""Writing a meter: announced, in an order that is safe at every frame, read back, never twice, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
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
    MeterlinkError,
    NoAnswerError,
    NotStoredError,
    NotSupportedError,
    ProfileError,
    RefusedError,
    WritingClosedError,
    WrongAddressError,
)
from meterlink.flow import Change
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.model import Action
from meterlink.sim.bus import VirtualBus
from meterlink.sim.state import SimState
from meterlink.tariff import DayProgram, YearSchedule, preset
from meterlink.testing import START, Delivered, Delivery, dialogue
from meterlink_modbus import DRIVER
from meterlink_modbus.errors import RegisterRefusedError, UnclearAnswerError
from meterlink_modbus.pdu import WRITE, WRITE_ONE
from meterlink_modbus.sim import Behaviour, simulate
from meterlink_modbus.tables import HOLIDAYS, SELECTOR, ZONES, table_name
from tests.drivers.book import Book
from tests.drivers.modbus.meters import target_of, with_table
from tests.drivers.modbus.schedules import season
from tests.drivers.modbus.wires import Excepting, Struck
from tests.drivers.struck import Blow
from tests.shipped import library

THREE: Final = preset("ru-household-3").schedule
TWO: Final = preset("ru-household-2").schedule
DAY: Final = DayProgram.of([(0, 2), (420, 1), (1380, 2)])
FLAT: Final = DayProgram.of([(0, 1)])
LOCAL: Final = datetime(2025, 7, 21, 14, 5, 12)
CLOCK: Final = Change(parameter="the clock", old=None, new=LOCAL.isoformat())


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
        read_back: bool = False,
        exception: int | None = None,
        framing: str | None = None,
        target: Target | None = None,
    ) -> None:
        self.target = target or target_of(model, framing=framing)
        self.meter = simulate(library().get(model), SimState(started_at=START), behaviour)
        self.book = Book()
        line = Delivered(VirtualBus([self.meter]), how)
        self.wire = Struck(line, blow, number, read_back, meter=self.meter)
        wire = self.wire if exception is None else Excepting(self.wire, exception, to_reads=False)
        self.talk = dialogue(DRIVER, self.target, wire, gate=self.book)

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
    assert [change.parameter for change in bench.book.announced[0].changes] == [table_name(2), ZONES]


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
    writes = [(one.function, one.address, one.count) for one in bench.wire.written]
    assert writes == [(WRITE, 0x030C, 12), (WRITE, 0x000C, 1)]
    assert not any(one.function == WRITE_ONE for one in bench.wire.asked)


def test_holidays_and_schedule_of_the_526() -> None:
    bench = Bench("or-we-526")
    schedule = YearSchedule(seasons=(season((1, 1), DAY, DAY, FLAT),))
    assert bench.apply(SetSchedule(schedule=schedule)).failure is None
    assert bench.apply(SetHolidays(days=((5, 9), (1, 1)))).failure is None
    assert bench.talk.run(DRIVER.read_holidays(bench.target)).days == ((1, 1), (5, 9))
    assert [one.address for one in bench.wire.written] == [0x176C]
    assert bench.changes(SetHolidays(days=((1, 1), (5, 9)))) == ()


def test_the_515_has_a_table_for_each_kind_of_day() -> None:
    bench = Bench("or-we-515")
    schedule = YearSchedule(seasons=(season((1, 1), DAY, FLAT, FLAT),))
    assert bench.apply(SetSchedule(schedule=schedule)).failure is None
    assert bench.schedule() == schedule
    assert [(one.address, one.count) for one in bench.wire.written] == [(0x8100, 16), (0x8110, 16), (0x8130, 16)]


# --- mishaps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("blow", Blow)
def test_a_lost_answer_is_followed_by_reading_and_no_frame_is_sent_twice(blow: Blow, number: int) -> None:
    bench = Bench(blow=blow, number=number)
    written = bench.apply(SetSchedule(schedule=THREE))
    assert len({(one.address, one.data) for one in bench.wire.written}) == len(bench.wire.written)
    if blow is Blow.LOST_REQUEST:
        assert isinstance(written.failure, NoAnswerError)
        assert len(bench.wire.written) == number + 1
        assert len(written.standing) == number
        assert bench.meter.memory.writes_done == number
    else:
        assert written.failure is None
        assert bench.meter.memory.schedule == THREE
    after = bench.wire.asked[[one.writes for one in bench.wire.asked].index(True) + 1]
    assert not after.writes


@pytest.mark.parametrize("blow", Blow)
def test_a_lost_read_back_is_asked_for_again_and_nothing_is_written_twice(blow: Blow) -> None:
    bench = Bench(blow=blow, read_back=True)
    written = bench.apply(SetSchedule(schedule=THREE))
    assert written.failure is None
    assert written.standing == {table_name(2), ZONES}
    assert bench.meter.memory.writes_done == 2


def test_an_acknowledged_write_that_does_not_stand_ends_the_series() -> None:
    bench = Bench(behaviour=Behaviour(ignores_writes=frozenset({0x030C})))
    written = bench.apply(SetSchedule(schedule=THREE))
    assert isinstance(written.failure, NotStoredError)
    assert written.standing == frozenset()
    assert len(bench.wire.written) == 1
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
    ("code", "fate", "kind"),
    [
        (0x04, "damaged", UnclearAnswerError),
        (0x05, "damaged", UnclearAnswerError),
        (0x06, "refused", RefusedError),
        (0x08, "damaged", UnclearAnswerError),
        (0x0B, "no-answer", NoAnswerError),
    ],
)
def test_an_exception_that_leaves_open_whether_the_meter_wrote_is_no_refusal(
    code: int, fate: str, kind: type[MeterlinkError], framing: str | None
) -> None:
    """A gateway that waits in vain for the meter has handed the write on: the log may not say that nothing changed."""
    bench = Bench(exception=code, framing=framing)
    written = bench.apply(SetSchedule(schedule=THREE))
    assert bench.book.fates == [fate, fate]
    assert (written.failure, bench.meter.memory.schedule) == (None, THREE)
    clock = Bench(exception=code, framing=framing)
    told = clock.talk.run(DRIVER.set_clock(clock.target, "clock", LOCAL, START + 3, CLOCK))
    assert isinstance(told.failure, kind)
    assert clock.book.fates == [fate]


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
            bench.talk.run(DRIVER.set_clock(bench.target, "clock", LOCAL, START + 3, CLOCK))
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
    wire = Struck(VirtualBus([meter]), meter=meter)
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
    assert [(one.function, one.count) for one in bench.wire.written] == [(WRITE, 3 if model == "or-we-515" else 4)]
    error = bench.meter.memory.clock.local(at) - local
    assert abs(error) < timedelta(milliseconds=20)
    time = bench.talk.run(DRIVER.read_clock(bench.target))
    assert time.weekday == (None if model == "or-we-515" else 0)  # a Sunday


def test_the_clock_is_set_on_the_second_at_the_speed_that_the_port_was_opened_at() -> None:
    profile = library().get("or-we-517")
    slow = replace(profile, line=replace(profile.line, baud=2400))
    target = replace(target_of("or-we-517"), line=slow.line.line)
    meter = simulate(slow, SimState(started_at=START))
    port = MemoryPort(VirtualBus([meter]), target.opened_at, starts_at=START, name="memory")
    exchange = exchange_for(DRIVER, target, line=target.opened_at, port_name=port.name, gate=Book())
    written = Dialogue(port, exchange).run(DRIVER.set_clock(target, "clock", LOCAL, START + 3, CLOCK))
    assert written.failure is None
    assert abs(meter.memory.clock.local(START + 3) - LOCAL) < timedelta(milliseconds=20)


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
    written = bench.talk.run(DRIVER.set_clock(bench.target, "clock", LOCAL, START + 3, CLOCK))
    assert isinstance(written.failure, NoAnswerError)
    assert len(bench.wire.written) == 1


def test_there_is_no_soft_correction() -> None:
    profile = library().get("or-we-517")
    assert DRIVER.soft_correction(profile) is None
    with pytest.raises(NotSupportedError):
        DRIVER.shift_clock(target_of("or-we-517"), "clock", timedelta(seconds=5), CLOCK)


def test_the_selector_is_told_in_words() -> None:
    assert DRIVER.told_stored(SELECTOR, "02 00") == "weekends: day table 2, holidays: none"
