"""Words that several commands need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from meterlink.profiles.problems import did_you_mean

_MEANT: Final = " ({question})"


def meant(word: str, known: Iterable[str]) -> str:
    """` (did you mean X?)`, to stand behind a word that nobody knows; nothing when none is near."""
    question = did_you_mean(word, known)
    return _MEANT.format(question=question) if question else ""
