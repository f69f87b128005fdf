"""The simulated Mercury 200, driven with bytes and times: frames, silences, documented writes, tariffs, oddities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.errors import ConfigError
from meterlink.profiles import Profile
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import Burst
from meterlink.sim.state import SimState
from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule
from meterlink.wire.checksums import crc16_modbus_ok
from meterlink.wire.line import Line
from meterlink_mercury200 import calendar, messages, schedule, values
from meterlink_mercury200.messages import COMMANDS, Command, encode_frame, readdressed
from meterlink_mercury200.payload import NOTHING, Payload
from meterlink_mercury200.sim import Behaviour, SimulatedMercury200, Verdict, simulate
from meterlink_mercury200.sim_commands import HANDLERS, READ_BACK
from meterlink_mercury200.sim_memory import parametrisation_bits
from tests.shipped import library

A = TypeVar("A", bound=Payload)

LIBRARY = library()
OLD, NEW = "mercury-200.02", "mercury-206"
MODELS = [OLD, "mercury-200.04", "mercury-201", "mercury-203.2t", NEW]

START = datetime(2025, 7, 21, 12, 0, tzinfo=UTC).timestamp()
"""Monday, 15:00 by the meter's clock."""

STATE = SimState(started_at=START, address="123456")
TWO_ZONES = bytes.fromhex("0700 6300" + "FFFF" * 6)
EMPTY_HALF = b"\xff" * 16


def profile(model: str = NEW) -> Profile:
    return LIBRARY.get(model)


class Bench:
    """One meter on a quiet line; each request is asked some time after the answer before."""

    def __init__(self, model: str = NEW, state: SimState = STATE, behaviour: Behaviour | None = None) -> None:
        self.meter = simulate(profile(model), state, behaviour)
        self.now = state.started_at

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span).total_seconds()

    def wait_until(self, local: datetime, utc_offset: timedelta = STATE.utc_offset) -> None:
        self.now = (local.replace(tzinfo=UTC) - utc_offset).timestamp()

    def send(self, frame: bytes) -> list[Burst]:
        """Every answer to these bytes."""
        self.now += 0.1 + len(frame) * self.meter.line.char_s
        self.meter.receive(frame, self.now)
        return self.answers()

    def answers(self) -> list[Burst]:
        bursts: list[Burst] = []
        while (due := self.meter.due()) is not None:
            assert due >= self.now, "what is due lies ahead"
            self.now = due
            bursts += self.meter.poll(due)
        self.now = max([self.now, *(burst.ends_at for burst in bursts)])
        return bursts

    def raw(self, frame: str | bytes) -> str | None:
        """The one answer in hexadecimal, or None for silence."""
        bursts = self.send(bytes.fromhex(frame) if isinstance(frame, str) else frame)
        assert len(bursts) <= 1
        return bursts[0].data.hex(" ").upper() if bursts else None

    def ask(self, command: Command[Any, Any] | int, data: bytes | Payload = b"") -> bytes | None:
        """The data of the answer, or None for silence."""
        code = command if isinstance(command, int) else command.code
        request = encode_frame(self.meter.address, code, data if isinstance(data, bytes) else data.encode())
        bursts = self.send(request)
        if not bursts:
            return None
        [burst] = bursts
        assert crc16_modbus_ok(burst.data)
        assert burst.data[:5] == encode_frame(self.meter.address, code)[:5]
        return burst.data[5:-2]

    def value(self, command: Command[Any, A], asked: Payload = NOTHING) -> A:
        data = self.ask(command, asked)
        assert data is not None, f"{command.name}: no answer"
        return command.reply.read(data)

    def energies(self) -> list[Decimal]:
        return list(self.value(messages.READ_ENERGY).amounts)

    def local(self) -> datetime:
        return self.value(messages.READ_CLOCK).local

    def verdict(self) -> Verdict:
        return self.meter.log[-1].verdict


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
    assert bench.ask(messages.READ_HOLIDAYS, b"\1") == EMPTY_HALF
    assert bench.ask(messages.READ_BUTTON_CORRECTION) == bytes([30])
    assert bench.ask(messages.READ_POWER_LIMIT) == bytes.fromhex("0500")
    assert bench.ask(messages.READ_MONTHLY_LIMIT) == bytes.fromhex("0250")
    assert bench.ask(messages.READ_GROUP_ADDRESS) == bytes.fromhex("00000064")
    bench.raw("00 00 00 64 02 01 14 05 09 21 07 25 30 B0")
    assert timedelta(0) <= bench.local() - datetime(2025, 7, 21, 14, 5, 9) < timedelta(seconds=2)


