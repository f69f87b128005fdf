"""docs/visit.md tells the truth: its commands run one after the other, and print what it shows."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from meterlink_mercury200.messages import SET_TARIFF_COUNT
from tests.house.bench import QUICK_LINE, Computer, Place, first_difference, meter_behind_a_door

PAGE: Final = (Path(__file__).parents[2] / "docs" / "visit.md").read_text(encoding="utf-8")

FORGETFUL: Final = {
    "COM3": "sim:mercury-200.02?at=2026-11-21T14:05:09+03:00&schedule=ru-household-1&clock_error_s=3614&dst=on"
    "&energy_kwh=15621.42,6208.34",
    "COM4": "sim:mercury-200.02?at=2026-11-21T14:05:09+03:00&serial=06925647&address=925646",
}
"""Meters that begin anew with each command: one that is an hour ahead, and one that is not that of the order."""
GATEWAY: Final = "tcp://192.168.0.7:4001"
"""A meter that keeps what was written."""
STUBBORN: Final = "tcp://192.168.0.8:4001"
"""A meter that acknowledges the number of tariffs and does not keep it."""
PULLED: Final = re.compile(r"<!-- the cable is pulled out after ([0-9]+) frames -->")
PLUGGED_IN: Final = "<!-- the cable is plugged in again -->"

PART: Final = re.compile(
    r"^```console\n\$ meterlink (?P<command>.*)\n(?P<shown>(?:.*\n)*?)```$"
    r"|^```toml\n# (?P<file>\S+)\n(?P<text>(?:.*\n)*?)```$"
    r"|^(?P<remark><!--.*-->)$",
    re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """One command of the page, what the page shows, and what was printed."""

    command: str
    shown: list[str]
    printed: list[str]


@dataclass
class Reader:
    """Somebody who follows the page from its beginning to its end."""

    computer: Computer
    places: dict[str, Place]

    def follow(self) -> Iterator[Told]:
        for part in PART.finditer(PAGE):
            if part["command"] is not None:
                words = [self._meant(word) for word in shlex.split(part["command"])]
                printed = [self._named(line) for line in self.computer.type(words, part["shown"])]
                yield Told(command=part["command"], shown=part["shown"].splitlines(), printed=printed)
            elif part["file"] is not None:
                (self.computer.folder / part["file"]).write_text(part["text"], encoding="utf-8")
            else:
                self._heed(part["remark"])

    def _meant(self, word: str) -> str:
        return self.places[word].url if word in self.places else FORGETFUL.get(word, word)

    def _named(self, line: str) -> str:
        """With the ports as the page calls them."""
        for name, place in self.places.items():
            line = line.replace(place.url, name)
        return line

    def _heed(self, remark: str) -> None:
        cable = self.places[GATEWAY].cable
        pulled = PULLED.fullmatch(remark)
        assert pulled or remark == PLUGGED_IN, remark
        cable.writes_left = int(pulled[1]) if pulled else None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_the_page_shows_what_the_program_prints(tmp_path: Path) -> None:
    folder, profiles = tmp_path / "work", tmp_path / "profiles"
    folder.mkdir()
    (profiles / "mercury200").mkdir(parents=True)
    (profiles / "mercury200" / "mercury-200.02.toml").write_text(QUICK_LINE, encoding="utf-8")
    with ExitStack() as bench:
        places = {
            GATEWAY: bench.enter_context(meter_behind_a_door()),
            STUBBORN: bench.enter_context(meter_behind_a_door(ignores_writes={SET_TARIFF_COUNT.code})),
        }
        reader = Reader(Computer(folder=folder, home=tmp_path / "home", profiles=profiles), places)
        differences = {
            told.command: difference
            for told in reader.follow()
            if (difference := first_difference(told.shown, told.printed)) is not None
        }
    assert differences == {}


def test_the_page_has_every_command_of_a_visit() -> None:
    commands = re.findall(r"^\$ meterlink (.*)$", PAGE, re.MULTILINE)
    for wanted in (
        "audit init",
        "order check",
        "plan order",
        "plan restore",
        "apply",
        "visit",
        "act print",
        "audit status",
        "audit resolve",
        "demo",
    ):
        assert any(command.startswith(wanted) for command in commands), wanted


def test_whatever_the_page_leaves_out_it_says_so() -> None:
    assert first_difference(["one", "...", "three"], ["one", "two", "two", "three"]) is None
    assert first_difference(["one", "three"], ["one", "two", "three"]) is not None
    assert first_difference(["one"], ["one", "two"]) is not None
    assert first_difference(["one", "..."], ["one", "two"]) is None
    assert first_difference(["one", "...", "four"], ["one", "two"]) is not None
