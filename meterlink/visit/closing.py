"""Closing a work that was stopped, and that nobody goes on with: as it stands, or without knowing how.

What was announced in it is held against the state that is read now: every step that was begun and has no result gets
one, what does not fit is recorded as a problem, and the work is closed with the hash of its act, as any other. Nothing
is written to the meter.

Where the meter died or was swapped there is nothing to hold it against. Then the work is given up: whatever is not
known stays so, and the log says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meterlink.audit.record import Record
from meterlink.errors import MeterlinkError, NoStateError, WorkClosedError
from meterlink.profiles import Profile
from meterlink.visit.carrying import CLOCK_PARAMETER, Result, Site, found_clock, stands
from meterlink.visit.checking import problems_left
from meterlink.visit.facts import known
from meterlink.visit.history import state_before
from meterlink.visit.recorded_steps import NOT_BEGUN, RecordedSteps
from meterlink.visit.resolving import Resolved, give_up
from meterlink.visit.snapshot import Snapshot
from meterlink.visit.work import Frame, Judge, Judgement, Work

_READ: Final = "read"
_NOT_BEGUN: Final = (NOT_BEGUN, "not-planned")
_TEXT: Final = {
    "as it stands": "closed as it stands",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One action of the order, and how far the work came with it.

    `state`: `done`; `partly`, where some of its values stand and others do not; `not-done`, where none of them stands;
    `not-begun`. `total` counts the values that it was to change, `standing` those of them that stand: as the act says.
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
    """Record `after` and what it means for this work, and close it.

    Of a work that wrote nothing, the meter as it is now says nothing: whatever changed was done by others.
    """
    if not work.has_written():
        return _cancelled(work, after, frames, judge)
    work.read("after", after, frames)
    records = work.records()
    recorded = RecordedSteps.of(records)
    held = _Held(site=site, after=after)
    for facts in _results(recorded, held):
        work.step(facts)
    problems = _problems(work, records, recorded, site, profile, after)
    for problem in problems:
        work.problem(problem)
    return _closed(work, work.close(after, judge), problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """A work that was closed without reading its meter. `resolved` are the frames of which nobody will know."""

    work: str
    result: str
    resolved: tuple[Resolved, ...]


def abandon(work: Work, reason: str, judge: Judge) -> Abandoned:
    """Close a work whose meter nobody can read any more, and record why; WorkClosedError for one that is closed.

    A step that was begun and has no result stays in doubt.
    """
    records = work.records()
    refuse_closed(records)
    resolved = give_up(work.log, records)
    recorded = RecordedSteps.of(records)
    for operation in recorded.open:
        work.step(_step(recorded, operation, Result.IN_DOUBT))
    work.notes([reason])
    return Abandoned(work=work.id, result=work.close(None, judge).result, resolved=tuple(resolved))


def refuse_closed(records: Sequence[Record]) -> None:
    """WorkClosedError where the last record of this work stands already."""
    for record in records:
        if record.type == "work.close":
            raise WorkClosedError(work=record.work or "", result=str(record.d.get("result")))


def _cancelled(work: Work, now: Snapshot, frames: Sequence[Frame], judge: Judge) -> Closed:
    work.read("before", now, frames)
    return _closed(work, work.close(now, judge), ())


def _closed(work: Work, judged: Judgement, problems: Iterable[MeterlinkError]) -> Closed:
    """With each action of the order but reading."""
    parts = tuple(_part(each) for each in judged.actions if each["action"] != _READ)
    return Closed(work=work.id, result=judged.result, parts=parts, problems=tuple(problems))


def _part(action: Mapping[str, Any]) -> Part:
    standing, total = action["standing"], action["total"]
    if action["state"] in _NOT_BEGUN:
        state = "not-begun"
    elif standing == total:
        state = "done"
    else:
        state = "partly" if standing else "not-done"
    return Part(action=action["action"], state=state, standing=standing, total=total)


def _problems(
    work: Work, records: Sequence[Record], recorded: RecordedSteps, site: Site, profile: Profile, after: Snapshot
) -> list[MeterlinkError]:
    try:
        before = state_before(records, work.id)
    except NoStateError:  # nothing was written without it
        return []
    verified = {name: wanted for name, wanted in recorded.verified.items() if name != CLOCK_PARAMETER}
    return problems_left(before, after, site.driver, profile, verified=verified, touched=set(recorded.announced()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What the meter holds now."""

    site: Site
    after: Snapshot

    def stands(self, name: str, wanted: str) -> bool:
        if name == CLOCK_PARAMETER:
            return self.after.clock is not None and stands(self.after.clock)
        found = self.after.stored.get(name)
        return found is not None and self.site.driver.means_same(name, found, wanted)

    def all_stand(self, values: Mapping[str, str]) -> bool:
        return bool(values) and all(self.stands(name, wanted) for name, wanted in values.items())

    def words(self, name: str) -> str | None:
        if name == CLOCK_PARAMETER:
            return None if self.after.clock is None else found_clock(self.after.clock)
        found = self.after.stored.get(name)
        return None if found is None else self.site.driver.told_stored(name, found)


# --- what the records tell, held against it -------------------------------------------------------------------------


def _results(recorded: RecordedSteps, held: _Held) -> list[dict[str, Any]]:
    """Of each step that was begun and has none, as `work.step` tells it."""
    return [_result(recorded, operation, values, held) for operation, values in recorded.open.items()]


def _result(recorded: RecordedSteps, operation: str, values: Mapping[str, str], held: _Held) -> dict[str, Any]:
    stood = held.all_stand(values)
    found = held.words(*values) if len(values) == 1 and not stood else None
    facts = _step(recorded, operation, Result.VERIFIED if stood else Result.DIFFERS)
    return facts | known({"found": found, "detail": _TEXT["as it stands"]})


def _step(recorded: RecordedSteps, operation: str, result: Result) -> dict[str, Any]:
    """A step with its result, and with what its plan said of it."""
    step = recorded.last_of(operation)
    planned = {} if step is None or step.planned is None else step.planned
    facts = {
        "action": operation if step is None else step.action,
        "operation": operation,
        "result": result.value,
        "old": planned.get("old"),
        "new": planned.get("new"),
    }
    return known(facts)
