"""Power fails before each operation of the log, and again before each operation of the recovery: nothing that was
acknowledged is lost, every disk that may be found opens, the log goes on, and no byte vanishes without a record.

The checks here are also those that must notice the mutants of `mutants.py`. A failing state is named by the crash, the
number of the state, and once more for the crash in the recovery: all of it is the same in every run.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

from meterlink.audit import store, writer
from meterlink.audit.folder import LogFolder
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Entry, Record
from meterlink.audit.run import Run
from meterlink.audit.second_head import HeadFile, read_heads
from meterlink.audit.segments import segments_among
from meterlink.audit.store import SealedLog, create_log
from meterlink.audit.verify import verify_log
from meterlink.errors import AuditError
from tests.audit.sim_fs import PowerLoss, SimFs, State, StateKey, key_of

LONG: Final = bool(os.environ.get("METERLINK_LONG"))
LOGS: Final = Path("/home/crew/audit")
HEADS: Final = Path("/home/crew/state")
WORK: Final = "2026-11-0042"
METER: Final = {"family": "mercury200", "serial_number": "00411486"}
FRAMES: Final = [{"i": 0, "parameter": "schedule", "bytes": "0011"}, {"i": 1, "parameter": "clock", "bytes": "0022"}]
SEGMENT: Final = 4_096
"""Six or seven records."""
SEGMENTS: Final = (1, 1_500, 2_600, SEGMENT)
"""The changes of key and the ends of segments fall together in another way with each."""
_SMALL_BALLAST: Final = 600

_RUNS: Final = ("day", "evening")


# --- a log on a simulated disk --------------------------------------------------------------------------------------


def a_run(name: str) -> Run:
    """A run whose clocks tick once a second whenever somebody looks, and whose dice are named."""
    wall, monotonic = count(1_767_225_600), count(1_000)
    return Run.start(lambda: float(next(wall)), lambda: float(next(monotonic)), random.Random(name).randbytes)


def run_id(name: str) -> str:
    return a_run(name).id


def place_on(files: SimFs, segment_bytes: int = SEGMENT) -> LogPlace:
    """Where logs are on this disk; that of the only one, where there is one."""
    heads = (HeadFile(files, HEADS),)
    place = LogPlace(files=files, folder=LogFolder(LOGS), second_heads=heads, segment_bytes=segment_bytes)
    for name in files.names(LOGS):
        return place.within(LogFolder(LOGS / name))
    return place


@contextmanager
def small_ballast() -> Iterator[None]:
    """A ballast of 1 MiB in each of a hundred thousand disks would take all the time."""
    with patch.object(writer, "BALLAST_BYTES", _SMALL_BALLAST), patch.object(store, "BALLAST_BYTES", _SMALL_BALLAST):
        yield


def files_in(state: State, folder: str) -> dict[str, bytes]:
    """The files of a folder of the log, by name."""
    return {path.name: data for path, data in sorted(state.items()) if path.parent.name == folder and data is not None}


def sealed_bytes(state: State) -> bytes:
    """All segments, one after the other."""
    segments = files_in(state, "seg")
    return b"".join(segments[name] for name in segments_among(list(segments)))


@dataclass(slots=True)
class Promise:
    """What was acknowledged: every byte of the log up to the last record of which somebody was told. A change of key
    after work.close is not: its failure is told by the next append."""

    floor: bytes = b""
    created: bool = False

    def given(self, files: SimFs, size: int) -> None:
        """So many records are on the disk for good."""
        lines = sealed_bytes(files.seen_state()).splitlines(keepends=True)
        self.floor, self.created = b"".join(lines[: 2 * size]), True


Told = Callable[[SimFs, int], None]
"""Told how many records there are, by whoever made sure of it."""


def note(text: str) -> Entry:
    return Entry(type="log.note", d={"text": text, "about": 0})


def intent() -> Entry:
    return Entry(
        type="intent",
        d={"operation": "write schedule", "why": "order", "meter": METER, "part": 1, "parts": 1, "frames": FRAMES},
        work=WORK,
    )


def outcome(of: int, i: int) -> Entry:
    return Entry(type="outcome", d={"of": of, "i": i, "result": "ok", "reply": "00", "ms": 41, "tries": 1}, work=WORK)


def close_work() -> Entry:
    return Entry(type="work.close", d={"result": "done"}, work=WORK)


def two_runs(
    files: SimFs, told: Told, segment_bytes: int = SEGMENT, opened: Callable[[SealedLog], None] = lambda log: None
) -> None:
    """A log is made and a meter written; in the evening, by another run, once more, and the end is left in doubt."""

    def append(log: SealedLog, entry: Entry) -> int:
        index = log.append(entry)
        told(files, index + 1)
        return index

    log = create_log(place_on(files, segment_bytes), a_run("day"), "example.com", {"office": []})
    opened(log)
    told(files, log.size)
    append(log, Entry(type="work.open", d={"order": "42"}, work=WORK))
    of = append(log, intent())
    append(log, outcome(of, 0))
    append(log, outcome(of, 1))
    append(log, Entry(type="verify", d={"of": of, "found": {}, "same": True}, work=WORK))
    append(log, close_work())
    append(log, note("between two works"))
    log.rotate("asked for")
    told(files, log.size)
    log.close()
    with SealedLog.open(place_on(files, segment_bytes), a_run("evening")) as log:
        opened(log)
        log.checkpoint()
        of = append(log, intent())
        append(log, outcome(of, 0))
        append(log, close_work())
        append(log, intent())


# --- what may be found, and what must be so after it was opened -----------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A disk after reboot, what had been promised before, and how it came about."""

    state: State
    promise: Promise
    where: str


