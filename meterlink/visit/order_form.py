"""The written form of an order, TOML or JSON: bytes in, an `Order` out, or an error that names the key.

    order_no = "2026-17"
    tz = "Europe/Moscow"
    actions = ["read", "schedule"]
    tariff_plan = "ru-household-2"          # or a table [tariff] with preset or schedule
    [meter]
    serial_number = "06925646"              # numbers that are names are text: a number loses its leading zeros
    ...

Every key stands in `order_fields` and in docs/orders.md; a key that is not known is an error. No file is opened here:
a schedule file is asked for by the name that the order gives it, and kept with the order (`attached`), so that
`order_again` makes the same order without it. Not here: the day of today and the meter (`Order.problems`,
`order_check`).
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Final, NoReturn, TypeGuard, TypeVar

from meterlink.errors import ConfigError, OrderFormError, OrderZoneError, SecretNameError
from meterlink.model import Action
from meterlink.profiles.checks import looks_secret
from meterlink.profiles.problems import did_you_mean
from meterlink.tariff import YearSchedule, Zone, in_place, preset, schedule_from_table
from meterlink.visit.order import (
    Basis,
    Customer,
    CustomerKind,
    MeterExpected,
    Order,
    Organisation,
    Performer,
    PlaceAddress,
    Seal,
    TariffPlan,
)
from meterlink.visit.order_fields import BY_NAME
from meterlink.visit.order_template import COMMENT_KEY, order_template
from meterlink.visit.secrets import check_reference
from meterlink.zone import parse_zone

__all__ = ["FORMS", "order_again", "order_hash", "order_template", "read_order", "read_schedule"]

E = TypeVar("E", bound=StrEnum)
V = TypeVar("V")

FORMS: Final = ("toml", "json")

_MOST_CHARACTERS: Final = 500
_MOST_SHOWN: Final = 40
_LONGEST_NUMBER: Final = 64
"""Of an order: works and the files of their acts are named by it."""
_MOST_RATIO: Final = 1_000_000
_MOST_MINUTES: Final = 366 * 24 * 60
_MOST_TARIFFS: Final = 48
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MONTH_DAY: Final = re.compile(r"([0-9]{2})-([0-9]{2})", re.ASCII)
_NO_NUMBER: Final = "without a number"
_SCHEDULE_HEAD: Final = ("name", "title", "title_ru", "source", "zones")
_SCHEDULE_KEYS: Final = ("spec", "season", "special_days")

_WHY: Final = {
    "syntax": "it is not {form}: {error}",
    "elsewhere": "{found} lies outside the folder of the order",
    "utf8": "it is not text in UTF-8",
    "deep": "its lists and tables stand too deep in one another",
    "twice": "the key {key!r} stands there twice",
    "no number": "{found} is no number of JSON",
    "no table": "it must be a table at the top",
    "missing": "it is missing; it must be {wanted}",
    "empty": "it is empty; it must be {wanted}",
    "wrong": "{found} is not {wanted}",
    "unknown": "the key is not known{meant}; known are {known}",
    "secret": "an order never holds a password",
    "number": "{found} stands there as a number, and a number loses its leading zeros: it must be text, in quotes",
    "control": "it holds a character that cannot be printed",
    "long": "it has {count} characters, and at most {most} are taken",
    "option": "{found} is not known{meant}; known are {known}",
    "again": "{found} stands there twice",
    "one account": "there must be exactly one of account_no and contract_no",
    "order of days": "{later} lies before {earlier}",
    "both dst": "dst_off and dst_on contradict one another",
    "needs plan": "the action {action} needs a tariff plan: tariff_plan, or a table [tariff]",
    "needs display": "the action display needs a table [display]",
    "needs minutes": "the action button_correction needs button_correction_minutes",
    "needs holidays": "the action holidays needs holidays, or a tariff plan",
    "two plans": "it says which tariff plan is wanted, and so does [tariff]",
    "one plan": "there must be exactly one of preset and schedule",
    "other zones": "they differ from those of {plan}: {zones}",
    "zones": "there must be one of {words} for each of {registers}, and for nothing else",
    "not kept": "the order names this file, and it was not kept with the order",
    "few tariffs": "{tariffs} shall be in force, and the schedule uses T{highest}",
}
_ADVICE: Final = {
    "syntax": "Texts stand in quotes, numbers with leading zeros too; `meterlink order new` prints a template.",
    "secret": 'Remove that line. Keep the password with `meterlink secret set REF`, and write password_ref = "REF".',
    "number": "Write it in quotes, with all its zeros, as on the plate or the paper.",
    "preset": "`meterlink order new` shows where it stands; docs/orders.md tells what each preset is.",
    "reference": "password_ref is a name for the password, as flat-5; never the password. It was not repeated here.",
}
_WANTED: Final = {
    "text": "text in quotes",
    "date": "a date such as 2026-11-21",
    "month day": "a date without year such as 01-31",
    "list": "a list",
    "table": "a table",
    "tables": "a list of tables, at least one",
    "flag": "true or false",
    "display": "a text, a whole number, true or false, or a list or a table of them",
    "whole": "a whole number from {lowest} to {highest}",
    "one of": "one of {words}",
}

_WISHES: Final = (Action.SCHEDULE, Action.TARIFF_MODE)
"""Actions that only a tariff plan explains."""


def read_order(raw: bytes, form: str, files: Callable[[str], bytes], *, name: str = "") -> Order:
    """The order that stands in these bytes; `files` gives the schedule file that it names.

    OrderFormError names the key, ScheduleError the place of a schedule. `name` is what errors call the order before
    its number is known.
    """
    if form not in FORMS:
        raise ConfigError(setting=form, why=_WHY["wrong"].format(found=form, wanted=_one_of(FORMS)))
    attached: dict[str, bytes] = {}

    def attach(file: str) -> bytes:
        path = PurePath(file)
        if path.is_absolute() or path.drive or ".." in path.parts:  # an order brings in no file of somebody else's
            raise OrderFormError(order=name, where="schedule", why=_WHY["elsewhere"].format(found=_shown(file)))
        attached[file] = files(file)
        return attached[file]

    called = name or _NO_NUMBER
    known = (*BY_NAME[""].keys, *filter(None, BY_NAME))
    top = _Reader(_parsed(raw, form, called, "the file"), known, "", called, form)
    return _Whole(top, attach).order(raw, form, attached)


def order_again(text: bytes, form: str, attached: Mapping[str, bytes]) -> Order:
    """The same order from what was kept of it."""

    def kept(file: str) -> bytes:
        if file not in attached:
            raise OrderFormError(order=_NO_NUMBER, where=file, why=_WHY["not kept"])
        return attached[file]

    return read_order(text, form, kept)


def read_schedule(raw: bytes, file: str, *, order: str = _NO_NUMBER) -> TariffPlan:
    """The tariff plan in the bytes of a schedule file; `file` is what errors call it."""
    content = _parsed(raw, "toml", order, file)
    head = _Reader(content, (*_SCHEDULE_KEYS, *_SCHEDULE_HEAD), file, order, "toml")
    with in_place(file):
        schedule = schedule_from_table({key: each for key, each in content.items() if key in _SCHEDULE_KEYS})
    told = {key: head.optional_text(key) for key in _SCHEDULE_HEAD if key != "zones"}
    zones = _zones(head, schedule) if "zones" in head else {}
    return TariffPlan(name=told["title"] or told["name"] or file, schedule=schedule, zones=zones)


def order_hash(text: bytes, attached: Mapping[str, bytes]) -> str:
    """SHA-256 of an order: of its own bytes, and with files that it names, of the lines that `sha256sum` prints.

    The first line is that of the order, called `order`; then come the files by name.
    """
    if not attached:
        return hashlib.sha256(text).hexdigest()
    files = [("order", text), *sorted(attached.items())]
    lines = (f"{hashlib.sha256(raw).hexdigest()}  {name}\n" for name, raw in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


# --- bytes to tables ------------------------------------------------------------------------------------------------


def _parsed(raw: bytes, form: str, order: str, where: str) -> dict[str, Any]:
    """The table in these bytes."""

    def refuse(why: str, advice: str = "", **facts: object) -> NoReturn:
        told = _ADVICE[advice] if advice else ""
        raise OrderFormError(order=order, where=where, why=_WHY[why].format(**facts), advice=told) from None

    def pairs(found: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for key, value in found:
            if key in table:
                refuse("twice", key=key[:_MOST_SHOWN])
            table[key] = value
        return table

    try:
        text = raw.decode("utf-8-sig")
        if form == "toml":
            return tomllib.loads(text)
        table = json.loads(text, object_pairs_hook=pairs, parse_constant=lambda found: refuse("no number", found=found))
    except UnicodeDecodeError:
        refuse("utf8")
    except RecursionError:
        refuse("deep")
    except ValueError as error:
        refuse("syntax", "syntax", form=form.upper(), error=error)
    if not isinstance(table, dict):
        refuse("no table")
    return table


# --- one table ------------------------------------------------------------------------------------------------------


class _Reader:
    """One table while it is read: gives checked values, names the place of what is wrong."""

    def __init__(self, values: Mapping[str, Any], known: Sequence[str], place: str, order: str, form: str) -> None:
        self.values = {key: value for key, value in values.items() if form != "json" or key != COMMENT_KEY}
        self.place = place
        self.order = order
        self.form = form
        self._refuse_unknown(known)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def wrong(self, key: str, why: str, advice: str = "", **facts: object) -> OrderFormError:
        """The error of a key of this table."""
        told = _ADVICE[advice] if advice else ""
        return OrderFormError(order=self.order, where=self.where(key), why=_WHY[why].format(**facts), advice=told)

    def where(self, key: str) -> str:
        return ".".join(filter(None, (self.place, key)))

    def _refuse_unknown(self, known: Sequence[str]) -> None:
        for key in self.values:
            if key in known:
                continue
            if looks_secret(key):
                raise self.wrong(_shown_key(key), "secret", "secret")
            question = did_you_mean(key, known)
            meant = f" ({question})" if question else ""
            raise self.wrong(_shown_key(key), "unknown", meant=meant, known=", ".join(known))

    # single values

    def text(self, key: str) -> str:
        return self._needed(key, "text", self._text)

    def optional_text(self, key: str) -> str | None:
        return self._text(key, self.values[key]) if key in self else None

    def day(self, key: str) -> date:
        return self._needed(key, "date", self._day)

    def optional_day(self, key: str) -> date | None:
        return self._day(key, self.values[key]) if key in self else None

    def whole(self, key: str, lowest: int, highest: int) -> int | None:
        if key not in self:
            return None
        value = self.values[key]
        if _is_whole(value) and lowest <= value <= highest:
            return value
        raise self._not(key, value, _WANTED["whole"].format(lowest=lowest, highest=highest))

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self._not(key, value, _WANTED["flag"])
        return value

    def option(self, key: str, kind: type[E]) -> E:
        if self.values.get(key, "") == "":
            raise self.wrong(key, "empty" if key in self else "missing", wanted=_one_of(kind))
        return self.one_of(key, self.values[key], kind)

    def one_of(self, key: str, value: object, kind: type[E]) -> E:
        known = [each.value for each in kind]
        if not isinstance(value, str):
            raise self._not(key, value, _one_of(known))
        if value not in known:
            question = did_you_mean(value, known)
            facts = {"found": _shown(value), "meant": f" ({question})" if question else "", "known": ", ".join(known)}
            raise self.wrong(key, "option", **facts)
        return kind(value)

    def list_of(self, key: str, each: Callable[[str, object], V]) -> tuple[V, ...]:
        """A list whose members are all different."""
        values = self.values[key]
        if not isinstance(values, list):
            raise self._not(key, values, _WANTED["list"])
        found: list[V] = []
        for value in values:
            one = each(key, value)
            if one in found:
                raise self.wrong(key, "again", found=_shown(value))
            found.append(one)
        return tuple(found)

    def month_day(self, key: str, value: object) -> tuple[int, int]:
        match = _MONTH_DAY.fullmatch(value) if isinstance(value, str) else None
        try:
            if match is not None:
                day = date(2000, int(match[1]), int(match[2]))
                return day.month, day.day
        except ValueError:
            pass
        raise self._not(key, value, _WANTED["month day"])

    def _needed(self, key: str, wanted: str, read: Callable[[str, object], V]) -> V:
        if key not in self:
            raise self.wrong(key, "missing", wanted=_WANTED[wanted])
        if self.values[key] == "":
            raise self.wrong(key, "empty", wanted=_WANTED[wanted])
        return read(key, self.values[key])

    def _text(self, key: str, value: object) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise self.wrong(key, "number", "number", found=_shown(value))
        if not isinstance(value, str):
            raise self._not(key, value, _WANTED["text"])
        text = unicodedata.normalize("NFC", value.strip())
        if not text:
            raise self.wrong(key, "empty", wanted=_WANTED["text"])
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
            raise self.wrong(key, "control")
        if len(text) > _MOST_CHARACTERS:
            raise self.wrong(key, "long", count=len(text), most=_MOST_CHARACTERS)
        return text

    def _day(self, key: str, value: object) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            if isinstance(value, str) and _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise self._not(key, value, _WANTED["date"])

    def _not(self, key: str, value: object, wanted: str) -> OrderFormError:
        return self.wrong(key, "wrong", found=_shown(value), wanted=wanted)

    # tables

    def inner(self, key: str, known: Sequence[str] | None = None) -> _Reader:
        """A table of the order."""
        value = self.values.get(key)
        if not isinstance(value, dict):
            why = "wrong" if key in self else "missing"
            raise self.wrong(key, why, found=_shown(value), wanted=_WANTED["table"])
        return _Reader(value, BY_NAME[key].keys if known is None else known, key, self.order, self.form)

    def several(self, key: str) -> list[_Reader]:
        """Tables of the order that may stand there more than once."""
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self._not(key, values, _WANTED["tables"])
        table = BY_NAME[key]
        if table.required and not values:
            raise self.wrong(key, "missing", wanted=_WANTED["tables"])
        return [_Reader(value, table.keys, f"{key}[{n}]", self.order, self.form) for n, value in enumerate(values, 1)]


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _one_of(words: Iterable[str]) -> str:
    return _WANTED["one of"].format(words=", ".join(words))


def _shown(value: object) -> str:
    """What was found, short enough for a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    try:
        shown = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # Python writes out no number of thousands of digits
        return "a number"
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}..."


