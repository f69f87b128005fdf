"""Whose signatures make a checkpoint good."""

from __future__ import annotations

from typing import Final

import pytest

from meterlink.audit.note import Algorithm, Checkpoint, Note, SignatureLine, Vkey, cosign_line, sign_line
from meterlink.audit.policy import Group, Policy
from meterlink.errors import AuditFormatError, ProofError
from tests.audit.known import LOG_SEED, OFFICE_SEED, signer, vkey

ORIGIN: Final = "example.com/ml/7f3a0000"
LOG: Final = vkey(ORIGIN, LOG_SEED)
HEAD: Final = Checkpoint(origin=ORIGIN, size=7, root=bytes(32)).body()
SEEDS: Final = {"w1": OFFICE_SEED, "w2": bytes(range(0x40, 0x60)), "w3": bytes(range(0x60, 0x80))}
WITNESSES: Final = {name: vkey(f"example.com/{name}", seed, Algorithm.COSIGNATURE) for name, seed in SEEDS.items()}

GIVEN: Final = f"""# the office and its friends
log {LOG} https://log.example.com/

witness w1 {WITNESSES["w1"]} https://w1.example.com/
  witness\tw2   {WITNESSES["w2"]}
witness w3 {WITNESSES["w3"]}
group friends any w2 w3
group both 2 w1 friends
quorum both
"""


def policy(text: str = GIVEN) -> Policy:
    return Policy.parse(text.encode())


def cosigned(*names: str) -> Note:
    lines = [sign_line(LOG, signer(LOG_SEED), HEAD)]
    lines += [cosign_line(WITNESSES[name], signer(SEEDS[name]), HEAD, 1767225600) for name in names]
    return Note(text=HEAD, signatures=tuple(lines))


def test_a_policy_is_read_and_kept_as_it_stands() -> None:
    read = policy()
    assert read.encode() == GIVEN.encode()
    assert read.logs[0].vkey == LOG
    assert (read.logs[0].url, read.witnesses[1].url) == ("https://log.example.com/", "")
    assert [(each.name, each.vkey) for each in read.witnesses] == list(WITNESSES.items())
    assert read.groups == (
        Group(name="friends", threshold=1, members=("w2", "w3")),
        Group(name="both", threshold=2, members=("w1", "friends")),
    )
    assert read.quorum == "both"


@pytest.mark.parametrize(
    ("names", "enough"),
    [
        ((), False),
        (("w1",), False),
        (("w2", "w3"), False),
        (("w1", "w2"), True),
        (("w3", "w1"), True),
        (("w1", "friends"), False),
        (("both",), False),
        (("w1", "nobody"), False),
    ],
)
def test_the_quorum_counts_witnesses_of_the_policy_only(names: tuple[str, ...], enough: bool) -> None:
    assert policy().satisfied(names) is enough


@pytest.mark.parametrize(
    ("threshold", "least"), [("any", 1), ("1", 1), ("2", 2), ("3", 3), ("all", 3)], ids=["any", "1", "2", "3", "all"]
)
def test_a_group_holds_from_its_threshold_on(threshold: str, least: int) -> None:
    head = GIVEN[: GIVEN.index("group")]
    read = policy(f"{head}group g {threshold} w1 w2 w3\nquorum g\n")
    for count in range(4):
        assert read.satisfied(list(SEEDS)[:count]) is (count >= least)


def test_a_policy_may_ask_for_no_witness_or_for_one() -> None:
    assert policy("quorum none\n").satisfied(())
    one = policy(f"witness w1 {WITNESSES['w1']}\nquorum w1\n")
    assert one.satisfied(["w1"])
    assert not one.satisfied([])


def test_a_checkpoint_with_enough_cosignatures_is_good() -> None:
    assert policy().check(cosigned("w3", "w1")) == ("w1", "w3")


def test_a_checkpoint_with_too_few_cosignatures_is_not() -> None:
    assert policy().cosigners(cosigned("w1")) == ("w1",)
    with pytest.raises(ProofError, match="too few witnesses"):
        policy().check(cosigned("w1"))


def test_a_signature_twice_counts_once() -> None:
    note = cosigned("w2", "w2", "w3")
    assert policy().cosigners(note) == ("w2", "w3")
    with pytest.raises(ProofError, match="too few witnesses"):
        policy().check(note)


