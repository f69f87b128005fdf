"""Ctrl-C while a record is being written: what is told agrees with the log, and nothing of the run is lost."""

from __future__ import annotations

import errno
import signal
from collections.abc import Collection
from pathlib import Path

import pytest

from meterlink.audit.fsio import _OpenFile
from meterlink.audit.record import Entry
from meterlink.audit.writer import Writer
from meterlink.cli import connect
from tests.cli.program import run
from tests.cli.visiting import AT, init_log, log_records, make_order

STOPPED = "The work 117/1 was stopped in the middle; the log keeps it open."
CLOSED = "Its work is closed"
VISIT = ("--port", AT, "--yes", "--time-source", "confirmed")


@pytest.fixture
def log(empty_home: Path) -> Path:
    init_log()
    return empty_home


def press_at(kind: str, presses: Collection[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the records of these numbers among those of a kind are being written."""
    written, write = 0, Writer.write

    def writes(self: Writer, entry: Entry, *, due: bool = False) -> int:
        nonlocal written
        written += entry.type == kind
        if entry.type == kind and written in presses:
            signal.raise_signal(signal.SIGINT)
        return write(self, entry, due=due)

    monkeypatch.setattr(Writer, "write", writes)


@pytest.mark.parametrize(
    ("kind", "presses", "told", "ended"),
    [
        pytest.param("run.open", [1], "", "KeyboardInterrupt", id="before a meter is asked"),
        pytest.param("work.open", [1], STOPPED, "KeyboardInterrupt", id="as the work begins"),
        pytest.param("intent", [2], STOPPED, "KeyboardInterrupt", id="as frames are announced"),
        pytest.param("outcome", [5], STOPPED, "KeyboardInterrupt", id="between two frames"),
        pytest.param("outcome", [5, 8], STOPPED, "KeyboardInterrupt", id="and again while the rest is recorded"),
        pytest.param("verify", [1], STOPPED, "KeyboardInterrupt", id="as a step is verified"),
        pytest.param("work.close", [1], CLOSED, "done", id="as the work ends"),
        pytest.param("run.close", [1], CLOSED, "done", id="at the very end"),
    ],
)
def test_what_is_told_of_the_work_is_what_the_log_says(
    log: Path, monkeypatch: pytest.MonkeyPatch, kind: str, presses: list[int], told: str, ended: str
) -> None:
    press_at(kind, presses, monkeypatch)
    stopped = run("visit", make_order(), *VISIT)
    monkeypatch.undo()
    assert stopped.code == 130, stopped.err
    assert told in stopped.err
    assert "Stopped from the keyboard." in stopped.err
    opened, closed = (len(log_records(log, name)) for name in ("work.open", "work.close"))
    assert (opened > closed) == (STOPPED in stopped.err)
    assert [record["d"]["result"] for record in log_records(log, "run.close")][-1] == ended
    announced = sum(len(record["d"]["frames"]) for record in log_records(log, "intent"))
    assert len(log_records(log, "outcome")) == announced, "the fate of every frame is known"


def test_a_port_that_does_not_open_is_not_waited_for(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opening(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the port was waited for")

    monkeypatch.setattr(connect, "open_port", opening)
    assert run("visit", make_order(), *VISIT).code == 130
    assert log_records(log, "run.close")[-1]["d"]["result"] == "KeyboardInterrupt"


def test_a_disk_that_fails_is_told_whatever_was_pressed(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced, sync = 0, _OpenFile.sync

    def fails(self: _OpenFile) -> None:
        nonlocal synced
        synced += 1
        if synced == 40:
            signal.raise_signal(signal.SIGINT)
        if synced >= 40:
            raise OSError(errno.EIO, "Input/output error")
        sync(self)

    monkeypatch.setattr(_OpenFile, "sync", fails)
    stopped = run("visit", make_order(), *VISIT)
    assert stopped.code == 10
    assert "cannot be written" in stopped.err
