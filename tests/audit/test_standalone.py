"""The one-file checker of bundles, against logs written here by an independent writer.

The writer below knows the page `docs/audit-format.md` and signs with `cryptography`; it shares no code with the file.
METERLINK_LONG=1 runs every single bit and every cut instead of a sample.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings, strategies as st

from meterlink.audit.standalone import verify_meterlink as checker

LONG = os.environ.get("METERLINK_LONG") == "1"
SCRIPT = Path(checker.__file__)
EXIT = {"ok": 0, "in-doubt": 11}


# A writer of its own -------------------------------------------------------------------------------------------------


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


# Ed25519 -------------------------------------------------------------------------------------------------------------

# Source: Go 1.19 src/crypto/ed25519/testdata/sign.input.gz (from ed25519.cr.yp.to), lines 1-4, 11, 24; RFC 8032 7.1 has
# the first three too. Public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "e61a185bcef2613a6c7cb79763ce945d3b245d76114dd440bcf5f2dc1aa57057",
        "cbc77b",
        "d9868d52c2bebce5f3fa5a79891970f309cb6591e3e1702a70276fa97c24b3a8"
        "e58606c38c9758529da50ee31b8219cba45271c689afa60b0ea26c99db19b00c",
    ),
    (
        "31b2524b8348f7ab1dfafa675cc538e9a84e3fe5819e27c12ad8bbc1a36e4dff",
        "33d7a786aded8c1bf691",
        "28e4598c415ae9de01f03f9f3fab4e919e8bf537dd2b0cdf6e79b9e6559c9409"
        "d9151a4c40f083193937627c369488259e99da5a9f0a87497fa6696a5dd6ce08",
    ),
    (
        "fdb30673402faf1c8033714f3517e47cc0f91fe70cf3836d6c23636e3fd2287c",
        "507c94c8820d2a5793cbf3442b3d71936f35fe3afef316",
        "7ef66e5e86f2360848e0014e94880ae2920ad8a3185a46b35d1e07dea8fa8ae4"
        "f6b843ba174d99fa7986654a0891c12a794455669375bf92af4cc2770b579e0c",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_ed25519_knows_the_vectors(key: str, message: str, signature: str) -> None:
    raw, text, sealed = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert checker.ed25519_verifies(raw, text, sealed)
    assert not checker.ed25519_verifies(raw, text + b"x", sealed)
    larger = int.from_bytes(sealed[32:], "little") + checker.L
    assert not checker.ed25519_verifies(raw, text, sealed[:32] + larger.to_bytes(32, "little")), "S >= L is refused"


def openssl_verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_ed25519_agrees_with_openssl_on_good_and_bad_signatures() -> None:
    chance = random.Random(8032)
    for turn in range(40):
        key = private(turn)
        message = chance.randbytes(chance.randrange(100))
        parts = [public(key), message, key.sign(message)]
        assert checker.ed25519_verifies(*parts)
        which = chance.choice((0, 2) if not message else (0, 1, 2))
        bit = chance.randrange(8 * len(parts[which]))
        flipped = int.from_bytes(parts[which], "big") ^ 1 << bit
        parts[which] = flipped.to_bytes(len(parts[which]), "big")
        assert checker.ed25519_verifies(*parts) == openssl_verifies(*parts) is False


def test_ed25519_refuses_points_in_another_than_the_one_form() -> None:
    p = checker.P
    assert checker.decode_point((p + 1).to_bytes(32, "little")) is None, "y >= p"
    assert checker.decode_point((1 | 1 << 255).to_bytes(32, "little")) is None, "minus zero"
    assert checker.decode_point((1).to_bytes(32, "little")) == (0, 1, 1, 0)
    assert checker.decode_point((2).to_bytes(32, "little")) is None, "not on the curve"


# Tree and notes ------------------------------------------------------------------------------------------------------


def test_roots_and_proofs_are_those_of_the_recursive_definition() -> None:
    leaves = [b"%d" % n for n in range(40)]
    frontier, roots = checker.Frontier(), checker.Roots()
    for size in range(1, 41):
        frontier.push(checker.leaf_hash(leaves[size - 1]))
        roots.append(frontier.root())
        assert roots.at(size) == root_of(leaves[:size])
    assert roots.at(0) == hashlib.sha256(b"").digest()
    for size, index in itertools.combinations(range(34), 2):
        size, index = index, size
        proof = inclusion(index, leaves[:size])
        assert checker.root_by_inclusion(index, size, checker.leaf_hash(leaves[index]), proof) == root_of(leaves[:size])
        for bad in (proof[:-1], [*proof, b"x" * 32], proof[::-1]):
            if bad != proof:
                found = checker.root_by_inclusion(index, size, checker.leaf_hash(leaves[index]), bad)
                assert found != root_of(leaves[:size])


def test_growth_proofs_are_those_of_the_recursive_definition() -> None:
    leaves = [b"%d" % n for n in range(33)]
    for new in range(1, 33):
        for old in range(1, new + 1):
            proof = growth(old, leaves[:new])
            roots = root_of(leaves[:old]), root_of(leaves[:new])
            assert checker.consistent(old, new, *roots, proof)
            assert not checker.consistent(old, new, b"x" * 32, roots[1], proof)
            assert not checker.consistent(old, new, roots[0], b"x" * 32, proof)
            assert not checker.consistent(old, new, *roots, [*proof, b"x" * 32])
            assert not proof or not checker.consistent(old, new, *roots, proof[:-1])


# The known answer of the page "The sealed-work log", chapter 5 (note and tree only; checked there with Go's x/mod).
KAT_KEY = "example.com/ml/kat+9297b50b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
KAT_LEAVES = [
    b'{"d":{},"log":"example.com/ml/kat","n":0,"prev":"' + b"0" * 64 + b'","type":"log.open","v":1}',
    '{"d":{"text":"акт \\"1\\"\\n"},"log":"example.com/ml/kat","n":1,"prev":'
    '"3b70aa13dde67049a5be84931fe52465da77c47939d7bd2eb29b034266a98881","type":"note","v":1}'.encode(),
]
KAT_LINES = [
    "— example.com/ml/kat kpe1C19syzrI6qI8bvHIqqZVmbz9NH7OgJDdQ9CPIZq0MOeLYi5wGr1d3PtMRX87N5OlIg6NvksHuhpBL2S0PSOBzQA=",
    "— example.com/ml/kat kpe1CxrC2r03B0h/rXdWs7RVnJXt5WcYbrWVUuf2yAtV/Y5dLoVTbQZNmrbQP+VBtxK45JW8/UFGCivcsYlDSIcHRg0=",
]
KAT_ROOT = "WAH9e+2Z8YYDVE/LKhJCHY9WbfL+4jRtQjKwXENT274="
KAT_OFFICE = "example.com/office/w1+57821da7+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
KAT_COSIGNATURE = (
    "— example.com/office/w1 V4IdpwAAAABpVbkA2fD/eJsv4YUoxhcXblG+8jifGzEEyFQx8uXj7oqWmKZ3V6NbiVr6komnczeOVeDUfT6W"
    "eNq1e1qRORo/oVKqCQ=="
)


def test_the_known_answer_for_note_and_tree() -> None:
    key, frontier = checker.parse_vkey(KAT_KEY), checker.Frontier()
    for size, (leaf, line) in enumerate(zip(KAT_LEAVES, KAT_LINES, strict=True), 1):
        frontier.push(checker.leaf_hash(leaf))
        text = checker.checkpoint_text("example.com/ml/kat", size, frontier.root())
        _, payload = checker.parse_signature_line(line)
        assert checker.log_signature_verifies(key, text, payload)
        assert not checker.log_signature_verifies(key, text + b"x", payload)
    assert b64(frontier.root()) == KAT_ROOT
    assert key.vkey == KAT_KEY
    note = checker.parse_note(f"example.com/ml/kat\n2\n{KAT_ROOT}\n\n{KAT_LINES[1]}\n{KAT_COSIGNATURE}\n".encode())
    office = checker.parse_vkey(KAT_OFFICE)
    assert checker.cosigned(note, office, "kat")
    assert not checker.cosigned(note, checker.parse_vkey(vkey("w", private(1), 4)), "kat")
    with pytest.raises(checker.WrongError, match="does not verify"):
        checker.cosigned(note._replace(text=note.text + b"x"), office, "kat")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a+b+c",
        "a+00000000+AA==",
        KAT_KEY + "A",
        KAT_KEY[:-1],
        " " + KAT_KEY,
        "\udc80+a+AAAA",
        KAT_KEY.replace("9297b50b", "9297b50c"),
        KAT_KEY.replace("9297b50b", "9297B50B"),
        KAT_KEY.replace("/kat", "/kat2"),
        f"a+{key_id('a', 1, bytes([2] + 31 * [0])).hex()}+{b64(bytes([1, 2] + 31 * [0]))}",
        f"a+{key_id('a', 1, bytes(31)).hex()}+{b64(bytes(32))}",
        f"a+{key_id('a', 2, bytes(32)).hex()}+{b64(bytes([2] + 32 * [0]))}",
    ],
)
def test_a_vkey_in_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(checker.WrongError):
        checker.parse_vkey(text)


KAT_NOTE = f"example.com/ml/kat\n2\n{KAT_ROOT}\n\n{KAT_LINES[1]}\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n2\n", "\n02\n"),
        ("\n2\n", "\n-2\n"),
        ("\n2\n", "\n2\nextension\n"),
        ("\n2\n", "\n"),
        (KAT_ROOT, b64(bytes(31))),
        (KAT_ROOT, KAT_ROOT[:-1]),
        ("\n\n", "\n"),
        ("\n\n", "\n\n\n"),
        ("example.com/ml/kat\n", "example.com/ml/k+t\n"),
        ("example.com/ml/kat\n", "\n"),
        ("example.com/ml/kat\n", "example.com/ml/k\tt\n"),
        ("=\n\n— ", "=\n\n- "),
        ("=\n\n— ", "=\n\n—  "),
        (KAT_LINES[1][-9:], KAT_LINES[1][-9:-1]),
        (KAT_LINES[1].split()[2], "AAAA"),
        (KAT_LINES[1].split()[2] + "\n", KAT_LINES[1].split()[2]),
    ],
)
def test_a_checkpoint_in_any_other_form_is_refused(old: str, new: str) -> None:
    assert checker.parse_note(KAT_NOTE.encode()).size == 2
    assert KAT_NOTE.count(old)
    with pytest.raises(checker.WrongError):
        checker.parse_note(KAT_NOTE.replace(old, new, 1).encode())


# Good logs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thorough", [True, False])
def test_a_good_log_is_ok(tmp_path: Path, thorough: bool) -> None:
    log = working_log()
    report = check(log.folder(tmp_path / "log"), log.vkey(0), thorough=thorough)
    assert report.findings == []
    assert (report.state, report.log, report.size) == ("ok", log.origin, len(log.leaves))
    assert report.root == b64(root_of(log.leaves))
    assert report.key == log.vkey(2)
    assert any("quick look" in line for line in report.checked) is not thorough
    assert any("future.kind" in note for note in report.notes)


def test_every_beginning_of_a_log_is_a_good_log(tmp_path: Path) -> None:
    log, size = working_log(), 0
    for pair in log.pairs():
        size += len(pair)
        report = check_bytes(tmp_path, log.whole()[:size], log.vkey(0))
        assert report.state in ("ok", "in-doubt")


def test_without_a_key_the_first_key_is_shown_loudly(tmp_path: Path) -> None:
    log = small_log()
    report = check(log.folder(tmp_path / "log"))
    assert report.state == "ok"
    assert "ATTENTION" in report.notes[-1]
    assert log.vkey(0) in report.notes[-1]


def test_a_later_key_in_force_will_do_but_not_one_only_named(tmp_path: Path) -> None:
    log = small_log()
    assert check_bytes(tmp_path, log.whole(), log.vkey(1)).state == "ok"
    named_only = b"".join(log.pairs()[:2])
    assert check_bytes(tmp_path, named_only, log.vkey(0)).state == "ok"
    assert check_bytes(tmp_path, named_only, log.vkey(1)).state == "tampered", "it has signed nothing yet"


def test_segments_of_the_real_size(tmp_path: Path) -> None:
    log, seg = Writer(), tmp_path / "seg"
    seg.mkdir()
    key, size, names = log.keys[0], len(log.pairs()[0]), ["000000000000.log"]
    files = {names[0]: [log.pairs()[0]]}
    frontier = checker.Frontier()  # the recursive definition would take minutes here
    frontier.push(checker.leaf_hash(log.leaves[0]))
    for n in range(1, 530):
        if size >= 16 * 1024 * 1024:
            size = 0
            names.append(f"{n:012d}.log")
            files[names[-1]] = []
        leaf = canonical({**log.record("log.note", {"text": "x" * 32000}), "n": n})
        log.leaves[0] = leaf  # `record` takes the hash of the last one
        frontier.push(checker.leaf_hash(leaf))
        text = f"{log.origin}\n{n + 1}\n{b64(frontier.root())}\n".encode()
        files[names[-1]].append(leaf + b"\n" + note_line(log.origin, key, text))
        size += len(files[names[-1]][-1])
    for name, pairs in files.items():
        (seg / name).write_bytes(b"".join(pairs))
    assert len(names) == 2
    assert check(tmp_path, log.vkey(0), thorough=False).state == "ok"
    (seg / names[1]).rename(seg / "000000000007.log")
    assert "promises record 7" in codes(check(tmp_path, thorough=False))
    whole = (seg / names[0]).read_bytes() + (seg / "000000000007.log").read_bytes()
    assert "already has 16777216 bytes" in codes(check_bytes(tmp_path, whole, thorough=False))


def split(log: Writer, folder: Path, cuts: tuple[int, ...]) -> Path:
    (folder / "seg").mkdir(parents=True)
    edges = (0, *cuts, len(log.leaves))
    for start, end in itertools.pairwise(edges):
        (folder / "seg" / f"{start:012d}.log").write_bytes(b"".join(log.pairs()[start:end]))
    return folder


def test_segments_of_any_shorter_size_join(tmp_path: Path) -> None:
    log = small_log()
    folder = split(log, tmp_path / "log", (2, 4))
    assert check(folder, log.vkey(0)).findings == []
    (folder / "seg" / "000000000002.log").unlink()
    assert check(folder).state == "tampered"


def test_a_segment_just_begun_may_be_empty_but_no_log(tmp_path: Path) -> None:
    log = small_log()
    assert check(split(log, tmp_path / "log", (5,))).state == "ok"
    assert check(split(log, tmp_path / "more", (3, 5))).state == "ok"
    for raw in (b"", log.pairs()[0][:-1], log.pairs()[0][:40]):
        assert check_bytes(tmp_path, raw).state == "tampered"
    (tmp_path / "none" / "seg").mkdir(parents=True)
    assert "holds no segment" in codes(check(tmp_path / "none"))


# Torn and in doubt ---------------------------------------------------------------------------------------------------


def state_after_cut(log: Writer, length: int) -> str:
    edges = list(itertools.accumulate(map(len, log.pairs())))
    return "ok" if length in edges else "torn" if length > edges[0] else "tampered"


def test_a_cut_leaves_whole_records_and_a_torn_rest(tmp_path: Path) -> None:
    log = small_log()
    raw = log.whole()
    for length in range(0, len(raw), 1 if LONG else 7):
        report = check_bytes(tmp_path, raw[:length])
        assert report.state == state_after_cut(log, length), length
    head = (log.checkpoint(),)
    file = tmp_path / "000000000000.log"
    for length in range(len(log.pairs()[0]), len(raw), 1 if LONG else 211):
        file.write_bytes(raw[:length])
        assert check(file, heads=head).state == "behind"


def test_a_torn_tail_is_named_with_place_and_count(tmp_path: Path) -> None:
    log = small_log()
    start = sum(map(len, log.pairs()[:-1]))
    report = check_bytes(tmp_path, log.whole()[:-10])
    finding = report.findings[0]
    assert (finding.state, finding.record, finding.segment, finding.offset) == (
        "torn",
        4,
        "seg/000000000000.log",
        start,
    )
    assert f"The last {len(log.pairs()[-1]) - 10} bytes" in finding.what
    assert report.size == 4


def test_only_zeros_between_sector_edges_are_torn(tmp_path: Path) -> None:
    log = small_log()
    log.add("log.note", {"text": "x" * 1500})
    raw, start = log.whole(), sum(map(len, log.pairs()[:-1]))
    edge = -(-start // 512) * 512
    assert len(raw) - 150 > edge + 512

    def zeroed(a: int, b: int) -> str:
        return check_bytes(tmp_path, raw[:a] + bytes(b - a) + raw[b:]).state

    assert zeroed(edge, edge + 512) == "torn"
    assert zeroed(start, edge) == "torn"
    assert zeroed(edge + 512, len(raw)) == "torn"
    assert zeroed(edge + 1, edge + 512) == "tampered"
    assert zeroed(edge, edge + 511) == "tampered"
    assert zeroed(512, 1024) == "tampered", "not in the last pair"


def test_a_crash_leaves_one_record_of_a_pairs_length(tmp_path: Path) -> None:
    log = small_log()
    whole, last = b"".join(log.pairs()[:4]), log.pairs()[4]
    line = log.leaves[4]

    def state(rest: bytes) -> str:
        return check_bytes(tmp_path, whole + rest).state

    assert state(last[:-1]) == "torn"
    assert state(b"x" * 33792) == "torn"
    assert state(b"x" * 33793) == "tampered"
    assert state(line + line) == "torn", "both follow the last whole record"
    after = canonical(log.record("log.note"))
    assert state(line + after) == "tampered", "what had a successor was never cut"
    assert state(line + b"\n" + after) == "tampered"
    assert state(b"\0" + log.leaves[3]) == "tampered"
    assert state(last.replace(b"\n", b" ") + log.leaves[2]) == "tampered"
    assert state(line + after.replace(b'"prev":"', b'"prev":"x')) == "torn"
    log.add("log.note", {"text": "x" * 1500})
    start, raw = len(b"".join(log.pairs()[:4])), log.whole()
    zeros = -(-start // 512) * 512
    lost = raw[:zeros] + bytes(512) + raw[zeros + 512 :]
    assert check_bytes(tmp_path, lost).state == "tampered", "two pairs"


def test_a_seal_that_does_not_hold_is_no_crash(tmp_path: Path) -> None:
    """The hash of the pair that is refused is not that of the last whole record."""
    log = small_log()
    line = log.lines[4][:-20] + (b"A" if log.lines[4][-20:-19] != b"A" else b"B") + log.lines[4][-19:]
    raw = b"".join(log.pairs()[:4]) + log.leaves[4] + b"\n" + line
    assert check_bytes(tmp_path, raw).state == "tampered"


def test_a_torn_end_is_torn_only_in_the_last_segment(tmp_path: Path) -> None:
    log = small_log()
    folder = split(log, tmp_path / "log", (2,))
    first = folder / "seg" / "000000000000.log"
    first.write_bytes(first.read_bytes()[:-5])
    assert check(folder).state == "tampered"


def test_an_intent_without_a_sure_outcome_is_in_doubt(tmp_path: Path) -> None:
    def outcome(i: int, result: str) -> tuple[str, dict[str, Any]]:
        return "outcome", {"of": 1, "i": i, "result": result}

    table: list[tuple[str, list[tuple[str, dict[str, Any]]]]] = [
        ("0, 1", []),
        ("1", [outcome(0, "ok")]),
        ("0", [outcome(1, "refused"), outcome(0, "damaged")]),
        ("0", [outcome(0, "no-answer"), ("resolve", {"of": 1, "i": 1})]),
        ("", [outcome(0, "not-sent"), outcome(1, "ok")]),
        ("", [("verify", {"of": 1, "same": False})]),
        ("1", [("verify", {"of": 1, "i": 0, "same": True})]),
        ("0, 1", [("verify", {"of": 0, "same": True})]),
        ("", [("resolve", {"of": 1, "found": "1", "decision": "go on"})]),
    ]
    for frames, records in table:
        log = Writer()
        log.add("intent", INTENT)
        for kind, d in records:
            log.add(kind, d)
        report = check_bytes(tmp_path, log.whole(), log.vkey(0))
        assert report.state == ("in-doubt" if frames else "ok")
        assert not frames or f"Frames {frames} of" in codes(report)
        assert not frames or report.findings[0].record == 1


def test_log_recovered_names_the_bytes_under_torn(tmp_path: Path) -> None:
    log, rest = small_log(), b'{"d":{"te'
    digest = hashlib.sha256(rest).hexdigest()
    d = {"file": f"5-{digest[:12]}", "segment": "000000000000.log", "offset": 1, "bytes": len(rest), "sha256": digest}
    log.add("log.recovered", d)
    folder = log.folder(tmp_path / "log")
    assert any("torn/" in note for note in check(folder).notes)
    file = folder / "torn" / str(d["file"])
    file.parent.mkdir()
    file.write_bytes(rest)
    assert check(folder).state == "ok"
    file.write_bytes(rest + b"x")
    assert "is not what the record says" in codes(check(folder))
    file.rename(file.with_name("other"))
    assert "not under torn/" in codes(check(folder))


# Every byte and every order ------------------------------------------------------------------------------------------


def flips(length: int) -> list[tuple[int, int]]:
    return [(at, bit) for at in range(length) for bit in (range(8) if LONG else (at * 5 % 8,))]


def test_no_flipped_bit_passes(tmp_path: Path) -> None:
    log = small_log()
    raw = log.whole()
    newlines = (len(raw) - len(log.lines[-1]) - 1, len(raw) - 1)
    for at, bit in flips(len(raw)):
        bad = bytearray(raw)
        bad[at] ^= 1 << bit
        report = check_bytes(tmp_path, bytes(bad), log.vkey(0))
        assert report.state == ("torn" if at in newlines else "tampered"), (at, bit)


def test_the_quick_look_misses_no_flip_but_in_signatures(tmp_path: Path) -> None:
    log = small_log()
    raw = log.whole()
    for at, bit in flips(len(raw))[:: 1 if LONG else 5]:
        bad = bytearray(raw)
        bad[at] ^= 1 << bit
        if check_bytes(tmp_path, bytes(bad), log.vkey(0), thorough=False).state == "ok":
            line = raw.rfind(b"\n", 0, at) + 1
            assert raw[line:].startswith("—".encode()), (at, bit)


def test_no_other_order_passes(tmp_path: Path) -> None:
    log = small_log()
    pairs = log.pairs()
    for order in itertools.permutations(range(5)):
        expected = "ok" if order == tuple(range(5)) else "tampered"
        assert check_bytes(tmp_path, b"".join(pairs[i] for i in order)).state == expected
    for i in range(5):
        without, twice = pairs[:i] + pairs[i + 1 :], pairs[: i + 1] + pairs[i:]
        assert check_bytes(tmp_path, b"".join(without)).state == ("ok" if i == 4 else "tampered")
        assert check_bytes(tmp_path, b"".join(twice)).state == "tampered"
        lines = [line for pair in pairs for line in pair.splitlines(keepends=True)]
        del lines[2 * i]
        assert check_bytes(tmp_path, b"".join(lines)).state == ("torn" if i == 4 else "tampered")


def test_no_record_of_another_log_passes(tmp_path: Path) -> None:
    log, other = small_log(), small_log(1)
    for i in range(5):
        mixed = [*log.pairs()[:i], other.pairs()[i], *log.pairs()[i + 1 :]]
        assert check_bytes(tmp_path, b"".join(mixed), log.vkey(0)).state == "tampered"
        if i:
            joined = log.pairs()[:i] + other.pairs()[i:]
            assert "belongs to the log" in codes(check_bytes(tmp_path, b"".join(joined)))


# Keys ----------------------------------------------------------------------------------------------------------------


def test_another_key_than_the_one_given_is_refused(tmp_path: Path) -> None:
    log, other = small_log(), small_log(1)
    report = check_bytes(tmp_path, log.whole(), other.vkey(0))
    assert report.state == "tampered"
    assert "Nothing here is signed by a key that you gave" in codes(report)
    assert check_bytes(tmp_path, log.whole(), vkey("office", private(77), 4)).state == "tampered"


def resealed(log: Writer, index: int, leaf: bytes, key: Any) -> bytes:
    """The log with one record sealed anew, the rest as it was."""
    text = text_of(log.origin, [*log.leaves[:index], leaf])
    pairs = log.pairs()
    pairs[index] = leaf + b"\n" + note_line(log.origin, key, text)
    return b"".join(pairs)


@pytest.mark.parametrize(("index", "key"), [(0, 1), (1, 1), (2, 0), (3, 0), (4, 0)])
def test_a_valid_signature_by_another_epochs_key_is_named(tmp_path: Path, index: int, key: int) -> None:
    log = small_log()
    raw = resealed(log, index, log.leaves[index], log.keys[key])
    for thorough in (True, False):
        report = check_bytes(tmp_path, raw, log.vkey(0), thorough=thorough)
        assert report.state == "tampered"
        by, due = (checker.parse_vkey(log.vkey(i)) for i in (key, 1 - key))
        assert f"by the key with id {by.id.hex()}, and the key in force is {due.vkey}" in codes(report)
        assert report.findings[0].record == index


def test_a_key_the_log_never_named_is_called_so(tmp_path: Path) -> None:
    log = small_log()
    raw = resealed(log, 3, log.leaves[3], private(99))
    foreign = checker.parse_vkey(vkey(log.origin, private(99))).id.hex()
    assert f"by the key with id {foreign}, and the key in force is {log.vkey(1)}" in codes(check_bytes(tmp_path, raw))


def rule(broken: Callable[[Writer], object]) -> Writer:
    log = small_log()
    broken(log)
    return log


def epoch_open(log: Writer, key: int, epoch: int) -> int:
    log.key_index = key
    return log.add("epoch.open", {"vkey": log.vkey(key), "epoch": epoch})


def nested(depth: int) -> Any:
    """So many lists and objects in each other."""
    value: Any = 1
    for turn in range(depth):
        value = [value] if turn % 2 else {"a": value}
    return value


RULES: list[tuple[str, Callable[[Writer], object]]] = [
    ("second log.open", lambda log: log.add("log.open", {"format": 1, "vkey": log.vkey(0)})),
    ("nowhere else, comes epoch.open", lambda log: log.add("epoch.open", {"vkey": log.vkey(1), "epoch": 1})),
    ("in force before", lambda log: log.add("key.rotate", {"vkey": log.vkey(0)})),
    ("in force before", lambda log: log.add("key.rotate", {"vkey": log.vkey(1)})),
    ("vkey in the record", lambda log: log.add("key.rotate", {"vkey": vkey("x.com/ml/00000000", log.keys[2])})),
    ("vkey in the record", lambda log: log.add("key.rotate", {"vkey": vkey(log.origin, log.keys[2], 4)})),
    (
        "After key.rotate, and nowhere else",
        lambda log: (log.add("key.rotate", {"vkey": log.vkey(2)}), log.add("log.note")),
    ),
    ("follows log.end", lambda log: (log.add("log.end", {"reason": "x"}), log.add("log.note"))),
    ("anchor speaks of size 6", lambda log: log.add("anchor", {"size": 6, "root": b64(root_of(log.leaves))})),
    ("field v", lambda log: log.seal(canonical({**log.record("log.note"), "v": True}))),
    ("field n", lambda log: log.seal(canonical({**log.record("log.note"), "n": -1}))),
    ("number 6", lambda log: log.seal(canonical({**log.record("log.note"), "n": 6}))),
    ("hash of the record before", lambda log: log.seal(canonical({**log.record("log.note"), "prev": "0" * 64}))),
    ("field run", lambda log: log.seal(canonical({**log.record("log.note"), "run": "A" * 32}))),
    ("field mono_ms", lambda log: log.seal(canonical({**log.record("log.note"), "mono_ms": -1}))),
    ("field t", lambda log: log.seal(canonical({**log.record("log.note"), "t": "2026-01-01T00:00:00Z"}))),
    ("field type", lambda log: log.add("Log")),
    ("field work", lambda log: log.add("log.note", work=5)),
    ("field d", lambda log: log.seal(canonical({**log.record("log.note"), "d": []}))),
    ("d.frames", lambda log: log.add("intent", {**INTENT, "frames": [{"i": True, "bytes": "00"}]})),
    ("d.frames", lambda log: log.add("intent", {**INTENT, "frames": [{"i": 0}]})),
    ("d.operation", lambda log: log.add("intent", {**INTENT, "operation": 1})),
    ("d.part ", lambda log: log.add("intent", {**INTENT, "part": -1})),
    ("d.parts", lambda log: log.add("intent", {**INTENT, "parts": "1"})),
    ("field t", lambda log: log.seal(canonical({**log.record("log.note"), "t": "2026-01-01T00:00:60.000Z"}))),
    ("d.result", lambda log: log.add("outcome", {"of": 1, "i": 0, "result": "perhaps"})),
    ("d.root", lambda log: log.add("anchor", {"size": 1, "root": b64(bytes(31))})),
    ("d.size", lambda log: log.add("anchor", {"size": 0, "root": b64(root_of([]))})),
    ("d.records", lambda log: log.add("work.close", {"records": [True]})),
    ("d.file", lambda log: log.add("log.recovered", {"file": "torn/5-0123456789ab", "bytes": 1, "sha256": "0" * 64})),
    ("number 1 where 2 is due", lambda log: (log.add("key.rotate", {"vkey": log.vkey(2)}), epoch_open(log, 2, 1))),
    ("number 3 where 2 is due", lambda log: (log.add("key.rotate", {"vkey": log.vkey(2)}), epoch_open(log, 2, 3))),
    ("32 deep", lambda log: log.add("log.note", {"x": nested(31)})),
    ("32 deep", lambda log: log.add("log.note", {"x": nested(300)})),
    ("a null", lambda log: log.add("log.note", {"x": [None]})),
    ("key X", lambda log: log.add("log.note", {"X": 1})),
    ("2^53", lambda log: log.add("log.note", {"x": 2**53})),
    ("2^53", lambda log: log.add("log.note", {"x": 0.5})),
    ("2^53", lambda log: log.add("log.note", {"x": float("nan")})),
    ("NFC", lambda log: log.add("log.note", {"x": unicodedata.normalize("NFD", "é")})),
    ("32768", lambda log: log.add("log.note", {"x": "x" * 32768})),
    ("stands twice", lambda log: log.seal(canonical(log.record("log.note")).replace(b'"d":{}', b'"d":{"x":1,"x":1}'))),
    ("canonical form", lambda log: log.seal(canonical(log.record("log.note")) + b" ")),
    ("canonical form", lambda log: log.seal(canonical(log.record("log.note")).replace(b"{}", b'{"x":"\\u0041"}'))),
    ("canonical form", lambda log: log.seal(canonical(log.record("log.note")).replace(b"{}", b'{"x":-0}'))),
    ("canonical form", lambda log: log.seal(canonical(log.record("log.note")).replace(b"{}", b'{"x":"\\ud800"}'))),
    ("cannot be parsed", lambda log: log.seal(canonical(log.record("log.note"))[:-1])),
    ("not UTF-8", lambda log: log.seal(canonical(log.record("log.note")).replace(b"{}", b'{"x":"\xff"}'))),
    ("cannot be parsed", lambda log: log.seal(b"[" * 30000)),
    ("not an object", lambda log: log.seal(b"[]")),
]


@pytest.mark.parametrize(("words", "broken"), RULES, ids=[f"{i}-{words}" for i, (words, _) in enumerate(RULES)])
def test_a_broken_rule_is_found_though_it_is_signed(
    tmp_path: Path, words: str, broken: Callable[[Writer], object]
) -> None:
    log = rule(broken)
    report = check_bytes(tmp_path, log.whole(), log.vkey(0))
    assert report.state == "tampered"
    assert words in codes(report)


def test_the_largest_record_and_odd_text_are_fine(tmp_path: Path) -> None:
    log = small_log()
    room = 32768 - len(canonical(log.record("log.note", {"x": ""})))
    log.add("log.note", {"x": "x" * room})
    log.add("log.note", {"x": 'é \u2028 \x7f \x01 \t \\ / " \U0001f600', "y": [2**53 - 1, -(2**53) + 1, True, "0.5"]})
    log.add("log.note", {"deep": nested(30)})
    log.seal(canonical({"v": 2, "log": log.origin, "n": 8, "prev": log.record("x")["prev"], "type": "log.end"}))
    log.add("log.note")
    report = check_bytes(tmp_path, log.whole(), log.vkey(0))
    assert report.state == "ok"
    assert any("later version" in note for note in report.notes)


def test_an_origin_that_is_not_of_its_first_key_is_refused(tmp_path: Path) -> None:
    log = Writer()
    log.origin = "example.com/ml/00000000"
    log.leaves, log.lines = [], []
    log.add("log.open", {"format": 1, "vkey": log.vkey(0)})
    assert "first 8 hex digits" in codes(check_bytes(tmp_path, log.whole()))


# Heads and witnesses -------------------------------------------------------------------------------------------------


def test_heads_from_elsewhere(tmp_path: Path) -> None:
    log, other = small_log(), Writer()
    other.rotate()
    other.add("log.note", {"text": "told to somebody else"})
    folder = log.folder(tmp_path / "log")
    assert other.origin == log.origin
    assert check(folder, log.vkey(0), heads=(log.checkpoint(4), log.checkpoint(1), log.checkpoint())).state == "ok"
    assert check(folder, log.vkey(0), heads=(other.checkpoint(4),)).state == "fork"
    with pytest.raises(checker.UsageError, match="belongs to the log"):
        check(folder, heads=(small_log(1).checkpoint(),))
    log.add("log.note")
    assert check(folder, log.vkey(0), heads=(log.checkpoint(),)).state == "behind"


def test_heads_in_the_folder_and_anchors(tmp_path: Path) -> None:
    log, office = small_log(), private(500)
    log.add("anchor", {"size": 4, "root": b64(root_of(log.leaves[:4])), "note": ""})
    folder = log.folder(tmp_path / "log")
    heads = folder / "heads"
    heads.mkdir()
    note = log.checkpoint(4, ("office", office))
    (heads / "4.note").write_bytes(note)
    witness = vkey("office", office, 4)
    report = check(folder, witness)
    assert report.state == "ok"
    assert any("from 4 on" in line for line in report.notes)
    (heads / "4.note").write_bytes(note[:-8] + b"A" + note[-7:])
    assert check(folder, log.vkey(0), witness).state == "tampered"
    (heads / "4.note").write_bytes(note)
    (heads / "4.note").rename(heads / "3.note")
    assert "does not fit" in codes(check(folder))
    forked = small_log()
    forked.add("anchor", {"size": 4, "root": b64(bytes(32))})
    assert check_bytes(tmp_path, forked.whole()).state == "fork"


def policy(tmp_path: Path, text: str) -> checker.Trust:
    trust, file = checker.Trust(), tmp_path / "policy"
    file.write_text(text, encoding="utf-8")
    checker.read_policy(trust, str(file))
    return trust


def test_the_quorum_of_a_policy(tmp_path: Path) -> None:
    log = small_log()
    offices = [(f"office{i}", private(500 + i)) for i in range(3)]
    head = f"# ours\nlog {log.vkey(0)}\n" + "".join(f"witness w{i} {vkey(*who, 4)}\n" for i, who in enumerate(offices))
    two_of_three = policy(tmp_path, head + "group g 2 w0 w1 w2\n\nquorum g\n")
    nested = policy(tmp_path, head + "group a any w0 w1\ngroup b all a w2\nquorum b\n")
    none = policy(tmp_path, head + "quorum none\n")
    for signers, expected in (((0, 1), (1, 0, 1)), ((0, 2), (1, 1, 1)), ((2,), (0, 0, 1)), ((0, 1, 2), (1, 1, 1))):
        bundle = log.bundle(tmp_path / f"b{signers}", None, *(offices[i] for i in signers))
        found = [checker.check(str(bundle), trust, []).state for trust in (two_of_three, nested, none)]
        assert found == ["ok" if good else "tampered" for good in expected]
    other = small_log(1).bundle(tmp_path / "other", None, *offices)
    assert "names no key of the log" in codes(checker.check(str(other), two_of_three, []))


BAD_POLICIES = [
    "",
    "quorum none\nquorum none\n",
    "quorum w\n",
    "witness none " + KAT_OFFICE + "\nquorum none\n",
    f"witness w {KAT_OFFICE}\nwitness v {KAT_OFFICE}\nquorum w\n",
    f"witness w {KAT_KEY}\nquorum w\n",
    f"witness w {KAT_OFFICE}\ngroup g 2 w\nquorum g\n",
    f"witness w {KAT_OFFICE}\ngroup g 0 w\nquorum g\n",
    f"witness w {KAT_OFFICE}\ngroup g 1 w w\nquorum g\n",
    f"log {KAT_OFFICE[:-1]}\nquorum none\n",
    "friend x\nquorum none\n",
]


@pytest.mark.parametrize("text", BAD_POLICIES)
def test_a_policy_that_is_not_one_is_wrong_usage(tmp_path: Path, text: str) -> None:
    with pytest.raises(checker.UsageError):
        policy(tmp_path, text)


# Bundles -------------------------------------------------------------------------------------------------------------


def test_bundles_of_a_whole_log_and_of_one_work(tmp_path: Path) -> None:
    log = working_log()
    for work in (None, "w1", "w2"):
        folder = log.bundle(tmp_path / f"bundle-{work}", work)
        for path in (folder, zipped(folder, tmp_path / f"{work}.zip")):
            report = check(path, log.vkey(0))
            assert report.findings == []
            assert (report.state, report.size, report.key) == ("ok", len(log.leaves), log.vkey(2))
    with pytest.raises(checker.UsageError, match="holds no proof for the head of size 5"):
        check(folder, log.vkey(0), heads=(log.checkpoint(5),))
    assert check(folder, log.vkey(0), heads=(log.checkpoint(), log.checkpoint(log.rotations[0] + 1))).state == "ok"


@pytest.mark.parametrize("size", [1, 255, 256, 257, 513])
def test_tiles_at_the_edges(tmp_path: Path, size: int) -> None:
    log = Writer()
    for n in range(1, size):
        log.add("log.note", {"about": n})
    folder = log.bundle(tmp_path / "bundle")
    report = check(folder, log.vkey(0), thorough=False)
    assert (report.findings, report.state) == ([], "ok")
    for file in sorted((folder / "tile").rglob("*"))[:: 1 if LONG else 2]:
        if file.is_file():
            raw = file.read_bytes()
            file.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
            assert check(folder, log.vkey(0), thorough=False).state == "tampered"
            file.write_bytes(raw + b"\0")
            assert check(folder, log.vkey(0), thorough=False).state == "tampered"
            file.unlink()
            assert check(folder, log.vkey(0), thorough=False).state == "tampered"
            file.write_bytes(raw)
    shutil.rmtree(folder / "seg")
    assert "only one of seg/ and tile/" in codes(check(folder, log.vkey(0), thorough=False))


def test_names_of_tiles() -> None:
    assert checker.tile_name("0", 1234067, 256) == "tile/0/x001/x234/067"
    assert checker.tile_name("entries", 7, 3) == "tile/entries/007.p/3"
    assert checker.tile_name("1", 1000, 1) == "tile/1/x001/000.p/1"


def test_a_bundle_is_not_believed_by_its_own_keys(tmp_path: Path) -> None:
    forged = small_log(1)
    folder = forged.bundle(tmp_path / "bundle")
    (folder / "policy").write_text(f"log {forged.vkey(0)}\nquorum none\n")
    with pytest.raises(checker.UsageError, match="proves nothing by the keys inside it"):
        check(folder)
    assert check(folder, small_log().vkey(0)).state == "tampered"
    assert check(folder, forged.vkey(0)).state == "ok"


def test_no_flipped_byte_of_a_bundle_passes(tmp_path: Path) -> None:
    log = small_log()
    folder = log.bundle(tmp_path / "bundle", "w1")
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or file.name == "policy":
            continue
        raw = file.read_bytes()
        for at in range(0, len(raw), 1 if LONG else 5):
            file.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :])
            assert check(folder, log.vkey(0)).state not in ("ok", "torn", "in-doubt"), (file, at)
        file.unlink()
        assert file.name == "4.json" or check_or_usage(folder, log.vkey(0)) == "tampered", file
        file.write_bytes(raw)


def check_or_usage(path: Path, key: str) -> str:
    try:
        return check(path, key).state
    except checker.UsageError:
        return "tampered"


def test_a_bundle_whose_last_keys_are_left_out(tmp_path: Path) -> None:
    """The holder of an old key seals the newest checkpoint and leaves the change of key out of chain/."""
    log = working_log()
    folder = log.bundle(tmp_path / "bundle")
    for file in (folder / "chain").glob(f"{log.rotations[-1]}.*"):
        file.unlink()
    assert "exactly one signature" in codes(check(folder, log.vkey(0)))
    text = text_of(log.origin, log.leaves)
    old = text + b"\n" + note_line(log.origin, log.keys[1], text)
    for file in [folder / "checkpoint", *(folder / "chain").glob("*.growth")]:
        file.write_bytes(file.read_bytes().replace(log.checkpoint(), old))
    assert "not all the keys" in codes(check(folder, log.vkey(0)))


def growth_file(log: Writer, old: int, hashes: list[bytes] | None = None) -> bytes:
    hashes = growth(old, log.leaves) if hashes is None else hashes
    return f"old {old}\n{''.join(b64(h) + chr(10) for h in hashes)}\n".encode() + log.checkpoint()


def link(log: Writer, n: int) -> dict[str, bytes]:
    """The files in chain/ of a record, all right but for what it says."""
    parts = {"json": log.leaves[n], "tlog-proof": log.proof(n, n + 1), "growth": growth_file(log, n + 1)}
    return {f"chain/{n}.{part}": raw for part, raw in parts.items()}


def moved(log: Writer, old: bytes, new: bytes) -> bytes:
    raw = log.proof(3, len(log.leaves))
    assert raw.count(old) == 1
    return raw.replace(old, new)


OTHER, LYING = small_log(1), working_log()
FIRST_HASH = b64(inclusion(3, LYING.leaves)[0]).encode()
NOTHING = text_of(LYING.origin, [])
LIES: list[tuple[str, dict[str, bytes | None]]] = [
    ("has size 0", {"checkpoint": NOTHING + b"\n" + note_line(LYING.origin, LYING.keys[2], NOTHING)}),
    ("chain/0.json is missing", {f"chain/0.{part}": None for part in ("json", "tlog-proof", "growth")}),
    ("holds neither", {f"records/{n}.{part}": None for n in range(1, 7) for part in ("json", "tlog-proof")}),
    ("number 2, not 3", {"records/3.json": LYING.leaves[2], "records/3.tlog-proof": LYING.proof(2, 18)}),
    ("belongs to the log", {"records/3.json": OTHER.leaves[3], "records/3.tlog-proof": OTHER.proof(3, 5)}),
    ("for another record", {"records/3.tlog-proof": moved(LYING, b"index 3\n", b"index 2\n")}),
    ("not lead from the record", {"records/3.tlog-proof": moved(LYING, FIRST_HASH, b64(bytes(32)).encode())}),
    ("malformed", {"records/3.tlog-proof": moved(LYING, FIRST_HASH, b64(bytes(31)).encode())}),
    ("not index number", {"records/3.tlog-proof": moved(LYING, b"index 3\n", b"index 03\n")}),
    ("not a proof file", {"records/3.tlog-proof": moved(LYING, b"proof@v1", b"proof@v2")}),
    ("not that of the bundle", {"records/3.tlog-proof": LYING.proof(3, 17)}),
    ("not for the tree of size 8", {"chain/7.tlog-proof": LYING.proof(7, 9)}),
    ("begins at another size", {"chain/7.growth": growth_file(LYING, 9)}),
    ("two histories", {"chain/7.growth": growth_file(LYING, 8, growth(7, LYING.leaves))}),
    ("where key.rotate is due", {**link(LYING, 9)}),
    ("not below the checkpoint", {"chain/18.json": LYING.leaves[17]}),
]


@pytest.mark.parametrize(("words", "lie"), LIES, ids=[words for words, _ in LIES])
def test_a_bundle_that_lies_in_one_place(tmp_path: Path, words: str, lie: dict[str, bytes | None]) -> None:
    folder = LYING.bundle(tmp_path / "bundle", "w1")
    assert check(folder, LYING.vkey(0)).findings == []
    for name, raw in lie.items():
        if raw is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(raw)
    report = check(folder, LYING.vkey(0))
    assert words in codes(report)
    assert report.state in ("tampered", "fork")


def test_a_chain_in_which_a_key_comes_back(tmp_path: Path) -> None:
    log = small_log()
    log.rotations.append(log.add("key.rotate", {"vkey": log.vkey(0)}))
    log.key_index = 0
    log.add("epoch.open", {"vkey": log.vkey(0), "epoch": 2})
    assert "in force before" in codes(check(log.bundle(tmp_path / "bundle", "w1"), log.vkey(0)))


def test_a_bundle_of_one_work_is_whole(tmp_path: Path) -> None:
    log = working_log()
    folder = log.bundle(tmp_path / "bundle", "w1")
    first, proof = folder / "records" / "2.json", folder / "records" / "2.tlog-proof"
    kept, proven = first.read_bytes(), proof.read_bytes()
    first.unlink()
    assert "proves a record that is not here" in codes(check(folder, log.vkey(0)))
    proof.unlink()
    report = check(folder, log.vkey(0))
    assert "does not hold: 2" in codes(report)
    assert report.findings[0].record == 6
    proof.write_bytes(proven)
    first.write_bytes(kept + b"\n")
    assert check(folder, log.vkey(0)).state == "tampered", "the bytes of a record have no newline"
    first.write_bytes(kept)
    assert check(folder, log.vkey(0)).state == "ok"
    for kind in ("tlog-proof", "growth"):
        alone = folder / "chain" / f"3.{kind}"
        alone.write_bytes((folder / "chain" / f"0.{kind}").read_bytes())
        assert "proves a record that is not here" in codes(check(folder, log.vkey(0)))
        alone.unlink()
    other = log.bundle(tmp_path / "other", "w2")
    for file in (other / "records").iterdir():
        shutil.copy(file, folder / "records")
    assert "not those of one work, but of w1, w2" in codes(check(folder, log.vkey(0)))
    first = folder / "chain" / "0.json"
    first.write_bytes(first.read_bytes() + b"\n")
    assert check(folder, log.vkey(0)).state == "tampered"


def test_the_checkpoint_of_a_whole_log_is_the_newest(tmp_path: Path) -> None:
    log = small_log()
    folder = log.bundle(tmp_path / "bundle")
    log.add("log.note")
    (folder / "seg" / "000000000000.log").write_bytes(log.whole())
    shutil.rmtree(folder / "tile")
    assert "not the newest" in codes(check(folder, log.vkey(0)))


def test_the_segments_of_a_bundle_are_those_of_the_checkpoint(tmp_path: Path) -> None:
    """The holder of today's key took the last record away, or wrote it anew."""
    log = small_log()
    folder = log.bundle(tmp_path / "bundle")
    shutil.rmtree(folder / "tile")
    segment = folder / "seg" / "000000000000.log"
    segment.write_bytes(b"".join(log.pairs()[:4]))
    assert check(folder, log.vkey(0)).state == "behind"
    segment.write_bytes(resealed(log, 4, canonical({**json.loads(log.leaves[4]), "d": {"text": "c"}}), log.keys[1]))
    assert check_bytes(tmp_path, segment.read_bytes(), log.vkey(0)).state == "ok"
    assert "their root is another one" in codes(check(folder, log.vkey(0)))


