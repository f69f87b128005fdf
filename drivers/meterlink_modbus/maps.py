"""The register map of a model: `[driver_table]` of its profile as typed values, and whether that table makes sense.

Numbers are data. No address of any meter stands in this driver: a further meter is a further profile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from meterlink.model import Direction, Quantity
from meterlink_modbus.tables import ClockForm, Tariffs
from meterlink_modbus.values import Number

ADDRESSES: Final = range(0x10000)
"""Of registers, counted from 0 as they are sent."""
REGISTERS: Final = ("total", *(f"T{number}" for number in range(1, 9)))
COMBINED: Final = "combined"
"""What a profile says for a register of both directions, counted as a setting of the meter has it."""
SERIAL_NUMBER: Final = "serial number"
FIRMWARE: Final = "firmware"

ENERGY_UNITS: Final[Mapping[str, tuple[Quantity, Decimal]]] = {
    "Wh": (Quantity.ACTIVE, Decimal("0.001")),
    "kWh": (Quantity.ACTIVE, Decimal(1)),
    "MWh": (Quantity.ACTIVE, Decimal(1000)),
    "varh": (Quantity.REACTIVE, Decimal("0.001")),
    "kvarh": (Quantity.REACTIVE, Decimal(1)),
    "Mvarh": (Quantity.REACTIVE, Decimal(1000)),
}
"""What a unit of energy counts, and how many kWh or kvarh it is."""

QUANTITIES: Final[Mapping[str, tuple[str, ...]]] = {
    "voltage": ("V",),
    "current": ("A",),
    "active power": ("W", "kW"),
    "reactive power": ("var", "kvar"),
    "apparent power": ("VA", "kVA"),
    "power factor": ("",),
    "frequency": ("Hz",),
}
"""Momentary quantities with the units that they may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """One energy register: T1 imported, and how many kWh or kvarh one unit of it is.

    `direction` is None where a setting of the meter decides what it counts.
    """

    register: str
    direction: Direction | None
    quantity: Quantity
    factor: Decimal
    number: Number

    @property
    def name(self) -> str:
        if self.direction is None:
            return f"{COMBINED} {self.quantity.value} {self.register}"
        return f"{self.quantity.value} {self.direction.value} {self.register}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """One momentary quantity."""

    quantity: str
    phase: str | None
    unit: str
    number: Number

    @property
    def name(self) -> str:
        return self.quantity if self.phase is None else f"{self.quantity} {self.phase}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One further number under a name: who the meter is, or a state of it. `words` tell what its values mean."""

    name: str
    unit: str
    words: Mapping[str, str]
    number: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """`[driver_table]`, typed.

    `function`         03h for holding registers, 04h for input registers
    `most_registers`   how many the meter gives in one answer
    `readable`         what is known to be there: what lies between two registers of one such range may be read over
    `writable`         what may be written at all
    `factory_address`  the unit id from the factory
    `address_register` where the meter keeps its unit id; never written by meterlink
    `identity`, `energy`, `instant`, `status`   the numbers of a reading
    `clock`, `tariffs` the blocks that are more than numbers
    """

    function: int
    most_registers: int
    readable: tuple[range, ...]
    writable: tuple[range, ...]
    factory_address: int
    address_register: int | None
    identity: tuple[Fact, ...]
    energy: tuple[Energy, ...]
    instant: tuple[Instant, ...]
    status: tuple[Fact, ...]
    clock: ClockForm | None
    tariffs: Tariffs | None

    def numbers(self) -> Iterator[tuple[str, Number]]:
        """Every number of the map, with the key and the name under which a profile has it."""
        yield from ((f"identity {row.name}", row.number) for row in self.identity)
        yield from ((f"energy {row.name}", row.number) for row in self.energy)
        yield from ((f"instant {row.name}", row.number) for row in self.instant)
        yield from ((f"status {row.name}", row.number) for row in self.status)

    def blocks(self) -> Iterator[tuple[str, int, int]]:
        """Every block that is more than a number: key and name, address, count."""
        if self.clock is not None:
            yield "clock", self.clock.address, self.clock.count
        if self.tariffs is not None:
            for name, (address, count) in self.tariffs.places.items():
                yield f"tariffs {name}", address, count

    def may_write(self, address: int, count: int) -> bool:
        """Whether all of these registers are among those that may be written."""
        return any(address in one and address + count - 1 in one for one in self.writable)
