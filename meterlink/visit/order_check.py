"""An order against the meter that it names: the profile, the address, the limits; and what its reader should know.

Nothing is asked of a meter here. What the order itself cannot be is refused in `order_form`; what depends on the day is
told by `Order.problems`; what depends on the state of the meter is for the plan. Notes that a plan gives, too, are
those of `warnings`, in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from meterlink.driver import Driver
from meterlink.errors import AddressError, OrderFormError
from meterlink.language import Language, Words
from meterlink.model import Action
from meterlink.profiles import Limits, Profile, ProfileLibrary
from meterlink.tariff import KINDS_OF_DAY, ScheduleLimits, check_limits
from meterlink.tariff.rules import Rule, broken
from meterlink.visit.caution import warning_words
from meterlink.visit.dates import told_dates
from meterlink.visit.order import Order
from meterlink.visit.planning import CAPABILITIES
from meterlink.visit.warnings import meaning_warnings, paper_warnings

_MANY: Final = 1440
_ALL_YEAR: Final = 366
_TEXT: Final = {
    "anybody": "whoever answers may only be read, and the order writes: it has to name the address of the meter",
    "tariffs": "{tariffs} shall be in force, and the meter has {limit}",
}
_NOTES: Final = Words(
    {
        Language.EN: {
            "one performer": "there is one performer; work under voltage usually takes two",
            "future": "the order is dated {day}, which is after today",
            "idle": "{key} is given and {actions} is not among the actions: nothing is written from it",
            "or": " or ",
            "no reason": "without clock_reason the clock can only be corrected softly, not set",
            "no password": "the meter asks for a password, and the order has no password_ref",
            "idle password": "{model} asks for no password: password_ref is not used",
        },
        Language.RU: {
            "one performer": "исполнитель один; для работ под напряжением обычно нужны двое",
            "future": "наряд датирован {day}, это позже сегодняшнего дня",
            "idle": "{key} задано, а среди действий нет {actions}: по нему ничего не записывается",
            "or": " или ",
            "no reason": "без clock_reason часы можно только плавно скорректировать, но не установить",
            "no password": "прибор требует пароль, а в наряде нет password_ref",
            "idle password": "{model} не требует пароля: password_ref не используется",
        },
    }
)
_IDLE: Final = (
    ("tariff_plan", (Action.SCHEDULE, Action.TARIFF_MODE, Action.HOLIDAYS)),
    ("holidays", (Action.HOLIDAYS,)),
    ("display", (Action.DISPLAY,)),
    ("button_correction_minutes", (Action.BUTTON_CORRECTION,)),
    ("clock_reason", (Action.CLOCK,)),
    ("allow_over_24h", (Action.CLOCK,)),
)
"""Wishes, and the actions that would carry them out."""


def expected_profile(order: Order, profiles: ProfileLibrary) -> Profile:
    """The profile of the meter that the order names, by model id or by a name of it."""
    return profiles.named(order.meter.model)


def check_address(order: Order, profile: Profile, driver: Driver) -> None:
    """OrderFormError where no meter of this model has the address of the order, or it writes and names none."""
    try:
        address = driver.parse_address(order.meter.network_address, profile)
        if address == driver.anybody and order.actions != (Action.READ,):
            why, rule = _TEXT["anybody"], profile.address.rule
            raise AddressError(setting=address, why=why, model=profile.model, rule=rule)
    except AddressError as error:
        where, why = "meter.network_address", f"{error.setting!r}: {error.why}"
        raise OrderFormError(order=order.order_no, where=where, why=why, advice=error.hint) from None


def check_meter(order: Order, profile: Profile, driver: Driver) -> None:
    """Raise the first thing in the order that this model cannot be or hold."""
    check_address(order, profile, driver)
    soft = profile.limits.correction_window_s is not None
    for action in order.actions:
        if action in CAPABILITIES and not (soft and action is Action.CLOCK):
            profile.require(CAPABILITIES[action])
    _check_tariffs(order, profile.limits)


def schedule_limits(limits: Limits) -> ScheduleLimits:
    """What a profile says about schedules; what it leaves open, the driver knows before the first byte."""
    return ScheduleLimits(
        tariffs=limits.tariffs,
        points_per_day=limits.points_per_day or _MANY,
        seasons=limits.seasons or _ALL_YEAR,
        special_days=_MANY if limits.special_days is None else limits.special_days,
        kinds=KINDS_OF_DAY.get(limits.kinds_of_day or 0, KINDS_OF_DAY[8]),
        step_minutes=limits.step_minutes or 1,
    )


def _check_tariffs(order: Order, limits: Limits) -> None:
    plan, most_days = order.tariff_plan, limits.special_days
    if plan is not None:
        check_limits(plan.schedule, schedule_limits(limits))
        if plan.tariff_count is not None and plan.tariff_count > limits.tariffs:
            why = _TEXT["tariffs"].format(tariffs=plan.tariff_count, limit=limits.tariffs)
            raise OrderFormError(order=order.order_no, where="tariff.tariffs", why=why)
    if order.holidays is not None and most_days is not None and len(order.holidays) > most_days:
        raise broken(Rule.SPECIAL_DAYS_LIMIT, "holidays", count=len(order.holidays), limit=most_days)


def order_notes(order: Order, profile: Profile, today: date, language: Language = Language.EN) -> tuple[str, ...]:
    """What whoever reads the order should know, and what is no reason to refuse it."""
    warned = (*paper_warnings(order, today), *meaning_warnings(order.tariff_plan))
    return (
        *_paper_notes(order, today, language),
        *(warning_words(each.code, each.facts, language) for each in warned),
        *_action_notes(order, profile, language),
    )


def _paper_notes(order: Order, today: date, language: Language) -> Iterator[str]:
    if order.order_date > today:
        yield _NOTES("future", language, day=told_dates(order.order_date.isoformat(), language))
    if len(order.performers) == 1:
        yield _NOTES("one performer", language)


def _action_notes(order: Order, profile: Profile, language: Language) -> Iterator[str]:
    for wish, actions in _IDLE:
        given = getattr(order, wish)
        if given is not None and given is not False and not set(actions) & set(order.actions):
            yield _NOTES("idle", language, key=wish, actions=_NOTES("or", language).join(actions))
    if Action.CLOCK in order.actions and order.clock_reason is None:
        yield _NOTES("no reason", language)
    if profile.access.levels and order.password_ref is None:
        yield _NOTES("no password", language)
    if not profile.access.levels and order.password_ref is not None:
        yield _NOTES("idle password", language, model=profile.model)
