"""A disk that is full, takes a part, fails to sync or may only be read: real ones where the system has them.

Real: short writes by RLIMIT_FSIZE, small tmpfs mounts (root only), a folder without rights (not as root). Everywhere:
a watched disk with so much room and no more, and one that refuses changes.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from meterlink.audit import fsio
from meterlink.audit.fsio import Files
from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from meterlink.audit.segments import SEGMENT_BYTES
from meterlink.audit.store import SealedLog
from meterlink.audit.writer import BALLAST_BYTES
from meterlink.errors import AuditNotWritableError
from tests.audit.small_program import (
    CHANGES,
    Operation,
    WatchedDisk,
    intent,
    make_log,
    note,
    outcome,
    place_of,
    read_log,
    seeded_run,
    tear,
)

ROOT: Final = Path(__file__).resolve().parents[2]
LEFT: Final = (0, 1, 17, 200, 330)
"""Bytes that a full disk still takes; a pair of record and signature has more than 330."""
STEP: Final = 3 if os.environ.get("METERLINK_LONG") == "1" else 9
"""Bytes from one short write to the next."""
FRAMES: Final = 64
OPEN_WORK: Final = Entry(type="work.open", d={"order": "2"}, work="w-2", actor="next work")
FULL_TEXT: Final = os.strerror(errno.ENOSPC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log of three records."""
    return make_log(tmp_path, 2)


def segment_of(folder: Path) -> Path:
    return sorted((folder / "seg").iterdir())[-1]


def assert_sound(folder: Path, told: list[tuple[int, str]]) -> None:
    """The log holds what was told, and every torn byte that it keeps is told in it once."""
    read = read_log(folder)
    assert read.problems(told) == []
    kept = {path.name: path.read_bytes() for path in (folder / "torn").iterdir()}
    whole = [name for name, data in kept.items() if name.endswith(sha256(data).hexdigest()[:12])]
    assert sorted(each.file for each in read.report.chain.recovered) == sorted(whole)


def assert_goes_on(folder: Path, told: list[tuple[int, str]]) -> None:
    """A later run on a healthy disk opens the log and may do work again."""
    with SealedLog.open(place_of(folder), seeded_run("later")) as log:
        later = [(log.append(entry), str(entry.actor)) for entry in (OPEN_WORK, intent("later"))]
    assert (folder / "ballast").stat().st_size == BALLAST_BYTES
    assert_sound(folder, told + later)


# --- a disk with so much room and no more ---------------------------------------------------------------------------


class SmallDisk(WatchedDisk):
    """Real files on a disk that can become full. Writing over what is there needs no room."""

    def __init__(self, folder: Path, *, honest: bool = True) -> None:
        super().__init__(self._before_each)
        self.seen: list[Operation] = []
        self._folder = folder
        self._holds: int | None = None
        self._honest = honest

    def fill(self, left: int = 0) -> None:
        """From now on so much may still be written, and no more."""
        self._holds = self._used() + left

    def empty(self) -> None:
        """There is room again."""
        self._holds = None

    def free_bytes(self, folder: Path) -> int:
        free = super().free_bytes(folder)
        return min(free, self._left()) if self._honest else free

    def _used(self) -> int:
        return sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())

    def _left(self) -> int:
        return 2**60 if self._holds is None else max(0, self._holds - self._used())

    def _before_each(self, operation: Operation) -> int | None:
        opened = self.seen[-1].name if self.seen else ""
        self.seen.append(operation)
        if operation.name != "write" or opened == "write_at":
            return None
        if not self._left():
            raise OSError(errno.ENOSPC, FULL_TEXT)
        return self._left()


@pytest.mark.parametrize("segment_bytes", [SEGMENT_BYTES, 1], ids=["one segment", "a segment each"])
@pytest.mark.parametrize("left", LEFT)
def test_an_outcome_is_written_once_though_the_disk_is_full(folder: Path, left: int, segment_bytes: int) -> None:
    disk = SmallDisk(folder)
    with SealedLog.open(place_of(folder, disk, segment_bytes=segment_bytes), seeded_run("work")) as log:
        announced = log.append(intent("announced", frames=2))
        disk.fill(left)
        told = [(announced, "announced"), (log.append(outcome(announced, "first")), "first")]
        assert not (folder / "ballast").exists()
        for entry in (OPEN_WORK, intent("next work")):
            with pytest.raises(AuditNotWritableError, match="no new work may begin"):
                log.append(entry)
        told.append((log.append(outcome(announced, "second", i=1)), "second"))
        verify = Entry(type="verify", d={"of": announced, "same": True}, actor="verified")
        told.append((log.append(verify), "verified"))
    records = read_log(folder).records
    assert [record.d["i"] for record in records if record.type == "outcome"] == [0, 1]
    told_torn = [record.d["bytes"] for record in records if record.type == "log.recovered"]
    assert told_torn == ([left] if left else [])
    assert_sound(folder, told)
    assert_goes_on(folder, told)


