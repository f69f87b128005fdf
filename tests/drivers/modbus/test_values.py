"""Numbers in registers: types that no published frame shows, and floats at the edge of what they hold."""

from __future__ import annotations

import struct
from decimal import Decimal

import pytest

from meterlink.wire.payload import PayloadError
from meterlink_modbus.values import Number, shortest


@pytest.mark.parametrize(
    ("number", "data", "value"),
    [
        (Number(address=0, count=1, type="uint16"), "FFFE", "65534"),
        (Number(address=0, count=1, type="int16"), "FFFE", "-2"),
        (Number(address=0, count=2, type="uint32", scale=Decimal("0.01")), "0001 0002", "655.38"),
        (Number(address=0, count=2, type="uint32", word_order="low first"), "0002 0001", "65538"),
        (Number(address=0, count=2, type="int32"), "FFFF FFFE", "-2"),
        (Number(address=0, count=4, type="uint64", word_order="low first"), "0001 0000 0000 0000", "1"),
        (Number(address=0, count=4, type="int64"), "FFFF FFFF FFFF FFFE", "-2"),
        (Number(address=0, count=4, type="float64"), "3FB9 9999 9999 999A", "0.1"),
        (Number(address=0, count=2, type="bcd", scale=Decimal("0.1")), "0012 3456", "12345.6"),
    ],
)
def test_a_number_goes_both_ways(number: Number, data: str, value: str) -> None:
    raw = bytes.fromhex(data)
    assert number.decode(raw) == Decimal(value)
    assert number.encode(Decimal(value)) == raw


@pytest.mark.parametrize(
    ("value", "form", "told"),
    [
        (3.4028234663852886e38, ">f", "340282350000000000000000000000000000000"),
        (0.1 + 0.2, ">d", "0.30000000000000004"),
    ],
)
def test_a_float_at_the_edge_gives_the_same_float_again(value: float, form: str, told: str) -> None:
    assert str(shortest(value, form)) == told
    assert struct.pack(form, float(told)) == struct.pack(form, value)


def test_a_digit_above_nine_is_no_number() -> None:
    with pytest.raises(PayloadError, match="digit above 9"):
        Number(address=0, count=1, type="bcd").decode(b"\x00\x0a")
