"""What an order wants to stand in a meter, action by action, as settings for a driver. The clock is not among them.

That an order says what its actions need is made sure where it is read (`order_form`), and again nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

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

V = TypeVar("V")

HOLIDAYS_ACTION: Final = "holidays-action"
"""What a preview calls an order that would have to list holidays, too."""

_TEXT: Final = {
    "not listed": "its actions do not list {action}",
    "holidays-action": "the tariff plan has special days ({days}) that are not those in the meter, and holidays is "
    "not among its actions",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The wishes of an order, as far as these of its actions go, for a meter that has this table of special days."""

    order: Order
    chosen: Collection[Action]
    held: Holidays | None

    def of(self, action: Action) -> Setting:
        """What the order wants; never asked about clock and reading."""
        match action:
            case Action.DST_OFF | Action.DST_ON:
                return SetDst(enabled=action is Action.DST_ON)
            case Action.SCHEDULE:
                return SetSchedule(schedule=self._schedule())
            case Action.HOLIDAYS:
                return SetHolidays(days=self._days())
            case Action.TARIFF_MODE:
                return SetTariffCount(count=self._tariff_count())
            case Action.DISPLAY:
                return SetDisplay(values=_said(self.order.display))
            case Action.BUTTON_CORRECTION:
                return SetButtonCorrection(minutes=_said(self.order.button_correction_minutes))
        raise ValueError(action)

    def days_not_ordered(self) -> OrderError | None:
        """Special days of the schedule that are not those in the meter, where nothing permits to write them."""
        if Action.HOLIDAYS in self.chosen:
            return None
        days = self._plan().schedule.special_days
        wanted = {(one.year, one.kind, (one.month, one.day)) for one in days}
        held = None if self.held is None else {(None, DayKind.HOLIDAY, day) for day in _existing(self.held)}
        if not wanted or wanted == held:
            return None
        return order_error(self.order, HOLIDAYS_ACTION, days=", ".join(one.date_text for one in days))

    def _days(self) -> tuple[MonthDay, ...]:
        """The table of special days wanted, in order of the year."""
        if self.order.holidays is not None:
            return tuple(sorted(set(self.order.holidays)))
        return tuple(map(_yearly_holiday, self._plan().schedule.special_days))

    def _schedule(self) -> YearSchedule:
        """With the special days that will be in force: which records count depends on them."""
        schedule = self._plan().schedule
        if Action.HOLIDAYS in self.chosen:
            return _with_days(schedule, self._days())
        if schedule.special_days or self.held is None:
            return schedule
        return _with_days(schedule, _existing(self.held))

    def _tariff_count(self) -> int:
        plan = self._plan()
        return max(plan.schedule.tariffs_used()) if plan.tariff_count is None else plan.tariff_count

    def _plan(self) -> TariffPlan:
        return _said(self.order.tariff_plan)


def _said(what: V | None) -> V:
    if what is None:
        raise ValueError("no order is read that does not say what its actions need")
    return what


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
