"""Frames out of bytes: however they are cut, behind whatever stands before them, in both forms."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.wire.framer import NEED_DATA, Damaged, Frame, Framer
from meterlink.wire.payload import PayloadError
from meterlink_modbus.framing import AnswerFramer, Form, command_framer, form_of
from meterlink_modbus.messages import Call
from meterlink_modbus.pdu import READ_HOLDING, READ_INPUT, WRITE, WRITE_ONE, Answered, Asked

forms = st.sampled_from(list(Form))


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    function = draw(st.sampled_from([READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE]))
    count = 1 if function == WRITE_ONE else draw(st.integers(1, 123))
    data = draw(st.binary(min_size=2 * count, max_size=2 * count)) if function in (WRITE, WRITE_ONE) else b""
    return Asked(function, draw(st.integers(0, 0xFFFF - count)), count, data)


@st.composite
def answers(draw: st.DrawFn, asked: Asked) -> Answered:
    if draw(st.booleans()):
        return Answered(asked.function, exception=draw(st.integers(1, 255)))
    return Answered.to(
        asked, b"" if asked.writes else draw(st.binary(min_size=2 * asked.count, max_size=2 * asked.count))
    )


def frames_in(framer: Framer, *pieces: bytes) -> list[bytes]:
    """What is a frame among these pieces; a silence stands at the end."""
    for piece in pieces:
        framer.receive_data(piece)
    framer.silence()
    found = []
    while (event := framer.next_event()) is not NEED_DATA:
        if isinstance(event, Frame):
            found.append(event.raw)
    return found


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[one:other] for one, other in pairwise(edges)]


@given(st.data(), forms, st.integers(1, 247), st.lists(st.integers(0, 500), max_size=6))
@settings(max_examples=60, deadline=None)
def test_messages_go_both_ways_and_are_found_however_they_are_cut(
    data: st.DataObject, form: Form, unit: int, places: list[int]
) -> None:
    asked = data.draw(questions())
    answered = data.draw(answers(asked))
    call = Call(unit, asked, form)
    assert Asked.decode(form.pdu(call.encode())) == asked
    assert Answered.decode(answered.encode()) == answered
    answered.fits(asked)
    assert frames_in(command_framer(), *cut(call.encode(), places)) == [call.encode()]
    reply = form.wrap(unit, answered.encode(), form.transaction(call.encode()))
    framer = AnswerFramer()
    framer.send(call.encode())
    framer.expect(call)
    assert frames_in(framer, *cut(reply, places)) == [reply]
    assert call.accepts(reply)
    assert (form_of(reply), form.unit(reply)) == (form, unit)


@given(st.data(), st.integers(0, 5000))
@settings(max_examples=60, deadline=None)
def test_one_flipped_bit_of_an_rtu_frame_is_noticed(data: st.DataObject, place: int) -> None:
    asked = data.draw(questions())
    reply = bytearray(Form.RTU.wrap(1, data.draw(answers(asked)).encode()))
    reply[place // 8 % len(reply)] ^= 1 << place % 8
    framer = AnswerFramer()
    framer.expect(Call(1, asked))
    framer.receive_data(bytes(reply))
    framer.silence()
    while (event := framer.next_event()) is not NEED_DATA:
        assert isinstance(event, Damaged) or not event.answers


@given(st.binary(max_size=400), forms)
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_events_of_both_framers_and_no_message(data: bytes, form: Form) -> None:
    for framer in (command_framer(), AnswerFramer()):
        if isinstance(framer, AnswerFramer):
            framer.expect(Call(1, Asked(READ_HOLDING, 0, 2), form))
        frames_in(framer, data)
    for decode in (Asked.decode, Answered.decode):
        try:
            decode(data)
        except PayloadError:
            continue


def test_a_refusal_is_a_frame_at_once_without_waiting_for_a_silence() -> None:
    for form in Form:
        call = Call(1, Asked(READ_HOLDING, 0x0132, 2), form)
        framer = AnswerFramer()
        framer.expect(call)
        reply = form.wrap(1, Answered(READ_HOLDING, exception=2).encode(), form.transaction(call.encode()))
        framer.receive_data(reply)
        assert framer.next_event() == Frame(reply, answers=True)


def test_in_an_envelope_a_late_answer_to_another_question_is_known_by_its_number() -> None:
    """On a line nothing tells it: there the house swallows whatever may come late."""
    asked, before = Asked(READ_HOLDING, 0x0132, 2), Asked(READ_HOLDING, 0x013E, 2)
    late = Answered.to(before, b"\x44\x1b\x5a\xe1").encode()
    assert Call(1, asked).accepts(Form.RTU.wrap(1, late))
    number = Form.MBAP.transaction(Call(1, before, Form.MBAP).encode())
    assert not Call(1, asked, Form.MBAP).accepts(Form.MBAP.wrap(1, late, number))
    assert Call(1, before, Form.MBAP).accepts(Form.MBAP.wrap(1, late, number))


@pytest.mark.parametrize(
    ("asked", "count"), [(Asked(READ_HOLDING, 0, 126), 126), (Asked(READ_HOLDING, 0, 0), 0)], ids=["too many", "none"]
)
def test_a_request_that_modbus_does_not_know_is_refused_by_whoever_reads_it(asked: Asked, count: int) -> None:
    pdu = bytes([asked.function, 0, 0]) + count.to_bytes(2, "big")
    with pytest.raises(PayloadError, match="Modbus allows 1 to 125"):
        Asked.decode(pdu)
