"""What `apply`, `visit` and `demo` share: a log that is open, the meter of the order, the writing, and how it ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from meterlink.audit.home import AuditHome
from meterlink.audit.run import Run
from meterlink.cli import output, streams
from meterlink.cli.act_files import judge
from meterlink.cli.asking import confirm
from meterlink.cli.at_meter import at_meter, site_of
from meterlink.cli.audit.common import recorded, safe
from meterlink.cli.connect import Meter, Place
from meterlink.cli.plan_shown import plan_facts, show_plan
from meterlink.cli.version import VERSION
from meterlink.errors import MeterlinkError, WorkIncompleteError
from meterlink.language import Language, Words
from meterlink.visit.carrying import Result, StepResult
from meterlink.visit.order import Order
from meterlink.visit.plan import Plan, Step, TimeSource
from meterlink.visit.resolving import Resolved
from meterlink.visit.session import Confirmed, Ended, Frames, Session
from meterlink.visit.snapshot import snapshot_facts
from meterlink.visit.words import old_new_words, operation_words, result_words
from meterlink.visit.work import Work, WorkGate

_WELL: Final = ("done", "nothing", "cancelled")
_INTERRUPTED: Final = "interrupted"
_NOT_BEGUN: Final = "not-begun"
"""What a step has for a result where a work was broken off; in documents only."""
_PROGRAM: Final = "meterlink {version}"
_WORDS: Final = Words(
    {
        Language.EN: {
            "writing": "writing: {operation} ...",
            "resolved": "in doubt since an earlier run: {operation}, {parameter}. It reads {found}: {decision}",
            "written": "it was written",
            "unchanged": "it was not written",
            "other": "that is neither the old value nor the new one",
            "unknown": "nothing tells what it was about",
            "result": "{operation}: {old} -> {new}: {result}",
            "found": "   it reads {found}",
            "detail": "   {detail}",
            "ended": "work {work}: {result}",
            "stopped": "The work {work} was stopped in the middle; the log keeps it open.",
            "state": "What is known of the meter: {state}",
            "doubt": "in doubt: {operation}, {parameter}",
            "verified": "written and read back: {operation}",
            "partly": "begun: {operation}; {written} of {total} {total:value was|values were} acknowledged, so it may "
            "be half written",
            "none": "no frame that changes it was sent",
            "go on": "Run the same command again: it reads the meter before it writes anything.",
        },
        Language.RU: {
            "writing": "запись: {operation} ...",
            "resolved": "под вопросом с прошлого запуска: {operation}, {parameter}. Сейчас там {found}: {decision}",
            "written": "было записано",
            "unchanged": "записано не было",
            "other": "это ни прежнее значение, ни новое",
            "unknown": "неизвестно, о чём была запись",
            "result": "{operation}: {old} -> {new}: {result}",
            "found": "   в приборе: {found}",
            "detail": "   {detail}",
            "ended": "работа {work}: {result}",
            "stopped": "Работа {work} прервана на середине; в журнале она остаётся открытой.",
            "state": "Что известно о приборе: {state}",
            "doubt": "под вопросом: {operation}, {parameter}",
            "verified": "записано и прочитано обратно: {operation}",
            "partly": "начато: {operation}; прибором подтверждено {written} из {total} "
            "{total:значения|значений|значений}, поэтому может быть записано наполовину",
            "none": "ни одной команды записи не отправлено",
            "go on": "Запустите ту же команду ещё раз: она сначала прочитает прибор и только потом запишет.",
        },
    }
)


@dataclass(slots=True, kw_only=True)
class Job:
    """A session with its meter, and the plan as soon as there is one."""

    session: Session
    meter: Meter
    language: Language
    plan: Plan | None = None

    def show(self, plan: Plan, *, as_json: bool) -> None:
        """The plan, to whoever is to confirm it; whoever reads documents gets it at the end."""
        self.plan = plan
        if not as_json:
            show_plan(plan, self.language)

    def confirm(self, by: str, yes: bool) -> Confirmed:
        """The serial number of this meter, typed; NotConfirmedError when it was not."""
        return confirm(self.meter.driver, self.session.site.identity.serial_number, by, yes, self.language)

    def carry_out(self, plan: Plan, confirmed: Confirmed) -> list[StepResult]:
        """Write it, telling each step on stderr."""
        return self.session.carry_out(plan, confirmed, self._tell)

    def _tell(self, step: Step) -> None:
        output.aside(_WORDS("writing", self.language, operation=operation_words(step, self.language)))


@contextmanager
def job(
    home: AuditHome,
    place: Place,
    order: Order,
    *,
    performer: str,
    language: Language,
    time_source: TimeSource = TimeSource.UNKNOWN,
    experimental: bool = False,
    run: Run | None = None,
) -> Iterator[Job]:
    """The log first, so that a work that could not be recorded is refused before the port is opened. `run` began when
    the person arrived, where anything was asked before."""
    gate, frames, run = WorkGate(), Frames(), run or Run.start()
    log_place = home.current()
    with (
        recorded(home.open(run), home) as log,
        at_meter(place, order, gate=gate, frames=frames) as meter,
        home.alone_with(meter.identity.serial_number),
    ):
        session = Session(
            site=site_of(meter, place),
            order=order,
            profile=meter.profile,
            port=place.url.kind.value,
            program=_PROGRAM.format(version=VERSION),
            log=log,
            place=log_place,
            gate=gate,
            frames=frames,
            random=os.urandom,
            judge=judge,
            performer=performer,
            time_source=time_source,
            experimental=experimental,
        )
        for line in resolved_lines(session.resolve_doubts(), language):
            output.aside(line)
        at_work = Job(session=session, meter=meter, language=language)
        try:
            yield at_work
        except BaseException:
            if session.work is not None:
                streams.note_begun(_begun_facts(at_work, session.work))
            _tell_stopped(session, language)
            raise


def told_now(at: datetime) -> str:
    """A moment in questions."""
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"


# --- told -----------------------------------------------------------------------------------------------------------


def resolved_lines(resolved: Sequence[Resolved], language: Language) -> Iterator[str]:
    """What became of frames that earlier runs left in doubt."""
    for each in resolved:
        yield _WORDS(
            "resolved",
            language,
            operation=safe(each.doubt.operation),
            parameter=safe(each.doubt.parameter or ""),
            found=safe(each.found),
            decision=_WORDS(each.decision, language),
        )


def show_ended(ended: Ended, plan: Plan, language: Language) -> None:
    """Each step and how the work ended."""
    for result in ended.results:
        output.lines(_result_lines(result, plan, language))
    output.line(_WORDS("ended", language, work=ended.work, result=result_words(ended.result, language)))


def _result_lines(result: StepResult, plan: Plan, language: Language) -> Iterator[str]:
    step = result.step
    old, new = old_new_words(step, plan.before, language)
    told = result_words(result.result.value, language)
    yield _WORDS("result", language, operation=operation_words(step, language), old=old, new=new, result=told)
    if result.found is not None and result.result is not Result.VERIFIED:
        yield _WORDS("found", language, found=result.found)
    if result.detail is not None:
        yield _WORDS("detail", language, detail=result.detail)


def ended_facts(ended: Ended, plan: Plan) -> dict[str, Any]:
    """For documents: the plan, and what became of each of its steps."""
    facts = plan_facts(plan)
    planned = dict(zip(plan.steps, facts["steps"], strict=True))
    return {
        **facts,
        "work": ended.work,
        "result": ended.result,
        "steps": [planned[result.step] | result.facts() for result in ended.results],
        "after": None if ended.after is None else snapshot_facts(ended.after),
        "problems": [{"kind": type(each).__name__, "message": str(each)} for each in ended.problems],
    }


def _begun_facts(at_work: Job, work: Work) -> dict[str, object]:
    """For the document of a failure: the work, and how far each step of its plan came."""
    plan = at_work.plan
    steps = [] if plan is None else [_begun_step(step, plan, at_work.session) for step in plan.steps]
    return {"work": work.id, "work_open": not work.closed, "steps": steps}


def _begun_step(step: Step, plan: Plan, session: Session) -> dict[str, Any]:
    for result in session.results:
        if result.step == step:
            return result.facts()
    old, new = old_new_words(step, plan.before, Language.EN)
    told = {"action": step.action.value, "operation": operation_words(step, Language.EN), "old": old, "new": new}
    for progress in session.progress:
        if progress.step == step:
            return {**told, "result": _INTERRUPTED, "written": len(progress.written), "total": progress.total}
    return {**told, "result": _NOT_BEGUN}


def raise_problem(ended: Ended) -> None:
    """The worst problem gives the command its error and exit code."""
    problems: Sequence[MeterlinkError] = ended.problems
    for problem in problems:
        raise problem
    if ended.result not in _WELL:
        raise WorkIncompleteError(work=ended.work, result=ended.result)


def _tell_stopped(session: Session, language: Language) -> None:
    """After Ctrl-C or a failure in the middle: what is known of the meter, on stderr."""
    work = session.work
    if work is None or work.closed:
        return
    output.aside(_WORDS("stopped", language, work=work.id))
    output.aside(_WORDS("state", language, state="; ".join(_known(session, language)) or _WORDS("none", language)))
    output.aside(_WORDS("go on", language))
    sys.stderr.flush()


def _known(session: Session, language: Language) -> Iterator[str]:
    """What this run knows of the meter."""
    serial_number = session.site.identity.serial_number
    for doubt in session.log.doubts:
        if doubt.serial_number in (serial_number, None):
            yield _WORDS("doubt", language, operation=doubt.operation, parameter=doubt.parameter or "-")
    done = [result.step for result in session.results if result.result is Result.VERIFIED]
    for progress in session.progress:
        operation = operation_words(progress.step, language)
        if progress.step in done:
            yield _WORDS("verified", language, operation=operation)
        elif progress.sent:
            yield _WORDS("partly", language, operation=operation, written=len(progress.written), total=progress.total)
