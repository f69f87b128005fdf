"""`order new` and `order check`: work orders before anybody stands at the meter."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from meterlink.cli import output
from meterlink.cli.asking import lang_option, language_of
from meterlink.cli.at_meter import today
from meterlink.cli.connect import library
from meterlink.cli.grammar import Group
from meterlink.cli.new_files import refuse_device, write_new
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.order_file import form_of, load_order
from meterlink.errors import ConfigError
from meterlink.language import Language, Words
from meterlink.model import Action
from meterlink.profiles import Profile
from meterlink.registry import load_driver
from meterlink.report.act_words import ActWords
from meterlink.tariff import draw_year, month_day_text, schedule_to_table
from meterlink.tariff.presets import zone_words
from meterlink.visit.dates import told_dates
from meterlink.visit.order import Order, Performer, Seal, TariffPlan
from meterlink.visit.order_check import check_meter, expected_profile, order_notes
from meterlink.visit.order_fields import SAMPLE_ZONE
from meterlink.visit.order_form import FORMS
from meterlink.visit.order_template import order_template
from meterlink.visit.words import action_words
from meterlink.zone import parse_zone

_HELP: Final = "work orders: what may be done to which meter"
_NEW_HELP: Final = """write a new order to fill in, to FILE or to stdout

Every key has its meaning beside it, in Russian and English. A file that is there already is left as it is
"""
_NEW_SHORT: Final = "write a new order to fill in"
_CHECK_HELP: Final = """say what an order means, and refuse one that does not hold

