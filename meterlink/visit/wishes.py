"""What an order wants to stand in a meter, action by action, as settings for a driver. The clock is not among them.

Contradictions are `OrderError`; what an order merely does not say comes as `Lacking`, so that a preview can show it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from meterlink.driver import (
    SetButtonCorrection,
    SetDisplay,
    SetDst,
    SetHolidays,
    SetSchedule,
    SetTariffCount,
    Setting,
)
from meterlink.errors import OrderError
from meterlink.model import Action, Holidays
from meterlink.tariff import DayKind, MonthDay, Rule, SpecialDay, YearSchedule
from meterlink.tariff.rules import broken
from meterlink.tariff.schedule import in_calendar
from meterlink.visit.order import Order, TariffPlan

_TEXT: Final = {
    "not listed": "its actions do not list {action}",
    "both dst": "its actions list both dst_off and dst_on",
    "tariff-plan": "{action} is among its actions, and there is no tariff plan",
    "holidays": "holidays is among its actions, and neither it nor its tariff plan says which days",
    "display": "display is among its actions, and it does not say what to show",
    "button-minutes": "button_correction is among its actions, and it does not say how many minutes",
    "few tariffs": "the tariff plan puts {count} in force and its schedule uses T{highest}",
    "holidays-action": "the tariff plan has special days ({days}) that are not those in the meter, and holidays is "
    "not among its actions",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """What the order does not say; `need` is what a preview calls it."""

    need: str
    error: OrderError


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The wishes of an order, as far as these of its actions go, for a meter that has this table of special days."""

    order: Order
    chosen: Collection[Action]
    held: Holidays | None

    def of(self, action: Action) -> Setting | Lacking:
        """What the order wants; never asked about clock and reading."""
        match action:
            case Action.DST_OFF | Action.DST_ON:
                return SetDst(enabled=action is Action.DST_ON)
            case Action.SCHEDULE:
                return self._schedule()
            case Action.HOLIDAYS:
                days = self.days()
                return days if isinstance(days, Lacking) else SetHolidays(days=days)
            case Action.TARIFF_MODE:
                return self._tariff_count()
            case Action.DISPLAY:
                return SetDisplay(values=self.order.display) if self.order.display else self._lacking("display")
            case Action.BUTTON_CORRECTION:
                minutes = self.order.button_correction_minutes
                return self._lacking("button-minutes") if minutes is None else SetButtonCorrection(minutes=minutes)
        raise ValueError(action)

    def days(self) -> tuple[MonthDay, ...] | Lacking:
        """The table of special days wanted, in order of the year."""
        if self.order.holidays is not None:
            return tuple(sorted(set(self.order.holidays)))
        if self.order.tariff_plan is None:
            return self._lacking("holidays")
        return tuple(map(_yearly_holiday, self.order.tariff_plan.schedule.special_days))

    def days_not_ordered(self) -> Lacking | None:
        """Special days of the schedule that are not those in the meter, where nothing permits to write them."""
        plan = self.order.tariff_plan
        if plan is None or {Action.SCHEDULE, Action.HOLIDAYS} & set(self.chosen) != {Action.SCHEDULE}:
            return None
        wanted = {(one.year, one.kind, (one.month, one.day)) for one in plan.schedule.special_days}
        held = None if self.held is None else {(None, DayKind.HOLIDAY, day) for day in _existing(self.held)}
        if not wanted or wanted == held:
            return None
        return self._lacking("holidays-action", days=", ".join(one.date_text for one in plan.schedule.special_days))

    def _schedule(self) -> SetSchedule | Lacking:
        """With the special days that will be in force: which records count depends on them."""
        plan = self._tariff_plan(Action.SCHEDULE)
        if isinstance(plan, Lacking):
            return plan
        if Action.HOLIDAYS in self.chosen:
            days = self.days()
            return SetSchedule(schedule=plan.schedule if isinstance(days, Lacking) else _with_days(plan.schedule, days))
        if plan.schedule.special_days or self.held is None:
            return SetSchedule(schedule=plan.schedule)
        return SetSchedule(schedule=_with_days(plan.schedule, _existing(self.held)))

    def _tariff_count(self) -> SetTariffCount | Lacking:
        plan = self._tariff_plan(Action.TARIFF_MODE)
        if isinstance(plan, Lacking):
            return plan
        highest = max(plan.schedule.tariffs_used())
        count = highest if plan.tariff_count is None else plan.tariff_count
        if count < highest and Action.SCHEDULE in self.chosen:
            raise order_error(self.order, "few tariffs", count=count, highest=highest)
        return SetTariffCount(count=count)

    def _tariff_plan(self, action: Action) -> TariffPlan | Lacking:
        return self.order.tariff_plan or self._lacking("tariff-plan", action=action.value)

    def _lacking(self, need: str, **facts: object) -> Lacking:
        return Lacking(need=need, error=order_error(self.order, need, **facts))


def order_error(order: Order, why: str, **facts: object) -> OrderError:
    """An order that does not hold, with one of the reasons of this module."""
    return OrderError(order=order.order_no, why=_TEXT[why].format(**facts))


def _yearly_holiday(special: SpecialDay) -> MonthDay:
    """A special day as tables of holidays hold it; ScheduleError where it is more than that."""
    place = f"special day {special.date_text}"
    if special.year is not None:
        raise broken(Rule.SPECIAL_DAYS_YEARLY, place)
    if special.kind is not DayKind.HOLIDAY:
        raise broken(Rule.SPECIAL_KIND, place, kind=special.kind.name.lower())
    return special.month, special.day


def _with_days(schedule: YearSchedule, days: Iterable[MonthDay]) -> YearSchedule:
    return YearSchedule(seasons=schedule.seasons, special_days=tuple(map(_holiday, days)))


def _holiday(day: MonthDay) -> SpecialDay:
    return SpecialDay(month=day[0], day=day[1], kind=DayKind.HOLIDAY)


def _existing(held: Holidays) -> list[MonthDay]:
    """The days of a meter's table that the calendar has, in order of the year."""
    return sorted(filter(in_calendar, set(held.days)))
