"""Several processes use one log: some are killed, one is stopped, segments end and keys change in between.

Processes are followed by what they tell on stdout; nothing here waits for a time. The numbers of docs are those of
METERLINK_LONG=1. Which process is killed after which of its records comes from a seed, which is told when a test
fails and may be given as METERLINK_SEED; where exactly the signal meets the process is the system's choice.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import pytest

from meterlink.audit.store import SealedLog
from meterlink.errors import AuditNotWritableError
from tests.audit.small_program import (
    DONE,
    make_log,
    note,
    parse_told,
    place_of,
    read_log,
    seeded_run,
)

ROOT: Final = Path(__file__).resolve().parents[2]
LONG: Final = os.environ.get("METERLINK_LONG") == "1"
SEED: Final = int(os.environ.get("METERLINK_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
PROCESSES, RECORDS, KILLED = (4, 500, 3) if LONG else (3, 60, 2)
SEGMENT_BYTES: Final = 4096
"""About ten records."""
ROTATE_EVERY: Final = 7
SHORT_TIMEOUT_S: Final = 0.2
LONG_TIMEOUT_S: Final = 600.0

_has_stop: Final = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")


class Program:
    """The small program, running."""

    def __init__(self, *arguments: str) -> None:
        program = [sys.executable, "-m", "tests.audit.small_program", *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            program, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True, bufsize=1
        )
        self.lines: list[str] = []

    def read_line(self) -> str:
        """The next line; nothing at the end."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.lines.append(line)
        return line.rstrip("\n")

    def say(self) -> None:
        """Let it go on where it waits for a line."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def finish(self) -> int:
        """Read all it still says; its exit code."""
        while self.read_line():
            pass
        return self.process.wait()

    def finish_killed_after(self, record: int) -> int:
        """Kill it when it has told so many records, and read all it said until then."""
        for _ in range(record):
            self.read_line()
        self.process.kill()
        return self.finish()

    @property
    def told(self) -> list[tuple[int, str]]:
        return parse_told("".join(self.lines))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def assert_whole(folder: Path, told: list[tuple[int, str]]) -> None:
    """The log is sound, its indexes are dense, and each acknowledged record is where its process said."""
    read = read_log(folder)
    assert read.problems(told) == []
    assert [record.n for record in read.records] == list(range(len(read.records)))
    indexes = [index for index, _ in told]
    assert len(set(indexes)) == len(indexes)
    marks = [record.fields["actor"] for record in read.records if "actor" in record.fields]
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize("killed", [0, KILLED])
def test_processes_append_together(tmp_path: Path, killed: int) -> None:
    folder, chance = make_log(tmp_path), random.Random(SEED)
    victims = {i: chance.randrange(1, RECORDS) for i in chance.sample(range(PROCESSES), killed)}
    sizes = ["--segment-bytes", str(SEGMENT_BYTES), "--timeout", str(LONG_TIMEOUT_S)]
    work = ["--count", str(RECORDS), "--rotate-every", str(ROTATE_EVERY), "--pause-before", "lock", *sizes]
    programs = [Program("append", str(folder), "--name", f"p{i}", *work) for i in range(PROCESSES)]
    codes = [DONE] * PROCESSES
    for program in programs:  # all stand before their first touch of the log, so that none is done before others begin
        assert program.read_line() == "before lock"

    def follow(i: int) -> None:
        codes[i] = programs[i].finish_killed_after(victims[i]) if i in victims else programs[i].finish()

    threads = [threading.Thread(target=follow, args=(i,)) for i in range(PROCESSES)]
    try:
        for thread in threads:
            thread.start()
        for program in programs:
            program.say()
    finally:
        for thread in threads:
            thread.join()
        for program in programs:
            program.__exit__()
    told = [each for program in programs for each in program.told]
    seed = f"METERLINK_SEED={SEED}, victims {victims}"
    for i, program in enumerate(programs):
        if i in victims:
            assert len(program.told) >= victims[i], seed
        else:
            assert codes[i] == DONE, (seed, program.lines[-3:])
            assert len(program.told) == RECORDS, seed
    assert_whole(folder, told)
    segments = sorted((folder / "seg").iterdir())
    assert len(segments) > len(told) * 300 // SEGMENT_BYTES // 2, seed
    assert read_log(folder).report.chain.epoch >= len(told) // ROTATE_EVERY - PROCESSES, seed
    with SealedLog.open(place_of(folder), seeded_run("later")) as log:
        told.append((log.append(note("later")), "later"))
    assert_whole(folder, told)


def test_runs_take_turns(tmp_path: Path) -> None:
    """Every record is followed by one of another run, keys change and segments end in between: all must be adopted."""
    folder, chance = make_log(tmp_path), random.Random(SEED)
    told: list[tuple[int, str]] = []
    place = place_of(folder, segment_bytes=SEGMENT_BYTES)
    logs = [SealedLog.open(place, seeded_run(f"run {i}")) for i in range(PROCESSES)]
    before = logs[0]
    for i in range(RECORDS):
        log = chance.choice([each for each in logs if each is not before])
        if chance.randrange(ROTATE_EVERY) == 0:
            log.rotate("test")
        if chance.randrange(ROTATE_EVERY) == 0:
            assert read_log(folder).problems(told) == []
        told.append((log.append(note(f"turn {i}")), f"turn {i}"))
        before = log
    for log in logs:
        log.close()
    assert_whole(folder, told)


# --- one process holds the lock -------------------------------------------------------------------------------------


@contextmanager
def holding(folder: Path, operation: str) -> Iterator[Program]:
    """Another process at work on the log, just before its first such operation, with the lock in its hand."""
    with Program("append", str(folder), "--name", "holder", "--pause-before", operation) as program:
        assert program.read_line() == f"before {operation}"
        yield program


def _refused(log: SealedLog) -> str:
    with pytest.raises(AuditNotWritableError) as caught:
        log.append(note("too early"))
    return str(caught.value)


def _stop(program: Program) -> None:
    if sys.platform == "win32":
        raise NotImplementedError
    program.process.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(program.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)


def _go_on(program: Program) -> None:
    if sys.platform == "win32":
        raise NotImplementedError
    program.process.send_signal(signal.SIGCONT)


@_has_stop
def test_a_stopped_holder_is_named_and_waited_for_again(tmp_path: Path) -> None:
    folder = make_log(tmp_path)
    with (
        SealedLog.open(place_of(folder, timeout_s=SHORT_TIMEOUT_S), seeded_run("waiting")) as log,
        holding(folder, "append_to") as holder,
    ):
        _stop(holder)
        sentence = _refused(log)
        assert "another meterlink has held its lock for" in sentence
        assert re.search(r"\(the last record is of run [0-9a-f]{32}\)", sentence)
        with pytest.raises(AuditNotWritableError, match="another meterlink has held its lock") as caught:
            SealedLog.open(place_of(folder, timeout_s=SHORT_TIMEOUT_S), seeded_run("opening"))
        assert "Wait until the other run is done" in str(caught.value.hint)
        assert read_log(folder).report.state == "ok"  # reading needs no lock
        holder.say()
        _go_on(holder)
        assert holder.finish() == DONE
        told = [*holder.told, (log.append(note("in time")), "in time")]
    assert_whole(folder, told)
    assert len(told) == 2


OPERATIONS: Final = ("write_at", "sync", "append_to", "write", "unlock", "replace")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_holder_that_is_killed_leaves_the_lock_to_the_next(tmp_path: Path, operation: str) -> None:
    """On Windows too: killing there is ending the process."""
    folder = make_log(tmp_path)
    with (
        SealedLog.open(place_of(folder, timeout_s=LONG_TIMEOUT_S), seeded_run("waiting")) as log,
        holding(folder, operation) as holder,
    ):
        holder.process.kill()
        holder.finish()
        told = [*holder.told, (log.append(note("next")), "next")]
    assert_whole(folder, told)


def test_the_hint_may_be_old_when_others_went_on(tmp_path: Path) -> None:
    """A run that closes late leaves a hint from before the key was changed; the next one reads the log whole."""
    folder = make_log(tmp_path)
    with SealedLog.open(place_of(folder), seeded_run("late")):
        hint = (folder / "cache" / "head.json").read_bytes()
        with SealedLog.open(place_of(folder), seeded_run("quick")) as quick:
            quick.rotate("test")
    assert (folder / "cache" / "head.json").read_bytes() == hint
    with SealedLog.open(place_of(folder), seeded_run("later")) as log:
        told = [(log.append(note("later")), "later")]
    assert_whole(folder, told)
