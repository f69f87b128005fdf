"""`meter info`: who the meter is, and what else it tells about itself."""

from __future__ import annotations

from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.model import StatusReading

_HELP: Final = "the meter itself"
_INFO_HELP: Final = "read who the meter is, its limits, battery, power cuts and what else the model tells"
_EXAMPLES: Final = (
    "meterlink meter info --port sim:mercury-200.02",
    "meterlink meter info --port sim:mercury-206 --json",
    "meterlink meter info --port COM3 --model mercury-200.02 --address serial:06925646",
)
_COLUMNS: Final = ("fact", "value", "unit")


@click.group(cls=Group, help=_HELP)
def meter() -> None:
    """The noun."""


@meter.command(help=_INFO_HELP, examples=_EXAMPLES)
@meter_options
@pass_given
def info(given: Given) -> None:
    with connected(given, "identity") as found:
        status = found.read(found.driver.read_status)
        output.present(given.as_json, "meter", facts(found, status), lambda: show(found, status))


def facts(found: Meter, status: StatusReading) -> dict[str, object]:
    """The document."""
    who = found.identity
    return {
        **found.head(),
        "identity": {
            "firmware": who.firmware,
            "firmware_date": who.firmware_date,
            "manufactured": who.manufactured,
            "variant": who.variant,
            "facts": who.facts,
        },
        "status": [{"name": value.name, "value": value.value, "unit": value.unit} for value in status.values],
        **found.tail((*who.absent, *status.absent)),
    }


def show(found: Meter, status: StatusReading) -> None:
    """For people."""
    found.show_head()
    show_identity(found)
    output.line()
    show_status(status)
    found.show_tail((*found.identity.absent, *status.absent))


def show_identity(found: Meter) -> None:
    who = found.identity
    output.pairs(
        [
            ("model", f"{who.model} ({', '.join(found.profile.names)})"),
            ("serial number", who.serial_number),
            ("address", who.address),
            ("firmware", f"{who.firmware} of {who.firmware_date}" if who.firmware_date else who.firmware),
            ("manufactured", who.manufactured),
            ("variant", who.variant),
        ]
    )


def show_status(status: StatusReading) -> None:
    output.table(_COLUMNS, [(value.name, value.value, value.unit) for value in status.values])
