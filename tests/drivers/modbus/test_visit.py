"""Whole visits: order, plan, writes, read-back, log and act; and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from meterlink.audit.home import find_home
from meterlink.audit.run import Run
from meterlink.audit.verify import verify_log
from meterlink.cli.act_files import act_of, judge
from meterlink.driver import Target, Unliftable
from meterlink.errors import ExperimentalError, NotSupportedError, OtherMeterError
from meterlink.language import Language
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.report.act_html import render_html
from meterlink.report.act_layout import lay_out
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import VirtualWire
from meterlink.sim.state import SimState
from meterlink.tariff import YearSchedule, preset
from meterlink.testing import START
from meterlink.visit.carrying import Site
from meterlink.visit.form import Form
from meterlink.visit.order_form import read_order
from meterlink.visit.plan import Plan, TimeSource
from meterlink.visit.session import Confirmed, Ended, Frames, Session
from meterlink.visit.work import WorkGate
from meterlink.zone import parse_zone
from meterlink_modbus import DRIVER
from meterlink_modbus.sim import Behaviour, SimulatedModbus, simulate
from meterlink_modbus.tables import ZONES, table_name
from tests.audit.logs import records
from tests.drivers.modbus.meters import library
from tests.drivers.modbus.test_writing import Blow, Wire
from tests.report.test_act_paper import page_text
from tests.report.works import CHECKPOINT, OPENINGS
from tests.visit.visits import order_text, results_of

SERIAL = "20210123"
MORE = 'tariff_plan = "ru-household-3"\nclock_reason = "x"'
THREE = preset("ru-household-3").schedule


class Visit:
    """One run of the program at one meter, and what came of it."""

    def __init__(
        self,
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
        spoil: Callable[[Plan], Plan] = lambda plan: plan,
    ) -> None:
        self.profile = library().get(model)
        text = order_text(actions, more, serial=SERIAL, address="1").replace('"mercury-200.02"', f'"{model}"')
        order = read_order(text.encode(), "toml", lambda name: b"")
        state = SimState(
            started_at=START,
            clock_error=timedelta(seconds=3614),
            energy_kwh=tuple(map(Decimal, ("15621.42", "6208.34", "0", "0"))),
        )
        self.meter: SimulatedModbus = simulate(self.profile, state, behaviour)
        self.wire = Wire(VirtualBus([self.meter]), self.meter, blow, number)
        target = Target(address="1", profile=self.profile, framing=framing)
        gate, frames = WorkGate(), Frames()
        talk = self._talk(self.wire, target, gate, frames)
        self.home = find_home(folder)
        with self.home.create(Run.start(), "standalone", {"office": []}):
            pass
        with self.home.open(Run.start()) as log:
            identity = talk.run(DRIVER.identify(target))
            site = Site(talk=talk, driver=DRIVER, target=target, identity=identity, zone=parse_zone(order.tz))
            session = Session(
                site=site,
                order=order,
                profile=self.profile,
                port="sim",
                program="meterlink test",
                log=log,
                place=self.home.current(),
                gate=gate,
                frames=frames,
                random=Random(7).randbytes,
                judge=judge,
                performer="petrov",
                time_source=TimeSource.CONFIRMED,
                experimental=experimental,
            )
            before = session.look()
            session.begin(Form(), before)
            self.plan = spoil(session.plan(before))
            results = session.carry_out(self.plan, Confirmed(by="petrov", how="serial number typed"))
            after, problems = session.look_after(self.plan, results)
            self.ended: Ended = session.close(Form(), results, after, problems)
        assert verify_log(self.home.current().bytes()).state == "ok"

    def _talk(self, wire: VirtualWire, target: Target, gate: WorkGate, frames: Frames) -> Dialogue:
        line = self.profile.line.line
        port = MemoryPort(wire, line, starts_at=START, name="memory")
        return Dialogue(port, exchange_for(DRIVER, target, line=line, port_name=port.name, gate=gate, observer=frames))

    @property
    def told(self) -> list[dict[str, Any]]:
        return records(self.home.current().bytes())

    def page(self) -> str:
        body = act_of(self.home.current(), None).body
        return page_text(render_html(lay_out(body, OPENINGS, CHECKPOINT, Language.RU, DRIVER.words)))


@pytest.mark.parametrize("framing", [None, "modbus-tcp"])
def test_the_main_job_at_an_or_we_517(tmp_path: Path, framing: str | None) -> None:
    visit = Visit(tmp_path, framing=framing)
    assert (visit.ended.result, visit.ended.problems) == ("done", ())
    assert results_of(visit.ended) == {"clock": "verified", "schedule": "verified"}
    after = visit.ended.after
    assert after is not None
    assert after.clock is not None
    assert after.clock.error is not None
    assert abs(after.clock.error.total_seconds()) < 1.5
    assert after.year_schedule == THREE
    assert after.dst is None
    assert visit.meter.memory.writes_done == 3
    codes = [warning.code for warning in visit.plan.warnings]
    assert "meter-has-no-dst" in codes
    parameters = [frame["parameter"] for one in visit.told if one["type"] == "intent" for frame in one["d"]["frames"]]
    assert parameters == ["the clock", table_name(2), ZONES]


def test_the_act_is_russian_and_holds_no_english_word(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    page = visit.page()
    assert "счётчики с картой регистров Modbus" in page
    assert "прибор не переводит часы на летнее время" in page
    assert "общая активная энергия, T1" in page
    (snapshot, *_) = [one["d"]["snapshot"] for one in visit.told if one["type"] == "read" and "snapshot" in one["d"]]
    phrases = {one["name"] for one in snapshot["status"]} | {one["unit"] for one in snapshot["status"]}
    phrases |= {one["reason"] for one in snapshot["absent"]}
    english = [phrase for phrase in phrases if re.search("[a-z]{3}", phrase)]
    assert len(english) > 8
    assert not [phrase for phrase in english if phrase in page]


def test_an_order_about_the_clock_alone_sets_the_clock_alone(tmp_path: Path) -> None:
    visit = Visit(tmp_path, actions=("read", "dst_off", "clock"), more='clock_reason = "x"')
    assert [one.address for one in visit.wire.writes] == [0x003C]
    assert results_of(visit.ended) == {"clock": "verified"}


@pytest.mark.parametrize("blow", [Blow.LOST_REPLY, Blow.LOST_REQUEST, Blow.DAMAGED])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_lost_frame_is_settled_by_reading(tmp_path: Path, blow: Blow, number: int) -> None:
    visit = Visit(tmp_path, blow=blow, number=number)
    assert (visit.ended.result, visit.ended.problems) == ("done", ())
    assert visit.meter.memory.schedule == THREE
    again = blow is Blow.LOST_REQUEST or (number == 0)
    assert visit.meter.memory.writes_done <= 3 + again


def test_a_table_that_does_not_take_is_told_and_the_rest_is_not_begun(tmp_path: Path) -> None:
    visit = Visit(tmp_path, behaviour=Behaviour(ignores_writes=frozenset({0x0360})))
    assert results_of(visit.ended) == {"clock": "verified", "schedule": "differs"}
    assert isinstance(visit.meter.memory.schedule, YearSchedule)


def test_a_step_that_broke_off_tells_of_the_frame_that_did_not_stand_in_the_order_of_the_driver(tmp_path: Path) -> None:
    """The plan names the zones first; the driver writes the table first, and that does not take."""

    def turned(plan: Plan) -> Plan:
        steps = [replace(step, changes=tuple(reversed(step.changes))) for step in plan.steps]
        return replace(plan, steps=tuple(steps))

    behaviour = Behaviour(ignores_writes=frozenset({0x030C}))
    visit = Visit(tmp_path, actions=("read", "schedule"), behaviour=behaviour, spoil=turned)
    (result,) = visit.ended.results
    assert (result.result.value, result.found) == ("differs", "no slots")
    assert [one.address for one in visit.wire.writes] == [0x030C]


def test_power_that_comes_back_lets_the_work_go_on(tmp_path: Path) -> None:
    visit = Visit(tmp_path, behaviour=Behaviour(dies_after_writes=1, loses_power_for_s=0.3))
    assert (visit.ended.result, visit.ended.problems) == ("done", ())
    assert visit.meter.memory.schedule == THREE


def test_summer_time_cannot_be_switched_on(tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match="DST: not in this meter"):
        Visit(tmp_path, actions=("read", "dst_on"))


def test_a_meter_that_is_not_the_one_of_the_order_is_refused(tmp_path: Path) -> None:
    """The 515 tells no serial number, so no order can be carried out on it."""
    with pytest.raises(OtherMeterError):
        Visit(tmp_path, model="or-we-515", experimental=True)


def test_schedule_and_holidays_of_an_or_we_526_are_a_guess_and_need_the_word_for_it(tmp_path: Path) -> None:
    actions = ("read", "clock", "schedule", "holidays")
    more = 'tariff_plan = "ru-household-2"\nclock_reason = "x"\nholidays = ["01-01", "05-09"]'
    with pytest.raises(ExperimentalError):
        Visit(tmp_path / "a", model="or-we-526", actions=actions, more=more)
    visit = Visit(tmp_path / "b", model="or-we-526", actions=actions, more=more, experimental=True)
    assert set(results_of(visit.ended).values()) == {"verified"}
    assert visit.ended.after is not None
    assert visit.ended.after.holidays is not None
    assert visit.ended.after.holidays.days == ((1, 1), (5, 9))
    schedule = visit.meter.memory.schedule
    assert not isinstance(schedule, Unliftable)
    assert schedule is not None
    assert schedule.tariff_at(datetime(2025, 7, 21, 3)) == 2