# --- chapter 8: silence -----------------------------------------------------------------------------------------------

READ_SERIAL = encode_frame(123456, 0x2F)


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


# --- silences and times -----------------------------------------------------------------------------------------------

GAP_S = 6 * Line().char_s


def test_answer_begins_after_gap_and_latency() -> None:
    meter = simulate(profile(), STATE)
    meter.receive(READ_SERIAL, START)
    assert meter.due() == pytest.approx(START + GAP_S)
    assert meter.poll(START + GAP_S - 0.001) == []
    meter.poll(START + GAP_S)
    assert meter.due() == pytest.approx(START + GAP_S + 0.010)
    [burst] = meter.poll(START + 1)
    assert burst.at == pytest.approx(START + GAP_S + 0.010)
    assert burst.line == Line()
    assert meter.due() is None


@pytest.mark.parametrize("gap_s", [None, 0.004, 1.0])
def test_bytes_one_by_one_are_a_request(gap_s: float | None) -> None:
    bench = Bench(state=replace(STATE, gap_s=gap_s))
    for i in range(len(READ_SERIAL)):
        bench.now += bench.meter.line.char_s
        assert bench.meter.poll(bench.now) == []
        bench.meter.receive(READ_SERIAL[i : i + 1], bench.now)
    assert len(bench.answers()) == 1


def test_a_pause_ends_a_frame() -> None:
    bench = Bench()
    bench.meter.receive(READ_SERIAL[:4], START)
    assert bench.meter.due() == pytest.approx(START + GAP_S)
    assert bench.send(READ_SERIAL[4:]) == []
    assert [heard.verdict for heard in bench.meter.log] == [Verdict.DAMAGED] * 2
    assert bench.raw(READ_SERIAL) is not None


def test_a_longer_silence_may_be_given_for_doors_in_real_time() -> None:
    bench = Bench(state=replace(STATE, gap_s=0.5))
    bench.meter.receive(READ_SERIAL[:4], START)
    [burst] = bench.send(READ_SERIAL[4:])
    assert burst.at - bench.meter.log[-1].at == pytest.approx(0.010), "a whole frame does not wait for it"
    bench.meter.receive(READ_SERIAL[:4], bench.now)
    assert bench.meter.due() == pytest.approx(bench.now + 0.5)


def test_glued_requests_are_answered_one_after_another() -> None:
    bench = Bench()
    [one, other] = bench.send(READ_SERIAL + encode_frame(123456, 0x24))
    assert one.data[4] == 0x2F
    assert other.data[4] == 0x24
    assert other.at == pytest.approx(one.ends_at + 0.010)


def test_a_request_during_the_answer_waits_or_is_lost() -> None:
    for deaf, answers in ((False, 1), (True, 0)):
        bench = Bench(behaviour=Behaviour(deaf_while_sending=deaf))
        bench.meter.receive(READ_SERIAL, START)
        bench.meter.poll(START + 0.017)
        bench.meter.receive(READ_SERIAL, START + 0.018)
        bench.meter.poll(START + 0.018)
        bench.now = START + 0.018
        assert len(bench.answers()) == answers
        assert (bench.verdict() is Verdict.DEAF) == deaf


