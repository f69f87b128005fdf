"""The act laid out in one language: its sixteen sections as blocks that HTML and PDF draw alike.

All words and values are chosen here and below, and nothing of the paper's look. Personal data are filled in from their
openings where these open the commitments of the body, else they are withheld. Sections: docs/trade.md 4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from meterlink.audit.commitment import Opening
from meterlink.language import Language
from meterlink.report.act_words import ActWords, Phrases
from meterlink.report.layout import meter, parties, proof, schedule, work
from meterlink.report.layout.blocks import Block, Paper, Section
from meterlink.report.layout.sheet import Sheet


def lay_out(
    body: Mapping[str, Any], openings: Mapping[str, Opening], checkpoint_text: str, language: Language, family: Phrases
) -> Paper:
    """The act of a body. `checkpoint_text` is the whole note of the log, empty where there is none yet."""
    sheet = Sheet(body, openings, ActWords(language, family))
    words, number = sheet.words, body["act"]["number"]
    return Paper(
        language=language,
        title=words("title", number=number),
        subtitle=words("subtitle"),
        result=work.result_line(sheet),
        notes=tuple(work.notes(sheet)),
        footer=words("footer", number=number, serial=words.value(body["meter"]["serial_number"])),
        page=words("page", page="{page}", pages="{pages}"),
        made_at=datetime.fromisoformat(body["act"]["finished_at"]),
        sections=tuple(
            Section(number=each, title=words(f"section {each}"), blocks=tuple(make(sheet)))
            for each, make in enumerate(_sections(checkpoint_text), 1)
        ),
    )


def _sections(checkpoint_text: str) -> tuple[Callable[[Sheet], Iterable[Block]], ...]:
    return (
        parties.basis,
        parties.organisation,
        parties.performers,
        parties.customer,
        parties.place,
        meter.meter,
        meter.seals,
        meter.readings,
        meter.clock,
        meter.dst,
        schedule.schedule,
        work.changes,
        partial(proof.program, checkpoint_text=checkpoint_text),
        schedule.for_customer,
        proof.signatures,
        proof.copies,
    )
