"""The one-file checker of bundles, against logs of a writer that shares no code with it.

METERLINK_LONG=1 runs every single bit and every cut instead of a sample.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.audit.standalone import verify_meterlink as checker
from tests.audit.strange_writer import (
    INTENT,
    LONG,
    Writer,
    b64,
    canonical,
    check,
    check_bytes,
    codes,
    note_line,
    root_of,
    small_log,
    working_log,
    zipped,
)

SCRIPT = Path(checker.__file__)


# Good logs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thorough", [True, False])
def test_a_good_log_is_ok(tmp_path: Path, thorough: bool) -> None:
    log = working_log()
    report = check(log.folder(tmp_path / "log"), log.vkey(0), thorough=thorough)
    assert report.findings == []
    assert (report.state, report.log, report.size) == ("ok", log.origin, len(log.leaves))
    assert report.root == b64(root_of(log.leaves))
    assert report.key == log.vkey(2)
    assert any("quick look" in line for line in report.checked) is not thorough
    assert any("future.kind" in note for note in report.notes)


def test_every_beginning_of_a_log_is_a_good_log(tmp_path: Path) -> None:
    log, size = working_log(), 0
    for pair in log.pairs():
        size += len(pair)
        report = check_bytes(tmp_path, log.whole()[:size], log.vkey(0))
        assert report.state in ("ok", "in-doubt")


def test_without_a_key_the_first_key_is_shown_loudly(tmp_path: Path) -> None:
    log = small_log()
    report = check(log.folder(tmp_path / "log"))
    assert report.state == "ok"
    assert "ATTENTION" in report.notes[-1]
    assert log.vkey(0) in report.notes[-1]


def test_a_later_key_in_force_will_do_but_not_one_only_named(tmp_path: Path) -> None:
    log = small_log()
    assert check_bytes(tmp_path, log.whole(), log.vkey(1)).state == "ok"
    named_only = b"".join(log.pairs()[:2])
    assert check_bytes(tmp_path, named_only, log.vkey(0)).state == "ok"
    assert check_bytes(tmp_path, named_only, log.vkey(1)).state == "tampered", "it has signed nothing yet"


def test_segments_of_the_real_size(tmp_path: Path) -> None:
    log, seg = Writer(), tmp_path / "seg"
    seg.mkdir()
    key, size, names = log.keys[0], len(log.pairs()[0]), ["000000000000.log"]
    files = {names[0]: [log.pairs()[0]]}
    frontier = checker.Frontier()  # the recursive definition would take minutes here
    frontier.push(checker.leaf_hash(log.leaves[0]))
    for n in range(1, 530):
        if size >= 16 * 1024 * 1024:
            size = 0
            names.append(f"{n:012d}.log")
            files[names[-1]] = []
        leaf = canonical({**log.record("log.note", {"text": "x" * 32000}), "n": n})
        log.leaves[0] = leaf  # `record` takes the hash of the last one
        frontier.push(checker.leaf_hash(leaf))
        text = f"{log.origin}\n{n + 1}\n{b64(frontier.root())}\n".encode()
        files[names[-1]].append(leaf + b"\n" + note_line(log.origin, key, text))
        size += len(files[names[-1]][-1])
    for name, pairs in files.items():
        (seg / name).write_bytes(b"".join(pairs))
    assert len(names) == 2
    assert check(tmp_path, log.vkey(0), thorough=False).state == "ok"
    (seg / names[1]).rename(seg / "000000000007.log")
    assert "promises record 7" in codes(check(tmp_path, thorough=False))
    whole = (seg / names[0]).read_bytes() + (seg / "000000000007.log").read_bytes()
    assert "already has 16777216 bytes" in codes(check_bytes(tmp_path, whole, thorough=False))


def split(log: Writer, folder: Path, cuts: tuple[int, ...]) -> Path:
    (folder / "seg").mkdir(parents=True)
    edges = (0, *cuts, len(log.leaves))
    for start, end in itertools.pairwise(edges):
        (folder / "seg" / f"{start:012d}.log").write_bytes(b"".join(log.pairs()[start:end]))
    return folder


def test_segments_of_any_shorter_size_join(tmp_path: Path) -> None:
    log = small_log()
    folder = split(log, tmp_path / "log", (2, 4))
    assert check(folder, log.vkey(0)).findings == []
    (folder / "seg" / "000000000002.log").unlink()
    assert check(folder).state == "tampered"


def test_a_segment_just_begun_may_be_empty_but_no_log(tmp_path: Path) -> None:
    log = small_log()
    assert check(split(log, tmp_path / "log", (5,))).state == "ok"
    assert check(split(log, tmp_path / "more", (3, 5))).state == "ok"
    for raw in (b"", log.pairs()[0][:-1], log.pairs()[0][:40]):
        assert check_bytes(tmp_path, raw).state == "tampered"
    (tmp_path / "none" / "seg").mkdir(parents=True)
    assert "holds no segment" in codes(check(tmp_path / "none"))


# Torn and in doubt ---------------------------------------------------------------------------------------------------


def state_after_cut(log: Writer, length: int) -> str:
    edges = list(itertools.accumulate(map(len, log.pairs())))
    return "ok" if length in edges else "torn" if length > edges[0] else "tampered"


def test_a_cut_leaves_whole_records_and_a_torn_rest(tmp_path: Path) -> None:
    log = small_log()
    raw = log.whole()
    for length in range(0, len(raw), 1 if LONG else 7):
        report = check_bytes(tmp_path, raw[:length])
        assert report.state == state_after_cut(log, length), length
    head = (log.checkpoint(),)
    file = tmp_path / "000000000000.log"
    for length in range(len(log.pairs()[0]), len(raw), 1 if LONG else 211):
        file.write_bytes(raw[:length])
        assert check(file, heads=head).state == "behind"


def test_a_torn_tail_is_named_with_place_and_count(tmp_path: Path) -> None:
    log = small_log()
    start = sum(map(len, log.pairs()[:-1]))
    report = check_bytes(tmp_path, log.whole()[:-10])
    finding = report.findings[0]
    assert (finding.state, finding.record, finding.segment, finding.offset) == (
        "torn",
        4,
        "seg/000000000000.log",
        start,
    )
    assert f"The last {len(log.pairs()[-1]) - 10} bytes" in finding.what
    assert report.size == 4


def test_only_zeros_between_sector_edges_are_torn(tmp_path: Path) -> None:
    log = small_log()
    log.add("log.note", {"text": "x" * 1500})
    raw, start = log.whole(), sum(map(len, log.pairs()[:-1]))
    edge = -(-start // 512) * 512
    assert len(raw) - 150 > edge + 512

    def zeroed(a: int, b: int) -> str:
        return check_bytes(tmp_path, raw[:a] + bytes(b - a) + raw[b:]).state

    assert zeroed(edge, edge + 512) == "torn"
    assert zeroed(start, edge) == "torn"
    assert zeroed(edge + 512, len(raw)) == "torn"
    assert zeroed(edge + 1, edge + 512) == "tampered"
    assert zeroed(edge, edge + 511) == "tampered"
    assert zeroed(512, 1024) == "tampered", "not in the last pair"


def test_a_crash_leaves_one_record_of_a_pairs_length(tmp_path: Path) -> None:
    log = small_log()
    whole, last = b"".join(log.pairs()[:4]), log.pairs()[4]
    line = log.leaves[4]

    def state(rest: bytes) -> str:
        return check_bytes(tmp_path, whole + rest).state

    assert state(last[:-1]) == "torn"
    assert state(b"x" * 33792) == "torn"
    assert state(b"x" * 33793) == "tampered"
    assert state(line + line) == "torn", "both follow the last whole record"
    after = canonical(log.record("log.note"))
    assert state(line + after) == "tampered", "what had a successor was never cut"
    assert state(line + b"\n" + after) == "tampered"
    assert state(b"\0" + log.leaves[3]) == "tampered"
    assert state(last.replace(b"\n", b" ") + log.leaves[2]) == "tampered"
    assert state(line + after.replace(b'"prev":"', b'"prev":"x')) == "torn"
    log.add("log.note", {"text": "x" * 1500})
    start, raw = len(b"".join(log.pairs()[:4])), log.whole()
    zeros = -(-start // 512) * 512
    lost = raw[:zeros] + bytes(512) + raw[zeros + 512 :]
    assert check_bytes(tmp_path, lost).state == "tampered", "two pairs"


def test_a_seal_that_does_not_hold_is_no_crash(tmp_path: Path) -> None:
    """The hash of the pair that is refused is not that of the last whole record."""
    log = small_log()
    line = log.lines[4][:-20] + (b"A" if log.lines[4][-20:-19] != b"A" else b"B") + log.lines[4][-19:]
    raw = b"".join(log.pairs()[:4]) + log.leaves[4] + b"\n" + line
    assert check_bytes(tmp_path, raw).state == "tampered"


def test_a_torn_end_is_torn_only_in_the_last_segment(tmp_path: Path) -> None:
    log = small_log()
    folder = split(log, tmp_path / "log", (2,))
    first = folder / "seg" / "000000000000.log"
    first.write_bytes(first.read_bytes()[:-5])
    assert check(folder).state == "tampered"


def test_an_intent_without_a_sure_outcome_is_in_doubt(tmp_path: Path) -> None:
    def outcome(i: int, result: str) -> tuple[str, dict[str, Any]]:
        return "outcome", {"of": 1, "i": i, "result": result}

    table: list[tuple[str, list[tuple[str, dict[str, Any]]]]] = [
        ("0, 1", []),
        ("1", [outcome(0, "ok")]),
        ("0", [outcome(1, "refused"), outcome(0, "damaged")]),
        ("0", [outcome(0, "no-answer"), ("resolve", {"of": 1, "i": 1})]),
        ("", [outcome(0, "not-sent"), outcome(1, "ok")]),
        ("", [("verify", {"of": 1, "same": False})]),
        ("1", [("verify", {"of": 1, "i": 0, "same": True})]),
        ("0, 1", [("verify", {"of": 0, "same": True})]),
        ("", [("resolve", {"of": 1, "found": "1", "decision": "go on"})]),
    ]
    for frames, records in table:
        log = Writer()
        log.add("intent", INTENT)
        for kind, d in records:
            log.add(kind, d)
        report = check_bytes(tmp_path, log.whole(), log.vkey(0))
        assert report.state == ("in-doubt" if frames else "ok")
        assert not frames or f"Frames {frames} of" in codes(report)
        assert not frames or report.findings[0].record == 1


def test_log_recovered_names_the_bytes_under_torn(tmp_path: Path) -> None:
    log, rest = small_log(), b'{"d":{"te'
    digest = hashlib.sha256(rest).hexdigest()
    d = {"file": f"5-{digest[:12]}", "segment": "000000000000.log", "offset": 1, "bytes": len(rest), "sha256": digest}
    log.add("log.recovered", d)
    folder = log.folder(tmp_path / "log")
    assert any("torn/" in note for note in check(folder).notes)
    file = folder / "torn" / str(d["file"])
    file.parent.mkdir()
    file.write_bytes(rest)
    assert check(folder).state == "ok"
    file.write_bytes(rest + b"x")
    assert "is not what the record says" in codes(check(folder))
    file.rename(file.with_name("other"))
    assert "not under torn/" in codes(check(folder))


# Every byte and every order ------------------------------------------------------------------------------------------


def flips(length: int) -> list[tuple[int, int]]:
    return [(at, bit) for at in range(length) for bit in (range(8) if LONG else (at * 5 % 8,) if at % 3 == 0 else ())]


def test_no_flipped_bit_passes(tmp_path: Path) -> None:
    log = small_log()
    raw = log.whole()
    newlines = (len(raw) - len(log.lines[-1]) - 1, len(raw) - 1)
    for at, bit in [*flips(len(raw)), *((at, 2) for at in newlines)]:
        bad = bytearray(raw)
        bad[at] ^= 1 << bit
        report = check_bytes(tmp_path, bytes(bad), log.vkey(0))
        assert report.state == ("torn" if at in newlines else "tampered"), (at, bit)


def test_the_quick_look_misses_no_flip_but_in_signatures(tmp_path: Path) -> None:
    log = small_log()
    raw = log.whole()
    for at, bit in flips(len(raw))[:: 1 if LONG else 2]:
        bad = bytearray(raw)
        bad[at] ^= 1 << bit
        if check_bytes(tmp_path, bytes(bad), log.vkey(0), thorough=False).state == "ok":
            line = raw.rfind(b"\n", 0, at) + 1
            assert raw[line:].startswith("—".encode()), (at, bit)


def test_no_other_order_passes(tmp_path: Path) -> None:
    log = small_log()
    pairs = log.pairs()
    for order in itertools.permutations(range(5)):
        expected = "ok" if order == tuple(range(5)) else "tampered"
        assert check_bytes(tmp_path, b"".join(pairs[i] for i in order)).state == expected
    for i in range(5):
        without, twice = pairs[:i] + pairs[i + 1 :], pairs[: i + 1] + pairs[i:]
        assert check_bytes(tmp_path, b"".join(without)).state == ("ok" if i == 4 else "tampered")
        assert check_bytes(tmp_path, b"".join(twice)).state == "tampered"
        lines = [line for pair in pairs for line in pair.splitlines(keepends=True)]
        del lines[2 * i]
        assert check_bytes(tmp_path, b"".join(lines)).state == ("torn" if i == 4 else "tampered")


def test_no_record_of_another_log_passes(tmp_path: Path) -> None:
    log, other = small_log(), small_log(1)
    for i in range(5):
        mixed = [*log.pairs()[:i], other.pairs()[i], *log.pairs()[i + 1 :]]
        assert check_bytes(tmp_path, b"".join(mixed), log.vkey(0)).state == "tampered"
        if i:
            joined = log.pairs()[:i] + other.pairs()[i:]
            assert "belongs to the log" in codes(check_bytes(tmp_path, b"".join(joined)))


# Any bytes at all ----------------------------------------------------------------------------------------------------


MUTANT = small_log().whole()
BUNDLE: dict[str, bytes] = {}


@settings(max_examples=2000 if LONG else 200)
@given(st.binary(max_size=400), st.integers(0, len(MUTANT)), st.integers(0, 200))
def test_any_bytes_in_a_segment_give_a_finding(raw: bytes, at: int, cut: int) -> None:
    for bad in (raw, MUTANT[:at] + raw + MUTANT[at + cut :]):
        if bad != MUTANT:
            report = in_memory({"seg/000000000000.log": bad})
            assert report.state in checker.SEVERITY
            assert report.state != "ok" or bad in [MUTANT[:n] for n in range(len(MUTANT))]
            assert "Error:" not in codes(report)


class InMemory(checker.Source):
    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        super().__init__("")

    def _walk(self) -> Any:
        yield from self.files

    def _open(self, name: str) -> Any:
        return io.BytesIO(self.files[name])


def in_memory(files: dict[str, bytes], *keys: str) -> checker.Report:
    trust, report = checker.Trust(), checker.Report()
    checker.read_keys(trust, list(keys))
    run = checker.check_bundle if "checkpoint" in files else checker.check_log
    try:
        run(InMemory(files), trust, [], report, True)
    except checker.WrongError as wrong:
        report.add(wrong)
    return report


@settings(max_examples=1500 if LONG else 150)
@given(st.data())
def test_any_bytes_in_a_bundle_give_a_finding(data: st.DataObject) -> None:
    if not BUNDLE:
        log = small_log()
        with tempfile.TemporaryDirectory() as folder:
            root = log.bundle(Path(folder), "w1")
            BUNDLE.update({f.relative_to(root).as_posix(): f.read_bytes() for f in root.rglob("*") if f.is_file()})
        BUNDLE.update({"heads/4.note": log.checkpoint(4), "private/4.json": b"{}"})
    name = data.draw(st.sampled_from(sorted(BUNDLE)))
    raw, at = data.draw(st.binary(max_size=60)), data.draw(st.integers(0, len(BUNDLE[name])))
    bad = data.draw(st.sampled_from([raw, BUNDLE[name][:at] + raw, BUNDLE[name][:at] + raw + BUNDLE[name][at + 3 :]]))
    report = in_memory({**BUNDLE, name: bad}, small_log().vkey(0))
    assert report.state in checker.SEVERITY


@settings(max_examples=300)
@given(st.binary(max_size=300), st.text(max_size=200))
def test_parsers_refuse_or_take_what_encodes_back(raw: bytes, text: str) -> None:
    table: list[tuple[Callable[[Any], object], object]] = [
        (checker.parse_note, raw),
        (checker.parse_record, raw),
        (checker.parse_vkey, text),
        (checker.parse_signature_line, text),
        (lambda b: checker.parse_proof(b, "x"), raw),
        (lambda b: checker.parse_proof(b, "x.growth"), raw),
    ]
    for parse, argument in table:
        with contextlib.suppress(checker.WrongError):
            parse(argument)


# As a stranger runs it -----------------------------------------------------------------------------------------------


def run(script: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "-W", "error", str(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


def test_it_runs_with_the_standard_library_alone(tmp_path: Path) -> None:
    log = small_log()
    folder = log.folder(tmp_path / "log")
    done = run(SCRIPT, "--key", log.vkey(0), folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "state: ok"
    (tmp_path / "head").write_bytes(small_log(1).checkpoint())
    done = run(SCRIPT, "--head", tmp_path / "head", folder)
    assert (done.returncode, done.stdout, "of this very log" in done.stderr) == (2, "", True)
    other = Writer()
    other.rotate()
    other.add("log.note", {"text": "told to somebody else"})
    (tmp_path / "head").write_bytes(other.checkpoint(4))
    done = run(SCRIPT, "--head", tmp_path / "head", "--json", "--signatures", "last", folder)
    document = json.loads(done.stdout)
    assert (done.returncode, document["state"], document["size"]) == (10, "fork", 5)
    assert set(document["findings"][0]) == {"state", "record", "segment", "offset", "what", "hint"}
    log.add("intent", INTENT)
    (folder / "seg" / "000000000000.log").write_bytes(log.whole())
    done = run(SCRIPT, "--key", log.vkey(0), folder)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (11, "state: in-doubt")


def test_it_runs_from_inside_a_bundle(tmp_path: Path) -> None:
    log = small_log()
    folder = log.bundle(tmp_path / "bundle", "w1")
    shutil.copy(SCRIPT, folder)
    (folder / "how-to-check.txt").write_text("see audit-log.md\n")
    path = zipped(folder, tmp_path / "bundle.zip")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "out")
    script = tmp_path / "out" / "verify_meterlink.py"
    for target in (path, tmp_path / "out"):
        done = run(script, "--key", log.vkey(0), target)
        assert (done.returncode, done.stderr) == (0, "")
        assert "verify_meterlink.py" in done.stdout, "names what it did not check"
    done = run(script, path)
    assert done.returncode == 2
    assert "Ask the office" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--key", "x", "."],
        ["nothing-there"],
        ["--head", "nothing-there", "."],
        ["--policy", "nothing-there", "."],
        ["."],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = checker.main(arguments)
    except SystemExit as stopped:
        code = int(str(stopped.code))
    assert code == 2


def test_text_from_a_file_cannot_steer_the_terminal() -> None:
    assert checker.shown("a\x1b[2J\u202eb") == "a\\x1b[2J\\u202eb"


def test_every_state_but_ok_has_a_hint() -> None:
    assert set(checker.HINTS) == set(checker.SEVERITY) - {"ok"}
