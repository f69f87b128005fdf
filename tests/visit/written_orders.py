"""The example order with keys changed, read."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from meterlink.errors import OrderFormError
from meterlink.registry import load_driver
from meterlink.visit.order import Order
from meterlink.visit.order_check import check_meter, expected_profile
from meterlink.visit.order_form import read_order
from meterlink.visit.order_template import order_template
from tests.shipped import library

TODAY = date(2026, 11, 21)
SCHEDULE = b"""
spec = 1
title = "shops"
[[season]]
starts = "01-01"
every_day = "00:00 T2 | 07:00 T1 | 23:00 T2"
"""


def no_files(name: str) -> bytes:
    raise AssertionError(f"the order names no file, and {name} was asked for")


def table(**changes: object) -> dict[str, Any]:
    """The example order as a table, with keys changed; `meter__model` is a key of a table, None takes one away."""
    whole: dict[str, Any] = json.loads(order_template("json", TODAY, example=True))
    for place, value in changes.items():
        *way, key = place.split("__")
        node = whole
        for step in way:
            node = node.setdefault(step, {})
        if value is None:
            node.pop(key, None)
        else:
            node[key] = value
    return whole


def order(files: dict[str, bytes] | None = None, **changes: object) -> Order:
    raw = json.dumps(table(**changes)).encode()
    return read_order(raw, "json", no_files if files is None else files.__getitem__)


def refusal(files: dict[str, bytes] | None = None, **changes: object) -> OrderFormError:
    with pytest.raises(OrderFormError) as caught:
        order(files, **changes)
    assert caught.value.exit_code == 8
    assert caught.value.hint
    return caught.value


def checked(found: Order) -> None:
    profile = expected_profile(found, library())
    check_meter(found, profile, load_driver(profile.driver))
