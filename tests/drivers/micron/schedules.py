"""Schedules and stored tables for tests by properties."""

from __future__ import annotations

from hypothesis import strategies as st

from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule
from meterlink.tariff.schedule import WORKDAYS
from meterlink_micron.slots import EIGHT, FOUR, Packing

packings = st.sampled_from([FOUR, EIGHT])


def programs(packing: Packing) -> st.SearchStrategy[DayProgram]:
    """Every day on the grid; one in a few changes in each slot."""
    codes = st.lists(st.integers(0, packing.tariffs - 1), min_size=1, max_size=6)
    cuts = st.lists(st.integers(1, 143), max_size=5, unique=True)
    few = st.builds(lambda tariffs, at: _program(tariffs, sorted(at)), codes, cuts)
    many = st.binary(min_size=144, max_size=144).map(lambda raw: [byte % packing.tariffs for byte in raw])
    return few | many.map(lambda slots: _program(slots, range(1, 144)))


def _program(codes: list[int], cuts: object) -> DayProgram:
    switches = [(0, codes[0] + 1)]
    assert isinstance(cuts, list | range)
    for place, slot in enumerate(cuts, 1):
        switches.append((slot * 10, codes[place % len(codes)] + 1))
    return DayProgram.of(switches)


days = st.tuples(st.integers(1, 12), st.integers(1, 28)) | st.sampled_from([(1, 31), (2, 29), (12, 31)])


def weeks(packing: Packing) -> st.SearchStrategy[tuple[DayProgram, ...]]:
    """The eight programs of a season, workdays alike where the meter has one table for them."""
    eight = st.tuples(*[programs(packing)] * 8)
    if packing is EIGHT:
        return eight
    return eight.map(lambda week: tuple(week[1] if DayKind(i) in WORKDAYS else week[i] for i in range(8)))


def schedules(packing: Packing) -> st.SearchStrategy[YearSchedule]:
    """Every schedule that the tables hold."""
    return st.builds(
        lambda months, special: YearSchedule(
            seasons=tuple(Season(starts=(month, 1), week=week) for month, week in months.items()),
            special_days=tuple(SpecialDay(month=m, day=d, kind=DayKind.HOLIDAY) for m, d in special),
        ),
        st.dictionaries(st.integers(1, 12), weeks(packing), min_size=1, max_size=3),
        st.sets(days, max_size=20),
    )
