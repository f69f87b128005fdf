"""How the clock of a meter of this family is put right: at once (03 0C), or softly by some seconds (03 0B, 03 0D).

Softly: at most 120 s, once in a calendar day, and only where the corrected time lies in the same hour. What can be
known of that is looked at before anything is sent; the answer then says when it would work. Backwards a meter takes its
time, so its own word that it is done (08 18 01) is waited for.

At once: the season stands in the time that is written. Where the meter may not switch by itself it is winter; else the
one that the meter's own moments give to the date. Rules: docs/protocols/micron.md, 9 and 10.
"""

from __future__ import annotations

from calendar import monthrange
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Any, Final

from meterlink.driver import SoftCorrection, Target, Written
from meterlink.errors import BadReplyError, MeterlinkError, NotSupportedError, RefusedError
from meterlink.flow import Announce, Change, Flow, Reply, WaitUntil
from meterlink.profiles import Profile
from meterlink.wire.payload import require_whole_local
from meterlink_micron import messages as m
from meterlink_micron.clock import (
    CORRECTED_TODAY,
    RUNNING,
    SUMMER,
    WINTER,
    Clock,
    CorrectionState,
    ShiftSeconds,
    ShiftTo,
    SwitchMoment,
)
from meterlink_micron.errors import UnknownCommandError
from meterlink_micron.messages import Call, Status
from meterlink_micron.models import JOURNALS, table_of
from meterlink_micron.records import LENGTH, Pair, ShortRecord
from meterlink_micron.session import Session, refuse_unwritable
from meterlink_micron.stored_reading import read_flags
from meterlink_micron.writing import send, with_session

_HEAD_S: Final = 0.4
"""From the last answer to the frame that sets the clock: an announcement is made durable between."""
_SENDING: Final = timedelta(seconds=2)
"""From a reading of the clock to the moment at which the meter looks whether it stays in the hour."""
_POLL_S: Final = 5.0
_LONGEST_S: Final = 150.0
_HOUR: Final = timedelta(hours=1)
_MIDNIGHT: Final = datetime(1970, 1, 1)
"""Any: hours are counted from it."""
_CLOCK_CHANGES: Final = ShortRecord(JOURNALS["clock"], LENGTH - 1)

_TEXT: Final = {
    "shift": "soft correction of the clock",
    "no shift": "its profile knows of none",
    "far": "it moves the clock by at most {limit:.0f} s, and {by:.0f} s are needed",
    "hour": "its clock shows {local:%H:%M:%S}, and {seconds:+d} s would take it out of the hour; from {when:%H:%M:%S} "
    "on, by its own clock, it can be corrected",
    "today": "it was corrected once today already; from 00:00 on, by its own clock, it can be corrected",
    "running": "an earlier correction is still running; in at most two minutes it can be corrected",
    "state": "the meter says of the correction: {state}",
}


@dataclass(eq=False, kw_only=True)
class NotNowError(RefusedError):
    """A soft correction that the meter would refuse now; it was not sent."""

    text = "The clock cannot be corrected now: {why}."
    hint_text = "Nothing was sent. Run the command again at the time that is named."
    request: str = _TEXT["shift"]
    code: str = "local"


def soft_correction(profile: Profile) -> SoftCorrection | None:
    """As far as the profile says; one of these a calendar day."""
    window_s = profile.limits.correction_window_s
    return None if window_s is None else SoftCorrection(limit=timedelta(seconds=window_s))


# --- at once ----------------------------------------------------------------------------------------------------------


def set_clock(target: Target, operation: str, local: datetime, at: float, change: Change) -> Flow[Written]:
    """03 0C so that the meter acts on it when the port's clock shows `at`, or whole seconds later: both move together.

    Nothing is read back here, the clock runs on.
    """
    refuse_unwritable(target)
    target.profile.require("set_clock")
    require_whole_local(local)
    return (yield from with_session(target, lambda session: _set(session, operation, local, at, change)))


def _set(session: Session, operation: str, local: datetime, at: float, change: Change) -> Flow[Written]:
    season = yield from _season(session, local)
    travel_s = _travel_s(session, session.call(m.SET_CLOCK, Clock.at(local, season)))
    later_s = max(0, ceil(session.heard_at + _HEAD_S + travel_s - at))
    yield from session.stay(at + later_s - travel_s)
    wanted = local + timedelta(seconds=later_s)
    call = session.call(m.SET_CLOCK, Clock.at(wanted, season))
    announcement = Announce(operation, (call,), (replace(change, new=wanted.isoformat()),))
    yield announcement
    yield WaitUntil(at + later_s - travel_s)
    yield from send(session, call, announcement)
    return Written(found={})


def _season(session: Session, local: datetime) -> Flow[int]:
    """The season that goes with a time, by the meter's own rule."""
    if not session.target.profile.has("dst") or (yield from read_flags(session)).dst_forbidden:
        return WINTER
    begins = (yield from session.read(m.READ_SUMMER_MOMENT)).value
    ends = (yield from session.read(m.READ_WINTER_MOMENT)).value
    return season_on(local, begins, ends)


def season_on(local: datetime, begins: SwitchMoment, ends: SwitchMoment) -> int:
    """Between two moments of each year; the hour of either is that of the time shown before it."""
    first, last = (_moment(moment, local.year) for moment in (begins, ends))
    is_summer = first <= local < last if first < last else not last <= local < first
    return SUMMER if is_summer else WINTER


