"""Evidence to hand over: one work, or the whole log, with everything a stranger needs to check it.

A bundle of one work proves its records without showing anybody else's. Its layout: docs/audit-format.md 4. It carries
keys and a policy for reading only; whoever checks it brings his own. Checking: `bundle_check.py`.
"""

from __future__ import annotations

import errno
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files as package_files
from pathlib import Path
from typing import Final

from meterlink.audit.claims import office_keys
from meterlink.audit.note import Checkpoint, Note, SignatureLine
from meterlink.audit.proof_file import Growth, ProofFile
from meterlink.audit.record import Record
from meterlink.audit.scan import Place, Scan, refuse_fault, scan
from meterlink.audit.segments import LogBytes, pairs
from meterlink.audit.tiles import TILE_WIDTH, entry_tile, hash_tiles
from meterlink.audit.tree import HashTree, leaf_hash
from meterlink.errors import NoWorkError

CHECKPOINT: Final = "checkpoint"
POLICY: Final = "policy"
HOW_TO: Final = "how-to-check.txt"
VERIFIER: Final = "verify_meterlink.py"
BRINGS_KEY: Final = frozenset({"log.open", "key.rotate"})
"""Records that name the key which signs from the next record on, or from themselves on."""

_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a bundle: the same evidence gives the same bytes."""
_HOW_TO: Final = """How to check this bundle

It comes from the sealed log {origin} at {size} records.
Nothing in here may be trusted because it is in here: ask the office that ran the log, on paper or in person, for the
log's first verifier key{witness}, and give it as --key.

    python3 verify_meterlink.py --key KEY {name}

needs Python 3.8 or newer and nothing else; `meterlink audit verify --key KEY {name}` says the same. The formats
are C2SP signed-note, tlog-checkpoint, tlog-proof and tlog-tiles, so other programs for transparency logs can read them
too. How to check it by hand with sha256sum and openssl stands in docs/audit-log.md of meterlink.

