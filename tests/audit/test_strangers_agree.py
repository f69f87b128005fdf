"""Three programs read the same bytes and say the same: ours, the Go program, and the one file that travels in bundles.

The first was written here, the second on top of x/mod, the third from the pages with the standard library alone.
Where they may differ, and nowhere else: the Go program knows no torn ends (bad for it), no private/ and no NFC.
METERLINK_LONG=1 runs every bit and every cut of a log, more of the bundles, and the large logs instead of a sample.
"""

from __future__ import annotations

import base64
import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from meterlink.audit.bundle import bundle_of_log, collect
from meterlink.audit.bundle_check import Trust, verify_bundle
from meterlink.audit.bundle_files import UnpackedBundle
from meterlink.audit.commitment import Opening
from meterlink.audit.folder import FolderBytes, LogFolder
from meterlink.audit.fsio import Disk, File
from meterlink.audit.keys import PrivateKey
from meterlink.audit.note import Note, Vkey
from meterlink.audit.record import Entry
from meterlink.audit.segments import LogBytes, segment_name
from meterlink.audit.standalone import verify_meterlink as checker
from meterlink.audit.verify import verify_log
from tests.audit.bundles import MemoryBundle, cosigned, export_all, export_work, first_key, head_of, three_works
from tests.audit.logs import (
    WORK,
    Bench,
    Forger,
    MemoryBytes,
    do_work,
    intent,
    make_log,
    new_forger,
    pairs_of,
    renumbered,
    work_close,
    work_open,
)
from tests.audit.strangers import ask_go, go_stranger

LONG: Final = os.environ.get("METERLINK_LONG") == "1"
SCRIPT: Final = Path(checker.__file__)
NAME: Final = Opening(salt=bytes(range(16)), value="Иванов И. И.")


class Unsynced(Disk):
    """The disk without its slowest part: nothing here is about power cuts."""

    def sync_folder(self, folder: Path) -> None:
        pass

    def create(self, path: Path) -> File:
        return _unsynced(super().create(path))

    def overwrite(self, path: Path) -> File:
        return _unsynced(super().overwrite(path))

    def append_to(self, path: Path) -> File:
        return _unsynced(super().append_to(path))

    def write_at(self, path: Path, offset: int) -> File:
        return _unsynced(super().write_at(path, offset))


def _unsynced(file: File) -> File:
    file.sync = lambda: None  # type: ignore[method-assign]
    return file


# --- three answers --------------------------------------------------------------------------------------------------


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


# --- logs -----------------------------------------------------------------------------------------------------------


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


@functools.cache
def small_logs(folder: Path) -> tuple[Small, Small]:
    """Two logs of different keys, otherwise alike."""
    return make_small(folder / "1", 1), make_small(folder / "2", 2)


def make_small(folder: Path, seed: int) -> Small:
    bench = make_log(folder, files=Unsynced(), segment_bytes=1 << 24, seed=seed)
    keys = [bench.key()]
    bench.log.append(note('акт «1»\n\t"\\'))
    bench.log.rotate("anchor")
    keys.append(bench.key())
    bench.log.append(note("2"))
    bench.log.append(note("3"))
    return Small(first_key(bench).text, pairs_of(bench.place.bytes()), keys)


@pytest.fixture(scope="module")
def smalls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Small, Small]:
    return small_logs(tmp_path_factory.mktemp("small"))


@pytest.fixture
def small(smalls: tuple[Small, Small]) -> Small:
    return smalls[0]


@pytest.fixture(scope="module", autouse=True)
def _go() -> None:
    go_stranger()


# --- good -----------------------------------------------------------------------------------------------------------


def test_good_logs_and_their_exports_at_the_edges_of_tiles(tmp_path: Path) -> None:
    bench = make_log(tmp_path / "log", files=Unsynced(), segment_bytes=9_000)
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
    bench = make_log(tmp_path / "log", files=Unsynced())
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


# --- bad logs: every byte, every order ------------------------------------------------------------------------------


def test_every_flipped_bit(tmp_path: Path, small: Small) -> None:
    """Torn: one of the newlines of the last pair is gone; to the Go program that is bad like all else."""
    data = small.data
    newlines = {small.edges[-2] + small.pairs[-1].index(b"\n"), len(data) - 1}
    bits = [(at, bit) for at in range(len(data)) for bit in range(8)]
    for at, bit in bits if LONG else [*bits[:: 8 * 13 + 3], *((at, 2) for at in newlines)]:
        bad = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        assert ask_bytes(tmp_path, small.key, bad) == (TORN if at in newlines else TAMPERED), (at, bit)


