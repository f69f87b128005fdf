"""What `run.open` says about the program that is about to write: which one, on what, by which clock.

The hash over the installed files shows later whether two runs were the same program. It is a claim of that program; a
doctored one can lie. Layout: docs/audit-format.md 2.

files           SHA-256 over `<sha256 of the file, hex> <name>` and a newline for each file, in the order of the names;
                a name is that of its root, a slash, and the path below it with slashes
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from meterlink.audit.canonical import in_record

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

_PROGRAM_FILES: Final = ("*.py", "*.toml")
_CLOCK: Final = {"source": "system", "state": "unknown"}
_HOME: Final = "~"


def program_facts(version: str, roots: Mapping[str, Path], folders: Mapping[str, Path]) -> dict[str, object]:
    """The `d` of a run.open record. `roots` are the folders whose files are hashed, `folders` those that are told."""
    facts: dict[str, object] = {
        "program": version,
        "files": hash_of_files(roots),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "os": in_record(platform.platform()),
        "zone": _zone(),
        "clock": _CLOCK,
        "process": os.getpid(),
        "folders": {name: told_folder(folder) for name, folder in folders.items()},
    }
    boot = _boot_id()
    return facts | ({"boot": boot} if boot else {})


def hash_of_files(roots: Mapping[str, Path]) -> str:
    """One hash over the program's files and profiles."""
    files = {
        f"{name}/{path.relative_to(root).as_posix()}": path
        for name, root in roots.items()
        for pattern in _PROGRAM_FILES
        for path in root.rglob(pattern)
    }
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{hashlib.sha256(files[name].read_bytes()).hexdigest()} {in_record(name)}\n".encode())
    return whole.hexdigest()


def told_folder(folder: Path) -> str:
    """A folder as it is told in a record: the name of whoever owns the computer is nobody's business."""
    try:
        home = Path.home()
        folder = Path(_HOME, folder.relative_to(home)) if folder.is_relative_to(home) else folder
    except RuntimeError:  # this user has no home
        pass
    return in_record(str(folder))


def _zone() -> str:
    now = datetime.now().astimezone()
    return in_record(f"{now:%z} {now.tzname()}")


def _boot_id() -> str:
    try:
        return in_record(BOOT_ID.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return ""
