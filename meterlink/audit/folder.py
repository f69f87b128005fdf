"""Where the files of one log lie, and its segments as bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from meterlink.audit.fsio import Files
from meterlink.audit.segments import segments_among

_is_torn: Final = re.compile(r"[0-9]+-[0-9a-f]{12}").fullmatch
_is_head: Final = re.compile(r"[0-9]+\.note").fullmatch


@dataclass(frozen=True)
class LogFolder:
    """The folder of a log; docs/audit-log.md says what lies where."""

    path: Path

    @cached_property
    def segments(self) -> Path:
        return self.path / "seg"

    @property
    def keys(self) -> Path:
        return self.path / "key"

    @property
    def key(self) -> Path:
        """The private key that signs the next record."""
        return self.keys / "epoch"

    @property
    def next_key(self) -> Path:
        """The private key that is about to come into force."""
        return self.keys / "next"

    @property
    def torn(self) -> Path:
        """Bytes that crashes left behind, kept for ever."""
        return self.path / "torn"

    @property
    def heads(self) -> Path:
        """Checkpoints that the office cosigned."""
        return self.path / "heads"

    @property
    def private(self) -> Path:
        """Clear values of committed fields; may be erased."""
        return self.path / "private"

    @property
    def photos(self) -> Path:
        """Attachments, named by their hash."""
        return self.path / "photos"

    @property
    def cache(self) -> Path:
        """A hint where to begin to read; may be deleted at will."""
        return self.path / "cache" / "head.json"

    @cached_property
    def lock(self) -> Path:
        """Empty, never removed."""
        return self.path / "lock"

    @property
    def ballast(self) -> Path:
        """Room that is given up so that an outcome can still be written on a full disk."""
        return self.path / "ballast"

    def folders(self) -> tuple[Path, ...]:
        """Every folder of a log."""
        return (self.segments, self.keys, self.torn, self.heads, self.private, self.photos, self.cache.parent)

    def segment(self, name: str) -> Path:
        return self.segments / name


class FolderBytes:
    """The segments of a log folder. With `sizes` only so much of each as there was when somebody looked."""

    def __init__(self, files: Files, folder: LogFolder, sizes: Mapping[str, int] | None = None) -> None:
        self._files = files
        self._folder = folder
        self._sizes = sizes

    def names(self) -> list[str]:
        return segments_among(self._files.names(self._folder.segments)) if self._sizes is None else sorted(self._sizes)

    def size(self, name: str) -> int:
        there = self._files.size(self._folder.segment(name)) or 0
        return there if self._sizes is None else min(there, self._sizes[name])

    def read(self, name: str, offset: int = 0) -> bytes:
        data = self._files.read(self._folder.segment(name), offset)
        return data if self._sizes is None else data[: max(0, self._sizes[name] - offset)]


def torn_bytes(files: Files, folder: LogFolder) -> Callable[[str], bytes | None]:
    """Gives the bytes that a crash left, by the name under which they are kept; None where there are none."""

    def read(name: str) -> bytes | None:
        path = folder.torn / name
        return None if path.parent != folder.torn or files.size(path) is None else files.read(path)

    return read


def torn_names(files: Files, folder: LogFolder) -> list[str]:
    """The names of kept bytes; whatever else lies in torn/ is none of the log's."""
    return [name for name in files.names(folder.torn) if _is_torn(name)]


def head_names(files: Files, folder: LogFolder) -> list[str]:
    """The names of cosigned heads; whatever else lies in heads/ is none of the log's."""
    return [name for name in files.names(folder.heads) if _is_head(name)]
