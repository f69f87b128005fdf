"""`doctor`: what this installation is and sees, made to be pasted into an issue. It never fails.

Each part is gathered for itself; what goes wrong in one is told in its place. No secret is read: of the environment
only the known settings are shown.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import click

from meterlink.cli import output
from meterlink.cli.connect import library, surroundings
from meterlink.cli.drivers import driver_facts, driver_states
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.ports import port_facts, serial_ports
from meterlink.cli.profiles import folder_facts
from meterlink.cli.settings import Setting, read_places, resolve
from meterlink.cli.version import VERSION

_HELP: Final = """show versions, ports, drivers, profiles, the clock and the settings with their origin; never fails

Paste its output into an issue
"""
_SHORT: Final = "what this installation is and sees"
_EXAMPLES: Final = ("meterlink doctor", "meterlink doctor --json")
_PACKAGES: Final = ("click", "rich", "pyserial", "crcmod-plus", "platformdirs", "tzdata")
_TEXT: Final = {
    "not installed": "not installed",
    "dialout": "serial ports belong to the group {group}, and this user is in it",
    "no dialout": "this user is not in the group {group}, to which serial ports belong: add it and log in again",
    "no ports": "none",
    "windows": "this system has no rights on serial ports",
    "trouble": "cannot be told: {kind}: {error}",
    "unset": "no setting has a value",
}
_GROUPS: Final = ("dialout", "uucp")
_USER_IN_URL: Final = re.compile(r"//[^/@]*@")

Rows = list[tuple[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the report, as facts and as rows; or the trouble in gathering it."""

    name: str
    facts: object
    rows: Rows
    trouble: str | None = None


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@meter_options
@pass_given
def doctor(given: Given) -> None:
    parts = [_gathered(name, work) for name, work in _work(given).items()]
    facts = {part.name: part.facts for part in parts}
    troubles = [{"part": part.name, "message": part.trouble} for part in parts if part.trouble is not None]
    output.present(given.as_json, "doctor", {**facts, "troubles": troubles}, lambda: _show(parts))


def _work(given: Given) -> Mapping[str, Callable[[], tuple[object, Rows]]]:
    return {
        "versions": _versions,
        "platform": _platform,
        "rights": _rights,
        "ports": _ports,
        "drivers": _drivers,
        "profiles": _profiles,
        "clock": _clock,
        "settings": lambda: _settings(given),
    }


def _gathered(name: str, work: Callable[[], tuple[object, Rows]]) -> Part:
    try:
        facts, rows = work()
    except Exception as error:  # noqa: BLE001  # whatever is wrong here is what the report is for
        trouble = _TEXT["trouble"].format(kind=type(error).__name__, error=error)
        return Part(name=name, facts=None, rows=[("", trouble)], trouble=trouble)
    return Part(name=name, facts=facts, rows=rows)


def _show(parts: Iterable[Part]) -> None:
    for part in parts:
        output.heading(part.name)
        output.pairs(part.rows)


# --- the parts ------------------------------------------------------------------------------------------------------


def _versions() -> tuple[object, Rows]:
    found = {"meterlink": VERSION, "python": platform.python_version()}
    found |= {name: _version(name) for name in _PACKAGES}
    return found, list(found.items())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return _TEXT["not installed"]


def _platform() -> tuple[object, Rows]:
    found = {"system": platform.platform(), "executable": sys.executable, "encoding": sys.stdout.encoding}
    return found, list(found.items())


def _rights() -> tuple[object, Rows]:
    if sys.platform == "win32":
        words = _TEXT["windows"]
    else:
        words = _group_words()
    return words, [("", words)]


def _group_words() -> str:
    if sys.platform == "win32":
        raise AssertionError
    import grp

    own = {*os.getgroups(), os.getegid()}
    for name in _GROUPS:
        try:
            group = grp.getgrnam(name)
        except KeyError:
            continue
        return _TEXT["dialout" if group.gr_gid in own or os.geteuid() == 0 else "no dialout"].format(group=name)
    return _TEXT["no ports"]


def _ports() -> tuple[object, Rows]:
    found = serial_ports()
    rows: Rows = [(port.device, f"{port.description} ({port.hwid})") for port in found]
    return port_facts(found), rows or [("", _TEXT["no ports"])]


def _drivers() -> tuple[object, Rows]:
    states = driver_states()
    rows: Rows = [(state.origin.family, state.trouble or f"{state.origin}, {state.origin.module}") for state in states]
    return driver_facts(states), rows


def _profiles() -> tuple[object, Rows]:
    known = library()
    problems = [str(problem) for problem in known.problems]
    facts = {"folders": folder_facts(known), "models": len(known.all()), "problems": problems}
    rows: Rows = [(folder.path, f"{len(folder.files)} files, sha256 {folder.sha256}") for folder in known.folders]
    return facts, [*rows, ("models", len(known.all())), *(("wrong", problem) for problem in problems)]


def _clock() -> tuple[object, Rows]:
    now = datetime.now(UTC)
    local = now.astimezone()
    facts = {"utc": now.isoformat(timespec="seconds"), "local": local.isoformat(timespec="seconds")}
    return facts | {"zone": str(local.tzname())}, [*facts.items(), ("zone", local.tzname())]


def _settings(given: Given) -> tuple[object, Rows]:
    around = surroundings()
    found = [_without_secrets(setting) for setting in resolve(given.values, around).values()]
    files = [
        {"file": str(file), "there": file.exists(), "places": sorted(read_places(file))} for file in around.files()
    ]
    rows: Rows = [(setting.name, f"{setting.value}  (from {setting.origin})") for setting in found]
    told: list[dict[str, Any]] = [{"name": one.name, "value": one.value, "origin": one.origin} for one in found]
    return {"values": told, "files": files}, [*(rows or [("", _TEXT["unset"])]), *_file_rows(files)]


def _file_rows(files: list[dict[str, object]]) -> Rows:
    return [("file", f"{each['file']}: {_file_words(each)}") for each in files]


def _file_words(each: Mapping[str, object]) -> str:
    places = each["places"]
    if not each["there"]:
        return "not there"
    return f"places {', '.join(places)}" if isinstance(places, list) and places else "no places"


def _without_secrets(setting: Setting) -> Setting:
    value = _USER_IN_URL.sub("//***@", setting.value)
    return Setting(name=setting.name, value=value, origin=setting.origin)
