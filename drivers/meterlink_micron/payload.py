"""What a payload of this family is: the bytes behind address and codes, in one direction, as a frozen value.

Most are a row of fields, so a payload names the codec of each field once, in `layout`; decoding, encoding and the
lengths follow from it. Numbers are binary, high byte first, unless a codec says otherwise.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar, Final, Protocol, Self

from meterlink.wire.payload import (
    PayloadError,
    decode_bcd,
    decode_date,
    decode_datetime,
    encode_bcd,
    hexadecimal,
)

_LARGEST: Final[float] = struct.unpack("<f", bytes.fromhex("FFFF7F7F"))[0]
_TEXT: Final = {
    "length": "{found} {unit} of data, where {wanted} belong",
    "count": "{told} bytes are announced, and {found} follow",
    "no number": "the meter gives no number here ({raw})",
}


class Codec(Protocol):
    """One field of a layout."""

    @property
    def size(self) -> int: ...

    def decode(self, raw: bytes) -> Any:
        """The value of bytes of that size; PayloadError where they mean nothing."""

    def encode(self, value: Any) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A binary number, high byte first."""

    size: int = 1
    signed: bool = False

    def decode(self, raw: bytes) -> int:
        return int.from_bytes(raw, "big", signed=self.signed)

    def encode(self, value: int) -> bytes:
        return value.to_bytes(self.size, "big", signed=self.signed)


@dataclass(frozen=True, slots=True)
class Digits:
    """A packed decimal number."""

    size: int = 1

    def decode(self, raw: bytes) -> int:
        return decode_bcd(raw)

    def encode(self, value: int) -> bytes:
        return encode_bcd(value, self.size)


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are."""

    size: int

    def decode(self, raw: bytes) -> bytes:
        return raw

    def encode(self, value: bytes) -> bytes:
        return value


@dataclass(frozen=True, slots=True)
class Float:
    """IEEE-754 of four bytes, low byte first, as the shortest decimal that gives the same bytes again."""

    size: int = 4

    def decode(self, raw: bytes) -> Decimal:
        value: float = struct.unpack("<f", raw)[0]
        if not math.isfinite(value):
            raise PayloadError(_TEXT["no number"].format(raw=hexadecimal(raw)))
        return next(
            Decimal(text)
            for text in (f"{value:.{digits}g}" for digits in range(1, 18))
            if abs(float(text)) <= _LARGEST and struct.pack("<f", float(text)) == raw
        )

    def encode(self, value: Decimal) -> bytes:
        return struct.pack("<f", value)


@dataclass(frozen=True, slots=True)
class Day:
    """Day, month, year: packed decimals."""

    size: int = 3

    def decode(self, raw: bytes) -> date:
        day, month, year = (Digits().decode(raw[at : at + 1]) for at in range(3))
        return decode_date(day, month, year)

    def encode(self, value: date) -> bytes:
        return b"".join(encode_bcd(part, 1) for part in (value.day, value.month, value.year % 100))


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """Second, minute, hour: packed decimals."""

    size: int = 3

    def decode(self, raw: bytes) -> time:
        second, minute, hour = (Digits().decode(raw[at : at + 1]) for at in range(3))
        return decode_datetime(date.min, hour, minute, second).time()

    def encode(self, value: time) -> bytes:
        return b"".join(encode_bcd(part, 1) for part in (value.second, value.minute, value.hour))


@dataclass(frozen=True, slots=True)
class Moment:
    """Second, minute, hour, weekday (1 = Monday), day, month, year: packed decimals; all zero where there is none."""

    size: int = 7

    def decode(self, raw: bytes) -> datetime | None:
        if not any(raw):
            return None
        of_day = TimeOfDay().decode(raw[:3])
        return datetime.combine(Day().decode(raw[4:]), of_day)

    def encode(self, value: datetime | None) -> bytes:
        if value is None:
            return bytes(self.size)
        weekday = encode_bcd(value.isoweekday(), 1)
        return TimeOfDay().encode(value.time()) + weekday + Day().encode(value.date())


@dataclass(frozen=True, slots=True)
class Payload:
    """`layout` are the codecs of the dataclass fields, in order; `sizes` the permitted lengths, the usual one first.

    `shown_as` is what the decoder calls a field that has another name there; "" for one that tells nothing.
    """

    layout: ClassVar[tuple[Codec, ...]] = ()
    shown_as: ClassVar[Mapping[str, str]] = {}
    sizes: ClassVar[Collection[int]] = ()

    @classmethod
    def permitted(cls) -> Collection[int]:
        return cls.sizes or (sum(codec.size for codec in cls.layout),)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The value of bytes of a permitted length; PayloadError where they mean nothing."""
        values, at = [], 0
        for codec in cls.layout:
            values.append(codec.decode(data[at : at + codec.size]))
            at += codec.size
        return cls(*values)

    def encode(self) -> bytes:
        return b"".join(
            codec.encode(getattr(self, field.name)) for codec, field in zip(self.layout, fields(self), strict=True)
        )

    def told(self) -> dict[str, object]:
        """The fields for the decoder: units in names, decimals as text."""
        names = {field.name: self.shown_as.get(field.name, field.name) for field in fields(self)}
        return {shown: plain(getattr(self, name)) for name, shown in names.items() if shown}

    @classmethod
    def read(cls, data: bytes) -> Self:
        """`decode` after a look at the length."""
        check_length(data, cls.permitted())
        return cls.decode(data)


def check_length(data: bytes, permitted: Collection[int]) -> None:
    """PayloadError where so many bytes are no such payload."""
    if len(data) not in permitted:
        unit = "byte" if len(data) == 1 else "bytes"
        wanted = " or ".join(map(str, permitted)) if len(permitted) < 4 else f"{min(permitted)} to {max(permitted)}"
        raise PayloadError(_TEXT["length"].format(found=len(data), unit=unit, wanted=wanted))


def check_count(told: int, found: int) -> None:
    """PayloadError where a payload announces another number of bytes than follow."""
    if told != found:
        raise PayloadError(_TEXT["count"].format(told=told, found=found))


def plain(value: object) -> object:
    """A value as documents tell it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return hexadecimal(value)
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Nothing(Payload):
    """No parameters."""


NOTHING: Final = Nothing()


@dataclass(frozen=True, slots=True)
class Data(Payload):
    """Bytes whose meaning belongs to others, or to nobody."""

    raw: bytes

    sizes: ClassVar[Collection[int]] = range(1, 256)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data)

    def encode(self) -> bytes:
        return self.raw
