"""How a Mercury 200 is read. Every function is a flow; commands and layouts are in `messages`.

What one meter lacks is told by its profile before a byte is sent. What it should have and does not answer becomes an
`Absent` with the reason, as long as the main value of a reading is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from meterlink.driver import ScheduleReading, Target
from meterlink.errors import NoAnswerError, WireError
from meterlink.flow import Flow, Reply, ask, instant
from meterlink.model import (
    Absent,
    Archive,
    ArchiveReading,
    ArchiveRecord,
    ArchiveSpan,
    Direction,
    DstSetting,
    EnergyReading,
    EnergyValue,
    Holidays,
    Identity,
    InstantReading,
    InstantValue,
    JournalEvent,
    JournalReading,
    MeterTime,
    Quantity,
    StatusReading,
    StatusValue,
    TariffMode,
)
from meterlink.wire.payload import hexadecimal
from meterlink_mercury200 import messages as m
from meterlink_mercury200.calendar import HOLIDAY, Event, EventTime, JournalIndex, MonthSlot, ParametrisationEvent
from meterlink_mercury200.image import Image, lift
from meterlink_mercury200.messages import Call, Command, data_of
from meterlink_mercury200.models import why_not_asked
from meterlink_mercury200.parameters import ParameterIndex, ParameterNumber
from meterlink_mercury200.payload import NOTHING, Payload
from meterlink_mercury200.schedule import EVERY_RECORD, HolidayHalf, HolidayHalfIndex, ScheduleIndex
from meterlink_mercury200.values import Battery, Energies

FAMILY: Final = "mercury200"

A = TypeVar("A", bound=Payload)
E = TypeVar("E", bound=Energies)

_NO_TOTAL: Final = "the meter keeps no total; it is the sum of its tariffs"
_ARCHIVE_DEPTH: Final = "the meter keeps the starts of twelve months"
_ARCHIVES: Final = (Archive(ArchiveSpan.MONTH),)
"""Days (37h) are read by no program that is known: docs/protocols/mercury200.md, 7.11."""
_NEVER_WRITTEN: Final = "the meter has no such time stored"

JOURNALS: Final[Mapping[str, tuple[str, Command[JournalIndex, Any]]]] = {
    "power": ("power on and off", m.READ_POWER_EVENT),
    "cover": ("terminal cover opened and closed", m.READ_COVER_EVENT),
    "parametrisation": ("days on which settings were written", m.READ_PARAMETRISATION_EVENT),
}


def _ask(target: Target, command: Command[Any, A], asked: Payload = NOTHING) -> Flow[Reply[A]]:
    return (yield from ask(Call(int(target.address), command, asked)))


def _try(
    target: Target,
    what: str,
    command: Command[Any, A],
    absent: list[Absent],
    asked: Payload = NOTHING,
    capability: str | None = None,
) -> Flow[Reply[A] | None]:
    """The answer, or None with the reason among `absent`."""
    why_not = why_not_asked(target.profile, command, capability)
    if why_not is not None:
        absent.append(Absent(what=what, reason=why_not))
        return None
    try:
        return (yield from _ask(target, command, asked))
    except (NoAnswerError, WireError) as error:
        absent.append(Absent(what=what, reason=str(error)))
        return None


def _data(reply: Reply[Any]) -> bytes:
    """The data field as the meter sent it."""
    return data_of(reply.frame)


# --- who it is ------------------------------------------------------------------------------------------------------


def identify(target: Target) -> Flow[Identity]:
    """2Fh, 28h, 66h, and 86h FFh where the model has it."""
    target.profile.require("identity")
    absent: list[Absent] = []
    serial = yield from _ask(target, m.READ_SERIAL_NUMBER)
    firmware = yield from _try(target, "firmware", m.READ_IDENTIFICATION, absent)
    made = yield from _try(target, "manufactured", m.READ_MANUFACTURED, absent)
    index = ParameterIndex(ParameterNumber.MODEL)
    model = yield from _try(target, "model code", m.READ_PARAMETER, absent, index)
    facts: dict[str, str | int] = {}
    variant = None
    if model is not None and len(model.value.value) >= 2:
        facts["model_code"] = model.value.value[0]
        variant = f"option {model.value.value[1]:02X}h"
    return Identity(
        family=FAMILY,
        model=target.profile.model,
        serial_number=serial.value.plate,
        address=target.address,
        firmware=None if firmware is None else firmware.value.firmware,
        firmware_date=None if firmware is None else firmware.value.firmware_date,
        manufactured=None if made is None else made.value.manufacture_date,
        variant=variant,
        facts=facts,
        absent=tuple(absent),
    )


# --- energy ---------------------------------------------------------------------------------------------------------


def read_energy(target: Target) -> Flow[EnergyReading]:
    """27h, and 85h where the model has it."""
    target.profile.require("energy")
    absent = [Absent(what="total", reason=_NO_TOTAL)]
    active = yield from _ask(target, m.READ_ENERGY)
    registers = _registers(active, Quantity.ACTIVE)
    if target.profile.has("reactive_energy"):
        reactive = yield from _try(target, "reactive energy", m.READ_REACTIVE_ENERGY, absent)
        if reactive is not None:
            registers += _registers(reactive, Quantity.REACTIVE)
    return EnergyReading(registers=registers, read_at=instant(active.received_at), absent=tuple(absent))


def _registers(reply: Reply[E], quantity: Quantity) -> tuple[EnergyValue, ...]:
    raw = _data(reply).hex()
    return tuple(
        EnergyValue(
            quantity=quantity,
            direction=Direction.IMPORT,
            register=f"T{number}",
            amount=amount,
            raw=raw[8 * (number - 1) : 8 * number],
        )
        for number, amount in enumerate(reply.value.amounts, 1)
    )


def read_archive(target: Target, archive: Archive, count: int) -> Flow[ArchiveReading]:
    """32h by explicit month, and 38h where the model has it; slot 0Fh ("current") is not trusted on any model.

    Twelve slots: a month later than the meter's current one belongs to the year before.
    """
    target.profile.require_archive(archive, _ARCHIVES)
    clock = yield from _ask(target, m.READ_CLOCK)
    records: list[ArchiveRecord] = []
    absent: list[Absent] = []
    if count > MonthSlot.months:
        absent.append(Absent(what=f"{count - MonthSlot.months} months before", reason=_ARCHIVE_DEPTH))
    reactive = target.profile.has("reactive_archive")
    for month in archive.span.starts(clock.value.local.date(), min(count, MonthSlot.months)):
        slot, label = MonthSlot(month.month - 1), archive.span.label(month)
        registers: tuple[EnergyValue, ...] = ()
        active = yield from _try(target, label, m.READ_ARCHIVE, absent, slot)
        if active is not None:
            registers = _registers(active, Quantity.ACTIVE)
        if reactive:
            other = yield from _try(target, f"{label} reactive", m.READ_REACTIVE_ARCHIVE, absent, slot)
            if other is not None:
                registers += _registers(other, Quantity.REACTIVE)
        if registers:
            records.append(ArchiveRecord(start=month, registers=registers))
    read_at = instant(clock.received_at)
    return ArchiveReading(archive=archive, records=tuple(records), read_at=read_at, absent=tuple(absent))


# --- the moment -----------------------------------------------------------------------------------------------------


def read_instant(target: Target) -> Flow[InstantReading]:
    """63h, 26h, and 81h and 86h 00h where the model has them."""
    target.profile.require("instant")
    absent: list[Absent] = []
    main = yield from _ask(target, m.READ_INSTANT)
    raw = _data(main).hex()
    values = [
        InstantValue(quantity="voltage", value=main.value.voltage_v, unit="V", raw=raw[:4]),
        InstantValue(quantity="current", value=main.value.current_a, unit="A", raw=raw[4:8]),
        InstantValue(quantity="active power", value=main.value.active_power_w, unit="W", raw=raw[8:]),
    ]
    load = yield from _try(target, "load power", m.READ_LOAD_POWER, absent)
    if load is not None:
        values.append(_instant("load power", load.value.power_kw, "kW", load))
    frequency = yield from _try(target, "frequency", m.READ_FREQUENCY, absent)
    if frequency is not None:
        values.append(_instant("frequency", frequency.value.frequency_hz, "Hz", frequency))
    index = ParameterIndex(ParameterNumber.REACTIVE_POWER)
    reactive = yield from _try(target, "reactive power", m.READ_PARAMETER, absent, index, "reactive_power")
    if reactive is not None:
        values.append(_instant("reactive power", reactive.value.reactive_power_var, "var", reactive))
    return InstantReading(values=tuple(values), read_at=instant(main.received_at), absent=tuple(absent))


def _instant(quantity: str, value: Decimal, unit: str, reply: Reply[Any]) -> InstantValue:
    return InstantValue(quantity=quantity, value=value, unit=unit, raw=_data(reply).hex())


# --- time -----------------------------------------------------------------------------------------------------------


def read_clock(target: Target) -> Flow[MeterTime]:
    """21h."""
    target.profile.require("clock")
    reply = yield from _ask(target, m.READ_CLOCK)
    weekday = reply.value.weekday
    return MeterTime(
        local=reply.value.local,
        asked_at=instant(reply.sent_at),
        answered_at=instant(reply.received_at),
        weekday=None if weekday == HOLIDAY else weekday,
        holiday=weekday == HOLIDAY,
    )


def read_dst(target: Target) -> Flow[DstSetting]:
    """24h: zero forbids the change, anything else allows it. The dates are not in the protocol."""
    target.profile.require("dst")
    reply = yield from _ask(target, m.READ_DST)
    return DstSetting(enabled=reply.value.enabled, raw=f"{reply.value.value:02X}")


# --- tariffs --------------------------------------------------------------------------------------------------------


def read_tariff_mode(target: Target) -> Flow[TariffMode]:
    """2Eh and 60h."""
    target.profile.require("tariff_count")
    absent: list[Absent] = []
    count = yield from _ask(target, m.READ_TARIFF_COUNT)
    current = yield from _try(target, "current tariff", m.READ_CURRENT_TARIFF, absent)
    return TariffMode(
        tariffs_in_force=count.value.tariff,
        current_tariff=None if current is None else current.value.tariff,
        absent=tuple(absent),
    )


def read_schedule(target: Target) -> Flow[ScheduleReading]:
    """96 times 31h, twice 30h. All or nothing: a schedule with a hole is no schedule."""
    target.profile.require("schedule")
    records = {}
    for key in EVERY_RECORD:
        reply = yield from _ask(target, m.READ_SCHEDULE, ScheduleIndex(*key))
        records[key] = reply.value
    halves = yield from _read_halves(target)
    image = Image(records, halves)
    return ScheduleReading(schedule=lift(image), image=image.hexadecimal(), notes=image.notes())


def read_holidays(target: Target) -> Flow[Holidays]:
    """Twice 30h."""
    target.profile.require("holidays")
    halves = yield from _read_halves(target)
    days = tuple(day for half in halves for day in half.days()[0])
    return Holidays(days=days, raw=" ".join(hexadecimal(half.raw) for half in halves))


def _read_halves(target: Target) -> Flow[tuple[HolidayHalf, HolidayHalf]]:
    first = yield from _ask(target, m.READ_HOLIDAYS, HolidayHalfIndex(0))
    second = yield from _ask(target, m.READ_HOLIDAYS, HolidayHalfIndex(1))
    return first.value, second.value


# --- journals -------------------------------------------------------------------------------------------------------


def read_journal(target: Target, journal: str, most: int) -> Flow[JournalReading]:
    """34h, 35h or 36h from the newest record on, up to the first one that was never written."""
    target.profile.require(f"journal_{journal}")
    command = JOURNALS[journal][1]
    events: list[JournalEvent] = []
    absent: list[Absent] = []
    read_at: datetime | None = None
    for index in range(min(most, JournalIndex.slots_count)):
        try:
            reply = yield from _ask(target, command, JournalIndex(index))
        except WireError as error:
            absent.append(Absent(what=f"record {index}", reason=str(error)))
            continue
        except NoAnswerError as error:
            if not index:
                raise
            absent.append(Absent(what=f"records from {index} on", reason=str(error)))
            break
        read_at = read_at or instant(reply.received_at)
        event = _journal_event(index, reply)
        if event is None:
            break
        events.append(event)
    return JournalReading(journal=journal, events=tuple(events), read_at=read_at, absent=tuple(absent))


def _journal_event(index: int, reply: Reply[Any]) -> JournalEvent | None:
    record, raw = reply.value, hexadecimal(_data(reply))
    if isinstance(record, ParametrisationEvent):
        words = f"settings written (bits {hexadecimal(record.bits)})"
        return None if record.on is None else JournalEvent(index=index, event=words, raw=raw, on=record.on)
    assert isinstance(record, Event)
    return None if record.at is None else JournalEvent(index=index, event=record.word, raw=raw, at=record.at)


# --- the rest -------------------------------------------------------------------------------------------------------

BATTERY_LOW_V: Final = Decimal("2.6")
"""Below it a clock will not outlive many outages.

