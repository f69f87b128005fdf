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
import binascii
import functools
import hashlib
import io
import json
import os
import re
import sys
import unicodedata
import zipfile
from typing import Any, BinaryIO, Callable, Iterator, NamedTuple, NoReturn, Tuple, cast  # noqa: UP035

TEXT = {
    # usage
    "about": "checks a sealed log of meterlink or a bundle cut from it; reads only",
    "help_path": "bundle .zip, unpacked bundle, log folder (holding seg/), or one segment that begins at index 0",
    "help_key": (
        "vkey from elsewhere: the first key of the log, a later one in force, or an office witness (may be repeated)"
    ),
    "help_policy": "tlog-policy from elsewhere; never the one in the bundle",
    "help_head": "checkpoint from elsewhere, as on an act or from the office (may be repeated)",
    "help_signatures": "all (default), or last for a quick look",
    "help_json": "one JSON document instead of sentences",
    "old_python": "This program needs Python 3.8 or later; this is {version}.",
    "no_path": "There is nothing at {path}. Give a bundle, a log folder or a segment.",
    "no_log": "{path} holds neither a checkpoint (bundle) nor seg/ (log folder).",
    "no_file": "{path} cannot be read: {why}.",
    "bad_key": "--key {key}: this is not a vkey: {why}. It looks like name+8 hex digits+base64.",
    "bad_policy": "--policy {path}, line {line}: {why}.",
    "bad_head": "--head {path}: this is not a checkpoint: {why}.",
    "bundle_needs_root": (
        "This is a bundle, and a bundle proves nothing by the keys inside it: whoever makes one can put any key there. "
        "Ask the office, by a way other than the one this bundle came by, for the vkey of the log or of its witness "
        "(--key) or for its policy (--policy)."
    ),
    "head_not_comparable": (
        "The rest is in order, but this bundle holds no proof for the head of size {size} given by --head. "
        "Ask for the bundle of the whole log, or for the log itself."
    ),
    # why something is refused
    "bad_base64": "not strict base64",
    "bad_vkey": "not of the form name+key id+base64",
    "bad_vkey_id": "the key id does not belong to name and key",
    "bad_vkey_kind": "type {kind:02x} is not known to this program (01 log, 04 witness)",
    "bad_point": "the public key is not a point of the curve",
    "bad_note": "not a signed note of text, empty line and signature lines",
    "bad_note_text": "the text is not origin, size and root",
    "bad_note_line": "a signature line is malformed",
    "bad_proof_file": "{name} is not a proof file",
    "bad_growth": "{name} is not old size, proof and checkpoint",
    "policy_text": "not UTF-8",
    "policy_line": "not a log, witness, group or quorum line",
    "policy_name": "the name {name} is used twice or reserved",
    "policy_member": "{name} is not defined above this line",
    "policy_threshold": "the threshold {value} is not any, all or a number from 1 to the count of members",
    "policy_quorum": "exactly one quorum line is needed",
    "policy_key_twice": "the same witness key stands twice",
    # what is wrong with a record
    "too_long": "The record has more than 32768 bytes.",
    "not_utf8": "The record is not UTF-8 (byte {at} of the line).",
    "not_json": "The record is not JSON of the permitted kind: {why}.",
    "json_number": "{value} is not an integer between -(2^53 - 1) and 2^53 - 1",
    "json_doubled": "the key {key} stands twice in one object",
    "json_key": "the key {key} is not of [a-z0-9_]+",
    "json_null": "a null",
    "json_deep": "lists and objects more than 32 deep",
    "json_object": "not an object",
    "json_broken": "cannot be parsed",
    "not_canonical": "The record is JSON, but not in the one canonical form (RFC 8785).",
    "not_nfc": "The record holds text that is not in Unicode form NFC.",
    "bad_field": "The field {field} is missing or not as it must be.",
    "bad_matter": "The field d.{field} of a record of type {kind} is missing or not as it must be.",
    "wrong_log": "The record belongs to the log {found}, not to {expected}.",
    "wrong_index": "The record says it is number {found}, but stands at number {expected}.",
    "wrong_prev": "The record does not name the hash of the record before it.",
    "wrong_origin": "The name {log} does not end in the first 8 hex digits of the SHA-256 of the log's first key.",
    "first_kind": "Record 0 is not log.open.",
    "second_open": "A second log.open.",
    "after_end": "A record follows log.end.",
    "epoch_missing": "The record after key.rotate is not epoch.open.",
    "epoch_stray": "epoch.open without key.rotate before it.",
    "epoch_key": "epoch.open names another key than the key.rotate before it.",
    "epoch_number": "epoch.open does not count on from the key before: {expected} is due.",
    "key_again": "key.rotate names a key that was in force before.",
    "wrong_vkey": "The vkey in the record is refused: {why}.",
    "anchor_ahead": "The anchor speaks of size {size}, which is more than the {here} records before it.",
    "anchor_fork": "The anchor holds a root of size {size} that is not the root of this log at that size.",
    # signatures
    "bad_signature_line": "The signature line is malformed.",
    "bad_signature": "The signature by the key in force does not verify.",
    "foreign_signature": "The signature is by a key (id {id}) that this log never named.",
    "other_epoch": (
        "The signature is valid, but by a key that is not in force here: {vkey}. The key in force is "
        "{expected}. Somebody "
        "who held that other key sealed this record anew."
    ),
    # segments
    "no_segment": "The folder seg/ holds no segment.",
    "segment_name": "The segment name promises record {name_index}, but the next record is number {expected}.",
    "segment_long": "The pair begins where the segment already has 16777216 bytes or more; it belongs in a new one.",
    "pair_cut": "The pair of lines is not whole, and not in a way a crash could leave behind.",
    "torn": (
        "The last {count} bytes are no whole pair, as after a crash or a power cut. Only the {size} records "
        "before them were checked."
    ),
    "no_record": "The log holds no record.",
    "recovered_missing": "The bytes that a crash left ({file}) are recorded, but the file is not under torn/.",
    "recovered_differs": "The file {file} under torn/ is not what the record says ({bytes} bytes, SHA-256 {sha256}).",
    "in_doubt": (
        "Frames {frames} of the intent have no sure outcome: they may or may not have reached the meter. The "
        "log itself is sound."
    ),
    # bundles
    "zip_broken": "The ZIP file cannot be read: {why}.",
    "zip_name": "The ZIP file holds an unsafe or doubled name: {name}.",
    "zip_size": "The file {name} in the ZIP would have {size} bytes, more than any honest bundle holds.",
    "zip_method": "The file {name} in the ZIP is encrypted or packed in a way other than stored and deflated.",
    "unreadable": "This could not be read to its end, for a reason this program does not know better ({why}).",
    "missing": "The file {name} is missing.",
    "too_big": "The file {name} is longer than {limit} bytes.",
    "note_refused": "The file {name} is refused: {why}.",
    "no_checkpoint_record": "The checkpoint has size 0 and so proves nothing.",
    "note_signer": (
        "The checkpoint in {name} does not carry exactly one signature by the log, valid and by the key in force there."
    ),
    "note_other_epoch": (
        "The checkpoint in {name} is signed by another key of this log than the one in force there: {vkey}."
    ),
    "bad_inclusion": "The proof does not lead from the record to the root of the checkpoint.",
    "bad_consistency": "The proof does not lead from the older tree of size {size} to the checkpoint: two histories.",
    "wrong_proof": "The proof in {name} is for another record or another checkpoint.",
    "chain_order": "chain/ holds {kind} where {expected} is due.",
    "chain_extra": "chain/ names record {index}, which is not below the checkpoint.",
    "chain_differs": "The keys in chain/ are not all the keys that the whole log names.",
    "nothing_inside": "The bundle holds neither records/ nor seg/ nor tile/.",
    "checkpoint_root": "The records are not those of the checkpoint: at size {size} their root is another one.",
    "not_newest": "The checkpoint of size {size} is not the newest one: the bundle holds {here} records.",
    "tile_differs": "The hashes in {name} are not those of the records.",
    "tile_entries": "The file {name} does not hold exactly {width} records.",
    "proof_alone": "The file {name} proves a record that is not here.",
    "work_incomplete": "The work.close lists records that the bundle does not hold: {numbers}.",
    "two_works": "The records are not those of one work, but of {works}.",
    "bad_opening": "The clear values in {name} are not as they must be.",
    "wrong_opening": "The clear value of {field} in {name} is not the one committed to in the record.",
    "opening_alone": "There are clear values in {name}, but not the record that would prove them.",
    # heads and trust
    "head_name": "The name of {name} does not fit the size {size} in it.",
    "head_behind": (
        "The head {name} has size {size}, but here are only {here} records: the end was cut off, or this copy is old."
    ),
    "head_fork": "The head {name} of size {size} has another root than this log at that size: there are two histories.",
    "head_other_log": "The head {name} belongs to the log {found}, not to {expected}.",
    "no_trust": (
        "Nothing here is signed by a key that you gave: {keys}. The log may be whole, but it is not shown to "
        "be the right one."
    ),
    "no_quorum": (
        "No checkpoint here carries the cosignatures that the policy asks for ({quorum}); valid ones: {found}."
    ),
    "log_not_in_policy": "The policy names no key of the log {log}.",
    "bad_cosignature": "The cosignature by {witness} in {name} does not verify.",
    # what was checked
    "did_log": (
        "Records checked: {count}, in segments: {segments}; form, order, hash of the record before, tree, keys, "
        "and {signatures}."
    ),
    "did_all": "the signature of every record",
    "did_last": (
        "ONLY the last signature and those under a change of key (a quick look; leave out --signatures last for all)"
    ),
    "did_checkpoint": "Checked the checkpoint of size {size} and its signature.",
    "did_chain": (
        "Keys checked: {count}; each is named by a record that the key before it signed, and each of those "
        "trees grew into this one."
    ),
    "did_records": "Single records checked with their proofs: {count} ({numbers}). Work: {works}.",
    "did_tiles": "Records in tile/ checked: {count}, and all hashes there, against the checkpoint.",
    "did_openings": "Clear values checked: {count}, against the commitments in record {index}.",
    "did_head": "The head {name} of size {size} is part of this history. {signer}.",
    "head_signed": "It is signed by the key in force at that size",
    "head_unsigned": "Its signature is not by the key in force at that size",
    "did_key": "The key you gave was in force and signed here: {key}.",
    "did_quorum": "The checkpoint of size {size} carries the cosignatures you ask for: {found}.",
    # notes
    "no_root": (
        "ATTENTION: no key was given. Everything was checked by the first key that the log itself names:\n    {key}\n"
        "  Compare it, letter by letter, with the key that the office holds for this log. Until then this "
        "check says only "
        "that the log agrees with itself, not who wrote it."
    ),
    "key_unused": "The key {key} you gave was not found in force here.",
    "uncovered": "No cosignature covers the records from {size} on.",
    "policy_unknown": (
        "The policy names the witness {name} with a type of key that this program cannot check; it never counts."
    ),
    "later_version": (
        "{count} records are of a later version of the format; only log, index, hash and signature of these "
        "were checked."
    ),
    "unknown_kinds": "Types unknown to this program, kept and verified as bytes: {kinds}.",
    "head_later": "The head {name} of size {size} was not compared: {here} records could be checked.",
    "head_here_skipped": "The head {name} was not compared: this bundle holds no proof for its size.",
    "no_torn": "The files that crashes left (torn/) are not here; {count} records name such files.",
    "single": "Only this segment was read. Whether later ones exist cannot be seen from it.",
    "unchecked": "Not checked, and nothing in it was believed: {names}.",
    "log_is": "log {log}, {size} records, root {root}",
    "key_is": "key in force at the end: {key}",
    "where": "{what} [record {record}, {segment}, byte {offset}]",
    "where_record": "{what} [record {record}]",
    "hint": "  What to do: {hint}",
    "state": "state: {state}",
}

