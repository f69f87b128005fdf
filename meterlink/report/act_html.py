"""The act as one HTML file: no script, nothing from elsewhere, made for A4. Every text is escaped."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from meterlink.report.act_values import shown
from meterlink.report.layout.blocks import (
    Block,
    Checkpoint,
    Drawing,
    Lines,
    Pairs,
    Paper,
    Section,
    Signatures,
    Table,
)

_STYLE: Final = """
@page { size: A4; margin: 12mm 12mm 14mm 20mm }
* { box-sizing: border-box }
body { font: 10pt/1.25 "Liberation Serif", "Times New Roman", serif; color: #000; background: #fff; margin: 0 auto;
  max-width: 178mm; padding: 4mm; overflow-wrap: anywhere }
@media print { body { padding: 0; max-width: none } }
h1 { font-size: 14pt; text-align: center; margin: 0 }
.under { text-align: center; margin: 0 0 2mm }
.result { border: 1.2pt solid #000; padding: 1mm 2mm; font-weight: bold; text-align: center }
h2 { font-size: 10.5pt; margin: 2.5mm 0 .8mm; border-bottom: .5pt solid #000; break-after: avoid }
p { margin: .6mm 0 } .strong { font-weight: bold } .small { font-size: 8pt }
dl { margin: .6mm 0 } dl div { display: inline-block; width: 49%; margin-right: 1%; vertical-align: top }
dl div.wide { display: block; width: auto } dt { display: inline; color: #333 } dt::after { content: ": " }
dd { display: inline; margin: 0; font-weight: 600 }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin: .8mm 0; font-size: 9pt }
th, td { border: .5pt solid #000; padding: .4mm 1mm; text-align: left; vertical-align: top }
th { font-weight: normal; font-size: 8pt; background: #eee; print-color-adjust: exact }
.right { text-align: right } tr, figure, .sign { break-inside: avoid }
figure { margin: .6mm 0 } figure svg { display: block; width: 100% } figcaption { font-size: 9pt }
.seal { display: flex; gap: 4mm; align-items: flex-start; break-inside: avoid } .seal svg { width: 42mm; flex: none }
.seal div { flex: 1; min-width: 0 }
pre { font: 8pt/1.3 "DejaVu Sans Mono", "Courier New", monospace; white-space: pre-wrap; overflow-wrap: anywhere;
  margin: 0 } .sign { display: flex; gap: 3mm; margin-top: 2.5mm }
.sign div { flex: 1 } .sign div:first-child { flex: 1.6 }
.line { border-bottom: .5pt solid #000; min-height: 1.3em } .sign small { display: block }
.sign div + div { text-align: center }
.blank { display: flex; gap: 3mm; margin: 3mm 0 1mm } .blank .line { flex: 1 }
"""
_WIDE: Final = 42
"""Characters of label and value together that half a line holds."""


def render_html(paper: Paper) -> str:
    """An act that is laid out."""
    return (
        f'<!DOCTYPE html>\n<html lang="{paper.language}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{_told(paper.footer)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<h1>{_told(paper.title)}</h1>\n<p class="under">{_told(paper.subtitle)}</p>\n'
        f'<div class="result">{"".join(f"<p>{_told(text)}</p>" for text in (paper.result, *paper.notes))}</div>\n'
        f"{''.join(map(_section, paper.sections))}</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    blocks = "\n".join(_DRAWN[type(block)](block) for block in section.blocks)
    return f"<section>\n<h2>{section.number}. {_told(section.title)}</h2>\n{blocks}\n</section>\n"


def _pairs(block: Pairs) -> str:
    return f"<dl>{''.join(_pair(label, text) for label, text in block.rows)}</dl>"


def _pair(label: str, text: str) -> str:
    wide = ' class="wide"' if len(label) + len(text) > _WIDE else ""
    return f"<div{wide}><dt>{_told(label)}</dt><dd>{_told(text)}</dd></div>"


def _table(block: Table) -> str:
    shares = "".join(f'<col style="width:{100 * width / sum(block.widths):.1f}%">' for width in block.widths)
    rows = "".join(_row(row, "td", block.right) for row in block.rows)
    head = _row(block.head, "th", ())
    return f"<table><colgroup>{shares}</colgroup><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _row(cells: Iterable[str], tag: str, right: tuple[int, ...]) -> str:
    manner = dict.fromkeys(right, ' class="right"')
    told = "".join(f"<{tag}{manner.get(place, '')}>{_told(text)}</{tag}>" for place, text in enumerate(cells))
    return f"<tr>{told}</tr>"


def _lines(block: Lines) -> str:
    return "".join(f'<p class="{block.manner}">{_told(text)}</p>' for text in block.texts)


def _drawing(block: Drawing) -> str:
    return f"<figure><p>{_told(block.title)}</p>{block.svg}<figcaption>{_told(block.text)}</figcaption></figure>"


def _checkpoint(block: Checkpoint) -> str:
    lines = "\n".join(map(_told, block.lines))
    beside = f"{_pairs(block.facts)}<p>{_told(block.title)}:</p><pre>{lines}</pre>"
    return f'<div class="seal">{block.svg}<div>{beside}</div></div>'


def _signatures(block: Signatures) -> str:
    return "".join(
        f'<div class="sign"><div>{_told(who)}</div>{_line("", block.under[0])}{_line(name, block.under[1])}</div>'
        for who, name in block.rows
    ) + "".join(
        f'<div class="blank"><span>{_told(text)}</span><span class="line"></span></div>' for text in block.blanks
    )


def _line(text: str, under: str) -> str:
    return f'<div><div class="line">{_told(text)}</div><small>{_told(under)}</small></div>'


def _told(text: str) -> str:
    return html.escape(shown(text))


_DRAWN: Final[Mapping[type[Block], Callable[[Any], str]]] = {
    Pairs: _pairs,
    Table: _table,
    Lines: _lines,
    Drawing: _drawing,
    Checkpoint: _checkpoint,
    Signatures: _signatures,
}
