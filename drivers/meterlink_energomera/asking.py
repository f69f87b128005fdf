"""Asking one parameter: what its values mean, and what becomes of a refusal, a silence or an empty answer.

What the meter says no to is absent with its reason alone, a phrase that has its word (`words`): who was asked for what
stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from meterlink.errors import NoAnswerError, NotSupportedError, RefusedError, WireError
from meterlink.flow import Flow, Reply, read_reply
from meterlink.model import Absent
from meterlink_energomera.errors import UnknownParameterError
from meterlink_energomera.session import Session
from meterlink_energomera.text import exactly

T = TypeVar("T")
Values = tuple[str, ...]

_TEXT: Final = {
    "unknown": "the meter knows no such parameter ({parameter}, ERR12)",
    "empty": "the meter answered without a value",
}


def understood(reply: Reply[Values], parameter: str, read: Callable[[Values], T]) -> T:
    """What the values mean; BadReplyError, as the house tells it, where they mean nothing."""
    return read_reply(reply, f"read {parameter}", read)


def one(parameter: str) -> Callable[[Values], str]:
    return lambda values: exactly(parameter, values, 1)[0]


def attempt(
    session: Session, what: str, parameter: str, absent: list[Absent], read: Callable[[Values], T]
) -> Flow[T | None]:
    """The value, or None with the reason among `absent`."""
    try:
        reply = yield from session.read(parameter)
        if not reply.value:
            absent.append(Absent(what=what, reason=_TEXT["empty"]))
            return None
        return understood(reply, parameter, read)
    except UnknownParameterError:
        absent.append(Absent(what=what, reason=why_unknown(parameter)))
    except RefusedError as error:
        absent.append(Absent(what=what, reason=error.why))
    except (NoAnswerError, WireError) as error:
        absent.append(Absent(what=what, reason=str(error)))
    return None


def main(session: Session, capability: str, parameter: str, args: str = "") -> Flow[Reply[Values]]:
    """The values a reading cannot do without; a firmware that lacks them is told as such."""
    try:
        return (yield from session.read(parameter, args))
    except UnknownParameterError as error:
        model = session.target.profile.model
        raise NotSupportedError(model=model, capability=capability, why=why_unknown(parameter)) from error


def why_unknown(parameter: str) -> str:
    """Why a parameter that the meter refuses as unknown (ERR12) is not there."""
    return _TEXT["unknown"].format(parameter=parameter)
