"""What answers about seals cannot be, whether they were typed or stand in a form: values in, the broken rule out.

A number is that of one seal; a seal that was taken off is spent, so one that was found or removed is not put on again;
what is missing cannot be removed; and whoever reprograms a meter never removes the seals of its verifier or its maker.
Whose a seal is stands in free text, so the words of the trade are looked for: one too many costs a second answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from meterlink.language import Language, Words
from meterlink.visit.form import SealFound, SealState
from meterlink.visit.order import Seal
from meterlink.visit.texts import plain_text


class SealRule(StrEnum):
    """A rule that an answer breaks."""

    NO_PLACE = "no place"
    TWICE = "twice"
    MISSING = "missing"
    SPENT = "spent"
    NOT_OURS = "not ours"


_WORDS: Final = Words(
    {
        Language.EN: {
            "no place": "seal {number} has no place: the act says where each seal is",
            "twice": "seal {number} was told already: a number is that of one seal",
            "missing": "seal {number} is missing, so it cannot be removed now",
            "spent": "seal {number} was found here or removed: a seal is put on once, so a new one has another number",
            "not ours": "seal {number} is one of the verifier or the maker, which a technician never removes",
        },
        Language.RU: {
            "no place": "у пломбы {number} нет места установки: в акте сказано, где стоит каждая",
            "twice": "пломба {number} уже названа: у каждой пломбы свой номер",
            "missing": "пломба {number} отсутствует, снять её сейчас нельзя",
            "spent": "пломба {number} найдена на приборе или снята: пломбу ставят один раз, у новой другой номер",
            "not ours": "пломба {number} - поверителя или завода-изготовителя, монтёр её никогда не снимает",
        },
    }
)
_of_verifier_or_maker: Final = re.compile(
    r"повер(?:ит|к)|метролог|изготовит|заводск|госстандарт|\bцсм\b|\bотк\b|verif|manufactur|\bmaker|\bfactory",
    re.IGNORECASE,
).search


def broken_words(rule: SealRule, number: str, language: Language) -> str:
    """The rule in a sentence about this seal."""
    return _WORDS(rule.value, language, number=number)


def is_of_verifier_or_maker(seal: Seal) -> bool:
    """By what is said of its owner, its kind and its place."""
    return any(_of_verifier_or_maker(text) is not None for text in (seal.owner, seal.kind, seal.place) if text)


def same_number(one: str, other: str) -> bool:
    """Letters of both sizes are one number, however they were typed, and spaces around it are none of it."""
    return _compared(one) == _compared(other)


def _compared(number: str) -> str:
    return plain_text(plain_text(number).casefold())


def seal_of(number: str, seals: Iterable[Seal]) -> Seal | None:
    """The seal of this number, where it is among them."""
    return next((seal for seal in seals if same_number(seal.number, number)), None)


def broken_found(number: str, found: Iterable[SealFound]) -> SealRule | None:
    """What forbids that this seal is told as one more that was found."""
    return SealRule.TWICE if seal_of(number, (each.seal for each in found)) else None


def broken_removed(number: str, found: Iterable[SealFound], removed: Iterable[Seal]) -> SealRule | None:
    """What forbids that this seal is told as removed; whose it is, is asked by itself."""
    if seal_of(number, removed):
        return SealRule.TWICE
    missing = (each.seal for each in found if each.state == SealState.MISSING)
    return SealRule.MISSING if seal_of(number, missing) else None


def broken_installed(number: str, old: Iterable[Seal], installed: Iterable[Seal]) -> SealRule | None:
    """What forbids that this seal is told as put on; `old` are those that were found or removed."""
    if seal_of(number, installed):
        return SealRule.TWICE
    return SealRule.SPENT if seal_of(number, old) else None
