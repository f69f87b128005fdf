"""Time zones as people write them: a name of the zone database, or an offset."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from meterlink.cli.words import meant
from meterlink.errors import ConfigError

_OFFSET: Final = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})", re.ASCII)
_MOST: Final = timedelta(hours=14)
_UNKNOWN: Final = (
    "there is no time zone {text!r}{meant}; write a name such as Europe/Moscow, or an offset such as +03:00"
)
_NO_OFFSET: Final = "{text!r} is not an offset such as +03:00"
_TOO_FAR: Final = "no place is {text} away from UTC"


def parse_zone(text: str, setting: str = "--tz") -> tzinfo:
    """The zone of `Europe/Moscow`, `+03:00` or `UTC`; ConfigError otherwise."""
    if text in ("UTC", "Z"):
        return UTC
    match = _OFFSET.fullmatch(text)
    if match is not None:
        return timezone(_offset(text, match, setting))
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        why = _UNKNOWN.format(text=text, meant=meant(text, available_timezones()))
        raise ConfigError(setting=setting, why=why) from None


def _offset(text: str, match: re.Match[str], setting: str) -> timedelta:
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if int(match[3]) > 59 or offset > _MOST:
        raise ConfigError(setting=setting, why=_TOO_FAR.format(text=text))
    return -offset if match[1] == "-" else offset


def parse_offset(text: str, setting: str) -> timedelta:
    """The offset of `+03:00`; ConfigError otherwise."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise ConfigError(setting=setting, why=_NO_OFFSET.format(text=text))
    return _offset(text, match, setting)
