"""Meters that misbehave in the middle of a visit: they acknowledge and change nothing, or move by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from meterlink.errors import VerifyError
from meterlink.testing import START
from meterlink_mercury200 import messages as m
from meterlink_mercury200.sim import Behaviour, SimulatedMercury200
from tests.visit.mishaps import lose_record, stopped_at
from tests.visit.visits import EVERYTHING, PLAN_2, REASON, Killed, Visits, make_meter, order_of, results_of, spied


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """A meter that acknowledges this write and changes nothing."""

    command: int
    action: str
    result: str
    others: tuple[str, ...]
    """Later steps, which must not begin."""
    writes: int


IGNORED = (
    Ignored(
        command=m.SET_DST.code,
        action="dst_off",
        result="failed",
        others=("clock", "holidays", "schedule", "tariff_mode"),
        writes=1,
    ),
    Ignored(
        command=m.SET_CLOCK.code,
        action="clock",
        result="partly",
        others=("holidays", "schedule", "tariff_mode"),
        writes=2,
    ),
    Ignored(
        command=m.SET_HOLIDAYS.code,
        action="holidays",
        result="partly",
        others=("schedule", "tariff_mode"),
        writes=3,
    ),
    Ignored(command=m.SET_SCHEDULE.code, action="schedule", result="partly", others=("tariff_mode",), writes=5),
    Ignored(command=m.SET_TARIFF_COUNT.code, action="tariff_mode", result="partly", others=(), writes=101),
)


@pytest.mark.parametrize("case", IGNORED, ids=lambda case: case.action)
def test_an_acknowledgement_proves_nothing(visits: Visits, case: Ignored) -> None:
    meter = make_meter(behaviour=Behaviour(ignores_writes={case.command}))
    order = order_of(EVERYTHING, f'{PLAN_2}\n{REASON}\nholidays = ["01-01"]')
    visit, spy = spied(visits, meter, order)
    ended = visit.carry_out()
    visit.leave()
    assert ended.result == case.result
    told = results_of(ended)
    assert told[case.action] == "differs"
    assert {told[action] for action in case.others} <= {"not-sent"}
    assert {result for action, result in told.items() if action not in (case.action, *case.others)} <= {"verified"}
    assert len(spy.writes) == case.writes, "nothing is sent again, and nothing behind it"
    assert isinstance(ended.problems[0], VerifyError)
    assert ended.problems[0].exit_code == 7
    act = visits.act()
    assert act["result"] == case.result
    states = {each["action"]: each["state"] for each in act["actions"]}
    assert states[case.action] == "not-confirmed"
    assert {states[action] for action in case.others} <= {"not-confirmed", "not-begun"}
    assert [step["result"] for step in act["steps"] if step["action"] == case.action] == ["differs"]
    assert act["zones_from"]["state"] == "not-confirmed"
    assert visits.report().state == "ok"


def after_first(command: int, work: Callable[[float], None]) -> Callable[[bytes, float], None]:
    """Let something happen when the meter has acted on the first frame of this command."""
    done = False

    def happen(frame: bytes, now: float) -> None:
        nonlocal done
        if not done and len(frame) > 4 and frame[4] == command:
            done = True
            work(now)

    return happen


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Something in the meter that moves by itself while others are written."""

    name: str
    move: Callable[[SimulatedMercury200, float], None]
    kind: str
    says: str
    order: Any = field(default_factory=lambda: order_of(("dst_off",), ""))
    at: int = m.SET_DST.code


def _count(meter: SimulatedMercury200, tariff: int, wh: int) -> None:
    """Registers that are not what was counted."""
    meter.memory.energy._energy_uj[tariff] += wh * 3_600_000_000


def _jump(meter: SimulatedMercury200, now: float) -> None:
    clock = meter.memory.clock
    clock.set(clock.local(now) - timedelta(hours=1), now)


def _store(meter: SimulatedMercury200, now: float) -> None:
    meter.memory.kept[m.READ_BUTTON_CORRECTION.code] = m.READ_BUTTON_CORRECTION.reply.read(b"\x07")


