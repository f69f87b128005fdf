"""Momentary quantities by their number RWRI: quantity << 4 | parameter << 2 | phase; what a count of them is worth.

U  N/100 V * Kn      I  N/10 mA * Ci * Kt      P, Q, S  N/1000 W * Kc * Kn * Kt      frequency, factors  N/100
Source: docs/protocols/micron.md, chapter 13
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

PHASES: Final = ("A", "B", "C")
BATTERY: Final = 0x1C
FREQUENCY: Final = 0x40


@dataclass(frozen=True, slots=True)
class Kind:
    """One quantity: `number` is its RWRI without a phase; `sums` says that phase 0 is the sum of all."""

    number: int
    unit: str
    sums: bool = False
    of_voltage: bool = False
    of_current: bool = False
    places: int = 2

    @property
    def is_power(self) -> bool:
        return self.of_voltage and self.of_current

    def amount(self, count: int, ratios: tuple[int, int], scales: tuple[int | None, int]) -> Decimal:
        """`ratios` are Kn and Kt, `scales` Kc and Ci; Kc counts for powers alone."""
        factor = ratios[0] if self.of_voltage else 1
        if self.of_current:
            factor *= ratios[1] * ((scales[0] or 1) if self.is_power else scales[1])
        return Decimal(count * factor).scaleb(-self.places)


KINDS: Final[Mapping[str, Kind]] = {
    "voltage": Kind(0x10, "V", of_voltage=True),
    "current": Kind(0x20, "A", of_current=True, places=4),
    "active power": Kind(0x00, "W", sums=True, of_voltage=True, of_current=True, places=3),
    "reactive power": Kind(0x04, "var", sums=True, of_voltage=True, of_current=True, places=3),
    "apparent power": Kind(0x08, "VA", sums=True, of_voltage=True, of_current=True, places=3),
    "power factor": Kind(0x30, "", sums=True),
    "frequency": Kind(FREQUENCY, "Hz"),
}
"""Those that meterlink reads."""

_NAMES: Final[Mapping[int, str]] = {
    0x00: "active power",
    0x04: "reactive power",
    0x08: "apparent power",
    0x10: "voltage",
    0x14: "voltage between phases",
    0x18: "voltage of positive sequence",
    0x1C: "battery voltage",
    0x20: "current",
    0x24: "distortion of current",
    0x28: "zero sequence of current",
    0x2C: "negative sequence of current",
    0x30: "cos phi",
    0x34: "sin phi",
    0x38: "tg phi",
    0x40: "frequency",
    0x50: "time of latching",
    0x70: "temperature",
    0x80: "distortion of phase voltage",
    0x84: "distortion of voltage between phases",
    0x88: "negative sequence of voltage",
    0x8C: "zero sequence of voltage",
    0x90: "averaged frequency",
    0xE0: "loss of active power",
    0xE4: "loss of reactive power",
    0xF0: "latched energy",
}


def name_of(number: int) -> str:
    """A number RWRI in words."""
    name = _NAMES.get(number & 0xFC)
    if name is None:
        name = "averaged value" if 0xA0 <= number < 0xC0 else "unknown quantity"
    phase = number & 3
    return f"{name} {phase}" if phase else name
