"""Canonical JSON, records and commitments: what is accepted, in which bytes, and everything that is refused.

METERLINK_LONG=1 tries more of each.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import pytest
import rfc8785
from hypothesis import given, settings, strategies as st

from meterlink.audit.canonical import DEPTH_LIMIT, LARGEST_INTEGER, decode_canonical, encode_canonical
from meterlink.audit.commitment import Opening, opening_of
from meterlink.audit.record import NO_RECORD, RECORD_LIMIT, Entry, Record, decode_record, encode_record
from meterlink.errors import AuditFormatError
from tests.audit.logs import intent, outcome, read, resolve, verify, work_open

LONG: Final = os.environ.get("METERLINK_LONG") == "1"

# --- published vectors ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Vector:
    """A file of the test assets of rfc8785 0.1.4 (sdist, test/assets/input and output), which took them verbatim from
    cyberphone/json-canonicalization (Apache-2.0). None of them lies in our subset as a whole: `why` says what leaves
    it."""

    name: str
    given: str
    canonical: str
    why: str

    def __str__(self) -> str:
        return self.name


VECTORS: Final = (
    Vector(
        name="arrays",
        given='[\n  56,\n  {\n    "d": true,\n    "10": null,\n    "1": [ ]\n  }\n]\n',
        canonical='[56,{"1":[],"10":null,"d":true}]',
        why="not an object",
    ),
    Vector(
        name="french",
        given='{\n  "peach": "This sorting order",\n  "péché": "is wrong according to French",\n'
        '  "pêche": "but canonicalization MUST",\n  "sin":   "ignore locale"\n}\n',
        canonical='{"peach":"This sorting order","péché":"is wrong according to French",'
        '"pêche":"but canonicalization MUST","sin":"ignore locale"}',
        why="is not of a-z",
    ),
    Vector(
        name="structures",
        given='{\n  "1": {"f": {"f": "hi","F": 5} ,"\\n": 56.0},\n  "10": { },\n  "": "empty",\n  "a": { },\n'
        '  "111": [ {"e": "yes","E": "no" } ],\n  "A": { }\n}',
        canonical='{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}',
        why="is not of a-z",
    ),
    Vector(
        name="unicode",
        given='{\n  "Unnormalized Unicode":"A\\u030a"\n}\n',
        canonical='{"Unnormalized Unicode":"A\u030a"}',
        why="is not of a-z",
    ),
    Vector(
        name="values",
        given='{\n  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n'
        '  "string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/",'
        '\n  "literals": [null, true, false]\n}\n',
        canonical='{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
        why="permitted",
    ),
    Vector(
        name="weird",
        given='{\n  "\\u20ac": "Euro Sign",\n  "\\r": "Carriage Return",\n  "\\u000a": "Newline",\n  "1": "One",\n'
        '  "\\u0080": "Control\\u007f",\n  "\\ud83d\\ude02": "Smiley",\n'
        '  "\\u00f6": "Latin Small Letter O With Diaeresis",\n  "\\ufb33": "Hebrew Letter Dalet With Dagesh",\n'
        '  "</script>": "Browser Challenge"\n}\n',
        canonical='{"\\n":"Newline","\\r":"Carriage Return","1":"One","</script>":"Browser Challenge",'
        '"\u0080":"Control\u007f","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😂":"Smiley",'
        '"\ufb33":"Hebrew Letter Dalet With Dagesh"}',
        why="is not of a-z",
    ),
)


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_the_published_vectors_are_those_of_the_package_that_writes(vector: Vector) -> None:
    assert rfc8785.dumps(json.loads(vector.given)) == vector.canonical.encode()


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_what_leaves_the_subset_is_refused_in_its_canonical_form_too(vector: Vector) -> None:
    for raw in (vector.given, vector.canonical):
        with pytest.raises(AuditFormatError):
            decode_canonical(raw.encode())


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_what_leaves_the_subset_is_not_written(vector: Vector) -> None:
    value = json.loads(vector.given)
    with pytest.raises(AuditFormatError) as caught:
        encode_canonical(value if isinstance(value, dict) else {"a": value})
    assert vector.why in str(caught.value) or vector.name == "arrays"


PARTS: Final = {
    "values, string": ("values", "string"),
    "weird, control": ("weird", "\u0080"),
    "weird, one": ("weird", "1"),
    "weird, script": ("weird", "</script>"),
    "structures, empty object": ("structures", "10"),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=list(PARTS))
def test_the_parts_of_published_vectors_that_lie_in_the_subset(part: tuple[str, str]) -> None:
    vector = next(vector for vector in VECTORS if vector.name == part[0])
    value = json.loads(vector.given)[part[1]]
    raw = encode_canonical({"a": value})
    assert raw[len(b'{"a":') : -1].decode() in vector.canonical
    assert decode_canonical(raw) == {"a": value}


# --- one form -------------------------------------------------------------------------------------------------------

_texts = st.text(max_size=12).map(lambda text: unicodedata.normalize("NFC", text)) | st.sampled_from(
    [
        "",
        '"',
        "\\",
        "/",
        "\b\f\n\r\t",
        "\x00\x01\x0b\x1f\x7f\x80\x9f",
        "\u2028\u2029",
        "акт № 1",
        "😂\U0010ffff",
        "\ufeff",
    ]
)
_keys = st.text("abcxyz0189_", min_size=1, max_size=6)
_values = st.recursive(
    _texts | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=20,
)
_objects = st.dictionaries(_keys, _values, max_size=5)


@given(value=_objects)
@settings(deadline=None, max_examples=400 if LONG else 150)
def test_both_encoders_give_the_same_bytes(value: dict[str, Any]) -> None:
    """The package writes, the standard library reads: decode_canonical compares the two."""
    raw = encode_canonical(value)
    assert decode_canonical(raw) == value
    assert raw == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_both_encoders_agree_on_every_character() -> None:
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000 or not unicodedata.is_normalized("NFC", chr(code)):
            continue
        if code % 257 and code > 0x3000:
            continue
        raw = rfc8785.dumps({"a": chr(code)})
        assert decode_canonical(raw) == {"a": chr(code)}


@given(value=_objects, indent=st.none() | st.integers(0, 2), ascii_only=st.booleans(), sort=st.booleans())
@settings(deadline=None, max_examples=300 if LONG else 150)
def test_every_other_form_is_refused(value: dict[str, Any], indent: int | None, ascii_only: bool, sort: bool) -> None:
    other = json.dumps(value, indent=indent, ensure_ascii=ascii_only, sort_keys=sort).encode()
    if other == encode_canonical(value):
        assert decode_canonical(other) == value
    else:
        with pytest.raises(AuditFormatError):
            decode_canonical(other)


@given(raw=st.binary(max_size=60) | _objects.map(encode_canonical), at=st.integers(0, 200), byte=st.binary(max_size=2))
@settings(deadline=None, max_examples=600 if LONG else 250)
def test_what_is_accepted_is_written_the_same_way_again(raw: bytes, at: int, byte: bytes) -> None:
    changed = raw[:at] + byte + raw[at + 1 :]
    try:
        value = decode_canonical(changed)
    except AuditFormatError:
        return
    assert encode_canonical(value) == changed


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Bytes that are not canonical in our sense, and the word that says why."""

    name: str
    raw: bytes
    why: str

    def __str__(self) -> str:
        return self.name


