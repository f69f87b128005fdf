"""Writing tables and flags: what leaves, what is read back, what refusals and lost answers leave behind."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from meterlink.driver import SetButtonCorrection, SetDst, SetHolidays, SetSchedule, SetTariffCount, Setting
from meterlink.errors import (
    AddressError,
    BadReplyError,
    ChannelClosedError,
    ConfigError,
    NoAnswerError,
    NoPasswordError,
    NotStoredError,
    NotSupportedError,
    RefusedError,
    ScheduleError,
    WireError,
    WrongPasswordError,
)
from meterlink.flow import Change, Fate
from meterlink.model import Action
from meterlink.sim.faults import FAULTS
from meterlink.tariff import DayKind, DayProgram, Season, YearSchedule
from meterlink.wire.payload import hexadecimal
from meterlink_micron import DRIVER
from meterlink_micron.days import HolidayTable
from meterlink_micron.errors import LevelTooLowError, RepeatWantedError, UnknownCommandError
from meterlink_micron.sim import Behaviour
from meterlink_micron.sim_memory import MemoryBehaviour
from tests.drivers.micron.scene import (
    BEFORE,
    EIGHT,
    FOUR,
    FOUR_HIGH,
    ONE,
    THREE,
    TWO,
    Scene,
    stands,
    target_of,
)
from tests.drivers.struck import HEARD, Blow

LONG = os.environ.get("METERLINK_LONG") == "1"
MODELS = (FOUR, FOUR_HIGH, EIGHT)
DAYS = ((1, 1), (5, 9), (12, 31))
WEEKEND = YearSchedule(
    seasons=(
        Season.of(
            (1, 1),
            dict.fromkeys(DayKind, TWO.seasons[0].week[0])
            | {DayKind.SATURDAY: DayProgram.of([(0, 2), (480, 1), (1380, 2)])},
        ),
    )
)


def memory(**kwargs: Any) -> Behaviour:
    return Behaviour(memory=MemoryBehaviour(**kwargs))


# --- what stands ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "setting", [SetDst(enabled=False), SetSchedule(schedule=WEEKEND), SetHolidays(days=DAYS), SetHolidays(days=())]
)
def test_what_is_written_stands_and_is_not_written_again(model: str, setting: Setting) -> None:
    scene = Scene(model)
    changes = scene.changes(setting)
    assert stands(scene.write(changes), changes)
    assert set(scene.book.fates) <= {Fate.ANSWERED}
    assert scene.changes(setting) == ()
    assert not scene.meter.memory.tables.errors()


@pytest.mark.parametrize("model", MODELS)
def test_what_is_read_is_what_is_stored(model: str) -> None:
    scene = Scene(model)
    assert scene.stored(*Action) == scene.held()
    reading = scene.run(DRIVER.read_schedule(scene.target))
    assert reading.schedule == TWO
    assert reading.image.items() <= (scene.held() | {"moved days": "00 00 00 00 00"}).items()
    assert scene.run(DRIVER.read_holidays(scene.target)).days == ()


def test_one_tariff_and_back() -> None:
    scene = Scene()
    (change,) = scene.changes(SetTariffCount(count=1))
    assert stands(scene.write([change]), [change])
    assert scene.stored(Action.TARIFF_MODE) == {"one-tariff mode": "40"}
    assert scene.changes(SetTariffCount(count=1)) == ()
    (change,) = scene.changes(SetTariffCount(count=2))
    assert stands(scene.write([change]), [change])
    assert [body.hex() for body in scene.done] == ["03180b", "03180c"]


def test_the_whole_year_of_eight_tariffs_comes_back() -> None:
    scene = Scene(EIGHT, state=replace(BEFORE, schedule=ONE))
    changes = scene.changes(SetSchedule(schedule=THREE))
    assert len(changes) == 96
    assert stands(scene.write(changes), changes)
    assert scene.lifted() == THREE


# --- the frames -------------------------------------------------------------------------------------------------------


def test_the_first_block_of_the_worked_year_at_address_5() -> None:
    """The page's own frames: the first write to a SEB-1TM.02 and to a PSCH."""
    for model, frame in (
        (FOUR, "05 07 02 04 40 10 55 55 55 55 55 55 55 55 55 55 50 00 00 00 00 00 1B 45"),
        (FOUR_HIGH, "05 07 02 20 40 10 55 55 55 55 55 55 55 55 55 55 50 00 00 00 00 00 61 B2"),
    ):
        scene = Scene(model, state=replace(BEFORE, schedule=ONE, address="5"))
        scene.apply(SetSchedule(schedule=TWO))
        assert scene.wire.writes[0] == bytes.fromhex(frame)


