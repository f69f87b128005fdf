"""The life of a log on the disk: appended to, opened again, cut off by crashes, changed by others, refused."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from meterlink.audit import opening, store
from meterlink.audit.cache import decode_cache
from meterlink.audit.chain import Head
from meterlink.audit.folder import LogFolder
from meterlink.audit.fsio import Disk, File
from meterlink.audit.keys import PrivateKey, key_from_seed
from meterlink.audit.note import Algorithm, Checkpoint, Note, cosign_line, sign_line, verify_signature
from meterlink.audit.record import Entry
from meterlink.audit.scan import scan
from meterlink.audit.second_head import HeadFile
from meterlink.audit.segments import PAIR_LIMIT, SECTOR_BYTES, first_index, segment_name
from meterlink.audit.store import SealedLog
from meterlink.audit.writer import BALLAST_BYTES, FREE_BYTES
from meterlink.errors import (
    AuditError,
    AuditFormatError,
    AuditNotWritableError,
    ChainBrokenError,
    KeyLostError,
    LogBehindError,
    LogForkError,
    NoLogError,
)
from tests.audit.known import OFFICE_SEED, signer, vkey
from tests.audit.logs import (
    METER,
    OTHER_METER,
    Bench,
    MemoryBytes,
    anchor,
    contents,
    do_work,
    intent,
    make_log,
    outcome,
    pairs_of,
    put_back,
    read,
    records,
    renumbered,
    resolve,
    verify,
    work_close,
    work_open,
)

OFFICE: Final = vkey("example.com/office/w1", OFFICE_SEED, Algorithm.COSIGNATURE)
NOTE: Final = Entry(type="log.note", d={"text": "ночь"})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A log with one record."""
    return make_log(tmp_path / "audit")


@pytest.fixture
def remembering(tmp_path: Path) -> Bench:
    """A log with one record, whose head is remembered elsewhere."""
    return make_log(tmp_path / "audit", second_heads=(HeadFile(Disk(), tmp_path / "state"),))


@pytest.fixture
def witnessed(tmp_path: Path) -> Bench:
    """A log with one record that names a key of the office."""
    return make_log(tmp_path / "audit", facts={"office": [OFFICE.text]})


def forget_hint(bench: Bench) -> None:
    bench.place.folder.cache.unlink(missing_ok=True)


def replace_segment(bench: Bench, data: bytes) -> None:
    bench.last_segment().write_bytes(data)


def cut_to(bench: Bench, size: int) -> None:
    """Cut the log off behind so many records."""
    pairs = pairs_of(bench.place.bytes())
    names = bench.place.bytes().names()
    for name, end in zip(names, [*(first_index(name) for name in names[1:]), None], strict=True):
        begin = first_index(name)
        kept = b"".join(pairs[begin : min(size, len(pairs) if end is None else end)])
        path = bench.place.folder.segment(name)
        if kept:
            path.write_bytes(kept)
        else:
            path.unlink()


def refused(bench: Bench) -> AuditError:
    """What opening for writing says; it changes nothing on the disk, and whoever reads it is told what to do."""
    before = contents(bench.place.folder.path.parent.parent)
    with pytest.raises(AuditError) as caught:
        bench.open()
    assert contents(bench.place.folder.path.parent.parent) == before
    assert caught.value.hint
    return caught.value


def assert_broken(bench: Bench, record: int, offset: int, segment: str = segment_name(0)) -> None:
    """Opening and verifying name the same place."""
    errors = refused(bench), bench.report().findings[0]
    for error in errors:
        assert isinstance(error, ChainBrokenError)
        assert (error.state, error.record, error.segment, error.offset) == ("tampered", record, segment, offset)


def assert_goes_on(bench: Bench) -> None:
    """It opens, takes a record, and verifies."""
    log = bench.open()
    assert log.append(read()) == log.size - 1
    assert bench.report().state == ("in-doubt" if log.doubts else "ok")
    assert bench.report().chain.size == log.size


# --- the ordinary life ----------------------------------------------------------------------------------------------


def test_a_new_log_has_its_first_record_and_all_its_folders(bench: Bench) -> None:
    first = records(bench.place.bytes())[0]
    assert (bench.log.size, first["type"], first["n"], first["prev"]) == (1, "log.open", 0, "0" * 64)
    assert first["d"] | {"install": ""} == {"format": 1, "vkey": bench.key().vkey(bench.log.origin).text, "install": ""}
    assert first["log"] == bench.log.origin == "example.com/ml/" + bench.place.folder.path.name
    assert sorted(contents(bench.place.folder.path)) == sorted(
        [
            "ballast",
            "cache",
            "cache/head.json",
            "heads",
            "key",
            "key/epoch",
            "lock",
            "photos",
            "private",
            "seg",
            "seg/000000000000.log",
            "torn",
        ]
    )
    assert bench.place.folder.ballast.stat().st_size == BALLAST_BYTES
    assert bench.report().state == "ok"


def test_the_folder_and_the_key_are_for_their_owner_alone(bench: Bench) -> None:
    folder = bench.place.folder
    assert [path.stat().st_mode & 0o077 for path in (folder.path, folder.keys, folder.key, folder.private)] == [0] * 4


def test_the_first_record_holds_the_facts_given(witnessed: Bench) -> None:
    assert records(witnessed.place.bytes())[0]["d"]["office"] == [OFFICE.text]
    assert witnessed.report().chain.office == (OFFICE.text,)


def test_append_tells_the_index_and_the_record_says_what_was_asked(bench: Bench) -> None:
    assert [bench.log.append(entry) for entry in (work_open(), read())] == [1, 2]
    found = records(bench.place.bytes())[1]
    wanted = {"n": 1, "type": "work.open", "work": "w-17", "actor": "p-3", "d": dict(work_open().d)}
    assert {key: found[key] for key in wanted} == wanted
    assert bench.log.size == 3


def test_a_record_leaves_out_work_and_actor_where_there_are_none(bench: Bench) -> None:
    bench.log.append(NOTE)
    assert {"work", "actor"} & set(records(bench.place.bytes())[1]) == set()


def test_a_record_that_breaks_a_rule_of_records_is_refused_and_the_run_goes_on(bench: Bench) -> None:
    before = contents(bench.place.folder.segments)
    with pytest.raises(AuditFormatError):
        bench.log.append(Entry(type="read", d={"t1": 1.5}))
    assert contents(bench.place.folder.segments) == before
    assert bench.log.append(read()) == 1


@pytest.mark.parametrize("hint", [True, False], ids=["with hint", "without hint"])
def test_opened_again_it_goes_on(bench: Bench, hint: bool) -> None:
    do_work(bench.log)
    size = bench.log.size
    bench.log.close()
    if not hint:
        forget_hint(bench)
    log = bench.open()
    assert (log.size, log.append(read())) == (size, size)
    assert bench.report().state == "ok"


def test_it_closes_itself(bench: Bench) -> None:
    with bench.open() as log:
        log.append(read())
    with pytest.raises(AuditNotWritableError, match="closed"):
        log.append(read())
    assert decode_cache(bench.place.folder.cache.read_bytes(), bench.key()) is not None


def test_the_runs_name_themselves(bench: Bench) -> None:
    first = bench.log.append(read())
    second = bench.reopen().append(read())
    runs = [record["run"] for record in records(bench.place.bytes())]
    assert runs[first] != runs[second]
    assert bench.report().chain.last_run == runs[second]


def test_where_there_is_no_log_none_is_opened(bench: Bench) -> None:
    bench.place.folder.segment(segment_name(0)).unlink()
    assert isinstance(refused(bench), NoLogError)


def test_the_lock_of_another_run_is_waited_for_and_then_named(bench: Bench) -> None:
    bench.log.append(read())
    others = replace(bench.place, files=Disk())
    with others.locked(), pytest.raises(AuditNotWritableError, match=bench.report().chain.last_run) as caught:
        bench.log.append(read())
    assert "other run" in caught.value.hint
    assert bench.log.append(read()) == 2


# --- segments -------------------------------------------------------------------------------------------------------


def test_a_full_segment_is_followed_by_a_new_one_named_by_its_first_record(bench: Bench) -> None:
    while bench.log.size < 30:
        bench.log.append(read())
    names = bench.place.bytes().names()
    sizes = [bench.place.bytes().size(name) for name in names]
    assert len(names) > 2
    assert all(4_000 <= size < 4_000 + 1_000 for size in sizes[:-1])
    begins = [json.loads(bench.place.folder.segment(name).read_bytes().split(b"\n")[0])["n"] for name in names]
    assert begins == [first_index(name) for name in names]
    assert bench.report().state == "ok"
    assert_goes_on(bench)


