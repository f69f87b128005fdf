"""Known answers of other programs, as kept under vectors/, and the keys that the tests sign with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from meterlink.audit.note import Algorithm, Sign, Vkey

VECTORS: Final = Path(__file__).parent / "vectors"

LOG_SEED: Final = bytes(range(0x20))
OFFICE_SEED: Final = bytes(range(0x20, 0x40))


def read_vectors(name: str) -> Any:
    """The file of that name, with its `source`."""
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def signer(seed: bytes) -> Sign:
    return Ed25519PrivateKey.from_private_bytes(seed).sign


def vkey(name: str, seed: bytes, algorithm: Algorithm = Algorithm.ED25519) -> Vkey:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return Vkey(name=name, algorithm=algorithm, public=public)
