"""What a visit says to people: actions, steps, results and what stays untouched, in each language. Pure.

Texts of records (an action, a result) are taken as well as values; one that is not known here is told as it stands.
The sentences of warnings are long and stand in `caution`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from meterlink.driver import (
    SetButtonCorrection,
    SetDisplay,
    SetDst,
    SetHolidays,
    SetSchedule,
    SetTariffCount,
    Unliftable,
)
from meterlink.flow import Change
from meterlink.language import Language, Words
from meterlink.model import Action
from meterlink.reading import span_words
from meterlink.tariff import YearSchedule, compare
from meterlink.tariff.wording import days_text
from meterlink.tariff_words import matching_plans
from meterlink.visit.plan import ClockMethod, ClockStep, Plan, Step
from meterlink.visit.snapshot import Snapshot

_EN: Final = Language.EN
_RU: Final = Language.RU

_ZERO: Final = timedelta()
_HALF_SECOND: Final = timedelta(seconds=0.5)
_LONGEST_LIST: Final = 60
"""Columns of a short text; what is longer is counted."""

# --- tables ---------------------------------------------------------------------------------------------------------

_ACTIONS: Final = Words(
    {
        _EN: {
            Action.READ: "reading",
            Action.CLOCK: "clock",
            Action.DST_OFF: "automatic change to summer time: off",
            Action.DST_ON: "automatic change to summer time: on",
            Action.SCHEDULE: "tariff schedule",
            Action.HOLIDAYS: "special days",
            Action.TARIFF_MODE: "number of tariffs",
            Action.DISPLAY: "display",
            Action.BUTTON_CORRECTION: "correction of the clock by the buttons",
        },
        _RU: {
            Action.READ: "чтение",
            Action.CLOCK: "часы",
            Action.DST_OFF: "автоматический переход на летнее время: выключить",
            Action.DST_ON: "автоматический переход на летнее время: включить",
            Action.SCHEDULE: "тарифное расписание",
            Action.HOLIDAYS: "особые дни",
            Action.TARIFF_MODE: "число тарифов",
            Action.DISPLAY: "индикация",
            Action.BUTTON_CORRECTION: "коррекция часов кнопками",
        },
    }
)

_RESULTS: Final = Words(
    {
        _EN: {
            "verified": "written and verified by reading back",
            "differs": "read back otherwise than written",
            "refused": "refused by the meter",
            "in-doubt": "in doubt: what stands in the meter is not known",
            "not-sent": "not sent",
            "nothing": "nothing had to be changed",
            "done": "done",
            "partly": "done in part",
            "failed": "not done",
            "cancelled": "cancelled",
        },
        _RU: {
            "verified": "записано и проверено чтением",
            "differs": "прочитано не то, что записывалось",
            "refused": "прибор отказал",
            "in-doubt": "исход неизвестен: что записано в приборе, не установлено",
            "not-sent": "не отправлено",
            "nothing": "изменений не потребовалось",
            "done": "выполнено",
            "partly": "выполнено частично",
            "failed": "не выполнено",
            "cancelled": "отменено",
        },
    }
)

_DECISIONS: Final = Words(
    {
        _EN: {
            "written": "it was written",
            "unchanged": "it was not written",
            "other": "that is neither the old value nor the new one",
            "unknown": "nothing tells what it was about",
        },
        _RU: {
            "written": "было записано",
            "unchanged": "записано не было",
            "other": "это ни прежнее значение, ни новое",
            "unknown": "неизвестно, о чём была запись",
        },
    }
)

_OPERATIONS: Final = Words(
    {
        _EN: {
            "hard back": "set the clock back by {span}",
            "hard forward": "set the clock forward by {span}",
            "hard": "set the clock",
            "hard senseless": "set the clock, which shows no time",
            "soft back": "let the clock run into the right time: back by {span}",
            "soft forward": "let the clock run into the right time: forward by {span}",
            "dst off": "switch the automatic change to summer time off",
            "dst on": "switch the automatic change to summer time on",
            "schedule": "rewrite the tariff schedule: {count} {count:record|records}",
            "holidays": "write the table of special days: {count} {count:day|days}",
            "no holidays": "clear the table of special days",
            "tariffs": "put {count} {count:tariff|tariffs} in force",
            "display": "set what the display shows",
            "buttons": "let the buttons correct the clock by up to {count} min a year",
            "no buttons": "forbid the buttons to correct the clock",
            "write back": "write back as it was: {action}, {count} {count:value|values}",
        },
        _RU: {
            "hard back": "перевести часы назад на {span}",
            "hard forward": "перевести часы вперёд на {span}",
            "hard": "установить часы",
            "hard senseless": "установить часы, которые не показывают времени",
            "soft back": "плавно скорректировать часы: назад на {span}",
            "soft forward": "плавно скорректировать часы: вперёд на {span}",
            "dst off": "выключить автоматический переход на летнее время",
            "dst on": "включить автоматический переход на летнее время",
            "schedule": "переписать тарифное расписание: {count} {count:запись|записи|записей}",
            "holidays": "записать таблицу особых дней: {count} {count:день|дня|дней}",
            "no holidays": "очистить таблицу особых дней",
            "tariffs": "ввести в действие {count} {count:тариф|тарифа|тарифов}",
            "display": "настроить индикацию",
            "buttons": "разрешить коррекцию часов кнопками: до {count} мин в год",
            "no buttons": "запретить коррекцию часов кнопками",
            "write back": "вернуть прежнее: {action}, {count} {count:значение|значения|значений}",
        },
    }
)

_STATES: Final = Words(
    {
        _EN: {
            "on": "on",
            "off": "off",
            "not known": "not known",
            "not read": "not read",
            "none": "none",
            "ahead": "{span} ahead",
            "behind": "{span} behind",
            "right": "right",
            "senseless": "no time at all",
            "tariffs": "{count} {count:tariff|tariffs}",
            "days": "{count} {count:day|days}",
            "and": " and ",
            "programs": "{programs} {programs:day program|day programs}, {count} {count:tariff|tariffs}",
            "otherwise": "{told}, {count} {count:difference|differences}",
            "unliftable": "no schedule that can be told",
            "minutes": "{count} min a year",
            "forbidden": "forbidden",
            "values": "{count} stored {count:value|values}",
        },
        _RU: {
            "on": "включён",
            "off": "выключен",
            "not known": "неизвестно",
            "not read": "не прочитано",
            "none": "нет",
            "ahead": "спешат на {span}",
            "behind": "отстают на {span}",
            "right": "верны",
            "senseless": "времени нет",
            "tariffs": "{count} {count:тариф|тарифа|тарифов}",
            "days": "{count} {count:день|дня|дней}",
            "and": " и ",
            "programs": "{programs} {programs:суточная программа|суточные программы|суточных программ}, "
            "{count} {count:тариф|тарифа|тарифов}",
            "otherwise": "{told}, {count} {count:отличие|отличия|отличий}",
            "unliftable": "не складывается в расписание",
            "minutes": "{count} мин в год",
            "forbidden": "запрещена",
            "values": "{count} {count:хранимое значение|хранимых значения|хранимых значений}",
        },
    }
)

_UNTOUCHED: Final = Words(
    {
        _EN: {
            "energy": "energy registers: never written",
            "others": "network address, limits and load relay: never written",
            "needs nothing": "{subject}: as ordered already",
            "is back": "{subject}: as it was already",
            "not planned": "{subject}: ordered, but no step of this plan",
            "not ordered": "{subject}: not in the order",
            "not part": "{subject}: no part of this plan",
            "dst": "automatic change to summer time",
        },
        _RU: {
            "energy": "регистры энергии: никогда не изменяются",
            "others": "сетевой адрес, лимиты и реле нагрузки: никогда не изменяются",
            "needs nothing": "{subject}: уже как в наряде",
            "is back": "{subject}: уже как было",
            "not planned": "{subject}: есть в наряде, но в план не входит",
            "not ordered": "{subject}: нет в наряде",
            "not part": "{subject}: в план не входит",
            "dst": "автоматический переход на летнее время",
        },
    }
)

_DST: Final = (Action.DST_OFF, Action.DST_ON)
_SUBJECTS: Final = (
    _DST,
    (Action.CLOCK,),
    (Action.SCHEDULE,),
    (Action.HOLIDAYS,),
    (Action.TARIFF_MODE,),
    (Action.DISPLAY,),
    (Action.BUTTON_CORRECTION,),
)


# --- actions and results --------------------------------------------------------------------------------------------


def action_words(action: str, language: Language) -> str:
    """An action of an order, or the text of one as records hold it."""
    return _ACTIONS(action, language) if action in _ACTIONS else str(action)


def result_words(result: str, language: Language) -> str:
    """What became of a step or of a whole work, by the texts that records hold."""
    return _RESULTS(result, language) if result in _RESULTS else str(result)


def decision_words(decision: str, language: Language) -> str:
    """What a reading says of a frame that was in doubt, or was never read back."""
    return _DECISIONS(decision, language)


# --- steps ----------------------------------------------------------------------------------------------------------


def operation_words(step: Step, language: Language) -> str:
    """What a step does, as an instruction."""
    if step.clock is not None:
        return _clock_operation(step.clock, language)
    count = len(step.changes)
    match step.setting:
        case SetDst(enabled=enabled):
            return _OPERATIONS("dst on" if enabled else "dst off", language)
        case SetSchedule():
            return _OPERATIONS("schedule", language, count=count)
        case SetHolidays(days=days):
            return _OPERATIONS("holidays" if days else "no holidays", language, count=len(days))
        case SetTariffCount(count=tariffs):
            return _OPERATIONS("tariffs", language, count=tariffs)
        case SetDisplay():
            return _OPERATIONS("display", language)
        case SetButtonCorrection(minutes=minutes):
            return _OPERATIONS("buttons" if minutes else "no buttons", language, count=minutes)
        case None:
            return _OPERATIONS("write back", language, action=_subject((step.action,), language), count=count)


def _clock_operation(clock: ClockStep, language: Language) -> str:
    if clock.error is None:
        return _OPERATIONS("hard senseless", language)
    way = " back" if clock.error > _ZERO else " forward"
    if clock.method is ClockMethod.HARD and abs(clock.error) < _HALF_SECOND:  # the weekday alone may be wrong
        way = ""
    method = "soft" if clock.method is ClockMethod.SOFT else "hard"
    return _OPERATIONS(method + way, language, span=span_words(abs(clock.error), language))


def old_new_words(step: Step, before: Snapshot, language: Language) -> tuple[str, str]:
    """What stood there and what shall stand there, in short texts: `off` and `on`, `1 tariff` and `2 tariffs`."""
    if step.clock is not None:
        return clock_words(step.clock.error, language), _STATES("right", language)
    match step.setting:
        case SetDst(enabled=enabled):
            return _dst_words(before, language), _switch(enabled, language)
        case SetSchedule(schedule=schedule):
            return _schedules_words(before.schedule, schedule, language)
        case SetHolidays(days=days):
            old = _STATES("not read", language) if before.holidays is None else _table(before.holidays.days, language)
            return old, _table(days, language)
        case SetTariffCount(count=count):
            return _mode_words(before, language), _STATES("tariffs", language, count=count)
        case SetDisplay(values=values):
            return _stored_old(step, language), ", ".join(f"{name} {value}" for name, value in values.items())
        case SetButtonCorrection(minutes=minutes):
            new = _STATES("minutes" if minutes else "forbidden", language, count=minutes)
            return _stored_old(step, language), new
        case None if step.action is Action.SCHEDULE:
            return _schedule_words(before.schedule, language), _STATES("unliftable", language)
        case None:
            return _stored_old(step, language), _stored([(each.parameter, each.new) for each in _told(step)], language)


def clock_words(error: timedelta | None, language: Language) -> str:
    """How far a clock is off; None where it shows no time at all."""
    if error is None:
        return _STATES("senseless", language)
    if abs(error) < _HALF_SECOND:
        return _STATES("right", language)
    return _STATES("ahead" if error > _ZERO else "behind", language, span=span_words(abs(error), language))


def _dst_words(before: Snapshot, language: Language) -> str:
    if before.dst is None:
        return _STATES("not read", language)
    return _switch(before.dst.enabled, language)


def _switch(enabled: bool | None, language: Language) -> str:
    return _STATES("not known" if enabled is None else "on" if enabled else "off", language)


def _mode_words(before: Snapshot, language: Language) -> str:
    if before.tariffs is None:
        return _STATES("not read", language)
    count = before.tariffs.tariffs_in_force
    return _STATES("not known", language) if count is None else _STATES("tariffs", language, count=count)


def _schedules_words(old: YearSchedule | Unliftable | None, new: YearSchedule, language: Language) -> tuple[str, str]:
    told = _schedule_words(old, language), _schedule_words(new, language)
    if isinstance(old, YearSchedule) and told[0] == told[1] and old != new:
        # two schedules of the same size: how much differs is the news
        return told[0], _STATES("otherwise", language, told=told[1], count=len(compare(old, new)))
    return told


def _schedule_words(schedule: YearSchedule | Unliftable | None, language: Language) -> str:
    """The tariff plan's name; else the one program of all days; else how many programs and tariffs it has."""
    if schedule is None:
        return _STATES("not read", language)
    if isinstance(schedule, Unliftable):
        return _STATES("unliftable", language)
    plans = matching_plans(schedule)
    if plans:
        return _STATES("and", language).join(plan.name for plan in plans)
    used = schedule.kinds_used()
    programs = {season.week[kind] for season in schedule.seasons for kind in used}
    only = str(next(iter(programs))) if len(programs) == 1 else ""
    if only and len(only) <= _LONGEST_LIST:
        return only
    return _STATES("programs", language, programs=len(programs), count=len(schedule.tariffs_used()))


