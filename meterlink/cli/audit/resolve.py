"""`audit resolve`: read what a crash or a lost answer left in doubt, and write down what the meter says now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from meterlink.audit.run import Run
from meterlink.cli import output
from meterlink.cli.asking import lang_option, language_of
from meterlink.cli.at_meter import site_of
from meterlink.cli.audit.common import audit_home, recorded
from meterlink.cli.connect import connected_at, wanted_place
from meterlink.cli.grammar import Command
from meterlink.cli.job import resolved_lines
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.errors import ConfigError
from meterlink.language import Language
from meterlink.visit.resolving import Resolved, resolve as resolve_doubts

_HELP: Final = """read from a meter what became of frames in doubt, and write it into the log

Nothing is written to the meter. Afterwards run the command that was stopped again, or plan the way back with `meterlink
plan restore`
"""
_SHORT: Final = "read what became of frames in doubt"
_EXAMPLES: Final = (
    "meterlink audit resolve --port COM3 --model mercury-200.02 --address 925646 --tz Europe/Moscow",
    "meterlink audit resolve --port COM3 --model mercury-200.02 --address 925646 --tz +03:00 --json",
)
_WHY: Final = {
    "zone": "the time zone of the meter's place is needed: a clock may be in doubt",
}
_ADVICE: Final = {"zone": "Give --tz, as Europe/Moscow or +03:00."}
_TEXT: Final = {
    "nothing": "nothing is in doubt at meter {serial_number}",
    "others": "in doubt at other meters: {meters}",
    "done": "settled: {count}. Now run the command that was stopped again, or plan the way back: "
    "meterlink plan restore {work}",
}


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@lang_option
@meter_options
@pass_given
def resolve(given: Given) -> None:
    language = language_of(given)
    home = audit_home()
    place = wanted_place(given)
    if place.zone is None:
        raise ConfigError(setting="--tz", why=_WHY["zone"], advice=_ADVICE["zone"])
    with recorded(home.open(Run.start()), home) as log, connected_at(place) as meter:
        serial_number = meter.identity.serial_number
        resolved = resolve_doubts(site_of(meter, place), log, home.current())
        others = sorted({doubt.serial_number or "?" for doubt in log.doubts})
    facts = {
        "meter": {"serial_number": serial_number, "model": place.target.profile.model},
        "resolved": [each.facts() for each in resolved],
        "in_doubt_elsewhere": others,
    }
    output.present(given.as_json, "audit-resolve", facts, lambda: _show(serial_number, resolved, others, language))


def _show(serial_number: str, resolved: Sequence[Resolved], others: Sequence[str], language: Language) -> None:
    if resolved:
        output.lines(resolved_lines(resolved, language))
        works = dict.fromkeys(each.doubt.work or "" for each in resolved)
        output.line(_TEXT["done"].format(count=len(resolved), work=", ".join(filter(None, works))))
    else:
        output.line(_TEXT["nothing"].format(serial_number=serial_number))
    if others:
        output.line(_TEXT["others"].format(meters=", ".join(others)))
