"""The bytes of a log as its segments hold them: names, sizes, pairs, and what a crash may leave at the end.

Layout and the rule of torn ends: docs/audit-format.md 1 and 3. Not here: what a pair must say (chain.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Protocol

from meterlink.audit.record import RECORD_LIMIT

SEGMENT_BYTES: Final = 16 * 1024 * 1024
"""A segment of this length or more is full: the next record begins a new one."""
PAIR_LIMIT: Final = RECORD_LIMIT + 1024
"""No pair of record and signature is longer."""
SECTOR_BYTES: Final = 512
"""A drive writes whole sectors; what it lost comes back as zeros."""

_is_name: Final = re.compile(r"([0-9]{12})\.log").fullmatch
_prevs: Final = re.compile(rb'"prev":"([0-9a-f]{64})"').findall
_zeros: Final = re.compile(rb"\0+")


class LogBytes(Protocol):
    """Where the bytes of a log come from: a folder, a bundle, memory. May be read more than once."""

    def names(self) -> list[str]:
        """The names of its segments, in order."""

    def size(self, name: str) -> int:
        """How many bytes a segment has."""

    def read(self, name: str, offset: int = 0) -> bytes:
        """A segment from this byte to its end."""


def segment_name(first_index: int) -> str:
    """The file name of the segment that begins with this record."""
    return f"{first_index:012}.log"


def first_index(name: str) -> int | None:
    """The index of the record with which a segment begins, by its name; None for names that no segment has."""
    found = _is_name(name)
    return int(found[1]) if found else None


def segments_among(names: list[str]) -> list[str]:
    """Those of the names that are segments, in order."""
    return sorted(name for name in names if first_index(name) is not None)


def pairs(data: bytes) -> Iterator[tuple[int, bytes, bytes, int]]:
    """The whole pairs in order: where each begins, its record, its signature line, where it ends."""
    begins = 0
    while True:
        middle = data.find(b"\n", begins)
        end = data.find(b"\n", middle + 1) if middle >= 0 else -1
        if end < 0:
            return
        yield begins, data[begins:middle], data[middle + 1 : end], end + 1
        begins = end + 1


def is_torn(rest: bytes, offset: int, prev: bytes) -> bool:
    """Whether the bytes from an offset to the end of the last segment are what a crash leaves behind.

    They follow the last whole pair that is right, so they are not empty and not right themselves; `prev` is the hash of
    its record. A crash cuts one append, so a record that follows another one is none of its bytes: that one had been
    on the disk for good, and its loss is no crash.
    """
    if len(rest) > PAIR_LIMIT or any(found != prev.hex().encode() for found in _prevs(rest)):
        return False
    newlines = rest.count(b"\n")
    if newlines < 2:
        return True
    return newlines == 2 and rest.endswith(b"\n") and _has_lost_sectors(rest, offset)


def _has_lost_sectors(rest: bytes, offset: int) -> bool:
    runs = [run.span() for run in _zeros.finditer(rest)]
    edges = {0, len(rest)}
    return bool(runs) and all(edge in edges or (offset + edge) % SECTOR_BYTES == 0 for run in runs for edge in run)
