"""Logs for tests: runs whose clocks and chance are given, logs on the real disk with small segments, logs in memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from meterlink.audit.canonical import encode_canonical
from meterlink.audit.chain import origin_digits
from meterlink.audit.folder import FolderBytes, LogFolder
from meterlink.audit.fsio import Disk, Files
from meterlink.audit.keys import PrivateKey, decode_key, key_from_seed
from meterlink.audit.note import Checkpoint, sign_line
from meterlink.audit.opening import claims_of
from meterlink.audit.place import LogPlace
from meterlink.audit.record import NO_RECORD, Entry
from meterlink.audit.run import Run
from meterlink.audit.scan import Signatures
from meterlink.audit.second_head import SecondHead
from meterlink.audit.segments import pairs, segment_name, segments_among
from meterlink.audit.store import SealedLog, create_log
from meterlink.audit.strict_text import encode_base64
from meterlink.audit.tree import Frontier, leaf_hash
from meterlink.audit.verify import Report, verify_log

DOMAIN: Final = "example.com"
WORK: Final = "w-17"
METER: Final = {"family": "mercury200", "serial_number": "41148612"}
OTHER_METER: Final = {"family": "mercury200", "serial_number": "00500077"}


# --- a run ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Clock:
    """The two clocks of a computer; both move by a millisecond with every look at the monotonic one."""

    wall: float = 1767225600.0
    monotonic: float = 100.0

    def read_monotonic(self) -> float:
        self.passes(0.001)
        return self.monotonic

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


def make_run(seed: int = 0, clock: Clock | None = None) -> Run:
    clock = clock or Clock()
    return Run.start(wall=lambda: clock.wall, monotonic=clock.read_monotonic, random=Random(seed).randbytes)


# --- a log on the disk ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Bench:
    """A log, its place, its clock, and as many runs as a test asks for."""

    place: LogPlace
    log: SealedLog
    clock: Clock
    runs: int = 0

    def run(self) -> Run:
        self.runs += 1
        return make_run(1000 + self.runs, self.clock)

    def open(self) -> SealedLog:
        """By another run."""
        return SealedLog.open(self.place, self.run())

    def reopen(self) -> SealedLog:
        """Close the log and open it in another run."""
        self.log.close()
        self.log = self.open()
        return self.log

    def report(self, signatures: Signatures = "all") -> Report:
        """What `audit verify` finds."""
        folder, files = self.place.folder, self.place.files

        def torn_bytes(name: str) -> bytes | None:
            path = folder.torn / name
            return None if files.size(path) is None else files.read(path)

        return verify_log(
            self.place.bytes(),
            signatures=signatures,
            claims=lambda chain: claims_of(self.place, chain),
            torn_bytes=torn_bytes,
        )

    def types(self) -> list[str]:
        """The types of all records, in order."""
        return [record["type"] for record in records(self.place.bytes())]

    def key(self, name: str = "epoch") -> PrivateKey:
        """The private key in a file."""
        return decode_key((self.place.folder.keys / name).read_bytes())

    def last_segment(self) -> Path:
        return self.place.folder.segment(self.place.bytes().names()[-1])

    def forger(self, *, size: int | None = None) -> Forger:
        """Whoever goes on behind so many records of this log, or at its end, with the key that lies there."""
        forger = Forger(self.log.origin, self.key())
        for pair in pairs_of(self.place.bytes())[:size]:
            forger.take(pair)
        return forger


def make_log(
    folder: Path,
    *,
    files: Files | None = None,
    segment_bytes: int = 4_000,
    second_heads: tuple[SecondHead, ...] = (),
    facts: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Bench:
    """A new log below a folder; the same seed gives the same keys."""
    clock = Clock()
    place = LogPlace(
        files=files or Disk(),
        folder=LogFolder(folder),
        second_heads=second_heads,
        segment_bytes=segment_bytes,
        lock_timeout_s=0.2,
    )
    log = create_log(place, make_run(seed, clock), DOMAIN, dict(facts or {}))
    own = place.within(LogFolder(folder / log.origin.rpartition("/")[2]))
    return Bench(place=own, log=log, clock=clock)


def contents(folder: Path) -> dict[str, bytes]:
    """Every name below a folder with its bytes, folders included."""
    return {
        f"{path.relative_to(folder)}": path.read_bytes() if path.is_file() else b"folder"
        for path in sorted(folder.rglob("*"))
    }


def put_back(folder: Path, copy: Mapping[str, bytes]) -> None:
    """Make a folder what it was when `contents` read it."""
    shutil.rmtree(folder)
    folder.mkdir()
    for name, data in copy.items():
        if data == b"folder":
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(data)


# --- records --------------------------------------------------------------------------------------------------------


def work_open(work: str = WORK) -> Entry:
    return Entry(type="work.open", work=work, actor="p-3", d={"order": "N-2026-11", "meter": METER})


def read(purpose: str = "before", text: str = "012345.67 кВт·ч", work: str = WORK) -> Entry:
    return Entry(type="read", work=work, actor="p-3", d={"purpose": purpose, "t1": text})


def intent(
    *frames: int, part: int = 1, parts: int = 1, meter: Mapping[str, str] | None = METER, work: str = WORK
) -> Entry:
    """An announcement of the frames with these numbers; of one frame where none is named."""
    listed = [{"i": i, "bytes": f"0a{i:02x}****", "parameter": f"tariff-{i}"} for i in frames or (0,)]
    d: dict[str, Any] = {"operation": "set tariffs", "part": part, "parts": parts, "frames": listed}
    return Entry(type="intent", work=work, actor="p-3", d=d | ({} if meter is None else {"meter": meter}))


def outcome(of: int, i: int = 0, result: str = "ok") -> Entry:
    return Entry(type="outcome", work=WORK, d={"of": of, "i": i, "result": result, "ms": 31, "tries": 1})


def verify(of: int, i: int | None = None, same: bool = True) -> Entry:
    return Entry(type="verify", work=WORK, d=_about(of, i) | {"found": "2", "same": same})


def resolve(of: int, i: int | None = None) -> Entry:
    return Entry(type="resolve", work=WORK, d=_about(of, i) | {"found": "1", "decision": "go on"})


def _about(of: int, i: int | None) -> dict[str, Any]:
    return {"of": of} | ({} if i is None else {"i": i})


def work_close(work: str = WORK) -> Entry:
    return Entry(type="work.close", work=work, actor="p-3", d={"result": "done"})


def anchor(size: int, root: bytes) -> Entry:
    return Entry(type="anchor", d={"size": size, "root": encode_base64(root), "note": f"{size}.note"})


def do_work(log: SealedLog) -> None:
    """One whole work: seven records, and the two of the change of key."""
    for entry in (work_open(), read()):
        log.append(entry)
    announced = log.append(intent())
    for entry in (outcome(announced), verify(announced), read("after"), work_close()):
        log.append(entry)


# --- bytes ----------------------------------------------------------------------------------------------------------


class MemoryBytes:
    """The segments of a log, in memory."""

    def __init__(self, segments: Mapping[str, bytes]) -> None:
        self._segments = dict(segments)

    @classmethod
    def of(cls, data: bytes) -> MemoryBytes:
        """A log of one segment."""
        return cls({segment_name(0): data})

    def names(self) -> list[str]:
        return segments_among(list(self._segments))

    def size(self, name: str) -> int:
        return len(self._segments[name])

    def read(self, name: str, offset: int = 0) -> bytes:
        return self._segments[name][offset:]


def pairs_of(log: MemoryBytes | FolderBytes) -> list[bytes]:
    """The whole pairs, newlines included."""
    data = [log.read(name) for name in log.names()]
    return [each[begins:end] for each in data for begins, _, _, end in pairs(each)]


def records(log: MemoryBytes | FolderBytes) -> list[dict[str, Any]]:
    """The records, as anybody reads them who verifies nothing."""
    return [json.loads(pair.split(b"\n")[0]) for pair in pairs_of(log)]


class Forger:
    """Makes pairs that follow each other as they should, signed with whatever key lies at hand."""

    def __init__(self, origin: str, key: PrivateKey | None = None) -> None:
        self.origin = origin
        self.key = key
        self.frontier = Frontier()
        self.prev = NO_RECORD

    def take(self, pair: bytes) -> None:
        """An honest pair comes next."""
        self.prev = leaf_hash(pair.split(b"\n")[0])
        self.frontier.push(self.prev)

    def line(self, type_: str, d: Mapping[str, Any], **fields: Any) -> bytes:
        """A record that fits in the next place, but for the fields given."""
        whole = {"v": 1, "log": self.origin, "n": self.frontier.size, "prev": self.prev.hex()}
        whole |= {"run": "5" * 32, "mono_ms": 7, "t": "2026-01-01T00:00:00.000Z", "type": type_, "d": d}
        return encode_canonical(whole | fields)

    def seal(self, line: bytes, claimed: PrivateKey | None = None) -> bytes:
        """The pair of this line, which comes next; signed with the key at hand, under the id of the claimed one."""
        assert self.key is not None
        self.prev = leaf_hash(line)
        self.frontier.push(self.prev)
        vkey = (claimed or self.key).vkey(self.origin)
        signature = sign_line(vkey, self.key.sign, self.checkpoint().body())
        return line + b"\n" + signature.text.encode() + b"\n"

    def pair(self, type_: str, d: Mapping[str, Any] | None = None, **fields: Any) -> bytes:
        return self.seal(self.line(type_, d or {}, **fields))

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(origin=self.origin, size=self.frontier.size, root=self.frontier.root())


def new_forger(seed: bytes = bytes(32)) -> Forger:
    """Whoever begins a log of his own."""
    key = key_from_seed(seed)
    return Forger(f"{DOMAIN}/ml/{origin_digits(key.public)}", key)


def renumbered(pair: bytes, **fields: Any) -> bytes:
    """The record of a pair with other fields, canonical again."""
    return encode_canonical(json.loads(pair.split(b"\n")[0]) | fields)
