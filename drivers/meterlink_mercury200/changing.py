"""From what shall hold to what must be written: the changes of stored values. Pure; nothing is read or sent.

Nothing is written where what is stored means the same: a DST flag of another number that is also "on", a record without
a 00:00 point behind days that end on the right tariff. Of the holiday table both halves are written or none.
Values and limits: docs/protocols/mercury200.md, 6.7, 7.7 to 7.10 and 16.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from meterlink.driver import (
    SetButtonCorrection,
    SetDisplay,
    SetDst,
    SetHolidays,
    SetSchedule,
    SetTariffCount,
    Setting,
    Unliftable,
)
from meterlink.errors import ConfigError
from meterlink.flow import Change
from meterlink.meant import aside
from meterlink.profiles import Profile
from meterlink.tariff import YearSchedule, check_limits, check_special_days
from meterlink.wire.payload import hexadecimal
from meterlink_mercury200 import stored as s
from meterlink_mercury200.image import (
    HALF_NAMES,
    Image,
    halves_of,
    lift,
    lower_records,
    record_name,
    schedule_limits,
)
from meterlink_mercury200.payload import Payload
from meterlink_mercury200.schedule import EVERY_RECORD, HolidayHalf, MonthDay, Record
from meterlink_mercury200.values import (
    ONLY_CURRENT,
    ButtonCorrection,
    Display,
    DisplayTimes,
    DstFlag,
    TariffCount,
)

_DST_ON: Final = 0xFF
_MOST_MINUTES: Final = 0x1F
_SECONDS: Final = range(2, 0x100)

_SHOWN: Final = "shown"
_SECONDS_KEY: Final = "seconds"
_TIMES: Final = ("other_tariffs", "current_tariff", "values", "after_button")
"""In the order in which they are stored."""

_TEXT: Final = {
    "number": "it must be a whole number from {least} to {most}, not {found!r}",
    "key": "the display of a Mercury 200 has no such setting{meant}; known are {known}",
    "shown": 'it must be "{only}" or a list of {known}, not {found!r}',
    "item": "the display cannot show {found!r}{meant}; it can show {known}",
    "table": "it must be a table of {known}, not {found!r}",
    "unread": "it must be given, because what is stored in the meter was not read",
}


def changes(setting: Setting, stored: Mapping[str, str], profile: Profile) -> tuple[Change, ...]:
    """The changes of one setting, in the order in which they are written."""
    match setting:
        case SetSchedule():
            return _schedule(setting.schedule, stored, profile)
        case SetHolidays():
            return _holidays(setting.days, stored, profile)
        case SetDst():
            return _if_other({s.DST_FLAG: DstFlag(_DST_ON if setting.enabled else 0)}, stored)
        case SetTariffCount():
            count = _number(s.TARIFF_COUNT, setting.count, range(1, schedule_limits(profile.limits).tariffs + 1))
            return _if_other({s.TARIFF_COUNT: TariffCount(count)}, stored)
        case SetButtonCorrection():
            minutes = _number(s.BUTTON_CORRECTION, setting.minutes, range(_MOST_MINUTES + 1))
            return _if_other({s.BUTTON_CORRECTION: ButtonCorrection(minutes)}, stored)
        case SetDisplay():
            return _if_other(_display(setting.values, stored), stored)


def _if_other(wanted: Mapping[str, Payload], stored: Mapping[str, str]) -> tuple[Change, ...]:
    """One change for each value that does not mean what is wanted already."""
    return tuple(
        _change(name, payload, stored)
        for name, payload in wanted.items()
        if not _stands(s.WRITABLE[name], payload, stored.get(name))
    )


def _stands(value: s.StoredValue, wanted: Payload, old: str | None) -> bool:
    payload = value.decoded(old)
    return payload is not None and value.alike(payload.encode(), wanted.encode())


def _change(name: str, wanted: Payload, stored: Mapping[str, str]) -> Change:
    return Change(parameter=name, old=stored.get(name), new=hexadecimal(wanted.encode()))


def _number(setting: str, found: object, permitted: range) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found not in permitted:
        raise _wrong(setting, "number", least=permitted[0], most=permitted[-1], found=found)
    return found


# --- schedule and holidays ------------------------------------------------------------------------------------------


def _schedule(schedule: YearSchedule, stored: Mapping[str, str], profile: Profile) -> tuple[Change, ...]:
    """Records alone; the special days of the schedule are those of SetHolidays."""
    check_limits(schedule, schedule_limits(profile.limits))
    records: dict[str, Record | None] = {record_name(key): None for key in EVERY_RECORD}
    records |= {name: s.WRITABLE[name].decoded(stored.get(name)) for name in records}
    known = {key: record for key in EVERY_RECORD if (record := records[record_name(key)]) is not None}
    wanted = lower_records(schedule, known, _days_stored(stored))
    return tuple(
        _change(record_name(key), record, stored) for key, record in wanted.items() if record != known.get(key)
    )


def _days_stored(stored: Mapping[str, str]) -> frozenset[MonthDay] | None:
    """The holidays in the meter; None where a half was not read."""
    halves: list[HolidayHalf | None] = [s.WRITABLE[name].decoded(stored.get(name)) for name in HALF_NAMES]
    days = [None if half is None else half.days()[0] for half in halves]
    return None if None in days else frozenset(day for half in days if half is not None for day in half)


def _holidays(days: Sequence[MonthDay], stored: Mapping[str, str], profile: Profile) -> tuple[Change, ...]:
    """Both halves, where the days are not the same already; their order, gaps and what is no date mean nothing."""
    check_special_days(days, schedule_limits(profile.limits))
    if _days_stored(stored) == frozenset(days):
        return ()
    return tuple(_change(name, half, stored) for name, half in zip(HALF_NAMES, halves_of(days), strict=True))


def lift_stored(stored: Mapping[str, str]) -> YearSchedule | Unliftable:
    """The schedule that these stored values make; KeyError or PayloadError where one is missing or has no such size."""
    records = {key: Record.read(bytes.fromhex(stored[record_name(key)])) for key in EVERY_RECORD}
    first, second = (HolidayHalf.read(bytes.fromhex(stored[name])) for name in HALF_NAMES)
    return lift(Image(records, (first, second)))


def means_same(name: str, one: str, other: str) -> bool:
    """Whether two stored values mean the same to the meter."""
    value = s.WRITABLE[name]
    return value.alike(value.bytes_of(one), value.bytes_of(other))


# --- display --------------------------------------------------------------------------------------------------------


def _display(wanted: Mapping[str, object], stored: Mapping[str, str]) -> dict[str, Payload]:
    payloads: dict[str, Payload] = {}
    for key, value in wanted.items():
        if key == _SHOWN:
            payloads[s.DISPLAY] = Display(_mask(value))
        elif key == _SECONDS_KEY:
            payloads[s.DISPLAY_TIMES] = _times(value, stored.get(s.DISPLAY_TIMES))
        else:
            raise _unknown(f"{s.DISPLAY}.{key}", "key", key, (_SHOWN, _SECONDS_KEY))
    return payloads


def _mask(shown: object) -> int:
    setting = f"{s.DISPLAY}.{_SHOWN}"
    if shown == ONLY_CURRENT:
        return 0
    if not isinstance(shown, list | tuple) or not shown:
        raise _wrong(setting, "shown", only=ONLY_CURRENT, known=", ".join(Display.words), found=shown)
    for item in shown:
        if item not in Display.words:
            raise _unknown(setting, "item", item, Display.words)
    return sum(1 << bit for bit, word in enumerate(Display.words) if word in shown)


def _times(seconds: object, old: str | None) -> DisplayTimes:
    """Those that are not given stay as they are."""
    setting = f"{s.DISPLAY}.{_SECONDS_KEY}"
    if not isinstance(seconds, Mapping):
        raise _wrong(setting, "table", known=", ".join(_TIMES), found=seconds)
    for key in seconds:
        if key not in _TIMES:
            raise _unknown(f"{setting}.{key}", "key", key, _TIMES)
    before: DisplayTimes | None = s.WRITABLE[s.DISPLAY_TIMES].decoded(old)
    times = dict(zip(_TIMES, before.encode(), strict=True)) if before is not None else {}
    times |= {key: _number(f"{setting}.{key}", value, _SECONDS) for key, value in seconds.items()}
    for key in _TIMES:
        if key not in times:
            raise _wrong(f"{setting}.{key}", "unread")
    return DisplayTimes(*(times[key] for key in _TIMES))


def _unknown(setting: str, why: str, found: object, known: Collection[str]) -> ConfigError:
    return _wrong(setting, why, found=found, meant=aside(str(found), known), known=", ".join(known))


def _wrong(setting: str, why: str, **facts: object) -> ConfigError:
    return ConfigError(setting=setting, why=_TEXT[why].format(**facts))
