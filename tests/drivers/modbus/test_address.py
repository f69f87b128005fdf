"""Unit ids as people type them, and the number on the plate."""

from __future__ import annotations

import pytest

from meterlink.errors import AddressError
from meterlink_modbus import DRIVER
from tests.drivers.modbus.meters import with_table
from tests.shipped import library

MODEL = "or-we-517"


@pytest.mark.parametrize(
    ("typed", "unit"), [("1", "1"), (" 007 ", "7"), ("247", "247"), ("serial:20210123", "1"), ("SERIAL: № 12 34", "1")]
)
def test_a_unit_id_is_understood(typed: str, unit: str) -> None:
    assert DRIVER.parse_address(typed, library().get(MODEL)) == unit


def test_the_serial_number_leads_to_the_unit_id_from_the_factory() -> None:
    assert DRIVER.parse_address("serial:20210123", with_table(MODEL, factory_address=12)) == "12"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("0", "0 speaks to every meter on the line"),
        ("248", "lies outside 1 to 247"),
        ("99999", "lies outside 1 to 247"),
        ("100000", "neither a decimal number"),
        ("-5", "neither a decimal number"),
        ("0x11", "neither a decimal number"),
        ("", "neither a decimal number"),
        ("١", "neither a decimal number"),
        ("serial:", "no serial number"),
        ("serial:12abc", "no serial number"),
    ],
)
def test_a_unit_id_outside_the_rule_names_the_rule(typed: str, why: str) -> None:
    with pytest.raises(AddressError, match=why) as caught:
        DRIVER.parse_address(typed, library().get(MODEL))
    assert library().get(MODEL).address.rule in caught.value.hint


@pytest.mark.parametrize(
    ("plate", "answered", "same"),
    [
        ("20210123", "20210123", True),
        ("№ 2021 0123", "0020210123", True),
        ("S/N: 012345678910", "12345678910", True),
        ("20210124", "20210123", False),
        ("20210123", "", False),
        ("", "", False),
    ],
)
def test_plate_and_answer_are_compared_by_their_digits(plate: str, answered: str, same: bool) -> None:
    assert DRIVER.same_serial(plate, answered) is same
