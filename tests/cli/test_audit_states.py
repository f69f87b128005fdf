"""`audit` and `doctor`: every state of a log as a technician meets it, and the ways out."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from meterlink.audit.fsio import Disk
from meterlink.audit.home import find_home
from meterlink.audit.run import Run
from meterlink.audit.writer import Writer
from meterlink.cli.audit.common import STATE_WORDS
from tests.cli.audits import (
    INTENT,
    WITH_OFFICE,
    Bench,
    cosign,
    cut,
    document,
    doubt,
    end,
    everything_below,
    first_key,
    fork,
    lose_key,
    tamper_early,
    tamper_end,
    tear,
)
from tests.cli.program import run

# --- states ---------------------------------------------------------------------------------------------------------


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
