"""What a procedure may yield, and what it gets back.

A flow is a generator: a piece of work with a meter that holds no port and no clock. It yields steps; requests come
back as `Reply`, everything else as None; failures (`NoAnswerError`, `DamagedFrameError`, `RefusedError`, ...) are
thrown into it at the yield, so that it can read before it decides. `Exchange` (exchange.py) drives flows, `link` drives
the Exchange.

Times are seconds since 1970 UTC on the port's own clock, which never goes back while the port is open.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from meterlink.errors import (
    BadDateError,
    BadDigitsError,
    BadReplyError,
    DamagedFrameError,
    MeterlinkError,
    NoAnswerError,
    PasswordUnansweredError,
    WritingClosedError,
)
from meterlink.wire.line import Line
from meterlink.wire.payload import CalendarError, DigitError, PayloadError
from meterlink.wire.request import MASKED, Request

T = TypeVar("T")
R = TypeVar("R")

_DAMAGED: Final = "; what came is damaged"
_UNTOLD: Final = "what is wrong with it could tell the secret that was sent"


@dataclass(slots=True)
class Reply(Generic[T]):
    """A decoded answer. (Not frozen: one is made for every exchange, and freezing costs as much as all its fields.)

    `sent_at` is when the last byte of the *first* sending left: after a repeat nobody can tell which sending was
    answered, so the earliest one bounds the truth. `received_at` is when the last byte of the answer was here. `frame`
    are the bytes that were decoded, `shown` what may be shown of them: hexadecimal, with secrets masked.
    """

    value: T
    sent_at: float
    received_at: float
    frame: bytes
    shown: str = ""


@dataclass(frozen=True, slots=True)
class SetLine:
    """Change speed or format between exchanges."""

    line: Line


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence of this length, counted from the last byte on the line."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Wait for an instant, for requests that set a clock.

    The next request must begin to leave within `tolerance_s` after it, else it is not sent and `MissedInstantError` is
    thrown.
    """

    at: float
    tolerance_s: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One stored value of a meter: the family's name of it, what stands there and what shall stand there.

    Both values are in the family's stored form: bytes in hexadecimal, or words where nothing is stored as such (a
    clock). `old` is None where it is not known.
    """

    parameter: str
    old: str | None
    new: str


@dataclass(frozen=True, slots=True)
class Announce:
    """The frames that will change the meter, in order, before the first of them leaves.

    `changes` says what each frame is about; empty where nobody knows. A value that takes several frames stands there as
    often, one time behind the other.
    """

    operation: str
    requests: tuple[Request[Any], ...]
    changes: tuple[Change, ...] = ()


Step = Request[Any] | SetLine | Pause | WaitUntil | Announce
Flow = Generator[Step, Any, T]


def ask(request: Request[T]) -> Flow[Reply[T]]:
    """Yield one request and keep the type of its answer."""
    reply: Reply[T] = yield request
    return reply


def finishing(work: Flow[T], end: Callable[[], Flow[None]]) -> Flow[T]:
    """Work in a dialogue, and its end: also where the work failed, which is what is told then. `end` fails quietly."""
    try:
        result = yield from work
    except MeterlinkError:
        yield from end()
        raise
    yield from end()
    return result


def presenting(attempt: Flow[T], advice: str) -> Flow[T]:
    """The one attempt with a password; silence, and an answer that nobody can read, are told as what they may be.

    `advice` is what to do then.
    """
    try:
        return (yield from attempt)
    except (NoAnswerError, DamagedFrameError) as failure:
        tries, heard = (failure.tries, failure.heard) if isinstance(failure, NoAnswerError) else (1, _DAMAGED)
        raise PasswordUnansweredError(
            address=failure.address,
            port=failure.port,
            request=failure.request,
            tries=tries,
            heard=heard,
            advice=advice,
        ) from failure


def read_reply(reply: Reply[T], request: str, read: Callable[[T], R]) -> R:
    """What a reply says where its value needs more reading; BadReplyError, as the house tells it, where it means
    nothing. `request` names what was asked for: "read DATE_"."""
    try:
        return read(reply.value)
    except PayloadError as error:
        raise bad_reply(request, reply.shown, error) from error


def bad_reply(request: str, shown: str, error: PayloadError) -> BadReplyError:
    """What a reply that means nothing is told as; where `shown` is masked, the reason is kept back, too."""
    kind = BadReplyError
    if isinstance(error, DigitError):
        kind = BadDigitsError
    elif isinstance(error, CalendarError):
        kind = BadDateError
    return kind(request=request, raw=shown, why=_UNTOLD if MASKED in shown else str(error))


def instant(at: float) -> datetime:
    """A moment of the port's clock as an aware date-time in UTC."""
    return datetime.fromtimestamp(at, UTC)


# --- the gate -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What the gate makes durable before the first frame of an operation leaves; frames in masked hexadecimal."""

    operation: str
    frames: tuple[str, ...]
    changes: tuple[Change, ...] = ()


class Fate(StrEnum):
    """What became of one announced frame."""

    ANSWERED = "answered"
    REFUSED = "refused"
    NO_ANSWER = "no-answer"
    DAMAGED = "damaged"
    NOT_SENT = "not-sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the gate records after each announced frame, before the flow goes on. `reply` is masked hexadecimal."""

    operation: str
    index: int
    frame: str
    fate: Fate
    reply: str | None = None
    detail: str = ""


Gate = Callable[[Announcement | Outcome], None]
"""Returns when the announcement or outcome is durable; raises when it cannot be, and then nothing (more) is sent."""


def closed_gate(entry: Announcement | Outcome) -> None:
    """The gate where nobody opened the way for writes: refuses every announcement."""
    if isinstance(entry, Announcement):
        raise WritingClosedError(operation=entry.operation)