The cells behind these clocks are lithium cells of 3 V, which stay at 2.9 to 3.1 V until they are nearly empty and then
fall fast. Of a neighbouring family the maker flags a meter at 2.65 V and calls it an error at 2.2 V.
"""
_OUTPUTS: Final = ("telemetry 5000 imp/kWh", "telemetry 10000 imp/kWh", "quartz / 8 (clock test)", "load control")


@dataclass(frozen=True, slots=True)
class _Fact:
    """One further fact: its name, the command, the unit, how its value is written, and when to look at it."""

    name: str
    command: Command[Any, Any]
    unit: str
    shown: Callable[[Any], str]
    alarms: Callable[[Any], bool] = lambda _: False


def _event_time(value: EventTime) -> str:
    return "" if value.at is None else value.at.isoformat(sep=" ")


def _is_low(value: Battery) -> bool:
    return value.battery_v < BATTERY_LOW_V


_STATUS: Final = (
    _Fact("battery voltage", m.READ_BATTERY, "V", lambda value: str(value.battery_v), _is_low),
    _Fact("last power off", m.READ_POWER_OFF, "", _event_time),
    _Fact("last power on", m.READ_POWER_ON, "", _event_time),
    _Fact("cover last opened", m.READ_COVER_OPENED, "", _event_time),
    _Fact("cover last closed", m.READ_COVER_CLOSED, "", _event_time),
    _Fact("last parametrisation", m.READ_LAST_PARAMETRISATION, "", _event_time),
    _Fact("running time on mains", m.READ_RUNNING_TIMES, "h", lambda value: str(value.on_mains_h)),
    _Fact("power limit", m.READ_POWER_LIMIT, "kW", lambda value: str(value.power_kw)),
    _Fact("monthly energy limit", m.READ_MONTHLY_LIMIT, "kWh", lambda value: str(value.limit_kwh)),
    _Fact("button correction", m.READ_BUTTON_CORRECTION, "min a year", lambda value: str(value.minutes)),
    _Fact("output function", m.READ_OUTPUT, "", lambda value: _output(value.value)),
    _Fact("display", m.READ_DISPLAY, "", lambda value: ", ".join(value.shown)),
    _Fact("group address", m.READ_GROUP_ADDRESS, "", lambda value: str(value.group_address or "none")),
    _Fact("build options", m.READ_BUILD, "", lambda value: f"meaning not known ({hexadecimal(value.raw)})"),
)


def _output(function: int) -> str:
    return _OUTPUTS[function] if function < len(_OUTPUTS) else f"unknown code {function}"


def read_status(target: Target) -> Flow[StatusReading]:
    """Limits, battery, power and cover times and what else the model has."""
    values: list[StatusValue] = []
    absent: list[Absent] = []
    read_at: datetime | None = None
    for fact in _STATUS:
        reply = yield from _try(target, fact.name, fact.command, absent)
        if reply is None:
            continue
        read_at = read_at or instant(reply.received_at)
        if isinstance(reply.value, EventTime) and reply.value.at is None:
            absent.append(Absent(what=fact.name, reason=_NEVER_WRITTEN))
            continue
        raw = hexadecimal(_data(reply))
        shown, alarm = fact.shown(reply.value), fact.alarms(reply.value)
        values.append(StatusValue(name=fact.name, value=shown, unit=fact.unit, raw=raw, alarm=alarm))
    return StatusReading(values=tuple(values), read_at=read_at, absent=tuple(absent))