def test_a_checkpoint_that_no_log_of_the_policy_signed_is_not_good() -> None:
    unsigned = Note(text=HEAD, signatures=cosigned("w1", "w2").signatures[1:])
    with pytest.raises(ProofError, match=f"The checkpoint of {ORIGIN} proves nothing: no log"):
        policy().check(unsigned)


def test_a_log_signs_for_its_own_origin_only() -> None:
    foreign = Checkpoint(origin="example.com/ml/00000000", size=7, root=bytes(32)).body()
    note = Note(text=foreign, signatures=(sign_line(LOG, signer(LOG_SEED), foreign),))
    with pytest.raises(ProofError, match="no log of the policy"):
        policy("quorum none\n" + GIVEN.split("\n")[1] + "\n").check(note)


def test_a_false_signature_under_a_known_key_spoils_the_note() -> None:
    note = cosigned("w1", "w2")
    false = SignatureLine(name=WITNESSES["w3"].name, key_id=WITNESSES["w3"].key_id, signature=bytes(72))
    with pytest.raises(ProofError, match=r"signature of example.com/w3"):
        policy().check(Note(text=HEAD, signatures=(*note.signatures, false)))


def test_a_signature_of_an_unknown_key_says_nothing() -> None:
    other = vkey("example.com/other", bytes(32))
    note = cosigned("w1", "w2")
    more = Note(text=HEAD, signatures=(*note.signatures, sign_line(other, signer(bytes(32)), HEAD)))
    assert policy().check(more) == ("w1", "w2")


def line_with(key: Vkey) -> str:
    return f"witness w {key}\n"


W1: Final = f"witness w1 {WITNESSES['w1']}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "its last line does not end"),
        ("\n", "no quorum"),
        (W1, "no quorum"),
        ("quorum none", "its last line does not end"),
        ("quorum unknown\n", "'unknown' is not given above"),
        ("quorum none\nquorum none\n", "'quorum' is given twice"),
        ("quorum\n", "quorum has too few or too many words"),
        ("quorum w1\n" + W1, "'w1' is not given above"),
        (W1 + W1 + "quorum w1\n", "line 2: 'w1' is given twice"),
        (W1 + W1.replace("w1", "w9", 1) + "quorum w1\n", "line 2: .* is given twice"),
        (W1 + "group w1 any w1\nquorum w1\n", "'w1' is given twice"),
        (W1 + "group g -1 w1\nquorum g\n", "'-1' is not any, all or a number"),
        (W1 + "group g 0 w1\nquorum g\n", "'0' is not any, all or a number"),
        (W1 + "group g 2 w1\nquorum g\n", "'2' is not any, all or a number"),
        (W1 + "group g 01 w1\nquorum g\n", "'01' is not any, all or a number"),
        (W1 + "group g any w1 w1\nquorum g\n", "'w1' is given twice"),
        (W1 + "group g all\nquorum g\n", "group has too few"),
        ("group g any g\nquorum g\n", "'g' is not given above"),
        (W1 + "group g any none\nquorum g\n", "'none' is not given above"),
        ("group none 1 witness\n", "'witness' is not given above"),
        (W1 + "group none 1 w1\n", "'none' is a word of the rules"),
        (W1.replace("w1", "all", 1), "'all' is a word of the rules"),
        (W1 + "quorum w1 # enough\n", "a comment stands behind 'quorum'"),
        (W1 + "Quorum w1\n", "'Quorum' is no rule"),
        ("log a b c\n", "log has too few or too many words"),
        ("log a\n", "it is not name"),
        (f"log {WITNESSES['w1']}\n", "the key of a log is of another type"),
        (line_with(LOG), "the key of a witness is of another type"),
        (f"log {LOG}\nlog {LOG}\n", "is given twice"),
        ("quorum none\r\n", "control character"),
    ],
)
def test_a_policy_that_is_unclear_is_refused(text: str, why: str) -> None:
    with pytest.raises(AuditFormatError, match=why):
        policy(text)


def test_a_policy_that_is_not_text_or_too_large_is_refused() -> None:
    with pytest.raises(AuditFormatError, match="UTF-8"):
        Policy.parse(b"\xff\n")
    with pytest.raises(AuditFormatError, match=r"1,000,000 bytes"):
        Policy.parse(b"#" * 1_000_000 + b"\n")


def test_a_group_of_very_many_is_read_at_once() -> None:
    """40,000 members; comparing each with each would take tens of seconds."""
    members = " ".join(f"n{number}" for number in range(40_000))
    with pytest.raises(AuditFormatError, match="is not given above"):
        Policy.parse(f"group g any {members}\nquorum none\n".encode())
