"""`audit`: making a log, what is said when something is in the way, and processes of their own."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from meterlink.audit.fsio import Disk
from meterlink.audit.home import find_home
from meterlink.audit.keys import decode_key
from meterlink.audit.run import Run
from tests.audit.logs import Forger, pairs_of
from tests.cli.audits import (
    OFFICE,
    STRANGER,
    WITH_OFFICE,
    Bench,
    cut,
    document,
    everything_below,
    fork,
    lose_key,
    tamper_end,
    tear,
)
from tests.cli.program import Ended, run, run_apart, start

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
