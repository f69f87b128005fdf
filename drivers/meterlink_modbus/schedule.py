"""The tariff tables of a meter as a whole, and the way between them and the canonical year schedule. Pure.

There is no passive bank: what is written counts at once. So a new program goes into a day table that nothing refers to,
and the zones of the year are pointed at it in one frame afterwards; only where no table is free, one that counts is
written in place, whole, in one frame. After each frame every day has a whole program; with free tables enough it is the
old one or the new one.
Forms of the tables: `tables`. Facts: docs/protocols/modbus.md, 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from meterlink.driver import Unliftable
from meterlink.errors import ScheduleError
from meterlink.profiles import Limits
from meterlink.tariff import (
    KINDS_OF_DAY,
    DayKind,
    DayProgram,
    ScheduleLimits,
    Season,
    SpecialDay,
    YearSchedule,
    check_limits,
)
from meterlink.tariff.schedule import WEEKDAYS, WEEKEND, WORKDAYS
from meterlink.wire.payload import PayloadError
from meterlink_modbus.tables import (
    HOLIDAYS,
    KIND_NAMES,
    SELECTOR,
    ZONES,
    Entry,
    MonthDay,
    Tariffs,
    decode_list,
    decode_selector,
    decode_table,
    encode_list,
    encode_table,
    table_name,
    why_no_day,
)

Image = Mapping[str, bytes]
"""The tables as stored, by name."""

_NEW_YEAR: Final = (1, 1)

_TEXT: Final = {
    "no zone": f"{ZONES}: there is no zone, and which day table counts is not known",
    "no table": "{name} is named and does not exist",
    "holidays": f"{HOLIDAYS}: their day tables differ, and a holiday is one kind of day",
    "weekends": "the meter has one weekend table for the whole year",
    "holiday programs": "the meter has one holiday table for the whole year",
    "tables full": "{count} day programs, the meter holds {limit}",
}


# --- up -------------------------------------------------------------------------------------------------------------


def lift(image: Image) -> YearSchedule | Unliftable:
    """The canonical schedule of the tables, or the reasons why there is none."""
    lifting = _Lifting(image)
    seasons = lifting.by_kind() if KIND_NAMES[0] in image else lifting.by_zones()
    if lifting.reasons:
        return Unliftable(reasons=tuple(dict.fromkeys(lifting.reasons)))
    special = (SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY) for (month, day), _ in lifting.holidays)
    return YearSchedule(seasons=seasons, special_days=tuple(special))


@dataclass
class _Lifting:
    """Tables on their way to a schedule; `reasons` is why there is none."""

    image: Image
    reasons: list[str] = field(default_factory=list)
    holidays: tuple[Entry, ...] = ()

    def program(self, name: str) -> DayProgram:
        """The program of a table; any program, with a reason noted, where there is none."""
        try:
            if name not in self.image:
                raise PayloadError(_TEXT["no table"].format(name=name))
            return _program(name, self.image[name])
        except PayloadError as error:
            self.reasons.append(f"{name}: {error}")
        return DayProgram.of([(0, 1)])

    def entries(self, name: str) -> tuple[Entry, ...]:
        try:
            return decode_list(self.image[name])
        except PayloadError as error:
            self.reasons.append(f"{name}: {error}")
        return ()

    def by_kind(self) -> tuple[Season, ...]:
        workday, weekend, holiday = map(self.program, KIND_NAMES)
        return (_season(_NEW_YEAR, workday, weekend, holiday),)

    def by_zones(self) -> tuple[Season, ...]:
        zones = self.entries(ZONES)
        if not zones and not self.reasons:
            self.reasons.append(_TEXT["no zone"])
        weekend, holiday = (None if not number else self.program(table_name(number)) for number in self._selector())
        if HOLIDAYS in self.image:
            self.holidays = self.entries(HOLIDAYS)
            programs = {self.program(table_name(number)) for _, number in self.holidays}
            if len(programs) > 1:
                self.reasons.append(_TEXT["holidays"])
            holiday = next(iter(programs), holiday)
        seasons = []
        for starts, number in zones:
            workday = self.program(table_name(number))
            seasons.append(_season(starts, workday, weekend or workday, holiday or workday))
        return tuple(seasons)

    def _selector(self) -> tuple[int, int]:
        try:
            return decode_selector(self.image[SELECTOR]) if SELECTOR in self.image else (0, 0)
        except PayloadError as error:
            self.reasons.append(f"{SELECTOR}: {error}")
        return 0, 0


def _season(starts: MonthDay, workday: DayProgram, weekend: DayProgram, holiday: DayProgram) -> Season:
    week = dict.fromkeys(WORKDAYS, workday) | dict.fromkeys(WEEKEND, weekend) | {DayKind.HOLIDAY: holiday}
    return Season.of(starts, week)


def _program(name: str, raw: bytes) -> DayProgram:
    """PayloadError where the table makes no whole day."""
    points = decode_table(name, raw)
    why = why_no_day(points)
    if why is not None:
        raise PayloadError(why)
    try:
        return DayProgram.of(points)
    except ScheduleError as error:
        raise PayloadError(error.why) from error


def _known_program(image: Image, name: str) -> DayProgram | None:
    with suppress(PayloadError, KeyError):
        return _program(name, image[name])
    return None


# --- what a meter holds ---------------------------------------------------------------------------------------------


def schedule_limits(limits: Limits, tariffs: Tariffs) -> ScheduleLimits:
    """What a model holds by its profile, as far as there is room for it in its tables."""
    slots = tariffs.slots(tariffs.day_tables[0])
    seasons = tariffs.slots(ZONES) if ZONES in tariffs.places else 1
    days = tariffs.slots(HOLIDAYS) if HOLIDAYS in tariffs.places else 0
    return ScheduleLimits(
        tariffs=limits.tariffs,
        points_per_day=min(slots, limits.points_per_day or slots),
        seasons=min(seasons, limits.seasons or seasons),
        special_days=days if limits.special_days is None else min(days, limits.special_days),
        kinds=_kinds(tariffs),
        step_minutes=limits.step_minutes or 1,
        special_kinds=frozenset({DayKind.HOLIDAY}),
        special_days_yearly=True,
    )


def _kinds(tariffs: Tariffs) -> tuple[frozenset[DayKind], ...]:
    """Which kinds of day share a program: without a weekend table all seven weekdays."""
    if SELECTOR in tariffs.places or not tariffs.numbers:
        return KINDS_OF_DAY[3]
    every_day = frozenset(WEEKDAYS)
    return (every_day, frozenset({DayKind.HOLIDAY})) if HOLIDAYS in tariffs.places else (every_day,)


# --- down -----------------------------------------------------------------------------------------------------------


def lower(schedule: YearSchedule, stored: Image, tariffs: Tariffs, limits: ScheduleLimits) -> dict[str, bytes]:
    """The values that must hold something else than now, in the order in which they are written; holidays left out.

    ScheduleError names the limit that the schedule breaks.
    """
    check_limits(schedule, limits)
    if not tariffs.numbers:
        wanted = _by_kind(schedule, tariffs)
        return {name: raw for name, raw in wanted.items() if _known_program(stored, name) != _program(name, raw)}
    return _Lowering(schedule, stored, tariffs).values()


def _by_kind(schedule: YearSchedule, tariffs: Tariffs) -> dict[str, bytes]:
    (season,) = schedule.seasons
    programs = (season.week[kind] for kind in (DayKind.MONDAY, DayKind.SATURDAY, DayKind.HOLIDAY))
    return {name: _encoded(name, program, tariffs) for name, program in zip(KIND_NAMES, programs, strict=True)}


def _encoded(name: str, program: DayProgram, tariffs: Tariffs) -> bytes:
    return encode_table(name, ((point.minute, point.tariff) for point in program.points), tariffs.slots(name))


def holiday_table(stored: Image, tariffs: Tariffs) -> int:
    """The day table of holidays: the one that dates name, else that of the selector, else the last that is free."""
    named = [number for _, number in _entries(stored, HOLIDAYS) if number in tariffs.numbers]
    if named:
        return named[0]
    used = _in_use(stored)
    return next((number for number in reversed(tariffs.numbers) if number not in used), tariffs.numbers[-1])


def _entries(stored: Image, name: str) -> tuple[Entry, ...]:
    with suppress(PayloadError, KeyError):
        return decode_list(stored[name])
    return ()


def _selected(stored: Image) -> tuple[int, int]:
    with suppress(PayloadError, KeyError):
        return decode_selector(stored[SELECTOR])
    return 0, 0


def _in_use(stored: Image) -> frozenset[int]:
    """The day tables that something refers to."""
    named = (number for name in (ZONES, HOLIDAYS) for _, number in _entries(stored, name))
    return frozenset((*named, *_selected(stored)))


class _Lowering:
    """A schedule on its way into numbered day tables.

    `_content` is what tables shall hold, by number; every other table stays as it is.
    """

    def __init__(self, schedule: YearSchedule, stored: Image, tariffs: Tariffs) -> None:
        self._stored = stored
        self._tariffs = tariffs
        self._seasons = schedule.seasons
        self._special = bool(schedule.special_days)
        self._content: dict[int, DayProgram] = {}

    def values(self) -> dict[str, bytes]:
        weekend = self._for_all(DayKind.SATURDAY, "weekends") if SELECTOR in self._tariffs.places else None
        holiday = self._holiday()
        listed = [number for _, number in _entries(self._stored, HOLIDAYS) if number in self._tariffs.numbers]
        if self._special and not listed:
            listed = [holiday_table(self._stored, self._tariffs)]
        if holiday is not None:
            self._content = dict.fromkeys(listed, holiday)
        selected = (weekend, None if HOLIDAYS in self._tariffs.places else holiday)
        self._find_tables([*(season.week[DayKind.MONDAY] for season in self._seasons), *filter(None, selected)])
        values = self._changed_tables()
        zones = self._zones()
        if frozenset(zones) != frozenset(_entries(self._stored, ZONES)):
            values[ZONES] = encode_list(zones, self._tariffs.slots(ZONES))
        if SELECTOR in self._tariffs.places:
            selector = bytes(map(self._select, selected, _selected(self._stored)))
            if selector != self._stored.get(SELECTOR):
                values[SELECTOR] = selector
        return values

    # --- programs ----------------------------------------------------------------------------------------------------

    def _for_all(self, kind: DayKind, why: str) -> DayProgram | None:
        """The one program of a kind of day in all seasons; None where each season has its workday program for it."""
        programs = {season.week[kind] for season in self._seasons}
        if len(programs) == 1:
            return programs.pop()
        if all(season.week[kind] == season.week[DayKind.MONDAY] for season in self._seasons):
            return None
        raise ScheduleError(rule="kinds-alike", where=kind.name.lower(), why=_TEXT[why])

    def _holiday(self) -> DayProgram | None:
        """The program of holidays; None where no table of the meter is about them."""
        if HOLIDAYS in self._tariffs.places:
            if not self._special and not _entries(self._stored, HOLIDAYS):
                return None
            programs = {season.week[DayKind.HOLIDAY] for season in self._seasons}
            if len(programs) > 1:
                why = _TEXT["holiday programs"]
                raise ScheduleError(rule="kinds-alike", where=DayKind.HOLIDAY.name.lower(), why=why)
            return programs.pop()
        if SELECTOR in self._tariffs.places:
            return self._for_all(DayKind.HOLIDAY, "holiday programs")
        return None

    # --- tables ------------------------------------------------------------------------------------------------------

    def _find_tables(self, wanted: Iterable[DayProgram]) -> None:
        """A table for each program: one that holds it, else a free one, else one that counts now."""
        programs = [one for one in dict.fromkeys(wanted) if one not in self._content.values()]
        in_use = _in_use(self._stored)
        numbers = sorted(self._tariffs.numbers, key=lambda number: number not in in_use)
        for number in numbers:  # those that count now first, so that they stay in use
            program = _known_program(self._stored, table_name(number))
            if number not in self._content and program in programs and program not in self._content.values():
                assert program is not None
                self._content[number] = program
        missing = [one for one in programs if one not in self._content.values()]
        free = [number for number in self._tariffs.numbers if number not in self._content]
        free.sort(key=lambda number: number in in_use)
        if len(missing) > len(free):
            count = len(missing) + len(self._content)
            why = _TEXT["tables full"].format(count=count, limit=len(self._tariffs.numbers))
            raise ScheduleError(rule="kinds-limit", where="year", why=why)
        self._content.update(zip(free, missing, strict=False))

    def _changed_tables(self) -> dict[str, bytes]:
        """Those that nothing refers to first."""
        in_use = _in_use(self._stored)
        changed = [
            number
            for number, program in sorted(self._content.items(), key=lambda one: (one[0] in in_use, one[0]))
            if _known_program(self._stored, table_name(number)) != program
        ]
        return {
            table_name(number): _encoded(table_name(number), self._content[number], self._tariffs) for number in changed
        }

    def _table_of(self, program: DayProgram, now: int | None = None) -> int:
        """The table of a program; the one that is referred to now where it holds it."""
        if now is not None and self._content.get(now) == program:
            return now
        return next(number for number, held in self._content.items() if held == program)

    # --- what refers to them -----------------------------------------------------------------------------------------

    def _zones(self) -> list[Entry]:
        """One zone for each season, and one from New Year on where there is room: nothing is left to be guessed."""
        now = dict(_entries(self._stored, ZONES))
        zones = [
            (season.starts, self._table_of(season.week[DayKind.MONDAY], now.get(season.starts)))
            for season in self._seasons
        ]
        if zones[0][0] != _NEW_YEAR and len(zones) < self._tariffs.slots(ZONES):
            zones.insert(0, (_NEW_YEAR, zones[-1][1]))
        return zones

    def _select(self, program: DayProgram | None, now: int) -> int:
        """The number in the selector: 0 only where it stands there already or nothing else can say it."""
        if program is None:
            return 0
        same = all(season.week[DayKind.MONDAY] == program for season in self._seasons)
        return 0 if same and not now else self._table_of(program, now)


def new_holidays(days: Sequence[MonthDay], stored: Image, tariffs: Tariffs) -> bytes:
    """The list of these dates: those that are there as they are, others with the day table of holidays."""
    held = dict(_entries(stored, HOLIDAYS))
    number = holiday_table(stored, tariffs)
    return encode_list(((day, held.get(day, number)) for day in sorted(set(days))), tariffs.slots(HOLIDAYS))


def rank(name: str, old: bytes | None, new: bytes) -> int:
    """When a value may be written, so that no moment leaves a day without a program; the lower the earlier.

    Tables come before what refers to them, and those that lose their program after it. The selector comes before the
    zones where it names tables for days that followed the zones, and behind them where such days shall follow them.
    """
    if name == ZONES:
        return 2
    if name == HOLIDAYS:
        return 4
    if name == SELECTOR:
        before = (0, 0) if old is None or len(old) != 2 else old
        return 3 if any(one and not other for one, other in zip(before, new, strict=False)) else 1
    return 5 if _known_program({name: new}, name) is None else 0


# --- from the factory -----------------------------------------------------------------------------------------------

_FIRST_DAY: Final = ((0, 2), (7 * 60, 1), (23 * 60, 2))
_FIRST_BY_KIND: Final = ((0, 3), (7 * 60, 2), (22 * 60, 3))


def factory_image(tariffs: Tariffs) -> dict[str, bytes]:
    """What a simulated meter begins with: one day table for the whole year [guess; the times by kind: documented]."""
    image = {name: bytes(2 * count) for name, (_, count) in tariffs.places.items()}
    for name in tariffs.day_tables[:1] if tariffs.numbers else KIND_NAMES:
        points = _FIRST_DAY if tariffs.numbers else _FIRST_BY_KIND
        image[name] = encode_table(name, points, tariffs.slots(name))
    if tariffs.numbers:
        image[ZONES] = encode_list([(_NEW_YEAR, 1)], tariffs.slots(ZONES))
    return image
