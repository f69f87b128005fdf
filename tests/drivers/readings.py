"""The readings that every family has, as the tests of a family go through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from meterlink.driver import Driver, Target
from meterlink.flow import Flow
from meterlink.model import Archive, ArchiveReading, JournalReading
from meterlink.profiles import ARCHIVES


@dataclass(frozen=True, slots=True)
class Reading:
    """One capability as a flow; `needs` is what a profile calls it, "" where every model has it."""

    name: str
    flow: Callable[[Target], Flow[Any]]
    needs: str = ""


def readings(driver: Driver, *, archived: int, records: int, journals: Sequence[str]) -> tuple[Reading, ...]:
    """All of a driver: so many months and days of the archives, so many records of each journal."""

    def journal(name: str, target: Target) -> Flow[JournalReading]:
        return driver.read_journal(target, name, records)

    def archive(wanted: Archive, target: Target) -> Flow[ArchiveReading]:
        return driver.read_archive(target, wanted, archived)

    kept = [archive for archive, needs in ARCHIVES.items() if needs in driver.capabilities]
    return (
        Reading("identity", driver.identify, "identity"),
        Reading("energy", driver.read_energy, "energy"),
        Reading("instant", driver.read_instant, "instant"),
        Reading("clock", driver.read_clock, "clock"),
        Reading("dst", driver.read_dst, "dst"),
        Reading("tariff mode", driver.read_tariff_mode, "tariff_count"),
        Reading("schedule", driver.read_schedule, "schedule"),
        Reading("holidays", driver.read_holidays, "holidays"),
        *(Reading(ARCHIVES[each], partial(archive, each), ARCHIVES[each]) for each in kept),
        Reading("status", driver.read_status),
        *(Reading(f"{name} journal", partial(journal, name), f"journal_{name}") for name in journals),
    )


def timeless(value: Any) -> Any:
    """A reading without the moments at which it was taken."""
    names = {"read_at", "asked_at", "answered_at", "local"}
    return {name: getattr(value, name) for name in value.__dataclass_fields__ if name not in names}


def has(target: Target, reading: Reading) -> bool:
    """Whether the profile of the model says so."""
    support = target.profile.supports.get(reading.needs)
    return not reading.needs or (support is not None and support.supported)
