"""The one-file checker: bundles of a work, and those that lie."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import zipfile
from pathlib import Path

import pytest

from meterlink.audit.standalone import verify_meterlink as checker
from tests.audit.strange_writer import (
    LONG,
    Writer,
    b64,
    canonical,
    check,
    check_bytes,
    codes,
    growth,
    inclusion,
    note_line,
    resealed,
    small_log,
    text_of,
    working_log,
    zipped,
)


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