def test_only_blocks_that_differ_leave_and_the_checksum_is_counted_once_at_the_end() -> None:
    """Saturdays until 08:00 instead of 07:00: the slots of one hour, in the first block of twelve days."""
    scene = Scene()
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    assert [change.parameter.split()[1] for change in changes] == ["saturday"] * 12
    scene.write(changes)
    assert [len(body) for body in scene.done] == [5 + 16] * 12 + [2]
    assert scene.done[-1] == bytes.fromhex("03 21")
    (announced,) = scene.book.announced
    assert len(announced.frames) == 13
    assert [change.parameter for change in announced.changes[:2]] == ["January saturday", "February saturday"]
    assert announced.changes[-1] == Change(parameter="schedule checksum", old=None, new="00")


@pytest.mark.parametrize(
    ("model", "setting", "bodies"),
    [
        (FOUR, SetDst(enabled=False), ["0318 01"]),
        (
            FOUR_HIGH,
            SetHolidays(days=((1, 1), (12, 31))),
            [
                "07 02 2000 10 80000000 00000000 00000000 00000000",
                "07 02 2020 10 00000000 00000000 00000000 00000002",
                "07 02 2030 01 82",
            ],
        ),
    ],
)
def test_the_frames_of_flags_and_holidays(model: str, setting: Setting, bodies: list[str]) -> None:
    scene = Scene(model)
    scene.apply(setting)
    assert scene.done == [bytes.fromhex(body.replace(" ", "")) for body in bodies]


def test_no_read_asks_for_a_single_byte() -> None:
    """One byte of data could not be told from a status: 49 bytes by 16 are not 16, 16, 16 and 1."""
    scene = Scene()
    scene.stored(*Action)
    counts = [call.asked.encode()[-1] for call in scene.asked if call.command.head == b"\x06"]
    assert min(counts) >= 2
    assert sum(counts) == 16 * 2 + 1728 + 49


# --- where the day schedules lie --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [FOUR, "seb-1tm.02d"])
@pytest.mark.parametrize(("windows", "first"), [((0x0440,), 0x0440), ((0x2040,), 0x2040), ((0x0440, 0x2040), 0x0440)])
def test_the_probe_comes_first_and_decides(model: str, windows: tuple[int, ...], first: int) -> None:
    scene = Scene(model, behaviour=memory(schedule_windows=windows))
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    scene.begin_run()
    scene.wire.reads.clear()
    assert stands(scene.write(changes), changes)
    reads = [call.asked.encode() for call in scene.asked if call.command.head == b"\x06"]
    assert reads[:2] == [bytes.fromhex("02 0440 10"), bytes.fromhex("02 2040 10")]
    written = [int.from_bytes(body[2:4], "big") for body in scene.done if body[0] == 7]
    assert min(written) == first + 36, "January Saturday"
    assert scene.lifted() == WEEKEND


def test_a_second_window_that_shows_something_else_is_told() -> None:
    scene = Scene(behaviour=memory(schedule_windows=(0x0440, 0x2040), windows_apart=True))
    assert scene.run(DRIVER.read_schedule(scene.target)).notes == ()
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    assert stands(scene.write(changes), changes)
    (note,) = scene.run(DRIVER.read_schedule(scene.target)).notes
    assert note.startswith("the day schedules at 0440h and at 2040h differ: January saturday, February saturday")


