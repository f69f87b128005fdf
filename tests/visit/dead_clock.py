"""Wires before a Mercury 200 whose clock shows no time of any calendar, as after a battery that died."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meterlink.sim.line import Burst
from meterlink.wire.line import Line
from meterlink_mercury200.messages import READ_CLOCK, SET_CLOCK, encode_frame
from tests.wires import Passing


@dataclass
class DeadClock(Passing):
    """While it is dead 21h is answered with zeros."""

    is_dead: bool = True

    def poll(self, now: float) -> list[Burst]:
        return [self._zeroed(burst) if self._shows_no_time(burst) else burst for burst in super().poll(now)]

    def _shows_no_time(self, burst: Burst) -> bool:
        return self.is_dead and burst.data[4:5] == bytes([READ_CLOCK.code])

    def _zeroed(self, burst: Burst) -> Burst:
        address = int.from_bytes(burst.data[:4], "big")
        return replace(burst, data=encode_frame(address, READ_CLOCK.code, bytes(7)))


class DeadBattery(DeadClock):
    """Until the clock is set."""

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self.is_dead = self.is_dead and data[4:5] != bytes([SET_CLOCK.code])
        super().receive(data, now, line)


@dataclass
class Flickering(DeadClock):
    """The frame that sets the clock is lost, and only the two readings behind it tell a time of the calendar."""

    readings: int = 0

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self.readings += data[4:5] == bytes([READ_CLOCK.code])
        self.is_dead = self.readings not in (3, 4)
        if data[4:5] != bytes([SET_CLOCK.code]):
            super().receive(data, now, line)
