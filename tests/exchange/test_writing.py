"""Exchange while writing: the gate, outcomes, passwords, secrets, sessions, moments. Frames of a Mercury 200."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from meterlink.errors import (
    LinkLostError,
    LocalProtocolError,
    MissedInstantError,
    NoAnswerError,
    RefusedError,
    WritingClosedError,
    WrongChecksumError,
)
from meterlink.flow import Announce, Announcement, Flow, Outcome, Pause, WaitUntil, ask
from meterlink.link.aio import AsyncMemoryPort, run_async
from meterlink.testing import START
from meterlink_mercury200 import messages as m
from meterlink_mercury200.messages import Call, decode_call, encode_frame
from meterlink_mercury200.values import RawByte
from tests.exchange.calls import DST_OFF, READ_DST
from tests.exchange.made_up import ADDRESS, FETCHED, Fetch
from tests.exchange.table import LINE, TIMING, Answers, Journal, set_table, silent

TWO_TARIFFS = Call(ADDRESS, m.SET_TARIFF_COUNT, RawByte(2))


def obedient(_number: int, request: bytes) -> Answers:
    """Acknowledges every write, answers the DST flag as off."""
    call = decode_call(request)
    return [(0.02, encode_frame(ADDRESS, request[4], b"" if call.changes_meter else b"\x00"))]


def write_two() -> Flow[None]:
    yield Announce("settings", (DST_OFF, TWO_TARIFFS))
    yield from ask(DST_OFF)
    yield from ask(TWO_TARIFFS)


# --- the gate -------------------------------------------------------------------------------------------------------


def test_an_unannounced_write_sends_nothing(journal: Journal) -> None:
    table = set_table(obedient, gate=journal)
    with pytest.raises(LocalProtocolError, match="set DST flag was not the next announced write"):
        table.run(ask(DST_OFF))
    assert table.wire.heard == []


def test_a_write_out_of_its_announced_order_sends_nothing(journal: Journal) -> None:
    def flow() -> Flow[None]:
        yield Announce("settings", (DST_OFF, TWO_TARIFFS))
        yield from ask(TWO_TARIFFS)

    table = set_table(obedient, gate=journal)
    with pytest.raises(LocalProtocolError):
        table.run(flow())
    assert table.wire.heard == []
    assert journal.fates() == ["not-sent", "not-sent"]


def test_an_announced_write_leaves_only_once(journal: Journal) -> None:
    def flow() -> Flow[None]:
        yield Announce("DST", (DST_OFF,))
        yield from ask(DST_OFF)
        yield from ask(DST_OFF)

    table = set_table(obedient, gate=journal)
    with pytest.raises(LocalProtocolError):
        table.run(flow())
    assert len(table.wire.heard) == 1


def test_a_write_without_a_gate_sends_nothing() -> None:
    table = set_table(obedient)
    with pytest.raises(WritingClosedError):
        table.run(write_two())
    assert table.wire.heard == []


def test_a_gate_that_cannot_make_it_durable_lets_nothing_out() -> None:
    def full_disk(_entry: Announcement | Outcome) -> None:
        raise OSError("no space left on device")

    table = set_table(obedient, gate=full_disk)
    with pytest.raises(OSError, match="no space left"):
        table.run(write_two())
    assert table.wire.heard == []


def test_the_announcement_is_durable_before_the_first_frame(journal: Journal) -> None:
    table = set_table(obedient, gate=lambda entry: journal.entries.append(f"{type(entry).__name__} {len(heard)}"))
    heard = table.wire.heard
    table.run(write_two())
    assert journal.entries == ["Announcement 0", "Outcome 1", "Outcome 2"]


def test_an_outcome_is_recorded_before_the_flow_goes_on(journal: Journal) -> None:
    def flow() -> Flow[None]:
        yield Announce("DST", (DST_OFF,))
        yield from ask(DST_OFF)
        journal.entries.append("the flow goes on")

    set_table(obedient, gate=journal).run(flow())
    announcement, outcome, note = journal.entries
    assert announcement == Announcement(operation="DST", frames=("00 01 E2 40 05 00 09 27",))
    assert isinstance(outcome, Outcome)
    assert (outcome.fate.value, outcome.reply) == ("answered", "00 01 E2 40 05 74 09")
    assert note == "the flow goes on"


def test_what_was_announced_and_not_asked_is_recorded_as_not_sent(journal: Journal) -> None:
    def flow() -> Flow[None]:
        yield Announce("settings", (DST_OFF, TWO_TARIFFS))
        yield from ask(DST_OFF)

    set_table(obedient, gate=journal).run(flow())
    assert journal.fates() == ["answered", "not-sent"]


def test_a_flow_that_fails_leaves_no_announced_frame_unrecorded(journal: Journal) -> None:
    def flow() -> Flow[None]:
        yield Announce("settings", (DST_OFF, TWO_TARIFFS))
        yield from ask(DST_OFF)
        raise RuntimeError("a bug in a flow")

    with pytest.raises(RuntimeError):
        set_table(obedient, gate=journal).run(flow())
    assert journal.fates() == ["answered", "not-sent"]


def test_a_lost_answer_to_a_write_is_never_sent_again_and_is_told(journal: Journal) -> None:
    table = set_table(silent, gate=journal)
    with pytest.raises(NoAnswerError):
        table.run(write_two())
    assert len(table.wire.heard) == 1
    assert journal.fates() == ["no-answer", "not-sent"]


def test_a_damaged_acknowledgement_is_recorded_as_damaged(journal: Journal) -> None:
    table = set_table(lambda _n, _r: [(0.02, b"\x00\x01\xe2\x40\x05\x74\x08")], gate=journal)
    with pytest.raises(WrongChecksumError):
        table.run(write_two())
    assert journal.fates() == ["damaged", "not-sent"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), LinkLostError(port="memory", why="unplugged")])
def test_an_interruption_while_waiting_is_recorded_as_unanswered(journal: Journal, error: BaseException) -> None:
    table = set_table(silent, gate=journal)
    read = table.port.read

    def interrupted(until: float) -> bytes:
        if table.wire.heard:
            raise error
        return read(until)

    table.port.read = interrupted  # type: ignore[method-assign]
    with pytest.raises(type(error)):
        table.run(write_two())
    assert journal.fates() == ["no-answer", "not-sent"]


def test_the_flow_may_read_before_it_decides_on_a_lost_answer(journal: Journal) -> None:
    def flow() -> Flow[bool]:
        yield Announce("DST", (DST_OFF,))
        with pytest.raises(NoAnswerError):
            yield from ask(DST_OFF)
        reply = yield from ask(READ_DST)
        return reply.value.enabled

    def lost_once(number: int, request: bytes) -> Answers:
        return [] if number == 0 else obedient(number, request)

    assert set_table(lost_once, gate=journal).run(flow()) is False


async def _run_async(table: Any, flow: Flow[Any]) -> Any:
    return await run_async(AsyncMemoryPort(table.port), table.exchange, flow)


def test_the_asyncio_runner_reads_and_never_writes(journal: Journal) -> None:
    import asyncio

    reply = asyncio.run(_run_async(set_table(obedient), ask(READ_DST)))
    assert reply.value.enabled is False
    with pytest.raises(LocalProtocolError):
        asyncio.run(_run_async(set_table(obedient, gate=journal), write_two()))
    with pytest.raises(WritingClosedError):
        asyncio.run(_run_async(set_table(obedient), write_two()))


def test_only_writes_can_be_announced(journal: Journal) -> None:
    def flow() -> Flow[None]:
        yield Announce("nothing", (READ_DST,))

    with pytest.raises(LocalProtocolError, match="announces a request that changes nothing"):
        set_table(obedient, gate=journal).run(flow())
    assert journal.entries == []


def test_a_second_announcement_closes_the_first(journal: Journal) -> None:
    def flow() -> Flow[None]:
        yield Announce("first", (DST_OFF, TWO_TARIFFS))
        yield Announce("second", (TWO_TARIFFS,))
        yield from ask(TWO_TARIFFS)

    set_table(obedient, gate=journal).run(flow())
    assert [type(entry).__name__ for entry in journal.entries] == [
        "Announcement",
        "Outcome",
        "Outcome",
        "Announcement",
        "Outcome",
    ]
    assert journal.fates() == ["not-sent", "not-sent", "answered"]


def test_a_refused_write_is_recorded_as_refused_with_the_reason(journal: Journal) -> None:
    @dataclass(frozen=True, slots=True)
    class Forbidden(Fetch):
        changes_meter = True

        def decode_reply(self, frame: bytes) -> int:
            raise RefusedError(request="write", code="03", why="not now")

    def flow() -> Flow[None]:
        yield Announce("write", (Forbidden(),))
        with pytest.raises(RefusedError):
            yield from ask(Forbidden())

    set_table(lambda _n, _r: [(0.02, FETCHED)], gate=journal).run(flow())
    (outcome,) = [entry for entry in journal.entries if isinstance(entry, Outcome)]
    assert (outcome.fate.value, outcome.reply) == ("refused", FETCHED.hex(" ").upper())
    assert "The meter refused write: not now." in outcome.detail


def test_a_bug_behind_an_answered_write_leaves_a_true_record(journal: Journal) -> None:
    @dataclass(frozen=True, slots=True)
    class Buggy(Fetch):
        changes_meter = True

        def decode_reply(self, frame: bytes) -> int:
            raise ZeroDivisionError

    def flow() -> Flow[None]:
        yield Announce("write", (Buggy(),))
        yield from ask(Buggy())

    with pytest.raises(ZeroDivisionError):
        set_table(lambda _n, _r: [(0.02, FETCHED)], gate=journal).run(flow())
    (outcome,) = [entry for entry in journal.entries if isinstance(entry, Outcome)]
    assert (outcome.fate.value, outcome.reply, outcome.detail) == (
        "damaged",
        FETCHED.hex(" ").upper(),
        "not understood: ZeroDivisionError",
    )


def test_a_write_that_calls_itself_repeatable_is_still_sent_once(journal: Journal) -> None:
    @dataclass(frozen=True, slots=True)
    class Eager(Fetch):
        changes_meter = True
        repeatable = True

    def flow() -> Flow[None]:
        yield Announce("write", (Eager(),))
        yield from ask(Eager())

    table = set_table(silent, gate=journal)
    with pytest.raises(NoAnswerError):
        table.run(flow())
    assert len(table.wire.heard) == 1


@dataclass
class FailingOnce:
    """A gate whose disk is full for one entry, the first or a later one."""

    fails_at: int
    taken: list[Announcement | Outcome] = field(default_factory=list)
    asked: int = 0

    def __call__(self, entry: Announcement | Outcome) -> None:
        self.asked += 1
        if self.asked == self.fails_at:
            raise OSError("no space left on device")
        self.taken.append(entry)


def test_an_outcome_that_could_not_be_recorded_is_tried_again_at_the_end() -> None:
    gate = FailingOnce(fails_at=2)
    table = set_table(obedient, gate=gate)
    with pytest.raises(OSError, match="no space left"):
        table.run(write_two())
    assert len(table.wire.heard) == 1
    fates = [entry.fate.value for entry in gate.taken if isinstance(entry, Outcome)]
    assert fates == ["answered", "not-sent"]


def test_a_gate_that_fails_for_one_frame_is_still_told_of_the_others() -> None:
    def flow() -> Flow[None]:
        yield Announce("settings", (DST_OFF, TWO_TARIFFS))

    gate = FailingOnce(fails_at=2)
    with pytest.raises(OSError, match="no space left"):
        set_table(obedient, gate=gate).run(flow())
    assert [entry.index for entry in gate.taken if isinstance(entry, Outcome)] == [1]


def test_a_gate_that_goes_on_failing_is_not_asked_for_each_frame() -> None:
    asked = []

    def gate(entry: Announcement | Outcome) -> None:
        if isinstance(entry, Outcome):
            asked.append(entry.index)
            raise OSError("locked")

    def flow() -> Flow[None]:
        yield Announce("settings", (DST_OFF, TWO_TARIFFS, DST_OFF, TWO_TARIFFS))

    with pytest.raises(OSError, match="locked"):
        set_table(obedient, gate=gate).run(flow())
    assert asked == [0, 1]


def test_a_closed_exchange_lets_its_flow_go_after_the_record(journal: Journal) -> None:
    def flow() -> Flow[None]:
        try:
            yield from write_two()
        finally:
            journal.entries.append("the flow is gone")

    table = set_table(obedient, gate=journal)
    kept = flow()  # held here, so that only the Exchange can end it
    table.exchange.start(kept, START)
    table.exchange.close()
    assert journal.fates() == ["not-sent", "not-sent"]
    assert journal.entries[-1] == "the flow is gone"


def test_two_flows_at_a_time_are_refused(journal: Journal) -> None:
    table = set_table(obedient, gate=journal)
    table.exchange.start(ask(READ_DST), START)
    with pytest.raises(LocalProtocolError, match="another one runs"):
        table.exchange.start(ask(READ_DST), START)


def test_the_pause_after_a_write_is_kept(journal: Journal) -> None:
    timing = replace(TIMING, after_write_s=0.4)
    table = set_table(obedient, gate=journal, timing=timing)
    table.run(write_two())
    first, second = table.wire.heard_at
    assert second - first == pytest.approx(0.02 + 7 * LINE.char_s + 0.4 + 8 * LINE.char_s, abs=1e-5)


def test_a_lost_answer_to_a_write_guards_what_follows(journal: Journal) -> None:
    """The acknowledgement of 05h comes late; 0Ah must not take it, nor the reading of the flag its own."""

    def flow() -> Flow[bool]:
        yield Announce("DST", (DST_OFF,))
        with pytest.raises(NoAnswerError):
            yield from ask(DST_OFF)
        reply = yield from ask(READ_DST)
        return reply.value.enabled

    late = encode_frame(ADDRESS, 0x24, b"\xff")

    def script(number: int, _request: bytes) -> Answers:
        # Without the guard the late frame would come first: at 0.7 s, and the right one not before 0.9 s.
        return [(0.7, late)] if number == 0 else [(0.35, encode_frame(ADDRESS, 0x24, b"\x00"))]

    timing = replace(TIMING, after_write_s=0.01)
    assert set_table(script, gate=journal, timing=timing).run(flow()) is False


# --- moments --------------------------------------------------------------------------------------------------------


def test_a_frame_for_a_moment_leaves_at_that_moment(journal: Journal) -> None:
    def flow() -> Flow[None]:
        yield Announce("DST", (DST_OFF,))
        yield WaitUntil(START + 10)
        yield from ask(DST_OFF)

    table = set_table(obedient, gate=journal)
    table.run(flow())
    assert table.wire.heard_at == [pytest.approx(START + 10 + 8 * LINE.char_s, abs=1e-5)]


def test_a_frame_whose_moment_passed_is_not_sent(journal: Journal) -> None:
    def flow() -> Flow[str]:
        yield Announce("DST", (DST_OFF,))
        yield WaitUntil(START - 1)
        with pytest.raises(MissedInstantError):
            yield from ask(DST_OFF)
        yield Announce("DST again", (DST_OFF,))
        yield WaitUntil(START + 1)
        yield from ask(DST_OFF)
        return "done"

    table = set_table(obedient, gate=journal)
    assert table.run(flow()) == "done"
    assert journal.fates() == ["not-sent", "answered"]
    assert len(table.wire.heard) == 1


def test_a_moment_that_was_not_used_binds_no_later_request(journal: Journal) -> None:
    def waits_and_ends() -> Flow[None]:
        yield WaitUntil(START + 1)

    def waits_and_pauses() -> Flow[None]:
        yield WaitUntil(START + 2)
        yield Pause(60)
        yield from ask(READ_DST)

    table = set_table(obedient, gate=journal)
    table.run(waits_and_ends())
    table.port.read(table.port.now() + 60)
    table.run(ask(READ_DST))
    table.run(waits_and_pauses())
    assert len(table.wire.heard) == 2


def test_a_frame_that_was_not_sent_delays_nothing(journal: Journal) -> None:
    def flow() -> Flow[None]:
        yield from ask(READ_DST)
        yield Announce("DST", (DST_OFF,))
        yield WaitUntil(START - 1)
        with pytest.raises(MissedInstantError):
            yield from ask(DST_OFF)
        yield from ask(READ_DST)

    table = set_table(obedient, gate=journal)
    table.run(flow())
    first, second = table.wire.heard_at
    assert second - first < 0.1
