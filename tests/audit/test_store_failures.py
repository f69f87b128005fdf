"""The end of a log on the disk, a disk that fails, and one that has no room."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meterlink.audit.fsio import Disk, File
from meterlink.audit.record import Entry
from meterlink.audit.writer import BALLAST_BYTES, FREE_BYTES
from meterlink.errors import (
    AuditNotWritableError,
    ChainBrokenError,
)
from tests.audit.logs import (
    Bench,
    contents,
    intent,
    make_log,
    outcome,
    read,
    records,
    resolve,
    verify,
    work_close,
    work_open,
)
from tests.audit.stores import NOTE, assert_goes_on, refused, replace_segment


def test_nothing_follows_the_end_of_a_log(bench: Bench) -> None:
    bench.log.append(Entry(type="log.end", d={"reason": "fork"}))
    for _ in range(3):
        with pytest.raises(AuditNotWritableError, match="ended") as caught:
            bench.log.append(read())
        assert "audit init" in caught.value.hint
        bench.reopen()
    assert bench.types() == ["log.open", "log.end"]
    assert bench.report().state == "ok"


def test_bytes_after_the_end_of_a_log_are_no_crash(bench: Bench) -> None:
    bench.log.append(Entry(type="log.end", d={"reason": "fork"}))
    replace_segment(bench, bench.last_segment().read_bytes() + b"{")
    assert bench.report().state == "tampered"
    assert isinstance(refused(bench), ChainBrokenError)


class BadDisk(Disk):
    """A disk whose appended bytes fail: `fails` is the error of the next write or sync, `room` what still fits in."""

    def __init__(self) -> None:
        super().__init__()
        self.write_fails = 0
        self.sync_fails = 0
        self.room: int | None = None
        self.free = 10**9
        self.syncs = 0

    def append_to(self, path: Path) -> File:
        return _BadFile(super().append_to(path), self)

    def overwrite(self, path: Path) -> File:
        return _BadFile(super().overwrite(path), self)

    def remove(self, path: Path) -> None:
        if self.room is not None and path.name == "ballast":
            self.room += self.size(path) or 0
        super().remove(path)

    def free_bytes(self, folder: Path) -> int:
        return self.free


class _BadFile:
    def __init__(self, file: File, disk: BadDisk) -> None:
        self._file = file
        self._disk = disk

    def write(self, data: bytes) -> int:
        disk = self._disk
        if disk.write_fails:
            raise OSError(disk.write_fails, "no")
        if disk.room is None:
            return self._file.write(data)
        if not disk.room:
            raise OSError(errno.ENOSPC, "full")
        taken = min(disk.room, len(data))
        disk.room -= taken
        return self._file.write(data[:taken])

    def sync(self) -> None:
        self._disk.syncs += 1
        if self._disk.sync_fails:
            raise OSError(self._disk.sync_fails, "no")
        self._file.sync()

    def __enter__(self) -> _BadFile:
        self._file.__enter__()
        return self

    def __exit__(self, *about: Any) -> None:
        self._file.__exit__(*about)


@pytest.fixture
def disk() -> BadDisk:
    return BadDisk()


@pytest.fixture
def on_bad_disk(tmp_path: Path, disk: BadDisk) -> Bench:
    return make_log(tmp_path / "audit", files=disk)


@pytest.mark.parametrize("what", ["write_fails", "sync_fails"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EROFS], ids=["EIO", "ENOSPC", "EROFS"])
def test_after_a_failure_nothing_more_is_written(on_bad_disk: Bench, disk: BadDisk, what: str, error: int) -> None:
    bench = on_bad_disk
    setattr(disk, what, error)
    with pytest.raises(AuditNotWritableError):
        bench.log.append(read())
    setattr(disk, what, 0)
    before = contents(bench.place.folder.path)
    for write in (lambda: bench.log.append(read()), lambda: bench.log.rotate("x"), lambda: bench.log.checkpoint()):
        with pytest.raises(AuditNotWritableError, match="earlier record") as caught:
            write()
        assert caught.value.hint
    bench.log.close()
    assert contents(bench.place.folder.path) == before
    assert_goes_on(bench)


def test_a_failed_sync_is_not_tried_again(on_bad_disk: Bench, disk: BadDisk) -> None:
    announced = on_bad_disk.log.append(intent())
    disk.sync_fails, disk.syncs = errno.ENOSPC, 0
    with pytest.raises(AuditNotWritableError):
        on_bad_disk.log.append(outcome(announced))
    assert disk.syncs == 1


def test_a_record_that_was_not_acknowledged_is_set_aside_or_adopted(on_bad_disk: Bench, disk: BadDisk) -> None:
    disk.room = 100
    with pytest.raises(AuditNotWritableError):
        on_bad_disk.log.append(read())
    disk.room = None
    log = on_bad_disk.open()
    assert on_bad_disk.types() == ["log.open", "log.recovered"]
    assert records(on_bad_disk.place.bytes())[1]["d"]["bytes"] == 100
    assert log.append(read()) == 2


@pytest.mark.parametrize("entry", [work_open(), intent()], ids=lambda entry: entry.type)
def test_without_room_no_work_begins(on_bad_disk: Bench, disk: BadDisk, entry: Entry) -> None:
    disk.free = FREE_BYTES - 1
    with pytest.raises(AuditNotWritableError, match="8 MiB must be free") as caught:
        on_bad_disk.log.append(entry)
    assert "room" in caught.value.hint
    assert on_bad_disk.types() == ["log.open"]
    disk.free = FREE_BYTES
    assert on_bad_disk.log.append(entry) == 1


@pytest.mark.parametrize("entry", [read(), outcome(0), verify(0), resolve(0), NOTE], ids=lambda entry: entry.type)
def test_without_room_what_has_happened_is_still_told(on_bad_disk: Bench, disk: BadDisk, entry: Entry) -> None:
    disk.free = 0
    assert on_bad_disk.log.append(entry) == 1


@pytest.mark.parametrize("size", [None, 10], ids=["none", "short"])
def test_before_a_work_the_ballast_is_put_back(on_bad_disk: Bench, size: int | None) -> None:
    ballast = on_bad_disk.place.folder.ballast
    ballast.unlink()
    if size is not None:
        ballast.write_bytes(bytes(size))
    on_bad_disk.log.append(read())
    assert not ballast.exists() or ballast.stat().st_size == size
    on_bad_disk.log.append(intent())
    assert ballast.stat().st_size == BALLAST_BYTES
    assert len(set(ballast.read_bytes())) == 256  # no disk swallows it


def test_without_room_and_ballast_no_work_begins(on_bad_disk: Bench, disk: BadDisk) -> None:
    on_bad_disk.place.folder.ballast.unlink()
    disk.free = FREE_BYTES - 1
    with pytest.raises(AuditNotWritableError):
        on_bad_disk.log.append(intent())
    assert not on_bad_disk.place.folder.ballast.exists()


@pytest.mark.parametrize("room", [0, 1, 200], ids=str)
@pytest.mark.parametrize("tell", [outcome, verify, resolve], ids=["outcome", "verify", "resolve"])
def test_the_ballast_is_given_up_for_what_became_of_a_write(
    on_bad_disk: Bench, disk: BadDisk, tell: Callable[[int], Entry], room: int
) -> None:
    bench, ballast = on_bad_disk, on_bad_disk.place.folder.ballast
    announced = bench.log.append(intent())
    disk.room = room
    index = bench.log.append(tell(announced))
    assert not ballast.exists()
    assert records(bench.place.bytes())[index]["d"]["of"] == announced
    assert bench.types()[2:index] == (["log.recovered"] if room else [])
    for entry in (intent(), work_open()):
        with pytest.raises(AuditNotWritableError, match="no new work"):
            bench.log.append(entry)
    assert bench.log.append(work_close()) == index + 1
    disk.room = None
    assert_goes_on(bench)
    assert ballast.stat().st_size == BALLAST_BYTES


def test_the_ballast_is_given_up_for_nothing_else(on_bad_disk: Bench, disk: BadDisk) -> None:
    disk.room = 10
    with pytest.raises(AuditNotWritableError):
        on_bad_disk.log.append(read())
    assert on_bad_disk.place.folder.ballast.exists()


def test_the_ballast_is_given_up_for_the_outcome_also_when_the_clock_has_jumped(
    on_bad_disk: Bench, disk: BadDisk
) -> None:
    announced = on_bad_disk.log.append(intent())
    disk.room = 10
    on_bad_disk.clock.wall += 3600
    index = on_bad_disk.log.append(outcome(announced))
    assert on_bad_disk.types()[index] == "outcome"


def test_a_log_is_not_made_on_a_disk_that_fails(tmp_path: Path, disk: BadDisk) -> None:
    disk.write_fails = errno.EIO
    with pytest.raises(AuditNotWritableError):
        make_log(tmp_path, files=disk)
