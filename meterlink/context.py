"""What surrounds a run: timing, echo, trace, and the count of password attempts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from meterlink.errors import PasswordSpentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What meter and port need. All in seconds but `quiet_chars` (character times) and `tries`.

    `reply_s` the meter's longest delay before its reply; `quiet_s`, `quiet_chars` the silence before a request (the
    longer counts); `after_write_s` the pause after a write; `gap_s` the longest pause that this kind of port may make
    inside a frame; `latency_s` what the port adds to every reply.
    """

    reply_s: float
    quiet_s: float
    quiet_chars: float
    after_write_s: float = 0.0
    tries: int = 3
    gap_s: float = 0.05
    latency_s: float = 0.05


class EchoMode(StrEnum):
    """Whether the adapter gives our own bytes back: `auto` takes an exact copy of the request for an echo."""

    AUTO = "auto"
    OFF = "off"


class Note(StrEnum):
    """What a traced frame was."""

    REQUEST = "request"
    REPLY = "reply"
    ECHO = "echo"
    FOREIGN = "foreign"
    DAMAGED = "damaged"
    SWALLOWED = "swallowed"


@dataclass(frozen=True, slots=True)
class Traced:
    """One frame of the trace; `frame` is hexadecimal with secret bytes masked."""

    at: float
    frame: str
    note: Note

    @property
    def outgoing(self) -> bool:
        """Whether we sent it."""
        return self.note is Note.REQUEST


Observer = Callable[[Traced], None]


class PasswordAttempts:
    """Of one run: a password whose success is not known yet, or never came, is not sent to that meter again."""

    def __init__(self) -> None:
        self._unproven: set[str] = set()

    def check(self, meter: str) -> None:
        """PasswordSpentError when the one attempt at this meter is used up."""
        if meter in self._unproven:
            raise PasswordSpentError(address=meter)

    def spend(self, meter: str) -> None:
        """The password leaves now."""
        self._unproven.add(meter)

    def proved(self, meter: str) -> None:
        """The meter took it, so it may be presented again when the session has to be opened again."""
        self._unproven.discard(meter)
