"""`sim list`, `sim run`: simulated meters behind a door, for other programs and for the commands of this one."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import library
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.simulated import Simulation, own_address, simulate
from meterlink.errors import ConfigError, MeterlinkError
from meterlink.link.doors import GAP_S, Door, TcpDoor, open_pty_door
from meterlink.model import Absent
from meterlink.profiles import Profile
from meterlink.registry import load_driver
from meterlink.sim.faults import FAULTS

_HELP: Final = "simulated meters"
_LIST_HELP: Final = "show the models that can be simulated, and the faults that a simulated line can have"
_RUN_HELP: Final = """run simulated meters of MODEL behind a TCP port or a pseudo-terminal, until Ctrl-C or SIGTERM

When it listens it prints one line `ready URL` on stdout; URL is what other commands take as --port. It listens on this
computer only, unless --listen says otherwise
"""
_LIST_EXAMPLES: Final = ("meterlink sim list", "meterlink sim list --json")
_RUN_EXAMPLES: Final = (
    "meterlink sim run mercury-200.02",
    "meterlink sim run mercury-206 --listen 127.0.0.1:4001 --fault lost-reply:0.2 --seed 7 --json",
    "meterlink sim run mercury-200.02 --pty --clock-error 3614 --dst on",
)
_OPTION_HELP: Final = {
    "listen": "address and port of the door; port 0 lets the system choose",
    "pty": "a pseudo-terminal instead of TCP, where the system has them",
    "eight-bits": "the door knows eight bits only, as an 8N1 gateway: meters of 7E1 answer behind it to ?parity=soft",
    "seed": "where chance begins: one seed gives one run",
    "fault": "a fault of the line, as late:0.2 or lost-reply:0.3; `meterlink sim list` shows all; may be repeated",
    "meters": "how many meters are on the line, with serial numbers in a row",
    "clock-error": "seconds by which the clock is ahead (or, below 0, behind)",
    "dst": "whether the meter changes between winter and summer time by itself",
    "schedule": "the tariff plan that is stored, as ru-household-2",
    "serial": "serial number of the (first) meter",
    "address": "address of the meter, instead of the one that belongs to its serial number",
    "energy-kwh": "the registers T1, T2 and so on at the start, as 5621.42,2208.34",
    "load-w": "constant load in watts",
    "utc": "local time of the meter's place, as +03:00",
}
_KEYS: Final = {"clock_error": "clock_error_s"}
_OPTIONS: Final = {
    "clock_error_s": "--clock-error",
    "load_w": "--load-w",
    "energy_kwh": "--energy-kwh",
    "serial number": "--serial",
    **{name: f"--{name}" for name in ("seed", "schedule", "utc", "serial", "address", "dst")},
}
"""By the names that a `sim:` URL has for them."""
_MOST_METERS: Final = 1000
_READY: Final = "ready {url}"
_STOP_HINT: Final = "{count} of {model} (address {address}, serial number {serial}); Ctrl-C ends it"
_BAD_LISTEN: Final = "{text!r} is not HOST:PORT"
_LISTEN_ADVICE: Final = "Write it as in 127.0.0.1:4001; port 0 lets the system choose."
_MODEL_COLUMNS: Final = ("model", "names", "family", "line", "address")
_FAULT_COLUMNS: Final = ("fault", "what it does")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """A model that can be simulated, with the address of its simulated meter."""

    profile: Profile
    address: str


@click.group(cls=Group, help=_HELP)
def sim() -> None:
    """The noun."""


# --- list -----------------------------------------------------------------------------------------------------------


@sim.command(name="list", help=_LIST_HELP, examples=_LIST_EXAMPLES)
@json_option
@pass_given
def list_models(given: Given) -> None:
    absent: list[Absent] = []
    models = list(_models(absent))
    facts = {
        "models": [_model_facts(model) for model in models],
        "faults": [{"fault": name, "about": about} for name, about in FAULTS.items()],
        "absent": output.absent_facts(absent),
    }
    output.present(given.as_json, "sim", facts, lambda: _show_list(models, absent))


def _models(absent: list[Absent]) -> Iterator[_Model]:
    for profile in library().all():
        try:
            address = own_address(load_driver(profile.driver), profile, {})
        except MeterlinkError as error:
            absent.append(Absent(what=profile.model, reason=str(error)))
        else:
            yield _Model(profile=profile, address=address)


def _model_facts(model: _Model) -> dict[str, object]:
    profile = model.profile
    return {
        "model": profile.model,
        "names": profile.names,
        "family": profile.driver,
        "line": str(profile.line.line),
        "address": model.address,
    }


def _show_list(models: list[_Model], absent: list[Absent]) -> None:
    rows = [
        (one.profile.model, ", ".join(one.profile.names), one.profile.driver, one.profile.line.line, one.address)
        for one in models
    ]
    output.table(_MODEL_COLUMNS, rows)
    output.absent(absent)
    output.line()
    output.table(_FAULT_COLUMNS, FAULTS.items())


# --- run ------------------------------------------------------------------------------------------------------------


@sim.command(help=_RUN_HELP, examples=_RUN_EXAMPLES)
@click.argument("model")
@click.option("--listen", metavar="HOST:PORT", default="127.0.0.1:0", show_default=True, help=_OPTION_HELP["listen"])
@click.option("--pty", is_flag=True, help=_OPTION_HELP["pty"])
@click.option("--eight-bits", is_flag=True, help=_OPTION_HELP["eight-bits"])
@click.option("--meters", type=click.IntRange(1, _MOST_METERS), default=1, help=_OPTION_HELP["meters"])
@click.option("--seed", metavar="N", help=_OPTION_HELP["seed"])
@click.option("--fault", metavar="SPEC", multiple=True, help=_OPTION_HELP["fault"])
@click.option("--clock-error", metavar="SECONDS", help=_OPTION_HELP["clock-error"])
@click.option("--dst", type=click.Choice(["on", "off"]), help=_OPTION_HELP["dst"])
@click.option("--schedule", metavar="PLAN", help=_OPTION_HELP["schedule"])
@click.option("--serial", metavar="NUMBER", help=_OPTION_HELP["serial"])
@click.option("--address", metavar="ADDRESS", help=_OPTION_HELP["address"])
@click.option("--energy-kwh", metavar="KWH,...", help=_OPTION_HELP["energy-kwh"])
@click.option("--load-w", metavar="W", help=_OPTION_HELP["load-w"])
@click.option("--utc", metavar="OFFSET", help=_OPTION_HELP["utc"])
@json_option
@pass_given
def run(
    given: Given,
    /,
    model: str,
    listen: str,
    pty: bool,
    eight_bits: bool,
    meters: int,
    fault: tuple[str, ...],
    **words: str | None,
) -> None:
    profile = library().get(model)
    options = {_KEYS.get(name, name): word for name, word in words.items() if word is not None}
    options["fault"] = ";".join(fault)
    driver = load_driver(profile.driver)
    with _own_options():
        simulation = simulate(driver, profile, options, started_at=time.time(), gap_s=GAP_S, count=meters)
    line = profile.line.line.in_eight_bits if eight_bits else profile.line.line
    door = open_pty_door(simulation.wire, line) if pty else TcpDoor(simulation.wire, line, *_host_and_port(listen))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # who started it may end it without a fuss
    with closing(door), suppress(KeyboardInterrupt):
        _announce(given, door, profile, simulation)
        door.serve(lambda: False)


@contextmanager
def _own_options() -> Iterator[None]:
    """Tell a wrong option of a simulated meter by its name here, not by that in a `sim:` URL."""
    try:
        yield
    except ConfigError as error:
        if error.setting not in _OPTIONS:
            raise
        raise ConfigError(setting=_OPTIONS[error.setting], why=error.why, advice=error.advice) from error


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65_535:
        raise ConfigError(setting="--listen", why=_BAD_LISTEN.format(text=text), advice=_LISTEN_ADVICE)
    return host.strip("[]"), int(port)


def _announce(given: Given, door: Door, profile: Profile, simulation: Simulation) -> None:
    (address, serial), *_ = simulation.meters
    if given.as_json:
        meters = [{"address": each, "serial_number": number} for each, number in simulation.meters]
        who = {"url": door.url, "model": profile.model, "address": address, "serial_number": serial}
        output.document("ready", who | {"meters": meters}, one_line=True)
        return
    output.line(_READY.format(url=door.url))
    count = len(simulation.meters)
    output.aside(_STOP_HINT.format(count=count, model=profile.model, address=address, serial=serial))
