"""Frames of Modbus: RTU on a line or handed on by a TCP gateway, and the envelope (MBAP) of Modbus TCP.

RTU    unit:1  pdu  crc:2 (CRC-16/MODBUS, low byte first)
MBAP   transaction:2  protocol:2 = 0  length:2  unit:1  pdu

The transaction is the CRC of unit and pdu, so a question has the same bytes whenever it is asked, in the log and on the
wire; a late answer to another question carries another number. pymodbus' own RTU framer is not used: it loses a good
frame behind a byte of junk (docs/protocols/modbus.md, 3).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from meterlink.wire.checksums import crc16_modbus, crc16_modbus_ok, with_crc16_modbus
from meterlink.wire.framer import CommandFramer, Damage, ReplyFramer
from meterlink.wire.request import Request
from meterlink_modbus.pdu import NAMES, request_size

_HEAD: Final = 7
_SHORTEST_REQUEST: Final = 6
"""Length field of the shortest request in an envelope: unit, function, two words."""
REFUSAL: Final = 2
"""Bytes of the message that says no."""


class Form(StrEnum):
    """How a message is wrapped; the values are those of `Target.framing`."""

    RTU = "rtu"
    MBAP = "modbus-tcp"

    @property
    def overhead(self) -> int:
        """Bytes of a frame besides its pdu."""
        return 3 if self is Form.RTU else _HEAD

    def wrap(self, unit: int, pdu: bytes, transaction: int | None = None) -> bytes:
        """A frame; `transaction` is that of the question, where an answer is wrapped."""
        body = bytes([unit]) + pdu
        if self is Form.RTU:
            return with_crc16_modbus(body)
        number = crc16_modbus(body) if transaction is None else transaction
        return number.to_bytes(2, "big") + bytes(2) + len(body).to_bytes(2, "big") + body

    def is_whole(self, frame: bytes) -> bool:
        """Whether the checksum is right, or the length and the protocol."""
        if self is Form.RTU:
            return len(frame) > self.overhead and crc16_modbus_ok(frame)
        return len(frame) > _HEAD and frame[2:4] == bytes(2) and int.from_bytes(frame[4:6], "big") == len(frame) - 6

    def unit(self, frame: bytes) -> int:
        """The unit id of a whole frame."""
        return frame[0] if self is Form.RTU else frame[_HEAD - 1]

    def pdu(self, frame: bytes) -> bytes:
        """The message in a whole frame."""
        return frame[1:-2] if self is Form.RTU else frame[_HEAD:]

    def transaction(self, frame: bytes) -> int | None:
        """The number in the envelope."""
        return None if self is Form.RTU else int.from_bytes(frame[:2], "big")


def form_of(frame: bytes) -> Form:
    """The form of bytes that came without saying it: a right checksum is RTU, then an envelope that fits."""
    return Form.MBAP if not Form.RTU.is_whole(frame) and Form.MBAP.is_whole(frame) else Form.RTU


class AnswerFramer(ReplyFramer):
    """The side that asks. A refusal is a frame at once, as an answer of the usual size is."""

    def __init__(self) -> None:
        super().__init__(self._is_whole)
        self._form = Form.RTU
        self._looked = 0

    def expect(self, request: Request[Any]) -> None:
        super().expect(request)
        self._form = getattr(request, "form", Form.RTU)
        self._looked = 0

    def _is_whole(self, frame: bytes) -> bool:
        return self._form.is_whole(frame)

    def _find_frames(self) -> None:
        super()._find_frames()
        size = self._form.overhead + REFUSAL
        while len(self._buffer) - self._looked >= size:  # windows looked at once stay wrong
            if self._is_reply(self._looked, size):
                self._take_damage(self._looked, Damage.JUNK)
                self._take_frame(size, answers=True)
            else:
                self._looked += 1

    def _take_damage(self, size: int, why: Damage) -> None:
        super()._take_damage(size, why)
        self._looked = max(0, self._looked - size)

    def _take_frame(self, size: int, *, answers: bool = False) -> None:
        super()._take_frame(size, answers=answers)
        self._looked = 0


def command_framer() -> CommandFramer:
    """For a simulated meter, which takes both forms as a gateway does that recognises them."""
    return CommandFramer(lambda frame: form_of(frame).is_whole(frame), _request_size)


def _request_size(first: bytes) -> int | None:
    if len(first) > _HEAD and _looks_enveloped(first):
        return 6 + int.from_bytes(first[4:6], "big")
    size = request_size(first[1:])
    return None if size is None else size + Form.RTU.overhead


def _looks_enveloped(first: bytes) -> bool:
    length = int.from_bytes(first[4:6], "big")
    fits = first[2:4] == bytes(2) and _SHORTEST_REQUEST <= length <= 254 and first[_HEAD] in NAMES
    return fits and not crc16_modbus_ok(first[:8])


def readdressed(frame: bytes) -> bytes:
    """The same frame as from the neighbouring unit; what is no frame stays as it is."""
    form = form_of(frame)
    if not form.is_whole(frame):
        return frame
    return form.wrap(form.unit(frame) ^ 1, form.pdu(frame), form.transaction(frame))
