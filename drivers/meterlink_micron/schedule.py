"""The tariff tables of the family as a whole, and the way between them and the canonical year schedule. Pure.

Seasons are the twelve months; each has a day schedule for every kind of day the meter tells apart. Every slot has a
tariff, so a day depends on no other one. Layouts: `slots`, `days`, `memory`. Facts: docs/protocols/micron.md, 14.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from meterlink.driver import Unliftable
from meterlink.profiles import Limits
from meterlink.tariff import DayKind, DayProgram, ScheduleLimits, Season, SpecialDay, YearSchedule, check_limits
from meterlink.tariff.schedule import MONTH_NAMES
from meterlink.wire.payload import PayloadError
from meterlink_micron.days import HolidayTable, MovedDays
from meterlink_micron.memory import DAY_NAMES, HOLIDAYS, MONTHS, MOVED_DAYS, DayKey, day_name, keys_of
from meterlink_micron.slots import PACKINGS, SLOTS, STEP_MINUTES, Packing

_DAYS_A_YEAR: Final = 366

_TEXT: Final = {
    "senseless": "{name}: {why}",
    "check": "{name}: the stored checksum is wrong",
    "no day": "holidays: {month} has no day {day}",
    "not hexadecimal": "no bytes in hexadecimal",
}


@dataclass(frozen=True, slots=True)
class Image:
    """The tables as stored: the bytes of every day schedule, the holidays, and the moved days where there are any."""

    packing: Packing
    days: Mapping[DayKey, bytes]
    holidays: HolidayTable
    moved: MovedDays | None

    @classmethod
    def of(cls, stored: Mapping[str, str]) -> Image:
        """Of stored values by name; KeyError where one is missing, PayloadError where one has no such size."""
        packing = next(
            (PACKINGS[tariffs] for tariffs, names in DAY_NAMES.items() if next(iter(names)) in stored), PACKINGS[4]
        )
        moved = stored.get(MOVED_DAYS)
        return cls(
            packing=packing,
            days={key: bytes_of(stored[name]) for name, key in DAY_NAMES[packing.tariffs].items()},
            holidays=HolidayTable.read(bytes_of(stored[HOLIDAYS])),
            moved=None if moved is None else MovedDays.read(bytes_of(moved), packing),
        )

    def notes(self) -> tuple[str, ...]:
        """What stands in the tables without meaning anything, or may not be what somebody wrote."""
        senseless = [
            _TEXT["no day"].format(month=MONTH_NAMES[month - 1], day=day) for month, day in self.holidays.senseless()
        ]
        moved = () if self.moved is None else self.moved.notes
        checks = {HOLIDAYS: self.holidays.is_whole, MOVED_DAYS: self.moved is None or self.moved.is_whole}
        wrong = [_TEXT["check"].format(name=name) for name, right in checks.items() if not right]
        return (*senseless, *moved, *wrong)

    def special_days(self) -> tuple[SpecialDay, ...]:
        """Holidays of every year and moved days of one; a moved day wins."""
        yearly = tuple(SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY) for month, day in self.holidays.days())
        return yearly + (() if self.moved is None else self.moved.special_days(self.packing))


def bytes_of(raw: str) -> bytes:
    """The bytes of a stored form; PayloadError."""
    try:
        return bytes.fromhex(raw)
    except ValueError as error:
        raise PayloadError(_TEXT["not hexadecimal"]) from error


def lift(image: Image) -> YearSchedule | Unliftable:
    """The canonical schedule of the tables, or the reasons why there is none.

    The holiday table of a month in which no day is a holiday may hold anything: where it makes no sense, the month gets
    its Sunday program in that place.
    """
    special = image.special_days()
    used = {one.month for one in special if one.kind is DayKind.HOLIDAY}
    reasons: list[str] = []
    programs: dict[tuple[int, DayKind], DayProgram] = {}
    for (month, table), raw in image.days.items():
        kinds = image.packing.tables[table].kinds
        try:
            program = image.packing.program(raw)
        except PayloadError as error:
            if DayKind.HOLIDAY not in kinds or month in used:
                name = day_name((month, table), image.packing)
                reasons.append(_TEXT["senseless"].format(name=name, why=error))
            continue
        programs |= {(month, kind): program for kind in kinds}
    if reasons:
        return Unliftable(reasons=tuple(reasons))
    for month in MONTHS:
        programs.setdefault((month, DayKind.HOLIDAY), programs[month, DayKind.SUNDAY])
    seasons = (Season.of((month, 1), {kind: programs[month, kind] for kind in DayKind}) for month in MONTHS)
    return YearSchedule(seasons=tuple(seasons), special_days=special)


# --- down to the tables -----------------------------------------------------------------------------------------------


def schedule_limits(limits: Limits, packing: Packing) -> ScheduleLimits:
    """What a model holds by its profile, as far as there is room for it in the tables of the family.

    What no profile can say is of the tables themselves: seasons are months, switches lie on the ten minutes, and the
    special days that are written are holidays of every year.
    """
    return ScheduleLimits(
        tariffs=min(limits.tariffs, packing.tariffs),
        points_per_day=min(limits.points_per_day or SLOTS, SLOTS),
        seasons=min(limits.seasons or len(MONTHS), len(MONTHS)),
        special_days=_DAYS_A_YEAR if limits.special_days is None else min(limits.special_days, _DAYS_A_YEAR),
        kinds=packing.kinds,
        step_minutes=STEP_MINUTES,
        seasons_by_month=True,
        special_kinds=frozenset({DayKind.HOLIDAY}),
        special_days_yearly=True,
    )


def lower(schedule: YearSchedule, packing: Packing, limits: ScheduleLimits) -> dict[DayKey, bytes]:
    """Every day schedule of a year; ScheduleError names the limit that it breaks."""
    check_limits(schedule, limits)
    packed: dict[DayProgram, bytes] = {}
    days: dict[DayKey, bytes] = {}
    for key in keys_of(packing):
        month, table = key
        program = schedule.month_program(month, packing.tables[table].kind)
        if program not in packed:
            packed[program] = packing.packed(program)
        days[key] = packed[program]
    return days
