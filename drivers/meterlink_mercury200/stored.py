"""The stored values that meterlink writes: their names, and how each is read, written, compared and told.

A value that is not in this table can be neither written nor read back by name: the table is what keeps every other
write command of `messages` out of reach. The clock is not here, because it does not stand.

Stored form: the data of the read reply in spaced hexadecimal. In writes of tables the index stands behind the data.
Facts: docs/protocols/mercury200.md, chapters 6, 8 and 16.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from meterlink.driver import Target
from meterlink.errors import ConfigError
from meterlink.flow import Flow, ask
from meterlink.meant import aside
from meterlink.model import Action
from meterlink.profiles import Profile
from meterlink.tariff import clock_text, month_day_text
from meterlink.wire.payload import PayloadError, hexadecimal
from meterlink_mercury200 import messages as m, values
from meterlink_mercury200.image import HALF_NAMES, record_name, why_unusable
from meterlink_mercury200.messages import Call, Command, data_of
from meterlink_mercury200.models import codes_lacking
from meterlink_mercury200.payload import NOTHING, Payload
from meterlink_mercury200.schedule import EVERY_RECORD, HolidayHalf, HolidayHalfIndex, Record, ScheduleIndex

P = TypeVar("P", bound=Payload)

DST_FLAG: Final = "DST flag"
TARIFF_COUNT: Final = "tariffs in force"
BUTTON_CORRECTION: Final = "button correction"
DISPLAY: Final = "display"
DISPLAY_TIMES: Final = "display times"

_TEXT: Final = {
    "off": "off",
    "on": "on",
    "tariff": "{count} tariff",
    "tariffs": "{count} tariffs",
    "no days": "no days",
    "minutes": "{minutes} min a year",
    "forbidden": "forbidden",
    "times": "other tariffs {0} s, current tariff {1} s, values {2} s, after a button {3} s",
    "unknown": "a Mercury 200 stores no such value that could be written{meant}",
    "form": "{raw!r} is not what is stored there: {why}",
    "no hexadecimal": "no bytes in hexadecimal",
}

_SHORTEST_S: Final = 4
"""A display time below it acts as if it were it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """One value: `tell` writes it in words, None where it makes no sense; `meaning` is what equal values share."""

    name: str
    read: Command[Any, Any]
    write: Command[Any, Any]
    asked: Payload
    tell: Callable[[Any], str | None]
    meaning: Callable[[Any], object]

    def question(self, address: int) -> Call[Any]:
        return Call(address, self.read, self.asked)

    def order(self, address: int, raw: bytes) -> Call[Any]:
        """The write of these bytes; what is no value of this kind is a ConfigError."""
        try:
            self.read.reply.read(raw)
            return Call(address, self.write, self.write.request.read(raw + self.asked.encode()))
        except PayloadError as error:
            raise self._wrong(hexadecimal(raw), str(error)) from error

    def bytes_of(self, text: str) -> bytes:
        """The bytes of a stored form; ConfigError where it is none."""
        try:
            return bytes.fromhex(text)
        except ValueError as error:
            raise self._wrong(text, _TEXT["no hexadecimal"]) from error

    def decoded(self, text: str | None) -> Any:
        """The payload of a stored form; None where it is not known or makes no sense."""
        with suppress(ValueError, PayloadError):
            return None if text is None else self.read.reply.read(bytes.fromhex(text))
        return None

    def alike(self, one: bytes, other: bytes) -> bool:
        """Whether two stored values mean the same to the meter."""
        try:
            meanings = [self.meaning(self.read.reply.read(raw)) for raw in (one, other)]
        except PayloadError:
            return one == other
        return bool(meanings[0] == meanings[1])

    def _wrong(self, raw: str, why: str) -> ConfigError:
        return ConfigError(setting=self.name, why=_TEXT["form"].format(raw=raw, why=why))


# --- in words -------------------------------------------------------------------------------------------------------


def _tell_dst(flag: values.DstFlag) -> str:
    return _TEXT["on" if flag.enabled else "off"]


def _tell_count(count: values.TariffNumber) -> str:
    return _TEXT["tariff" if count.tariff == 1 else "tariffs"].format(count=count.tariff)


def _tell_half(half: HolidayHalf) -> str | None:
    days, senseless = half.days()
    if senseless:
        return None
    return ", ".join(map(month_day_text, days)) or _TEXT["no days"]


def _tell_record(record: Record) -> str | None:
    if why_unusable(record) is not None:
        return None
    return " | ".join(f"{clock_text(minute)} T{tariff}" for minute, tariff in record.points())


def _tell_correction(correction: values.ButtonCorrection) -> str:
    return _TEXT["minutes" if correction.minutes else "forbidden"].format(minutes=correction.minutes)


def _tell_display(display: values.Display) -> str:
    return ", ".join(display.shown) if display.mask else values.ONLY_CURRENT


def _tell_times(times: values.DisplayTimes) -> str:
    return _TEXT["times"].format(*times.encode())


# --- what means the same --------------------------------------------------------------------------------------------


def _itself(payload: Payload) -> object:
    return payload


def _dst_meaning(flag: values.DstFlag) -> object:
    return flag.enabled


