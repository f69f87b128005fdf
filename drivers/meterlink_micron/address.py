"""Addresses and serial numbers of the family. Rules: docs/protocols/micron.md, chapter 5.

    5              short address, 1 to 239
    0              the common address: whoever is there answers, for one meter alone on its line; nothing is written
    ext:805181783  extended address, four bytes; from the factory the serial number
    serial:NUMBER  the extended address that the number on the plate gives, where the model has one

The factory's short address is not published, so none is made of a serial number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from meterlink.errors import AddressError
from meterlink.profiles import Profile

EXTENDED: Final = 0xFC
COMMON: Final = 0
ANYBODY: Final = str(COMMON)
SHORT: Final = range(1, 240)

_SERIAL_PREFIX: Final = "serial:"
_EXTENDED_PREFIX: Final = "ext:"
_MOST_EXTENDED: Final = 2**32 - 1
_PLATE: Final = re.compile(r"\s*(?:No\.?|№)?\s*([0-9]{1,10})\s*")

_WHY: Final = {
    "form": "it is neither a number, nor ext:NUMBER, nor serial:NUMBER",
    "range": "a short address lies between 1 and 239; 0 asks the one meter that is on the line. An extended address, "
    "which is the serial number from the factory, is written ext:NUMBER",
    "long": "an extended address lies between 0 and 4294967295",
    "serial": "{serial!r} is no serial number of up to ten digits",
    "no extended": "this model has no extended address, and how its short one follows from the serial number is not "
    "published",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a frame goes to or comes from: one byte, or FC and four bytes, high byte first."""

    number: int
    is_extended: bool = False

    @classmethod
    def of(cls, text: str) -> Self:
        """The address of its canonical text."""
        if text.startswith(_EXTENDED_PREFIX):
            return cls(int(text[len(_EXTENDED_PREFIX) :]), True)
        return cls(int(text))

    @classmethod
    def read(cls, frame: bytes) -> tuple[Self, bytes]:
        """The address that a frame begins with, and what follows it; of a stump whatever is there."""
        if frame[:1] == bytes([EXTENDED]):
            return cls(int.from_bytes(frame[1:5], "big"), True), frame[5:]
        return cls(int.from_bytes(frame[:1], "big")), frame[1:]

    def encode(self) -> bytes:
        if self.is_extended:
            return bytes([EXTENDED]) + self.number.to_bytes(4, "big")
        return bytes([self.number])

    @property
    def size(self) -> int:
        return 5 if self.is_extended else 1

    @property
    def is_common(self) -> bool:
        return not self.is_extended and self.number == COMMON

    def __str__(self) -> str:
        return f"{_EXTENDED_PREFIX}{self.number}" if self.is_extended else str(self.number)


def parse_address(text: str, profile: Profile) -> str:
    """The canonical text of an address as people type it; AddressError names the broken rule."""
    text = text.strip()
    if text.lower().startswith(_SERIAL_PREFIX):
        return address_from_serial(text[len(_SERIAL_PREFIX) :], profile)
    extended = text.lower().startswith(_EXTENDED_PREFIX)
    digits = text[len(_EXTENDED_PREFIX) :] if extended else text
    if not re.fullmatch(r"[0-9]{1,10}", digits):
        raise _wrong(text, "form", profile)
    if extended:
        return _extended(text, int(digits), profile)
    if int(digits) != COMMON and int(digits) not in SHORT:
        raise _wrong(text, "range", profile)
    return str(int(digits))


def address_from_serial(serial_number: str, profile: Profile) -> str:
    """The factory's extended address of the number on the plate."""
    found = _PLATE.fullmatch(serial_number)
    if found is None:
        raise _wrong(serial_number, "serial", profile, serial=serial_number)
    return _extended(serial_number, int(found[1]), profile)


def _extended(text: str, number: int, profile: Profile) -> str:
    if not profile.driver_table["extended_address"]:
        raise _wrong(text, "no extended", profile)
    if number > _MOST_EXTENDED:
        raise _wrong(text, "long", profile)
    return str(Address(number, True))


def same_serial(plate: str, answered: str) -> bool:
    """Whether plate and answer name one meter: zeros in front do not count."""
    one, other = _PLATE.fullmatch(plate), _PLATE.fullmatch(answered)
    return one is not None and other is not None and int(one[1]) == int(other[1])


def _wrong(text: str, why: str, profile: Profile, **facts: object) -> AddressError:
    told = _WHY[why].format(**facts)
    return AddressError(setting=text, why=told, model=profile.model, rule=profile.address.rule)
