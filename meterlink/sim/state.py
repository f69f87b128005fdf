"""What a simulated meter begins with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from meterlink.sim.clock import MeterClock, local_from_us, microseconds
from meterlink.sim.energy import EnergyMeter, SwitchesOn
from meterlink.tariff import YearSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class SimState:
    """The beginning of a simulated meter; None leaves a choice to the family.

    `started_at` seconds since 1970 UTC; `utc_offset` the local time of the place; `clock_error` meter minus local time;
    `load_w` the constant load; `energy_kwh` T1, T2, ... at the start; `gap_s` the silence that ends a frame, None = as
    the meter has it (doors in real time need more).
    """

    started_at: float
    serial_number: str | None = None
    address: str | None = None
    utc_offset: timedelta = field(default=timedelta(hours=3))
    clock_error: timedelta = field(default=timedelta())
    dst_enabled: bool = False
    schedule: YearSchedule | None = None
    load_w: int = 588
    energy_kwh: tuple[Decimal, ...] = (Decimal("621.42"), Decimal("208.34"), Decimal(0), Decimal(0))
    seed: int = 0
    gap_s: float | None = None

    @property
    def local(self) -> datetime:
        """What the meter's clock shows at the start."""
        return local_from_us(microseconds(self.started_at)) + self.utc_offset + self.clock_error

    def energy(self, clock: MeterClock, switches_on: SwitchesOn, archive_months: int) -> EnergyMeter:
        """What it counts from the start on, with an archive as if it had counted so all along."""
        counted = EnergyMeter(
            clock=clock,
            switches_on=switches_on,
            now=self.started_at,
            load_w=self.load_w,
            start_kwh=self.energy_kwh,
            archive_months=archive_months,
        )
        counted.remember_past()
        return counted
