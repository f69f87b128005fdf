"""Whether a family has a word for each phrase that it gives, and gives each phrase that it has a word for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from meterlink.driver import Driver
from meterlink.language import Language
from meterlink.model import Absent
from meterlink.profiles import Profile
from meterlink.report.act_words import ActWords
from meterlink.visit.snapshot import Snapshot

Given = Iterable[tuple[str, str]]
"""Kinds and phrases."""

_ASCII_WORD = re.compile(r"[A-Za-z]{2}")
_NUMBER = re.compile("[+-]?[0-9]+")
_SIGNS = re.compile(r" \([A-Z0-9_, ]+\)$")
_BRACKET = re.compile(r" \(.*\)$")
_JOURNAL = "journal "


def phrases_of(state: Snapshot) -> Iterator[tuple[str, str]]:
    """What a family said of one state: each phrase that an act may have to tell."""
    yield "family", state.identity.family
    yield from chain.from_iterable(_absent(each, "part") for each in (*state.absent, *state.energy.absent))
    if state.tariffs is not None:
        yield from chain.from_iterable(_absent(each, "part") for each in state.tariffs.absent)
    if state.status is not None:
        yield from chain.from_iterable(_absent(each, "status name") for each in state.status.absent)
        for value in state.status.values:
            yield "status name", value.name
            yield "status unit", value.unit
            yield from (("told", part) for part in value.value.split(", "))
    for journal in state.journals:
        yield "journal", journal.journal
        for event in journal.events:
            yield from (("event", part) for part in _BRACKET.sub("", event.event).split(", "))
    if state.dst is not None:
        yield from (("dst date", day) for day in (state.dst.begins, state.dst.ends) if day is not None)


def _absent(each: Absent, kind: str) -> Iterator[tuple[str, str]]:
    is_journal = each.what.startswith(_JOURNAL)
    yield ("journal", each.what.removeprefix(_JOURNAL)) if is_journal else (kind, each.what)
    yield "reason", each.reason


def without_word(driver: Driver, given: Given) -> list[tuple[str, str]]:
    """Phrases that a Russian act could not tell; what has no English word in it needs none."""
    words = ActWords(Language.RU, driver.words)
    return [(kind, phrase) for kind, phrase in given if _ASCII_WORD.search(phrase) and not words.knows(kind, phrase)]


def never_given(driver: Driver, given: Given) -> list[str]:
    """Keys of the words that no phrase has, with its numbers or with # for them, and without the maker's signs."""
    whole = {f"{kind} {phrase}" for kind, phrase in given}
    keys = whole | {_SIGNS.sub("", key) for key in whole}
    keys |= {_NUMBER.sub("#", key) for key in keys}
    return [key for table in driver.words.values() for key in table if key not in keys]


def notes_of(profiles: Iterable[Profile], capabilities: Iterable[str]) -> set[str]:
    """Why models lack these capabilities, as an absent part gives the reason."""
    told = {support for profile in profiles for name in capabilities if (support := profile.supports.get(name))}
    return {support.note for support in told if support.note and not support.supported}


def not_russian(words: Mapping[Language, Mapping[str, str]]) -> list[str]:
    return [key for key, word in words[Language.RU].items() if not re.search("[А-Яа-яё]", word)]
