"""What shall hold and what is stored, in words and in bytes: flags, counts, minutes, the display. No meter here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from meterlink.driver import SetButtonCorrection, SetDisplay, SetDst, SetHolidays, SetSchedule, SetTariffCount, Setting
from meterlink.errors import ConfigError
from meterlink.model import Action
from meterlink.tariff import preset
from meterlink_mercury200 import DRIVER
from meterlink_mercury200.messages import COMMANDS, SET_CLOCK
from meterlink_mercury200.stored import WRITABLE
from tests.drivers.mercury200.writing_bench import WRITTEN
from tests.shipped import library

PROFILE = library().get("mercury-206")


def new(setting: Setting, **stored: str) -> dict[str, str]:
    """What must be written, by name; `DST_flag="00"` is what stands under "DST flag"."""
    known = {name.replace("_", " "): raw for name, raw in stored.items()}
    changes = DRIVER.changes(setting, known, PROFILE)
    assert all(change.old == known.get(change.parameter) for change in changes)
    return {change.parameter: change.new for change in changes}


# --- flags and numbers ----------------------------------------------------------------------------------------------


def test_dst_is_written_only_where_the_flag_means_something_else() -> None:
    assert new(SetDst(enabled=False), DST_flag="01") == {"DST flag": "00"}
    assert new(SetDst(enabled=False), DST_flag="00") == {}
    assert new(SetDst(enabled=True), DST_flag="00") == {"DST flag": "FF"}
    assert new(SetDst(enabled=True), DST_flag="55") == {}  # any number but 0 is on
    assert new(SetDst(enabled=True)) == {"DST flag": "FF"}  # what stands there was not read


def test_how_many_tariffs_are_in_force() -> None:
    assert new(SetTariffCount(count=1), tariffs_in_force="02") == {"tariffs in force": "01"}
    assert new(SetTariffCount(count=2), tariffs_in_force="02") == {}
    assert new(SetTariffCount(count=2), tariffs_in_force="09") == {"tariffs in force": "02"}


def test_the_profile_says_how_many_tariffs_there_are() -> None:
    two = replace(PROFILE, limits=replace(PROFILE.limits, tariffs=2))
    for count in (0, 3, True):
        with pytest.raises(ConfigError, match="a whole number from 1 to 2"):
            DRIVER.changes(SetTariffCount(count=count), {}, two)


@pytest.mark.parametrize(("minutes", "raw"), [(0, "00"), (30, "1E"), (31, "1F")])
def test_button_correction(minutes: int, raw: str) -> None:
    assert new(SetButtonCorrection(minutes=minutes)) == {"button correction": raw}
    assert new(SetButtonCorrection(minutes=minutes), button_correction=raw) == {}


def test_button_correction_is_compared_as_the_meter_masks_it() -> None:
    assert new(SetButtonCorrection(minutes=30), button_correction="3E") == {}


@pytest.mark.parametrize("minutes", [-1, 32, 89])
def test_more_minutes_than_the_meter_keeps_are_refused(minutes: int) -> None:
    """One public program allows 89, of which the meter keeps 25."""
    with pytest.raises(ConfigError, match="button correction: it must be a whole number from 0 to 31"):
        new(SetButtonCorrection(minutes=minutes))


# --- display --------------------------------------------------------------------------------------------------------


def test_what_the_display_shows_is_a_mask() -> None:
    assert new(SetDisplay(values={"shown": ["T1", "T2", "sum", "time", "date"]})) == {"display": "D3"}
    assert new(SetDisplay(values={"shown": ["date", "T1"]}), display="81") == {}
    assert new(SetDisplay(values={"shown": "current tariff only"}), display="7F") == {"display": "00"}


def test_how_long_the_display_shows_it() -> None:
    seconds = {"other_tariffs": 5, "current_tariff": 20, "values": 6, "after_button": 255}
    assert new(SetDisplay(values={"seconds": seconds})) == {"display times": "05 14 06 FF"}
    both = new(SetDisplay(values={"seconds": {"current_tariff": 15}, "shown": ["T1"]}), display_times="0A 0A 05 1E")
    assert both == {"display times": "0A 0F 05 1E", "display": "01"}


def test_less_than_four_seconds_act_as_four() -> None:
    seconds = {"seconds": {"values": 2}}
    assert new(SetDisplay(values=seconds), display_times="0A 0A 04 1E") == {}
    assert new(SetDisplay(values=seconds), display_times="0A 0A 05 1E") == {"display times": "0A 0A 02 1E"}


def test_times_that_are_not_given_must_have_been_read() -> None:
    with pytest.raises(ConfigError, match=r"display\.seconds\.other_tariffs: it must be given"):
        new(SetDisplay(values={"seconds": {"values": 5}}))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"show": ["T1"]}, r"display\.show: .*\(did you mean shown\?\); known are shown, seconds"),
        ({"shown": ["T1", "T5"]}, r"display\.shown: the display cannot show 'T5'; it can show T1, T2"),
        ({"shown": ["powr"]}, "did you mean power"),
        ({"shown": []}, 'it must be "current tariff only" or a list of T1, T2'),
        ({"shown": "T1"}, "must be"),
        ({"shown": [1]}, "cannot show 1"),
        ({"seconds": 5}, "it must be a table of other_tariffs"),
        ({"seconds": {"button": 5}}, r"display\.seconds\.button: .*did you mean after_button"),
        ({"seconds": {"values": 1}}, "a whole number from 2 to 255, not 1"),
        ({"seconds": {"values": 256}}, "not 256"),
        ({"seconds": {"values": "5"}}, "not '5'"),
        ({"seconds": {"values": True}}, "not True"),
    ],
)
def test_what_a_display_does_not_know_is_told_with_the_nearest(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        new(SetDisplay(values=values), display_times="0A 0A 05 1E")


# --- names and words ------------------------------------------------------------------------------------------------


def test_names_of_what_is_stored_go_by_the_action() -> None:
    names = {action: DRIVER.stored_names(action, PROFILE) for action in Action}
    assert names[Action.READ] == names[Action.CLOCK] == ()
    assert names[Action.DST_OFF] == names[Action.DST_ON] == ("DST flag",)
    assert names[Action.HOLIDAYS] == ("holidays 1", "holidays 2")
    assert names[Action.TARIFF_MODE] == ("tariffs in force",)
    assert names[Action.DISPLAY] == ("display", "display times")
    assert names[Action.BUTTON_CORRECTION] == ("button correction",)
    assert len(names[Action.SCHEDULE]) == 96
    assert names[Action.SCHEDULE][:2] == ("January sunday", "January monday")


@pytest.mark.parametrize("lacking", ["display", "set_display", "command"])
def test_what_a_model_lacks_has_no_names(lacking: str) -> None:
    if lacking == "command":
        profile = replace(PROFILE, driver_table={**PROFILE.driver_table, "commands_absent": ("67",)})
    else:
        support = replace(PROFILE.supports[lacking], supported=False)
        profile = replace(PROFILE, supports={**PROFILE.supports, lacking: support})
    assert DRIVER.stored_names(Action.DISPLAY, profile) == ()
    assert DRIVER.stored_names(Action.DST_OFF, profile) == ("DST flag",)


def test_every_action_but_reading_has_its_place_in_the_order_of_steps() -> None:
    assert set(DRIVER.step_order) == set(Action) - {Action.READ}
    order = DRIVER.step_order.index
    assert order(Action.DST_OFF) < order(Action.CLOCK) < order(Action.HOLIDAYS)
    assert order(Action.HOLIDAYS) < order(Action.SCHEDULE) < order(Action.TARIFF_MODE)


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [
        ("DST flag", "00", "off"),
        ("DST flag", "FF", "on"),
        ("tariffs in force", "02", "2 tariffs"),
        ("tariffs in force", "01", "1 tariff"),
        ("tariffs in force", "09", "09"),
        ("January sunday", "07 00 63 00" + " FF" * 12, "07:00 T1 | 23:00 T2"),
        ("January sunday", "FF " * 15 + "FF", "FF " * 15 + "FF"),
        ("January sunday", "23 00 47 00" + " FF" * 12, "23 00 47 00" + " FF" * 12),
        ("holidays 1", "01 01 FF FF 09 05" + " FF" * 10, "01-01, 05-09"),
        ("holidays 2", "FF" * 16, "no days"),
        ("holidays 2", "31 02" + " FF" * 14, "31 02" + " FF" * 14),
        ("button correction", "1E", "30 min a year"),
        ("button correction", "00", "forbidden"),
        ("display", "D3", "T1, T2, sum, time, date"),
        ("display", "00", "current tariff only"),
        ("display times", "0A 0B 05 1E", "other tariffs 10 s, current tariff 11 s, values 5 s, after a button 30 s"),
        ("display times", "0A", "0A"),
        ("DST flag", "no hexadecimal", "no hexadecimal"),
        ("something else", "00", "00"),
    ],
)
def test_stored_values_in_words(name: str, raw: str, told: str) -> None:
    assert DRIVER.told_stored(name, raw) == told


@given(st.sampled_from(sorted(WRITABLE)), st.binary(max_size=20) | st.text(max_size=20).map(str.encode))
def test_any_bytes_at_all_are_told(name: str, raw: bytes) -> None:
    assert DRIVER.told_stored(name, raw.hex(" ").upper()) or not raw


# --- what is never written ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [c for c in COMMANDS.values() if c.writes], ids=lambda command: command.name)
def test_no_other_write_is_within_reach_of_the_driver(command: Any) -> None:
    """Stored values are written by this table alone, and the clock by its own function."""
    within = {value.write.code for value in WRITABLE.values()} | {SET_CLOCK.code}
    assert (command.code in within) == (command.code in WRITTEN)
    for name in (command.name, command.name.removeprefix("set "), f"{command.code:02X}"):
        if command.code not in WRITTEN:
            assert name not in WRITABLE


SETTINGS: tuple[Setting, ...] = (
    SetDst(enabled=False),
    SetDst(enabled=True),
    SetSchedule(schedule=preset("ru-household-3").schedule),
    SetHolidays(days=((1, 1),)),
    SetTariffCount(count=3),
    SetDisplay(
        values={
            "shown": ["T1"],
            "seconds": dict.fromkeys(("other_tariffs", "current_tariff", "values", "after_button"), 9),
        }
    ),
    SetButtonCorrection(minutes=10),
)


def test_every_change_is_of_a_value_that_can_be_written_and_read_back() -> None:
    for setting in SETTINGS:
        for change in DRIVER.changes(setting, {}, PROFILE):
            value = WRITABLE[change.parameter]
            order = value.order(123456, bytes.fromhex(change.new))
            assert order.command.code in WRITTEN
            assert order.changes_meter
            assert not value.question(123456).changes_meter