def _shown_key(key: str) -> str:
    return key if key.isidentifier() and len(key) <= _MOST_SHOWN else _shown(key)


# --- the whole ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Whole:
    """All tables of one order."""

    top: _Reader
    files: Callable[[str], bytes]

    def order(self, raw: bytes, form: str, attached: dict[str, bytes]) -> Order:
        top = self.top
        order_no = top.text("order_no")
        if len(order_no) > _LONGEST_NUMBER:
            raise top.wrong("order_no", "long", count=len(order_no), most=_LONGEST_NUMBER)
        top.order = order_no
        order = Order(
            order_no=order_no,
            order_date=top.day("order_date"),
            basis=top.option("basis", Basis),
            basis_text=top.optional_text("basis_text"),
            organisation=self._organisation(),
            customer=self._customer(),
            address=self._address(),
            meter=self._meter(),
            tz=self._zone(),
            actions=self._actions(),
            performers=tuple(self._performers()),
            nonce=top.optional_text("nonce"),
            metering_point_id=top.optional_text("metering_point_id"),
            substation=top.optional_text("substation"),
            feeder=top.optional_text("feeder"),
            seals_expected=tuple(self._seals()),
            tariff_plan=self._tariff_plan(),
            holidays=top.list_of("holidays", top.month_day) if "holidays" in top else None,
            display=self._display(),
            button_correction_minutes=top.whole("button_correction_minutes", 0, _MOST_MINUTES),
            clock_reason=top.optional_text("clock_reason"),
            allow_over_24h=top.flag("allow_over_24h"),
            valid_from=top.optional_day("valid_from"),
            valid_to=top.optional_day("valid_to"),
            password_ref=self._password_ref(),
            text=raw,
            form=form,
            sha256=order_hash(raw, attached),
            attached=attached,
        )
        self._refuse_contradictions(order)
        return order

    def _zone(self) -> str:
        text = self.top.text("tz")
        try:
            parse_zone(text, "tz")
        except ConfigError as error:
            raise OrderZoneError(order=self.top.order, where="tz", why=error.why, advice=error.hint) from None
        return text

    def _password_ref(self) -> str | None:
        value = self.top.values.get("password_ref")
        if "password_ref" not in self.top:
            return None
        try:
            return check_reference(value)
        except SecretNameError as error:
            why, advice = error.why, _ADVICE["reference"]
        raise OrderFormError(order=self.top.order, where="password_ref", why=why, advice=advice)

    def _actions(self) -> tuple[Action, ...]:
        if not self.top.values.get("actions"):
            wanted = f"{_WANTED['list']} of {', '.join(Action)}"
            raise self.top.wrong("actions", "empty" if "actions" in self.top else "missing", wanted=wanted)
        return self.top.list_of("actions", lambda key, value: self.top.one_of(key, value, Action))

    def _display(self) -> Mapping[str, object] | None:
        if "display" not in self.top:
            return None
        # the keys are the family's own, and its driver checks them
        value = self.top.values["display"]
        table = self.top.inner("display", known=list(value) if isinstance(value, dict) else ())
        for key, each in table.values.items():
            several = each.values() if isinstance(each, dict) else each if isinstance(each, list) else [each]
            if not all(isinstance(one, str | int) for one in several):
                raise table.wrong(_shown_key(key), "wrong", found=_shown(each), wanted=_WANTED["display"])
        return table.values

    def _organisation(self) -> Organisation:
        table = self.top.inner("organisation")
        return Organisation(
            name=table.text("name"),
            tax_number=table.optional_text("tax_number"),
            licence=table.optional_text("licence"),
            phone=table.optional_text("phone"),
        )

    def _customer(self) -> Customer:
        table = self.top.inner("customer")
        customer = Customer(
            kind=table.option("kind", CustomerKind),
            account_no=table.optional_text("account_no"),
            contract_no=table.optional_text("contract_no"),
            name=table.optional_text("name"),
            phone=table.optional_text("phone"),
            notice=table.optional_text("notice"),
        )
        if (customer.account_no is None) == (customer.contract_no is None):
            raise self.top.wrong("customer", "one account")
        return customer

    def _address(self) -> PlaceAddress:
        table = self.top.inner("address")
        return PlaceAddress(
            settlement=table.text("settlement"),
            street=table.optional_text("street"),
            house=table.optional_text("house"),
            building=table.optional_text("building"),
            flat=table.optional_text("flat"),
        )

    def _meter(self) -> MeterExpected:
        table = self.top.inner("meter")
        meter = MeterExpected(
            model=table.text("model"),
            serial_number=table.text("serial_number"),
            network_address=table.text("network_address"),
            ratio_ct=table.whole("ratio_ct", 1, _MOST_RATIO),
            ratio_vt=table.whole("ratio_vt", 1, _MOST_RATIO),
            verification_last=table.optional_day("verification_last"),
            verification_next=table.optional_day("verification_next"),
            accuracy_class=table.optional_text("accuracy_class"),
        )
        _refuse_days_turned(table, "verification_next", meter.verification_last, meter.verification_next)
        return meter

    def _performers(self) -> Iterator[Performer]:
        seen: set[str] = set()
        for table in self.top.several("performers"):
            performer = Performer(
                id=table.text("id"),
                name=table.text("name"),
                post=table.text("post"),
                certificate=table.text("certificate"),
                certificate_expires=table.day("certificate_expires"),
                safety_group=table.text("safety_group"),
            )
            if performer.id in seen:
                raise table.wrong("id", "again", found=_shown(performer.id))
            seen.add(performer.id)
            yield performer

    def _seals(self) -> Iterator[Seal]:
        seen: set[tuple[str, str]] = set()
        for table in self.top.several("seals_expected"):
            seal = Seal(
                number=table.text("number"),
                place=table.text("place"),
                kind=table.optional_text("kind"),
                owner=table.optional_text("owner"),
            )
            if (seal.number, seal.place) in seen:
                raise table.wrong("number", "again", found=_shown(seal.number))
            seen.add((seal.number, seal.place))
            yield seal

    # what does not go together

    def _refuse_contradictions(self, order: Order) -> None:
        actions, plan = order.actions, order.tariff_plan
        _refuse_days_turned(self.top, "valid_to", order.valid_from, order.valid_to)
        if Action.DST_OFF in actions and Action.DST_ON in actions:
            raise self.top.wrong("actions", "both dst")
        for action in _WISHES:
            if action in actions and plan is None:
                raise self.top.wrong("actions", "needs plan", action=action.value)
        for action, missing, why in (
            (Action.HOLIDAYS, order.holidays is None and plan is None, "needs holidays"),
            (Action.DISPLAY, not order.display, "needs display"),
            (Action.BUTTON_CORRECTION, order.button_correction_minutes is None, "needs minutes"),
        ):
            if action in actions and missing:
                raise self.top.wrong("actions", why)

    # the tariff plan

    def _tariff_plan(self) -> TariffPlan | None:
        short = self.top.optional_text("tariff_plan")
        if "tariff" not in self.top:
            return None if short is None else self._preset(self.top, "tariff_plan", short)
        table = self.top.inner("tariff")
        if short is not None:
            raise self.top.wrong("tariff_plan", "two plans")
        name, file = table.optional_text("preset"), table.optional_text("schedule")
        if (name is None) == (file is None):
            raise self.top.wrong("tariff", "one plan")
        if file is not None:
            return self._with_wishes(table, read_schedule(self.files(file), file, order=table.order))
        return self._with_wishes(table, self._preset(table, "preset", str(name)))

    def _preset(self, table: _Reader, key: str, name: str) -> TariffPlan:
        try:
            found = preset(name)
        except ConfigError as error:
            where, why = table.where(key), error.why
            raise OrderFormError(order=table.order, where=where, why=why, advice=_ADVICE["preset"]) from None
        return TariffPlan(name=found.name, schedule=found.schedule, zones=found.zones)

    def _with_wishes(self, table: _Reader, plan: TariffPlan) -> TariffPlan:
        zones = plan.zones
        if "zones" in table:
            zones = _zones(table, plan.schedule)
            if plan.zones and dict(plan.zones) != zones:
                told = ", ".join(f"{register} = {zone}" for register, zone in plan.zones.items())
                raise table.wrong("zones", "other zones", plan=plan.name, zones=told)
        tariffs = table.whole("tariffs", 1, _MOST_TARIFFS)
        highest = max(plan.schedule.tariffs_used())
        if tariffs is not None and tariffs < highest:
            raise table.wrong("tariffs", "few tariffs", tariffs=tariffs, highest=highest)
        return TariffPlan(name=plan.name, schedule=plan.schedule, zones=zones, tariff_count=tariffs)


def _refuse_days_turned(table: _Reader, key: str, earlier: date | None, later: date | None) -> None:
    if earlier is not None and later is not None and later < earlier:
        raise table.wrong(key, "order of days", later=later, earlier=earlier)


def _zones(table: _Reader, schedule: YearSchedule) -> dict[str, Zone]:
    """What each tariff of the schedule counts: all of them, and nothing else."""
    registers = [f"T{tariff}" for tariff in sorted(schedule.tariffs_used())]
    value, words = table.values["zones"], [zone.value for zone in Zone]
    if (
        not isinstance(value, dict)
        or sorted(value) != registers
        or not all(isinstance(zone, str) and zone in words for zone in value.values())
    ):
        raise table.wrong("zones", "zones", words=", ".join(words), registers=", ".join(registers))
    return {register: Zone(value[register]) for register in registers}