def test_the_first_request_after_a_long_pause_may_be_lost() -> None:
    bench = Bench(behaviour=Behaviour(first_frame_lost_after_s=10))
    assert bench.raw(READ_SERIAL) is None
    assert bench.verdict() is Verdict.ASLEEP
    assert bench.raw(READ_SERIAL) is not None
    bench.pass_time(seconds=30)
    assert [bench.raw(READ_SERIAL) is None for _ in range(3)] == [True, False, False]


def test_multiplier_makes_the_gap_longer() -> None:
    bench = Bench()
    assert bench.ask(messages.SET_MULTIPLIER, b"\3") == b""
    assert bench.ask(messages.READ_MULTIPLIER) == b"\3"
    bench.meter.receive(READ_SERIAL, bench.now)
    assert bench.meter.due() == pytest.approx(bench.now + 4 * GAP_S)


@pytest.mark.parametrize(("old_first", "ack_baud"), [(True, 9600), (False, 1200)])
def test_speed_changes_with_the_ack(old_first: bool, ack_baud: int) -> None:
    bench = Bench(behaviour=Behaviour(ack_at_old_speed=old_first))
    [ack] = bench.send(encode_frame(123456, 0x08, b"\3"))
    assert ack.line.baud == ack_baud
    assert bench.meter.line.baud == 1200
    [answer] = bench.send(READ_SERIAL)
    assert answer.line.baud == 1200
    assert bench.ask(messages.SET_BAUD, b"\5") == b""
    assert bench.meter.line.baud == 1200


def test_wrong_speed_is_noise_on_the_bus() -> None:
    meter = simulate(profile(), STATE)
    bus = VirtualBus([meter])
    bus.receive(READ_SERIAL, START, Line(baud=4800))
    assert bus.poll(START + 5) == []
    bus.receive(READ_SERIAL, START + 10, Line())
    assert len(bus.poll(START + 15)) == 1


# --- writes -----------------------------------------------------------------------------------------------------------

PAIRS: list[tuple[Command[Any, Any], Command[Any, Any], str]] = [
    (messages.SET_GROUP_ADDRESS, messages.READ_GROUP_ADDRESS, "FA00020B"),
    (messages.SET_POWER_LIMIT, messages.READ_POWER_LIMIT, "0500"),
    (messages.SET_MONTHLY_LIMIT, messages.READ_MONTHLY_LIMIT, "0250"),
    (messages.SET_DST, messages.READ_DST, "FF"),
    (messages.SET_OUTPUT, messages.READ_OUTPUT, "03"),
    (messages.SET_DISPLAY, messages.READ_DISPLAY, "13"),
    (messages.SET_TARIFF_COUNT, messages.READ_TARIFF_COUNT, "03"),
    (messages.SET_CURRENT_TARIFF, messages.READ_CURRENT_TARIFF, "02"),
    (messages.SET_DISPLAY_TIMES, messages.READ_DISPLAY_TIMES, "04050607"),
    (messages.SET_POWER_LIMIT_MODE, messages.READ_POWER_LIMIT_MODE, "02CF"),
    (messages.SET_EXTRA_DISPLAY, messages.READ_EXTRA_DISPLAY, "FF0F"),
    (messages.SET_RELAY, messages.READ_RELAY, "AA"),
    (messages.SET_TARIFF_LIMITS, messages.READ_TARIFF_LIMITS, "00010055" * 4),
    (messages.SET_DISPLAY_ON_BATTERY, messages.READ_DISPLAY_ON_BATTERY, "55"),
    (messages.SET_PLC2, messages.READ_PLC2, "55"),
    (messages.SET_MULTIPLIER, messages.READ_MULTIPLIER, "01"),
]


@pytest.mark.parametrize(("write", "read", "data"), PAIRS, ids=[write.name for write, _, _ in PAIRS])
def test_what_is_written_reads_back(write: Command[Any, Any], read: Command[Any, Any], data: str) -> None:
    bench = Bench()
    assert bench.ask(read) != bytes.fromhex(data)
    assert bench.ask(write, bytes.fromhex(data)) == b""
    assert bench.ask(read) == bytes.fromhex(data)


