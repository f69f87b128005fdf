"""Holidays and moved days: the worked examples, what they mean, what means nothing."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, strategies as st

from meterlink.tariff import DayKind
from meterlink.wire.payload import PayloadError
from meterlink_micron.days import HolidayTable, MovedDay, MovedDays, moved_list
from meterlink_micron.slots import EIGHT, FOUR
from tests.drivers.micron.schedules import days

RUSSIAN = [(1, day) for day in range(1, 9)] + [(2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)]


def test_the_worked_table_of_holidays() -> None:
    table = HolidayTable.of(RUSSIAN)
    assert table.bits[:9] == bytes.fromhex("FF 00 00 00 00 00 02 00 01")
    assert table.check == 0x22
    assert table.is_whole
    assert list(table.days()) == RUSSIAN


@given(st.sets(days))
def test_holidays_come_back_in_order(marked: set[tuple[int, int]]) -> None:
    table = HolidayTable.read(HolidayTable.of(marked).encode())
    assert list(table.days()) == sorted(marked)
    assert table.is_whole


@given(st.binary(min_size=49, max_size=49))
def test_any_bytes_are_a_table_and_no_bit_is_lost(raw: bytes) -> None:
    table = HolidayTable.read(raw)
    marked = len(table.days()) + len(table.senseless())
    assert marked == sum(byte.bit_count() for byte in raw[:48])
    assert table.is_whole == (sum(raw[:48]) % 256 == raw[48])


def test_days_of_no_calendar_are_told_apart() -> None:
    raw = bytearray(HolidayTable.of([(2, 28)]).encode())
    raw[4 + 3] |= 1 << 2  # 30 February
    table = HolidayTable.read(bytes(raw))
    assert table.days() == ((2, 28),)
    assert table.senseless() == ((2, 30),)
    assert not table.is_whole


def test_another_size_is_no_table_of_holidays() -> None:
    with pytest.raises(PayloadError, match="49"):
        HolidayTable.read(bytes(48))


MOVED = [MovedDay(date(2003, 1, 18), 4), MovedDay(date(2003, 3, 10), 5), MovedDay(date(2003, 6, 19), 4)]


def test_the_makers_list_of_moved_days() -> None:
    raw = moved_list(MOVED)
    assert raw == bytes.fromhex("18 01 03 04 10 03 03 05 19 06 03 04 00 00 00 00 61")
    found = MovedDays.read(raw, EIGHT)
    assert list(found.days) == MOVED
    assert found.is_whole
    assert [(one.year, one.month, one.day, one.kind) for one in found.special_days(EIGHT)] == [
        (2003, 1, 18, DayKind.FRIDAY),
        (2003, 3, 10, DayKind.SATURDAY),
        (2003, 6, 19, DayKind.FRIDAY),
    ]


def test_four_tables_know_four_kinds_of_moved_days() -> None:
    found = MovedDays.read(moved_list(MOVED), FOUR)
    assert not found.days
    assert len(found.notes) == 3
    weekday = MovedDays.read(moved_list([MovedDay(date(2026, 1, 10), 0)]), FOUR)
    assert [one.kind for one in weekday.special_days(FOUR)] == [DayKind.MONDAY]


@given(st.binary(max_size=125))
def test_any_bytes_are_a_list_or_said_to_be_none(raw: bytes) -> None:
    found = MovedDays.read(raw, FOUR)
    assert found.is_whole <= (b"\x00\x00\x00\x00" in raw)
    assert all(isinstance(note, str) for note in found.notes)
    assert len({one.on for one in found.special_days(FOUR)}) == len(found.special_days(FOUR))


def test_a_list_without_an_end_means_nothing() -> None:
    found = MovedDays.read(b"\xff" * 125, FOUR)
    assert not found.days
    assert not found.is_whole
    assert found.notes == ("the list of moved days has no end",)


@given(st.binary(min_size=48, max_size=48), st.dates(date(2024, 1, 1), date(2027, 12, 31)))
def test_a_day_is_looked_up_as_the_list_tells_it(bits: bytes, day: date) -> None:
    assert HolidayTable(bits, 0).holds(day) == ((day.month, day.day) in HolidayTable(bits, 0).days())
