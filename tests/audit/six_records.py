"""A small log of six records with a change of key in it, and where damage to it must show."""

from __future__ import annotations

from typing import Final

from meterlink.audit.chain import Head
from meterlink.audit.keys import PrivateKey, key_from_seed
from meterlink.audit.scan import Signatures
from meterlink.audit.segments import segment_name
from meterlink.audit.tree import Frontier, leaf_hash
from meterlink.audit.verify import Report, verify_log
from meterlink.errors import ChainBrokenError, LogBehindError, LogTornError
from tests.audit.logs import METER, Forger, MemoryBytes, new_forger

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


def forger_after(size: int, key: PrivateKey) -> Forger:
    """Whoever holds this key and goes on behind the first records."""
    forger = Forger(ORIGIN, key)
    for pair in PAIRS[:size]:
        forger.take(pair)
    return forger
