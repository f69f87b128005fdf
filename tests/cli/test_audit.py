"""`audit`: every verb, for people and for programs; every state of a log as a technician meets it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from filelock import FileLock

from meterlink.audit.bundle import bundle_of_work, collect, write_bundle
from meterlink.audit.chain import Head
from meterlink.audit.commitment import Opening
from meterlink.audit.fsio import Disk
from meterlink.audit.home import AuditHome, find_home
from meterlink.audit.keys import decode_key
from meterlink.audit.note import Algorithm, Checkpoint, Note, Vkey, cosign_line
from meterlink.audit.place import LogPlace
from meterlink.audit.private import keep_openings
from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from meterlink.audit.writer import Writer
from meterlink.cli.audit.common import STATE_WORDS
from tests.audit.logs import Forger, pairs_of
from tests.cli.program import Ended, run, run_apart, start

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

    def remember(self, size: int, root: bytes = bytes(32)) -> None:
        """A second head."""
        self.place.second_heads[0].write(Head(size=size, root=root, source=""), self.origin)

    @property
    def origin(self) -> str:
        return str(json.loads(self.lines()[0])["log"])


@pytest.fixture
def bench(empty_home: Path) -> Bench:
    """A log that was just made."""
    assert run("audit", "init", "--standalone").code == 0
    return Bench(find_home(empty_home))


def document(*words: str) -> dict[str, Any]:
    return run("audit", *words, "--json").document


def everything_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- making one -----------------------------------------------------------------------------------------------------


def test_a_log_without_an_office(empty_home: Path) -> None:
    ended = run("audit", "init", "--standalone")
    assert ended.code == 0
    assert "Write this key down on paper" in ended.out
    assert "Nobody outside sees this log grow" in ended.out
    name = (empty_home / "audit" / "current").read_text(encoding="utf-8").strip()
    assert f"standalone/ml/{name}+" in ended.out
    types = [each["type"] for each in document("show")["records"]]
    assert types == ["log.open", "run.open", "run.close"]


def test_a_log_with_an_office(tmp_path: Path) -> None:
    order = tmp_path / "order.json"
    order.write_bytes(b"order\n")
    told = document("init", *WITH_OFFICE, "--enrolment", str(order))
    assert told["log"].startswith("example.com/ml/")
    assert told["key"].startswith(f"{told['log']}+")
    assert (told["standalone"], told["replaces"], told["records"]) == (False, None, 3)
    first = document("show", "0")["records"][0]["d"]
    assert first["office"] == [OFFICE.text]
    assert first["enrolment"] == hashlib.sha256(b"order\n").hexdigest()
    assert "replaces" not in first


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "either --standalone or --domain"),
        (("--standalone", *WITH_OFFICE), "either --standalone or --domain"),
        (("--standalone", "--office-key", OFFICE.text), "has no --office-key"),
        (("--standalone", "--enrolment", "x"), "has no --enrolment"),
        (("--domain", "example.com"), "needs its verifier key"),
        (("--domain", "Example.com", "--office-key", OFFICE.text), "'Example.com' is no host name"),
        (("--domain", "standalone", "--office-key", OFFICE.text), "no host name"),
        (("--domain", "a b.com", "--office-key", OFFICE.text), "no host name"),
        (("--domain", "a+b.com", "--office-key", OFFICE.text), "no host name"),
        (("--domain", "example.com\n", "--office-key", OFFICE.text), "no host name"),
        (("--domain", "example.com", "--office-key", "key"), "no verifier key"),
        (("--domain", "example.com", "--office-key", STRANGER), "no key for cosigning"),
        ((*WITH_OFFICE, "--office-key", OFFICE.text), "given twice"),
        ((*WITH_OFFICE, "--enrolment", "nowhere.json"), "cannot be read"),
        (("--standalone", "--replace"), "no log that could be replaced"),
    ],
)
def test_what_makes_no_log(words: tuple[str, ...], says: str, empty_home: Path) -> None:
    ended = run("audit", "init", *words, "--json")
    error = ended.document["error"]
    assert (ended.code, error["kind"]) == (2, "ConfigError")
    assert says in error["message"]
    assert error["hint"]
    assert everything_below(empty_home) == {}


def test_a_sound_log_is_not_replaced(bench: Bench) -> None:
    before = everything_below(bench.folder)
    for words in (("--standalone",), ("--standalone", "--replace")):
        error = document("init", *words)["error"]
        assert (error["kind"], error["exit_code"], error["state"]) == ("LogExistsError", 10, "ok")
        assert "Go on with it" in error["hint"]
    assert everything_below(bench.folder) == before


def test_a_torn_log_is_not_replaced(bench: Bench) -> None:
    with bench.segment.open("ab") as file:
        file.write(b'{"d":')
    error = document("init", "--standalone", "--replace")["error"]
    assert error["state"] == "torn"
    assert "audit recover" in error["hint"]


def test_a_log_is_replaced_by_one_of_the_same_office(empty_home: Path) -> None:
    assert run("audit", "init", *WITH_OFFICE).code == 0
    bench = Bench(find_home(empty_home))
    lose_key(bench)
    old = bench.origin
    ended = run("audit", "init", "--replace", "--json")
    assert ended.code == 0
    told = ended.document
    assert told["log"].startswith("example.com/ml/")
    assert (told["replaces"], told["standalone"]) == (old, False)
    assert told["notes"][1] == "from the old log: the domain example.com, 1 key of the office"
    first = document("show", "0")["records"][0]["d"]
    assert first["office"] == [OFFICE.text]
    assert first["replaces"]["folder"] == old.rpartition("/")[2]


def test_a_log_without_an_office_is_replaced_by_another_one(bench: Bench) -> None:
    lose_key(bench)
    folder = bench.folder
    assert document("init", "--replace", "--enrolment", __file__)["error"]["exit_code"] == 2
    assert bench.folder == folder
    ended = run("audit", "init", "--replace")
    assert ended.code == 0
    assert "note: from the old log: it is without an office" in ended.out
    assert "Nobody outside sees this log grow" in ended.out


def test_a_log_that_cannot_tell_its_office(bench: Bench) -> None:
    bench.segment.write_bytes(bench.segment.read_bytes().replace(b'"format":1', b'"format":2', 1))
    bench.place.folder.cache.unlink()
    found = document("verify")["findings"][0]["message"]
    assert f"The sealed log {bench.folder.name} is broken at record 0" in found
    assert "every one was checked" not in run("audit", "verify").out
    assert "already record 0 does not hold" in run("audit", "verify").out
    name = bench.folder.name
    error = document("init", "--replace")["error"]
    assert error["exit_code"] == 2
    assert "give --standalone, or --domain" in error["message"]
    assert document("init", "--replace", "--standalone")["replaces"] == name
    replaces = document("show", "0")["records"][0]["d"]["replaces"]
    assert (replaces["folder"], "log" in replaces) == (name, False)


def test_a_log_that_is_gone_leaves_nothing_as_it_is(bench: Bench) -> None:
    name, folder = bench.folder.name, bench.folder
    shutil.rmtree(folder)
    found = document("status")["findings"][0]
    assert f"{bench.home.base / 'current'} says which log is in use; other logs beside it: none" in found["hint"]
    ended = run("audit", "init", "--standalone", "--replace")
    assert ended.code == 0
    assert f"note: it replaces {name} (tampered), whose records are gone from {folder}" in ended.out


def test_other_logs_beside_one_that_is_gone(bench: Bench) -> None:
    old = bench.folder
    lose_key(bench)
    assert run("audit", "init", "--replace").code == 0
    shutil.rmtree(bench.folder)
    assert f"other logs beside it: {old.name}" in document("status")["findings"][0]["hint"]


def test_two_that_make_a_log_at_once(empty_home: Path) -> None:
    ran = [start("audit", "init", "--standalone") for _ in range(3)]
    codes = []
    for process in ran:
        with process:
            process.communicate(timeout=120)
        codes.append(process.returncode)
    assert sorted(codes) == [0, 10, 10]
    assert len(find_home(empty_home).logs()) == 1


def test_another_init_that_does_not_let_go(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterlink.audit.home.LOCK_TIMEOUT_S", 0.05)
    (empty_home / "audit").mkdir(parents=True)
    with FileLock(empty_home / "audit" / "init.lock", preserve_lock_file=True):
        error = document("init", "--standalone")["error"]
    assert (error["kind"], error["exit_code"]) == ("AuditNotWritableError", 10)
    assert (
        f"The sealed log {empty_home / 'audit'} cannot be written: another meterlink is just making" in error["message"]
    )
    assert "in this run" not in error["hint"]


def test_a_base_that_cannot_be_locked(empty_home: Path) -> None:
    empty_home.mkdir(exist_ok=True)
    (empty_home / "audit").write_bytes(b"")
    error = document("init", "--standalone")["error"]
    assert error["exit_code"] == 10
    assert "[Errno" not in error["message"]


def test_a_home_that_is_given_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METERLINK_HOME", "here")
    told = document("init", "--standalone")
    assert Path(told["folder"]).parent == Path.cwd() / "here" / "audit"
    folders = document("show", "1")["records"][0]["d"]["folders"]
    assert Path(folders["log"]).name == Path(told["folder"]).name
    assert Path(folders["state"]).is_absolute() or folders["state"].startswith("~")


def test_a_log_without_its_ballast_says_so(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Disk, "free_bytes", lambda *_args: 1_000_000)
    told = document("init", "--standalone")
    assert "the ballast for a full disk could not be made" in told["notes"][0]


def test_a_log_in_a_cloud_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERLINK_HOME", str(tmp_path / "Dropbox"))
    ended = run("audit", "init", "--standalone")
    assert ended.code == 10
    assert "copied to a cloud" in ended.err
    assert not (tmp_path / "Dropbox").exists()


# --- states ---------------------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, kw_only=True)
class State:
    name: str
    spoil: Callable[[Bench], None]
    state: str
    code: int
    says: str
    """a part of what `status` finds"""
    verified: str
    """the state that `verify` finds"""


STATES = (
    State(name="sound", spoil=lambda bench: None, state="ok", code=0, says="", verified="ok"),
    State(name="end", spoil=tamper_end, state="tampered", code=10, says="broken at record 2", verified="tampered"),
    State(name="torn", spoil=tear, state="torn", code=10, says="13 bytes that a crash left", verified="torn"),
    State(name="behind", spoil=cut, state="behind", code=10, says="its end was cut off", verified="behind"),
    State(name="fork", spoil=fork, state="fork", code=10, says="another history", verified="fork"),
    State(name="doubt", spoil=doubt, state="in-doubt", code=11, says="meter 06925646: set clock", verified="in-doubt"),
    State(name="no key", spoil=lose_key, state="key-lost", code=10, says="neither key/epoch nor", verified="ok"),
    State(name="ended", spoil=end, state="not-writable", code=10, says="it has ended", verified="ok"),
)


@pytest.fixture(params=STATES, ids=lambda state: state.name)
def state(request: pytest.FixtureRequest) -> State:
    found: State = request.param
    return found


def test_status_tells_every_state_and_changes_nothing(bench: Bench, state: State, empty_home: Path) -> None:
    state.spoil(bench)
    before = everything_below(empty_home)
    ended = run("audit", "status", "--json")
    told = ended.document
    assert (ended.code, told["state"], told["words"]) == (state.code, state.state, STATE_WORDS[state.state])
    assert [each["state"] for each in told["findings"][:1]] == ([] if state.state == "ok" else [state.state])
    people = run("audit", "status")
    assert people.code == state.code
    assert people.out.startswith(f"{state.state}: {STATE_WORDS[state.state]}\n")
    assert state.says in people.out
    for finding in told["findings"]:
        assert finding["message"] in people.out
        assert finding["hint"] in people.out
    assert everything_below(empty_home) == before


def test_verify_tells_every_state_and_changes_nothing_but_the_hint(
    bench: Bench, state: State, empty_home: Path
) -> None:
    state.spoil(bench)
    before = everything_below(empty_home)
    code = {"ok": 0, "in-doubt": 11}.get(state.verified, 10)
    for signatures in ("all", "last"):
        ended = run("audit", "verify", "--signatures", signatures, "--json")
        assert (ended.code, ended.document["state"]) == (code, state.verified)
        assert ended.document["signatures"] == signatures
        people = run("audit", "verify", "--signatures", signatures)
        assert people.code == code
        assert people.out.startswith(f"{state.verified}: ")
    after = everything_below(empty_home)
    hint = bench.folder.relative_to(empty_home).as_posix() + "/cache/head.json"
    assert {name: data for name, data in before.items() if name != hint or name in after} == after


def test_a_log_that_verify_called_tampered_is_not_written_any_more(bench: Bench) -> None:
    """Also where the hint of the last run would have led past the fault."""
    segment = bench.folder / "seg" / "000000000000.log"
    segment.write_bytes(segment.read_bytes().replace(b'"format":1', b'"format":2', 1))
    assert run("audit", "verify").code == 10
    before = segment.read_bytes()
    for verb in ("rotate", "recover"):
        assert run("audit", verb).code == 10
    assert run("audit", "status").code == 10
    assert segment.read_bytes() == before


def test_verify_notes_what_keeps_a_sound_log_from_going_on(bench: Bench, tmp_path: Path) -> None:
    shutil.copytree(bench.folder, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "key")
    lose_key(bench)
    ended = run("audit", "verify")
    assert ended.code == 0
    assert "cannot go on: neither key/epoch nor key/next holds the key" in ended.out
    assert "cannot go on" not in run("audit", "verify", str(tmp_path / "copy")).out  # who only reads needs no key


def test_verify_notes_that_a_log_has_ended(bench: Bench) -> None:
    end(bench)
    ended = run("audit", "verify")
    assert ended.code == 0
    assert "note: the log has ended: its last record says so, and nothing is recorded in it any more" in ended.out


def test_the_hint_is_forgotten_however_the_log_in_use_is_called(bench: Bench) -> None:
    tamper_early(bench)
    assert run("audit", "verify", os.path.relpath(bench.folder)).code == 10
    assert run("audit", "rotate").code == 10
    assert document("status")["state"] == "tampered"


@pytest.mark.parametrize("verb", ["recover", "rotate"])
def test_writing_is_refused_where_it_must_be(bench: Bench, state: State, verb: str) -> None:
    state.spoil(bench)
    before = everything_below(bench.folder / "seg")
    ended = run("audit", verb, "--json")
    if state.state in ("ok", "torn", "in-doubt"):
        assert ended.code == 0
        assert ended.document["records"] >= 3
    else:
        error = ended.document["error"]
        assert (ended.code, error["state"]) == (10, state.state)
        assert everything_below(bench.folder / "seg") == before


@pytest.mark.parametrize("name", [each.name for each in STATES])
def test_a_log_is_replaced_only_where_it_cannot_go_on(bench: Bench, name: str) -> None:
    state = next(each for each in STATES if each.name == name)
    state.spoil(bench)
    old, origin, folder = everything_below(bench.folder), bench.origin, bench.folder
    refused = document("init", "--standalone")["error"]
    assert (refused["kind"], refused["state"]) == ("LogExistsError", state.state)
    ended = run("audit", "init", "--standalone", "--replace", "--json")
    assert {path: data for path, data in everything_below(folder).items() if path != "lock"} == {
        path: data for path, data in old.items() if path != "lock"
    }
    if state.state in ("tampered", "behind", "fork", "key-lost") or name == "ended":
        assert "--replace" in refused["hint"] or name == "ended"
        assert ended.document["replaces"] == origin
        assert bench.folder != folder
        replaces = document("show", "0")["records"][0]["d"]["replaces"]
        assert (replaces["log"], replaces["state"]) == (origin, "ended" if name == "ended" else state.state)
        sources = [each["source"] for each in replaces["heads"]]
        assert sources[0] == "the log itself"
        assert len(sources) == 2  # the place that remembers its head too
        assert str(Path.home()) not in sources[1] or len(Path.home().parts) == 1
        assert document("status")["state"] == "ok"
    else:
        assert ended.code == 10
        assert bench.folder == folder


def test_a_log_that_was_changed_long_ago_is_found_by_verify(bench: Bench) -> None:
    tamper_early(bench)
    told = document("status")
    assert (told["state"], told["read"]) == ("ok", "hint")  # as quick as opening, and it says so
    assert "`meterlink audit verify` checks every record" in run("audit", "status").out
    verified = document("verify")
    assert (verified["state"], verified["findings"][0]["record"]) == ("tampered", 1)
    assert verified["findings"][0]["segment"] == "000000000000.log"
    assert verified["findings"][0]["offset"] == len(bench.lines()[0]) + len(bench.lines()[1])
    assert document("init", "--standalone", "--replace")["replaces"] == verified["log"]


def test_without_a_log(empty_home: Path) -> None:
    ended = run("audit", "status", "--json")
    told = ended.document
    assert (ended.code, told["schema"], told["state"]) == (10, "meterlink.audit-status/1", "not-writable")
    assert told["words"] == "there is no sealed log yet"
    assert "audit init" in told["findings"][0]["hint"]
    for words in (("status",), ("verify",), ("show",), ("recover",), ("rotate",)):
        people = run("audit", *words)
        assert people.code == 10
        assert "There is no sealed log in" in people.err
        assert "audit init --standalone" in people.err
    assert run("audit", "verify", "--json").document["error"]["state"] == "not-writable"
    assert everything_below(empty_home) == {}


def test_a_log_whose_records_are_gone(bench: Bench) -> None:
    name = bench.folder.name
    bench.segment.unlink()
    told = document("status")
    assert (told["state"], told["log"], told["records"]) == ("tampered", None, None)
    assert "its records are gone" in run("audit", "status").out
    assert "its records are gone" in run("audit", "init", "--standalone").err
    assert document("init", "--standalone", "--replace")["replaces"] == name


def test_a_folder_where_this_user_may_not_write(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterlink.audit.condition.os.access", lambda *_args: False)
    ended = run("audit", "status")
    assert ended.code == 10
    assert ended.out.startswith("not-writable: nothing can be recorded now")
    assert f"may not write into {bench.folder}" in ended.out
    assert document("status")["records"] == 3
    assert document("recover")["error"]["state"] == "not-writable"
    assert document("init", "--standalone", "--replace")["error"]["state"] == "not-writable"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_in_truth(bench: Bench) -> None:
    folders = [bench.folder, *(path for path in bench.folder.rglob("*") if path.is_dir())]
    for path in (*folders, *(path for path in bench.folder.rglob("*") if path.is_file())):
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        assert document("status")["state"] == "not-writable"
        assert document("verify")["state"] == "ok"
        assert run("audit", "show").code == 0
        assert run("audit", "rotate").code == 10
        assert run("doctor").code == 0
    finally:
        for path in folders:
            path.chmod(0o700)


def test_a_file_that_cannot_be_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Disk.read

    def fail(self: Disk, path: Path, offset: int = 0) -> bytes:
        if path.parent.name in ("seg", "key"):
            raise PermissionError(13, "Permission denied")
        return read(self, path, offset)

    bench.place.folder.cache.unlink()
    monkeypatch.setattr(Disk, "read", fail)
    ended = run("audit", "status", "--json")
    assert (ended.code, ended.document["state"]) == (10, "not-writable")
    assert "cannot be read: Permission denied" in ended.document["findings"][0]["message"]
    for verb in ("verify", "show", "recover", "rotate"):
        error = document(verb)["error"]
        assert (error["kind"], error["exit_code"]) == ("LogUnreadableError", 10)


def test_a_key_that_cannot_be_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Disk.read

    def fail(self: Disk, path: Path, offset: int = 0) -> bytes:
        if path.parent.name == "key":
            raise PermissionError(13, "Permission denied")
        return read(self, path, offset)

    assert bench.folder.exists()
    monkeypatch.setattr(Disk, "read", fail)
    told = document("status")
    assert (told["state"], told["records"], told["read"]) == ("not-writable", 3, "whole")
    assert "may not read its key" in told["findings"][0]["message"]


def test_a_full_disk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bench.folder.exists()
    monkeypatch.setattr(Disk, "free_bytes", lambda *_args: 1_000_000)
    told = document("status")
    assert (told["state"], told["free_bytes"]) == ("not-writable", 1_000_000)
    assert (
        told["words"]
        == "no work may begin: the disk has 1.0 MiB left, and 8 MiB must be free before a meter is written"
    )
    assert told["findings"][0]["message"].startswith("No work may begin in the sealed log standalone/ml/")
    assert run("audit", "status").out.startswith(f"not-writable: {told['words']}\n")


# --- a lock that is held --------------------------------------------------------------------------------------------


def test_another_run_that_does_not_let_go(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterlink.audit.home.LOCK_TIMEOUT_S", 0.05)
    with FileLock(bench.place.folder.lock, preserve_lock_file=True):
        assert document("status")["state"] == "ok"
        for verb in ("rotate", "recover"):
            if verb == "recover":
                tear(bench)
            error = document(verb)["error"]
            assert (error["kind"], error["state"]) == ("AuditNotWritableError", "not-writable")
            assert "another meterlink" in error["message"]
        verified = run("audit", "verify")
        assert verified.code == 10
        assert "note: the log was read without its lock (another meterlink has held its lock" in verified.out
    assert document("recover")["steps"]


# --- verify ---------------------------------------------------------------------------------------------------------


def first_key(bench: Bench) -> str:
    return str(json.loads(bench.lines()[0])["d"]["vkey"])


def test_without_a_key_the_log_is_held_only_against_itself(bench: Bench) -> None:
    ended = run("audit", "verify")
    assert "This log was held against its own first key only" in ended.out
    assert first_key(bench) in ended.out
    told = document("verify")
    assert told["first_key"] == first_key(bench)
    assert told["keys_given"] == []
    assert "its own first key only" in told["notes"][0]


def test_with_its_key(bench: Bench) -> None:
    run("audit", "rotate")
    ended = run("audit", "verify", "--key", first_key(bench))
    assert ended.code == 0
    assert "its own first key only" not in ended.out
    assert "your key" in ended.out
    told = document("verify", "--key", STRANGER, "--key", first_key(bench))
    assert (told["state"], told["epochs"], told["records"]) == ("ok", 2, 7)


def test_with_the_key_of_another_log(bench: Bench) -> None:
    assert bench.folder.exists()
    ended = run("audit", "verify", "--key", STRANGER)
    assert ended.code == 10
    assert "it is not the log of the key that you gave" in ended.out
    assert "Compare the keys with those the office has on paper" in ended.out


def test_a_policy(bench: Bench, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text(
        f"log {first_key(bench)}\nwitness w1 {OFFICE.text}\ngroup office any w1\nquorum office\n", encoding="utf-8"
    )
    ended = run("audit", "verify", "--policy", str(policy), "--json")
    told = ended.document
    assert (ended.code, told["state"], told["keys_signed"]) == (10, "tampered", [first_key(bench)])
    assert (
        "was never cosigned by the quorum office of your policy (w1), whom you trust" in told["findings"][0]["message"]
    )
    assert told["words"] == "the log is whole in itself, and somebody whom you trust never saw it"
    cosign(bench)
    told = document("verify", "--policy", str(policy))
    assert told["notes"] == ["the policy's quorum cosigned the first 3 records"]
    assert {"the office, in heads/3.note,": True}.items() <= {
        each["source"]: each["met"] for each in told["heads"]
    }.items()


# --- witnesses and keys of the asker ---------------------------------------------------------------------------------


OTHER_SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(0x40, 0x60)))
OTHER = Vkey(
    name="example.org/w2",
    algorithm=Algorithm.COSIGNATURE,
    public=OTHER_SIGNER.public_key().public_bytes_raw(),
)


def test_a_witness_who_never_saw_the_log(bench: Bench) -> None:
    ended = run("audit", "verify", "--key", first_key(bench), "--key", OFFICE.text)
    assert ended.code == 10
    assert ended.out.startswith("tampered: the log is whole in itself, and somebody whom you trust never saw it\n")
    assert "was never cosigned by example.com/office/w1+57821da7, whom you trust" in ended.out
    assert f"{OFFICE.text}, never cosigned this log" in ended.out
    assert f"{first_key(bench)}, signed here" in ended.out


def test_a_witness_who_saw_a_part_of_the_log(bench: Bench) -> None:
    cosign(bench)
    run("audit", "rotate")
    ended = run("audit", "verify", "--key", OFFICE.text)
    assert ended.code == 0
    assert f"{OFFICE.text}, cosigned the first 3 records" in ended.out
    assert "note: nobody whom you trust cosigned the records from 3 on" in ended.out
    assert "its own first key only" not in ended.out
    told = document("verify", "--key", OFFICE.text, "--key", OTHER.text)
    assert told["state"] == "tampered"
    assert told["witnesses"] == [{"key": OFFICE.text, "size": 3}, {"key": OTHER.text, "size": None}]


def test_a_witness_under_a_head_that_is_brought(bench: Bench) -> None:
    note = cosign(bench)
    (bench.folder / "heads" / "3.note").unlink()
    Path("head.note").write_bytes(note.encode())
    assert document("verify", "--key", OFFICE.text)["state"] == "tampered"
    told = document("verify", "--key", OFFICE.text, "--head", "head.note")
    assert (told["state"], told["witnesses"]) == ("ok", [{"key": OFFICE.text, "size": 3}])


@pytest.mark.parametrize(("spoilt", "state"), [({"size": 9}, "behind"), ({"root": bytes(32)}, "fork")])
def test_a_witness_of_another_history_is_told_as_that(bench: Bench, spoilt: dict[str, Any], state: str) -> None:
    cosign(bench, **spoilt)
    told = document("verify", "--key", OFFICE.text)
    assert (told["state"], told["witnesses"]) == (state, [{"key": OFFICE.text, "size": None}])


def test_a_false_cosignature_is_none(bench: Bench) -> None:
    cosign(bench)
    path = bench.folder / "heads" / "3.note"
    note = Note.parse(path.read_bytes())
    line = cosign_line(OFFICE, OTHER_SIGNER.sign, note.text, 1767225600)
    path.write_bytes(Note(text=note.text, signatures=(*note.signatures[:1], line)).encode())
    assert document("verify", "--key", OFFICE.text)["state"] == "tampered"


@pytest.mark.parametrize("quorum", ["both", "none"])
def test_a_quorum_that_is_not_met(bench: Bench, quorum: str) -> None:
    cosign(bench)
    lines = [f"log {first_key(bench)}", f"witness w1 {OFFICE.text}", f"witness w2 {OTHER.text}", "group both all w1 w2"]
    Path("policy").write_text("\n".join([*lines, f"quorum {quorum}", ""]), encoding="utf-8")
    told = document("verify", "--policy", "policy")
    assert told["state"] == ("ok" if quorum == "none" else "tampered")
    assert told["witnesses"] == [{"key": OFFICE.text, "size": 3}, {"key": OTHER.text, "size": None}]


def test_each_given_key_is_marked(bench: Bench) -> None:
    key = first_key(bench)
    told = document("verify", "--key", STRANGER, "--key", key)
    assert (told["keys_given"], told["keys_signed"]) == ([STRANGER, key], [key])
    people = run("audit", "verify", "--key", STRANGER, "--key", key).out
    assert f"{STRANGER}, never signed here" in people
    tamper_early(bench)
    assert f"{STRANGER}, did not sign what could be read" in run("audit", "verify", "--key", STRANGER).out


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


def test_heads_of_the_office(empty_home: Path) -> None:
    assert run("audit", "init", *WITH_OFFICE).code == 0
    bench = Bench(find_home(empty_home))
    assert "cosigned      never" in run("audit", "status").out
    cosign(bench)
    told = document("status")
    assert [(each["size"], each["at"]) for each in told["cosigned"]] == [(3, "2026-01-01T00:00:00+00:00")]
    people = run("audit", "status").out
    assert "3 records, at 2026-01-01T00:00:00+00:00 by the office's clock" in people
    assert document("verify")["heads"][0]["met"] is True
    cosign(bench, size=9)
    assert document("status")["state"] == "behind"
    verified = run("audit", "verify")
    assert verified.code == 10
    assert "the log does NOT have this head" in verified.out
    cosign(bench, root=bytes(32))
    assert document("verify")["state"] == "fork"


def test_a_head_that_somebody_brings(bench: Bench, tmp_path: Path) -> None:
    head = tmp_path / "head.note"
    head.write_bytes(bench.checkpoint().encode())
    told = document("verify", "--head", str(head))["heads"][-1]
    assert (told["source"], told["size"], told["met"]) == (f"the head in {head}", 3, True)
    assert told["signed_by"] == ["+".join(first_key(bench).split("+")[:2])]
    run("audit", "rotate")
    assert document("verify", "--head", str(head))["state"] == "ok"
    bench.segment.write_bytes(b"".join(bench.lines()[:4]))
    bench.place.folder.cache.unlink()
    ended = run("audit", "verify", "--head", str(head))
    assert ended.code == 10
    assert ended.out.startswith("behind: ")
    assert f"the head in {head}: 3 records, the log does NOT have this head" in ended.out


def test_a_head_that_nobody_known_signed(bench: Bench, tmp_path: Path) -> None:
    head = tmp_path / "head.note"
    text = bench.checkpoint().text
    head.write_bytes(text + b"\n" + "— somebody AAAAAAAA\n".encode())
    ended = run("audit", "verify", "--head", str(head))
    assert ended.code == 0
    assert "no key of this log or of the office signed it" in ended.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--key", "key"), "no verifier key"),
        (("--policy", "nowhere"), "cannot be read"),
        (("--policy", "junk"), "no policy"),
        (("--head", "nowhere"), "cannot be read"),
        (("--head", "junk"), "no signed checkpoint"),
        (("--head", "other.note"), "it is of the log example.com/ml/kat"),
        (("nowhere",), "there is no such folder"),
    ],
)
@pytest.mark.usefixtures("bench")
def test_what_cannot_be_used_to_verify(words: tuple[str, ...], says: str) -> None:
    Path("junk").write_bytes(b"junk\xff")
    root = "WAH9e+2Z8YYDVE/LKhJCHY9WbfL+4jRtQjKwXENT274="
    Path("other.note").write_text(f"example.com/ml/kat\n2\n{root}\n\n— x AAAAAAAA\n", encoding="utf-8")
    error = document("verify", *words)["error"]
    assert (error["exit_code"], error["kind"]) == (2, "ConfigError")
    assert says in error["message"]
    assert error["hint"]


def test_a_folder_somewhere_else(bench: Bench, tmp_path: Path) -> None:
    copy = tmp_path / "evidence"
    (copy / "seg").mkdir(parents=True)
    (copy / "seg" / bench.segment.name).write_bytes(bench.segment.read_bytes())
    before = everything_below(tmp_path)
    ended = run("audit", "verify", str(copy))
    assert ended.code == 0
    assert "read without its lock (there is no lock file)" in ended.out
    assert everything_below(tmp_path) == before
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = run("audit", "verify", str(empty))
    assert (ended.code, ended.out) == (2, "")
    assert "this is no log and no bundle" in ended.err


def test_torn_bytes_that_are_gone(bench: Bench) -> None:
    tear(bench)
    assert run("audit", "recover").code == 0
    assert document("verify")["state"] == "ok"
    next((bench.folder / "torn").iterdir()).unlink()
    for verb in ("verify", "status"):
        told = document(verb)
        assert (told["state"], told["findings"][0]["record"]) == ("tampered", 3)
    assert run("audit", "rotate").code == 10
    assert run("audit", "init", "--standalone", "--replace").code == 0
    assert document("show", "0")["records"][0]["d"]["replaces"]["state"] == "tampered"


@pytest.fixture
def bundle(bench: Bench, tmp_path: Path) -> Path:
    """One work of a log, as a ZIP file."""
    bench.append(Entry(type="work.open", work="2026-17", d={"at": "14:05"}))
    with bench.home.open(Run.start()) as log:
        head, segments = log.head_with_bytes()
    work = "2026-17"
    gathered = collect(segments, Checkpoint.parse(head.text).size, work)
    path = tmp_path / "work.zip"
    write_bundle(path, bundle_of_work(gathered, head, work, {}, path.name))
    return path


def test_a_bundle(bench: Bench, bundle: Path) -> None:
    key = first_key(bench)
    ended = run("audit", "verify", str(bundle), "--key", key)
    assert ended.code == 0
    assert ended.out.startswith("ok: the bundle proves what it says\n")
    assert "1 of one work" in ended.out
    told = document("verify", str(bundle), "--key", key)
    assert (told["schema"], told["state"], told["records"]) == ("meterlink.audit-bundle/1", "ok", [3])
    unpacked = bundle.with_suffix("")
    shutil.unpack_archive(bundle, unpacked)
    assert document("verify", str(unpacked), "--key", key)["state"] == "ok"
    head = Path("head.note")
    head.write_bytes((unpacked / "checkpoint").read_bytes())
    assert document("verify", str(unpacked), "--key", key, "--head", str(head))["state"] == "ok"
    record = unpacked / "records" / "3.json"
    record.write_bytes(record.read_bytes().replace(b"14:05", b"14:06"))
    ended = run("audit", "verify", str(unpacked), "--key", key)
    assert ended.code == 10
    assert ended.out.startswith("tampered: the bundle does not prove what it says")


def test_a_head_of_another_log_is_no_head_of_a_bundle(bench: Bench, bundle: Path) -> None:
    root = "WAH9e+2Z8YYDVE/LKhJCHY9WbfL+4jRtQjKwXENT274="
    Path("other.note").write_text(f"example.com/ml/kat\n2\n{root}\n\n— x AAAAAAAA\n", encoding="utf-8")
    ended = run("audit", "verify", str(bundle), "--key", first_key(bench), "--head", "other.note")
    assert (ended.code, ended.out) == (2, "")
    assert "it is of the log example.com/ml/kat, and this is standalone/ml/" in ended.err


def test_a_policy_that_asks_for_nothing_proves_nothing(bench: Bench, bundle: Path) -> None:
    policy = Path("policy")
    policy.write_text(f"witness w1 {OFFICE.text}\nquorum none\n", encoding="utf-8")
    ended = run("audit", "verify", str(bundle), "--policy", "policy")
    assert (ended.code, ended.out) == (2, "")
    assert "keys inside it are never trusted" in ended.err
    policy.write_text(f"log {first_key(bench)}\nquorum none\n", encoding="utf-8")
    assert run("audit", "verify", str(bundle), "--policy", "policy").code == 0
    policy.write_text(f"witness w1 {OFFICE.text}\nquorum w1\n", encoding="utf-8")
    assert run("audit", "verify", str(bundle), "--policy", "policy").code == 10


def test_the_report_on_a_bundle_says_what_was_held_against_what(bench: Bench, bundle: Path) -> None:
    key = first_key(bench)
    shutil.unpack_archive(bundle, "unpacked")
    Path("new.note").write_bytes(Path("unpacked/checkpoint").read_bytes())
    told = document("verify", str(bundle), "--key", key, "--key", STRANGER, "--head", "new.note")
    assert (told["keys_given"], told["keys_signed"]) == ([key, STRANGER], [key])
    assert [each["met"] for each in told["heads"]] == [True]
    old = Checkpoint.parse(Note.parse(Path("new.note").read_bytes()).text)
    older = Checkpoint(origin=old.origin, size=old.size - 1, root=bytes(32)).body()
    Path("old.note").write_bytes(older + "\n— x AAAAAAAA\n".encode())
    longer = Checkpoint(origin=old.origin, size=old.size + 1, root=bytes(32)).body()
    Path("longer.note").write_bytes(longer + "\n— x AAAAAAAA\n".encode())
    ended = run("audit", "verify", str(bundle), "--key", key, "--head", "old.note")
    assert ended.code == 0
    assert f"your key     {key}, signed here" in ended.out
    assert "the head in old.note: 3 records, not held against anything: only the whole log tells" in ended.out
    assert "not checked  the other records of the log" in ended.out
    told = document("verify", str(bundle), "--key", key, "--head", "longer.note")
    assert (told["state"], told["heads"][0]["met"]) == ("behind", False)


def test_a_tampered_bundle_only_claims(bench: Bench, bundle: Path) -> None:
    shutil.unpack_archive(bundle, "unpacked")
    record = Path("unpacked/records/3.json")
    record.write_bytes(record.read_bytes().replace(b"14:05", b"14:06"))
    ended = run("audit", "verify", "unpacked", "--key", first_key(bench))
    assert ended.code == 10
    assert "its first key, by its own word  standalone/ml/" in ended.out
    assert "signed here" not in ended.out
    assert "everything behind the place that does not hold" in ended.out
    ended = run("audit", "verify", str(bundle), "--key", STRANGER)
    assert "claims to hold                  1 record of one work" in ended.out


def test_names_out_of_a_bundle_do_not_act_on_the_terminal(bundle: Path) -> None:
    shutil.unpack_archive(bundle, "unpacked")
    root = "WAH9e+2Z8YYDVE/LKhJCHY9WbfL+4jRtQjKwXENT274="
    Path("unpacked/checkpoint").write_text(f"a\u202eb/ml/kat\n2\n{root}\n\n— x AAAAAAAA\n", encoding="utf-8")
    ended = run("audit", "verify", "unpacked", "--key", STRANGER)
    assert ended.code == 10
    assert "\u202e" not in ended.out
    assert "a\\u202eb/ml/kat" in ended.out


def test_keys_inside_a_bundle_are_never_enough(bundle: Path) -> None:
    ended = run("audit", "verify", str(bundle))
    assert (ended.code, ended.out) == (2, "")
    assert "keys inside it are never trusted" in ended.err
    assert "give it with --key" in ended.err


def test_a_bundle_of_a_stranger(bundle: Path) -> None:
    assert document("verify", str(bundle), "--key", STRANGER)["state"] == "tampered"
    junk = bundle.with_name("junk.zip")
    junk.write_bytes(b"junk")
    ended = run("audit", "verify", str(junk), "--key", STRANGER)
    assert (ended.code, ended.out) == (2, "")
    assert "this is no bundle" in ended.err
    junk.write_bytes(b"PK junk")
    assert run("audit", "verify", str(junk), "--key", STRANGER).code == 10


# --- export ---------------------------------------------------------------------------------------------------------


def test_a_work_is_exported_and_checked_by_a_stranger(bench: Bench) -> None:
    bench.append(INTENT)
    ended = run("audit", "export", "--work", "2026-17", "work.zip")
    assert ended.code == 0
    assert "records of the work 2026-17: 1" in ended.out
    assert "signed by the log alone" in ended.out
    told = document("verify", "work.zip", "--key", first_key(bench))
    assert (told["state"], told["records"]) == ("in-doubt", [3])  # the work has an intent and no outcome
    shutil.unpack_archive("work.zip", "unpacked")
    checker = [sys.executable, "-I", "-S", "unpacked/verify_meterlink.py", "--key", first_key(bench), "work.zip"]
    checked = subprocess.run(checker, capture_output=True, encoding="utf-8", check=False)
    assert (checked.returncode, checked.stdout.rstrip().rpartition("\n")[2]) == (11, "state: in-doubt")


def test_the_whole_log_is_exported_with_what_lies_beside_it(bench: Bench) -> None:
    tear(bench)
    assert run("audit", "recover").code == 0
    told = document("export", "--all", "log.zip")
    assert (told["schema"], told["work"], told["cosigned"]) == ("meterlink.audit-export/1", None, False)
    names = set(zipfile.ZipFile("log.zip").namelist())
    assert {"checkpoint", "seg/000000000000.log", "tile/0/000.p/6", "verify_meterlink.py"} <= names
    assert any(name.startswith("torn/") for name in names)
    assert document("verify", "log.zip", "--key", first_key(bench))["whole_log"] == told["records"]


def test_an_export_shows_personal_data_only_when_asked(bench: Bench) -> None:
    opening = Opening(salt=bytes(16), value="Иванов")
    with bench.home.open(Run.start()) as log:
        d = {"commitments": {"customer": opening.commitment("customer")}}
        index = log.append(Entry(type="work.open", work="w", d=d))
    place = bench.home.current()
    keep_openings(place.files, place.folder, index, {"customer": opening})
    assert (
        document("export", "--work", "w", "bare.zip")["files"] + 1
        == document("export", "--work", "w", "--private", "shown.zip")["files"]
    )
    shown = document("verify", "shown.zip", "--key", first_key(bench))
    assert shown["opened"] == [{"record": index, "name": "customer", "value": "Иванов"}]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("a.zip",), "give either --work ID or --all"),
        (("a.zip", "--all", "--work", "w"), "give either --work ID or --all"),
        (("there.zip", "--all"), "evidence is never overwritten"),
        (("no/such/folder/a.zip", "--all"), "the folder no/such/folder is not there"),
        (("-", "--all"), "never goes to the terminal"),
        (("a.zip", "--work", "nobody"), "no record of the work 'nobody'"),
        (("a.zip", "--work", " "), "a work has a name"),
        (("a.zip", "--all", "--log", "nowhere"), "there is no such folder"),
        (("a.zip", "--all", "--log", "."), "this is no log and no bundle"),
    ],
)
def test_what_cannot_be_exported(bench: Bench, words: tuple[str, ...], says: str) -> None:
    Path("there.zip").write_bytes(b"evidence")
    ended = run("audit", "export", *words)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert Path("there.zip").read_bytes() == b"evidence"
    assert not list(Path().glob("*.part"))


def hold_lock(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(Disk, "lock", fail)


def make_read_only(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise OSError(30, "Read-only file system")

    for name in ("write_at", "overwrite", "append_to", "create"):
        monkeypatch.setattr(Disk, name, fail)


def put_into_cloud(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = bench.home.base.parent.with_name("Dropbox")
    bench.home.base.parent.rename(cloud)
    monkeypatch.setenv("METERLINK_HOME", str(cloud))


def lose_torn_bytes(bench: Bench, _monkeypatch: pytest.MonkeyPatch) -> None:
    tear(bench)
    assert run("audit", "recover").code == 0
    next((bench.folder / "torn").iterdir()).unlink()


def tear_and_lose_key(bench: Bench, _monkeypatch: pytest.MonkeyPatch) -> None:
    tear(bench)
    lose_key(bench)


@pytest.mark.parametrize(
    ("spoil", "why", "state"),
    [
        (lambda bench, _: lose_key(bench), "neither key/epoch nor key/next", "ok"),
        (lambda bench, _: cut(bench), "its end was cut off", "ok"),
        (lambda bench, _: fork(bench), "has another history", "ok"),
        (hold_lock, "another meterlink has held its lock", "ok"),
        (make_read_only, "Read-only file system", "ok"),
        (put_into_cloud, "copied to a cloud", "ok"),
        (lose_torn_bytes, "that file is not there", "tampered"),
        (tear_and_lose_key, "13 bytes of a half record at the end are left out", "ok"),
    ],
)
def test_a_log_that_cannot_be_written_is_still_exported(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Bench, pytest.MonkeyPatch], None],
    why: str,
    state: str,
) -> None:
    key = first_key(bench)
    with monkeypatch.context() as spoilt:
        spoil(bench, spoilt)
        told = document("export", "--all", "log.zip")
    assert told["notes"][0].startswith("the head was read from the files and not made sure of on the disk: ")
    assert any(why in note for note in told["notes"])
    verified = document("verify", "log.zip", "--key", key)
    assert (verified["state"], verified["whole_log"]) == (state, told["records"])


def test_a_work_is_exported_from_a_log_without_its_key(bench: Bench) -> None:
    bench.append(INTENT)
    lose_key(bench)
    ended = run("audit", "export", "--work", "2026-17", "work.zip")
    assert ended.code == 0
    assert "note: the head was read from the files and not made sure of on the disk: The sealed log" in ended.out
    assert document("verify", "work.zip", "--key", first_key(bench))["records"] == [3]


def test_nothing_is_exported_from_a_broken_log(bench: Bench) -> None:
    tamper_end(bench)
    bench.place.folder.cache.unlink()
    assert document("export", "--all", "log.zip")["error"]["kind"] == "ChainBrokenError"
    assert not Path("log.zip").exists()


def test_an_ended_log_is_exported(bench: Bench) -> None:
    end(bench)
    assert document("export", "--all", "log.zip")["notes"] == []


def test_another_log_is_shown_and_exported(bench: Bench) -> None:
    key, old = first_key(bench), bench.folder
    lose_key(bench)
    assert run("audit", "init", "--replace").code == 0
    told = document("export", "--all", "old.zip", "--log", str(old))
    assert "this is not the log in use" in told["notes"][0]
    assert document("verify", "old.zip", "--key", key)["state"] == "ok"
    shown = document("show", "--log", str(old))
    assert shown["log"] == key.partition("+")[0]
    assert document("show")["log"] != shown["log"]
    assert document("export", "--all", "new.zip", "--log", os.path.relpath(bench.folder))["notes"] == []


def test_a_folder_with_half_a_record_is_no_log_to_export() -> None:
    Path("half/seg").mkdir(parents=True)
    Path("half/seg/000000000000.log").write_bytes(b'{"d":')
    assert document("export", "--all", "log.zip", "--log", "half")["error"]["kind"] == "NoLogError"


# --- show -----------------------------------------------------------------------------------------------------------


def test_show_in_words(bench: Bench) -> None:
    bench.append(INTENT)
    told = run("audit", "show").out
    assert "log.open (the log begins)" in told
    assert "intent (about to write to the meter), work 2026-17" in told
    assert "i 0, parameter clock, old 14:00, new 14:05, bytes 000E1F9B02****" in told
    assert "operation  set clock" in told


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ((), [0, 1, 2, 3, 4]),
        (("1",), [1]),
        (("1-2",), [1, 2]),
        (("3-99",), [3, 4]),
        (("--last", "2"), [3, 4]),
        (("--last", "99"), [0, 1, 2, 3, 4]),
        (("--work", "2026-17"), [3]),
    ],
)
def test_which_records_are_shown(bench: Bench, words: tuple[str, ...], numbers: list[int]) -> None:
    bench.append(INTENT, Entry(type="log.note", d={"text": "a note", "about": 3}))
    told = document("show", *words)
    assert [each["n"] for each in told["records"]] == numbers
    assert told["size"] == 5
    raw = run("audit", "show", *words, "--raw")
    lines = [line.rstrip(b"\n") for line in bench.lines()[::2]]
    assert raw.out.splitlines() == [lines[number].decode() for number in numbers]
    people = run("audit", "show", *words)
    assert people.code == 0


def test_only_the_last_20_are_shown(bench: Bench) -> None:
    bench.append(*(Entry(type="log.note", d={"text": str(number)}) for number in range(30)))
    assert [each["n"] for each in document("show")["records"]] == list(range(13, 33))


def test_unknown_types_are_shown_in_full(bench: Bench) -> None:
    bench.append(Entry(type="moon.phase", actor="lena", d={"of_the": {"moon": ["new", {"x": 1, "y": True}]}, "e": {}}))
    told = run("audit", "show", "--last", "1").out
    assert "moon.phase (unknown type, shown as it stands)" in told
    for word in ("by  lena", "of the", "moon", "new", "x 1, y yes", "none"):
        assert word in told


def test_numbers_that_follow_one_another_are_folded(bench: Bench) -> None:
    numbers = [*range(4, 136), 140, 142, 143]
    bench.append(Entry(type="log.note", d={"records": numbers, "root": "x"}))
    told = run("audit", "show", "--last", "1").out
    assert "        4-135, 140, 142-143\n" in told
    assert len(told.splitlines()) < 10
    assert document("show", "--last", "1")["records"][0]["d"]["records"] == numbers


def test_a_record_does_not_act_on_the_terminal(bench: Bench) -> None:
    bench.append(Entry(type="log.note", d={"text": "\x1b[2Jгород\u202e"}))
    told = run("audit", "show", "--last", "1").out
    assert "\\x1b[2Jгород\\u202e" in told


@pytest.mark.parametrize("spoil", [tamper_early, tamper_end])
def test_show_stops_at_a_fault(bench: Bench, spoil: Callable[[Bench], None]) -> None:
    spoil(bench)
    broken_at = 1 if spoil is tamper_early else 2
    ended = run("audit", "show", "--json")
    assert (ended.code, [each["n"] for each in ended.document["records"]]) == (10, list(range(broken_at)))
    people = run("audit", "show")
    assert people.code == 10
    assert f"It stops at record {broken_at}" in people.out
    raw = run("audit", "show", "--raw")
    assert (raw.code, len(raw.out.splitlines())) == (10, broken_at)
    assert "is broken at record" in raw.err
    assert run("audit", "show", "2").code == 10


def test_show_of_a_torn_log(bench: Bench) -> None:
    tear(bench)
    ended = run("audit", "show")
    assert ended.code == 0
    assert "note: a crash left half a record at the end (13 bytes)" in ended.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("x",), "neither a record number"),
        (("1-",), "neither a record number"),
        (("٣",), "neither a record number"),
        (("5-3",), "ends before it begins"),
        (("1", "--last", "2"), "give one"),
        (("3",), "the records 0 to 2"),
        (("--raw",), "a form of its own"),
        (("--work", "nobody"), "has no record of the work 'nobody'"),
        (("--work", ""), "a work has a name"),
        (("--log", "nowhere"), "there is no such folder"),
        (("--log", __file__), "this is no log"),
    ],
)
@pytest.mark.usefixtures("bench")
def test_what_cannot_be_shown(words: tuple[str, ...], says: str) -> None:
    error = document("show", *words)["error"]
    assert (error["exit_code"], error["kind"]) in ((2, "ConfigError"), (2, "NoWorkError"))
    assert says in error["message"]


@pytest.mark.usefixtures("bench")
def test_not_even_no_record_can_be_the_last() -> None:
    assert run("audit", "show", "--last", "0").code == 2


# --- recover and rotate ---------------------------------------------------------------------------------------------


def test_nothing_to_recover(bench: Bench) -> None:
    before = bench.lines()
    ended = run("audit", "recover")
    assert ended.code == 0
    assert "there was nothing to do" in ended.out
    assert document("recover")["steps"] == []
    assert bench.lines() == before


def test_torn_bytes_are_kept_and_told(bench: Bench) -> None:
    tear(bench)
    ended = run("audit", "recover")
    assert ended.code == 0
    kept = next((bench.folder / "torn").iterdir())
    assert kept.read_bytes() == b'{"d":{"half":'
    assert f"the 13 bytes that a crash left behind are kept in torn/{kept.name}, and record 3 says so" in ended.out
    assert [each["type"] for each in document("show", "--last", "3")["records"]] == [
        "log.recovered",
        "run.open",
        "run.close",
    ]


def test_a_change_of_key_that_was_cut_off_is_finished(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as crash:

        def die(*_args: object) -> None:
            raise KeyboardInterrupt

        crash.setattr(Writer, "_put_in_force", die)
        with pytest.raises(KeyboardInterrupt), bench.home.open(Run.start()) as log:
            log.rotate("asked for")
    told = document("status")
    assert told["state"] == "ok"
    assert "cut off half-way" in told["notes"][0]
    ended = run("audit", "recover")
    assert ended.code == 0
    assert "the change of key that was cut off is finished; the key in force is standalone/ml/" in ended.out
    assert document("status")["notes"] == []
    assert document("verify")["epochs"] == 2


def test_the_ballast_is_put_back(bench: Bench) -> None:
    bench.place.folder.ballast.unlink()
    assert document("status")["ballast"] is False
    assert "no ballast; `meterlink audit recover` puts it back" in run("audit", "status").out
    assert document("recover")["steps"] == ["the ballast for a full disk is back"]
    assert document("status")["ballast"] is True


def test_recover_settles_no_doubt(bench: Bench) -> None:
    bench.append(INTENT)
    ended = run("audit", "recover")
    assert ended.code == 0
    assert "frames that stay in doubt: 1" in ended.out
    assert document("recover")["in_doubt"] == 1
    doubts = document("status")["doubts"]
    assert [(each["of"], each["i"], each["work"], each["serial_number"]) for each in doubts] == [
        (3, 0, "2026-17", "06925646")
    ]
    assert "no outcome was recorded" in run("audit", "status").out


def test_a_new_key(bench: Bench) -> None:
    old = first_key(bench)
    ended = run("audit", "rotate", "--reason", "the laptop was in repair")
    assert ended.code == 0
    told = document("rotate")
    assert old in ended.out
    assert told["old_key"] in ended.out
    assert told["old_key"] != told["new_key"]
    assert told["epoch"] == 2
    reasons = [each["d"]["reason"] for each in document("show")["records"] if each["type"] == "key.rotate"]
    assert reasons == ["the laptop was in repair", "asked for"]
    assert document("verify", "--key", old)["state"] == "ok"


@pytest.mark.usefixtures("bench")
def test_a_reason_is_one_sentence() -> None:
    assert document("rotate", "--reason", "x" * 501)["error"]["kind"] == "ConfigError"
    assert document("verify")["records"] == 3


def test_a_run_that_fails_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    assert bench.folder.exists()
    monkeypatch.setattr("meterlink.audit.store.SealedLog.rotate", die)
    assert run("audit", "rotate").code == 130
    last = document("show", "--last", "1")["records"][0]
    assert (last["type"], last["d"]) == ("run.close", {"result": "KeyboardInterrupt"})


# --- words that fit the case ----------------------------------------------------------------------------------------


def test_a_worse_finding_leaves_no_advice_that_contradicts_it(bench: Bench) -> None:
    bench.remember(9)
    bench.place.folder.ballast.unlink()
    tear(bench)
    for verb in ("status", "verify"):
        told = document(verb)
        assert [each["state"] for each in told["findings"]] == ["behind", "torn"]
        assert [bool(each["hint"]) for each in told["findings"]] == [True, False]
        assert "audit recover" not in run("audit", verb).out


def test_crashes_are_told(bench: Bench) -> None:
    tear(bench)
    assert run("audit", "recover").code == 0
    for verb in ("status", "verify"):
        assert "note: the log tells of 1 crash; the bytes left behind are kept in torn/" in run("audit", verb).out


def test_one_byte_is_one_byte(bench: Bench) -> None:
    with bench.segment.open("ab") as file:
        file.write(b"{")
    assert "ends in 1 byte that a crash left" in run("audit", "status").out
    assert "note: a crash left half a record at the end (1 byte)" in run("audit", "show").out
    assert "the 1 byte that a crash left behind is kept in torn/" in run("audit", "recover").out


def test_how_far_signatures_were_checked(bench: Bench) -> None:
    assert "every one was checked" in run("audit", "verify").out
    assert "by which one key hands over to the next" in run("audit", "verify", "--signatures", "last").out
    tamper_end(bench)
    assert "every one up to record 1 was checked, and none behind it" in run("audit", "verify").out


@pytest.mark.parametrize("spoil", [tamper_end, cut, fork, tear])
def test_who_only_reads_a_log_gets_advice_for_a_reader(
    bench: Bench, spoil: Callable[[Bench], None], tmp_path: Path
) -> None:
    spoil(bench)
    shutil.copytree(bench.folder, tmp_path / "copy")
    told = document("verify", str(tmp_path / "copy"))
    assert told["state"] == document("verify")["state"] != "ok"
    assert told["findings"][0]["hint"]
    assert "audit init" not in run("audit", "verify", str(tmp_path / "copy")).out
    assert document("verify", str(bench.folder))["findings"] == document("verify")["findings"]


def test_torn_bytes_that_are_put_back(bench: Bench) -> None:
    tear(bench)
    assert run("audit", "recover").code == 0
    kept = next((bench.folder / "torn").iterdir())
    data = kept.read_bytes()
    kept.unlink()
    hint = document("status")["findings"][0]["hint"]
    for way in ("put it back", "audit init --replace", "audit export"):
        assert way in hint
    kept.write_bytes(data)
    assert document("status")["state"] == "ok"


# --- bytes that are no text, and output that fails ------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "a\udcff"),
        ("verify", "--head", "a\udcff"),
        ("verify", "--policy", "a\udcff"),
        ("export", "--all", "a\ud800.zip"),
        ("export", "--all", "a.zip", "--log", "a\udcff"),
        ("show", "--log", "a\udcff"),
        ("init", *WITH_OFFICE, "--enrolment", "a\udcff"),
        ("rotate", "--reason", "a\udcff"),
    ],
)
def test_what_is_no_utf_8_is_refused(bench: Bench, words: tuple[str, ...]) -> None:
    before = everything_below(bench.folder)
    error = document(*words)["error"]
    assert (error["kind"], error["exit_code"]) == ("ConfigError", 2)
    assert "no UTF-8" in error["message"]
    assert error["hint"]
    assert everything_below(bench.folder) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells of long names otherwise")
@pytest.mark.parametrize(
    "words",
    [
        ("verify", "a" * 300),
        ("export", "--all", "a" * 300),
        ("show", "--log", "a" * 300),
        ("verify", "--head", "a" * 300),
    ],
)
@pytest.mark.usefixtures("bench")
def test_a_name_that_the_system_refuses(words: tuple[str, ...]) -> None:
    error = document(*words)["error"]
    assert (error["kind"], error["exit_code"]) == ("ConfigError", 2)
    assert "it cannot be read: File name too long" in error["message"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.usefixtures("bench")
def test_raw_records_that_cannot_be_written() -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "meterlink", "audit", "show", "--raw"],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: The result cannot be written: No space left on device.")


# --- doctor ---------------------------------------------------------------------------------------------------------


def test_doctor_tells_the_log(bench: Bench) -> None:
    before = set(everything_below(bench.folder))
    told = run("doctor", "--json").document["sealed_log"]
    assert (told["state"], told["records"], told["ballast"], told["cosigned_at"]) == ("ok", 3, True, None)
    assert float(told["fsync_ms"]) >= 0
    people = run("doctor").out
    assert "sealed log\n----------\n" in people
    assert "never cosigned" in people
    assert set(everything_below(bench.folder)) == before


@pytest.mark.parametrize(("seconds", "lies"), [(0.00001, True), (0.004, False)])
def test_doctor_doubts_a_disk_that_is_too_quick(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, seconds: float, lies: bool
) -> None:
    assert bench.folder.exists()
    times = iter(step * seconds for step in range(1000))
    monkeypatch.setattr("meterlink.cli.doctor.perf_counter", lambda: next(times))
    assert ("this disk may be lying" in run("doctor").out) is lies


def test_doctor_without_a_log(empty_home: Path) -> None:
    ended = run("doctor", "--json")
    told = ended.document
    assert (told["sealed_log"]["state"], told["sealed_log"]["fsync_ms"]) == ("no log", None)
    assert told["troubles"] == []
    assert "there is none in" in run("doctor").out
    assert everything_below(empty_home) == {}


def test_doctor_with_a_log_in_trouble(bench: Bench, state: State) -> None:
    state.spoil(bench)
    ended = run("doctor", "--json")
    assert ended.code == 0
    assert ended.document["sealed_log"]["state"] == state.state


def test_doctor_tells_the_age_of_a_cosignature(empty_home: Path) -> None:
    run("audit", "init", *WITH_OFFICE)
    cosign(Bench(find_home(empty_home)))
    assert "days ago (2026-01-01T00:00:00+00:00 by the office's clock)" in run("doctor").out


def test_doctor_where_nothing_can_be_written(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    assert bench.folder.exists()
    monkeypatch.setattr(Disk, "overwrite", fail)
    ended = run("doctor", "--json")
    assert (ended.code, ended.document["sealed_log"]["fsync_ms"]) == (0, None)
    assert [each["part"] for each in ended.document["troubles"]] == ["sealed_log"]


# --- as a program of its own ----------------------------------------------------------------------------------------


def test_as_processes_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(outside))

    def code(*words: str) -> tuple[int, str]:
        ended: Ended = run_apart("audit", *words)
        return ended.code, ended.out

    assert code("init", "--standalone")[0] == 0
    assert code("status")[1].startswith("ok: ")
    assert code("rotate")[0] == 0
    assert code("verify")[1].startswith("ok: ")
    told = run_apart("audit", "show", "--json").document
    assert told["size"] == 7
    assert code("show", "--raw")[1].count("\n") == 7
    assert everything_below(outside) == {}


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("audit", "--help")])
def test_what_needs_no_log_imports_no_cryptography(words: tuple[str, ...]) -> None:
    script = (
        "import sys\nfrom meterlink.cli.main import program\n"
        f"try:\n    program.main({list(words)!r})\n"
        "finally:\n    heavy = {'cryptography', 'bcrypt', 'rfc8785', 'filelock', 'keyring'} & set(sys.modules)\n"
        "    print(sorted(heavy), file=sys.stderr)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    assert ran.stderr.strip() == "[]"


def test_an_anchor_of_another_history_is_told_as_not_met(bench: Bench) -> None:
    place = bench.place
    forger = Forger(bench.home.open(Run.start()).origin)
    for pair in pairs_of(place.bytes()):
        forger.take(pair)
    forger.key = decode_key(place.folder.key.read_bytes())
    with bench.segment.open("ab") as segment:
        segment.write(forger.pair("anchor", {"size": 1, "root": "A" * 43 + "=", "note": ""}))
    told = document("verify")
    assert told["state"] == "fork"
    assert [head["met"] for head in told["heads"] if head["source"] == "the anchor"] == [False]
