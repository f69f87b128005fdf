"""How these meters are written. Every function is a flow; what may be written at all is the table in `stored`.

* Nothing is written in a dialogue that was opened without an address.
* The password is presented once for each announcement; what the meter says to it ends the work.
* A value is an uninterrupted series of frames, one for each element. It is read back as a whole, fillers included. A
  series that broke off does not stand, whatever its first elements say: it is announced and written anew, whole.
* No frame is sent twice; after NAK, silence or B0 the meter is read in a new session without the password.
Rules: docs/protocols/energomera.md, 11 to 13. On other models than the CE6850M all of it is a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import ceil
from typing import Final

from meterlink.driver import SoftCorrection, Target, Written
from meterlink.errors import (
    AddressError,
    LinkError,
    MeterlinkError,
    NotStoredError,
    NotSupportedError,
    RefusedError,
    WireError,
)
from meterlink.flow import Announce, Change, Flow, WaitUntil, ask, finishing
from meterlink.model import Action
from meterlink.profiles import Profile
from meterlink.wire.payload import PayloadError, require_whole_local
from meterlink_energomera.address import ANYBODY
from meterlink_energomera.asking import one
from meterlink_energomera.messages import Read, Write
from meterlink_energomera.models import table_of
from meterlink_energomera.schedule import args_of, joined
from meterlink_energomera.session import Session, in_session, password_of
from meterlink_energomera.stored import frames_of, means_same, read_raw, require_writing, told_stored, whole_of
from meterlink_energomera.times import date_text, read_date, read_time, time_text

STEP_ORDER: Final = (Action.DST_OFF, Action.DST_ON, Action.CLOCK, Action.SCHEDULE, Action.HOLIDAYS)
"""The switch before the clock, as nobody knows whether forbidding it in summer moves the clock; the graphs before the
exception days that name them."""

_HEAD_S: Final = 0.3
"""Between the last answer and the second that is set: time to make the announcement durable."""
_AROUND_S: Final = 60
"""Before and after the meter's own midnight nothing is set."""
_DAY_S: Final = 86_400
_IDLE_S: Final = 1.2
_REST_S: Final = 0.5
"""These meters drop a session after 1.5 to 4 s without a request; a read takes up to half a second more."""
_OPENING_S: Final = 4.0
"""What signing on and presenting the password take at most on a line that works."""

_TEXT: Final = {
    "anybody": "a meter that is asked without its address is only read",
    "far": "it corrects by at most {limit} s, and {by} s are wanted",
    "shift": "soft correction of the clock",
    "no shift": "its profile names no soft correction",
}


def refuse_anybody(target: Target) -> None:
    """AddressError, before any byte."""
    if target.address == ANYBODY:
        raise AddressError(
            setting=ANYBODY, why=_TEXT["anybody"], model=target.profile.model, rule=target.profile.address.rule
        )


def soft_correction(profile: Profile) -> SoftCorrection | None:
    """CTIME, once a calendar day."""
    window_s = profile.limits.correction_window_s
    return None if window_s is None else SoftCorrection(limit=timedelta(seconds=window_s))


def _with_password(target: Target, work: Callable[[Session], Flow[Written]]) -> Flow[Written]:
    """Work in a session of its own with the password, ended whatever comes of it; nothing is found where it failed."""
    session = Session(target, with_password=True)
    try:
        password_of(target)
        yield from session.open()
        return (yield from finishing(work(session), session.abandon))
    except (LinkError, WireError, RefusedError) as failure:
        return Written(found={}, failure=failure)


# --- stored values ----------------------------------------------------------------------------------------------------


def write(target: Target, operation: str, changes: Sequence[Change]) -> Flow[Written]:
    """Value by value: its whole series, then its reading; the first that does not stand ends it."""
    refuse_anybody(target)
    for change in changes:
        require_writing(change.parameter, target.profile)
    series = [(change, frames_of(change)) for change in changes]
    if not series:
        return Written(found={})

    def work(session: Session) -> Flow[Written]:
        frames = tuple(frame for _, each in series for frame in each)
        yield Announce(operation, frames, tuple(change for change, each in series for _ in each))
        return (yield from _write_all(session, series))

    return (yield from _with_password(target, work))


