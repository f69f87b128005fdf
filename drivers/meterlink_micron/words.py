"""What this family alone writes into records, in the languages of the act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meterlink.language import Language

_RU: Final[Mapping[str, str]] = {"family micron": "СЭТ-4ТМ, ПСЧ, СЭБ (НЗиФ)"}
WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.RU: _RU,
    Language.EN: {"family micron": "SET-4TM, PSCH, SEB (micron)"},
}
