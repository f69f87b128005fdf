"""The tariff tables of the family: day graphs GRFnn, seasons SESON, exception days EXDAY. Pure.

A graph is up to twelve points HH:MM:TT; fillers (tariff 0) follow. Before the first point of a day the tariff of the
*latest* point of the same graph counts. A season is dd-mm and one graph for each weekday, Sunday first. An exception
day is dd.mm.NN and names a graph by itself; 128 in NN marks a working day and says nothing about tariffs.

Stored values are kept as the meter sent them, each in brackets, in hexadecimal: `(07:00:01)(23:00:02)...`.
Facts: docs/protocols/energomera.md, 13.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

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
    clock_text,
)
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink_energomera.models import Table
from meterlink_energomera.text import exactly

SESON: Final = "SESON"
EXDAY: Final = "EXDAY"
WORKING_DAY: Final = 128

WEEK: Final = tuple(kind for kind in DayKind if kind is not DayKind.HOLIDAY)
"""Sunday first, as the meters store it."""

_POINT: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})", re.ASCII)
_SEASON: Final = re.compile(r"([0-9]{1,2})[-.]([0-9]{1,2})" + r"[-,]([0-9]{1,2})" * 7, re.ASCII)
_DAY: Final = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{1,3})", re.ASCII)
_BRACKETS: Final = re.compile(r"\(([^()]*)\)")
P = TypeVar("P")
_TARIFFS: Final = range(1, 5)
ANY_GRAPH: Final = range(100)
_GRAPH: Final = "GRF"
MOST_SEASONS: Final = 12
MOST_DAYS: Final = 32
_ELEMENTS: Final = {SESON: MOST_SEASONS, EXDAY: MOST_DAYS}
"""Of the tables that are asked for as NAME(n.m), m elements from the nth on, on a CE6850M."""

_TEXT: Final = {
    "form": "{raw!r} is not a list of values in brackets",
    "point": "{text!r} is no point HH:MM:TT of a day",
    "season": "{text!r} is no season dd-mm and seven graphs",
    "day": "{text!r} is no exception day dd.mm.NN",
    "unsorted": "its points are not in rising order",
    "no point": "it has no point; what such a day does is not known",
    "not read": "{name} was not told by the meter",
    "no season": "SESON names no season",
    "graph": "{place} needs {name}, and {why}",
    "two holidays": "exception days name graphs that differ and are not those of a weekday: {names}",
    "holiday programs": "exception days name one graph for the whole year, so its seasons need the same program",
    "graphs full": "{count} different days are needed and {limit} graphs are there",
    "strange graph": "one in the meter names {name}, which this model does not have: write the exception days first",
    "one season": "seasons {one} and {other} begin on the same day",
}


def graph_name(number: int) -> str:
    return f"{_GRAPH}{number:02d}"


def is_graph(name: str) -> bool:
    return name.startswith(_GRAPH) and name[3:].isdecimal() and int(name[3:]) in ANY_GRAPH


def args_of(name: str, table: Table) -> str:
    """What stands in the brackets of the question for a table: all elements that the model holds, where it counts."""
    return f"1.{_ELEMENTS[name]}" if table.lists_counted and name in _ELEMENTS else ""


def whole(name: str, values: tuple[str, ...], table: Table) -> tuple[str, ...]:
    """The values of a table; PayloadError where a graph was cut short, which its fillers show. The others have none."""
    return exactly(name, values, table.graph_points) if is_graph(name) else values


def joined(values: Iterable[str]) -> str:
    """The stored form of values."""
    return hexadecimal("".join(f"({value})" for value in values).encode("ascii"))


def parted(raw: str) -> tuple[str, ...]:
    """The values of a stored form; PayloadError."""
    with suppress(ValueError):
        text = bytes.fromhex(raw).decode("ascii")
        values = _BRACKETS.findall(text)
        if joined(values) == hexadecimal(bytes.fromhex(raw)):
            return tuple(values)
    raise PayloadError(_TEXT["form"].format(raw=raw))


@dataclass(frozen=True, slots=True)
class Point:
    minute: int
    tariff: int

    def __str__(self) -> str:
        return f"{clock_text(self.minute)}:{self.tariff:02d}"


@dataclass(frozen=True, slots=True)
class StoredSeason:
    month: int
    day: int
    graphs: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.day:02d}-{self.month:02d}-" + "-".join(f"{graph:02d}" for graph in self.graphs)


@dataclass(frozen=True, slots=True)
class ExceptionDay:
    month: int
    day: int
    graph: int
    working: bool = False

    def __str__(self) -> str:
        return f"{self.day:02d}.{self.month:02d}.{self.graph + WORKING_DAY * self.working:02d}"


def read_points(values: Sequence[str]) -> tuple[Point, ...]:
    """The points of a graph without its fillers; PayloadError."""
    points = []
    for text in values:
        found = _POINT.fullmatch(text)
        hour, minute, tariff = map(int, found.groups()) if found else (99, 0, 0)
        if tariff == 0 and hour == 0 and minute == 0:
            continue
        if hour > 23 or minute > 59 or tariff not in _TARIFFS:
            raise PayloadError(_TEXT["point"].format(text=text))
        points.append(Point(hour * 60 + minute, tariff))
    if not all(one.minute < other.minute for one, other in pairwise(points)):
        raise PayloadError(_TEXT["unsorted"])
    return tuple(points)


def read_seasons(values: Sequence[str]) -> tuple[StoredSeason, ...]:
    """The seasons without fillers; PayloadError."""
    seasons = []
    for text in values:
        found = _SEASON.fullmatch(text)
        if found is None:
            raise PayloadError(_TEXT["season"].format(text=text))
        day, month, *graphs = map(int, found.groups())
        if day or month:
            _check_date(month, day, _TEXT["season"].format(text=text))
            seasons.append(StoredSeason(month, day, tuple(graphs)))
    return tuple(seasons)


def read_days(values: Sequence[str]) -> tuple[ExceptionDay, ...]:
    """The exception days without fillers; PayloadError."""
    days = []
    for text in values:
        found = _DAY.fullmatch(text)
        if found is None:
            raise PayloadError(_TEXT["day"].format(text=text))
        day, month, graph = map(int, found.groups())
        if day or month:
            _check_date(month, day, _TEXT["day"].format(text=text))
            days.append(ExceptionDay(month, day, graph % WORKING_DAY, graph >= WORKING_DAY))
    return tuple(days)


def _check_date(month: int, day: int, why: str) -> None:
    try:
        SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY)
    except ScheduleError:
        raise PayloadError(why) from None


def program_of(points: Sequence[Point]) -> DayProgram | None:
    """What a graph means; None for one without points."""
    if not points:
        return None
    begin = [] if points[0].minute == 0 else [(0, points[-1].tariff)]
    return DayProgram.of([*begin, *((point.minute, point.tariff) for point in points)])


def points_of(program: DayProgram) -> tuple[Point, ...]:
    """The points that are written: the one at 00:00 always stands, so that no reader has to guess."""
    return tuple(Point(point.minute, point.tariff) for point in program.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The tables as stored. What is missing was not read; what makes no sense has its reason among `senseless`."""

    graphs: Mapping[int, tuple[Point, ...]]
    seasons: tuple[StoredSeason, ...] | None
    days: tuple[ExceptionDay, ...] | None
    senseless: Mapping[str, str]

    @classmethod
    def of(cls, stored: Mapping[str, str], table: Table) -> Image:
        """Of stored values by name."""
        return cls._of(stored, table.graph_numbers)

    @classmethod
    def of_any(cls, stored: Mapping[str, str]) -> Image:
        """The same with as many graphs as there are values of."""
        return cls._of(stored, ANY_GRAPH)

    @classmethod
    def _of(cls, stored: Mapping[str, str], numbers: Iterable[int]) -> Image:
        graphs: dict[int, tuple[Point, ...]] = {}
        senseless: dict[str, str] = {}
        for one in numbers:
            name = graph_name(one)
            if name in stored:
                try:
                    graphs[one] = read_points(parted(stored[name]))
                except PayloadError as error:
                    senseless[name] = str(error)
        seasons = _part(SESON, stored, read_seasons, senseless)
        days = _part(EXDAY, stored, read_days, senseless)
        return cls(graphs=graphs, seasons=seasons, days=days, senseless=senseless)

    def checked_days(self) -> tuple[ExceptionDay, ...]:
        """The exception days; PayloadError where the table makes no sense."""
        if self.days is None:
            raise PayloadError(self.why_missing(EXDAY))
        return self.days

    def why_missing(self, name: str) -> str:
        return self.senseless.get(name, _TEXT["not read"].format(name=name))

    def program(self, graph: int) -> DayProgram | None:
        return program_of(self.graphs.get(graph, ()))

    def why_no_program(self, graph: int) -> str:
        return _TEXT["no point"] if graph in self.graphs else self.why_missing(graph_name(graph))


