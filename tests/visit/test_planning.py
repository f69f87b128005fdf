"""From an order and a state to a plan: its steps, what needs nothing, and what a meter cannot do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from meterlink.driver import SetDst, SetHolidays, SetSchedule, SetTariffCount
from meterlink.errors import ClockUnknownError, ExperimentalError, NotSupportedError, OrderError, ScheduleError
from meterlink.model import Absent, Action, Evidence
from meterlink.tariff import DayKind, SpecialDay, preset, preset_names
from meterlink.visit.order import TariffPlan
from meterlink.visit.plan import ClockMethod, TimeSource
from meterlink.visit.planning import CAPABILITIES
from tests.visit.made_up import (
    HOUR,
    NEW_YEAR,
    NOW,
    ONE_ZONE,
    PROFILE,
    THREE_ZONES,
    TWO_ZONES,
    NeverWrites,
    SoftMeter,
    off,
    order,
    plan_of,
    profile_with,
    state,
)
from tests.visit.planned import EVERYTHING, WISHES, WRONG, codes, plan, with_days, written

VICTORY = SpecialDay(month=5, day=9, kind=DayKind.HOLIDAY)


# --- steps ----------------------------------------------------------------------------------------------------------


def test_a_whole_order_becomes_steps_in_the_order_of_the_family() -> None:
    made = plan(order(*EVERYTHING, **WISHES))
    assert [step.action for step in made.steps] == [
        Action.DST_OFF,
        Action.CLOCK,
        Action.SCHEDULE,
        Action.TARIFF_MODE,
        Action.DISPLAY,
        Action.BUTTON_CORRECTION,
    ]
    assert made.untouched == (Action.HOLIDAYS,)
    assert [step.capability for step in made.steps] == [CAPABILITIES[step.action] for step in made.steps]
    assert {step.evidence for step in made.steps} == {Evidence.DOCUMENT}
    dst, clock, schedule, mode = made.steps[:4]
    assert (dst.setting, len(dst.changes)) == (SetDst(enabled=False), 1)
    assert clock.clock is not None
    assert (clock.clock.method, clock.clock.reason) == (ClockMethod.HARD, "not visited since 2014")
    assert (schedule.setting, len(schedule.changes)) == (SetSchedule(schedule=TWO_ZONES), 96)
    assert mode.setting == SetTariffCount(count=2)


def test_changes_hold_what_stands_in_the_meter() -> None:
    made = plan(order(Action.SCHEDULE, Action.DST_OFF))
    for step in made.steps:
        for change in step.changes:
            assert change.old == WRONG.stored[change.parameter]
            assert change.old != change.new


@pytest.mark.parametrize("name", preset_names())
def test_each_preset_is_planned_and_then_needs_nothing(name: str) -> None:
    wanted = order(Action.SCHEDULE, Action.TARIFF_MODE, Action.HOLIDAYS, tariff_plan=plan_of(name))
    meter = state(schedule=THREE_ZONES if name != "ru-household-3" else TWO_ZONES, dst=False)
    made = plan(wanted, meter)
    assert Action.SCHEDULE in {step.action for step in made.steps}
    again = plan(wanted, written(made))
    assert (again.steps, set(again.untouched)) == ((), {Action.SCHEDULE, Action.TARIFF_MODE, Action.HOLIDAYS})


def test_a_meter_that_is_as_wanted_needs_no_step() -> None:
    wanted = order(Action.DST_OFF, Action.CLOCK, Action.SCHEDULE, Action.HOLIDAYS)
    made = plan(wanted, state(schedule=TWO_ZONES, dst=False))
    assert (made.steps, made.untouched) == ((), (Action.DST_OFF, Action.CLOCK, Action.HOLIDAYS, Action.SCHEDULE))


def test_only_the_named_actions_of_an_order_are_planned() -> None:
    made = plan(order(*EVERYTHING, **WISHES), actions={Action.DST_OFF, Action.READ})
    assert [step.action for step in made.steps] == [Action.DST_OFF]
    assert made.untouched == ()


def test_the_plan_keeps_what_it_was_made_of() -> None:
    wanted = order(Action.CLOCK)
    made = plan(wanted, time_source=TimeSource.CONFIRMED, experimental=True)
    assert (made.order, made.before, made.made_at) == (wanted, WRONG, NOW)
    assert (made.time_source, made.experimental, made.restores) == (TimeSource.CONFIRMED, True, None)


# --- the clock ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "method"), [(HOUR, ClockMethod.HARD), (timedelta(minutes=3), ClockMethod.SOFT)])
def test_a_family_that_can_runs_its_clock_softly_within_its_limit(error: timedelta, method: ClockMethod) -> None:
    made = plan(order(Action.CLOCK), replace(WRONG, clock=off(error)), driver=SoftMeter())
    assert [step.clock.method for step in made.steps if step.clock is not None] == [method]


def test_a_wrong_hour_is_explained_and_its_edges_are_told() -> None:
    told = plan(order(Action.CLOCK, Action.DST_OFF, Action.SCHEDULE), later=timedelta(hours=8)).warnings
    facts = {warning.code: warning.facts for warning in told}
    assert facts["clock-signature"]["signature"] == "dst-left-on-summer"
    assert facts["dst-factory"] == {"manufactured": "2010-10-29"}
    assert facts["edge-zone"] == {"time": "23:00", "old": "T2", "new": "T1"}
    assert facts["wait-until"] == {"time": "08:05", "until": "08:27", "date": "2025-07-22"}


def test_summer_time_where_there_is_none_is_told_also_where_the_clock_could_not_be_read() -> None:
    assert "dst-not-used-here" in codes(plan(order(Action.DST_ON), replace(state(dst=False), clock=None)))


def test_away_from_edges_nothing_is_said_of_them() -> None:
    assert codes(plan(order(Action.CLOCK, Action.DST_OFF))) == ["clock-signature", "dst-factory"]


def test_a_wrong_clock_that_nobody_ordered_to_set_is_still_explained() -> None:
    assert "clock-signature" in codes(plan(order(Action.DST_OFF)))


def test_an_order_for_another_zone_shows_an_hour_nobody_can_explain() -> None:
    right = state(dst=False)
    elsewhere = replace(right, clock=off(-2 * HOUR, zone="Asia/Yekaterinburg"))
    told = {each.code: each.facts for each in plan(order(Action.CLOCK, tz="Asia/Yekaterinburg"), elsewhere).warnings}
    assert told["clock-signature"]["signature"] == "unknown-hour"
    assert told["clock-signature"]["utc_offset"] == "+03:00"


def test_a_clock_that_was_not_read_is_told_and_stops_only_an_order_to_set_it() -> None:
    unread = replace(WRONG, clock=None, absent=(Absent(what="clock", reason="no answer"),))
    warnings = plan(order(Action.DST_OFF), unread).warnings
    assert [each.facts for each in warnings if each.code == "clock-unread"] == [{"reason": "no answer"}]
    with pytest.raises(ClockUnknownError, match="no answer"):
        plan(order(Action.CLOCK), unread)


# --- the tariff plan ------------------------------------------------------------------------------------------------


def test_holidays_come_from_the_order_else_from_the_tariff_plan() -> None:
    two = TariffPlan(name="two", schedule=with_days(TWO_ZONES, NEW_YEAR), zones={})
    own = plan(order(Action.HOLIDAYS, holidays=((5, 9),), tariff_plan=two))
    of_plan = plan(order(Action.HOLIDAYS, tariff_plan=two))
    assert [step.setting for step in (*own.steps, *of_plan.steps)] == [
        SetHolidays(days=((5, 9),)),
        SetHolidays(days=((1, 1),)),
    ]


def test_the_schedule_is_planned_over_the_days_that_will_be_in_force() -> None:
    ordered = plan(order(Action.HOLIDAYS, Action.SCHEDULE, holidays=((5, 9),)))
    kept = plan(order(Action.SCHEDULE), state(schedule=with_days(ONE_ZONE, NEW_YEAR), dst=False))
    days = [
        step.setting.schedule.special_days
        for step in (*ordered.steps, *kept.steps)
        if isinstance(step.setting, SetSchedule)
    ]
    assert days == [(VICTORY,), (NEW_YEAR,)]


def test_special_days_of_the_schedule_need_the_action_unless_the_meter_has_them() -> None:
    wanted = order(
        Action.SCHEDULE, tariff_plan=TariffPlan(name="two", schedule=with_days(TWO_ZONES, NEW_YEAR, VICTORY))
    )
    with pytest.raises(OrderError, match=r"special days \(01-01, 05-09\).*holidays is not among its actions"):
        plan(wanted, state(schedule=with_days(ONE_ZONE, NEW_YEAR), dst=False))
    held = plan(wanted, state(schedule=with_days(ONE_ZONE, VICTORY, NEW_YEAR), dst=False))
    assert [step.action for step in held.steps] == [Action.SCHEDULE]
    assert [step.action for step in plan(replace(wanted, actions=(Action.SCHEDULE, Action.HOLIDAYS))).steps] == [
        Action.HOLIDAYS,
        Action.SCHEDULE,
    ]


@pytest.mark.parametrize("special", [replace(NEW_YEAR, year=2027), replace(NEW_YEAR, kind=DayKind.SUNDAY)])
def test_special_days_that_no_table_of_holidays_holds_are_refused(special: SpecialDay) -> None:
    with pytest.raises(ScheduleError):
        plan(order(Action.HOLIDAYS, tariff_plan=TariffPlan(name="two", schedule=with_days(TWO_ZONES, special))))


def test_the_number_of_tariffs_is_the_highest_that_counts_or_what_the_order_says() -> None:
    t1_and_t3 = preset("ru-household-3").schedule
    assert plan(order(Action.TARIFF_MODE, tariff_plan=TariffPlan(name="x", schedule=t1_and_t3))).steps[0].setting == (
        SetTariffCount(count=3)
    )
    four = TariffPlan(name="x", schedule=TWO_ZONES, tariff_count=4)
    assert plan(order(Action.TARIFF_MODE, tariff_plan=four)).steps[0].setting == SetTariffCount(count=4)


# --- what a meter cannot do, and what nobody has seen ---------------------------------------------------------------


def test_a_model_without_summer_time_needs_no_switching_off() -> None:
    none = profile_with(set_dst=False, dst=False)
    made = plan(order(Action.DST_OFF), profile=none)
    assert (made.steps, made.untouched) == ((), (Action.DST_OFF,))
    told = {each.code: each.facts for each in made.warnings}
    assert told["meter-has-no-dst"] == {"why": "the maker left it out"}
    with pytest.raises(NotSupportedError, match="set_dst"):
        plan(order(Action.DST_ON), profile=none)


def test_a_model_of_which_nobody_knows_is_no_model_without_summer_time() -> None:
    doubtful = profile_with(set_dst=False, dst=False)
    supports = {**doubtful.supports, "dst": replace(doubtful.supports["dst"], evidence=Evidence.GUESS)}
    with pytest.raises(NotSupportedError):
        plan(order(Action.DST_OFF), profile=replace(doubtful, supports=supports))
    with pytest.raises(NotSupportedError):
        plan(order(Action.DST_OFF), profile=profile_with(set_dst=None, dst=None))


@pytest.mark.parametrize("action", [action for action in EVERYTHING if action is not Action.READ])
def test_a_capability_that_the_model_lacks_is_named(action: Action) -> None:
    with pytest.raises(NotSupportedError) as caught:
        plan(order(action, **WISHES), profile=profile_with(**{CAPABILITIES[action]: False}))
    assert (caught.value.capability, caught.value.why) == (CAPABILITIES[action], "the maker left it out")


def test_an_action_that_the_family_never_writes_is_refused() -> None:
    with pytest.raises(NotSupportedError, match="has no set_schedule"):
        plan(order(Action.CLOCK, Action.SCHEDULE), driver=NeverWrites())


def test_a_guess_needs_experimental() -> None:
    guessed = profile_with(set_dst=Evidence.GUESS)
    with pytest.raises(ExperimentalError, match="set_dst") as caught:
        plan(order(Action.DST_OFF), profile=guessed)
    assert caught.value.exit_code == 8
    assert "--experimental" in caught.value.hint
    made = plan(order(Action.DST_OFF), profile=guessed, experimental=True)
    assert [step.experimental for step in made.steps] == [True]


def test_a_guess_that_nothing_is_written_by_needs_nothing() -> None:
    made = plan(order(Action.DST_OFF), state(dst=False), profile=profile_with(set_dst=Evidence.GUESS))
    assert made.untouched == (Action.DST_OFF,)


def test_what_a_person_has_to_do_first_stands_in_the_step() -> None:
    supports = {**PROFILE.supports, "set_dst": replace(PROFILE.supports["set_dst"], prompt="press the sealed button")}
    made = plan(order(Action.DST_OFF), profile=replace(PROFILE, supports=supports))
    assert made.steps[0].prompt == "press the sealed button"
