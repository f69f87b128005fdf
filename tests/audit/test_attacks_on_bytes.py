"""Every cut and every flipped bit of a small log.

The whole set (METERLINK_LONG=1) is every cut and 30,000 flips; otherwise one bit of every third byte is flipped and
the log is cut at every third byte and around the end of each line. What no log alone can
notice is asserted too, here and beside, so that the table of docs/audit-log.md stays honest.
"""

from __future__ import annotations

import os
from typing import Final

import pytest

from tests.audit.logs import MemoryBytes
from tests.audit.six_records import (
    BEGINS,
    DATA,
    FIRST_OF_SECOND_SEGMENT,
    HEAD,
    NEW_KEY,
    PAIRS,
    assert_prefix,
    assert_tampered,
    forger_after,
    one_segment,
    two_segments,
    verified,
)

LONG: Final = os.environ.get("METERLINK_LONG") == "1"


def places(begin: int, end: int) -> list[int]:
    """Of these places those to try: each third one, and those around each newline; all with METERLINK_LONG=1."""
    near = {at + by for at in range(len(DATA)) if DATA[at : at + 1] == b"\n" for by in (-1, 0, 1, 2)}
    return [at for at in range(begin, end) if LONG or at % 3 == 0 or at in near]


def test_the_whole_log_is_sound() -> None:
    for log in (one_segment(DATA), MemoryBytes(two_segments(PAIRS))):
        report = verified(log, HEAD)
        assert (report.state, report.chain.size, report.chain.epoch) == ("ok", 6, 1)


# --- every byte -----------------------------------------------------------------------------------------------------


def test_cut_anywhere() -> None:
    for end in places(1, len(DATA)):
        size = sum(begin <= end for begin in BEGINS[1:])
        assert_prefix(one_segment(DATA[:end]), size, torn=end - BEGINS[size], offset=BEGINS[size])


def test_cut_anywhere_in_the_last_of_two_segments() -> None:
    first, second = two_segments(PAIRS).items()
    split = BEGINS[FIRST_OF_SECOND_SEGMENT]
    for end in places(split, len(DATA)):
        size = sum(begin <= end for begin in BEGINS[1:])
        log = MemoryBytes(dict([first, (second[0], second[1][: end - split])]))
        assert_prefix(log, size, torn=end - BEGINS[size], offset=BEGINS[size] - split, segment=second[0])


def test_cut_anywhere_in_the_first_of_two_segments() -> None:
    """A crash cannot do that: the second one stands behind."""
    (name, data), second = two_segments(PAIRS).items()
    for end in places(0, len(data)):
        size = sum(begin <= end for begin in BEGINS[1:])
        log = MemoryBytes(dict([(name, data[:end]), second]))
        if end == BEGINS[size]:
            assert_tampered(log, record=size, offset=0, segment=second[0])
        else:
            assert_tampered(log, record=size, offset=BEGINS[size])


def assert_flip_noticed(index: int, bit: int) -> None:
    changed = DATA[:index] + bytes([DATA[index] ^ 1 << bit]) + DATA[index + 1 :]
    record = sum(begin <= index for begin in BEGINS[1:])
    if record == len(PAIRS) - 1 and DATA[index : index + 1] == b"\n":
        assert_prefix(one_segment(changed), record, torn=len(PAIRS[record]), offset=BEGINS[record])
    else:
        assert_tampered(one_segment(changed), record=record, offset=BEGINS[record])


def test_one_flipped_bit() -> None:
    for index in places(0, len(DATA)):
        assert_flip_noticed(index, index % 8)


def test_every_bit_of_a_newline_flipped() -> None:
    """The two of the last pair look as if a crash had lost them, all others are tampering."""
    newlines = [index for index in range(len(DATA)) if DATA[index : index + 1] == b"\n"]
    assert len(newlines) == 12
    for index in newlines:
        for bit in range(8):
            assert_flip_noticed(index, bit)


@pytest.mark.skipif(not LONG, reason="METERLINK_LONG=1 runs the whole set")
def test_every_bit_of_every_byte_flipped() -> None:
    for index in range(len(DATA)):
        for bit in range(8):
            assert_flip_noticed(index, bit)


