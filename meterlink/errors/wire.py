"""The meter's bytes: what came and is not, or cannot be, the answer."""

from __future__ import annotations

from dataclasses import dataclass

from meterlink.errors.root import MeterlinkError


@dataclass(eq=False, kw_only=True)
class WireError(MeterlinkError):
    """What came back breaks the protocol."""

    exit_code = 5


@dataclass(eq=False, kw_only=True)
class DamagedFrameError(WireError):
    """Bytes came and were not a frame. `raw` is hexadecimal with secret bytes masked."""

    text = "The answer of address {address} on {port} to {request} is damaged ({why}): {raw}."
    hint_text = (
        "Try again; if it stays, check the line's ends, the speed and the bit format, and shorten or shield the wires."
    )
    address: str
    port: str
    request: str
    raw: str
    why: str


@dataclass(eq=False, kw_only=True)
class WrongChecksumError(DamagedFrameError):
    """The answer has a permitted length and its checksum is wrong."""


@dataclass(eq=False, kw_only=True)
class TruncatedReplyError(DamagedFrameError):
    """The answer ends before its shortest permitted length."""


@dataclass(eq=False, kw_only=True)
class WrongAddressError(WireError):
    """A whole answer came from somebody else, and none from the meter that was asked."""

    text = "Address {address} on {port} did not answer {request}; another frame came instead: {raw}."
    hint_text = "Look for another master or a second meter on this line, and check the address on the plate."
    address: str
    port: str
    request: str
    raw: str


@dataclass(eq=False, kw_only=True)
class WrongAnswerError(WireError):
    """The meter that was asked sent a whole frame that does not answer the question."""

    text = "Address {address} on {port} sent something else than the answer to {request}: {raw}."
    hint_text = "Try again; if it stays, look for another master that asks the same meter."
    address: str
    port: str
    request: str
    raw: str


@dataclass(eq=False, kw_only=True)
class BadReplyError(WireError):
    """A whole and undamaged frame whose content makes no sense."""

    text = "The reply to {request} makes no sense: {why} ({raw})."
    hint_text = "Check --model: another model may answer in another form. Nothing of this reply was used."
    request: str
    raw: str
    why: str


@dataclass(eq=False, kw_only=True)
class BadDigitsError(BadReplyError):
    """A packed decimal digit is above 9."""


@dataclass(eq=False, kw_only=True)
class BadDateError(BadReplyError):
    """A date or a time that no calendar has."""
