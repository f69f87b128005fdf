"""Do the checks bite? The log with one precaution taken away at a time, and the check that must notice each.

Mutants are made by wrapping what the real code calls, so nothing of it is copied here. `python -m tests.audit.mutants`
prints who notices what; with METERLINK_LONG=1 against the full checks.

Not among them, because no disk can tell the difference: `truncate` without its sync (the record that follows is synced
in the same file); `key/next` written in place (it is synced before key.rotate names it); a hint that is
not held against the log (one that does not fit costs a scan).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from meterlink.audit import scan, writer
from meterlink.audit.chain import Chain
from meterlink.audit.fsio import Files, write_new_file
from meterlink.audit.keys import PrivateKey, decode_key
from meterlink.audit.note import Vkey, sign_line
from meterlink.audit.record import Entry, encode_record
from meterlink.audit.segments import pairs
from meterlink.audit.store import SealedLog
from meterlink.audit.tree import leaf_hash
from meterlink.audit.verify import verify_log
from meterlink.audit.writer import Writer
from tests.audit.sim_fs import SimFile, SimFs
from tests.audit.test_failed_fsync import a_head, a_work, check_failed_sync, check_killed, check_two_at_once
from tests.audit.test_power_loss import LONG, check_power_loss, note, place_on, small_ballast, two_runs

Check = Callable[[], object]
Make = Callable[[], AbstractContextManager[object]]


# --- two checks of what nobody may write ----------------------------------------------------------------------------


def _after_two_runs() -> tuple[SimFs, list[bytes]]:
    """The disk, and each key of `key/epoch` in the order in which they were in force."""
    files, keys = SimFs(), list[bytes]()

    def told(files: SimFs, size: int) -> None:
        key = files.read(place_on(files).folder.key)
        if key not in keys:
            keys.append(key)

    with small_ballast():
        two_runs(files, told)
    return files, keys


def _state(files: SimFs) -> str:
    return verify_log(place_on(files).bytes()).state


def check_last_pair() -> int:
    """A last pair with both newlines that is not right is tampering: no byte of it may be changed."""
    files, _ = _after_two_runs()
    place = place_on(files)
    last = place.folder.segment(place.bytes().names()[-1])
    data = files.read(last)
    begins = [begin for begin, *_ in pairs(data)][-1]
    tried = 0
    for at in range(begins, len(data), 1 if LONG else 7):
        if data[at] == 0x0A:
            continue
        with files.overwrite(last) as file:
            file.write(data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :])
        assert _state(files) == "tampered", f"byte {at} of the last segment changed: {_state(files)}"
        tried += 1
    return tried


def check_old_key() -> int:
    """A next record that is right in all but one thing, that an earlier key signed, is tampering."""
    files, keys = _after_two_runs()
    place = place_on(files)
    chain = verify_log(place.bytes()).found.chain
    assert len(keys) > 2, "too few changes of key"
    last = place.folder.segment(place.bytes().names()[-1])
    whole = files.read(last)
    for i, raw in enumerate(keys):
        key = decode_key(raw)
        record = _next_record(chain)
        line = sign_line(
            key.vkey(chain.origin), key.sign, chain.checkpoint_after(leaf_hash(record), chain.origin).body()
        )
        with files.overwrite(last) as file:
            file.write(whole + record + b"\n" + line.text.encode() + b"\n")
        wanted = "in-doubt" if i == len(keys) - 1 else "tampered"
        assert _state(files) == wanted, f"a record signed by key {i} of {len(keys)}: {_state(files)}"
    return len(keys)


def _next_record(chain: Chain) -> bytes:
    made: Any = encode_record(
        note("one more"),
        log=chain.origin,
        n=chain.size,
        prev=chain.prev,
        run="0" * 32,
        mono_ms=0,
        t="2026-01-01T00:00:00.000Z",
    )
    return bytes(getattr(made, "line", made))


# --- how mutants are made -------------------------------------------------------------------------------------------


def _instead(owner: object, name: str, make: Callable[[Any], Any]) -> AbstractContextManager[object]:
    """Put what is made of the old one in its place."""
    return patch.object(owner, name, make(getattr(owner, name)))


def _skip(writer: Writer) -> None:
    pass


def _nothing(old: Callable[..., object]) -> Callable[..., None]:
    return lambda *args, **kwargs: None


def _unsynced_files(holds: Callable[[Path], bool]) -> AbstractContextManager[object]:
    """A sync of such a file does nothing."""

    def make(old: Callable[[SimFs, Path, int], None]) -> Callable[[SimFs, Path, int], None]:
        return lambda files, path, node: None if holds(path) else old(files, path, node)

    return _instead(SimFs, "sync_file", make)


def _unsynced_folder(name: str) -> AbstractContextManager[object]:
    """A sync of a folder of that name does nothing."""

    def make(old: Callable[[SimFs, Path], None]) -> Callable[[SimFs, Path], None]:
        return lambda files, folder: None if folder.name == name else old(files, folder)

    return _instead(SimFs, "sync_folder", make)


def _in_folder(name: str) -> Callable[[Path], bool]:
    return lambda path: path.parent.name == name


# --- mutants that need more than a line -----------------------------------------------------------------------------


@contextmanager
def _sync_later() -> Iterator[None]:
    """A segment is synced when it is written next."""
    due: dict[tuple[SimFs, Path], int] = {}
    write = SimFile.write

    def sync(old: Callable[[SimFs, Path, int], None]) -> Callable[[SimFs, Path, int], None]:
        def later(files: SimFs, path: Path, node: int) -> None:
            if _in_folder("seg")(path):
                due[files, path] = node
            else:
                old(files, path, node)

        return later

    old_sync = SimFs.sync_file

    def write_after_sync(file: SimFile, data: bytes) -> int:
        if (file.files, file.path) in due:
            old_sync(file.files, file.path, due.pop((file.files, file.path)))
        return write(file, data)

    with _instead(SimFs, "sync_file", sync), patch.object(SimFile, "write", write_after_sync):
        yield


@contextmanager
def _sync_again() -> Iterator[None]:
    """What fsyncgate is about: a failed sync is tried once more."""

    def make(old: Callable[[SimFile], None]) -> Callable[[SimFile], None]:
        def sync(file: SimFile) -> None:
            try:
                old(file)
            except OSError:
                old(file)

        return sync

    with _instead(SimFile, "sync", make):
        yield


@contextmanager
def _rename_first() -> Iterator[None]:
    """The new key takes the place of the old one before the record that announces it."""

    def make(old: Callable[..., int]) -> Callable[..., int]:
        def write(self: Writer, entry: Entry, **how: bool) -> int:
            if entry.type == "key.rotate":
                files, folder = self.place.files, self.place.folder
                files.replace(folder.next_key, folder.key)
                files.sync_folder(folder.keys)
            return old(self, entry, **how)

        return write

    with _instead(Writer, "write", make), _instead(SimFs, "replace", _lenient_replace):
        yield


def _lenient_replace(old: Callable[[SimFs, Path, Path], None]) -> Callable[[SimFs, Path, Path], None]:
    return lambda files, source, target: old(files, source, target) if files.size(source) is not None else None


@contextmanager
def _key_after_record() -> Iterator[None]:
    """key.rotate is written before the key that it names is on the disk."""
    held: list[tuple[Files, Path, bytes]] = []

    def hold(old: Callable[[Files, Path, bytes], None]) -> Callable[[Files, Path, bytes], None]:
        def write(files: Files, path: Path, data: bytes) -> None:
            if path.name == "next":
                held.append((files, path, data))
            else:
                old(files, path, data)

        return write

    def make(old: Callable[..., int]) -> Callable[..., int]:
        def write(self: Writer, entry: Entry, **how: bool) -> int:
            index = old(self, entry, **how)
            while entry.type == "key.rotate" and held:
                write_new_file(*held.pop())
            return index

        return write

    with _instead(writer, "write_new_file", hold), _instead(Writer, "write", make):
        yield


@contextmanager
def _two_in_one_write() -> Iterator[None]:
    """An intent and a note before it: two pairs in one write and one sync, acknowledged together."""
    held: list[tuple[SimFile, bytes]] = []
    holding: list[Files] = []

    def write(old: Callable[[SimFile, bytes], int]) -> Callable[[SimFile, bytes], int]:
        def write(file: SimFile, data: bytes) -> int:
            if not _in_folder("seg")(file.path):
                return old(file, data)
            if file.files in holding and b'"type":"log.note"' in data:
                held.append((file, data))
                return len(data)
            before = b""
            for other, first in [each for each in held if each[0].files is file.files]:
                held.remove((other, first))
                if other.path == file.path:
                    before = first
                else:
                    old(other, first)
                    other.sync()
            old(file, before + data)
            return len(data)

        return write

    def batch(old: Callable[..., int]) -> Callable[..., int]:
        def write(self: Writer, entry: Entry, **how: bool) -> int:
            if entry.type == "intent":
                self.affirm()
                holding.append(self.place.files)
                old(self, note("an intent follows"))
                holding.pop()
            return old(self, entry, **how)

        return write

    with _instead(SimFile, "write", write), _instead(Writer, "write", batch):
        yield


@contextmanager
def _signed_by_the_new_key() -> Iterator[None]:
    """key.rotate is signed by the key that it names."""
    made: list[PrivateKey] = []

    def make_key(old: Callable[[bytes], PrivateKey]) -> Callable[[bytes], PrivateKey]:
        def make(seed: bytes) -> PrivateKey:
            made.append(old(seed))
            return made[-1]

        return make

    def write(old: Callable[..., int]) -> Callable[..., int]:
        def write(self: Writer, entry: Entry, **how: bool) -> int:
            if entry.type == "key.rotate":
                self._signer = made[-1].vkey(self.origin), made[-1]
            return old(self, entry, **how)

        return write

    with _instead(writer, "key_from_seed", make_key), _instead(Writer, "write", write):
        yield


@contextmanager
def _any_epochs_key() -> Iterator[None]:
    """journald's CVE-2023-31439: the signature of any key that was ever in force is taken."""
    known: dict[bytes, Vkey] = {}

    def verify(old: Callable[..., None]) -> Callable[..., None]:
        def verify(vkey: Vkey, line: Any, text: bytes) -> None:
            known[vkey.key_id] = vkey
            old(known.get(line.key_id, vkey), line, text)

        return verify

    from meterlink.audit import chain, note as notes

    with (
        _instead(chain, "verify_signature", verify),
        _instead(notes.SignatureLine, "is_by", lambda old: lambda line, vkey: old(line, vkey) or line.key_id in known),
    ):
        yield


