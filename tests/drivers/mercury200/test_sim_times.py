"""The simulated Mercury 200 on the line: silences, times and speeds, and any bytes at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.sim.bus import VirtualBus
from meterlink.wire.checksums import crc16_modbus_ok
from meterlink.wire.line import Line
from meterlink_mercury200 import messages
from meterlink_mercury200.messages import COMMANDS, encode_frame
from meterlink_mercury200.sim import Behaviour, SimulatedMercury200, Verdict, simulate
from tests.drivers.mercury200.sim_bench import MODELS, READ_SERIAL, START, STATE, Bench, profile

# --- silences and times -----------------------------------------------------------------------------------------------

GAP_S = 6 * Line().char_s


def test_answer_begins_after_gap_and_latency() -> None:
    meter = simulate(profile(), STATE)
    meter.receive(READ_SERIAL, START)
    assert meter.due() == pytest.approx(START + GAP_S)
    assert meter.poll(START + GAP_S - 0.001) == []
    meter.poll(START + GAP_S)
    assert meter.due() == pytest.approx(START + GAP_S + 0.010)
    [burst] = meter.poll(START + 1)
    assert burst.at == pytest.approx(START + GAP_S + 0.010)
    assert burst.line == Line()
    assert meter.due() is None


@pytest.mark.parametrize("gap_s", [None, 0.004, 1.0])
def test_bytes_one_by_one_are_a_request(gap_s: float | None) -> None:
    bench = Bench(state=replace(STATE, gap_s=gap_s))
    for i in range(len(READ_SERIAL)):
        bench.now += bench.meter.line.char_s
        assert bench.meter.poll(bench.now) == []
        bench.meter.receive(READ_SERIAL[i : i + 1], bench.now)
    assert len(bench.answers()) == 1


def test_a_pause_ends_a_frame() -> None:
    bench = Bench()
    bench.meter.receive(READ_SERIAL[:4], START)
    assert bench.meter.due() == pytest.approx(START + GAP_S)
    assert bench.send(READ_SERIAL[4:]) == []
    assert [heard.verdict for heard in bench.meter.log] == [Verdict.DAMAGED] * 2
    assert bench.raw(READ_SERIAL) is not None


def test_a_longer_silence_may_be_given_for_doors_in_real_time() -> None:
    bench = Bench(state=replace(STATE, gap_s=0.5))
    bench.meter.receive(READ_SERIAL[:4], START)
    [burst] = bench.send(READ_SERIAL[4:])
    assert burst.at - bench.meter.log[-1].at == pytest.approx(0.010), "a whole frame does not wait for it"
    bench.meter.receive(READ_SERIAL[:4], bench.now)
    assert bench.meter.due() == pytest.approx(bench.now + 0.5)


def test_glued_requests_are_answered_one_after_another() -> None:
    bench = Bench()
    [one, other] = bench.send(READ_SERIAL + encode_frame(123456, 0x24))
    assert one.data[4] == 0x2F
    assert other.data[4] == 0x24
    assert other.at == pytest.approx(one.ends_at + 0.010)


def test_a_request_during_the_answer_waits_or_is_lost() -> None:
    for deaf, answers in ((False, 1), (True, 0)):
        bench = Bench(behaviour=Behaviour(deaf_while_sending=deaf))
        bench.meter.receive(READ_SERIAL, START)
        bench.meter.poll(START + 0.017)
        bench.meter.receive(READ_SERIAL, START + 0.018)
        bench.meter.poll(START + 0.018)
        bench.now = START + 0.018
        assert len(bench.answers()) == answers
        assert (bench.verdict() is Verdict.DEAF) == deaf


def test_the_first_request_after_a_long_pause_may_be_lost() -> None:
    bench = Bench(behaviour=Behaviour(first_frame_lost_after_s=10))
    assert bench.raw(READ_SERIAL) is None
    assert bench.verdict() is Verdict.ASLEEP
    assert bench.raw(READ_SERIAL) is not None
    bench.pass_time(seconds=30)
    assert [bench.raw(READ_SERIAL) is None for _ in range(3)] == [True, False, False]


def test_multiplier_makes_the_gap_longer() -> None:
    bench = Bench()
    assert bench.ask(messages.SET_MULTIPLIER, b"\3") == b""
    assert bench.ask(messages.READ_MULTIPLIER) == b"\3"
    bench.meter.receive(READ_SERIAL, bench.now)
    assert bench.meter.due() == pytest.approx(bench.now + 4 * GAP_S)


@pytest.mark.parametrize(("old_first", "ack_baud"), [(True, 9600), (False, 1200)])
def test_speed_changes_with_the_ack(old_first: bool, ack_baud: int) -> None:
    bench = Bench(behaviour=Behaviour(ack_at_old_speed=old_first))
    [ack] = bench.send(encode_frame(123456, 0x08, b"\3"))
    assert ack.line.baud == ack_baud
    assert bench.meter.line.baud == 1200
    [answer] = bench.send(READ_SERIAL)
    assert answer.line.baud == 1200
    assert bench.ask(messages.SET_BAUD, b"\5") == b""
    assert bench.meter.line.baud == 1200


def test_wrong_speed_is_noise_on_the_bus() -> None:
    meter = simulate(profile(), STATE)
    bus = VirtualBus([meter])
    bus.receive(READ_SERIAL, START, Line(baud=4800))
    assert bus.poll(START + 5) == []
    bus.receive(READ_SERIAL, START + 10, Line())
    assert len(bus.poll(START + 15)) == 1


# --- any bytes --------------------------------------------------------------------------------------------------------

_metered = st.builds(
    lambda code, data: encode_frame(123456, code, data), st.sampled_from(sorted(COMMANDS)), st.binary(max_size=20)
)
_sized = st.sampled_from(sorted(COMMANDS)).flatmap(
    lambda code: st.binary(min_size=COMMANDS[code].request.size, max_size=COMMANDS[code].request.size).map(
        lambda data: encode_frame(123456, code, data)
    )
)
_pauses = st.sampled_from([0.0, 0.001, 0.006, 0.0063, 0.02, 1.0, 86_400.0, 40 * 86_400.0])


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(MODELS), st.lists(st.tuples(st.binary(max_size=40) | _metered | _sized, _pauses), max_size=25))
def test_any_bytes_end_in_answers_or_silence(model: str, chunks: list[tuple[bytes, float]]) -> None:
    meter = simulate(profile(model), STATE)
    now = START
    for data, pause_s in chunks:
        now += pause_s
        meter.receive(data, now)
        for burst in meter.poll(now):
            assert crc16_modbus_ok(burst.data)
    for _ in range(100):
        due = meter.due()
        if due is None:
            break
        meter.poll(due)
    assert meter.due() is None, "it comes to rest"


@given(_sized, st.integers(0, 30), st.integers(0, 7))
def test_a_flipped_bit_is_never_carried_out(frame: bytes, place: int, bit: int) -> None:
    damaged = bytearray(frame)
    damaged[place % len(frame)] ^= 1 << bit
    bench = Bench()
    assert bench.send(bytes(damaged)) == []
    assert bench.verdict() in (Verdict.DAMAGED, Verdict.FOREIGN)


@settings(deadline=None, max_examples=50)
@given(_sized, st.data())
def test_any_split_without_a_pause_gives_the_same_answer(frame: bytes, data: st.DataObject) -> None:
    whole, split = Bench(), Bench()
    cut = data.draw(st.integers(0, len(frame)))
    expected = [burst.data for burst in whole.send(frame)]
    split.now += 0.1
    for part in (frame[:cut], frame[cut:]):
        split.now += len(part) * split.meter.line.char_s
        split.meter.receive(part, split.now)
    assert [burst.data for burst in split.answers()] == expected


def test_memory_is_bounded() -> None:
    bench = Bench()
    bench.meter.receive(bytes(range(256)) * 4000, START)
    bench.meter.receive(READ_SERIAL * 5000, START + 10)
    for i in range(5000):
        bench.meter.receive(b"\xa5", START + 20 + i)
    meter = bench.meter
    assert len(meter.log) <= 2000
    assert max(len(heard.raw) for heard in meter.log) <= 256
    assert len(meter.poll(START + 100_000)) <= 64


def test_it_serves_a_bus_as_a_meter() -> None:
    meters: list[SimulatedMercury200] = [simulate(profile(), replace(STATE, address=str(n))) for n in (1, 2)]
    bus = VirtualBus(meters)
    bus.receive(encode_frame(2, 0x2F), START, Line())
    [burst] = bus.poll(START + 1)
    assert burst.data[:4] == bytes([0, 0, 0, 2])
    assert meters[0].log[-1].verdict is Verdict.FOREIGN
