"""A plan that takes back what a work changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from meterlink.driver import SetHolidays, SetSchedule
from meterlink.errors import MeterlinkError, OrderError, OtherMeterError, StoredUnknownError
from meterlink.model import Action
from meterlink.tariff import DayKind, Season, YearSchedule
from meterlink.visit.order import Order
from meterlink.visit.plan import Plan, Terms, TimeSource
from meterlink.visit.planning import restore_plan
from meterlink.visit.snapshot import Snapshot, snapshot_facts, snapshot_of
from meterlink.visit.words import old_new_words, operation_words
from meterlink_mercury200 import DRIVER
from tests.visit.languages import EN
from tests.visit.made_up import NEW_YEAR, NOW, ONE_ZONE, PROFILE, TWO_ZONES, order, state, with_stored
from tests.visit.planned import EVERYTHING, WISHES, WRONG, codes, plan, written


def restoring(wanted: Order, now: Snapshot, earlier: Snapshot, *actions: Action) -> Plan:
    return restore_plan(
        Terms(
            order=wanted,
            driver=DRIVER,
            profile=PROFILE,
            before=now,
            time_source=TimeSource.SYSTEM,
            experimental=False,
            now=NOW,
        ),
        earlier=earlier,
        actions=actions,
        restores="2026-17/1",
    )


BACK = tuple(Action.DST_ON if action is Action.DST_OFF else action for action in EVERYTHING)
"""What an order must list so that everything may be taken back."""


def visited() -> Snapshot:
    """The meter behind a work that changed everything."""
    read = state(schedule=TWO_ZONES, dst=False)
    changed = written(plan(order(*EVERYTHING, **WISHES)))
    return replace(changed, dst=read.dst, schedule=read.schedule, tariffs=read.tariffs)


def test_what_a_work_changed_is_taken_back_by_the_swapped_changes() -> None:
    made = plan(order(*EVERYTHING, **WISHES))
    back = restoring(order(*BACK, **WISHES), visited(), WRONG, *EVERYTHING)
    changed = [step for step in made.steps if step.clock is None]
    assert [changed[0].action, back.steps[0].action] == [Action.DST_OFF, Action.DST_ON], "named by what it does"
    assert [step.action for step in back.steps[1:]] == [step.action for step in changed[1:]]
    for step, undone in zip(changed, back.steps, strict=True):
        swapped = {(each.parameter, each.new, each.old) for each in step.changes}
        assert {(each.parameter, each.old, each.new) for each in undone.changes} == swapped
    assert back.restores == "2026-17/1"
    assert codes(back) == ["clock-not-restored", "dst-not-used-here"]


def test_what_comes_back_is_told_like_any_step() -> None:
    back = restoring(order(*BACK, **WISHES), visited(), WRONG, *EVERYTHING)
    told = {step.action: (operation_words(step, EN), *old_new_words(step, back.before, EN)) for step in back.steps}
    assert told[Action.DST_ON] == ("switch the automatic change to summer time on", "off", "on")
    assert told[Action.SCHEDULE] == ("rewrite the tariff schedule: 96 records", "ru-household-2", "ru-household-1")
    assert told[Action.TARIFF_MODE] == ("put 1 tariff in force", "2 tariffs", "1 tariff")
    assert told[Action.BUTTON_CORRECTION][1:] == ("button correction forbidden", "button correction 30 min a year")


def test_a_schedule_comes_back_with_the_special_days_that_are_in_the_meter_then() -> None:
    one, two = (schedule.seasons[0].week[DayKind.MONDAY] for schedule in (ONE_ZONE, TWO_ZONES))
    week = dict.fromkeys(DayKind, one) | {DayKind.HOLIDAY: two}
    schedule = YearSchedule(seasons=(Season.of((1, 1), week),), special_days=(NEW_YEAR,))
    earlier = state(schedule=schedule, dst=False)
    now = state(schedule=TWO_ZONES, dst=False)
    with_table = restoring(order(Action.SCHEDULE, Action.HOLIDAYS), now, earlier, Action.SCHEDULE, Action.HOLIDAYS)
    alone = restoring(order(Action.SCHEDULE), now, earlier, Action.SCHEDULE)
    settings_back = {step.action: step.setting for step in with_table.steps}
    assert settings_back[Action.HOLIDAYS] == SetHolidays(days=((1, 1),))
    assert settings_back[Action.SCHEDULE] == SetSchedule(schedule=schedule)
    assert [step.setting for step in alone.steps] == [SetSchedule(schedule=ONE_ZONE)]


def test_tables_that_are_no_schedule_come_back_as_they_were() -> None:
    earlier = with_stored(state(dst=False), {"March monday": "99 99" + 14 * " FF"})
    back = restoring(order(Action.SCHEDULE), state(schedule=TWO_ZONES, dst=False), earlier, Action.SCHEDULE)
    assert [(step.action, step.setting) for step in back.steps] == [(Action.SCHEDULE, None)]
    assert "restores-unliftable" in codes(back)


def test_the_earlier_state_may_come_from_a_record() -> None:
    earlier = snapshot_of(snapshot_facts(WRONG))
    assert (
        restoring(order(Action.DST_ON), state(dst=False), earlier, Action.DST_OFF).steps[0].changes[0].parameter
        == "DST flag"
    )


@pytest.mark.parametrize(("held", "wanted"), [(True, Action.DST_ON), (False, Action.DST_OFF)])
@pytest.mark.parametrize("worked", [Action.DST_OFF, Action.DST_ON])
def test_the_switch_goes_where_the_earlier_state_had_it_and_only_by_an_order_that_lists_that(
    held: bool, wanted: Action, worked: Action
) -> None:
    other = Action.DST_OFF if wanted is Action.DST_ON else Action.DST_ON
    earlier, now = state(dst=held), state(dst=not held)
    assert [step.action for step in restoring(order(wanted), now, earlier, worked).steps] == [wanted]
    for listed in ((other,), (Action.CLOCK,)):
        back = restoring(order(*listed), now, earlier, worked)
        assert (back.steps, back.untouched) == ((), ())
        assert {each.code: each.facts for each in back.warnings} == {"switch-not-restored": {"action": wanted.value}}


def test_a_switch_that_stands_where_it_stood_needs_no_order() -> None:
    back = restoring(order(Action.CLOCK), WRONG, WRONG, Action.DST_OFF)
    assert (back.steps, back.untouched, back.warnings) == ((), (Action.DST_ON,), ())


def test_a_preview_shows_the_switch_that_an_order_would_have_to_list() -> None:
    back = restoring(order(Action.DST_OFF, preview=True), state(dst=False), WRONG, Action.DST_OFF)
    assert [step.action for step in back.steps] == [Action.DST_ON]
    assert codes(back) == ["dst-not-used-here"]


def test_the_number_of_tariffs_may_come_back_without_the_schedule_and_then_it_is_told() -> None:
    now = state(schedule=TWO_ZONES, dst=False)
    assert codes(restoring(order(Action.TARIFF_MODE), now, WRONG, Action.TARIFF_MODE)) == ["tariffs-not-in-force"]
    with_schedule = restoring(
        order(Action.TARIFF_MODE, Action.SCHEDULE), now, WRONG, Action.TARIFF_MODE, Action.SCHEDULE
    )
    assert codes(with_schedule) == []


def test_only_the_named_actions_are_taken_back() -> None:
    wanted = order(*EVERYTHING, **WISHES)
    back = restoring(wanted, written(plan(wanted)), WRONG, Action.TARIFF_MODE, Action.HOLIDAYS)
    assert [step.action for step in back.steps] == [Action.TARIFF_MODE]
    assert back.untouched == (Action.HOLIDAYS,)
    assert back.warnings == ()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda meter: replace(meter, identity=replace(meter.identity, serial_number="1")), OtherMeterError),
        (lambda meter: replace(meter, stored={}), StoredUnknownError),
    ],
)
def test_an_earlier_state_of_another_meter_or_without_the_values_is_refused(
    change: Callable[[Snapshot], Snapshot], error: type[MeterlinkError]
) -> None:
    with pytest.raises(error):
        restoring(order(Action.DST_OFF), state(dst=False), change(WRONG), Action.DST_OFF)


def test_taking_back_what_the_order_does_not_list_is_refused() -> None:
    with pytest.raises(OrderError, match="do not list schedule"):
        restoring(order(Action.DST_OFF), state(dst=False), WRONG, Action.SCHEDULE)
