"""Each file call of creating, appending, recovering and rotating fails once, or the process dies before it.

Two ways to the same question. On Linux strace puts the fault into the real system call of a real process, from the
first touch of the log to its last acknowledgement. Everywhere a watched disk raises before, or ends the program
before, each operation of `Files`. The question afterwards: is each acknowledged record where it was told, with its
content; is the log sound; does a fresh process go on.

The method is that of Tessera's test of its POSIX storage (one fault for each call). All strace runs, all faults
of the watched disk and all ended processes happen under METERLINK_LONG=1; otherwise a sample, in which each operation
of the watched disk is struck by one kind of fault. The seed of the others is told when they fail and may be given as
METERLINK_SEED.
"""

from __future__ import annotations

import errno
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from meterlink.audit.keys import decode_key
from meterlink.audit.segments import SEGMENT_BYTES
from meterlink.audit.store import SealedLog
from meterlink.errors import AuditError, NoLogError
from tests.audit.small_program import (
    BEGIN,
    DONE,
    END,
    OURS,
    STRUCK,
    Counted,
    Operation,
    Read,
    Task,
    WatchedDisk,
    make_log,
    parse_told,
    place_of,
    read_log,
    seeded_run,
    tear,
)

ROOT: Final = Path(__file__).resolve().parents[2]
LONG: Final = os.environ.get("METERLINK_LONG") == "1"
SEED: Final = int(os.environ.get("METERLINK_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
STRACE_SAMPLE: Final = 3
"""Calls of each scenario that each kind of fault strikes in the ordinary run."""
EXIT_SAMPLE: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a log is before, and what is done to it. `fewest` calls are expected, or the tracing is broken."""

    name: str
    action: str
    notes: int | None = None
    torn: bool = False
    count: int = 1
    segment_bytes: int = SEGMENT_BYTES
    fewest: int = 90

    def __str__(self) -> str:
        return self.name

    def arguments(self, folder: Path) -> list[str]:
        """For the small program; the same seed each time, so that it makes the same calls each time."""
        options = ["--seed", "acting", "--name", "act", "--count", str(self.count), "--stubborn"]
        return [self.action, str(folder), *options, "--segment-bytes", str(self.segment_bytes)]


SCENARIOS: Final = (
    Scenario(name="create", action="create"),
    Scenario(name="append-to-empty", action="append", notes=0),
    Scenario(name="append-to-three", action="append", notes=2, count=2),
    Scenario(name="recover-torn", action="append", notes=2, torn=True),
    Scenario(name="new-segment", action="append", notes=2, segment_bytes=1),
    Scenario(name="rotate", action="rotate", notes=2),
    Scenario(name="work", action="work", notes=0),
)
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=str)


class Stage:
    """A folder that is put back as it was before each run of a scenario."""

    def __init__(self, scenario: Scenario, above: Path) -> None:
        self.scenario = scenario
        self._template = above / "template"
        self._stage = above / "stage"
        self._template.mkdir()
        self._left: bytes | None = None
        if scenario.notes is not None:
            made = make_log(self._template, scenario.notes)
            self._left = tear(made) if scenario.torn else None
            self._before = [(0, "made"), *((i + 1, f"made-{i}") for i in range(scenario.notes))]
            self._name = made.name
        else:
            self._before, self._name = [], ""

    def set_up(self) -> Path:
        """The folder for the small program."""
        shutil.rmtree(self._stage, ignore_errors=True)
        shutil.copytree(self._template, self._stage)
        return self._stage / self._name

    def problems(self, told: list[tuple[int, str]], go_on: Callable[[Path], list[tuple[int, str]]]) -> list[str]:
        """What is wrong after a fault; `go_on` appends or creates as a fresh process and says what that one told."""
        found = self._problems_now(told, permitted=("ok", "in-doubt", "torn"))
        later = go_on(self._stage / self._name)
        if not later:
            found.append("a fresh process could not go on")
        found += self._problems_now(later if self.scenario.notes is None else told + later, ("ok", "in-doubt"))
        if self.scenario.notes is not None:
            found += self._problems_of_torn_bytes() + self._problems_of_key()
        return found

    def _problems_of_key(self) -> list[str]:
        """Whoever went on has finished a change of key, so that the next one may use `key/next` again."""
        folder = self._stage / self._name
        due = read_log(folder).report.chain.key
        lies = decode_key((folder / "key" / "epoch").read_bytes())
        return [] if due is not None and due.public == lies.public else ["key/epoch is not the key in force"]

    def _problems_of_torn_bytes(self) -> list[str]:
        """The bytes of each crash are kept and told once; a copy that a crash cut off is not told at all."""
        folder = self._stage / self._name
        whole = {path.name: path.read_bytes() for path in (folder / "torn").iterdir()}
        whole = {name: data for name, data in whole.items() if name.endswith(sha256(data).hexdigest()[:12])}
        told = [each.file for each in read_log(folder).report.chain.recovered]
        found = [] if sorted(told) == sorted(whole) else [f"kept are {sorted(whole)}, told are {told}"]
        if self._left is not None and self._left not in whole.values():
            found.append("the torn bytes from before are gone")
        return found

    def _problems_now(self, told: list[tuple[int, str]], permitted: tuple[str, ...]) -> list[str]:
        if self.scenario.notes is not None:
            return read_log(self._stage / self._name).problems(self._before + told, permitted)
        # each attempt to create a log makes a folder of its own; the one that was told must be whole
        folders = list(self._stage.iterdir())
        reads = [read_log(folder) for folder in folders]
        found = [word for read in reads if read.records for word in read.problems([], ("ok",))]
        found += [f"{each} is no log" for each, read in zip(folders, reads, strict=True) if not _may_be(each, read)]
        if told and not any(read.records and not read.problems(told, permitted) for read in reads):
            found.append(f"no log holds {told}")
        return found


def _may_be(folder: Path, read: Read) -> bool:
    """A folder without a record is what a crash leaves of a log that never was: nobody may write there."""
    if read.records:
        return True
    try:
        SealedLog.open(place_of(folder), seeded_run("trying"))
    except NoLogError:
        return True
    return False


# --- real system calls ----------------------------------------------------------------------------------------------

STRACE_FAULTS: Final = {"killed": "signal=KILL", "EIO": "error=EIO", "ENOSPC": "error=ENOSPC"}
KILLED: Final = 9
"""The number of SIGKILL, a name that Windows does not have."""
_call: Final = re.compile(r"(\w+)\((.*)")


class Server:
    """The warm process that forks a child for each run."""

    def __init__(self, told: Path) -> None:
        self.told = told
        program = [sys.executable, "-m", "tests.audit.small_program", "serve"]
        self._process = subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, arguments: list[str], tracing: list[str] | None = None) -> tuple[int, str]:
        """Exit code (negative: the signal) and output of a run, under strace where `tracing` says how.

        SIGUSR1 is blocked in the child from before it began, so it may come at any time.
        """
        if sys.platform == "win32":
            raise NotImplementedError
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"arguments": arguments, "told": str(self.told)}) + "\n")
        process.stdin.flush()
        child = process.stdout.readline().strip()
        if tracing is None:
            os.kill(int(child), signal.SIGUSR1)
            code = int(process.stdout.readline())
        else:
            with subprocess.Popen(["strace", "-p", child, *tracing], stderr=subprocess.PIPE, text=True) as tracer:
                assert tracer.stderr is not None
                first = tracer.stderr.readline()
                if "attached" not in first:
                    os.kill(int(child), signal.SIGKILL)
                    process.stdout.readline()
                    raise RefusedError(first)
                os.kill(int(child), signal.SIGUSR1)
                code = int(process.stdout.readline())
        return code, self.told.read_text(encoding="utf-8") if self.told.exists() else ""

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class RefusedError(Exception):
    """This system does not let strace trace."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Skips where strace is missing or may not trace."""
    if sys.platform != "linux":
        pytest.skip("strace is a tool of Linux; the watched disk does the same here")
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed; the watched disk does the same here")
    folder = tmp_path_factory.mktemp("server")
    server = Server(folder / "told")
    try:
        server.run(["create", str(folder)], ["-o", str(folder / "trace")])
    except RefusedError as error:
        server.close()
        pytest.skip(f"tracing is refused here ({error}); the watched disk does the same")
    yield server
    server.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The n-th call of a kind since the tracer was attached."""

    kind: str
    n: int


def calls_of(trace: str, told: str) -> list[Call]:
    """The file calls of a trace between the marks. Without telling the test, and without memory that maps no file."""
    counts: Counter[str] = Counter()
    calls, inside = [], False
    for line in trace.splitlines():
        found = _call.match(line)
        if found is None:
            continue
        kind, rest = found[1], found[2]
        counts[kind] += 1
        if BEGIN in rest or END in rest:
            inside = BEGIN in rest
        elif inside and kind not in ("mmap", "munmap", "mprotect", "brk") and told not in rest:
            calls.append(Call(kind=kind, n=counts[kind]))
    return calls


@each_scenario
def test_each_system_call_fails_once(scenario: Scenario, server: Server, tmp_path: Path) -> None:
    stage, trace = Stage(scenario, tmp_path), tmp_path / "trace"
    watching = ["-y", "-e", "trace=%file,%desc", "-o", str(trace)]
    code, out = server.run(scenario.arguments(stage.set_up()), watching)
    assert code == DONE, out
    calls = calls_of(trace.read_text(encoding="utf-8"), str(server.told))
    assert len(calls) >= scenario.fewest
    assert {"openat", "write", "fsync", "flock", "close"} <= {call.kind for call in calls}

    dice = random.Random(SEED)
    runs = [(call, name) for name in STRACE_FAULTS for call in (calls if LONG else dice.sample(calls, STRACE_SAMPLE))]

    def go_on(folder: Path) -> list[tuple[int, str]]:
        action = "create" if scenario.notes is None else "append"
        size = str(scenario.segment_bytes)
        code, out = server.run([action, str(folder), "--seed", "going on", "--name", "later", "--segment-bytes", size])
        return parse_told(out) if code == DONE else []

    violations, struck = [], 0
    for call, name in runs:
        inject = ["-e", f"trace={call.kind}", "-e", f"inject={call.kind}:{STRACE_FAULTS[name]}:when={call.n}"]
        code, out = server.run(scenario.arguments(stage.set_up()), [*inject, "-o", str(trace)])
        struck += code == -KILLED or "(INJECTED)" in trace.read_text(encoding="utf-8")
        problems = stage.problems(parse_told(out), go_on)
        if code not in (DONE, OURS, -KILLED) or (name == "killed") != (code == -KILLED):
            problems.append(f"it ended with {code}")
        violations += [f"{call.kind} {call.n} {name}: {problem} (it said {out!r})" for problem in problems]
    assert not violations, f"METERLINK_SEED={SEED}: {len(violations)} violations\n" + "\n".join(violations[:20])
    assert struck == len(runs)
    if LONG:
        assert len(runs) >= len(calls) * len(STRACE_FAULTS)


# --- the same through a watched disk: every system ------------------------------------------------------------------


class StruckError(BaseException):
    """The process is dead: nothing of it reaches the disk any more."""


def _dead(_: Operation) -> int | None:
    raise StruckError


def _error(number: int) -> Callable[[Operation], int | None]:
    def act(_: Operation) -> int | None:
        raise OSError(number, os.strerror(number))

    return act


def _short(operation: Operation) -> int | None:
    """The disk takes half of a write."""
    return len(operation.data) // 2


class Dying(Counted):
    """From the n-th operation on there is no process."""

    def __call__(self, operation: Operation) -> int | None:
        self.seen.append(operation)
        return self.act(operation) if len(self.seen) >= self.at else None


DISK_FAULTS: Final[dict[str, Callable[[int], Counted]]] = {
    "killed": lambda at: Dying(at, _dead),
    "EIO": lambda at: Counted(at, _error(errno.EIO)),
    "ENOSPC": lambda at: Counted(at, _error(errno.ENOSPC)),
    "short": lambda at: Counted(at, _short),
}


def _go_on(scenario: Scenario, folder: Path) -> list[tuple[int, str]]:
    told: list[tuple[int, str]] = []
    action = "create" if scenario.notes is None else "append"
    place = place_of(folder, segment_bytes=scenario.segment_bytes)
    Task(action=action, place=place, run=seeded_run("going on"), name="later").do(
        lambda index, mark: told.append((index, mark))
    )
    return told


def _act(scenario: Scenario, folder: Path, disk: Counted) -> list[tuple[int, str]]:
    """Do it, with this disk; what was told until it ended in whatever way."""
    told: list[tuple[int, str]] = []
    task = Task(
        action=scenario.action,
        place=place_of(folder, WatchedDisk(disk), segment_bytes=scenario.segment_bytes),
        run=seeded_run("acting"),
        name="act",
        count=scenario.count,
        stubborn=True,
    )
    with suppress(AuditError, StruckError):
        task.do(lambda index, mark: told.append((index, mark)))
    return told


SMALL_BALLAST: Final = 4096


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody cuts the power here, so that 2 GB of ballast need not be written."""
    for module in ("writer", "store"):
        monkeypatch.setattr(f"meterlink.audit.{module}.BALLAST_BYTES", SMALL_BALLAST)


def _strikes(fault: str, at: int, operation: Operation) -> bool:
    """Only a write can be short. The other faults take turns in the ordinary run; METERLINK_LONG=1: all of them."""
    if fault == "short":
        return operation.name == "write"
    return LONG or at % 3 == ("killed", "EIO", "ENOSPC").index(fault)


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("fault", DISK_FAULTS)
@each_scenario
def test_each_operation_of_the_disk_fails_once(scenario: Scenario, fault: str, tmp_path: Path) -> None:
    stage, healthy = Stage(scenario, tmp_path), Counted()
    assert _act(scenario, stage.set_up(), healthy)
    violations = []
    for at, operation in enumerate(healthy.seen, 1):
        if not _strikes(fault, at, operation):
            continue
        disk = DISK_FAULTS[fault](at)
        told = _act(scenario, stage.set_up(), disk)
        assert disk.seen[at - 1].name == operation.name
        problems = stage.problems(told, lambda folder: _go_on(scenario, folder))
        violations += [f"operation {at}, {operation}: {problem}" for problem in problems]
    assert not violations, "\n".join(violations[:20])


@each_scenario
def test_the_process_ends_before_each_operation(scenario: Scenario, tmp_path: Path) -> None:
    stage, healthy = Stage(scenario, tmp_path), Counted()
    _act(scenario, stage.set_up(), healthy)
    every = range(1, len(healthy.seen) + 1)
    violations = []
    for at in every if LONG else random.Random(SEED).sample(every, EXIT_SAMPLE):
        program = [sys.executable, "-m", "tests.audit.small_program", *scenario.arguments(stage.set_up())]
        ended = subprocess.run([*program, "--exit-at", str(at)], cwd=ROOT, capture_output=True, text=True, check=False)
        assert ended.returncode == STRUCK, ended.stderr
        problems = stage.problems(parse_told(ended.stdout), lambda folder: _go_on(scenario, folder))
        violations += [f"operation {at}: {problem}" for problem in problems]
    assert not violations, f"METERLINK_SEED={SEED}\n" + "\n".join(violations[:20])
