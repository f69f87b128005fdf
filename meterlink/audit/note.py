"""Signed notes: keys of verifiers, signature lines, notes, checkpoints of a log.

Not here: which signatures are enough (`policy`), proofs in files (`proof_file`), private keys (`sign` is handed in).
Whatever is parsed here encodes to the same bytes again; everything else is an AuditFormatError. `cryptography` is
imported by the first signature that is verified, because it costs 45 ms that most commands need not pay.

Vkey            name+<key id, 8 hex>+base64(type 1 byte || public key 32 bytes)
Key id          the first 4 bytes of SHA-256(name || 0A || type || public key)
Signature line  em dash, space, name, space, base64(key id 4 bytes || signature)
Note            text that ends in a newline, empty line, signature lines
Checkpoint      origin, size, base64 of the root, each in a line; extension lines of others are kept
Type 1          Ed25519 over the text
Type 4          time u64 big-endian || Ed25519 over "cosignature/v1", "time T" in a line each, and the text

Source: C2SP signed-note, tlog-checkpoint, tlog-cosignature [A]; limits of Go's x/mod sumdb/note [A].
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

from meterlink.audit.strict_text import decode_base64, decode_hash, decode_lines, decode_number, encode_base64
from meterlink.errors import AuditFormatError, ProofError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Sign = Callable[[bytes], bytes]
"""Signs with an Ed25519 key that only the caller holds."""

NOTE_SIZE_LIMIT: Final = 1_000_000
SIGNATURES_LIMIT: Final = 100

_PUBLIC_SIZE: Final = 32
_SIGNATURE_SIZE: Final = 64
_KEY_ID_SIZE: Final = 4
_TIME_SIZE: Final = 8
_DASH: Final = "— "
# Python's \s, the control characters and halves of surrogate pairs; Go refuses a part of these.
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}")

_VKEY: Final = "verifier key"
_LINE: Final = "signature line"
_NOTE: Final = "signed note"
_CHECKPOINT: Final = "checkpoint"
_SIGNATURE: Final = "signature of {name}"
_BAD_NAME: Final = "its name is empty or holds a space, a plus sign or a control character"
_NO_VKEY: Final = "it is not name+id+key"
_OTHER_ALGORITHM: Final = "its type is neither 1 (Ed25519) nor 4 (cosignature)"
_OTHER_PUBLIC_SIZE: Final = "its public key has not 32 bytes"
_OTHER_ID: Final = "its id is not that of its name and key"
_NO_DASH: Final = "it does not begin with an em dash and a space"
_NO_UTF8: Final = "it is not UTF-8"
_SHORT: Final = "nothing follows its key id"
_TOO_LARGE: Final = "it has more than 1,000,000 bytes"
_TOO_MANY: Final = "it has more than 100 signatures"
_NOT_SIGNED: Final = "no signature lines follow an empty line at its end"
_FEW_LINES: Final = "it has fewer than three lines"
_EMPTY_LINE: Final = "one of its lines is empty"
_OTHER_KEY: Final = "it is by another key than {vkey}"
_FALSE: Final = "it was not made with the key {vkey} over this text"
_OTHER_SIZE: Final = "it has {found} bytes, not {wanted}"
_NO_TIME: Final = "no time stands in it"


class Algorithm(IntEnum):
    """The type byte of a key."""

    ED25519 = 1
    COSIGNATURE = 4


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """The four bytes by which a signature names its key."""
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:_KEY_ID_SIZE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vkey:
    """A public key, the name of whoever signs with it, and how."""

    name: str
    algorithm: Algorithm = Algorithm.ED25519
    public: bytes
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        _check_name(self.name, _VKEY)
        if len(self.public) != _PUBLIC_SIZE:
            raise AuditFormatError(what=_VKEY, why=_OTHER_PUBLIC_SIZE)
        object.__setattr__(self, "key_id", key_id(self.name, self.algorithm, self.public))

    @classmethod
    def parse(cls, text: str) -> Self:
        parts = text.split("+", 2)
        if len(parts) != 3 or _KEY_ID.fullmatch(parts[1]) is None:
            raise AuditFormatError(what=_VKEY, why=_NO_VKEY)
        raw = decode_base64(parts[2], what=_VKEY)
        if raw[:1] not in (b"\x01", b"\x04"):
            raise AuditFormatError(what=_VKEY, why=_OTHER_ALGORITHM)
        vkey = cls(name=parts[0], algorithm=Algorithm(raw[0]), public=raw[1:])
        if vkey.key_id.hex() != parts[1]:
            raise AuditFormatError(what=_VKEY, why=_OTHER_ID)
        return vkey

    @property
    def text(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.algorithm]) + self.public)}"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLine:
    """One signature as it stands under a note or in a segment; says nothing about whether it is true."""

    name: str
    key_id: bytes
    signature: bytes

    @classmethod
    def parse(cls, line: str | bytes) -> Self:
        """From a line without its newline."""
        text = line if isinstance(line, str) else _line_text(line)
        if not text.startswith(_DASH):
            raise AuditFormatError(what=_LINE, why=_NO_DASH)
        name, _, base64 = text[len(_DASH) :].partition(" ")
        _check_name(name, _LINE)
        raw = decode_base64(base64, what=_LINE)
        if len(raw) <= _KEY_ID_SIZE:
            raise AuditFormatError(what=_LINE, why=_SHORT)
        return cls(name=name, key_id=raw[:_KEY_ID_SIZE], signature=raw[_KEY_ID_SIZE:])

    @property
    def text(self) -> str:
        """The line without its newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.signature)}"

    def is_by(self, vkey: Vkey) -> bool:
        """Whether it names this key."""
        return self.key_id == vkey.key_id and self.name == vkey.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and who signed it. The text ends in a newline; it is bytes, because bytes are what is signed."""

    text: bytes
    signatures: tuple[SignatureLine, ...]

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        if len(raw) > NOTE_SIZE_LIMIT:
            raise AuditFormatError(what=_NOTE, why=_TOO_LARGE)
        text, gap, below = decode_lines(raw, what=_NOTE).rpartition("\n\n")
        if not gap or not below:
            raise AuditFormatError(what=_NOTE, why=_NOT_SIGNED)
        lines = below[:-1].split("\n", SIGNATURES_LIMIT)
        if len(lines) > SIGNATURES_LIMIT:
            raise AuditFormatError(what=_NOTE, why=_TOO_MANY)
        return cls(text=f"{text}\n".encode(), signatures=tuple(SignatureLine.parse(line) for line in lines))

    def encode(self) -> bytes:
        return self.text + b"\n" + b"".join(f"{line.text}\n".encode() for line in self.signatures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of a log: its size and root. `extensions` are lines of others; ours has none."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: bytes) -> Self:
        lines = decode_lines(text, what=_CHECKPOINT)[:-1].split("\n")
        if len(lines) < 3:
            raise AuditFormatError(what=_CHECKPOINT, why=_FEW_LINES)
        if not all(lines):
            raise AuditFormatError(what=_CHECKPOINT, why=_EMPTY_LINE)
        origin, size, root, *extensions = lines
        return cls(
            origin=origin,
            size=decode_number(size, what=_CHECKPOINT),
            root=decode_hash(root, what=_CHECKPOINT),
            extensions=tuple(extensions),
        )

    def body(self) -> bytes:
        """The bytes that are signed."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()


