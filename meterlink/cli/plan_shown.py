"""A plan as it is shown: the state found, each step from old to new in words and pictures, warnings, what stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from meterlink.cli import output
from meterlink.cli.family_words import prompt_words, reason_words
from meterlink.cli.section import told_moment
from meterlink.driver import SetSchedule
from meterlink.language import Language, Words
from meterlink.model import Action
from meterlink.reading import clock_words
from meterlink.tariff import YearSchedule, differences, draw_year
from meterlink.visit.caution import warning_words
from meterlink.visit.plan import Plan, Step, Warning
from meterlink.visit.session import step_facts
from meterlink.visit.snapshot import Snapshot, clock_facts
from meterlink.visit.words import old_new_words, operation_words, untouched_words

_WORDS: Final = Words(
    {
        Language.EN: {
            "meter": "meter {serial_number} ({model}), address {address}",
            "clock": "clock: {words}",
            "energy": "energy: {registers}",
            "total": "total",
            "kWh import": "kWh",
            "kvarh import": "kvarh",
            "kWh export": "kWh export",
            "kvarh export": "kvarh export",
            "nothing": "The meter is as it should be: there is nothing to write.",
            "steps": "to be written, in this order",
            "back": "to be written back, as it was before the work {work}, in this order",
            "nothing back": "The meter is as it was before the work {work}: there is nothing to write.",
            "step": "{number}. {operation}: {old} -> {new}",
            "experimental": "   experimental: nobody has seen this work ({source})",
            "prompt": "   before it: {prompt}",
            "old": "the schedule as it is",
            "new": "the schedule as it will be",
            "unread": "the stored tables are no schedule that can be drawn",
            "warnings": "look at this first",
            "untouched": "what stays as it is",
            "preview": "This is a preview: without an order nothing is written.",
        },
        Language.RU: {
            "meter": "прибор учёта {serial_number} ({model}), сетевой адрес {address}",
            "clock": "{words}",
            "energy": "показания: {registers}",
            "total": "сумма",
            "kWh import": "кВт·ч",
            "kvarh import": "квар·ч",
            "kWh export": "кВт·ч, отдача",
            "kvarh export": "квар·ч, отдача",
            "nothing": "Прибор уже настроен как нужно: записывать нечего.",
            "steps": "будет записано, в этом порядке",
            "back": "будет возвращено то, что было до работы {work}, в этом порядке",
            "nothing back": "В приборе всё так, как было до работы {work}: записывать нечего.",
            "step": "{number}. {operation}: {old} -> {new}",
            "experimental": "   не проверено на приборах, никто не видел, что это работает ({source})",
            "prompt": "   перед этим: {prompt}",
            "old": "тарифное расписание сейчас",
            "new": "тарифное расписание после записи",
            "unread": "записанные таблицы не складываются в расписание, которое можно нарисовать",
            "warnings": "обратите внимание",
            "untouched": "что останется без изменений",
            "preview": "Это предварительный просмотр: без наряда ничего не записывается.",
        },
    }
)


def show_plan(plan: Plan, language: Language) -> None:
    """For people."""
    output.lines(state_lines(plan.before, language))
    back = plan.restores is not None
    if not plan.steps:
        output.line()
        output.line(_WORDS("nothing back" if back else "nothing", language, work=plan.restores))
    else:
        output.heading(_WORDS("back" if back else "steps", language, work=plan.restores))
    for number, step in enumerate(plan.steps, 1):
        output.lines(_step(number, step, plan, language))
    for step in plan.steps:
        if step.action is Action.SCHEDULE:
            output.lines(_schedules(step, plan, language))
    if plan.warnings:
        output.heading(_WORDS("warnings", language))
        output.lines(f"! {_warning(each, plan.before.identity.family, language)}" for each in plan.warnings)
    output.heading(_WORDS("untouched", language))
    output.lines(untouched_words(plan, language))
    if plan.order.is_preview:
        output.line()
        output.line(_WORDS("preview", language))


def state_lines(before: Snapshot, language: Language) -> Iterator[str]:
    """Who the meter is, its clock and its energy."""
    who = before.identity
    yield _WORDS("meter", language, serial_number=who.serial_number, model=who.model, address=who.address)
    if before.clock is not None:
        yield _WORDS("clock", language, words=clock_words(before.clock, language=language))
    registers = ", ".join(
        f"{_register(value.register, language)} {value.amount} {_WORDS(f'{value.unit} {value.direction}', language)}"
        for value in before.energy.registers
    )
    yield _WORDS("energy", language, registers=registers)


def _register(name: str, language: Language) -> str:
    return _WORDS(name, language) if name in _WORDS else name


def schedule_lines(schedule: YearSchedule | None, language: Language) -> Iterator[str]:
    """A schedule as pictures, or that the tables are none."""
    if schedule is None:
        yield _WORDS("unread", language)
    else:
        yield from draw_year(schedule, ascii_only=output.picture_must_be_ascii(), language=language)


def _step(number: int, step: Step, plan: Plan, language: Language) -> Iterator[str]:
    old, new = old_new_words(step, plan.before, language)
    yield _WORDS("step", language, number=number, operation=operation_words(step, language), old=old, new=new)
    if step.experimental:
        yield _WORDS("experimental", language, source=step.source)
    if step.prompt is not None:
        prompt = prompt_words(step.prompt, plan.before.identity.family, language)
        yield _WORDS("prompt", language, prompt=prompt)


def _warning(warning: Warning, family: str, language: Language) -> str:
    facts = {name: reason_words(name, fact, family, language) for name, fact in warning.facts.items()}
    return warning_words(warning.code, facts, language)


def _schedules(step: Step, plan: Plan, language: Language) -> Iterator[str]:
    old = plan.before.year_schedule
    new = step.setting.schedule if isinstance(step.setting, SetSchedule) else None
    if old is not None and new is not None:
        yield ""
        yield from differences(old, new, language=language)
    for caption, schedule in (("old", old), ("new", new)):
        yield ""
        yield f"{_WORDS(caption, language)}:"
        yield from schedule_lines(schedule, language)


def plan_facts(plan: Plan) -> dict[str, Any]:
    """For documents."""
    before, order = plan.before, plan.order
    who = before.identity
    return {
        "meter": {
            "family": who.family,
            "model": who.model,
            "serial_number": who.serial_number,
            "address": who.address,
        },
        "made_at": told_moment(plan.made_at),
        "order": None if order.is_preview else {"number": order.order_no, "sha256": order.sha256},
        "clock": None if before.clock is None else clock_facts(before.clock),
        "time_source": plan.time_source.value,
        "experimental": plan.experimental,
        "restores": plan.restores,
        "steps": [_facts(step, facts) for step, facts in zip(plan.steps, step_facts(plan), strict=True)],
        "warnings": [
            {"code": each.code, "text": warning_words(each.code, each.facts, Language.EN)} for each in plan.warnings
        ],
        "untouched": [action.value for action in plan.untouched],
    }


def _facts(step: Step, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **facts,
        "prompt": step.prompt,
        "changes": [{"parameter": change.parameter, "old": change.old, "new": change.new} for change in step.changes],
    }
