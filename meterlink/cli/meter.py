"""`meter info`: who the meter is, and what else it tells about itself."""

from __future__ import annotations

import re
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.section import Section, present
from meterlink.model import Identity, StatusReading, StatusValue

_HELP: Final = "the meter itself"
_INFO_HELP: Final = "read who the meter is, its limits, battery, power cuts and what else the model tells"
_EXAMPLES: Final = (
    "meterlink meter info --port sim:mercury-200.02",
    "meterlink meter info --port sim:mercury-206 --json",
    "meterlink meter info --port COM3 --model mercury-200.02 --address serial:06925646",
)
_COLUMNS: Final = ("fact", "value", "unit")
_MOMENT: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2})", re.ASCII)


@click.group(cls=Group, help=_HELP)
def meter() -> None:
    """The noun."""


@meter.command(help=_INFO_HELP, examples=_EXAMPLES)
@meter_options
@pass_given
def info(given: Given) -> None:
    with connected(given, "identity") as found:
        present(given.as_json, section(found))


def section(found: Meter) -> Section:
    """Identity and state."""
    who, status = found.identity, found.read(found.driver.read_status)
    return Section(
        name="meter",
        meter=found,
        read_at=status.read_at or found.now(),
        facts={"identity": _identity_facts(who), "status": [_status_facts(value) for value in status.values]},
        show=lambda: _show(found, status),
        absent=(*who.absent, *status.absent),
    )


def _identity_facts(who: Identity) -> dict[str, object]:
    return {
        "firmware": who.firmware,
        "firmware_date": who.firmware_date,
        "manufactured": who.manufactured,
        "variant": who.variant,
        "facts": who.facts,
    }


def _status_facts(value: StatusValue) -> dict[str, str]:
    return {"name": value.name, "value": _MOMENT.sub(r"\1T\2", value.value), "unit": value.unit}


def _show(found: Meter, status: StatusReading) -> None:
    _show_identity(found)
    output.line()
    if status.values:
        output.table(_COLUMNS, [(value.name, value.value, value.unit) for value in status.values])


def _show_identity(found: Meter) -> None:
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
