"""The act on paper: HTML and PDF say what the body holds, and nothing that somebody wrote becomes more than text.

METERLINK_LONG=1 tries more parts of works and more remarks.
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from hypothesis import example, given, settings, strategies as st
from PIL import Image

from meterlink.audit.commitment import Opening
from meterlink.errors import AuditFormatError
from meterlink.language import Language
from meterlink.report import act_values as values
from meterlink.report.act_words import TABLE, ActWords
from meterlink.report.body.facts import NOT_STATED
from meterlink.report.words import recorded
from meterlink.tariff.presets import zone_words
from tests.report import works
from tests.report.drawn import html_act, pdf_act, words_of
from tests.report.works import CHECKPOINT, OPENINGS, STEPS, begun, household_work, opening, plan

Fields = dict[str, Any]
LONG = os.environ.get("METERLINK_LONG") == "1"

RU, EN = ActWords(Language.RU), ActWords(Language.EN)
MOSCOW = values.zone_of("Europe/Moscow")


def body_of(**changes: Any) -> Fields:
    records = household_work()
    records[0]["d"] = opening(**changes)
    return works.body_of(records)


def page_text(page: str) -> str:
    """The text of an HTML page as a reader sees it."""
    without_style = re.sub(r"<(style|svg)\b.*?</\1>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "\n", without_style))


def paper_text(pdf: bytes) -> str:
    """The text of all pages; spaces and the places where a word may be broken do not count."""
    document = pypdfium2.PdfDocument(pdf)
    told = "".join(page.get_textpage().get_text_range() for page in document)
    return packed(told)


def packed(text: str) -> str:
    return re.sub(r"[\s\u200b\ufffe\ufeff]", "", text)


@cache
def ordinary_pdf(language: Language = Language.RU) -> bytes:
    """Of an ordinary work; drawn once."""
    return pdf_act(body_of(), OPENINGS, CHECKPOINT, language)


def pages(pdf: bytes, scale: float) -> list[Image.Image]:
    return [page.render(scale=scale).to_pil() for page in pypdfium2.PdfDocument(pdf)]


# --- what stands on it ----------------------------------------------------------------------------------------------


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, path)
    else:
        yield path, str(value)


def ways_to_say(words: ActWords, text: str) -> set[str]:
    """How a value of the body may be told on paper."""
    told = {text, words.value(text), values.moment(words, text, MOSCOW), values.day_text(words, text)}
    told |= {values.amount(words, text), values.signed(words, text), values.holidays_text(words, [text])}
    told |= {words(key) for key in TABLE if f" {text} " in f" {key} " and not TABLE.facts_of(key)}
    for phrases in (recorded.WORDS, words.family):
        told |= {word for key, word in phrases[words.language].items() if f" {text} " in f" {key} "}
    told |= {zone_words(text, words.language)}
    told |= {words(text)} if text in ("yes", "no") else set()
    told |= {part.replace("|", "").strip()[:5] for part in text.split("|")} if " | " in text else set()
    return {each for each in told if each}


TOLD_OTHERWISE = {
    ("schema",): "names the form of the body",
    ("schedule", "before", "table", "spec"): "names the form of the table",
    ("schedule", "after", "table", "spec"): "names the form of the table",
    ("schedule", "before", "table", "season", "starts"): "told as `весь год`",
    ("schedule", "after", "table", "season", "starts"): "told as `весь год`",
    ("schedule", "before", "table", "season", "every_day"): "told as hours, see the picture",
    ("holidays", "before", "days"): "told as `1-2 янв`",
    ("warnings", "code"): "told as a sentence",
    ("warnings", "facts", "volts"): "told as a sentence",
    ("journals", "events", "event"): "told in the language of the paper",
    ("journals", "events", "raw"): "what it means is told",
    ("performers", "id"): "told by the name of the person",
    ("remarks", "actor"): "told by the name of the person",
    ("confirmed", "by"): "told by the name of the person",
    ("program", "family"): "told by its name",
    ("plan", "name"): "told by its title",
    ("schedule_left",): "told where it is not as it should be",
    ("actions", "standing"): "told where not all of them stand",
    ("actions", "total"): "told where not all of them stand",
    ("order", "basis"): "told by the words of the order, where they name it",
    ("steps", "operation"): "told by the action",
    ("steps", "old"): "told by what was read",
    ("steps", "new"): "told by what was read",
    ("steps", "why"): "the order says it",
    ("steps", "source"): "told by the kind of evidence",
}


@pytest.mark.parametrize("language", list(Language))
def test_html_has_every_value_of_the_body(language: Language) -> None:
    words = ActWords(language, words_of(body_of()))
    text = page_text(html_act(body_of(), OPENINGS, CHECKPOINT, language))
    for path, value in leaves(body_of()):
        if path[:2] == ("customer", "commitments"):
            value = OPENINGS[path[2]].value if path[2] in OPENINGS else value
        if path[-1:] == ("tz",) and language is Language.RU:
            value = "UTC+03:00"
        if path not in TOLD_OTHERWISE and path[-1:] != ("n",):
            assert any(each in text for each in ways_to_say(words, value)), (path, value)


def test_the_act_in_russian_says_what_a_technician_would() -> None:
    text = page_text(html_act(body_of(), OPENINGS, CHECKPOINT))
    for sentence in (
        "Акт № 125/1",
        "о перепрограммировании (параметризации) прибора учёта электрической энергии",
        "21.11.2026 12:05:09",
        "UTC+03:00",
        "+1 ч 00 мин 14 с, спешит (+3614,290 с)",
        "в пределах 1 с (+0,020 с)",
        "18342,17",
        "1-2 янв, 7 янв, 9 мая",
        "00:00–07:00 T2 (ночь), 07:00–23:00 T1 (день), 23:00–24:00 T2 (ночь)",
        "T2 (ночь): каждый день, весь год 23:00–07:00.",
        "подтверждено чтением",
        "батарея разряжена",
        "Не подписано электронно",
        "в двух экземплярах",
    ):
        assert sentence in text, sentence


@pytest.mark.parametrize("language", list(Language))
def test_all_sixteen_sections_stand_on_both_papers(language: Language) -> None:
    words, body = ActWords(language), body_of()
    on_page = page_text(html_act(body, OPENINGS, CHECKPOINT, language))
    on_paper = paper_text(ordinary_pdf(language))
    for number in range(1, 17):
        title = f"{number}. {words(f'section {number}')}"
        assert title in on_page
        assert packed(title) in on_paper


def test_the_pdf_says_what_the_page_says() -> None:
    page = page_text(html_act(body_of(), OPENINGS, CHECKPOINT))
    paper = paper_text(ordinary_pdf())
    for line in page.splitlines():
        assert packed(line) in paper, line


def test_an_ordinary_act_has_two_pages_of_a4() -> None:
    document = pypdfium2.PdfDocument(ordinary_pdf())
    assert len(document) == 2
    assert [round(side) for side in document[0].get_size()] == [595, 842]


def test_nothing_comes_from_elsewhere() -> None:
    page = html_act(body_of(), OPENINGS, CHECKPOINT)
    assert re.findall(r"(?:src|href|url|@import)\s*[=(]\s*[\"']?(?!#)[^\s\"')]+", page) == []
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in page


# --- the same bytes -------------------------------------------------------------------------------------------------

_RENDER = """
import hashlib, sys
from tests.report import works
from tests.report.drawn import pdf_act
pdf = pdf_act(works.body_of(works.household_work()), works.OPENINGS, works.CHECKPOINT)
sys.stdout.write(hashlib.sha256(pdf).hexdigest())
"""


def test_the_pdf_is_the_same_byte_for_byte_in_every_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", _RENDER],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "SOURCE_DATE_EPOCH": epoch},
        ).stdout
        for seed, zone, epoch in (("1", "UTC", "0"), ("2", "Asia/Tokyo", "1700000000"))
    }
    assert len(found) == 1


def test_the_pdf_was_made_when_the_work_ended() -> None:
    document = pypdfium2.PdfDocument(ordinary_pdf())
    assert document.get_metadata_dict()["CreationDate"].startswith("D:20261121092225")


def test_a_pdf_names_no_font_of_this_computer() -> None:
    pdf = ordinary_pdf()
    fonts = {name.decode() for name in re.findall(rb"/FontName ?/[A-Z]{6}\+([A-Za-z-]+)", pdf)}
    assert fonts
    assert all(name.startswith(("Libertinus", "DejaVuSansMono", "NewCM")) for name in fonts), fonts


# --- the checkpoint -------------------------------------------------------------------------------------------------

COSIGNED = CHECKPOINT + "— office.example.org " + "Q" * 104 + "\n"


@pytest.mark.parametrize("checkpoint", [CHECKPOINT, COSIGNED])
def test_the_code_on_paper_is_the_whole_checkpoint(checkpoint: str) -> None:
    found = [
        code.text
        for page in pages(pdf_act(body_of(), OPENINGS, checkpoint), 3)
        for code in zxingcpp.read_barcodes(page)
    ]
    assert found == [checkpoint]


def test_every_line_of_the_checkpoint_stands_on_both_papers() -> None:
    on_page = html_act(body_of(), OPENINGS, COSIGNED)
    assert f"<pre>{html.escape(COSIGNED.rstrip())}</pre>" in on_page
    on_paper = paper_text(pdf_act(body_of(), OPENINGS, COSIGNED))
    for line in COSIGNED.splitlines():
        assert packed(line) in on_paper


def test_without_a_checkpoint_the_sheet_says_so() -> None:
    wanted = RU("no checkpoint")
    assert wanted in page_text(html_act(body_of(), OPENINGS, ""))
    assert packed(wanted) in paper_text(pdf_act(body_of(), OPENINGS, ""))


def test_a_checkpoint_too_long_for_a_code_still_stands_there_as_text() -> None:
    long = CHECKPOINT + "".join(f"— office{n}.example.org {'Q' * 104}\n" for n in range(40))
    on_paper = paper_text(pdf_act(body_of(), OPENINGS, long))
    assert packed(RU("checkpoint without code")) in on_paper
    assert all(f"office{n}.example.org{'Q' * 30}" in on_paper for n in range(40))


# --- what others wrote ----------------------------------------------------------------------------------------------

HOSTILE = [
    '#panic("x")',
    "#import sys: inputs",
    "$ x^2 $ *bold* _em_ `raw` = head",
    "]#text(red)[",
    "\\u{41} \\ \\\\",
    "<script>alert(1)</script>",
    "&lt;b&gt; \"'",
    "{number} {0} {page} {pages}",
    '"}],"sections":[]',
    "<img src=x onerror=alert(1)>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_an_order_is_only_ever_text(text: str) -> None:
    records = household_work()
    d = opening()
    d["order"] |= {"number": text, "basis_text": text}
    d["organisation"]["name"] = text
    d["performers"][0]["name"] = text
    d["place"]["feeder"] = text
    records[0]["d"] = d
    records[1]["d"]["number"] = text
    records[-1]["d"]["text"] = text
    address = Opening(salt=bytes(16), value=text)
    d["commitments"]["address"] = address.commitment("address")
    body = works.body_of(records)
    page = html_act(body, {**OPENINGS, "address": address}, CHECKPOINT)
    assert page_text(page).count(text) >= 6
    assert "<script" not in page
    assert "<img" not in page
    paper = paper_text(pdf_act(body, {**OPENINGS, "address": address}, CHECKPOINT))
    assert paper.count(packed(text)) >= 6


def test_characters_that_turn_or_hide_what_stands_around_them_are_made_visible() -> None:
    body = body_of(clock_reason="100\u202e05\u2066x\u200b\n16. Экземпляры\x07")
    wanted = "100[U+202E]05[U+2066]x[U+200B] / 16. Экземпляры[U+0007]"
    assert wanted in page_text(html_act(body, OPENINGS, CHECKPOINT))
    assert packed(wanted) in paper_text(pdf_act(body, OPENINGS, CHECKPOINT))


def test_a_long_word_does_not_leave_its_column() -> None:
    records = household_work()
    records[1]["d"]["place"] = "Ш" * 300
    picture = pages(pdf_act(works.body_of(records), OPENINGS, CHECKPOINT), 1)[0]
    margin = picture.crop((picture.width - 30, 0, picture.width, picture.height)).convert("L")
    assert margin.getextrema() == (255, 255)


# --- personal data --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "openings",
    [
        {},
        {name: Opening(salt=bytes(16), value=f"{each.value} подделка") for name, each in OPENINGS.items()},
        {name: OPENINGS["address"] for name in OPENINGS if name != "address"},
    ],
)
def test_personal_data_that_are_not_opened_are_withheld(openings: Mapping[str, Opening]) -> None:
    page = page_text(html_act(body_of(), openings, CHECKPOINT))
    paper = paper_text(pdf_act(body_of(), openings, CHECKPOINT))
    assert page.count("не раскрывается") == len(OPENINGS)
    assert paper.count("нераскрывается") == len(OPENINGS)
    for value in works.PERSONAL.values():
        assert value not in page
        assert packed(value) not in paper


def test_one_datum_may_be_shown_without_the_others() -> None:
    page = page_text(html_act(body_of(), {"address": OPENINGS["address"]}, CHECKPOINT, Language.EN))
    assert works.PERSONAL["address"] in page
    assert works.PERSONAL["customer_name"] not in page
    assert page.count("withheld") == len(OPENINGS) - 1


def test_a_datum_nobody_gave_is_not_called_withheld() -> None:
    page = page_text(html_act(body_of(commitments={}), {}, CHECKPOINT))
    assert "не раскрывается" not in page


# --- works that did not go well -------------------------------------------------------------------------------------


def test_a_value_that_reads_otherwise_is_printed_as_not_confirmed() -> None:
    work = begun()
    work.add("work.plan", plan())
    work.write(*STEPS[0], result="differs", found="on")
    work.read("after", works.before())
    body = works.body_of(work.fields)
    for text in (
        page_text(html_act(body, OPENINGS, CHECKPOINT)),
        paper_text(pdf_act(body, OPENINGS, CHECKPOINT)),
    ):
        told = packed(text)
        (recorded,) = (each["n"] for each in body["steps"][0]["results"])
        where = f"подробности в записи журнала № {recorded}"
        assert packed(f"не подтверждено чтением: прочитано другое значение; {where}") in told
        assert packed("Результат: работа не выполнена") in told
        assert packed("не установлено: не все изменения подтверждены") in told
    assert "read: on" in page_text(html_act(body, OPENINGS, CHECKPOINT, Language.EN))


def test_what_the_check_after_the_work_found_stands_out() -> None:
    work = works.WorkRecords(fields=household_work())
    told = {"kind": "EnergyMovedError", "text": "T1 fell from 18342.17 to 18242.21"}
    recorded = work.add("work.problem", told)
    text = page_text(html_act(works.body_of(work.fields), OPENINGS, CHECKPOINT))
    assert "проверка после работы выявила: показания изменились так, как не могли" in text
    assert f"показания изменились так, как не могли (подробности в записи журнала № {recorded})" in text
    english = page_text(html_act(works.body_of(work.fields), OPENINGS, CHECKPOINT, Language.EN))
    assert "readings moved as they cannot (T1 fell from 18342.17 to 18242.21)" in english


def test_an_experimental_step_and_a_simulator_cannot_be_overlooked() -> None:
    records = household_work()
    records[0]["d"] = opening(experimental=True, port="sim")
    records[4]["d"]["steps"][0]["experimental"] = True
    text = page_text(html_act(works.body_of(records), OPENINGS, CHECKPOINT))
    assert "ОПЫТНОЕ: на таком приборе не проверено" in text
    assert "с разрешением опытных" in text
    assert text.split("1. Основание")[0].count("ИМИТАТОР, НЕ НАСТОЯЩИЙ ПРИБОР") == 1


def test_frames_in_doubt_stand_on_the_act() -> None:
    work = begun()
    work.add("work.plan", plan())
    of = work.announce(STEPS[0][1])
    text = page_text(html_act(works.body_of(work.fields), OPENINGS, CHECKPOINT))
    assert "исход не установлен" in text
    assert f"кадр 0 записи {of}" in text
    assert "02 91 9B A8 17 00 5E" in text


def test_a_visit_where_nobody_opened_the_door_has_an_act() -> None:
    work = works.WorkRecords()
    work.add("log.note", {"text": "никого нет дома"})
    body = works.body_of(work.fields)
    text = page_text(html_act(body, {}, CHECKPOINT))
    assert "работа не проводилась" in text
    assert "никого нет дома" in text
    assert "Показания не прочитаны" in text
    assert "Запись о начале работы в журнале отсутствует" in text
    assert packed("никого нет дома") in paper_text(pdf_act(body, {}, CHECKPOINT))


def test_a_schedule_in_an_unknown_form_is_shown_and_not_dropped() -> None:
    records = household_work()
    records[2]["d"]["snapshot"]["schedule"] = {"spec": 9, "wheel": "odd"}
    text = page_text(html_act(works.body_of(records), OPENINGS, CHECKPOINT))
    assert '{"spec":9,"wheel":"odd"}' in text


# --- anything at all ------------------------------------------------------------------------------------------------


@settings(max_examples=100 if LONG else 30)
@given(st.data())
def test_any_part_of_a_work_makes_a_page(data: st.DataObject) -> None:
    records = household_work()
    kept = data.draw(st.lists(st.sampled_from(records), min_size=1, unique_by=lambda each: each["n"]))
    language = data.draw(st.sampled_from(list(Language)))
    assert "</html>" in html_act(works.body_of(kept), OPENINGS, CHECKPOINT, language)


@settings(max_examples=15 if LONG else 5)
@given(st.data())
def test_any_part_of_a_work_makes_a_pdf(data: st.DataObject) -> None:
    records = household_work()
    kept = data.draw(st.lists(st.sampled_from(records), min_size=1, unique_by=lambda each: each["n"]))
    assert pdf_act(works.body_of(kept), OPENINGS, CHECKPOINT).startswith(b"%PDF-")


@settings(max_examples=40 if LONG else 20)
@given(st.text(min_size=1, max_size=60).filter(lambda text: text != NOT_STATED))
@example("none")
def test_any_remark_is_shown_whole(text: str) -> None:
    records = household_work()
    records[-1]["d"]["text"] = text
    try:
        body = works.body_of(records)
    except AuditFormatError:  # not in the normal form of texts
        return
    assert values.shown(text).strip() in page_text(html_act(body, OPENINGS, CHECKPOINT))
