"""From what shall hold to what must be written: the changes of stored values. Pure; nothing is read or sent.

Nothing is written where what is stored means the same. A checksum of the day schedules that the meter finds wrong is
counted anew, also where every day is as wanted: it is what a write that broke off leaves behind.
Limits: docs/protocols/micron.md, 14.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from meterlink.driver import SetDst, SetHolidays, SetSchedule, SetTariffCount, Setting
from meterlink.errors import ConfigError
from meterlink.flow import Change
from meterlink.profiles import Profile
from meterlink.tariff import DayKind, DayProgram, MonthDay, Season, SpecialDay, YearSchedule, check_limits
from meterlink.wire.payload import hexadecimal
from meterlink_micron import stored as s
from meterlink_micron.days import HolidayTable
from meterlink_micron.memory import HOLIDAYS, day_name, layout_of
from meterlink_micron.schedule import lower, schedule_limits

_TEXT: Final = {
    "not here": "this family has no such setting",
    "count": "it must be a whole number from 1 to {most}, not {count}",
}


def changes(setting: Setting, stored: Mapping[str, str], profile: Profile) -> tuple[Change, ...]:
    """The changes of one setting, in the order in which they are written."""
    match setting:
        case SetDst():
            return _if_other({s.DST_FLAG: _flag(s.DST_FLAG, not setting.enabled)}, stored)
        case SetSchedule():
            return _schedule(setting.schedule, stored, profile)
        case SetHolidays():
            return _holidays(setting.days, stored, profile)
        case SetTariffCount():
            return _if_other({s.ONE_TARIFF: _mode(setting.count, profile)}, stored)
    raise ConfigError(setting=type(setting).__name__, why=_TEXT["not here"])


def _flag(name: str, is_set: bool) -> bytes:
    return bytes([s.FLAG_MASKS[name] * is_set])


def _if_other(wanted: Mapping[str, bytes], stored: Mapping[str, str]) -> tuple[Change, ...]:
    """One change for each value that does not mean what is wanted already."""
    return tuple(
        Change(parameter=name, old=stored.get(name), new=hexadecimal(raw))
        for name, raw in wanted.items()
        if name not in stored or not s.means_same(name, stored[name], hexadecimal(raw))
    )


def _mode(count: int, profile: Profile) -> bytes:
    """One tariff, or as many as the schedule names: the meters know nothing between."""
    most = profile.limits.tariffs
    if not 1 <= count <= most:
        raise ConfigError(setting=s.ONE_TARIFF, why=_TEXT["count"].format(most=most, count=count))
    return _flag(s.ONE_TARIFF, count == 1)


def _schedule(schedule: YearSchedule, stored: Mapping[str, str], profile: Profile) -> tuple[Change, ...]:
    """Day schedules alone; the special days of the schedule are those of SetHolidays."""
    packing = layout_of(profile).packing
    days = lower(schedule, packing, schedule_limits(profile.limits, packing))
    wanted = {day_name(key, packing): raw for key, raw in days.items()}
    return _if_other(wanted, stored) + _if_wrong(stored)


def _if_wrong(stored: Mapping[str, str]) -> tuple[Change, ...]:
    """A checksum that was right is not named: every write of a day has it counted."""
    if s.SCHEDULE_CHECK not in stored:
        return ()
    return _if_other({s.SCHEDULE_CHECK: s.CHECK_RIGHT}, stored)


def _holidays(days: Sequence[MonthDay], stored: Mapping[str, str], profile: Profile) -> tuple[Change, ...]:
    special = tuple(SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY) for month, day in days)
    anything = Season.every_day(DayProgram.of([(0, 1)]))
    limits = schedule_limits(profile.limits, layout_of(profile).packing)
    check_limits(YearSchedule(seasons=(anything,), special_days=special), limits)
    return _if_other({HOLIDAYS: HolidayTable.of(days).encode()}, stored)
