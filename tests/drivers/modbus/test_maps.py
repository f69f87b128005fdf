"""What the lint finds in a register map; the maps that came with meterlink have nothing wrong in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.errors import ProfileError
from meterlink.profiles import CAPABILITIES
from meterlink_modbus import DRIVER
from meterlink_modbus.map_reader import KEYS, NUMBER_KEYS, map_of
from tests.drivers.modbus.meters import MODELS, with_support, with_table
from tests.shipped import library

VOLTAGE = {"quantity": "voltage", "unit": "V", "address": 0x0010, "type": "float32"}
T1 = {"register": "T1", "direction": "import", "unit": "kWh", "address": 0x0100, "type": "float32"}
TABLES = {"slots": 8, "day_tables": [0x0300], "zones": {"address": 0x0360, "slots": 8}}


def problems(**changed: Any) -> list[str]:
    """What is wrong with a read-only map of these keys."""
    bare: dict[str, Any] = dict.fromkeys(("identity", "status", "clock", "tariffs", "readable", "writable"))
    profile = with_support(
        with_table("or-we-517", **{**bare, "energy": [T1], "instant": [VOLTAGE], **changed}),
        **dict.fromkeys(("clock", "set_clock", "schedule", "set_schedule", "reactive_energy"), False),
    )
    return DRIVER.check_profile(profile)


@pytest.mark.parametrize("model", MODELS)
def test_the_maps_that_came_with_meterlink_are_right_and_say_all(model: str) -> None:
    profile = library().get(model)
    assert DRIVER.check_profile(profile) == []
    assert set(profile.supports) == CAPABILITIES
    supported = {name for name, support in profile.supports.items() if support.supported}
    assert supported <= DRIVER.capabilities
    assert profile.caveats


def test_a_bare_map_has_nothing_wrong() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"energi": []}, "energi: is not a key of this family, did you mean energy?"),
        ({"function": 5}, "function: is 5, must be one of 3, 4"),
        ({"most_registers": 126}, "most_registers: is 126, must be a whole number from 1 to 125"),
        ({"most_registers": None}, "most_registers: is missing"),
        ({"word_order": "little"}, "word_order: is 'little', must be one of high first, low first"),
        ({"factory_address": 0}, "factory_address: is 0, must be a whole number from 1 to 247"),
        ({"energy": "T1"}, "energy: must be a list of tables"),
        ({"energy": [T1 | {"type": "float"}]}, "energy[1].type: is 'float', must be one of uint16, int16, uint32"),
        ({"energy": [T1 | {"unit": "Joule"}]}, "energy[1].unit: is 'Joule', must be one of Wh, kWh, MWh, varh"),
        ({"energy": [T1 | {"register": "T9"}]}, "energy[1].register: is 'T9', must be one of total, T1"),
        (
            {"energy": [T1 | {"direction": "in"}]},
            "energy[1].direction: is 'in', must be one of import, export, combined",
        ),
        ({"energy": [{**T1, "type": None}]}, "energy[1].type: is missing"),
        ({"energy": [{**T1, "direction": None}]}, "energy[1].direction: is missing"),
        ({"energy": [T1 | {"scale": 0}]}, "energy[1].scale: is 0, must be above 0"),
        ({"energy": [T1 | {"scale": "0.1"}]}, "energy[1].scale: is '0.1', must be a number"),
        (
            {"energy": [T1 | {"address": 0x10000}]},
            "energy[1].address: is 65536, must be a whole number from 0 to 65535",
        ),
        ({"energy": [T1 | {"address": 0xFFFF}]}, "energy: active import T1 ends behind the last register FFFF"),
        ({"energy": [T1 | {"count": 1}]}, "energy[1].count: is 1, and a float32 has 2"),
        ({"energy": [T1 | {"type": "bcd"}]}, "energy[1].count: is missing"),
        ({"energy": [T1 | {"words": {}}]}, "energy[1].words: is not a key of this family"),
        ({"energy": [T1, T1 | {"address": 0x0102}]}, "energy: active import T1 stands twice"),
        (
            {"energy": [T1, T1 | {"register": "T2", "address": 0x0101}]},
            "energy: energy active import T1 (0100-0101) overlaps energy active import T2 (0101-0102)",
        ),
        (
            {"instant": [VOLTAGE | {"address": 0x0101}]},
            "instant: energy active import T1 (0100-0101) overlaps instant voltage (0101-0102)",
        ),
        ({"instant": [VOLTAGE | {"unit": "kWh"}]}, "instant[1].unit: is 'kWh', must be one of V"),
        ({"instant": [VOLTAGE | {"quantity": "tension"}]}, "instant[1].quantity: is 'tension', must be one of voltage"),
        ({"instant": [VOLTAGE | {"phase": "A"}]}, "instant[1].phase: is 'A', must be one of L1, L2, L3"),
        ({"instant": [VOLTAGE | {"least": 9, "most": 1}]}, "instant[1].least: is 9, above most = 1"),
        ({"bounds": {}}, "energy[1].least: has no bounds: give least and most, or bounds.kWh"),
        ({"bounds": {"V": [0]}}, "bounds.V: must be a pair [least, most]"),
        ({"bounds": {"kwh": [0, 9]}}, "bounds.kwh: is not a key of this family, did you mean kWh?"),
        ({"readable": [[0, 0x10001]]}, "readable: is 65537, must be a whole number from 1 to 65536"),
        ({"status": [{"name": "", "address": 1, "type": "uint16"}]}, "status[1].name: is '', must be a text"),
        ({"clock": {"address": 1, "layout": "SS MI HH DD MO"}}, "clock.layout: is 'SS MI HH DD MO', must be an even"),
        ({"clock": {"address": 1, "layout": "SS MI HH DD MO YY", "sunday": 1}}, "clock.sunday: is 1, must be 0 or 7"),
        ({"tariffs": {**TABLES, "day_tables": {"workday": 1}}}, "tariffs.day_tables: must be a list of registers, or"),
        ({"tariffs": {"slots": 8, "day_tables": [0x0300]}}, "tariffs.zones: is missing: numbered day tables count by"),
        ({"tariffs": {**TABLES, "slots": 7}}, "tariffs.slots: 7 slots of 3 bytes are no whole number of registers"),
        (
            {"tariffs": {**TABLES, "day_tables": {"workday": 0, "weekend": 64, "holiday": 128}}},
            "tariffs.zones: stands beside day tables by kind of day, which know none",
        ),
        (
            {"tariffs": {**TABLES, "day_tables": [0x0360]}},
            "tariffs: tariffs day table 1 (0360-036B) overlaps tariffs year",
        ),
        (
            {"tariffs": {**TABLES, "slots": 48}},
            "tariffs: day table 1 has 72 registers, and one frame holds 60",
        ),
    ],
)
def test_a_mistake_is_named_with_its_key(changed: dict[str, Any], told: str) -> None:
    assert any(line.startswith(told) for line in problems(**changed)), problems(**changed)


def test_a_capability_needs_its_key() -> None:
    profile = with_table("or-we-517", clock=None, instant=[])
    assert DRIVER.check_profile(profile) == [
        "instant: is missing, and supports.instant needs it",
        "instant: is missing, and supports.frequency needs it",
        "instant: is missing, and supports.reactive_power needs it",
        "clock: is missing, and supports.clock needs it",
        "clock: is missing, and supports.set_clock needs it",
    ]


def test_a_capability_needs_its_rows() -> None:
    profile = with_support(with_table("or-we-517", energy=[T1]), holidays=True)
    assert DRIVER.check_profile(profile) == [
        "tariffs.holidays: is missing, and supports.holidays needs it",
        "energy: is missing, and supports.reactive_energy needs it",
    ]


def test_what_one_frame_cannot_write_is_told() -> None:
    """125 registers are read in one request, 123 are written."""
    clock = {"address": 0x1000, "layout": "SS MI HH DD MO YY " + "00 " * 242}
    profile = with_table("or-we-517", clock=clock, most_registers=125, writable=[[0x1000, 124], [0x300, 108], [12, 1]])
    assert DRIVER.check_profile(profile) == ["writable: clock has 124 registers, and one frame holds 123"]


def test_registers_that_nobody_would_read_are_told() -> None:
    """Else a file is right, and the values that its writer waits for never come."""
    reactive = T1 | {"unit": "kvarh", "address": 0x0102}
    assert problems(energy=[T1, reactive]) == [
        "energy: has such registers, and supports.reactive_energy is not true: they would never be read"
    ]
    profile = with_support(with_table("or-we-517"), energy=False, reactive_energy=False, instant=False)
    assert DRIVER.check_profile(profile) == [
        "energy: has such registers, and supports.energy is not true: they would never be read",
        "energy: has such registers, and supports.reactive_energy is not true: they would never be read",
        "instant: has such registers, and supports.instant is not true: they would never be read",
    ]


def test_the_register_of_the_unit_id_has_its_place_and_is_never_written() -> None:
    assert problems(address_register=0x0101) == [
        "address_register: energy active import T1 (0100-0101) overlaps address_register (0101)"
    ]
    assert problems(address_register=0x0200, writable=[[0x0200, 1]]) == [
        "writable: address_register (0200) is measured or told by the meter, and lies among what may be written"
    ]


def test_what_is_written_must_be_permitted_and_nothing_that_is_measured_may_be() -> None:
    narrow = with_table("or-we-517", writable=[[0x003C, 3], [0x0300, 0x6C]])
    assert DRIVER.check_profile(narrow) == [
        "writable: clock (003C-003F) lies outside writable, and supports.set_clock would write it",
        "writable: weekend and holiday tables (000C) lies outside writable, and supports.set_schedule would write it",
    ]
    wide = with_table("or-we-517", writable=[[0x0000, 0x40], [0x0132, 2], [0x0300, 0x6C]])
    told = DRIVER.check_profile(wide)
    assert "writable: energy active import T1 (0132-0133) is measured or told by the meter, and lies among what " in (
        "\n".join(told)
    )
    assert any("identity serial number (0000-0001)" in line for line in told)
    inputs = with_table("or-we-517", function=4)
    assert "function: input registers cannot be written, and supports.set_clock would write them" in (
        DRIVER.check_profile(inputs)
    )


def test_a_broken_map_is_an_error_of_the_profile_and_never_a_crash() -> None:
    with pytest.raises(ProfileError) as caught:
        map_of(with_table("or-we-517", energy=[T1 | {"type": "float"}]))
    assert caught.value.key == "driver_table.energy[1].type"


def test_neither_the_password_nor_line_nor_energy_code_of_any_model_may_be_written() -> None:
    never = {
        "or-we-517": (0x0000, 0x0002, 0x0003, 0x000B, 0x000D, 0x0100, 0x0130),
        "or-we-526": (0x1000, 0x1003, 0x100B, 0x100C, 0x100F, 0x1016, 0x0110),
        "or-we-515": (0x0110, 0x0111, 0x0114, 0x0118, 0x011C, 0x8123, 0x8140, 0xA000),
    }
    for model, registers in never.items():
        assert not any(map_of(library().get(model)).may_write(register, 1) for register in registers)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NUMBER_KEYS), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(KEYS), ANYTHING)
@settings(max_examples=80, deadline=None)
def test_any_value_under_any_key_is_told_or_taken_and_never_a_crash(key: str, value: object) -> None:
    assert DRIVER.check_profile(with_table("or-we-517", **{key: value})) is not None


@given(st.sampled_from(["energy", "instant", "identity", "status"]), st.sampled_from(NUMBER_KEYS), ANYTHING)
@settings(max_examples=80, deadline=None)
def test_any_value_in_any_row_is_told_or_taken_and_never_a_crash(key: str, field: str, value: object) -> None:
    row = {"energy": T1, "instant": VOLTAGE}.get(key, {"name": "x", "address": 7, "type": "uint16"})
    assert DRIVER.check_profile(with_table("or-we-517", **{key: [{**row, field: value}]})) is not None


def test_no_register_of_any_meter_stands_in_the_driver() -> None:
    """Adding a meter is a profile: the numbers of its map stand nowhere else."""
    folder = Path(__file__).parents[3] / "drivers" / "meterlink_modbus"
    numbers = {
        int(found, 16)
        for path in folder.glob("*.py")
        for found in re.findall(r"0x([0-9A-Fa-f]{3,})", path.read_text(encoding="utf-8"))
    }
    assert numbers == {0x10000}
