"""A day of the tariff schedule as a bar of 24 hours, and the day programs of a year with the days they serve.

The bar is SVG of a fixed form that HTML and PDF draw alike; the tariffs differ by hatching as well as by colour, so
that they can be told apart on a black-and-white print. No text of an order ever gets into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from meterlink.report.act_words import ActWords
from meterlink.tariff.schedule import MINUTES_A_DAY, DayKind, DayProgram, Period, YearSchedule, clock_text
from meterlink.tariff.wording import KINDS, dates_text, days_text, kinds_text, merged_periods, periods_text

_KINDS: Final = tuple(DayKind)
_WIDTH: Final = 480
_BAR: Final = 18
_HEIGHT: Final = 30
_LABEL: Final = 18
"""Width of a label; a span that is narrower has none, and the hours in words stand below anyway."""
_EDGE: Final = 4
_FONT: Final = "'Libertinus Serif','Times New Roman',serif"

_FILLS: Final[Mapping[int, tuple[str, str]]] = {
    1: ("#fff4cc", ""),
    2: ("#cfdcf0", "M-1 1l2-2M0 6l6-6M5 7l2-2"),
    3: ("#d9eed4", "M2 3h2"),
    4: ("#f6d9d3", "M0 3h6"),
    5: ("#e6dcf0", "M-1 5l2 2M0 0l6 6M5-1l2 2"),
    6: ("#d6eeee", "M0 6l6-6M0 0l6 6"),
    7: ("#f3e3c7", "M3 0v6"),
    8: ("#c8c8c8", ""),
}
"""Background and strokes in a square of 6."""


def day_bar(program: DayProgram) -> str:
    """The bar of one day as an SVG document."""
    parts = [_span(start, end, tariff) for start, end, tariff in program.spans()]
    tariffs = sorted({point.tariff for point in program.points})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-_EDGE} 0 {_WIDTH + 2 * _EDGE} {_HEIGHT}">'
        f"<defs>{''.join(map(_pattern, tariffs))}</defs>{''.join(parts)}{_hours()}</svg>"
    )


def _pattern(tariff: int) -> str:
    colour, strokes = _FILLS[tariff]
    lines = f'<path d="{strokes}" stroke="#222" stroke-width="0.6" fill="none"/>' if strokes else ""
    return (
        f'<pattern id="tariff{tariff}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<rect width="6" height="6" fill="{colour}"/>{lines}</pattern>'
    )


def _span(start: int, end: int, tariff: int) -> str:
    left, width = _place(start), _place(end) - _place(start)
    box = (
        f'<rect x="{left:g}" y="1" width="{width:g}" height="{_BAR}" fill="url(#tariff{tariff})" stroke="#000" '
        'stroke-width="0.8"/>'
    )
    if width < _LABEL:
        return box
    middle = left + width / 2
    return (
        f'{box}<rect x="{middle - 7:g}" y="4" width="14" height="{_BAR - 6}" fill="#fff"/>'
        f'<text x="{middle:g}" y="13.5" font-size="10" font-weight="bold" text-anchor="middle" '
        f'font-family="{_FONT}">T{tariff}</text>'
    )


def _hours() -> str:
    marks = []
    for hour in range(25):
        at = _place(hour * 60)
        marks.append(f'<path d="M{at:g} {_BAR + 1}v2" stroke="#000" stroke-width="0.5"/>')
        if hour in (0, 24) or hour % 2 == 0:
            marks.append(
                f'<text x="{at:g}" y="{_HEIGHT - 1}" font-size="8" text-anchor="middle" font-family="{_FONT}">{hour}'
                "</text>"
            )
    return "".join(marks)


def _place(minute: int) -> float:
    return minute * _WIDTH / MINUTES_A_DAY


# --- in words -------------------------------------------------------------------------------------------------------


def served_programs(words: ActWords, schedule: YearSchedule) -> list[tuple[DayProgram, str]]:
    """Each day program that some date uses, with the days and parts of the year it serves in words."""
    used = schedule.kinds_used()
    served: dict[DayProgram, dict[tuple[DayKind, ...], list[Period]]] = {}
    for period, season in schedule.periods():
        kinds_of: dict[DayProgram, list[DayKind]] = {}
        for kind in sorted(used):
            kinds_of.setdefault(season.week[kind], []).append(kind)
        for program, kinds in kinds_of.items():
            served.setdefault(program, {}).setdefault(tuple(kinds), []).append(period)
    return [(program, "; ".join(_when(words, groups, used))) for program, groups in served.items()]


def _when(
    words: ActWords, groups: Mapping[tuple[DayKind, ...], Sequence[Period]], used: Iterable[DayKind]
) -> list[str]:
    return [
        words(
            "when",
            kinds=kinds_text(kinds, used, words.language),
            periods=periods_text(merged_periods(periods), words.language),
        )
        for kinds, periods in groups.items()
    ]


def hours_text(words: ActWords, program: DayProgram, zones: Mapping[int, str]) -> str:
    """`00:00–07:00 T2 (ночь), 07:00–23:00 T1 (день)`: the whole day."""
    told = []
    for start, end, tariff in program.spans():
        facts = {"start": clock_text(start), "end": clock_text(end), "tariff": tariff}
        zone = zones.get(tariff)
        told.append(words("span", **facts) if zone is None else words("span zone", **facts, zone=zone))
    return ", ".join(told)


def tariff_hours(program: DayProgram, tariff: int) -> str:
    """`07:00–23:00`: when this tariff counts, a night told as one."""
    spans = [(start, end) for start, end, each in program.spans() if each == tariff]
    if len(spans) > 1 and spans[0][0] == 0 and spans[-1][1] == MINUTES_A_DAY:
        spans = [*spans[1:-1], (spans[-1][0], spans[0][1])]
    return ", ".join(f"{clock_text(start)}–{clock_text(end)}" for start, end in spans)


def special_days(words: ActWords, schedule: YearSchedule) -> list[str]:
    """The dates that count as another kind of day."""
    told, language = [], words.language
    for kind in _KINDS:
        named = [special for special in schedule.special_days if special.kind is kind]
        if named:
            yearly = days_text(((special.month, special.day) for special in named if special.year is None), language)
            dated = dates_text((special.on for special in named if special.on is not None), language)
            days = ", ".join(text for text in (yearly, dated) if text)
            name = words("special", kind=KINDS[language][kind])
            told.append(words("special days", kind=name, days=days))
    return told
