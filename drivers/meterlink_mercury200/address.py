"""Addresses and serial numbers of the family. Rules: docs/protocols/mercury200.md, chapter 4.

The address is a 32-bit number. From the factory it is the last six digits of the serial number in a Mercury 200.0x, and
the whole serial number in the others; installers may have given another one (1, 2, 3 ... or FA00000Bh + 8 * (n - 1)).
"""

from __future__ import annotations

import re
from typing import Final

from meterlink.errors import AddressError
from meterlink.profiles import Profile

_SERIAL_PREFIX: Final = "serial:"
_PLATE_DIGITS: Final = 8

_WHY: Final = {
    "form": "it is neither a decimal number, nor hexadecimal after 0x, nor serial:NUMBER",
    "range": "it lies outside 1 to 4294967295 (0 means no group)",
    "plate": "it looks like the whole number on the plate, and this model answers at the last six digits of it; "
    "write serial:{text} to derive the address, or 0x{number:X} if the meter really was given that address",
    "serial": "{serial!r} is no serial number of up to eight digits",
}


def parse_address(text: str, profile: Profile) -> str:
    """The address in decimal, of `411486`, `0xFA00020B` or `serial:06925646`; AddressError names the broken rule."""
    text = text.strip()
    if text.lower().startswith(_SERIAL_PREFIX):
        return address_from_serial(text[len(_SERIAL_PREFIX) :], profile)
    if re.fullmatch(r"0[xX][0-9A-Fa-f]{1,8}", text):
        return _checked(text, int(text, 16), profile)
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise _wrong(text, "form", profile)
    number = int(text)
    if profile.address.digits < len(text) <= _PLATE_DIGITS:
        raise _wrong(text, "plate", profile, number=number)
    return _checked(text, number, profile)


def address_from_serial(serial_number: str, profile: Profile) -> str:
    """The factory's address for the number on the plate."""
    digits = plate_digits(serial_number)
    if digits is None:
        raise _wrong(serial_number, "serial", profile, serial=serial_number)
    return _checked(serial_number, int(digits[-profile.address.digits :]), profile)


def plate_digits(serial_number: str) -> str | None:
    """The eight digits of a serial number as people copy it from a plate: `06925646`, `43096744-18` (year behind).

    Anything else is refused: a number with a gap or a letter in it would silently become another meter's.
    """
    match = re.fullmatch(r"\s*(?:No\.?|№)?\s*([0-9]{1,8}|[0-9]{8}[ -][0-9]{2})\s*", serial_number)
    return match[1][:_PLATE_DIGITS].zfill(_PLATE_DIGITS) if match else None


def same_serial(plate: str, answered: str) -> bool:
    """Whether plate and answer name one meter: leading zeros and what stands behind the number do not count."""
    return plate_digits(plate) is not None and plate_digits(plate) == plate_digits(answered)


def _checked(text: str, number: int, profile: Profile) -> str:
    if not profile.address.min <= number <= profile.address.max:
        raise _wrong(text, "range", profile)
    return str(number)


def _wrong(text: str, why: str, profile: Profile, **facts: object) -> AddressError:
    told = _WHY[why].format(text=text, **facts)
    return AddressError(setting=text, why=told, model=profile.model, rule=profile.address.rule)
