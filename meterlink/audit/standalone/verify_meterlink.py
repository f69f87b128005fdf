#!/usr/bin/env python3
"""Checks a sealed log of meterlink, or a bundle cut from it, without meterlink.

One file, the Python standard library (3.8 or later) and nothing else, so that it still runs when its makers are gone.
It reads only; it opens no network connection and changes no file. It is not a part of meterlink: it was written from
the pages `docs/audit-format.md` and "The sealed-work log", so that two programs from one page must agree.

The keys in a bundle are never trusted. Give a key that you hold from elsewhere (--key, --policy).

Sources   RFC 6962 and RFC 9162 2.1 (tree and proofs), RFC 8032 5.1 (Ed25519), RFC 8785 (JSON)
          C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy, tlog-proof, tlog-tiles, tlog-witness
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import functools
import hashlib
import io
import json
import os
import re
import sys
import unicodedata
import zipfile
from typing import Any, BinaryIO, Callable, Container, Iterator, NamedTuple, NoReturn, Tuple, cast  # noqa: UP035

SEVERITY = ("ok", "in-doubt", "torn", "behind", "fork", "tampered")
SCHEMA = "meterlink.verify/1"
EXIT_CODES = {"ok": 0, "in-doubt": 11}
HINTS = {
    "tampered": (
        "Change nothing and keep this copy as it is. Ask the office for its own copy, check that too, and compare "
        "both from here on."
    ),
    "torn": (
        "Keep this copy. On the computer of the log `meterlink audit recover` keeps these bytes under torn/ and "
        "records them; then check again."
    ),
    "in-doubt": "Read the parameter back from the meter, and have the log say what was found.",
    "behind": (
        "Ask for the newest copy of this log. If it cannot be had, treat the missing records as removed; keep copy "
        "and head."
    ),
    "fork": "Keep both as evidence, and ask the office which one it cosigned. Nobody may repair this.",
}

SEGMENT_BYTES = 16 * 1024 * 1024
LEAF_BYTES = 32768
PAIR_BYTES = 33792
SMALL_BYTES = 4 * 1024 * 1024
MEMBER_BYTES = 32 * 1024 * 1024
ZIP_BYTES = 64 * 1024 * 1024 * 1024
SECTOR = 512
DEPTH = 32
LARGEST = 2**53 - 1
TILE = 256
BUNDLE = ("checkpoint", "chain/", "records/", "tile/")  # a log folder holds none of these

HEX32 = re.compile("[0-9a-f]{32}")
HEX64 = re.compile("[0-9a-f]{64}")
KEYS = re.compile("[a-z0-9_]+")
KIND = re.compile("[a-z0-9_.]+")
ORIGIN = re.compile(r"[^\s+]+/ml/[0-9a-f]{8}")
TIME = re.compile("[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z")
TORN = re.compile("[0-9]+-[0-9a-f]{12}")
DECIMAL = re.compile("0|[1-9][0-9]{0,17}")
SEGMENT = re.compile("seg/([0-9]{12})[.]log")
PROOF = re.compile("((?:chain|records)/[^/]+)[.](?:tlog-proof|growth)")
NULS = re.compile(b"\0+")
PREV = re.compile(b'"prev":"([0-9a-f]{64})"')


# Complaints ----------------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where something stands: index of the record, file, byte offset in that file."""

    record: int | None = None
    segment: str | None = None
    offset: int | None = None


class WrongError(Exception):
    """Something that is not as the pages say."""

    def __init__(self, what: str, state: str = "tampered", place: Place | None = None, hint: str = "") -> None:
        super().__init__(what)
        self.state, self.place, self.hint = state, place, hint


class UsageError(Exception):
    """The program was asked for something that cannot be answered (exit code 2)."""


def want(holds: object, what: str, state: str = "tampered", place: Place | None = None) -> None:
    if not holds:
        raise WrongError(what, state, place)


@contextlib.contextmanager
def at(place: Place) -> Iterator[None]:
    """Whatever is found wrong in here stands at this place."""
    try:
        yield
    except WrongError as wrong:
        wrong.place = wrong.place or place
        raise


@contextlib.contextmanager
def within(what: str) -> Iterator[None]:
    """Whatever is found wrong in here is told as wrong in that."""
    try:
        yield
    except WrongError as wrong:
        raise WrongError(f"{what} is refused: {wrong}.") from None


class Finding(NamedTuple):
    state: str
    record: int | None
    segment: str | None
    offset: int | None
    what: str
    hint: str


class Report:
    """What was checked and what was found."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.checked: list[str] = []
        self.notes: list[str] = []
        self.log: str | None = None
        self.size: int | None = None
        self.root: str | None = None
        self.key: str | None = None

    @property
    def state(self) -> str:
        return max((finding.state for finding in self.findings), key=SEVERITY.index, default="ok")

    def add(self, wrong: WrongError, place: Place | None = None) -> None:
        where = wrong.place or place or Place()
        hint = wrong.hint or HINTS[wrong.state]
        self.findings.append(Finding(wrong.state, *where, what=shown(str(wrong)), hint=hint))

    def did(self, sentence: str) -> None:
        self.checked.append(shown(sentence))

    def note(self, sentence: str) -> None:
        self.notes.append(shown(sentence))

    def describe(self, origin: str, size: int, root: bytes, key: Key) -> None:
        self.log, self.size, self.root, self.key = origin, size, base64.b64encode(root).decode(), key.vkey


def shown(text: str) -> str:
    """Text from a file must not steer the terminal: what cannot be printed is escaped, what is long is cut."""
    safe = (c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode("ascii") for c in text[:4000])
    return "".join(safe) + ("..." if len(text) > 4000 else "")


def listed(items: list[Any]) -> str:
    return ", ".join(map(str, items[:20])) + (", ..." if len(items) > 20 else "")


# Ed25519 (RFC 8032 5.1), verification only ---------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
BASE = bytes([88] + 31 * [102])  # y = 4/5
Point = Tuple[int, int, int, int]  # noqa: UP006 - evaluated when it runs
# extended coordinates X, Y, Z, T; an addend is Y-X, Y+X, 2Z, 2dT
NEUTRAL: Point = (0, 1, 1, 0)


def decode_point(raw: bytes) -> Point | None:
    """RFC 8032 5.1.3; y >= p and a minus sign on x = 0 are refused."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (v * x * x - u) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def encode_point(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little")


def addend(point: Point) -> Point:
    x, y, z, t = point
    return (y - x) % P, (y + x) % P, 2 * z % P, 2 * D * t % P


def add_points(point: Point, other: Point) -> Point:
    """RFC 8032 5.1.4; complete, so it also doubles. `other` is an addend."""
    x, y, z, t = point
    minus, plus, double_z, double_dt = other
    a, b, c, d = (y - x) * minus % P, (y + x) * plus % P, t * double_dt % P, z * double_z % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


@functools.lru_cache(maxsize=8)
def multiples(raw: bytes, sign: int) -> list[list[Point]] | None:
    """0 to 15 times 16^i times plus or minus the point, for i from 0 to 63, as addends; None when it is no point."""
    decoded, table = decode_point(raw), []
    if decoded is None:
        return None
    point = (sign * decoded[0] % P, decoded[1], 1, sign * decoded[3] % P)
    for _ in range(64):
        step, row, total = addend(point), [], NEUTRAL
        for _ in range(16):
            row.append(addend(total))
            total = add_points(total, step)
        table.append(row)
        point = total
    return table


def add_multiple(total: Point, scalar: int, table: list[list[Point]]) -> Point:
    for row in table:
        if scalar & 15:
            total = add_points(total, row[scalar & 15])
        scalar >>= 4
    return total