def nested(depth: int, empty: bytes = b"[]") -> bytes:
    """An object with lists in it, so deep in all."""
    return b'{"a":' + b"[" * (depth - 2) + empty + b"]" * (depth - 2) + b"}"


REFUSED: Final = (
    Refused(name="nothing", raw=b"", why="JSON"),
    Refused(name="a list", raw=b"[]", why="object"),
    Refused(name="a text", raw=b'"a"', why="object"),
    Refused(name="a number", raw=b"1", why="object"),
    Refused(name="a key twice", raw=b'{"a":1,"a":1}', why="canonical"),
    Refused(name="a key twice with other values", raw=b'{"a":1,"a":2}', why="canonical"),
    Refused(name="keys out of order", raw=b'{"b":1,"a":1}', why="canonical"),
    Refused(name="a float", raw=b'{"a":1.5}', why="permitted"),
    Refused(name="a float without a fraction", raw=b'{"a":1.0}', why="permitted"),
    Refused(name="an exponent", raw=b'{"a":1e5}', why="canonical"),
    Refused(name="a float beyond all floats", raw=b'{"a":1e999}', why="JSON"),
    Refused(name="null", raw=b'{"a":null}', why="permitted"),
    Refused(name="2^53", raw=b'{"a":9007199254740992}', why="2^53"),
    Refused(name="-2^53", raw=b'{"a":-9007199254740992}', why="2^53"),
    Refused(name="a number of 5,000 digits", raw=b'{"a":' + b"1" * 5000 + b"}", why="JSON"),
    Refused(name="-0", raw=b'{"a":-0}', why="canonical"),
    Refused(name="a leading zero", raw=b'{"a":01}', why="JSON"),
    Refused(name="a plus sign", raw=b'{"a":+1}', why="JSON"),
    Refused(name="NaN", raw=b'{"a":NaN}', why="JSON"),
    Refused(name="infinity", raw=b'{"a":-Infinity}', why="JSON"),
    Refused(name="a space", raw=b'{"a": 1}', why="canonical"),
    Refused(name="a space behind", raw=b'{"a":1} ', why="canonical"),
    Refused(name="a newline behind", raw=b'{"a":1}\n', why="canonical"),
    Refused(name="a second object", raw=b'{"a":1}{"a":1}', why="JSON"),
    Refused(name="a comma too many", raw=b'{"a":1,}', why="JSON"),
    Refused(name="a byte order mark", raw=b'\xef\xbb\xbf{"a":1}', why="JSON"),
    Refused(name="a letter escaped", raw=b'{"a":"\\u0041"}', why="canonical"),
    Refused(name="a slash escaped", raw=b'{"a":"\\/"}', why="canonical"),
    Refused(name="a newline escaped by number", raw=b'{"a":"\\u000a"}', why="canonical"),
    Refused(name="an escape in capitals", raw=b'{"a":"\\u000F"}', why="canonical"),
    Refused(name="a bare control character", raw=b'{"a":"\x01"}', why="JSON"),
    Refused(name="a bare newline", raw=b'{"a":"\n"}', why="JSON"),
    Refused(name="a character beyond the first plane escaped", raw=b'{"a":"\\ud83d\\ude02"}', why="canonical"),
    Refused(name="half a surrogate pair escaped", raw=b'{"a":"\\ud800"}', why="canonical"),
    Refused(name="half a surrogate pair in bytes", raw=b'{"a":"\xed\xa0\x80"}', why="JSON"),
    Refused(name="not UTF-8", raw=b'{"a":"\xff"}', why="JSON"),
    Refused(name="an overlong character", raw=b'{"a":"\xc1\x81"}', why="JSON"),
    Refused(name="UTF-16", raw='{"a":1}'.encode("utf-16"), why="JSON"),
    Refused(name="a capital key", raw=b'{"A":1}', why="key"),
    Refused(name="a capital key inside", raw=b'{"a":[{"bC":1}]}', why="key"),
    Refused(name="an empty key", raw=b'{"":1}', why="key"),
    Refused(name="a key with a hyphen", raw=b'{"a-b":1}', why="key"),
    Refused(name="a key with a newline", raw=b'{"a\\n":1}', why="key"),
    Refused(name="a key beyond ASCII", raw='{"ключ":1}'.encode(), why="key"),
    Refused(name="a key of digits beyond ASCII", raw='{"٣":1}'.encode(), why="key"),
    Refused(name="a text that is not in NFC", raw='{"a":"A\u030a"}'.encode(), why="NFC"),
    Refused(name="a text inside that is not in NFC", raw='{"a":[{"b":"e\u0301"}]}'.encode(), why="NFC"),
    Refused(name="lists too deep", raw=nested(DEPTH_LIMIT + 1), why="deep"),
    Refused(name="objects too deep", raw=nested(DEPTH_LIMIT + 1, b"{}"), why="deep"),
    Refused(name="lists deeper than Python can go", raw=nested(10_000), why="JSON"),
)