def _part(
    name: str, stored: Mapping[str, str], read: Callable[[Sequence[str]], P], senseless: dict[str, str]
) -> P | None:
    try:
        return read(parted(stored[name])) if name in stored else None
    except PayloadError as error:
        senseless[name] = str(error)
        return None


# --- up ---------------------------------------------------------------------------------------------------------------


def lift(image: Image) -> YearSchedule | Unliftable:
    """The canonical schedule of the tables, or the reasons why there is none."""
    reasons: list[str] = []
    if image.seasons is None or image.days is None:
        names = [name for name, found in ((SESON, image.seasons), (EXDAY, image.days)) if found is None]
        return Unliftable(reasons=tuple(map(image.why_missing, names)))
    if not image.seasons:
        return Unliftable(reasons=(_TEXT["no season"],))
    for place, graph in _used(image):
        if image.program(graph) is None:
            why = image.why_no_program(graph)
            reasons.append(_TEXT["graph"].format(place=place, name=graph_name(graph), why=why))
    starts = Counter((season.month, season.day) for season in image.seasons)
    reasons += [_TEXT["one season"].format(one=day, other=day) for day, count in starts.items() if count > 1]
    if reasons:
        return Unliftable(reasons=tuple(dict.fromkeys(reasons)))
    return _lifted(image, image.seasons, image.days)


