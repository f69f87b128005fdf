"""Every message of the family: both ways, any bytes, and what the client may expect."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, strategies as st

from meterlink.testing import from_hex
from meterlink.wire.payload import PayloadError
from meterlink_mercury200 import DRIVER, messages as m
from meterlink_mercury200.messages import COMMANDS, Call, Command, decode_call, encode_frame
from meterlink_mercury200.parameters import ParameterIndex
from meterlink_mercury200.payload import Payload

commands = st.sampled_from(list(COMMANDS.values()))

WORKED = [
    ("set clock, Monday 21.07.2025 14:05:09", "00 01 E2 40 02 01 14 05 09 21 07 25 3A D1"),
    ("DST off", "00 01 E2 40 05 00 09 27"),
    ("DST on", "00 01 E2 40 05 FF 49 67"),
    ("manual correction 30 min", "00 01 E2 40 06 1E 89 DF"),
    ("two tariffs in force", "00 01 E2 40 0A 02 8D 16"),
    (
        "schedule January Sunday",
        "00 01 E2 40 11 07 00 63 00 FF FF FF FF FF FF FF FF FF FF FF FF 00 34 9F",
    ),
    ("read it back", "00 01 E2 40 31 00 1F E7"),
    (
        "schedule December holiday",
        "00 01 E2 40 11 00 00 47 00 90 30 53 00 97 30 61 00 23 00 FF FF B7 61 4B",
    ),
    ("holidays 1st half", "00 01 E2 40 10 01 01 07 01 23 02 08 03 01 05 09 05 12 06 04 11 00 9A 6C"),
    ("holidays 2nd half empty", "00 01 E2 40 10 FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF 01 05 74"),
    ("new network address 200000", "00 01 E2 40 00 00 03 0D 40 F2 92"),
    ("group address 100", "00 01 E2 40 01 00 00 00 64 3B D9"),
    ("power limit 5.00 kW", "00 01 E2 40 03 05 00 04 57"),
    ("monthly limit 250 kWh", "00 01 E2 40 04 02 50 B7 9A"),
    ("clear battery latch", "00 01 E2 40 0C 04 00 35 C4"),
]


@pytest.mark.parametrize(("what", "frame"), WORKED, ids=[what for what, _ in WORKED])
def test_worked_requests_both_ways(what: str, frame: str) -> None:
    call = decode_call(from_hex(frame))
    assert call.encode() == from_hex(frame)
    assert DRIVER.describe(from_hex(frame), None, None).request.status == "ok"


def canonical(payload: type[Payload], data: bytes) -> bool:
    """Whether these bytes come back from `encode`: masks and never-written times have more than one form."""
    try:
        return payload.read(data).encode() == data
    except PayloadError:
        return False


@given(commands, st.data())
def test_bytes_that_decode_encode_to_a_fixed_point(command: Command[Any, Any], data: st.DataObject) -> None:
    for payload in (command.request, command.reply):
        size = data.draw(st.sampled_from(list(payload.permitted())))
        raw = data.draw(st.binary(min_size=size, max_size=size))
        try:
            value = payload.read(raw)
        except PayloadError:
            continue
        again = payload.read(value.encode())
        assert again.encode() == value.encode()
        assert again.told() == value.told()


@given(commands, st.binary(max_size=40))
def test_a_payload_of_any_bytes_is_a_value_or_our_error(command: Command[Any, Any], raw: bytes) -> None:
    for payload in (command.request, command.reply):
        with suppress(PayloadError):
            payload.read(raw).told()


@given(st.binary(max_size=60), st.none() | st.binary(max_size=60))
def test_describe_takes_any_bytes(request: bytes, reply: bytes | None) -> None:
    description = DRIVER.describe(request, reply, None)
    assert description.request.status


@given(commands, st.binary(max_size=24), st.integers(0, 2**32 - 1))
def test_describe_takes_any_data_in_a_right_frame(command: Command[Any, Any], data: bytes, address: int) -> None:
    frame = encode_frame(address, command.code, data)
    description = DRIVER.describe(frame, frame, None)
    assert description.request.checksum_ok
    assert description.request.fields["address"] == address


def test_writes_are_the_documented_ones_and_need_an_announcement() -> None:
    writes = {code for code, command in COMMANDS.items() if command.writes}
    assert writes == {*range(0x10), 0x10, 0x11, 0x12, 0x14, *range(0x70, 0x76), 0x78, 0x7A} - {0x0E}
    for code in writes:
        assert Call(1, COMMANDS[code]).changes_meter
        assert not Call(1, COMMANDS[code]).repeatable


def test_jumper_and_factory_commands_do_not_exist_here() -> None:
    assert 0x13 not in COMMANDS
    assert not any(0x3B <= code <= 0x5F for code in COMMANDS)


def test_a_reply_of_another_meter_or_command_is_not_accepted() -> None:
    call = Call(411486, m.READ_INSTANT)
    right = from_hex("00 06 47 5E 63 23 58 02 64 00 05 88 45 C6")
    assert call.accepts(right)
    assert not Call(411487, m.READ_INSTANT).accepts(right)
    assert not Call(411486, m.READ_ENERGY).accepts(right)
    assert not call.accepts(right[:6])


@pytest.mark.parametrize(
    ("number", "data", "told"),
    [
        (0x00, "00 00 01 72", {"number": 0, "reactive_power_var": "172"}),
        (0x00, "00 01 72", {"number": 0, "reactive_power_var": "172"}),
        (0x01, "01 55", {"number": 1, "relay": "closed"}),
        (0x01, "AA", {"number": 1, "relay": "open"}),
        (0x02, "02 89 45 00 06 22", {"number": 2, "cos_phi": "-0.945", "apparent_power_va": "622"}),
        (0x02, "09 45 00 06 22", {"number": 2, "cos_phi": "0.945", "apparent_power_va": "622"}),
        (0x03, "03 05 0A 14", {"number": 3, "attempts": 5, "pause_minutes": 10, "success_minutes": 20}),
        (0xFF, "FF 08 02", {"number": 255, "model_code": 8, "option_code": 2}),
        (0xFF, "FF 08 02 00 00", {"number": 255, "model_code": 8, "option_code": 2}),
    ],
)
def test_a_parameter_is_read_with_and_without_its_number_in_front(
    number: int, data: str, told: dict[str, object]
) -> None:
    call = Call(411486, m.READ_PARAMETER, ParameterIndex(number))
    reply = encode_frame(411486, 0x86, from_hex(data))
    assert call.decode_reply(reply).told() == told
    assert DRIVER.describe(call.encode(), reply, None).reply is not None


@pytest.mark.parametrize(("number", "data"), [(0x00, "01 01 72 00"), (0x00, "00 01"), (0x02, "02 09 45"), (0xFF, "08")])
def test_an_answer_about_another_parameter_is_refused(number: int, data: str) -> None:
    with pytest.raises(PayloadError, match="is no answer about parameter"):
        Call(1, m.READ_PARAMETER, ParameterIndex(number)).decode_reply(encode_frame(1, 0x86, from_hex(data)))


INSTANT = ("00 06 47 5E 63 EC D4", "00 06 47 5E 63 23 58 02 64 00 05 88 45 C6")


@pytest.mark.parametrize("which", [0, 1])
def test_no_value_is_shown_of_a_frame_with_a_wrong_checksum(which: int) -> None:
    frames = [from_hex(frame) for frame in INSTANT]
    frames[which] = frames[which][:-1] + b"\x00"
    description = DRIVER.describe(frames[0], frames[1], None)
    spoilt = (description.request, description.reply)[which]
    assert spoilt is not None
    assert (spoilt.checksum_ok, spoilt.status, list(spoilt.fields)) == (False, "wrong checksum", ["raw"])


def test_a_reply_is_told_although_the_request_is_not_understood() -> None:
    longer = encode_frame(411486, 0x63, b"\x00")
    description = DRIVER.describe(longer, from_hex(INSTANT[1]), None)
    assert description.request.status == "1 byte of data, where 0 belong"
    assert description.reply is not None
    assert description.reply.fields["voltage_v"] == "235.8"


def test_swapped_frames_are_noticed() -> None:
    description = DRIVER.describe(from_hex(INSTANT[1]), from_hex(INSTANT[0]), None)
    assert description.notes == ("request and reply look swapped",)
    assert DRIVER.describe(from_hex(INSTANT[0]), from_hex(INSTANT[1]), None).notes == ()
