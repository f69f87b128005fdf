"""Frames out of characters: a text ends one byte behind its ETX, an identification with CR LF, ACK and NAK are alone.

Bytes of the eighth bit never get here: a port takes the parity off (`parity=soft`), or the line has seven bits.
"""

from __future__ import annotations

import re
from typing import Any, Final

from meterlink.wire.framer import ClientFramer, Damage, Framer
from meterlink.wire.request import Request
from meterlink_energomera.messages import IDENTIFICATION, PresentPassword, Read, SignOn, Write
from meterlink_energomera.text import ACK, CRLF, ETX, NAK, SOH, STX, Check, is_whole, rechecked

_ALONE: Final = (ACK, NAK)
_CLEAN: Final = re.compile(rb"[\x20-\x7e\r\n]*")
_SIGN_ON: Final = re.compile(rb"/\?[\x20-\x7e]{0,40}?!\r\n")
_FAST: Final = re.compile(rb"/\?[\x20-\x7e]{0,40}?!$")
_SELECT: Final = re.compile(rb"\x06[0-9A-Za-z]{3}\r\n")


def text_start(data: bytes, etx: int) -> int:
    """Where the frame begins that ends with this ETX; -1 where none does."""
    stx, soh = data.rfind(STX, 0, etx), data.rfind(SOH, 0, etx)
    if soh > stx:
        return soh if etx - soh == 3 else -1
    return stx - 3 if stx >= 3 and data[stx - 3] == SOH else stx


def is_clean(frame: bytes) -> bool:
    """Whether nothing but characters and line ends stands between the control bytes of a whole frame."""
    body = frame[frame.index(STX) + 1 : -2] if STX in frame[:5] else frame[1:-2]
    head = frame[1:3] if frame[0] == SOH else b""
    return _CLEAN.fullmatch(body) is not None and _CLEAN.fullmatch(head) is not None


class _TextFramer(Framer):
    """The part that both sides share."""

    def __init__(self, check: Check = Check.SUM) -> None:
        super().__init__()
        self._check = check

    def _take_text(self) -> bool:
        """Take the first text that is complete; whether there was one."""
        etx = self._buffer.find(ETX)
        if etx < 0 or etx + 1 >= len(self._buffer):
            return False
        data = bytes(self._buffer[: etx + 2])
        start = text_start(data, etx)
        if start < 0:
            self._take_damage(etx + 1 + self._is_own(data), Damage.JUNK)
        elif is_whole(data[start:], self._check) and is_clean(data[start:]):
            start = self._begin_of(data, start)
            self._take_damage(start, Damage.JUNK)
            self._take(etx + 2 - start)
        else:
            self._take_damage(etx + (1 if data[-1] in (SOH, STX) else 2), Damage.CHECKSUM)
        return True

    def _begin_of(self, data: bytes, start: int) -> int:
        return start

    def _is_own(self, data: bytes) -> bool:
        """Whether these are the last bytes of what this side sent: then the check byte belongs to them."""
        return False

    def _take(self, size: int) -> None:
        self._take_frame(size)


class AskingFramer(_TextFramer, ClientFramer):
    """The side that asks."""

    def __init__(self, check: Check = Check.SUM) -> None:
        super().__init__(check)
        self._request: Request[Any] | None = None
        self._asked = b""

    def expect(self, request: Request[Any]) -> None:
        self._buffer.clear()
        self._events.clear()
        self._request = request

    def send(self, frame: bytes) -> bytes:
        self._asked = rechecked(frame, self._check)
        return self._asked

    def _take(self, size: int) -> None:
        frame = bytes(self._buffer[:size])
        self._take_frame(size, answers=self._request is not None and self._request.accepts(frame))

    def _find_frames(self) -> None:
        while self._buffer and (self._take_echo() or self._take_line() or self._take_text()):
            pass
        if bytes(self._buffer) in (b"\x06", b"\x15") and isinstance(self._request, Write):
            self._take(1)

    def _is_own(self, data: bytes) -> bool:
        return self._asked.endswith(data)

    def _take_echo(self) -> bool:
        """Our own bytes, in whatever they are wrapped."""
        at = self._buffer.find(self._asked) if self._asked else -1
        if at < 0:
            return False
        self._take_damage(at, Damage.JUNK)
        self._take_frame(len(self._asked))
        return True

    def _take_line(self) -> bool:
        """The identification of the meter that was asked. Where anybody was, others may follow: `_end_frame` looks."""
        alone = isinstance(self._request, SignOn) and bool(self._request.address)
        end = self._buffer.find(CRLF) if alone else -1
        if end < 0:
            return False
        start = self._buffer.rfind(b"/", 0, end)
        line = bytes(self._buffer[max(start, 0) : end + 2])
        if start >= 0 and self._request is not None and self._request.accepts(line):
            self._take_damage(start, Damage.JUNK)
            self._take(len(line))
        else:
            self._take_damage(end + 2, Damage.JUNK)
        return True

    def _end_frame(self) -> None:
        """What is left is damage, but for one ACK or NAK behind whatever noise there was."""
        data = bytes(self._buffer)
        if isinstance(self._request, SignOn):
            self._end_sign_on(data)
            return
        alone = data[-1] in _ALONE and sum(byte in _ALONE for byte in data) == 1
        is_echo = len(data) > 1 and self._asked.endswith(data)
        if alone and not is_echo and isinstance(self._request, Write | PresentPassword | Read):
            self._take_damage(len(data) - 1, Damage.JUNK)
            self._take(1)
            return
        begun = any(mark in data for mark in (SOH, STX)) or data[:1] == b"/"
        self._take_damage(len(data), Damage.TRUNCATED if begun else Damage.JUNK)

    def _end_sign_on(self, data: bytes) -> None:
        """One identification by itself is an answer; beside noise or a second one it may be one of several meters'."""
        found = list(IDENTIFICATION.finditer(data))
        if len(found) == 1 and found[0][0] == data:
            self._take(len(data))
        self._take_damage(len(self._buffer), Damage.TRUNCATED if data[:1] == b"/" and not found else Damage.JUNK)


class AnsweringFramer(_TextFramer):
    """The meter's side, for simulators."""

    def _find_frames(self) -> None:
        while self._buffer and (self._take_request() or self._take_text()):
            pass

    def _take_request(self) -> bool:
        data = bytes(self._buffer)
        for pattern in (_SIGN_ON, _SELECT):
            found = pattern.search(data)
            if found is not None and ETX not in data[: found.start()]:
                self._take_damage(found.start(), Damage.JUNK)
                self._take_frame(found.end() - found.start())
                return True
        return False

    def _begin_of(self, data: bytes, start: int) -> int:
        """A fast read begins with its sign-on."""
        found = _FAST.search(data[:start])
        return start if found is None else found.start()

    def _end_frame(self) -> None:
        self._take_damage(len(self._buffer), Damage.JUNK)


def asking_framer(check: Check = Check.SUM) -> AskingFramer:
    """For the asking side."""
    return AskingFramer(check)


def answering_framer(check: Check = Check.SUM) -> AnsweringFramer:
    """For a simulated meter."""
    return AnsweringFramer(check)
