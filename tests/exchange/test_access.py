"""Exchange with passwords, secrets, sessions and changes of speed, on a family that does not exist."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from meterlink.context import PasswordAttempts
from meterlink.errors import (
    AccessDeniedError,
    BadDateError,
    BadDigitsError,
    BadReplyError,
    DamagedFrameError,
    LinkLostError,
    LocalProtocolError,
    MissedInstantError,
    NoAnswerError,
    PasswordSpentError,
    WireError,
)
from meterlink.flow import Announce, Flow, Reply, SetLine, WaitUntil, ask, read_reply
from meterlink.testing import START
from meterlink.wire.line import Line
from meterlink.wire.payload import CalendarError, DigitError, PayloadError, hexadecimal
from meterlink.wire.request import MASKED, ReplySizes
from meterlink_mercury200.messages import encode_frame
from tests.exchange.made_up import ADDRESS, SECRET, Fetch, Open, fetched
from tests.exchange.table import LINE, Answers, Journal, set_table, silent


def test_a_password_is_presented_once_whatever_the_flows_do() -> None:
    attempts = PasswordAttempts()

    def stubborn() -> Flow[None]:
        with pytest.raises(AccessDeniedError):
            yield from ask(Open(SECRET))
        yield from ask(Open(b"999999"))

    table = set_table(lambda _n, _r: [(0.02, encode_frame(ADDRESS, 0xF1, b"\x01"))], passwords=attempts)
    with pytest.raises(PasswordSpentError) as caught:
        table.run(stubborn())
    assert len(table.wire.heard) == 1
    assert caught.value.exit_code == 4
    again = set_table(lambda _n, _r: [(0.02, encode_frame(ADDRESS, 0xF1, b"\x00"))], passwords=attempts)
    with pytest.raises(PasswordSpentError):
        again.run(ask(Open(SECRET)))
    assert again.wire.heard == []


def test_the_refusal_to_send_a_password_again_arrives_inside_the_flow() -> None:
    def flow() -> Flow[str]:
        with pytest.raises(AccessDeniedError):
            yield from ask(Open(SECRET))
        try:
            yield from ask(Open(SECRET))
        except PasswordSpentError as error:
            return error.address
        return "sent twice"

    table = set_table(lambda _n, _r: [(0.02, encode_frame(ADDRESS, 0xF1, b"\x01"))])
    assert table.run(flow()) == "123456 on memory"


def test_a_password_that_never_left_is_not_spent() -> None:
    def flow() -> Flow[None]:
        yield WaitUntil(START - 1)
        with pytest.raises(MissedInstantError):
            yield from ask(Open(SECRET))
        yield from ask(Open(SECRET))

    table = set_table(lambda _n, _r: [(0.02, encode_frame(ADDRESS, 0xF1, b"\x00"))])
    table.run(flow())
    assert len(table.wire.heard) == 1


def test_a_password_without_an_expected_answer_is_spent() -> None:
    @dataclass(frozen=True, slots=True)
    class Blind(Open):
        expects_reply = False

    def flow() -> Flow[None]:
        yield from ask(Blind(SECRET))
        yield from ask(Blind(SECRET))

    table = set_table(silent)
    with pytest.raises(PasswordSpentError):
        table.run(flow())
    assert len(table.wire.heard) == 1


def test_a_password_without_an_answer_is_not_repeated() -> None:
    table = set_table(silent)
    with pytest.raises(NoAnswerError):
        table.run(ask(Open(SECRET)))
    assert len(table.wire.heard) == 1


@pytest.mark.parametrize(
    "answer",
    [
        encode_frame(ADDRESS, 0xF1, SECRET),
        encode_frame(ADDRESS, 0xF1, SECRET) * 2,
        encode_frame(654321, 0xF1, SECRET),
        SECRET,
        encode_frame(ADDRESS, 0xF1, SECRET)[:-1],
        b"\x00" + SECRET + b"\x00",
    ],
)
def test_secrets_and_their_checksums_stand_in_no_trace_and_no_error(answer: bytes) -> None:
    table = set_table(lambda _n, _r: [(0.0, answer)])
    with pytest.raises((NoAnswerError, WireError)) as caught:
        table.run(ask(Open(SECRET)))
    seen = [str(caught.value), repr(caught.value), *(frame.frame for frame in table.traced)]
    checksum = encode_frame(ADDRESS, 0xF1, SECRET)[-2:].hex(" ").upper()
    for text in seen:
        assert "AB CD" not in text
        assert "41 42" not in text
        assert "31 32 33" not in text
        assert checksum not in text
    assert table.traced[0].frame == "00 01 E2 40 F1 ** ** ** ** ** ** ** **"


def test_a_late_echo_of_a_secret_is_hidden_while_the_next_request_waits() -> None:
    echo = encode_frame(ADDRESS, 0xF1, SECRET)

    def script(number: int, _request: bytes) -> Answers:
        return [(0.02, encode_frame(ADDRESS, 0xF1, b"\x00")), (0.25, echo), (0.35, echo[4:9])] if number == 0 else []

    def flow() -> Flow[None]:
        yield from ask(Open(SECRET))
        yield from ask(Fetch())

    table = set_table(script)
    with pytest.raises((NoAnswerError, WireError)) as caught:
        table.run(flow())
    for text in (str(caught.value), repr(caught.value), *(frame.frame for frame in table.traced)):
        assert "41 42" not in text
        assert "CD 31" not in text


def test_the_echo_of_a_secret_whose_sending_failed_is_hidden() -> None:
    table = set_table(lambda number, _: [(0.0, encode_frame(ADDRESS, 0xF1, SECRET))] if number == 0 else [])
    write = table.port.write

    def cut(data: bytes) -> float:
        table.port.write = write  # type: ignore[method-assign]
        write(data)
        raise LinkLostError(port="memory", why="only a part was taken")

    table.port.write = cut  # type: ignore[method-assign]

    def flow() -> Flow[None]:
        with pytest.raises(LinkLostError):
            yield from ask(Open(SECRET))
        with pytest.raises(NoAnswerError):
            yield from ask(Fetch())

    table.run(flow())
    assert "41 42" not in " ".join(frame.frame for frame in table.traced)


def test_what_is_wrong_with_a_reply_to_a_secret_is_not_told_in_bytes() -> None:
    @dataclass(frozen=True, slots=True)
    class Talkative(Open):
        def decode_reply(self, frame: bytes) -> None:
            raise DigitError(f"{frame[5:6].hex()} is no answer")

    with pytest.raises(BadDigitsError, match="could tell the secret") as caught:
        set_table(lambda _n, _r: [(0.02, encode_frame(ADDRESS, 0xF1, b"A"))]).run(ask(Talkative(SECRET)))
    assert "41" not in str(caught.value)


def test_secrets_stand_in_no_announcement_and_no_record(journal: Journal) -> None:
    @dataclass(frozen=True, slots=True)
    class SetPassword(Open):
        name = "set the password"
        presents_password = False
        changes_meter = True

        def decode_reply(self, frame: bytes) -> None:
            raise DigitError("not a number")

    new = SetPassword(SECRET)

    def flow() -> Flow[None]:
        yield Announce("password", (new,))
        with pytest.raises(BadDigitsError):
            yield from ask(new)

    set_table(lambda _n, _r: [(0.02, encode_frame(ADDRESS, 0xF1, b"A"))], gate=journal).run(flow())
    told = repr(journal.entries)
    assert "41" not in told
    assert "AB" not in told
    assert "** ** ** ** ** ** ** **" in told


def test_a_flow_that_yields_nonsense_tells_no_secret() -> None:
    def flow() -> Flow[None]:
        yield (Open(SECRET),)  # type: ignore[misc]

    with pytest.raises(LocalProtocolError, match="yielded a tuple") as caught:
        set_table(silent).run(flow())
    assert "AB" not in str(caught.value)
    assert repr(Announce("x", (Open(SECRET),))) == "Announce(operation='x', requests=(Open(),), changes=())"


def test_speeds_change_between_exchanges_and_behind_a_request() -> None:
    slow, fast = Line(baud=300), Line(baud=19200)

    def flow() -> Flow[None]:
        yield SetLine(slow)
        yield from ask(Fetch(line_after=LINE))
        yield SetLine(fast)
        with pytest.raises((NoAnswerError, DamagedFrameError)):
            yield from ask(Fetch())

    table = set_table(lambda _n, _r: [(0.02, encode_frame(ADDRESS, 0xF2, b"\x07"))])
    table.run(flow())
    assert [line.baud for line in table.wire.lines] == [300, 19200, 19200, 19200]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [(PayloadError("x"), BadReplyError), (DigitError("x"), BadDigitsError), (CalendarError("x"), BadDateError)],
)
def test_a_reply_that_needs_more_reading_is_told_as_what_is_wrong_with_it(
    wrong: PayloadError, told: type[BadReplyError]
) -> None:
    def read(_value: int) -> None:
        raise wrong

    table = set_table(lambda _n, _r: [(0.02, fetched(7))])
    reply: Reply[int] = table.run(ask(Fetch()))
    assert (reply.value, reply.shown) == (7, hexadecimal(fetched(7)))
    with pytest.raises(BadReplyError) as caught:
        read_reply(reply, "read the moon", read)
    assert type(caught.value) is told
    assert (caught.value.request, caught.value.raw, caught.value.why) == ("read the moon", reply.shown, "x")


def test_a_reply_with_pieces_of_a_secret_in_it_is_not_told_either() -> None:
    """An adapter may give back late what was sent: then it stands inside what is read next."""

    @dataclass(frozen=True, slots=True)
    class Wide(Fetch):
        reply_sizes = ReplySizes.only(13)

    def refuse(_value: int) -> None:
        raise DigitError(SECRET.hex())

    def flow() -> Flow[Reply[int]]:
        yield from ask(Open(SECRET))
        return (yield from ask(Wide()))

    answers = [encode_frame(ADDRESS, 0xF1, b"\x00"), encode_frame(ADDRESS, 0xF2, SECRET)]
    table = set_table(lambda n, _r: [(0.02, answers[n])])
    reply = table.run(flow())
    assert set(reply.shown.split()) == {MASKED}
    with pytest.raises(BadReplyError) as caught:
        read_reply(reply, "fetch", refuse)
    for text in (str(caught.value), repr(caught.value)):
        assert SECRET.hex() not in text
        assert "41 42" not in text
