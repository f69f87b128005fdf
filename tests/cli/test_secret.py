"""`secret set|list|forget`, and where a password comes from when one is needed. None is ever shown."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from meterlink.cli import key_ring as key_ring_module, secret as secret_module
from meterlink.cli.key_ring import INDEX, KeyRing, resolve_secret
from meterlink.errors import MeterlinkError, SecretFormError, SecretMissingError, SecretNameError
from meterlink.visit.secrets import read_secret
from tests.cli import key_ring
from tests.cli.key_ring import FakeRing
from tests.cli.program import Ended, run

CANARY = "kanarejka-4711"
VARIABLE = "METERLINK_PASSWORD_FLAT_5"
SET = ("secret", "set", "flat-5")


def shows_nothing(text: str) -> bool:
    """Whether a text holds the canary in none of the forms in which it could slip out."""
    raw = CANARY.encode()
    return not any(form in text for form in (CANARY, CANARY[::-1], raw.hex(), raw.hex().upper(), repr(raw)[2:-1]))


def ran(*words: str, stdin: str = "") -> Ended:
    """A run that shows no secret."""
    ended = run(*words, stdin=stdin)
    assert shows_nothing(ended.out + ended.err)
    return ended


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> FakeRing:
    return key_ring.install(monkeypatch)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Somebody at a terminal, who types these lines; gives the prompts that were seen."""
    seen: list[str] = []

    def sits_there(*lines: str) -> list[str]:
        answers = iter(lines)

        def asked(prompt: str) -> str:
            seen.append(prompt)
            return next(answers)

        for module in (key_ring_module, secret_module):
            monkeypatch.setattr(module, "ask_hidden", asked)
            monkeypatch.setattr(module, "can_ask", lambda: True)
        return seen

    return sits_there


def known() -> dict[str, list[str]]:
    document = ran("secret", "list", "--json").document
    return {each["reference"]: each["sources"] for each in document["references"]}


# --- set ------------------------------------------------------------------------------------------------------------


def test_a_line_on_stdin_is_kept_in_the_key_ring(ring: FakeRing, empty_home: Path) -> None:
    document = ran(*SET, "--json", stdin=f"{CANARY}\r\nmore\n").document
    assert document == {
        "schema": "meterlink.secret-set/1",
        "reference": "flat-5",
        "kept_in": "key ring",
        "variable_set": False,
    }
    assert resolve_secret("flat-5").reveal() == CANARY.encode()
    assert len(ring.kept) == 1
    assert json.loads((empty_home / INDEX).read_text(encoding="utf-8")) == {"spec": 1, "references": ["flat-5"]}


@pytest.mark.usefixtures("ring")
def test_no_file_holds_a_password(tmp_path: Path) -> None:
    ran(*SET, stdin=f"{CANARY}\n")
    ran("secret", "list")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert shows_nothing(path.read_bytes().decode("latin-1"))


@pytest.mark.usefixtures("ring")
def test_at_a_terminal_it_asks_twice(terminal: Callable[..., list[str]]) -> None:
    seen = terminal(CANARY, CANARY)
    assert ran(*SET).code == 0
    assert seen == ["Password flat-5", "Once more"]
    assert resolve_secret("flat-5").reveal() == CANARY.encode()


@pytest.mark.usefixtures("ring")
def test_two_entries_that_differ_are_none(terminal: Callable[..., list[str]]) -> None:
    terminal(CANARY, f"{CANARY} ")
    ended = ran(*SET)
    assert (ended.code, "the two entries differ" in ended.err) == (4, True)
    assert known() == {}


def test_what_is_typed_is_hidden(monkeypatch: pytest.MonkeyPatch, ring: FakeRing) -> None:
    """click's own prompt, as a terminal has it: only the question is echoed."""
    monkeypatch.setattr(secret_module, "can_ask", lambda: True)
    ended = ran(*SET, stdin=f"{CANARY}\n{CANARY}\n")
    assert ended.code == 0
    assert "Password flat-5" in ended.out + ended.err
    assert len(ring.kept) == 1


