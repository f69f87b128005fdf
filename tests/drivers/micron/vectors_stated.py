"""What the file of published exchanges states about them, in the words of the decoder.

Every key of a `meaning` has the fields that tell it, or is called prose; `wrong` finds what is told otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from meterlink.driver import Description

FILE: Final = Path(__file__).parent / "vectors" / "micron.jsonl"
MISPRINT: Final = "vd-09-48-12"
"""Its source prints the month before the day, against every other record: the one answer that has no date."""

_PHASES: Final = ("sum", "ph1", "ph2", "ph3")
_KINDS: Final = ("Ap", "Am", "Rp", "Rm")
_TIMES: Final = (
    *("off", "on", "before", "after", "holidays_changed", "energy_reset", "cover_opened", "cover_closed"),
    *("maxima_reset", "reserve_on", "reserve_off", "last", "left", "returned"),
)

PROSE: Final = frozenset(
    (
        *("command", "step", "form", "mode", "function", "text", "encoding", "raw_time", "relay_off", "keys", "asked"),
        *("nit", "quadrant", "unit", "quantity", "profile", "first", "second", "load", "inputs"),
        *("constant", "kwh", "kvarh", "watts", "percent", "flag", "auto_season", "mark_incomplete", "restore_display"),
        *("normal_low_hz", "normal_high_hz", "averaging_s", "normal_pct", "limit_pct", "volts", "kind"),
        *("current_ratio_bytes", "hour", "date", "old_ascii", "new_ascii", "I1", "P1", "P_sum"),
    )
)
"""Names, what takes the constant or the model, and what the decoder gives as the bytes of its own fields.

The frames of all of them are compared byte by byte, and the values with a constant in `test_energy`.
"""


def _same(value: Any) -> object:
    return value


def _bytes(value: Any) -> object:
    return bytes.fromhex(str(value)).hex(" ").upper()


def _minute(value: Any) -> object:
    text = str(value)
    return text if text.count(":") == 2 else f"{text}:00"


def _unit(value: Any) -> object:
    return {"MW": 1}.get(value, value)


def _channel(value: Any) -> object:
    return 0 if value == "current" else value


FIELDS: Final[Mapping[str, tuple[tuple[str, ...], Callable[[Any], object]]]] = {
    "address": (("address", "short_address", "memory_address"), _same),
    "answer_address": (("address",), _same),
    "ext_address": (("ext_address", "extended_address"), _same),
    "new_address": (("new_address",), _same),
    "new_ext_address": (("new_ext_address",), _same),
    "password_ascii": (("password",), lambda _: "**"),
    "rwri": (("number", "of"), _same),
    "array": (("array", "number"), _same),
    "memory": (("memory",), _same),
    "count": (("count",), _same),
    "data": (("data", "raw"), _bytes),
    "identifier": (("identifier",), lambda value: _bytes(value) if isinstance(value, str) else value),
    "mask": (("mask", "value", "second"), _same),
    "value": (("value", "flag"), _same),
    "param": (("param", "number"), _same),
    "bits": (("bits",), _same),
    "state": (("state",), _same),
    "celsius": (("celsius",), _same),
    "serial": (("serial",), _same),
    "made": (("made",), _same),
    "Kn": (("voltage_ratio", "ratio"), _same),
    "Kt": (("current_ratio",), _same),
    "dimension": (("dimension",), _unit),
    "whole": (("whole",), _same),
    "fraction": (("fraction",), _same),
    "version": (("version",), _same),
    "minutes": (("minutes",), _same),
    "interval_min": (("interval_min",), _same),
    "start_address": (("start_address",), _same),
    "seconds": (("seconds", "value"), _same),
    "milliseconds": (("value",), _same),
    "factor": (("value",), _same),
    "ohms": (("value", "values"), _same),
    "seconds_per_day": (("seconds_per_day", "values"), _same),
    "multiplier": (("multiplier",), _same),
    "parity": (("parity",), _same),
    "baud": (("baud",), _same),
    "channel": (("channel", "number"), _channel),
    "level_changed": (("level_changed",), _same),
    "length": (("length",), _same),
    "datetime": (("datetime",), _same),
    "weekday": (("weekday",), _same),
    "season": (("season",), _same),
    "time": (("time", "at"), _minute),
    "since": (("since",), _minute),
    "slice_start": (("slice_start",), _minute),
    "overflow": (("overflow",), _same),
    "journal": (("journal",), _same),
    "record": (("record",), _same),
    "reason": (("reason",), _same),
    "count_that_day": (("count",), _same),
    "tariff": (("tariff", "of"), _same),
    "month": (("month", "number"), _same),
    "morning": (("morning",), _same),
    "evening": (("evening",), _same),
    "raw": (
        ("raw", "counts_half_pulses"),
        lambda value: list(map(value.get, _KINDS)) if isinstance(value, dict) else value,
    ),
    "values": (("values",), lambda value: list(map(value.get, _PHASES))),
    "hz": (("hz",), _same),
    "active_reverse": (("active_reverse",), _same),
    "byte1": (("byte1",), _same),
    "byte2": (("byte2",), _same),
    **{key: ((key,), _same) for key in ("period_s", "bori", "bwri", "bnt")},
    **{
        key: ((key,), _same)
        for key in (
            *("accuracy_active_pct", "accuracy_reactive_pct", "u_nominal", "i_nominal_a", "directions", "temp_min_c"),
            *("phases", "constant_imp_per_kwh", "type_code", "type"),
        )
    },
    **dict.fromkeys(_TIMES, (("begin", "end", "at"), _same)),
}
"""For each key the fields that may tell it, of either frame, and the value in the decoder's form."""

