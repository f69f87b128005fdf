"""Energy: the registers of now, of past months and days, and the mean powers of a day (load profile).

The house reads months; days and load profiles are flows of the driver that it does not call yet.
Forms: docs/protocols/energomera.md, 8.2, 8.3, 8.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from meterlink.driver import Target
from meterlink.errors import NoAnswerError, NotSupportedError, RefusedError, WireError
from meterlink.flow import Flow, Reply, instant
from meterlink.model import (
    Absent,
    ArchiveReading,
    ArchiveRecord,
    Direction,
    EnergyReading,
    EnergyValue,
    Quantity,
)
from meterlink.profiles import Profile
from meterlink.wire.payload import DigitError, PayloadError
from meterlink_energomera.asking import Values, attempt, main, one, supports, understood
from meterlink_energomera.errors import NotArchivedError
from meterlink_energomera.models import Table, table_of
from meterlink_energomera.session import Session, in_session
from meterlink_energomera.text import exactly, number
from meterlink_energomera.times import read_date

REGISTERS: Final = ("total", "T1", "T2", "T3", "T4", "T5")
"""T5 counts while no tariff can be told: a clock that failed, no schedule."""

_DIRECTIONS: Final = {
    "PE": (Quantity.ACTIVE, Direction.IMPORT),
    "PI": (Quantity.ACTIVE, Direction.EXPORT),
    "QE": (Quantity.REACTIVE, Direction.IMPORT),
    "QI": (Quantity.REACTIVE, Direction.EXPORT),
}
_MONTHS_BACK: Final = range(1, 13)
"""Of ENM01 to ENM12."""
_MOST_SLOTS: Final = 48
"""Slots of a load profile asked for at once, so that an answer stays below what a framer holds."""
_INTERVALS: Final = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)
_DAY_MIN: Final = 1440

_TEXT: Final = {
    "below 0": "an energy register is below 0",
    "no month": "the archive holds nothing of that month",
    "no day": "the archive holds nothing of that day",
    "no days": "its archive of days is not known",
    "no profile": "its load profile is not known",
    "no direction": "it keeps no load profile of {direction}",
    "not over": "the day {on} is not over by the meter's clock, so its load profile is not whole",
    "interval": "{text!r} is no averaging interval",
}


def registers_of(direction: str, values: Values, *counts: int) -> tuple[EnergyValue, ...]:
    """Total and tariffs of one direction; six values, five where the emergency register is not told."""
    quantity, way = _DIRECTIONS[direction]
    amounts = [(text, number(text)) for text in exactly(f"energy {direction}", values, *(counts or (5, 6)))]
    if any(amount < 0 for _, amount in amounts):
        raise DigitError(_TEXT["below 0"])
    return tuple(
        EnergyValue(quantity=quantity, direction=way, register=register, amount=amount, raw=text)
        for register, (text, amount) in zip(REGISTERS, amounts, strict=False)
    )


def _registers_reader(direction: str, *counts: int) -> Callable[[Values], tuple[EnergyValue, ...]]:
    return lambda values: registers_of(direction, values, *counts)


def _directions(profile: Profile, table: Table, reactive: str) -> list[str]:
    """Active ones, and reactive ones where the profile has them."""
    return [each for each in table.energy if each.startswith("P") or supports(profile, reactive)]


def read_energy(target: Target) -> Flow[EnergyReading]:
    """ET0xy for each direction that the model counts; active import is the one that must be there."""
    target.profile.require("energy")
    first, *others = _directions(target.profile, table_of(target.profile), "reactive_energy")

    def work(session: Session) -> Flow[EnergyReading]:
        absent: list[Absent] = []
        told = yield from main(session, "energy", f"ET0{first}")
        registers = understood(told, f"ET0{first}", _registers_reader(first))
        for other in others:
            more = yield from attempt(session, f"energy {other}", f"ET0{other}", absent, _registers_reader(other))
            registers += more or ()
        return EnergyReading(registers=registers, read_at=instant(told.received_at), absent=tuple(absent))

    return (yield from in_session(target, work))


# --- months and days --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRecord:
    """Energy registers as they stood at the start of a day."""

    day: date
    registers: tuple[EnergyValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayArchiveReading:
    """Daily archive, oldest first; days the meter could not give are `absent`."""

    records: tuple[DayRecord, ...]
    read_at: datetime
    absent: tuple[Absent, ...] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    """What asks for the registers as they stood at one moment, of one direction."""

    direction: str
    parameter: str
    args: str
    counts: tuple[int, ...] = ()


def read_archive(target: Target, months: int) -> Flow[ArchiveReading]:
    """The registers at the end of a month, which are those at the start of the next one, in the form of the model."""
    target.profile.require("energy_archive")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[ArchiveReading]:
        told, today = yield from _today(session, "energy_archive")
        records: list[ArchiveRecord] = []
        absent: list[Absent] = []
        for back, month in reversed(list(enumerate(_last_months(today, months), start=1))):
            asked = _about_month(target.profile, table, month, back)
            registers = yield from _registers_then(session, f"{month:%Y-%m}", asked, _TEXT["no month"], absent)
            records += [ArchiveRecord(month=month, registers=registers)] if registers else []
        return ArchiveReading(records=tuple(records), read_at=instant(told.received_at), absent=tuple(absent))

    return (yield from in_session(target, work))


def read_days(target: Target, days: int) -> Flow[DayArchiveReading]:
    """ENDxy(dd.mm.yy): the registers at the end of a day, which are those at the start of the next one."""
    table = table_of(target.profile)
    if not table.day_archive:
        raise NotSupportedError(model=target.profile.model, capability="day archive", why=_TEXT["no days"])

    def work(session: Session) -> Flow[DayArchiveReading]:
        told, today = yield from _today(session, "day archive")
        records: list[DayRecord] = []
        absent: list[Absent] = []
        for back in reversed(range(days)):
            day = today - timedelta(days=back)
            asked = _at_end_of(day - timedelta(days=1), _directions(target.profile, table, "reactive_archive"))
            registers = yield from _registers_then(session, day.isoformat(), asked, _TEXT["no day"], absent)
            records += [DayRecord(day=day, registers=registers)] if registers else []
        return DayArchiveReading(records=tuple(records), read_at=instant(told.received_at), absent=tuple(absent))

    return (yield from in_session(target, work))


def _today(session: Session, capability: str) -> Flow[tuple[Reply[Values], date]]:
    """The date of the meter's own clock."""
    told = yield from main(session, capability, "DATE_")
    return told, understood(told, "DATE_", lambda values: read_date(one("DATE_")(values))[1])