def test_an_empty_new_segment_left_by_a_crash_is_taken(bench: Bench) -> None:
    while bench.place.bytes().size(segment_name(0)) < 4_000:
        bench.log.append(read())
    due = segment_name(bench.log.size)
    bench.place.folder.segment(due).touch()
    assert bench.report().state == "ok"
    assert bench.open().append(read()) == first_index(due)
    assert bench.place.bytes().size(due) > 0
    assert_goes_on(bench)


# --- the hint -------------------------------------------------------------------------------------------------------


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each scan of an opening began at its hint."""
    found: list[bool] = []

    def counting(*args: Any, **options: Any) -> Any:
        found.append(options.get("go_on") is not None)
        return scan(*args, **options)

    monkeypatch.setattr(opening, "scan", counting)
    return found


def test_a_fitting_hint_saves_the_scan(bench: Bench, scans: list[bool]) -> None:
    do_work(bench.log)
    bench.reopen()
    assert scans == [True]
    assert bench.log.size == 10


def test_a_stale_hint_is_gone_on_from(bench: Bench, scans: list[bool]) -> None:
    bench.log.append(read())
    bench.log.close()
    stale = bench.place.folder.cache.read_bytes()
    other = bench.open()
    announced, _ = other.append(intent()), other.append(read())
    bench.place.folder.cache.write_bytes(stale)
    scans.clear()
    log = bench.open()
    assert (scans, log.size, [doubt.of for doubt in log.doubts]) == ([True], 4, [announced])
    assert_goes_on(bench)


def test_a_hint_from_before_a_change_of_key_is_not_believed(bench: Bench, scans: list[bool]) -> None:
    bench.log.append(read())
    bench.log.close()
    stale = bench.place.folder.cache.read_bytes()
    bench.open().rotate("test")
    bench.place.folder.cache.write_bytes(stale)
    scans.clear()
    assert bench.open().size == 4
    assert scans == [False]


def test_a_hint_of_more_records_than_there_are_is_not_believed(bench: Bench, scans: list[bool]) -> None:
    for _ in range(3):
        bench.log.append(read())
    bench.log.close()
    cut_to(bench, 2)
    assert bench.open().size == 2
    assert scans == [False]


DAMAGED: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty": lambda raw: b"",
    "half": lambda raw: raw[: len(raw) // 2],
    "a byte changed": lambda raw: raw.replace(b'"size":2', b'"size":3'),
    "without signature": lambda raw: raw.split(b"\n")[0] + b"\n",
    "not JSON": lambda raw: b"{" + raw,
    "a list": lambda raw: b"[]\n" + raw.split(b"\n")[1] + b"\n",
    "two lines": lambda raw: raw + raw,
    "a checksum": lambda raw: with_seal(raw.split(b"\n")[0], hashlib.sha256(raw.split(b"\n")[0]).digest()),
    "signed by another key": lambda raw: signed_hint(raw.split(b"\n")[0], key_from_seed(bytes(32))),
}
HINT: Final = b"meterlink hint, no checkpoint\n"


def with_seal(text: bytes, seal: bytes) -> bytes:
    return text + b"\n" + seal.hex().encode() + b"\n"


def signed_hint(text: bytes, key: PrivateKey) -> bytes:
    return with_seal(text, key.sign(HINT + text))


def changed_hint(raw: bytes, **facts: object) -> bytes:
    """The text of a hint that lies."""
    return json.dumps(json.loads(raw.split(b"\n")[0]) | facts, separators=(",", ":")).encode()


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_hint_costs_a_scan(bench: Bench, scans: list[bool], damage: Callable[[bytes], bytes]) -> None:
    announced = bench.log.append(intent())
    bench.log.close()
    raw = bench.place.folder.cache.read_bytes()
    assert signed_hint(changed_hint(raw), bench.key()) == raw
    bench.place.folder.cache.write_bytes(damage(raw))
    assert bench.place.folder.cache.read_bytes() != raw
    log = bench.open()
    assert (scans, log.size, [doubt.of for doubt in log.doubts]) == ([False], 2, [announced])
    assert_goes_on(bench)


LIES: Final[dict[str, dict[str, object]]] = {
    "size and hashes": {"size": 1, "hashes": ["11" * 32]},
    "root": {"hashes": ["22" * 32]},
    "prev": {"prev": "33" * 32},
    "last record elsewhere": {"last": {"segment": segment_name(0), "offset": 7}},
    "last record beyond the end": {"last": {"segment": segment_name(0), "offset": 10**9}},
    "last record in no segment": {"last": {"segment": segment_name(9), "offset": 0}},
    "end beyond the end": {"end": {"segment": segment_name(0), "offset": 10**9}},
    "end in the last record": {"end": {"segment": segment_name(0), "offset": 3}},
    "end in no segment": {"end": {"segment": segment_name(9), "offset": 0}},
    "signature of nobody": {"signature": "— nobody AAAAAAAA"},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=list(LIES))
def test_a_signed_hint_that_does_not_fit_the_log_costs_a_scan(bench: Bench, lie: dict[str, object]) -> None:
    announced = bench.log.append(intent())
    bench.log.close()
    hint = bench.place.folder.cache
    hint.write_bytes(signed_hint(changed_hint(hint.read_bytes(), **lie), bench.key()))
    log = bench.open()
    assert (log.size, [doubt.of for doubt in log.doubts]) == (2, [announced])
    assert_goes_on(bench)


UNSIGNED: Final[tuple[dict[str, object], ...]] = (
    {"epoch_began": 2},
    {"epoch": 4},
    {"used": []},
    {"key": key_from_seed(bytes(32)).vkey("example.com/ml/626417b6").text},
    {"ended": True},
    {"recovered": []},
    {"office": ["x"]},
    {"doubts": []},
    {"end": {"segment": segment_name(0), "offset": "5"}},
    {"last": {"segment": segment_name(0), "offset": -1}},
    {"key": 5},
    {"signature": 5},
)


@pytest.mark.parametrize("lie", UNSIGNED, ids=lambda lie: f"{next(iter(lie))}")
@pytest.mark.parametrize("sealed", ["old seal", "another key", "a checksum"])
def test_a_hint_that_the_key_in_force_did_not_sign_is_not_believed(
    bench: Bench, lie: dict[str, object], sealed: str
) -> None:
    replace_segment(bench, bench.last_segment().read_bytes() + b"{")
    bench.reopen()
    announced = bench.log.append(intent())
    bench.log.close()
    hint = bench.place.folder.cache
    text, seal = changed_hint(hint.read_bytes(), **lie), hint.read_bytes().split(b"\n")[1]
    seals = {"old seal": bytes.fromhex(seal.decode()), "a checksum": hashlib.sha256(text).digest()}
    seals["another key"] = key_from_seed(bytes(32)).sign(HINT + text)
    hint.write_bytes(with_seal(text, seals[sealed]))
    log = bench.open()
    chain, honest = log._writer.chain, bench.report().chain
    assert [doubt.of for doubt in log.doubts] == [announced]
    assert log.size == honest.size == 3
    assert (chain.epoch_began, chain.epoch, chain.used, chain.key) == (0, 0, honest.used, honest.key)
    assert (chain.ended, chain.recovered, chain.office) == (False, honest.recovered, ())


@pytest.mark.parametrize("entry", [work_open(), intent()], ids=lambda entry: entry.type)
def test_no_meter_is_written_on_the_word_of_a_hint(bench: Bench, entry: Entry) -> None:
    """Whoever holds the key can sign a lie; before a work the whole log is read."""
    announced = bench.log.append(intent())
    bench.log.close()
    hint = bench.place.folder.cache
    hint.write_bytes(signed_hint(changed_hint(hint.read_bytes(), doubts=[]), bench.key()))
    log = bench.open()
    assert log.doubts == []
    index = log.append(entry)
    assert [doubt.of for doubt in log.doubts] == [announced, index][: 1 + (entry.type == "intent")]


@pytest.mark.parametrize("entry", [work_open(), intent()], ids=lambda entry: entry.type)
def test_a_wrong_record_before_the_hint_is_seen_before_a_work(bench: Bench, entry: Entry) -> None:
    for _ in range(3):
        bench.log.append(read())
    bench.log.close()
    data = bench.last_segment().read_bytes()
    replace_segment(bench, data.replace(b'"mono_ms":1,', b'"mono_ms":9,', 1))
    assert bench.last_segment().read_bytes() != data
    log = bench.open()
    before = contents(bench.place.folder.segments)
    with pytest.raises(ChainBrokenError):
        log.append(entry)
    assert contents(bench.place.folder.segments) == before


# --- keys -----------------------------------------------------------------------------------------------------------


def test_a_change_of_key_is_told_by_the_old_key_and_proven_by_the_new_one(bench: Bench) -> None:
    old = bench.key()
    bench.log.rotate("the laptop was in repair")
    new = bench.key()
    assert new.public != old.public
    rotated, opened = records(bench.place.bytes())[1:]
    vkey_text = new.vkey(bench.log.origin).text
    assert (rotated["type"], rotated["d"]) == ("key.rotate", {"vkey": vkey_text, "reason": "the laptop was in repair"})
    assert (opened["type"], opened["d"]) == ("epoch.open", {"vkey": vkey_text, "epoch": 1})
    ids = [pair.split(b"\n")[1].split(b" ")[2][:5] for pair in pairs_of(bench.place.bytes())]
    assert ids[0] == ids[1] != ids[2]
    assert not bench.place.folder.next_key.exists()
    assert_goes_on(bench)


def test_nothing_of_the_old_key_is_left(bench: Bench) -> None:
    old = bench.place.folder.key.read_bytes()
    bench.log.rotate("test")
    assert old not in contents(bench.place.folder.path).values()


@pytest.mark.parametrize("entry", [work_close(), None], ids=["work.close", "anchor"])
def test_the_key_changes_after_a_work_and_after_an_anchor(bench: Bench, entry: Entry | None) -> None:
    entry = entry or anchor(1, bench.report().chain.frontier.root())
    bench.log.append(work_open())
    index = bench.log.append(entry)
    assert bench.types()[index:] == [entry.type, "key.rotate", "epoch.open"]
    assert records(bench.place.bytes())[-2]["d"]["reason"] == entry.type
    assert_goes_on(bench)


@pytest.mark.parametrize("entry", [work_open(), read(), intent(), NOTE], ids=lambda entry: entry.type)
def test_the_key_does_not_change_after_other_records(bench: Bench, entry: Entry) -> None:
    bench.log.append(entry)
    assert bench.types() == ["log.open", entry.type]


def test_the_key_changes_after_so_many_records(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "EPOCH_RECORDS", 5)
    for _ in range(10):
        bench.log.append(read())
    reads, change = ["read"], ["key.rotate", "epoch.open"]
    assert bench.types() == ["log.open", *reads * 4, *change, *reads * 4, *change, *reads * 2]
    assert bench.report().state == "ok"


def test_no_key_changes_between_a_write_and_what_became_of_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "EPOCH_RECORDS", 2)
    announced = bench.log.append(intent(0, 1, 2))
    for entry in (outcome(announced), verify(announced, 1), resolve(announced, 2)):
        bench.log.append(entry)
    assert bench.types() == ["log.open", "intent", "outcome", "verify", "resolve"]
    bench.log.append(read())
    assert bench.types()[5:] == ["key.rotate", "epoch.open", "read"]


def test_epochs_are_counted(bench: Bench) -> None:
    for _ in range(3):
        bench.log.rotate("test")
    assert [record["d"]["epoch"] for record in records(bench.place.bytes()) if record["type"] == "epoch.open"] == [
        1,
        2,
        3,
    ]
    assert (bench.report().chain.epoch, bench.report().chain.epoch_began) == (3, 6)


@dataclass
class Unfinished:
    """A log whose change of key a crash cut off: both keys, and how long it was before."""

    bench: Bench
    old: bytes
    new: bytes
    before: int

    def leave(self, size: int, *, epoch: bytes | None, next_: bytes | None) -> None:
        folder = self.bench.place.folder
        cut_to(self.bench, size)
        for path, key in ((folder.key, epoch), (folder.next_key, next_)):
            path.unlink(missing_ok=True)
            if key is not None:
                path.write_bytes(key)


@pytest.fixture(params=["hint from before", "hint from after", "no hint"])
def unfinished(bench: Bench, request: pytest.FixtureRequest) -> Unfinished:
    folder = bench.place.folder
    bench.log.append(read())
    bench.reopen()
    early = folder.cache.read_bytes()
    old, before = folder.key.read_bytes(), bench.log.size
    bench.log.rotate("test")
    if request.param == "hint from before":
        folder.cache.write_bytes(early)
    elif request.param == "no hint":
        forget_hint(bench)
    return Unfinished(bench=bench, old=old, new=folder.key.read_bytes(), before=before)


def test_a_next_key_that_nobody_announced_is_not_used(unfinished: Unfinished) -> None:
    unfinished.leave(unfinished.before, epoch=unfinished.old, next_=unfinished.new)
    assert_goes_on(unfinished.bench)
    assert unfinished.bench.types() == ["log.open", "read", "read"]
    assert unfinished.bench.place.folder.key.read_bytes() == unfinished.old
    unfinished.bench.open().rotate("test")
    assert unfinished.bench.place.folder.key.read_bytes() not in (unfinished.old, unfinished.new)
    assert unfinished.bench.report().state == "ok"


def test_an_announced_key_is_put_in_its_place_and_proven(unfinished: Unfinished) -> None:
    unfinished.leave(unfinished.before + 1, epoch=unfinished.old, next_=unfinished.new)
    assert_goes_on(unfinished.bench)
    assert unfinished.bench.types() == ["log.open", "read", "key.rotate", "epoch.open", "read"]
    folder = unfinished.bench.place.folder
    assert folder.key.read_bytes() == unfinished.new
    assert not folder.next_key.exists()


def test_a_key_in_its_place_is_proven(unfinished: Unfinished) -> None:
    unfinished.leave(unfinished.before + 1, epoch=unfinished.new, next_=None)
    assert_goes_on(unfinished.bench)
    assert unfinished.bench.types() == ["log.open", "read", "key.rotate", "epoch.open", "read"]


def test_a_key_in_its_place_is_proven_also_when_the_next_one_is_left_over(unfinished: Unfinished) -> None:
    unfinished.leave(unfinished.before + 1, epoch=unfinished.new, next_=unfinished.old)
    assert_goes_on(unfinished.bench)
    assert unfinished.bench.types() == ["log.open", "read", "key.rotate", "epoch.open", "read"]


class Killed(BaseException):
    """The process is gone."""


class DyingDisk(Disk):
    """A disk whose process is killed before the operation with this number. Counts only what changes the disk."""

    def __init__(self, dies_at: int | None = None) -> None:
        super().__init__()
        self.dies_at = dies_at
        self.done = 0

    def step(self) -> None:
        if self.done == self.dies_at:
            raise Killed
        self.done += 1

    def overwrite(self, path: Path) -> File:
        self.step()
        return _Watched(super().overwrite(path), self)

    def append_to(self, path: Path) -> File:
        return _Watched(super().append_to(path), self)

    def create(self, path: Path) -> File:
        self.step()
        return super().create(path)

    def replace(self, source: Path, target: Path) -> None:
        self.step()
        super().replace(source, target)

    def truncate(self, path: Path, size: int) -> None:
        self.step()
        super().truncate(path, size)


class _Watched:
    def __init__(self, file: File, disk: DyingDisk) -> None:
        self._file = file
        self._disk = disk

    def write(self, data: bytes) -> int:
        self._disk.step()
        if self._disk.done == self._disk.dies_at:
            self._file.write(data[: len(data) // 2])
        self._disk.step()
        return self._file.write(data)

    def sync(self) -> None:
        self._disk.step()
        self._file.sync()

    def __enter__(self) -> _Watched:
        self._file.__enter__()
        return self

    def __exit__(self, *about: Any) -> None:
        self._file.__exit__(*about)


def deaths(tmp_path: Path, prepare: Callable[[Bench], object], act: Callable[[Bench], object]) -> Iterator[Bench]:
    """The log as it is after the process was killed at each operation of an act, one after the other."""
    for dies_at in range(100):
        disk = DyingDisk()
        bench = make_log(tmp_path / f"{dies_at}", files=disk)
        prepare(bench)
        disk.dies_at = disk.done + dies_at
        try:
            act(bench)
        except Killed:
            disk.dies_at = None
            yield bench
        else:
            return
    pytest.fail("the act does not end")


def test_a_change_of_key_killed_at_any_operation_is_finished_or_has_not_begun(tmp_path: Path) -> None:
    ends = []
    for bench in deaths(tmp_path, lambda bench: bench.log.append(read()), lambda bench: bench.log.rotate("test")):
        log = bench.open()
        ends.append(bench.types())
        assert bench.report().state == "ok"
        log.append(read())
        log.rotate("again")
        assert_goes_on(bench)
    told = [[type_ for type_ in types if type_ != "log.recovered"] for types in ends]
    begun = ["log.open", "read"]
    finished = [*begun, "key.rotate", "epoch.open"]
    assert told == [begun] * told.count(begun) + [finished] * told.count(finished)
    assert told.count(begun) >= 4
    assert told.count(finished) >= 4
    assert len({tuple(types) for types in ends}) == 4  # two records, each whole or torn


def test_a_recovery_killed_at_any_operation_is_finished_by_the_next(tmp_path: Path) -> None:
    def tear(bench: Bench) -> None:
        bench.last_segment().write_bytes(bench.last_segment().read_bytes() + b'{"d":')

    for bench in deaths(tmp_path, tear, lambda bench: bench.open()):
        log = bench.open()
        recovered = [record["d"] for record in records(bench.place.bytes()) if record["type"] == "log.recovered"]
        assert 5 in [told["bytes"] for told in recovered]
        kept = contents(bench.place.folder.torn)
        assert {told["file"]: told["sha256"] for told in recovered} == {
            name: hashlib.sha256(data).hexdigest() for name, data in kept.items()
        }
        assert log.append(read()) == 1 + len(recovered)
        assert bench.report().state == "ok"


def test_without_the_key_in_force_the_log_is_read_only(bench: Bench) -> None:
    bench.log.append(read())
    key_id = bench.key().vkey(bench.log.origin).key_id.hex()
    bench.place.folder.key.unlink()
    error = refused(bench)
    assert isinstance(error, KeyLostError)
    assert error.state == "key-lost"
    assert key_id in str(error)
    assert bench.report().state == "ok"  # everything there is, is what was sealed


@pytest.mark.parametrize(
    "epoch", [b"", b"no key", key_from_seed(bytes(32)).encode()], ids=["empty", "no key", "of another log"]
)
@pytest.mark.parametrize(
    "next_", [None, b"", key_from_seed(bytes(range(32))).encode()], ids=["none", "empty", "another"]
)
def test_another_key_is_no_key(bench: Bench, epoch: bytes, next_: bytes | None) -> None:
    bench.place.folder.key.write_bytes(epoch)
    if next_ is not None:
        bench.place.folder.next_key.write_bytes(next_)
    assert isinstance(refused(bench), KeyLostError)


def test_an_announced_key_that_is_nowhere_is_lost(unfinished: Unfinished) -> None:
    unfinished.leave(unfinished.before + 1, epoch=unfinished.old, next_=None)
    assert isinstance(refused(unfinished.bench), KeyLostError)


def test_a_torn_log_without_its_key_is_left_as_it_is(bench: Bench) -> None:
    bench.log.append(read())
    replace_segment(bench, bench.last_segment().read_bytes() + b'{"d":')
    bench.place.folder.key.unlink()
    assert isinstance(refused(bench), KeyLostError)


# --- heads ----------------------------------------------------------------------------------------------------------


REMEMBERED: Final[dict[str, Callable[[Bench], object]]] = {
    "work.close": lambda bench: bench.log.append(work_close()),
    "anchor": lambda bench: bench.log.append(anchor(1, bench.forger(size=1).checkpoint().root)),
    "a change of key": lambda bench: bench.log.rotate("test"),
    "the end of the run": lambda bench: bench.log.close(),
}


@pytest.mark.parametrize("act", REMEMBERED.values(), ids=list(REMEMBERED))
def test_when_the_head_is_remembered(remembering: Bench, act: Callable[[Bench], object]) -> None:
    second, log = remembering.place.second_heads[0], remembering.log
    for entry in (work_open(), read(), intent(), outcome(3), verify(3), NOTE):
        log.append(entry)
    log.checkpoint()
    remembering.open()
    assert second.read(log.origin) is None
    act(remembering)
    head, chain = second.read(log.origin), remembering.report().chain
    assert head is not None
    assert (head.size, head.root) == (chain.size, chain.frontier.root())
    remembering.open().append(read())
    assert second.read(log.origin) == head
    assert remembering.report().state == "ok"


def test_a_longer_head_is_not_forgotten_for_a_shorter_one(remembering: Bench) -> None:
    other = remembering.open()
    other.append(work_close())
    head = remembering.place.second_heads[0].read(other.origin)
    remembering.log.close()
    assert remembering.place.second_heads[0].read(other.origin) == head
    assert remembering.log.size == 1


def test_a_run_that_wrote_nothing_remembers_nothing(remembering: Bench) -> None:
    remembering.open().close()
    assert remembering.place.second_heads[0].read(remembering.log.origin) is None


@pytest.mark.parametrize("act", REMEMBERED.values(), ids=list(REMEMBERED))
def test_a_remembered_fork_is_not_forgotten_by_a_run_that_began_at_a_hint(
    remembering: Bench, act: Callable[[Bench], object]
) -> None:
    """The log was written on another computer too and came back with its hint: here another history was seen."""
    for _ in range(3):
        remembering.log.append(read())
    remembering.log.close()
    second = remembering.place.second_heads[0]
    assert isinstance(second, HeadFile)
    second.write(Head(size=2, root=bytes(32), source=""), remembering.log.origin)
    with suppress(LogForkError):
        remembering.log = remembering.open()
        remembering.log.append(NOTE)
        act(remembering)
    assert remembering.report().state == "fork"


def test_a_place_that_cannot_remember_holds_nothing_up(tmp_path: Path) -> None:
    class Full(HeadFile):
        def write(self, head: Head, origin: str) -> None:
            raise OSError(errno.ENOSPC, "full")

    bench = make_log(tmp_path / "audit", second_heads=(Full(Disk(), tmp_path), HeadFile(Disk(), tmp_path / "state")))
    bench.log.append(work_close())
    assert bench.place.second_heads[1].read(bench.log.origin) is not None


@pytest.mark.parametrize("raw", [b"", b"3", b"x y\n", b"3 AAAA\n", b"\xff\xfe\n"], ids=repr)
def test_a_remembered_head_that_cannot_be_read_says_nothing(remembering: Bench, raw: bytes) -> None:
    remembering.log.append(work_close())
    second = remembering.place.second_heads[0]
    assert isinstance(second, HeadFile)
    second.path(remembering.log.origin).write_bytes(raw)
    assert second.read(remembering.log.origin) is None
    assert_goes_on(remembering)


def test_the_checkpoint_is_signed_by_the_key_in_force(bench: Bench) -> None:
    bench.log.append(read())
    note = Note.parse(bench.log.checkpoint().encode())
    head = Checkpoint.parse(note.text)
    chain = bench.report().chain
    assert (head.origin, head.size, head.root) == (bench.log.origin, 2, chain.frontier.root())
    assert len(note.signatures) == 1
    verify_signature(bench.key().vkey(bench.log.origin), note.signatures[0], note.text)


def test_the_checkpoint_speaks_of_records_of_other_runs_too(bench: Bench) -> None:
    other = bench.open()
    other.append(read())
    assert Checkpoint.parse(bench.log.checkpoint().text).size == 2


# --- two at once ----------------------------------------------------------------------------------------------------


def test_two_runs_append_in_turns(bench: Bench) -> None:
    other = bench.open()
    indexes = [log.append(read()) for _ in range(10) for log in (bench.log, other)]
    assert indexes == list(range(1, 21))
    assert len(bench.place.bytes().names()) > 1
    assert bench.report().state == "ok"


def test_what_another_run_appended_is_adopted(bench: Bench) -> None:
    other = bench.open()
    announced = other.append(intent())
    assert bench.log.doubts == []
    assert bench.log.append(read()) == announced + 1
    assert [doubt.of for doubt in bench.log.doubts] == [announced]


def test_a_key_that_another_run_brought_into_force_is_used(bench: Bench) -> None:
    other = bench.open()
    other.append(work_close())
    bench.log.append(read())
    other.append(read())
    assert bench.report().state == "ok"


def test_what_another_run_left_torn_is_set_aside(bench: Bench) -> None:
    other = bench.open()
    other.append(read())
    replace_segment(bench, bench.last_segment().read_bytes() + b"{")
    bench.log.append(read())
    assert bench.types() == ["log.open", "read", "log.recovered", "read"]
    assert bench.report().state == "ok"


class NotingDisk(Disk):
    """Remembers the last records that were written again in place."""

    def __init__(self) -> None:
        super().__init__()
        self.again: list[tuple[str, int]] = []

    def write_at(self, path: Path, offset: int) -> File:
        self.again.append((path.name, offset))
        return super().write_at(path, offset)


def test_the_last_record_is_written_again_before_the_first_append_and_after_records_of_others(tmp_path: Path) -> None:
    disk = NotingDisk()
    bench = make_log(tmp_path, files=disk, segment_bytes=10**6)
    begins = [0]

    def ends() -> int:
        return bench.last_segment().stat().st_size

    bench.reopen()
    begins.append(ends())
    bench.log.append(read())
    assert disk.again == [(segment_name(0), 0)]
    bench.log.append(read())
    assert disk.again == [(segment_name(0), 0)]
    other = bench.open()
    last = len(b"".join(pairs_of(bench.place.bytes())[:-1]))
    other.append(read())
    assert disk.again[1:] == [(segment_name(0), last)]
    last = len(b"".join(pairs_of(bench.place.bytes())[:-1]))
    bench.log.append(read())
    assert disk.again[2:] == [(segment_name(0), last)]
    assert bench.report().state == "ok"


def test_a_log_that_became_shorter_under_our_hands_is_broken(bench: Bench) -> None:
    bench.log.append(read())
    cut_to(bench, 1)
    before = contents(bench.place.folder.segments)
    with pytest.raises(ChainBrokenError, match="shorter"):
        bench.log.append(read())
    with pytest.raises(AuditNotWritableError):
        bench.log.append(read())
    assert contents(bench.place.folder.segments) == before


def test_wrong_records_appended_under_our_hands_are_broken(bench: Bench) -> None:
    bench.log.append(read())
    end = bench.last_segment().stat().st_size
    replace_segment(bench, bench.last_segment().read_bytes() + pairs_of(bench.place.bytes())[1])
    with pytest.raises(ChainBrokenError) as caught:
        bench.log.append(read())
    assert (caught.value.record, caught.value.offset) == (2, end)


# --- the end, failures, room ----------------------------------------------------------------------------------------


def test_nothing_follows_the_end_of_a_log(bench: Bench) -> None:
    bench.log.append(Entry(type="log.end", d={"reason": "fork"}))
    for _ in range(3):
        with pytest.raises(AuditNotWritableError, match="ended") as caught:
            bench.log.append(read())
        assert "audit init" in caught.value.hint
        bench.reopen()
    assert bench.types() == ["log.open", "log.end"]
    assert bench.report().state == "ok"


def test_bytes_after_the_end_of_a_log_are_no_crash(bench: Bench) -> None:
    bench.log.append(Entry(type="log.end", d={"reason": "fork"}))
    replace_segment(bench, bench.last_segment().read_bytes() + b"{")
    assert bench.report().state == "tampered"
    assert isinstance(refused(bench), ChainBrokenError)


class BadDisk(Disk):
    """A disk whose appended bytes fail: `fails` is the error of the next write or sync, `room` what still fits in."""

    def __init__(self) -> None:
        super().__init__()
        self.write_fails = 0
        self.sync_fails = 0
        self.room: int | None = None
        self.free = 10**9
        self.syncs = 0

    def append_to(self, path: Path) -> File:
        return _BadFile(super().append_to(path), self)

    def overwrite(self, path: Path) -> File:
        return _BadFile(super().overwrite(path), self)

    def remove(self, path: Path) -> None:
        if self.room is not None and path.name == "ballast":
            self.room += self.size(path) or 0
        super().remove(path)

    def free_bytes(self, folder: Path) -> int:
        return self.free


class _BadFile:
    def __init__(self, file: File, disk: BadDisk) -> None:
        self._file = file
        self._disk = disk

    def write(self, data: bytes) -> int:
        disk = self._disk
        if disk.write_fails:
            raise OSError(disk.write_fails, "no")
        if disk.room is None:
            return self._file.write(data)
        if not disk.room:
            raise OSError(errno.ENOSPC, "full")
        taken = min(disk.room, len(data))
        disk.room -= taken
        return self._file.write(data[:taken])

    def sync(self) -> None:
        self._disk.syncs += 1
        if self._disk.sync_fails:
            raise OSError(self._disk.sync_fails, "no")
        self._file.sync()

    def __enter__(self) -> _BadFile:
        self._file.__enter__()
        return self

    def __exit__(self, *about: Any) -> None:
        self._file.__exit__(*about)


@pytest.fixture
def disk() -> BadDisk:
    return BadDisk()


@pytest.fixture
def on_bad_disk(tmp_path: Path, disk: BadDisk) -> Bench:
    return make_log(tmp_path / "audit", files=disk)


@pytest.mark.parametrize("what", ["write_fails", "sync_fails"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EROFS], ids=["EIO", "ENOSPC", "EROFS"])
def test_after_a_failure_nothing_more_is_written(on_bad_disk: Bench, disk: BadDisk, what: str, error: int) -> None:
    bench = on_bad_disk
    setattr(disk, what, error)
    with pytest.raises(AuditNotWritableError):
        bench.log.append(read())
    setattr(disk, what, 0)
    before = contents(bench.place.folder.path)
    for write in (lambda: bench.log.append(read()), lambda: bench.log.rotate("x"), lambda: bench.log.checkpoint()):
        with pytest.raises(AuditNotWritableError, match="earlier record") as caught:
            write()
        assert caught.value.hint
    bench.log.close()
    assert contents(bench.place.folder.path) == before
    assert_goes_on(bench)


def test_a_failed_sync_is_not_tried_again(on_bad_disk: Bench, disk: BadDisk) -> None:
    announced = on_bad_disk.log.append(intent())
    disk.sync_fails, disk.syncs = errno.ENOSPC, 0
    with pytest.raises(AuditNotWritableError):
        on_bad_disk.log.append(outcome(announced))
    assert disk.syncs == 1


def test_a_record_that_was_not_acknowledged_is_set_aside_or_adopted(on_bad_disk: Bench, disk: BadDisk) -> None:
    disk.room = 100
    with pytest.raises(AuditNotWritableError):
        on_bad_disk.log.append(read())
    disk.room = None
    log = on_bad_disk.open()
    assert on_bad_disk.types() == ["log.open", "log.recovered"]
    assert records(on_bad_disk.place.bytes())[1]["d"]["bytes"] == 100
    assert log.append(read()) == 2


@pytest.mark.parametrize("entry", [work_open(), intent()], ids=lambda entry: entry.type)
def test_without_room_no_work_begins(on_bad_disk: Bench, disk: BadDisk, entry: Entry) -> None:
    disk.free = FREE_BYTES - 1
    with pytest.raises(AuditNotWritableError, match="8 MiB must be free") as caught:
        on_bad_disk.log.append(entry)
    assert "room" in caught.value.hint
    assert on_bad_disk.types() == ["log.open"]
    disk.free = FREE_BYTES
    assert on_bad_disk.log.append(entry) == 1


@pytest.mark.parametrize("entry", [read(), outcome(0), verify(0), resolve(0), NOTE], ids=lambda entry: entry.type)
def test_without_room_what_has_happened_is_still_told(on_bad_disk: Bench, disk: BadDisk, entry: Entry) -> None:
    disk.free = 0
    assert on_bad_disk.log.append(entry) == 1


@pytest.mark.parametrize("size", [None, 10], ids=["none", "short"])
def test_before_a_work_the_ballast_is_put_back(on_bad_disk: Bench, size: int | None) -> None:
    ballast = on_bad_disk.place.folder.ballast
    ballast.unlink()
    if size is not None:
        ballast.write_bytes(bytes(size))
    on_bad_disk.log.append(read())
    assert not ballast.exists() or ballast.stat().st_size == size
    on_bad_disk.log.append(intent())
    assert ballast.stat().st_size == BALLAST_BYTES
    assert len(set(ballast.read_bytes())) == 256  # no disk swallows it


def test_without_room_and_ballast_no_work_begins(on_bad_disk: Bench, disk: BadDisk) -> None:
    on_bad_disk.place.folder.ballast.unlink()
    disk.free = FREE_BYTES - 1
    with pytest.raises(AuditNotWritableError):
        on_bad_disk.log.append(intent())
    assert not on_bad_disk.place.folder.ballast.exists()


@pytest.mark.parametrize("room", [0, 1, 200], ids=str)
@pytest.mark.parametrize("tell", [outcome, verify, resolve], ids=["outcome", "verify", "resolve"])
def test_the_ballast_is_given_up_for_what_became_of_a_write(
    on_bad_disk: Bench, disk: BadDisk, tell: Callable[[int], Entry], room: int
) -> None:
    bench, ballast = on_bad_disk, on_bad_disk.place.folder.ballast
    announced = bench.log.append(intent())
    disk.room = room
    index = bench.log.append(tell(announced))
    assert not ballast.exists()
    assert records(bench.place.bytes())[index]["d"]["of"] == announced
    assert bench.types()[2:index] == (["log.recovered"] if room else [])
    for entry in (intent(), work_open()):
        with pytest.raises(AuditNotWritableError, match="no new work"):
            bench.log.append(entry)
    assert bench.log.append(work_close()) == index + 1
    disk.room = None
    assert_goes_on(bench)
    assert ballast.stat().st_size == BALLAST_BYTES


def test_the_ballast_is_given_up_for_nothing_else(on_bad_disk: Bench, disk: BadDisk) -> None:
    disk.room = 10
    with pytest.raises(AuditNotWritableError):
        on_bad_disk.log.append(read())
    assert on_bad_disk.place.folder.ballast.exists()


def test_the_ballast_is_given_up_for_the_outcome_also_when_the_clock_has_jumped(
    on_bad_disk: Bench, disk: BadDisk
) -> None:
    announced = on_bad_disk.log.append(intent())
    disk.room = 10
    on_bad_disk.clock.wall += 3600
    index = on_bad_disk.log.append(outcome(announced))
    assert on_bad_disk.types()[index] == "outcome"


def test_a_log_is_not_made_on_a_disk_that_fails(tmp_path: Path, disk: BadDisk) -> None:
    disk.write_fails = errno.EIO
    with pytest.raises(AuditNotWritableError):
        make_log(tmp_path, files=disk)


# --- records that only the log itself writes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [
        anchor(9, bytes(32)),
        anchor(0, bytes(32)),
        Entry(type="anchor", d={"size": 1, "root": "none"}),
        Entry(type="log.open", d={"vkey": OFFICE.text}),
        Entry(type="epoch.open", d={"vkey": OFFICE.text}),
        Entry(type="key.rotate", d={"vkey": OFFICE.text}),
    ],
    ids=lambda entry: f"{entry.type} {entry.d.get('size', '')} {entry.d.get('root', '')[:4]}",
)
def test_a_record_that_breaks_a_rule_of_the_chain_is_not_written(bench: Bench, entry: Entry) -> None:
    before = contents(bench.place.folder.segments)
    with pytest.raises(AuditError):
        bench.log.append(entry)
    assert contents(bench.place.folder.segments) == before
    assert bench.report().state == "ok"


def test_an_anchor_of_another_history_is_not_written(bench: Bench) -> None:
    bench.log.append(read())
    with pytest.raises(AuditError):
        bench.log.append(anchor(1, bytes(32)))
    assert bench.types() == ["log.open", "read"]


# --- doubts ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What is written after an announcement of the frames 0 and 1, and which of them stay in doubt."""

    name: str
    told: tuple[Entry, ...] = ()
    doubtful: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.name


