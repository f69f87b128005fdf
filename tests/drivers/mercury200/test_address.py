"""Addresses as people type them, and the number on the plate."""

from __future__ import annotations

import pytest

from meterlink.errors import AddressError
from meterlink_mercury200 import DRIVER
from tests.shipped import library

GOOD = [
    ("mercury-200.02", "411486", "411486"),
    ("mercury-200.02", " 925646 ", "925646"),
    ("mercury-200.02", "serial:06925646", "925646"),
    ("mercury-200.02", "serial:6925646", "925646"),
    ("mercury-200.02", "SERIAL:06925646", "925646"),
    ("mercury-200.02", "4194304523", "4194304523"),
    ("mercury-200.02", "0xFA00020B", "4194304523"),
    ("mercury-200.02", "1", "1"),
    ("mercury-200.02", "006000", "6000"),
    ("mercury-206", "43096744", "43096744"),
    ("mercury-206", "serial:43096744", "43096744"),
    ("mercury-206", "serial:43096744 18", "43096744"),
    ("mercury-203.2t", "10925856", "10925856"),
    ("mercury-201", "12345678", "12345678"),
]

BAD = [
    ("mercury-200.02", "06925646", "looks like the whole number on the plate"),
    ("mercury-200.02", "6925646", "looks like the whole number on the plate"),
    ("mercury-200.02", "0", "lies outside 1 to 4294967295"),
    ("mercury-206", "0", "lies outside"),
    ("mercury-206", "4294967296", "lies outside"),
    ("mercury-206", "99999999999", "neither a decimal number"),
    ("mercury-206", "-5", "neither a decimal number"),
    ("mercury-206", "", "neither a decimal number"),
    ("mercury-206", "0x", "neither a decimal number"),
    ("mercury-206", "12a4", "neither a decimal number"),
    ("mercury-206", "١٢٣", "neither a decimal number"),
    ("mercury-206", "serial:", "no serial number"),
    ("mercury-206", "serial:123456789", "no serial number"),
    ("mercury-206", "serial:069 25646", "no serial number"),
    ("mercury-206", "serial:0692-5646", "no serial number"),
    ("mercury-206", "serial:12abc", "no serial number"),
    ("mercury-206", "serial:43096744 2018", "no serial number"),
    ("mercury-200.02", "serial:06000000", "lies outside"),
]


@pytest.mark.parametrize(("model", "typed", "address"), GOOD)
def test_an_address_is_understood(model: str, typed: str, address: str) -> None:
    assert DRIVER.parse_address(typed, library().get(model)) == address


@pytest.mark.parametrize(("model", "typed", "why"), BAD)
def test_an_address_outside_the_rule_names_the_rule(model: str, typed: str, why: str) -> None:
    with pytest.raises(AddressError, match=why) as caught:
        DRIVER.parse_address(typed, library().get(model))
    assert caught.value.exit_code == 2
    assert library().get(model).address.rule in caught.value.hint


@pytest.mark.parametrize(
    ("plate", "answered", "same"),
    [
        ("06925646", "06925646", True),
        ("6925646", "06925646", True),
        ("№ 06925646", "06925646", True),
        ("43096744 18", "43096744", True),
        ("43096744-18", "43096744", True),
        ("06925646", "06925647", False),
        ("925646", "06925646", False),
        ("", "06925646", False),
        ("no number", "06925646", False),
        ("069256461", "06925646", False),
        ("0692-5646", "00000692", False),
        ("011066-06925646", "00011066", False),
    ],
)
def test_the_plate_and_the_answer_name_one_meter(plate: str, answered: str, same: bool) -> None:
    assert DRIVER.same_serial(plate, answered) is same
