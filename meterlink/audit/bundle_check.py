"""Whether a bundle proves what it says, held against keys that the asker has from elsewhere.

The keys and the policy inside a bundle are never trusted: whoever can write a bundle can write those too. Layout:
docs/audit-format.md 4. Everything in a bundle is hostile until it is proven, its names and sizes included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from meterlink.audit.bundle import BRINGS_KEY, CHECKPOINT
from meterlink.audit.bundle_files import FILE_LIMIT, Bundle, BundledLog
from meterlink.audit.chain import Head, origin_digits
from meterlink.audit.claims import head_of_note
from meterlink.audit.doubt import Doubts
from meterlink.audit.note import Algorithm, Checkpoint, Note, Vkey, demanded_signatures
from meterlink.audit.policy import NONE, Policy
from meterlink.audit.private import read_openings
from meterlink.audit.proof_file import Growth, ProofFile
from meterlink.audit.record import Record, decode_record
from meterlink.audit.tiles import TILE_WIDTH, entry_tile, hash_tiles
from meterlink.audit.tree import HashTree, leaf_hash
from meterlink.audit.verify import Report, doubts_of, state_of, verify_log, worst_first
from meterlink.errors import AuditError, BundleError, LogBehindError, LogForkError, WrongKeyError

_WHY: Final = {
    "missing": "it is not in the bundle",
    "large": "it has {size} bytes, more than any file of a bundle",
    "origin": "it is of another log than the checkpoint",
    "signed by": "it is not signed by the key in force",
    "no first": "the first record of the log is not in it",
    "first": "it is not the first record of the log that the checkpoint names",
    "no key": "it brings no key",
    "too late": "the key that it brings cannot have signed the checkpoint",
    "index": "the record in it says that it is number {n}",
    "size": "its proof is for a tree of {size} records",
    "other note": "it leads to another checkpoint than that of the bundle",
    "work": "it is of the work {work!r}, and the bundle is of {other!r}",
    "left out": "record {n} lists it among the records of the work, and it is not in the bundle",
    "root": "the log in it does not lead to the checkpoint",
    "tile": "it is not what the records give",
    "commitment": "{name!r} does not open what record {n} committed to",
    "nothing": "there is neither a work nor a log in it",
    "witness": "the witness with the key {key} did not cosign it",
    "quorum": "too few of the witnesses that the policy asks for cosigned it",
}
_is_record: Final = re.compile(r"records/(0|[1-9][0-9]{0,17})\.json").fullmatch
_is_chain: Final = re.compile(r"chain/(0|[1-9][0-9]{0,17})\.json").fullmatch
_is_private: Final = re.compile(r"private/(0|[1-9][0-9]{0,17})\.json").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the asker has from elsewhere: keys of logs, and a policy."""

    keys: Sequence[Vkey] = ()
    policy: Policy | None = None

    @property
    def log_keys(self) -> list[Vkey]:
        """Keys of logs, given alone or in the policy."""
        logs = () if self.policy is None else self.policy.logs
        return [key for key in (*self.keys, *(log.vkey for log in logs)) if key.algorithm is Algorithm.ED25519]

    @property
    def suffices(self) -> bool:
        """Whether anything at all is trusted; a policy may name nobody."""
        asks = self.policy is not None and self.policy.quorum != NONE
        return bool(self.log_keys or self.witnesses or asks)

    @property
    def witnesses(self) -> list[Vkey]:
        """Keys of witnesses given alone: each of them must have cosigned."""
        return [key for key in self.keys if key.algorithm is Algorithm.COSIGNATURE]


@dataclass(slots=True, kw_only=True)
class BundleReport:
    """What was found. `records` are the proven records of a work; `log` is the report on a whole log."""

    checkpoint: Checkpoint | None = None
    keys: list[Vkey] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    opened: dict[int, dict[str, str]] = field(default_factory=dict)
    """Clear values that open commitments, by record."""
    log: Report | None = None
    unchecked: list[Head] = field(default_factory=list)
    """Heads from elsewhere that only the whole log could be held against."""
    findings: list[AuditError] = field(default_factory=list)

    @property
    def state(self) -> str:
        return state_of(self.findings)


def verify_bundle(bundle: Bundle, trust: Trust, heads: Sequence[Head] = ()) -> BundleReport:
    """Check a bundle whole; the first thing that does not hold ends it and stands in `findings`."""
    report = BundleReport()
    try:
        _Check(bundle, trust, report).all(heads)
    except AuditError as error:
        report.findings.append(error)
    report.findings = worst_first(report.findings)
    return report


