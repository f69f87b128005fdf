"""Energy of the past: how the registers stood when a year, month or day began, and what was used in each.

An array is asked for by its number, as the registers of now are. Of this and the previous year or day each has an array
of its own; months and calendar days share one and are told apart by number. Which arrays a model keeps is in its
profile. The meter's own calendar says which is the current one.
Rules: docs/protocols/micron.md, 11.2 and 11.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from meterlink.driver import Target
from meterlink.errors import NoAnswerError, RefusedError, WireError
from meterlink.flow import Flow, Reply, instant
from meterlink.model import (
    Absent,
    Archive,
    ArchiveKind,
    ArchiveReading,
    ArchiveRecord,
    ArchiveSpan,
    EnergyValue,
)
from meterlink.profiles import ARCHIVES
from meterlink_micron import messages as m
from meterlink_micron.asking import ENDING, LACKS, main
from meterlink_micron.clock import Clock
from meterlink_micron.energy import Scale, every_register, scale_in, told
from meterlink_micron.errors import UnknownCommandError
from meterlink_micron.models import Table, table_of
from meterlink_micron.session import Session, in_session

_YEARS, _MONTHS, _DAYS = (Archive(span) for span in (ArchiveSpan.YEAR, ArchiveSpan.MONTH, ArchiveSpan.DAY))
_USED_YEARS, _USED_MONTHS, _USED_DAYS = (
    Archive(each.span, ArchiveKind.CONSUMPTION) for each in (_YEARS, _MONTHS, _DAYS)
)

_NEAR: Final[Mapping[Archive, tuple[int, int]]] = {
    _USED_YEARS: (0x01, 0x02),
    _USED_DAYS: (0x04, 0x05),
    _YEARS: (0x81, 0x82),
    _DAYS: (0x84, 0x85),
}
"""The arrays of this one and the previous one."""
_NUMBERED: Final[Mapping[Archive, int]] = {_USED_MONTHS: 0x03, _USED_DAYS: 0x06, _MONTHS: 0x83, _DAYS: 0x86}
"""The array of all that it keeps, by number."""
_MONTHS_KEPT: Final = 12
_DAYS_KEPT: Final = 31
_A_YEAR_AGO: Final = 0x0D
"""The number of the month that has the name of the current one, where thirteen are kept."""
_CLOCK_STEP_S: Final = 1.0
"""The clock is told in whole seconds."""
_DEPTH: Final = "the meter keeps {depth} {span}s of it"


def depth_of(archive: Archive, table: Table) -> int:
    """How many records a model keeps, the current one among them."""
    if _NUMBERED.get(archive) in table.arrays:
        if archive.span is ArchiveSpan.DAY:
            return _DAYS_KEPT
        return table.months_used if archive == _USED_MONTHS else _MONTHS_KEPT
    near = _NEAR.get(archive, ())
    return len(near) if set(near) <= set(table.arrays) else 0


def _place_of(archive: Archive, start: date, back: int, table: Table) -> tuple[int, int]:
    """Array and number of the record that begins with a day; `back` is 0 for the current one."""
    if _NUMBERED.get(archive) not in table.arrays:
        return _NEAR[archive][back], 0
    if archive.span is ArchiveSpan.DAY:
        return _NUMBERED[archive], start.day
    return _NUMBERED[archive], start.month if back < _MONTHS_KEPT else _A_YEAR_AGO


def read_archive(target: Target, archive: Archive, count: int) -> Flow[ArchiveReading]:
    """The last records of an archive, by the meter's own calendar."""
    target.profile.require_archive(archive, tuple(ARCHIVES))
    table = table_of(target.profile)
    span, depth = archive.span, depth_of(archive, table)

    def work(session: Session) -> Flow[ArchiveReading]:
        """Once more where a day began in between: the record of a day, month or year is then another one."""
        clock, reading = yield from once(session)
        passed = timedelta(seconds=session.heard_at - clock.received_at + _CLOCK_STEP_S)
        if (clock.value.local + passed).date() != clock.value.on:
            _, reading = yield from once(session)
        return reading

    def once(session: Session) -> Flow[tuple[Reply[Clock], ArchiveReading]]:
        absent: list[Absent] = []
        kept = min(count, depth)
        if count > depth:
            absent.append(Absent(what=f"{count - depth} {span}s before", reason=_DEPTH.format(depth=depth, span=span)))
        clock: Reply[Clock] = yield from main(session, ARCHIVES[archive], m.READ_RECORD, m.CLOCK_RECORD)
        scale = yield from scale_in(session, table, absent)
        records: list[ArchiveRecord] = []
        for back, start in zip(reversed(range(kept)), span.starts(clock.value.on, kept), strict=True):
            place = _place_of(archive, start, back, table)
            registers = yield from _archived(session, table, scale, span.label(start), place, absent)
            if registers:
                records.append(ArchiveRecord(start=start, registers=registers))
        return clock, ArchiveReading(
            archive=archive,
            records=tuple(records),
            read_at=instant(clock.received_at),
            absent=tuple(absent),
            multiplied_by=scale.multiplied_by,
        )

    return (yield from in_session(target, work))


def _archived(
    session: Session, table: Table, scale: Scale, label: str, place: tuple[int, int], absent: list[Absent]
) -> Flow[tuple[EnergyValue, ...]]:
    """The registers of one record; none with the reason among `absent`."""
    try:
        counted = yield from every_register(session, table, *place)
    except UnknownCommandError:
        absent.append(Absent(what=label, reason=LACKS))
    except ENDING:
        raise
    except (NoAnswerError, WireError, RefusedError) as error:
        absent.append(Absent(what=label, reason=str(error)))
    else:
        return told(counted, scale, table, absent, label)
    return ()
