"""The meter that an order is about: where the order and the command line say it is, and that it is the right one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, tzinfo
from typing import Final

from meterlink.cli.connect import Meter, Place, connected_at, find_place, library
from meterlink.cli.key_ring import resolve_secret
from meterlink.cli.options import Given
from meterlink.cli.settings import Setting, resolve, surroundings
from meterlink.errors import ConfigError, NotOrderedMeterError
from meterlink.flow import Gate, closed_gate
from meterlink.link.port import PortKind
from meterlink.model import Action
from meterlink.profiles import Profile
from meterlink.registry import load_driver
from meterlink.visit.carrying import Site
from meterlink.visit.order import Order
from meterlink.visit.order_check import check_address
from meterlink.visit.secrets import Secret
from meterlink.visit.session import Frames

_ORIGIN: Final = "the order"
_WHY: Final = {
    "other": "the order says {wanted}",
}
_ADVICE: Final = {
    "other": "Leave --{name} out, or have the order corrected.",
}


def refuse_unfit(order: Order) -> None:
    """OrderError where the order does not hold today."""
    for problem in order.problems(today(order.zone)):
        raise problem


def today(zone: tzinfo | None) -> date:
    """The date at the meter's place, or where this computer is."""
    return datetime.now(zone).astimezone(zone).date()


def place_of(given: Given, order: Order) -> Place:
    """Port by the command line; model, address and time zone by the order, which options may not contradict."""
    profiles = library()
    settings = resolve(given.values, surroundings())
    settings.pop("secret_ref", None)  # the order names it
    wanted = {"model": profiles.named(order.meter.model).model, "address": order.meter.network_address, "tz": order.tz}
    profile = profiles.get(wanted["model"])
    check_address(order, profile, load_driver(profile.driver))
    said = dict(given.values)
    if "model" in said:
        said["model"] = profiles.named(said["model"]).model
    for name, value in wanted.items():
        if said.get(name, value) != value:
            why, advice = _WHY["other"].format(wanted=value), _ADVICE["other"].format(name=name)
            raise ConfigError(setting=f"--{name}", why=why, advice=advice)
    ordered = {name: Setting(name=name, value=value, origin=_ORIGIN) for name, value in wanted.items()}
    place = find_place({**settings, **ordered}, profiles)
    return replace(place, target=replace(place.target, secret=_secret(order, profile)))


def _secret(order: Order, profile: Profile) -> Secret | None:
    """The password that the order names, where the model asks for one to do what the order lists."""
    writes = any(action is not Action.READ for action in order.actions)
    if order.password_ref is None or not profile.access.levels:
        return None
    return resolve_secret(order.password_ref) if writes or profile.access.reading_needs else None


@contextmanager
def at_meter(place: Place, order: Order, *, gate: Gate = closed_gate, frames: Frames | None = None) -> Iterator[Meter]:
    """The meter of the order; NotOrderedMeterError where another one answers, before anything else is asked."""
    with connected_at(place, gate=gate, observer=frames) as meter:
        plate, answered = order.meter.serial_number, meter.identity.serial_number
        if plate and not meter.driver.same_serial(plate, answered):
            raise NotOrderedMeterError(address=meter.target.address, plate=plate, answered=answered)
        yield meter


def site_of(meter: Meter, place: Place) -> Site:
    """The same as the visit sees it."""
    assert meter.zone is not None  # an order has a time zone
    virtual = place.url.kind is PortKind.SIM
    return Site(
        talk=meter.dialogue,
        driver=meter.driver,
        target=meter.target,
        identity=meter.identity,
        zone=meter.zone,
        wall=None if virtual else time.time,
    )