def _used(image: Image) -> Iterable[tuple[str, int]]:
    for season in image.seasons or ():
        for graph in season.graphs:
            yield f"the season of {season.day:02d}.{season.month:02d}", graph
    for day in image.days or ():
        yield f"the exception day {day.day:02d}.{day.month:02d}", day.graph


def _lifted(image: Image, stored: Sequence[StoredSeason], days: Sequence[ExceptionDay]) -> YearSchedule | Unliftable:
    holiday = _program(image, holiday_graphs(image)[0])
    seasons = tuple(
        Season.of(
            (one.month, one.day),
            {kind: _program(image, one.graphs[kind]) for kind in WEEK} | {DayKind.HOLIDAY: holiday},
        )
        for one in stored
    )
    plain = YearSchedule(seasons=seasons)
    special: dict[tuple[int, int], SpecialDay] = {}
    for day in days:
        program = _program(image, day.graph)
        week = plain.season_on((day.month, day.day)).week
        kinds = [kind for kind in (DayKind.HOLIDAY, *WEEK) if week[kind] == program]
        if not kinds:
            names = ", ".join(sorted({graph_name(one.graph) for one in days}))
            return Unliftable(reasons=(_TEXT["two holidays"].format(names=names),))
        special[day.month, day.day] = SpecialDay(month=day.month, day=day.day, kind=kinds[0])
    return YearSchedule(seasons=seasons, special_days=tuple(special.values()))


def _program(image: Image, graph: int) -> DayProgram:
    program = image.program(graph)
    assert program is not None  # every graph that is used was looked at before
    return program


def holiday_graphs(image: Image, numbers: Sequence[int] = ANY_GRAPH) -> tuple[int, ...]:
    """The graphs that exception days name, the commonest first; without such days that of the first season's Sundays.

    Both the schedule and the table of exception days go by this rule, so that either may be written alone. Only graphs
    of the model (`numbers`) count; where none is left, it is the first of them.
    """
    named = Counter(day.graph for day in image.days or () if day.graph in numbers)
    if named:
        return tuple(graph for graph, _ in named.most_common())
    sundays = [season.graphs[DayKind.SUNDAY] for season in (image.seasons or ())[:1]]
    return tuple(graph for graph in sundays if graph in numbers) or (numbers[0],)


