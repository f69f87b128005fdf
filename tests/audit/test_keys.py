"""Key files and statements of people: OpenSSH itself reads, signs and verifies the same."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings, strategies as st

from meterlink.audit.keys import PASSPHRASE_ROUNDS, decode_key, encode_person_key, key_from_seed
from meterlink.audit.note import Vkey, sign_line, verify_signature
from meterlink.audit.sshsig import NAMESPACE, public_line, sign_statement, verify_statement
from meterlink.errors import AuditError, AuditFormatError, ProofError

SSH_KEYGEN: Final = shutil.which("ssh-keygen")
with_openssh: Final = pytest.mark.skipif(SSH_KEYGEN is None, reason="there is no ssh-keygen on this computer")

SEED: Final = bytes(range(0x40, 0x60))
KEY: Final = key_from_seed(SEED)
OTHER: Final = key_from_seed(bytes(32))
PASSPHRASE: Final = "тихий счётчик 41"
STATEMENT: Final = '{"head":{"root":"","size":7},"work":"w-17","результат":"готово"}'.encode()


def openssh(*arguments: str, given: bytes = b"", passphrase: str | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run ssh-keygen. It asks for a passphrase only through a helper, never here."""
    assert SSH_KEYGEN is not None
    asked = [] if passphrase is None else ["-P", passphrase]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "SSH_ASKPASS_REQUIRE": "never"}
    command = [SSH_KEYGEN, *arguments, *asked]
    return subprocess.run(command, input=given, capture_output=True, check=False, timeout=60, env=environment)


def key_file(folder: Path, raw: bytes) -> Path:
    path = folder / "key"
    path.write_bytes(raw)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def person_key() -> bytes:
    """Made once: it costs a second."""
    return encode_person_key(KEY, PASSPHRASE)


# --- key files ------------------------------------------------------------------------------------------------------


def test_a_key_file_is_read_as_it_was_written() -> None:
    raw = KEY.encode()
    assert raw.startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----\n")
    again = decode_key(raw)
    assert again.public == KEY.public == Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    assert again.sign(b"x") == KEY.sign(b"x") == Ed25519PrivateKey.from_private_bytes(SEED).sign(b"x")


def test_a_key_signs_under_the_name_it_is_given() -> None:
    vkey = KEY.vkey("example.com/ml/00000000")
    assert vkey == Vkey(name="example.com/ml/00000000", public=KEY.public)
    verify_signature(vkey, sign_line(vkey, KEY.sign, b"text\n"), b"text\n")


@with_openssh
def test_openssh_finds_the_same_public_key(tmp_path: Path) -> None:
    done = openssh("-y", "-f", f"{key_file(tmp_path, KEY.encode())}")
    assert done.returncode == 0, done.stderr
    assert b64decode(done.stdout.split()[1])[-32:] == KEY.public


@with_openssh
def test_a_key_made_by_openssh_is_read(tmp_path: Path) -> None:
    path = tmp_path / "made"
    assert openssh("-q", "-t", "ed25519", "-N", "", "-f", f"{path}").returncode == 0
    public = b64decode((tmp_path / "made.pub").read_bytes().split()[1])[-32:]
    assert decode_key(path.read_bytes()).public == public