def test_a_meter_that_answers_at_neither_place_has_no_schedule() -> None:
    scene = Scene(behaviour=memory(schedule_windows=(0x1000,)))
    with pytest.raises(NotSupportedError, match="0440h nor at 2040h"):
        scene.run(DRIVER.read_schedule(scene.target))


def test_where_one_place_is_known_nobody_asks() -> None:
    scene = Scene(FOUR_HIGH)
    scene.stored(Action.SCHEDULE)
    reads = [call.asked.encode() for call in scene.asked if call.command.head == b"\x0c"]
    assert reads[0][2:4] == bytes.fromhex("2040")
    assert sum(read[-1] for read in reads) == 1728


# --- the checksum of the day schedules --------------------------------------------------------------------------------


def test_a_checksum_that_stays_wrong_is_no_success() -> None:
    scene = Scene(behaviour=memory(ignores=(b"\x03\x21",)))
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    written = scene.write(changes)
    assert isinstance(written.failure, NotStoredError)
    assert written.failure.item == "schedule checksum"
    assert changes[-1].parameter not in written.standing, "the last day waits for it"
    assert scene.stored(Action.SCHEDULE)["schedule checksum"] == "10"


def test_a_checksum_left_wrong_is_counted_by_the_next_work() -> None:
    """Every day stands already; what is missing is 03 21 alone."""
    scene = Scene(behaviour=memory(dies_after_writes=12, loses_power_for_s=60.0))
    first = scene.write(scene.changes(SetSchedule(schedule=WEEKEND)))
    assert isinstance(first.failure, NoAnswerError)
    scene.port.read(scene.port.now() + 120)
    scene.begin_run()
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    assert [(change.parameter, change.old, change.new) for change in changes] == [("schedule checksum", "10", "00")]
    assert stands(scene.write(changes), changes)
    assert not scene.meter.memory.tables.errors()


def test_03_21_whose_answer_is_lost_is_looked_up_in_the_state_word() -> None:
    scene = Scene(blow=Blow.LOST_REPLY, number=12)
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    assert stands(scene.write(changes), changes)
    assert scene.book.fates[-1] is Fate.NO_ANSWER


def test_a_round_that_comes_again_for_the_checksum_writes_no_day_twice() -> None:
    scene = Scene(blow=Blow.LOST_REQUEST, number=12)
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    written = scene.write(changes)
    assert isinstance(written.failure, NoAnswerError)
    left = [change for change in changes if change.parameter not in written.standing]
    assert [change.parameter for change in left] == ["December saturday"]
    assert stands(scene.write(left), left)
    assert len(set(scene.done)) == len(scene.done) == 13


# --- faults in the middle ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 5] if LONG else [5])
@pytest.mark.parametrize("blow", HEARD)
def test_an_answer_that_goes_wrong_is_settled_by_reading(blow: Blow, number: int) -> None:
    scene = Scene(blow=blow, number=number)
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    written = scene.write(changes)
    if isinstance(written.failure, BadReplyError):  # the acknowledgement came again, for the answer of the reading back
        assert blow is Blow.TWICE_LATER
        assert written.standing == set(written.found) == {change.parameter for change in changes[:number]}
    else:
        assert stands(written, changes)
    assert len(scene.done) == len(set(scene.done)), "no frame was done twice"


def rounds(scene: Scene, setting: Setting) -> list[Change]:
    """What is left after as many rounds as a visit makes."""
    left = list(scene.changes(setting))
    for _ in range(4):
        written = scene.write(left)
        left = [change for change in left if change.parameter not in written.standing]
        if not left or not isinstance(written.failure, NoAnswerError | WireError):
            break
    return left


