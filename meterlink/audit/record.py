"""One record of the sealed log: its fields, its types, and what a type must hold for the log itself to be read.

Layout and the meaning of every type: docs/audit-format.md 2. What a type holds beyond that is the business of whoever
writes it; unknown types and fields are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from meterlink.audit.canonical import decode_canonical, encode_canonical
from meterlink.errors import AuditFormatError

VERSION: Final = 1
RECORD_LIMIT: Final = 32_768
"""Bytes of a record, without its newline."""
FRAMES_PER_RECORD: Final = 64
NO_RECORD: Final = bytes(32)
"""What stands for the record before the first one."""

_PREV: Final = b'"prev":'
_WHY: Final = {
    "long": "it has {size} bytes, and {limit} are permitted",
    "field": "its field {key!r} is {value!r}",
    "missing": "its field {key!r} is missing",
}
_RESULTS: Final = ("ok", "refused", "no-answer", "damaged", "not-sent")
_is_hash: Final = re.compile(r"[0-9a-f]{64}").fullmatch
_is_torn_file: Final = re.compile(r"[0-9]+-[0-9a-f]{12}").fullmatch
_is_run: Final = re.compile(r"[0-9a-f]{32}").fullmatch
_is_type: Final = re.compile(r"[a-z0-9_.]+").fullmatch
_is_moment: Final = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII).fullmatch


@dataclass(slots=True, kw_only=True)
class Record:
    """A record as it was read; `fields` are all its fields, known and unknown. (Not frozen: one is made for each of
    hundreds of thousands, and freezing costs as much as all its fields.)"""

    line: bytes
    fields: Mapping[str, Any]
    n: int
    type: str
    """Empty in a record of a later version: its words may mean something else there."""

    @property
    def work(self) -> str | None:
        found = self.fields.get("work")
        return found if isinstance(found, str) else None

    @property
    def d(self) -> Mapping[str, Any]:
        found = self.fields.get("d")
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What somebody wants to have recorded; where it goes and when it was is the store's business."""

    type: str
    d: Mapping[str, Any]
    work: str | None = None
    actor: str | None = None


def table_in(facts: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under a key; an empty one where there is none, or something else."""
    found = facts.get(key)
    return found if isinstance(found, dict) else {}


def text_in(facts: Mapping[str, Any], key: str) -> str | None:
    """The text under a key, where there is one."""
    found = facts.get(key)
    return found if isinstance(found, str) else None


def encode_record(entry: Entry, *, log: str, n: int, prev: bytes, run: str, mono_ms: int, t: str) -> Record:
    """A new record; AuditFormatError when it is too long or breaks a rule."""
    fields: dict[str, Any] = {"v": VERSION, "log": log, "n": n, "prev": prev.hex(), "run": run, "mono_ms": mono_ms}
    fields |= {"t": t, "type": entry.type, "d": entry.d}
    fields |= {key: value for key, value in (("work", entry.work), ("actor", entry.actor)) if value is not None}
    line = encode_canonical(fields)
    if line.count(_PREV) > 1:  # what a crash leaves is told from two records by this key
        _refuse("field", key="prev", value="in d")
    return decode_record(line)


def decode_record(line: bytes) -> Record:
    """The record of a line; AuditFormatError for anything that no meterlink would have written."""
    if len(line) > RECORD_LIMIT:
        _refuse("long", size=len(line), limit=RECORD_LIMIT)
    fields = decode_canonical(line)
    _check_fields(fields, _PLACE)
    if fields["v"] != VERSION:
        return Record(line=line, fields=fields, n=fields["n"], type="")
    _check_fields(fields, _FIRST_VERSION)
    _check_fields(fields, _OPTIONAL, optional=True)
    kind = fields["type"]
    if kind in _HELD:
        _check_fields(fields["d"], _HELD[kind])
    if kind in _MAY_HOLD:
        _check_fields(fields["d"], _MAY_HOLD[kind], optional=True)
    return Record(line=line, fields=fields, n=fields["n"], type=kind)


# --- what fields hold -----------------------------------------------------------------------------------------------

_Rule = Callable[[Any], object]


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_word(value: Any) -> bool:
    return type(value) is str and bool(value)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _matches(fullmatch: Callable[[str], object]) -> _Rule:
    return lambda value: type(value) is str and fullmatch(value)


def _is_object(value: Any) -> bool:
    return type(value) is dict


def _are_texts(value: Any) -> bool:
    return type(value) is list and all(type(each) is str for each in value)


def _are_counts(value: Any) -> bool:
    return type(value) is list and all(map(_is_count, value))


def _are_frames(value: Any) -> bool:
    return type(value) is list and all(
        type(frame) is dict and _is_count(frame.get("i")) and _is_text(frame.get("bytes")) for frame in value
    )


_PLACE: Final[Mapping[str, _Rule]] = {
    "v": lambda value: type(value) is int and value >= VERSION,
    "log": _is_word,
    "n": _is_count,
    "prev": _matches(_is_hash),
}
"""What every version has, so that a record of a later one can still be found where it belongs."""
_FIRST_VERSION: Final[Mapping[str, _Rule]] = {
    "run": _matches(_is_run),
    "mono_ms": _is_count,
    "t": _matches(_is_moment),
    "type": _matches(_is_type),
    "d": _is_object,
}
_OPTIONAL: Final[Mapping[str, _Rule]] = {"work": _is_word, "actor": _is_word}
_HELD: Final[Mapping[str, Mapping[str, _Rule]]] = {
    "log.open": {"format": lambda value: type(value) is int and value == VERSION, "vkey": _is_text},
    "key.rotate": {"vkey": _is_text},
    "epoch.open": {"vkey": _is_text, "epoch": _is_count},
    "anchor": {"size": _is_count, "root": _is_text},
    "log.recovered": {"file": _matches(_is_torn_file), "bytes": _is_count, "sha256": _matches(_is_hash)},
    "intent": {"operation": _is_text, "part": _is_count, "parts": _is_count, "frames": _are_frames},
    "outcome": {"of": _is_count, "i": _is_count, "result": lambda value: value in _RESULTS},
    "verify": {"of": _is_count, "same": lambda value: type(value) is bool},
    "resolve": {"of": _is_count},
}
"""What the log itself reads in a record of this type."""
_MAY_HOLD: Final[Mapping[str, Mapping[str, _Rule]]] = {
    "log.open": {"office": _are_texts},
    "verify": {"i": _is_count},
    "resolve": {"i": _is_count},
    "work.close": {"records": _are_counts},
}
"""The same, where it is there."""


def _check_fields(fields: Mapping[str, Any], rules: Mapping[str, _Rule], *, optional: bool = False) -> None:
    for key, holds in rules.items():
        if key not in fields:
            if not optional:
                _refuse("missing", key=key)
        elif not holds(fields[key]):
            _refuse("field", key=key, value=fields[key])


def _refuse(why: str, **facts: object) -> NoReturn:
    raise AuditFormatError(what="record", why=_WHY[why].format(**facts))
