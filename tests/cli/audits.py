"""The log of a user, as the tests of `audit` find and change it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from meterlink.audit.chain import Head
from meterlink.audit.home import AuditHome
from meterlink.audit.note import Algorithm, Checkpoint, Note, Vkey, cosign_line
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from tests.cli.program import run

OFFICE_SEED = bytes(range(0x20, 0x40))
OFFICE_SIGNER = Ed25519PrivateKey.from_private_bytes(OFFICE_SEED)
OFFICE = Vkey(
    name="example.com/office/w1",
    algorithm=Algorithm.COSIGNATURE,
    public=OFFICE_SIGNER.public_key().public_bytes_raw(),
)
STRANGER = "example.com/ml/kat+9297b50b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
WITH_OFFICE = ("--domain", "example.com", "--office-key", OFFICE.text)
INTENT = Entry(
    type="intent",
    work="2026-17",
    d={
        "operation": "set clock",
        "why": "order 17",
        "meter": {"family": "mercury200", "serial_number": "06925646"},
        "part": 1,
        "parts": 1,
        "confirmed": {"by": "lena", "how": "typed"},
        "frames": [{"i": 0, "bytes": "000E1F9B02****", "parameter": "clock", "old": "14:00", "new": "14:05"}],
    },
)


@dataclass(frozen=True, slots=True)
class Bench:
    """The logs of one test's user."""

    home: AuditHome

    @property
    def place(self) -> LogPlace:
        return self.home.current()

    @property
    def folder(self) -> Path:
        return self.place.folder.path

    @property
    def segment(self) -> Path:
        return self.place.folder.segment("000000000000.log")

    def append(self, *entries: Entry) -> None:
        with self.home.open(Run.start()) as log:
            for entry in entries:
                log.append(entry)

    def checkpoint(self) -> Note:
        with self.home.open(Run.start()) as log:
            return log.checkpoint()

    def lines(self) -> list[bytes]:
        return self.segment.read_bytes().splitlines(keepends=True)

    def remember(self, size: int) -> None:
        """A second head."""
        self.place.second_heads[0].write(Head(size=size, root=bytes(32), source=""), self.origin)

    @property
    def origin(self) -> str:
        return str(json.loads(self.lines()[0])["log"])


def document(*words: str) -> dict[str, Any]:
    return run("audit", *words, "--json").document


def everything_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def tamper_end(bench: Bench) -> None:
    whole = bench.segment.read_bytes()
    bench.segment.write_bytes(whole.replace(b'"result":"done"', b'"result":"dome"'))


def tamper_early(bench: Bench) -> None:
    whole = bench.segment.read_bytes()
    bench.segment.write_bytes(whole.replace(b'"program":"0', b'"program":"1'))


def tear(bench: Bench) -> None:
    with bench.segment.open("ab") as file:
        file.write(b'{"d":{"half":')


def cut(bench: Bench) -> None:
    bench.append(Entry(type="work.close", work="w", d={}))
    bench.segment.write_bytes(b"".join(bench.lines()[:-6]))


def fork(bench: Bench) -> None:
    bench.remember(3)


def doubt(bench: Bench) -> None:
    bench.append(INTENT)


def lose_key(bench: Bench) -> None:
    (bench.folder / "key" / "epoch").unlink()


def end(bench: Bench) -> None:
    bench.append(Entry(type="log.end", d={"reason": "the laptop is given away"}))


def first_key(bench: Bench) -> str:
    return str(json.loads(bench.lines()[0])["d"]["vkey"])


def cosign(bench: Bench, *, root: bytes | None = None, size: int | None = None) -> Note:
    """The office's note under heads/."""
    (bench.folder / "heads" / "3.note").unlink(missing_ok=True)
    note = bench.checkpoint()
    if root is not None or size is not None:
        head = Checkpoint.parse(note.text)
        head = Checkpoint(origin=head.origin, size=size or head.size, root=root or head.root)
        note = Note(text=head.body(), signatures=())
    line = cosign_line(OFFICE, OFFICE_SIGNER.sign, note.text, 1767225600)
    whole = Note(text=note.text, signatures=(*note.signatures, line))
    (bench.folder / "heads" / "3.note").write_bytes(whole.encode())
    return whole
