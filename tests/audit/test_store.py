"""The life of a log on the disk: appended to, opened again, shared by two, and by what clock."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from meterlink.audit.cache import decode_cache
from meterlink.audit.folder import LogFolder
from meterlink.audit.fsio import Disk, File
from meterlink.audit.record import Entry
from meterlink.audit.segments import first_index, segment_name
from meterlink.audit.store import SealedLog
from meterlink.audit.writer import BALLAST_BYTES
from meterlink.errors import (
    AuditError,
    AuditFormatError,
    AuditNotWritableError,
    ChainBrokenError,
    LogForkError,
    NoLogError,
)
from tests.audit.logs import (
    Bench,
    anchor,
    contents,
    do_work,
    intent,
    make_log,
    pairs_of,
    read,
    records,
    work_close,
    work_open,
)
from tests.audit.stores import NOTE, OFFICE, assert_goes_on, cut_to, forget_hint, refused, replace_segment

# --- the ordinary life ----------------------------------------------------------------------------------------------


def test_a_new_log_has_its_first_record_and_all_its_folders(bench: Bench) -> None:
    first = records(bench.place.bytes())[0]
    assert (bench.log.size, first["type"], first["n"], first["prev"]) == (1, "log.open", 0, "0" * 64)
    assert first["d"] | {"install": ""} == {"format": 1, "vkey": bench.key().vkey(bench.log.origin).text, "install": ""}
    assert first["log"] == bench.log.origin == "example.com/ml/" + bench.place.folder.path.name
    assert sorted(contents(bench.place.folder.path)) == sorted(
        [
            "ballast",
            "cache",
            "cache/head.json",
            "heads",
            "key",
            "key/epoch",
            "lock",
            "photos",
            "private",
            "seg",
            "seg/000000000000.log",
            "torn",
        ]
    )
    assert bench.place.folder.ballast.stat().st_size == BALLAST_BYTES
    assert bench.report().state == "ok"


def test_the_folder_and_the_key_are_for_their_owner_alone(bench: Bench) -> None:
    folder = bench.place.folder
    assert [path.stat().st_mode & 0o077 for path in (folder.path, folder.keys, folder.key, folder.private)] == [0] * 4


def test_the_first_record_holds_the_facts_given(witnessed: Bench) -> None:
    assert records(witnessed.place.bytes())[0]["d"]["office"] == [OFFICE.text]
    assert witnessed.report().chain.office == (OFFICE.text,)


def test_append_tells_the_index_and_the_record_says_what_was_asked(bench: Bench) -> None:
    assert [bench.log.append(entry) for entry in (work_open(), read())] == [1, 2]
    found = records(bench.place.bytes())[1]
    wanted = {"n": 1, "type": "work.open", "work": "w-17", "actor": "p-3", "d": dict(work_open().d)}
    assert {key: found[key] for key in wanted} == wanted
    assert bench.log.size == 3


def test_a_record_leaves_out_work_and_actor_where_there_are_none(bench: Bench) -> None:
    bench.log.append(NOTE)
    assert {"work", "actor"} & set(records(bench.place.bytes())[1]) == set()


def test_a_record_that_breaks_a_rule_of_records_is_refused_and_the_run_goes_on(bench: Bench) -> None:
    before = contents(bench.place.folder.segments)
    with pytest.raises(AuditFormatError):
        bench.log.append(Entry(type="read", d={"t1": 1.5}))
    assert contents(bench.place.folder.segments) == before
    assert bench.log.append(read()) == 1


@pytest.mark.parametrize("hint", [True, False], ids=["with hint", "without hint"])
def test_opened_again_it_goes_on(bench: Bench, hint: bool) -> None:
    do_work(bench.log)
    size = bench.log.size
    bench.log.close()
    if not hint:
        forget_hint(bench)
    log = bench.open()
    assert (log.size, log.append(read())) == (size, size)
    assert bench.report().state == "ok"


def test_it_closes_itself(bench: Bench) -> None:
    with bench.open() as log:
        log.append(read())
    with pytest.raises(AuditNotWritableError, match="closed"):
        log.append(read())
    assert decode_cache(bench.place.folder.cache.read_bytes(), bench.key()) is not None


def test_the_runs_name_themselves(bench: Bench) -> None:
    first = bench.log.append(read())
    second = bench.reopen().append(read())
    runs = [record["run"] for record in records(bench.place.bytes())]
    assert runs[first] != runs[second]
    assert bench.report().chain.last_run == runs[second]


def test_where_there_is_no_log_none_is_opened(bench: Bench) -> None:
    bench.place.folder.segment(segment_name(0)).unlink()
    assert isinstance(refused(bench), NoLogError)


def test_the_lock_of_another_run_is_waited_for_and_then_named(bench: Bench) -> None:
    bench.log.append(read())
    others = replace(bench.place, files=Disk())
    with others.locked(), pytest.raises(AuditNotWritableError, match=bench.report().chain.last_run) as caught:
        bench.log.append(read())
    assert "other run" in caught.value.hint
    assert bench.log.append(read()) == 2


# --- segments -------------------------------------------------------------------------------------------------------


def test_a_full_segment_is_followed_by_a_new_one_named_by_its_first_record(bench: Bench) -> None:
    while bench.log.size < 30:
        bench.log.append(read())
    names = bench.place.bytes().names()
    sizes = [bench.place.bytes().size(name) for name in names]
    assert len(names) > 2
    assert all(4_000 <= size < 4_000 + 1_000 for size in sizes[:-1])
    begins = [json.loads(bench.place.folder.segment(name).read_bytes().split(b"\n")[0])["n"] for name in names]
    assert begins == [first_index(name) for name in names]
    assert bench.report().state == "ok"
    assert_goes_on(bench)


def test_an_empty_new_segment_left_by_a_crash_is_taken(bench: Bench) -> None:
    while bench.place.bytes().size(segment_name(0)) < 4_000:
        bench.log.append(read())
    due = segment_name(bench.log.size)
    bench.place.folder.segment(due).touch()
    assert bench.report().state == "ok"
    assert bench.open().append(read()) == first_index(due)
    assert bench.place.bytes().size(due) > 0
    assert_goes_on(bench)


# --- two at once ----------------------------------------------------------------------------------------------------


def test_two_runs_append_in_turns(bench: Bench) -> None:
    other = bench.open()
    indexes = [log.append(read()) for _ in range(10) for log in (bench.log, other)]
    assert indexes == list(range(1, 21))
    assert len(bench.place.bytes().names()) > 1
    assert bench.report().state == "ok"


def test_what_another_run_appended_is_adopted(bench: Bench) -> None:
    other = bench.open()
    announced = other.append(intent())
    assert bench.log.doubts == []
    assert bench.log.append(read()) == announced + 1
    assert [doubt.of for doubt in bench.log.doubts] == [announced]


def test_a_key_that_another_run_brought_into_force_is_used(bench: Bench) -> None:
    other = bench.open()
    other.append(work_close())
    bench.log.append(read())
    other.append(read())
    assert bench.report().state == "ok"


def test_what_another_run_left_torn_is_set_aside(bench: Bench) -> None:
    other = bench.open()
    other.append(read())
    replace_segment(bench, bench.last_segment().read_bytes() + b"{")
    bench.log.append(read())
    assert bench.types() == ["log.open", "read", "log.recovered", "read"]
    assert bench.report().state == "ok"


class NotingDisk(Disk):
    """Remembers the last records that were written again in place."""

    def __init__(self) -> None:
        super().__init__()
        self.again: list[tuple[str, int]] = []

    def write_at(self, path: Path, offset: int) -> File:
        self.again.append((path.name, offset))
        return super().write_at(path, offset)


def test_the_last_record_is_written_again_before_the_first_append_and_after_records_of_others(tmp_path: Path) -> None:
    disk = NotingDisk()
    bench = make_log(tmp_path, files=disk, segment_bytes=10**6)
    begins = [0]

    def ends() -> int:
        return bench.last_segment().stat().st_size

    bench.reopen()
    begins.append(ends())
    bench.log.append(read())
    assert disk.again == [(segment_name(0), 0)]
    bench.log.append(read())
    assert disk.again == [(segment_name(0), 0)]
    other = bench.open()
    last = len(b"".join(pairs_of(bench.place.bytes())[:-1]))
    other.append(read())
    assert disk.again[1:] == [(segment_name(0), last)]
    last = len(b"".join(pairs_of(bench.place.bytes())[:-1]))
    bench.log.append(read())
    assert disk.again[2:] == [(segment_name(0), last)]
    assert bench.report().state == "ok"


def test_a_log_that_became_shorter_under_our_hands_is_broken(bench: Bench) -> None:
    bench.log.append(read())
    cut_to(bench, 1)
    before = contents(bench.place.folder.segments)
    with pytest.raises(ChainBrokenError, match="shorter"):
        bench.log.append(read())
    with pytest.raises(AuditNotWritableError):
        bench.log.append(read())
    assert contents(bench.place.folder.segments) == before


def test_wrong_records_appended_under_our_hands_are_broken(bench: Bench) -> None:
    bench.log.append(read())
    end = bench.last_segment().stat().st_size
    replace_segment(bench, bench.last_segment().read_bytes() + pairs_of(bench.place.bytes())[1])
    with pytest.raises(ChainBrokenError) as caught:
        bench.log.append(read())
    assert (caught.value.record, caught.value.offset) == (2, end)


# --- records that only the log itself writes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [
        anchor(9, bytes(32)),
        anchor(0, bytes(32)),
        Entry(type="anchor", d={"size": 1, "root": "none"}),
        Entry(type="log.open", d={"vkey": OFFICE.text}),
        Entry(type="epoch.open", d={"vkey": OFFICE.text}),
        Entry(type="key.rotate", d={"vkey": OFFICE.text}),
    ],
    ids=lambda entry: f"{entry.type} {entry.d.get('size', '')} {entry.d.get('root', '')[:4]}",
)
def test_a_record_that_breaks_a_rule_of_the_chain_is_not_written(bench: Bench, entry: Entry) -> None:
    before = contents(bench.place.folder.segments)
    with pytest.raises(AuditError):
        bench.log.append(entry)
    assert contents(bench.place.folder.segments) == before
    assert bench.report().state == "ok"


def test_an_anchor_of_another_history_is_not_written(bench: Bench) -> None:
    bench.log.append(read())
    with pytest.raises(AuditError):
        bench.log.append(anchor(1, bytes(32)))
    assert bench.types() == ["log.open", "read"]


# --- clocks ---------------------------------------------------------------------------------------------------------


YEAR: Final = 365.25 * 86_400


@dataclass(frozen=True, kw_only=True)
class Jump:
    """What both clocks do between two records, in seconds."""

    name: str
    wall: float
    monotonic: float
    seen: bool = True

    def __str__(self) -> str:
        return self.name


JUMPS: Final = (
    Jump(name="ten years on", wall=10 * YEAR, monotonic=1),
    Jump(name="ten years back", wall=-10 * YEAR, monotonic=1),
    Jump(name="stands still for a minute", wall=0, monotonic=60),
    Jump(name="summer time begins on a clock without zones", wall=3600, monotonic=1),
    Jump(name="an hour is repeated", wall=-3600, monotonic=1),
    Jump(name="the laptop slept and only the wall clock went on", wall=28_800, monotonic=0.1),
    Jump(name="a little more than two seconds", wall=3.1, monotonic=1),
    Jump(name="a little more than two seconds back", wall=-1.1, monotonic=1),
    Jump(name="an hour passes", wall=3600, monotonic=3600, seen=False),
    Jump(name="a year passes", wall=YEAR, monotonic=YEAR, seen=False),
    Jump(name="the time server pulls it straight", wall=2.9, monotonic=1, seen=False),
    Jump(name="nothing passes", wall=0, monotonic=0, seen=False),
)


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_jump_of_the_wall_clock_is_told_and_changes_nothing(bench: Bench, jump: Jump) -> None:
    bench.log.append(read())
    bench.clock.wall += jump.wall
    bench.clock.monotonic += jump.monotonic
    bench.log.append(read("after"))
    bench.log.append(read("after"))
    assert bench.types() == ["log.open", "read", *["clock.jump"] * jump.seen, "read", "read"]
    assert bench.report().state == "ok"
    if jump.seen:
        told = records(bench.place.bytes())[2]["d"]
        assert told["wall_ms"] == pytest.approx(jump.wall * 1000, abs=20)
        assert told["monotonic_ms"] == pytest.approx(jump.monotonic * 1000, abs=20)
    assert_goes_on(bench)


def test_a_clock_that_jumps_to_and_fro_at_every_record(bench: Bench) -> None:
    for step in range(6):
        bench.clock.wall += (-1) ** step * 5 * YEAR
        bench.log.append(read())
    assert bench.types() == ["log.open", *["clock.jump", "read"] * 6]
    times = [record["t"] for record in records(bench.place.bytes())]
    assert times != sorted(times)
    assert bench.report().state == "ok"


def test_the_wall_clock_repeats_itself(bench: Bench) -> None:
    at = bench.clock.wall
    for _ in range(5):
        bench.clock.wall = at
        bench.log.append(read())
    assert "clock.jump" not in bench.types()
    assert bench.report().state == "ok"


def test_a_jump_between_two_runs_is_nobodys_jump(bench: Bench) -> None:
    bench.log.append(read())
    bench.clock.wall -= 10 * YEAR
    bench.clock.monotonic = 5
    bench.reopen().append(read())
    assert bench.types() == ["log.open", "read", "read"]
    assert bench.report().state == "ok"


def test_moments_are_told_in_utc_with_milliseconds(bench: Bench) -> None:
    bench.clock.wall, bench.clock.monotonic = 1767225600.0004, bench.clock.monotonic + 100
    bench.log.append(read())
    found = records(bench.place.bytes())[-1]
    assert found["t"][:20] == "2026-01-01T00:00:00."
    assert 100_000 <= found["mono_ms"] <= 100_100


def test_logs_of_one_seed_differ_in_nothing(tmp_path: Path) -> None:
    """The tests above rely on it."""
    both = [make_log(tmp_path / name) for name in "ab"]
    for bench in both:
        do_work(bench.log)
    assert contents(both[0].place.folder.segments) == contents(both[1].place.folder.segments)


def test_two_logs_in_one_folder_have_names_of_their_own(tmp_path: Path) -> None:
    both = [make_log(tmp_path, seed=seed) for seed in (0, 1)]
    assert both[0].log.origin != both[1].log.origin
    assert len(list(tmp_path.iterdir())) == 2


# --- what only the log itself may do --------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", ["log.open", "key.rotate", "epoch.open", "log.recovered", "clock.jump"])
def test_records_of_the_log_itself_come_from_nobody_else(bench: Bench, type_: str) -> None:
    with pytest.raises(AuditFormatError, match="only the log itself writes"):
        bench.log.append(Entry(type=type_, d={}))
    assert_goes_on(bench)


def test_a_folder_that_was_copied_away_worked_in_and_copied_back_is_a_fork(remembering: Bench, tmp_path: Path) -> None:
    """The hint comes back with it; the head that this computer remembers speaks against it all the same."""
    folder, away = remembering.place.folder.path, tmp_path / "away"
    remembering.log.close()
    shutil.copytree(folder, away)
    here = remembering.open()
    here.append(read())
    here.rotate("here")
    here.close()
    with SealedLog.open(
        replace(remembering.place, folder=LogFolder(away), second_heads=()), remembering.run()
    ) as there:
        for _ in range(9):
            there.append(read("after"))
    shutil.rmtree(folder)
    shutil.copytree(away, folder)
    assert isinstance(refused(remembering), LogForkError)


def test_a_run_that_closes_late_does_not_take_the_remembered_head_back(remembering: Bench) -> None:
    a, b = remembering.open(), remembering.open()
    a.append(read())
    for _ in range(5):
        b.append(read())
    b.close()
    size = remembering.place.second_heads[0].read(a.origin)
    a.close()
    assert remembering.place.second_heads[0].read(a.origin) == size


@pytest.mark.parametrize("name", [".DS_Store", "3-0123456789ab.new", "readme", "3-XYZ"])
def test_strangers_in_torn_are_none_of_the_logs(bench: Bench, name: str) -> None:
    (bench.place.folder.torn / name).write_bytes(b"stray")
    assert_goes_on(bench)
    assert "log.recovered" not in bench.types()
