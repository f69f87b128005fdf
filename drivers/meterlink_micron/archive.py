"""Energy of the past: how the registers stood when a year, month or day began, and what was used in each.

An array is asked for by its number, as the registers of now are (`arrays`). The meter's own calendar says which record
is the current one.
Rules: docs/protocols/micron.md, 11.2 and 11.3.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from meterlink.driver import Target
from meterlink.errors import NoAnswerError, RefusedError, WireError
from meterlink.flow import Flow, Reply, instant
from meterlink.model import Absent, Archive, ArchiveReading, ArchiveRecord, EnergyValue
from meterlink.profiles import ARCHIVES
from meterlink_micron import messages as m
from meterlink_micron.arrays import depth_of, kept_by, place_of, same_number_later
from meterlink_micron.asking import ENDING, LACKS, main
from meterlink_micron.clock import Clock
from meterlink_micron.energy import Scale, every_register, scale_in, told
from meterlink_micron.errors import UnknownCommandError
from meterlink_micron.models import Table, table_of
from meterlink_micron.session import Session, in_session

_CLOCK_STEP_S: Final = 1.0
"""The clock is told in whole seconds."""
_TEXT: Final = {
    "depth": "the meter keeps {depth} {span}s of it",
    "overwritten": "the meter keeps days by their number in the month, and that one is of {later} by now",
}


def read_archive(target: Target, archive: Archive, count: int) -> Flow[ArchiveReading]:
    """The last records of an archive, by the meter's own calendar."""
    table = table_of(target.profile)
    target.profile.require_archive(archive, kept_by(table))
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
            absent.append(
                Absent(what=f"{count - depth} {span}s before", reason=_TEXT["depth"].format(depth=depth, span=span))
            )
        clock: Reply[Clock] = yield from main(session, ARCHIVES[archive], m.READ_RECORD, m.CLOCK_RECORD)
        scale = yield from scale_in(session, table, absent)
        records: list[ArchiveRecord] = []
        for back, start in zip(reversed(range(kept)), span.starts(clock.value.on, kept), strict=True):
            place = place_of(archive, start, back, table)
            later = same_number_later(archive, start, clock.value.on, table)
            if later is not None:
                absent.append(Absent(what=span.label(start), reason=_TEXT["overwritten"].format(later=later)))
                continue
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
