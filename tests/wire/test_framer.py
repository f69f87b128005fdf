"""Framers: frames out of any stream, silence as an input, damage as an event, bounded buffers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from meterlink.wire.framer import BUFFER_LIMIT, NEED_DATA, Damage, Damaged, Frame, Framer
from meterlink.wire.request import Request
from meterlink_mercury200 import messages as m
from meterlink_mercury200.framing import command_framer, reply_framer
from meterlink_mercury200.messages import Call, encode_frame
from meterlink_mercury200.parameters import ParameterIndex

ENERGY = Call(411486, m.READ_ENERGY)
REPLY = encode_frame(411486, 0x27, bytes(16))


def events(framer: Framer) -> list[Frame | Damaged]:
    found: list[Frame | Damaged] = []
    while True:
        event = framer.next_event()
        if event is NEED_DATA:
            return found
        found.append(event)


def expecting(call: Request[Any]) -> Framer:
    framer = reply_framer()
    framer.expect(call)
    return framer


def test_a_reply_of_the_usual_size_is_a_frame_at_once() -> None:
    framer = expecting(ENERGY)
    framer.receive_data(REPLY)
    assert events(framer) == [Frame(REPLY, answers=True)]


def test_another_permitted_size_is_a_frame_only_at_silence() -> None:
    short = encode_frame(411486, 0x86, b"\x00\x01\x72")
    framer = expecting(Call(411486, m.READ_PARAMETER, ParameterIndex(0)))
    framer.receive_data(short)
    assert events(framer) == []
    framer.silence()
    assert events(framer) == [Frame(short, answers=True)]


def test_noise_in_front_is_damage_and_the_frame_is_found() -> None:
    framer = expecting(ENERGY)
    framer.receive_data(b"\x00\xff" + REPLY)
    assert events(framer) == [Damaged(b"\x00\xff", Damage.JUNK), Frame(REPLY, answers=True)]


@pytest.mark.parametrize(
    ("bytes_", "why"),
    [
        (REPLY[:-1] + b"\x00", Damage.CHECKSUM),
        (REPLY[:10], Damage.TRUNCATED),
        (REPLY[:-1] + b"\x00" + b"\x55" * 9, Damage.JUNK),
    ],
)
def test_what_a_silence_ends_without_a_frame_has_its_reason(bytes_: bytes, why: Damage) -> None:
    framer = expecting(ENERGY)
    framer.receive_data(bytes_)
    framer.silence()
    assert events(framer) == [Damaged(bytes_, why)]


def test_somebody_elses_whole_frame_is_a_frame_at_silence() -> None:
    foreign = encode_frame(7, 0x63, bytes(7))
    framer = expecting(ENERGY)
    framer.receive_data(foreign)
    framer.silence()
    assert events(framer) == [Frame(foreign)]


def test_a_new_request_forgets_what_came_before() -> None:
    framer = reply_framer()
    framer.expect(ENERGY)
    framer.receive_data(REPLY[:20])
    framer.expect(ENERGY)
    framer.receive_data(REPLY[20:])
    framer.silence()
    assert events(framer) == [Damaged(REPLY[20:], Damage.TRUNCATED)]


@given(noise=st.binary(max_size=12), cuts=st.sets(st.integers(0, 60)))
def test_any_split_gives_the_same_frames(noise: bytes, cuts: set[int]) -> None:
    stream = noise + REPLY + noise
    framer = expecting(ENERGY)
    begin = 0
    for end in [*sorted(cut for cut in cuts if cut < len(stream)), len(stream)]:
        framer.receive_data(stream[begin:end])
        begin = end
    framer.silence()
    found = events(framer)
    assert Frame(REPLY, answers=True) in found
    assert b"".join(event.raw for event in found) == stream


@given(chunks=st.lists(st.binary(max_size=300), max_size=20), silent=st.booleans())
def test_any_bytes_end_in_events_and_the_buffer_stays_bounded(chunks: list[bytes], silent: bool) -> None:
    for framer in (expecting(ENERGY), expecting(Call(411486, m.READ_IDENT_PO)), command_framer()):
        for chunk in chunks:
            framer.receive_data(chunk)
            if silent:
                framer.silence()
            assert len(framer._buffer) <= BUFFER_LIMIT
        framer.silence()
        assert sum(len(event.raw) for event in events(framer)) == sum(map(len, chunks))


def test_a_meter_takes_glued_commands_apart_by_their_lengths() -> None:
    one, two = ENERGY.encode(), Call(411486, m.READ_CLOCK).encode()
    framer = command_framer()
    framer.receive_data(one + two)
    assert events(framer) == [Frame(one), Frame(two)]


def test_a_meter_takes_an_unknown_command_at_silence() -> None:
    frame = encode_frame(411486, 0xC5, b"\x01\x02")
    framer = command_framer()
    framer.receive_data(frame)
    assert events(framer) == []
    framer.silence()
    assert events(framer) == [Frame(frame)]


def test_a_reply_is_found_behind_more_junk_than_the_buffer_holds() -> None:
    framer = expecting(ENERGY)
    for _ in range(BUFFER_LIMIT // 50):
        framer.receive_data(b"\x55" * 100)
        assert len(framer._buffer) <= BUFFER_LIMIT
    framer.receive_data(REPLY)
    assert events(framer)[-1] == Frame(REPLY, answers=True)


def test_of_several_permitted_sizes_the_longest_right_one_counts() -> None:
    longer = encode_frame(411486, 0x86, b"\xff\x08\x02\x00\x00")
    framer = expecting(Call(411486, m.READ_PARAMETER, ParameterIndex(0xFF)))
    framer.receive_data(longer)
    framer.silence()
    assert events(framer) == [Frame(longer, answers=True)]


def test_a_reply_whose_checksum_ends_in_zero_is_not_cut_short() -> None:
    """Without its last byte such a frame has a right checksum too."""
    whole = next(
        frame for number in range(1 << 16) if (frame := encode_frame(411486, 0x87, number.to_bytes(4, "big")))[-1] == 0
    )
    framer = expecting(Call(411486, m.READ_IDENT_PO))
    framer.receive_data(whole)
    framer.silence()
    assert events(framer) == [Frame(whole, answers=True)]


def test_a_frame_of_another_size_is_no_answer_though_the_address_and_the_code_are_right() -> None:
    question = encode_frame(411486, 0x27, b"\x01")
    framer = expecting(ENERGY)
    framer.receive_data(question)
    framer.silence()
    assert events(framer) == [Frame(question, answers=False)]
