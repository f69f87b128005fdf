"""Many meters on one line: who hears what, and what comes of two answers at once."""

from __future__ import annotations

import pytest

from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import Burst, VirtualWire, garbled
from meterlink.wire.line import Line
from tests.wires import UnderWay

LINE = Line(baud=9600)
SLOW = Line(baud=1200)
CHAR_S = LINE.char_s


class FakeMeter(UnderWay):
    """Gives a fixed answer some time after anything it hears."""

    bus_address = "1"
    serial_number = "00000001"

    def __init__(self, answer: bytes, latency_s: float = 0.01, line: Line = LINE) -> None:
        super().__init__()
        self.line = line
        self.heard: list[tuple[bytes, float]] = []
        self._answer = answer
        self._latency_s = latency_s

    def receive(self, data: bytes, now: float) -> None:
        self.heard.append((data, now))
        self.bursts.append(Burst(now + self._latency_s, self._answer, self.line))

    def interrupt(self, at: float) -> None:
        self.bursts.append(Burst(at, self._answer, self.line))


def heard_until(wire: VirtualWire, until: float) -> list[tuple[float, Burst]]:
    """Every burst with the moment at which it was let out, polling exactly when the wire asks for it."""
    heard: list[tuple[float, Burst]] = []
    for _ in range(1000):
        due = wire.due()
        if due is None or due > until:
            return heard
        heard += [(due, burst) for burst in wire.poll(due)]
    raise AssertionError("the wire never stops asking to be polled")


def bursts_until(wire: VirtualWire, until: float = 100.0) -> list[Burst]:
    return [burst for _, burst in heard_until(wire, until)]


def test_one_meter_answers_as_without_a_bus() -> None:
    bus = VirtualBus([FakeMeter(b"answer")])
    bus.receive(b"ask", 1.0, LINE)
    assert heard_until(bus, 100.0) == [(1.01, Burst(1.01, b"answer", LINE))]
    assert bus.due() is None


def test_every_meter_hears_the_request_in_its_own_line_settings() -> None:
    same, other = FakeMeter(b"a"), FakeMeter(b"b", line=SLOW)
    VirtualBus([same, other]).receive(b"request", 1.0, LINE)
    assert same.heard == [(b"request", 1.0)]
    assert other.heard == [(garbled(b"request", LINE, SLOW), 1.0)]


def test_due_is_the_earliest_of_the_meters() -> None:
    bus = VirtualBus([FakeMeter(b"a", 0.5), FakeMeter(b"b", 0.2), FakeMeter(b"c", 0.9)])
    assert bus.due() is None
    bus.receive(b"ask", 1.0, LINE)
    assert bus.due() == 1.2


def test_answers_one_after_another_come_out_whole_and_in_order() -> None:
    bus = VirtualBus([FakeMeter(b"late", 0.3), FakeMeter(b"soon", 0.1)])
    bus.receive(b"ask", 1.0, LINE)
    assert [burst.data for burst in bursts_until(bus)] == [b"soon", b"late"]


def test_an_answer_is_let_out_when_it_begins_if_nothing_can_spoil_it() -> None:
    bus = VirtualBus([FakeMeter(b"soon", 0.1), FakeMeter(b"late", 0.3)])
    bus.receive(b"ask", 1.0, LINE)
    assert [at for at, _ in heard_until(bus, 100.0)] == [1.1, 1.3]


def test_overlapping_answers_both_become_noise_of_the_same_length() -> None:
    bus = VirtualBus([FakeMeter(b"first answer", 0.1), FakeMeter(b"second", 0.1 + 3 * CHAR_S)])
    bus.receive(b"ask", 1.0, LINE)
    first, second = bursts_until(bus)
    assert [first.at, second.at] == pytest.approx([1.1, 1.1 + 3 * CHAR_S])
    assert [len(first.data), len(second.data)] == [len(b"first answer"), len(b"second")]
    assert all(noise != byte for noise, byte in zip(first.data, b"first answer", strict=True))
    assert all(noise != byte for noise, byte in zip(second.data, b"second", strict=True))


def test_a_collision_is_the_same_in_every_run() -> None:
    def run() -> list[Burst]:
        bus = VirtualBus([FakeMeter(b"one"), FakeMeter(b"two")])
        bus.receive(b"ask", 1.0, LINE)
        return bursts_until(bus)

    assert run() == run()


def test_how_often_the_wire_is_polled_changes_nothing_that_is_heard() -> None:
    def bus() -> VirtualBus:
        made = VirtualBus([FakeMeter(b"one"), FakeMeter(b"two", 0.011), FakeMeter(b"three", 0.5)])
        made.receive(b"ask", 1.0, LINE)
        return made

    assert bus().poll(100.0) == bursts_until(bus())


def test_answers_that_touch_do_not_collide() -> None:
    bus = VirtualBus([FakeMeter(b"abcd", 0.0), FakeMeter(b"efgh", 4 * CHAR_S)])
    bus.receive(b"ask", 0.0, LINE)
    assert [burst.data for burst in bursts_until(bus)] == [b"abcd", b"efgh"]


def test_three_answers_of_which_two_collide() -> None:
    bus = VirtualBus([FakeMeter(b"one", 0.1), FakeMeter(b"two", 0.1), FakeMeter(b"three", 0.2)])
    bus.receive(b"ask", 1.0, LINE)
    assert [burst.data for burst in bursts_until(bus)][2] == b"three"


@pytest.mark.parametrize("bits", [7, 8])
def test_noise_fits_the_characters_of_the_line(bits: int) -> None:
    line = Line(data_bits=7, parity="E") if bits == 7 else LINE
    bus = VirtualBus([FakeMeter(bytes(range(100)), line=line), FakeMeter(b"x", 0.02, line=line)])
    bus.receive(b"ask", 1.0, line)
    assert all(byte < 1 << bits for burst in bursts_until(bus) for byte in burst.data)


def test_a_meter_that_a_new_request_makes_talk_into_an_answer_spoils_its_own_burst() -> None:
    talker, intruder = FakeMeter(bytes(50), 0.01), FakeMeter(b"y", 5.0)
    bus = VirtualBus([talker, intruder])
    bus.receive(b"ask", 1.0, LINE)
    assert bus.poll(1.01) == [Burst(1.01, bytes(50), LINE)]
    intruder.interrupt(1.02)
    assert bus.poll(1.02)[0].data != b"y"


def test_meters_do_not_hear_the_answers_of_others() -> None:
    asked, bystander = FakeMeter(b"answer"), FakeMeter(b"", 0.5)
    bus = VirtualBus([asked, bystander])
    bus.receive(b"ask", 1.0, LINE)
    bursts_until(bus)
    assert [data for data, _ in bystander.heard] == [b"ask"]


def test_a_line_without_meters_is_silent() -> None:
    bus = VirtualBus([])
    bus.receive(b"ask", 1.0, LINE)
    assert bus.due() is None
    assert bus.poll(2.0) == []
