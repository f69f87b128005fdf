"""Proofs as files: that a record is in a log, and that a log has only grown.

Not here: the arithmetic of proofs (`tree`) and whose signatures are enough (`policy`). What is parsed encodes to the
same bytes again; everything else is an AuditFormatError.

Proof of a record            Growth of a log (body of add-checkpoint)
c2sp.org/tlog-proof@v1       old <size>
extra <base64>, or no line
index <n>
<hash in base64>, each       <hash in base64>, each
<empty line>                 <empty line>
<checkpoint, a signed note>  <checkpoint, a signed note>

Source: C2SP tlog-proof and tlog-witness add-checkpoint [A]; docs/audit-format.md section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from meterlink.audit.note import NOTE_SIZE_LIMIT, Checkpoint, Note
from meterlink.audit.strict_text import decode_base64, decode_hash, decode_lines, decode_number, encode_base64
from meterlink.audit.tree import MOST_HASHES, verify_consistency, verify_inclusion
from meterlink.errors import AuditFormatError

_HEAD: Final = "c2sp.org/tlog-proof@v1"
_EXTRA: Final = "extra "
_INDEX: Final = "index "
_OLD: Final = "old "

_PROOF: Final = "proof of a record"
_GROWTH: Final = "proof of growth"
_TOO_LARGE: Final = "it is larger than any such proof"
_NO_NOTE: Final = "no checkpoint follows an empty line"
_OTHER_HEAD: Final = "its first line is not {wanted}"
_NO_WORD: Final = "a line that begins with {wanted!r} is missing"
_EMPTY_EXTRA: Final = "its extra line says nothing"
_TOO_MANY: Final = "it has more than 63 hashes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFile:
    """That a record is in a log: its index, what stands beside its way to the root, and the signed root."""

    index: int
    hashes: tuple[bytes, ...]
    note: Note
    extra: bytes = b""

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        lines, note = _halves(raw, _PROOF)
        if lines[0] != _HEAD:
            raise AuditFormatError(what=_PROOF, why=_OTHER_HEAD.format(wanted=_HEAD))
        extra, lines = _extra(lines[1:])
        index = _number(lines, _INDEX, _PROOF)
        return cls(index=index, hashes=_hashes(lines[1:], _PROOF), note=note, extra=extra)

    def encode(self) -> bytes:
        extra = [_EXTRA + encode_base64(self.extra)] if self.extra else []
        return _encoded([_HEAD, *extra, f"{_INDEX}{self.index}"], self.hashes, self.note)

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint.parse(self.note.text)

    def verify(self, leaf: bytes) -> None:
        """That the record with this leaf hash is in the tree of the checkpoint; ProofError. Looks at no signature."""
        head = self.checkpoint
        verify_inclusion(leaf=leaf, index=self.index, size=head.size, proof=self.hashes, root=head.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """That a log of `old_size` records has grown into the one of the checkpoint; also how a witness is asked."""

    old_size: int
    hashes: tuple[bytes, ...]
    note: Note

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        lines, note = _halves(raw, _GROWTH)
        return cls(old_size=_number(lines, _OLD, _GROWTH), hashes=_hashes(lines[1:], _GROWTH), note=note)

    def encode(self) -> bytes:
        return _encoded([f"{_OLD}{self.old_size}"], self.hashes, self.note)

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint.parse(self.note.text)

    def verify(self, old_root: bytes) -> None:
        """That the tree of the old size and this root is the beginning of this; ProofError. Looks at no signature."""
        head = self.checkpoint
        verify_consistency(
            old_size=self.old_size, old_root=old_root, new_size=head.size, new_root=head.root, proof=self.hashes
        )


def _halves(raw: bytes, what: str) -> tuple[list[str], Note]:
    """The lines before the first empty line, and the note behind it, whose text is a checkpoint."""
    if len(raw) > 2 * NOTE_SIZE_LIMIT:
        raise AuditFormatError(what=what, why=_TOO_LARGE)
    above, gap, below = decode_lines(raw, what=what).partition("\n\n")
    if not gap:
        raise AuditFormatError(what=what, why=_NO_NOTE)
    note = Note.parse(below.encode())
    Checkpoint.parse(note.text)
    return above.split("\n"), note


def _extra(lines: list[str]) -> tuple[bytes, list[str]]:
    if not lines or not lines[0].startswith(_EXTRA):
        return b"", lines
    extra = decode_base64(lines[0].removeprefix(_EXTRA), what=_PROOF)
    if not extra:
        raise AuditFormatError(what=_PROOF, why=_EMPTY_EXTRA)
    return extra, lines[1:]


def _number(lines: list[str], word: str, what: str) -> int:
    if not lines or not lines[0].startswith(word):
        raise AuditFormatError(what=what, why=_NO_WORD.format(wanted=word.strip()))
    return decode_number(lines[0].removeprefix(word), what=what)


def _hashes(lines: list[str], what: str) -> tuple[bytes, ...]:
    if len(lines) > MOST_HASHES:
        raise AuditFormatError(what=what, why=_TOO_MANY)
    return tuple(decode_hash(line, what=what) for line in lines)


def _encoded(head: list[str], hashes: Sequence[bytes], note: Note) -> bytes:
    lines = [*head, *(encode_base64(each) for each in hashes)]
    return "".join(f"{line}\n" for line in lines).encode() + b"\n" + note.encode()
