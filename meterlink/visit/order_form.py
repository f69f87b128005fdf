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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import Final

from meterlink.errors import ConfigError, OrderFormError, OrderZoneError, SecretNameError
from meterlink.model import Action
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
from meterlink.visit.order_tables import TableReader, not_wanted, one_of_words, parse_table, shown, shown_key
from meterlink.visit.seal_rules import seal_of
from meterlink.visit.secrets import check_reference
from meterlink.zone import parse_zone

FORMS: Final = ("toml", "json")

_LONGEST_NUMBER: Final = 64
"""Of an order: works and the files of their acts are named by it."""
_MOST_RATIO: Final = 1_000_000
_MOST_MINUTES: Final = 366 * 24 * 60
_MOST_TARIFFS: Final = 48
_NO_NUMBER: Final = "without a number"
_SCHEDULE_HEAD: Final = ("name", "title", "title_ru", "source", "zones")
_SCHEDULE_KEYS: Final = ("spec", "season", "special_days")

_WHY: Final = {
    "elsewhere": "{found} lies outside the folder of the order",
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
    "one seal": "{found} stands there already, and a number is that of one seal",
    "few tariffs": "{tariffs} shall be in force, and the schedule uses T{highest}",
}
_WANTED: Final = {
    "actions": "a list of {actions}",
    "display": "a text, a whole number, true or false, or a list or a table of them",
}
_ADVICE: Final = {
    "preset": "`meterlink order new` shows where it stands; docs/orders.md tells what each preset is.",
    "reference": "password_ref is a name for the password, as flat-5; never the password. It was not repeated here.",
}

_WISHES: Final = (Action.SCHEDULE, Action.TARIFF_MODE)
"""Actions that only a tariff plan explains."""


def read_order(raw: bytes, form: str, files: Callable[[str], bytes], *, name: str = "") -> Order:
    """The order that stands in these bytes; `files` gives the schedule file that it names.

    OrderFormError names the key, ScheduleError the place of a schedule. `name` is what errors call the order before
    its number is known.
    """
    if form not in FORMS:
        raise ConfigError(setting=form, why=not_wanted(form, one_of_words(FORMS)))
    attached: dict[str, bytes] = {}

    def attach(file: str) -> bytes:
        path = PurePath(file)
        if path.is_absolute() or path.drive or ".." in path.parts:  # an order brings in no file of somebody else's
            raise OrderFormError(order=name, where="schedule", why=_WHY["elsewhere"].format(found=shown(file)))
        attached[file] = files(file)
        return attached[file]

    called = name or _NO_NUMBER
    known = (*BY_NAME[""].keys, *filter(None, BY_NAME))
    top = TableReader(parse_table(raw, form, called, "the file"), known, "", called, form)
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
    content = parse_table(raw, "toml", order, file)
    head = TableReader(content, (*_SCHEDULE_KEYS, *_SCHEDULE_HEAD), file, order, "toml")
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


