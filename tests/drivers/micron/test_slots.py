"""Ten-minute slots: the worked examples of the maker's text and of its pages, and what is no day."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.tariff import DayProgram
from meterlink.wire.payload import PayloadError
from meterlink_micron.slots import EIGHT, FOUR, Packing
from tests.drivers.micron.schedules import packings, programs

TWO_ZONES = DayProgram.of([(0, 2), (7 * 60, 1), (23 * 60, 2)])


@pytest.mark.parametrize(
    ("packing", "codes", "bytes_"),
    [
        (EIGHT, [0, 0, 0, 2, 2, 5, 1, 1, 1, 1, 1, 7], "00 02 25 11 11 17"),
        (FOUR, [1, 1, 1, 2, 2, 1, 3, 3, 3, 3, 3, 2], "56 9F FE"),
    ],
)
def test_the_drawings_of_the_maker(packing: Packing, codes: list[int], bytes_: str) -> None:
    raw = packing.pack(codes + [0] * 132)
    assert raw[: len(bytes.fromhex(bytes_))] == bytes.fromhex(bytes_)
    assert packing.unpack(raw)[:12] == codes


@pytest.mark.parametrize(
    ("packing", "raw", "total"),
    [
        (FOUR, b"\x55" * 10 + b"\x50" + bytes(23) + b"\x05\x55", 1020),
        (EIGHT, b"\x11" * 21 + bytes(48) + b"\x11" * 3, 408),
    ],
)
def test_the_worked_day_of_two_tariffs(packing: Packing, raw: bytes, total: int) -> None:
    assert packing.packed(TWO_ZONES) == raw
    assert packing.program(raw) == TWO_ZONES
    assert sum(raw) == total
    assert len(raw) == packing.size


@settings(max_examples=25)
@given(data=st.data(), packing=packings)
def test_a_day_comes_back_as_it_was(data: st.DataObject, packing: Packing) -> None:
    program = data.draw(programs(packing))
    assert packing.program(packing.packed(program)) == program


@given(packing=packings, data=st.data())
def test_any_bytes_of_the_right_size_come_back_or_say_why_not(packing: Packing, data: st.DataObject) -> None:
    raw = data.draw(st.binary(min_size=packing.size, max_size=packing.size))
    if any(code >= packing.tariffs for code in packing.unpack(raw)):
        with pytest.raises(PayloadError, match="the meter has 8 tariffs"):
            packing.program(raw)
    else:
        assert packing.packed(packing.program(raw)) == raw


@pytest.mark.parametrize("packing", [FOUR, EIGHT])
def test_another_size_is_no_day(packing: Packing) -> None:
    with pytest.raises(PayloadError, match="a day takes"):
        packing.program(bytes(packing.size - 1))
