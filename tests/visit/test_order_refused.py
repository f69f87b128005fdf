"""What is refused in the written form of an order, with the key that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from meterlink.errors import ConfigError, OrderFormError, OrderZoneError
from meterlink.visit.order_form import read_order
from tests.visit.written_orders import no_files, order, refusal, table

CANARY = "kanarejka-4711"


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
