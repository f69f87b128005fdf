"""What a profile says about a model in the family's own table, as typed values, and whether that table makes sense."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meterlink.profiles import ARCHIVES, Profile
from meterlink.profiles.problems import table_problems
from meterlink_micron import memory
from meterlink_micron.arrays import kept_by
from meterlink_micron.checksum import Check
from meterlink_micron.energy_codec import KINDS, PAST
from meterlink_micron.identity_codec import CONSTANTS, Variant

ENERGY_FORMS: Final = ("05", "0A", "0B")
_SMALL_A: Final = 1
_LARGE_A: Final = 5
SCALED_BY: Final = ("nothing", "voltage", "voltage and current")
MOMENTARY: Final = ("voltage", "current", "active power", "reactive power", "apparent power", "power factor")
JOURNALS: Final[Mapping[str, int]] = {
    "power": 0x01,
    "clock": 0x02,
    "holidays": 0x03,
    "schedule": 0x04,
    "energy_reset": 0x05,
    "cover": 0x0A,
    "state": 0x3C,
    "moved_days": 0x3E,
    "passwords": 0x46,
    "parametrisation": 0x47,
    "second_cover": 0x52,
    "body": 0x53,
    "magnet": 0x56,
}
"""Numbers of the journals that meterlink reads, by its names."""

_ARRAYS_OF_05: Final = 0x06
_WRONG: Final = {
    "05": "arrays: the request 05 names those from 01 to 05 alone",
    "promised": "arrays: supports.{capability} is promised, and none of them keeps it",
}

_Check = Callable[[object], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`[driver_table]`, typed, but for the keys of `memory`.

    `check`             the checksum of frames
    `extended_address`  whether the model has an address of four bytes
    `short_records`     whether journals are asked for by 04 alone, which knows those up to 0A
    `variant`           whether the model answers 08 12
    `constant`          the constant A where the variant does not tell it, or tells it wrongly; 0: as the variant says
    `kinds`             the energies that it counts
    `energy`            the request by which they are read
    `arrays`            the arrays of past energy that it keeps
    `months_used`       how many months its array of what was used in a month keeps
    `correction`        the soft correction of the clock: "0B" by seconds, "0D" to a time of day where 0B is not known
    `phases`            1 or 3
    `momentary`         momentary quantities that it measures
    `power_scale`       the factor Kc of powers; `scaled_by`: of which bits of the variant it depends. By the voltage it
                        is 1 at 57.7 V, by the current also 1 at 1 A; what no source lists has none
    `current_scale`     the factor Ci of currents
    `state_bits`        what the errors E-n of the state word mean, by n
    `state_normal`      errors that a healthy meter shows
    `journals`          its journals, by meterlink's names
    `relay`             whether it may have a load relay that tells its state
    `simulated_variant` the three bytes of 08 12, for the simulator
    """

    check: Check
    extended_address: bool
    short_records: bool
    variant: bool
    constant: int
    kinds: tuple[str, ...]
    energy: str
    arrays: tuple[int, ...]
    months_used: int
    correction: str
    phases: int
    momentary: tuple[str, ...]
    power_scale: int
    scaled_by: str
    current_scale: int
    state_bits: Mapping[str, str]
    state_normal: tuple[int, ...]
    journals: tuple[str, ...]
    relay: bool
    simulated_variant: str

    def scales(self, variant: Variant | None) -> tuple[int | None, int]:
        """Kc, None where no source tells it, and Ci: what the counts of power and current are multiplied with."""
        return self._power_scale(variant), self.current_scale

    def _power_scale(self, variant: Variant | None) -> int | None:
        if self.scaled_by == "nothing":
            return self.power_scale
        if variant is None or variant.is_low_voltage is None:
            return None
        if variant.is_low_voltage:
            return 1
        if self.scaled_by == "voltage" or variant.current_a == _LARGE_A:
            return self.power_scale
        return 1 if variant.current_a == _SMALL_A else None

    def constant_of(self, variant: Variant | None) -> int | None:
        """Impulses a kWh; None where nobody knows."""
        return self.constant or (None if variant is None else variant.constant)


def _is(kind: type) -> _Check:
    return lambda value: isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _one_of(*values: object) -> _Check:
    return lambda value: value in values and not isinstance(value, bool)


def _list_of(check: _Check) -> _Check:
    return lambda value: isinstance(value, Sequence) and not isinstance(value, str) and all(map(check, value))


def _some_of(options: Collection[str]) -> tuple[_Check, str]:
    return _list_of(_one_of(*options)), f"a list out of {', '.join(options)}"


def _is_bits(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        str(key).isdecimal() and 1 <= int(key) <= 40 and isinstance(word, str) for key, word in value.items()
    )


def _is_variant(value: object) -> bool:
    try:
        return isinstance(value, str) and len(bytes.fromhex(value)) in (0, 3)
    except ValueError:
        return False


_FLAG: Final = (_is(bool), "true or false")
_CHECKS: Final[Mapping[str, tuple[_Check, str]]] = {
    "check": (_one_of(*Check), " or ".join(Check)),
    "extended_address": _FLAG,
    "short_records": _FLAG,
    "variant": _FLAG,
    "constant": (_one_of(0, *CONSTANTS.values()), f"0 or one of {', '.join(map(str, CONSTANTS.values()))}"),
    "kinds": _some_of(KINDS),
    "energy": (_one_of(*ENERGY_FORMS), f"one of {', '.join(ENERGY_FORMS)}"),
    "arrays": _some_of(PAST),
    "months_used": (_one_of(12, 13), "12 or 13"),
    "correction": (_one_of("0B", "0D"), "0B or 0D"),
    "phases": (_one_of(1, 3), "1 or 3"),
    "momentary": _some_of(MOMENTARY),
    "power_scale": (_one_of(1, 2, 10, 20), "1, 2, 10 or 20"),
    "scaled_by": (_one_of(*SCALED_BY), f"one of {', '.join(SCALED_BY)}"),
    "current_scale": (_one_of(1, 10), "1 or 10"),
    "state_bits": (_is_bits, "a table of texts by the numbers 1 to 40"),
    "state_normal": (_list_of(_is(int)), "a list of numbers"),
    "journals": _some_of(JOURNALS),
    "relay": _FLAG,
    "simulated_variant": (_is_variant, "three bytes in hexadecimal, or empty"),
    **memory.CHECKS,
}


def table_of(profile: Profile) -> Table:
    """The table of a profile that `problems_of` found nothing in."""
    raw: dict[str, Any] = {key: value for key, value in profile.driver_table.items() if key not in memory.CHECKS}
    raw["check"] = Check(raw["check"])
    raw["arrays"] = tuple(PAST[name] for name in raw["arrays"])
    return Table(**raw)


def problems_of(profile: Profile) -> list[str]:
    """What is wrong with it, as `key: why`."""
    return table_problems(profile.driver_table, _CHECKS) or list(_array_problems(profile))


def _array_problems(profile: Profile) -> Iterator[str]:
    """Arrays that the request for energy cannot name, and archives that are promised and not kept."""
    table = table_of(profile)
    if table.energy == "05" and not set(table.arrays) <= set(range(_ARRAYS_OF_05)):
        yield _WRONG["05"]
    kept = kept_by(table)
    for archive, capability in ARCHIVES.items():
        if profile.has(capability) and archive not in kept:
            yield _WRONG["promised"].format(capability=capability)
