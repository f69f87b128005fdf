"""The work order: who may do what to which meter, and what shall stand in it afterwards. Values only, no files.

Its written form, TOML or JSON, is `order_form`. Whatever an order does not list among its actions is refused.
Source: the fields of a work order as the trade uses them (docs/orders.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from enum import StrEnum
from typing import Final

from meterlink.errors import OrderError, OrderExpiredError
from meterlink.model import Action
from meterlink.tariff import YearSchedule
from meterlink.tariff.presets import Zone
from meterlink.zone import parse_zone

_WHY: Final = {
    "early": "it is valid from {day} on, and today is {today}",
    "late": "it was valid until {day}, and today is {today}",
    "certificate": "the certificate {certificate} of {name} ended on {day}, and today is {today}",
}


class CustomerKind(StrEnum):
    """Whose meter it is."""

    HOUSEHOLD = "household"
    COMPANY = "company"


class Basis(StrEnum):
    """Why the work is done."""

    APPLICATION = "application"
    SUPPLIER_LIST = "supplier-list"
    INSPECTION = "inspection"
    COMPLAINT = "complaint"
    DECREE = "decree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """One seal. Numbers are text: leading zeros, letters and Cyrillic occur."""

    number: str
    place: str
    kind: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Performer:
    """Who does the work. `id` names him in the log's records."""

    id: str
    name: str
    post: str
    certificate: str
    certificate_expires: date
    safety_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Whose performers they are."""

    name: str
    tax_number: str | None = None
    licence: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceAddress:
    """Where the meter hangs; a personal datum as a whole."""

    settlement: str
    street: str | None = None
    house: str | None = None
    building: str | None = None
    flat: str | None = None

    def __str__(self) -> str:
        parts = (self.settlement, self.street, self.house, self.building, self.flat)
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Household or company; exactly one of account and contract. Everything but `kind` is a personal datum."""

    kind: CustomerKind
    account_no: str | None = None
    contract_no: str | None = None
    name: str | None = None
    phone: str | None = None
    notice: str | None = None
    """How and when the customer was told of the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterExpected:
    """The meter that the order is about. `model` is a model id, or a name of one that a profile carries."""

    model: str
    serial_number: str
    network_address: str
    ct_type: str | None = None
    ct_numbers: str | None = None
    ratio_ct: int | None = None
    vt_type: str | None = None
    vt_numbers: str | None = None
    ratio_vt: int | None = None
    verification_last: date | None = None
    verification_next: date | None = None
    accuracy_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffPlan:
    """The schedule wanted, with what each register counts. `name` is that of the preset or the title of the file.

    `zones` (`T1` -> day) is empty where nobody said what the tariffs mean.
    """

    name: str
    schedule: YearSchedule
    zones: Mapping[str, Zone] = field(default_factory=dict, hash=False)
    tariff_count: int | None = None
    """How many tariffs shall be in force; None: as many as the schedule uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order. `text` are the bytes it was read from; `is_preview` where nobody issued it.

    `attached` are the files that it names, by the names it gives them; with them `order_form.order_again` makes the
    same order from `text`. `sha256` is the hash of all of it: see `order_form.order_hash`.
    """

    order_no: str
    order_date: date
    basis: Basis
    basis_text: str | None
    organisation: Organisation
    customer: Customer
    address: PlaceAddress
    meter: MeterExpected
    tz: str
    actions: tuple[Action, ...]
    performers: tuple[Performer, ...]
    nonce: str | None = None
    metering_point_id: str | None = None
    substation: str | None = None
    feeder: str | None = None
    seals_expected: tuple[Seal, ...] = ()
    tariff_plan: TariffPlan | None = None
    holidays: tuple[tuple[int, int], ...] | None = None
    """The table of special days wanted, (month, day); None: those of the tariff plan's schedule."""
    display: Mapping[str, object] | None = field(default=None, hash=False)
    button_correction_minutes: int | None = None
    clock_reason: str | None = None
    allow_over_24h: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    password_ref: str | None = None
    text: bytes = field(default=b"", repr=False)
    form: str = "toml"
    sha256: str = ""
    is_preview: bool = False
    attached: Mapping[str, bytes] = field(default_factory=dict, repr=False, hash=False)

    @property
    def zone(self) -> tzinfo:
        """The time zone of the meter's place."""
        return parse_zone(self.tz, "tz")

    def problems(self, today: date) -> list[OrderError]:
        """Why the order does not hold on this day, the weightiest first; nothing where it holds."""
        facts = {"order": self.order_no, "today": today.isoformat()}
        found: list[OrderError] = []
        if self.valid_from is not None and today < self.valid_from:
            why = _WHY["early"].format(day=self.valid_from, today=today)
            found.append(OrderExpiredError(why=why, **facts))
        if self.valid_to is not None and today > self.valid_to:
            why = _WHY["late"].format(day=self.valid_to, today=today)
            found.append(OrderExpiredError(why=why, **facts))
        for one in self.performers:
            if today > one.certificate_expires:
                day = one.certificate_expires
                why = _WHY["certificate"].format(certificate=one.certificate, name=one.name, day=day, today=today)
                found.append(OrderError(order=self.order_no, why=why))
        return found
