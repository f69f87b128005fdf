"""What these meters answer when they do not obey: the low nibble of the status byte, as typed refusals in words.

Codes and their meaning: docs/protocols/micron.md, chapter 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from meterlink.errors import AccessDeniedError, ChannelClosedError, RefusedError, WireError

_NOTHING_CHANGED: Final = "Nothing was changed."


@dataclass(eq=False, kw_only=True)
class UnknownCommandError(RefusedError):
    """1: the meter does not know the command, or the parameter is not permitted."""

    hint_text = (
        "Check --model: another model of the family has other commands, memory and tariffs. A correction of the clock "
        "is refused so as well when it would cross the hour."
    )


@dataclass(eq=False, kw_only=True)
class InternalError(RefusedError):
    """2: something inside the meter failed."""

    hint_text = "`meterlink meter info` tells the state word of the meter; a meter that fails inside is to be replaced."


@dataclass(eq=False, kw_only=True)
class LevelTooLowError(AccessDeniedError):
    """3: the level of this password does not permit it, or clock correction is forbidden on this channel."""

    hint_text = (
        "Give the password of the second level (owner). Where only the correction of the clock is refused, the meter "
        "may forbid it on this port."
    )


@dataclass(eq=False, kw_only=True)
class CorrectedTodayError(RefusedError):
    """4: the clock was corrected once today already."""

    hint_text = f"{_NOTHING_CHANGED} These meters take one soft correction a calendar day; try again tomorrow."


@dataclass(eq=False, kw_only=True)
class NotOpenError(ChannelClosedError):
    """5: the channel is closed: nobody opened it, or 20 s went by without a correct request."""


@dataclass(eq=False, kw_only=True)
class RepeatWantedError(RefusedError):
    """6: nothing was done; the meter carries the command out when the same frame comes again within half a second."""

    hint_text = f"{_NOTHING_CHANGED} Run the command again."


@dataclass(eq=False, kw_only=True)
class NotReadyError(RefusedError):
    """7: the result is not there yet."""

    hint_text = "Wait some seconds and run the command again."


@dataclass(eq=False, kw_only=True)
class TaskRunsError(RefusedError):
    """8: a task of the same kind is still running."""

    hint_text = f"{_NOTHING_CHANGED} Wait some minutes and run the command again."


@dataclass(eq=False, kw_only=True)
class PaidUnitsError(RefusedError):
    """9: the register of paid units would overflow."""


@dataclass(eq=False, kw_only=True)
class ControlError(RefusedError):
    """Ah: the control cannot be carried out."""


@dataclass(eq=False, kw_only=True)
class BehindCommunicatorError(RefusedError):
    """Fh: the meter behind a communicator does not answer."""

    hint_text = "Check the line between the communicator and the meter."


_ONCE: Final = (
    "Nothing more was tried: some of these meters forbid writing until the end of the day after three wrong passwords, "
    "and each one is counted in a journal."
)
AFTER_WRONG: Final = f"{_ONCE} Make sure of the password before a new run."
AFTER_SILENCE: Final = f"{_ONCE} Check line and address with `meterlink meter info` first."
WITHOUT: Final = (
    'Keep it with `meterlink secret set REF`; write password_ref = "REF" in the order, or give --secret-ref REF. '
    "It is tried once."
)
"""What to do after a password that was refused, that nothing was heard of, or that nobody gave."""


@dataclass(eq=False, kw_only=True)
class OtherFormError(WireError):
    """An extended address answered a request to a short one, and whether it is the same meter is not known yet."""

    text = "The extended address {extended} answered a request to the short address {address}."
    hint_text = "Ask the meter by its extended address: --address ext:{extended}."
    address: int
    extended: int


WHY: Final[Mapping[int, str]] = {
    0x1: "it does not know the command, or the parameter is not permitted",
    0x2: "an error inside the meter",
    0x3: "the access level is too low",
    0x4: "its clock was already corrected today",
    0x5: "its channel is not open",
    0x6: "it wants the same request again",
    0x7: "the result is not ready",
    0x8: "it is busy with a task of the same kind",
    0x9: "the register of paid units would overflow",
    0xA: "the control cannot be carried out",
    0xF: "the meter behind the communicator does not answer",
}
WHY_UNKNOWN: Final = "the code is not documented"

_KINDS: Final[Mapping[int, type[RefusedError]]] = {
    0x1: UnknownCommandError,
    0x2: InternalError,
    0x3: LevelTooLowError,
    0x4: CorrectedTodayError,
    0x5: NotOpenError,
    0x6: RepeatWantedError,
    0x7: NotReadyError,
    0x8: TaskRunsError,
    0x9: PaidUnitsError,
    0xA: ControlError,
    0xF: BehindCommunicatorError,
}


def why(code: int) -> str:
    """A status in words."""
    return f"{WHY.get(code, WHY_UNKNOWN)} (status {code:X}h)"


def refusal(request: str, code: int) -> RefusedError:
    """The error of a status byte whose low nibble is not zero."""
    return _KINDS.get(code, RefusedError)(request=request, code=f"{code:X}h", why=why(code))
