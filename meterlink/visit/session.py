"""From the first look at a meter to the closed work: what `apply` and `visit` do alike, without a word to anybody.

Order of things: what earlier runs left in doubt is read first; the work is opened in the log with the state before;
steps are carried out; the state after is read, compared and recorded; the work is closed with the hash of its act.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from meterlink.audit.place import LogPlace
from meterlink.audit.store import SealedLog
from meterlink.audit.works import records_of
from meterlink.context import Traced
from meterlink.errors import MeterlinkError, NoStateError, StalePlanError
from meterlink.flow import instant
from meterlink.language import Language
from meterlink.model import Action
from meterlink.profiles import Profile
from meterlink.visit.carrying import Carrying, Progress, Site, StepResult
from meterlink.visit.checking import problems_after
from meterlink.visit.closing import close_as_it_stands
from meterlink.visit.form import Form
from meterlink.visit.history import state_before
from meterlink.visit.opening import Visited
from meterlink.visit.order import Order
from meterlink.visit.plan import Plan, Step, Terms, TimeSource
from meterlink.visit.plan_form import SavedPlan
from meterlink.visit.plan_sameness import moved_words, same_plan
from meterlink.visit.planning import CAPABILITIES, build_plan, restore_plan
from meterlink.visit.resolving import Resolved, read_back, resolve
from meterlink.visit.snapshot import Snapshot, take_snapshot
from meterlink.visit.words import old_new_words, operation_words
from meterlink.visit.work import Confirmed, Frame, Judge, Work, WorkGate, is_left_by, refuse_elsewhere

_FRESH: Final = timedelta(seconds=60)
"""So long a state that was read is taken for that of the meter; people may look at a plan for hours."""
_CONFIRMED_FOR: Final = timedelta(hours=12)
"""So long a person's word for the computer's clock holds."""
_LONG_AGO: Final = "the computer's clock was confirmed more than 12 h ago"


class Frames:
    """An observer that keeps what was sent and heard since it was last asked."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []

    def __call__(self, traced: Traced) -> None:
        self._frames.append(Frame(outgoing=traced.outgoing, hexadecimal=traced.frame))

    def take(self) -> list[Frame]:
        taken, self._frames = self._frames, []
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a work ended. `problems` are what its command ends with, the worst first."""

    work: str
    result: str
    results: tuple[StepResult, ...]
    after: Snapshot | None
    problems: tuple[MeterlinkError, ...]


@dataclass(slots=True, kw_only=True)
class Session:
    """One meter, one order, one log that is open for writing."""

    site: Site
    order: Order
    profile: Profile
    port: str
    program: str
    log: SealedLog
    place: LogPlace
    gate: WorkGate
    frames: Frames
    random: Callable[[int], bytes]
    judge: Judge
    performer: str
    time_source: TimeSource = TimeSource.UNKNOWN
    experimental: bool = False
    work: Work | None = None
    results: list[StepResult] = field(default_factory=list)
    """Of the steps that are done, also when a later one was interrupted."""
    progress: list[Progress] = field(default_factory=list)
    """Of the steps that were begun."""
    _looked: tuple[Snapshot, list[Frame]] | None = None
    """The state that was read last, with its raw frames."""

    def now(self) -> datetime:
        """The port's time in the zone of the meter's place."""
        return instant(self.site.talk.now()).astimezone(self.site.zone)

    def look(self) -> Snapshot:
        """The state now; its raw frames are kept for the record."""
        self._looked = look(self.site, self.frames)
        return self._looked[0]

    def resolve_doubts(self) -> list[Resolved]:
        """Read what earlier runs left in doubt at this meter, and write down what stands there."""
        return resolve(self.site, self.log, self.place)

    def begin(self, form: Form, before: Snapshot, *, restores: str | None = None) -> Work:
        """Open the work, or go on with the one an earlier run left open, and record the state before it writes.

        What takes a work back is a work of its own: where that one is open, or another of this order, it is closed
        first, as it stands. WorkOpenError, before anything is recorded, where yet another work wrote and is open.
        """
        visited = Visited(
            order=self.order,
            profile=self.profile,
            identity=self.site.identity,
            port=self.port,
            program=self.program,
            arrived_at=self.log.began_at.astimezone(self.site.zone),
            time_source=self.time_source,
            experimental=self.experimental,
        )
        if restores is not None:
            self._close_left(restores, before)
        left = next(iter(self._left()), None)
        self.log.refuse_barred(self.site.identity.serial_number, left)
        if left is None:
            self.work = Work.new(self.log, self.place, visited, form, self.performer, self.random)
        else:
            self.work = Work.again(self.log, self.place, left, self.performer)
        self._record("check" if self.work.has_written() else "before", before)
        return self.work

    def _left(self) -> list[str]:
        """What earlier runs of this order left open; NotOrderedMeterError where that was at another meter."""
        site = self.site
        left = [each for each in self.log.open_works if is_left_by(each, self.order, site.driver)]
        for each in left:
            refuse_elsewhere(each, site.identity, site.driver)
        return [each.work for each in left]

    def _close_left(self, restores: str, before: Snapshot) -> None:
        """Close the work that is taken back, and what this order left open."""
        ours, serial_number = self._left(), self.site.identity.serial_number
        here = [each.work for each in self.log.open_works_at(serial_number)]
        left = [each for each in here if each == restores or each in ours]
        self.log.refuse_barred(serial_number, *left)
        read_back(self.site, self.log, self.place)
        for each in left:
            work = Work.again(self.log, self.place, each, self.performer)
            close_as_it_stands(work, self.site, self.profile, before, (), self.judge)

    def plan(self, before: Snapshot, actions: Collection[Action] | None = None) -> Plan:
        """The plan from this state to the one the order wants."""
        return build_plan(self._terms(before), actions)

    def plan_again(self, saved: SavedPlan, before: Snapshot) -> Plan:
        """A saved plan made anew from this state; StalePlanError where it is another one."""
        if saved.restores is None:
            plan = self.plan(before, saved.actions)
        else:
            earlier = state_before(records_of(self.place, saved.restores), saved.restores)
            terms = self._terms(before)
            plan = restore_plan(terms, earlier=earlier, actions=saved.actions, restores=saved.restores)
        if self.time_source is TimeSource.CONFIRMED and abs(self.now() - saved.made_at) > _CONFIRMED_FOR:
            raise StalePlanError(serial_number=self.site.identity.serial_number, why=_LONG_AGO)
        difference = same_plan(saved.plan(self.order), plan, self.site.driver.told_stored)
        if difference is not None:
            raise StalePlanError(serial_number=self.site.identity.serial_number, why=difference)
        return plan

    def _terms(self, before: Snapshot) -> Terms:
        return Terms(
            order=self.order,
            driver=self.site.driver,
            profile=self.profile,
            before=before,
            time_source=self.time_source,
            experimental=self.experimental,
            now=self.now(),
        )

    def carry_out(
        self, plan: Plan, confirmed: Confirmed, tell: Callable[[Step], None] = lambda step: None
    ) -> list[StepResult]:
        """Write what the plan says; see `carrying`."""
        work = self.begun_work
        self._refuse_moved(plan)
        work.plan(plan, step_facts(plan), confirmed)
        carrying = Carrying(
            site=self.site,
            work=work,
            gate=self.gate,
            plan=plan,
            confirmed=confirmed,
            tell=tell,
            results=self.results,
            progress=self.progress,
        )
        return carrying.carry_out()

    def _refuse_moved(self, plan: Plan) -> None:
        """StalePlanError where somebody else wrote the meter while people looked at the plan."""
        if self.now() - plan.before.read_at < _FRESH:
            return
        site = self.site
        old = {change.parameter: change.old for step in plan.steps for change in step.changes}
        found = site.talk.run(site.driver.read_stored(site.target, list(old))) if old else {}
        for name, value in old.items():
            if value != found[name]:
                why = moved_words(name, value, found[name], site.driver.told_stored)
                raise StalePlanError(serial_number=site.identity.serial_number, why=why)

    def nothing_to_do(self, plan: Plan) -> None:
        """Record that the plan has no step."""
        self.begun_work.plan(plan, [], None)

    def look_after(self, plan: Plan, results: Sequence[StepResult]) -> tuple[Snapshot, list[MeterlinkError]]:
        """Read and record the state after; what does not fit comes with the steps' own failures before it."""
        after = self.look()
        self._record("after", after)
        own = [result.error for result in results if result.error is not None]
        first = self._first_state() if self.begun_work.resumed else None
        others = problems_after(plan, results, after, self.site.driver, self.profile, first)
        return after, [*own, *others]

    def close(
        self, form: Form, results: Sequence[StepResult], after: Snapshot, problems: Sequence[MeterlinkError]
    ) -> Ended:
        """Record what does not fit, the new seals and the remarks, and close the work."""
        work = self.begun_work
        of_steps = [result.error for result in results]
        for problem in problems:
            if problem not in of_steps:
                work.problem(problem)
        work.installed(form.seals_installed)
        work.notes(form.remarks)
        judged = work.close(after, self.judge)
        return Ended(work=work.id, result=judged.result, results=tuple(results), after=after, problems=tuple(problems))

    def cancel(self, before: Snapshot, why: str) -> None:
        """Close a work in which nothing was ever announced to the meter; any other stays open, to be gone on with."""
        work = self.begun_work
        if not work.has_written():
            work.notes([why])
            work.close(before, self.judge)

    def _first_state(self) -> Snapshot | None:
        """What an earlier run of this work found, where that can be read."""
        work = self.begun_work
        try:
            return state_before(work.records(), work.id)
        except NoStateError:
            return None

    @property
    def begun_work(self) -> Work:
        assert self.work is not None, "no work was begun"
        return self.work

    def _record(self, purpose: str, snapshot: Snapshot) -> None:
        looked, frames = self._looked or (None, [])
        self.begun_work.read(purpose, snapshot, frames if looked is snapshot else [])


def look(site: Site, frames: Frames) -> tuple[Snapshot, list[Frame]]:
    """The state of a meter now, with its raw frames; `frames` observes the dialogue."""
    frames.take()
    return site.talk.run(take_snapshot(site.driver, site.target, site.zone)), frames.take()


def prompts_of(actions: Collection[Action], profile: Profile) -> tuple[str, ...]:
    """What a person at the meter has to do before these actions, each once."""
    capabilities = [CAPABILITIES[action] for action in actions if action in CAPABILITIES]
    supports = [profile.supports[name] for name in capabilities if name in profile.supports]
    return tuple(dict.fromkeys(support.prompt for support in supports if support.prompt is not None))


def step_facts(plan: Plan) -> list[dict[str, Any]]:
    """The steps of a plan, for records and documents, in English."""
    facts = []
    for step in plan.steps:
        old, new = old_new_words(step, plan.before, Language.EN)
        facts.append(
            {
                "action": step.action.value,
                "operation": operation_words(step, Language.EN),
                "old": old,
                "new": new,
                "why": plan.order.basis.value,
                "evidence": step.evidence.value,
                "source": step.source,
                "experimental": step.experimental,
            }
        )
    return facts
