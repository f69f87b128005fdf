"""Every published exchange of the family, both ways: bytes to message, message to bytes, reply to the stated values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from meterlink.driver import Target
from meterlink.flow import Flow, Reply, ask
from meterlink.testing import from_hex, transcript
from meterlink.wire.payload import DigitError
from meterlink_mercury200 import DRIVER
from meterlink_mercury200.messages import COMMANDS, Call, decode_call, encode_frame
from meterlink_mercury200.payload import Payload
from meterlink_mercury200.schedule import Record
from tests.drivers.mercury200.meters import target_of
from tests.drivers.mercury200.vectors_stated import (
    JUDGED,
    SENSELESS,
    differences,
    name_of,
    read_vectors,
    stated,
    stated_data,
    unknown_keys,
)

VECTORS = read_vectors()
ANSWERED = [vector for vector in VECTORS if vector["response_hex"] is not None]
DECODED = [vector for vector in ANSWERED if vector["id"] != SENSELESS]
HEAD = {"address", "command"}
"""What both frames begin with; the fields of a payload are the rest."""


def payload(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in HEAD}


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_every_key_of_the_file_is_compared_or_called_prose(vector: dict[str, Any]) -> None:
    assert unknown_keys(vector) == set()
    stated(vector)


def test_a_key_that_nobody_knows_is_noticed() -> None:
    assert unknown_keys({"meaning": {"address": 1, "T5_kWh": 0.0}}) == {"T5_kWh"}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        pytest.param({}, {"t1_kwh": 0.0}, id="not told"),
        pytest.param({"t1_kwh": "12617.21"}, {"t1_kwh": 12617.2}, id="another number"),
        pytest.param({"ispoln_raw": "0004"}, {"ispoln_raw": "0003"}, id="another text"),
        pytest.param({"printed_serial": 6925646}, {"printed_serial": "06925646"}, id="digits without their zero"),
        pytest.param({"value": False}, {"value": 0}, id="a flag for a number"),
    ],
)
def test_a_value_that_is_told_otherwise_is_noticed(told: dict[str, object], wanted: dict[str, object]) -> None:
    assert len(differences(told, wanted)) == 1


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_request_bytes_are_the_message_and_back(vector: dict[str, Any]) -> None:
    raw = from_hex(vector["request_hex"])
    call = decode_call(raw)
    assert call.encode() == raw
    assert call.address == vector["meaning"]["address"]
    assert call.command.code == int(vector["meaning"]["command"], 16)
    assert stated(vector).name in (None, call.command.name)
    assert differences(call.asked.told(), payload(stated(vector).request)) == []
    data = stated_data(vector)
    assert raw[5:-2] == (b"" if data is None else bytes([data]))
    asked = COMMANDS[call.command.code].request.read(call.asked.encode())
    assert Call(call.address, COMMANDS[call.command.code], asked) == call


@pytest.mark.parametrize("vector", DECODED, ids=name_of)
def test_the_reply_decodes_to_the_stated_values_and_back(vector: dict[str, Any]) -> None:
    call = decode_call(from_hex(vector["request_hex"]))
    raw = from_hex(vector["response_hex"])
    assert call.accepts(raw)
    assert len(raw) == call.reply_sizes.usual
    value = call.decode_reply(raw)
    assert encode_frame(call.address, call.command.code, value.encode()) == raw
    wanted = payload(stated(vector).reply)
    assert wanted
    assert differences(value.told(), wanted) == []


def test_the_archive_of_the_current_month_of_an_old_meter_is_refused_and_not_decoded() -> None:
    (vector,) = [v for v in VECTORS if v["id"] == SENSELESS]
    assert {key: vector["meaning"][key] for key in JUDGED} == {"valid_archive": False, "not_bcd": True}
    assert not [other for other in VECTORS if other is not vector and set(JUDGED) & set(other["meaning"])]
    call = decode_call(from_hex(vector["request_hex"]))
    raw = from_hex(vector["response_hex"])
    with pytest.raises(DigitError):
        call.decode_reply(raw)
    assert Record.read(raw[5:-2]).told() == {"points": ["07:00 T1", "23:00 T2"]}


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_describe_tells_both_frames(vector: dict[str, Any]) -> None:
    reply = None if vector["response_hex"] is None else from_hex(vector["response_hex"])
    description = DRIVER.describe(from_hex(vector["request_hex"]), reply, None)
    assert description.request.checksum_ok
    assert description.request.status == "ok"
    assert differences(description.request.fields, stated(vector).request) == []
    assert description.notes == ()
    if reply is None:
        assert description.reply is None
        return
    assert description.reply is not None
    assert differences(description.reply.fields, stated(vector).reply) == []
    if vector["id"] == SENSELESS:
        assert "holds a digit above 9" in str(description.reply.status)
        assert not [name for name in description.reply.fields if name.endswith("_kwh")]
    else:
        assert description.reply.status == "ok"


@pytest.mark.parametrize("vector", DECODED, ids=name_of)
def test_the_exchange_goes_through_as_it_was_published(vector: dict[str, Any]) -> None:
    target: Target = target_of("mercury-206", str(vector["meaning"]["address"]))

    def flow() -> Flow[Reply[Payload]]:
        return (yield from ask(decode_call(from_hex(vector["request_hex"]))))

    with transcript(DRIVER, target, [(vector["request_hex"], vector["response_hex"])]) as meter:
        assert meter.run(flow()) is not None
