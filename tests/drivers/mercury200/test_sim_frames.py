"""The simulated Mercury 200 frame by frame: those that were published, those that get no answer, and addresses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from meterlink.errors import ConfigError
from meterlink.sim.state import SimState
from meterlink.tariff import DayKind
from meterlink.wire.checksums import crc16_modbus_ok
from meterlink_mercury200 import messages, schedule, values
from meterlink_mercury200.messages import COMMANDS, encode_frame, readdressed
from meterlink_mercury200.sim import Verdict
from meterlink_mercury200.sim_commands import HANDLERS, READ_BACK
from tests.drivers.mercury200.sim_bench import MODELS, NEW, OLD, READ_SERIAL, START, STATE, Bench, profile

# --- published and worked frames --------------------------------------------------------------------------------------

PUBLISHED = {
    "m200-mrkrasser-63": ("411486", "00 06 47 5E 63 EC D4", "00 06 47 5E 63 23 58 02 64 00 05 88 45 C6"),
    "m200-mrkrasser-27": (
        "411486",
        "00 06 47 5E 27 EC E7",
        "00 06 47 5E 27 00 06 21 42 00 02 08 34 00 00 00 00 00 00 00 00 59 F5",
    ),
    "m200-4ishops-2F": (None, "00 0E 1F CE 2F 02 92", "00 0E 1F CE 2F 00 69 AD 4E 8C ED"),
    "m200-4ishops-66": (None, "00 0E 1F CE 66 C3 64", "00 0E 1F CE 66 29 10 10 07 38"),
    "m200-4ishops-65": (None, "00 0E 1F CE 65 83 65", "00 0E 1F CE 65 00 03 E1 1A"),
    "m200-iobroker-29": ("925595", "00 0E 1F 9B 29 BD C0", "00 0E 1F 9B 29 03 05 B1 F3"),
    "m200-iobroker-2D": ("925595", "00 0E 1F 9B 2D BC 03", "00 0E 1F 9B 2D 00 02 B1"),
    "m200-iobroker-32-0F": (
        "925595",
        "00 0E 1F 9B 32 0F 4A 85",
        "00 0E 1F 9B 32 07 00 63 00 FF FF FF FF FF FF FF FF FF FF FF FF 7F 56",
    ),
}


@pytest.mark.parametrize(("address", "request_", "answer"), PUBLISHED.values(), ids=PUBLISHED.keys())
def test_a_fresh_200_answers_as_real_ones_did(address: str | None, request_: str, answer: str) -> None:
    assert Bench(OLD, replace(STATE, address=address)).raw(request_) == answer


ACK = {code: encode_frame(123456, code).hex(" ").upper() for code in COMMANDS}

WORKED = [
    ("00 01 E2 40 02 01 14 05 09 21 07 25 3A D1", "00 01 E2 40 02 35 CB"),
    ("00 01 E2 40 05 FF 49 67", "00 01 E2 40 05 74 09"),
    ("00 01 E2 40 05 00 09 27", "00 01 E2 40 05 74 09"),
    ("00 01 E2 40 24 B4 11", "00 01 E2 40 24 00 11 77"),
    ("00 01 E2 40 06 1E 89 DF", ACK[0x06]),
    ("00 01 E2 40 0A 02 8D 16", ACK[0x0A]),
    ("00 01 E2 40 2E 34 16", "00 01 E2 40 2E 02 96 16"),
    ("00 01 E2 40 11 07 00 63 00 FF FF FF FF FF FF FF FF FF FF FF FF 00 34 9F", "00 01 E2 40 11 74 06"),
    ("00 01 E2 40 31 00 1F E7", "00 01 E2 40 31 07 00 63 00 FF FF FF FF FF FF FF FF FF FF FF FF CC 3F"),
    ("00 01 E2 40 11 00 00 47 00 90 30 53 00 97 30 61 00 23 00 FF FF B7 61 4B", "00 01 E2 40 11 74 06"),
    ("00 01 E2 40 10 01 01 07 01 23 02 08 03 01 05 09 05 12 06 04 11 00 9A 6C", ACK[0x10]),
    ("00 01 E2 40 10 FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF 01 05 74", ACK[0x10]),
    ("00 01 E2 40 00 00 03 0D 40 F2 92", "00 03 0D 40 00 84 47"),
    ("00 01 E2 40 01 00 00 00 64 3B D9", ACK[0x01]),
    ("00 00 00 64 02 01 14 05 09 21 07 25 30 B0", None),
    ("00 01 E2 40 03 05 00 04 57", ACK[0x03]),
    ("00 01 E2 40 04 02 50 B7 9A", ACK[0x04]),
    ("00 01 E2 40 0C 04 00 35 C4", ACK[0x0C]),
]


@pytest.mark.parametrize("model", [OLD, NEW])
@pytest.mark.parametrize(("request_", "answer"), WORKED)
def test_worked_frames_get_their_answers(model: str, request_: str, answer: str | None) -> None:
    assert Bench(model).raw(request_) == answer


def test_worked_frames_take_effect_one_after_another() -> None:
    bench = Bench(OLD)
    for request, answer in WORKED:
        if answer is None or answer.startswith("00 01 E2 40"):
            assert bench.raw(request) == answer
    december_holiday = schedule.ScheduleIndex(11, DayKind.HOLIDAY)
    assert bench.ask(messages.READ_SCHEDULE, december_holiday) == bytes.fromhex("00004700903053009730610023 00FFFF")
    assert bench.ask(messages.READ_HOLIDAYS, b"\0") == bytes.fromhex("01010701230208030105090512060411")
    assert bench.ask(messages.READ_HOLIDAYS, b"\1") == b"\xff" * 16
    assert bench.ask(messages.READ_BUTTON_CORRECTION) == bytes([30])
    assert bench.ask(messages.READ_POWER_LIMIT) == bytes.fromhex("0500")
    assert bench.ask(messages.READ_MONTHLY_LIMIT) == bytes.fromhex("0250")
    assert bench.ask(messages.READ_GROUP_ADDRESS) == bytes.fromhex("00000064")
    bench.raw("00 00 00 64 02 01 14 05 09 21 07 25 30 B0")
    assert timedelta(0) <= bench.local() - datetime(2025, 7, 21, 14, 5, 9) < timedelta(seconds=2)


# --- chapter 8: silence -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Bytes that no meter answers, and what the log says of them."""

    name: str
    frame: bytes
    verdict: Verdict
    model: str = NEW

    def __str__(self) -> str:
        return self.name