FATES: Final = (
    Fate(name="nothing", doubtful=(0, 1)),
    *(
        Fate(name=f"one {known}", told=(outcome(1, 0, known),), doubtful=(1,))
        for known in ("ok", "refused", "not-sent")
    ),
    *(Fate(name=f"one {lost}", told=(outcome(1, 0, lost),), doubtful=(0, 1)) for lost in ("no-answer", "damaged")),
    Fate(name="both ok", told=(outcome(1, 0), outcome(1, 1))),
    Fate(name="the outcome of another announcement", told=(outcome(0, 0), outcome(0, 1)), doubtful=(0, 1)),
    Fate(name="the outcome of another frame", told=(outcome(1, 2),), doubtful=(0, 1)),
    Fate(name="no answer, then verified", told=(outcome(1, 0, "no-answer"), verify(1, 0)), doubtful=(1,)),
    Fate(name="all verified", told=(verify(1),)),
    Fate(name="all found different", told=(verify(1, same=False),)),
    Fate(name="one resolved", told=(resolve(1, 1),), doubtful=(0,)),
    Fate(name="all resolved", told=(outcome(1, 0, "damaged"), resolve(1))),
    Fate(name="another announcement resolved", told=(resolve(0),), doubtful=(0, 1)),
    Fate(name="a read settles nothing", told=(read("after"), work_close()), doubtful=(0, 1)),
)


