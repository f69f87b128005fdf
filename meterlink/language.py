"""The languages that sentences for people are written in, and the one place where a table of them is chosen.

Each module that speaks keeps its sentences in one `Words`: a table for each language with the same keys and the same
facts in each sentence; documents of `--json` and records of the log are always English.

A sentence names its facts in braces: `{count} {count:tariff|tariffs} in force`. Forms after the colon are picked by the
number: two in English, three in Russian (1 тариф, 2 тарифа, 5 тарифов).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from string import Formatter
from types import MappingProxyType
from typing import Any, Final


class Language(StrEnum):
    """By the codes that `--lang` takes."""

    EN = "en"
    RU = "ru"


_FORMS: Final = {Language.EN: 2, Language.RU: 3}
_BETWEEN_FORMS: Final = "|"

_KEYS_DIFFER = "the table of {language} lacks or adds the keys {keys}"
_FACTS_DIFFER = "{key!r} does not tell the same facts in every language: {facts}"
_FORMS_DIFFER = "{key!r} must give {count} forms in {language}, not {spec!r}"
_NO_TABLE = "there is no table of {language}"


def plural_en(count: int, one: str, many: str) -> str:
    """`1 tariff`, `2 tariffs`: the word that stands behind this number."""
    return one if abs(count) == 1 else many


def plural_ru(count: int, one: str, few: str, many: str) -> str:
    """`1 тариф`, `2 тарифа`, `5 тарифов`, `11 тарифов`, `21 тариф`: the word that stands behind this number."""
    ones, teens = abs(count) % 10, abs(count) % 100 // 10 == 1
    if ones == 1 and not teens:
        return one
    return few if ones in (2, 3, 4) and not teens else many


def plural(count: int, language: Language, forms: tuple[str, ...]) -> str:
    """The form that stands behind this number: of two in English, of three in Russian."""
    return plural_ru(count, *forms) if language is Language.RU else plural_en(count, *forms)


class Words:
    """The sentences of one module. A table that lacks a key, a fact or a form of another is refused when it is made."""

    def __init__(self, tables: Mapping[Language, Mapping[str, str]]) -> None:
        self._tables = MappingProxyType({language: MappingProxyType(dict(table)) for language, table in tables.items()})
        self._facts = MappingProxyType(_checked(self._tables))
        self._formatters = {language: _Speller(language) for language in Language}

    def __call__(self, key: str, language: Language = Language.EN, /, **facts: object) -> str:
        """The sentence of this key with its facts; facts that it does not name are left out."""
        return self._formatters[language].vformat(self._tables[language][key], (), facts)

    def __contains__(self, key: object) -> bool:
        return key in self._facts

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def facts_of(self, key: str) -> frozenset[str]:
        """The names of the facts without which the sentence cannot be told."""
        return self._facts[key]


class _Speller(Formatter):
    """Fills in a sentence; picks forms by number."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if _BETWEEN_FORMS not in format_spec:
            return str(super().format_field(value, format_spec))
        return plural(int(value), self._language, tuple(format_spec.split(_BETWEEN_FORMS)))


def _checked(tables: Mapping[Language, Mapping[str, str]]) -> dict[str, frozenset[str]]:
    """The facts by key, which every language shares."""
    for language in Language:
        if language not in tables:
            raise ValueError(_NO_TABLE.format(language=language))
        stray = set(tables[language]) ^ set(tables[Language.EN])
        if stray:
            raise ValueError(_KEYS_DIFFER.format(language=language, keys=", ".join(sorted(stray))))
    return {key: _shared_facts(key, tables) for key in tables[Language.EN]}


def _shared_facts(key: str, tables: Mapping[Language, Mapping[str, str]]) -> frozenset[str]:
    facts = {language: _facts_in(key, language, tables[language][key]) for language in Language}
    if len(set(facts.values())) > 1:
        told = "; ".join(f"{language}: {', '.join(sorted(names))}" for language, names in facts.items())
        raise ValueError(_FACTS_DIFFER.format(key=key, facts=told))
    return facts[Language.EN]


def _facts_in(key: str, language: Language, sentence: str) -> frozenset[str]:
    names: set[str] = set()
    for _, name, spec, _ in Formatter().parse(sentence):
        if name is None:
            continue
        names.add(name)
        if spec and _BETWEEN_FORMS in spec and spec.count(_BETWEEN_FORMS) + 1 != _FORMS[language]:
            raise ValueError(_FORMS_DIFFER.format(key=key, count=_FORMS[language], language=language, spec=spec))
    return frozenset(names)