HINTS = {
    "tampered": (
        "Change nothing and keep this copy as it is. Ask the office for its own copy, check that too, and "
        "compare both from here on."
    ),
    "torn": (
        "Keep this copy. On the computer of the log `meterlink audit recover` keeps these bytes under torn/ "
        "and records them; "
        "then check again."
    ),
    "in-doubt": "Read the parameter back from the meter and record the answer (`meterlink audit resolve`).",
    "behind": (
        "Ask for the newest copy of this log. If it cannot be had, treat the missing records as removed; "
        "keep copy and head."
    ),
    "fork": "Keep both as evidence, and ask the office which one it cosigned. Nobody may repair this.",
    "no_trust": "Compare name and key id with what the office gave you, and ask it for the first vkey of this log.",
    "no_quorum": "Ask the office to cosign this log, or for the bundle with its cosignatures.",
    "log_not_in_policy": "Ask the office whether this log is enrolled, and for its present policy.",
    "unreadable": (
        "If it is a matter of rights or of the disk, copy the files elsewhere and check again; else ask for them anew."
    ),
    "segment_name": "A segment is missing or was renamed. Ask the office for its copy of the whole log.",
}

SEVERITY = ("ok", "in-doubt", "torn", "behind", "fork", "tampered")
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
BLOCK = 65536

HEX32 = re.compile("[0-9a-f]{32}")
TORN = re.compile("[0-9]+-[0-9a-f]{12}")
HEX64 = re.compile("[0-9a-f]{64}")
KEYS = re.compile("[a-z0-9_]+")
KIND = re.compile("[a-z0-9_.]+")
ORIGIN = re.compile(r"[^\s+]+/ml/[0-9a-f]{8}")
TIME = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z")
DECIMAL = re.compile("0|[1-9][0-9]{0,17}")
SEGMENT = re.compile("seg/([0-9]{12})[.]log")
ROTATION = re.compile(rb'"vkey":"([^"\\]{1,400})"')
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
    """Something that is not as the pages say; `code` names the sentence."""

    def __init__(self, code: str, state: str = "tampered", place: Place | None = None, **facts: object) -> None:
        super().__init__(code)
        self.code, self.state, self.place, self.facts = code, state, place, facts

    def __str__(self) -> str:
        return say(self.code, **self.facts)


class UsageError(Exception):
    """The program was asked for something that cannot be answered (exit code 2)."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(say(code, **facts))


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
        hint = HINTS.get(wrong.code, HINTS.get(wrong.state, ""))
        self.findings.append(Finding(wrong.state, *where, what=str(wrong), hint=hint))

    def did(self, code: str, **facts: object) -> None:
        self.checked.append(say(code, **facts))

    def note(self, code: str, **facts: object) -> None:
        sentence = say(code, **facts)
        if sentence not in self.notes:
            self.notes.append(sentence)


def say(code: str, **facts: object) -> str:
    return TEXT[code].format(**{name: shown(fact) for name, fact in facts.items()})


def shown(fact: object) -> object:
    """Text from a file must not steer the terminal: what cannot be printed is escaped, what is long is cut."""
    if not isinstance(fact, str):
        return fact
    text = "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode("ascii") for c in fact[:2000]
    )
    return text if len(fact) <= 2000 else text + "..."


# Ed25519 (RFC 8032 5.1), verification only ---------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
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


def multiples(point: Point) -> list[list[Point]]:
    """0 to 15 times 16^i times the point, for i from 0 to 63, as addends."""
    table = []
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


@functools.lru_cache(maxsize=1)
def base_multiples() -> list[list[Point]]:
    base = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    assert base is not None
    return multiples(base)


@functools.lru_cache(maxsize=4)
def minus_key_multiples(public: bytes) -> list[list[Point]] | None:
    point = decode_point(public)
    return None if point is None else multiples((P - point[0], point[1], 1, P - point[3]))


def ed25519_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032 5.1.7 without the cofactor, as OpenSSL does it: encode(S B - k A) is R, byte for byte, and S < L."""
    if len(public) != 32 or len(signature) != 64:
        return False
    table, s = minus_key_multiples(public), int.from_bytes(signature[32:], "little")
    if table is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return encode_point(add_multiple(add_multiple(NEUTRAL, s, base_multiples()), k, table)) == signature[:32]


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
    """The root at every size so far, 32 bytes each, in blocks (no list of a million objects)."""

    def __init__(self) -> None:
        self.size = -1
        self.blocks: list[bytearray] = []
        self.append(Frontier().root())

    def append(self, root: bytes) -> None:
        if not self.blocks or len(self.blocks[-1]) == BLOCK:
            self.blocks.append(bytearray())
        self.blocks[-1] += root
        self.size += 1

    def at(self, size: int) -> bytes | None:
        if not 0 <= size <= self.size:
            return None
        block, offset = divmod(size * 32, BLOCK)
        return bytes(self.blocks[block][offset : offset + 32])


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
    if not 0 < old < new:
        return False
    path = ([old_root] if old & (old - 1) == 0 else []) + proof
    if not path:
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


