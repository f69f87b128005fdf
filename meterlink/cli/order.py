"""`order new` and `order check`: work orders before anybody stands at the meter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any, Final

import click

from meterlink.cli import output
from meterlink.cli.connect import library
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.order_file import form_of, load_order
from meterlink.errors import ConfigError, OrderError, told_os_error
from meterlink.profiles import Profile
from meterlink.registry import load_driver
from meterlink.tariff import draw_year, schedule_to_table
from meterlink.visit.order import Order, Performer, Seal, TariffPlan
from meterlink.visit.order_check import check_meter, expected_profile, order_notes
from meterlink.visit.order_fields import SAMPLE_ZONE
from meterlink.visit.order_form import FORMS, order_template
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
_CHECK_EXAMPLES: Final = ("meterlink order check flat-5.toml", "meterlink order check flat-5.toml --json")
_FORM_HELP: Final = "form of the order: toml or json; by default that of FILE, else toml"
_EXAMPLE_HELP: Final = "fill in an order for the simulated meter sim:mercury-200.02"
_TEXT: Final = {
    "there": "it is there already",
    "unwritable": "it cannot be written: {error}",
    "other form": "its name says {form}",
    "written": "a new order stands in {file}; fill it in, then run `meterlink order check {file}`",
    "example": "an order for the simulated meter stands in {file}; `meterlink order check {file}` says what it means",
    "number": "{number} of {day}",
    "basis": "{basis}: {text}",
    "from": "from {day}",
    "to": "until {day}",
    "account": "{kind}, account {number}",
    "contract": "{kind}, contract {number}",
    "meter": "{model}, serial number {serial}, address {address}",
    "as": "{given} = {model}",
    "ratios": "CT {ct}, VT {vt}",
    "plan": "tariff plan: {name}",
    "zone": "{register} = {zone}",
    "tariffs": "{count} tariffs shall be in force",
    "one tariff": "1 tariff shall be in force",
    "none": "none",
    "day": "{month:02d}-{day:02d}",
    "holds": "the order holds today, {today}",
}
_ADVICE: Final = {
    "there": "Give another name, or remove that file first.",
    "unwritable": "See to the folder, its rights and the room on the disk.",
    "other form": "Leave --form out, or give FILE another ending.",
}
_PERFORMERS: Final = ("id", "name", "post", "certificate", "until", "safety group")
_SEALS: Final = ("number", "place", "kind", "owner")


@click.group(cls=Group, help=_HELP)
def order() -> None:
    """The noun."""


# --- new ------------------------------------------------------------------------------------------------------------


@order.command(name="new", help=_NEW_HELP, short_help=_NEW_SHORT, examples=_NEW_EXAMPLES)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--form", type=click.Choice(FORMS), help=_FORM_HELP)
@click.option("--example", is_flag=True, help=_EXAMPLE_HELP)
@json_option
@pass_given
def new_order(given: Given, /, file: Path | None, form: str | None, example: bool) -> None:
    chosen = _form(file, form)
    text = order_template(chosen, today(parse_zone(SAMPLE_ZONE) if example else None), example=example)
    if file is not None:
        _write_new(file, text)
    facts = {"file": None if file is None else str(file), "form": chosen, "text": text}
    output.present(given.as_json, "order-new", facts, lambda: _show_new(file, text, example=example))


def today(zone: tzinfo | None) -> date:
    """The date at the meter's place, or where this computer is."""
    return datetime.now(zone).astimezone(zone).date()


def _form(file: Path | None, form: str | None) -> str:
    if file is None:
        return form or FORMS[0]
    told = form_of(file)
    if form not in (None, told):
        raise ConfigError(setting="--form", why=_TEXT["other form"].format(form=told), advice=_ADVICE["other form"])
    return told


