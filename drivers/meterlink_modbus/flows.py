"""How a Modbus meter is read. Every function is a flow; what stands where is in the map of its profile.

What one register does not tell, or tells as nonsense, becomes an `Absent` with the reason; where nothing of a reading
is left, the first failure is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from meterlink.driver import Target
from meterlink.errors import BadReplyError, MeterlinkError, NotSupportedError
from meterlink.flow import Flow, instant, read_reply
from meterlink.model import (
    Absent,
    ArchiveReading,
    ArchiveSpan,
    DstSetting,
    EnergyReading,
    EnergyValue,
    Identity,
    InstantReading,
    InstantValue,
    JournalReading,
    MeterTime,
    Quantity,
    StatusReading,
    StatusValue,
    TariffMode,
)
from meterlink.profiles import ARCHIVES, Profile
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink_modbus.blocks import Found, read_block, read_numbers
from meterlink_modbus.map_reader import map_of
from meterlink_modbus.maps import FIRMWARE, SERIAL_NUMBER, Fact, Map
from meterlink_modbus.pdu import Asked
from meterlink_modbus.values import Number

FAMILY: Final = "modbus"

_NO_SERIAL: Final = "no register of this model is known to tell it"
_UNITS: Final = {Quantity.ACTIVE: "kWh", Quantity.REACTIVE: "kvarh"}
_NO_REGISTER: Final = "meterlink reads no register for it"


def _value(found: Found, name: str, number: Number, absent: list[Absent]) -> tuple[Decimal, bytes] | None:
    """The value of a number with its bytes, or None with the reason among `absent`."""
    raw = found.raw.get(number)
    if raw is None:
        absent.append(Absent(what=name, reason=str(found.failed[number])))
        return None
    try:
        return number.decode(raw), raw
    except PayloadError as error:
        absent.append(Absent(what=name, reason=str(error)))
        return None


def _nonsense(name: str, found: Found, absent: Sequence[Absent]) -> MeterlinkError:
    """Why nothing is left of a reading."""
    if found.first is None:
        return next(iter(found.failed.values()))
    raw = hexadecimal(found.first.frame)
    return BadReplyError(request=name, raw=raw, why=absent[0].reason)


# --- who it is ------------------------------------------------------------------------------------------------------


def identify(target: Target) -> Flow[Identity]:
    """The numbers of `identity`. A meter that has none is asked for the first thing it measures, to hear it at all."""
    target.profile.require("identity")
    read = map_of(target.profile)
    serial = next((fact for fact in read.identity if fact.name == SERIAL_NUMBER), None)
    asked = [fact.number for fact in read.identity] or _first_of(read)
    found = yield from read_numbers(target, read, asked)
    if serial is not None and serial.number not in found.raw:
        raise found.failed[serial.number]
    found.reply()
    absent: list[Absent] = []
    told = {fact.name: _digits(found, fact, absent) for fact in read.identity}
    if serial is None:
        absent.append(Absent(what=SERIAL_NUMBER, reason=_NO_SERIAL))
    elif told[SERIAL_NUMBER] is None:
        raise _nonsense("read the serial number", found, [each for each in absent if each.what == SERIAL_NUMBER])
    facts = {name: _fact(text) for name, text in told.items() if text is not None}
    return Identity(
        family=FAMILY,
        model=target.profile.model,
        serial_number=told.get(SERIAL_NUMBER) or "",
        address=target.address,
        firmware=told.get(FIRMWARE),
        facts={name: fact for name, fact in facts.items() if name != SERIAL_NUMBER},
        absent=tuple(absent),
    )


def _first_of(read: Map) -> list[Number]:
    return [number for _, number in read.numbers()][:1]


def _digits(found: Found, fact: Fact, absent: list[Absent]) -> str | None:
    raw = found.raw.get(fact.number)
    try:
        if raw is not None:
            return fact.number.digits(raw)
        reason = str(found.failed[fact.number])
    except PayloadError as error:
        reason = str(error)
    absent.append(Absent(what=fact.name, reason=reason))
    return None


def _fact(text: str) -> str | int:
    return int(text) if text.isdecimal() else text


# --- energy and the moment ------------------------------------------------------------------------------------------


def read_energy(target: Target) -> Flow[EnergyReading]:
    """The registers of `energy`."""
    target.profile.require("energy")
    read = map_of(target.profile)
    rows = [(row, row.direction) for row in read.energy if row.direction is not None]
    found = yield from read_numbers(target, read, [row.number for row, _ in rows])
    absent: list[Absent] = []
    values: list[EnergyValue] = []
    for row, direction in rows:
        value = _value(found, row.name, row.number, absent)
        if value is not None:
            amount, raw = value
            values.append(
                EnergyValue(
                    quantity=row.quantity,
                    direction=direction,
                    register=row.register,
                    amount=amount * row.factor,
                    raw=raw.hex(),
                )
            )
    if not values:
        raise _nonsense("read energy", found, absent)
    return EnergyReading(registers=tuple(values), read_at=instant(found.reply().received_at), absent=tuple(absent))


def read_instant(target: Target) -> Flow[InstantReading]:
    """The numbers of `instant`."""
    target.profile.require("instant")
    read = map_of(target.profile)
    found = yield from read_numbers(target, read, [row.number for row in read.instant])
    absent: list[Absent] = []
    values: list[InstantValue] = []
    for row in read.instant:
        value = _value(found, row.name, row.number, absent)
        if value is not None:
            amount, raw = value
            values.append(
                InstantValue(quantity=row.quantity, value=amount, unit=row.unit, raw=raw.hex(), phase=row.phase)
            )
    if not values:
        raise _nonsense("read voltage, current, power", found, absent)
    return InstantReading(values=tuple(values), read_at=instant(found.reply().received_at), absent=tuple(absent))


def read_status(target: Target) -> Flow[StatusReading]:
    """The numbers of `status`, and the energy of which a setting of the meter decides what it counts."""
    read = map_of(target.profile)
    combined = [row for row in read.energy if row.direction is None]
    numbers = [*(fact.number for fact in read.status), *(row.number for row in combined)]
    found = yield from read_numbers(target, read, numbers)
    absent: list[Absent] = []
    values: list[StatusValue] = []
    for fact in read.status:
        value = _value(found, fact.name, fact.number, absent)
        if value is not None:
            told = f"{value[0]:f}"
            values.append(_status(fact.name, fact.words.get(told, told), fact.unit, value[1]))
    for row in combined:
        value = _value(found, row.name, row.number, absent)
        if value is not None:
            values.append(_status(row.name, f"{value[0] * row.factor:f}", _UNITS[row.quantity], value[1]))
    read_at = None if found.first is None else instant(found.first.received_at)
    return StatusReading(values=tuple(values), read_at=read_at, absent=tuple(absent))


def _status(name: str, value: str, unit: str, raw: bytes) -> StatusValue:
    return StatusValue(name=name, value=value, unit=unit, raw=hexadecimal(raw))


# --- time -----------------------------------------------------------------------------------------------------------


def read_clock(target: Target) -> Flow[MeterTime]:
    """The block of `clock`, in one request."""
    target.profile.require("clock")
    read = map_of(target.profile)
    form = read.clock
    assert form is not None  # the lint asks for it where the model has a clock
    reply = yield from read_block(target, read, form.address, form.count)
    local, weekday = read_reply(reply, Asked(read.function, form.address, form.count).name, form.decode)
    return MeterTime(
        local=local, asked_at=instant(reply.sent_at), answered_at=instant(reply.received_at), weekday=weekday
    )


# --- what these meters lack -----------------------------------------------------------------------------------------


def _lacking(profile: Profile, capability: str) -> NotSupportedError:
    """The refusal of what no map of this family has a register for."""
    support = profile.supports.get(capability)
    why = _NO_REGISTER if support is None or support.supported or not support.note else support.note
    return NotSupportedError(model=profile.model, capability=capability, why=why)


def read_dst(target: Target) -> Flow[DstSetting]:
    raise _lacking(target.profile, "dst")


def read_tariff_mode(target: Target) -> Flow[TariffMode]:
    raise _lacking(target.profile, "tariff_count")


def read_archive(target: Target, span: ArchiveSpan, count: int) -> Flow[ArchiveReading]:
    raise _lacking(target.profile, ARCHIVES[span])


def read_journal(target: Target, journal: str, most: int) -> Flow[JournalReading]:
    raise _lacking(target.profile, f"journal_{journal}")
