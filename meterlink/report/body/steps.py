"""The steps of a work: planned, carried out, what became of each, of each action of the order, and of the whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from meterlink.audit.record import Record
from meterlink.report.body.facts import NONE, NOT_READ, NOT_STATED, READ, UNLIFTABLE, Facts, plans
from meterlink.report.body.written import Writes
from meterlink.visit.recorded_steps import AS_WANTED, NOT_BEGUN, REPLANNED, VERIFIED, RecordedStep, RecordedSteps

SCHEDULE: Final = "schedule"
ZONE_ACTIONS: Final = ("clock", "dst_off", "dst_on", SCHEDULE, "holidays", "tariff_mode")
"""What moves the hours at which a tariff counts."""
CONFIRMED: Final = frozenset({VERIFIED, AS_WANTED})
"""Results of steps that a reading of the meter stands behind."""


def recorded_steps(records: Sequence[Record]) -> RecordedSteps:
    """What the records tell of steps; ActError where they hold something of another kind."""
    for record in records:
        if record.type in ("work.plan", "work.step"):
            _check(Facts.of(record))
    return RecordedSteps.of(records)


def _check(facts: Facts) -> None:
    facts.texts("untouched")
    for each in (facts, *facts.tables("steps")):
        each.texts_of("action", "operation", "result")


def steps_of(recorded: RecordedSteps, writes: Writes) -> list[dict[str, Any]]:
    """Every step that was planned or carried out, in order, with all its results.

    `old` is what stood there first, `new` what was wanted last; `written_at` is when the last frame of it left, which
    may be a day before its result.
    """
    return [_step(each, writes) for each in recorded.steps]


def _step(recorded: RecordedStep, writes: Writes) -> dict[str, Any]:
    result_at = max((told.n for told in recorded.told if told.is_result), default=None)
    step: dict[str, Any] = {
        "action": recorded.action or NOT_STATED,
        "operation": recorded.operation or NOT_STATED,
        **dict.fromkeys(("old", "new", "why", "evidence", "source", "experimental"), NOT_STATED),
        "result": recorded.state or NOT_STATED,
        "results": [],
        "written_at": writes.last_of(recorded.operation, result_at),
    }
    for told in recorded.told:
        facts = Facts(values=told.facts, n=told.n)
        step["old"] = facts.text("old") if step["old"] == NOT_STATED else step["old"]
        if told.is_result:
            step["new"] = facts.text("new", step["new"])
            result = {"result": facts.text("result"), "n": told.n}
            step["results"].append(result | facts.texts_of("found", "detail"))
        else:
            step |= facts.texts_of("new", "why", "evidence", "source") | {"experimental": facts.flag("experimental")}
    return step


# --- of each action -------------------------------------------------------------------------------------------------


def action_states(
    allowed: Sequence[str],
    steps: Sequence[Mapping[str, Any]],
    recorded: RecordedSteps,
    writes: Writes,
    before: Facts | None,
    stored: Mapping[str, str],
) -> list[dict[str, Any]]:
    """What became of each action that the order permits.

    `total` counts the values that it was to change, `standing` those that stand by the last reading of each.
    """
    told = []
    for action in allowed:
        own = [step for step in steps if step["action"] == action]
        wanted = writes.changed(recorded.announced({step["operation"] for step in own}))
        standing, total = writes.standing(wanted, stored), len(wanted)
        state = _action_state(action, _results(own), recorded.untouched, before)
        if state == "not-confirmed" and 0 < standing < total:
            state = "partly"
        told.append({"action": action, "state": state, "standing": standing, "total": total})
    return told


def _action_state(action: str, results: Collection[str], untouched: Collection[str], before: Facts | None) -> str:
    if action == "read":
        return NOT_READ if before is None else READ
    if not results:
        return AS_WANTED if action in untouched else "not-planned"
    if results == {AS_WANTED}:
        return AS_WANTED
    if CONFIRMED.issuperset(results):
        return "changed"
    return NOT_BEGUN if results == {NOT_BEGUN} else "not-confirmed"


def _results(steps: Iterable[Mapping[str, Any]]) -> set[str]:
    """Of the steps that were not replaced."""
    return {step["result"] for step in steps} - {REPLANNED}


def all_confirmed(steps: Iterable[Mapping[str, Any]]) -> bool:
    """Whether there is a step, and each that was not replaced was read back as wanted."""
    results = _results(steps)
    return bool(results) and results <= CONFIRMED


# --- of the whole ---------------------------------------------------------------------------------------------------


def result_of(
    steps: Sequence[Mapping[str, Any]],
    records: Sequence[Record],
    allowed: Sequence[str],
    before: Facts | None,
    *,
    doubts: bool,
    stands: bool,
) -> str:
    """The work in one word; which one is told at `act_body`. `stands`: any value that was announced does."""
    results = _results(steps)
    has_problem = any(record.type == "work.problem" for record in records)
    has_written = any(record.type == "intent" for record in records)
    if doubts or "in-doubt" in results:
        return "in-doubt"
    if not results and not has_problem and not has_written:
        reads_only = before is not None and set(allowed) == {"read"}
        return "nothing" if plans(records) or reads_only else "cancelled"
    if results == {NOT_BEGUN} and not has_written:
        return "cancelled"
    if all_confirmed(steps) and not has_problem:
        return "done"
    return "partly" if results & CONFIRMED or stands else "failed"


def zones_from(steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """From which moment the hours of the tariffs are as the state after has them."""
    moving = [step for step in steps if step["action"] in ZONE_ACTIONS]
    results = _results(moving) - {NOT_BEGUN}
    verified = [step for step in moving if any(each["result"] == VERIFIED for each in step["results"])]
    moments = [step["written_at"] for step in verified if step["written_at"] != NONE]
    if not results:
        return {"state": "unchanged", "at": NONE}
    if not results <= CONFIRMED:
        return {"state": "not-confirmed", "at": NONE}
    return {"state": "changed", "at": max(moments, default=NOT_STATED)}


def schedule_left(
    steps: Iterable[Mapping[str, Any]],
    recorded: RecordedSteps,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    stored: Mapping[str, str],
) -> str:
    """How a schedule that was to be written was left.

    not-planned  it was not to be written
    confirmed    it was read back as wanted
    not-read     nobody has read it after the work
    as-before    it is what it was before the work
    as-planned   every value that was announced stands, though the step itself has no such result
    mixed        it is neither: values of the old one stand beside values of the new one
    """
    own = [step for step in steps if step["action"] == SCHEDULE]
    if not own:
        return "not-planned"
    if all_confirmed(own):
        return "confirmed"
    if after["state"] not in (READ, UNLIFTABLE):
        return NOT_READ
    if _without_notes(after) == _without_notes(before):
        return "as-before"
    wanted = recorded.announced({step["operation"] for step in own})
    stands = bool(wanted) and all(stored.get(name) == value for name, value in wanted.items())
    return "as-planned" if stands else "mixed"


def _without_notes(schedule: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schedule.items() if key != "notes"}