def test_values_out_of_range_are_acknowledged_and_ignored() -> None:
    bench = Bench()
    for count in (0, 5, 255):
        assert bench.ask(messages.SET_TARIFF_COUNT, bytes([count])) == b""
        assert bench.value(messages.READ_TARIFF_COUNT) == values.TariffNumber(2)
    for tariff in (0, 3, 5, 6):
        assert bench.ask(messages.SET_CURRENT_TARIFF, bytes([tariff])) == b""
        assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(1)


def test_button_correction_is_masked() -> None:
    bench = Bench()
    bench.ask(messages.SET_BUTTON_CORRECTION, b"\x5a")
    assert bench.ask(messages.READ_BUTTON_CORRECTION) == b"\x1a"


def test_battery_latch_holds_until_cleared() -> None:
    bench = Bench(behaviour=Behaviour(battery_low=True))
    assert bench.value(messages.READ_BATTERY) == values.Battery(Decimal("2.10"))
    bench.ask(messages.CLEAR_BATTERY_LATCH, b"\0\0")
    assert bench.value(messages.READ_BATTERY) == values.Battery(Decimal("2.10"))
    bench.ask(messages.CLEAR_BATTERY_LATCH, b"\4\0")
    assert bench.value(messages.READ_BATTERY) == values.Battery(Decimal("3.05"))


def test_running_times_go_on_and_the_battery_time_is_cleared() -> None:
    bench = Bench()
    before = bench.value(messages.READ_RUNNING_TIMES)
    bench.pass_time(hours=5)
    assert bench.ask(messages.RESET_BATTERY_TIME, bytes(4)) == b""
    after = bench.value(messages.READ_RUNNING_TIMES)
    assert before.on_battery_h > 0
    assert after == values.RunningTimes(before.on_mains_h + 5, 0)


def test_maxima_are_reset_one_by_one() -> None:
    bench = Bench()
    voltage, power = bench.ask(0x33, b"\0"), bench.ask(0x33, b"\2")
    assert bench.ask(messages.RESET_MAXIMA, bytes(9)) == b""
    assert bench.ask(0x33, b"\2") == power
    reset = bench.ask(0x33, b"\0")
    assert reset is not None
    assert voltage is not None
    assert reset[:10] == voltage[:10]
    assert reset[:2] == bytes.fromhex("2358")
    assert calendar.decode_moment(reset[10:]).date() == bench.local().date()


PARAMETERS = [("00", "000203"), ("01", "55"), ("02", "0945000622"), ("03", "03050A"), ("FF", "0800")]


@pytest.mark.parametrize(("number", "value"), PARAMETERS)
def test_parameters_come_with_their_number(number: str, value: str) -> None:
    assert Bench().ask(messages.READ_PARAMETER, bytes.fromhex(number)) == bytes.fromhex(number + value)


def test_parameters_follow_their_writes() -> None:
    bench = Bench()
    assert bench.ask(messages.SET_PARAMETER, bytes([0, 7, 8, 9])) == b""
    assert bench.ask(messages.READ_PARAMETER, b"\3") == bytes([3, 7, 8, 9])
    bench.ask(messages.SET_RELAY, b"\xaa")
    assert bench.ask(messages.READ_PARAMETER, b"\1") == b"\1\xaa"
    event = bench.value(messages.READ_RELAY_EVENT, calendar.JournalIndex(0))
    assert event.word == "off by interface"


@pytest.mark.parametrize("load_w", [0, 1, 588, 99_999_999])
def test_every_load_can_be_shown(load_w: int) -> None:
    bench = Bench(state=replace(STATE, load_w=load_w))
    answer = bench.value(messages.READ_INSTANT)
    assert answer.active_power_w == min(load_w, 999_999)
    for number in (b"\0", b"\2"):
        assert bench.ask(messages.READ_PARAMETER, number) is not None
    assert bench.ask(messages.READ_LOAD_POWER) is not None
    assert bench.ask(messages.READ_MAXIMUM, b"\1") is not None


