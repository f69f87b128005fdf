"""Real ports in real time: pyserial over a pseudo-terminal, raw TCP, RFC 2217, and what goes wrong with them."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
import serial
from pytest_mock import MockerFixture
from serial.rfc2217 import PortManager

from meterlink.errors import (
    ConfigError,
    LinkLostError,
    MeterlinkError,
    PortAccessError,
    PortBusyError,
    PortError,
    PortMissingError,
)
from meterlink.link.aio import open_tcp_async, run_async
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.doors import GAP_S, Door, TcpDoor, open_pty_door
from meterlink.link.opening import open_port
from meterlink.link.port import PortUrl, SteadyClock, parse_port
from meterlink.link.trace import TraceFile
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import VirtualWire
from meterlink.sim.state import SimState
from meterlink.wire.line import Line
from meterlink_mercury200 import DRIVER
from tests.drivers.mercury200.meters import target_of

TARGET = target_of("mercury-200.02", "925646")
LINE = TARGET.profile.line.line


def bus() -> VirtualBus:
    beginning = SimState(started_at=SteadyClock().now(), gap_s=GAP_S)
    return VirtualBus([DRIVER.simulate(TARGET.profile, beginning)])


def no_wire(url: PortUrl, line: Line, starts_at: float) -> VirtualWire:
    raise AssertionError("only sim: URLs make a wire")


@contextmanager
def serving(door: Door) -> Iterator[str]:
    """The door open in a thread of its own."""
    ended = threading.Event()
    thread = threading.Thread(target=door.serve, args=(ended.is_set,))
    thread.start()
    try:
        yield door.url
    finally:
        ended.set()
        thread.join()
        door.close()


def connect(text: str) -> Dialogue:
    url = parse_port(text)
    port = open_port(url, LINE, no_wire)
    return Dialogue(port, exchange_for(DRIVER, TARGET, line=LINE, port_name=port.name, port_timing=url.timing))


# --- reading over real ports ------------------------------------------------------------------------------------------


def tcp() -> Door:
    return TcpDoor(bus(), LINE)


def pty() -> Door:
    return open_pty_door(bus(), LINE)


needs_pty = pytest.mark.skipif(sys.platform == "win32", reason="this system has no pseudo-terminals")


@pytest.mark.parametrize("make", [tcp, pytest.param(pty, marks=needs_pty)])
def test_energy_and_identity_are_read_over_a_real_port(make: Callable[[], Door]) -> None:
    with serving(make()) as url, connect(url) as meter:
        reading = meter.run(DRIVER.read_energy(TARGET))
        assert reading.registers[0].amount == Decimal("621.42")
        assert meter.run(DRIVER.identify(TARGET)).serial_number == "06925646"


def test_asyncio_reads_over_tcp() -> None:
    async def read(text: str) -> Any:
        url = parse_port(text)
        port = await open_tcp_async(url, LINE)
        exchange = exchange_for(DRIVER, TARGET, line=LINE, port_name=port.name, port_timing=url.timing)
        try:
            return await run_async(port, exchange, DRIVER.read_energy(TARGET))
        finally:
            port.close()

    with serving(tcp()) as url:
        assert asyncio.run(read(url)).registers[1].amount == Decimal("208.34")


class Rfc2217Server:
    """A gateway that speaks RFC 2217, with a simulated line behind it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self.listener.getsockname()[1]}"
        self.settings: list[int] = []

    def serve(self, stop: Callable[[], bool]) -> None:
        connection, _ = self.listener.accept()
        device = serial.serial_for_url("loop://", timeout=0)
        manager: Any = PortManager(cast(Any, device), cast(Any, _Writer(connection)))
        inner = TcpDoor(bus(), LINE)
        with serving(inner) as url, socket.create_connection(parse_address(url)) as meter:
            _carry(connection, meter, manager, stop)
        self.settings.append(device.baudrate)
        connection.close()

    def close(self) -> None:
        self.listener.close()


class _Writer:
    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