@pytest.mark.parametrize(("model", "number"), [(FOUR, 0), (FOUR_HIGH, 2), (FOUR, 3), (EIGHT, 4)])
def test_a_lost_block_is_sent_in_a_new_round_and_none_that_stands(model: str, number: int) -> None:
    """All blocks of a day differ: what stood before the loss is read, and does not leave again."""
    scene = Scene(model, state=replace(BEFORE, schedule=ONE), blow=Blow.LOST_REQUEST, number=number)
    setting = SetHolidays(days=tuple((month, month) for month in range(1, 13)))
    if number < 4:
        assert rounds(scene, setting) == []
        assert len(scene.done) == len(set(scene.done)) == 4
    scene = Scene(model, state=replace(BEFORE, schedule=ONE), blow=Blow.LOST_REQUEST, number=number)
    assert rounds(scene, SetSchedule(schedule=WEEKEND)) == []
    assert len(scene.done) == len(set(scene.done))
    assert scene.lifted() == WEEKEND


@pytest.mark.parametrize("number", [0, 3] if LONG else [3])
@pytest.mark.parametrize("blow", Blow)
def test_a_reading_back_that_goes_wrong_once_is_repeated(blow: Blow, number: int) -> None:
    scene = Scene(blow=blow, number=number, read_back=True)
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    written = scene.write(changes)
    if blow is Blow.TWICE_LATER:  # no answer says which block it is of: the next one is taken wrong, and that is seen
        assert isinstance(written.failure, NotStoredError)
        assert len(written.standing) == number
    else:
        assert stands(written, changes)


def test_a_half_written_block_is_seen_and_mended() -> None:
    scene = Scene(behaviour=memory(dies_after_writes=1, loses_power_for_s=30.0, tears=True))
    changes = scene.changes(SetHolidays(days=tuple((month, day) for month in range(1, 13) for day in range(1, 29))))
    written = scene.write(changes)
    assert isinstance(written.failure, NoAnswerError)
    assert not written.standing
    scene.port.read(scene.port.now() + 60)
    scene.begin_run()
    (change,) = changes
    mixed = scene.stored(Action.HOLIDAYS)[change.parameter]
    assert mixed not in (change.old, change.new)
    assert DRIVER.told_stored(change.parameter, mixed).endswith("; its checksum is wrong")
    assert stands(scene.write([change]), [change])


@pytest.mark.parametrize("chance", [0.1, 0.2, 0.4] if LONG else [0.2])
@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_under_every_fault_what_is_said_to_stand_stands(fault: str, chance: float) -> None:
    scene = Scene(faults=f"{fault}:{chance}", seed=3)
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    left = list(changes)
    for _ in range(4):
        written = scene.write(left)
        held = scene.held()
        for change in left:
            stands_there = DRIVER.means_same(change.parameter, held[change.parameter], change.new)
            assert stands_there or change.parameter not in written.standing
        left = [change for change in left if change.parameter not in written.standing]
        if not left or not isinstance(written.failure, NoAnswerError | WireError):
            break
    assert not left or written.failure is not None, "an error has its type"
    blocks = [body for body in scene.done if body[0] == 0x07]
    assert len(blocks) == len(set(blocks)), "no block was written twice"


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"), [(0x01, UnknownCommandError), (0x03, LevelTooLowError), (0x05, ChannelClosedError)]
)
def test_a_refusal_ends_the_series(status: int, error: type[RefusedError]) -> None:
    scene = Scene(behaviour=Behaviour(refuses={b"\x07": status}))
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    written = scene.write(changes)
    assert isinstance(written.failure, error)
    assert written.standing == frozenset()
    assert scene.book.fates == [Fate.REFUSED] + [Fate.NOT_SENT] * 12


