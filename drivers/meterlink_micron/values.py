"""What the reads of code 08 answer, and what they are asked with.

Layouts: docs/protocols/micron.md, 8.3 and 12 to 20.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Final, Self

from meterlink.wire.payload import PayloadError, decode_date, decode_datetime, encode_bcd, hexadecimal
from meterlink_micron.payload import Codec, Data, Day, Digits, Float, Moment, Payload, Raw, Whole

_TEXT: Final = {
    "bits": "E-{number:02d}",
    "tariff": "tariff code {code} is above 7",
}


# --- what is asked with -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Index(Payload):
    """A number behind the parameter code: which channel, array, tariff, parameter."""

    number: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(),)


@dataclass(frozen=True, slots=True)
class MaybeIndex(Payload):
    """The same where the plain command has none."""

    number: int | None = None

    sizes: ClassVar[Collection[int]] = (0, 1)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0] if data else None)

    def encode(self) -> bytes:
        return b"" if self.number is None else bytes([self.number])

    def told(self) -> dict[str, object]:
        return {} if self.number is None else {"number": self.number}


@dataclass(frozen=True, slots=True)
class TwoIndices(Payload):
    """08 1B (array, RWRI), 08 20 (number, tariff)."""

    number: int
    of: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())


@dataclass(frozen=True, slots=True)
class FloatMask(Payload):
    """08 23: which values as floats, from bit 0 of the last byte on."""

    identifier: int
    array: int
    mask: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole(8))

    def told(self) -> dict[str, object]:
        return {"identifier": self.identifier, "array": self.array, "mask": f"{self.mask:016X}"}


@dataclass(frozen=True, slots=True)
class Picture(Payload):
    """08 1C: 00 month, 01 profile kind (both one byte), 02 month."""

    kind: int
    number: int
    further: int | None = None

    sizes: ClassVar[Collection[int]] = (2, 3)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0], data[1], data[2] if len(data) == 3 else None)

    def encode(self) -> bytes:
        return bytes([self.kind, self.number, *([] if self.further is None else [self.further])])

    def told(self) -> dict[str, object]:
        further = {} if self.further is None else {"further": self.further}
        return {"kind": self.kind, "number": self.number, **further}


# --- who it is --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Serial(Payload):
    """08 00."""

    serial: int
    made: date

    layout: ClassVar[tuple[Codec, ...]] = (Whole(4), Day())


@dataclass(frozen=True, slots=True)
class Temperature(Payload):
    """08 01."""

    zero: int
    celsius: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(signed=True))
    shown_as: ClassVar[Mapping[str, str]] = {"zero": ""}


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


# --- state ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flags(Payload):
    """08 09: two bytes, 1.7 to 1.0 and 2.7 to 2.0."""

    byte1: int
    byte2: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())

    @property
    def dst_forbidden(self) -> bool:
        """2.0 of the base array: 1 forbids the automatic switch."""
        return bool(self.byte2 & 1)

    @property
    def one_tariff(self) -> bool:
        """2.6 of the base array: all energy to T1."""
        return bool(self.byte2 >> 6 & 1)


@dataclass(frozen=True, slots=True)
class StateWord(Data):
    """08 0A: the bits E-08..E-01 in the first byte, and so on."""

    sizes: ClassVar[Collection[int]] = (5, 4)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the errors that are set."""
        word = int.from_bytes(self.raw, "little")
        return tuple(number for number in range(1, 8 * len(self.raw) + 1) if word >> number - 1 & 1)

    def told(self) -> dict[str, object]:
        return {"bits": [_TEXT["bits"].format(number=number) for number in self.numbers]}


@dataclass(frozen=True, slots=True)
class News(Payload):
    """08 0A 01: a bit for each journal with news, from bit 0 of the last byte on."""

    bits: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(32),)

    def told(self) -> dict[str, object]:
        return {"journals": [f"{number:02X}h" for number in range(256) if self.bits >> number & 1]}


@dataclass(frozen=True, slots=True)
class FourBytes(Payload):
    """08 0A 02 and 03 (keys, flags of the meter), 08 13 (what the display shows), 08 18 03."""

    raw: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(4),)


