"""Plans of made-up orders and states."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

from meterlink.driver import Driver, SetHolidays
from meterlink.model import Action, Holidays
from meterlink.profiles import Profile
from meterlink.tariff import SpecialDay, YearSchedule
from meterlink.visit.order import Order
from meterlink.visit.plan import Plan, Terms, TimeSource
from meterlink.visit.plan_sameness import same_plan
from meterlink.visit.planning import build_plan
from meterlink.visit.snapshot import Snapshot
from meterlink_mercury200 import DRIVER
from tests.visit.made_up import HOUR, NOW, PROFILE, off, state, with_stored

EVERYTHING = (
    Action.READ,
    Action.CLOCK,
    Action.DST_OFF,
    Action.SCHEDULE,
    Action.HOLIDAYS,
    Action.TARIFF_MODE,
    Action.DISPLAY,
    Action.BUTTON_CORRECTION,
)
WISHES: dict[str, Any] = {"display": {"shown": ["time", "date"]}, "button_correction_minutes": 0}
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


def with_days(schedule: YearSchedule, *days: SpecialDay) -> YearSchedule:
    return replace(schedule, special_days=days)


def same(first: Plan, second: Plan) -> str | None:
    """Stored values as they stand."""
    return same_plan(first, second, lambda _name, raw: raw)
