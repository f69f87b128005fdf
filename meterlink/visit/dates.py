"""Dates in texts, as each language writes them."""

from __future__ import annotations

import re
from typing import Final

from meterlink.language import Language

_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?= |T|$)")


def told_dates(text: str, language: Language) -> str:
    """A text with the dates in it as the language writes them."""
    return text if language is Language.EN else _ISO_DATE.sub(_russian_date, text)


def _russian_date(match: re.Match[str]) -> str:
    year, month, day = match[0].split("-")
    return f"{day}.{month}.{year}"
