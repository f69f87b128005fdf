"""The asyncio runner, for reading: an Exchange with an open gate is refused, so no write can leave through it.

Ctrl-C is not put off here (`meterlink.interrupts`): no record can be cut off.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, TypeVar, cast

from meterlink.errors import LinkError, LinkLostError, LocalProtocolError, PortError, PortMissingError
from meterlink.exchange import Done, Exchange
from meterlink.flow import Flow
from meterlink.link.cause import cause
from meterlink.link.memory import MemoryPort
from meterlink.link.port import PortUrl, RealPort
from meterlink.link.tcp import (
    CHUNK,
    CLOSED_WHY,
    CONNECT_TIMEOUT_S,
    FIXED_LINE_WHY,
    host_and_port,
    is_mere_waiting,
    why_not_connected,
)
from meterlink.wire.line import Line

T = TypeVar("T")


class AsyncPort(Protocol):
    """A port (port.py) whose IO is awaited."""

    @property
    def name(self) -> str: ...

    def now(self) -> float: ...

    async def write(self, data: bytes) -> float: ...

    async def read(self, until: float) -> bytes: ...

    async def set_line(self, line: Line) -> None: ...


class AsyncMemoryPort:
    """A port in memory for asyncio: virtual time, so nothing is really awaited."""

    def __init__(self, port: MemoryPort) -> None:
        self._port = port

    @property
    def name(self) -> str:
        return self._port.name

    def now(self) -> float:
        return self._port.now()

    async def write(self, data: bytes) -> float:
        return self._port.write(data)

    async def read(self, until: float) -> bytes:
        return self._port.read(until)

    async def set_line(self, line: Line) -> None:
        self._port.set_line(line)


class AsyncTcpPort(RealPort):
    """Raw TCP (tcp.py) for asyncio."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line, name: str) -> None:
        super().__init__(name)
        self._reader = reader
        self._writer = writer
        self._line = line

    async def write(self, data: bytes) -> float:
        begins = self.now()
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise LinkLostError(port=self._name, why=cause(error)) from error
        return begins + len(data) * self._line.char_s

    async def read(self, until: float) -> bytes:
        try:
            async with asyncio.timeout(max(0.0, until - self.now())):
                data = await self._reader.read(CHUNK)
        except OSError as error:
            if is_mere_waiting(error):
                return b""
            raise LinkLostError(port=self._name, why=cause(error)) from error
        if not data:
            raise LinkLostError(port=self._name, why=CLOSED_WHY)
        return data

    async def set_line(self, line: Line) -> None:
        if line != self._line:
            raise PortError(port=self._name, why=FIXED_LINE_WHY.format(line=line))

    def close(self) -> None:
        self._writer.close()


async def open_tcp_async(url: PortUrl, line: Line) -> AsyncTcpPort:
    """Connect; PortMissingError when nobody listens there."""
    host, port = host_and_port(url)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        raise PortMissingError(port=url.text, why=why_not_connected(error)) from error
    return AsyncTcpPort(reader, writer, line, url.text)


async def run_async(port: AsyncPort, exchange: Exchange, flow: Flow[T]) -> T:
    """Run one reading flow to its end."""
    if exchange.writes_open:
        raise LocalProtocolError(why="the asyncio runner is for reading only")
    try:
        action = exchange.start(flow, port.now())
        while not isinstance(action, Done):
            try:
                result = await action.do(port)
            except LinkError as error:
                action = exchange.failed(error, port.now())
            else:
                action = action.tell(exchange, result, port.now())
        return cast(T, action.value)
    finally:
        exchange.close()
