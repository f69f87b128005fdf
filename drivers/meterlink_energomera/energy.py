"""Energy: the registers of now, and of past months and days. Forms: docs/protocols/energomera.md, 8.2 and 8.3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from meterlink.driver import Target
from meterlink.errors import BadReplyError, NoAnswerError, RefusedError, WireError
from meterlink.flow import Flow, Reply, instant
from meterlink.model import (
    Absent,
    Archive,
    ArchiveReading,
    ArchiveRecord,
    ArchiveSpan,
    Direction,
    EnergyReading,
    EnergyValue,
    Quantity,
)
from meterlink.profiles import ARCHIVES, Profile
from meterlink.wire.payload import DigitError
from meterlink_energomera.asking import Values, attempt, main, one, understood
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

_MONTH_MOVED: Final = "the month changed twice while its registers were read"
_NO_T5: Final = "the meter told five registers"
_BELOW_0: Final = "an energy register is below 0"
_ARCHIVES: Final = (Archive(ArchiveSpan.MONTH), Archive(ArchiveSpan.DAY))
_NOTHING: Final = {span: f"the archive holds nothing of that {span}" for span in ArchiveSpan}


def registers_of(direction: str, values: Values, *counts: int) -> tuple[EnergyValue, ...]:
    """Total and tariffs of one direction; six values, five where the emergency register is not told."""
    quantity, way = _DIRECTIONS[direction]
    amounts = [(text, number(text)) for text in exactly(f"energy {direction}", values, *(counts or (5, 6)))]
    if any(amount < 0 for _, amount in amounts):
        raise DigitError(_BELOW_0)
    return tuple(
        EnergyValue(quantity=quantity, direction=way, register=register, amount=amount, raw=text)
        for register, (text, amount) in zip(REGISTERS, amounts, strict=False)
    )


def _registers_reader(direction: str, *counts: int) -> Callable[[Values], tuple[EnergyValue, ...]]:
    return lambda values: registers_of(direction, values, *counts)


def _directions(profile: Profile, table: Table, reactive: str) -> list[str]:
    """Active ones, and reactive ones where the profile has them."""
    return [each for each in table.energy if each.startswith("P") or profile.has(reactive)]


def read_energy(target: Target) -> Flow[EnergyReading]:
    """ET0xy for each direction that the model counts; active import is the one that must be there."""
    target.profile.require("energy")
    first, *others = _directions(target.profile, table_of(target.profile), "reactive_energy")

    def work(session: Session) -> Flow[EnergyReading]:
        absent: list[Absent] = []
        told = yield from main(session, "energy", f"ET0{first}")
        registers = understood(told, f"ET0{first}", _registers_reader(first))
        _note_missing(f"energy {first}", registers, absent)
        for other in others:
            more = yield from attempt(session, f"energy {other}", f"ET0{other}", absent, _registers_reader(other))
            _note_missing(f"energy {other}", more or (), absent)
            registers += more or ()
        return EnergyReading(registers=registers, read_at=instant(told.received_at), absent=tuple(absent))

    return (yield from in_session(target, work))


def _note_missing(what: str, registers: Sequence[EnergyValue], absent: list[Absent]) -> None:
    if len(registers) == len(REGISTERS) - 1:
        absent.append(Absent(what=f"{what} {REGISTERS[-1]}", reason=_NO_T5))


# --- months and days --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Question:
    """What asks for the registers as they stood at one moment, of one direction."""

    direction: str
    parameter: str
    args: str
    counts: tuple[int, ...] = ()


def read_archive(target: Target, archive: Archive, count: int) -> Flow[ArchiveReading]:
    """The registers at the end of a month or day, which are those at the start of the next, in the model's form."""
    profile, span, capability = target.profile, archive.span, ARCHIVES[archive]
    profile.require_archive(archive, _ARCHIVES)

    def work(session: Session) -> Flow[ArchiveReading]:
        told, today = yield from _today(session, capability)
        for _ in range(2):
            reading = yield from read_as_of(session, told, today)
            if not _counts_back(profile, span):
                return reading
            told, after = yield from _today(session, capability)
            if (after.year, after.month) == (today.year, today.month):
                return reading
            today = after
        raise BadReplyError(request="read DATE_", raw=told.shown, why=_MONTH_MOVED)

    def read_as_of(session: Session, told: Reply[Values], today: date) -> Flow[ArchiveReading]:
        records: list[ArchiveRecord] = []
        absent: list[Absent] = []
        for back, start in zip(range(count, 0, -1), span.starts(today, count), strict=True):
            asked = _about(profile, span, start, back)
            registers = yield from _registers_then(session, span.label(start), asked, _NOTHING[span], absent)
            records += [ArchiveRecord(start=start, registers=registers)] if registers else []
        return ArchiveReading(
            archive=archive, records=tuple(records), read_at=instant(told.received_at), absent=tuple(absent)
        )

    return (yield from in_session(target, work))


def _today(session: Session, capability: str) -> Flow[tuple[Reply[Values], date]]:
    told = yield from main(session, capability, "DATE_")
    return told, understood(told, "DATE_", lambda values: read_date(one("DATE_")(values))[1])


def _counts_back(profile: Profile, span: ArchiveSpan) -> bool:
    """Whether the months are asked for by how long ago they were, which changes under the questions."""
    return span is ArchiveSpan.MONTH and table_of(profile).archive == "ENMnn"


def _about(profile: Profile, span: ArchiveSpan, start: date, back: int) -> list[_Question]:
    """What is asked about the start of a month or day; `back` is 1 for the one that runs."""
    table = table_of(profile)
    before = start - timedelta(days=1)
    if _counts_back(profile, span):
        return [_Question("PE", f"ENM{back:02d}", "1", (1,))] if back in _MONTHS_BACK else []
    directions = _directions(profile, table, "reactive_archive")
    if span is ArchiveSpan.MONTH and table.archive == "ENM":
        return [_Question(each, f"ENM{each}", f"{before:%m.%y}") for each in directions]
    return [_Question(each, f"END{each}", f"{before:%d.%m.%y}") for each in directions]


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
        except RefusedError as error:
            absent.append(Absent(what=name, reason=error.why))
        except (NoAnswerError, WireError) as error:
            absent.append(Absent(what=name, reason=str(error)))
        else:
            if reply.value:
                told = understood(reply, each.parameter, _registers_reader(each.direction, *each.counts))
                _note_missing(name, told, absent)
                registers += told
            else:
                absent.append(Absent(what=name, reason=nothing))
    if not asked:
        absent.append(Absent(what=what, reason=nothing))
    return registers
