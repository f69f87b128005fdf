"""Payloads that hold numbers, flags and identity. Layouts: docs/protocols/mercury200.md, chapters 6 and 7."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final, Self

from meterlink.wire.payload import PayloadError, bcd_digits, decode_bcd, decode_date, encode_bcd, hexadecimal
from meterlink_mercury200.payload import Payload


def _decimal(raw: bytes, places: int) -> Decimal:
    return Decimal(decode_bcd(raw)).scaleb(-places)


def _digits(value: Decimal, places: int, size: int) -> bytes:
    return encode_bcd(int(value.scaleb(places)), size)


@dataclass(frozen=True, slots=True)
class Energies(Payload):
    """Four counters T1 T2 T3 T4 of 4 bytes, packed BCD, one count = 0.01 kWh. There is no total in the frame.

    Source: maker's document, 27h and 32h; captures.
    """

    amounts: tuple[Decimal, Decimal, Decimal, Decimal]

    size: ClassVar[int] = 16
    unit: ClassVar[str] = "kwh"

    @classmethod
    def decode(cls, data: bytes) -> Self:
        digits = bcd_digits(data)
        t1, t2, t3, t4 = (Decimal(digits[i : i + 8]).scaleb(-2) for i in range(0, 32, 8))
        return cls((t1, t2, t3, t4))

    def encode(self) -> bytes:
        return b"".join(_digits(amount, 2, 4) for amount in self.amounts)

    def told(self) -> dict[str, object]:
        return {f"t{number}_{self.unit}": str(amount) for number, amount in enumerate(self.amounts, 1)}


@dataclass(frozen=True, slots=True)
class ReactiveEnergies(Energies):
    """The same for reactive energy, one count = 0.01 kvarh. Source: maker's document, 38h and 85h."""

    unit: ClassVar[str] = "kvarh"


@dataclass(frozen=True, slots=True)
class Instant(Payload):
    """U BCD(2) 0.1 V, I BCD(2) 0.01 A, P BCD(3) 1 W, measured over 1 s. Source: 63h; captures."""

    voltage_v: Decimal
    current_a: Decimal
    active_power_w: Decimal

    size: ClassVar[int] = 7

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(_decimal(data[:2], 1), _decimal(data[2:4], 2), _decimal(data[4:], 0))

    def encode(self) -> bytes:
        return _digits(self.voltage_v, 1, 2) + _digits(self.current_a, 2, 2) + _digits(self.active_power_w, 0, 3)


@dataclass(frozen=True, slots=True)
class Power(Payload):
    """BCD(2), one count = 0.01 kW: present load (26h) and power limit (03h, 22h)."""

    power_kw: Decimal

    size: ClassVar[int] = 2

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(_decimal(data, 2))

    def encode(self) -> bytes:
        return _digits(self.power_kw, 2, 2)


@dataclass(frozen=True, slots=True)
class MonthlyLimit(Payload):
    """BCD(2), one count = 1 kWh a month (04h, 23h). The maker writes "kW"; every other source has kWh."""

    limit_kwh: Decimal

    size: ClassVar[int] = 2

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(_decimal(data, 0))

    def encode(self) -> bytes:
        return _digits(self.limit_kwh, 0, 2)


@dataclass(frozen=True, slots=True)
class Battery(Payload):
    """BCD(2), one count = 0.01 V (29h). Source: captures."""

    battery_v: Decimal

    size: ClassVar[int] = 2

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(_decimal(data, 2))

    def encode(self) -> bytes:
        return _digits(self.battery_v, 2, 2)


@dataclass(frozen=True, slots=True)
class Frequency(Payload):
    """frequency BCD(2) 0.01 Hz, tariff (0 = T1), flags (bit 0 current imbalance, bit 1 reverse energy), 6 reserved.

    Source: maker's document, 81h; one reader takes the tariff as 1..4, the document's 0..3 is believed.
    """

    frequency_hz: Decimal
    tariff: int
    current_imbalance: bool
    reverse_energy: bool
    reserved: bytes = bytes(6)

    size: ClassVar[int] = 10

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(_decimal(data[:2], 2), data[2] + 1, bool(data[3] & 1), bool(data[3] & 2), data[4:])

    def encode(self) -> bytes:
        flags = self.current_imbalance | self.reverse_energy << 1
        return _digits(self.frequency_hz, 2, 2) + bytes([self.tariff - 1, flags]) + self.reserved


@dataclass(frozen=True, slots=True)
class NewAddress(Payload):
    """4 bytes, most significant first: the network address to take (00h)."""

    new_address: int

    size: ClassVar[int] = 4

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(int.from_bytes(data, "big"))

    def encode(self) -> bytes:
        return self.new_address.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class GroupAddress(Payload):
    """4 bytes, most significant first: the address at which a group obeys and nobody answers, 0 = none (01h, 20h)."""

    group_address: int

    size: ClassVar[int] = 4

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(int.from_bytes(data, "big"))

    def encode(self) -> bytes:
        return self.group_address.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class SerialNumber(Payload):
    """4 bytes, most significant first (2Fh); the plate shows it with 8 digits. Source: capture."""

    serial_number: int

    size: ClassVar[int] = 4

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(int.from_bytes(data, "big"))

    def encode(self) -> bytes:
        return self.serial_number.to_bytes(4, "big")

    @property
    def plate(self) -> str:
        return f"{self.serial_number:08d}"

    def told(self) -> dict[str, object]:
        return {"serial_number": self.serial_number, "printed_serial": self.plate}


