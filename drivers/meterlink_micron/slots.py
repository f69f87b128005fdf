"""A day in 144 slots of ten minutes: how its tariffs are packed into bytes, and what they mean. Pure.

Meters of eight tariffs keep one nibble for a slot, the first in the high one, and a table for each weekday. Meters of
four keep two bits, the first slot in bits 7 and 6, and one table for all workdays. A code is the tariff less one.
Facts: docs/protocols/micron.md, 14.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final

from meterlink.tariff import KINDS_OF_DAY, DayKind, DayProgram
from meterlink.tariff.schedule import WEEKDAYS, WORKDAYS, clock_text
from meterlink.wire.payload import PayloadError

SLOTS: Final = 144
STEP_MINUTES: Final = 10

_TEXT: Final = {
    "size": "a day takes {size} bytes, not {found}",
    "code": "the slot at {time} holds the code {code}, and the meter has {tariffs} tariffs",
}


@dataclass(frozen=True, slots=True)
class DayTable:
    """One table of a month: its name, and the kinds of day that follow it."""

    name: str
    kinds: tuple[DayKind, ...]

    @property
    def kind(self) -> DayKind:
        """Any of them."""
        return self.kinds[0]


@dataclass(frozen=True, slots=True)
class Packing:
    """How a meter keeps its days: bits for a slot, tariffs, and the tables of a month in stored order."""

    bits: int
    tariffs: int
    tables: tuple[DayTable, ...]

    @property
    def size(self) -> int:
        """Bytes of one day."""
        return SLOTS * self.bits // 8

    @property
    def kinds(self) -> tuple[frozenset[DayKind], ...]:
        """The kinds of day that share a table, as limits name them."""
        return KINDS_OF_DAY[len(self.tables)]

    def pack(self, codes: Iterable[int]) -> bytes:
        """The bytes of 144 codes."""
        whole = 0
        for code in codes:
            whole = whole << self.bits | code
        return whole.to_bytes(self.size, "big")

    def unpack(self, raw: bytes) -> list[int]:
        """The 144 codes of a day; PayloadError where it has another size."""
        if len(raw) != self.size:
            raise PayloadError(_TEXT["size"].format(size=self.size, found=len(raw)))
        mask, shifts = (1 << self.bits) - 1, range(8 - self.bits, -1, -self.bits)
        return [byte >> shift & mask for byte in raw for shift in shifts]

    def packed(self, program: DayProgram) -> bytes:
        """A program whose switches lie on the grid, with tariffs that the meter has."""
        codes: list[int] = []
        for start, end, tariff in program.spans():
            codes += repeat(tariff - 1, (end - start) // STEP_MINUTES)
        return self.pack(codes)

    def program(self, raw: bytes) -> DayProgram:
        """What a stored day means; PayloadError where a code is no tariff."""
        return DayProgram.of(self.switches(raw))

    def switches(self, raw: bytes) -> Sequence[tuple[int, int]]:
        """(Minute, tariff) of each slot that differs from the one before; PayloadError."""
        switches: list[tuple[int, int]] = []
        before = None
        for slot, code in enumerate(self.unpack(raw)):
            if code == before:
                continue
            if code >= self.tariffs:
                time = clock_text(slot * STEP_MINUTES)
                raise PayloadError(_TEXT["code"].format(time=time, code=code, tariffs=self.tariffs))
            switches.append((slot * STEP_MINUTES, code + 1))
            before = code
        return switches


def _single(kind: DayKind) -> DayTable:
    return DayTable(kind.name.lower(), (kind,))


FOUR: Final = Packing(
    bits=2,
    tariffs=4,
    tables=(
        DayTable("weekdays", WORKDAYS),
        _single(DayKind.SATURDAY),
        _single(DayKind.SUNDAY),
        _single(DayKind.HOLIDAY),
    ),
)
EIGHT: Final = Packing(bits=4, tariffs=8, tables=tuple(map(_single, (*WEEKDAYS, DayKind.HOLIDAY))))

PACKINGS: Final = {packing.tariffs: packing for packing in (FOUR, EIGHT)}
"""By the tariffs that they hold."""
