"""What opening a log on the disk finds: doubts, torn ends, and what somebody changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import pytest

from meterlink.audit.keys import key_from_seed
from meterlink.audit.record import Entry
from meterlink.audit.scan import scan
from meterlink.audit.segments import PAIR_LIMIT, SECTOR_BYTES, first_index, segment_name
from meterlink.errors import (
    ChainBrokenError,
)
from tests.audit.logs import (
    METER,
    OTHER_METER,
    Bench,
    MemoryBytes,
    contents,
    intent,
    outcome,
    pairs_of,
    read,
    records,
    renumbered,
    resolve,
    verify,
    work_close,
)
from tests.audit.stores import assert_goes_on, forget_hint, refused, replace_segment


def assert_broken(bench: Bench, record: int, offset: int, segment: str = segment_name(0)) -> None:
    """Opening and verifying name the same place."""
    errors = refused(bench), bench.report().findings[0]
    for error in errors:
        assert isinstance(error, ChainBrokenError)
        assert (error.state, error.record, error.segment, error.offset) == ("tampered", record, segment, offset)


# --- doubts ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What is written after an announcement of the frames 0 and 1, and which of them stay in doubt."""

    name: str
    told: tuple[Entry, ...] = ()
    doubtful: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.name


FATES: Final = (
    Fate(name="nothing", doubtful=(0, 1)),
    *(
        Fate(name=f"one {known}", told=(outcome(1, 0, known),), doubtful=(1,))
        for known in ("ok", "refused", "not-sent")
    ),
    *(Fate(name=f"one {lost}", told=(outcome(1, 0, lost),), doubtful=(0, 1)) for lost in ("no-answer", "damaged")),
    Fate(name="both ok", told=(outcome(1, 0), outcome(1, 1))),
    Fate(name="the outcome of another announcement", told=(outcome(0, 0), outcome(0, 1)), doubtful=(0, 1)),
    Fate(name="the outcome of another frame", told=(outcome(1, 2),), doubtful=(0, 1)),
    Fate(name="no answer, then verified", told=(outcome(1, 0, "no-answer"), verify(1, 0)), doubtful=(1,)),
    Fate(name="all verified", told=(verify(1),)),
    Fate(name="all found different", told=(verify(1, same=False),)),
    Fate(name="one resolved", told=(resolve(1, 1),), doubtful=(0,)),
    Fate(name="all resolved", told=(outcome(1, 0, "damaged"), resolve(1))),
    Fate(name="another announcement resolved", told=(resolve(0),), doubtful=(0, 1)),
    Fate(name="a read settles nothing", told=(read("after"), work_close()), doubtful=(0, 1)),
)


@pytest.mark.parametrize("fate", FATES, ids=str)
def test_which_frames_are_in_doubt(bench: Bench, fate: Fate) -> None:
    assert bench.log.append(intent(0, 1)) == 1
    for entry in fate.told:
        bench.log.append(entry)
    wanted = [(1, i) for i in fate.doubtful]
    assert [(doubt.of, doubt.i) for doubt in bench.log.doubts] == wanted
    assert [(doubt.of, doubt.i) for doubt in bench.reopen().doubts] == wanted
    bench.log.close()
    forget_hint(bench)
    assert [(doubt.of, doubt.i) for doubt in bench.open().doubts] == wanted
    report = bench.report()
    assert report.state == ("in-doubt" if wanted else "ok")
    assert [(error.facts()["record"], error.facts()["frame"]) for error in report.findings] == wanted


def test_the_parts_of_an_announcement_stand_each_for_themselves(bench: Bench) -> None:
    parts = [bench.log.append(intent(0, 1, part=1, parts=2)), bench.log.append(intent(2, 3, part=2, parts=2))]
    bench.log.append(outcome(parts[1], 2))
    assert [(doubt.of, doubt.i) for doubt in bench.log.doubts] == [(1, 0), (1, 1), (2, 3)]
    bench.log.append(verify(parts[0]))
    assert [(doubt.of, doubt.i) for doubt in bench.log.doubts] == [(2, 3)]


def test_a_doubt_says_what_is_known(bench: Bench) -> None:
    bench.log.append(intent(7))
    bench.log.append(outcome(1, 7, "no-answer"))
    doubt = bench.reopen().doubts[0]
    run = records(bench.place.bytes())[1]["run"]
    assert doubt.facts() == {
        "of": 1,
        "i": 7,
        "operation": "set tariffs",
        "frame": "0a07****",
        "run": run,
        "work": "w-17",
        "parameter": "tariff-7",
        "family": "mercury200",
        "serial_number": "41148612",
        "result": "no-answer",
    }


def test_doubts_of_one_meter(bench: Bench) -> None:
    for meter in (METER, OTHER_METER, None):
        bench.log.append(intent(meter=meter))
    doubts = bench.report().chain.doubts
    assert [doubt.of for doubt in doubts.of_meter(METER["serial_number"])] == [1, 3]
    assert [doubt.of for doubt in doubts.of_meter(OTHER_METER["serial_number"])] == [2, 3]
    assert len(doubts) == 3


