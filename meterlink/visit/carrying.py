"""Carrying out a plan: write one thing, read it back, go on; stop at the first that does not stand as wanted.

Every frame goes through the gate of the work: its intent is durable before it leaves, its outcome before the next one.
An answer that was lost is followed by reading, never by sending again; what the reading shows decides whether the rest
is announced anew. What raises leaves the work open in the log, to be gone on with by the next run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

from meterlink.audit.gate import LogGate
from meterlink.driver import Driver, Target, Written
from meterlink.errors import (
    BadReplyError,
    InDoubtError,
    LinkError,
    MeterlinkError,
    MissedInstantError,
    NoAnswerError,
    PasswordSpentError,
    ReadBackError,
    RefusedError,
    StaleClockError,
    VerifyError,
    WireError,
)
from meterlink.flow import Announcement, Change, Fate, Flow, Outcome
from meterlink.language import Language
from meterlink.model import ClockReading, Identity
from meterlink.reading import against_reference, span_words
from meterlink.visit.clock_policy import LEAVE_ALONE, MOST_UNFORCED
from meterlink.visit.facts import known
from meterlink.visit.plan import ClockMethod, ClockStep, Plan, Step
from meterlink.visit.snapshot import clock_facts
from meterlink.visit.words import old_new_words, operation_words
from meterlink.visit.work import Confirmed, Work, WorkGate

T = TypeVar("T")

ROUNDS: Final = 4
"""So often the rest of a step is announced after an answer was lost and the meter read."""
CLOCK_TRIES: Final = 3
CLOCK_STANDS: Final = timedelta(seconds=2)
"""A clock that was set stands when it is right within this, what cannot be told from a reading left aside."""
_LEAD_S: Final = 1.0
"""Between choosing the second and the second: time to make the announcement durable."""
_MOST_DRIFT_S: Final = 2.0

CLOCK_PARAMETER: Final = "the clock"
"""The parameter of a frame that sets or corrects it."""

_TEXT: Final = {
    "missed": "the disk was too slow to announce the frame in time",
    "lost": "the answer was lost, and what stands in the meter could not be read ({why})",
    "unread": "it was acknowledged, and what stands in the meter could not be read ({why})",
    "right": "the clock was right by itself; nothing was set",
    "forced": "at most {most} ahead or behind: the order does not allow more",
    "again": "the answers were lost {rounds} times in a row",
    "stopped": "not begun: an earlier step did not stand",
    "true time": "the true time",
    "no time": "no time at all",
    "found clock": "{time}, {error} s off",
    "unknown": "unknown",
}


class Result(StrEnum):
    """What became of a step."""

    VERIFIED = "verified"
    DIFFERS = "differs"
    REFUSED = "refused"
    IN_DOUBT = "in-doubt"
    NOT_SENT = "not-sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One step and what became of it. `error` is what a command ends with where the step does not stand."""

    step: Step
    result: Result
    old: str
    new: str
    found: str | None = None
    detail: str | None = None
    error: MeterlinkError | None = None

    def facts(self) -> dict[str, Any]:
        """For records and documents, in English."""
        told = {
            "action": self.step.action.value,
            "operation": operation_words(self.step, Language.EN),
            "result": self.result.value,
            "old": self.old,
            "new": self.new,
            "found": self.found,
            "detail": self.detail,
        }
        return known(told)


class Talk(Protocol):
    """A dialogue with one meter, as a visit needs it."""

    def run(self, flow: Flow[T]) -> T: ...

    def now(self) -> float:
        """Seconds since 1970 UTC on the port's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The meter that answered, and how to talk with it. `wall` is the computer's clock, None in virtual time."""

    talk: Talk
    driver: Driver
    target: Target
    identity: Identity
    zone: tzinfo
    wall: Callable[[], float] | None = None

    def read_clock(self) -> ClockReading:
        """The meter's clock against the port's."""
        return against_reference(self.talk.run(self.driver.read_clock(self.target)), self.zone)

    def refuse_moved_clock(self) -> None:
        """StaleClockError where the computer slept or its clock was set since the port was opened."""
        if self.wall is not None:
            moved_s = self.wall() - self.talk.now()
            if abs(moved_s) > _MOST_DRIFT_S:
                raise StaleClockError(moved_s=moved_s)