# --- the whole ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Whole:
    """All tables of one order."""

    top: TableReader
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
            seals_expected=self._seals(),
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
        raise self.top.error("password_ref", why, advice)

    def _actions(self) -> tuple[Action, ...]:
        if not self.top.values.get("actions"):
            wanted = _WANTED["actions"].format(actions=", ".join(Action))
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
                raise table.wrong(shown_key(key), "wrong", found=shown(each), wanted=_WANTED["display"])
        return table.values

    def _organisation(self) -> Organisation:
        table = self.top.inner("organisation")
        return Organisation(name=table.text("name"), **table.optional_texts("tax_number", "licence", "phone"))

    def _customer(self) -> Customer:
        table = self.top.inner("customer")
        customer = Customer(
            kind=table.option("kind", CustomerKind),
            **table.optional_texts("account_no", "contract_no", "name", "phone", "notice"),
        )
        if (customer.account_no is None) == (customer.contract_no is None):
            raise self.top.error("customer", _WHY["one account"])
        return customer

    def _address(self) -> PlaceAddress:
        table = self.top.inner("address")
        return PlaceAddress(
            settlement=table.text("settlement"), **table.optional_texts("street", "house", "building", "flat")
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
            **table.optional_texts("ct_type", "ct_numbers", "vt_type", "vt_numbers", "accuracy_class"),
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
                raise table.wrong("id", "again", found=shown(performer.id))
            seen.add(performer.id)
            yield performer

    def _seals(self) -> tuple[Seal, ...]:
        seen: list[Seal] = []
        for table in self.top.several("seals_expected"):
            seal = Seal(
                number=table.text("number"),
                place=table.text("place"),
                **table.optional_texts("kind", "owner"),
            )
            if seal_of(seal.number, seen):
                raise table.error("number", _WHY["one seal"].format(found=shown(seal.number)))
            seen.append(seal)
        return tuple(seen)

    # what does not go together

    def _refuse_contradictions(self, order: Order) -> None:
        actions, plan = order.actions, order.tariff_plan
        _refuse_days_turned(self.top, "valid_to", order.valid_from, order.valid_to)
        if Action.DST_OFF in actions and Action.DST_ON in actions:
            raise self.top.error("actions", _WHY["both dst"])
        for action in _WISHES:
            if action in actions and plan is None:
                raise self.top.error("actions", _WHY["needs plan"].format(action=action.value))
        for action, missing, why in (
            (Action.HOLIDAYS, order.holidays is None and plan is None, "needs holidays"),
            (Action.DISPLAY, not order.display, "needs display"),
            (Action.BUTTON_CORRECTION, order.button_correction_minutes is None, "needs minutes"),
        ):
            if action in actions and missing:
                raise self.top.error("actions", _WHY[why])

    # the tariff plan

    def _tariff_plan(self) -> TariffPlan | None:
        short = self.top.optional_text("tariff_plan")
        if "tariff" not in self.top:
            return None if short is None else self._preset(self.top, "tariff_plan", short)
        table = self.top.inner("tariff")
        if short is not None:
            raise self.top.error("tariff_plan", _WHY["two plans"])
        name, file = table.optional_text("preset"), table.optional_text("schedule")
        if (name is None) == (file is None):
            raise self.top.error("tariff", _WHY["one plan"])
        if file is not None:
            return self._with_wishes(table, read_schedule(self.files(file), file, order=table.order))
        return self._with_wishes(table, self._preset(table, "preset", str(name)))

    def _preset(self, table: TableReader, key: str, name: str) -> TariffPlan:
        try:
            found = preset(name)
        except ConfigError as error:
            raise table.error(key, error.why, _ADVICE["preset"]) from None
        return TariffPlan(name=found.name, schedule=found.schedule, zones=found.zones)

    def _with_wishes(self, table: TableReader, plan: TariffPlan) -> TariffPlan:
        zones = plan.zones
        if "zones" in table:
            zones = _zones(table, plan.schedule)
            if plan.zones and dict(plan.zones) != zones:
                told = ", ".join(f"{register} = {zone}" for register, zone in plan.zones.items())
                raise table.error("zones", _WHY["other zones"].format(plan=plan.name, zones=told))
        tariffs = table.whole("tariffs", 1, _MOST_TARIFFS)
        highest = max(plan.schedule.tariffs_used())
        if tariffs is not None and tariffs < highest:
            raise table.error("tariffs", _WHY["few tariffs"].format(tariffs=tariffs, highest=highest))
        return TariffPlan(name=plan.name, schedule=plan.schedule, zones=zones, tariff_count=tariffs)


def _refuse_days_turned(table: TableReader, key: str, earlier: date | None, later: date | None) -> None:
    if earlier is not None and later is not None and later < earlier:
        raise table.error(key, _WHY["order of days"].format(later=later, earlier=earlier))


def _zones(table: TableReader, schedule: YearSchedule) -> dict[str, Zone]:
    """What each tariff of the schedule counts: all of them, and nothing else."""
    registers = [f"T{tariff}" for tariff in sorted(schedule.tariffs_used())]
    value, words = table.values["zones"], [zone.value for zone in Zone]
    if (
        not isinstance(value, dict)
        or sorted(value) != registers
        or not all(isinstance(zone, str) and zone in words for zone in value.values())
    ):
        raise table.error("zones", _WHY["zones"].format(words=", ".join(words), registers=", ".join(registers)))
    return {register: Zone(value[register]) for register in registers}
