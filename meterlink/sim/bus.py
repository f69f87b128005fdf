"""Many simulated meters on one pair of wires.

Every meter hears every request, garbled where its line settings differ from the sender's. The bursts of all meters come
out; bursts of different meters that overlap in time collide, and each of them becomes noise from end to end.

A burst is let out when it begins, unless another meter may still begin before it ends: then it is held back until that
is decided. What was let out already cannot be unheard, so a meter that talks into an earlier answer because of a new
request spoils its own burst only.

Left out on purpose: a meter does not hear the answers of the others. On real RS-485 it does, and drops them at the
next silence. Behind doors in real time that silence is made long (`SimState.gap_s`): an overheard answer would still
stand in the framer when the next request comes, and a simulated meter would miss requests that a real one answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from meterlink.sim.line import Burst, SimulatedMeter, garbled
from meterlink.wire.line import Line


@dataclass(slots=True)
class _Sending:
    """A burst on its way; `out` once the asking side has it."""

    burst: Burst
    meter: SimulatedMeter
    collided: bool = False
    out: bool = False

    def collides_with(self, other: _Sending) -> bool:
        one, two = self.burst, other.burst
        return self.meter is not other.meter and one.at < two.ends_at and two.at < one.ends_at

    def as_heard(self) -> Burst:
        return replace(self.burst, data=_noise(self.burst)) if self.collided else self.burst


class VirtualBus:
    """A `VirtualWire` with any number of meters on it. Times in seconds since 1970 UTC."""

    def __init__(self, meters: Sequence[SimulatedMeter]) -> None:
        self._meters = tuple(meters)
        self._sendings: list[_Sending] = []

    def receive(self, data: bytes, now: float, line: Line) -> None:
        """Bytes from the asking side; the last one ended at `now`."""
        for meter in self._meters:
            meter.receive(garbled(data, line, meter.line), now)

    def due(self) -> float | None:
        held = (sending.burst.ends_at for sending in self._sendings if not sending.out)
        return min((*held, *self._dues()), default=None)

    def poll(self, now: float) -> list[Burst]:
        self._collect(now)
        settled = [sending for sending in self._sendings if not sending.out and self._is_settled(sending, now)]
        for sending in settled:
            sending.out = True
        self._sendings = [sending for sending in self._sendings if not sending.out or sending.burst.ends_at > now]
        return sorted((sending.as_heard() for sending in settled), key=attrgetter("at"))

    def _collect(self, now: float) -> None:
        for meter in self._meters:
            for burst in meter.poll(now):
                self._add(_Sending(burst, meter))

    def _add(self, new: _Sending) -> None:
        for other in filter(new.collides_with, self._sendings):
            new.collided = other.collided = True
        self._sendings.append(new)

    def _is_settled(self, sending: _Sending, now: float) -> bool:
        """Whether nothing that is still to come changes what is heard of it."""
        ends_at = sending.burst.ends_at
        return sending.collided or ends_at <= now or all(due >= ends_at for due in self._dues(sending.meter))

    def _dues(self, but: SimulatedMeter | None = None) -> Iterator[float]:
        for meter in self._meters:
            due = None if meter is but else meter.due()
            if due is not None:
                yield due


def _noise(burst: Burst) -> bytes:
    """A fixed function of the bytes, so that runs repeat; the masks are odd, so that no byte stays what it was."""
    bits = 0x7F if burst.line.data_bits == 7 else 0xFF
    return bytes((byte ^ (0x5B + 38 * i)) & bits for i, byte in enumerate(burst.data))
