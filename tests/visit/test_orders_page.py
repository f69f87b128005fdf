"""docs/orders.md tells the truth."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from meterlink.model import Action
from meterlink.tariff import Zone, preset, preset_names
from meterlink.visit.order import Basis
from meterlink.visit.order_fields import TABLES
from meterlink.visit.order_form import read_order, read_schedule
from tests.visit.written_orders import TODAY, checked, order

PAGE = (Path(__file__).parents[2] / "docs" / "orders.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```toml\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
ORDERS = {name: text for name, text in BLOCKS.items() if "order_no" in text}


def test_the_page_has_an_order_and_the_four_kinds_of_schedules() -> None:
    assert sorted(ORDERS) == ["flat-5.toml", "shop.toml"]
    assert len(BLOCKS) - len(ORDERS) == 4
    assert len(re.findall(r"^```toml", PAGE, re.MULTILINE)) == len(BLOCKS)


@pytest.mark.parametrize("name", sorted(ORDERS))
def test_an_order_of_the_page_holds(name: str) -> None:
    found = read_order(BLOCKS[name].encode(), "toml", lambda file: BLOCKS[file].encode())
    checked(found)
    assert found.problems(TODAY) == []


@pytest.mark.parametrize("name", sorted(set(BLOCKS) - set(ORDERS)))
def test_a_schedule_of_the_page_is_whole_and_fits_into_a_meter(name: str) -> None:
    plan = read_schedule(BLOCKS[name].encode(), name)
    assert plan.name == tomllib.loads(BLOCKS[name])["title"]
    assert set(plan.zones) == {f"T{tariff}" for tariff in plan.schedule.tariffs_used()}
    assert plan.zones["T2"] is Zone.NIGHT
    checked(order({name: BLOCKS[name].encode()}, tariff_plan=None, tariff={"schedule": name}))


def test_the_household_schedules_of_the_page_are_those_of_the_presets() -> None:
    for name, same in (("two-zones.toml", "ru-household-2"), ("three-zones.toml", "ru-household-3")):
        assert read_schedule(BLOCKS[name].encode(), name).schedule == preset(same).schedule


def test_the_page_names_every_key_action_and_preset() -> None:
    for each in TABLES:
        assert not each.name or f"`[{each.name}]`" in PAGE or f"`[[{each.name}]]`" in PAGE
        for one in each.fields:
            assert f"`{one.key}`" in PAGE, one.key
    for word in (*Action, *Basis, *Zone, *preset_names()):
        assert f"`{word}`" in PAGE, word
