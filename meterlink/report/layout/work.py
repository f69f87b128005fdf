"""Section 12 of the act, what was changed and what was not; and what stands of it in the box on the first page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from meterlink.report.body.facts import NONE, NOT_STATED, READ, UNLIFTABLE, YES
from meterlink.report.body.steps import CONFIRMED
from meterlink.report.layout.blocks import Block, Lines, Table
from meterlink.report.layout.sheet import Sheet
from meterlink.visit.words import warning_words

_DST_ACTIONS: Final = ("dst_off", "dst_on")
_STATUS_OF: Final = {"display": "display", "button_correction": "button correction"}
"""Actions whose setting stands among what the meter tells about itself."""
_SEE_SCHEDULE: Final = 11
_TOLD_BY_THE_ACT: Final = ("experimental",)
"""Warnings of a plan that the act says in its own words."""
_FAMILY_FACTS: Final = ("reason", "reasons", "why", "changes", "names")
_DONE: Final = ("read", "changed", "as-wanted")
_BRACKET: Final = re.compile(r" \(.*\)$")


# --- the first page -------------------------------------------------------------------------------------------------


def result_line(sheet: Sheet) -> str:
    words, body = sheet.words, sheet.body
    told = [words.code("result", body["result"]), *([words("with problems")] if body["problems"] else [])]
    told += [words("port sim")] if body["program"]["port"] == "sim" else []
    return f"{words('result')}: {'; '.join(told)}"


def notes(sheet: Sheet) -> Iterable[str]:
    """What the act must not let anybody overlook: a way back, a table half written, what the order wanted in vain."""
    words, body = sheet.words, sheet.body
    is_done = body["result"] in ("done", "nothing")
    if body["restores"] != NONE:
        yield words("restores" if is_done else "restores in part", work=body["restores"])
    if body["schedule_left"] == "mixed":
        yield words("schedule mixed")
    open_actions = [each for each in body["actions"] if each["state"] not in _DONE]
    if body["restores"] != NONE:
        open_actions = [each for each in open_actions if each["state"] != "not-planned"]
    if open_actions and body["result"] != "cancelled":
        told = [words.code("action", each["action"]) for each in open_actions]
        yield words("not carried out", actions=", ".join(told))
    if standing_still(sheet):
        yield words("not acting")


def standing_still(sheet: Sheet) -> bool:
    """Whether the schedule stands there and does nothing, because one tariff is in force."""
    return sheet.standing.in_force == 1 and bool(sheet.standing.beyond)


# --- what was changed -----------------------------------------------------------------------------------------------


def changes(sheet: Sheet) -> Iterable[Block]:
    words, body = sheet.words, sheet.body
    if body["steps"]:
        yield Table(
            head=tuple(map(words, ("step", "step was", "step became", "step result", "step at"))),
            rows=tuple(_step(sheet, step) for step in body["steps"]),
            widths=(2.8, 1.9, 1.7, 1.8, 1.5),
        )
    else:
        yield Lines(texts=(words("no steps"),))
    problems = [_problem(sheet, each) for each in body["problems"]]
    if problems:
        yield Lines(texts=(f"{words('problems')}: {'; '.join(problems)}",), manner="strong")
    if body["program"]["experimental"] == YES:
        yield Lines(texts=(words("experimental"),), manner="strong")
    told = [(label, "; ".join(texts)) for label, texts in _findings(sheet)]
    yield sheet.pairs(*((label, text) for label, text in told if text))


def _problem(sheet: Sheet, each: Mapping[str, Any]) -> str:
    words = sheet.words
    kind = words.code("problem", each["kind"])
    return words("problem", kind=kind, text=words.value(sheet.logged(each["text"], each["n"])))


def _step(sheet: Sheet, step: Mapping[str, Any]) -> tuple[str, ...]:
    words = sheet.words
    result = [words.code("step result", step["result"])]
    if step["results"]:
        last = step["results"][-1]
        result += [] if step["result"] in CONFIRMED else _what_was_read(sheet, last)
        earlier = [words.code("step result", each["result"]) for each in step["results"][:-1]]
        result += [words("step history", results=", ".join(earlier))] if earlier else []
    result += [words("experimental step")] if step["experimental"] == YES else []
    action = words.code("action", step["action"])
    at = sheet.moment(step["results"][-1]["at"]) if step["results"] else words("no time")
    return (action, _told_side(sheet, step, "before"), _told_side(sheet, step, "after"), "; ".join(result), at)


def _what_was_read(sheet: Sheet, result: Mapping[str, Any]) -> list[str]:
    """Of a step that does not stand."""
    told = {key: result[key] for key in ("found", "detail") if result[key] != NOT_STATED}
    if all(map(sheet.is_told, told.values())):
        return [sheet.words(f"step {key}", **{key: text}) for key, text in told.items()]
    return [sheet.words("in record", n=result["n"])]


def _told_side(sheet: Sheet, step: Mapping[str, Any], side: str) -> str:
    """What the meter was read to hold before and after; of what states do not tell, what was recorded."""
    action, body = step["action"], sheet.body
    if action == "clock":
        return sheet.clock_error(body["clock"][side])
    if action in _DST_ACTIONS:
        return sheet.dst_state(body["dst"][side])
    if action == "tariff_mode":
        return sheet.tariff_count(body["tariffs"][side])
    if action == "holidays":
        return sheet.holidays(body["holidays"][side])
    if action == "schedule":
        part = body["schedule"][side]
        is_told = part["state"] in (READ, UNLIFTABLE)
        return sheet.words("see", section=_SEE_SCHEDULE) if is_told else sheet.not_read(part)
    if action in _STATUS_OF:
        return sheet.status_value(_status_values(body["status"][side]).get(_STATUS_OF[action]))
    return sheet.logged(_recorded_side(sheet, step, side))


def _recorded_side(sheet: Sheet, step: Mapping[str, Any], side: str) -> str:
    if side == "before":
        return sheet.words.value(str(step["old"]))
    found = step["results"][-1]["found"] if step["results"] else NOT_STATED
    if found != NOT_STATED:
        return str(found)
    return str(step["new"]) if step["result"] == "verified" else sheet.words("not-read")


# --- what else is to be told ----------------------------------------------------------------------------------------


def _findings(sheet: Sheet) -> Iterable[tuple[str, list[str]]]:
    """Under their labels."""
    words, body = sheet.words, sheet.body
    yield "actions", _actions(sheet) or [words("actions none")]
    yield "doubts", [_doubt(sheet, each) for each in body["doubts"]]
    yield "resolved", [_resolution(sheet, each) for each in body["resolved"]]
    told = [each for each in body["warnings"] if each["code"] not in _TOLD_BY_THE_ACT]
    yield "warnings", [_warning(sheet, each) for each in told] or [words("none")]
    yield "remarks", [_remark(sheet, each) for each in body["remarks"]] or [words("none")]
    yield "confirmed", [_confirmation(sheet, each) for each in body["confirmed"]]
    known = {words.code("evidence", step["evidence"]) for step in body["steps"]}
    yield "evidence", sorted(known)
    yield "journals", [_journal(sheet, each) for each in body["journals"]] or [words("journals not read")]
    yield "status", _status(sheet)
    before, after = ([_absent(sheet, each) for each in body["absent"][side]] for side in ("before", "after"))
    yield "absent both", [each for each in before if each in after]
    yield "absent before", [each for each in before if each not in after]
    yield "absent after", [each for each in after if each not in before]
    yield "other records", [_other_record(sheet, each) for each in body["other_records"]]


def _actions(sheet: Sheet) -> list[str]:
    """What the order permits, by what became of it."""
    words = sheet.words
    by_state: dict[str, list[str]] = {}
    for each in sheet.body["actions"]:
        by_state.setdefault(each["state"], []).append(words.code("action", each["action"]))
    return [
        words("actions in state", state=words.code("action state", state), actions=", ".join(actions))
        for state, actions in by_state.items()
    ]


def _doubt(sheet: Sheet, each: Mapping[str, Any]) -> str:
    words = sheet.words
    actions = {step["operation"]: step["action"] for step in sheet.body["steps"]}
    operation = each["operation"]
    about = operation if sheet.is_told(operation) else words.code("action", actions.get(operation, NOT_STATED))
    parameter = words.value(sheet.logged(each["parameter"], each["of"]))
    facts = {key: each[key] for key in ("of", "i", "frame")}
    result = words.code("answer", each["result"])
    return words("doubt", operation=about, parameter=parameter, result=result, **facts)


def _resolution(sheet: Sheet, each: Mapping[str, Any]) -> str:
    words = sheet.words
    i = words("all frames") if each["i"] == "all" else words("frame", i=each["i"])
    decision = sheet.coded("decision", each["decision"])
    return words("resolution", i=i, of=each["of"], found=words.value(sheet.logged(each["found"])), decision=decision)


def _warning(sheet: Sheet, each: Mapping[str, Any]) -> str:
    facts = {name: _fact(sheet, name, text) for name, text in each["facts"].items()}
    return warning_words(each["code"], facts, sheet.words.language)


def _fact(sheet: Sheet, name: str, text: str) -> str:
    """As the sentences of warnings take them; what a meter's family says in English is told by where it stands."""
    if name == "zone":
        return sheet.zone_name
    return sheet.logged(text) if name in _FAMILY_FACTS else text