def ed25519_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032 5.1.7 without the cofactor, as OpenSSL does it: encode(S B - k A) is R, byte for byte, and S < L."""
    if len(public) != 32 or len(signature) != 64:
        return False
    base, table, s = multiples(BASE, 1), multiples(public, -1), int.from_bytes(signature[32:], "little")
    if base is None or table is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return encode_point(add_multiple(add_multiple(NEUTRAL, s, base), k, table)) == signature[:32]


# Tree (RFC 6962 2.1, RFC 9162 2.1) -----------------------------------------------------------------------------------


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Frontier:
    """Roots of the full subtrees from the left; enough to grow the tree and to know its root."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def push(self, digest: bytes) -> None:
        size = self.size
        while size & 1:
            digest = node_hash(self.peaks.pop(), digest)
            size >>= 1
        self.peaks.append(digest)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        return functools.reduce(lambda right, left: node_hash(left, right), reversed(self.peaks))


class Roots:
    """The root at every size so far, 32 bytes each (no list of a million objects)."""

    def __init__(self) -> None:
        self.bytes = bytearray(Frontier().root())

    def append(self, root: bytes) -> None:
        self.bytes += root

    def at(self, size: int) -> bytes | None:
        return bytes(self.bytes[32 * size : 32 * size + 32]) or None


def root_by_inclusion(index: int, size: int, digest: bytes, proof: list[bytes]) -> bytes | None:
    """RFC 9162 2.1.3.2; None when the proof has not the right length."""
    if not 0 <= index < size:
        return None
    place, last = index, size - 1
    for other in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            digest = node_hash(other, digest)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            digest = node_hash(digest, other)
        place, last = place >> 1, last >> 1
    return digest if last == 0 else None


def consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> bool:
    """RFC 9162 2.1.4.2: the tree of size `old` is the beginning of the tree of size `new`."""
    if old == new:
        return not proof and old_root == new_root
    path = ([old_root] if old & (old - 1) == 0 else []) + proof
    if not 0 < old < new or not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_digest = new_digest = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_digest, new_digest = node_hash(other, old_digest), node_hash(other, new_digest)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new_digest = node_hash(new_digest, other)
        place, last = place >> 1, last >> 1
    return last == 0 and old_digest == old_root and new_digest == new_root


# Notes, keys, policies (C2SP) ----------------------------------------------------------------------------------------


def utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WrongError(f"not UTF-8 (byte {error.start})") from None


def strict_base64(text: str) -> bytes:
    """Standard alphabet with padding; refused when it does not encode to itself again."""
    with contextlib.suppress(ValueError):
        raw = base64.b64decode(text.encode("ascii"), validate=True)
        if base64.b64encode(raw).decode("ascii") == text:
            return raw
    raise WrongError("not strict base64")


class Key(NamedTuple):
    name: str
    kind: int
    raw: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.raw).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.raw).decode()}"


def good_name(name: str) -> bool:
    return name != "" and not any(c == "+" or c.isspace() or "\ud800" <= c <= "\udfff" for c in name)


def parse_vkey(text: str, kinds: Container[int] = (1, 4)) -> Key:
    """C2SP signed-note: name+hex key id+base64(type byte and key); types 01 log, 04 witness."""
    name, _, rest = text.partition("+")
    key_id, _, data = rest.partition("+")
    want(good_name(name) and data, "not of the form name+key id+base64")
    raw = strict_base64(data)
    key = Key(name, raw[0], raw[1:])
    want(key.id.hex() == key_id, "the key id does not belong to name and key")
    want(key.kind in kinds, f"a key of type {key.kind:02x} does not belong here")
    if key.kind in (1, 4):
        want(len(key.raw) == 32 and decode_point(key.raw), "the public key is not a point of the curve")
    return key


class Note(NamedTuple):
    """A checkpoint: C2SP signed-note and tlog-checkpoint without extension lines."""

    text: bytes
    origin: str
    size: int
    root: bytes
    lines: list[tuple[str, bytes]]

    def own_lines(self) -> list[bytes]:
        """The signatures in the name of the log."""
        return [payload for owner, payload in self.lines if owner == self.origin]


def checkpoint_text(origin: str, size: int, root: bytes) -> bytes:
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()


def parse_note(raw: bytes) -> Note:
    whole = utf8(raw)
    body, gap, tail = whole.rpartition("\n\n")
    is_note = gap and tail.endswith("\n") and not any(c < " " and c != "\n" for c in whole)
    want(is_note, "not a signed note of text, empty line and signature lines")
    fields = body.split("\n")
    is_head = len(fields) == 3 and good_name(fields[0]) and DECIMAL.fullmatch(fields[1]) and is_root(fields[2])
    want(is_head, "the text is not origin, size and root")
    lines = [parse_signature_line(line) for line in tail[:-1].split("\n")]
    return Note((body + "\n").encode(), fields[0], int(fields[1]), strict_base64(fields[2]), lines)


