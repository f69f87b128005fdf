"""Energy as registers count it: half pulses. Requests 05, 0A and 0B, and what a count is in kWh.

Count     four bytes, high byte first; E = N / (2 * A) * Kn * Kt, A the constant in impulses a kWh
Kinds     A+ A- R+ R- R1 R2 R3 R4, in this order
05        array << 4 | month, tariff               -> four counts, A+ A- R+ R-
0A        array, number, tariff, mask of kinds, 00 -> a count for each bit, from bit 0 up
0B        id, array, number, 00, mask of nine bytes -> id, a count for each bit; nine bits a kind: T1..T8, sum [one
          implementation; that the ninth bit is the sum is a guess]
Source    docs/protocols/micron.md, chapter 11
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final, Self

from meterlink.wire.payload import PayloadError
from meterlink_micron.payload import Codec, Payload, Whole

KINDS: Final = ("A+", "A-", "R+", "R-", "R1", "R2", "R3", "R4")
SUM: Final = 0
"""The number by which the sum of all tariffs is asked for."""

TOTAL: Final = 0x00
RUNNING: Final = 0xFF

ARRAYS: Final = {
    0x00: "total since reset",
    0x01: "this year",
    0x02: "previous year",
    0x03: "month",
    0x04: "this day",
    0x05: "previous day",
    0x06: "calendar day",
    0x10: "losses",
    0x81: "start of this year",
    0x82: "start of the previous year",
    0x83: "start of a month",
    0x84: "start of this day",
    0x85: "start of the previous day",
    0x86: "start of a calendar day",
    0xFF: "running tariff",
}
PAST: Final = {f"{array:02X}": array for array in (*range(0x01, 0x07), *range(0x81, 0x87))}
"""The arrays of past energy, as profiles write them."""

_COUNT: Final = 4
_FIELD_BITS: Final = 9
_TEXT: Final = {
    "mask": "no kind of energy is asked for",
    "array": "{array:02X}h is no array of energy",
}


def amount(count: int, constant: int, ratio: int) -> Decimal:
    """A count as kWh or kvarh, exactly; `ratio` is Kn * Kt."""
    places = next(places for places in range(40) if 10**places % (2 * constant) == 0)
    digits = count * ratio * (10**places // (2 * constant))
    return Decimal(f"{digits}E-{places}")


def counts(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[at : at + _COUNT], "big") for at in range(0, len(data), _COUNT))


def kinds_of(mask: int) -> tuple[str, ...]:
    """The kinds that a mask asks for, in the order of the answer."""
    return tuple(kind for bit, kind in enumerate(KINDS) if mask >> bit & 1)


def mask_of(kinds: Collection[str]) -> int:
    return sum(1 << bit for bit, kind in enumerate(KINDS) if kind in kinds)


def _array_name(array: int) -> str:
    if array not in ARRAYS:
        raise PayloadError(_TEXT["array"].format(array=array))
    return ARRAYS[array]


@dataclass(frozen=True, slots=True)
class EnergyIndex(Payload):
    """05. `month` counts only with array 3."""

    array: int
    month: int
    tariff: int

    sizes: ClassVar[Collection[int]] = (2,)

    def __post_init__(self) -> None:
        _array_name(self.array)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0] >> 4, data[0] & 0xF, data[1])

    def encode(self) -> bytes:
        return bytes([self.array << 4 | self.month, self.tariff])

    def told(self) -> dict[str, object]:
        month = {"month": self.month} if self.month else {}
        return {"array": self.array, "array_text": _array_name(self.array), **month, "tariff": self.tariff}


@dataclass(frozen=True, slots=True)
class EnergyMask(Payload):
    """0A. `number` is that of a month or day, binary."""

    array: int
    number: int
    tariff: int
    mask: int
    last: int = 0

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole(), Whole(), Whole())

    def __post_init__(self) -> None:
        _array_name(self.array)
        if not self.mask:
            raise PayloadError(_TEXT["mask"])

    def told(self) -> dict[str, object]:
        number = {"number": self.number} if self.number else {}
        return {
            "array": self.array,
            "array_text": _array_name(self.array),
            **number,
            "tariff": self.tariff,
            "mask": self.mask,
            "kinds": list(kinds_of(self.mask)),
        }


@dataclass(frozen=True, slots=True)
class EnergyBits(Payload):
    """0B."""

    identifier: int
    array: int
    number: int
    zero: int
    bits: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole(), Whole(), Whole(9))

    def __post_init__(self) -> None:
        _array_name(self.array)
        if not self.bits:
            raise PayloadError(_TEXT["mask"])

    @classmethod
    def of(cls, identifier: int, kinds: Collection[str], tariffs: int, array: int = TOTAL, number: int = 0) -> Self:
        """T1 to Tn of some kinds."""
        fields = (1 << _FIELD_BITS * KINDS.index(kind) for kind in kinds)
        return cls(identifier, array, number, 0, sum(((1 << tariffs) - 1) * field for field in fields))

    @property
    def asked(self) -> tuple[tuple[str, int], ...]:
        """Kind and tariff of each count of the answer; tariff 0 is the sum."""
        places = (divmod(bit, _FIELD_BITS) for bit in range(72) if self.bits >> bit & 1)
        return tuple((KINDS[kind], SUM if place == 8 else place + 1) for kind, place in places)

    def told(self) -> dict[str, object]:
        return {
            "identifier": self.identifier,
            "array": self.array,
            "array_text": _array_name(self.array),
            "number": self.number,
            "registers": [f"{kind} {'sum' if tariff == SUM else f'T{tariff}'}" for kind, tariff in self.asked],
        }


@dataclass(frozen=True, slots=True)
class Counts(Payload):
    """What 05, 0A and 08 0D answer: which kinds they are is a matter of the request."""

    counts: tuple[int, ...]

    sizes: ClassVar[Collection[int]] = (16, 4, 8, 12, 20, 24, 28, 32)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(counts(data))

    def encode(self) -> bytes:
        return b"".join(count.to_bytes(_COUNT, "big") for count in self.counts)

    def told(self) -> dict[str, object]:
        return {"counts_half_pulses": list(self.counts)}


@dataclass(frozen=True, slots=True)
class BitCounts(Payload):
    """What 0B answers."""

    identifier: int
    counts: tuple[int, ...]

    sizes: ClassVar[Collection[int]] = range(5, 1 + 72 * _COUNT + 1, _COUNT)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0], counts(data[1:]))

    def encode(self) -> bytes:
        return bytes([self.identifier]) + Counts(self.counts).encode()

    def told(self) -> dict[str, object]:
        return {"identifier": self.identifier, "counts_half_pulses": list(self.counts)}
