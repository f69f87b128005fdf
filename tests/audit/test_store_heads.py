"""Heads of a log that are remembered elsewhere, and a log that is behind one or is no longer the same."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from meterlink.audit.chain import Head
from meterlink.audit.fsio import Disk
from meterlink.audit.note import Algorithm, Checkpoint, Note, cosign_line, sign_line, verify_signature
from meterlink.audit.second_head import HeadFile
from meterlink.errors import (
    LogBehindError,
    LogForkError,
)
from tests.audit.known import OFFICE_SEED, signer, vkey
from tests.audit.logs import (
    Bench,
    anchor,
    contents,
    do_work,
    intent,
    make_log,
    outcome,
    put_back,
    read,
    verify,
    work_close,
    work_open,
)
from tests.audit.stores import NOTE, OFFICE, assert_goes_on, cut_to, forget_hint, refused, replace_segment

# --- heads ----------------------------------------------------------------------------------------------------------


REMEMBERED: Final[dict[str, Callable[[Bench], object]]] = {
    "work.close": lambda bench: bench.log.append(work_close()),
    "anchor": lambda bench: bench.log.append(anchor(1, bench.forger(size=1).checkpoint().root)),
    "a change of key": lambda bench: bench.log.rotate("test"),
    "the end of the run": lambda bench: bench.log.close(),
}


@pytest.mark.parametrize("act", REMEMBERED.values(), ids=list(REMEMBERED))
def test_when_the_head_is_remembered(remembering: Bench, act: Callable[[Bench], object]) -> None:
    second, log = remembering.place.second_heads[0], remembering.log
    for entry in (work_open(), read(), intent(), outcome(3), verify(3), NOTE):
        log.append(entry)
    log.checkpoint()
    remembering.open()
    assert second.read(log.origin) is None
    act(remembering)
    head, chain = second.read(log.origin), remembering.report().chain
    assert head is not None
    assert (head.size, head.root) == (chain.size, chain.frontier.root())
    remembering.open().append(read())
    assert second.read(log.origin) == head
    assert remembering.report().state == "ok"


def test_a_longer_head_is_not_forgotten_for_a_shorter_one(remembering: Bench) -> None:
    other = remembering.open()
    other.append(work_close())
    head = remembering.place.second_heads[0].read(other.origin)
    remembering.log.close()
    assert remembering.place.second_heads[0].read(other.origin) == head
    assert remembering.log.size == 1


def test_a_run_that_wrote_nothing_remembers_nothing(remembering: Bench) -> None:
    remembering.open().close()
    assert remembering.place.second_heads[0].read(remembering.log.origin) is None


@pytest.mark.parametrize("act", REMEMBERED.values(), ids=list(REMEMBERED))
def test_a_remembered_fork_is_not_forgotten_by_a_run_that_began_at_a_hint(
    remembering: Bench, act: Callable[[Bench], object]
) -> None:
    """The log was written on another computer too and came back with its hint: here another history was seen."""
    for _ in range(3):
        remembering.log.append(read())
    remembering.log.close()
    second = remembering.place.second_heads[0]
    assert isinstance(second, HeadFile)
    second.write(Head(size=2, root=bytes(32), source=""), remembering.log.origin)
    with suppress(LogForkError):
        remembering.log = remembering.open()
        remembering.log.append(NOTE)
        act(remembering)
    assert remembering.report().state == "fork"


def test_a_place_that_cannot_remember_holds_nothing_up(tmp_path: Path) -> None:
    class Full(HeadFile):
        def write(self, head: Head, origin: str) -> None:
            raise OSError(errno.ENOSPC, "full")

    bench = make_log(tmp_path / "audit", second_heads=(Full(Disk(), tmp_path), HeadFile(Disk(), tmp_path / "state")))
    bench.log.append(work_close())
    assert bench.place.second_heads[1].read(bench.log.origin) is not None


@pytest.mark.parametrize("raw", [b"", b"3", b"x y\n", b"3 AAAA\n", b"\xff\xfe\n"], ids=repr)
def test_a_remembered_head_that_cannot_be_read_says_nothing(remembering: Bench, raw: bytes) -> None:
    remembering.log.append(work_close())
    second = remembering.place.second_heads[0]
    assert isinstance(second, HeadFile)
    second.path(remembering.log.origin).write_bytes(raw)
    assert second.read(remembering.log.origin) is None
    assert_goes_on(remembering)


def test_the_checkpoint_is_signed_by_the_key_in_force(bench: Bench) -> None:
    bench.log.append(read())
    note = Note.parse(bench.log.checkpoint().encode())
    head = Checkpoint.parse(note.text)
    chain = bench.report().chain
    assert (head.origin, head.size, head.root) == (bench.log.origin, 2, chain.frontier.root())
    assert len(note.signatures) == 1
    verify_signature(bench.key().vkey(bench.log.origin), note.signatures[0], note.text)


def test_the_checkpoint_speaks_of_records_of_other_runs_too(bench: Bench) -> None:
    other = bench.open()
    other.append(read())
    assert Checkpoint.parse(bench.log.checkpoint().text).size == 2


# --- behind and fork ------------------------------------------------------------------------------------------------


def assert_claim_broken(bench: Bench, kind: type[LogBehindError | LogForkError], seen: int, source: str) -> None:
    for error in (refused(bench), bench.report().findings[0]):
        assert isinstance(error, kind)
        assert error.state == ("behind" if kind is LogBehindError else "fork")
        assert error.seen == seen
        assert source in error.source
        assert source in str(error)


def cosigned(head: Checkpoint, seed: bytes = OFFICE_SEED, signed: bytes | None = None) -> bytes:
    key = vkey(OFFICE.name, seed, Algorithm.COSIGNATURE)
    line = cosign_line(key, signer(seed), signed or head.body(), 1767225700)
    return Note(text=head.body(), signatures=(line,)).encode()


def test_fewer_records_than_the_second_head_remembers_are_behind(remembering: Bench) -> None:
    do_work(remembering.log)
    old = contents(remembering.place.folder.path)
    do_work(remembering.log)
    put_back(remembering.place.folder.path, old)  # from a backup, hint and key included
    assert remembering.report().chain.size == 10
    assert_claim_broken(remembering, LogBehindError, 19, "state")


def test_a_log_cut_in_a_record_behind_the_second_head_is_behind_and_not_torn(remembering: Bench) -> None:
    do_work(remembering.log)
    replace_segment(remembering, remembering.last_segment().read_bytes()[:-1])
    assert_claim_broken(remembering, LogBehindError, 10, "state")
    assert [error.state for error in remembering.report().findings] == ["behind", "torn"]


def test_fewer_records_than_the_office_cosigned_are_behind(witnessed: Bench) -> None:
    for _ in range(3):
        witnessed.log.append(read())
    note = witnessed.place.folder.heads / "4.note"
    note.write_bytes(cosigned(witnessed.forger().checkpoint()))
    assert_goes_on(witnessed)
    cut_to(witnessed, 3)
    assert_claim_broken(witnessed, LogBehindError, 4, "heads/4.note")


CLAIMS: Final = (
    pytest.param(4, True, id="at the end, with hint"),
    pytest.param(4, False, id="at the end, without hint"),
    pytest.param(2, False, id="before the end, without hint"),
)
HISTORY: Final = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize(("size", "hint"), CLAIMS)
def test_another_history_than_the_office_cosigned_is_a_fork(witnessed: Bench, size: int, hint: bool) -> None:
    for _ in range(3):
        witnessed.log.append(read())
    witnessed.log.close()
    if not hint:
        forget_hint(witnessed)
    head = Checkpoint(origin=witnessed.log.origin, size=size, root=bytes(32))
    (witnessed.place.folder.heads / f"{size}.note").write_bytes(cosigned(head))
    assert_claim_broken(witnessed, LogForkError, size, f"heads/{size}.note")


@pytest.mark.parametrize(("size", "hint"), CLAIMS)
def test_another_history_than_the_second_head_remembers_is_a_fork(remembering: Bench, size: int, hint: bool) -> None:
    for _ in range(3):
        remembering.log.append(read())
    remembering.log.close()
    if not hint:
        forget_hint(remembering)
    second = remembering.place.second_heads[0]
    second.write(Head(size=size, root=bytes(32), source=""), remembering.log.origin)
    assert_claim_broken(remembering, LogForkError, size, "state")


def test_with_a_hint_older_heads_are_held_against_the_log_too(remembering: Bench) -> None:
    for _ in range(3):
        remembering.log.append(read())
    remembering.log.close()
    second = remembering.place.second_heads[0]
    assert isinstance(second, HeadFile)
    second.write(Head(size=2, root=bytes(32), source=""), remembering.log.origin)
    before = contents(remembering.place.folder.segments)
    assert isinstance(refused(remembering), LogForkError)
    assert contents(remembering.place.folder.segments) == before
    assert remembering.report().state == "fork"


@pytest.mark.parametrize("hint", [True, False], ids=["with hint", "without hint"])
def test_another_history_than_an_anchor_says_is_a_fork(bench: Bench, hint: bool) -> None:
    bench.log.append(read())
    bench.log.append(read())
    kept, forger = bench.last_segment().read_bytes(), bench.forger()
    replace_segment(bench, kept + forger.pair("anchor", {"size": 2, "root": HISTORY}))
    if not hint:
        forget_hint(bench)
    assert_claim_broken(bench, LogForkError, 2, "record 3")


def test_a_true_anchor_is_no_fork(bench: Bench) -> None:
    bench.log.append(read())
    root = bench.forger().checkpoint().root
    bench.log.append(read())
    assert bench.log.append(anchor(2, root)) == 3
    for _ in range(2):
        bench.reopen()
        assert bench.report().state == "ok"


def test_notes_that_the_office_did_not_cosign_say_nothing(witnessed: Bench) -> None:
    witnessed.log.append(read())
    heads, origin = witnessed.place.folder.heads, witnessed.log.origin
    far = Checkpoint(origin=origin, size=99, root=bytes(32))
    own = sign_line(witnessed.key().vkey(origin), witnessed.key().sign, far.body())
    (heads / "1.note").write_bytes(cosigned(far, seed=bytes(32)))
    (heads / "2.note").write_bytes(cosigned(far, signed=b"something else\n"))
    (heads / "3.note").write_bytes(cosigned(Checkpoint(origin="example.com/ml/00000000", size=99, root=bytes(32))))
    (heads / "4.note").write_bytes(Note(text=far.body(), signatures=(own,)).encode())
    (heads / "5.note").write_bytes(b"\xff")
    (heads / "6.note").write_bytes(cosigned(far)[:-9])
    (heads / "7.note").write_bytes(b"")
    (heads / ".DS_Store").write_bytes(cosigned(far))
    assert_goes_on(witnessed)
    (heads / "8.note").write_bytes(cosigned(far))
    assert_claim_broken(witnessed, LogBehindError, 99, "heads/8.note")