def test_in_doubt_the_log_opens_and_names_the_frame(bench: Bench) -> None:
    bench.log.append(intent())
    error = bench.report().findings[0]
    assert (error.state, error.exit_code) == ("in-doubt", 11)
    assert "41148612" in str(error)
    assert error.hint
    bench.open().append(read())


# --- torn ends ------------------------------------------------------------------------------------------------------


def whole_pair(bench: Bench, text: str = "1") -> bytes:
    """What the next append would write."""
    return bench.forger().pair("read", {"t1": text})


TORN: Final[dict[str, Callable[[bytes], bytes]]] = {
    "one byte": lambda pair: pair[:1],
    "half a record": lambda pair: pair[:150],
    "a record without its newline": lambda pair: pair[: pair.index(b"\n")],
    "a record without its signature": lambda pair: pair[: pair.index(b"\n") + 1],
    "half a dash": lambda pair: pair[: pair.index(b"\n") + 2],
    "half a signature": lambda pair: pair[:-40],
    "a pair without its last newline": lambda pair: pair[:-1],
    "zeros and nothing else": lambda pair: bytes(len(pair)),
    "one zero": lambda pair: bytes(1),
    "garbage": lambda pair: b"\xff" * PAIR_LIMIT,
    "another newline lost": lambda pair: pair.replace(b"\n", b"\x0b", 1),
}


@pytest.mark.parametrize("tear", TORN.values(), ids=list(TORN))
@pytest.mark.parametrize("hint", [True, False], ids=["with hint", "without hint"])
def test_torn_bytes_are_kept_and_told(bench: Bench, tear: Callable[[bytes], bytes], hint: bool) -> None:
    bench.log.append(read())
    bench.log.close()
    if not hint:
        forget_hint(bench)
    torn, end = tear(whole_pair(bench)), bench.last_segment().stat().st_size
    replace_segment(bench, bench.last_segment().read_bytes() + torn)
    error = bench.report().findings[0]
    assert (error.state, error.facts()["record"], error.facts()["count"]) == ("torn", 2, len(torn))
    assert (error.facts()["segment"], error.facts()["offset"]) == (segment_name(0), end)
    assert error.hint
    log = bench.open()
    sha256 = hashlib.sha256(torn).hexdigest()
    name = f"2-{sha256[:12]}"
    assert records(bench.place.bytes())[2]["d"] == {"file": name, "bytes": len(torn), "sha256": sha256}
    assert contents(bench.place.folder.torn) == {name: torn}
    assert (bench.types()[2], log.append(read())) == ("log.recovered", 3)
    assert bench.report().state == "ok"
    assert bench.open().size == 4


def test_lost_sectors_of_the_last_pair_are_torn_whichever_they_are(bench: Bench) -> None:
    bench.log.append(read())
    kept, pair = bench.last_segment().read_bytes(), whole_pair(bench, "7" * 1500)
    begin = len(kept)
    edges = [0, *(at for at in range(1, len(pair)) if (begin + at) % SECTOR_BYTES == 0), len(pair)]
    sectors = list(pairwise(edges))
    assert len(sectors) == 5
    for lost in range(1, 1 << len(sectors)):
        data = bytearray(pair)
        for number, (first, last) in enumerate(sectors):
            if lost >> number & 1:
                data[first:last] = bytes(last - first)
        for length in (len(data), edges[-2]):  # whole, and cut off at a sector
            found = scan(MemoryBytes.of(kept + data[:length]))
            if b"\0" in data[:length] or length < len(pair):
                assert found.torn is not None
                assert (found.torn.record, found.torn.place.offset, found.torn.data) == (2, begin, bytes(data[:length]))
            assert found.fault is None


def test_lost_sectors_are_set_aside_on_the_disk(bench: Bench) -> None:
    bench.log.append(read())
    kept, pair = bench.last_segment().read_bytes(), bytearray(whole_pair(bench, "7" * 1500))
    first = -len(kept) % SECTOR_BYTES
    pair[first : first + SECTOR_BYTES] = bytes(SECTOR_BYTES)
    replace_segment(bench, kept + pair)
    assert bench.report().state == "torn"
    assert_goes_on(bench)
    assert [*contents(bench.place.folder.torn).values()] == [pair]