# --- journals and cover -----------------------------------------------------------------------------------------------


def test_cover_times_without_a_sensor_are_no_date() -> None:
    old, new = Bench(OLD), Bench(NEW)
    for command in (messages.READ_COVER_OPENED, messages.READ_COVER_CLOSED):
        assert old.ask(command) == b"\xff" * 7
        assert new.value(command) != calendar.EventTime(None)
    assert Bench(OLD, behaviour=Behaviour(cover_sensor=True)).ask(messages.READ_COVER_OPENED) != b"\xff" * 7


def test_journals_are_newest_first_and_then_empty() -> None:
    bench = Bench()
    events = [bench.value(messages.READ_POWER_EVENT, calendar.JournalIndex(i)) for i in range(3)]
    assert [event.word for event in events[:2]] == ["power on", "power off"]
    assert events[2] == calendar.PowerEvent(0xFF, None)
    assert bench.ask(messages.READ_COVER_EVENT, b"\x3f") == b"\xff" * 7
    assert bench.ask(messages.READ_PARAMETRISATION_EVENT, b"\0") == b"\xff" * 8


def test_writes_of_one_day_share_a_record() -> None:
    bench = Bench()
    bench.ask(messages.SET_DST, b"\0")
    bench.ask(messages.SET_SCHEDULE, TWO_ZONES + b"\0")
    bench.ask(messages.SET_DISPLAY_ON_BATTERY, b"\0")
    assert bench.ask(messages.READ_PARAMETRISATION_EVENT, b"\0") == bytes.fromhex("0008 02 0020 210725")
    bench.pass_time(days=1)
    bench.ask(messages.SET_CLOCK, calendar.TimeDate.of(datetime(2025, 7, 22, 15, 0)))
    assert bench.ask(messages.READ_PARAMETRISATION_EVENT, b"\0") == bytes.fromhex("0000 00 0004 220725")
    assert bench.ask(messages.READ_PARAMETRISATION_EVENT, b"\1") == bytes.fromhex("0008 02 0020 210725")
    last = bench.value(messages.READ_LAST_PARAMETRISATION)
    assert last.at is not None
    assert last.at.isoformat() == "2025-07-22T15:00:00"


def test_a_journal_keeps_64_records() -> None:
    bench = Bench()
    for _ in range(70):
        bench.pass_time(days=1)
        bench.ask(messages.SET_DST, b"\0")
    newest = bench.value(messages.READ_PARAMETRISATION_EVENT, calendar.JournalIndex(0))
    oldest = bench.value(messages.READ_PARAMETRISATION_EVENT, calendar.JournalIndex(63))
    assert newest.on is not None
    assert oldest.on is not None
    assert newest.on - oldest.on == timedelta(days=63)


def test_every_write_has_its_own_bit() -> None:
    writes = [code for code, command in COMMANDS.items() if command.writes]
    assert len({parametrisation_bits(code) for code in writes}) == len(writes)


# --- clock ------------------------------------------------------------------------------------------------------------


def test_clock_shows_local_time_with_its_error() -> None:
    bench = Bench(state=replace(STATE, clock_error=timedelta(minutes=-4)))
    answer = bench.ask(messages.READ_CLOCK)
    assert answer == bytes.fromhex("01 14 56 00 21 07 25")


def test_weekday_is_believed_and_counts_on() -> None:
    bench = Bench()
    bench.ask(messages.SET_CLOCK, bytes.fromhex("03 14 05 09 21 07 25"))
    bench.pass_time(days=5)
    answer = bench.ask(messages.READ_CLOCK)
    assert answer is not None
    assert answer[0] == 1, "a Saturday that the meter takes for a Monday"
    bench.ask(messages.SET_CLOCK, bytes.fromhex("07 14 05 09 21 07 25"))
    answer = bench.ask(messages.READ_CLOCK)
    assert answer is not None
    assert answer[0] == 1, "7 leaves the weekday to the meter"


