"""What differs between two year schedules, grouped over months and days, as facts and in words.

Days are compared whole: dates on which the same changes happen are told together. Three layers are looked at: the
seasons by weekday; special days of every year; special days of one year. A lower layer is mentioned only where it does
not follow the one above it, so a change of the night zone stays one line however many holidays there are.
The facts are exact: a date of any year is covered by one difference, which has all its changes, or by none. The words
come from the table at the top, by language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from meterlink.language import Language, Words
from meterlink.tariff.schedule import (
    MINUTES_A_DAY,
    WEEKDAYS,
    DayKind,
    DayProgram,
    MonthDay,
    Period,
    YearSchedule,
    clock_text,
    periods_between,
)
from meterlink.tariff.wording import dates_text, days_text, kinds_text, merged_periods, periods_text

_WORDS: Final = Words(
    {
        Language.EN: {
            "difference": "{when}: {changes}",
            "change": "{start}-{end} T{old} -> T{new}",
            "season": "{periods}, {kinds}",
            "days": "on {days}",
            "days_of_week": "on {days} when {kinds}",
            "dates": "on {dates}",
            "except": "{when}, except {days}",
        },
        Language.RU: {
            "difference": "{when}: {changes}",
            "change": "с {start} до {end} T{old} -> T{new}",
            "season": "{periods}, {kinds}",
            "days": "{days}",
            "days_of_week": "{days}, если это {kinds}",
            "dates": "{dates}",
            "except": "{when}, кроме {days}",
        },
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TariffChange:
    """From minute `start` up to minute `end` of a day (at most 1440) the new tariff counts instead of the old."""

    start: int
    end: int
    old: int
    new: int


Changes = tuple[TariffChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The changes of certain days, told in one of three ways.

    By `periods` and `kinds` (weekdays); by `days` of every year and `kinds` (the weekday the day falls on); by `dates`.
    Not meant are the days in `except_days` and the dates in `except_dates`.
    """

    changes: Changes
    periods: tuple[Period, ...] = ()
    days: tuple[MonthDay, ...] = ()
    kinds: tuple[DayKind, ...] = ()
    dates: tuple[date, ...] = ()
    except_days: tuple[MonthDay, ...] = ()
    except_dates: tuple[date, ...] = ()

    def covers(self, day: date) -> bool:
        """Whether the changes happen on this date."""
        if day in self.dates:
            return True
        return day not in self.except_dates and self.covers_yearly((day.month, day.day), DayKind.weekday_of(day))

    def covers_yearly(self, month_day: MonthDay, weekday: DayKind) -> bool:
        """Whether the changes happen on this day when it falls on this weekday, dates of one year left aside."""
        if weekday not in self.kinds or month_day in self.except_days:
            return False
        return month_day in self.days or any(month_day in period for period in self.periods)

    def __str__(self) -> str:
        return difference_words(self)


def differences(old: YearSchedule, new: YearSchedule, language: Language = Language.EN) -> list[str]:
    """The differences in words; empty when the schedules are equal."""
    return [difference_words(difference, language) for difference in compare(old, new)]


def compare(old: YearSchedule, new: YearSchedule) -> tuple[Difference, ...]:
    """The differences as facts; empty when the schedules are equal."""
    if old == new:
        return ()
    return _Comparison(old, new).differences()


def day_changes(old: DayProgram, new: DayProgram) -> Changes:
    """The spans of a day in which two programs give different tariffs."""
    edges = sorted({point.minute for program in (old, new) for point in program.points})
    changes: list[TariffChange] = []
    for start, end in zip(edges, [*edges[1:], MINUTES_A_DAY], strict=True):
        change = TariffChange(start=start, end=end, old=old.tariff_at(start), new=new.tariff_at(start))
        if change.old != change.new:
            changes.append(change)
    return tuple(_joined(changes))


def _joined(changes: Iterable[TariffChange]) -> Iterator[TariffChange]:
    open_change: TariffChange | None = None
    for change in changes:
        if open_change and (open_change.end, open_change.old, open_change.new) == (
            change.start,
            change.old,
            change.new,
        ):
            change = TariffChange(start=open_change.start, end=change.end, old=change.old, new=change.new)
        elif open_change:
            yield open_change
        open_change = change
    if open_change:
        yield open_change


Week = dict[DayKind, Changes]
"""The changes by weekday; a weekday without changes is left out."""

Grouped = dict[tuple[Changes, tuple[DayKind, ...]], list[Period]]


