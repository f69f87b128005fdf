"""`audit verify`, with the keys of whoever asks and with cosignatures."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from meterlink.audit.bundle import bundle_of_work, collect, write_bundle
from meterlink.audit.home import find_home
from meterlink.audit.note import Algorithm, Checkpoint, Note, Vkey, cosign_line
from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from tests.cli.audits import (
    OFFICE,
    STRANGER,
    WITH_OFFICE,
    Bench,
    cosign,
    document,
    everything_below,
    first_key,
    tamper_early,
    tear,
)
from tests.cli.program import run

# --- verify ---------------------------------------------------------------------------------------------------------


def test_without_a_key_the_log_is_held_only_against_itself(bench: Bench) -> None:
    ended = run("audit", "verify")
    assert "This log was held against its own first key only" in ended.out
    assert first_key(bench) in ended.out
    told = document("verify")
    assert told["first_key"] == first_key(bench)
    assert told["keys_given"] == []
    assert "its own first key only" in told["notes"][0]


def test_with_its_key(bench: Bench) -> None:
    run("audit", "rotate")
    ended = run("audit", "verify", "--key", first_key(bench))
    assert ended.code == 0
    assert "its own first key only" not in ended.out
    assert "your key" in ended.out
    told = document("verify", "--key", STRANGER, "--key", first_key(bench))
    assert (told["state"], told["epochs"], told["records"]) == ("ok", 2, 7)


def test_with_the_key_of_another_log(bench: Bench) -> None:
    assert bench.folder.exists()
    ended = run("audit", "verify", "--key", STRANGER)
    assert ended.code == 10
    assert "it is not the log of the key that you gave" in ended.out
    assert "Compare the keys with those the office has on paper" in ended.out


def test_a_policy(bench: Bench, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text(
        f"log {first_key(bench)}\nwitness w1 {OFFICE.text}\ngroup office any w1\nquorum office\n", encoding="utf-8"
    )
    ended = run("audit", "verify", "--policy", str(policy), "--json")
    told = ended.document
    assert (ended.code, told["state"], told["keys_signed"]) == (10, "tampered", [first_key(bench)])
    assert (
        "was never cosigned by the quorum office of your policy (w1), whom you trust" in told["findings"][0]["message"]
    )
    assert told["words"] == "the log is whole in itself, and somebody whom you trust never saw it"
    cosign(bench)
    told = document("verify", "--policy", str(policy))
    assert told["notes"] == ["the policy's quorum cosigned the first 3 records"]
    assert {"the office, in heads/3.note,": True}.items() <= {
        each["source"]: each["met"] for each in told["heads"]
    }.items()


# --- witnesses and keys of the asker ---------------------------------------------------------------------------------


OTHER_SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(0x40, 0x60)))
OTHER = Vkey(
    name="example.org/w2",
    algorithm=Algorithm.COSIGNATURE,
    public=OTHER_SIGNER.public_key().public_bytes_raw(),
)


def test_a_witness_who_never_saw_the_log(bench: Bench) -> None:
    ended = run("audit", "verify", "--key", first_key(bench), "--key", OFFICE.text)
    assert ended.code == 10
    assert ended.out.startswith("tampered: the log is whole in itself, and somebody whom you trust never saw it\n")
    assert "was never cosigned by example.com/office/w1+57821da7, whom you trust" in ended.out
    assert f"{OFFICE.text}, never cosigned this log" in ended.out
    assert f"{first_key(bench)}, signed here" in ended.out


def test_a_witness_who_saw_a_part_of_the_log(bench: Bench) -> None:
    cosign(bench)
    run("audit", "rotate")
    ended = run("audit", "verify", "--key", OFFICE.text)
    assert ended.code == 0
    assert f"{OFFICE.text}, cosigned the first 3 records" in ended.out
    assert "note: nobody whom you trust cosigned the records from 3 on" in ended.out
    assert "its own first key only" not in ended.out
    told = document("verify", "--key", OFFICE.text, "--key", OTHER.text)
    assert told["state"] == "tampered"
    assert told["witnesses"] == [{"key": OFFICE.text, "size": 3}, {"key": OTHER.text, "size": None}]


def test_a_witness_under_a_head_that_is_brought(bench: Bench) -> None:
    note = cosign(bench)
    (bench.folder / "heads" / "3.note").unlink()
    Path("head.note").write_bytes(note.encode())
    assert document("verify", "--key", OFFICE.text)["state"] == "tampered"
    told = document("verify", "--key", OFFICE.text, "--head", "head.note")
    assert (told["state"], told["witnesses"]) == ("ok", [{"key": OFFICE.text, "size": 3}])


@pytest.mark.parametrize(("spoilt", "state"), [({"size": 9}, "behind"), ({"root": bytes(32)}, "fork")])
def test_a_witness_of_another_history_is_told_as_that(bench: Bench, spoilt: dict[str, Any], state: str) -> None:
    cosign(bench, **spoilt)
    told = document("verify", "--key", OFFICE.text)
    assert (told["state"], told["witnesses"]) == (state, [{"key": OFFICE.text, "size": None}])


def test_a_false_cosignature_is_none(bench: Bench) -> None:
    cosign(bench)
    path = bench.folder / "heads" / "3.note"
    note = Note.parse(path.read_bytes())
    line = cosign_line(OFFICE, OTHER_SIGNER.sign, note.text, 1767225600)
    path.write_bytes(Note(text=note.text, signatures=(*note.signatures[:1], line)).encode())
    assert document("verify", "--key", OFFICE.text)["state"] == "tampered"


@pytest.mark.parametrize("quorum", ["both", "none"])
def test_a_quorum_that_is_not_met(bench: Bench, quorum: str) -> None:
    cosign(bench)
    lines = [f"log {first_key(bench)}", f"witness w1 {OFFICE.text}", f"witness w2 {OTHER.text}", "group both all w1 w2"]
    Path("policy").write_text("\n".join([*lines, f"quorum {quorum}", ""]), encoding="utf-8")
    told = document("verify", "--policy", "policy")
    assert told["state"] == ("ok" if quorum == "none" else "tampered")
    assert told["witnesses"] == [{"key": OFFICE.text, "size": 3}, {"key": OTHER.text, "size": None}]


def test_each_given_key_is_marked(bench: Bench) -> None:
    key = first_key(bench)
    told = document("verify", "--key", STRANGER, "--key", key)
    assert (told["keys_given"], told["keys_signed"]) == ([STRANGER, key], [key])
    people = run("audit", "verify", "--key", STRANGER, "--key", key).out
    assert f"{STRANGER}, never signed here" in people
    tamper_early(bench)
    assert f"{STRANGER}, did not sign what could be read" in run("audit", "verify", "--key", STRANGER).out


def test_heads_of_the_office(empty_home: Path) -> None:
    assert run("audit", "init", *WITH_OFFICE).code == 0
    bench = Bench(find_home(empty_home))
    assert "cosigned      never" in run("audit", "status").out
    cosign(bench)
    told = document("status")
    assert [(each["size"], each["at"]) for each in told["cosigned"]] == [(3, "2026-01-01T00:00:00+00:00")]
    people = run("audit", "status").out
    assert "3 records, at 2026-01-01T00:00:00+00:00 by the office's clock" in people
    assert document("verify")["heads"][0]["met"] is True
    cosign(bench, size=9)
    assert document("status")["state"] == "behind"
    verified = run("audit", "verify")
    assert verified.code == 10
    assert "the log does NOT have this head" in verified.out
    cosign(bench, root=bytes(32))
    assert document("verify")["state"] == "fork"


def test_a_head_that_somebody_brings(bench: Bench, tmp_path: Path) -> None:
    head = tmp_path / "head.note"
    head.write_bytes(bench.checkpoint().encode())
    told = document("verify", "--head", str(head))["heads"][-1]
    assert (told["source"], told["size"], told["met"]) == (f"the head in {head}", 3, True)
    assert told["signed_by"] == ["+".join(first_key(bench).split("+")[:2])]
    run("audit", "rotate")
    assert document("verify", "--head", str(head))["state"] == "ok"
    bench.segment.write_bytes(b"".join(bench.lines()[:4]))
    bench.place.folder.cache.unlink()
    ended = run("audit", "verify", "--head", str(head))
    assert ended.code == 10
    assert ended.out.startswith("behind: ")
    assert f"the head in {head}: 3 records, the log does NOT have this head" in ended.out


def test_a_head_that_nobody_known_signed(bench: Bench, tmp_path: Path) -> None:
    head = tmp_path / "head.note"
    text = bench.checkpoint().text
    head.write_bytes(text + b"\n" + "— somebody AAAAAAAA\n".encode())
    ended = run("audit", "verify", "--head", str(head))
    assert ended.code == 0
    assert "no key of this log or of the office signed it" in ended.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--key", "key"), "no verifier key"),
        (("--policy", "nowhere"), "cannot be read"),
        (("--policy", "junk"), "no policy"),
        (("--head", "nowhere"), "cannot be read"),
        (("--head", "junk"), "no signed checkpoint"),
        (("--head", "other.note"), "it is of the log example.com/ml/kat"),
        (("nowhere",), "there is no such folder"),
    ],
)
@pytest.mark.usefixtures("bench")
def test_what_cannot_be_used_to_verify(words: tuple[str, ...], says: str) -> None:
    Path("junk").write_bytes(b"junk\xff")
    root = "WAH9e+2Z8YYDVE/LKhJCHY9WbfL+4jRtQjKwXENT274="
    Path("other.note").write_text(f"example.com/ml/kat\n2\n{root}\n\n— x AAAAAAAA\n", encoding="utf-8")
    error = document("verify", *words)["error"]
    assert (error["exit_code"], error["kind"]) == (2, "ConfigError")
    assert says in error["message"]
    assert error["hint"]


def test_a_folder_somewhere_else(bench: Bench, tmp_path: Path) -> None:
    copy = tmp_path / "evidence"
    (copy / "seg").mkdir(parents=True)
    (copy / "seg" / bench.segment.name).write_bytes(bench.segment.read_bytes())
    before = everything_below(tmp_path)
    ended = run("audit", "verify", str(copy))
    assert ended.code == 0
    assert "read without its lock (there is no lock file)" in ended.out
    assert everything_below(tmp_path) == before
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = run("audit", "verify", str(empty))
    assert (ended.code, ended.out) == (2, "")
    assert "this is no log and no bundle" in ended.err


def test_torn_bytes_that_are_gone(bench: Bench) -> None:
    tear(bench)
    assert run("audit", "recover").code == 0
    assert document("verify")["state"] == "ok"
    next((bench.folder / "torn").iterdir()).unlink()
    for verb in ("verify", "status"):
        told = document(verb)
        assert (told["state"], told["findings"][0]["record"]) == ("tampered", 3)
    assert run("audit", "rotate").code == 10
    assert run("audit", "init", "--standalone", "--replace").code == 0
    assert document("show", "0")["records"][0]["d"]["replaces"]["state"] == "tampered"


@pytest.fixture
def bundle(bench: Bench, tmp_path: Path) -> Path:
    """One work of a log, as a ZIP file."""
    bench.append(Entry(type="work.open", work="2026-17", d={"at": "14:05"}))
    with bench.home.open(Run.start()) as log:
        head, segments = log.head_with_bytes()
    work = "2026-17"
    gathered = collect(segments, Checkpoint.parse(head.text).size, work)
    path = tmp_path / "work.zip"
    write_bundle(path, bundle_of_work(gathered, head, work, {}, path.name))
    return path


def test_a_bundle(bench: Bench, bundle: Path) -> None:
    key = first_key(bench)
    ended = run("audit", "verify", str(bundle), "--key", key)
    assert ended.code == 0
    assert ended.out.startswith("ok: the bundle proves what it says\n")
    assert "1 of one work" in ended.out
    told = document("verify", str(bundle), "--key", key)
    assert (told["schema"], told["state"], told["records"]) == ("meterlink.audit-bundle/1", "ok", [3])
    unpacked = bundle.with_suffix("")
    shutil.unpack_archive(bundle, unpacked)
    assert document("verify", str(unpacked), "--key", key)["state"] == "ok"
    head = Path("head.note")
    head.write_bytes((unpacked / "checkpoint").read_bytes())
    assert document("verify", str(unpacked), "--key", key, "--head", str(head))["state"] == "ok"
    record = unpacked / "records" / "3.json"
    record.write_bytes(record.read_bytes().replace(b"14:05", b"14:06"))
    ended = run("audit", "verify", str(unpacked), "--key", key)
    assert ended.code == 10
    assert ended.out.startswith("tampered: the bundle does not prove what it says")


def test_a_head_of_another_log_is_no_head_of_a_bundle(bench: Bench, bundle: Path) -> None:
    root = "WAH9e+2Z8YYDVE/LKhJCHY9WbfL+4jRtQjKwXENT274="
    Path("other.note").write_text(f"example.com/ml/kat\n2\n{root}\n\n— x AAAAAAAA\n", encoding="utf-8")
    ended = run("audit", "verify", str(bundle), "--key", first_key(bench), "--head", "other.note")
    assert (ended.code, ended.out) == (2, "")
    assert "it is of the log example.com/ml/kat, and this is standalone/ml/" in ended.err


def test_a_policy_that_asks_for_nothing_proves_nothing(bench: Bench, bundle: Path) -> None:
    policy = Path("policy")
    policy.write_text(f"witness w1 {OFFICE.text}\nquorum none\n", encoding="utf-8")
    ended = run("audit", "verify", str(bundle), "--policy", "policy")
    assert (ended.code, ended.out) == (2, "")
    assert "keys inside it are never trusted" in ended.err
    policy.write_text(f"log {first_key(bench)}\nquorum none\n", encoding="utf-8")
    assert run("audit", "verify", str(bundle), "--policy", "policy").code == 0
    policy.write_text(f"witness w1 {OFFICE.text}\nquorum w1\n", encoding="utf-8")
    assert run("audit", "verify", str(bundle), "--policy", "policy").code == 10


def test_the_report_on_a_bundle_says_what_was_held_against_what(bench: Bench, bundle: Path) -> None:
    key = first_key(bench)
    shutil.unpack_archive(bundle, "unpacked")
    Path("new.note").write_bytes(Path("unpacked/checkpoint").read_bytes())
    told = document("verify", str(bundle), "--key", key, "--key", STRANGER, "--head", "new.note")
    assert (told["keys_given"], told["keys_signed"]) == ([key, STRANGER], [key])
    assert [each["met"] for each in told["heads"]] == [True]
    old = Checkpoint.parse(Note.parse(Path("new.note").read_bytes()).text)
    older = Checkpoint(origin=old.origin, size=old.size - 1, root=bytes(32)).body()
    Path("old.note").write_bytes(older + "\n— x AAAAAAAA\n".encode())
    longer = Checkpoint(origin=old.origin, size=old.size + 1, root=bytes(32)).body()
    Path("longer.note").write_bytes(longer + "\n— x AAAAAAAA\n".encode())
    ended = run("audit", "verify", str(bundle), "--key", key, "--head", "old.note")
    assert ended.code == 0
    assert f"your key     {key}, signed here" in ended.out
    assert "the head in old.note: 3 records, not held against anything: only the whole log tells" in ended.out
    assert "not checked  the other records of the log" in ended.out
    told = document("verify", str(bundle), "--key", key, "--head", "longer.note")
    assert (told["state"], told["heads"][0]["met"]) == ("behind", False)


def test_a_tampered_bundle_only_claims(bench: Bench, bundle: Path) -> None:
    shutil.unpack_archive(bundle, "unpacked")
    record = Path("unpacked/records/3.json")
    record.write_bytes(record.read_bytes().replace(b"14:05", b"14:06"))
    ended = run("audit", "verify", "unpacked", "--key", first_key(bench))
    assert ended.code == 10
    assert "its first key, by its own word  standalone/ml/" in ended.out
    assert "signed here" not in ended.out
    assert "everything behind the place that does not hold" in ended.out
    ended = run("audit", "verify", str(bundle), "--key", STRANGER)
    assert "claims to hold                  1 record of one work" in ended.out


def test_names_out_of_a_bundle_do_not_act_on_the_terminal(bundle: Path) -> None:
    shutil.unpack_archive(bundle, "unpacked")
    root = "WAH9e+2Z8YYDVE/LKhJCHY9WbfL+4jRtQjKwXENT274="
    Path("unpacked/checkpoint").write_text(f"a\u202eb/ml/kat\n2\n{root}\n\n— x AAAAAAAA\n", encoding="utf-8")
    ended = run("audit", "verify", "unpacked", "--key", STRANGER)
    assert ended.code == 10
    assert "\u202e" not in ended.out
    assert "a\\u202eb/ml/kat" in ended.out


def test_keys_inside_a_bundle_are_never_enough(bundle: Path) -> None:
    ended = run("audit", "verify", str(bundle))
    assert (ended.code, ended.out) == (2, "")
    assert "keys inside it are never trusted" in ended.err
    assert "give it with --key" in ended.err


def test_a_bundle_of_a_stranger(bundle: Path) -> None:
    assert document("verify", str(bundle), "--key", STRANGER)["state"] == "tampered"
    junk = bundle.with_name("junk.zip")
    junk.write_bytes(b"junk")
    ended = run("audit", "verify", str(junk), "--key", STRANGER)
    assert (ended.code, ended.out) == (2, "")
    assert "this is no bundle" in ended.err
    junk.write_bytes(b"PK junk")
    assert run("audit", "verify", str(junk), "--key", STRANGER).code == 10
