"""Trouble on the line of a CE6850M and its relatives: NAKs, sessions that lapse, odd deliveries, seven bits in eight.

And how quick everything is where there is none: the delays of the simulated meter are those that were measured, and
the time of a session is that of its bytes, its gaps and its meter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from bench import wire as bench_wire
from meterlink.driver import SetDst, SetSchedule, Target
from meterlink.flow import Announcement, Change, Outcome
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.link.parity import SoftParityPort
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import Burst
from meterlink.testing import START, Delivered, Delivery, dialogue
from meterlink.wire.line import Line
from meterlink_energomera import DRIVER
from meterlink_energomera.errors import NotUnderstoodError
from meterlink_energomera.sim import Behaviour, simulate
from meterlink_energomera.text import NAK
from tests.drivers.book import Book
from tests.drivers.energomera.meters import CE102M, CE301, PASSWORD, STILL, met, target_of
from tests.drivers.energomera.test_writing import BEFORE, THREE, Scene
from tests.drivers.energomera.visits import ACTIONS, holds_the_order, meter_at, order_at, visits_at
from tests.drivers.readings import timeless
from tests.visit.visits import Visit, results_of
from tests.wires import Passing

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "protocols" / "energomera.md"
CE6850M = target_of("ce6850m")
WRITING = target_of("ce6850m", password=PASSWORD)
READ: Final = b"\x01R1"


# --- questions that the meter does not understand -------------------------------------------------------------------


@dataclass
class Spoiling(Passing):
    """A wire that spoils the first questions on their way to the meter."""

    left: int
    naks: int = 0

    def receive(self, data: bytes, now: float, line: Line) -> None:
        if data.startswith(READ) and self.left:
            self.left -= 1
            data = data[:6] + bytes([data[6] ^ 1]) + data[7:]
        super().receive(data, now, line)

    def poll(self, now: float) -> list[Burst]:
        bursts = super().poll(now)
        self.naks += sum(burst.data == bytes([NAK]) for burst in bursts)
        return bursts


def read_through(target: Target, naks: int) -> tuple[Spoiling, Callable[[], list[str]]]:
    wire = Spoiling(VirtualBus([simulate(target.profile, STILL)]), naks)
    talk = dialogue(DRIVER, target, wire)
    return wire, lambda: [value.raw for value in talk.run(DRIVER.read_energy(target)).registers]


@pytest.mark.parametrize("naks", [1, 2])
@pytest.mark.parametrize("target", [CE301, CE102M, CE6850M], ids=lambda target: target.profile.model)
def test_one_and_two_naks_are_overcome(target: Target, naks: int) -> None:
    wire, read = read_through(target, naks)
    told = read()
    assert wire.naks == naks
    assert told == read_through(target, 0)[1]()


@pytest.mark.parametrize("target", [CE301, CE102M, CE6850M], ids=lambda target: target.profile.model)
def test_three_naks_are_told_as_what_they_are(target: Target) -> None:
    wire, read = read_through(target, 3)
    with pytest.raises(NotUnderstoodError):
        read()
    assert wire.naks == 3


# --- sessions that lapse --------------------------------------------------------------------------------------------


class Dawdling(MemoryPort):
    """Somebody holds the program up before its write of this number."""

    before = 0
    for_s = 6.0
    _writes = 0

    def write(self, data: bytes) -> float:
        self._writes += 1
        if self._writes == self.before:
            self._now += self.for_s
        return super().write(data)


@pytest.mark.parametrize("before", range(4, 8))
def test_a_session_that_lapsed_is_opened_again_and_the_reading_is_whole(before: int) -> None:
    """B0, sign-on, select, and then the questions, each of which finds the session gone once."""
    meter = simulate(CE6850M.profile, STILL)
    port = Dawdling(VirtualBus([meter]), CE6850M.profile.line.line, starts_at=START)
    port.before = before
    talk = Dialogue(port, exchange_for(DRIVER, CE6850M, line=CE6850M.profile.line.line, port_name="memory"))
    told = talk.run(DRIVER.read_energy(CE6850M))
    assert [value.raw for value in told.registers] == read_through(CE6850M, 0)[1]()
    assert told.absent == ()
    assert sum(heard.raw.startswith(b"/?") for heard in meter.log) == 2


@pytest.mark.parametrize(("actions", "error_s"), [(ACTIONS, 3614), (("read", "clock"), 17)])
@pytest.mark.parametrize("slow_s", [3.0, 6.0])
def test_a_write_that_finds_its_session_gone_is_announced_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, actions: tuple[str, ...], error_s: float, slow_s: float
) -> None:
    """A disk that takes its time over the first announcement; these meters wait for 4 s at most."""
    visits, meter = visits_at(tmp_path), meter_at(error_s=error_s)
    visit = visits.at(meter, order_at(actions))
    slow_once(visit, slow_s, monkeypatch)
    ended = visit.carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert set(results_of(ended).values()) == {"verified"}
    if len(actions) > 2:
        assert holds_the_order(meter, visit.talk.now())
    first, *others = visits.records("intent")
    lapsed = slow_s > 4 and actions == ACTIONS
    assert any(other["d"]["frames"] == first["d"]["frames"] for other in others) is lapsed
    assert visits.report().state == "ok"


def slow_once(visit: Visit, slow_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next announcement takes so long to become durable."""
    gate = type(visit.session.gate)
    port = visit.talk._port
    assert isinstance(port, MemoryPort)
    inner, left = gate.__call__, [slow_s]

    def slowly(self: object, entry: Announcement | Outcome) -> None:
        inner(visit.session.gate, entry)
        if isinstance(entry, Announcement) and left:
            port._now += left.pop()

    monkeypatch.setattr(gate, "__call__", slowly)


