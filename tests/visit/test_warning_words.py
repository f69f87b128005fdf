"""What a visit says to people of its warnings, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

import meterlink.visit
from meterlink.errors import PlanError
from meterlink.language import Language
from meterlink.model import ClockReading, DstSetting
from meterlink.visit.caution import warning_words
from meterlink.visit.diagnosis import signature_warnings
from tests.visit.languages import CYRILLIC, EN, RU

# --- warnings -------------------------------------------------------------------------------------------------------

WARNINGS: dict[str, dict[str, str]] = {
    "night-on-t1": {},
    "holidays-left": {"days": "01-01, 01-02, 05-09"},
    "leftover-holiday-program": {},
    "battery-low": {"volts": "2.4"},
    "meter-alarm": {"status": "state", "value": "clock error"},
    "dst-factory": {"manufactured": "2010-03-05"},
    "edge-zone": {"time": "23:00", "old": "T2", "new": "T1"},
    "edge-half-hour": {"time": "12:30"},
    "edge-day": {},
    "edge-month": {},
    "wait-until": {"time": "08:05", "until": "08:27", "date": "2026-11-22"},
    "no-good-moment": {},
    "collection-days": {},
    "experimental": {"capability": "set_display"},
    "clock-unread": {"reason": "no answer"},
    "clock-not-restored": {},
    "switch-not-restored": {"action": "dst_on"},
    "restores-unliftable": {"reasons": "a point at 25:00"},
    "holidays-change-days": {"changes": "on 1 Jan: 07:00-23:00 T1 -> T2"},
    "weekday-wrong": {"said": "Thu", "true": "Mon", "date": "2026-11-23"},
    "tariffs-not-in-force": {"tariffs": "T3", "in_force": "2"},
    "tariffs-not-used": {"tariffs": "T2", "in_force": "2"},
    "no-zone-meaning": {},
    "unliftable": {"reasons": "a point at 25:00"},
    "equivalent": {"count": "3"},
    "dst-used-here": {"zone": "Europe/Kyiv"},
    "dst-not-used-here": {"zone": "Europe/Moscow"},
    "dst-stays-on": {"zone": "Europe/Moscow"},
    "meter-has-no-dst": {"why": "no such command"},
    "verification-expired": {"date": "2025-05-31"},
    "performer-expires": {"name": "Ivanov I. I.", "date": "2026-12-01"},
}


@pytest.mark.parametrize("code", WARNINGS)
def test_every_warning_is_a_sentence_with_its_facts_in_both_languages(code: str) -> None:
    facts = WARNINGS[code]
    english, russian = warning_words(code, facts, EN), warning_words(code, facts, RU)
    for sentence in (english, russian):
        assert not sentence.startswith(code), "it is told, not named"
        assert not sentence.endswith(".")
    assert not CYRILLIC.search(english)
    assert CYRILLIC.search(russian)
    for name, value in facts.items():
        if name not in {"days", "capability", "manufactured", "date"}:
            assert value in english
            assert value in russian


def test_facts_are_told_in_the_language() -> None:
    assert "(1-2 янв, 9 мая)" in warning_words("holidays-left", WARNINGS["holidays-left"], RU)
    assert "(1-2 Jan, 9 May)" in warning_words("holidays-left", WARNINGS["holidays-left"], EN)
    assert "(02-30)" in warning_words("holidays-left", {"days": "02-30"}, RU)
    assert "31.05.2025" in warning_words("verification-expired", WARNINGS["verification-expired"], RU)
    assert "2025-05-31" in warning_words("verification-expired", WARNINGS["verification-expired"], EN)
    assert "(настройка индикации)" in warning_words("experimental", WARNINGS["experimental"], RU)
    assert "(set_moon)" in warning_words("experimental", {"capability": "set_moon"}, RU)


def test_the_night_on_t1() -> None:
    assert warning_words("night-on-t1", {}, EN) == (
        "the night zone counts on T1: most suppliers bill T1 as day; make sure that this is meant"
    )
    assert warning_words("night-on-t1", {}, RU).startswith("ночная зона учитывается в T1: ")


@pytest.mark.parametrize(
    ("count", "begins"),
    [("1", "1 запись означает то же самое, но хранится"), ("2", "2 записи означают"), ("5", "5 записей означают")],
)
def test_equivalent_records_are_counted(count: str, begins: str) -> None:
    assert warning_words("equivalent", {"count": count}, RU).startswith(begins)


def test_every_warning_that_the_visit_gives_has_a_sentence() -> None:
    folder = Path(meterlink.visit.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    given_codes = set(re.findall(r"""Warning\(\s*code="([a-z0-9-]+)""", source))
    assert "edge-zone" in given_codes, "the search itself finds some"
    assert given_codes - {"clock-signature", "needs"} <= set(WARNINGS)


