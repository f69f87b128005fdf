"""`visit` and `apply` over a log that fails in the middle: exit code 10, and nothing more leaves for the meter.

What was told at that moment is what happened: a frame whose outcome could not be written down is in doubt.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from meterlink.audit.fsio import Disk
from meterlink.audit.record import Entry
from meterlink.audit.store import SealedLog
from meterlink.errors import AuditNotWritableError
from tests.audit.small_program import CHANGES
from tests.cli.program import Ended, run
from tests.cli.visiting import AT, YES, document, init_log, log_records, make_order, sent, writes

LONG = os.environ.get("METERLINK_LONG") == "1"
HERE = ("--port", AT)
CLOSED_PORT = ("--port", "tcp://127.0.0.1:9")
TRACED = ("--trace", "trace.jsonl")
TYPES = (
    *("run.open", "work.open", "read", "read", "read", "read", "read", "read", "meter.journal", "work.plan"),
    *("outcome", "verify", "work.step", "read"),
)
"""What a small visit appends; the intent between plan and outcome is announced."""
OUTCOME = TYPES.index("outcome") + 1
SAMPLE = range(1, len(TYPES) + 1) if LONG else (OUTCOME - 1, OUTCOME, OUTCOME + 1)
FULL = AuditNotWritableError(log="standalone", why="the disk is full")


@pytest.fixture
def log(empty_home: Path) -> Path:
    init_log()
    return empty_home


def fails_at(number: int) -> Callable[[SealedLog, Entry], int]:
    """An `append` that writes nothing more from the record of this number on."""
    append, asked = SealedLog.append, 0

    def failing(self: SealedLog, entry: Entry) -> int:
        nonlocal asked
        asked += 1
        if asked >= number:
            raise FULL
        assert entry.type == TYPES[asked - 1]
        return append(self, entry)

    return failing


def visited(monkeypatch: pytest.MonkeyPatch, name: str, failing: Callable[..., object]) -> Ended:
    """A small visit during which the log has this method."""
    order = make_order("dst_off")
    with monkeypatch.context() as patch:
        patch.setattr(SealedLog, name, failing)
        return run("visit", order, *HERE, *YES, *TRACED, "--json")


@pytest.mark.parametrize("number", SAMPLE)
def test_a_record_that_cannot_be_written_ends_the_visit(
    log: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    ended = visited(monkeypatch, "append", fails_at(number))
    told = document(ended)
    assert (ended.code, told["error"]["kind"]) == (10, "AuditNotWritableError")
    assert len(writes("trace.jsonl")) == (number >= OUTCOME)
    assert len(log_records(log, "intent")) == (number >= OUTCOME)
    if number == OUTCOME:
        assert sent("trace.jsonl")[-1:] == writes("trace.jsonl"), "not even a question"
    if number > 2:
        assert (told["work"], told["work_open"]) == ("117/1", True)
    doubt = "in-doubt" if number == OUTCOME else "ok"
    assert document(run("audit", "verify", "--json"))["state"] == doubt
    status = run("audit", "status", "--json")
    assert status.code == (11 if number >= OUTCOME else 0)
    before = len(writes("trace.jsonl"))
    again = run("visit", make_order("dst_off"), *HERE, *YES, *TRACED, "--json")
    assert (again.code, document(again)["result"]) == (0, "done"), again.err
    assert document(again)["work"] == "117/1"
    assert len(writes("trace.jsonl")) == before + 1, "a simulated meter forgets between two runs"


@pytest.mark.parametrize("noun", ["visit", "apply"])
def test_what_cannot_be_announced_is_not_sent(log: Path, monkeypatch: pytest.MonkeyPatch, noun: str) -> None:
    def failing(*_args: object) -> None:
        raise FULL

    words = [noun, make_order("dst_off")]
    if noun == "apply":
        assert run("plan", "order", words[1], *HERE, "-o", "v.plan").code == 0
        words[1] = "v.plan"
    with monkeypatch.context() as patch:
        patch.setattr(SealedLog, "announce", failing)
        ended = run(*words, *HERE, "--yes", *TRACED, "--json")
    told = document(ended)
    assert (ended.code, told["error"]["kind"]) == (10, "AuditNotWritableError")
    assert [step["written"] for step in told["steps"]] == [0]
    assert len(sent("trace.jsonl")) > 20, "it was read"
    assert writes("trace.jsonl") == []
    assert log_records(log, "intent") == []
    assert document(run("audit", "verify", "--json"))["state"] == "ok"


@pytest.mark.parametrize("noun", ["visit", "apply"])
@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES], ids=errno.errorcode.get)
def test_a_log_folder_that_is_read_only_is_refused_at_once(
    log: Path, monkeypatch: pytest.MonkeyPatch, noun: str, number: int
) -> None:
    """Before the port is opened; the rights of a folder mean nothing to root, so the disk itself refuses."""
    file = make_order("dst_off")
    if noun == "apply":
        assert run("plan", "order", file, *HERE, "-o", "v.plan").code == 0
        file = "v.plan"

    def refuse(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        for name in CHANGES - {"write"}:
            patch.setattr(Disk, name, refuse)
        ended = run(noun, file, *CLOSED_PORT, "--yes", "--json")
    told = document(ended)
    assert (ended.code, told["error"]["kind"]) == (10, "AuditNotWritableError"), ended.err
    assert os.strerror(number) in told["error"]["message"]
    assert document(run("audit", "verify", "--json"))["state"] == "ok"
