"""The words of the act are whole in both languages, and every code that meterlink itself writes has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from meterlink.language import Language
from meterlink.model import Action, Evidence
from meterlink.report import act_words
from meterlink.report.act_words import SUBJECTS, TABLE, ActWords
from meterlink.visit.carrying import Result
from meterlink.visit.form import Presence
from meterlink.visit.order import Basis, CustomerKind, SealState
from meterlink.visit.plan import TimeSource

RESULTS = ("done", "nothing", "partly", "failed", "in-doubt", "cancelled")


def test_both_tables_have_the_same_keys_and_tell_the_same_facts() -> None:
    for subject in SUBJECTS:
        assert subject.RU.keys() == subject.EN.keys()
    assert sum(len(subject.RU) for subject in SUBJECTS) == len(set(TABLE)), "each word stands in one place"
    for key in TABLE:
        for language in Language:
            told = TABLE(key, language, **dict.fromkeys(TABLE.facts_of(key), 7))
            assert told.strip(), key
            assert "{" not in told, key


def test_russian_sentences_are_russian() -> None:
    ours = ("zone text",)
    for key, sentence in ((key, TABLE(key, Language.RU, **dict.fromkeys(TABLE.facts_of(key), 7))) for key in TABLE):
        letters = [letter for letter in sentence if letter.isalpha()]
        if len(letters) > 3 and not key.startswith(ours):
            assert any("а" <= letter.lower() <= "я" for letter in letters), key


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("result", RESULTS),
        ("passport", RESULTS),
        ("action", tuple(Action)),
        ("step result", (*Result, "as-wanted", "no-result", "not-begun", "replanned")),
        ("action state", ("read", "not-read", "changed", "as-wanted", "not-confirmed", "not-begun", "not-planned")),
        ("evidence", tuple(Evidence)),
        ("basis", tuple(Basis)),
        ("customer", tuple(CustomerKind)),
        ("presence", tuple(code for code in Presence if code is not Presence.NOT_STATED)),
        ("seal state", tuple(SealState)),
        ("time source", tuple(TimeSource)),
        ("port", ("serial", "tcp", "rfc2217", "sim")),
        ("from", ("changed", "unchanged", "not-confirmed")),
        ("unit", ("kwh", "kvarh")),
    ],
)
def test_every_code_has_its_word(group: str, codes: tuple[str, ...]) -> None:
    assert [code for code in codes if f"{group} {code}" not in TABLE] == []


def test_whatever_is_not_verified_is_said_not_to_be_confirmed() -> None:
    for result in ("differs", "refused", "in-doubt", "not-sent", "no-result"):
        assert ActWords(Language.RU).code("step result", result).startswith("не подтверждено")
        assert ActWords(Language.EN).code("step result", result).startswith("not confirmed")


def test_a_code_without_a_word_is_shown_as_it_is() -> None:
    words = ActWords(Language.RU)
    assert words.code("action", "relay") == "relay"
    assert words.code("action", "not-stated") == "не указано"


def test_every_key_is_used() -> None:
    folder = Path(act_words.__file__).parent
    files = [path for path in folder.rglob("*.py") if path.parent.name != "words"]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    groups = set(re.findall(r"(?:code|coded|knows)\([\"']([a-z ]+)[\"']", source))
    groups |= set(re.findall(r"f\"([a-z ]+) \{", source))
    groups |= {"absent", "error", "part", "status name", "from"}  # picked by a variable
    told = [key for key in TABLE if not any(key.startswith(f"{group} ") for group in groups)]
    assert [
        key
        for key in told
        if not re.search(rf"[\"']{key}[\"']", source) and key not in ("not-stated", "none", "yes", "no")
    ] == []
