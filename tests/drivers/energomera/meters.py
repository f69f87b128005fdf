"""The meters that the tests of the family talk to, and what several of their files need."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from meterlink.driver import Target
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.model import Absent
from meterlink.sim.bus import VirtualBus
from meterlink.sim.state import SimState
from meterlink.tariff import preset
from meterlink.testing import START, dialogue
from meterlink.visit.secrets import Secret
from meterlink.wire.line import Line
from meterlink_energomera import DRIVER
from meterlink_energomera.models import table_of
from meterlink_energomera.sim import Behaviour, SimulatedEnergomera, simulate
from tests.shipped import library

MODELS: Final = ("ce102m", "ce301", "ce301by", "ce303", "ce6850m")
ADDRESS: Final = "083000505"
PASSWORD: Final = b"777777"


def target_of(model: str, address: str = ADDRESS, password: bytes | None = None) -> Target:
    secret = None if password is None else Secret("meter", password)
    return Target(address=address, profile=library().get(model), secret=secret)


def identification_of(model: str) -> str:
    """What a model calls itself in a sign-on, without maker and speed."""
    return table_of(library().get(model)).identification


CE301 = target_of("ce301")
CE102M = target_of("ce102m")
CE6850M = target_of("ce6850m")
ZONES = SimState(started_at=START, address=ADDRESS, schedule=preset("ru-household-3").schedule)


STILL = replace(ZONES, load_w=0)
"""A meter whose registers stand, so that readings compare."""


FULL = replace(ZONES, energy_kwh=(Decimal(6000), Decimal(5000), Decimal(4000), Decimal(0)))
"""A meter that has run for long, so that its archives go back."""


SLOW = Line(baud=300, data_bits=7, parity="E")


def met(
    target: Target, behaviour: Behaviour, state: SimState = ZONES, **kwargs: Any
) -> tuple[Any, SimulatedEnergomera]:
    """A dialogue with a meter that behaves otherwise."""
    meter = simulate(target.profile, state, behaviour)
    return dialogue(DRIVER, target, VirtualBus([meter]), **kwargs), meter


def frames_heard(meter: SimulatedEnergomera) -> list[bytes]:
    return [heard.raw for heard in meter.log]


def at_300(target: Target, behaviour: Behaviour, *, fixed: bool = False) -> tuple[Any, SimulatedEnergomera, Target]:
    slow = replace(target, line=SLOW, line_fixed=fixed)
    meter = simulate(target.profile, STILL, replace(behaviour, first_baud=300))
    port = MemoryPort(VirtualBus([meter]), SLOW, starts_at=START)
    return Dialogue(port, exchange_for(DRIVER, slow, line=SLOW, port_name="memory")), meter, slow


def check(found: tuple[object, ...], absent: tuple[Absent, ...], true: tuple[object, ...]) -> None:
    """What is there is right, what is not there has its reason."""
    assert set(found) <= set(true)
    assert absent or found == true
