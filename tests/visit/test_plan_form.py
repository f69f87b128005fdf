"""A saved plan: it holds the order whole, comes back as it was, and is refused once anybody edits it.

METERLINK_LONG=1 tries more edits.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings, strategies as st

from meterlink.errors import PlanFileError
from meterlink.model import Action, Evidence
from meterlink.visit.order import Order
from meterlink.visit.order_form import read_order
from meterlink.visit.order_template import order_template
from meterlink.visit.plan import Plan, Terms, TimeSource
from meterlink.visit.plan_form import MOST_BYTES, SCHEMA, SavedPlan, decode_plan, encode_plan
from meterlink.visit.plan_sameness import same_plan
from meterlink.visit.planning import restore_plan
from meterlink_mercury200 import DRIVER
from tests.visit.made_up import HOUR, NOW, PROFILE, profile_with, state
from tests.visit.planned import plan

LONG = os.environ.get("METERLINK_LONG") == "1"
WRONG = state(error=HOUR + timedelta(microseconds=1))
SCHEDULE_FILE = b"""spec = 1
title = "one zone"
[zones]
T1 = "single"
[[season]]
starts = "01-01"
every_day = "00:00 T1"
"""


def order_of(form: str = "toml", file: bytes | None = None) -> Order:
    text = order_template(form, date(2025, 7, 18), example=True)
    if file is not None:
        text = text.replace('tariff_plan = "ru-household-2"\n', "") + '\n[tariff]\nschedule = "house.toml"\n'
    return read_order(text.encode(), form, {"house.toml": file or b""}.__getitem__)


@cache
def whole_plan() -> Plan:
    """Steps of every kind, a guess among them, and a warning with facts."""
    profile = profile_with(set_tariff_count=Evidence.GUESS)
    supports = {**profile.supports, "set_dst": replace(profile.supports["set_dst"], prompt="press the sealed button")}
    return plan(
        order_of(),
        WRONG,
        profile=replace(profile, supports=supports),
        time_source=TimeSource.CONFIRMED,
        experimental=True,
    )


def refused(raw: bytes) -> str:
    with pytest.raises(PlanFileError) as caught:
        decode_plan(raw)
    assert caught.value.exit_code == 8
    return caught.value.why


# --- there and back -------------------------------------------------------------------------------------------------


def test_a_plan_comes_back_as_it_was() -> None:
    made = whole_plan()
    saved = decode_plan(encode_plan(made))
    assert saved.order() == made.order
    assert saved.order().text == made.order.text
    again = saved.plan(saved.order())
    assert [replace(step, setting=None) for step in made.steps] == list(again.steps)
    assert again.warnings == made.warnings
    assert [warning.facts for warning in again.warnings] == [warning.facts for warning in made.warnings]
    assert (again.untouched, again.made_at, again.restores) == (made.untouched, made.made_at, None)
    assert (again.time_source, again.experimental) == (TimeSource.CONFIRMED, True)
    assert (saved.address, again.before.stored) == ("925646", made.before.stored)
    assert again.before.year_schedule == made.before.year_schedule
    assert same_plan(again, made, DRIVER.told_stored) is None
    assert saved.actions == (*(step.action for step in made.steps), *made.untouched)
    assert encode_plan(again) == encode_plan(made)


def test_the_file_is_for_people_too() -> None:
    document = json.loads(encode_plan(whole_plan()))
    assert document["schema"] == SCHEMA
    assert document["order"]["content"]["text"] == whole_plan().order.text.decode()
    assert document["meter"] == {
        "family": "mercury200",
        "model": "mercury-200.02",
        "serial_number": "06925646",
        "address": "925646",
    }
    clock = next(step["clock"] for step in document["steps"] if step["action"] == "clock")
    assert clock["error_s"].startswith("3600.")
    assert document["warnings"][0]["code"] == "clock-signature"


def test_the_hash_is_of_everything_else_in_canonical_form() -> None:
    document = json.loads(encode_plan(whole_plan()))
    told = document.pop("sha256")
    assert told == hashlib.sha256(rfc8785.dumps(document)).hexdigest()


def test_a_schedule_file_travels_with_the_order() -> None:
    wanted = order_of(file=SCHEDULE_FILE)
    saved = decode_plan(encode_plan(plan(wanted, WRONG)))
    assert saved.attached == {"house.toml": SCHEDULE_FILE}
    assert saved.order() == wanted


def test_an_order_in_json_travels_as_json() -> None:
    saved = decode_plan(encode_plan(plan(order_of("json"), WRONG)))
    assert (saved.order_form, saved.order().order_no) == ("json", "2026-17")


def test_bytes_that_are_no_text_come_back_as_well() -> None:
    raw = bytes(range(256))
    wanted = replace(order_of(), text=raw, sha256=hashlib.sha256(raw).hexdigest())
    assert decode_plan(encode_plan(plan(wanted, WRONG))).order_text == raw


def test_a_preview_carries_no_order_and_can_only_be_read() -> None:
    shown = plan(replace(order_of(), is_preview=True), WRONG)
    raw = encode_plan(shown)
    assert json.loads(raw)["preview"] is True
    assert "Петров".encode() not in raw
    saved = decode_plan(raw)
    assert (saved.preview, saved.order_text) == (True, b"")
    assert [step.action for step in saved.steps] == [step.action for step in shown.steps]
    with pytest.raises(PlanFileError, match="preview"):
        saved.order()


def test_taking_back_says_which_work() -> None:
    back = restore_plan(
        Terms(
            order=order_of(),
            driver=DRIVER,
            profile=PROFILE,
            before=state(dst=False),
            time_source=TimeSource.SYSTEM,
            experimental=False,
            now=NOW,
        ),
        earlier=WRONG,
        actions=(Action.DST_OFF,),
        restores="2026-17/1",
    )
    assert decode_plan(encode_plan(back)).restores == "2026-17/1"


@given(error=st.timedeltas(min_value=-timedelta(days=12000), max_value=timedelta(days=12000)))
def test_the_error_of_a_clock_is_kept_to_the_microsecond(error: timedelta) -> None:
    made = whole_plan()
    steps = tuple(
        step if step.clock is None else replace(step, clock=replace(step.clock, error=error)) for step in made.steps
    )
    saved = decode_plan(encode_plan(replace(made, steps=steps)))
    assert [step.clock.error for step in saved.steps if step.clock is not None] == [error]


# --- edited, damaged, foreign ---------------------------------------------------------------------------------------

Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The place of every single value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    entries = list(inside)
    if not entries:
        yield path
    for key, each in entries:
        yield from leaves(each, (*path, key))


def put(document: Any, path: Path, value: Any) -> bytes:
    """The document with another value in one place; the key is taken out for `...`."""
    edited = copy.deepcopy(document)
    inside = edited
    for key in path[:-1]:
        inside = inside[key]
    if value is ...:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return json.dumps(edited).encode()


DOCUMENT = json.loads(encode_plan(whole_plan()))
FIELDS = sorted(
    {tuple(key for key in path if not isinstance(key, int)): path for path in leaves(DOCUMENT)}.values(), key=str
)
"""One place for each field, of steps and lists the last."""


def value_at(path: Path) -> Any:
    inside: Any = DOCUMENT
    for key in path:
        inside = inside[key]
    return inside


def other(value: Any) -> Any:
    """Nearly the same, as a hand would change it."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return [*value, "x"] if isinstance(value, list) else {**value, "x": "y"} if isinstance(value, dict) else f"{value}0"


