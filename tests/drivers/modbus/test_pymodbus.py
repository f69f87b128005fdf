"""The real pymodbus on the other side: its client at our simulated meters, our driver at its servers.

Over TCP in both framings, and over pseudo-terminals where the system has them. Every server listens on a port that the
system chose; nothing waits for a fixed time.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

import pytest
from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ModbusIOException
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from meterlink.link.doors import GAP_S, Door, TcpDoor, open_pty_door
from meterlink.profiles import Profile
from meterlink.sim.bus import VirtualBus
from meterlink.sim.state import SimState
from meterlink_modbus.map_reader import map_of
from meterlink_modbus.sim import SimulatedModbus, simulate
from meterlink_modbus.stored import tariffs_of
from meterlink_modbus.tables import decode_table, encode_table, table_name
from tests.cli.program import run
from tests.shipped import library

UNIT: Final = 7
QUICK_BAUD: Final = 115_200
needs_terminals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
FRAMINGS: Final = {"rtu": (FramerType.RTU, ""), "modbus-tcp": (FramerType.SOCKET, "?framing=modbus-tcp")}
"""pymodbus' word, and what our port says."""


def quick(model: str) -> Profile:
    profile = library().get(model)
    return replace(profile, line=replace(profile.line, baud=QUICK_BAUD))


def meter_of(model: str) -> SimulatedModbus:
    state = SimState(started_at=time.time(), address=str(UNIT), load_w=0, gap_s=GAP_S)
    return simulate(quick(model), state)


@contextmanager
def served(door: Door) -> Iterator[str]:
    """Where a door is, while it is open."""
    stop = threading.Event()
    serving = threading.Thread(target=door.serve, args=(stop.is_set,))
    serving.start()
    try:
        yield door.url
    finally:
        stop.set()
        serving.join()
        door.close()


# --- pymodbus' client at our meter ------------------------------------------------------------------------------------


class Their(Protocol):
    """A client of theirs as far as its calls have no types of their own."""

    def connect(self) -> bool: ...

    def close(self) -> None: ...


C = TypeVar("C", bound=Their)


@contextmanager
def connected(client: C) -> Iterator[C]:
    """A client of theirs, in use."""
    try:
        assert client.connect()
        yield client
    finally:
        client.close()


def look_round(client: Any, model: str) -> None:
    """T1, the serial number, a day table there and back, and what is refused."""
    profile = library().get(model)
    read = map_of(profile)
    energy = next(row for row in read.energy if (row.register, row.direction) == ("T1", "import")).number
    told = client.read_holding_registers(energy.address, count=energy.count, device_id=UNIT)
    kind = client.DATATYPE.FLOAT32 if energy.type == "float32" else client.DATATYPE.UINT32
    value = client.convert_from_registers(told.registers, kind)
    assert float(value) * float(energy.scale) == pytest.approx(621.42, abs=0.001)

    name = table_name(3)
    address, count = tariffs_of(profile).places[name]
    wanted = encode_table(name, [(0, 2), (420, 1)], 8)
    words = [int.from_bytes(wanted[i : i + 2], "big") for i in range(0, len(wanted), 2)]
    assert not client.write_registers(address, words, device_id=UNIT).isError()
    back = client.read_holding_registers(address, count=count, device_id=UNIT).registers
    assert decode_table(name, b"".join(word.to_bytes(2, "big") for word in back)) == ((0, 2), (420, 1))

    assert client.read_holding_registers(0x7000, count=2, device_id=UNIT).exception_code == 2
    assert client.read_coils(0, count=1, device_id=UNIT).exception_code == 1
    assert client.write_registers(energy.address, [0, 0], device_id=UNIT).exception_code == 2


@pytest.mark.parametrize("framing", FRAMINGS)
def test_its_client_reads_and_writes_our_meter_over_tcp(framing: str) -> None:
    meter = meter_of("or-we-517")
    door = TcpDoor(VirtualBus([meter]), meter.line)
    with served(door) as url:
        port = int(url.rpartition(":")[2])
        with connected(ModbusTcpClient("127.0.0.1", port=port, framer=FRAMINGS[framing][0])) as client:
            look_round(client, "or-we-517")


