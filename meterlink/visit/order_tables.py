"""One table of a written order while it is read: bytes to a table, and checked values out of it.

Every error names the key and the order. Not here: which keys there are (`order_fields`) and what they mean together
(`order_form`).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeGuard, TypeVar

from meterlink.errors import OrderFormError
from meterlink.meant import aside
from meterlink.profiles.checks import looks_secret
from meterlink.visit.order_fields import BY_NAME
from meterlink.visit.order_template import COMMENT_KEY
from meterlink.visit.texts import fault_of, plain_text

E = TypeVar("E", bound=StrEnum)
V = TypeVar("V")

_MOST_SHOWN: Final = 40
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MONTH_DAY: Final = re.compile(r"([0-9]{2})-([0-9]{2})", re.ASCII)

_WHY: Final = {
    "syntax": "it is not {form}: {error}",
    "utf8": "it is not text in UTF-8",
    "deep": "its lists and tables stand too deep in one another",
    "twice": "the key {key!r} stands there twice",
    "no number": "{found} is no number of JSON",
    "no table": "it must be a table at the top",
    "missing": "it is missing; it must be {wanted}",
    "empty": "it is empty; it must be {wanted}",
    "wrong": "{found} is not {wanted}",
    "unknown": "the key is not known{meant}; known are {known}",
    "secret": "an order never holds a password",
    "number": "{found} stands there as a number, and a number loses its leading zeros: it must be text, in quotes",
    "option": "{found} is not known{meant}; known are {known}",
    "again": "{found} stands there twice",
}
_ADVICE: Final = {
    "syntax": "Texts stand in quotes, numbers with leading zeros too; `meterlink order new` prints a template.",
    "secret": 'Remove that line. Keep the password with `meterlink secret set REF`, and write password_ref = "REF".',
    "number": "Write it in quotes, with all its zeros, as on the plate or the paper.",
}
_WANTED: Final = {
    "text": "text in quotes",
    "date": "a date such as 2026-11-21",
    "month day": "a date without year such as 01-31",
    "list": "a list",
    "table": "a table",
    "tables": "a list of tables, at least one",
    "flag": "true or false",
    "whole": "a whole number from {lowest} to {highest}",
    "one of": "one of {words}",
}


# --- bytes to tables ------------------------------------------------------------------------------------------------


def parse_table(raw: bytes, form: str, order: str, where: str) -> dict[str, Any]:
    """The table in these bytes."""

    def refuse(why: str, advice: str = "", **facts: object) -> NoReturn:
        told = _ADVICE[advice] if advice else ""
        raise OrderFormError(order=order, where=where, why=_WHY[why].format(**facts), advice=told) from None

    def pairs(found: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for key, value in found:
            if key in table:
                refuse("twice", key=key[:_MOST_SHOWN])
            table[key] = value
        return table

    try:
        text = raw.decode("utf-8-sig")
        if form == "toml":
            return tomllib.loads(text)
        table = json.loads(text, object_pairs_hook=pairs, parse_constant=lambda found: refuse("no number", found=found))
    except UnicodeDecodeError:
        refuse("utf8")
    except RecursionError:
        refuse("deep")
    except ValueError as error:
        refuse("syntax", "syntax", form=form.upper(), error=error)
    if not isinstance(table, dict):
        refuse("no table")
    return table


# --- one table ------------------------------------------------------------------------------------------------------


class TableReader:
    """One table while it is read: gives checked values, names the place of what is wrong."""

    def __init__(self, values: Mapping[str, Any], known: Sequence[str], place: str, order: str, form: str) -> None:
        self.values = {key: value for key, value in values.items() if form != "json" or key != COMMENT_KEY}
        self.place = place
        self.order = order
        self.form = form
        self._refuse_unknown(known)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def wrong(self, key: str, why: str, advice: str = "", **facts: object) -> OrderFormError:
        """The error of a key of this table, for one of the reasons of this module."""
        return self.error(key, _WHY[why].format(**facts), _ADVICE[advice] if advice else "")

    def error(self, key: str, why: str, advice: str = "") -> OrderFormError:
        return OrderFormError(order=self.order, where=self.where(key), why=why, advice=advice)

    def where(self, key: str) -> str:
        return ".".join(filter(None, (self.place, key)))

    def _refuse_unknown(self, known: Sequence[str]) -> None:
        for key in self.values:
            if key in known:
                continue
            if looks_secret(key):
                raise self.wrong(shown_key(key), "secret", "secret")
            meant = aside(key, known)
            raise self.wrong(shown_key(key), "unknown", meant=meant, known=", ".join(known))

    # single values

    def text(self, key: str) -> str:
        return self._needed(key, "text", self._text)

    def optional_text(self, key: str) -> str | None:
        return self._text(key, self.values[key]) if key in self else None

    def optional_texts(self, *keys: str) -> dict[str, str | None]:
        return {key: self.optional_text(key) for key in keys}

    def day(self, key: str) -> date:
        return self._needed(key, "date", self._day)

    def optional_day(self, key: str) -> date | None:
        return self._day(key, self.values[key]) if key in self else None

    def whole(self, key: str, lowest: int, highest: int) -> int | None:
        if key not in self:
            return None
        value = self.values[key]
        if _is_whole(value) and lowest <= value <= highest:
            return value
        raise self._not(key, value, _WANTED["whole"].format(lowest=lowest, highest=highest))

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self._not(key, value, _WANTED["flag"])
        return value

    def option(self, key: str, kind: type[E]) -> E:
        if self.values.get(key, "") == "":
            raise self.wrong(key, "empty" if key in self else "missing", wanted=one_of_words(kind))
        return self.one_of(key, self.values[key], kind)

    def one_of(self, key: str, value: object, kind: type[E]) -> E:
        known = [each.value for each in kind]
        if not isinstance(value, str):
            raise self._not(key, value, one_of_words(known))
        if value not in known:
            facts = {"found": shown(value), "meant": aside(value, known), "known": ", ".join(known)}
            raise self.wrong(key, "option", **facts)
        return kind(value)

    def list_of(self, key: str, each: Callable[[str, object], V]) -> tuple[V, ...]:
        """A list whose members are all different."""
        values = self.values[key]
        if not isinstance(values, list):
            raise self._not(key, values, _WANTED["list"])
        found: list[V] = []
        for value in values:
            one = each(key, value)
            if one in found:
                raise self.wrong(key, "again", found=shown(value))
            found.append(one)
        return tuple(found)

    def month_day(self, key: str, value: object) -> tuple[int, int]:
        match = _MONTH_DAY.fullmatch(value) if isinstance(value, str) else None
        try:
            if match is not None:
                day = date(2000, int(match[1]), int(match[2]))
                return day.month, day.day
        except ValueError:
            pass
        raise self._not(key, value, _WANTED["month day"])

    def _needed(self, key: str, wanted: str, read: Callable[[str, object], V]) -> V:
        if key not in self:
            raise self.wrong(key, "missing", wanted=_WANTED[wanted])
        if self.values[key] == "":
            raise self.wrong(key, "empty", wanted=_WANTED[wanted])
        return read(key, self.values[key])

    def _text(self, key: str, value: object) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise self.wrong(key, "number", "number", found=shown(value))
        if not isinstance(value, str):
            raise self._not(key, value, _WANTED["text"])
        text = plain_text(value)
        if not text:
            raise self.wrong(key, "empty", wanted=_WANTED["text"])
        fault = fault_of(text)
        if fault is not None:
            raise self.error(key, fault)
        return text

    def _day(self, key: str, value: object) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            if isinstance(value, str) and _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise self._not(key, value, _WANTED["date"])

    def _not(self, key: str, value: object, wanted: str) -> OrderFormError:
        return self.wrong(key, "wrong", found=shown(value), wanted=wanted)

    # tables

    def inner(self, key: str, known: Sequence[str] | None = None) -> TableReader:
        """A table of the order."""
        value = self.values.get(key)
        if not isinstance(value, dict):
            why = "wrong" if key in self else "missing"
            raise self.wrong(key, why, found=shown(value), wanted=_WANTED["table"])
        return TableReader(value, BY_NAME[key].keys if known is None else known, key, self.order, self.form)

    def several(self, key: str) -> list[TableReader]:
        """Tables of the order that may stand there more than once."""
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self._not(key, values, _WANTED["tables"])
        table = BY_NAME[key]
        if table.required and not values:
            raise self.wrong(key, "missing", wanted=_WANTED["tables"])
        return [
            TableReader(value, table.keys, f"{key}[{n}]", self.order, self.form) for n, value in enumerate(values, 1)
        ]


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def one_of_words(words: Iterable[str]) -> str:
    return _WANTED["one of"].format(words=", ".join(words))


def shown(value: object) -> str:
    """What was found, short enough for a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    try:
        shown = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # Python writes out no number of thousands of digits
        return "a number"
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}..."


def not_wanted(found: object, wanted: str) -> str:
    """Why what was found will not do."""
    return _WHY["wrong"].format(found=found, wanted=wanted)


def shown_key(key: str) -> str:
    return key if key.isidentifier() and len(key) <= _MOST_SHOWN else shown(key)
