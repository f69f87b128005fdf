"""What differs between two schedules, in words and exactly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.tariff import TariffChange, YearSchedule, compare, differences, preset, schedule_from_table
from meterlink.tariff.difference import day_changes

T1 = "00:00 T1"
T2 = "00:00 T2"
TWO = "00:00 T2 | 07:00 T1 | 23:00 T2"


def schedule(*seasons: dict[str, str], **special_days: list[str]) -> YearSchedule:
    named = [{"starts": "01-01", **season} for season in seasons]
    return schedule_from_table({"spec": 1, "season": named, "special_days": special_days})


@dataclass(frozen=True, kw_only=True)
class DifferenceCase:
    name: str
    old: YearSchedule
    new: YearSchedule
    words: list[str]


CASES = [
    DifferenceCase(
        name="from one rate to two zones",
        old=preset("ru-household-1").schedule,
        new=preset("ru-household-2").schedule,
        words=["all year, every day: 23:00-07:00 T1 -> T2"],
    ),
    DifferenceCase(
        name="from two zones to three",
        old=preset("ru-household-2").schedule,
        new=preset("ru-household-3").schedule,
        words=["all year, every day: 10:00-17:00 T1 -> T3, 21:00-23:00 T1 -> T3"],
    ),
    DifferenceCase(
        name="day and night exchanged",
        old=schedule({"every_day": TWO}),
        new=schedule({"every_day": "00:00 T1 | 07:00 T2 | 23:00 T1"}),
        words=["all year, every day: 07:00-23:00 T1 -> T2, 23:00-07:00 T2 -> T1"],
    ),
    DifferenceCase(
        name="a whole day",
        old=schedule({"every_day": T1}),
        new=schedule({"every_day": T2}),
        words=["all year, every day: 00:00-24:00 T1 -> T2"],
    ),
    DifferenceCase(
        name="workdays only; a night that weekends break is not joined over midnight",
        old=schedule({"every_day": T1}),
        new=schedule({"every_day": T1, "workday": TWO}),
        words=["all year, Mon-Fri: 00:00-07:00 T1 -> T2, 23:00-24:00 T1 -> T2"],
    ),
    DifferenceCase(
        name="weekend",
        old=schedule({"every_day": TWO}),
        new=schedule({"every_day": TWO, "weekend": T2}),
        words=["all year, Sat, Sun: 07:00-23:00 T1 -> T2"],
    ),
    DifferenceCase(
        name="two kinds of day",
        old=schedule({"every_day": T1}),
        new=schedule({"every_day": T1, "monday": TWO, "wednesday": TWO, "sunday": T2}),
        words=[
            "all year, Mon, Wed: 00:00-07:00 T1 -> T2, 23:00-24:00 T1 -> T2",
            "all year, Sun: 00:00-24:00 T1 -> T2",
        ],
    ),
    DifferenceCase(
        name="summer and winter, cut otherwise",
        old=schedule({"every_day": T1}, {"starts": "04-01", "every_day": TWO}, {"starts": "10-01", "every_day": T1}),
        new=schedule({"every_day": T1}, {"starts": "04-15", "every_day": TWO}, {"starts": "10-01", "every_day": T2}),
        words=[
            "1-14 Apr, every day: 00:00-07:00 T2 -> T1, 23:00-24:00 T2 -> T1",
            "Oct-Dec, every day: 00:00-24:00 T1 -> T2",
        ],
    ),
    DifferenceCase(
        name="winter over New Year",
        old=schedule({"every_day": TWO}),
        new=schedule({"starts": "10-01", "every_day": T2}, {"starts": "04-01", "every_day": TWO}),
        words=["Oct-Mar, every day: 07:00-23:00 T1 -> T2"],
    ),
    DifferenceCase(
        name="a change of every day stays one line when there are holidays",
        old=schedule({"every_day": T1}, holiday=["01-01", "05-09", "2027-11-05"]),
        new=schedule({"every_day": TWO}, holiday=["01-01", "05-09"]),
        words=["all year, every day: 23:00-07:00 T1 -> T2"],
    ),
    DifferenceCase(
        name="a change that holidays do not follow",
        old=schedule({"every_day": T1}, holiday=["01-01", "01-02", "05-09"]),
        new=schedule({"every_day": T2, "holiday": T1}, holiday=["01-01", "01-02", "05-09"]),
        words=["all year, every day, except 1-2 Jan, 9 May: 00:00-24:00 T1 -> T2"],
    ),
    DifferenceCase(
        name="a forgotten holiday program",
        old=schedule({"every_day": TWO, "holiday": T2}, holiday=["01-01", "01-02", "05-09"]),
        new=schedule({"every_day": TWO}),
        words=["on 1-2 Jan, 9 May: 07:00-23:00 T2 -> T1"],
    ),
    DifferenceCase(
        name="a holiday that was a Sunday by its program",
        old=schedule({"every_day": TWO, "sunday": T2, "holiday": T2}),
        new=schedule({"every_day": TWO, "sunday": T2, "holiday": T2}, holiday=["05-09"]),
        words=["on 9 May when Mon-Sat: 07:00-23:00 T1 -> T2"],
    ),
    DifferenceCase(
        name="days of one year",
        old=schedule({"every_day": TWO, "sunday": T2}),
        new=schedule({"every_day": TWO, "sunday": T2}, sunday=["2027-05-03", "2027-05-04"]),
        words=["on 3 May 2027, 4 May 2027: 07:00-23:00 T1 -> T2"],
    ),
    DifferenceCase(
        name="a change that one day of one year does not follow",
        old=schedule({"every_day": T1}),
        new=schedule({"every_day": T2, "holiday": T1}, holiday=["2027-05-03"]),
        words=["all year, every day, except 3 May 2027: 00:00-24:00 T1 -> T2"],
    ),
    DifferenceCase(
        name="29 February",
        old=schedule({"every_day": T1, "holiday": T2}),
        new=schedule({"every_day": T1, "holiday": T2}, holiday=["02-29"]),
        words=["on 29 Feb: 00:00-24:00 T1 -> T2"],
    ),
    DifferenceCase(
        name="an unused holiday program",
        old=schedule({"every_day": T1}),
        new=schedule({"every_day": T1, "holiday": T2}),
        words=[],
    ),
    DifferenceCase(
        name="a season that special days hide",
        old=schedule({"every_day": T1}),
        new=schedule(
            {"every_day": T1},
            {"starts": "05-09", "every_day": T2, "holiday": T1},
            {"starts": "05-10", "every_day": T1},
            {"starts": "12-01", "every_day": T2},
            holiday=["05-09"],
        ),
        words=["Dec, every day: 00:00-24:00 T1 -> T2"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_difference_is_told_in_few_words(case: DifferenceCase) -> None:
    assert differences(case.old, case.new) == case.words
    assert len(differences(case.new, case.old)) == len(case.words)


def test_neighbouring_changes_of_one_kind_are_one() -> None:
    old, new = (preset(f"ru-household-{zones}").schedule.seasons[0].week[0] for zones in (3, 2))
    assert day_changes(old, new) == (
        TariffChange(start=600, end=1020, old=3, new=1),
        TariffChange(start=1260, end=1380, old=3, new=1),
    )
    assert day_changes(old, old) == ()


# dates round every place where made-up seasons and special days begin, over 28 years, and all of the years they name
_PLACES = [(1, 1), (1, 2), (2, 27), (2, 28), (2, 29), (3, 1), (3, 2), (3, 31), (4, 1), (4, 2), (12, 30), (12, 31)]
DATES = [date(year, *place) for year in range(1960, 1988) for place in _PLACES if place != (2, 29) or year % 4 == 0] + [
    date(2027, 1, 1) + timedelta(days=n) for n in range(731)
]


@settings(max_examples=60)
@given(old=st.from_type(YearSchedule), new=st.from_type(YearSchedule))
def test_each_date_changes_as_the_one_difference_that_covers_it_says(old: YearSchedule, new: YearSchedule) -> None:
    found = compare(old, new)
    for day in DATES:
        told = [difference.changes for difference in found if difference.covers(day)]
        changes = day_changes(old.program_on(day), new.program_on(day))
        assert told == ([changes] if changes else []), day


@given(old=st.from_type(YearSchedule), new=st.from_type(YearSchedule))
def test_there_is_no_difference_exactly_between_equal_schedules(old: YearSchedule, new: YearSchedule) -> None:
    assert bool(differences(old, new)) is (old != new)
    assert differences(old, old) == []