# --- down -------------------------------------------------------------------------------------------------------------


def schedule_limits(limits: Limits, table: Table) -> ScheduleLimits:
    """What a model holds by its profile, and by the form of its tables."""
    return ScheduleLimits(
        tariffs=min(limits.tariffs, _TARIFFS[-1]),
        points_per_day=min(limits.points_per_day or table.graph_points, table.graph_points),
        seasons=limits.seasons or MOST_SEASONS,
        special_days=0 if limits.special_days is None else limits.special_days,
        kinds=KINDS_OF_DAY[8],
        step_minutes=limits.step_minutes or 1,
        special_kinds=frozenset({DayKind.HOLIDAY}),
        special_days_yearly=True,
    )


def lower(
    schedule: YearSchedule, image: Image, table: Table, limits: ScheduleLimits
) -> tuple[dict[int, tuple[Point, ...]], tuple[StoredSeason, ...]]:
    """The graphs that must hold something else than now, and the seasons; ScheduleError names what is broken.

    The exception days stay as they are, so the graphs that they name get the program of holidays. Other programs are
    looked for among the graphs that are there; new ones go where no season and no exception day looks now.
    """
    check_limits(schedule, limits)
    strange = [day.graph for day in image.days or () if day.graph not in table.graph_numbers]
    if strange:
        why = _TEXT["strange graph"].format(name=graph_name(strange[0]))
        raise ScheduleError(rule="special-kind", where="exception days", why=why)
    programs = {season.week[DayKind.HOLIDAY] for season in schedule.seasons}
    if len(programs) > 1:
        raise ScheduleError(rule="kinds-alike", where="holidays", why=_TEXT["holiday programs"])
    (holiday,) = programs
    content: dict[int, DayProgram] = dict.fromkeys(holiday_graphs(image, table.graph_numbers), holiday)
    where: dict[DayProgram, int] = {holiday: next(iter(content))}
    wanted = dict.fromkeys(season.week[kind] for season in schedule.seasons for kind in WEEK)
    _find_graphs([one for one in wanted if one not in where], image, table, content, where)
    changed = {
        graph: points_of(program) for graph, program in sorted(content.items()) if image.program(graph) != program
    }
    seasons = tuple(
        StoredSeason(*season.starts, tuple(where[season.week[kind]] for kind in WEEK)) for season in schedule.seasons
    )
    return changed, seasons


def _find_graphs(
    wanted: Sequence[DayProgram],
    image: Image,
    table: Table,
    content: dict[int, DayProgram],
    where: dict[DayProgram, int],
) -> None:
    """Put each program into a graph: where it stands already, else where nothing looks, else where it does no harm."""
    for graph in table.graph_numbers:
        program = image.program(graph)
        if graph not in content and program in wanted and program is not None and program not in where:
            content[graph], where[program] = program, graph
    in_use = {graph for _, graph in _used(image)}
    free = [graph for graph in table.graph_numbers if graph not in content]
    free.sort(key=lambda graph: graph in in_use)
    missing = [program for program in wanted if program not in where]
    if len(missing) > len(free):
        count = len(set(wanted)) + len(set(content.values()) - set(wanted))
        why = _TEXT["graphs full"].format(count=count, limit=len(table.graph_numbers))
        raise ScheduleError(rule="kinds-limit", where="year", why=why)
    for program, graph in zip(missing, free, strict=False):
        content[graph], where[program] = program, graph


def new_days(wanted: Collection[tuple[int, int]], image: Image, table: Table) -> tuple[ExceptionDay, ...]:
    """The exception days of these dates: those that are there as they are, others with the graph of holidays."""
    numbers = table.graph_numbers
    held = {(day.month, day.day): day for day in image.days or () if day.graph in numbers}
    graph = holiday_graphs(image, numbers)[0]
    return tuple(held.get(date) or ExceptionDay(*date, graph) for date in sorted(set(wanted)))
