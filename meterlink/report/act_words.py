"""The words of the act: every label and sentence, in Russian (which an act has by default) and in English.

Both tables have the same keys. A key of several words, such as `result done`, is the word for a code of the body, or
for a phrase that programs write into records; one that has none is shown as it is, or where it stands. Sentences for
the warnings of a plan stand with those who give them (visit/caution.py), names of days and months with the schedules.
"""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from typing import Final

from meterlink.language import Language, Words
from meterlink.report.body.facts import NONE, NOT_READ, NOT_STATED
from meterlink.report.words import general, meter, parties, passport, proof, recorded, schedule, work

SUBJECTS: Final = (general, parties, meter, schedule, work, proof, passport, recorded)
TABLE: Final = Words(
    {
        Language.RU: ChainMap(*(dict(subject.RU) for subject in SUBJECTS)),
        Language.EN: ChainMap(*(dict(subject.EN) for subject in SUBJECTS)),
    }
)


@dataclass(frozen=True, slots=True)
class ActWords:
    """The table in one language."""

    language: Language

    def __call__(self, key: str, /, **facts: object) -> str:
        """The sentence of this key."""
        return TABLE(key, self.language, **facts)

    def knows(self, group: str, value: str) -> bool:
        """Whether there is a word for this code, or it is one of the values that are none."""
        return f"{group} {value}" in TABLE or value in _NOTHING

    def code(self, group: str, value: str) -> str:
        """The word for a code of the body, or for one of the values that are none; else the code itself."""
        key = f"{group} {value}"
        return self(key) if key in TABLE else self.value(value)

    def value(self, text: str) -> str:
        """A text of the body as it is, or the word for one of the values that are none."""
        return self(text) if text in _NOTHING else text


_NOTHING: Final = (NOT_STATED, NONE, NOT_READ)
