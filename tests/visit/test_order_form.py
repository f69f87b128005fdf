"""The written form of an order: what is taken, and any bytes at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from hashlib import sha256

import pytest
from hypothesis import example, given, strategies as st

from meterlink.errors import MeterlinkError, OrderFormError
from meterlink.model import Action
from meterlink.tariff import Zone, preset, preset_names
from meterlink.visit.order import Basis, CustomerKind, Order, TariffPlan
from meterlink.visit.order_fields import TABLES
from meterlink.visit.order_form import order_again, order_hash, read_order, read_schedule
from meterlink.visit.order_template import order_template
from tests.visit.written_orders import SCHEDULE, TODAY, checked, no_files, order, refusal, table

# --- what is taken --------------------------------------------------------------------------------------------------


def test_the_example_is_an_order() -> None:
    text = order_template("toml", TODAY, example=True).encode()
    found = read_order(text, "toml", no_files)
    assert (found.order_no, found.order_date, found.basis) == ("2026-17", TODAY, Basis.APPLICATION)
    assert found.actions[:3] == (Action.READ, Action.CLOCK, Action.DST_OFF)
    assert (found.meter.model, found.meter.serial_number) == ("mercury-200.02", "06925646")
    assert (found.customer.kind, found.customer.account_no) == (CustomerKind.HOUSEHOLD, "0012345678")
    assert str(found.address) == "Москва, ул. Лесная, 7, 5"
    assert found.performers[0].certificate_expires > TODAY
    assert found.seals_expected[0].number == "00417725"
    assert (found.text, found.form, found.sha256) == (text, "toml", sha256(text).hexdigest())
    assert found.problems(TODAY) == []
    assert not found.is_preview


def test_toml_and_json_say_the_same() -> None:
    toml = read_order(order_template("toml", TODAY, example=True).encode(), "toml", no_files)
    assert replace(toml, text=b"", form="", sha256="") == replace(order(), text=b"", form="", sha256="")


@pytest.mark.parametrize("form", ["toml", "json"])
def test_a_template_that_nobody_filled_in_is_no_order(form: str) -> None:
    text = order_template(form, TODAY).encode()
    with pytest.raises(OrderFormError, match="order_no: it is empty"):
        read_order(text, form, no_files)


def test_a_template_that_was_filled_in_is_an_order() -> None:
    """Every needed value put between the quotes, every key that need not be there uncommented where it may be."""
    text = order_template("toml", TODAY)
    example = table()
    for each in TABLES:
        for one in each.fields:
            holder = example.get(each.name, example) if each.name else example
            value = (holder[0] if isinstance(holder, list) else holder).get(one.key)
            if each.required and one.required and one.key != "order_date":
                empty = f'{one.key} = ""' if one.key != "actions" else "actions = []"
                assert empty in text, one.key
                text = text.replace(empty, f"{one.key} = {json.dumps(value, ensure_ascii=False)}", 1)
    for key in ("tariff_plan", "account_no", "substation", "valid_from", "ratio_ct", "clock_reason"):
        text, count = re.subn(rf"^#({key} = )", r"\1", text, flags=re.MULTILINE)
        assert count == 1, key
    found = read_order(text.encode(), "toml", no_files)
    assert (found.substation, found.meter.ratio_ct, found.order_date) == ("ТП-214", 40, TODAY)


def test_the_template_names_every_key_in_both_languages() -> None:
    for form in ("toml", "json"):
        text = " ".join(order_template(form, TODAY).replace("\n# ", " ").split())
        for each in TABLES:
            for one in each.fields:
                assert one.key in text
                for words in (one.russian, one.english):
                    assert words in text or json.dumps(words)[1:-1] in text, (form, one.key)


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_goes_through_an_order(name: str) -> None:
    for changes in ({"tariff_plan": name}, {"tariff_plan": None, "tariff": {"preset": name}}):
        found = order(**changes)
        assert found.tariff_plan is not None
        assert found.tariff_plan.name == name
        assert found.tariff_plan.schedule == preset(name).schedule
        assert found.tariff_plan.zones == preset(name).zones
        assert order_again(found.text, found.form, found.attached) == found


def test_a_schedule_file_belongs_to_the_order() -> None:
    tariff = {"schedule": "shops.toml", "zones": {"T1": "day", "T2": "night"}, "tariffs": 2}
    found = order({"shops.toml": SCHEDULE}, tariff_plan=None, tariff=tariff)
    assert found.tariff_plan is not None
    assert (found.tariff_plan.name, found.tariff_plan.tariff_count) == ("shops", 2)
    assert found.tariff_plan.zones == {"T1": Zone.DAY, "T2": Zone.NIGHT}
    assert found.attached == {"shops.toml": SCHEDULE}
    assert order_again(found.text, found.form, found.attached) == found
    other = order({"shops.toml": SCHEDULE + b"# \n"}, tariff_plan=None, tariff=tariff)
    assert other.text == found.text
    assert other.sha256 != found.sha256
    with pytest.raises(OrderFormError, match="was not kept with the order"):
        order_again(found.text, found.form, {})


def test_the_hash_is_that_of_the_lines_of_sha256sum() -> None:
    lines = f"{sha256(b'text').hexdigest()}  order\n{sha256(b'a').hexdigest()}  a.toml\n{sha256(b'b').hexdigest()}  b\n"
    assert order_hash(b"text", {"b": b"b", "a.toml": b"a"}) == sha256(lines.encode()).hexdigest()
    assert order_hash(b"text", {}) == sha256(b"text").hexdigest()


def test_zones_may_stand_in_the_schedule_file() -> None:
    raw = SCHEDULE.replace(b'title = "shops"', b'name = "shops-2"\n[zones]\nT1 = "day"\nT2 = "night"')
    assert read_schedule(raw, "shops.toml").zones == {"T1": Zone.DAY, "T2": Zone.NIGHT}
    tariff = {"schedule": "shops.toml", "zones": {"T1": "peak", "T2": "night"}}
    assert "differ from those of shops-2" in refusal({"shops.toml": raw}, tariff_plan=None, tariff=tariff).why


def test_dates_may_be_text_and_texts_are_trimmed_and_composed() -> None:
    found = order(order_date="2026-11-01", order_no=" 17\u0438\u0306 ")
    assert (found.order_date, found.order_no) == (date(2026, 11, 1), "17й")


def test_a_file_of_windows_is_read() -> None:
    text = order_template("toml", TODAY, example=True).replace("\n", "\r\n")
    assert read_order(b"\xef\xbb\xbf" + text.encode(), "toml", no_files).order_no == "2026-17"


def test_holidays_and_display() -> None:
    found = order(holidays=["01-01", "02-29"], actions=["holidays", "display"], display={"mask": 255, "times": [1, 2]})
    assert found.holidays == ((1, 1), (2, 29))
    assert found.display == {"mask": 255, "times": [1, 2]}
    assert order(holidays=[]).holidays == ()
    assert order().holidays is None


@pytest.mark.parametrize("actions", [["clock"], ["read"], ["dst_on"]])
def test_actions_that_need_nothing_more(actions: list[str]) -> None:
    assert [action.value for action in order(actions=actions, tariff_plan=None, clock_reason=None).actions] == actions


# --- any bytes ------------------------------------------------------------------------------------------------------

TOML = order_template("toml", TODAY, example=True).encode()
PIECES = st.sampled_from(
    [b"", b'"', b"=", b"[", b"]", b"{", b"}", b"\n", b"'''", b"1e9", b"true", b"-", b"\x00", b"\xff"]
)


def read_any(raw: bytes, form: str) -> None:
    """An order, or an error of ours that can be told."""
    found = outcome(lambda: read_order(raw, form, lambda _name: SCHEDULE))
    if isinstance(found, Order):
        assert order_again(found.text, found.form, found.attached) == found
        assert len(found.problems(TODAY)) <= 2 + len(found.performers)
        outcome(lambda: checked(found))


def outcome(work: Callable[[], object]) -> object:
    """What came of it; an error of ours can be told, in UTF-8 and in JSON."""
    try:
        return work()
    except MeterlinkError as error:
        told = error
    assert f"{told}{told.hint}".encode()
    assert json.dumps(told.facts()).encode()
    return told


@given(at=st.integers(0, len(TOML)), gone=st.integers(0, 12), new=st.binary(max_size=6) | PIECES)
@example(at=0, gone=0, new=b"")
def test_any_change_of_an_order_gives_an_order_or_an_error(at: int, gone: int, new: bytes) -> None:
    read_any(TOML[:at] + new + TOML[at + gone :], "toml")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    *(one.key for one in TABLES[0].fields),
    *(each.name for each in TABLES[1:]),
    *(f"{each.name}__{one.key}" for each in TABLES[1:] if not each.several for one in each.fields),
]


@given(place=st.sampled_from(PLACES) | st.text(min_size=1, max_size=8), value=VALUES)
def test_any_value_at_any_key_gives_an_order_or_an_error(place: str, value: object) -> None:
    whole = table(**({"tariff_plan": None} if place.startswith("tariff__") else {}))
    *way, key = place.split("__")
    node = whole.setdefault(way[0], {}) if way else whole
    node[key] = value
    read_any(json.dumps(whole).encode(), "json")


@given(raw=st.binary(max_size=200))
def test_any_schedule_file_gives_a_plan_or_an_error(raw: bytes) -> None:
    for whole in (raw, SCHEDULE + raw):
        assert isinstance(outcome(partial(read_schedule, whole, "own.toml")), TariffPlan | MeterlinkError)