def test_every_bit_flipped_in_the_first_of_two_segments_at_its_end() -> None:
    """There are no torn bytes before the last segment, so its last two newlines are no exception."""
    (name, data), second = two_segments(PAIRS).items()
    index = FIRST_OF_SECOND_SEGMENT - 1
    for at in (BEGINS[index] + PAIRS[index].index(b"\n"), len(data) - 1):
        for bit in range(8):
            changed = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            assert_tampered(MemoryBytes(dict([(name, changed), second])), record=index, offset=BEGINS[index])


@pytest.mark.parametrize("count", [1, 2, 7], ids=str)
def test_bytes_lost_in_the_middle(count: int) -> None:
    for begin in places(0, BEGINS[5] - count)[:: 1 + count]:
        record = sum(each <= begin for each in BEGINS[1:])
        assert_tampered(one_segment(DATA[:begin] + DATA[begin + count :]), record=record, offset=BEGINS[record])


def test_a_byte_put_in_anywhere() -> None:
    for index in places(0, BEGINS[5]):
        record = sum(each <= index for each in BEGINS[1:])
        changed = DATA[:index] + (b"0", b"\n")[index % 2] + DATA[index:]
        if changed[: index + 1] == DATA[: index + 1]:  # put in before its like: it changes what follows
            record = sum(each <= index + 1 for each in BEGINS[1:])
        assert_tampered(one_segment(changed), record=record, offset=BEGINS[record])


def test_the_quick_look_sees_a_flip_in_any_record_and_in_the_last_signature() -> None:
    """With `signatures="last"` earlier signatures are not looked at, but for those that hand over to the next key."""
    for record, pair in enumerate(PAIRS):
        middle = pair.index(b"\n")
        ends = len(pair) if record == len(PAIRS) - 1 else middle + 1
        for index in places(BEGINS[record], BEGINS[record] + ends):
            changed = DATA[:index] + bytes([DATA[index] ^ 1 << index % 8]) + DATA[index + 1 :]
            assert verified(one_segment(changed), signatures="last").state in ("tampered", "torn")
        if record < 4:
            unseen = BEGINS[record] + len(pair) - 20
            changed = DATA[:unseen] + (b"B" if DATA[unseen : unseen + 1] == b"A" else b"A") + DATA[unseen + 1 :]
            assert verified(one_segment(changed), signatures="last").state == "ok"
            assert_tampered(one_segment(changed), record=record, offset=BEGINS[record])


# --- unsigned tails -------------------------------------------------------------------------------------------------

LINE: Final = forger_after(6, NEW_KEY).line("read", {"t1": "1"})
LAST_SIGNATURE: Final = PAIRS[5].split(b"\n")[1]


@pytest.mark.parametrize(
    "tail",
    [
        LINE + b"\n\n",
        LINE + b"\n" + LAST_SIGNATURE + b"\n",
        LINE + b"\n" + LINE + b"\n",
        LINE + b"\n" + LAST_SIGNATURE[:-1] + b"\n",
        b"\n\n",
        b"\n" * 3,
    ],
    ids=["no signature", "an old signature", "a record instead", "a cut signature", "empty", "three newlines"],
)
def test_an_unsigned_tail_is_tampered(tail: bytes) -> None:
    assert_tampered(one_segment(DATA + tail), record=6, offset=len(DATA))


@pytest.mark.parametrize(
    "tail", [LINE, LINE + b"\n", LINE + b"\n" + LAST_SIGNATURE], ids=["bare", "line", "no newline"]
)
def test_an_unsigned_tail_that_lacks_a_newline_may_be_a_crash(tail: bytes) -> None:
    assert_prefix(one_segment(DATA + tail), 6, torn=len(tail), offset=len(DATA))


def test_a_tail_that_holds_a_record_with_a_successor_is_no_crash() -> None:
    """Two records that lack their newlines: the first of them had been on the disk for good."""
    joined = PAIRS[4].replace(b"\n", b" ") + PAIRS[5].replace(b"\n", b" ")
    prev = joined.rindex(b'"prev":"') + len(b'"prev":"') + 64
    assert_tampered(one_segment(b"".join(PAIRS[:4]) + joined), record=4, offset=BEGINS[4])
    assert_tampered(one_segment(b"".join(PAIRS[:4]) + joined[: prev + 1]), record=4, offset=BEGINS[4])
    assert_prefix(one_segment(b"".join(PAIRS[:4]) + joined[:prev]), 4, torn=prev, offset=BEGINS[4])