FILE ends in .toml or .json. Everything is checked that can be without the meter: keys, dates, certificates, the tariff
plan and the limits of the model. The exit code is 8 when the order does not hold today
"""
_CHECK_SHORT: Final = "say what an order means, and refuse one that does not hold"
_NEW_EXAMPLES: Final = (
    "meterlink order new",
    "meterlink order new flat-5.toml",
    "meterlink order new --example --form json",
)
_CHECK_EXAMPLES: Final = ("meterlink order check flat-5.toml", "meterlink order check flat-5.toml --lang ru")
_FORM_HELP: Final = "form of the order: toml or json; by default that of FILE, else toml"
_EXAMPLE_HELP: Final = "fill in an order for the simulated meter sim:mercury-200.02"
_WHY: Final = {
    "other form": "its name says {form}",
}
_ADVICE: Final = {
    "there": "Give another name, or remove that file first.",
    "other form": "Leave --form out, or give FILE another ending.",
}
_WORDS: Final = Words(
    {
        Language.EN: {
            "written": "a new order stands in {file}; fill it in, then run `meterlink order check {file}`",
            "example": "an order for the simulated meter stands in {file}; `meterlink order check {file}` says what it "
            "means",
            "order": "order",
            "number": "{number} of {day}",
            "basis": "basis",
            "basis text": "{basis}: {text}",
            "valid": "valid",
            "from": "from {day}",
            "to": "until {day}",
            "actions": "actions",
            "organisation": "organisation",
            "customer": "customer",
            "account": "{kind}, account {number}",
            "contract": "{kind}, contract {number}",
            "notice": "notice",
            "address": "address",
            "metering point": "metering point",
            "substation": "substation",
            "feeder": "feeder",
            "meter": "meter",
            "meter text": "{model}, serial number {serial}, address {address}",
            "as": "{given} = {model}",
            "current transformers": "current transformers",
            "voltage transformers": "voltage transformers",
            "transformer ratio": "ratio {value}",
            "verified": "verified until",
            "tz": "time zone",
            "clock reason": "clock reason",
            "password": "password",
            "files": "files",
            "hash": "hash",
            "performers": "performers",
            "performer columns": "id|name|post|certificate|until|safety group",
            "seals": "seals expected",
            "seal columns": "number|place|kind|owner",
            "plan": "tariff plan: {name}",
            "zone": "{register} = {zone}",
            "tariffs": "{count} {count:tariff|tariffs} shall be in force",
            "holidays": "holidays",
            "none": "none",
            "button": "button correction, min a year",
            "display": "display {item}",
            "holds": "the order holds today, {today}",
        },
        Language.RU: {
            "written": "новый наряд записан в {file}; заполните его и запустите `meterlink order check {file}`",
            "example": "наряд для имитации прибора записан в {file}; что он означает, скажет "
            "`meterlink order check {file}`",
            "order": "наряд",
            "number": "{number} от {day}",
            "basis": "основание",
            "basis text": "{basis}: {text}",
            "valid": "действует",
            "from": "с {day}",
            "to": "до {day}",
            "actions": "разрешено",
            "organisation": "организация",
            "customer": "потребитель",
            "account": "{kind}, лицевой счёт {number}",
            "contract": "{kind}, договор {number}",
            "notice": "извещение",
            "address": "адрес",
            "metering point": "точка учёта",
            "substation": "подстанция",
            "feeder": "фидер",
            "meter": "прибор учёта",
            "meter text": "{model}, заводской номер {serial}, сетевой адрес {address}",
            "as": "{given} = {model}",
            "current transformers": "трансформаторы тока",
            "voltage transformers": "трансформаторы напряжения",
            "transformer ratio": "коэффициент {value}",
            "verified": "поверен до",
            "tz": "часовой пояс",
            "clock reason": "причина установки часов",
            "password": "пароль",
            "files": "файлы",
            "hash": "хеш",
            "performers": "исполнители",
            "performer columns": "id|ФИО|должность|удостоверение|до|группа",
            "seals": "пломбы, которые должны быть",
            "seal columns": "номер|место|вид|чья",
            "plan": "тарифный план: {name}",
            "zone": "{register} = {zone}",
            "tariffs": "должно действовать {count} {count:тариф|тарифа|тарифов}",
            "holidays": "особые дни",
            "none": "нет",
            "button": "коррекция кнопками, мин в год",
            "display": "индикация {item}",
            "holds": "наряд сегодня действителен, {today}",
        },
    }
)


@click.group(cls=Group, help=_HELP)
def order() -> None:
    """The noun."""


# --- new ------------------------------------------------------------------------------------------------------------


@order.command(name="new", help=_NEW_HELP, short_help=_NEW_SHORT, examples=_NEW_EXAMPLES)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--form", type=click.Choice(FORMS), help=_FORM_HELP)
@click.option("--example", is_flag=True, help=_EXAMPLE_HELP)
@lang_option
@json_option
@pass_given
def new_order(given: Given, /, file: Path | None, form: str | None, example: bool) -> None:
    language = language_of(given)
    chosen = _form(file, form)
    text = order_template(chosen, today(parse_zone(SAMPLE_ZONE) if example else None), example=example)
    if file is not None:
        write_new(file, text.encode(), _ADVICE["there"])
    facts = {"file": None if file is None else str(file), "form": chosen, "text": text}
    output.present(given.as_json, "order-new", facts, lambda: _show_new(file, text, language, example=example))


def _form(file: Path | None, form: str | None) -> str:
    if file is None:
        return form or FORMS[0]
    told = form_of(file)
    refuse_device(file)
    if form not in (None, told):
        raise ConfigError(setting="--form", why=_WHY["other form"].format(form=told), advice=_ADVICE["other form"])
    return told


def _show_new(file: Path | None, text: str, language: Language, *, example: bool) -> None:
    if file is None:
        output.line(text.rstrip("\n"))
    else:
        output.line(_WORDS("example" if example else "written", language, file=file))


# --- check ----------------------------------------------------------------------------------------------------------


@order.command(name="check", help=_CHECK_HELP, short_help=_CHECK_SHORT, examples=_CHECK_EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path))
@lang_option
@json_option
@pass_given
def check_order(given: Given, /, file: Path) -> None:
    language = language_of(given)
    found = load_order(file)
    profile = expected_profile(found, library())
    check_meter(found, profile, load_driver(profile.driver))
    day = today(found.zone)
    problems = found.problems(day)
    facts = {
        "file": str(file),
        **_facts(found, profile),
        "checked_on": day,
        "problems": [str(problem) for problem in problems],
        "notes": order_notes(found, profile, day),
    }
    shown = _Shown(order=found, profile=profile, day=day, language=language)
    output.present(given.as_json, "order", facts, lambda: shown.show(holds=not problems))
    if problems:
        raise problems[0]


def _facts(found: Order, profile: Profile) -> dict[str, Any]:
    return {
        "sha256": found.sha256,
        "attached": sorted(found.attached),
        "order_no": found.order_no,
        "order_date": found.order_date,
        "basis": found.basis,
        "basis_text": found.basis_text,
        "nonce": found.nonce,
        "valid_from": found.valid_from,
        "valid_to": found.valid_to,
        "actions": found.actions,
        "organisation": _parts_of(found.organisation),
        "customer": _parts_of(found.customer),
        "address": _parts_of(found.address),
        "metering_point_id": found.metering_point_id,
        "substation": found.substation,
        "feeder": found.feeder,
        "meter": {**_parts_of(found.meter), "model": profile.model, "family": profile.driver},
        "tz": found.tz,
        "tariff_plan": None if found.tariff_plan is None else _plan_facts(found.tariff_plan),
        "holidays": None if found.holidays is None else list(map(month_day_text, found.holidays)),
        "display": found.display,
        "button_correction_minutes": found.button_correction_minutes,
        "clock_reason": found.clock_reason,
        "allow_over_24h": found.allow_over_24h,
        "password_ref": found.password_ref,
        "performers": [_parts_of(one) for one in found.performers],
        "seals_expected": [_parts_of(seal) for seal in found.seals_expected],
    }


def _parts_of(value: Any) -> dict[str, Any]:
    """The parts of a value by name."""
    return {one.name: getattr(value, one.name) for one in fields(value)}


def _plan_facts(plan: TariffPlan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "zones": plan.zones,
        "tariffs": plan.tariff_count,
        "schedule": schedule_to_table(plan.schedule),
    }


# --- for people -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """An order as people read it on this day."""

    order: Order
    profile: Profile
    day: date
    language: Language

    def show(self, *, holds: bool) -> None:
        order, meter = self.order, self.order.meter
        output.pairs(
            [
                (self._say("order"), self._say("number", number=order.order_no, day=self._date(order.order_date))),
                (self._say("basis"), self._basis()),
                (self._say("valid"), self._valid()),
                (self._say("actions"), ", ".join(self._action(action) for action in order.actions)),
                (self._say("organisation"), order.organisation.name),
                (self._say("customer"), self._customer()),
                (self._say("notice"), order.customer.notice),
                (self._say("address"), order.address),
                (self._say("metering point"), order.metering_point_id),
                (self._say("substation"), order.substation),
                (self._say("feeder"), order.feeder),
                (self._say("meter"), self._meter()),
                (
                    self._say("current transformers"),
                    self._transformers(meter.ct_type, meter.ct_numbers, meter.ratio_ct),
                ),
                (
                    self._say("voltage transformers"),
                    self._transformers(meter.vt_type, meter.vt_numbers, meter.ratio_vt),
                ),
                (self._say("verified"), self._date(order.meter.verification_next)),
                (self._say("tz"), order.tz),
                (self._say("clock reason"), order.clock_reason),
                (self._say("password"), order.password_ref),
                (self._say("files"), ", ".join(order.attached)),
                (self._say("hash"), order.sha256),
            ]
        )
        output.heading(self._say("performers"))
        output.table(self._columns("performer columns"), [self._performer(one) for one in order.performers])
        if order.tariff_plan is not None:
            self._show_plan(order.tariff_plan)
        self._show_wishes()
        if order.seals_expected:
            output.heading(self._say("seals"))
            output.table(self._columns("seal columns"), [_seal(seal) for seal in order.seals_expected])
        output.line()
        output.notes(order_notes(order, self.profile, self.day, self.language), self.language)
        if holds:
            output.line(self._say("holds", today=self._date(self.day)))

    def _say(self, key: str, **facts: object) -> str:
        return _WORDS(key, self.language, **facts)

    def _columns(self, key: str) -> list[str]:
        return self._say(key).split("|")

    def _action(self, action: Action) -> str:
        """As the order spells it; in Russian, where nobody would, in words."""
        return action.value if self.language is Language.EN else action_words(action, self.language)

    def _basis(self) -> str:
        basis = ActWords(self.language).code("basis", self.order.basis.value)
        text = self.order.basis_text
        return self._say("basis text", basis=basis, text=text) if text else basis

    def _valid(self) -> str:
        days = (("from", self.order.valid_from), ("to", self.order.valid_to))
        return " ".join(self._say(word, day=self._date(day)) for word, day in days if day is not None)

    def _customer(self) -> str:
        customer = self.order.customer
        which = "contract" if customer.account_no is None else "account"
        number = customer.account_no or customer.contract_no
        kind = ActWords(self.language).code("customer", customer.kind.value)
        told = self._say(which, kind=kind, number=number)
        return ", ".join(filter(None, (told, customer.name, customer.phone)))

    def _meter(self) -> str:
        meter, model = self.order.meter, self.profile.model
        if meter.model != model:
            model = self._say("as", given=meter.model, model=model)
        return self._say("meter text", model=model, serial=meter.serial_number, address=meter.network_address)

    def _date(self, day: date | None) -> str:
        return "" if day is None else told_dates(day.isoformat(), self.language)

    def _performer(self, one: Performer) -> tuple[object, ...]:
        return (one.id, one.name, one.post, one.certificate, self._date(one.certificate_expires), one.safety_group)

    def _transformers(self, type_: str | None, numbers: str | None, ratio: int | None) -> str:
        told = "" if ratio is None else self._say("transformer ratio", value=ratio)
        return ", ".join(filter(None, (type_, numbers, told)))

    def _show_plan(self, plan: TariffPlan) -> None:
        output.heading(self._say("plan", name=plan.name))
        zones = [
            self._say("zone", register=register, zone=zone_words(zone, self.language))
            for register, zone in plan.zones.items()
        ]
        if zones:
            output.line(", ".join(zones))
        if plan.tariff_count is not None:
            output.line(self._say("tariffs", count=plan.tariff_count))
        output.line()
        ascii_only = output.picture_must_be_ascii()
        output.lines(draw_year(plan.schedule, ascii_only=ascii_only, language=self.language))

    def _show_wishes(self) -> None:
        """What shall stand in the meter beside the schedule."""
        order = self.order
        days = None if order.holidays is None else ", ".join(map(month_day_text, order.holidays)) or self._say("none")
        wishes: list[tuple[str, object]] = [
            (self._say("holidays"), days),
            (self._say("button"), order.button_correction_minutes),
        ]
        wishes += [(self._say("display", item=key), value) for key, value in (order.display or {}).items()]
        if any(value is not None for _, value in wishes):
            output.line()
            output.pairs(wishes)


def _seal(seal: Seal) -> tuple[object, ...]:
    return (seal.number, seal.place, seal.kind, seal.owner)
