"""What `apply`, `visit` and `demo` share: a log that is open, the meter of the order, the writing, and how it ended."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from meterlink.audit.home import AuditHome
from meterlink.audit.run import Run
from meterlink.cli import output, streams
from meterlink.cli.act_files import judge
from meterlink.cli.asking import confirm
from meterlink.cli.at_meter import at_meter, site_of
from meterlink.cli.connect import Meter, Place
from meterlink.cli.plan_shown import show_plan
from meterlink.cli.sealed_log import recorded
from meterlink.cli.version import VERSION
from meterlink.cli.work_shown import begun_facts, resolved_lines, tell_stopped
from meterlink.errors import MeterlinkError, WorkIncompleteError
from meterlink.language import Language, Words
from meterlink.visit.carrying import StepResult
from meterlink.visit.order import Order
from meterlink.visit.plan import Plan, Step, TimeSource
from meterlink.visit.session import Ended, Frames, Session
from meterlink.visit.words import operation_words
from meterlink.visit.work import Confirmed, WorkGate

_WELL: Final = ("done", "nothing", "cancelled")
_PROGRAM: Final = "meterlink {version}"
_WORDS: Final = Words(
    {
        Language.EN: {"writing": "writing: {operation} ..."},
        Language.RU: {"writing": "запись: {operation} ..."},
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
    time_source: TimeSource,
    experimental: bool,
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
        at_work = Job(session=session, meter=meter, language=language)
        try:
            for line in resolved_lines(session.resolve_doubts(), language):
                output.aside(line)
            yield at_work
        except BaseException as error:
            tell_stopped(session, error, language)
            raise
        finally:
            if session.work is not None:
                streams.note_begun(begun_facts(session, at_work.plan))


def raise_problem(ended: Ended) -> None:
    """The worst problem gives the command its error and exit code."""
    problems: Sequence[MeterlinkError] = ended.problems
    for problem in problems:
        raise problem
    if ended.result not in _WELL:
        raise WorkIncompleteError(work=ended.work, result=ended.result)