def strict_base64(text: str) -> bytes:
    """Standard alphabet with padding; refused when it does not encode to itself again."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise WrongError("bad_base64") from None
    if base64.b64encode(raw).decode("ascii") != text:
        raise WrongError("bad_base64")
    return raw


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
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)


def parse_vkey(text: str, any_kind: bool = False) -> Key:
    """C2SP signed-note: name+hex key id+base64(type byte and key)."""
    name, _, rest = text.partition("+")
    key_id, _, data = rest.partition("+")
    if not good_name(name) or not data:
        raise WrongError("bad_vkey")
    raw = strict_base64(data)
    if not raw:
        raise WrongError("bad_vkey")
    key = Key(name, raw[0], raw[1:])
    try:
        expected = key.id.hex()
    except UnicodeEncodeError:
        raise WrongError("bad_vkey") from None
    if expected != key_id:
        raise WrongError("bad_vkey_id")
    if key.kind in (1, 4):
        if len(key.raw) != 32 or decode_point(key.raw) is None:
            raise WrongError("bad_point")
    elif not any_kind:
        raise WrongError("bad_vkey_kind", kind=key.kind)
    return key


class Note(NamedTuple):
    """A checkpoint: C2SP signed-note and tlog-checkpoint without extension lines."""

    text: bytes
    origin: str
    size: int
    root: bytes
    lines: list[tuple[str, bytes]]


def checkpoint_text(origin: str, size: int, root: bytes) -> bytes:
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()


def parse_note(raw: bytes) -> Note:
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise WrongError("bad_note") from None
    body, gap, tail = whole.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or any(c < " " and c != "\n" for c in whole):
        raise WrongError("bad_note")
    fields = body.split("\n")
    if len(fields) != 3 or not good_name(fields[0]) or not DECIMAL.fullmatch(fields[1]):
        raise WrongError("bad_note_text")
    root = strict_base64(fields[2])
    if len(root) != 32:
        raise WrongError("bad_note_text")
    lines = [parse_signature_line(line) for line in tail[:-1].split("\n")]
    return Note((body + "\n").encode(), fields[0], int(fields[1]), root, lines)


def parse_signature_line(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014" or not good_name(parts[1]):
        raise WrongError("bad_note_line")
    payload = strict_base64(parts[2])
    if len(payload) < 5:
        raise WrongError("bad_note_line")
    return parts[1], payload


def log_signature_verifies(key: Key, text: bytes, payload: bytes) -> bool:
    return len(payload) == 68 and payload[:4] == key.id and ed25519_verifies(key.raw, text, payload[4:])


def cosigned(note: Note, key: Key, name: str) -> bool:
    """C2SP tlog-cosignature, type 04. A line that claims this key and does not verify is an error."""
    claimed = [payload for owner, payload in note.lines if owner == key.name and payload[:4] == key.id]
    for payload in claimed:
        signed = b"cosignature/v1\ntime %d\n" % int.from_bytes(payload[4:12], "big") + note.text
        if len(payload) != 76 or not ed25519_verifies(key.raw, signed, payload[12:]):
            raise WrongError("bad_cosignature", witness=key.name, name=name)
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

    def all_logs(self) -> list[Key]:
        return self.logs + self.policy_logs

    def all_witnesses(self) -> list[Key]:
        return self.offices + list(self.witnesses.values())

    def satisfied_by(self, names: list[str]) -> bool:
        good = set(names)
        for group, (threshold, members) in self.groups.items():
            if sum(member in good for member in members) >= threshold:
                good.add(group)
        return self.quorum in good


def read_keys(trust: Trust, texts: list[str]) -> None:
    for text in texts:
        try:
            key = parse_vkey(text)
        except WrongError as wrong:
            raise UsageError("bad_key", key=text, why=str(wrong)) from None
        (trust.logs if key.kind == 1 else trust.offices).append(key)


def read_policy(trust: Trust, path: str) -> None:
    try:
        text = read_own_file(path).decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("bad_policy", path=path, line=0, why=say("policy_text")) from None
    number = 0
    try:
        for number, line in enumerate(text.split("\n"), 1):  # noqa: B007
            words = line.split()
            if words and not words[0].startswith("#"):
                read_policy_line(trust, words)
        if trust.quorum is None:
            raise WrongError("policy_quorum")
    except WrongError as wrong:
        raise UsageError("bad_policy", path=path, line=number, why=str(wrong)) from None


def read_policy_line(trust: Trust, words: list[str]) -> None:
    """C2SP tlog-policy: log VKEY [URL], witness NAME VKEY [URL], group NAME any|all|N MEMBER..., quorum NAME|none."""
    kind, count = words[0], len(words)
    if kind == "log" and count in (2, 3):
        trust.policy_logs.append(parse_vkey(words[1]))
    elif kind == "witness" and count in (3, 4):
        new_policy_name(trust, words[1])
        key = parse_vkey(words[2], any_kind=True)
        if key.kind == 1:
            raise WrongError("bad_vkey_kind", kind=key.kind)
        if key in trust.witnesses.values():
            raise WrongError("policy_key_twice")
        trust.witnesses[words[1]] = key
    elif kind == "group" and count >= 4:
        new_policy_name(trust, words[1])
        trust.groups[words[1]] = (threshold_of(words[2], len(words) - 3), known_members(trust, words[3:]))
    elif kind == "quorum" and count == 2:
        if trust.quorum is not None:
            raise WrongError("policy_quorum")
        trust.quorum = words[1] if words[1] == "none" else known_members(trust, words[1:])[0]
    else:
        raise WrongError("policy_line")


def new_policy_name(trust: Trust, name: str) -> None:
    if name == "none" or name in trust.witnesses or name in trust.groups:
        raise WrongError("policy_name", name=name)


def known_members(trust: Trust, names: list[str]) -> list[str]:
    for name in names:
        if name not in trust.witnesses and name not in trust.groups:
            raise WrongError("policy_member", name=name)
    if len(set(names)) != len(names):
        raise WrongError("policy_name", name=names[0])
    return names


def threshold_of(word: str, members: int) -> int:
    if word in ("any", "all"):
        return 1 if word == "any" else members
    if not DECIMAL.fullmatch(word) or not 1 <= int(word) <= members:
        raise WrongError("policy_threshold", value=word)
    return int(word)


# Records -------------------------------------------------------------------------------------------------------------


def integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > LARGEST:
        raise WrongError("json_number", value=text[:40])
    return int(text)


def no_float(text: str) -> NoReturn:
    raise WrongError("json_number", value=text[:40])


def json_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if not KEYS.fullmatch(key):
            raise WrongError("json_key", key=key)
        if key in found:
            raise WrongError("json_doubled", key=key)
        found[key] = value
    return found


DECODER = json.JSONDecoder(
    object_pairs_hook=json_object, parse_int=integer, parse_float=no_float, parse_constant=no_float
)
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def check_values(value: Any) -> None:
    """No nulls, at most 32 deep."""
    heap = [(value, 1)]
    while heap:
        value, depth = heap.pop()
        if value is None:
            raise WrongError("json_null")
        if type(value) in (dict, list):
            if depth > DEPTH:
                raise WrongError("json_deep")
            heap += [(inner, depth + 1) for inner in (value.values() if type(value) is dict else value)]


def parse_record(line: bytes) -> dict[str, Any]:
    """Canonical JSON (RFC 8785) of the stricter kind; on it json.dumps with sorted keys is canonical."""
    if len(line) > LEAF_BYTES:
        raise WrongError("too_long")
    try:
        text = line.decode("utf-8")
        record = DECODER.decode(text)
        check_values(record)
        same = ENCODER.encode(record).encode("utf-8") == line
    except UnicodeDecodeError as error:
        raise WrongError("not_utf8", at=error.start) from None
    except WrongError as wrong:
        raise WrongError("not_json", why=str(wrong)) from None
    except (ValueError, RecursionError):
        raise WrongError("not_json", why=say("json_broken")) from None
    if type(record) is not dict:
        raise WrongError("not_json", why=say("json_object"))
    if not same:
        raise WrongError("not_canonical")
    if not unicodedata.is_normalized("NFC", text):
        raise WrongError("not_nfc")
    check_fields(record)
    return record


def is_text(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: type(value) is str and pattern.fullmatch(value) is not None


def is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def is_some_text(value: Any) -> bool:
    return type(value) is str and value != ""


def is_absent_or(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or test(value)


def are_frames(value: Any) -> bool:
    return type(value) is list and all(type(frame) is dict and type(frame.get("i")) is int for frame in value)


def are_counts(value: Any) -> bool:
    return type(value) is list and all(map(is_count, value))


def is_root(value: Any) -> bool:
    try:
        return type(value) is str and len(strict_base64(value)) == 32
    except WrongError:
        return False


FIELDS: list[tuple[str, Callable[[Any], bool]]] = [
    ("v", lambda value: type(value) is int and value >= 1),
    ("log", is_text(ORIGIN)),
    ("n", is_count),
    ("prev", is_text(HEX64)),
]
FIELDS_1: list[tuple[str, Callable[[Any], bool]]] = [
    ("run", is_text(HEX32)),
    ("mono_ms", is_count),
    ("t", is_text(TIME)),
    ("type", is_text(KIND)),
    ("work", is_absent_or(is_some_text)),
    ("actor", is_absent_or(is_some_text)),
    ("d", lambda value: type(value) is dict),
]
SURE = ("ok", "refused", "not-sent")
RESULTS = (*SURE, "no-answer", "damaged")
MATTER: dict[str, list[tuple[str, Callable[[Any], bool]]]] = {
    "log.open": [("format", lambda value: type(value) is int and value == 1), ("vkey", is_some_text)],
    "key.rotate": [("vkey", is_some_text)],
    "epoch.open": [("vkey", is_some_text), ("epoch", is_count)],
    "anchor": [("size", lambda value: is_count(value) and value > 0), ("root", is_root)],
    "log.recovered": [("file", is_text(TORN)), ("bytes", is_count), ("sha256", is_text(HEX64))],
    "intent": [("frames", are_frames)],
    "work.close": [("records", is_absent_or(are_counts))],
    "outcome": [("of", is_count), ("i", is_count), ("result", lambda value: value in RESULTS)],
    "verify": [("of", is_count), ("i", is_absent_or(is_count)), ("same", lambda value: type(value) is bool)],
    "resolve": [("of", is_count), ("i", is_absent_or(is_count))],
}
KNOWN = {*MATTER, "run.open", "run.close", "work.open", "read", "seal", "meter.journal"} | {
    "act.issued", "clock.jump", "log.note", "log.end"
}  # fmt: skip


def check_fields(record: dict[str, Any]) -> None:
    for field, test in FIELDS + (FIELDS_1 if record.get("v") == 1 else []):
        if not test(record.get(field)):
            raise WrongError("bad_field", field=field)
    for field, test in MATTER.get(kind_of(record), []):
        if not test(record["d"].get(field)):
            raise WrongError("bad_matter", field=field, kind=kind_of(record))


def kind_of(record: dict[str, Any]) -> str:
    """The type; a later version may have given `type` another meaning, so it has none here."""
    return str(record["type"]) if record["v"] == 1 else ""


def vkey_in(record: dict[str, Any]) -> Key:
    try:
        key = parse_vkey(record["d"]["vkey"])
        if key.kind != 1:
            raise WrongError("bad_vkey_kind", kind=key.kind)
    except WrongError as wrong:
        raise WrongError("wrong_vkey", why=str(wrong)) from None
    if key.name != record["log"]:
        raise WrongError("wrong_vkey", why=key.name)
    return key


def first_key(record: dict[str, Any]) -> Key:
    """The key of log.open; the origin ends in the beginning of its hash."""
    if kind_of(record) != "log.open":
        raise WrongError("first_kind")
    key = vkey_in(record)
    if hashlib.sha256(key.raw).hexdigest()[:8] != key.name[-8:]:
        raise WrongError("wrong_origin", log=key.name)
    return key


class Doubts:
    """Frames of intents without a sure outcome."""

    def __init__(self) -> None:
        self.open: dict[int, tuple[Place, list[int]]] = {}

    def note(self, record: dict[str, Any], place: Place) -> None:
        kind = kind_of(record)
        if kind == "intent":
            frames = [frame["i"] for frame in record["d"]["frames"]]
            if frames:
                self.open[record["n"]] = place, frames
        elif kind in ("verify", "resolve") or (kind == "outcome" and record["d"]["result"] in SURE):
            self._settle(record["d"]["of"], record["d"].get("i"))

    def _settle(self, of: int, frame: int | None) -> None:
        if of in self.open:
            place, frames = self.open.pop(of)
            rest = [] if frame is None else [i for i in frames if i != frame]
            if rest:
                self.open[of] = place, rest

    def report(self, report: Report) -> None:
        for place, frames in list(self.open.values())[:100]:
            numbers = ", ".join(map(str, frames))
            report.add(WrongError("in_doubt", "in-doubt", place, frames=numbers))


class Ledger:
    """The rules between records and the tree over them; takes one record after another."""

    def __init__(self) -> None:
        self.origin = ""
        self.size = 0
        self.epochs: list[tuple[int, Key]] = []
        self.roots = Roots()
        self.doubts = Doubts()
        self.later = 0
        self.recovered = 0
        self.unknown: dict[str, None] = {}
        self._frontier = Frontier()
        self.prev = "0" * 64
        self._next: Key | None = None
        self._used: dict[bytes, None] = {}
        self.ended = False

    def admit(self, line: bytes) -> dict[str, Any]:
        """Checks form, order, keys; afterwards `root()` is over this record too. Signatures are the caller's."""
        record = parse_record(line)
        self._check_place(record)
        self._check_keys(record)
        digest = leaf_hash(line)
        self.prev = digest.hex()
        self._frontier.push(digest)
        return record

    def accept(self, record: dict[str, Any], place: Place) -> None:
        """The record is sound."""
        self.size += 1
        self.roots.append(self._frontier.root())
        self.doubts.note(record, place)
        kind = kind_of(record)
        self.ended = kind == "log.end"
        self.later += not kind
        if kind and kind not in KNOWN and len(self.unknown) < 20:
            self.unknown[kind] = None

    def root(self) -> bytes:
        return self._frontier.root()

    def key(self) -> Key:
        return self.epochs[-1][1]

    def _check_place(self, record: dict[str, Any]) -> None:
        if self.origin and record["log"] != self.origin:
            raise WrongError("wrong_log", found=record["log"], expected=self.origin)
        if record["n"] != self.size:
            raise WrongError("wrong_index", found=record["n"], expected=self.size)
        if record["prev"] != self.prev:
            raise WrongError("wrong_prev")
        if self.ended:
            raise WrongError("after_end")

    def _check_keys(self, record: dict[str, Any]) -> None:
        kind = kind_of(record)
        if self.size == 0:
            self._enter(0, first_key(record))
            self.origin = record["log"]
        elif kind == "log.open":
            raise WrongError("second_open")
        if self._next is not None:
            self._open_epoch(record, self._next)
        elif kind == "epoch.open":
            raise WrongError("epoch_stray")
        if kind == "key.rotate":
            key = vkey_in(record)
            if key.raw in self._used:
                raise WrongError("key_again")
            self._next = key

    def _open_epoch(self, record: dict[str, Any], key: Key) -> None:
        if kind_of(record) != "epoch.open":
            raise WrongError("epoch_missing")
        if vkey_in(record) != key:
            raise WrongError("epoch_key")
        if record["d"]["epoch"] != len(self.epochs):
            raise WrongError("epoch_number", expected=len(self.epochs))
        self._next = None
        self._enter(self.size, key)

    def _enter(self, index: int, key: Key) -> None:
        self._used[key.raw] = None
        self.epochs.append((index, key))


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
        if not self.has(name):
            raise WrongError("missing", name=name)
        self.touched.add(name)
        return self._open(name)

    def read(self, name: str, limit: int = SMALL_BYTES) -> bytes:
        with self.open(name) as stream:
            raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise WrongError("too_big", name=name, limit=limit)
        return raw

    def numbered(self, pattern: str) -> list[int]:
        """The numbers of the files whose name fits, in order."""
        found = (re.fullmatch(pattern, name) for name in self.names)
        return sorted(int(match.group(1)) for match in found if match and DECIMAL.fullmatch(match.group(1)))

    def _walk(self) -> Iterator[str]:
        for folder, _, files in os.walk(self.root):
            for file in files:
                path = os.path.join(folder, file)
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
        seen: dict[str, None] = {}
        total = 0
        for info in self.zip.infolist():
            name, total = info.filename, total + info.file_size
            parts = name.rstrip("/").split("/")
            unsafe = any(part in ("", ".", "..") for part in parts) or any(c in name for c in "\\:\0")
            if unsafe or info.orig_filename != name or name.casefold() in seen:
                raise WrongError("zip_name", name=name)
            if info.file_size > MEMBER_BYTES or total > ZIP_BYTES:
                raise WrongError("zip_size", name=name, size=info.file_size)
            if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise WrongError("zip_method", name=name)
            seen[name.casefold()] = None
            if not name.endswith("/"):
                yield name

    def _open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, self.zip.open(name))


