"""What state a log is in, seen from outside: nothing is changed, recovered or created, and no key leaves its file.

`look` reads as quickly as opening does: from the place that the hint names, where the hint fits. `thorough` reads every
record and checks every signature, as before a log is replaced. What opening would refuse stands in `findings`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from meterlink.audit.chain import Head
from meterlink.audit.claims import cosigned_notes, office_keys
from meterlink.audit.folder import torn_bytes, torn_names
from meterlink.audit.folder_rules import refuse_folder
from meterlink.audit.keys import decode_key
from meterlink.audit.note import Checkpoint, Note, Vkey, cosigned_at, true_signatures
from meterlink.audit.opening import broken_known_claims, read_known
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Record, decode_record
from meterlink.audit.refusals import Refusals
from meterlink.audit.scan import Scan, scan
from meterlink.audit.second_head import read_heads
from meterlink.audit.segments import pairs
from meterlink.audit.verify import doubts_of, lost_torn_bytes, own_faults, state_of, worst_first
from meterlink.audit.writer import BALLAST_BYTES, FREE_BYTES, no_room
from meterlink.errors import (
    AuditError,
    AuditFormatError,
    AuditNotWritableError,
    KeyLostError,
    LogError,
    LogUnreadableError,
    told_os_error,
)

_WHY: Final = {
    "no key": "neither key/epoch nor key/next holds the key {key} that signs its next record",
    "key rights": "this user may not read its key ({error})",
    "rights": "this user may not write into {folder}",
    "ended": "its last record says that it has ended",
}
_OF_METERS: Final = frozenset({"in-doubt", "work-open"})
"""States in which the log is sound, and a meter is not as somebody wanted it."""
_MIB: Final = 1024**2
_GIB: Final = 1024**3
_RIGHTS: Final = "See to the rights on that folder: it belongs to the user who runs meterlink, and to nobody else."
_ADVICE: Final = {
    "rights": _RIGHTS,
    "key rights": _RIGHTS,
    "ended": "Enrol a new log with `meterlink audit init --replace`.",
}
_not_writable: Final = Refusals(_WHY, _ADVICE)


@contextmanager
def telling_unreadable(folder: Path) -> Iterator[None]:
    """Tell what the system says while a log is read."""
    try:
        yield
    except OSError as error:
        raise LogUnreadableError(folder=str(folder), why=told_os_error(error)) from error


def name_log(error: AuditError, place: LogPlace) -> None:
    """Let an error about a log whose first record cannot be read name the folder instead."""
    if isinstance(error, LogError) and not error.log:
        error.log = place.folder.path.name


def told_bytes(count: int) -> str:
    """Room on a disk in words."""
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / _MIB:.1f} MiB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A head that the office cosigned, and when by its clock, in seconds since 1970."""

    head: Head
    at_s: int


@dataclass(slots=True, kw_only=True)
class Condition:
    """What was seen. `findings` stand worst first."""

    place: LogPlace
    found: Scan
    last: Record | None = None
    second_heads: list[Head] = field(default_factory=list)
    cosigned: list[Cosigned] = field(default_factory=list)
    half_rotated: bool = False
    """A change of key was cut off by a crash; the next opening finishes it."""
    untold: int = 0
    """Files of torn bytes of which no record tells yet."""
    free_bytes: int | None = None
    ballast: bool = False
    findings: list[AuditError] = field(default_factory=list)

    @property
    def state(self) -> str:
        """One word for all of it, as `--json` tells it."""
        return state_of(self.findings)

    @property
    def log(self) -> str:
        """The name of the log; that of its folder where even the first record does not tell."""
        return self.found.chain.origin or self.place.folder.path.name

    @property
    def needs_recovery(self) -> bool:
        """Whether opening would finish something."""
        return self.found.torn is not None or self.half_rotated or self.untold > 0 or not self.ballast


def look(place: LogPlace, *, thorough: bool = False) -> Condition:
    """See what state a log is in; LogUnreadableError when it cannot even be read."""
    with telling_unreadable(place.folder.path):
        seen = _condition(place, _read(place, thorough))
        if any(error.state not in _OF_METERS for error in seen.findings):
            seen = _look_alone(place, thorough) or seen
        return seen


def _read(place: LogPlace, thorough: bool) -> Scan:
    if thorough:
        return scan(place.bytes(), signatures="all")
    try:
        return read_known(place)
    except PermissionError:  # the key, which only the hint needs
        return scan(place.bytes(), signatures="last")