def test_a_channel_that_closes_in_the_middle_ends_the_series_and_is_opened_again_to_read() -> None:
    scene = Scene(behaviour=Behaviour(stays_open=False))
    changes = scene.changes(SetSchedule(schedule=WEEKEND))
    scene.wire.before_write = lambda number, now: scene.meter.close_channel(now) if number == 3 else None
    written = scene.write(changes)
    assert isinstance(written.failure, ChannelClosedError)
    assert written.standing == {change.parameter for change in changes[:3]}
    assert set(written.found) == {change.parameter for change in changes[:4]}
    assert scene.book.fates == [Fate.ANSWERED] * 3 + [Fate.REFUSED] + [Fate.NOT_SENT] * 9
    assert scene.meter.passwords_heard == 2


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("setting", [SetDst(enabled=False), SetSchedule(schedule=WEEKEND)])
def test_a_meter_that_wants_a_frame_again_gets_it_behind_a_new_announcement(times: int, setting: Setting) -> None:
    heads = (b"\x03\x18", b"\x07", b"\x03\x21")
    scene = Scene(behaviour=Behaviour(asks_again=dict.fromkeys(heads, times)))
    changes = scene.changes(setting)
    assert stands(scene.write(changes), changes)
    frames = len({frame for announced in scene.book.announced for frame in announced.frames})
    assert len(scene.book.announced) == 1 + times * frames
    assert scene.book.fates.count(Fate.REFUSED) == times * frames
    assert scene.book.fates.count(Fate.ANSWERED) == frames
    per_frame = [outcome.frame for outcome in scene.book.outcomes if outcome.fate is not Fate.NOT_SENT]
    assert len(per_frame) == len(scene.sent), "each frame on the wire has an announcement of its own"


def test_a_meter_that_always_wants_it_again_is_left_alone_after_three() -> None:
    scene = Scene(behaviour=Behaviour(asks_again={b"\x03\x18": 9}))
    written = scene.apply(SetDst(enabled=False))
    assert isinstance(written.failure, RepeatWantedError)
    assert len(scene.sent) == 3
    assert scene.meter.memory.clock.dst_enabled


def test_a_busy_meter_is_left_in_peace() -> None:
    scene = Scene(behaviour=Behaviour(busy_s={b"\x07": 2}))
    changes = scene.changes(SetHolidays(days=DAYS))
    began = scene.port.now()
    assert stands(scene.write(changes), changes)
    assert scene.port.now() - began > 2 * len(scene.done)


def test_a_write_that_changes_nothing_is_told() -> None:
    scene = Scene(behaviour=memory(ignores=(b"\x03\x18",)))
    written = scene.apply(SetDst(enabled=False))
    assert isinstance(written.failure, NotStoredError)
    assert (written.failure.wanted, written.failure.found) == ("off", "on")


def test_another_flag_that_moves_along_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    changes = scene.changes(SetDst(enabled=False))
    inside = scene.meter.memory
    switch = inside.set_dst

    def too_much(enabled: bool, now: float) -> None:
        switch(enabled, now)
        inside.flags[1] |= 0x20

    monkeypatch.setattr(type(inside), "set_dst", lambda _, enabled, now: too_much(enabled, now))
    written = scene.write(changes)
    assert isinstance(written.failure, NotStoredError)
    assert written.failure.item == "the flags beside it"


# --- who may write ----------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once_and_nothing_is_announced() -> None:
    scene = Scene(password=b"111111")
    changes = (Change(parameter="DST flag", old="00", new="01"),)
    written = scene.write(changes)
    assert isinstance(written.failure, WrongPasswordError)
    assert scene.meter.passwords_heard == 1
    assert scene.book.entries == []
    assert isinstance(scene.write(changes).failure, RefusedError)
    assert scene.meter.passwords_heard == 1


def test_the_password_of_the_first_level_writes_nothing() -> None:
    scene = Scene(behaviour=Behaviour(passwords=(b"000000", b"222222")))
    written = scene.apply(SetDst(enabled=False))
    assert isinstance(written.failure, LevelTooLowError)
    assert scene.meter.memory.clock.dst_enabled


