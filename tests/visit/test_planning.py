"""From an order and a state to a plan: its steps, what needs nothing, what is refused, and whether it still holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.driver import Driver, SetDst, SetHolidays, SetSchedule, SetTariffCount
from meterlink.errors import (
    ClockFarOffError,
    ClockReasonMissingError,
    ClockUnknownError,
    ConfigError,
    ExperimentalError,
    MeterlinkError,
    NotSupportedError,
    OrderError,
    OtherMeterError,
    ScheduleError,
    StoredUnknownError,
    TimeSourceUnknownError,
)
from meterlink.flow import Change
from meterlink.language import Language
from meterlink.model import Absent, Action, Evidence, Holidays
from meterlink.profiles import Profile
from meterlink.tariff import DayKind, Season, SpecialDay, YearSchedule, preset, preset_names
from meterlink.visit.order import Order, TariffPlan
from meterlink.visit.plan import ClockMethod, ClockStep, Plan, Step, TimeSource
from meterlink.visit.plan_sameness import same_plan
from meterlink.visit.planning import CAPABILITIES, Terms, build_plan, restore_plan
from meterlink.visit.snapshot import Snapshot, snapshot_facts, snapshot_of
from meterlink.visit.words import old_new_words, operation_words
from meterlink_mercury200 import DRIVER
from tests.visit.made_up import (
    HOUR,
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
    with_stored,
)

A = Action
NEW_YEAR = SpecialDay(month=1, day=1, kind=DayKind.HOLIDAY)
VICTORY = SpecialDay(month=5, day=9, kind=DayKind.HOLIDAY)
EVERYTHING = (A.READ, A.CLOCK, A.DST_OFF, A.SCHEDULE, A.HOLIDAYS, A.TARIFF_MODE, A.DISPLAY, A.BUTTON_CORRECTION)
WISHES: dict[str, Any] = {"display": {"shown": ["time", "date"]}, "button_correction_minutes": 0}
EN = Language.EN
WRONG = state(error=HOUR)
"""One zone, summer time on, an hour ahead."""


def plan(
    wanted: Order,
    before: Snapshot = WRONG,
    *,
    driver: Driver = DRIVER,
    profile: Profile = PROFILE,
    actions: Collection[Action] | None = None,
    time_source: TimeSource = TimeSource.SYSTEM,
    experimental: bool = False,
    later: timedelta = timedelta(),
) -> Plan:
    return build_plan(
        Terms(
            order=wanted,
            driver=driver,
            profile=profile,
            before=before,
            time_source=time_source,
            experimental=experimental,
            now=NOW + later,
        ),
        actions=actions,
    )


def codes(made: Plan) -> list[str]:
    return [warning.code for warning in made.warnings]


def written(made: Plan) -> Snapshot:
    """The state in which every step of a plan stands."""
    stored = {change.parameter: change.new for step in made.steps for change in step.changes}
    after = with_stored(made.before, stored)
    holidays = next((step.setting for step in made.steps if isinstance(step.setting, SetHolidays)), None)
    if holidays is not None:
        after = replace(after, holidays=Holidays(days=holidays.days))
    right = any(step.clock is not None for step in made.steps)
    return replace(after, clock=off(timedelta())) if right else after


# --- steps ----------------------------------------------------------------------------------------------------------


def test_a_whole_order_becomes_steps_in_the_order_of_the_family() -> None:
    made = plan(order(*EVERYTHING, **WISHES))
    assert [step.action for step in made.steps] == [
        A.DST_OFF,
        A.CLOCK,
        A.SCHEDULE,
        A.TARIFF_MODE,
        A.DISPLAY,
        A.BUTTON_CORRECTION,
    ]
    assert made.untouched == (A.HOLIDAYS,)
    assert [step.capability for step in made.steps] == [CAPABILITIES[step.action] for step in made.steps]
    assert {step.evidence for step in made.steps} == {Evidence.DOCUMENT}
    dst, clock, schedule, mode = made.steps[:4]
    assert (dst.setting, len(dst.changes)) == (SetDst(enabled=False), 1)
    assert clock.clock is not None
    assert (clock.clock.method, clock.clock.reason) == (ClockMethod.HARD, "not visited since 2014")
    assert (schedule.setting, len(schedule.changes)) == (SetSchedule(schedule=TWO_ZONES), 96)
    assert mode.setting == SetTariffCount(count=2)


def test_changes_hold_what_stands_in_the_meter() -> None:
    made = plan(order(A.SCHEDULE, A.DST_OFF))
    for step in made.steps:
        for change in step.changes:
            assert change.old == WRONG.stored[change.parameter]
            assert change.old != change.new


@pytest.mark.parametrize("name", preset_names())
def test_each_preset_is_planned_and_then_needs_nothing(name: str) -> None:
    wanted = order(A.SCHEDULE, A.TARIFF_MODE, A.HOLIDAYS, tariff_plan=plan_of(name))
    meter = state(schedule=THREE_ZONES if name != "ru-household-3" else TWO_ZONES, dst=False)
    made = plan(wanted, meter)
    assert A.SCHEDULE in {step.action for step in made.steps}
    again = plan(wanted, written(made))
    assert (again.steps, set(again.untouched)) == ((), {A.SCHEDULE, A.TARIFF_MODE, A.HOLIDAYS})


def test_a_meter_that_is_as_wanted_needs_no_step() -> None:
    wanted = order(A.DST_OFF, A.CLOCK, A.SCHEDULE, A.HOLIDAYS)
    made = plan(wanted, state(schedule=TWO_ZONES, dst=False))
    assert (made.steps, made.untouched) == ((), (A.DST_OFF, A.CLOCK, A.HOLIDAYS, A.SCHEDULE))


def test_only_the_named_actions_of_an_order_are_planned() -> None:
    made = plan(order(*EVERYTHING, **WISHES), actions={A.DST_OFF, A.READ})
    assert [step.action for step in made.steps] == [A.DST_OFF]
    assert made.untouched == ()


def test_the_plan_keeps_what_it_was_made_of() -> None:
    wanted = order(A.CLOCK)
    made = plan(wanted, time_source=TimeSource.CONFIRMED, experimental=True)
    assert (made.order, made.before, made.made_at) == (wanted, WRONG, NOW)
    assert (made.time_source, made.experimental, made.restores) == (TimeSource.CONFIRMED, True, None)


# --- the clock ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "method"), [(HOUR, ClockMethod.HARD), (timedelta(minutes=3), ClockMethod.SOFT)])
def test_a_family_that_can_runs_its_clock_softly_within_its_limit(error: timedelta, method: ClockMethod) -> None:
    made = plan(order(A.CLOCK), replace(WRONG, clock=off(error)), driver=SoftMeter())
    assert [step.clock.method for step in made.steps if step.clock is not None] == [method]


def test_a_wrong_hour_is_explained_and_its_edges_are_told() -> None:
    told = plan(order(A.CLOCK, A.DST_OFF, A.SCHEDULE), later=timedelta(hours=8)).warnings
    facts = {warning.code: warning.facts for warning in told}
    assert facts["clock-signature"]["signature"] == "dst-left-on-summer"
    assert facts["dst-factory"] == {"manufactured": "2010-10-29"}
    assert facts["edge-zone"] == {"time": "23:00", "old": "T2", "new": "T1"}
    assert facts["wait-until"] == {"time": "08:05", "until": "08:27", "date": "2025-07-22"}


def test_summer_time_where_there_is_none_is_told_also_where_the_clock_could_not_be_read() -> None:
    assert "dst-not-used-here" in codes(plan(order(A.DST_ON), replace(state(dst=False), clock=None)))


def test_away_from_edges_nothing_is_said_of_them() -> None:
    assert codes(plan(order(A.CLOCK, A.DST_OFF))) == ["clock-signature", "dst-factory"]


def test_a_wrong_clock_that_nobody_ordered_to_set_is_still_explained() -> None:
    assert "clock-signature" in codes(plan(order(A.DST_OFF)))


def test_an_order_for_another_zone_shows_an_hour_nobody_can_explain() -> None:
    right = state(dst=False)
    elsewhere = replace(right, clock=off(-2 * HOUR, zone="Asia/Yekaterinburg"))
    told = {each.code: each.facts for each in plan(order(A.CLOCK, tz="Asia/Yekaterinburg"), elsewhere).warnings}
    assert told["clock-signature"]["signature"] == "unknown-hour"
    assert told["clock-signature"]["utc_offset"] == "+03:00"


def test_a_clock_that_was_not_read_is_told_and_stops_only_an_order_to_set_it() -> None:
    unread = replace(WRONG, clock=None, absent=(Absent(what="clock", reason="no answer"),))
    warnings = plan(order(A.DST_OFF), unread).warnings
    assert [each.facts for each in warnings if each.code == "clock-unread"] == [{"reason": "no answer"}]
    with pytest.raises(ClockUnknownError, match="no answer"):
        plan(order(A.CLOCK), unread)


# --- the tariff plan ------------------------------------------------------------------------------------------------


def with_days(schedule: YearSchedule, *days: SpecialDay) -> YearSchedule:
    return replace(schedule, special_days=days)


def test_holidays_come_from_the_order_else_from_the_tariff_plan() -> None:
    two = TariffPlan(name="two", schedule=with_days(TWO_ZONES, NEW_YEAR), zones={})
    own = plan(order(A.HOLIDAYS, holidays=((5, 9),), tariff_plan=two))
    of_plan = plan(order(A.HOLIDAYS, tariff_plan=two))
    assert [step.setting for step in (*own.steps, *of_plan.steps)] == [
        SetHolidays(days=((5, 9),)),
        SetHolidays(days=((1, 1),)),
    ]


def test_the_schedule_is_planned_over_the_days_that_will_be_in_force() -> None:
    ordered = plan(order(A.HOLIDAYS, A.SCHEDULE, holidays=((5, 9),)))
    kept = plan(order(A.SCHEDULE), state(schedule=with_days(ONE_ZONE, NEW_YEAR), dst=False))
    days = [
        step.setting.schedule.special_days
        for step in (*ordered.steps, *kept.steps)
        if isinstance(step.setting, SetSchedule)
    ]
    assert days == [(VICTORY,), (NEW_YEAR,)]


def test_special_days_of_the_schedule_need_the_action_unless_the_meter_has_them() -> None:
    wanted = order(A.SCHEDULE, tariff_plan=TariffPlan(name="two", schedule=with_days(TWO_ZONES, NEW_YEAR, VICTORY)))
    with pytest.raises(OrderError, match=r"special days \(01-01, 05-09\).*holidays is not among its actions"):
        plan(wanted, state(schedule=with_days(ONE_ZONE, NEW_YEAR), dst=False))
    held = plan(wanted, state(schedule=with_days(ONE_ZONE, VICTORY, NEW_YEAR), dst=False))
    assert [step.action for step in held.steps] == [A.SCHEDULE]
    assert [step.action for step in plan(replace(wanted, actions=(A.SCHEDULE, A.HOLIDAYS))).steps] == [
        A.HOLIDAYS,
        A.SCHEDULE,
    ]


@pytest.mark.parametrize("special", [replace(NEW_YEAR, year=2027), replace(NEW_YEAR, kind=DayKind.SUNDAY)])
def test_special_days_that_no_table_of_holidays_holds_are_refused(special: SpecialDay) -> None:
    with pytest.raises(ScheduleError):
        plan(order(A.HOLIDAYS, tariff_plan=TariffPlan(name="two", schedule=with_days(TWO_ZONES, special))))


def test_the_number_of_tariffs_is_the_highest_that_counts_or_what_the_order_says() -> None:
    t1_and_t3 = preset("ru-household-3").schedule
    assert plan(order(A.TARIFF_MODE, tariff_plan=TariffPlan(name="x", schedule=t1_and_t3))).steps[0].setting == (
        SetTariffCount(count=3)
    )
    four = TariffPlan(name="x", schedule=TWO_ZONES, tariff_count=4)
    assert plan(order(A.TARIFF_MODE, tariff_plan=four)).steps[0].setting == SetTariffCount(count=4)


# --- what a meter cannot do, and what nobody has seen ---------------------------------------------------------------


def test_a_model_without_summer_time_needs_no_switching_off() -> None:
    none = profile_with(set_dst=False, dst=False)
    made = plan(order(A.DST_OFF), profile=none)
    assert (made.steps, made.untouched) == ((), (A.DST_OFF,))
    told = {each.code: each.facts for each in made.warnings}
    assert told["meter-has-no-dst"] == {"why": "the maker left it out"}
    with pytest.raises(NotSupportedError, match="set_dst"):
        plan(order(A.DST_ON), profile=none)


def test_a_model_of_which_nobody_knows_is_no_model_without_summer_time() -> None:
    doubtful = profile_with(set_dst=False, dst=False)
    supports = {**doubtful.supports, "dst": replace(doubtful.supports["dst"], evidence=Evidence.GUESS)}
    with pytest.raises(NotSupportedError):
        plan(order(A.DST_OFF), profile=replace(doubtful, supports=supports))
    with pytest.raises(NotSupportedError):
        plan(order(A.DST_OFF), profile=profile_with(set_dst=None, dst=None))


@pytest.mark.parametrize("action", [action for action in EVERYTHING if action is not A.READ])
def test_a_capability_that_the_model_lacks_is_named(action: Action) -> None:
    with pytest.raises(NotSupportedError) as caught:
        plan(order(action, **WISHES), profile=profile_with(**{CAPABILITIES[action]: False}))
    assert (caught.value.capability, caught.value.why) == (CAPABILITIES[action], "the maker left it out")


def test_an_action_that_the_family_never_writes_is_refused() -> None:
    with pytest.raises(NotSupportedError, match="has no set_schedule"):
        plan(order(A.CLOCK, A.SCHEDULE), driver=NeverWrites())


def test_a_guess_needs_experimental() -> None:
    guessed = profile_with(set_dst=Evidence.GUESS)
    with pytest.raises(ExperimentalError, match="set_dst") as caught:
        plan(order(A.DST_OFF), profile=guessed)
    assert caught.value.exit_code == 8
    assert "--experimental" in caught.value.hint
    made = plan(order(A.DST_OFF), profile=guessed, experimental=True)
    assert [step.experimental for step in made.steps] == [True]


def test_a_guess_that_nothing_is_written_by_needs_nothing() -> None:
    made = plan(order(A.DST_OFF), state(dst=False), profile=profile_with(set_dst=Evidence.GUESS))
    assert made.untouched == (A.DST_OFF,)


def test_what_a_person_has_to_do_first_stands_in_the_step() -> None:
    supports = {**PROFILE.supports, "set_dst": replace(PROFILE.supports["set_dst"], prompt="press the sealed button")}
    made = plan(order(A.DST_OFF), profile=replace(PROFILE, supports=supports))
    assert made.steps[0].prompt == "press the sealed button"


# --- orders that do not hold ----------------------------------------------------------------------------------------


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
            A.SCHEDULE, tariff_plan=TariffPlan(name="x", schedule=replace(TWO_ZONES, special_days=(NEW_YEAR,)))
        ),
        error=OrderError,
        says="01-01",
        need="holidays-action",
    ),
    Refused(
        name="no reason",
        order=order(A.CLOCK, clock_reason=None),
        error=ClockReasonMissingError,
        says="1 h 00 min 00 s",
        need="clock-reason",
    ),
    Refused(
        name="unknown time source",
        order=order(A.CLOCK),
        error=TimeSourceUnknownError,
        says="nobody vouches",
        need="time-source",
        time_source=TimeSource.UNKNOWN,
    ),
    Refused(
        name="over 24 hours",
        order=order(A.CLOCK),
        error=ClockFarOffError,
        says="more than 24 hours",
        before=RESET,
        need="allow-over-24h",
    ),
    Refused(
        name="settings that were not read",
        order=order(A.DISPLAY, **WISHES),
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
        order=order(A.CLOCK, meter=replace(order().meter, serial_number="06925647")),
        error=OtherMeterError,
        says="06925646",
    ),
    Refused(
        name="a value that the family does not know",
        order=order(A.BUTTON_CORRECTION, button_correction_minutes=500),
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
            A.CLOCK, A.DST_OFF, preview=True, clock_reason=None, meter=replace(order().meter, serial_number=""), tz=""
        ),
        profile=profile_with(set_dst=Evidence.GUESS),
        time_source=TimeSource.UNKNOWN,
    )
    assert [step.action for step in made.steps] == [A.DST_OFF, A.CLOCK]
    needs = [warning.facts["need"] for warning in made.warnings if warning.code == "needs"]
    assert needs == ["experimental", "clock-reason", "time-source"]


def test_an_action_that_the_order_does_not_list_is_refused() -> None:
    with pytest.raises(OrderError, match="do not list schedule"):
        plan(order(A.CLOCK), actions={A.CLOCK, A.SCHEDULE})


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


@settings(max_examples=60)
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
    assert {step.action for step in shown.steps} | set(shown.untouched) <= set(actions) - {A.READ}
    try:
        made = plan(wanted, before, time_source=source)
    except MeterlinkError:
        assert "needs" in codes(shown)
        return
    assert "needs" not in codes(shown)
    assert shown.steps == made.steps
    assert {*(step.action for step in made.steps), *made.untouched} == set(actions) - {A.READ}
    again = plan(wanted, written(made), time_source=source)
    assert [step.action for step in again.steps] == []
    assert same(made, plan(wanted, before, time_source=source)) is None


# --- taking back ----------------------------------------------------------------------------------------------------


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


BACK = tuple(A.DST_ON if action is A.DST_OFF else action for action in EVERYTHING)
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
    assert [changed[0].action, back.steps[0].action] == [A.DST_OFF, A.DST_ON], "named by what it does"
    assert [step.action for step in back.steps[1:]] == [step.action for step in changed[1:]]
    for step, undone in zip(changed, back.steps, strict=True):
        swapped = {(each.parameter, each.new, each.old) for each in step.changes}
        assert {(each.parameter, each.old, each.new) for each in undone.changes} == swapped
    assert back.restores == "2026-17/1"
    assert codes(back) == ["clock-not-restored", "dst-not-used-here"]


def test_what_comes_back_is_told_like_any_step() -> None:
    back = restoring(order(*BACK, **WISHES), visited(), WRONG, *EVERYTHING)
    told = {step.action: (operation_words(step, EN), *old_new_words(step, back.before, EN)) for step in back.steps}
    assert told[A.DST_ON] == ("switch the automatic change to summer time on", "off", "on")
    assert told[A.SCHEDULE] == ("rewrite the tariff schedule: 96 records", "ru-household-2", "ru-household-1")
    assert told[A.TARIFF_MODE] == ("put 1 tariff in force", "2 tariffs", "1 tariff")
    assert told[A.BUTTON_CORRECTION][1:] == ("button correction forbidden", "button correction 30 min a year")


def test_a_schedule_comes_back_with_the_special_days_that_are_in_the_meter_then() -> None:
    one, two = (schedule.seasons[0].week[DayKind.MONDAY] for schedule in (ONE_ZONE, TWO_ZONES))
    week = dict.fromkeys(DayKind, one) | {DayKind.HOLIDAY: two}
    schedule = YearSchedule(seasons=(Season.of((1, 1), week),), special_days=(NEW_YEAR,))
    earlier = state(schedule=schedule, dst=False)
    now = state(schedule=TWO_ZONES, dst=False)
    with_table = restoring(order(A.SCHEDULE, A.HOLIDAYS), now, earlier, A.SCHEDULE, A.HOLIDAYS)
    alone = restoring(order(A.SCHEDULE), now, earlier, A.SCHEDULE)
    settings_back = {step.action: step.setting for step in with_table.steps}
    assert settings_back[A.HOLIDAYS] == SetHolidays(days=((1, 1),))
    assert settings_back[A.SCHEDULE] == SetSchedule(schedule=schedule)
    assert [step.setting for step in alone.steps] == [SetSchedule(schedule=ONE_ZONE)]


def test_tables_that_are_no_schedule_come_back_as_they_were() -> None:
    earlier = with_stored(state(dst=False), {"March monday": "99 99" + 14 * " FF"})
    back = restoring(order(A.SCHEDULE), state(schedule=TWO_ZONES, dst=False), earlier, A.SCHEDULE)
    assert [(step.action, step.setting) for step in back.steps] == [(A.SCHEDULE, None)]
    assert "restores-unliftable" in codes(back)


def test_the_earlier_state_may_come_from_a_record() -> None:
    earlier = snapshot_of(snapshot_facts(WRONG))
    assert restoring(order(A.DST_ON), state(dst=False), earlier, A.DST_OFF).steps[0].changes[0].parameter == "DST flag"


@pytest.mark.parametrize(("held", "wanted"), [(True, A.DST_ON), (False, A.DST_OFF)])
@pytest.mark.parametrize("worked", [A.DST_OFF, A.DST_ON])
def test_the_switch_goes_where_the_earlier_state_had_it_and_only_by_an_order_that_lists_that(
    held: bool, wanted: Action, worked: Action
) -> None:
    other = A.DST_OFF if wanted is A.DST_ON else A.DST_ON
    earlier, now = state(dst=held), state(dst=not held)
    assert [step.action for step in restoring(order(wanted), now, earlier, worked).steps] == [wanted]
    for listed in ((other,), (A.CLOCK,)):
        back = restoring(order(*listed), now, earlier, worked)
        assert (back.steps, back.untouched) == ((), ())
        assert {each.code: each.facts for each in back.warnings} == {"switch-not-restored": {"action": wanted.value}}


def test_a_switch_that_stands_where_it_stood_needs_no_order() -> None:
    back = restoring(order(A.CLOCK), WRONG, WRONG, A.DST_OFF)
    assert (back.steps, back.untouched, back.warnings) == ((), (A.DST_ON,), ())


def test_a_preview_shows_the_switch_that_an_order_would_have_to_list() -> None:
    back = restoring(order(A.DST_OFF, preview=True), state(dst=False), WRONG, A.DST_OFF)
    assert [step.action for step in back.steps] == [A.DST_ON]
    assert codes(back) == ["dst-not-used-here"]


def test_the_number_of_tariffs_may_come_back_without_the_schedule_and_then_it_is_told() -> None:
    now = state(schedule=TWO_ZONES, dst=False)
    assert codes(restoring(order(A.TARIFF_MODE), now, WRONG, A.TARIFF_MODE)) == ["tariffs-not-in-force"]
    with_schedule = restoring(order(A.TARIFF_MODE, A.SCHEDULE), now, WRONG, A.TARIFF_MODE, A.SCHEDULE)
    assert codes(with_schedule) == []


def test_only_the_named_actions_are_taken_back() -> None:
    wanted = order(*EVERYTHING, **WISHES)
    back = restoring(wanted, written(plan(wanted)), WRONG, A.TARIFF_MODE, A.HOLIDAYS)
    assert [step.action for step in back.steps] == [A.TARIFF_MODE]
    assert back.untouched == (A.HOLIDAYS,)
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
        restoring(order(A.DST_OFF), state(dst=False), change(WRONG), A.DST_OFF)


def test_taking_back_what_the_order_does_not_list_is_refused() -> None:
    with pytest.raises(OrderError, match="do not list schedule"):
        restoring(order(A.DST_OFF), state(dst=False), WRONG, A.SCHEDULE)


# --- the same plan --------------------------------------------------------------------------------------------------

WHOLE = order(A.CLOCK, A.DST_OFF, A.SCHEDULE, A.TARIFF_MODE, sha256="00")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def drifted(by: timedelta) -> Snapshot:
    assert WRONG.clock is not None
    assert WRONG.clock.error is not None
    return replace(WRONG, clock=off(WRONG.clock.error + by))


def same(first: Plan, second: Plan) -> str | None:
    """Stored values as they stand."""
    return same_plan(first, second, lambda _name, raw: raw)


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
        plan=with_step(A.CLOCK, lambda step: replace(step, clock=replace(clock_of(step), error=None))),
        says="the clock was 1 h 00 min 00 s ahead and is no time at all now",
    ),
    Other(
        name="steps that were turned",
        plan=replace(plan(WHOLE), steps=plan(WHOLE).steps[::-1]),
        says="tariff_mode would be written at another place in the order",
    ),
    Other(
        name="another value",
        plan=with_step(A.DST_OFF, lambda step: replace(step, changes=(replace(step.changes[0], new="02"),))),
        says="dst_off: DST flag was to become 00, and would become 02 now",
    ),
    Other(
        name="a value less",
        plan=with_step(A.SCHEDULE, lambda step: replace(step, changes=step.changes[1:])),
        says="was to be written and would not be now",
    ),
    Other(
        name="a value more",
        plan=with_step(A.DST_OFF, lambda step: replace(step, changes=(*step.changes, EXTRA))),
        says="dst_off: display items would be written, too",
    ),
    Other(
        name="the same values in another order",
        plan=with_step(A.SCHEDULE, lambda step: replace(step, changes=step.changes[::-1])),
        says="schedule: the values would be written in another order",
    ),
    Other(name="takes something back", plan=replace(plan(WHOLE), restores="1/1"), says="it takes back another work"),
    Other(
        name="a step less",
        plan=plan(WHOLE, actions={A.CLOCK, A.DST_OFF, A.SCHEDULE}),
        says="tariff_mode was to be written and is left out now",
    ),
]


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: other.name)
def test_what_differs_is_told_in_words(other: Other) -> None:
    told = same(plan(WHOLE), other.plan)
    assert (told is None) == (other.says is None)
    assert (other.says or "") in (told or "")


def test_a_step_more_is_told_as_well() -> None:
    fewer = plan(WHOLE, actions={A.CLOCK, A.DST_OFF, A.SCHEDULE})
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
