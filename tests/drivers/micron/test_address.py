"""Addresses as people type them, and serial numbers as plates show them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from meterlink.errors import AddressError
from meterlink_micron import DRIVER
from meterlink_micron.address import Address
from tests.shipped import library

EXTENDED = library().get("seb-1tm.02")
SHORT = library().get("psch-4tm.05")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("5", "5"),
        (" 083 ", "83"),
        ("0", "0"),
        ("239", "239"),
        ("ext:805181783", "ext:805181783"),
        ("EXT:0", "ext:0"),
        ("serial:0805181783", "ext:805181783"),
        ("serial:№ 805181783", "ext:805181783"),
        ("ext:4294967295", "ext:4294967295"),
    ],
)
def test_an_address_has_one_canonical_form(text: str, canonical: str) -> None:
    assert DRIVER.parse_address(text, EXTENDED) == canonical
    assert str(Address.of(canonical)) == canonical


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "neither a number"),
        ("x", "neither a number"),
        ("-1", "neither a number"),
        ("٣", "neither a number"),
        ("ext:", "neither a number"),
        ("FC2FFE1957", "neither a number"),
        ("240", "between 1 and 239"),
        ("254", "between 1 and 239"),
        ("805181783", "written ext:NUMBER"),
        ("ext:4294967296", "between 0 and 4294967295"),
        ("serial:", "no serial number"),
        ("serial:12345678901", "no serial number"),
        ("serial:12 34", "no serial number"),
    ],
)
def test_another_text_is_refused_with_the_rule_it_breaks(text: str, why: str) -> None:
    with pytest.raises(AddressError, match=why) as refused:
        DRIVER.parse_address(text, EXTENDED)
    assert "1 to 239" in refused.value.hint


@pytest.mark.parametrize("text", ["ext:5", "serial:805181783"])
def test_a_model_without_extended_addresses_says_so(text: str) -> None:
    with pytest.raises(AddressError, match="no extended address"):
        DRIVER.parse_address(text, SHORT)


@pytest.mark.parametrize(
    ("plate", "answered", "same"),
    [
        ("0805181783", "805181783", True),
        ("№ 0805181783", "805181783", True),
        ("805181784", "805181783", False),
        ("80518178", "805181783", False),
        ("080518 1783", "805181783", False),
        ("", "", False),
    ],
)
def test_zeros_in_front_do_not_count(plate: str, answered: str, same: bool) -> None:
    assert DRIVER.same_serial(plate, answered) == same


@given(st.one_of(st.builds(Address, st.integers(0, 239)), st.builds(Address, st.integers(0, 2**32 - 1), st.just(True))))
def test_an_address_in_a_frame_is_read_back(address: Address) -> None:
    assert Address.read(address.encode() + b"\x08\x00") == (address, b"\x08\x00")
    assert address.size == len(address.encode())
