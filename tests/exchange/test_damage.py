"""Gaps, noise, frames of others, and any bytes at all. Frames are those of a Mercury 200."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from meterlink.context import Note
from meterlink.errors import (
    BadDateError,
    BadDigitsError,
    LineNoiseError,
    LinkLostError,
    MeterlinkError,
    NoAnswerError,
    TruncatedReplyError,
    WrongAddressError,
    WrongAnswerError,
    WrongChecksumError,
)
from meterlink.flow import Flow, ask
from meterlink.testing import START, from_hex
from meterlink_mercury200 import messages as m
from meterlink_mercury200.messages import Call, encode_frame
from tests.exchange.calls import ENERGY, ENERGY_REPLY, read_energy
from tests.exchange.made_up import ADDRESS
from tests.exchange.table import LINE, Answers, always, set_table, silent

# --- gaps, noise, others --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", range(1, 23))
def test_a_16_ms_usb_gap_inside_a_reply_breaks_nothing(cut: int) -> None:
    head_ends = 0.02 + cut * LINE.char_s
    table = set_table(always((0.02, ENERGY_REPLY[:cut]), (head_ends + 0.016, ENERGY_REPLY[cut:])))
    assert table.run(read_energy()) == ENERGY
    assert len(table.wire.heard) == 1


def test_noise_before_a_reply_is_not_part_of_it() -> None:
    table = set_table(always((0.02, b"\x00\xff\x55" + ENERGY_REPLY + b"\xaa")))
    assert table.run(read_energy()) == ENERGY


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ENERGY_REPLY[:-1] + bytes([ENERGY_REPLY[-1] ^ 1]), WrongChecksumError),
        (ENERGY_REPLY[:12], TruncatedReplyError),
        (encode_frame(654321, 0x27, ENERGY.encode()), WrongAddressError),
        (encode_frame(ADDRESS, 0x32, ENERGY.encode()), WrongAnswerError),
        (encode_frame(ADDRESS, 0x27, b"\x00\x06\x21\x4a" + bytes(12)), BadDigitsError),
    ],
    ids=["wrong checksum", "cut short", "wrong address", "wrong command", "digit above 9"],
)
def test_each_damage_has_its_own_error_and_no_value(answer: bytes, error: type[MeterlinkError]) -> None:
    with pytest.raises(error) as caught:
        set_table(always((0.02, answer))).run(read_energy())
    assert type(caught.value) is error
    assert caught.value.exit_code == 5
    assert caught.value.hint


@pytest.mark.parametrize("payload", ["01 14 05 09 31 02 25", "01 24 05 09 21 07 25", "09 14 05 09 21 07 25"])
def test_an_impossible_date_is_an_error_and_no_value(payload: str) -> None:
    reply = encode_frame(ADDRESS, 0x21, from_hex(payload))

    def flow() -> Flow[object]:
        return (yield from ask(Call(ADDRESS, m.READ_CLOCK)))

    with pytest.raises(BadDateError):
        set_table(always((0.02, reply))).run(flow())


def test_the_answer_counts_that_comes_behind_somebody_elses_frame() -> None:
    foreign = encode_frame(654321, 0x63, from_hex("23 58 02 64 00 05 88"))
    table = set_table(always((0.02, foreign), (0.15, ENERGY_REPLY)))
    assert table.run(read_energy()) == ENERGY
    assert Note.FOREIGN in [frame.note for frame in table.traced]


def test_a_line_that_is_never_silent_is_named() -> None:
    def chatter(_number: int, _request: bytes) -> Answers:
        return [(i * 0.004, b"\x55\xaa") for i in range(3000)]

    def flow() -> Flow[None]:
        with pytest.raises(MeterlinkError):
            yield from read_energy()
        yield from read_energy()

    with pytest.raises(LineNoiseError) as caught:
        set_table(chatter).run(flow())
    assert caught.value.exit_code == 3


def test_failures_arrive_inside_the_flow() -> None:
    def flow() -> Flow[str]:
        try:
            yield from read_energy()
        except NoAnswerError as error:
            return f"caught: {error.request}"
        return "not caught"

    assert set_table(silent).run(flow()) == "caught: read energy"


def test_a_lost_port_arrives_inside_the_flow_and_can_be_told() -> None:
    table = set_table(silent)

    def lose(until: float) -> bytes:
        raise LinkLostError(port="memory", why="unplugged")

    table.port.read = lose  # type: ignore[method-assign]

    def flow() -> Flow[str]:
        try:
            yield from read_energy()
        except LinkLostError as error:
            return error.why
        return "not lost"

    assert table.run(flow()) == "unplugged"


# --- any bytes at all -----------------------------------------------------------------------------------------------


@given(bursts=st.lists(st.tuples(st.floats(0, 1.5), st.binary(min_size=1, max_size=60)), max_size=8))
def test_any_bytes_end_in_a_value_or_in_our_error(bursts: Answers) -> None:
    table = set_table(always(*sorted(bursts)))
    with pytest.raises(MeterlinkError):
        table.run(read_energy())
    assert table.port.now() < START + 60


@given(bit=st.integers(0, len(ENERGY_REPLY) * 8 - 1))
def test_one_flipped_bit_is_noticed(bit: int) -> None:
    damaged = bytearray(ENERGY_REPLY)
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(MeterlinkError):
        set_table(always((0.02, bytes(damaged)))).run(read_energy())


@given(cuts=st.lists(st.integers(1, 22), max_size=6), noise=st.binary(max_size=6))
def test_any_split_of_the_bytes_gives_the_same_value(cuts: list[int], noise: bytes) -> None:
    whole = noise + ENERGY_REPLY
    places = [0, *sorted(set(cuts)), len(whole)]
    pieces = [whole[a:b] for a, b in pairwise(places)]
    bursts, at = [], 0.02
    for piece in pieces:
        bursts.append((at, piece))
        at += len(piece) * LINE.char_s + 0.016
    assert set_table(always(*bursts)).run(read_energy()) == ENERGY
