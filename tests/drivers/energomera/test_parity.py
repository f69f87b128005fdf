"""7E1 meters behind 8N1 devices: the parity is made by software, over memory and over a real TCP door."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from hypothesis import given, strategies as st

from meterlink.errors import NoAnswerError, PortUrlError, WireError
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.doors import GAP_S, TcpDoor
from meterlink.link.memory import MemoryPort
from meterlink.link.parity import SoftParityPort
from meterlink.link.port import ParityMode, parse_port
from meterlink.sim.bus import VirtualBus
from meterlink.sim.faults import parse_faults, wrap
from meterlink.sim.line import garbled
from meterlink.sim.state import SimState
from meterlink.testing import START, from_hex
from meterlink.wire.line import BAD_PARITY, Line, with_parity, without_parity
from meterlink_energomera import DRIVER
from meterlink_energomera.messages import SignOn
from meterlink_energomera.sim import Behaviour, simulate
from tests.cli.program import run, simulated
from tests.drivers.energomera.meters import ADDRESS, target_of

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


def test_noise_of_the_parity_bit_is_never_a_value() -> None:
    """A line that spoils eighth bits: nothing that was heard becomes a number."""
    state = SimState(started_at=START, address=ADDRESS, load_w=0)
    for seed in range(12):
        wire = wrap(VirtualBus([simulate(CE301.profile, state)]), parse_faults("flipped-bit:0.3"), seed)
        port = SoftParityPort(MemoryPort(wire, EIGHT, starts_at=START))
        talk = Dialogue(port, exchange_for(DRIVER, CE301, line=SEVEN, port_name="memory"))
        try:
            reading = talk.run(DRIVER.read_energy(CE301))
        except (NoAnswerError, WireError):
            continue
        assert [value.raw for value in reading.registers[:3]] == ["829.76", "621.42", "208.34"]
