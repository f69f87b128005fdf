"""The simulated meter on its wire: when it is silent, who it answers as, its channel, its counts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from meterlink.errors import ConfigError, MeterlinkError
from meterlink.sim.bus import VirtualBus
from meterlink.sim.hearing import Verdict
from meterlink.testing import START, dialogue
from meterlink_micron import DRIVER, messages as m
from meterlink_micron.address import Address
from meterlink_micron.checksum import Check
from meterlink_micron.clock import ShiftTo
from meterlink_micron.energy_codec import EnergyBits, EnergyIndex, EnergyMask
from meterlink_micron.indices import MaybeIndex
from meterlink_micron.messages import Call, Command
from meterlink_micron.parameters import Flag, Opening
from meterlink_micron.payload import NOTHING, Payload
from meterlink_micron.sim import EVERYBODY, Behaviour, SimulatedMicron, simulate
from tests.drivers.micron.still import STILL, read_by

MODEL = "seb-1tm.02"
ME = Address(83)
OPENED = Opening(b"000000")


def meter_of(model: str = MODEL, behaviour: Behaviour | None = None) -> SimulatedMicron:
    return simulate(read_by(model).profile, STILL, behaviour)


def say(meter: SimulatedMicron, frame: bytes, at: float = 1.0) -> bytes | None:
    """The answer to bytes that end at this second."""
    now = START + at
    meter.receive(frame, now)
    bursts = [burst for due in iter(lambda: _soon(meter, now), None) for burst in meter.poll(due)]
    return b"".join(burst.data for burst in bursts) or None


def _soon(meter: SimulatedMicron, now: float) -> float | None:
    due = meter.due()
    return due if due is not None and due < now + 0.5 else None


def ask(
    meter: SimulatedMicron,
    command: Command[Any, Any],
    asked: Payload = NOTHING,
    *,
    to: Address = ME,
    at: float = 1.0,
) -> bytes | None:
    """The data of the answer."""
    answer = say(meter, Call(to, command, asked).encode(), at)
    return None if answer is None else Address.read(answer[:-2])[1]


# --- silence (4.3) ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "verdict"),
    [
        (b"\x53\x08\x00\x00\x00", Verdict.DAMAGED),
        (Check.CRC.sealed(b"\x54\x08\x00"), Verdict.FOREIGN),
        (Check.CRC.sealed(b"\xfc\x00\x00\x00\x07\x08\x00"), Verdict.FOREIGN),
        (Check.CRC.sealed(b"\x53\x08\x00\x00"), Verdict.SENSELESS),
        (Check.CRC.sealed(b"\x53\x01\x30"), Verdict.SENSELESS),
        (Check.CRC.sealed(b"\x00\x03\x18\x01"), Verdict.SILENT),
        (Check.CRC.sealed(b"\xfe\x08\x00"), Verdict.SILENT),
    ],
)
def test_it_is_silent_to(frame: bytes, verdict: Verdict) -> None:
    meter = meter_of()
    assert say(meter, frame) is None
    assert meter.log[-1].verdict is verdict
    assert meter.memory.flags[1] & 1  # nothing was written either


def test_a_meter_whose_own_address_is_zero_is_written_there() -> None:
    meter = simulate(read_by(MODEL).profile, replace(STILL, address="0"))
    ask(meter, m.OPEN, OPENED, to=Address(0), at=1)
    assert ask(meter, m.SET_FLAG, Flag(0), to=Address(0), at=2) == b"\x00"


def test_a_clock_may_be_corrected_for_everybody_without_an_answer() -> None:
    meter = meter_of(behaviour=Behaviour(stays_open=False))
    local = meter.memory.clock.local(START + 1)
    wanted = (local.replace(microsecond=0)).replace(second=local.second + 20)
    assert ask(meter, m.SHIFT_TO, ShiftTo(wanted.time(), 7), to=Address(EVERYBODY)) is None
    assert meter.log[-1].verdict is Verdict.GROUP
    assert abs((meter.memory.clock.local(START + 1) - wanted).total_seconds()) < 0.1


# --- the channel ------------------------------------------------------------------------------------------------------


def test_a_closed_channel_is_answered_five_but_for_three_commands() -> None:
    meter = meter_of(behaviour=Behaviour(stays_open=False))
    assert ask(meter, m.READ_SERIAL, at=1) == b"\x05"
    assert ask(meter, m.SET_FLAG, Flag(1), at=2) == b"\x05"
    assert ask(meter, m.TEST, at=3) == b"\x00"
    assert ask(meter, m.OPEN, OPENED, at=4) == b"\x00"
    assert len(ask(meter, m.READ_SERIAL, at=5) or b"") == 7
    assert ask(meter, m.CLOSE, at=6) == b"\x00"
    assert ask(meter, m.READ_SERIAL, at=7) == b"\x05"


def test_each_correct_request_restarts_the_twenty_seconds() -> None:
    meter = meter_of(behaviour=Behaviour(stays_open=False))
    ask(meter, m.OPEN, OPENED, at=1)
    assert len(ask(meter, m.READ_SERIAL, at=20.5) or b"") == 7
    assert len(ask(meter, m.READ_SERIAL, at=40) or b"") == 7
    assert ask(meter, m.READ_SERIAL, at=60.5) == b"\x05"


def test_a_channel_that_stays_open_falls_back_to_the_first_level() -> None:
    meter = meter_of()
    assert ask(meter, m.SET_FLAG, Flag(0), at=1) == b"\x03"
    ask(meter, m.OPEN, OPENED, at=2)
    assert ask(meter, m.SET_FLAG, Flag(0), at=3) == b"\x00"
    assert ask(meter, m.SET_FLAG, Flag(1), at=24) == b"\x03"


def test_a_command_that_it_does_not_know_is_answered_one() -> None:
    meter = meter_of()
    assert say(meter, Check.CRC.sealed(b"\x53\x08\x7f"), 1) == Check.CRC.sealed(b"\x53\x01")
    assert say(meter, Check.CRC.sealed(b"\x53\x44\x00"), 2) == Check.CRC.sealed(b"\x53\x01")
    assert ask(meter, m.READ_MASKED_FLOATS, m.READ_MASKED_FLOATS.request.decode(bytes(10)), at=3) == b"\x01"


def test_the_same_frame_must_come_again_soon() -> None:
    meter = meter_of(behaviour=Behaviour(asks_again={m.READ_SERIAL.head: 2}))
    answers = [ask(meter, m.READ_SERIAL, at=at) for at in (1, 1.3, 3, 3.3, 3.6)]
    assert [answer and len(answer) for answer in answers] == [1, 1, 1, 1, 7]


# --- who answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "address"), [("seb-1tm.02", 83), ("psch-4tm.05", 0)])
def test_the_common_address_is_answered_as_the_model_does(model: str, address: int) -> None:
    meter = meter_of(model)
    answer = say(meter, Call(Address(0), m.READ_ADDRESS, MaybeIndex()).encode())
    assert answer is not None
    assert answer[0] == address
    assert answer[1:3] == b"\x00\x53"


def test_a_serial_number_that_does_not_fit_four_bytes_is_refused() -> None:
    with pytest.raises(ConfigError, match="at most 4294967295"):
        simulate(read_by(MODEL).profile, replace(STILL, serial_number="4294967296"))
    meter = simulate(read_by(MODEL).profile, replace(STILL, serial_number="0000001000", address=None))
    assert (meter.serial_number, meter.bus_address) == ("1000", str(1 + 1000 % 239))


def test_it_answers_after_the_silence_and_within_what_the_maker_says() -> None:
    meter = meter_of()
    meter.receive(Call(ME, m.READ_SERIAL).encode(), START + 1)
    due = meter.due()
    assert due is not None
    assert 0.006 + 0.005 <= due - START - 1 <= 0.009 + 0.1


@pytest.mark.parametrize(("baud", "form"), [(9600, "8N1"), (1200, "8O1"), (300, "8N1")])
def test_it_is_read_at_every_speed_and_without_parity(baud: int, form: str) -> None:
    target = read_by(MODEL)
    settings = replace(target.profile.line, baud=baud, format=form)
    slow = replace(target, profile=replace(target.profile, line=settings))
    talk = dialogue(DRIVER, slow, VirtualBus([simulate(slow.profile, STILL)]))
    usual = dialogue(DRIVER, target, VirtualBus([simulate(target.profile, STILL)]))
    assert talk.run(DRIVER.read_energy(slow)).registers == usual.run(DRIVER.read_energy(target)).registers
    with pytest.raises(MeterlinkError):
        dialogue(DRIVER, slow, VirtualBus([simulate(target.profile, STILL)])).run(DRIVER.read_energy(slow))


# --- energy -----------------------------------------------------------------------------------------------------------


def test_every_form_of_the_question_tells_the_same() -> None:
    meter = meter_of("psch-4tm.05mk")
    short = ask(meter, m.READ_ENERGY, EnergyIndex(0, 0, 2), at=1)
    mask = ask(meter, m.READ_ENERGY_MASK, EnergyMask(0, 0, 2, 0x0F), at=2)
    bits = ask(meter, m.READ_ENERGY_BITS, EnergyBits.of(1, ("A+", "R+"), 4), at=3)
    assert short is not None
    assert short == mask
    assert bits is not None
    assert bits[0] == 1
    assert bits[1 + 4 : 1 + 8] == short[:4]  # A+ T2 behind A+ T1
    assert bits[1 + 20 : 1 + 24] == short[8:12]  # R+ T2 behind four of A+ and R+ T1


def test_the_question_by_bits_is_the_one_of_the_page() -> None:
    frame = Call(Address(5), m.READ_ENERGY_BITS, EnergyBits.of(1, ("A+",), 4)).encode()
    assert frame.hex(" ").upper() == "05 0B 01 00 00 00 00 00 00 00 00 00 00 00 0F CD F2"


@pytest.mark.parametrize("mask", [0x02, 0x0F])
def test_a_kind_of_energy_that_a_model_lacks_is_refused(mask: int) -> None:
    assert ask(meter_of(), m.READ_ENERGY_MASK, EnergyMask(0, 0, 0, mask)) == b"\x01"


def test_energy_is_counted_by_the_load() -> None:
    meter = simulate(read_by(MODEL).profile, replace(STILL, load_w=3600))
    first, later = (ask(meter, m.READ_ENERGY_MASK, EnergyMask(0, 0, 0, 1), at=at) for at in (0.5, 3600.5))
    assert first is not None
    assert later is not None
    counted = int.from_bytes(later, "big") - int.from_bytes(first, "big")
    assert Decimal(counted) / 1000 == Decimal("3.6")
