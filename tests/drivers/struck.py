"""A wire on which one named exchange goes wrong, and what left over it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from enum import StrEnum

from meterlink.sim.line import Burst, VirtualWire
from meterlink.wire.line import Line


class Blow(StrEnum):
    """What happens to the exchange."""

    LOST_REPLY = "lost reply"
    LOST_REQUEST = "lost request"
    LATE = "late reply"
    DAMAGED = "damaged reply"
    CUT = "reply cut short"
    TWICE = "reply that comes twice at once"
    TWICE_LATER = "reply that comes again later"
    FOREIGN = "reply from another address"


HEARD = tuple(blow for blow in Blow if blow is not Blow.LOST_REQUEST)
"""The meter hears the request and acts."""


@dataclass
class Struck(ABC):
    """Strikes the write of this number, from 0, or the read that comes next after it."""

    inner: VirtualWire
    blow: Blow | None = None
    number: int = 0
    read_back: bool = False
    writes: list[bytes] = field(default_factory=list)
    reads: list[bytes] = field(default_factory=list)
    _armed: bool = False
    _striking: bool = False
    _waiting: list[Burst] = field(default_factory=list)

    @abstractmethod
    def is_write(self, frame: bytes) -> bool:
        """Whether a request can change the meter."""

    @abstractmethod
    def readdressed(self, frame: bytes) -> bytes:
        """The same reply from another meter."""

    def receive(self, data: bytes, now: float, line: Line) -> None:
        is_write = self.is_write(data)
        self._striking = self._strikes(is_write)
        (self.writes if is_write else self.reads).append(data)
        if not (self._striking and self.blow is Blow.LOST_REQUEST):
            self.inner.receive(data, now, line)

    def _strikes(self, write: bool) -> bool:
        aimed = write and len(self.writes) == self.number and self.blow is not None
        if not self.read_back:
            return aimed
        strikes, self._armed = self._armed and not write, aimed or (self._armed and write)
        return strikes

    def due(self) -> float | None:
        dues = [burst.at for burst in self._waiting]
        inner = self.inner.due()
        return min([*dues, *([] if inner is None else [inner])], default=None)

    def poll(self, now: float) -> list[Burst]:
        for burst in self.inner.poll(now):
            self._waiting += self._struck(burst) if self._striking else [burst]
        ready = [burst for burst in self._waiting if burst.at <= now]
        self._waiting = [burst for burst in self._waiting if burst.at > now]
        return ready

    def _struck(self, burst: Burst) -> list[Burst]:
        match self.blow:
            case Blow.LOST_REPLY:
                return []
            case Blow.LATE:
                return [replace(burst, at=burst.at + 1.2)]
            case Blow.DAMAGED:
                return [replace(burst, data=burst.data[:-1] + bytes([burst.data[-1] ^ 0x10]))]
            case Blow.CUT:
                return [replace(burst, data=burst.data[: min(5, len(burst.data) - 1)])]
            case Blow.TWICE:
                return [replace(burst, data=burst.data * 2)]
            case Blow.TWICE_LATER:
                return [burst, replace(burst, at=burst.ends_at + 0.004)]
            case Blow.FOREIGN:
                return [replace(burst, data=self.readdressed(burst.data))]
            case _:
                return [burst]
