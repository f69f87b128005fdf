"""The plans that are shipped, against order 1473-э of the Federal Tariff Service."""

from __future__ import annotations

import tomllib

import pytest

from meterlink.errors import ConfigError
from meterlink.tariff import YearSchedule, preset, preset_names, program_from_text
from meterlink.tariff.presets import preset_from_table

PLANS = {
    "ru-household-1": ("00:00 T1", {"T1": "single"}),
    "ru-household-2": ("00:00 T2 | 07:00 T1 | 23:00 T2", {"T1": "day", "T2": "night"}),
    "ru-household-3": (
        "00:00 T2 | 07:00 T1 | 10:00 T3 | 17:00 T1 | 21:00 T3 | 23:00 T2",
        {"T1": "peak", "T2": "night", "T3": "half-peak"},
    ),
}


def test_the_shipped_plans_are_found() -> None:
    assert preset_names() == tuple(PLANS)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_says_the_hours_and_the_zones_of_the_order(name: str) -> None:
    points, zones = PLANS[name]
    found = preset(name)
    assert found.name == name
    assert found.schedule == YearSchedule.every_day(program_from_text(points))
    assert found.zones == zones
    assert found.title
    assert ("1473-э" in found.source) is (name != "ru-household-1")


def test_an_unknown_plan_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="'ru-houshold-2'; the nearest is 'ru-household-2'") as caught:
        preset("ru-houshold-2")
    assert caught.value.exit_code == 2


def test_a_plan_that_resembles_none_is_answered_with_all() -> None:
    with pytest.raises(ConfigError, match="known are ru-household-1, ru-household-2, ru-household-3"):
        preset("xyz")


GOOD = """
spec = 1
name = "test"
title = "Test"
source = "made up"
[zones]
T1 = "day"
T2 = "night"
[[season]]
starts = "01-01"
every_day = "00:00 T2 | 08:00 T1"
"""


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        ('name = "test"', 'name = "other"', "head"),
        ('title = "Test"', "title = 1", "head"),
        ('source = "made up"', "", "head"),
        ('T2 = "night"', "", "T1, T2"),
        ('T2 = "night"', 'T2 = "nite"', "single, day, night"),
        ('T2 = "night"', 'T2 = ["night"]', "single, day, night"),
        ('T2 = "night"', 'T2 = "night"\nT3 = "peak"', "nothing else"),
    ],
)
def test_a_bad_plan_is_refused(good: str, bad: str, says: str) -> None:
    assert preset_from_table(tomllib.loads(GOOD), "test").zones["T2"] == "night"
    with pytest.raises(ConfigError, match=says):
        preset_from_table(tomllib.loads(GOOD.replace(good, bad)), "test")