@pytest.mark.parametrize("typed", ["", f"{CANARY}\n"], ids=["at the password", "at its repetition"])
def test_the_end_of_the_input_at_a_password_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, ring: FakeRing, typed: str
) -> None:
    """Ctrl-D: nothing is kept, and whoever reads the exit code is told that nobody answered."""
    monkeypatch.setattr(secret_module, "can_ask", lambda: True)
    ended = ran(*SET, "--json", stdin=typed)
    assert (ended.code, ended.document["error"]["exit_code"], ring.kept) == (9, 9, {})
    assert shows_nothing(ended.out + ended.err)


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize(
    ("words", "stdin", "raw"),
    [
        ((), "hex:0101\n", b"\x01\x01"),
        (("--form", "hex"), "0101\n", b"\x01\x01"),
        (("--form", "ascii"), "hex:01\n", b"hex:01"),
        ((), "0101", b"0101"),
        ((), " 1 \n", b" 1 "),
    ],
)
def test_forms(words: tuple[str, ...], stdin: str, raw: bytes) -> None:
    assert ran(*SET, *words, stdin=stdin).code == 0
    assert resolve_secret("flat-5").reveal() == raw


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize(
    ("words", "stdin", "says"),
    [
        ((), "", "no line came on stdin"),
        ((), "\n", "it is empty"),
        (("--form", "hex"), f"{CANARY}\n", "not pairs of the digits"),
        ((), f"{CANARY}é\n", "not printable ASCII"),
        ((), f"{CANARY * 400}\n", "longer than 256 bytes"),
    ],
)
def test_what_no_password_is(words: tuple[str, ...], stdin: str, says: str) -> None:
    ended = ran(*SET, *words, "--json", stdin=stdin)
    assert ended.document["error"]["kind"] == "SecretFormError"
    assert (ended.code, says in ended.document["error"]["message"]) == (4, True)
    assert known() == {}


def test_bytes_that_are_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CANARY.encode() + b"\xff\n"), encoding="utf-8"))
    with pytest.raises(SecretFormError, match="no UTF-8") as caught:
        secret_module._given("flat-5")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.usefixtures("ring")
def test_a_password_on_the_command_line_is_refused_and_not_repeated() -> None:
    for words in (
        (*SET, CANARY),
        (*SET, f"--password={CANARY}"),
        ("secret", "set", f"{CANARY} "),
        (*SET, "-p", CANARY),
    ):
        for more in ((), ("--json",)):
            ended = ran(*words, *more, stdin="111111\n")
            assert ended.code == 2
    assert known() == {}


def test_without_a_key_ring_the_variable_is_named() -> None:
    ended = ran(*SET, "--json", stdin=f"{CANARY}\n")
    assert (ended.code, ended.document["error"]["kind"]) == (2, "SecretNotKeptError")
    assert f"Put the password into the variable {VARIABLE}" in ended.document["error"]["hint"]


def test_a_key_ring_that_is_none_does_not_count(ring: FakeRing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "priority", 0)
    assert ran(*SET, stdin=f"{CANARY}\n").code == 2


class WinError(Exception):
    """As `pywintypes.error`, which the key ring of Windows raises: none of keyring's own."""


@pytest.mark.parametrize("kind", [RuntimeError, WinError, OSError])
def test_a_key_ring_that_fails_tells_nothing_of_the_password(ring: FakeRing, kind: type[Exception]) -> None:
    ring.broken = kind(f"cannot store {CANARY}")
    ended = ran(*SET, "--json", stdin=f"{CANARY}\n")
    assert f"it refused with {kind.__name__}" in ended.document["error"]["message"]
    with pytest.raises(MeterlinkError) as caught:
        KeyRing(ring).keep(read_secret("flat-5", CANARY))
    error = caught.value
    assert (error.__cause__, error.__context__) == (None, None)
    assert shows_nothing(f"{error}{error!r}{error.facts()}")
    assert known() == {}


# --- list and forget ------------------------------------------------------------------------------------------------