@pytest.mark.parametrize(("shown", "weekday"), [(True, 7), (False, 1)])
def test_weekday_on_a_holiday(shown: bool, weekday: int) -> None:
    bench = Bench(behaviour=Behaviour(dow_on_holiday=shown))
    bench.ask(messages.SET_HOLIDAYS, bytes.fromhex("2107") + b"\xff" * 14 + b"\1")
    answer = bench.ask(messages.READ_CLOCK)
    assert answer is not None
    assert answer[0] == weekday


@pytest.mark.parametrize(("flag", "summer_hour"), [(b"\1", 13), (b"\0", 12)])
def test_a_year_with_and_without_the_summer_change(flag: bytes, summer_hour: int) -> None:
    bench = Bench()
    bench.wait_until(datetime(2026, 1, 10, 12))
    bench.ask(messages.SET_DST, flag)
    hours = {}
    for month in (1, 3, 4, 7, 10, 11):
        bench.wait_until(datetime(2026, month, 25, 12))
        hours[month] = bench.local().hour
    assert hours == {1: 12, 3: 12, 4: summer_hour, 7: summer_hour, 10: 12, 11: 12}


def test_clearing_the_flag_in_summer_does_not_move_the_clock() -> None:
    bench = Bench(state=replace(STATE, dst_enabled=True))
    before = bench.local()
    bench.ask(messages.SET_DST, b"\0")
    assert bench.local() - before < timedelta(seconds=2)
    bench.wait_until(datetime(2025, 12, 1, 12))
    assert bench.local().hour == 12, "and it does not go back in autumn"


def test_a_stopped_clock_stands() -> None:
    bench = Bench(behaviour=Behaviour(clock_running=False))
    before = bench.local()
    bench.pass_time(days=3)
    assert bench.local() == before


# --- tariffs and energy -----------------------------------------------------------------------------------------------


def test_energy_grows_on_the_tariff_of_the_table() -> None:
    bench = Bench(state=replace(STATE, load_w=1000, energy_kwh=(Decimal(0),) * 4))
    bench.wait_until(datetime(2025, 7, 22, 15, 0, 1))
    assert bench.energies() == [Decimal(16), Decimal(8), Decimal(0), Decimal(0)]


def test_new_table_counts_from_then_on() -> None:
    bench = Bench(state=replace(STATE, load_w=1000, energy_kwh=(Decimal(0),) * 4))
    bench.ask(messages.SET_TARIFF_COUNT, b"\4")
    july_monday = schedule.ScheduleIndex(6, DayKind.MONDAY).encode()
    bench.wait_until(datetime(2025, 7, 21, 15, 30))
    bench.ask(messages.SET_SCHEDULE, bytes.fromhex("0700 9600 D700") + b"\xff" * 10 + july_monday)
    bench.wait_until(datetime(2025, 7, 21, 18, 0, 10))
    assert bench.energies() == [Decimal("1.00"), Decimal(0), Decimal("1.00"), Decimal("1.00")]


def test_holiday_program_counts_on_a_holiday() -> None:
    bench = Bench(state=replace(STATE, load_w=1000, energy_kwh=(Decimal(0),) * 4))
    july_holiday = schedule.ScheduleIndex(6, DayKind.HOLIDAY).encode()
    bench.ask(messages.SET_SCHEDULE, bytes.fromhex("4000") + b"\xff" * 14 + july_holiday)
    bench.ask(messages.SET_HOLIDAYS, bytes.fromhex("2107") + b"\xff" * 14 + b"\0")
    assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(2)


