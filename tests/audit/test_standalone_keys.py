"""The one-file checker: changes of key, heads and witnesses."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meterlink.audit.standalone import verify_meterlink as checker
from tests.audit.strange_writer import (
    INTENT,
    KAT_KEY,
    KAT_OFFICE,
    Writer,
    b64,
    canonical,
    check,
    check_bytes,
    codes,
    private,
    resealed,
    root_of,
    small_log,
    vkey,
)

# Keys ----------------------------------------------------------------------------------------------------------------


def test_another_key_than_the_one_given_is_refused(tmp_path: Path) -> None:
    log, other = small_log(), small_log(1)
    report = check_bytes(tmp_path, log.whole(), other.vkey(0))
    assert report.state == "tampered"
    assert "Nothing here is signed by a key that you gave" in codes(report)
    assert check_bytes(tmp_path, log.whole(), vkey("office", private(77), 4)).state == "tampered"


@pytest.mark.parametrize(("index", "key"), [(0, 1), (1, 1), (2, 0), (3, 0), (4, 0)])
def test_a_valid_signature_by_another_epochs_key_is_named(tmp_path: Path, index: int, key: int) -> None:
    log = small_log()
    raw = resealed(log, index, log.leaves[index], log.keys[key])
    for thorough in (True, False):
        report = check_bytes(tmp_path, raw, log.vkey(0), thorough=thorough)
        assert report.state == "tampered"
        by, due = (checker.parse_vkey(log.vkey(i)) for i in (key, 1 - key))
        assert f"by the key with id {by.id.hex()}, and the key in force is {due.vkey}" in codes(report)
        assert report.findings[0].record == index


def test_a_key_the_log_never_named_is_called_so(tmp_path: Path) -> None:
    log = small_log()
    raw = resealed(log, 3, log.leaves[3], private(99))
    foreign = checker.parse_vkey(vkey(log.origin, private(99))).id.hex()
    assert f"by the key with id {foreign}, and the key in force is {log.vkey(1)}" in codes(check_bytes(tmp_path, raw))


def rule(broken: Callable[[Writer], object]) -> Writer:
    log = small_log()
    broken(log)
    return log


def epoch_open(log: Writer, key: int, epoch: int) -> int:
    log.key_index = key
    return log.add("epoch.open", {"vkey": log.vkey(key), "epoch": epoch})


def nested(depth: int) -> Any:
    """So many lists and objects in each other."""
    value: Any = 1
    for turn in range(depth):
        value = [value] if turn % 2 else {"a": value}
    return value


RULES: list[tuple[str, Callable[[Writer], object]]] = [
    ("second log.open", lambda log: log.add("log.open", {"format": 1, "vkey": log.vkey(0)})),
    ("nowhere else, comes epoch.open", lambda log: log.add("epoch.open", {"vkey": log.vkey(1), "epoch": 1})),
    ("in force before", lambda log: log.add("key.rotate", {"vkey": log.vkey(0)})),
    ("in force before", lambda log: log.add("key.rotate", {"vkey": log.vkey(1)})),
    ("vkey in the record", lambda log: log.add("key.rotate", {"vkey": vkey("x.com/ml/00000000", log.keys[2])})),
    ("vkey in the record", lambda log: log.add("key.rotate", {"vkey": vkey(log.origin, log.keys[2], 4)})),
    (
        "After key.rotate, and nowhere else",
        lambda log: (log.add("key.rotate", {"vkey": log.vkey(2)}), log.add("log.note")),
    ),
    ("follows log.end", lambda log: (log.add("log.end", {"reason": "x"}), log.add("log.note"))),
    ("anchor speaks of size 6", lambda log: log.add("anchor", {"size": 6, "root": b64(root_of(log.leaves))})),
    ("field v", lambda log: log.seal(canonical({**log.record("log.note"), "v": True}))),
    ("field n", lambda log: log.seal(canonical({**log.record("log.note"), "n": -1}))),
    ("number 6", lambda log: log.seal(canonical({**log.record("log.note"), "n": 6}))),
    ("hash of the record before", lambda log: log.seal(canonical({**log.record("log.note"), "prev": "0" * 64}))),
    ("field run", lambda log: log.seal(canonical({**log.record("log.note"), "run": "A" * 32}))),
    ("field mono_ms", lambda log: log.seal(canonical({**log.record("log.note"), "mono_ms": -1}))),
    ("field t", lambda log: log.seal(canonical({**log.record("log.note"), "t": "2026-01-01T00:00:00Z"}))),
    ("field type", lambda log: log.add("Log")),
    ("field work", lambda log: log.add("log.note", work=5)),
    ("field d", lambda log: log.seal(canonical({**log.record("log.note"), "d": []}))),
    ("d.frames", lambda log: log.add("intent", {**INTENT, "frames": [{"i": True, "bytes": "00"}]})),
    ("d.frames", lambda log: log.add("intent", {**INTENT, "frames": [{"i": 0}]})),
    ("d.operation", lambda log: log.add("intent", {**INTENT, "operation": 1})),
    ("d.part ", lambda log: log.add("intent", {**INTENT, "part": -1})),
    ("d.parts", lambda log: log.add("intent", {**INTENT, "parts": "1"})),
    ("field t", lambda log: log.seal(canonical({**log.record("log.note"), "t": "2026-01-01T00:00:60.000Z"}))),
    ("d.result", lambda log: log.add("outcome", {"of": 1, "i": 0, "result": "perhaps"})),
    ("d.root", lambda log: log.add("anchor", {"size": 1, "root": b64(bytes(31))})),
    ("d.size", lambda log: log.add("anchor", {"size": 0, "root": b64(root_of([]))})),
    ("d.records", lambda log: log.add("work.close", {"records": [True]})),
    ("d.file", lambda log: log.add("log.recovered", {"file": "torn/5-0123456789ab", "bytes": 1, "sha256": "0" * 64})),
    ("number 1 where 2 is due", lambda log: (log.add("key.rotate", {"vkey": log.vkey(2)}), epoch_open(log, 2, 1))),
    ("number 3 where 2 is due", lambda log: (log.add("key.rotate", {"vkey": log.vkey(2)}), epoch_open(log, 2, 3))),
    ("32 deep", lambda log: log.add("log.note", {"x": nested(31)})),
    ("32 deep", lambda log: log.add("log.note", {"x": nested(300)})),
    ("a null", lambda log: log.add("log.note", {"x": [None]})),
    ("key X", lambda log: log.add("log.note", {"X": 1})),
    ("2^53", lambda log: log.add("log.note", {"x": 2**53})),
    ("2^53", lambda log: log.add("log.note", {"x": 0.5})),
    ("2^53", lambda log: log.add("log.note", {"x": float("nan")})),
    ("NFC", lambda log: log.add("log.note", {"x": unicodedata.normalize("NFD", "é")})),
    ("32768", lambda log: log.add("log.note", {"x": "x" * 32768})),
    ("stands twice", lambda log: log.seal(canonical(log.record("log.note")).replace(b'"d":{}', b'"d":{"x":1,"x":1}'))),
    ("canonical form", lambda log: log.seal(canonical(log.record("log.note")) + b" ")),
    ("canonical form", lambda log: log.seal(canonical(log.record("log.note")).replace(b"{}", b'{"x":"\\u0041"}'))),
    ("canonical form", lambda log: log.seal(canonical(log.record("log.note")).replace(b"{}", b'{"x":-0}'))),
    ("canonical form", lambda log: log.seal(canonical(log.record("log.note")).replace(b"{}", b'{"x":"\\ud800"}'))),
    ("cannot be parsed", lambda log: log.seal(canonical(log.record("log.note"))[:-1])),
    ("not UTF-8", lambda log: log.seal(canonical(log.record("log.note")).replace(b"{}", b'{"x":"\xff"}'))),
    ("cannot be parsed", lambda log: log.seal(b"[" * 30000)),
    ("not an object", lambda log: log.seal(b"[]")),
]


@pytest.mark.parametrize(("words", "broken"), RULES, ids=[f"{i}-{words}" for i, (words, _) in enumerate(RULES)])
def test_a_broken_rule_is_found_though_it_is_signed(
    tmp_path: Path, words: str, broken: Callable[[Writer], object]
) -> None:
    log = rule(broken)
    report = check_bytes(tmp_path, log.whole(), log.vkey(0))
    assert report.state == "tampered"
    assert words in codes(report)


def test_the_largest_record_and_odd_text_are_fine(tmp_path: Path) -> None:
    log = small_log()
    room = 32768 - len(canonical(log.record("log.note", {"x": ""})))
    log.add("log.note", {"x": "x" * room})
    log.add("log.note", {"x": 'é \u2028 \x7f \x01 \t \\ / " \U0001f600', "y": [2**53 - 1, -(2**53) + 1, True, "0.5"]})
    log.add("log.note", {"deep": nested(30)})
    log.seal(canonical({"v": 2, "log": log.origin, "n": 8, "prev": log.record("x")["prev"], "type": "log.end"}))
    log.add("log.note")
    report = check_bytes(tmp_path, log.whole(), log.vkey(0))
    assert report.state == "ok"
    assert any("later version" in note for note in report.notes)


def test_an_origin_that_is_not_of_its_first_key_is_refused(tmp_path: Path) -> None:
    log = Writer()
    log.origin = "example.com/ml/00000000"
    log.leaves, log.lines = [], []
    log.add("log.open", {"format": 1, "vkey": log.vkey(0)})
    assert "first 8 hex digits" in codes(check_bytes(tmp_path, log.whole()))


# Heads and witnesses -------------------------------------------------------------------------------------------------


def test_heads_from_elsewhere(tmp_path: Path) -> None:
    log, other = small_log(), Writer()
    other.rotate()
    other.add("log.note", {"text": "told to somebody else"})
    folder = log.folder(tmp_path / "log")
    assert other.origin == log.origin
    assert check(folder, log.vkey(0), heads=(log.checkpoint(4), log.checkpoint(1), log.checkpoint())).state == "ok"
    assert check(folder, log.vkey(0), heads=(other.checkpoint(4),)).state == "fork"
    with pytest.raises(checker.UsageError, match="belongs to the log"):
        check(folder, heads=(small_log(1).checkpoint(),))
    log.add("log.note")
    assert check(folder, log.vkey(0), heads=(log.checkpoint(),)).state == "behind"


def test_heads_in_the_folder_and_anchors(tmp_path: Path) -> None:
    log, office = small_log(), private(500)
    log.add("anchor", {"size": 4, "root": b64(root_of(log.leaves[:4])), "note": ""})
    folder = log.folder(tmp_path / "log")
    heads = folder / "heads"
    heads.mkdir()
    note = log.checkpoint(4, ("office", office))
    (heads / "4.note").write_bytes(note)
    witness = vkey("office", office, 4)
    report = check(folder, witness)
    assert report.state == "ok"
    assert any("from 4 on" in line for line in report.notes)
    (heads / "4.note").write_bytes(note[:-8] + b"A" + note[-7:])
    assert check(folder, log.vkey(0), witness).state == "tampered"
    (heads / "4.note").write_bytes(note)
    (heads / "4.note").rename(heads / "3.note")
    assert "does not fit" in codes(check(folder))
    forked = small_log()
    forked.add("anchor", {"size": 4, "root": b64(bytes(32))})
    assert check_bytes(tmp_path, forked.whole()).state == "fork"


def policy(tmp_path: Path, text: str) -> checker.Trust:
    trust, file = checker.Trust(), tmp_path / "policy"
    file.write_text(text, encoding="utf-8")
    checker.read_policy(trust, str(file))
    return trust


def test_the_quorum_of_a_policy(tmp_path: Path) -> None:
    log = small_log()
    offices = [(f"office{i}", private(500 + i)) for i in range(3)]
    head = f"# ours\nlog {log.vkey(0)}\n" + "".join(f"witness w{i} {vkey(*who, 4)}\n" for i, who in enumerate(offices))
    two_of_three = policy(tmp_path, head + "group g 2 w0 w1 w2\n\nquorum g\n")
    nested = policy(tmp_path, head + "group a any w0 w1\ngroup b all a w2\nquorum b\n")
    none = policy(tmp_path, head + "quorum none\n")
    for signers, expected in (((0, 1), (1, 0, 1)), ((0, 2), (1, 1, 1)), ((2,), (0, 0, 1)), ((0, 1, 2), (1, 1, 1))):
        bundle = log.bundle(tmp_path / f"b{signers}", None, *(offices[i] for i in signers))
        found = [checker.check(str(bundle), trust, []).state for trust in (two_of_three, nested, none)]
        assert found == ["ok" if good else "tampered" for good in expected]
    other = small_log(1).bundle(tmp_path / "other", None, *offices)
    assert "names no key of the log" in codes(checker.check(str(other), two_of_three, []))


BAD_POLICIES = [
    "",
    "quorum none\nquorum none\n",
    "quorum w\n",
    "witness none " + KAT_OFFICE + "\nquorum none\n",
    f"witness w {KAT_OFFICE}\nwitness v {KAT_OFFICE}\nquorum w\n",
    f"witness w {KAT_KEY}\nquorum w\n",
    f"witness w {KAT_OFFICE}\ngroup g 2 w\nquorum g\n",
    f"witness w {KAT_OFFICE}\ngroup g 0 w\nquorum g\n",
    f"witness w {KAT_OFFICE}\ngroup g 1 w w\nquorum g\n",
    f"log {KAT_OFFICE[:-1]}\nquorum none\n",
    "friend x\nquorum none\n",
]


@pytest.mark.parametrize("text", BAD_POLICIES)
def test_a_policy_that_is_not_one_is_wrong_usage(tmp_path: Path, text: str) -> None:
    with pytest.raises(checker.UsageError):
        policy(tmp_path, text)
