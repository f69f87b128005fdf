"""Every cut, every flipped bit and every order of the records of a small log, and the attacks of whoever holds a key.

The whole set (METERLINK_LONG=1) is 30,000 flips; otherwise one bit of every byte is flipped. What no log alone can
notice is asserted too, so that the table of docs/audit-log.md stays honest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Final

import pytest

from meterlink.audit import scan as scan_module
from meterlink.audit.chain import Chain, Head
from meterlink.audit.keys import PrivateKey, key_from_seed
from meterlink.audit.scan import Signatures
from meterlink.audit.segments import first_index, pairs as pairs_in, segment_name
from meterlink.audit.tree import Frontier, leaf_hash
from meterlink.audit.verify import Report, verify_log
from meterlink.errors import ChainBrokenError, LogBehindError, LogTornError
from tests.audit.logs import METER, Forger, MemoryBytes, new_forger, renumbered

LONG: Final = pytest.mark.skipif(not os.environ.get("METERLINK_LONG"), reason="METERLINK_LONG=1 runs the whole set")

OLD_KEY, NEW_KEY, STRANGER = (key_from_seed(bytes([number]) * 32) for number in (1, 2, 3))
FIRST_OF_SECOND_SEGMENT: Final = 3


def six_records(text: str = "012345.67") -> list[bytes]:
    """A log of six records with a change of key in it."""
    forger = new_forger(bytes([1]) * 32)
    vkeys = [key.vkey(forger.origin).text for key in (OLD_KEY, NEW_KEY)]
    frames = [{"i": 0, "bytes": "0a00****", "parameter": "tariff-1", "old": "1", "new": "2"}]
    pairs = [
        forger.pair("log.open", {"format": 1, "vkey": vkeys[0], "install": "7" * 32}),
        forger.pair("read", {"purpose": "before", "t1": text}, work="w-17", actor="p-3"),
        forger.pair(
            "intent", {"operation": "set tariffs", "part": 1, "parts": 1, "frames": frames, "meter": METER}, work="w-17"
        ),
        forger.pair("outcome", {"of": 2, "i": 0, "result": "ok", "ms": 31}, work="w-17"),
        forger.pair("key.rotate", {"vkey": vkeys[1], "reason": "записи"}),
    ]
    forger.key = NEW_KEY
    return [*pairs, forger.pair("epoch.open", {"vkey": vkeys[1], "epoch": 1})]


PAIRS: Final = six_records()
DATA: Final = b"".join(PAIRS)
BEGINS: Final = [len(b"".join(PAIRS[:index])) for index in range(len(PAIRS) + 1)]
ORIGIN: Final = new_forger(bytes([1]) * 32).origin


def root_of(pairs: list[bytes]) -> bytes:
    frontier = Frontier()
    for pair in pairs:
        frontier.push(leaf_hash(pair.split(b"\n")[0]))
    return frontier.root()


HEAD: Final = Head(size=6, root=root_of(PAIRS), source="the printed act")


def one_segment(data: bytes) -> MemoryBytes:
    return MemoryBytes.of(data)


def two_segments(pairs: list[bytes], split: int = FIRST_OF_SECOND_SEGMENT) -> dict[str, bytes]:
    return {segment_name(0): b"".join(pairs[:split]), segment_name(split): b"".join(pairs[split:])}


def verified(log: MemoryBytes, *heads: Head, signatures: Signatures = "all") -> Report:
    return verify_log(log, claims=lambda chain: [*heads, *chain.anchors], signatures=signatures)


def assert_tampered(log: MemoryBytes, record: int, offset: int, segment: str = segment_name(0)) -> None:
    """Broken at this place, with a remembered head or without."""
    for heads in ((), (HEAD,)):
        report = verified(log, *heads)
        error = report.findings[0]
        assert report.state == "tampered"
        assert isinstance(error, ChainBrokenError)
        assert (error.record, error.segment, error.offset) == (record, segment, offset)


def assert_prefix(log: MemoryBytes, size: int, torn: int, offset: int, segment: str = segment_name(0)) -> None:
    """Exactly the first records and a torn rest; a remembered head notices it."""
    report = verified(log)
    assert (report.chain.size, report.chain.frontier.root()) == (size, root_of(PAIRS[:size]))
    if torn:
        error = report.findings[0]
        assert isinstance(error, LogTornError)
        assert (error.record, error.segment, error.offset, error.count) == (size, segment, offset, torn)
    else:
        assert report.state in ("ok", "in-doubt")
    with_head = verified(log, HEAD)
    if size < HEAD.size:
        error = with_head.findings[0]
        assert isinstance(error, LogBehindError)
        assert (error.size, error.seen, error.source) == (size, 6, "the printed act")


def test_the_whole_log_is_sound() -> None:
    for log in (one_segment(DATA), MemoryBytes(two_segments(PAIRS))):
        report = verified(log, HEAD)
        assert (report.state, report.chain.size, report.chain.epoch) == ("ok", 6, 1)


# --- every byte -----------------------------------------------------------------------------------------------------


def test_cut_at_every_byte() -> None:
    for end in range(1, len(DATA)):
        size = sum(begin <= end for begin in BEGINS[1:])
        assert_prefix(one_segment(DATA[:end]), size, torn=end - BEGINS[size], offset=BEGINS[size])


def test_cut_at_every_byte_of_the_last_of_two_segments() -> None:
    first, second = two_segments(PAIRS).items()
    split = BEGINS[FIRST_OF_SECOND_SEGMENT]
    for end in range(split, len(DATA)):
        size = sum(begin <= end for begin in BEGINS[1:])
        log = MemoryBytes(dict([first, (second[0], second[1][: end - split])]))
        assert_prefix(log, size, torn=end - BEGINS[size], offset=BEGINS[size] - split, segment=second[0])


def test_cut_at_every_byte_of_the_first_of_two_segments() -> None:
    """A crash cannot do that: the second one stands behind."""
    (name, data), second = two_segments(PAIRS).items()
    for end in range(len(data)):
        size = sum(begin <= end for begin in BEGINS[1:])
        log = MemoryBytes(dict([(name, data[:end]), second]))
        if end == BEGINS[size]:
            assert_tampered(log, record=size, offset=0, segment=second[0])
        else:
            assert_tampered(log, record=size, offset=BEGINS[size])


def flips(bits: Callable[[int], range | tuple[int, ...]]) -> Iterator[tuple[int, int]]:
    return ((index, bit) for index in range(len(DATA)) for bit in bits(index))


def assert_flip_noticed(index: int, bit: int) -> None:
    changed = DATA[:index] + bytes([DATA[index] ^ 1 << bit]) + DATA[index + 1 :]
    record = sum(begin <= index for begin in BEGINS[1:])
    if record == len(PAIRS) - 1 and DATA[index : index + 1] == b"\n":
        assert_prefix(one_segment(changed), record, torn=len(PAIRS[record]), offset=BEGINS[record])
    else:
        assert_tampered(one_segment(changed), record=record, offset=BEGINS[record])


def test_one_bit_of_every_byte_flipped() -> None:
    for index, bit in flips(lambda index: (index % 8,)):
        assert_flip_noticed(index, bit)


def test_every_bit_of_a_newline_flipped() -> None:
    """The two of the last pair look as if a crash had lost them, all others are tampering."""
    newlines = [index for index in range(len(DATA)) if DATA[index : index + 1] == b"\n"]
    assert len(newlines) == 12
    for index in newlines:
        for bit in range(8):
            assert_flip_noticed(index, bit)


@LONG
def test_every_bit_of_every_byte_flipped() -> None:
    for index, bit in flips(lambda index: range(8)):
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
    for begin in range(0, BEGINS[5] - count, 1 + count):
        record = sum(each <= begin for each in BEGINS[1:])
        assert_tampered(one_segment(DATA[:begin] + DATA[begin + count :]), record=record, offset=BEGINS[record])


def test_a_byte_put_in_anywhere() -> None:
    for index in range(BEGINS[5]):
        record = sum(each <= index for each in BEGINS[1:])
        for byte in (b"0", b"\n")[index % 2 :][:1]:
            changed = DATA[:index] + byte + DATA[index:]
            if changed[: index + 1] == DATA[: index + 1]:  # put in before its like: it changes what follows
                record = sum(each <= index + 1 for each in BEGINS[1:])
            assert_tampered(one_segment(changed), record=record, offset=BEGINS[record])


def test_the_quick_look_sees_a_flip_in_any_record_and_in_the_last_signature() -> None:
    """With `signatures="last"` earlier signatures are not looked at, but for those that hand over to the next key."""
    for record, pair in enumerate(PAIRS):
        middle = pair.index(b"\n")
        seen = range(len(pair)) if record == len(PAIRS) - 1 else range(middle + 1)
        for at in seen:
            index = BEGINS[record] + at
            changed = DATA[:index] + bytes([DATA[index] ^ 1 << index % 8]) + DATA[index + 1 :]
            assert verified(one_segment(changed), signatures="last").state in ("tampered", "torn")
        if record < 4:
            unseen = BEGINS[record] + len(pair) - 20
            changed = DATA[:unseen] + (b"B" if DATA[unseen : unseen + 1] == b"A" else b"A") + DATA[unseen + 1 :]
            assert verified(one_segment(changed), signatures="last").state == "ok"
            assert_tampered(one_segment(changed), record=record, offset=BEGINS[record])


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


@pytest.mark.parametrize("first", range(5))
@pytest.mark.parametrize("count", [2, 3], ids=str)
def test_several_records_removed(first: int, count: int) -> None:
    if first + count < len(PAIRS):
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


# --- keys -----------------------------------------------------------------------------------------------------------


def forger_after(size: int, key: PrivateKey) -> Forger:
    """Whoever holds this key and goes on behind the first records."""
    forger = Forger(ORIGIN, key)
    for pair in PAIRS[:size]:
        forger.take(pair)
    return forger


def resealed(forger: Forger, pairs: list[bytes], claimed: PrivateKey | None = None) -> list[bytes]:
    """The same records once more, each following the one before it."""
    return [forger.seal(renumbered(pair, prev=forger.prev.hex()), claimed) for pair in pairs]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """What somebody makes of the log with a key that he holds, and where it shows."""

    name: str
    pairs: Callable[[], list[bytes]]
    record: int

    def __str__(self) -> str:
        return self.name


def edited_and_resealed(key: PrivateKey, claimed: PrivateKey | None) -> list[bytes]:
    forger = forger_after(1, key)
    lie = forger.seal(renumbered(PAIRS[1], d={"purpose": "before", "t1": "000000.00"}), claimed)
    pairs = [*PAIRS[:1], lie, *resealed(forger, PAIRS[2:5], claimed)]
    forger.key = NEW_KEY
    return [*pairs, *resealed(forger, PAIRS[5:])]


def rotated_by(key: PrivateKey) -> list[bytes]:
    """Cut off before the change of key, gone on with a change of key of one's own."""
    forger = forger_after(4, key)
    vkey = STRANGER.vkey(ORIGIN).text
    rotate = forger.pair("key.rotate", {"vkey": vkey, "reason": "work.close"})
    forger.key = STRANGER
    return [*PAIRS[:4], rotate, forger.pair("epoch.open", {"vkey": vkey, "epoch": 1})]


