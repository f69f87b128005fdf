"""Values of the moment, as a meter answers them: integers with directions, floats, the old forms.

What a count of an integer is worth: `quantities`. Layouts: docs/protocols/micron.md, 12.6, 13 and 20.3.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Self

from meterlink_micron.payload import Codec, Float, Moment, Payload, Raw, Whole


@dataclass(frozen=True, slots=True)
class Temperature(Payload):
    """08 01."""

    zero: int
    celsius: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(signed=True))
    shown_as: ClassVar[Mapping[str, str]] = {"zero": ""}


@dataclass(frozen=True, slots=True)
class Momentary(Payload):
    """08 11 and 08 14: the two top bits tell the direction of active and reactive power, the rest is a number."""

    bits: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(3),)

    @property
    def count(self) -> int:
        return self.bits & 0x3FFFFF

    @property
    def active_reverse(self) -> bool:
        return bool(self.bits >> 23)

    @property
    def reactive_reverse(self) -> bool:
        return bool(self.bits >> 22 & 1)

    def told(self) -> dict[str, object]:
        return {
            "raw": self.count,
            "active_reverse": self.active_reverse,
            "reactive_reverse": self.reactive_reverse,
        }


@dataclass(frozen=True, slots=True)
class Group(Payload):
    """08 16: sum and three phases."""

    values: tuple[Momentary, ...]

    sizes: ClassVar[Collection[int]] = (12,)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(tuple(Momentary.decode(data[at : at + 3]) for at in range(0, 12, 3)))

    def encode(self) -> bytes:
        return b"".join(value.encode() for value in self.values)

    def told(self) -> dict[str, object]:
        told = [value.told() for value in self.values]
        return {name: [value[name] for value in told] for name in told[0]}


@dataclass(frozen=True, slots=True)
class Latched(Payload):
    """08 14 50: when the values were latched. 08 14 F0 answers `Counts`."""

    at: datetime | None

    layout: ClassVar[tuple[Codec, ...]] = (Moment(),)


@dataclass(frozen=True, slots=True)
class Floats(Payload):
    """08 1B: one value or four, in SI units, ratios applied; 08 1E, 08 21 one."""

    values: tuple[Decimal, ...]

    sizes: ClassVar[Collection[int]] = (4, 16)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(tuple(Float().decode(data[at : at + 4]) for at in range(0, len(data), 4)))

    def encode(self) -> bytes:
        return b"".join(Float().encode(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class MaskedFloats(Payload):
    """08 23: what was asked for, in order; None for what the meter marks as not there."""

    identifier: int
    raw: bytes

    sizes: ClassVar[Collection[int]] = range(5, 94, 4)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0], data[1:])

    def encode(self) -> bytes:
        return bytes([self.identifier]) + self.raw

    @property
    def values(self) -> tuple[Decimal | None, ...]:
        pieces = (self.raw[at : at + 4] for at in range(0, len(self.raw), 4))
        return tuple(None if piece[2:] == b"\x80\x7f" else Float().decode(piece) for piece in pieces)

    def told(self) -> dict[str, object]:
        values = [None if value is None else f"{value:f}" for value in self.values]
        return {"identifier": self.identifier, "values": values}


@dataclass(frozen=True, slots=True)
class OldFrequency(Payload):
    """08 0F."""

    raw: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(2),)

    def told(self) -> dict[str, object]:
        hertz = Decimal(357_954_500) / (2 * self.raw) / 100 if self.raw else None
        return {"raw": self.raw, "hz": None if hertz is None else f"{hertz:.2f}"}


@dataclass(frozen=True, slots=True)
class OldPower(Payload):
    """08 10: active and reactive power in counts that need the constant."""

    active: int
    reactive: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(3, signed=True), Whole(3, signed=True))


@dataclass(frozen=True, slots=True)
class Powers(Payload):
    """08 0C: eight bytes of the running profile."""

    raw: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(8),)


@dataclass(frozen=True, slots=True)
class Quality(Payload):
    """08 15: three bytes whose meaning is a matter of the parameter."""

    first: int
    second: int
    third: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole())
