"""The Merkle tree over the records of a log: hashes, the frontier that grows with each record, proofs.

Not here: what a record is and who signed a root. Nothing is read, written or decided by time.

leaf hash   SHA-256(00 || record)
node hash   SHA-256(01 || left || right), split at the largest power of two below the size
root of 0   SHA-256 of nothing

Sizes and indexes count records from 0. A proof has exactly the hashes that its numbers ask for. A proof of growth
from size 0 is refused: it would say nothing about the log that it is shown for.

Source: RFC 6962 section 2.1; RFC 9162 sections 2.1.1 to 2.1.4 [A]; docs/audit-format.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

from meterlink.errors import AuditFormatError, ProofError

HASH_SIZE: Final = 32
EMPTY_ROOT: Final[bytes] = sha256(b"").digest()
"""Root of the tree without records."""

MOST_HASHES: Final = 63
"""No proof is longer, because sizes are below 2^63."""

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"

_INCLUSION: Final = "inclusion proof"
_CONSISTENCY: Final = "consistency proof"
_TREE: Final = "tree"
_FRONTIER: Final = "frontier of a tree"
_WRONG_COUNT: Final = "size {size} has {wanted} hashes, not {found}"
_WRONG_LENGTH: Final = "a hash has {found} bytes, not 32"
_NO_SUCH_INDEX: Final = "a tree of {size} records has no record {index}"
_NO_SUCH_GROWTH: Final = "a tree of {old} records does not grow into one of {new}"
_NO_SUCH_SIZE: Final = "there are {size} records, so there is no root of {asked}"
_TOO_FEW: Final = "it has too few hashes"
_TOO_MANY: Final = "it has too many hashes"
_WRONG_ROOT: Final = "it leads to another root"
_WRONG_OLD_ROOT: Final = "it leads to another root of the smaller tree"


def leaf_hash(leaf: bytes) -> bytes:
    """The hash under which a record stands in the tree; `leaf` is its line without the newline."""
    return sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(_NODE + left + right).digest()


class Frontier:
    """What a tree must remember to grow: the roots of its perfect subtrees, largest first."""

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """An empty tree, or one as remembered; AuditFormatError when the hashes do not fit the size."""
        if size < 0 or len(hashes) != size.bit_count():
            why = _WRONG_COUNT.format(size=size, wanted=max(size, 0).bit_count(), found=len(hashes))
            raise AuditFormatError(what=_FRONTIER, why=why)
        for each in hashes:
            if len(each) != HASH_SIZE:
                raise AuditFormatError(what=_FRONTIER, why=_WRONG_LENGTH.format(found=len(each)))
        self.size = size
        self._hashes = list(hashes)

    def push(self, leaf_hash: bytes) -> None:
        """Take in the leaf hash of the next record."""
        # Written out without node_hash: this and root run for every record of a log.
        bits = self.size
        self.size = bits + 1
        hashes = self._hashes
        while bits & 1:
            leaf_hash = sha256(b"\x01" + hashes.pop() + leaf_hash).digest()
            bits >>= 1
        hashes.append(leaf_hash)

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        hashes = self._hashes
        if not hashes:
            return EMPTY_ROOT
        found = hashes[-1]
        for left in hashes[-2::-1]:
            found = sha256(b"\x01" + left + found).digest()
        return found

    @property
    def hashes(self) -> tuple[bytes, ...]:
        return tuple(self._hashes)

    def copy(self) -> Frontier:
        twin = Frontier()
        twin.size, twin._hashes = self.size, self._hashes.copy()
        return twin


class HashTree:
    """All leaf hashes of a log and the perfect subtrees above them, so that a proof costs no more than its length.

    Kept as one array of bytes for each level: 64 bytes a record, whatever the size.
    """

    __slots__ = ("_levels",)

    def __init__(self) -> None:
        self._levels = [bytearray()]

    @property
    def size(self) -> int:
        return len(self._levels[0]) // HASH_SIZE

    def append(self, leaf_hash: bytes) -> None:
        """Take in the leaf hash of the next record."""
        if len(leaf_hash) != HASH_SIZE:
            raise AuditFormatError(what=_TREE, why=_WRONG_LENGTH.format(found=len(leaf_hash)))
        index, level, found = self.size, 0, leaf_hash
        self._levels[0] += found
        while index & 1:
            found = node_hash(self.node(level, index - 1), found)
            index >>= 1
            level += 1
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += found

    def node(self, level: int, index: int) -> bytes:
        """The root of the perfect subtree number `index` of 2^level records; ProofError when it is not there yet."""
        if not (0 <= level < len(self._levels) and 0 <= index < len(self._levels[level]) // HASH_SIZE):
            raise ProofError(what=_TREE, why=_NO_SUCH_INDEX.format(size=self.size, index=f"{index}, level {level}"))
        return bytes(self._levels[level][index * HASH_SIZE : (index + 1) * HASH_SIZE])

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` records, of all without it; ProofError when there are fewer."""
        size = self._known(self.size if size is None else size)
        return self._range_root(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The proof that record `index` is in the tree of `size`; ProofError when it is not."""
        if not 0 <= index < self._known(size):
            raise ProofError(what=_INCLUSION, why=_NO_SUCH_INDEX.format(size=size, index=index))
        return tuple(self._siblings(index, size))[::-1]

    def consistency(self, old_size: int, new_size: int) -> tuple[bytes, ...]:
        """The proof that the tree of `old_size` grew into that of `new_size`; ProofError when it did not."""
        if not 0 < old_size <= self._known(new_size):
            raise ProofError(what=_CONSISTENCY, why=_NO_SUCH_GROWTH.format(old=old_size, new=new_size))
        return tuple(self._growth(old_size, new_size))[::-1]

    def _known(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise ProofError(what=_TREE, why=_NO_SUCH_SIZE.format(size=self.size, asked=size))
        return size

    def _range_root(self, start: int, end: int) -> bytes:
        """Root over the records from `start` to before `end`, where `start` begins a subtree of that size."""
        width = _split(end - start) if end - start > 1 else 1
        if width * 2 == end - start or width == end - start:
            return self.node((end - start).bit_length() - 1, start // (end - start))
        return node_hash(self._range_root(start, start + width), self._range_root(start + width, end))

    def _siblings(self, index: int, size: int) -> Iterator[bytes]:
        """From the root down: what stands beside the way to the record."""
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                yield self._range_root(middle, end)
                end = middle
            else:
                yield self._range_root(start, middle)
                start = middle

    def _growth(self, old_size: int, new_size: int) -> Iterator[bytes]:
        """From the root down: what stands beside the way to the last subtree of the smaller tree, and that subtree."""
        start, end = 0, new_size
        while end != old_size:
            middle = start + _split(end - start)
            if old_size <= middle:
                yield self._range_root(middle, end)
                end = middle
            else:
                yield self._range_root(start, middle)
                start = middle
        # The whole smaller tree is a subtree of the larger one: whoever checks has its root.
        if start:
            yield self._range_root(start, end)


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """That the record with leaf hash `leaf` is record `index` of the tree of `size` with that root; else ProofError.

    Source: RFC 9162 section 2.1.3.2 [A]
    """
    _check_hashes(_INCLUSION, (leaf, root, *proof))
    if not 0 <= index < size:
        raise ProofError(what=_INCLUSION, why=_NO_SUCH_INDEX.format(size=size, index=index))
    found, place, last = leaf, index, size - 1
    for beside in proof:
        if last == 0:
            raise ProofError(what=_INCLUSION, why=_TOO_MANY)
        if place & 1 or place == last:
            found = node_hash(beside, found)
            place, last = _skip_lonely(place, last)
        else:
            found = node_hash(found, beside)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError(what=_INCLUSION, why=_TOO_FEW)
    if found != root:
        raise ProofError(what=_INCLUSION, why=_WRONG_ROOT)


def verify_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """That the tree of `old_size` is the beginning of the tree of `new_size`; else ProofError.

    Source: RFC 9162 section 2.1.4.2 [A]; size 0 is refused here
    """
    _check_hashes(_CONSISTENCY, (old_root, new_root, *proof))
    if not 0 < old_size <= new_size:
        raise ProofError(what=_CONSISTENCY, why=_NO_SUCH_GROWTH.format(old=old_size, new=new_size))
    if old_size == new_size:
        _check_standstill(old_root, new_root, proof)
        return
    old_found, new_found = _replay_growth(old_size, new_size, _with_first(old_size, old_root, proof))
    if old_found != old_root:
        raise ProofError(what=_CONSISTENCY, why=_WRONG_OLD_ROOT)
    if new_found != new_root:
        raise ProofError(what=_CONSISTENCY, why=_WRONG_ROOT)


def _check_standstill(old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    if proof:
        raise ProofError(what=_CONSISTENCY, why=_TOO_MANY)
    if old_root != new_root:
        raise ProofError(what=_CONSISTENCY, why=_WRONG_ROOT)


def _with_first(old_size: int, old_root: bytes, proof: Sequence[bytes]) -> Sequence[bytes]:
    """The proof with the subtree it begins at, which is left out where it is the whole smaller tree."""
    if not proof:
        raise ProofError(what=_CONSISTENCY, why=_TOO_FEW)
    return (old_root, *proof) if old_size.bit_count() == 1 else proof


def _replay_growth(old_size: int, new_size: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The two roots that the hashes of the path lead to."""
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_found = new_found = path[0]
    for beside in path[1:]:
        if last == 0:
            raise ProofError(what=_CONSISTENCY, why=_TOO_MANY)
        if place & 1 or place == last:
            old_found, new_found = node_hash(beside, old_found), node_hash(beside, new_found)
            place, last = _skip_lonely(place, last)
        else:
            new_found = node_hash(new_found, beside)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError(what=_CONSISTENCY, why=_TOO_FEW)
    return old_found, new_found


def _skip_lonely(place: int, last: int) -> tuple[int, int]:
    """Go up past the levels where the last subtree has nothing beside it."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _split(size: int) -> int:
    """The largest power of two below the size, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_hashes(what: str, hashes: Sequence[bytes]) -> None:
    for each in hashes:
        if len(each) != HASH_SIZE:
            raise ProofError(what=what, why=_WRONG_LENGTH.format(found=len(each)))
