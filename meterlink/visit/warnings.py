"""What whoever confirms a plan should know, besides its clock: what may surprise the customer or the office later.

Codes and facts only; their sentences stand in `caution`. What forbids a plan is an error, not a warning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from meterlink.driver import SetSchedule, SetTariffCount, Unliftable
from meterlink.errors import MeterlinkError
from meterlink.model import Action
from meterlink.tariff import DayKind, DayProgram, YearSchedule, Zone
from meterlink.tariff.schedule import month_day_text
from meterlink.tariff_words import beyond_force
from meterlink.visit.order import Order, TariffPlan
from meterlink.visit.plan import Step, Terms, Warning
from meterlink.visit.snapshot import Snapshot

_BATTERY: Final = "battery"
"""In the name of a status value in volts."""
_SOON: Final = timedelta(days=30)
"""So long before its end a certificate is spoken of."""
_ANY_PROGRAMS: Final = (
    DayProgram.of([(0, 1)]),
    DayProgram.of([(0, 2)]),
    DayProgram.of([(0, 1), (720, 2)]),
)
"""Programs to compare with, of which most schedules lack one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan that is nearly made: what was chosen of the order, and the steps that came of it."""

    terms: Terms
    chosen: Collection[Action]
    steps: tuple[Step, ...]
    today: date

    def setting_of(self, action: Action) -> object:
        return next((step.setting for step in self.steps if step.action is action), None)


def plan_warnings(planned: Planned) -> tuple[Warning, ...]:
    """Every warning of a plan but those of its clock."""
    tariffs = (*_meaning(planned), *_in_force(planned), *_special_days(planned))
    return (*tariffs, *_unliftable(planned.terms.before), *_equivalents(planned), *_state(planned))


def restoring_warnings(planned: Planned) -> tuple[Warning, ...]:
    """Those of a plan that goes back to an earlier state, whatever its order wishes."""
    return (*_in_force(planned), *_unliftable(planned.terms.before), *_state(planned))


def _state(planned: Planned) -> Iterator[Warning]:
    """What does not depend on what is to be written."""
    yield from _experimental(planned.steps)
    yield from _alarms(planned.terms.before)
    yield from paper_warnings(planned.terms.order, planned.today)


# --- tariffs --------------------------------------------------------------------------------------------------------


def _meaning(planned: Planned) -> tuple[Warning, ...]:
    wanted = not {Action.SCHEDULE, Action.TARIFF_MODE}.isdisjoint(planned.chosen)
    return meaning_warnings(planned.terms.order.tariff_plan) if wanted else ()


def meaning_warnings(plan: TariffPlan | None) -> tuple[Warning, ...]:
    """What a tariff plan says its tariffs count, where the office may think otherwise."""
    if plan is None:
        return ()
    if not plan.zones:
        return (Warning(code="no-zone-meaning"),)
    return (Warning(code="night-on-t1"),) if plan.zones.get("T1") == Zone.NIGHT else ()


def _in_force(planned: Planned) -> Iterator[Warning]:
    """Tariffs of the schedule that do not count, and tariffs in force on which nothing will count."""
    mode, count = planned.terms.before.tariffs, planned.setting_of(Action.TARIFF_MODE)
    in_force = count.count if isinstance(count, SetTariffCount) else None if mode is None else mode.tariffs_in_force
    schedule = _schedule_after(planned)
    if in_force is None or schedule is None or {Action.SCHEDULE, Action.TARIFF_MODE}.isdisjoint(planned.chosen):
        return
    beyond = beyond_force(schedule, in_force)
    idle = sorted(set(range(1, in_force + 1)) - schedule.tariffs_used())
    if beyond:
        yield Warning(code="tariffs-not-in-force", facts={"tariffs": _listed(beyond), "in_force": str(in_force)})
    if idle and Action.SCHEDULE not in planned.chosen:
        yield Warning(code="tariffs-not-used", facts={"tariffs": _listed(idle), "in_force": str(in_force)})


def _listed(tariffs: Sequence[int]) -> str:
    return ", ".join(f"T{tariff}" for tariff in tariffs)


def _schedule_after(planned: Planned) -> YearSchedule | None:
    """What a step writes, where that is a schedule; without a step what stands there already."""
    if not any(step.action is Action.SCHEDULE for step in planned.steps):
        return planned.terms.before.year_schedule
    setting = planned.setting_of(Action.SCHEDULE)
    return setting.schedule if isinstance(setting, SetSchedule) else None


def _special_days(planned: Planned) -> Iterator[Warning]:
    found = () if planned.terms.before.holidays is None else planned.terms.before.holidays.days
    if Action.HOLIDAYS in planned.chosen:
        days = planned.terms.order.holidays
        found = () if days is None else days
    plan = planned.terms.order.tariff_plan
    wants = plan is not None and bool(plan.schedule.special_days)
    if Action.SCHEDULE in planned.chosen:
        if found and not wants and Action.HOLIDAYS not in planned.chosen:
            yield Warning(code="holidays-left", facts={"days": ", ".join(map(month_day_text, found))})
    elif (
        not found
        and planned.terms.before.year_schedule is not None
        and _has_leftover(planned.terms.before.year_schedule)
    ):
        yield Warning(code="leftover-holiday-program")


def _has_leftover(schedule: YearSchedule) -> bool:
    """Whether a program for holidays differs from all weekdays beside it; a schedule that is written brings its own."""
    return any(season.week[DayKind.HOLIDAY] not in season.week[: DayKind.HOLIDAY] for season in schedule.seasons)


def _unliftable(before: Snapshot) -> Iterator[Warning]:
    if isinstance(before.schedule, Unliftable):
        yield Warning(code="unliftable", facts={"reasons": "; ".join(before.schedule.reasons)})


def _equivalents(planned: Planned) -> Iterator[Warning]:
    plan = planned.terms.order.tariff_plan
    if Action.SCHEDULE not in planned.chosen or plan is None:
        return
    with suppress(MeterlinkError):  # a schedule to compare with need not fit into every meter
        count = _equivalent(planned, plan.schedule)
        if count:
            yield Warning(code="equivalent", facts={"count": str(count)})


def _equivalent(planned: Planned, wanted: YearSchedule) -> int:
    """How many stored values stay as they are although meterlink would write others for the same meaning.

    What it would write is told by the driver when everything stored means something else. A value that even another
    schedule would leave alone, as a table that is free, holds none of the schedule.
    """
    other = next((program for program in _ANY_PROGRAMS if program not in wanted.distinct_programs()), None)
    if other is None:
        return 0
    stored = planned.terms.before.stored
    written = _written(planned, YearSchedule.every_day(other), stored)
    ours = _written(planned, wanted, {**stored, **written})
    changed = _written(planned, wanted, stored)
    return sum(name in written.keys() - changed.keys() and stored.get(name) != value for name, value in ours.items())


def _written(planned: Planned, schedule: YearSchedule, stored: Mapping[str, str]) -> dict[str, str]:
    changes = planned.terms.driver.changes(SetSchedule(schedule=schedule), stored, planned.terms.profile)
    return {change.parameter: change.new for change in changes}


# --- the meter and the people ---------------------------------------------------------------------------------------


def _experimental(steps: tuple[Step, ...]) -> Iterator[Warning]:
    for capability in dict.fromkeys(step.capability for step in steps if step.experimental):
        yield Warning(code="experimental", facts={"capability": capability})


def _alarms(before: Snapshot) -> Iterator[Warning]:
    """What the family says somebody should look at."""
    for each in () if before.status is None else before.status.values:
        if each.alarm and each.unit == "V" and _BATTERY in each.name:
            yield Warning(code="battery-low", facts={"volts": each.value})
        elif each.alarm:
            yield Warning(code="meter-alarm", facts={"status": each.name, "value": f"{each.value} {each.unit}".strip()})


def paper_warnings(order: Order, today: date) -> Iterator[Warning]:
    """What runs out, or has run out, of the papers that an order names."""
    verification = order.meter.verification_next
    if verification is not None and verification < today:
        yield Warning(code="verification-expired", facts={"date": verification.isoformat()})
    for one in order.performers:
        if today <= one.certificate_expires < today + _SOON:
            facts = {"name": one.name, "date": one.certificate_expires.isoformat()}
            yield Warning(code="performer-expires", facts=facts)
