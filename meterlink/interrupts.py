"""Ctrl-C comes between two things that belong together: a frame and its record, a record and the disk. It waits there.

Cut off in the middle, a run could write nothing more to its log: neither what became of the frames that it announced,
nor how it ended. The handler of the signal is set once, by the program: setting it at every frame costs more than the
rest of an exchange. Where a library's user has not set it, SIGINT arrives whenever it comes.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class _State:
    """What the handler knows; changed by the main thread alone, as no other gets the signal."""

    is_put_off = False
    came = False


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def interrupts_may_wait() -> Iterator[None]:
    """For as long as the program runs: SIGINT reaches whoever would have it, as soon as nobody puts it off."""
    reaches = signal.getsignal(signal.SIGINT)
    if (
        not callable(reaches) or threading.current_thread() is not threading.main_thread()
    ):  # ignored, or it ends the process at once
        yield
        return

    def arrive(number: int, frame: FrameType | None) -> None:
        if _State.is_put_off:
            _State.came = True
        else:
            reaches(number, frame)

    signal.signal(signal.SIGINT, arrive)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, reaches)


class _Setting:
    """A context in which they are put off, or heard; within one another the innermost counts."""

    __slots__ = ("_before", "_is_mine", "_is_put_off")

    def __init__(self, *, is_put_off: bool) -> None:
        self._is_put_off = is_put_off
        self._before = False
        self._is_mine = _in_main_thread()

    def __enter__(self) -> None:
        if self._is_mine:
            self._before = _State.is_put_off
            if _State.came and not self._is_put_off:
                _arrive_now()
            _State.is_put_off = self._is_put_off

    def __exit__(self, *about: object) -> None:
        if self._is_mine:
            _State.is_put_off = self._before
            if _State.came and not self._before:
                _arrive_now()


def interrupts_put_off() -> _Setting:
    """SIGINT waits until the end of this, or until `interrupts_heard` within."""
    return _Setting(is_put_off=True)


def interrupts_heard() -> _Setting:
    """For as long as somebody may wait long. It can be entered again and again."""
    return _Setting(is_put_off=False)


def _arrive_now() -> None:
    _State.came = _State.is_put_off = False
    signal.raise_signal(signal.SIGINT)
