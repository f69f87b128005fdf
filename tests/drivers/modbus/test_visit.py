"""Whole visits: order, plan, writes, read-back, log and act; and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from meterlink.driver import Unliftable
from meterlink.errors import ExperimentalError, NotSupportedError, OtherMeterError
from meterlink.language import Language
from meterlink.report.act_html import render_html
from meterlink.report.act_layout import lay_out
from meterlink.sim.line import VirtualWire
from meterlink.sim.state import SimState
from meterlink.tariff import YearSchedule, preset
from meterlink.testing import START
from meterlink.visit.order_form import read_order
from meterlink.visit.plan import Plan
from meterlink.visit.session import Ended
from meterlink_modbus import DRIVER
from meterlink_modbus.sim import Behaviour, SimulatedModbus, simulate
from meterlink_modbus.tables import ZONES, table_name
from tests.drivers.modbus.meters import target_of
from tests.drivers.modbus.wires import Struck, is_write
from tests.drivers.struck import Blow
from tests.report.test_act_paper import page_text
from tests.report.works import CHECKPOINT, OPENINGS
from tests.visit.visits import Visits, order_text, results_of

SERIAL = "20210123"
MORE = 'tariff_plan = "ru-household-3"\nclock_reason = "x"'
THREE = preset("ru-household-3").schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """What came of one visit at one meter."""

    ended: Ended
    plan: Plan
    visits: Visits
    meter: SimulatedModbus
    wire: Struck

    def page(self) -> str:
        """The act, as a person reads it."""
        return page_text(render_html(lay_out(self.visits.act(), OPENINGS, CHECKPOINT, Language.RU, DRIVER.words)))


def visit(
    folder: Path,
    *,
    model: str = "or-we-517",
    actions: tuple[str, ...] = ("read", "dst_off", "clock", "schedule"),
    more: str = MORE,
    behaviour: Behaviour | None = None,
    framing: str | None = None,
    experimental: bool = False,
    blow: Blow | None = None,
    number: int = 0,
    turned: Callable[[Plan], Plan] = lambda plan: plan,
) -> Visited:
    order = order_text(actions, more, model=model, serial=SERIAL, address="1")
    state = SimState(
        started_at=START,
        clock_error=timedelta(seconds=3614),
        energy_kwh=tuple(map(Decimal, ("15621.42", "6208.34", "0", "0"))),
    )
    target = target_of(model, framing=framing)
    visits, meter = Visits(folder, target, is_write), simulate(target.profile, state, behaviour)
    wires: list[Struck] = []

    def strike(wire: VirtualWire) -> VirtualWire:
        wires.append(Struck(wire, blow, number, meter=meter))
        return wires[0]

    run = visits.at(meter, read_order(order.encode(), "toml", lambda name: b""), wire=strike, experimental=experimental)
    ended = run.to_its_end(turned)
    assert run.plan is not None
    return Visited(ended=ended, plan=run.plan, visits=visits, meter=meter, wire=wires[0])


@pytest.mark.parametrize("framing", [None, "modbus-tcp"])
def test_the_main_job_at_an_or_we_517(tmp_path: Path, framing: str | None) -> None:
    visited = visit(tmp_path, framing=framing)
    assert (visited.ended.result, visited.ended.problems) == ("done", ())
    assert results_of(visited.ended) == {"clock": "verified", "schedule": "verified"}
    after = visited.ended.after
    assert after is not None
    assert after.clock is not None
    assert after.clock.error is not None
    assert abs(after.clock.error.total_seconds()) < 1.5
    assert after.year_schedule == THREE
    assert after.dst is None
    assert visited.meter.memory.writes_done == 3
    codes = [warning.code for warning in visited.plan.warnings]
    assert "meter-has-no-dst" in codes
    parameters = [frame["parameter"] for one in visited.visits.records("intent") for frame in one["d"]["frames"]]
    assert parameters == ["the clock", table_name(2), ZONES]


def test_the_act_is_russian_and_holds_no_english_word(tmp_path: Path) -> None:
    visited = visit(tmp_path)
    page = visited.page()
    assert "счётчики с картой регистров Modbus" in page
    assert "прибор не переводит часы на летнее время" in page
    assert "общая активная энергия, T1" in page
    (snapshot, *_) = [one["d"]["snapshot"] for one in visited.visits.records("read") if "snapshot" in one["d"]]
    phrases = {one["name"] for one in snapshot["status"]} | {one["unit"] for one in snapshot["status"]}
    phrases |= {one["reason"] for one in snapshot["absent"]}
    english = [phrase for phrase in phrases if re.search("[a-z]{3}", phrase)]
    assert len(english) > 8
    assert not [phrase for phrase in english if phrase in page]


def test_an_order_about_the_clock_alone_sets_the_clock_alone(tmp_path: Path) -> None:
    visited = visit(tmp_path, actions=("read", "dst_off", "clock"), more='clock_reason = "x"')
    assert [one.address for one in visited.wire.written] == [0x003C]
    assert results_of(visited.ended) == {"clock": "verified"}


@pytest.mark.parametrize("blow", [Blow.LOST_REPLY, Blow.LOST_REQUEST, Blow.DAMAGED])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_lost_frame_is_settled_by_reading(tmp_path: Path, blow: Blow, number: int) -> None:
    visited = visit(tmp_path, blow=blow, number=number)
    assert (visited.ended.result, visited.ended.problems) == ("done", ())
    assert visited.meter.memory.schedule == THREE
    again = blow is Blow.LOST_REQUEST or (number == 0)
    assert visited.meter.memory.writes_done <= 3 + again


def test_a_table_that_does_not_take_is_told_and_the_rest_is_not_begun(tmp_path: Path) -> None:
    visited = visit(tmp_path, behaviour=Behaviour(ignores_writes=frozenset({0x0360})))
    assert results_of(visited.ended) == {"clock": "verified", "schedule": "differs"}
    assert isinstance(visited.meter.memory.schedule, YearSchedule)


def test_a_clock_that_does_not_take_is_told(tmp_path: Path) -> None:
    visited = visit(tmp_path, actions=("read", "clock"), behaviour=Behaviour(ignores_writes=frozenset({0x003C})))
    assert results_of(visited.ended) == {"clock": "differs"}


def test_a_step_that_broke_off_tells_of_the_frame_that_did_not_stand_in_the_order_of_the_driver(tmp_path: Path) -> None:
    """The plan names the zones first; the driver writes the table first, and that does not take."""

    def turned(plan: Plan) -> Plan:
        steps = [replace(step, changes=tuple(reversed(step.changes))) for step in plan.steps]
        return replace(plan, steps=tuple(steps))

    behaviour = Behaviour(ignores_writes=frozenset({0x030C}))
    visited = visit(tmp_path, actions=("read", "schedule"), behaviour=behaviour, turned=turned)
    (result,) = visited.ended.results
    assert (result.result.value, result.found) == ("differs", "no slots")
    assert [one.address for one in visited.wire.written] == [0x030C]


def test_power_that_comes_back_lets_the_work_go_on(tmp_path: Path) -> None:
    visited = visit(tmp_path, behaviour=Behaviour(dies_after_writes=1, loses_power_for_s=0.3))
    assert (visited.ended.result, visited.ended.problems) == ("done", ())
    assert visited.meter.memory.schedule == THREE


def test_summer_time_cannot_be_switched_on(tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match="DST: not in this meter"):
        visit(tmp_path, actions=("read", "dst_on"))


def test_a_meter_that_is_not_the_one_of_the_order_is_refused(tmp_path: Path) -> None:
    """The 515 tells no serial number, so no order can be carried out on it."""
    with pytest.raises(OtherMeterError):
        visit(tmp_path, model="or-we-515", experimental=True)


def test_schedule_and_holidays_of_an_or_we_526_are_a_guess_and_need_the_word_for_it(tmp_path: Path) -> None:
    actions = ("read", "clock", "schedule", "holidays")
    more = 'tariff_plan = "ru-household-2"\nclock_reason = "x"\nholidays = ["01-01", "05-09"]'
    with pytest.raises(ExperimentalError):
        visit(tmp_path / "a", model="or-we-526", actions=actions, more=more)
    visited = visit(tmp_path / "b", model="or-we-526", actions=actions, more=more, experimental=True)
    assert set(results_of(visited.ended).values()) == {"verified"}
    assert visited.ended.after is not None
    assert visited.ended.after.holidays is not None
    assert visited.ended.after.holidays.days == ((1, 1), (5, 9))
    schedule = visited.meter.memory.schedule
    assert not isinstance(schedule, Unliftable)
    assert schedule is not None
    assert schedule.tariff_at(datetime(2025, 7, 21, 3)) == 2
