"""Days of another kind: the table of holidays, and the list of days that were moved. Pure.

* Holidays: 48 bytes, four for a month, day 1 in bit 7 of the first; no year. Behind them their checksum.
* Moved days: day, month, year in BCD and the table of the day, at most thirty; four zero bytes end the list, then its
  checksum. They win over holidays.

Both checksums are the sum of the bytes before it, and the master writes them.
Facts: docs/protocols/micron.md, 14.5, 14.6.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from meterlink.tariff import MonthDay, SpecialDay
from meterlink.tariff.schedule import in_calendar
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink_micron.payload import Day
from meterlink_micron.slots import Packing

HOLIDAYS_SIZE: Final = 48
"""Without the checksum."""
MOST_MOVED: Final = 30
_RECORD: Final = 4
MOVED_SIZE: Final = (MOST_MOVED + 1) * _RECORD + 1
"""Of a full list with its end and its checksum."""
_END: Final = bytes(_RECORD)
_MONTH: Final = 4

_TEXT: Final = {
    "size": "the table of holidays takes {size} bytes with its checksum, not {found}",
    "endless": "the list of moved days has no end",
    "kind": "moved days: {raw} names no kind of day of this meter",
    "date": "moved days: {raw} is no date",
}


def checksum(raw: bytes) -> int:
    """Of any of the tables."""
    return sum(raw) & 0xFF


# --- holidays ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HolidayTable:
    """The table as stored: 48 bytes and what stands behind them as their checksum."""

    bits: bytes
    check: int

    @classmethod
    def read(cls, raw: bytes) -> HolidayTable:
        """PayloadError where the size is wrong; a wrong checksum is none."""
        if len(raw) != HOLIDAYS_SIZE + 1:
            raise PayloadError(_TEXT["size"].format(size=HOLIDAYS_SIZE + 1, found=len(raw)))
        return cls(raw[:-1], raw[-1])

    @classmethod
    def of(cls, days: Iterable[MonthDay]) -> HolidayTable:
        """With the right checksum."""
        months = [0] * 12
        for month, day in days:
            months[month - 1] |= 1 << (8 * _MONTH - day)
        bits = b"".join(month.to_bytes(_MONTH, "big") for month in months)
        return cls(bits, checksum(bits))

    def encode(self) -> bytes:
        return self.bits + bytes([self.check])

    @property
    def is_whole(self) -> bool:
        """Whether the checksum is that of the bytes."""
        return self.check == checksum(self.bits)

    def days(self) -> tuple[MonthDay, ...]:
        """The days that the calendar has, in its order; bits of others mean nothing."""
        return tuple(day for day in self._marked() if in_calendar(day))

    def holds(self, day: date) -> bool:
        return bool(self.bits[_MONTH * (day.month - 1) + (day.day - 1) // 8] << (day.day - 1) % 8 & 0x80)

    def senseless(self) -> tuple[MonthDay, ...]:
        """Marked days that no calendar has."""
        return tuple(day for day in self._marked() if not in_calendar(day))

    def _marked(self) -> Iterable[MonthDay]:
        for month in range(1, 13):
            bits = int.from_bytes(self.bits[_MONTH * (month - 1) : _MONTH * month], "big")
            for day in range(1, 8 * _MONTH + 1):
                if bits >> (8 * _MONTH - day) & 1:
                    yield month, day


# --- moved days -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MovedDay:
    """A date, and the place of the table it follows among those of its month."""

    on: date
    table: int

    def encode(self) -> bytes:
        return Day().encode(self.on) + bytes([self.table])


@dataclass(frozen=True, slots=True)
class MovedDays:
    """The list as stored, and what it means; `notes` tell what means nothing."""

    days: tuple[MovedDay, ...]
    notes: tuple[str, ...]
    is_whole: bool

    @classmethod
    def read(cls, raw: bytes, packing: Packing) -> MovedDays:
        """Of the memory from the beginning of the list on."""
        days: list[MovedDay] = []
        notes: list[str] = []
        for at in range(0, MOST_MOVED * _RECORD + 1, _RECORD):
            record = raw[at : at + _RECORD]
            if record == _END:
                end = at + _RECORD
                return cls(tuple(days), tuple(notes), raw[end : end + 1] == bytes([checksum(raw[:end])]))
            try:
                days.append(_moved_day(record, packing))
            except PayloadError as error:
                notes.append(str(error))
        return cls((), (_TEXT["endless"],), False)

    def special_days(self, packing: Packing) -> tuple[SpecialDay, ...]:
        """As a schedule names them; of days that stand twice the first counts (nobody wrote down which does)."""
        found: dict[date, SpecialDay] = {}
        for day in self.days:
            kind = packing.tables[day.table].kind
            special = SpecialDay(month=day.on.month, day=day.on.day, year=day.on.year, kind=kind)
            found.setdefault(day.on, special)
        return tuple(found.values())


def moved_list(days: Iterable[MovedDay]) -> bytes:
    """The list in memory, with its end and its checksum."""
    body = b"".join(day.encode() for day in days) + _END
    return body + bytes([checksum(body)])


def _moved_day(record: bytes, packing: Packing) -> MovedDay:
    shown = hexadecimal(record)
    if len(record) < _RECORD or record[3] >= len(packing.tables):
        raise PayloadError(_TEXT["kind"].format(raw=shown))
    try:
        return MovedDay(Day().decode(record[:3]), record[3])
    except PayloadError as error:
        raise PayloadError(_TEXT["date"].format(raw=shown)) from error
