"""The stored values that meterlink writes: their names, what they mean, and how they are read.

A value that has no name here can be neither written nor read back by name: this is what keeps every other write command
of `messages` out of reach. The clock is not here, because it does not stand. Moved days are read and never written.

    DST flag            bit 0 of the second byte of the flags: 01 forbids the automatic switch
    one-tariff mode     bit 6 of the same byte
    holidays            the 48 bytes and their checksum
    January weekdays    one day schedule; the others likewise
    schedule checksum   what the state word says of it: E-13

Facts: docs/protocols/micron.md, 10, 14, 17 and 18.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from meterlink.driver import ScheduleReading, Target, Unliftable
from meterlink.errors import ConfigError, NotSupportedError
from meterlink.flow import Flow
from meterlink.model import Action, Holidays
from meterlink.profiles import Profile
from meterlink.tariff import YearSchedule
from meterlink.tariff.schedule import month_day_text
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink_micron import messages as m, values as v
from meterlink_micron.days import MOVED_SIZE, HolidayTable, MovedDays
from meterlink_micron.errors import UnknownCommandError
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
from meterlink_micron.parameters import MemoryPlace
from meterlink_micron.schedule import Image, bytes_of, lift
from meterlink_micron.session import Session, in_session
from meterlink_micron.slots import EIGHT, PACKINGS, Packing

DST_FLAG: Final = "DST flag"
ONE_TARIFF: Final = "one-tariff mode"
SCHEDULE_CHECK: Final = "schedule checksum"

FLAG_MASKS: Final[Mapping[str, int]] = {DST_FLAG: 0x01, ONE_TARIFF: 0x40}
"""In the second byte of the flags."""
CHECK_RIGHT: Final = b"\x00"
_CHECK_WRONG: Final = b"\x10"
_E13: Final = 13

_TEXT: Final = {
    "off": "off",
    "on": "on",
    "right": "right",
    "wrong": "wrong",
    "one byte": "it takes one byte",
    "no days": "no days",
    "unchecked": "{days}; its checksum is wrong",
    "moved": "{on} as day {table}",
    "unknown": "this family stores no such value that could be written{meant}",
    "meant": "; did you mean {near!r}",
    "no window": "the meter answers neither at {addresses}",
    "two windows": "the day schedules at {one} and at {other} differ: {names}",
}


# --- what they mean ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The values of some actions, with the capabilities that reading and writing them need."""

    actions: frozenset[Action]
    reading: str
    writing: str


_DST: Final = Group(actions=frozenset({Action.DST_OFF, Action.DST_ON}), reading="dst", writing="set_dst")
_MODE: Final = Group(actions=frozenset({Action.TARIFF_MODE}), reading="tariff_count", writing="set_tariff_count")
_HOLIDAYS: Final = Group(actions=frozenset({Action.HOLIDAYS}), reading="holidays", writing="set_holidays")
_SCHEDULE: Final = Group(actions=frozenset({Action.SCHEDULE}), reading="schedule", writing="set_schedule")

_ALL_DAYS: Final = frozenset(name for names in DAY_NAMES.values() for name in names)
_GROUPS: Final[Mapping[str, Group]] = {
    DST_FLAG: _DST,
    ONE_TARIFF: _MODE,
    HOLIDAYS: _HOLIDAYS,
    SCHEDULE_CHECK: _SCHEDULE,
    **dict.fromkeys(sorted(_ALL_DAYS), _SCHEDULE),
}


def is_day(name: str) -> bool:
    """Whether it is a day schedule of some model."""
    return name in _ALL_DAYS


def group_of(name: str, profile: Profile) -> Group:
    """ConfigError, with the nearest name, where nothing writable is stored under it in this model."""
    known = names_of(profile)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        meant = _TEXT["meant"].format(near=near[0]) if near else ""
        raise ConfigError(setting=name, why=_TEXT["unknown"].format(meant=meant))
    return _GROUPS[name]


def names_of(profile: Profile) -> tuple[str, ...]:
    """Every value of a model."""
    return (DST_FLAG, ONE_TARIFF, HOLIDAYS, *DAY_NAMES[layout_of(profile).packing.tariffs], SCHEDULE_CHECK)


def stored_names(action: Action, profile: Profile) -> tuple[str, ...]:
    """The values of an action that this model has and can be told to change; none for clock and reading."""
    return tuple(
        name
        for name in names_of(profile)
        if action in _GROUPS[name].actions and _has(profile, _GROUPS[name].reading, _GROUPS[name].writing)
    )


def _has(profile: Profile, *capabilities: str) -> bool:
    return all(map(profile.has, capabilities))


def _packing_of(raw: bytes) -> Packing:
    """By the size of a day schedule; PayloadError."""
    return next((packing for packing in PACKINGS.values() if packing.size == len(raw)), PACKINGS[4])


def _is_set(raw: bytes) -> bool:
    """A flag of one byte; PayloadError."""
    if len(raw) != 1:
        raise PayloadError(_TEXT["one byte"])
    return raw != b"\x00"


def _holiday_meaning(raw: bytes) -> object:
    table = HolidayTable.read(raw)
    return table.days(), table.is_whole


