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
from meterlink.audit.note import Algorithm, Checkpoint, Note, Vkey, cosign_line
from meterlink.audit.place import LogPlace
from meterlink.audit.private import keep_openings
from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from meterlink.audit.writer import Writer
from meterlink.cli.audit.common import STATE_WORDS
from tests.cli.program import Ended, run, run_apart

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
    assert "1,000,000 bytes left" in told["findings"][0]["message"]


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
    told = document("verify", "--policy", str(policy))
    assert (told["state"], told["keys_given"]) == ("ok", [first_key(bench)])
    assert told["notes"] == ["no head in heads/ has the quorum that the policy asks for"]
    cosign(bench)
    told = document("verify", "--policy", str(policy))
    assert told["notes"] == ["the policy's quorum cosigned the first 3 records"]
    assert {"the office, in heads/3.note,": True}.items() <= {
        each["source"]: each["met"] for each in told["heads"]
    }.items()


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
    assert run("audit", "verify", str(empty)).code == 10


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


def test_keys_inside_a_bundle_are_never_enough(bundle: Path) -> None:
    ended = run("audit", "verify", str(bundle))
    assert (ended.code, ended.out) == (2, "")
    assert "keys inside it are never trusted" in ended.err
    assert "give it with --key" in ended.err


def test_a_bundle_of_a_stranger(bundle: Path) -> None:
    assert document("verify", str(bundle), "--key", STRANGER)["state"] == "tampered"
    junk = bundle.with_name("junk.zip")
    junk.write_bytes(b"junk")
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
        (("no/such/folder/a.zip", "--all"), "cannot be written"),
        (("a.zip", "--work", "nobody"), "no record of the work 'nobody'"),
    ],
)
def test_what_cannot_be_exported(bench: Bench, words: tuple[str, ...], says: str) -> None:
    Path("there.zip").write_bytes(b"evidence")
    ended = run("audit", "export", *words)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert Path("there.zip").read_bytes() == b"evidence"
    assert not list(Path().glob("*.part"))


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
        (("--work", "nobody's"), []),
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
    assert numbers or "no record of the log" in people.out


def test_only_the_last_20_are_shown(bench: Bench) -> None:
    bench.append(*(Entry(type="log.note", d={"text": str(number)}) for number in range(30)))
    assert [each["n"] for each in document("show")["records"]] == list(range(13, 33))


def test_unknown_types_are_shown_in_full(bench: Bench) -> None:
    bench.append(Entry(type="moon.phase", actor="lena", d={"of_the": {"moon": ["new", {"x": 1, "y": True}]}, "e": {}}))
    told = run("audit", "show", "--last", "1").out
    assert "moon.phase (unknown type, shown as it stands)" in told
    for word in ("by  lena", "of the", "moon", "new", "x 1, y yes", "none"):
        assert word in told


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
    assert "note: 13 bytes of a half record follow" in ended.out


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
    ],
)
@pytest.mark.usefixtures("bench")
def test_what_cannot_be_shown(words: tuple[str, ...], says: str) -> None:
    error = document("show", *words)["error"]
    assert (error["exit_code"], error["kind"]) == (2, "ConfigError")
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