@needs_terminals
def test_its_client_reads_and_writes_our_meter_over_a_pseudo_terminal() -> None:
    meter = meter_of("or-we-526")
    with (
        served(open_pty_door(VirtualBus([meter]), meter.line)) as device,
        connected(ModbusSerialClient(device, baudrate=QUICK_BAUD, parity="N")) as client,
    ):
        look_round(client, "or-we-526")


def test_a_foreign_unit_is_silent() -> None:
    meter = meter_of("or-we-517")
    door = TcpDoor(VirtualBus([meter]), meter.line)
    with served(door) as url:
        port = int(url.rpartition(":")[2])
        with connected(
            ModbusTcpClient("127.0.0.1", port=port, framer=FramerType.RTU, timeout=0.5, retries=0)
        ) as client:
            with pytest.raises(ModbusIOException, match="No response received"):
                client.read_holding_registers(0, count=2, device_id=UNIT + 1)
            assert not client.read_holding_registers(0, count=2, device_id=UNIT).isError()


# --- our driver at pymodbus' servers ----------------------------------------------------------------------------------


def registers_of(model: str) -> list[SimData]:
    """Everything that a simulated meter of ours tells, as a store of pymodbus."""
    memory = meter_of(model).memory
    spans = [*memory.map.readable]
    return [
        SimData(
            span.start,
            values=[int.from_bytes(memory.read(register, 1, time.time()), "big") for register in span],
            datatype=DataType.REGISTERS,
        )
        for span in spans
    ]


@contextmanager
def their_server(make: Any) -> Iterator[Any]:
    """A server of theirs in a thread of its own, listening."""
    listening, ends = threading.Event(), threading.Event()
    found: list[Any] = []

    async def serve() -> None:
        server = make()
        await server.serve_forever(background=True)
        found.append(server)
        listening.set()
        await asyncio.get_running_loop().run_in_executor(None, ends.wait)
        await server.shutdown()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert listening.wait(10), "their server does not listen"
        yield found[0]
    finally:
        ends.set()
        thread.join()


def read_all(url: str, model: str) -> dict[str, Decimal]:
    ended = run("energy", "read", "--port", url, "--model", model, "--address", str(UNIT), "--json")
    assert ended.code == 0, ended.err
    assert ended.document["meter"]["serial_number"].lstrip("0") == "20210123"
    imported = [one for one in ended.document["registers"] if one["direction"] == "import" and "kwh" in one]
    return {one["register"]: Decimal(one["kwh"]) for one in imported}


@pytest.mark.parametrize("framing", FRAMINGS)
def test_our_driver_reads_their_server_over_tcp(framing: str) -> None:
    framer, option = FRAMINGS[framing]
    device = SimDevice(UNIT, simdata=registers_of("or-we-517"))
    with their_server(lambda: ModbusTcpServer(device, framer=framer, address=("127.0.0.1", 0))) as server:
        port = server.transport.sockets[0].getsockname()[1]
        found = read_all(f"tcp://127.0.0.1:{port}{option}", "or-we-517")
    assert (found["T1"], found["T2"], found["total"]) == (Decimal("621.42"), Decimal("208.34"), Decimal("829.76"))


@needs_terminals
def test_our_driver_reads_their_server_over_pseudo_terminals() -> None:
    if sys.platform != "win32":  # so that the type checker skips the rest there
        from tests.drivers.modbus.terminals import two_terminals

        device = SimDevice(UNIT, simdata=registers_of("or-we-526"))
        with (
            two_terminals() as (theirs, ours),
            their_server(lambda: ModbusSerialServer(device, framer=FramerType.RTU, port=theirs, baudrate=QUICK_BAUD)),
        ):
            found = read_all(f"{ours}?baud={QUICK_BAUD}", "or-we-526")
        assert (found["T1"], found["T2"]) == (Decimal("621.42"), Decimal("208.34"))
