"""The clear values behind the commitments of a record, kept beside the log: `private/<index>.json`.

They may be erased on demand; the log stays whole and goes on proving that something was committed to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from meterlink.audit.commitment import Opening, opening_of
from meterlink.audit.folder import LogFolder
from meterlink.audit.fsio import Files, waiting_path, write_new_file
from meterlink.errors import AuditFormatError


def private_path(folder: LogFolder, index: int) -> Path:
    """Where the clear values of this record lie."""
    return folder.private / f"{index}.json"


def keep_openings(files: Files, folder: LogFolder, index: int, openings: Mapping[str, Opening]) -> None:
    """Keep the clear values of a record that is in the log; OSError when the disk fails."""
    facts = {name: opening.facts() for name, opening in openings.items()}
    write_new_file(files, private_path(folder, index), json.dumps(facts, ensure_ascii=False).encode())


def read_openings(raw: bytes) -> dict[str, Opening]:
    """The clear values of one record by name; AuditFormatError when the bytes are none."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise AuditFormatError(what="file of clear values", why="it is no JSON object")
    return {name: opening_of(facts) for name, facts in found.items()}


def erase_openings(files: Files, folder: LogFolder, index: int) -> None:
    """Erase the clear values of a record, as the person they are about may ask."""
    path = private_path(folder, index)
    for each in (path, waiting_path(path)):
        files.remove(each)
    files.sync_folder(folder.private)
