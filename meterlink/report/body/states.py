"""The states before and after a work, side by side: readings, clock, tariffs, and what else the meter tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from meterlink.audit.record import Record
from meterlink.report.body.facts import NO, NONE, NOT_READ, NOT_STATED, READ, UNLIFTABLE, YES, Facts
from meterlink.visit import parts

_UNITS: Final = ("kwh", "kvarh")
_is_amount: Final = re.compile(r"-?[0-9]{1,14}(?:\.[0-9]{1,10})?", re.ASCII).fullmatch
"""So long that differences stay exact."""


def sides(make: Callable[[Facts | None], Any], before: Facts | None, after: Facts | None) -> dict[str, Any]:
    """One thing before and after."""
    return {"before": make(before), "after": make(after)}


# --- readings -------------------------------------------------------------------------------------------------------


def readings(before: Facts | None, after: Facts | None) -> dict[str, Any]:
    first, last = _registers(before), _registers(after)
    return {
        "before_at": _read_at(before),
        "after_at": _read_at(after),
        "registers": [
            {
                "register": register,
                "quantity": quantity,
                "direction": direction,
                "unit": unit,
                "before": first.get(key, NOT_READ),
                "after": last.get(key, NOT_READ),
                "change": _change(first.get(key), last.get(key)),
            }
            for key in {**first, **last}
            for register, quantity, direction, unit in [key]
        ],
    } | _multiplied(after or before)


def _multiplied(state: Facts | None) -> dict[str, Any]:
    """By which ratios the readings were multiplied, where they were."""
    key = "energy_multiplied_by"
    return {} if state is None or key not in state.values else {"multiplied_by": state.number(key)}


def _read_at(state: Facts | None) -> str:
    """By the clock that the meter's is compared with."""
    return NOT_READ if state is None else state.text("read_at")


def _registers(state: Facts | None) -> dict[tuple[str, str, str, str], str]:
    """Amounts by register, quantity, direction and unit."""
    found: dict[tuple[str, str, str, str], str] = {}
    for value in [] if state is None else state.tables("energy"):
        unit = next((unit for unit in _UNITS if unit in value.values), NOT_STATED)
        key = (value.text("register"), value.text("quantity"), value.text("direction"), unit)
        found[key] = _amount(value, unit)
    return found


def _amount(value: Facts, unit: str) -> str:
    amount = value.text(unit, NOT_READ)
    if amount != NOT_READ and not _is_amount(amount):
        value.wrong(unit, amount, "a decimal number")
    return amount


def _change(before: str | None, after: str | None) -> str:
    if before in (None, NOT_READ) or after in (None, NOT_READ):
        return NOT_READ
    return format(Decimal(after or 0) - Decimal(before or 0), "f")


# --- settings -------------------------------------------------------------------------------------------------------


def _missing(state: Facts | None, what: str) -> dict[str, Any]:
    """That something was not read, and why."""
    if state is None:
        return {"state": NOT_READ, "reason": NONE}
    reasons = [each.text("reason") for each in state.tables("absent") if each.text("what") == what]
    return {"state": NOT_READ, "reason": "; ".join(reasons) or NOT_STATED}


def clock(state: Facts | None) -> dict[str, Any]:
    if state is None or "clock" not in state.values:
        return _missing(state, parts.CLOCK)
    told = state.table("clock")
    keys = ("meter_time", "reference_time", "error_s", "uncertainty_s", "season_flag")
    return {"state": READ, **told.texts_of(*keys)}


def dst(state: Facts | None) -> dict[str, Any]:
    if state is None or "dst" not in state.values:
        return _missing(state, parts.DST)
    told = state.table("dst")
    return {"state": READ, "enabled": told.flag("enabled"), "begins": told.text("begins"), "ends": told.text("ends")}


def tariffs(state: Facts | None) -> dict[str, Any]:
    if state is None or "tariffs" not in state.values:
        return _missing(state, parts.TARIFFS)
    mode = state.table("tariffs")
    return {"state": READ, "in_force": mode.number("in_force"), "current": mode.number("current")}


def schedule(state: Facts | None) -> dict[str, Any]:
    """The table as it was recorded; stored tables that are no schedule, with the reasons."""
    if state is None:
        return _missing(state, parts.SCHEDULE)
    notes = {"notes": state.texts("schedule_notes")}
    if "unliftable" in state.values:
        return {"state": UNLIFTABLE, "reasons": state.texts("unliftable")} | notes
    if "schedule" in state.values:
        return {"state": READ, "table": dict(state.table("schedule").values)} | notes
    return _missing(state, parts.SCHEDULE) | notes


def holidays(state: Facts | None) -> dict[str, Any]:
    if state is None or "holidays" not in state.values:
        return _missing(state, parts.HOLIDAYS)
    return {"state": READ, "days": state.texts("holidays")}


def status(state: Facts | None) -> dict[str, Any]:
    if state is None or "status" not in state.values:
        return _missing(state, parts.STATUS)
    values = [each.texts_of("name", "value") | {"unit": each.text("unit", NONE)} for each in state.tables("status")]
    return {"state": READ, "values": values}


def absent(state: Facts | None) -> list[dict[str, Any]]:
    return [] if state is None else [each.texts_of("what", "reason") for each in state.tables("absent")]


def stored(state: Facts | None) -> Mapping[str, str]:
    """The values as the family stores them, by name; not for the act itself."""
    values = [] if state is None or type(state.values.get("stored")) is not list else state.tables("stored")
    return {each.text("name"): each.text("raw") for each in values}


# --- journals -------------------------------------------------------------------------------------------------------


def journals(records: Sequence[Record]) -> list[dict[str, Any]]:
    """By journal the events that are behind the newest one before; all of them where only one side was read."""
    before, after = _journals_of(records, "before"), _journals_of(records, "after")
    told = []
    for name in {**(before or {}), **(after or {})}:
        first, last = (None if side is None else side.get(name) for side in (before, after))
        is_compared = first is not None and last is not None
        told.append(
            {
                "journal": name,
                "compared": YES if is_compared else NO,
                "events": _newer(first, last) if first is not None and last is not None else last or first or [],
            }
        )
    return told


def _journals_of(records: Sequence[Record], purpose: str) -> dict[str, list[dict[str, Any]]] | None:
    for record in reversed(records):
        if record.type == "meter.journal" and record.d.get("purpose") == purpose:
            told = Facts.of(record).table("journals")
            return {name: [_event(each) for each in told.tables(name)] for name in sorted(told.values)}
    return None


def _event(event: Facts) -> dict[str, Any]:
    return {**event.texts_of("event", "raw"), "at": event.text("at", event.text("on"))}


def _newer(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What stands in front of the events that were there before; the newest comes first, the oldest fall out."""
    shift = next(k for k in range(len(after) + 1) if after[k:] == before[: len(after) - k])
    return list(after[:shift])