@pytest.mark.parametrize("fate", FATES, ids=str)
def test_which_frames_are_in_doubt(bench: Bench, fate: Fate) -> None:
    assert bench.log.append(intent(0, 1)) == 1
    for entry in fate.told:
        bench.log.append(entry)
    wanted = [(1, i) for i in fate.doubtful]
    assert [(doubt.of, doubt.i) for doubt in bench.log.doubts] == wanted
    assert [(doubt.of, doubt.i) for doubt in bench.reopen().doubts] == wanted
    bench.log.close()
    forget_hint(bench)
    assert [(doubt.of, doubt.i) for doubt in bench.open().doubts] == wanted
    report = bench.report()
    assert report.state == ("in-doubt" if wanted else "ok")
    assert [(error.facts()["record"], error.facts()["frame"]) for error in report.findings] == wanted


def test_the_parts_of_an_announcement_stand_each_for_themselves(bench: Bench) -> None:
    parts = [bench.log.append(intent(0, 1, part=1, parts=2)), bench.log.append(intent(2, 3, part=2, parts=2))]
    bench.log.append(outcome(parts[1], 2))
    assert [(doubt.of, doubt.i) for doubt in bench.log.doubts] == [(1, 0), (1, 1), (2, 3)]
    bench.log.append(verify(parts[0]))
    assert [(doubt.of, doubt.i) for doubt in bench.log.doubts] == [(2, 3)]


