"""A little program that does one thing to a log through the public API and says what became of it.

`python -m tests.audit.small_program ACTION FOLDER [options]`. Each acknowledged record is told on stdout as
`INDEX MARK` right after `append` returned, in one write of the system; the mark stands in the record as its actor, so
that whoever reads the log later can tell that this record is where the program said. The exit code is 0 when all was
done, 10 for an `AuditError`, 20 when an OSError came out that the log did not turn into one of its own.

`serve` is for tests that need hundreds of runs: a warm process that forks one child for each line of JSON it is given.
The child waits for SIGUSR1 before it touches a file, so that a tracer can be attached; what it does to files begins at
`BEGIN` and ends at `END`, names that a tracer sees and that never exist.

Also here, because tests on both sides of the process need it: a disk whose operations can be watched and made to fail,
and the question whether a log is as it was told.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from meterlink.audit.folder import LogFolder
from meterlink.audit.fsio import Disk, File, Files
from meterlink.audit.place import LOCK_TIMEOUT_S, LogPlace
from meterlink.audit.record import Entry, Record
from meterlink.audit.run import Run
from meterlink.audit.scan import Place
from meterlink.audit.segments import SEGMENT_BYTES
from meterlink.audit.store import SealedLog, create_log
from meterlink.audit.verify import Report, verify_log
from meterlink.errors import AuditError

DOMAIN: Final = "example.com"
BEGIN: Final = "/meterlink-test-begin"
END: Final = "/meterlink-test-end"
DONE, OURS, RAW_ERROR, STRUCK = 0, 10, 20, 77
"""Exit codes: all done; an AuditError; an OSError that is none; ended by `--exit-at`."""
CHANGES: Final = frozenset(
    {"make_folder", "create", "overwrite", "append_to", "write_at", "truncate", "replace", "remove", "write", "lock"}
)
"""Operations that a read-only file system refuses."""

Tell = Callable[[int, str], None]


# --- a disk whose operations are watched ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One file operation that is about to happen."""

    name: str
    path: Path
    data: bytes = b""


Before = Callable[[Operation], int | None]
"""Told each operation before it happens; may raise instead, or say how many bytes a write takes."""


class WatchedDisk:
    """The real files, with somebody asked before each operation. A lock that was taken is always let go of."""

    def __init__(self, before: Before) -> None:
        self._before = before
        self._disk: Files = Disk()

    def _ask(self, name: str, path: Path) -> Files:
        self._before(Operation(name=name, path=path))
        return self._disk

    def names(self, folder: Path) -> list[str]:
        return self._ask("names", folder).names(folder)

    def size(self, path: Path) -> int | None:
        return self._ask("size", path).size(path)

    def read(self, path: Path, offset: int = 0) -> bytes:
        return self._ask("read", path).read(path, offset)

    def make_folder(self, folder: Path) -> None:
        self._ask("make_folder", folder).make_folder(folder)

    def create(self, path: Path) -> File:
        return _WatchedFile(self._before, path, self._ask("create", path).create(path))

    def overwrite(self, path: Path) -> File:
        return _WatchedFile(self._before, path, self._ask("overwrite", path).overwrite(path))

    def append_to(self, path: Path) -> File:
        return _WatchedFile(self._before, path, self._ask("append_to", path).append_to(path))

    def write_at(self, path: Path, offset: int) -> File:
        return _WatchedFile(self._before, path, self._ask("write_at", path).write_at(path, offset))

    def truncate(self, path: Path, size: int) -> None:
        self._ask("truncate", path).truncate(path, size)

    def replace(self, source: Path, target: Path) -> None:
        self._ask("replace", source).replace(source, target)

    def remove(self, path: Path) -> None:
        self._ask("remove", path).remove(path)

    def sync_folder(self, folder: Path) -> None:
        self._ask("sync_folder", folder).sync_folder(folder)

    def free_bytes(self, folder: Path) -> int:
        return self._ask("free_bytes", folder).free_bytes(folder)

    @contextmanager
    def lock(self, path: Path, timeout_s: float) -> Iterator[None]:
        with self._ask("lock", path).lock(path, timeout_s):
            yield
            self._before(Operation(name="unlock", path=path))


class _WatchedFile:
    def __init__(self, before: Before, path: Path, file: File) -> None:
        self._before = before
        self._path = path
        self._file = file

    def write(self, data: bytes) -> int:
        takes = self._before(Operation(name="write", path=self._path, data=data))
        return self._file.write(data if takes is None else data[:takes])

    def sync(self) -> None:
        self._before(Operation(name="sync", path=self._path))
        self._file.sync()

    def __enter__(self) -> Self:
        self._file.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.__exit__(kind, error, trace)
        if kind is None:
            self._before(Operation(name="close", path=self._path))


@dataclass(slots=True)
class Counted:
    """Counts operations and does something before the n-th, counted from 1."""

    at: int = 0
    act: Callable[[Operation], int | None] = lambda operation: None
    seen: list[Operation] = field(default_factory=list)

    def __call__(self, operation: Operation) -> int | None:
        self.seen.append(operation)
        return self.act(operation) if len(self.seen) == self.at else None


