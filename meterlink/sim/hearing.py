"""The wire side of a simulated meter, the same for every family: bytes come in, silences end frames, bursts go out.

A family gives its framer, says how long a silence ends a frame and what it does with one; it may have appointments of
its own (a session that runs out, a frame that waits for its turn). What a frame means is not known here.

It is deaf while it sends [guess: real meters share one pair of wires]; a family may say that bytes wait instead.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Final

from meterlink.sim.line import Burst
from meterlink.wire.framer import NEED_DATA, Damaged, Framer
from meterlink.wire.line import Line

_MOST_UNSENT: Final = 64
_LOG_LENGTH: Final = 2000
_LOG_BYTES: Final = 256


class Verdict(StrEnum):
    """What became of bytes that a meter heard."""

    ANSWERED = "answered"
    REFUSED = "refused"
    GROUP = "carried out for the group"
    DAMAGED = "not a frame"
    NAK = "not understood"
    FOREIGN = "another address"
    UNKNOWN = "unknown command"
    ABSENT = "this model lacks the command"
    SENSELESS = "wrong length or senseless data"
    SILENT = "no answer"
    ASLEEP = "lost after a long pause"
    TOO_MANY = "too many at once"
    DEAF = "came while it was sending"
    POWERLESS = "came while it had no power"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A line of a meter's log; of long noise only the first bytes are kept."""

    at: float
    verdict: Verdict
    raw: bytes


@dataclass(frozen=True, slots=True)
class Appointment:
    """What a meter will do by itself, and when."""

    at: float
    keep: Callable[[float], None]


class HearingMeter(ABC):
    """A `SimulatedMeter` but for what its family knows. Times in seconds since 1970 UTC."""

    def __init__(self, framer: Framer, *, gap_s: float | None, deaf_while_sending: bool = True) -> None:
        """`gap_s` is the silence that ends a frame where the place says so (`SimState.gap_s`), None: its own."""
        self._framer = framer
        self._given_gap_s = gap_s
        self._deaf_while_sending = deaf_while_sending
        self._last_byte_at = -inf
        self._busy_until = -inf
        self._unsent: deque[Burst] = deque(maxlen=_MOST_UNSENT)
        self._log: deque[Heard] = deque(maxlen=_LOG_LENGTH)

    @property
    def log(self) -> list[Heard]:
        """What it heard and what became of it, oldest first; bounded."""
        return list(self._log)

    # --- what a family says ------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def line(self) -> Line:
        """Speed and format it listens at now."""

    @property
    @abstractmethod
    def _own_gap_s(self) -> float:
        """The silence that ends a frame for a meter of this family."""

    @abstractmethod
    def _hear(self, frame: bytes, now: float) -> None:
        """A frame whose last byte ended at `now`; `_note` tells what becomes of it."""

    def _hear_damage(self, damaged: Damaged, now: float) -> None:
        self._note(now, Verdict.DAMAGED, damaged.raw)

    def _appointment(self) -> Appointment | None:
        """What of its own comes next, beside answers and silences."""
        return None

    # --- the wire ----------------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Bytes whose last one ended at `now`."""
        if not data:
            return
        begins = now - len(data) * self.line.char_s
        self._advance(begins)
        if self._deaf_while_sending and begins < self._busy_until:
            self._note(now, Verdict.DEAF, data)
            return
        self._last_byte_at = now
        self._framer.receive_data(data)
        self._collect(now)

    def due(self) -> float | None:
        """When it wants to be polled next; None while it only waits."""
        dues = [self._unsent[0].at] if self._unsent else []
        if self._framer.pending:
            dues.append(self._silent_at)
        if (own := self._appointment()) is not None:
            dues.append(own.at)
        return min(dues, default=None)

    def poll(self, now: float) -> list[Burst]:
        """What it has begun to send by `now`."""
        self._advance(now)
        sent = [burst for burst in self._unsent if burst.at <= now]
        for _ in sent:
            self._unsent.popleft()
        return sent

    @property
    def _gap_s(self) -> float:
        return self._own_gap_s if self._given_gap_s is None else self._given_gap_s

    @property
    def _silent_at(self) -> float:
        """When the bytes that wait for more are taken as they are."""
        return self._last_byte_at + self._gap_s

    def _advance(self, now: float) -> None:
        """Let everything happen that is due by `now`."""
        if self._framer.pending and self._silent_at <= now:
            self._framer.silence()
            self._collect(self._last_byte_at)
        while (own := self._appointment()) is not None and own.at <= now:
            own.keep(own.at)

    def _collect(self, now: float) -> None:
        while (event := self._framer.next_event()) is not NEED_DATA:
            if isinstance(event, Damaged):
                self._hear_damage(event, now)
            else:
                self._hear(event.raw, now)

    def _speak(self, data: bytes, at: float, line: Line | None = None) -> float:
        """Send from `at` on, without a pause; when the last byte is out."""
        burst = Burst(at, data, line or self.line)
        self._unsent.append(burst)
        self._busy_until = burst.ends_at
        return burst.ends_at

    def _note(self, at: float, verdict: Verdict, raw: bytes) -> None:
        self._log.append(Heard(at=at, verdict=verdict, raw=raw[:_LOG_BYTES]))
