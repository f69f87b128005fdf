"""Every published exchange of the family, both ways: bytes to message, message to bytes, reply to the stated values."""

from __future__ import annotations

import json
from pathlib import Path
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

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parent / "vectors" / "mercury200.jsonl").read_text(encoding="utf-8").splitlines()
]
ANSWERED = [vector for vector in VECTORS if vector["response_hex"] is not None]
SENSELESS = "m200-iobroker-32-0F"


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def stated(vector: dict[str, Any]) -> dict[str, Any]:
    """The values that the source states, by the names that the decoder uses."""
    meaning = vector["meaning"]
    names = {
        "voltage_V": "voltage_v",
        "current_A": "current_a",
        "active_power_W": "active_power_w",
        "battery_V": "battery_v",
        "reactive_power_var": "reactive_power_var",
        "serial_number": "serial_number",
        "printed_serial": "printed_serial",
        "manufacture_date": "manufacture_date",
        "ispoln_raw": "ispoln_raw",
        "dow": "dow",
        "dow_name": "dow_name",
        "datetime": "datetime",
        "output_function": "value",
        "echoed_i6": "number",
        **{f"T{number}_kWh": f"t{number}_kwh" for number in range(1, 5)},
    }
    return {names[key]: value for key, value in meaning.items() if key in names}


def same(told: object, value: object) -> bool:
    """Decimals are told as text with all their digits; the sources write 0.0 for 0.00."""
    if isinstance(told, str) and isinstance(value, int | float):
        return float(told) == value
    return told == value


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_request_bytes_are_the_message_and_back(vector: dict[str, Any]) -> None:
    raw = from_hex(vector["request_hex"])
    call = decode_call(raw)
    assert call.encode() == raw
    assert call.address == vector["meaning"]["address"]
    assert call.command.code == int(vector["meaning"]["command"], 16)
    asked = COMMANDS[call.command.code].request.read(call.asked.encode())
    assert Call(call.address, COMMANDS[call.command.code], asked) == call


@pytest.mark.parametrize("vector", [v for v in ANSWERED if v["id"] != SENSELESS], ids=name_of)
def test_the_reply_decodes_to_the_stated_values_and_back(vector: dict[str, Any]) -> None:
    call = decode_call(from_hex(vector["request_hex"]))
    raw = from_hex(vector["response_hex"])
    assert call.accepts(raw)
    assert len(raw) == call.reply_sizes.usual
    value = call.decode_reply(raw)
    assert encode_frame(call.address, call.command.code, value.encode()) == raw
    told = value.told()
    assert stated(vector)
    for key, wanted in stated(vector).items():
        assert same(told[key], wanted), f"{key}: told {told[key]!r}, stated {wanted!r}"


def test_the_archive_of_the_current_month_of_an_old_meter_is_refused_and_not_decoded() -> None:
    (vector,) = [v for v in VECTORS if v["id"] == SENSELESS]
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
    assert description.request.fields["address"] == vector["meaning"]["address"]
    assert description.request.fields["command"] == vector["meaning"]["command"]
    assert description.notes == ()
    if reply is None:
        assert description.reply is None
    elif vector["id"] == SENSELESS:
        assert description.reply is not None
        assert "holds a digit above 9" in str(description.reply.status)
        assert "t1_kwh" not in description.reply.fields
    else:
        assert description.reply is not None
        assert description.reply.status == "ok"
        for key, wanted in stated(vector).items():
            assert same(description.reply.fields[key], wanted)


@pytest.mark.parametrize("vector", [v for v in ANSWERED if v["id"] != SENSELESS], ids=name_of)
def test_the_exchange_goes_through_as_it_was_published(vector: dict[str, Any]) -> None:
    target: Target = target_of("mercury-206", str(vector["meaning"]["address"]))

    def flow() -> Flow[Reply[Payload]]:
        return (yield from ask(decode_call(from_hex(vector["request_hex"]))))

    with transcript(DRIVER, target, [(vector["request_hex"], vector["response_hex"])]) as meter:
        assert meter.run(flow()) is not None