_ELSEWHERE: Final[Mapping[str, frozenset[str]]] = {
    "vd-03-06-0": frozenset({"bori", "tariff"}),  # told as the two bytes behind the kind
    "vd-03-18-01": frozenset({"value"}),  # of the bit, and the frame carries the number of the flag
    "vd-03-28": frozenset({"season"}),
    "vd-03-28-fe": frozenset({"season"}),
    "vd-08-0e": frozenset({"weekday"}),
    "vd-08-19": frozenset({"weekday"}),
    "vd-08-1c-01": frozenset({"interval_min", "Kn", "Kt"}),  # the bytes of its layout, which differs by model
    MISPRINT: frozenset({"reason"}),
}
"""Keys of single lines that stand in no field of their own."""


def read_vectors() -> list[dict[str, Any]]:
    """The lines of the file."""
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def name_of(vector: Mapping[str, Any]) -> str:
    return str(vector["id"])


def unknown_keys(vector: Mapping[str, Any]) -> set[str]:
    """Keys of `meaning` that nobody compares and nobody calls prose."""
    return set(vector["meaning"]) - PROSE - set(FIELDS) - {"answer"}


def wrong(vector: Mapping[str, Any], told: Description) -> list[str]:
    """Every stated value that neither frame tells."""
    reply = {} if told.reply is None else told.reply.fields
    compared = {
        key: value
        for key, value in vector["meaning"].items()
        if key in FIELDS and key not in PROSE and key not in _ELSEWHERE.get(vector["id"], ())
    }
    found = [
        f"{key}: stated {value!r}, told {[fields.get(name) for name in FIELDS[key][0]]}"
        for key, value in compared.items()
        for fields in [{**told.request.fields, **reply}]
        if not _is_told(key, value, told.request.fields, reply)
    ]
    return found + _wrong_status(vector["meaning"].get("answer"), reply)


def _is_told(key: str, value: Any, *sides: Mapping[str, object]) -> bool:
    names, said = FIELDS[key]
    return any(name in side and _equal(side[name], said(value)) for side in sides for name in names)


def _wrong_status(answer: Any, reply: Mapping[str, object]) -> list[str]:
    if not isinstance(answer, dict):
        return []
    wanted = {key: value for key, value in answer.items() if value}
    told = {key: value for key, value in reply.items() if key in wanted}
    return [] if told.items() >= wanted.items() else [f"answer: stated {wanted}, told {told}"]


def _equal(told: object, value: object) -> bool:
    """Quantities are told as text with all their digits; the sources round them."""
    if isinstance(told, list) and len(told) == 1 and not isinstance(value, list):
        return _equal(told[0], value)
    if isinstance(told, list) and isinstance(value, list):
        return len(told) == len(value) and all(map(_equal, told, value))
    if isinstance(told, str) and isinstance(value, int | float) and not isinstance(value, bool):
        places = -int(Decimal(str(value)).as_tuple().exponent)
        return abs(Decimal(told) - Decimal(str(value))) <= Decimal(1).scaleb(-places)
    return told == value and isinstance(told, bool) == isinstance(value, bool)
