"""`audit resolve`: read what a crash or a lost answer left open at a meter, and write down what the meter says now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import click

from meterlink.audit.open_works import OpenWork
from meterlink.audit.place import LogPlace
from meterlink.audit.run import Run
from meterlink.audit.store import SealedLog
from meterlink.cli import output
from meterlink.cli.act_files import judge
from meterlink.cli.asking import lang_option, language_of
from meterlink.cli.at_meter import site_of
from meterlink.cli.connect import connected_at, wanted_place
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.output import safe
from meterlink.cli.plan_shown import schedule_lines, state_lines
from meterlink.cli.sealed_log import audit_home, recorded
from meterlink.cli.work_shown import problem_facts, resolved_lines
from meterlink.errors import ConfigError
from meterlink.language import Language, Words
from meterlink.profiles import Profile
from meterlink.visit.carrying import Site
from meterlink.visit.closing import Closed, Part, close_as_it_stands
from meterlink.visit.resolving import Resolved, read_back, resolve as resolve_doubts
from meterlink.visit.session import Frames, look
from meterlink.visit.snapshot import Snapshot, snapshot_facts
from meterlink.visit.words import action_words, decision_words, result_words
from meterlink.visit.work import Work

_HELP: Final = """read from a meter what became of frames in doubt, and write it into the log

What an open work had acknowledged and never read back is read, too. Nothing is written to the meter. Afterwards run the
command that was stopped again, or plan the way back with `meterlink plan restore`; where nobody will do either, --close
closes what is open at this meter as it stands
"""
_SHORT: Final = "read what became of frames in doubt"
_EXAMPLES: Final = (
    "meterlink audit resolve --port COM3 --model mercury-200.02 --address 925646 --tz Europe/Moscow",
    "meterlink audit resolve --port COM3 --model mercury-200.02 --address 925646 --tz +03:00 --close",
    "meterlink audit resolve --port COM3 --model mercury-200.02 --address 925646 --tz +03:00 --json",
)
_OPTIONS: Final = {"close": "close the works that are open at this meter, as they stand"}
_WHY: Final = {"zone": "the time zone of the meter's place is needed: a clock may be in doubt"}
_ADVICE: Final = {"zone": "Give --tz, as Europe/Moscow or +03:00."}
_WORDS: Final = Words(
    {
        Language.EN: {
            "nothing": "nothing is in doubt at meter {serial_number}",
            "others": "in doubt at other meters: {meters}",
            "works elsewhere": "open at other meters: {works}",
            "way out": "What is open at a meter that cannot be read any more is closed by: meterlink audit abandon "
            "WORK --reason TEXT",
            "read back": "acknowledged, and read back only now: {operation}, {count} {count:value|values}: {decision}",
            "settled": "settled: {count}",
            "open": "The work {work} of order {order} is open, and has written to this meter. Run the same order "
            "again, or plan the way back: meterlink plan restore {work}; or close it as it stands with --close",
            "begun": "The work {work} of order {order} is open; nothing was written in it",
            "schedule": "the schedule as it is:",
            "closed": "The work {work} is closed as it stands: {result}",
            "done": "   done: {action}",
            "partly": "   done in part: {action}; {standing} of {total} {total:value stands|values stand} as wanted",
            "not-done": "   not done: {action}; none of {total} {total:value stands|values stands} as wanted",
            "not-begun": "   not begun: {action}",
            "problem": "   {problem}",
            "act": "its act: meterlink act print --work {work}",
        },
        Language.RU: {
            "nothing": "по прибору {serial_number} ничего не под вопросом",
            "others": "под вопросом по другим приборам: {meters}",
            "works elsewhere": "открыто по другим приборам: {works}",
            "way out": "Работу по прибору, который уже не прочитать, закрывает: meterlink audit abandon WORK "
            "--reason TEXT",
            "read back": "подтверждено прибором, но прочитано обратно только сейчас: {operation}, {count} "
            "{count:значение|значения|значений}: {decision}",
            "settled": "выяснено: {count}",
            "open": "Работа {work} по наряду {order} открыта, и в прибор уже писали. Выполните тот же наряд ещё раз "
            "или спланируйте возврат: meterlink plan restore {work}; или закройте её как есть: --close",
            "begun": "Работа {work} по наряду {order} открыта; в прибор по ней ничего не записывали",
            "schedule": "тарифное расписание сейчас:",
            "closed": "Работа {work} закрыта как есть: {result}",
            "done": "   выполнено: {action}",
            "partly": "   выполнено частично: {action}; как нужно {standing} из {total} "
            "{total:значения|значений|значений}",
            "not-done": "   не выполнено: {action}; как нужно ни одно из {total} {total:значения|значений|значений}",
            "not-begun": "   не начато: {action}",
            "problem": "   {problem}",
            "act": "её акт: meterlink act print --work {work}",
        },
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was settled at one meter, and what is left open there."""

    serial_number: str
    model: str
    resolved: list[Resolved]
    others: list[str]
    after: Snapshot | None
    closed: list[Closed]
    left: list[OpenWork]
    elsewhere: list[OpenWork]

    def facts(self) -> dict[str, Any]:
        """For documents."""
        return {
            "meter": {"serial_number": self.serial_number, "model": self.model},
            "resolved": [each.facts() for each in self.resolved],
            "in_doubt_elsewhere": self.others,
            "after": None if self.after is None else snapshot_facts(self.after),
            "closed": [_closed_facts(each) for each in self.closed],
            "open_works": [each.facts() for each in self.left],
            "open_elsewhere": [each.facts() for each in self.elsewhere],
        }


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.option("--close", is_flag=True, help=_OPTIONS["close"])
@lang_option
@meter_options
@pass_given
def resolve(given: Given, /, close: bool) -> None:
    language = language_of(given)
    home = audit_home()
    place = wanted_place(given)
    if place.zone is None:
        raise ConfigError(setting="--tz", why=_WHY["zone"], advice=_ADVICE["zone"])
    frames = Frames()
    with (
        recorded(home.open(Run.start()), home) as log,
        connected_at(place, observer=frames) as meter,
        home.alone_with(meter.identity.serial_number),
    ):
        found = _settle(site_of(meter, place), meter.profile, log, home.current(), frames if close else None)
    output.present(given.as_json, "audit-resolve", found.facts(), lambda: _show(found, language))
    for closed in found.closed:
        for problem in closed.problems:
            raise problem


