"""What counts are worth: the constant, the ratios and the factors of a meter, and what is told where one is missing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from meterlink.errors import NotSupportedError
from meterlink.model import Absent, InstantReading
from meterlink.report.body import states
from meterlink.report.body.facts import Facts
from meterlink.tariff import preset
from meterlink.testing import transcript
from meterlink.visit.snapshot import snapshot_facts, snapshot_of, take_snapshot
from meterlink_micron import DRIVER
from meterlink_micron.payload import Float
from meterlink_micron.sim import Behaviour
from tests.cli.program import validator
from tests.drivers.micron.scene import sealed, target_of
from tests.drivers.micron.still import STILL, met
from tests.report import works
from tests.report.drawn import html_act
from tests.report.test_act_paper import page_text

SECOND_MODEL = "seb-1tm.02"
RATIOS = b"\x08\x02"
VARIANT = b"\x08\x12"
POWERS = ("active power", "reactive power", "apparent power")


def powers_of(reading: InstantReading) -> dict[str, Decimal]:
    return {value.quantity: value.value for value in reading.values if value.quantity in POWERS and value.phase is None}


# --- ratios -----------------------------------------------------------------------------------------------------------


def test_what_energy_was_multiplied_by_is_told() -> None:
    talk, _, target = met("set-4tm.03", Behaviour(ratios=(100, 40)))
    assert talk.run(DRIVER.read_energy(target)).multiplied_by == 4000
    plain, _, _ = met("set-4tm.03")
    assert plain.run(DRIVER.read_energy(target)).multiplied_by == 1


@pytest.mark.parametrize("ratios", [(0, 1), (1, 0)])
def test_a_ratio_of_nothing_makes_no_zero_of_a_reading(ratios: tuple[int, int]) -> None:
    target = target_of("psch-4tm.05", "5", password=None)
    told = sealed(f"05 {ratios[0]:04X} {ratios[1]:04X} 00 00 00 00 00 00")
    energy = [
        (sealed("05 08 12"), sealed("05 64 42 30")),
        (sealed("05 08 02"), told),
        *((sealed(f"05 0A 00 00 {tariff:02X} 0F 00"), sealed("05 00 00 27 11" + "00" * 12)) for tariff in range(5)),
    ]
    with transcript(DRIVER, target, energy) as meter:
        reading = meter.run(DRIVER.read_energy(target))
    assert reading.registers == ()
    reason = f"the meter names the ratios {ratios[0]} and {ratios[1]}; the raw count is 10001 half pulses"
    assert Absent(what="T1 active import", reason=reason) in reading.absent


def test_momentary_values_of_a_ratio_of_nothing_are_absent() -> None:
    target = target_of(SECOND_MODEL, "5", password=None)
    exchanges = [
        (sealed("05 08 12"), sealed("05 B4 D4 28")),
        (sealed("05 08 02"), sealed("05 00 00 00 01 00 00 00 00 00 00")),
        (sealed("05 08 11 21"), sealed("05 00 09 C4")),
        (sealed("05 08 11 31"), sealed("05 00 00 5F")),
        (sealed("05 08 11 40"), sealed("05 00 13 88")),
    ]
    with transcript(DRIVER, target, exchanges) as meter:
        reading = meter.run(DRIVER.read_instant(target))
    assert {value.quantity for value in reading.values} == {"current", "power factor", "frequency"}
    assert {part.what for part in reading.absent} == {"voltage", "active power"}


@pytest.mark.parametrize("read", [DRIVER.read_energy, DRIVER.read_instant])
def test_a_meter_without_ratios_is_read_and_it_is_said(read: Any) -> None:
    """Direct connected ones may not know the command: there is nothing to multiply by."""
    talk, _, target = met(SECOND_MODEL, Behaviour(refuses={RATIOS: 1}))
    reading = talk.run(read(target))
    assert getattr(reading, "registers", None) or reading.values
    assert reading.absent == (Absent(what="transformer ratios", reason="this meter does not know the command"),)


def test_a_register_of_ones_holds_nothing() -> None:
    target = target_of(SECOND_MODEL, "5", password=None)
    counts = ["00 00 27 10", "00 00 27 10", "00 00 00 00", "FF FF FF FF", "FF FF FF FE"]
    exchanges = [
        (sealed("05 08 12"), sealed("05 B4 D4 28")),
        (sealed("05 08 02"), sealed("05 00 01 00 01 00 00 00 00 00 00")),
        *((sealed(f"05 0A 00 00 {tariff:02X} 01 00"), sealed(f"05 {count}")) for tariff, count in enumerate(counts)),
    ]
    with transcript(DRIVER, target, exchanges) as meter:
        reading = meter.run(DRIVER.read_energy(target))
    assert [value.register for value in reading.registers] == ["total", "T1", "T2", "T4"]
    assert reading.absent == (Absent(what="T3 active import", reason="the meter holds no number there (FFFFFFFF)"),)


def act_of(ratios: tuple[int, int]) -> str:
    """What an act would say of the readings that were taken, through the log."""
    talk, _, target = met("set-4tm.03", Behaviour(ratios=ratios))
    kept = snapshot_of(snapshot_facts(talk.run(take_snapshot(DRIVER, target, None))))
    state = Facts(values=snapshot_facts(kept), n=0)
    body = works.body_of(works.household_work()) | {"readings": states.readings(state, state)}
    return page_text(html_act(body, {}, ""))


def test_an_act_says_whether_its_readings_are_multiplied() -> None:
    """Whoever bills by it would multiply a second time."""
    assert "без умножения на коэффициенты трансформации" in act_of((1, 1))
    told = act_of((100, 40))
    assert "без умножения" not in told
    assert "уже умножены на коэффициенты трансформации, записанные в приборе: × 4000" in told


# --- tariffs in force -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "in_force"), [("set-4tm.03m", 8), ("set-4tm.01", 8), ("psch-4tm.05", 4), ("seb-1tm.02d", None)]
)
def test_the_tariff_of_the_moment_is_told_of_every_model(model: str, in_force: int | None) -> None:
    """Also where there is no one-tariff mode, and where nobody knows whether there is one."""
    talk, _, target = met(model, state=replace(STILL, schedule=preset("ru-household-2").schedule))
    mode = talk.run(DRIVER.read_tariff_mode(target))
    assert (mode.tariffs_in_force, mode.current_tariff) == (in_force, 1)


def test_a_meter_of_which_nothing_is_known_has_no_mode() -> None:
    talk, _, target = met("seb-1tm.02d", Behaviour(refuses={b"\x08\x0e": 1}))
    with pytest.raises(NotSupportedError, match="one-tariff mode is not known"):
        talk.run(DRIVER.read_tariff_mode(target))


# --- factors of powers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "variant", "factor"),
    [
        ("set-4tm.03m", "644280", 2),  # 120-230 V, 5 A
        ("set-4tm.03m", "604080", 1),  # 57.7 V
        ("set-4tm.03m", "654380", 1),  # 120-230 V, 1 A
        ("set-4tm.03", "654210", 2),  # its 1 (10) A counts as the large ones
        ("set-4tm.03", "614010", 1),
        ("psch-3tm.05m", "B44570", 20),
    ],
)
def test_powers_have_the_factor_of_the_variant(model: str, variant: str, factor: int) -> None:
    target = target_of(model, "5", password=None)
    watts = "05" + "00 03 E8" * 4
    exchanges = [
        (sealed("05 08 12"), sealed(f"05 {variant}")),
        (sealed("05 08 02"), sealed("05 00 01 00 01 00 00 00 00 00 00")),
        *((sealed(f"05 08 16 {number}"), sealed(watts)) for number in ("10", "20", "00", "04", "08", "30")),
        (sealed("05 08 11 40"), sealed("05 00 13 88")),
    ]
    with transcript(DRIVER, target, exchanges) as meter:
        powers = powers_of(meter.run(DRIVER.read_instant(target)))
    assert powers == dict.fromkeys(POWERS, Decimal(factor))


@pytest.mark.parametrize(
    ("model", "behaviour"),
    [
        ("set-4tm.01", Behaviour()),  # tells no variant, and no source has its factor
        ("set-4tm.03m", Behaviour(refuses={VARIANT: 1})),
        ("set-4tm.03m", Behaviour(variant=bytes.fromhex("6C4280"))),  # a voltage that no source lists
        ("set-4tm.03m", Behaviour(variant=bytes.fromhex("664280"))),  # a current that has no factor
    ],
)
def test_powers_of_an_unknown_factor_are_not_told(model: str, behaviour: Behaviour) -> None:
    talk, _, target = met(model, behaviour, replace(STILL, load_w=2940))
    reading = talk.run(DRIVER.read_instant(target))
    assert powers_of(reading) == {}
    reason = "what its counts of power are worth is not known of this variant"
    assert {part.what for part in reading.absent if part.reason == reason} == set(POWERS)
    assert {"voltage", "current", "power factor", "frequency"} <= {value.quantity for value in reading.values}


# --- floats -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", ["FFFF7F7F", "FFFF7FFF", "FEFF7F7F", "01000000", "00000000"])
def test_a_float_at_the_edge_is_a_number(raw: str) -> None:
    assert Float().encode(Float().decode(bytes.fromhex(raw))) == bytes.fromhex(raw)


# --- documents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "behaviour"), [("set-4tm.01", Behaviour()), ("set-4tm.03", Behaviour(ratios=(100, 40)))]
)
def test_any_state_is_one_that_documents_know(model: str, behaviour: Behaviour) -> None:
    """Also of a meter without registers, because it does not tell its constant."""
    talk, _, target = met(model, behaviour)
    told = snapshot_facts(talk.run(take_snapshot(DRIVER, target, None)))
    assert bool(told["energy"]) == (model != "set-4tm.01")
    state = validator("meterlink.visit/1").evolve(schema={"$ref": "visit-1.json#/$defs/snapshot"})
    assert [error.message for error in state.iter_errors(told)] == []
