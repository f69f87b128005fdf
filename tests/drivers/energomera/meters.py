"""The meters that the tests of the family talk to."""

from __future__ import annotations

from functools import cache
from typing import Final

from meterlink.driver import Target
from meterlink.profiles import ProfileLibrary, default_folder, load_profiles
from meterlink.visit.secrets import Secret

MODELS: Final = ("ce102m", "ce301", "ce301by", "ce303", "ce6850m")
ADDRESS: Final = "083000505"
PASSWORD: Final = b"777777"


@cache
def library() -> ProfileLibrary:
    return load_profiles([default_folder()])


def target_of(model: str, address: str = ADDRESS, password: bytes | None = None) -> Target:
    secret = None if password is None else Secret("meter", password)
    return Target(address=address, profile=library().get(model), secret=secret)
