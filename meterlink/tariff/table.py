"""The written form of a year schedule: the tables of a TOML file, readable for a technician.

    spec = 1
    [[season]]
    starts = "01-01"                                  # MM-DD
    every_day = "00:00 T2 | 07:00 T1 | 23:00 T2"
    sunday = "00:00 T2"                               # the more particular key wins
    [special_days]                                    # may be left out
    holiday = ["01-01", "2027-11-05"]                 # every year, or one year only

Keys of a season, from the most general: `every_day` (holiday too); `workday` (Mon-Fri), `weekend` (Sat, Sun);
`monday` .. `sunday`, `holiday`. All eight kinds of day must be covered: what a holiday counts is never guessed.
Not here: files. Callers read them and hand over the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from meterlink.errors import ScheduleError
from meterlink.meant import closest
from meterlink.tariff.rules import Rule, broken, in_place
from meterlink.tariff.schedule import (
    WEEKDAYS,
    WEEKEND,
    WORKDAYS,
    DayKind,
    DayProgram,
    MonthDay,
    Season,
    SpecialDay,
    YearSchedule,
    month_day_text,
)

SPEC = 1

_KEYS: dict[str, tuple[DayKind, ...]] = {
    "every_day": tuple(DayKind),
    "workday": WORKDAYS,
    "weekend": WEEKEND,
    **{kind.name.lower(): (kind,) for kind in (*WEEKDAYS, DayKind.HOLIDAY)},
}
_KINDS = {kind.name.lower(): kind for kind in DayKind}
# a Russian keyboard has a letter that looks like T and is not
_POINT = re.compile(r"([0-9]{1,2}):([0-9]{2})\s+[TtТт]([0-9]{1,2})")
_DATE = re.compile(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})")

_WANTED = {
    "table": "a table",
    "tables": "a list of tables",
    "points": "switch points such as '00:00 T2 | 07:00 T1'",
    "month_day": "a date such as '01-31'",
    "dates": "a list of dates",
    "date": "a date such as '01-31' or '2027-01-31'",
}
_NEAREST = "the nearest is {match!r}"
_KNOWN_ARE = "known are {known}"


def schedule_from_table(table: Mapping[str, object]) -> YearSchedule:
    """A schedule from its table; `ScheduleError` names the place and the rule."""
    check_keys(table, ("spec", "season", "special_days"), "schedule")
    if table.get("spec") != SPEC or isinstance(table["spec"], bool):
        raise broken(Rule.SPEC_KNOWN, "schedule", spec=table.get("spec"))
    seasons = table.get("season", [])
    if not isinstance(seasons, list):
        raise _unreadable("season", seasons, "tables")
    return YearSchedule(
        seasons=tuple(_season(entry, f"season {number}") for number, entry in enumerate(seasons, 1)),
        special_days=tuple(_special_days(table.get("special_days", {}))),
    )


def schedule_to_table(schedule: YearSchedule) -> dict[str, object]:
    """The table of a schedule, as short as its programs allow; `schedule_from_table` gives the schedule back."""
    table: dict[str, object] = {"spec": SPEC, "season": [_season_table(season) for season in schedule.seasons]}
    special_days: dict[str, list[str]] = {}
    for special in schedule.special_days:
        special_days.setdefault(special.kind.name.lower(), []).append(special.date_text)
    return table | ({"special_days": special_days} if special_days else {})


def program_from_text(text: str) -> DayProgram:
    """A day program from ``00:00 T2 | 07:00 T1``; the inverse of ``str(program)``."""
    switches = []
    for part in text.split("|"):
        match = _POINT.fullmatch(part.strip())
        if match is None:
            raise _unreadable("day program", part.strip(), "points")
        hour, minute, tariff = map(int, match.groups())
        if minute > 59:
            raise broken(Rule.MINUTE_IN_DAY, "switch point", minute=f"{hour:02d}:{minute:02d}")
        switches.append((hour * 60 + minute, tariff))
    return DayProgram.of(switches)


def check_keys(table: Mapping[str, object], known: Iterable[str], where: str) -> None:
    """Raise `ScheduleError` at the first key nobody knows, with the nearest known one."""
    known = list(known)
    for key in table:
        if key not in known:
            raise broken(Rule.KEYS_KNOWN, where, key=key, advice=nearest(key, known))


def nearest(word: str, known: Iterable[str]) -> str:
    """Advice for a word that is not known: the nearest one, else all of them."""
    known = list(known)
    match = closest(word, known)
    return _NEAREST.format(match=match) if match else _KNOWN_ARE.format(known=", ".join(known))


def _season(entry: object, where: str) -> Season:
    if not isinstance(entry, dict):
        raise _unreadable(where, entry, "table")
    check_keys(entry, ("starts", *_KEYS), where)
    programs: dict[DayKind, DayProgram] = {}
    # _KEYS goes from the general to the particular, so later keys win
    for key, kinds in _KEYS.items():
        if key in entry:
            program = _program(entry[key], f"{where}, {key}")
            programs.update(dict.fromkeys(kinds, program))
    with in_place(where):
        return Season.of(_month_day(entry.get("starts")), programs)


def _program(text: object, where: str) -> DayProgram:
    if not isinstance(text, str):
        raise _unreadable(where, text, "points")
    with in_place(where):
        return program_from_text(text)


def _month_day(text: object) -> MonthDay:
    match = _DATE.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[1] is not None:
        raise _unreadable("starts", text, "month_day")
    return int(match[2]), int(match[3])


def _special_days(table: object) -> Iterator[SpecialDay]:
    if not isinstance(table, dict):
        raise _unreadable("special_days", table, "table")
    check_keys(table, _KINDS, "special_days")
    for key, dates in table.items():
        if not isinstance(dates, list):
            raise _unreadable(f"special_days, {key}", dates, "dates")
        for text in dates:
            yield _special_day(text, _KINDS[key], f"special_days, {key}")


def _special_day(text: object, kind: DayKind, where: str) -> SpecialDay:
    # TOML knows dates of its own: 2027-01-31 without quotes arrives as one
    shown = text.isoformat() if isinstance(text, date) and not isinstance(text, datetime) else text
    match = _DATE.fullmatch(shown) if isinstance(shown, str) else None
    if match is None:
        raise _unreadable(where, shown, "date")
    year = None if match[1] is None else int(match[1])
    with in_place(where):
        return SpecialDay(month=int(match[2]), day=int(match[3]), year=year, kind=kind)


def _season_table(season: Season) -> dict[str, str]:
    table = {"starts": month_day_text(season.starts)}
    if len(set(season.week)) == 1:
        return table | {"every_day": str(season.week[0])}
    for key, kinds in (("workday", WORKDAYS), ("weekend", WEEKEND)):
        alike = len({season.week[kind] for kind in kinds}) == 1
        names = {key: kinds[0]} if alike else {kind.name.lower(): kind for kind in kinds}
        table |= {name: str(season.week[kind]) for name, kind in names.items()}
    return table | {"holiday": str(season.week[DayKind.HOLIDAY])}


def _unreadable(where: str, found: object, wanted: str) -> ScheduleError:
    return broken(Rule.FORM, where, found=found, wanted=_WANTED[wanted])
