"""What the first record of a work holds: who met which meter on whose order, and what was seen there.

Personal data are named apart: the record gets commitments to them, never the values. Layout: docs/audit-format.md 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meterlink.model import Identity
from meterlink.profiles import Profile
from meterlink.visit.facts import known
from meterlink.visit.form import Form
from meterlink.visit.order import Order, Seal, TariffPlan
from meterlink.visit.plan import TimeSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """Which meter was met: by the order and by its own words, over which kind of port, by which program."""

    order: Order
    profile: Profile
    identity: Identity
    port: str
    program: str
    arrived_at: datetime
    time_source: TimeSource
    experimental: bool


def opening_facts(visited: Visited, form: Form) -> dict[str, Any]:
    """All of it but the personal data."""
    return known(
        {
            "arrived_at": visited.arrived_at.isoformat(timespec="milliseconds"),
            **_order_facts(visited.order),
            "meter": _meter_facts(visited),
            **_people_facts(visited.order, form),
            **_form_facts(form),
            "port": visited.port,
            "program": visited.program,
            "time_source": visited.time_source.value,
            "experimental": visited.experimental,
        }
    )


def personal_data(order: Order, form: Form) -> dict[str, str]:
    """Personal data by the name of their commitment."""
    customer = order.customer
    found = {
        "account_no": customer.account_no,
        "contract_no": customer.contract_no,
        "address": str(order.address),
        "customer_name": customer.name,
        "customer_phone": customer.phone,
        "notice": customer.notice,
        "representative": form.representative,
    }
    return {name: value for name, value in found.items() if value}


def seal_facts(seal: Seal) -> dict[str, Any]:
    """A seal, as every record names it."""
    return _facts_of(seal, ("number", "place", "kind", "owner"))


def _order_facts(order: Order) -> dict[str, Any]:
    """What was ordered, and where."""
    return {
        "order": known(
            {
                "number": order.order_no,
                "date": order.order_date,
                "basis": order.basis.value,
                "basis_text": order.basis_text,
                "sha256": order.sha256,
                "nonce": order.nonce,
                "valid_from": order.valid_from,
                "valid_to": order.valid_to,
            }
        ),
        "place": {"tz": order.tz} | _facts_of(order, ("metering_point_id", "substation", "feeder")),
        "actions": [action.value for action in order.actions],
        "tariff_plan": None if order.tariff_plan is None else _plan_facts(order.tariff_plan),
        "clock_reason": order.clock_reason,
    }


def _plan_facts(plan: TariffPlan) -> dict[str, Any]:
    zones = [{"register": register, "zone": zone.value} for register, zone in plan.zones.items()]
    return {"name": plan.name, "zones": zones}


def _meter_facts(visited: Visited) -> dict[str, Any]:
    order, identity, profile = visited.order, visited.identity, visited.profile
    return known(
        {
            "family": identity.family,
            "model": identity.model,
            "names": list(profile.names),
            "serial_number": order.meter.serial_number,
            "answered": identity.serial_number,
            "address": identity.address,
            "firmware": identity.firmware,
            "manufactured": identity.manufactured,
            "profile_sha256": profile.sha256,
            **_facts_of(
                order.meter,
                (
                    *("ct_type", "ct_numbers", "ratio_ct", "vt_type", "vt_numbers", "ratio_vt"),
                    *("accuracy_class", "verification_last", "verification_next"),
                ),
            ),
        }
    )


def _people_facts(order: Order, form: Form) -> dict[str, Any]:
    """Who works for whom, and who is there."""
    return {
        "organisation": _facts_of(order.organisation, ("name", "tax_number", "licence", "phone")),
        "performers": [
            _facts_of(each, ("id", "name", "post", "certificate", "certificate_expires", "safety_group"))
            for each in order.performers
        ],
        "customer": {
            "kind": order.customer.kind.value,
            "presence": form.presence.value,
            "representative": form.representative is not None,
        },
    }


def _form_facts(form: Form) -> dict[str, Any]:
    """The seals."""
    return {
        "seals": [seal_facts(found.seal) | {"state": found.state.value} for found in form.seals_found],
        "form_stated": form.stated,
        "removed": [known(seal_facts(seal) | {"reason": form.seal_reason}) for seal in form.seals_removed],
    }


def _facts_of(value: object, names: Iterable[str]) -> dict[str, Any]:
    return known({name: getattr(value, name) for name in names})
