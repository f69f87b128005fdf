"""What a meter is busy with and complains of, as it answers: flags, state word, tasks, pointers, the relay.

Layouts: docs/protocols/micron.md, 11.5, 12.5, 12.8 and 16 to 19.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Self

from meterlink.wire.payload import PayloadError, decode_datetime, encode_bcd
from meterlink_micron.payload import Codec, Data, Day, Digits, Moment, Payload, Raw, Whole

DST_FORBIDDEN_BIT: Final = 0x01
"""Flag 2.0: 1 forbids the automatic switch."""
ONE_TARIFF_BIT: Final = 0x40
"""Flag 2.6: all energy to T1."""
SCHEDULE_ERROR: Final = 13
"""Of every model: the checksum of the day schedules is wrong."""
BIT: Final = "E-{number:02d}"
"""An error that nobody explains."""

_TEXT: Final = {"tariff": "tariff code {code} is above 7"}


@dataclass(frozen=True, slots=True)
class Flags(Payload):
    """08 09: two bytes, 1.7 to 1.0 and 2.7 to 2.0; what the properties tell is of the base array."""

    byte1: int
    byte2: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())

    @property
    def dst_forbidden(self) -> bool:
        return bool(self.byte2 & DST_FORBIDDEN_BIT)

    @property
    def one_tariff(self) -> bool:
        return bool(self.byte2 & ONE_TARIFF_BIT)


@dataclass(frozen=True, slots=True)
class StateWord(Data):
    """08 0A: the bits E-08..E-01 in the first byte, and so on."""

    sizes: ClassVar[Collection[int]] = (5, 4)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the errors that are set."""
        word = int.from_bytes(self.raw, "little")
        return tuple(number for number in range(1, 8 * len(self.raw) + 1) if word >> number - 1 & 1)

    def told(self) -> dict[str, object]:
        return {"bits": [BIT.format(number=number) for number in self.numbers]}


@dataclass(frozen=True, slots=True)
class News(Payload):
    """08 0A 01: a bit for each journal with news, from bit 0 of the last byte on."""

    bits: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(32),)

    def told(self) -> dict[str, object]:
        return {"journals": [f"{number:02X}h" for number in range(256) if self.bits >> number & 1]}


@dataclass(frozen=True, slots=True)
class FourBytes(Payload):
    """08 0A 02 and 03 (keys, flags of the meter), 08 13 (what the display shows), 08 18 03."""

    raw: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(4),)


@dataclass(frozen=True, slots=True)
class Programmed(Payload):
    """08 19: when level 2 last wrote; older meters send a byte more."""

    at: datetime | None
    more: bytes = b""

    sizes: ClassVar[Collection[int]] = (7, 8)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(Moment().decode(data[:7]), data[7:])

    def encode(self) -> bytes:
        return Moment().encode(self.at) + self.more

    def told(self) -> dict[str, object]:
        return {"datetime": None if self.at is None else self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class TariffPointer(Payload):
    """08 0E: since when which tariff counts. Bits 7-6 of the code: before or after a limit of energy."""

    since: datetime
    code: int

    sizes: ClassVar[Collection[int]] = (7,)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        minute, hour = (Digits().decode(data[at : at + 1]) for at in range(2))
        pointer = cls(decode_datetime(Day().decode(data[3:6]), hour, minute, 0), data[6])
        if pointer.code & 0x3F > 7:
            raise PayloadError(_TEXT["tariff"].format(code=pointer.code & 0x3F))
        return pointer

    def encode(self) -> bytes:
        at = self.since
        head = b"".join(encode_bcd(part, 1) for part in (at.minute, at.hour, at.isoweekday()))
        return head + Day().encode(at) + bytes([self.code])

    @property
    def tariff(self) -> int:
        """1 is T1."""
        return (self.code & 0x3F) + 1

    def told(self) -> dict[str, object]:
        return {"since": self.since.isoformat(), "tariff": self.tariff}


@dataclass(frozen=True, slots=True)
class TaskState(Payload):
    """08 18 02: latching."""

    state: int
    identifier: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())


@dataclass(frozen=True, slots=True)
class SearchState(Payload):
    """08 18 00: the search of a header of the power profile."""

    state: int
    identifier: int
    array: int
    address: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole(), Whole(2))
    shown_as: ClassVar[Mapping[str, str]] = {"address": "memory_address"}


@dataclass(frozen=True, slots=True)
class ProfilePointer(Payload):
    """08 04: the slice that runs, and where it will be stored; bit 7 of the minute says that the array is full."""

    slice_start: datetime
    overflow: bool
    address: int

    sizes: ClassVar[Collection[int]] = (7,)
    shown_as: ClassVar[Mapping[str, str]] = {"address": "memory_address"}

    @classmethod
    def decode(cls, data: bytes) -> Self:
        minute = Digits().decode(bytes([data[0] & 0x7F]))
        start = decode_datetime(Day().decode(data[2:5]), Digits().decode(data[1:2]), minute, 0)
        return cls(start, bool(data[0] & 0x80), int.from_bytes(data[5:], "big"))

    def encode(self) -> bytes:
        at = self.slice_start
        minute = encode_bcd(at.minute, 1)[0] | 0x80 * self.overflow
        return bytes([minute]) + encode_bcd(at.hour, 1) + Day().encode(at) + self.address.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class Control(Payload):
    """08 20: the state of the load relay, or a limit in counts."""

    value: int
    size: int

    sizes: ClassVar[Collection[int]] = (2, 4)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(int.from_bytes(data, "big"), len(data))

    def encode(self) -> bytes:
        return self.value.to_bytes(self.size, "big")

    def told(self) -> dict[str, object]:
        return {"raw": self.value}


RELAY: Final = {0: "on", 1: "off", 3: "off, may be switched on", 4: "no relay"}
"""08 20 00 00."""
