"""The written form of a schedule."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given, strategies as st

from meterlink.errors import ScheduleError
from meterlink.tariff import (
    DayKind,
    DayProgram,
    YearSchedule,
    program_from_text,
    schedule_from_table,
    schedule_to_table,
)

COMPANY = """
spec = 1
[[season]]
starts = "01-01"
workday = "00:00 T2 | 07:00 T1 | 08:00 T3 | 12:00 T1 | 23:00 T2"
saturday = "00:00 T2 | 7:00 T1 | 23:00 T2"
sunday = "00:00 T2"
holiday = "00:00 T2"
[[season]]
starts = "05-01"
every_day = "00:00 T2 | 09:00 T3 | 15:00 T1"
weekend = "00:00 T2"
saturday = "00:00 T1"
[special_days]
holiday = ["01-01", "2027-11-05"]
saturday = [2027-02-20]
"""


def test_a_companys_schedule_is_read() -> None:
    found = schedule_from_table(tomllib.loads(COMPANY))
    assert str(found.program_on(date(2027, 2, 18))) == "00:00 T2 | 07:00 T1 | 08:00 T3 | 12:00 T1 | 23:00 T2"
    assert str(found.program_on(date(2027, 2, 27))) == "00:00 T2 | 07:00 T1 | 23:00 T2"
    assert str(found.program_on(date(2027, 1, 1))) == "00:00 T2"
    assert str(found.program_on(date(2027, 6, 1))) == "00:00 T2 | 09:00 T3 | 15:00 T1"
    assert [found.kind_on(date(2027, *day)) for day in ((11, 5), (2, 20))] == [DayKind.HOLIDAY, DayKind.SATURDAY]


def test_the_more_particular_key_wins() -> None:
    summer = schedule_from_table(tomllib.loads(COMPANY)).season_on((6, 1)).week
    assert str(summer[DayKind.SATURDAY]) == "00:00 T1"
    assert str(summer[DayKind.SUNDAY]) == "00:00 T2"
    assert summer[DayKind.HOLIDAY] == summer[DayKind.MONDAY]


def test_twelve_months_are_twelve_seasons() -> None:
    months = [
        {"starts": f"{month:02d}-01", "every_day": f"00:00 T2 | {6 + month % 3:02d}:00 T1"} for month in range(1, 13)
    ]
    found = schedule_from_table({"spec": 1, "season": months})
    assert [season.starts for season in found.seasons] == [(month, 1) for month in range(1, 13)]


def test_the_written_form_is_short() -> None:
    table = schedule_to_table(schedule_from_table(tomllib.loads(COMPANY)))
    assert table["special_days"] == {"holiday": ["01-01", "2027-11-05"], "saturday": ["2027-02-20"]}
    seasons = table["season"]
    assert isinstance(seasons, list)
    assert [list(season) for season in seasons] == [["starts", "workday", "saturday", "sunday", "holiday"]] * 2
    one_program = YearSchedule.every_day(DayProgram.of([(0, 1)]))
    assert schedule_to_table(one_program) == {"spec": 1, "season": [{"starts": "01-01", "every_day": "00:00 T1"}]}


@given(one=st.from_type(YearSchedule))
def test_what_is_written_is_read_again(one: YearSchedule) -> None:
    again = schedule_from_table(schedule_to_table(one))
    assert again == one
    assert (again.seasons, again.special_days) == (one.seasons, one.special_days)


@given(program=st.from_type(DayProgram))
def test_a_day_that_is_written_is_read_again(program: DayProgram) -> None:
    assert program_from_text(str(program)) == program


def test_a_russian_letter_for_the_tariff_is_read() -> None:
    assert program_from_text("00:00 Т2|7:00 т1") == program_from_text("00:00 T2 | 07:00 T1")


@dataclass(frozen=True, kw_only=True)
class BadCase:
    name: str
    toml: str
    rule: str
    says: str


SEASON = '[[season]]\nstarts = "01-01"\nevery_day = "00:00 T1"\n'

BAD = [
    BadCase(name="no spec", toml=SEASON, rule="spec-known", says="spec = None"),
    BadCase(name="a later spec", toml="spec = 2\n" + SEASON, rule="spec-known", says="reads spec = 1"),
    BadCase(name="no season", toml="spec = 1", rule="has-season", says="no season"),
    BadCase(
        name="unknown key of a schedule",
        toml="spec = 1\nseasons = []",
        rule="keys-known",
        says="'seasons' is not known; the nearest is 'season'",
    ),
    BadCase(
        name="unknown key of a season",
        toml="spec = 1\n" + SEASON + 'workdays = "00:00 T1"',
        rule="keys-known",
        says="season 1: the key 'workdays' is not known; the nearest is 'workday'",
    ),
    BadCase(
        name="unknown kind of special day",
        toml="spec = 1\n" + SEASON + '[special_days]\nxyz = ["01-01"]',
        rule="keys-known",
        says="known are sunday, monday",
    ),
    BadCase(
        name="a season that is no table",
        toml='spec = 1\nseason = ["01-01"]',
        rule="form",
        says="season 1: '01-01' is not a table",
    ),
    BadCase(name="seasons that are one table", toml="spec = 1\n[season]", rule="form", says="a list of tables"),
    BadCase(
        name="special days that are a list",
        toml='spec = 1\nspecial_days = ["01-01"]\n' + SEASON,
        rule="form",
        says="special_days",
    ),
    BadCase(
        name="one special day without its list",
        toml="spec = 1\n" + SEASON + '[special_days]\nholiday = "01-01"',
        rule="form",
        says="a list of dates",
    ),
    BadCase(
        name="a special day in another order",
        toml="spec = 1\n" + SEASON + '[special_days]\nholiday = ["31.12"]',
        rule="form",
        says="'31.12' is not a date",
    ),
    BadCase(
        name="a special day with a time",
        toml="spec = 1\n" + SEASON + "[special_days]\nholiday = [2027-01-01T00:00:00]",
        rule="form",
        says="is not a date",
    ),
    BadCase(
        name="a season without a start",
        toml='spec = 1\n[[season]]\nevery_day = "00:00 T1"',
        rule="form",
        says="season 1, starts",
    ),
    BadCase(
        name="a season of one year",
        toml='spec = 1\n[[season]]\nstarts = "2027-01-01"\nevery_day = "00:00 T1"',
        rule="form",
        says="'2027-01-01' is not a date such as '01-31'",
    ),
    BadCase(
        name="a season on 31 June",
        toml='spec = 1\n[[season]]\nstarts = "06-31"\nevery_day = "00:00 T1"',
        rule="date-exists",
        says="season 06-31",
    ),
    BadCase(
        name="holidays left out",
        toml='spec = 1\n[[season]]\nstarts = "01-01"\nworkday = "00:00 T1"\nweekend = "00:00 T2"',
        rule="kinds-complete",
        says="no day program for holiday",
    ),
    BadCase(
        name="points that are no text",
        toml='spec = 1\n[[season]]\nstarts = "01-01"\nevery_day = 1',
        rule="form",
        says="season 1, every_day: 1 is not switch points",
    ),
    BadCase(
        name="a point without its tariff",
        toml='spec = 1\n[[season]]\nstarts = "01-01"\nevery_day = "00:00 T1 | 07:00"',
        rule="form",
        says="'07:00' is not switch points",
    ),
    BadCase(
        name="minute 60",
        toml='spec = 1\n[[season]]\nstarts = "01-01"\nsunday = "00:00 T1 | 07:60 T2"',
        rule="minute-in-day",
        says="season 1, sunday, switch point: 07:60",
    ),
    BadCase(
        name="no point at midnight",
        toml='spec = 1\n[[season]]\nstarts = "01-01"\nevery_day = "07:00 T1 | 23:00 T2"',
        rule="starts-at-midnight",
        says="season 1, every_day",
    ),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_a_bad_table_is_refused_with_its_place(case: BadCase) -> None:
    with pytest.raises(ScheduleError) as caught:
        schedule_from_table(tomllib.loads(case.toml))
    assert caught.value.rule == case.rule
    assert case.says in str(caught.value)
