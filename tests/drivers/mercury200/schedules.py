"""Schedules and stored tables for tests by properties."""

from __future__ import annotations

from hypothesis import strategies as st

from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule
from meterlink_mercury200.image import Image
from meterlink_mercury200.schedule import EVERY_RECORD, HolidayHalf, Record

programs = st.builds(
    lambda begin, points: DayProgram.of([(0, begin), *sorted(point for point in points if point[0] > 0)]),
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 4)), max_size=7, unique_by=lambda point: point[0]),
)
"""Every day that a record holds: up to eight points."""

days = st.tuples(st.integers(1, 12), st.integers(1, 28)) | st.sampled_from([(1, 31), (2, 29), (12, 31)])

schedules = st.builds(
    lambda months, days: YearSchedule(
        seasons=tuple(Season(starts=(month, 1), week=week) for month, week in months.items()),
        special_days=tuple(SpecialDay(month=m, day=d, kind=DayKind.HOLIDAY) for m, d in days),
    ),
    st.dictionaries(st.integers(1, 12), st.tuples(*[programs] * 8), min_size=1, max_size=4),
    st.sets(days, max_size=16),
)
"""Every schedule that the tables hold."""

halves = st.one_of(st.lists(days, max_size=8).map(HolidayHalf.of), st.binary(min_size=16, max_size=16).map(HolidayHalf))

records = st.one_of(
    st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 4)), max_size=8).map(Record.of),
    st.binary(min_size=16, max_size=16).map(Record),
    st.just(Record(b"\xff" * 16)),
)

images = st.builds(
    lambda usual, others, one, other: Image(dict.fromkeys(EVERY_RECORD, usual) | others, (one, other)),
    records,
    st.dictionaries(st.sampled_from(EVERY_RECORD), records, max_size=30),
    halves,
    halves,
)
"""Any stored tables, sensible or not."""


def without_midnight(record: Record) -> Record:
    """The same record without its first point, as meters store days that run on."""
    return Record(record.raw[2:] + b"\xff\xff")