@dataclass(frozen=True, slots=True)
class Identification(Payload):
    """major, minor, one byte of unknown meaning (00 in captures), date dd mm yy BCD (28h). Source: four programs."""

    major: int
    minor: int
    third: int
    firmware_date: date

    size: ClassVar[int] = 6

    @classmethod
    def decode(cls, data: bytes) -> Self:
        day, month, year = (decode_bcd(data[i : i + 1]) for i in (3, 4, 5))
        return cls(data[0], data[1], data[2], decode_date(day, month, year))

    def encode(self) -> bytes:
        return bytes([self.major, self.minor, self.third]) + encode_day(self.firmware_date)

    @property
    def firmware(self) -> str:
        """As printed: hexadecimal digits and decimals cannot be told apart in what was captured."""
        return f"{self.major:x}.{self.minor:x}"


@dataclass(frozen=True, slots=True)
class Manufactured(Payload):
    """Date of manufacture, dd mm yy BCD (66h). Source: capture 29 10 10 = 29.10.2010."""

    manufacture_date: date

    size: ClassVar[int] = 3

    @classmethod
    def decode(cls, data: bytes) -> Self:
        day, month, year = (decode_bcd(data[i : i + 1]) for i in range(3))
        return cls(decode_date(day, month, year))

    def encode(self) -> bytes:
        return encode_day(self.manufacture_date)


def encode_day(on: date) -> bytes:
    """dd mm yy, packed BCD."""
    return bytes.fromhex(on.strftime("%d%m%y"))


@dataclass(frozen=True, slots=True)
class Build(Payload):
    """The "ispoln" word (65h): 55h in a byte stands for an option; which byte is first is not told (00 03 was seen)."""

    raw: bytes

    size: ClassVar[int] = 2

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data)

    def encode(self) -> bytes:
        return self.raw

    def told(self) -> dict[str, object]:
        return {"ispoln_raw": self.raw.hex().upper(), "meaning": "not known"}


@dataclass(frozen=True, slots=True)
class DstFlag(Payload):
    """The automatic summer/winter change: 0 = forbidden, anything else = allowed (05h, 24h)."""

    value: int

    size: ClassVar[int] = 1

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0])

    def encode(self) -> bytes:
        return bytes([self.value])

    @property
    def enabled(self) -> bool:
        return self.value != 0

    def told(self) -> dict[str, object]:
        return {"dst_enabled": self.enabled}


@dataclass(frozen=True, slots=True)
class ButtonCorrection(Payload):
    """Minutes that the buttons may correct in a year; the meter masks the value with 1Fh, 0 = forbidden (06h, 25h).

    Writing it begins the year's allowance anew, and so does setting the clock (02h). Source: maker's document.
    """

    minutes: int

    size: ClassVar[int] = 1

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0] & 0x1F)

    def encode(self) -> bytes:
        return bytes([self.minutes])


@dataclass(frozen=True, slots=True)
class TariffNumber(Payload):
    """1..4: how many tariffs are in force (0Ah, 2Eh), or which one counts now (0Bh, 60h)."""

    tariff: int

    size: ClassVar[int] = 1

    @classmethod
    def decode(cls, data: bytes) -> Self:
        if not 1 <= data[0] <= 4:
            raise PayloadError(f"{data[0]} is not a tariff 1 to 4")
        return cls(data[0])

    def encode(self) -> bytes:
        return bytes([self.tariff])


@dataclass(frozen=True, slots=True)
class RawByte(Payload):
    """One byte as a number: output function, baud code, multiplier, flags, relay mode."""

    value: int

    size: ClassVar[int] = 1

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0])

    def encode(self) -> bytes:
        return bytes([self.value])


ONLY_CURRENT: Final = "current tariff only"
"""In words, a display that shows nothing else."""


class TariffCount(RawByte):
    """How many tariffs shall be in force (0Ah); meters pass over what is not 1 to 4."""

    __slots__ = ()

    def told(self) -> dict[str, object]:
        return {"tariffs_in_force": self.value}


@dataclass(frozen=True, slots=True)
class Display(Payload):
    """Bit mask: 0..3 tariffs 1..4, 4 sum, 5 power, 6 time, 7 date; 0 = only the current tariff (09h, 2Ah)."""

    mask: int

    size: ClassVar[int] = 1
    words: ClassVar[tuple[str, ...]] = ("T1", "T2", "T3", "T4", "sum", "power", "time", "date")

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0])

    def encode(self) -> bytes:
        return bytes([self.mask])

    @property
    def shown(self) -> list[str]:
        return [word for bit, word in enumerate(self.words) if self.mask >> bit & 1] or ["current tariff"]

    def told(self) -> dict[str, object]:
        return {"mask": self.mask, "shown": self.shown}


