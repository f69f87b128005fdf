"""What a record must hold by its type, to ours and to the programs of others."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Final

import pytest

from meterlink.audit.segments import segment_name
from meterlink.audit.verify import verify_log
from tests.audit.logs import MemoryBytes, renumbered
from tests.audit.three_programs import OK, Small, ask_bytes, standalone, write_log

HASH: Final = "ab" * 32
INTENT: Final = {"operation": "set", "part": 1, "parts": 1, "frames": [{"i": 0, "bytes": "00"}]}
AGREED: Final = [
    ("key.rotate", {"vkey": 1}),
    ("anchor", {"size": 7, "root": HASH[:43] + "="}),
    ("anchor", {"size": 0, "root": "A" * 43 + "="}),
    ("anchor", {"size": 1, "root": "A" * 42 + "=="}),
    ("log.recovered", {"file": "1-" + HASH[:12], "bytes": -1, "sha256": HASH}),
    ("log.recovered", {"file": "1-" + HASH[:12], "bytes": 1, "sha256": HASH[1:]}),
    ("intent", {**INTENT, "operation": 1}),
    ("intent", {**INTENT, "part": "1"}),
    ("intent", {**INTENT, "parts": True}),
    ("intent", {**INTENT, "frames": [{"i": "0", "bytes": "00"}]}),
    ("intent", {**INTENT, "frames": [{"i": 0}]}),
    ("outcome", {"of": 1, "result": "ok"}),
    ("outcome", {"of": -1, "i": 0, "result": "ok"}),
    ("verify", {"of": "1", "same": True}),
    ("verify", {"of": 1, "i": "0", "same": True}),
    ("resolve", {"i": 1}),
    ("resolve", {"of": 1, "i": -1}),
]
LAXER: Final = [
    ("outcome", {"of": 1, "i": 0, "result": "perhaps"}),
    ("verify", {"of": 1}),
    ("log.recovered", {"file": "../key/epoch", "bytes": 1, "sha256": HASH}),
    ("work.close", {"records": {}}),
]


def ask_pair(folder: Path, small: Small, kind: str, d: dict[str, object]) -> tuple[str, str]:
    """What ours and the one file say; the Go program reads of `d` only keys and anchors."""
    data = small.data + small.forger(6, small.keys[1]).pair(kind, d)
    folder = write_log(folder, {segment_name(0): data})
    return verify_log(MemoryBytes.of(data)).state, standalone(folder, small.key).state


@pytest.mark.parametrize(("kind", "d"), AGREED)
def test_a_record_that_does_not_hold_what_its_type_must(
    tmp_path: Path, small: Small, kind: str, d: dict[str, object]
) -> None:
    assert ask_pair(tmp_path, small, kind, d) == ("tampered", "tampered")


@pytest.mark.parametrize(("kind", "d"), LAXER)
def test_the_page_says_more_of_a_type(tmp_path: Path, small: Small, kind: str, d: dict[str, object]) -> None:
    assert ask_pair(tmp_path, small, kind, d)[1] == "tampered"


@pytest.mark.parametrize(("kind", "d"), LAXER)
def test_the_page_says_more_of_a_type_to_us(tmp_path: Path, small: Small, kind: str, d: dict[str, object]) -> None:
    assert ask_pair(tmp_path, small, kind, d)[0] == "tampered"


def first_record(small: Small, **changed: object) -> bytes:
    line = json.loads(small.pairs[0].split(b"\n")[0])
    return small.forger(0, small.keys[0]).seal(renumbered(small.pairs[0], d=line["d"] | changed))


def opened_epoch(small: Small, epoch: int) -> bytes:
    d = json.loads(small.pairs[3].split(b"\n")[0])["d"]
    line = renumbered(small.pairs[3], d=d | {"epoch": epoch})
    return b"".join(small.pairs[:3]) + small.forger(3, small.keys[1]).seal(line)


def test_format_and_epoch_count(tmp_path: Path, small: Small) -> None:
    for data in (first_record(small, format=2), opened_epoch(small, 0), opened_epoch(small, 2)):
        assert standalone(write_log(tmp_path, {segment_name(0): data}), small.key).state == "tampered"
    for data in (first_record(small, format=1), opened_epoch(small, 1)):
        assert ask_bytes(tmp_path, small.key, data) == OK


@pytest.mark.parametrize("what", ["format", "epoch"])
def test_format_and_epoch_count_to_us(small: Small, what: str) -> None:
    data = first_record(small, format=2) if what == "format" else opened_epoch(small, 2)
    assert verify_log(MemoryBytes.of(data)).state == "tampered"


@pytest.mark.parametrize("office", [True, "vkey", {}, [1]])
def test_an_office_that_is_no_list_of_keys(tmp_path: Path, small: Small, office: object) -> None:
    data = first_record(small, office=office)
    assert verify_log(MemoryBytes.of(data)).state == "tampered"
    assert standalone(write_log(tmp_path, {segment_name(0): data}), small.key).state == "tampered"


KEPT: Final = [("work.close", {"result": "done", "i": "x"}), ("log.note", {"text": "t", "office": 1, "records": {}})]
KEPT_BY_OTHERS: Final = [
    ("anchor", {"size": 0, "root": "", "i": "x"}),
    ("intent", {**INTENT, "frames": [], "office": 1}),
]
"""Words that mean something in other types only."""


def with_unknown_keys(small: Small, kind: str, d: dict[str, object]) -> bytes:
    forger = small.forger(6, small.keys[1])
    root = base64.b64encode(forger.frontier.root()).decode()
    return small.data + forger.pair(kind, d | ({"size": 6, "root": root} if kind == "anchor" else {}))


@pytest.mark.parametrize(("kind", "d"), KEPT)
def test_unknown_keys_are_kept(tmp_path: Path, small: Small, kind: str, d: dict[str, object]) -> None:
    assert ask_bytes(tmp_path, small.key, with_unknown_keys(small, kind, d)) == OK


@pytest.mark.parametrize(("kind", "d"), KEPT_BY_OTHERS)
def test_unknown_keys_are_kept_by_others(tmp_path: Path, small: Small, kind: str, d: dict[str, object]) -> None:
    answers = ask_bytes(tmp_path, small.key, with_unknown_keys(small, kind, d))
    assert (answers.standalone, answers.go) == ("ok", "ok")


@pytest.mark.parametrize(("kind", "d"), KEPT_BY_OTHERS)
def test_unknown_keys_are_kept_by_us(small: Small, kind: str, d: dict[str, object]) -> None:
    assert verify_log(MemoryBytes.of(with_unknown_keys(small, kind, d))).state == "ok"
