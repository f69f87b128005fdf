"""The rules a tariff schedule can break, each with a stable short name and one sentence.

Not here: who checks them. The sentences stand in one place, ready for translation; `{name}` is a fact of the case.
Source: practice of the trade (a schedule starts at 00:00 and carries its zone over midnight); docs/protocols.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from meterlink.errors import ScheduleError


class Rule(StrEnum):
    """Short names of the rules, as `ScheduleError.rule` carries them."""

    # a day
    HAS_POINTS = "has-points"
    POINTS_SORTED = "points-sorted"
    TIMES_DISTINCT = "times-distinct"
    STARTS_AT_MIDNIGHT = "starts-at-midnight"
    MINUTE_IN_DAY = "minute-in-day"
    WHOLE_MINUTE = "whole-minute"
    TARIFF_IN_RANGE = "tariff-in-range"
    # a year
    KINDS_COMPLETE = "kinds-complete"
    HAS_SEASON = "has-season"
    DATE_EXISTS = "date-exists"
    YEAR_IN_RANGE = "year-in-range"
    SEASON_ONCE = "season-once"
    SPECIAL_DAY_ONCE = "special-day-once"
    # the written form
    SPEC_KNOWN = "spec-known"
    KEYS_KNOWN = "keys-known"
    FORM = "form"
    # a meter's limits
    TARIFFS_LIMIT = "tariffs-limit"
    POINTS_LIMIT = "points-limit"
    SEASONS_LIMIT = "seasons-limit"
    SPECIAL_DAYS_LIMIT = "special-days-limit"
    STEP = "step"
    SEASONS_BY_MONTH = "seasons-by-month"
    KINDS_ALIKE = "kinds-alike"
    SPECIAL_KIND = "special-kind"
    SPECIAL_DAYS_YEARLY = "special-days-yearly"


_WHY: dict[Rule, str] = {
    Rule.HAS_POINTS: "there is no switch point, so the day has no tariff",
    Rule.POINTS_SORTED: "{later} stands after {earlier}; switch points go from morning to night",
    Rule.TIMES_DISTINCT: "two switch points stand at {time}",
    Rule.STARTS_AT_MIDNIGHT: "the first switch point is at {time}, so the time from 00:00 has no tariff",
    Rule.MINUTE_IN_DAY: "{minute} is not a time between 00:00 and 23:59",
    Rule.WHOLE_MINUTE: "{time} is not a whole minute",
    Rule.TARIFF_IN_RANGE: "T{tariff} does not exist; tariffs are T1 to T8",
    Rule.KINDS_COMPLETE: "there is no day program for {kinds}",
    Rule.HAS_SEASON: "there is no season",
    Rule.DATE_EXISTS: "no calendar has this date",
    Rule.YEAR_IN_RANGE: "the year {year} cannot be stored; years are 1990 to 2089",
    Rule.SEASON_ONCE: "two seasons start on this date",
    Rule.SPECIAL_DAY_ONCE: "the day is named as {one} and as {other}",
    Rule.SPEC_KNOWN: "spec = {spec} is not known; this meterlink reads spec = 1",
    Rule.KEYS_KNOWN: "the key {key!r} is not known; {advice}",
    Rule.FORM: "{found!r} is not {wanted}",
    Rule.TARIFFS_LIMIT: "T{tariff} is used, the meter has {limit} tariff(s)",
    Rule.POINTS_LIMIT: "{count} switch points, the meter holds {limit} a day",
    Rule.SEASONS_LIMIT: "{count} seasons, the meter holds {limit}",
    Rule.SPECIAL_DAYS_LIMIT: "{count} special days, the meter holds {limit}",
    Rule.STEP: "the switch at {time} is not on the meter's step of {step} minutes",
    Rule.SEASONS_BY_MONTH: "the season starts inside a month, the meter changes only on the first day of one",
    Rule.KINDS_ALIKE: "{one} and {other} differ, the meter has one program for both",
    Rule.SPECIAL_KIND: "the meter cannot treat a special day as {kind}",
    Rule.SPECIAL_DAYS_YEARLY: "the day is meant for one year only, the meter repeats its special days every year",
}


def broken(rule: Rule, where: str, **facts: object) -> ScheduleError:
    """The error of a broken rule at a place of the schedule."""
    return ScheduleError(rule=rule.value, where=where, why=_WHY[rule].format(**facts))


@contextmanager
def in_place(place: str) -> Iterator[None]:
    """Put a place (``"January, Monday"``) in front of the place named by any `ScheduleError` from inside."""
    try:
        yield
    except ScheduleError as error:
        raise ScheduleError(rule=error.rule, where=f"{place}, {error.where}", why=error.why) from None
