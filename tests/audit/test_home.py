"""Where logs lie, which one is in use, and what a run says about its program."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meterlink.audit import condition
from meterlink.audit.bundle_check import Trust
from meterlink.audit.canonical import encode_canonical
from meterlink.audit.condition import look
from meterlink.audit.fsio import DiskFullError
from meterlink.audit.home import AuditHome, find_home
from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from meterlink.audit.run_facts import hash_of_files, program_facts, told_folder
from meterlink.audit.second_head import HeadFile, HeadInKeyRing
from meterlink.cli.audit import checked
from meterlink.cli.audit.brought import Brought
from meterlink.errors import (
    AuditNotWritableError,
    LogGoneError,
    LogUnnamedError,
    NoLogError,
    StateFolderError,
)


@pytest.fixture
def home(tmp_path: Path) -> AuditHome:
    return find_home(tmp_path)


def create(home: AuditHome) -> str:
    """A log; returns the name of its folder."""
    with home.create(Run.start(), "standalone", {"office": []}) as log:
        return log.origin.rpartition("/")[2]


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_nothing_is_there_and_nothing_is_made(home: AuditHome, tmp_path: Path) -> None:
    with pytest.raises(NoLogError, match="audit"):
        home.current()
    assert home.logs() == []
    assert files_below(tmp_path) == set()


def test_the_chosen_folder_holds_everything(home: AuditHome, tmp_path: Path) -> None:
    name = create(home)
    assert home.current().folder.path == tmp_path / "audit" / name
    assert (tmp_path / "audit" / "current").read_bytes() == f"{name}\n".encode()
    assert home.logs() == [name]
    with home.open(Run.start()) as log:
        log.append(Entry(type="work.close", d={}, work="w"))
    heads = list((tmp_path / "state").iterdir())
    assert [path.suffix for path in heads] == [".head"]
    assert {path.name for path in tmp_path.iterdir()} == {"audit", "state"}


def test_the_log_that_was_made_last_is_in_use(home: AuditHome) -> None:
    first, second = create(home), create(home)
    assert home.current().folder.path.name == second
    assert home.logs() == sorted((first, second))


def test_a_crash_before_the_name_was_written(home: AuditHome) -> None:
    name = create(home)
    (home.base / "current").unlink()
    assert home.current().folder.path.name == name
    create(home)
    (home.base / "current").write_text("nonsense", encoding="utf-8")
    with pytest.raises(LogUnnamedError, match="2 sealed logs") as caught:
        home.current()
    assert name in caught.value.hint


def test_a_crash_before_the_first_record_leaves_no_log(home: AuditHome) -> None:
    segments = home.base / "0123abcd" / "seg"
    segments.mkdir(parents=True)
    with pytest.raises(NoLogError):
        home.current()
    (segments / "000000000000.log").write_bytes(b'{"d":{}')
    with pytest.raises(NoLogError):
        home.current()


@pytest.mark.parametrize("left", [b"", b"half of a rec"])
def test_a_log_in_use_that_is_gone_is_no_new_beginning(home: AuditHome, left: bytes) -> None:
    name = create(home)
    home.current().folder.segment("000000000000.log").write_bytes(left)
    with pytest.raises(LogGoneError, match=name) as caught:
        home.open(Run.start())
    assert caught.value.state == "tampered"


def test_a_disk_that_is_full_when_the_name_is_due(home: AuditHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise DiskFullError(28, "No space left on device")

    monkeypatch.setattr("meterlink.audit.home.write_new_file", fail)
    with pytest.raises(AuditNotWritableError, match="No space left"):
        create(home)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), NotImplementedError("no locks here")])
def test_a_state_folder_that_cannot_be_locked_is_named_and_not_the_log(
    failure: Exception, home: AuditHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise failure

    monkeypatch.setattr(type(home.files), "lock", fail)
    with pytest.raises(StateFolderError) as caught, home.alone_with("06925646"):
        pass
    why = "No space left on device" if isinstance(failure, OSError) else "no locks here"
    assert (caught.value.folder, caught.value.why) == (str(home.state), why)
    assert str(home.base) not in f"{caught.value}{caught.value.hint}"
    assert "Errno" not in str(caught.value)
    with pytest.raises(AuditNotWritableError, match=why), home.making():
        pass


@pytest.mark.parametrize("cloud", ["OneDrive", "Яндекс.Диск"])
def test_a_cloud_is_refused_for_a_new_log_and_for_writing(tmp_path: Path, cloud: str) -> None:
    clean, synced = find_home(tmp_path / "disk"), find_home(tmp_path / cloud)
    with pytest.raises(AuditNotWritableError, match="copied to a cloud"):
        create(synced)
    assert not synced.base.exists()
    create(clean)
    clean.base.parent.rename(tmp_path / cloud)
    with pytest.raises(AuditNotWritableError, match="copied to a cloud"):
        synced.open(Run.start())
    assert look(synced.current()).state == "not-writable"


def test_the_users_own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_args, **_more: tmp_path / "data")
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_args, **_more: tmp_path / "state")
    monkeypatch.setattr("meterlink.audit.home.working_key_ring", lambda: None)
    home = find_home(None)
    assert (home.base, home.state) == (tmp_path / "data" / "audit", tmp_path / "state" / "heads")
    assert isinstance(home.second_heads[0], HeadFile)
    ring = HeadInKeyRing(None)
    monkeypatch.setattr("meterlink.audit.home.working_key_ring", lambda: ring)
    assert find_home(None).second_heads == [ring]
    assert not isinstance(find_home(tmp_path).second_heads[0], HeadInKeyRing)


# --- what a run says about its program ------------------------------------------------------------------------------


def test_program_facts_fit_into_a_record(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    facts = program_facts("1.2", {"x": tmp_path}, {"log": tmp_path / "Cafe\u0301 \udcff"})
    encode_canonical(facts)
    assert facts["program"] == "1.2"
    assert facts["clock"] == {"source": "system", "state": "unknown"}
    assert facts["process"] == os.getpid()
    assert set(facts) - {"boot"} == {"program", "files", "python", "os", "zone", "clock", "process", "folders"}
    assert ("boot" in facts) is sys.platform.startswith("linux")


def test_without_a_boot_id_the_field_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterlink.audit.run_facts.BOOT_ID", tmp_path / "nowhere")
    assert "boot" not in program_facts("1.2", {}, {})


def test_any_change_of_a_file_changes_the_hash(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    code, profile, other = tmp_path / "below" / "a.py", tmp_path / "b.toml", tmp_path / "a.pyc"
    code.write_bytes(b"x = 1\n")
    profile.write_bytes(b"a = 1\n")
    hashes = [hash_of_files({"p": tmp_path})]
    for change in (
        lambda: code.write_bytes(b"x = 2\n"),
        lambda: profile.write_bytes(b"a = 2\n"),
        lambda: code.rename(tmp_path / "a.py"),
        lambda: (tmp_path / "c.py").write_bytes(b""),
    ):
        change()
        hashes.append(hash_of_files({"p": tmp_path}))
    assert len(set(hashes)) == len(hashes)
    other.write_bytes(b"compiled")
    assert hash_of_files({"p": tmp_path}) == hashes[-1]
    assert hash_of_files({"q": tmp_path}) != hashes[-1]


def test_the_users_name_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert told_folder(tmp_path / "audit").replace("\\", "/") == "~/audit"
    assert told_folder(Path("elsewhere")) == "elsewhere"

    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    assert told_folder(Path("elsewhere")) == "elsewhere"


# --- readers beside a writer ----------------------------------------------------------------------------------------


def in_between(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, happens: Callable[[], None]) -> None:
    """Let another run do something just before a reader's next call of this function."""
    real, left = getattr(module, name), [happens]

    def late(*args: Any, **options: Any) -> Any:
        if left:
            left.pop()()
        return real(*args, **options)

    monkeypatch.setattr(module, name, late)


def rotating(home: AuditHome) -> Callable[[], None]:
    def rotate() -> None:
        with home.open(Run.start()) as log:
            log.rotate("meanwhile")

    return rotate


@pytest.mark.parametrize("name", ["read_heads", "_key_trouble", "broken_known_claims"])
def test_a_change_of_key_while_somebody_looks_is_no_trouble(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """A log that grew since it was read is neither cut off nor keyless; `init --replace` would throw it away."""
    home = find_home(tmp_path)
    home.create(Run.start(), "standalone", {"office": []}).close()
    in_between(monkeypatch, condition, name, rotating(home))
    assert look(home.current(), thorough=True).state == "ok"


@pytest.mark.parametrize("name", ["_fixed_bytes", "verify_log", "cosigned_heads"])
def test_a_change_of_key_while_somebody_verifies_is_no_trouble(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    home = find_home(tmp_path)
    home.create(Run.start(), "standalone", {"office": []}).close()
    in_between(monkeypatch, checked, name, rotating(home))
    assert checked.check_log(home.current(), Brought(trust=Trust()), "all").report.state == "ok"
