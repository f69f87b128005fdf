"""What docs/visit.md is run against: meters that keep what was written, behind TCP doors, and a person at a terminal.

A meter behind such a door lives in the time of this computer, but answers at once: the time that bytes take on a line
is left out, because nobody who reads the page sees it.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from meterlink.link.doors import TcpDoor
from meterlink.profiles import default_folder, load_profiles
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import Burst, VirtualWire
from meterlink.sim.state import SimState
from meterlink.tariff import preset
from meterlink.wire.line import Line
from meterlink_mercury200.messages import COMMANDS
from meterlink_mercury200.sim import Behaviour, simulate

PATIENCE_S = 120.0
FAST = 921_600


@dataclass
class Cable:
    """The cable of one meter, until it is pulled out."""

    inner: VirtualWire
    writes_left: int | None = None
    """So many frames that change the meter still get through; None: the cable stays in."""

    def receive(self, data: bytes, now: float, line: Line) -> None:
        if self.writes_left is not None:
            self.writes_left -= COMMANDS[data[4]].writes
            if self.writes_left < 0:
                return
        self.inner.receive(data, now, line)

    def due(self) -> float | None:
        return self.inner.due()

    def poll(self, now: float) -> list[Burst]:
        return self.inner.poll(now)

    def plug_in(self) -> None:
        self.writes_left = None


@dataclass
class Bench:
    """Meters behind doors, each under the port that the page calls it by."""

    cables: dict[str, Cable] = field(default_factory=dict)
    ports: dict[str, str] = field(default_factory=dict)


@contextmanager
def meter_behind(bench: Bench, port: str, behaviour: Behaviour | None, writes_left: int | None) -> Iterator[None]:
    """A Mercury 200.02 on one tariff, its clock right, changing the hour by itself, without load."""
    usual = load_profiles([default_folder()]).get("mercury-200.02")
    profile = replace(usual, line=replace(usual.line, baud=FAST))
    state = SimState(
        started_at=time.time(),
        dst_enabled=True,
        schedule=preset("ru-household-1").schedule,
        energy_kwh=(Decimal("15621.42"), Decimal("6208.34")),
        load_w=0,
    )
    cable = Cable(VirtualBus([simulate(profile, state, behaviour)]), writes_left)
    door = TcpDoor(cable, profile.line.line)
    stop = threading.Event()
    serving = threading.Thread(target=door.serve, args=(stop.is_set,))
    bench.cables[port], bench.ports[port] = cable, door.url
    serving.start()
    try:
        yield
    finally:
        stop.set()
        serving.join()
        door.close()
