"""A writer of logs and bundles that shares no code with meterlink, for the tests of the one-file checker.

It knows the page `docs/audit-format.md` and signs with `cryptography`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from meterlink.audit.standalone import verify_meterlink as checker

LONG = os.environ.get("METERLINK_LONG") == "1"


def private(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"test key %d" % seed).digest())


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def key_id(name: str, kind: int, raw: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + raw).digest()[:4]


def vkey(name: str, key: Ed25519PrivateKey, kind: int = 1) -> str:
    return f"{name}+{key_id(name, kind, public(key)).hex()}+{b64(bytes([kind]) + public(key))}"


def split_at(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = split_at(len(leaves))
    return hashlib.sha256(b"\1" + root_of(leaves[:k]) + root_of(leaves[k:])).digest()


def inclusion(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split_at(len(leaves))
    if index < k:
        return [*inclusion(index, leaves[:k]), root_of(leaves[k:])]
    return [*inclusion(index - k, leaves[k:]), root_of(leaves[:k])]


def growth(old: int, leaves: list[bytes], complete: bool = True) -> list[bytes]:
    """RFC 6962 2.1.2."""
    if old == len(leaves):
        return [] if complete else [root_of(leaves)]
    k = split_at(len(leaves))
    if old <= k:
        return [*growth(old, leaves[:k], complete), root_of(leaves[k:])]
    return [*growth(old - k, leaves[k:], False), root_of(leaves[:k])]


def text_of(origin: str, leaves: list[bytes]) -> bytes:
    return f"{origin}\n{len(leaves)}\n{b64(root_of(leaves))}\n".encode()


def note_line(name: str, key: Ed25519PrivateKey, text: bytes) -> bytes:
    return f"— {name} {b64(key_id(name, 1, public(key)) + key.sign(text))}\n".encode()


def cosignature(name: str, key: Ed25519PrivateKey, text: bytes, time: int = 1767225600) -> bytes:
    signed = key.sign(f"cosignature/v1\ntime {time}\n".encode() + text)
    return f"— {name} {b64(key_id(name, 4, public(key)) + time.to_bytes(8, 'big') + signed)}\n".encode()


def canonical(record: dict[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Writer:
    """Writes a log into memory; `seed` makes another log."""

    seed: int = 0
    leaves: list[bytes] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    key_index: int = 0
    keys: list[Ed25519PrivateKey] = field(default_factory=list)
    rotations: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = [private(self.seed * 1000 + i) for i in range(12)]
        self.origin = "example.com/ml/" + hashlib.sha256(public(self.keys[0])).hexdigest()[:8]
        self.add("log.open", {"format": 1, "vkey": self.vkey(0), "install": "ab" * 16, "office": []})

    def vkey(self, index: int) -> str:
        return vkey(self.origin, self.keys[index])

    def record(self, kind: str, d: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        n = len(self.leaves)
        prev = hashlib.sha256(b"\0" + self.leaves[-1]).hexdigest() if n else "0" * 64
        head = {"v": 1, "log": self.origin, "n": n, "prev": prev, "run": "0123456789abcdef" * 2, "mono_ms": n}
        return {**head, "t": "2026-01-01T00:00:00.000Z", "type": kind, "d": d or {}, **more}

    def add(self, kind: str, d: dict[str, Any] | None = None, **more: Any) -> int:
        return self.seal(canonical(self.record(kind, d, **more)))

    def seal(self, leaf: bytes, key: Ed25519PrivateKey | None = None) -> int:
        self.leaves.append(leaf)
        text = text_of(self.origin, self.leaves)
        self.lines.append(note_line(self.origin, key or self.keys[self.key_index], text))
        return len(self.leaves) - 1

    def rotate(self) -> None:
        new = self.vkey(self.key_index + 1)
        self.rotations.append(self.add("key.rotate", {"vkey": new, "reason": "work.close"}))
        self.key_index += 1
        self.add("epoch.open", {"vkey": new, "epoch": self.key_index})

    def pairs(self) -> list[bytes]:
        return [leaf + b"\n" + line for leaf, line in zip(self.leaves, self.lines, strict=True)]

    def whole(self) -> bytes:
        return b"".join(self.pairs())

    def checkpoint(self, size: int | None = None, *cosigners: tuple[str, Ed25519PrivateKey]) -> bytes:
        size = len(self.leaves) if size is None else size
        text = text_of(self.origin, self.leaves[:size])
        return text + b"\n" + self.lines[size - 1] + b"".join(cosignature(*who, text) for who in cosigners)

    def folder(self, path: Path) -> Path:
        (path / "seg").mkdir(parents=True)
        (path / "seg" / "000000000000.log").write_bytes(self.whole())
        return path

    def proof(self, index: int, size: int, *cosigners: tuple[str, Ed25519PrivateKey]) -> bytes:
        hashes = "".join(b64(h) + "\n" for h in inclusion(index, self.leaves[:size]))
        head = f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n".encode()
        return head + self.checkpoint(size, *cosigners)

    def bundle(self, path: Path, work: str | None = None, *cosigners: tuple[str, Ed25519PrivateKey]) -> Path:
        files = {"checkpoint": self.checkpoint(None, *cosigners), "policy": b"quorum none\n"}
        for n in [0, *self.rotations]:
            files[f"chain/{n}.json"] = self.leaves[n]
            files[f"chain/{n}.tlog-proof"] = self.proof(n, n + 1)
            hashes = "".join(b64(h) + "\n" for h in growth(n + 1, self.leaves))
            files[f"chain/{n}.growth"] = f"old {n + 1}\n{hashes}\n".encode() + self.checkpoint(None, *cosigners)
        if work is None:
            files["seg/000000000000.log"] = self.whole()
            files.update(self.tiles())
        for n, leaf in enumerate(self.leaves):
            if work is not None and json.loads(leaf).get("work") == work:
                files[f"records/{n}.json"] = leaf
                files[f"records/{n}.tlog-proof"] = self.proof(n, len(self.leaves), *cosigners)
        for name, raw in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(raw)
        return path

    def tiles(self) -> dict[str, bytes]:
        files, hashes = {}, [hashlib.sha256(b"\0" + leaf).digest() for leaf in self.leaves]
        entries = [len(leaf).to_bytes(2, "big") + leaf for leaf in self.leaves]
        rows, level = [("entries", entries), ("0", hashes)], 0
        while len(hashes) >= 256:
            level += 1
            hashes = [root_of_hashes(hashes[i : i + 256]) for i in range(0, len(hashes) - 255, 256)]
            rows.append((str(level), hashes))
        for name, row in rows:
            for start in range(0, len(row), 256):
                width = min(256, len(row) - start)
                files[f"tile/{name}/{start // 256:03d}" + (f".p/{width}" if width < 256 else "")] = b"".join(
                    row[start : start + 256]
                )
        return files


def root_of_hashes(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [hashlib.sha256(b"\1" + hashes[i] + hashes[i + 1]).digest() for i in range(0, len(hashes), 2)]
    return hashes[0]


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return path


INTENT = {
    "operation": "set tariff",
    "part": 1,
    "parts": 1,
    "frames": [{"i": 0, "bytes": "00"}, {"i": 1, "bytes": "01"}],
}


def small_log(seed: int = 0) -> Writer:
    """log.open, key.rotate, epoch.open, note, note: 5 records."""
    log = Writer(seed)
    log.rotate()
    log.add("log.note", {"text": "акт «1»\n", "about": 0})
    log.add("log.note", {"text": "b"}, work="w1", actor="p1")
    return log


def working_log() -> Writer:
    """Two works, three keys, one intent with a sure outcome for each frame."""
    log = Writer()
    for work in ("w1", "w2"):
        opened = log.add("work.open", {"order": work}, work=work)
        intent = log.add("intent", INTENT, work=work)
        log.add("outcome", {"of": intent, "i": 0, "result": "ok"}, work=work)
        log.add("outcome", {"of": intent, "i": 1, "result": "no-answer"}, work=work)
        log.add("verify", {"of": intent, "found": {}, "same": True}, work=work)
        mine = list(range(opened, len(log.leaves)))
        root = b64(root_of([log.leaves[n] for n in mine]))
        log.add("work.close", {"result": "done", "records": mine, "root": root}, work=work)
        log.rotate()
    log.add("future.kind", {"x": [True, False, {}, [], -5, "é"]}, later="field")
    return log


def check(path: Path, *keys: str, heads: tuple[bytes, ...] = (), thorough: bool = True) -> checker.Report:
    trust = checker.Trust()
    checker.read_keys(trust, list(keys))
    return checker.check(str(path), trust, [("head", checker.parse_note(raw)) for raw in heads], thorough)


def check_bytes(path: Path, raw: bytes, *keys: str, thorough: bool = True) -> checker.Report:
    file = path / "000000000000.log"
    file.write_bytes(raw)
    return check(file, *keys, thorough=thorough)


def codes(report: checker.Report) -> str:
    return " | ".join(finding.what for finding in report.findings)


# The known answer of the page "The sealed-work log", chapter 5 (note and tree only; checked there with Go's x/mod).
KAT_KEY = "example.com/ml/kat+9297b50b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
KAT_OFFICE = "example.com/office/w1+57821da7+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"


def resealed(log: Writer, index: int, leaf: bytes, key: Any) -> bytes:
    """The log with one record sealed anew, the rest as it was."""
    text = text_of(log.origin, [*log.leaves[:index], leaf])
    pairs = log.pairs()
    pairs[index] = leaf + b"\n" + note_line(log.origin, key, text)
    return b"".join(pairs)