def test_without_ballast_a_second_full_disk_ends_the_run(folder: Path) -> None:
    disk = SmallDisk(folder)
    log = SealedLog.open(place_of(folder, disk), seeded_run("work"))
    announced = log.append(intent("announced", frames=2))
    disk.fill()
    told = [(announced, "announced"), (log.append(outcome(announced, "first")), "first")]
    disk.fill()
    for _ in range(2):
        with pytest.raises(AuditNotWritableError, match=FULL_TEXT):
            log.append(outcome(announced, "second", i=1))
    assert_sound(folder, told)
    assert [doubt.i for doubt in read_log(folder).report.chain.doubts] == [1]
    assert_goes_on(folder, told)


@pytest.mark.parametrize("left", LEFT)
def test_an_intent_is_refused_before_any_frame(folder: Path, left: int) -> None:
    disk = SmallDisk(folder)
    with SealedLog.open(place_of(folder, disk), seeded_run("work")) as log:
        before = segment_of(folder).read_bytes()
        disk.fill(left)
        with pytest.raises(AuditNotWritableError, match="must be free before a meter is written"):
            log.append(intent("announced"))
        assert segment_of(folder).read_bytes() == before
        disk.empty()
        told = [(log.append(intent("announced")), "announced")]
    assert_sound(folder, told)


@pytest.mark.parametrize("left", LEFT)
def test_an_intent_on_a_disk_that_lies_about_its_room(folder: Path, left: int) -> None:
    """A quota: the file system tells of room, and the write is refused."""
    disk = SmallDisk(folder, honest=False)
    log = SealedLog.open(place_of(folder, disk), seeded_run("work"))
    before = segment_of(folder).read_bytes()
    disk.fill(left)
    with pytest.raises(AuditNotWritableError):
        log.append(intent("announced"))
    assert (folder / "ballast").stat().st_size == BALLAST_BYTES
    assert len(segment_of(folder).read_bytes()) == len(before) + left
    disk.empty()
    for entry in (intent("announced"), outcome(0, "none"), note("none")):
        with pytest.raises(AuditNotWritableError, match="an earlier record of this run"):
            log.append(entry)
    assert_goes_on(folder, [])
    told = [record.d["bytes"] for record in read_log(folder).records if record.type == "log.recovered"]
    assert told == ([left] if left else [])


def test_recovery_on_a_full_disk_touches_nothing(folder: Path) -> None:
    torn = tear(folder)
    before = segment_of(folder).read_bytes()
    disk = SmallDisk(folder)
    for left in (0, 1, len(torn) - 1):
        disk.fill(left)
        with pytest.raises(AuditNotWritableError):
            SealedLog.open(place_of(folder, disk), seeded_run("recovering"))
        assert segment_of(folder).read_bytes() == before
        assert "truncate" not in {operation.name for operation in disk.seen}
        for path in (folder / "torn").iterdir():
            path.unlink()  # what a crash left there of an earlier copy is not what the next step is about
    assert read_log(folder).report.state == "torn"
    assert_goes_on(folder, [])
    assert torn in [path.read_bytes() for path in (folder / "torn").iterdir()]