def test_a_given_schedule_is_stored_and_counted() -> None:
    night = DayProgram.of([(0, 2), (7 * 60, 1), (23 * 60, 2)])
    holiday = SpecialDay(month=7, day=21, kind=DayKind.HOLIDAY)
    week = {kind: night if kind is not DayKind.HOLIDAY else DayProgram.of([(0, 3)]) for kind in DayKind}
    wanted = YearSchedule(seasons=(Season.of((1, 1), week),), special_days=(holiday,))
    bench = Bench(state=replace(STATE, schedule=wanted))
    assert bench.value(messages.READ_TARIFF_COUNT) == values.TariffNumber(3)
    assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(3)
    assert bench.ask(messages.READ_SCHEDULE, b"\x01") == bytes.fromhex("400007006300" + "FFFF" * 5)


def test_with_one_tariff_in_force_everything_is_t1() -> None:
    bench = Bench(state=replace(STATE, load_w=1000, energy_kwh=(Decimal(0),) * 4))
    bench.ask(messages.SET_TARIFF_COUNT, b"\1")
    bench.wait_until(datetime(2025, 7, 22, 15, 0, 1))
    assert bench.energies() == [Decimal(24), Decimal(0), Decimal(0), Decimal(0)]
    assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(1)


def test_a_forced_tariff_lasts_until_the_next_switch() -> None:
    bench = Bench()
    bench.ask(messages.SET_TARIFF_COUNT, b"\4")
    bench.ask(messages.SET_CURRENT_TARIFF, b"\4")
    expected = {(21, 22): 4, (21, 23): 2, (22, 6): 2, (22, 16): 1}
    for (day, hour), tariff in expected.items():
        bench.wait_until(datetime(2025, 7, day, hour, 30))
        assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(tariff), (day, hour)


def test_unsorted_and_senseless_points_are_stored_as_they_are() -> None:
    bench = Bench()
    july_monday = schedule.ScheduleIndex(6, DayKind.MONDAY).encode()
    record = bytes.fromhex("6300 8A1E 0700 E400") + b"\xff" * 8
    assert bench.ask(messages.SET_SCHEDULE, record + july_monday) == b""
    assert bench.ask(messages.READ_SCHEDULE, july_monday) == record
    assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(1)


def test_empty_tables_count_on_the_first_tariff() -> None:
    bench = Bench()
    for month in schedule.MONTHS:
        for kind in DayKind:
            bench.ask(messages.SET_SCHEDULE, b"\xff" * 16 + schedule.ScheduleIndex(month, kind).encode())
    bench.pass_time(days=400)
    assert bench.value(messages.READ_CURRENT_TARIFF) == values.TariffNumber(1)


def test_records_and_holidays_are_kept_apart() -> None:
    bench = Bench()
    keys = [schedule.ScheduleIndex(*key) for key in schedule.EVERY_RECORD]
    for number, key in enumerate(keys):
        assert bench.ask(messages.SET_SCHEDULE, bytes([0, number % 60]) + b"\xff" * 14 + key.encode()) == b""
    for number, key in enumerate(keys):
        answer = bench.ask(messages.READ_SCHEDULE, key)
        assert answer is not None
        assert answer[1] == number % 60


def test_energy_rolls_over() -> None:
    bench = Bench(state=replace(STATE, load_w=10_000, energy_kwh=(Decimal("999999.99"),)))
    bench.pass_time(minutes=30)
    assert bench.energies()[0] < 10


def test_archive_holds_the_start_of_twelve_months() -> None:
    bench = Bench()
    totals = {}
    for month in range(12):
        answer = bench.value(messages.READ_ARCHIVE, calendar.MonthSlot(month))
        totals[month] = sum(answer.amounts)
    order = [*range(7, 12), *range(7)]
    assert [totals[month] for month in order] == sorted(totals.values())
    assert totals[6] < sum(bench.energies())
    bench.pass_time(days=14)
    august = bench.value(messages.READ_ARCHIVE, calendar.MonthSlot(7))
    assert totals[6] < sum(august.amounts) < sum(bench.energies())


