"""The head of the log, remembered in another place of this computer: it notices that an old copy was put back.

`size root` under the name `meterlink/<origin>` in the system's key ring, or in a file of the user's state folder.
Written when a work is closed. It stops naive rollback only; the office's cosignature and the printed act do the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from meterlink.audit.chain import Head
from meterlink.audit.fsio import Files, write_new_file
from meterlink.audit.strict_text import decode_hash, decode_number, encode_base64
from meterlink.errors import AuditFormatError

_SERVICE: Final = "meterlink"
_WHAT: Final = "remembered head"
_SOURCE: Final = {
    "file": "the head remembered in {path}",
    "key ring": "the head remembered in the key ring of this user",
}


class SecondHead(Protocol):
    """A place that remembers heads of logs."""

    def read(self, origin: str) -> Head | None:
        """What is remembered; None where nothing is, or nothing that can be read."""

    def write(self, head: Head, origin: str) -> None:
        """Remember; OSError when that fails."""


class HeadFile:
    """Heads in files of a folder, one for each log."""

    def __init__(self, files: Files, folder: Path) -> None:
        self._files = files
        self._folder = folder

    def path(self, origin: str) -> Path:
        """Where the head of this log stands."""
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:16]}.head"

    def read(self, origin: str) -> Head | None:
        path = self.path(origin)
        if self._files.size(path) is None:
            return None
        text = self._files.read(path).decode("utf-8", "replace")
        return _decode(text, _SOURCE["file"].format(path=path))

    def write(self, head: Head, origin: str) -> None:
        self._files.make_folder(self._folder)
        write_new_file(self._files, self.path(origin), _encode(head).encode())


class HeadInKeyRing:
    """Heads in the key ring of the system, through the package `keyring`."""

    def __init__(self, ring: Any) -> None:
        self._ring = ring

    def read(self, origin: str) -> Head | None:
        try:
            text = self._ring.get_password(_SERVICE, f"{_SERVICE}/{origin}")
        except Exception:  # noqa: BLE001  # a locked key ring remembers nothing for now
            return None
        return None if text is None else _decode(text, _SOURCE["key ring"])

    def write(self, head: Head, origin: str) -> None:
        try:
            self._ring.set_password(_SERVICE, f"{_SERVICE}/{origin}", _encode(head))
        except Exception as error:  # each key ring has errors of its own
            raise OSError(str(error)) from error


def working_key_ring() -> HeadInKeyRing | None:
    """The key ring of this user, where there is one that works."""
    try:
        import keyring  # type: ignore[import-not-found,unused-ignore]

        ring = keyring.get_keyring()
        return HeadInKeyRing(ring) if ring.priority >= 1 else None
    except Exception:  # noqa: BLE001  # a desktop without a key ring fails in as many ways as there are desktops
        return None


def read_heads(places: Sequence[SecondHead], origin: str) -> list[Head]:
    """What every place remembers of a log."""
    found = (place.read(origin) for place in places)
    return [head for head in found if head is not None]


def _encode(head: Head) -> str:
    return f"{head.size} {encode_base64(head.root)}\n"


def _decode(text: str, source: str) -> Head | None:
    size, _, root = text.strip().partition(" ")
    try:
        return Head(size=decode_number(size, what=_WHAT), root=decode_hash(root, what=_WHAT), source=source)
    except AuditFormatError:
        return None
