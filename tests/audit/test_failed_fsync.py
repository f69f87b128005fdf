"""Runs that meet on one computer without a reboot: one fails or is killed, another goes on, then power fails.

A failed sync forgets what it should have made durable and leaves it visible, so the next run sees records, names and
keys that no later sync puts on the disk. It must not build on them. The same after a run that was killed between a
write and its sync, and whether the other run begins afterwards or had the log open all the time.

The checks here are also those that must notice the mutants of `mutants.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Final

import pytest

from meterlink.audit.note import Checkpoint
from meterlink.audit.record import Entry
from meterlink.audit.store import SealedLog, create_log
from meterlink.errors import AuditError, AuditNotWritableError
from tests.audit.sim_fs import PowerLoss, SimFs
from tests.audit.test_power_loss import (
    HEADS,
    LONG,
    SEGMENT,
    SEGMENTS,
    Found,
    Promise,
    Reboots,
    Told,
    a_run,
    close_work,
    go_on,
    inspect,
    intent,
    note,
    outcome,
    place_on,
    small_ballast,
    two_runs,
)

Next = Callable[[SealedLog, SimFs, Told], None]


# --- what the other run does ----------------------------------------------------------------------------------------


def two_notes(log: SealedLog, files: SimFs, told: Told) -> None:
    for text in ("one", "two"):
        told(files, log.append(note(text)) + 1)


def a_work(log: SealedLog, files: SimFs, told: Told) -> None:
    """A meter is written and the work closed, which changes the key."""
    of = log.append(intent())
    told(files, of + 1)
    for i in range(2):
        told(files, log.append(outcome(of, i)) + 1)
    told(files, log.append(close_work()) + 1)


def a_head(log: SealedLog, files: SimFs, told: Told) -> None:
    """A checkpoint that somebody outside keeps."""
    told(files, Checkpoint.parse(log.checkpoint().text).size)


ALL_NEXT: Final[tuple[Next, ...]] = (two_notes, a_work, a_head)


# --- the checks -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Met:
    """How much was tried."""

    times: int = 0
    """Syncs that failed, or operations before which a run was killed."""
    states: int = 0

    def __add__(self, other: Met) -> Met:
        return Met(self.times + other.times, self.states + other.states)


@dataclass(slots=True)
class Neighbour:
    """Another run, which opens the log after the trouble, or as soon as there is one; then it looks at each head."""

    early: bool
    segment_bytes: int
    promise: Promise = field(default_factory=Promise)
    log: SealedLog | None = None

    def told(self, files: SimFs, size: int) -> None:
        self.promise.given(files, size)
        if self.early:
            with files.spared():
                self.log = self.log or self.open(files)
                self.log.checkpoint()

    def open(self, files: SimFs) -> SealedLog:
        return SealedLog.open(place_on(files, self.segment_bytes), a_run("neighbour"))

    def begin(self, files: SimFs, where: str) -> SealedLog | None:
        """None where no log was ever promised and none is there."""
        if self.log is not None:
            return self.log
        try:
            return self.open(files)
        except AuditError as error:
            if self.promise.created:
                raise AssertionError(f"{where}: the next run does not open it: {error}") from error
            return None


def check_failed_sync(
    *,
    then: Next = two_notes,
    early: bool = False,
    folders_forget: bool = True,
    segment_bytes: int = SEGMENT,
    crash_every: int = 3,
) -> Met:
    """Each sync of two runs fails once; the run that is hit refuses to go on; another one does; power fails before
    each n-th operation of it, and at its end."""
    met = Met()
    with small_ballast():
        for n in count(1):
            files = SimFs(fail_sync=n, folders_forget=folders_forget)
            other, logs = Neighbour(early=early, segment_bytes=segment_bytes), list[SealedLog]()
            where = f"segments of {segment_bytes}, sync {n} fails, {then.__name__}, early {early}"
            try:
                two_runs(files, other.told, segment_bytes, logs.append)
            except AuditNotWritableError:
                _refuses(logs, where)
            except AuditError as error:
                raise AssertionError(f"{where}: {error}") from error
            else:
                if not files.failed:
                    return met
                hint = files.failed == str(HEADS.parent) or files.failed.startswith(str(HEADS))
                assert hint, f"{where}: nobody minds that {files.failed} was not synced"
            where += f" ({files.failed})"
            met += Met(1, _others_go_on(files, other, then, where, crash_every))
    raise AssertionError("never here")


def _refuses(logs: list[SealedLog], where: str) -> None:
    """That a run that goes on after an error is stopped."""
    if not logs:
        return
    log = logs[-1]
    for again in (lambda: log.append(note("it goes on")), lambda: log.rotate("it goes on"), log.checkpoint):
        try:
            again()
        except AuditNotWritableError:
            continue
        raise AssertionError(f"{where}: the run goes on after the error")


def check_killed(
    *,
    then: Next = two_notes,
    early: bool = False,
    segment_bytes: int = SEGMENT,
    every: int = 1,
    crash_every: int = 3,
) -> Met:
    """A run is killed before each n-th operation; another one goes on on the same computer; power fails."""
    met = Met()
    with small_ballast():
        for k in count(1, every):
            files = SimFs(crash_at=k)
            other = Neighbour(early=early, segment_bytes=segment_bytes)
            where = f"segments of {segment_bytes}, killed before operation {k}, {then.__name__}, early {early}"
            try:
                two_runs(files, other.told, segment_bytes)
            except PowerLoss:
                files.go_on()
            except AuditError as error:
                raise AssertionError(f"{where}: {error}") from error
            else:
                return met
            where += f" (after {files.last_operation})"
            met += Met(1, _others_go_on(files, other, then, where, crash_every))
    raise AssertionError("never here")


def _others_go_on(files: SimFs, other: Neighbour, then: Next, where: str, every: int) -> int:
    """Let the other run work, and look at each disk that may be found whenever power fails meanwhile."""
    reboots = Reboots(other.promise, f"{where}, the next run", every=every)
    files.watch = reboots
    log = other.begin(files, where)
    if log is None:
        return 0
    try:
        then(log, files, other.promise.given)
    except AuditError as error:
        raise AssertionError(f"{where}: the next run cannot go on: {error}") from error
    log.close()
    reboots.look(files)
    for found in reboots.found.values():
        look_at(found, other.segment_bytes)
    return len(reboots.found)


def look_at(found: Found, segment_bytes: int = SEGMENT) -> None:
    """That what was found opens, goes on and holds what was promised."""
    floor = found.promise.floor
    opened = go_on(replace(found, promise=replace(found.promise)), "after", None, segment_bytes)
    if opened is not None:
        inspect(found, floor, opened.seen_state(), None)


def check_two_at_once() -> Met:
    """While one run appends and changes its key, another one tries to append before each of its operations."""
    met = Met()
    with small_ballast():
        for k in count(1):
            files, promise = SimFs(), Promise()
            create_log(place_on(files), a_run("day"), "example.com", {"office": []}).close()
            one = SealedLog.open(place_on(files), a_run("one"))
            other = SealedLog.open(place_on(files), a_run("other"))
            due, done = files.operations + k, list[int]()

            def meddle(files: SimFs, other: SealedLog = other, due: int = due, done: list[int] = done) -> None:
                if files.operations + 1 != due or done:
                    return
                done.append(due)
                with pytest.raises(AuditNotWritableError):
                    other.append(note("meanwhile"))

            files.watch = meddle
            where = f"another run appends before operation {k}"
            try:
                one.append(note("first"))
                one.rotate("asked for")
                one.append(note("second"))
                promise.given(files, other.append(note("third")) + 1)
            except (AuditError, pytest.fail.Exception) as error:
                raise AssertionError(f"{where}: {error}") from error
            if not done:
                return met
            look_at(Found(state=files.seen_state(), promise=promise, where=where))
            met += Met(1, 1)
    raise AssertionError("never here")


# --- the tests ------------------------------------------------------------------------------------------------------


def _tell(what: str, met: Met) -> None:
    print(f"{what}: {met}")  # noqa: T201  # seen with pytest -s


_LONG_ONLY: Final = pytest.mark.skipif(not LONG, reason="minutes: power fails at every operation; METERLINK_LONG=1")


@pytest.mark.parametrize(
    ("early", "folders_forget"),
    [(False, True), (True, False), *([(False, False), (True, True)] if LONG else [])],
    ids=lambda either: str(either).lower(),
)
def test_a_sync_fails_and_another_run_goes_on(early: bool, folders_forget: bool) -> None:
    """The other one opens the log afterwards, or had it open; names stay, or are forgotten. METERLINK_LONG=1 tries both
    with both."""
    met = check_failed_sync(early=early, folders_forget=folders_forget, segment_bytes=1_500, crash_every=100)
    _tell("failed sync", met)
    assert met.times >= 50, met
    assert met.states >= 40, met


def test_a_sync_fails_and_another_run_closes_a_work() -> None:
    met = check_failed_sync(then=a_work, segment_bytes=2_600, crash_every=1 if LONG else 40)
    _tell("failed sync, then a work", met)
    assert met.times >= 50, met
    assert met.states >= (300 if LONG else 100), met


def test_a_sync_fails_and_another_run_shows_a_head() -> None:
    met = check_failed_sync(then=a_head, segment_bytes=1_500, crash_every=100)
    _tell("failed sync, then a head", met)
    assert met.times >= 50, met


@pytest.mark.parametrize("early", [False, True], ids=["opens afterwards", "had it open"])
def test_a_run_is_killed_and_another_one_goes_on(early: bool) -> None:
    """Before every third operation; METERLINK_LONG=1 kills it before each one."""
    met = check_killed(early=early, segment_bytes=1_500, every=1 if LONG else 3, crash_every=100)
    _tell("killed", met)
    assert met.times >= (120 if LONG else 40), met
    assert met.states >= (120 if LONG else 40), met


def test_a_run_waits_for_another() -> None:
    met = check_two_at_once()
    _tell("two at once", met)
    assert met.times >= 20, met


@_LONG_ONLY
@pytest.mark.parametrize("early", [False, True], ids=["opens afterwards", "had it open"])
@pytest.mark.parametrize("then", ALL_NEXT, ids=lambda then: str(then.__name__))
@pytest.mark.parametrize("segment_bytes", SEGMENTS)
def test_every_sync_every_kill_and_power_fails_anywhere(then: Next, early: bool, segment_bytes: int) -> None:
    for folders_forget in (False, True):
        met = check_failed_sync(
            then=then, early=early, folders_forget=folders_forget, segment_bytes=segment_bytes, crash_every=1
        )
        _tell("failed sync", met)
        assert met.times >= 50, met
    met = check_killed(then=then, early=early, segment_bytes=segment_bytes, crash_every=1)
    _tell("killed", met)
    assert met.times >= 120, met


def test_no_head_is_remembered_that_another_run_may_have_left_in_memory_only() -> None:
    """B has adopted a record of A, whose sync failed, and closes without having written after it."""
    with small_ballast():
        files = SimFs()
        create_log(place_on(files), a_run("day"), "example.com", {"office": []}).close()
        a, b = (SealedLog.open(place_on(files), a_run(name)) for name in ("a", "b"))
        b.append(note("b"))
        a.append(note("a"))
        b.append(note("b again"))
        files.fail_sync = files.syncs + 2  # A re-affirms B's record, then the sync of its own fails
        with pytest.raises(AuditNotWritableError):
            a.append(note("in memory only"))
        size = b.size
        with pytest.raises(AuditError):
            b.append(Entry(type="anchor", d={"size": 1, "root": "A" * 43 + "=", "note": ""}))
        assert b.size == size + 1  # it has adopted A's record all the same
        b.close()
        for state in files.states():
            SealedLog.open(place_on(SimFs(state)), a_run("c")).append(note("on"))
