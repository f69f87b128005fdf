"""What others say about the head of this log, held against the log: it may be behind, or it may be a fork.

Claims are anchors in the log itself, checkpoints that the office cosigned, heads remembered elsewhere, and heads that a
person brings (the code on a printed act).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from meterlink.audit.chain import Head
from meterlink.audit.folder import LogFolder, head_names
from meterlink.audit.fsio import Files
from meterlink.audit.note import Algorithm, Checkpoint, Note, Vkey, true_signatures
from meterlink.audit.scan import Scan
from meterlink.audit.segments import LogBytes, pairs
from meterlink.audit.tree import Frontier, leaf_hash
from meterlink.errors import AuditError, AuditFormatError, LogBehindError, LogForkError

_SOURCE: Final = {"anchor": "{source} in record {record}", "note": "the office, in heads/{name},"}


def broken_claims(found: Scan, claims: Iterable[Head], log: LogBytes) -> list[AuditError]:
    """The claims that this log does not meet."""
    claims = list(claims)
    size = found.chain.size
    unknown = {claim.size for claim in claims if claim.size <= size} - set(found.roots)
    if unknown:
        found.roots |= roots_at(log, unknown)
    return [error for claim in claims for error in _broken(found, claim, found.roots.get(claim.size))]


def _broken(found: Scan, claim: Head, root: bytes | None) -> Iterator[AuditError]:
    log, size = found.chain.origin, found.chain.size
    source = (
        _SOURCE["anchor"].format(source=claim.source, record=claim.record) if claim.record is not None else claim.source
    )
    if claim.size > size:
        # what stands behind a fault was not counted, so nothing is known to be missing there
        if found.fault is None:
            yield LogBehindError(log=log, size=size, seen=claim.size, source=source)
    elif root != claim.root:
        yield LogForkError(log=log, seen=claim.size, source=source)


def roots_at(log: LogBytes, sizes: Iterable[int]) -> dict[int, bytes]:
    """The roots of the log at these sizes. Only hashes; whether the records hold is the scan's business."""
    frontier, wanted = Frontier(), set(sizes)
    roots = {0: frontier.root()} if 0 in wanted else {}
    for name in log.names():
        for _, line, _, _ in pairs(log.read(name)):
            frontier.push(leaf_hash(line))
            if frontier.size in wanted:
                roots[frontier.size] = frontier.root()
                if len(roots) == len(wanted):
                    return roots
    return roots


def cosigned_heads(files: Files, folder: LogFolder, origin: str, office: Sequence[Vkey]) -> list[Head]:
    """The heads under `heads/` that an accepted key of the office cosigned; anything else there says nothing."""
    found = []
    for name, note in cosigned_notes(files, folder, origin, office):
        found.append(Head.of(Checkpoint.parse(note.text), source=_SOURCE["note"].format(name=name)))
    return found


def cosigned_notes(files: Files, folder: LogFolder, origin: str, office: Sequence[Vkey]) -> list[tuple[str, Note]]:
    """The notes behind these heads, with the names of their files."""
    notes = ((name, _cosigned(files.read(folder.heads / name), origin, office)) for name in head_names(files, folder))
    return [(name, note) for name, note in notes if note is not None]


def office_keys(texts: Iterable[str]) -> list[Vkey]:
    """The keys of the office among texts that should be keys."""
    keys = []
    for text in texts:
        try:
            keys.append(Vkey.parse(text))
        except AuditFormatError:
            continue
    return [key for key in keys if key.algorithm is Algorithm.COSIGNATURE]


def head_of_note(raw: bytes, source: str) -> tuple[str, Head]:
    """Origin and head of a signed checkpoint; AuditFormatError when it is none. Looks at no signature."""
    head = Checkpoint.parse(Note.parse(raw).text)
    return head.origin, Head.of(head, source)


def _cosigned(raw: bytes, origin: str, office: Sequence[Vkey]) -> Note | None:
    try:
        note = Note.parse(raw)
        head = Checkpoint.parse(note.text)
    except AuditFormatError:
        return None
    return note if head.origin == origin and any(true_signatures(note, key) for key in office) else None
