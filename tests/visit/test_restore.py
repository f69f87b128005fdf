"""The way back: what a work changed is brought back from the state that the log holds, all but the clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meterlink.audit.works import records_of
from meterlink.errors import NoStateError, NoWorkError, OrderError, StalePlanError
from meterlink.model import Action
from meterlink.tariff import preset
from meterlink.visit.form import Form
from meterlink.visit.history import planned_actions, state_before
from meterlink.visit.plan import Plan, Terms
from meterlink.visit.plan_form import decode_plan, encode_plan
from meterlink.visit.planning import restore_plan
from meterlink.visit.session import Ended
from meterlink_mercury200 import messages as m
from meterlink_mercury200.sim import SimulatedMercury200
from meterlink_mercury200.sim_memory import Memory
from tests.visit.visits import PLAN_2, REASON, YES, Visit, Visits, clock_error_s, make_meter, order_of, spied

ACTIONS = ("read", "dst_off", "clock", "holidays", "schedule", "tariff_mode", "display", "button_correction")
WISHES = f'{PLAN_2}\n{REASON}\nholidays = ["01-01"]\nbutton_correction_minutes = 0\n[display]\nshown = ["T1"]'
ORDER = order_of(ACTIONS, WISHES)
BACK = order_of(tuple("dst_on" if action == "dst_off" else action for action in ACTIONS), WISHES)
"""An order that lists what takes everything back: the switch of summer time is on again then."""


def stored(memory: Memory) -> dict[str, object]:
    """What was to be changed and brought back."""
    return {
        "DST": memory.get(m.READ_DST),
        "display": memory.get(m.READ_DISPLAY),
        "buttons": memory.get(m.READ_BUTTON_CORRECTION),
        "records": dict(memory.records),
        "holidays": list(memory.holidays),
        "count": memory.tariff_count,
    }


def plan_back(visit: Visit, work: str = "117/1") -> Plan:
    """What `plan restore` does."""
    records = records_of(visit.session.place, work)
    return restore_plan(
        Terms(
            order=visit.order,
            driver=visit.session.site.driver,
            profile=visit.session.profile,
            before=visit.session.look(),
            time_source=visit.time_source,
            experimental=False,
            now=visit.session.now(),
        ),
        earlier=state_before(records, work),
        actions=planned_actions(records),
        restores=work,
    )


def apply(visit: Visit, plan: Plan) -> Ended:
    """What `apply` does with the plan's file."""
    saved = decode_plan(encode_plan(plan))
    before = visit.session.look()
    again = visit.session.plan_again(saved, before)
    visit.session.begin(Form(), before)
    results = visit.session.carry_out(again, YES)
    after, problems = visit.session.look_after(again, results)
    return visit.session.close(Form(), results, after, problems)


@pytest.fixture
def meter(visits: Visits) -> SimulatedMercury200:
    """One that was visited: everything in it was changed."""
    meter = make_meter()
    visit = visits.at(meter, ORDER)
    assert visit.carry_out().result == "done"
    visit.leave()
    return meter


def test_everything_but_the_clock_comes_back(visits: Visits, meter: SimulatedMercury200) -> None:
    first, changed = stored(make_meter().memory), stored(meter.memory)
    assert all(first[name] != changed[name] for name in first)
    visit, spy = spied(visits, meter, BACK)
    plan = plan_back(visit)
    assert [warning.code for warning in plan.warnings if warning.code == "clock-not-restored"]
    ended = apply(visit, plan)
    assert (ended.result, ended.problems, ended.work) == ("done", (), "117/2")
    assert stored(meter.memory) == first
    assert m.SET_CLOCK.code not in [frame[4] for frame in spy.writes]
    assert ended.after is not None
    assert abs(clock_error_s(ended)) < 1
    assert ended.after.year_schedule == preset("ru-household-1").schedule
    act = visits.act("117/2")
    assert act["dst"]["after"]["enabled"] == "yes"
    assert visits.report().state == "ok"


