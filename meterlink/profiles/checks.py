"""Checks of single values: each takes what TOML gave and returns what a profile holds, or says in words what is wrong.

A check is put into the metadata of the dataclass field it belongs to (`field(metadata=whole(1, 8))`), so that name,
type, range and default of a key are said once. A check raises ValueError; its text continues the sentence `key: ...`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TypeGuard

from meterlink.meant import did_you_mean
from meterlink.wire.line import Line

Check = Callable[[object], object]
FactValue = str | int

_MUST_BE = "is {value!r}, must be {wanted}"
_ONE_OF = "one of {options}"
_WHOLE = "a whole number from {lowest} to {highest}"
_NUMBER = "a number from {lowest} to {highest}"
_FLAG = "true or false"
_TEXT = "a text that is not empty"
_TEXTS = "a list of texts that are not empty"
_NAMES = "a list with at least one text"
_SLUG = "small letters, digits and {marks}, beginning with a letter"
_FACT = "a text, a whole number, or a list of them"

_SECRET = re.compile(r"passw|passphr|secret|credential|парол|(^|[_-])(pwd|psw|pin)($|[_-])", re.IGNORECASE)


def looks_secret(key: str) -> bool:
    """Whether a key has a name under which people keep passwords."""
    return _SECRET.search(key) is not None


def _metadata(check: Check) -> Mapping[str, Check]:
    return {"check": check}


def _wrong(value: object, wanted: str) -> ValueError:
    return ValueError(_MUST_BE.format(value=value, wanted=wanted))


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)  # for Python true is the number 1


def _is_number(value: object) -> TypeGuard[int | float]:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip())


def _is_fact(value: object) -> TypeGuard[FactValue]:
    return _is_text(value) or _is_whole(value)


def whole(lowest: int, highest: int) -> Mapping[str, Check]:
    """A whole number within bounds."""

    def check(value: object) -> int:
        if _is_whole(value) and lowest <= value <= highest:
            return value
        raise _wrong(value, _WHOLE.format(lowest=lowest, highest=highest))

    return _metadata(check)


def number(lowest: float, highest: float) -> Mapping[str, Check]:
    """A number within bounds, for times; never for energy or money."""

    def check(value: object) -> float:
        if _is_number(value) and lowest <= value <= highest:
            return float(value)
        raise _wrong(value, _NUMBER.format(lowest=lowest, highest=highest))

    return _metadata(check)


def decimal(lowest: int, highest: int) -> Mapping[str, Check]:
    """A number within bounds that keeps its decimal digits."""

    def check(value: object) -> Decimal:
        if _is_number(value) and lowest <= value <= highest:
            return Decimal(str(value))
        raise _wrong(value, _NUMBER.format(lowest=lowest, highest=highest))

    return _metadata(check)


def slug(marks: str) -> Mapping[str, Check]:
    """A name for machines: a model id, a family id."""
    pattern = re.compile(f"[a-z][a-z0-9{re.escape(marks)}]*")

    def check(value: object) -> str:
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        raise _wrong(value, _SLUG.format(marks=" ".join(marks)))

    return _metadata(check)


def one_of(kind: type[StrEnum]) -> Mapping[str, Check]:
    """A word of an enumeration."""

    def check(value: object) -> StrEnum:
        options = [member.value for member in kind]
        if isinstance(value, str) and value in options:
            return kind(value)
        meant = did_you_mean(value, options) if isinstance(value, str) else ""
        raise ValueError(", ".join(filter(None, [str(_wrong(value, _one_of(options))), meant])))

    return _metadata(check)


def _one_of(options: list[str]) -> str:
    return _ONE_OF.format(options=", ".join(options))


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _wrong(value, _FLAG)


def _text(value: object) -> str:
    if _is_text(value):
        return value
    raise _wrong(value, _TEXT)


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(map(_is_text, value)):
        return tuple(value)
    raise _wrong(value, _TEXTS)


def _names(value: object) -> tuple[str, ...]:
    if value == []:
        raise _wrong(value, _NAMES)
    return _texts(value)


def _text_or_none(value: object) -> str | None:
    text = _text(value)
    return None if text == "none" else text


def _line_format(value: object) -> str:
    text = _text(value)
    return Line.parse(9600, text).form  # its ValueError says what is wrong


def fact_values(value: object) -> tuple[FactValue, ...]:
    """The values a `[match]` key permits: one, or a list of them."""
    values = value if isinstance(value, list) and value else [value]
    if all(map(_is_fact, values)):
        return tuple(values)
    raise _wrong(value, _FACT)


def frozen(value: object) -> object:
    """A value of a driver's own table, unchangeable: lists become tuples, tables read-only mappings."""
    if isinstance(value, list):
        return tuple(map(frozen, value))
    if isinstance(value, dict):
        return MappingProxyType({key: frozen(inner) for key, inner in value.items()})
    return value


FLAG = _metadata(_flag)
TEXT = _metadata(_text)
TEXTS = _metadata(_texts)
NAMES = _metadata(_names)
TEXT_OR_NONE = _metadata(_text_or_none)
LINE_FORMAT = _metadata(_line_format)