def _write_all(session: Session, series: Sequence[tuple[Change, tuple[Write, ...]]]) -> Flow[Written]:
    found: dict[str, str] = {}
    stood: set[str] = set()
    for change, frames in series:
        failure = yield from _send(frames)
        try:
            raw = yield from _read_back(session, change.parameter, failure)
        except (LinkError, WireError, RefusedError) as unread:
            return Written(found=found, standing=frozenset(stood), failure=failure or unread)
        found[change.parameter] = raw
        same = means_same(change.parameter, raw, change.new)
        if same:
            stood.add(change.parameter)
        if failure is not None or not same:
            wrong = failure or _not_stored(session.target, change, raw)
            return Written(found=found, standing=frozenset(stood), failure=wrong)
    return Written(found=found, standing=frozenset(stood))


def _send(frames: Sequence[Write]) -> Flow[MeterlinkError | None]:
    """The series without a pause; what broke it off, None where all was acknowledged."""
    for frame in frames:
        try:
            yield from ask(frame)
        except (LinkError, WireError, RefusedError) as failure:
            return failure
    return None


def _read_back(session: Session, name: str, failure: MeterlinkError | None) -> Flow[str]:
    """In the same session where all went well, else in a new one without the password."""
    if failure is None:
        table = table_of(session.target.profile)
        reply = yield from ask(Read(name, args_of(name, table)))
        return joined(whole_of(reply, name, table))
    yield from session.abandon()
    return (yield from in_session(session.target, _reader(name)))


def _reader(name: str) -> Callable[[Session], Flow[str]]:
    return lambda session: read_raw(session, name)


def _not_stored(target: Target, change: Change, found: str) -> NotStoredError:
    return NotStoredError(
        address=target.address,
        item=change.parameter,
        wanted=told_stored(change.parameter, change.new),
        found=told_stored(change.parameter, found),
    )


# --- the clock --------------------------------------------------------------------------------------------------------


