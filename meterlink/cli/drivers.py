"""`drivers`: which families of meters this installation can talk to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.errors import MeterlinkError
from meterlink.registry import DriverOrigin, installed, load_driver

_HELP: Final = "show the installed drivers, where they come from, and whether they can be loaded"
_SHORT: Final = "the families that can be talked to"
_EXAMPLES: Final = ("meterlink drivers", "meterlink drivers --json")
_COLUMNS: Final = ("family", "package", "object", "state")
_NONE: Final = "no driver is installed; install meterlink again"
_LOADED: Final = "{count} capabilities"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverState:
    """A driver and what it can do, or why it cannot be used."""

    origin: DriverOrigin
    capabilities: tuple[str, ...] = ()
    trouble: str | None = None


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@json_option
@pass_given
def drivers(given: Given) -> None:
    states = driver_states()
    output.present(given.as_json, "drivers", {"drivers": driver_facts(states)}, lambda: show_drivers(states))


def driver_states() -> list[DriverState]:
    """Every installed driver; one that cannot be loaded says why."""
    return [_state(origin) for origin in installed()]


def _state(origin: DriverOrigin) -> DriverState:
    try:
        driver = load_driver(origin.family)
    except MeterlinkError as error:
        return DriverState(origin=origin, trouble=str(error))
    return DriverState(origin=origin, capabilities=tuple(sorted(driver.capabilities)))


def driver_facts(states: list[DriverState]) -> list[dict[str, object]]:
    return [
        {
            "family": state.origin.family,
            "package": state.origin.distribution,
            "version": state.origin.version,
            "object": state.origin.module,
            "capabilities": state.capabilities,
            "trouble": state.trouble,
        }
        for state in states
    ]


def show_drivers(states: list[DriverState]) -> None:
    rows = [
        (
            state.origin.family,
            state.origin,
            state.origin.module,
            state.trouble or _LOADED.format(count=len(state.capabilities)),
        )
        for state in states
    ]
    if rows:
        output.table(_COLUMNS, rows)
    else:
        output.line(_NONE)
