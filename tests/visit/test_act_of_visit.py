"""The act of a visit: the same bytes at any later time, from any copy of the log; what its code says is in the log."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from meterlink.audit.folder import LogFolder
from meterlink.audit.private import erase_openings
from meterlink.audit.works import records_of
from meterlink.cli.act_files import act_of
from meterlink.report.act_body import body_sha256, encode_body
from tests.cli.program import run
from tests.cli.visiting import AT, YES, document, home_of, init_log, log_records, make_order, use_home

_BODY_OF_A_BUNDLE = """
import sys, zipfile
from meterlink.audit.record import decode_record
from meterlink.report.act_body import act_body, encode_body
with zipfile.ZipFile(sys.argv[1]) as bundle:
    names = [name for name in bundle.namelist() if name.startswith("records/") and name.endswith(".json")]
    records = [decode_record(bundle.read(name)) for name in sorted(names, key=lambda name: int(name[8:-5]))]
sys.stdout.buffer.write(encode_body(act_body(records)))
"""
_BODY_OF_A_LOG = """
import sys
from pathlib import Path
from meterlink.audit.home import find_home
from meterlink.cli.act_files import act_of
from meterlink.report.act_body import encode_body
home = find_home(Path(sys.argv[1]))
sys.stdout.buffer.write(encode_body(act_of(home.current(), sys.argv[2]).body))
"""


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_home(tmp_path, monkeypatch)


@pytest.fixture
def visited(empty_home: Path) -> Path:
    """A work that was done a while ago: others came behind it."""
    init_log()
    assert run("visit", make_order(), "--port", AT, *YES).code == 0
    return empty_home


def body(folder: Path) -> bytes:
    return encode_body(act_of(home_of(folder).current(), "117/1").body)


def apart(code: str, *words: str) -> bytes:
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_the_same_bytes_at_any_later_time_and_from_any_copy(visited: Path, tmp_path: Path) -> None:
    first = body(visited)
    sealed = log_records(visited, "work.close")[0]["d"]["body_sha256"]
    assert run("act", "print", "-o", "again.html", "--lang", "en").code == 0
    assert run("visit", make_order("dst_off"), "--port", AT, "--yes").code == 0
    assert run("audit", "rotate").code == 0
    assert body(visited) == first
    assert body_sha256(act_of(home_of(visited).current(), "117/1").body) == sealed
    assert run("audit", "export", "work.zip", "--work", "117/1").code == 0
    assert apart(_BODY_OF_A_BUNDLE, "work.zip") == first
    shutil.copytree(visited, tmp_path / "copy")
    shutil.rmtree(visited)
    assert apart(_BODY_OF_A_LOG, str(tmp_path / "copy"), "117/1") == first


def test_the_body_is_sealed_and_does_not_hold_what_was_erased(visited: Path) -> None:
    place = home_of(visited).current()
    first, page = body(visited), Path("act-117-1.html").read_text(encoding="utf-8")
    opened = next(record.n for record in records_of(place, "117/1") if record.type == "work.open")
    assert "0012345678" in page
    assert b"0012345678" not in first
    erase_openings(place.files, LogFolder(place.folder.path), opened)
    assert run("act", "print", "-o", "erased.html").code == 0
    assert "0012345678" not in Path("erased.html").read_text(encoding="utf-8")
    assert body(visited) == first
    assert document(run("audit", "verify", "--json"))["state"] == "ok"


def test_both_forms_in_both_languages(visited: Path) -> None:
    for language, word in (("ru", "Акт"), ("en", "Act")):
        files = [f"{language}.pdf", f"{language}.html"]
        printed = run("act", "print", "--lang", language, *[each for file in files for each in ("-o", file)])
        assert printed.code == 0
        assert Path(files[0]).read_bytes().startswith(b"%PDF-")
        page = Path(files[1]).read_text(encoding="utf-8")
        assert word in page
        assert "<script" not in page
        assert not re.search(r"(?:src|href)\s*=", page), "nothing from elsewhere"
    issued = log_records(visited, "act.issued")[-1]["d"]
    assert [each["format"] for each in issued["files"]] == ["pdf", "html"]


def code_on(pdf: bytes) -> str:
    """What a telephone reads from the paper."""
    pypdfium2 = pytest.importorskip("pypdfium2")
    zxingcpp = pytest.importorskip("zxingcpp")
    for page in pypdfium2.PdfDocument(pdf):
        for found in zxingcpp.read_barcodes(page.render(scale=4).to_pil()):
            return str(found.text)
    raise AssertionError("there is no code on the paper")


def test_the_code_on_the_paper_is_a_head_of_the_log(visited: Path) -> None:
    head = Path("head.note")
    head.write_text(code_on(Path("act-117-1.pdf").read_bytes()), encoding="utf-8")
    assert run("visit", make_order("dst_off"), "--port", AT, "--yes").code == 0
    told = document(run("audit", "verify", "--head", "head.note", "--json"))
    assert told["state"] == "ok"
    (held,) = [each for each in told["heads"] if "head.note" in each["source"]]
    assert held["met"] is True
    assert held["signed_by"], "the log's own key signed it"
    closed = log_records(visited, "work.close")[0]["n"]
    assert closed < held["size"] <= log_records(visited, "act.issued")[0]["n"]
    assert json.dumps(log_records(visited, "act.issued")[0]["d"]["checkpoint"])[1:30] in json.dumps(head.read_text())


def cut_off(folder: Path) -> None:
    place = home_of(folder).current()
    segment = place.folder.segment(place.bytes().names()[-1])
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:-20]))


def forget_heads(folder: Path) -> None:
    """Whoever cuts a log off removes what remembers its length, too."""
    shutil.rmtree(folder / "state", ignore_errors=True)
    for place in (folder / "audit").glob("*/cache*"):
        shutil.rmtree(place) if place.is_dir() else place.unlink()


@pytest.mark.parametrize("forge", [cut_off])
def test_a_log_that_was_cut_off_does_not_have_the_head_on_the_paper(
    visited: Path, forge: Callable[[Path], None]
) -> None:
    Path("head.note").write_text(code_on(Path("act-117-1.pdf").read_bytes()), encoding="utf-8")
    forge(visited)
    forget_heads(visited)
    told = run("audit", "verify", "--head", "head.note", "--json")
    assert told.code == 10
    (held,) = [each for each in document(told)["heads"] if "head.note" in each["source"]]
    assert held["met"] is not True


def test_a_bundle_of_the_work_is_checked_by_a_stranger(visited: Path) -> None:
    assert run("audit", "export", "work.zip", "--work", "117/1").code == 0
    key = log_records(visited, "log.open")[0]["d"]["vkey"]
    assert run("audit", "verify", "work.zip", "--key", key).code == 0
    with zipfile.ZipFile("work.zip") as bundle:
        bundle.extract("verify_meterlink.py")
    done = subprocess.run(
        [sys.executable, "verify_meterlink.py", "work.zip", "--key", key], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
