"""Replies that come late answer no other request. Frames are those of a Mercury 200."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.errors import NoAnswerError
from meterlink.exchange import LATE_S, Exchange
from meterlink.flow import Flow, ask
from meterlink.testing import from_hex
from meterlink.wire.request import Request
from meterlink_mercury200 import messages as m
from meterlink_mercury200.messages import Call, encode_frame
from meterlink_mercury200.schedule import EVERY_RECORD, Record, ScheduleIndex
from tests.exchange.calls import ENERGY_REPLY, read_energy
from tests.exchange.made_up import ADDRESS, Fetch, fetched
from tests.exchange.table import LINE, TIMING, Answers, Table, always, set_table


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
HOPELESS = (2.0, 2.4)
"""Later than three tries wait."""
NOBODY = "nobody answers"


def outcome(table: Table) -> str:
    """Whether all records are right, or nobody was heard."""
    try:
        wrong = wrong_records(table)
    except NoAnswerError:
        return NOBODY
    return f"{wrong} wrong" if wrong else "right"


@pytest.mark.parametrize("delay_s", DELAYS)
def test_a_late_reply_never_answers_another_request(delay_s: float) -> None:
    assert wrong_records(set_table(meter_late(lambda number: delay_s if number == 7 else 0.02))) == 0


@pytest.mark.parametrize("delay_s", DELAYS)
def test_replies_that_are_late_in_a_row_never_answer_another_request(delay_s: float) -> None:
    assert outcome(set_table(meter_late(lambda number: delay_s if number in (7, 8, 9, 30, 31) else 0.02))) == (
        NOBODY if delay_s in HOPELESS else "right"
    )


@pytest.mark.parametrize("delay_s", DELAYS)
def test_a_meter_that_is_always_late_is_read_right_or_not_at_all(delay_s: float) -> None:
    assert outcome(set_table(meter_late(lambda _number: delay_s))) == (NOBODY if delay_s in HOPELESS else "right")


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), often=st.sampled_from([0.05, 0.3, 0.8]))
def test_replies_that_are_late_at_random_never_answer_another_request(seed: int, often: float) -> None:
    rng = Random(seed)
    table = set_table(meter_late(lambda _number: rng.uniform(0.3, 2.5) if rng.random() < often else 0.02))
    assert outcome(table) in ("right", NOBODY)


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
