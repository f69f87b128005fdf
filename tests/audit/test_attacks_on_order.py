"""Every order of the records of a small log, records of other logs, and segments that are not what they say."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Final

import pytest

from meterlink.audit import scan as scan_module
from meterlink.audit.segments import first_index, pairs as pairs_in, segment_name
from meterlink.errors import ChainBrokenError
from tests.audit.logs import MemoryBytes, new_forger
from tests.audit.six_records import (
    BEGINS,
    DATA,
    FIRST_OF_SECOND_SEGMENT,
    HEAD,
    PAIRS,
    STRANGER,
    assert_tampered,
    forger_after,
    one_segment,
    six_records,
    two_segments,
    verified,
)

# --- every order ----------------------------------------------------------------------------------------------------


def test_every_order_of_the_records() -> None:
    orders = list(permutations(range(6)))
    assert len(orders) == 720
    for order in orders[1:]:
        first = next(index for index in range(6) if order[index] != index)
        assert_tampered(one_segment(b"".join(PAIRS[index] for index in order)), record=first, offset=BEGINS[first])


@pytest.mark.parametrize("index", range(5))
def test_a_record_removed(index: int) -> None:
    assert_tampered(one_segment(b"".join(PAIRS[:index] + PAIRS[index + 1 :])), record=index, offset=BEGINS[index])


@pytest.mark.parametrize(
    ("first", "count"), [(first, count) for count in (2, 3) for first in range(len(PAIRS) - count)]
)
def test_several_records_removed(first: int, count: int) -> None:
    rest = b"".join(PAIRS[:first] + PAIRS[first + count :])
    assert_tampered(one_segment(rest), record=first, offset=BEGINS[first])


@pytest.mark.parametrize("size", range(1, 6))
def test_no_log_alone_notices_that_its_last_records_were_removed(size: int) -> None:
    log = one_segment(b"".join(PAIRS[:size]))
    assert verified(log).state == ("in-doubt" if size == 3 else "ok")  # the intent without its outcome
    report = verified(log, HEAD)
    assert (report.state, report.findings[0].facts()["seen"]) == ("behind", 6)


@pytest.mark.parametrize("segments", [{}, {segment_name(0): b""}], ids=["no segment", "an empty one"])
def test_everything_removed(segments: dict[str, bytes]) -> None:
    assert_tampered(MemoryBytes(segments), record=0, offset=0)


@pytest.mark.parametrize("index", range(6))
@pytest.mark.parametrize("place", range(7))
def test_a_record_doubled(index: int, place: int) -> None:
    pairs = [*PAIRS[:place], PAIRS[index], *PAIRS[place:]]
    first = next((at for at in range(6) if pairs[at] != PAIRS[at]), 6)
    assert_tampered(one_segment(b"".join(pairs)), record=first, offset=BEGINS[first])


def test_half_pairs_exchanged() -> None:
    """A record under the signature of another one, both of this log."""
    halves = [pair.split(b"\n")[:2] for pair in PAIRS]
    for one in range(6):
        for other in range(6):
            if one != other:
                changed = [*PAIRS]
                changed[one] = halves[one][0] + b"\n" + halves[other][1] + b"\n"
                assert_tampered(one_segment(b"".join(changed)), record=one, offset=BEGINS[one])


# --- records of other logs ------------------------------------------------------------------------------------------


def other_log() -> list[bytes]:
    """Six records under another key, so of another name."""
    forger = new_forger(bytes([9]) * 32)
    key = forger.key
    assert key is not None
    first = forger.pair("log.open", {"format": 1, "vkey": key.vkey(forger.origin).text, "install": "8" * 32})
    return [first, *(forger.pair("read", {"t1": f"{number}"}) for number in range(5))]


@pytest.mark.parametrize("index", range(6))
def test_a_record_of_another_log(index: int) -> None:
    pairs = [*PAIRS]
    pairs[index] = other_log()[index]
    # another log.open is sound by itself: what follows does not belong to it
    record = 1 if index == 0 else index
    assert_tampered(one_segment(b"".join(pairs)), record=record, offset=len(b"".join(pairs[:record])))


@pytest.mark.parametrize("index", range(1, 5))
def test_a_record_of_another_history_of_this_log(index: int) -> None:
    """The same key on two laptops: a restored image, a stolen key."""
    pairs, fork = [*PAIRS], six_records("99999.99")
    pairs[index] = fork[index]
    # where only the signature and `prev` tell the two histories apart, the record itself fits until the next one
    record = index if index > 1 else 2
    assert_tampered(one_segment(b"".join(pairs)), record=record, offset=len(b"".join(pairs[:record])))


def test_no_log_alone_notices_that_it_is_another_history_under_its_own_key() -> None:
    log = one_segment(b"".join(six_records("99999.99")))
    assert verified(log).state == "ok"
    report = verified(log, HEAD)
    assert (report.state, report.findings[0].facts()["seen"]) == ("fork", 6)


def test_a_record_that_says_it_is_of_this_log_under_the_key_of_another() -> None:
    forger = forger_after(5, STRANGER)
    assert_tampered(one_segment(b"".join(PAIRS[:5]) + forger.pair("epoch.open", {})), record=5, offset=BEGINS[5])


# --- segments -------------------------------------------------------------------------------------------------------

FIRST, SECOND = two_segments(PAIRS).items()


def test_no_log_alone_notices_that_its_last_segment_is_gone() -> None:
    log = MemoryBytes(dict([FIRST]))
    assert verified(log).chain.size == FIRST_OF_SECOND_SEGMENT
    assert verified(log, HEAD).state == "behind"


@dataclass(frozen=True, kw_only=True)
class Files:
    """Segments as somebody left them, and where it shows: record and segment."""

    name: str
    segments: dict[str, bytes]
    record: int
    at: str

    def __str__(self) -> str:
        return self.name


THREE: Final = {**two_segments(PAIRS[:5]), segment_name(5): PAIRS[5]}

LEFT: Final = (
    Files(name="the first one gone", segments=dict([SECOND]), record=0, at=SECOND[0]),
    Files(
        name="the middle one gone",
        segments={name: data for name, data in THREE.items() if name != SECOND[0]},
        record=3,
        at=segment_name(5),
    ),
    Files(
        name="the second renamed", segments=dict([FIRST, (segment_name(4), SECOND[1])]), record=3, at=segment_name(4)
    ),
    Files(name="the first renamed", segments=dict([(segment_name(1), FIRST[1]), SECOND]), record=0, at=segment_name(1)),
    Files(
        name="both exchanged",
        segments={FIRST[0]: SECOND[1], SECOND[0]: FIRST[1]},
        record=0,
        at=FIRST[0],
    ),
    Files(
        name="the second doubled under another name",
        segments=dict([FIRST, SECOND, (segment_name(5), SECOND[1])]),
        record=6,
        at=segment_name(5),
    ),
    Files(
        name="the second doubled as what comes next",
        segments=dict([FIRST, SECOND, (segment_name(6), SECOND[1])]),
        record=6,
        at=segment_name(6),
    ),
    Files(name="the first emptied", segments=dict([(FIRST[0], b""), SECOND]), record=0, at=SECOND[0]),
    Files(
        name="an empty one before its time",
        segments=dict([FIRST, SECOND, (segment_name(9), b"")]),
        record=6,
        at=segment_name(9),
    ),
    Files(name="the whole log in each", segments={FIRST[0]: DATA, SECOND[0]: SECOND[1]}, record=6, at=SECOND[0]),
)


@pytest.mark.parametrize("files", LEFT, ids=str)
def test_segments_that_are_not_what_their_names_say(files: Files) -> None:
    assert_tampered(MemoryBytes(files.segments), record=files.record, offset=0, segment=files.at)


@pytest.mark.parametrize("name", ["0.log", "000000000003.LOG", "000000000003.log.bak", "٠٠٠٠٠٠٠٠٠٠٠٣.log"])
def test_a_segment_under_a_name_that_no_segment_has_is_not_there(name: str) -> None:
    assert first_index(name) is None
    assert verified(MemoryBytes(dict([FIRST, (name, SECOND[1])]))).chain.size == FIRST_OF_SECOND_SEGMENT


LAST_BEGINS: Final = [begins for begins, *_ in pairs_in(DATA)][-1]


def test_a_segment_longer_than_any_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes are not even read."""
    full = LAST_BEGINS + 1
    monkeypatch.setattr(scan_module, "SEGMENT_BYTES", full)
    monkeypatch.setattr(scan_module, "PAIR_LIMIT", len(DATA) - full - 1)
    error = verified(one_segment(DATA)).findings[0]
    assert isinstance(error, ChainBrokenError)
    assert (error.record, error.offset) == (0, len(DATA))
    monkeypatch.setattr(scan_module, "PAIR_LIMIT", len(DATA) - full)
    assert verified(one_segment(DATA), HEAD).state == "ok"


def test_a_segment_that_goes_on_where_it_was_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "SEGMENT_BYTES", LAST_BEGINS)
    error = verified(one_segment(DATA)).findings[0]
    assert isinstance(error, ChainBrokenError)
    assert "goes on where it was full" in str(error)
