"""A power cut between two writes of a simulated meter: it goes once, and may come back.

What a meter forgets without power is its memory's own business.
"""

from __future__ import annotations

from math import inf
from typing import Protocol


class Powered(Protocol):
    """The memory of a meter, as far as power goes. Times in seconds since 1970 UTC."""

    @property
    def writes_done(self) -> int:
        """How many writes it has carried out."""

    def lose_power(self, now: float) -> None: ...

    def get_power_back(self, now: float) -> None: ...


class PowerCut:
    """Power goes with the write behind `after_writes` others, None: never; it is back `for_s` later, None: never."""

    def __init__(self, memory: Powered, *, after_writes: int | None, for_s: float | None) -> None:
        self._memory = memory
        self._after_writes = after_writes
        self._for_s = for_s
        self._from = self._until = inf

    def strikes(self, now: float) -> bool:
        """Whether power goes now, with a write that is about to be carried out."""
        if self._memory.writes_done != self._after_writes:
            return False
        self._after_writes, self._from = None, now
        self._until = inf if self._for_s is None else now + self._for_s
        self._memory.lose_power(now)
        return True

    def lasts(self, now: float) -> bool:
        """Whether the meter is without power; the first who asks behind its end gives the memory its power back."""
        if self._from <= now < self._until:
            return True
        if now >= self._until:
            self._memory.get_power_back(self._until)
            self._from = self._until = inf
        return False
