"""`archive read`: the registers at the start of each month, day or year, or what was used in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.energy import multiplied_notes, register_facts
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.section import Section, present
from meterlink.driver import Target
from meterlink.flow import Flow
from meterlink.model import (
    Archive,
    ArchiveKind,
    ArchiveReading,
    ArchiveRecord,
    ArchiveSpan,
    Direction,
    EnergyValue,
    Quantity,
)
from meterlink.profiles import ARCHIVES

_HELP: Final = "what the meter kept of past years, months and days"
_READ_HELP: Final = """read the registers as they stood at the start of each of the last months, days or years

With --consumption what was used in each of them instead, as the meter itself counted it; the current one is not over
"""
_EXAMPLES: Final = (
    "meterlink archive read --port sim:mercury-200.02 --months 3 --json",
    "meterlink archive read --years 2 --consumption --port sim:set-4tm.03",
    "meterlink archive read --port COM3 --model mercury-200.02 --address 925646",
)
_CONSUMPTION_HELP: Final = "what was used in each, instead of the reading at its start; some models keep it"
_SEVERAL: Final = "--months, --days and --years are archives of their own; ask for one of them"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """How one span is asked for and told; `usual` is how many where none is asked for."""

    option: str
    most: int
    usual: int | None = None
    help: str
    nothing: str


_USUAL_MONTHS: Final = 12
_ASKED: Final = {
    ArchiveSpan.MONTH: _Asked(
        option="--months",
        most=120,
        usual=_USUAL_MONTHS,
        help="how many months, the current one last",
        nothing="the meter kept no month",
    ),
    ArchiveSpan.DAY: _Asked(
        option="--days",
        most=366,
        help="how many days instead, today last; some models keep them",
        nothing="the meter kept no day",
    ),
    ArchiveSpan.YEAR: _Asked(
        option="--years",
        most=10,
        help="how many years instead, the current one last; some models keep them",
        nothing="the meter kept no year",
    ),
}
_NOTHING_TOLD: Final = "there is nothing that can be told in kWh"
_COLUMNS: Final = {ArchiveKind.START: "start of {span}", ArchiveKind.CONSUMPTION: "used in the {span} from"}


def _span_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for span, asked in reversed(_ASKED.items()):
        count, usual = click.IntRange(1, asked.most), asked.usual
        option = click.option(asked.option, span, type=count, show_default=usual and str(usual), help=asked.help)
        command = option(command)
    return command


_Kind = tuple[Quantity, Direction, str]


@click.group(cls=Group, help=_HELP)
def archive() -> None:
    """The noun."""


@archive.command(name="read", help=_READ_HELP, examples=_EXAMPLES)
@_span_options
@click.option("--consumption", is_flag=True, help=_CONSUMPTION_HELP)
@meter_options
@pass_given
def read_archive(given: Given, /, *, consumption: bool, **counts: int | None) -> None:
    asked = [(ArchiveSpan(span), count) for span, count in counts.items() if count is not None]
    if len(asked) > 1:
        raise click.UsageError(_SEVERAL, click.get_current_context())
    span, count = asked[0] if asked else (ArchiveSpan.MONTH, _USUAL_MONTHS)
    wanted = Archive(span, ArchiveKind.CONSUMPTION if consumption else ArchiveKind.START)
    with connected(given, ARCHIVES[wanted]) as meter:
        present(given.as_json, section(meter, wanted, count))


def section(meter: Meter, wanted: Archive, count: int) -> Section:
    """So many records of one archive."""

    def work(target: Target) -> Flow[ArchiveReading]:
        return meter.driver.read_archive(target, wanted, count)

    reading = meter.read(work)
    span = wanted.span
    records = [
        {span.value: span.label(record.start), "registers": [register_facts(value) for value in record.registers]}
        for record in reading.records
    ]
    return Section(
        name="archive",
        meter=meter,
        read_at=reading.read_at,
        facts={"span": span, "kind": wanted.kind, "records": records},
        show=lambda: show_records(reading),
        absent=reading.absent,
        notes=multiplied_notes(reading.multiplied_by),
    )


def show_records(reading: ArchiveReading) -> None:
    """For people: a table for each kind of energy, with a row for each record and a column for each register of it."""
    span = reading.archive.span
    kinds = dict.fromkeys(_kind(value) for record in reading.records for value in record.registers)
    if not kinds:
        output.line(_NOTHING_TOLD if reading.absent else _ASKED[span].nothing)
    first = _COLUMNS[reading.archive.kind].format(span=span)
    for number, kind in enumerate(kinds):
        if number:
            output.line()
        _show_kind(reading.records, kind, first)


def _show_kind(records: Sequence[ArchiveRecord], kind: _Kind, first: str) -> None:
    """What is of one kind: `T1, kWh`; energy that flows out is told so."""
    _, direction, unit = kind
    way = "" if direction is Direction.IMPORT else f" {direction}"
    of_kind = {
        record.start: {value.register: format(value.amount, "f") for value in record.registers if _kind(value) == kind}
        for record in records
    }
    registers = dict.fromkeys(register for amounts in of_kind.values() for register in amounts)
    names = tuple(f"{register}{way}, {unit}" for register in registers)
    rows = [(f"{start:%Y-%m-%d}", *map(amounts.get, registers)) for start, amounts in of_kind.items()]
    output.table((first, *names), rows, numbers=names)


def _kind(value: EnergyValue) -> _Kind:
    return value.quantity, value.direction, value.unit
