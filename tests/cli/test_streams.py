"""Streams as they are met in the field: closed, full, narrow, in other encodings. Work and exit code stand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from meterlink.cli import output, streams
from meterlink.cli.output import Progress
from meterlink.context import Note, Traced
from meterlink.link.trace import TraceFile
from tests.cli.program import AT, run

FRAME = Traced(0.0, "00", Note.REQUEST)
FULL = Path("/dev/full")
full_disk = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
posix = pytest.mark.skipif(sys.platform == "win32", reason="the shell of Windows closes no streams")


# --- trace ----------------------------------------------------------------------------------------------------------


@full_disk
def test_a_trace_that_cannot_be_written_disturbs_nothing() -> None:
    ended = run("energy", "read", "--port", AT, "--trace", str(FULL), "--json")
    assert ended.code == 0
    assert ended.document["registers"][0]["kwh"] == "621.42"
    assert ended.err == "note: the trace /dev/full ends here, the work goes on: no space left on device\n"


@full_disk
def test_a_trace_complains_once_and_to_whom_it_was_told() -> None:
    complaints: list[str] = []
    with TraceFile(str(FULL), complaints.append) as trace:
        for _ in range(3):
            trace(FRAME)
    assert len(complaints) == 1


def test_a_trace_whose_end_fails_complains_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    complaints: list[str] = []
    trace = TraceFile(str(tmp_path / "t.jsonl"), complaints.append)
    file = trace._file
    assert file is not None

    class Failing:
        def close(self) -> None:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(trace, "_file", Failing())
    trace.__exit__(None, None, None)
    file.close()
    assert [text.rpartition(": ")[2] for text in complaints] == ["input/output error"]


# --- closed and full streams ----------------------------------------------------------------------------------------


def shell(line: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    command = f'"{sys.executable}" -m meterlink {line}'
    return subprocess.run(command, shell=True, capture_output=True, env={**os.environ, **environ}, check=False)


@posix
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("energy read --port sim:mercury-200.02 >&-", 0),
        ("energy read --port sim:mercury-200.02 --json 2>&-", 0),
        ("energy read --port sim:mercury-200.02 --json >&- 2>&- <&-", 0),
        ("energy read >&-", 2),
        ("energy read --json 2>&-", 2),
        ("doctor --json >&-", 0),
    ],
)
def test_closed_streams_end_nothing(line: str, code: int) -> None:
    ended = shell(line)
    assert ended.returncode == code
    assert b"Traceback" not in ended.stderr + ended.stdout


@posix
@full_disk
def test_a_full_stderr_leaves_result_and_code() -> None:
    ended = shell("energy read --json 2>/dev/full")
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["error"]["exit_code"] == 2


def test_streams_that_are_not_there_lead_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    streams.begin()
    streams_made = (sys.stdin, sys.stdout, sys.stderr)
    assert sys.stdin.read() == ""
    print_result = sys.stdout.write("result")
    assert print_result == len("result")
    for stream in streams_made:
        stream.close()


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "utf-16", "ascii", "utf-8"])
def test_a_document_is_valid_whatever_the_console_speaks(encoding: str) -> None:
    command = [sys.executable, "-m", "meterlink", "profiles", "list", "--json"]
    environ = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    ended = subprocess.run(command, capture_output=True, env=environ, check=True)
    text = ended.stdout.decode(encoding)
    assert text.isascii() is (encoding != "utf-8")
    assert "Меркурий 206" in [name for each in json.loads(text)["profiles"] for name in each["names"]]


# --- narrow terminals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [1, 20, 30, 80])
def test_no_number_is_folded(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterlink.cli.output._is_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    shown = run("energy", "read", "--port", f"{AT}&energy_kwh=123456.78,208.34").out
    assert "T1        active import  123456.78  kWh" in shown
    months = run("archive", "read", "--months", "1", "--port", AT).out.splitlines()[2:4]
    assert len(months[1].split()) == len(months[0].replace("start of month", "month").replace(", ", ",").split())


def test_sources_are_not_squeezed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterlink.cli.output._is_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "40")
    shown = run("profiles", "show", "mercury-200.02").out
    assert "section 7.2: m200-mrkrasser-27 (200.02); {DOC} [A]" in shown


def test_the_progress_line_is_never_longer_than_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("meterlink.cli.output._is_terminal", lambda stream: stream is sys.stderr)
    monkeypatch.setenv("COLUMNS", "20")
    with Progress("reading " + "x" * 100) as progress:
        for _ in range(8):
            progress(FRAME)
    shown, wiped = capsys.readouterr().err.lstrip("\r").split("\r")[:2]
    assert len(shown) == len(wiped) == 19
    assert wiped.isspace()


def test_columns_of_words_stay_readable(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("meterlink.cli.output._is_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "10")
    monkeypatch.setenv("NO_COLOR", "1")
    output.table(("name", "words"), [("first", "some words that are longer than a narrow column")])
    assert "some words that are" in capsys.readouterr().out
