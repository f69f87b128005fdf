"""A work as it is told: doubts that were settled, each step, how it ended; and what is known where it was stopped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from meterlink.cli import output
from meterlink.cli.output import safe
from meterlink.cli.plan_shown import plan_facts
from meterlink.errors import MeterlinkError
from meterlink.language import Language, Words
from meterlink.visit.carrying import Result, StepResult
from meterlink.visit.plan import Plan, Step
from meterlink.visit.resolving import Resolved
from meterlink.visit.session import Ended, Session
from meterlink.visit.snapshot import snapshot_facts
from meterlink.visit.words import decision_words, old_new_words, operation_words, result_words

_INTERRUPTED: Final = "interrupted"
_NOT_BEGUN: Final = "not-begun"
"""What a step has for a result where a work was broken off; in documents only."""
_WORDS: Final = Words(
    {
        Language.EN: {
            "resolved": "in doubt since an earlier run: {operation}, {parameter}. It reads {found}: {decision}",
            "result": "{operation}: {old} -> {new}: {result}",
            "found": "   it reads {found}",
            "detail": "   {detail}",
            "ended": "work {work}: {result}",
            "stopped": "The work {work} was stopped in the middle; the log keeps it open.",
            "closed": "The work {work} is closed in the log; it was stopped before its act was printed.",
            "state": "What is known of the meter: {state}",
            "outcome": "{operation}: {result}",
            "doubt": "in doubt: {operation}, {parameter}",
            "verified": "written and read back: {operation}",
            "partly": "begun: {operation}; {written} of {total} {total:value was|values were} acknowledged, so it may "
            "be half written",
            "none": "no frame that changes it was sent",
            "go on": "Run the same command again: it reads the meter before it writes anything.",
            "owed": "Print its act: `meterlink act print --work {work}`. The same command again would begin another "
            "work.",
        },
        Language.RU: {
            "resolved": "под вопросом с прошлого запуска: {operation}, {parameter}. Сейчас там {found}: {decision}",
            "result": "{operation}: {old} -> {new}: {result}",
            "found": "   в приборе: {found}",
            "detail": "   {detail}",
            "ended": "работа {work}: {result}",
            "stopped": "Работа {work} прервана на середине; в журнале она остаётся открытой.",
            "closed": "Работа {work} в журнале закрыта; прервано до печати её акта.",
            "state": "Что известно о приборе: {state}",
            "outcome": "{operation}: {result}",
            "doubt": "под вопросом: {operation}, {parameter}",
            "verified": "записано и прочитано обратно: {operation}",
            "partly": "начато: {operation}; прибором подтверждено {written} из {total} "
            "{total:значения|значений|значений}, поэтому может быть записано наполовину",
            "none": "ни одной команды записи не отправлено",
            "go on": "Запустите ту же команду ещё раз: она сначала прочитает прибор и только потом запишет.",
            "owed": "Напечатайте её акт: `meterlink act print --work {work}`. Та же команда начала бы новую работу.",
        },
    }
)


def resolved_lines(resolved: Sequence[Resolved], language: Language) -> Iterator[str]:
    """What became of frames that earlier runs left in doubt."""
    for each in resolved:
        yield _WORDS(
            "resolved",
            language,
            operation=safe(each.doubt.operation),
            parameter=safe(each.doubt.parameter or ""),
            found=safe(each.found),
            decision=decision_words(each.decision, language),
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
        "problems": problem_facts(ended.problems),
    }


def problem_facts(problems: Iterable[MeterlinkError]) -> list[dict[str, str]]:
    """For documents: what the state after a work shows and should not."""
    return [{"kind": type(each).__name__, "message": str(each)} for each in problems]


def begun_facts(session: Session, plan: Plan | None) -> dict[str, object]:
    """For the document of a failure: the work, and how far each step of its plan came."""
    work = session.begun_work
    steps = [] if plan is None else [_begun_step(step, plan, session) for step in plan.steps]
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


def tell_stopped(session: Session, error: BaseException, language: Language) -> None:
    """After Ctrl-C or a failure in the middle: what is known of the meter, on stderr.

    An error that came before the work was begun, or that closed it, says enough itself.
    """
    work = session.work
    if (work is None or work.closed) and isinstance(error, MeterlinkError):
        return
    known = _outcomes if work is not None and work.closed else _known
    state = _WORDS("state", language, state="; ".join(known(session, language)) or _WORDS("none", language))
    if work is None:
        output.aside(state)
    else:
        output.aside(_WORDS("closed" if work.closed else "stopped", language, work=work.id))
        output.aside(state)
        output.aside(_WORDS("owed" if work.closed else "go on", language, work=work.id))
    sys.stderr.flush()


def _outcomes(session: Session, language: Language) -> Iterator[str]:
    """What became of each step of a work that is closed."""
    for each in session.results:
        result = result_words(each.result.value, language)
        yield _WORDS("outcome", language, operation=operation_words(each.step, language), result=result)


def _known(session: Session, language: Language) -> Iterator[str]:
    """What this run knows of the meter."""
    for doubt in session.log.doubts_at(session.site.identity.serial_number):
        yield _WORDS("doubt", language, operation=safe(doubt.operation), parameter=safe(doubt.parameter or "-"))
    done = [result.step for result in session.results if result.result is Result.VERIFIED]
    for progress in session.progress:
        operation = operation_words(progress.step, language)
        if progress.step in done:
            yield _WORDS("verified", language, operation=operation)
        elif progress.sent:
            yield _WORDS("partly", language, operation=operation, written=len(progress.written), total=progress.total)
