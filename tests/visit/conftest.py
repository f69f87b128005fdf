"""Fixtures of the visits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.visit.visits import Visits


@pytest.fixture
def visits(tmp_path: Path) -> Visits:
    """One log, and visits to Mercury 200 meters."""
    return Visits(tmp_path)
