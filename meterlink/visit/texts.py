"""Texts that people wrote for a visit, in an order or a form or at a question: one form, and what none may hold.

Letters that a keyboard puts together of two signs become one (NFC), so that equal texts are equal in the log and on
paper; what acts on a terminal instead of being shown stands in no text.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from meterlink.language import Language, Words

_MOST_CHARACTERS: Final = 500
_UNPRINTABLE: Final = frozenset({"Cc", "Cs"})
_WORDS: Final = Words(
    {
        Language.EN: {
            "control": "it holds a character that cannot be printed",
            "long": "it has {count} characters, and at most {most} are taken",
        },
        Language.RU: {
            "control": "в тексте есть непечатаемый знак",
            "long": "знаков в тексте {count}, а может быть не больше {most}",
        },
    }
)


def plain_text(text: str) -> str:
    """The text in its one form."""
    return unicodedata.normalize("NFC", text.strip())


def fault_of(text: str, language: Language = Language.EN) -> str | None:
    """What is wrong with a text in its one form, in words."""
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        return _WORDS("control", language)
    if len(text) > _MOST_CHARACTERS:
        return _WORDS("long", language, count=len(text), most=_MOST_CHARACTERS)
    return None