def _cut_first(old: Callable[..., None]) -> Callable[..., None]:
    """Torn bytes are cut off, then kept."""

    def set_aside(self: Writer, torn: Any) -> None:
        self.place.files.truncate(self.place.folder.segment(torn.place.segment), torn.place.offset)
        old(self, torn)

    return set_aside


def _cut_only(old: Callable[..., None]) -> Callable[..., None]:
    """Torn bytes are cut off, as databases do."""

    def set_aside(self: Writer, torn: Any) -> None:
        self.place.files.truncate(self.place.folder.segment(torn.place.segment), torn.place.offset)
        self.found.torn = None

    return set_aside


@contextmanager
def _builds_on_empty_segments() -> Iterator[None]:
    """A segment without a record is written on, whoever made it and however far he came."""
    kept: set[Files] = set()

    def create(old: Callable[[SimFs, Path], SimFile]) -> Callable[[SimFs, Path], SimFile]:
        def create(files: SimFs, path: Path) -> SimFile:
            if not _in_folder("seg")(path) or files.size(path) is None:
                return old(files, path)
            kept.add(files)
            return files.append_to(path)

        return create

    def sync_folder(old: Callable[[SimFs, Path], None]) -> Callable[[SimFs, Path], None]:
        def sync_folder(files: SimFs, folder: Path) -> None:
            if folder.name == "seg" and files in kept:
                kept.discard(files)
            else:
                old(files, folder)

        return sync_folder

    def remove(old: Callable[[SimFs, Path], None]) -> Callable[[SimFs, Path], None]:
        return lambda files, path: None if _in_folder("seg")(path) else old(files, path)

    with ExitStack() as stack:
        for name, make in (("create", create), ("sync_folder", sync_folder), ("remove", remove)):
            stack.enter_context(_instead(SimFs, name, make))
        yield