@dataclass(slots=True)
class Reboots:
    """Gathers what may be found before each operation; the same disk under the same promise once, whatever became of
    hints but for `every_hint`."""

    promise: Promise
    where: str
    every_hint: bool = False
    every: int = 1
    """Power fails before each n-th operation only."""
    judge: Callable[[Found], None] = lambda found: None
    """Looks at each at once."""
    found: dict[tuple[StateKey, bytes], Found] = field(default_factory=dict)
    crashes: int = 0

    def __call__(self, files: SimFs) -> None:
        if (files.operations + 1) % self.every == 0:
            self.look(files)

    def look(self, files: SimFs) -> None:
        """What may be found when power fails now."""
        self.crashes += 1
        states = files.states(every_hint=self.every_hint)
        promise = replace(self.promise)
        for i, state in enumerate(states):
            key = key_of(state, hints=self.every_hint), promise.floor
            if key not in self.found:
                where = (
                    f"{self.where}, crash before operation {files.operations + 1} "
                    f"(after {files.last_operation}), state {i} of {len(states)}"
                )
                self.found[key] = Found(state=state, promise=promise, where=where)
                self.judge(self.found[key])


@dataclass(slots=True)
class Whole:
    """What the runs write when nothing fails."""

    sealed: bytes
    runs: tuple[bytes, ...] = tuple(f'"run":"{run_id(name)}"'.encode() for name in _RUNS)


def go_on(found: Found, run: str, watch: Reboots | None, segment_bytes: int) -> SimFs | None:
    """Open what was found and append a record; None where no log had been promised and none is there."""
    files = SimFs(found.state, watch=watch)
    try:
        log = SealedLog.open(place_on(files, segment_bytes), a_run(run))
    except AuditError as error:
        if found.promise.created:
            raise AssertionError(f"{found.where}: it does not open: {error}") from error
        return None
    try:
        found.promise.given(files, log.append(note(f"{run} went on")) + 1)
    except AuditError as error:
        raise AssertionError(f"{found.where}: it does not go on: {error}") from error
    log.close()
    if watch is not None:
        watch.look(files)
    return files


def inspect(found: Found, floor: bytes, after: State, whole: Whole | None) -> None:
    """That the log is what was promised, and that what a crash left is kept and told."""
    where, sealed = found.where, sealed_bytes(after)
    assert sealed.startswith(floor), f"{where}: an acknowledged record is lost"
    records = _verified(where, after)
    if whole is not None:
        ours = [begin for mark in whole.runs if (begin := sealed.rfind(mark)) >= 0]
        end = _pair_end(sealed, max(ours, default=-1))
        assert sealed[:end] == whole.sealed[:end], f"{where}: it holds what nobody wrote"
    kept, told = files_in(after, "torn"), _told(records)
    assert {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in kept.items()} == told, (
        f"{where}: torn/ holds {sorted(kept)} and the log tells {sorted(told)}"
    )
    before = sealed_bytes(found.state)
    rest = before[_pair_end(before, _common(before, sealed) - 1, whole_only=True) :]
    assert not rest or rest in kept.values(), f"{where}: {len(rest)} bytes vanished"
    for name, data in files_in(found.state, "torn").items():
        if name.endswith(hashlib.sha256(data).hexdigest()[:12]):
            assert kept.get(name) == data, f"{where}: torn/{name} was changed"


