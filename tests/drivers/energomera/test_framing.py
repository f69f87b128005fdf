"""Frames out of any bytes: sizes, echoes, noise, parity, the lone ACK."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from meterlink.wire.framer import NEED_DATA, Damage, Damaged, Frame
from meterlink.wire.request import Request
from meterlink_energomera import DRIVER
from meterlink_energomera.describe import describe, mask
from meterlink_energomera.framing import answering_framer, asking_framer
from meterlink_energomera.messages import End, PresentPassword, Read, SelectSession, SignOn, Write
from meterlink_energomera.text import Check, command, data_block, with_check, with_parity

ENERGY = data_block("ET0PE(68.42)\r\n(45.54)\r\n(22.88)\r\n(0.00)\r\n(0.00)\r\n(0.00)\r\n")
READ = Read("ET0PE")


def heard(
    request: Request[Any], *pieces: bytes, silent: bool = True, check: Check = Check.SUM
) -> list[Frame | Damaged]:
    framer = asking_framer(check)
    framer.send(request.encode())
    framer.expect(request)
    for piece in pieces:
        framer.receive_data(piece)
    if silent:
        framer.silence()
    events = []
    while (event := framer.next_event()) is not NEED_DATA:
        events.append(event)
    return events


def answers(events: list[Frame | Damaged]) -> list[bytes]:
    return [event.raw for event in events if isinstance(event, Frame) and event.answers]


def test_a_data_block_is_a_frame_at_once() -> None:
    assert answers(heard(READ, ENERGY, silent=False)) == [ENERGY]


@given(cuts=st.lists(st.integers(1, len(ENERGY) - 1), max_size=6))
def test_any_split_of_the_bytes_gives_the_same_frame(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(ENERGY)]
    pieces = [ENERGY[start:end] for start, end in pairwise(places)]
    assert answers(heard(READ, *pieces)) == [ENERGY]


@pytest.mark.parametrize("wanted", [0x00, 0x03, 0x06, 0x0D, 0x15])
def test_a_check_byte_may_be_any_control_code(wanted: int) -> None:
    """The end is the byte behind ETX, whatever it is."""
    frame = next(
        block for n in range(9000) if (block := data_block(f"TIME_({chr(33 + n % 7)}{n:b})\r\n"))[-1] == wanted
    )
    assert answers(heard(Read("TIME_"), frame, silent=False)) == [frame]


@given(at=st.integers(0, len(ENERGY) - 1), bit=st.integers(0, 6))
def test_one_flipped_bit_is_noticed(at: int, bit: int) -> None:
    spoiled = bytearray(ENERGY)
    spoiled[at] ^= 1 << bit
    assert ENERGY not in answers(heard(READ, bytes(spoiled)))
    for raw in answers(heard(READ, bytes(spoiled))):
        with pytest.raises(Exception, match=r"ERR|values|list|NAK|expected"):
            assert len(READ.decode_reply(raw)) == 6, "6 values are expected"


@pytest.mark.parametrize("noise", [b"\x00\x7f\x55", b"\x03", b"\x02\x41", b"/?x", b"\x06", b"\x15\x15", b"(1)\r\n\x03"])
def test_noise_in_front_of_a_block_is_told_apart(noise: bytes) -> None:
    assert answers(heard(READ, noise + ENERGY)) == [ENERGY]


def test_the_tail_of_an_earlier_block_is_no_frame() -> None:
    assert answers(heard(READ, ENERGY[10:] + ENERGY)) == [ENERGY]


def test_our_own_echo_answers_nothing() -> None:
    for request in (READ, SignOn("1"), SelectSession("5"), Write("TRSUM", "0")):
        events = heard(request, request.encode())
        assert [event.raw for event in events] == [request.encode()]
        assert answers(events) == []


def test_a_lone_ack_is_an_answer_to_a_write_at_once_and_to_a_password_after_a_silence() -> None:
    assert answers(heard(Write("TRSUM", "0"), b"\x06", silent=False)) == [b"\x06"]
    password = PresentPassword(b"777777")
    assert answers(heard(password, b"\x06", silent=False)) == []
    assert answers(heard(password, b"\x06")) == [b"\x06"]
    assert answers(heard(password, b"\x00\x7fU\x06")) == [b"\x06"]


@pytest.mark.parametrize("noise", [b"\x06\x15", b"\x06A", b"\x15\x06\x06", b"))\x06"[1:] + b"x"])
def test_an_ack_among_other_bytes_is_no_answer_to_a_password(noise: bytes) -> None:
    assert answers(heard(PresentPassword(b"777777"), noise)) == []


def test_the_tail_of_our_own_write_is_no_ack() -> None:
    write = next(one for n in range(9000) if (one := Write("TRSUM", f"{chr(33 + n % 7)}{n:b}")).encode()[-1] == 0x06)
    assert answers(heard(write, write.encode()[-4:])) == []


def test_a_wrong_check_byte_is_damage() -> None:
    (event,) = heard(READ, ENERGY[:-1] + bytes([ENERGY[-1] ^ 1]))
    assert isinstance(event, Damaged)
    assert event.why is Damage.CHECKSUM


def test_the_xor_of_the_standard_is_right_only_where_the_profile_says_so() -> None:
    frame = with_check(b"\x02TIME_(12:00:00)\r\n\x03", Check.XOR)
    assert answers(heard(Read("TIME_"), frame)) == []
    assert answers(heard(Read("TIME_"), frame, check=Check.XOR)) == [frame]
    assert (
        describe(with_check(command("R1", "TIME_()")[:-1], Check.XOR), None)
        .notes[0]
        .endswith("which only later meters take")
    )


def test_the_answer_to_another_question_is_not_taken() -> None:
    assert answers(heard(READ, data_block("TIME_(12:00:00)\r\n"))) == []


@given(data=st.binary(max_size=300), request=st.sampled_from([READ, SignOn(""), SelectSession("5"), Write("A", "1")]))
def test_any_bytes_are_frames_or_damage(data: bytes, request: Request[Any]) -> None:
    events = heard(request, data)
    assert b"".join(event.raw for event in events) == data


@given(data=st.binary(max_size=200))
def test_a_meter_hears_any_bytes(data: bytes) -> None:
    framer = answering_framer()
    framer.receive_data(data)
    framer.silence()
    while framer.next_event() is not NEED_DATA:
        pass
    assert not framer.pending


@given(request=st.binary(max_size=80), reply=st.binary(max_size=80))
def test_any_bytes_are_described(request: bytes, reply: bytes) -> None:
    assert DRIVER.describe(request, reply, None).request.status


def test_a_password_and_what_betrays_it_are_masked() -> None:
    for frame in (PresentPassword(b"SECRET").encode(), with_parity(PresentPassword(b"SECRET").encode())):
        told = mask(frame)
        assert told.count("**") == 7
        assert "53 45" not in told
        assert "D3 C5" not in told
    assert set(mask(PresentPassword(b"SECRET").encode()[:-3]).split()) == {"**"}
    assert PresentPassword(b"SECRET").masked() == "01 50 31 02 28 ** ** ** ** ** ** 29 03 **"
    assert mask(READ.encode()) == READ.encode().hex(" ").upper()
    assert "SECRET" not in repr(PresentPassword(b"SECRET"))


def test_the_end_of_a_session_has_the_sum_and_not_the_xor() -> None:
    assert End().encode() == with_check(b"\x01B0\x03")


SECRETS = (
    command("P1", "(SECRET)"),
    command("P2", "(SECRET)"),
    command("W1", "PASS0(SECRET)"),
    command("W1", "PSW01(SECRET)"),
    b"/?123!" + with_check(b"\x01W1(SECRET)\x02TIME_(11:11:11)\x03"),
    command("W1", "GRPNM(PSW01(SECRET))"),
)


@pytest.mark.parametrize("frame", SECRETS)
def test_no_form_of_a_password_is_ever_shown(frame: bytes) -> None:
    """Whole, with parity, cut short, or with a bit of its head lost."""
    flipped = [bytes([*frame[:at], frame[at] ^ 1 << bit, *frame[at + 1 :]]) for at in range(5) for bit in range(7)]
    cut = [frame[at:] for at in (1, 2, 4)] if frame.startswith(b"\x01P") else [frame[:-3]]
    if frame.startswith(b"/"):
        flipped = []  # its head is an address
    for each in (frame, with_parity(frame), frame[:-1] + b"\x00", *cut, *flipped):
        described = DRIVER.describe(each, None, None).request
        told = f"{mask(each)} {described.fields} {described.status}"
        assert "SECRET" not in told
        assert "53 45 43 52 45 54" not in told
        assert "53 C5 C3" not in told


@pytest.mark.parametrize("frame", [ENERGY, data_block("(ERR12)"), command("W1", "TIME_(11:11:11)"), ENERGY[:-3]])
def test_what_is_no_secret_is_shown(frame: bytes) -> None:
    assert mask(frame) == frame.hex(" ").upper()
