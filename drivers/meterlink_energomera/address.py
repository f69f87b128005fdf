"""Addresses and serial numbers of the family. Rules: docs/protocols/energomera.md, 4.1.

The address is the text of the parameter IDPAS; from the factory mostly the last nine of the fifteen digits of the
serial number. `*` asks whoever is there, for one meter alone on its line: such a dialogue never writes.
"""

from __future__ import annotations

import re
from typing import Final

from meterlink.errors import AddressError
from meterlink.profiles import Profile

ANYBODY: Final = "*"

_SERIAL_PREFIX: Final = "serial:"
_ADDRESS: Final = re.compile(r"[0-9A-Za-z._\-]+", re.ASCII)
_TEXT_OF_PLATE: Final = re.compile(r"\s*(?:No\.?|№)?\s*(\S.*?)\s*")
_PLATE: Final = re.compile(r"\s*(?:No\.?|№)?\s*([0-9]{9,15})\s*")

_WHY: Final = {
    "empty": "it is empty; write * to ask the one meter that is on the line, whatever its address",
    "form": "it holds something else than Latin letters, digits, point, hyphen and underscore",
    "long": "it is longer than {digits} characters",
    "serial": "{serial!r} is no serial number of nine to fifteen digits",
}


def parse_address(text: str, profile: Profile) -> str:
    """The address as the meter has it, of `104609396`, `serial:010748104609396` or `*`; AddressError."""
    text = text.strip()
    if text.lower().startswith(_SERIAL_PREFIX):
        return address_from_serial(text[len(_SERIAL_PREFIX) :], profile)
    if text == ANYBODY:
        return text
    if not text:
        raise _wrong(text, "empty", profile)
    if len(text) > profile.address.digits:
        raise _wrong(text, "long", profile, digits=profile.address.digits)
    if not _ADDRESS.fullmatch(text):
        raise _wrong(text, "form", profile)
    return text


def address_from_serial(serial_number: str, profile: Profile) -> str:
    """The factory's address: the last nine digits."""
    found = _PLATE.fullmatch(serial_number)
    if found is None:
        raise _wrong(serial_number, "serial", profile, serial=serial_number)
    return found[1][-9:]


def same_serial(plate: str, answered: str) -> bool:
    """Whether both name one meter: leading zeros do not count, and of fifteen digits a plate may show nine."""
    texts = [found[1].lstrip("0") for found in map(_TEXT_OF_PLATE.fullmatch, (plate, answered)) if found is not None]
    if len(texts) == 2 and texts[0] == texts[1]:
        return True
    one, other = _PLATE.fullmatch(plate), _PLATE.fullmatch(answered)
    if one is None or other is None:
        return False
    long = max(one[1].lstrip("0"), other[1].lstrip("0"), key=len)
    return len(one[1]) == 9 and long.zfill(15).endswith(one[1])


def same_address(one: str, other: str) -> bool:
    """Leading zeros of an address are ignored."""
    return one.lstrip("0") == other.lstrip("0")


def on_wire(address: str) -> str:
    """What stands in a sign-on."""
    return "" if address == ANYBODY else address


def _wrong(text: str, why: str, profile: Profile, **facts: object) -> AddressError:
    told = _WHY[why].format(**facts)
    return AddressError(setting=text, why=told, model=profile.model, rule=profile.address.rule)
