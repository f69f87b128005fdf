"""Names for kinds of day and parts of the year, as short as a technician would say them.

Not here: whole sentences. The words stand at the top, by language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from meterlink.language import Language, Words
from meterlink.tariff.schedule import WEEKDAYS, DayKind, MonthDay, Period, in_calendar, month_day_text, next_day

MONTHS: Final[Mapping[Language, tuple[str, ...]]] = {
    Language.EN: ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    Language.RU: ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
}
"""A month by itself: ``Oct-Mar``."""
MONTHS_OF: Final[Mapping[Language, tuple[str, ...]]] = {
    Language.EN: MONTHS[Language.EN],
    Language.RU: ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
}
"""A month behind its day: ``9 May``."""
KINDS: Final[Mapping[Language, Mapping[DayKind, str]]] = {
    Language.EN: {
        DayKind.MONDAY: "Mon",
        DayKind.TUESDAY: "Tue",
        DayKind.WEDNESDAY: "Wed",
        DayKind.THURSDAY: "Thu",
        DayKind.FRIDAY: "Fri",
        DayKind.SATURDAY: "Sat",
        DayKind.SUNDAY: "Sun",
        DayKind.HOLIDAY: "holiday",
    },
    Language.RU: {
        DayKind.MONDAY: "пн",
        DayKind.TUESDAY: "вт",
        DayKind.WEDNESDAY: "ср",
        DayKind.THURSDAY: "чт",
        DayKind.FRIDAY: "пт",
        DayKind.SATURDAY: "сб",
        DayKind.SUNDAY: "вс",
        DayKind.HOLIDAY: "праздник",
    },
}
_WORDS: Final = Words(
    {
        Language.EN: {"every day": "every day", "all year": "all year"},
        Language.RU: {"every day": "каждый день", "all year": "весь год"},
    }
)


def kinds_text(
    kinds: Iterable[DayKind], all_kinds: Iterable[DayKind] = WEEKDAYS, language: Language = Language.EN
) -> str:
    """``Mon-Fri``, ``Sat, Sun, holiday``; ``every day`` where none of `all_kinds` is missing."""
    wanted = set(kinds)
    if wanted.issuperset(all_kinds):
        return _WORDS("every day", language)
    names = KINDS[language]
    groups: list[list[DayKind]] = []
    for place, kind in enumerate(WEEKDAYS):
        if kind in wanted:
            if place and WEEKDAYS[place - 1] in wanted:
                groups[-1].append(kind)
            else:
                groups.append([kind])
    named = [_range_text([names[kind] for kind in group]) for group in groups]
    return ", ".join([*named, *(names[kind] for kind in wanted & {DayKind.HOLIDAY})])


def _range_text(names: Sequence[str]) -> str:
    return f"{names[0]}-{names[-1]}" if len(names) > 2 else ", ".join(names)


def periods_text(periods: Iterable[Period], language: Language = Language.EN) -> str:
    """``all year``, ``Oct-Mar``, ``15 Apr-14 Oct, Dec``."""
    return ", ".join(_period_text(period, language) for period in periods)


def _period_text(period: Period, language: Language) -> str:
    if period.whole_year:
        return _WORDS("all year", language)
    whole_months = period.first[1] == 1 and next_day(period.last)[1] == 1
    return _months_text(period, language) if whole_months else _days_text(period, language)


def _months_text(period: Period, language: Language) -> str:
    first, last = (MONTHS[language][month - 1] for month, _ in (period.first, period.last))
    return first if first == last else f"{first}-{last}"


def _days_text(period: Period, language: Language) -> str:
    (first_month, first), (last_month, last) = period.first, period.last
    months = MONTHS_OF[language]
    if period.first == period.last:
        return f"{first} {months[first_month - 1]}"
    if first_month == last_month and first < last:
        return f"{first}-{last} {months[last_month - 1]}"
    return f"{first} {months[first_month - 1]}-{last} {months[last_month - 1]}"


def days_text(days: Iterable[MonthDay], language: Language = Language.EN) -> str:
    """``1-8 Jan, 23 Feb``: days that return every year, neighbours together.

    Where one of them is in no calendar, as a meter may hold it, all are told as ``MM-DD``.
    """
    listed = sorted(set(days))
    if not all(map(in_calendar, listed)):
        return ", ".join(map(month_day_text, listed))
    periods = merged_periods(Period(first=day, last=day) for day in listed)
    return ", ".join(_days_text(period, language) for period in periods)


def dates_text(dates: Iterable[date], language: Language = Language.EN) -> str:
    """``5 Nov 2027, 6 Nov 2027``: days of one year only."""
    return ", ".join(f"{day.day} {MONTHS_OF[language][day.month - 1]} {day.year}" for day in sorted(dates))


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
