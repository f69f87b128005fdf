"""How a Modbus meter is read. Every function is a flow; what stands where is in the map of its profile.

What one register does not tell, or tells as nonsense, becomes an `Absent` with the reason; where nothing of a reading
is left, the first failure is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from meterlink.driver import Target
from meterlink.errors import BadReplyError, MeterlinkError, NotSupportedError
from meterlink.flow import Flow, instant, read_reply
from meterlink.model import (
    Absent,
    Archive,
    ArchiveReading,
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
from meterlink_modbus.maps import FIRMWARE, SERIAL_NUMBER, Energy, Fact, Instant, Map
from meterlink_modbus.pdu import Asked
from meterlink_modbus.values import Number

T = TypeVar("T")
Row = TypeVar("Row", Energy, Instant, Fact)

FAMILY: Final = "modbus"

_NO_SERIAL: Final = "no register of this model is known to tell it"
_UNITS: Final = {Quantity.ACTIVE: "kWh", Quantity.REACTIVE: "kvarh"}
_NO_REGISTER: Final = "meterlink reads no register for it"


def _told(
    found: Found, rows: Sequence[Row], read: Callable[[Number, bytes], T], absent: list[Absent]
) -> Iterator[tuple[Row, T, bytes]]:
    """Every row that the meter told, with its value and its bytes; why there is none is among `absent`."""
    for row in rows:
        try:
            raw = found.bytes_of(row.number)
            value = read(row.number, raw)
        except (MeterlinkError, PayloadError) as error:
            absent.append(Absent(what=row.name, reason=str(error)))
        else:
            yield row, value, raw


def _nonsense(name: str, found: Found, absent: Sequence[Absent]) -> BadReplyError:
    """Why nothing is left of a reading; where nothing was answered at all, that is raised."""
    return BadReplyError(request=name, raw=found.reply().shown, why=absent[0].reason)


# --- who it is ------------------------------------------------------------------------------------------------------


def identify(target: Target) -> Flow[Identity]:
    """The numbers of `identity`. A meter that has none is asked for the first thing it measures, to hear it at all."""
    target.profile.require("identity")
    read = map_of(target.profile)
    found = yield from read_numbers(target, read, [fact.number for fact in read.identity] or _first_of(read))
    absent: list[Absent] = []
    told = {fact.name: text for fact, text, _ in _told(found, read.identity, Number.digits, absent)}
    return Identity(
        family=FAMILY,
        model=target.profile.model,
        serial_number=told.pop(SERIAL_NUMBER, "") or _no_serial(read, found, absent),
        address=target.address,
        firmware=told.get(FIRMWARE),
        facts={name: int(text) if text.isdecimal() else text for name, text in told.items()},
        absent=tuple(absent),
    )


def _first_of(read: Map) -> list[Number]:
    return [number for _, number in read.numbers()][:1]


def _no_serial(read: Map, found: Found, absent: list[Absent]) -> str:
    """Empty where the model is known to tell none; where it should have told it, the failure is raised."""
    found.reply()
    serial = next((fact for fact in read.identity if fact.name == SERIAL_NUMBER), None)
    if serial is not None:
        found.bytes_of(serial.number)
        raise _nonsense("read the serial number", found, [each for each in absent if each.what == SERIAL_NUMBER])
    absent.append(Absent(what=SERIAL_NUMBER, reason=_NO_SERIAL))
    return ""


# --- energy and the moment ------------------------------------------------------------------------------------------


def read_energy(target: Target) -> Flow[EnergyReading]:
    """The registers of `energy` that count in one direction."""
    target.profile.require("energy")
    read = map_of(target.profile)
    rows = [row for row in read.energy if row.direction is not None]
    found = yield from read_numbers(target, read, [row.number for row in rows])
    absent: list[Absent] = []
    values = [
        EnergyValue(
            quantity=row.quantity,
            direction=row.direction,
            register=row.register,
            amount=amount * row.factor,
            raw=raw.hex(),
        )
        for row, amount, raw in _told(found, rows, Number.decode, absent)
        if row.direction is not None  # none of these rows; said for the type checker
    ]
    if not values:
        raise _nonsense("read energy", found, absent)
    return EnergyReading(registers=tuple(values), read_at=instant(found.reply().received_at), absent=tuple(absent))


def read_instant(target: Target) -> Flow[InstantReading]:
    """The numbers of `instant`."""
    target.profile.require("instant")
    read = map_of(target.profile)
    found = yield from read_numbers(target, read, [row.number for row in read.instant])
    absent: list[Absent] = []
    values = [
        InstantValue(quantity=row.quantity, value=amount, unit=row.unit, raw=raw.hex(), phase=row.phase)
        for row, amount, raw in _told(found, read.instant, Number.decode, absent)
    ]
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
    for fact, number, raw in _told(found, read.status, Number.decode, absent):
        told = f"{number:f}"
        values.append(_status(fact.name, fact.words.get(told, told), fact.unit, raw))
    for row, amount, raw in _told(found, combined, Number.decode, absent):
        values.append(_status(row.name, f"{amount * row.factor:f}", _UNITS[row.quantity], raw))
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
    why = profile.why_not(capability) or _NO_REGISTER
    return NotSupportedError(model=profile.model, capability=capability, why=why)


def read_dst(target: Target) -> Flow[DstSetting]:
    raise _lacking(target.profile, "dst")


def read_tariff_mode(target: Target) -> Flow[TariffMode]:
    raise _lacking(target.profile, "tariff_count")


def read_archive(target: Target, archive: Archive, count: int) -> Flow[ArchiveReading]:
    raise _lacking(target.profile, ARCHIVES[archive])


def read_journal(target: Target, journal: str, most: int) -> Flow[JournalReading]:
    raise _lacking(target.profile, f"journal_{journal}")
