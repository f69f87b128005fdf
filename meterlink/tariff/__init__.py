"""The year schedule of tariffs: its values and rules, its written form, presets, difference and picture. Pure."""

from meterlink.tariff.difference import Difference, TariffChange, compare, differences
from meterlink.tariff.limits import KINDS_OF_DAY, ScheduleLimits, broken_limits, check_limits, check_special_days
from meterlink.tariff.picture import draw_day, draw_year
from meterlink.tariff.presets import Preset, Zone, preset, preset_names
from meterlink.tariff.rules import Rule, in_place
from meterlink.tariff.schedule import (
    DayKind,
    DayProgram,
    MonthDay,
    Period,
    Season,
    SpecialDay,
    SwitchPoint,
    YearSchedule,
    clock_text,
    month_day_text,
)
from meterlink.tariff.table import program_from_text, schedule_from_table, schedule_to_table

__all__ = [
    "KINDS_OF_DAY",
    "DayKind",
    "DayProgram",
    "Difference",
    "MonthDay",
    "Period",
    "Preset",
    "Rule",
    "ScheduleLimits",
    "Season",
    "SpecialDay",
    "SwitchPoint",
    "TariffChange",
    "YearSchedule",
    "Zone",
    "broken_limits",
    "check_limits",
    "check_special_days",
    "clock_text",
    "compare",
    "differences",
    "draw_day",
    "draw_year",
    "in_place",
    "month_day_text",
    "preset",
    "preset_names",
    "program_from_text",
    "schedule_from_table",
    "schedule_to_table",
]
