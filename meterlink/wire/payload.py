"""Packed decimals and dates as meters store them, the written form of bytes, and what can be wrong with them.

The errors are values' errors (`ValueError`), without meter or request: whoever knows those wraps them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from meterlink.errors import LocalProtocolError

YEARS: Final = range(1990, 2090)
"""What two digits of a year can tell: see `full_year`."""

_NOT_WHOLE: Final = (
    "the clock cannot be set to {local}, which is not a whole second without a zone from {first} to {last}"
)


class PayloadError(ValueError):
    """The bytes of a whole frame mean nothing; the text says why."""


class DigitError(PayloadError):
    """A packed decimal digit is above 9."""


class CalendarError(PayloadError):
    """A date or a time that no calendar has."""


def hexadecimal(raw: bytes) -> str:
    """Bytes as they are written everywhere: in records, traces and stored values, `0A FF`."""
    return raw.hex(" ").upper()


def bcd_digits(raw: bytes) -> str:
    """The digits of packed BCD, two a byte, most significant first; DigitError when one is above 9."""
    digits = raw.hex()
    if not digits.isdecimal():
        raise DigitError(f"{hexadecimal(raw)} holds a digit above 9")
    return digits


def decode_bcd(raw: bytes) -> int:
    """The number of packed BCD; DigitError when a digit is above 9."""
    return int(bcd_digits(raw))


def encode_bcd(number: int, size: int) -> bytes:
    """`number` as packed BCD of `size` bytes; ValueError when it does not fit."""
    digits = f"{number:0{size * 2}d}"
    if number < 0 or len(digits) > size * 2:
        raise ValueError(f"{number} does not fit in {size} bytes of packed decimal")
    return bytes.fromhex(digits)


def full_year(two_digits: int) -> int:
    """The year of a two-digit one: 90 and above are 19yy."""
    return two_digits + (1900 if two_digits >= 90 else 2000)


def require_whole_local(local: datetime) -> None:
    """LocalProtocolError where a meter's clock cannot be set to this: to whole seconds of local time, and to a year
    that two digits tell."""
    if local.tzinfo is not None or local.microsecond or local.year not in YEARS:
        raise LocalProtocolError(why=_NOT_WHOLE.format(local=local.isoformat(), first=YEARS[0], last=YEARS[-1]))


def decode_date(day: int, month: int, two_digit_year: int) -> date:
    """A date of its parts; CalendarError when there is no such day."""
    try:
        return date(full_year(two_digit_year), month, day)
    except ValueError as error:
        raise CalendarError(f"{day:02d}.{month:02d}.{two_digit_year:02d} is not a date") from error


def decode_datetime(on: date, hour: int, minute: int, second: int) -> datetime:
    """A naive date-time of its parts; CalendarError when there is no such time of day."""
    try:
        return datetime(on.year, on.month, on.day, hour, minute, second)
    except ValueError as error:
        raise CalendarError(f"{hour:02d}:{minute:02d}:{second:02d} is not a time of day") from error
