"""Parts of every dialogue: its end, whatever came of the work, and the one attempt with a password."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from meterlink.errors import (
    AccessDeniedError,
    ChannelClosedError,
    DamagedFrameError,
    NoAnswerError,
    PasswordSpentError,
    PasswordUnansweredError,
)
from meterlink.flow import Flow, ask, finishing, presenting
from meterlink_mercury200.messages import encode_frame
from tests.exchange.made_up import ADDRESS, FETCHED, SECRET, Fetch, Open, fetched
from tests.exchange.table import Script, set_table, silent

CLOSED = fetched(0xFF)
OPENED = encode_frame(ADDRESS, 0xF1, b"\x00")
REFUSED = encode_frame(ADDRESS, 0xF1, b"\x01")
ADVICE = "Look at the plate first."


def says(*answers: bytes) -> Script:
    """One answer to each request, in order."""
    return lambda number, _: [(0.02, answers[number])]


# --- the end of a dialogue --------------------------------------------------------------------------------------------


@dataclass
class Ending:
    """An end that asks one thing more, and counts how often it was begun."""

    begun: int = 0
    heard: list[int] = field(default_factory=list)

    def __call__(self) -> Flow[None]:
        self.begun += 1
        self.heard.append((yield from ask(Fetch())).value)


def fetch() -> Flow[int]:
    return (yield from ask(Fetch())).value


def test_the_end_comes_behind_the_work_whose_result_is_kept() -> None:
    end = Ending()
    assert set_table(says(fetched(7), fetched(9))).run(finishing(fetch(), end)) == 7
    assert end.heard == [9]


def test_the_end_comes_behind_work_that_failed_too_and_what_failed_is_told() -> None:
    end = Ending()
    with pytest.raises(ChannelClosedError):
        set_table(says(CLOSED, fetched(9))).run(finishing(fetch(), end))
    assert end.heard == [9]


def silent_at_first(number: int, _request: bytes) -> list[tuple[float, bytes]]:
    return [(0.02, FETCHED)] if number > 2 else []


def test_work_that_nobody_answered_is_ended_and_told_as_such() -> None:
    end = Ending()
    with pytest.raises(NoAnswerError):
        set_table(silent_at_first).run(finishing(fetch(), end))
    assert end.heard == [7]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_what_is_no_failure_of_the_work_sends_nothing_more(error: type[BaseException]) -> None:
    """Somebody pressed Ctrl-C, or the program itself has a fault."""
    end = Ending()
    flow = finishing(fetch(), end)
    next(flow)
    with pytest.raises(error):
        flow.throw(error())
    assert end.begun == 0


def test_a_flow_that_is_dropped_sends_nothing_more() -> None:
    """GeneratorExit: the port may be closed by then."""
    end = Ending()
    flow = finishing(fetch(), end)
    next(flow)
    flow.close()
    assert end.begun == 0


# --- the password -----------------------------------------------------------------------------------------------------


def present() -> Flow[None]:
    yield from presenting(ask(Open(SECRET)), ADVICE)


def test_a_password_that_is_taken_is_answered() -> None:
    assert set_table(says(OPENED)).run(presenting(ask(Open(SECRET)), ADVICE)).frame == OPENED


@pytest.mark.parametrize(
    ("script", "cause", "words"),
    [(silent, NoAnswerError, "after 1 try"), (says(OPENED[:-1] + b"\x00"), DamagedFrameError, "what came is damaged")],
    ids=["silence", "damage"],
)
def test_no_answer_that_can_be_read_may_count_as_a_wrong_password(
    script: Script, cause: type[Exception], words: str
) -> None:
    table = set_table(script)
    with pytest.raises(PasswordUnansweredError, match=words) as told:
        table.run(present())
    assert isinstance(told.value.__cause__, cause)
    assert ADVICE in told.value.hint
    assert (told.value.address, told.value.port, told.value.tries) == ("123456", "memory", 1)
    with pytest.raises(PasswordSpentError):
        table.run(present())
    assert len(table.wire.heard) == 1


def test_a_refusal_of_the_password_is_told_as_the_meter_said_it() -> None:
    with pytest.raises(AccessDeniedError, match="wrong password"):
        set_table(says(REFUSED)).run(present())
