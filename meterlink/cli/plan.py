"""`plan`: read a meter, write nothing, and show what would be written; with -o save it for `apply`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from meterlink.audit.works import records_of
from meterlink.cli import output
from meterlink.cli.asking import (
    can_ask,
    lang_option,
    language_of,
    said_source,
    time_source_of,
    time_source_option,
)
from meterlink.cli.at_meter import at_meter, place_of, today
from meterlink.cli.connect import connected_at, wanted_place
from meterlink.cli.files import PATH
from meterlink.cli.grammar import Group
from meterlink.cli.new_files import refuse_device, refuse_existing, write_new
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.order_file import load_order, load_schedule
from meterlink.cli.plan_shown import show_plan
from meterlink.cli.sealed_log import audit_home
from meterlink.errors import ConfigError, OrderError
from meterlink.language import Language, Words
from meterlink.model import Action
from meterlink.tariff import preset
from meterlink.visit.history import planned_actions, state_before
from meterlink.visit.order import Order, TariffPlan
from meterlink.visit.plan import Plan, Terms
from meterlink.visit.plan_form import encode_document, plan_document
from meterlink.visit.planning import CAPABILITIES, build_plan, restore_plan
from meterlink.visit.preview import preview_order
from meterlink.visit.snapshot import Snapshot, take_snapshot
from meterlink.zone import zone_text

C = TypeVar("C", bound=Callable[..., Any] | click.Command)

SOMETHING_TO_DO: Final = 20

_HELP: Final = """plan what is to be written into a meter, without writing anything

