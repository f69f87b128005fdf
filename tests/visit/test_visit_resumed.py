"""Works that were cut off and are gone on with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meterlink.errors import MeterlinkError
from meterlink.visit.form import Form
from meterlink_mercury200 import messages as m
from tests.visit.mishaps import holds_what_was_wanted, lose_record, stopped_at
from tests.visit.visits import Killed, Spied, Visits, make_meter, order_of, spied


def _cut(command: int) -> Callable[[Spied], None]:
    def cut(spy: Spied) -> None:
        spy.first = stopped_at(command)

    return cut


def _silence(command: int) -> Callable[[Spied], None]:
    """From this frame on nothing comes back."""

    def silence(spy: Spied) -> None:
        spy.deaf = lambda frame: any(each[4] == command for each in spy.writes)

    return silence


FAILURES = {
    "killed at DST": _cut(m.SET_DST.code),
    "killed at the clock": _cut(m.SET_CLOCK.code),
    "killed in the schedule": _cut(m.SET_SCHEDULE.code),
    "killed at the count": _cut(m.SET_TARIFF_COUNT.code),
    "silence at DST": _silence(m.SET_DST.code),
    "silence at the clock": _silence(m.SET_CLOCK.code),
    "silence at the count": _silence(m.SET_TARIFF_COUNT.code),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_resumed_work_is_one_work_and_its_act_begins_with_the_first_state(visits: Visits, name: str) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter)
    FAILURES[name](spy)
    with pytest.raises((Killed, MeterlinkError)):
        visit.carry_out()
    visit.leave()
    assert visits.report().state in ("in-doubt", "ok")
    ended = visits.at(meter).carry_out(Form(remarks=("продолжено",)))
    assert (ended.result, ended.problems) == ("done", ())
    assert [record["work"] for record in visits.records("work.open")] == ["117/1"]
    assert [record["work"] for record in visits.records("work.close")] == ["117/1"]
    act = visits.act()
    assert act["dst"] == {
        "before": act["dst"]["before"] | {"enabled": "yes"},
        "after": act["dst"]["after"] | {"enabled": "no"},
    }
    assert float(act["clock"]["before"]["error_s"]) == pytest.approx(3614, abs=1)
    assert abs(float(act["clock"]["after"]["error_s"])) < 1
    assert act["tariffs"]["before"]["in_force"] == 1
    assert act["schedule"]["before"]["table"] != act["schedule"]["after"]["table"]
    assert {each["state"] for each in act["actions"]} == {"read", "changed", "as-wanted"}
    assert {step["result"] for step in act["steps"]} <= {"verified", "as-wanted", "replanned"}
    assert [remark["text"] for remark in act["remarks"]] == ["продолжено"]
    assert visits.report().state == "ok"


def test_another_meter_does_not_go_on_with_the_work(visits: Visits) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter)
    spy.first = stopped_at(m.SET_CLOCK.code)
    with pytest.raises(Killed):
        visit.carry_out()
    visit.leave()
    other = order_of(("dst_off",), "", serial="06925647")
    assert visits.at(make_meter(serial="06925647"), other).carry_out().work == "117/2"
    assert visits.at(meter).carry_out().work == "117/1"


def test_a_meter_that_is_changed_in_between_by_somebody_else_is_seen(visits: Visits) -> None:
    """The plan of a resumed work is made of what stands there now, not of what was planned."""
    meter = make_meter()
    visit, spy = spied(visits, meter)
    spy.first = stopped_at(m.SET_TARIFF_COUNT.code)
    with pytest.raises(Killed):
        visit.carry_out()
    visit.leave()
    lose_record(meter, 0.0)
    again, spy = spied(visits, meter)
    ended = again.carry_out()
    assert ended.result == "done"
    assert [frame[4] for frame in spy.writes] == [m.SET_SCHEDULE.code, m.SET_TARIFF_COUNT.code]
    assert holds_what_was_wanted(meter)
