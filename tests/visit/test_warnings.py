"""What whoever confirms a plan is told besides its clock, as plans of real tables carry it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest

from meterlink.driver import Unliftable
from meterlink.model import Action, Evidence, StatusReading, StatusValue
from meterlink.profiles import Profile
from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule, Zone
from meterlink.visit.order import MeterExpected, Order, TariffPlan
from meterlink.visit.plan import Warning
from meterlink.visit.snapshot import Snapshot
from tests.visit.made_up import (
    NEW_YEAR,
    NOW,
    ONE_ZONE,
    PERFORMER,
    PROFILE,
    THREE_ZONES,
    TWO_ZONES,
    order,
    plan_of,
    profile_with,
    state,
    with_stored,
)
from tests.visit.planned import plan

RIGHT = state(dst=False)


def warned(
    wanted: Order, before: Snapshot = RIGHT, profile: Profile = PROFILE, experimental: bool = False
) -> list[Warning]:
    return list(plan(wanted, before, profile=profile, experimental=experimental).warnings)


def telling(name: str, value: str, unit: str, *, alarm: bool = True) -> Snapshot:
    values = (StatusValue(name=name, value=value, unit=unit, raw="", alarm=alarm),)
    return replace(RIGHT, status=StatusReading(values=values, read_at=NOW))


def with_zones(zones: dict[str, Zone], count: int | None = None) -> TariffPlan:
    return TariffPlan(name="two zones", schedule=TWO_ZONES, zones=zones, tariff_count=count)


def with_holiday_program(held: Collection[SpecialDay] = ()) -> YearSchedule:
    """Two zones, one zone on holidays."""
    week = {kind: TWO_ZONES.seasons[0].week[kind] for kind in DayKind} | {DayKind.HOLIDAY: DayProgram.of([(0, 1)])}
    return YearSchedule(seasons=(Season.of((1, 1), week),), special_days=tuple(held))


def expecting(verification: date | None) -> MeterExpected:
    return replace(order().meter, verification_next=verification)


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    order: Order
    before: Snapshot = RIGHT
    code: str
    facts: dict[str, str] | None = field(default_factory=dict)
    """None: the code is not among the warnings."""


SCHEDULE = Action.SCHEDULE
CASES = [
    Case(
        name="night counts on T1",
        order=order(SCHEDULE, tariff_plan=with_zones({"T1": Zone.NIGHT, "T2": Zone.DAY})),
        code="night-on-t1",
    ),
    Case(name="day counts on T1", order=order(SCHEDULE), code="night-on-t1", facts=None),
    Case(
        name="the tariff plan is not asked for",
        order=order(Action.DISPLAY, tariff_plan=with_zones({"T1": Zone.NIGHT}), display={"shown": ["time"]}),
        code="night-on-t1",
        facts=None,
    ),
    Case(name="nobody said what T1 is", order=order(SCHEDULE, tariff_plan=with_zones({})), code="no-zone-meaning"),
    Case(name="the preset says it", order=order(SCHEDULE), code="no-zone-meaning", facts=None),
    Case(
        name="three tariffs, one in force",
        order=order(SCHEDULE, tariff_plan=plan_of("ru-household-3")),
        code="tariffs-not-in-force",
        facts={"tariffs": "T2, T3", "in_force": "1"},
    ),
    Case(
        name="the tariffs are put in force, too",
        order=order(SCHEDULE, Action.TARIFF_MODE),
        code="tariffs-not-in-force",
        facts=None,
    ),
    Case(
        name="two put in force over a schedule of three",
        order=order(Action.TARIFF_MODE),
        before=state(schedule=THREE_ZONES, dst=False),
        code="tariffs-not-in-force",
        facts={"tariffs": "T3", "in_force": "2"},
    ),
    Case(
        name="one put in force over a schedule of two",
        order=order(Action.TARIFF_MODE, tariff_plan=plan_of("ru-household-1")),
        before=state(schedule=TWO_ZONES, dst=False),
        code="tariffs-not-in-force",
        facts={"tariffs": "T2", "in_force": "1"},
    ),
    Case(
        name="two put in force over a schedule of one",
        order=order(Action.TARIFF_MODE),
        code="tariffs-not-used",
        facts={"tariffs": "T2", "in_force": "2"},
    ),
    Case(
        name="two put in force over a schedule of two",
        order=order(Action.TARIFF_MODE),
        before=state(schedule=TWO_ZONES, dst=False),
        code="tariffs-not-used",
        facts=None,
    ),
    Case(
        name="more in force than the schedule that is ordered uses",
        order=order(SCHEDULE, Action.TARIFF_MODE, tariff_plan=with_zones({"T1": Zone.DAY, "T2": Zone.NIGHT}, count=3)),
        code="tariffs-not-used",
        facts=None,
    ),
    Case(
        name="nobody touches the tariffs",
        order=order(Action.HOLIDAYS, holidays=()),
        before=state(schedule=THREE_ZONES, dst=False),
        code="tariffs-not-used",
        facts=None,
    ),
    Case(
        name="holidays nobody asked about",
        order=order(SCHEDULE),
        before=state(schedule=replace(ONE_ZONE, special_days=(NEW_YEAR, replace(NEW_YEAR, month=5, day=9))), dst=False),
        code="holidays-left",
        facts={"days": "01-01, 05-09"},
    ),
    Case(
        name="holidays that are written",
        order=order(SCHEDULE, Action.HOLIDAYS),
        before=state(schedule=replace(ONE_ZONE, special_days=(NEW_YEAR,)), dst=False),
        code="holidays-left",
        facts=None,
    ),
    Case(name="no holidays in the meter", order=order(SCHEDULE), code="holidays-left", facts=None),
    Case(
        name="a holiday program nobody uses",
        order=order(Action.TARIFF_MODE),
        before=state(schedule=with_holiday_program(), dst=False),
        code="leftover-holiday-program",
    ),
    Case(
        name="the last holiday is taken out",
        order=order(Action.HOLIDAYS, holidays=()),
        before=state(schedule=with_holiday_program([NEW_YEAR]), dst=False),
        code="leftover-holiday-program",
    ),
    Case(
        name="a holiday program in use",
        order=order(Action.TARIFF_MODE),
        before=state(schedule=with_holiday_program([NEW_YEAR]), dst=False),
        code="leftover-holiday-program",
        facts=None,
    ),
    Case(
        name="a schedule that is written brings its own holiday program",
        order=order(SCHEDULE),
        before=state(schedule=with_holiday_program(), dst=False),
        code="leftover-holiday-program",
        facts=None,
    ),
    Case(
        name="tables that are no schedule",
        order=order(SCHEDULE),
        before=replace(RIGHT, schedule=Unliftable(reasons=("March monday: it has no point", "May sunday: 24:00"))),
        code="unliftable",
        facts={"reasons": "March monday: it has no point; May sunday: 24:00"},
    ),
    Case(
        name="a battery that the family calls low",
        order=order(),
        before=telling("battery voltage", "2.59", "V"),
        code="battery-low",
        facts={"volts": "2.59"},
    ),
    Case(
        name="a battery that it does not",
        order=order(),
        before=telling("battery voltage", "2.59", "V", alarm=False),
        code="battery-low",
        facts=None,
    ),
    Case(
        name="a battery in another unit is told as any alarm",
        order=order(),
        before=telling("battery charge", "3", "%"),
        code="meter-alarm",
        facts={"status": "battery charge", "value": "3 %"},
    ),
    Case(
        name="a state without a unit",
        order=order(),
        before=telling("state", "clock error", ""),
        code="meter-alarm",
        facts={"status": "state", "value": "clock error"},
    ),
    Case(
        name="a state that nobody need look at",
        order=order(),
        before=telling("state", "summer time", "", alarm=False),
        code="meter-alarm",
        facts=None,
    ),
    Case(
        name="verified until yesterday",
        order=order(meter=expecting(date(2025, 7, 20))),
        code="verification-expired",
        facts={"date": "2025-07-20"},
    ),
    Case(
        name="verified until today",
        order=order(meter=expecting(date(2025, 7, 21))),
        code="verification-expired",
        facts=None,
    ),
    Case(
        name="a certificate that ends soon",
        order=order(performers=(replace(PERFORMER, certificate_expires=date(2025, 8, 19)),)),
        code="performer-expires",
        facts={"name": "Ivanov I. I.", "date": "2025-08-19"},
    ),
    Case(name="a certificate for years", order=order(), code="performer-expires", facts=None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told(case: Case) -> None:
    told = {warning.code: warning.facts for warning in warned(case.order, case.before)}
    assert told.get(case.code) == case.facts


def test_records_that_mean_the_same_in_another_form_are_counted() -> None:
    """Meters keep two zones as two points without one at 00:00."""
    short = "07 00 63 00" + 12 * " FF"
    meter = state(schedule=TWO_ZONES, dst=False)
    sundays = {name: short for name in meter.stored if name.endswith(" sunday")}
    told = {each.code: each.facts for each in warned(order(SCHEDULE), with_stored(meter, sundays))}
    assert told["equivalent"] == {"count": "12"}
    assert "equivalent" not in {each.code for each in warned(order(SCHEDULE), meter)}
    assert "equivalent" not in {each.code for each in warned(order(Action.CLOCK), with_stored(meter, sundays))}


def test_equivalent_records_are_counted_beside_records_that_are_written() -> None:
    short = "07 00 63 00" + 12 * " FF"
    meter = with_stored(
        state(schedule=TWO_ZONES, dst=False), {"March monday": short, "May friday": "00 00" + 14 * " FF"}
    )
    told = {each.code: each.facts for each in warned(order(SCHEDULE), meter)}
    assert told["equivalent"] == {"count": "1"}


def test_a_step_nobody_has_seen_work_is_told_once_by_capability() -> None:
    guessed = profile_with(set_schedule=Evidence.GUESS, set_dst=Evidence.GUESS)
    told = warned(order(SCHEDULE), profile=guessed, experimental=True)
    assert [each.facts for each in told if each.code == "experimental"] == [{"capability": "set_schedule"}]


def test_every_fact_is_text() -> None:
    for case in CASES:
        for warning in warned(case.order, case.before):
            assert all(isinstance(fact, str) for fact in warning.facts.values())


def test_today_is_the_day_at_the_meter() -> None:
    """At 14:05 in Moscow it is the next day already in Kamchatka."""
    wanted = order(meter=expecting(date(2025, 7, 21)), tz="Asia/Kamchatka")
    late = plan(wanted, RIGHT, later=timedelta(hours=2))
    assert "verification-expired" in {each.code for each in late.warnings}
    assert "verification-expired" not in {each.code for each in warned(replace(wanted, tz="Europe/Moscow"))}
