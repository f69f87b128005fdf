"""Asking for one part of a reading: what the meter lacks or does not answer is absent with the reason."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from meterlink.errors import NoAnswerError, NoPasswordError, NotSupportedError, RefusedError, WireError
from meterlink.flow import Flow, Reply
from meterlink.model import Absent
from meterlink_micron.errors import NotOpenError, UnknownCommandError
from meterlink_micron.identity_codec import Variant
from meterlink_micron.messages import READ_RATIOS, READ_VARIANT, Command
from meterlink_micron.models import table_of
from meterlink_micron.payload import NOTHING, Payload
from meterlink_micron.session import Session

A = TypeVar("A", bound=Payload)

ENDING: Final = (NoPasswordError, NotOpenError)
"""Nothing more can be asked behind these."""
LACKS: Final = "this meter does not know the command"
RATIOS: Final = "transformer ratios"
VARIANT: Final = "variant"


def attempt(
    session: Session, what: str, command: Command[Any, A], absent: list[Absent], asked: Payload = NOTHING
) -> Flow[A | None]:
    """The value, or None with the reason among `absent`."""
    try:
        return (yield from session.read(command, asked)).value
    except UnknownCommandError:
        absent.append(Absent(what=what, reason=LACKS))
    except ENDING:
        raise
    except (NoAnswerError, WireError, RefusedError) as error:
        absent.append(Absent(what=what, reason=str(error)))
    return None


def main(session: Session, capability: str, command: Command[Any, A], asked: Payload = NOTHING) -> Flow[Reply[A]]:
    """What a reading cannot do without; a meter that does not know the command is told as such."""
    try:
        return (yield from session.read(command, asked))
    except UnknownCommandError as error:
        model = session.target.profile.model
        raise NotSupportedError(model=model, capability=capability, why=LACKS) from error


def variant_in(session: Session, absent: list[Absent]) -> Flow[Variant | None]:
    """None also where the model does not tell it, which is no part that could be absent."""
    if not table_of(session.target.profile).variant:
        return None
    return (yield from attempt(session, VARIANT, READ_VARIANT, absent))


def ratios_in(session: Session, absent: list[Absent]) -> Flow[tuple[int, int]]:
    """Kn and Kt, without which nothing can be told. A meter that does not know the command has none to multiply by."""
    try:
        told = (yield from session.read(READ_RATIOS)).value
    except UnknownCommandError:
        absent.append(Absent(what=RATIOS, reason=LACKS))
        return 1, 1
    return told.voltage_ratio, told.current_ratio
