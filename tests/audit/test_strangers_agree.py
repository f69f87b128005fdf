"""Three programs agree about logs and bundles that are good, and say the same as strangers run them."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from meterlink.audit.bundle import bundle_of_log, collect
from meterlink.audit.bundle_check import Trust, verify_bundle
from meterlink.audit.bundle_files import UnpackedBundle
from meterlink.audit.commitment import Opening
from meterlink.audit.folder import FolderBytes, LogFolder
from meterlink.audit.fsio import Disk
from meterlink.audit.note import Note, Vkey
from meterlink.audit.segments import segment_name
from meterlink.audit.standalone import verify_meterlink as checker
from tests.audit.bundles import MemoryBundle, cosigned, export_all, export_work, first_key, head_of, three_works
from tests.audit.logs import WORK, Bench, Forger, do_work, intent, make_log, new_forger, pairs_of, work_open
from tests.audit.strange_writer import zipped
from tests.audit.strangers import ask_go
from tests.audit.three_programs import (
    IN_DOUBT,
    LONG,
    OK,
    TAMPERED,
    Small,
    ask_bundle,
    ask_bytes,
    ask_log,
    flip,
    note,
    write_log,
)

SCRIPT: Final = Path(checker.__file__)
NAME: Final = Opening(salt=bytes(range(16)), value="Иванов И. И.")


# --- good -----------------------------------------------------------------------------------------------------------


def test_good_logs_and_their_exports_at_the_edges_of_tiles(tmp_path: Path) -> None:
    bench = make_log(tmp_path / "log", segment_bytes=9_000)
    key = first_key(bench).text
    for size in (1, 255, 256, 257):
        while bench.log.size < size:
            if bench.log.size in (7, 100, 251):
                bench.log.rotate("anchor")
            else:
                bench.log.append(note(f"{bench.log.size}"))
        assert bench.log.size == size
        assert len(bench.place.bytes().names()) > 10 or size == 1
        answers = ask_log(bench.place.folder.path, key)
        assert (answers, len(answers.roots)) == (OK, 1)
        folder = export_all(bench).write_to(tmp_path / f"bundle-{size}")
        answers = ask_bundle(folder, key)
        assert (answers, len(answers.roots)) == (OK, 1)
    assert run_standalone(zipped(folder, tmp_path / "b.zip"), key) == (0, "state: ok")
    assert run_standalone(bench.place.folder.path, key) == (0, "state: ok")


def test_all_refuse_a_log_without_records(tmp_path: Path, small: Small) -> None:
    assert ask_log(write_log(tmp_path, {}), small.key) == TAMPERED
    assert ask_bytes(tmp_path, small.key, b"") == TAMPERED


def test_all_take_an_empty_last_segment(tmp_path: Path, small: Small) -> None:
    assert ask_log(write_log(tmp_path, {segment_name(0): small.data, segment_name(6): b""}), small.key) == OK


def test_good_bundles_of_one_work(tmp_path: Path) -> None:
    bench = three_works(tmp_path / "log", {"customer": NAME.commitment("customer")})
    do_work(bench.log)
    key = first_key(bench).text
    for work, shown in (("A", None), ("B", {3: opened()}), ("C", None), (WORK, None)):
        private = {index_of_commitment(bench): data for data in (shown or {}).values()}
        folder = export_work(bench, work, cosigned(head_of(bench)), private).write_to(tmp_path / work)
        answers = ask_bundle(folder, key)
        assert (answers, len(answers.roots)) == (OK, 1)
        assert run_standalone(folder, key) == (0, "state: ok")


def index_of_commitment(bench: Bench) -> int:
    return next(n for n, pair in enumerate(pairs_of(bench.place.bytes())) if b'"commitments"' in pair)


def opened() -> bytes:
    return json.dumps({"customer": NAME.facts()}, ensure_ascii=False).encode()


def test_a_frame_in_doubt_is_a_good_log_to_all(tmp_path: Path) -> None:
    bench = make_log(tmp_path / "log")
    bench.log.append(work_open())
    bench.log.append(intent(0, 1))
    assert ask_log(bench.place.folder.path, first_key(bench).text) == IN_DOUBT


@pytest.mark.skipif(not LONG, reason="METERLINK_LONG=1: ten minutes")
@pytest.mark.parametrize("size", [65_536, 70_000])
def test_large_logs_and_their_exports(tmp_path: Path, size: int) -> None:
    """Pairs made directly; two segments, a change of key; the standalone program takes the quick look at signatures."""
    forger, folder = new_forger(), tmp_path / "log"
    assert forger.key is not None
    key = forger.key.vkey(forger.origin).text
    (folder / "seg").mkdir(parents=True)
    segments: dict[str, list[bytes]] = {segment_name(0): []}
    for pair in many_pairs(forger, size):
        if sum(map(len, segments[max(segments)][-1:])) and segment_full(segments[max(segments)]):
            segments[segment_name(forger.frontier.size - 1)] = []
        segments[max(segments)].append(pair)
    write_log(folder, {name: b"".join(pairs) for name, pairs in segments.items()})
    assert len(segments) >= 2
    log = FolderBytes(Disk(), LogFolder(folder))
    found = collect(log, size, None)
    signature = found.found.chain.signature
    assert signature is not None
    head = Note(text=found.found.chain.checkpoint().body(), signatures=(signature,))
    bundle = MemoryBundle(dict(bundle_of_log(found, head, log, {}, "b.zip"))).write_to(tmp_path / "bundle")
    ours = verify_bundle(UnpackedBundle(bundle), Trust(keys=[Vkey.parse(key)]))
    trust = checker.Trust()
    checker.read_keys(trust, [key])
    theirs = checker.check(str(bundle), trust, [], thorough=False)
    assert (ours.findings, theirs.findings) == ([], [])
    root = base64.b64encode(found.tree.root()).decode()
    assert ask_go("bundle", bundle, key) == f"ok size {size} root {root}\n"
    assert (theirs.size, theirs.root) == (size, root)
    last = sorted((bundle / "tile" / "0").rglob("*"))[-1]
    last = next(file for file in (last, *last.rglob("*")) if file.is_file())
    flip(last, 5, 1)
    assert ask_go("bundle", bundle, key).startswith("bad")
    assert checker.check(str(bundle), trust, [], thorough=False).state == "tampered"
    assert verify_bundle(UnpackedBundle(bundle), Trust(keys=[Vkey.parse(key)])).state == "tampered"


def segment_full(pairs: list[bytes]) -> bool:
    return len(pairs) >= 40_000


def many_pairs(forger: Forger, size: int) -> Iterator[bytes]:
    assert forger.key is not None
    yield forger.pair("log.open", {"format": 1, "vkey": forger.key.vkey(forger.origin).text, "install": "0" * 32})
    while forger.frontier.size < size:
        yield forger.pair("log.note", {"text": "n", "about": 0})


# --- as strangers run them ------------------------------------------------------------------------------------------


def run_standalone(path: Path, key: str) -> tuple[int, str]:
    """Exit code and last line of the program, run with nothing of ours in reach."""
    command = [sys.executable, "-I", "-S", "-W", "error", str(SCRIPT), "--key", key, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=path.parent)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()[-1]


def test_the_file_run_alone_says_the_same(tmp_path: Path, small: Small) -> None:
    for data, expected in (
        (small.data, (0, "state: ok")),
        (small.data[:-1], (10, "state: torn")),
        (small.data[:-1] + b"\x0b\n", (10, "state: tampered")),
    ):
        folder = write_log(tmp_path, {segment_name(0): data})
        assert run_standalone(folder, small.key) == expected
        assert ask_log(folder, small.key).standalone == expected[1].removeprefix("state: ")


def test_openssl_verifies_the_last_seal(tmp_path: Path, small: Small) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    leaves = [sha256(b"\0" + pair.split(b"\n")[0]).digest() for pair in small.pairs]
    pairs = [sha256(b"\1" + leaves[i] + leaves[i + 1]).digest() for i in (0, 2, 4)]
    root = sha256(b"\1" + sha256(b"\1" + pairs[0] + pairs[1]).digest() + pairs[2]).digest()
    text = f"{small.origin}\n6\n{base64.b64encode(root).decode()}\n".encode()
    (tmp_path / "text").write_bytes(text)
    (tmp_path / "signature").write_bytes(base64.b64decode(small.pairs[5].split()[-1])[4:])
    prefix = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: an Ed25519 public key
    (tmp_path / "key").write_bytes(prefix + small.keys[1].public)
    command = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in text -sigfile signature"
    assert subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "text").write_bytes(text.replace(b"\n6\n", b"\n7\n"))
    assert subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False).returncode == 1
