"""What the one-file checker is made of: Ed25519, the tree, notes; against known answers."""

from __future__ import annotations

import hashlib
import itertools
import random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from meterlink.audit.standalone import verify_meterlink as checker
from tests.audit.strange_writer import (
    KAT_KEY,
    KAT_OFFICE,
    b64,
    growth,
    inclusion,
    key_id,
    private,
    public,
    root_of,
    vkey,
)

# Ed25519 -------------------------------------------------------------------------------------------------------------


# Source: Go 1.19 src/crypto/ed25519/testdata/sign.input.gz (from ed25519.cr.yp.to), lines 1-4, 11, 24; RFC 8032 7.1 has
# the first three too. Public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "e61a185bcef2613a6c7cb79763ce945d3b245d76114dd440bcf5f2dc1aa57057",
        "cbc77b",
        "d9868d52c2bebce5f3fa5a79891970f309cb6591e3e1702a70276fa97c24b3a8"
        "e58606c38c9758529da50ee31b8219cba45271c689afa60b0ea26c99db19b00c",
    ),
    (
        "31b2524b8348f7ab1dfafa675cc538e9a84e3fe5819e27c12ad8bbc1a36e4dff",
        "33d7a786aded8c1bf691",
        "28e4598c415ae9de01f03f9f3fab4e919e8bf537dd2b0cdf6e79b9e6559c9409"
        "d9151a4c40f083193937627c369488259e99da5a9f0a87497fa6696a5dd6ce08",
    ),
    (
        "fdb30673402faf1c8033714f3517e47cc0f91fe70cf3836d6c23636e3fd2287c",
        "507c94c8820d2a5793cbf3442b3d71936f35fe3afef316",
        "7ef66e5e86f2360848e0014e94880ae2920ad8a3185a46b35d1e07dea8fa8ae4"
        "f6b843ba174d99fa7986654a0891c12a794455669375bf92af4cc2770b579e0c",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_ed25519_knows_the_vectors(key: str, message: str, signature: str) -> None:
    raw, text, sealed = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert checker.ed25519_verifies(raw, text, sealed)
    assert not checker.ed25519_verifies(raw, text + b"x", sealed)
    larger = int.from_bytes(sealed[32:], "little") + checker.L
    assert not checker.ed25519_verifies(raw, text, sealed[:32] + larger.to_bytes(32, "little")), "S >= L is refused"


def openssl_verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_ed25519_agrees_with_openssl_on_good_and_bad_signatures() -> None:
    chance = random.Random(8032)
    for turn in range(40):
        key = private(turn)
        message = chance.randbytes(chance.randrange(100))
        parts = [public(key), message, key.sign(message)]
        assert checker.ed25519_verifies(*parts)
        which = chance.choice((0, 2) if not message else (0, 1, 2))
        bit = chance.randrange(8 * len(parts[which]))
        flipped = int.from_bytes(parts[which], "big") ^ 1 << bit
        parts[which] = flipped.to_bytes(len(parts[which]), "big")
        assert checker.ed25519_verifies(*parts) == openssl_verifies(*parts) is False


def test_ed25519_refuses_points_in_another_than_the_one_form() -> None:
    p = checker.P
    assert checker.decode_point((p + 1).to_bytes(32, "little")) is None, "y >= p"
    assert checker.decode_point((1 | 1 << 255).to_bytes(32, "little")) is None, "minus zero"
    assert checker.decode_point((1).to_bytes(32, "little")) == (0, 1, 1, 0)
    assert checker.decode_point((2).to_bytes(32, "little")) is None, "not on the curve"


# Tree and notes ------------------------------------------------------------------------------------------------------


def test_roots_and_proofs_are_those_of_the_recursive_definition() -> None:
    leaves = [b"%d" % n for n in range(40)]
    frontier, roots = checker.Frontier(), checker.Roots()
    for size in range(1, 41):
        frontier.push(checker.leaf_hash(leaves[size - 1]))
        roots.append(frontier.root())
        assert roots.at(size) == root_of(leaves[:size])
    assert roots.at(0) == hashlib.sha256(b"").digest()
    for size, index in itertools.combinations(range(34), 2):
        size, index = index, size
        proof = inclusion(index, leaves[:size])
        assert checker.root_by_inclusion(index, size, checker.leaf_hash(leaves[index]), proof) == root_of(leaves[:size])
        for bad in (proof[:-1], [*proof, b"x" * 32], proof[::-1]):
            if bad != proof:
                found = checker.root_by_inclusion(index, size, checker.leaf_hash(leaves[index]), bad)
                assert found != root_of(leaves[:size])


def test_growth_proofs_are_those_of_the_recursive_definition() -> None:
    leaves = [b"%d" % n for n in range(33)]
    for new in range(1, 33):
        for old in range(1, new + 1):
            proof = growth(old, leaves[:new])
            roots = root_of(leaves[:old]), root_of(leaves[:new])
            assert checker.consistent(old, new, *roots, proof)
            assert not checker.consistent(old, new, b"x" * 32, roots[1], proof)
            assert not checker.consistent(old, new, roots[0], b"x" * 32, proof)
            assert not checker.consistent(old, new, *roots, [*proof, b"x" * 32])
            assert not proof or not checker.consistent(old, new, *roots, proof[:-1])


KAT_LEAVES = [
    b'{"d":{},"log":"example.com/ml/kat","n":0,"prev":"' + b"0" * 64 + b'","type":"log.open","v":1}',
    '{"d":{"text":"акт \\"1\\"\\n"},"log":"example.com/ml/kat","n":1,"prev":'
    '"3b70aa13dde67049a5be84931fe52465da77c47939d7bd2eb29b034266a98881","type":"note","v":1}'.encode(),
]
KAT_LINES = [
    "— example.com/ml/kat kpe1C19syzrI6qI8bvHIqqZVmbz9NH7OgJDdQ9CPIZq0MOeLYi5wGr1d3PtMRX87N5OlIg6NvksHuhpBL2S0PSOBzQA=",
    "— example.com/ml/kat kpe1CxrC2r03B0h/rXdWs7RVnJXt5WcYbrWVUuf2yAtV/Y5dLoVTbQZNmrbQP+VBtxK45JW8/UFGCivcsYlDSIcHRg0=",
]
KAT_ROOT = "WAH9e+2Z8YYDVE/LKhJCHY9WbfL+4jRtQjKwXENT274="
KAT_COSIGNATURE = (
    "— example.com/office/w1 V4IdpwAAAABpVbkA2fD/eJsv4YUoxhcXblG+8jifGzEEyFQx8uXj7oqWmKZ3V6NbiVr6komnczeOVeDUfT6W"
    "eNq1e1qRORo/oVKqCQ=="
)


def test_the_known_answer_for_note_and_tree() -> None:
    key, frontier = checker.parse_vkey(KAT_KEY), checker.Frontier()
    for size, (leaf, line) in enumerate(zip(KAT_LEAVES, KAT_LINES, strict=True), 1):
        frontier.push(checker.leaf_hash(leaf))
        text = checker.checkpoint_text("example.com/ml/kat", size, frontier.root())
        _, payload = checker.parse_signature_line(line)
        assert checker.log_signature_verifies(key, text, payload)
        assert not checker.log_signature_verifies(key, text + b"x", payload)
    assert b64(frontier.root()) == KAT_ROOT
    assert key.vkey == KAT_KEY
    note = checker.parse_note(f"example.com/ml/kat\n2\n{KAT_ROOT}\n\n{KAT_LINES[1]}\n{KAT_COSIGNATURE}\n".encode())
    office = checker.parse_vkey(KAT_OFFICE)
    assert checker.cosigned(note, office, "kat")
    assert not checker.cosigned(note, checker.parse_vkey(vkey("w", private(1), 4)), "kat")
    with pytest.raises(checker.WrongError, match="does not verify"):
        checker.cosigned(note._replace(text=note.text + b"x"), office, "kat")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a+b+c",
        "a+00000000+AA==",
        KAT_KEY + "A",
        KAT_KEY[:-1],
        " " + KAT_KEY,
        "\udc80+a+AAAA",
        KAT_KEY.replace("9297b50b", "9297b50c"),
        KAT_KEY.replace("9297b50b", "9297B50B"),
        KAT_KEY.replace("/kat", "/kat2"),
        f"a+{key_id('a', 1, bytes([2] + 31 * [0])).hex()}+{b64(bytes([1, 2] + 31 * [0]))}",
        f"a+{key_id('a', 1, bytes(31)).hex()}+{b64(bytes(32))}",
        f"a+{key_id('a', 2, bytes(32)).hex()}+{b64(bytes([2] + 32 * [0]))}",
    ],
)
def test_a_vkey_in_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(checker.WrongError):
        checker.parse_vkey(text)


