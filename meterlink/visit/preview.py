"""An order that nobody issued: what a plan without an order is made from. Nothing is ever written by it."""

from __future__ import annotations

from datetime import date
from typing import Final

from meterlink.model import Action
from meterlink.visit.order import (
    Basis,
    Customer,
    CustomerKind,
    MeterExpected,
    Order,
    Organisation,
    PlaceAddress,
    TariffPlan,
)

PREVIEW: Final = "preview"


def preview_order(
    *,
    model: str,
    serial_number: str,
    address: str,
    tz: str,
    actions: tuple[Action, ...],
    tariff_plan: TariffPlan | None,
    today: date,
) -> Order:
    """What was asked for on the command line, in the form of an order; `tz` is empty where no zone was given."""
    return Order(
        order_no=PREVIEW,
        order_date=today,
        basis=Basis.APPLICATION,
        basis_text=None,
        organisation=Organisation(name=PREVIEW),
        customer=Customer(kind=CustomerKind.HOUSEHOLD),
        address=PlaceAddress(settlement=""),
        meter=MeterExpected(model=model, serial_number=serial_number, network_address=address),
        tz=tz,
        actions=actions,
        performers=(),
        tariff_plan=tariff_plan,
        is_preview=True,
    )
