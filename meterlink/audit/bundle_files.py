"""The files of a bundle, zipped or unpacked. All of it is hostile until it is proven, names and sizes included."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from meterlink.audit.bundle import CHECKPOINT
from meterlink.audit.segments import SEGMENT_BYTES, segments_among
from meterlink.errors import BundleError

FILE_LIMIT: Final = SEGMENT_BYTES + 65_536
"""No file of a bundle is larger than a segment can be."""

_WHY: Final = {
    "unreadable": "it cannot be read: {error}",
    "method": "it is packed in another way than bundles are",
    "name": "the name {name!r} leads out of the bundle, or stands in it twice",
}
_UNREADABLE: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError),
    *(OSError, ValueError, IndexError, OverflowError, MemoryError),
)
"""What `zipfile` raises for bytes that are no ZIP file, or one that means harm."""
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Bundle(Protocol):
    """The files of a bundle by name; a name has / between its parts."""

    def names(self) -> list[str]: ...

    def size(self, name: str) -> int: ...

    def read(self, name: str) -> bytes: ...


class ZippedBundle:
    """A ZIP file. BundleError when it is none, or holds names that are tricks."""

    def __init__(self, path: Path) -> None:
        with _telling(path.name):
            self._zip = zipfile.ZipFile(path)
        entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        names = [entry.filename for entry in entries]
        if any(entry.compress_type not in _METHODS for entry in entries):
            raise BundleError(file=path.name, why=_WHY["method"])
        seen = set[str]()
        for name in names:
            if name in seen or _leads_out(name):
                raise BundleError(file=path.name, why=_WHY["name"].format(name=name))
            seen.add(name)
        self._names = sorted(names)

    def names(self) -> list[str]:
        return self._names

    def size(self, name: str) -> int:
        return self._zip.getinfo(name).file_size

    def read(self, name: str) -> bytes:
        with _telling(name), self._zip.open(name) as file:
            return file.read(FILE_LIMIT + 1)


class UnpackedBundle:
    """The same files in a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _telling(path.name):
            self._names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())

    def names(self) -> list[str]:
        return self._names

    def size(self, name: str) -> int:
        with _telling(name):
            return (self._path / name).stat().st_size

    def read(self, name: str) -> bytes:
        with _telling(name):
            return (self._path / name).read_bytes()


def open_bundle(path: Path) -> Bundle:
    """The bundle at a path: a ZIP file, or a folder."""
    return UnpackedBundle(path) if path.is_dir() else ZippedBundle(path)


def is_bundle(path: Path) -> bool:
    """Whether a path looks like a bundle and not like a log."""
    return path.is_file() if not path.is_dir() else (path / CHECKPOINT).is_file()


class BundledLog:
    """The segments of a bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def names(self) -> list[str]:
        inside = [name.removeprefix("seg/") for name in self._bundle.names() if name.startswith("seg/")]
        return segments_among(inside)

    def size(self, name: str) -> int:
        return self._bundle.size(f"seg/{name}")

    def read(self, name: str, offset: int = 0) -> bytes:
        return self._bundle.read(f"seg/{name}")[offset:]


def _leads_out(name: str) -> bool:
    parts = name.split("/")
    return not all(parts) or bool({".", ".."} & set(parts)) or "\\" in name or ":" in name


@contextmanager
def _telling(name: str) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise BundleError(file=name, why=_WHY["unreadable"].format(error=error)) from error
