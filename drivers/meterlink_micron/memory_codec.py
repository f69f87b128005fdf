"""What memories are asked with (06, 0C), what 0C answers, and what is written into them (07).

Where a model keeps what: `memory`. Layouts: docs/protocols/micron.md, 8.1 and 14.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from meterlink_micron.payload import Codec, Payload, Whole, check_count


@dataclass(frozen=True, slots=True)
class MemoryPlace(Payload):
    """06: which memory, from where, how many bytes."""

    memory: int
    address: int
    count: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(2), Whole())
    shown_as: ClassVar[Mapping[str, str]] = {"address": "memory_address"}


@dataclass(frozen=True, slots=True)
class NamedPlace(Payload):
    """0C: the same with an identifier before."""

    identifier: int
    memory: int
    address: int
    count: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole(2), Whole())
    shown_as: ClassVar[Mapping[str, str]] = {"address": "memory_address"}


@dataclass(frozen=True, slots=True)
class NamedData(Payload):
    """What 0C answers."""

    identifier: int
    data: bytes

    sizes: ClassVar[Collection[int]] = range(2, 256)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0], data[1:])

    def encode(self) -> bytes:
        return bytes([self.identifier]) + self.data


@dataclass(frozen=True, slots=True)
class MemoryWrite(Payload):
    """07."""

    memory: int
    address: int
    data: bytes

    sizes: ClassVar[Collection[int]] = range(5, 5 + 128)
    shown_as: ClassVar[Mapping[str, str]] = {"address": "memory_address"}

    @classmethod
    def decode(cls, data: bytes) -> Self:
        check_count(data[3], len(data) - 4)
        return cls(data[0], int.from_bytes(data[1:3], "big"), data[4:])

    def encode(self) -> bytes:
        return bytes([self.memory]) + self.address.to_bytes(2, "big") + bytes([len(self.data)]) + self.data
