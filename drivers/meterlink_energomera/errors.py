"""What these meters answer when they do not obey: refusals by number, and the lone byte for a frame not understood.

Numbers and their meaning: docs/protocols/energomera.md, chapter 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from meterlink.errors import AccessDeniedError, RefusedError, WireError


@dataclass(eq=False, kw_only=True)
class NotUnderstoodError(WireError):
    """NAK: the meter heard a frame that was damaged on its way, or that it takes for malformed."""

    text = "The meter did not understand {request}: it answered NAK."
    hint_text = (
        "Nothing was carried out. Check the bit format (7E1, or parity=soft behind an 8N1 gateway) and the line."
    )
    request: str


@dataclass(eq=False, kw_only=True)
class SeveralMetersError(WireError):
    """Nobody was named in the sign-on, and what came back is not the identification of one meter."""

    text = "What answered a sign-on without an address is not one meter alone."
    hint_text = (
        "More than one meter answered, or the line is noisy. Name the meter with --address; if it is the only one, "
        "check the line."
    )


@dataclass(eq=False, kw_only=True)
class UnknownParameterError(RefusedError):
    """ERR12: the meter has no parameter of this name, or it may not be read or written."""


@dataclass(eq=False, kw_only=True)
class OutOfRangeError(RefusedError):
    """ERR17: the value is not permitted."""


@dataclass(eq=False, kw_only=True)
class NotArchivedError(RefusedError):
    """ERR18: the archive holds nothing for this date."""


@dataclass(eq=False, kw_only=True)
class OtherPortError(RefusedError):
    """ERR19: somebody is programming the meter through another of its ports."""

    hint_text = "Nothing was changed. Wait until the other port is free, then run the command again."


@dataclass(eq=False, kw_only=True)
class ButtonNotPressedError(AccessDeniedError):
    """ERR14: the sealed access button was not pressed."""

    hint_text = (
        "Nothing was changed. Press the sealed access button (ДСТП) until its sign shows on the display, then run the "
        "command again at once: how long the permission lasts is not published."
    )


@dataclass(eq=False, kw_only=True)
class ForbiddenByLevelError(AccessDeniedError):
    """ERR15: this password, or none, may not do it."""

    hint_text = "Ask the owner of the meter for a password whose rights include this."


@dataclass(eq=False, kw_only=True)
class JumperMissingError(AccessDeniedError):
    """ERR16: a parameter of the factory, behind a jumper inside the case."""

    hint_text = "meterlink does not write what needs the jumper inside the meter."


_LOCK: Final = (
    "After three wrong passwords in a row these meters lock writing until the end of their day, and refuse the right "
    "one as well; make sure of the password before a new run."
)
AFTER_WRONG: Final = f"Nothing more was tried. {_LOCK}"
AFTER_SILENCE: Final = f"Nothing was written. Some meters are silent to a wrong password. {_LOCK}"
"""What to do after a password that was refused, or that nothing was heard of."""

WHY: Final[Mapping[int, str]] = {
    11: "this meter does not know the command",
    12: "it knows no such parameter, or it may not be read or written",
    13: "the value has the wrong form",
    14: "its access button was not pressed",
    15: "this password, or none, does not permit it",
    16: "the jumper inside the meter is missing",
    17: "the value is out of range",
    18: "its archive holds nothing of that date",
    19: "somebody is programming it through another port",
    22: "the answer would be longer than it allows",
    30: "its power was failing; nothing was stored",
    31: "its memory bus failed",
    32: "its memory is not valid",
    33: "its memory could not be written",
}
WHY_UNKNOWN: Final = "the number is not documented"

_KINDS: Final[Mapping[int, type[RefusedError]]] = {
    12: UnknownParameterError,
    14: ButtonNotPressedError,
    15: ForbiddenByLevelError,
    16: JumperMissingError,
    17: OutOfRangeError,
    18: NotArchivedError,
    19: OtherPortError,
}


def refusal(request: str, number: int) -> RefusedError:
    """The error of an ERRnn answer."""
    kind = _KINDS.get(number, RefusedError)
    return kind(request=request, code=f"ERR{number:02d}", why=f"{WHY.get(number, WHY_UNKNOWN)} (ERR{number:02d})")