def read_own_file(path: str) -> bytes:
    """A file that the reader himself gave."""
    try:
        with open(path, "rb") as stream:
            return stream.read(SMALL_BYTES)
    except OSError as error:
        raise UsageError("no_file", path=path, why=error.strerror or type(error).__name__) from None


def open_source(path: str) -> tuple[Source, bool]:
    """The files at the path, and whether they are a bundle."""
    if os.path.isdir(path):
        source = Source(path)
        if any(name.startswith(BUNDLE) for name in source.names):
            return source, True
        if os.path.isdir(os.path.join(path, "seg")):
            return source, False
        raise UsageError("no_log", path=path)
    if not os.path.isfile(path):
        raise UsageError("no_path", path=path)
    try:
        with open(path, "rb") as stream:
            is_zip = stream.read(2) == b"PK"
    except OSError as error:
        raise UsageError("no_file", path=path, why=error.strerror or type(error).__name__) from None
    if not is_zip and not path.lower().endswith(".zip"):
        return Source(path, single=True), False
    try:
        return Archive(path), True
    except WrongError:
        raise
    except Exception as error:  # noqa: BLE001 - zipfile lets many kinds of exceptions out on broken input
        raise WrongError("zip_broken", why=type(error).__name__) from None


# A whole log ---------------------------------------------------------------------------------------------------------


