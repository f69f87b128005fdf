"""Edges of time that a correction of the clock touches at a given moment, and the next moment that has none.

Between the meter's old time and the new one a stretch of local time is skipped or lived twice. Where an edge lies in
it, or close by, readings and profiles of that time become questionable: switches of tariff, half hours, days, months,
the days on which readings are collected. Nothing is forbidden here; whoever confirms is told.
Source: practice of the trade (an hour back in two zones: true time 08:05 to 21:25) and the calendar of readings in
Russia, the 23rd to the 26th.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from meterlink.tariff import YearSchedule
from meterlink.tariff.schedule import clock_text
from meterlink.visit.plan import ClockMethod, Warning

_MARGIN: Final = timedelta(minutes=2)
"""A half hour's edge is near within this: the plan is confirmed and sent some time after it was made."""
_HALF_HOUR: Final = timedelta(minutes=30)
_DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1)
"""Any midnight: times of day are told from it."""
_GRID: Final = timedelta(minutes=5)
"""Moments that are proposed to people."""
_COLLECTION_DAYS: Final = range(23, 27)
_LONGEST_SEARCH: Final = timedelta(days=366)
"""A schedule repeats itself after a year."""

EDGES: Final = ("edge-zone", "edge-half-hour", "edge-day", "edge-month")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A correction of a clock that is `error` ahead. `schedules` are those in force before and after the work."""

    method: ClockMethod
    error: timedelta
    schedules: tuple[YearSchedule, ...] = ()

    @property
    def moves_an_hour(self) -> bool:
        """Whether it is more than drift: sums of hours and months would show it."""
        return self.method is ClockMethod.HARD and abs(self.error) >= _HALF_HOUR


def window_warnings(correction: Correction, local: datetime) -> tuple[Warning, ...]:
    """What a correction at this moment of right local time (naive) touches, and when it would touch nothing."""
    touched = tuple(edges(correction, local))
    collected = [Warning(code="collection-days")] if _in_collection(correction, local) else []
    return (*touched, *collected, *(_advice(correction, local) if touched else ()))


def good_window(correction: Correction, after: datetime) -> datetime | None:
    """The first moment from `after` on, on a mark of five minutes, that touches no edge; None where a day has none."""
    past_mark = (after - _EPOCH) % _GRID
    moment = after if not past_mark else after + _GRID - past_mark
    while moment < after + _DAY:
        if not any(edges(correction, moment)):
            return moment
        moment += _GRID
    return None


def _advice(correction: Correction, local: datetime) -> Iterator[Warning]:
    better = good_window(correction, local)
    if better is None:
        yield Warning(code="no-good-moment")
    else:
        yield Warning(code="wait-until", facts={"time": f"{better:%H:%M}", "date": better.date().isoformat()})


def edges(correction: Correction, new: datetime) -> Iterator[Warning]:
    """The edges alone, for the moment at which the right local time is `new`."""
    old = new + correction.error
    yield from _zone_edge(correction.schedules, old, new)
    near = next((time for time in (new, old) if _beside_half_hour(time)), None)
    if near is not None:
        yield Warning(code="edge-half-hour", facts={"time": f"{_nearest_half_hour(near):%H:%M}"})
    if old.date() != new.date():
        yield Warning(code="edge-day")
    if (old.year, old.month) != (new.year, new.month) or (correction.moves_an_hour and _at_turn_of_month(new.date())):
        yield Warning(code="edge-month")


def _zone_edge(schedules: tuple[YearSchedule, ...], old: datetime, new: datetime) -> Iterator[Warning]:
    for schedule in schedules:
        switch = _switch_between(schedule, min(old, new), max(old, new))
        if switch is not None:
            tariffs = {"old": f"T{schedule.tariff_at(old)}", "new": f"T{schedule.tariff_at(new)}"}
            yield Warning(code="edge-zone", facts={"time": switch, **tariffs})
            return


def _switch_between(schedule: YearSchedule, first: datetime, last: datetime) -> str | None:
    """The first switch of tariff behind `first` and not behind `last`, as a time of day."""
    tariff = schedule.tariff_at(first)
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= min(last, first + _LONGEST_SEARCH):
        for point in schedule.program_on(day).points:
            at = day + timedelta(minutes=point.minute)
            if first < at <= last and point.tariff != tariff:
                return clock_text(point.minute)
        day += _DAY
    return None


def _beside_half_hour(time: datetime) -> bool:
    past = (time - _EPOCH) % _HALF_HOUR
    return min(past, _HALF_HOUR - past) <= _MARGIN


def _nearest_half_hour(time: datetime) -> datetime:
    return time + _HALF_HOUR / 2 - (time + _HALF_HOUR / 2 - _EPOCH) % _HALF_HOUR


def _at_turn_of_month(day: date) -> bool:
    return day.day == 1 or (day + _DAY).day == 1


def _in_collection(correction: Correction, local: datetime) -> bool:
    return correction.method is ClockMethod.HARD and local.day in _COLLECTION_DAYS
