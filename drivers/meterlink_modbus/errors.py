"""How Modbus meters say no: one error for each exception code of the Modbus application protocol.

Some codes come from a meter that had begun, or from a gateway that handed the request on and heard nothing: after a
write they say nothing about what the meter holds, so they are no refusal of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from meterlink.errors import MeterlinkError, NoAnswerError, RefusedError, WireError


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
    """Exception 0A: the gateway knows no way to this unit id."""

    exit_code = 3
    hint_text = "Check the unit id, and which line the gateway sends it to."


@dataclass(eq=False, kw_only=True)
class GatewaySilentError(NoAnswerError):
    """Exception 0B: the gateway handed the request on, and no meter answered."""

    text = "No answer from address {address} to {request}: exception {code}, {why}."
    hint_text = "Check the unit id, and speed, parity and wires behind the gateway."
    code: str
    why: str
    port: str = ""
    tries: int = 1


@dataclass(eq=False, kw_only=True)
class UnclearAnswerError(WireError):
    """A write was answered by an exception that leaves open whether it was carried out."""

    text = "The answer to {request} leaves open whether the meter did it: exception {code}, {why}."
    hint_text = "What the meter holds is found by reading it."
    request: str
    code: str
    why: str


_GATEWAY_SILENT: Final = 0x0B
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
    _GATEWAY_SILENT: (RefusedError, "the meter behind the gateway did not answer"),
}
PASSING: Final = (MeterBusyError, GatewaySilentError)
"""Behind these the same question may be answered a moment later."""
_NOTHING_DONE: Final = frozenset({0x01, 0x02, 0x03, 0x06, 0x07, 0x0A})
"""Codes of who did not begin."""
_UNKNOWN: Final = "exception {code:02X}h, which Modbus does not define"


def why_refused(code: int) -> str:
    """An exception code in words."""
    return _CODES[code][1] if code in _CODES else _UNKNOWN.format(code=code)


def refusal(unit: int, request: str, code: int, *, writes: bool) -> MeterlinkError:
    """The error of an exception code."""
    told, why = f"{code:02X}", why_refused(code)
    if code == _GATEWAY_SILENT:
        return GatewaySilentError(address=str(unit), request=request, code=told, why=why)
    if writes and code not in _NOTHING_DONE:
        return UnclearAnswerError(request=request, code=told, why=why)
    kind = _CODES[code][0] if code in _CODES else RefusedError
    return kind(request=request, code=told, why=why)
