"""How a meter of this family is written. Every function is a flow; what may be written at all is the table in `stored`.

* An acknowledgement proves that a frame was accepted, not that the value stands, and silence proves nothing: each value
  is read back at once, after an answer and after none, and the series ends with the first that does not stand.
* A value in memory is written in blocks of sixteen bytes, of which only those that differ leave. A series ends with the
  first value that does not stand, so only the first of the next one may be half written: that one is read before.
* Day schedules end with 03 21, whatever was asked: the meter counts their checksum, and its state word says whether it
  finds it right. Until it does, the last of them is not called standing.
* Status 6 asks for the same frame once more within half a second, and says that nothing was done. Each frame on the
  wire needs an announcement of its own, so the rest of the series is announced anew, at most twice for one frame.

Rules: docs/protocols/micron.md, 7.4, 14.4, 14.5 and 23.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from meterlink.driver import Target, Written
from meterlink.errors import (
    ChannelClosedError,
    ConfigError,
    LinkError,
    MeterlinkError,
    NotStoredError,
    RefusedError,
    WireError,
)
from meterlink.flow import Announce, Change, Flow, Pause, finishing
from meterlink.model import Action
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink_micron import messages as m, parameters as p, stored as s
from meterlink_micron.errors import RepeatWantedError
from meterlink_micron.memory import PIECE, TABLES_MEMORY, Span, layout_of
from meterlink_micron.memory_codec import MemoryWrite
from meterlink_micron.messages import Call, Status
from meterlink_micron.schedule import bytes_of
from meterlink_micron.session import Session, in_session, refuse_unwritable
from meterlink_micron.stored_reading import read_flags, read_raws, schedule_base

STEP_ORDER: Final = (
    Action.DST_OFF,
    Action.DST_ON,
    Action.CLOCK,
    Action.HOLIDAYS,
    Action.SCHEDULE,
    Action.TARIFF_MODE,
)
"""The flag before the clock, because setting the clock writes the season that goes with it; the mode after the tables,
so that no tariff comes into force that they do not know."""

_REPEATS: Final = 2
_COUNTING_S: Final = 1.0
"""03 21 takes about 0.7 s."""

_COUNTED: Final = Change(parameter=s.SCHEDULE_CHECK, old=None, new=hexadecimal(s.CHECK_RIGHT))

_TEXT: Final = {
    "no value": "{raw!r} is not what is stored there: {why}",
    "size": "it takes {size} bytes",
    "other flags": "the flags beside it",
}

_FLAGS: Final = {
    (s.DST_FLAG, True): p.DST_FORBIDDEN,
    (s.DST_FLAG, False): p.DST_ALLOWED,
    (s.ONE_TARIFF, True): p.ONE_TARIFF,
    (s.ONE_TARIFF, False): p.BY_SCHEDULE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One value with the frames that write it."""

    change: Change
    calls: tuple[Call[Status], ...]

    @property
    def name(self) -> str:
        return self.change.parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """One announcement. `base` is where the day schedules begin, `other_flags` what stands beside the flag to write."""

    session: Session
    operation: str
    orders: tuple[_Order, ...]
    base: int
    other_flags: int | None

    def announcement(self, number: int, place: int) -> Announce:
        """Of all that is left from one frame on."""
        first = self.orders[number]
        left = [(first.change, call) for call in first.calls[place:]]
        left += [(order.change, call) for order in self.orders[number + 1 :] for call in order.calls]
        return Announce(self.operation, tuple(call for _, call in left), tuple(change for change, _ in left))


def with_session(target: Target, work: Callable[[Session], Flow[Written]]) -> Flow[Written]:
    """Work in a dialogue of its own, ended whatever comes of it; nothing is found where it failed."""
    session = Session(target)
    try:
        yield from session.open()
        return (yield from finishing(work(session), session.abandon))
    except (LinkError, WireError, RefusedError) as failure:
        return Written(found={}, failure=failure)


def write(target: Target, operation: str, changes: Sequence[Change]) -> Flow[Written]:
    """One announcement of all; then value by value: its blocks, its reading; the first that does not stand ends it."""
    refuse_unwritable(target)
    for change in changes:
        target.profile.require(s.group_of(change.parameter, target.profile).writing)
        _check(change, target)
    if not changes:
        return Written(found={})
    return (yield from with_session(target, lambda session: _write(session, operation, changes)))


def _check(change: Change, target: Target) -> None:
    """ConfigError where this is no value of that name."""
    try:
        raw = bytes_of(change.new)
        span = s.span_of(change.parameter, layout_of(target.profile), 0)
        size = 1 if span is None else span.size
        if len(raw) != size:
            raise PayloadError(_TEXT["size"].format(size=size))
        s.meaning(change.parameter, raw)
    except PayloadError as error:
        why = _TEXT["no value"].format(raw=change.new, why=error)
        raise ConfigError(setting=change.parameter, why=why) from error


# --- the series -------------------------------------------------------------------------------------------------------


