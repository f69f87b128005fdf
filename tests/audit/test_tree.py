"""Hashes, frontier and proofs of the tree, against known answers and against the definition."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, Final

import pytest

from meterlink.audit.tree import (
    EMPTY_ROOT,
    Frontier,
    HashTree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from meterlink.errors import AuditFormatError, ProofError
from tests.audit.known import read_vectors

LARGEST: Final = 600
LEAVES: Final = [leaf_hash(b"%d" % n) for n in range(LARGEST)]

PROBES: Final[list[dict[str, Any]]] = read_vectors("merkle-probes")["probes"]
STRICTER: Final = {
    "test 2": "size 0 grows into size 0",
    "test 3": "size 0 grows into size 1",
    "test 4": "roots that are no hashes",
}
"""What transparency-dev/merkle accepts and we refuse."""


def defined_root(leaves: Sequence[bytes]) -> bytes:
    """The root as RFC 6962 section 2.1 defines it."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(defined_root(leaves[:split]), defined_root(leaves[split:]))


@cache
def tree() -> HashTree:
    grown = HashTree()
    for each in LEAVES:
        grown.append(each)
    return grown


@cache
def root(size: int) -> bytes:
    return defined_root(LEAVES[:size])


# --- known answers --------------------------------------------------------------------------------------------------


def test_roots_that_implementations_of_rfc_6962_share() -> None:
    known = read_vectors("rfc6962-roots")
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT == sha256().digest()
    for leaf, wanted in zip(known["leaves"], known["roots"], strict=True):
        frontier.push(leaf_hash(bytes.fromhex(leaf)))
        assert frontier.root().hex() == wanted


@pytest.mark.parametrize("probe", PROBES, ids=[probe["name"] for probe in PROBES])
def test_a_probe_of_transparency_dev_merkle(probe: dict[str, Any]) -> None:
    wanted = probe["wantErr"] or probe["name"] in STRICTER
    assert refused(probe) is wanted


def refused(probe: dict[str, Any]) -> bool:
    first, second = probe["numbers"]
    one, other = map(bytes.fromhex, probe["hashes"])
    proof = [bytes.fromhex(each) for each in probe["proof"]]
    try:
        if probe["kind"] == "inclusion":
            verify_inclusion(leaf=one, index=first, size=second, proof=proof, root=other)
        else:
            verify_consistency(old_size=first, old_root=one, new_size=second, new_root=other, proof=proof)
    except ProofError:
        return True
    return False


def test_the_probes_hold_good_proofs_and_bad_ones() -> None:
    assert len(PROBES) == 195
    assert sum(not probe["wantErr"] for probe in PROBES) == 14


# --- against the definition -----------------------------------------------------------------------------------------


def test_the_frontier_has_the_root_of_the_definition_at_every_size() -> None:
    frontier = Frontier()
    for size in range(LARGEST + 1):
        assert frontier.root() == root(size) == tree().root(size)
        assert frontier.size == size
        assert len(frontier.hashes) == size.bit_count()
        if size < LARGEST:
            frontier.push(LEAVES[size])


def test_a_frontier_is_remembered_by_its_size_and_hashes() -> None:
    frontier = Frontier()
    for each in LEAVES[:77]:
        frontier.push(each)
    again, other = Frontier(frontier.size, frontier.hashes), frontier.copy()
    for each in LEAVES[77:100]:
        again.push(each)
    assert again.root() == root(100)
    assert other.root() == frontier.root() == root(77)


@pytest.mark.parametrize(
    ("size", "hashes"),
    [(0, [bytes(32)]), (1, []), (3, [bytes(32)]), (4, [bytes(32)] * 2), (1, [bytes(31)]), (-1, [bytes(32)])],
)
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(AuditFormatError, match="This is no frontier of a tree"):
        Frontier(size, hashes)


def test_a_node_is_the_root_of_its_own_records() -> None:
    for level in range(10):
        for index in range(LARGEST >> level):
            start, end = index << level, (index + 1) << level
            assert tree().node(level, index) == defined_root(LEAVES[start:end])
        with pytest.raises(ProofError, match="has no record"):
            tree().node(level, LARGEST >> level)


def test_a_hash_of_another_length_does_not_enter_the_tree() -> None:
    with pytest.raises(AuditFormatError, match="a hash has 31 bytes"):
        HashTree().append(bytes(31))


def test_what_is_not_in_the_tree_cannot_be_asked_for() -> None:
    small = HashTree()
    small.append(LEAVES[0])
    assert small.root() == LEAVES[0]
    assert small.root(0) == EMPTY_ROOT
    with pytest.raises(ProofError, match="there are 1 records, so there is no root of 2"):
        small.root(2)
    with pytest.raises(ProofError, match="a tree of 1 records has no record 1"):
        small.inclusion(1, 1)
    with pytest.raises(ProofError, match="a tree of 0 records does not grow"):
        small.consistency(0, 1)
    with pytest.raises(ProofError, match="there is no root of 2"):
        small.inclusion(0, 2)
    with pytest.raises(ProofError, match="there is no root of 2"):
        small.consistency(1, 2)


