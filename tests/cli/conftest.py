"""Every test of the command line runs without the user's settings, in an empty folder; and a log for those of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from meterlink.audit.home import find_home
from tests.cli import key_ring
from tests.cli.audits import Bench
from tests.cli.program import run


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the settings file; the folder one works in is another."""
    for name in [name for name in os.environ if name.startswith("METERLINK_")]:
        monkeypatch.delenv(name)
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    monkeypatch.setenv("METERLINK_HOME", str(home))
    monkeypatch.chdir(work)
    key_ring.remove(monkeypatch)
    return home


@pytest.fixture
def password_of_flat_5(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the meter of an order of mode C, as `tests.cli.visiting` writes it."""
    monkeypatch.setenv("METERLINK_PASSWORD_FLAT_5", "777777")


@pytest.fixture
def bench(empty_home: Path) -> Bench:
    """A log that was just made."""
    assert run("audit", "init", "--standalone").code == 0
    return Bench(find_home(empty_home))
