"""What the file of published exchanges states about them, in the words of the decoder.

Every key of a `meaning` is in one of the tables below; a key that is in none of them is a mistake of this file, and
`unknown_keys` tells it. Both the driver's own tests and those of `decode --json` compare with `stated`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parent / "vectors" / "mercury200.jsonl"
SENSELESS: Final = "m200-iobroker-32-0F"
"""An old meter answers the archive of the current month with foreign memory: the one reply without values."""

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

PROSE: Final[Mapping[str, str]] = {
    "text": "what an output function is for",
    "sequence": "what a program sends before and after",
    "reply_described_as": "a reply of which only words were published",
    "looks_like": "what foreign memory seems to be",
}
"""Keys that state no value of these frames, with what they hold."""

JUDGED: Final[Mapping[str, str]] = {
    "valid_archive": "the reply is no archive",
    "not_bcd": "the reply has digits above 9",
}
"""Keys of the one reply that must be refused; its own test looks at them."""


@dataclass(frozen=True, slots=True)
class Stated:
    """The values that a source states, by the names of the decoder's fields, and the names of the commands."""

    request: dict[str, object] = field(default_factory=dict)
    reply: dict[str, object] = field(default_factory=dict)
    name: str | None = None


def _same(value: Any) -> object:
    return value


def _small(value: Any) -> object:
    return str(value).lower()


def _month(value: Any) -> object:
    return _MONTHS.index(value) + 1


_REQUEST: Final[Mapping[str, tuple[str, Callable[[Any], object]]]] = {
    "address": ("address", _same),
    "command": ("command", _same),
    "ii3": ("slot", _same),
    "i6": ("number", _same),
    "month": ("month", _month),
    "day_type": ("day_kind", _small),
}
_REPLY: Final[Mapping[str, tuple[str, Callable[[Any], object]]]] = {
    "address": ("address", _same),
    "command": ("command", _same),
    "serial_number": ("serial_number", _same),
    "printed_serial": ("printed_serial", _same),
    "manufacture_date": ("manufacture_date", _same),
    "datetime": ("datetime", _same),
    "dow": ("dow", _same),
    "dow_name": ("dow_name", _same),
    "battery_V": ("battery_v", _same),
    "voltage_V": ("voltage_v", _same),
    "current_A": ("current_a", _same),
    "active_power_W": ("active_power_w", _same),
    "reactive_power_var": ("reactive_power_var", _same),
    "echoed_i6": ("number", _same),
    "output_function": ("value", _same),
    "ispoln_raw": ("ispoln_raw", _same),
    "meaning_unknown": ("meaning", lambda unknown: "not known" if unknown else None),
    **{f"T{number}_kWh": (f"t{number}_kwh", _same) for number in range(1, 5)},
}
_NAMES: Final[Mapping[str, str]] = {
    "last power on": "read last power on",
    "counters at the start of that month": "read monthly archive",
    "read clock": "read clock",
    "read monthly energy limit": "read monthly energy limit",
    "read DST flag": "read DST flag",
    "read load power": "read load power",
    "read identification": "read identification",
    "read battery voltage": "read battery voltage",
    "read last power-off time": "read last power off",
    "read output function": "read output function",
    "read serial number": "read serial number",
    "read ispoln word": "read build options",
    "read manufacture date": "read date of manufacture",
    'undocumented read ("IdentPo" in the vendor configurator)': "read IdentPo (undocumented)",
    "read tariff schedule": "read tariff schedule record",
}
"""What a source calls a command (`what`, and `event` of a time), and what the decoder does."""

_NAMING: Final = ("what", "event")
_BYTES: Final = ("ii2",)
"""`ii2` is the byte of month and kind of day: no field has it, the request's data byte is compared with it."""

KNOWN: Final = frozenset((*_REQUEST, *_REPLY, *_NAMING, *_BYTES, *PROSE, *JUDGED))


def read_vectors() -> list[dict[str, Any]]:
    """The lines of the file."""
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def name_of(vector: Mapping[str, Any]) -> str:
    return str(vector["id"])


def unknown_keys(vector: Mapping[str, Any]) -> set[str]:
    """Keys of `meaning` that nobody compares and nobody calls prose."""
    return set(vector["meaning"]) - KNOWN


def stated(vector: Mapping[str, Any]) -> Stated:
    """What the source states about both frames; KeyError for a value that no table has."""
    meaning = vector["meaning"]
    request = {name: said(meaning[key]) for key, (name, said) in _REQUEST.items() if key in meaning}
    reply = {name: said(meaning[key]) for key, (name, said) in _REPLY.items() if key in meaning}
    names = {_NAMES[meaning[key]] for key in _NAMING if key in meaning}
    assert len(names) <= 1
    return Stated(request=request, reply=reply if vector["response_hex"] else {}, name=next(iter(names), None))


def stated_data(vector: Mapping[str, Any]) -> int | None:
    """The one data byte of the request, where the source states it as such."""
    meaning = vector["meaning"]
    return next((int(meaning[key]) for key in ("ii2", "ii3", "i6") if key in meaning), None)


def differences(told: Mapping[str, object], wanted: Mapping[str, object]) -> list[str]:
    """Every stated value that the decoder tells otherwise or not at all."""
    return [
        f"{name}: told {told.get(name)!r}, stated {value!r}"
        for name, value in wanted.items()
        if name not in told or not _is_told(told[name], value)
    ]


def _is_told(told: object, value: object) -> bool:
    """Quantities are told as text with all their digits; the sources write 0.0 for 0.00."""
    if isinstance(value, bool) or isinstance(told, bool):
        return told is value
    if isinstance(told, str) and isinstance(value, int | float):
        return Decimal(told) == Decimal(str(value))
    return type(told) is type(value) and told == value
