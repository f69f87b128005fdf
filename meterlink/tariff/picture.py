"""A day drawn as a bar of 48 half-hour cells for the terminal, each cell with the digit of its tariff.

Lines are plain text without colour, at most 80 columns. A cell in which the tariff changes between the half hours
shows `*`, and the exact times always follow the bar, so that no switch is drawn where it is not. Holiday programs are
not drawn when no special day uses them: leftovers are a matter of the meter's image.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from meterlink.language import Language, Words
from meterlink.tariff.schedule import MINUTES_A_DAY, WEEKDAYS, DayKind, DayProgram, Period, YearSchedule
from meterlink.tariff.wording import KINDS, dates_text, days_text, kinds_text, merged_periods, periods_text

WIDTH = 80
CELL_MINUTES = 30
_CELLS = MINUTES_A_DAY // CELL_MINUTES
_INDENT = "  "
_MIXED = "*"
_KINDS = (*WEEKDAYS, DayKind.HOLIDAY)
"""In the order of a week, as people say them."""

_WORDS: Final = Words(
    {
        Language.EN: {
            "mixed": "* the tariff changes inside this half hour; the exact times stand below",
            "when": "{periods}: {kinds}",
            "special_days": "{kind} program on: {days}",
        },
        Language.RU: {
            "mixed": "* тариф меняется внутри этого получаса; точное время указано ниже",
            "when": "{periods}: {kinds}",
            "special_days": 'по программе "{kind}": {days}',
        },
    }
)


def draw_year(schedule: YearSchedule, *, ascii_only: bool = False, language: Language = Language.EN) -> list[str]:
    """A picture for each distinct day program, headed by the seasons and days it serves; then the special days.

    `ascii_only` draws with plain letters; words are those of the language.
    """
    lines: list[str] = []
    for program, when in _served(schedule, language).items():
        lines += [*_wrapped(when), *draw_day(program, ascii_only=ascii_only, language=language), ""]
    lines += [line for text in _special_days(schedule, language) for line in _wrapped(text)]
    return lines if lines[-1] else lines[:-1]


def draw_day(program: DayProgram, *, ascii_only: bool = False, language: Language = Language.EN) -> list[str]:
    """Hours, a bar of half hours, and the exact switch times of one day program."""
    cells = [_cell(program, start) for start in range(0, MINUTES_A_DAY, CELL_MINUTES)]
    line, switch, side, left, right, low_left, low_right = "-+|++++" if ascii_only else "─┬│┌┐└┘"
    marks = [line, *(line if cell == before else switch for before, cell in pairwise(cells))]
    return [
        f"{_INDENT} {_hours()}",
        f"{_INDENT}{left}{''.join(marks)}{right}",
        f"{_INDENT}{side}{''.join(cells)}{side}",
        f"{_INDENT}{low_left}{line * _CELLS}{low_right}",
        *(_wrapped(_WORDS("mixed", language), _INDENT) if _MIXED in cells else ()),
        *_wrapped_points(program),
    ]


def _cell(program: DayProgram, start: int) -> str:
    changes_inside = any(start < point.minute < start + CELL_MINUTES for point in program.points)
    return _MIXED if changes_inside else str(program.tariff_at(start))


def _hours() -> str:
    return "".join(f"{hour:02d}".ljust(4) for hour in range(0, 24, 2)) + "24"


def _served(schedule: YearSchedule, language: Language) -> dict[DayProgram, str]:
    """Each program that some date uses, with the days and seasons it serves in words."""
    used = schedule.kinds_used()
    served: dict[DayProgram, dict[tuple[DayKind, ...], list[Period]]] = {}
    for period, season in schedule.periods():
        kinds_of: dict[DayProgram, list[DayKind]] = {}
        for kind in _KINDS:
            if kind in used:
                kinds_of.setdefault(season.week[kind], []).append(kind)
        for program, kinds in kinds_of.items():
            served.setdefault(program, {}).setdefault(tuple(kinds), []).append(period)
    return {program: _when(groups, used, language) for program, groups in served.items()}


def _when(groups: dict[tuple[DayKind, ...], list[Period]], used: Iterable[DayKind], language: Language) -> str:
    parts = (
        _WORDS(
            "when",
            language,
            periods=periods_text(merged_periods(periods), language),
            kinds=kinds_text(kinds, used, language),
        )
        for kinds, periods in groups.items()
    )
    return "; ".join(parts)


def _special_days(schedule: YearSchedule, language: Language) -> Iterable[str]:
    for kind in _KINDS:
        named = [special for special in schedule.special_days if special.kind is kind]
        yearly = days_text(((special.month, special.day) for special in named if special.year is None), language)
        dated = dates_text((special.on for special in named if special.on is not None), language)
        if named:
            days = ", ".join(text for text in (yearly, dated) if text)
            yield _WORDS("special_days", language, kind=KINDS[language][kind], days=days)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent or _INDENT)


def _wrapped_points(program: DayProgram) -> list[str]:
    # a line may end between two points, never between a time and its tariff
    glued = str(program).replace(" ", "\N{NO-BREAK SPACE}").replace("|\N{NO-BREAK SPACE}", "| ")
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in _wrapped(glued, _INDENT)]
