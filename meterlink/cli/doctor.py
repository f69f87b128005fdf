"""`doctor`: what this installation is and sees, made to be pasted into an issue. It never fails.

Each part is gathered for itself; what goes wrong in one is told in its place. No secret is read: of the environment
only the known settings are shown.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from meterlink.cli import output
from meterlink.cli.connect import library
from meterlink.cli.drivers import driver_facts, driver_states
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.outcome import without_user
from meterlink.cli.ports import port_facts
from meterlink.cli.profiles import folder_facts
from meterlink.cli.settings import Setting, Surroundings, read_places, resolve, resolve_without_files, surroundings
from meterlink.cli.version import VERSION
from meterlink.errors import MeterlinkError, NoLogError, told_os_error
from meterlink.link.listing import serial_ports

if TYPE_CHECKING:
    from meterlink.audit.fsio import Files

_HELP: Final = """show versions, ports, drivers, profiles, the clock, settings with origin, the sealed log; never fails

Paste its output into an issue
"""
_SHORT: Final = "what this installation is and sees"
_EXAMPLES: Final = ("meterlink doctor", "meterlink doctor --json")
_PACKAGES: Final = ("click", "rich", "pyserial", "crcmod-plus", "pymodbus", "platformdirs", "tzdata")
_TEXT: Final = {
    "not installed": "not installed",
    "dialout": "serial ports belong to the group {group}, and this user is in it",
    "no dialout": "this user is not in the group {group}, to which serial ports belong: add it and log in again",
    "no group": "this system has no group {groups}; who may open a serial port is said otherwise here",
    "root": "this user is root and may open every serial port",
    "no ports": "none",
    "windows": "this system has no rights on serial ports",
    "trouble": "cannot be told: {kind}: {error}",
    "unset": "no setting has a value",
    "variable": "{name} is no variable of meterlink{meant}",
    "file": "{file}: {words}",
    "not there": "not there",
    "no places": "no places",
    "places": "places {places}",
    "no log": "there is none in {folder}; `meterlink audit init` makes one",
    "fsync": "{ms} ms until a small write is on the disk{lying}",
    "lying": ": this disk may be lying, a power cut could lose what it acknowledged",
    "no fsync": "the time of a write cannot be measured: {error}",
    "free": "{free}, {ballast}",
    "ballast": "ballast in place",
    "no ballast": "no ballast",
    "cosigned": "{days} ago ({at} by the office's clock)",
    "never": "never cosigned",
}
_GROUPS: Final = ("dialout", "uucp")
_PROBE: Final = "write-test"
_PROBES: Final = 5
_LYING_MS: Final = Decimal("0.05")
"""No disk is so quick that it has written by then."""

Rows = list[tuple[str, object]]


class Found(NamedTuple):
    """What was gathered of one part; `troubles` are what could not be, beside it."""

    facts: object
    rows: Rows
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the report, as facts and as rows; and the troubles in gathering it."""

    name: str
    facts: object
    rows: Rows
    troubles: tuple[str, ...] = ()


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@meter_options
@pass_given
def doctor(given: Given) -> None:
    parts = [_gathered(name, work) for name, work in _work(given).items()]
    facts = {part.name: part.facts for part in parts}
    troubles = [{"part": part.name, "message": trouble} for part in parts for trouble in part.troubles]
    output.present(given.as_json, "doctor", {**facts, "troubles": troubles}, lambda: _show(parts))


def _work(given: Given) -> Mapping[str, Callable[[], Found]]:
    return {
        "versions": _versions,
        "platform": _platform,
        "rights": _rights,
        "ports": _ports,
        "drivers": _drivers,
        "profiles": _profiles,
        "clock": _clock,
        "settings": lambda: _settings(given),
        "sealed_log": _sealed_log,
    }


def _gathered(name: str, work: Callable[[], Found]) -> Part:
    try:
        found = work()
    except Exception as error:  # noqa: BLE001  # whatever is wrong here is what the report is for
        trouble = _trouble(error)
        return Part(name=name, facts=None, rows=[("", trouble)], troubles=(trouble,))
    return Part(name=name, facts=found.facts, rows=found.rows, troubles=found.troubles)


def _trouble(error: Exception) -> str:
    if isinstance(error, MeterlinkError):
        return without_user(f"{error} {error.hint}".strip())
    return without_user(_TEXT["trouble"].format(kind=type(error).__name__, error=error))


def _show(parts: Iterable[Part]) -> None:
    for part in parts:
        output.heading(part.name.replace("_", " "))
        output.pairs(part.rows)


# --- the parts ------------------------------------------------------------------------------------------------------


def _versions() -> Found:
    found = {"meterlink": VERSION, "python": platform.python_version()}
    found |= {name: _version(name) for name in _PACKAGES}
    return Found(found, list(found.items()))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return _TEXT["not installed"]


def _platform() -> Found:
    found = {"system": platform.platform(), "executable": sys.executable, "encoding": sys.stdout.encoding}
    return Found(found, list(found.items()))


def _rights() -> Found:
    if sys.platform == "win32":
        words = _TEXT["windows"]
    else:
        words = _group_words()
    return Found(words, [("", words)])


def _group_words() -> str:
    if sys.platform == "win32":
        raise AssertionError
    import grp

    if os.geteuid() == 0:
        return _TEXT["root"]
    own = {*os.getgroups(), os.getegid()}
    for name in _GROUPS:
        try:
            group = grp.getgrnam(name)
        except KeyError:
            continue
        return _TEXT["dialout" if group.gr_gid in own else "no dialout"].format(group=name)
    return _TEXT["no group"].format(groups=" or ".join(_GROUPS))


