"""Who a meter is, as it answers: serial number, addresses, firmware, variant, ratios, names.

Layouts: docs/protocols/micron.md, 5, 7.3 and 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from meterlink_micron.payload import Codec, Day, Digits, Payload, Raw, Whole


@dataclass(frozen=True, slots=True)
class Serial(Payload):
    """08 00."""

    serial: int
    made: date

    layout: ClassVar[tuple[Codec, ...]] = (Whole(4), Day())


@dataclass(frozen=True, slots=True)
class Ratios(Payload):
    """08 02; the last six bytes count on SET-4TM.01, and on SET-4TM.02 below V13, alone."""

    voltage_ratio: int
    current_ratio: int
    dimension: int
    whole: int
    fraction: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(2), Whole(2), Whole(), Whole(), Whole(4))


@dataclass(frozen=True, slots=True)
class Firmware(Payload):
    """08 03: three packed decimals."""

    first: int
    second: int
    third: int

    layout: ClassVar[tuple[Codec, ...]] = (Digits(), Digits(), Digits())

    @property
    def version(self) -> str:
        return f"{self.first:02d}.{self.second:02d}.{self.third:02d}"

    def told(self) -> dict[str, object]:
        return {"version": self.version}


@dataclass(frozen=True, slots=True)
class ShortAddress(Payload):
    """08 05 and 08 05 00."""

    zero: int
    address: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())
    shown_as: ClassVar[Mapping[str, str]] = {"zero": "", "address": "short_address"}


@dataclass(frozen=True, slots=True)
class ExtendedAddress(Payload):
    """08 05 01."""

    ext_address: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(4),)
    shown_as: ClassVar[Mapping[str, str]] = {"ext_address": "extended_address"}


CONSTANTS: Final[Mapping[int, int]] = {0: 5000, 1: 25000, 2: 1250, 3: 6250, 4: 500, 5: 250, 6: 6400}
"""Impulses a kWh by the code of the variant."""
TYPES: Final[Mapping[int, str]] = {
    0x0: "SET-4TM.02",
    0x1: "SET-4TM.03",
    0x2: "SEB-1TM.01 or .02",
    0x3: "PSCH-4TM.05",
    0x4: "SEO-1.16",
    0x5: "PSCH-3TM.05",
    0x6: "PSCH-4TM.05M",
    0x7: "PSCH-3TM.05M",
    0x8: "SET-4TM.02M or .03M",
    0x9: "SEB-1TM.02D",
    0xA: "PSCH-3TM or 4TM.05D",
    0xB: "PSCH-3TM or 4TM.05MK",
    0xC: "SEB-1TM.02M",
    0xD: "PSCH-4TM.05MD",
    0xF: "PSCH-4TM.05MN",
}
_CLASSES: Final = ("0.2", "0.5", "1.0", "2.0")
_VOLTAGES: Final = {0: "57.7 V", 1: "120-230 V"}
_CURRENTS: Final = {0: 5, 1: 1, 2: 10}


@dataclass(frozen=True, slots=True)
class Variant(Payload):
    """08 12, three bytes of bits."""

    measuring: int
    making: int
    type_bits: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole())

    @property
    def type_code(self) -> int:
        return self.type_bits >> 4

    @property
    def execution(self) -> int:
        """The low nibble, whose meaning is a matter of the type."""
        return self.type_bits & 0xF

    @property
    def constant(self) -> int | None:
        """A in impulses a kWh; None for a code that no source lists."""
        return CONSTANTS.get(self.making & 0xF)

    @property
    def is_low_voltage(self) -> bool | None:
        """57.7 V, behind transformers; None for a code that no source lists."""
        return {0: True, 1: False}.get(self.measuring >> 2 & 3)

    @property
    def phases(self) -> int | None:
        return {0: 3, 1: 1}.get(self.making >> 4 & 3)

    @property
    def current_a(self) -> int | None:
        return _CURRENTS.get(self.measuring & 3)

    @property
    def is_one_way(self) -> bool:
        return bool(self.making >> 7)

    def told(self) -> dict[str, object]:
        return {
            "accuracy_active_pct": _CLASSES[self.measuring >> 6],
            "accuracy_reactive_pct": _CLASSES[self.measuring >> 4 & 3],
            "u_nominal": _VOLTAGES.get(self.measuring >> 2 & 3, f"code {self.measuring >> 2 & 3}"),
            "i_nominal_a": self.current_a,
            "directions": 1 if self.is_one_way else 2,
            "temp_min_c": -40 if self.making >> 6 & 1 else -20,
            "phases": self.phases,
            "constant_imp_per_kwh": self.constant,
            "type_code": self.type_code,
            "type": TYPES.get(self.type_code, "not known"),
            "execution": self.execution,
        }


@dataclass(frozen=True, slots=True)
class Name(Payload):
    """08 0B; which code page is not defined, so it stays bytes."""

    raw: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(16),)


@dataclass(frozen=True, slots=True)
class Identifier(Payload):
    """08 24."""

    raw: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(32),)


@dataclass(frozen=True, slots=True)
class Password(Payload):
    """08 25: the one answer that is a secret."""

    raw: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(6),)

    def told(self) -> dict[str, object]:
        return {"password": "**"}
