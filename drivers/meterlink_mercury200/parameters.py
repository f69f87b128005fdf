"""Payloads of command 86h, which reads one parameter by its number. Values: docs/protocols/mercury200.md, 6.8."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import ClassVar, Self

from meterlink.wire.payload import PayloadError, decode_bcd, hexadecimal
from meterlink_mercury200.payload import Payload


class ParameterNumber(IntEnum):
    """i6 of command 86h."""

    REACTIVE_POWER = 0x00
    RELAY_STATE = 0x01
    POWER_FACTOR = 0x02
    RELAY_RECLOSE = 0x03
    MODEL = 0xFF


PARAMETER_SIZES: Mapping[int, int] = {
    ParameterNumber.REACTIVE_POWER: 3,
    ParameterNumber.RELAY_STATE: 1,
    ParameterNumber.POWER_FACTOR: 5,
    ParameterNumber.RELAY_RECLOSE: 3,
    ParameterNumber.MODEL: 2,
}


@dataclass(frozen=True, slots=True)
class ParameterIndex(Payload):
    """i6: which parameter to read with 86h."""

    number: int

    size: ClassVar[int] = 1

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0])

    def encode(self) -> bytes:
        return bytes([self.number])


@dataclass(frozen=True, slots=True)
class Parameter(Payload):
    """i6 again, then the value (86h). The maker's table shows no i6 in the answer, captures do; either is read.

    00 reactive power BCD(3) var; 01 relay 55h closed, AAh open; 02 cos phi (sign in the top bit, BCD thousandths) 2
    and apparent power BCD(3) VA; 03 attempts, pause minutes, success minutes; FF model code, option code, maybe more.
    """

    number: int
    value: bytes

    size: ClassVar[int] = 4
    sizes: ClassVar[Collection[int]] = range(1, 12)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """With i6 in front, as a simulated meter sends it."""
        return cls._checked(data[0], data[1:])

    @classmethod
    def of_reply(cls, asked: ParameterIndex, data: bytes) -> Self:
        """The reply to a question, with or without i6 in front: the length tells which."""
        size = PARAMETER_SIZES.get(asked.number)
        numbered = data[:1] == asked.encode()
        if numbered and (size is None or len(data) == 1 + size or asked.number == ParameterNumber.MODEL):
            return cls._checked(asked.number, data[1:])
        if len(data) == size:
            return cls._checked(asked.number, data)
        raise PayloadError(f"{hexadecimal(data)} is no answer about parameter {asked.number:02X}h")

    @classmethod
    def _checked(cls, number: int, value: bytes) -> Self:
        parameter = cls(number, value)
        parameter.told()
        return parameter

    def encode(self) -> bytes:
        return bytes([self.number]) + self.value

    def told(self) -> dict[str, object]:
        meaning = _MEANINGS.get(self.number)
        known = meaning is not None and len(self.value) >= PARAMETER_SIZES[self.number]
        shown = meaning(self.value) if meaning is not None and known else {"value": hexadecimal(self.value)}
        return {"number": self.number, **shown}

    @property
    def reactive_power_var(self) -> Decimal:
        return Decimal(decode_bcd(self.value))


def _power_factor(value: bytes) -> dict[str, object]:
    factor = Decimal(decode_bcd(bytes([value[0] & 0x7F, value[1]]))).scaleb(-3)
    signed = -factor if value[0] & 0x80 else factor
    return {"cos_phi": str(signed), "apparent_power_va": str(decode_bcd(value[2:]))}


_MEANINGS: Mapping[int, Callable[[bytes], dict[str, object]]] = {
    ParameterNumber.REACTIVE_POWER: lambda value: {"reactive_power_var": str(decode_bcd(value))},
    ParameterNumber.RELAY_STATE: lambda value: {
        "relay": {0x55: "closed", 0xAA: "open"}.get(value[0], f"unknown code {value[0]:02X}h")
    },
    ParameterNumber.POWER_FACTOR: _power_factor,
    ParameterNumber.RELAY_RECLOSE: lambda value: {
        "attempts": value[0],
        "pause_minutes": value[1],
        "success_minutes": value[2],
    },
    ParameterNumber.MODEL: lambda value: {"model_code": value[0], "option_code": value[1]},
}
