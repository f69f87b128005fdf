"""`demo`: one simulated meter, read whole and shown. In memory, in virtual time: no port, no network, no settings."""

from __future__ import annotations

from typing import Final

import click

from meterlink.cli import archive, clock, dst, energy, instant, journal, meter, output, tariff
from meterlink.cli.connect import Meter, connected_at, find_place
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.settings import Setting
from meterlink.model import StatusReading
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
_TEXT: Final = {
    "begin": "a simulated meter in memory, read over its real protocol",
    "identity": "who it is",
    "status": "its state",
    "energy": "energy registers",
    "instant": "now",
    "clock": "clock",
    "dst": "summer and winter time",
    "tariff": "tariffs",
    "archive": "registers at the start of each month",
    "journal": "journals",
    "end": "The same with a meter of yours: meterlink meter info --port COM3 --model mercury-200.02 --address NUMBER",
}


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@json_option
@pass_given
def demo(given: Given) -> None:
    settings = {name: Setting(name=name, value=value, origin=_ORIGIN) for name, value in _SETTINGS.items()}
    with connected_at(find_place(settings, load_profiles([default_folder()]))) as found:
        if given.as_json:
            output.document("demo", _facts(found))
        else:
            _show(found)


def _facts(found: Meter) -> dict[str, object]:
    """The documents of the single commands, without their schema keys."""
    driver = found.driver
    return {
        "port": _SETTINGS["port"],
        "meter_info": meter.facts(found, found.read(driver.read_status)),
        "energy": energy.facts(found, found.read(driver.read_energy)),
        "instant": instant.facts(found, found.read(driver.read_instant)),
        "clock": clock.facts(found, clock.read(found)),
        "dst": dst.facts(found, found.read(driver.read_dst)),
        "tariff": found.head() | tariff.facts(found, tariff.read(found)),
        "archive": archive.facts(found, archive.read(found)),
        "journal": journal.facts(found, journal.read_all(found)),
    }


def _show(found: Meter) -> None:
    output.line(_TEXT["begin"])
    _show_itself(found, found.read(found.driver.read_status))
    _show_values(found)
    _show_time(found)
    _show_tariffs(found)
    _show_past(found)
    output.line(_TEXT["end"])


def _show_itself(found: Meter, status: StatusReading) -> None:
    output.heading(_TEXT["identity"])
    meter.show_identity(found)
    found.show_tail(found.identity.absent)
    output.heading(_TEXT["status"])
    meter.show_status(status)
    output.absent(status.absent)


def _show_values(found: Meter) -> None:
    output.heading(_TEXT["energy"])
    registers = found.read(found.driver.read_energy)
    energy.show_registers(registers)
    output.absent(registers.absent)
    output.heading(_TEXT["instant"])
    values = found.read(found.driver.read_instant)
    instant.show_values(values)
    output.absent(values.absent)


def _show_time(found: Meter) -> None:
    output.heading(_TEXT["clock"])
    clock.show_times(clock.read(found))
    output.heading(_TEXT["dst"])
    dst.show_setting(found.read(found.driver.read_dst))


def _show_tariffs(found: Meter) -> None:
    output.heading(_TEXT["tariff"])
    tariffs = tariff.read(found)
    output.lines(tariff.words(tariffs))
    output.line()
    tariff.show_schedule(tariffs)
    tariff.show_holidays(tariffs)
    output.absent(tariffs.absent)
    output.notes(tariffs.notes())


def _show_past(found: Meter) -> None:
    output.heading(_TEXT["archive"])
    months = archive.read(found)
    archive.show_records(months)
    output.absent(months.absent)
    output.heading(_TEXT["journal"])
    journals = journal.read_all(found)
    journal.show_journals(journals)
    output.absent(journals.absent)
