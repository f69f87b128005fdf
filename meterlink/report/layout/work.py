"""Section 12 of the act, what was changed and what was not; and what stands of it in the box on the first page."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from meterlink.audit.doubt import runs
from meterlink.report.act_words import ActWords
from meterlink.report.body.facts import NO, NONE, NOT_READ, NOT_STATED, READ, UNLIFTABLE, YES
from meterlink.report.body.steps import CONFIRMED, all_confirmed
from meterlink.report.layout.blocks import Block, Lines, Table
from meterlink.report.layout.sheet import Sheet
from meterlink.visit.caution import warning_words
from meterlink.visit.parts import JOURNAL

_DST_ACTIONS: Final = ("dst_off", "dst_on")
_SEE_SCHEDULE: Final = 11
_TOLD_BY_THE_ACT: Final = ("experimental",)
"""Warnings of a plan that the act says in its own words."""
_FAMILY_FACTS: Final = ("reason", "reasons", "why", "changes", "names")
"""Before the name of a journal that was not read."""
_BY_LINE: Final = ("doubts", "resolved", "unsettled")
"""What has a line for each of its texts."""
_ALL: Final = "all"
"""Instead of the number of a frame."""
_DONE: Final = ("read", "changed", "as-wanted")
_BRACKET: Final = re.compile(r" \(.*\)$")


# --- the first page -------------------------------------------------------------------------------------------------


def result_line(sheet: Sheet) -> str:
    words, body = sheet.words, sheet.body
    told = [words("all stand") if all_but_the_check(body) else words.code("result", body["result"])]
    kinds = dict.fromkeys(words.code("problem", each["kind"]) for each in body["problems"])
    told += [words("with problems", kinds=", ".join(kinds))] if kinds else []
    told += [words("port sim")] if body["program"]["port"] == "sim" else []
    return f"{words('result')}: {'; '.join(told)}"


def all_but_the_check(body: Mapping[str, Any]) -> bool:
    """Whether a work is done in part only because of what the check behind it found."""
    return body["result"] == "partly" and bool(body["problems"]) and all_confirmed(body["steps"])


def _is_open(action: Mapping[str, Any]) -> bool:
    return action["state"] not in _DONE


def notes(sheet: Sheet) -> Iterable[str]:
    """What the act must not let anybody overlook: a way back, a table half written, what the order wanted in vain."""
    words, body = sheet.words, sheet.body
    is_done = body["result"] in ("done", "nothing")
    if body["restores"] != NONE:
        yield words("restores" if is_done else "restores in part", work=body["restores"])
    if body["schedule_left"] == "mixed":
        yield words("schedule mixed")
    if body["readings"]["after_at"] == NOT_READ and body["result"] not in ("nothing", "cancelled"):
        yield words("after unknown", reason=_why_unread(sheet))
    open_actions = [each for each in body["actions"] if _is_open(each)]
    if body["restores"] != NONE:
        open_actions = [each for each in open_actions if each["state"] != "not-planned"]
    if open_actions and body["result"] != "cancelled":
        yield words("not carried out", actions=", ".join(_open_action(sheet, each) for each in open_actions))
    if standing_still(sheet):
        yield words("not acting")


def _why_unread(sheet: Sheet) -> str:
    """The last remark of a work that was given up is why it was."""
    told = [each["text"] for each in sheet.body["remarks"][-1:]]
    return sheet.words.value(next(iter(told), NOT_STATED))


def _open_action(sheet: Sheet, each: Mapping[str, Any]) -> str:
    """With how many of its values stand all the same."""
    words, action = sheet.words, sheet.words.code("action", each["action"])
    if not each["standing"]:
        return action
    return words("action standing", action=action, standing=each["standing"], total=each["total"])


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
    told: list[tuple[str, str]] = []
    for label, texts in _findings(sheet):
        told += [(label, text) for text in (texts if label in _BY_LINE else ["; ".join(texts)]) if text]
    yield sheet.pairs(*told)


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
    at = words("no time") if step["written_at"] == NONE else sheet.moment(step["written_at"])
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
    status = {each: _status_values(body["status"][each]).get(action.replace("_", " ")) for each in ("before", "after")}
    if any(status.values()):
        return sheet.status_value(status[side])
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
    yield "doubts", [_doubt(sheet, each) for each in _alike(body["doubts"], "operation", "result")]
    resolved = _alike(body["resolved"], "operation", "decision")
    yield "resolved", [_resolution(sheet, each) for each in resolved if not _is_unknown(each)]
    yield "unsettled", [_unsettled(sheet, each) for each in resolved if _is_unknown(each)]
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


_Alike = Sequence[Mapping[str, Any]]
"""Frames of which the same is to be told."""


def _alike(frames: Iterable[Mapping[str, Any]], *keys: str) -> list[_Alike]:
    """Together where these facts are the same, and whether it never left: a table has a hundred frames."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for each in sorted(frames, key=lambda frame: (frame["of"], -1 if frame["i"] == _ALL else frame["i"])):
        groups.setdefault((each["sent"] == NO, *(each[key] for key in keys)), []).append(each)
    return list(groups.values())