def parse_address(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("tcp://").split(":")
    return host, int(port)


def _carry(client: socket.socket, meter: socket.socket, manager: Any, stop: Callable[[], bool]) -> None:
    client.settimeout(0.01)
    meter.settimeout(0.01)
    while not stop():
        try:
            data = client.recv(4096)
            if not data:
                return
            meter.sendall(b"".join(manager.filter(data)))
        except TimeoutError:
            pass
        except OSError:
            return
        with suppress(TimeoutError):
            client.sendall(b"".join(manager.escape(meter.recv(4096))))


@pytest.mark.filterwarnings("ignore:set.* is deprecated:DeprecationWarning")  # pyserial's own thread
def test_energy_is_read_through_an_rfc2217_gateway() -> None:
    server = Rfc2217Server()
    with serving(server) as url, connect(f"{url}?baud=9600") as meter:
        assert meter.run(DRIVER.read_energy(TARGET)).registers[0].amount == Decimal("621.42")
    assert server.settings == [9600]


def test_a_second_master_is_turned_away() -> None:
    with serving(tcp()) as url, connect(url) as first:
        first.run(DRIVER.read_dst(TARGET))
        with connect(url) as second, pytest.raises(LinkLostError):
            second.run(DRIVER.read_dst(TARGET))
        assert first.run(DRIVER.read_dst(TARGET)).enabled is False


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_nobody_listens_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for url in (f"tcp://127.0.0.1:{port}", f"rfc2217://127.0.0.1:{port}", "/dev/no-such-port"):
        with pytest.raises(PortMissingError) as caught:
            connect(url)
        assert caught.value.exit_code == 3
        assert caught.value.port == url


def test_a_gateway_that_goes_away_in_the_middle_is_a_lost_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        with connect(url) as meter:
            connection, _ = listener.accept()
            connection.close()
            with pytest.raises(LinkLostError, match="was lost in the middle") as caught:
                meter.run(DRIVER.read_energy(TARGET))
    assert caught.value.exit_code == 3


@needs_pty
def test_a_port_is_ours_alone() -> None:
    with serving(pty()) as url, connect(url), pytest.raises(PortBusyError, match="held by another program"):
        connect(url)


@needs_pty
def test_a_pulled_adapter_is_a_lost_port() -> None:
    pseudo: Any = os  # the type checker knows no pseudo-terminals on every system
    near, far = pseudo.openpty()
    with connect(pseudo.ttyname(far)) as meter:
        os.close(far)
        os.close(near)
        with pytest.raises(LinkLostError, match="was lost in the middle"):
            meter.run(DRIVER.read_dst(TARGET))


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (serial.SerialException(errno.ENOENT, "could not open port COM9: FileNotFoundError(2, ...)"), PortMissingError),
        (serial.SerialException("could not open port 'COM9': FileNotFoundError(2, 'not found')"), PortMissingError),
        (serial.SerialException(errno.EAGAIN, "Could not exclusively lock port"), PortBusyError),
        (serial.SerialException(errno.EBUSY, "Device or resource busy"), PortBusyError),
        (serial.SerialException(errno.EACCES, "Permission denied"), PortAccessError),
        (ValueError("Not a valid baudrate: 9601"), PortError),
    ],
)
def test_why_a_serial_port_does_not_open(mocker: MockerFixture, error: Exception, wanted: type[MeterlinkError]) -> None:
    mocker.patch("meterlink.link.serial_port.sys.platform", "linux")
    mocker.patch("serial.serial_for_url", side_effect=error)
    with pytest.raises(wanted) as caught:
        connect("COM9")
    assert type(caught.value) is wanted
    assert "COM9" in str(caught.value)
    assert "Errno" not in str(caught.value)


def test_denied_on_windows_means_held_by_another_program(mocker: MockerFixture) -> None:
    mocker.patch("meterlink.link.serial_port.sys.platform", "win32")
    words = "could not open port 'COM9': PermissionError(13, 'Access is denied.', None, 5)"
    mocker.patch("serial.serial_for_url", side_effect=serial.SerialException(words))
    with pytest.raises(PortBusyError):
        connect("COM9")


@pytest.mark.parametrize("method", ["read", "write", "half a write"])
def test_a_serial_port_lost_in_the_middle(mocker: MockerFixture, method: str) -> None:
    device = mocker.MagicMock()
    device.in_waiting = 0
    device.write.side_effect = len
    if method == "write":
        device.write.side_effect = serial.SerialException("write failed: device disconnected")
    elif method == "half a write":
        device.write.side_effect = lambda data: len(data) - 1
    else:
        type(device).in_waiting = mocker.PropertyMock(side_effect=OSError(errno.EIO, "Input/output error"))
    mocker.patch("serial.serial_for_url", return_value=device)
    with connect("COM9") as meter, pytest.raises(LinkLostError) as caught:
        meter.run(DRIVER.read_energy(TARGET))
    assert caught.value.port == "COM9"
    device.close.assert_called_once()


# --- the trace --------------------------------------------------------------------------------------------------------


def test_the_trace_has_one_line_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    complaints: list[str] = []
    with serving(tcp()) as url, TraceFile(str(path), complaints.append) as trace:
        parsed = parse_port(url)
        port = open_port(parsed, LINE, no_wire)
        exchange = exchange_for(
            DRIVER, TARGET, line=LINE, port_name=port.name, port_timing=parsed.timing, observer=trace
        )
        with Dialogue(port, exchange) as meter:
            meter.run(DRIVER.read_dst(TARGET))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(line["direction"], line["note"], line["frame"][:14]) for line in lines] == [
        ("out", "request", "00 0E 1F CE 24"),
        ("in", "reply", "00 0E 1F CE 24"),
    ]
    assert lines[0]["at"].endswith("+00:00")
    assert complaints == []


def test_a_trace_that_cannot_be_written_is_told_before_the_port_is_opened(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--trace"):
        TraceFile(str(tmp_path / "no such folder" / "trace.jsonl"), print)