def _verified(where: str, after: State) -> list[Record]:
    """The records of a log whose every byte and signature holds."""
    known = frozenset((path, data) for path, data in after.items() if path.parent.name in ("seg", "torn", HEADS.name))
    if known not in _sound:
        _sound[known] = _verified_anew(where, after)
    return _sound[known]


_sound: Final[dict[StateKey, list[Record]]] = {}
"""Different ways often lead to the same bytes."""


def _verified_anew(where: str, after: State) -> list[Record]:
    records: list[Record] = []
    place, torn = place_on(SimFs(after)), files_in(after, "torn")
    report = verify_log(
        place.bytes(),
        claims=lambda chain: [*chain.anchors, *read_heads(place.second_heads, chain.origin)],
        torn_bytes=torn.get,
        seen=lambda record, _: records.append(record),
    )
    assert report.state in ("ok", "in-doubt"), f"{where}: {report.state}: {report.findings[0]}"
    return records


def _told(records: list[Record]) -> dict[str, tuple[int, str]]:
    recovered = [record.d for record in records if record.type == "log.recovered"]
    told: Mapping[str, Any] = Counter(d["file"] for d in recovered)
    assert all(times == 1 for times in told.values()), f"told more than once: {told}"
    return {d["file"]: (d["bytes"], d["sha256"]) for d in recovered}


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two logs share at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _pair_end(sealed: bytes, at: int, *, whole_only: bool = False) -> int:
    """Where the pair that holds this byte ends; with `whole_only` where the last one ends that is whole up to here."""
    if at < 0:
        return 0
    if whole_only:
        upto = sealed[: at + 1]
        ends = [i + 1 for i, byte in enumerate(upto) if byte == 0x0A]
        return ends[len(ends) // 2 * 2 - 1] if len(ends) > 1 else 0
    line = sealed.find(b"\n", at)
    return sealed.find(b"\n", line + 1) + 1


# --- the check ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counts:
    """How much was tried."""

    crashes: int = 0
    states: int = 0
    crashes_again: int = 0
    states_again: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.crashes + other.crashes,
            self.states + other.states,
            self.crashes_again + other.crashes_again,
            self.states_again + other.states_again,
        )


def whole_run(segment_bytes: int = SEGMENT) -> Whole:
    """What is written when nothing fails; that it is right is part of the check."""
    files, promise = SimFs(), Promise()
    try:
        two_runs(files, promise.given, segment_bytes)
    except AuditError as error:
        raise AssertionError(f"nothing fails, and the log refuses: {error}") from error
    state = files.seen_state()
    whole = Whole(sealed_bytes(state))
    inspect(Found(state=state, promise=promise, where="nothing fails"), promise.floor, state, whole)
    return whole


def check_power_loss(
    *, every: int, segment_bytes: int = SEGMENT, every_hint: bool = False, every_again: int = 1
) -> Counts:
    """Power fails before each operation; in the recovery of each n-th disk, and of each first of its kind, again: there
    before each `every_again`-th operation."""
    with small_ballast():
        whole, promise = whole_run(segment_bytes), Promise()
        again: dict[tuple[StateKey, bytes], Found] = {}
        kinds: set[tuple[object, ...]] = set()
        crashes_again = 0

        def first(found: Found) -> None:
            nonlocal crashes_again
            kind = _kind(found)
            deep = len(reboots.found) % every == 0 or kind not in kinds
            kinds.add(kind)
            where = f"{found.where}; recovery"
            second = Reboots(replace(found.promise), where, every_hint, every_again, judge=judge, found=again)
            judge(found, second if deep else None)
            crashes_again += second.crashes

        def judge(found: Found, again: Reboots | None = None) -> None:
            floor, promise = found.promise.floor, again.promise if again is not None else replace(found.promise)
            run = "second" if again is not None else "third"
            opened = go_on(replace(found, promise=promise), run, again, segment_bytes)
            if opened is not None:
                inspect(found, floor, opened.seen_state(), whole)

        reboots = Reboots(promise, f"segments of {segment_bytes}", every_hint, judge=first)
        files = SimFs(watch=reboots)
        two_runs(files, promise.given, segment_bytes)
        reboots.look(files)
        return Counts(reboots.crashes, len(reboots.found), crashes_again, len(again))


