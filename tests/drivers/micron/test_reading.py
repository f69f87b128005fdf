"""Reading whole meters: the driver's flows against the family's own simulator, whole, chopped, noisy, with faults."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import cycle, product
from typing import Final

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.errors import LinkError, NoAnswerError, NotSupportedError, RefusedError, WireError, WrongAddressError
from meterlink.model import Absent, EnergyReading, StatusReading
from meterlink.sim.bus import VirtualBus
from meterlink.sim.faults import FAULTS, parse_faults, wrap
from meterlink.tariff import YearSchedule, preset
from meterlink.testing import START, Delivery, dialogue, pair, transcript
from meterlink_micron import DRIVER
from meterlink_micron.checksum import Check
from meterlink_micron.energy_codec import amount
from meterlink_micron.messages import readdressed
from meterlink_micron.models import table_of
from meterlink_micron.sim import Behaviour, simulate
from tests.drivers.micron.scene import sealed, target_of
from tests.drivers.micron.still import ASCII, MODELS, STILL, dialogue_of_one_run, met, read_by
from tests.drivers.readings import Reading, has, readings, timeless
from tests.shipped import library

LONG = os.environ.get("METERLINK_LONG") == "1"
USUAL = ("seb-1tm.02", "psch-4tm.05mk", "set-4tm.01")
"""One of each checksum, request of energy and number of phases."""
READINGS = readings(DRIVER, archived=3, records=4, journals=("power", "cover", "parametrisation"))


def registers_of(reading: EnergyReading) -> dict[tuple[str, str, str], Decimal]:
    return {(value.quantity, value.direction, value.register): value.amount for value in reading.registers}


# --- energy -----------------------------------------------------------------------------------------------------------


def test_energy_is_half_pulses_by_the_constant_of_the_meter() -> None:
    target = target_of("set-4tm.02", "5", password=None)
    exchanges = [
        ("05 08 12 E6 0C", "05 11 01 00 51 7D"),  # vd-08-12-05, A = 25000
        ("05 08 02 E7 C0", "05 00 01 00 01 00 00 02 8F 5C 29 C2 F5"),  # vd-08-02
        *((f"{Check.CRC.sealed(bytes([5, 5, 0, tariff])).hex()}", _COUNTS) for tariff in range(9)),
    ]
    with transcript(DRIVER, target, exchanges) as meter:
        reading = meter.run(DRIVER.read_energy(target))
    told = registers_of(reading)
    assert told["active", "import", "T2"] == Decimal("0.20002")
    assert told["reactive", "import", "total"] == Decimal("0.10002")
    assert told["reactive", "export", "T8"] == Decimal("0.00202")
    assert reading.registers[0].raw == "00002711"


_COUNTS = "05 00 00 27 11 00 00 00 00 00 00 13 89 00 00 00 65 67 40"  # vd-05-00-02


@pytest.mark.parametrize(
    ("constant", "amounts"),
    [(5000, ("1.0001", "0.5001", "0.0101")), (25000, ("0.20002", "0.10002", "0.00202"))],
)
def test_the_scaling_of_the_source_is_exact(constant: int, amounts: tuple[str, ...]) -> None:
    assert tuple(str(amount(count, constant, 1)) for count in (10001, 5001, 101)) == amounts


@given(
    count=st.integers(0, 2**32 - 1),
    constant=st.sampled_from([5000, 25000, 1250, 6250, 500, 250, 6400]),
    ratio=st.integers(1, 2**32 - 1),
)
def test_no_digit_of_energy_is_lost(count: int, constant: int, ratio: int) -> None:
    told = amount(count, constant, ratio)
    sign, digits, places = told.as_tuple()
    assert isinstance(places, int)
    number = int("".join(map(str, digits)))
    assert sign == 0
    assert number * 2 * constant == count * ratio * 10**-places


def test_ratios_multiply_what_the_registers_count() -> None:
    talk, _, target = met("set-4tm.03", Behaviour(ratios=(100, 40)))
    plain, _, _ = met("set-4tm.03")
    scaled, told = (registers_of(each.run(DRIVER.read_energy(target))) for each in (talk, plain))
    for place, value in told.items():
        assert abs(scaled[place] - value) <= Decimal("0.4") * 8  # a half pulse of each tariff


def test_without_a_constant_the_raw_counts_are_told() -> None:
    talk, _, target = met("set-4tm.01")
    reading = talk.run(DRIVER.read_energy(target))
    assert reading.registers == ()
    reason = "the constant of the meter is not known; the raw count is 621420 half pulses"
    assert Absent(what="T1 active import", reason=reason) in reading.absent
    assert len(reading.absent) == 36


def test_a_constant_that_no_source_lists_is_not_guessed() -> None:
    talk, _, target = met("set-4tm.03", Behaviour(variant=bytes.fromhex("644F10")))
    reading = talk.run(DRIVER.read_energy(target))
    assert reading.registers == ()
    assert "raw count" in reading.absent[0].reason


def test_a_meter_that_names_another_constant_than_its_model_has_is_told() -> None:
    talk, _, target = met("seb-1tm.02", Behaviour(variant=bytes.fromhex("B4D028")))
    reading = talk.run(DRIVER.read_energy(target))
    (told,) = reading.absent
    assert told == Absent(
        what="constant",
        reason="the meter names 5000 impulses/kWh; 500 was used, as this model has no other",
    )
    assert registers_of(reading)["active", "import", "T1"] == Decimal("621.420")


@pytest.mark.parametrize("model", MODELS)
def test_the_total_is_the_sum_of_the_tariffs(model: str) -> None:
    talk, _, target = met(model)
    told = registers_of(talk.run(DRIVER.read_energy(target)))
    for quantity, direction, register in told:
        if register == "total" and quantity == "active":
            parts = [told[quantity, direction, f"T{n}"] for n in range(1, target.profile.limits.tariffs + 1)]
            assert told[quantity, direction, register] == sum(parts)
    kinds = {"active import": "A+", "active export": "A-", "reactive import": "R+", "reactive export": "R-"}
    has_kinds = {kinds[f"{quantity} {direction}"] for quantity, direction, _ in told}
    assert has_kinds == (set(table_of(target.profile).kinds) if told else set())


# --- who, when --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_every_model_knows_its_own_meter_and_no_other_kind(model: str) -> None:
    talk, _, target = met(model)
    identity = talk.run(DRIVER.identify(target))
    profile = target.profile
    assert not profile.match or profile.fits(identity.facts)
    others = [other for other in MODELS if other != model and library().get(other).fits(identity.facts)]
    twins = _TWINS if model in _TWINS else _UNTYPED if profile.driver_table["phases"] == 1 else ()
    assert others == [other for other in twins if other != model]


_TWINS = ("set-4tm.02m", "set-4tm.03m")  # their variant tells the same type
_UNTYPED = ("seb-1tm.03",)  # which type it tells is not published: only that it has one phase


@pytest.mark.parametrize(
    ("model", "variant"),
    [
        ("seb-1tm.03", "644280"),  # a SET-4TM.03M
        ("set-4tm.02", "649000"),  # a SET-1M.01
        ("set-4tm.02", "B4D428"),
        ("set-4tm.03m", "644230"),
        ("psch-4tm.05mk", "6442B4"),  # a PSCH-3TM
        ("seb-1tm.01", "B4D428"),
        ("seb-1tm.02", "B4D423"),
    ],
)
def test_the_meter_of_another_model_does_not_pass_for_this_one(model: str, variant: str) -> None:
    talk, _, target = met(model, Behaviour(variant=bytes.fromhex(variant)))
    facts = talk.run(DRIVER.identify(target)).facts
    assert any(facts[key] not in wanted for key, wanted in target.profile.match.items())


def test_who_it_is() -> None:
    talk, _, target = met("seb-1tm.02")
    identity = talk.run(DRIVER.identify(target))
    assert (identity.serial_number, identity.address, identity.firmware) == ("805181783", "83", "00.03.16")
    assert identity.manufactured == date(2014, 5, 17)
    assert identity.variant == "type 2 (SEB-1TM.01 or .02), execution 8, 500 imp/kWh"
    assert identity.facts == {"type": "2", "execution": 8, "phases": 1}


def test_a_type_that_nobody_lists_is_told_as_it_is() -> None:
    talk, _, target = met("seb-1tm.02", Behaviour(variant=bytes.fromhex("B4D4E3")))
    identity = talk.run(DRIVER.identify(target))
    assert identity.variant == "type E (not known), execution 3, 500 imp/kWh"
    assert not target.profile.fits(identity.facts)


def test_the_clock_tells_its_season() -> None:
    talk, _, target = met("seb-1tm.02", state=replace(STILL, dst_enabled=True))
    time = talk.run(DRIVER.read_clock(target))
    assert time.local == datetime(2025, 7, 21, 14, 5, 9)
    assert (time.weekday, time.season) == (1, "summer")


@pytest.mark.parametrize("enabled", [True, False])
def test_the_switch_is_told_as_what_the_meter_will_do(enabled: bool) -> None:
    """The flag means the opposite: 1 forbids."""
    talk, meter, target = met("seb-1tm.02", state=replace(STILL, dst_enabled=enabled))
    setting = talk.run(DRIVER.read_dst(target))
    assert setting.enabled == enabled
    assert bool(meter.memory.flags[1] & 1) == (not enabled)
    assert setting.begins == "last Sunday of month 3, 02:00"
    assert setting.ends == "last Sunday of month 10, 03:00"


def test_the_tariff_of_the_moment_follows_the_schedule() -> None:
    talk, _, target = met("psch-4tm.05", state=replace(STILL, schedule=preset("ru-household-2").schedule))
    mode = talk.run(DRIVER.read_tariff_mode(target))
    assert (mode.tariffs_in_force, mode.current_tariff) == (4, 1)


@pytest.mark.parametrize("model", MODELS)
def test_the_schedule_is_lifted_to_the_canonical_one(model: str) -> None:
    talk, _, target = met(model)
    reading = talk.run(DRIVER.read_schedule(target))
    assert isinstance(reading.schedule, YearSchedule)
    assert reading.schedule == STILL.schedule


# --- values of the moment ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["seb-1tm.02", "psch-3tm.05m", "psch-4tm.05", "set-4tm.03m"])
def test_momentary_values_have_the_scale_of_the_model(model: str) -> None:
    talk, _, target = met(model, state=replace(STILL, load_w=2940))
    values = {(value.quantity, value.phase): value.value for value in talk.run(DRIVER.read_instant(target)).values}
    single = table_of(target.profile).phases == 1
    phase = None if single else "A"
    current = Decimal("13.54") if single else Decimal("4.513")
    assert values["voltage", phase] == Decimal("229.8")
    assert abs(values["active power", None] - 2940) < 1
    assert abs(values["current", phase] - current) < Decimal("0.01")
    assert values["frequency", None] == 50


def test_a_power_that_flows_back_is_negative() -> None:
    target = target_of("seb-1tm.02", "5", password=None)
    exchanges = [
        ("05 08 12 E6 0C", sealed("05 B4 D4 28")),
        ("05 08 02 E7 C0", sealed("05 00 01 00 01 00 00 00 00 00 00")),
        (sealed("05 08 11 11"), sealed("05 00 59 C4")),
        (sealed("05 08 11 21"), sealed("05 00 09 C4")),
        (sealed("05 08 11 01"), sealed("05 80 E5 B0")),
        (sealed("05 08 11 31"), sealed("05 80 00 5F")),
        (sealed("05 08 11 40"), sealed("05 80 13 88")),
    ]
    with transcript(DRIVER, target, exchanges) as meter:
        values = {value.quantity: value.value for value in meter.run(DRIVER.read_instant(target)).values}
    assert values == {
        "voltage": Decimal("229.80"),
        "current": Decimal("2.5"),
        "active power": Decimal("-588"),
        "power factor": Decimal("0.95"),
        "frequency": Decimal(50),
    }


def test_a_quantity_that_the_meter_refuses_is_absent() -> None:
    talk, _, target = met("seb-1tm.02", Behaviour(refuses={b"\x08\x11": 1}))
    reading = talk.run(DRIVER.read_instant(target))
    assert reading.values == ()
    assert {part.reason for part in reading.absent} == {"this meter does not know the command"}


# --- what a model lacks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", [each for each in READINGS if each.needs], ids=lambda reading: reading.name)
def test_the_ascii_meters_are_named_and_not_asked(reading: Reading) -> None:
    meter = simulate(read_by(ASCII).profile, STILL)
    talk = dialogue(DRIVER, read_by(ASCII), VirtualBus([meter]))
    with pytest.raises(NotSupportedError, match="another protocol, of ASCII characters"):
        talk.run(reading.flow(read_by(ASCII)))
    assert meter.log == []


@pytest.mark.parametrize("name", ["SEB-2A.07", "СЭБ-2А.08", "seb-2a"])
def test_the_ascii_meters_are_found_by_their_names(name: str) -> None:
    assert library().named(name).model == ASCII


@pytest.mark.parametrize("model", MODELS)
def test_what_a_model_lacks_is_refused_before_any_byte(model: str) -> None:
    for reading in (each for each in READINGS if not has(read_by(model), each) and each.name != "tariff mode"):
        talk, meter, target = met(model)
        with pytest.raises(NotSupportedError):
            talk.run(reading.flow(target))
        assert meter.log == []


def test_no_meter_at_the_address_is_told_with_the_address() -> None:
    talk, _, _ = met("seb-1tm.02")
    other = target_of("seb-1tm.02", "84", password=None)
    with pytest.raises(NoAnswerError, match="address 83"):
        talk.run(DRIVER.read_energy(other))


def test_of_many_meters_on_a_line_the_asked_one_answers() -> None:
    target = read_by("psch-4tm.05m")
    meters = [
        simulate(target.profile, replace(STILL, address=str(number), serial_number=str(1000 + number)))
        for number in (82, 83, 84)
    ]
    talk = dialogue(DRIVER, target, VirtualBus(meters))
    assert talk.run(DRIVER.identify(target)).serial_number == "1083"


# --- deliveries and faults --------------------------------------------------------------------------------------------


DELIVERIES: Final = (Delivery.BYTE_BY_BYTE, Delivery.NOISY)
QUICK = [reading for reading in READINGS if reading.name not in ("schedule", "archive of months", "archive of days")]


@pytest.mark.parametrize(
    ("model", "how"),
    list(product(MODELS, DELIVERIES)) if LONG else list(zip(USUAL, cycle(DELIVERIES), strict=False)),
)
def test_every_reading_survives_every_delivery(model: str, how: Delivery) -> None:
    target = read_by(model)
    tried = READINGS if LONG or model == USUAL[0] else QUICK
    for reading in (each for each in tried if has(target, each)):
        whole, _ = pair(DRIVER, target, STILL)
        talk, _ = pair(DRIVER, target, STILL, how=how)
        assert timeless(talk.run(reading.flow(target))) == timeless(whole.run(reading.flow(target))), reading.name


@pytest.mark.parametrize("fault", ["echo", "echo-late", "split", "glued"])
def test_a_harmless_fault_changes_nothing(fault: str) -> None:
    target = read_by("seb-1tm.02")
    for reading in QUICK[:4]:
        whole, _ = pair(DRIVER, target, STILL)
        wire = wrap(VirtualBus([simulate(target.profile, STILL)]), parse_faults(fault), 7)
        told = dialogue(DRIVER, target, wire).run(reading.flow(target))
        assert timeless(told) == timeless(whole.run(reading.flow(target))), reading.name


def check(found: tuple[object, ...], absent: tuple[Absent, ...], true: tuple[object, ...]) -> None:
    """What is there is right, what is not there has its reason."""
    assert set(found) <= set(true)
    assert absent or found == true


@cache
def truth_of(model: str) -> tuple[EnergyReading, StatusReading]:
    talk, _ = pair(DRIVER, read_by(model), STILL)
    return talk.run(DRIVER.read_energy(read_by(model))), talk.run(DRIVER.read_status(read_by(model)))


@settings(max_examples=2000 if LONG else 15, deadline=None)
@given(
    model=st.sampled_from(("seb-1tm.02", "psch-4tm.05mk", "set-4tm.02m")),
    fault=st.sampled_from(sorted(FAULTS)),
    seed=st.integers(0, 10_000),
    chance=st.sampled_from([0.05, 0.2, 0.5, 1.0]),
    password=st.sampled_from([None, b"000000"]),
)
def test_under_every_fault_a_right_value_or_our_error(
    model: str, fault: str, seed: int, chance: float, password: bytes | None
) -> None:
    target = target_of(model, password=password)
    true, status_true = truth_of(model)
    meter = simulate(target.profile, STILL)
    wire = wrap(VirtualBus([meter]), parse_faults(f"{fault}:{chance}"), seed, readdressed)
    talk = dialogue_of_one_run(target, wire)
    with suppress(LinkError, WireError, RefusedError):
        energy = talk.run(DRIVER.read_energy(target))
        check(energy.registers, energy.absent, true.registers)
        status = talk.run(DRIVER.read_status(target))
        check(status.values, status.absent, status_true.values)
    assert meter.passwords_heard <= (0 if password is None else 2)
    assert talk.now() < START + 900


@pytest.mark.parametrize("fault", [f"{fault}:0.1" for fault in sorted(FAULTS)])
def test_a_whole_schedule_is_right_under_faults_or_not_told_at_all(fault: str) -> None:
    target = read_by("psch-4tm.05")
    truth, _ = pair(DRIVER, target, STILL)
    wanted = truth.run(DRIVER.read_schedule(target))
    wire = wrap(VirtualBus([simulate(target.profile, STILL)]), parse_faults(fault), 3, readdressed)
    with suppress(LinkError, WireError, RefusedError):
        assert dialogue(DRIVER, target, wire).run(DRIVER.read_schedule(target)) == wanted


def test_an_answer_from_another_address_is_told_as_such() -> None:
    target = read_by("seb-1tm.02")
    wire = wrap(VirtualBus([simulate(target.profile, STILL)]), parse_faults("wrong-address"), 1, readdressed)
    with pytest.raises(WrongAddressError):
        dialogue(DRIVER, target, wire).run(DRIVER.read_energy(target))
