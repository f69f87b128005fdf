"""`visit`: the whole job at one meter, from the seals found to the printed act, in one command."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from meterlink.audit.home import AuditHome
from meterlink.audit.run import Run
from meterlink.audit.works import open_works
from meterlink.cli import output
from meterlink.cli.act_files import act_over, free_names, write_act
from meterlink.cli.act_shown import show_act
from meterlink.cli.asking import (
    lang_option,
    language_of,
    performer_of,
    performer_option,
    prompt,
    refuse_unaskable,
    said_source,
    time_source_of,
    time_source_option,
    yes_option,
)
from meterlink.cli.at_meter import place_of, refuse_unfit
from meterlink.cli.connect import Place
from meterlink.cli.files import PATH, read_given
from meterlink.cli.form_asked import ask_after, ask_before
from meterlink.cli.grammar import Command
from meterlink.cli.job import Job, job, raise_problem
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.order_file import load_order
from meterlink.cli.sealed_log import audit_home
from meterlink.cli.work_shown import ended_facts, show_ended
from meterlink.errors import (
    ConfigError,
    MeterlinkError,
    NotConfirmedError,
    NotSupportedError,
    OrderError,
    PlanError,
    ScheduleError,
)
from meterlink.language import Language, Words
from meterlink.model import Action
from meterlink.registry import load_driver
from meterlink.report.passport import passport_line
from meterlink.visit.carrying import StepResult
from meterlink.visit.dates import told_dates
from meterlink.visit.form import Form, unasked
from meterlink.visit.form_file import read_form
from meterlink.visit.order import Order
from meterlink.visit.plan import Plan, TimeSource
from meterlink.visit.session import Ended, Session
from meterlink.visit.snapshot import Snapshot
from meterlink.visit.words import action_words
from meterlink.visit.work import Confirmed, is_left_by

_HELP: Final = """do the whole job that an order describes, step by step, and print its act

It asks for seals and people, reads the meter, shows the plan, has it confirmed by the serial number, writes, reads
back, and seals all of it in the log. A visit that was cut off is gone on with by the same command
"""
_SHORT: Final = "do the whole job that an order describes"
_EXAMPLES: Final = (
    "meterlink visit order.toml --port COM3 --lang ru",
    "meterlink visit order.toml --port tcp://192.168.0.7:4001 --time-source system --yes --json",
)
_OPTIONS: Final = {
    "form": "a file with seals, people and remarks, instead of the questions",
    "act_dir": "folder for the files of the act; usually the one you work in",
    "experimental": "write also what nobody has seen work; the log and the act say so",
}
_WHY: Final = {
    "no folder": "there is no such folder",
    "no file": "it is a file, and the act needs a folder",
    "closed": "you may not write into that folder",
}
_ADVICE: Final = "Give a folder that is there and that you may write, or leave --act-dir out for the one you work in."
_WORDS: Final = Words(
    {
        Language.EN: {
            "head": "order {number} of {date}: meter {serial_number} ({model})",
            "actions": "permitted: {actions}",
            "performer": "performer: {name}, {post}, certificate {certificate}",
            "resumed": "An earlier run left this work open; it is gone on with, and the seals are not asked again.",
            "display": "The display should mark {tariff} now; look at it.",
        },
        Language.RU: {
            "head": "наряд {number} от {date}: прибор учёта {serial_number} ({model})",
            "actions": "разрешено: {actions}",
            "performer": "исполнитель: {name}, {post}, удостоверение {certificate}",
            "resumed": "Прошлый запуск оставил эту работу открытой; она продолжается, о пломбах уже спрошено.",
            "display": "Индикатор прибора должен показывать сейчас {tariff}; посмотрите на него.",
        },
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line says besides the order."""

    order: Order
    form: Form | None
    performer: str
    yes: bool
    as_json: bool
    time_source: str | None
    experimental: bool
    act_dir: Path
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit that was made."""

    plan: Plan
    ended: Ended
    files: tuple[Path, ...] = ()
    passport: str | None = None
    """The line for the meter's passport, in the language of the act."""
    failure: MeterlinkError | None = None
    """Why the act could not be printed."""

    def facts(self) -> dict[str, Any]:
        """For documents."""
        act = [str(file) for file in self.files]
        return {**ended_facts(self.ended, self.plan), "act": act, "passport": self.passport}


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.argument("order_file", type=PATH, metavar="ORDER")
@click.option("--form", "form_file", type=PATH, metavar="FILE", help=_OPTIONS["form"])
@click.option("--act-dir", type=PATH, metavar="FOLDER", default=Path(), help=_OPTIONS["act_dir"])
@click.option("--experimental", is_flag=True, help=_OPTIONS["experimental"])
@time_source_option
@performer_option
@yes_option
@lang_option
@meter_options
@pass_given
def visit(
    given: Given,
    /,
    order_file: Path,
    form_file: Path | None,
    act_dir: Path,
    experimental: bool,
    time_source: str | None,
    performer: str | None,
    yes: bool,
) -> None:
    order = load_order(order_file)
    refuse_unfit(order)
    refuse_unaskable(yes, order.meter.serial_number, as_json=given.as_json)
    _refuse_folder(act_dir)
    wanted = Wanted(
        order=order,
        form=None if form_file is None else _form_in(form_file, order),
        performer=performer_of(order, performer),
        yes=yes,
        as_json=given.as_json,
        time_source=time_source,
        experimental=experimental,
        act_dir=act_dir,
        language=language_of(given),
    )
    done = do_visit(audit_home(), place_of(given, order), wanted)
    output.present(wanted.as_json, "visit", done.facts(), lambda: show_visit(done, wanted.language))
    raise_problem(done.ended)
    if done.failure is not None:
        raise done.failure


