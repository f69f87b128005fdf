"""A simulated meter whose registers stand, so that readings compare, and dialogues that read it."""

from __future__ import annotations

from typing import Any, Final

from meterlink.context import PasswordAttempts
from meterlink.driver import Target
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import VirtualWire
from meterlink.sim.state import SimState
from meterlink.tariff import preset
from meterlink.testing import START, dialogue
from meterlink_micron import DRIVER
from meterlink_micron.sim import Behaviour, SimulatedMicron, simulate
from tests.drivers.micron.scene import ADDRESS, target_of
from tests.shipped import library

ASCII: Final = "seb-2a"
MODELS = tuple(profile.model for profile in library().by_family("micron") if profile.model != ASCII)
STILL = SimState(started_at=START, address=ADDRESS, schedule=preset("ru-household-3").schedule, load_w=0)


def read_by(model: str) -> Target:
    """Without a password: the simulated meters have reading open."""
    return target_of(model, password=None)


def met(model: str, behaviour: Behaviour | None = None, state: SimState = STILL) -> tuple[Any, SimulatedMicron, Target]:
    target = read_by(model)
    meter = simulate(target.profile, state, behaviour)
    return dialogue(DRIVER, target, VirtualBus([meter])), meter, target


def dialogue_of_one_run(target: Target, wire: VirtualWire) -> Dialogue:
    """Its own count of passwords, as each run of the program has."""
    line = target.profile.line.line
    port = MemoryPort(wire, line, starts_at=START, name="memory")
    exchange = exchange_for(DRIVER, target, line=line, port_name=port.name, passwords=PasswordAttempts())
    return Dialogue(port, exchange)
