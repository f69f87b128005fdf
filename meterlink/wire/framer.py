"""Frames out of a stream of bytes, for protocols that know a frame by its length and a checksum.

Silence is an input like bytes, because such meters end a frame only by a pause. Damage is an event and not an
exception: on a shared line it is ordinary. Buffers are bounded; any bytes at all end in an event.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any, Final

from meterlink.wire.request import ReplySizes, Request

Checksum = Callable[[bytes], bool]

BUFFER_LIMIT: Final = 2048
"""Far above the longest frame of any family; what does not fit is thrown out as damage, oldest first."""


class Damage(StrEnum):
    """Why bytes are not a frame."""

    CHECKSUM = "wrong checksum"
    TRUNCATED = "cut short"
    JUNK = "not a frame"


@dataclass(slots=True)
class Frame:
    """A whole frame with a right checksum (not frozen, for speed).

    `answers`: its size, address and code are those of an expected reply.
    """

    raw: bytes
    answers: bool = False


@dataclass(frozen=True, slots=True)
class Damaged:
    """Bytes that are not a frame."""

    raw: bytes
    why: Damage


class NeedData(Enum):
    NEED_DATA = auto()


NEED_DATA: Final = NeedData.NEED_DATA
Event = Frame | Damaged | NeedData


class Framer(ABC):
    """Takes bytes and silences, gives frames and damage. The part that both ends of a line share."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._events: deque[Frame | Damaged] = deque()

    @abstractmethod
    def _find_frames(self) -> None:
        """Move whole frames from the buffer to the events, as far as they show without a silence."""

    @abstractmethod
    def _end_frame(self) -> None:
        """A silence came: turn all of the (non-empty) buffer into events."""

    def receive_data(self, data: bytes) -> None:
        self._buffer += data
        self._find_frames()
        excess = len(self._buffer) - BUFFER_LIMIT
        if excess > 0:
            self._take_damage(excess, Damage.JUNK)

    def silence(self) -> None:
        if self._buffer:
            self._end_frame()

    def next_event(self) -> Event:
        return self._events.popleft() if self._events else NEED_DATA

    @property
    def pending(self) -> bool:
        """Whether bytes wait for more bytes or for a silence."""
        return bool(self._buffer)

    def _take_frame(self, size: int, *, answers: bool = False) -> None:
        """Move the first `size` bytes to the events as a frame."""
        self._events.append(Frame(bytes(self._buffer[:size]), answers))
        del self._buffer[:size]

    def _take_damage(self, size: int, why: Damage) -> None:
        """Move the first `size` bytes, if any, to the events as damage."""
        if size:
            self._events.append(Damaged(bytes(self._buffer[:size]), why))
            del self._buffer[:size]


class ClientFramer(Framer):
    """The side that asks."""

    @abstractmethod
    def expect(self, request: Request[Any]) -> None:
        """A request has gone out: forget what came before and wait for its reply."""

    @abstractmethod
    def send(self, frame: bytes) -> bytes:
        """The bytes that go out for the frame of the next request."""


class ReplyFramer(ClientFramer):
    """Knows from the request which sizes may come and how a right reply begins.

    A reply of the usual size is a frame at once, wherever it begins among noise; another permitted size only at
    silence.
    """

    def __init__(self, checksum_ok: Checksum) -> None:
        super().__init__()
        self._checksum_ok = checksum_ok
        self._request: Request[Any] | None = None
        self._sizes: ReplySizes | None = None
        self._asked = b""
        self._tried = 0

    def expect(self, request: Request[Any]) -> None:
        self._buffer.clear()
        self._events.clear()
        self._tried = 0
        self._request = request
        self._sizes = request.reply_sizes

    def send(self, frame: bytes) -> bytes:
        self._asked = frame
        return frame

    def _find_frames(self) -> None:
        if self._sizes is None or self._sizes.usual is None:
            return
        usual = self._sizes.usual
        # Windows tried once stay wrong, so a stream that comes byte by byte costs one trial a byte.
        while len(self._buffer) - self._tried >= usual:
            if self._is_reply(self._tried, usual):
                if self._tried:
                    self._take_damage(self._tried, Damage.JUNK)
                self._take_frame(usual, answers=True)
            else:
                self._tried += 1

    def _end_frame(self) -> None:
        self._tried = 0
        found = self._longest_reply()
        if found is not None:
            start, size = found
            self._take_damage(start, Damage.JUNK)
            self._take_frame(size, answers=True)
            self._take_damage(len(self._buffer), Damage.JUNK)
        elif self._checksum_ok(bytes(self._buffer)) and not self._is_padded_echo(bytes(self._buffer)):
            self._take_frame(len(self._buffer))  # somebody else's, or our own
        else:
            self._take_damage(len(self._buffer), self._damage())

    def _longest_reply(self) -> tuple[int, int] | None:
        for size in self._permitted_descending():
            for start in range(len(self._buffer) - size + 1):
                if self._is_reply(start, size):
                    return start, size
        return None

    def _permitted_descending(self) -> Iterable[int]:
        sizes = () if self._sizes is None else self._sizes.permitted
        return sorted((size for size in sizes if size <= len(self._buffer)), reverse=True)

    def _is_reply(self, start: int, size: int) -> bool:
        window = bytes(self._buffer[start : start + size])
        if self._request is None or not self._request.accepts(window) or not self._checksum_ok(window):
            return False
        return not self._is_padded_echo(window)

    def _is_padded_echo(self, window: bytes) -> bool:
        """A right frame followed by zeros has a right CRC again: our echo with zeros behind would pass for a reply."""
        size = len(self._asked)
        return len(window) > size and window.startswith(self._asked) and not any(window[size:])

    def _take_damage(self, size: int, why: Damage) -> None:
        super()._take_damage(size, why)
        self._tried = max(0, self._tried - size)

    def _damage(self) -> Damage:
        size = len(self._buffer)
        if self._sizes is None or size > self._sizes.most:
            return Damage.JUNK
        return Damage.CHECKSUM if size in self._sizes.permitted else Damage.TRUNCATED


class CommandFramer(Framer):
    """The meter's side, for simulators: goes by the length that the command has, by silence for unknown commands."""

    def __init__(self, checksum_ok: Checksum, size_of: Callable[[bytes], int | None]) -> None:
        """`size_of(first bytes)` is the size of the whole frame, None while or where that is not known."""
        super().__init__()
        self._checksum_ok = checksum_ok
        self._size_of = size_of

    def _find_frames(self) -> None:
        while self._buffer:
            size = self._size_of(bytes(self._buffer[:8]))
            if size is None or len(self._buffer) < size or not self._checksum_ok(bytes(self._buffer[:size])):
                return
            self._take_frame(size)

    def _end_frame(self) -> None:
        if self._checksum_ok(bytes(self._buffer)):
            self._take_frame(len(self._buffer))
        else:
            self._take_damage(len(self._buffer), Damage.CHECKSUM)
