"""What a simulated meter begins with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

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
