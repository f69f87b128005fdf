"""`apply`: carry out a saved plan. The meter is read again first; where anything moved, nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.asking import (
    lang_option,
    language_of,
    performer_of,
    performer_option,
    prompt,
    refuse_unaskable,
    yes_option,
)
from meterlink.cli.at_meter import place_of, refuse_unfit
from meterlink.cli.files import PATH, read_given
from meterlink.cli.grammar import Command
from meterlink.cli.job import job, raise_problem
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.sealed_log import audit_home
from meterlink.cli.work_shown import ended_facts, show_ended
from meterlink.language import Language, Words
from meterlink.visit.form import unasked
from meterlink.visit.order import Order
from meterlink.visit.plan_form import SavedPlan, decode_plan

_HELP: Final = """carry out a plan that `meterlink plan -o FILE` saved

The meter is read again first; where it, the order or the plan is not what it was, nothing is written. Only what the
plan says is written; no option changes that
"""
_SHORT: Final = "carry out a saved plan"
_EXAMPLES: Final = (
    "meterlink apply visit.plan --port COM3",
    "meterlink apply visit.plan --port tcp://192.168.0.7:4001 --yes --json",
)
_WORDS: Final = Words(
    {
        Language.EN: {"act": "the act: meterlink act print --work {work}"},
        Language.RU: {"act": "акт: meterlink act print --work {work}"},
    }
)


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.argument("plan_file", type=PATH, metavar="PLAN")
@performer_option
@yes_option
@lang_option
@meter_options
@pass_given
def apply(given: Given, /, plan_file: Path, performer: str | None, yes: bool) -> None:
    language = language_of(given)
    saved = decode_plan(read_given("PLAN", plan_file))
    order = _order_of(saved)
    refuse_unaskable(yes, order.meter.serial_number, as_json=given.as_json)
    by = performer_of(order, performer)
    place = place_of(given, order)
    prompt(saved.actions, place.target.profile, yes, language)
    with job(
        audit_home(),
        place,
        order,
        performer=by,
        language=language,
        time_source=saved.time_source,
        experimental=saved.experimental,
    ) as at_work:
        session = at_work.session
        before = session.look()
        plan = session.plan_again(saved, before)
        at_work.show(plan, as_json=given.as_json)
        confirmed = at_work.confirm(by, yes)
        session.begin(unasked(order), before, restores=plan.restores)
        results = at_work.carry_out(plan, confirmed)
        after, problems = session.look_after(plan, results)
        ended = session.close(unasked(order), results, after, problems)
    output.present(given.as_json, "apply", ended_facts(ended, plan), lambda: show_ended(ended, plan, language))
    if not given.as_json:
        output.line(_WORDS("act", language, work=ended.work))
    raise_problem(ended)


def _order_of(saved: SavedPlan) -> Order:
    """The order that stands in the plan, which must hold today."""
    order = saved.order()
    refuse_unfit(order)
    return order
