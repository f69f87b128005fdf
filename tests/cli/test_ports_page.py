"""docs/ports-and-settings.md tells the truth: its commands run, its file is read, its tables are whole."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from meterlink.cli.settings import FILE_NAME, NAMES, SURROUNDING, read_places
from meterlink.errors import PortUrlError
from meterlink.link.port import parse_port
from tests.cli.program import ROOT, run

PAGE = (ROOT / "docs" / "ports-and-settings.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ meterlink (.*)$", PAGE, re.MULTILINE)
FILE = "".join(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_runs(command: str, empty_home: Path) -> None:
    (empty_home / FILE_NAME).write_text(FILE, encoding="utf-8")
    ended = run(*shlex.split(command))
    assert (ended.code, ended.err) == (0, "")


def test_the_file_of_the_page_is_read(empty_home: Path) -> None:
    file = empty_home / FILE_NAME
    file.write_text(FILE, encoding="utf-8")
    places = read_places(file)
    assert sorted(places) == ["flat-5", "substation"]
    for place in places.values():
        assert parse_port(place["port"])


def test_every_option_of_a_port_has_its_line() -> None:
    with pytest.raises(PortUrlError) as caught:
        parse_port("sim:mercury-200.02?nonsense=1")
    known = caught.value.why.partition("known are ")[2].split(", ")
    assert len(known) > 10
    for option in known:
        assert f"`{option}=" in PAGE, option


def test_every_variable_has_its_line() -> None:
    for name in (*NAMES, *SURROUNDING):
        assert re.search(rf"`(METERLINK)?_{name.upper()}`", PAGE), name
    assert not [name for name in os.environ if name.startswith("METERLINK_") and name != "METERLINK_HOME"]
