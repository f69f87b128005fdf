"""Reading a log for writing: from the hint of the last run where it fits, and refused where it is not what it was.

Nothing is changed here; what a crash left half done is finished by the writer (`writer.py`).
"""

from __future__ import annotations

from meterlink.audit.cache import decode_cache
from meterlink.audit.chain import Chain, Head
from meterlink.audit.claims import broken_claims, cosigned_heads, office_keys
from meterlink.audit.folder import torn_bytes
from meterlink.audit.keys import decode_key
from meterlink.audit.note import verify_signature
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Record, decode_record
from meterlink.audit.scan import Place, Scan, refuse_fault, scan
from meterlink.audit.second_head import read_heads
from meterlink.audit.segments import pairs
from meterlink.audit.tree import leaf_hash
from meterlink.audit.verify import lost_torn_bytes
from meterlink.errors import AuditError, NoLogError


def first_record(place: LogPlace) -> Record | None:
    """The record that names the log and its office, before anything is checked; None where it cannot be read."""
    log = place.bytes()
    for name in log.names()[:1]:
        for _, line, _, _ in pairs(log.read(name)):
            try:
                return decode_record(line)
            except AuditError:
                return None
    return None


def claims_of(place: LogPlace, chain: Chain) -> list[Head]:
    """What the log's surroundings say about its head: places that remember it, the office, its own anchors."""
    office = cosigned_heads(place.files, place.folder, chain.origin, office_keys(chain.office))
    return [*read_heads(place.second_heads, chain.origin), *office, *chain.anchors]


def _never_began(place: LogPlace, found: Scan) -> bool:
    """Whether no record was ever durable here: a crash fell into the making of the log, or there is none."""
    log = place.bytes()
    return not found.chain.size and (found.torn is not None or not any(log.size(name) for name in log.names()))


def refuse(place: LogPlace, found: Scan) -> None:
    """Raise what makes a log read-only, or none at all."""
    if _never_began(place, found):
        raise NoLogError(folder=str(place.folder.path))
    refuse_fault(found)
    kept = torn_bytes(place.files, place.folder)
    for error in (*broken_known_claims(place, found), *lost_torn_bytes(found.chain, kept)):
        raise error


def broken_known_claims(place: LogPlace, found: Scan) -> list[AuditError]:
    """What the surroundings of a log say about its head, and the log does not meet."""
    found.roots[found.chain.size] = found.chain.frontier.root()
    return broken_claims(found, claims_of(place, found.chain), place.bytes())


def read_known(place: LogPlace) -> Scan:
    """The log from the place that the hint names, where the hint fits; else from its beginning."""
    log = place.bytes()
    hint = _fitting_hint(place)
    if hint is not None:
        found = scan(log, go_on=hint)
        if found.fault is None and not found.chain.anchors:
            return found
    found = scan(log, signatures="last")
    # A broken log is read once more with every signature, so that everybody names the same place.
    return found if found.fault is None else scan(log, signatures="all")


def _fitting_hint(place: LogPlace) -> Scan | None:
    """The hint of the last opening, if the last record it knows is signed by the key that lies here."""
    files, folder = place.files, place.folder
    if files.size(folder.cache) is None or files.size(folder.key) is None:
        return None
    try:
        key = decode_key(files.read(folder.key))
        hint = decode_cache(files.read(folder.cache), key)
        if hint is None or hint.last is None or hint.chain.signature is None:
            return None
        verify_signature(key.vkey(hint.chain.origin), hint.chain.signature, hint.chain.checkpoint().body())
    except AuditError:
        return None
    return hint if _stands_at(place, hint.last, hint.chain) else None


def _stands_at(place: LogPlace, last: Place, chain: Chain) -> bool:
    """Whether the last pair that the hint knows stands where it says."""
    path = place.folder.segment(last.segment)
    if chain.signature is None or (place.files.size(path) or 0) <= last.offset:
        return False
    line, _, rest = place.files.read(path, last.offset).partition(b"\n")
    return leaf_hash(line) == chain.prev and rest.startswith(f"{chain.signature.text}\n".encode())