SILENCES = [
    Silence(name="wrong checksum", frame=READ_SERIAL[:-1] + b"\0", verdict=Verdict.DAMAGED),
    Silence(name="cut short", frame=READ_SERIAL[:-3], verdict=Verdict.DAMAGED),
    Silence(name="one byte", frame=b"\0", verdict=Verdict.DAMAGED),
    Silence(name="foreign address", frame=encode_frame(123457, 0x2F), verdict=Verdict.FOREIGN),
    Silence(name="group 0", frame=encode_frame(0, 0x05, b"\1"), verdict=Verdict.FOREIGN),
    Silence(name="unknown command", frame=encode_frame(123456, 0x5F), verdict=Verdict.UNKNOWN),
    Silence(name="unknown with data", frame=encode_frame(123456, 0xF3, bytes(9)), verdict=Verdict.UNKNOWN),
    Silence(name="jumper only", frame=encode_frame(123456, 0x13, bytes(9)), verdict=Verdict.UNKNOWN),
    Silence(name="factory table", frame=encode_frame(123456, 0x40, bytes(3)), verdict=Verdict.UNKNOWN),
    Silence(name="PLC exchange", frame=encode_frame(123456, 0x79, bytes(8)), verdict=Verdict.UNKNOWN),
    Silence(name="half-hours", frame=encode_frame(123456, 0x37, bytes(4)), verdict=Verdict.SILENT),
    Silence(name="IdentPo", frame=encode_frame(123456, 0x87), verdict=Verdict.SILENT),
    Silence(name="compressed schedule", frame=encode_frame(123456, 0x78, bytes(19)), verdict=Verdict.SILENT),
    Silence(name="lacks maxima", frame=encode_frame(123456, 0x33, b"\0"), verdict=Verdict.ABSENT, model=OLD),
    Silence(
        name="lacks reset of maxima", frame=encode_frame(123456, 0x12, bytes(9)), verdict=Verdict.ABSENT, model=OLD
    ),
    Silence(name="lacks relay", frame=encode_frame(123456, 0x71, b"\xaa"), verdict=Verdict.ABSENT, model=OLD),
    Silence(name="lacks parameters", frame=encode_frame(123456, 0x86, b"\xff"), verdict=Verdict.ABSENT, model=OLD),
    Silence(name="too little data", frame=encode_frame(123456, 0x02, bytes(6)), verdict=Verdict.SENSELESS),
    Silence(name="too much data", frame=encode_frame(123456, 0x05, bytes(2)), verdict=Verdict.SENSELESS),
    Silence(name="read with data", frame=encode_frame(123456, 0x21, b"\0"), verdict=Verdict.SENSELESS),
    Silence(
        name="30 February",
        frame=encode_frame(123456, 0x02, bytes.fromhex("01140509300225")),
        verdict=Verdict.SENSELESS,
    ),
    Silence(
        name="hour in binary",
        frame=encode_frame(123456, 0x02, bytes.fromhex("010E0509210725")),
        verdict=Verdict.SENSELESS,
    ),
    Silence(name="record C0h", frame=encode_frame(123456, 0x31, b"\xc0"), verdict=Verdict.SENSELESS),
    Silence(name="holiday half 2", frame=encode_frame(123456, 0x30, b"\2"), verdict=Verdict.SENSELESS),
    Silence(name="journal record 64", frame=encode_frame(123456, 0x34, b"\x40"), verdict=Verdict.SENSELESS),
    Silence(name="month 13", frame=encode_frame(123456, 0x32, b"\x0c"), verdict=Verdict.SENSELESS),
    Silence(name="maximum 3", frame=encode_frame(123456, 0x33, b"\3"), verdict=Verdict.SILENT),
    Silence(name="parameter 7", frame=encode_frame(123456, 0x86, b"\7"), verdict=Verdict.SILENT),
    Silence(name="write parameter 1", frame=encode_frame(123456, 0x7A, bytes([1, 1, 1, 1])), verdict=Verdict.SILENT),
]