def test_a_checkpoint_by_another_key_of_the_log(tmp_path: Path) -> None:
    log = small_log()
    folder = log.bundle(tmp_path / "bundle", "w1")
    text = text_of(log.origin, log.leaves)
    (folder / "checkpoint").write_bytes(text + b"\n" + note_line(log.origin, log.keys[0], text))
    assert check(folder, log.vkey(0)).state == "tampered"


def test_clear_values_are_opened(tmp_path: Path) -> None:
    log, salt = small_log(), bytes(range(16))
    digest = hashlib.sha256(salt + b"account\n" + "счёт 7".encode()).hexdigest()
    index = log.add("work.open", {"commitments": {"account": digest}, "phone": digest}, work="w1")
    folder = log.bundle(tmp_path / "bundle", "w1")
    file = folder / "private" / f"{index}.json"
    file.parent.mkdir()

    def opened(salt: str, value: object, name: str = "account") -> checker.Report:
        file.write_text(json.dumps({name: {"salt": salt, "value": value}}), encoding="utf-8")
        return check(folder, log.vkey(0))

    assert opened(salt.hex(), "счёт 7").state == "ok"
    assert "is not the one committed" in codes(opened(salt.hex(), "счёт 8"))
    assert "is not the one committed" in codes(opened(salt.hex(), "счёт 7", "phone"))
    assert "not as they must be" in codes(opened(salt.hex() + "00", "7"))
    assert "not as they must be" in codes(opened(salt.hex().upper(), "счёт 7"))
    assert "not as they must be" in codes(opened(salt.hex(), 7))
    file.rename(file.with_name("3.json"))
    assert "but not the record" in codes(check(folder, log.vkey(0)))


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x", "a/../x", "C:/x", "a\\b", "checkpoint", "CHECKPOINT", "a//b", "./a"]
)
def test_an_unsafe_zip_is_refused(tmp_path: Path, name: str) -> None:
    log = small_log()
    path = zipped(log.bundle(tmp_path / "bundle"), tmp_path / "b.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        archive.writestr(name, b"x")
    assert "unsafe or doubled" in codes(check(path, log.vkey(0)))


def test_an_absurd_zip_is_refused(tmp_path: Path) -> None:
    log = small_log()
    path = zipped(log.bundle(tmp_path / "bundle"), tmp_path / "b.zip")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("act.json", bytes(33 * 1024 * 1024))
    assert "more than any honest bundle" in codes(check(path, log.vkey(0)))


def test_a_changed_zip_never_passes_with_other_content(tmp_path: Path) -> None:
    log, chance = small_log(), random.Random(12)
    path = zipped(log.bundle(tmp_path / "bundle", "w1"), tmp_path / "b.zip")
    raw = path.read_bytes()
    for _ in range(2000 if LONG else 150):
        bad = bytearray(raw)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        path.write_bytes(bad[: chance.choice((len(bad), len(bad), chance.randrange(len(bad))))])
        state = check_or_usage(path, log.vkey(0))
        assert state in checker.SEVERITY


# Any bytes at all ----------------------------------------------------------------------------------------------------

MUTANT = small_log().whole()
BUNDLE: dict[str, bytes] = {}


@settings(max_examples=2000 if LONG else 200)
@given(st.binary(max_size=400), st.integers(0, len(MUTANT)), st.integers(0, 200))
def test_any_bytes_in_a_segment_give_a_finding(raw: bytes, at: int, cut: int) -> None:
    for bad in (raw, MUTANT[:at] + raw + MUTANT[at + cut :]):
        if bad != MUTANT:
            report = in_memory({"seg/000000000000.log": bad})
            assert report.state in checker.SEVERITY
            assert report.state != "ok" or bad in [MUTANT[:n] for n in range(len(MUTANT))]
            assert "Error:" not in codes(report)


class InMemory(checker.Source):
    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        super().__init__("")

    def _walk(self) -> Any:
        yield from self.files

    def _open(self, name: str) -> Any:
        return io.BytesIO(self.files[name])


def in_memory(files: dict[str, bytes], *keys: str) -> checker.Report:
    trust, report = checker.Trust(), checker.Report()
    checker.read_keys(trust, list(keys))
    run = checker.check_bundle if "checkpoint" in files else checker.check_log
    try:
        run(InMemory(files), trust, [], report, True)
    except checker.WrongError as wrong:
        report.add(wrong)
    return report


@settings(max_examples=1500 if LONG else 150)
@given(st.data())
def test_any_bytes_in_a_bundle_give_a_finding(data: st.DataObject) -> None:
    if not BUNDLE:
        log = small_log()
        with tempfile.TemporaryDirectory() as folder:
            root = log.bundle(Path(folder), "w1")
            BUNDLE.update({f.relative_to(root).as_posix(): f.read_bytes() for f in root.rglob("*") if f.is_file()})
        BUNDLE.update({"heads/4.note": log.checkpoint(4), "private/4.json": b"{}"})
    name = data.draw(st.sampled_from(sorted(BUNDLE)))
    raw, at = data.draw(st.binary(max_size=60)), data.draw(st.integers(0, len(BUNDLE[name])))
    bad = data.draw(st.sampled_from([raw, BUNDLE[name][:at] + raw, BUNDLE[name][:at] + raw + BUNDLE[name][at + 3 :]]))
    report = in_memory({**BUNDLE, name: bad}, small_log().vkey(0))
    assert report.state in checker.SEVERITY


@settings(max_examples=300)
@given(st.binary(max_size=300), st.text(max_size=200))
def test_parsers_refuse_or_take_what_encodes_back(raw: bytes, text: str) -> None:
    table: list[tuple[Callable[[Any], object], object]] = [
        (checker.parse_note, raw),
        (checker.parse_record, raw),
        (checker.parse_vkey, text),
        (checker.parse_signature_line, text),
        (lambda b: checker.parse_proof(b, "x"), raw),
        (lambda b: checker.parse_proof(b, "x.growth"), raw),
    ]
    for parse, argument in table:
        with contextlib.suppress(checker.WrongError):
            parse(argument)


# As a stranger runs it -----------------------------------------------------------------------------------------------


def run(script: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "-W", "error", str(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


def test_it_runs_with_the_standard_library_alone(tmp_path: Path) -> None:
    log = small_log()
    folder = log.folder(tmp_path / "log")
    done = run(SCRIPT, "--key", log.vkey(0), folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "state: ok"
    (tmp_path / "head").write_bytes(small_log(1).checkpoint())
    done = run(SCRIPT, "--head", tmp_path / "head", folder)
    assert (done.returncode, done.stdout, "of this very log" in done.stderr) == (2, "", True)
    other = Writer()
    other.rotate()
    other.add("log.note", {"text": "told to somebody else"})
    (tmp_path / "head").write_bytes(other.checkpoint(4))
    done = run(SCRIPT, "--head", tmp_path / "head", "--json", "--signatures", "last", folder)
    document = json.loads(done.stdout)
    assert (done.returncode, document["state"], document["size"]) == (10, "fork", 5)
    assert set(document["findings"][0]) == {"state", "record", "segment", "offset", "what", "hint"}
    log.add("intent", INTENT)
    (folder / "seg" / "000000000000.log").write_bytes(log.whole())
    done = run(SCRIPT, "--key", log.vkey(0), folder)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (11, "state: in-doubt")


def test_it_runs_from_inside_a_bundle(tmp_path: Path) -> None:
    log = small_log()
    folder = log.bundle(tmp_path / "bundle", "w1")
    shutil.copy(SCRIPT, folder)
    (folder / "how-to-check.txt").write_text("see audit-log.md\n")
    path = zipped(folder, tmp_path / "bundle.zip")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "out")
    script = tmp_path / "out" / "verify_meterlink.py"
    for target in (path, tmp_path / "out"):
        done = run(script, "--key", log.vkey(0), target)
        assert (done.returncode, done.stderr) == (0, "")
        assert "verify_meterlink.py" in done.stdout, "names what it did not check"
    done = run(script, path)
    assert done.returncode == 2
    assert "Ask the office" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--key", "x", "."],
        ["nothing-there"],
        ["--head", "nothing-there", "."],
        ["--policy", "nothing-there", "."],
        ["."],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = checker.main(arguments)
    except SystemExit as stopped:
        code = int(str(stopped.code))
    assert code == 2


def test_text_from_a_file_cannot_steer_the_terminal() -> None:
    assert checker.shown("a\x1b[2J\u202eb") == "a\\x1b[2J\\u202eb"


def test_every_state_but_ok_has_a_hint() -> None:
    assert set(checker.HINTS) == set(checker.SEVERITY) - {"ok"}