def test_half_a_copy_of_torn_bytes_does_no_harm(folder: Path) -> None:
    torn = tear(folder)
    disk = SmallDisk(folder)
    disk.fill(len(torn) // 2)
    with pytest.raises(AuditNotWritableError):
        SealedLog.open(place_of(folder, disk), seeded_run("recovering"))
    assert [path.read_bytes() for path in (folder / "torn").iterdir()] == [torn[: len(torn) // 2]]
    assert_goes_on(folder, [])
    assert [path.read_bytes() for path in (folder / "torn").iterdir()] == [torn]


def test_room_for_the_torn_bytes_and_not_for_telling_of_them(folder: Path) -> None:
    torn = tear(folder)
    disk = SmallDisk(folder)
    disk.fill(len(torn) + 5)
    with pytest.raises(AuditNotWritableError):
        SealedLog.open(place_of(folder, disk), seeded_run("recovering"))
    assert torn in [path.read_bytes() for path in (folder / "torn").iterdir()]
    assert_goes_on(folder, [])


JUMP_S: Final = 3600.0
LEFT_FOR_ONE: Final = 600
"""Room for an outcome, and not for the record of a jump of the clock after it."""


def _work_while_clock_jumps(folder: Path, left: int) -> None:
    disk, wall = SmallDisk(folder), 1_700_000_000.0
    with SealedLog.open(place_of(folder, disk), Run.start(wall=lambda: wall, monotonic=lambda: 0.0)) as log:
        announced = log.append(intent("announced", frames=2))
        wall += JUMP_S
        disk.fill(left)
        told = [(announced, "announced")]
        for i in range(2):
            told.append((log.append(outcome(announced, f"frame {i}", i=i)), f"frame {i}"))
    assert_sound(folder, told)
    assert_goes_on(folder, told)


def test_outcomes_are_written_though_the_clock_jumps_on_a_full_disk(folder: Path) -> None:
    _work_while_clock_jumps(folder, 0)


def test_outcomes_are_written_though_the_clock_jumps_on_a_disk_with_room_for_one(folder: Path) -> None:
    _work_while_clock_jumps(folder, LEFT_FOR_ONE)


def test_an_outcome_is_written_on_a_full_disk_after_another_run_was_killed(folder: Path) -> None:
    disk = SmallDisk(folder)
    with SealedLog.open(place_of(folder, disk), seeded_run("work")) as log:
        announced = log.append(intent("announced"))
        tear(folder)
        disk.fill()
        told = [(announced, "announced"), (log.append(outcome(announced, "first")), "first")]
    assert_sound(folder, told)


def test_what_is_in_doubt_can_be_resolved_on_a_full_disk_that_lies_about_its_room(folder: Path) -> None:
    disk = SmallDisk(folder, honest=False)
    with SealedLog.open(place_of(folder, disk), seeded_run("work")) as log:
        announced = log.append(intent("announced", frames=2))
        disk.fill()
        told = [(announced, "announced"), (log.append(outcome(announced, "first")), "first")]
    assert not (folder / "ballast").exists()
    with SealedLog.open(place_of(folder, disk), seeded_run("resolving")) as log:
        resolve = Entry(type="resolve", d={"of": announced, "i": 1}, work="w-1", actor="resolved")
        told.append((log.append(resolve), "resolved"))
        with pytest.raises(AuditNotWritableError):
            log.append(OPEN_WORK)
    assert_sound(folder, told)


# --- real full disks ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
@pytest.mark.parametrize("kind", ["note", "outcome"])
def test_real_short_writes_at_every_few_bytes(folder: Path, tmp_path: Path, kind: str) -> None:
    code = "import sys; from tests.audit.test_full_disk import write_short; write_short(*sys.argv[1:])"
    program = [sys.executable, "-c", code, str(folder), str(tmp_path / "copy"), kind]
    ended = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    runs = [json.loads(line) for line in ended.stdout.splitlines()]
    whole = runs.pop()["whole"]
    assert [run["limit"] for run in runs] == list(range(0, whole, STEP))
    assert len(runs) > 300 // STEP
    for run in runs:
        assert run["error"], run
        assert run["problems"] == [], run
        assert run["kept"] == ([run["limit"]] if run["limit"] else []), run
        assert run["later"] == "ok", run
        assert run["outcomes"] == 0, run


def write_short(template: str, copy: str, kind: str) -> None:
    """In a process of its own: append where the largest permitted file ends in the middle of the record."""
    if sys.platform == "win32":
        raise NotImplementedError
    import resource
    import signal

    fsio.durable = lambda descriptor: None  # nobody cuts the power here
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    folder = Path(copy)

    def attempt(limit: int | None) -> dict[str, Any]:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template, folder)
        run = Run.start(wall=lambda: 1_700_000_000.0, monotonic=lambda: 0.0)
        log = SealedLog.open(place_of(folder), run)
        before, error = segment_of(folder).stat().st_size, ""
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (before + limit, most))
        try:
            log.append(note("short") if kind == "note" else outcome(1, "short"))
        except AuditNotWritableError as refused:
            error = str(refused)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        return {"limit": limit, "error": error, "grew": segment_of(folder).stat().st_size - before}

    def look() -> dict[str, Any]:
        with SealedLog.open(place_of(folder), seeded_run("later")) as log:
            told = [(log.append(note("later")), "later"), (1, "made-0")]
        read = read_log(folder)
        first = [record.d["bytes"] for record in read.records if record.type == "log.recovered"][:1]
        outcomes = sum(record.type == "outcome" for record in read.records)
        return {"problems": read.problems(told), "later": read.report.state, "kept": first, "outcomes": outcomes}

    whole = attempt(None)["grew"]
    for limit in range(0, whole, STEP):
        sys.stdout.write(json.dumps(attempt(limit) | look()) + "\n")
    sys.stdout.write(json.dumps({"whole": whole}) + "\n")


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a small disk in memory, or mounts it again in another way; unmounted in all cases."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount, and only Linux has tmpfs; the watched disk does the same")
    at = tmp_path / "disk"
    at.mkdir()
    mounted = False

    def act(options: str) -> Path:
        nonlocal mounted
        options = f"remount,{options}" if mounted else options
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(at)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            pytest.skip(f"mount is refused here ({ended.stderr.strip()}); the watched disk does the same")
        mounted = True
        return at

    try:
        yield act
    finally:
        if mounted:
            subprocess.run(["umount", str(at)], check=True)


