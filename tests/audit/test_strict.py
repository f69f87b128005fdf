"""Any bytes at all: what is accepted is written the same way again, everything else is our error and no other.

METERLINK_LONG=1 makes more mistakes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.audit.note import Checkpoint, Note, SignatureLine, Vkey
from meterlink.audit.policy import Policy
from meterlink.audit.proof_file import Growth, ProofFile
from meterlink.errors import AuditFormatError
from tests.audit.test_note import BOTH, LOG, NOTES, OFFICE, OWN, TEXT, own_checkpoint
from tests.audit.test_policy import GIVEN
from tests.audit.test_proof_file import GROWTH, NOTE, PROOF

LONG: Final = os.environ.get("METERLINK_LONG") == "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Something that reads bytes, how it writes them again, and right examples."""

    name: str
    again: Callable[[bytes], bytes]
    right: tuple[bytes, ...]

    def __str__(self) -> str:
        return self.name


READERS: Final = (
    Reader(
        name="vkey",
        again=lambda raw: Vkey.parse(raw.decode("utf-8", "surrogateescape")).text.encode(),
        right=(LOG.text.encode(), OFFICE.text.encode()),
    ),
    Reader(
        name="line",
        again=lambda raw: SignatureLine.parse(raw).text.encode(),
        right=(OWN["office_line"].encode(), NOTES["lines"][0].encode()),
    ),
    Reader(
        name="line-text",
        again=lambda raw: SignatureLine.parse(raw.decode("utf-8", "surrogateescape")).text.encode(),
        right=(OWN["office_line"].encode(),),
    ),
    Reader(
        name="note",
        again=lambda raw: Note.parse(raw).encode(),
        right=(TEXT + f"\n{BOTH}\n".encode(), NOTE.encode()),
    ),
    Reader(
        name="checkpoint",
        again=lambda raw: Checkpoint.parse(raw).body(),
        right=(own_checkpoint(2).body(), own_checkpoint(1).body() + b"more\n"),
    ),
    Reader(name="policy", again=lambda raw: Policy.parse(raw).encode(), right=(GIVEN.encode(),)),
    Reader(name="proof", again=lambda raw: ProofFile.parse(raw).encode(), right=(PROOF.encode(),)),
    Reader(name="growth", again=lambda raw: Growth.parse(raw).encode(), right=(GROWTH.encode(),)),
)

PIECES: Final = (
    b"",
    b"\n",
    b"\n\n",
    b" ",
    b"+",
    b"=",
    b"A",
    b"0",
    b"9",
    b"#",
    b"\t",
    b"\r",
    b"\x00",
    b"\xff",
    b"\xc2\xa0",
)
PIECES_OF_TEXT: Final = ("— ".encode(), b"index ", b"old ", b"extra ", b"quorum none\n", b"w1 ", b"none")


def read(reader: Reader, raw: bytes) -> None:
    try:
        written = reader.again(raw)
    except AuditFormatError:
        return
    assert written == raw


@st.composite
def mutated(draw: st.DrawFn, right: tuple[bytes, ...]) -> bytes:
    """A right example with a few stretches cut out, put elsewhere or replaced."""
    raw = draw(st.sampled_from(right))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.sampled_from((0, 0, 1, 1, 2, 4, 45, 100))))
        piece = draw(st.sampled_from(PIECES + PIECES_OF_TEXT) | st.binary(max_size=4) | st.just(raw[start:end] * 2))
        place = draw(st.sampled_from((start, start, 0, len(raw))))
        cut = raw[:start] + raw[end:]
        raw = cut[:place] + piece + cut[place:]
    return raw


@pytest.mark.parametrize("reader", READERS, ids=str)
def test_right_examples_are_accepted(reader: Reader) -> None:
    assert [reader.again(raw) for raw in reader.right] == list(reader.right)


@pytest.mark.parametrize("reader", READERS, ids=str)
@given(raw=st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
@settings(deadline=None, max_examples=150 if LONG else 60)
def test_random_bytes(reader: Reader, raw: bytes) -> None:
    read(reader, raw)


@pytest.mark.parametrize("reader", READERS, ids=str)
@given(data=st.data())
@settings(deadline=None, max_examples=400 if LONG else 120)
def test_right_examples_with_mistakes(reader: Reader, data: st.DataObject) -> None:
    read(reader, data.draw(mutated(reader.right)))


@pytest.mark.parametrize("reader", READERS, ids=str)
def test_right_examples_with_each_bit_flipped(reader: Reader) -> None:
    for raw in reader.right:
        for i in range(len(raw)):
            for bit in range(8):
                read(reader, bytes([*raw[:i], raw[i] ^ 1 << bit, *raw[i + 1 :]]))


@pytest.mark.parametrize("reader", READERS, ids=str)
def test_right_examples_cut_at_each_byte(reader: Reader) -> None:
    for raw in reader.right:
        for end in range(len(raw)):
            read(reader, raw[:end])
