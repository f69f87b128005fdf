"""What a decoder says of frames that are wrong, or that do not belong together, and of tables and clock."""

from __future__ import annotations

import pytest

from meterlink_modbus import DRIVER
from meterlink_modbus.framing import Form
from meterlink_modbus.pdu import READ_HOLDING, READ_INPUT, WRITE, Answered, Asked
from tests.shipped import library

ASKED = Asked(READ_HOLDING, 0x0132, 2)
REQUEST = Form.RTU.wrap(1, ASKED.encode())
REPLY = Answered.to(ASKED, b"\x44\x1b\x5a\xe1").encode()


@pytest.mark.parametrize(
    ("frame", "status"),
    [
        (b"\x01\x03", "2 bytes, and the shortest frame has 4"),
        (REQUEST[:-1] + b"\0", "wrong checksum, and no Modbus TCP frame either"),
        (Form.RTU.wrap(1, b"\x2b\x0e\x01\x00"), "2Bh is no function that meterlink knows"),
        (Form.RTU.wrap(1, b"\x03\x01\x32\x00\x00"), "0 registers in one request, and Modbus allows 1 to 125"),
        (Form.RTU.wrap(1, b"\x03\x01\x32"), "3 bytes, where 5 belong"),
        (Form.RTU.wrap(1, b"\x10\x01\x32\x00\x02\x02\x00\x00"), "2 bytes of data, where 4 were asked for"),
    ],
)
def test_a_wrong_request_is_told_with_what_is_wrong(frame: bytes, status: str) -> None:
    described = DRIVER.describe(frame, None, None)
    assert described.request.status == status
    assert described.reply is None


@pytest.mark.parametrize(
    ("pdu", "status"),
    [
        (b"\x03\x02\x44\x1b", "2 bytes of data, where 4 were asked for"),
        (b"\x83\x02\x00", "3 bytes, where 2 belong"),
        (b"\x83\x63", "refused: exception 63, exception 63h, which Modbus does not define"),
    ],
)
def test_a_wrong_reply_is_told_with_what_is_wrong(pdu: bytes, status: str) -> None:
    reply = DRIVER.describe(REQUEST, Form.RTU.wrap(1, pdu), None).reply
    assert reply is not None
    assert reply.status == status


def test_an_acknowledgement_of_other_registers_is_told() -> None:
    request = Form.RTU.wrap(1, Asked(WRITE, 0x0300, 1, b"\0\1").encode())
    reply = DRIVER.describe(request, Form.RTU.wrap(1, bytes.fromhex("10 0301 0001")), None).reply
    assert reply is not None
    assert reply.status == "it acknowledges 0301, and 0300 were written"


@pytest.mark.parametrize(
    ("request_frame", "reply", "note"),
    [
        (REQUEST, Form.RTU.wrap(2, REPLY), "the reply comes from unit 2 and the request went to 1"),
        (REQUEST, Form.RTU.wrap(1, bytes([READ_INPUT]) + REPLY[1:]), "the reply carries 04h and the request 03h"),
        (
            Form.MBAP.wrap(1, ASKED.encode(), 0x0A0B),
            Form.MBAP.wrap(1, REPLY, 0x0A0C),
            "the reply carries transaction 0A0C and the request 0A0B",
        ),
    ],
)
def test_frames_that_do_not_belong_together_are_told(request_frame: bytes, reply: bytes, note: str) -> None:
    profile = library().get("or-we-517")
    assert DRIVER.describe(request_frame, reply, profile).notes == (note,)
    assert DRIVER.describe(request_frame, reply, None).notes[:1] == (note,)


@pytest.mark.parametrize(
    ("asked", "data", "name", "value"),
    [
        (
            Asked(READ_HOLDING, 0x003C, 4),
            "00 30 14 01 21 07 25 00",
            "clock",
            {"local": "2025-07-21T14:30:00", "weekday": 1},
        ),
        (Asked(READ_HOLDING, 0x0360, 12), "01 01 01" + "00" * 21, "year_zones", "01-01 day table 1"),
        (Asked(READ_HOLDING, 0x0132, 2), "FF FF FF FF", "active_import_t1_kwh", "FF FF FF FF (nan is no quantity"),
    ],
)
def test_with_the_model_blocks_and_nonsense_are_told(
    asked: Asked, data: str, name: str, value: str | dict[str, object]
) -> None:
    reply = Form.RTU.wrap(1, Answered.to(asked, bytes.fromhex(data)).encode())
    described = DRIVER.describe(Form.RTU.wrap(1, asked.encode()), reply, library().get("or-we-517")).reply
    assert described is not None
    found = described.fields[name]
    assert found == value if isinstance(value, dict) else str(found).startswith(value)


def test_what_is_not_known_of_the_registers_is_said() -> None:
    request = Form.RTU.wrap(1, Asked(READ_HOLDING, 0x7000, 2).encode())
    assert DRIVER.describe(request, None, library().get("or-we-517")).notes == (
        "the map of or-we-517 does not name registers 7000-7001",
    )
    assert DRIVER.describe(request, None, None).notes == ("without --model nobody can tell what these registers mean",)
