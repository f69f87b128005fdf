"""The stored values that meterlink writes: their names, what they mean, and where they lie. Pure.

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

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from meterlink.driver import Unliftable
from meterlink.errors import ConfigError
from meterlink.model import Action
from meterlink.profiles import Profile
from meterlink.tariff import YearSchedule
from meterlink.tariff.schedule import month_day_text
from meterlink.wire.payload import PayloadError
from meterlink_micron.days import HolidayTable, MovedDays
from meterlink_micron.memory import DAY_NAMES, HOLIDAYS, MOVED_DAYS, Layout, Span, layout_of
from meterlink_micron.schedule import Image, bytes_of, lift
from meterlink_micron.slots import EIGHT, PACKINGS, Packing
from meterlink_micron.state_codec import DST_FORBIDDEN_BIT, ONE_TARIFF_BIT

DST_FLAG: Final = "DST flag"
ONE_TARIFF: Final = "one-tariff mode"
SCHEDULE_CHECK: Final = "schedule checksum"

FLAG_MASKS: Final[Mapping[str, int]] = {DST_FLAG: DST_FORBIDDEN_BIT, ONE_TARIFF: ONE_TARIFF_BIT}
"""In the second byte of the flags."""
CHECK_RIGHT: Final = b"\x00"

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


def span_of(name: str, layout: Layout, base: int) -> Span | None:
    """Where a value lies in memory 02; None where it is not kept there."""
    if name == HOLIDAYS:
        return layout.holidays
    key = DAY_NAMES[layout.packing.tariffs].get(name)
    return None if key is None else layout.day(key, base)


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
