"""What the family says somebody should look at."""

from __future__ import annotations

from decimal import Decimal

import pytest

from meterlink.sim.bus import VirtualBus
from meterlink.sim.state import SimState
from meterlink.testing import START, dialogue
from meterlink_mercury200 import DRIVER, messages as m
from meterlink_mercury200.sim import simulate
from meterlink_mercury200.values import Battery
from tests.drivers.mercury200.meters import target_of

TARGET = target_of("mercury-200.02", "925646")
STATE = SimState(started_at=START, address=TARGET.address)


@pytest.mark.parametrize(("volts", "alarm"), [("2.59", True), ("2.60", False), ("3.05", False)])
def test_a_battery_is_low_below_two_volts_six(volts: str, alarm: bool) -> None:
    meter = simulate(TARGET.profile, STATE)
    meter.memory.kept[m.READ_BATTERY.code] = Battery(Decimal(volts))
    status = dialogue(DRIVER, TARGET, VirtualBus([meter])).run(DRIVER.read_status(TARGET))
    assert {each.name: each.alarm for each in status.values}["battery voltage"] is alarm
    assert not any(each.alarm for each in status.values if each.name != "battery voltage")
