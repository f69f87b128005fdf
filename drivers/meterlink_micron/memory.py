"""Where a model keeps its tables: the map of memory 02 by its profile, and how names become addresses. Pure.

Keys of `[driver_table]` that belong here (whole numbers, but for a command; addresses may be written as 0x0440):

    tariff_tables     4 or 8: how days are packed (slots.PACKINGS)
    schedule_at       list of addresses at which the day schedules may lie; with two of them the meter is asked first
    schedule_check_at address of their checksum, which the meter counts itself (03 21)
    holidays_at       address of the table of holidays
    moved_days_at     address of the list of moved days; 0 where the model has none
    memory_command    how memory is read: "06", whose answers name nothing, or "0C", whose answers name the request
    memory_read       most bytes of one 06; 16 is right for every model. A 0C carries one less
    moved_days_error  the E number of the state word that says that their checksum is wrong; 0 for none

Writes take at most sixteen bytes on every model and never cross the end of a table.
Facts: docs/protocols/micron.md, 14.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meterlink.profiles import Profile
from meterlink.tariff.schedule import MONTH_NAMES
from meterlink_micron.days import HOLIDAYS_SIZE, MOVED_SIZE
from meterlink_micron.slots import PACKINGS, Packing

MONTHS: Final = range(1, 13)
HOLIDAYS: Final = "holidays"
MOVED_DAYS: Final = "moved days"
PLAIN_READ: Final = "06"
NAMED_READ: Final = "0C"
TABLES_MEMORY: Final = 2
"""The number of the memory that holds the tables."""
PIECE: Final = 16
"""Bytes of one write."""

DayKey = tuple[int, int]
"""Month 1 to 12, and the place of the table in it."""


@dataclass(frozen=True, slots=True)
class Span:
    """So many bytes of memory 02."""

    at: int
    size: int

    @property
    def end(self) -> int:
        return self.at + self.size

    def pieces(self, most: int) -> Iterator[Span]:
        """Cut into spans of at most so many bytes."""
        for at in range(self.at, self.end, most):
            yield Span(at, min(most, self.end - at))

    def reads(self, most: int) -> Iterator[Span]:
        """The same with two bytes at least: one alone could not be told from a status."""
        *pieces, last = self.pieces(most)
        if pieces and last.size == 1:
            before = pieces.pop()
            pieces.append(Span(before.at, before.size - 1))
            last = Span(last.at - 1, 2)
        yield from (*pieces, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The memory map of one model. `schedule_at` has more than one address where nobody knows which one it is."""

    packing: Packing
    schedule_at: tuple[int, ...]
    schedule_check_at: int
    holidays_at: int
    moved_days_at: int
    memory_command: str
    memory_read: int
    moved_days_error: int

    @property
    def is_named(self) -> bool:
        """Whether answers name the request that they belong to."""
        return self.memory_command == NAMED_READ

    @property
    def most_read(self) -> int:
        """Bytes of one read; the identifier takes the place of one."""
        return self.memory_read - self.is_named

    @property
    def holidays(self) -> Span:
        """The table with its checksum."""
        return Span(self.holidays_at, HOLIDAYS_SIZE + 1)

    @property
    def moved_days(self) -> Span | None:
        """The longest list; None where the model has none."""
        return Span(self.moved_days_at, MOVED_SIZE) if self.moved_days_at else None

    @property
    def year_size(self) -> int:
        return len(MONTHS) * len(self.packing.tables) * self.packing.size

    def year(self, base: int) -> Span:
        """All day schedules, where they begin at `base`."""
        return Span(base, self.year_size)

    def day(self, key: DayKey, base: int) -> Span:
        """One of them."""
        month, table = key
        place = (month - 1) * len(self.packing.tables) + table
        return Span(base + place * self.packing.size, self.packing.size)

    @property
    def keys(self) -> Iterator[DayKey]:
        """Of every day schedule, in stored order."""
        return keys_of(self.packing)


def keys_of(packing: Packing) -> Iterator[DayKey]:
    return ((month, table) for month in MONTHS for table in range(len(packing.tables)))


def day_name(key: DayKey, packing: Packing) -> str:
    """`January weekdays`, `March holiday`."""
    month, table = key
    return f"{MONTH_NAMES[month - 1]} {packing.tables[table].name}"


DAY_NAMES: Final[Mapping[int, Mapping[str, DayKey]]] = {
    tariffs: {day_name(key, packing): key for key in keys_of(packing)} for tariffs, packing in PACKINGS.items()
}
"""The names of the day schedules by the tariffs of the packing."""


def joined_runs(spans: Iterable[Span]) -> Sequence[Span]:
    """The same bytes in as few spans as there are gaps between them."""
    runs: list[Span] = []
    for span in sorted(spans, key=lambda one: one.at):
        if runs and span.at <= runs[-1].end:
            runs[-1] = Span(runs[-1].at, max(runs[-1].end, span.end) - runs[-1].at)
        else:
            runs.append(span)
    return runs


# --- the profile's part -----------------------------------------------------------------------------------------------

_Check = Callable[[object], bool]


def _number(least: int, most: int) -> _Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


_ADDRESS: Final = _number(0, 0xFFFF)


def _addresses(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) in (1, 2) and all(map(_ADDRESS, value))


CHECKS: Final[Mapping[str, tuple[_Check, str]]] = {
    "tariff_tables": (lambda value: value in PACKINGS and not isinstance(value, bool), "4 or 8"),
    "schedule_at": (_addresses, "a list of one or two addresses"),
    "schedule_check_at": (_ADDRESS, "an address"),
    "holidays_at": (_ADDRESS, "an address"),
    "moved_days_at": (_ADDRESS, "an address, or 0"),
    "memory_command": (lambda value: value in (PLAIN_READ, NAMED_READ), f"{PLAIN_READ} or {NAMED_READ}"),
    "memory_read": (_number(PIECE, 133), "16 to 133"),
    "moved_days_error": (_number(0, 40), "a number from 1 to 40, or 0"),
}
"""For every key the check of its value, and what it must be."""


def layout_of(profile: Profile) -> Layout:
    """The map of a profile that `CHECKS` found nothing in."""
    table: Mapping[str, Any] = profile.driver_table
    return Layout(
        packing=PACKINGS[table["tariff_tables"]],
        schedule_at=tuple(table["schedule_at"]),
        **{key: table[key] for key in CHECKS if key not in ("tariff_tables", "schedule_at")},
    )
