"""The blocks of registers that are more than a number: clock, day tables, year zones, weekend table, holidays.

clock     bytes in any order, named by the profile: YY MO DD HH MI SS, WW a weekday, 00 a filler
day table numbered: slots of HH MI NN; one for each kind of day: slots of HH MI 00 NN. From this time on tariff NN
          counts; NN = 0 ends the table
zones     entries of MO DD NN: from this date on day table NN counts; a month or a day of 0 ends the list
holidays  entries of MO DD NN: on this date day table NN counts; the same end
selector  one register: high byte the day table of weekends, low byte that of holidays; 0 = none
Times and dates are packed decimal; numbers of tables and tariffs are plain bytes. Which form a stored value has follows
from its name, so records and saved plans can be told without a profile.
Source    docs/protocols/modbus.md, 4 and 5
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final

from meterlink.tariff.schedule import clock_text, in_calendar, month_day_text
from meterlink.wire.payload import PayloadError, decode_bcd, decode_date, decode_datetime, encode_bcd

CLOCK_PARTS: Final = ("YY", "MO", "DD", "HH", "MI", "SS")
"""All of them must stand in the layout of a clock."""
WEEKDAY: Final = "WW"
FILLER: Final = "00"

ZONES: Final = "year zones"
SELECTOR: Final = "weekend and holiday tables"
HOLIDAYS: Final = "holidays"
KINDS: Final = ("workday", "weekend", "holiday")
"""The tables of a meter that has one for each kind of day instead of numbered ones."""

MonthDay = tuple[int, int]
Point = tuple[int, int]
"""Minute of the day, tariff."""
Entry = tuple[MonthDay, int]
"""A date and the day table that counts from then on, or on it."""

_ENTRY_BYTES: Final = 3
_NUMBERED: Final = 3
_BY_KIND: Final = 4
"""Bytes of a slot."""

_TEXT: Final = {
    "time": "{hour:02d}:{minute:02d} is not a time of day",
    "rising": "its slots are not in rising order",
    "empty": "it has no slot",
    "midnight": "its first slot begins at {time}, and what counts before is not known",
    "date": "{date} is no date",
    "twice": "{date} stands twice",
    "weekday": "{value} is no weekday",
    "size": "{found} bytes, where {wanted} belong",
    "slots": "{found} bytes are no whole number of slots",
    "no table": "none",
    "table": "day table {number}",
    "no days": "no days",
    "no slots": "no slots",
    "selector": "weekends: {weekend}, holidays: {holiday}",
}


def table_name(number: int) -> str:
    """A numbered day table in words."""
    return _TEXT["table"].format(number=number)


def kind_name(kind: str) -> str:
    """The day table of a kind of day in words."""
    return f"{kind} table"


KIND_NAMES: Final = tuple(map(kind_name, KINDS))


# --- the clock ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockForm:
    """How a clock stands in registers. `sunday` is the number of Sunday where the layout has a weekday: 0 or 7."""

    address: int
    layout: tuple[str, ...]
    sunday: int = 7

    @property
    def count(self) -> int:
        return len(self.layout) // 2

    def decode(self, data: bytes) -> tuple[datetime, int | None]:
        """The time, and the weekday as told, 0 = Sunday; PayloadError where there is no such time."""
        _check_size(data, len(self.layout))
        told = {part: decode_bcd(data[i : i + 1]) for i, part in enumerate(self.layout)}
        day = decode_date(told["DD"], told["MO"], told["YY"])
        return decode_datetime(day, told["HH"], told["MI"], told["SS"]), self._weekday(told.get(WEEKDAY))

    def encode(self, local: datetime, weekday: int | None = None) -> bytes:
        """The bytes of a whole second; `weekday` (0 = Sunday) where it is not that of the date."""
        shown = local.isoweekday() % 7 if weekday is None else weekday
        values = {
            "YY": local.year % 100,
            "MO": local.month,
            "DD": local.day,
            "HH": local.hour,
            "MI": local.minute,
            "SS": local.second,
            WEEKDAY: shown or self.sunday,
            FILLER: 0,
        }
        return b"".join(encode_bcd(values[part], 1) for part in self.layout)

    def _weekday(self, told: int | None) -> int | None:
        if told is None:
            return None
        if told not in range(8) or (told % 7 == 0 and told != self.sunday):
            raise PayloadError(_TEXT["weekday"].format(value=told))
        return told % 7


# --- day tables -----------------------------------------------------------------------------------------------------


def slot_bytes(name: str) -> int:
    """How many bytes a slot of this table has."""
    return _BY_KIND if name in KIND_NAMES else _NUMBERED


def decode_table(name: str, raw: bytes) -> tuple[Point, ...]:
    """The slots up to the end of the table; PayloadError where they are no table."""
    step = slot_bytes(name)
    if not raw or len(raw) % step:
        raise PayloadError(_TEXT["slots"].format(found=len(raw)))
    points: list[Point] = []
    for i in range(0, len(raw), step):
        tariff = raw[i + step - 1]
        if tariff == 0:
            break
        hour, minute = decode_bcd(raw[i : i + 1]), decode_bcd(raw[i + 1 : i + 2])
        if hour > 23 or minute > 59:
            raise PayloadError(_TEXT["time"].format(hour=hour, minute=minute))
        points.append((60 * hour + minute, tariff))
    return tuple(points)


def encode_table(name: str, points: Iterable[Point], slots: int) -> bytes:
    """The bytes of a table that fits; what is left is 00."""
    step = slot_bytes(name)
    raw = b"".join(
        encode_bcd(minute // 60, 1) + encode_bcd(minute % 60, 1) + tariff.to_bytes(step - 2, "big")
        for minute, tariff in points
    )
    return raw.ljust(slots * step, b"\0")


def why_no_day(points: Sequence[Point]) -> str | None:
    """Why slots make no whole day; None where they do."""
    if not points:
        return _TEXT["empty"]
    if any(before[0] >= after[0] for before, after in pairwise(points)):
        return _TEXT["rising"]
    return _TEXT["midnight"].format(time=clock_text(points[0][0])) if points[0][0] else None


# --- zones and holidays ---------------------------------------------------------------------------------------------


def decode_list(raw: bytes) -> tuple[Entry, ...]:
    """The entries up to the end of the list; PayloadError where one is no date or stands twice."""
    if not raw or len(raw) % _ENTRY_BYTES:
        raise PayloadError(_TEXT["slots"].format(found=len(raw)))
    entries: dict[MonthDay, int] = {}
    for i in range(0, len(raw), _ENTRY_BYTES):
        month, day = decode_bcd(raw[i : i + 1]), decode_bcd(raw[i + 1 : i + 2])
        if not (month and day):
            break
        if not in_calendar((month, day)):
            raise PayloadError(_TEXT["date"].format(date=month_day_text((month, day))))
        if (month, day) in entries:
            raise PayloadError(_TEXT["twice"].format(date=month_day_text((month, day))))
        entries[month, day] = raw[i + 2]
    return tuple(entries.items())


def encode_list(entries: Iterable[Entry], slots: int) -> bytes:
    """The bytes of a list that fits; what is left is 00."""
    raw = b"".join(encode_bcd(month, 1) + encode_bcd(day, 1) + bytes([table]) for (month, day), table in entries)
    return raw.ljust(slots * _ENTRY_BYTES, b"\0")


def decode_selector(raw: bytes) -> tuple[int, int]:
    """The day tables of weekends and of holidays, 0 where there is none."""
    _check_size(raw, 2)
    return raw[0], raw[1]


def _check_size(raw: bytes, wanted: int) -> None:
    if len(raw) != wanted:
        raise PayloadError(_TEXT["size"].format(found=len(raw), wanted=wanted))


# --- stored values --------------------------------------------------------------------------------------------------


def meaning(name: str, raw: bytes) -> object:
    """What values that mean the same share; PayloadError where bytes mean nothing."""
    if name in (ZONES, HOLIDAYS):
        return frozenset(decode_list(raw))
    return decode_selector(raw) if name == SELECTOR else decode_table(name, raw)


def told(name: str, raw: bytes) -> str:
    """One stored value in words; PayloadError where bytes mean nothing."""
    if name in (ZONES, HOLIDAYS):
        entries = (f"{month_day_text(day)} {table_name(table)}" for day, table in decode_list(raw))
        return ", ".join(entries) or _TEXT["no days"]
    if name == SELECTOR:
        weekend, holiday = map(_told_table, decode_selector(raw))
        return _TEXT["selector"].format(weekend=weekend, holiday=holiday)
    points = (f"{clock_text(minute)} T{tariff}" for minute, tariff in decode_table(name, raw))
    return " | ".join(points) or _TEXT["no slots"]


def _told_table(number: int) -> str:
    return table_name(number) if number else _TEXT["no table"]


# --- where they are -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariffs:
    """Where the tariff tables of a meter are: (address, count) of each stored value by its name, holidays last.

    Either numbered day tables with zones, or one table for each of `KINDS`.
    """

    places: Mapping[str, tuple[int, int]] = field(hash=False)

    @property
    def numbers(self) -> range:
        """The numbers of its day tables; none where it has one for each kind of day."""
        return range(1, 1 if KIND_NAMES[0] in self.places else 1 + len(self.day_tables))

    @property
    def day_tables(self) -> tuple[str, ...]:
        return tuple(name for name in self.places if name not in (ZONES, SELECTOR, HOLIDAYS))

    @property
    def schedule_names(self) -> tuple[str, ...]:
        """The stored values of the schedule, holidays left out."""
        return tuple(name for name in self.places if name != HOLIDAYS)

    def slots(self, name: str) -> int:
        """How many slots or entries a value has room for."""
        size = 2 * self.places[name][1]
        return size // (_ENTRY_BYTES if name in (ZONES, HOLIDAYS) else slot_bytes(name))
