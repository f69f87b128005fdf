"""Signatures of people over statements, in the form of `ssh-keygen -Y`, so that OpenSSH can check them alone.

A statement is canonical JSON: log, work, hash of the order, serial number of the meter, actions or result, hash of the
act's body, and the head (size and root) that the person saw; so people witness the history as well.

blob     "SSHSIG" u32 1, then as strings of SSH: public key, namespace, nothing, "sha512", signature
signed   "SSHSIG", then as strings: namespace, nothing, "sha512", SHA-512 of the statement

Source: PROTOCOL.sshsig of OpenSSH [A]; checked with ssh-keygen by tests.
"""

from __future__ import annotations

import hashlib
import struct
from base64 import b64encode
from collections.abc import Iterator
from typing import Final

from meterlink.audit.keys import PrivateKey
from meterlink.audit.strict_text import decode_base64
from meterlink.errors import AuditFormatError, ProofError

NAMESPACE: Final = b"meterlink-work@v1"

_MAGIC: Final = b"SSHSIG"
_VERSION: Final = 1
_KIND: Final = b"ssh-ed25519"
_HASH: Final = b"sha512"
_BEGIN: Final = "-----BEGIN SSH SIGNATURE-----\n"
_END: Final = "-----END SSH SIGNATURE-----\n"
_WIDTH: Final = 70
_LONGEST: Final = 4_096
"""Characters; a signature by such a key has about 300."""
_WHAT: Final = "signature of a statement"
_WHY: Final = {
    "armour": "it does not stand between the lines BEGIN and END SSH SIGNATURE",
    "blob": "its bytes are not those of an Ed25519 signature over SHA-512",
    "namespace": "it was made for {found!r}, not for the work on meters",
    "key": "it is by another key than the person's",
    "false": "it is not over this statement",
}


def sign_statement(key: PrivateKey, statement: bytes) -> str:
    """The person's signature, armoured."""
    signature = _string(_KIND) + _string(key.sign(_signed(statement)))
    fields = (_public_blob(key.public), NAMESPACE, b"", _HASH, signature)
    blob = _MAGIC + struct.pack(">I", _VERSION) + b"".join(map(_string, fields))
    text = b64encode(blob).decode("ascii")
    lines = (f"{text[begin : begin + _WIDTH]}\n" for begin in range(0, len(text), _WIDTH))
    return _BEGIN + "".join(lines) + _END


def verify_statement(public: bytes, statement: bytes, armoured: str) -> None:
    """That the person with this public key signed this statement; AuditFormatError or ProofError otherwise."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signer, namespace, reserved, hash_name, signature = _fields(armoured)
    if namespace != NAMESPACE:
        raise ProofError(what=_WHAT, why=_WHY["namespace"].format(found=namespace.decode("utf-8", "replace")))
    if signer != _public_blob(public):
        raise ProofError(what=_WHAT, why=_WHY["key"])
    parts = list(_strings(signature))
    if hash_name != _HASH or reserved or len(parts) != 2 or parts[0] != _KIND:
        raise _malformed("blob")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(parts[1], _signed(statement))
    except InvalidSignature:
        raise ProofError(what=_WHAT, why=_WHY["false"]) from None


def public_line(public: bytes, person: str) -> str:
    """The person's public key as it stands in the office's file of allowed signers."""
    kind = _KIND.decode()
    return f'{person} namespaces="{NAMESPACE.decode()}" {kind} {b64encode(_public_blob(public)).decode("ascii")}\n'


def _fields(armoured: str) -> list[bytes]:
    if len(armoured) > _LONGEST:
        raise _malformed("blob")
    if not (armoured.startswith(_BEGIN) and armoured.endswith(_END)):
        raise _malformed("armour")
    blob = decode_base64(armoured[len(_BEGIN) : -len(_END)].replace("\n", ""), what=_WHAT)
    head = _MAGIC + struct.pack(">I", _VERSION)
    fields = list(_strings(blob[len(head) :])) if blob.startswith(head) else []
    if len(fields) != 5:
        raise _malformed("blob")
    return fields


def _signed(statement: bytes) -> bytes:
    fields = (NAMESPACE, b"", _HASH, hashlib.sha512(statement).digest())
    return _MAGIC + b"".join(map(_string, fields))


def _public_blob(public: bytes) -> bytes:
    return _string(_KIND) + _string(public)


def _string(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


def _strings(raw: bytes) -> Iterator[bytes]:
    """The strings of SSH that stand one after the other."""
    while raw:
        length = int.from_bytes(raw[:4], "big")
        if len(raw) < 4 + length:
            raise _malformed("blob")
        yield raw[4 : 4 + length]
        raw = raw[4 + length :]


def _malformed(why: str) -> AuditFormatError:
    return AuditFormatError(what=_WHAT, why=_WHY[why])