def test_every_cut(tmp_path: Path, small: Small) -> None:
    """Ok: whole records were taken from the end, which nobody sees without a head. A log is nothing without one."""
    data, edges = small.data, small.edges
    sample = {*range(0, len(data), 61), *edges[:-1], *(edge - 1 for edge in edges), *(edge + 1 for edge in edges[:-1])}
    for length in range(len(data)) if LONG else sorted(sample):
        expected = OK if length in edges else TORN if length > edges[0] else TAMPERED
        assert ask_bytes(tmp_path, small.key, data[:length]) == expected, length


def test_lost_sectors(tmp_path: Path, small: Small) -> None:
    forger = small.forger(6, small.keys[1])
    start, data = len(small.data), small.data + forger.pair("log.note", {"text": "x" * 1500})
    edge = -(-start // 512) * 512
    for begin, end, expected in (
        (edge, edge + 512, TORN),
        (start, edge, TORN),
        (edge + 512, len(data), TORN),
        (edge + 1, edge + 512, TAMPERED),
        (edge, edge + 511, TAMPERED),
        (512, 1024, TAMPERED),
        (edge - 512, edge, TAMPERED),
    ):
        bad = data[:begin] + bytes(end - begin) + data[end:]
        assert ask_bytes(tmp_path, small.key, bad) == expected, (begin, end)


def test_what_a_crash_never_leaves(tmp_path: Path, small: Small) -> None:
    """The last record with its newline taken away, and behind it bytes that make it look like one cut append."""
    line = small.pairs[5].split(b"\n")[0]
    whole = b"".join(small.pairs[:5])
    follower = small.forger(6, small.keys[1]).line("log.note", {})
    for rest, expected in (
        (line, TORN),
        (line + line, TORN),
        (line + follower, TAMPERED),
        (line + b"\n" + follower, TAMPERED),
        (b"x" * 33_792, TORN),
        (b"x" * 33_793, TAMPERED),
        (b"\0" * 700, TORN),
    ):
        assert ask_bytes(tmp_path, small.key, whole + rest) == expected, rest[-40:]


def orders() -> Iterator[tuple[tuple[int, ...], bool]]:
    """Other sequences of the six records, and whether all that is wrong is that the last ones are missing."""
    every = tuple(range(6))
    permuted = [order for order in itertools.permutations(every) if order != every]
    for order in permuted if LONG else permuted[::19]:
        yield order, False
    for i in every:
        yield every[:i] + every[i + 1 :], i == 5
        yield every[: i + 1] + every[i:], False
        yield (*every, i), False
        yield every[:i] + every[i + 2 :], i >= 4
    yield every + every, False


def test_every_order(tmp_path: Path, small: Small) -> None:
    for order, only_cut in orders():
        data = b"".join(small.pairs[i] for i in order)
        assert ask_bytes(tmp_path, small.key, data) == (OK if only_cut else TAMPERED), order


def test_every_splice_from_another_log(tmp_path: Path, smalls: tuple[Small, Small]) -> None:
    ours, other = smalls
    for i in range(6):
        for data in (
            [*ours.pairs[:i], other.pairs[i], *ours.pairs[i + 1 :]],
            [*ours.pairs[: i + 1], *other.pairs[i + 1 :]] if i < 5 else [*ours.pairs, other.pairs[0]],
            [*other.pairs[: i + 1], *ours.pairs[i + 1 :]],
            [*ours.pairs[:i], other.pairs[i], *ours.pairs[i:]],
        ):
            assert ask_bytes(tmp_path, ours.key, b"".join(data)) == TAMPERED, i
    lines = [pair.split(b"\n") for pair in ours.pairs]
    strange = [pair.split(b"\n") for pair in other.pairs]
    for i in range(6):
        pairs = [(line[0], (strange if n == i else lines)[n][1]) for n, line in enumerate(lines)]
        assert ask_bytes(tmp_path, ours.key, b"".join(b"%s\n%s\n" % pair for pair in pairs)) == TAMPERED, i


@pytest.mark.parametrize(("index", "epoch"), [(0, 1), (1, 1), (2, 1), (3, 0), (4, 0), (5, 0)])
def test_a_seal_by_the_key_of_another_epoch(tmp_path: Path, small: Small, index: int, epoch: int) -> None:
    """The same record, sealed anew with a key that the log knows, and the same with another text."""
    for text in (None, "other"):
        forger = small.forger(index, small.keys[epoch])
        line = small.pairs[index].split(b"\n")[0]
        line = line if text is None or index in (0, 2, 3) else renumbered(small.pairs[index], d={"text": text})
        for claimed in (None, small.keys[1 - epoch]):
            again = small.forger(index, small.keys[epoch]).seal(line, claimed)
            assert ask_bytes(tmp_path, small.key, b"".join(small.pairs[:index]) + again) == TAMPERED
        forged = [*small.pairs[:index], forger.seal(line), *small.pairs[index + 1 :]]
        assert ask_bytes(tmp_path, small.key, b"".join(forged)) == TAMPERED


def test_todays_key_rewrites_nothing_closed_but_todays_epoch(tmp_path: Path, small: Small) -> None:
    """Whoever holds the key in force can rewrite what it signed, and only a head from elsewhere tells."""
    for index in range(1, 6):
        forger = small.forger(index, small.keys[1])
        forged = list(small.pairs[:index])
        for pair in small.pairs[index:]:
            line = renumbered(pair, prev=forger.prev.hex(), t="2025-01-01T00:00:00.000Z")
            forged.append(forger.seal(line))
        expected = OK if index >= 3 else TAMPERED
        assert ask_bytes(tmp_path, small.key, b"".join(forged)) == expected, index


def test_an_unsigned_tail(tmp_path: Path, small: Small) -> None:
    """One record without its seal is what a crash leaves; anything longer, or with a false seal, is not."""
    forger = small.forger(6, small.keys[1])
    one = forger.line("log.note", {"text": "4"})
    sealed = forger.seal(one)
    two = forger.line("log.note", {"text": "5"})
    signature = small.pairs[5].split(b"\n")[1]
    for tail, expected in (
        (one + b"\n", TORN),
        (one + b"\n" + signature, TORN),
        (one + b"\n" + signature + b"\n", TAMPERED),
        (one + b"\n\n", TAMPERED),
        (one + b"\n" + two + b"\n", TAMPERED),
        (sealed + two + b"\n", TORN),
        (sealed, OK),
    ):
        assert ask_bytes(tmp_path, small.key, small.data + tail) == expected, tail


def test_nothing_follows_the_end(tmp_path: Path, small: Small) -> None:
    forger = small.forger(6, small.keys[1])
    ended = small.data + forger.pair("log.end", {"reason": "r"})
    line = forger.line("log.note", {})
    assert ask_bytes(tmp_path, small.key, ended) == OK
    for rest in (b"\0", line[:30], line, line + b"\n", forger.seal(line)):
        assert ask_bytes(tmp_path, small.key, ended + rest) == TAMPERED, rest


def test_segments_that_are_missing_renamed_or_cut(tmp_path: Path, small: Small) -> None:
    parts = {segment_name(i): b"".join(small.pairs[i : i + 2]) for i in (0, 2, 4)}
    first, second, last = sorted(parts)
    assert ask_log(write_log(tmp_path, parts), small.key) == OK
    for segments, expected in (
        ({first: parts[first], last: parts[last]}, TAMPERED),
        ({second: parts[second], last: parts[last]}, TAMPERED),
        ({first: parts[first], second: parts[second]}, OK),
        ({first: parts[first], second: parts[last], last: parts[second]}, TAMPERED),
        ({first: parts[first], segment_name(3): parts[second], last: parts[last]}, TAMPERED),
        (parts | {first: parts[first][:-1]}, TAMPERED),
        (parts | {first: b""}, TAMPERED),
        (parts | {second: parts[second] + b"\0"}, TAMPERED),
        (parts | {second: parts[second] + parts[last]}, TAMPERED),
        (parts | {last: parts[last][:-1]}, TORN),
        (parts | {segment_name(5): b""}, TAMPERED),
        (parts | {segment_name(6): b"x"}, TORN),
    ):
        assert ask_log(write_log(tmp_path, segments), small.key) == expected, list(segments)


def test_another_first_key(tmp_path: Path, smalls: tuple[Small, Small]) -> None:
    assert ask_bytes(tmp_path, smalls[1].key, smalls[0].data) == TAMPERED


def test_memory_and_folder_are_read_alike(tmp_path: Path, small: Small) -> None:
    logs: Sequence[LogBytes] = (
        MemoryBytes.of(small.data),
        FolderBytes(Disk(), LogFolder(write_log(tmp_path, {segment_name(0): small.data}))),
    )
    first, second = (verify_log(log).chain.checkpoint() for log in logs)
    assert first == second


# --- what the page says of d ----------------------------------------------------------------------------------------

HASH: Final = "ab" * 32
INTENT: Final = {"operation": "set", "part": 1, "parts": 1, "frames": [{"i": 0, "bytes": "00"}]}
AGREED: Final = [
    ("key.rotate", {"vkey": 1}),
    ("anchor", {"size": 7, "root": HASH[:43] + "="}),
    ("anchor", {"size": 0, "root": "A" * 43 + "="}),
    ("anchor", {"size": 1, "root": "A" * 42 + "=="}),
    ("log.recovered", {"file": "1-" + HASH[:12], "bytes": -1, "sha256": HASH}),
    ("log.recovered", {"file": "1-" + HASH[:12], "bytes": 1, "sha256": HASH[1:]}),
    ("intent", {**INTENT, "operation": 1}),
    ("intent", {**INTENT, "part": "1"}),
    ("intent", {**INTENT, "parts": True}),
    ("intent", {**INTENT, "frames": [{"i": "0", "bytes": "00"}]}),
    ("intent", {**INTENT, "frames": [{"i": 0}]}),
    ("outcome", {"of": 1, "result": "ok"}),
    ("outcome", {"of": -1, "i": 0, "result": "ok"}),
    ("verify", {"of": "1", "same": True}),
    ("verify", {"of": 1, "i": "0", "same": True}),
    ("resolve", {"i": 1}),
    ("resolve", {"of": 1, "i": -1}),
]
LAXER: Final = [
    ("outcome", {"of": 1, "i": 0, "result": "perhaps"}),
    ("verify", {"of": 1}),
    ("log.recovered", {"file": "../key/epoch", "bytes": 1, "sha256": HASH}),
    ("work.close", {"records": {}}),
]
"""Ours takes these."""


def ask_pair(folder: Path, small: Small, kind: str, d: dict[str, object]) -> tuple[str, str]:
    """What ours and the one file say; the Go program reads of `d` only keys and anchors."""
    data = small.data + small.forger(6, small.keys[1]).pair(kind, d)
    folder = write_log(folder, {segment_name(0): data})
    return verify_log(MemoryBytes.of(data)).state, standalone(folder, small.key).state


@pytest.mark.parametrize(("kind", "d"), AGREED)
def test_a_record_that_does_not_hold_what_its_type_must(
    tmp_path: Path, small: Small, kind: str, d: dict[str, object]
) -> None:
    assert ask_pair(tmp_path, small, kind, d) == ("tampered", "tampered")


@pytest.mark.parametrize(("kind", "d"), LAXER)
def test_the_page_says_more_of_a_type(tmp_path: Path, small: Small, kind: str, d: dict[str, object]) -> None:
    assert ask_pair(tmp_path, small, kind, d)[1] == "tampered"


@pytest.mark.parametrize(("kind", "d"), LAXER)
def test_the_page_says_more_of_a_type_to_us(tmp_path: Path, small: Small, kind: str, d: dict[str, object]) -> None:
    assert ask_pair(tmp_path, small, kind, d)[0] == "tampered"


def first_record(small: Small, **changed: object) -> bytes:
    line = json.loads(small.pairs[0].split(b"\n")[0])
    return small.forger(0, small.keys[0]).seal(renumbered(small.pairs[0], d=line["d"] | changed))


def opened_epoch(small: Small, epoch: int) -> bytes:
    d = json.loads(small.pairs[3].split(b"\n")[0])["d"]
    line = renumbered(small.pairs[3], d=d | {"epoch": epoch})
    return b"".join(small.pairs[:3]) + small.forger(3, small.keys[1]).seal(line)


def test_format_and_epoch_count(tmp_path: Path, small: Small) -> None:
    for data in (first_record(small, format=2), opened_epoch(small, 0), opened_epoch(small, 2)):
        assert standalone(write_log(tmp_path, {segment_name(0): data}), small.key).state == "tampered"
    for data in (first_record(small, format=1), opened_epoch(small, 1)):
        assert ask_bytes(tmp_path, small.key, data) == OK


@pytest.mark.parametrize("what", ["format", "epoch"])
def test_format_and_epoch_count_to_us(small: Small, what: str) -> None:
    data = first_record(small, format=2) if what == "format" else opened_epoch(small, 2)
    assert verify_log(MemoryBytes.of(data)).state == "tampered"


@pytest.mark.parametrize("office", [True, "vkey", {}, [1]])
def test_an_office_that_is_no_list_of_keys(tmp_path: Path, small: Small, office: object) -> None:
    data = first_record(small, office=office)
    assert verify_log(MemoryBytes.of(data)).state == "tampered"
    assert standalone(write_log(tmp_path, {segment_name(0): data}), small.key).state == "tampered"


KEPT: Final = [("work.close", {"result": "done", "i": "x"}), ("log.note", {"text": "t", "office": 1, "records": {}})]
KEPT_BY_OTHERS: Final = [
    ("anchor", {"size": 0, "root": "", "i": "x"}),
    ("intent", {**INTENT, "frames": [], "office": 1}),
]
"""Words that mean something in other types only."""


def with_unknown_keys(small: Small, kind: str, d: dict[str, object]) -> bytes:
    forger = small.forger(6, small.keys[1])
    root = base64.b64encode(forger.frontier.root()).decode()
    return small.data + forger.pair(kind, d | ({"size": 6, "root": root} if kind == "anchor" else {}))


@pytest.mark.parametrize(("kind", "d"), KEPT)
def test_unknown_keys_are_kept(tmp_path: Path, small: Small, kind: str, d: dict[str, object]) -> None:
    assert ask_bytes(tmp_path, small.key, with_unknown_keys(small, kind, d)) == OK


@pytest.mark.parametrize(("kind", "d"), KEPT_BY_OTHERS)
def test_unknown_keys_are_kept_by_others(tmp_path: Path, small: Small, kind: str, d: dict[str, object]) -> None:
    answers = ask_bytes(tmp_path, small.key, with_unknown_keys(small, kind, d))
    assert (answers.standalone, answers.go) == ("ok", "ok")


@pytest.mark.parametrize(("kind", "d"), KEPT_BY_OTHERS)
def test_unknown_keys_are_kept_by_us(small: Small, kind: str, d: dict[str, object]) -> None:
    assert verify_log(MemoryBytes.of(with_unknown_keys(small, kind, d))).state == "ok"


# --- bad bundles ----------------------------------------------------------------------------------------------------

NOT_EVIDENCE: Final = ("policy", "how-to-check.txt", "verify_meterlink.py")
"""Files that no program believes."""
COPY_OF_THE_HEAD: Final = (".growth", ".tlog-proof")
"""Files that end in the checkpoint, or in an older one."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, dict[str, bytes]]]:
    """The first key, and a bundle of one work and one of the whole log."""
    bench = three_works(tmp_path_factory.mktemp("works"))
    return first_key(bench).text, {"work": export_work(bench, "B").files, "log": export_all(bench).files}


def bad_of_all(folder: Path, key: str, what: object) -> None:
    answers = ask_bundle(folder, key)
    assert answers.ours not in ("ok", "in-doubt"), ("ours", what)
    assert answers.standalone not in ("ok", "in-doubt"), ("standalone", what)
    assert answers.go == "bad", ("go", what)


def flip(path: Path, at: int, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)


@pytest.mark.parametrize("kind", ["work", "log"])
def test_no_file_of_a_bundle_may_change(
    tmp_path: Path, bundles: tuple[str, dict[str, dict[str, bytes]]], kind: str
) -> None:
    key, files = bundles[0], bundles[1][kind]
    folder = MemoryBundle(files).write_to(tmp_path / "bundle")
    assert ask_bundle(folder, key) == OK
    for name, data in files.items():
        if name in NOT_EVIDENCE:
            continue
        file = folder / name
        places = [*range(0, len(data), 13 if LONG else 1 + len(data) // 3), len(data) - 1]
        for at in places:
            if name.endswith(COPY_OF_THE_HEAD) and at > data.index(b"\xe2\x80\x94"):
                continue  # the seal of a copy: the next test
            flip(file, at, at % 8)
            bad_of_all(folder, key, (name, at))
            file.write_bytes(data)
        for bad in (b"", data[:-1], data + b"\n", data + b"x", data * 2):
            file.write_bytes(bad)
            bad_of_all(folder, key, (name, len(bad)))
        file.unlink()
        bad_of_all(folder, key, name)
        file.write_bytes(data)


@pytest.mark.parametrize("kind", ["work", "log"])
def test_the_seal_below_a_proof_may_not_change(
    tmp_path: Path, bundles: tuple[str, dict[str, dict[str, bytes]]], kind: str
) -> None:
    key, files = bundles[0], bundles[1][kind]
    folder = MemoryBundle(files).write_to(tmp_path / "bundle")
    for name in files:
        if name.endswith(COPY_OF_THE_HEAD):
            for what in changed_seals(folder / name):
                answers = ask_bundle(folder, key)
                assert (answers.standalone, answers.go) == ("tampered", "bad"), what


@pytest.mark.parametrize("kind", ["work", "log"])
def test_the_seal_below_a_proof_may_not_change_to_us(
    tmp_path: Path, bundles: tuple[str, dict[str, dict[str, bytes]]], kind: str
) -> None:
    key, files = bundles[0], bundles[1][kind]
    folder = MemoryBundle(files).write_to(tmp_path / "bundle")
    for name in files:
        if name.endswith(COPY_OF_THE_HEAD):
            for what in changed_seals(folder / name):
                report = verify_bundle(UnpackedBundle(folder), Trust(keys=[Vkey.parse(key)]))
                assert report.state == "tampered", what


def changed_seals(file: Path) -> Iterator[tuple[str, int]]:
    """Change a bit in the signature line at the end of a file, and put it back."""
    data = file.read_bytes()
    for at in range(data.index(b"\xe2\x80\x94"), len(data), 5 if LONG else 37):
        flip(file, at, at % 8)
        yield file.name, at
        file.write_bytes(data)


def test_no_two_files_of_a_bundle_may_change_places(
    tmp_path: Path, bundles: tuple[str, dict[str, dict[str, bytes]]]
) -> None:
    key, files = bundles[0], bundles[1]["work"]
    folder = MemoryBundle(files).write_to(tmp_path / "bundle")
    names = [name for name in files if name not in NOT_EVIDENCE]
    for one, other in list(itertools.combinations(names, 2))[:: 1 if LONG else 7]:
        (folder / one).write_bytes(files[other])
        (folder / other).write_bytes(files[one])
        bad_of_all(folder, key, (one, other))
        (folder / one).write_bytes(files[one])
        (folder / other).write_bytes(files[other])


def test_a_record_left_out_of_a_work_is_missed(tmp_path: Path) -> None:
    """Its proof is left out too, but work.close lists it."""
    bench = make_log(tmp_path / "log", files=Unsynced())
    first = bench.log.append(work_open())
    second = bench.log.append(Entry(type="read", work=WORK, d={"purpose": "before"}))
    closing = work_close()
    bench.log.append(Entry(type=closing.type, work=WORK, d={**closing.d, "records": [first, second]}))
    folder, key = export_work(bench, WORK).write_to(tmp_path / "bundle"), first_key(bench).text
    assert ask_bundle(folder, key) == OK
    for kind in ("json", "tlog-proof"):
        (folder / "records" / f"{second}.{kind}").unlink()
    assert ask_bundle(folder, key) == TAMPERED


def bundle_with_a_fork_under_heads(folder: Path) -> tuple[Path, str]:
    bench = three_works(folder / "log")
    size, head = bench.log.size, cosigned(head_of(bench)).encode()
    bundle, key = export_all(bench, {f"heads/{size}.note": head}).write_to(folder / "bundle"), first_key(bench).text
    assert ask_bundle(bundle, key) == OK
    file = bundle / "heads" / f"{size}.note"
    lines = file.read_bytes().split(b"\n")
    lines[2] = base64.b64encode(bytes(32))
    file.write_bytes(b"\n".join(lines))
    return bundle, key


def test_another_root_under_heads(tmp_path: Path) -> None:
    answers = ask_bundle(*bundle_with_a_fork_under_heads(tmp_path))
    assert (answers.standalone, answers.go) == ("fork", "bad")


def test_another_root_under_heads_to_us(tmp_path: Path) -> None:
    assert ask_bundle(*bundle_with_a_fork_under_heads(tmp_path)).ours == "fork"


def test_a_bundle_with_its_own_keys(tmp_path: Path, bundles: tuple[str, dict[str, dict[str, bytes]]]) -> None:
    """Somebody made a log and a bundle of his own; all its signatures hold."""
    bench = make_log(tmp_path / "forged", files=Unsynced(), seed=9)
    bench.log.append(work_open("B"))
    bench.log.append(work_close("B"))
    for number, bundle in enumerate((export_work(bench, "B"), export_all(bench))):
        folder = bundle.write_to(tmp_path / f"bundle-{number}")
        assert ask_bundle(folder, first_key(bench).text) == OK
        bad_of_all(folder, bundles[0], number)


# --- as strangers run them ------------------------------------------------------------------------------------------


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return path


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