def test_a_doubt_says_what_is_known(bench: Bench) -> None:
    bench.log.append(intent(7))
    bench.log.append(outcome(1, 7, "no-answer"))
    doubt = bench.reopen().doubts[0]
    run = records(bench.place.bytes())[1]["run"]
    assert doubt.facts() == {
        "of": 1,
        "i": 7,
        "operation": "set tariffs",
        "frame": "0a07****",
        "run": run,
        "work": "w-17",
        "parameter": "tariff-7",
        "family": "mercury200",
        "serial_number": "41148612",
        "result": "no-answer",
    }


def test_doubts_of_one_meter(bench: Bench) -> None:
    for meter in (METER, OTHER_METER, None):
        bench.log.append(intent(meter=meter))
    doubts = bench.report().chain.doubts
    assert [doubt.of for doubt in doubts.of_meter(METER["serial_number"])] == [1, 3]
    assert [doubt.of for doubt in doubts.of_meter(OTHER_METER["serial_number"])] == [2, 3]
    assert len(doubts) == 3


def test_in_doubt_the_log_opens_and_names_the_frame(bench: Bench) -> None:
    bench.log.append(intent())
    error = bench.report().findings[0]
    assert (error.state, error.exit_code) == ("in-doubt", 11)
    assert "41148612" in str(error)
    assert error.hint
    bench.open().append(read())


