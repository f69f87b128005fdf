"""The sealed log as every command meets it: the logs of this user, a run that is recorded, and the name of a work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import meterlink
from meterlink.audit.home import AuditHome, find_home
from meterlink.audit.record import Entry
from meterlink.audit.run_facts import program_facts
from meterlink.audit.store import SealedLog
from meterlink.cli.settings import Surroundings
from meterlink.cli.version import VERSION
from meterlink.errors import ConfigError, MeterlinkError
from meterlink.interrupts import interrupts_put_off
from meterlink.profiles import profile_folders
from meterlink.registry import installed

_TEXT: Final = {
    "no work": "a work has a name",
    "work": "`meterlink audit show` shows the works of the latest records.",
}
_DONE: Final = "done"


def audit_home() -> AuditHome:
    """The logs of this user."""
    chosen = Surroundings(environ=os.environ, folder=Path.cwd()).variable("home")
    return find_home(None if chosen is None else Path(chosen))


@contextmanager
def recorded(log: SealedLog, home: AuditHome) -> Iterator[SealedLog]:
    """One run of the program in an open log: which program it is before, how it ended behind. Ctrl-C is heard only
    where the run waits."""
    with interrupts_put_off(), log:
        folders = {"log": home.base / log.origin.rpartition("/")[2], "state": home.state}
        log.append(Entry(type="run.open", d=program_facts(VERSION, _program_roots(), folders)))
        try:
            yield log
        except BaseException as error:
            with suppress(MeterlinkError):
                log.append(Entry(type="run.close", d={"result": type(error).__name__}))
            raise
        log.append(Entry(type="run.close", d={"result": _DONE}))


def _program_roots() -> dict[str, Path]:
    """The folders of the program, of the drivers that are installed, and of the profiles."""
    modules = {"meterlink": Path(meterlink.__file__).parent}
    for origin in installed():
        name = origin.module.partition(":")[0].partition(".")[0]
        with suppress(ImportError, ValueError):
            spec = find_spec(name)
            if spec is not None and spec.submodule_search_locations:
                modules[name] = Path(next(iter(spec.submodule_search_locations)))
    with suppress(ConfigError):  # whoever needs a profile of a folder that is not there is told by then
        modules |= {f"profiles-{number}": folder for number, folder in enumerate(profile_folders(os.environ))}
    return modules


def refuse_empty_work(work: str | None) -> None:
    """ConfigError for a work without a name."""
    if work is not None and not work.strip():
        raise ConfigError(setting="--work", why=_TEXT["no work"], advice=_TEXT["work"])
