"""A port in memory, in virtual time: reading from it lets the simulated world go on, and nothing is waited for."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count

from meterlink.sim.line import VirtualWire, garbled
from meterlink.wire.line import Line


class MemoryPort:
    """One end of a virtual wire. The other end is a bus of simulated meters, maybe behind faults."""

    def __init__(self, wire: VirtualWire, line: Line, *, starts_at: float, name: str = "sim:") -> None:
        self._wire = wire
        self._line = line
        self._now = starts_at
        self._name = name
        self._arriving: list[tuple[float, int, bytes]] = []
        self._order = count()

    @property
    def name(self) -> str:
        return self._name

    def now(self) -> float:
        return self._now

    def write(self, data: bytes) -> float:
        self._now += len(data) * self._line.char_s
        self._wire.receive(data, self._now, self._line)
        return self._now

    def read(self, until: float) -> bytes:
        while True:
            due = self._wire.due()
            arrives = self._arriving[0][0] if self._arriving else None
            if due is not None and due <= until and (arrives is None or due < arrives):
                self._now = max(self._now, due)
                self._let_arrive()
            elif arrives is not None and arrives <= until:
                self._now = max(self._now, arrives)
                return heappop(self._arriving)[2]
            else:
                self._now = max(self._now, until)
                return b""

    def _let_arrive(self) -> None:
        for burst in self._wire.poll(self._now):
            data = garbled(burst.data, burst.line, self._line)
            heappush(self._arriving, (burst.ends_at, next(self._order), data))

    def set_line(self, line: Line) -> None:
        self._line = line

    def close(self) -> None:
        self._arriving.clear()