@dataclass(frozen=True, slots=True)
class DisplayState(Payload):
    """08 13."""

    period_s: int
    bori: int
    bwri: int
    bnt: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole(), Whole())


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
class Powers(Payload):
    """08 0C: eight bytes of the running profile."""

    raw: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(8),)


@dataclass(frozen=True, slots=True)
class Password(Payload):
    """08 25: the one answer that is a secret."""

    raw: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(6),)

    def told(self) -> dict[str, object]:
        return {"password": "**"}


@dataclass(frozen=True, slots=True)
class Programmed(Payload):
    """08 19: when level 2 last wrote; older meters send a byte more."""

    at: datetime | None
    more: bytes = b""

    sizes: ClassVar[Collection[int]] = (7, 8)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(Moment().decode(data[:7]), data[7:])

    def encode(self) -> bytes:
        return Moment().encode(self.at) + self.more

    def told(self) -> dict[str, object]:
        return {"datetime": None if self.at is None else self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class TariffPointer(Payload):
    """08 0E: since when which tariff counts. Bits 7-6 of the code: before or after a limit of energy."""

    since: datetime
    code: int

    sizes: ClassVar[Collection[int]] = (7,)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        minute, hour, _, day, month, year = (Digits().decode(data[at : at + 1]) for at in range(6))
        pointer = cls(decode_datetime(decode_date(day, month, year), hour, minute, 0), data[6])
        if pointer.code & 0x3F > 7:
            raise PayloadError(_TEXT["tariff"].format(code=pointer.code & 0x3F))
        return pointer

    def encode(self) -> bytes:
        at = self.since
        parts = (at.minute, at.hour, at.isoweekday(), at.day, at.month, at.year % 100)
        return b"".join(encode_bcd(part, 1) for part in parts) + bytes([self.code])

    @property
    def tariff(self) -> int:
        """1 is T1."""
        return (self.code & 0x3F) + 1

    def told(self) -> dict[str, object]:
        return {"since": self.since.isoformat(), "tariff": self.tariff}


@dataclass(frozen=True, slots=True)
class TaskState(Payload):
    """08 18 02: latching."""

    state: int
    identifier: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole())


@dataclass(frozen=True, slots=True)
class SearchState(Payload):
    """08 18 00: the search of a header of the power profile."""

    state: int
    identifier: int
    array: int
    address: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole(), Whole(2))
    shown_as: ClassVar[Mapping[str, str]] = {"address": "memory_address"}


@dataclass(frozen=True, slots=True)
class ProfilePointer(Payload):
    """08 04: the slice that runs, and where it will be stored; bit 7 of the minute says that the array is full."""

    slice_start: datetime
    overflow: bool
    address: int

    sizes: ClassVar[Collection[int]] = (7,)
    shown_as: ClassVar[Mapping[str, str]] = {"address": "memory_address"}

    @classmethod
    def decode(cls, data: bytes) -> Self:
        minute = Digits().decode(bytes([data[0] & 0x7F]))
        hour, day, month, year = (Digits().decode(data[at : at + 1]) for at in range(1, 5))
        start = decode_datetime(decode_date(day, month, year), hour, minute, 0)
        return cls(start, bool(data[0] & 0x80), int.from_bytes(data[5:], "big"))

    def encode(self) -> bytes:
        at = self.slice_start
        parts = [encode_bcd(part, 1)[0] for part in (at.minute, at.hour, at.day, at.month, at.year % 100)]
        parts[0] |= 0x80 * self.overflow
        return bytes(parts) + self.address.to_bytes(2, "big")


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


# --- values of the moment ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Momentary(Payload):
    """08 11 and 08 14: the two top bits tell the direction of active and reactive power, the rest is a number."""

    bits: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(3),)

    @property
    def count(self) -> int:
        return self.bits & 0x3FFFFF

    @property
    def active_reverse(self) -> bool:
        return bool(self.bits >> 23)

    @property
    def reactive_reverse(self) -> bool:
        return bool(self.bits >> 22 & 1)

    def told(self) -> dict[str, object]:
        return {
            "raw": self.count,
            "active_reverse": self.active_reverse,
            "reactive_reverse": self.reactive_reverse,
        }