def _write_new(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        raise ConfigError(setting=str(file), why=_TEXT["there"], advice=_ADVICE["there"]) from None
    except OSError as error:
        why = _TEXT["unwritable"].format(error=told_os_error(error))
        raise ConfigError(setting=str(file), why=why, advice=_ADVICE["unwritable"]) from error


def _show_new(file: Path | None, text: str, *, example: bool) -> None:
    if file is None:
        output.line(text.rstrip("\n"))
    else:
        output.line(_TEXT["example" if example else "written"].format(file=file))


# --- check ----------------------------------------------------------------------------------------------------------


@order.command(name="check", help=_CHECK_HELP, short_help=_CHECK_SHORT, examples=_CHECK_EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@pass_given
def check_order(given: Given, /, file: Path) -> None:
    found = load_order(file)
    profile = expected_profile(found, library())
    check_meter(found, profile, load_driver(profile.driver))
    day = today(found.zone)
    problems = found.problems(day)
    notes = order_notes(found, profile, day)
    facts = {
        "file": str(file),
        **_facts(found, profile),
        "checked_on": day,
        "problems": [str(problem) for problem in problems],
        "notes": notes,
    }
    output.present(given.as_json, "order", facts, lambda: _show(found, profile, day, problems, notes))
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
        "organisation": _told(found.organisation),
        "customer": _told(found.customer),
        "address": _told(found.address),
        "metering_point_id": found.metering_point_id,
        "substation": found.substation,
        "feeder": found.feeder,
        "meter": {**_told(found.meter), "model": profile.model, "family": profile.driver},
        "tz": found.tz,
        "tariff_plan": None if found.tariff_plan is None else _plan_facts(found.tariff_plan),
        "holidays": None if found.holidays is None else _days(found.holidays),
        "display": found.display,
        "button_correction_minutes": found.button_correction_minutes,
        "clock_reason": found.clock_reason,
        "allow_over_24h": found.allow_over_24h,
        "password_ref": found.password_ref,
        "performers": [_told(one) for one in found.performers],
        "seals_expected": [_told(seal) for seal in found.seals_expected],
    }


def _told(value: Any) -> dict[str, Any]:
    """The parts of a value by name."""
    return {one.name: getattr(value, one.name) for one in fields(value)}


def _plan_facts(plan: TariffPlan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "zones": plan.zones,
        "tariffs": plan.tariff_count,
        "schedule": schedule_to_table(plan.schedule),
    }


def _days(days: Sequence[tuple[int, int]]) -> list[str]:
    return [_TEXT["day"].format(month=month, day=day) for month, day in days]


# --- for people -----------------------------------------------------------------------------------------------------


def _show(found: Order, profile: Profile, day: date, problems: Sequence[OrderError], notes: Sequence[str]) -> None:
    output.pairs(
        [
            ("order", _TEXT["number"].format(number=found.order_no, day=found.order_date)),
            (
                "basis",
                _TEXT["basis"].format(basis=found.basis, text=found.basis_text) if found.basis_text else found.basis,
            ),
            ("valid", _valid(found)),
            ("actions", ", ".join(found.actions)),
            ("organisation", found.organisation.name),
            ("customer", _customer(found)),
            ("notice", found.customer.notice),
            ("address", found.address),
            ("metering point", found.metering_point_id),
            ("substation", found.substation),
            ("feeder", found.feeder),
            ("meter", _meter(found, profile)),
            ("ratios", _ratios(found)),
            ("verified until", found.meter.verification_next),
            ("time zone", found.tz),
            ("clock reason", found.clock_reason),
            ("password", found.password_ref),
            ("files", ", ".join(found.attached)),
            ("hash", found.sha256),
        ]
    )
    output.heading("performers")
    output.table(_PERFORMERS, [_performer(one) for one in found.performers])
    if found.tariff_plan is not None:
        _show_plan(found.tariff_plan)
    _show_wishes(found)
    if found.seals_expected:
        output.heading("seals expected")
        output.table(_SEALS, [_seal(seal) for seal in found.seals_expected])
    output.line()
    output.notes(notes)
    if not problems:
        output.line(_TEXT["holds"].format(today=day))


def _valid(found: Order) -> str:
    days = (("from", found.valid_from), ("to", found.valid_to))
    return " ".join(_TEXT[word].format(day=day) for word, day in days if day is not None)


def _customer(found: Order) -> str:
    customer = found.customer
    which = "contract" if customer.account_no is None else "account"
    number = customer.account_no or customer.contract_no
    told = _TEXT[which].format(kind=customer.kind, number=number)
    return ", ".join(filter(None, (told, customer.name, customer.phone)))


def _meter(found: Order, profile: Profile) -> str:
    meter = found.meter
    model = profile.model
    if meter.model != model:
        model = _TEXT["as"].format(given=meter.model, model=model)
    return _TEXT["meter"].format(model=model, serial=meter.serial_number, address=meter.network_address)


def _ratios(found: Order) -> str:
    ct, vt = found.meter.ratio_ct, found.meter.ratio_vt
    return "" if ct is None and vt is None else _TEXT["ratios"].format(ct=ct or 1, vt=vt or 1)


def _performer(one: Performer) -> tuple[object, ...]:
    return (one.id, one.name, one.post, one.certificate, one.certificate_expires, one.safety_group)


def _seal(seal: Seal) -> tuple[object, ...]:
    return (seal.number, seal.place, seal.kind, seal.owner)


def _show_plan(plan: TariffPlan) -> None:
    output.heading(_TEXT["plan"].format(name=plan.name))
    zones = ", ".join(_TEXT["zone"].format(register=register, zone=zone) for register, zone in plan.zones.items())
    if zones:
        output.line(zones)
    if plan.tariff_count is not None:
        output.line(_TEXT["one tariff" if plan.tariff_count == 1 else "tariffs"].format(count=plan.tariff_count))
    output.line()
    output.lines(draw_year(plan.schedule, ascii_only=output.picture_must_be_ascii()))


def _show_wishes(found: Order) -> None:
    """What shall stand in the meter beside the schedule."""
    days = None if found.holidays is None else ", ".join(_days(found.holidays)) or _TEXT["none"]
    minutes = found.button_correction_minutes
    wishes: list[tuple[str, object]] = [("holidays", days), ("button correction, min a year", minutes)]
    wishes += [(f"display {key}", value) for key, value in (found.display or {}).items()]
    if any(value is not None for _, value in wishes):
        output.line()
        output.pairs(wishes)
