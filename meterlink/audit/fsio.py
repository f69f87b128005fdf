"""The file operations of the sealed log: these and no others, so that tests can put a failing disk in their place.

`Disk` does them on the real system. What each promises after power loss:

* `File.sync`: the bytes written through this file, or to it before, are on the disk for good. On macOS `fsync` only
  reaches the drive's memory, so F_FULLFSYNC comes first there and `fsync` only where the file system refuses it.
* `sync_folder`: names made, renamed or removed in a folder are there for good. Windows has no such call: skipped there,
  which is weaker (a crash right after a new segment or a key rotation may lose the name).
* A failed `sync` is never repeated: the system may have dropped the bytes and report success the second time.

Sources: docs/audit-log.md; fsync(2); Apple's fcntl(2).
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOCK_POLL_S: Final = 0.005

_BINARY: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
_NO_FULL_SYNC: Final = (errno.ENOTSUP, errno.EINVAL, errno.ENOTTY)
"""The file system does not know F_FULLFSYNC; any other error is a failed sync."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_OPEN_FILES_RESIST: Final = os.name == "nt"
_TRIES_WHILE_OPEN: Final = 20
_TRY_AGAIN_S: Final = 0.05
_READ_LIMIT: Final = 17 * 1024 * 1024
"""Bytes; a segment has a little more than 16 MiB at most, every other file less."""
_OWNER_ONLY: Final = 0o600
_FOLDER_OWNER_ONLY: Final = 0o700


class File(Protocol):
    """A file that is open for writing."""

    def write(self, data: bytes) -> int:
        """One call of the system; how many bytes it took."""

    def sync(self) -> None:
        """What was written is on the disk for good."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Files(Protocol):
    """The file operations of the log. All raise OSError."""

    def names(self, folder: Path) -> list[str]:
        """What a folder holds; nothing where there is no folder."""

    def size(self, path: Path) -> int | None:
        """The length of a file in bytes; None where there is none."""

    def read(self, path: Path, offset: int = 0) -> bytes:
        """A file from a byte to its end."""

    def make_folder(self, folder: Path) -> None:
        """A folder that only its owner may enter; its name is durable. Nothing happens when it is there."""

    def create(self, path: Path) -> File:
        """A new file for writing; FileExistsError when it is there."""

    def overwrite(self, path: Path) -> File:
        """A file for writing from an empty beginning, new or not."""

    def append_to(self, path: Path) -> File:
        """A file for writing at its end."""

    def write_at(self, path: Path, offset: int) -> File:
        """A file for writing over what it holds from this byte on."""

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file and make that durable."""

    def replace(self, source: Path, target: Path) -> None:
        """Rename, over what bears that name."""

    def remove(self, path: Path) -> None:
        """Delete a file; nothing happens when there is none."""

    def sync_folder(self, folder: Path) -> None:
        """What changed among the names of a folder is on the disk for good."""

    def free_bytes(self, folder: Path) -> int:
        """How much may still be written."""

    def lock(self, path: Path, timeout_s: float) -> AbstractContextManager[object]:
        """Held by one process at a time, until the context ends; TimeoutError when another one does not let go."""


