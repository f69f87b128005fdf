"""Our own bugs."""

from __future__ import annotations

from dataclasses import dataclass

from meterlink.errors.root import MeterlinkError


@dataclass(eq=False, kw_only=True)
class LocalProtocolError(MeterlinkError):
    """We broke the rules of the dialogue: a bug of meterlink or of a driver. The frame in question was not sent."""

    text = "meterlink stopped itself before sending the next frame: {why}."
    hint_text = "This is a bug; please report it with the output of `meterlink doctor`."
    why: str


@dataclass(eq=False, kw_only=True)
class WritingClosedError(LocalProtocolError):
    """A write was announced where nobody opened the way for writes."""

    text = "The write {operation!r} was not sent: nothing here makes it durable first."
    hint_text = "Writes go through a planned and confirmed piece of work, never through a reading command."
    why: str = "no gate"
    operation: str
