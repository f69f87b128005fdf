"""Reading a meter whole: the driver's flows against the family's own simulator, whole, chopped, noisy, with faults.

METERLINK_LONG=1 tries more of each fault.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.context import Note, Traced
from meterlink.driver import Target
from meterlink.errors import LinkError, NoAnswerError, NotSupportedError, WireError
from meterlink.flow import ask
from meterlink.link.aio import AsyncMemoryPort, run_async
from meterlink.link.dialogue import exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.model import Archive, ArchiveSpan
from meterlink.sim.bus import VirtualBus
from meterlink.sim.faults import FAULTS, parse_faults, wrap
from meterlink.sim.state import SimState
from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule, preset
from meterlink.testing import START, Delivery, dialogue, from_hex, pair, transcript
from meterlink.wire.line import Line
from meterlink_mercury200 import DRIVER
from meterlink_mercury200.messages import READ_POWER_OFF, Call, encode_frame, readdressed
from meterlink_mercury200.sim import SimulatedMercury200, simulate
from tests.drivers.mercury200.meters import target_of
from tests.drivers.readings import Reading, readings, timeless
from tests.shipped import library

LONG = os.environ.get("METERLINK_LONG") == "1"
OLD = target_of("mercury-200.02", "925646")
NEW = target_of("mercury-206", "43096744")
ZONES = SimState(started_at=START, schedule=preset("ru-household-3").schedule)


READINGS = readings(DRIVER, archived=12, records=64, journals=("power", "cover", "parametrisation"))


# --- what is read -----------------------------------------------------------------------------------------------------


def test_energy_is_what_the_meter_sent_digit_by_digit() -> None:
    meter, _ = pair(DRIVER, OLD)
    reading = meter.run(DRIVER.read_energy(OLD))
    assert [(value.register, value.amount, value.raw) for value in reading.registers] == [
        ("T1", Decimal("621.42"), "00062142"),
        ("T2", Decimal("208.34"), "00020834"),
        ("T3", Decimal("0.00"), "00000000"),
        ("T4", Decimal("0.00"), "00000000"),
    ]
    assert [absent.what for absent in reading.absent] == ["total"]
    assert reading.read_at.timestamp() == pytest.approx(START, abs=1)


def test_a_206_also_tells_reactive_energy() -> None:
    meter, _ = pair(DRIVER, NEW)
    units = [value.unit for value in meter.run(DRIVER.read_energy(NEW)).registers]
    assert units == ["kWh"] * 4 + ["kvarh"] * 4


def test_a_register_that_does_not_answer_is_absent_with_the_reason() -> None:
    profile = library().get("mercury-206")
    meter = simulate(library().get("mercury-200.02"), SimState(started_at=START, address="43096744"))
    reading = dialogue(DRIVER, NEW, VirtualBus([meter])).run(DRIVER.read_energy(NEW))
    assert profile.supports["reactive_energy"].supported
    assert len(reading.registers) == 4
    assert "No answer from address 43096744" in reading.absent[1].reason


def test_an_old_meter_is_recognised() -> None:
    meter, _ = pair(DRIVER, OLD)
    identity = meter.run(DRIVER.identify(OLD))
    assert (identity.serial_number, identity.manufactured) == ("06925646", date(2010, 10, 29))
    assert identity.facts == {}
    assert [absent.what for absent in identity.absent] == ["model code"]


def test_a_206_tells_its_model_code() -> None:
    meter, _ = pair(DRIVER, NEW)
    identity = meter.run(DRIVER.identify(NEW))
    assert identity.facts == {"model_code": 8}
    assert library().match(identity.facts, "mercury200") == NEW.profile


def test_the_clock_is_told_with_the_moments_around_it() -> None:
    ahead = SimState(started_at=START, clock_error=timedelta(hours=1, seconds=14))
    meter, _ = pair(DRIVER, OLD, ahead)
    time = meter.run(DRIVER.read_clock(OLD))
    assert time.local == datetime(2025, 7, 21, 15, 5, 23)
    assert time.weekday == 1
    assert time.asked_at.timestamp() < time.answered_at.timestamp() < START + 0.1


def test_the_dst_flag_is_told_as_what_the_meter_will_do() -> None:
    for enabled in (True, False):
        meter, _ = pair(DRIVER, OLD, SimState(started_at=START, dst_enabled=enabled))
        assert meter.run(DRIVER.read_dst(OLD)).enabled is enabled


def test_the_schedule_is_lifted_to_the_canonical_one() -> None:
    meter, _ = pair(DRIVER, OLD, ZONES)
    reading = meter.run(DRIVER.read_schedule(OLD))
    assert reading.schedule == preset("ru-household-3").schedule
    assert len(reading.image) == 96 + 2


def test_the_archive_gives_a_later_month_to_the_year_before() -> None:
    meter, _ = pair(DRIVER, OLD)
    months = [record.start for record in meter.run(DRIVER.read_archive(OLD, Archive(ArchiveSpan.MONTH), 12)).records]
    assert months[0] == date(2024, 8, 1)
    assert months[-1] == date(2025, 7, 1)
    assert len(months) == 12


def test_months_before_the_archive_are_absent_with_the_reason() -> None:
    meter, _ = pair(DRIVER, OLD)
    reading = meter.run(DRIVER.read_archive(OLD, Archive(ArchiveSpan.MONTH), 120))
    assert len(reading.records) == 12
    (absent,) = reading.absent
    assert (absent.what, absent.reason) == ("108 months before", "the meter keeps the starts of twelve months")


@pytest.mark.parametrize("claims", [False, True])
def test_no_day_is_read_whatever_a_profile_claims(claims: bool) -> None:
    known = OLD.profile.supports
    supports = {**known, "energy_days": replace(known["energy_days"], supported=claims)}
    target = replace(OLD, profile=replace(OLD.profile, supports=supports))
    traced: list[Traced] = []
    meter, _ = pair(DRIVER, target, observer=traced.append)
    with pytest.raises(NotSupportedError, match="no energy_days"):
        meter.run(DRIVER.read_archive(target, Archive(ArchiveSpan.DAY), 3))
    assert traced == []


def test_a_journal_that_falls_silent_keeps_what_was_read() -> None:
    class Tired:
        """Answers the first two questions only."""

        def __init__(self, inner: VirtualBus) -> None:
            self.inner, self.heard = inner, 0
            self.due, self.poll = inner.due, inner.poll

        def receive(self, data: bytes, now: float, line: Line) -> None:
            self.heard += 1
            if self.heard <= 2:
                self.inner.receive(data, now, line)

    meter = dialogue(DRIVER, OLD, Tired(VirtualBus([simulate(OLD.profile, ZONES)])))
    reading = meter.run(DRIVER.read_journal(OLD, "power", 64))
    assert [event.event for event in reading.events] == ["power on", "power off"]
    (absent,) = reading.absent
    assert absent.what == "records from 2 on"


def test_raw_is_what_the_meter_sent_and_not_what_we_would_send() -> None:
    """A holiday in the stored time of the last power cut: dow 7, which we would write as the weekday."""
    answer = encode_frame(925646, 0x2B, from_hex("07 14 05 09 21 07 25")).hex(" ")
    with transcript(DRIVER, OLD, [(encode_frame(925646, 0x2B).hex(" "), answer)]) as meter:
        reply = meter.run(ask(Call(925646, READ_POWER_OFF)))
    assert reply.frame[5:-2] == from_hex("07 14 05 09 21 07 25")


def test_a_206_keeps_reactive_months_too() -> None:
    meter, _ = pair(DRIVER, NEW)
    (month,) = meter.run(DRIVER.read_archive(NEW, Archive(ArchiveSpan.MONTH), 1)).records
    assert [value.unit for value in month.registers] == ["kWh"] * 4 + ["kvarh"] * 4


def test_at_the_turn_of_the_year_december_is_of_the_year_before() -> None:
    new_year = SimState(started_at=START, clock_error=datetime(2026, 1, 1, 0, 0, 5) - datetime(2025, 7, 21, 14, 5, 9))
    meter, _ = pair(DRIVER, OLD, new_year)
    months = [record.start for record in meter.run(DRIVER.read_archive(OLD, Archive(ArchiveSpan.MONTH), 3)).records]
    assert months == [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)]


def test_a_status_that_was_never_written_is_absent_and_not_a_date() -> None:
    meter, _ = pair(DRIVER, OLD)
    status = meter.run(DRIVER.read_status(OLD))
    reasons = {absent.what: absent.reason for absent in status.absent}
    assert reasons["cover last opened"] == "the meter has no such time stored"
    assert {value.name: f"{value.value} {value.unit}" for value in status.values}["battery voltage"] == "3.05 V"


@pytest.mark.parametrize("reading", [r for r in READINGS if r.needs], ids=lambda reading: reading.name)
def test_what_a_model_lacks_is_refused_before_any_byte(reading: Reading) -> None:
    support = replace(OLD.profile.supports[reading.needs], supported=False, note="cut off for this test")
    profile = replace(OLD.profile, supports={**OLD.profile.supports, reading.needs: support})
    lacking = Target(address=OLD.address, profile=profile)
    traced: list[Traced] = []
    meter, _ = pair(DRIVER, lacking, observer=traced.append)
    with pytest.raises(NotSupportedError, match=f"mercury-200.02 has no {reading.needs}: cut off"):
        meter.run(reading.flow(lacking))
    assert traced == []


def test_commands_that_a_model_is_not_known_to_answer_are_not_sent() -> None:
    traced: list[Traced] = []
    meter, _ = pair(DRIVER, OLD, observer=traced.append)
    reading = meter.run(DRIVER.read_instant(OLD))
    asked = [frame.frame.split()[4] for frame in traced if frame.note is Note.REQUEST]
    assert asked == ["63", "26"]
    assert [absent.what for absent in reading.absent] == ["frequency", "reactive power"]


# --- deliveries and worlds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [how for how in Delivery if how is not Delivery.WHOLE])
@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.name)
@pytest.mark.parametrize("target", [OLD, NEW], ids=["200.02", "206"])
def test_every_reading_survives_every_delivery(target: Target, reading: Reading, how: Delivery) -> None:
    whole, _ = pair(DRIVER, target, ZONES)
    meter, _ = pair(DRIVER, target, ZONES, how=how)
    assert timeless(meter.run(reading.flow(target))) == timeless(whole.run(reading.flow(target)))


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.name)
def test_asyncio_reads_the_same(reading: Reading) -> None:
    blocking, _ = pair(DRIVER, NEW, ZONES)
    meter = simulate(NEW.profile, ZONES)
    port = MemoryPort(VirtualBus([meter]), NEW.profile.line.line, starts_at=START)
    exchange = exchange_for(DRIVER, NEW, line=NEW.profile.line.line, port_name=port.name)
    value = asyncio.run(run_async(AsyncMemoryPort(port), exchange, reading.flow(NEW)))
    assert value == blocking.run(reading.flow(NEW))


def test_of_many_meters_on_a_line_the_asked_one_answers() -> None:
    addresses = [str(100_000 + number) for number in range(5)]
    meters = [
        simulate(OLD.profile, SimState(started_at=START, address=address, energy_kwh=(Decimal(number),)))
        for number, address in enumerate(addresses)
    ]
    for number, address in enumerate(addresses):
        target = target_of("mercury-200.02", address)
        reading = dialogue(DRIVER, target, VirtualBus(meters)).run(DRIVER.read_energy(target))
        assert reading.registers[0].amount == number


# --- faults -----------------------------------------------------------------------------------------------------------


def faulty(fault: str, seed: int, meter: SimulatedMercury200) -> Any:
    return wrap(VirtualBus([meter]), parse_faults(fault), seed, readdressed)


HARMLESS = ("echo", "echo-partial", "echo-late", "split", "junk-before", "junk-after", "glued")


@pytest.mark.parametrize("fault", HARMLESS)
@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.name)
def test_a_harmless_fault_changes_nothing(fault: str, reading: Reading) -> None:
    whole, _ = pair(DRIVER, OLD, ZONES)
    meter = dialogue(DRIVER, OLD, faulty(fault, 7, simulate(OLD.profile, ZONES)))
    assert timeless(meter.run(reading.flow(OLD))) == timeless(whole.run(reading.flow(OLD)))


@settings(max_examples=150 if LONG else 70)
@given(fault=st.sampled_from(sorted(FAULTS)), seed=st.integers(0, 10_000), chance=st.sampled_from([0.1, 0.5, 1.0]))
def test_under_every_fault_a_right_value_or_our_error(fault: str, seed: int, chance: float) -> None:
    truth, _ = pair(DRIVER, OLD, ZONES)
    wanted = timeless(truth.run(DRIVER.read_energy(OLD)))
    modes = truth.run(DRIVER.read_tariff_mode(OLD))
    meter = dialogue(DRIVER, OLD, faulty(f"{fault}:{chance}", seed, simulate(OLD.profile, ZONES)))
    with suppress(LinkError, WireError):
        assert timeless(meter.run(DRIVER.read_energy(OLD))) == wanted
        assert meter.run(DRIVER.read_tariff_mode(OLD)).tariffs_in_force == modes.tariffs_in_force
    assert meter.now() < START + 60


def program(number: int) -> DayProgram:
    return DayProgram.of(
        [(0, 1 + number % 4), (number + 1, 1 + (number + 1) % 4), (720 + number, 1 + (number + 2) % 4)]
    )


MOTLEY = YearSchedule(
    seasons=tuple(
        Season.of((month + 1, 1), {kind: program(month * 8 + kind) for kind in DayKind}) for month in range(12)
    ),
    special_days=(SpecialDay(month=1, day=1, kind=DayKind.HOLIDAY),),
)
"""96 records, no two alike, so that one in the place of another is seen."""


@pytest.mark.parametrize("seed", range(3 if LONG else 1))
@pytest.mark.parametrize(
    "fault",
    [
        *(f"{fault}:0.2" for fault in FAULTS),
        "late",
        "late,delay=0.6",
        "late:0.3,delay=0.56",
        "late:0.3,delay=1.9",
        "late:0.2;lost-reply:0.1",
        "late:0.1;echo;junk-before:0.2",
        "glued;late:0.1,delay=0.7",
        "flipped-bit:0.05;late:0.1",
        "split,pause=0.06",
    ],
)
def test_a_whole_schedule_is_right_under_faults_or_not_told_at_all(fault: str, seed: int) -> None:
    motley = SimState(started_at=START, schedule=MOTLEY)
    truth, _ = pair(DRIVER, OLD, motley)
    wanted = truth.run(DRIVER.read_schedule(OLD))
    meter = dialogue(DRIVER, OLD, faulty(fault, seed, simulate(OLD.profile, motley)))
    with suppress(LinkError, WireError):
        assert meter.run(DRIVER.read_schedule(OLD)) == wanted


def test_no_meter_at_the_address_is_told_with_the_address() -> None:
    stranger = target_of("mercury-200.02", "111111")
    bus = VirtualBus([simulate(OLD.profile, ZONES)])
    with pytest.raises(NoAnswerError, match="address 111111"):
        dialogue(DRIVER, stranger, bus).run(DRIVER.read_energy(stranger))


def test_schedules_written_by_hand_are_read_with_their_notes() -> None:
    meter, simulated = pair(DRIVER, OLD, ZONES)
    assert isinstance(simulated, SimulatedMercury200)
    reading = meter.run(DRIVER.read_schedule(OLD))
    assert isinstance(reading.schedule, YearSchedule)
    assert reading.notes == ()
