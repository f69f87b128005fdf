"""Exchange while reading: repeats, silences, speeds. Frames are those of a Mercury 200."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from meterlink.context import EchoMode
from meterlink.errors import NoAnswerError, PortError, TruncatedReplyError
from meterlink.flow import Flow, Pause, SetLine, WaitUntil, ask
from meterlink.sim.line import Burst
from meterlink.testing import START
from meterlink.wire.line import Line
from meterlink_mercury200 import messages as m
from meterlink_mercury200.messages import Call, encode_frame
from meterlink_mercury200.parameters import ParameterIndex
from tests.exchange.calls import ASK_ENERGY, DST_REPLY, ENERGY, ENERGY_REPLY, READ_DST, read_energy
from tests.exchange.made_up import ADDRESS, FETCHED, Fetch, fetched
from tests.exchange.table import LINE, TIMING, Answers, ScriptedWire, always, set_table, silent


def test_a_lost_reply_is_asked_for_again() -> None:
    table = set_table(lambda number, _: [(0.02, ENERGY_REPLY)] if number == 2 else [])
    assert table.run(read_energy()) == ENERGY
    assert len(table.wire.heard) == 3


def test_a_silent_meter_is_asked_three_times_and_named() -> None:
    table = set_table(silent)
    with pytest.raises(
        NoAnswerError, match=r"No answer from address 123456 on memory to read energy after 3 tries\."
    ) as e:
        table.run(read_energy())
    assert e.value.exit_code == 3
    assert len(table.wire.heard) == 3


def test_after_a_repeat_the_reply_is_dated_from_the_first_sending() -> None:
    def flow() -> Flow[float]:
        reply = yield from ask(ASK_ENERGY)
        return reply.received_at - reply.sent_at

    table = set_table(lambda number, _: [(0.02, ENERGY_REPLY)] if number == 1 else [])
    assert table.run(flow()) > TIMING.reply_s


def test_the_line_rests_before_every_request() -> None:
    def flow() -> Flow[None]:
        yield from read_energy()
        yield from read_energy()

    table = set_table(always((0.02, ENERGY_REPLY)))
    table.run(flow())
    first, second = table.wire.heard_at
    busy_s = 0.02 + 23 * LINE.char_s + 7 * LINE.char_s
    assert second - first - busy_s == pytest.approx(0.007, abs=1e-5)


def test_a_pause_counts_from_the_last_byte() -> None:
    def flow() -> Flow[None]:
        yield from read_energy()
        yield Pause(1.0)
        yield from read_energy()

    table = set_table(always((0.02, ENERGY_REPLY)))
    table.run(flow())
    first, second = table.wire.heard_at
    assert second - first == pytest.approx(0.02 + 23 * LINE.char_s + 1.0 + 7 * LINE.char_s, abs=1e-5)


def test_a_request_that_needs_more_silence_gets_it() -> None:
    @dataclass(frozen=True, slots=True)
    class Shy(Fetch):
        quiet_before_s = 0.3

    table = set_table(always((0.02, FETCHED)))
    table.run(ask(Shy()))
    table.run(ask(Shy()))
    first, second = table.wire.heard_at
    assert second - first == pytest.approx(0.02 + 8 * LINE.char_s + 0.3 + 7 * LINE.char_s, abs=1e-5)


def test_silence_is_counted_in_characters_where_that_is_longer() -> None:
    slow = Line(baud=300)

    def flow() -> Flow[None]:
        yield SetLine(slow)
        yield from ask(Fetch(line_after=LINE))
        yield SetLine(slow)
        yield from ask(Fetch(line_after=LINE))

    table = set_table(always((0.02, FETCHED)))
    table.run(flow())
    first, second = table.wire.heard_at
    quiet_s = second - first - 0.02 - 8 * LINE.char_s - 7 * slow.char_s
    assert quiet_s == pytest.approx(6 * slow.char_s, abs=1e-5)


def test_the_first_request_waits_for_its_silence_too() -> None:
    table = set_table(always((0.02, ENERGY_REPLY)))
    table.run(read_energy())
    assert table.wire.heard_at[0] - START == pytest.approx(0.007 + 7 * LINE.char_s, abs=1e-5)


def test_a_request_that_may_not_be_repeated_is_sent_once() -> None:
    @dataclass(frozen=True, slots=True)
    class Once(Fetch):
        repeatable = False

    table = set_table(silent)
    with pytest.raises(NoAnswerError, match="after 1 try"):
        table.run(ask(Once()))
    assert len(table.wire.heard) == 1


def test_after_a_request_without_repeats_a_late_reply_answers_nothing_either() -> None:
    @dataclass(frozen=True, slots=True)
    class Once(Fetch):
        repeatable = False

    def flow() -> Flow[int]:
        with pytest.raises(NoAnswerError):
            yield from ask(Once())
        reply = yield from ask(Fetch())
        return reply.value

    # Without the guard the late one would come first: at 0.7 s, and the right one not before 0.9 s.
    table = set_table(lambda number, _: [(0.7 if number == 0 else 0.35, fetched(number + 1))])
    assert table.run(flow()) == 2


def test_a_request_without_an_answer_goes_on_at_once() -> None:
    @dataclass(frozen=True, slots=True)
    class Silent(Fetch):
        expects_reply = False

    table = set_table(silent)
    table.run(ask(Silent()))
    assert len(table.wire.heard) == 1
    assert table.port.now() < START + 0.05


def test_damage_of_an_earlier_request_does_not_name_a_later_silence() -> None:
    def flow() -> Flow[None]:
        with pytest.raises(TruncatedReplyError):
            yield from read_energy()
        yield from read_energy()

    with pytest.raises(NoAnswerError):
        set_table(lambda number, _: [(0.02, ENERGY_REPLY[:9])] if number < 3 else []).run(flow())


def test_a_reply_at_a_lower_speed_is_waited_for_at_that_speed() -> None:
    """The change of speed of mode C, downwards: the reply alone takes 0.3 s more than at the old speed."""
    slow = Line(baud=300)

    class SlowWire(ScriptedWire):
        def poll(self, now: float) -> list[Burst]:
            return [Burst(burst.at, burst.data, slow) for burst in super().poll(now)]

    table = set_table(always((0.5, FETCHED)))
    table.wire.__class__ = SlowWire
    assert table.run(ask(Fetch(line_after=slow))).value == 7
    assert len(table.wire.heard) == 1


def test_a_late_echo_of_the_request_before_answers_nothing() -> None:
    """86h 01 permits an answer of one byte, and the echo of 86h 00 has that form."""
    reactive = Call(ADDRESS, m.READ_PARAMETER, ParameterIndex(0))
    relay = Call(ADDRESS, m.READ_PARAMETER, ParameterIndex(1))

    def script(number: int, _request: bytes) -> Answers:
        if number == 0:
            return [(0.02, encode_frame(ADDRESS, 0x86, b"\x00\x00\x01\x72")), (0.2, reactive.encode())]
        return [(0.4, encode_frame(ADDRESS, 0x86, b"\x01\x55"))]

    def flow() -> Flow[dict[str, object]]:
        yield from ask(reactive)
        reply = yield from ask(relay)
        return reply.value.told()

    assert set_table(script).run(flow()) == {"number": 1, "relay": "closed"}


@pytest.mark.parametrize("step", [Pause(0.1), WaitUntil(START + 0.1)])
def test_waiting_ends_also_on_a_line_that_never_falls_silent(step: Pause | WaitUntil) -> None:
    table = set_table(silent)

    def chatter(until: float) -> bytes:
        table.port._now += 0.01
        return b"\x55"

    table.port.read = chatter  # type: ignore[method-assign]

    def flow() -> Flow[str]:
        yield step
        return "over"

    assert table.run(flow()) == "over"
    assert table.port.now() < START + 1


def test_a_speed_that_the_port_refuses_is_not_reckoned_with() -> None:
    table = set_table(always((0.02, ENERGY_REPLY)))

    def refuse(line: Line) -> None:
        raise PortError(port="memory", why=f"not {line}")

    table.port.set_line = refuse  # type: ignore[method-assign]

    def flow() -> Flow[None]:
        with pytest.raises(PortError):
            yield SetLine(Line(baud=300))
        yield from read_energy()
        yield from read_energy()

    table.run(flow())
    first, second = table.wire.heard_at
    assert second - first == pytest.approx(0.02 + 23 * LINE.char_s + 0.007 + 7 * LINE.char_s, abs=1e-5)


def test_two_different_answers_at_once_are_no_answer() -> None:
    other = encode_frame(ADDRESS, 0x27, bytes(16))
    table = set_table(lambda number, _: [(0.02, other + ENERGY_REPLY if number == 0 else ENERGY_REPLY)])
    assert table.run(read_energy()) == ENERGY
    assert len(table.wire.heard) == 2


def test_another_masters_question_to_the_same_meter_is_not_the_answer() -> None:
    table = set_table(always((0.02, Call(ADDRESS, m.READ_CLOCK).encode()), (0.15, DST_REPLY)), echo=EchoMode.OFF)
    assert table.run(ask(READ_DST)).value.value == 0
    questions = set_table(always((0.02, READ_DST.encode()), (0.15, DST_REPLY)), echo=EchoMode.OFF)
    assert questions.run(ask(READ_DST)).value.value == 0