def _times_meaning(times: values.DisplayTimes) -> object:
    return [max(_SHORTEST_S, seconds) for seconds in times.encode()]


# --- the table ------------------------------------------------------------------------------------------------------


def _value(
    name: str,
    read: Command[Any, P],
    write: Command[Any, Any],
    tell: Callable[[P], str | None],
    meaning: Callable[[P], object] = _itself,
    asked: Payload = NOTHING,
) -> StoredValue:
    return StoredValue(name=name, read=read, write=write, asked=asked, tell=tell, meaning=meaning)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The values that belong to actions of an order, with the capabilities that reading and writing them need."""

    actions: frozenset[Action]
    reading: str
    writing: str
    stored: tuple[StoredValue, ...]


GROUPS: Final = (
    Group(
        actions=frozenset({Action.DST_OFF, Action.DST_ON}),
        reading="dst",
        writing="set_dst",
        stored=(_value(DST_FLAG, m.READ_DST, m.SET_DST, _tell_dst, _dst_meaning),),
    ),
    Group(
        actions=frozenset({Action.HOLIDAYS}),
        reading="holidays",
        writing="set_holidays",
        stored=tuple(
            _value(name, m.READ_HOLIDAYS, m.SET_HOLIDAYS, _tell_half, asked=HolidayHalfIndex(half))
            for half, name in enumerate(HALF_NAMES)
        ),
    ),
    Group(
        actions=frozenset({Action.SCHEDULE}),
        reading="schedule",
        writing="set_schedule",
        stored=tuple(
            _value(record_name(key), m.READ_SCHEDULE, m.SET_SCHEDULE, _tell_record, asked=ScheduleIndex(*key))
            for key in EVERY_RECORD
        ),
    ),
    Group(
        actions=frozenset({Action.TARIFF_MODE}),
        reading="tariff_count",
        writing="set_tariff_count",
        stored=(_value(TARIFF_COUNT, m.READ_TARIFF_COUNT, m.SET_TARIFF_COUNT, _tell_count),),
    ),
    Group(
        actions=frozenset({Action.DISPLAY}),
        reading="display",
        writing="set_display",
        stored=(
            _value(DISPLAY, m.READ_DISPLAY, m.SET_DISPLAY, _tell_display),
            _value(DISPLAY_TIMES, m.READ_DISPLAY_TIMES, m.SET_DISPLAY_TIMES, _tell_times, _times_meaning),
        ),
    ),
    Group(
        actions=frozenset({Action.BUTTON_CORRECTION}),
        reading="button_correction",
        writing="set_button_correction",
        stored=(_value(BUTTON_CORRECTION, m.READ_BUTTON_CORRECTION, m.SET_BUTTON_CORRECTION, _tell_correction),),
    ),
)

_STORED: Final[Mapping[str, tuple[StoredValue, Group]]] = {
    value.name: (value, group) for group in GROUPS for value in group.stored
}

WRITABLE: Final[Mapping[str, StoredValue]] = {name: value for name, (value, _) in _STORED.items()}
"""Every value by its name."""


def stored_value(name: str) -> StoredValue:
    """ConfigError, with the nearest name, where nothing writable is stored under it."""
    return _known(name)[0]


def _known(name: str) -> tuple[StoredValue, Group]:
    found = _STORED.get(name)
    if found is None:
        raise ConfigError(setting=name, why=_TEXT["unknown"].format(meant=aside(name, _STORED)))
    return found


# --- what the driver offers -----------------------------------------------------------------------------------------


def stored_names(action: Action, profile: Profile) -> tuple[str, ...]:
    """The values of an action that this model has and can be told to change; none for clock and reading."""
    for group in GROUPS:
        if action in group.actions and _has(profile, group):
            return tuple(value.name for value in group.stored)
    return ()


def _has(profile: Profile, group: Group) -> bool:
    lacking = codes_lacking(profile)
    answers = not any({value.read.code, value.write.code} & lacking for value in group.stored)
    return answers and profile.has(group.reading) and profile.has(group.writing)


def require_writing(name: str, profile: Profile) -> StoredValue:
    """The value; NotSupportedError where this model cannot be told to change it."""
    value, group = _known(name)
    profile.require(group.writing)
    return value


def read_stored(target: Target, names: Sequence[str]) -> Flow[Mapping[str, str]]:
    """One read for each name, in order."""
    for name in names:
        target.profile.require(_known(name)[1].reading)
    found: dict[str, str] = {}
    for name in names:
        found[name] = hexadecimal((yield from read_raw(target, stored_value(name))))
    return found


def read_raw(target: Target, value: StoredValue) -> Flow[bytes]:
    """The bytes of one value as the meter sent them."""
    reply = yield from ask(value.question(int(target.address)))
    return data_of(reply.frame)


def told_stored(name: str, raw: str) -> str:
    """In words: "07:00 T1 | 23:00 T2", "off", "2 tariffs"; the hexadecimal where it makes no sense."""
    if name not in WRITABLE:
        return raw
    value = WRITABLE[name]
    payload = value.decoded(raw)
    return raw if payload is None else value.tell(payload) or raw
