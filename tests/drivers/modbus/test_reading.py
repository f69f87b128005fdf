"""Reading: whole, chopped and behind noise, under every fault of the line, and what a meter says or sends wrongly."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.context import Note, Traced
from meterlink.driver import SetSchedule, Target
from meterlink.errors import (
    BadReplyError,
    DamagedFrameError,
    MeterlinkError,
    NoAnswerError,
    NotSupportedError,
    RefusedError,
    WrongAddressError,
    WrongAnswerError,
)
from meterlink.model import Action, Archive, ArchiveSpan, Direction
from meterlink.sim.bus import VirtualBus
from meterlink.sim.faults import FAULTS, parse_faults, wrap
from meterlink.sim.line import Burst
from meterlink.sim.state import SimState
from meterlink.tariff import YearSchedule, preset
from meterlink.testing import START, Delivery, dialogue, pair, transcript
from meterlink.wire.line import Line
from meterlink_modbus import DRIVER
from meterlink_modbus.errors import (
    FunctionRefusedError,
    GatewayRefusedError,
    GatewaySilentError,
    MeterBusyError,
    MeterFailedError,
    RegisterRefusedError,
    ValueRefusedError,
)
from meterlink_modbus.framing import Form
from meterlink_modbus.pdu import READ_HOLDING, Answered, Asked
from meterlink_modbus.sim import Behaviour, simulate
from tests.drivers.modbus.meters import MODELS, target_of, with_support, with_table
from tests.shipped import library

FRAMINGS: Final = (None, "modbus-tcp")
T1: Final = {"register": "T1", "direction": "import", "unit": "kWh", "address": 0x0132, "type": "float32"}


def state(**changed: Any) -> SimState:
    return replace(SimState(started_at=START), **changed)


def amounts(reading: Any, direction: Direction = Direction.IMPORT) -> dict[str, Decimal]:
    found = [one for one in reading.registers if one.quantity == "active" and one.direction is direction]
    return {one.register: one.amount for one in found}


# --- every reading ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("how", Delivery)
@pytest.mark.parametrize("model", MODELS)
def test_every_reading_however_bytes_travel(model: str, how: Delivery, framing: str | None) -> None:
    target = target_of(model, framing=framing)
    meter, _ = pair(DRIVER, target, state(clock_error=timedelta(seconds=90)), how=how)
    identity = meter.run(DRIVER.identify(target))
    assert identity.serial_number.lstrip("0") == ("" if model == "or-we-515" else "20210123")
    found = amounts(meter.run(DRIVER.read_energy(target)))
    assert (found["T1"], found["T2"], found["T3"]) == (Decimal("621.42"), Decimal("208.34"), Decimal(0))
    assert found["total"] == Decimal("829.76")
    instant = {one.quantity: one.value for one in meter.run(DRIVER.read_instant(target)).values if one.phase is None}
    assert (instant["frequency"], instant["power factor"]) == (Decimal(50), Decimal(1))
    clock = meter.run(DRIVER.read_clock(target))
    assert abs(clock.local - datetime(2025, 7, 21, 14, 6, 39)) < timedelta(seconds=30)
    assert clock.weekday == (None if model == "or-we-515" else 1)
    schedule = meter.run(DRIVER.read_schedule(target)).schedule
    assert isinstance(schedule, YearSchedule)
    assert schedule.tariff_at(datetime(2025, 7, 21, 12)) == (2 if model == "or-we-515" else 1)
    status = meter.run(DRIVER.read_status(target))
    assert status.values
    assert status.absent == ()


def test_the_or_we_526_tells_its_holidays_and_the_others_say_why_not() -> None:
    target = target_of("or-we-526")
    meter, _ = pair(DRIVER, target)
    assert meter.run(DRIVER.read_holidays(target)).days == ()
    for model in ("or-we-515", "or-we-517"):
        other = target_of(model)
        with pytest.raises(NotSupportedError, match="holidays"):
            pair(DRIVER, other)[0].run(DRIVER.read_holidays(other))


@pytest.mark.parametrize("model", MODELS)
def test_summer_time_is_a_typed_answer(model: str) -> None:
    target = target_of(model)
    with pytest.raises(NotSupportedError) as caught:
        DRIVER.read_dst(target)
    assert caught.value.why == "DST: not in this meter"
    lacking = (
        lambda: DRIVER.read_tariff_mode(target),
        lambda: DRIVER.read_archive(target, Archive(ArchiveSpan.MONTH), 3),
        lambda: DRIVER.read_journal(target, "power", 5),
    )
    for read in lacking:
        with pytest.raises(NotSupportedError):
            read()


def test_a_meter_without_a_serial_number_says_so_and_is_nobodys() -> None:
    target = target_of("or-we-515")
    identity = pair(DRIVER, target)[0].run(DRIVER.identify(target))
    assert identity.serial_number == ""
    assert [(one.what, one.reason) for one in identity.absent] == [
        ("serial number", "no register of this model is known to tell it")
    ]
    assert identity.facts == {"type": 0xA2}
    assert not DRIVER.same_serial("20210123", identity.serial_number)


# --- requests ---------------------------------------------------------------------------------------------------------


def requests_of(target: Target, *, behaviour: Behaviour | None = None) -> list[str]:
    """What leaves for one reading of energy: registers and counts."""
    traced: list[Traced] = []
    meter = simulate(target.profile, state(), behaviour)
    talk = dialogue(DRIVER, target, VirtualBus([meter]), observer=traced.append)
    assert amounts(talk.run(DRIVER.read_energy(target)))["T1"] == Decimal("621.42")
    asked = [bytes.fromhex(one.frame) for one in traced if one.note is Note.REQUEST]
    return [f"{frame[2:4].hex()} {int.from_bytes(frame[4:6], 'big')}" for frame in asked]


def test_registers_are_read_in_the_fewest_requests_that_the_meter_allows() -> None:
    assert requests_of(target_of("or-we-526")) == ["010e 50"]
    assert requests_of(target_of("or-we-517")) == ["0108 58", "0144 28"]
    assert requests_of(target_of("or-we-515")) == ["a000 10", "a01e 10"]


def test_what_is_not_known_to_be_there_is_not_read_over() -> None:
    rows = [T1, T1 | {"register": "T2", "address": 0x013E}]

    def asked(**changed: Any) -> list[str]:
        profile = with_support(with_table("or-we-517", energy=rows, **changed), reactive_energy=False)
        return requests_of(Target(address="1", profile=profile))

    assert asked(readable=[]) == ["0132 2", "013e 2"]
    assert asked(readable=[[0x0130, 0x20]]) == ["0132 14"]
    assert asked(readable=[[0x0130, 0x20]], most_registers=13) == ["0132 2", "013e 2"]


def test_a_meter_that_gives_fewer_at_a_time_is_asked_for_each_by_itself() -> None:
    asked = requests_of(target_of("or-we-517"), behaviour=Behaviour(most_registers=12))
    assert asked[:3] == ["0108 58", "0108 2", "0110 2"]
    assert all(one.endswith(" 2") for one in asked[1:] if one != "0144 28")


def test_a_register_that_one_meter_lacks_is_absent_with_the_reason() -> None:
    target = target_of("or-we-517")
    meter = simulate(target.profile, state(), Behaviour(refuses=frozenset({0x0138})))
    reading = dialogue(DRIVER, target, VirtualBus([meter])).run(DRIVER.read_energy(target))
    assert amounts(reading)["T1"] == Decimal("621.42")
    assert [one.what for one in reading.absent] == ["reactive import T1"]
    assert "illegal data address" in reading.absent[0].reason


# --- nonsense ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["or-we-517", "or-we-526"])
def test_a_wrong_word_order_shows_as_nonsense_and_never_as_a_value(model: str) -> None:
    swapped = with_table(model, word_order="low first")
    target = Target(address="1", profile=swapped)
    wire = VirtualBus([simulate(library().get(model), state(energy_kwh=(Decimal("90621.42"),) * 4))])
    talk = dialogue(DRIVER, target, wire)
    reading = talk.run(DRIVER.read_energy(target))
    assert amounts(reading) == {}
    assert {one.what for one in reading.absent} >= {"active import T1", "active import T4", "active import total"}
    assert all("word order" in one.reason for one in reading.absent)
    assert all(one.amount == 0 for one in reading.registers)
    absent = {one.what for one in talk.run(DRIVER.read_instant(target)).absent}
    assert absent >= ({"voltage L1", "frequency"} if model == "or-we-517" else {"voltage", "active power"})


def test_where_all_is_nonsense_the_reading_fails() -> None:
    profile = with_table("or-we-517", energy=[T1], word_order="low first")
    target = Target(address="1", profile=with_support(profile, reactive_energy=False))
    talk = dialogue(DRIVER, target, VirtualBus([simulate(library().get("or-we-517"), state())]))
    with pytest.raises(BadReplyError, match="word order"):
        talk.run(DRIVER.read_energy(target))


def test_where_every_measurement_is_nonsense_the_reading_fails() -> None:
    voltage = {"quantity": "voltage", "unit": "V", "address": 0x000E, "type": "float32"}
    target = Target(address="1", profile=with_table("or-we-517", instant=[voltage], word_order="low first"))
    talk = dialogue(DRIVER, target, VirtualBus([simulate(library().get("or-we-517"), state())]))
    with pytest.raises(BadReplyError, match="word order"):
        talk.run(DRIVER.read_instant(target))


def test_a_serial_number_that_is_nonsense_or_not_told_is_a_failure() -> None:
    request = Form.RTU.wrap(1, Asked(READ_HOLDING, 0x1000, 3).encode()).hex(" ")
    profile = with_table("or-we-526", identity=[row for row in identity_rows() if row["name"] == "serial number"])
    target = Target(address="1", profile=profile)
    with (
        transcript(DRIVER, target, [(request, answered(b"\x0a\xbc\0\0\0\0"))]) as meter,
        pytest.raises(BadReplyError, match="digit above 9"),
    ):
        meter.run(DRIVER.identify(target))
    refused = Form.RTU.wrap(1, Answered(READ_HOLDING, exception=2).encode()).hex(" ")
    with transcript(DRIVER, target, [(request, refused)]) as meter, pytest.raises(RegisterRefusedError):
        meter.run(DRIVER.identify(target))


def test_a_serial_number_that_alone_is_not_told_is_a_failure_too() -> None:
    target = target_of("or-we-517")
    meter = simulate(target.profile, state(), Behaviour(refuses=frozenset({0x0000})))
    with pytest.raises(RegisterRefusedError):
        dialogue(DRIVER, target, VirtualBus([meter])).run(DRIVER.identify(target))


def identity_rows() -> list[dict[str, object]]:
    """Those of the OR-WE-526."""
    rows = library().get("or-we-526").driver_table["identity"]
    assert isinstance(rows, tuple)
    return [dict(row) for row in rows]


def test_nobody_answers_for_a_unit_that_is_not_there() -> None:
    target = target_of("or-we-517", "2")
    with pytest.raises(NoAnswerError) as caught:
        dialogue(DRIVER, target, VirtualBus([simulate(target.profile, state(address="1"))])).run(
            DRIVER.read_energy(target)
        )
    assert (caught.value.address, caught.value.tries) == ("2", 3)


def answered(data: bytes, unit: int = 1, lie: int | None = None) -> str:
    """The frame of an answer, perhaps with a byte count that lies."""
    pdu = Answered(READ_HOLDING, None, len(data) // 2, data).encode()
    if lie is not None:
        pdu = pdu[:1] + bytes([lie]) + pdu[2:]
    return Form.RTU.wrap(unit, pdu).hex(" ")


def one_register() -> tuple[Target, str]:
    """A meter of one energy register, and the request for it."""
    target = Target(address="1", profile=with_support(with_table("or-we-517", energy=[T1]), reactive_energy=False))
    return target, Form.RTU.wrap(1, Asked(READ_HOLDING, 0x0132, 2).encode()).hex(" ")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e12, 1e-30], ids=str)
def test_what_no_register_of_energy_can_hold_is_refused(value: float) -> None:
    target, request = one_register()
    reply = answered(struct.pack(">f", value))
    with transcript(DRIVER, target, [(request, reply)]) as meter, pytest.raises(BadReplyError):
        meter.run(DRIVER.read_energy(target))


@pytest.mark.parametrize("lie", [0, 2, 3, 6, 255])
def test_a_byte_count_that_lies_is_no_answer(lie: int) -> None:
    target, request = one_register()
    reply = answered(struct.pack(">f", 621.42), lie=lie)
    with transcript(DRIVER, target, [(request, reply)]) as meter, pytest.raises(BadReplyError, match="byte count says"):
        meter.run(DRIVER.read_energy(target))


def test_fewer_registers_than_were_asked_for_are_no_answer() -> None:
    target, request = one_register()
    reply = answered(b"\x44\x1b")
    with transcript(DRIVER, target, [(request, reply)] * 3) as meter, pytest.raises(WrongAnswerError):
        meter.run(DRIVER.read_energy(target))


def test_the_answer_of_another_unit_is_refused_and_never_shown() -> None:
    target, request = one_register()
    reply = answered(struct.pack(">f", 621.42), unit=2)
    with transcript(DRIVER, target, [(request, reply)] * 3) as meter, pytest.raises(WrongAddressError):
        meter.run(DRIVER.read_energy(target))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0x01, FunctionRefusedError),
        (0x02, RegisterRefusedError),
        (0x03, ValueRefusedError),
        (0x04, MeterFailedError),
        (0x05, MeterBusyError),
        (0x06, MeterBusyError),
        (0x07, RefusedError),
        (0x08, MeterFailedError),
        (0x0A, GatewayRefusedError),
        (0x0B, GatewaySilentError),
        (0x63, RefusedError),
    ],
)
def test_every_exception_code_is_a_typed_refusal(code: int, kind: type[MeterlinkError]) -> None:
    target, request = one_register()
    reply = Form.RTU.wrap(1, Answered(READ_HOLDING, exception=code).encode()).hex(" ")
    asked = [(request, reply)] * (3 if code in (0x05, 0x06, 0x0B) else 1)
    with transcript(DRIVER, target, asked) as meter, pytest.raises(kind) as caught:
        meter.run(DRIVER.read_energy(target))
    assert caught.value.facts()["code"] == f"{code:02X}"
    assert caught.value.exit_code == (3 if code in (0x0A, 0x0B) else 6)


@pytest.mark.parametrize("code", [0x05, 0x06, 0x0B])
def test_a_question_is_asked_again_where_the_meter_was_busy_or_the_gateway_waited_in_vain(code: int) -> None:
    """Behind a gateway a lost frame comes back as an exception; on a line it would be asked again, too."""
    target, request = one_register()
    no = Form.RTU.wrap(1, Answered(READ_HOLDING, exception=code).encode()).hex(" ")
    yes = answered(struct.pack(">f", 621.42))
    with transcript(DRIVER, target, [(request, no), (request, no), (request, yes)]) as meter:
        assert amounts(meter.run(DRIVER.read_energy(target))) == {"T1": Decimal("621.42")}


@pytest.mark.parametrize(("value", "shown"), [(-0.0, "0"), (20.0, "20"), (1e6, "1000000"), (0.00125, "0.00125")])
def test_a_float_is_shown_as_a_plain_number(value: float, shown: str) -> None:
    target, request = one_register()
    with transcript(DRIVER, target, [(request, answered(struct.pack(">f", value)))]) as meter:
        (register,) = meter.run(DRIVER.read_energy(target)).registers
    assert str(register.amount) == shown


def test_a_clock_of_no_calendar_is_a_bad_reply() -> None:
    target = target_of("or-we-517")
    request = Form.RTU.wrap(1, Asked(READ_HOLDING, 0x003C, 4).encode()).hex(" ")
    for data in (
        "00 30 14 06 31 02 26 00",
        "00 30 25 06 21 11 26 00",
        "00 30 14 06 21 1A 26 00",
        "00 30 14 08 21 11 26 00",
    ):
        reply = answered(bytes.fromhex(data))
        with transcript(DRIVER, target, [(request, reply)]) as meter, pytest.raises(BadReplyError):
            meter.run(DRIVER.read_clock(target))


def test_a_list_of_holidays_with_a_date_of_no_calendar_is_a_bad_reply() -> None:
    target = target_of("or-we-526")
    request = Form.RTU.wrap(1, Asked(READ_HOLDING, 0x176C, 21).encode()).hex(" ")
    reply = answered(bytes.fromhex("02 30 08").ljust(42, b"\0"))
    with (
        transcript(DRIVER, target, [(request, reply)]) as meter,
        pytest.raises(BadReplyError, match="02-30 is no date"),
    ):
        meter.run(DRIVER.read_holidays(target))


# --- the line ---------------------------------------------------------------------------------------------------------


OF_A_LINE: Final = {"flipped-bit", "wrong-checksum", "glued"}
"""Modbus TCP has no checksum, TCP has: what a line does to bytes does not happen there."""


@pytest.mark.parametrize(
    ("framing", "name"),
    [(None, name) for name in sorted(FAULTS)] + [("modbus-tcp", name) for name in sorted(FAULTS.keys() - OF_A_LINE)],
)
def test_under_every_fault_a_value_is_right_or_there_is_none(name: str, framing: str | None) -> None:
    target = target_of("or-we-526", framing=framing)
    for seed in range(4):
        meter = simulate(target.profile, state(seed=seed))
        wire = wrap(VirtualBus([meter]), parse_faults(f"{name}:0.5"), seed, DRIVER.readdress)
        talk = dialogue(DRIVER, target, wire)
        for _ in range(3):
            try:
                reading = talk.run(DRIVER.read_energy(target))
            except (NoAnswerError, DamagedFrameError, WrongAddressError, WrongAnswerError, BadReplyError):
                continue
            assert amounts(reading)["T1"] == Decimal("621.42")


def test_two_meters_on_one_line_answer_each_for_itself() -> None:
    meters = [
        simulate(library().get("or-we-526"), state(address=unit, energy_kwh=(Decimal(kwh),)))
        for unit, kwh in (("1", "10"), ("2", "20"))
    ]
    wire = VirtualBus(meters)
    for unit, kwh in (("1", 10), ("2", 20)):
        target = target_of("or-we-526", unit)
        assert amounts(dialogue(DRIVER, target, wire).run(DRIVER.read_energy(target)))["T1"] == kwh


@dataclass
class Scripted:
    """A wire that gives these bytes to whatever is asked."""

    data: bytes
    line: Line
    waiting: list[Burst] = field(default_factory=list)

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self.waiting.append(Burst(now + 0.01, self.data, self.line))

    def due(self) -> float | None:
        return self.waiting[0].at if self.waiting else None

    def poll(self, now: float) -> list[Burst]:
        ready, self.waiting = self.waiting, []
        return ready


@given(st.binary(max_size=300))
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("framing", FRAMINGS)
def test_any_bytes_at_all_end_in_an_error_of_ours(framing: str | None, data: bytes) -> None:
    target = replace(one_register()[0], framing=framing)
    with pytest.raises(MeterlinkError):
        dialogue(DRIVER, target, Scripted(data, target.profile.line.line)).run(DRIVER.read_energy(target))


def test_a_map_without_tables_has_none_to_read_or_write() -> None:
    profile = with_support(with_table("or-we-517", tariffs=None), schedule=False, set_schedule=False)
    target = Target(address="1", profile=profile)
    assert all(DRIVER.stored_names(action, profile) == () for action in Action)
    with pytest.raises(NotSupportedError, match="schedule"):
        pair(DRIVER, target)[0].run(DRIVER.read_schedule(target))
    with pytest.raises(NotSupportedError, match="schedule"):
        DRIVER.changes(SetSchedule(schedule=preset("ru-household-1").schedule), {}, profile)
