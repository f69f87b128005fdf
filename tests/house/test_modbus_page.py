"""docs/modbus-meter.md tells the truth: its files are right, its commands give what it shows, its tables are whole."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from meterlink_modbus import DRIVER
from meterlink_modbus.map_reader import KEYS, NUMBER_KEYS
from tests.cli.program import run
from tests.drivers.modbus.generic import PAGE, files_of_the_page, own_models, write_files

PROMPT = "$ "


@pytest.fixture
def my_meters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that the page makes, and the one that its commands are typed in."""
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METERLINK_PROFILES", "my-meters")


def typed() -> list[tuple[str, str]]:
    """Every command of the page with what it shows."""
    (session,) = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    commands = [part.partition("\n") for part in session.split(PROMPT)[1:]]
    return [(command, shown) for command, _, shown in commands if command.startswith("meterlink ")]


def test_its_files_describe_meters_that_can_only_be_read() -> None:
    assert sorted(files_of_the_page()) == ["my-meters/modbus/sdm120.toml", "my-meters/modbus/sdm630.toml"]
    for profile in own_models():
        assert DRIVER.check_profile(profile) == []
        assert not any(name.startswith("set_") for name, one in profile.supports.items() if one.supported)


@pytest.mark.usefixtures("my_meters")
def test_its_commands_give_what_it_shows() -> None:
    assert len(typed()) == 3
    for command, shown in typed():
        ended = run(*shlex.split(command)[1:])
        assert (ended.code, ended.out) == (0, shown), command


@pytest.mark.usefixtures("my_meters")
def test_what_its_meters_lack_is_said() -> None:
    info = run("meter", "info", "--port", "sim:sdm120", "--json").document
    assert info["meter"]["serial_number"] == ""
    assert {"what": "serial number", "reason": "no register of this model is known to tell it"} in info["absent"]
    for noun, why in (
        ("clock", "names no clock"),
        ("dst", "DST: not in this meter"),
        ("tariff", "has no number of tariffs"),
    ):
        ended = run(noun, "show", "--port", "sim:sdm120", "--tz", "UTC")
        assert ended.code == 6
        assert why in ended.err


def test_its_tables_name_every_key_that_a_reading_map_may_have() -> None:
    text = PAGE.read_text(encoding="utf-8")
    of_reading = set(KEYS) - {"address_register", "writable", "clock", "tariffs"}
    for key in (*of_reading, *NUMBER_KEYS):
        assert f"`{key}`" in text or f"{key} = " in text, key


@pytest.mark.usefixtures("my_meters")
def test_a_meter_without_further_facts_shows_no_empty_table() -> None:
    ended = run("meter", "info", "--port", "sim:sdm120")
    assert ended.code == 0
    assert "fact" not in ended.out
    assert "not there: serial number (no register of this model is known to tell it)" in ended.out
