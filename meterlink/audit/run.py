"""One run of the program as the log sees it: a random name, and two clocks, neither of which is trusted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Self

JUMP_S: Final = 2.0
"""Wall clock and monotonic clock may differ by so much between two records before it is written down."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(NamedTuple):
    """Both clocks at once, in seconds."""

    wall: float
    monotonic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`wall` counts seconds from 1970 UTC, `monotonic` from anywhere; `random` gives so many bytes."""

    id: str
    wall: Callable[[], float]
    monotonic: Callable[[], float]
    random: Callable[[int], bytes]
    began: Moment = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "began", self.now())

    @property
    def began_at(self) -> datetime:
        """By the wall clock: a claim, as every time in a record is."""
        return _told(self.began)

    @classmethod
    def start(
        cls,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        random: Callable[[int], bytes] = os.urandom,
    ) -> Self:
        """A new run with a name of its own."""
        return cls(id=random(16).hex(), wall=wall, monotonic=monotonic, random=random)

    def now(self) -> Moment:
        return Moment(self.wall(), self.monotonic())

    def mono_ms(self, at: Moment) -> int:
        """Milliseconds since this run began."""
        return max(0, round((at.monotonic - self.began.monotonic) * 1000))


def told_utc(at: Moment) -> str:
    """The wall clock as records tell it."""
    moment = _told(at)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def _told(at: Moment) -> datetime:
    return _EPOCH + timedelta(milliseconds=round(at.wall * 1000))


def has_jumped(before: Moment, now: Moment) -> bool:
    """Whether the wall clock was moved between two moments of one run."""
    return abs((now.wall - before.wall) - (now.monotonic - before.monotonic)) > JUMP_S