def sign_line(vkey: Vkey, sign: Sign, text: bytes) -> SignatureLine:
    """A signature of type 1 over the text."""
    return SignatureLine(name=vkey.name, key_id=vkey.key_id, signature=sign(text))


def cosign_line(vkey: Vkey, sign: Sign, text: bytes, time_s: int) -> SignatureLine:
    """A signature of type 4 over a checkpoint: seen at `time_s`, in seconds since 1970, by the witness's clock."""
    signature = time_s.to_bytes(_TIME_SIZE, "big") + sign(_cosigned_text(time_s, text))
    return SignatureLine(name=vkey.name, key_id=vkey.key_id, signature=signature)


def verify_signature(vkey: Vkey, line: SignatureLine, text: bytes) -> None:
    """That the line is the signature of this key over this text; else ProofError."""
    if not line.is_by(vkey):
        raise _false(line, _OTHER_KEY, vkey=vkey)
    wanted = _SIGNATURE_SIZE + (_TIME_SIZE if vkey.algorithm is Algorithm.COSIGNATURE else 0)
    if len(line.signature) != wanted:
        raise _false(line, _OTHER_SIZE, found=len(line.signature), wanted=wanted)
    if vkey.algorithm is Algorithm.COSIGNATURE:
        text = _cosigned_text(cosigned_at(line), text)
    _verify_ed25519(vkey, line, text)


def true_signatures(note: Note, vkey: Vkey) -> list[SignatureLine]:
    """The lines by which this key truly signed a note; false ones that only name it say nothing."""
    found = []
    for line in note.signatures:
        try:
            if line.is_by(vkey):
                verify_signature(vkey, line, note.text)
                found.append(line)
        except ProofError:
            continue
    return found


def demanded_signatures(note: Note, vkey: Vkey) -> list[SignatureLine]:
    """The lines that name this key; ProofError when one of them is false."""
    lines = [line for line in note.signatures if line.is_by(vkey)]
    for line in lines:
        verify_signature(vkey, line, note.text)
    return lines


def cosigned_at(line: SignatureLine) -> int:
    """The time in a line of type 4, in seconds since 1970; to be believed only after verify_signature."""
    if len(line.signature) != _TIME_SIZE + _SIGNATURE_SIZE:
        raise AuditFormatError(what=_LINE, why=_NO_TIME)
    return int.from_bytes(line.signature[:_TIME_SIZE], "big")


def _cosigned_text(time_s: int, text: bytes) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n".encode() + text


def _verify_ed25519(vkey: Vkey, line: SignatureLine, text: bytes) -> None:
    from cryptography.exceptions import InvalidSignature

    try:
        _public_key(vkey.public).verify(line.signature[-_SIGNATURE_SIZE:], text)
    except InvalidSignature as error:
        raise _false(line, _FALSE, vkey=vkey) from error


@lru_cache(maxsize=16)
def _public_key(public: bytes) -> Ed25519PublicKey:
    # Kept, because thousands of records in a row are signed by the same key.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(public)


def _false(line: SignatureLine, why: str, **facts: object) -> ProofError:
    return ProofError(what=_SIGNATURE.format(name=line.name), why=why.format(**facts))


def _check_name(name: str, what: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise AuditFormatError(what=what, why=_BAD_NAME)


def _line_text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AuditFormatError(what=_LINE, why=_NO_UTF8) from error