def _day_meaning(raw: bytes) -> object:
    return _packing_of(raw).program(raw)


_MEANINGS: Final[Mapping[str, Callable[[bytes], object]]] = {
    DST_FLAG: _is_set,
    ONE_TARIFF: _is_set,
    SCHEDULE_CHECK: _is_set,
    HOLIDAYS: _holiday_meaning,
}


def meaning(name: str, raw: bytes) -> object:
    """What equal values share; PayloadError where it makes no sense."""
    return _MEANINGS.get(name, _day_meaning)(raw)


def means_same(name: str, one: str, other: str) -> bool:
    """Marks of days that no calendar has mean nothing."""
    if one == other:
        return True
    try:
        return name in _GROUPS and meaning(name, bytes_of(one)) == meaning(name, bytes_of(other))
    except PayloadError:
        return False


# --- in words ---------------------------------------------------------------------------------------------------------


def told_stored(name: str, raw: str) -> str:
    """`00:00 T2 | 07:00 T1`, `off`, `01-01, 05-09`; the hexadecimal where it makes no sense."""
    try:
        data = bytes_of(raw)
        if is_day(name):
            return str(_day_meaning(data))
        return _TELLERS[name](data) if name in _TELLERS else raw
    except PayloadError:
        return raw


def _tell_dst(raw: bytes) -> str:
    return _TEXT["off" if _is_set(raw) else "on"]


def _tell_mode(raw: bytes) -> str:
    return _TEXT["on" if _is_set(raw) else "off"]


def _tell_check(raw: bytes) -> str:
    return _TEXT["wrong" if _is_set(raw) else "right"]


def _tell_holidays(raw: bytes) -> str:
    table = HolidayTable.read(raw)
    days = ", ".join(map(month_day_text, table.days())) or _TEXT["no days"]
    return days if table.is_whole else _TEXT["unchecked"].format(days=days)


def _tell_moved(raw: bytes) -> str:
    days = MovedDays.read(raw, EIGHT).days  # which table a number means depends on the model
    told = (_TEXT["moved"].format(on=day.on.isoformat(), table=day.table) for day in days)
    return ", ".join(told) or _TEXT["no days"]


_TELLERS: Final[Mapping[str, Callable[[bytes], str]]] = {
    DST_FLAG: _tell_dst,
    ONE_TARIFF: _tell_mode,
    SCHEDULE_CHECK: _tell_check,
    HOLIDAYS: _tell_holidays,
    MOVED_DAYS: _tell_moved,
}


def lift_stored(stored: Mapping[str, str]) -> YearSchedule | Unliftable:
    """The schedule that these stored values make; KeyError or PayloadError where one is missing or has no such size."""
    return lift(Image.of(stored))


# --- reading ----------------------------------------------------------------------------------------------------------


def read_stored(target: Target, names: Sequence[str]) -> Flow[Mapping[str, str]]:
    """All of them in one session."""
    for name in names:
        target.profile.require(group_of(name, target.profile).reading)

    def work(session: Session) -> Flow[Mapping[str, str]]:
        base = (yield from schedule_base(session)) if any(map(is_day, names)) else 0
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
    flags: v.Flags | None = None
    for name in names:
        if name in FLAG_MASKS:
            flags = flags or (yield from read_flags(session))
            found[name] = bytes([flags.byte2 & FLAG_MASKS[name]])
        elif name == SCHEDULE_CHECK:
            found[name] = yield from read_check(session)
    return found


def read_flags(session: Session) -> Flow[v.Flags]:
    return (yield from session.read(m.READ_FLAGS, v.MaybeIndex())).value


def read_check(session: Session) -> Flow[bytes]:
    """Whether the meter finds the checksum of its day schedules right."""
    word: v.StateWord = (yield from session.read(m.READ_STATE, v.MaybeIndex())).value
    return _CHECK_WRONG if _E13 in word.numbers else CHECK_RIGHT


def span_of(name: str, layout: Layout, base: int) -> Span | None:
    """Where a value lies in memory 02; None where it is not kept there."""
    if name == HOLIDAYS:
        return layout.holidays
    key = DAY_NAMES[layout.packing.tariffs].get(name)
    return None if key is None else layout.day(key, base)


def _spans(names: Iterable[str], layout: Layout, base: int) -> Iterable[tuple[str, Span]]:
    for name in names:
        span = span_of(name, layout, base)
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
    most = layout_of(session.target.profile).memory_read
    raw = b""
    for piece in span.reads(most):
        reply = yield from session.read(m.READ_MEMORY, MemoryPlace(TABLES_MEMORY, piece.at, piece.size))
        raw += reply.value.raw
    return raw


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
    raw = b""
    for piece in span.reads(PIECE):
        raw += yield from read_memory(session, piece)
        end = next((at + 4 for at in range(0, len(raw) - 3, 4) if not any(raw[at : at + 4])), None)
        if end is not None and len(raw) > end:
            return raw[: end + 1]
    return raw[:MOVED_SIZE]


def _compare(session: Session, raws: Mapping[str, bytes], base: int, other: int) -> Flow[list[str]]:
    days = [name for name in raws if is_day(name)]
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