def _key_in_memory(old: Callable[..., None]) -> Callable[..., None]:
    """The name of the key in force is taken as durable."""
    return lambda files, path, data: None if path.name == "epoch" and files.size(path) else old(files, path, data)


def _unaffirmed_take(old: Callable[..., None]) -> Callable[..., None]:
    """The old key goes although key.rotate may be in memory only."""

    def take(self: Writer, *args: object) -> None:
        with patch.object(Writer, "affirm", _skip), patch.object(Writer, "_open_epoch", _skip):
            old(self, *args)
        if self.chain.rotating:
            self._open_epoch()

    return take


def _keeps_affirmed(old: Callable[[Writer], None]) -> Callable[[Writer], None]:
    """What others wrote is taken as durable."""

    def settle(self: Writer) -> None:
        before = self.affirmed
        writes = Writer.affirm
        if before:
            with patch.object(Writer, "affirm", lambda self: None):
                old(self)
            self.affirmed = True
        else:
            old(self)
        assert Writer.affirm is writes

    return settle


def _goes_on(old: Callable[..., None]) -> Callable[..., None]:
    """Nothing is poisoned for long."""

    def refuse(self: Writer) -> None:
        self.poison = ""

    return refuse


@contextmanager
def _no_lock() -> Iterator[None]:
    def make(old: object) -> Callable[..., AbstractContextManager[None]]:
        return lambda files, path, timeout_s: nullcontext()

    with _instead(SimFs, "lock", make):
        yield


