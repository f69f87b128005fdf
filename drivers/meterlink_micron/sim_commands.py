"""What a simulated meter of the family answers to each read: a table from commands to small functions over its state.

A function answers the payload, or the number of a refusal. What is not in the table is status 1. Marks: see `sim`.

* Counts are half pulses of the true energy, divided by the ratios; reactive energy is a fixed share of the active one,
  nothing flows out [guess].
* A record that was never made is zeros [guess]; the newest one has the highest number [documented].
* A kind of energy that the model lacks is 0 in 05 and status 1 in 0A [both guesses].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt
from typing import Any, Final

from meterlink.profiles import Profile
from meterlink.sim.energy import UJ_PER_WH, EnergyRegisters
from meterlink.sim.state import SimState
from meterlink_micron import energy_codec as codec, messages as m, records as r
from meterlink_micron.clock import Clock, CorrectionState, SwitchMoment
from meterlink_micron.energy_codec import BitCounts, Counts, EnergyBits, EnergyIndex, EnergyMask
from meterlink_micron.identity_codec import ExtendedAddress, Firmware, Ratios, Serial, ShortAddress, Variant
from meterlink_micron.indices import Index, MaybeIndex, TwoIndices
from meterlink_micron.memory import TABLES_MEMORY
from meterlink_micron.memory_codec import MemoryPlace, NamedData, NamedPlace
from meterlink_micron.messages import Command
from meterlink_micron.models import JOURNALS, table_of
from meterlink_micron.momentary_codec import Group, Momentary, Temperature
from meterlink_micron.payload import Data, Payload
from meterlink_micron.settings_codec import LineState
from meterlink_micron.sim_memory import Memory
from meterlink_micron.sim_past import registers_then
from meterlink_micron.state_codec import (
    Control,
    Flags,
    FourBytes,
    News,
    Programmed,
    SearchState,
    StateWord,
    TariffPointer,
    TaskState,
)

UNKNOWN: Final = 0x1
_BY_LIMIT: Final = 0x3F
_SOME_CONSTANT: Final = 500
_PROTECTED: Final = frozenset({40})
"""What a healthy meter shows [documented]."""
_REACTIVE_SHARE: Final = Decimal("0.346")
_VOLTAGE_V: Final = Decimal("229.8")
_BATTERY_V: Final = Decimal("3.05")
_FREQUENCY_HZ: Final = Decimal("50.00")
_TEMPERATURE_C: Final = 23
_FIRMWARE: Final = Firmware(0, 3, 16)
_MADE: Final = date(2014, 5, 17)
_OUTAGE_BEFORE: Final = timedelta(days=3, hours=5)
_OUTAGE: Final = timedelta(hours=2)

Answer = Payload | int
Handler = Callable[["Inside", Any, float], Answer]
_handlers: dict[bytes, Handler] = {}


@dataclass(slots=True)
class Inside:
    """All that reads look at: `memory` is what writes change, the rest stays as it was made."""

    profile: Profile
    state: SimState
    memory: Memory
    serial: int
    short: int
    extended: int
    variant: Variant | None
    ratios: tuple[int, int]
    errors: frozenset[int]
    wrong_passwords: list[datetime] = field(default_factory=list)

    @property
    def constant(self) -> int:
        """A meter whose constant nobody knows counts by one all the same."""
        return table_of(self.profile).constant_of(self.variant) or _SOME_CONSTANT

    def count(self, energy_uj: int) -> int:
        """Half pulses, without the ratios that the meter does not apply."""
        ratio = self.ratios[0] * self.ratios[1]
        return energy_uj * 2 * self.constant // (1000 * UJ_PER_WH * ratio) % 2**32


def _does(command: Command[Any, Any]) -> Callable[[Handler], Handler]:
    def note(handler: Handler) -> Handler:
        _handlers[command.head] = handler
        return handler

    return note


# --- who it is -------------------------------------------------------------------------------------------------------


@_does(m.READ_SERIAL)
def _serial(inside: Inside, _asked: Payload, _now: float) -> Answer:
    return Serial(inside.serial, _MADE)


@_does(m.READ_TEMPERATURE)
def _temperature(_inside: Inside, _asked: Payload, _now: float) -> Answer:
    return Temperature(0, _TEMPERATURE_C)


@_does(m.READ_RATIOS)
def _ratios(inside: Inside, _asked: Payload, _now: float) -> Answer:
    return Ratios(*inside.ratios, 0, 0, 0)


@_does(m.READ_FIRMWARE)
def _firmware(_inside: Inside, _asked: Payload, _now: float) -> Answer:
    return _FIRMWARE


@_does(m.READ_ADDRESS)
def _address(inside: Inside, asked: MaybeIndex, _now: float) -> Answer:
    if asked.number == 1:
        return ExtendedAddress(inside.extended) if table_of(inside.profile).extended_address else UNKNOWN
    return ShortAddress(0, inside.short)


@_does(m.READ_VARIANT)
def _variant(inside: Inside, _asked: Payload, _now: float) -> Answer:
    return UNKNOWN if inside.variant is None else inside.variant


@_does(m.READ_LINE)
def _line(_inside: Inside, asked: MaybeIndex, _now: float) -> Answer:
    """9600 with odd parity, on any of the three channels; without a channel no settings are told [documented]."""
    if asked.number not in (None, 0, 1, 2):
        return UNKNOWN
    return LineState((asked.number or 0) << 5, 1)


# --- state -----------------------------------------------------------------------------------------------------------


@_does(m.READ_FLAGS)
def _flags(inside: Inside, asked: MaybeIndex, _now: float) -> Answer:
    return Flags(*inside.memory.flags) if asked.number in (None, 0) else Flags(0, 0)


@_does(m.READ_STATE)
def _state(inside: Inside, asked: MaybeIndex, now: float) -> Answer:
    if asked.number in (2, 3):
        return FourBytes(bytes(4))
    if asked.number == 1:
        return News(0)
    inside.memory.advance(now)
    normal = _PROTECTED & frozenset(table_of(inside.profile).state_normal)
    numbers = inside.errors | inside.memory.tables.errors() | normal
    return StateWord(sum(1 << number - 1 for number in numbers).to_bytes(5, "little"))


@_does(m.READ_PROGRAMMED)
def _programmed(inside: Inside, _asked: Payload, _now: float) -> Answer:
    return Programmed(inside.memory.programmed_at)


@_does(m.READ_TASK)
def _task(inside: Inside, asked: Index, now: float) -> Answer:
    inside.memory.advance(now)
    if asked == m.CORRECTION_TASK:
        return CorrectionState(inside.memory.correction.state, 0)
    return {0: SearchState(0, 0, 0, 0), 2: TaskState(0, 0)}.get(asked.number, UNKNOWN)


@_does(m.READ_CONTROL)
def _control(inside: Inside, asked: TwoIndices, _now: float) -> Answer:
    """The relay is on; nothing else of the control of loads is kept."""
    return Control(0, 2) if table_of(inside.profile).relay and asked == TwoIndices(0, 0) else UNKNOWN


# --- time ------------------------------------------------------------------------------------------------------------


@_does(m.READ_SUMMER_MOMENT)
def _summer(inside: Inside, _asked: Payload, _now: float) -> Answer:
    rule = inside.memory.behaviour.dst_rule
    return SwitchMoment(rule.begin_hour, 7, rule.begin_month)


@_does(m.READ_WINTER_MOMENT)
def _winter(inside: Inside, _asked: Payload, _now: float) -> Answer:
    rule = inside.memory.behaviour.dst_rule
    return SwitchMoment(rule.end_hour, 7, rule.end_month)


@_does(m.READ_TARIFF)
def _tariff(inside: Inside, _asked: Payload, now: float) -> Answer:
    """Since the slot in which the tariff last changed; a tariff of several days since the beginning of this one."""
    memory = inside.memory
    local = memory.clock.local(now).replace(second=0, microsecond=0)
    local -= timedelta(minutes=local.minute % 10)
    tariff = memory.energy.tariff_at(local)
    since = local
    while since.time() != time.min and memory.energy.tariff_at(since - timedelta(minutes=10)) == tariff:
        since -= timedelta(minutes=10)
    return TariffPointer(since, tariff - 1)


# --- journals --------------------------------------------------------------------------------------------------------


@_does(m.READ_RECORD)
def _record(inside: Inside, asked: r.ShortRecord, now: float) -> Answer:
    if asked.journal == r.CLOCK_JOURNAL:
        memory = inside.memory
        memory.advance(now)
        return Clock.at(memory.clock.local(now).replace(microsecond=0), memory.season(now))
    return _journal(inside, asked.journal, asked.record)


@_does(m.READ_LONG_RECORD)
def _long_record(inside: Inside, asked: r.LongRecord, now: float) -> Answer:
    if table_of(inside.profile).short_records:
        return UNKNOWN
    return _record(inside, r.ShortRecord(asked.journal, asked.record), now)


def _journal(inside: Inside, journal: int, record: int) -> Answer:
    names = {JOURNALS[name] for name in table_of(inside.profile).journals}
    if journal not in names or record >= r.LENGTH:
        return UNKNOWN
    held = _held(inside, journal)[-r.LENGTH :]
    place = record - (r.LENGTH - len(held))
    empty = r.RECORDS[journal]
    return held[place] if place >= 0 else empty.decode(bytes(*empty.permitted()))


def _held(inside: Inside, journal: int) -> list[Payload]:
    """The records of a journal, the newest last."""
    memory = inside.memory
    times = list(memory.journals.get(journal, ()))
    if journal == JOURNALS["power"]:
        off = inside.state.local.replace(microsecond=0) - _OUTAGE_BEFORE
        times = [(off, off + _OUTAGE), *times]
    if journal == JOURNALS["parametrisation"]:
        days = memory.programmed_on.items()
        return [r.Counter(datetime.combine(day, time.min), bytes(3), count) for day, count in days]
    if journal == JOURNALS["passwords"]:
        days_of = [at.date() for at in inside.wrong_passwords]
        last = {at.date(): at for at in inside.wrong_passwords}
        return [r.Counter(at, bytes(3), days_of.count(day)) for day, at in last.items()]
    if r.RECORDS[journal] is r.Single:
        return [r.Single(at) for at, *_ in times]
    return [r.Pair(*pair) for pair in times if len(pair) == 2]


# --- energy ----------------------------------------------------------------------------------------------------------


def _counts(inside: Inside, registers: EnergyRegisters, tariff: int) -> dict[str, int] | None:
    """One register of every kind; None for a tariff that the model lacks."""
    tariffs = range(1, inside.profile.limits.tariffs + 1)
    if tariff not in (codec.SUM, *tariffs):
        return None
    of = tariffs if tariff == codec.SUM else (tariff,)
    active = [inside.count(registers.energy_uj.get(each, 0)) for each in of]
    reactive = [int(count * _REACTIVE_SHARE) for count in active]
    return {"A+": sum(active), "R+": sum(reactive)}


@_does(m.READ_ENERGY)
def _energy(inside: Inside, asked: EnergyIndex, now: float) -> Answer:
    registers = registers_then(inside.memory, table_of(inside.profile), asked.array, asked.month, now)
    counts = None if registers is None else _counts(inside, registers, asked.tariff & _BY_LIMIT)
    if counts is None:
        return UNKNOWN
    kinds = table_of(inside.profile).kinds
    return Counts(tuple(counts.get(kind, 0) if kind in kinds else 0 for kind in codec.KINDS[:4]))


@_does(m.READ_ENERGY_MASK)
def _energy_mask(inside: Inside, asked: EnergyMask, now: float) -> Answer:
    table = table_of(inside.profile)
    kinds = codec.kinds_of(asked.mask)
    if table.energy == "05" or asked.last or not set(kinds) <= set(table.kinds):
        return UNKNOWN
    registers = registers_then(inside.memory, table_of(inside.profile), asked.array, asked.number, now)
    counts = None if registers is None else _counts(inside, registers, asked.tariff & _BY_LIMIT)
    return UNKNOWN if counts is None else Counts(tuple(counts.get(kind, 0) for kind in kinds))


@_does(m.READ_ENERGY_BITS)
def _energy_bits(inside: Inside, asked: EnergyBits, now: float) -> Answer:
    registers = registers_then(inside.memory, table_of(inside.profile), asked.array, asked.number, now)
    if registers is None or table_of(inside.profile).energy != "0B":
        return UNKNOWN
    told = [(kind, _counts(inside, registers, tariff)) for kind, tariff in asked.asked]
    if any(counts is None for _, counts in told):
        return UNKNOWN
    return BitCounts(asked.identifier, tuple(counts.get(kind, 0) for kind, counts in told if counts is not None))


# --- the moment ------------------------------------------------------------------------------------------------------


@_does(m.READ_MOMENTARY)
def _momentary(inside: Inside, asked: Index, _now: float) -> Answer:
    count = _quantity(inside, asked.number >> 4, asked.number >> 2 & 3, asked.number & 3)
    return UNKNOWN if count is None else Momentary(count)


@_does(m.READ_GROUP)
def _group(inside: Inside, asked: Index, _now: float) -> Answer:
    quantity, parameter = asked.number >> 4, asked.number >> 2 & 3
    counts = [_quantity(inside, quantity, parameter, phase) for phase in range(4)]
    if None in counts:
        return UNKNOWN
    return Group(tuple(Momentary(count) for count in counts if count is not None))


def _quantity(inside: Inside, quantity: int, parameter: int, phase: int) -> int | None:
    """A constant load on a constant mains, evenly on all phases."""
    table = table_of(inside.profile)
    active = Decimal(inside.state.load_w)
    reactive = active * _REACTIVE_SHARE
    apparent = Decimal(sqrt(float(active**2 + reactive**2)))
    per_phase = table.phases if phase and quantity == 0 else 1
    known_scale, current_scale = table.scales(inside.variant)
    power_scale = known_scale or 1
    current_ma = apparent / table.phases / _VOLTAGE_V * 1000
    known: Mapping[tuple[int, int], Decimal] = {
        (0, 0): active * 1000 / per_phase / power_scale,
        (0, 1): reactive * 1000 / per_phase / power_scale,
        (0, 2): apparent * 1000 / per_phase / power_scale,
        (1, 0): _VOLTAGE_V * 100,
        (1, 3): _BATTERY_V * 100,
        (2, 0): current_ma * 10 / current_scale,
        (3, 0): active / apparent * 100 if apparent else Decimal(100),
        (4, 0): _FREQUENCY_HZ * 100,
    }
    value = known.get((quantity, parameter))
    return None if value is None else int(value.quantize(Decimal(1), ROUND_HALF_UP)) & 0x3FFFFF


# --- memory ----------------------------------------------------------------------------------------------------------


@_does(m.READ_MEMORY)
def _memory(inside: Inside, asked: MemoryPlace, now: float) -> Answer:
    raw = _held_at(inside, asked, inside.memory.layout.memory_read, now)
    return UNKNOWN if raw is None else Data(raw)


@_does(m.READ_NAMED_MEMORY)
def _named_memory(inside: Inside, asked: NamedPlace, now: float) -> Answer:
    layout, behaviour = inside.memory.layout, inside.memory.behaviour
    raw = _held_at(inside, asked, layout.most_read, now) if layout.is_named else None
    return UNKNOWN if raw is None else NamedData(asked.identifier, behaviour.before_named + raw)


def _held_at(inside: Inside, asked: MemoryPlace | NamedPlace, most: int, now: float) -> bytes | None:
    """Memory 02 alone, at most as much as the model gives at once."""
    inside.memory.advance(now)
    if asked.memory != TABLES_MEMORY or not 2 <= asked.count <= most:
        return None
    return inside.memory.tables.read(asked.address, asked.count)


HANDLERS: Final[Mapping[bytes, Handler]] = _handlers
"""What is answered to each read, by its codes."""
