"""Raw TCP to a gateway (or to `meterlink sim run`)."""

from __future__ import annotations

import socket
from typing import Final

from meterlink.errors import LinkLostError, PortError, PortMissingError
from meterlink.link.cause import cause
from meterlink.link.port import PortUrl, RealPort
from meterlink.wire.line import Line, is_software_parity

CONNECT_TIMEOUT_S: Final = 10.0
CHUNK: Final = 4096

CLOSED_WHY: Final = "the other side closed the connection"
_NO_ANSWER: Final = "nobody answered within {seconds:.0f} s"
FIXED_LINE_WHY: Final = "a raw TCP gateway keeps its own speed; it cannot be changed to {line} from here"


class TcpPort(RealPort):
    """A connection to a gateway that hands bytes on. The end of a write is what the line behind it needs."""

    def __init__(self, connection: socket.socket, line: Line, name: str) -> None:
        super().__init__(name)
        self._connection = connection
        self._line = line

    def write(self, data: bytes) -> float:
        begins = self.now()
        try:
            self._connection.settimeout(CONNECT_TIMEOUT_S)
            self._connection.sendall(data)
        except OSError as error:
            raise LinkLostError(port=self._name, why=cause(error)) from error
        return max(self.now(), begins + len(data) * self._line.char_s)

    def read(self, until: float) -> bytes:
        try:
            self._connection.settimeout(max(0.0, until - self.now()))
            data = self._connection.recv(CHUNK)
        except OSError as error:
            if is_mere_waiting(error):
                return b""
            raise LinkLostError(port=self._name, why=cause(error)) from error
        if not data:
            raise LinkLostError(port=self._name, why=CLOSED_WHY)
        return data

    def set_line(self, line: Line) -> None:
        if line != self._line and not is_software_parity(line, self._line):
            raise PortError(port=self._name, why=FIXED_LINE_WHY.format(line=line))

    def close(self) -> None:
        self._connection.close()


def open_tcp(url: PortUrl, line: Line) -> TcpPort:
    """Connect; PortMissingError when nobody listens there."""
    try:
        connection = socket.create_connection(host_and_port(url), timeout=CONNECT_TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise PortMissingError(port=url.text, why=why_not_connected(error)) from error
    return TcpPort(connection, line, url.text)


def is_mere_waiting(error: OSError) -> bool:
    """Whether our own time-out ended; a dead connection ends with an error number."""
    return isinstance(error, BlockingIOError) or (isinstance(error, TimeoutError) and error.errno is None)


def why_not_connected(error: OSError) -> str:
    """The cause in words; Python's own time-outs carry none."""
    return cause(error) or _NO_ANSWER.format(seconds=CONNECT_TIMEOUT_S)


def host_and_port(url: PortUrl) -> tuple[str, int]:
    """The parts of `host:port`; an IPv6 host stands in brackets."""
    host, _, port = url.place.rpartition(":")
    return host.strip("[]"), int(port)
