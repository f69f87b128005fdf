"""The guess at what was meant by a word that nobody knows, and the question that asks it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_QUESTION: Final = "did you mean {meant}?"
_ASIDE: Final = " ({question})"


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` is most probably a slip of; None when none is near."""
    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The question `did you mean X?`, or nothing when no known word is near."""
    meant = closest(word, known)
    return _QUESTION.format(meant=meant) if meant else ""


def aside(word: str, known: Iterable[str]) -> str:
    """` (did you mean X?)`, to stand behind what is said of the word; nothing when none is near."""
    question = did_you_mean(word, known)
    return _ASIDE.format(question=question) if question else ""


def suggestion(word: str, known: Iterable[str]) -> str:
    """`Did you mean X?`, a sentence for a hint; nothing when none is near."""
    question = did_you_mean(word, known)
    return question[:1].upper() + question[1:]
