"""A log of a million records: verified in little memory, opened without being read. METERLINK_LONG=1, some minutes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from meterlink.audit.folder import FolderBytes
from meterlink.audit.fsio import Disk
from meterlink.audit.keys import key_from_seed
from meterlink.audit.record import Entry
from meterlink.audit.segments import SEGMENT_BYTES, segment_name
from meterlink.audit.store import EPOCH_RECORDS
from tests.audit.logs import Bench, make_log

RECORDS: Final = 1_000_000
MOST_MEMORY_KIB: Final = 64 * 1024
MOST_READ: Final = 1024 * 1024

pytestmark = pytest.mark.skipif(
    os.environ.get("METERLINK_LONG") != "1" or not sys.platform.startswith("linux"),
    reason="METERLINK_LONG=1 on Linux: minutes, half a gigabyte",
)

VERIFY: Final = """
import json, re, sys
from pathlib import Path
from meterlink.audit.folder import FolderBytes, LogFolder
from meterlink.audit.fsio import Disk
from meterlink.audit.verify import verify_log

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

def check(folder):
    seen = [0]
    def take(record, place):
        assert record.n == seen[0]
        seen[0] += 1
    report = verify_log(FolderBytes(Disk(), LogFolder(Path(folder))), signatures="last", seen=take)
    return {"state": report.state, "size": report.chain.size, "dense": seen[0], "segments": report.segments}

check(sys.argv[1])
before = peak()
print(json.dumps({**check(sys.argv[2]), "grown_kib": peak() - before, "before_kib": before}))
"""
"""Verifies a log of three records first, so that everything is imported, then the long one. Peaks are VmHWM, which
begins anew with a program; getrusage's ru_maxrss also holds what the parent had when it started the child."""


class CountingDisk(Disk):
    """Counts the bytes that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes_read = 0

    def read(self, path: Path, offset: int = 0) -> bytes:
        data = super().read(path, offset)
        self.bytes_read += len(data)
        return data


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Removed at once: pytest keeps its own."""
    yield tmp_path
    shutil.rmtree(tmp_path / "long", ignore_errors=True)


def test_a_million_records(folder: Path) -> None:
    short = make_log(folder / "short")
    short.log.rotate("anchor")
    files = CountingDisk()
    bench = make_log(folder / "long", files=files, segment_bytes=SEGMENT_BYTES, seed=6)
    bench.log.close()
    began = time.monotonic()
    make_long(bench)
    told = {"written_s": time.monotonic() - began}

    verified = verify(short.place.folder.path, bench.place.folder.path)
    told |= {"verified_s": verified.pop("seconds"), "grown_kib": verified["grown_kib"]}
    assert verified["state"] == "ok"
    assert (verified["size"], verified["dense"]) == (RECORDS, RECORDS)
    assert verified["grown_kib"] <= MOST_MEMORY_KIB

    for kind in ("scanned", "opened"):  # without a hint that fits, and with the one that the first opening leaves
        files.bytes_read, began = 0, time.monotonic()
        bench.open().close()
        told |= {f"{kind}_s": time.monotonic() - began, f"{kind}_bytes": files.bytes_read}
    assert told["scanned_bytes"] > 100 * MOST_READ
    assert told["opened_bytes"] <= MOST_READ
    assert bench.open().append(Entry(type="log.note", d={"text": "one more", "about": 0})) == RECORDS
    sys.stdout.write(f"{ {key: round(value, 2) for key, value in told.items()} }\n")


def verify(short: Path, long: Path) -> dict[str, Any]:
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", VERIFY, short, long], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"seconds": time.monotonic() - began}


def make_long(bench: Bench) -> None:
    """Go on behind the first record up to a million, with full segments and a change of key when it is due."""
    folder = bench.place.folder
    name, size = segment_name(0), FolderBytes(Disk(), folder).size(segment_name(0))
    segment = folder.segment(name).open("ab")
    for n, pair in enumerate(pairs(bench), 1):
        if size >= SEGMENT_BYTES:
            segment.close()
            segment, size = folder.segment(segment_name(n)).open("xb"), 0
        size += segment.write(pair)
    segment.close()


def pairs(bench: Bench) -> Iterator[bytes]:
    forger, epoch, began = bench.forger(), 0, 0
    while forger.frontier.size < RECORDS:
        n = forger.frontier.size
        if n - began >= EPOCH_RECORDS and n < RECORDS - 2:
            epoch, began = epoch + 1, n + 1
            key = key_from_seed(epoch.to_bytes(32, "big"))
            named = {"vkey": key.vkey(forger.origin).text}
            yield forger.pair("key.rotate", {**named, "reason": "records"})
            forger.key = key
            yield forger.pair("epoch.open", {**named, "epoch": epoch})
        else:
            yield forger.pair("read", {"purpose": "check", "t1_kwh": f"{n:09}.00"}, work=f"w-{n // 100}")
    assert forger.key is not None
    (bench.place.folder.key).write_bytes(forger.key.encode())
