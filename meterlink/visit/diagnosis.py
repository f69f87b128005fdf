"""What a wrong hour tells about the history of a meter. Nothing is decided here: a diagnosis is a line for the act.

A meter that was set right once and not visited since shows what the place's time was then. So every history that the
place allows is played through: set in one of the periods between the changes of its zone, with or without the automatic
summer time, in winter or in summer. Those that would show today's error are the diagnosis. The changes are those of the
zone database; the rule of summer time inside the meters is the old European one, last Sunday of March to last Sunday of
October.
Source: IANA tz; the error signatures that technicians know (2011, 2014, regions that moved 2016-2020, Kazakhstan 2024).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final

from meterlink.model import Action, ClockReading, DstSetting
from meterlink.reading import rounded, span_words
from meterlink.visit.clock_policy import MOST_UNFORCED
from meterlink.visit.plan import Warning

_ZERO: Final = timedelta()
_HOUR: Final = timedelta(hours=1)
_DRIFT: Final = timedelta(minutes=20)
"""What a crystal may add to a wrong hour: about three minutes a year, half an hour at the very worst."""
_BACK_TO: Final = datetime(2010, 12, 1, tzinfo=UTC)
"""Before the last change of all clocks in Russia; a meter that was set earlier kept summer time with its place."""
_RESET_YEAR: Final = 2001
"""Clocks that lost their power begin anew in 2000 or before; that one is up to a year old."""
_FACTORY_ON_BEFORE: Final = date(2011, 7, 1)
"""Meters made earlier left the factory with the automatic summer time on, later ones mostly not."""
_YEAR: Final = timedelta(days=366)
_FARTHEST: Final = timedelta(hours=14)
"""No place is farther from UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One history that would show this error. `code` as listed in `_name`; facts are texts."""

    code: str
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of the place's offset from UTC, to a second."""

    at: datetime
    old: timedelta
    new: timedelta

    @property
    def moved(self) -> timedelta:
        return self.new - self.old


# --- the zone of the place ------------------------------------------------------------------------------------------


def transitions(zone: tzinfo, first: datetime, last: datetime) -> tuple[Transition, ...]:
    """Every change of offset in this time, oldest first. Two within one day count as one."""
    found: list[Transition] = []
    day, offset = first, _offset(zone, first)
    while day < last:
        after = min(day + timedelta(days=1), last)
        changed = _offset(zone, after)
        if changed != offset:
            found.append(Transition(at=_moment_of_change(zone, day, after), old=offset, new=changed))
        day, offset = after, changed
    return tuple(found)


