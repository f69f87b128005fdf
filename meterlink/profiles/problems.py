"""What is wrong in a profile, as a value; and the guess at what was meant. Knows no key and no file format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from meterlink.errors import ProfileError

_MEANT = "did you mean {meant}?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One wrong place of one file, ready to be printed as `file: key: what is wrong`."""

    file: str
    key: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.why}"

    def error(self) -> ProfileError:
        return ProfileError(file=self.file, key=self.key, why=self.why)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` is most probably a slip of; None when none is near."""
    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The question `did you mean X?`, or nothing when no known word is near."""
    meant = closest(word, known)
    return _MEANT.format(meant=meant) if meant else ""


def suggestion(word: str, known: Iterable[str]) -> str:
    """The same as a sentence that stands before a hint: `Did you mean X? `, or nothing."""
    question = did_you_mean(word, known)
    return f"{question[0].upper()}{question[1:]} " if question else ""