def other_kind(kind: str) -> bytes:
    encoding, no = Encoding.PEM, NoEncryption()
    if kind == "ECDSA":
        return generate_private_key(SECP256R1()).private_bytes(encoding, PrivateFormat.OpenSSH, no)
    if kind == "PKCS8":
        return Ed25519PrivateKey.from_private_bytes(SEED).private_bytes(encoding, PrivateFormat.PKCS8, no)
    return KEY.encode()[: len(KEY.encode()) // 2] if kind == "half" else kind.encode()


@pytest.mark.parametrize("kind", ["ECDSA", "PKCS8", "half", "", "x", "-----BEGIN OPENSSH PRIVATE KEY-----"])
def test_what_is_no_key_of_ours(kind: str) -> None:
    with pytest.raises(AuditFormatError, match="Ed25519 key in OpenSSH's format"):
        decode_key(other_kind(kind))


@given(at=st.integers(0, 400), piece=st.binary(max_size=4), cut=st.integers(0, 60))
@settings(deadline=None, max_examples=400)
def test_a_damaged_key_file_is_refused_or_the_same_key(at: int, piece: bytes, cut: int) -> None:
    raw = KEY.encode()
    try:
        key = decode_key(raw[:at] + piece + raw[at + cut :])
    except AuditFormatError:
        return
    assert len(key.public) == 32


def test_each_bit_of_a_key_flipped_gives_no_error_but_ours() -> None:
    lines = KEY.encode().split(b"\n")
    blob = b64decode(b"".join(lines[1:-2]))
    for index in range(len(blob)):
        changed = blob[:index] + bytes([blob[index] ^ 1 << index % 8]) + blob[index + 1 :]
        with suppress(AuditFormatError):
            decode_key(lines[0] + b"\n" + b64encode(changed) + b"\n" + lines[-2] + b"\n")


# --- a person's key -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Lock:
    """How a key file is locked, as its own bytes say."""

    cipher: bytes
    kdf: bytes
    salt: bytes
    rounds: int


def lock_of(raw: bytes) -> Lock:
    """PROTOCOL.key of OpenSSH: "openssh-key-v1" 00, then cipher, kdf, kdf options (salt, u32 rounds) as strings."""
    blob = b64decode(b"".join(raw.split(b"\n")[1:-2]))
    magic = b"openssh-key-v1\0"
    assert blob.startswith(magic)
    rest, found = blob[len(magic) :], []
    for _ in range(3):
        (length,) = struct.unpack(">I", rest[:4])
        found.append(rest[4 : 4 + length])
        rest = rest[4 + length :]
    cipher, kdf, options = found
    if not options:
        return Lock(cipher=cipher, kdf=kdf, salt=b"", rounds=0)
    (length,) = struct.unpack(">I", options[:4])
    (rounds,) = struct.unpack(">I", options[4 + length :])
    return Lock(cipher=cipher, kdf=kdf, salt=options[4 : 4 + length], rounds=rounds)


def test_a_persons_key_is_locked_with_bcrypt_of_enough_rounds(person_key: bytes) -> None:
    lock = lock_of(person_key)
    assert (lock.cipher, lock.kdf, len(lock.salt)) == (b"aes256-ctr", b"bcrypt", 16)
    assert lock.rounds == PASSPHRASE_ROUNDS >= 100
    assert KEY.public in b64decode(b"".join(person_key.split(b"\n")[1:-2]))  # the public half is for everybody
    assert SEED not in b64decode(b"".join(person_key.split(b"\n")[1:-2]))


def test_a_log_key_is_not_locked() -> None:
    """The log is written with nobody at the keyboard."""
    assert lock_of(KEY.encode()) == Lock(cipher=b"none", kdf=b"none", salt=b"", rounds=0)


def test_a_persons_key_opens_with_its_passphrase_and_no_other(person_key: bytes) -> None:
    assert decode_key(person_key, PASSPHRASE.encode()).public == KEY.public
    with pytest.raises(AuditFormatError, match="does not open with this passphrase"):
        decode_key(person_key, PASSPHRASE[:-1].encode())
    for none in (None, b""):
        with pytest.raises(AuditFormatError):
            decode_key(person_key, none)


def test_no_persons_key_without_a_passphrase() -> None:
    with pytest.raises(AuditFormatError, match="without a passphrase"):
        encode_person_key(KEY, "")


@with_openssh
def test_openssh_opens_a_persons_key(tmp_path: Path, person_key: bytes) -> None:
    path = f"{key_file(tmp_path, person_key)}"
    done = openssh("-y", "-f", path, passphrase=PASSPHRASE)
    assert done.returncode == 0, done.stderr
    assert b64decode(done.stdout.split()[1])[-32:] == KEY.public
    assert openssh("-y", "-f", path, passphrase="falsch").returncode != 0


def test_a_key_is_never_printed() -> None:
    secrets = (SEED.hex(), repr(SEED), b64encode(SEED).decode(), "Ed25519")
    for shown in (repr(KEY), str(KEY), f"{KEY}", repr([KEY])):
        assert not [secret for secret in secrets if secret in shown]
    assert repr(KEY) == "PrivateKey(***)"


@pytest.mark.parametrize("passphrase", [None, b"falsch und geheim"], ids=["none", "wrong"])
def test_an_error_quotes_neither_passphrase_nor_key(person_key: bytes, passphrase: bytes | None) -> None:
    with pytest.raises(AuditFormatError) as caught:
        decode_key(person_key, passphrase)
    assert "falsch" not in f"{caught.value!r} {caught.value} {caught.value.hint}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# --- statements -----------------------------------------------------------------------------------------------------


def test_a_statement_is_signed_and_verified() -> None:
    armoured = sign_statement(KEY, STATEMENT)
    verify_statement(KEY.public, STATEMENT, armoured)
    assert armoured == sign_statement(KEY, STATEMENT)
    assert max(map(len, armoured.splitlines())) <= 70


def test_the_line_of_allowed_signers() -> None:
    kind, blob = public_line(KEY.public, "p-3").split()[-2:]
    assert public_line(KEY.public, "p-3").startswith('p-3 namespaces="meterlink-work@v1" ssh-ed25519 ')
    assert (kind, b64decode(blob)) == ("ssh-ed25519", b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + KEY.public)
    assert public_line(KEY.public, "p-3").endswith("\n")


def verified_by_openssh(folder: Path, armoured: str, statement: bytes, *, namespace: str, allowed: str) -> bool:
    (folder / "allowed").write_text(allowed, encoding="utf-8")
    (folder / "signature").write_text(armoured, encoding="ascii")
    where = ("-f", f"{folder / 'allowed'}", "-I", "p-3", "-n", namespace, "-s", f"{folder / 'signature'}")
    return openssh("-Y", "verify", *where, given=statement).returncode == 0


@with_openssh
def test_openssh_verifies_ours_and_refuses_what_was_changed(tmp_path: Path) -> None:
    armoured, allowed, namespace = sign_statement(KEY, STATEMENT), public_line(KEY.public, "p-3"), NAMESPACE.decode()
    assert verified_by_openssh(tmp_path, armoured, STATEMENT, namespace=namespace, allowed=allowed)
    changed = STATEMENT.replace(b"w-17", b"w-18")
    assert not verified_by_openssh(tmp_path, armoured, changed, namespace=namespace, allowed=allowed)
    assert not verified_by_openssh(tmp_path, armoured, STATEMENT, namespace="file", allowed=allowed)
    others = public_line(OTHER.public, "p-3")
    assert not verified_by_openssh(tmp_path, armoured, STATEMENT, namespace=namespace, allowed=others)


def signed_by_openssh(folder: Path, raw: bytes, namespace: str, *more: str) -> str:
    done = openssh("-Y", "sign", "-f", f"{key_file(folder, raw)}", "-n", namespace, *more, given=STATEMENT)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("ascii")


@with_openssh
def test_ours_verifies_what_openssh_signed(tmp_path: Path) -> None:
    armoured = signed_by_openssh(tmp_path, KEY.encode(), "meterlink-work@v1")
    verify_statement(KEY.public, STATEMENT, armoured)
    assert armoured == sign_statement(KEY, STATEMENT)  # Ed25519 leaves nothing to chance
    with pytest.raises(ProofError, match="not over this statement"):
        verify_statement(KEY.public, STATEMENT + b" ", armoured)


@with_openssh
def test_what_openssh_signed_for_another_purpose_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProofError, match="made for 'file'"):
        verify_statement(KEY.public, STATEMENT, signed_by_openssh(tmp_path, KEY.encode(), "file"))
    short = signed_by_openssh(tmp_path, KEY.encode(), NAMESPACE.decode(), "-O", "hashalg=sha256")
    with pytest.raises(AuditFormatError, match="SHA-512"):
        verify_statement(KEY.public, STATEMENT, short)
    with pytest.raises(ProofError, match="another key"):
        verify_statement(KEY.public, STATEMENT, signed_by_openssh(tmp_path, other_kind("ECDSA"), NAMESPACE.decode()))