# --- torn ends ------------------------------------------------------------------------------------------------------


def whole_pair(bench: Bench, text: str = "1") -> bytes:
    """What the next append would write."""
    return bench.forger().pair("read", {"t1": text})


TORN: Final[dict[str, Callable[[bytes], bytes]]] = {
    "one byte": lambda pair: pair[:1],
    "half a record": lambda pair: pair[:150],
    "a record without its newline": lambda pair: pair[: pair.index(b"\n")],
    "a record without its signature": lambda pair: pair[: pair.index(b"\n") + 1],
    "half a dash": lambda pair: pair[: pair.index(b"\n") + 2],
    "half a signature": lambda pair: pair[:-40],
    "a pair without its last newline": lambda pair: pair[:-1],
    "zeros and nothing else": lambda pair: bytes(len(pair)),
    "one zero": lambda pair: bytes(1),
    "garbage": lambda pair: b"\xff" * PAIR_LIMIT,
    "another newline lost": lambda pair: pair.replace(b"\n", b"\x0b", 1),
}


@pytest.mark.parametrize("tear", TORN.values(), ids=list(TORN))
@pytest.mark.parametrize("hint", [True, False], ids=["with hint", "without hint"])
def test_torn_bytes_are_kept_and_told(bench: Bench, tear: Callable[[bytes], bytes], hint: bool) -> None:
    bench.log.append(read())
    bench.log.close()
    if not hint:
        forget_hint(bench)
    torn, end = tear(whole_pair(bench)), bench.last_segment().stat().st_size
    replace_segment(bench, bench.last_segment().read_bytes() + torn)
    error = bench.report().findings[0]
    assert (error.state, error.facts()["record"], error.facts()["count"]) == ("torn", 2, len(torn))
    assert (error.facts()["segment"], error.facts()["offset"]) == (segment_name(0), end)
    assert error.hint
    log = bench.open()
    sha256 = hashlib.sha256(torn).hexdigest()
    name = f"2-{sha256[:12]}"
    assert records(bench.place.bytes())[2]["d"] == {"file": name, "bytes": len(torn), "sha256": sha256}
    assert contents(bench.place.folder.torn) == {name: torn}
    assert (bench.types()[2], log.append(read())) == ("log.recovered", 3)
    assert bench.report().state == "ok"
    assert bench.open().size == 4


def test_lost_sectors_of_the_last_pair_are_torn_whichever_they_are(bench: Bench) -> None:
    bench.log.append(read())
    kept, pair = bench.last_segment().read_bytes(), whole_pair(bench, "7" * 1500)
    begin = len(kept)
    edges = [0, *(at for at in range(1, len(pair)) if (begin + at) % SECTOR_BYTES == 0), len(pair)]
    sectors = list(pairwise(edges))
    assert len(sectors) == 5
    for lost in range(1, 1 << len(sectors)):
        data = bytearray(pair)
        for number, (first, last) in enumerate(sectors):
            if lost >> number & 1:
                data[first:last] = bytes(last - first)
        for length in (len(data), edges[-2]):  # whole, and cut off at a sector
            found = scan(MemoryBytes.of(kept + data[:length]))
            if b"\0" in data[:length] or length < len(pair):
                assert found.torn is not None
                assert (found.torn.record, found.torn.place.offset, found.torn.data) == (2, begin, bytes(data[:length]))
            assert found.fault is None


