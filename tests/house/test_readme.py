"""README shows what the program really prints: every console block is run as a process of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"^```console\n\$ meterlink (.*?)\n(.*?)\n?^```$", README.read_text(encoding="utf-8"), re.M | re.S)


def test_readme_has_a_session() -> None:
    assert len(BLOCKS) >= 6


@pytest.mark.parametrize(("command", "shown"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_readme_shows_what_the_program_prints(command: str, shown: str, tmp_path: Path) -> None:
    quiet = {key: value for key, value in os.environ.items() if not key.startswith("METERLINK_")}
    ran = subprocess.run(
        [sys.executable, "-m", "meterlink", *shlex.split(command)],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={**quiet, "METERLINK_HOME": str(tmp_path), "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    printed = [line.rstrip() for line in (ran.stdout + ran.stderr).rstrip().splitlines()]
    if ran.returncode:
        printed.append(f"[exit code {ran.returncode}]")
    assert printed == shown.splitlines()