def _look_alone(place: LogPlace, thorough: bool) -> Condition | None:
    """Once more under the lock: what looks half done, or short, may be what another run is just doing."""
    if place.files.size(place.folder.lock) is None:
        return None
    try:
        with place.locked():
            return _condition(place, _read(place, thorough))
    except AuditNotWritableError:
        return None


def _condition(place: LogPlace, found: Scan) -> Condition:
    files, folder, chain = place.files, place.folder, found.chain
    seen = Condition(
        place=place,
        found=found,
        last=_last_record(place, found),
        second_heads=read_heads(place.second_heads, chain.origin),
        cosigned=_cosigned(place, chain.origin, office_keys(chain.office)),
        untold=_untold(place, found),
        free_bytes=files.free_bytes(folder.path),
        ballast=files.size(folder.ballast) == BALLAST_BYTES,
    )
    seen.findings = worst_first(
        [
            *own_faults(found),
            *broken_known_claims(place, found),
            *lost_torn_bytes(chain, torn_bytes(files, folder)),
            *_key_trouble(seen),
            *_write_trouble(seen),
            *doubts_of(chain.doubts),
            *(work.error() for work in chain.works if work.wrote),
        ]
    )
    for error in seen.findings:
        name_log(error, place)
    return seen


def key_trouble(place: LogPlace, found: Scan) -> list[AuditError]:
    """What keeps the next record of a sound log from being signed."""
    return list(_key_trouble(Condition(place=place, found=found)))


def _untold(place: LogPlace, found: Scan) -> int:
    told = {each.file for each in found.chain.recovered}
    names = [name for name in torn_names(place.files, place.folder) if name not in told]
    # a copy that a crash cut off is never told: its bytes are in the log still
    return sum(name.endswith(f"-{_digits(place.files.read(place.folder.torn / name))}") for name in names)


def _digits(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def _last_record(place: LogPlace, found: Scan) -> Record | None:
    if found.last is None:
        return None
    for _, line, _, _ in pairs(place.bytes().read(found.last.segment, found.last.offset)):
        return decode_record(line)
    return None


def _key_trouble(seen: Condition) -> Iterator[AuditError]:
    due, folder = seen.found.chain.key, seen.place.folder
    if due is None or seen.found.fault is not None:
        return
    try:
        in_place = _public_half(seen.place, "epoch") == due.public
        if not in_place and _public_half(seen.place, "next") != due.public:
            yield KeyLostError(log=seen.log, why=_WHY["no key"].format(key=due.key_id.hex()))
    except PermissionError as error:
        yield _not_writable(seen.log, "key rights", error=told_os_error(error))
    else:
        waits = seen.place.files.size(folder.next_key) is not None
        seen.half_rotated = seen.found.chain.rotating or (not in_place and waits)


def _public_half(place: LogPlace, name: str) -> bytes | None:
    path = place.folder.keys / name
    if place.files.size(path) is None:
        return None
    try:
        return decode_key(place.files.read(path)).public
    except AuditFormatError:
        return None


def _write_trouble(seen: Condition) -> Iterator[AuditError]:
    found, folder = seen.found, seen.place.folder
    try:
        refuse_folder(folder.path)
    except AuditNotWritableError as error:
        yield error
    paths = [folder.segments, *([folder.segment(found.last.segment)] if found.last is not None else [])]
    if not all(os.access(path, os.W_OK) for path in paths):
        yield _not_writable(seen.log, "rights", folder=folder.path)
    if seen.free_bytes is not None and seen.free_bytes < FREE_BYTES:
        yield no_room(seen.log, seen.free_bytes)
    if found.chain.ended:
        yield _not_writable(seen.log, "ended")


def _cosigned(place: LogPlace, origin: str, office: list[Vkey]) -> list[Cosigned]:
    """What an accepted key of the office cosigned of this log, in the order of its sizes."""
    found = []
    for name, note in cosigned_notes(place.files, place.folder, origin, office):
        head = Head.of(Checkpoint.parse(note.text), source=f"heads/{name}")
        found.append(Cosigned(head=head, at_s=max(_times(note, office))))
    return sorted(found, key=lambda each: each.head.size)


def _times(note: Note, office: list[Vkey]) -> list[int]:
    """When the office signed a note, by its own clock."""
    return [cosigned_at(line) for key in office for line in true_signatures(note, key)]
