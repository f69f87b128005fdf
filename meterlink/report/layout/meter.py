"""Sections 6 to 10 of the act: the meter, its seals, what it counted, its clock and its change to summer time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from meterlink.report import act_values as values
from meterlink.report.body.facts import NO, NOT_READ, NOT_STATED, READ
from meterlink.report.layout.blocks import Block, Lines, Table
from meterlink.report.layout.sheet import Sheet

TOTAL: Final = "total"
SUM: Final = "sum"
"""Not a register of any meter: what its tariffs come to."""


def meter(sheet: Sheet) -> Iterable[Block]:
    words, told = sheet.words, sheet.body["meter"]
    names, model = ", ".join(told["names"]), words.value(told["model"])
    name = words("meter name", names=names, model=model) if names else model
    yield sheet.pairs(
        ("meter names", name),
        *sheet.plain(told, ("serial", "serial_number"), ("answered", "answered"), ("network address", "address")),
        ("manufactured", sheet.day(told["manufactured"])),
        *sheet.plain(told, ("firmware", "firmware"), ("accuracy class", "accuracy_class")),
        ("verification last", sheet.day(told["verification_last"])),
        ("verification next", _next_verification(sheet)),
        ("current transformers", _transformers(sheet, "ct")),
        ("voltage transformers", _transformers(sheet, "vt")),
    )


def _transformers(sheet: Sheet, kind: str) -> str:
    """What is stated of them: type, numbers, ratio."""
    words, told = sheet.words, sheet.body["meter"]
    facts = {"type": told[f"{kind}_type"], "numbers": told[f"{kind}_numbers"], "ratio": told[f"ratio_{kind}"]}
    stated = [words(f"transformer {name}", value=value) for name, value in facts.items() if value != NOT_STATED]
    return ", ".join(stated) or words("not-stated")


def _next_verification(sheet: Sheet) -> str:
    """With the interval where both dates are stated and lie whole years apart."""
    told = sheet.body["meter"]
    following = sheet.day(told["verification_next"])
    try:
        last, then = (date.fromisoformat(told[key]) for key in ("verification_last", "verification_next"))
    except ValueError:
        return following
    years = then.year - last.year
    is_whole = years > 0 and (last.month, last.day) == (then.month, then.day)
    return sheet.words("verification interval", date=following, years=years) if is_whole else following


# --- seals ----------------------------------------------------------------------------------------------------------


def seals(sheet: Sheet) -> Iterable[Block]:
    words, told = sheet.words, sheet.body["seals"]
    rows = [_seal(sheet, event, seal) for event in told for seal in told[event]]
    if rows:
        heads = ("seal event", "seal number", "seal place", "seal kind", "seal owner", "seal state")
        yield Table(head=tuple(map(words, heads)), rows=tuple(rows), widths=(1.5, 1.3, 2.9, 2.5, 2.2, 2.5))
    stated = sheet.body["seals_stated"] != NO
    missing = [
        words(f"seals {event} none" if stated else f"seals {event} unasked")
        for event in ("found", "removed", "installed")
        if not told[event]
    ]
    if missing:
        yield Lines(texts=(" ".join(missing),))


def _seal(sheet: Sheet, event: str, seal: Mapping[str, Any]) -> tuple[str, ...]:
    words = sheet.words
    told = [words.code("seal", seal.get("event", event))]
    told += [words.value(seal[key]) for key in ("number", "place", "kind", "owner")]
    about = [] if seal["state"] == NOT_STATED else [words.code("seal state", seal["state"])]
    about += [seal["reason"]] if seal.get("reason", NOT_STATED) != NOT_STATED else []
    about += [sheet.moment(seal["at"])] if seal.get("at", NOT_STATED) != NOT_STATED else []
    nothing = "no seal state told" if event == "expected" else "no seal state"
    return (*told, "; ".join(about) or words(nothing))


# --- readings -------------------------------------------------------------------------------------------------------


def readings(sheet: Sheet) -> Iterable[Block]:
    """Names of zones stand in the rows where they held before the work, too; else in a column of the state after."""
    words, told = sheet.words, sheet.body["readings"]
    registers = told["registers"]
    if not registers:
        yield Lines(texts=(words("no readings"),))
        return
    kinds = {quantity_of(each) for each in registers}
    named = sheet.zone_words(sheet.standing.after)
    has_column = bool(named) and not sheet.standing.before
    head = [
        words("register") if len(kinds) > 1 else words("register of", quantity=words.code("quantity", min(kinds))),
        words("before at", at=sheet.moment(told["before_at"])),
        words("after at", at=sheet.moment(told["after_at"])),
        words("change"),
        words("unit"),
    ]
    rows = []
    for each in [*registers, *sums(registers)]:
        name = _register_name(sheet, each, {} if has_column else named)
        name = f"{name}, {words.code('quantity', quantity_of(each))}" if len(kinds) > 1 else name
        amounts = values.amount(words, each["before"]), values.amount(words, each["after"])
        row = (name, *amounts, values.signed(words, each["change"]), words.code("unit", each["unit"]))
        rows.append((*row, named.get(values.tariff_of(each["register"]), "")) if has_column else row)
    yield Table(
        head=(*head, words("zone after")) if has_column else tuple(head),
        rows=tuple(rows),
        widths=(3, 2.4, 2.4, 1.4, 1, 1.4) if has_column else (3, 2.4, 2.4, 1.4, 1),
        right=(1, 2, 3),
    )
    apart = list(_apart(sheet, registers))
    if apart:
        yield Lines(texts=tuple(apart))
    ratio = told.get("multiplied_by")
    yield Lines(texts=(words("readings multiplied", ratio=ratio) if ratio else words("readings raw"),), manner="small")


def _apart(sheet: Sheet, registers: Iterable[Mapping[str, str]]) -> Iterable[str]:
    """Where the total that the meter keeps is not the sum of its tariffs."""
    words = sheet.words
    totals = {(quantity_of(each), each["unit"]): each["after"] for each in registers if each["register"] == TOTAL}
    for each in sums(registers):
        total = totals.get((quantity_of(each), each["unit"]), NOT_READ)
        if NOT_READ in (total, each["after"]):
            continue
        difference = Decimal(total) - Decimal(each["after"])
        if difference:
            told = values.signed(words, format(difference, "f"))
            yield words("totals apart", difference=told, unit=words.code("unit", each["unit"]))


def quantity_of(register: Mapping[str, str]) -> str:
    """What a register counts and which way."""
    return f"{register['quantity']} {register['direction']}"


def _register_name(sheet: Sheet, each: Mapping[str, str], zones: Mapping[int, str]) -> str:
    name = each["register"]
    if name == TOTAL:
        return sheet.words("total")
    if name == SUM:
        return sheet.words("sum")
    zone = zones.get(values.tariff_of(name))
    return sheet.words.value(name) if zone is None else f"{name} ({zone})"


def sums(registers: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """For each quantity, direction and unit the sum of its tariffs, as a register that no meter has."""
    tariffs: dict[tuple[str, str, str], list[Mapping[str, str]]] = {}
    for each in registers:
        if values.tariff_of(each["register"]):
            tariffs.setdefault((each["quantity"], each["direction"], each["unit"]), []).append(each)
    return [
        {"register": SUM, "quantity": quantity, "direction": direction, "unit": unit}
        | {key: _sum(each[key] for each in found) for key in ("before", "after", "change")}
        for (quantity, direction, unit), found in tariffs.items()
    ]


def _sum(amounts: Iterable[str]) -> str:
    """Nothing where one of them was not read."""
    known = list(amounts)
    return NOT_READ if NOT_READ in known else format(sum(map(Decimal, known), Decimal()), "f")


# --- clock and summer time ------------------------------------------------------------------------------------------


def clock(sheet: Sheet) -> Iterable[Block]:
    words, told = sheet.words, sheet.body["clock"]
    sides = told["before"], told["after"]
    rows = [("meter time", [_clock_part(sheet, side, "meter_time") for side in sides])]
    rows += [("reference time", [_clock_part(sheet, side, "reference_time") for side in sides])]
    rows += [("error", [sheet.clock_error(side) for side in sides])]
    rows += [("uncertainty", [_uncertainty(sheet, side) for side in sides])]
    if any(side.get("season_flag", NOT_STATED) != NOT_STATED for side in sides):
        rows += [("season", [sheet.coded("season", side.get("season_flag", NOT_READ)) for side in sides])]
    yield sheet.before_after(rows)
    pairs = [("time source", words.code("time source", told["time_source"]))]
    pairs += [] if told["reason"] == NOT_STATED else [("clock reason", told["reason"])]
    yield sheet.pairs(*pairs)


def _clock_part(sheet: Sheet, clock: Mapping[str, Any], key: str) -> str:
    return sheet.moment(clock[key]) if clock["state"] == READ else sheet.not_read(clock)


def _uncertainty(sheet: Sheet, clock: Mapping[str, Any]) -> str:
    if clock["state"] != READ:
        return sheet.words("not-read")
    return sheet.words("within", within=values.amount(sheet.words, clock["uncertainty_s"]))


def dst(sheet: Sheet) -> Iterable[Block]:
    sides = sheet.body["dst"]["before"], sheet.body["dst"]["after"]
    yield sheet.before_after(
        [
            ("dst", [sheet.dst_state(side) for side in sides]),
            ("dst dates", [_dst_dates(sheet, side) for side in sides]),
        ]
    )


def _dst_dates(sheet: Sheet, dst: Mapping[str, Any]) -> str:
    told = [
        f"{sheet.words(label)}: {sheet.coded('dst date', dst[key])}"
        for label, key in (("dst begins", "begins"), ("dst ends", "ends"))
        if dst.get(key, NOT_STATED) != NOT_STATED
    ]
    return "; ".join(told) or sheet.words("not stored")
