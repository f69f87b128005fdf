"""What opens the channel, and what the commands of code 03 write. Layouts: docs/protocols/micron.md, 7 and 8.2.

meterlink sends few of them; the rest are here so that frames of other programs can be told, and understood by the
simulator.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final, Self

from meterlink.wire.payload import hexadecimal
from meterlink_micron.payload import Codec, Digits, Float, Payload, Raw, Whole, check_count
from meterlink_micron.settings_codec import Windows, line_words


@dataclass(frozen=True, slots=True)
class Opening(Payload):
    """01: the password alone; the meter finds the level by it."""

    password: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(6),)

    def told(self) -> dict[str, object]:
        return {"password": "**"}


@dataclass(frozen=True, slots=True)
class PasswordChange(Payload):
    """03 1F."""

    level: int
    old: bytes
    new: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Raw(6), Raw(6))

    def told(self) -> dict[str, object]:
        return {"level_changed": self.level, "old": "**", "new": "**"}


@dataclass(frozen=True, slots=True)
class ProfileInterval(Payload):
    """03 00."""

    minutes: int
    array: int | None = None

    sizes: ClassVar[Collection[int]] = (1, 2)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[-1], data[0] if len(data) == 2 else None)

    def encode(self) -> bytes:
        return bytes([*([] if self.array is None else [self.array]), self.minutes])

    def told(self) -> dict[str, object]:
        return {**({} if self.array is None else {"array": self.array}), "minutes": self.minutes}


@dataclass(frozen=True, slots=True)
class NewAddress(Payload):
    """03 05: short; 00 and short; 01 and four bytes."""

    new_address: int
    form: int | None = None

    sizes: ClassVar[Collection[int]] = (1, 2, 5)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        if len(data) == 1:
            return cls(data[0])
        return cls(int.from_bytes(data[1:], "big"), data[0])

    def encode(self) -> bytes:
        if self.form is None:
            return bytes([self.new_address])
        return bytes([self.form]) + self.new_address.to_bytes(4 if self.form else 1, "big")

    def told(self) -> dict[str, object]:
        return {"new_ext_address" if self.form else "new_address": self.new_address}


@dataclass(frozen=True, slots=True)
class DisplayMode(Payload):
    """03 06."""

    kind: int
    first: int
    second: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole())


@dataclass(frozen=True, slots=True)
class DisplayPeriod(Payload):
    """03 07."""

    value: int
    number: int | None = None

    sizes: ClassVar[Collection[int]] = (1, 2)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[-1], data[0] if len(data) == 2 else None)

    def encode(self) -> bytes:
        return bytes([*([] if self.number is None else [self.number]), self.value])

    def told(self) -> dict[str, object]:
        return {"number": self.number or 0, "value": self.value}


@dataclass(frozen=True, slots=True)
class Latch(Payload):
    """03 08."""

    identifier: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(4),)


@dataclass(frozen=True, slots=True)
class LineSetting(Payload):
    """03 15."""

    settings: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(),)

    def told(self) -> dict[str, object]:
        return line_words(self.settings)


@dataclass(frozen=True, slots=True)
class Flag(Payload):
    """03 18: which flag is set or cleared."""

    flag: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(),)


DST_ALLOWED: Final = Flag(0x00)
DST_FORBIDDEN: Final = Flag(0x01)
ONE_TARIFF: Final = Flag(0x0B)
BY_SCHEDULE: Final = Flag(0x0C)


@dataclass(frozen=True, slots=True)
class Ratio(Payload):
    """03 1B and 03 1C."""

    ratio: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(2),)


@dataclass(frozen=True, slots=True)
class CombinedRatio(Payload):
    """03 1D: unit and whole part."""

    dimension: int
    whole: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())


@dataclass(frozen=True, slots=True)
class Fraction(Payload):
    """03 1E."""

    fraction: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(4),)


@dataclass(frozen=True, slots=True)
class Text(Payload):
    """03 22 and 03 32: length, bytes, 00."""

    text: bytes
    end: int = 0

    sizes: ClassVar[Collection[int]] = range(2, 35)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        check_count(data[0], len(data) - 2)
        return cls(data[1:-1], data[-1])

    def encode(self) -> bytes:
        return bytes([len(self.text)]) + self.text + bytes([self.end])

    def told(self) -> dict[str, object]:
        return {"length": len(self.text), "raw": hexadecimal(self.text)}


@dataclass(frozen=True, slots=True)
class QualityParameter(Payload):
    """03 26."""

    param: int
    first: int
    second: int
    third: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole(), Whole())


@dataclass(frozen=True, slots=True)
class Multiplier(Payload):
    """03 27."""

    channel: int
    multiplier: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())


@dataclass(frozen=True, slots=True)
class HeaderSearch(Payload):
    """03 28: array, start, hour day month year season, interval; to everybody with an identifier before."""

    search: bytes
    identifier: int | None = None

    sizes: ClassVar[Collection[int]] = (9, 10)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[-9:], data[0] if len(data) == 10 else None)

    def encode(self) -> bytes:
        return bytes([] if self.identifier is None else [self.identifier]) + self.search

    def told(self) -> dict[str, object]:
        return {
            **({} if self.identifier is None else {"identifier": self.identifier}),
            "array": self.search[0],
            "start_address": int.from_bytes(self.search[1:3], "big"),
            "hour_day_month_year_season": hexadecimal(self.search[3:8]),
            "interval_min": self.search[8],
        }


@dataclass(frozen=True, slots=True)
class MaximaSeason(Payload):
    """03 2A: two windows, then the month as a binary number."""

    windows: Windows
    month: int

    sizes: ClassVar[Collection[int]] = (9,)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(Windows.decode(data[:8]), data[8])

    def encode(self) -> bytes:
        return self.windows.encode() + bytes([self.month])

    def told(self) -> dict[str, object]:
        return {**self.windows.told(), "month": self.month}


@dataclass(frozen=True, slots=True)
class LoadSeason(Payload):
    """03 33: when the load goes on and off in a month."""

    on_minute: int
    on_hour: int
    off_minute: int
    off_hour: int
    month: int

    layout: ClassVar[tuple[Codec, ...]] = (Digits(), Digits(), Digits(), Digits(), Whole())


@dataclass(frozen=True, slots=True)
class OutputSetting(Payload):
    """03 2C."""

    channel: int
    value: bytes

    sizes: ClassVar[Collection[int]] = (3, 13)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0], data[1:])

    def encode(self) -> bytes:
        return bytes([self.channel]) + self.value

    def told(self) -> dict[str, object]:
        return {"channel": self.channel, "value": int.from_bytes(self.value, "big")}


@dataclass(frozen=True, slots=True)
class LossParameter(Payload):
    """03 2D."""

    param: int
    value: Decimal

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Float())


@dataclass(frozen=True, slots=True)
class LoadControl(Payload):
    """03 2F: what, and with most of them a tariff and a number."""

    number: int
    tariff: int | None = None
    value: int | None = None

    sizes: ClassVar[Collection[int]] = (1, 6)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0]) if len(data) == 1 else cls(data[0], data[1], int.from_bytes(data[2:], "big"))

    def encode(self) -> bytes:
        if self.tariff is None or self.value is None:
            return bytes([self.number])
        return bytes([self.number, self.tariff]) + self.value.to_bytes(4, "big")

    def told(self) -> dict[str, object]:
        rest = {} if self.tariff is None else {"tariff": self.tariff, "value": self.value}
        return {"number": self.number, **rest}


@dataclass(frozen=True, slots=True)
class Rate(Payload):
    """03 30."""

    seconds_per_day: Decimal

    layout: ClassVar[tuple[Codec, ...]] = (Float(),)


@dataclass(frozen=True, slots=True)
class Zone(Payload):
    """03 37: the zone form of the schedule, of one program alone; meterlink does not send it."""

    raw: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(20),)
