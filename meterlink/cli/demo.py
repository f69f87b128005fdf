"""`demo`: one simulated meter, read whole and shown. In memory, in virtual time: no port, no network, no settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import click

from meterlink.cli import archive, clock, dst, energy, instant, journal, meter, output, tariff
from meterlink.cli.connect import connected_at, find_place
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.section import Section
from meterlink.cli.settings import Setting
from meterlink.profiles import default_folder, load_profiles

_HELP: Final = """read a simulated meter whole and show it: a Mercury 200.02 whose clock still follows summer time

Nothing is needed for it: no meter, no port, no network, and no file is read or written but those of meterlink
"""
_SHORT: Final = "read a simulated meter whole and show it"
_EXAMPLES: Final = ("meterlink demo", "meterlink demo --json")
_SETTINGS: Final = {
    "port": "sim:mercury-200.02?at=2025-07-21T14:05:09+03:00&schedule=ru-household-2&clock_error_s=3614&dst=on"
    "&energy_kwh=15621.42,6208.34",
    "tz": "Europe/Moscow",
}
_ORIGIN: Final = "the demonstration"
_SECTIONS: Final = {
    "meter_info": ("who it is, and its state", meter.section),
    "energy": ("energy registers", energy.section),
    "instant": ("now", instant.section),
    "clock": ("clock", clock.section),
    "dst": ("summer and winter time", dst.section),
    "tariff": ("tariffs", tariff.section),
    "archive": ("registers at the start of each month", archive.section),
    "journal": ("journals", journal.section),
}
"""By the keys of the document: heading, and how it is read."""

_TEXT: Final = {
    "begin": "a simulated meter in memory, read over its real protocol",
    "end": "The same with a meter of yours: meterlink meter info --port COM3 --model mercury-200.02 --address NUMBER",
}


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@json_option
@pass_given
def demo(given: Given) -> None:
    settings = {name: Setting(name=name, value=value, origin=_ORIGIN) for name, value in _SETTINGS.items()}
    with connected_at(find_place(settings, load_profiles([default_folder()]))) as found:
        sections = {key: read(found) for key, (_, read) in _SECTIONS.items()}
        facts = {"port": _SETTINGS["port"], **{key: section.document() for key, section in sections.items()}}
        output.present(given.as_json, "demo", facts, lambda: _show(sections, found.notes))


def _show(sections: Mapping[str, Section], notes: tuple[str, ...]) -> None:
    output.line(_TEXT["begin"])
    output.notes(notes)
    for key, section in sections.items():
        output.heading(_SECTIONS[key][0])
        section.show_part()
    output.line()
    output.line(_TEXT["end"])
