"""The rules between records: which index, which predecessor, which key; what is known after the last one.

Pure. The rules are those of docs/audit-format.md 2. One rule carries most of the weight: the key in force at an index
is known from the records before it, and a signature by any other key is a failure, also by a key of this log that was
in force earlier or will be later (journald's CVE-2023-31439 was exactly the lack of it).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, NoReturn, Self

from meterlink.audit.doubt import Doubts
from meterlink.audit.note import Algorithm, Checkpoint, SignatureLine, Vkey, verify_signature
from meterlink.audit.open_works import OpenWorks
from meterlink.audit.record import NO_RECORD, Record, decode_record
from meterlink.audit.strict_text import decode_hash
from meterlink.audit.tree import Frontier, leaf_hash
from meterlink.errors import AuditFormatError

_ANCHOR: Final = "the anchor"
_WHY: Final = {
    "log": "it belongs to the log {found!r}, and this is {log!r}",
    "index": "it says that it is record {found}, and record {due} is due",
    "prev": "it follows another record than the one before it",
    "first": "the first record of a log is log.open, and this is {found!r}",
    "open again": "log.open stands only at the beginning",
    "origin": "the name of the log {log!r} does not come from its first key",
    "key name": "its key is that of {found!r}, and this is {log!r}",
    "key kind": "its key is none that signs records",
    "unused": "it names a key that was in force before",
    "epoch": "after key.rotate comes epoch.open with the key named there, and this is {found!r}",
    "count": "it opens epoch {found}, and epoch {due} is due",
    "no epoch": "epoch.open stands only after key.rotate",
    "ended": "the log has ended, and nothing may follow",
    "anchor": "it anchors {size} records, and only {before} stand before it",
    "signed by": "it is signed by {found!r}, key {found_key}, and the key in force is {log!r}, key {key}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A claim that this log had `size` records with this root. `source` says who claims it; `record` where it stands
    when it stands in the log itself."""

    size: int
    root: bytes
    source: str
    record: int | None = None

    @classmethod
    def of(cls, checkpoint: Checkpoint, source: str) -> Self:
        return cls(size=checkpoint.size, root=checkpoint.root, source=source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """Bytes that a crash left behind, kept beside the log: `file` under torn/, and what `record` says of them."""

    record: int
    file: str
    sha256: str


class Judged(NamedTuple):
    """A record that may come next: who has to sign it, the key it names, the head it anchors."""

    signer: Vkey
    named: Vkey | None
    anchor: Head | None


class Chain:
    """What is known after the records 0 to size - 1. A record that breaks a rule leaves it as it was."""

    def __init__(self) -> None:
        self.frontier = Frontier()
        self.origin = ""
        self.prev = NO_RECORD
        self.key: Vkey | None = None
        """In force: signs the next record."""
        self.first_key: Vkey | None = None
        self.used: set[bytes] = set()
        """Public keys that are or were in force, or are named by key.rotate."""
        self.signed: set[bytes] = set()
        """Those that have signed a record since reading began."""
        self.office: tuple[str, ...] = ()
        """Verifier keys of the office, as the first record names them."""
        self.last_run = ""
        self.epoch = 0
        self.epoch_began = 0
        self.rotating = False
        """The last record is key.rotate: the next one is epoch.open."""
        self.ended = False
        self.later_version: int | None = None
        """The first record of a later version: what it says of a meter is not known here."""
        self.doubts = Doubts()
        self.works = OpenWorks()
        self.anchors: list[Head] = []
        self.recovered: list[Recovered] = []
        self.signature: SignatureLine | None = None
        """Of the last record."""
        self.signer: Vkey | None = None
        """Who had to sign the last record."""

    @property
    def size(self) -> int:
        return self.frontier.size

    def checkpoint(self) -> Checkpoint:
        """What is signed after the last record."""
        return Checkpoint(origin=self.origin, size=self.size, root=self.frontier.root())

    def checkpoint_after(self, leaf: bytes, origin: str) -> Checkpoint:
        """What is to be signed when a record with this leaf hash comes next."""
        after = self.frontier.copy()
        after.push(leaf)
        return Checkpoint(origin=origin, size=after.size, root=after.root())

    def read(self, line: bytes, signature_line: bytes, *, check_signature: bool = True) -> Record:
        """Take the next pair in; AuditFormatError or ProofError says which rule it breaks."""
        record = decode_record(line)
        self.follow(record, signature_line, check_signature=check_signature)
        return record

    def judge(self, record: Record) -> Judged:
        """Whether a record may come next, before anybody signs it; AuditFormatError says which rule it breaks."""
        signer = self._signer(record)
        self._check_place(record)
        return Judged(signer, self._named_key(record), self._anchor(record))

    def follow(self, record: Record, signature_line: bytes, *, check_signature: bool) -> None:
        """Take in a record that is decoded already."""
        signer, named, anchor = self.judge(record)
        signature = SignatureLine.parse(signature_line)
        if not signature.is_by(signer):
            found, key = signature.key_id.hex(), signer.key_id.hex()
            _refuse("signed by", found=signature.name, found_key=found, log=signer.name, key=key)
        leaf = leaf_hash(record.line)
        after = self.frontier.copy()
        after.push(leaf)
        if check_signature or record.type == "key.rotate":
            # Without the signatures that hand over from key to key, anyone could put a later key of his own in force.
            body = Checkpoint(origin=signer.name, size=after.size, root=after.root()).body()
            verify_signature(signer, signature, body)
        # from here on nothing fails
        self.frontier, self.prev, self.signature, self.signer = after, leaf, signature, signer
        self._advance(record, signer, named)
        if anchor is not None:
            self.anchors.append(anchor)

    def check_last_signature(self) -> None:
        """Check the signature of the last record, which covers all before it; ProofError when it does not hold."""
        if self.signer is not None and self.signature is not None:
            verify_signature(self.signer, self.signature, self.checkpoint().body())

    def _signer(self, record: Record) -> Vkey:
        if self.key is not None:
            return self.key
        if record.type != "log.open":
            _refuse("first", found=record.type)
        key = _log_key(record, str(record.fields["log"]))
        domain, _, digits = key.name.rpartition("/ml/")
        if not domain or digits != origin_digits(key.public):
            _refuse("origin", log=key.name)
        return key

    def _check_place(self, record: Record) -> None:
        if self.size and record.fields["log"] != self.origin:
            _refuse("log", found=record.fields["log"], log=self.origin)
        if record.n != self.size:
            _refuse("index", found=record.n, due=self.size)
        if record.fields["prev"] != self.prev.hex():
            _refuse("prev")
        if self.ended:
            _refuse("ended")
        if self.size and record.type == "log.open":
            _refuse("open again")
        if record.type == "epoch.open" and not self.rotating:
            _refuse("no epoch")

    def _named_key(self, record: Record) -> Vkey | None:
        if self.rotating and (record.type != "epoch.open" or record.d["vkey"] != self._key_text()):
            _refuse("epoch", found=record.type)
        if self.rotating and record.d["epoch"] != self.epoch + 1:
            _refuse("count", found=record.d["epoch"], due=self.epoch + 1)
        if record.type != "key.rotate":
            return None
        named = _log_key(record, self.origin)
        if named.public in self.used:
            _refuse("unused")
        return named

    def _key_text(self) -> str:
        return "" if self.key is None else self.key.text

    def _anchor(self, record: Record) -> Head | None:
        if record.type != "anchor":
            return None
        head = anchor_of(record.d, record.n)
        if not 0 < head.size <= record.n:
            _refuse("anchor", size=head.size, before=record.n)
        return head

    def _advance(self, record: Record, signer: Vkey, named: Vkey | None) -> None:
        if self.key is None:
            self.origin, self.key, self.first_key = signer.name, signer, signer
            self.used = {signer.public}
            self.office = tuple(record.d.get("office", ()))
        if named is not None:
            self.key = named
            self.used.add(named.public)
        if record.type == "epoch.open":
            self.epoch += 1
            self.epoch_began = record.n
        self.rotating = named is not None
        self.ended = record.type == "log.end"
        if record.type == "log.recovered":
            self.recovered.append(Recovered(record=record.n, file=record.d["file"], sha256=record.d["sha256"]))
        self.signed.add(signer.public)
        if not record.type and self.later_version is None:
            self.later_version = record.n
        self.last_run = record.fields.get("run", "")
        self.doubts.read(record)
        self.works.read(record)


def anchor_of(d: Mapping[str, Any], record: int | None = None) -> Head:
    """What an anchor says; `record` is its own index where it has one."""
    return Head(size=d["size"], root=decode_hash(d["root"], what="anchor"), source=_ANCHOR, record=record)


def _log_key(record: Record, log: str) -> Vkey:
    """The key that a record names for signing this log."""
    key = Vkey.parse(record.d["vkey"])
    if key.name != log:
        _refuse("key name", found=key.name, log=log)
    if key.algorithm is not Algorithm.ED25519:
        _refuse("key kind")
    return key


def origin_digits(public: bytes) -> str:
    """What the name of a log takes from its first public key."""
    return hashlib.sha256(public).hexdigest()[:8]


def _refuse(why: str, **facts: object) -> NoReturn:
    raise AuditFormatError(what="record of this log", why=_WHY[why].format(**facts))
