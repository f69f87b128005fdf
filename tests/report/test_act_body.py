"""The act's body: what it takes from records, what it says where they are silent, and which result it gives."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from meterlink.audit.canonical import decode_canonical
from meterlink.errors import ActError, AuditFormatError
from meterlink.report.act_body import body_sha256, encode_body
from tests.report import works
from tests.report.works import STEPS, WorkRecords, begun, household_work, opening, plan

Fields = dict[str, Any]

KNOWN_SHA256 = "2e0cd185004a47ef8362654359eb298336ce497aff53d4433bac21f6e77ea74d"
"""Of the household work; a change of it means that old acts do not come out of old logs any more."""


# --- pure -----------------------------------------------------------------------------------------------------------


def test_the_same_records_give_the_same_bytes_for_ever() -> None:
    records = household_work()
    untouched = copy.deepcopy(records)
    assert encode_body(works.body_of(records)) == encode_body(works.body_of(copy.deepcopy(records)))
    assert records == untouched
    assert body_sha256(works.body_of(records)) == KNOWN_SHA256


def test_what_stands_at_and_behind_the_end_of_the_work_does_not_count() -> None:
    records = household_work()
    assert works.body_of(works.closing(records)) == works.body_of(records)


def test_records_of_no_work_do_not_count() -> None:
    records = household_work()
    jump = {key: value for key, value in records[3].items() if key not in ("work", "actor")}
    jump |= {"type": "clock.jump", "d": {"wall_ms": 5000, "monotonic_ms": 1000}}
    assert works.body_of([*records[:4], jump, *records[4:]]) == works.body_of(records)


def test_the_body_is_canonical_and_holds_no_personal_datum() -> None:
    raw = encode_body(works.body_of(household_work()))
    assert decode_canonical(raw, "act")["schema"] == "meterlink.act/1"
    told = json.loads(raw)
    assert set(told["customer"]["commitments"]) >= set(works.PERSONAL)
    for value in works.PERSONAL.values():
        assert value not in raw.decode()


# --- what it holds --------------------------------------------------------------------------------------------------


def test_a_whole_work_is_told() -> None:
    body = works.body_of(household_work())
    assert body["result"] == "done"
    assert body["act"]["number"] == "125/1"
    assert body["act"]["records"] == {"first": 128, "last": 156, "count": 29}
    assert (body["act"]["started_at"], body["act"]["tz"]) == ("2026-11-21T09:05:09.123Z", "Europe/Moscow")
    assert [seal["number"] for seal in body["seals"]["installed"]] == ["0051204"]
    assert body["dst"]["before"]["enabled"] == "yes"
    assert body["dst"]["after"]["enabled"] == "no"
    assert body["clock"]["before"]["error_s"] == "3614.290"
    assert body["tariffs"]["after"] == {"state": "read", "in_force": 2, "current": 1}
    assert body["schedule"]["after"]["table"]["season"][0]["every_day"] == "00:00 T2 | 07:00 T1 | 23:00 T2"
    assert body["holidays"] == {
        "before": {"state": "read", "days": ["01-01", "01-02", "01-07", "05-09"]},
        "after": {"state": "read", "days": []},
    }
    assert body["plan"]["zones"] == [{"register": "T1", "zone": "day"}, {"register": "T2", "zone": "night"}]
    assert {each["action"]: each["state"] for each in body["actions"]} == {
        "read": "read",
        **{action: "changed" for action, *_ in STEPS},
    }
    assert body["remarks"][0]["text"].startswith("Батарея разряжена")


def test_readings_stand_side_by_side_with_their_difference() -> None:
    registers = {each["register"]: each for each in works.body_of(household_work())["readings"]["registers"]}
    assert list(registers) == ["T1", "T2", "T3", "T4", "total"]
    assert (registers["T1"]["before"], registers["T1"]["after"], registers["T1"]["change"]) == (
        "18342.17",
        "18342.21",
        "0.04",
    )
    assert registers["T1"]["unit"] == "kwh"


def test_the_meters_own_journal_shows_what_is_new() -> None:
    (journal,) = works.body_of(household_work())["journals"]
    assert journal["compared"] == "yes"
    assert [event["event"] for event in journal["events"]] == ["settings written (bits 00 1F)"] * 2


@pytest.mark.parametrize(
    ("first", "last", "new"),
    [
        ([], [], []),
        ([], ["a"], ["a"]),
        (["a"], ["a"], []),
        (["a", "a"], ["a", "a", "a"], ["a"]),
        (["c", "b", "a"], ["e", "d", "c"], ["e", "d"]),
        (["a", "b"], ["x", "y"], ["x", "y"]),
    ],
)
def test_new_events_are_those_in_front_of_the_old_ones(first: list[str], last: list[str], new: list[str]) -> None:
    work = begun()
    for purpose, events in (("before", first), ("after", last)):
        told = [{"index": n, "event": event, "raw": "00"} for n, event in enumerate(events)]
        work.add("meter.journal", {"purpose": purpose, "journals": {"power": told}})
    fields = [each for each in work.fields if each["d"].get("journals", {}).get("power") is not None]
    (journal,) = works.body_of([work.fields[0], *fields])["journals"]
    assert [event["event"] for event in journal["events"]] == new


def test_the_last_state_before_and_the_last_after_count() -> None:
    """A work that was stopped before it wrote records a new state before it."""
    work = WorkRecords()
    work.add("work.open", opening())
    work.read("before", works.after())
    work.read("before", works.before())
    work.add("work.plan", plan())
    work.read("after", works.before())
    work.read("after", works.after())
    body = works.body_of(work.fields)
    assert body["dst"]["before"]["enabled"] == "yes"
    assert body["dst"]["after"]["enabled"] == "no"


def test_every_seal_keeps_its_event() -> None:
    work = begun()
    work.add("seal", {"event": "installed", "number": "7", "place": "корпус"})
    work.add("seal", {"event": "moved", "number": "8", "place": "щит"})
    seals = works.body_of(work.fields)["seals"]
    assert {event: [seal["number"] for seal in seals[event]] for event in seals} == {
        "expected": [],
        "found": ["0047711", "МА 004512"],
        "removed": ["0047711"],
        "installed": ["7"],
        "other": ["8"],
    }


def test_a_warning_of_several_plans_is_told_once() -> None:
    work = begun()
    work.add("work.plan", plan())
    work.add("work.plan", plan())
    codes = [each["code"] for each in works.body_of(work.fields)["warnings"]]
    assert codes == ["verification-expired", "battery-low"]


def test_records_nobody_knows_are_named() -> None:
    work = begun()
    work.add("photo.taken", {"sha256": "00" * 32})
    assert works.body_of(work.fields)["other_records"] == [{"n": work.next_n - 1, "type": "photo.taken"}]


# --- what is missing ------------------------------------------------------------------------------------------------


def test_a_work_without_its_opening_says_so() -> None:
    work = WorkRecords()
    work.add("log.note", {"text": "никого нет дома"})
    body = works.body_of(work.fields)
    assert body["act"]["opened"] == "no"
    assert body["result"] == "cancelled"
    assert body["order"]["number"] == "not-stated"
    assert body["clock"]["before"] == {"state": "not-read", "reason": "none"}
    assert body["readings"] == {"before_at": "not-read", "after_at": "not-read", "registers": []}
    assert set(body["customer"]["commitments"].values()) == {"none"}


def test_what_was_not_read_keeps_its_reason() -> None:
    work = WorkRecords()
    work.add("work.open", opening())
    snapshot: Fields = {"read_at": "2026-11-21T12:00:00.000+03:00", "energy": [], "stored": {}}
    snapshot |= {"absent": [{"what": "clock", "reason": "no answer"}]}
    work.add("read", {"purpose": "before", "snapshot": snapshot})
    body = works.body_of(work.fields)
    assert body["clock"]["before"] == {"state": "not-read", "reason": "no answer"}
    assert body["dst"]["before"] == {"state": "not-read", "reason": "not-stated"}
    assert body["absent"]["before"] == [{"what": "clock", "reason": "no answer"}]


def test_tables_that_are_no_schedule_keep_their_reasons() -> None:
    work = begun()
    work.fields[2]["d"]["snapshot"].pop("schedule")
    work.fields[2]["d"]["snapshot"]["unliftable"] = ["two programs for one day"]
    schedule = works.body_of(work.fields)["schedule"]["before"]
    assert (schedule["state"], schedule["reasons"]) == ("unliftable", ["two programs for one day"])


# --- the result -----------------------------------------------------------------------------------------------------


def _not_planned() -> list[Fields]:
    return begun().fields


def _only_read() -> list[Fields]:
    return begun(actions=["read"]).fields


def _nothing_to_do() -> list[Fields]:
    work = begun()
    work.add("work.plan", plan((), untouched=[action for action, *_ in STEPS]))
    return work.fields


def _not_confirmed() -> list[Fields]:
    work = begun()
    work.add("work.plan", plan())
    return work.fields


def _with_results(*results: str) -> list[Fields]:
    work = begun()
    work.add("work.plan", plan(STEPS[: len(results)]))
    for step, result in zip(STEPS, results, strict=False):
        work.write(*step, result=result)
    return work.fields


def _moved_by_itself() -> list[Fields]:
    work = WorkRecords(fields=_with_results("verified"))
    work.add("work.problem", {"kind": "EnergyMovedError", "text": "T1 fell from 18342.17 to 18242.21"})
    return work.fields


def _lost_answer() -> list[Fields]:
    work = begun()
    work.add("work.plan", plan())
    work.announce(STEPS[0][1])
    return work.fields


def _answered_and_never_told() -> list[Fields]:
    work = begun()
    work.add("work.plan", plan())
    work.add("outcome", {"of": work.announce(STEPS[0][1]), "i": 0, "result": "ok"})
    return work.fields


def _resumed() -> list[Fields]:
    """The first run ended behind its second step; the second one found the clock to be put right by another amount."""
    work = begun()
    work.add("work.plan", plan())
    work.write(*STEPS[0])
    work.at += timedelta(hours=1)
    work.read("before", works.before())
    again = (STEPS[1][0], "set the clock back by 1 h 00 min 15 s", *STEPS[1][2:])
    work.add("work.plan", plan((again, *STEPS[2:])))
    for step in (again, *STEPS[2:]):
        work.write(*step)
    return work.fields


def _found_as_wanted_when_resumed() -> list[Fields]:
    fields = _answered_and_never_told()
    work = WorkRecords(fields=fields, at=works.BEGAN + timedelta(hours=2))
    work.add("work.plan", plan(STEPS[1:], untouched=["dst_off"]))
    for step in STEPS[1:]:
        work.write(*step)
    return work.fields


@pytest.mark.parametrize(
    ("make", "result"),
    [
        (household_work, "done"),
        (_not_planned, "cancelled"),
        (_only_read, "nothing"),
        (_nothing_to_do, "nothing"),
        (_not_confirmed, "cancelled"),
        (lambda: _with_results("verified", "differs"), "partly"),
        (lambda: _with_results("refused", "not-sent"), "failed"),
        (lambda: _with_results("verified", "in-doubt"), "in-doubt"),
        (_moved_by_itself, "partly"),
        (_lost_answer, "in-doubt"),
        (_answered_and_never_told, "failed"),
        (_resumed, "done"),
        (_found_as_wanted_when_resumed, "done"),
    ],
)
def test_the_result_is_computed_from_the_records(make: Callable[[], list[Fields]], result: str) -> None:
    assert works.body_of(make())["result"] == result


def test_a_step_that_reads_otherwise_is_not_confirmed() -> None:
    body = works.body_of(_with_results("verified", "differs"))
    states = {each["action"]: each["state"] for each in body["actions"]}
    assert states["dst_off"] == "changed"
    assert states["clock"] == "not-confirmed"
    assert states["schedule"] == "not-planned"
    assert body["zones_from"] == {"state": "not-confirmed", "at": "none"}


def test_a_frame_without_a_known_outcome_stands_on_the_act_until_it_is_settled() -> None:
    fields = _lost_answer()
    (doubt,) = works.body_of(fields)["doubts"]
    assert (doubt["of"], doubt["i"], doubt["result"]) == (fields[-1]["n"], 0, "none")
    work = WorkRecords(fields=fields)
    work.add("resolve", {"of": doubt["of"], "i": 0, "found": "off", "decision": "it was taken"})
    settled = works.body_of(work.fields)
    assert settled["doubts"] == []
    frame = {"of": doubt["of"], "i": 0, "operation": STEPS[0][1], "sent": "unknown"}
    assert settled["resolved"] == [frame | {"found": "off", "decision": "it was taken"}]


def _read_back(*found: tuple[str, bool], of_all: bool = False) -> list[Fields]:
    """A table that was announced and acknowledged whole, and of which so much was read back."""
    work = begun()
    work.add("work.plan", plan(STEPS[3:4]))
    of = work.announce(STEPS[3][1], {f"record {i}": f"new {i}" for i in range(4)})
    for i in range(4):
        work.add("outcome", {"of": of, "i": i, "result": "ok"})
    for i, (raw, same) in enumerate(found):
        work.add("verify", {"of": of, "found": raw, "same": same} | ({} if of_all else {"i": i}))
    return work.fields


def _with_state_after(fields: list[Fields], **stored: str) -> list[Fields]:
    work = WorkRecords(fields=fields)
    values = {name.replace("_", " "): raw for name, raw in stored.items()}
    work.read("after", replace(works.after(), stored=values))
    return work.fields


@pytest.mark.parametrize(
    ("fields", "standing", "result"),
    [
        (_read_back(), 0, "failed"),
        (_read_back(("old 0", False)), 0, "failed"),
        (_read_back(("new 0", True), ("new 1", True), ("old 2", False)), 2, "partly"),
        (_read_back(("new 0; new 1; new 2; new 3", True), of_all=True), 4, "partly"),
        (_with_state_after(_read_back(), record_0="new 0", record_1="old 1"), 1, "partly"),
        (_with_state_after(_read_back(("like new 0", True)), record_0="like new 0"), 1, "partly"),
        (_with_state_after(_read_back(("new 0", True)), record_0="old 0"), 0, "failed"),
    ],
    ids=["never read", "none stands", "by frames", "all at once", "by the state after", "in another form", "undone"],
)
def test_values_that_stand_make_a_work_partly_done(fields: list[Fields], standing: int, result: str) -> None:
    body = works.body_of(fields)
    schedule = next(each for each in body["actions"] if each["action"] == "schedule")
    assert (schedule["standing"], schedule["total"], body["result"]) == (standing, 4, result)
    assert schedule["state"] == ("partly" if 0 < standing < 4 else "not-confirmed")


def test_a_value_that_was_there_before_is_nothing_that_was_done() -> None:
    fields = _read_back()
    for frame in next(each for each in fields if each["type"] == "intent")["d"]["frames"]:
        frame["old"] = frame["new"] if frame["i"] else "old"
    states = {"record_0": "old", "record_1": "new 1", "record_2": "new 2", "record_3": "new 3"}
    body = works.body_of(_with_state_after(fields, **states))
    schedule = next(each for each in body["actions"] if each["action"] == "schedule")
    assert (schedule["standing"], schedule["total"], body["result"]) == (0, 1, "failed")


def test_a_value_that_is_announced_again_stands_by_what_is_read_then() -> None:
    work = WorkRecords(fields=_read_back(("new 0", True), ("old 1", False)))
    again = work.announce(STEPS[3][1], {"record 0": "newer 0"})
    work.add("outcome", {"of": again, "i": 0, "result": "ok"})
    body = works.body_of(work.fields)
    assert next(each for each in body["actions"] if each["action"] == "schedule")["standing"] == 0


def _cut_off() -> WorkRecords:
    """Two records of an announcement, six frames; the program was killed when the third had left."""
    work = begun()
    work.add("work.plan", plan(STEPS[3:4]))
    d = work.fields[work.announce(STEPS[3][1]) - works.FIRST]["d"]
    frames = [{"i": i, "bytes": "00", "parameter": f"record {i}", "old": "old", "new": "new"} for i in range(6)]
    d |= {"parts": 2, "frames": frames[:4]}
    work.add("intent", d | {"part": 2, "frames": frames[4:]})
    for i in range(2):
        work.add("outcome", {"of": work.next_n - 2 - i, "i": i, "result": "ok"})
    return work


def test_of_an_announcement_that_was_cut_off_only_one_frame_may_have_left() -> None:
    work = _cut_off()
    assert [(each["i"], each["sent"]) for each in works.body_of(work.fields)["doubts"]] == [
        (2, "unknown"),
        (3, "no"),
        (4, "no"),
        (5, "no"),
    ]
    work.add("work.plan", plan(STEPS[3:4]))
    work.announce(STEPS[3][1])
    assert works.body_of(work.fields)["doubts"][-1]["sent"] == "unknown", "that is an announcement of its own"


def test_what_was_written_was_written_when_it_left_not_when_it_was_read_back() -> None:
    work = _cut_off()
    left = work.fields[-1]["t"]
    work.at += timedelta(days=1)
    for i in range(6):
        work.add("resolve", {"of": work.next_n, "i": i, "found": "new", "decision": "written"})
    work.read("after", works.after())
    work.add("work.step", {"action": "schedule", "operation": STEPS[3][1], "result": "verified"})
    body = works.body_of(work.fields)
    assert body["course"]["steps_to"] == left
    assert [step["written_at"] for step in body["steps"]] == [left]
    assert body["zones_from"] == {"state": "changed", "at": left}


def test_what_never_left_was_never_written() -> None:
    work = begun()
    work.add("work.plan", plan(STEPS[:1]))
    work.add("outcome", {"of": work.announce(STEPS[0][1]), "i": 0, "result": "not-sent"})
    work.add("work.step", {"action": "dst_off", "operation": STEPS[0][1], "result": "not-sent"})
    body = works.body_of(work.fields)
    assert (body["course"]["steps_from"], body["course"]["steps_to"]) == ("none", "none")
    assert [step["written_at"] for step in body["steps"]] == ["none"]


def test_the_course_of_a_work_is_told_by_one_clock() -> None:
    """That of the records, whatever clock the meter was compared with: a simulator has its own."""
    virtual = {
        "before": replace(works.before(), read_at=datetime(2031, 1, 1, tzinfo=UTC)),
        "after": replace(works.after(), read_at=datetime(2019, 1, 1, tzinfo=UTC)),
    }
    work = WorkRecords()
    work.add("work.open", opening(arrived_at="2026-11-21T09:00:00.000+00:00"))
    work.read("before", virtual["before"])
    work.add("work.plan", plan(STEPS[:1]))
    work.write(*STEPS[0])
    work.read("after", virtual["after"])
    body = works.body_of(work.fields)
    moments = [datetime.fromisoformat(each) for each in [*body["course"].values(), body["act"]["finished_at"]]]
    assert moments == sorted(moments)


def test_a_seal_that_the_order_expects_and_nobody_was_asked_about_was_not_found() -> None:
    expected = {"number": "0047711", **works.SEAL, "state": "not-stated"}
    seals = works.body_of(begun(seals=[expected], form_stated=False).fields)["seals"]
    assert ([seal["number"] for seal in seals["expected"]], seals["found"]) == (["0047711"], [])
    seals = works.body_of(begun(seals=[expected], form_stated=True).fields)["seals"]
    assert (seals["expected"], [seal["number"] for seal in seals["found"]]) == ([], ["0047711"])


def test_a_resumed_work_tells_each_step_once_and_keeps_what_stood_there_first() -> None:
    steps = works.body_of(_resumed())["steps"]
    assert [(step["action"], step["result"]) for step in steps] == [
        ("dst_off", "verified"),
        ("clock", "replanned"),
        ("holidays", "verified"),
        ("schedule", "verified"),
        ("tariff_mode", "verified"),
        ("clock", "verified"),
    ]


# --- records that are none ------------------------------------------------------------------------------------------


def test_no_records_are_no_act() -> None:
    with pytest.raises(ActError, match="there are none"):
        works.body_of([])


def test_records_of_two_works_are_no_act() -> None:
    other = WorkRecords(work="126/1")
    other.add("work.open", opening())
    with pytest.raises(ActError, match="two works, '125/1' and '126/1'"):
        works.body_of([*household_work(), *other.fields])


def test_a_record_of_a_later_version_is_not_guessed_at() -> None:
    records = household_work()
    records[5] = {key: records[5][key] for key in ("log", "n", "prev")} | {"v": 2}
    with pytest.raises(ActError, match="later version"):
        works.body_of(records)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("order",), "125"),
        (("order", "number"), 125),
        (("performers",), [["p1"]]),
        (("actions",), [1]),
        (("experimental",), "no"),
    ],
)
def test_a_field_of_another_kind_is_an_error_that_names_it(place: tuple[str, ...], value: object) -> None:
    records = household_work()
    d = records[0]["d"]
    for key in place[:-1]:
        d = d[key]
    d[place[-1]] = value
    for record in records:
        if record["type"] == "work.plan":
            record["d"].pop(place[-1], None)  # what a plan says goes before what the first record says
    with pytest.raises(ActError, match=place[-1]):
        works.body_of(records)


@pytest.mark.parametrize("amount", ["", "1e5", "NaN", "12,5", "9" * 30])
def test_a_reading_that_is_no_number_is_an_error(amount: str) -> None:
    records = household_work()
    records[2]["d"]["snapshot"]["energy"][0]["kwh"] = amount
    if amount:
        with pytest.raises(ActError, match="decimal"):
            works.body_of(records)
    else:
        assert works.body_of(records)["readings"]["registers"][0]["before"] == "not-read"


def test_a_moment_no_calendar_has_is_an_error() -> None:
    records = household_work()
    records[1]["t"] = "2026-02-31T00:00:00.000Z"
    with pytest.raises(ActError, match="calendar"):
        works.body_of(records)


# --- anything at all ------------------------------------------------------------------------------------------------

_TYPES = [
    "work.open",
    "work.plan",
    "work.step",
    "read",
    "meter.journal",
    "seal",
    "log.note",
    "resolve",
    "outcome",
    "intent",
    "work.close",
    "strange",
]
_KEYS = [
    *("order", "number", "meter", "seals", "snapshot", "purpose", "journals", "steps", "warnings", "facts", "event"),
    *("energy", "kwh", "clock", "error_s", "schedule", "season", "holidays", "absent", "text", "of", "i", "frames"),
    *("actions", "performers", "commitments", "action", "operation", "result", "untouched", "tariff_plan", "zones"),
]
_VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-9, 9), st.sampled_from(["before", "after", "clock", "verified", "1.5", "é"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=5),
    max_leaves=12,
)


@given(
    st.lists(
        st.tuples(st.sampled_from(_TYPES), st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=6)), max_size=8
    )
)
def test_any_records_give_a_body_or_an_error_of_ours(drawn: list[tuple[str, Fields]]) -> None:
    head = household_work()[0]
    records = [head | {"n": n, "type": type_, "d": d} for n, (type_, d) in enumerate(drawn)]
    try:
        body = works.body_of(records)
    except (ActError, AuditFormatError):
        return
    assert works.body_of(records) == body
    assert encode_body(body)


@given(st.data())
def test_any_part_of_a_work_in_any_order_gives_a_body(data: st.DataObject) -> None:
    records = household_work()
    kept = data.draw(st.lists(st.sampled_from(records), min_size=1, unique_by=lambda each: each["n"]))
    body = works.body_of(kept)
    assert body["act"]["records"]["count"] == len(kept)
    assert encode_body(body)
