"""The steps of a work: planned, carried out, what became of each, of each action of the order, and of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from meterlink.audit.record import Record
from meterlink.report.body.facts import NONE, NOT_READ, NOT_STATED, READ, UNLIFTABLE, Facts, plans

SCHEDULE: Final = "schedule"
ZONE_ACTIONS: Final = ("clock", "dst_off", "dst_on", SCHEDULE, "holidays", "tariff_mode")
"""What moves the hours at which a tariff counts."""
CONFIRMED: Final = frozenset({"verified", "as-wanted"})
"""Results of steps that a reading of the meter stands behind."""


def steps_of(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Every step that was planned or carried out, in order, with all its results."""
    steps = _Steps()
    for record in records:
        if record.type == "work.plan":
            steps.planned(Facts.of(record))
        elif record.type == "intent":
            steps.begun(Facts.of(record).text("operation"))
        elif record.type == "work.step":
            steps.carried_out(record)
    return steps.told()


class _Steps:
    """The steps of a work so far. One that was resumed has several plans.

    A later plan is made on a new reading, so it settles what stood open before it: what it leaves untouched was found
    as wanted, and what it plans in other words replaces the step it had. `old` is what stood there first, `new` what
    was wanted last.
    """

    def __init__(self) -> None:
        self._steps: dict[tuple[str, str, int], dict[str, Any]] = {}
        self._carried_out: dict[tuple[str, str], int] = {}

    def planned(self, plan: Facts) -> None:
        self._carried_out = {}
        wanted: dict[tuple[str, str, int], Facts] = {}
        for each in plan.tables("steps"):
            name = each.text("action"), each.text("operation")
            wanted[(*name, 1 + sum(key[:2] == name for key in wanted))] = each
        self._settle({key[0] for key in wanted}, set(plan.texts("untouched")))
        for key, each in wanted.items():
            step = self._step(key)
            old = step["old"]
            step |= each.texts_of("new", "why", "evidence", "source") | {"experimental": each.flag("experimental")}
            step |= {"old": each.text("old") if old == NOT_STATED else old, "result": "not-begun"}

    def begun(self, operation: str) -> None:
        """Frames of this operation were announced."""
        for step in self._steps.values():
            if step["operation"] == operation and step["result"] == "not-begun":
                step["result"] = "no-result"

    def carried_out(self, record: Record) -> None:
        facts = Facts.of(record)
        name = facts.text("action"), facts.text("operation")
        self._carried_out[name] = self._carried_out.get(name, 0) + 1
        step = self._step((*name, self._carried_out[name]))
        if step["old"] == NOT_STATED:
            step["old"] = facts.text("old")
        step |= {"new": facts.text("new", step["new"]), "result": facts.text("result")}
        told = {"result": step["result"], "n": record.n, "at": record.fields["t"]}
        step["results"].append(told | facts.texts_of("found", "detail"))

    def told(self) -> list[dict[str, Any]]:
        return list(self._steps.values())

    def _step(self, key: tuple[str, str, int]) -> dict[str, Any]:
        unknown = dict.fromkeys(("old", "new", "why", "evidence", "source", "experimental"), NOT_STATED)
        new = {"action": key[0], "operation": key[1], **unknown, "result": "not-begun", "results": []}
        return self._steps.setdefault(key, new)

    def _settle(self, again: set[str], untouched: set[str]) -> None:
        for step in self._steps.values():
            if step["result"] != "verified" and step["action"] in again | untouched:
                step["result"] = "replanned" if step["action"] in again else "as-wanted"


# --- of each action -------------------------------------------------------------------------------------------------


def action_states(
    allowed: Sequence[str], steps: Sequence[Mapping[str, Any]], records: Iterable[Record], before: Facts | None
) -> list[dict[str, str]]:
    """What became of each action that the order permits."""
    untouched = next((plan.texts("untouched") for plan in reversed(plans(records))), [])
    return [{"action": each, "state": _action_state(each, steps, untouched, before)} for each in allowed]


def _action_state(
    action: str, steps: Iterable[Mapping[str, Any]], untouched: Sequence[str], before: Facts | None
) -> str:
    if action == "read":
        return NOT_READ if before is None else READ
    results = _results(step for step in steps if step["action"] == action)
    if not results:
        return "as-wanted" if action in untouched else "not-planned"
    if results == {"as-wanted"}:
        return "as-wanted"
    if results <= CONFIRMED:
        return "changed"
    return "not-begun" if results == {"not-begun"} else "not-confirmed"


def _results(steps: Iterable[Mapping[str, Any]]) -> set[str]:
    """Of the steps that were not replaced."""
    return {step["result"] for step in steps} - {"replanned"}


# --- of the whole ---------------------------------------------------------------------------------------------------


def result_of(
    steps: Sequence[Mapping[str, Any]],
    records: Sequence[Record],
    allowed: Sequence[str],
    before: Facts | None,
    *,
    doubts: bool,
) -> str:
    """The work in one word; which one is told at `act_body`."""
    results = _results(steps)
    has_problem = any(record.type == "work.problem" for record in records)
    has_written = any(record.type == "intent" for record in records)
    if doubts or "in-doubt" in results:
        return "in-doubt"
    if not results and not has_problem and not has_written:
        reads_only = before is not None and set(allowed) == {"read"}
        return "nothing" if plans(records) or reads_only else "cancelled"
    if results == {"not-begun"} and not has_written:
        return "cancelled"
    if results and results <= CONFIRMED and not has_problem:
        return "done"
    return "partly" if results & CONFIRMED else "failed"


def zones_from(steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """From which moment the hours of the tariffs are as the state after has them."""
    moving = [step for step in steps if step["action"] in ZONE_ACTIONS]
    results = _results(moving) - {"not-begun"}
    moments = [each["at"] for step in moving for each in step["results"] if each["result"] == "verified"]
    if not results:
        return {"state": "unchanged", "at": NONE}
    if not results <= CONFIRMED:
        return {"state": "not-confirmed", "at": NONE}
    return {"state": "changed", "at": max(moments, default=NOT_STATED)}


def schedule_left(
    steps: Iterable[Mapping[str, Any]],
    records: Iterable[Record],
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
    results = _results(own)
    if not own:
        return "not-planned"
    if results and results <= CONFIRMED:
        return "confirmed"
    if after["state"] not in (READ, UNLIFTABLE):
        return NOT_READ
    if _without_notes(after) == _without_notes(before):
        return "as-before"
    wanted = _announced(records, {step["operation"] for step in own})
    stands = bool(wanted) and all(stored.get(name) == value for name, value in wanted.items())
    return "as-planned" if stands else "mixed"


def _without_notes(schedule: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schedule.items() if key != "notes"}


def _announced(records: Iterable[Record], operations: set[str]) -> dict[str, object]:
    """The values that frames of these operations were to write, the last of each name."""
    frames = (
        frame
        for record in records
        if record.type == "intent" and record.d.get("operation") in operations
        for frame in record.d["frames"]
    )
    return {str(frame["parameter"]): frame.get("new") for frame in frames if "parameter" in frame}