def test_without_a_password_no_byte_leaves() -> None:
    scene = Scene(password=None)
    with pytest.raises(NoPasswordError):
        scene.write((Change(parameter="DST flag", old="00", new="01"),))
    assert scene.wire.reads == scene.wire.writes == []


def test_the_common_address_is_never_written_to() -> None:
    scene = Scene()
    flow = DRIVER.write(target_of(FOUR, "0"), "work", (Change(parameter="DST flag", old="00", new="01"),))
    with pytest.raises(AddressError):
        scene.run(flow)


# --- what is no value -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("DST flag", "01 02"),
        ("DST flag", "xx"),
        ("January weekdays", "00"),
        ("holidays", "00"),
        ("January monday", hexadecimal(bytes(72))),
        ("moved days", "00"),
        ("energy", "00"),
    ],
)
def test_what_is_no_stored_value_is_refused_before_any_byte(name: str, new: str) -> None:
    scene = Scene()
    with pytest.raises(ConfigError):
        scene.write((Change(parameter=name, old=None, new=new),))
    assert scene.wire.reads == scene.wire.writes == []


def test_a_day_of_no_tariff_is_not_written() -> None:
    scene = Scene(EIGHT)
    with pytest.raises(ConfigError, match="code 15"):
        scene.write((Change(parameter="January monday", old=None, new=hexadecimal(b"\xff" * 72)),))


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        (SetSchedule(schedule=YearSchedule.every_day(DayProgram.of([(0, 2), (425, 1)]))), ScheduleError),
        (SetSchedule(schedule=YearSchedule.every_day(DayProgram.of([(0, 5)]))), ScheduleError),
        (SetTariffCount(count=5), ConfigError),
        (SetTariffCount(count=0), ConfigError),
        (SetButtonCorrection(minutes=1), ConfigError),
    ],
)
def test_what_cannot_be_is_named_before_any_byte(setting: Setting, error: type[Exception]) -> None:
    with pytest.raises(error):
        DRIVER.changes(setting, {}, target_of(FOUR).profile)


def test_a_model_without_the_mode_of_one_tariff_says_so() -> None:
    scene = Scene(EIGHT)
    assert DRIVER.stored_names(Action.TARIFF_MODE, scene.target.profile) == ()
    with pytest.raises(NotSupportedError):
        scene.write((Change(parameter="one-tariff mode", old="00", new="40"),))


# --- in words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("DST flag", "01", "off"),
        ("DST flag", "00", "on"),
        ("one-tariff mode", "40", "on"),
        ("schedule checksum", "10", "wrong"),
        ("schedule checksum", "00", "right"),
        ("holidays", hexadecimal(HolidayTable.of([(1, 1), (5, 9)]).encode()), "01-01, 05-09"),
        ("holidays", hexadecimal(bytes(49)), "no days"),
        ("January weekdays", "55 " * 10 + "50 " + "00 " * 23 + "05 55", "00:00 T2 | 07:00 T1 | 23:00 T2"),
        ("moved days", "18 01 03 04 00 00 00 00 20", "2003-01-18 as day 4"),
        ("January weekdays", "FF", "FF"),
        ("holidays", "zz", "zz"),
        ("what is this", "01", "01"),
        ("DST flag", "", ""),
    ],
)
def test_stored_values_in_words(name: str, raw: str, words: str) -> None:
    assert DRIVER.told_stored(name, raw) == words


def test_marks_of_days_that_no_calendar_has_mean_nothing() -> None:
    one = HolidayTable.of([(2, 28)])
    bits = bytearray(one.bits)
    bits[7] |= 1 << 2
    other = HolidayTable(bytes(bits), sum(bits) % 256)
    assert DRIVER.means_same("holidays", hexadecimal(one.encode()), hexadecimal(other.encode()))
    assert not DRIVER.means_same("holidays", hexadecimal(one.encode()), hexadecimal(one.bits + b"\x00"))
    assert not DRIVER.means_same("DST flag", "00", "01")
    assert not DRIVER.means_same("DST flag", "00", "")
