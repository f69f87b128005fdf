"""Ctrl-C comes between two things that belong together: a frame and its record, a record and what is made of it.

So while a log is open it is heard only where the program waits, at the port and at a question, and waits elsewhere. Cut
off anywhere, a run could not write what became of the frames that it announced, or how it ended; and what it says of
the meter would lag behind its log. Whoever presses a third time in one run is heard at once.

The handler of the signal is set once, by the program: setting it at every frame costs more than the rest of an
exchange. Where a library's user has not set it, SIGINT arrives whenever it comes.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_PATIENCE: Final = 3


class _State:
    """What the handler knows; changed by the main thread alone, as no other gets the signal."""

    is_put_off = False
    waits = False
    """It came, and nobody heard it yet."""
    presses = 0
    reaches: Callable[[int, FrameType | None], object] = staticmethod(signal.default_int_handler)
    """Whoever had the signal before."""


def _is_mine() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def interrupts_may_wait() -> Iterator[None]:
    """For as long as the program runs: SIGINT reaches whoever would have it, as soon as nobody puts it off."""
    reaches = signal.getsignal(signal.SIGINT)
    if not callable(reaches) or reaches is _arrive or not _is_mine():
        yield  # it is ignored, or ends the process at once, or may wait already
        return
    _State.reaches, _State.waits, _State.presses = reaches, False, 0
    signal.signal(signal.SIGINT, _arrive)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, reaches)
        _State.waits = False


def _arrive(number: int, frame: FrameType | None) -> None:
    _State.presses += 1
    _State.waits = _State.is_put_off and _State.presses < _PATIENCE
    if not _State.waits:
        _State.reaches(number, frame)


def _hear() -> None:
    _State.waits = False
    _State.reaches(signal.SIGINT, None)


class _Setting:
    """A context in which they are put off, or heard; within one another the innermost counts."""

    __slots__ = ("_before", "_is_mine", "_is_put_off")

    def __init__(self, *, is_put_off: bool) -> None:
        self._is_put_off = is_put_off
        self._before = False
        self._is_mine = _is_mine()

    def __enter__(self) -> None:
        if self._is_mine:
            self._before = _State.is_put_off
            if _State.waits and not self._is_put_off:
                _hear()
            _State.is_put_off = self._is_put_off

    def __exit__(self, kind: type[BaseException] | None, *about: object) -> None:
        if self._is_mine:
            _State.is_put_off = self._before
            if _State.waits and not self._before and kind is None:  # an error is never hidden by it
                _hear()


def interrupts_put_off() -> _Setting:
    """SIGINT waits until the end of this, or until `interrupts_heard` within."""
    return _Setting(is_put_off=True)


def interrupts_heard() -> _Setting:
    """For as long as the program waits for somebody. It can be entered again and again."""
    return _Setting(is_put_off=False)
