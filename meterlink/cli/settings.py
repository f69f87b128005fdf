"""Where a setting comes from: files with named places, then `METERLINK_*`, then options; the later one wins.

A place that is named by an option is stronger than variables.

    # meterlink.toml, in the user's folder, and in the folder one works in
    [place.flat-5]
    port = "COM3"
    model = "mercury-200.02"
    address = "925646"
    tz = "Europe/Moscow"
    secret_ref = "flat-5"  # the name of a password, never the password

`METERLINK_HOME` moves the user's folder. A file is read only where a place is asked for. Not here: what values mean.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meterlink.errors import ConfigError, told_os_error
from meterlink.meant import aside
from meterlink.visit.secrets import is_variable

FILE_NAME: Final = "meterlink.toml"
PLACE_KEYS: Final = ("port", "model", "address", "tz", "secret_ref")
NAMES: Final = (*PLACE_KEYS, "trace", "place")
SURROUNDING: Final = ("json", "profiles", "home", "lang")
"""Variables that are no settings of a meter."""

_PREFIX: Final = "METERLINK_"

_OPTION: Final = "the option --{name}"
_WHY: Final = {
    "toml": "it is not TOML: {error}",
    "unreadable": "it cannot be read: {error}",
    "key": "the key {key!r} is not known{meant}; known are {known}",
    "table": "{key} must be a table, as in [place.NAME]",
    "value": "{key} must be text",
    "unknown": "there is no place {name!r} in {files}{meant}",
}
_ADVICE: Final = {
    "file": "Mend that file; docs/ports-and-settings.md shows its form, and `meterlink doctor` what is read from it.",
    "unknown": "Write a table [place.{name}] into that file, or give --port, --model and --address themselves.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value, and where it came from in words."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What settings depend on besides the command line."""

    environ: Mapping[str, str]
    folder: Path

    def variable(self, name: str) -> str | None:
        """The value of a variable; an empty one is none."""
        return self.environ.get(f"{_PREFIX}{name.upper()}") or None

    def unknown_variables(self) -> Iterator[tuple[str, str]]:
        """Variables that look like ours and are not, with the one that is probably meant."""
        known = [f"{_PREFIX}{name.upper()}" for name in (*NAMES, *SURROUNDING)]
        for name in sorted(self.environ):
            if name.startswith(_PREFIX) and name not in known and not is_variable(name):  # nor one of a password
                yield name, aside(name, known)

    def files(self) -> tuple[Path, ...]:
        """The settings files that may be there, the weaker first."""
        user, project = self.home() / FILE_NAME, self.folder / FILE_NAME
        return (user,) if user == project else (user, project)

    def home(self) -> Path:
        """The user's folder."""
        home = self.variable("home")
        if home is not None:
            return Path(home)
        import platformdirs

        return platformdirs.user_config_path("meterlink", appauthor=False)


def surroundings() -> Surroundings:
    """Those of this process."""
    return Surroundings(environ=os.environ, folder=Path.cwd())


def resolve(given: Mapping[str, str], around: Surroundings) -> dict[str, Setting]:
    """Every setting that has a value, by name; ConfigError when the place that is asked for is not in the files."""
    variables, options = _variables(around, NAMES), _options(given)
    if "place" in options:  # whoever names a place now means its port, not that of a variable set long ago
        return variables | _from_place(options["place"].value, around) | options
    if "place" in variables:
        return _from_place(variables["place"].value, around) | variables | options
    return variables | options


def resolve_without_files(given: Mapping[str, str], around: Surroundings) -> dict[str, Setting]:
    """What variables and options say, with the variables that are no settings of a meter."""
    return _variables(around, (*NAMES, *SURROUNDING)) | _options(given)


def _options(given: Mapping[str, str]) -> dict[str, Setting]:
    return {name: Setting(name=name, value=value, origin=_OPTION.format(name=name)) for name, value in given.items()}


def _variables(around: Surroundings, names: Iterable[str]) -> dict[str, Setting]:
    found = {name: around.variable(name) for name in names}
    return {
        name: Setting(name=name, value=value, origin=f"{_PREFIX}{name.upper()}")
        for name, value in found.items()
        if value is not None
    }


def _from_place(name: str, around: Surroundings) -> dict[str, Setting]:
    places = {file: read_places(file) for file in around.files()}
    if not any(name in found for found in places.values()):
        known = [place for found in places.values() for place in found]
        files = " or ".join(map(str, places))
        raise _error(f"place {name}", "unknown", name=name, files=files, meant=aside(name, known))
    return {
        key: Setting(name=key, value=value, origin=f"{file}, place {name}")
        for file, found in places.items()
        for key, value in found.get(name, {}).items()
    }


def read_places(file: Path) -> dict[str, dict[str, str]]:
    """The named places of a file; none where there is no file. ConfigError names what is wrong in it."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _error(str(file), "unreadable", error=told_os_error(error)) from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise _error(str(file), "toml", error=error) from error
    _check_keys(file, table, ("place",))
    places = _table(file, "place", table.get("place", {}))
    return {name: _place(file, f"place.{name}", place) for name, place in places.items()}


def _place(file: Path, where: str, place: object) -> dict[str, str]:
    table = _table(file, where, place)
    _check_keys(file, table, PLACE_KEYS)
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise _error(str(file), "value", key=f"{where}.{key}")
    return {key: str(value) for key, value in table.items()}


def _table(file: Path, key: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _error(str(file), "table", key=key)
    return value


def _check_keys(file: Path, table: Mapping[str, object], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise _error(str(file), "key", key=key, known=", ".join(known), meant=aside(key, known))


def _error(setting: str, why: str, **facts: object) -> ConfigError:
    advice = _ADVICE["unknown" if why == "unknown" else "file"].format(**facts)
    return ConfigError(setting=setting, why=_WHY[why].format(**facts), advice=advice)
