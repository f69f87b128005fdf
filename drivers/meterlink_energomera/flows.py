"""How these meters are read. Every function is a flow; each has a session of its own, without a password.

What one meter lacks is told by its profile before a byte is sent. A parameter that the meter refuses or does not
answer becomes an `Absent` with the reason, as long as the main value of a reading is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, TypeVar

from meterlink.driver import ScheduleReading, Target
from meterlink.errors import (
    BadDateError,
    BadDigitsError,
    BadReplyError,
    NoAnswerError,
    NotSupportedError,
    RefusedError,
    WireError,
)
from meterlink.flow import Flow, Reply, instant
from meterlink.model import (
    Absent,
    ArchiveReading,
    ArchiveRecord,
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
from meterlink.profiles import Profile
from meterlink.wire.payload import CalendarError, DigitError, PayloadError
from meterlink_energomera.errors import NotArchivedError, UnknownParameterError
from meterlink_energomera.models import Table, facts_of, table_of, version_in
from meterlink_energomera.schedule import EXDAY, SESON, Image, graph_name, joined, lift
from meterlink_energomera.session import Session, in_session
from meterlink_energomera.text import exactly, number
from meterlink_energomera.times import read_date, read_time, read_watch

FAMILY: Final = "energomera"

T = TypeVar("T")
Values = tuple[str, ...]

REGISTERS: Final = ("total", "T1", "T2", "T3", "T4", "T5")
"""T5 counts while no tariff can be told: a clock that failed, no schedule."""

_DIRECTIONS: Final = {
    "PE": (Quantity.ACTIVE, Direction.IMPORT),
    "PI": (Quantity.ACTIVE, Direction.EXPORT),
    "QE": (Quantity.REACTIVE, Direction.IMPORT),
    "QI": (Quantity.REACTIVE, Direction.EXPORT),
}
_QUANTITIES: Final = {
    "VOLTA": ("voltage", "V"),
    "CURRE": ("current", "A"),
    "POWEP": ("active power", "kW"),
    "POWPP": ("active power", "kW"),
    "POWEQ": ("reactive power", "kvar"),
    "POWPQ": ("reactive power", "kvar"),
    "POWES": ("apparent power", "kVA"),
    "COS_f": ("power factor", ""),
    "TAN_f": ("tan phi", ""),
    "FREQU": ("frequency", "Hz"),
    "CORUU": ("angle between voltages", "deg"),
    "CORIU": ("angle between current and voltage", "deg"),
    "VNULL": ("neutral voltage", "V"),
}
QUANTITIES: Final[Mapping[str, tuple[str, str]]] = _QUANTITIES

JOURNALS: Final[Mapping[str, tuple[str, str]]] = {
    "parametrisation": ("settings written, with the groups and the number of the password", "ACCES"),
    "power": ("phases lost and back, voltages out of limits, the meter switched off", "PHASE"),
}
"""Each with what it holds and its parameter."""

_UNITS: Final = {"TAVER": "min", "ACTIV": "s"}
_NAMES: Final = {
    "STAT_": "state",
    "CONDI": "operating flags",
    "FCCUR": "current transformer ratio",
    "FCVOL": "voltage transformer ratio",
    "TAVER": "averaging interval",
    "ACTIV": "session time-out",
    "SPEED": "working speed (code)",
    "ELOCK": "openings of case and terminal cover",
    "HVOLT": "upper voltage limit",
    "LVOLT": "lower voltage limit",
    "V_BAT": "battery voltage",
    "MODEL": "execution",
}

_TEXT: Final = {
    "refused": "the meter knows no {parameter} (ERR12)",
    "no record": "the archive holds nothing of that month",
    "empty": "the meter answered without a value",
    "date moved": "the date changed twice while it was read",
    "no seasons": "the meter does not tell its seasons: {why}",
    "no special days": "the meter does not tell its exception days: {why}",
    "no bits": "no bit is set",
    "bits": "bit {bit}",
    "written": "settings of groups {groups}, password {level}",
    "phase": "states {bits}",
    "entry": "{text!r} is no entry of this journal",
    "bad number": "{text!r} is not a whole number in base {base}",
}


def understood(reply: Reply[Values], parameter: str, read: Callable[[Values], T]) -> T:
    """What the values mean; BadReplyError, as the house tells it, where they mean nothing."""
    try:
        return read(reply.value)
    except PayloadError as error:
        kind = BadReplyError
        if isinstance(error, DigitError):
            kind = BadDigitsError
        elif isinstance(error, CalendarError):
            kind = BadDateError
        raise kind(request=f"read {parameter}", raw=reply.frame.hex(" ").upper(), why=str(error)) from error


def _one(parameter: str) -> Callable[[Values], str]:
    return lambda values: exactly(parameter, values, 1)[0]


def _attempt(
    session: Session, what: str, parameter: str, absent: list[Absent], read: Callable[[Values], T], args: str = ""
) -> Flow[T | None]:
    """The value, or None with the reason among `absent`."""
    try:
        reply = yield from session.read(parameter, args)
        if not reply.value:
            absent.append(Absent(what=what, reason=_TEXT["empty"]))
            return None
        return understood(reply, parameter, read)
    except UnknownParameterError:
        absent.append(Absent(what=what, reason=_TEXT["refused"].format(parameter=parameter)))
    except (NoAnswerError, WireError, RefusedError) as error:
        absent.append(Absent(what=what, reason=str(error)))
    return None


def _main(session: Session, capability: str, parameter: str, args: str = "") -> Flow[Reply[Values]]:
    """The values a reading cannot do without; a firmware that lacks them is told as such."""
    try:
        return (yield from session.read(parameter, args))
    except UnknownParameterError as error:
        why = _TEXT["refused"].format(parameter=parameter)
        raise NotSupportedError(model=session.target.profile.model, capability=capability, why=why) from error


def _supports(profile: Profile, capability: str) -> bool:
    support = profile.supports.get(capability)
    return support is not None and support.supported


# --- who it is ------------------------------------------------------------------------------------------------------


def identify(target: Target) -> Flow[Identity]:
    """The identification of the sign-on, SNUMB, MODEL and the parameter that tells the firmware."""
    target.profile.require("identity")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[Identity]:
        absent: list[Absent] = []
        serial = yield from session.read("SNUMB", usual=40)
        told = None
        if table.firmware:
            told = yield from _attempt(session, "firmware", table.firmware, absent, _one(table.firmware))
        execution = yield from _attempt(session, "execution", "MODEL", absent, _one("MODEL"))
        assert session.who is not None
        firmware = version_in(session.who.ident) if told is None else version_in(told) or told
        return Identity(
            family=FAMILY,
            model=target.profile.model,
            serial_number=understood(serial, "SNUMB", _one("SNUMB")),
            address=target.address,
            firmware=firmware,
            variant=None if execution is None else f"execution {execution}",
            facts=facts_of(session.who),
            absent=tuple(absent),
        )

    return (yield from in_session(target, work))


# --- energy ---------------------------------------------------------------------------------------------------------


def registers_of(direction: str, values: Values) -> tuple[EnergyValue, ...]:
    """Total and tariffs of one direction; six values, five where the emergency register is not told."""
    quantity, way = _DIRECTIONS[direction]
    amounts = [(text, number(text)) for text in exactly(f"energy {direction}", values, 5, 6)]
    if any(amount < 0 for _, amount in amounts):
        raise DigitError("an energy register is below 0")
    return tuple(
        EnergyValue(quantity=quantity, direction=way, register=register, amount=amount, raw=text)
        for register, (text, amount) in zip(REGISTERS, amounts, strict=False)
    )


def _directions(profile: Profile, table: Table) -> list[str]:
    """Active ones, and reactive ones where the profile has them."""
    return [one for one in table.energy if one.startswith("P") or _supports(profile, "reactive_energy")]


def read_energy(target: Target) -> Flow[EnergyReading]:
    """ET0xy for each direction that the model counts; active import is the one that must be there."""
    target.profile.require("energy")
    first, *others = _directions(target.profile, table_of(target.profile))

    def work(session: Session) -> Flow[EnergyReading]:
        absent: list[Absent] = []
        main = yield from _main(session, "energy", f"ET0{first}")
        registers = understood(main, f"ET0{first}", lambda values: registers_of(first, values))
        for other in others:
            more = yield from _attempt(session, f"energy {other}", f"ET0{other}", absent, _registers_reader(other))
            registers += more or ()
        return EnergyReading(registers=registers, read_at=instant(main.received_at), absent=tuple(absent))

    return (yield from in_session(target, work))


def _registers_reader(direction: str) -> Callable[[Values], tuple[EnergyValue, ...]]:
    return lambda values: registers_of(direction, values)


def read_archive(target: Target, months: int) -> Flow[ArchiveReading]:
    """ENMxy(mm.yy): the registers at the end of a month, which are those at the start of the next one."""
    target.profile.require("energy_archive")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[ArchiveReading]:
        told = yield from _main(session, "energy_archive", "DATE_")
        today = understood(told, "DATE_", lambda values: read_date(_one("DATE_")(values))[1])
        records: list[ArchiveRecord] = []
        absent: list[Absent] = []
        for month in _last_months(today, months):
            record = yield from _month(session, table, month, absent)
            records += [] if record is None else [record]
        return ArchiveReading(records=tuple(records), read_at=instant(told.received_at), absent=tuple(absent))

    return (yield from in_session(target, work))


def _month(session: Session, table: Table, month: date, absent: list[Absent]) -> Flow[ArchiveRecord | None]:
    before = date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)
    registers: tuple[EnergyValue, ...] = ()
    for direction in _directions(session.target.profile, table):
        what = f"{month:%Y-%m}" if direction == "PE" else f"{month:%Y-%m} {direction}"
        parameter = f"{table.archive}{direction}"
        try:
            reply = yield from session.read(parameter, f"{before:%m.%y}")
        except NotArchivedError:
            absent.append(Absent(what=what, reason=_TEXT["no record"]))
        except (NoAnswerError, WireError, RefusedError) as error:
            absent.append(Absent(what=what, reason=str(error)))
        else:
            if reply.value:
                registers += understood(reply, parameter, _registers_reader(direction))
            else:
                absent.append(Absent(what=what, reason=_TEXT["no record"]))
    return ArchiveRecord(month=month, registers=registers) if registers else None


def _last_months(today: date, count: int) -> list[date]:
    """First days of the last `count` months, the current one last."""
    newest = today.year * 12 + today.month - 1
    return [date(one // 12, one % 12 + 1, 1) for one in range(newest - count + 1, newest + 1)]


# --- the moment -----------------------------------------------------------------------------------------------------


def read_instant(target: Target) -> Flow[InstantReading]:
    """Each momentary parameter of the profile; the first of them must be there."""
    target.profile.require("instant")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[InstantReading]:
        absent: list[Absent] = []
        (first, labels), *others = table.instant.items()
        main = yield from _main(session, "instant", first)
        values = understood(main, first, _instant_reader(first, labels))
        for parameter, marks in others:
            what = _QUANTITIES.get(parameter, (parameter, ""))[0]
            more = yield from _attempt(session, what, parameter, absent, _instant_reader(parameter, marks))
            values += more or ()
        return InstantReading(values=values, read_at=instant(main.received_at), absent=tuple(absent))

    return (yield from in_session(target, work))


def _instant_reader(parameter: str, labels: Sequence[str]) -> Callable[[Values], tuple[InstantValue, ...]]:
    quantity, unit = _QUANTITIES.get(parameter, (parameter, ""))

    def read(values: Values) -> tuple[InstantValue, ...]:
        told = zip(exactly(parameter, values, len(labels)), labels, strict=True)
        return tuple(
            InstantValue(quantity=quantity, value=number(text), unit=unit, raw=text, phase=label or None)
            for text, label in told
        )

    return read


# --- time -----------------------------------------------------------------------------------------------------------


def read_clock(target: Target) -> Flow[MeterTime]:
    """WATCH where the model has it, else DATE_ and TIME_, and both again where midnight may lie between."""
    target.profile.require("clock")
    table = table_of(target.profile)
    return (yield from in_session(target, lambda session: clock_in(session, table)))


def clock_in(session: Session, table: Table) -> Flow[MeterTime]:
    """The clock in a session that is open."""
    if table.watch:
        reply = yield from _main(session, "clock", "WATCH")
        weekday, local = understood(reply, "WATCH", lambda values: read_watch(_one("WATCH")(values)))
        return _meter_time(reply, weekday, local)
    for _ in range(2):
        before = yield from _main(session, "clock", "DATE_")
        reply = yield from _main(session, "clock", "TIME_")
        weekday, on = understood(before, "DATE_", lambda values: read_date(_one("DATE_")(values)))
        local = understood(reply, "TIME_", _time_reader(on))
        if 1 <= local.hour * 60 + local.minute < 1439:  # far from midnight
            return _meter_time(reply, weekday, local)
        after = yield from _main(session, "clock", "DATE_")
        if after.value == before.value:
            return _meter_time(reply, weekday, local)
    raise BadReplyError(request="read DATE_", raw=after.frame.hex(" ").upper(), why=_TEXT["date moved"])


def _time_reader(on: date) -> Callable[[Values], datetime]:
    return lambda values: read_time(on, _one("TIME_")(values))


def _meter_time(reply: Reply[Values], weekday: int, local: datetime) -> MeterTime:
    return MeterTime(
        local=local, asked_at=instant(reply.sent_at), answered_at=instant(reply.received_at), weekday=weekday
    )


def read_dst(target: Target) -> Flow[DstSetting]:
    """TRSUM: 1 allows the switch, 0 forbids it; one reading of a CE301 had it the other way (docs, 12)."""
    target.profile.require("dst")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[DstSetting]:
        reply = yield from _main(session, "dst", table.dst)
        raw = understood(reply, table.dst, _one(table.dst))
        months: list[str | None] = []
        for parameter in table.dst_months:
            months.append((yield from _attempt(session, parameter, parameter, [], _one(parameter))))
        begins, ends = [_last_sunday(month) for month in months] if len(months) == 2 else (None, None)
        return DstSetting(enabled={"0": False, "1": True}.get(raw), begins=begins, ends=ends, raw=raw)

    return (yield from in_session(target, work))


def _last_sunday(month: str | None) -> str | None:
    return None if month is None else f"last Sunday of month {month}"


# --- tariffs --------------------------------------------------------------------------------------------------------


def read_tariff_mode(target: Target) -> Flow[TariffMode]:
    """What STAT_ tells of the tariffs, where its bits are known."""
    target.profile.require("tariff_count")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[TariffMode]:
        reply = yield from _main(session, "tariff_count", "STAT_")
        bits = understood(reply, "STAT_", lambda values: word(_one("STAT_")(values), table.status_base))
        first, width, used, count = table.tariff_bits
        now = bits >> first & (1 << width) - 1
        in_use = (bits >> used & (1 << count) - 1).bit_count()
        return TariffMode(tariffs_in_force=in_use or None, current_tariff=now or None)

    return (yield from in_session(target, work))


def word(text: str, base: int) -> int:
    """The bits of a status; DigitError."""
    try:
        return int(text, base)
    except ValueError as error:
        raise DigitError(_TEXT["bad number"].format(text=text, base=base)) from error


def read_schedule(target: Target) -> Flow[ScheduleReading]:
    """Every day graph, SESON and EXDAY. Tables that the firmware lacks are missing in the image, with the reason."""
    target.profile.require("schedule")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[ScheduleReading]:
        image: dict[str, str] = {}
        notes: list[str] = []
        for name in (SESON, EXDAY, *(graph_name(one) for one in table.graph_numbers)):
            try:
                reply = yield from session.read(name, usual=200)
            except UnknownParameterError as error:
                notes.append(f"{name}: {error.why}")
                if name == graph_name(table.graphs[0]):
                    raise NotSupportedError(
                        model=target.profile.model, capability="schedule", why=_TEXT["refused"].format(parameter=name)
                    ) from error
                continue
            image[name] = joined(reply.value)
        return ScheduleReading(schedule=lift(Image.of(image, table)), image=image, notes=tuple(notes))

    return (yield from in_session(target, work))


def read_holidays(target: Target) -> Flow[Holidays]:
    """EXDAY."""
    target.profile.require("holidays")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[Holidays]:
        reply = yield from _main(session, "holidays", EXDAY)
        image = Image.of({EXDAY: joined(reply.value)}, table)
        days = tuple((day.month, day.day) for day in understood(reply, EXDAY, lambda _: image.checked_days()))
        return Holidays(days=days, raw=" ".join(reply.value))

    return (yield from in_session(target, work))


# --- journals and the rest ------------------------------------------------------------------------------------------


def read_journal(target: Target, journal: str, most: int) -> Flow[JournalReading]:
    """ACCES or PHASE: entries dd-mm-yy-HH-MM-XX, XX the bits of what happened."""
    target.profile.require(f"journal_{journal}")
    parameter = JOURNALS[journal][1]

    def work(session: Session) -> Flow[JournalReading]:
        reply = yield from _main(session, f"journal_{journal}", parameter, f"1.{min(most, 100)}")
        events, absent = [], []
        for index, text in enumerate(reply.value[:most]):
            try:
                event = _event(index, journal, text)
            except PayloadError as error:
                absent.append(Absent(what=f"record {index}", reason=str(error)))
            else:
                events += [] if event is None else [event]
        return JournalReading(
            journal=journal, events=tuple(events), read_at=instant(reply.received_at), absent=tuple(absent)
        )

    return (yield from in_session(target, work))


def _event(index: int, journal: str, text: str) -> JournalEvent | None:
    parts = text.replace(".", "-").replace(":", "-").split("-")
    if len(parts) != 6 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise PayloadError(_TEXT["entry"].format(text=text))
    day, month, year, hour, minute, bits = map(int, parts)
    if not day or not month:
        return None
    _, on = read_date(f"00.{day:02d}.{month:02d}.{year:02d}")
    at = read_time(on, f"{hour}:{minute}:0")
    if journal == "parametrisation":
        groups = ", ".join(str(bit) for bit in range(12) if bits >> bit & 1) or "none"
        words = _TEXT["written"].format(groups=groups, level=bits >> 12)
    else:
        words = _TEXT["phase"].format(bits=", ".join(_PHASE[bit] for bit in range(10) if bits >> bit & 1) or "none")
    return JournalEvent(index=index, event=words, raw=text, at=at)


_PHASE: Final = (
    "over-voltage A",
    "over-voltage B",
    "over-voltage C",
    "under-voltage A",
    "under-voltage B",
    "under-voltage C",
    "phase A absent",
    "phase B absent",
    "phase C absent",
    "meter off",
)


def read_status(target: Target) -> Flow[StatusReading]:
    """The further parameters of the profile, STAT_ with its bits in words."""
    table = table_of(target.profile)

    def work(session: Session) -> Flow[StatusReading]:
        values: list[StatusValue] = []
        absent: list[Absent] = []
        read_at = None
        for parameter in table.status:
            name = _NAMES.get(parameter, parameter)
            told = yield from _attempt(session, name, parameter, absent, _status_reader(parameter, table))
            if told is not None:
                shown, raw = told
                values.append(StatusValue(name=name, value=shown, unit=_UNITS.get(parameter, ""), raw=raw))
                read_at = read_at or instant(session.heard_at)
        return StatusReading(values=tuple(values), read_at=read_at, absent=tuple(absent))

    return (yield from in_session(target, work))


def _status_reader(parameter: str, table: Table) -> Callable[[Values], tuple[str, str]]:
    def read(values: Values) -> tuple[str, str]:
        raw = " ".join(values)
        if parameter != "STAT_":
            return raw, raw
        bits = word(_one("STAT_")(values), table.status_base)
        ignored = _field_mask(table)
        told = [
            table.status_bits.get(str(bit), _TEXT["bits"].format(bit=bit))
            for bit in range(32)
            if bits >> bit & 1 and not ignored >> bit & 1
        ]
        return ", ".join(told) or _TEXT["no bits"], raw

    return read


def _field_mask(table: Table) -> int:
    """The bits of STAT_ that are numbers of tariffs."""
    if not table.tariff_bits:
        return 0
    first, width, used, count = table.tariff_bits
    return ((1 << width) - 1) << first | ((1 << count) - 1) << used
