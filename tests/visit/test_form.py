"""The form of a visit as a file, and what answers about seals cannot be."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import pytest

from meterlink.errors import FormError
from meterlink.language import Language
from meterlink.visit.form import Presence
from meterlink.visit.form_file import read_form
from meterlink.visit.order import Seal
from meterlink.visit.seal_rules import SealRule, broken_words, is_of_verifier_or_maker, same_number

WHOLE = """presence = "refused"
representative = "Иванова А. П."
remarks = ["показания сверены"]
seal_reason = "под крышкой клеммы"

[[seals_found]]
number = " 00417725 "
place = "крышка"
state = "damaged"

[[seals_removed]]
number = "00417725"
place = "крышка"

[[seals_installed]]
number = "00591003"
place = "крышка"
owner = "Россети"
"""


def read(text: str, *expected: Seal) -> None:
    read_form(text.encode(), "--form form.toml", expected)


def test_a_form_says_what_people_saw_and_did() -> None:
    form = read_form(WHOLE.encode(), "form.toml", ())
    assert (form.presence, form.representative) == (Presence.REFUSED, "Иванова А. П.")
    assert [(each.seal.number, each.state) for each in form.seals_found] == [("00417725", "damaged")]
    assert form.seals_removed == (Seal(number="00417725", place="крышка"),)
    assert form.seals_installed == (Seal(number="00591003", place="крышка", owner="Россети"),)
    assert (form.remarks, form.seal_reason) == (("показания сверены",), "под крышкой клеммы")
    assert form.stated


def seal(table: str, number: str, *more: str, place: str = "крышка") -> str:
    return "\n".join((f"[[seals_{table}]]", f'number = "{number}"', f'place = "{place}"', *more, ""))


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A form that is refused: which key, in which line, and a piece of the sentence."""

    name: str
    text: str
    key: str
    line: int
    says: str


WRONG = (
    Wrong(name="no TOML", text='presence = "absent"\nremarks = [\n', key="", line=2, says="not TOML"),
    Wrong(name="not UTF-8", text='\nremarks = ["\udcff"]', key="", line=2, says="not TOML"),
    Wrong(name="unknown key", text='\npresense = "absent"', key="presense", line=2, says="did you mean presence"),
    Wrong(
        name="unknown key of a seal",
        text=seal("found", "1") + seal("found", "2", 'sort = "x"'),
        key="sort",
        line=7,
        says="number, place, kind",
    ),
    Wrong(name="unknown word", text='\n\npresence = "perhaps"', key="presence", line=3, says="must be one of present"),
    Wrong(name="unknown state", text=seal("found", "1", 'state = "broken"'), key="state", line=4, says="whole"),
    Wrong(name="a number as a number", text="[[seals_found]]\nnumber = 417725", key="number", line=2, says="quotes"),
    Wrong(name="remarks are one text", text='remarks = "one"', key="remarks", line=1, says="list of texts"),
    Wrong(name="seals are no tables", text='seals_found = ["1"]', key="seals_found", line=1, says="list of tables"),
    Wrong(name="no number", text='[[seals_removed]]\nplace = "x"', key="number", line=1, says="has no number"),
    Wrong(name="an empty place", text=seal("installed", "1", place="  "), key="place", line=3, says="has no place"),
    Wrong(
        name="found twice", text=seal("found", "А1") + seal("found", "а1"), key="number", line=5, says="told already"
    ),
    Wrong(name="removed twice", text=seal("removed", "1") * 2, key="number", line=5, says="told already"),
    Wrong(name="installed twice", text=seal("installed", "1") * 2, key="number", line=5, says="told already"),
    Wrong(
        name="installed what was removed",
        text=seal("installed", "1") + seal("removed", "1"),
        key="number",
        line=2,
        says="a new one has another number",
    ),
    Wrong(
        name="installed what was found",
        text="# seals\n" + seal("found", "1") + seal("installed", "2") + seal("installed", "1"),
        key="number",
        line=9,
        says="a new one has another number",
    ),
    Wrong(
        name="removed what is missing",
        text=seal("found", "1", 'state = "missing"') + seal("removed", "1"),
        key="number",
        line=6,
        says="cannot be removed",
    ),
    Wrong(
        name="found twice, the second time of two signs",
        text=seal("found", "А-17й") + seal("found", unicodedata.normalize("NFD", "а-17й")),
        key="number",
        line=5,
        says="told already",
    ),
    Wrong(name="an escape", text='remarks = ["one", "\\u001b[2J"]', key="remarks", line=1, says="cannot be printed"),
    Wrong(name="a long text", text=f'\nseal_reason = "{"x" * 501}"', key="seal_reason", line=2, says="501 characters"),
    Wrong(
        name="in one line",
        text='remarks = []\nseals_installed = [{number = "1", place = "x"}, {number = "1", place = "x"}]',
        key="number",
        line=2,
        says="told already",
    ),
    Wrong(
        name="of the verifier, by its kind",
        text=seal("removed", "1", 'kind = "клеймо поверителя"'),
        key="number",
        line=2,
        says="never removes",
    ),
    Wrong(
        name="of the maker, by what was found",
        text=seal("found", "1", 'owner = "завод-изготовитель"') + seal("removed", "1"),
        key="number",
        line=6,
        says="number_again",
    ),
    Wrong(
        name="another number again",
        text=seal("removed", "1", 'kind = "заводская"', 'number_again = "2"'),
        key="number",
        line=2,
        says="number_again",
    ),
)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name)
def test_a_form_that_cannot_be(case: Wrong) -> None:
    with pytest.raises(FormError) as refused:
        read_form(case.text.encode("utf-8", "surrogateescape"), "--form form.toml", ())
    error = refused.value
    assert (error.key, error.line, error.exit_code) == (case.key, case.line, 2)
    assert str(error).startswith(f"--form form.toml, line {case.line}: ")
    assert case.says in str(error)
    assert error.hint


