"""What a simulated meter is, and what the asking side sees of a line with meters on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from meterlink.wire.line import Line, is_software_parity, with_parity, without_parity


@dataclass(frozen=True, slots=True)
class Burst:
    """Bytes without a pause; the first one begins at `at`, in seconds since 1970 UTC."""

    at: float
    data: bytes
    line: Line

    @property
    def ends_at(self) -> float:
        return self.at + len(self.data) * self.line.char_s


class SimulatedMeter(Protocol):
    """A meter made of code: bytes and times in, bursts out. Any bytes at all may come in."""

    @property
    def line(self) -> Line:
        """Speed and format it listens at now."""

    @property
    def bus_address(self) -> str:
        """Where it answers now, in the family's canonical text form."""

    @property
    def serial_number(self) -> str:
        """As on the plate."""

    def receive(self, data: bytes, now: float) -> None:
        """Bytes whose last one ended at `now`."""

    def due(self) -> float | None:
        """When it wants to be polled next (an answer, a silence that ends a frame); None while it only waits."""

    def poll(self, now: float) -> list[Burst]:
        """What it has sent up to `now`."""


class VirtualWire(Protocol):
    """A wire with meters on it, as the asking side sees it; faults wrap one wire into another."""

    def receive(self, data: bytes, now: float, line: Line) -> None:
        """Bytes sent at the settings `line`, whose last one ended at `now`."""

    def due(self) -> float | None: ...

    def poll(self, now: float) -> list[Burst]: ...


def garbled(data: bytes, sent: Line, heard: Line) -> bytes:
    """What a receiver makes of bytes sent with other settings: the same bytes when the settings are equal, else noise.

    8N1 and 7E1 of one speed are the same bits on the wire: the parity of the one is the eighth bit of the other.

    The noise is a fixed function of the bytes, so that runs repeat. How many bytes arrive follows the ratio of speeds.
    """
    if sent == heard:
        return data
    if is_software_parity(sent, heard):
        return without_parity(data)
    if is_software_parity(heard, sent):
        return with_parity(data)
    count = max(1, round(len(data) * sent.char_s / heard.char_s)) if data else 0
    mask = 0x7F if heard.data_bits == 7 else 0xFF
    return bytes((data[i % len(data)] * 167 + 89 + i) & mask for i in range(count))
