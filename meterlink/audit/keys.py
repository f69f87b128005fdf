"""Private keys: the log key of an epoch, and the key with which a person signs a statement.

Log keys lie in OpenSSH's format without a passphrase, because the log must be written with nobody at the keyboard; they
live for one piece of work. A person's key lies in the same format under a passphrase, with bcrypt. Not PKCS#8 PEM:
`cryptography` writes that with so few rounds that a guess costs 0.4 ms.

`cryptography` (and `bcrypt` behind it) is imported by the functions that need it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from meterlink.audit.note import Vkey
from meterlink.errors import AuditFormatError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PASSPHRASE_ROUNDS: Final = 100
"""Rounds of bcrypt for a person's key: about a second for one guess."""
SEED_BYTES: Final = 32

_WHY: Final = {
    "key": "it is not an Ed25519 key in OpenSSH's format",
    "passphrase": "it does not open with this passphrase",
    "no passphrase": "a person's key without a passphrase is nobody's signature",
}


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """An Ed25519 key that can sign. It is never printed."""

    _key: Ed25519PrivateKey

    def __repr__(self) -> str:
        return "PrivateKey(***)"

    @property
    def public(self) -> bytes:
        """The public half, 32 bytes."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def vkey(self, name: str) -> Vkey:
        """The public half under the name of who signs."""
        return Vkey(name=name, public=self.public)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)

    def encode(self, passphrase: bytes | None = None) -> bytes:
        """OpenSSH's private key format; under a passphrase with bcrypt."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        if passphrase is None:
            return self._key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        lock = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(PASSPHRASE_ROUNDS).build(passphrase)
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock)


def key_from_seed(seed: bytes) -> PrivateKey:
    """The key of 32 random bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return PrivateKey(Ed25519PrivateKey.from_private_bytes(seed))


def decode_key(raw: bytes, passphrase: bytes | None = None) -> PrivateKey:
    """A key out of its file; AuditFormatError when it is none or does not open."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    try:
        key = load_ssh_private_key(raw, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # the cause is not chained: it may quote what it read
        raise AuditFormatError(what="private key", why=_WHY["key" if passphrase is None else "passphrase"]) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise AuditFormatError(what="private key", why=_WHY["key"])
    return PrivateKey(key)


def encode_person_key(key: PrivateKey, passphrase: str) -> bytes:
    """A person's key for its file; AuditFormatError without a passphrase."""
    if not passphrase:
        raise AuditFormatError(what="private key", why=_WHY["no passphrase"])
    return key.encode(passphrase.encode())
