"""Exchange while reading: late replies, echo, noise, foreign frames, repeats. Frames are those of a Mercury 200."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.context import EchoMode, Note
from meterlink.errors import (
    BadDateError,
    BadDigitsError,
    DamagedFrameError,
    LineNoiseError,
    LinkLostError,
    MeterlinkError,
    NoAnswerError,
    PortError,
    TruncatedReplyError,
    WrongAddressError,
    WrongAnswerError,
    WrongChecksumError,
)
from meterlink.exchange import LATE_S, Exchange
from meterlink.flow import Flow, Pause, SetLine, WaitUntil, ask
from meterlink.sim.line import Burst
from meterlink.testing import START, from_hex
from meterlink.wire.line import Line
from meterlink.wire.request import Request
from meterlink_mercury200 import messages as m
from meterlink_mercury200.messages import Call, encode_frame
from meterlink_mercury200.parameters import ParameterIndex
from meterlink_mercury200.payload import Unknown
from meterlink_mercury200.schedule import EVERY_RECORD, Record, ScheduleIndex
from meterlink_mercury200.values import Energies
from tests.exchange.made_up import FETCHED, Fetch, fetched
from tests.exchange.table import LINE, TIMING, Answers, ScriptedWire, Table, set_table

ADDRESS = 123456
ASK_ENERGY = Call(ADDRESS, m.READ_ENERGY)
ENERGY = Energies((Decimal("621.42"), Decimal("208.34"), Decimal("111.11"), Decimal("222.22")))
ENERGY_REPLY = encode_frame(ADDRESS, 0x27, ENERGY.encode())


def read_energy() -> Flow[Energies]:
    reply = yield from ask(ASK_ENERGY)
    return reply.value


def always(*answers: tuple[float, bytes]) -> Callable[[int, bytes], Answers]:
    return lambda _number, _request: list(answers)


# --- late replies ---------------------------------------------------------------------------------------------------


def record_of(number: int) -> Record:
    """96 records of one shape, each another one."""
    return Record.of([(number, 1), (720 + number, 2)])


def read_all_records() -> Flow[list[Record]]:
    records = []
    for key in EVERY_RECORD:
        reply = yield from ask(Call(ADDRESS, m.READ_SCHEDULE, ScheduleIndex(*key)))
        records.append(reply.value)
    return records


def meter_late(delay_of: Callable[[int], float]) -> Callable[[int, bytes], Answers]:
    """Answers every request for a record after the delay of its number."""

    def script(number: int, request: bytes) -> Answers:
        key = ScheduleIndex.decode(request[5:6])
        reply = encode_frame(ADDRESS, 0x31, record_of(EVERY_RECORD.index((key.month, key.kind))).raw)
        return [(delay_of(number), reply)]

    return script


def wrong_records(table: Table) -> int:
    records = table.run(read_all_records())
    return sum(record != record_of(number) for number, record in enumerate(records))


DELAYS = [0.56, 0.58, 0.6, 0.65, 0.7, 0.9, 1.1, 1.3, 1.7, 2.0, 2.4]


@pytest.mark.parametrize("delay_s", DELAYS)
def test_a_late_reply_never_answers_another_request(delay_s: float) -> None:
    assert wrong_records(set_table(meter_late(lambda number: delay_s if number == 7 else 0.02))) == 0


@pytest.mark.parametrize("delay_s", DELAYS)
def test_replies_that_are_late_in_a_row_never_answer_another_request(delay_s: float) -> None:
    table = set_table(meter_late(lambda number: delay_s if number in (7, 8, 9, 30, 31) else 0.02))
    with suppress(NoAnswerError):
        assert wrong_records(table) == 0


@pytest.mark.parametrize("delay_s", DELAYS)
def test_a_meter_that_is_always_late_is_read_right_or_not_at_all(delay_s: float) -> None:
    table = set_table(meter_late(lambda _number: delay_s))
    with suppress(NoAnswerError):
        assert wrong_records(table) == 0


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), often=st.sampled_from([0.05, 0.3, 0.8]))
def test_replies_that_are_late_at_random_never_answer_another_request(seed: int, often: float) -> None:
    rng = Random(seed)
    table = set_table(meter_late(lambda _number: rng.uniform(0.3, 2.5) if rng.random() < often else 0.02))
    with suppress(NoAnswerError):
        assert wrong_records(table) == 0


class HastyExchange(Exchange):
    """An Exchange without the rule of late replies."""

    def _guard_against_late_replies(self, request: Request[Any], now: float, *, answered: bool) -> None:
        return


def test_without_the_rule_of_late_replies_records_would_be_wrong() -> None:
    late = meter_late(lambda number: 0.65 if number == 7 else 0.02)
    assert wrong_records(set_table(late, kind=HastyExchange)) == 88


def test_after_a_time_out_one_full_reply_time_passes_before_the_next_request() -> None:
    def flow() -> Flow[None]:
        with pytest.raises(NoAnswerError):
            yield from read_energy()
        yield from ask(Call(ADDRESS, m.READ_CLOCK))

    table = set_table(lambda number, _: [(0.01, CLOCK_REPLY)] if number == 3 else [])
    table.run(flow())
    last_energy, clock = table.wire.heard_at[2:4]
    reply_time_s = TIMING.reply_s + TIMING.latency_s + 23 * LINE.char_s
    assert clock - last_energy >= reply_time_s + LATE_S


CLOCK_REPLY = encode_frame(ADDRESS, 0x21, from_hex("01 14 05 09 21 07 25"))


@pytest.mark.parametrize("where", ["read", "write"])
def test_after_an_interruption_its_late_reply_answers_nothing(where: str) -> None:
    table = set_table(lambda number, _: [(0.3 if number == 0 else 0.45, fetched(number + 1))])
    real = getattr(table.port, where)

    def interrupted(argument: Any) -> Any:
        result = real(argument)
        if table.wire.heard:
            setattr(table.port, where, real)
            raise KeyboardInterrupt
        return result

    setattr(table.port, where, interrupted)
    with pytest.raises(KeyboardInterrupt):
        table.run(ask(Fetch()))
    assert table.run(ask(Fetch())).value == 2


def test_a_second_reading_waits_no_longer_than_the_line_needs() -> None:
    table = set_table(always((0.02, ENERGY_REPLY)))
    table.run(read_energy())
    table.port.read(table.port.now() + 1)
    before = table.port.now()
    table.run(read_energy())
    assert table.wire.heard_at[1] - before == pytest.approx(7 * LINE.char_s, abs=1e-5)


# --- repeats and time -----------------------------------------------------------------------------------------------


def test_a_lost_reply_is_asked_for_again() -> None:
    table = set_table(lambda number, _: [(0.02, ENERGY_REPLY)] if number == 2 else [])
    assert table.run(read_energy()) == ENERGY
    assert len(table.wire.heard) == 3


def test_a_silent_meter_is_asked_three_times_and_named() -> None:
    table = set_table(always())
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

    table = set_table(always())
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

    table = set_table(always())
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
    table = set_table(always())

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
    assert table.run(ask(ASK_DST)).value.value == 0
    questions = set_table(always((0.02, ASK_DST.encode()), (0.15, DST_REPLY)), echo=EchoMode.OFF)
    assert questions.run(ask(ASK_DST)).value.value == 0


# --- echo -----------------------------------------------------------------------------------------------------------

REQUEST = ASK_ENERGY.encode()
ASK_DST = Call(ADDRESS, m.READ_DST)
DST_REPLY = encode_frame(ADDRESS, 0x24, b"\x00")


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
    table = set_table(always(*echoes(ASK_DST.encode(), DST_REPLY)[how]), echo=mode)
    assert table.run(ask(ASK_DST)).value.value == 0
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
    late_s = set_table(always()).exchange._timing.reply_s + 0.6
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

    assert set_table(always()).run(flow()) == "caught: read energy"


def test_a_lost_port_arrives_inside_the_flow_and_can_be_told() -> None:
    table = set_table(always())

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
