"""Tables of sentences in several languages, and numbers with the right word behind them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from meterlink.language import Language, Words, plural_en, plural_ru

EN, RU = Language.EN, Language.RU


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 тарифов"),
        (1, "1 тариф"),
        (2, "2 тарифа"),
        (4, "4 тарифа"),
        (5, "5 тарифов"),
        (11, "11 тарифов"),
        (12, "12 тарифов"),
        (14, "14 тарифов"),
        (21, "21 тариф"),
        (22, "22 тарифа"),
        (96, "96 тарифов"),
        (101, "101 тариф"),
        (111, "111 тарифов"),
        (112, "112 тарифов"),
        (-1, "-1 тариф"),
        (-11, "-11 тарифов"),
    ],
)
def test_a_russian_number_has_its_own_form_of_the_word(count: int, words: str) -> None:
    assert f"{count} {plural_ru(count, 'тариф', 'тарифа', 'тарифов')}" == words


@pytest.mark.parametrize(("count", "word"), [(0, "tariffs"), (1, "tariff"), (2, "tariffs"), (21, "tariffs")])
def test_an_english_number_has_one_of_two_forms(count: int, word: str) -> None:
    assert plural_en(count, "tariff", "tariffs") == word


TARIFFS = Words(
    {
        EN: {"tariffs": "{count} {count:tariff|tariffs}", "at": "at {hour:02d}"},
        RU: {"tariffs": "{count} {count:тариф|тарифа|тарифов}", "at": "в {hour:02d}"},
    }
)


@given(count=st.integers(0, 10_000))
def test_the_form_follows_the_number_whether_it_is_a_number_or_a_text(count: int) -> None:
    assert TARIFFS("tariffs", RU, count=count) == TARIFFS("tariffs", RU, count=str(count))
    assert TARIFFS("tariffs", RU, count=count) == f"{count} {plural_ru(count, 'тариф', 'тарифа', 'тарифов')}"


def test_a_sentence_is_english_where_no_language_is_named() -> None:
    assert TARIFFS("tariffs", count=1) == "1 tariff"
    assert TARIFFS("at", hour=7) == "at 07"
    assert TARIFFS("at", RU, hour=7, minute=5) == "в 07"


def test_what_a_sentence_needs_can_be_asked() -> None:
    assert TARIFFS.facts_of("tariffs") == {"count"}
    assert "at" in TARIFFS
    assert "nowhere" not in TARIFFS
    assert list(TARIFFS) == ["tariffs", "at"]


@pytest.mark.parametrize(
    ("english", "russian", "says"),
    [
        ({"a": "a"}, {}, "keys a"),
        ({"a": "a"}, {"a": "а", "b": "б"}, "keys b"),
        ({"a": "{one}"}, {"a": "{two}"}, "'a' does not tell the same facts"),
        ({"a": "{one}"}, {"a": "а"}, "'a' does not tell the same facts"),
        ({"a": "{n:day|days}"}, {"a": "{n:день|дня}"}, "3 forms in ru"),
        ({"a": "{n:day|days|days}"}, {"a": "{n:день|дня|дней}"}, "2 forms in en"),
    ],
)
def test_tables_that_do_not_fit_each_other_are_refused(
    english: dict[str, str], russian: dict[str, str], says: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Words({EN: english, RU: russian})


def test_a_language_without_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no table of ru"):
        Words({EN: {"a": "a"}})