def string(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


def armour(blob: bytes) -> str:
    text = b64encode(blob).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A signature with one thing changed, and the error for it; nothing changed is accepted."""

    name: str
    error: type[AuditError] | None = AuditFormatError
    magic: bytes = b"SSHSIG"
    version: int = 1
    public: bytes = string(b"ssh-ed25519") + string(KEY.public)
    namespace: bytes = NAMESPACE
    reserved: bytes = b""
    hash_name: bytes = b"sha512"
    kind: bytes = b"ssh-ed25519"
    inside: bytes = b""
    behind: bytes = b""

    def __str__(self) -> str:
        return self.name

    def armoured(self) -> str:
        """Signed as it says, so that nothing but the change is wrong."""
        digest = hashlib.sha512(STATEMENT).digest()
        fields = (self.namespace, self.reserved, self.hash_name, digest)
        signature = KEY.sign(b"SSHSIG" + b"".join(map(string, fields)))
        wrapped = string(self.kind) + string(signature) + self.inside
        shown = (self.public, self.namespace, self.reserved, self.hash_name, wrapped)
        head = self.magic + struct.pack(">I", self.version)
        return armour(head + b"".join(map(string, shown)) + self.behind)


BLOBS: Final = (
    Blob(name="right", error=None),
    Blob(name="another magic", magic=b"SSHSIX"),
    Blob(name="another version", version=2),
    Blob(name="another namespace", namespace=b"meterlink-work@v2", error=ProofError),
    Blob(name="no namespace", namespace=b"", error=ProofError),
    Blob(name="another person", public=string(b"ssh-ed25519") + string(OTHER.public), error=ProofError),
    Blob(name="another kind of key", public=string(b"ssh-rsa") + string(KEY.public), error=ProofError),
    Blob(name="something reserved", reserved=b"x"),
    Blob(name="another hash", hash_name=b"sha256"),
    Blob(name="another kind of signature", kind=b"ssh-rsa"),
    Blob(name="something inside", inside=string(b"x")),
    Blob(name="something behind", behind=string(b"x")),
    Blob(name="half a length behind", behind=b"\0\0"),
)


@pytest.mark.parametrize("blob", BLOBS, ids=str)
def test_a_signature_with_one_thing_changed(blob: Blob) -> None:
    if blob.error is None:
        verify_statement(KEY.public, STATEMENT, blob.armoured())
    else:
        with pytest.raises(blob.error):
            verify_statement(KEY.public, STATEMENT, blob.armoured())


def test_a_statement_of_another_person_or_about_something_else() -> None:
    armoured = sign_statement(KEY, STATEMENT)
    with pytest.raises(ProofError, match="another key"):
        verify_statement(OTHER.public, STATEMENT, armoured)
    for changed in (b"", STATEMENT[:-1], STATEMENT + b"\n", STATEMENT.replace(b"7", b"8")):
        with pytest.raises(ProofError, match="not over this statement"):
            verify_statement(KEY.public, changed, armoured)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-----BEGIN SSH SIGNATURE-----\n",
        armour(b""),
        armour(b"SSHSIG"),
        " " + sign_statement(KEY, STATEMENT),
        sign_statement(KEY, STATEMENT)[:-1],
        sign_statement(KEY, STATEMENT) + "\n",
        "-----BEGIN SSH SIGNATURE-----\ud800",
        sign_statement(KEY, STATEMENT).replace("\n", "\r\n"),
        armour(b"x").replace("eA==", "я"),
    ],
    ids=repr,
)
def test_armour_that_is_none(text: str) -> None:
    with pytest.raises(AuditFormatError):
        verify_statement(KEY.public, STATEMENT, text)


def test_each_bit_of_a_signature_flipped() -> None:
    lines = sign_statement(KEY, STATEMENT).splitlines()
    blob = b64decode("".join(lines[1:-1]))
    verify_statement(KEY.public, STATEMENT, armour(blob))
    for index in range(len(blob)):
        for bit in range(8):
            changed = blob[:index] + bytes([blob[index] ^ 1 << bit]) + blob[index + 1 :]
            with pytest.raises((AuditFormatError, ProofError)):
                verify_statement(KEY.public, STATEMENT, armour(changed))


@given(data=st.data())
@settings(deadline=None, max_examples=400)
def test_mutated_armour(data: st.DataObject) -> None:
    """Accepted is only the same blob in other lines; everything else is our error."""
    armoured = sign_statement(KEY, STATEMENT)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(armoured)))
        cut = data.draw(st.sampled_from((0, 1, 2, 4, 50)))
        piece = data.draw(
            st.sampled_from(("", "\n", "A", "=", "-", "AAAA", "\x00", "я", "\ud800")) | st.text(max_size=4)
        )
        armoured = armoured[:at] + piece + armoured[at + cut :]
    try:
        verify_statement(KEY.public, STATEMENT, armoured)
    except (AuditFormatError, ProofError):
        return
    assert armoured.replace("\n", "") == sign_statement(KEY, STATEMENT).replace("\n", "")


@given(blob=st.binary(max_size=200))
@settings(deadline=None, max_examples=200)
def test_random_blobs(blob: bytes) -> None:
    for each in (blob, b"SSHSIG\0\0\0\1" + blob):
        with pytest.raises((AuditFormatError, ProofError)):
            verify_statement(KEY.public, STATEMENT, armour(each))