def test_references_with_where_their_passwords_come_from(ring: FakeRing, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("flat_5", "bench", "lost"):
        ran("secret", "set", name, stdin=f"{CANARY}\n")
    ring.kept = {entry: text for entry, text in ring.kept.items() if "lost" not in entry[1]}
    monkeypatch.setenv("METERLINK_PASSWORD_MY_LAB", CANARY)
    monkeypatch.setenv(VARIABLE, CANARY)
    monkeypatch.setenv("METERLINK_PASSWORD_EMPTY", "")
    assert known() == {"bench": ["key ring"], "flat_5": ["key ring", "variable"], "lost": [], "my-lab": ["variable"]}
    people = ran("secret", "list").out
    assert VARIABLE in people
    assert "nowhere: the key ring does not hold it" in people


def test_an_empty_list_says_so() -> None:
    ended = ran("secret", "list")
    assert "no passwords are known" in ended.out
    assert "there is no key ring that works" in ended.out
    assert ran("secret", "list", "--json").document["key_ring"] is False


def test_a_password_can_be_forgotten(ring: FakeRing, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(*SET, stdin=f"{CANARY}\n")
    monkeypatch.setenv(VARIABLE, CANARY)
    document = ran("secret", "forget", "flat-5", "--json").document
    assert (document["was_there"], document["variable_set"]) == (True, True)
    assert ring.kept == {}
    assert known() == {"flat-5": ["variable"]}
    again = ran("secret", "forget", "flat-5")
    assert "there was no password flat-5" in again.out
    assert f"the variable {VARIABLE} still holds one" in again.out


def test_the_key_ring_must_be_there_to_forget(ring: FakeRing, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(*SET, stdin=f"{CANARY}\n")
    key_ring.remove(monkeypatch)
    assert ran("secret", "forget", "flat-5").code == 2
    assert known() == {"flat-5": []}
    assert len(ring.kept) == 1


def test_a_key_ring_that_is_locked_forgets_nothing(ring: FakeRing) -> None:
    ran(*SET, stdin=f"{CANARY}\n")
    ring.broken = RuntimeError(CANARY)
    refused = ran("secret", "forget", "flat-5")
    assert (refused.code, "RuntimeError" in refused.err) == (2, True)
    assert CANARY not in refused.out + refused.err
    ring.broken = None
    assert known() == {"flat-5": ["key ring"]}


def test_what_is_kept_in_no_form_of_ours_is_forgotten_all_the_same(ring: FakeRing) -> None:
    ran(*SET, stdin=f"{CANARY}\n")
    ring.kept = dict.fromkeys(ring.kept, "no form")
    assert ran("secret", "forget", "flat-5", "--json").document["was_there"] is True
    assert ring.kept == {}


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"references": 1}', '{"references": ["Kein Name"]}', "\xff", "[" * 9**5]
)
def test_an_index_that_is_none_is_told(empty_home: Path, text: str) -> None:
    (empty_home / INDEX).write_bytes(text.encode("latin-1"))
    for words in (("secret", "list"), SET, ("secret", "forget", "flat-5")):
        ended = ran(*words, "--json", stdin=f"{CANARY}\n")
        assert (ended.code, ended.document["error"]["kind"]) == (2, "ConfigError")
        assert ended.document["error"]["setting"] == str(empty_home / INDEX)


@pytest.mark.usefixtures("ring")
def test_a_home_that_is_not_there_yet_is_made(empty_home: Path) -> None:
    empty_home.rmdir()
    assert ran(*SET, stdin="111111\n").code == 0
    assert known() == {"flat-5": ["key ring"]}


# --- where a password comes from ------------------------------------------------------------------------------------


def test_the_key_ring_is_asked_before_the_variable(ring: FakeRing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "222222")
    ran(*SET, stdin="111111\n")
    assert resolve_secret("flat-5").reveal() == b"111111"
    ring.broken = RuntimeError("locked")
    assert resolve_secret("flat-5").reveal() == b"222222"


def test_the_variable_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"hex:{CANARY.encode().hex()}")
    secret = resolve_secret("flat-5")
    assert secret.reveal() == CANARY.encode()
    assert shows_nothing(f"{secret!r}{secret}")


def test_a_wrong_variable_is_an_error_and_not_passed_over(
    terminal: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, f"hex:{CANARY}")
    seen = terminal("111111")
    with pytest.raises(SecretFormError) as caught:
        resolve_secret("flat-5")
    assert shows_nothing(f"{caught.value}{caught.value!r}{caught.value.facts()}")
    assert seen == []


def test_whoever_sits_there_is_asked_last(terminal: Callable[..., list[str]]) -> None:
    seen = terminal(CANARY)
    assert resolve_secret("flat-5").reveal() == CANARY.encode()
    assert seen == ["Password flat-5"]


def test_nobody_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    with pytest.raises(SecretMissingError) as caught:
        resolve_secret("flat-5")
    assert caught.value.exit_code == 4
    assert VARIABLE in caught.value.hint
    with pytest.raises(SecretNameError):
        resolve_secret("Flat 5")


# --- elsewhere ------------------------------------------------------------------------------------------------------


def test_password_variables_are_no_strangers_to_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, CANARY)
    monkeypatch.setenv("METERLINK_PASSWORD_", CANARY)
    monkeypatch.setenv("METERLINK_PASWORD_FLAT", CANARY)
    troubles = [each["message"] for each in ran("doctor", "--json").document["troubles"]]
    told = " ".join(troubles)
    assert VARIABLE not in told
    assert "METERLINK_PASSWORD_ is no variable" in told
    assert "METERLINK_PASWORD_FLAT is no variable" in told
    assert VARIABLE in os.environ


def test_no_option_takes_a_secret() -> None:
    for words in (("secret", "set"), ("secret", "list"), ("secret", "forget")):
        text = run(*words, "--help").out
        assert "--password" not in text
        assert "--value" not in text
