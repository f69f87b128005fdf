"""7E1 meters behind 8N1 devices: the parity is made by software, over memory and over a real TCP door."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from random import Random

import pytest
from hypothesis import given, strategies as st

from meterlink.errors import NoAnswerError, PortUrlError, WireError
from meterlink.flow import Announcement, Change, Outcome
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.doors import GAP_S, TcpDoor
from meterlink.link.memory import MemoryPort
from meterlink.link.opening import open_port
from meterlink.link.parity import SoftParityPort
from meterlink.link.port import ParityMode, PortUrl, parse_port
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import VirtualWire, garbled
from meterlink.sim.state import SimState
from meterlink.testing import START, from_hex
from meterlink.wire.line import BAD_PARITY, Line, is_even, with_parity, without_parity
from meterlink_energomera import DRIVER
from meterlink_energomera.messages import SignOn
from meterlink_energomera.schedule import joined
from meterlink_energomera.sim import Behaviour, simulate
from tests.cli.program import run, simulated
from tests.drivers.energomera.meters import ADDRESS, PASSWORD, target_of

CE301 = target_of("ce301")
SEVEN = Line(baud=9600, data_bits=7, parity="E")
EIGHT = Line(baud=9600)


@given(data=st.binary(max_size=60))
def test_characters_come_through_and_a_wrong_parity_is_seen(data: bytes) -> None:
    characters = bytes(byte & 0x7F for byte in data)
    assert without_parity(with_parity(characters)) == characters
    spoilt = bytes(byte ^ 0x80 for byte in with_parity(characters))
    assert set(without_parity(spoilt)) <= {BAD_PARITY}


def test_published_bytes_with_parity_are_those_that_software_makes() -> None:
    assert with_parity(SignOn("").encode()) == from_hex("af3f218d0a")


def test_8n1_and_7e1_are_the_same_bits_on_a_wire() -> None:
    assert garbled(with_parity(b"/?!\r\n"), EIGHT, SEVEN) == b"/?!\r\n"
    assert garbled(b"/?!\r\n", SEVEN, EIGHT) == with_parity(b"/?!\r\n")
    assert garbled(b"/?!\r\n", EIGHT, SEVEN) != b"/?!\r\n"


def test_a_character_with_wrong_parity_is_noise_to_the_meter() -> None:
    bus = VirtualBus([simulate(CE301.profile, SimState(started_at=START, address=ADDRESS))])
    raw = bytearray(with_parity(SignOn(ADDRESS).encode()))
    raw[4] ^= 0x80
    bus.receive(bytes(raw), START, EIGHT)
    assert bus.poll(START + 1) == []


def test_a_port_of_eight_bits_is_one_of_seven() -> None:
    bus = VirtualBus([simulate(CE301.profile, SimState(started_at=START, address=ADDRESS))])
    port = SoftParityPort(MemoryPort(bus, EIGHT, starts_at=START))
    port.write(SignOn(ADDRESS).encode())
    heard = b""
    while piece := port.read(port.now() + 0.5):
        heard += piece
    assert heard == b"/EKT5CE301v11\r\n"


@contextmanager
def eight_bit_door() -> Iterator[str]:
    """A gateway that knows eight bits only, with a CE301 behind it, in real time."""
    state = SimState(started_at=time.time(), address=ADDRESS, gap_s=GAP_S)
    meter = simulate(CE301.profile, state, Behaviour(latency_s=(0.01, 0.02)))
    stop = threading.Event()
    with closing(TcpDoor(VirtualBus([meter]), EIGHT)) as door:
        thread = threading.Thread(target=door.serve, args=(stop.is_set,), daemon=True)
        thread.start()
        try:
            yield door.url
        finally:
            stop.set()
            thread.join(5)


@pytest.mark.parametrize("parity", ["soft", "auto"])
def test_a_meter_behind_an_8n1_gateway_is_read(parity: str) -> None:
    with eight_bit_door() as url:
        port = f"{url}?parity={parity}&latency_s=0.1"
        ended = run("energy", "read", "--port", port, "--model", "ce301", "--address", ADDRESS, "--json")
    assert (ended.err, ended.code) == ("", 0)
    assert json.loads(ended.out)["meter"]["serial_number"] == "008841083000505"


def test_a_meter_behind_an_8n1_gateway_is_written() -> None:
    """A 7E1 meter in real time: session, password, one write, its reading back."""
    target = target_of("ce301", password=PASSWORD)
    with eight_bit_door() as url:
        named = parse_port(f"{url}?parity=soft&latency_s=0.1")
        with closing(open_port(named, SEVEN, no_wire)) as port:
            exchange = exchange_for(DRIVER, target, line=SEVEN, port_name=url, port_timing=named.timing, gate=keep)
            change = Change(parameter="TRSUM", old=joined(["1"]), new=joined(["0"]))
            written = Dialogue(port, exchange).run(DRIVER.write(target, "switch", [change]))
    assert (written.failure, dict(written.found)) == (None, {"TRSUM": joined(["0"])})


def keep(_entry: Announcement | Outcome) -> None:
    """Any log will do here."""


def no_wire(url: PortUrl, line: Line, starts_at: float) -> VirtualWire:
    raise AssertionError("only sim: URLs make a wire")


def test_without_software_parity_it_is_not() -> None:
    with eight_bit_door() as url:
        ended = run(
            "energy", "read", "--port", f"{url}?latency_s=0.1", "--model", "ce301", "--address", ADDRESS, "--json"
        )
    assert ended.code == 3


@pytest.mark.parametrize(("options", "parity"), [((), ""), (("--eight-bits",), "?parity=soft")])
def test_sim_run_serves_both_bit_forms(options: tuple[str, ...], parity: str) -> None:
    with simulated("ce301", *options) as ready:
        ended = run("dst", "show", "--port", ready["url"] + parity, "--model", "ce301", "--address", ready["address"])
    assert (ended.err, ended.code) == ("", 0)


def test_the_option_is_one_of_three() -> None:
    assert parse_port("COM3?parity=soft").parity is ParityMode.SOFT
    assert parse_port("COM3").parity is ParityMode.LINE
    with pytest.raises(PortUrlError, match="line, soft or auto"):
        parse_port("COM3?parity=even")


class Noisy:
    """An eight-bit port between a meter of seven bits and the software that looks at parities: it flips bits."""

    def __init__(self, port: MemoryPort, bits: Sequence[int], seed: int) -> None:
        self.name, self.now = port.name, port.now
        self.set_line, self.close = port.set_line, port.close
        self._port, self._bits, self._random = port, bits, Random(seed)
        self.bad = self.asked = 0

    def write(self, data: bytes) -> float:
        self.asked += 1
        return self._port.write(data)

    def read(self, until: float) -> bytes:
        heard = bytearray(self._port.read(until))
        for place in range(len(heard)):
            if self._random.random() < 0.006:
                heard[place] ^= 1 << self._random.choice(self._bits)
        self.bad += sum(not is_even(byte) for byte in heard)
        return bytes(heard)


@pytest.mark.parametrize("bits", [(7,), range(8)], ids=["the parity bit", "any bit"])
def test_noise_on_an_eight_bit_line_is_never_a_value(bits: Sequence[int]) -> None:
    """Whatever bit is wrong, the parity is, and what was heard so is asked again."""
    state = SimState(started_at=START, address=ADDRESS, load_w=0)
    bad, ends = 0, set()
    for seed in range(12):
        noisy = Noisy(MemoryPort(VirtualBus([simulate(CE301.profile, state)]), EIGHT, starts_at=START), bits, seed)
        talk = Dialogue(SoftParityPort(noisy), exchange_for(DRIVER, CE301, line=SEVEN, port_name="memory"))
        try:
            reading = talk.run(DRIVER.read_energy(CE301))
        except (NoAnswerError, WireError):
            ends.add("told")
        else:
            assert [value.raw for value in reading.registers[:3]] == ["829.76", "621.42", "208.34"]
            assert (noisy.asked > UNDISTURBED) is (noisy.bad > 0)
            ends.add("overcome" if noisy.bad else "undisturbed")
        bad += noisy.bad
    assert bad > 12
    assert "overcome" in ends


UNDISTURBED = 8
"""B0, sign-on, select, four directions of energy, B0."""
