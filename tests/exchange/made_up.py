"""A family that does not exist: passwords, sessions and speeds, for what a Mercury 200 has not."""

from __future__ import annotations

from dataclasses import dataclass, field

from meterlink.errors import AccessDeniedError, ChannelClosedError
from meterlink.wire.line import Line
from meterlink.wire.request import ReplySizes, Request
from meterlink_mercury200.messages import encode_frame

ADDRESS = 123456
SECRET = b"AB\xcd123"


@dataclass(frozen=True, slots=True)
class Open(Request[None]):
    """Opens a session of a made-up family: address, F1h, six secret bytes."""

    password: bytes = field(repr=False)

    name = "open the session"
    reply_sizes = ReplySizes.only(8)
    presents_password = True
    secret_places = ((5, 11),)

    def encode(self) -> bytes:
        return encode_frame(ADDRESS, 0xF1, self.password)

    def accepts(self, frame: bytes) -> bool:
        return frame[4] == 0xF1

    def decode_reply(self, frame: bytes) -> None:
        if frame[5] == 1:
            raise AccessDeniedError(request=self.name, code="1", why="wrong password")


@dataclass(frozen=True, slots=True)
class Fetch(Request[int]):
    """Reads one byte inside a session, at another speed if asked so."""

    line_after: Line | None = None

    name = "fetch"
    reply_sizes = ReplySizes.only(8)

    def encode(self) -> bytes:
        return encode_frame(ADDRESS, 0xF2)

    def accepts(self, frame: bytes) -> bool:
        return frame[4] == 0xF2

    def decode_reply(self, frame: bytes) -> int:
        if frame[5] == 0xFF:
            raise ChannelClosedError(request=self.name, code="FF", why="the session is closed")
        return frame[5]


def fetched(value: int) -> bytes:
    """The answer to `Fetch`."""
    return encode_frame(ADDRESS, 0xF2, bytes([value]))


FETCHED = fetched(7)
