"""Standard streams as they are met in the field: odd encodings, and readers that go away early.

Knows also whether this run has printed its one document, and what it had begun should it fail. Imported by every run,
so it imports next to nothing.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TextIO

EXIT_READER_LEFT: Final = 0
"""Whoever closes the pipe has read what was wanted."""


class ReaderLeftError(Exception):
    """Nobody reads our output any more."""


class _Run:
    """What is remembered of one run."""

    document_printed = False
    begun: Mapping[str, object] = MappingProxyType({})


def begin() -> None:
    """A new run. A character that the console cannot show becomes `?`; it never ends the program.

    A stream that was closed by whoever started the program (`>&-`, pythonw) leads nowhere.
    """
    _Run.document_printed = False
    _Run.begun = {}
    # opened before anything else, so that no port and no file gets the number of a standard stream
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    sys.stderr = sys.stderr or _nowhere("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _nowhere(mode: Literal["r", "w"]) -> TextIO:
    return Path(os.devnull).open(mode, encoding="utf-8")


def note_document() -> None:
    """The one document of this run is out."""
    _Run.document_printed = True


def document_was_printed() -> bool:
    return _Run.document_printed


def note_begun(facts: Mapping[str, object]) -> None:
    """What the document of a failure tells beside the error: this much was begun before it."""
    _Run.begun = facts


def begun() -> Mapping[str, object]:
    return _Run.begun


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Turn the failure of a write to a closed pipe into ReaderLeftError."""
    try:
        yield
    except OSError as error:
        if reader_left(error):
            raise ReaderLeftError from None
        raise


def reader_left(error: OSError) -> bool:
    """Whether a write failed because nobody reads any more; Windows calls that an invalid argument."""
    return isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL)


def leave_quietly() -> int:
    """Let Python's own flush at the end go nowhere; returns the exit code."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_READER_LEFT
