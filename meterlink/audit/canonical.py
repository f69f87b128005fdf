"""Canonical JSON: RFC 8785 on a stricter subset, so that one value has one form and every language reads it alike.

Keys are ASCII `[a-z0-9_]+`, integers stay below 2^53, texts are in NFC; there are no floats (quantities are decimal
strings) and no nulls (what is not there is left out); lists and objects stand in each other at most 32 deep.

Written with `rfc8785`. Read with the encoder of the standard library, which on this subset gives the same bytes five
times as fast (a test compares them): bytes are accepted only when they come out again unchanged, which alone refuses
doubled keys, spaces, other escapes, lone surrogates and -0.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from meterlink.errors import AuditFormatError

LARGEST_INTEGER: Final = 2**53 - 1

DEPTH_LIMIT: Final = 32

_WHY: Final = {
    "json": "it is not JSON in UTF-8",
    "canonical": "it is not in canonical form",
    "object": "it is not an object",
    "key": "the key {key!r} is not of a-z, 0-9 and _",
    "nfc": "the text {value!r} is not in the normal form NFC",
    "integer": "the integer {value} is not below 2^53",
    "surrogate": "a text of it cannot be written in UTF-8",
    "deep": "its lists and objects stand in each other more than 32 deep",
    "type": "a value is {value!r}, and only texts, integers, true, false, lists and objects are permitted",
}
_is_key: Final = re.compile(r"[a-z0-9_]+").fullmatch
_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_decode: Final = json.JSONDecoder().decode


def encode_canonical(value: Mapping[str, Any], what: str = "record") -> bytes:
    """The one form of an object; AuditFormatError where it leaves the subset."""
    import rfc8785

    found = dict(value)
    _check(found, what, 0)
    try:
        return rfc8785.dumps(found)
    except rfc8785.CanonicalizationError:  # half of a surrogate pair, as in the name of a file that is not UTF-8
        raise _error(what, "surrogate") from None


def in_record(text: str) -> str:
    """A text of the system in the form that records have; what cannot be written in UTF-8 is replaced."""
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))


def decode_canonical(raw: bytes, what: str = "record") -> dict[str, Any]:
    """The object of which these bytes are the one form; AuditFormatError for any other bytes."""
    try:
        text = raw.decode("utf-8")
        value = _decode(text)
        again = _encode(value)
    except (ValueError, RecursionError):
        raise _error(what, "json") from None
    if type(value) is not dict:
        raise _error(what, "object")
    if again != text:
        raise _error(what, "canonical")
    _check(value, what, 0)
    return value


def _check(value: object, what: str, depth: int) -> None:
    """Refuse what leaves the subset. Called for every record that is read, so the common kinds stand first."""
    kind = type(value)
    if kind is str:
        if not value.isascii() and not unicodedata.is_normalized("NFC", value):  # type: ignore[attr-defined,arg-type]
            raise _error(what, "nfc", value=value)
    elif kind is int:
        if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:  # type: ignore[operator]
            raise _error(what, "integer", value=value)
    elif kind is dict or kind is list:
        _check_inside(value, what, depth + 1)  # type: ignore[arg-type]
    elif kind is not bool:
        raise _error(what, "type", value=value)


def _check_inside(value: dict[Any, Any] | list[Any], what: str, depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise _error(what, "deep")
    entries: Iterable[object] = value
    if type(value) is dict:
        for key in value:
            if type(key) is not str or _is_key(key) is None:
                raise _error(what, "key", key=key)
        entries = value.values()
    for entry in entries:
        _check(entry, what, depth)


def _error(what: str, why: str, **facts: object) -> AuditFormatError:
    return AuditFormatError(what=what, why=_WHY[why].format(**facts))
