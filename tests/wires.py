"""What the wires of the tests are made of: one that lets everything pass, and what is under way on one."""

from __future__ import annotations

from dataclasses import dataclass, field

from meterlink.sim.line import Burst, VirtualWire
from meterlink.wire.line import Line


@dataclass
class Passing:
    """A wire in front of another one. Everything passes as it is; a test spoils what it is about."""

    inner: VirtualWire

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self.inner.receive(data, now, line)

    def due(self) -> float | None:
        return self.inner.due()

    def poll(self, now: float) -> list[Burst]:
        return self.inner.poll(now)


@dataclass(kw_only=True)
class UnderWay:
    """Answers that come when their moment comes."""

    bursts: list[Burst] = field(default_factory=list)

    def due(self) -> float | None:
        return min((burst.at for burst in self.bursts), default=None)

    def poll(self, now: float) -> list[Burst]:
        ready = [burst for burst in self.bursts if burst.at <= now]
        self.bursts = [burst for burst in self.bursts if burst.at > now]
        return ready
