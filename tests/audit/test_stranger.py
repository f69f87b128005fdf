"""The Go program accepts what docs/audit-format.md describes, and nothing else.

The logs here are written by hand from that page, without the code that writes and reads records.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from meterlink.audit.note import Checkpoint, Note, Vkey, sign_line
from meterlink.audit.proof_file import Growth, ProofFile
from meterlink.audit.strict_text import encode_base64
from meterlink.audit.tree import HashTree, leaf_hash
from tests.audit.known import LOG_SEED, signer, vkey
from tests.audit.strangers import ask_go

SEEDS: Final = (LOG_SEED, bytes([1] * 32), bytes([2] * 32))
FIRST: Final = vkey("x", LOG_SEED).public
ORIGIN: Final = f"example.com/ml/{sha256(FIRST).hexdigest()[:8]}"
KEYS: Final = tuple(vkey(ORIGIN, seed) for seed in SEEDS)
VKEY: Final = KEYS[0].text

Kinds = Sequence[tuple[str, dict[str, Any]]]
KINDS: Final[Kinds] = (
    ("log.open", {"format": 1, "vkey": VKEY, "install": "0" * 32, "office": []}),
    ("log.note", {"text": 'акт "1"\n\u2028\x01\x7f\\', "about": 0, "deep": [[], {}, [True, -5]]}),
    ("key.rotate", {"vkey": KEYS[1].text, "reason": "anchor"}),
    ("epoch.open", {"vkey": KEYS[1].text, "epoch": 1}),
    ("anchor", {"size": 3, "root": "", "note": "n"}),
    ("work.thing", {"unknown": "kept"}),
)


class Written:
    """A log as a list of pairs, and its tree."""

    def __init__(self, kinds: Kinds = KINDS, signers: Sequence[int] | None = None, **changes: Any) -> None:
        """`signers`: index of the key that signs each record; `changes`: fields of the last record."""
        self.tree = HashTree()
        self.records: list[bytes] = []
        self.notes: list[Note] = []
        prev, epoch = bytes(32), 0
        for n, (kind, d) in enumerate(kinds):
            anchored = {"root": encode_base64(self.tree.root(3))} if kind == "anchor" and not d["root"] else {}
            fields = {"v": 1, "log": ORIGIN, "n": n, "prev": prev.hex(), "run": "ab" * 16, "mono_ms": n, "type": kind}
            fields |= {"t": "2026-01-01T00:00:00.000Z", "work": "w1", "d": d | anchored}
            self.records.append(encode(fields | (changes if n == len(kinds) - 1 else {})))
            prev = leaf_hash(self.records[-1])
            self.tree.append(prev)
            used = epoch if signers is None else signers[n]
            self.notes.append(self.sign(n + 1, used))
            epoch += kind == "key.rotate"

    def sign(self, size: int, key: int) -> Note:
        body = Checkpoint(origin=ORIGIN, size=size, root=self.tree.root(size)).body()
        return Note(text=body, signatures=(sign_line(KEYS[key], signer(SEEDS[key]), body),))

    @property
    def data(self) -> bytes:
        lines = [note.signatures[0].text.encode() for note in self.notes]
        return b"".join(b"%s\n%s\n" % pair for pair in zip(self.records, lines, strict=True))


def encode(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def check(folder: Path, data: bytes, key: Vkey = KEYS[0]) -> str:
    (folder / "seg").mkdir(exist_ok=True)
    (folder / "seg" / "000000000000.log").write_bytes(data)
    return ask_go("log", folder, key.text)


# --- logs -----------------------------------------------------------------------------------------------------------


def test_a_right_log_is_right(tmp_path: Path) -> None:
    log = Written()
    answer = f"ok size 6 root {encode_base64(log.tree.root())}\n"
    assert check(tmp_path, log.data) == answer
    assert ask_go("log", tmp_path / "seg", VKEY) == answer


def test_a_log_of_another_key_is_not(tmp_path: Path) -> None:
    assert "begins with another key" in check(tmp_path, Written().data, KEYS[1])


@pytest.mark.parametrize(
    ("why", "log"),
    [
        ("no verifiable signatures", lambda: Written(signers=[0, 0, 0, 0, 1, 1])),
        ("no verifiable signatures", lambda: Written(signers=[0, 0, 1, 1, 1, 1])),
        ("no verifiable signatures", lambda: Written(signers=[0, 0, 0, 1, 1, 0])),
        ("no verifiable signatures", lambda: Written(signers=[0, 1, 0, 1, 1, 1])),
        ("is log.open", lambda: Written([*KINDS[:2], KINDS[0]])),
        ('record 0 is "log.note"', lambda: Written(KINDS[1:2])),
        ('is "epoch.open"', lambda: Written([*KINDS[:2], KINDS[3]], [0, 0, 0])),
        ('is "log.note"', lambda: Written([*KINDS[:3], KINDS[1]])),
        ("opens another epoch", lambda: Written([*KINDS[:3], ("epoch.open", {"vkey": KEYS[2].text})])),
        ("in force before", lambda: Written([*KINDS, ("key.rotate", {"vkey": KEYS[0].text})])),
        ("in force before", lambda: Written([*KINDS, ("key.rotate", {"vkey": KEYS[1].text})])),
        ("not of this log", lambda: Written([*KINDS, ("key.rotate", {"vkey": vkey("other", SEEDS[2]).text})])),
        ("follows log.end", lambda: Written([KINDS[0], ("log.end", {"reason": "r"}), KINDS[1]])),
        ("anchors 2 records", lambda: Written([KINDS[0], ("anchor", {"size": 2, "root": "A" * 43 + "="})])),
        ("anchors 0 records", lambda: Written([KINDS[0], ("anchor", {"size": 0, "root": "A" * 43 + "="})])),
        ("anchors another root", lambda: Written([KINDS[0], ("anchor", {"size": 1, "root": "A" * 43 + "="})])),
        ("says that it is 4", lambda: Written(n=4)),
        ("follows another one", lambda: Written(prev="0" * 64)),
        ('is of "other"', lambda: Written(log="other")),
        ("version 0", lambda: Written(v=0)),
        ("t is", lambda: Written(t="2026-01-01 00:00:00.000Z")),
        ("run is", lambda: Written(run="AB" * 16)),
        ("mono_ms is below 0", lambda: Written(mono_ms=-1)),
        ("type is", lambda: Written(type="Read")),
        ("work says nothing", lambda: Written(work="")),
        ("actor is no text", lambda: Written(actor=5)),
        ("d is no object", lambda: Written(d=[])),
        ("number 1.5", lambda: Written(d={"a": 1.5})),
        ("number 9007199254740992", lambda: Written(d={"a": 2**53})),
        ("holds <nil>", lambda: Written(d={"a": None})),
        ("key", lambda: Written(d={"A": 1})),
        ("bytes", lambda: Written(d={"a": "x" * 32_768})),
    ],
)
def test_a_rule_that_is_broken_is_seen(tmp_path: Path, why: str, log: Callable[[], Written]) -> None:
    answer = check(tmp_path, log().data)
    assert answer.startswith("bad: ")
    assert why in answer


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"d":', b'{ "d":'),
        (b'"n":5,', b'"n":5,"n":5,'),
        (b'"n":5,', b'"n":05,'),
        (b'"n":5,', b'"n":5.0,'),
        (b'"kept"', b'"\\u006bept"'),
        (b'"kept"', b'"\\ud800"'),
        (b'"kept"', b'"\xff"'),
        (b'"w1"}', b'"w1"}{}'),
    ],
)
def test_a_record_in_another_form_is_seen(tmp_path: Path, old: bytes, new: bytes) -> None:
    log = Written()
    assert old in log.records[-1]
    log.records[-1] = log.records[-1].replace(old, new)
    tree = HashTree()
    for each in log.records:
        tree.append(leaf_hash(each))
    log.tree = tree
    log.notes[-1] = log.sign(6, 1)
    assert check(tmp_path, log.data).startswith("bad: ")


def test_every_changed_line_and_every_cut_is_seen(tmp_path: Path) -> None:
    data = Written().data
    for i in range(0, len(data), 17):
        changed = bytes([*data[:i], data[i] ^ 1, *data[i + 1 :]])
        assert check(tmp_path, changed).startswith("bad: "), i
    edges = [i + 1 for i, byte in enumerate(data) if byte == 0x0A]
    for end in {*range(0, len(data), 31), *edges}:
        whole_pairs = end in edges[1::2]
        assert check(tmp_path, data[:end]).startswith("ok " if whole_pairs else "bad: "), end


def test_segments_hold_every_index_once_and_are_filled(tmp_path: Path) -> None:
    filler = [("log.note", {"text": "x" * 32_000}) for _ in range(600)]
    log = Written([KINDS[0], *filler])
    lines = [note.signatures[0].text.encode() for note in log.notes]
    pairs = [b"%s\n%s\n" % pair for pair in zip(log.records, lines, strict=True)]
    first, size = 0, 0
    while size < 16 * 1024 * 1024:
        size += len(pairs[first])
        first += 1
    right = answer_for(tmp_path, pairs, first)
    assert right == f"ok size 601 root {encode_base64(log.tree.root())}\n"
    assert answer_for(tmp_path, pairs, first - 1) == right
    assert "that was full" in answer_for(tmp_path, pairs, first + 1)
    (tmp_path / "seg" / f"{first + 1:012}.log").rename(tmp_path / "seg" / f"{first:012}.log")
    assert "that was full" in ask_go("log", tmp_path, VKEY)
    (tmp_path / "seg" / "000000000000.log").unlink()
    assert "does not begin with record 0" in ask_go("log", tmp_path, VKEY)


def answer_for(folder: Path, pairs: Sequence[bytes], first: int) -> str:
    """The pairs in two segments, of which the second begins at `first`."""
    shutil.rmtree(folder / "seg", ignore_errors=True)
    (folder / "seg").mkdir()
    (folder / "seg" / "000000000000.log").write_bytes(b"".join(pairs[:first]))
    (folder / "seg" / f"{first:012}.log").write_bytes(b"".join(pairs[first:]))
    return ask_go("log", folder, VKEY)


# --- proofs and bundles ---------------------------------------------------------------------------------------------


def proof_of(log: Written, index: int, size: int, note: Note | None = None) -> ProofFile:
    return ProofFile(index=index, hashes=log.tree.inclusion(index, size), note=note or log.notes[size - 1])


def test_a_proof_of_a_record(tmp_path: Path) -> None:
    log = Written()
    record, proof = tmp_path / "4.json", tmp_path / "4.tlog-proof"
    record.write_bytes(log.records[4])
    proof.write_bytes(proof_of(log, 4, 6).encode())
    assert ask_go("proof", record, proof, KEYS[1].text).startswith("ok size 6 ")
    assert ask_go("proof", record, proof, VKEY).startswith("bad: note")
    extra = ProofFile(index=4, hashes=log.tree.inclusion(4, 6), note=log.notes[5], extra=b"1")
    proof.write_bytes(extra.encode())
    assert ask_go("proof", record, proof, KEYS[1].text).startswith("ok size 6 ")
    for wrong in (proof_of(log, 5, 6), ProofFile(index=4, hashes=log.tree.inclusion(5, 6), note=log.notes[5])):
        proof.write_bytes(wrong.encode())
        assert ask_go("proof", record, proof, KEYS[1].text).startswith("bad: ")
    record.write_bytes(log.records[4].replace(b'"w1"', b'"w2"'))
    proof.write_bytes(proof_of(log, 4, 6).encode())
    assert "proof of" in ask_go("proof", record, proof, KEYS[1].text)


def write_bundle(folder: Path, log: Written) -> None:
    """Whole log and one work at once, by chapter 4 of the page."""
    size, head = len(log.records), log.notes[-1]
    files = {"checkpoint": head.encode(), "policy": b"quorum none\n", "seg/000000000000.log": log.data}
    for n in (0, 2):
        growth = Growth(old_size=n + 1, hashes=log.tree.consistency(n + 1, size), note=head)
        files |= {f"chain/{n}.json": log.records[n], f"chain/{n}.tlog-proof": proof_of(log, n, n + 1).encode()}
        files |= {f"chain/{n}.growth": growth.encode(), f"heads/{n + 1}.note": log.notes[n].encode()}
    files |= {f"records/{n}.json": log.records[n] for n in (1, 4)}
    files |= {f"records/{n}.tlog-proof": proof_of(log, n, size, head).encode() for n in (1, 4)}
    files |= tiles(log)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def tiles(log: Written) -> dict[str, bytes]:
    files, size = {}, len(log.records)
    for level in range(3):
        width = size >> 8 * level
        for number in range((width + 255) // 256):
            span = range(number * 256, min(width, number * 256 + 256))
            partial = "" if len(span) == 256 else f".p/{len(span)}"
            files[f"tile/{level}/{number:03}{partial}"] = b"".join(log.tree.node(8 * level, n) for n in span)
            if level == 0:
                entries = [len(log.records[n]).to_bytes(2, "big") + log.records[n] for n in span]
                files[f"tile/entries/{number:03}{partial}"] = b"".join(entries)
    return files


def test_a_bundle_and_every_file_of_it(tmp_path: Path) -> None:
    log = Written()
    write_bundle(tmp_path, log)
    answer = f"ok size 6 root {encode_base64(log.tree.root())}\n"
    assert ask_go("bundle", tmp_path, VKEY) == answer
    assert ask_go("bundle", tmp_path, KEYS[1].text).startswith("bad: the log begins with another key")
    unread = {"policy"}
    for path in sorted(path for path in tmp_path.rglob("*") if path.is_file() and path.name not in unread):
        data = path.read_bytes()
        for place in (0, len(data) // 2, len(data) - 2):
            path.write_bytes(bytes([*data[:place], data[place] ^ 1, *data[place + 1 :]]))
            cosigned = path.parent.name == "heads" and place >= data.index(b"\n\n")
            assert ask_go("bundle", tmp_path, VKEY).startswith("ok " if cosigned else "bad: "), (path, place)
        path.write_bytes(data)
    assert ask_go("bundle", tmp_path, VKEY) == answer


@pytest.mark.parametrize("size", [255, 256, 257, 259, 600])
def test_tiles_of_larger_logs(tmp_path: Path, size: int) -> None:
    log = Written([*KINDS, *[("log.note", {"text": str(n)}) for n in range(size - len(KINDS))]])
    write_bundle(tmp_path, log)
    assert ask_go("bundle", tmp_path, VKEY).startswith(f"ok size {size} ")
    for path in sorted(path for path in (tmp_path / "tile").rglob("*") if path.is_file()):
        data = path.read_bytes()
        path.write_bytes(bytes([*data[:-1], data[-1] ^ 1]))
        assert ask_go("bundle", tmp_path, VKEY).startswith("bad: "), path
        path.write_bytes(data)


def test_a_whole_log_that_is_another_than_its_checkpoint(tmp_path: Path) -> None:
    log = Written()
    write_bundle(tmp_path, log)
    (tmp_path / "seg" / "000000000000.log").write_bytes(Written(KINDS[:5]).data)
    assert "another log than the checkpoint" in ask_go("bundle", tmp_path, VKEY)
