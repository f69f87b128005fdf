"""The mark in the meter's passport: the act in a text that fits on a sticker. Source: docs/trade.md 4.4.

It tells what stands in the meter after the work, not what was ordered. It holds no personal data of the customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from meterlink.language import Language
from meterlink.report import act_picture as picture, act_values as values
from meterlink.report.act_words import NO_FAMILY, ActWords, Phrases
from meterlink.report.body.facts import NONE, NOT_READ, NOT_STATED
from meterlink.report.body.steps import CONFIRMED
from meterlink.report.layout.meter import SUM, TOTAL, quantity_of, sums
from meterlink.report.layout.sheet import Sheet
from meterlink.report.layout.work import all_but_the_check

_UNNAMED: Final = ("replanned", "not-begun")
"""Results of steps that a mark does not name."""


def passport_line(body: Mapping[str, Any], language: Language, family: Phrases = NO_FAMILY) -> str:
    """A few lines: when, what was changed, readings, seals, and who signs."""
    sheet = Sheet(body, {}, ActWords(language, family))
    words, act, meter = sheet.words, body["act"], body["meter"]
    date = sheet.moment(act["finished_at"]).split(" ")[0]
    result = "all stand" if all_but_the_check(body) else body["result"]
    head = [words(f"passport {result}", date=date, number=act["number"])]
    head += [words("passport restores", work=body["restores"])] if body["restores"] != NONE else []
    head += [words("passport meter", serial=words.value(meter["serial_number"]))]
    lines = [
        " ".join(head),
        " ".join(dict.fromkeys(_changes(sheet))),
        _readings(words, body["readings"]),
        " ".join(_seals(words, body["seals"])),
        *(words("passport sign", name=words.value(each["name"])) for each in body["performers"]),
    ]
    return "\n".join(values.shown(line) for line in lines if line)


def _changes(sheet: Sheet) -> Iterable[str]:
    for step in sheet.body["steps"]:
        if step["result"] in CONFIRMED:
            yield _changed(sheet, step["action"])
        elif step["result"] not in _UNNAMED:
            yield sheet.words("passport unconfirmed", action=sheet.words.code("action", step["action"]))
    if sheet.body["schedule_left"] == "mixed":
        yield sheet.words("passport mixed")


def _changed(sheet: Sheet, action: str) -> str:
    """What stands in the meter now."""
    words, body = sheet.words, sheet.body
    if action == "clock":
        before, after = (values.clock_error(words, body["clock"][side]) for side in ("before", "after"))
        return words("passport clock", before=before, after=after)
    if action in ("dst_off", "dst_on"):
        return words("passport dst", state=sheet.dst_state(body["dst"]["after"]))
    if action == "schedule" and sheet.standing.schedule is not None:
        return " ".join(_schedule(sheet))
    if action == "tariff_mode":
        return words("passport tariffs", count=sheet.tariff_count(body["tariffs"]["after"]))
    if action == "holidays":
        return words("passport holidays", days=sheet.holidays(body["holidays"]["after"]))
    return words("passport other", action=words.code("action", action))


def _schedule(sheet: Sheet) -> Iterable[str]:
    """The hours of each tariff where every day is alike, else how many programs there are; then what does not act."""
    words, schedule, standing = sheet.words, sheet.standing.schedule, sheet.standing
    if schedule is None:
        return
    programs = picture.served_programs(words, schedule)
    zones = sheet.zone_words(standing.after)
    tariffs = sorted(schedule.tariffs_used())
    if len(programs) == 1:
        names = {tariff: f"T{tariff} ({zones[tariff]})" if tariff in zones else f"T{tariff}" for tariff in tariffs}
        hours = [
            words("passport hours", name=names[tariff], hours=picture.tariff_hours(programs[0][0], tariff))
            for tariff in tariffs
        ]
        yield words("passport schedule", hours="; ".join(hours))
    else:
        told = words("passport programs", programs=len(programs), tariffs=len(tariffs))
        yield words("passport schedule", hours=told)
    if standing.beyond:
        yield words("passport not acting", tariffs=", ".join(f"T{tariff}" for tariff in standing.beyond))


def _readings(words: ActWords, readings: Mapping[str, Any]) -> str:
    """Those after the work, else those before; by quantity where there are several."""
    side = "before" if readings["after_at"] in (NOT_READ, NOT_STATED) else "after"
    kinds: dict[str, list[Mapping[str, str]]] = {}
    for each in readings["registers"]:
        kinds.setdefault(quantity_of(each), []).append(each)
    told = {kind: _registers(words, registers, side) for kind, registers in kinds.items()}
    if len(told) > 1:
        named = [
            words("passport quantity", quantity=words.code("quantity", kind), readings=", ".join(amounts))
            for kind, amounts in told.items()
        ]
        return words("passport readings", readings="; ".join(named))
    amounts = [amount for each in told.values() for amount in each]
    return words("passport readings", readings=", ".join(amounts) or words("not-read"))


def _registers(words: ActWords, registers: Sequence[Mapping[str, str]], side: str) -> list[str]:
    """Of one quantity: registers that count something, and the total or what they come to."""
    has_total = any(each["register"] == TOTAL for each in registers)
    return [
        words(
            "passport reading",
            register=words(f"passport {each['register']}") if each["register"] in (TOTAL, SUM) else each["register"],
            amount=values.amount(words, each[side]),
            unit=words.code("unit", each["unit"]),
        )
        for each in [*registers, *([] if has_total else sums(registers))]
        if each["register"] in (TOTAL, SUM) or each[side].strip("0.")
    ]


def _seals(words: ActWords, seals: Mapping[str, Any]) -> Iterable[str]:
    for event in ("removed", "installed"):
        numbers = ", ".join(words.value(seal["number"]) for seal in seals[event])
        yield words(f"passport {event}", seals=numbers or words("none"))