def _ports() -> Found:
    found = serial_ports()
    rows: Rows = [(port.device, f"{port.description} ({port.hwid})") for port in found]
    return Found(port_facts(found), rows or [("", _TEXT["no ports"])])


def _drivers() -> Found:
    states = driver_states()
    rows: Rows = [(state.origin.family, state.trouble or f"{state.origin}, {state.origin.module}") for state in states]
    return Found(driver_facts(states), rows)


def _profiles() -> Found:
    known = library()
    problems = [str(problem) for problem in known.problems]
    facts = {"folders": folder_facts(known), "models": len(known.all()), "problems": problems}
    rows: Rows = [(folder.path, f"{len(folder.files)} files, sha256 {folder.sha256}") for folder in known.folders]
    return Found(facts, [*rows, ("models", len(known.all())), *(("wrong", problem) for problem in problems)])


def _clock() -> Found:
    now = datetime.now(UTC)
    local = now.astimezone()
    facts = {"utc": now.isoformat(timespec="seconds"), "local": local.isoformat(timespec="seconds")}
    return Found(facts | {"zone": str(local.tzname())}, [*facts.items(), ("zone", local.tzname())])


def _settings(given: Given) -> Found:
    around = surroundings()
    values, troubles = _values(given, around)
    files: list[dict[str, object]] = []
    rows: Rows = [(name, f"{one.value}  (from {one.origin})") for name, one in values.items()] or [("", _TEXT["unset"])]
    for file in around.files():
        places, trouble = _places(file)
        there = file.exists()
        files.append({"file": str(file), "there": there, "places": places})
        rows.append(("file", _TEXT["file"].format(file=file, words=trouble or _file_words(there, places))))
        troubles += [trouble] if trouble and trouble not in troubles else []
    strangers = [_TEXT["variable"].format(name=name, meant=meant) for name, meant in around.unknown_variables()]
    rows += [("variable", stranger) for stranger in strangers]
    told = [{"name": name, "value": one.value, "origin": one.origin} for name, one in values.items()]
    return Found({"values": told, "files": files}, rows, (*troubles, *strangers))


def _values(given: Given, around: Surroundings) -> tuple[dict[str, Setting], list[str]]:
    """What is set, from files too where they can be read."""
    values, troubles = resolve_without_files(given.values, around), []
    try:
        values |= resolve(given.values, around)
    except MeterlinkError as error:
        troubles = [_trouble(error)]
    return {name: _without_secrets(values[name]) for name in sorted(values)}, troubles


def _places(file: Path) -> tuple[list[str], str | None]:
    try:
        return sorted(read_places(file)), None
    except MeterlinkError as error:
        return [], _trouble(error)


def _file_words(there: bool, places: list[str]) -> str:
    if not there:
        return _TEXT["not there"]
    return _TEXT["places"].format(places=", ".join(places)) if places else _TEXT["no places"]


def _sealed_log() -> Found:
    """Imports the log's room only here: the help of every noun imports this module."""
    from meterlink.audit.condition import look, told_bytes
    from meterlink.cli.audit.common import told_time
    from meterlink.cli.sealed_log import audit_home

    home = audit_home()
    facts: dict[str, object] = dict.fromkeys(("records", "fsync_ms", "free_bytes", "ballast", "cosigned_at"))
    try:
        seen = look(home.current())
    except NoLogError as error:
        facts = {"state": "no log", "folder": error.folder} | facts
        return Found(facts, [("", _TEXT["no log"].format(folder=error.folder))])
    folder = seen.place.folder
    cosigned = told_time(seen.cosigned[-1].at_s) if seen.cosigned else None
    fsync_ms, fsync_words, troubles = _fsync(seen.place.files, folder.cache.parent)
    facts |= {"records": seen.found.chain.size, "fsync_ms": fsync_ms, "free_bytes": seen.free_bytes}
    facts |= {"ballast": seen.ballast, "cosigned_at": cosigned}
    ballast = _TEXT["ballast" if seen.ballast else "no ballast"]
    rows: Rows = [
        ("state", seen.state),
        *(("found", str(error)) for error in seen.findings),
        ("folder", folder.path),
        ("records", seen.found.chain.size),
        ("fsync", fsync_words),
        ("free", _TEXT["free"].format(free=told_bytes(seen.free_bytes or 0), ballast=ballast)),
        ("cosigned", _TEXT["never"] if cosigned is None else _age(cosigned)),
    ]
    return Found({"state": seen.state, "folder": str(folder.path)} | facts, rows, troubles)


def _fsync(files: Files, folder: Path) -> tuple[Decimal | None, str, tuple[str, ...]]:
    """The median of a few small writes that are waited for; a disk that is too quick only says that it wrote."""
    probe, times = folder / _PROBE, []
    try:
        for _ in range(_PROBES):
            with files.overwrite(probe) as file:
                began = perf_counter()
                file.write(bytes(64))
                file.sync()
                times.append(perf_counter() - began)
        files.remove(probe)
    except OSError as error:
        words = _TEXT["no fsync"].format(error=told_os_error(error))
        return None, words, (words,)
    ms = round(Decimal(sorted(times)[_PROBES // 2]) * 1000, 3)
    lying = _TEXT["lying"] if ms < _LYING_MS else ""
    return ms, _TEXT["fsync"].format(ms=ms, lying=lying), ()


def _age(moment: str) -> str:
    days = (datetime.now(UTC) - datetime.fromisoformat(moment)).days
    return _TEXT["cosigned"].format(days="1 day" if days == 1 else f"{days} days", at=moment)


def _without_secrets(setting: Setting) -> Setting:
    return replace(setting, value=without_user(setting.value))
