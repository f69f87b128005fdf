"""The file operations on the real system, and what they do on systems that are not here."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from meterlink.audit import fsio
from meterlink.audit.fsio import Disk, DiskFullError, durable, write_all, write_new_file


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which syncs were asked for."""
    calls: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append("fsync"))
    return calls


def on_macos(monkeypatch: pytest.MonkeyPatch, calls: list[str], refused: int | None = None) -> None:
    def fcntl(descriptor: int, command: int) -> int:
        calls.append(f"fcntl {command}")
        if refused is not None:
            raise OSError(refused, os.strerror(refused))
        return 0

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setitem(sys.modules, "fcntl", SimpleNamespace(fcntl=fcntl, F_FULLFSYNC=51))


def test_a_sync_is_one_fsync_where_that_reaches_the_drive(synced: list[str]) -> None:
    durable(0)
    assert synced == ["fsync"]


def test_on_macos_the_drive_itself_is_asked(monkeypatch: pytest.MonkeyPatch, synced: list[str]) -> None:
    on_macos(monkeypatch, synced)
    durable(0)
    assert synced == ["fcntl 51"]


@pytest.mark.parametrize("refused", [errno.ENOTSUP, errno.EINVAL, errno.ENOTTY])
def test_a_file_system_that_does_not_know_it_gets_the_ordinary_sync(
    monkeypatch: pytest.MonkeyPatch, synced: list[str], refused: int
) -> None:
    on_macos(monkeypatch, synced, refused)
    durable(0)
    assert synced == ["fcntl 51", "fsync"]


def test_a_failed_sync_of_the_drive_is_not_tried_in_another_way(
    monkeypatch: pytest.MonkeyPatch, synced: list[str]
) -> None:
    on_macos(monkeypatch, synced, errno.EIO)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        durable(0)
    assert synced == ["fcntl 51"]


def test_windows_has_no_sync_of_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, synced: list[str]) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    Disk().sync_folder(tmp_path)
    assert synced == []


def test_bytes_are_written_as_they_are_on_windows_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without O_BINARY Windows would write 0D 0A for 0A, and every signature would fail."""
    flags: list[int] = []
    real = os.open
    monkeypatch.setattr(fsio, "_BINARY", fsio._BINARY | 1 << 30)

    def noted(path: Path, flag: int, *mode: int) -> int:
        flags.append(flag)
        return real(path, flag & ~(1 << 30), *mode)

    monkeypatch.setattr(os, "open", noted)
    disk, path = Disk(), tmp_path / "f"
    for opened in (disk.create(path), disk.overwrite(path), disk.append_to(path), disk.write_at(path, 0)):
        with opened:
            pass
    disk.truncate(path, 0)
    assert len(flags) == 5
    assert all(flag & 1 << 30 for flag in flags)


@pytest.mark.parametrize("held", [1, 3, 19])
def test_a_file_that_somebody_reads_is_replaced_as_soon_as_it_is_let_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, held: int
) -> None:
    """As on Windows, where the reader of a file forbids its replacement."""
    waited = list[float]()
    real, left = os.replace, [held]

    def replace(source: Path, target: Path) -> None:
        if left[0]:
            left[0] -= 1
            raise PermissionError(errno.EACCES, "the file is open elsewhere")
        real(source, target)

    monkeypatch.setattr(fsio, "_OPEN_FILES_RESIST", True)
    monkeypatch.setattr(fsio, "Event", lambda: SimpleNamespace(wait=waited.append))
    monkeypatch.setattr(os, "replace", replace)
    write_new_file(Disk(), tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"new"
    assert len(waited) == held


def test_a_file_that_is_never_let_go_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def replace(source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "the file is open elsewhere")

    monkeypatch.setattr(fsio, "_OPEN_FILES_RESIST", True)
    monkeypatch.setattr(fsio, "Event", lambda: SimpleNamespace(wait=lambda seconds: None))
    monkeypatch.setattr(os, "replace", replace)
    (tmp_path / "f").write_bytes(b"old")
    with pytest.raises(PermissionError):
        write_new_file(Disk(), tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"old"


def test_a_pipe_is_no_file_of_a_log(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes with names")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        Disk().read(tmp_path / "pipe")


def test_no_file_is_read_without_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(bytes(101))
    monkeypatch.setattr(fsio, "_READ_LIMIT", 100)
    with pytest.raises(OSError, match="larger than any file of a log"):
        Disk().read(tmp_path / "f")
    assert Disk().read(tmp_path / "f", 1) == bytes(100)


def test_a_short_write_is_a_full_disk() -> None:
    class Half:
        def write(self, data: bytes) -> int:
            return len(data) // 2

    with pytest.raises(DiskFullError, match="took 2 of 4 bytes"):
        write_all(Half(), b"1234")  # type: ignore[arg-type]


def test_what_the_log_writes_is_for_its_owner_only(tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("Windows keeps rights otherwise")
    disk = Disk()
    disk.make_folder(tmp_path / "a" / "b")
    with disk.create(tmp_path / "a" / "b" / "f"):
        pass
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "b" / "f").stat().st_mode & 0o777 == 0o600