@dataclass(slots=True, kw_only=True)
class Progress:
    """The gate of a step, which remembers how far the step came: also when it is interrupted.

    `changes` tells of each frame of the announcement what it is about, one value after another; `answered` is the place
    of the last frame that was answered in it, `written` the values of the step all of whose frames were answered, and
    `sent` whether a frame left at all.
    """

    step: Step
    gate: LogGate
    answered: int | None = None
    written: set[str] = field(default_factory=set)
    sent: bool = False
    changes: tuple[Change, ...] = ()

    def begin_round(self) -> None:
        """The next announcement begins from nothing, also where it is never made."""
        self.answered, self.changes = None, ()

    def in_announced_order(self, left: Sequence[Change]) -> list[Change]:
        """The changes as the driver sends them; it knows which order is safe."""
        announced = [change.parameter for change in self.changes]
        return sorted(left, key=lambda change: announced.index(change.parameter) if announced else 0)

    @property
    def last_answered(self) -> Change | None:
        """What the last frame that was answered is about."""
        return None if self.answered is None else self.changes[self.answered]

    def __call__(self, entry: Announcement | Outcome) -> None:
        self.gate(entry)
        if isinstance(entry, Announcement):
            self.answered, self.changes = None, entry.changes
            return
        self.sent = self.sent or entry.fate is not Fate.NOT_SENT
        if entry.fate is Fate.ANSWERED:
            self.answered = entry.index
            parameter, following = self.changes[entry.index].parameter, self.changes[entry.index + 1 :]
            if all(other.parameter != parameter for other in following):
                self.written.add(parameter)

    @property
    def total(self) -> int:
        """How many values the step is about."""
        return max(1, len(self.step.changes))