class _Check:
    def __init__(self, bundle: Bundle, trust: Trust, report: BundleReport) -> None:
        self._bundle = bundle
        self._trust = trust
        self._report = report
        self._names = set(bundle.names())

    def all(self, heads: Sequence[Head]) -> None:
        with self._in(CHECKPOINT) as raw:
            note = Note.parse(raw)
            head = Checkpoint.parse(note.text)
        self._report.checkpoint = head
        self._no_half_pairs()
        self._keys(note, head)
        self._trusted(note, head)
        self._records(note, head)
        self._openings()
        self._whole_log(head, heads)
        if not self._report.records and self._report.log is None:
            raise BundleError(file=CHECKPOINT, why=_WHY["nothing"])
        if self._report.log is None:
            self._heads(head, heads)

    # --- which key signed the checkpoint, and who says so ------------------------------------------------------------

    def _keys(self, note: Note, head: Checkpoint) -> None:
        """Walk from the first key to the one that signed the checkpoint."""
        indexes = sorted(int(found[1]) for name in self._names if (found := _is_chain(name)))
        if not indexes or indexes[0] != 0:
            raise BundleError(file="chain/0.json", why=_WHY["no first"])
        key: Vkey | None = None
        for index in indexes:
            if index > 0 and index + 1 >= head.size:
                raise BundleError(file=f"chain/{index}.json", why=_WHY["too late"])
            key = self._next_key(index, key, note, head)
            self._report.keys.append(key)
        assert key is not None
        with self._in(CHECKPOINT):
            _signed(note, key)

    def _next_key(self, index: int, key: Vkey | None, head_note: Note, head: Checkpoint) -> Vkey:
        with self._in(f"chain/{index}.json") as line:
            record = self._record(line, index, head)
            if record.type not in BRINGS_KEY:
                raise _refused("no key")
            named = Vkey.parse(record.d["vkey"])
            is_first = record.type == "log.open"
            if is_first is not (key is None) or (is_first and not _names_log(named, head.origin)):
                raise _refused("first")
        with self._in(f"chain/{index}.tlog-proof") as raw:
            proof = ProofFile.parse(raw)
            before = proof.checkpoint
            if (before.origin, before.size, proof.index) != (head.origin, index + 1, index):
                raise _refused("size", size=before.size)
            proof.verify(leaf_hash(line))
            _signed(proof.note, key or named)
        with self._in(f"chain/{index}.growth") as raw:
            growth = Growth.parse(raw)
            if not _is_copy(growth.note, head_note, head.origin):
                raise _refused("other note")
            if growth.old_size != index + 1:
                raise _refused("size", size=growth.old_size)
            growth.verify(before.root)
        return named

    def _trusted(self, note: Note, head: Checkpoint) -> None:
        """Whoever the asker trusts must have had to do with this log."""
        trust, ours = self._trust, {key.text for key in self._report.keys}
        if not trust.suffices:
            raise WrongKeyError(log=head.origin, keys=())
        for key in trust.witnesses:
            if not any(line.is_by(key) for line in note.signatures):
                raise BundleError(file=CHECKPOINT, why=_WHY["witness"].format(key=key))
            with self._in(CHECKPOINT):
                _signed(note, key)
        if trust.policy is not None and not trust.policy.satisfied(trust.policy.cosigners(note)):
            raise BundleError(file=CHECKPOINT, why=_WHY["quorum"])
        if trust.log_keys and not any(key.text in ours for key in trust.log_keys):
            raise WrongKeyError(log=head.origin, keys=tuple(key.text for key in trust.log_keys))

    # --- what it proves ---------------------------------------------------------------------------------------------

    def _records(self, note: Note, head: Checkpoint) -> None:
        for index in sorted(int(found[1]) for name in self._names if (found := _is_record(name))):
            with self._in(f"records/{index}.json") as line:
                record = self._record(line, index, head)
                self._of_one_work(record)
            with self._in(f"records/{index}.tlog-proof") as raw:
                proof = ProofFile.parse(raw)
                if not _is_copy(proof.note, note, head.origin):
                    raise _refused("other note")
                if proof.index != index:
                    raise _refused("index", n=proof.index)
                proof.verify(leaf_hash(line))
            self._report.records.append(record)
        self._whole_work()
        self._doubts()

    def _doubts(self) -> None:
        """Frames of the work of which nobody wrote down what became of them."""
        doubts = Doubts()
        for record in self._report.records:
            doubts.read(record)
        self._report.findings.extend(doubts_of(doubts))

    def _whole_work(self) -> None:
        """The record that closes a work lists its records: none of them may be left out."""
        records = {record.n: record for record in self._report.records}
        for record in self._report.records:
            listed = record.d.get("records") if record.type == "work.close" else None
            for index in listed if isinstance(listed, list) else ():
                if index not in records:
                    raise BundleError(file=f"records/{index}.json", why=_WHY["left out"].format(n=record.n))

    def _no_half_pairs(self) -> None:
        """A proof without its record would look as if somebody had taken the record out, and rightly so."""
        for name in sorted(self._names):
            stem, _, kind = name.rpartition(".")
            if kind in ("tlog-proof", "growth") and f"{stem}.json" not in self._names:
                raise BundleError(file=f"{stem}.json", why=_WHY["missing"])

    def _record(self, line: bytes, index: int, head: Checkpoint) -> Record:
        """The record in a file, which must be of this log and of this number."""
        record = decode_record(line)
        if record.fields["log"] != head.origin:
            raise _refused("origin")
        if record.n != index:
            raise _refused("index", n=record.n)
        return record

    def _of_one_work(self, record: Record) -> None:
        for other in self._report.records[:1]:
            if record.work != other.work:
                raise _refused("work", work=record.work, other=other.work)

    def _openings(self) -> None:
        records = {record.n: record for record in self._report.records}
        for index in sorted(int(found[1]) for name in self._names if (found := _is_private(name))):
            if index in records:  # of a whole log they are held against its records while it is read
                self._open(records[index])

    def _open(self, record: Record) -> None:
        with self._in(f"private/{record.n}.json") as raw:
            committed = record.d.get("commitments")
            for name, opening in read_openings(raw).items():
                due = committed.get(name) if isinstance(committed, dict) else None
                if not isinstance(due, str) or not opening.opens(name, due):
                    raise _refused("commitment", name=name, n=record.n)
                self._report.opened.setdefault(record.n, {})[name] = opening.value

    def _whole_log(self, head: Checkpoint, heads: Sequence[Head]) -> None:
        log = BundledLog(self._bundle)
        if not log.names():
            return
        tree, lines = HashTree(), list[bytes]()

        def take(record: Record, place: object) -> None:
            tree.append(leaf_hash(record.line))
            lines.append(record.line)
            if len(lines) == TILE_WIDTH:
                self._entries(tree.size, lines)
            if f"private/{record.n}.json" in self._names:
                self._open(record)

        report = verify_log(
            log,
            claims=lambda chain: [*chain.anchors, *heads, *self._own_heads(head)],
            torn_bytes=self._torn_bytes,
            seen=take,
        )
        self._report.log = report
        self._report.findings.extend(report.findings)
        if report.found.fault is not None:
            return
        self._entries(tree.size, lines)
        if (tree.size, tree.root()) != (head.size, head.root):
            raise BundleError(file=CHECKPOINT, why=_WHY["root"])
        for name, data in hash_tiles(tree):
            self._tile(name, data)

    def _own_heads(self, head: Checkpoint) -> Iterator[Head]:
        """The heads that the sender put beside the log: the log must have had each of them."""
        for name in sorted(each for each in self._names if each.startswith("heads/")):
            with self._in(name) as raw:
                origin, found = head_of_note(raw, name)
                if origin != head.origin:
                    raise _refused("origin")
            yield found

    def _torn_bytes(self, name: str) -> bytes | None:
        path = f"torn/{name}"
        return self._bundle.read(path) if path in self._names else None

    def _entries(self, size: int, lines: list[bytes]) -> None:
        if lines:
            self._tile(*entry_tile((size - 1) // TILE_WIDTH, lines))
            lines.clear()

    def _tile(self, name: str, data: bytes) -> None:
        with self._in(name) as there:
            if there != data:
                raise _refused("tile")

    def _heads(self, head: Checkpoint, heads: Sequence[Head]) -> None:
        """Heads from elsewhere, where only some records are here: an older head leads nowhere without the others."""
        for other in heads:
            if other.size > head.size:
                size = head.size
                self._report.findings.append(
                    LogBehindError(log=head.origin, size=size, seen=other.size, source=other.source)
                )
            elif other.size == head.size and other.root != head.root:
                self._report.findings.append(LogForkError(log=head.origin, seen=other.size, source=other.source))
            elif other.size < head.size:
                self._report.unchecked.append(other)

    @contextmanager
    def _in(self, name: str) -> Iterator[bytes]:
        """The bytes of a file; whatever fails while it is looked at is told as a failure of that file."""
        if name not in self._names:
            raise BundleError(file=name, why=_WHY["missing"])
        size = self._bundle.size(name)
        if size > FILE_LIMIT:
            raise BundleError(file=name, why=_WHY["large"].format(size=size))
        try:
            yield self._bundle.read(name)
        except BundleError as error:
            raise BundleError(file=error.file or name, why=error.why) from error
        except AuditError as error:
            raise BundleError(file=name, why=str(error).removesuffix(".")) from error


def _names_log(key: Vkey, origin: str) -> bool:
    domain, _, digits = origin.rpartition("/ml/")
    return key.name == origin and bool(domain) and digits == origin_digits(key.public)


def _is_copy(copy: Note, note: Note, log: str) -> bool:
    """A copy of the checkpoint has the log's own signature, which does not vary; cosignatures may come later."""
    own = [[line for line in each.signatures if line.name == log] for each in (copy, note)]
    return copy.text == note.text and own[0] == own[1]


def _signed(note: Note, key: Vkey) -> None:
    """That a key signed a note."""
    if not demanded_signatures(note, key):
        raise _refused("signed by")


def _refused(why: str, **facts: object) -> BundleError:
    """Told with the name of the file that is being looked at."""
    return BundleError(file="", why=_WHY[why].format(**facts))