# --- proofs, right and spoilt ---------------------------------------------------------------------------------------


def sizes_and_places() -> Iterator[tuple[int, int]]:
    """(place, size) for all sizes up to 64, and some beyond; place counts from 0."""
    for size in range(1, 65):
        yield from ((place, size) for place in range(size))
    dice = random.Random(6962)
    for _ in range(400):
        size = dice.randint(65, LARGEST)
        yield dice.randrange(size), size


def spoilt(proof: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The proof with each hash flipped, dropped, doubled, swapped with its neighbour, and one hash added anywhere."""
    hashes = list(proof)
    for i, each in enumerate(hashes):
        yield [*hashes[:i], bytes([each[0] ^ 1]) + each[1:], *hashes[i + 1 :]]
        yield [*hashes[:i], each[:31] + bytes([each[31] ^ 0x80]), *hashes[i + 1 :]]
        yield [*hashes[:i], *hashes[i + 1 :]]
        yield [*hashes[:i], each, *hashes[i:]]
        if i:
            yield [*hashes[: i - 1], each, hashes[i - 1], *hashes[i + 1 :]]
    for i in range(len(hashes) + 1):
        yield [*hashes[:i], LEAVES[-1], *hashes[i:]]
    yield [*hashes, b""]


def test_every_proof_of_a_record_holds_and_none_that_is_spoilt() -> None:
    for index, size in sizes_and_places():
        proof = tree().inclusion(index, size)
        verify_inclusion(leaf=LEAVES[index], index=index, size=size, proof=proof, root=root(size))
        for wrong in spoilt(proof):
            with pytest.raises(ProofError):
                verify_inclusion(leaf=LEAVES[index], index=index, size=size, proof=wrong, root=root(size))


def test_every_proof_of_growth_holds_and_none_that_is_spoilt() -> None:
    for place, new_size in sizes_and_places():
        old_size = place + 1
        proof = tree().consistency(old_size, new_size)
        roots = {"old_root": root(old_size), "new_root": root(new_size)}
        verify_consistency(old_size=old_size, new_size=new_size, proof=proof, **roots)
        for wrong in spoilt(proof):
            with pytest.raises(ProofError):
                verify_consistency(old_size=old_size, new_size=new_size, proof=wrong, **roots)


def test_a_proof_of_a_record_holds_for_no_other_record_or_root() -> None:
    for index, size in sizes_and_places():
        right = {"leaf": LEAVES[index], "root": root(size)}
        proof = tree().inclusion(index, size)
        for other in {index - 1, index + 1, index ^ 2, size, -1} - {index}:
            with pytest.raises(ProofError):
                verify_inclusion(index=other, size=size, proof=proof, **right)
        for wrong in ({"leaf": LEAVES[-1]}, {"root": root(size - 1)}, {"root": root(size)[:31]}, {"leaf": b""}):
            with pytest.raises(ProofError):
                verify_inclusion(index=index, size=size, proof=proof, **{**right, **wrong})


def test_a_proof_of_growth_holds_for_no_other_roots() -> None:
    for place, new_size in sizes_and_places():
        old_size = place + 1
        right = {"old_root": root(old_size), "new_root": root(new_size)}
        proof = tree().consistency(old_size, new_size)
        for wrong in ({"old_root": root(place)}, {"new_root": root(new_size - 1)}, {"new_root": b""}):
            with pytest.raises(ProofError):
                verify_consistency(old_size=old_size, new_size=new_size, proof=proof, **{**right, **wrong})


def test_sizes_without_growth() -> None:
    known = {"old_root": root(5), "new_root": root(5)}
    verify_consistency(old_size=5, new_size=5, proof=(), **known)
    with pytest.raises(ProofError, match="too many hashes"):
        verify_consistency(old_size=5, new_size=5, proof=(root(5),), **known)
    with pytest.raises(ProofError, match="leads to another root"):
        verify_consistency(old_size=5, new_size=5, proof=(), old_root=root(5), new_root=root(6))
    for old_size, new_size in ((0, 0), (0, 5), (6, 5), (-1, 5)):
        with pytest.raises(ProofError, match="does not grow into"):
            verify_consistency(old_size=old_size, new_size=new_size, proof=(), **known)


def test_proofs_cost_no_more_than_their_length() -> None:
    assert all(len(tree().inclusion(index, LARGEST)) <= 10 for index in range(LARGEST))
    assert all(len(tree().consistency(size, LARGEST)) <= 11 for size in range(1, LARGEST))
