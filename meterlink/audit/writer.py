"""Writing under the lock: the exact sequence that makes a record durable before anybody acts on it.

2.  What others appended meanwhile is read and verified; a log that became shorter is broken.
2a. Before the first append of a run, and after records of others, the last record is written again in place and synced:
    a failed sync in another process may have left it in memory only, and an honest log would later look as if its end
    had been cut off.
3.  A new segment when the last one is full: created, its folder synced. One that is there and empty is made anew,
    because whoever made it may have ended before its name was durable. So the name of a segment with a record is.
4.  Record and signature in one write. 5. One sync, never repeated. 6. Only then does anybody hear of the record.

Any failure on the way ends all writing by this object: whoever waits for the record must not act. The one exception is
a full disk while a record is due about what has already happened to a meter: the ballast is given up for it.

Who takes the lock, and which records are permitted when: `store.py`. Source: docs/audit-log.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from meterlink.audit.cache import encode_cache
from meterlink.audit.chain import Chain
from meterlink.audit.folder import torn_names
from meterlink.audit.fsio import DiskFullError, telling_full, write_all, write_new_file
from meterlink.audit.keys import SEED_BYTES, PrivateKey, decode_key, key_from_seed
from meterlink.audit.note import Vkey, sign_line
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Entry, Record, encode_record
from meterlink.audit.refusals import Refusals
from meterlink.audit.run import Moment, Run, told_utc
from meterlink.audit.scan import Place, Scan, Torn, refuse_fault, scan
from meterlink.audit.segments import segment_name
from meterlink.audit.tree import leaf_hash
from meterlink.errors import (
    AuditError,
    AuditFormatError,
    AuditNotWritableError,
    KeyLostError,
    NoRoomError,
    told_os_error,
)

BALLAST_BYTES: Final = 1024 * 1024
FREE_BYTES: Final = 8 * 1024 * 1024
"""Room there must be before a write to a meter is announced."""

_MIB: Final = 1024 * 1024
_WHY: Final = {
    "disk": "{error}",
    "room": "the disk has {free:.1f} MiB left, and {needed:.0f} MiB must be free before a meter is written",
    "poisoned": "an earlier record of this run could not be made durable ({why})",
    "interrupted": "the run was interrupted while a record was being written",
    "ended": "its last record says that it has ended",
    "no key": "neither key/epoch nor key/next holds the key {key} that signs its next record",
}
_DISK: Final = (
    "Make room on the disk, see to its rights and its health, then run the same command again. Nothing more is written "
    "to a meter in this run."
)
_ADVICE: Final = {
    "disk": _DISK,
    "poisoned": _DISK,
    "room": "Make room on that disk, then begin anew.",
    "ended": "Enrol a new log with `meterlink audit init --replace`.",
}
_refused: Final = Refusals(_WHY, _ADVICE)


class Writer:
    """A log at its end, ready for the next record. All its methods are called by whoever holds the lock."""

    def __init__(self, place: LogPlace, run: Run, found: Scan, origin: str, key: PrivateKey | None = None) -> None:
        self.place = place
        self.run = run
        self.found = found
        self.origin = origin
        self.poison = ""
        """Why nothing more may be written by this object."""
        self.ballast_spent = False
        self.last_moment: Moment | None = None
        """When this run wrote last."""
        self._signer: tuple[Vkey, PrivateKey] | None = None if key is None else (key.vkey(origin), key)
        self.affirmed = False
        """The last record is on the disk for good, whoever wrote it."""
        self._key_affirmed = key is not None

    @property
    def chain(self) -> Chain:
        return self.found.chain

    # --- getting ready ----------------------------------------------------------------------------------------------

    def catch_up(self, *, due: bool = False) -> None:
        """Read what other processes appended, and finish what they left half done; `due`: for a record about what
        has already happened to a meter, for which the ballast is given up."""
        try:
            self._catch_up()
        except AuditNotWritableError as error:
            if not due or not self._may_give_up_ballast(error):
                raise
            self._give_up_ballast()

    def _catch_up(self) -> None:
        if self._stands_still():
            return
        size = self.chain.size
        with self._poisoning():
            self.found = scan(self.place.bytes(), go_on=self.found)
            refuse_fault(self.found)
            if self.chain.size != size or self.found.torn is not None:
                self.settle()

    def _stands_still(self) -> bool:
        """Whether nobody appended: the last segment has the length it had, and no other may follow it yet."""
        end, place = self.found.end, self.place
        if end is None or self.found.torn is not None or end.offset >= place.segment_bytes:
            return False
        with self._poisoning():
            return place.files.size(place.folder.segment(end.segment)) == end.offset

    def settle(self) -> None:
        """After others wrote, or a crash: set torn bytes aside, take the key in force, say what was recovered."""
        self.affirmed = False
        with self._poisoning():
            key = self._due_key()  # without it nothing is touched
            if self.found.torn is not None:
                self._set_aside(self.found.torn)
            self._take_key(*key)
            self._tell_recovered()

    def affirm(self) -> None:
        """Make sure that the last record is on the disk for good, whoever wrote it."""
        if self.affirmed:
            return
        last, files, folder = self.found.last, self.place.files, self.place.folder
        with self._poisoning():
            if last is not None:
                path = folder.segment(last.segment)
                pair = files.read(path, last.offset)
                with files.write_at(path, last.offset) as file:
                    write_all(file, pair)
                    file.sync()
        self.affirmed = True

    def restore_ballast(self) -> None:
        """Put the ballast back where there is room for it; random bytes, because some disks swallow zeros."""
        files, folder = self.place.files, self.place.folder
        with self._poisoning():
            if files.size(folder.ballast) == BALLAST_BYTES or files.free_bytes(folder.path) < FREE_BYTES:
                return
            try:
                with files.overwrite(folder.ballast) as file:
                    write_all(file, self.run.random(BALLAST_BYTES))
                    file.sync()
            except DiskFullError:  # a quota, of which the file system says nothing; without ballast no work begins
                files.remove(folder.ballast)

    # --- one record -------------------------------------------------------------------------------------------------

    def write(self, entry: Entry, *, due: bool = False) -> int:
        """Make a record durable and return its index; `due` as for `catch_up`."""
        if self.chain.ended:
            raise _refused(self.origin, "ended")
        try:
            return self._write(entry)
        except AuditNotWritableError as error:
            if not due or not self._may_give_up_ballast(error):
                raise
        self._give_up_ballast()
        return self._write(entry)

    def _may_give_up_ballast(self, error: AuditNotWritableError) -> bool:
        return not self.ballast_spent and isinstance(error.__cause__, DiskFullError)

    def _write(self, entry: Entry) -> int:
        self.affirm()
        chain = self.chain
        record, now = self.encode(entry)
        chain.judge(record)  # what breaks a rule is refused before any byte is written
        with self._poisoning():
            signature = self._sign(record.line)
            pair = record.line + b"\n" + signature + b"\n"
            where = self._where_next()
            with self.place.files.append_to(self.place.folder.segment(where.segment)) as file:
                write_all(file, pair)
                file.sync()
            chain.follow(record, signature, check_signature=False)
            self.found.last, self.found.end = where, Place(segment=where.segment, offset=where.offset + len(pair))
        self.last_moment = now
        return chain.size - 1

    def encode(self, entry: Entry) -> tuple[Record, Moment]:
        """The record that would come next, and its moment; AuditFormatError when it cannot be one."""
        now = self.run.now()
        record = encode_record(
            entry,
            log=self.origin,
            n=self.chain.size,
            prev=self.chain.prev,
            run=self.run.id,
            mono_ms=self.run.mono_ms(now),
            t=told_utc(now),
        )
        return record, now

    def _sign(self, line: bytes) -> bytes:
        assert self._signer is not None  # settle() took its key, or creation gave it
        vkey, key = self._signer
        return sign_line(vkey, key.sign, self.chain.checkpoint_after(leaf_hash(line), self.origin).body()).text.encode()

    def _where_next(self) -> Place:
        """Where the next record goes; makes a new segment when it is due."""
        end, files, folder = self.found.end, self.place.files, self.place.folder
        if end is not None and 0 < end.offset < self.place.segment_bytes:
            return end
        name = segment_name(self.chain.size)
        if end is not None and not end.offset:
            files.remove(folder.segment(name))  # whoever made it may have ended before its name was durable
        with telling_full(), files.create(folder.segment(name)):
            pass
        files.sync_folder(folder.segments)
        return Place(segment=name, offset=0)

    def _give_up_ballast(self) -> None:
        """The disk is full and a record must still be written: begin anew from what is there."""
        self.ballast_spent, self.poison = True, ""
        with self._poisoning():
            self.place.files.remove(self.place.folder.ballast)
            self.found = scan(self.place.bytes(), signatures="last")
            refuse_fault(self.found)
            self.settle()

    # --- keys -------------------------------------------------------------------------------------------------------

    def change_key(self, reason: str) -> None:
        """A new key: on the disk, announced under the old one, in its place, and proven to be held."""
        key = key_from_seed(self.run.random(SEED_BYTES))
        with self._poisoning():
            self._affirm_key()
            write_new_file(self.place.files, self.place.folder.next_key, key.encode())
        self.write(Entry(type="key.rotate", d={"vkey": key.vkey(self.origin).text, "reason": reason}))
        self._put_in_force(key)
        self._open_epoch()

    def _affirm_key(self) -> None:
        """Make sure that the key in force is on the disk under its own name before key/next is written over: a failed
        sync in another process may have left its new name in memory only."""
        if not self._key_affirmed:
            assert self._signer is not None  # settle() took it
            write_new_file(self.place.files, self.place.folder.key, self._signer[1].encode())
        self._key_affirmed = True

    def _due_key(self) -> tuple[PrivateKey, str]:
        """The private key that signs next, and where it lies; KeyLostError without one."""
        due = self.chain.key
        assert due is not None  # a log that was read has its first record
        for name in ("epoch", "next"):
            key = self._read_key(name)
            if key is not None and key.public == due.public:
                return key, name
        raise KeyLostError(log=self.origin, why=_WHY["no key"].format(key=due.key_id.hex()))

    def _take_key(self, key: PrivateKey, name: str) -> None:
        """Sign with this key from now on, finishing a change of key that a crash cut off."""
        if name == "next":
            self.affirm()  # the old key may go only when key.rotate is on the disk for good, whoever wrote it
            self._put_in_force(key)
        self._key_affirmed = False
        self._signer = key.vkey(self.origin), key
        if self.chain.rotating:
            self._open_epoch()

    def _read_key(self, name: str) -> PrivateKey | None:
        path = self.place.folder.keys / name
        if self.place.files.size(path) is None:
            return None
        try:
            return decode_key(self.place.files.read(path))
        except AuditFormatError:
            return None

    def _put_in_force(self, key: PrivateKey) -> None:
        files, folder = self.place.files, self.place.folder
        with self._poisoning():
            files.replace(folder.next_key, folder.key)
            files.sync_folder(folder.keys)
        self._signer = key.vkey(self.origin), key

    def _open_epoch(self) -> None:
        """The first record under a new key: the proof that it is held."""
        key = self.chain.key
        assert key is not None  # key.rotate named it
        self.write(Entry(type="epoch.open", d={"vkey": key.text, "epoch": self.chain.epoch + 1}))

    # --- what a crash left behind -----------------------------------------------------------------------------------

    def _set_aside(self, torn: Torn) -> None:
        """Keep the bytes for good first, then cut them off."""
        files, folder = self.place.files, self.place.folder
        path = folder.torn / f"{torn.record}-{hashlib.sha256(torn.data).hexdigest()[:12]}"
        write_new_file(files, path, torn.data)  # a name of an earlier try may be in memory only, this one is new
        files.truncate(folder.segment(torn.place.segment), torn.place.offset)
        self.found.torn = None

    def _tell_recovered(self) -> None:
        """A record for every file of torn bytes that has none yet; also after a crash in the middle of recovery."""
        told = {each.file for each in self.chain.recovered}
        for name in torn_names(self.place.files, self.place.folder):
            if name not in told:
                self._tell(name, self.place.files.read(self.place.folder.torn / name))

    def _tell(self, name: str, data: bytes) -> None:
        sha256 = hashlib.sha256(data).hexdigest()
        if name.endswith(f"-{sha256[:12]}"):  # else a copy that a crash cut off; its bytes are in the log still
            self.write(Entry(type="log.recovered", d={"file": name, "bytes": len(data), "sha256": sha256}))

    # --- the hint and the poison ------------------------------------------------------------------------------------

    def save_cache(self) -> None:
        """Leave a hint for the next opening; a disk that does not take it costs a scan, nothing else."""
        if self._signer is None:
            return
        files, path = self.place.files, self.place.folder.cache
        waiting = path.with_suffix(".new")
        try:
            with files.overwrite(waiting) as file:
                write_all(file, encode_cache(self.found, self._signer[1]))
            files.replace(waiting, path)
        except OSError:
            return

    def refuse_poisoned(self) -> None:
        """AuditNotWritableError after an earlier failure."""
        if self.poison:
            raise _refused(self.origin, "poisoned", why=self.poison)

    @contextmanager
    def _poisoning(self) -> Iterator[None]:
        """Whatever fails in here, nothing more is written."""
        try:
            yield
        except AuditError as error:
            self.poison = self.poison or str(error)
            raise
        except OSError as error:
            self.poison = self.poison or told_os_error(error)
            raise _refused(self.origin, "disk", error=told_os_error(error)) from error
        except BaseException:
            self.poison = self.poison or _WHY["interrupted"]
            raise


def no_room(log: str, free_bytes: int) -> NoRoomError:
    """Too little room for a work, in words."""
    why = _WHY["room"].format(free=free_bytes / _MIB, needed=FREE_BYTES / _MIB)
    return NoRoomError(log=log, why=why, advice=_ADVICE["room"])
