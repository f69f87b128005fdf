"""Bytes and numbers inside the texts of a log, each with exactly one way to write it.

Whatever is accepted here is written the same way again, so no two different files can mean the same. `what` is the
thing being read, for the error.

Source: C2SP signed-note and tlog-checkpoint [A]; docs/audit-format.md section 1.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from typing import Final

from meterlink.errors import AuditFormatError

SIZE_LIMIT: Final = 1 << 63
"""Sizes and indexes stay below, because other programs keep them in signed numbers of 64 bits."""

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")

_NO_BASE64: Final = "its base64 is not written in the one strict way"
_NO_HASH: Final = "a hash of it has {found} bytes, not 32"
_NO_DECIMAL: Final = "{text!a} is not a number below 2^63 without leading zeros"
_NO_UTF8: Final = "it is not UTF-8"
_CONTROLS: Final = "it holds a control character"
_NO_NEWLINE: Final = "its last line does not end"


def encode_base64(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).decode("ascii")


def decode_base64(text: str, *, what: str) -> bytes:
    """Bytes of standard base64 with padding; AuditFormatError when they would be written otherwise."""
    try:
        raw = a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise AuditFormatError(what=what, why=_NO_BASE64) from error
    if encode_base64(raw) != text:
        raise AuditFormatError(what=what, why=_NO_BASE64)
    return raw


def decode_hash(text: str, *, what: str) -> bytes:
    """The 32 bytes of a hash in base64."""
    raw = decode_base64(text, what=what)
    if len(raw) != 32:
        raise AuditFormatError(what=what, why=_NO_HASH.format(found=len(raw)))
    return raw


def decode_number(text: str, *, what: str) -> int:
    """A decimal of ASCII digits, without leading zeros, below 2^63."""
    if _DECIMAL.fullmatch(text) is None or int(text) >= SIZE_LIMIT:
        raise AuditFormatError(what=what, why=_NO_DECIMAL.format(text=text[:40]))
    return int(text)


def decode_lines(raw: bytes, *, what: str) -> str:
    """Text in UTF-8 of whole lines, without control characters but the newline."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AuditFormatError(what=what, why=_NO_UTF8) from error
    if _CONTROL.search(text):
        raise AuditFormatError(what=what, why=_CONTROLS)
    if not text.endswith("\n"):
        raise AuditFormatError(what=what, why=_NO_NEWLINE)
    return text