@pytest.mark.parametrize("refused", REFUSED, ids=str)
def test_what_is_refused(refused: Refused) -> None:
    with pytest.raises(AuditFormatError, match=re.escape(refused.why)):
        decode_canonical(refused.raw)


@pytest.mark.parametrize(
    "raw",
    [b"{}", b'{"a":9007199254740991,"b":-9007199254740991}', nested(DEPTH_LIMIT), '{"a":"Å\\n\\u0000😂"}'.encode()],
    ids=["empty", "largest integers", "deep enough", "texts"],
)
def test_what_is_just_permitted(raw: bytes) -> None:
    assert encode_canonical(decode_canonical(raw)) == raw


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        1.0,
        float("nan"),
        None,
        2**53,
        -(2**53),
        "A\u030a",
        b"x",
        {1: 2},
        {"A": 1},
        {None: 1},
        object(),
        {1, 2},
        Ellipsis,
        MappingProxyType({}),
        (1, 2),
        "\ud800",
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("inside", [False, True], ids=["", "inside"])
def test_what_is_not_written(value: object, inside: bool) -> None:
    with pytest.raises(AuditFormatError):
        encode_canonical({"a": [{"b": value}] if inside else value})


# --- records --------------------------------------------------------------------------------------------------------

LOG: Final = "example.com/ml/00000000"


