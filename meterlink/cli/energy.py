"""`energy read`: the energy registers."""

from __future__ import annotations

from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.section import Section, present
from meterlink.model import EnergyReading, EnergyValue

_HELP: Final = "the energy registers"
_READ_HELP: Final = """read the energy registers T1, T2 and so on, active and reactive, as the meter holds them

What the meter lacks or did not answer is listed as not there, with the reason; it is never shown as 0
"""
_EXAMPLES: Final = (
    "meterlink energy read --port sim:mercury-200.02",
    "meterlink energy read --port sim:mercury-200.02 --address 925646 --tz Europe/Moscow --json",
    "meterlink energy read --port COM3 --model mercury-200.02 --address serial:06925646",
)
_MULTIPLIED: Final = "the readings are multiplied by the transformer ratios stored in the meter: x {ratio}"
_COLUMNS: Final = ("register", "energy", "reading", "unit")


@click.group(cls=Group, help=_HELP)
def energy() -> None:
    """The noun."""


@energy.command(help=_READ_HELP, examples=_EXAMPLES)
@meter_options
@pass_given
def read(given: Given) -> None:
    with connected(given, "energy") as meter:
        present(given.as_json, section(meter))


def section(meter: Meter) -> Section:
    """The registers."""
    reading = meter.read(meter.driver.read_energy)
    return Section(
        name="energy",
        meter=meter,
        read_at=reading.read_at,
        facts={"registers": [register_facts(value) for value in reading.registers]},
        show=lambda: _show(reading),
        absent=reading.absent,
        notes=multiplied_notes(reading.multiplied_by),
    )


def multiplied_notes(ratio: int) -> tuple[str, ...]:
    """What to know of readings that are not what a display shows."""
    return () if ratio == 1 else (_MULTIPLIED.format(ratio=ratio),)


def register_facts(value: EnergyValue) -> dict[str, object]:
    """One register in documents; the unit is the name of the key."""
    return {
        "register": value.register,
        "quantity": value.quantity,
        "direction": value.direction,
        value.unit.lower(): value.amount,
    }


def _show(reading: EnergyReading) -> None:
    rows = [
        (value.register, f"{value.quantity} {value.direction}", format(value.amount, "f"), value.unit)
        for value in reading.registers
    ]
    output.table(_COLUMNS, rows, numbers=("reading",))
