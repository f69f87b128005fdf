"""`ports`: the serial ports of this computer."""

from __future__ import annotations

from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.link.listing import SerialPortInfo, serial_ports

_HELP: Final = "show the serial ports of this computer"
_EXAMPLES: Final = ("meterlink ports", "meterlink ports --json")
_COLUMNS: Final = ("port", "what it is", "hardware")
_NONE: Final = "this computer has no serial port"
_HINT: Final = "Give the port as --port; gateways as --port tcp://host:port, simulated meters as --port sim:MODEL."


@click.command(cls=Command, help=_HELP, examples=_EXAMPLES)
@json_option
@pass_given
def ports(given: Given) -> None:
    found = serial_ports()
    output.present(given.as_json, "ports", {"ports": port_facts(found)}, lambda: _show(found))


def port_facts(found: list[SerialPortInfo]) -> list[dict[str, str]]:
    return [{"device": port.device, "description": port.description, "hwid": port.hwid} for port in found]


def _show(found: list[SerialPortInfo]) -> None:
    show_ports(found)
    output.aside(_HINT)


def show_ports(found: list[SerialPortInfo]) -> None:
    if found:
        output.table(_COLUMNS, [(port.device, port.description, port.hwid) for port in found])
    else:
        output.line(_NONE)
