"""Fixtures of the exchange tests."""

from __future__ import annotations

import pytest

from tests.exchange.table import Journal


@pytest.fixture
def journal() -> Journal:
    """A gate in memory."""
    return Journal()
