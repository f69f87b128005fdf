"""Whether a plan still holds: what differs from one that is made anew, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations

import pytest

from meterlink.flow import Change
from meterlink.model import Action, Evidence
from meterlink.visit.plan import ClockStep, Plan, Step
from meterlink.visit.snapshot import Snapshot
from tests.visit.made_up import (
    HOUR,
    ONE_ZONE,
    THREE_ZONES,
    TWO_ZONES,
    SoftMeter,
    off,
    order,
    profile_with,
    state,
    with_stored,
)
from tests.visit.planned import WRONG, plan, same

WHOLE = order(Action.CLOCK, Action.DST_OFF, Action.SCHEDULE, Action.TARIFF_MODE, sha256="00")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def drifted(by: timedelta) -> Snapshot:
    assert WRONG.clock is not None
    assert WRONG.clock.error is not None
    return replace(WRONG, clock=off(WRONG.clock.error + by))


@dataclass(frozen=True, kw_only=True)
class Other:
    name: str
    plan: Plan
    says: str | None


EXTRA = Change(parameter="display items", old="01", new="03")


def without(stored: Mapping[str, str], name: str) -> dict[str, str]:
    return {each: raw for each, raw in stored.items() if each != name}


def clock_of(step: Step) -> ClockStep:
    assert step.clock is not None
    return step.clock


def with_step(action: Action, change: Callable[[Step], Step]) -> Plan:
    """The same plan but for one step."""
    made = plan(WHOLE)
    assert action in {step.action for step in made.steps}
    return replace(made, steps=tuple(change(step) if step.action is action else step for step in made.steps))


OTHERS = [
    Other(name="made again", plan=plan(WHOLE), says=None),
    Other(name="five seconds of drift", plan=plan(WHOLE, drifted(seconds(5))), says=None),
    Other(name="a minute later", plan=plan(WHOLE, later=seconds(60)), says=None),
    Other(
        name="seven seconds of drift",
        plan=plan(WHOLE, drifted(seconds(7))),
        says="the clock was 1 h 00 min 00 s ahead and is 1 h 00 min 07 s ahead now",
    ),
    Other(
        name="the hour on the other side",
        plan=plan(WHOLE, drifted(-2 * HOUR)),
        says="the clock was 1 h 00 min 00 s ahead and is 1 h 00 min 00 s behind now",
    ),
    Other(
        name="somebody set the clock",
        plan=plan(WHOLE, drifted(-HOUR)),
        says="clock was to be written and needs nothing any more",
    ),
    Other(name="another order", plan=plan(replace(WHOLE, sha256="01")), says="it was made from another order"),
    Other(
        name="another meter",
        plan=replace(plan(WHOLE), before=replace(WRONG, identity=replace(WRONG.identity, serial_number="7"))),
        says="it is for the meter 06925646 (mercury-200.02), and the meter here is 7 (mercury-200.02)",
    ),
    Other(
        name="a value that no step writes",
        plan=plan(WHOLE, with_stored(WRONG, {"button correction": "05"})),
        says="button correction in the meter was 1E and is 05 now",
    ),
    Other(
        name="a record that changed meanwhile",
        plan=plan(WHOLE, with_stored(WRONG, {"May friday": "00 00 47 00" + 12 * " FF"})),
        says="May friday in the meter was",
    ),
    Other(
        name="a clock that can be run softly now",
        plan=plan(WHOLE, replace(WRONG, clock=off(seconds(200))), driver=SoftMeter()),
        says="the clock was to be put right by a hard correction, now by a soft one",
    ),
    Other(
        name="a new edge",
        plan=plan(WHOLE, later=seconds(24 * 60)),
        says="the moment is another one, and the correction of the clock touches an edge of time now (edge-half-hour)",
    ),
    Other(
        name="readings are collected now",
        plan=plan(WHOLE, later=timedelta(days=2)),
        says="touches an edge of time now (collection-days)",
    ),
    Other(
        name="now with --experimental",
        plan=plan(WHOLE, experimental=True),
        says="it was made without --experimental, now with",
    ),
    Other(
        name="other evidence",
        plan=plan(WHOLE, profile=profile_with(set_dst=Evidence.CODE)),
        says="dst_off would be written in another way",
    ),
    Other(
        name="a value that could not be read",
        plan=replace(plan(WHOLE), before=replace(WRONG, stored=without(WRONG.stored, "button correction"))),
        says="button correction in the meter was 1E and is not read now",
    ),
    Other(
        name="a clock that shows no time",
        plan=with_step(Action.CLOCK, lambda step: replace(step, clock=replace(clock_of(step), error=None))),
        says="the clock was 1 h 00 min 00 s ahead and is no time at all now",
    ),
    Other(
        name="steps that were turned",
        plan=replace(plan(WHOLE), steps=plan(WHOLE).steps[::-1]),
        says="tariff_mode would be written at another place in the order",
    ),
    Other(
        name="another value",
        plan=with_step(Action.DST_OFF, lambda step: replace(step, changes=(replace(step.changes[0], new="02"),))),
        says="dst_off: DST flag was to become 00, and would become 02 now",
    ),
    Other(
        name="a value less",
        plan=with_step(Action.SCHEDULE, lambda step: replace(step, changes=step.changes[1:])),
        says="was to be written and would not be now",
    ),
    Other(
        name="a value more",
        plan=with_step(Action.DST_OFF, lambda step: replace(step, changes=(*step.changes, EXTRA))),
        says="dst_off: display items would be written, too",
    ),
    Other(
        name="the same values in another order",
        plan=with_step(Action.SCHEDULE, lambda step: replace(step, changes=step.changes[::-1])),
        says="schedule: the values would be written in another order",
    ),
    Other(name="takes something back", plan=replace(plan(WHOLE), restores="1/1"), says="it takes back another work"),
    Other(
        name="a step less",
        plan=plan(WHOLE, actions={Action.CLOCK, Action.DST_OFF, Action.SCHEDULE}),
        says="tariff_mode was to be written and is left out now",
    ),
]


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: other.name)
def test_what_differs_is_told_in_words(other: Other) -> None:
    told = same(plan(WHOLE), other.plan)
    assert (told is None) == (other.says is None)
    assert (other.says or "") in (told or "")


def test_a_step_more_is_told_as_well() -> None:
    fewer = plan(WHOLE, actions={Action.CLOCK, Action.DST_OFF, Action.SCHEDULE})
    assert same(fewer, plan(WHOLE)) == "tariff_mode needed nothing and would be written now"


def test_an_edge_that_was_told_before_is_no_difference_and_one_that_went_is_none() -> None:
    at_edge = plan(WHOLE, later=seconds(24 * 60))
    assert same(at_edge, plan(WHOLE, later=seconds(24 * 60 + 30))) is None
    assert same(at_edge, plan(WHOLE)) is None


def test_any_two_states_that_lead_to_other_writes_are_told_apart() -> None:
    schedules = [ONE_ZONE, TWO_ZONES, THREE_ZONES]
    made = [plan(WHOLE, state(schedule=schedule, dst=dst)) for schedule in schedules for dst in (True, False)]
    for one, other in combinations(made, 2):
        told = same(one, other) or ""
        assert re.fullmatch(r".+ in the meter was .+ and is .+ now", told), told
        name = told.partition(" in the meter was ")[0]
        assert one.before.stored[name] != other.before.stored[name]
