"""The meters that the tests of the family talk to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from meterlink.driver import Target
from meterlink.model import Evidence
from meterlink.profiles import Profile, Support
from meterlink.profiles.checks import frozen
from tests.shipped import library

MODELS = ("or-we-515", "or-we-517", "or-we-526")


def target_of(model: str, address: str = "1", framing: str | None = None) -> Target:
    return Target(address=address, profile=library().get(model), framing=framing)


def with_table(model: str, **changed: Any) -> Profile:
    """A profile with other keys in its register map; None takes a key out."""
    profile = library().get(model)
    table: dict[str, object] = {**profile.driver_table, **{key: frozen(value) for key, value in changed.items()}}
    kept = {key: value for key, value in table.items() if value is not None}
    return replace(profile, driver_table=MappingProxyType(kept))


def with_support(profile: Profile, **supported: bool) -> Profile:
    made: Mapping[str, Support] = {
        name: Support(supported=yes, evidence=Evidence.GUESS, source="a test", note="a test")
        for name, yes in supported.items()
    }
    return replace(profile, supports=MappingProxyType({**profile.supports, **made}))
