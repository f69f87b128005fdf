"""For tests of drivers, ours and others': transcripts, pairs of client and simulator, deliveries.

Everything runs in virtual time over a port in memory; nothing waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from meterlink.context import EchoMode, Observer
from meterlink.driver import Driver, Target
from meterlink.flow import Gate, closed_gate
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import Burst, SimulatedMeter, VirtualWire
from meterlink.sim.state import SimState
from meterlink.wire.line import Line

START = 1_753_095_909.0
"""Monday 21.07.2025 14:05:09 in Moscow: when virtual time begins."""


def from_hex(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


# --- transcripts ----------------------------------------------------------------------------------------------------


@dataclass
class Transcript:
    """A wire that knows what must be said: these bytes out, those bytes back, nothing else."""

    exchanges: Sequence[tuple[str, str | None]]
    line: Line
    latency_s: float = 0.02
    _heard: bytearray = field(default_factory=bytearray)
    _next: int = 0
    _answers: list[Burst] = field(default_factory=list)

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self._heard += data
        assert self._next < len(self.exchanges), f"nothing more was to be sent, but this was: {data.hex(' ').upper()}"
        out, back = self.exchanges[self._next]
        wanted = from_hex(out)
        assert wanted.startswith(bytes(self._heard)), (
            f"request {self._next + 1} should be {out}, and is {self._heard.hex(' ').upper()}"
        )
        if self._heard == wanted:
            self._heard.clear()
            self._next += 1
            if back is not None:
                self._answers.append(Burst(now + self.latency_s, from_hex(back), self.line))

    def due(self) -> float | None:
        return self._answers[0].at if self._answers else None

    def poll(self, now: float) -> list[Burst]:
        ready = [burst for burst in self._answers if burst.at <= now]
        self._answers = [burst for burst in self._answers if burst.at > now]
        return ready

    def assert_complete(self) -> None:
        missing = [out for out, _ in self.exchanges[self._next :]]
        assert not missing, f"these requests were never sent: {missing}"
        assert not self._heard, f"half a request was sent: {self._heard.hex(' ').upper()}"


@contextmanager
def transcript(driver: Driver, target: Target, exchanges: Sequence[tuple[str, str | None]]) -> Iterator[Dialogue]:
    """`with transcript(DRIVER, target, [("request hex", "reply hex or None")]) as meter: meter.run(flow)`."""
    wire = Transcript(exchanges, target.profile.line.line)
    yield dialogue(driver, target, wire)
    wire.assert_complete()


# --- pairs ----------------------------------------------------------------------------------------------------------


class Delivery(StrEnum):
    """How bytes travel between the two ends."""

    WHOLE = "whole"
    BYTE_BY_BYTE = "one byte at a time"
    NOISY = "with leading noise"


NOISE = b"\x00\xff\x55"


@dataclass
class Delivered:
    """A wire that chops every burst into bytes, or puts noise in front of each: glued to a reply, apart from a request.

    A meter ends a frame by silence, so noise glued to a request would rightly make it deaf.
    """

    inner: VirtualWire
    how: Delivery
    _early: list[Burst] = field(default_factory=list)

    def receive(self, data: bytes, now: float, line: Line) -> None:
        begins = now - len(data) * line.char_s
        if self.how is Delivery.BYTE_BY_BYTE:
            for i in range(len(data)):
                self._deliver(data[i : i + 1], begins + (i + 1) * line.char_s, line)
            return
        if self.how is Delivery.NOISY:
            self._deliver(NOISE, begins - 0.5, line)
        self._deliver(data, now, line)

    def _deliver(self, data: bytes, at: float, line: Line) -> None:
        """Let the other end notice the silence before these bytes, then give them."""
        due = self.inner.due()
        if due is not None and due <= at - len(data) * line.char_s:
            self._early += self.inner.poll(due)
        self.inner.receive(data, at, line)

    def due(self) -> float | None:
        return self.inner.due()

    def poll(self, now: float) -> list[Burst]:
        bursts, self._early = [*self._early, *self.inner.poll(now)], []
        return [piece for burst in bursts for piece in self._pieces(burst)]

    def _pieces(self, burst: Burst) -> list[Burst]:
        if self.how is Delivery.NOISY:
            return [Burst(burst.at, NOISE + burst.data, burst.line)]
        if self.how is Delivery.WHOLE:
            return [burst]
        return [
            Burst(burst.at + i * burst.line.char_s, burst.data[i : i + 1], burst.line) for i in range(len(burst.data))
        ]


def pair(
    driver: Driver,
    target: Target,
    state: SimState | None = None,
    *,
    how: Delivery = Delivery.WHOLE,
    gate: Gate = closed_gate,
    observer: Observer | None = None,
) -> tuple[Dialogue, SimulatedMeter]:
    """A dialogue with the family's own simulator, in memory."""
    meter = driver.simulate(target.profile, state or SimState(started_at=START, address=target.address))
    wire = Delivered(VirtualBus([meter]), how)
    return dialogue(driver, target, wire, gate=gate, observer=observer), meter


def dialogue(
    driver: Driver,
    target: Target,
    wire: VirtualWire,
    *,
    gate: Gate = closed_gate,
    observer: Observer | None = None,
    echo: EchoMode = EchoMode.AUTO,
    starts_at: float = START,
) -> Dialogue:
    """A dialogue over any virtual wire; a later one with the same meter starts later."""
    line = target.profile.line.line
    port = MemoryPort(wire, line, starts_at=starts_at, name="memory")
    return Dialogue(
        port, exchange_for(driver, target, line=line, port_name=port.name, gate=gate, observer=observer, echo=echo)
    )
