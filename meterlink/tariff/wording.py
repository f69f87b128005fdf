"""Names for kinds of day and parts of the year, as short as a technician would say them.

Not here: whole sentences. The words stand at the top, ready for translation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from meterlink.tariff.schedule import WEEKDAYS, DayKind, MonthDay, Period, next_day

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
KINDS: dict[DayKind, str] = {
    DayKind.MONDAY: "Mon",
    DayKind.TUESDAY: "Tue",
    DayKind.WEDNESDAY: "Wed",
    DayKind.THURSDAY: "Thu",
    DayKind.FRIDAY: "Fri",
    DayKind.SATURDAY: "Sat",
    DayKind.SUNDAY: "Sun",
    DayKind.HOLIDAY: "holiday",
}
EVERY_DAY = "every day"
ALL_YEAR = "all year"


def kinds_text(kinds: Iterable[DayKind], all_kinds: Iterable[DayKind] = WEEKDAYS) -> str:
    """``Mon-Fri``, ``Sat, Sun, holiday``; ``every day`` where none of `all_kinds` is missing."""
    wanted = set(kinds)
    if wanted.issuperset(all_kinds):
        return EVERY_DAY
    groups: list[list[DayKind]] = []
    for place, kind in enumerate(WEEKDAYS):
        if kind in wanted:
            if place and WEEKDAYS[place - 1] in wanted:
                groups[-1].append(kind)
            else:
                groups.append([kind])
    named = [_range_text([KINDS[kind] for kind in group]) for group in groups]
    return ", ".join([*named, *(KINDS[kind] for kind in wanted & {DayKind.HOLIDAY})])


def _range_text(names: Sequence[str]) -> str:
    return f"{names[0]}-{names[-1]}" if len(names) > 2 else ", ".join(names)


def periods_text(periods: Iterable[Period]) -> str:
    """``all year``, ``Oct-Mar``, ``15 Apr-14 Oct, Dec``."""
    return ", ".join(map(_period_text, periods))


def _period_text(period: Period) -> str:
    if period.whole_year:
        return ALL_YEAR
    whole_months = period.first[1] == 1 and next_day(period.last)[1] == 1
    return _months_text(period) if whole_months else _days_text(period)


def _months_text(period: Period) -> str:
    first, last = (MONTHS[month - 1] for month, _ in (period.first, period.last))
    return first if first == last else f"{first}-{last}"


def _days_text(period: Period) -> str:
    (first_month, first), (last_month, last) = period.first, period.last
    if period.first == period.last:
        return f"{first} {MONTHS[first_month - 1]}"
    if first_month == last_month and first < last:
        return f"{first}-{last} {MONTHS[last_month - 1]}"
    return f"{first} {MONTHS[first_month - 1]}-{last} {MONTHS[last_month - 1]}"


def days_text(days: Iterable[MonthDay]) -> str:
    """``1-8 Jan, 23 Feb``: days that return every year, neighbours together."""
    return ", ".join(map(_days_text, merged_periods(Period(first=day, last=day) for day in sorted(days))))


def dates_text(dates: Iterable[date]) -> str:
    """``5 Nov 2027, 6 Nov 2027``: days of one year only."""
    return ", ".join(f"{day.day} {MONTHS[day.month - 1]} {day.year}" for day in sorted(dates))


def merged_periods(periods: Iterable[Period]) -> tuple[Period, ...]:
    """Periods in order of the calendar with neighbours made one, over New Year too."""
    merged: list[Period] = []
    for period in periods:
        if merged and next_day(merged[-1].last) == period.first:
            merged[-1] = Period(first=merged[-1].first, last=period.last)
        else:
            merged.append(period)
    if len(merged) > 1 and next_day(merged[-1].last) == merged[0].first:
        *middle, last = merged[1:]
        return (*middle, Period(first=last.first, last=merged[0].last))
    return tuple(merged)
