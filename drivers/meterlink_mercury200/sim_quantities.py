"""What a simulated Mercury 200 measures, as its payloads: a constant load on a constant mains. Pure.

With the load that a simulated meter has by itself this is what a real meter once answered: 235.8 V, 2.64 A, 588 W
(m200-mrkrasser-63). Marks [documented], [seen], [guess] and chapters: see `sim_memory`.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Final

from meterlink.sim.energy import EnergyRegisters
from meterlink.wire.payload import encode_bcd
from meterlink_mercury200 import values

TARIFFS: Final = range(1, 5)
VOLTAGE_V: Final = Decimal("235.8")  # seen
FREQUENCY_HZ: Final = Decimal("50.00")
COS_PHI: Final = Decimal("0.945")  # seen: 588 W of 235.8 V x 2.64 A
TAN_PHI: Final = Decimal("0.346")

_KWH_ROLLOVER: Final = 10**6
_DECIMALS: Final = 2


def energies(registers: EnergyRegisters | None) -> values.Energies:
    """In steps of 0.01 kWh [documented, 7.2]; of a month as they stood at its start [documented, 7.11].

    The registers roll over at 1 000 000 kWh [guess]; an archive record that was never made is 0 [guess].
    """
    shown = (Decimal(0) if registers is None else registers.kwh(tariff, _DECIMALS) for tariff in TARIFFS)
    t1, t2, t3, t4 = (amount % _KWH_ROLLOVER for amount in shown)
    return values.Energies((t1, t2, t3, t4))


def reactive_energies(registers: EnergyRegisters | None) -> values.ReactiveEnergies:
    """A fixed share of the active energy [guess]."""
    active = energies(registers).amounts
    t1, t2, t3, t4 = ((amount * TAN_PHI).quantize(Decimal("0.01"), ROUND_DOWN) for amount in active)
    return values.ReactiveEnergies((t1, t2, t3, t4))


def load_power(load_w: int) -> values.Power:
    """In steps of 10 W [documented], cut [guess]."""
    return values.Power(_at_most(Decimal(load_w // 10), 4).scaleb(-2))


def instant(load_w: int) -> values.Instant:
    return values.Instant(VOLTAGE_V, _current_ca(load_w).scaleb(-2), _at_most(Decimal(load_w), 6))


def maximum(load_w: int, number: int) -> int:
    """Of 0 voltage, 1 current, 2 power [documented] in 0.1 V, 0.01 A, 0.01 kW [guess]; four digits."""
    counts = (VOLTAGE_V * 10, _current_ca(load_w), Decimal(load_w // 10))
    return int(_at_most(_rounded(counts[number]), 4))


def reactive_power(load_w: int) -> bytes:
    return _digits(load_w * TAN_PHI, 3)


def power_factor(load_w: int) -> bytes:
    """Cos phi in thousandths, then the apparent power [documented]."""
    return _digits(COS_PHI * 1000, 2) + _digits(_apparent_va(load_w), 3)


def _apparent_va(load_w: int) -> Decimal:
    return load_w / COS_PHI


def _current_ca(load_w: int) -> Decimal:
    """In 0.01 A."""
    return _at_most(_rounded(_apparent_va(load_w) / VOLTAGE_V * 100), 4)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1), ROUND_HALF_UP)


def _at_most(value: Decimal, digits: int) -> Decimal:
    """What does not fit shows as nines [guess]."""
    return min(value, Decimal(10**digits - 1))


def _digits(value: Decimal, size: int) -> bytes:
    return encode_bcd(int(_at_most(_rounded(value), 2 * size)), size)
