"""What a meter is set to, as it answers: line, profile, display, outputs, maxima and loads.

Layouts: docs/protocols/micron.md, 16, 19 and 20.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from meterlink.wire.payload import hexadecimal
from meterlink_micron.payload import Codec, Data, Digits, Payload, Raw, Whole


@dataclass(frozen=True, slots=True)
class Interval(Payload):
    """08 06."""

    zero: int
    minutes: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())
    shown_as: ClassVar[Mapping[str, str]] = {"zero": ""}


BAUDS: Final = (9600, 4800, 2400, 1200, 600, 300, 19200, 28800, 38400, 57600, 76800, 115200)
"""By the code of 03 15; of the codes from 9 on the sources disagree, and no model has those speeds."""


@dataclass(frozen=True, slots=True)
class LineState(Payload):
    """08 17: line settings of a channel, and the multiplier of its time-out."""

    settings: int
    multiplier: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())

    def told(self) -> dict[str, object]:
        return {**line_words(self.settings), "multiplier": self.multiplier}


def line_words(settings: int) -> dict[str, object]:
    """The byte of 03 15 and 08 17."""
    code = settings & 0xF
    return {
        "channel": settings >> 5,
        "parity": "none" if settings >> 4 & 1 else "odd",
        "baud": BAUDS[code] if code < len(BAUDS) else None,
    }


@dataclass(frozen=True, slots=True)
class DisplayState(Payload):
    """08 13."""

    period_s: int
    bori: int
    bwri: int
    bnt: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole(), Whole())


@dataclass(frozen=True, slots=True)
class DisplayImage(Payload):
    """08 26."""

    raw: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(17),)


@dataclass(frozen=True, slots=True)
class Number(Payload):
    """Two bytes: averaging periods, masks of the display."""

    value: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(2),)


@dataclass(frozen=True, slots=True)
class Output(Data):
    """08 1D: the mask of a channel; of FF the masks of all."""

    sizes: ClassVar[Collection[int]] = (2, 12)

    def told(self) -> dict[str, object]:
        if len(self.raw) == 2:
            return {"mask": int.from_bytes(self.raw, "big")}
        return {"raw": hexadecimal(self.raw)}


@dataclass(frozen=True, slots=True)
class Windows(Payload):
    """08 1C 00 and 03 2A: two windows of the season, each as minute and hour of begin and end."""

    morning_from: int
    morning_from_hour: int
    morning_to: int
    morning_to_hour: int
    evening_from: int
    evening_from_hour: int
    evening_to: int
    evening_to_hour: int

    layout: ClassVar[tuple[Codec, ...]] = (Digits(),) * 8

    @property
    def morning(self) -> str:
        return f"{self.morning_from_hour:02d}:{self.morning_from:02d}-{self.morning_to_hour:02d}:{self.morning_to:02d}"

    @property
    def evening(self) -> str:
        return f"{self.evening_from_hour:02d}:{self.evening_from:02d}-{self.evening_to_hour:02d}:{self.evening_to:02d}"

    def told(self) -> dict[str, object]:
        return {"morning": self.morning, "evening": self.evening}


@dataclass(frozen=True, slots=True)
class LoadWindow(Payload):
    """08 1C 02 and, before the month, 03 33."""

    on_minute: int
    on_hour: int
    off_minute: int
    off_hour: int

    layout: ClassVar[tuple[Codec, ...]] = (Digits(),) * 4


@dataclass(frozen=True, slots=True)
class Maxima(Data):
    """08 1C 01; their layout differs by model and is told only raw."""

    sizes: ClassVar[Collection[int]] = (19, 20)
