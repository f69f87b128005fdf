"""Three programs agree about spoiled logs: every byte, every order, keys and segments."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from meterlink.audit.folder import FolderBytes, LogFolder
from meterlink.audit.fsio import Disk
from meterlink.audit.segments import LogBytes, segment_name
from meterlink.audit.verify import verify_log
from tests.audit.logs import MemoryBytes, renumbered
from tests.audit.three_programs import LONG, OK, TAMPERED, TORN, Small, ask_bytes, ask_log, write_log


def test_every_flipped_bit(tmp_path: Path, small: Small) -> None:
    """Torn: one of the newlines of the last pair is gone; to the Go program that is bad like all else."""
    data = small.data
    newlines = {small.edges[-2] + small.pairs[-1].index(b"\n"), len(data) - 1}
    bits = [(at, bit) for at in range(len(data)) for bit in range(8)]
    for at, bit in bits if LONG else [*bits[:: 8 * 26 + 5], *((at, 2) for at in newlines)]:
        bad = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        assert ask_bytes(tmp_path, small.key, bad) == (TORN if at in newlines else TAMPERED), (at, bit)


def test_every_cut(tmp_path: Path, small: Small) -> None:
    """Ok: whole records were taken from the end, which nobody sees without a head. A log is nothing without one."""
    data, edges = small.data, small.edges
    sample = {*range(0, len(data), 61), *edges[:-1], *(edge - 1 for edge in edges), *(edge + 1 for edge in edges[:-1])}
    for length in range(len(data)) if LONG else sorted(sample):
        expected = OK if length in edges else TORN if length > edges[0] else TAMPERED
        assert ask_bytes(tmp_path, small.key, data[:length]) == expected, length


def test_lost_sectors(tmp_path: Path, small: Small) -> None:
    forger = small.forger(6, small.keys[1])
    start, data = len(small.data), small.data + forger.pair("log.note", {"text": "x" * 1500})
    edge = -(-start // 512) * 512
    for begin, end, expected in (
        (edge, edge + 512, TORN),
        (start, edge, TORN),
        (edge + 512, len(data), TORN),
        (edge + 1, edge + 512, TAMPERED),
        (edge, edge + 511, TAMPERED),
        (512, 1024, TAMPERED),
        (edge - 512, edge, TAMPERED),
    ):
        bad = data[:begin] + bytes(end - begin) + data[end:]
        assert ask_bytes(tmp_path, small.key, bad) == expected, (begin, end)


def test_what_a_crash_never_leaves(tmp_path: Path, small: Small) -> None:
    """The last record with its newline taken away, and behind it bytes that make it look like one cut append."""
    line = small.pairs[5].split(b"\n")[0]
    whole = b"".join(small.pairs[:5])
    follower = small.forger(6, small.keys[1]).line("log.note", {})
    for rest, expected in (
        (line, TORN),
        (line + line, TORN),
        (line + follower, TAMPERED),
        (line + b"\n" + follower, TAMPERED),
        (b"x" * 33_792, TORN),
        (b"x" * 33_793, TAMPERED),
        (b"\0" * 700, TORN),
    ):
        assert ask_bytes(tmp_path, small.key, whole + rest) == expected, rest[-40:]


def orders() -> Iterator[tuple[tuple[int, ...], bool]]:
    """Other sequences of the six records, and whether all that is wrong is that the last ones are missing."""
    every = tuple(range(6))
    permuted = [order for order in itertools.permutations(every) if order != every]
    for order in permuted if LONG else permuted[::19]:
        yield order, False
    for i in every:
        yield every[:i] + every[i + 1 :], i == 5
        yield every[: i + 1] + every[i:], False
        yield (*every, i), False
        yield every[:i] + every[i + 2 :], i >= 4
    yield every + every, False


def test_every_order(tmp_path: Path, small: Small) -> None:
    for order, only_cut in orders():
        data = b"".join(small.pairs[i] for i in order)
        assert ask_bytes(tmp_path, small.key, data) == (OK if only_cut else TAMPERED), order


def test_every_splice_from_another_log(tmp_path: Path, smalls: tuple[Small, Small]) -> None:
    ours, other = smalls
    for i in range(6):
        for data in (
            [*ours.pairs[:i], other.pairs[i], *ours.pairs[i + 1 :]],
            [*ours.pairs[: i + 1], *other.pairs[i + 1 :]] if i < 5 else [*ours.pairs, other.pairs[0]],
            [*other.pairs[: i + 1], *ours.pairs[i + 1 :]],
            [*ours.pairs[:i], other.pairs[i], *ours.pairs[i:]],
        ):
            assert ask_bytes(tmp_path, ours.key, b"".join(data)) == TAMPERED, i
    lines = [pair.split(b"\n") for pair in ours.pairs]
    strange = [pair.split(b"\n") for pair in other.pairs]
    for i in range(6):
        pairs = [(line[0], (strange if n == i else lines)[n][1]) for n, line in enumerate(lines)]
        assert ask_bytes(tmp_path, ours.key, b"".join(b"%s\n%s\n" % pair for pair in pairs)) == TAMPERED, i


@pytest.mark.parametrize(("index", "epoch"), [(0, 1), (1, 1), (2, 1), (3, 0), (4, 0), (5, 0)])
def test_a_seal_by_the_key_of_another_epoch(tmp_path: Path, small: Small, index: int, epoch: int) -> None:
    """The same record, sealed anew with a key that the log knows, and the same with another text."""
    for text in (None, "other"):
        forger = small.forger(index, small.keys[epoch])
        line = small.pairs[index].split(b"\n")[0]
        line = line if text is None or index in (0, 2, 3) else renumbered(small.pairs[index], d={"text": text})
        for claimed in (None, small.keys[1 - epoch]):
            again = small.forger(index, small.keys[epoch]).seal(line, claimed)
            assert ask_bytes(tmp_path, small.key, b"".join(small.pairs[:index]) + again) == TAMPERED
        forged = [*small.pairs[:index], forger.seal(line), *small.pairs[index + 1 :]]
        assert ask_bytes(tmp_path, small.key, b"".join(forged)) == TAMPERED


def test_todays_key_rewrites_nothing_closed_but_todays_epoch(tmp_path: Path, small: Small) -> None:
    """Whoever holds the key in force can rewrite what it signed, and only a head from elsewhere tells."""
    for index in range(1, 6):
        forger = small.forger(index, small.keys[1])
        forged = list(small.pairs[:index])
        for pair in small.pairs[index:]:
            line = renumbered(pair, prev=forger.prev.hex(), t="2025-01-01T00:00:00.000Z")
            forged.append(forger.seal(line))
        expected = OK if index >= 3 else TAMPERED
        assert ask_bytes(tmp_path, small.key, b"".join(forged)) == expected, index


def test_an_unsigned_tail(tmp_path: Path, small: Small) -> None:
    """One record without its seal is what a crash leaves; anything longer, or with a false seal, is not."""
    forger = small.forger(6, small.keys[1])
    one = forger.line("log.note", {"text": "4"})
    sealed = forger.seal(one)
    two = forger.line("log.note", {"text": "5"})
    signature = small.pairs[5].split(b"\n")[1]
    for tail, expected in (
        (one + b"\n", TORN),
        (one + b"\n" + signature, TORN),
        (one + b"\n" + signature + b"\n", TAMPERED),
        (one + b"\n\n", TAMPERED),
        (one + b"\n" + two + b"\n", TAMPERED),
        (sealed + two + b"\n", TORN),
        (sealed, OK),
    ):
        assert ask_bytes(tmp_path, small.key, small.data + tail) == expected, tail


def test_nothing_follows_the_end(tmp_path: Path, small: Small) -> None:
    forger = small.forger(6, small.keys[1])
    ended = small.data + forger.pair("log.end", {"reason": "r"})
    line = forger.line("log.note", {})
    assert ask_bytes(tmp_path, small.key, ended) == OK
    for rest in (b"\0", line[:30], line, line + b"\n", forger.seal(line)):
        assert ask_bytes(tmp_path, small.key, ended + rest) == TAMPERED, rest


def test_segments_that_are_missing_renamed_or_cut(tmp_path: Path, small: Small) -> None:
    parts = {segment_name(i): b"".join(small.pairs[i : i + 2]) for i in (0, 2, 4)}
    first, second, last = sorted(parts)
    assert ask_log(write_log(tmp_path, parts), small.key) == OK
    for segments, expected in (
        ({first: parts[first], last: parts[last]}, TAMPERED),
        ({second: parts[second], last: parts[last]}, TAMPERED),
        ({first: parts[first], second: parts[second]}, OK),
        ({first: parts[first], second: parts[last], last: parts[second]}, TAMPERED),
        ({first: parts[first], segment_name(3): parts[second], last: parts[last]}, TAMPERED),
        (parts | {first: parts[first][:-1]}, TAMPERED),
        (parts | {first: b""}, TAMPERED),
        (parts | {second: parts[second] + b"\0"}, TAMPERED),
        (parts | {second: parts[second] + parts[last]}, TAMPERED),
        (parts | {last: parts[last][:-1]}, TORN),
        (parts | {segment_name(5): b""}, TAMPERED),
        (parts | {segment_name(6): b"x"}, TORN),
    ):
        assert ask_log(write_log(tmp_path, segments), small.key) == expected, list(segments)


def test_another_first_key(tmp_path: Path, smalls: tuple[Small, Small]) -> None:
    assert ask_bytes(tmp_path, smalls[1].key, smalls[0].data) == TAMPERED


def test_memory_and_folder_are_read_alike(tmp_path: Path, small: Small) -> None:
    logs: Sequence[LogBytes] = (
        MemoryBytes.of(small.data),
        FolderBytes(Disk(), LogFolder(write_log(tmp_path, {segment_name(0): small.data}))),
    )
    first, second = (verify_log(log).chain.checkpoint() for log in logs)
    assert first == second
