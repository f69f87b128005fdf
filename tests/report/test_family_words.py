"""An act about a meter of a family that the house has never heard of: its driver brings the words."""

from __future__ import annotations

from typing import Any

from meterlink.language import Language
from meterlink.report.act_html import render_html
from meterlink.report.act_layout import lay_out
from meterlink.report.act_words import NO_FAMILY, Phrases
from tests.report import works
from tests.report.test_act_paper import page_text
from tests.report.works import CHECKPOINT, OPENINGS, after, begun, plan

NEW_FAMILY: Phrases = {
    Language.RU: {
        "family moonmeter": "Лунный счётчик",
        "journal tilt": "журнал наклонов",
        "event tilted by # deg": "наклон на # град.",
        "event lid open": "открыта крышка",
        "event lamp out": "не горит лампа",
        "status name lamp": "лампа",
        "status name display": "индикация",
        "status unit lx": "лк",
        "told dim": "тусклая",
        "told moon phase": "фаза Луны",
        "reason it has no moon": "у него нет Луны",
        "season winter": "зима",
    },
    Language.EN: {"family moonmeter": "Moonmeter"},
}
DISPLAY = ("display", "set what the display shows", "display T1", "shown ['moon phase']")


def body(*, journal: str = "tilt", display: bool = True) -> dict[str, Any]:
    """A work whose meter is of the new family; it sets what the display shows."""
    work = begun()
    meter = work.fields[0]["d"]["meter"]
    work.fields[0]["d"]["meter"] = {**meter, "family": "moonmeter"}
    snapshot = work.fields[2]["d"]["snapshot"]
    snapshot["status"] = [{"name": "lamp", "value": "12.5", "unit": "lx", "raw": ""}]
    snapshot["status"] += [{"name": "display", "value": "T1", "unit": "", "raw": ""}] if display else []
    snapshot["absent"] = [{"what": f"journal {journal}", "reason": "it has no moon"}]
    snapshot["clock"]["season_flag"] = "winter"
    events = [{"index": 0, "event": "tilted by -3 deg", "raw": "", "at": "2026-11-21T12:00:00"}]
    events += [{"index": 1, "event": "lid open, lamp out", "raw": "", "at": "2026-11-21T12:00:00"}]
    work.fields[3]["d"]["journals"] = {"tilt": events}
    warnings = [
        {"code": "meter-alarm", "facts": {"status": "lamp", "value": "12.5 lx"}},
        {"code": "clock-unread", "facts": {"reason": "it has no moon"}},
    ]
    work.add("work.plan", plan([DISPLAY], warnings=warnings))
    work.write(*DISPLAY)
    work.read("after", after())
    snapshot = work.fields[-2]["d"]["snapshot"]
    snapshot["status"] = [{"name": "display", "value": "T1, moon phase", "unit": "", "raw": ""}] if display else []
    return works.body_of(work.fields)


def page(told: dict[str, Any], family: Phrases, language: Language = Language.RU) -> str:
    return page_text(render_html(lay_out(told, OPENINGS, CHECKPOINT, language, family)))


def test_a_family_that_comes_tells_a_russian_act_in_its_own_words() -> None:
    text = page(body(), NEW_FAMILY)
    for told in (
        "Лунный счётчик",
        "журнал наклонов (сравнить не с чем): наклон на -3 град. (21.11.2026 12:00:00), "
        "открыта крышка, не горит лампа (21.11.2026 12:00:00)",
        "лампа: было 12,5 лк",
        "индикация: было T1, стало T1, фаза Луны",
        "журнал наклонов (у него нет Луны)",
        "прибор сообщает то, на что нужно обратить внимание: лампа: 12,5 лк",
        "часы прочитать не удалось (у него нет Луны): их погрешность неизвестна",
        "зима",
    ):
        assert told in text, told


def test_what_an_action_sets_is_told_from_the_state_of_its_name() -> None:
    cells = page(body(), NEW_FAMILY).split("настройка индикации")[1].split()
    assert cells[:4] == ["T1", "T1,", "фаза", "Луны"]
    without = page(body(display=False), NEW_FAMILY).split("настройка индикации")[1]
    assert without.strip().startswith("подробности в журнале работ"), "what was recorded is English"


def test_where_the_family_is_not_installed_a_russian_act_says_where_it_stands() -> None:
    text = page(body(), NO_FAMILY)
    for english in ("moon phase", "it has no moon", "tilt", "lid open", "lamp"):
        assert english not in text, english
    assert "подробности в журнале работ: было 12,5 lx" in text


def test_an_english_act_tells_what_the_family_wrote() -> None:
    for family in (NEW_FAMILY, NO_FAMILY):
        text = page(body(), family, Language.EN)
        for told in ("tilted by -3 deg", "lid open, lamp out", "lamp: was 12.5 lx", "journal tilt (it has no moon)"):
            assert told in text, told