# --- what a log is asked --------------------------------------------------------------------------------------------


def place_of(
    folder: Path, files: Files | None = None, *, segment_bytes: int = SEGMENT_BYTES, timeout_s: float = LOCK_TIMEOUT_S
) -> LogPlace:
    """A log's place; `folder` is its own folder, or for `create_log` the one above."""
    return LogPlace(
        files=files or Disk(), folder=LogFolder(folder), segment_bytes=segment_bytes, lock_timeout_s=timeout_s
    )


def seeded_run(seed: int | str) -> Run:
    """A run whose random bytes, keys among them, are the same each time."""
    return Run.start(random=random.Random(seed).randbytes)


def note(mark: str) -> Entry:
    """A record of no consequence with a mark to know it by."""
    return Entry(type="log.note", d={"text": f"note of {mark}"}, actor=mark)


def intent(mark: str, frames: int = 1, work: str = "w-1") -> Entry:
    """The announcement of frames to a meter."""
    listed = [{"i": i, "bytes": "00**", "parameter": "clock"} for i in range(frames)]
    meter = {"family": "mercury200", "serial_number": "12345678"}
    d = {"operation": "set clock", "why": "test", "meter": meter, "part": 1, "parts": 1, "frames": listed}
    return Entry(type="intent", d=d, work=work, actor=mark)


def outcome(of: int, mark: str, i: int = 0, work: str = "w-1") -> Entry:
    """What became of a frame."""
    return Entry(type="outcome", d={"of": of, "i": i, "result": "ok"}, work=work, actor=mark)


@dataclass(slots=True)
class Read:
    """A log as somebody finds it who did not write it."""

    report: Report
    records: list[Record]

    def problems(self, told: Iterable[tuple[int, str]], permitted: Iterable[str] = ("ok", "in-doubt")) -> list[str]:
        """What is not as it was told, in words."""
        found = [] if self.report.state in permitted else [f"the log is {self.report.state}: {self.report.findings}"]
        for index, mark in told:
            there = self.records[index].fields if index < len(self.records) else {}
            if mark not in (there.get("actor"), there.get("d", {}).get("mark")):
                found.append(f"record {index} was told as {mark!r} and is {there or 'not there'}")
        return found


def read_log(folder: Path) -> Read:
    """Verify a log whole: every rule, every signature, the torn bytes it says it keeps."""
    place, records = place_of(folder), []

    def seen(record: Record, _: Place) -> None:
        records.append(record)

    def torn_bytes(name: str) -> bytes | None:
        path = place.folder.torn / name
        return path.read_bytes() if path.exists() else None

    return Read(verify_log(place.bytes(), torn_bytes=torn_bytes, seen=seen), records)


def parse_told(text: str) -> list[tuple[int, str]]:
    """The acknowledgements among the lines of a program's output."""
    words = (line.split(" ", 1) for line in text.splitlines())
    return [(int(word[0]), word[1]) for word in words if len(word) == 2 and word[0].isdecimal()]


# --- actions --------------------------------------------------------------------------------------------------------


def tell_line(text: str) -> None:
    """One line to whoever started this program, in one write of the system."""
    os.write(1, f"{text}\n".encode())