def encoded(entry: Entry) -> Record:
    return encode_record(
        entry, log=LOG, n=4, prev=bytes(range(32)), run="5" * 32, mono_ms=7, t="2026-01-01T00:00:00.000Z"
    )


def fields(**changed: Any) -> dict[str, Any]:
    """A right record with some fields changed; those that are None are left out."""
    whole = {"v": 1, "log": LOG, "n": 4, "prev": "0" * 64, "run": "5" * 32, "mono_ms": 7, "type": "read", "d": {}}
    whole |= {"t": "2026-01-01T00:00:00.000Z", "work": "w-17", "actor": "p-3"}
    return {key: value for key, value in (whole | changed).items() if value is not None}


def line(**changed: Any) -> bytes:
    return rfc8785.dumps(fields(**changed))


@pytest.mark.parametrize("entry", [work_open(), read(), intent(0, 1), outcome(0), verify(0), resolve(0)], ids=str)
def test_a_record_is_read_as_it_was_written(entry: Entry) -> None:
    record = encoded(entry)
    again = decode_record(record.line)
    assert again == record
    assert (again.n, again.type, again.work, again.d) == (4, entry.type, entry.work, dict(entry.d))
    assert again.fields == {
        "v": 1,
        "log": LOG,
        "n": 4,
        "prev": bytes(range(32)).hex(),
        "run": "5" * 32,
        "mono_ms": 7,
        "t": "2026-01-01T00:00:00.000Z",
        "type": entry.type,
        "d": dict(entry.d),
    } | {key: value for key, value in (("work", entry.work), ("actor", entry.actor)) if value is not None}
    assert b"\n" not in record.line


def test_what_stands_for_no_record() -> None:
    assert NO_RECORD.hex() == "0" * 64


def test_unknown_types_and_fields_are_kept() -> None:
    record = decode_record(line(type="seal.photo", more={"x": ["y"]}, d={"any": 1}))
    assert (record.type, record.fields["more"], record.d) == ("seal.photo", {"x": ["y"]}, {"any": 1})


def test_of_a_later_version_only_the_place_is_read() -> None:
    raw = rfc8785.dumps({"v": 2, "log": LOG, "n": 4, "prev": "0" * 64, "type": "intent", "d": 5, "run": [], "t": 1})
    record = decode_record(raw)
    assert (record.n, record.type, record.d) == (4, "", {})


def test_the_longest_record_is_just_permitted() -> None:
    empty = len(line(d={"x": ""}))
    longest = line(d={"x": "y" * (RECORD_LIMIT - empty)})
    assert len(longest) == RECORD_LIMIT == 32_768
    assert decode_record(longest).line == longest
    with pytest.raises(AuditFormatError, match="32769 bytes"):
        decode_record(line(d={"x": "y" * (RECORD_LIMIT - empty + 1)}))


