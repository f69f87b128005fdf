"""The act as PDF/A, made by typst from `act.typ` beside this module.

What the act says goes in as JSON through `sys.inputs`, never as markup, so no text of an order can become a command of
the typesetter. Nothing of the machine goes in: no fonts but those in the wheel of typst, no clock, no files. The same
body, openings, checkpoint and version of typst give the same bytes. Source: docs/adr/0007.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, Final

from meterlink.report.act_values import shown
from meterlink.report.layout.blocks import (
    Block,
    Checkpoint,
    Drawing,
    Lines,
    Pairs,
    Paper,
    Signatures,
    Table,
)

_HALF_LINE: Final = 52
"""Characters of label and value together that half a line holds."""
_USUAL_PAGES: Final = 2
_USUAL_SIZE: Final = 8.8
"""Of the letters, in points."""
_SMALLER_SIZES: Final = (8.4, 8.0)
"""Tried where an act needs more pages, so that the last page does not hold a mere line."""
_PAGE: Final = re.compile(rb"/Type */Page\b")
_BREAK: Final = "\N{ZERO WIDTH SPACE}"
_LONG_WORD: Final = re.compile(r"\S{25,}")
_WORD_PART: Final = re.compile(r"\S{1,8}")
_LINE_PART: Final = re.compile(r".{1,80}")


def render_pdf(paper: Paper) -> bytes:
    """An act that is laid out."""
    made = [_compile(paper, _USUAL_SIZE)]
    if _pages(made[0]) > _USUAL_PAGES:
        made += [_compile(paper, size) for size in _SMALLER_SIZES]
    return min(made, key=_pages)


def _compile(paper: Paper, size: float) -> bytes:
    import typst

    made: bytes = typst.compile(
        files("meterlink.report").joinpath("act.typ").read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"act": json.dumps(_facts(paper), ensure_ascii=True), "size": str(size)},
        pdf_standards=["a-2u"],
        timestamp=paper.made_at.replace(microsecond=0),
    )
    return made


def _pages(pdf: bytes) -> int:
    return len(_PAGE.findall(pdf))


def _facts(paper: Paper) -> dict[str, Any]:
    return {
        "language": paper.language.value,
        "title": _told(paper.title),
        "subtitle": _told(paper.subtitle),
        "result": [_told(text) for text in (paper.result, *paper.notes)],
        "footer": _told(paper.footer),
        "page": _told(paper.page),
        "sections": [
            {
                "number": section.number,
                "title": _told(section.title),
                "blocks": [_block(block) for block in section.blocks],
            }
            for section in paper.sections
        ],
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Pairs(rows=rows):
            return {"kind": "pairs", "rows": [[_pair(*pair) for pair in row] for row in _rows(rows)]}
        case Table(head=head, rows=cells, widths=widths, right=right):
            told = [[_told(text) for text in row] for row in cells]
            titles = [_told(text) for text in head]
            return {"kind": "table", "head": titles, "rows": told, "widths": list(widths), "right": list(right)}
        case Lines(texts=texts, manner=manner):
            return {"kind": "lines", "texts": [_told(text) for text in texts], "manner": manner}
        case Drawing(title=title, svg=svg, text=text):
            return {"kind": "drawing", "title": _told(title), "svg": svg, "text": _told(text)}
        case Checkpoint(facts=facts, title=title, lines=lines, svg=svg, alt=alt):
            return {
                "kind": "checkpoint",
                "facts": [_pair(*row) for row in facts.rows],
                "title": _told(title),
                "lines": [_BREAK.join(_LINE_PART.findall(shown(line))) for line in lines],
                "svg": svg,
                "alt": alt,
            }
        case Signatures(rows=signers, under=under, blanks=blanks):
            return {
                "kind": "signatures",
                "rows": [{"who": _told(who), "name": _told(name)} for who, name in signers],
                "under": [_told(text) for text in under],
                "blanks": [_told(text) for text in blanks],
            }


def _pair(label: str, text: str) -> dict[str, str]:
    return {"label": _told(label), "text": _told(text)}


def _rows(pairs: Iterable[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Two short pairs to a line, a long one by itself."""
    rows: list[list[tuple[str, str]]] = []
    has_room = False
    for label, text in pairs:
        is_short = len(label) + len(text) <= _HALF_LINE
        if is_short and has_room:
            rows[-1].append((label, text))
        else:
            rows.append([(label, text)])
        has_room = is_short and not has_room
    return rows


def _told(text: str) -> str:
    """As paper may show it; a word that no column would hold may be broken."""
    return _LONG_WORD.sub(lambda word: _BREAK.join(_WORD_PART.findall(word[0])), shown(text))
