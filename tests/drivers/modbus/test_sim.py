"""A simulated meter by itself: what it hears, refuses and keeps to itself, and what it begins with."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.errors import ConfigError
from meterlink.sim.bus import VirtualBus
from meterlink.sim.state import SimState
from meterlink.tariff import preset
from meterlink.testing import START, dialogue, pair
from meterlink_modbus import DRIVER
from meterlink_modbus.framing import Form, readdressed
from meterlink_modbus.pdu import READ_HOLDING, WRITE, Asked
from meterlink_modbus.sim import Behaviour, SimulatedModbus, Verdict, simulate
from tests.drivers.modbus.meters import MODELS, target_of
from tests.shipped import library


def ear(behaviour: Behaviour | None = None) -> SimulatedModbus:
    return simulate(library().get("or-we-517"), SimState(started_at=START), behaviour)


def say(meter: SimulatedModbus, frame: bytes, now: float = START + 1) -> list[bytes]:
    meter.receive(frame, now)
    return [burst.data for burst in meter.poll(now + 1)]


@given(st.binary(max_size=300))
@settings(max_examples=30, deadline=None)
def test_a_simulated_meter_takes_any_bytes(data: bytes) -> None:
    meter = ear()
    say(meter, data)
    request = Form.RTU.wrap(1, Asked(READ_HOLDING, 0x0000, 2).encode())
    assert say(meter, request, START + 9)


@pytest.mark.parametrize(
    ("serial", "why"),
    [("12a", "is no number, and the registers of this model"), ("99999999999", "more digits than the registers")],
)
def test_a_simulated_meter_has_no_number_that_its_registers_do_not_hold(serial: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        simulate(library().get("or-we-517"), SimState(started_at=START, serial_number=serial))


@pytest.mark.parametrize("model", MODELS)
def test_a_simulated_meter_begins_with_the_schedule_that_it_is_given(model: str) -> None:
    wanted = preset("ru-household-3").schedule
    target = target_of(model)
    reading = pair(DRIVER, target, SimState(started_at=START, schedule=wanted))[0].run(DRIVER.read_schedule(target))
    assert reading.schedule == wanted == DRIVER.lift_stored(reading.image)
    assert reading.notes == ()


def test_a_day_table_of_nonsense_and_bytes_behind_the_last_slot_are_told() -> None:
    target = target_of("or-we-517")
    meter = ear()
    nonsense, behind = b"\x24\x00\x01".ljust(24, b"\0"), b"\0\0\2\0\0\0\7".ljust(24, b"\0")
    for register, raw in ((0x0318, nonsense), (0x030C, behind)):
        assert say(meter, Form.RTU.wrap(1, Asked(WRITE, register, 12, raw).encode()))
    reading = dialogue(DRIVER, target, VirtualBus([meter]), starts_at=START + 9).run(DRIVER.read_schedule(target))
    assert reading.notes == ("day table 2: bytes behind the last slot are not read by the meter",)
    assert DRIVER.told_stored("day table 3", reading.image["day table 3"]).startswith("24 00 01")


def test_foreign_units_and_the_broadcast_are_silence() -> None:
    meter = ear()
    asked = Asked(READ_HOLDING, 0x0000, 2).encode()
    for form in Form:
        for unit in (0, 2, 255):
            assert say(meter, form.wrap(unit, asked)) == []
    assert {heard.verdict for heard in meter.log} == {Verdict.FOREIGN}
    assert readdressed(Form.RTU.wrap(2, asked)) == Form.RTU.wrap(3, asked)
    assert readdressed(b"no frame") == b"no frame"


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        ("07", 1),
        ("04 0000 0002", 1),
        ("03 7000 0001", 2),
        ("03 0000 003D", 3),
        ("03 0000 0000", 3),
        ("03 0000 00", 3),
        ("10 0132 0002 04 00000000", 2),
        ("10 003C 0004 08 6130140621112600", 3),
        ("10 0300 000C 02 0000", 3),
        ("06 0002 0000", 3),
        ("06 000B 0001", 2),
    ],
)
def test_what_a_simulated_meter_refuses(pdu: str, code: int) -> None:
    request = bytes.fromhex(pdu.replace(" ", ""))
    for form in Form:
        (reply,) = say(ear(), form.wrap(1, request))
        assert form.pdu(reply) == bytes([request[0] | 0x80, code])


def test_a_new_unit_id_is_acknowledged_from_there() -> None:
    meter = ear()
    (reply,) = say(meter, bytes.fromhex("01 06 00 02 00 05 E8 09"))
    assert reply == bytes.fromhex("05 06 00 02 00 05 E9 8D")
    assert meter.bus_address == "5"


def test_a_stopped_clock_shows_the_same_second_for_ever() -> None:
    target = target_of("or-we-517")
    for running, apart_s in ((False, 0), (True, 3600)):
        meter = ear(behaviour=Behaviour(clock_running=running))
        wire = VirtualBus([meter])
        shown = [
            dialogue(DRIVER, target, wire, starts_at=START + wait_s).run(DRIVER.read_clock(target)).local
            for wait_s in (5, 3605)
        ]
        assert shown[1] - shown[0] == timedelta(seconds=apart_s)
