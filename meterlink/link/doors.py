"""Doors through which simulated meters are reached from outside, in real time: raw TCP, and a pseudo-terminal.

One asking side at a time, as on a real line: a second TCP connection is closed at once.
"""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import sys
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Final, Protocol

from meterlink.errors import PortBusyError, PortError
from meterlink.link.cause import cause
from meterlink.link.port import SteadyClock
from meterlink.sim.line import VirtualWire, garbled
from meterlink.wire.line import Line

GAP_S: Final = 0.2
"""The silence that ends a frame behind a door: networks and schedulers may pause far longer than a line."""

CHUNK: Final = 4096
_IDLE_S: Final = 0.2
_NO_PTY: Final = "this system has no pseudo-terminals; use a TCP door"
_TAKEN: Final = "somebody listens there already"
_WHY: Final = {
    errno.EADDRNOTAVAIL: "this computer does not have that address",
    errno.EACCES: "this user may not listen there",
    errno.EPERM: "this user may not listen there",
    errno.EAFNOSUPPORT: "this system has no addresses of that kind",
}
_NO_HOST: Final = "nobody knows that host"


class Door(Protocol):
    """A way in. `url` is what the asking side gives as its port."""

    @property
    def url(self) -> str: ...

    def serve(self, stop: Callable[[], bool]) -> None:
        """Serve until `stop()` says so; it is asked several times a second."""

    def close(self) -> None: ...


class Pump:
    """Carries bytes between one file descriptor or socket and a virtual wire, each at its time."""

    def __init__(self, wire: VirtualWire, line: Line) -> None:
        self._wire = wire
        self._line = line
        self._clock = SteadyClock()
        self._leaving: list[tuple[float, int, bytes]] = []
        self._order = count()

    def hear(self, data: bytes) -> None:
        self._wire.receive(data, self._clock.now(), self._line)

    def ready(self) -> list[bytes]:
        """What must go out now."""
        now = self._clock.now()
        due = self._wire.due()
        if due is not None and due <= now:
            for burst in self._wire.poll(now):
                data = garbled(burst.data, burst.line, self._line)
                heappush(self._leaving, (burst.ends_at, next(self._order), data))
        out = []
        while self._leaving and self._leaving[0][0] <= now:
            out.append(heappop(self._leaving)[2])
        return out

    def patience_s(self) -> float:
        """How long nothing will happen by itself."""
        times = [self._leaving[0][0]] if self._leaving else []
        due = self._wire.due()
        times += [] if due is None else [due]
        return min(_IDLE_S, max(0.0, min(times) - self._clock.now())) if times else _IDLE_S


class TcpDoor:
    """Listens on a TCP port; 0 lets the system choose one."""

    def __init__(self, wire: VirtualWire, line: Line, host: str = "127.0.0.1", port: int = 0) -> None:
        self._pump = Pump(wire, line)
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listener = socket.create_server((host, port), family=family)
        except OSError as error:
            raise _why_not_open(tcp_url(host, port), error) from error
        self._listener.setblocking(False)
        self._guest: socket.socket | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)

    @property
    def url(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return tcp_url(host, port)

    def serve(self, stop: Callable[[], bool]) -> None:
        while not stop():
            for key, _ in self._selector.select(self._pump.patience_s()):
                if key.fileobj is self._listener:
                    self._welcome()
                else:
                    self._hear()
            self._speak()

    def _welcome(self) -> None:
        try:
            guest, _ = self._listener.accept()
        except OSError:  # whoever knocked is gone already
            return
        if self._guest is not None:
            guest.close()
            return
        with contextlib.suppress(OSError):
            guest.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._guest = guest
        self._selector.register(guest, selectors.EVENT_READ)

    def _hear(self) -> None:
        assert self._guest is not None
        try:
            data = self._guest.recv(CHUNK)
        except OSError:
            data = b""
        if data:
            self._pump.hear(data)
        else:
            self._bid_farewell()

    def _speak(self) -> None:
        for data in self._pump.ready():
            if self._guest is None:
                continue
            try:
                self._guest.sendall(data)
            except OSError:
                self._bid_farewell()

    def _bid_farewell(self) -> None:
        if self._guest is not None:
            self._selector.unregister(self._guest)
            self._guest.close()
            self._guest = None

    def close(self) -> None:
        self._bid_farewell()
        self._selector.close()
        self._listener.close()


def tcp_url(host: str, port: int) -> str:
    """How a TCP port is written; an IPv6 host stands in brackets."""
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def _why_not_open(url: str, error: OSError) -> PortError:
    if error.errno == errno.EADDRINUSE:
        return PortBusyError(port=url, why=_TAKEN)
    if isinstance(error, socket.gaierror):
        return PortError(port=url, why=_NO_HOST)
    return PortError(port=url, why=_WHY.get(error.errno or 0, cause(error)))


def open_pty_door(wire: VirtualWire, line: Line) -> Door:
    """A pseudo-terminal, where the system has them; PortError elsewhere."""
    if sys.platform != "win32":
        from meterlink.link.pty_door import PtyDoor

        return PtyDoor(wire, line)
    raise PortError(port="pty", why=_NO_PTY)