@contextmanager
def _soft_lock() -> Iterator[None]:
    """A file that is there while somebody holds it, and stays there when he loses power."""

    def make(old: object) -> Callable[..., AbstractContextManager[None]]:
        @contextmanager
        def lock(files: SimFs, path: Path, timeout_s: float) -> Iterator[None]:
            marker = path.with_name("lock.soft")
            if files.size(marker) is not None:
                raise TimeoutError
            with files.create(marker):
                pass
            yield
            files.remove(marker)

        return lock

    with _instead(SimFs, "lock", make):
        yield


def _only_epoch(old: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, name: old(self, name) if name == "epoch" else None


def _unaffirmed_head() -> AbstractContextManager[object]:
    def make(old: Callable[[SealedLog], object]) -> Callable[[SealedLog], object]:
        def checkpoint(self: SealedLog) -> object:
            with patch.object(Writer, "affirm", lambda writer: None):
                return old(self)

        return checkpoint

    return _instead(SealedLog, "checkpoint", make)


def _lenient(old: Callable[..., bool]) -> Callable[..., bool]:
    """Whatever is wrong with the last pair is a crash."""
    return lambda rest, *args: rest.count(b"\n") <= 2


def _only_newlines(old: Callable[..., bool]) -> Callable[..., bool]:
    """Lost sectors in a pair with both newlines are called tampering."""
    return lambda rest, *args: rest.count(b"\n") < 2


# --- the table ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """What is taken away, how, and which check must notice it."""

    name: str
    make: Make
    caught_by: str


CHECKS: Final[dict[str, Check]] = {
    "power loss": partial(check_power_loss, every=1 if LONG else 60, segment_bytes=2_600),
    "failed sync": partial(check_failed_sync, crash_every=1 if LONG else 15, segment_bytes=1_500),
    "failed sync, work": partial(check_failed_sync, then=a_work, crash_every=1 if LONG else 15, segment_bytes=2_600),
    "failed sync, head": partial(check_failed_sync, then=a_head, crash_every=100, segment_bytes=1_500),
    "failed sync, neighbour": partial(check_failed_sync, early=True, crash_every=100, segment_bytes=1_500),
    "killed, neighbour": partial(
        check_killed, early=True, every=1 if LONG else 3, crash_every=1 if LONG else 100, segment_bytes=1_500
    ),
    "two at once": check_two_at_once,
    "last pair": check_last_pair,
    "old key": check_old_key,
}


def _m(name: str, caught_by: str, make: Make) -> Mutant:
    return Mutant(name=name, make=make, caught_by=caught_by)


MUTANTS: Final = (
    _m("a segment is not synced", "power loss", lambda: _unsynced_files(_in_folder("seg"))),
    _m("a segment is synced at its next write", "power loss", _sync_later),
    _m("the folder of segments is not synced", "power loss", lambda: _unsynced_folder("seg")),
    _m("the folder of keys is not synced", "power loss", lambda: _unsynced_folder("key")),
    _m("a key is not synced", "power loss", lambda: _unsynced_files(_in_folder("key"))),
    _m("the folder of the log is not synced", "power loss", lambda: _unsynced_folder("audit")),
    _m("the folder of torn bytes is not synced", "power loss", lambda: _unsynced_folder("torn")),
    _m("torn bytes are not synced", "power loss", lambda: _unsynced_files(_in_folder("torn"))),
    _m("torn bytes are cut off before they are kept", "power loss", lambda: _instead(Writer, "_set_aside", _cut_first)),
    _m("torn bytes are cut off and not kept", "power loss", lambda: _instead(Writer, "_set_aside", _cut_only)),
    _m("torn bytes are not told", "power loss", lambda: _instead(Writer, "_tell_recovered", _nothing)),
    _m("lost sectors are tampering", "power loss", lambda: _instead(scan, "is_torn", _only_newlines)),
    _m("the new key is in place before key.rotate", "power loss", _rename_first),
    _m("the new key is written after key.rotate", "power loss", _key_after_record),
    _m("key.rotate is signed by the new key", "power loss", _signed_by_the_new_key),
    _m("key/next is not looked at", "power loss", lambda: _instead(Writer, "_read_key", _only_epoch)),
    _m("two pairs in one write", "power loss", _two_in_one_write),
    _m("no re-affirmation", "failed sync", lambda: _instead(Writer, "affirm", _nothing)),
    _m("no re-affirmation before a head is shown", "failed sync, head", _unaffirmed_head),
    _m(
        "no re-affirmation of what others wrote",
        "failed sync, neighbour",
        lambda: _instead(Writer, "settle", _keeps_affirmed),
    ),
    _m("an empty segment of others is built upon", "killed, neighbour", _builds_on_empty_segments),
    _m(
        "the old key goes before key.rotate is sure",
        "failed sync",
        lambda: _instead(Writer, "_take_key", _unaffirmed_take),
    ),
    _m(
        "a key is changed that is in memory only",
        "failed sync, work",
        lambda: _instead(writer, "write_new_file", _key_in_memory),
    ),
    _m("a sync is tried again", "failed sync", _sync_again),
    _m("a run goes on after an error", "failed sync", lambda: _instead(Writer, "refuse_poisoned", _goes_on)),
    _m("no lock", "two at once", _no_lock),
    _m("a soft lock", "power loss", _soft_lock),
    _m("whatever is wrong at the end is torn", "last pair", lambda: _instead(scan, "is_torn", _lenient)),
    _m("the key of any epoch is taken", "old key", _any_epochs_key),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check said; nothing where it noticed nothing."""

    said: str
    seconds: float


def judge(mutant: Mutant | None, check: str) -> Verdict:
    """Let a check run on a mutant, or on the log as it is."""
    began, said = time.perf_counter(), ""
    with mutant.make() if mutant is not None else nullcontext():
        try:
            CHECKS[check]()
        except AssertionError as error:
            said = str(error)
    return Verdict(said=said, seconds=time.perf_counter() - began)


def print_table() -> None:
    """Who notices what."""
    out = sys.stdout.write
    for check in CHECKS:
        verdict = judge(None, check)
        out(f"{verdict.seconds:6.1f} s  {check:24} the log as it is: {verdict.said or 'nothing to say'}\n")
    for mutant in MUTANTS:
        verdict = judge(mutant, mutant.caught_by)
        out(f"{verdict.seconds:6.1f} s  {mutant.caught_by:24} {mutant.name}: {verdict.said or 'NOT NOTICED'}\n")


if __name__ == "__main__":
    print_table()
