"""Time zones as people write them: Area/City of the zone database, or an offset.

The other names of the database are refused: `Etc/GMT+3` is three hours behind, `MSK` is no name, `localtime` is this
computer's zone, and each of them would shift a clock by hours in silence.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from meterlink.errors import ConfigError
from meterlink.meant import did_you_mean

_OFFSET: Final = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})", re.ASCII)
_LOOSE_OFFSET: Final = re.compile(r"(?:UTC|GMT)?\s*([+-]?)([0-9]{1,2})(?::?([0-9]{2}))?", re.ASCII | re.IGNORECASE)
_POSIX_OFFSET: Final = re.compile(r"Etc/GMT([+-])([0-9]{1,2})", re.ASCII | re.IGNORECASE)
_PLACE: Final = re.compile(r"(?!etc/|posix/|right/|systemv/)[a-z]+/[a-z0-9_+/-]+", re.ASCII | re.IGNORECASE)
_MOST: Final = timedelta(hours=14)
_TEXT: Final = {
    "unknown": "there is no time zone {text!r}",
    "meant": "there is no time zone {text!r} ({meant})",
    "loose": "{text!r} can be read in two ways",
    "posix": "{text!r} has its sign turned round: it means {hours} h {way} UTC",
    "moscow": "{text!r} is no zone of the database",
    "no offset": "{text!r} is not an offset such as +03:00",
    "far": "no place is {text} away from UTC",
}
_ADVICE: Final = {
    "unknown": "Write Area/City, such as Europe/Moscow, or an offset, such as +03:00.",
    "meant": "Write Area/City, such as Europe/Moscow, or an offset, such as +03:00.",
    "loose": "Write {offset}, or Area/City, such as Europe/Moscow.",
    "posix": "Write {offset} if that is meant, {other} if the opposite is, or Area/City, such as Europe/Moscow.",
    "moscow": "Write Europe/Moscow or +03:00.",
    "no offset": "Write it as +03:00.",
    "far": "Offsets lie between -14:00 and +14:00, as +03:00.",
}
_MOSCOW: Final = ("MSK", "МСК", "MOSCOW", "МОСКВА", "W-SU")


def parse_zone(text: str, setting: str = "--tz") -> tzinfo:
    """The zone of `Europe/Moscow`, `+03:00` or `UTC`; ConfigError otherwise."""
    if text in ("UTC", "Z"):
        return UTC
    match = _OFFSET.fullmatch(text)
    if match is not None:
        return timezone(_offset(text, match, setting))
    if _PLACE.fullmatch(text):
        try:
            return ZoneInfo(text)
        except (KeyError, ValueError, OSError):
            pass
    raise _refusal(text, setting)


def zone_text(zone: tzinfo) -> str:
    """The text of which `parse_zone` makes this zone."""
    return str(zone).removeprefix("UTC") or "UTC"


def _refusal(text: str, setting: str) -> ConfigError:
    """Why a text is no zone, and what to write instead."""
    if text.upper() in _MOSCOW:
        return _error(setting, "moscow", text=text)
    posix = _POSIX_OFFSET.fullmatch(text)
    if posix is not None:
        sign, hours = posix[1], posix[2].zfill(2)
        mirrored = "-" if sign == "+" else "+"
        way = "behind" if sign == "+" else "ahead of"
        facts = {"offset": f"{mirrored}{hours}:00", "other": f"{sign}{hours}:00"}
        return _error(setting, "posix", text=text, hours=int(hours), way=way, **facts)
    loose = _LOOSE_OFFSET.fullmatch(text)
    if loose is not None:
        return _error(setting, "loose", text=text, offset=f"{loose[1] or '+'}{loose[2]:0>2}:{loose[3] or '00'}")
    question = did_you_mean(text, filter(_PLACE.fullmatch, available_timezones()))
    return _error(setting, "meant" if question else "unknown", text=text, meant=question)


def _offset(text: str, match: re.Match[str], setting: str) -> timedelta:
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if int(match[3]) > 59 or offset > _MOST:
        raise _error(setting, "far", text=text)
    return -offset if match[1] == "-" else offset


def parse_offset(text: str, setting: str) -> timedelta:
    """The offset of `+03:00`; ConfigError otherwise."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise _error(setting, "no offset", text=text)
    return _offset(text, match, setting)


def _error(setting: str, why: str, **facts: object) -> ConfigError:
    return ConfigError(setting=setting, why=_TEXT[why].format(**facts), advice=_ADVICE[why].format(**facts))
