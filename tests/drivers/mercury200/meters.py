"""The meters that the tests of the family talk to."""

from __future__ import annotations

from functools import cache

from meterlink.driver import Target
from meterlink.profiles import ProfileLibrary, default_folder, load_profiles


@cache
def library() -> ProfileLibrary:
    return load_profiles([default_folder()])


def target_of(model: str, address: str) -> Target:
    return Target(address=address, profile=library().get(model))
