"""The stored values that meterlink writes: day tables, year zones, weekend and holiday tables, holidays. Nothing else.

A value that is not among them can be neither written nor read back by name, and none is written that lies outside the
`writable` registers of the profile. The clock is not here, because it does not stand.

Stored form: the registers in spaced hexadecimal. A block is read in one request and written in one frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from meterlink.driver import ScheduleReading, Target, Unliftable
from meterlink.errors import ConfigError, NotSupportedError
from meterlink.flow import Change, Flow, Reply, read_reply
from meterlink.model import Action, Holidays
from meterlink.profiles import Profile
from meterlink.tariff import YearSchedule
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink_modbus.blocks import read_block
from meterlink_modbus.map_reader import map_of
from meterlink_modbus.schedule import lift, rank
from meterlink_modbus.tables import HOLIDAYS, Tariffs, decode_list, decode_table, meaning, slot_bytes, told

_TEXT: Final = {
    "unknown": "this model stores no such value that could be written{meant}",
    "meant": "; did you mean {near!r}",
    "form": "{raw!r} is not what is stored there: no bytes in hexadecimal",
    "size": "{found} bytes, where {wanted} belong",
    "behind": "{name}: bytes behind the last slot are not read by the meter",
    "no tables": "its profile names no tables",
}


def bytes_of(name: str, text: str) -> bytes:
    """The bytes of a stored form; ConfigError where it is none."""
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise ConfigError(setting=name, why=_TEXT["form"].format(raw=text)) from error


def tariffs_of(profile: Profile) -> Tariffs:
    """The tariff tables of a model that has some."""
    tariffs = map_of(profile).tariffs
    if tariffs is None:
        profile.require("schedule")
        raise NotSupportedError(model=profile.model, capability="schedule", why=_TEXT["no tables"])
    return tariffs


def place_of(name: str, profile: Profile) -> tuple[int, int]:
    """Address and count of a stored value; ConfigError, with the nearest name, where there is none."""
    places = tariffs_of(profile).places
    if name not in places:
        near = get_close_matches(name, places, n=1)
        meant = _TEXT["meant"].format(near=near[0]) if near else ""
        raise ConfigError(setting=name, why=_TEXT["unknown"].format(meant=meant))
    return places[name]


def require_writing(name: str, raw: bytes, profile: Profile) -> int:
    """Where these bytes may be written; NotSupportedError or ConfigError where they may not.

    That the place lies among the `writable` registers is a rule of the map, looked at whenever it is read.
    """
    address, count = place_of(name, profile)
    capability = "set_holidays" if name == HOLIDAYS else "set_schedule"
    profile.require(capability)
    if len(raw) != 2 * count:
        raise ConfigError(setting=name, why=_TEXT["size"].format(found=len(raw), wanted=2 * count))
    return address


# --- what the driver offers -----------------------------------------------------------------------------------------


def stored_names(action: Action, profile: Profile) -> tuple[str, ...]:
    """The values of an action that this model has and can be told to change; none for clock and reading."""
    tariffs = map_of(profile).tariffs
    if tariffs is None:
        return ()
    if action is Action.SCHEDULE and profile.has("schedule") and profile.has("set_schedule"):
        return tariffs.schedule_names
    if action is Action.HOLIDAYS and profile.has("holidays") and profile.has("set_holidays"):
        return (HOLIDAYS,)
    return ()


def read_stored(target: Target, names: Sequence[str]) -> Flow[Mapping[str, str]]:
    """One request for each name, in order."""
    for name in names:
        place_of(name, target.profile)
        target.profile.require("holidays" if name == HOLIDAYS else "schedule")
    found: dict[str, str] = {}
    for name in names:
        found[name] = hexadecimal((yield from read_raw(target, name)))
    return found


def read_raw(target: Target, name: str) -> Flow[bytes]:
    """The bytes of one value as the meter sent them."""
    return (yield from _read(target, name)).value


def _read(target: Target, name: str) -> Flow[Reply[bytes]]:
    address, count = place_of(name, target.profile)
    return (yield from read_block(target, map_of(target.profile), address, count))


def read_schedule(target: Target) -> Flow[ScheduleReading]:
    """Every table. All or nothing: a schedule with a hole is no schedule."""
    target.profile.require("schedule")
    tariffs = tariffs_of(target.profile)
    image: dict[str, bytes] = {}
    for name in tariffs.places:
        image[name] = yield from read_raw(target, name)
    notes = [_TEXT["behind"].format(name=name) for name in tariffs.day_tables if _bytes_behind_the_end(name, image)]
    return ScheduleReading(
        schedule=lift(image), image={name: hexadecimal(raw) for name, raw in image.items()}, notes=tuple(notes)
    )


def _bytes_behind_the_end(name: str, image: Mapping[str, bytes]) -> bool:
    try:
        slots = len(decode_table(name, image[name]))
    except PayloadError:
        return False
    return any(image[name][slots * slot_bytes(name) :])


def read_holidays(target: Target) -> Flow[Holidays]:
    """The list of dates, without the day tables that it names."""
    target.profile.require("holidays")
    reply = yield from _read(target, HOLIDAYS)
    entries = read_reply(reply, f"read {HOLIDAYS}", decode_list)
    return Holidays(days=tuple(day for day, _ in entries), raw=hexadecimal(reply.value))


def told_stored(name: str, raw: str) -> str:
    """In words: "00:00 T2 | 07:00 T1", "01-01 day table 1"; the hexadecimal where it makes no sense."""
    try:
        return told(name, bytes.fromhex(raw))
    except ValueError:
        return raw


def means_same(name: str, one: str, other: str) -> bool:
    """Whether two stored values mean the same to the meter."""
    return alike(name, bytes_of(name, one), bytes_of(name, other))


def alike(name: str, one: bytes, other: bytes) -> bool:
    try:
        return bool(meaning(name, one) == meaning(name, other))
    except PayloadError:
        return one == other


def in_safe_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """In the order in which no frame leaves a day without a program: see `rank`."""
    return tuple(sorted(changes, key=_rank))


def _rank(change: Change) -> int:
    name = change.parameter
    return rank(name, None if change.old is None else bytes_of(name, change.old), bytes_of(name, change.new))


def lift_stored(stored: Mapping[str, str]) -> YearSchedule | Unliftable:
    """The schedule that these stored values make; KeyError or ValueError where one is missing or no bytes."""
    return lift({name: bytes.fromhex(raw) for name, raw in stored.items()})
