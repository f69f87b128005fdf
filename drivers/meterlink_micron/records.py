"""Records of journals (04 and 09): which journals there are, and the kinds of their records.

Moment    ss mm hh weekday dd mm yy, packed decimals; all zero where the event is not over
Record    0 is the oldest, 9 (or 19) the newest
Source    docs/protocols/micron.md, chapter 15
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Self

from meterlink_micron.payload import Codec, Moment, Payload, Raw, Whole

CLOCK_JOURNAL: Final = 0x00


@dataclass(frozen=True, slots=True)
class ShortRecord(Payload):
    """04: journal and record in one byte; 04 00 is the clock."""

    journal: int
    record: int

    sizes: ClassVar[Collection[int]] = (1,)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0] >> 4, data[0] & 0xF)

    def encode(self) -> bytes:
        return bytes([self.journal << 4 | self.record])


@dataclass(frozen=True, slots=True)
class LongRecord(Payload):
    """09."""

    journal: int
    record: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())


@dataclass(frozen=True, slots=True)
class Pair(Payload):
    """Begin and end."""

    begin: datetime | None
    end: datetime | None

    layout: ClassVar[tuple[Codec, ...]] = (Moment(), Moment())


@dataclass(frozen=True, slots=True)
class Single(Payload):
    """One moment."""

    at: datetime | None

    layout: ClassVar[tuple[Codec, ...]] = (Moment(),)


@dataclass(frozen=True, slots=True)
class Reason(Payload):
    """A moment, why, and by which channel."""

    at: datetime | None
    reason: int
    channel: int
    spare: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Moment(), Whole(), Whole(), Raw(5))


@dataclass(frozen=True, slots=True)
class Counter(Payload):
    """The last time on a day, and how often on that day; on later models two of the spare bytes are reason, channel."""

    at: datetime | None
    spare: bytes
    count: int

    layout: ClassVar[tuple[Codec, ...]] = (Moment(), Raw(3), Whole(4))


@dataclass(frozen=True, slots=True)
class StateRecord(Payload):
    """The state word as it became."""

    at: datetime | None
    spare: bytes
    state: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Moment(), Raw(2), Raw(5))


@dataclass(frozen=True, slots=True)
class Detail(Payload):
    """A moment and seven bytes that meterlink does not read."""

    at: datetime | None
    rest: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Moment(), Raw(7))


Record = Pair | Single | Reason | Counter | StateRecord | Detail

_SINGLE: Final = (0x03, 0x04, 0x05, 0x06, 0x3D, 0x3E, 0x3F, 0x4B)
_REASON: Final = (0x40, 0x41, 0x48, 0x4D, 0x50)
_COUNTER: Final = (0x46, 0x47, 0x49, 0x4A)
_DETAIL: Final = (0x4C, 0x4E, 0x4F, 0x51)
_PAIR: Final = (
    *(0x01, 0x02, 0x07, 0x08, 0x09, 0x0A),
    *range(0x0B, 0x3C),
    *(0x42, 0x43, 0x44, 0x45, 0x52, 0x53, 0x56),
)
_STATE: Final = (0x3C,)

RECORDS: Final[Mapping[int, type[Payload]]] = {
    **dict.fromkeys(_PAIR, Pair),
    **dict.fromkeys(_SINGLE, Single),
    **dict.fromkeys(_REASON, Reason),
    **dict.fromkeys(_COUNTER, Counter),
    **dict.fromkeys(_DETAIL, Detail),
    **dict.fromkeys(_STATE, StateRecord),
}
"""What a record of each journal is."""

LENGTH: Final = 10
"""Records of a journal; those of mains quality, inputs and load control, which meterlink does not read, have twenty."""
