"""The only printer. The result goes to stdout, everything else to stderr; with `--json` stdout holds one document.

rich is loaded with the first table. Words carry the meaning; without a terminal, or with NO_COLOR, nothing is styled.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Final, Literal, Self, TextIO

import click

from meterlink.cli import streams
from meterlink.errors import MeterlinkError, told_os_error
from meterlink.language import Language, Words

if TYPE_CHECKING:
    from meterlink.context import Traced
    from meterlink.model import Absent

_WIDE: Final = 10_000
"""Without a terminal no line is folded."""

_NARROW: Final = 24
"""No column of words becomes narrower; the table is then wider than the terminal."""

_PICTURE_CHARACTERS: Final = "─┬│┌┐└┘"
_ABSENT: Final = "not there: {what} ({reason})"
_NOTE: Final = Words({Language.EN: {"note": "note: {text}"}, Language.RU: {"note": "примечание: {text}"}})
_ERROR: Final = "error: {text}"
_PROGRESS: Final = "{text} ... {count}"
_USUAL_COLUMNS: Final = 80
_EVERY: Final = 8
"""Frames between two changes of the progress line."""


@dataclass(eq=False, kw_only=True)
class OutputError(MeterlinkError):
    """The result could not be written."""

    text: ClassVar[str] = "The result cannot be written: {why}."
    hint_text: ClassVar[str] = "Make room where the output goes, then run the same command again."
    why: str


def safe(text: str) -> str:
    """A text out of a log as a terminal may show it: no control character acts, none is lost."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


# --- documents ------------------------------------------------------------------------------------------------------


def document(name: str, facts: Mapping[str, object], *, one_line: bool = False, version: int = 1) -> None:
    """The one JSON document of this run; `name` without the program's, as in `energy`."""
    streams.note_document()
    whole = {"schema": schema(name, version), **facts}
    ascii_only = not _is_utf8(sys.stdout)  # documents are UTF-8 or ASCII, whatever the console speaks
    line(json.dumps(whole, ensure_ascii=ascii_only, indent=None if one_line else 2, default=_as_json))


def schema(name: str, version: int = 1) -> str:
    """The name of a kind of document."""
    return f"meterlink.{name}/{version}"


def present(
    as_json: bool, name: str, facts: Mapping[str, object], show: Callable[[], None], *, version: int = 1
) -> None:
    """The result, in the form that was asked for."""
    if as_json:
        document(name, facts, version=version)
    else:
        show()


def _as_json(value: object) -> object:
    """What JSON has no form for: decimals and times as text, other collections as lists."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


# --- for people -----------------------------------------------------------------------------------------------------


def line(text: str = "") -> None:
    """A line of the result, out at once."""
    _out(text)


def _out(text: str | bytes) -> None:
    Progress.vanish()
    try:
        click.echo(text)
    except OSError as error:
        if streams.reader_left(error):
            raise
        raise OutputError(why=told_os_error(error)) from error


def raw(text: bytes) -> None:
    """A line of the result, as bytes, whatever the console speaks."""
    _out(text)


def lines(texts: Iterable[str]) -> None:
    for text in texts:
        line(text)


def heading(text: str) -> None:
    """A heading inside a long result."""
    line()
    line(text)
    line("-" * len(text))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """Rows under headings; the columns named in `numbers` stand to the right, and no number is ever folded."""
    from rich.console import Console
    from rich.table import Table

    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    styled = _is_terminal(sys.stdout) and not os.environ.get("NO_COLOR")
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    least = 0
    for place, column in enumerate(columns):
        whole = place == 0 or column in numbers
        longest = max(len(text) for text in (column, *(row[place] for row in cells)))
        narrowest = longest if whole else min(longest, _NARROW)
        side: Literal["left", "right"] = "right" if column in numbers else "left"
        grid.add_column(column, justify=side, overflow="fold", no_wrap=whole, min_width=narrowest)
        least += narrowest + 2
    for row in cells:
        grid.add_row(*row)
    text = io.StringIO()
    Console(
        file=text,
        width=max(least, shutil.get_terminal_size().columns if _is_terminal(sys.stdout) else _WIDE),
        force_terminal=styled,
        no_color=not styled,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    ).print(grid)
    lines(row.rstrip() for row in text.getvalue().splitlines())


def pairs(facts: Iterable[tuple[str, object]]) -> None:
    """Names and values; what is None or empty is left out."""
    told = [(name, str(value)) for name, value in facts if value not in (None, "")]
    width = max((len(name) for name, _ in told), default=0)
    lines(f"{name:<{width}}  {value}" for name, value in told)


def absent(values: Iterable[Absent]) -> None:
    """What was asked for and is not there, with the reason: part of the result."""
    lines(_ABSENT.format(what=value.what, reason=value.reason) for value in values)


def notes(texts: Iterable[str], language: Language = Language.EN) -> None:
    """What the reader of the result should know."""
    lines(_NOTE("note", language, text=text) for text in texts)


def picture_must_be_ascii() -> bool:
    """Whether the console lacks the characters of frames."""
    return not _can_show(sys.stdout, _PICTURE_CHARACTERS)


def _can_show(stream: TextIO, characters: str) -> bool:
    try:
        characters.encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _is_utf8(stream: TextIO) -> bool:
    try:
        return codecs.lookup(stream.encoding or "ascii").name == "utf-8"
    except LookupError:
        return False


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty()


# --- beside the result ----------------------------------------------------------------------------------------------


def aside(text: str) -> None:
    """A line on stderr. Where that cannot be written, the result and the exit code still stand."""
    Progress.vanish()
    _tell_aside(text)


def remark(text: str) -> None:
    """What whoever sits there should know, and what is no failure."""
    aside(_NOTE("note", text=text))


def _tell_aside(text: str, *, newline: bool = True) -> None:
    with contextlib.suppress(OSError):
        click.echo(text, err=True, nl=newline)


def failure(sentence: str, hint: str) -> None:
    """What happened and what to do next."""
    aside(_ERROR.format(text=sentence))
    if hint:
        aside(hint)


def _columns(stream: TextIO) -> int:
    """How wide the terminal behind a stream is."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_COLUMNS
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns


class Progress:
    """An observer that counts frames on the terminal's last line; silent without a terminal.

    The line is gone before anything else is printed, and at the end.
    """

    _standing = 0
    """How wide the line is that stands there now; there is one terminal."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._shown = _is_terminal(sys.stderr)
        self._count = 0

    def __call__(self, _frame: Traced) -> None:
        self._count += 1
        if self._shown and self._count % _EVERY == 0:
            told = _PROGRESS.format(text=self._text, count=self._count)[: _columns(sys.stderr) - 1]
            _tell_aside(f"\r{told}", newline=False)
            Progress._standing = len(told)

    @classmethod
    def vanish(cls) -> None:
        """Wipe the line away."""
        if cls._standing:
            _tell_aside("\r" + " " * cls._standing + "\r", newline=False)
            cls._standing = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.vanish()


# --- parts of documents ---------------------------------------------------------------------------------------------


def absent_facts(values: Iterable[Absent]) -> list[dict[str, str]]:
    """The `absent` list of a document."""
    return [{"what": value.what, "reason": value.reason} for value in values]
