"""The mark in the meter's passport: the act in a text that fits on a sticker. Source: docs/trade.md 4.4.

It holds no personal data of the customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from meterlink.language import Language
from meterlink.report import act_values as values
from meterlink.report.act_body import NOT_READ, NOT_STATED, READ
from meterlink.report.act_words import ActWords

_CONFIRMED: Final = ("verified", "as-wanted")
_SAID_ABOVE: Final = ("replanned", "not-begun")
"""Results of steps that a mark does not name."""


def passport_line(body: Mapping[str, Any], language: Language = Language.RU) -> str:
    """A few lines: when, what was changed, readings, seals, and who signs."""
    words = ActWords(language)
    act, meter = body["act"], body["meter"]
    date = values.moment(words, act["finished_at"], values.zone_of(act["tz"])).split(" ")[0]
    head = words(f"passport {body['result']}", date=date, number=act["number"])
    lines = [
        f"{head} {words('passport meter', serial=words.value(meter['serial_number']))}",
        " ".join(dict.fromkeys(_changes(words, body))),
        _readings(words, body["readings"]),
        " ".join(_seals(words, body["seals"])),
        *(words("passport sign", name=words.value(each["name"])) for each in body["performers"]),
    ]
    return "\n".join(values.shown(line) for line in lines if line)


def _changes(words: ActWords, body: Mapping[str, Any]) -> Iterable[str]:
    for step in body["steps"]:
        if step["result"] in _CONFIRMED:
            yield _changed(words, body, step["action"])
        elif step["result"] not in _SAID_ABOVE:
            yield words("passport unconfirmed", action=words.code("action", step["action"]))


def _changed(words: ActWords, body: Mapping[str, Any], action: str) -> str:
    """What stands in the meter now, where that fits on a sticker."""
    if action == "clock":
        before, after = (values.clock_error(words, body["clock"][side]) for side in ("before", "after"))
        return words("passport clock", before=before, after=after)
    if action in ("dst_off", "dst_on"):
        return words("passport dst", state=words("dst no" if action == "dst_off" else "dst yes"))
    if action == "schedule" and body["plan"]["name"] != "none":
        return words("passport schedule", plan=body["plan"]["name"])
    if action == "tariff_mode" and body["tariffs"]["after"]["state"] == READ:
        return words("passport tariffs", count=words.value(str(body["tariffs"]["after"]["in_force"])))
    if action == "holidays" and body["holidays"]["after"]["state"] == READ:
        days = values.holidays_text(words, body["holidays"]["after"]["days"])
        return words("passport holidays", days=days)
    return words("passport other", action=words.code("action", action))


def _readings(words: ActWords, readings: Mapping[str, Any]) -> str:
    """Those after the work, else those before; registers that count something, and the totals."""
    side = "before" if readings["after_at"] in (NOT_READ, NOT_STATED) else "after"
    told = [
        words(
            "passport reading",
            register=words("total") if each["register"] == "total" else words.value(each["register"]),
            amount=values.amount(words, each[side]),
            unit=words.code("unit", each["unit"]),
        )
        for each in readings["registers"]
        if each["register"] == "total" or each[side].strip("0.")
    ]
    return words("passport readings", readings=", ".join(told) or words("not-read"))


def _seals(words: ActWords, seals: Mapping[str, Any]) -> Iterable[str]:
    for event in ("removed", "installed"):
        numbers = ", ".join(words.value(seal["number"]) for seal in seals[event])
        yield words(f"passport {event}", seals=numbers or words("none"))
