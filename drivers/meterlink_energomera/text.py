"""Characters of the dialogue: control bytes, the check byte, even parity, and what stands in a data block.

Check byte  the low 7 bits of the *sum* of all characters behind the first SOH or STX, up to and including ETX. The
            standard's XOR is read as well, where a later generation of meters may use it.
Source      docs/protocols/energomera.md, 3 and 4.6 [A]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from operator import xor
from typing import Final

from meterlink.wire.line import is_even, with_parity
from meterlink.wire.payload import DigitError, PayloadError

__all__ = [
    "Block",
    "Check",
    "Item",
    "command",
    "data_block",
    "exactly",
    "is_whole",
    "number",
    "rechecked",
    "with_check",
    "with_parity",
    "without_parity",
]

SOH: Final = 0x01
STX: Final = 0x02
ETX: Final = 0x03
ACK: Final = 0x06
NAK: Final = 0x15
CRLF: Final = b"\r\n"

_BEGIN: Final = re.compile(rb"[\x01\x02]")
_ITEM: Final = re.compile(r"([A-Za-z0-9_]{0,16})\(([^()\x00-\x1f\x7f-\xff]{0,128})\)(?:\r\n)?")
_ERROR: Final = re.compile(r"E(?:RR)?([0-9]{1,2})", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?", re.ASCII)
_READOUT_END: Final = "!\r\n"

_TEXT: Final = {
    "items": "{text!r} is not a list of NAME(value)",
    "name": "it tells {found} instead of {wanted}",
    "count": "{name} has {found} values, and {wanted} are expected",
    "number": "{text!r} is not a decimal number with a point",
    "error": "{name} is refused inside the list (E{number})",
}


class Check(StrEnum):
    """How the check byte is made."""

    SUM = "sum"
    XOR = "xor"

    def of(self, body: bytes) -> int:
        """The check byte of the characters behind the first SOH or STX, with the ETX."""
        return (sum(body) if self is Check.SUM else reduce(xor, body, 0)) & 0x7F


def with_check(frame: bytes, check: Check = Check.SUM) -> bytes:
    """A frame from its SOH or STX to its ETX, with the check byte behind it."""
    return frame + bytes([check.of(frame[1:])])


def command(code: str, text: str) -> bytes:
    """`SOH code STX text ETX check`."""
    return with_check(b"\x01" + code.encode("ascii") + b"\x02" + text.encode("ascii") + b"\x03")


def data_block(text: str) -> bytes:
    """`STX text ETX check`."""
    return with_check(b"\x02" + text.encode("ascii") + b"\x03")


def rechecked(frame: bytes, check: Check) -> bytes:
    """What a line carries of a frame: those that end with a sum end with the check byte in use there."""
    begin = _BEGIN.search(frame)
    if check is Check.SUM or begin is None or frame[-2:-1] != bytes([ETX]):
        return frame
    return frame[: begin.start()] + with_check(frame[begin.start() : -1], check)


def is_whole(frame: bytes, check: Check = Check.SUM) -> bool:
    """Whether a frame from SOH or STX to the byte behind ETX has the right check byte."""
    return len(frame) > 2 and frame[-2] == ETX and check.of(frame[1:-1]) == frame[-1]


# --- even parity in the eighth bit ------------------------------------------------------------------------------------


def without_parity(data: bytes) -> bytes | None:
    """The seven-bit characters; None where some byte above 7F has odd parity."""
    if any(byte > 0x7F and not is_even(byte) for byte in data):
        return None
    return bytes(byte & 0x7F for byte in data)


# --- data blocks ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a block; `name` is carried forward where the meter tells it once only."""

    name: str
    value: str

    @property
    def error(self) -> int | None:
        """The number of a refusal that stands in place of the value."""
        found = _ERROR.fullmatch(self.value)
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between STX and ETX. `readout` is True where it ends with the `!` of a readout."""

    items: tuple[Item, ...]
    readout: bool = False

    @classmethod
    def read(cls, text: str) -> Block:
        """PayloadError where it is no list of NAME(value)."""
        readout = text.endswith(_READOUT_END)
        body = text.removesuffix(_READOUT_END)
        items: list[Item] = []
        name, end = "", 0
        for found in _ITEM.finditer(body):
            if found.start() != end:
                break
            name, end = found[1] or name, found.end()
            items.append(Item(name, found[2]))
        if end != len(body):
            raise PayloadError(_TEXT["items"].format(text=text))
        return cls(tuple(items), readout)

    def of(self, name: str) -> tuple[str, ...]:
        """The values of the one parameter that was asked for; PayloadError where it tells another one."""
        for item in self.items:
            if item.name != name:
                raise PayloadError(_TEXT["name"].format(found=item.name or "nothing", wanted=name))
            if item.error is not None:
                raise PayloadError(_TEXT["error"].format(name=name, number=item.error))
        return tuple(item.value for item in self.items)


def exactly(name: str, values: tuple[str, ...], *counts: int) -> tuple[str, ...]:
    """The values, where there are so many; PayloadError."""
    if len(values) not in counts:
        raise PayloadError(_TEXT["count"].format(name=name, found=len(values), wanted=" or ".join(map(str, counts))))
    return values


def number(text: str) -> Decimal:
    """A value as the meter wrote it; DigitError for a comma, a missing digit, anything else."""
    if not _NUMBER.fullmatch(text):
        raise DigitError(_TEXT["number"].format(text=text))
    return Decimal(text)
