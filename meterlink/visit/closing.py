"""Closing a work as it stands: one that was stopped, and that nobody goes on with.

What was announced in it is held against the state that is read now: every step that was begun and has no result gets
one, what does not fit is recorded as a problem, and the work is closed with the hash of its act, as any other. Nothing
is written to the meter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from meterlink.audit.record import Record
from meterlink.errors import MeterlinkError, NoStateError
from meterlink.profiles import Profile
from meterlink.visit.carrying import CLOCK, Result, Site, found_clock, stands
from meterlink.visit.checking import problems_left
from meterlink.visit.history import state_before
from meterlink.visit.snapshot import Snapshot
from meterlink.visit.work import Frame, Judge, Work

_READ: Final = "read"
_TEXT: Final = {
    "standing": "closed as it stands: {standing} of {total} values are as wanted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One action of the order, and how far the work came with it.

    `state`: `done`; `partly`, where some of its values stand and others do not; `not-done`, where none of them stands;
    `not-begun`. `total` counts the values that were announced, `standing` those that are as wanted now.
    """

    action: str
    state: str
    standing: int
    total: int

    def facts(self) -> dict[str, object]:
        """For documents."""
        return {"action": self.action, "state": self.state, "standing": self.standing, "total": self.total}


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A work that was closed as it stood."""

    work: str
    result: str
    parts: tuple[Part, ...]
    problems: tuple[MeterlinkError, ...]


def close_as_it_stands(
    work: Work, site: Site, profile: Profile, after: Snapshot, frames: Sequence[Frame], judge: Judge
) -> Closed:
    """Record `after` and what it means for this work, and close it."""
    work.read("after", after, frames)
    records = work.records()
    told = _Told.of(records)
    held = _Held(site=site, after=after)
    for facts in told.results(held):
        work.step(facts)
    problems = _problems(work, records, told, site, profile, after)
    for problem in problems:
        work.problem(problem)
    return Closed(
        work=work.id, result=work.close(after, judge), parts=tuple(told.parts(held)), problems=tuple(problems)
    )


def _problems(
    work: Work, records: Sequence[Record], told: _Told, site: Site, profile: Profile, after: Snapshot
) -> list[MeterlinkError]:
    try:
        before = state_before(records, work.id)
    except NoStateError:  # nothing was written without it
        return []
    touched = {name for values in told.announced.values() for name in values}
    return problems_left(before, after, site.driver, profile, verified=told.verified, touched=touched)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What the meter holds now."""

    site: Site
    after: Snapshot

    def stands(self, name: str, wanted: str) -> bool:
        if name == CLOCK:
            return self.after.clock is not None and stands(self.after.clock)
        found = self.after.stored.get(name)
        return found is not None and self.site.driver.means_same(name, found, wanted)

    def count(self, values: Mapping[str, str]) -> int:
        return sum(self.stands(name, wanted) for name, wanted in values.items())

    def words(self, name: str) -> str | None:
        if name == CLOCK:
            return None if self.after.clock is None else found_clock(self.after.clock)
        found = self.after.stored.get(name)
        return None if found is None else self.site.driver.told_stored(name, found)


@dataclass(slots=True, kw_only=True)
class _Told:
    """What the records of a work say of its steps."""

    actions: list[str] = field(default_factory=list)
    """Of the order, but reading."""
    steps: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """By operation, as planned last."""
    untouched: list[str] = field(default_factory=list)
    """What the last plan found as wanted."""
    announced: dict[str, dict[str, str]] = field(default_factory=dict)
    """By action the values that were announced, as wanted last."""
    begun: dict[str, dict[str, str]] = field(default_factory=dict)
    """By operation those of steps that have no result yet."""
    verified: dict[str, str] = field(default_factory=dict)
    """Values of steps that stood when they were read back."""

    @classmethod
    def of(cls, records: Sequence[Record]) -> _Told:
        told = cls()
        for record in records:
            if record.type == "work.open":
                told.actions = [action for action in record.d.get("actions", ()) if action != _READ]
            elif record.type == "work.plan":
                told._planned(record.d)
            elif record.type == "intent":
                told._announced(record.d)
            elif record.type == "work.step":
                told._stepped(record.d)
        return told

    def results(self, held: _Held) -> list[dict[str, Any]]:
        """Of each step that has none, as `work.step` tells it."""
        return [self._result(operation, values, held) for operation, values in self.begun.items()]

    def parts(self, held: _Held) -> list[Part]:
        return [self._part(action, held) for action in self.actions]

    def _planned(self, d: Mapping[str, Any]) -> None:
        """A later plan is made of a new reading, and settles what stood open before it."""
        self.begun = {}
        self.untouched = list(d.get("untouched", ()))
        self.steps |= {step["operation"]: step for step in d.get("steps", ())}

    def _announced(self, d: Mapping[str, Any]) -> None:
        operation = d["operation"]
        values = {each["parameter"]: each["new"] for each in d["frames"] if "parameter" in each and "new" in each}
        for name in values:
            self.verified.pop(name, None)
        self.begun.setdefault(operation, {}).update(values)
        self.announced.setdefault(self._action(operation), {}).update(values)

    def _stepped(self, d: Mapping[str, Any]) -> None:
        values = self.begun.pop(d["operation"], {})
        if d["result"] == Result.VERIFIED:
            self.verified |= {name: wanted for name, wanted in values.items() if name != CLOCK}

    def _action(self, operation: str) -> str:
        return str(self.steps.get(operation, {}).get("action", operation))

    def _result(self, operation: str, values: Mapping[str, str], held: _Held) -> dict[str, Any]:
        standing, step = held.count(values), self.steps.get(operation, {})
        stood = bool(values) and standing == len(values)
        facts: dict[str, Any] = {
            "action": self._action(operation),
            "operation": operation,
            "result": (Result.VERIFIED if stood else Result.DIFFERS).value,
            "old": step.get("old"),
            "new": step.get("new"),
            "found": held.words(*values) if len(values) == 1 and not stood else None,
            "detail": _TEXT["standing"].format(standing=standing, total=len(values)),
        }
        return {key: value for key, value in facts.items() if value is not None}

    def _part(self, action: str, held: _Held) -> Part:
        values = self.announced.get(action, {})
        standing, total = held.count(values), len(values)
        if not values:
            state = "done" if action in self.untouched else "not-begun"
        elif standing == total:
            state = "done"
        else:
            state = "partly" if standing else "not-done"
        return Part(action=action, state=state, standing=standing, total=total)