# by the errors that a real order would end with: what they say is missing, and with which facts
NEEDS: dict[str, dict[str, str]] = {
    "clock": {"why": "no answer"},
    "time-source": {"error": "1 h 00 min 14 s"},
    "clock-reason": {"error": "1 h 00 min 14 s"},
    "allow-over-24h": {"error": "1 d 1 h 00 min 14 s"},
    "experimental": {"capability": "set_display", "model": "mercury-206", "source": "nobody"},
    "stored-values": {"action": "schedule", "names": "schedule 1", "why": ""},
    "holidays-unclear": {"why": "January holiday: it has no point"},
    "holidays-action": {},
}


@pytest.mark.parametrize("need", NEEDS)
def test_what_an_order_would_have_to_say_is_told(need: str) -> None:
    facts = {"need": need, **NEEDS[need]}
    english, russian = (warning_words("needs", facts, language) for language in Language)
    assert "need" in english or "must" in english
    assert CYRILLIC.search(russian)
    assert not russian.startswith("needs")


def test_every_need_of_an_error_has_a_sentence() -> None:
    named = {each.need for each in PlanError.__subclasses__()} - {PlanError.need}
    assert named
    assert named <= set(NEEDS)


def test_a_span_in_a_need_is_told_in_the_language() -> None:
    facts = {"need": "allow-over-24h", "error": "1 d 1 h 00 min 14 s"}
    assert warning_words("needs", facts, RU).startswith("часы расходятся на 1 сут 1 ч 00 мин 14 с: ")
    assert warning_words("needs", {"need": "patience"}, RU) == "needs: need patience"


def test_a_warning_without_a_sentence_is_told_as_it_stands() -> None:
    assert warning_words("moon-full", {"phase": "4", "on": "2026-11-24"}, EN) == "moon-full: phase 4, on 2026-11-24"
    assert warning_words("moon-full", {}, EN) == "moon-full"
    assert warning_words("battery-low", {}, EN) == "battery-low"
    assert warning_words("equivalent", {"count": "some"}, RU) == "equivalent: count some"
    assert warning_words("clock-signature", {"signature": "eclipse"}, EN) == "clock-signature: signature eclipse"
    assert warning_words("clock-signature", {}, EN) == "clock-signature"


FACTS = st.dictionaries(
    st.sampled_from(
        ["signature", "error", "hours", "also", "on", "from", "to", "dst", "days", "count", "date", "told"]
    ),
    st.one_of(
        st.text(),
        st.sampled_from(["region-moved", "unknown-hour", "on", "+1 h 00 min 14 s", "02-30", "2026-13-45", "²", "{x}"]),
    ),
)


@given(code=st.one_of(st.sampled_from([*WARNINGS, "clock-signature"]), st.text()), facts=FACTS)
def test_no_facts_whatever_break_a_sentence(code: str, facts: dict[str, str]) -> None:
    for language in Language:
        assert isinstance(warning_words(code, facts, language), str)


# --- a wrong hour ---------------------------------------------------------------------------------------------------

