"""The meters that the tests of the family talk to."""

from __future__ import annotations

from meterlink.driver import Target
from tests.shipped import library


def target_of(model: str, address: str) -> Target:
    return Target(address=address, profile=library().get(model))
