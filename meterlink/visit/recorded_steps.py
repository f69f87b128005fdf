"""The steps of a work, told from its records: planned, announced, carried out, and settled by a later plan. Pure.

A work that was gone on with has several plans. A later plan is made of a new reading, so it settles what stood open
before it: what it leaves untouched was found as wanted, and what it plans in other words replaces the step it had.
What a step means for the meter of now is `closing`; how it is told on paper is the act's (report/body/steps.py).
Source: docs/audit-format.md 2 (work.plan, intent, work.step).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from meterlink.audit.record import Record

NOT_BEGUN: Final = "not-begun"
NO_RESULT: Final = "no-result"
"""Frames of it were announced, and nothing is recorded of what came of them."""
AS_WANTED: Final = "as-wanted"
REPLANNED: Final = "replanned"
VERIFIED: Final = "verified"

_NUMBERED = tuple[str, str, int]
"""Action, operation, and the place among those of this name in one plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one record says of a step: its part of a plan, or its result."""

    n: int
    facts: Mapping[str, Any]
    is_result: bool


@dataclass(slots=True, kw_only=True)
class RecordedStep:
    """One step, with all that was said of it, in order. `state` is the last result, or one of the words above."""

    action: str
    operation: str
    state: str = NOT_BEGUN
    told: list[Told] = field(default_factory=list)

    @property
    def planned(self) -> Mapping[str, Any] | None:
        """As the last plan has it; None where no plan has it."""
        return next((told.facts for told in reversed(self.told) if not told.is_result), None)


@dataclass(slots=True, kw_only=True)
class RecordedSteps:
    """The steps of a work so far."""

    untouched: tuple[str, ...] = ()
    """The actions that the last plan found as wanted."""
    open: dict[str, dict[str, str]] = field(default_factory=dict)
    """By operation the values that were announced since the last plan and have no result."""
    verified: dict[str, str] = field(default_factory=dict)
    """Values that stood when they were read back, and were not announced again."""
    _steps: dict[_NUMBERED, RecordedStep] = field(default_factory=dict)
    _announced: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _carried_out: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record]) -> RecordedSteps:
        """Over the records of one work, in order."""
        found = cls()
        for record in records:
            if record.type == "work.plan":
                found._plan(record)
            elif record.type == "intent":
                found._announce(record.d)
            elif record.type == "work.step":
                found._carry_out(record)
        return found

    @property
    def steps(self) -> tuple[RecordedStep, ...]:
        """In the order in which they were first told."""
        return tuple(self._steps.values())

    def announced(self, operations: Collection[str] | None = None) -> dict[str, str]:
        """The values that these operations, or any, were to write: by name, as wanted last."""
        wanted: dict[str, str] = {}
        for operation, values in self._announced:
            wanted |= values if operations is None or operation in operations else {}
        return wanted

    def last_of(self, operation: str) -> RecordedStep | None:
        """The step of this name that was told last; None where no plan and no result names it."""
        return next((step for step in reversed(self._steps.values()) if step.operation == operation), None)

    def _plan(self, record: Record) -> None:
        self.open, self._carried_out = {}, {}
        self.untouched = tuple(record.d.get("untouched") or ())
        wanted: dict[_NUMBERED, Mapping[str, Any]] = {}
        for facts in record.d.get("steps") or ():
            name = _name(facts)
            wanted[(*name, 1 + sum(key[:2] == name for key in wanted))] = facts
        self._settle({key[0] for key in wanted})
        for key, facts in wanted.items():
            step = self._step(key)
            step.state = NOT_BEGUN
            step.told.append(Told(n=record.n, facts=facts, is_result=False))

    def _settle(self, again: Collection[str]) -> None:
        for step in self._steps.values():
            if step.state != VERIFIED and (step.action in again or step.action in self.untouched):
                step.state = REPLANNED if step.action in again else AS_WANTED

    def _announce(self, d: Mapping[str, Any]) -> None:
        operation = d["operation"]
        values = {each["parameter"]: each["new"] for each in d["frames"] if _has_value(each)}
        for name in values:
            self.verified.pop(name, None)
        self.open.setdefault(operation, {}).update(values)
        self._announced.append((operation, values))
        for step in self._steps.values():
            if step.operation == operation and step.state == NOT_BEGUN:
                step.state = NO_RESULT

    def _carry_out(self, record: Record) -> None:
        name = _name(record.d)
        self._carried_out[name] = self._carried_out.get(name, 0) + 1
        step = self._step((*name, self._carried_out[name]))
        step.state = record.d.get("result") or ""
        step.told.append(Told(n=record.n, facts=record.d, is_result=True))
        values = self.open.pop(step.operation, {})
        if step.state == VERIFIED:
            self.verified |= values

    def _step(self, key: _NUMBERED) -> RecordedStep:
        return self._steps.setdefault(key, RecordedStep(action=key[0], operation=key[1]))


def _name(facts: Mapping[str, Any]) -> tuple[str, str]:
    return facts.get("action") or "", facts.get("operation") or ""


def _has_value(frame: Mapping[str, Any]) -> bool:
    return all(type(frame.get(key)) is str for key in ("parameter", "new"))