def parse_signature_line(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    want(len(parts) == 3 and parts[0] == "\u2014" and good_name(parts[1]), "a signature line is malformed")
    payload = strict_base64(parts[2])
    want(len(payload) > 4, "a signature line is malformed")
    return parts[1], payload


def log_signature_verifies(key: Key, text: bytes, payload: bytes) -> bool:
    return len(payload) == 68 and payload[:4] == key.id and ed25519_verifies(key.raw, text, payload[4:])


def cosigned(note: Note, key: Key, name: str) -> bool:
    """C2SP tlog-cosignature, type 04. A line that claims this key and does not verify is an error."""
    claimed = [payload for owner, payload in note.lines if owner == key.name and payload[:4] == key.id]
    for payload in claimed:
        signed = b"cosignature/v1\ntime %d\n" % int.from_bytes(payload[4:12], "big") + note.text
        good = len(payload) == 76 and ed25519_verifies(key.raw, signed, payload[12:])
        want(good, f"The cosignature by {key.name} in {name} does not verify.")
    return bool(claimed)


class Trust:
    """What the reader brings: keys of logs, keys of witnesses, and a quorum of them (C2SP tlog-policy)."""

    def __init__(self) -> None:
        self.logs: list[Key] = []
        self.offices: list[Key] = []
        self.policy_logs: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        self.quorum: str | None = None

    @property
    def given(self) -> bool:
        return bool(self.logs or self.offices or self.policy_logs or self.quorum)

    def satisfied_by(self, keys: list[Key]) -> bool:
        """The quorum, one that is not `none`, is there."""
        good = {name for name, key in self.witnesses.items() if key in keys}
        for group, (threshold, members) in self.groups.items():
            if sum(member in good for member in members) >= threshold:
                good.add(group)
        return self.quorum in good

    def read_line(self, words: list[str]) -> None:
        """log VKEY [URL], witness NAME VKEY [URL], group NAME any|all|N MEMBER..., quorum NAME|none."""
        kind, count = words[0], len(words)
        if kind == "log" and count in (2, 3):
            self.policy_logs.append(parse_vkey(words[1], (1,)))
        elif kind == "witness" and count in (3, 4):
            self._check_new(words[1])
            key = parse_vkey(words[2], range(2, 256))
            want(key not in self.witnesses.values(), "the same witness key stands twice")
            self.witnesses[words[1]] = key
        elif kind == "group" and count >= 4:
            self._check_new(words[1])
            threshold = {"any": "1", "all": str(count - 3)}.get(words[2], words[2])
            good = DECIMAL.fullmatch(threshold) and 1 <= int(threshold) <= count - 3
            want(good, f"the threshold {threshold} is not any, all or a number from 1 to the count of members")
            self.groups[words[1]] = int(threshold), self._known(words[3:])
        elif kind == "quorum" and count == 2:
            want(self.quorum is None, "a second quorum line")
            self.quorum = words[1] if words[1] == "none" else self._known(words[1:])[0]
        else:
            raise WrongError("not a log, witness, group or quorum line")

    def _check_new(self, name: str) -> None:
        want(name not in ("none", *self.witnesses, *self.groups), f"the name {name} is used twice or reserved")

    def _known(self, names: list[str]) -> list[str]:
        for name in names:
            want(name in self.witnesses or name in self.groups, f"{name} is not defined above this line")
        want(len(set(names)) == len(names), "a member stands twice")
        return names


def read_keys(trust: Trust, texts: list[str]) -> None:
    for text in texts:
        try:
            key = parse_vkey(text)
        except WrongError as wrong:
            example = "It looks like name+8 hex digits+base64."
            raise UsageError(f"--key {text}: this is not a vkey: {wrong}. {example}") from None
        (trust.logs if key.kind == 1 else trust.offices).append(key)


def read_policy(trust: Trust, path: str) -> None:
    number = 0
    try:
        for number, line in enumerate(utf8(read_own_file(path)).split("\n"), 1):  # noqa: B007
            words = line.split()
            if words and not words[0].startswith("#"):
                trust.read_line(words)
        want(trust.quorum, "there is no quorum line")
    except WrongError as wrong:
        raise UsageError(f"--policy {path}, line {number}: {wrong}.") from None


def read_heads(paths: list[str]) -> list[tuple[str, Note]]:
    found = []
    for path in paths:
        try:
            found.append((path, parse_note(read_own_file(path))))
        except WrongError as wrong:
            raise UsageError(f"--head {path}: this is not a checkpoint: {wrong}.") from None
    return found


# Records -------------------------------------------------------------------------------------------------------------


def integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > LARGEST:
        no_integer(text)
    return int(text)


def no_integer(text: str) -> NoReturn:
    raise WrongError(f"{text[:40]} is not an integer between -(2^53 - 1) and 2^53 - 1")


def json_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    for key in found:
        want(KEYS.fullmatch(key), f"the key {key} is not of [a-z0-9_]+")
    want(len(found) == len(pairs), "a key stands twice in one object")
    return found


DECODER = json.JSONDecoder(
    object_pairs_hook=json_object, parse_int=integer, parse_float=no_integer, parse_constant=no_integer
)
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def check_values(value: Any) -> None:
    """No nulls, at most 32 deep."""
    heap = [(value, 1)]
    while heap:
        value, depth = heap.pop()
        want(value is not None, "a null")
        if type(value) in (dict, list):
            want(depth <= DEPTH, "lists and objects more than 32 deep")
            heap += [(inner, depth + 1) for inner in (value.values() if type(value) is dict else value)]


def parse_record(line: bytes) -> dict[str, Any]:
    """Canonical JSON (RFC 8785) of the stricter kind; on it json.dumps with sorted keys is canonical."""
    with within("The record"):
        want(len(line) <= LEAF_BYTES, "more than 32768 bytes")
        text = utf8(line)
        try:
            record = DECODER.decode(text)
            check_values(record)
            same = ENCODER.encode(record) == text
        except (ValueError, RecursionError):
            raise WrongError("it cannot be parsed as JSON") from None
        want(type(record) is dict, "not an object")
        want(same, "JSON, but not in the one canonical form (RFC 8785)")
        want(unicodedata.is_normalized("NFC", text), "text that is not in Unicode form NFC")
        for field, test in FIELDS.items() if record.get("v") == 1 else list(FIELDS.items())[:4]:
            want(test(record.get(field)), f"the field {field} is missing or not as it must be")
        kind = kind_of(record)
        for field, test in MATTER.get(kind, {}).items():
            want(test(record["d"].get(field)), f"the field d.{field} of {kind} is missing or not as it must be")
    return cast("dict[str, Any]", record)


def is_text(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: type(value) is str and pattern.fullmatch(value) is not None


def is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def is_some_text(value: Any) -> bool:
    return type(value) is str and value != ""


def is_root(value: Any) -> bool:
    try:
        return type(value) is str and len(strict_base64(value)) == 32
    except WrongError:
        return False


def absent_or(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or test(value)


def are(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: type(value) is list and all(map(test, value))


def is_frame(value: Any) -> bool:
    return type(value) is dict and is_count(value.get("i")) and type(value.get("bytes")) is str


is_office = absent_or(are(is_some_text))
FIELDS: dict[str, Callable[[Any], bool]] = {  # the first four are those of every version
    "v": lambda value: type(value) is int and value >= 1,
    "log": is_text(ORIGIN),
    "n": is_count,
    "prev": is_text(HEX64),
    "run": is_text(HEX32),
    "mono_ms": is_count,
    "t": is_text(TIME),
    "type": is_text(KIND),
    "work": absent_or(is_some_text),
    "actor": absent_or(is_some_text),
    "d": lambda value: type(value) is dict,
}
SURE = ("ok", "refused", "not-sent")
MATTER: dict[str, dict[str, Callable[[Any], bool]]] = {
    "log.open": {"format": lambda value: is_count(value) and value == 1, "vkey": is_some_text, "office": is_office},
    "key.rotate": {"vkey": is_some_text},
    "epoch.open": {"vkey": is_some_text, "epoch": is_count},
    "anchor": {"size": lambda value: is_count(value) and value > 0, "root": is_root},
    "log.recovered": {"file": is_text(TORN), "bytes": is_count, "sha256": is_text(HEX64)},
    "intent": {
        "operation": lambda value: type(value) is str,
        "part": is_count,
        "parts": is_count,
        "frames": are(is_frame),
    },
    "work.close": {"records": absent_or(are(is_count))},
    "outcome": {"of": is_count, "i": is_count, "result": lambda value: value in (*SURE, "no-answer", "damaged")},
    "verify": {"of": is_count, "i": absent_or(is_count), "same": lambda value: type(value) is bool},
    "resolve": {"of": is_count, "i": absent_or(is_count)},
}
KNOWN = {*MATTER, "run.open", "run.close", "work.open", "read", "seal", "meter.journal"} | {
    "act.issued", "clock.jump", "log.note", "log.end"
}  # fmt: skip


def kind_of(record: dict[str, Any]) -> str:
    """The type; a later version may have given `type` another meaning, so it has none here."""
    return str(record["type"]) if record["v"] == 1 else ""


def vkey_in(record: dict[str, Any]) -> Key:
    with within("The vkey in the record"):
        key = parse_vkey(record["d"]["vkey"], (1,))
        want(key.name == record["log"], f"it is of {key.name}")
    return key


def first_key(record: dict[str, Any]) -> Key:
    """The key of log.open; the origin ends in the beginning of its hash."""
    want(kind_of(record) == "log.open", "Record 0 is not log.open.")
    key = vkey_in(record)
    digits = hashlib.sha256(key.raw).hexdigest()[:8]
    want(digits == key.name[-8:], f"The name {key.name} does not end in the first 8 hex digits of its key's SHA-256.")
    return key


class Doubts:
    """Frames of intents without a sure outcome."""

    def __init__(self) -> None:
        self.open: dict[int, tuple[Place, list[int]]] = {}

    def note(self, record: dict[str, Any], place: Place) -> None:
        kind = kind_of(record)
        if kind == "intent":
            self.open[record["n"]] = place, [frame["i"] for frame in record["d"]["frames"]]
        elif kind in ("verify", "resolve") or (kind == "outcome" and record["d"]["result"] in SURE):
            of, frame = record["d"]["of"], record["d"].get("i")
            if of in self.open:
                place, frames = self.open[of]
                self.open[of] = place, [i for i in frames if frame is not None and i != frame]

    def report(self, report: Report) -> None:
        for place, frames in self.open.values():
            if frames:
                what = f"Frames {listed(frames)} of the intent have no sure outcome: they may or may not have reached "
                report.add(WrongError(what + "the meter. The log itself is sound.", "in-doubt", place))


class Ledger:
    """The rules between records and the tree over them; takes one record after another."""

    def __init__(self) -> None:
        self.origin = ""
        self.size = 0
        self.prev = "0" * 64
        self.ended = False
        self.epochs: list[tuple[int, Key]] = []
        self.roots = Roots()
        self.doubts = Doubts()
        self._later = 0
        self._unknown: dict[str, None] = {}
        self._frontier = Frontier()
        self._digest = b""
        self._next: Key | None = None
        self._used: set[bytes] = set()

    def admit(self, line: bytes) -> dict[str, Any]:
        """Checks form, order, keys; afterwards `text()` is over this record too. Signatures are the caller's."""
        record = parse_record(line)
        kind, n = kind_of(record), record["n"]
        if self.size == 0:
            self._enter(first_key(record))
            self.origin = record["log"]
        want(record["log"] == self.origin, f"The record belongs to the log {record['log']}, not to {self.origin}.")
        want(n == self.size, f"The record says it is number {n}, but stands at number {self.size}.")
        want(record["prev"] == self.prev, "The record does not name the hash of the record before it.")
        want(not self.ended, "A record follows log.end.")
        want(self.size == 0 or kind != "log.open", "A second log.open.")
        want((kind == "epoch.open") is bool(self._next), "After key.rotate, and nowhere else, comes epoch.open.")
        if self._next:
            want(vkey_in(record) == self._next, "epoch.open names another key than the key.rotate before it.")
            number = len(self.epochs)
            want(record["d"]["epoch"] == number, f"epoch.open is number {record['d']['epoch']} where {number} is due.")
            self._enter(self._next)
            self._next = None
        if kind == "key.rotate":
            self._next = vkey_in(record)
            want(self._next.raw not in self._used, "key.rotate names a key that was in force before.")
        if kind == "anchor":
            size = record["d"]["size"]
            want(size <= n, f"The anchor speaks of size {size}, which is more than the {n} records before it.")
        self._digest = leaf_hash(line)
        self._frontier.push(self._digest)
        return record

    def accept(self, record: dict[str, Any], place: Place, report: Report) -> None:
        """The record is sound."""
        self.size += 1
        self.prev = self._digest.hex()
        self.roots.append(self._frontier.root())
        self.doubts.note(record, place)
        kind = kind_of(record)
        self.ended = kind == "log.end"
        self._later += not kind
        if kind and kind not in KNOWN:
            self._unknown[kind] = None
        if kind == "anchor" and self.roots.at(record["d"]["size"]) != strict_base64(record["d"]["root"]):
            what = f"The anchor of size {record['d']['size']} holds another root than this log has at that size."
            report.add(WrongError(what, "fork", place))

    def text(self) -> bytes:
        """What is signed after the record that was admitted last."""
        return checkpoint_text(self.origin, self._frontier.size, self._frontier.root())

    def tell(self, report: Report) -> None:
        if self._later:
            what = "only log, index, hash and signature of these were checked."
            report.note(f"{self._later} records are of a later version of the format; {what}")
        if self._unknown:
            report.note(f"Types unknown to this program, kept and verified as bytes: {listed(list(self._unknown))}.")

    def _enter(self, key: Key) -> None:
        self._used.add(key.raw)
        self.epochs.append((self.size, key))


# Files ---------------------------------------------------------------------------------------------------------------


class Source:
    """Files by name, with / between the parts: a folder, or one segment alone."""

    def __init__(self, root: str, single: bool = False) -> None:
        self.root, self.single = root, single
        self.names = ["seg/000000000000.log"] if single else sorted(self._walk())
        self.touched: set[str] = set()
        self._known = set(self.names)

    def has(self, name: str) -> bool:
        return name in self._known

    def open(self, name: str) -> BinaryIO:
        want(self.has(name), f"The file {name} is missing.")
        self.touched.add(name)
        return self._open(name)

    def read(self, name: str, limit: int = SMALL_BYTES) -> bytes:
        with self.open(name) as stream:
            raw = stream.read(limit + 1)
        want(len(raw) <= limit, f"The file {name} is longer than {limit} bytes.")
        return raw

    def numbered(self, pattern: str) -> list[int]:
        """The numbers of the files whose name fits, in order."""
        found = (re.fullmatch(pattern, name) for name in self.names)
        return sorted(int(match.group(1)) for match in found if match and DECIMAL.fullmatch(match.group(1)))

    def _walk(self) -> Iterator[str]:
        for folder, _, files in os.walk(self.root):
            for path in (os.path.join(folder, file) for file in files):
                if os.path.isfile(path):
                    yield os.path.relpath(path, self.root).replace(os.sep, "/")

    def _open(self, name: str) -> BinaryIO:
        return open(self.root if self.single else os.path.join(self.root, *name.split("/")), "rb")


class Archive(Source):
    """A ZIP file. Nothing is unpacked to the disk; names and sizes are judged before anything is read."""

    def __init__(self, path: str) -> None:
        self.zip = zipfile.ZipFile(path)
        super().__init__(path)

    def _walk(self) -> Iterator[str]:
        seen: set[str] = set()
        total = 0
        for info in self.zip.infolist():
            name, size, total = info.filename, info.file_size, total + info.file_size
            safe = all(part not in ("", ".", "..") for part in name.rstrip("/").split("/"))
            safe = safe and not any(c in name for c in "\\:\0") and info.orig_filename == name
            want(safe and name.casefold() not in seen, f"The ZIP file holds an unsafe or doubled name: {name}.")
            fits = size <= MEMBER_BYTES and total <= ZIP_BYTES
            want(fits, f"The file {name} in the ZIP would have {size} bytes, more than any honest bundle holds.")
            plain = not info.flag_bits & 1 and info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            want(plain, f"The file {name} in the ZIP is encrypted or packed in a way other than stored and deflated.")
            seen.add(name.casefold())
            if not name.endswith("/"):
                yield name

    def _open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, self.zip.open(name))


def read_own_file(path: str, limit: int = SMALL_BYTES) -> bytes:
    """A file that the reader himself gave."""
    try:
        with open(path, "rb") as stream:
            return stream.read(limit)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from None


def open_source(path: str) -> tuple[Source, bool]:
    """The files at the path, and whether they are a bundle."""
    if os.path.isdir(path):
        source = Source(path)
        is_bundle = any(name.startswith(BUNDLE) for name in source.names)
        if not is_bundle and not os.path.isdir(os.path.join(path, "seg")):
            raise UsageError(f"{path} holds neither a checkpoint (bundle) nor seg/ (log folder).")
        return source, is_bundle
    if not os.path.isfile(path):
        raise UsageError(f"There is nothing at {path}. Give a bundle, a log folder or a segment.")
    if read_own_file(path, 2) != b"PK" and not path.lower().endswith(".zip"):
        return Source(path, single=True), False
    try:
        return Archive(path), True
    except WrongError:
        raise
    except Exception as error:  # noqa: BLE001 - zipfile lets many kinds of exceptions out on broken input
        raise WrongError(f"The ZIP file cannot be read: {type(error).__name__}.") from None


# A whole log ---------------------------------------------------------------------------------------------------------


class Openings:
    """Clear values in private/ against the commitments in the records."""

    def __init__(self, source: Source, report: Report) -> None:
        self.source, self.report = source, report
        self.left = set(source.numbered("private/([0-9]+)[.]json"))

    def check(self, record: dict[str, Any], place: Place) -> None:
        index = record["n"]
        if index in self.left:
            self.left.discard(index)
            try:
                count = self._check(record, f"private/{index}.json")
                self.report.did(f"Clear values checked: {count}, against the commitments in record {index}.")
            except WrongError as wrong:
                self.report.add(wrong, place)

    def _check(self, record: dict[str, Any], name: str) -> int:
        raw = self.source.read(name)
        try:
            values = json.loads(raw.decode("utf-8"))
            opened = {field: (pair["salt"], pair["value"].encode()) for field, pair in values.items()}
        except (ValueError, RecursionError, TypeError, AttributeError, KeyError):
            opened = {"": ("", b"")}
        committed = record["d"].get("commitments") if record["v"] == 1 else None
        for field, (salt, value) in opened.items():
            want(is_text(HEX32)(salt), f"The clear values in {name} are not as they must be.")
            digest = hashlib.sha256(bytes.fromhex(salt) + field.encode("utf-8", "replace") + b"\n" + value).hexdigest()
            same = type(committed) is dict and committed.get(field) == digest
            want(same, f"The clear value of {field} in {name} is not the one committed to in the record.")
        return len(opened)

    def finish(self) -> None:
        """What is left belongs to no record."""
        for index in sorted(self.left):
            what = f"There are clear values in private/{index}.json, but not the record that would prove them."
            self.report.add(WrongError(what, place=Place(index)))


class SegmentReader:
    """Reads pair after pair into a ledger."""

    def __init__(self, source: Source, report: Report, thorough: bool, openings: Openings) -> None:
        self.source, self.report, self.thorough, self.openings = source, report, thorough, openings
        self.ledger = Ledger()
        self.segments = [name for name in source.names if SEGMENT.fullmatch(name)]
        self._torn_here = any(name.startswith("torn/") for name in source.names)
        self._recovered = 0
        self._unchecked: tuple[Key, bytes, bytes, Place] | None = None  # the last signature, in the quick look

    def run(self) -> bool:
        """True when all of it, except a torn end, was read."""
        try:
            try:
                self._read_all()
            except WrongError as wrong:
                if wrong.state != "torn":
                    raise
                self.report.add(wrong)
            self._check_signature()
        except WrongError as wrong:
            self.report.add(wrong)
            return False
        return True

    def tell(self) -> None:
        """What was read, and what about it a reader should know."""
        how = "the signature of every record"
        if not self.thorough:
            how = "ONLY the last signature and those under a change of key (a quick look; leave out --signatures last)"
        self.report.did(
            f"Records checked: {self.ledger.size}, in segments: {len(self.segments)}; form, order, hash of the record "
            f"before, tree, keys, and {how}."
        )
        if self._recovered and not self._torn_here:
            what = f"{self._recovered} records name such files."
            self.report.note(f"The files that crashes left (torn/) are not here; {what}")
        self.ledger.tell(self.report)

    def _read_all(self) -> None:
        want(self.segments, "The folder seg/ holds no segment.")
        for name in self.segments:
            index, due = int(name[4:16]), self.ledger.size
            if index != due:
                what = f"The segment name promises record {index}, but the next record is number {due}."
                hint = "A segment is missing or was renamed. Ask the office for its copy of the whole log."
                raise WrongError(what, place=Place(due, name, 0), hint=hint)
            self._read_segment(name, name == self.segments[-1])
        want(self.ledger.size, "The log holds no record.", place=Place(0, self.segments[-1], 0))

    def _read_segment(self, name: str, last: bool) -> None:
        ledger, offset = self.ledger, 0
        with self.source.open(name) as stream:
            for line in iter(lambda: stream.readline(PAIR_BYTES), b""):
                seal = stream.readline(PAIR_BYTES) if line.endswith(b"\n") else b""
                place = Place(ledger.size, name, offset)
                try:
                    record = self._read_pair(line, seal, place)
                except WrongError as wrong:
                    rest = line + seal + stream.read(PAIR_BYTES)
                    if not last or not ledger.size or ledger.ended or not is_torn(rest, offset, ledger.prev):
                        wrong.place = wrong.place or place
                        raise
                    what = f"The last {len(rest)} bytes are no whole pair, as after a crash or a power cut. Only the "
                    what += f"{ledger.size} records before them were checked."
                    raise WrongError(what, "torn", place) from None
                ledger.accept(record, place, self.report)
                self.openings.check(record, place)
                self._check_recovered(record, place)
                offset += len(line) + len(seal)

    def _read_pair(self, line: bytes, seal: bytes, place: Place) -> dict[str, Any]:
        what = "The pair of lines is not whole, and not in a way a crash could leave behind."
        want(seal.endswith(b"\n"), what)
        full = place.offset is not None and place.offset >= SEGMENT_BYTES
        want(not full, f"The segment already has {SEGMENT_BYTES} bytes or more where this pair begins.")
        record, ledger = self.ledger.admit(line[:-1]), self.ledger
        with within("The signature line"):
            name, payload = parse_signature_line(utf8(seal[:-1]))
            want(name == ledger.origin and len(payload) == 68, "it is not one of this log")
        key = ledger.epochs[-1][1]
        if payload[:4] != key.id:
            what = f"The signature is by the key with id {payload[:4].hex()}, and the key in force is {key.vkey}."
            raise WrongError(what + " If this log names that key elsewhere, its holder sealed this record anew.")
        self._unchecked = key, ledger.text(), payload, place
        if self.thorough or kind_of(record) == "key.rotate":
            self._check_signature()
        return record

    def _check_signature(self) -> None:
        if self._unchecked is not None:
            (key, text, payload, place), self._unchecked = self._unchecked, None
            good = log_signature_verifies(key, text, payload)
            want(good, "The signature by the key in force does not verify.", place=place)

    def _check_recovered(self, record: dict[str, Any], place: Place) -> None:
        if kind_of(record) != "log.recovered":
            return
        self._recovered += 1
        d = record["d"]
        if self._torn_here and not self.source.has("torn/" + d["file"]):
            what = f"The bytes that a crash left ({d['file']}) are recorded, but the file is not under torn/."
            self.report.add(WrongError(what, place=place))
        elif self._torn_here:
            raw = self.source.read("torn/" + d["file"])
            if len(raw) != d["bytes"] or hashlib.sha256(raw).hexdigest() != d["sha256"]:
                what = f"The file {d['file']} under torn/ is not what the record says"
                self.report.add(WrongError(f"{what} ({d['bytes']} bytes, SHA-256 {d['sha256']}).", place=place))


def is_torn(rest: bytes, offset: int, prev: str) -> bool:
    """Whether a crash may have left these bytes, from this offset of the last segment to its end."""
    if len(rest) > PAIR_BYTES or any(found != prev.encode() for found in PREV.findall(rest)):
        return False
    if rest.count(b"\n") < 2:
        return True
    runs = [match.span() for match in NULS.finditer(rest)]
    edges = [edge for run in runs for edge in run if edge not in (0, len(rest))]
    pair = rest.count(b"\n") == 2 and rest.endswith(b"\n")
    return pair and bool(runs) and all((offset + edge) % SECTOR == 0 for edge in edges)


def check_log(source: Source, trust: Trust, heads: list[tuple[str, Note]], report: Report, thorough: bool) -> None:
    """A log folder or one segment: chapters 1 to 3 of the format."""
    reader = SegmentReader(source, report, thorough, Openings(source, report))
    whole = reader.run()
    ledger = reader.ledger
    reader.tell()
    tell_unchecked([name for name in source.names if name.startswith("seg/") and name not in reader.segments], report)
    if source.single:
        report.note("Only this segment was read. Whether later ones exist cannot be seen from it.")
    if whole:
        reader.openings.finish()
        ledger.doubts.report(report)
    epochs = [epoch for epoch in ledger.epochs if epoch[0] < ledger.size]
    facts = Facts(ledger.origin, ledger.size, epochs, ledger.roots.at, whole)
    agreed = compare_heads(source, heads, facts, report)
    if epochs:
        report.describe(ledger.origin, ledger.size, ledger.roots.at(ledger.size) or b"", epochs[-1][1])
        judge_trust(trust, facts, agreed, report)


# Heads and trust -----------------------------------------------------------------------------------------------------


class Facts(NamedTuple):
    """What was verified of this log, to compare heads and keys with. `epochs`: from which record on which key signs."""

    origin: str
    size: int
    epochs: list[tuple[int, Key]]
    root_at: Callable[[int], bytes | None]
    whole: bool


def named_note(source: Source, name: str) -> Note:
    raw = source.read(name)
    with within(f"The file {name}"):
        return parse_note(raw)


def signed_in_force(note: Note, epochs: list[tuple[int, Key]]) -> bool:
    """Exactly one line by the log, by the key in force at the last record; any other key is a failure even if valid."""
    key, lines = max(epoch for epoch in epochs if epoch[0] < max(note.size, 1))[1], note.own_lines()
    return len(lines) == 1 and log_signature_verifies(key, note.text, lines[0])


def check_signed(note: Note, name: str, epochs: list[tuple[int, Key]]) -> None:
    what = "does not carry exactly one signature by the log, valid and by the key in force there."
    want(signed_in_force(note, epochs), f"The checkpoint in {name} {what}")


def compare_heads(
    source: Source, given: list[tuple[str, Note]], facts: Facts, report: Report
) -> list[tuple[str, Note]]:
    """The heads, own ones and those from elsewhere, that are part of this history; the others become findings."""
    agreed = []

    def compare(name: str, note: Note, own: bool) -> None:
        if compare_head(name, note, own, facts, report):
            agreed.append((name, note))

    for size in source.numbered("heads/([0-9]+)[.]note"):
        name = f"heads/{size}.note"
        with reported(report):
            note = named_note(source, name)
            want(note.size == size, f"The name of {name} does not fit the size {note.size} in it.")
            compare(name, note, True)
    for name, note in given:
        with reported(report):
            compare(name, note, False)
    return agreed


@contextlib.contextmanager
def reported(report: Report) -> Iterator[None]:
    """Whatever is found wrong in here is told, and the rest is still looked at."""
    try:
        yield
    except WrongError as wrong:
        report.add(wrong)


def compare_head(name: str, note: Note, own: bool, facts: Facts, report: Report) -> bool:
    """The log's own heads must be signed as well."""
    other = f"The head {name} belongs to the log {note.origin}, not to {facts.origin}."
    if not own and facts.origin not in ("", note.origin):
        raise UsageError(f"{other} Give the head of this very log.")
    want(note.origin == facts.origin or not facts.origin, other, "fork")
    if note.size > facts.size:
        what = f"The head {name} has size {note.size}, but here are only {facts.size} records"
        want(not facts.whole, f"{what}: the end was cut off, or this copy is old.", "behind")
        report.note(f"The head {name} of size {note.size} was not compared: {facts.size} records could be checked.")
        return False
    root = facts.root_at(note.size)
    if root is None:
        if not own and not report.findings:
            raise UsageError(
                f"The rest is in order, but this bundle holds no proof for the head of size {note.size} given by "
                "--head. Ask for the bundle of the whole log, or for the log itself."
            )
        report.note(f"The head {name} was not compared: this bundle holds no proof for its size.")
        return False
    what = f"The head {name} of size {note.size} has another root than this log at that size: there are two histories."
    want(root == note.root, what, "fork", Place(note.size - 1) if note.size else None)
    if own and facts.epochs:
        check_signed(note, name, facts.epochs)
    by = "is" if facts.epochs and signed_in_force(note, facts.epochs) else "is not"
    what = f"Its signature {by} by the key in force at that size."
    report.did(f"The head {name} of size {note.size} is part of this history. {what}")
    return True


def judge_trust(trust: Trust, facts: Facts, notes: list[tuple[str, Note]], report: Report) -> None:
    """Whether a key from elsewhere stands behind all this."""
    if not trust.given:
        report.note(
            "ATTENTION: no key was given. Everything was checked by the first key that the log itself names:\n"
            f"    {facts.epochs[0][1].vkey}\n  Compare it, letter by letter, with the key that the office holds for "
            "this log. Until then this check says only that the log agrees with itself, not who wrote it."
        )
        return
    in_force, witnesses = [key for _, key in facts.epochs], trust.offices + list(trust.witnesses.values())
    matched = [key for key in trust.logs + trust.policy_logs if key in in_force]
    for key in matched:
        report.did(f"The key you gave was in force and signed here: {key.vkey}.")
    for key in trust.logs + trust.policy_logs:
        if key not in in_force and (key in trust.logs or key.name == facts.origin):
            report.note(f"The key {key.vkey} you gave was not found in force here.")
    by_quorum, covered = False, 0
    best: list[Key] = []
    for name, note in sorted(notes, key=lambda pair: pair[1].size):
        keys = []
        for key in witnesses:
            with reported(report):
                keys += [key] if key.kind == 4 and cosigned(note, key, name) else []
        by_quorum = by_quorum or trust.satisfied_by(keys)
        if trust.satisfied_by(keys) or any(key in trust.offices for key in keys):
            covered, best = note.size, keys
        best = best if covered else max(best, keys, key=len)
    found = ", ".join(key.name for key in best) or "-"
    if covered:
        report.did(f"The checkpoint of size {covered} carries the cosignatures you ask for: {found}.")
        if covered < facts.size:
            report.note(f"No cosignature covers the records from {covered} on.")
    judge_policy(trust, facts.origin, by_quorum, found, report)
    if not (matched or covered) and trust.quorum in (None, "none"):
        keys = trust.logs + trust.policy_logs + witnesses
        what = f"Nothing here is signed by a key that you gave: {', '.join(key.vkey for key in keys)}. The log may be "
        hint = "Compare name and key id with what the office gave you, and ask it for the first vkey of this log."
        report.add(WrongError(what + "whole, but it is not shown to be the right one.", hint=hint))


def judge_policy(trust: Trust, origin: str, by_quorum: bool, found: str, report: Report) -> None:
    for name, key in trust.witnesses.items():
        if key.kind != 4:
            what = "with a type of key that this program cannot check; it never counts."
            report.note(f"The policy names the witness {name} {what}")
    if trust.policy_logs and all(key.name != origin for key in trust.policy_logs):
        hint = "Ask the office whether this log is enrolled, and for its present policy."
        report.add(WrongError(f"The policy names no key of the log {origin}.", hint=hint))
    if trust.quorum not in (None, "none") and not by_quorum:
        what = f"No checkpoint here carries the cosignatures that the policy asks for ({trust.quorum}); valid ones: "
        hint = "Ask the office to cosign this log, or for the bundle with its cosignatures."
        report.add(WrongError(f"{what}{found}.", hint=hint))


# Bundles -------------------------------------------------------------------------------------------------------------


class Proof(NamedTuple):
    """A tlog-proof or the body of add-checkpoint: index or old size, hashes, checkpoint."""

    number: int
    hashes: list[bytes]
    note: Note


def parse_proof(raw: bytes, name: str) -> Proof:
    """C2SP tlog-proof; of a .growth the body of add-checkpoint of C2SP tlog-witness: `old N` instead of the head."""
    with within(f"The file {name}"):
        above, gap, note = utf8(raw).partition("\n\n")
        lines, word = above.split("\n"), "old "
        if not name.endswith(".growth"):
            want(lines.pop(0) == "c2sp.org/tlog-proof@v1", "not a proof file")
            word = "index "
            if lines and lines[0].startswith("extra "):
                strict_base64(lines.pop(0)[6:])
        number = lines[0][len(word) :] if lines and lines[0].startswith(word) else ""
        want(gap and DECIMAL.fullmatch(number), f"not {word}number, proof and checkpoint")
        want(len(lines) <= 64 and all(map(is_root, lines[1:])), "a hash in the proof is malformed")
        return Proof(int(number), [strict_base64(line) for line in lines[1:]], parse_note(note.encode()))


class Bundle:
    """Chapter 4 of the format."""

    def __init__(self, source: Source, report: Report, thorough: bool) -> None:
        self.source, self.report, self.thorough = source, report, thorough
        self.head = named_note(source, "checkpoint")
        self.epochs: list[tuple[int, Key]] = []
        self.roots: dict[int, bytes] = {self.head.size: self.head.root}
        self.ledgers: list[Ledger] = []
        self.openings = Openings(source, report)

    def check(self) -> None:
        want(self.head.size, "The checkpoint has size 0 and so proves nothing.")
        for name in self.source.names:
            match = PROOF.fullmatch(name)
            alone = match and not self.source.has(match.group(1) + ".json")
            want(not alone, f"The file {name} proves a record that is not here.")
        indexes = self.source.numbered("chain/([0-9]+)[.]json")
        want(indexes[:1] == [0], "The file chain/0.json is missing.")
        for index in indexes:
            with at(Place(index, f"chain/{index}.json")):
                self._check_link(index)
        what = "each is named by a record that the key before it signed, and each of those trees grew into this one."
        self.report.did(f"Keys checked: {len(self.epochs)}; {what}")
        check_signed(self.head, "checkpoint", self.epochs)
        self.report.did(f"Checked the checkpoint of size {self.head.size} and its signature.")
        kinds = [
            kind for kind in ("seg", "tile", "records") if any(n.startswith(kind + "/") for n in self.source.names)
        ]
        want(kinds, "The bundle holds neither records/ nor seg/ nor tile/.")
        for kind in kinds:
            getattr(self, "_check_" + kind)()
        want(("seg" in kinds) == ("tile" in kinds), "The bundle holds only one of seg/ and tile/, not a whole log.")
        self.openings.finish()

    def root_at(self, size: int) -> bytes | None:
        return self.ledgers[0].roots.at(size) if self.ledgers else self.roots.get(size)

    def _read_record(self, index: int, stem: str) -> tuple[dict[str, Any], Note]:
        """The record, and the checkpoint that its proof leads to."""
        line = self.source.read(stem + ".json")
        record, origin = parse_record(line), self.head.origin
        want(record["n"] == index, f"The record says it is number {record['n']}, not {index}.")
        want(record["log"] == origin, f"The record belongs to the log {record['log']}, not to {origin}.")
        name = stem + ".tlog-proof"
        proof = parse_proof(self.source.read(name), name)
        what = f"The proof in {name} is for another record or another log."
        want(proof.number == index and proof.note.origin == origin, what)
        root = root_by_inclusion(index, proof.note.size, leaf_hash(line), proof.hashes)
        want(root == proof.note.root, "The proof does not lead from the record to the root of the checkpoint.")
        return record, proof.note

    def _check_link(self, index: int) -> None:
        want(index < self.head.size, f"chain/ names record {index}, which is not below the checkpoint.")
        stem = f"chain/{index}"
        record, note = self._read_record(index, stem)
        if index == 0:
            self.epochs.append((0, first_key(record)))
        want(note.size == index + 1, f"The proof in {stem}.tlog-proof is not for the tree of size {index + 1}.")
        check_signed(note, stem + ".tlog-proof", self.epochs)
        growth = parse_proof(self.source.read(stem + ".growth"), stem + ".growth")
        want(growth.number == note.size, f"{stem}.growth begins at another size.")
        self._check_copy(growth.note, stem + ".growth")
        what = f"The proof does not lead from the older tree of size {note.size} to the checkpoint: two histories."
        grown = consistent(note.size, self.head.size, note.root, self.head.root, growth.hashes)
        want(grown, what, "fork")
        self.roots[note.size] = note.root
        self.openings.check(record, Place(index, stem + ".json"))
        if index:
            want(kind_of(record) == "key.rotate", f"chain/ holds {kind_of(record)} where key.rotate is due.")
            key = vkey_in(record)
            want(all(key.raw != old.raw for _, old in self.epochs), "key.rotate names a key that was in force before.")
            self.epochs.append((index + 1, key))

    def _check_copy(self, note: Note, name: str) -> None:
        """A copy of the checkpoint carries the same signature by the log; Ed25519 signatures do not vary."""
        same = note.text == self.head.text and note.own_lines() == self.head.own_lines()
        want(same, f"The checkpoint in {name} is not that of the bundle.")

    def _check_records(self) -> None:
        doubts, works, closes, done = Doubts(), set(), [], []
        for index in self.source.numbered("records/([0-9]+)[.]json"):
            stem = f"records/{index}"
            place = Place(index, stem + ".json")
            with at(place):
                record, note = self._read_record(index, stem)
                self._check_copy(note, stem + ".tlog-proof")
            doubts.note(record, place)
            self.openings.check(record, place)
            done.append(index)
            if record["v"] == 1:
                works.add(str(record.get("work", "-")))
            if kind_of(record) == "work.close":
                closes.append((place, record["d"].get("records", [])))
        for place, indexes in closes:
            lacking = sorted(set(indexes) - set(done))
            what = f"The work.close lists records that the bundle does not hold: {listed(lacking)}."
            want(not lacking, what, place=place)
        names = ", ".join(sorted(works))
        want(len(works) <= 1, f"The records are not those of one work, but of {names}.")
        doubts.report(self.report)
        self.report.did(f"Single records checked with their proofs: {len(done)} ({listed(done)}). Work: {names}.")

    def _check_seg(self) -> None:
        reader = SegmentReader(self.source, self.report, self.thorough, self.openings)
        whole = reader.run()
        reader.tell()
        if whole:
            self._check_whole(reader.ledger)

    def _check_tile(self) -> None:
        """C2SP tlog-tiles: records in entry tiles, hashes recomputed from them level by level."""
        ledger, hashes = Ledger(), bytearray()
        for number in range((self.head.size + TILE - 1) // TILE):
            width = min(TILE, self.head.size - number * TILE)
            name = tile_name("entries", number, width)
            for offset, line in entries_of(self.source.read(name, MEMBER_BYTES), name, width):
                place = Place(ledger.size, name, offset)
                with at(place):
                    record = ledger.admit(line)
                ledger.accept(record, place, self.report)
                self.openings.check(record, place)
                hashes += leaf_hash(line)
        self._check_hash_tiles(hashes)
        self._check_whole(ledger)
        ledger.tell(self.report)
        self.report.did(f"Records in tile/ checked: {ledger.size}, and all hashes there, against the checkpoint.")

    def _check_hash_tiles(self, hashes: bytearray) -> None:
        level, full = 0, 32 * TILE
        while hashes:
            above = bytearray()
            for start in range(0, len(hashes), full):
                tile = bytes(hashes[start : start + full])
                name = tile_name(str(level), start // full, len(tile) // 32)
                same = self.source.read(name, full) == tile
                want(same, f"The hashes in {name} are not those of the records.")
                if len(tile) == full:
                    above += root_of_tile(tile)
            level, hashes = level + 1, above

    def _check_whole(self, ledger: Ledger) -> None:
        """The records read are those of the checkpoint and of the chain."""
        size, head = ledger.size, self.head
        what = f"The checkpoint has size {head.size}, but here are only {size} records: the end was cut off."
        want(size >= head.size, what, "behind")
        what = f"The checkpoint of size {head.size} is not the newest one: the bundle holds {size} records."
        want(size == head.size, what)
        what = f"The records are not those of the checkpoint: at size {size} their root is another one."
        want(ledger.origin == head.origin and ledger.roots.at(size) == head.root, what)
        below = [[epoch for epoch in epochs if epoch[0] < size] for epochs in (ledger.epochs, self.epochs)]
        want(below[0] == below[1], "The keys in chain/ are not all the keys that the whole log names.")
        if not self.ledgers:
            ledger.doubts.report(self.report)
        self.ledgers.append(ledger)


def root_of_tile(tile: bytes) -> bytes:
    subtree = Frontier()
    for start in range(0, len(tile), 32):
        subtree.push(tile[start : start + 32])
    return subtree.root()


def tile_name(level: str, number: int, width: int) -> str:
    """tile/0/x001/x234/067, and with .p/W while it is partial."""
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        parts.insert(0, f"x{number % 1000:03d}")
    return f"tile/{level}/{'/'.join(parts)}" + ("" if width == TILE else f".p/{width}")


def entries_of(raw: bytes, name: str, width: int) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of each record in an entry tile: length in two bytes, high byte first, then the record."""
    offset, what = 0, f"The file {name} does not hold exactly {width} records."
    for _ in range(width):
        end = offset + 2 + int.from_bytes(raw[offset : offset + 2], "big")
        want(len(raw) >= max(end, offset + 2), what)
        yield offset, raw[offset + 2 : end]
        offset = end
    want(offset == len(raw), what)


def check_bundle(source: Source, trust: Trust, heads: list[tuple[str, Note]], report: Report, thorough: bool) -> None:
    if not trust.given:
        raise UsageError(
            "This is a bundle, and a bundle proves nothing by the keys inside it: whoever makes one can put any key "
            "there. Ask the office, by a way other than the one this bundle came by, for the vkey of the log or of its "
            "witness (--key) or for its policy (--policy)."
        )
    bundle = Bundle(source, report, thorough)
    head, whole = bundle.head, False
    with reported(report):
        bundle.check()
        whole = True
    epochs = [epoch for epoch in bundle.epochs if epoch[0] < head.size]
    facts = Facts(head.origin, head.size, epochs, bundle.root_at, whole)
    agreed = compare_heads(source, heads, facts, report)
    if epochs and whole:
        report.describe(head.origin, head.size, head.root, epochs[-1][1])
        judge_trust(trust, facts, [("checkpoint", head)] + ([] if trust.quorum else agreed), report)
    if whole:
        tell_unchecked([name for name in source.names if name not in source.touched], report)


def tell_unchecked(names: list[str], report: Report) -> None:
    if names:
        report.note(f"Not checked, and nothing in it was believed: {listed(names)}.")


# Outside -------------------------------------------------------------------------------------------------------------


def check(path: str, trust: Trust, heads: list[tuple[str, Note]], thorough: bool = True) -> Report:
    """Checks what is at the path; any bytes give findings, never another exception than UsageError."""
    report = Report()
    try:
        with reported(report):
            source, is_bundle = open_source(path)
            (check_bundle if is_bundle else check_log)(source, trust, heads, report, thorough)
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - the outermost edge: any bytes give a finding
        what = f"This could not be read to its end, for a reason this program does not know better ({error!r})."
        hint = (
            "If it is a matter of rights or of the disk, copy the files elsewhere and check again; else ask for them."
        )
        report.add(WrongError(what, hint=hint))
    return report


def as_json(report: Report) -> str:
    findings = [finding._asdict() for finding in report.findings]
    facts = {name: getattr(report, name) for name in ("state", "log", "size", "root", "key", "checked", "notes")}
    return json.dumps({"schema": SCHEMA, **facts, "findings": findings}, ensure_ascii=False, indent=2)


def as_sentences(report: Report) -> str:
    lines = []
    if report.log is not None:
        lines += [
            f"log {report.log}, {report.size} records, root {report.root}",
            f"key in force at the end: {report.key}",
        ]
    lines += report.checked
    for finding in report.findings:
        place = [f"record {finding.record}"] if finding.record is not None else []
        place += [f"{finding.segment}, byte {finding.offset}"] if finding.offset is not None else []
        lines.append(finding.what + (f" [{', '.join(place)}]" if place else ""))
        lines.append(f"  What to do: {finding.hint}")
    return "\n".join([*lines, *report.notes, f"state: {report.state}"])


def arguments() -> argparse.ArgumentParser:
    about = "checks a sealed log of meterlink or a bundle cut from it; reads only"
    parser = argparse.ArgumentParser(prog="verify_meterlink.py", description=about)
    what = "bundle .zip, unpacked bundle, log folder (holding seg/), or one segment that begins at index 0"
    parser.add_argument("path", metavar="PATH", help=what)
    what = "vkey from elsewhere: the first key of the log, a later one in force, or an office witness (may be repeated)"
    parser.add_argument("--key", metavar="VKEY", action="append", default=[], help=what)
    what = "tlog-policy from elsewhere; never the one in the bundle"
    parser.add_argument("--policy", metavar="FILE", help=what)
    what = "checkpoint from elsewhere, as on an act or from the office (may be repeated)"
    parser.add_argument("--head", metavar="FILE", action="append", default=[], help=what)
    what = "all (default), or last for a quick look"
    parser.add_argument("--signatures", choices=("all", "last"), default="all", help=what)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of sentences")
    return parser


def main(argv: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if sys.version_info < (3, 8):  # noqa: UP036 - an old Python must not make a good log look bad
        sys.stderr.write("This program needs Python 3.8 or later.\n")
        return 2
    options = arguments().parse_args(argv)
    try:
        trust = Trust()
        read_keys(trust, options.key)
        if options.policy is not None:
            read_policy(trust, options.policy)
        report = check(options.path, trust, read_heads(options.head), options.signatures == "all")
    except UsageError as error:
        sys.stderr.write(shown(f"{error}\n"))
        if options.json:
            sys.stdout.write(json.dumps({"schema": SCHEMA, "error": str(error)}, ensure_ascii=False) + "\n")
        return 2
    try:
        sys.stdout.write((as_json(report) if options.json else as_sentences(report)) + "\n")
        sys.stdout.flush()
    except OSError as error:
        sys.stderr.write(f"The answer could not be written: {error.strerror or error}. Nothing was told.\n")
        os._exit(2)  # nothing else may try to write what is still waiting
    return EXIT_CODES.get(report.state, 10)


if __name__ == "__main__":
    sys.exit(main())
