"""How characters stand on a line: speed and format."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, Self

Parity = Literal["N", "E", "O"]

_FORMAT = re.compile(r"(?P<data>[78])(?P<parity>[NEO])(?P<stop>[12])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Speed in baud and the form of one character."""

    baud: int = 9600
    data_bits: Literal[7, 8] = 8
    parity: Parity = "N"
    stop_bits: Literal[1, 2] = 1

    @classmethod
    def parse(cls, baud: int, form: str) -> Self:
        """A line from a speed and a form like ``8N1`` or ``7e1``; ValueError says what is wrong."""
        match = _FORMAT.fullmatch(form.upper())
        if match is None:
            raise ValueError(f"{form!r} is not a character format such as 8N1 or 7E1")
        if not 50 <= baud <= 4_000_000:
            raise ValueError(f"{baud} baud is not a speed")
        data: Literal[7, 8] = 7 if match["data"] == "7" else 8
        stop: Literal[1, 2] = 1 if match["stop"] == "1" else 2
        parity: Parity = "N" if match["parity"] == "N" else "E" if match["parity"] == "E" else "O"
        return cls(baud=baud, data_bits=data, parity=parity, stop_bits=stop)

    @property
    def form(self) -> str:
        return f"{self.data_bits}{self.parity}{self.stop_bits}"

    @property
    def char_s(self) -> float:
        """Seconds one character takes, start and stop bits included."""
        return (1 + self.data_bits + (self.parity != "N") + self.stop_bits) / self.baud

    def silence_s(self, chars: float, least_s: float) -> float:
        """A silence of so many characters, and of at least so many seconds."""
        return max(chars * self.char_s, least_s)

    @property
    def has_even_seven_bits(self) -> bool:
        """Whether software can make its parity."""
        return self.data_bits == 7 and self.parity == "E"

    @property
    def in_eight_bits(self) -> Line:
        """The line of the same characters on which software puts the parity into the eighth bit."""
        return replace(self, data_bits=8, parity="N")

    def __str__(self) -> str:
        return f"{self.baud} {self.form}"


def is_software_parity(eight: Line, seven: Line) -> bool:
    """Whether 8N1 at one end are the bits of 7E1 at the other: the eighth bit of the one is the parity of the other."""
    return seven.has_even_seven_bits and eight == seven.in_eight_bits


BAD_PARITY = 0x1A
"""SUB: stands for a character whose parity was wrong. No text of a meter holds it."""


def is_even(byte: int) -> bool:
    return byte.bit_count() % 2 == 0


def with_parity(data: bytes) -> bytes:
    """Seven-bit characters with even parity in the eighth bit."""
    return bytes(byte & 0x7F if is_even(byte & 0x7F) else byte | 0x80 for byte in data)


def without_parity(data: bytes) -> bytes:
    """The seven-bit characters; BAD_PARITY for one whose eighth bit is not its parity."""
    return bytes(byte & 0x7F if is_even(byte) else BAD_PARITY for byte in data)
