"""Bundles for tests: exported from a small log, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meterlink.audit.bundle import bundle_of_log, bundle_of_work, collect
from meterlink.audit.keys import key_from_seed
from meterlink.audit.note import Algorithm, Checkpoint, Note, Vkey, cosign_line
from tests.audit.logs import Bench, make_log, work_close, work_open

OFFICE = key_from_seed(bytes(range(32, 64)))
OFFICE_VKEY = Vkey(name="example.com/office/w1", algorithm=Algorithm.COSIGNATURE, public=OFFICE.public)


@dataclass
class MemoryBundle:
    """The files of a bundle."""

    files: dict[str, bytes]

    def names(self) -> list[str]:
        return sorted(self.files)

    def size(self, name: str) -> int:
        return len(self.files[name])

    def read(self, name: str) -> bytes:
        return self.files[name]

    def write_to(self, folder: Path) -> Path:
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder


def three_works(folder: Path, commitments: Mapping[str, str] | None = None) -> Bench:
    """A log with works A, B and C, each closed and so under a key of its own; B commits to personal data."""
    bench = make_log(folder, segment_bytes=2_500, facts={"office": [OFFICE_VKEY.text]})
    for work in "ABC":
        entry = work_open(work)
        if work == "B" and commitments:
            entry.d["commitments"] = dict(commitments)  # type: ignore[index]
        bench.log.append(entry)
        bench.log.append(work_close(work))
    return bench


def head_of(bench: Bench) -> Note:
    return bench.log.checkpoint()


def export_work(
    bench: Bench, work: str, head: Note | None = None, private: Mapping[int, bytes] | None = None
) -> MemoryBundle:
    head = head or head_of(bench)
    size = Checkpoint.parse(head.text).size
    gathered = collect(bench.place.bytes(), size, work)
    shown = {f"private/{index}.json": data for index, data in (private or {}).items()}
    return MemoryBundle(dict(bundle_of_work(gathered, head, work, shown, "bundle.zip")))


def export_all(bench: Bench, others: Mapping[str, bytes] | None = None) -> MemoryBundle:
    head, log = bench.log.head_with_bytes()
    gathered = collect(log, Checkpoint.parse(head.text).size, None)
    return MemoryBundle(dict(bundle_of_log(gathered, head, log, others or {}, "bundle.zip")))


def cosigned(note: Note, time_s: int = 1767225600) -> Note:
    """The note with the office's cosignature below."""
    return Note(text=note.text, signatures=(*note.signatures, cosign_line(OFFICE_VKEY, OFFICE.sign, note.text, time_s)))


def first_key(bench: Bench) -> Vkey:
    """What the office has on paper."""
    key = collect(bench.place.bytes(), bench.log.size, None).found.chain.first_key
    assert key is not None
    return key