def _write(session: Session, operation: str, changes: Sequence[Change]) -> Flow[Written]:
    """What is read before, the announcement, the series."""
    values = [change for change in changes if change.parameter != s.SCHEDULE_CHECK]
    days = any(s.is_day(change.parameter) for change in values)
    base = (yield from schedule_base(session)) if days else 0
    other_flags = None
    for change in values[:1]:
        standing = (yield from read_raws(session, [change.parameter], base))[change.parameter]
        values[0] = replace(change, old=hexadecimal(standing))
        other_flags = yield from _other_flags(session, change.parameter)
    counted = [_COUNTED] if days or len(values) < len(changes) else []
    series = _Series(
        session=session,
        operation=operation,
        orders=tuple(_Order(change=change, calls=_calls(session, change, base)) for change in (*values, *counted)),
        base=base,
        other_flags=other_flags,
    )
    announcement = series.announcement(0, 0)
    if announcement.requests:
        yield announcement
    return (yield from _carry_out(series))


def _other_flags(session: Session, name: str) -> Flow[int | None]:
    """What stands beside a flag; None where it is none."""
    mask = s.FLAG_MASKS.get(name)
    return None if mask is None else (yield from read_flags(session)).byte2 & ~mask


def _calls(session: Session, change: Change, base: int) -> tuple[Call[Status], ...]:
    """The frames that make the new value of the old one; of an old one that is not known, all."""
    name, new = change.parameter, bytes_of(change.new)
    if name == s.SCHEDULE_CHECK:
        return (session.call(m.STORE_CHECKSUM),)
    if change.old == change.new:
        return ()
    if name in s.FLAG_MASKS:
        return (session.call(m.SET_FLAG, _FLAGS[name, bool(new[0])]),)
    span = s.span_of(name, layout_of(session.target.profile), base)
    assert span is not None  # every other value lies in memory
    old = b"" if change.old is None else bytes_of(change.old)
    return tuple(
        session.call(m.WRITE_MEMORY, MemoryWrite(TABLES_MEMORY, piece.at, _cut(new, piece, span)))
        for piece in span.pieces(PIECE)
        if _cut(old, piece, span) != _cut(new, piece, span)
    )


def _cut(raw: bytes, piece: Span, span: Span) -> bytes:
    return raw[piece.at - span.at : piece.end - span.at]


def _carry_out(series: _Series) -> Flow[Written]:
    found: dict[str, str] = {}
    stood: list[str] = []
    for number, order in enumerate(series.orders):
        failure = yield from _send(series, number)
        try:
            raw, moved = yield from _read_back(series, order)
        except (LinkError, WireError, RefusedError) as unread:
            return _broken_off(found, stood, order, failure or unread)
        found[order.name] = hexadecimal(raw)
        if not s.means_same(order.name, found[order.name], order.change.new):
            wrong = failure or _not_stored(series.session.target, order, found[order.name])
            return _broken_off(found, stood, order, wrong)
        stood.append(order.name)
        if moved is not None or isinstance(failure, RefusedError):
            return _broken_off(found, stood, order, moved or failure)
    return Written(found=found, standing=frozenset(stood))


def _broken_off(found: dict[str, str], stood: Sequence[str], at: _Order, failure: MeterlinkError | None) -> Written:
    """Where the checksum of the days does not stand, the last of them is not done with: the next round comes by it."""
    days = [name for name in stood if s.is_day(name)] if at.name == s.SCHEDULE_CHECK else []
    return Written(found=found, standing=frozenset(stood) - frozenset(days[-1:]), failure=failure)


def _send(series: _Series, number: int) -> Flow[MeterlinkError | None]:
    """The frames of one value; what broke them off, None where all were acknowledged."""
    order = series.orders[number]
    try:
        for place, call in enumerate(order.calls):
            yield from send(series.session, call, series.announcement(number, place))
    except (LinkError, WireError, RefusedError) as failure:
        return failure
    if order.name == s.SCHEDULE_CHECK:
        yield Pause(_COUNTING_S)
    return None


def send(session: Session, call: Call[Status], again: Announce) -> Flow[None]:
    """One announced frame; once more behind `again` each time that the meter wants it so and has done nothing yet."""
    for _ in range(_REPEATS):
        try:
            yield from session.write(call)
            return
        except RepeatWantedError:
            yield again
    yield from session.write(call)


def _read_back(series: _Series, order: _Order) -> Flow[tuple[bytes, NotStoredError | None]]:
    """The value, and what is wrong beside it; in a new dialogue where the meter closed this one."""
    try:
        return (yield from _read_one(series.session, series, order))
    except ChannelClosedError:
        yield from series.session.abandon()
        return (yield from in_session(series.session.target, lambda fresh: _read_one(fresh, series, order)))


def _read_one(session: Session, series: _Series, order: _Order) -> Flow[tuple[bytes, NotStoredError | None]]:
    raw = (yield from read_raws(session, [order.name], series.base))[order.name]
    others = yield from _other_flags(session, order.name)
    if others is None or series.other_flags in (None, others):
        return raw, None
    return raw, NotStoredError(
        address=session.target.address,
        item=_TEXT["other flags"],
        wanted=f"{series.other_flags:02X}",
        found=f"{others:02X}",
    )


def _not_stored(target: Target, order: _Order, found: str) -> NotStoredError:
    return NotStoredError(
        address=target.address,
        item=order.name,
        wanted=s.told_stored(order.name, order.change.new),
        found=s.told_stored(order.name, found),
    )
