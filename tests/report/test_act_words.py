"""The words of the act are whole in both languages, and every code that meterlink itself writes has one."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from meterlink.cli import asking
from meterlink.errors import EnergyMovedError, NotConfirmedError, ReadBackError
from meterlink.language import Language
from meterlink.link.port import PortKind
from meterlink.model import Action, Direction, Evidence, Quantity
from meterlink.report import act_words
from meterlink.report.act_words import SUBJECTS, TABLE, ActWords
from meterlink.report.words import recorded
from meterlink.visit import parts, resolving
from meterlink.visit.carrying import Result
from meterlink.visit.form import Presence, SealState
from meterlink.visit.order import Basis, CustomerKind
from meterlink.visit.plan import TimeSource
from meterlink.visit.recorded_steps import AS_WANTED, NO_RESULT, NOT_BEGUN, REPLANNED

RESULTS = ("done", "nothing", "partly", "failed", "in-doubt", "cancelled")
SEALS = ("found", "removed", "installed")
CODES: dict[str, tuple[str, ...]] = {
    "section": tuple(map(str, range(1, 17))),
    "result": RESULTS,
    "passport": (*RESULTS, "all stand", "total", "sum", "removed", "installed"),
    "action": tuple(Action),
    "step": ("found", "detail"),
    "step result": (*Result, AS_WANTED, NO_RESULT, NOT_BEGUN, REPLANNED),
    "action state": ("read", "not-read", "changed", "as-wanted", "partly", "not-confirmed", "not-begun", "not-planned"),
    "problem": tuple(kind.__name__ for kind in (EnergyMovedError, ReadBackError)),
    "basis": tuple(Basis),
    "customer": tuple(CustomerKind),
    "presence": tuple(code for code in Presence if code is not Presence.NOT_STATED),
    "seal": (*SEALS, "expected"),
    "seals": tuple(f"{event} {why}" for event in SEALS for why in ("none", "unasked")),
    "seal state": tuple(SealState),
    "time source": tuple(TimeSource),
    "transformer": ("type", "numbers", "ratio"),
    "port": tuple(PortKind),
    "from": ("changed", "unchanged", "not-confirmed"),
    "unnamed": ("restores", "not-stated", "not-confirmed", "not-in-force"),
    "dst": ("yes", "no"),
    "quantity": tuple(f"{quantity} {direction}" for quantity in Quantity for direction in Direction),
    "unit": ("kwh", "kvarh"),
    "evidence": tuple(Evidence),
    "answer": ("no-answer", "damaged"),
    "how": ("serial number typed", "--yes"),
    "remark": (NotConfirmedError.__name__,),
    "decision": ("written", "unchanged", "other", "unknown"),
    "part": ("clock", "DST", "tariffs in force", "schedule", "holidays", "state", "settings"),
}
"""What programs give, by the group of its words."""


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
    for key, word in recorded.WORDS[Language.RU].items():
        assert re.search("[а-яё]", word), key


@pytest.mark.parametrize(("group", "codes"), CODES.items())
def test_every_code_has_its_word(group: str, codes: tuple[str, ...]) -> None:
    words = ActWords(Language.RU)
    assert [code for code in codes if f"{group} {code}" not in TABLE and not words.knows(group, code)] == []


def test_whatever_is_not_verified_is_said_not_to_be_confirmed() -> None:
    for result in ("differs", "refused", "in-doubt", "not-sent", "no-result"):
        assert ActWords(Language.RU).code("step result", result).startswith("не подтверждено")
        assert ActWords(Language.EN).code("step result", result).startswith("not confirmed")


def test_a_code_without_a_word_is_shown_as_it_is() -> None:
    words = ActWords(Language.RU)
    assert words.code("action", "relay") == "relay"
    assert words.code("action", "not-stated") == "не указано"


def test_every_key_is_used() -> None:
    """By its name somewhere, or made of a code that programs give."""
    folder = Path(act_words.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py") if path.parent.name != "words")
    given = {f"{group} {code}" for group, codes in CODES.items() for code in codes}
    phrases = {key for table in recorded.WORDS.values() for key in table}
    assert [key for key in TABLE if key not in given and not re.search(rf"[\"']{re.escape(key)}[\"']", source)] == []
    assert sorted(phrases - given) == []


def test_what_the_house_writes_is_told_by_the_house() -> None:
    written = "".join(map(inspect.getsource, (parts, asking, resolving)))
    assert [code for group in ("part", "how", "decision") for code in CODES[group] if f'"{code}"' not in written] == []


def test_a_word_for_any_number_is_told_with_the_number() -> None:
    words = ActWords(Language.RU, {Language.RU: {"event password #": "пароль #", "event # of #": "только #"}})
    assert words.code("event", "password 2") == "пароль 2"
    assert not words.knows("event", "password two")
    assert not words.knows("event", "1 of 2"), "a number that the word does not tell"


def test_a_family_may_call_a_journal_as_a_sentence_of_the_act_is_called() -> None:
    assert ActWords(Language.RU, {Language.RU: {"journal event": "журнал событий"}}).code("journal", "event") == (
        "журнал событий"
    )


def test_no_family_changes_what_the_house_says() -> None:
    words = ActWords(Language.RU, {Language.RU: {"result done": "сделано", "part clock": "время"}})
    assert words.code("result", "done") == TABLE("result done", Language.RU)
    assert words.code("part", "clock") == "часы"
