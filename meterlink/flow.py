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
from typing import Any, Generic, Protocol, TypeVar

from meterlink.errors import ChannelClosedError, MeterlinkError, WritingClosedError
from meterlink.wire.line import Line
from meterlink.wire.request import Request

T = TypeVar("T")


@dataclass(slots=True)
class Reply(Generic[T]):
    """A decoded answer. (Not frozen: one is made for every exchange, and freezing costs as much as all its fields.)

    `sent_at` is when the last byte of the *first* sending left: after a repeat nobody can tell which sending was
    answered, so the earliest one bounds the truth. `received_at` is when the last byte of the answer was here. `frame`
    are the bytes that were decoded.
    """

    value: T
    sent_at: float
    received_at: float
    frame: bytes


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


# --- sessions -------------------------------------------------------------------------------------------------------


class Access(Protocol):
    """How a family opens and closes its dialogue."""

    def open(self) -> Flow[None]: ...

    def close(self) -> Flow[None]: ...


def with_session(access: Access, work: Callable[[], Flow[T]]) -> Flow[T]:
    """Open, work, close. When the meter closed the channel by itself, begin again: once, and only before a write.

    `work` makes a new flow each time, because a flow that has failed cannot go on.
    """
    reopened = False
    yield from access.open()
    while True:
        try:
            result = yield from _noting_writes(work())
        except _ChannelClosed as closed:
            if closed.wrote or reopened:
                raise closed.error from None
            reopened = True
            yield from access.open()
        except MeterlinkError:
            yield from _close_quietly(access)
            raise
        else:
            yield from access.close()
            return result


class _ChannelClosed(Exception):
    """Carries the meter's refusal together with whether a write had begun."""

    def __init__(self, error: ChannelClosedError, wrote: bool) -> None:
        self.error = error
        self.wrote = wrote


def _noting_writes(flow: Flow[T]) -> Flow[T]:
    """Run a flow and note whether it has announced a write, step by step, so that failures still arrive inside it."""
    wrote = False
    try:
        step = next(flow)
        while True:
            wrote = wrote or isinstance(step, Announce)
            try:
                answer = yield step
            except MeterlinkError as error:
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    except ChannelClosedError as error:
        raise _ChannelClosed(error, wrote) from None


def _close_quietly(access: Access) -> Flow[None]:
    """Close after a failure: the failure is what matters, so a second one is not told."""
    try:
        yield from access.close()
    except MeterlinkError:
        return