def test_lost_sectors_are_set_aside_on_the_disk(bench: Bench) -> None:
    bench.log.append(read())
    kept, pair = bench.last_segment().read_bytes(), bytearray(whole_pair(bench, "7" * 1500))
    first = -len(kept) % SECTOR_BYTES
    pair[first : first + SECTOR_BYTES] = bytes(SECTOR_BYTES)
    replace_segment(bench, kept + pair)
    assert bench.report().state == "torn"
    assert_goes_on(bench)
    assert [*contents(bench.place.folder.torn).values()] == [pair]


NOT_TORN: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "a zero in the middle": lambda pair, begin: b"".join((pair[:100], b"\0", pair[101:])),
    "a sector of zeros that begins elsewhere": lambda pair, begin: b"".join(
        (pair[:100], bytes(SECTOR_BYTES), pair[100 + SECTOR_BYTES :])
    ),
    "zeros that end elsewhere": lambda pair, begin: bytes(100) + pair[100:],
    "one sector lost and one digit changed by a zero": lambda pair, begin: b"".join(
        (pair[: -begin % 512], bytes(512), pair[-begin % 512 + 512 : -9], b"\0", pair[-8:])
    ),
    "a letter of the signature": lambda pair, begin: pair[:-20] + b"A" + pair[-19:],
    "a digit of the record": lambda pair, begin: pair.replace(b"77", b"78", 1),
    "a digit and a third line": lambda pair, begin: pair.replace(b"77", b"78", 1) + b"{",
    "lost sectors and a third line": lambda pair, begin: b"".join(
        (pair[: -begin % 512], bytes(512), pair[-begin % 512 + 512 :], b"\n")
    ),
    "an empty pair": lambda pair, begin: b"\n\n",
    "a record with an empty signature": lambda pair, begin: pair[: pair.index(b"\n") + 1] + b"\n",
    "lines in Windows' way": lambda pair, begin: pair.replace(b"\n", b"\r\n"),
    "more than a pair can have": lambda pair, begin: b"x" * (PAIR_LIMIT + 1),
    "more zeros than a pair can have": lambda pair, begin: bytes(PAIR_LIMIT + 1),
}


@pytest.mark.parametrize("damage", NOT_TORN.values(), ids=list(NOT_TORN))
def test_anything_else_wrong_at_the_end_is_tampered(bench: Bench, damage: Callable[[bytes, int], bytes]) -> None:
    bench.log.append(read())
    kept, pair = bench.last_segment().read_bytes(), whole_pair(bench, "7" * 1500)
    wrong = damage(pair, len(kept))
    assert wrong != pair
    replace_segment(bench, kept + wrong)
    assert_broken(bench, record=2, offset=len(kept))


@pytest.mark.parametrize("torn", [b"{", bytes(512)], ids=["half a record", "zeros"])
def test_torn_bytes_in_a_segment_before_the_last_are_tampered(bench: Bench, torn: bytes) -> None:
    while len(bench.place.bytes().names()) < 2:
        bench.log.append(read())
    first = bench.place.folder.segment(segment_name(0))
    size, second = first.stat().st_size, first_index(bench.place.bytes().names()[1])
    assert second is not None
    first.write_bytes(first.read_bytes() + torn)
    forget_hint(bench)
    assert_broken(bench, record=second, offset=size)


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_kept_torn_bytes_that_are_gone_or_changed_are_seen(bench: Bench, how: str) -> None:
    replace_segment(bench, bench.last_segment().read_bytes() + b'{"d":')
    bench.reopen()
    kept = next(bench.place.folder.torn.iterdir())
    if how == "gone":
        kept.unlink()
    else:
        kept.write_bytes(b'{"d"!')
    error = bench.report().findings[0]
    assert (error.state, error.facts()["record"], error.facts()["file"]) == ("tampered", 1, kept.name)
    assert error.hint


# --- tampered -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(4))
def test_an_edited_record_is_tampered(bench: Bench, index: int) -> None:
    for _ in range(3):
        bench.log.append(read())
    bench.log.append(read("after"))
    forget_hint(bench)
    pairs = pairs_of(bench.place.bytes())
    line = renumbered(pairs[index], mono_ms=999_999)
    pairs[index] = line + pairs[index][pairs[index].index(b"\n") :]
    replace_segment(bench, b"".join(pairs))
    report = bench.report()
    error = report.findings[0]
    assert isinstance(error, ChainBrokenError)
    assert (error.record, error.offset) == (index, len(b"".join(pairs[:index])))
    # opening checks the last signature only, and sees it at the record that follows another one than the edited
    assert refused(bench).state == "tampered"


def test_a_log_whose_first_record_is_wrong_is_tampered_and_not_nothing(bench: Bench) -> None:
    bench.log.append(read())
    replace_segment(bench, b"[" + bench.last_segment().read_bytes()[1:])
    assert_broken(bench, record=0, offset=0)


def test_a_well_formed_but_wrong_last_pair_is_tampered(bench: Bench) -> None:
    bench.log.append(read())
    kept = bench.last_segment().read_bytes()
    forger = bench.forger()
    forger.key = key_from_seed(bytes(32))
    replace_segment(bench, kept + forger.pair("read", {"t1": "1"}))
    assert_broken(bench, record=2, offset=len(kept))
    forger = bench.forger(size=2)
    forger.key = key_from_seed(bytes(32))
    replace_segment(bench, kept + forger.seal(forger.line("read", {}), claimed=bench.key()))
    assert_broken(bench, record=2, offset=len(kept))


def test_a_lost_segment_is_tampered(bench: Bench) -> None:
    while len(bench.place.bytes().names()) < 3:
        bench.log.append(read())
    names = bench.place.bytes().names()
    bench.place.folder.segment(names[1]).unlink()
    forget_hint(bench)
    assert_broken(bench, record=first_index(names[1]) or 0, offset=0, segment=names[2])


# --- behind and fork ------------------------------------------------------------------------------------------------


def assert_claim_broken(bench: Bench, kind: type[LogBehindError | LogForkError], seen: int, source: str) -> None:
    for error in (refused(bench), bench.report().findings[0]):
        assert isinstance(error, kind)
        assert error.state == ("behind" if kind is LogBehindError else "fork")
        assert error.seen == seen
        assert source in error.source
        assert source in str(error)


def cosigned(head: Checkpoint, seed: bytes = OFFICE_SEED, signed: bytes | None = None) -> bytes:
    key = vkey(OFFICE.name, seed, Algorithm.COSIGNATURE)
    line = cosign_line(key, signer(seed), signed or head.body(), 1767225700)
    return Note(text=head.body(), signatures=(line,)).encode()


def test_fewer_records_than_the_second_head_remembers_are_behind(remembering: Bench) -> None:
    do_work(remembering.log)
    old = contents(remembering.place.folder.path)
    do_work(remembering.log)
    put_back(remembering.place.folder.path, old)  # from a backup, hint and key included
    assert remembering.report().chain.size == 10
    assert_claim_broken(remembering, LogBehindError, 19, "state")


def test_a_log_cut_in_a_record_behind_the_second_head_is_behind_and_not_torn(remembering: Bench) -> None:
    do_work(remembering.log)
    replace_segment(remembering, remembering.last_segment().read_bytes()[:-1])
    assert_claim_broken(remembering, LogBehindError, 10, "state")
    assert [error.state for error in remembering.report().findings] == ["behind", "torn"]


def test_fewer_records_than_the_office_cosigned_are_behind(witnessed: Bench) -> None:
    for _ in range(3):
        witnessed.log.append(read())
    note = witnessed.place.folder.heads / "4.note"
    note.write_bytes(cosigned(witnessed.forger().checkpoint()))
    assert_goes_on(witnessed)
    cut_to(witnessed, 3)
    assert_claim_broken(witnessed, LogBehindError, 4, "heads/4.note")


CLAIMS: Final = (
    pytest.param(4, True, id="at the end, with hint"),
    pytest.param(4, False, id="at the end, without hint"),
    pytest.param(2, False, id="before the end, without hint"),
)
HISTORY: Final = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize(("size", "hint"), CLAIMS)
def test_another_history_than_the_office_cosigned_is_a_fork(witnessed: Bench, size: int, hint: bool) -> None:
    for _ in range(3):
        witnessed.log.append(read())
    witnessed.log.close()
    if not hint:
        forget_hint(witnessed)
    head = Checkpoint(origin=witnessed.log.origin, size=size, root=bytes(32))
    (witnessed.place.folder.heads / f"{size}.note").write_bytes(cosigned(head))
    assert_claim_broken(witnessed, LogForkError, size, f"heads/{size}.note")


@pytest.mark.parametrize(("size", "hint"), CLAIMS)
def test_another_history_than_the_second_head_remembers_is_a_fork(remembering: Bench, size: int, hint: bool) -> None:
    for _ in range(3):
        remembering.log.append(read())
    remembering.log.close()
    if not hint:
        forget_hint(remembering)
    second = remembering.place.second_heads[0]
    second.write(Head(size=size, root=bytes(32), source=""), remembering.log.origin)
    assert_claim_broken(remembering, LogForkError, size, "state")