def test_current_month_of_a_206_is_the_explicit_one() -> None:
    bench = Bench(NEW)
    july = bench.ask(messages.READ_ARCHIVE, b"\6")
    assert bench.ask(messages.READ_ARCHIVE, b"\x0f") == july
    assert july is not None
    reactive = bench.ask(messages.READ_REACTIVE_ARCHIVE, b"\x0f")
    assert reactive not in (None, july)


def test_current_month_of_an_old_200_is_foreign_memory() -> None:
    bench = Bench(OLD)
    assert bench.ask(messages.READ_ARCHIVE, b"\x0f") == TWO_ZONES
    record = bytes.fromhex("0000") + b"\xff" * 14
    bench.ask(messages.SET_SCHEDULE, record + b"\0")
    assert bench.ask(messages.READ_ARCHIVE, b"\x0f") == record


# --- any bytes --------------------------------------------------------------------------------------------------------

_metered = st.builds(
    lambda code, data: encode_frame(123456, code, data), st.sampled_from(sorted(COMMANDS)), st.binary(max_size=20)
)
_sized = st.sampled_from(sorted(COMMANDS)).flatmap(
    lambda code: st.binary(min_size=COMMANDS[code].request.size, max_size=COMMANDS[code].request.size).map(
        lambda data: encode_frame(123456, code, data)
    )
)
_pauses = st.sampled_from([0.0, 0.001, 0.006, 0.0063, 0.02, 1.0, 86_400.0, 40 * 86_400.0])


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(MODELS), st.lists(st.tuples(st.binary(max_size=40) | _metered | _sized, _pauses), max_size=25))
def test_any_bytes_end_in_answers_or_silence(model: str, chunks: list[tuple[bytes, float]]) -> None:
    meter = simulate(profile(model), STATE)
    now = START
    for data, pause_s in chunks:
        now += pause_s
        meter.receive(data, now)
        for burst in meter.poll(now):
            assert crc16_modbus_ok(burst.data)
    for _ in range(100):
        due = meter.due()
        if due is None:
            break
        meter.poll(due)
    assert meter.due() is None, "it comes to rest"


@given(_sized, st.integers(0, 30), st.integers(0, 7))
def test_a_flipped_bit_is_never_carried_out(frame: bytes, place: int, bit: int) -> None:
    damaged = bytearray(frame)
    damaged[place % len(frame)] ^= 1 << bit
    bench = Bench()
    assert bench.send(bytes(damaged)) == []
    assert bench.verdict() in (Verdict.DAMAGED, Verdict.FOREIGN)


@settings(deadline=None, max_examples=50)
@given(_sized, st.data())
def test_any_split_without_a_pause_gives_the_same_answer(frame: bytes, data: st.DataObject) -> None:
    whole, split = Bench(), Bench()
    cut = data.draw(st.integers(0, len(frame)))
    expected = [burst.data for burst in whole.send(frame)]
    split.now += 0.1
    for part in (frame[:cut], frame[cut:]):
        split.now += len(part) * split.meter.line.char_s
        split.meter.receive(part, split.now)
    assert [burst.data for burst in split.answers()] == expected


def test_memory_is_bounded() -> None:
    bench = Bench()
    bench.meter.receive(bytes(range(256)) * 4000, START)
    bench.meter.receive(READ_SERIAL * 5000, START + 10)
    for i in range(5000):
        bench.meter.receive(b"\xa5", START + 20 + i)
    meter = bench.meter
    assert len(meter.log) <= 2000
    assert max(len(heard.raw) for heard in meter.log) <= 256
    assert len(meter.poll(START + 100_000)) <= 64


def test_it_serves_a_bus_as_a_meter() -> None:
    meters: list[SimulatedMercury200] = [simulate(profile(), replace(STATE, address=str(n))) for n in (1, 2)]
    bus = VirtualBus(meters)
    bus.receive(encode_frame(2, 0x2F), START, Line())
    [burst] = bus.poll(START + 1)
    assert burst.data[:4] == bytes([0, 0, 0, 2])
    assert meters[0].log[-1].verdict is Verdict.FOREIGN
