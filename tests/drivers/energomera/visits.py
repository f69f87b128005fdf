"""Whole visits at a CE6850M in memory and in virtual time: several runs of the program, one after another, one log."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from meterlink.driver import Target
from meterlink.sim.state import SimState
from meterlink.tariff import YearSchedule, preset
from meterlink.testing import START
from meterlink.visit.order import Order
from meterlink.visit.order_form import read_order
from meterlink.visit.secrets import Secret
from meterlink_energomera import DRIVER
from meterlink_energomera.schedule import joined
from meterlink_energomera.sim import Behaviour, SimulatedEnergomera, simulate
from tests.drivers.energomera.meters import PASSWORD
from tests.shipped import library
from tests.visit.visits import Visits, order_text

MODEL: Final = "ce6850m"
SERIAL: Final = "000000000800001"
ADDRESS: Final = "000800001"
ACTIONS: Final = ("read", "dst_off", "clock", "schedule")
WANTED: Final = "ru-household-3"
MORE: Final = f'tariff_plan = "{WANTED}"\nclock_reason = "x"\npassword_ref = "flat-5"'


def text_of_order(actions: tuple[str, ...] = ACTIONS, more: str = MORE, model: str = MODEL) -> str:
    return order_text(actions, more, model=model, serial=SERIAL, address=ADDRESS)


def order_at(actions: tuple[str, ...] = ACTIONS, more: str = MORE, model: str = MODEL) -> Order:
    return read_order(text_of_order(actions, more, model).encode(), "toml", lambda name: b"")


def meter_at(behaviour: Behaviour | None = None, *, error_s: float = 3614, model: str = MODEL) -> SimulatedEnergomera:
    """With the switch to summer time on and one tariff, its clock an hour ahead."""
    state = SimState(
        started_at=START,
        serial_number=SERIAL,
        address=ADDRESS,
        clock_error=timedelta(seconds=error_s),
        dst_enabled=error_s > 60,
        schedule=preset("ru-household-1").schedule,
        energy_kwh=tuple(map(Decimal, ("15621.42", "6208.34", "0", "0"))),
    )
    return simulate(library().get(model), state, behaviour)


def is_write(frame: bytes) -> bool:
    """Whether a frame can change the meter."""
    return frame.startswith(b"\x01W1")


def visits_at(folder: Path, password: bytes = PASSWORD, model: str = MODEL) -> Visits:
    target = Target(address=ADDRESS, profile=library().get(model), secret=Secret("flat-5", password))
    return Visits(folder, target, is_write)


def schedule_in(meter: SimulatedEnergomera) -> YearSchedule | None:
    """What the tables in its memory mean."""
    lifted = DRIVER.lift_stored({name: joined(values) for name, values in meter.memory.lists.items()})
    return lifted if isinstance(lifted, YearSchedule) else None


def holds_the_order(meter: SimulatedEnergomera, now: float) -> bool:
    """Every setting of the order stands in its memory."""
    error_s = (meter.memory.clock.local(now) - meter_at(error_s=0).memory.clock.local(now)).total_seconds()
    return schedule_in(meter) == preset(WANTED).schedule and not meter.memory.clock.dst_enabled and abs(error_s) < 1.5
