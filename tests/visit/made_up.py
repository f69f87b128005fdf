"""Orders, states and drivers that the tests of planning are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from meterlink.driver import SoftCorrection
from meterlink.model import Action, ClockReading, Evidence
from meterlink.profiles import Profile
from meterlink.sim.state import SimState
from meterlink.tariff import DayKind, Season, SpecialDay, YearSchedule, preset
from meterlink.testing import START, pair
from meterlink.visit.order import (
    Basis,
    Customer,
    CustomerKind,
    MeterExpected,
    Order,
    Organisation,
    Performer,
    PlaceAddress,
    TariffPlan,
)
from meterlink.visit.snapshot import Snapshot, take_snapshot
from meterlink_mercury200 import DRIVER
from meterlink_mercury200.driver import Mercury200
from tests.drivers.mercury200.meters import target_of

TARGET = target_of("mercury-200.02", "925646")
PROFILE = TARGET.profile
MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime.fromtimestamp(START, UTC)
"""Monday 21.07.2025 14:05:09 in Moscow: away from every edge, also an hour later."""
HOUR = timedelta(hours=1)
ONE_ZONE = preset("ru-household-1").schedule
TWO_ZONES = preset("ru-household-2").schedule
THREE_ZONES = preset("ru-household-3").schedule
NEW_YEAR = SpecialDay(month=1, day=1, kind=DayKind.HOLIDAY)


class SoftMeter(Mercury200):
    """A family whose clock can run into the right time, up to four minutes."""

    def soft_correction(self, profile: Profile) -> SoftCorrection | None:
        return SoftCorrection(limit=timedelta(minutes=4))


class NeverWrites(Mercury200):
    """A family whose driver writes nothing but the clock."""

    @property
    def step_order(self) -> tuple[Action, ...]:
        return (Action.CLOCK,)


def state(*, schedule: YearSchedule = ONE_ZONE, dst: bool = True, error: timedelta = timedelta()) -> Snapshot:
    """What a simulated meter of 2010 answers, read whole."""
    return _state(schedule.seasons, schedule.special_days, dst, error)


@cache
def _state(seasons: tuple[Season, ...], days: tuple[SpecialDay, ...], dst: bool, error: timedelta) -> Snapshot:
    # by the parts of the schedule: schedules of one calendar are equal, and their tables in a meter may differ
    schedule = YearSchedule(seasons=seasons, special_days=days)
    begin = SimState(started_at=START, address=TARGET.address, clock_error=error, dst_enabled=dst, schedule=schedule)
    meter, _ = pair(DRIVER, TARGET, begin)
    return meter.run(take_snapshot(DRIVER, TARGET, MOSCOW))


def clock(meter: datetime, right: datetime, zone: str = "Europe/Moscow") -> ClockReading:
    """A reading of this meter time while `right` is the local time of the place."""
    reference = right.replace(tzinfo=ZoneInfo(zone))
    return ClockReading(meter=meter, reference=reference, error=meter - right, uncertainty=timedelta(seconds=0.5))


def off(
    error: timedelta, right: datetime = datetime(2025, 7, 21, 14, 5, 9), zone: str = "Europe/Moscow"
) -> ClockReading:
    return clock(right + error, right, zone)


def plan_of(name: str) -> TariffPlan:
    found = preset(name)
    return TariffPlan(name=found.name, schedule=found.schedule, zones=found.zones)


PERFORMER = Performer(
    id="p1",
    name="Ivanov I. I.",
    post="electrician",
    certificate="123",
    certificate_expires=date(2027, 1, 1),
    safety_group="III",
)


def order(*actions: Action, preview: bool = False, **changed: Any) -> Order:
    """An order for the simulated meter with two zones, a reason for a hard set, and these actions."""
    made = Order(
        order_no="2026-17",
        order_date=date(2025, 7, 18),
        basis=Basis.APPLICATION,
        basis_text=None,
        organisation=Organisation(name="Electrical works Ltd"),
        customer=Customer(kind=CustomerKind.HOUSEHOLD, account_no="0012345"),
        address=PlaceAddress(settlement="Moscow"),
        meter=MeterExpected(model="mercury-200.02", serial_number="06925646", network_address="925646"),
        tz="Europe/Moscow",
        actions=actions,
        performers=(PERFORMER,),
        tariff_plan=plan_of("ru-household-2"),
        clock_reason="not visited since 2014",
        is_preview=preview,
    )
    return replace(made, **changed)


def profile_with(**evidence: Evidence | bool | None) -> Profile:
    """The profile with other words about some capabilities: evidence, supported or not, or nothing at all."""
    supports = dict(PROFILE.supports)
    for name, said in evidence.items():
        if said is None:
            del supports[name]
        elif isinstance(said, Evidence):
            supports[name] = replace(supports[name], evidence=said)
        else:
            supports[name] = replace(supports[name], supported=said, note="the maker left it out")
    return replace(PROFILE, supports=supports)


def with_stored(snapshot: Snapshot, changed: Mapping[str, str]) -> Snapshot:
    """The state with other stored values, which the rest of it does not show."""
    return replace(snapshot, stored={**snapshot.stored, **changed})