def _offset(zone: tzinfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or _ZERO


def _moment_of_change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    earlier = _offset(zone, before)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // timedelta(seconds=2) * timedelta(seconds=1)
        before, after = (middle, after) if _offset(zone, middle) == earlier else (before, middle)
    return after


def uses_dst(zone: tzinfo, now: datetime) -> bool:
    """Whether the clocks of this place go forward and back again: the offset changes twice within the coming year."""
    try:
        return len(_coming(zone, now.astimezone(UTC).date())) > 1
    except OverflowError:  # the calendar ends
        return False


@lru_cache(maxsize=32)
def _coming(zone: tzinfo, today: date) -> tuple[Transition, ...]:
    start = datetime(today.year, today.month, today.day, tzinfo=UTC)
    return transitions(zone, start, start + _YEAR)


@lru_cache(maxsize=32)
def _past(zone: tzinfo, today: date) -> tuple[Transition, ...]:
    return transitions(zone, _BACK_TO, datetime(today.year, today.month, today.day, tzinfo=UTC))


# --- what a wrong hour tells ----------------------------------------------------------------------------------------


def diagnose(
    clock: ClockReading, zone: tzinfo, *, dst: DstSetting | None = None, manufactured: date | None = None
) -> tuple[Signature, ...]:
    """The histories that would show this error, the likeliest first; none where drift alone explains it.

    Without any there is `battery-reset` or `unknown-hour`, so a wrong hour is never passed over.
    """
    if clock.error is None:
        return ()
    if clock.meter.year < _RESET_YEAR or abs(clock.error) > MOST_UNFORCED:
        return (Signature(code="battery-reset", facts={"meter_time": clock.meter.isoformat(sep=" ")}),)
    hours = rounded(clock.error, _HOUR)
    if hours == _ZERO:
        return ()
    drift = clock.error - hours
    if abs(drift) > _DRIFT:
        return (Signature(code="unknown-hour", facts={"hours": _signed_hours(clock.error)}),)
    now = clock.reference.astimezone(UTC)
    told = (
        _with_summer_time(zone, now, hours, dst)
        if uses_dst(zone, now)
        else _without(zone, now, hours, dst, manufactured)
    )
    return told or (_unknown(_offset(zone, now), hours),)


def _without(
    zone: tzinfo, now: datetime, hours: timedelta, dst: DstSetting | None, manufactured: date | None
) -> tuple[Signature, ...]:
    histories = sorted(_histories(zone, now, dst, manufactured), key=_unlikeliness)
    named: dict[str, Signature] = {}
    for history in histories:
        if history.error_at(zone, now) == hours:
            signature = _name(history, _offset(zone, now))
            named.setdefault(signature.code, signature)
    return tuple(named.values())


def _with_summer_time(zone: tzinfo, now: datetime, hours: timedelta, dst: DstSetting | None) -> tuple[Signature, ...]:
    """Where clocks still change, a meter whose switch is off is wrong in the other half of the year."""
    if dst is not None and dst.enabled:
        return ()
    offsets = {_offset(zone, change.at) for change in _coming(zone, now.date())}
    summer_here = _offset(zone, now) == max(offsets)
    return (Signature(code="dst-off-summer"),) if hours == (-_HOUR if summer_here else _HOUR) else ()


def _unknown(offset: timedelta, hours: timedelta) -> Signature:
    """With the offset from UTC that the clock would be right for, where there is such a place."""
    kept = offset + hours
    place = {"utc_offset": _utc_offset(kept)} if abs(kept) <= _FARTHEST else {}
    return Signature(code="unknown-hour", facts={"hours": _signed_hours(hours), **place})


def _signed_hours(span: timedelta) -> str:
    minutes = rounded(span, timedelta(minutes=1)) // timedelta(minutes=1)
    whole, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{whole}" + (f":{rest:02d}" if rest else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """Set right once while the place had `offset` and never since. `left_by` is what ended that period, if anything.

    `dst`: the automatic summer time was left on. `in_summer`: it was set in the meter's summer half, so that the meter
    took what it was told for summer time.
    """

    offset: timedelta
    left_by: Transition | None
    dst: bool
    in_summer: bool
    by_factory: bool
    """long before 2011, when everybody's clocks changed twice a year and meters with them"""

    @property
    def winter_offset(self) -> timedelta:
        """What the meter keeps in its winter half."""
        return self.offset - (_HOUR if self.dst and self.in_summer else _ZERO)

    def error_at(self, zone: tzinfo, now: datetime) -> timedelta:
        in_summer = self.dst and _is_summer(now + self.winter_offset)
        return self.winter_offset + (_HOUR if in_summer else _ZERO) - _offset(zone, now)


def _histories(zone: tzinfo, now: datetime, dst: DstSetting | None, made: date | None) -> Iterator[_History]:
    enabled = None if dst is None else dst.enabled
    switches = [True, False] if enabled is None else [enabled]
    changes = _past(zone, now.date())
    ends: tuple[Transition | None, ...] = (*changes, None)
    offset = changes[0].old if changes else _offset(zone, now)
    began = _BACK_TO
    for number, end in enumerate(ends):
        until = now if end is None else end.at
        if made is None or until.date() > made:
            for on in switches:
                for summer in _halves(began, until) if on else (False,):
                    yield _History(offset=offset, left_by=end, dst=on, in_summer=summer, by_factory=number == 0)
        if end is not None:
            offset, began = end.new, end.at


def _halves(began: datetime, until: datetime) -> tuple[bool, ...]:
    """In which halves of the meter's year somebody can have set a clock in this period."""
    days = (began + timedelta(days=number) for number in range(min((until - began).days, _YEAR.days) + 1))
    return tuple(sorted({_is_summer(day) for day in days}))


def _is_summer(moment: datetime) -> bool:
    """By the rule that is in the meters, on their winter time."""
    return _change_day(moment.year, 3) <= moment.replace(tzinfo=None) < _change_day(moment.year, 10)


def _change_day(year: int, month: int) -> datetime:
    last = date(year, month, 31)
    sunday = last - timedelta(days=last.isoweekday() % 7)
    return datetime(sunday.year, sunday.month, sunday.day, 2)


def _unlikeliness(history: _History) -> tuple[int, bool, bool, float]:
    """A plain mistake of the last visit is likelier than a move nobody followed, and that than both together.

    Of two moves, the later one.
    """
    moved = 0 if history.left_by is None else 1
    since = 0.0 if history.left_by is None else -history.left_by.at.timestamp()
    return moved + (history.dst and history.in_summer), history.in_summer, not history.dst, since


# --- names ----------------------------------------------------------------------------------------------------------

_PERMANENT_SUMMER_ENDS: Final = date(2014, 10, 26)
_PERMANENT_SUMMER_BEGINS: Final = date(2011, 3, 27)
_KAZAKHSTAN_ONE_TIME: Final = date(2024, 3, 1)


def _name(history: _History, offset_now: timedelta) -> Signature:
    """Codes: `dst-left-on-summer`, `season-mark-summer`, `untouched-since-2011`, `set-2011-dst-off`,
    `set-2011-dst-on`, `moved-two-hours`, `kazakhstan-2024`, `region-moved`.
    """
    end = history.left_by
    if history.dst and history.winter_offset == offset_now:  # whenever it was set: in winter it would be right
        return Signature(code="dst-left-on-summer")
    if end is None:
        return Signature(code="season-mark-summer")
    day = (end.at + end.old).date()
    facts = {"on": day.isoformat(), "from": _utc_offset(end.old), "to": _utc_offset(end.new)}
    facts |= {"dst": "on" if history.dst else "off"}
    for holds, code in _CODES:
        if holds(history, end, day):
            return Signature(code=code, facts=facts)
    return Signature(code="region-moved", facts=facts)


_Rule = Callable[[_History, Transition, date], bool]
_CODES: Final[tuple[tuple[_Rule, str], ...]] = (
    (lambda _, end, __: abs(end.moved) == 2 * _HOUR, "moved-two-hours"),
    (lambda one, _, day: day == _PERMANENT_SUMMER_ENDS and one.dst, "set-2011-dst-on"),
    (lambda _, __, day: day == _PERMANENT_SUMMER_ENDS, "set-2011-dst-off"),
    (lambda one, _, day: day == _PERMANENT_SUMMER_BEGINS and one.by_factory, "untouched-since-2011"),
    (lambda _, end, day: day == _KAZAKHSTAN_ONE_TIME and end.moved == -_HOUR, "kazakhstan-2024"),
)


def _utc_offset(offset: timedelta) -> str:
    return "+00:00" if offset == _ZERO else str(timezone(offset))[3:]


# --- warnings -------------------------------------------------------------------------------------------------------


def signature_warnings(
    clock: ClockReading, zone: tzinfo, *, dst: DstSetting | None = None, manufactured: date | None = None
) -> tuple[Warning, ...]:
    """The likeliest history, with the codes of the others that fit as well."""
    found = diagnose(clock, zone, dst=dst, manufactured=manufactured)
    if not found:
        return ()
    also = {"also": ", ".join(each.code for each in found[1:])} if found[1:] else {}
    error = clock.error or _ZERO
    off = f"{'-' if error < _ZERO else '+'}{span_words(abs(error))}"
    facts = {"signature": found[0].code, "error": off, **found[0].facts, **also}
    return (Warning(code="clock-signature", facts=facts),)


def dst_warnings(
    actions: Collection[Action],
    zone: tzinfo,
    zone_name: str,
    now: datetime,
    *,
    dst: DstSetting | None = None,
    manufactured: date | None = None,
) -> tuple[Warning, ...]:
    """What contradicts the place: summer time ordered off where it lives, ordered or left on where it does not."""
    place = {"zone": zone_name}
    if uses_dst(zone, now):
        return (Warning(code="dst-used-here", facts=place),) if Action.DST_OFF in actions else ()
    warnings: list[Warning] = []
    if Action.DST_ON in actions:
        warnings.append(Warning(code="dst-not-used-here", facts=place))
    if dst is None or dst.enabled is False:
        return tuple(warnings)
    if dst.enabled and Action.CLOCK in actions and not {Action.DST_OFF, Action.DST_ON} & set(actions):
        warnings.append(Warning(code="dst-stays-on", facts=place))
    if manufactured is not None and manufactured < _FACTORY_ON_BEFORE:
        warnings.append(Warning(code="dst-factory", facts={"manufactured": manufactured.isoformat()}))
    return tuple(warnings)