class Sealed(NamedTuple):
    """A signature still to be checked: by whom, over what, where."""

    key: Key
    text: bytes
    payload: bytes
    place: Place


class SegmentReader:
    """Reads pair after pair into a ledger."""

    def __init__(self, source: Source, report: Report, thorough: bool) -> None:
        self.source, self.report, self.thorough = source, report, thorough
        self.ledger = Ledger()
        self.openings = Openings(source, report)
        self.segments = [name for name in source.names if SEGMENT.fullmatch(name)]
        self._torn_here = any(name.startswith("torn/") for name in source.names)
        self._last: Sealed | None = None

    def run(self) -> bool:
        """True when all of it, except a torn tail, was read."""
        try:
            self._read_all()
            self._check_last()
        except WrongError as wrong:
            if wrong.state != "torn":
                self.report.add(wrong)
                return False
            return self._tail(wrong)
        return True

    def _tail(self, torn: WrongError) -> bool:
        self.report.add(torn)
        try:
            self._check_last()
        except WrongError as wrong:
            self.report.add(wrong)
            return False
        return True

    def _read_all(self) -> None:
        if not self.segments:
            raise WrongError("no_segment")
        for name in self.segments:
            index, last = int(name[4:16]), name == self.segments[-1]
            if index != self.ledger.size:
                place = Place(self.ledger.size, name, 0)
                raise WrongError("segment_name", place=place, name_index=index, expected=self.ledger.size)
            self._read_segment(name, last)
        if self.ledger.size == 0:
            raise WrongError("no_record", place=Place(0, self.segments[-1], 0))

    def _read_segment(self, name: str, last: bool) -> None:
        offset = 0
        with self.source.open(name) as stream:
            while True:
                pair = [stream.readline(PAIR_BYTES)]
                if pair[0].endswith(b"\n"):
                    pair.append(stream.readline(PAIR_BYTES))
                if not pair[0]:
                    break
                self._read_pair(stream, pair, Place(self.ledger.size, name, offset), last)
                offset += len(pair[0]) + len(pair[1])

    def _read_pair(self, stream: BinaryIO, pair: list[bytes], place: Place, last: bool) -> None:
        prev = self.ledger.prev
        try:
            if len(pair) < 2 or not pair[1].endswith(b"\n"):
                raise WrongError("pair_cut")
            if place.offset is not None and place.offset >= SEGMENT_BYTES:
                raise WrongError("segment_long")
            record = self.ledger.admit(pair[0][:-1])
            self._check_seal(record, pair[1][:-1], place)
        except WrongError as wrong:
            rest = b"".join(pair) + stream.read(PAIR_BYTES) if last else b""
            if last and self.ledger.size and not self.ledger.ended and is_torn(rest, place.offset or 0, prev):
                raise WrongError("torn", "torn", place, count=len(rest), size=self.ledger.size) from None
            wrong.place = wrong.place or place
            raise
        self.ledger.accept(record, place)
        self._look_into(record, pair[0][:-1], place)

    def _check_seal(self, record: dict[str, Any], line: bytes, place: Place) -> None:
        ledger = self.ledger
        try:
            name, payload = parse_signature_line(line.decode("utf-8"))
        except (WrongError, UnicodeDecodeError):
            raise WrongError("bad_signature_line") from None
        if name != ledger.origin or len(payload) != 68:
            raise WrongError("bad_signature_line")
        text = checkpoint_text(ledger.origin, ledger.size + 1, ledger.root())
        sealed = Sealed(ledger.key(), text, payload, place)
        if self.thorough or kind_of(record) == "key.rotate" or payload[:4] != sealed.key.id:
            self._check_signature(sealed)
            self._last = None
        else:
            self._last = sealed

    def _check_last(self) -> None:
        if self._last is not None:
            self._check_signature(self._last)

    def _check_signature(self, sealed: Sealed) -> None:
        if log_signature_verifies(sealed.key, sealed.text, sealed.payload):
            return
        for key in self._other_keys(sealed):
            if log_signature_verifies(key, sealed.text, sealed.payload):
                raise WrongError("other_epoch", place=sealed.place, vkey=key.vkey, expected=sealed.key.vkey)
        if sealed.payload[:4] != sealed.key.id:
            raise WrongError("foreign_signature", place=sealed.place, id=sealed.payload[:4].hex())
        raise WrongError("bad_signature", place=sealed.place)

    def _other_keys(self, sealed: Sealed) -> Iterator[Key]:
        """Keys that this log names anywhere, before or after, with the id in the signature."""
        for name in self.segments:
            with self.source.open(name) as stream:
                for line in iter(lambda: stream.readline(PAIR_BYTES), b""):
                    for match in ROTATION.finditer(line):
                        if sealed.payload[:4].hex().encode() not in match.group(1):
                            continue
                        try:
                            key = parse_vkey(match.group(1).decode("utf-8"))
                        except (WrongError, UnicodeDecodeError):
                            continue
                        if key.kind == 1 and key != sealed.key:
                            yield key

    def _look_into(self, record: dict[str, Any], line: bytes, place: Place) -> None:
        check_anchor(self.ledger, record, place, self.report)
        self.openings.check(record, place)
        if kind_of(record) == "log.recovered":
            self.ledger.recovered += 1
            if self._torn_here:
                self._check_recovered(record["d"], place)

    def _check_recovered(self, d: dict[str, Any], place: Place) -> None:
        name = "torn/" + d["file"]
        if not self.source.has(name):
            self.report.add(WrongError("recovered_missing", place=place, file=d["file"]))
            return
        count, digest = 0, hashlib.sha256()
        with self.source.open(name) as stream:
            for block in iter(lambda: stream.read(BLOCK), b""):
                count += len(block)
                digest.update(block)
        if count != d["bytes"] or digest.hexdigest() != d["sha256"]:
            facts = {"file": d["file"], "bytes": d["bytes"], "sha256": d["sha256"]}
            self.report.add(WrongError("recovered_differs", place=place, **facts))

    def tell(self) -> None:
        """What was read, and what about it a reader should know."""
        ledger, report = self.ledger, self.report
        how = say("did_all" if self.thorough else "did_last")
        report.did("did_log", count=ledger.size, segments=len(self.segments), signatures=how)
        if ledger.recovered and not self._torn_here:
            report.note("no_torn", count=ledger.recovered)
        tell_unknown(ledger, report)


def tell_unknown(ledger: Ledger, report: Report) -> None:
    if ledger.later:
        report.note("later_version", count=ledger.later)
    if ledger.unknown:
        report.note("unknown_kinds", kinds=", ".join(ledger.unknown))


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