A plan is bound to the order, the serial number and the state that was read; without an order it is a preview, which
`meterlink apply` refuses
"""
_EXAMPLES: Final = {
    "clock": (
        'meterlink plan clock --port "sim:mercury-200.02?clock_error_s=3614" --tz Europe/Moscow',
        "meterlink plan clock --order order.toml --port COM3 --time-source confirmed -o clock.plan",
    ),
    "dst": (
        'meterlink plan dst --off --port "sim:mercury-200.02?dst=on" --tz Europe/Moscow',
        "meterlink plan dst --order order.toml --port COM3 -o dst.plan",
    ),
    "tariff": (
        "meterlink plan tariff --preset ru-household-2 --port sim:mercury-200.02 --tz Europe/Moscow",
        "meterlink plan tariff --order order.toml --port COM3 -o tariff.plan",
    ),
    "order": (
        "meterlink plan order order.toml --port COM3 --time-source confirmed -o visit.plan",
        "meterlink plan order order.toml --port tcp://192.168.0.7:4001 --lang ru --json",
    ),
    "restore": (
        "meterlink plan restore 117/1 --order order.toml --port COM3 -o back.plan",
        "meterlink plan restore 117/1 --port COM3 --model mercury-200.02 --address 925646 --tz Europe/Moscow",
    ),
}
_VERBS: Final = {
    "clock": "put the clock right",
    "dst": "switch the automatic change to summer time off, or on",
    "tariff": "rewrite the tariff schedule, with the number of tariffs and the holidays",
    "order": "everything that an order lists",
    "restore": "take back what a logged work changed, all but the clock",
}
_OPTIONS: Final = {
    "order": "the order that permits it; without one the plan is a preview",
    "out": "save the plan in this file",
    "exit_code": "end with 20 when there is something to write",
    "experimental": "plan also what nobody has seen work; the log and the act say so",
    "off": "the meter shall not change the hour by itself",
    "preset": "a tariff plan by name, as `ru-household-2`",
    "schedule": "a schedule file",
}
_WHY: Final = {
    "preset": "give one of --order, --preset and --schedule",
    "dst": "give --off, --on, or --order",
}
_ADVICE: Final = {
    "there": "Give another name: a plan that somebody may have confirmed is not overwritten.",
    "preset": "The presets are listed in docs/orders.md.",
    "dst": "In places without summer time it is --off.",
}
_WORDS: Final = Words(
    {
        Language.EN: {
            "saved": "saved as {file}; `meterlink apply {file}` carries it out",
            "preview": "saved as {file}, to be looked at; only a plan for an order can be carried out",
            "not today": "saved as {file}, to be looked at; `meterlink apply` refuses it today",
            "no longer": "This plan cannot be carried out today: {why}",
        },
        Language.RU: {
            "saved": "сохранено в {file}; выполняет это `meterlink apply {file}`",
            "preview": "сохранено в {file} для просмотра; выполнить можно только план по наряду",
            "not today": "сохранено в {file} для просмотра; сегодня `meterlink apply` его не выполнит",
            "no longer": "Сегодня этот план выполнить нельзя: {why}",
        },
    }
)
_TARIFF: Final = (Action.SCHEDULE, Action.HOLIDAYS, Action.TARIFF_MODE)
_BESIDE_SCHEDULE: Final = (Action.HOLIDAYS, Action.TARIFF_MODE)
_DST: Final = (Action.DST_OFF, Action.DST_ON)


def _planning(command: C) -> C:
    """The options of every verb."""
    command = time_source_option(lang_option(command))
    command = click.option("--experimental", is_flag=True, help=_OPTIONS["experimental"])(command)
    command = click.option("--exit-code", is_flag=True, help=_OPTIONS["exit_code"])(command)
    command = click.option("-o", "--out", type=PATH, metavar="FILE", help=_OPTIONS["out"])(command)
    return meter_options(command)


_order_option = click.option("--order", "order_file", type=PATH, metavar="ORDER", help=_OPTIONS["order"])


@click.group(cls=Group, help=_HELP)
def plan() -> None:
    """The noun."""


@plan.command(name="clock", help=_VERBS["clock"], examples=_EXAMPLES["clock"])
@_order_option
@_planning
@pass_given
def plan_clock(given: Given, /, order_file: Path | None, **rest: Any) -> int:
    return _make(given, _ordered(given, order_file, (Action.CLOCK,)), (Action.CLOCK,), **rest)


@plan.command(name="dst", help=_VERBS["dst"], examples=_EXAMPLES["dst"])
@_order_option
@click.option("--off/--on", default=None, help=_OPTIONS["off"])
@_planning
@pass_given
def plan_dst(given: Given, /, order_file: Path | None, off: bool | None, **rest: Any) -> int:
    if (order_file is None) == (off is None):
        raise ConfigError(setting="--off", why=_WHY["dst"], advice=_ADVICE["dst"])
    wanted = Action.DST_OFF if off else Action.DST_ON
    return _make(given, _ordered(given, order_file, (wanted,)), _DST, **rest)


@plan.command(name="tariff", help=_VERBS["tariff"], examples=_EXAMPLES["tariff"])
@_order_option
@click.option("--preset", "preset_name", metavar="NAME", help=_OPTIONS["preset"])
@click.option("--schedule", "schedule_file", type=PATH, metavar="FILE", help=_OPTIONS["schedule"])
@_planning
@pass_given
def plan_tariff(
    given: Given, /, order_file: Path | None, preset_name: str | None, schedule_file: Path | None, **rest: Any
) -> int:
    if sum(each is not None for each in (order_file, preset_name, schedule_file)) != 1:
        raise ConfigError(setting="--preset", why=_WHY["preset"], advice=_ADVICE["preset"])
    tariff_plan = None
    if preset_name is not None:
        chosen = preset(preset_name)
        tariff_plan = TariffPlan(name=chosen.name, schedule=chosen.schedule, zones=chosen.zones)
    elif schedule_file is not None:
        tariff_plan = load_schedule(schedule_file)
    return _make(given, _ordered(given, order_file, _TARIFF, tariff_plan), _TARIFF, **rest)


@plan.command(name="order", help=_VERBS["order"], examples=_EXAMPLES["order"])
@click.argument("order_file", type=PATH, metavar="ORDER")
@_planning
@pass_given
def plan_order(given: Given, /, order_file: Path, **rest: Any) -> int:
    return _make(given, load_order(order_file), None, **rest)


@plan.command(name="restore", help=_VERBS["restore"], examples=_EXAMPLES["restore"])
@click.argument("work")
@_order_option
@_planning
@pass_given
def plan_restore(given: Given, /, work: str, order_file: Path | None, **rest: Any) -> int:
    records = records_of(audit_home().current(), work)
    actions = planned_actions(records)
    order = _ordered(given, order_file, actions)
    return _make(given, order, actions, restore=(work, state_before(records, work)), **rest)


def _ordered(
    given: Given, file: Path | None, actions: Collection[Action], tariff_plan: TariffPlan | None = None
) -> Order:
    """The order of the file, or one that nobody issued: beside a schedule it asks for nothing that the model lacks."""
    if file is not None:
        return load_order(file)
    place = wanted_place(given)
    plate = place.plate or ""
    return preview_order(
        model=place.target.profile.model,
        serial_number=plate,
        address=place.target.address,
        tz="" if place.zone is None else zone_text(place.zone),
        actions=tuple(
            action
            for action in actions
            if action not in _BESIDE_SCHEDULE or place.target.profile.has(CAPABILITIES[action])
        ),
        tariff_plan=tariff_plan,
        today=datetime.now(UTC).date(),
    )


def _make(
    given: Given,
    order: Order,
    actions: Collection[Action] | None,
    *,
    out: Path | None,
    exit_code: bool,
    experimental: bool,
    time_source: str | None,
    restore: tuple[str, Snapshot] | None = None,
) -> int:
    if out is not None:
        refuse_device(out, f"-o {out}")
        refuse_existing([out], _ADVICE["there"], f"-o {out}")
    if actions is not None and restore is None:
        actions = [action for action in actions if action in order.actions] or actions
    language = language_of(given)
    place = wanted_place(given) if order.is_preview else place_of(given, order)
    connection = connected_at(place) if order.is_preview else at_meter(place, order)
    with connection as meter:
        before = meter.read(lambda target: take_snapshot(meter.driver, target, meter.zone))
        wants_clock = Action.CLOCK in (order.actions if actions is None else actions)
        asks = wants_clock and can_ask()
        terms = Terms(
            order=order,
            driver=meter.driver,
            profile=meter.profile,
            before=before,
            time_source=time_source_of(time_source, meter.now(), language) if asks else said_source(time_source),
            experimental=experimental,
            now=meter.now(),
        )
        made = _build(terms, actions, restore)
    document = plan_document(made)
    if out is not None:
        write_new(out, encode_document(document), _ADVICE["there"], f"-o {out}")
    output.present(given.as_json, "plan", document, lambda: _show(made, out, language))
    for problem in _problems(order):
        output.remark(_WORDS("no longer", language, why=problem))
    return SOMETHING_TO_DO if exit_code and made.steps else 0


def _build(terms: Terms, actions: Collection[Action] | None, restore: tuple[str, Snapshot] | None) -> Plan:
    if restore is None:
        return build_plan(terms, actions)
    work, earlier = restore
    return restore_plan(terms, earlier=earlier, actions=actions or (), restores=work)


def _show(made: Plan, out: Path | None, language: Language) -> None:
    show_plan(made, language)
    if out is not None:
        output.line()
        good_for = "preview" if made.order.is_preview else "not today" if _problems(made.order) else "saved"
        output.line(_WORDS(good_for, language, file=out))


def _problems(order: Order) -> list[OrderError]:
    """Why nobody may carry it out today."""
    return [] if order.is_preview else order.problems(today(order.zone))
