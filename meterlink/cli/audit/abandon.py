"""`audit abandon`: close a work whose meter nobody can read any more; what stands in it stays unknown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from typing import Any, Final

import click

from meterlink.audit.open_works import OpenWork
from meterlink.audit.place import LogPlace
from meterlink.audit.run import Run
from meterlink.audit.works import open_works, records_of
from meterlink.cli import output
from meterlink.cli.act_files import judge
from meterlink.cli.asking import confirm_abandoning, lang_option, language_of, yes_option
from meterlink.cli.audit.common import reason_of
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.output import safe
from meterlink.cli.sealed_log import audit_home, recorded
from meterlink.language import Language, Words
from meterlink.visit.closing import Abandoned, abandon as abandon_work, refuse_closed
from meterlink.visit.words import result_words
from meterlink.visit.work import Work

_HELP: Final = """close a work without its meter, which died or was swapped; what stands in it stays unknown

Whatever was sent and never read back is written into the log as not known, and the act says so and why. A meter that
still answers is read instead: `meterlink audit resolve --close`
"""
_SHORT: Final = "close a work whose meter cannot be read any more"
_EXAMPLES: Final = (
    'meterlink audit abandon 117/1 --reason "the meter burnt out, it was swapped on 21 July" --yes',
    'meterlink audit abandon 117/1 --reason "its port is dead" --yes --json',
)
_REASON_HELP: Final = "why the meter cannot be read, for the record and the act"
_WORDS: Final = Words(
    {
        Language.EN: {
            "wrote": "The work {work} of order {order} is open, and has written to meter {serial_number}. Closed so, "
            "nobody will know what stands in that meter. If it still answers, read it: meterlink audit resolve --close",
            "begun": "The work {work} of order {order} at meter {serial_number} is open; nothing was written in it",
            "unsettled": "not known, and not to be known: {operation}, {count} {count:value|values}",
            "closed": "The work {work} is closed, and meter {serial_number} was not read: {result}",
            "act": "its act says so and why: meterlink act print --work {work}",
        },
        Language.RU: {
            "wrote": "Работа {work} по наряду {order} открыта, и в прибор {serial_number} уже писали. Если закрыть её "
            "так, никто не узнает, что стоит в приборе. Если он ещё отвечает, прочитайте его: meterlink audit resolve "
            "--close",
            "begun": "Работа {work} по наряду {order} открыта; в прибор {serial_number} по ней ничего не записывали",
            "unsettled": "неизвестно и останется неизвестным: {operation}, {count} {count:значение|значения|значений}",
            "closed": "Работа {work} закрыта, прибор {serial_number} не прочитан: {result}",
            "act": "её акт говорит об этом и почему: meterlink act print --work {work}",
        },
    }
)
_UNKNOWN: Final = "?"


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.argument("work")
@click.option("--reason", metavar="TEXT", required=True, help=_REASON_HELP)
@yes_option
@lang_option
@json_option
@pass_given
def abandon(given: Given, /, work: str, reason: str, yes: bool) -> None:
    language = language_of(given)
    reason = reason_of(reason)
    home = audit_home()
    left = _left_open(home.current(), work)
    if not given.as_json:
        output.aside(_WORDS("wrote" if left.wrote else "begun", language, **_named(left)))
    confirm_abandoning(work, yes, language, as_json=given.as_json)
    with ExitStack() as stack:
        log = stack.enter_context(recorded(home.open(Run.start()), home))
        if left.serial_number is not None:  # another run may just be going on with it
            stack.enter_context(home.alone_with(left.serial_number))
        closed = abandon_work(Work.again(log, home.current(), work), reason, judge)
    output.present(given.as_json, "audit-abandon", _facts(left, closed, reason), lambda: _show(left, closed, language))


def _left_open(place: LogPlace, work: str) -> OpenWork:
    """NoWorkError where the log knows no such work, WorkClosedError where it is closed."""
    records = records_of(place, work)
    refuse_closed(records)
    first = records[0]
    unopened = OpenWork(work=work, record=first.n, opened_at=first.fields["t"])
    return next((each for each in open_works(place) if each.work == work), unopened)


def _facts(left: OpenWork, closed: Abandoned, reason: str) -> dict[str, Any]:
    return {
        "work": left.work,
        "order": left.order,
        "serial_number": left.serial_number,
        "wrote": left.wrote,
        "reason": reason,
        "resolved": [each.facts() for each in closed.resolved],
        "result": closed.result,
    }


# --- for people -----------------------------------------------------------------------------------------------------


def _named(left: OpenWork) -> dict[str, str]:
    named = {"work": left.work, "order": left.order, "serial_number": left.serial_number}
    return {name: safe(text or _UNKNOWN) for name, text in named.items()}


def _show(left: OpenWork, closed: Abandoned, language: Language) -> None:
    output.lines(_unsettled(closed, language))
    output.line(_WORDS("closed", language, **_named(left), result=result_words(closed.result, language)))
    output.line(_WORDS("act", language, work=safe(closed.work)))


def _unsettled(closed: Abandoned, language: Language) -> Iterator[str]:
    """A table of many values is one line."""
    for operation, alike in groupby(closed.resolved, lambda each: each.doubt.operation):
        yield _WORDS("unsettled", language, operation=safe(operation), count=len(list(alike)))