@dataclass(slots=True, kw_only=True)
class Carrying:
    """One plan on its way into one meter."""

    site: Site
    work: Work
    gate: WorkGate
    plan: Plan
    confirmed: Confirmed
    tell: Callable[[Step], None] = field(default=lambda step: None)
    results: list[StepResult] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    """Of each step that was begun."""

    def carry_out(self) -> list[StepResult]:
        """Every step; what comes behind one that does not stand is not begun."""
        for step in self.plan.steps:
            stopped = any(result.result is not Result.VERIFIED for result in self.results)
            if stopped:
                result = self._result(step, Result.NOT_SENT, detail=_TEXT["stopped"])
            else:
                self.tell(step)
                result = self._set_clock(step, step.clock) if step.clock is not None else self._write(step)
            self.work.step(result.facts())
            self.results.append(result)
        return self.results

    def _result(self, step: Step, result: Result, **facts: Any) -> StepResult:
        old, new = old_new_words(step, self.plan.before, Language.EN)
        return StepResult(step=step, result=result, old=old, new=new, **facts)

    def _open_gate(self, step: Step) -> Progress:
        why = f"{self.plan.order.order_no}: {operation_words(step, Language.EN)}"
        gate = self.work.gate(self.site.identity, why, self.confirmed)
        progress = Progress(step=step, gate=gate)
        self.progress.append(progress)
        self.gate.lead_to(progress)
        return progress

    # --- settings ----------------------------------------------------------------------------------------------------

    def _write(self, step: Step) -> StepResult:
        operation = operation_words(step, Language.EN)
        progress = self._open_gate(step)
        left: Sequence[Change] = step.changes
        failure: MeterlinkError | None = None
        for _ in range(ROUNDS):
            progress.begin_round()
            written = self.site.talk.run(self.site.driver.write(self.site.target, operation, left))
            unread = progress.last_answered
            if unread is not None and unread.parameter not in written.found:
                written = self._read_again(unread, written)
            found = written.found
            progress.gate.verified(
                {
                    i: (found[change.parameter], change.parameter in written.standing)
                    for i, change in enumerate(progress.changes)
                    if change.parameter in found
                }
            )
            self._refuse_doubt(written.failure)
            if unread is not None and unread.parameter not in found:
                raise self._in_doubt(unread.parameter, "unread", written.failure) from written.failure
            left = [change for change in progress.in_announced_order(left) if change.parameter not in written.standing]
            if not left:
                return self._result(step, Result.VERIFIED)
            if not isinstance(written.failure, NoAnswerError | WireError):
                told = replace(written, failure=_first_cause(written.failure, failure))
                return self._broken_off(step, left[0], told)
            failure = written.failure
        return self._broken_off(step, left[0], written, detail=_TEXT["again"].format(rounds=ROUNDS))

    def _read_again(self, change: Change, written: Written) -> Written:
        """An acknowledged value whose reading failed is read once more; only what was read may be sent again."""
        name = change.parameter
        try:
            raw = self.site.talk.run(self.site.driver.read_stored(self.site.target, [name]))[name]
        except (LinkError, WireError, RefusedError) as failure:
            return replace(written, failure=failure)
        found = {**written.found, name: raw}
        if self.site.driver.means_same(name, raw, change.new):
            return replace(written, found=found, standing=written.standing | {name})
        return replace(written, found=found, failure=None)

    def _refuse_doubt(self, failure: MeterlinkError | None) -> None:
        """A frame whose answer was lost and whose value could not be read back."""
        for doubt in self.work.log.doubts_at(self.site.identity.serial_number):
            item = doubt.parameter or doubt.operation
            raise self._in_doubt(item, "lost", failure) from failure

    def _in_doubt(self, item: str, why: str, failure: MeterlinkError | None) -> InDoubtError:
        told = _TEXT[why].format(why=str(failure).rstrip("."))
        serial_number = self.site.identity.serial_number
        return InDoubtError(serial_number=serial_number, item=item, why=told, work=self.work.id)

    def _broken_off(self, step: Step, change: Change, written: Written, detail: str | None = None) -> StepResult:
        """The series ended at `change`: refused, or it does not stand as wanted."""
        failure = written.failure
        if isinstance(failure, RefusedError):
            return self._result(step, Result.REFUSED, detail=str(failure), error=failure)
        words = self.site.driver.told_stored
        found = written.found.get(change.parameter)
        told = None if found is None else words(change.parameter, found)
        result = Result.NOT_SENT if found is None else Result.DIFFERS
        if isinstance(failure, VerifyError) or (found is None and failure is not None):
            return self._result(step, result, found=told, detail=detail, error=failure)
        error = ReadBackError(
            serial_number=self.site.identity.serial_number,
            item=change.parameter,
            wanted=words(change.parameter, change.new),
            found=told or "-",
        )
        return self._result(step, result, found=told, detail=detail or (str(failure) if failure else None), error=error)

    # --- the clock ---------------------------------------------------------------------------------------------------

    def _set_clock(self, step: Step, clock: ClockStep) -> StepResult:
        progress = self._open_gate(step)
        lead_s = _LEAD_S
        failure: MeterlinkError | None = None
        reading = self._first_reading()
        for _ in range(CLOCK_TRIES):
            self.site.refuse_moved_clock()
            if reading is not None and is_right(reading) and not progress.sent:
                return self._result(step, Result.VERIFIED, detail=_TEXT["right"])
            if self._is_forbidden(reading):
                most = span_words(MOST_UNFORCED)
                return self._clock_differs(step, reading, _TEXT["forced"].format(most=most))
            try:
                written = self._send_clock(step, clock, reading, lead_s)
            except MissedInstantError as missed:
                lead_s, failure = lead_s * 2, missed
                reading = self._first_reading()
                continue
            failure = _first_cause(written.failure, failure)
            reading = self._read_twice()
            same = stands(reading)
            progress.gate.verified(dict.fromkeys(range(len(progress.changes)), (found_clock(reading), same)))
            if same:
                return self._result(step, Result.VERIFIED)
            if not isinstance(written.failure, NoAnswerError | WireError):
                break
        return self._clock_broken_off(step, progress, reading, failure)

    def _clock_broken_off(
        self, step: Step, progress: Progress, reading: ClockReading | None, failure: MeterlinkError | None
    ) -> StepResult:
        """The clock was refused, never sent, or does not stand."""
        if isinstance(failure, RefusedError):
            return self._result(step, Result.REFUSED, detail=str(failure), error=failure)
        if not progress.sent and failure is not None:
            detail = _TEXT["missed"] if isinstance(failure, MissedInstantError) else str(failure)
            return self._result(step, Result.NOT_SENT, detail=detail, error=failure)
        return self._clock_differs(step, reading, None if failure is None else str(failure))

    def _first_reading(self) -> ClockReading | None:
        """The clock before it is set; None where it shows no time of any calendar, which a plan allowed for."""
        try:
            return self.site.read_clock()
        except BadReplyError:
            if self.plan.before.clock_senseless:
                return None
            raise

    def _is_forbidden(self, reading: ClockReading | None) -> bool:
        """Whether the clock has moved out of what the order allows since the plan was made."""
        error = None if reading is None else reading.error
        return not self.plan.order.allow_over_24h and error is not None and abs(error) > MOST_UNFORCED

    def _send_clock(self, step: Step, clock: ClockStep, reading: ClockReading | None, lead_s: float) -> Written:
        site, operation = self.site, operation_words(step, Language.EN)
        old = None if reading is None else reading.meter.isoformat()
        if clock.method is ClockMethod.SOFT:
            assert reading is not None  # a plan without an error has no soft step
            assert reading.error is not None
            change = Change(parameter=CLOCK_PARAMETER, old=old, new=f"{-reading.error.total_seconds():+.1f} s")
            return site.talk.run(site.driver.shift_clock(site.target, operation, -reading.error, change))
        at = math.ceil(site.talk.now() + lead_s)
        local = datetime.fromtimestamp(at, site.zone).replace(tzinfo=None)
        change = Change(parameter=CLOCK_PARAMETER, old=old, new=local.isoformat())
        return site.talk.run(site.driver.set_clock(site.target, operation, local, float(at), change))

    def _read_twice(self) -> ClockReading:
        """The later of two readings, or the one that is further off."""
        try:
            readings = [self.site.read_clock(), self.site.read_clock()]
        except (NoAnswerError, WireError, RefusedError) as error:
            self._refuse_doubt(error)
            raise self._in_doubt(CLOCK_PARAMETER, "unread", error) from error
        return max(reversed(readings), key=_off)

    def _clock_differs(self, step: Step, reading: ClockReading | None, detail: str | None = None) -> StepResult:
        error = ReadBackError(
            serial_number=self.site.identity.serial_number,
            item=CLOCK_PARAMETER,
            wanted=_TEXT["true time"],
            found=_TEXT["no time"] if reading is None else reading.meter.isoformat(),
        )
        found = _TEXT["no time"] if reading is None else found_clock(reading)
        return self._result(step, Result.DIFFERS, found=found, detail=detail, error=error)


def _off(reading: ClockReading) -> timedelta:
    return timedelta.max if reading.error is None else abs(reading.error)


def is_right(reading: ClockReading) -> bool:
    """Whether there is nothing to set."""
    return _off(reading) < LEAVE_ALONE and reading.wrong_weekday is None


def stands(reading: ClockReading) -> bool:
    """Whether a clock that was set is right now."""
    return _off(reading) <= CLOCK_STANDS + reading.uncertainty and reading.wrong_weekday is None


def _first_cause(failure: MeterlinkError | None, before: MeterlinkError | None) -> MeterlinkError | None:
    """Why the password is not presented again is told, not that it is not."""
    return before if before is not None and isinstance(failure, PasswordSpentError) else failure


def found_clock(reading: ClockReading) -> str:
    """What a clock reads, for records."""
    facts = clock_facts(reading)
    return _TEXT["found clock"].format(time=facts["meter_time"], error=facts.get("error_s", _TEXT["unknown"]))
