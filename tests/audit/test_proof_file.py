"""Proofs as files."""

from __future__ import annotations

from typing import Final

import pytest

from meterlink.audit.note import Checkpoint, Note, sign_line
from meterlink.audit.proof_file import Growth, ProofFile
from meterlink.audit.strict_text import encode_base64
from meterlink.audit.tree import HashTree, leaf_hash
from meterlink.errors import AuditFormatError, ProofError
from tests.audit.known import LOG_SEED, read_vectors, signer, vkey

SIZE: Final = 11
LEAVES: Final = [leaf_hash(b"%d" % n) for n in range(SIZE)]
LOG: Final = vkey("example.com/ml/7f3a0000", LOG_SEED)


def grown() -> HashTree:
    tree = HashTree()
    for each in LEAVES:
        tree.append(each)
    return tree


TREE: Final = grown()
BODY: Final = Checkpoint(origin=LOG.name, size=SIZE, root=TREE.root()).body()
NOTE: Final = Note(text=BODY, signatures=(sign_line(LOG, signer(LOG_SEED), BODY),))

PROOF: Final = ProofFile(index=4, hashes=TREE.inclusion(4, SIZE), note=NOTE)
GROWTH: Final = Growth(old_size=5, hashes=TREE.consistency(5, SIZE), note=NOTE)
HASHES: Final = "".join(f"{encode_base64(each)}\n" for each in PROOF.hashes)


def test_a_proof_is_written_line_by_line() -> None:
    raw = PROOF.encode()
    assert raw.decode() == f"c2sp.org/tlog-proof@v1\nindex 4\n{HASHES}\n{NOTE.encode().decode()}"
    assert ProofFile.parse(raw) == PROOF
    assert PROOF.checkpoint.size == SIZE


def test_a_proof_may_carry_extra_bytes() -> None:
    proof = ProofFile(index=4, hashes=PROOF.hashes, note=NOTE, extra=b"order 17")
    assert proof.encode().split(b"\n")[1] == b"extra b3JkZXIgMTc="
    assert ProofFile.parse(proof.encode()) == proof


def test_growth_is_written_line_by_line() -> None:
    raw = GROWTH.encode()
    assert raw.startswith(b"old 5\n")
    assert raw.endswith(b"\n\n" + NOTE.encode())
    assert raw.count(b"\n") == 1 + len(GROWTH.hashes) + 1 + NOTE.encode().count(b"\n")
    assert Growth.parse(raw) == GROWTH
    assert GROWTH.checkpoint.size == SIZE


def test_the_first_growth_of_a_log_begins_at_nothing() -> None:
    first = Growth(old_size=0, hashes=(), note=NOTE)
    assert Growth.parse(first.encode()) == first
    with pytest.raises(ProofError, match="does not grow into"):
        first.verify(TREE.root(0))


def test_files_prove_what_they_say_and_nothing_else() -> None:
    PROOF.verify(LEAVES[4])
    GROWTH.verify(TREE.root(5))
    with pytest.raises(ProofError):
        PROOF.verify(LEAVES[5])
    with pytest.raises(ProofError):
        GROWTH.verify(TREE.root(6))


def test_the_log_of_tessera_grows_in_files() -> None:
    known, tree = read_vectors("tessera-log"), HashTree()
    for entry in known["entries"]:
        tree.append(leaf_hash(entry.encode()))
    notes = [Note.parse(raw.encode()) for raw in known["checkpoints"]]
    for new_size in range(1, 16):
        for old_size in range(1, new_size + 1):
            growth = Growth(old_size=old_size, hashes=tree.consistency(old_size, new_size), note=notes[new_size])
            Growth.parse(growth.encode()).verify(Checkpoint.parse(notes[old_size].text).root)
        for index in range(new_size):
            proof = ProofFile(index=index, hashes=tree.inclusion(index, new_size), note=notes[new_size])
            ProofFile.parse(proof.encode()).verify(leaf_hash(known["entries"][index].encode()))


HEAD: Final = "c2sp.org/tlog-proof@v1\n"
END: Final = "\n" + NOTE.encode().decode()
NO_CHECKPOINT: Final = "\n" + Note(text=b"hello\n", signatures=NOTE.signatures).encode().decode()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "its last line does not end"),
        ("\n", "no checkpoint follows"),
        (END, "no signature lines"),
        (HEAD + END, "begins with 'index'"),
        (f"c2sp.org/tlog-proof@v2\nindex 4\n{END}", "its first line is not"),
        (f"{HEAD}index 04\n{END}", "not a number"),
        (f"{HEAD}index -4\n{END}", "not a number"),
        (f"{HEAD}index 4 \n{END}", "not a number"),
        (f"{HEAD}Index 4\n{END}", "begins with 'index'"),
        (f"{HEAD}extra \nindex 4\n{END}", "says nothing"),
        (f"{HEAD}extra A\nindex 4\n{END}", "base64"),
        (f"{HEAD}index 4\nextra AAAA\n{END}", "base64"),
        (f"{HEAD}extra AAAA\nextra AAAA\nindex 4\n{END}", "begins with 'index'"),
        (f"{HEAD}index 4\nAAAA\n{END}", "a hash of it has 3 bytes"),
        (HEAD + "index 4\n" + HASHES.split("\n")[0] + "\n" * 2, "its last line does not end"),
        (HEAD + "index 4\n" + (HASHES.split("\n")[0] + "\n") * 64 + END, "more than 63 hashes"),
        (f"{HEAD}index 4\n{HASHES}{NO_CHECKPOINT}", "fewer than three lines"),
        (f"{HEAD}index 4\n{HASHES}{END}\n", "no signature lines"),
    ],
)
def test_a_proof_that_is_written_otherwise_is_refused(text: str, why: str) -> None:
    with pytest.raises(AuditFormatError, match=why):
        ProofFile.parse(text.encode())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (END, "no signature lines"),
        (f"old 5\nold 5\n{END}", "base64"),
        (f"size 5\n{END}", "begins with 'old'"),
        (f"old five\n{END}", "not a number"),
        ("old 5\n" + (HASHES.split("\n")[0] + "\n") * 64 + END, "more than 63 hashes"),
        (f"old 5\n{NO_CHECKPOINT}", "fewer than three lines"),
    ],
)
def test_growth_that_is_written_otherwise_is_refused(text: str, why: str) -> None:
    with pytest.raises(AuditFormatError, match=why):
        Growth.parse(text.encode())


def test_a_file_larger_than_any_proof_is_refused_unread() -> None:
    with pytest.raises(AuditFormatError, match="larger than any such proof"):
        ProofFile.parse(bytes(2_000_001))