def test_a_record_too_long_is_not_written() -> None:
    with pytest.raises(AuditFormatError, match="bytes"):
        encoded(read(text="я" * 16_384))


ANY_KIND: Final[tuple[Any, ...]] = ("", "x", 0, -1, True, [], {}, ["x"], {"x": 1})
ZEROS: Final = "0" * 64

RIGHT: Final[Mapping[str, tuple[Any, ...]]] = {
    "v": (),
    "log": ("x",),
    "n": (0,),
    "prev": (),
    "run": (),
    "mono_ms": (0,),
    "t": (),
    "type": ("x",),
    "d": ({}, {"x": 1}),
    "work": ("x",),
    "actor": ("x",),
}
"""Which of any kinds of values a field may have; all others are refused."""

WRONG: Final[Mapping[str, tuple[Any, ...]]] = {
    "prev": ("0" * 63, "0" * 65, "A" * 64, ZEROS + "\n", "٠" * 64),
    "run": ("5" * 31, "5" * 33, "F" * 32, "5" * 32 + "\n"),
    "type": ("Read", "read-more", "read\n", "чтение", " read"),
    "t": (
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000",
        "2026-01-01 00:00:00.000Z",
        "2026-01-01T00:00:00.000+03:00",
        "2026-01-01T00:00:00.000000Z",
        "26-01-01T00:00:00.000Z",
        "٢٠٢٦-01-01T00:00:00.000Z",
        "2026-01-01T00:00:00.000Z\n",
    ),
}


def wrong_fields() -> list[tuple[str, Any]]:
    return [(key, value) for key in RIGHT for value in ANY_KIND if not is_among(value, RIGHT[key])] + [
        (key, value) for key, values in WRONG.items() for value in values
    ]


def is_among(value: Any, right: tuple[Any, ...]) -> bool:
    """Python takes True for 1 and 0 for False; here they differ."""
    return any(type(value) is type(each) and value == each for each in right)


@pytest.mark.parametrize(("key", "value"), wrong_fields(), ids=repr)
def test_a_field_with_a_wrong_value(key: str, value: Any) -> None:
    with pytest.raises(AuditFormatError) as caught:
        decode_record(line(**{key: value}))
    assert repr(key) in str(caught.value) or "permitted" in str(caught.value)


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in RIGHT for value in RIGHT[key]], ids=repr)
def test_a_field_with_a_right_value(key: str, value: Any) -> None:
    assert decode_record(line(**{key: value})).fields[key] == value


@pytest.mark.parametrize("key", ["v", "log", "n", "prev", "run", "mono_ms", "t", "type", "d"])
def test_a_field_that_is_missing(key: str) -> None:
    with pytest.raises(AuditFormatError, match=f"{key!r} is missing"):
        decode_record(line(**{key: None}))


@pytest.mark.parametrize("key", ["work", "actor"])
def test_a_field_that_may_be_missing(key: str) -> None:
    assert key not in decode_record(line(**{key: None})).fields


FRAME: Final = {"i": 0, "bytes": "0a"}
HELD: Final[Mapping[str, Mapping[str, Any]]] = {
    "log.open": {"format": 1, "vkey": "x"},
    "key.rotate": {"vkey": "x"},
    "epoch.open": {"vkey": "x", "epoch": 1},
    "anchor": {"size": 1, "root": "x"},
    "log.recovered": {"file": "3-0123456789ab", "bytes": 1, "sha256": ZEROS},
    "intent": {"operation": "x", "part": 1, "parts": 1, "frames": [FRAME]},
    "outcome": {"of": 0, "i": 0, "result": "ok"},
    "verify": {"of": 0, "same": True},
    "resolve": {"of": 0},
}


