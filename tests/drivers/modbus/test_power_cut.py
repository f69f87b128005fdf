"""The meter goes away behind a write: nothing is believed, everything is read, and the same order ends the work."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from meterlink.errors import InDoubtError
from meterlink.sim.state import SimState
from meterlink.testing import START
from meterlink.visit.order_form import read_order
from meterlink.visit.resolving import read_back, resolve
from meterlink_modbus.sim import Behaviour, SimulatedModbus, simulate
from tests.drivers.modbus.meters import target_of
from tests.drivers.modbus.test_visit import MORE, SERIAL, THREE
from tests.drivers.modbus.wires import Excepting, is_write
from tests.visit.visits import Visits, order_text, results_of

TEXT = order_text(("read", "clock", "schedule"), MORE, model="or-we-517", serial=SERIAL, address="1")
ORDER = read_order(TEXT.encode(), "toml", lambda name: b"")
WRITES = range(3)
"""The clock, a day table, the year zones."""


def visits_at(folder: Path, behaviour: Behaviour, framing: str | None = None) -> tuple[Visits, SimulatedModbus]:
    target = target_of("or-we-517", framing=framing)
    state = SimState(started_at=START, clock_error=timedelta(seconds=3614))
    return Visits(folder, target, is_write), simulate(target.profile, state, behaviour)


def settle_and_end(visits: Visits, meter: SimulatedModbus, number: int, decision: str) -> None:
    """`audit resolve`, and the same order again."""
    assert visits.report().state == "in-doubt"
    run = visits.at(meter, ORDER)
    told = (run.session.site, run.log, run.session.place)
    assert [each.decision for each in (*resolve(*told), *read_back(*told))][-1:] == [decision]
    run.leave()
    assert visits.report().state == "ok"
    ended = visits.at(meter, ORDER).to_its_end()
    assert set(results_of(ended).values()) <= {"verified"}
    assert visits.act()["result"] == "done"
    assert meter.memory.schedule == THREE
    assert meter.memory.writes_done == len(WRITES), "what stood was written again"


@pytest.mark.parametrize("number", WRITES)
def test_a_cut_at_any_frame_is_settled_by_reading_and_the_work_is_ended(tmp_path: Path, number: int) -> None:
    visits, meter = visits_at(tmp_path, Behaviour(dies_after_writes=number, loses_power_for_s=60.0))
    with pytest.raises(InDoubtError):
        visits.at(meter, ORDER).to_its_end()
    settle_and_end(visits, meter, number, "other" if number == 0 else "unchanged")


@pytest.mark.parametrize("number", WRITES)
@pytest.mark.parametrize("code", [0x0B, 0x05], ids=["gateway in vain", "acknowledged, not done yet"])
def test_exceptions_in_place_of_every_answer_leave_a_doubt_and_no_refusal(
    tmp_path: Path, code: int, number: int
) -> None:
    visits, meter = visits_at(tmp_path, Behaviour(), "modbus-tcp")

    with pytest.raises(InDoubtError):
        visits.at(meter, ORDER, wire=lambda wire: Excepting(wire, code, number)).to_its_end()
    assert meter.memory.writes_done == number + 1
    settle_and_end(visits, meter, number, "written")


@pytest.mark.parametrize("number", WRITES)
def test_an_acknowledged_value_that_a_busy_meter_does_not_tell_is_in_doubt(tmp_path: Path, number: int) -> None:
    visits, meter = visits_at(tmp_path, Behaviour())
    run = visits.at(meter, ORDER, wire=lambda wire: Excepting(wire, 0x06, number, to_writes=False))
    with pytest.raises(InDoubtError):
        run.to_its_end()
    assert meter.memory.writes_done == number + 1
