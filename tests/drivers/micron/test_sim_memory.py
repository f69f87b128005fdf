"""The memory of the simulated meter: windows, checksums and their bits, tariffs by its tables, traces, power."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from meterlink.tariff import DayProgram, YearSchedule
from meterlink.testing import START
from meterlink_micron.days import HolidayTable, MovedDay, moved_list
from meterlink_micron.sim_memory import Memory, MemoryBehaviour
from meterlink_micron.sim_writes import WRITES, carry_out
from tests.drivers.micron.scene import BEFORE, EIGHT, FOUR, FOUR_HIGH
from tests.shipped import library

FOUR_ZONES = YearSchedule.every_day(DayProgram.of([(0, 1), (360, 2), (720, 3), (1080, 4)]))


def memory_of(model: str = FOUR, **behaviour: Any) -> Memory:
    state = replace(BEFORE, schedule=FOUR_ZONES)
    return Memory(library().get(model), state, MemoryBehaviour(**behaviour))


def write(memory: Memory, at: int, data: bytes, *, level: int = 2, now: float = START) -> int | None:
    return carry_out(memory, b"\x07\x02" + at.to_bytes(2, "big") + bytes([len(data)]) + data, level, now)


# --- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "windows", "open_at", "closed_at"),
    [
        (FOUR, None, (0x0400, 0x0440, 0x0AF0, 0x0B10, 0x0B80), (0x03F0, 0x0B88, 0x2000, 0x2040)),
        (FOUR, (0x2040,), (0x0400, 0x0B00, 0x2040), (0x0440, 0x0AF8, 0x0438, 0x2000, 0x26F8)),
        (FOUR, (0x0440, 0x2040), (0x0400, 0x0440, 0x2040), (0x2000,)),
        (FOUR_HIGH, None, (0x2000, 0x2040, 0x3B80, 0x3BF0), (0x0400, 0x1FF8, 0x3BF8)),
        (EIGHT, None, (0x2000, 0x3B30, 0x3B80), (0x0440, 0x3C00)),
    ],
)
def test_only_the_windows_of_the_model_answer(
    model: str, windows: tuple[int, ...] | None, open_at: tuple[int, ...], closed_at: tuple[int, ...]
) -> None:
    memory = memory_of(model, schedule_windows=windows)
    assert all(memory.tables.read(at, 16) is not None for at in open_at)
    assert all(memory.tables.read(at, 16) is None for at in closed_at)
    assert all(write(memory, at, bytes(16)) == 0x01 for at in closed_at)


@pytest.mark.parametrize("apart", [False, True])
def test_two_windows_show_one_memory_or_two(apart: bool) -> None:
    memory = memory_of(schedule_windows=(0x0440, 0x2040), windows_apart=apart)
    assert write(memory, 0x2040, b"\xff" * 16) == 0
    low = memory.tables.read(0x0440, 16)
    assert (low == b"\xff" * 16) != apart


# --- checksums --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "at", "error"),
    [(FOUR, 0x0400, 12), (FOUR, 0x0440, 13), (FOUR, 0x0B10, 15), (EIGHT, 0x3B80, 14), (EIGHT, 0x2000, 12)],
)
def test_a_table_without_its_checksum_sets_its_bit(model: str, at: int, error: int) -> None:
    memory = memory_of(model)
    assert memory.tables.errors() == frozenset()
    write(memory, at, b"\x01\x02\x03")
    assert memory.tables.errors() == {error}


def test_03_21_counts_the_days_within_a_second_and_nothing_else() -> None:
    memory = memory_of()
    write(memory, 0x0440, b"\xff" * 16)
    write(memory, 0x0400, b"\x80")
    assert carry_out(memory, b"\x03\x21", 2, START + 1) == 0x10
    memory.advance(START + 1.5)
    assert memory.tables.errors() == {12, 13}
    memory.advance(START + 1.8)
    assert memory.tables.errors() == {12}
    write(memory, 0x0430, b"\x80")
    assert memory.tables.errors() == frozenset()


# --- what a write may be ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "level", "status"),
    [
        (b"\x07\x02\x04\x00\x01\x80", 1, 0x03),
        (b"\x07\x03\x04\x00\x01\x80", 2, 0x01),
        (b"\x07\x02\x04\x00\x02\x80", 2, 0x01),
        (b"\x07\x02\x04\x00\x11" + bytes(17), 2, 0x01),
        (b"\x03\x20", 2, 0x01),
        (b"\x03\x10", 2, 0x01),
        (b"\x03\x18\x7f", 2, 0x01),
        (b"\x03\x18\x01", 1, 0x03),
        (b"\x03\x0c" + bytes(8), 2, 0x01),
        (b"\x03\x0b\x00\x79", 1, 0x01),
        (b"\x03\x0b\x00\x01", 1, 0x00),
    ],
)
def test_every_write_has_its_level_and_its_limits(request_: bytes, level: int, status: int) -> None:
    assert carry_out(memory_of(), request_, level, START) == status


def test_any_bytes_are_a_status() -> None:
    memory = memory_of()

    @given(st.sampled_from([b"", *WRITES]), st.binary(max_size=24), st.integers(0, 2))
    def check(head: bytes, rest: bytes, level: int) -> None:
        assert carry_out(memory, head + rest, level, START) in (0x00, 0x10, 0x01, 0x03, 0x04, 0x08)

    check()


# --- what counts when -------------------------------------------------------------------------------------------------


def test_moved_days_before_holidays_before_weekdays() -> None:
    memory = memory_of(moved=(MovedDay(date(2026, 1, 9), 0),))
    tables = memory.tables
    write(memory, 0x0400, HolidayTable.of([(1, 9), (1, 10)]).encode()[:16])
    assert [tables.table_on(date(2026, 1, day)) for day in (9, 10, 11, 12)] == [0, 3, 2, 0]
    assert tables.table_on(date(2027, 1, 9)) == 3


def test_the_tariff_of_the_moment_follows_what_was_written() -> None:
    """Monday 14:05: T3 of the schedule, T4 once the whole day says so, T1 in the mode of one tariff."""
    memory = memory_of()
    assert memory.tariff(START) == 3
    for at in range(0, 36, 12):
        write(memory, 0x0440 + 6 * 0x90 + at, b"\xff" * 12)
    assert memory.tariff(START) == 4
    assert carry_out(memory, b"\x03\x18\x0b", 2, START) == 0
    assert memory.tariff(START) == 1
    assert carry_out(memory, b"\x03\x18\x0c", 2, START) == 0
    assert memory.tariff(START) == 4


def test_a_clock_that_is_slowed_counts_all_the_same() -> None:
    memory = memory_of()
    before = memory.energy.registers(START).total_uj
    carry_out(memory, b"\x03\x0b\xff\xc4", 1, START)
    assert memory.correction.state == 1
    memory.advance(START + 3600)
    assert memory.correction.state == 0
    assert memory.clock.local(START + 3600) == datetime(2025, 7, 21, 15, 4, 9)
    assert memory.energy.registers(START + 3600).total_uj - before == 588 * 3600 * 1_000_000


# --- traces and power -------------------------------------------------------------------------------------------------


def test_a_session_leaves_one_record_for_each_table() -> None:
    memory = memory_of()
    for at in (0x0400, 0x0410, 0x0440, 0x0450, 0x0B10):
        write(memory, at, moved_list(()))
    memory.end_session()
    memory.end_session()
    assert {number: len(records) for number, records in memory.journals.items()} == {0x03: 1, 0x04: 1, 0x3E: 1}
    assert memory.programmed_on == {date(2025, 7, 21): 5}


def test_a_correction_is_noted_and_counts_as_no_programming() -> None:
    memory = memory_of()
    carry_out(memory, b"\x03\x0b\x00\x0a", 1, START)
    (times,) = memory.journals[0x02]
    assert times == (datetime(2025, 7, 21, 14, 5, 9), datetime(2025, 7, 21, 14, 5, 19))
    assert memory.programmed_at is None


@pytest.mark.parametrize(("tears", "left"), [(False, b"\x00" * 4), (True, b"\xff\xff\x00\x00")])
def test_power_goes_in_the_middle_and_comes_back(tears: bool, left: bytes) -> None:
    memory = memory_of(dies_after_writes=1, loses_power_for_s=10.0, tears=tears)
    assert write(memory, 0x0440, b"\x55\x55") == 0
    assert write(memory, 0x0400, b"\xff" * 4) is None
    assert not memory.has_power(START + 9)
    assert memory.has_power(START + 10)
    assert memory.tables.read(0x0400, 4) == left
    assert write(memory, 0x0400, b"\xff" * 4, now=START + 20) == 0


def test_power_that_never_comes_back() -> None:
    memory = memory_of(dies_after_writes=0)
    assert write(memory, 0x0400, b"\xff") is None
    assert not memory.has_power(START + timedelta(days=400).total_seconds())
