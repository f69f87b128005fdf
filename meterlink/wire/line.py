"""How characters stand on a line: speed and format."""

from __future__ import annotations

import re
from dataclasses import dataclass
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

    def __str__(self) -> str:
        return f"{self.baud} {self.form}"
