"""Orders that do not hold are refused, and a preview tells what an order would need.

METERLINK_LONG=1 tries more orders.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.errors import (
    ClockFarOffError,
    ClockReasonMissingError,
    ConfigError,
    MeterlinkError,
    OrderError,
    OtherMeterError,
    StoredUnknownError,
    TimeSourceUnknownError,
)
from meterlink.model import Absent, Action, Evidence
from meterlink.tariff import preset_names
from meterlink.visit.order import Order, TariffPlan
from meterlink.visit.plan import TimeSource
from meterlink.visit.snapshot import Snapshot
from tests.visit.made_up import HOUR, NEW_YEAR, THREE_ZONES, TWO_ZONES, off, order, plan_of, profile_with, state
from tests.visit.planned import EVERYTHING, WISHES, WRONG, codes, plan, same, with_days, written

LONG = os.environ.get("METERLINK_LONG") == "1"


@dataclass(frozen=True, kw_only=True)
class Refused:
    name: str
    order: Order
    error: type[MeterlinkError]
    says: str
    before: Snapshot = WRONG
    need: str = ""
    """What a preview calls it; empty where a preview is refused as well."""
    time_source: TimeSource = TimeSource.SYSTEM


RESET = replace(WRONG, clock=off(timedelta(days=-9000)))
REFUSED = [
    Refused(
        name="special days without holidays",
        order=order(
            Action.SCHEDULE, tariff_plan=TariffPlan(name="x", schedule=replace(TWO_ZONES, special_days=(NEW_YEAR,)))
        ),
        error=OrderError,
        says="01-01",
        need="holidays-action",
    ),
    Refused(
        name="no reason",
        order=order(Action.CLOCK, clock_reason=None),
        error=ClockReasonMissingError,
        says="1 h 00 min 00 s",
        need="clock-reason",
    ),
    Refused(
        name="unknown time source",
        order=order(Action.CLOCK),
        error=TimeSourceUnknownError,
        says="nobody vouches",
        need="time-source",
        time_source=TimeSource.UNKNOWN,
    ),
    Refused(
        name="over 24 hours",
        order=order(Action.CLOCK),
        error=ClockFarOffError,
        says="more than 24 hours",
        before=RESET,
        need="allow-over-24h",
    ),
    Refused(
        name="settings that were not read",
        order=order(Action.DISPLAY, **WISHES),
        error=StoredUnknownError,
        says=r"display, display times could not be read from the meter \(no answer\)",
        before=replace(
            WRONG,
            stored={name: raw for name, raw in WRONG.stored.items() if not name.startswith("display")},
            absent=(Absent(what="settings", reason="no answer"),),
        ),
        need="stored-values",
    ),
    Refused(
        name="another meter",
        order=order(Action.CLOCK, meter=replace(order().meter, serial_number="06925647")),
        error=OtherMeterError,
        says="06925646",
    ),
    Refused(
        name="a value that the family does not know",
        order=order(Action.BUTTON_CORRECTION, button_correction_minutes=500),
        error=ConfigError,
        says="500",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_an_order_that_does_not_hold_is_refused(case: Refused) -> None:
    with pytest.raises(case.error, match=case.says):
        plan(case.order, case.before, time_source=case.time_source)


@pytest.mark.parametrize("case", [case for case in REFUSED if case.need], ids=lambda case: case.name)
def test_a_preview_tells_what_an_order_would_need(case: Refused) -> None:
    made = plan(replace(case.order, is_preview=True), case.before, time_source=case.time_source)
    needs = [warning.facts["need"] for warning in made.warnings if warning.code == "needs"]
    assert needs == [case.need]


@pytest.mark.parametrize("case", [case for case in REFUSED if not case.need], ids=lambda case: case.name)
def test_nonsense_is_refused_in_a_preview_too(case: Refused) -> None:
    with pytest.raises(case.error):
        plan(replace(case.order, is_preview=True), case.before)


def test_a_preview_shows_the_step_that_an_order_would_not_permit() -> None:
    made = plan(
        order(
            Action.CLOCK,
            Action.DST_OFF,
            preview=True,
            clock_reason=None,
            meter=replace(order().meter, serial_number=""),
            tz="",
        ),
        profile=profile_with(set_dst=Evidence.GUESS),
        time_source=TimeSource.UNKNOWN,
    )
    assert [step.action for step in made.steps] == [Action.DST_OFF, Action.CLOCK]
    needs = [warning.facts["need"] for warning in made.warnings if warning.code == "needs"]
    assert needs == ["experimental", "clock-reason", "time-source"]


def test_an_action_that_the_order_does_not_list_is_refused() -> None:
    with pytest.raises(OrderError, match="do not list schedule"):
        plan(order(Action.CLOCK), actions={Action.CLOCK, Action.SCHEDULE})


_wishes = st.fixed_dictionaries(
    {
        "tariff_plan": st.sampled_from([plan_of(name) for name in preset_names()]),
        "holidays": st.none() | st.sampled_from([(), ((1, 1),), ((5, 9), (1, 1))]),
        "display": st.just({"shown": ["time"]}),
        "button_correction_minutes": st.integers(0, 31),
        "clock_reason": st.none() | st.just("because"),
    }
)
_states = st.sampled_from(
    [
        WRONG,
        state(schedule=TWO_ZONES, dst=False),
        state(schedule=with_days(THREE_ZONES, NEW_YEAR), dst=True, error=-HOUR),
    ]
)


@settings(max_examples=60 if LONG else 25)
@given(
    actions=st.sets(st.sampled_from(EVERYTHING), max_size=8).map(lambda each: tuple(sorted(each))),
    wishes=_wishes,
    before=_states,
    source=st.sampled_from(TimeSource),
)
def test_whatever_is_ordered_the_plan_stays_inside_it_and_a_second_plan_has_nothing_left_to_do(
    actions: tuple[Action, ...], wishes: Mapping[str, Any], before: Snapshot, source: TimeSource
) -> None:
    wanted = order(*actions, **wishes)
    shown = plan(replace(wanted, is_preview=True), before, time_source=source)
    assert {step.action for step in shown.steps} | set(shown.untouched) <= set(actions) - {Action.READ}
    try:
        made = plan(wanted, before, time_source=source)
    except MeterlinkError:
        assert "needs" in codes(shown)
        return
    assert "needs" not in codes(shown)
    assert shown.steps == made.steps
    assert {*(step.action for step in made.steps), *made.untouched} == set(actions) - {Action.READ}
    again = plan(wanted, written(made), time_source=source)
    assert [step.action for step in again.steps] == []
    assert same(made, plan(wanted, before, time_source=source)) is None