def named(type_: str, key: PrivateKey, *, signed: PrivateKey, after: int) -> list[bytes]:
    forger = forger_after(after, signed)
    return [*PAIRS[:after], forger.pair(type_, {"vkey": key.vkey(ORIGIN).text, "epoch": 1, "reason": "x"})]


def no_proof() -> list[bytes]:
    """The change of key without epoch.open."""
    return [*PAIRS[:5], forger_after(5, NEW_KEY).pair("read", {"t1": "1"})]


def back_to_the_old_key() -> list[bytes]:
    forger = forger_after(6, NEW_KEY)
    return [*PAIRS, forger.pair("key.rotate", {"vkey": OLD_KEY.vkey(ORIGIN).text, "reason": "x"})]


def key_of_another_name() -> list[bytes]:
    forger = forger_after(6, NEW_KEY)
    return [*PAIRS, forger.pair("key.rotate", {"vkey": STRANGER.vkey("example.com/ml/other").text, "reason": "x"})]


ATTACKS: Final = (
    Attack(name="old work, re-sealed with the new key", pairs=lambda: edited_and_resealed(NEW_KEY, None), record=1),
    Attack(
        name="old work, re-sealed with the new key under the id of the old one",
        pairs=lambda: edited_and_resealed(NEW_KEY, OLD_KEY),
        record=1,
    ),
    Attack(
        name="old work under a true signature of the new key",
        pairs=lambda: [*PAIRS[:3], *resealed(forger_after(3, NEW_KEY), PAIRS[3:])],
        record=3,
    ),
    Attack(
        name="the new epoch signed by the old key",
        pairs=lambda: [*PAIRS[:5], *resealed(forger_after(5, OLD_KEY), PAIRS[5:])],
        record=5,
    ),
    Attack(name="cut at the epoch, gone on with the new key", pairs=lambda: rotated_by(NEW_KEY), record=4),
    Attack(name="cut at the epoch, gone on with a stranger's key", pairs=lambda: rotated_by(STRANGER), record=4),
    Attack(
        name="cut at the epoch, a record of the new key",
        pairs=lambda: [*PAIRS[:4], forger_after(4, NEW_KEY).pair("read", {"t1": "1"})],
        record=4,
    ),
    Attack(name="a key that nobody proved to hold", pairs=no_proof, record=5),
    Attack(
        name="an epoch opened under another key than the announced",
        pairs=lambda: named("epoch.open", STRANGER, signed=NEW_KEY, after=5),
        record=5,
    ),
    Attack(
        name="an epoch opened that nobody announced",
        pairs=lambda: named("epoch.open", OLD_KEY, signed=OLD_KEY, after=4),
        record=4,
    ),
    Attack(name="a key that was in force before", pairs=back_to_the_old_key, record=6),
    Attack(
        name="the key in force announced again",
        pairs=lambda: named("key.rotate", NEW_KEY, signed=NEW_KEY, after=6),
        record=6,
    ),
    Attack(name="a key of another name", pairs=key_of_another_name, record=6),
    Attack(
        name="a record of the old key behind the new epoch",
        pairs=lambda: [*PAIRS, forger_after(6, OLD_KEY).pair("read", {"t1": "1"})],
        record=6,
    ),
    Attack(
        name="a second beginning",
        pairs=lambda: named("log.open", NEW_KEY, signed=NEW_KEY, after=6),
        record=6,
    ),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_a_key_at_the_wrong_place(attack: Attack) -> None:
    pairs = attack.pairs()
    offset = len(b"".join(pairs[: attack.record]))
    assert_tampered(one_segment(b"".join(pairs)), record=attack.record, offset=offset)


def test_no_log_alone_notices_lies_in_the_epoch_of_a_stolen_key() -> None:
    forger = forger_after(5, NEW_KEY)
    pairs = [*PAIRS[:5], *resealed(forger, PAIRS[5:]), forger.pair("read", {"t1": "000000.00"})]
    assert verified(one_segment(b"".join(pairs))).state == "ok"


def test_an_epoch_without_records_is_sound() -> None:
    forger = forger_after(6, NEW_KEY)
    vkey = STRANGER.vkey(ORIGIN).text
    pairs = [*PAIRS, forger.pair("key.rotate", {"vkey": vkey, "reason": "x"})]
    forger.key = STRANGER
    pairs.append(forger.pair("epoch.open", {"vkey": vkey, "epoch": 2}))
    assert verified(one_segment(b"".join(pairs)), HEAD).state == "ok"


def test_a_log_under_a_name_that_is_not_its_key_s() -> None:
    forger = Forger("example.com/ml/00000000", OLD_KEY)
    pair = forger.pair("log.open", {"format": 1, "vkey": OLD_KEY.vkey(forger.origin).text})
    assert verified(one_segment(pair)).findings[0].facts()["record"] == 0


@dataclass(frozen=True, kw_only=True)
class Trust:
    """A key that the asker has from elsewhere, and whether this log has anything to do with it."""

    name: str
    key: PrivateKey
    origin: str = ORIGIN
    state: str = "ok"

    def __str__(self) -> str:
        return self.name


@pytest.mark.parametrize(
    "trust",
    [
        Trust(name="the first key", key=OLD_KEY),
        Trust(name="a later key", key=NEW_KEY),
        Trust(name="a stranger's", key=STRANGER, state="tampered"),
        Trust(name="under another name", key=OLD_KEY, origin="example.com/ml/00000000", state="tampered"),
    ],
    ids=str,
)
def test_a_whole_log_of_somebody_else_is_told_by_the_key_from_elsewhere(trust: Trust) -> None:
    report = verify_log(one_segment(DATA), trusted=[trust.key.vkey(trust.origin)])
    assert report.state == trust.state


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


# --- records of a later meterlink, and crafted ones -----------------------------------------------------------------


def test_a_record_of_a_later_version_is_kept_and_verified() -> None:
    forger = forger_after(6, NEW_KEY)
    later = forger.pair("read", {}, v=2, t=5, more=["x"])
    log = one_segment(DATA + later + forger.pair("read", {"t1": "1"}))
    assert (verified(log).state, verified(log).chain.size) == ("ok", 8)


@pytest.mark.parametrize(
    "type_", ["key.rotate", "anchor", "intent", "outcome", "verify", "log.recovered", "epoch.open"]
)
@pytest.mark.parametrize("signatures", ["all", "last"])
def test_a_crafted_record_of_a_later_version_breaks_nothing(type_: str, signatures: Signatures) -> None:
    """Whatever its words mean there, here they are not acted on."""
    forger = forger_after(6, NEW_KEY)
    log = one_segment(DATA + forger.pair(type_, {}, v=2) + forger.pair("read", {"t1": "1"}))
    assert verified(log, signatures=signatures).chain.size == 8


@pytest.mark.parametrize("signatures", ["all", "last"])
@pytest.mark.parametrize(
    "office",
    [
        5,
        True,
        "x",
        {},
        [5, "x"],
    ],
    ids=str,
)
def test_a_first_record_that_names_its_office_in_another_form(office: object, signatures: Signatures) -> None:
    """It verifies or is refused; in no case anything else happens."""
    forger = new_forger(bytes([1]) * 32)
    vkey = OLD_KEY.vkey(ORIGIN).text
    log = one_segment(forger.pair("log.open", {"format": 1, "vkey": vkey, "office": office}))
    report = verify_log(log, signatures=signatures)
    assert report.state in ("ok", "tampered")
    assert report.chain.office in ((), ("x",))


def test_what_follows_the_end_of_a_log_is_tampered() -> None:
    forger = forger_after(6, NEW_KEY)
    end = forger.pair("log.end", {"reason": "fork"})
    assert verified(one_segment(DATA + end)).state == "ok"
    assert_tampered(one_segment(DATA + end + forger.pair("read", {"t1": "1"})), record=7, offset=len(DATA + end))


@pytest.mark.parametrize("size", [0, 7, 99], ids=str)
def test_an_anchor_of_records_that_do_not_stand_before_it(size: int) -> None:
    pair = forger_after(6, NEW_KEY).pair("anchor", {"size": size, "root": "A" * 43 + "="})
    assert_tampered(one_segment(DATA + pair), record=6, offset=len(DATA))


def test_a_fault_before_a_head_hides_no_fork() -> None:
    """The records before the head are another history, and something behind it is broken too."""
    fork = six_records("99999.99")
    report = verified(one_segment(b"".join(fork) + b"\n\n"), Head(size=3, root=root_of(PAIRS[:3]), source="the act"))
    assert [error.state for error in report.findings] == ["tampered", "fork"]


def test_the_claims_are_asked_for_with_the_chain_that_was_read() -> None:
    asked: list[Chain] = []

    def claims(chain: Chain) -> list[Head]:
        asked.append(chain)
        return []

    verify_log(one_segment(DATA), claims=claims)
    assert [(chain.origin, chain.size) for chain in asked] == [(ORIGIN, 6)]
