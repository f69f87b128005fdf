"""A log that is open for appending: who may write what and when. The bytes are the writer's business (`writer.py`).

A log is opened by one run of the program and used by it alone; other runs may have the same log open and append
between. Every method takes the lock for as long as it works.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final, Self

from meterlink.audit.chain import Head, anchor_of, origin_digits
from meterlink.audit.claims import broken_claims
from meterlink.audit.doubt import Doubt
from meterlink.audit.folder import FolderBytes, LogFolder
from meterlink.audit.fsio import write_new_file
from meterlink.audit.keys import SEED_BYTES, key_from_seed
from meterlink.audit.note import Note
from meterlink.audit.open_works import OpenWork
from meterlink.audit.opening import read_known, refuse
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Entry
from meterlink.audit.refusals import Refusals
from meterlink.audit.run import Moment, Run, has_jumped
from meterlink.audit.scan import Scan, scan
from meterlink.audit.writer import BALLAST_BYTES, FREE_BYTES, Writer, no_room
from meterlink.errors import (
    AuditError,
    AuditFormatError,
    AuditNotWritableError,
    NoRoomError,
    told_os_error,
)
from meterlink.interrupts import interrupts_put_off

EPOCH_RECORDS: Final = 5_000
"""After so many records under one key the next one comes into force."""
FORMAT: Final = 1

_ABOUT_THE_PAST: Final = frozenset({"outcome", "verify", "resolve"})
"""Records about what has already happened to a meter: the ballast is given up for them, and no key changes before."""
_ENDS_EPOCH: Final = frozenset({"work.close", "anchor"})
_BEGINS_WORK: Final = frozenset({"work.open", "intent"})
_OWN: Final = frozenset({"log.open", "key.rotate", "epoch.open", "log.recovered", "clock.jump"})
_TOO_LONG_AGO: Final = "records"
_WHY: Final = {
    "spent": "the disk was full; the outcome of what had been sent was still written, and no new work may begin",
    "closed": "this run has closed it",
    "own": "only the log itself writes {type}",
    "later": "record {record} is of a later version of meterlink, and what it says of a meter is not known here",
}
_ADVICE: Final = {
    "room": "Make room on that disk, then begin anew.",
    "later": "Use the later meterlink that wrote it.",
}
_refused: Final = Refusals(_WHY, _ADVICE)


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
            refuse(place, found)
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

    @property
    def began_at(self) -> datetime:
        """When the run began that this log is open for, by its clock."""
        return self._writer.run.began_at

    def doubts_at(self, serial_number: str) -> list[Doubt]:
        """Those of them that may be about this meter."""
        return self._writer.chain.doubts.of_meter(serial_number)

    @property
    def open_works(self) -> list[OpenWork]:
        """Works that are not closed, as far as this run has seen."""
        return list(self._writer.chain.works)

    def open_works_at(self, serial_number: str) -> list[OpenWork]:
        """Works at this meter that are not closed, as far as this run has seen."""
        return self._writer.chain.works.of_meter(serial_number)

    def refuse_barred(self, serial_number: str, *works: str | None) -> None:
        """WorkOpenError where another work than these wrote to this meter and is not closed, as far as this run has
        seen."""
        for each in self._writer.chain.works.barring(serial_number, works):
            raise each.error()

    def announce(self, intents: Sequence[Entry], serial_number: str) -> list[int]:
        """Make the parts of one announcement durable, all or none, and return their indexes.

        MeterInDoubtError while an earlier frame to this meter is in doubt, whichever run sent it; WorkOpenError while
        another work that wrote to it is open.
        """
        with self._ready() as writer:
            self._begin_work()
            for doubt in writer.chain.doubts.of_meter(serial_number):
                raise doubt.error(serial_number)
            self.refuse_barred(serial_number, intents[0].work)
            for intent in intents:
                writer.encode(intent)  # what cannot be written is refused before anything is
            self._change_old_key(intents[0])
            self._note_jump(writer.last_moment)
            return [writer.write(intent) for intent in intents]

    def append(self, entry: Entry) -> int:
        """Make a record durable and return its index; AuditNotWritableError when that cannot be done."""
        if entry.type in _OWN:
            raise AuditFormatError(what="record of this log", why=_WHY["own"].format(type=entry.type))
        due = entry.type in _ABOUT_THE_PAST
        with self._ready(due=due) as writer:
            if entry.type in _BEGINS_WORK:
                self._begin_work()
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
            self._remember_head()
            writer.save_cache()

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
        """Remember the head and leave a hint for the next opening; nothing more is appended. Neither is evidence, so a
        disk or a lock that fails here fails nothing."""
        writer = self._writer
        if not self._closed and not writer.poison:
            with suppress(AuditError), writer.place.locked(writer.chain.last_run):
                if writer.last_moment is not None and writer.affirmed:
                    self._remember_head()
                writer.save_cache()
        self._closed = True

    def _head(self) -> Note:
        chain = self._writer.chain
        assert chain.signature is not None  # a log that is open has its first record
        return Note(text=chain.checkpoint().body(), signatures=(chain.signature,))

    @contextmanager
    def _ready(self, *, due: bool = False) -> Iterator[Writer]:
        """Alone with the log, at its end, and not stopped from the keyboard."""
        writer = self._writer
        if self._closed:
            raise _refused(self.origin, "closed")
        writer.refuse_poisoned()
        with writer.place.locked(writer.chain.last_run), interrupts_put_off():
            writer.catch_up(due=due)
            yield writer

    def _begin_work(self) -> None:
        """Before a meter is written nothing is taken from a hint, neither the records nor what is in doubt; the log is
        understood to its end; and there is room for what must be written afterwards."""
        writer = self._writer
        if writer.found.from_hint:
            found = scan(writer.place.bytes(), signatures="last")
            refuse(writer.place, found)
            writer.found = found
        if writer.chain.later_version is not None:
            raise _refused(self.origin, "later", record=writer.chain.later_version)
        self._look_for_room()

    def _look_for_room(self) -> None:
        writer = self._writer
        if writer.ballast_spent:
            raise NoRoomError(log=self.origin, why=_WHY["spent"], advice=_ADVICE["room"])
        writer.restore_ballast()
        files, folder = writer.place.files, writer.place.folder
        free = files.free_bytes(folder.path)
        if free < FREE_BYTES or files.size(folder.ballast) != BALLAST_BYTES:
            raise no_room(self.origin, free)

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
        self._remember_head()
        writer.save_cache()

    def _remember_head(self) -> None:
        """In the other places, where none of them remembers a longer log, or one that is not this."""
        found, log = self._writer.found, self._writer.place.bytes()
        head = Head.of(found.chain.checkpoint(), source="")
        found.roots[head.size] = head.root
        for second in self._writer.place.second_heads:
            with suppress(OSError):  # `audit status` shows what each place remembers
                known = second.read(self.origin)
                if known is None or (known.size < head.size and not broken_claims(found, [known], log)):
                    second.write(head, self.origin)


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
        raise AuditNotWritableError(log=origin, why=told_os_error(error)) from error
    writer = Writer(own, run, Scan(), origin, key)
    with own.locked():
        writer.restore_ballast()
        first = {"format": FORMAT, "vkey": key.vkey(origin).text, "install": run.random(16).hex()}
        writer.write(Entry(type="log.open", d=first | facts))
        writer.save_cache()
    return SealedLog(writer)