checkpoint    the signed head of the log
policy        which keys the sender says were in force; for reading only
chain/        the records that brought each key into force, each proven under the key before it
{contents}"""
_WITNESS: Final = " or for the verifier key of its witness"
_CONTENTS: Final = {
    "work": "records/      the records of work {work}, each with its proof\n",
    "all": "seg/          the log as it lies on the disk\ntile/         the same as a tile-based transparency log\n",
}


@dataclass(slots=True)
class Collected:
    """What one reading of the log gathers for a bundle."""

    found: Scan = field(default_factory=Scan)
    tree: HashTree = field(default_factory=HashTree)
    keys: list[tuple[Record, Note]] = field(default_factory=list)
    """The records that brought a key, each with the head that it made."""
    records: list[Record] = field(default_factory=list)
    """Of the work that was asked for."""


def collect(log: LogBytes, size: int, work: str | None) -> Collected:
    """Read the first `size` records, every signature checked; ChainBrokenError where they do not hold."""
    gathered = Collected()

    def take(record: Record, place: Place) -> None:
        if record.n >= size:
            return
        gathered.tree.append(leaf_hash(record.line))
        if record.type in BRINGS_KEY:
            gathered.keys.append((record, _head(gathered.found)))
        if work is not None and record.work == work:
            gathered.records.append(record)

    scan(log, seen=take, go_on=gathered.found)
    refuse_fault(gathered.found)
    if work is not None and not gathered.records:
        raise NoWorkError(log=gathered.found.chain.origin, work=work)
    return gathered


def bundle_of_work(
    gathered: Collected, head: Note, work: str, private: Mapping[str, bytes], name: str
) -> Iterator[tuple[str, bytes]]:
    """The files of a bundle that proves one work. `private` are clear values that shall be shown."""
    yield from _common(gathered, head, name, _CONTENTS["work"].format(work=work))
    size = Checkpoint.parse(head.text).size
    for record in gathered.records:
        proof = ProofFile(index=record.n, hashes=gathered.tree.inclusion(record.n, size), note=head)
        yield f"records/{record.n}.json", record.line
        yield f"records/{record.n}.tlog-proof", proof.encode()
    yield from private.items()


def bundle_of_log(
    gathered: Collected, head: Note, log: LogBytes, others: Mapping[str, bytes], name: str
) -> Iterator[tuple[str, bytes]]:
    """The files of a bundle that holds the whole log. `others` are cosigned heads, bytes that crashes left, and what
    shall be shown of `private/`."""
    yield from _common(gathered, head, name, _CONTENTS["all"])
    for segment in log.names():
        yield f"seg/{segment}", log.read(segment)
    yield from hash_tiles(gathered.tree)
    yield from _entry_tiles(log, gathered.tree.size)
    yield from others.items()


def best_head(gathered: Collected, newest: Note, cosigned: Iterable[Note]) -> Note:
    """The head to prove a work in: the newest that the office cosigned and that covers the work, else the newest."""
    last = max(record.n for record in gathered.records)
    sizes = {Checkpoint.parse(note.text).size: note for note in cosigned}
    covering = [size for size in sizes if last < size <= gathered.tree.size]
    return sizes[max(covering)] if covering else newest


def write_bundle(path: Path, files: Iterable[tuple[str, bytes]]) -> int:
    """Put files into a new ZIP file and return their number; the same files give the same bytes.

    FileExistsError when it is there; OSError leaves nothing behind.
    """
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    waiting = Path(name)
    try:
        with zipfile.ZipFile(waiting, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, data in files:
                entry = zipfile.ZipInfo(name, _LONG_AGO)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                bundle.writestr(entry, data)
            count = len(bundle.namelist())
        waiting.replace(path)
    finally:
        waiting.unlink(missing_ok=True)
    return count


def _common(gathered: Collected, head: Note, name: str, contents: str) -> Iterator[tuple[str, bytes]]:
    checkpoint = Checkpoint.parse(head.text)
    facts = {"origin": checkpoint.origin, "size": checkpoint.size, "name": name, "contents": contents}
    facts["witness"] = _WITNESS if gathered.found.chain.office else ""
    yield CHECKPOINT, head.encode()
    yield POLICY, _policy(gathered).encode()
    yield HOW_TO, _HOW_TO.format(**facts).encode("utf-8", "replace")
    yield VERIFIER, package_files("meterlink.audit.standalone").joinpath(VERIFIER).read_bytes()
    for record, note in gathered.keys:
        if record.n + 1 < checkpoint.size or record.n == 0:  # a key that the last record names has signed nothing yet
            yield from _key_files(gathered.tree, record, note, head, checkpoint.size)


def _key_files(tree: HashTree, record: Record, note: Note, head: Note, size: int) -> Iterator[tuple[str, bytes]]:
    """That this record brought its key, under the key before it, in a tree that has grown into the head."""
    n = record.n
    proof = ProofFile(index=n, hashes=tree.inclusion(n, n + 1), note=note)
    growth = Growth(old_size=n + 1, hashes=tree.consistency(n + 1, size), note=head)
    yield f"chain/{n}.json", record.line
    yield f"chain/{n}.tlog-proof", proof.encode()
    yield f"chain/{n}.growth", growth.encode()


def _head(found: Scan) -> Note:
    """The checkpoint after the record that was just read, as the log signed it."""
    signature = found.chain.signature
    signatures: Sequence[SignatureLine] = () if signature is None else (signature,)
    return Note(text=found.chain.checkpoint().body(), signatures=tuple(signatures))


def _policy(gathered: Collected) -> str:
    """The keys as the log itself names them."""
    lines = [f"log {record.d['vkey']}" for record, _ in gathered.keys]
    names = []
    for number, key in enumerate(office_keys(gathered.found.chain.office), 1):
        names.append(f"office-{number}")
        lines.append(f"witness {names[-1]} {key.text}")
    if names:
        lines.append(f"group office any {' '.join(names)}")
    lines.append("quorum none")
    return "".join(f"{line}\n" for line in lines)


def _entry_tiles(log: LogBytes, size: int) -> Iterator[tuple[str, bytes]]:
    number, lines = 0, []
    for line in _first_lines(log, size):
        lines.append(line)
        if len(lines) == TILE_WIDTH:
            yield entry_tile(number, lines)
            number, lines = number + 1, []
    if lines:
        yield entry_tile(number, lines)


def _first_lines(log: LogBytes, size: int) -> Iterator[bytes]:
    count = 0
    for name in log.names():
        for _, line, _, _ in pairs(log.read(name)):
            if count == size:
                return
            yield line
            count += 1
