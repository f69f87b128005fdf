"""The values that can be written: what they mean, which action they belong to, and the frames that write one.

Nothing else is ever written. Passwords, addresses, speeds, transformer ratios and calibration are not here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from meterlink.driver import SetDst, SetHolidays, SetSchedule, Setting, Target, Unliftable
from meterlink.errors import ConfigError
from meterlink.flow import Change, Flow, Reply
from meterlink.model import Action
from meterlink.profiles import Profile
from meterlink.tariff import YearSchedule, check_special_days, clock_text
from meterlink.wire.payload import PayloadError
from meterlink_energomera.asking import Values, understood
from meterlink_energomera.messages import Write
from meterlink_energomera.models import Table, table_of
from meterlink_energomera.schedule import (
    EXDAY,
    SESON,
    Image,
    args_of,
    graph_name,
    is_graph,
    joined,
    lift,
    lower,
    new_days,
    parted,
    program_of,
    read_days,
    read_points,
    read_seasons,
    schedule_limits,
    whole,
)
from meterlink_energomera.session import Session, in_session

SWITCH: Final = "TRSUM"
"""The parameter of the automatic DST switch, on every model that has one."""

_NEEDS: Final[Mapping[str, tuple[str, str]]] = {
    SESON: ("schedule", "set_schedule"),
    EXDAY: ("holidays", "set_holidays"),
    SWITCH: ("dst", "set_dst"),
}
"""The capabilities that reading and writing a value need, as a profile calls them; a graph needs what SESON needs."""

_TEXT: Final = {
    "on": "on",
    "off": "off",
    "unknown": "this family stores no such value that could be written",
    "not here": "this family has no such setting",
    "no value": "{raw!r} is not what is stored there: {why}",
    "empty": "how the table is emptied is not documented, so it is not written",
    "switch": "it is neither 0 nor 1",
    "no days": "no days",
    "no points": "no points",
    "unread": "{why}, so nothing can be written over it",
}


# --- in words, and what means the same --------------------------------------------------------------------------------


def told_stored(name: str, raw: str) -> str:
    """`07:00 T1 | 23:00 T2`, `off`, `01-01 GRF01 ...`; the stored form itself where it makes no sense."""
    try:
        values = parted(raw)
        if name == SWITCH:
            return _TEXT["on" if _switch(values) else "off"]
        if name == SESON:
            return "; ".join(map(str, read_seasons(values)))
        if name == EXDAY:
            return ", ".join(map(str, read_days(values))) or _TEXT["no days"]
        told = (f"{clock_text(one.minute)} T{one.tariff}" for one in read_points(values))
        return " | ".join(told) or _TEXT["no points"]
    except PayloadError:
        return raw


def _switch(values: Sequence[str]) -> bool:
    if tuple(values) not in (("0",), ("1",)):
        raise PayloadError(_TEXT["switch"])
    return values[0] == "1"


def _meaning(name: str, raw: str) -> object:
    values = parted(raw)
    if name == SWITCH:
        return _switch(values)
    if name == SESON:
        return sorted(read_seasons(values), key=lambda one: (one.month, one.day))
    if name == EXDAY:
        return sorted(read_days(values), key=lambda one: (one.month, one.day))
    return program_of(read_points(values))


def means_same(name: str, one: str, other: str) -> bool:
    """Fillers, zeros in front and the order of dates mean nothing."""
    try:
        return _meaning(name, one) == _meaning(name, other)
    except PayloadError:
        return one == other


# --- which, and reading them ------------------------------------------------------------------------------------------


def _names(action: Action, table: Table) -> tuple[str, ...]:
    """What an action is about."""
    match action:
        case Action.DST_OFF | Action.DST_ON:
            return (SWITCH,)
        case Action.SCHEDULE:
            return (*map(graph_name, table.graph_numbers), SESON)
        case Action.HOLIDAYS:
            return (EXDAY,)
    return ()


def stored_names(action: Action, profile: Profile) -> tuple[str, ...]:
    """None for the clock, and for what this model cannot be told to change."""
    names = _names(action, table_of(profile))
    return names if all(profile.has(capability) for name in names for capability in _needs(name)) else ()


def _needs(name: str) -> tuple[str, str]:
    """ConfigError where nothing that may be written is stored under this name."""
    needs = _NEEDS.get(SESON if is_graph(name) else name)
    if needs is None:
        raise ConfigError(setting=name, why=_TEXT["unknown"])
    return needs


def require_writing(name: str, profile: Profile) -> None:
    """NotSupportedError where this model cannot be told to change the value, ConfigError where it is none."""
    profile.require(_needs(name)[1])


def read_stored(target: Target, names: Sequence[str]) -> Flow[Mapping[str, str]]:
    """All of them in one session."""
    for name in names:
        target.profile.require(_needs(name)[0])

    def work(session: Session) -> Flow[Mapping[str, str]]:
        found: dict[str, str] = {}
        for name in names:
            found[name] = yield from read_raw(session, name)
        return found

    if not names:
        return {}
    return (yield from in_session(target, work))


def read_raw(session: Session, name: str) -> Flow[str]:
    """One value in its stored form."""
    return joined((yield from read_values(session, name)))


def read_values(session: Session, name: str) -> Flow[Values]:
    """One value as the meter told it; BadReplyError where a table of known length came short."""
    table = table_of(session.target.profile)
    return whole_of((yield from session.read(name, args_of(name, table), usual=200)), name, table)


def whole_of(reply: Reply[Values], name: str, table: Table) -> Values:
    return understood(reply, name, lambda values: whole(name, values, table))


def lift_stored(stored: Mapping[str, str]) -> YearSchedule | Unliftable:
    """The schedule that these stored values make."""
    return lift(Image.of_any(stored))


def frames_of(change: Change) -> tuple[Write, ...]:
    """The uninterrupted series that writes one value: an element a frame; ConfigError where it is no such value."""
    try:
        values = parted(change.new)
        _meaning(change.parameter, change.new)
    except PayloadError as error:
        raise ConfigError(setting=change.parameter, why=_TEXT["no value"].format(raw=change.new, why=error)) from error
    kept = [value for value in values if not _is_filler(change.parameter, value)]
    if not kept:
        raise ConfigError(setting=change.parameter, why=_TEXT["empty"])
    return tuple(Write(change.parameter, value) for value in kept)


def _is_filler(name: str, value: str) -> bool:
    read = read_seasons if name == SESON else read_days if name == EXDAY else read_points
    return name != SWITCH and not read((value,))


# --- what must be written ---------------------------------------------------------------------------------------------


def changes(setting: Setting, stored: Mapping[str, str], profile: Profile) -> tuple[Change, ...]:
    """The changes of one setting, in the order in which they are written: graphs before the seasons that name them."""
    match setting:
        case SetDst():
            return _if_other({SWITCH: joined(["1" if setting.enabled else "0"])}, stored)
        case SetSchedule():
            return _schedule(setting.schedule, stored, profile)
        case SetHolidays():
            return _holidays(setting.days, stored, profile)
    raise ConfigError(setting=type(setting).__name__, why=_TEXT["not here"])


def _if_other(wanted: Mapping[str, str], stored: Mapping[str, str]) -> tuple[Change, ...]:
    return tuple(
        Change(parameter=name, old=stored.get(name), new=new)
        for name, new in wanted.items()
        if name not in stored or not means_same(name, stored[name], new)
    )


def _schedule(schedule: YearSchedule, stored: Mapping[str, str], profile: Profile) -> tuple[Change, ...]:
    table = table_of(profile)
    image = Image.of(stored, table)
    if lift(image) == schedule:
        return ()
    graphs, seasons = lower(schedule, image, table, schedule_limits(profile.limits, table))
    wanted = {graph_name(graph): joined(map(str, points)) for graph, points in graphs.items()}
    return _if_other(wanted | {SESON: joined(map(str, seasons))}, stored)


def _holidays(days: Sequence[tuple[int, int]], stored: Mapping[str, str], profile: Profile) -> tuple[Change, ...]:
    table = table_of(profile)
    check_special_days(days, schedule_limits(profile.limits, table))
    image = Image.of(stored, table)
    held = {(day.month, day.day) for day in image.days or () if day.graph in table.graph_numbers}
    if image.days is not None and held == set(days) and len(held) == len(image.days):
        return ()
    if image.days is None:
        raise ConfigError(setting=EXDAY, why=_TEXT["unread"].format(why=image.why_missing(EXDAY)))
    if not days:
        raise ConfigError(setting=EXDAY, why=_TEXT["empty"])
    if not image.days and image.seasons is None:
        raise ConfigError(setting=SESON, why=_TEXT["unread"].format(why=image.why_missing(SESON)))
    return _if_other({EXDAY: joined(map(str, new_days(days, image, table)))}, stored)
