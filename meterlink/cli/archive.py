"""`archive read`: the registers as they stood at the start of each month."""

from __future__ import annotations

from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.energy import register_facts
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.section import Section, present
from meterlink.driver import Target
from meterlink.flow import Flow
from meterlink.model import ArchiveReading, Direction, EnergyValue

_HELP: Final = "what the meter kept of past months"
_READ_HELP: Final = "read the registers as they stood at the start of each of the last months"
_EXAMPLES: Final = (
    "meterlink archive read --port sim:mercury-200.02",
    "meterlink archive read --port sim:mercury-200.02 --months 3 --json",
    "meterlink archive read --port COM3 --model mercury-200.02 --address 925646 --months 2",
)
_MONTHS_HELP: Final = "how many months, the current one last"
USUAL_MONTHS: Final = 12
_MOST_MONTHS: Final = 120
_NO_MONTHS: Final = "the meter kept no month"


@click.group(cls=Group, help=_HELP)
def archive() -> None:
    """The noun."""


@archive.command(name="read", help=_READ_HELP, examples=_EXAMPLES)
@click.option(
    "--months", type=click.IntRange(1, _MOST_MONTHS), default=USUAL_MONTHS, show_default=True, help=_MONTHS_HELP
)
@meter_options
@pass_given
def read_archive(given: Given, months: int) -> None:
    with connected(given, "energy_archive") as meter:
        present(given.as_json, section(meter, months))


def section(meter: Meter, months: int = USUAL_MONTHS) -> Section:
    """The months."""

    def work(target: Target) -> Flow[ArchiveReading]:
        return meter.driver.read_archive(target, months)

    reading = meter.read(work)
    records = [
        {"month": f"{record.month:%Y-%m}", "registers": [register_facts(value) for value in record.registers]}
        for record in reading.records
    ]
    return Section(
        name="archive",
        meter=meter,
        read_at=reading.read_at,
        facts={"records": records},
        show=lambda: show_records(reading),
        absent=reading.absent,
    )


def show_records(reading: ArchiveReading) -> None:
    """For people: a row for each month, a column for each register that any month has."""
    names = dict.fromkeys(_column(value) for record in reading.records for value in record.registers)
    if not names:
        output.line(_NO_MONTHS)
        return
    rows = []
    for record in reading.records:
        amounts = {_column(value): format(value.amount, "f") for value in record.registers}
        rows.append((f"{record.month:%Y-%m-%d}", *(amounts.get(name) for name in names)))
    output.table(("start of month", *names), rows, numbers=tuple(names))


def _column(value: EnergyValue) -> str:
    """`T1, kWh`; energy that flows out has columns of its own."""
    way = "" if value.direction is Direction.IMPORT else f" {value.direction}"
    return f"{value.register}{way}, {value.unit}"
