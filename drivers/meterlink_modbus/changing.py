"""From what shall hold to what must be written: the changes of stored values. Pure; nothing is read or sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from meterlink.driver import SetHolidays, SetSchedule, Setting
from meterlink.errors import NotSupportedError
from meterlink.flow import Change
from meterlink.profiles import Profile
from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule, check_limits
from meterlink.wire.payload import hexadecimal
from meterlink_modbus.schedule import Image, lift, lower, new_holidays, schedule_limits
from meterlink_modbus.stored import alike, in_safe_order, tariffs_of
from meterlink_modbus.tables import HOLIDAYS, MonthDay, Tariffs

_CAPABILITIES: Final = {
    "SetDst": "set_dst",
    "SetTariffCount": "set_tariff_count",
    "SetDisplay": "set_display",
    "SetButtonCorrection": "set_button_correction",
}
_NEVER: Final = "meterlink writes clock, schedule and holidays of Modbus meters, nothing else"


def changes(setting: Setting, stored: Mapping[str, str], profile: Profile) -> tuple[Change, ...]:
    """The changes of one setting, in the order in which they are written."""
    if not isinstance(setting, SetSchedule | SetHolidays):
        capability = _CAPABILITIES[type(setting).__name__]
        raise NotSupportedError(model=profile.model, capability=capability, why=_NEVER)
    tariffs = tariffs_of(profile)
    image = _image(stored, tariffs)
    if isinstance(setting, SetSchedule):
        wanted = _schedule(setting.schedule, image, tariffs, profile)
    else:
        profile.require("set_holidays")
        wanted = _holidays(setting.days, image, tariffs, profile)
    return in_safe_order(
        Change(parameter=name, old=stored.get(name), new=hexadecimal(raw)) for name, raw in wanted.items()
    )


def _image(stored: Mapping[str, str], tariffs: Tariffs) -> Image:
    """What is stored, as far as it is known; empty tables where it is not."""
    image = {name: bytes(2 * count) for name, (_, count) in tariffs.places.items()}
    for name in image:
        with suppress(ValueError, KeyError):
            image[name] = bytes.fromhex(stored[name])
    return image


def _schedule(schedule: YearSchedule, image: Image, tariffs: Tariffs, profile: Profile) -> dict[str, bytes]:
    """Tables alone; the special days of the schedule are those of SetHolidays. Nothing where all days are as wanted."""
    limits = schedule_limits(profile.limits, tariffs)
    check_limits(schedule, limits)
    stored = lift(image)
    if isinstance(stored, YearSchedule) and _is_as_wanted(stored, schedule):
        return {}
    return lower(schedule, image, tariffs, limits)


def _is_as_wanted(stored: YearSchedule, wanted: YearSchedule) -> bool:
    """Whether every day has its program, the holidays of both counted as holidays.

    Without a holiday in the meter nobody knows what its holiday table holds, so wanted ones are looked at anew.
    """
    if wanted.special_days and not stored.special_days:
        return False
    days = tuple(dict.fromkeys((*stored.special_days, *wanted.special_days)))
    return YearSchedule(seasons=stored.seasons, special_days=days) == YearSchedule(
        seasons=wanted.seasons, special_days=days
    )


def _holidays(days: Sequence[MonthDay], image: Image, tariffs: Tariffs, profile: Profile) -> dict[str, bytes]:
    """The list, where the days are not the same already; their order and what stands behind them mean nothing."""
    special = tuple(SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY) for month, day in days)
    anything = Season.every_day(DayProgram.of([(0, 1)]))
    check_limits(YearSchedule(seasons=(anything,), special_days=special), schedule_limits(profile.limits, tariffs))
    raw = new_holidays(days, image, tariffs)
    return {} if alike(HOLIDAYS, raw, image[HOLIDAYS]) else {HOLIDAYS: raw}
