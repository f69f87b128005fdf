"""What a simulated Modbus meter remembers: the registers of its map, a clock, tariff tables, energy.

Made from the same map as the driver reads by, so it tells nothing about addresses; those are checked against published
frames (tests/drivers/modbus/test_vectors.py). Marks: [documented], [seen] by a program with a real meter, [guess].
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from meterlink.driver import Unliftable
from meterlink.errors import ConfigError
from meterlink.model import Direction, Quantity
from meterlink.profiles import Profile
from meterlink.sim.clock import MeterClock
from meterlink.sim.energy import EnergyRegisters, Switches
from meterlink.sim.state import SimState
from meterlink.tariff import YearSchedule
from meterlink.wire.payload import PayloadError
from meterlink_modbus.address import plate_digits
from meterlink_modbus.map_reader import map_of
from meterlink_modbus.maps import FIRMWARE, SERIAL_NUMBER, Energy, Instant
from meterlink_modbus.schedule import Image, factory_image, lift, lower, schedule_limits
from meterlink_modbus.tables import Tariffs
from meterlink_modbus.values import Number

_SERIAL: Final = "20210123"
_FIRMWARE: Final = Decimal("1.01")
_VOLT: Final = Decimal(230)
_HERTZ: Final = Decimal(50)
_UNITS: Final = {"kW": Decimal("0.001"), "kVA": Decimal("0.001"), "kvar": Decimal("0.001")}
_BY_UJ: Final = Decimal(1).scaleb(-6) / 3600 / 1000
_NO_SERIAL: Final = "{text!r} is no number, and the registers of this model hold nothing else"
_TOO_LONG: Final = "{text!r} has more digits than the registers of this model hold"


class RefusedBySim(Exception):
    """A simulated meter answers with this exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a simulated meter differs from the usual one.

    `latency_s`           between the silence that ends a request and its answer [guess]
    `clock_running`       False: a stopped clock
    `most_registers`      more of them in one request are refused with exception 03; None: as the profile says
    `refuses`             registers whose reading and writing is refused with exception 02
    `ignores_writes`      registers that acknowledge a write and stay as they are
    `dies_after_writes`   so many writes are done, then the power goes as the next one comes, which is lost
    `loses_power_for_s`   it comes back after so long, with everything remembered; None: it stays away
    """

    latency_s: float = 0.010
    clock_running: bool = True
    most_registers: int | None = None
    refuses: Collection[int] = frozenset()
    ignores_writes: Collection[int] = frozenset()
    dies_after_writes: int | None = None
    loses_power_for_s: float | None = None


class Memory:
    """Everything a meter remembers. `writes_done` counts the writes that were carried out."""

    def __init__(self, profile: Profile, state: SimState, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.map = map_of(profile)
        self._who = {name: value for name, (value, *_) in profile.match.items() if isinstance(value, int)}
        self.serial_number = self._serial_number(state)
        self.address = int(state.address or self.map.factory_address)
        self.writes_done = 0
        self.load_w = state.load_w
        self.clock = MeterClock(state.local, state.started_at, running=behaviour.clock_running)
        self._image = _first_image(self.map.tariffs, state, profile)
        self._lifted = self._lift()
        self._weekday_shift = 0
        self.energy = state.energy(self.clock, self._switches_on, archive_months=1)

    def _serial_number(self, state: SimState) -> str:
        number = next((fact.number for fact in self.map.identity if fact.name == SERIAL_NUMBER), None)
        if number is None:
            return state.serial_number or ""
        text = state.serial_number or _SERIAL
        digits = plate_digits(text)
        if digits is None:
            raise ConfigError(setting="serial number", why=_NO_SERIAL.format(text=text))
        raw = number.encode(Decimal(digits))
        if number.digits(raw).lstrip("0") != digits.lstrip("0"):
            raise ConfigError(setting="serial number", why=_TOO_LONG.format(text=text))
        return number.digits(raw)

    # --- what stands where -------------------------------------------------------------------------------------------

    def read(self, address: int, count: int, now: float) -> bytes:
        """The registers as they are; RefusedBySim where one of them is not there."""
        wanted = range(address, address + count)
        if any(one in self.behaviour.refuses for one in wanted):
            raise RefusedBySim(0x02)
        registers = dict.fromkeys((one for span in self.map.readable for one in span if one in wanted), 0)
        for start, data in self._contents(wanted, now):
            for i in range(0, len(data), 2):
                registers[start + i // 2] = int.from_bytes(data[i : i + 2], "big")
        if any(one not in registers for one in wanted):
            raise RefusedBySim(0x02)
        return b"".join(registers[one].to_bytes(2, "big") for one in wanted)

    def _contents(self, wanted: range, now: float) -> Iterator[tuple[int, bytes]]:
        """Every mapped value that lies in the wanted registers, with its address."""
        counted: EnergyRegisters | None = None
        for row in self.map.energy:
            if _meets(row.number, wanted):
                counted = counted or self.energy.registers(now)
                yield row.number.address, row.number.encode(_amount(row, counted) / row.factor)
        for instant in self.map.instant:
            if _meets(instant.number, wanted):
                yield instant.number.address, instant.number.encode(self._momentary(instant))
        for fact in (*self.map.identity, *self.map.status):
            if _meets(fact.number, wanted):
                yield fact.number.address, fact.number.encode(self._told(fact.name, fact.number))
        yield from self._blocks(now)

    def _blocks(self, now: float) -> Iterator[tuple[int, bytes]]:
        if self.map.clock is not None:
            yield self.map.clock.address, self._clock_bytes(now)
        if self.map.tariffs is not None:
            for name, (address, _) in self.map.tariffs.places.items():
                yield address, self._image[name]
        if self.map.address_register is not None:
            yield self.map.address_register, self.address.to_bytes(2, "big")

    def _told(self, name: str, number: Number) -> Decimal:
        if name == SERIAL_NUMBER:
            return Decimal(self.serial_number)
        if name == FIRMWARE:
            return _FIRMWARE
        return Decimal(self._who.get(name, 1)) if number.least is None else number.least

    def _momentary(self, row: Instant) -> Decimal:
        """A constant load, the same on each phase, with a power factor of 1 [guess]."""
        phases = len({one.phase for one in self.map.instant if one.phase}) or 1
        share = 1 if row.phase is None and phases > 1 else phases
        power = Decimal(self.load_w) / share * _UNITS.get(row.unit, Decimal(1))
        usual = {"voltage": _VOLT, "frequency": _HERTZ, "power factor": Decimal(1), "reactive power": Decimal(0)}
        if row.quantity == "current":
            return Decimal(self.load_w) / phases / _VOLT
        return usual.get(row.quantity, power)

    # --- writes ------------------------------------------------------------------------------------------------------

    def write(self, address: int, data: bytes, now: float) -> None:
        """Carry out a write of whole registers; RefusedBySim where one cannot be written [guess: exception 02]."""
        wanted = range(address, address + len(data) // 2)
        if any(one in self.behaviour.refuses for one in wanted):
            raise RefusedBySim(0x02)
        if wanted == range(self.map.address_register or -1, (self.map.address_register or -1) + 1):
            self._set_address(int.from_bytes(data, "big"))
        elif self.map.clock is not None and wanted == _span(self.map.clock.address, self.map.clock.count):
            self._set_clock(data, now)
        else:
            self._set_tables(wanted, data, now)
        self.writes_done += 1

    def _ignores(self, wanted: range) -> bool:
        return any(one in self.behaviour.ignores_writes for one in wanted)

    def _set_address(self, number: int) -> None:
        if number not in range(1, 248):
            raise RefusedBySim(0x03)
        self.address = number

    def _set_clock(self, data: bytes, now: float) -> None:
        """A time that no calendar has is refused with exception 03 [guess]; the weekday is believed as it comes."""
        form = self.map.clock
        assert form is not None
        try:
            local, weekday = form.decode(data)
        except PayloadError:
            raise RefusedBySim(0x03) from None
        if self._ignores(_span(form.address, form.count)):
            return
        self.energy.advance(now)
        self.clock.set(local, now)
        self._weekday_shift = 0 if weekday is None else (weekday - local.isoweekday()) % 7

    def _clock_bytes(self, now: float) -> bytes:
        form = self.map.clock
        assert form is not None
        local = self.clock.local(now).replace(microsecond=0)
        return form.encode(local, (local.isoweekday() + self._weekday_shift) % 7)

    def _set_tables(self, wanted: range, data: bytes, now: float) -> None:
        """One or several whole tables, or a part of one [guess]: what is written is kept, senseless or not."""
        tariffs = self.map.tariffs
        places = {} if tariffs is None else tariffs.places
        image = {name: bytearray(self._image[name]) for name in places}
        for i, register in enumerate(wanted):
            name = next((one for one, place in places.items() if register in _span(*place)), None)
            if name is None:
                raise RefusedBySim(0x02)
            begins = 2 * (register - places[name][0])
            image[name][begins : begins + 2] = data[2 * i : 2 * i + 2]
        if self._ignores(wanted):
            return
        self.energy.advance(now)
        self._image = {name: bytes(raw) for name, raw in image.items()}
        self._lifted = self._lift()

    # --- tariffs -----------------------------------------------------------------------------------------------------

    @property
    def schedule(self) -> YearSchedule | Unliftable | None:
        """What the tables mean; None where the model has none."""
        return self._lifted

    def _lift(self) -> YearSchedule | Unliftable | None:
        return None if self.map.tariffs is None else lift(self._image)

    def _switches_on(self, day: date) -> Switches:
        """Tables that make no sense count everything as T1 [guess]."""
        if not isinstance(self._lifted, YearSchedule):
            return [(0, 1)]
        return [(point.minute, point.tariff) for point in self._lifted.program_on(day).points]

    # --- power -------------------------------------------------------------------------------------------------------

    def lose_power(self, now: float) -> None:
        """The clock runs on by its battery, nothing is counted."""
        self.energy.set_load(0, now)

    def get_power_back(self, now: float) -> None:
        self.energy.set_load(self.load_w, now)


def _meets(number: Number, wanted: range) -> bool:
    return number.address < wanted.stop and number.end > wanted.start


def _span(address: int, count: int) -> range:
    return range(address, address + count)


def _amount(row: Energy, counted: EnergyRegisters) -> Decimal:
    """Active energy imported is what is counted; the load draws nothing else [guess]."""
    if row.quantity is not Quantity.ACTIVE or row.direction is Direction.EXPORT:
        return Decimal(0)
    energy_uj = counted.total_uj if row.register == "total" else counted.energy_uj.get(int(row.register[1:]), 0)
    return (Decimal(energy_uj) * _BY_UJ).quantize(Decimal("0.01"), "ROUND_DOWN")


def _first_image(tariffs: Tariffs | None, state: SimState, profile: Profile) -> Image:
    if tariffs is None:
        return {}
    factory = factory_image(tariffs)
    if state.schedule is None:
        return factory
    return {**factory, **lower(state.schedule, factory, tariffs, schedule_limits(profile.limits, tariffs))}
