"""The dialogue: password, channel, refusals in words, busy seconds, wanted repeats, two kinds of address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from meterlink.errors import (
    AccessDeniedError,
    AddressError,
    BadReplyError,
    ChannelClosedError,
    LocalProtocolError,
    MeterlinkError,
    NoAnswerError,
    NoPasswordError,
    PasswordSpentError,
    PasswordUnansweredError,
    RefusedError,
    WrongAddressError,
    WrongPasswordError,
)
from meterlink.flow import Announce, Flow, Reply, WaitUntil, ask
from meterlink.link.dialogue import Dialogue
from meterlink.sim.bus import VirtualBus
from meterlink.sim.faults import parse_faults, wrap
from meterlink.testing import START, dialogue, transcript
from meterlink_micron import DRIVER, messages as m
from meterlink_micron.address import Address
from meterlink_micron.checksum import Check
from meterlink_micron.errors import (
    AFTER_SILENCE,
    BehindCommunicatorError,
    ControlError,
    CorrectedTodayError,
    InternalError,
    LevelTooLowError,
    NotOpenError,
    NotReadyError,
    PaidUnitsError,
    RepeatWantedError,
    TaskRunsError,
    UnknownCommandError,
)
from meterlink_micron.memory_codec import MemoryWrite
from meterlink_micron.messages import Call, Status
from meterlink_micron.parameters import Flag
from meterlink_micron.session import Session, in_session, refuse_unwritable
from meterlink_micron.sim import Behaviour, SimulatedMicron, simulate
from tests.drivers.micron.scene import target_of
from tests.drivers.micron.still import STILL, dialogue_of_one_run

MODEL = "seb-1tm.02"
CLOSED = Behaviour(stays_open=False)
TEMPERATURE = m.READ_TEMPERATURE
TOLD = 23


def scene(
    behaviour: Behaviour = CLOSED, *, password: bytes | None = b"000000", fault: str = "", address: str = "83"
) -> tuple[Dialogue, SimulatedMicron, Any]:
    target = target_of(MODEL, address, password)
    meter = simulate(target.profile, replace(STILL, address="83"), behaviour)
    return dialogue_of_one_run(target, wrap(VirtualBus([meter]), parse_faults(fault), 1)), meter, target


def temperature(session: Session) -> Flow[int]:
    return (yield from session.read(TEMPERATURE)).value.celsius


def commands(meter: SimulatedMicron) -> list[str]:
    return [call.name for call in meter.calls()]


# --- the channel ------------------------------------------------------------------------------------------------------


def test_a_dialogue_is_opened_asked_and_closed() -> None:
    talk, meter, target = scene()
    assert talk.run(in_session(target, temperature)) == TOLD
    assert commands(meter) == ["open channel", "read temperature", "close channel"]
    assert meter.level == 0


def test_without_a_password_nothing_is_opened_and_a_meter_that_stays_open_answers() -> None:
    talk, meter, target = scene(Behaviour(stays_open=True), password=None)
    assert talk.run(in_session(target, temperature)) == TOLD
    assert commands(meter) == ["read temperature"]


def test_a_closed_meter_without_a_password_says_what_is_missing() -> None:
    talk, meter, target = scene(password=None)
    with pytest.raises(NoPasswordError, match="channel is not open") as refused:
        talk.run(in_session(target, temperature))
    assert "--secret-ref REF" in refused.value.hint
    assert meter.passwords_heard == 0


@pytest.mark.parametrize("password", [b"", b"00000", b"0000000"])
def test_a_password_of_another_length_is_refused_before_any_byte(password: bytes) -> None:
    talk, meter, target = scene(password=password)
    with pytest.raises(NoPasswordError, match="six bytes"):
        talk.run(in_session(target, temperature))
    assert meter.log == []


def test_a_wrong_password_is_told_and_never_tried_again() -> None:
    talk, meter, target = scene(password=b"123456")
    with pytest.raises(WrongPasswordError) as refused:
        talk.run(in_session(target, temperature))
    assert isinstance(refused.value, AccessDeniedError)
    with pytest.raises(PasswordSpentError):
        talk.run(in_session(target, temperature))
    assert meter.passwords_heard == 1


@pytest.mark.parametrize("status", [0x1, 0x3, 0x5, 0x6, 0xB])
def test_any_refusal_of_the_password_ends_the_work(status: int) -> None:
    address = 100 + status  # each password is presented once in a run, and these tests are one
    target = target_of(MODEL, str(address))
    exchange = (_frame(b"\x01000000", address), _frame(bytes([status]), address))
    with transcript(DRIVER, target, [exchange]) as talk, pytest.raises(WrongPasswordError):
        talk.run(in_session(target, temperature))


def _frame(body: bytes, address: int = 7) -> str:
    return Check.CRC.sealed(bytes([address]) + body).hex()


@pytest.mark.parametrize(
    ("fault", "heard"), [("lost-reply", "1 try"), ("wrong-checksum", "1 try; what came is damaged")]
)
def test_a_password_without_an_answer_that_can_be_read_may_count_as_wrong(fault: str, heard: str) -> None:
    """The meter took it; that nobody knows."""
    talk, meter, target = scene(fault=fault)
    with pytest.raises(PasswordUnansweredError, match=f"after {heard}") as told:
        talk.run(in_session(target, temperature))
    assert told.value.hint.startswith(AFTER_SILENCE)
    with pytest.raises(PasswordSpentError):
        talk.run(in_session(target, temperature))
    assert meter.passwords_heard == 1


def test_a_read_opens_the_channel_again_after_it_has_closed() -> None:
    talk, meter, target = scene()

    def slow(session: Session) -> Flow[int]:
        yield WaitUntil(START + 60)
        return (yield from temperature(session))

    assert talk.run(in_session(target, slow)) == TOLD
    assert commands(meter) == [
        *("open channel", "read temperature"),  # 5: closed after 20 s
        *("open channel", "read temperature", "close channel"),
    ]


def test_after_a_write_a_closed_channel_stays_closed() -> None:
    talk, meter, target = scene()

    def slow(session: Session) -> Flow[int]:
        session.has_written = True
        yield WaitUntil(START + 60)
        return (yield from temperature(session))

    with pytest.raises(ChannelClosedError):
        talk.run(in_session(target, slow))
    assert meter.passwords_heard == 1


def test_a_dialogue_that_waits_is_kept_open() -> None:
    talk, meter, target = scene()

    def waits(session: Session) -> Flow[int]:
        yield from session.stay(START + 70)
        yield WaitUntil(START + 70)
        return (yield from temperature(session))

    assert talk.run(in_session(target, waits)) == TOLD
    assert meter.passwords_heard == 1
    assert 4 <= commands(meter).count("read address") <= 6


def test_levels_are_those_of_the_passwords() -> None:
    behaviour = replace(CLOSED, passwords=(b"111111", b"222222"))
    for password, level in ((b"111111", 1), (b"222222", 2)):
        talk, meter, target = scene(behaviour, password=password)
        session = Session(target)
        talk.run(session.open())
        assert meter.level == level
    talk, meter, target = scene(CLOSED)
    talk.run(Session(target).open())
    assert meter.level == 2  # equal passwords open the higher one


@pytest.mark.parametrize(("wrong", "blocks", "level"), [(3, True, 1), (2, True, 2), (3, False, 2)])
def test_three_wrong_passwords_block_writing_for_the_day_where_the_flag_says_so(
    wrong: int, blocks: bool, level: int
) -> None:
    _, meter, _ = scene(replace(CLOSED, passwords=(b"111111", b"222222"), blocks=blocks))
    present(meter, *[b"333333"] * wrong, b"222222", at=START)
    assert meter.level == level
    present(meter, b"222222", at=START + 86_400)
    assert meter.level == 2


def present(meter: SimulatedMicron, *passwords: bytes, at: float) -> None:
    """One a second."""
    for number, password in enumerate(passwords):
        meter.receive(bytes.fromhex(_frame(b"\x01" + password, 83)), at + number)
        meter.poll(at + number + 0.5)


# --- statuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (0x1, UnknownCommandError, "does not know the command"),
        (0x2, InternalError, "error inside the meter"),
        (0x3, LevelTooLowError, "access level is too low"),
        (0x4, CorrectedTodayError, "already corrected today"),
        (0x5, NotOpenError, "channel is not open"),
        (0x6, RepeatWantedError, "same request again"),
        (0x7, NotReadyError, "not ready"),
        (0x8, TaskRunsError, "task of the same kind"),
        (0x9, PaidUnitsError, "paid units"),
        (0xA, ControlError, "cannot be carried out"),
        (0xC, RefusedError, "not documented"),
        (0xF, BehindCommunicatorError, "behind the communicator"),
    ],
)
def test_each_status_is_a_typed_refusal_in_words(status: int, kind: type[RefusedError], words: str) -> None:
    call = Call(Address(7), m.SET_FLAG, Flag(1))
    for busy in (0x00, 0x30):  # the high nibble does not count
        with pytest.raises(kind, match=words) as refused:
            call.decode_reply(bytes.fromhex(_frame(bytes([status | busy]))))
        assert type(refused.value) is kind
        assert refused.value.code == f"{status:X}h"
        assert refused.value.hint


def test_a_busy_meter_is_left_in_peace_for_as_long_as_it_said() -> None:
    target = target_of(MODEL)
    meter = simulate(target.profile, STILL, Behaviour(busy_s={m.SET_FLAG.head: 3}))
    talk = dialogue(DRIVER, target, VirtualBus([meter]), gate=lambda entry: None)

    def work() -> Flow[float]:
        session = Session(target)
        yield from session.open()
        request = session.call(m.SET_FLAG, Flag(1))
        yield Announce("work", (request,))
        done: Reply[Status] = yield from session.write(request)
        assert done.value.busy_s == 3
        yield from session.read(TEMPERATURE)
        return session.heard_at - done.received_at

    assert 3.0 < talk.run(work()) < 3.2
    assert commands(meter) == ["open channel", "set or clear a flag", "read temperature"]


@pytest.mark.parametrize(("asked", "heard"), [(1, 2), (2, 3)])
def test_a_read_that_is_wanted_again_is_sent_again_at_most_twice(asked: int, heard: int) -> None:
    talk, meter, target = scene(Behaviour(asks_again={TEMPERATURE.head: asked}))
    assert talk.run(in_session(target, temperature)) == TOLD
    assert commands(meter).count("read temperature") == heard


def test_a_read_that_is_wanted_a_fourth_time_is_given_up() -> None:
    talk, meter, target = scene(Behaviour(asks_again={TEMPERATURE.head: 9}))
    with pytest.raises(RepeatWantedError):
        talk.run(in_session(target, temperature))
    assert commands(meter).count("read temperature") == 3


def test_a_status_alone_where_data_were_due_is_told() -> None:
    target = target_of(MODEL, "7", None)
    told = "a status alone, ok, where 2 bytes of data were due"
    exchange = (_frame(b"\x08\x01"), _frame(b"\x00"))
    with transcript(DRIVER, target, [exchange]) as talk, pytest.raises(BadReplyError, match=told):
        talk.run(in_session(target, temperature))


@pytest.mark.parametrize("data", [b"\x00\x17\x00", b"\x00\x17\x00\x00"])
def test_an_answer_of_another_length_is_no_answer(data: bytes) -> None:
    target = target_of(MODEL, "7", None)
    exchange = (_frame(b"\x08\x01"), _frame(data))
    with transcript(DRIVER, target, [exchange] * 3) as talk, pytest.raises(MeterlinkError) as failed:
        talk.run(in_session(target, temperature))
    assert not isinstance(failed.value, NoAnswerError)


@pytest.mark.parametrize("head", sorted(head for head in m.COMMANDS if head[0] in m.WRITE_CODES), ids=bytes.hex)
def test_what_no_order_lists_is_never_sent(head: bytes) -> None:
    """Resets, initialisation, load control, addresses, passwords, other memories and flags, whoever would ask."""
    target = target_of(MODEL)
    session = Session(target)
    forbidden = [session.call(m.COMMANDS[head])]
    if head == m.SET_FLAG.head:
        forbidden = [
            session.call(m.SET_FLAG, Flag(flag)) for flag in range(0x60) if flag not in (0x00, 0x01, 0x0B, 0x0C)
        ]
    elif head == m.WRITE_MEMORY.head:
        forbidden = [session.call(m.WRITE_MEMORY, MemoryWrite(number, 0, b"\0")) for number in (1, 3, 8, 9)]
    elif m.COMMANDS[head] in m.WRITTEN:
        forbidden = []
    for request in forbidden:
        with pytest.raises(LocalProtocolError, match="never sent"):
            next(session.write(request))


# --- addresses --------------------------------------------------------------------------------------------------------


def test_an_extended_address_that_answers_a_short_one_is_believed_when_it_proves_to_be_the_same_meter() -> None:
    talk, meter, target = scene(Behaviour(only_extended=True))
    assert talk.run(in_session(target, temperature)) == TOLD
    asked = [(call.name, str(call.address)) for call in meter.calls()]
    assert asked == [
        ("open channel", "83"),
        ("read temperature", "83"),
        ("read address", "ext:805181783"),
        ("read temperature", "ext:805181783"),
        ("close channel", "ext:805181783"),
    ]


def test_an_extended_address_of_another_meter_is_told() -> None:
    target = target_of(MODEL, "7", None)
    other = bytes.fromhex("FC 2F FE 19 57")
    frames = [
        (_frame(b"\x08\x01"), Check.CRC.sealed(other + b"\x00\x17").hex()),
        (Check.CRC.sealed(other + b"\x08\x05").hex(), Check.CRC.sealed(other + b"\x00\x08").hex()),
    ]
    with transcript(DRIVER, target, frames) as talk, pytest.raises(WrongAddressError, match="Address 7"):
        talk.run(in_session(target, temperature))


def test_a_meter_is_asked_by_its_extended_address() -> None:
    target = target_of(MODEL, "ext:805181783")
    meter = simulate(target.profile, STILL)
    talk = dialogue_of_one_run(target, VirtualBus([meter]))
    assert talk.run(DRIVER.identify(target)).address == "ext:805181783"
    assert {str(call.address) for call in meter.calls()} == {"ext:805181783"}


@pytest.mark.parametrize("as_zero", [True, False])
def test_the_common_address_reads_the_one_meter_that_is_there(as_zero: bool) -> None:
    target = target_of(MODEL, "0", None)
    meter = simulate(target.profile, STILL, Behaviour(answers_as_zero=as_zero))
    talk = dialogue_of_one_run(target, VirtualBus([meter]))
    identity = talk.run(DRIVER.identify(target))
    assert (identity.address, identity.serial_number) == ("83", "805181783")


def test_nothing_is_written_to_the_common_address_or_without_a_password() -> None:
    with pytest.raises(AddressError, match="only read"):
        refuse_unwritable(target_of(MODEL, "0"))
    with pytest.raises(NoPasswordError):
        refuse_unwritable(target_of(MODEL, "83", None))
    refuse_unwritable(target_of(MODEL, "83"))


def test_a_test_of_the_link_is_told_from_its_echo_by_nobody() -> None:
    """Its answer has the bytes of the question, so no flow of the driver sends one."""
    call = Call(Address(5), m.TEST)
    assert call.encode() == m.encode_answer(Address(5), Status(0).encode())
    target = target_of(MODEL, "83", None)
    meter = simulate(target.profile, STILL)
    with pytest.raises(NoAnswerError):
        dialogue_of_one_run(target, VirtualBus([meter])).run(ask(Call(Address(83), m.TEST)))
