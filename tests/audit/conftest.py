"""Logs on the disk to begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from meterlink.audit.fsio import Disk
from meterlink.audit.second_head import HeadFile
from tests.audit.logs import Bench, make_log
from tests.audit.stores import OFFICE
from tests.audit.three_programs import Small, small_logs


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


@pytest.fixture(scope="session")
def smalls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Small, Small]:
    """Logs that nobody writes to, made once."""
    return small_logs(tmp_path_factory.mktemp("small"))


@pytest.fixture
def small(smalls: tuple[Small, Small]) -> Small:
    """The first of them."""
    return smalls[0]
