"""What a payload of this family is: the DATA field of a frame, in one direction, as a frozen value.

The same payload stands in the reply to a read and in the write that sets it, so each layout is told once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import ClassVar, Self

from meterlink.wire.payload import PayloadError, hexadecimal


@dataclass(frozen=True, slots=True)
class Payload(ABC):
    """The DATA field of a frame. `size` is its usual length in bytes, `sizes` every permitted one."""

    size: ClassVar[int]
    sizes: ClassVar[Collection[int]] = ()

    @classmethod
    @abstractmethod
    def decode(cls, data: bytes) -> Self:
        """The value of bytes of a permitted length; PayloadError when they mean nothing."""

    @abstractmethod
    def encode(self) -> bytes: ...

    def told(self) -> dict[str, object]:
        """The fields for the decoder: units in names, decimals as text."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def permitted(cls) -> Collection[int]:
        return cls.sizes or (cls.size,)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """`decode` after a look at the length."""
        if len(data) not in cls.permitted():
            raise PayloadError(f"{len(data)} {'byte' if len(data) == 1 else 'bytes'} of data, where {cls.size} belong")
        return cls.decode(data)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return hexadecimal(value)
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Nothing(Payload):
    """No data: most read requests, and the acknowledgement of every write."""

    size: ClassVar[int] = 0

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls()

    def encode(self) -> bytes:
        return b""


NOTHING = Nothing()


@dataclass(frozen=True, slots=True)
class Unknown(Payload):
    """Bytes whose meaning is not known, kept as they are."""

    raw: bytes

    size: ClassVar[int] = 0
    sizes: ClassVar[Collection[int]] = range(41)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data)

    def encode(self) -> bytes:
        return self.raw
