"""The options that many commands share. They may stand before the noun or behind the verb; the last one wins.

Weaker than all of them are `METERLINK_*` and the settings files, which `settings` reads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

C = TypeVar("C", bound=Callable[..., Any] | click.Command)

_HELP = {
    "port": "where the meter is: COM3, /dev/ttyUSB0, tcp://host:port, rfc2217://host:port, sim:MODEL",
    "address": "address of the meter on the line, or serial:NUMBER to derive it from the plate",
    "model": "model id, as `meterlink profiles list` shows it",
    "tz": "time zone of the meter's place, as Europe/Moscow or +03:00",
    "secret_ref": "name of the meter's password, as `meterlink secret set` keeps it, where reading takes one",
    "trace": "append one JSON line per frame to this file",
    "place": "a named place of the settings file: its port, model, address, tz and secret_ref",
    "json": "print one JSON document instead of tables",
}
_NO_VALUE = "Option {option!r} requires an argument, and {next!r} is the next option."
_ENVIRONMENT = "  [METERLINK_{name}]"


_ON = frozenset({"1", "true", "yes", "on"})


def json_by_variable() -> bool:
    """Whether METERLINK_JSON asks for documents."""
    return os.environ.get("METERLINK_JSON", "").strip().lower() in _ON


@dataclass(slots=True)
class Given:
    """What was said on the command line."""

    values: dict[str, str] = field(default_factory=dict)
    as_json: bool = field(default_factory=json_by_variable)


def _help(name: str) -> str:
    return _HELP[name] + _ENVIRONMENT.format(name=name.upper())


def _note(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    given = ctx.ensure_object(Given)
    if value is not None and value.startswith("--"):  # the next option; its value is what was forgotten
        raise click.BadOptionUsage(param.opts[0], _NO_VALUE.format(option=param.opts[0], next=value), ctx)
    if value is not None and param.name is not None:
        given.values[param.name] = value


def _note_json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    given = ctx.ensure_object(Given)
    given.as_json = given.as_json or value


def _setting(name: str, metavar: str) -> Callable[[C], C]:
    option = f"--{name.replace('_', '-')}"
    return click.option(option, metavar=metavar, help=_help(name), expose_value=False, callback=_note)


_SETTINGS: dict[str, str] = {
    "port": "URL",
    "address": "ADDRESS",
    "model": "MODEL",
    "tz": "ZONE",
    "secret_ref": "REF",
    "trace": "FILE",
    "place": "NAME",
}


def json_option(command: C) -> C:
    """`--json` alone, for commands that need no meter."""
    return click.option("--json", is_flag=True, help=_help("json"), expose_value=False, callback=_note_json)(command)


def model_option(command: C) -> C:
    """`--model` alone."""
    return _setting("model", _SETTINGS["model"])(command)


def meter_options(command: C) -> C:
    """Everything that says which meter is meant and how it is read."""
    command = json_option(command)
    for name in reversed(_SETTINGS):
        command = _setting(name, _SETTINGS[name])(command)
    return command


pass_given = click.make_pass_decorator(Given, ensure=True)
