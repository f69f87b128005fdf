"""Keys, signature lines, notes and checkpoints, against known answers of other programs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Final

import pytest

from meterlink.audit.note import (
    Algorithm,
    Checkpoint,
    Note,
    SignatureLine,
    Vkey,
    cosign_line,
    cosigned_at,
    sign_line,
    verify_signature,
)
from meterlink.audit.strict_text import encode_base64
from meterlink.audit.tree import Frontier, leaf_hash
from meterlink.errors import AuditFormatError, ProofError
from tests.audit.known import LOG_SEED, OFFICE_SEED, read_vectors, signer, vkey

OWN: Final = read_vectors("own")
NOTES: Final = read_vectors("notes")
TESSERA: Final = read_vectors("tessera-log")
COSIGNATURES: Final = read_vectors("cosignatures")
ED25519: Final = read_vectors("ed25519")["rows"]

PETER, ENOCH = map(Vkey.parse, NOTES["vkeys"])
TEXT: Final = NOTES["text"].encode()
LOG: Final = Vkey.parse(OWN["vkey"])
OFFICE: Final = Vkey.parse(OWN["office_vkey"])
BOTH: Final = "\n".join(NOTES["lines"])


# --- the known answer of the design ---------------------------------------------------------------------------------


def own_checkpoint(size: int) -> Checkpoint:
    frontier = Frontier()
    for record in OWN["records"][:size]:
        frontier.push(leaf_hash(record.encode()))
    return Checkpoint(origin=LOG.name, size=size, root=frontier.root())


def test_the_keys_of_the_known_answer_come_from_their_seeds() -> None:
    assert vkey(LOG.name, LOG_SEED) == LOG
    assert vkey(OFFICE.name, OFFICE_SEED, Algorithm.COSIGNATURE) == OFFICE
    assert (LOG.text, OFFICE.text) == (OWN["vkey"], OWN["office_vkey"])
    assert str(LOG) == LOG.text


def test_each_record_of_the_known_answer_is_signed_as_written() -> None:
    for size, wanted in enumerate(OWN["lines"], 1):
        body = own_checkpoint(size).body()
        line = sign_line(LOG, signer(LOG_SEED), body)
        assert line.text == wanted
        verify_signature(LOG, SignatureLine.parse(wanted.encode()), body)


def test_the_office_cosigns_as_written() -> None:
    head = own_checkpoint(2)
    assert encode_base64(head.root) == OWN["root"]
    line = cosign_line(OFFICE, signer(OFFICE_SEED), head.body(), OWN["time_s"])
    assert line.text == OWN["office_line"]
    assert cosigned_at(line) == OWN["time_s"]
    verify_signature(OFFICE, line, head.body())


# --- known answers of other programs --------------------------------------------------------------------------------


def test_the_note_of_go_is_read_written_and_verified() -> None:
    note = Note(text=TEXT, signatures=tuple(map(SignatureLine.parse, NOTES["lines"])))
    assert note.encode() == TEXT + f"\n{BOTH}\n".encode()
    assert Note.parse(note.encode()) == note
    for key, line in zip((PETER, ENOCH), note.signatures, strict=True):
        verify_signature(key, line, note.text)
    assert sign_line(PETER, signer(bytes.fromhex(NOTES["seeds"][0])), TEXT).text == NOTES["lines"][0]


@pytest.mark.parametrize("raw", NOTES["bad_notes"], ids=range(len(NOTES["bad_notes"])))
def test_a_note_that_go_refuses_is_refused(raw: str) -> None:
    with pytest.raises(AuditFormatError, match="This is no"):
        Note.parse(raw.encode())


@pytest.mark.parametrize("text", [*NOTES["bad_vkeys"], *COSIGNATURES["bad_vkeys"]])
def test_a_key_that_others_refuse_is_refused(text: str) -> None:
    with pytest.raises(AuditFormatError, match="This is no verifier key"):
        Vkey.parse(text)


def test_no_part_of_a_key_is_a_key() -> None:
    text = PETER.text
    parts = {text[i:j] for i in range(len(text)) for j in range(i + 1, len(text) + 1)} - {text}
    changed = {text[:i] + chr(ord(text[i]) + 1) + text[i + 1 :] for i in range(len(text))}
    for wrong in parts | changed:
        with pytest.raises(AuditFormatError, match="This is no verifier key"):
            Vkey.parse(wrong)


def test_keys_of_others_are_written_as_they_were_read() -> None:
    texts = [*NOTES["vkeys"], *COSIGNATURES["vkeys"], TESSERA["vkey"]]
    assert [Vkey.parse(text).text for text in texts] == texts
    assert Vkey.parse(COSIGNATURES["vkeys"][0]).algorithm is Algorithm.COSIGNATURE


def test_the_time_of_a_cosignature_of_others() -> None:
    timed = SignatureLine.parse(f"— witness {COSIGNATURES['timed']['base64']}")
    assert cosigned_at(timed) == COSIGNATURES["timed"]["time_s"]
    untimed = SignatureLine.parse(f"— witness {COSIGNATURES['untimed']}")
    with pytest.raises(AuditFormatError, match="no time stands in it"):
        cosigned_at(untimed)


def test_the_log_of_tessera_is_followed_from_its_empty_tree_on() -> None:
    key, frontier = Vkey.parse(TESSERA["vkey"]), Frontier()
    for size, raw in enumerate(TESSERA["checkpoints"]):
        if size:
            frontier.push(leaf_hash(TESSERA["entries"][size - 1].encode()))
        note = Note.parse(raw.encode())
        head = Checkpoint.parse(note.text)
        assert head == Checkpoint(origin=key.name, size=size, root=frontier.root())
        assert (head.body(), note.encode()) == (note.text, raw.encode())
        verify_signature(key, note.signatures[0], note.text)


def test_the_tile_of_tessera_holds_the_hashes_of_its_records() -> None:
    assert TESSERA["tile"] == b"".join(leaf_hash(entry.encode()) for entry in TESSERA["entries"]).hex()


@pytest.mark.parametrize("row", ED25519, ids=[row["line"] for row in ED25519])
def test_a_signature_of_rfc_8032(row: dict[str, Any]) -> None:
    public, text = bytes.fromhex(row["public"]), bytes.fromhex(row["text"])
    key = Vkey(name="rfc8032", public=public)
    line = sign_line(key, signer(bytes.fromhex(row["seed"])), text)
    assert line.signature.hex() == row["signature"]
    verify_signature(key, line, text)


# --- false signatures -----------------------------------------------------------------------------------------------


def flips(raw: bytes) -> list[bytes]:
    return [bytes([*raw[:i], raw[i] ^ 1 << bit, *raw[i + 1 :]]) for i in range(len(raw)) for bit in (0, 7)]


def test_every_changed_byte_of_text_or_signature_is_seen() -> None:
    body = own_checkpoint(2).body()
    for key, text in ((LOG, OWN["lines"][1]), (OFFICE, OWN["office_line"])):
        line = SignatureLine.parse(text)
        for wrong in flips(line.signature):
            changed = SignatureLine(name=line.name, key_id=line.key_id, signature=wrong)
            with pytest.raises(ProofError, match=f"The signature of {key.name} proves nothing"):
                verify_signature(key, changed, body)
        for spoilt in flips(body):
            with pytest.raises(ProofError, match="not made with the key"):
                verify_signature(key, line, spoilt)


def test_a_signature_of_another_key_name_or_kind_is_refused() -> None:
    body, line = own_checkpoint(2).body(), SignatureLine.parse(OWN["lines"][1])
    renamed = SignatureLine(name="example.com/ml/tak", key_id=line.key_id, signature=line.signature)
    with pytest.raises(ProofError, match="by another key"):
        verify_signature(OFFICE, line, body)
    with pytest.raises(ProofError, match="by another key"):
        verify_signature(LOG, renamed, body)
    long = SignatureLine(name=line.name, key_id=line.key_id, signature=bytes(8) + line.signature)
    with pytest.raises(ProofError, match="it has 72 bytes, not 64"):
        verify_signature(LOG, long, body)
    plain = sign_line(OFFICE, signer(OFFICE_SEED), body)
    with pytest.raises(ProofError, match="it has 64 bytes, not 72"):
        verify_signature(OFFICE, plain, body)


def test_a_signature_of_one_type_is_none_of_the_other() -> None:
    """The same private key under both types: neither signature passes for the other."""
    body, sign = own_checkpoint(2).body(), signer(LOG_SEED)
    log, witness = vkey("w", LOG_SEED), vkey("w", LOG_SEED, Algorithm.COSIGNATURE)
    cosigned = cosign_line(witness, sign, body, 1)
    passed_off = SignatureLine(name="w", key_id=log.key_id, signature=cosigned.signature[8:])
    assert log.key_id != witness.key_id
    with pytest.raises(ProofError, match="not made with the key"):
        verify_signature(log, passed_off, body)


# --- strictness -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\tb", "a\u00a0b", "a\u3000b", "a\x00", "a\x7f", "a\u0085", "\ud800"]
)
def test_a_name_with_spaces_plus_or_control_characters_is_refused(name: str) -> None:
    with pytest.raises(AuditFormatError, match="This is no verifier key: its name"):
        Vkey(name=name, public=bytes(32))
    with pytest.raises(AuditFormatError, match="This is no signature line"):
        SignatureLine.parse(f"— {name} AAAAAAA=")


@pytest.mark.parametrize(
    "line",
    [
        "- a AAAAAAA=",
        "—  a AAAAAAA=",
        "— a  AAAAAAA=",
        "— a AAAAAAA",
        "— a AAAAAAB=",
        "— a AAAA\nAAA=",
        "— a AAAAAAA= ",
        "— a AAAAA-_=",
        "— a AAAAAA==",
        "— a ",
        "— a",
        "",
        b"\xe2\x80\x94 \xff AAAAAAA=",
    ],
)
def test_a_line_that_is_written_otherwise_is_refused(line: str | bytes) -> None:
    with pytest.raises(AuditFormatError, match="This is no signature line"):
        SignatureLine.parse(line)


def test_a_key_of_another_type_or_length_is_refused() -> None:
    with pytest.raises(AuditFormatError, match="has not 32 bytes"):
        Vkey(name="a", public=bytes(31))
    for text, why in (
        (LOG.text.replace("9297b50b", "9297B50B"), "it is not name"),
        (LOG.text.replace("9297b50b", "9297b50c"), "its id is not"),
        (f"a+00000000+{encode_base64(bytes([6]) + bytes(32))}", "its type is neither"),
        ("a+00000000+", "its type is neither"),
    ):
        with pytest.raises(AuditFormatError, match=why):
            Vkey.parse(text)


def test_a_note_has_limits() -> None:
    line = f"{NOTES['lines'][0]}\n".encode()
    assert len(Note.parse(TEXT + b"\n" + line * 100).signatures) == 100
    with pytest.raises(AuditFormatError, match="more than 100 signatures"):
        Note.parse(TEXT + b"\n" + line * 101)
    room = 1_000_000 - len(line) - 2
    assert len(Note.parse(b"a" * room + b"\n\n" + line).text) == room + 1
    with pytest.raises(AuditFormatError, match=r"more than 1,000,000 bytes"):
        Note.parse(b"a" * (room + 1) + b"\n\n" + line)


def test_a_note_may_hold_empty_lines_and_any_script() -> None:
    raw = f"счётчик\n\n\nдва\n\n{BOTH}\n".encode()
    note = Note.parse(raw)
    assert note.text.decode() == "счётчик\n\n\nдва\n"
    assert note.encode() == raw
    assert Note.parse(f"\n\n{BOTH}\n".encode()).text == b"\n"


@pytest.mark.parametrize("byte", [b"\x00", b"\t", b"\r", b"\x1f", b"\xff", b"\xed\xa0\x80", b"\xc0\x80"])
def test_a_note_holds_no_control_characters_and_only_utf_8(byte: bytes) -> None:
    for raw in (byte + TEXT + f"\n{BOTH}\n".encode(), TEXT + f"\n{BOTH}".encode() + byte + b"\n"):
        with pytest.raises(AuditFormatError):
            Note.parse(raw)


def test_lines_of_others_in_a_checkpoint_are_kept() -> None:
    text = own_checkpoint(2).body() + b"one\ntwo\n"
    head = Checkpoint.parse(text)
    assert head.extensions == ("one", "two")
    assert head.body() == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("o\n1\n", "fewer than three lines"),
        ("\n1\nR\n", "one of its lines is empty"),
        ("o\n1\nR\n\n", "one of its lines is empty"),
        ("o\n1\nR", "its last line does not end"),
        ("o\n01\nR\n", "not a number"),
        ("o\n+1\nR\n", "not a number"),
        ("o\n-1\nR\n", "not a number"),
        ("o\n١\nR\n", "not a number"),
        ("o\n9223372036854775808\nR\n", "not a number"),
        ("o\n1\nAAAA\n", "a hash of it has 3 bytes"),
        ("o\n1\nR=\n", "base64"),
        ("o\r\n1\nR\n", "control character"),
    ],
)
def test_a_checkpoint_that_is_written_otherwise_is_refused(text: str, why: str) -> None:
    with pytest.raises(AuditFormatError, match=f"This is no checkpoint: .*{why}"):
        Checkpoint.parse(text.replace("R", OWN["root"]).encode())


def test_the_largest_size_is_one_below_2_to_the_63() -> None:
    assert Checkpoint.parse(f"o\n9223372036854775807\n{OWN['root']}\n".encode()).size == (1 << 63) - 1


def test_whoever_verifies_nothing_does_not_pay_for_cryptography() -> None:
    program = "import sys, meterlink.audit.policy, meterlink.audit.proof_file; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
