"""What three programs say about the same bytes: ours, the Go program, and the one file that travels in bundles.

The first was written here, the second on top of x/mod, the third from the pages with the standard library alone.
Where they may differ, and nowhere else: the Go program knows no torn ends (bad for it), no private/ and no NFC.
METERLINK_LONG=1 runs every bit and every cut of a log, more of the bundles, and the large logs instead of a sample.
"""

from __future__ import annotations

import base64
import itertools
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from meterlink.audit.bundle_check import Trust, verify_bundle
from meterlink.audit.bundle_files import UnpackedBundle
from meterlink.audit.folder import FolderBytes, LogFolder
from meterlink.audit.fsio import Disk
from meterlink.audit.keys import PrivateKey
from meterlink.audit.note import Vkey
from meterlink.audit.record import Entry
from meterlink.audit.segments import segment_name
from meterlink.audit.standalone import verify_meterlink as checker
from meterlink.audit.verify import verify_log
from tests.audit.bundles import first_key
from tests.audit.logs import Forger, make_log, pairs_of
from tests.audit.strangers import ask_go

LONG: Final = os.environ.get("METERLINK_LONG") == "1"


@dataclass(frozen=True)
class Answers:
    """The words of the three programs; the Go program has only two."""

    ours: str
    standalone: str
    go: str
    roots: frozenset[str] = field(default=frozenset(), compare=False)


OK: Final = Answers("ok", "ok", "ok")
IN_DOUBT: Final = Answers("in-doubt", "in-doubt", "ok")
TORN: Final = Answers("torn", "torn", "bad")
TAMPERED: Final = Answers("tampered", "tampered", "bad")


def standalone(path: Path, key: str) -> checker.Report:
    trust = checker.Trust()
    checker.read_keys(trust, [key])
    return checker.check(str(path), trust, [])


def ask_log(folder: Path, key: str) -> Answers:
    """What the three say about the log in a folder."""
    log = FolderBytes(Disk(), LogFolder(folder))
    ours, theirs, go = verify_log(log, trusted=[Vkey.parse(key)]), standalone(folder, key), ask_go("log", folder, key)
    root = base64.b64encode(ours.chain.frontier.root()).decode()
    return Answers(ours.state, theirs.state, go.split()[0].strip(":"), frozenset({root, str(theirs.root), root_in(go)}))


def ask_bundle(folder: Path, key: str) -> Answers:
    """What the three say about an unpacked bundle."""
    ours = verify_bundle(UnpackedBundle(folder), Trust(keys=[Vkey.parse(key)]))
    theirs, go = standalone(folder, key), ask_go("bundle", folder, key)
    root = "" if ours.checkpoint is None else base64.b64encode(ours.checkpoint.root).decode()
    return Answers(ours.state, theirs.state, go.split()[0].strip(":"), frozenset({root, str(theirs.root), root_in(go)}))


def root_in(go: str) -> str:
    return go.split()[-1] if go.startswith("ok ") else "none"


def write_log(folder: Path, segments: dict[str, bytes]) -> Path:
    seg = folder / "seg"
    shutil.rmtree(seg, ignore_errors=True)
    seg.mkdir(parents=True)
    for name, data in segments.items():
        (seg / name).write_bytes(data)
    return folder


def ask_bytes(folder: Path, key: str, data: bytes) -> Answers:
    """The same of a log of one segment."""
    return ask_log(write_log(folder, {segment_name(0): data}), key)


@dataclass(frozen=True)
class Small:
    """A log of the real writer: log.open, log.note, key.rotate, epoch.open, log.note, log.note."""

    key: str
    pairs: list[bytes]
    keys: list[PrivateKey]
    """Of epoch 0, of epoch 1."""

    @property
    def data(self) -> bytes:
        return b"".join(self.pairs)

    @property
    def edges(self) -> list[int]:
        return list(itertools.accumulate(map(len, self.pairs)))

    @property
    def origin(self) -> str:
        return self.key.partition("+")[0]

    def forger(self, size: int, key: PrivateKey) -> Forger:
        """Whoever goes on behind so many records with this key."""
        forger = Forger(self.origin, key)
        for pair in self.pairs[:size]:
            forger.take(pair)
        return forger


def note(text: str) -> Entry:
    return Entry(type="log.note", d={"text": text, "about": 0})


def small_logs(folder: Path) -> tuple[Small, Small]:
    """Two logs of different keys, otherwise alike."""
    return make_small(folder / "1", 1), make_small(folder / "2", 2)


def make_small(folder: Path, seed: int) -> Small:
    bench = make_log(folder, segment_bytes=1 << 24, seed=seed)
    keys = [bench.key()]
    bench.log.append(note('акт «1»\n\t"\\'))
    bench.log.rotate("anchor")
    keys.append(bench.key())
    bench.log.append(note("2"))
    bench.log.append(note("3"))
    return Small(first_key(bench).text, pairs_of(bench.place.bytes()), keys)


def flip(path: Path, at: int, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)
