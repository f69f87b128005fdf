"""The words of the act: every label and sentence, in Russian (which an act has by default) and in English.

Both tables have the same keys. A key of several words, such as `result done`, is the word for a code of the body.
Phrases that programs write into records have their words beside: those of the house in `words/recorded.py`, those of a
family in its driver (`Driver.words`). What has no word is shown as it is, or where it stands. Sentences for warnings of
a plan stand with those who give them (visit/caution.py), names of days and months with the schedules.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from meterlink.language import Language, Words
from meterlink.report.body.facts import NONE, NOT_READ, NOT_STATED
from meterlink.report.words import general, meter, parties, passport, proof, recorded, schedule, work

Phrases = Mapping[Language, Mapping[str, str]]
"""Words for phrases that programs write into records, by language: keys of a kind and the phrase."""

NO_FAMILY: Final[Phrases] = MappingProxyType({})
"""Of a family that is not installed here."""

SUBJECTS: Final = (general, parties, meter, schedule, work, proof, passport)
TABLE: Final = Words(
    {
        Language.RU: ChainMap(*(dict(subject.RU) for subject in SUBJECTS)),
        Language.EN: ChainMap(*(dict(subject.EN) for subject in SUBJECTS)),
    }
)

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_ANY_NUMBER: Final = "#"
_SIGNS: Final = re.compile(r" \([A-Z0-9_]+(?:,? [A-Z0-9_]+)*\)$", re.ASCII)


@dataclass(frozen=True, slots=True)
class ActWords:
    """The tables in one language, with the words of the family whose meter it is about."""

    language: Language
    family: Phrases = field(default_factory=lambda: NO_FAMILY, hash=False)

    def __call__(self, key: str, /, **facts: object) -> str:
        """The sentence of this key."""
        return TABLE(key, self.language, **facts)

    def knows(self, group: str, value: str) -> bool:
        """Whether there is a word for this code or phrase, or it is one of the values that are none."""
        return self.word(group, value) is not None or value in _NOTHING

    def code(self, group: str, value: str) -> str:
        """The word for a code or phrase of the body, or for one of the values that are none; else the code itself."""
        word = self.word(group, value)
        return self.value(value) if word is None else word

    def value(self, text: str) -> str:
        """A text of the body as it is, or the word for one of the values that are none."""
        return self(text) if text in _NOTHING else text

    def word(self, group: str, value: str) -> str | None:
        """The word for a code or phrase, None where there is none."""
        key = f"{group} {value}"
        if key in TABLE and not TABLE.facts_of(key):
            return self(key)
        house, family = (phrases.get(self.language, {}) for phrases in (recorded.WORDS, self.family))
        return (
            house.get(key)
            or family.get(key)
            or _with_numbers(family, group, value)
            or _with_signs(family, group, value)
        )


def _with_numbers(family: Mapping[str, str], group: str, value: str) -> str | None:
    """The word for a phrase that is known with any number in it."""
    numbers = _NUMBER.findall(value)
    parts = family.get(f"{group} {_NUMBER.sub(_ANY_NUMBER, value)}", "").split(_ANY_NUMBER)
    if not numbers or len(parts) != len(numbers) + 1:
        return None
    return parts[0] + "".join(number + part for number, part in zip(numbers, parts[1:], strict=True))


def _with_signs(family: Mapping[str, str], group: str, value: str) -> str | None:
    """The word for a phrase with the maker's own signs behind it: names of parameters, codes, bytes."""
    signs = _SIGNS.search(value)
    if signs is None:
        return None
    phrase = value[: signs.start()]
    word = family.get(f"{group} {phrase}") or _with_numbers(family, group, phrase)
    return None if word is None else word + signs[0]


_NOTHING: Final = (NOT_STATED, NONE, NOT_READ)
