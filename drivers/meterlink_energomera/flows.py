"""Who a meter is, its clock, its tariffs. Every function is a flow; each has a session of its own, without a password.

What one meter lacks is told by its profile before a byte is sent. A parameter that the meter refuses or does not
answer becomes an `Absent` with the reason, as long as the main value of a reading is there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from meterlink.driver import ScheduleReading, Target
from meterlink.errors import BadReplyError, NotSupportedError
from meterlink.flow import Flow, Reply, instant
from meterlink.model import Absent, DstSetting, Holidays, Identity, MeterTime, TariffMode
from meterlink.wire.payload import PayloadError
from meterlink_energomera.address import ANYBODY
from meterlink_energomera.asking import Values, attempt, main, one, understood, why_unknown
from meterlink_energomera.errors import UnknownParameterError
from meterlink_energomera.models import Table, facts_of, table_of, version_in
from meterlink_energomera.schedule import EXDAY, SESON, Image, args_of, graph_name, joined, lift
from meterlink_energomera.session import Session, in_session
from meterlink_energomera.status import word
from meterlink_energomera.stored import SWITCH, read_values
from meterlink_energomera.times import read_date, read_time, read_watch

FAMILY: Final = "energomera"

_MONTHS: Final = range(1, 13)
_NO_MONTH: Final = "{text!r} is no month"
_DATE_MOVED: Final = "the date changed twice while it was read"


# --- who it is ------------------------------------------------------------------------------------------------------


def identify(target: Target) -> Flow[Identity]:
    """The identification of the sign-on, SNUMB, MODEL, the firmware; IDPAS where nobody named an address."""
    target.profile.require("identity")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[Identity]:
        absent: list[Absent] = []
        serial = yield from session.read("SNUMB", usual=40)
        told = None
        if table.firmware:
            told = yield from attempt(session, "firmware", table.firmware, absent, one(table.firmware))
        execution = yield from attempt(session, "execution", "MODEL", absent, one("MODEL"))
        address: str | None = target.address
        if address == ANYBODY:
            address = yield from attempt(session, "address", "IDPAS", absent, one("IDPAS"))
        assert session.who is not None
        firmware = version_in(session.who.ident) if told is None else version_in(told) or told
        return Identity(
            family=FAMILY,
            model=target.profile.model,
            serial_number=understood(serial, "SNUMB", one("SNUMB")),
            address=address or target.address,
            firmware=firmware,
            variant=None if execution is None else f"execution {execution}",
            facts=facts_of(session.who),
            absent=tuple(absent),
        )

    return (yield from in_session(target, work))


# --- time -----------------------------------------------------------------------------------------------------------


def read_clock(target: Target) -> Flow[MeterTime]:
    """WATCH where the model has it, else DATE_ and TIME_, and both again where midnight may lie between."""
    target.profile.require("clock")
    table = table_of(target.profile)
    return (yield from in_session(target, lambda session: clock_in(session, table)))


def clock_in(session: Session, table: Table) -> Flow[MeterTime]:
    """The clock in a session that is open."""
    if table.watch:
        reply = yield from main(session, "clock", "WATCH")
        weekday, local = understood(reply, "WATCH", lambda values: read_watch(one("WATCH")(values)))
        return _meter_time(reply, weekday, local)
    for _ in range(2):
        before = yield from main(session, "clock", "DATE_")
        reply = yield from main(session, "clock", "TIME_")
        weekday, on = understood(before, "DATE_", lambda values: read_date(one("DATE_")(values)))
        local = understood(reply, "TIME_", _time_reader(on))
        if 1 <= local.hour * 60 + local.minute < 1439:  # far from midnight
            return _meter_time(reply, weekday, local)
        after = yield from main(session, "clock", "DATE_")
        if after.value == before.value:
            return _meter_time(reply, weekday, local)
    raise BadReplyError(request="read DATE_", raw=after.shown, why=_DATE_MOVED)


def _time_reader(on: date) -> Callable[[Values], datetime]:
    return lambda values: read_time(on, one("TIME_")(values))


def _meter_time(reply: Reply[Values], weekday: int, local: datetime) -> MeterTime:
    return MeterTime(
        local=local, asked_at=instant(reply.sent_at), answered_at=instant(reply.received_at), weekday=weekday
    )


def read_dst(target: Target) -> Flow[DstSetting]:
    """TRSUM: 1 allows the switch, 0 forbids it; one reading of a CE301 had it the other way (docs, 12)."""
    target.profile.require("dst")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[DstSetting]:
        reply = yield from main(session, "dst", SWITCH)
        raw = understood(reply, SWITCH, one(SWITCH))
        months: list[str | None] = []
        for parameter in table.dst_months:
            months.append((yield from attempt(session, parameter, parameter, [], _last_sunday_reader(parameter))))
        begins, ends = months if len(months) == 2 else (None, None)
        return DstSetting(enabled={"0": False, "1": True}.get(raw), begins=begins, ends=ends, raw=raw)

    return (yield from in_session(target, work))


def _last_sunday_reader(parameter: str) -> Callable[[Values], str]:
    return lambda values: last_sunday(one(parameter)(values))


def last_sunday(month: str) -> str:
    """Of the month with this number, with or without a zero in front; PayloadError."""
    if not (month.isascii() and month.isdecimal() and int(month) in _MONTHS):
        raise PayloadError(_NO_MONTH.format(text=month))
    return f"last Sunday of month {int(month)}"


# --- tariffs --------------------------------------------------------------------------------------------------------


def read_tariff_mode(target: Target) -> Flow[TariffMode]:
    """What STAT_ tells of the tariffs, where its bits are known."""
    target.profile.require("tariff_count")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[TariffMode]:
        reply = yield from main(session, "tariff_count", "STAT_")
        bits = understood(reply, "STAT_", lambda values: word(one("STAT_")(values), table.status_base))
        first, width, used, count = table.tariff_bits
        now = bits >> first & (1 << width) - 1
        in_use = (bits >> used & (1 << count) - 1).bit_count()
        return TariffMode(tariffs_in_force=in_use or None, current_tariff=now or None)

    return (yield from in_session(target, work))


def read_schedule(target: Target) -> Flow[ScheduleReading]:
    """Every day graph, SESON and EXDAY. Tables that the firmware lacks are missing in the image, with the reason."""
    target.profile.require("schedule")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[ScheduleReading]:
        image: dict[str, str] = {}
        notes: list[str] = []
        for name in (SESON, EXDAY, *map(graph_name, table.graph_numbers)):
            try:
                image[name] = joined((yield from read_values(session, name)))
            except UnknownParameterError as error:
                if name == graph_name(table.graphs[0]):
                    why = why_unknown(name)
                    raise NotSupportedError(model=target.profile.model, capability="schedule", why=why) from error
                notes.append(f"{name}: {error.why}")
        return ScheduleReading(schedule=lift(Image.of(image, table)), image=image, notes=tuple(notes))

    return (yield from in_session(target, work))


def read_holidays(target: Target) -> Flow[Holidays]:
    """EXDAY."""
    target.profile.require("holidays")
    table = table_of(target.profile)

    def work(session: Session) -> Flow[Holidays]:
        reply = yield from main(session, "holidays", EXDAY, args_of(EXDAY, table))
        image = Image.of({EXDAY: joined(reply.value)}, table)
        days = tuple((day.month, day.day) for day in understood(reply, EXDAY, lambda _: image.checked_days()))
        return Holidays(days=days, raw=" ".join(reply.value))

    return (yield from in_session(target, work))