def test_a_seal_is_the_verifiers_by_the_order_too() -> None:
    expected = Seal(number="1", place="крышка", owner="Поверитель ФБУ «Ростест»")
    with pytest.raises(FormError, match="never removes"):
        read(seal("removed", "1"), expected)
    read(seal("removed", "1"), Seal(number="2", place="крышка", owner="Поверитель"))


def test_a_number_is_the_same_of_whichever_signs_its_letters_are_put_together() -> None:
    expected = Seal(number="А-17й", place="крышка", owner="Поверитель")
    apart = unicodedata.normalize("NFD", "А-17й")
    assert len(apart) > len(expected.number)
    with pytest.raises(FormError, match="never removes"):
        read(seal("removed", apart), expected)
    told = read_form(f'representative = "{apart}"\nremarks = ["{apart}", " "]'.encode(), "form.toml", ())
    assert (told.representative, told.remarks) == (expected.number, (expected.number,))
    assert same_number(f" {apart.lower()}", expected.number)


def test_a_seal_of_the_verifier_may_be_told_as_removed_by_its_number_once_more() -> None:
    text = seal("removed", "1", 'kind = "клеймо поверителя"', 'number_again = "1"')
    form = read_form(text.encode(), "form.toml", ())
    assert [each.number for each in form.seals_removed] == ["1"]


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        ("клеймо поверителя", True),
        ("пломба госповерителя", True),
        ("Знак поверки", True),
        ("завод-изготовитель", True),
        ("заводская свинцовая", True),
        ("ОТК", True),
        ("ЦСМ", True),
        ("the verifier's seal", True),
        ("manufacturer", True),
        ("maker", True),
        ("ПАО «Россети Московский регион»", False),
        ("пластиковая номерная", False),
        ("Энергосбыт, отключение", False),
        ("sticker, grid company", False),
    ],
)
def test_whose_seal_it_is_by_the_words_of_the_trade(text: str, forbidden: bool) -> None:
    assert is_of_verifier_or_maker(Seal(number="1", place="x", owner=text)) is forbidden
    assert is_of_verifier_or_maker(Seal(number="1", place="x", kind=text)) is forbidden


@pytest.mark.parametrize("rule", SealRule)
def test_every_rule_has_its_sentence(rule: SealRule) -> None:
    sentences = {broken_words(rule, "00417725", language) for language in Language}
    assert len(sentences) == 2
    assert all("00417725" in sentence for sentence in sentences)
