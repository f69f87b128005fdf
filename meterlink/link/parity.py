"""Meters of seven bits with even parity behind devices that know eight bits only: software makes the parity.

A character that comes with a wrong parity becomes `BAD_PARITY`, so that no framer takes it for what it is not.
"""

from __future__ import annotations

from meterlink.link.port import Port
from meterlink.wire.line import Line, with_parity, without_parity


class SoftParityPort:
    """A port (port.py) opened with eight bits, as one of seven bits with even parity."""

    def __init__(self, port: Port) -> None:
        self._port = port

    @property
    def name(self) -> str:
        return self._port.name

    def now(self) -> float:
        return self._port.now()

    def write(self, data: bytes) -> float:
        return self._port.write(with_parity(data))

    def read(self, until: float) -> bytes:
        return without_parity(self._port.read(until))

    def set_line(self, line: Line) -> None:
        self._port.set_line(line.in_eight_bits)

    def close(self) -> None:
        self._port.close()
