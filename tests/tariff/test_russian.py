"""The tariff package in Russian: the same facts as in English, in the words of a technician."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from meterlink.errors import ConfigError
from meterlink.language import Language
from meterlink.model import ClockReading, TariffMode
from meterlink.reading import clock_words, span_words
from meterlink.tariff import (
    DayKind,
    DayProgram,
    Period,
    YearSchedule,
    Zone,
    compare,
    differences,
    draw_day,
    draw_year,
    preset,
    preset_names,
    program_from_text,
    schedule_from_table,
)
from meterlink.tariff.difference import difference_words
from meterlink.tariff.presets import preset_from_table, zone_words
from meterlink.tariff.schedule import WEEKDAYS, WEEKEND, WORKDAYS
from meterlink.tariff.wording import KINDS, MONTHS, MONTHS_OF, dates_text, days_text, kinds_text, periods_text
from meterlink.tariff_words import tariff_words

RU = Language.RU
TWO = "00:00 T2 | 07:00 T1 | 23:00 T2"


def year(*seasons: dict[str, str], **special_days: list[str]) -> YearSchedule:
    named = [{"starts": "01-01", **season} for season in seasons]
    return schedule_from_table({"spec": 1, "season": named, "special_days": special_days})


# --- names ----------------------------------------------------------------------------------------------------------


def test_every_language_names_every_month_and_kind_of_day() -> None:
    for language in Language:
        assert len(set(MONTHS[language])) == len(set(MONTHS_OF[language])) == 12
        # also the order in which kinds are told
        assert tuple(KINDS[language]) == (*WEEKDAYS, DayKind.HOLIDAY)
        assert len(set(KINDS[language].values())) == len(DayKind)


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (WORKDAYS, "пн-пт"),
        ((*WEEKEND, DayKind.HOLIDAY), "сб, вс, праздник"),
        (WEEKDAYS, "каждый день"),
        ((DayKind.WEDNESDAY,), "ср"),
    ],
)
def test_kinds_of_day(kinds: tuple[DayKind, ...], words: str) -> None:
    assert kinds_text(kinds, language=RU) == words


def test_months_and_days() -> None:
    parts = [
        Period(first=(10, 1), last=(3, 31)),
        Period(first=(4, 15), last=(5, 14)),
        Period(first=(7, 1), last=(7, 31)),
    ]
    assert periods_text(parts, RU) == "окт-мар, 15 апр-14 мая, июл"
    assert periods_text([Period(first=(5, 1), last=(8, 31))], RU) == "май-авг"
    assert periods_text([Period(first=(1, 1), last=(12, 31))], RU) == "весь год"
    assert days_text([(1, 2), (1, 1), (5, 9)], RU) == "1-2 янв, 9 мая"
    assert dates_text([date(2027, 5, 3)], RU) == "3 мая 2027"


def test_zones() -> None:
    assert [zone_words(zone, RU) for zone in Zone] == ["единый", "день", "ночь", "пик", "полупик"]
    assert [zone_words(zone) for zone in Zone] == [zone.value for zone in Zone]
    assert zone_words("evening", RU) == "evening"


# --- plans ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", preset_names())
def test_a_shipped_plan_has_a_russian_title_with_the_same_hours(name: str) -> None:
    plan = preset(name)
    russian = plan.title_in(RU)
    assert russian.startswith("Россия")
    assert re.findall(r"\d+", russian) == re.findall(r"\d+", plan.title)
    assert plan.title_in(Language.EN) == plan.title


def test_a_plan_without_a_russian_title_keeps_the_english_one() -> None:
    table = {
        "spec": 1,
        "name": "test",
        "title": "Test",
        "source": "made up",
        "zones": {"T1": "single"},
        "season": [{"starts": "01-01", "every_day": "00:00 T1"}],
    }
    assert preset_from_table(table, "test").title_in(RU) == "Test"
    assert preset_from_table({**table, "title_ru": "Проба"}, "test").title_in(RU) == "Проба"
    with pytest.raises(ConfigError, match="title_ru must be text"):
        preset_from_table({**table, "title_ru": 1}, "test")


# --- differences ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            preset("ru-household-1").schedule,
            preset("ru-household-2").schedule,
            ["весь год, каждый день: с 23:00 до 07:00 T1 -> T2"],
        ),
        (
            year({"every_day": TWO}),
            year({"every_day": TWO, "weekend": "00:00 T2"}),
            ["весь год, сб, вс: с 07:00 до 23:00 T1 -> T2"],
        ),
        (
            year({"every_day": TWO}),
            year({"every_day": TWO, "holiday": "00:00 T2"}, holiday=["01-01", "05-09", "2027-11-05"]),
            ["1 янв, 9 мая: с 07:00 до 23:00 T1 -> T2", "5 ноя 2027: с 07:00 до 23:00 T1 -> T2"],
        ),
        (
            year({"every_day": "00:00 T1", "holiday": TWO}, holiday=["05-09"]),
            year({"every_day": "00:00 T3", "holiday": TWO}, holiday=["05-09"]),
            ["весь год, каждый день, кроме 9 мая: с 00:00 до 24:00 T1 -> T3"],
        ),
        (
            year({"every_day": "00:00 T1", "sunday": TWO, "holiday": TWO}, holiday=["05-09"]),
            year({"every_day": "00:00 T1", "sunday": TWO, "holiday": TWO}),
            ["9 мая, если это пн-сб: с 00:00 до 07:00 T2 -> T1, с 23:00 до 24:00 T2 -> T1"],
        ),
    ],
)
def test_a_difference_is_told_in_russian(old: YearSchedule, new: YearSchedule, words: list[str]) -> None:
    assert differences(old, new, RU) == words


TIME = re.compile(r"\d\d:\d\d")
TARIFFS = re.compile(r"T\d -> T\d")
NUMBER = re.compile(r"\d+")


@given(old=st.from_type(YearSchedule), new=st.from_type(YearSchedule))
def test_both_languages_tell_the_same_times_tariffs_and_days(old: YearSchedule, new: YearSchedule) -> None:
    english, russian = differences(old, new), differences(old, new, RU)
    assert len(english) == len(russian)
    for one, other in zip(english, russian, strict=True):
        assert TIME.findall(one) == TIME.findall(other)
        assert TARIFFS.findall(one) == TARIFFS.findall(other)
        assert NUMBER.findall(one) == NUMBER.findall(other)
        assert not re.search(r"[A-SU-Za-z]", other), "no English word is left over"
    assert russian == [difference_words(each, RU) for each in compare(old, new)]
    assert english == [str(each) for each in compare(old, new)]


# --- pictures -------------------------------------------------------------------------------------------------------


def test_a_year_is_headed_in_russian() -> None:
    company = year(
        {"starts": "04-01", "workday": TWO, "weekend": "00:00 T2", "holiday": "00:00 T2"},
        {"starts": "10-15", "every_day": TWO},
        holiday=["01-01", "05-09"],
        saturday=["2027-02-20"],
    )
    assert [line for line in draw_year(company, language=RU) if not line.startswith(" ")] == [
        "1 апр-14 окт: пн-пт; 15 окт-31 мар: каждый день",
        "",
        "1 апр-14 окт: сб, вс, праздник",
        "",
        'по программе "сб": 20 фев 2027',
        'по программе "праздник": 1 янв, 9 мая',
    ]


def test_the_note_of_a_mixed_half_hour_is_russian() -> None:
    lines = draw_day(program_from_text("00:00 T2 | 07:10 T1 | 23:30 T2"), language=RU)
    assert lines[4] == "  * тариф меняется внутри этого получаса; точное время указано ниже"


@pytest.mark.parametrize("ascii_only", [True, False])
@given(one=st.from_type(YearSchedule))
def test_a_russian_picture_fits_the_terminal_and_has_the_same_bars(ascii_only: bool, one: YearSchedule) -> None:
    lines = draw_year(one, ascii_only=ascii_only, language=RU)
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    english = draw_year(one, ascii_only=ascii_only)
    assert _bars(lines) == _bars(english)
    assert not ascii_only or all(line.isascii() for line in _bars(lines))


def _bars(lines: list[str]) -> list[str]:
    return [line for line in lines if re.fullmatch(r"  [^\w\s].{48}[^\w\s]", line)]


@given(program=st.from_type(DayProgram))
def test_a_day_has_the_same_bar_and_times_in_both_languages(program: DayProgram) -> None:
    english, russian = draw_day(program), draw_day(program, language=RU)
    assert russian[:4] == english[:4]
    assert TIME.findall(" ".join(russian)) == TIME.findall(" ".join(english))


# --- what counts now ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "now", "words"),
    [
        (1, 1, "действует 1 тариф; сейчас действует T1"),
        (2, 2, "действуют 2 тарифа; сейчас действует T2"),
        (5, 1, "действуют 5 тарифов; сейчас действует T1"),
        (None, None, "сколько тарифов действует, неизвестно; какой тариф действует сейчас, неизвестно"),
    ],
)
def test_the_tariffs_in_force(count: int | None, now: int | None, words: str) -> None:
    mode = TariffMode(tariffs_in_force=count, current_tariff=now)
    assert list(tariff_words(mode, None, (), RU)) == [words]


def test_a_known_plan_is_named_with_its_zones() -> None:
    plan = preset("ru-household-2")
    mode = TariffMode(tariffs_in_force=2, current_tariff=2)
    assert list(tariff_words(mode, plan.schedule, (plan,), RU))[1:] == [
        "это ru-household-2: T1 = день, T2 = ночь",
        "сейчас T2 = ночь",
    ]


def test_a_schedule_beyond_the_tariffs_in_force() -> None:
    schedule = preset("ru-household-3").schedule
    two = TariffMode(tariffs_in_force=2, current_tariff=1)
    assert list(tariff_words(two, schedule, (), RU))[1] == (
        "в расписании ниже есть T3, а действуют только 2 тарифа: в эти часы прибор считает иначе"
    )
    one = TariffMode(tariffs_in_force=1, current_tariff=1)
    assert "расписание ниже не работает" in list(tariff_words(one, schedule, (), RU))[1]


# --- clocks ---------------------------------------------------------------------------------------------------------

NOON = datetime(2026, 11, 21, 12)


@pytest.mark.parametrize(
    ("error_s", "uncertainty_s", "words"),
    [
        (3614, 0.6, "часы прибора спешат на 1 ч 00 мин 14 с"),
        (-121, 0.6, "часы прибора отстают на 2 мин 01 с"),
        (0.2, 0.6, "часы верны с точностью до 1 с"),
        (20, 1.6, "часы прибора спешат на 20 с (с точностью до 2 с)"),
        (-90_000, 0.6, "часы прибора отстают на 1 сут 1 ч 00 мин 00 с"),
    ],
)
def test_a_clock_in_russian(error_s: float, uncertainty_s: float, words: str) -> None:
    reading = ClockReading(
        meter=NOON,
        reference=NOON,
        error=timedelta(seconds=error_s),
        uncertainty=timedelta(seconds=uncertainty_s),
    )
    assert clock_words(reading, RU) == words


def test_a_clock_without_a_zone_says_what_to_give() -> None:
    reading = ClockReading(meter=NOON, reference=NOON, error=None, uncertainty=timedelta(seconds=1))
    assert "--tz" in clock_words(reading, RU)


@given(seconds=st.integers(0, 10**8))
def test_a_span_has_the_same_numbers_in_both_languages(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert NUMBER.findall(span_words(span, RU)) == NUMBER.findall(span_words(span))
