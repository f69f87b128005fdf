"""Evidence handed over: what a bundle proves, to whom, and what happens when any byte of it was changed."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from meterlink.audit.bundle import VERIFIER, write_bundle
from meterlink.audit.bundle_check import BundleReport, Trust, verify_bundle
from meterlink.audit.bundle_files import is_bundle, open_bundle
from meterlink.audit.chain import Head
from meterlink.audit.commitment import Opening
from meterlink.audit.keys import key_from_seed
from meterlink.audit.note import Checkpoint, Note, Vkey
from meterlink.audit.policy import Policy
from meterlink.audit.record import Entry
from meterlink.errors import AuditError, BundleError, NoWorkError, WrongKeyError
from tests.audit.bundles import (
    OFFICE_VKEY,
    MemoryBundle,
    cosigned,
    export_all,
    export_work,
    first_key,
    head_of,
    three_works,
)
from tests.audit.logs import Bench, work_open

NAME = Opening(salt=bytes(range(16)), value="Иванов И. И.")
COMMITMENTS = {"customer": NAME.commitment("customer")}
NOT_CHECKED = ("policy", "how-to-check.txt", VERIFIER)
"""What a bundle carries for people only; nothing in it is believed."""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return three_works(tmp_path, COMMITMENTS)


def trusted(bench: Bench) -> Trust:
    return Trust(keys=[first_key(bench)])


def check(bundle: MemoryBundle, trust: Trust, *heads: Head) -> BundleReport:
    return verify_bundle(bundle, trust, heads)


def opening(facts: dict[str, str]) -> bytes:
    return json.dumps({"customer": facts}, ensure_ascii=False).encode()


# --- one work -------------------------------------------------------------------------------------------------------


def test_a_bundle_of_one_work_proves_its_records_and_shows_nobody_elses(bench: Bench) -> None:
    bundle = export_work(bench, "B")
    report = check(bundle, trusted(bench))
    assert report.findings == []
    assert [(record.type, record.work) for record in report.records] == [("work.open", "B"), ("work.close", "B")]
    shown = b"".join(data for name, data in bundle.files.items() if name != VERIFIER)
    assert b'"work":"A"' not in shown
    assert b'"work":"C"' not in shown


def test_a_later_key_of_the_log_is_as_good_as_the_first(bench: Bench) -> None:
    report = check(export_work(bench, "A"), trusted(bench))
    for key in report.keys:
        assert check(export_work(bench, "A"), Trust(keys=[key])).state == "ok"


def test_keys_inside_a_bundle_are_worth_nothing(bench: Bench, tmp_path: Path) -> None:
    forged = three_works(tmp_path / "forged")  # sound in itself, with its own keys and policy
    report = check(export_work(forged, "B"), Trust(keys=[key_from_seed(bytes(32)).vkey(forged.log.origin)]))
    assert isinstance(report.findings[0], WrongKeyError)
    assert report.state == "tampered"


def test_the_office_alone_is_trust_enough_when_it_cosigned(bench: Bench) -> None:
    head = cosigned(head_of(bench))
    assert check(export_work(bench, "B", head), Trust(keys=[OFFICE_VKEY])).state == "ok"
    [finding] = check(export_work(bench, "B"), Trust(keys=[OFFICE_VKEY])).findings
    assert "did not cosign it" in str(finding)


@pytest.mark.parametrize("more", ["", f"witness office {OFFICE_VKEY.text}\n"])
def test_a_policy_that_trusts_nobody_proves_nothing(bench: Bench, more: str) -> None:
    trust = Trust(policy=Policy.parse(f"{more}quorum none\n".encode()))
    assert not trust.suffices
    assert check(export_all(bench), trust).state == "tampered"


def test_a_policy_asks_for_its_quorum(bench: Bench) -> None:
    text = f"log {first_key(bench).text}\nwitness office {OFFICE_VKEY.text}\nquorum office\n"
    trust = Trust(policy=Policy.parse(text.encode()))
    assert check(export_work(bench, "B", cosigned(head_of(bench))), trust).state == "ok"
    [finding] = check(export_work(bench, "B"), trust).findings
    assert "too few of the witnesses" in str(finding)


def test_a_work_that_is_not_there_cannot_be_exported(bench: Bench) -> None:
    with pytest.raises(NoWorkError, match="no record of the work 'Z'"):
        export_work(bench, "Z")


def test_a_clear_value_opens_what_the_record_committed_to(bench: Bench) -> None:
    record = next(record for record in check(export_work(bench, "B"), trusted(bench)).records)
    index = record.n
    shown = export_work(bench, "B", private={index: opening(NAME.facts())})
    assert check(shown, trusted(bench)).opened == {record.n: {"customer": "Иванов И. И."}}
    for wrong in (replace(NAME, value="Петров П. П."), replace(NAME, salt=bytes(16))):
        [finding] = check(export_work(bench, "B", private={index: opening(wrong.facts())}), trusted(bench)).findings
        assert "does not open what record" in str(finding)


@pytest.mark.parametrize(
    "raw", [b"[]", b"{", b'{"customer":1}', b'{"customer":{"salt":"00","value":"x"}}', b"[" * 9999]
)
def test_a_senseless_opening_is_a_finding(bench: Bench, raw: bytes) -> None:
    index = check(export_work(bench, "B"), trusted(bench)).records[0].n
    assert check(export_work(bench, "B", private={index: raw}), trusted(bench)).state == "tampered"


# --- the whole log --------------------------------------------------------------------------------------------------


def test_a_bundle_of_the_whole_log_is_checked_record_by_record_and_tile_by_tile(bench: Bench) -> None:
    report = check(export_all(bench), trusted(bench))
    assert report.findings == []
    assert report.log is not None
    assert report.log.chain.size == bench.log.size
    assert report.log.segments > 1


def test_heads_from_elsewhere_are_held_against_it(bench: Bench) -> None:
    head = Checkpoint.parse(head_of(bench).text)
    same = Head(size=head.size, root=head.root, source="the act")
    longer = replace(same, size=head.size + 1)
    other = replace(same, root=bytes(32))
    older = replace(same, size=3)
    for bundle in (export_all(bench), export_work(bench, "B")):
        assert check(bundle, trusted(bench), same).state == "ok"
        assert check(bundle, trusted(bench), longer).state == "behind"
        assert check(bundle, trusted(bench), other).state == "fork"
    assert check(export_all(bench), trusted(bench), older).state == "fork"
    assert check(export_work(bench, "B"), trusted(bench), older).unchecked == [older]


# --- every byte -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [False, True], ids=["one work", "whole log"])
def test_a_missing_file_and_a_changed_byte_in_any_file_are_noticed(bench: Bench, whole: bool) -> None:
    index = check(export_work(bench, "B"), trusted(bench)).records[0].n
    bundle = export_all(bench) if whole else export_work(bench, "B", private={index: opening(NAME.facts())})
    trust = trusted(bench)
    assert check(bundle, trust).state == "ok"
    unnoticed = []
    for name, data in bundle.files.items():
        if name in NOT_CHECKED:
            continue
        without = MemoryBundle({other: each for other, each in bundle.files.items() if other != name})
        if check(without, trust).state == "ok" and not name.startswith("private/"):
            unnoticed.append(f"{name} missing")
        for at in {0, len(data) // 3, len(data) // 2, len(data) - 1}:
            spoilt = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            if check(MemoryBundle(bundle.files | {name: spoilt}), trust).state == "ok":
                unnoticed.append(f"{name} byte {at}")
    assert unnoticed == []


def test_no_record_that_the_closing_one_lists_may_be_left_out(tmp_path: Path) -> None:
    bench = three_works(tmp_path)
    opened = bench.log.append(work_open("D"))
    bench.log.append(Entry(type="work.close", work="D", d={"result": "done", "records": [opened]}))
    bundle = export_work(bench, "D")
    assert check(bundle, trusted(bench)).state == "ok"
    cut = {name: data for name, data in bundle.files.items() if not name.startswith(f"records/{opened}.")}
    assert "lists it among the records" in str(check(MemoryBundle(cut), trusted(bench)).findings[0])


def test_records_of_two_works_are_no_bundle_of_one(bench: Bench) -> None:
    mixed = MemoryBundle(export_work(bench, "A").files | export_work(bench, "B").files)
    assert "the bundle is of" in str(check(mixed, trusted(bench)).findings[0])


def test_a_bundle_that_proves_nothing_is_none(bench: Bench) -> None:
    bundle = export_work(bench, "A")
    bare = {name: data for name, data in bundle.files.items() if not name.startswith("records/")}
    assert "neither a work nor a log" in str(check(MemoryBundle(bare), trusted(bench)).findings[0])


def test_a_link_of_the_key_chain_cannot_be_left_out_or_replaced(bench: Bench, tmp_path: Path) -> None:
    bundle = export_work(bench, "B")
    links = sorted({name.rpartition(".")[0] for name in bundle.files if name.startswith("chain/")})
    for link in links:
        cut = {name: data for name, data in bundle.files.items() if name.rpartition(".")[0] != link}
        assert check(MemoryBundle(cut), trusted(bench)).state == "tampered", link
    other = export_work(three_works(tmp_path / "other"), "B")
    for link in links:
        swapped = {name: data for name, data in other.files.items() if name.rpartition(".")[0] == link}
        assert check(MemoryBundle(bundle.files | swapped), trusted(bench)).state != "ok" or swapped == {}, link


def test_the_checkpoint_of_another_epochs_key_is_refused(bench: Bench) -> None:
    """Whoever has an old key signs today's head with it."""
    bundle = export_work(bench, "C")
    note = Note.parse(bundle.files["checkpoint"])
    stolen = key_from_seed(bytes(32))
    line = note.signatures[0]
    signature = stolen.sign(note.text)
    forged = Note(text=note.text, signatures=(replace(line, signature=signature),))
    assert check(MemoryBundle(bundle.files | {"checkpoint": forged.encode()}), trusted(bench)).state == "tampered"
    wrong_name = Vkey(name=line.name, public=stolen.public)
    forged = Note(text=note.text, signatures=(replace(line, key_id=wrong_name.key_id, signature=signature),))
    assert check(MemoryBundle(bundle.files | {"checkpoint": forged.encode()}), trusted(bench)).state == "tampered"