def test_a_disk_of_64_kib(mount: Callable[..., Path]) -> None:
    above = mount("size=64k")
    folder = make_log(above)
    assert not (folder / "ballast").exists()
    told: list[tuple[int, str]] = []
    log = SealedLog.open(place_of(folder), seeded_run("filling"))
    with pytest.raises(AuditNotWritableError, match=f"disk|{FULL_TEXT}"):  # noqa: PT012  # any of them may be the one
        while len(told) < 1000:
            told.append((log.append(note(f"n-{len(told)}")), f"n-{len(told)}"))
    assert len(told) > 50
    with pytest.raises(AuditNotWritableError, match="an earlier record of this run"):
        log.append(note("more"))
    before = segment_of(folder).read_bytes()
    read = read_log(folder)
    assert read.problems(told, ("torn",)) == []
    for _ in range(2):
        with pytest.raises(AuditNotWritableError, match=f"disk|{FULL_TEXT}"):
            SealedLog.open(place_of(folder), seeded_run("recovering"))
        assert segment_of(folder).read_bytes() == before
    mount("size=16m")
    assert_goes_on(folder, told)
    assert read.report.found.torn is not None
    assert read.report.found.torn.data in [path.read_bytes() for path in (folder / "torn").iterdir()]


def test_the_ballast_on_a_real_disk(mount: Callable[..., Path]) -> None:
    above = mount("size=10m")
    folder = make_log(above)
    with SealedLog.open(place_of(folder), seeded_run("work")) as log:
        announced = log.append(intent("announced", frames=FRAMES))
        told = [(announced, "announced")]
        _fill(above / "filler")
        for i in range(FRAMES):
            told.append((log.append(outcome(announced, f"frame {i}", i=i)), f"frame {i}"))
        assert not (folder / "ballast").exists()
        with pytest.raises(AuditNotWritableError, match="no new work may begin"):
            log.append(intent("next work"))
    frames = [record.d["i"] for record in read_log(folder).records if record.type == "outcome"]
    assert frames == list(range(FRAMES))
    assert_sound(folder, told)
    (above / "filler").unlink()
    assert_goes_on(folder, told)


def _fill(path: Path) -> None:
    for size in (64 * 1024, 1):
        with path.open("ab", buffering=0) as file, suppress(OSError):
            while file.write(bytes(size)):
                pass


# --- a disk that does not sync --------------------------------------------------------------------------------------


class BadSync:
    """The n-th sync, of a file or of a folder, fails; `after` holds what was done to the disk from then on."""

    def __init__(self, at: int, number: int = errno.EIO) -> None:
        self.syncs = 0
        self.after: list[str] = []
        self._at = at
        self._number = number

    def __call__(self, operation: Operation) -> int | None:
        failed = self._at and self.syncs >= self._at
        if failed:
            self.after.append(operation.name)
        elif operation.name in ("sync", "sync_folder"):
            self.syncs += 1
            if self.syncs == self._at:
                raise OSError(self._number, os.strerror(self._number))
        return None

    @property
    def touched(self) -> set[str]:
        """Changes of the disk after the failure; the hint for the next opening is none that counts."""
        return {"sync", "sync_folder", *CHANGES} & set(self.after) - {"lock"}


ENTRIES: Final = (
    note("a note"),
    intent("announced"),
    outcome(0, "done"),
    Entry(type="work.close", d={"result": "done"}, work="w-1", actor="closed"),
)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC], ids=errno.errorcode.get)
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.type)
def test_a_failed_sync_is_never_repeated(tmp_path: Path, entry: Entry, number: int) -> None:
    syncs = _sync_badly(tmp_path / "healthy", entry, 0, number)
    assert syncs >= 2
    for at in range(1, syncs + 1):
        assert _sync_badly(tmp_path / str(at), entry, at, number) == at