def check_anchor(ledger: Ledger, record: dict[str, Any], place: Place, report: Report) -> None:
    if kind_of(record) != "anchor":
        return
    size, root = record["d"]["size"], record["d"]["root"]
    if size > record["n"]:
        report.add(WrongError("anchor_ahead", place=place, size=size, here=record["n"]))
        return
    known = ledger.roots.at(size)
    if known is not None and base64.b64encode(known).decode() != root:
        report.add(WrongError("anchor_fork", "fork", place, size=size))


class Openings:
    """Clear values in private/ against the commitments in the records."""

    def __init__(self, source: Source, report: Report) -> None:
        self.source, self.report = source, report
        self.left = set(source.numbered("private/([0-9]+)[.]json"))

    def check(self, record: dict[str, Any], place: Place) -> None:
        if record["n"] not in self.left:
            return
        self.left.discard(record["n"])
        try:
            count = self._check(record, f"private/{record['n']}.json")
            self.report.did("did_openings", count=count, index=record["n"])
        except WrongError as wrong:
            self.report.add(wrong, place)

    def _check(self, record: dict[str, Any], name: str) -> int:
        try:
            values = json.loads(self.source.read(name).decode("utf-8"))
            opened = {field: (salt_of(pair["salt"]), pair["value"].encode()) for field, pair in values.items()}
        except (ValueError, RecursionError, TypeError, AttributeError, KeyError):
            raise WrongError("bad_opening", name=name) from None
        committed = record["d"].get("commitments") if record["v"] == 1 else None
        for field, (salt, value) in opened.items():
            digest = hashlib.sha256(salt + field.encode("utf-8", "replace") + b"\n" + value).hexdigest()
            if type(committed) is not dict or committed.get(field) != digest:
                raise WrongError("wrong_opening", name=name, field=field)
        return len(opened)

    def finish(self) -> None:
        """What is left belongs to no record."""
        for index in sorted(self.left)[:100]:
            self.report.add(WrongError("opening_alone", place=Place(index), name=f"private/{index}.json"))


def salt_of(text: str) -> bytes:
    if not HEX32.fullmatch(text):
        raise ValueError
    return bytes.fromhex(text)


def describe(report: Report, origin: str, size: int, root: bytes, key: Key) -> None:
    report.log, report.size, report.key = origin, size, key.vkey
    report.root = base64.b64encode(root).decode()


def check_log(source: Source, trust: Trust, heads: list[tuple[str, Note]], report: Report, thorough: bool) -> None:
    """A log folder or one segment: chapters 1 to 3 of the format."""
    reader = SegmentReader(source, report, thorough)
    whole = reader.run()
    ledger = reader.ledger
    reader.tell()
    tell_unchecked([name for name in source.names if name.startswith("seg/") and name not in reader.segments], report)
    if source.single:
        report.note("single")
    if whole:
        reader.openings.finish()
        ledger.doubts.report(report)
    notes = own_heads(source, report) + [(name, note, False) for name, note in heads]
    epochs = [(start, key) for start, key in ledger.epochs if start < ledger.size]
    facts = Facts(ledger.origin, ledger.size, epochs, ledger.roots.at, whole, True)
    agreed = compare_heads(notes, facts, report)
    if epochs:
        describe(report, ledger.origin, ledger.size, ledger.roots.at(ledger.size) or b"", epochs[-1][1])
        judge_trust(trust, facts, agreed, report)


# Heads and trust -----------------------------------------------------------------------------------------------------


class Facts(NamedTuple):
    """What was verified of this log, to compare heads and keys with."""

    origin: str
    size: int
    epochs: list[tuple[int, Key]]
    root_at: Callable[[int], bytes | None]
    whole: bool
    every_size: bool


def own_heads(source: Source, report: Report) -> list[tuple[str, Note, bool]]:
    """The checkpoints under heads/; these are the log's own, so each must be in order."""
    found = []
    for size in source.numbered("heads/([0-9]+)[.]note"):
        name = f"heads/{size}.note"
        try:
            note = named_note(source, name)
            if note.size != size:
                raise WrongError("head_name", name=name, size=note.size)
            found.append((name, note, True))
        except WrongError as wrong:
            report.add(wrong)
    return found


def named_note(source: Source, name: str) -> Note:
    raw = source.read(name)
    try:
        return parse_note(raw)
    except WrongError as wrong:
        raise WrongError("note_refused", name=name, why=str(wrong)) from None


def key_at(epochs: list[tuple[int, Key]], size: int) -> Key:
    """The key that signs the checkpoint of that size: the one in force at the last record in it."""
    return max((epoch for epoch in epochs if epoch[0] < max(size, 1)), key=lambda epoch: epoch[0])[1]


def check_note_signer(note: Note, name: str, epochs: list[tuple[int, Key]]) -> None:
    """Exactly one line by the log, by the key in force; any other key of the log is a failure even when valid."""
    key, payloads = key_at(epochs, note.size), [payload for owner, payload in note.lines if owner == note.origin]
    if len(payloads) == 1 and log_signature_verifies(key, note.text, payloads[0]):
        return
    for _, other in epochs:
        if any(log_signature_verifies(other, note.text, payload) for payload in payloads[:4] if other != key):
            raise WrongError("note_other_epoch", name=name, vkey=other.vkey)
    raise WrongError("note_signer", name=name)


def compare_heads(notes: list[tuple[str, Note, bool]], facts: Facts, report: Report) -> list[tuple[str, Note]]:
    """The heads that are part of this history; the others become findings."""
    agreed = []
    for name, note, own in notes:
        try:
            if compare_head(name, note, own, facts, report):
                agreed.append((name, note))
        except WrongError as wrong:
            report.add(wrong)
    return agreed


def compare_head(name: str, note: Note, own: bool, facts: Facts, report: Report) -> bool:
    if facts.origin and note.origin != facts.origin:
        raise WrongError("head_other_log", "fork", name=name, found=note.origin, expected=facts.origin)
    if note.size > facts.size:
        if facts.whole:
            raise WrongError("head_behind", "behind", name=name, size=note.size, here=facts.size)
        report.note("head_later", name=name, size=note.size, here=facts.size)
        return False
    root = facts.root_at(note.size)
    if root is None:
        if not own and not report.findings:
            raise UsageError("head_not_comparable", size=note.size)
        report.note("head_here_skipped", name=name)
        return False
    if root != note.root:
        raise WrongError("head_fork", "fork", Place(note.size - 1) if note.size else None, name=name, size=note.size)
    signer = "head_signed"
    try:
        if facts.epochs:
            check_note_signer(note, name, facts.epochs)
    except WrongError:
        if own:
            raise
        signer = "head_unsigned"
    report.did("did_head", name=name, size=note.size, signer=say(signer))
    return True


def judge_trust(trust: Trust, facts: Facts, notes: list[tuple[str, Note]], report: Report) -> None:
    """Whether a key from elsewhere stands behind all this."""
    if not trust.given:
        report.note("no_root", key=facts.epochs[0][1].vkey)
        return
    in_force = [key for start, key in facts.epochs if start < facts.size]
    matched = [key for key in trust.all_logs() if key in in_force]
    for key in trust.all_logs():
        if key.name == facts.origin or key in trust.logs:
            if key in in_force:
                report.did("did_key", key=key.vkey)
            else:
                report.note("key_unused", key=key.vkey)
    cosigners = list_cosigners(trust, notes, report)
    by_office = any(key in trust.offices for _, keys in cosigners for key in keys)
    by_quorum = trust.quorum is not None and judge_policy(trust, facts, cosigners, report)
    tell_coverage(trust, facts, cosigners, report)
    if not (matched or by_office or by_quorum) and trust.quorum in (None, "none"):
        keys = ", ".join(key.vkey for key in trust.all_logs() + trust.all_witnesses())
        report.add(WrongError("no_trust", keys=keys))


def list_cosigners(trust: Trust, notes: list[tuple[str, Note]], report: Report) -> list[tuple[Note, list[Key]]]:
    found = []
    for name, note in notes:
        keys = []
        for key in trust.all_witnesses():
            try:
                if key.kind == 4 and cosigned(note, key, name):
                    keys.append(key)
            except WrongError as wrong:
                report.add(wrong)
        found.append((note, keys))
    return found