class _OpenFile:
    """A file descriptor."""

    def __init__(self, path: Path, flags: int, offset: int = 0) -> None:
        self._descriptor = os.open(path, flags | os.O_WRONLY | _BINARY, _OWNER_ONLY)
        if offset:
            os.lseek(self._descriptor, offset, os.SEEK_SET)

    def write(self, data: bytes) -> int:
        return os.write(self._descriptor, data)

    def sync(self) -> None:
        durable(self._descriptor)

    def cut(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


class Disk:
    """The real files of this computer."""

    def __init__(self) -> None:
        self._locks: dict[Path, BaseFileLock] = {}

    def names(self, folder: Path) -> list[str]:
        try:
            return sorted(os.listdir(folder))
        except FileNotFoundError:
            return []

    def size(self, path: Path) -> int | None:
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return None

    def read(self, path: Path, offset: int = 0) -> bytes:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(_READ_LIMIT + 1)
        if len(data) > _READ_LIMIT:
            raise OSError(errno.EFBIG, "it is larger than any file of a log", str(path))
        return data

    def make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self.make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=_FOLDER_OWNER_ONLY)
        self.sync_folder(folder.parent)

    def create(self, path: Path) -> File:
        return _OpenFile(path, os.O_CREAT | os.O_EXCL)

    def overwrite(self, path: Path) -> File:
        return _OpenFile(path, os.O_CREAT | os.O_TRUNC)

    def append_to(self, path: Path) -> File:
        return _OpenFile(path, os.O_APPEND)

    def write_at(self, path: Path, offset: int) -> File:
        return _OpenFile(path, 0, offset)

    def truncate(self, path: Path, size: int) -> None:
        with _OpenFile(path, 0) as file:
            file.cut(size)
            file.sync()

    def replace(self, source: Path, target: Path) -> None:
        _patiently(lambda: os.replace(source, target))

    def remove(self, path: Path) -> None:
        _patiently(lambda: path.unlink(missing_ok=True))

    def sync_folder(self, folder: Path) -> None:
        if sys.platform == "win32":
            return
        descriptor = os.open(folder, os.O_RDONLY | _BINARY)
        try:
            durable(descriptor)
        finally:
            os.close(descriptor)

    def free_bytes(self, folder: Path) -> int:
        return shutil.disk_usage(folder).free

    def lock(self, path: Path, timeout_s: float) -> AbstractContextManager[object]:
        from filelock import FileLock

        if path not in self._locks:  # kept, because making one costs as much as the rest of an append
            # The soft lock of a system without locks would be a file that a crash leaves behind and anyone may remove.
            self._locks[path] = FileLock(path, mode=_OWNER_ONLY, fallback_to_soft=False, preserve_lock_file=True)
        return self._locks[path].acquire(timeout=timeout_s, poll_interval=LOCK_POLL_S)


def _patiently(change: Callable[[], None]) -> None:
    """On Windows a file that somebody is just reading, a virus scanner say, can be neither replaced nor removed."""
    for _ in range(_TRIES_WHILE_OPEN if _OPEN_FILES_RESIST else 0):
        try:
            return change()
        except PermissionError:
            Event().wait(_TRY_AGAIN_S)
    return change()


def durable(descriptor: int) -> None:
    """The bytes of this file are on the disk for good; OSError when the system does not say so."""
    full_sync = _full_sync()
    if full_sync is not None:
        try:
            full_sync(descriptor)
        except OSError as error:
            if error.errno not in _NO_FULL_SYNC:
                raise
            os.fsync(descriptor)
    else:
        os.fsync(descriptor)


def _full_sync() -> Callable[[int], object] | None:
    """What reaches the drive itself on macOS."""
    if sys.platform != "darwin":
        return None
    import fcntl

    return lambda descriptor: fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)


def write_new_file(files: Files, path: Path, data: bytes) -> None:
    """Put a whole file under a name at once: after a crash the old one or the new one is there, never half of it."""
    waiting = waiting_path(path)
    with files.overwrite(waiting) as file:
        write_all(file, data)
        file.sync()
    files.replace(waiting, path)
    files.sync_folder(path.parent)


def waiting_path(path: Path) -> Path:
    """Where a file lies until it gets its name; a crash may leave it there."""
    return path.with_name(f"{path.name}.new")


def write_all(file: File, data: bytes) -> None:
    """Write in one call; DiskFullError when the disk takes only a part of it or nothing."""
    with telling_full():
        taken = file.write(data)
    if taken != len(data):
        raise DiskFullError(errno.ENOSPC, f"the disk took {taken} of {len(data)} bytes")


@contextmanager
def telling_full() -> Iterator[None]:
    """Tell a full disk from a failing one. Never put around a sync: what a sync says may not be tried again."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(error.errno, error.strerror) from error
        raise


class DiskFullError(OSError):
    """The disk, the quota or the largest permitted file is full."""