def _about_month(profile: Profile, table: Table, month: date, back: int) -> list[_Question]:
    """What is asked about the start of a month; `back` is 1 for the month that runs."""
    if table.archive == "ENMnn":
        return [_Question("PE", f"ENM{back:02d}", "1", (1,))] if back in _MONTHS_BACK else []
    directions = _directions(profile, table, "reactive_archive")
    last = month - timedelta(days=1)
    if table.archive == "END":
        return _at_end_of(last, directions)
    return [_Question(each, f"ENM{each}", f"{last:%m.%y}") for each in directions]


def _at_end_of(day: date, directions: Iterable[str]) -> list[_Question]:
    return [_Question(each, f"END{each}", f"{day:%d.%m.%y}") for each in directions]


def _registers_then(
    session: Session, what: str, asked: Iterable[_Question], nothing: str, absent: list[Absent]
) -> Flow[tuple[EnergyValue, ...]]:
    """The registers that the archive gives; what it does not is among `absent`, never 0."""
    registers: tuple[EnergyValue, ...] = ()
    for each in asked:
        name = what if each.direction == "PE" else f"{what} {each.direction}"
        try:
            reply = yield from session.read(each.parameter, each.args)
        except NotArchivedError:
            absent.append(Absent(what=name, reason=nothing))
        except (NoAnswerError, WireError, RefusedError) as error:
            absent.append(Absent(what=name, reason=str(error)))
        else:
            if reply.value:
                registers += understood(reply, each.parameter, _registers_reader(each.direction, *each.counts))
            else:
                absent.append(Absent(what=name, reason=nothing))
    if not asked:
        absent.append(Absent(what=what, reason=nothing))
    return registers


def _last_months(today: date, count: int) -> list[date]:
    """First days of the last `count` months, the current one first."""
    newest = today.year * 12 + today.month - 1
    return [date(each // 12, each % 12 + 1, 1) for each in range(newest, newest - count, -1)]


# --- load profiles ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanPower:
    """The mean power from `starts` on, for one averaging interval: kW (active) or kvar (reactive)."""

    starts: datetime
    power: Decimal
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProfile:
    """The mean powers of one whole day. Energy of a slot = power * `interval_min` / 60."""

    day: date
    direction: str
    interval_min: int
    slots: tuple[MeanPower, ...]
    read_at: datetime


def read_load_profile(target: Target, direction: str, on: date) -> Flow[LoadProfile]:
    """GRAxy(dd.mm.yy) of a day that is over; NotArchivedError where the meter keeps nothing of it.

    A day with the repeated hour of autumn has its own parameter (G25xy), so every day has 1440/TAVER slots here; a
    spring day has zeros in the hour that was skipped.
    """
    table = table_of(target.profile)
    missing = "" if table.load_profile else _TEXT["no profile"]
    if table.load_profile and direction not in table.energy:
        missing = _TEXT["no direction"].format(direction=direction)
    if missing:
        raise NotSupportedError(model=target.profile.model, capability="load profile", why=missing)
    parameter = f"GRA{direction}"

    def work(session: Session) -> Flow[LoadProfile]:
        told, today = yield from _today(session, "load profile")
        if on >= today:
            raise NotArchivedError(request=f"read {parameter}", code="local", why=_TEXT["not over"].format(on=on))
        interval = understood((yield from main(session, "load profile", "TAVER")), "TAVER", _interval)
        count = _DAY_MIN // interval
        values: Values = ()
        for first in range(1, count + 1, _MOST_SLOTS):
            size = min(_MOST_SLOTS, count + 1 - first)
            args = f"{on:%d.%m.%y}" if size == count else f"{on:%d.%m.%y}.{first}.{size}"
            reply = yield from main(session, "load profile", parameter, args)
            if not reply.value:
                raise NotArchivedError(request=f"read {parameter}", code="empty", why=_TEXT["no day"])
            values += understood(reply, parameter, _powers(parameter, size))
        midnight = datetime(on.year, on.month, on.day)
        slots = tuple(
            MeanPower(starts=midnight + timedelta(minutes=interval * index), power=number(text), raw=text)
            for index, text in enumerate(values)
        )
        return LoadProfile(
            day=on, direction=direction, interval_min=interval, slots=slots, read_at=instant(told.received_at)
        )

    return (yield from in_session(target, work))


def _interval(values: Values) -> int:
    text = one("TAVER")(values)
    if text not in map(str, _INTERVALS):
        raise PayloadError(_TEXT["interval"].format(text=text))
    return int(text)


def _powers(parameter: str, size: int) -> Callable[[Values], Values]:
    """So many values, each of them a number."""

    def read(values: Values) -> Values:
        for text in exactly(parameter, values, size):
            number(text)
        return values

    return read