def _refuse_folder(folder: Path) -> None:
    """ConfigError for a folder in which no act could lie."""
    if folder.is_dir():
        wrong = None if os.access(folder, os.W_OK) else "closed"
    else:
        wrong = "no file" if folder.exists() else "no folder"
    if wrong is not None:
        raise ConfigError(setting=f"--act-dir {folder}", why=_WHY[wrong], advice=_ADVICE)


def _form_in(file: Path, order: Order) -> Form:
    return read_form(read_given("--form", file), f"--form {file}", order.seals_expected)


def do_visit(home: AuditHome, place: Place, wanted: Wanted) -> Visit:
    """Everything from here on happens at the meter."""
    run, language = Run.start(), wanted.language
    resumed = _is_open(home, wanted.order, place)
    if not wanted.as_json:
        _show_order(wanted, resumed)
    form = _form_before(wanted, resumed)
    source = _time_source(wanted)
    prompt(wanted.order.actions, place.target.profile, wanted.yes, language)
    with job(
        home,
        place,
        wanted.order,
        performer=wanted.performer,
        language=language,
        time_source=source,
        experimental=wanted.experimental,
        run=run,
    ) as at_work:
        session = at_work.session
        before = session.look()
        session.begin(form, before)
        try:
            plan = session.plan(before)
            at_work.show(plan, as_json=wanted.as_json)
            confirmed = at_work.confirm(wanted.performer, wanted.yes) if plan.steps else None
        except (PlanError, OrderError, NotSupportedError, ScheduleError, ConfigError, NotConfirmedError) as error:
            session.cancel(before, type(error).__name__ if isinstance(error, NotConfirmedError) else str(error))
            raise
        ended = _carry_out(at_work, plan, confirmed, form, wanted)
        return _with_act(session, Visit(plan=plan, ended=ended), wanted.act_dir)


def _carry_out(at_work: Job, plan: Plan, confirmed: Confirmed | None, form: Form, wanted: Wanted) -> Ended:
    """None is confirmed where there is nothing to do."""
    session = at_work.session
    results: list[StepResult] = []
    if confirmed is None:
        session.nothing_to_do(plan)
    else:
        results = at_work.carry_out(plan, confirmed)
    after, problems = session.look_after(plan, results)
    if wanted.form is None and not wanted.yes:
        form = ask_after(form, wanted.language)
    return session.close(form, results, after, problems)


def _is_open(home: AuditHome, order: Order, place: Place) -> bool:
    """Whether an earlier run of this order left a work open, which this one goes on with."""
    driver = load_driver(place.target.profile.driver)
    return any(is_left_by(work, order, driver) for work in open_works(home.current()))


def _form_before(wanted: Wanted, resumed: bool) -> Form:
    if wanted.form is not None:
        return wanted.form
    if resumed or wanted.yes:
        return unasked(wanted.order)
    return ask_before(wanted.order, wanted.language)


def _time_source(wanted: Wanted) -> TimeSource:
    if Action.CLOCK not in wanted.order.actions or (wanted.yes and wanted.time_source is None):
        return said_source(wanted.time_source)
    return time_source_of(wanted.time_source, datetime.now(wanted.order.zone), wanted.language)


def _with_act(session: Session, visit: Visit, folder: Path) -> Visit:
    """The visit with its act printed. The work is closed by now, so what fails here must not hide how it ended."""
    try:
        found = act_over(session.place, session.begun_work.records())
        files = free_names(found.work, folder)
        write_act(session.log, found, files, Language.RU)
    except MeterlinkError as error:
        return replace(visit, failure=error)
    return replace(visit, files=tuple(files), passport=passport_line(found.body, Language.RU, found.family))


def _show_order(wanted: Wanted, resumed: bool) -> None:
    order, language = wanted.order, wanted.language
    meter = order.meter
    facts = {"number": order.order_no, "date": told_dates(order.order_date.isoformat(), language)}
    output.line(_WORDS("head", language, **facts, serial_number=meter.serial_number, model=meter.model))
    actions = ", ".join(action_words(action, language) for action in order.actions)
    output.line(_WORDS("actions", language, actions=actions))
    for each in order.performers:
        if each.id == wanted.performer:
            output.line(_WORDS("performer", language, name=each.name, post=each.post, certificate=each.certificate))
    if resumed:
        output.line(_WORDS("resumed", language))
    output.line()


def show_visit(visit: Visit, language: Language) -> None:
    """For people: what became of each step, and where the act is."""
    output.line()
    show_ended(visit.ended, visit.plan, language)
    after: Snapshot | None = visit.ended.after
    if after is not None and after.tariffs is not None and after.tariffs.current_tariff is not None:
        output.line(_WORDS("display", language, tariff=f"T{after.tariffs.current_tariff}"))
    if visit.passport is not None:
        show_act(visit.ended.work, visit.files, visit.passport, language)
