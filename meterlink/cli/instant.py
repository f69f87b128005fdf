"""`instant read`: voltage, current, power of the moment."""

from __future__ import annotations

from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.model import InstantReading, InstantValue

_HELP: Final = "voltage, current and power now"
_READ_HELP: Final = "read the momentary quantities that this model has"
_EXAMPLES: Final = (
    "meterlink instant read --port sim:mercury-200.02",
    "meterlink instant read --port sim:mercury-206 --json",
    "meterlink instant read --port tcp://192.168.1.5:4001 --model mercury-206 --address 43096744",
)
_COLUMNS: Final = ("quantity", "phase", "value", "unit")


@click.group(cls=Group, help=_HELP)
def instant() -> None:
    """The noun."""


@instant.command(help=_READ_HELP, examples=_EXAMPLES)
@meter_options
@pass_given
def read(given: Given) -> None:
    with connected(given, "instant") as meter:
        reading = meter.read(meter.driver.read_instant)
        output.present(given.as_json, "instant", facts(meter, reading), lambda: show(meter, reading))


def facts(meter: Meter, reading: InstantReading) -> dict[str, object]:
    """The document."""
    values = [_value_facts(value) for value in reading.values]
    return {**meter.head(reading.read_at), "values": values, **meter.tail(reading.absent)}


def _value_facts(value: InstantValue) -> dict[str, object]:
    phase = {} if value.phase is None else {"phase": value.phase}
    return {"quantity": value.quantity, **phase, value.unit.lower(): value.value}


def show(meter: Meter, reading: InstantReading) -> None:
    """For people."""
    meter.show_head(reading.read_at)
    show_values(reading)
    meter.show_tail(reading.absent)


def show_values(reading: InstantReading) -> None:
    phases = any(value.phase for value in reading.values)
    columns = _COLUMNS if phases else (_COLUMNS[0], *_COLUMNS[2:])
    rows = [
        (value.quantity, *([value.phase] if phases else []), format(value.value, "f"), value.unit)
        for value in reading.values
    ]
    output.table(columns, rows, numbers=("value",))
