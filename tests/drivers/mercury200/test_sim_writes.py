"""What the simulated Mercury 200 keeps of what is written into it, and its journals."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterlink_mercury200 import calendar, messages, values
from meterlink_mercury200.messages import COMMANDS, Command
from meterlink_mercury200.sim import Behaviour
from meterlink_mercury200.sim_memory import parametrisation_bits
from tests.drivers.mercury200.sim_bench import NEW, OLD, STATE, TWO_ZONES, Bench

# --- writes -----------------------------------------------------------------------------------------------------------

PAIRS: list[tuple[Command[Any, Any], Command[Any, Any], str]] = [
    (messages.SET_GROUP_ADDRESS, messages.READ_GROUP_ADDRESS, "FA00020B"),
    (messages.SET_POWER_LIMIT, messages.READ_POWER_LIMIT, "0500"),
    (messages.SET_MONTHLY_LIMIT, messages.READ_MONTHLY_LIMIT, "0250"),
    (messages.SET_DST, messages.READ_DST, "FF"),
    (messages.SET_OUTPUT, messages.READ_OUTPUT, "03"),
    (messages.SET_DISPLAY, messages.READ_DISPLAY, "13"),
    (messages.SET_TARIFF_COUNT, messages.READ_TARIFF_COUNT, "03"),
    (messages.SET_CURRENT_TARIFF, messages.READ_CURRENT_TARIFF, "02"),
    (messages.SET_DISPLAY_TIMES, messages.READ_DISPLAY_TIMES, "04050607"),
    (messages.SET_POWER_LIMIT_MODE, messages.READ_POWER_LIMIT_MODE, "02CF"),
    (messages.SET_EXTRA_DISPLAY, messages.READ_EXTRA_DISPLAY, "FF0F"),
    (messages.SET_RELAY, messages.READ_RELAY, "AA"),
    (messages.SET_TARIFF_LIMITS, messages.READ_TARIFF_LIMITS, "00010055" * 4),
    (messages.SET_DISPLAY_ON_BATTERY, messages.READ_DISPLAY_ON_BATTERY, "55"),
    (messages.SET_PLC2, messages.READ_PLC2, "55"),
    (messages.SET_MULTIPLIER, messages.READ_MULTIPLIER, "01"),
]


@pytest.mark.parametrize(("write", "read", "data"), PAIRS, ids=[write.name for write, _, _ in PAIRS])
def test_what_is_written_reads_back(write: Command[Any, Any], read: Command[Any, Any], data: str) -> None:
    bench = Bench()
    assert bench.ask(read) != bytes.fromhex(data)
    assert bench.ask(write, bytes.fromhex(data)) == b""
    assert bench.ask(read) == bytes.fromhex(data)


def test_values_out_of_range_are_acknowledged_and_ignored() -> None:
    bench = Bench()
    for count in (0, 5, 255):
        assert bench.ask(messages.SET_TARIFF_COUNT, bytes([count])) == b""
        assert bench.value(messages.READ_TARIFF_COUNT) == values.TariffNumber(2)
    for tariff in (0, 3, 5, 6):
        assert bench.ask(messages.SET_CURRENT_TARIFF, bytes([tariff])) == b""
        assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(1)


def test_button_correction_is_masked() -> None:
    bench = Bench()
    bench.ask(messages.SET_BUTTON_CORRECTION, b"\x5a")
    assert bench.ask(messages.READ_BUTTON_CORRECTION) == b"\x1a"


def test_battery_latch_holds_until_cleared() -> None:
    bench = Bench(behaviour=Behaviour(battery_low=True))
    assert bench.value(messages.READ_BATTERY) == values.Battery(Decimal("2.10"))
    bench.ask(messages.CLEAR_BATTERY_LATCH, b"\0\0")
    assert bench.value(messages.READ_BATTERY) == values.Battery(Decimal("2.10"))
    bench.ask(messages.CLEAR_BATTERY_LATCH, b"\4\0")
    assert bench.value(messages.READ_BATTERY) == values.Battery(Decimal("3.05"))


def test_running_times_go_on_and_the_battery_time_is_cleared() -> None:
    bench = Bench()
    before = bench.value(messages.READ_RUNNING_TIMES)
    bench.pass_time(hours=5)
    assert bench.ask(messages.RESET_BATTERY_TIME, bytes(4)) == b""
    after = bench.value(messages.READ_RUNNING_TIMES)
    assert before.on_battery_h > 0
    assert after == values.RunningTimes(before.on_mains_h + 5, 0)


def test_maxima_are_reset_one_by_one() -> None:
    bench = Bench()
    voltage, power = bench.ask(0x33, b"\0"), bench.ask(0x33, b"\2")
    assert bench.ask(messages.RESET_MAXIMA, bytes(9)) == b""
    assert bench.ask(0x33, b"\2") == power
    reset = bench.ask(0x33, b"\0")
    assert reset is not None
    assert voltage is not None
    assert reset[:10] == voltage[:10]
    assert reset[:2] == bytes.fromhex("2358")
    assert calendar.decode_moment(reset[10:]).date() == bench.local().date()


PARAMETERS = [("00", "000203"), ("01", "55"), ("02", "0945000622"), ("03", "03050A"), ("FF", "0800")]


@pytest.mark.parametrize(("number", "value"), PARAMETERS)
def test_parameters_come_with_their_number(number: str, value: str) -> None:
    assert Bench().ask(messages.READ_PARAMETER, bytes.fromhex(number)) == bytes.fromhex(number + value)


def test_parameters_follow_their_writes() -> None:
    bench = Bench()
    assert bench.ask(messages.SET_PARAMETER, bytes([0, 7, 8, 9])) == b""
    assert bench.ask(messages.READ_PARAMETER, b"\3") == bytes([3, 7, 8, 9])
    bench.ask(messages.SET_RELAY, b"\xaa")
    assert bench.ask(messages.READ_PARAMETER, b"\1") == b"\1\xaa"
    event = bench.value(messages.READ_RELAY_EVENT, calendar.JournalIndex(0))
    assert event.word == "off by interface"


@pytest.mark.parametrize("load_w", [0, 1, 588, 99_999_999])
def test_every_load_can_be_shown(load_w: int) -> None:
    bench = Bench(state=replace(STATE, load_w=load_w))
    answer = bench.value(messages.READ_INSTANT)
    assert answer.active_power_w == min(load_w, 999_999)
    for number in (b"\0", b"\2"):
        assert bench.ask(messages.READ_PARAMETER, number) is not None
    assert bench.ask(messages.READ_LOAD_POWER) is not None
    assert bench.ask(messages.READ_MAXIMUM, b"\1") is not None


# --- journals and cover -----------------------------------------------------------------------------------------------


def test_cover_times_without_a_sensor_are_no_date() -> None:
    old, new = Bench(OLD), Bench(NEW)
    for command in (messages.READ_COVER_OPENED, messages.READ_COVER_CLOSED):
        assert old.ask(command) == b"\xff" * 7
        assert new.value(command) != calendar.EventTime(None)
    assert Bench(OLD, behaviour=Behaviour(cover_sensor=True)).ask(messages.READ_COVER_OPENED) != b"\xff" * 7


def test_journals_are_newest_first_and_then_empty() -> None:
    bench = Bench()
    events = [bench.value(messages.READ_POWER_EVENT, calendar.JournalIndex(i)) for i in range(3)]
    assert [event.word for event in events[:2]] == ["power on", "power off"]
    assert events[2] == calendar.PowerEvent(0xFF, None)
    assert bench.ask(messages.READ_COVER_EVENT, b"\x3f") == b"\xff" * 7
    assert bench.ask(messages.READ_PARAMETRISATION_EVENT, b"\0") == b"\xff" * 8


def test_writes_of_one_day_share_a_record() -> None:
    bench = Bench()
    bench.ask(messages.SET_DST, b"\0")
    bench.ask(messages.SET_SCHEDULE, TWO_ZONES + b"\0")
    bench.ask(messages.SET_DISPLAY_ON_BATTERY, b"\0")
    assert bench.ask(messages.READ_PARAMETRISATION_EVENT, b"\0") == bytes.fromhex("0008 02 0020 210725")
    bench.pass_time(days=1)
    bench.ask(messages.SET_CLOCK, calendar.TimeDate.of(datetime(2025, 7, 22, 15, 0)))
    assert bench.ask(messages.READ_PARAMETRISATION_EVENT, b"\0") == bytes.fromhex("0000 00 0004 220725")
    assert bench.ask(messages.READ_PARAMETRISATION_EVENT, b"\1") == bytes.fromhex("0008 02 0020 210725")
    last = bench.value(messages.READ_LAST_PARAMETRISATION)
    assert last.at is not None
    assert last.at.isoformat() == "2025-07-22T15:00:00"


def test_a_journal_keeps_64_records() -> None:
    bench = Bench()
    for _ in range(70):
        bench.pass_time(days=1)
        bench.ask(messages.SET_DST, b"\0")
    newest = bench.value(messages.READ_PARAMETRISATION_EVENT, calendar.JournalIndex(0))
    oldest = bench.value(messages.READ_PARAMETRISATION_EVENT, calendar.JournalIndex(63))
    assert newest.on is not None
    assert oldest.on is not None
    assert newest.on - oldest.on == timedelta(days=63)


def test_every_write_has_its_own_bit() -> None:
    writes = [code for code, command in COMMANDS.items() if command.writes]
    assert len({parametrisation_bits(code) for code in writes}) == len(writes)
