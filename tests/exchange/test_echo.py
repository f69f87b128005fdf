"""Our own bytes that come back are no answer. Frames are those of a Mercury 200."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from meterlink.context import EchoMode, Note
from meterlink.errors import DamagedFrameError, NoAnswerError
from meterlink.flow import Flow, ask
from meterlink.testing import from_hex
from meterlink_mercury200 import messages as m
from meterlink_mercury200.messages import Call, encode_frame
from meterlink_mercury200.payload import Unknown
from tests.exchange.calls import ASK_ENERGY, DST_REPLY, ENERGY, ENERGY_REPLY, READ_DST, read_energy
from tests.exchange.made_up import ADDRESS
from tests.exchange.table import Answers, always, set_table, silent

REQUEST = ASK_ENERGY.encode()


def echoes(request: bytes, reply: bytes) -> dict[str, Answers]:
    return {
        "whole": [(0.0, request), (0.03, reply)],
        "whole, glued to the reply": [(0.0, request + reply)],
        "head lost": [(0.0, request[3:]), (0.03, reply)],
        "head lost, glued": [(0.0, request[3:] + reply)],
        "tail lost": [(0.0, request[:4]), (0.03, reply)],
        "tail lost, then a long pause": [(0.0, request[:4]), (0.3, reply)],
        "tail lost, glued": [(0.0, request[:6] + reply)],
        "late": [(0.25, request), (0.30, reply)],
        "behind junk": [(0.0, b"\xff" + request), (0.03, reply)],
        "behind junk, glued": [(0.0, b"\xff" + request + reply)],
        "with a zero behind": [(0.0, request + b"\0"), (0.1, reply)],
        "behind junk, with zeros behind": [(0.0, b"\xff" + request + bytes(3)), (0.1, reply)],
        "twice": [(0.0, request), (0.01, request), (0.1, reply)],
        "none": [(0.03, reply)],
    }


@pytest.mark.parametrize("how", echoes(b"", b""))
def test_an_echo_is_not_the_answer(how: str) -> None:
    table = set_table(always(*echoes(REQUEST, ENERGY_REPLY)[how]))
    assert table.run(read_energy()) == ENERGY
    assert len(table.wire.heard) == 1


@pytest.mark.parametrize("mode", EchoMode)
@pytest.mark.parametrize("how", echoes(b"", b""))
def test_an_echo_of_almost_the_size_of_the_answer_is_not_the_answer(how: str, mode: EchoMode) -> None:
    """The request has 7 bytes, its answer 8 and a zero in front: an echo and one zero have a right checksum."""
    table = set_table(always(*echoes(READ_DST.encode(), DST_REPLY)[how]), echo=mode)
    assert table.run(ask(READ_DST)).value.value == 0
    assert len(table.wire.heard) == 1


@pytest.mark.parametrize("code", [0x24, 0x25, 0x2A, 0x2D, 0x2E, 0x60, 0x6F, 0x82])
def test_a_padded_echo_alone_is_no_value(code: int) -> None:
    call: Call[Any] = Call(ADDRESS, m.COMMANDS[code])
    for echo in (b"\xff" + call.encode() + bytes(2), call.encode() + b"\0"):
        with pytest.raises((NoAnswerError, DamagedFrameError)):
            set_table(always((0.0, echo))).run(ask(call))


def test_an_answer_that_begins_like_its_request_is_an_answer() -> None:
    """Address 53492 and 231.0 V: the first data bytes are the checksum of the request."""
    call = Call(53492, m.READ_INSTANT)
    data = call.encode()[5:7] + from_hex("02 64 00 05 88")
    table = set_table(always((0.02, encode_frame(53492, 0x63, data))))
    assert table.run(ask(call)).value.voltage_v == Decimal("231.0")


def test_only_an_echo_is_no_answer_and_is_told() -> None:
    table = set_table(always((0.0, REQUEST)))
    with pytest.raises(NoAnswerError, match="only the echo of our own bytes was heard"):
        table.run(read_energy())
    assert [frame.note for frame in table.traced] == [Note.REQUEST, Note.ECHO] * 3


def test_an_echo_as_long_as_the_answer_is_taken_for_an_echo_once() -> None:
    """A write without data would look like its acknowledgement; the undocumented 87h stands in for such a command."""
    call = Call(ADDRESS, m.READ_IDENT_PO)
    answers = always((0.0, call.encode()), (0.1, call.encode()))

    def flow() -> Flow[bytes]:
        reply = yield from ask(call)
        return reply.value.raw

    assert set_table(answers).run(flow()) == b""
    with pytest.raises(NoAnswerError):
        set_table(always((0.0, call.encode()))).run(flow())
    assert set_table(always((0.0, call.encode())), echo=EchoMode.OFF).run(flow()) == b""


def unknown_reply() -> tuple[Call[Unknown], bytes]:
    """The undocumented 87h, whose answer may have the very bytes of its request."""
    call = Call(ADDRESS, m.READ_IDENT_PO)
    return call, call.encode()


def test_the_echo_of_every_repeat_is_reckoned_with() -> None:
    """The echo of the first sending comes after the second one, beside that one's own: neither is the answer."""
    call, copy = unknown_reply()
    late_s = set_table(silent).exchange._timing.reply_s + 0.6
    table = set_table(lambda number, _: [[(late_s, copy)], [(0.0, copy)], []][number])
    with pytest.raises(NoAnswerError):
        table.run(ask(call))
    assert len(table.wire.heard) == 3


def test_an_echo_that_never_came_is_not_expected_of_the_next_request() -> None:
    call, copy = unknown_reply()

    def flow() -> Flow[bytes]:
        yield from read_energy()
        reply = yield from ask(call)
        return reply.value.raw

    answers: list[Answers] = [[(0.02, ENERGY_REPLY)], [(0.0, copy), (0.1, copy)]]
    assert set_table(lambda number, _: answers[number]).run(flow()) == b""


def test_a_reply_that_still_flows_when_its_time_is_over_is_heard_to_its_end() -> None:
    pieces = [ENERGY_REPLY[i : i + 6] for i in range(0, 23, 6)]
    dribble = [(0.55 + i * 0.03, piece) for i, piece in enumerate(pieces)]
    table = set_table(always(*dribble))
    assert table.run(read_energy()) == ENERGY
    assert len(table.wire.heard) == 1