def _sync_badly(above: Path, entry: Entry, at: int, number: int) -> int:
    """Append on a disk whose n-th sync fails, then try on; how many syncs there were."""
    above.mkdir()
    folder, disk = make_log(above, 2), BadSync(at, number)
    log = SealedLog.open(place_of(folder, WatchedDisk(disk)), seeded_run("acting"))
    told = []
    with suppress(AuditNotWritableError):
        told.append((log.append(entry), str(entry.actor)))
    if at:
        for more in ENTRIES:
            with pytest.raises(AuditNotWritableError, match=os.strerror(number)):
                log.append(more)
        for act in (lambda: log.rotate("test"), log.checkpoint):
            with pytest.raises(AuditNotWritableError, match=os.strerror(number)):
                act()
        log.close()
        assert disk.touched == set()
        assert (folder / "ballast").exists()
    assert_goes_on(folder, told)
    return disk.syncs


def test_a_failed_sync_of_an_acknowledged_end_of_work_is_told_by_the_next_use(folder: Path) -> None:
    """The record of the end is durable and told; the change of key after it fails."""
    disk = BadSync(4)
    log = SealedLog.open(place_of(folder, WatchedDisk(disk)), seeded_run("acting"))
    index = log.append(ENTRIES[-1])
    with pytest.raises(AuditNotWritableError, match=os.strerror(errno.EIO)):
        log.append(note("more"))
    assert disk.touched == set()
    assert_goes_on(folder, [(index, "closed")])


# --- a folder that may only be read ---------------------------------------------------------------------------------


def _refusing(number: int, changes: frozenset[str]) -> Files:
    def before(operation: Operation) -> int | None:
        if operation.name in changes:
            raise OSError(number, os.strerror(number))
        return None

    return WatchedDisk(before)


def assert_only_readable(folder: Path, cause: str, files: Files | None = None) -> None:
    """Work is refused with a sentence that names the cause, nothing is changed, and reading works."""
    before = segment_of(folder).read_bytes()
    with pytest.raises(AuditNotWritableError, match=cause) as caught:
        SealedLog.open(place_of(folder, files), seeded_run("acting")).append(note("more"))
    assert caught.value.exit_code == 10
    assert "cannot be written" in str(caught.value)
    assert segment_of(folder).read_bytes() == before
    assert read_log(folder).problems([(0, "made"), (1, "made-0"), (2, "made-1")]) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES], ids=errno.errorcode.get)
@pytest.mark.parametrize("changes", [CHANGES, CHANGES - {"lock"}, frozenset({"append_to"})], ids=len)
def test_a_disk_that_refuses_changes(folder: Path, number: int, changes: frozenset[str]) -> None:
    assert_only_readable(folder, os.strerror(number), _refusing(number, changes))
    assert_goes_on(folder, [])


def test_a_disk_mounted_for_reading(mount: Callable[..., Path]) -> None:
    folder = make_log(mount("size=16m"), 2)
    mount("size=16m,ro")
    assert_only_readable(folder, os.strerror(errno.EROFS))
    mount("size=16m,rw")
    assert_goes_on(folder, [])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has rights of another kind")
def test_a_folder_without_the_right_to_write(folder: Path) -> None:
    if sys.platform != "win32" and os.geteuid() == 0:
        pytest.skip("root may write everywhere; the watched disk does the same")
    paths = [folder, *folder.rglob("*")]
    rights = {path: path.stat().st_mode for path in paths}
    for path in paths:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        assert_only_readable(folder, os.strerror(errno.EACCES))
    finally:
        for path, mode in rights.items():
            path.chmod(mode)
    assert_goes_on(folder, [])


# --- errors of the disk that are not turned into ours ---------------------------------------------------------------


RAW: Final = {
    "open": ("names", "size", "read"),
    "intent": ("free_bytes", "unlock"),
}


@pytest.mark.parametrize(("step", "name"), [(step, name) for step, names in RAW.items() for name in names])
def test_an_error_of_the_disk_arrives_as_ours(folder: Path, step: str, name: str) -> None:
    failing = step == "open"

    def before(operation: Operation) -> int | None:
        if failing and operation.name == name:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return None

    with pytest.raises(AuditNotWritableError, match=os.strerror(errno.EIO)):  # noqa: PT012  # either may be the one
        log = SealedLog.open(place_of(folder, WatchedDisk(before)), seeded_run("acting"))
        failing = True
        log.append(intent("announced"))
