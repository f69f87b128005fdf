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
from datetime import date, datetime, time, timedelta
from typing import Final

from meterlink.tariff import YearSchedule
from meterlink.tariff.schedule import clock_text
from meterlink.visit.plan import ClockMethod, Warning

_MARGIN: Final = timedelta(minutes=2)
"""A half hour's edge is near within this: the plan is confirmed and sent some time after it was made."""
_HALF_HOUR: Final = timedelta(minutes=30)
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)
_EPOCH: Final = datetime(1970, 1, 1)
"""Any midnight: times of day are told from it."""
_GRID: Final = timedelta(minutes=5)
"""Moments that are proposed to people."""
_COLLECTION_DAYS: Final = range(23, 27)
_LONGEST_WAIT: Final = timedelta(days=8)
"""The days of collection are followed by the turn of the month within it."""
_WORKING_HOURS: Final = (time(8), time(21, 30))
"""Of another day: nobody is asked to come again at night."""

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
    collected = (Warning(code="collection-days"),) if _in_collection(correction, local) else ()
    # the days of collection alone are agreed upon with the office, not waited for
    return (*touched, *collected, *((_advice(correction, local),) if touched else ()))


def good_window(correction: Correction, after: datetime) -> tuple[datetime, datetime] | None:
    """From when until when to set the clock: the first such time from `after` on, begun on a mark of five minutes.

    It touches no edge and lies on no day of collection; None where no day to come has one.
    """
    past_mark = (after - _EPOCH) % _GRID
    moment = after if not past_mark else after + _GRID - past_mark
    while moment < after + _LONGEST_WAIT:
        if _is_good(correction, moment, after):
            return moment, _last_good(correction, moment, after)
        moment += _GRID
    return None


def _last_good(correction: Correction, moment: datetime, after: datetime) -> datetime:
    # an edge of a zone is touched as long as the error lasts; the edge of a half hour ends every good time
    step = max(_SECOND, min(_MINUTE, abs(correction.error)))
    while _is_good(correction, moment + step, after):
        moment += step
    return moment


def _is_good(correction: Correction, moment: datetime, after: datetime) -> bool:
    first, last = _WORKING_HOURS
    if moment.date() != after.date() and not first <= moment.time() <= last:
        return False
    return not _in_collection(correction, moment) and next(edges(correction, moment), None) is None


def _advice(correction: Correction, local: datetime) -> Warning:
    better = good_window(correction, local)
    if better is None:
        return Warning(code="no-good-moment")
    first, last = better
    return Warning(
        code="wait-until",
        facts={"date": first.date().isoformat(), "time": f"{first:%H:%M}", "until": f"{last:%H:%M}"},
    )


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
    """Where the meter finds itself in another tariff; a stretch that ends in the tariff it began in moves no energy."""
    for schedule in schedules:
        before, after = schedule.tariff_at(old), schedule.tariff_at(new)
        if before != after:
            switch = _switch_before(schedule, max(old, new))
            yield Warning(code="edge-zone", facts={"time": switch, "old": f"T{before}", "new": f"T{after}"})
            return


def _switch_before(schedule: YearSchedule, moment: datetime) -> str:
    """When the tariff of this moment began, as a time of day; there must have been another one before."""
    tariff = schedule.tariff_at(moment)
    while True:
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        for point in reversed(schedule.program_on(day).points):
            began = day + timedelta(minutes=point.minute)
            if began <= moment and schedule.tariff_at(began - _MINUTE) != tariff:
                return clock_text(point.minute)
        moment = day - _MINUTE


def _beside_half_hour(time: datetime) -> bool:
    past = (time - _EPOCH) % _HALF_HOUR
    return min(past, _HALF_HOUR - past) <= _MARGIN


def _nearest_half_hour(time: datetime) -> datetime:
    return time + _HALF_HOUR / 2 - (time + _HALF_HOUR / 2 - _EPOCH) % _HALF_HOUR


def _at_turn_of_month(day: date) -> bool:
    return day.day == 1 or (day + _DAY).day == 1


def _in_collection(correction: Correction, local: datetime) -> bool:
    return correction.method is ClockMethod.HARD and local.day in _COLLECTION_DAYS