def set_clock(target: Target, operation: str, local: datetime, at: float, change: Change) -> Flow[Written]:
    """DATE_ where the date differs, then TIME_, so that the meter acts on it when the port's clock shows `at` or whole
    seconds later.

    A session takes longer to open than `at` may allow, so both moments move on together; also over midnight, because
    date and time are two frames. The meter's own midnight is waited for, as its date would change under them.
    """
    refuse_anybody(target)
    target.profile.require("set_clock")
    require_whole_local(local)

    def work(session: Session) -> Flow[Written]:
        clock = yield from _shown(session)
        setting = _planned(session, clock, local, at)
        if clock.turns_by(setting.leaves):
            yield from _stay(clock.heard_at, clock.turned_at)
            clock = yield from _shown(session)
            setting = _planned(session, clock, local, at)
        told = replace(change, new=setting.local.isoformat())
        yield Announce(operation, setting.frames, (told,) * len(setting.frames))
        yield from _send_in_time(session, setting, clock.heard_at)
        return Written(found={})

    return (yield from _with_password(target, work))


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the meter's clock showed when the port's was at `heard_at`; None for what made no sense."""

    date: tuple[int, date] | None
    second: int | None
    """Of its day."""
    heard_at: float

    def turns_by(self, moment: float) -> bool:
        """Whether its own midnight is within a minute of any time until then: DATE_ and TIME_ would be of two days."""
        if self.second is None:
            return False
        return not _AROUND_S <= self.second <= _DAY_S - _AROUND_S - (moment - self.heard_at)

    @property
    def turned_at(self) -> float:
        """When its midnight is a minute past."""
        return self.heard_at + (_AROUND_S - (self.second or 0)) % _DAY_S


@dataclass(frozen=True, slots=True)
class _Setting:
    """What is set, and when the last of the frames, TIME_, leaves."""

    local: datetime
    frames: tuple[Write, ...]
    leaves: float


def _shown(session: Session) -> Flow[_Shown]:
    """A clock that shows nonsense is set like any other."""
    told = (yield from ask(Read("DATE_", usual=24))).value
    reply = yield from ask(Read("TIME_", usual=24))
    on, second = None, None
    with suppress(PayloadError):
        on = read_date(one("DATE_")(told))
    with suppress(PayloadError):
        moment = read_time(date.min, one("TIME_")(reply.value))
        second = moment.hour * 3600 + moment.minute * 60 + moment.second
    return _Shown(on, second, reply.received_at)


def _planned(session: Session, clock: _Shown, local: datetime, at: float) -> _Setting:
    """The moment moved on by whole seconds until both frames can be in time."""
    travel = _travel_s(session)
    later = timedelta(seconds=max(0, ceil(clock.heard_at + _HEAD_S + 2 * travel - at)))
    if clock.date != _day_of(local + later):
        later += timedelta(seconds=_answer_s(session))
    later = _past_midnight(local, later)
    wanted = local + later
    frames = [Write("TIME_", time_text(wanted))]
    if clock.date != _day_of(wanted):
        frames.insert(0, Write("DATE_", date_text(wanted)))
    return _Setting(wanted, tuple(frames), at + later.total_seconds() - travel)


def _send_in_time(session: Session, setting: _Setting, now: float) -> Flow[None]:
    *before, time = setting.frames
    now = yield from _stay(now, setting.leaves - len(before) * _answer_s(session))
    for frame in before:
        now = (yield from ask(frame)).received_at
    yield from _stay(now, setting.leaves)
    yield WaitUntil(setting.leaves)
    yield from ask(time)


def _day_of(moment: datetime) -> tuple[int, date]:
    """As DATE_ tells it."""
    return moment.isoweekday() % 7, moment.date()


def _stay(now: float, until: float) -> Flow[float]:
    """Read the clock again and again while there is time, because a silent session does not live; what it is then."""
    while until - now > _IDLE_S:
        yield WaitUntil(now + _REST_S, _IDLE_S)
        now = (yield from ask(Read("TIME_", usual=24))).received_at
    return now


def _past_midnight(local: datetime, later: timedelta) -> timedelta:
    """Whole seconds more where date and time would be written in the last seconds of a day."""
    wanted = local + later
    left = timedelta(days=1) - timedelta(hours=wanted.hour, minutes=wanted.minute, seconds=wanted.second)
    return later + left + timedelta(seconds=1) if left <= timedelta(seconds=3) else later


def _travel_s(session: Session) -> float:
    """From the beginning of a TIME_ frame to the moment at which the meter acts on it: its last character."""
    return len(Write("TIME_", "00:00:00").encode()) * session.line.char_s


def _answer_s(session: Session) -> int:
    """Whole seconds that one write and its answer take at most."""
    return ceil(session.target.profile.timing.reply_s) + 1


def shift_clock(target: Target, operation: str, by: timedelta, change: Change) -> Flow[Written]:
    """CTIME(): seconds 0 to 29 become 00, 30 to 59 become 59, so it is sent when the true second is 00 or 59.

    A session does not live for a minute, so the flow waits without one and opens it shortly before.
    """
    refuse_anybody(target)
    target.profile.require("set_clock")
    soft = soft_correction(target.profile)
    if soft is None:
        raise NotSupportedError(model=target.profile.model, capability=_TEXT["shift"], why=_TEXT["no shift"])
    if abs(by) > soft.limit:
        why = _TEXT["far"].format(limit=soft.limit.total_seconds(), by=by.total_seconds())
        raise NotSupportedError(model=target.profile.model, capability=_TEXT["shift"], why=why)
    password_of(target)
    now = yield from in_session(target, _moment)
    second = 0 if by < timedelta() else 59
    at = _next(now + _OPENING_S + 1, second)
    yield WaitUntil(at - _OPENING_S, _OPENING_S)

    def work(session: Session) -> Flow[Written]:
        frame = Write("CTIME", "")
        leaves = at - len(frame.encode()) * session.line.char_s
        yield Announce(operation, (frame,), (change,))
        heard = yield from ask(Read("TIME_", usual=24))
        yield from _stay(heard.received_at, leaves)
        yield WaitUntil(leaves)
        yield from ask(frame)
        return Written(found={})

    return (yield from _with_password(target, work))


def _moment(session: Session) -> Flow[float]:
    """What the port's clock shows."""
    return (yield from session.read("TIME_", usual=24)).received_at


def _next(after: float, second: int) -> float:
    """The next moment with this second of the minute."""
    minute = int(after) // 60 * 60
    return float(next(at for at in (minute + second + 60 * n for n in range(3)) if at >= after))
