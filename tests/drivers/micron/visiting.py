"""The meter, the orders and the visits of the tests that carry out whole works."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from meterlink.driver import Target
from meterlink.sim.state import SimState
from meterlink.tariff import preset
from meterlink.testing import START
from meterlink.visit.order import Order
from meterlink.visit.order_form import read_order
from meterlink.visit.secrets import Secret
from meterlink_micron.sim import Behaviour, SimulatedMicron, simulate
from tests.drivers.micron.scene import ADDRESS, FOUR, PASSWORD, is_write
from tests.shipped import library
from tests.visit.visits import Visits, order_text

SERIAL = "805181783"
ACTIONS = ("read", "dst_off", "clock", "schedule", "holidays", "tariff_mode")
MORE = 'tariff_plan = "ru-household-2"\nclock_reason = "x"\npassword_ref = "flat-5"\nholidays = ["01-01", "05-09"]'


def order_at(model: str, actions: tuple[str, ...] = ACTIONS, more: str = MORE) -> Order:
    text = order_text(actions, more, model=model, serial=SERIAL, address=ADDRESS)
    return read_order(text.encode(), "toml", lambda name: b"")


def meter_of(
    model: str, behaviour: Behaviour | None = None, error_s: float = 3614, dst: bool = True
) -> SimulatedMicron:
    state = SimState(
        started_at=START,
        serial_number=SERIAL,
        address=ADDRESS,
        clock_error=timedelta(seconds=error_s),
        dst_enabled=dst,
        schedule=preset("ru-household-1").schedule,
        energy_kwh=tuple(map(Decimal, ("15621.42", "6208.34", "0", "0"))),
    )
    return simulate(library().get(model), state, behaviour)


def write_months(meter: SimulatedMicron, count: int) -> None:
    """So many months of a SEB are as the orders here want them already."""
    packing, tables = meter.memory.layout.packing, meter.memory.tables
    day = packing.packed(preset("ru-household-2").schedule.seasons[0].week[1])
    for at in range(0x0440, 0x0440 + count * 144, len(day)):
        tables.write(at, day)
    tables.count_schedules()


def visits_at(folder: Path, model: str = FOUR, password: bytes = PASSWORD) -> Visits:
    target = Target(address=ADDRESS, profile=library().get(model), secret=Secret("flat-5", password))
    return Visits(folder, target, is_write)