def _moment(moment: SwitchMoment, year: int) -> datetime:
    """Always the last such weekday of the month."""
    end = date(year, moment.month, monthrange(year, moment.month)[1])
    day = end - timedelta(days=(end.isoweekday() - moment.weekday) % 7)
    return datetime.combine(day, time(moment.hour))


def _travel_s(session: Session, call: Call[Any]) -> float:
    """From the beginning of a frame to the moment at which the meter acts on it: the silence that ends it."""
    chars = len(call.encode()) + session.target.profile.timing.quiet_chars
    return chars * session.target.opened_at.char_s


# --- softly -----------------------------------------------------------------------------------------------------------


def shift_clock(target: Target, operation: str, by: timedelta, change: Change) -> Flow[Written]:
    """03 0B by whole seconds, or 03 0D where the model knows that alone; nothing where it would be less than one."""
    refuse_unwritable(target)
    target.profile.require("set_clock")
    seconds = _checked(target.profile, by)
    if seconds == 0:
        return Written(found={})
    return (yield from with_session(target, lambda session: _shift(session, operation, seconds, change)))


def _checked(profile: Profile, by: timedelta) -> int:
    soft = soft_correction(profile)
    if soft is None:
        raise NotSupportedError(model=profile.model, capability=_TEXT["shift"], why=_TEXT["no shift"])
    seconds = round(by.total_seconds())
    if abs(by) > soft.limit:
        why = _TEXT["far"].format(limit=soft.limit.total_seconds(), by=abs(by).total_seconds())
        raise NotSupportedError(model=profile.model, capability=_TEXT["shift"], why=why)
    return seconds


def _shift(session: Session, operation: str, seconds: int, change: Change) -> Flow[Written]:
    shown = yield from _shown(session)
    refused = yield from _why_not_now(session, shown.value.local, seconds)
    if refused is not None:
        raise refused
    call, leaves = _correction(session, shown, seconds)
    announcement = Announce(operation, (call,), (change,))
    yield announcement
    if leaves is not None:
        yield WaitUntil(leaves)
    yield from send(session, call, announcement)
    return Written(found={}, failure=(yield from _done(session)))


def _shown(session: Session) -> Flow[Reply[Clock]]:
    return (yield from session.read(m.READ_RECORD, m.CLOCK_RECORD))


def _correction(session: Session, shown: Reply[Clock], seconds: int) -> tuple[Call[Status], float | None]:
    """The frame, and when it leaves: 03 0D names the time that the meter shall show when it hears it."""
    if table_of(session.target.profile).correction == "0B":
        return session.call(m.SHIFT_SECONDS, ShiftSeconds(seconds)), None
    call = session.call(m.SHIFT_TO, ShiftTo(time()))
    half_s = (shown.received_at - shown.sent_at) / 2
    ahead_s = ceil(session.heard_at + _HEAD_S - shown.received_at + half_s + _travel_s(session, call))
    # a clock that shows whole seconds stands half a second later on average
    hears_at = shown.received_at - half_s + ahead_s - 0.5
    wanted = shown.value.local + timedelta(seconds=seconds + ahead_s)
    return session.call(m.SHIFT_TO, ShiftTo(wanted.time())), hears_at - _travel_s(session, call)


def _why_not_now(session: Session, shown: datetime, seconds: int) -> Flow[NotNowError | None]:
    """What is known before anything is sent."""
    moved = timedelta(seconds=seconds)
    hours = {(moment - _MIDNIGHT) // _HOUR for at in (shown, shown + _SENDING) for moment in (at, at + moved)}
    if len(hours) > 1:
        hour = timedelta(hours=max(hours))
        when = _MIDNIGHT + hour + max(timedelta(), -moved)
        return NotNowError(why=_TEXT["hour"].format(local=shown, seconds=seconds, when=when))
    state = yield from _state(session)
    if state is None or state.state not in (RUNNING, CORRECTED_TODAY):
        return None
    if state.state == RUNNING:
        return NotNowError(why=_TEXT["running"])
    changed = yield from _last_change(session)
    return NotNowError(why=_TEXT["today"]) if changed is not None and changed.date() == shown.date() else None


def _state(session: Session) -> Flow[CorrectionState | None]:
    """08 18 01; None where the meter does not know it."""
    try:
        state: CorrectionState = (yield from session.read(m.READ_TASK, m.CORRECTION_TASK)).value
    except UnknownCommandError:
        return None
    return state


def _last_change(session: Session) -> Flow[datetime | None]:
    """What the clock showed after it was changed last (journal 02): the state alone does not say of which day it is."""
    with suppress(BadReplyError, RefusedError):
        pair: Pair = (yield from session.read(m.READ_RECORD, _CLOCK_CHANGES)).value
        return pair.end or pair.begin
    return None


def _done(session: Session) -> Flow[MeterlinkError | None]:
    """Wait until the meter says that its correction does not run any more; what it says then."""
    begun = session.heard_at
    state = yield from _state(session)
    while state is not None and state.state == RUNNING and session.heard_at - begun < _LONGEST_S:
        yield WaitUntil(session.heard_at + _POLL_S, _POLL_S)
        state = yield from _state(session)
    if state is None or state.state == 0:
        return None
    return RefusedError(
        request=_TEXT["shift"], code=f"{state.state:02X}h", why=_TEXT["state"].format(state=state.words)
    )
