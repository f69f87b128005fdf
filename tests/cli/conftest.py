"""Every test of the command line runs without the user's settings, in an empty folder; and a log for those of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from meterlink.audit.home import find_home
from tests.cli.audits import Bench
from tests.cli.program import run
from tests.cli.visiting import use_home


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the settings file; the folder one works in is another."""
    return use_home(tmp_path, monkeypatch)


@pytest.fixture
def bench(empty_home: Path) -> Bench:
    """A log that was just made."""
    assert run("audit", "init", "--standalone").code == 0
    return Bench(find_home(empty_home))
