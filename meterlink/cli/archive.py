"""`archive read`: the registers as they stood at the start of each month, or of each day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.energy import register_facts
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.section import Section, present
from meterlink.driver import Target
from meterlink.flow import Flow
from meterlink.model import ArchiveReading, ArchiveSpan, Direction, EnergyValue
from meterlink.profiles import ARCHIVES

_HELP: Final = "what the meter kept of past months and days"
_READ_HELP: Final = "read the registers as they stood at the start of each of the last months, or of the last days"
_EXAMPLES: Final = (
    "meterlink archive read --port sim:mercury-200.02 --months 3 --json",
    "meterlink archive read --days 7 --port sim:ce303",
    "meterlink archive read --port COM3 --model mercury-200.02 --address 925646",
)
_BOTH: Final = "--months and --days are two archives; ask for one of them"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """How one span is asked for and told; `usual` is how many where none is asked for."""

    option: str
    most: int
    usual: int | None
    help: str
    column: str
    nothing: str


_USUAL_MONTHS: Final = 12
_ASKED: Final = {
    ArchiveSpan.MONTH: _Asked(
        option="--months",
        most=120,
        usual=_USUAL_MONTHS,
        help="how many months, the current one last",
        column="start of month",
        nothing="the meter kept no month",
    ),
    ArchiveSpan.DAY: _Asked(
        option="--days",
        most=366,
        usual=None,
        help="how many days instead, today last; few models keep them",
        column="start of day",
        nothing="the meter kept no day",
    ),
}


def _span_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for span, asked in reversed(_ASKED.items()):
        count, usual = click.IntRange(1, asked.most), asked.usual
        option = click.option(asked.option, span, type=count, show_default=usual and str(usual), help=asked.help)
        command = option(command)
    return command


@click.group(cls=Group, help=_HELP)
def archive() -> None:
    """The noun."""


@archive.command(name="read", help=_READ_HELP, examples=_EXAMPLES)
@_span_options
@meter_options
@pass_given
def read_archive(given: Given, month: int | None, day: int | None) -> None:
    if month is not None and day is not None:
        raise click.UsageError(_BOTH, click.get_current_context())
    span, count = (ArchiveSpan.MONTH, month or _USUAL_MONTHS) if day is None else (ArchiveSpan.DAY, day)
    with connected(given, ARCHIVES[span]) as meter:
        present(given.as_json, section(meter, span, count))


def section(meter: Meter, span: ArchiveSpan, count: int) -> Section:
    """The months, or the days."""

    def work(target: Target) -> Flow[ArchiveReading]:
        return meter.driver.read_archive(target, span, count)

    reading = meter.read(work)
    records = [
        {span.value: span.label(record.start), "registers": [register_facts(value) for value in record.registers]}
        for record in reading.records
    ]
    return Section(
        name="archive",
        meter=meter,
        read_at=reading.read_at,
        facts={"span": span, "records": records},
        show=lambda: show_records(reading),
        absent=reading.absent,
    )


def show_records(reading: ArchiveReading) -> None:
    """For people: a row for each month or day, a column for each register that any of them has."""
    asked = _ASKED[reading.span]
    names = dict.fromkeys(_column(value) for record in reading.records for value in record.registers)
    if not names:
        output.line(asked.nothing)
        return
    rows = []
    for record in reading.records:
        amounts = {_column(value): format(value.amount, "f") for value in record.registers}
        rows.append((f"{record.start:%Y-%m-%d}", *(amounts.get(name) for name in names)))
    output.table((asked.column, *names), rows, numbers=tuple(names))


def _column(value: EnergyValue) -> str:
    """`T1, kWh`; energy that flows out has columns of its own."""
    way = "" if value.direction is Direction.IMPORT else f" {value.direction}"
    return f"{value.register}{way}, {value.unit}"