def _doubt(sheet: Sheet, frames: _Alike) -> str:
    words, first = sheet.words, frames[0]
    facts = {"operation": _operation(sheet, first["operation"]), "frames": _frames(sheet, frames)}
    if first["sent"] == NO:
        return words("doubt unsent", **facts)
    facts["result"] = words.code("answer", first["result"])
    if len(frames) > 1:
        return words("doubts alike", **facts)
    parameter = words.value(sheet.logged(first["parameter"], first["of"]))
    return words("doubt", parameter=parameter, frame=first["frame"], **facts)


def _resolution(sheet: Sheet, frames: _Alike) -> str:
    """What was read where all of them read the same, else where it stands."""
    words, first = sheet.words, frames[0]
    found = {each["found"] for each in frames}
    return words(
        "resolution unsent" if first["sent"] == NO else "resolution",
        operation=_operation(sheet, first["operation"]),
        frames=_frames(sheet, frames),
        found=words.value(sheet.logged(first["found"])) if len(found) == 1 else words("in the log"),
        decision=sheet.coded("decision", first["decision"]),
    )


def _is_unknown(frames: _Alike) -> bool:
    """Whether it was written down that nobody can tell what became of them."""
    return bool(frames[0]["decision"] == "unknown")


def _unsettled(sheet: Sheet, frames: _Alike) -> str:
    words, first = sheet.words, frames[0]
    facts = {"operation": _operation(sheet, first["operation"]), "frames": _frames(sheet, frames)}
    if first["sent"] == NO:
        return words("doubt unsent", **facts)
    return words("unsettled frames", **facts, decision=sheet.coded("decision", first["decision"]))


def _operation(sheet: Sheet, operation: str) -> str:
    """On paper in another language than the log's by the action that it belongs to."""
    if sheet.is_told(operation):
        return sheet.words.value(operation)
    actions = {step["operation"]: step["action"] for step in sheet.body["steps"]}
    return sheet.words.code("action", actions.get(operation, NOT_STATED))


def _frames(sheet: Sheet, frames: _Alike) -> str:
    """Which they are, by their records: numbers that follow one another as a range."""
    words, numbers = sheet.words, dict[int, list[int | str]]()
    for each in frames:
        numbers.setdefault(each["of"], []).append(each["i"])
    return ", ".join(words("frames of", frames=_numbers(words, found), of=of) for of, found in numbers.items())


def _numbers(words: ActWords, numbers: Collection[int | str]) -> str:
    if _ALL in numbers:
        return words("all frames")
    ranges = [f"{first}–{last}" if first < last else str(first) for first, last in runs(map(int, numbers))]
    return words("frame" if len(numbers) == 1 else "frames", i=", ".join(ranges))


def _warning(sheet: Sheet, each: Mapping[str, Any]) -> str:
    facts = {name: _fact(sheet, name, text) for name, text in each["facts"].items()}
    return warning_words(each["code"], facts, sheet.words.language)


def _fact(sheet: Sheet, name: str, text: str) -> str:
    """As the sentences of warnings take them; a phrase of a family by its word, or by where it stands."""
    if name == "zone":
        return sheet.zone_name
    if name == "status":
        return sheet.coded("status name", text)
    if name == "value":
        value, _, unit = text.rpartition(" ")
        has_unit = sheet.words.knows("status unit", unit)
        return sheet.status_value({"value": value, "unit": unit} if has_unit else {"value": text, "unit": NONE})
    if name in ("reason", "why") and sheet.words.knows("reason", text):
        return sheet.words.code("reason", text)
    return sheet.logged(text) if name in _FAMILY_FACTS else text


def _remark(sheet: Sheet, each: Mapping[str, str]) -> str:
    """A word that somebody typed stays that word, also where it is one of those that mean nothing."""
    words, typed = sheet.words, each["text"]
    text = words(NOT_STATED) if typed == NOT_STATED else words.word("remark", typed) or typed
    return words("remark", at=sheet.moment(each["at"]), actor=sheet.person(each["actor"]), text=text)


def _confirmation(sheet: Sheet, each: Mapping[str, str]) -> str:
    words = sheet.words
    if each["by"] == each["how"] == NOT_STATED:
        return words("not-stated")
    how = sheet.coded("how", each["how"])
    return words("confirmed text", at=sheet.moment(each["at"]), by=sheet.person(each["by"]), how=how)


def _journal(sheet: Sheet, each: Mapping[str, Any]) -> str:
    words = sheet.words
    journal = sheet.coded("journal", each["journal"])
    events = ", ".join(
        words("journal event", event=_event(sheet, event["event"]), at=_event_time(sheet, event["at"]))
        for event in each["events"]
    )
    compared, alone = ("journal new", "journal none"), ("journal alone", "journal empty")
    some, none = compared if each["compared"] == YES else alone
    return words(some, journal=journal, events=events) if events else words(none, journal=journal)


def _event(sheet: Sheet, event: str) -> str:
    """What stands behind it in brackets are bits of the maker."""
    return event if sheet.is_told(event) else sheet.phrase("event", _BRACKET.sub("", event))


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
    what = each["what"]
    journal = what.removeprefix(JOURNAL)
    if what.startswith(JOURNAL) and words.knows("journal", journal):
        told = words.code("journal", journal)
    else:
        told = sheet.coded("status name" if words.knows("status name", what) else "part", what)
    return words("absent", what=told, reason=sheet.coded("reason", each["reason"]))


def _other_record(sheet: Sheet, each: Mapping[str, Any]) -> str:
    number = sheet.words("other record", n=each["n"])
    return f"{number} ({each['type']})" if sheet.is_told(each["type"]) else number
