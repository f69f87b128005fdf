"""How stored values and whole schedules are read. Every public function is a flow; what the values mean: `stored`.

Neighbours in memory are read together. Where the day schedules begin is asked of a model of which nobody knows it.
Memory is read by the one command of the profile: a meter that refuses it is another model, or knows less than the
maker says, and that is told.
Facts: docs/protocols/micron.md, 14.2 and 14.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from meterlink.driver import ScheduleReading, Target
from meterlink.errors import NotSupportedError
from meterlink.flow import Flow
from meterlink.model import Holidays
from meterlink.wire.payload import hexadecimal
from meterlink_micron import messages as m, stored as s
from meterlink_micron.days import MOVED_SIZE, HolidayTable
from meterlink_micron.errors import UnknownCommandError
from meterlink_micron.indices import PLAIN
from meterlink_micron.memory import (
    DAY_NAMES,
    HOLIDAYS,
    MOVED_DAYS,
    PIECE,
    TABLES_MEMORY,
    Layout,
    Span,
    joined_runs,
    layout_of,
)
from meterlink_micron.memory_codec import MemoryPlace, NamedPlace
from meterlink_micron.schedule import Image, lift
from meterlink_micron.session import Session, in_session
from meterlink_micron.state_codec import SCHEDULE_ERROR, Flags, StateWord

_CHECK_WRONG: Final = b"\x10"

_TEXT: Final = {
    "no window": "the meter answers neither at {addresses}",
    "two windows": "the day schedules at {one} and at {other} differ: {names}",
}


def read_stored(target: Target, names: Sequence[str]) -> Flow[Mapping[str, str]]:
    """All of them in one session."""
    for name in names:
        target.profile.require(s.group_of(name, target.profile).reading)

    def work(session: Session) -> Flow[Mapping[str, str]]:
        base = (yield from schedule_base(session)) if any(map(s.is_day, names)) else 0
        raws = yield from read_raws(session, names, base)
        return {name: hexadecimal(raws[name]) for name in names}

    if not names:
        return {}
    return (yield from in_session(target, work))


def read_raws(session: Session, names: Iterable[str], base: int) -> Flow[dict[str, bytes]]:
    """Values by name; day schedules from where they begin at `base`."""
    found: dict[str, bytes] = {}
    spans = dict(_spans(names, layout_of(session.target.profile), base))
    found |= yield from _read_spans(session, spans)
    flags: Flags | None = None
    for name in names:
        if name in s.FLAG_MASKS:
            flags = flags or (yield from read_flags(session))
            found[name] = bytes([flags.byte2 & s.FLAG_MASKS[name]])
        elif name == s.SCHEDULE_CHECK:
            found[name] = yield from read_check(session)
    return found


def read_flags(session: Session) -> Flow[Flags]:
    return (yield from session.read(m.READ_FLAGS, PLAIN)).value


def read_check(session: Session) -> Flow[bytes]:
    """Whether the meter finds the checksum of its day schedules right."""
    word: StateWord = (yield from session.read(m.READ_STATE, PLAIN)).value
    return _CHECK_WRONG if SCHEDULE_ERROR in word.numbers else s.CHECK_RIGHT


def _spans(names: Iterable[str], layout: Layout, base: int) -> Iterable[tuple[str, Span]]:
    for name in names:
        span = s.span_of(name, layout, base)
        if span is not None:
            yield name, span


def _read_spans(session: Session, spans: Mapping[str, Span]) -> Flow[dict[str, bytes]]:
    """The bytes of several spans; neighbours are read together."""
    found: dict[str, bytes] = {}
    for run in joined_runs(spans.values()):
        raw = yield from read_memory(session, run)
        for name, span in spans.items():
            if run.at <= span.at and span.end <= run.end:
                found[name] = raw[span.at - run.at : span.end - run.at]
    return found


def read_memory(session: Session, span: Span) -> Flow[bytes]:
    """Bytes of memory 02, in as many reads as the model needs."""
    layout = layout_of(session.target.profile)
    read_piece = _read_named if layout.is_named else _read_plain
    raw = b""
    for piece in span.reads(layout.most_read):
        raw += yield from read_piece(session, piece)
    return raw


def _read_plain(session: Session, piece: Span) -> Flow[bytes]:
    return (yield from session.read(m.READ_MEMORY, MemoryPlace(TABLES_MEMORY, piece.at, piece.size))).value.raw


def _read_named(session: Session, piece: Span) -> Flow[bytes]:
    """Without the two bytes that a SET-4TM.03 may put before the data."""
    place = NamedPlace(session.next_identifier(), TABLES_MEMORY, piece.at, piece.size)
    return (yield from session.read(m.READ_NAMED_MEMORY, place)).value.data[-piece.size :]


# --- the schedule -----------------------------------------------------------------------------------------------------


def schedule_base(session: Session) -> Flow[int]:
    """Where the day schedules begin, the low address where several answer; NotSupportedError where none does."""
    return (yield from schedule_bases(session))[0]


def schedule_bases(session: Session) -> Flow[tuple[int, ...]]:
    """The addresses that answer, the lowest first. A model with a single one is not asked."""
    layout = layout_of(session.target.profile)
    if len(layout.schedule_at) == 1:
        return layout.schedule_at
    found: list[int] = []
    for base in sorted(layout.schedule_at):
        try:
            yield from read_memory(session, Span(base, PIECE))
        except UnknownCommandError:
            continue
        found.append(base)
    if not found:
        addresses = " nor at ".join(f"{base:04X}h" for base in layout.schedule_at)
        why = _TEXT["no window"].format(addresses=addresses)
        raise NotSupportedError(model=session.target.profile.model, capability="schedule", why=why)
    return tuple(found)


def read_schedule(target: Target) -> Flow[ScheduleReading]:
    """All or nothing: a schedule with a hole is no schedule. A second window is compared with the first."""
    target.profile.require("schedule")
    return (yield from in_session(target, _read_schedule))


def _read_schedule(session: Session) -> Flow[ScheduleReading]:
    layout = layout_of(session.target.profile)
    names = (*DAY_NAMES[layout.packing.tariffs], HOLIDAYS)
    base, *others = yield from schedule_bases(session)
    raws = yield from read_raws(session, names, base)
    if layout.moved_days is not None:
        raws[MOVED_DAYS] = yield from _read_moved(session, layout.moved_days)
    notes: list[str] = []
    for other in others:
        notes += yield from _compare(session, raws, base, other)
    stored = {name: hexadecimal(raw) for name, raw in raws.items()}
    image = Image.of(stored)
    return ScheduleReading(schedule=lift(image), image=stored, notes=(*image.notes(), *notes))


def _read_moved(session: Session, span: Span) -> Flow[bytes]:
    """As far as the list goes: its end and its checksum are the last that is read."""
    most = layout_of(session.target.profile).most_read
    raw = b""
    for piece in span.reads(min(PIECE, most)):
        raw += yield from read_memory(session, piece)
        end = next((at + 4 for at in range(0, len(raw) - 3, 4) if not any(raw[at : at + 4])), None)
        if end is not None and len(raw) > end:
            return raw[: end + 1]
    return raw[:MOVED_SIZE]


def _compare(session: Session, raws: Mapping[str, bytes], base: int, other: int) -> Flow[list[str]]:
    days = [name for name in raws if s.is_day(name)]
    found = yield from read_raws(session, days, other)
    names = [name for name in days if found[name] != raws[name]]
    if not names:
        return []
    return [_TEXT["two windows"].format(one=f"{base:04X}h", other=f"{other:04X}h", names=", ".join(names))]


def read_holidays(target: Target) -> Flow[Holidays]:
    """The table of every year; the days that were moved in one year are told with the schedule."""
    target.profile.require("holidays")

    def work(session: Session) -> Flow[Holidays]:
        raw = yield from read_memory(session, layout_of(target.profile).holidays)
        return Holidays(days=HolidayTable.read(raw).days(), raw=hexadecimal(raw))

    return (yield from in_session(target, work))
