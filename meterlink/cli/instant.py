"""`instant read`: voltage, current, power of the moment."""

from __future__ import annotations

from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.section import Section, present
from meterlink.model import InstantReading, InstantValue

_HELP: Final = "voltage, current and power now"
_READ_HELP: Final = "read the momentary quantities that this model has"
_EXAMPLES: Final = (
    "meterlink instant read --port sim:mercury-200.02",
    "meterlink instant read --port sim:mercury-206 --json",
    "meterlink instant read --port tcp://192.168.1.5:4001 --model mercury-206 --address 43096744",
)
_COLUMNS: Final = ("quantity", "phase", "value", "unit")
_RATIO: Final = "ratio"
"""The key of a value without a unit."""


@click.group(cls=Group, help=_HELP)
def instant() -> None:
    """The noun."""


@instant.command(help=_READ_HELP, examples=_EXAMPLES)
@meter_options
@pass_given
def read(given: Given) -> None:
    with connected(given, "instant") as meter:
        present(given.as_json, section(meter))


def section(meter: Meter) -> Section:
    """The momentary quantities."""
    reading = meter.read(meter.driver.read_instant)
    return Section(
        name="instant",
        meter=meter,
        read_at=reading.read_at,
        facts={"values": [_value_facts(value) for value in reading.values]},
        show=lambda: _show(reading),
        absent=reading.absent,
    )


def _value_facts(value: InstantValue) -> dict[str, object]:
    phase = {} if value.phase is None else {"phase": value.phase}
    return {"quantity": value.quantity, **phase, value.unit.lower() or _RATIO: value.value}


def _show(reading: InstantReading) -> None:
    phases = any(value.phase for value in reading.values)
    columns = _COLUMNS if phases else (_COLUMNS[0], *_COLUMNS[2:])
    rows = [
        (value.quantity, *([value.phase] if phases else []), format(value.value, "f"), value.unit)
        for value in reading.values
    ]
    output.table(columns, rows, numbers=("value",))
