"""Standard streams as they are met in the field: odd encodings, and readers that go away early."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator

EXIT_READER_LEFT = 0
"""Whoever closes the pipe has read what was wanted."""


class ReaderLeftError(Exception):
    """Nobody reads our output any more."""


def prepare_streams() -> None:
    """A character that the console cannot show becomes `?`; it never ends the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Turn the failure of a write to a closed pipe into ReaderLeftError."""
    try:
        yield
    except OSError as error:
        windows = sys.platform == "win32" and error.errno == errno.EINVAL
        if isinstance(error, BrokenPipeError) or windows:
            raise ReaderLeftError from None
        raise


def leave_quietly() -> int:
    """Let Python's own flush at the end go nowhere; returns the exit code."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_READER_LEFT
