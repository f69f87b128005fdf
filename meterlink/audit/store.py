"""A log that is open for appending: who may write what and when. The bytes are the writer's business (`writer.py`).

A log is opened by one run of the program and used by it alone; other runs may have the same log open and append
between. Every method takes the lock for as long as it works.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Self

from meterlink.audit.cache import decode_cache
from meterlink.audit.chain import Chain, Head, anchor_of, origin_digits
from meterlink.audit.claims import broken_claims, cosigned_heads, office_keys
from meterlink.audit.doubt import Doubt
from meterlink.audit.folder import FolderBytes, LogFolder, torn_bytes
from meterlink.audit.fsio import write_new_file
from meterlink.audit.keys import SEED_BYTES, decode_key, key_from_seed
from meterlink.audit.note import Note, verify_signature
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Entry
from meterlink.audit.run import Moment, Run, has_jumped
from meterlink.audit.scan import Place, Scan, refuse_fault, scan
from meterlink.audit.second_head import read_heads
from meterlink.audit.tree import leaf_hash
from meterlink.audit.verify import lost_torn_bytes
from meterlink.audit.writer import BALLAST_BYTES, FREE_BYTES, Writer
from meterlink.errors import AuditError, AuditNotWritableError, NoLogError

EPOCH_RECORDS: Final = 5_000
"""After so many records under one key the next one comes into force."""
FORMAT: Final = 1

_ABOUT_THE_PAST: Final = frozenset({"outcome", "verify", "resolve"})
"""Records about what has already happened to a meter: the ballast is given up for them, and no key changes before."""
_ENDS_EPOCH: Final = frozenset({"work.close", "anchor"})
_BEGINS_WORK: Final = frozenset({"work.open", "intent"})
_TOO_LONG_AGO: Final = "records"
_WHY: Final = {
    "room": "the disk has {free:,} bytes left, and {needed:,} must be free before a meter is written",
    "spent": "the disk was full; the outcome of what had been sent was still written, and no new work may begin",
    "closed": "this run has closed it",
}
_ADVICE: Final = "Make room on that disk, then begin anew."


class SealedLog:
    """One log, open for one run."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._closed = False

    @classmethod
    def open(cls, place: LogPlace, run: Run) -> Self:
        """Open a log for appending: finish what a crash left half done, refuse a log that is not what it was.

        ChainBrokenError, LogBehindError, LogForkError, TornBytesLostError, KeyLostError: the log is read-only, and
        nothing was changed. AuditNotWritableError: it could not be locked, or not be made ready on this disk.
        """
        with place.locked():
            found = read_known(place)
            if _never_began(place, found):
                raise NoLogError(folder=str(place.folder.path))
            _refuse(place, found)
            writer = Writer(place, run, found, found.chain.origin)
            writer.settle()
            writer.restore_ballast()
            writer.save_cache()
        return cls(writer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def origin(self) -> str:
        return self._writer.origin

    @property
    def size(self) -> int:
        """How many records there are, as far as this run has seen."""
        return self._writer.chain.size

    @property
    def doubts(self) -> list[Doubt]:
        """Frames whose fate nobody wrote down, as far as this run has seen."""
        return list(self._writer.chain.doubts)

    def doubts_of(self, serial_number: str) -> list[Doubt]:
        """Those of one meter, with those that name no meter."""
        return self._writer.chain.doubts.of_meter(serial_number)

    def catch_up(self) -> None:
        """Read what other runs appended."""
        with self._ready():
            pass

    def append(self, entry: Entry) -> int:
        """Make a record durable and return its index; AuditNotWritableError when that cannot be done."""
        due = entry.type in _ABOUT_THE_PAST
        with self._ready(due=due) as writer:
            if entry.type in _BEGINS_WORK:
                self._read_whole()
                self._look_for_room()
            self._change_old_key(entry)
            self._refuse_other_history(entry)
            if due:  # nothing may come between an outcome and the disk
                index = self._write_then_note_jump(entry)
            else:
                self._note_jump(writer.last_moment)
                index = writer.write(entry)
            if entry.type in _ENDS_EPOCH:
                self._end_epoch(entry.type)
        return index

    def rotate(self, reason: str) -> None:
        """Bring a new key into force and forget the old one."""
        with self._ready() as writer:
            writer.change_key(reason)
            writer.save_cache()
            self._remember_head()

    def checkpoint(self) -> Note:
        """The head as a signed note; every record it speaks of is on the disk for good."""
        with self._ready() as writer:
            writer.affirm()
            return self._head()

    def head_with_bytes(self) -> tuple[Note, FolderBytes]:
        """The head, and the log as long as it is at that head."""
        with self._ready() as writer:
            writer.affirm()
            return self._head(), writer.place.bytes_now()

    def close(self) -> None:
        """Leave a hint for the next opening; nothing more is appended."""
        if not self._closed and not self._writer.poison:
            self._writer.save_cache()
            if self._writer.last_moment is not None and self._writer.affirmed:
                self._remember_head()
        self._closed = True

    def _head(self) -> Note:
        chain = self._writer.chain
        assert chain.signature is not None  # a log that is open has its first record
        return Note(text=chain.checkpoint().body(), signatures=(chain.signature,))

    @contextmanager
    def _ready(self, *, due: bool = False) -> Iterator[Writer]:
        """Alone with the log, at its end."""
        writer = self._writer
        if self._closed:
            raise AuditNotWritableError(log=self.origin, why=_WHY["closed"])
        writer.refuse_poisoned()
        with writer.place.locked(writer.chain.last_run):
            writer.catch_up(due=due)
            yield writer

    def _read_whole(self) -> None:
        """Before a meter is written nothing is taken from a hint: neither the records nor what is in doubt."""
        writer = self._writer
        if writer.found.from_hint:
            found = scan(writer.place.bytes(), signatures="last")
            _refuse(writer.place, found)
            writer.found = found

    def _look_for_room(self) -> None:
        writer = self._writer
        if writer.ballast_spent:
            raise AuditNotWritableError(log=self.origin, why=_WHY["spent"], advice=_ADVICE)
        writer.restore_ballast()
        files, folder = writer.place.files, writer.place.folder
        free = files.free_bytes(folder.path)
        if free < FREE_BYTES or files.size(folder.ballast) != BALLAST_BYTES:
            why = _WHY["room"].format(free=free, needed=FREE_BYTES)
            raise AuditNotWritableError(log=self.origin, why=why, advice=_ADVICE)

    def _change_old_key(self, entry: Entry) -> None:
        chain = self._writer.chain
        if entry.type not in _ABOUT_THE_PAST and chain.size - chain.epoch_began >= EPOCH_RECORDS:
            self._writer.change_key(_TOO_LONG_AGO)

    def _refuse_other_history(self, entry: Entry) -> None:
        """An anchor of a head that this log never had would make it a fork by its own words."""
        if entry.type == "anchor":
            head = anchor_of(entry.d)
            for error in broken_claims(self._writer.found, [head], self._writer.place.bytes()):
                raise error

    def _write_then_note_jump(self, entry: Entry) -> int:
        before = self._writer.last_moment
        index = self._writer.write(entry, due=True)
        with suppress(AuditError):  # the record itself is durable; the next use of the log tells the failure
            self._note_jump(before, due=True)
        return index

    def _note_jump(self, before: Moment | None, *, due: bool = False) -> None:
        writer = self._writer
        now = writer.run.now()
        if before is not None and has_jumped(before, now):
            wall_ms = round((now.wall - before.wall) * 1000)
            monotonic_ms = round((now.monotonic - before.monotonic) * 1000)
            writer.write(Entry(type="clock.jump", d={"wall_ms": wall_ms, "monotonic_ms": monotonic_ms}), due=due)

    def _end_epoch(self, reason: str) -> None:
        """The record itself is durable by now; what fails here poisons the writer, and its next use tells that."""
        writer = self._writer
        try:
            writer.change_key(reason)
        except AuditError:
            return
        writer.save_cache()
        self._remember_head()

    def _remember_head(self) -> None:
        """In the other places, where none of them remembers a longer log; another run may have been quicker."""
        chain = self._writer.chain
        head = Head(size=chain.size, root=chain.frontier.root(), source="")
        for second in self._writer.place.second_heads:
            with suppress(OSError):  # `audit status` shows what each place remembers
                known = second.read(self.origin)
                if known is None or (known.size < head.size and self._had(known)):
                    second.write(head, self.origin)

    def _had(self, known: Head) -> bool:
        """Whether the log grew out of a head that is remembered. With a hint nobody has compared them yet, and what
        speaks of a fork is not written over."""
        found, log = self._writer.found, self._writer.place.bytes()
        return not found.from_hint or not broken_claims(found, [known], log)


def create_log(place: LogPlace, run: Run, domain: str, facts: dict[str, Any]) -> SealedLog:
    """A new log in a folder of its own below `place.folder`; `facts` go into its first record.

    The folder is named by the last part of the log's name, which comes from its first key. OSError of the disk arrives
    as AuditNotWritableError.
    """
    key = key_from_seed(run.random(SEED_BYTES))
    digits = origin_digits(key.public)
    origin = f"{domain}/ml/{digits}"
    own = place.within(LogFolder(place.folder.path / digits))
    try:
        for folder in own.folder.folders():
            own.files.make_folder(folder)
        write_new_file(own.files, own.folder.key, key.encode())
    except OSError as error:
        raise AuditNotWritableError(log=origin, why=error.strerror or str(error)) from error
    writer = Writer(own, run, Scan(), origin, key)
    with own.locked():
        writer.restore_ballast()
        first = {"format": FORMAT, "vkey": key.vkey(origin).text, "install": run.random(16).hex()}
        writer.write(Entry(type="log.open", d=first | facts))
        writer.save_cache()
    return SealedLog(writer)


def claims_of(place: LogPlace, chain: Chain) -> list[Head]:
    """What the log's surroundings say about its head: places that remember it, the office, its own anchors."""
    office = cosigned_heads(place.files, place.folder, chain.origin, office_keys(chain.office))
    return [*read_heads(place.second_heads, chain.origin), *office, *chain.anchors]


def _never_began(place: LogPlace, found: Scan) -> bool:
    """Whether no record was ever durable here: a crash fell into the making of the log, or there is none."""
    log = place.bytes()
    return not found.chain.size and (found.torn is not None or not any(log.size(name) for name in log.names()))


def _refuse(place: LogPlace, found: Scan) -> None:
    """Raise what makes a log read-only."""
    refuse_fault(found)
    kept = torn_bytes(place.files, place.folder)
    for error in (*broken_known_claims(place, found), *lost_torn_bytes(found.chain, kept)):
        raise error


def broken_known_claims(place: LogPlace, found: Scan) -> list[AuditError]:
    """What the surroundings of a log say about its head, and the log does not meet."""
    claims = claims_of(place, found.chain)
    if found.from_hint:  # older heads were held against the log when it was read whole
        claims = [claim for claim in claims if claim.size >= found.chain.size]
        found.roots[found.chain.size] = found.chain.frontier.root()
    return broken_claims(found, claims, place.bytes())


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
