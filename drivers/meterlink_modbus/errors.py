"""How Modbus meters say no: one error for each exception code of the Modbus application protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from meterlink.errors import RefusedError


@dataclass(eq=False, kw_only=True)
class FunctionRefusedError(RefusedError):
    """Exception 01."""

    hint_text = "The meter lacks this function: check --model, and `function` in its profile."


@dataclass(eq=False, kw_only=True)
class RegisterRefusedError(RefusedError):
    """Exception 02."""

    hint_text = "The meter has no such registers, or they cannot be written: check --model and the map in its profile."


@dataclass(eq=False, kw_only=True)
class ValueRefusedError(RefusedError):
    """Exception 03."""

    hint_text = "The meter takes no request of this length or no such value: check `most_registers` in its profile."


@dataclass(eq=False, kw_only=True)
class MeterFailedError(RefusedError):
    """Exceptions 04 and 08."""

    hint_text = "The meter failed at it; read it again, and look at the meter where that stays."


@dataclass(eq=False, kw_only=True)
class MeterBusyError(RefusedError):
    """Exceptions 05 and 06."""

    hint_text = "Try again in a moment."


@dataclass(eq=False, kw_only=True)
class GatewayRefusedError(RefusedError):
    """Exceptions 0A and 0B: a gateway answered, and no meter did."""

    exit_code = 3
    hint_text = (
        "The gateway got no answer behind it: check the unit id, and speed, parity and wires behind the gateway."
    )


_CODES: Final[Mapping[int, tuple[type[RefusedError], str]]] = {
    0x01: (FunctionRefusedError, "illegal function"),
    0x02: (RegisterRefusedError, "illegal data address"),
    0x03: (ValueRefusedError, "illegal data value"),
    0x04: (MeterFailedError, "device failure"),
    0x05: (MeterBusyError, "acknowledged, not done yet"),
    0x06: (MeterBusyError, "device busy"),
    0x07: (RefusedError, "negative acknowledge"),
    0x08: (MeterFailedError, "memory parity error"),
    0x0A: (GatewayRefusedError, "gateway has no path to the meter"),
    0x0B: (GatewayRefusedError, "the meter behind the gateway did not answer"),
}
_UNKNOWN: Final = "exception {code:02X}h, which Modbus does not define"


def why_refused(code: int) -> str:
    """An exception code in words."""
    return _CODES[code][1] if code in _CODES else _UNKNOWN.format(code=code)


def refusal(request: str, code: int) -> RefusedError:
    """The error of an exception code."""
    kind = _CODES[code][0] if code in _CODES else RefusedError
    return kind(request=request, code=f"{code:02X}", why=why_refused(code))
