"""Logs on the disk to begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from meterlink.audit.fsio import Disk
from meterlink.audit.second_head import HeadFile
from tests.audit.logs import Bench, make_log
from tests.audit.stores import OFFICE


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A log with one record."""
    return make_log(tmp_path / "audit")


@pytest.fixture
def remembering(tmp_path: Path) -> Bench:
    """A log with one record, whose head is remembered elsewhere."""
    return make_log(tmp_path / "audit", second_heads=(HeadFile(Disk(), tmp_path / "state"),))


@pytest.fixture
def witnessed(tmp_path: Path) -> Bench:
    """A log with one record that names a key of the office."""
    return make_log(tmp_path / "audit", facts={"office": [OFFICE.text]})
