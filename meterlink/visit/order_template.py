"""A new order to fill in: every key with its meaning in Russian and English, in TOML or JSON.

What must be filled in stands empty, so that nobody carries out an order of examples; with `example` every needed key
has a value, and the whole is an order for the simulated meter of `sim:mercury-200.02`.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from meterlink.visit.order_fields import SAMPLE_DAY, TABLES, Field, Sample, Table

COMMENT_KEY: Final = "//"
"""JSON has no comments; this key is read over in every table of a JSON order."""

_HEAD: Final = (
    "Наряд для meterlink. Заполните пустые значения; строки, начинающиеся с #, необязательны: docs/orders.md",
    "Order for meterlink. Fill in what is empty; lines that begin with # need not be there: docs/orders.md",
)
_EXAMPLE_HEAD: Final = (
    "Пример наряда для модели счётчика sim:mercury-200.02",
    "Example of an order, for the simulated meter sim:mercury-200.02",
)
_BOTH: Final = "{russian} / {english}"
_WIDTH: Final = 118
_KEY: Final = "{key}: {words}"


def order_template(form: str, today: date, *, example: bool = False) -> str:
    """The text of a new order, dated `today`."""
    return _as_json(today, example) if form == "json" else "\n".join(_as_toml(today, example)) + "\n"


def _as_toml(today: date, example: bool) -> Iterator[str]:
    yield from (f"# {text}" for text in (_EXAMPLE_HEAD if example else _HEAD))
    for table in TABLES:
        there = table.required or (example and table.exemplary)
        if example and not there:
            continue
        yield ""
        if table.name:
            yield from _comment(table)
            brackets = ("[[", "]]") if table.several else ("[", "]")
            yield _unless(there, f"{brackets[0]}{table.name}{brackets[1]}")
        for one in table.fields:
            given = one.required or (example and one.exemplary)
            if example and not given:
                continue
            if not example or not table.name:
                yield from _comment(one)
            yield _unless(there and given, f"{one.key} = {_toml_value(_value(one, today, example, there and given))}")


def _unless(there: bool, text: str) -> str:
    return text if there else f"#{text}"


def _comment(what: Table | Field) -> Iterator[str]:
    """The words on one line where they fit, else those of each language by themselves."""
    whole = _words(what)
    for text in (whole,) if len(whole) <= _WIDTH else (what.russian, what.english):
        yield from (f"# {line}" for line in textwrap.wrap(text, _WIDTH))


def _words(what: Table | Field) -> str:
    return _BOTH.format(russian=what.russian, english=what.english)


def _value(one: Field, today: date, example: bool, given: bool) -> Sample:
    """The sample with its dates moved to today; in a template to fill in, nothing where something must stand."""
    sample = one.sample
    if isinstance(sample, date):
        sample += today - SAMPLE_DAY
    if example or not given or one.key == "order_date":
        return sample
    return [] if isinstance(sample, list) else ""


def _toml_value(value: Sample) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml_value(each)}" for key, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)  # texts, numbers, flags and lists look alike in both forms


def _as_json(today: date, example: bool) -> str:
    whole: dict[str, Any] = {}
    for table in TABLES:
        there = table.required or (example and table.exemplary)
        values = _json_table(table, today, example)
        if not table.name:
            whole |= values
        elif there:
            whole[table.name] = [values] if table.several else values
        elif not example:
            whole[COMMENT_KEY] += [_KEY.format(key=table.name, words=_words(table))]
            whole[COMMENT_KEY] += [f"{table.name}.{line}" for line in values.get(COMMENT_KEY, [])]
    return json.dumps(whole, ensure_ascii=False, indent=2, default=str) + "\n"


def _json_table(table: Table, today: date, example: bool) -> dict[str, Any]:
    head = [] if table.name else list(_EXAMPLE_HEAD if example else _HEAD)
    told = [] if example else [_KEY.format(key=one.key, words=_words(one)) for one in table.fields]
    values = {
        one.key: _value(one, today, example, one.required)
        for one in table.fields
        if one.required or (example and one.exemplary)
    }
    comment: dict[str, Any] = {COMMENT_KEY: [*head, *told]} if head or told else {}
    return comment | values