NOT_TORN: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "a zero in the middle": lambda pair, begin: b"".join((pair[:100], b"\0", pair[101:])),
    "a sector of zeros that begins elsewhere": lambda pair, begin: b"".join(
        (pair[:100], bytes(SECTOR_BYTES), pair[100 + SECTOR_BYTES :])
    ),
    "zeros that end elsewhere": lambda pair, begin: bytes(100) + pair[100:],
    "one sector lost and one digit changed by a zero": lambda pair, begin: b"".join(
        (pair[: -begin % 512], bytes(512), pair[-begin % 512 + 512 : -9], b"\0", pair[-8:])
    ),
    "a letter of the signature": lambda pair, begin: pair[:-20] + b"A" + pair[-19:],
    "a digit of the record": lambda pair, begin: pair.replace(b"77", b"78", 1),
    "a digit and a third line": lambda pair, begin: pair.replace(b"77", b"78", 1) + b"{",
    "lost sectors and a third line": lambda pair, begin: b"".join(
        (pair[: -begin % 512], bytes(512), pair[-begin % 512 + 512 :], b"\n")
    ),
    "an empty pair": lambda pair, begin: b"\n\n",
    "a record with an empty signature": lambda pair, begin: pair[: pair.index(b"\n") + 1] + b"\n",
    "lines in Windows' way": lambda pair, begin: pair.replace(b"\n", b"\r\n"),
    "more than a pair can have": lambda pair, begin: b"x" * (PAIR_LIMIT + 1),
    "more zeros than a pair can have": lambda pair, begin: bytes(PAIR_LIMIT + 1),
}


@pytest.mark.parametrize("damage", NOT_TORN.values(), ids=list(NOT_TORN))
def test_anything_else_wrong_at_the_end_is_tampered(bench: Bench, damage: Callable[[bytes, int], bytes]) -> None:
    bench.log.append(read())
    kept, pair = bench.last_segment().read_bytes(), whole_pair(bench, "7" * 1500)
    wrong = damage(pair, len(kept))
    assert wrong != pair
    replace_segment(bench, kept + wrong)
    assert_broken(bench, record=2, offset=len(kept))


@pytest.mark.parametrize("torn", [b"{", bytes(512)], ids=["half a record", "zeros"])
def test_torn_bytes_in_a_segment_before_the_last_are_tampered(bench: Bench, torn: bytes) -> None:
    while len(bench.place.bytes().names()) < 2:
        bench.log.append(read())
    first = bench.place.folder.segment(segment_name(0))
    size, second = first.stat().st_size, first_index(bench.place.bytes().names()[1])
    assert second is not None
    first.write_bytes(first.read_bytes() + torn)
    forget_hint(bench)
    assert_broken(bench, record=second, offset=size)


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_kept_torn_bytes_that_are_gone_or_changed_are_seen(bench: Bench, how: str) -> None:
    replace_segment(bench, bench.last_segment().read_bytes() + b'{"d":')
    bench.reopen()
    kept = next(bench.place.folder.torn.iterdir())
    if how == "gone":
        kept.unlink()
    else:
        kept.write_bytes(b'{"d"!')
    error = bench.report().findings[0]
    assert (error.state, error.facts()["record"], error.facts()["file"]) == ("tampered", 1, kept.name)
    assert error.hint


# --- tampered -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(4))
def test_an_edited_record_is_tampered(bench: Bench, index: int) -> None:
    for _ in range(3):
        bench.log.append(read())
    bench.log.append(read("after"))
    forget_hint(bench)
    pairs = pairs_of(bench.place.bytes())
    line = renumbered(pairs[index], mono_ms=999_999)
    pairs[index] = line + pairs[index][pairs[index].index(b"\n") :]
    replace_segment(bench, b"".join(pairs))
    report = bench.report()
    error = report.findings[0]
    assert isinstance(error, ChainBrokenError)
    assert (error.record, error.offset) == (index, len(b"".join(pairs[:index])))
    # opening checks the last signature only, and sees it at the record that follows another one than the edited
    assert refused(bench).state == "tampered"


def test_a_log_whose_first_record_is_wrong_is_tampered_and_not_nothing(bench: Bench) -> None:
    bench.log.append(read())
    replace_segment(bench, b"[" + bench.last_segment().read_bytes()[1:])
    assert_broken(bench, record=0, offset=0)


def test_a_well_formed_but_wrong_last_pair_is_tampered(bench: Bench) -> None:
    bench.log.append(read())
    kept = bench.last_segment().read_bytes()
    forger = bench.forger()
    forger.key = key_from_seed(bytes(32))
    replace_segment(bench, kept + forger.pair("read", {"t1": "1"}))
    assert_broken(bench, record=2, offset=len(kept))
    forger = bench.forger(size=2)
    forger.key = key_from_seed(bytes(32))
    replace_segment(bench, kept + forger.seal(forger.line("read", {}), claimed=bench.key()))
    assert_broken(bench, record=2, offset=len(kept))


def test_a_lost_segment_is_tampered(bench: Bench) -> None:
    while len(bench.place.bytes().names()) < 3:
        bench.log.append(read())
    names = bench.place.bytes().names()
    bench.place.folder.segment(names[1]).unlink()
    forget_hint(bench)
    assert_broken(bench, record=first_index(names[1]) or 0, offset=0, segment=names[2])
