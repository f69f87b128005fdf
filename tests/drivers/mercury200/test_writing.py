"""Writing a meter: the driver's flows against the family's own simulator, whole, chopped and noisy."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings

from meterlink.driver import (
    SetButtonCorrection,
    SetDisplay,
    SetDst,
    SetHolidays,
    SetSchedule,
    SetTariffCount,
    Setting,
    Target,
    Written,
)
from meterlink.flow import Announcement, Change
from meterlink.model import Action
from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule
from meterlink.testing import START, Delivery, Transcript, dialogue, from_hex
from meterlink_mercury200 import DRIVER, messages as m
from meterlink_mercury200.image import Image
from meterlink_mercury200.schedule import RecordWrite
from meterlink_mercury200.sim import Behaviour, SimulatedMercury200
from tests.drivers.mercury200.schedules import images, schedules
from tests.drivers.mercury200.writing_bench import (
    CLOCK,
    FRAMES,
    FRESH,
    NEW,
    OLD,
    THREE,
    TWO,
    WORKED,
    Bench,
    made,
    stands,
)
from tests.exchange.table import Journal

# --- worked frames ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "raw", "write", "read"), FRAMES.values(), ids=FRAMES)
def test_worked_frames_leave_byte_for_byte(name: str, raw: str, write: str, read: str) -> None:
    wire = Transcript(
        [(write, made(from_hex(write)[4])), (read, made(from_hex(read)[4], from_hex(raw)))], WORKED.profile.line.line
    )
    journal = Journal()
    change = Change(parameter=name, old=None, new=raw)
    talk = dialogue(DRIVER, WORKED, wire, gate=journal)
    assert stands(talk.run(DRIVER.write(WORKED, "worked", (change,))), (change,))
    wire.assert_complete()
    assert journal.entries[0] == Announcement(operation="worked", frames=(write,), changes=(change,))


@pytest.mark.parametrize("write", [write for _, _, write, _ in FRAMES.values()])
def test_worked_frames_read_back_as_messages(write: str) -> None:
    call = m.decode_call(from_hex(write))
    assert call.encode() == from_hex(write)
    assert call.address == 123456
    assert DRIVER.describe(from_hex(write), None, None).request.status == "ok"


def test_the_clock_leaves_as_in_the_worked_frame() -> None:
    local = datetime(2025, 7, 21, 14, 5, 9)  # a Monday, and the moment at which virtual time begins
    wire = Transcript([("00 01 E2 40 02 01 14 05 09 21 07 25 3A D1", "00 01 E2 40 02 35 CB")], WORKED.profile.line.line)
    talk = dialogue(DRIVER, WORKED, wire, gate=Journal())
    written = talk.run(DRIVER.set_clock(WORKED, "set clock", local, START + 1, CLOCK))
    assert (written.found, written.failure) == ({}, None)
    wire.assert_complete()


# --- each setting, whole ----------------------------------------------------------------------------------------------

SETTINGS: dict[str, Setting] = {
    "DST off": SetDst(enabled=False),
    "schedule": SetSchedule(schedule=THREE),
    "holidays": SetHolidays(days=((1, 1), (5, 9))),
    "single tariff": SetTariffCount(count=1),
    "display": SetDisplay(values={"shown": ["T1", "T2", "sum"], "seconds": {"current_tariff": 30}}),
    "current tariff only": SetDisplay(values={"shown": "current tariff only"}),
    "no buttons": SetButtonCorrection(minutes=0),
}
SUMMER = replace(FRESH, dst_enabled=True)


@pytest.mark.parametrize("how", Delivery)
@pytest.mark.parametrize("target", [OLD, NEW], ids=["200.02", "206"])
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_every_setting_is_written_and_stands(setting: Setting, target: Target, how: Delivery) -> None:
    bench = Bench(target, state=SUMMER, how=how)
    stored = bench.stored(*Action)
    changes = bench.changes(setting, stored)
    assert changes
    assert all(change.old == stored[change.parameter] for change in changes)
    assert stands(bench.write(changes, "one setting"), changes)
    assert bench.changes(setting) == ()
    announcement, *outcomes = bench.journal.entries
    assert isinstance(announcement, Announcement)
    assert (announcement.operation, announcement.changes) == ("one setting", changes)
    assert list(announcement.frames) == bench.left()
    assert bench.journal.fates() == ["answered"] * len(changes)
    others = set(stored) - {change.parameter for change in changes}
    after = bench.stored(*Action)
    assert {name: after[name] for name in others} == {name: stored[name] for name in others}
    assert bench.meter.memory.writes_done == len(changes) == len(outcomes)


def test_what_was_written_is_seen_by_the_readings() -> None:
    bench = Bench(state=SUMMER)
    for setting in SETTINGS.values():
        assert bench.apply(setting).failure is None
    assert bench.talk.run(DRIVER.read_dst(OLD)).enabled is False
    assert bench.talk.run(DRIVER.read_holidays(OLD)).days == ((1, 1), (5, 9))
    assert bench.talk.run(DRIVER.read_tariff_mode(OLD)).tariffs_in_force == 1
    read = bench.talk.run(DRIVER.read_schedule(OLD)).schedule
    assert read == replace(THREE, special_days=tuple(_special((1, 1), (5, 9))))
    status = {value.name: value.value for value in bench.talk.run(DRIVER.read_status(OLD)).values}
    assert (status["button correction"], status["display"]) == ("0", "current tariff")


def _special(*days: tuple[int, int]) -> list[SpecialDay]:
    return [SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY) for month, day in days]


def test_the_stored_names_are_those_of_the_schedule_reading() -> None:
    bench = Bench()
    image = bench.talk.run(DRIVER.read_schedule(OLD)).image
    assert bench.stored(Action.SCHEDULE, Action.HOLIDAYS) == image


def test_no_frame_leaves_where_nothing_differs() -> None:
    bench = Bench()  # it stores the two-zone day without a midnight point
    for setting in (SetSchedule(schedule=TWO), SetHolidays(days=()), SetDst(enabled=False), SetTariffCount(count=2)):
        assert bench.apply(setting) == Written(found={})
    assert bench.journal.entries == []
    assert bench.left() == []


def test_one_kind_of_day_is_twelve_frames_and_no_other() -> None:
    bench = Bench(state=replace(FRESH, schedule=THREE))
    season = THREE.seasons[0]
    saturday = DayProgram.of([(0, 3), (420, 2), (1380, 3)])
    week = [
        saturday if kind is DayKind.SATURDAY else program for kind, program in zip(DayKind, season.week, strict=True)
    ]
    wanted = YearSchedule(seasons=(replace(season, week=tuple(week)),))
    assert bench.apply(SetSchedule(schedule=wanted)).failure is None
    asked = [m.decode_call(from_hex(frame)).asked for frame in bench.left()]
    kinds = [(write.index.month, write.index.kind) for write in asked if isinstance(write, RecordWrite)]
    assert kinds == [(month, DayKind.SATURDAY) for month in range(12)]
    assert bench.talk.run(DRIVER.read_schedule(OLD)).schedule == wanted


def test_both_holiday_halves_leave_when_one_day_changes() -> None:
    bench = Bench()
    assert bench.apply(SetHolidays(days=((6, 12),))).failure is None
    assert bench.apply(SetHolidays(days=((6, 12), (11, 4)))).failure is None
    assert [frame.split()[-3] for frame in bench.left()] == ["00", "01", "00", "01"]


# --- speed ------------------------------------------------------------------------------------------------------------


def program(number: int) -> DayProgram:
    return DayProgram.of([(0, 1 + number % 4), (number + 1, 1 + (number + 1) % 4), (720, 1 + (number + 2) % 4)])


MOTLEY = YearSchedule(
    seasons=tuple(
        Season.of((month + 1, 1), {kind: program(month * 8 + kind) for kind in DayKind}) for month in range(12)
    )
)
"""96 records, no two alike."""


def test_a_full_rewrite_takes_the_time_of_its_bytes_and_gaps() -> None:
    bench = Bench()
    changes = bench.changes(SetSchedule(schedule=MOTLEY))
    assert len(changes) == 96
    bench.traced.clear()
    began = bench.talk.now()
    assert stands(bench.write(changes), changes)
    took_s = bench.talk.now() - began
    line, timing = OLD.profile.line.line, OLD.profile.timing
    bytes_s = sum(len(from_hex(traced.frame)) for traced in bench.traced) * line.char_s
    exchanges = 2 * 96
    chars_s = timing.quiet_chars * line.char_s
    gaps_s = exchanges * (max(timing.quiet_s, chars_s) + chars_s)
    assert took_s <= 1.02 * (bytes_s + gaps_s + exchanges * Behaviour().latency_s)
    assert len(bench.traced) == 2 * exchanges


# --- any schedule -----------------------------------------------------------------------------------------------------


def put(meter: SimulatedMercury200, image: Image) -> None:
    """Lay tables into a meter, as somebody else may have left them."""
    meter.memory.records.update(image.records)
    for half, stored in enumerate(image.holidays):
        meter.memory.put_holidays(half, stored)


@settings(max_examples=20)
@given(schedules, images)
def test_whatever_was_stored_the_written_schedule_is_read_back(schedule: YearSchedule, stored: Image) -> None:
    bench = Bench()
    put(bench.meter, stored)
    days = tuple((special.month, special.day) for special in schedule.special_days)
    for setting in (SetHolidays(days=days), SetSchedule(schedule=schedule)):
        assert bench.apply(setting).failure is None
    assert bench.talk.run(DRIVER.read_schedule(OLD)).schedule == schedule
    assert len(bench.left()) == len(set(bench.left()))
