"""Values of an act in words: moments, amounts, spans, days of the calendar, and texts that others wrote. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from meterlink.errors import ConfigError
from meterlink.reading import span_words
from meterlink.report.act_words import ActWords
from meterlink.tariff.schedule import MonthDay, in_calendar
from meterlink.tariff.wording import days_text
from meterlink.zone import parse_zone

_MONTH_DAY: Final = re.compile(r"([01][0-9])-([0-3][0-9])", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,14}(?:\.[0-9]{1,10})?", re.ASCII)
_CLOCK: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
_HIDDEN: Final = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
"""Characters that nobody sees and that turn, hide or break what stands around them."""
_BREAK: Final = re.compile(r"[\r\n\t\v\f\x85\u2028\u2029]+")
_TARIFF: Final = re.compile(r"T[1-9]", re.ASCII)
_LONGEST_ZONE: Final = 64


def shown(text: str) -> str:
    """A text as paper may show it: line breaks as ` / `, characters without a shape by their number."""
    if text.isprintable():
        return text
    return "".join(_shape(character) for character in _BREAK.sub(" / ", text))


def _shape(character: str) -> str:
    return f"[U+{ord(character):04X}]" if unicodedata.category(character) in _HIDDEN else character


# --- moments --------------------------------------------------------------------------------------------------------


def zone_of(name: str) -> tzinfo | None:
    """The zone of the place; None where the name says nothing."""
    if len(name) > _LONGEST_ZONE:
        return None
    try:
        return parse_zone(name)
    except ConfigError:
        return None


def moment(words: ActWords, text: str, zone: tzinfo | None) -> str:
    """A date-time of a record by the clock of the place, to the second; else the text itself.

    Its offset is told where it is not the place's because nobody knows the place's zone.
    """
    local = _local(text, zone)
    if local is None:
        return words.value(text)
    told = f"{day(words, local.date())} {local:%H:%M:%S}"
    if local.tzinfo is None or zone is not None:
        return told
    return words("moment", at=told, offset=_offset(local))


def offset_at(text: str, zone: tzinfo | None) -> str:
    """How far the place is from UTC at that moment, `+03:00`; empty where nobody knows its zone."""
    local = None if zone is None else _local(text, zone)
    return "" if local is None else _offset(local)


def _local(text: str, zone: tzinfo | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is None else at.astimezone(zone or UTC)
    except (ValueError, OverflowError):
        return None


def _offset(at: datetime) -> str:
    told = f"{at:%z}"
    return f"{told[:3]}:{told[3:5]}"


def day(words: ActWords, value: date) -> str:
    return words("date", day=value.day, month=value.month, year=value.year)


def day_text(words: ActWords, text: str) -> str:
    """A date of a record, or the text itself where it is none."""
    try:
        return day(words, date.fromisoformat(text))
    except ValueError:
        return words.value(text)


# --- amounts --------------------------------------------------------------------------------------------------------


def amount(words: ActWords, text: str) -> str:
    """A decimal number with the sign of the language; every digit stays."""
    return words.value(text).replace(".", words("decimal")) if number(text) is not None else words.value(text)


def reading(words: ActWords, text: str) -> str:
    """What a meter tells about itself: a number, a moment of its own clock, or words."""
    return moment(words, text, None) if _CLOCK.fullmatch(text) else amount(words, text)


def signed(words: ActWords, text: str) -> str:
    """The same with its sign in front."""
    found = number(text)
    if found is None:
        return words.value(text)
    return ("+" if found >= 0 else "−") + amount(words, text.lstrip("+-"))


def number(text: str) -> Decimal | None:
    """The number that a text is; None where it is none."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def tariff_of(register: str) -> int:
    """The number of a tariff register; 0 for any other."""
    return int(register[1]) if _TARIFF.fullmatch(register) else 0


def clock_error(words: ActWords, clock: Mapping[str, Any]) -> str:
    """How far a clock was off: `+1 h 00 min 14 s, ahead`, or within how many seconds it was right."""
    if clock["state"] != "read":
        return words("not-read")
    error, uncertainty = number(clock["error_s"]), number(clock["uncertainty_s"])
    if error is None:
        return words.value(clock["error_s"])
    if uncertainty is not None and abs(error) <= uncertainty:
        return words("error right", within=(abs(error) + uncertainty).to_integral_value(ROUND_CEILING))
    length = timedelta(milliseconds=int(abs(error) * 1000))
    return words("error ahead" if error > 0 else "error behind", span=span_words(length, words.language))


# --- the calendar ---------------------------------------------------------------------------------------------------


def holidays_text(words: ActWords, days: Sequence[str]) -> str:
    """A table of special days, MM-DD each; what is no date is shown as it is."""
    found: list[MonthDay] = []
    odd: list[str] = []
    for text in days:
        match = _MONTH_DAY.fullmatch(text)
        pair = (int(match[1]), int(match[2])) if match else (0, 0)
        if in_calendar(pair):
            found.append(pair)
        else:
            odd.append(text)
    told = [days_text(set(found), words.language)] if found else []
    return ", ".join([*told, *odd]) or words("none")
