"""Faults of the line: each does what its name says, and the same in every run of one seed."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from meterlink.errors import ConfigError
from meterlink.sim.faults import FAULTS, FaultSpec, parse_faults, wrap
from meterlink.sim.line import Burst, VirtualWire
from meterlink.wire.line import Line
from tests.wires import UnderWay

LINE = Line(baud=9600)
CHAR_S = LINE.char_s
REQUEST = b"\x00\x06\x47\x3e\x27\xaa\x55"
REPLIES = (bytes(range(0x10, 0x27)), bytes(range(0x30, 0x47)), bytes(range(0x50, 0x57)))
LATENCY_S = 0.01
REPLY_AT = 1.0 + LATENCY_S
SEEDS = range(20 if os.environ.get("METERLINK_LONG") == "1" else 8)


class FakeWire(UnderWay):
    """A wire with a meter that gives the next of its fixed replies to anything it hears."""

    def __init__(self, replies: tuple[bytes, ...] = REPLIES, line: Line = LINE) -> None:
        super().__init__()
        self.heard: list[bytes] = []
        self._replies = replies
        self._line = line

    def receive(self, data: bytes, now: float, line: Line) -> None:
        assert line == self._line
        reply = self._replies[len(self.heard) % len(self._replies)]
        self.heard.append(data)
        self.bursts.append(Burst(now + LATENCY_S, reply, self._line))


def heard(wire: VirtualWire) -> list[Burst]:
    """Every burst, polled exactly when the wire asks for it."""
    bursts: list[Burst] = []
    for _ in range(1000):
        due = wire.due()
        if due is None:
            return bursts
        bursts += wire.poll(due)
    raise AssertionError("the wire never stops asking to be polled")


def ask(wire: VirtualWire, now: float = 1.0) -> list[Burst]:
    wire.receive(REQUEST, now, LINE)
    return heard(wire)


def faulty(text: str, seed: int = 1, inner: VirtualWire | None = None) -> VirtualWire:
    return wrap(inner or FakeWire(), parse_faults(text), seed, readdress=lambda frame: b"\xee" + frame[1:])


def once(text: str, seed: int = 1) -> list[Burst]:
    return ask(faulty(text, seed))


REPLY = Burst(REPLY_AT, REPLIES[0], LINE)
ECHO = Burst(1.0 - len(REQUEST) * CHAR_S, REQUEST, LINE)


# --- each fault -----------------------------------------------------------------------------------------------------


def test_without_faults_the_wire_is_the_same() -> None:
    wire = FakeWire()
    assert wrap(wire, [], 1) is wire


def test_echo_comes_whole_and_ends_with_the_request() -> None:
    assert once("echo") == [ECHO, REPLY]


@pytest.mark.parametrize("seed", SEEDS)
def test_echo_partial_lacks_its_head_or_its_tail(seed: int) -> None:
    echo, reply = once("echo-partial", seed)
    assert reply == REPLY
    assert 0 < len(echo.data) < len(REQUEST)
    if REQUEST.startswith(echo.data):
        assert echo.at == ECHO.at
    else:
        assert REQUEST.endswith(echo.data)
        assert echo.ends_at == pytest.approx(1.0)


def test_echo_partial_loses_either_end() -> None:
    assert {REQUEST.startswith(once("echo-partial", seed)[0].data) for seed in SEEDS} == {True, False}


def test_a_request_of_one_byte_has_no_partial_echo() -> None:
    wire = faulty("echo-partial")
    wire.receive(b"\x06", 1.0, LINE)
    assert heard(wire) == [REPLY]


def test_echo_late_may_come_before_the_reply() -> None:
    echo, reply = once("echo-late,delay=0.001")
    assert echo.at == pytest.approx(1.001)
    assert echo.data == REQUEST
    assert reply == REPLY


def test_echo_late_may_come_after_the_reply() -> None:
    reply, echo = once("echo-late,delay=0.5")
    assert reply == REPLY
    assert echo.at == pytest.approx(1.5)
    assert echo.data == REQUEST


def test_echo_late_does_not_mix_with_the_reply() -> None:
    first, second = once("echo-late,delay=0.005")
    assert (first.data, second.data) == (REQUEST, REPLIES[0])
    assert second.at == first.ends_at > REPLY_AT


def test_lost_request_is_heard_by_no_meter() -> None:
    inner = FakeWire()
    assert ask(faulty("lost-request", inner=inner)) == []
    assert inner.heard == []


def test_lost_reply_was_heard_by_the_meter() -> None:
    inner = FakeWire()
    assert ask(faulty("lost-reply", inner=inner)) == []
    assert inner.heard == [REQUEST]


def test_late_by_the_delay_asked_for() -> None:
    assert once("late,delay=0.8") == [Burst(REPLY_AT + 0.8, REPLIES[0], LINE)]


@pytest.mark.parametrize("seed", SEEDS)
def test_late_draws_its_delay(seed: int) -> None:
    (reply,) = once("late", seed)
    assert 0.6 <= reply.at - REPLY_AT <= 2.0
    assert reply.data == REPLIES[0]


def test_a_late_reply_survives_the_next_request() -> None:
    wire = faulty("late,delay=0.8")
    wire.receive(REQUEST, 1.0, LINE)
    assert wire.poll(1.5) == []
    wire.receive(REQUEST, 1.5, LINE)
    first, second = heard(wire)
    assert [first.at, second.at] == pytest.approx([1.81, 2.31])
    assert [first.data, second.data] == [REPLIES[0], REPLIES[1]]


@pytest.mark.parametrize("seed", SEEDS)
def test_split_has_one_pause_inside(seed: int) -> None:
    head, tail = once("split,pause=0.05", seed)
    assert head.data + tail.data == REPLIES[0]
    assert head.data
    assert tail.data
    assert head.at == REPLY_AT
    assert tail.at - head.ends_at == pytest.approx(0.05)


def test_split_usually_pauses_as_a_usb_adapter() -> None:
    head, tail = once("split")
    assert tail.at - head.ends_at == pytest.approx(0.016)


@pytest.mark.parametrize("seed", SEEDS)
def test_glued_carries_the_end_of_the_reply_before(seed: int) -> None:
    wire = faulty("glued", seed)
    (first,), (second,) = ask(wire), ask(wire, 2.0)
    assert is_glued(first.data, REPLIES[0], REPLIES[0])
    assert is_glued(second.data, REPLIES[1], REPLIES[0])
    assert (first.at, second.at) == (REPLY_AT, 2.0 + LATENCY_S)


def is_glued(data: bytes, reply: bytes, before: bytes) -> bool:
    size = len(data) - len(reply)
    return size > 0 and data in (before[-size:] + reply, reply + before[-size:])


@pytest.mark.parametrize("seed", SEEDS)
def test_junk_stands_before_or_after(seed: int) -> None:
    (before,), (after,) = once("junk-before", seed), once("junk-after", seed)
    assert before.data.endswith(REPLIES[0])
    assert after.data.startswith(REPLIES[0])
    assert 1 <= len(before.data) - len(REPLIES[0]) <= 8
    assert 1 <= len(after.data) - len(REPLIES[0]) <= 8


def test_junk_has_the_size_asked_for() -> None:
    (reply,) = once("junk-after,bytes=40")
    assert len(reply.data) == len(REPLIES[0]) + 40


@pytest.mark.parametrize("seed", SEEDS)
def test_flipped_bit_is_one_bit(seed: int) -> None:
    (reply,) = once("flipped-bit", seed)
    assert [wrong.bit_count() for wrong in differences(reply.data, REPLIES[0]) if wrong] == [1]


@pytest.mark.parametrize("seed", SEEDS)
def test_wrong_checksum_changes_the_last_byte_only(seed: int) -> None:
    (reply,) = once("wrong-checksum", seed)
    assert [place for place, wrong in enumerate(differences(reply.data, REPLIES[0])) if wrong] == [len(reply.data) - 1]


def differences(one: bytes, two: bytes) -> list[int]:
    return [a ^ b for a, b in zip(one, two, strict=True)]


def test_wrong_address_is_made_by_the_family() -> None:
    assert once("wrong-address") == [Burst(REPLY_AT, b"\xee" + REPLIES[0][1:], LINE)]


def test_wrong_address_is_refused_where_the_family_has_none() -> None:
    with pytest.raises(ConfigError, match="carry no address"):
        wrap(FakeWire(), parse_faults("wrong-address"), 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_truncated_stops_early(seed: int) -> None:
    (reply,) = once("truncated", seed)
    assert 0 < len(reply.data) < len(REPLIES[0])
    assert REPLIES[0].startswith(reply.data)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("reply", [b"", b"\x06"])
def test_short_replies_are_borne(name: str, reply: bytes) -> None:
    assert len(ask(faulty(name, inner=FakeWire((reply,))))) <= 2


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"wrong-address"}))
@pytest.mark.parametrize("seed", SEEDS)
def test_characters_of_seven_bits_stay_so(name: str, seed: int) -> None:
    line = Line(data_bits=7, parity="E")
    wire = faulty(name, seed, FakeWire(line=line))
    wire.receive(REQUEST.replace(b"\xaa", b"\x2a"), 1.0, line)
    assert all(byte < 0x80 for burst in heard(wire) for byte in burst.data)


# --- chance and order -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAULTS)
def test_one_seed_gives_one_run(name: str) -> None:
    def run(seed: int) -> list[list[Burst]]:
        wire = faulty(f"{name}:0.5", seed)
        return [ask(wire, 1.0 + 10 * i) for i in range(30)]

    assert run(7) == run(7)
    assert run(7) != run(8)


@pytest.mark.parametrize("name", FAULTS)
def test_probability_zero_changes_nothing(name: str) -> None:
    assert once(f"{name}:0") == [REPLY]


def test_probability_is_per_exchange() -> None:
    wire = faulty("lost-reply:0.3")
    lost = sum(not ask(wire, 1.0 + 10 * i) for i in range(1000))
    assert 240 < lost < 360


def test_faults_stack_and_do_not_touch_the_echo() -> None:
    assert once("echo;lost-reply") == once("lost-reply;echo") == [ECHO]
    assert once("echo;lost-request") == [ECHO]
    head, tail = once("late,delay=1;split")
    assert head.at == pytest.approx(REPLY_AT + 1)
    assert head.data + tail.data == REPLIES[0]


@given(
    names=st.lists(st.sampled_from(sorted(FAULTS)), max_size=5),
    seed=st.integers(),
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=6),
    replies=st.lists(st.binary(max_size=40), min_size=1, max_size=4),
)
def test_whatever_happens_bursts_never_overlap(
    names: list[str], seed: int, pauses: list[float], replies: list[bytes]
) -> None:
    wire = faulty(";".join(names) + ";late:0", seed, FakeWire(tuple(replies)))
    now, bursts = 1.0, []
    for pause in pauses:
        now += len(REQUEST) * CHAR_S
        wire.receive(REQUEST, now, LINE)
        now += pause
        bursts += wire.poll(now)
    bursts += heard(wire)
    assert all(one.ends_at <= two.at for one, two in pairwise(bursts))


# --- as people write them -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("", []),
        ("lost-reply", [FaultSpec(name="lost-reply")]),
        ("lost-reply:0.3", [FaultSpec(name="lost-reply", probability=0.3)]),
        ("late:0.2,delay=0.8", [FaultSpec(name="late", probability=0.2, options={"delay": 0.8})]),
        (" late , delay = 1 ; echo ;", [FaultSpec(name="late", options={"delay": 1.0}), FaultSpec(name="echo")]),
        (["split", "echo;glued:1"], [FaultSpec(name="split"), FaultSpec(name="echo"), FaultSpec(name="glued")]),
    ],
)
def test_the_text_form(text: str | list[str], specs: list[FaultSpec]) -> None:
    assert parse_faults(text) == specs


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lost-replay", "(did you mean lost-reply?); known are"),
        ("earthquake", "known are echo, "),
        ("echo:2", "from 0 to 1, not '2.0'"),
        ("echo:often", "from 0 to 1, not 'often'"),
        ("echo:nan", "from 0 to 1"),
        ("echo:", "from 0 to 1"),
        ("late,delay", "'delay' is not OPTION=NUMBER"),
        ("late,delay=soon", "'delay=soon' is not OPTION=NUMBER"),
        ("late,delay=-1", "delay may be 0 to 3600, not -1"),
        ("late,delay=inf", "delay may be"),
        ("late,delay=1,delay=2", "stands twice"),
        ("late,pause=1", "late has no option 'pause'; it has delay"),
        ("echo,delay=1", "echo has no option 'delay'; it has none"),
        ("junk-after,bytes=1.5", "bytes may be 1 to 256"),
        ("late,echo", "joined by ';'"),
    ],
)
def test_what_is_wrong_is_said(text: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_faults(text)
    assert why in str(caught.value)


@given(name=st.sampled_from(sorted(FAULTS)), probability=st.floats(0, 1))
def test_a_spec_is_written_as_it_is_read(name: str, probability: float) -> None:
    spec = FaultSpec(name=name, probability=probability)
    assert parse_faults(str(spec)) == [spec]


def test_options_are_written_as_they_are_read() -> None:
    spec = FaultSpec(name="late", probability=0.25, options={"delay": 0.8})
    assert str(spec) == "late:0.25,delay=0.8"
    assert parse_faults(str(spec)) == [spec]


def test_every_fault_has_a_line_about_it() -> None:
    assert all(about and "\n" not in about for about in FAULTS.values())