KAT_NOTE = f"example.com/ml/kat\n2\n{KAT_ROOT}\n\n{KAT_LINES[1]}\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n2\n", "\n02\n"),
        ("\n2\n", "\n-2\n"),
        ("\n2\n", "\n2\nextension\n"),
        ("\n2\n", "\n"),
        (KAT_ROOT, b64(bytes(31))),
        (KAT_ROOT, KAT_ROOT[:-1]),
        ("\n\n", "\n"),
        ("\n\n", "\n\n\n"),
        ("example.com/ml/kat\n", "example.com/ml/k+t\n"),
        ("example.com/ml/kat\n", "\n"),
        ("example.com/ml/kat\n", "example.com/ml/k\tt\n"),
        ("=\n\n— ", "=\n\n- "),
        ("=\n\n— ", "=\n\n—  "),
        (KAT_LINES[1][-9:], KAT_LINES[1][-9:-1]),
        (KAT_LINES[1].split()[2], "AAAA"),
        (KAT_LINES[1].split()[2] + "\n", KAT_LINES[1].split()[2]),
    ],
)
def test_a_checkpoint_in_any_other_form_is_refused(old: str, new: str) -> None:
    assert checker.parse_note(KAT_NOTE.encode()).size == 2
    assert KAT_NOTE.count(old)
    with pytest.raises(checker.WrongError):
        checker.parse_note(KAT_NOTE.replace(old, new, 1).encode())
