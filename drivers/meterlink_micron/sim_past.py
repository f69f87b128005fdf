"""What a simulated meter of the family keeps of past energy: the arrays of 05, 0A and 0B.

What was used in a time is the difference of the readings at its ends; the current one ends now. As if load, table and
clock had been the same all along (guess). Months and days go by the meter's own calendar. Marks: see `sim`.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from meterlink.sim.energy import EnergyRegisters
from meterlink_micron.energy_codec import TOTAL
from meterlink_micron.models import Table
from meterlink_micron.sim_memory import Memory

_DAYS_KEPT: Final = 31
_DAY: Final = timedelta(days=1)
_MONTH_START: Final = 0x83
_AT_START: Final = 0x80
"""The bit of an array's number that asks for readings instead of what was used."""


def registers_then(memory: Memory, table: Table, array: int, number: int, now: float) -> EnergyRegisters | None:
    """What the registers of an array hold; None for an array that the model lacks or a record that is none."""
    memory.advance(now)
    energy, today = memory.energy, memory.clock.local(now).date()
    if array == TOTAL:
        return energy.registers(now)
    days = _days_of(array & ~_AT_START, number, today, table.months_used) if array in table.arrays else None
    if days is None:
        return None
    if array == _MONTH_START:
        return energy.month_start(days[0].year, days[0].month, now) or EnergyRegisters(energy_uj={})
    began = energy.stood_at(datetime.combine(days[0], time.min), now).energy_uj
    if array & _AT_START:
        return EnergyRegisters(energy_uj=began)
    ended = energy.stood_at(datetime.combine(days[1], time.min), now) if days[1] <= today else energy.registers(now)
    return EnergyRegisters(energy_uj={tariff: uj - began.get(tariff, 0) for tariff, uj in ended.energy_uj.items()})


def _days_of(array: int, number: int, today: date, months: int) -> tuple[date, date] | None:
    """The first day of what an array of consumption is about, and the first one behind it; None for no record."""
    match array:
        case 1 | 2:
            year = today.year - (array - 1)
            return date(year, 1, 1), date(year + 1, 1, 1)
        case 3 if 1 <= number <= 12:
            return _month(today.year - (number > today.month), number)
        case 3 if number == 13 and months == 13:
            return _month(today.year - 1, today.month)
        case 4 | 5:
            day = today - timedelta(days=array - 4)
            return day, day + _DAY
        case 6:
            days = [today - timedelta(days=back) for back in range(_DAYS_KEPT)]
            return next(((day, day + _DAY) for day in days if day.day == number), None)
        case _:
            return None


def _month(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