class _Comparison:
    """One run over two schedules, layer by layer."""

    def __init__(self, old: YearSchedule, new: YearSchedule) -> None:
        self.old = old
        self.new = new
        special_days = (*old.special_days, *new.special_days)
        self.yearly = sorted({(s.month, s.day) for s in special_days if s.year is None})
        self.dated = sorted({s.on for s in special_days if s.on is not None})
        seasons = periods_between(season.starts for season in (*old.seasons, *new.seasons))
        # a season that special days fill to the last day has no ordinary day that could change
        self.seasons = {
            season: self._season_week(season) if self._has_ordinary_day(season) else {} for season in seasons
        }

    def differences(self) -> tuple[Difference, ...]:
        own_days = [day for day in self.yearly if self._week_on(day) != self._season_week_of(day)]
        own_dates = [day for day in self.dated if self._changes_on(day) != self._yearly_changes_on(day)]
        found = [*self._of_seasons(), *self._of_days(own_days)]
        found = [_with_exceptions(difference, own_days, own_dates) for difference in found]
        return (*found, *self._of_dates(own_dates))

    # layers

    def _of_seasons(self) -> Iterator[Difference]:
        grouped: Grouped = {}
        for season, week in self.seasons.items():
            for key in _by_changes(week):
                grouped.setdefault(key, []).append(season)
        for (changes, kinds), seasons in grouped.items():
            yield Difference(changes=changes, kinds=kinds, periods=merged_periods(seasons))

    def _of_days(self, days: Iterable[MonthDay]) -> Iterator[Difference]:
        grouped: dict[tuple[Changes, tuple[DayKind, ...]], list[MonthDay]] = {}
        for day in days:
            for key in _by_changes(self._week_on(day)):
                grouped.setdefault(key, []).append(day)
        for (changes, kinds), same in grouped.items():
            yield Difference(changes=changes, kinds=kinds, days=tuple(same))

    def _of_dates(self, dates: Iterable[date]) -> Iterator[Difference]:
        grouped: dict[Changes, list[date]] = {}
        for day in dates:
            grouped.setdefault(self._changes_on(day), []).append(day)
        for changes, same in grouped.items():
            if changes:
                yield Difference(changes=changes, dates=tuple(same))

    # what changes when

    def _season_week(self, season: Period) -> Week:
        old, new = (schedule.season_on(season.first).week for schedule in (self.old, self.new))
        return _week_changes(old, new)

    def _season_week_of(self, day: MonthDay) -> Week:
        return next(week for season, week in self.seasons.items() if day in season)

    def _week_on(self, day: MonthDay) -> Week:
        return _week_changes(self.old.weekdays_on(day), self.new.weekdays_on(day))

    def _changes_on(self, day: date) -> Changes:
        return day_changes(self.old.program_on(day), self.new.program_on(day))

    def _yearly_changes_on(self, day: date) -> Changes:
        return self._week_on((day.month, day.day)).get(DayKind.weekday_of(day), ())

    def _has_ordinary_day(self, season: Period) -> bool:
        return sum(day in season for day in self.yearly) < len(season)


def _week_changes(old: tuple[DayProgram, ...], new: tuple[DayProgram, ...]) -> Week:
    changes = {kind: day_changes(old[kind], new[kind]) for kind in WEEKDAYS}
    return {kind: change for kind, change in changes.items() if change}


def _by_changes(week: Week) -> Iterator[tuple[Changes, tuple[DayKind, ...]]]:
    """Weekdays with the same changes together."""
    grouped: dict[Changes, list[DayKind]] = {}
    for kind, changes in week.items():
        grouped.setdefault(changes, []).append(kind)
    for changes, kinds in grouped.items():
        yield changes, tuple(kinds)


def _with_exceptions(difference: Difference, own_days: Iterable[MonthDay], own_dates: Iterable[date]) -> Difference:
    """The difference without the days and dates that are told by themselves or do not change."""
    days: tuple[MonthDay, ...] = ()
    if difference.periods:
        days = tuple(day for day in own_days if any(difference.covers_yearly(day, kind) for kind in difference.kinds))
    narrower = replace(difference, except_days=days)
    return replace(narrower, except_dates=tuple(day for day in own_dates if narrower.covers(day)))


# --- words ----------------------------------------------------------------------------------------------------------


def difference_words(difference: Difference, language: Language = Language.EN) -> str:
    """One difference as a sentence: ``all year, every day: 23:00-07:00 T1 -> T2``."""
    changes = ", ".join(
        _WORDS("change", language, start=clock_text(start), end=clock_text(end), old=old, new=new)
        for start, end, old, new in _told_spans(difference)
    )
    return _WORDS("difference", language, when=_when(difference, language), changes=changes)


def _when(difference: Difference, language: Language) -> str:
    kinds = kinds_text(difference.kinds, language=language)
    if difference.dates:
        return _WORDS("dates", language, dates=dates_text(difference.dates, language))
    if difference.periods:
        when = _WORDS("season", language, periods=periods_text(difference.periods, language), kinds=kinds)
    else:
        form = "days" if len(difference.kinds) == len(WEEKDAYS) else "days_of_week"
        when = _WORDS(form, language, days=days_text(difference.days, language), kinds=kinds)
    left_out = [days_text(difference.except_days, language), dates_text(difference.except_dates, language)]
    days = ", ".join(text for text in left_out if text)
    return _WORDS("except", language, when=when, days=days) if days else when


def _told_spans(difference: Difference) -> Iterator[tuple[int, int, int, int]]:
    """Spans as (start, end, old, new); a night is told as one (23:00-07:00) where every day of the year has it."""
    first, last = difference.changes[0], difference.changes[-1]
    told = [(change.start, change.end, change.old, change.new) for change in difference.changes]
    runs_on = len(told) > 1 and first.start == 0 and last.end == MINUTES_A_DAY
    if runs_on and (first.old, first.new) == (last.old, last.new) and _is_every_date(difference):
        told = [*told[1:-1], (last.start, first.end, first.old, first.new)]
    yield from told


def _is_every_date(difference: Difference) -> bool:
    every_day = len(difference.kinds) == len(WEEKDAYS) and not difference.except_days
    return every_day and not difference.except_dates and any(part.whole_year for part in difference.periods)
