"""CPU of one exchange in memory, beside a pymodbus client that reads as many bytes from a server on loopback.

Both numbers are the CPU time of the asking process alone; the Modbus server is another process.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from statistics import median
from typing import Any, Protocol

from pymodbus.client import ModbusTcpClient

from meterlink.driver import Target
from meterlink.flow import Flow
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.profiles import default_folder, load_profiles
from meterlink.registry import load_driver
from meterlink.wire.line import Line
from meterlink.wire.request import Request
from meterlink_mercury200.messages import READ_ENERGY, Call, encode_frame
from meterlink_mercury200.values import Energies
from meterlink_modbus.framing import Form
from meterlink_modbus.messages import call_to
from meterlink_modbus.pdu import READ_HOLDING, Answered, Asked

EXCHANGES = 500
BATCHES = 12
TURNS = 4
REGISTERS = 8  # 16 bytes, as the four tariffs of a Mercury 200
ADDRESS = 925646


class EchoingPort:
    """A port that answers every request at once with one and the same reply, in virtual time."""

    name = "memory"

    def __init__(self, reply: bytes) -> None:
        self._reply = reply
        self._waiting = b""
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def write(self, data: bytes) -> float:
        self._waiting = self._reply
        self._now += 0.03
        return self._now

    def read(self, until: float) -> bytes:
        data, self._waiting = self._waiting, b""
        if not data:
            self._now = until
        return data

    def set_line(self, line: Line) -> None:
        raise AssertionError("the line stays as it is")

    def close(self) -> None:
        return


def exchange_over_pymodbus() -> tuple[float, str]:
    """The energy of a Mercury 200: 16 bytes of data."""
    return _over_pymodbus(_mercury_exchanges())


def modbus_over_pymodbus() -> tuple[float, str]:
    """The same registers that the pymodbus client reads, through our driver's messages and framer."""
    return _over_pymodbus(_modbus_driver_exchanges())


def _over_pymodbus(ours: Callable[[], object]) -> tuple[float, str]:
    """In long turns, each side as it runs by itself (a processor that waited for a socket runs slower for a while).

    The medians over all batches are compared.
    """
    with _modbus_client() as client:
        theirs = partial(_modbus_exchanges, client)
        our_times, their_times = [], []
        for _ in range(TURNS):
            our_times += [_exchange_s(ours) for _ in range(BATCHES)]
            their_times += [_exchange_s(theirs) for _ in range(BATCHES)]
    ours_s, theirs_s = median(our_times), median(their_times)
    return ours_s / theirs_s, f"{ours_s * 1e6:.1f} us over {theirs_s * 1e6:.1f} us an exchange"


def _exchange_s(exchanges: Callable[[], object]) -> float:
    began = time.process_time()
    exchanges()
    return (time.process_time() - began) / EXCHANGES


def _mercury_exchanges() -> Callable[[], object]:
    profile = load_profiles([default_folder()]).get("mercury-200.02")
    target = Target(address=str(ADDRESS), profile=profile)
    zero = Decimal("0.00")
    reply = encode_frame(ADDRESS, 0x27, Energies((Decimal("621.42"), zero, zero, zero)).encode())
    return _exchanges(target, Call(ADDRESS, READ_ENERGY), reply)


def _modbus_driver_exchanges() -> Callable[[], object]:
    target = Target(address="1", profile=load_profiles([default_folder()]).get("or-we-517"))
    asked = Asked(READ_HOLDING, 0, REGISTERS)
    data = b"".join(register.to_bytes(2, "big") for register in range(REGISTERS))
    return _exchanges(target, call_to(target, asked), Form.RTU.wrap(1, Answered.to(asked, data).encode()))


def _exchanges(target: Target, request: Request[Any], reply: bytes) -> Callable[[], object]:
    """Many times one and the same request with its answer."""
    driver = load_driver(target.profile.driver)
    exchange = exchange_for(driver, target, line=target.profile.line.line, port_name="memory")
    dialogue = Dialogue(EchoingPort(reply), exchange)

    def flow(exchanges: int) -> Flow[Any]:
        for _ in range(exchanges):
            answer = yield request
        return answer.value

    assert dialogue.run(flow(1)) == request.decode_reply(reply)
    return lambda: dialogue.run(flow(EXCHANGES))


class _Client(Protocol):
    """pymodbus' client; two of these calls have no types of its own."""

    def connect(self) -> bool: ...

    def close(self) -> None: ...

    def read_holding_registers(self, address: int, *, count: int) -> Any: ...


def _modbus_exchanges(client: _Client) -> None:
    for _ in range(EXCHANGES):
        client.read_holding_registers(0, count=REGISTERS)


@contextmanager
def _modbus_client() -> Iterator[_Client]:
    """A connected client, whose server is another process."""
    server = subprocess.Popen([sys.executable, "-m", "bench.modbus_server"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        client: _Client = ModbusTcpClient("127.0.0.1", port=int(server.stdout.readline()))
        assert client.connect()
        assert client.read_holding_registers(0, count=REGISTERS).registers == list(range(REGISTERS))
        yield client
        client.close()
    finally:
        server.kill()
        server.wait()
