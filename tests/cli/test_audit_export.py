"""`audit export` and `audit show`, for people and for programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from meterlink.audit.commitment import Opening
from meterlink.audit.fsio import Disk
from meterlink.audit.private import keep_openings
from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from tests.cli.audits import (
    INTENT,
    Bench,
    cut,
    document,
    end,
    first_key,
    fork,
    lose_key,
    tamper_early,
    tamper_end,
    tear,
)
from tests.cli.program import run

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
