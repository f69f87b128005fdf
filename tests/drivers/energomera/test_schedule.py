"""The law of schedules: whatever is stored, what is written means the schedule that was wanted."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from meterlink.driver import SetHolidays, SetSchedule
from meterlink.errors import ConfigError, ScheduleError
from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule, preset
from meterlink_energomera import DRIVER
from meterlink_energomera.models import table_of
from meterlink_energomera.schedule import joined, parted
from tests.shipped import library

PROFILE = library().get("ce6850m")
NAMES = (*(f"GRF{number:02d}" for number in table_of(PROFILE).graph_numbers), "SESON", "EXDAY")

programs = st.builds(
    lambda begin, points: DayProgram.of([(0, begin), *sorted(point for point in points if point[0] > 0)]),
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 4)), max_size=11, unique_by=lambda point: point[0]),
)
"""Every day that a graph holds: up to twelve points."""

dates = st.tuples(st.integers(1, 12), st.integers(1, 28)) | st.sampled_from([(1, 31), (2, 29), (12, 31)])


@st.composite
def schedules(draw: st.DrawFn) -> YearSchedule:
    """Every schedule that the tables hold: one program of holidays, and at most 35 others in twelve seasons."""
    pool = draw(st.lists(programs, min_size=1, max_size=12))
    holiday = draw(programs)
    starts = draw(st.sets(st.tuples(st.integers(1, 12), st.integers(1, 28)), min_size=1, max_size=12))
    week = st.tuples(*[st.sampled_from(pool)] * 7)
    return YearSchedule(
        seasons=tuple(Season(starts=start, week=(*draw(week), holiday)) for start in sorted(starts)),
        special_days=tuple(
            SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY) for month, day in draw(st.sets(dates, max_size=16))
        ),
    )


def listed(texts: st.SearchStrategy[str], most: int) -> st.SearchStrategy[str]:
    return st.lists(texts, max_size=most).map(joined)


points = st.builds("{:02d}:{:02d}:{:02d}".format, st.integers(0, 24), st.integers(0, 59), st.integers(0, 5))
graphs = st.builds(joined, st.lists(points, max_size=12).map(sorted)) | st.just(joined(["0:0:0"] * 12))
seasons = st.builds(
    lambda start, numbers: "-".join(f"{number:02d}" for number in (start[1], start[0], *numbers)),
    dates,
    st.tuples(*[st.integers(0, 40)] * 7),
)
exceptions = st.builds(
    lambda date, graph, working: f"{date[1]:02d}.{date[0]:02d}.{graph + 128 * working:02d}",
    dates,
    st.integers(0, 40),
    st.booleans(),
)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, str]:
    """Any stored tables, sensible or not."""
    usual, others = draw(graphs), draw(st.dictionaries(st.sampled_from(NAMES[:-2]), graphs, max_size=12))
    stored = dict.fromkeys(NAMES[:-2], usual) | others
    return stored | {"SESON": draw(listed(seasons, 12)), "EXDAY": draw(listed(exceptions, 12))}


def written(schedule: YearSchedule, stored: dict[str, str]) -> dict[str, str]:
    """What stands there when schedule and exception days were planned from one state and written."""
    days = tuple((day.month, day.day) for day in schedule.special_days)
    settings = (SetSchedule(schedule=schedule), SetHolidays(days=days))
    changes = [change for setting in settings for change in DRIVER.changes(setting, stored, PROFILE)]
    assert {change.parameter for change in changes} <= set(NAMES)
    after = stored | {change.parameter: change.new for change in changes}
    assert [DRIVER.changes(setting, after, PROFILE) for setting in settings] == [(), ()]
    return after


@given(schedules(), tables())
def test_whatever_is_stored_what_is_written_means_the_schedule(schedule: YearSchedule, stored: dict[str, str]) -> None:
    with suppress(ConfigError, ScheduleError):  # a list to be emptied, a stored day that names no graph of the model
        assert DRIVER.lift_stored(written(schedule, stored)) == schedule


@given(schedules())
def test_an_empty_meter_takes_every_schedule(schedule: YearSchedule) -> None:
    stored = dict.fromkeys(NAMES[:-2], joined(["00:00:00"] * 12)) | {"SESON": joined([]), "EXDAY": joined([])}
    assert DRIVER.lift_stored(written(schedule, stored)) == schedule


def test_an_exception_day_that_names_no_graph_of_the_model_is_mended_first() -> None:
    wanted = preset("ru-household-2").schedule
    stored = written(wanted, dict.fromkeys(NAMES[:-2], joined([])) | {"SESON": joined([]), "EXDAY": joined([])})
    odd = stored | {"EXDAY": joined(["01.01.40"])}
    other = preset("ru-household-3").schedule
    with pytest.raises(ScheduleError, match="GRF40"):
        DRIVER.changes(SetSchedule(schedule=other), odd, PROFILE)
    (change,) = DRIVER.changes(SetHolidays(days=((1, 1),)), odd, PROFILE)
    assert DRIVER.told_stored("EXDAY", change.new) == "01.01.01"
    assert DRIVER.changes(SetSchedule(schedule=other), odd | {"EXDAY": change.new}, PROFILE)


@given(st.text(max_size=40) | st.lists(st.text("0123456789:.-,() \r\nGRF", max_size=12)).map(joined))
def test_any_stored_text_is_told_and_compared(raw: str) -> None:
    for name in ("GRF01", "SESON", "EXDAY", "TRSUM"):
        assert DRIVER.told_stored(name, raw) is not None
        assert DRIVER.means_same(name, raw, raw)


@given(st.lists(st.text("0123456789:.-,", max_size=12), max_size=14))
def test_stored_values_go_to_hexadecimal_and_back(values: list[str]) -> None:
    assert parted(joined(values)) == tuple(values)
