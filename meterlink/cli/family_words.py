"""The words that a family brings, for what is told of its meters: on the act, and to the person at the meter."""

from __future__ import annotations

from meterlink.errors import DriverError, UnknownFamilyError
from meterlink.language import Language
from meterlink.registry import load_driver
from meterlink.report.act_words import NO_FAMILY, Phrases


def words_of(family: str) -> Phrases:
    """Of the family that a log or a profile names; none where it is not installed here."""
    try:
        return load_driver(family).words
    except (UnknownFamilyError, DriverError):
        return NO_FAMILY


def reason_words(name: str, fact: str, family: str, language: Language) -> str:
    """A fact of a warning; where it is the reason that a profile gives, in the words of the family."""
    phrases = words_of(family).get(language, {}) if name in ("reason", "why") else {}
    return phrases.get(f"reason {fact}", fact)


def prompt_words(prompt: str, family: str, language: Language) -> str:
    """What has to be done at the meter; as the profile has it where the family has no words for it."""
    return words_of(family).get(language, {}).get(f"prompt {prompt}", prompt)
