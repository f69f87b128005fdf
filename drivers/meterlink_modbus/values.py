"""What registers hold: numbers of several types, in the word order and scale of a meter. Pure.

A binary float becomes the shortest decimal that gives the same float again. What lies outside the bounds that a profile
states is no value: a wrong word order, a wrong type and a wrong scale show as such.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from meterlink.wire.payload import PayloadError, decode_bcd, encode_bcd

WordOrder = Literal["high first", "low first"]
WORD_ORDERS: Final = ("high first", "low first")


@dataclass(frozen=True, slots=True)
class _Type:
    """One type: its registers (0: any number of them) and the `struct` format, empty for packed decimal."""

    registers: int
    format: str = ""


TYPES: Final[Mapping[str, _Type]] = {
    "uint16": _Type(1, ">H"),
    "int16": _Type(1, ">h"),
    "uint32": _Type(2, ">I"),
    "int32": _Type(2, ">i"),
    "uint64": _Type(4, ">Q"),
    "int64": _Type(4, ">q"),
    "float32": _Type(2, ">f"),
    "float64": _Type(4, ">d"),
    "bcd": _Type(0),
}
FLOATS: Final = ("float32", "float64")

_SMALLEST: Final = 1e-6
"""A float nearer to 0 than this, and not 0, is no quantity of a meter; a wrong word order looks so."""

_TEXT: Final = {
    "float": "{value!r} is no quantity that a meter measures; is the word order of the profile right?",
    "bounds": "{value} lies outside {least} to {most}; are type, word order and scale of the profile right?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """How one number stands in registers. `least` and `most` bound the scaled value, None where nothing does."""

    address: int
    count: int
    type: str
    word_order: WordOrder = "high first"
    scale: Decimal = Decimal(1)
    least: Decimal | None = None
    most: Decimal | None = None

    @property
    def end(self) -> int:
        """The address behind the last register."""
        return self.address + self.count

    def decode(self, data: bytes) -> Decimal:
        """The scaled value of the registers' bytes; PayloadError where it is none that a meter can mean."""
        value = self._plain(self._ordered(data)) * self.scale
        low, high = self.least, self.most
        if (low is not None and value < low) or (high is not None and value > high):
            raise PayloadError(_TEXT["bounds"].format(value=f"{value:f}", least=low, most=high))
        return value

    def encode(self, value: Decimal) -> bytes:
        """The bytes of a value, cut to what the registers hold, for simulators."""
        shape = TYPES[self.type]
        if self.type in FLOATS:
            return self._ordered(struct.pack(shape.format, float(value / self.scale)))
        whole = int(value / self.scale)
        if not shape.format:
            return self._ordered(encode_bcd(whole % 10 ** (4 * self.count), 2 * self.count))
        lowest = -(1 << 16 * self.count - 1) if shape.format.islower() else 0
        return self._ordered(struct.pack(shape.format, max(lowest, min(whole, lowest + (1 << 16 * self.count) - 1))))

    def digits(self, data: bytes) -> str:
        """A number that is a name, such as a serial number: all its digits in packed decimal, else as it is written."""
        if self.type == "bcd":
            decode_bcd(data)
            return self._ordered(data).hex()
        return f"{self.decode(data):f}"

    def _plain(self, data: bytes) -> Decimal:
        shape = TYPES[self.type]
        if not shape.format:
            return Decimal(decode_bcd(data))
        (value,) = struct.unpack(shape.format, data)
        return shortest(value, shape.format) if self.type in FLOATS else Decimal(value)

    def _ordered(self, data: bytes) -> bytes:
        if self.word_order == "high first":
            return data
        return b"".join(data[i : i + 2] for i in reversed(range(0, len(data), 2)))


def shortest(value: float, form: str) -> Decimal:
    """The shortest decimal that gives the same float again in this `struct` format: 20, not 2E+1, and no minus zero."""
    if not math.isfinite(value) or 0 < abs(value) < _SMALLEST:
        raise PayloadError(_TEXT["float"].format(value=value))
    if value == 0:
        return Decimal(0)
    packed = struct.pack(form, value)
    for digits in range(1, 17):
        text = f"{value:.{digits}g}"
        try:
            if struct.pack(form, float(text)) == packed:
                return Decimal(f"{Decimal(text):f}")
        except OverflowError:  # rounded up beyond the largest float of this size
            continue
    return Decimal(repr(value))
