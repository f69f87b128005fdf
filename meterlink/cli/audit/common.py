"""What the verbs of `audit` share: the logs of this user, a run that is recorded, findings and heads in words."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import meterlink
from meterlink.audit.chain import Head
from meterlink.audit.home import AuditHome, find_home
from meterlink.audit.record import Entry
from meterlink.audit.run_facts import program_facts
from meterlink.audit.store import SealedLog
from meterlink.audit.strict_text import encode_base64
from meterlink.cli import output
from meterlink.cli.settings import Surroundings
from meterlink.cli.version import VERSION
from meterlink.errors import AuditError, ConfigError, MeterlinkError
from meterlink.profiles import profile_folders
from meterlink.registry import installed

STATE_WORDS: Final[Mapping[str, str]] = {
    "ok": "the log is sound, and the next piece of work can be recorded in it",
    "torn": "a crash left half a record at the end; every whole record before it is there",
    "in-doubt": "the log is sound, and it is not known what became of a frame that was sent to a meter",
    "behind": "records are missing at the end: somebody saw more of them than there are",
    "fork": "this is another history than the one that somebody saw",
    "tampered": "something in the log is not what was sealed",
    "key-lost": "the key of the log is gone, so nothing more can be recorded in it",
    "not-writable": "nothing can be recorded now, so nothing is written to a meter",
}
_TEXT: Final = {
    "findings": "what was found",
    "unreadable": "it cannot be read: {error}",
    "file": "Give a file that is there and that you may read.",
}
_DONE: Final = "done"
_GIGABYTE: Final = 10**9


def audit_home() -> AuditHome:
    """The logs of this user."""
    chosen = Surroundings(environ=os.environ, folder=Path.cwd()).variable("home")
    return find_home(None if chosen is None else Path(chosen))


@contextmanager
def recorded(log: SealedLog, home: AuditHome) -> Iterator[SealedLog]:
    """One run of the program in an open log: which program it is before, how it ended behind."""
    with log:
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
    profiles = {f"profiles-{number}": folder for number, folder in enumerate(profile_folders(os.environ))}
    return modules | profiles


def read_given(setting: str, path: Path) -> bytes:
    """The bytes of a file that an option names; ConfigError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        why = _TEXT["unreadable"].format(error=error.strerror or error)
        raise ConfigError(setting=f"{setting} {path}", why=why, advice=_TEXT["file"]) from error


# --- told -----------------------------------------------------------------------------------------------------------


def finding_facts(findings: Iterable[AuditError]) -> list[dict[str, object]]:
    """Findings in documents; what a finding does not have is null."""
    return [_finding_facts(error) for error in findings]


def _finding_facts(error: AuditError) -> dict[str, object]:
    facts = error.facts()
    place = {name: facts.get(name) for name in ("record", "segment", "offset")}
    return {"state": facts["state"], **place, "message": str(error), "hint": error.hint}


def show_findings(findings: Iterable[AuditError]) -> None:
    """Findings for people: what, then what to do; the same advice is given once."""
    told = list(findings)
    if told:
        output.heading(_TEXT["findings"])
    hints: list[str] = []
    for error in told:
        output.line(str(error))
        if error.hint and error.hint not in hints:
            hints.append(error.hint)
    for hint in hints:
        output.line()
        output.line(hint)


def exit_code_of(findings: Iterable[AuditError]) -> int:
    """That of the worst, which stands first."""
    return next((error.exit_code for error in findings), 0)


def head_facts(head: Head) -> dict[str, object]:
    """A head in documents."""
    return {"source": head.source, "size": head.size, "root": encode_base64(head.root)}


def told_time(at_s: int) -> str:
    """A moment of the office's clock."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")


def told_bytes(count: int) -> str:
    """Free space in words."""
    return f"{count / _GIGABYTE:.1f} GB"


def safe(text: str) -> str:
    """A text out of a log as a terminal may show it: no control character acts, none is lost."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)
