"""What a release wrote is read by every later one, and by everybody else: the files under golden/, never made anew."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from meterlink.audit.bundle_check import Trust, verify_bundle
from meterlink.audit.bundle_files import UnpackedBundle
from meterlink.audit.claims import cosigned_heads, office_keys
from meterlink.audit.folder import FolderBytes, LogFolder
from meterlink.audit.fsio import Disk
from meterlink.audit.note import Vkey
from meterlink.audit.record import Record, decode_record
from meterlink.audit.standalone import verify_meterlink as checker
from meterlink.audit.strict_text import encode_base64
from meterlink.audit.verify import Report, verify_log
from tests.audit.bundles import OFFICE_VKEY
from tests.audit.logs import pairs_of
from tests.audit.strangers import ask_go

FORMAT_1: Final = Path(__file__).parent / "golden" / "format-1"
LOG: Final = FORMAT_1 / "log"
BUNDLE: Final = FORMAT_1 / "bundle"
KEY: Final = "example.com/ml/11e2ffec+de6dd77a+AZXFd8RNUAjC2Yw3rbBkqGqbFcUJSrZZy8nphDlc+GiO"
LAST_KEY: Final = "example.com/ml/11e2ffec+42805001+AbzCf0Hc5ujXmgVqx6UQtFDaAKLxHEHrgU1WI7Mboznk"
SIZE: Final = 33
ROOT: Final = "Dqqv/E3VLD3nR+vbaQc9yVlNu8yY6i+B8nyrjBjRHac="
BUNDLE_SIZE: Final = 31
BUNDLE_ROOT: Final = "ph26fB+Wk2XseN6f5JNLvRh9aUBSSIuxtQVlRgoln3w="
WORK: Final = "w-2026-17"
CLEAR: Final = {"customer": "Иванов И. И.", "account": "42-001-7"}
TYPES: Final = (
    "log.open run.open log.recovered clock.jump log.note clock.jump log.note "
    "work.open read seal intent intent outcome outcome outcome outcome verify outcome resolve verify meter.journal "
    "work.close key.rotate epoch.open act.issued anchor key.rotate epoch.open "
    "future.kind log.note ? run.close log.end"
)
"""In order; the type of a record of a later version is unknown."""


def log_bytes() -> FolderBytes:
    return FolderBytes(Disk(), LogFolder(LOG))


def read_records() -> list[Record]:
    return [decode_record(pair.partition(b"\n")[0]) for pair in pairs_of(log_bytes())]


def verified(signatures: str = "all") -> Report:
    folder = LogFolder(LOG)
    return verify_log(
        log_bytes(),
        signatures="all" if signatures == "all" else "last",
        claims=lambda chain: [
            *chain.anchors,
            *cosigned_heads(Disk(), folder, chain.origin, office_keys(chain.office)),
        ],
        trusted=[Vkey.parse(KEY)],
        torn_bytes=lambda name: (folder.torn / name).read_bytes(),
    )


# --- the log --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signatures", ["all", "last"])
def test_the_log_verifies(signatures: str) -> None:
    report = verified(signatures)
    assert report.findings == []
    chain = report.chain
    assert (chain.size, encode_base64(chain.frontier.root()), report.segments) == (SIZE, ROOT, 5)
    assert (str(report.first_key and report.first_key.text), str(chain.key and chain.key.text)) == (KEY, LAST_KEY)
    assert (chain.epoch, chain.ended, chain.office) == (2, True, (OFFICE_VKEY.text,))
    assert [head.size for head in chain.anchors] == [25]
    assert [each.file for each in chain.recovered] == [file.name for file in LogFolder(LOG).torn.iterdir()]


def test_strangers_verify_the_log() -> None:
    assert ask_go("log", LOG, KEY) == f"ok size {SIZE} root {ROOT}\n"


@pytest.mark.parametrize("key", [KEY, LAST_KEY, OFFICE_VKEY.text])
def test_the_one_file_verifies_the_log(key: str) -> None:
    trust = checker.Trust()
    checker.read_keys(trust, [key])
    report = checker.check(str(LOG), trust, [])
    assert report.findings == []
    assert (report.size, report.root, report.key) == (SIZE, ROOT, LAST_KEY)
    assert any("future.kind" in note for note in report.notes)
    assert any("later version" in note for note in report.notes)


def test_every_type_of_the_page_is_there() -> None:
    assert " ".join(record.type or "?" for record in read_records()) == TYPES


def test_the_bytes_are_those_that_were_written() -> None:
    """Also against editors and version control that change the ends of lines."""
    whole = b"".join(log_bytes().read(name) for name in log_bytes().names())
    assert sha256(whole).hexdigest() == "8f95aacfd4b7d216e1f7116e7404149e415f00eaa905b2262ad6d8966102ad01"


def test_unknown_types_fields_and_versions_are_kept() -> None:
    kind, fields, later = read_records()[28:31]
    assert (kind.type, kind.d) == (
        "future.kind",
        {"list": [True, {}, [], -9007199254740991], "text": '\u2028\x7f\t"\\'},
    )
    assert (fields.type, fields.fields["later_field"], fields.d["later_d"]) == ("log.note", {"a": ["b"]}, 1)
    assert (later.type, later.n, dict(later.d)) == ("", 30, {}), "its words mean something else"
    assert dict(later.fields) == json.loads(later.line)
    assert later.fields["body"] == [1, {"vkey": "x"}]


# --- the bundle of one work -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [KEY, LAST_KEY, OFFICE_VKEY.text])
def test_the_bundle_verifies(key: str) -> None:
    report = verify_bundle(UnpackedBundle(BUNDLE), Trust(keys=[Vkey.parse(key)]))
    assert report.findings == []
    head = report.checkpoint
    assert head is not None
    assert (head.size, encode_base64(head.root)) == (BUNDLE_SIZE, BUNDLE_ROOT)
    assert [record.n for record in report.records] == [*range(7, 22), 30]
    assert [record.line for record in report.records] == [read_records()[n].line for n in (*range(7, 22), 30)]
    assert report.opened == {7: CLEAR}


def test_strangers_verify_the_bundle() -> None:
    assert ask_go("bundle", BUNDLE, KEY) == f"ok size {BUNDLE_SIZE} root {BUNDLE_ROOT}\n"


@pytest.mark.parametrize("key", [KEY, LAST_KEY, OFFICE_VKEY.text])
def test_the_one_file_verifies_the_bundle(key: str) -> None:
    trust = checker.Trust()
    checker.read_keys(trust, [key])
    report = checker.check(str(BUNDLE), trust, [])
    assert report.findings == []
    assert (report.size, report.root, report.key) == (BUNDLE_SIZE, BUNDLE_ROOT, LAST_KEY)
    assert any(WORK in line for line in report.checked)
    assert any("Clear values checked: 2" in line for line in report.checked)
