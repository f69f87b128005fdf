"""The sealed log beside what no log can do without: an append beside a plain write and fsync of the same bytes, a scan
beside a plain SHA-256 of the same file.

The budgets of the scan come from absolute ones (100,000 records in 3 s with the last signature, in 25 s with all): over
the 27 ms that plain SHA-256 took for such a file on the machine where they were set.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from meterlink.audit.chain import Chain, origin_digits
from meterlink.audit.folder import LogFolder
from meterlink.audit.fsio import Disk
from meterlink.audit.keys import PrivateKey, key_from_seed
from meterlink.audit.note import sign_line
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Entry, encode_record
from meterlink.audit.run import Run
from meterlink.audit.scan import Signatures, scan
from meterlink.audit.segments import SEGMENT_BYTES, segment_name
from meterlink.audit.store import SealedLog, create_log
from meterlink.audit.tree import leaf_hash

APPENDS = 300
RECORDS = 100_000
OUTCOME = Entry(
    type="outcome",
    work="W-2026-0001",
    actor="technician-7",
    d={"of": 41, "i": 3, "result": "ok", "reply": "00 0E 1F D6 11 00 ** **", "ms": 34, "tries": 1},
)


def append_over_fsync() -> tuple[float, str]:
    """By turns in one folder, so that a busy disk slows both."""
    times: dict[str, list[float]] = {"append": [], "plain": []}
    with _folder() as folder, _log(folder) as log:
        segment = next(folder.rglob("*.log"))
        plain = folder / "plain"
        for _ in range(APPENDS):
            before = segment.stat().st_size
            times["append"].append(_seconds(lambda: log.append(OUTCOME)))
            pair = b"x" * (segment.stat().st_size - before)
            times["plain"].append(_seconds(lambda data=pair: _write_and_sync(plain, data)))  # type: ignore[misc]
    ours, bare = median(times["append"]), median(times["plain"])
    worst = sorted(times["append"])[APPENDS * 99 // 100]
    return ours / bare, f"medians of {APPENDS}: {_ms(ours)} over {_ms(bare)}; 99 in 100 appends within {_ms(worst)}"


def open_over_fsync() -> tuple[float, str]:
    """Opening a log of some length with the hint that the last run left, beside one plain write and fsync."""
    with _folder() as folder, _log(folder) as log:
        for _ in range(APPENDS):
            log.append(OUTCOME)
        log.close()
        place = _place(folder / log.origin.rpartition("/")[2])
        ours = median(_seconds(lambda: SealedLog.open(place, Run.start())) for _ in range(15))
        bare = median(_seconds(lambda: _write_and_sync(folder / "plain", b"x" * 500)) for _ in range(15))
    return ours / bare, f"medians of 15: {_ms(ours)} over {_ms(bare)}"


def scan_last_over_sha256() -> tuple[float, str]:
    return _scan_over_sha256("last", RECORDS)


def scan_all_over_sha256() -> tuple[float, str]:
    return _scan_over_sha256("all", RECORDS // 10)


def _scan_over_sha256(signatures: Signatures, records: int) -> tuple[float, str]:
    log = _Memory(records)
    scanned = _seconds(lambda: scan(log, signatures=signatures))
    found = scan(log, signatures=signatures)
    assert found.chain.size == records
    hashed = min(_seconds(lambda: [hashlib.sha256(data).digest() for data in log.segments.values()]) for _ in range(5))
    return scanned / hashed, f"{records:,} records: {scanned:.2f} s over {hashed * 1000:.0f} ms"


class _Memory:
    """A log of one key in memory, as a run would have written it."""

    def __init__(self, records: int) -> None:
        self.segments: dict[str, bytes] = {}
        name, waiting = segment_name(0), bytearray()
        for index, pair in enumerate(_pairs(key_from_seed(bytes(range(32))), records)):
            if len(waiting) >= SEGMENT_BYTES:
                self.segments[name] = bytes(waiting)
                name, waiting = segment_name(index), bytearray()
            waiting += pair
        self.segments[name] = bytes(waiting)

    def names(self) -> list[str]:
        return sorted(self.segments)

    def size(self, name: str) -> int:
        return len(self.segments[name])

    def read(self, name: str, offset: int = 0) -> bytes:
        return self.segments[name][offset:]


def _pairs(key: PrivateKey, records: int) -> Iterator[bytes]:
    origin = f"bench/ml/{origin_digits(key.public)}"
    vkey, chain = key.vkey(origin), Chain()
    for n in range(records):
        entry = OUTCOME if n else Entry(type="log.open", d={"format": 1, "vkey": vkey.text})
        record = encode_record(
            entry, log=origin, n=n, prev=chain.prev, run="0" * 32, mono_ms=n, t="2026-11-21T20:00:00.000Z"
        )
        body = chain.checkpoint_after(leaf_hash(record.line), origin).body()
        signature = sign_line(vkey, key.sign, body).text.encode()
        chain.follow(record, signature, check_signature=False)
        yield record.line + b"\n" + signature + b"\n"


@contextmanager
def _folder() -> Iterator[Path]:
    """On the disk of the project: a file system in memory would sync for nothing."""
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
        yield Path(folder)


@contextmanager
def _log(folder: Path) -> Iterator[SealedLog]:
    with create_log(_place(folder), Run.start(), "bench", {}) as log:
        log.append(OUTCOME)
        yield log


def _place(folder: Path) -> LogPlace:
    return LogPlace(files=Disk(), folder=LogFolder(folder))


def _write_and_sync(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(descriptor, data)
    os.fsync(descriptor)
    os.close(descriptor)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