@dataclass(frozen=True, slots=True)
class Group(Payload):
    """08 16: sum and three phases."""

    values: tuple[Momentary, ...]

    sizes: ClassVar[Collection[int]] = (12,)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(tuple(Momentary.decode(data[at : at + 3]) for at in range(0, 12, 3)))

    def encode(self) -> bytes:
        return b"".join(value.encode() for value in self.values)

    def told(self) -> dict[str, object]:
        told = [value.told() for value in self.values]
        return {name: [value[name] for value in told] for name in told[0]}


@dataclass(frozen=True, slots=True)
class Latched(Payload):
    """08 14 50: when the values were latched. 08 14 F0 answers `Counts`."""

    at: datetime | None

    layout: ClassVar[tuple[Codec, ...]] = (Moment(),)


@dataclass(frozen=True, slots=True)
class Floats(Payload):
    """08 1B: one value or four, in SI units, ratios applied; 08 1E, 08 21 one."""

    values: tuple[Decimal, ...]

    sizes: ClassVar[Collection[int]] = (4, 16)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(tuple(Float().decode(data[at : at + 4]) for at in range(0, len(data), 4)))

    def encode(self) -> bytes:
        return b"".join(Float().encode(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class MaskedFloats(Payload):
    """08 23: what was asked for, in order; None for what the meter marks as not there."""

    identifier: int
    raw: bytes

    sizes: ClassVar[Collection[int]] = range(5, 94, 4)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0], data[1:])

    def encode(self) -> bytes:
        return bytes([self.identifier]) + self.raw

    @property
    def values(self) -> tuple[Decimal | None, ...]:
        pieces = (self.raw[at : at + 4] for at in range(0, len(self.raw), 4))
        return tuple(None if piece[2:] == b"\x80\x7f" else Float().decode(piece) for piece in pieces)

    def told(self) -> dict[str, object]:
        values = [None if value is None else f"{value:f}" for value in self.values]
        return {"identifier": self.identifier, "values": values}


@dataclass(frozen=True, slots=True)
class OldFrequency(Payload):
    """08 0F."""

    raw: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(2),)

    def told(self) -> dict[str, object]:
        hertz = Decimal(357_954_500) / (2 * self.raw) / 100 if self.raw else None
        return {"raw": self.raw, "hz": None if hertz is None else f"{hertz:.2f}"}


@dataclass(frozen=True, slots=True)
class OldPower(Payload):
    """08 10: active and reactive power in counts that need the constant."""

    active: int
    reactive: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(3, signed=True), Whole(3, signed=True))


# --- the rest ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number(Payload):
    """Two bytes: averaging periods, masks of the display."""

    value: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(2),)


@dataclass(frozen=True, slots=True)
class Quality(Payload):
    """08 15: three bytes whose meaning is a matter of the parameter."""

    first: int
    second: int
    third: int

    layout: ClassVar[tuple[Codec, ...]] = (Whole(), Whole(), Whole())


@dataclass(frozen=True, slots=True)
class Output(Data):
    """08 1D: the mask of a channel; of FF the masks of all."""

    sizes: ClassVar[Collection[int]] = (2, 12)

    def told(self) -> dict[str, object]:
        if len(self.raw) == 2:
            return {"mask": int.from_bytes(self.raw, "big")}
        return {"raw": hexadecimal(self.raw)}


@dataclass(frozen=True, slots=True)
class Control(Payload):
    """08 20: the state of the load relay, or a limit in counts."""

    value: int
    size: int

    sizes: ClassVar[Collection[int]] = (2, 4)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(int.from_bytes(data, "big"), len(data))

    def encode(self) -> bytes:
        return self.value.to_bytes(self.size, "big")

    def told(self) -> dict[str, object]:
        return {"raw": self.value}


RELAY: Final = {0: "on", 1: "off", 3: "off, may be switched on", 4: "no relay"}
"""08 20 00 00."""


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


@dataclass(frozen=True, slots=True)
class DisplayImage(Payload):
    """08 26."""

    raw: bytes

    layout: ClassVar[tuple[Codec, ...]] = (Raw(17),)