def _settle(site: Site, profile: Profile, log: SealedLog, place: LogPlace, closing: Frames | None) -> _Found:
    """`closing` observes the dialogue where open works are to be closed."""
    serial_number = site.identity.serial_number
    settled = [*resolve_doubts(site, log, place), *read_back(site, log, place)]
    resolved = sorted(settled, key=lambda each: (each.doubt.of, each.doubt.i))
    after, closed = None, []
    works = log.open_works_at(serial_number) if closing is not None else []
    if closing is not None and works:
        after, read = look(site, closing)
        for each in works:
            work = Work.again(log, place, each.work)
            closed.append(close_as_it_stands(work, site, profile, after, read, judge))
    left = log.open_works_at(serial_number)
    return _Found(
        serial_number=serial_number,
        model=profile.model,
        resolved=resolved,
        others=sorted({doubt.serial_number or "?" for doubt in log.doubts}),
        after=after,
        closed=closed,
        left=left,
        elsewhere=[each for each in log.open_works if each not in left],
    )


def _closed_facts(closed: Closed) -> dict[str, Any]:
    return {
        "work": closed.work,
        "result": closed.result,
        "parts": [part.facts() for part in closed.parts],
        "problems": problem_facts(closed.problems),
    }


# --- for people -----------------------------------------------------------------------------------------------------


def _show(found: _Found, language: Language) -> None:
    doubtful = [each for each in found.resolved if each.doubt.result != "ok"]
    output.lines(resolved_lines(doubtful, language))
    output.lines(_read_back_lines([each for each in found.resolved if each not in doubtful], language))
    told = {"serial_number": found.serial_number, "count": len(found.resolved)}
    output.line(_WORDS("settled" if found.resolved else "nothing", language, **told))
    if found.after is not None:
        output.lines(_state(found.after, language))
    for closed in found.closed:
        output.lines(_closed_lines(closed, language))
    for work in found.left:
        named = {"work": safe(work.work), "order": safe(work.order or "?")}
        output.line(_WORDS("open" if work.wrote else "begun", language, **named))
    if found.others:
        output.line(_WORDS("others", language, meters=", ".join(map(safe, found.others))))
    if found.elsewhere:
        works = ", ".join(f"{safe(each.work)} ({safe(each.serial_number or '?')})" for each in found.elsewhere)
        output.line(_WORDS("works elsewhere", language, works=works))
        output.line(_WORDS("way out", language))


def _read_back_lines(read: Sequence[Resolved], language: Language) -> Iterator[str]:
    """A table of many values is one line as long as they are alike."""
    for (operation, decision), alike in groupby(read, lambda each: (each.doubt.operation, each.decision)):
        count, told = len(list(alike)), decision_words(decision, language)
        yield _WORDS("read back", language, operation=safe(operation), count=count, decision=told)


def _state(after: Snapshot, language: Language) -> Iterator[str]:
    yield ""
    yield from state_lines(after, language)
    yield _WORDS("schedule", language)
    yield from schedule_lines(after.year_schedule, language)


def _closed_lines(closed: Closed, language: Language) -> Iterator[str]:
    work = safe(closed.work)
    yield ""
    yield _WORDS("closed", language, work=work, result=result_words(closed.result, language))
    for part in closed.parts:
        yield _part_line(part, language)
    for problem in closed.problems:
        yield _WORDS("problem", language, problem=safe(str(problem)))
    yield _WORDS("act", language, work=work)


def _part_line(part: Part, language: Language) -> str:
    action = safe(action_words(part.action, language))
    return _WORDS(part.state, language, action=action, standing=part.standing, total=part.total)