def judge_policy(trust: Trust, facts: Facts, cosigners: list[tuple[Note, list[Key]]], report: Report) -> bool:
    """True when the quorum, one that is not `none`, is there."""
    for name, key in trust.witnesses.items():
        if key.kind != 4:
            report.note("policy_unknown", name=name)
    if trust.policy_logs and all(key.name != facts.origin for key in trust.policy_logs):
        report.add(WrongError("log_not_in_policy", log=facts.origin))
    if trust.quorum == "none":
        return False
    names = [[name for name, key in trust.witnesses.items() if key in keys] for _, keys in cosigners]
    if any(trust.satisfied_by(found) for found in names):
        return True
    best = max(names, key=len, default=[])
    report.add(WrongError("no_quorum", quorum=trust.quorum, found=", ".join(best) or "-"))
    return False


def tell_coverage(trust: Trust, facts: Facts, cosigners: list[tuple[Note, list[Key]]], report: Report) -> None:
    if not trust.all_witnesses():
        return
    for note, keys in sorted(cosigners, key=lambda pair: -pair[0].size):
        names = [name for name, key in trust.witnesses.items() if key in keys]
        if any(key in trust.offices for key in keys) or trust.satisfied_by(names):
            report.did("did_quorum", size=note.size, found=", ".join(key.name for key in keys))
            if note.size < facts.size:
                report.note("uncovered", size=note.size)
            return


# Bundles -------------------------------------------------------------------------------------------------------------


class Proof(NamedTuple):
    """A tlog-proof or the body of add-checkpoint: index or old size, hashes, checkpoint."""

    number: int
    hashes: list[bytes]
    note: Note


def parse_proof(raw: bytes, name: str) -> Proof:
    try:
        head, gap, note = raw.decode("utf-8").partition("\n\n")
        lines = head.split("\n")
        if lines[1:2] and lines[1].startswith("extra "):
            strict_base64(lines.pop(1)[6:])
        number = lines[1][6:]
        if not gap or lines[0] != "c2sp.org/tlog-proof@v1" or lines[1][:6] != "index " or not DECIMAL.fullmatch(number):
            raise WrongError("bad_proof_file", name=name)
        return Proof(int(number), parse_hashes(lines[2:]), parse_note(note.encode()))
    except (ValueError, IndexError, WrongError):
        raise WrongError("bad_proof_file", name=name) from None


def parse_growth(raw: bytes, name: str) -> Proof:
    """The body of add-checkpoint (C2SP tlog-witness): old size, consistency proof, empty line, checkpoint."""
    try:
        head, gap, note = raw.decode("utf-8").partition("\n\n")
        lines = head.split("\n")
        number = lines[0][4:]
        if not gap or lines[0][:4] != "old " or not DECIMAL.fullmatch(number):
            raise WrongError("bad_growth", name=name)
        return Proof(int(number), parse_hashes(lines[1:]), parse_note(note.encode()))
    except (ValueError, WrongError):
        raise WrongError("bad_growth", name=name) from None