def test_with_a_hint_older_heads_are_held_against_the_log_too(remembering: Bench) -> None:
    for _ in range(3):
        remembering.log.append(read())
    remembering.log.close()
    second = remembering.place.second_heads[0]
    assert isinstance(second, HeadFile)
    second.write(Head(size=2, root=bytes(32), source=""), remembering.log.origin)
    before = contents(remembering.place.folder.segments)
    assert isinstance(refused(remembering), LogForkError)
    assert contents(remembering.place.folder.segments) == before
    assert remembering.report().state == "fork"


@pytest.mark.parametrize("hint", [True, False], ids=["with hint", "without hint"])
def test_another_history_than_an_anchor_says_is_a_fork(bench: Bench, hint: bool) -> None:
    bench.log.append(read())
    bench.log.append(read())
    kept, forger = bench.last_segment().read_bytes(), bench.forger()
    replace_segment(bench, kept + forger.pair("anchor", {"size": 2, "root": HISTORY}))
    if not hint:
        forget_hint(bench)
    assert_claim_broken(bench, LogForkError, 2, "record 3")


def test_a_true_anchor_is_no_fork(bench: Bench) -> None:
    bench.log.append(read())
    root = bench.forger().checkpoint().root
    bench.log.append(read())
    assert bench.log.append(anchor(2, root)) == 3
    for _ in range(2):
        bench.reopen()
        assert bench.report().state == "ok"


def test_notes_that_the_office_did_not_cosign_say_nothing(witnessed: Bench) -> None:
    witnessed.log.append(read())
    heads, origin = witnessed.place.folder.heads, witnessed.log.origin
    far = Checkpoint(origin=origin, size=99, root=bytes(32))
    own = sign_line(witnessed.key().vkey(origin), witnessed.key().sign, far.body())
    (heads / "1.note").write_bytes(cosigned(far, seed=bytes(32)))
    (heads / "2.note").write_bytes(cosigned(far, signed=b"something else\n"))
    (heads / "3.note").write_bytes(cosigned(Checkpoint(origin="example.com/ml/00000000", size=99, root=bytes(32))))
    (heads / "4.note").write_bytes(Note(text=far.body(), signatures=(own,)).encode())
    (heads / "5.note").write_bytes(b"\xff")
    (heads / "6.note").write_bytes(cosigned(far)[:-9])
    (heads / "7.note").write_bytes(b"")
    (heads / ".DS_Store").write_bytes(cosigned(far))
    assert_goes_on(witnessed)
    (heads / "8.note").write_bytes(cosigned(far))
    assert_claim_broken(witnessed, LogBehindError, 99, "heads/8.note")


# --- clocks ---------------------------------------------------------------------------------------------------------

YEAR: Final = 365.25 * 86_400


@dataclass(frozen=True, kw_only=True)
class Jump:
    """What both clocks do between two records, in seconds."""

    name: str
    wall: float
    monotonic: float
    seen: bool = True

    def __str__(self) -> str:
        return self.name


JUMPS: Final = (
    Jump(name="ten years on", wall=10 * YEAR, monotonic=1),
    Jump(name="ten years back", wall=-10 * YEAR, monotonic=1),
    Jump(name="stands still for a minute", wall=0, monotonic=60),
    Jump(name="summer time begins on a clock without zones", wall=3600, monotonic=1),
    Jump(name="an hour is repeated", wall=-3600, monotonic=1),
    Jump(name="the laptop slept and only the wall clock went on", wall=28_800, monotonic=0.1),
    Jump(name="a little more than two seconds", wall=3.1, monotonic=1),
    Jump(name="a little more than two seconds back", wall=-1.1, monotonic=1),
    Jump(name="an hour passes", wall=3600, monotonic=3600, seen=False),
    Jump(name="a year passes", wall=YEAR, monotonic=YEAR, seen=False),
    Jump(name="the time server pulls it straight", wall=2.9, monotonic=1, seen=False),
    Jump(name="nothing passes", wall=0, monotonic=0, seen=False),
)


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_jump_of_the_wall_clock_is_told_and_changes_nothing(bench: Bench, jump: Jump) -> None:
    bench.log.append(read())
    bench.clock.wall += jump.wall
    bench.clock.monotonic += jump.monotonic
    bench.log.append(read("after"))
    bench.log.append(read("after"))
    assert bench.types() == ["log.open", "read", *["clock.jump"] * jump.seen, "read", "read"]
    assert bench.report().state == "ok"
    if jump.seen:
        told = records(bench.place.bytes())[2]["d"]
        assert told["wall_ms"] == pytest.approx(jump.wall * 1000, abs=20)
        assert told["monotonic_ms"] == pytest.approx(jump.monotonic * 1000, abs=20)
    assert_goes_on(bench)


def test_a_clock_that_jumps_to_and_fro_at_every_record(bench: Bench) -> None:
    for step in range(6):
        bench.clock.wall += (-1) ** step * 5 * YEAR
        bench.log.append(read())
    assert bench.types() == ["log.open", *["clock.jump", "read"] * 6]
    times = [record["t"] for record in records(bench.place.bytes())]
    assert times != sorted(times)
    assert bench.report().state == "ok"


def test_the_wall_clock_repeats_itself(bench: Bench) -> None:
    at = bench.clock.wall
    for _ in range(5):
        bench.clock.wall = at
        bench.log.append(read())
    assert "clock.jump" not in bench.types()
    assert bench.report().state == "ok"


def test_a_jump_between_two_runs_is_nobodys_jump(bench: Bench) -> None:
    bench.log.append(read())
    bench.clock.wall -= 10 * YEAR
    bench.clock.monotonic = 5
    bench.reopen().append(read())
    assert bench.types() == ["log.open", "read", "read"]
    assert bench.report().state == "ok"


def test_moments_are_told_in_utc_with_milliseconds(bench: Bench) -> None:
    bench.clock.wall, bench.clock.monotonic = 1767225600.0004, bench.clock.monotonic + 100
    bench.log.append(read())
    found = records(bench.place.bytes())[-1]
    assert found["t"][:20] == "2026-01-01T00:00:00."
    assert 100_000 <= found["mono_ms"] <= 100_100


def test_logs_of_one_seed_differ_in_nothing(tmp_path: Path) -> None:
    """The tests above rely on it."""
    both = [make_log(tmp_path / name) for name in "ab"]
    for bench in both:
        do_work(bench.log)
    assert contents(both[0].place.folder.segments) == contents(both[1].place.folder.segments)


def test_two_logs_in_one_folder_have_names_of_their_own(tmp_path: Path) -> None:
    both = [make_log(tmp_path, seed=seed) for seed in (0, 1)]
    assert both[0].log.origin != both[1].log.origin
    assert len(list(tmp_path.iterdir())) == 2


# --- what only the log itself may do --------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", ["log.open", "key.rotate", "epoch.open", "log.recovered", "clock.jump"])
def test_records_of_the_log_itself_come_from_nobody_else(bench: Bench, type_: str) -> None:
    with pytest.raises(AuditFormatError, match="only the log itself writes"):
        bench.log.append(Entry(type=type_, d={}))
    assert_goes_on(bench)


def test_a_folder_that_was_copied_away_worked_in_and_copied_back_is_a_fork(remembering: Bench, tmp_path: Path) -> None:
    """The hint comes back with it; the head that this computer remembers speaks against it all the same."""
    folder, away = remembering.place.folder.path, tmp_path / "away"
    remembering.log.close()
    shutil.copytree(folder, away)
    here = remembering.open()
    here.append(read())
    here.rotate("here")
    here.close()
    with SealedLog.open(
        replace(remembering.place, folder=LogFolder(away), second_heads=()), remembering.run()
    ) as there:
        for _ in range(9):
            there.append(read("after"))
    shutil.rmtree(folder)
    shutil.copytree(away, folder)
    assert isinstance(refused(remembering), LogForkError)


def test_a_run_that_closes_late_does_not_take_the_remembered_head_back(remembering: Bench) -> None:
    a, b = remembering.open(), remembering.open()
    a.append(read())
    for _ in range(5):
        b.append(read())
    b.close()
    size = remembering.place.second_heads[0].read(a.origin)
    a.close()
    assert remembering.place.second_heads[0].read(a.origin) == size


@pytest.mark.parametrize("name", [".DS_Store", "3-0123456789ab.new", "readme", "3-XYZ"])
def test_strangers_in_torn_are_none_of_the_logs(bench: Bench, name: str) -> None:
    (bench.place.folder.torn / name).write_bytes(b"stray")
    assert_goes_on(bench)
    assert "log.recovered" not in bench.types()
