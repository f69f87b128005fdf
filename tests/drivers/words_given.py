"""Whether a family has a word for each phrase that it gives, and gives each phrase that it has a word for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from meterlink.driver import Driver
from meterlink.language import Language
from meterlink.profiles import Profile
from meterlink.report.act_words import ActWords

Given = Iterable[tuple[str, str]]
"""Kinds and phrases."""

_ASCII_WORD = re.compile(r"[A-Za-z]{2}")


def without_word(driver: Driver, given: Given) -> list[tuple[str, str]]:
    """Phrases that a Russian act could not tell; what has no English word in it needs none."""
    words = ActWords(Language.RU, driver.words)
    return [(kind, phrase) for kind, phrase in given if _ASCII_WORD.search(phrase) and not words.knows(kind, phrase)]


def never_given(driver: Driver, given: Given) -> list[str]:
    """Keys of the words that no phrase has, with its numbers or with # for them."""
    keys = {f"{kind} {phrase}" for kind, phrase in given}
    keys |= {f"{kind} {re.sub('[+-]?[0-9]+', '#', phrase)}" for kind, phrase in given}
    return [key for table in driver.words.values() for key in table if key not in keys]


def notes_of(profiles: Iterable[Profile], capabilities: Iterable[str]) -> set[str]:
    """Why models lack these capabilities, as an absent part gives the reason."""
    told = {support for profile in profiles for name in capabilities if (support := profile.supports.get(name))}
    return {support.note for support in told if support.note and not support.supported}


def not_russian(words: Mapping[Language, Mapping[str, str]]) -> list[str]:
    return [key for key, word in words[Language.RU].items() if not re.search("[А-Яа-яё]", word)]
