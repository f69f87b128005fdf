"""What the reads of code 08 are asked with, behind the parameter code.

Layouts: docs/protocols/micron.md, 8.3.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from meterlink_micron.payload import Codec, Payload, Whole


@dataclass(frozen=True, slots=True)
class Index(Payload):
    """A number behind the parameter code: which channel, array, tariff, parameter."""

    number: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(),)


@dataclass(frozen=True, slots=True)
class MaybeIndex(Payload):
    """The same where the plain command has none."""

    number: int | None = None

    sizes: ClassVar[Collection[int]] = (0, 1)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0] if data else None)

    def encode(self) -> bytes:
        return b"" if self.number is None else bytes([self.number])

    def told(self) -> dict[str, object]:
        return {} if self.number is None else {"number": self.number}


PLAIN: Final = MaybeIndex()
"""The plain command."""


@dataclass(frozen=True, slots=True)
class TwoIndices(Payload):
    """08 1B (array, RWRI), 08 20 (number, tariff)."""

    number: int
    of: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())


@dataclass(frozen=True, slots=True)
class FloatMask(Payload):
    """08 23: which values as floats, from bit 0 of the last byte on."""

    identifier: int
    array: int
    mask: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole(8))

    def told(self) -> dict[str, object]:
        return {"identifier": self.identifier, "array": self.array, "mask": f"{self.mask:016X}"}


@dataclass(frozen=True, slots=True)
class Picture(Payload):
    """08 1C: 00 month, 01 profile kind (both one byte), 02 month."""

    kind: int
    number: int
    further: int | None = None

    sizes: ClassVar[Collection[int]] = (2, 3)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0], data[1], data[2] if len(data) == 3 else None)

    def encode(self) -> bytes:
        return bytes([self.kind, self.number, *([] if self.further is None else [self.further])])

    def told(self) -> dict[str, object]:
        further = {} if self.further is None else {"further": self.further}
        return {"kind": self.kind, "number": self.number, **further}
