"""The messages of Modbus that this family knows, over the classes of pymodbus; no unit id, no checksum, no envelope.

    code  request                                   reply
    03    address:2 count:2                         bytes:1 data
    04    the same, input registers                 the same
    06    address:2 value:2                         the same
    10h   address:2 count:2 bytes:1 data            address:2 count:2
    any   -                                         code + 80h, exception:1

pymodbus is imported when the first frame is made, so that whoever has no Modbus meter never waits for it. Lengths are
looked at here first: pymodbus passes over a byte count that lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from meterlink.wire.payload import PayloadError

if TYPE_CHECKING:
    from pymodbus.pdu import ModbusPDU

READ_HOLDING: Final = 0x03
READ_INPUT: Final = 0x04
WRITE_ONE: Final = 0x06
WRITE: Final = 0x10
_REFUSED: Final = 0x80

MOST_READ: Final = 125
MOST_WRITTEN: Final = 123

NAMES: Final[Mapping[int, str]] = {
    READ_HOLDING: "read holding registers",
    READ_INPUT: "read input registers",
    WRITE_ONE: "write one register",
    WRITE: "write registers",
}
"""The functions that are known, in the words of the protocol."""

_TEXT: Final = {
    "function": "{code:02X}h is no function that meterlink knows",
    "size": "{size} bytes, where {wanted} belong",
    "bytes": "the byte count says {told}, and {found} bytes of data follow",
    "asked": "{found} bytes of data, where {wanted} were asked for",
    "count": "{count} registers in one request, and Modbus allows 1 to {most}",
    "other": "it acknowledges {found}, and {wanted} were written",
}


class _Classes(NamedTuple):
    request: type[ModbusPDU]
    reply: type[ModbusPDU]


@cache
def _classes() -> Mapping[int, _Classes]:
    """The message table: the client encodes the left side, a simulated meter the right one."""
    from pymodbus.pdu import register_message as of_registers

    return {
        READ_HOLDING: _Classes(of_registers.ReadHoldingRegistersRequest, of_registers.ReadHoldingRegistersResponse),
        READ_INPUT: _Classes(of_registers.ReadInputRegistersRequest, of_registers.ReadInputRegistersResponse),
        WRITE_ONE: _Classes(of_registers.WriteSingleRegisterRequest, of_registers.WriteSingleRegisterResponse),
        WRITE: _Classes(of_registers.WriteMultipleRegistersRequest, of_registers.WriteMultipleRegistersResponse),
    }


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]


def _bytes(words: list[int]) -> bytes:
    return b"".join(word.to_bytes(2, "big") for word in words)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: so many registers from an address on; `data` are their new contents where it writes."""

    function: int
    address: int
    count: int = 1
    data: bytes = b""

    @property
    def name(self) -> str:
        return f"{NAMES[self.function]} {span(self.address, self.count)}"

    @property
    def writes(self) -> bool:
        return self.function in (WRITE_ONE, WRITE)

    def encode(self) -> bytes:
        made = _classes()[self.function].request(address=self.address, count=self.count, registers=_words(self.data))
        return bytes([self.function]) + made.encode()

    @classmethod
    def decode(cls, pdu: bytes) -> Asked:
        """The request of these bytes; PayloadError where they are none that is known."""
        _look_at_request(pdu)
        made = _decoded(_classes()[pdu[0]].request, pdu)
        if pdu[0] in (READ_HOLDING, READ_INPUT):
            return cls(pdu[0], made.address, made.count)
        return cls(pdu[0], made.address, len(made.registers), _bytes(list(made.registers)))

    def reply_size(self) -> int:
        """The length of the reply that says yes."""
        return 5 if self.writes else 2 + 2 * self.count


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply. `exception` is set where it says no; then nothing else is. `address` is told by writes alone."""

    function: int
    address: int | None = None
    count: int = 0
    data: bytes = b""
    exception: int | None = None

    @classmethod
    def to(cls, asked: Asked, data: bytes = b"") -> Answered:
        """The reply that says yes."""
        if asked.writes:
            return cls(asked.function, asked.address, asked.count, asked.data if asked.function == WRITE_ONE else b"")
        return cls(asked.function, None, asked.count, data)

    def encode(self) -> bytes:
        if self.exception is not None:
            return bytes([self.function | _REFUSED, self.exception])
        made = _classes()[self.function].reply(address=self.address or 0, count=self.count, registers=_words(self.data))
        return bytes([self.function]) + made.encode()

    @classmethod
    def decode(cls, pdu: bytes) -> Answered:
        """The reply of these bytes; PayloadError where they are none that is known, or lie about their length."""
        if pdu and pdu[0] & _REFUSED and pdu[0] & ~_REFUSED in NAMES:
            if len(pdu) != 2:
                raise _wrong("size", size=len(pdu), wanted=2)
            return cls(pdu[0] & ~_REFUSED, exception=pdu[1])
        _look_at_reply(pdu)
        made = _decoded(_classes()[pdu[0]].reply, pdu)
        if pdu[0] in (READ_HOLDING, READ_INPUT):
            return cls(pdu[0], None, len(made.registers), pdu[2:])
        written = _bytes(list(made.registers))
        return cls(pdu[0], made.address, made.count if pdu[0] == WRITE else 1, written)

    def fits(self, asked: Asked) -> None:
        """PayloadError where it is the right answer to another question."""
        if self.exception is not None:
            return
        if not asked.writes:
            if len(self.data) != 2 * asked.count:
                raise _wrong("asked", found=len(self.data), wanted=2 * asked.count)
        elif (self.address, self.count) != (asked.address, asked.count):
            raise _wrong("other", found=span(self.address or 0, self.count), wanted=span(asked.address, asked.count))


def span(address: int, count: int) -> str:
    """Registers as people write them: `0130`, `0300-030B`."""
    return f"{address:04X}" if count == 1 else f"{address:04X}-{address + count - 1:04X}"


def request_size(pdu: bytes) -> int | None:
    """The size of a whole request by its first bytes; None while it is too short or its function is not known."""
    if not pdu or pdu[0] not in NAMES:
        return None
    if pdu[0] != WRITE:
        return 5
    return 6 + pdu[5] if len(pdu) > 5 else None


def _decoded(kind: type[ModbusPDU], pdu: bytes) -> ModbusPDU:
    made = kind()
    made.decode(pdu[1:])
    return made


def _look_at_request(pdu: bytes) -> None:
    _look_at_function(pdu)
    size = request_size(pdu)
    if size is None or len(pdu) != size:
        raise _wrong("size", size=len(pdu), wanted=size or "6 and more")
    if pdu[0] == WRITE_ONE:
        return
    count, most = int.from_bytes(pdu[3:5], "big"), MOST_WRITTEN if pdu[0] == WRITE else MOST_READ
    if not 1 <= count <= most:
        raise _wrong("count", count=count, most=most)
    if pdu[0] == WRITE and pdu[5] != 2 * count:
        raise _wrong("asked", found=pdu[5], wanted=2 * count)


def _look_at_reply(pdu: bytes) -> None:
    _look_at_function(pdu)
    if pdu[0] in (WRITE_ONE, WRITE):
        if len(pdu) != 5:
            raise _wrong("size", size=len(pdu), wanted=5)
    elif len(pdu) < 2 or pdu[1] != len(pdu) - 2 or pdu[1] % 2 or not pdu[1]:
        raise _wrong("bytes", told=pdu[1] if len(pdu) > 1 else 0, found=max(0, len(pdu) - 2))


def _look_at_function(pdu: bytes) -> None:
    if not pdu or pdu[0] not in NAMES:
        raise _wrong("function", code=pdu[0] if pdu else 0)


def _wrong(why: str, **facts: object) -> PayloadError:
    return PayloadError(_TEXT[why].format(**facts))
