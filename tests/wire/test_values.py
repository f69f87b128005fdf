"""Checksums, packed decimals, dates, lines, masks."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, strategies as st

from meterlink.errors import LocalProtocolError
from meterlink.testing import from_hex
from meterlink.wire.checksums import crc16_modbus, crc16_modbus_ok, with_crc16_modbus
from meterlink.wire.line import Line
from meterlink.wire.payload import (
    CalendarError,
    DigitError,
    decode_bcd,
    decode_date,
    encode_bcd,
    full_year,
    hexadecimal,
    require_whole_local,
)
from meterlink.wire.request import mask


def test_the_check_value_of_crc_16_modbus() -> None:
    assert crc16_modbus(b"123456789") == 0x4B37


@given(st.binary(min_size=1))
def test_a_frame_carries_its_own_crc(body: bytes) -> None:
    assert crc16_modbus_ok(with_crc16_modbus(body))


@given(st.integers(0, 99_999_999))
def test_packed_decimals_both_ways(number: int) -> None:
    assert decode_bcd(encode_bcd(number, 4)) == number


@pytest.mark.parametrize("raw", ["0A", "A0", "99 9F", "FF FF"])
def test_a_digit_above_9_is_refused(raw: str) -> None:
    with pytest.raises(DigitError, match="digit above 9"):
        decode_bcd(from_hex(raw))


@pytest.mark.parametrize(("number", "size"), [(100, 1), (-1, 1), (10_000, 2)])
def test_what_does_not_fit_is_not_cut(number: int, size: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode_bcd(number, size)


@pytest.mark.parametrize(("two_digits", "year"), [(0, 2000), (25, 2025), (89, 2089), (90, 1990), (99, 1999)])
def test_years_of_90_and_above_are_of_the_last_century(two_digits: int, year: int) -> None:
    assert full_year(two_digits) == year
    assert decode_date(1, 2, two_digits) == date(year, 2, 1)


def test_a_day_that_no_calendar_has_is_refused() -> None:
    with pytest.raises(CalendarError, match=r"30\.02\.25 is not a date"):
        decode_date(30, 2, 25)


def test_bytes_are_written_in_pairs_and_in_capitals() -> None:
    assert hexadecimal(b"\x0a\xff") == "0A FF"
    assert bytes.fromhex(hexadecimal(bytes(range(256)))) == bytes(range(256))


@pytest.mark.parametrize(
    "local",
    [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 1), datetime(1989, 12, 31), datetime(2090, 1, 1)],
)
def test_a_clock_is_set_to_whole_seconds_that_two_digits_of_a_year_can_tell(local: datetime) -> None:
    for good in (datetime(1990, 1, 1), datetime(2089, 12, 31, 23, 59, 59)):
        require_whole_local(good)
    with pytest.raises(LocalProtocolError, match="from 1990 to 2089"):
        require_whole_local(local)


def test_a_character_takes_its_start_parity_and_stop_bits() -> None:
    assert Line.parse(9600, "8n1").char_s == pytest.approx(10 / 9600)
    assert Line.parse(300, "7E1").char_s == pytest.approx(10 / 300)
    assert Line.parse(9600, "8O2").char_s == pytest.approx(12 / 9600)
    assert str(Line.parse(9600, "8o1")) == "9600 8O1"


def test_secret_bytes_take_their_checksum_with_them() -> None:
    assert mask(from_hex("05 01 30 30 CE 1B"), [(2, 4)], 2) == "05 01 ** ** ** **"
    assert mask(from_hex("05 01 30 30 CE 1B"), [], 2) == "05 01 30 30 CE 1B"
