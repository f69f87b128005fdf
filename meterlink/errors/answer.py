"""The meter's answer: it was understood, and it says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterlink.errors.line import NoAnswerError
from meterlink.errors.root import AdvisedError, MeterlinkError

_SURE: Final = "Make sure of the password before a new run."


@dataclass(eq=False, kw_only=True)
class RefusedError(MeterlinkError):
    """The meter answered properly, and the answer is no."""

    exit_code = 6
    text = "The meter refused {request}: {why}."
    hint_text = "The meter changed nothing; look the reason up in the documents of this family."
    request: str
    code: str
    why: str


@dataclass(eq=False, kw_only=True)
class AccessDeniedError(RefusedError):
    """The level or the password does not permit it."""

    exit_code = 4
    hint_text = "Ask the owner of the password; meterlink tries one password once and never another."


@dataclass(eq=False, kw_only=True)
class PasswordSpentError(AccessDeniedError):
    """The one attempt of this run was used and its success is not known."""

    text = "The password was not sent to {address} again: the one attempt of this run did not succeed."
    hint_text = f"Meters lock after a few wrong passwords. {_SURE}"
    request: str = "the password"
    code: str = "local"
    why: str = "one attempt per meter and run"
    address: str


@dataclass(eq=False, kw_only=True)
class WrongPasswordError(AdvisedError, AccessDeniedError):
    """The meter did not take the password; what it does after several wrong ones is the family's advice."""

    hint_text = f"Nothing more was tried. {_SURE}"


@dataclass(eq=False, kw_only=True)
class PasswordUnansweredError(AdvisedError, NoAnswerError):
    """The password was sent and nothing came back, or nothing that can be read: it may count as a wrong one."""

    hint_text = f"Nothing more was tried: it may count as a wrong password. {_SURE}"


@dataclass(eq=False, kw_only=True)
class NoPasswordError(AdvisedError, AccessDeniedError):
    """A password is needed, and nobody gave one of the family's form; none was sent."""

    hint_text = 'Keep it with `meterlink secret set REF` and write password_ref = "REF" in the order; it is tried once.'


@dataclass(eq=False, kw_only=True)
class ChannelClosedError(RefusedError):
    """The meter has closed the session."""

    hint_text = "Run the command again: the meter closed its session in the middle."


@dataclass(eq=False, kw_only=True)
class NotSupportedError(MeterlinkError):
    """This model lacks the capability; said by the profile, before any byte was sent."""

    exit_code = 6
    text = "{model} has no {capability}: {why}."
    hint_text = "`meterlink profiles show {model}` lists what this model can do, with the evidence."
    model: str
    capability: str
    why: str


@dataclass(eq=False, kw_only=True)
class MissedInstantError(MeterlinkError):
    """The moment a frame was meant for passed before it could leave; the frame was not sent."""

    exit_code = 8
    text = "The moment for which the frame was made passed {late_s:.3f} s before it could be sent."
    hint_text = "The frame was not sent; a new one must be planned."
    late_s: float