# --- as files -------------------------------------------------------------------------------------------------------


def test_zipped_and_unpacked_are_the_same_and_one_export_gives_one_file(bench: Bench, tmp_path: Path) -> None:
    bundle = export_work(bench, "B")
    first, second = tmp_path / "1.zip", tmp_path / "2.zip"
    write_bundle(first, bundle.files.items())
    write_bundle(second, bundle.files.items())
    assert first.read_bytes() == second.read_bytes()
    unpacked = bundle.write_to(tmp_path / "unpacked")
    for path in (first, unpacked):
        assert is_bundle(path)
        assert verify_bundle(open_bundle(path), trusted(bench)).state == "ok"
    assert not is_bundle(bench.place.folder.path)


def test_an_export_never_overwrites(bench: Bench, tmp_path: Path) -> None:
    there = tmp_path / "there.zip"
    there.write_bytes(b"evidence")
    with pytest.raises(FileExistsError):
        write_bundle(there, export_work(bench, "B").files.items())
    assert there.read_bytes() == b"evidence"


@pytest.mark.parametrize("name", ["../outside", "/root", "a//b", "a/../b", "c:\\windows", "a\\b"])
def test_names_that_lead_out_of_a_zip_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "trick.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(zipfile.ZipInfo(name), b"")
    with pytest.raises(BundleError):
        open_bundle(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trick.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("checkpoint", b"one")
        bundle.writestr("checkpoint", b"two")
    with pytest.raises(BundleError, match="twice"):
        open_bundle(path)


def test_what_is_no_zip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "no.zip"
    path.write_bytes(b"PK no")
    with pytest.raises(BundleError, match="not a zip file"):
        open_bundle(path)


def test_a_damaged_zip_gives_an_error_of_ours(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "good.zip"
    write_bundle(path, export_work(bench, "B").files.items())
    data = path.read_bytes()
    trust = trusted(bench)
    for at in range(0, len(data), 97):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            bundle = open_bundle(path)
        except AuditError:
            continue
        verify_bundle(bundle, trust)


def test_a_zip_that_is_packed_in_another_way_is_refused(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "lzma.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as bundle:
        bundle.writestr("checkpoint", bytes(500))
    with pytest.raises(BundleError, match="packed in another way"):
        open_bundle(path)


def test_any_bytes_in_the_headers_of_a_zip_give_an_error_of_ours(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "z.zip"
    small = {name: data for name, data in export_work(bench, "B").files.items() if not name.endswith((".py", ".txt"))}
    write_bundle(path, small.items())
    data, random, trust = path.read_bytes(), Random(7), trusted(bench)
    directory = data.rindex(b"PK\x01\x02", 0, data.index(b"PK\x01\x02") + 4)
    for _ in range(400):
        spoilt = bytearray(data)
        for _ in range(random.randint(1, 4)):
            spoilt[random.randrange(directory, len(data))] = random.randrange(256)
        path.write_bytes(spoilt)
        try:
            bundle = open_bundle(path)
        except BundleError:
            continue
        verify_bundle(bundle, trust)


def test_a_file_that_may_not_be_read_is_told(bench: Bench, tmp_path: Path) -> None:
    folder = export_work(bench, "B").write_to(tmp_path / "unpacked")
    bundle = open_bundle(folder)
    (folder / "checkpoint").unlink()
    [finding] = verify_bundle(bundle, trusted(bench)).findings
    assert isinstance(finding, BundleError)
    assert finding.file == "checkpoint"


def test_a_record_of_a_later_version_may_call_its_work_as_it_likes(bench: Bench) -> None:
    forger = bench.forger()
    with bench.last_segment().open("ab") as segment:
        segment.write(forger.pair("read", {}, v=2, work=["B"]))
    bench.reopen()
    report = check(export_work(bench, "B"), trusted(bench))
    assert [record.type for record in report.records] == ["work.open", "work.close"]
    assert check(export_all(bench), trusted(bench)).state == "ok"
