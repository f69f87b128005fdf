"""The keys of a log on the disk: changed, lost, and a change that was cut off by a crash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from meterlink.audit import store
from meterlink.audit.fsio import Disk, File
from meterlink.audit.keys import key_from_seed
from meterlink.audit.record import Entry
from meterlink.errors import (
    KeyLostError,
)
from tests.audit.logs import (
    Bench,
    anchor,
    contents,
    intent,
    make_log,
    outcome,
    pairs_of,
    read,
    records,
    resolve,
    verify,
    work_close,
    work_open,
)
from tests.audit.stores import NOTE, assert_goes_on, cut_to, forget_hint, refused, replace_segment


def test_a_change_of_key_is_told_by_the_old_key_and_proven_by_the_new_one(bench: Bench) -> None:
    old = bench.key()
    bench.log.rotate("the laptop was in repair")
    new = bench.key()
    assert new.public != old.public
    rotated, opened = records(bench.place.bytes())[1:]
    vkey_text = new.vkey(bench.log.origin).text
    assert (rotated["type"], rotated["d"]) == ("key.rotate", {"vkey": vkey_text, "reason": "the laptop was in repair"})
    assert (opened["type"], opened["d"]) == ("epoch.open", {"vkey": vkey_text, "epoch": 1})
    ids = [pair.split(b"\n")[1].split(b" ")[2][:5] for pair in pairs_of(bench.place.bytes())]
    assert ids[0] == ids[1] != ids[2]
    assert not bench.place.folder.next_key.exists()
    assert_goes_on(bench)


def test_nothing_of_the_old_key_is_left(bench: Bench) -> None:
    old = bench.place.folder.key.read_bytes()
    bench.log.rotate("test")
    assert old not in contents(bench.place.folder.path).values()


@pytest.mark.parametrize("entry", [work_close(), None], ids=["work.close", "anchor"])
def test_the_key_changes_after_a_work_and_after_an_anchor(bench: Bench, entry: Entry | None) -> None:
    entry = entry or anchor(1, bench.report().chain.frontier.root())
    bench.log.append(work_open())
    index = bench.log.append(entry)
    assert bench.types()[index:] == [entry.type, "key.rotate", "epoch.open"]
    assert records(bench.place.bytes())[-2]["d"]["reason"] == entry.type
    assert_goes_on(bench)


@pytest.mark.parametrize("entry", [work_open(), read(), intent(), NOTE], ids=lambda entry: entry.type)
def test_the_key_does_not_change_after_other_records(bench: Bench, entry: Entry) -> None:
    bench.log.append(entry)
    assert bench.types() == ["log.open", entry.type]


def test_the_key_changes_after_so_many_records(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "EPOCH_RECORDS", 5)
    for _ in range(10):
        bench.log.append(read())
    reads, change = ["read"], ["key.rotate", "epoch.open"]
    assert bench.types() == ["log.open", *reads * 4, *change, *reads * 4, *change, *reads * 2]
    assert bench.report().state == "ok"


def test_no_key_changes_between_a_write_and_what_became_of_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "EPOCH_RECORDS", 2)
    announced = bench.log.append(intent(0, 1, 2))
    for entry in (outcome(announced), verify(announced, 1), resolve(announced, 2)):
        bench.log.append(entry)
    assert bench.types() == ["log.open", "intent", "outcome", "verify", "resolve"]
    bench.log.append(read())
    assert bench.types()[5:] == ["key.rotate", "epoch.open", "read"]


def test_epochs_are_counted(bench: Bench) -> None:
    for _ in range(3):
        bench.log.rotate("test")
    assert [record["d"]["epoch"] for record in records(bench.place.bytes()) if record["type"] == "epoch.open"] == [
        1,
        2,
        3,
    ]
    assert (bench.report().chain.epoch, bench.report().chain.epoch_began) == (3, 6)


@dataclass
class Unfinished:
    """A log whose change of key a crash cut off: both keys, and how long it was before."""

    bench: Bench
    old: bytes
    new: bytes
    before: int

    def leave(self, size: int, *, epoch: bytes | None, next_: bytes | None) -> None:
        folder = self.bench.place.folder
        cut_to(self.bench, size)
        for path, key in ((folder.key, epoch), (folder.next_key, next_)):
            path.unlink(missing_ok=True)
            if key is not None:
                path.write_bytes(key)


@pytest.fixture(params=["hint from before", "hint from after", "no hint"])
def unfinished(bench: Bench, request: pytest.FixtureRequest) -> Unfinished:
    folder = bench.place.folder
    bench.log.append(read())
    bench.reopen()
    early = folder.cache.read_bytes()
    old, before = folder.key.read_bytes(), bench.log.size
    bench.log.rotate("test")
    if request.param == "hint from before":
        folder.cache.write_bytes(early)
    elif request.param == "no hint":
        forget_hint(bench)
    return Unfinished(bench=bench, old=old, new=folder.key.read_bytes(), before=before)


def test_a_next_key_that_nobody_announced_is_not_used(unfinished: Unfinished) -> None:
    unfinished.leave(unfinished.before, epoch=unfinished.old, next_=unfinished.new)
    assert_goes_on(unfinished.bench)
    assert unfinished.bench.types() == ["log.open", "read", "read"]
    assert unfinished.bench.place.folder.key.read_bytes() == unfinished.old
    unfinished.bench.open().rotate("test")
    assert unfinished.bench.place.folder.key.read_bytes() not in (unfinished.old, unfinished.new)
    assert unfinished.bench.report().state == "ok"


def test_an_announced_key_is_put_in_its_place_and_proven(unfinished: Unfinished) -> None:
    unfinished.leave(unfinished.before + 1, epoch=unfinished.old, next_=unfinished.new)
    assert_goes_on(unfinished.bench)
    assert unfinished.bench.types() == ["log.open", "read", "key.rotate", "epoch.open", "read"]
    folder = unfinished.bench.place.folder
    assert folder.key.read_bytes() == unfinished.new
    assert not folder.next_key.exists()


def test_a_key_in_its_place_is_proven(unfinished: Unfinished) -> None:
    unfinished.leave(unfinished.before + 1, epoch=unfinished.new, next_=None)
    assert_goes_on(unfinished.bench)
    assert unfinished.bench.types() == ["log.open", "read", "key.rotate", "epoch.open", "read"]


def test_a_key_in_its_place_is_proven_also_when_the_next_one_is_left_over(unfinished: Unfinished) -> None:
    unfinished.leave(unfinished.before + 1, epoch=unfinished.new, next_=unfinished.old)
    assert_goes_on(unfinished.bench)
    assert unfinished.bench.types() == ["log.open", "read", "key.rotate", "epoch.open", "read"]


class Killed(BaseException):
    """The process is gone."""


class DyingDisk(Disk):
    """A disk whose process is killed before the operation with this number. Counts only what changes the disk."""

    def __init__(self, dies_at: int | None = None) -> None:
        super().__init__()
        self.dies_at = dies_at
        self.done = 0

    def step(self) -> None:
        if self.done == self.dies_at:
            raise Killed
        self.done += 1

    def overwrite(self, path: Path) -> File:
        self.step()
        return _Watched(super().overwrite(path), self)

    def append_to(self, path: Path) -> File:
        return _Watched(super().append_to(path), self)

    def create(self, path: Path) -> File:
        self.step()
        return super().create(path)

    def replace(self, source: Path, target: Path) -> None:
        self.step()
        super().replace(source, target)

    def truncate(self, path: Path, size: int) -> None:
        self.step()
        super().truncate(path, size)


class _Watched:
    def __init__(self, file: File, disk: DyingDisk) -> None:
        self._file = file
        self._disk = disk

    def write(self, data: bytes) -> int:
        self._disk.step()
        if self._disk.done == self._disk.dies_at:
            self._file.write(data[: len(data) // 2])
        self._disk.step()
        return self._file.write(data)

    def sync(self) -> None:
        self._disk.step()
        self._file.sync()

    def __enter__(self) -> _Watched:
        self._file.__enter__()
        return self

    def __exit__(self, *about: Any) -> None:
        self._file.__exit__(*about)


def deaths(tmp_path: Path, prepare: Callable[[Bench], object], act: Callable[[Bench], object]) -> Iterator[Bench]:
    """The log as it is after the process was killed at each operation of an act, one after the other."""
    for dies_at in range(100):
        disk = DyingDisk()
        bench = make_log(tmp_path / f"{dies_at}", files=disk)
        prepare(bench)
        disk.dies_at = disk.done + dies_at
        try:
            act(bench)
        except Killed:
            disk.dies_at = None
            yield bench
        else:
            return
    pytest.fail("the act does not end")


def test_a_change_of_key_killed_at_any_operation_is_finished_or_has_not_begun(tmp_path: Path) -> None:
    ends = []
    for bench in deaths(tmp_path, lambda bench: bench.log.append(read()), lambda bench: bench.log.rotate("test")):
        log = bench.open()
        ends.append(bench.types())
        assert bench.report().state == "ok"
        log.append(read())
        log.rotate("again")
        assert_goes_on(bench)
    told = [[type_ for type_ in types if type_ != "log.recovered"] for types in ends]
    begun = ["log.open", "read"]
    finished = [*begun, "key.rotate", "epoch.open"]
    assert told == [begun] * told.count(begun) + [finished] * told.count(finished)
    assert told.count(begun) >= 4
    assert told.count(finished) >= 4
    assert len({tuple(types) for types in ends}) == 4  # two records, each whole or torn


def test_a_recovery_killed_at_any_operation_is_finished_by_the_next(tmp_path: Path) -> None:
    def tear(bench: Bench) -> None:
        bench.last_segment().write_bytes(bench.last_segment().read_bytes() + b'{"d":')

    for bench in deaths(tmp_path, tear, lambda bench: bench.open()):
        log = bench.open()
        recovered = [record["d"] for record in records(bench.place.bytes()) if record["type"] == "log.recovered"]
        assert 5 in [told["bytes"] for told in recovered]
        kept = contents(bench.place.folder.torn)
        assert {told["file"]: told["sha256"] for told in recovered} == {
            name: hashlib.sha256(data).hexdigest() for name, data in kept.items()
        }
        assert log.append(read()) == 1 + len(recovered)
        assert bench.report().state == "ok"


def test_without_the_key_in_force_the_log_is_read_only(bench: Bench) -> None:
    bench.log.append(read())
    key_id = bench.key().vkey(bench.log.origin).key_id.hex()
    bench.place.folder.key.unlink()
    error = refused(bench)
    assert isinstance(error, KeyLostError)
    assert error.state == "key-lost"
    assert key_id in str(error)
    assert bench.report().state == "ok"  # everything there is, is what was sealed


@pytest.mark.parametrize(
    "epoch", [b"", b"no key", key_from_seed(bytes(32)).encode()], ids=["empty", "no key", "of another log"]
)
@pytest.mark.parametrize(
    "next_", [None, b"", key_from_seed(bytes(range(32))).encode()], ids=["none", "empty", "another"]
)
def test_another_key_is_no_key(bench: Bench, epoch: bytes, next_: bytes | None) -> None:
    bench.place.folder.key.write_bytes(epoch)
    if next_ is not None:
        bench.place.folder.next_key.write_bytes(next_)
    assert isinstance(refused(bench), KeyLostError)


def test_an_announced_key_that_is_nowhere_is_lost(unfinished: Unfinished) -> None:
    unfinished.leave(unfinished.before + 1, epoch=unfinished.old, next_=None)
    assert isinstance(refused(unfinished.bench), KeyLostError)


def test_a_torn_log_without_its_key_is_left_as_it_is(bench: Bench) -> None:
    bench.log.append(read())
    replace_segment(bench, bench.last_segment().read_bytes() + b'{"d":')
    bench.place.folder.key.unlink()
    assert isinstance(refused(bench), KeyLostError)
