"""Asking one parameter: what its values mean, and what becomes of a refusal, a silence or an empty answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from meterlink.errors import (
    BadDateError,
    BadDigitsError,
    BadReplyError,
    NoAnswerError,
    NotSupportedError,
    RefusedError,
    WireError,
)
from meterlink.flow import Flow, Reply
from meterlink.model import Absent
from meterlink.profiles import Profile
from meterlink.wire.payload import CalendarError, DigitError, PayloadError
from meterlink_energomera.errors import UnknownParameterError
from meterlink_energomera.session import Session
from meterlink_energomera.text import exactly

T = TypeVar("T")
Values = tuple[str, ...]

_TEXT: Final = {
    "refused": "the meter knows no {parameter} (ERR12)",
    "empty": "the meter answered without a value",
}


def understood(reply: Reply[Values], parameter: str, read: Callable[[Values], T]) -> T:
    """What the values mean; BadReplyError, as the house tells it, where they mean nothing."""
    try:
        return read(reply.value)
    except PayloadError as error:
        kind = BadReplyError
        if isinstance(error, DigitError):
            kind = BadDigitsError
        elif isinstance(error, CalendarError):
            kind = BadDateError
        raise kind(request=f"read {parameter}", raw=reply.frame.hex(" ").upper(), why=str(error)) from error


def one(parameter: str) -> Callable[[Values], str]:
    return lambda values: exactly(parameter, values, 1)[0]


def attempt(
    session: Session, what: str, parameter: str, absent: list[Absent], read: Callable[[Values], T], args: str = ""
) -> Flow[T | None]:
    """The value, or None with the reason among `absent`."""
    try:
        reply = yield from session.read(parameter, args)
        if not reply.value:
            absent.append(Absent(what=what, reason=_TEXT["empty"]))
            return None
        return understood(reply, parameter, read)
    except UnknownParameterError:
        absent.append(Absent(what=what, reason=_lacks(parameter)))
    except (NoAnswerError, WireError, RefusedError) as error:
        absent.append(Absent(what=what, reason=str(error)))
    return None


def main(session: Session, capability: str, parameter: str, args: str = "") -> Flow[Reply[Values]]:
    """The values a reading cannot do without; a firmware that lacks them is told as such."""
    try:
        return (yield from session.read(parameter, args))
    except UnknownParameterError as error:
        model = session.target.profile.model
        raise NotSupportedError(model=model, capability=capability, why=_lacks(parameter)) from error


def _lacks(parameter: str) -> str:
    return _TEXT["refused"].format(parameter=parameter)


def supports(profile: Profile, capability: str) -> bool:
    support = profile.supports.get(capability)
    return support is not None and support.supported
