"""A clock that shows no time of any calendar, as after a battery that died: set only where the order says so."""

from __future__ import annotations

import pytest

from meterlink.errors import ClockFarOffError
from tests.visit.dead_clock import DeadBattery
from tests.visit.visits import REASON, Visits, make_meter, order_of, results_of

FORCED = f"{REASON}\nallow_over_24h = true"


def test_it_is_set_where_the_order_allows_any_correction(visits: Visits) -> None:
    visit = visits.at(make_meter(), order_of(("read", "clock"), FORCED), wire=DeadBattery)
    ended = visit.carry_out()
    assert (ended.result, results_of(ended)) == ("done", {"clock": "verified"})
    assert visit.plan is not None
    assert [each.code for each in visit.plan.warnings][:1] == ["clock-unread"]
    intent = visits.records("intent")[0]["d"]["frames"][0]
    assert (intent["parameter"], "old" in intent) == ("the clock", False)


def test_it_is_not_set_otherwise(visits: Visits) -> None:
    visit = visits.at(make_meter(), order_of(("read", "clock"), REASON), wire=DeadBattery)
    with pytest.raises(ClockFarOffError):
        visit.session.plan(visit.begin())
    assert visits.records("intent") == []