def test_what_came_back_may_be_taken_back_too(visits: Visits, meter: SimulatedMercury200) -> None:
    changed = stored(meter.memory)
    for work, order in (("117/1", BACK), ("117/2", ORDER)):
        visit = visits.at(meter, order)
        assert apply(visit, plan_back(visit, work)).result == "done"
        visit.leave()
    assert stored(meter.memory) == changed


def test_a_meter_that_is_back_already_needs_nothing(visits: Visits, meter: SimulatedMercury200) -> None:
    for _ in range(2):
        visit = visits.at(meter, BACK)
        plan = plan_back(visit)
        apply(visit, plan)
        visit.leave()
    assert plan.steps == ()
    assert set(plan.untouched) == set(BACK.actions) - {Action.READ, Action.CLOCK}


@pytest.mark.parametrize("lacking", ["schedule", "tariff_mode", "holidays"])
def test_the_way_back_needs_an_order_that_lists_the_actions(
    visits: Visits, meter: SimulatedMercury200, lacking: str
) -> None:
    actions = tuple(action for action in ACTIONS if action != lacking)
    visit = visits.at(meter, order_of(actions, WISHES))
    with pytest.raises(OrderError) as refused:
        plan_back(visit)
    assert lacking in str(refused.value)
    assert refused.value.exit_code == 8


def test_an_order_that_lists_only_the_way_there_leaves_the_switch_and_takes_back_the_rest(
    visits: Visits, meter: SimulatedMercury200
) -> None:
    first = stored(make_meter().memory)
    visit, spy = spied(visits, meter, ORDER)
    plan = plan_back(visit)
    assert {each.code: each.facts for each in plan.warnings}["switch-not-restored"] == {"action": "dst_on"}
    assert apply(visit, plan).result == "done"
    assert not meter.memory.get(m.READ_DST).enabled
    assert m.SET_DST.code not in [frame[4] for frame in spy.writes]
    assert {name: value for name, value in stored(meter.memory).items() if name != "DST"} == {
        name: value for name, value in first.items() if name != "DST"
    }


def test_a_plan_that_switches_although_its_order_does_not_list_it_is_not_carried_out(
    visits: Visits, meter: SimulatedMercury200
) -> None:
    """As somebody could write one, hash and all."""
    visit = visits.at(meter, BACK)
    plan = plan_back(visit)
    visit.leave()
    visit = visits.at(meter, ORDER)
    with pytest.raises(StalePlanError, match="dst_on was to be written and is left out now"):
        apply(visit, replace(plan, order=ORDER))
    assert not meter.memory.get(m.READ_DST).enabled


def test_the_way_back_is_of_this_meter_and_of_this_state(visits: Visits, meter: SimulatedMercury200) -> None:
    visit = visits.at(meter, ORDER)
    plan = plan_back(visit)
    meter.memory.kept[m.READ_BUTTON_CORRECTION.code] = m.READ_BUTTON_CORRECTION.reply.read(b"\x05")
    with pytest.raises(StalePlanError) as stale:
        apply(visit, plan)
    assert stale.value.exit_code == 8
    assert visits.records("work.open")[-1]["work"] == "117/1"


def test_a_work_that_is_not_there_has_no_way_back(visits: Visits, meter: SimulatedMercury200) -> None:
    with pytest.raises(NoWorkError):
        records_of(visits.home.current(), "117/7")
    records = [record for record in records_of(visits.home.current(), "117/1") if record.type != "read"]
    with pytest.raises(NoStateError) as error:
        state_before(records, "117/1")
    assert error.value.exit_code == 8
    assert error.value.why == "no state before it stands in the log"


def test_a_state_of_another_form_is_not_guessed_at(visits: Visits) -> None:
    """As a later version of the program may have written it."""
    visits.at(make_meter(), order_of(("dst_off",), "")).carry_out()
    records = records_of(visits.home.current(), "117/1")
    for record in records:
        if record.type == "read" and "snapshot" in record.d:
            del record.d["snapshot"]["energy"]
    with pytest.raises(NoStateError) as error:
        state_before(records, "117/1")
    assert error.value.why == "the state before it is in a form that this meterlink does not read"