@pytest.mark.parametrize("path", FIELDS, ids=lambda path: ".".join(map(str, path)))
def test_an_edited_field_is_noticed(path: Path) -> None:
    decode_plan(json.dumps(DOCUMENT).encode())
    for value in (other(value_at(path)), "", None, ...):
        if value != value_at(path):
            assert "edited" in refused(put(DOCUMENT, path, value)) or path == ("schema",)


def test_another_layout_is_no_edit() -> None:
    assert decode_plan(json.dumps(DOCUMENT, sort_keys=True).encode()) == decode_plan(encode_plan(whole_plan()))


def sealed(document: dict[str, Any]) -> bytes:
    """As somebody who knows how the hash is made would leave it."""
    rest = {key: value for key, value in document.items() if key != "sha256"}
    return json.dumps({**rest, "sha256": hashlib.sha256(rfc8785.dumps(rest)).hexdigest()}).encode()


@settings(max_examples=300 if LONG else 100)
@given(
    path=st.sampled_from(FIELDS), value=st.sampled_from(["", "x", 7, -1, True, None, [], {}, [[]], {"text": 5}, ...])
)
def test_whoever_mends_the_hash_still_gets_a_plan_or_our_error(path: Path, value: Any) -> None:
    try:
        saved = decode_plan(sealed(json.loads(put(DOCUMENT, path, value))))
    except PlanFileError:
        return
    assert isinstance(saved, SavedPlan)


def test_another_order_under_a_mended_hash_is_noticed() -> None:
    text = DOCUMENT["order"]["content"]["text"].replace("ru-household-2", "ru-household-3")
    document = json.loads(put(DOCUMENT, ("order", "content", "text"), text))
    assert "order inside it" in refused(sealed(document))


def test_the_state_of_another_meter_under_a_mended_hash_is_noticed() -> None:
    document = json.loads(put(DOCUMENT, ("before", "identity", "serial_number"), "06925647"))
    assert "another meter" in refused(sealed(document))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "cut off"),
        (b"\xff\xfe", "no"),
        (b"[]", "no JSON object"),
        (b'"text"', "no JSON object"),
        (b"[" * 100_000, "cut off"),
        (b"{}", "schema"),
        (b'{"schema": "meterlink.energy/1"}', "meterlink.energy/1"),
        (b'{"schema": "meterlink.plan/2"}', "meterlink.plan/2"),
        (b'{"schema": "meterlink.plan/1", "schema": "meterlink.plan/1"}', "twice"),
        (b'{"schema": "meterlink.plan/1", "n": NaN, "sha256": ""}', "edited"),
        (b'{"schema": "meterlink.plan/1", "n": 1e999, "sha256": ""}', "edited"),
        (b'{"schema": "meterlink.plan/1", "n": "\\ud800", "sha256": ""}', "edited"),
        (b'{"schema": "meterlink.plan/1", "n": ' + b"[" * 900 + b"]" * 900 + b"}", "edited"),
        (b" " * (MOST_BYTES + 1), "at most"),
    ],
)
def test_what_is_no_saved_plan_is_refused(raw: bytes, says: str) -> None:
    assert says in refused(raw)


@given(cut=st.integers(0, len(encode_plan(whole_plan())) - 3))
def test_a_plan_that_is_cut_off_is_refused(cut: int) -> None:
    refused(encode_plan(whole_plan())[:cut])


@given(raw=st.binary(max_size=400))
def test_any_bytes_give_our_error(raw: bytes) -> None:
    refused(raw)
