"""README shows what the program really prints: the commands of a console block are typed one after the other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from meterlink.cli.main import program
from tests.house.bench import Computer, first_difference

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ meterlink (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
LEAVES_SOMETHING_OUT = re.compile(r"^\.\.\.$", re.MULTILINE)


def commands_of(block: str) -> list[tuple[str, str]]:
    return [(command, shown) for command, shown in COMMAND.findall(block)]


def name_of(block: str) -> str:
    return commands_of(block)[-1][0]


def test_readme_has_a_session() -> None:
    assert len(BLOCKS) >= 6
    assert all(block.startswith("$ meterlink ") for block in BLOCKS)


@pytest.mark.parametrize("block", BLOCKS, ids=name_of)
def test_readme_shows_what_the_program_prints(block: str, tmp_path: Path) -> None:
    computer = Computer(folder=tmp_path, home=tmp_path / "home")
    for command, shown in commands_of(block):
        lines = shown.rstrip("\n").splitlines()
        assert first_difference(lines, computer.type(shlex.split(command), shown)) is None, command


def test_readme_shows_the_whole_help() -> None:
    for block in BLOCKS:
        if name_of(block).endswith("--help"):
            assert not LEAVES_SOMETHING_OUT.search(block)
    whole = next(block for block in BLOCKS if name_of(block) == "--help")
    for name in program.list_commands(None):  # type: ignore[arg-type]  # our groups need no context
        assert re.search(rf"^  {name} ", whole, re.MULTILINE), name
