"""The form of a visit as a TOML file, for scripts: what people at the meter would otherwise be asked.

presence = "absent"                     # present, absent, refused, not-stated
representative = "..."                  # a personal datum
seal_reason = "the terminals of the interface are under the cover"
remarks = ["..."]

[[seals_found]]                         # the same keys in seals_removed and seals_installed, without state
number = "00417725"
place = "terminal cover"
state = "whole"                         # whole, damaged, missing, not-stated

A seal of the verifier or the maker in seals_removed also needs `number_again`, its number once more.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from meterlink.errors import FormError
from meterlink.language import Language
from meterlink.meant import did_you_mean
from meterlink.visit.form import Form, Presence, SealFound, SealState, seals_seen
from meterlink.visit.order import Seal
from meterlink.visit.seal_rules import (
    SealRule,
    broken_found,
    broken_installed,
    broken_removed,
    broken_words,
    is_of_verifier_or_maker,
    same_number,
    seal_of,
)
from meterlink.visit.texts import fault_of, plain_text

_KEYS: Final = (
    "presence",
    "representative",
    "seal_reason",
    "remarks",
    "seals_found",
    "seals_removed",
    "seals_installed",
)
_SEAL_KEYS: Final = ("number", "place", "kind", "owner")
_AGAIN: Final = "number_again"
_MORE_KEYS: Final[Mapping[str, tuple[str, ...]]] = {"seals_found": ("state",), "seals_removed": (_AGAIN,)}
_WHY: Final = {
    "toml": "it is not TOML: {error}",
    "key": "the key {key!r} is not known; {meant}known are {known}",
    "text": "{key} must be text in quotes",
    "fault": "{key}: {fault}",
    "list": "{key} must be a list of {what}",
    "word": "{key} is {found!r}, and must be one of {known}",
    "missing": "a seal of {table} has no {key}",
    "seal": "{key}: {rule}",
    "not ours": "{key}: {rule}; if it is off all the same, give its number once more as number_again",
}
_line_in_message: Final = re.compile(r"\(at line ([0-9]+)").search


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """A key of the file, or a key of the table of this number in a list of tables."""

    key: str
    table: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """The file as it was written: it knows in which line something stands."""

    setting: str
    lines: Sequence[str]

    def refuse(self, where: _Where, why: str, **facts: object) -> NoReturn:
        told = _WHY[why].format(key=where.key, table=where.table, **facts)
        raise FormError(setting=self.setting, why=told, key=where.key, line=self._line_of(where))

    def _line_of(self, where: _Where) -> int:
        """From 1. Of what is written in one line as `{...}`, or is not there, the line of what should hold it."""
        if where.table is None:
            return self._first(rf'\s*["\']?{re.escape(where.key)}["\']?\s*=') or 1
        heads = [i for i, line in enumerate(self.lines, 1) if re.match(rf"\s*\[\[\s*{where.table}\s*\]\]", line)]
        if where.number >= len(heads):
            return self._line_of(_Where(key=where.table))
        head = heads[where.number]
        return self._first(rf'\s*["\']?{re.escape(where.key)}["\']?\s*=', head) or head

    def _first(self, pattern: str, above: int = 0) -> int | None:
        """The first line that fits, behind the line `above` and before the next table."""
        for i, line in enumerate(self.lines[above:], above + 1):
            if re.match(pattern, line):
                return i
            if line.lstrip().startswith("["):
                break
        return None


def read_form(raw: bytes, setting: str, expected: Sequence[Seal]) -> Form:
    """The form of a file; FormError names key and line of what is wrong. `expected` are the seals of the order."""
    table, file = _parsed(raw, setting)
    _check_keys(file, table, _KEYS)
    found = [
        SealFound(seal=_seal(file, each, "seals_found", i), state=_state(file, each, i))
        for i, each in enumerate(_tables(file, table, "seals_found"))
    ]
    form = Form(
        seals_found=tuple(found),
        seals_removed=_seals(file, table, "seals_removed"),
        seals_installed=_seals(file, table, "seals_installed"),
        seal_reason=_text(file, table, _Where(key="seal_reason")),
        presence=Presence(_word(file, table, _Where(key="presence"), tuple(Presence)) or Presence.NOT_STATED),
        representative=_text(file, table, _Where(key="representative")),
        remarks=_remarks(file, table),
    )
    _check_seals(file, form)
    _check_owners(file, table, form, expected)
    return form


def _parsed(raw: bytes, setting: str) -> tuple[Mapping[str, Any], _File]:
    try:
        text = raw.decode("utf-8")
        return tomllib.loads(text), _File(setting=setting, lines=text.splitlines())
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FormError(setting=setting, why=_WHY["toml"].format(error=error.reason), key="", line=line) from None
    except tomllib.TOMLDecodeError as error:
        told = _line_in_message(str(error))
        line = int(told[1]) if told else max(1, len(text.splitlines()))
        raise FormError(setting=setting, why=_WHY["toml"].format(error=error), key="", line=line) from None


def _remarks(file: _File, table: Mapping[str, Any]) -> tuple[str, ...]:
    remarks = table.get("remarks", [])
    if not isinstance(remarks, list) or not all(isinstance(each, str) for each in remarks):
        file.refuse(_Where(key="remarks"), "list", what="texts")
    return tuple(filter(None, (_plain(file, each, _Where(key="remarks")) for each in remarks)))


def _seals(file: _File, table: Mapping[str, Any], key: str) -> tuple[Seal, ...]:
    return tuple(_seal(file, each, key, i) for i, each in enumerate(_tables(file, table, key)))


def _state(file: _File, table: Mapping[str, Any], number: int) -> SealState:
    where = _Where(key="state", table="seals_found", number=number)
    return SealState(_word(file, table, where, tuple(SealState)) or SealState.NOT_STATED)


def _seal(file: _File, table: Mapping[str, Any], key: str, number: int) -> Seal:
    _check_keys(file, table, (*_SEAL_KEYS, *_MORE_KEYS.get(key, ())), key, number)
    texts = {part: _text(file, table, _Where(key=part, table=key, number=number)) or "" for part in _SEAL_KEYS}
    for part in ("number", "place"):
        if not texts[part]:
            file.refuse(_Where(key=part, table=key, number=number), "missing")
    return Seal(number=texts["number"], place=texts["place"], kind=texts["kind"] or None, owner=texts["owner"] or None)


def _tables(file: _File, table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    tables = table.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        file.refuse(_Where(key=key), "list", what="tables")
    return tables


def _text(file: _File, table: Mapping[str, Any], where: _Where) -> str | None:
    value = table.get(where.key)
    if value is None:
        return None
    if not isinstance(value, str):
        file.refuse(where, "text")
    return _plain(file, value, where) or None


def _plain(file: _File, value: str, where: _Where) -> str:
    text = plain_text(value)
    fault = fault_of(text)
    if fault is not None:
        file.refuse(where, "fault", fault=fault)
    return text


def _word(file: _File, table: Mapping[str, Any], where: _Where, known: tuple[str, ...]) -> str | None:
    value = _text(file, table, where)
    if value is not None and value not in known:
        file.refuse(where, "word", found=value, known=", ".join(known))
    return value


def _check_keys(
    file: _File, table: Mapping[str, Any], known: tuple[str, ...], name: str | None = None, number: int = 0
) -> None:
    for key in table:
        if key not in known:
            question = did_you_mean(key, known)
            meant = f"{question} " if question else ""
            file.refuse(_Where(key=key, table=name, number=number), "key", meant=meant, known=", ".join(known))


# --- the seals against each other -----------------------------------------------------------------------------------


def _check_seals(file: _File, form: Form) -> None:
    found, removed, installed = form.seals_found, form.seals_removed, form.seals_installed
    old = seals_seen(form)
    _check_each(file, "seals_found", [each.seal for each in found], lambda n, i: broken_found(n, found[:i]))
    _check_each(file, "seals_removed", removed, lambda n, i: broken_removed(n, found, removed[:i]))
    _check_each(file, "seals_installed", installed, lambda n, i: broken_installed(n, old, installed[:i]))


def _check_each(file: _File, table: str, seals: Iterable[Seal], judge: Callable[[str, int], SealRule | None]) -> None:
    for i, seal in enumerate(seals):
        rule = judge(seal.number, i)
        if rule is not None:
            _refuse_seal(file, table, i, rule, seal)


def _check_owners(file: _File, table: Mapping[str, Any], form: Form, expected: Sequence[Seal]) -> None:
    """A seal is the verifier's or the maker's by what the form says, here or where it was found, or by the order."""
    for i, (seal, told) in enumerate(zip(form.seals_removed, _tables(file, table, "seals_removed"), strict=True)):
        again = _text(file, told, _Where(key=_AGAIN, table="seals_removed", number=i)) or ""
        known = (seal, seal_of(seal.number, (each.seal for each in form.seals_found)), seal_of(seal.number, expected))
        forbidden = any(each is not None and is_of_verifier_or_maker(each) for each in known)
        if forbidden and not same_number(again, seal.number):
            _refuse_seal(file, "seals_removed", i, SealRule.NOT_OURS, seal)


def _refuse_seal(file: _File, table: str, number: int, rule: SealRule, seal: Seal) -> NoReturn:
    where = _Where(key="number", table=table, number=number)
    words = broken_words(rule, seal.number, Language.EN)
    file.refuse(where, "not ours" if rule is SealRule.NOT_OURS else "seal", rule=words)