def _remark(sheet: Sheet, each: Mapping[str, str]) -> str:
    words = sheet.words
    text = words.code("remark", each["text"])
    return words("remark", at=sheet.moment(each["at"]), actor=sheet.person(each["actor"]), text=text)


def _confirmation(sheet: Sheet, each: Mapping[str, str]) -> str:
    words = sheet.words
    if each["by"] == each["how"] == NOT_STATED:
        return words("not-stated")
    how = sheet.coded("how", each["how"])
    return words("confirmed text", at=sheet.moment(each["at"]), by=sheet.person(each["by"]), how=how)


def _journal(sheet: Sheet, each: Mapping[str, Any]) -> str:
    words = sheet.words
    journal = words.code("journal", each["journal"])
    events = ", ".join(
        words("journal event", event=_event(sheet, event["event"]), at=_event_time(sheet, event["at"]))
        for event in each["events"]
    )
    compared, alone = ("journal new", "journal none"), ("journal alone", "journal empty")
    some, none = compared if each["compared"] == YES else alone
    return words(some, journal=journal, events=events) if events else words(none, journal=journal)


def _event(sheet: Sheet, event: str) -> str:
    """What stands behind it in brackets are bits of the maker."""
    return event if sheet.is_told(event) else sheet.coded("event", _BRACKET.sub("", event))


def _event_time(sheet: Sheet, text: str) -> str:
    return sheet.moment(text) if "T" in text else sheet.day(text)


def _status(sheet: Sheet) -> list[str]:
    """What the meter tells besides, once where it did not change."""
    words = sheet.words
    before, after = (_status_values(sheet.body["status"][side]) for side in ("before", "after"))
    told = []
    for name in {**before, **after}:
        first, last = (sheet.status_value(side.get(name)) for side in (before, after))
        known = sheet.coded("status name", name)
        same = words("status value", name=known, value=last)
        told.append(same if first == last else words("status both", name=known, before=first, after=last))
    return told


def _status_values(part: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    return {each["name"]: each for each in part.get("values", ())}


def _absent(sheet: Sheet, each: Mapping[str, str]) -> str:
    words = sheet.words
    group = "status name" if words.knows("status name", each["what"]) else "part"
    return words("absent", what=sheet.coded(group, each["what"]), reason=sheet.coded("reason", each["reason"]))


def _other_record(sheet: Sheet, each: Mapping[str, Any]) -> str:
    number = sheet.words("other record", n=each["n"])
    return f"{number} ({each['type']})" if sheet.is_told(each["type"]) else number