@pytest.mark.parametrize("type_", HELD)
def test_what_a_type_must_hold(type_: str) -> None:
    held = HELD[type_]
    assert decode_record(line(type=type_, d=dict(held))).d == held
    assert decode_record(line(type=f"{type_}.more", d={})).d == {}
    for key, right in held.items():
        without = {each: value for each, value in held.items() if each != key}
        with pytest.raises(AuditFormatError, match=f"{key!r} is missing"):
            decode_record(line(type=type_, d=without))
        for value in ANY_KIND:
            if type(value) is not type(right) or value == -1:
                with pytest.raises(AuditFormatError, match=f"{key!r}"):
                    decode_record(line(type=type_, d=without | {key: value}))


@pytest.mark.parametrize(
    "frames",
    [
        [{}],
        [{"i": 0}],
        [{"bytes": "0a"}],
        [{"i": -1, "bytes": "0a"}],
        [{"i": True, "bytes": "0a"}],
        [5],
        [[]],
        ["x"],
        [{"i": 0, "bytes": 5}],
        [FRAME, {}],
    ],
    ids=repr,
)
def test_frames_of_an_announcement_that_are_none(frames: list[Any]) -> None:
    with pytest.raises(AuditFormatError, match="frames"):
        decode_record(line(type="intent", d=dict(HELD["intent"]) | {"frames": frames}))


@given(at=st.integers(0, 400), byte=st.binary(max_size=3), cut=st.integers(0, 3))
@settings(deadline=None, max_examples=500)
def test_a_changed_line_is_refused_or_another_record(at: int, byte: bytes, cut: int) -> None:
    """Any bytes at all: what is accepted is written the same way again."""
    whole = line(type="intent", d=dict(HELD["intent"]))
    changed = whole[:at] + byte + whole[at + cut :]
    try:
        record = decode_record(changed)
    except AuditFormatError:
        return
    assert rfc8785.dumps(dict(record.fields)) == changed == record.line


# --- commitments ----------------------------------------------------------------------------------------------------

OPENING: Final = Opening(salt=bytes(range(16)), value="Иванов И. И.")


def test_a_commitment_is_the_hash_of_salt_name_and_value() -> None:
    raw = bytes(range(16)) + b"customer" + b"\n" + "Иванов И. И.".encode()
    assert OPENING.commitment("customer") == hashlib.sha256(raw).hexdigest()


def test_what_was_committed_to_opens_and_nothing_else() -> None:
    commitment = OPENING.commitment("customer")
    assert OPENING.opens("customer", commitment)
    assert not OPENING.opens("account", commitment)
    assert not OPENING.opens("customer", OPENING.commitment("account"))
    assert not Opening(salt=bytes(16), value=OPENING.value).opens("customer", commitment)
    assert not Opening(salt=OPENING.salt, value="Иванов И. П.").opens("customer", commitment)
    assert not OPENING.opens("customer", commitment.upper())


def test_name_and_value_cannot_be_shifted_into_each_other() -> None:
    for name in ("a\nb", "\n", "customer\n"):
        with pytest.raises(AuditFormatError, match="line break"):
            OPENING.commitment(name)
        with pytest.raises(AuditFormatError, match="line break"):
            OPENING.opens(name, "0" * 64)
    # a value may have several lines, for the first newline ends the name
    assert Opening(salt=bytes(16), value="b\nc").commitment("a") != Opening(salt=bytes(16), value="c").commitment("a")


def test_an_opening_is_kept_and_found_again() -> None:
    assert OPENING.facts() == {"salt": "000102030405060708090a0b0c0d0e0f", "value": "Иванов И. И."}
    assert opening_of(json.loads(json.dumps(OPENING.facts()))) == OPENING


SALT: Final = "0" * 32


@pytest.mark.parametrize(
    "facts",
    [
        None,
        [],
        "x",
        {},
        {"salt": SALT},
        {"value": "x"},
        {"salt": SALT, "value": 5},
        {"salt": 5, "value": "x"},
        {"salt": "0" * 31, "value": "x"},
        {"salt": "0" * 34, "value": "x"},
        {"salt": "A" * 32, "value": "x"},
        {"salt": SALT + "\n", "value": "x"},
        {"salt": "٠" * 32, "value": "x"},
        {"salt": SALT, "value": None},
    ],
    ids=repr,
)
def test_what_opens_nothing(facts: object) -> None:
    with pytest.raises(AuditFormatError):
        opening_of(facts)
