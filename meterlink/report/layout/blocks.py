"""What a paper is made of: blocks that HTML and PDF draw alike. No words and no look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from meterlink.language import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Labels with values, two beside each other where they are short."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a head; `widths` are shares of the line, the columns in `right` stand to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    right: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Paragraphs; `manner` is `plain`, `strong` or `small`."""

    texts: tuple[str, ...]
    manner: str = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture of ours under its title, with the sentence that says the same."""

    title: str
    svg: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of the log, line by line, and the same as a QR code where it is not too long for one.

    `facts` are told beside the code.
    """

    facts: Pairs
    title: str
    lines: tuple[str, ...]
    svg: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Lines to sign on: who, and the name where it is known; then lines to be filled in."""

    rows: tuple[tuple[str, str], ...]
    under: tuple[str, str]
    blanks: tuple[str, ...]


Block = Pairs | Table | Lines | Drawing | Checkpoint | Signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One of the sixteen."""

    number: int
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The whole act. `page` has the places `{page}` and `{pages}`; `made_at` is when the work ended, UTC.

    `result` stands in a box on the first page, `notes` with it: what nobody may overlook.
    """

    language: Language
    title: str
    subtitle: str
    result: str
    notes: tuple[str, ...]
    footer: str
    page: str
    made_at: datetime
    sections: tuple[Section, ...]