@pytest.mark.parametrize("case", SILENCES, ids=str)
def test_what_it_dislikes_is_silence(case: Silence) -> None:
    bench = Bench(case.model)
    assert bench.send(case.frame) == []
    assert bench.verdict() is case.verdict
    assert bench.meter.log[-1].raw == case.frame
    recorded = case.verdict in (Verdict.UNKNOWN, Verdict.ABSENT, Verdict.SILENT)
    assert bench.meter.unknown_commands == ([case.frame] if recorded else [])
    assert bench.ask(messages.READ_SERIAL_NUMBER) is not None, "the next request is answered"


@pytest.mark.parametrize("model", MODELS)
def test_every_command_is_answered_or_silent_as_the_profile_says(model: str) -> None:
    table = profile(model).driver_table
    listed = [table["commands_absent"], table["commands_unknown"]]
    absent = {int(code, 16) for codes in listed if isinstance(codes, tuple) for code in codes}
    bench = Bench(model)
    for code, command in COMMANDS.items():
        if not command.writes:
            data = bench.ask(command, bytes(command.request.size))
            assert (data is not None) == (code in HANDLERS and code not in absent), command.name
            if data is not None and len(data) in command.reply.permitted():
                command.reply.read(data)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_without_a_read_has_not_its_write(model: str) -> None:
    bench = Bench(model)
    for write, read in READ_BACK.items():
        if bench.ask(read, bytes(COMMANDS[read].request.size)) is None:
            assert bench.ask(write, bytes(COMMANDS[write].request.size)) is None


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "serial", "address"), [(OLD, "06925646", 925646), (NEW, "43096744", 43096744)])
def test_address_comes_from_the_serial_number(model: str, serial: str, address: int) -> None:
    bench = Bench(model, SimState(started_at=START))
    assert (bench.meter.serial_number, bench.meter.address) == (serial, address)
    other = Bench(model, SimState(started_at=START, serial_number="12345678"))
    assert other.meter.address == (345678 if model == OLD else 12345678)
    assert other.value(messages.READ_SERIAL_NUMBER) == values.SerialNumber(12345678)


def test_a_serial_number_without_digits_is_refused() -> None:
    with pytest.raises(ConfigError, match="serial"):
        Bench(state=SimState(started_at=START, serial_number="abc", address="1"))


def test_new_address_answers_for_itself() -> None:
    bench = Bench()
    [ack] = bench.send(encode_frame(123456, 0x00, (7).to_bytes(4, "big")))
    assert ack.data == encode_frame(7, 0x00)
    assert bench.raw(READ_SERIAL) is None
    assert bench.raw(encode_frame(7, 0x2F)) is not None


def test_group_is_carried_out_and_not_answered() -> None:
    bench = Bench()
    bench.ask(messages.SET_GROUP_ADDRESS, values.GroupAddress(100))
    assert bench.raw(encode_frame(100, 0x05, b"\1")) is None
    assert bench.verdict() is Verdict.GROUP
    assert bench.ask(messages.READ_DST) == b"\1"
    assert bench.raw(encode_frame(100, 0x24)) is None, "reads to a group, too"
    bench.ask(messages.SET_GROUP_ADDRESS, values.GroupAddress(0))
    assert bench.raw(encode_frame(0, 0x05, b"\0")) is None
    assert bench.ask(messages.READ_DST) == b"\1", "group 0 is none"


def test_readdressed_frame_is_right_and_foreign() -> None:
    frame = readdressed(READ_SERIAL)
    assert crc16_modbus_ok(frame)
    assert frame != READ_SERIAL
    assert frame[4:-2] == READ_SERIAL[4:-2]
    assert readdressed(b"\1\2") == b"\1\2"