SIGNATURES = {
    "dst-left-on-summer": "летом спешат на час",
    "dst-off-summer": "выключен там, где стрелки ещё переводят",
    "season-mark-summer": "зимой отстают на час",
    "set-2011-dst-off": "при выключенном автоматическом переходе",
    "set-2011-dst-on": "при включённом автоматическом переходе",
    "untouched-since-2011": "с весны 2011 года",
    "moved-two-hours": "на два часа",
    "kazakhstan-2024": "с 1 марта 2024 года",
    "region-moved": "сменили местное время",
    "battery-reset": "проверьте батарею",
    "unknown-hour": "где прибор стоял раньше",
}


@pytest.mark.parametrize("signature", SIGNATURES)
def test_every_history_of_a_wrong_hour_is_told(signature: str) -> None:
    facts = {"signature": signature, "error": "+1 h 00 min 14 s"}
    english, russian = (warning_words("clock-signature", facts, language) for language in Language)
    assert english.startswith("the clock is 1 h 00 min 14 s ahead: ")
    assert russian.startswith("часы спешат на 1 ч 00 мин 14 с: ")
    assert SIGNATURES[signature] in russian
    assert signature not in english + russian
    assert ("it looks as if" in english) is (signature != "unknown-hour"), "what is not known is not guessed"


@pytest.mark.parametrize(
    ("facts", "begins"),
    [
        ({"error": "-2 h 00 min 00 s"}, "часы отстают на 2 ч 00 мин 00 с: похоже, "),
        ({"error": "1 h 00 min 14 s behind"}, "часы отстают на 1 ч 00 мин 14 с: похоже, "),
        ({"hours": "+1"}, "часы расходятся на +1 ч: похоже, "),
        ({}, "часы неверны: похоже, "),
    ],
)
def test_the_error_is_told_as_far_as_it_is_known(facts: dict[str, str], begins: str) -> None:
    assert warning_words("clock-signature", {"signature": "dst-left-on-summer", **facts}, RU).startswith(begins)


def test_a_move_is_told_with_its_day_and_the_other_histories_that_fit() -> None:
    facts = {
        "signature": "region-moved",
        "on": "2016-12-04",
        "from": "+03:00",
        "to": "+04:00",
        "dst": "on",
        "also": "season-mark-summer, never-heard-of",
    }
    assert warning_words("clock-signature", facts, EN) == (
        "the clock is wrong: it looks as if nobody has set it since its place went over to another time, and "
        "the automatic change is on (2016-12-04: from UTC+03:00 to UTC+04:00); or it was set in summer with the "
        'season mark "summer" and the automatic change left on, so it is right in summer and an hour behind in winter'
    )
    assert "(04.12.2016: с UTC+03:00 на UTC+04:00); или их установили летом" in warning_words(
        "clock-signature", facts, RU
    )


@settings(max_examples=60)
@given(
    zone=st.sampled_from(
        ["Europe/Moscow", "Asia/Chita", "Asia/Almaty", "Europe/Saratov", "Europe/Kyiv", "Asia/Kamchatka"]
    ),
    hours=st.integers(-3, 3),
    day=st.dates(date(2025, 1, 1), date(2027, 12, 31)),
    enabled=st.sampled_from([True, False, None]),
)
def test_whatever_the_diagnosis_finds_has_a_sentence(zone: str, hours: int, day: date, enabled: bool | None) -> None:
    place = ZoneInfo(zone)
    right = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).astimezone(place)
    error = timedelta(hours=hours, seconds=14)
    reading = ClockReading(
        meter=right.replace(tzinfo=None) + error, reference=right, error=error, uncertainty=timedelta(seconds=1)
    )
    for warning in signature_warnings(reading, place, dst=DstSetting(enabled=enabled)):
        for language in Language:
            told = warning_words(warning.code, warning.facts, language)
            assert "signature" not in told
            assert not re.search(r"[a-z]+-[a-z]+-", told), "no code is left over"
