"""Every test of the command line runs without the user's settings, in an empty folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli import key_ring


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