# --- how bytes travel -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", Delivery)
def test_what_is_written_stands_however_bytes_travel(how: Delivery) -> None:
    scene = Scene(wire=lambda wire: Delivered(wire, how))
    changes = scene.changes(SetSchedule(schedule=THREE)) + scene.changes(SetDst(enabled=False))
    written = scene.write(changes)
    assert (written.failure, set(written.standing)) == (None, {"GRF01", "TRSUM"})
    assert scene.lifted() == THREE
    assert not scene.meter.memory.clock.dst_enabled
    assert scene.passwords == 1


@pytest.mark.parametrize("how", Delivery)
def test_a_clock_is_set_however_bytes_travel(how: Delivery) -> None:
    state = replace(BEFORE, clock_error=timedelta(days=-3), dst_enabled=False)
    scene = Scene(state=state, wire=lambda wire: Delivered(wire, how))
    wanted, at = datetime(2025, 7, 21, 14, 5, 11), START + 2
    change = Change(parameter="the clock", old=None, new=wanted.isoformat())
    assert scene.talk.run(DRIVER.set_clock(scene.target, "set", wanted, at, change)).failure is None
    now = scene.talk.now()
    off = scene.meter.memory.clock.local(now) - (wanted + timedelta(seconds=now - at))
    assert abs(off.total_seconds()) < 0.01


def test_seven_bits_are_written_through_eight() -> None:
    eight = WRITING.profile.line.line.in_eight_bits
    meter = simulate(WRITING.profile, BEFORE)
    port = SoftParityPort(MemoryPort(VirtualBus([meter]), eight, starts_at=START))
    book = Book()
    exchange = exchange_for(DRIVER, WRITING, line=WRITING.profile.line.line, port_name="memory", gate=book)
    talk = Dialogue(port, exchange)
    changes = DRIVER.changes(SetDst(enabled=False), talk.run(DRIVER.read_stored(WRITING, ["TRSUM"])), WRITING.profile)
    written = talk.run(DRIVER.write(WRITING, "test", changes))
    assert (written.failure, set(written.standing)) == (None, {"TRSUM"})
    assert not meter.memory.clock.dst_enabled


# --- how long it takes ----------------------------------------------------------------------------------------------


@dataclass
class Stopwatch(Passing):
    """A wire that takes down, in seconds, how long the meter thinks and how long it pauses inside an answer."""

    thinks: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    _asked_at: float | None = None
    _until: float = 0.0

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self._asked_at = now
        super().receive(data, now, line)

    def poll(self, now: float) -> list[Burst]:
        bursts = super().poll(now)
        for burst in bursts:
            if self._asked_at is not None:
                self.thinks.append(burst.at - self._asked_at)
            else:
                self.pauses.append(burst.at - self._until)
            self._asked_at, self._until = None, burst.ends_at
        return bursts


def measured(row: str) -> list[float]:
    """The numbers of a row of the page, in seconds."""
    (told,) = re.findall(rf"^\| {re.escape(row)}[^|]*\| ([^|]*) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [int(number) / 1000 for number in re.findall(r"[0-9]+", told)]


def test_the_simulated_meter_thinks_and_pauses_as_long_as_the_captured_one() -> None:
    least_s, usual_s, most_s, _ = measured("Measured, CE301v11 at 9600: request → first byte")
    least_pause_s, most_pause_s, *_ = measured("Measured spread of a frame")
    watch = Stopwatch(VirtualBus([simulate(CE301.profile, STILL, Behaviour(split_s=most_pause_s))]))
    talk = dialogue(DRIVER, CE301, watch)
    for _ in range(3):
        assert talk.run(DRIVER.read_schedule(CE301)).schedule is not None
    assert least_s <= min(watch.thinks) < usual_s < max(watch.thinks) <= most_s + 1e-9
    assert max(watch.thinks) - min(watch.thinks) > 0.9 * (most_s - least_s)
    assert least_pause_s - 1e-9 <= min(watch.pauses) <= max(watch.pauses) <= most_pause_s + 1e-9
    assert max(watch.pauses) > 0.9 * most_pause_s


@pytest.mark.parametrize("thinks_s", measured("Measured, CE301v11 at 9600: request → first byte")[:3:2])
@pytest.mark.parametrize("model", ["ce102m", "ce301", "ce6850m"])
def test_the_slowest_and_the_quickest_answers_are_understood(model: str, thinks_s: float) -> None:
    target = target_of(model)
    behaviour = Behaviour(latency_s=(thinks_s, thinks_s), split_s=0.126)
    talk, _ = met(target, behaviour, STILL)
    usual, _ = met(target, Behaviour(), STILL)
    for read in (DRIVER.read_energy, DRIVER.read_schedule, DRIVER.read_status):
        assert timeless(talk.run(read(target))) == timeless(usual.run(read(target)))


@pytest.mark.parametrize(
    ("measure", "at_most"),
    [(bench_wire.session_energy_read, 1.02), (bench_wire.session_energy_read_with_speed, 1.05)],
    ids=["one speed", "from 300 to 9600"],
)
def test_a_session_takes_hardly_longer_than_its_bytes_gaps_and_meter(
    measure: Callable[[], tuple[float, str]], at_most: float
) -> None:
    ratio, told = measure()
    assert 1.0 <= ratio <= at_most, told
