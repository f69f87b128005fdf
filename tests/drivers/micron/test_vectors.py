"""Every published exchange of the family, both ways: bytes to message, message to bytes, and through the decoder."""

from __future__ import annotations

from typing import Any

import pytest

from meterlink.driver import Target
from meterlink.errors import RefusedError
from meterlink.flow import Flow, Reply, ask
from meterlink.testing import from_hex, transcript
from meterlink.wire.payload import CalendarError
from meterlink_micron import DRIVER
from meterlink_micron.address import Address
from meterlink_micron.messages import COMMANDS, Call, Status, command_of, decode_call, encode_answer
from meterlink_micron.payload import Payload
from tests.drivers.micron.scene import target_of
from tests.drivers.micron.vectors_stated import MISPRINT, name_of, read_vectors, unknown_keys, wrong

VECTORS = read_vectors()
ANSWERED = [vector for vector in VECTORS if vector["response_hex"] is not None]
REFUSED = [
    vector
    for vector in ANSWERED
    if isinstance(vector["meaning"].get("answer"), dict) and vector["meaning"]["answer"]["status"]
]
DECODED = [vector for vector in ANSWERED if vector not in REFUSED and vector["id"] != MISPRINT]


def test_every_key_of_the_file_is_compared_or_called_prose() -> None:
    assert {name_of(vector): unknown_keys(vector) for vector in VECTORS if unknown_keys(vector)} == {}


def test_a_value_that_is_told_otherwise_is_noticed() -> None:
    vector = next(each for each in VECTORS if each["id"] == "vd-08-00")
    told = DRIVER.describe(from_hex(vector["request_hex"]), from_hex(vector["response_hex"]), None)
    assert wrong(vector, told) == []
    other = {**vector, "meaning": {**vector["meaning"], "serial": 1}}
    assert len(wrong(other, told)) == 1
    assert unknown_keys({"meaning": {"nobody": 1}}) == {"nobody"}


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_request_bytes_are_the_message_and_back(vector: dict[str, Any]) -> None:
    raw = from_hex(vector["request_hex"])
    call = decode_call(raw)
    assert call.encode() == raw
    assert command_of(Address.read(raw)[1]) is COMMANDS[call.command.head]
    assert Call(call.address, call.command, call.command.request.read(call.asked.encode())) == call


@pytest.mark.parametrize("vector", DECODED, ids=name_of)
def test_the_answer_is_a_value_and_back(vector: dict[str, Any]) -> None:
    call, raw = decode_call(from_hex(vector["request_hex"])), from_hex(vector["response_hex"])
    assert call.accepts(raw)
    assert len(raw) == call.reply_sizes.usual
    value = call.decode_reply(raw)
    assert encode_answer(Address.read(raw)[0], value.encode()) == raw


@pytest.mark.parametrize("vector", REFUSED, ids=name_of)
def test_a_refusal_is_a_typed_error(vector: dict[str, Any]) -> None:
    call, raw = decode_call(from_hex(vector["request_hex"])), from_hex(vector["response_hex"])
    assert call.accepts(raw)
    with pytest.raises(RefusedError) as refused:
        call.decode_reply(raw)
    status = vector["meaning"]["answer"]["status"]
    assert refused.value.code == f"{status:X}h"
    assert encode_answer(call.address, Status.of(status).encode()) == raw


def test_the_misprinted_record_has_no_date() -> None:
    (vector,) = [each for each in VECTORS if each["id"] == MISPRINT]
    call = decode_call(from_hex(vector["request_hex"]))
    with pytest.raises(CalendarError, match=r"10\.13\.05"):
        call.decode_reply(from_hex(vector["response_hex"]))


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_the_decoder_tells_both_frames(vector: dict[str, Any]) -> None:
    reply = None if vector["response_hex"] is None else from_hex(vector["response_hex"])
    told = DRIVER.describe(from_hex(vector["request_hex"]), reply, None)
    assert (told.request.checksum_ok, told.request.status) == (True, "ok")
    assert wrong(vector, told) == []
    if reply is None:
        assert told.reply is None
        return
    assert told.reply is not None
    assert told.reply.checksum_ok
    assert (told.reply.status == "ok") == (vector["id"] != MISPRINT)


@pytest.mark.parametrize(
    "vector", [each for each in DECODED if not decode_call(from_hex(each["request_hex"])).changes_meter], ids=name_of
)
def test_the_exchange_goes_through_as_it_was_published(vector: dict[str, Any]) -> None:
    call = decode_call(from_hex(vector["request_hex"]))
    if call.encode() == from_hex(vector["response_hex"]):
        pytest.skip("the answer is the echo of the request, byte by byte")
    target: Target = target_of("set-4tm.03m", str(call.address))

    def flow() -> Flow[Reply[Payload]]:
        return (yield from ask(call))

    with transcript(DRIVER, target, [(vector["request_hex"], vector["response_hex"])]) as meter:
        assert meter.run(flow()) is not None
