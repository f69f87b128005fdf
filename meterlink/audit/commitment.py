"""Personal data in the log: a record holds only a commitment, the clear value lies beside the log and may be erased.

commitment = SHA-256(salt 16 bytes || name || 0A || value), 64 hex digits. It is shown by handing over salt and value
(the idea of RFC 9901); when both are erased the datum is gone and the log stays whole.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from meterlink.errors import AuditFormatError

SALT_BYTES: Final = 16

_WHY: Final = {
    "salt": "its salt has not 32 hex digits",
    "value": "its value is no text",
    "name": "the name {name!r} holds a line break",
}
_is_salt: Final = re.compile(r"[0-9a-f]{32}").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens a commitment: the salt and the clear value."""

    salt: bytes = field(repr=False)
    value: str = field(repr=False)

    def commitment(self, name: str) -> str:
        """What stands in the record for the datum of this name."""
        if "\n" in name:
            raise AuditFormatError(what="commitment", why=_WHY["name"].format(name=name))
        return hashlib.sha256(self.salt + name.encode() + b"\n" + self.value.encode()).hexdigest()

    def opens(self, name: str, commitment: str) -> bool:
        """Whether this is what was committed to."""
        return self.commitment(name) == commitment

    def facts(self) -> dict[str, str]:
        """As it stands in `private/<index>.json`."""
        return {"salt": self.salt.hex(), "value": self.value}


def opening_of(facts: object) -> Opening:
    """An opening out of `private/<index>.json`; AuditFormatError when it is none."""
    found = facts if isinstance(facts, dict) else {}
    salt, value = found.get("salt"), found.get("value")
    if not isinstance(salt, str) or not _is_salt(salt):
        raise AuditFormatError(what="opening of a commitment", why=_WHY["salt"])
    if not isinstance(value, str) or not _can_be_written(value):
        raise AuditFormatError(what="opening of a commitment", why=_WHY["value"])
    return Opening(salt=bytes.fromhex(salt), value=value)


def _can_be_written(value: str) -> bool:
    """Whether it is UTF-8; JSON may hold halves of surrogate pairs."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