def _table(days: tuple[tuple[int, int], ...], language: Language) -> str:
    """A table of special days."""
    if not days:
        return _STATES("none", language)
    told = days_text(days, language)
    return told if len(told) <= _LONGEST_LIST else _STATES("days", language, count=len(days))


def _stored_old(step: Step, language: Language) -> str:
    not_known = _STATES("not known", language)
    return _stored([(each.parameter, not_known if each.old is None else each.old) for each in _told(step)], language)


def _told(step: Step) -> tuple[Change, ...]:
    return step.told or step.changes


def _stored(values: Sequence[tuple[str, str]], language: Language) -> str:
    """Stored values by the family's names."""
    told = ", ".join(f"{name} {value}" for name, value in values)
    return told if len(told) <= _LONGEST_LIST else _STATES("values", language, count=len(values))


# --- what stays -----------------------------------------------------------------------------------------------------


def untouched_words(plan: Plan, language: Language) -> tuple[str, ...]:
    """What a plan will not touch: what is never written, and each action without a step, with the reason."""
    return tuple(_untouched(plan, language))


def _untouched(plan: Plan, language: Language) -> Iterator[str]:
    yield _UNTOUCHED("energy", language)
    yield _UNTOUCHED("others", language)
    planned = {step.action for step in plan.steps}
    for actions in _SUBJECTS:
        if planned.isdisjoint(actions):
            yield _UNTOUCHED(_reason(plan, actions), language, subject=_subject(actions, language))


def _reason(plan: Plan, actions: tuple[Action, ...]) -> str:
    if not set(plan.untouched).isdisjoint(actions):
        return "needs nothing" if plan.restores is None else "is back"
    if plan.order.is_preview or plan.restores is not None:
        return "not part"
    return "not ordered" if set(plan.order.actions).isdisjoint(actions) else "not planned"


def _subject(actions: tuple[Action, ...], language: Language) -> str:
    """What an action is about, whichever way it is to be switched."""
    return _UNTOUCHED("dst", language) if actions[0] in _DST else action_words(actions[0], language)