@dataclass(frozen=True, slots=True)
class DisplayTimes(Payload):
    """Binary seconds, below 4 acts as 4: other tariffs and sum, current tariff, power/time/date, after a button.

    Source: maker's document, 0Dh and 67h.
    """

    other_tariffs_s: int
    current_tariff_s: int
    power_time_date_s: int
    after_button_s: int

    size: ClassVar[int] = 4

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(*data)

    def encode(self) -> bytes:
        return bytes([self.other_tariffs_s, self.current_tariff_s, self.power_time_date_s, self.after_button_s])


@dataclass(frozen=True, slots=True)
class RunningTimes(Payload):
    """Hours on mains BCD(3), hours on battery BCD(3) (69h)."""

    on_mains_h: int
    on_battery_h: int

    size: ClassVar[int] = 6

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(decode_bcd(data[:3]), decode_bcd(data[3:]))

    def encode(self) -> bytes:
        return encode_bcd(self.on_mains_h, 3) + encode_bcd(self.on_battery_h, 3)


@dataclass(frozen=True, slots=True)
class Raw(Payload):
    """Bytes of known length that are shown as they are; `about` says what is known of them."""

    raw: bytes

    about: ClassVar[str]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data)

    def encode(self) -> bytes:
        return self.raw

    def told(self) -> dict[str, object]:
        return {"raw": hexadecimal(self.raw), "about": self.about}


class RateCorrection(Raw):
    """64h."""

    __slots__ = ()
    size: ClassVar[int] = 3
    about: ClassVar[str] = "seconds between corrections of the clock rate, signed, 0 = none; byte order not told"


class PlcModem(Raw):
    """6Ch."""

    __slots__ = ()
    size: ClassVar[int] = 3
    about: ClassVar[str] = "number of the PLC modem (2) and signal level (1); byte order not told"


@dataclass(frozen=True, slots=True)
class PowerLimitMode(Payload):
    """TLM 01..FF, the threshold of the counter of seconds above the limit; TILM, what happens then (0Fh, 68h).

    TILM: low nibble display cycles of the OFF sign; bit 7 decrement instead of reset; bit 6 do not wait for load.
    """

    threshold: int
    after_tripping: int

    size: ClassVar[int] = 2

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(*data)

    def encode(self) -> bytes:
        return bytes([self.threshold, self.after_tripping])


@dataclass(frozen=True, slots=True)
class ExtraDisplay(Payload):
    """Bit mask, then seconds 0..15 for which the display freezes (6Ah, 70h)."""

    mask: int
    freeze_s: int

    size: ClassVar[int] = 2
    words: ClassVar[tuple[str, ...]] = (
        "tariff schedule",
        "voltage, current, frequency",
        "reactive energy",
        "resettable maxima",
        "running time",
        "running time on battery",
        "power limit",
        "energy limit",
    )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(*data)

    def encode(self) -> bytes:
        return bytes([self.mask, self.freeze_s])

    def told(self) -> dict[str, object]:
        shown = [word for bit, word in enumerate(self.words) if self.mask >> bit & 1]
        return {"mask": self.mask, "shown": shown, "freeze_s": self.freeze_s}


@dataclass(frozen=True, slots=True)
class TariffLimit:
    """What is left of one tariff's energy limit, and its flag; the unit is not told by the maker."""

    limit: int
    flag: int


@dataclass(frozen=True, slots=True)
class TariffLimits(Payload):
    """Four times BCD(3) and a flag (6Eh, 72h): read AAh exceeded, 00 normal; written 55h stop, 5Ah store, A5h add."""

    tariffs: tuple[TariffLimit, ...]

    size: ClassVar[int] = 16

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(tuple(TariffLimit(decode_bcd(data[i : i + 3]), data[i + 3]) for i in range(0, 16, 4)))

    def encode(self) -> bytes:
        return b"".join(encode_bcd(tariff.limit, 3) + bytes([tariff.flag]) for tariff in self.tariffs)

    def told(self) -> dict[str, object]:
        told: dict[str, object] = {"about": "the unit of the limits is not told; kWh is likely"}
        for number, tariff in enumerate(self.tariffs, 1):
            told |= {f"t{number}_limit": tariff.limit, f"t{number}_flag": f"{tariff.flag:02X}"}
        return told


class HalfHours(Raw):
    """37h: 24 bytes by the maker's length column, 32 by the maker's own formula; no working reader is known."""

    __slots__ = ()
    size: ClassVar[int] = 32
    sizes: ClassVar[Collection[int]] = range(1, 33)
    about: ClassVar[str] = "archive of half-hours, days or months; the length and the byte order are disputed"