def parse_hashes(lines: list[str]) -> list[bytes]:
    hashes = [strict_base64(line) for line in lines]
    if len(hashes) > 63 or any(len(digest) != 32 for digest in hashes):
        raise WrongError("bad_base64")
    return hashes


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
        if self.head.size == 0:
            raise WrongError("no_checkpoint_record")
        for name in self.source.names:
            match = PROOF.fullmatch(name)
            if match and not self.source.has(match.group(1) + ".json"):
                raise WrongError("proof_alone", name=name)
        self._check_chain()
        check_note_signer(self.head, "checkpoint", self.epochs)
        self.report.did("did_checkpoint", size=self.head.size)
        self._check_contents()
        self.openings.finish()

    def _check_contents(self) -> None:
        kinds = [
            kind for kind in ("seg", "tile", "records") if any(n.startswith(kind + "/") for n in self.source.names)
        ]
        if not kinds:
            raise WrongError("nothing_inside")
        for kind in kinds:
            getattr(self, "_check_" + kind)()

    def _read_record(self, name: str, index: int) -> tuple[bytes, dict[str, Any]]:
        line = self.source.read(name)
        record = parse_record(line)
        if record["n"] != index:
            raise WrongError("wrong_index", found=record["n"], expected=index)
        if record["log"] != self.head.origin:
            raise WrongError("wrong_log", found=record["log"], expected=self.head.origin)
        return line, record

    def _check_inclusion(self, name: str, index: int, line: bytes) -> Note:
        proof = parse_proof(self.source.read(name), name)
        if proof.number != index or proof.note.origin != self.head.origin:
            raise WrongError("wrong_proof", name=name)
        if root_by_inclusion(index, proof.note.size, leaf_hash(line), proof.hashes) != proof.note.root:
            raise WrongError("bad_inclusion")
        return proof.note

    def _check_chain(self) -> None:
        indexes = self.source.numbered("chain/([0-9]+)[.]json")
        if indexes[:1] != [0]:
            raise WrongError("missing", name="chain/0.json")
        for index in indexes:
            try:
                self._check_link(index)
            except WrongError as wrong:
                wrong.place = wrong.place or Place(index, f"chain/{index}.json")
                raise
        self.report.did("did_chain", count=len(self.epochs))

    def _check_link(self, index: int) -> None:
        if index >= self.head.size:
            raise WrongError("chain_extra", index=index)
        name = f"chain/{index}"
        line, record = self._read_record(name + ".json", index)
        key = self._next_key(index, record)
        note = self._check_inclusion(name + ".tlog-proof", index, line)
        if note.size != index + 1:
            raise WrongError("wrong_proof", name=name + ".tlog-proof")
        if index == 0:
            self.epochs.append((0, key))
        check_note_signer(note, name + ".tlog-proof", self.epochs)
        growth = parse_growth(self.source.read(name + ".growth"), name + ".growth")
        if growth.number != note.size or growth.note.text != self.head.text:
            raise WrongError("wrong_proof", name=name + ".growth")
        if not consistent(note.size, self.head.size, note.root, self.head.root, growth.hashes):
            raise WrongError("bad_consistency", "fork", size=note.size)
        check_note_signer_same(growth.note, self.head, name + ".growth")
        self.roots[note.size] = note.root
        self.openings.check(record, Place(index, name + ".json"))
        if index:
            self.epochs.append((index + 1, key))

    def _next_key(self, index: int, record: dict[str, Any]) -> Key:
        if index == 0:
            return first_key(record)
        if kind_of(record) != "key.rotate":
            raise WrongError("chain_order", kind=kind_of(record), expected="key.rotate")
        key = vkey_in(record)
        if any(key.raw == old.raw for _, old in self.epochs):
            raise WrongError("key_again")
        return key

    def _check_records(self) -> None:
        doubts, done = Doubts(), []
        works: dict[str, None] = {}
        closes: list[tuple[Place, list[int]]] = []
        for index in self.source.numbered("records/([0-9]+)[.]json"):
            name = f"records/{index}"
            place = Place(index, name + ".json")
            try:
                line, record = self._read_record(name + ".json", index)
                note = self._check_inclusion(name + ".tlog-proof", index, line)
                if note.text != self.head.text:
                    raise WrongError("wrong_proof", name=name + ".tlog-proof")
                check_note_signer_same(note, self.head, name + ".tlog-proof")
            except WrongError as wrong:
                wrong.place = wrong.place or place
                raise
            doubts.note(record, place)
            self.openings.check(record, place)
            done.append(index)
            if record["v"] == 1:
                works[str(record.get("work", "-"))] = None
            if kind_of(record) == "work.close":
                closes.append((place, record["d"].get("records", [])))
        for place, listed in closes:
            lacking = sorted(set(listed) - set(done))
            if lacking:
                raise WrongError("work_incomplete", place=place, numbers=", ".join(map(str, lacking[:20])))
        if len(works) > 1:
            raise WrongError("two_works", works=", ".join(works))
        doubts.report(self.report)
        self.report.did("did_records", count=len(done), numbers=", ".join(map(str, done)), works=", ".join(works))

    def _check_seg(self) -> None:
        reader = SegmentReader(self.source, self.report, self.thorough)
        reader.openings = self.openings
        whole = reader.run()
        reader.tell()
        if whole:
            self._check_whole(reader.ledger)

    def _check_whole(self, ledger: Ledger) -> None:
        """The records read are those of the checkpoint and of the chain."""
        size, head = ledger.size, self.head
        if size > head.size:
            raise WrongError("not_newest", size=head.size, here=size)
        if size < head.size:
            raise WrongError("head_behind", "behind", name="checkpoint", size=head.size, here=size)
        if ledger.origin != head.origin:
            raise WrongError("wrong_log", found=ledger.origin, expected=head.origin)
        if ledger.roots.at(head.size) != head.root:
            raise WrongError("checkpoint_root", size=head.size)
        if [e for e in ledger.epochs if e[0] < head.size] != [e for e in self.epochs if e[0] < head.size]:
            raise WrongError("chain_differs")
        if not self.ledgers:
            ledger.doubts.report(self.report)
        self.ledgers.append(ledger)

    def _check_tile(self) -> None:
        """C2SP tlog-tiles: records in entry tiles, hashes recomputed from them level by level."""
        ledger, tiles = Ledger(), HashTiles(self.source.read)
        for number in range((self.head.size + TILE - 1) // TILE):
            width = min(TILE, self.head.size - number * TILE)
            name = tile_name("entries", number, width)
            for offset, line in entries_of(self.source.read(name, MEMBER_BYTES), name, width):
                place = Place(ledger.size, name, offset)
                try:
                    record = ledger.admit(line)
                except WrongError as wrong:
                    wrong.place = wrong.place or place
                    raise
                ledger.accept(record, place)
                check_anchor(ledger, record, place, self.report)
                self.openings.check(record, place)
                tiles.push(0, leaf_hash(line))
        tiles.finish()
        self._check_whole(ledger)
        tell_unknown(ledger, self.report)
        self.report.did("did_tiles", count=ledger.size)

    def root_at(self, size: int) -> bytes | None:
        for ledger in self.ledgers:
            root = ledger.roots.at(size)
            if root is not None:
                return root
        return self.roots.get(size)


def check_note_signer_same(note: Note, head: Note, name: str) -> None:
    """A copy of the checkpoint must carry the same signature by the log; Ed25519 signatures do not vary."""
    own = [line for line in head.lines if line[0] == head.origin]
    if [line for line in note.lines if line[0] == head.origin] != own:
        raise WrongError("note_signer", name=name)


class HashTiles:
    """Rebuilds the hash tiles of a growing tree and compares each with its file."""

    def __init__(self, read: Callable[[str, int], bytes]) -> None:
        self.read = read
        self.levels: list[bytearray] = []
        self.done: list[int] = []

    def push(self, level: int, digest: bytes) -> None:
        if level == len(self.levels):
            self.levels.append(bytearray())
            self.done.append(0)
        self.levels[level] += digest
        if len(self.levels[level]) == 32 * TILE:
            full = self._compare(level)
            self.done[level] += 1
            self.levels[level] = bytearray()
            self.push(level + 1, full.root())

    def finish(self) -> None:
        for level, hashes in enumerate(self.levels):
            if hashes:
                self._compare(level)

    def _compare(self, level: int) -> Frontier:
        hashes, subtree = bytes(self.levels[level]), Frontier()
        name = tile_name(str(level), self.done[level], len(hashes) // 32)
        if self.read(name, 32 * TILE) != hashes:
            raise WrongError("tile_differs", name=name)
        for start in range(0, len(hashes), 32):
            subtree.push(hashes[start : start + 32])
        return subtree


def tile_name(level: str, number: int, width: int) -> str:
    """tile/0/x001/x234/067, and with .p/W while it is partial."""
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        parts.insert(0, f"x{number % 1000:03d}")
    return f"tile/{level}/{'/'.join(parts)}" + ("" if width == TILE else f".p/{width}")


def entries_of(raw: bytes, name: str, width: int) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of each record in an entry tile: length in two bytes, high byte first, then the record."""
    offset = 0
    for _ in range(width):
        end = offset + 2 + int.from_bytes(raw[offset : offset + 2], "big")
        if len(raw) < offset + 2 or len(raw) < end:
            raise WrongError("tile_entries", name=name, width=width)
        yield offset, raw[offset + 2 : end]
        offset = end
    if offset != len(raw):
        raise WrongError("tile_entries", name=name, width=width)


def check_bundle(source: Source, trust: Trust, heads: list[tuple[str, Note]], report: Report, thorough: bool) -> None:
    if not trust.given:
        raise UsageError("bundle_needs_root")
    bundle = Bundle(source, report, thorough)
    whole = True
    try:
        bundle.check()
    except WrongError as wrong:
        report.add(wrong)
        whole = False
    head = bundle.head
    epochs = [epoch for epoch in bundle.epochs if epoch[0] < head.size]
    facts = Facts(head.origin, head.size, epochs, bundle.root_at, whole, False)
    notes = own_heads(source, report) + [(name, note, False) for name, note in heads]
    agreed = compare_heads(notes, facts, report)
    if epochs and whole:
        describe(report, head.origin, head.size, head.root, epochs[-1][1])
        newest = [("checkpoint", head)]
        judge_trust(trust, facts, newest if trust.quorum else newest + agreed, report)
    if whole:
        tell_unchecked([name for name in source.names if name not in source.touched], report)


def tell_unchecked(names: list[str], report: Report) -> None:
    if names:
        report.note("unchecked", names=", ".join(names[:20]) + (", ..." if len(names) > 20 else ""))


# Outside -------------------------------------------------------------------------------------------------------------


def check(path: str, trust: Trust, heads: list[tuple[str, Note]], thorough: bool = True) -> Report:
    """Checks what is at the path; any bytes give findings, never another exception than UsageError."""
    report = Report()
    try:
        source, is_bundle = open_source(path)
        (check_bundle if is_bundle else check_log)(source, trust, heads, report, thorough)
    except WrongError as wrong:
        report.add(wrong)
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - the outermost edge: any bytes give a finding
        report.add(WrongError("unreadable", why=f"{type(error).__name__}: {error}"))
    return report


def read_heads(paths: list[str]) -> list[tuple[str, Note]]:
    found = []
    for path in paths:
        try:
            found.append((path, parse_note(read_own_file(path))))
        except WrongError as wrong:
            raise UsageError("bad_head", path=path, why=str(wrong)) from None
    return found


def as_json(report: Report) -> str:
    document = {
        "schema": "meterlink.verify/1",
        "state": report.state,
        "log": report.log,
        "size": report.size,
        "root": report.root,
        "key": report.key,
        "checked": report.checked,
        "findings": [finding._asdict() for finding in report.findings],
        "notes": report.notes,
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_sentences(report: Report) -> str:
    lines = []
    if report.log is not None:
        lines += [say("log_is", log=report.log, size=report.size, root=report.root), say("key_is", key=report.key)]
    lines += report.checked
    for finding in report.findings:
        where = "where" if finding.offset is not None else "where_record" if finding.record is not None else ""
        lines.append(say(where, **finding._asdict()) if where else finding.what)
        lines.append(say("hint", hint=finding.hint))
    lines += report.notes
    lines.append(say("state", state=report.state))
    return "\n".join(lines)


def exit_code(state: str) -> int:
    return {"ok": 0, "in-doubt": 11}.get(state, 10)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="verify_meterlink.py", description=TEXT["about"])
    parser.add_argument("path", metavar="PATH", help=TEXT["help_path"])
    parser.add_argument("--key", metavar="VKEY", action="append", default=[], help=TEXT["help_key"])
    parser.add_argument("--policy", metavar="FILE", help=TEXT["help_policy"])
    parser.add_argument("--head", metavar="FILE", action="append", default=[], help=TEXT["help_head"])
    parser.add_argument("--signatures", choices=("all", "last"), default="all", help=TEXT["help_signatures"])
    parser.add_argument("--json", action="store_true", help=TEXT["help_json"])
    return parser


def main(argv: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if sys.version_info < (3, 8):  # noqa: UP036 - an old Python must not make a good log look bad
        sys.stderr.write(say("old_python", version=sys.version.split()[0]) + "\n")
        return 2
    options = arguments().parse_args(argv)
    try:
        trust = Trust()
        read_keys(trust, options.key)
        if options.policy is not None:
            read_policy(trust, options.policy)
        report = check(options.path, trust, read_heads(options.head), options.signatures == "all")
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        if options.json:
            sys.stdout.write(
                json.dumps({"schema": "meterlink.verify/1", "error": str(error)}, ensure_ascii=False) + "\n"
            )
        return 2
    sys.stdout.write((as_json(report) if options.json else as_sentences(report)) + "\n")
    return exit_code(report.state)


if __name__ == "__main__":
    sys.exit(main())
