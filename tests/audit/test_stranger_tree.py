"""Go's tlog and our tree agree on every root and every proof."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import pytest

from meterlink.audit.strict_text import encode_base64
from meterlink.audit.tree import HashTree, leaf_hash
from tests.audit.strangers import ask_go

LARGEST: Final = 600


@pytest.fixture(scope="module")
def tree() -> HashTree:
    grown = HashTree()
    for n in range(LARGEST):
        grown.append(leaf_hash(b"%d" % n))
    return grown


def proofs(tree: HashTree, size: int) -> str:
    """All proofs of the tree of that size, as the Go program prints them."""
    lines = []
    for n in range(size):
        inclusion, growth = tree.inclusion(n, size), tree.consistency(n + 1, size)
        lines.append(f"inclusion {n} {','.join(map(encode_base64, inclusion))}\n")
        lines.append(f"consistency {n + 1} {','.join(map(encode_base64, growth))}\n")
    return "".join(lines)


def test_every_root_is_that_of_go(tree: HashTree) -> None:
    roots = [encode_base64(tree.root(size)) for size in range(LARGEST + 1)]
    assert ask_go("roots", str(LARGEST)).split("\n") == [*roots, ""]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 255, 256, 257, 511, 600])
def test_every_proof_is_that_of_go(tree: HashTree, size: int) -> None:
    assert ask_go("proofs", str(size)) == proofs(tree, size)


def test_every_proof_up_to_300_records_is_that_of_go(tree: HashTree) -> None:
    digests = [sha256(proofs(tree, size).encode()).hexdigest() for size in range(1, 301)]
    assert ask_go("digests", "300").split("\n") == [*digests, ""]