def tell_record(index: int, mark: str) -> None:
    tell_line(f"{index} {mark}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to do. A stubborn one goes on after an AuditError and raises the first one at the end."""

    action: str
    place: LogPlace
    run: Run
    name: str = "p"
    count: int = 1
    rotate_every: int = 0
    stubborn: bool = False

    def do(self, tell: Tell = tell_record) -> None:
        if self.action == "create":
            mark = f"{self.name}-create"
            create_log(self.place, self.run, DOMAIN, {"mark": mark}).close()
            tell(0, mark)
            return
        log = SealedLog.open(self.place, self.run)
        failed = [error for step in self._steps(log, tell) if (error := self._try(step)) is not None]
        log.close()
        if failed:
            raise failed[0]

    def _try(self, step: Callable[[], None]) -> AuditError | None:
        try:
            step()
        except AuditError as error:
            if not self.stubborn:
                raise
            return error
        return None

    def _steps(self, log: SealedLog, tell: Tell) -> Iterator[Callable[[], None]]:
        def append(entry: Entry) -> None:
            tell(log.append(entry), entry.actor or "")

        if self.action == "append":
            for i in range(self.count):
                yield lambda: append(note(f"{self.name}-{i}"))  # noqa: B023  # called before the next one is made
                if self.rotate_every and (i + 1) % self.rotate_every == 0:
                    yield lambda: log.rotate("test")
        elif self.action == "rotate":
            yield lambda: log.rotate("test")
            yield lambda: append(note(f"{self.name}-after"))
        elif self.action == "work":
            yield from self._work(log, append)

    def _work(self, log: SealedLog, append: Callable[[Entry], None]) -> Iterator[Callable[[], None]]:
        def opened() -> None:
            append(Entry(type="work.open", d={"order": "1"}, work="w-1", actor=f"{self.name}-open"))

        def written() -> None:
            append(intent(f"{self.name}-intent"))
            append(outcome(log.size - 1, f"{self.name}-outcome"))

        def closed() -> None:
            append(Entry(type="work.close", d={"result": "done"}, work="w-1", actor=f"{self.name}-close"))

        yield from (opened, written, closed)


# --- the program ----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit code."""
    if arguments[0] == "serve":
        return _serve()
    given = _parser().parse_args(arguments)
    return _ended(lambda: _task(given).do())


def _ended(act: Callable[[], None]) -> int:
    try:
        act()
    except AuditError as error:
        _complain(error)
        return OURS
    except OSError as error:
        _complain(error)
        return RAW_ERROR
    return DONE


def _complain(error: Exception) -> None:
    with suppress(OSError):
        tell_line(f"{type(error).__name__}: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=("create", "append", "recover", "rotate", "work"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="p")
    parser.add_argument("--seed", default="")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--rotate-every", type=int, default=0)
    parser.add_argument("--segment-bytes", type=int, default=SEGMENT_BYTES)
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("--stubborn", action="store_true")
    parser.add_argument("--exit-at", type=int, default=0, help="end the process before this file operation")
    parser.add_argument("--pause-before", default="", help="wait for a line on stdin before the first such operation")
    return parser


def _task(given: argparse.Namespace) -> Task:
    return Task(
        action=given.action,
        place=place_of(given.folder, _files(given), segment_bytes=given.segment_bytes, timeout_s=given.timeout),
        run=seeded_run(given.seed) if given.seed else Run.start(),
        name=given.name,
        count=given.count,
        rotate_every=given.rotate_every,
        stubborn=given.stubborn,
    )


def _files(given: argparse.Namespace) -> Files:
    if given.exit_at:
        return WatchedDisk(Counted(given.exit_at, _exit))
    if given.pause_before:
        return WatchedDisk(_Pause(given.pause_before))
    return Disk()


def _exit(_: Operation) -> int | None:
    os._exit(STRUCK)


@dataclass(slots=True)
class _Pause:
    name: str

    def __call__(self, operation: Operation) -> int | None:
        if operation.name == self.name:
            self.name = ""
            tell_line(f"before {operation.name}")
            sys.stdin.readline()
        return None


# --- many runs out of one warm process ------------------------------------------------------------------------------


def _serve() -> int:
    if sys.platform == "win32":
        raise NotImplementedError
    _warm_up()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    permit_tracing = _permits_tracing()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            permit_tracing()
            os._exit(_child(order))
        _, status = os.waitpid(child, 0)
        tell_line(str(os.waitstatus_to_exitcode(status)))
    return 0


def _warm_up() -> None:
    """Import all that is imported late, so that a tracer sees only the files of the log."""
    with tempfile.TemporaryDirectory() as name:
        make_log(Path(name), 1)
    with suppress(OSError):
        os.stat(BEGIN)


def _child(order: dict[str, Any]) -> int:
    if sys.platform == "win32":
        raise NotImplementedError
    given = _parser().parse_args(order["arguments"])
    asker = os.dup(1)
    told = os.open(order["told"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(told, 1)
    os.dup2(told, 2)
    os.write(asker, f"{os.getpid()}\n".encode())
    signal.sigwait({signal.SIGUSR1})
    task = _task(given)
    with suppress(OSError):
        os.stat(BEGIN)
    code = _ended(task.do)
    with suppress(OSError):
        os.stat(END)
    return code


def _permits_tracing() -> Callable[[], None]:
    """Where the kernel lets only parents trace (Yama), a process may permit it to everybody."""
    import ctypes

    pr_set_ptracer, anybody = 0x59616D61, ctypes.c_ulong(2 ** (8 * ctypes.sizeof(ctypes.c_ulong)) - 1)
    prctl = ctypes.CDLL(None).prctl

    def permit() -> None:
        prctl(pr_set_ptracer, anybody, 0, 0, 0)

    return permit


# --- logs to begin with ---------------------------------------------------------------------------------------------


def make_log(above: Path, notes: int = 0) -> Path:
    """A new log below a folder with so many records after the first one, and its own folder."""
    with create_log(place_of(above), seeded_run("made"), DOMAIN, {"mark": "made"}) as log:
        for i in range(notes):
            log.append(note(f"made-{i}"))
    return next(each for each in above.iterdir() if each.is_dir())


def tear(folder: Path) -> bytes:
    """Leave the beginning of a pair at the end of a log, as a crash does; the bytes."""
    segment = sorted((folder / "seg").iterdir())[-1]
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "copy"
        shutil.copytree(folder, copy)
        with SealedLog.open(place_of(copy), seeded_run("torn")) as log:
            log.append(note("torn"))
        whole = (copy / "seg" / segment.name).read_bytes()
    half = whole[segment.stat().st_size : -40]
    with segment.open("ab") as file:
        file.write(half)
    return half


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