MOVED = (
    Moved(
        name="energy falls",
        move=lambda meter, now: _count(meter, 1, -100),
        kind="EnergyMovedError",
        says="T1 fell from 15621.42 to 15621.3",
    ),
    Moved(
        name="energy is cleared",
        move=lambda meter, now: meter.memory.energy._energy_uj.update(dict.fromkeys((1, 2), 0)),
        kind="EnergyMovedError",
        says="T1 fell from 15621.42 to 0",
    ),
    Moved(
        name="energy jumps",
        move=lambda meter, now: _count(meter, 2, 1000),
        kind="EnergyMovedError",
        says="T2 grew from 6208.34 to 6209.34",
    ),
    Moved(
        name="the clock jumps when DST is cleared",
        move=_jump,
        kind="ReadBackError",
        says="the clock, which nobody set,",
    ),
    Moved(
        name="the clock jumps after it was set",
        move=_jump,
        kind="ReadBackError",
        says="the clock",
        order=order_of(("clock", "tariff_mode"), f"{PLAN_2}\n{REASON}"),
        at=m.SET_TARIFF_COUNT.code,
    ),
    Moved(
        name="the clock jumps, and its own step is not begun",
        move=lambda meter, now: _jump_and_stay_on(meter, now),
        kind="ReadBackError",
        says="the clock, which nobody set,",
        order=order_of(("dst_off", "clock"), REASON),
    ),
    Moved(name="a value nobody touched", move=_store, kind="ReadBackError", says="button correction should be 30 min"),
    Moved(name="a record nobody touched", move=lose_record, kind="ReadBackError", says="December holiday"),
    Moved(
        name="a value that was verified is lost again",
        move=lambda meter, now: meter.memory.kept.update({m.READ_DST.code: m.READ_DST.reply.read(b"\x01")}),
        kind="ReadBackError",
        says="DST flag should be off, and reads on",
        order=order_of(("dst_off", "tariff_mode"), PLAN_2),
        at=m.SET_TARIFF_COUNT.code,
    ),
)


def _jump_and_stay_on(meter: SimulatedMercury200, now: float) -> None:
    _jump(meter, now)
    meter.memory.kept[m.READ_DST.code] = m.READ_DST.reply.read(b"\x01")


@pytest.mark.parametrize("case", MOVED, ids=lambda case: case.name)
def test_what_moves_by_itself_is_noticed(visits: Visits, case: Moved) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter, case.order)
    spy.then = after_first(case.at, lambda now: case.move(meter, now))
    ended = visit.carry_out()
    visit.leave()
    told = [(type(problem).__name__, str(problem)) for problem in ended.problems]
    assert any(kind == case.kind and case.says in text for kind, text in told), told
    assert all(problem.exit_code == 7 for problem in ended.problems)
    assert {record["d"]["kind"] for record in visits.records("work.problem")} >= {case.kind}
    assert visits.report().state == "ok"


def test_the_act_tells_what_moved_by_itself(visits: Visits) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter, order_of(("dst_off",), ""))
    spy.then = after_first(m.SET_DST.code, lambda now: _count(meter, 1, -100))
    visit.carry_out()
    assert "T1 fell from 15621.42" in str(visits.act()), "the office must read it on the act"


def test_energy_that_is_counted_is_no_fault(visits: Visits) -> None:
    meter = make_meter()
    meter.memory.energy.set_load(10_000, START)
    ended = visits.at(meter).carry_out()
    assert ended.after is not None
    assert visits.act()["readings"]["registers"][0]["change"] not in ("0", "0.00")
    assert (ended.result, ended.problems) == ("done", ())


def test_energy_that_fell_between_two_runs_of_a_work_is_noticed(visits: Visits) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter)
    spy.first = stopped_at(m.SET_TARIFF_COUNT.code)
    with pytest.raises(Killed):
        visit.carry_out()
    visit.leave()
    _count(meter, 1, -500)
    ended = visits.at(meter).carry_out()
    assert [type(problem).__name__ for problem in ended.problems] == ["EnergyMovedError"]
