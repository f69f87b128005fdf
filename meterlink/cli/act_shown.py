"""The act of a work as commands tell of it: its files, and the line for the meter's passport."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from meterlink.cli import output
from meterlink.language import Language, Words

_WORDS: Final = Words(
    {
        Language.EN: {
            "act": "act of the work {work}: {files}",
            "passport": "for the passport of the meter:",
        },
        Language.RU: {
            "act": "акт работы {work}: {files}",
            "passport": "для паспорта прибора учёта:",
        },
    }
)


def show_act(work: str, files: Sequence[Path], passport: str, language: Language) -> None:
    """For people; the passport line speaks the language of the act."""
    output.line(_WORDS("act", language, work=work, files=", ".join(map(str, files))))
    output.line()
    output.line(_WORDS("passport", language))
    output.line(passport)