def _kind(found: Found) -> tuple[object, ...]:
    """What the recovery has to do, roughly: two disks of one kind take the same way through the code."""
    sealed, keys = sealed_bytes(found.state), files_in(found.state, "key")
    rest = sealed[_pair_end(sealed, len(sealed) - 1, whole_only=True) :]
    last = sealed.rfind(b'"type":"')
    return (
        min(rest.count(b"\n"), 2) if rest else -1,
        b"\0" in rest,
        sealed[last : last + 18],
        tuple(keys),
        any(not data for data in files_in(found.state, "seg").values()),
        len(sealed) > len(found.promise.floor),
    )


def _tell(what: str, counts: object) -> None:
    print(f"{what}: {counts}")  # noqa: T201  # seen with pytest -s


def test_power_fails_anywhere_and_again_in_the_recovery() -> None:
    """Again before every third operation; METERLINK_LONG=1 before each one, in the next test."""
    before = SimFs.left_out
    counts = check_power_loss(every=60, segment_bytes=2_600, every_again=3)
    _tell("power loss", counts)
    assert counts.crashes >= 120, counts
    assert counts.states >= 200, counts
    assert counts.crashes_again >= 400, counts
    assert counts.states_again >= 400, counts
    assert SimFs.left_out == before, "some fates were not tried"


@pytest.mark.skipif(not LONG, reason="minutes: every state, and every crash in every recovery; METERLINK_LONG=1")
@pytest.mark.parametrize("segment_bytes", SEGMENTS)
def test_power_fails_anywhere_and_anywhere_again(segment_bytes: int) -> None:
    before = SimFs.left_out
    counts = check_power_loss(every=1, segment_bytes=segment_bytes)
    _tell(f"power loss, segments of {segment_bytes}", counts)
    assert counts.states >= 200, counts
    assert counts.crashes_again >= 4_000, counts
    assert counts.states_again >= 4_000, counts
    assert SimFs.left_out == before, "some fates were not tried"


def test_a_crash_leaves_what_is_found_before_the_operation() -> None:
    """Looking before each operation finds the same disks as ending the process there."""
    looked: list[list[dict[Path, object]]] = []

    def found(files: SimFs) -> list[dict[Path, object]]:
        # OpenSSH's format has four random bytes in it
        return [
            {path: len(data or b"") if path.parent.name == "key" else data for path, data in state.items()}
            for state in files.states()
        ]

    with small_ballast():
        two_runs(SimFs(watch=lambda files: looked.append(found(files))), lambda *_: None)
        for k in range(1, len(looked) + 1, 7):
            files = SimFs(crash_at=k)
            with pytest.raises(PowerLoss):
                two_runs(files, lambda *_: None)
            assert found(files) == looked[k - 1], f"operation {k}"


def test_a_file_is_lost_in_every_way() -> None:
    """The simulated disk itself: names need their folder; back comes nothing, a beginning, or all with lost sectors."""
    files, path = SimFs({Path("/a"): None}), Path("/a/b")
    with files.create(path) as file:
        file.write(b"x" * 700)
        file.sync()
    assert {state.get(path) for state in files.states()} == {None, b"x" * 700}
    files.sync_folder(path.parent)
    with files.append_to(path) as file:
        file.write(b"y" * 700)
    found = {state[path] for state in files.states()}
    assert {b"x" * 700, b"x" * 700 + b"y", b"x" * 700 + b"y" * 700} <= found
    assert b"x" * 700 + bytes(324) + b"y" * 376 in found, "the sector that was begun is lost"
    assert b"x" * 700 + b"y" * 324 + bytes(376) in found, "the next sector is lost"


def test_a_failed_sync_forgets() -> None:
    files, path = SimFs({Path("/b"): b"one"}, fail_sync=1), Path("/b")
    with files.append_to(path) as file:
        file.write(b"two")
        with pytest.raises(OSError, match="the disk failed"):
            file.sync()
        file.write(b"three")
        file.sync()
    assert files.read(path) == b"onetwothree"
    assert [state[path] for state in files.states()] == [b"one" + bytes(3) + b"three"]
