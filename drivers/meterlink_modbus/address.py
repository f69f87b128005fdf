"""Unit ids and serial numbers. From the factory every meter of a model has the same unit id, so one is soon changed."""

from __future__ import annotations

import re
from typing import Final

from meterlink.errors import AddressError
from meterlink.profiles import Profile
from meterlink_modbus.map_reader import map_of

_SERIAL_PREFIX: Final = "serial:"

_WHY: Final = {
    "form": "it is neither a decimal number nor serial:NUMBER",
    "range": "it lies outside {least} to {most}",
    "broadcast": "0 speaks to every meter on the line",
    "serial": "{serial!r} is no serial number",
}


def parse_address(text: str, profile: Profile) -> str:
    """The unit id in decimal; AddressError names the broken rule."""
    text = text.strip()
    if text.lower().startswith(_SERIAL_PREFIX):
        return address_from_serial(text[len(_SERIAL_PREFIX) :], profile)
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII):
        raise _wrong(text, "form", profile)
    number, bounds = int(text), profile.address
    if not bounds.min <= number <= bounds.max:
        raise _wrong(text, "range" if number else "broadcast", profile, least=bounds.min, most=bounds.max)
    return str(number)


def address_from_serial(serial_number: str, profile: Profile) -> str:
    """The factory's unit id, which is the same for every number."""
    if plate_digits(serial_number) is None:
        raise _wrong(serial_number, "serial", profile, serial=serial_number)
    return str(map_of(profile).factory_address)


def plate_digits(serial_number: str) -> str | None:
    """The digits of a serial number as people copy it, without gaps, zeros in front and a sign for "number"."""
    match = re.fullmatch(r"\s*(?:No\.?|№|S/?N:?)?\s*([0-9][0-9 ]*)", serial_number, re.ASCII | re.IGNORECASE)
    return match[1].replace(" ", "").lstrip("0") or "0" if match else None


def same_serial(plate: str, answered: str) -> bool:
    """Whether plate and answer name one meter: zeros in front do not count. A meter that tells none is no one's."""
    return plate_digits(plate) is not None and plate_digits(plate) == plate_digits(answered)


def _wrong(text: str, why: str, profile: Profile, **facts: object) -> AddressError:
    told = _WHY[why].format(**facts)
    return AddressError(setting=text, why=told, model=profile.model, rule=profile.address.rule)
