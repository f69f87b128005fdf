"""Passwords as values: names, forms, and that nothing shows them."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import given, strategies as st

from meterlink.errors import MeterlinkError, SecretFormError, SecretNameError
from meterlink.visit.secrets import (
    Secret,
    SecretForm,
    check_reference,
    is_variable,
    read_secret,
    references_in,
    variable_of,
    written_secret,
)

CANARY = "kanarejka-4711"


@pytest.mark.parametrize("name", ["flat-5", "flat_5", "7", "-", "a" * 64])
def test_names_that_are_references(name: str) -> None:
    assert check_reference(name) == name


@pytest.mark.parametrize("name", ["", "Flat", "flat 5", "flat.5", "квартира", "a" * 65, "a\n", "٥", 5, None])
def test_names_that_are_none_are_not_repeated(name: object) -> None:
    with pytest.raises(SecretNameError) as caught:
        check_reference(name)
    error = caught.value
    assert error.exit_code == 2
    if isinstance(name, str) and len(name) > 3:
        assert name not in f"{error}{error.hint}{error!r}{error.facts()}"


def test_variables() -> None:
    assert variable_of("flat-5_a") == "METERLINK_PASSWORD_FLAT_5_A"
    assert is_variable("METERLINK_PASSWORD_FLAT_5")
    for name in (
        "METERLINK_PASSWORD_",
        "METERLINK_PASSWORD_flat",
        "METERLINK_PASSWORD",
        "PASSWORD_FLAT",
        "METERLINK_PORT",
    ):
        assert not is_variable(name)


def test_references_of_variables() -> None:
    variables = ["METERLINK_PASSWORD_FLAT_5", "METERLINK_PASSWORD_BENCH", "METERLINK_PASSWORD_MY_LAB", "PATH"]
    assert references_in(variables, ["flat_5", "gone"]) == {
        "flat_5": "METERLINK_PASSWORD_FLAT_5",
        "bench": "METERLINK_PASSWORD_BENCH",
        "my-lab": "METERLINK_PASSWORD_MY_LAB",
    }


@pytest.mark.parametrize(
    ("text", "form", "raw"),
    [
        ("111111", None, b"111111"),
        ("hex:010101", None, b"\x01\x01\x01"),
        ("hex:aB", None, b"\xab"),
        ("ascii:hex:1", None, b"hex:1"),
        ("x:1", None, b"x:1"),
        (" 1 ", None, b" 1 "),
        ("0101", SecretForm.HEX, b"\x01\x01"),
        ("hex:01", SecretForm.ASCII, b"hex:01"),
        ("a" * 256, None, b"a" * 256),
    ],
)
def test_what_a_text_means(text: str, form: SecretForm | None, raw: bytes) -> None:
    secret = read_secret("flat-5", text, form)
    assert secret.reveal() == raw
    assert secret.reference == "flat-5"
    assert read_secret("flat-5", written_secret(secret)).reveal() == raw


@pytest.mark.parametrize(
    ("text", "form", "says"),
    [
        ("", None, "it is empty"),
        ("hex:", None, "it is empty"),
        ("пароль", None, "not printable ASCII"),
        ("a\tb", None, "not printable ASCII"),
        ("a\n", None, "not printable ASCII"),
        ("hex:1", None, "not pairs of the digits"),
        ("hex:01 02", None, "not pairs of the digits"),
        (CANARY, SecretForm.HEX, "not pairs of the digits"),
        ("hex:01", SecretForm.HEX, "not pairs of the digits"),
        ("a" * 257, None, "longer than 256 bytes"),
    ],
)
def test_what_no_password_is(text: str, form: SecretForm | None, says: str) -> None:
    with pytest.raises(SecretFormError) as caught:
        read_secret("flat-5", text, form)
    assert says in caught.value.why
    assert caught.value.exit_code == 4


def test_nothing_shows_a_secret() -> None:
    secret = read_secret("flat-5", CANARY)
    told = f"{secret} {secret!r} {[secret]} {json.dumps(secret, default=str)}"
    for form in (CANARY, CANARY.encode().hex(), CANARY[::-1]):
        assert form not in told
    assert repr(secret) == "Secret('flat-5')"
    for work in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not written into a file"):
            work(secret)
    with pytest.raises(TypeError):
        vars(secret)


def test_two_equal_passwords_are_not_told_equal() -> None:
    assert Secret("a", b"1") != Secret("a", b"1")


@given(text=st.text(max_size=20), form=st.sampled_from([None, *SecretForm]))
def test_any_text_is_a_password_or_an_error_that_does_not_repeat_it(text: str, form: SecretForm | None) -> None:
    whole = f"{CANARY}{text}"
    found: Secret | MeterlinkError
    try:
        found = read_secret("flat-5", whole, form)
    except MeterlinkError as error:
        found = error
    if isinstance(found, Secret):
        assert read_secret("flat-5", written_secret(found)).reveal() == found.reveal()
    else:
        assert (found.__cause__, found.__context__) == (None, None)
        assert CANARY not in f"{found}{found.hint}{found!r}{found.facts()}{found.args}"
