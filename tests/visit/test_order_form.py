"""The written form of an order: what is taken, and what is refused with the key that is wrong."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from meterlink.errors import (
    ConfigError,
    MeterlinkError,
    NotSupportedError,
    OrderError,
    OrderExpiredError,
    OrderFormError,
    OrderZoneError,
    ScheduleError,
)
from meterlink.language import Language
from meterlink.model import Action
from meterlink.registry import load_driver
from meterlink.tariff import Zone, preset, preset_names
from meterlink.visit.order import Basis, CustomerKind, Order, TariffPlan
from meterlink.visit.order_check import check_meter, expected_profile, order_notes
from meterlink.visit.order_fields import TABLES
from meterlink.visit.order_form import order_again, order_hash, read_order, read_schedule
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
CANARY = "kanarejka-4711"


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


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "where", "says"),
    [
        ({"order_no": None}, "order_no", "it is missing"),
        ({"order_no": "  "}, "order_no", "it is empty"),
        ({"order_no": 17}, "order_no", "a number loses its leading zeros"),
        ({"order_no": "a\u0000"}, "order_no", "cannot be printed"),
        ({"order_no": "\ud800"}, "order_no", "cannot be printed"),
        ({"order_no": "7" * 501}, "order_no", "501 characters"),
        ({"order_date": "21.11.2026"}, "order_date", "'21.11.2026' is not a date such as 2026-11-21"),
        ({"order_date": "2026-02-30"}, "order_date", "is not a date"),
        ({"order_date": 20261121}, "order_date", "is not a date"),
        ({"order_date": None}, "order_date", "it is missing; it must be a date"),
        ({"basis": "aplication"}, "basis", "did you mean application?"),
        ({"basis": None}, "basis", "one of application, supplier-list"),
        ({"tz": None}, "tz", "it is missing"),
        ({"actions": []}, "actions", "it is empty"),
        ({"actions": None}, "actions", "it is missing"),
        ({"actions": "clock"}, "actions", "'clock' is not a list"),
        ({"actions": ["clok"]}, "actions", "'clok' is not known (did you mean clock?); known are read, clock"),
        ({"actions": [7]}, "actions", "7 is not one of read"),
        ({"actions": ["clock", "clock"]}, "actions", "'clock' stands there twice"),
        ({"actions": ["dst_on", "dst_off"]}, "actions", "contradict"),
        ({"tariff_plan": None}, "actions", "schedule needs a tariff plan"),
        ({"tariff_plan": None, "actions": ["tariff_mode"]}, "actions", "tariff_mode needs a tariff plan"),
        ({"tariff_plan": None, "actions": ["holidays"]}, "actions", "needs holidays, or a tariff plan"),
        ({"actions": ["display"]}, "actions", "needs a table [display]"),
        ({"actions": ["button_correction"]}, "actions", "needs button_correction_minutes"),
        ({"button_correction_minutes": -1}, "button_correction_minutes", "-1 is not a whole number from 0"),
        ({"button_correction_minutes": True}, "button_correction_minutes", "true is not a whole number"),
        ({"tariff_plan": "ru-household-4"}, "tariff_plan", "there is no preset 'ru-household-4'; the nearest is"),
        ({"tariff": {"preset": "ru-household-2"}}, "tariff_plan", "so does [tariff]"),
        ({"tariff_plan": None, "tariff": {}}, "tariff", "exactly one of preset and schedule"),
        ({"tariff_plan": None, "tariff": 1}, "tariff", "1 is not a table"),
        (
            {"tariff_plan": None, "tariff": {"preset": "ru-household-2", "schedule": "a"}},
            "tariff",
            "exactly one of preset and schedule",
        ),
        (
            {"tariff_plan": None, "tariff": {"preset": "ru-household-3", "tariffs": 2}},
            "tariff.tariffs",
            "2 shall be in force, and the schedule uses T3",
        ),
        (
            {"tariff_plan": None, "tariff": {"preset": "ru-household-2", "zones": {"T1": "night", "T2": "day"}}},
            "tariff.zones",
            "differ from those of ru-household-2: T1 = day, T2 = night",
        ),
        (
            {"tariff_plan": None, "tariff": {"preset": "ru-household-2", "zones": {"T1": "dusk", "T2": "day"}}},
            "tariff.zones",
            "for each of T1, T2, and for nothing else",
        ),
        ({"holidays": ["1.01"]}, "holidays", "a date without year such as 01-31"),
        ({"holidays": ["02-30"]}, "holidays", "is not a date without year"),
        ({"holidays": ["01-01", "01-01"]}, "holidays", "twice"),
        ({"allow_over_24h": "yes"}, "allow_over_24h", "'yes' is not true or false"),
        ({"valid_from": "2026-11-21", "valid_to": "2026-11-20"}, "valid_to", "2026-11-20 lies before 2026-11-21"),
        ({"organisation": None}, "organisation", "it is missing; it must be a table"),
        ({"organisation": []}, "organisation", "a list is not a table"),
        ({"customer__kind": "person"}, "customer.kind", "'person' is not known; known are household, company"),
        ({"customer__account_no": None}, "customer", "exactly one of account_no and contract_no"),
        ({"customer__contract_no": "7"}, "customer", "exactly one of account_no and contract_no"),
        ({"customer__account_no": 12345678}, "customer.account_no", "loses its leading zeros"),
        ({"address__settlement": None}, "address.settlement", "it is missing"),
        ({"address__house": 7}, "address.house", "it must be text, in quotes"),
        ({"meter__serial_number": 6925646}, "meter.serial_number", "6925646 stands there as a number, and"),
        ({"meter__serial_number": None}, "meter.serial_number", "it is missing"),
        ({"meter__serial": "06925646"}, "meter.serial", "did you mean serial_number?"),
        ({"meter__ratio_ct": 0}, "meter.ratio_ct", "from 1 to"),
        ({"meter__ratio_ct": 1.5}, "meter.ratio_ct", "1.5 is not a whole number"),
        ({"meter__verification_last": "2036-01-01"}, "meter.verification_next", "lies before 2036-01-01"),
        ({"performers": []}, "performers", "it is missing; it must be a list of tables, at least one"),
        ({"performers": None}, "performers", "it is missing"),
        ({"performers": {"id": "petrov"}}, "performers", "a table is not a list of tables"),
        ({"performers": [{"id": "petrov"}]}, "performers[1].name", "it is missing"),
        ({"performers": [*table()["performers"] * 2]}, "performers[2].id", "'petrov' stands there twice"),
        ({"seals_expected": [*table()["seals_expected"] * 2]}, "seals_expected[2].number", "that of one seal"),
        (
            {"seals_expected": [{"number": "А-17", "place": "lid"}, {"number": "а-17", "place": "box"}]},
            "seals_expected[2].number",
            "'а-17' stands there already",
        ),
        ({"seals_expected": [{"number": 417725, "place": "lid"}]}, "seals_expected[1].number", "leading zeros"),
        ({"display": {"a": 1.5}}, "display.a", "1.5 is not a text, a whole number"),
        ({"display": 1}, "display", "1 is not a table"),
        ({"ordr_no": "17"}, "ordr_no", "the key is not known (did you mean order_no?)"),
        ({"serial_number": "06925646"}, "serial_number", "the key is not known; known are order_no"),
        ({"organisation__nme": "x"}, "organisation.nme", "did you mean name?"),
        ({"zzz qqq": 1}, "'zzz qqq'", "the key is not known"),
        ({"password_ref": "My Password"}, "password_ref", "small Latin letters"),
        ({"password_ref": 111111}, "password_ref", "it is not text"),
        ({"password_ref": "a" * 65}, "password_ref", "longer than 64"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(changes: dict[str, Any], where: str, says: str) -> None:
    error = refusal(**changes)
    assert error.where == where
    assert says in error.why
    assert f"{where}: " in str(error)


@pytest.mark.parametrize(
    ("tz", "advice"),
    [
        ("MSK", "Write Europe/Moscow"),
        ("Europe/Moskow", "Write Area/City"),
        ("UTC+3", "Write +03:00"),
        ("Etc/GMT-3", "+"),
    ],
)
def test_a_wrong_time_zone_comes_with_the_advice_of_zones(tz: str, advice: str) -> None:
    error = refusal(tz=tz)
    assert isinstance(error, OrderZoneError)
    assert (error.where, error.exit_code) == ("tz", 8)
    assert advice in error.hint
    assert repr(tz) in str(error)


@pytest.mark.parametrize(
    ("raw", "form", "says"),
    [
        (b"order_no = ", "toml", "it is not TOML"),
        (b"[meter]\nserial_number = 06925646", "toml", "it is not TOML"),
        (b"order_no = '1'\norder_no = '2'", "toml", "it is not TOML"),
        (b"\xff", "toml", "not text in UTF-8"),
        (b"\xff", "json", "not text in UTF-8"),
        (b"{", "json", "it is not JSON"),
        (b"[]", "json", "a table at the top"),
        (b'{"tz": "a", "tz": "b"}', "json", "'tz' stands there twice"),
        (b'{"ratio": NaN}', "json", "NaN is no number of JSON"),
        (b"[" * 100_000, "json", "too deep"),
        (b"a = " + b"[" * 100_000, "toml", "too deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "json", "it is not JSON"),
    ],
    ids=lambda value: value[:30] if isinstance(value, bytes) else None,
)
def test_bytes_that_are_no_table(raw: bytes, form: str, says: str) -> None:
    with pytest.raises(OrderFormError) as caught:
        read_order(raw, form, no_files, name="flat-5.toml")
    assert says in caught.value.why
    assert caught.value.order == "flat-5.toml"


def test_leading_zeros_without_quotes_come_with_advice() -> None:
    with pytest.raises(OrderFormError) as caught:
        read_order(b"[meter]\nserial_number = 06925646", "toml", no_files)
    assert "numbers with leading zeros too" in caught.value.hint


def test_another_form_is_no_form() -> None:
    with pytest.raises(ConfigError, match="yaml is not one of toml, json"):
        read_order(b"", "yaml", no_files)


def test_once_its_number_is_known_an_order_is_called_by_it() -> None:
    assert refusal(tz="MSK").order == "2026-17"
    assert refusal(order_no=17).order == "without a number"


@pytest.mark.parametrize("key", ["password", "пароль", "pin", "meter__password", "customer__secret"])
def test_a_password_in_an_order_is_refused_and_not_repeated(key: str) -> None:
    changes: dict[str, Any] = {key: CANARY}
    error = refusal(**changes)
    assert "an order never holds a password" in error.why
    assert CANARY not in f"{error}{error.hint}{error.facts()}{error!r}"


def test_a_password_instead_of_its_name_is_not_repeated() -> None:
    for value in (f"{CANARY} ", CANARY.upper(), f"{CANARY}é"):
        error = refusal(password_ref=value)
        told = f"{error}{error.hint}{error.facts()}{error!r}{error.__cause__}{error.__context__}"
        assert value.strip() not in told


def test_an_order_does_not_print_its_bytes() -> None:
    assert "b'" not in repr(order())


# --- schedules ------------------------------------------------------------------------------------------------------


def scheduled(day: str, **changes: object) -> Order:
    raw = f'spec = 1\n[[season]]\nstarts = "01-01"\nevery_day = "{day}"\n'.encode()
    return order({"own.toml": raw}, tariff_plan=None, tariff={"schedule": "own.toml"}, **changes)


@pytest.mark.parametrize(
    ("day", "rule"),
    [
        ("07:00 T1 | 23:00 T2", "starts-at-midnight"),
        ("00:00 T2 | 23:00 T2 | 07:00 T1", "points-sorted"),
        ("00:00 T9", "tariff-in-range"),
        ("00:00 T1 | 24:00 T2", "minute-in-day"),
        ("", "form"),
    ],
)
def test_a_schedule_that_breaks_a_rule(day: str, rule: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        scheduled(day)
    assert caught.value.rule == rule
    assert caught.value.where.startswith("own.toml, season 1, every_day")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"spec", "it is not TOML"),
        (b"\xff", "not text in UTF-8"),
        (SCHEDULE + b"\n[sezon]\n", "the key is not known (did you mean season?)"),
        (b"title = 1\n" + SCHEDULE.replace(b"title", b"name"), "leading zeros"),
        (b"[zones]\nT1 = 1\n", ""),
        (SCHEDULE + b"\n[zones]\nT1 = 'day'\n", "for each of T1, T2"),
    ],
)
def test_a_schedule_file_that_is_none(raw: bytes, says: str) -> None:
    with pytest.raises((OrderFormError, ScheduleError)) as caught:
        order({"own.toml": raw}, tariff_plan=None, tariff={"schedule": "own.toml"})
    assert says in str(caught.value)
    assert "own.toml" in str(caught.value)


def checked(found: Order) -> None:
    profile = expected_profile(found, library())
    check_meter(found, profile, load_driver(profile.driver))


NINE = " | ".join(f"{hour:02d}:00 T{1 + hour % 2}" for hour in range(9))


@pytest.mark.parametrize(
    ("day", "rule", "says"),
    [
        ("00:00 T1 | 07:00 T5", "tariffs-limit", "T5 is used, the meter has 4 tariff(s)"),
        (NINE, "points-limit", "9 switch points, the meter holds 8 a day"),
    ],
)
def test_a_schedule_that_the_meter_cannot_hold(day: str, rule: str, says: str) -> None:
    found = scheduled(day)
    with pytest.raises(ScheduleError) as caught:
        checked(found)
    assert caught.value.rule == rule
    assert says in str(caught.value)


def test_eight_points_fit() -> None:
    checked(scheduled(NINE.rpartition(" | ")[0]))


def test_more_holidays_than_the_meter_holds() -> None:
    days = [f"01-{day:02d}" for day in range(1, 18)]
    checked(order(holidays=days[:16]))
    with pytest.raises(ScheduleError, match="17 special days, the meter holds 16"):
        checked(order(holidays=days))


def test_more_tariffs_in_force_than_the_meter_has() -> None:
    found = order(tariff_plan=None, tariff={"preset": "ru-household-2", "tariffs": 5})
    with pytest.raises(OrderFormError, match="5 shall be in force, and the meter has 4"):
        checked(found)


# --- the meter ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mercury-200.02", "Меркурий 200.02", "меркурий 200.02", "Mercury 200.02"])
def test_a_meter_goes_by_its_id_and_by_its_names(name: str) -> None:
    assert expected_profile(order(meter__model=name), library()).model == "mercury-200.02"


def test_an_address_that_cannot_be() -> None:
    with pytest.raises(OrderFormError) as caught:
        checked(order(meter__network_address="4294967296"))
    assert (caught.value.where, caught.value.exit_code) == ("meter.network_address", 8)
    assert "from 1 to 4294967295" in caught.value.hint


def to_anybody(*actions: str) -> Order:
    return order(meter__model="ce6850m", meter__network_address="*", actions=list(actions))


def test_who_is_asked_without_an_address_may_be_read_and_never_written() -> None:
    checked(to_anybody("read"))
    with pytest.raises(OrderFormError) as caught:
        checked(to_anybody("read", "dst_off"))
    assert (caught.value.where, caught.value.exit_code) == ("meter.network_address", 8)
    assert "'*': whoever answers may only be read" in str(caught.value)


def test_an_action_that_the_model_is_not_able_to_do() -> None:
    found = order()
    profile = expected_profile(found, library())
    lacking = {
        **profile.supports,
        "set_dst": replace(profile.supports["set_dst"], supported=False, note="it has no such switch"),
    }
    with pytest.raises(NotSupportedError, match="no set_dst: it has no such switch"):
        check_meter(found, replace(profile, supports=lacking), load_driver(profile.driver))


# --- the day --------------------------------------------------------------------------------------------------------


def test_an_order_holds_from_its_first_to_its_last_day() -> None:
    found = order(valid_from="2026-11-20", valid_to="2026-11-21")
    assert found.problems(date(2026, 11, 20)) == []
    assert found.problems(date(2026, 11, 21)) == []
    (early,) = found.problems(date(2026, 11, 19))
    (late,) = found.problems(date(2026, 11, 22))
    for error in (early, late):
        assert isinstance(error, OrderExpiredError)
        assert error.exit_code == 8
    assert "valid from 2026-11-20 on, and today is 2026-11-19" in str(early)
    assert "valid until 2026-11-21, and today is 2026-11-22" in str(late)


def test_a_certificate_ends_after_its_last_day() -> None:
    performer = {**table()["performers"][0], "certificate_expires": "2026-11-21"}
    found = order(performers=[performer], valid_to=None)
    assert found.problems(TODAY) == []
    (error,) = found.problems(date(2026, 11, 22))
    assert type(error) is OrderError
    assert "the certificate 0412 of Петров И. С. ended on 2026-11-21" in str(error)


def noted(day: date = TODAY, **changes: Any) -> str:
    found = order(**changes)
    return "\n".join(order_notes(found, expected_profile(found, library()), day))


def test_notes() -> None:
    performers = [{**table()["performers"][0], "id": f"p{n}"} for n in range(2)]
    assert "work under voltage usually takes two" in noted()
    assert noted(performers=performers) == ""
    assert "the verification expired on 2026-01-01" in noted(meter__verification_next="2026-01-01")
    assert "the order is dated 2026-12-01" in noted(order_date="2026-12-01")
    assert "performer Петров И. С.: the certificate is valid" in noted(order().performers[0].certificate_expires)
    assert "clock can only be corrected softly" in noted(clock_reason=None)
    assert "mercury-200.02 asks for no password" in noted(password_ref="flat-5")
    assert "button_correction_minutes is given and button_correction is not among" in noted(button_correction_minutes=0)
    assert "tariff_plan is given and schedule or tariff_mode or holidays is not" in noted(actions=["read"])
    assert "allow_over_24h" not in noted(actions=["read"], allow_over_24h=False)


def test_the_night_on_t1_is_a_note() -> None:
    tariff: dict[str, Any] = {"schedule": "shops.toml"}
    files = {"shops.toml": SCHEDULE}

    def told(zones: dict[str, str] | None) -> str:
        found = order(files, tariff_plan=None, tariff=tariff if zones is None else {**tariff, "zones": zones})
        return "\n".join(order_notes(found, expected_profile(found, library()), TODAY))

    assert "night zone counts on T1" in told({"T1": "night", "T2": "day"})
    assert "night zone counts on T1" not in told({"T1": "day", "T2": "night"})
    assert "nobody said what the tariffs mean" in told(None)


def test_notes_come_in_russian() -> None:
    found = order(
        order_date="2026-12-01",
        meter__verification_next="2026-01-01",
        clock_reason=None,
        password_ref="flat-5",
        actions=["clock"],
    )
    assert order_notes(found, expected_profile(found, library()), TODAY, Language.RU) == (
        "наряд датирован 01.12.2026, это позже сегодняшнего дня",
        "исполнитель один; для работ под напряжением обычно нужны двое",
        "срок поверки истёк 01.01.2026: работа возможна, это отмечается в акте",
        "tariff_plan задано, а среди действий нет schedule или tariff_mode или holidays: по нему ничего не "
        "записывается",
        "без clock_reason часы можно только плавно скорректировать, но не установить",
        "mercury-200.02 не требует пароля: password_ref не используется",
    )


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


# --- the page -------------------------------------------------------------------------------------------------------

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
