"""The act tells what stands in the meter: not what was ordered, and never more than was read and confirmed."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pypdfium2
import pytest

from meterlink.driver import Unliftable
from meterlink.language import Language
from meterlink.model import ClockReading, DstSetting, TariffMode
from meterlink.tariff import YearSchedule
from meterlink.tariff.presets import preset
from meterlink.visit.snapshot import Snapshot
from tests.report import works
from tests.report.drawn import html_act, passport_of, pdf_act
from tests.report.works import CHECKPOINT, DAY_NIGHT, ONE_RATE, OPENINGS, STEPS, WorkRecords, begun, opening, plan

Fields = dict[str, Any]
LONG = os.environ.get("METERLINK_LONG") == "1"

MIXED = preset("ru-household-3").schedule
"""Neither the schedule that was found nor the one that was ordered."""


def in_force(count: int | None) -> TariffMode:
    return TariffMode(tariffs_in_force=count, current_tariff=1)


def page(body: Mapping[str, Any], language: Language = Language.RU) -> str:
    """The text of the act, one line for each piece of it."""
    drawn = re.sub(r"<(style|svg)\b.*?</\1>", "", html_act(body, OPENINGS, CHECKPOINT, language), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "\n", drawn))


def box(body: Mapping[str, Any], language: Language = Language.RU) -> str:
    """What stands before the first section, which is on the first page."""
    first = {Language.RU: "1. Основание", Language.EN: "1. Basis"}[language]
    return page(body, language).partition(first)[0]


def section(body: Mapping[str, Any], number: int, language: Language = Language.RU) -> str:
    told = re.split(r"\n(?=\d{1,2}\. )", page(body, language))
    return next(part for part in told if part.startswith(f"{number}. "))


def work_of(
    before: Snapshot | None = None,
    after: Snapshot | None = None,
    steps: tuple[tuple[str, str, str, str], ...] = STEPS,
    results: Mapping[str, str] | None = None,
    opened: Mapping[str, Any] | None = None,
    planned: Mapping[str, Any] | None = None,
) -> Fields:
    """The body of a work that went as these say."""
    work = WorkRecords()
    work.add("work.open", opening(**(opened or {})))
    work.read("before", before or works.before())
    work.add("work.plan", plan(steps, **(planned or {})))
    for step in steps:
        work.write(*step, result=(results or {}).get(step[0], "verified"))
    work.read("after", after or works.after())
    return works.body_of(work.fields)


# --- a way back -----------------------------------------------------------------------------------------------------

BACK = (
    ("schedule", "write back as it was: tariff schedule, 96 values", "96 stored values", "96 stored values"),
    ("tariff_mode", "write back as it was: number of tariffs, 1 value", "tariffs in force 02", "tariffs in force 01"),
)


def way_back() -> Fields:
    """The tariffs of an earlier work are taken back; the order still has its tariff plan."""
    before = replace(works.after(), clock=works.after().clock)
    after = replace(before, schedule=ONE_RATE, tariffs=in_force(1))
    opened = {"actions": ["read", "schedule", "tariff_mode"]}
    return work_of(before, after, BACK, opened=opened, planned={"restores": "124/1"})


def test_a_way_back_tells_the_work_it_takes_back_and_what_stands_there_now() -> None:
    body = way_back()
    assert "Возврат после работы № 124/1" in box(body)
    assert "две зоны" not in page(body), "the plan of the order"
    for name in ("день", "ночь"):
        assert f"({name})" not in page(body)
    assert "00:00–24:00 T1" in section(body, 11)
    told = passport_of(body)
    assert "Возврат после работы № 124/1." in told
    assert "Расписание: T1 00:00–24:00. Тарифов: 1." in told
    assert "household" not in told


def test_a_way_back_that_did_not_come_through_says_so() -> None:
    body = work_of(
        works.after(),
        works.after(),
        BACK,
        results={"schedule": "differs", "tariff_mode": "not-sent"},
        planned={"restores": "124/1"},
    )
    assert "возвратом к состоянию до работы № 124/1; подтверждено не всё" in box(body)


# --- names of zones -------------------------------------------------------------------------------------------------


def test_the_zones_of_the_order_stand_on_nothing_that_was_before_the_work() -> None:
    body = works.body_of(works.household_work())
    told = section(body, 11)
    was, now = told.split("Расписание после работы")
    assert "00:00–24:00 T1 (" not in was
    assert "00:00–24:00 T1" in was
    assert "07:00–23:00 T1 (день)" in now
    readings = section(body, 8)
    assert "T1 (день)" not in readings
    assert "Зона после работы" in readings


def test_zones_that_were_there_before_are_named_on_both_sides() -> None:
    before = replace(works.before(), schedule=DAY_NIGHT, tariffs=in_force(2))
    others = tuple(step for step in STEPS if step[0] not in ("schedule", "tariff_mode"))
    body = work_of(before, steps=others, planned={"untouched": ["schedule", "tariff_mode"]})
    assert "T1 (день)" in section(body, 8)
    assert "07:00–23:00 T1 (день)" in section(body, 11)


def test_zones_are_named_after_only_where_fewer_tariffs_were_in_force_before() -> None:
    before = replace(works.before(), schedule=DAY_NIGHT)
    others = tuple(step for step in STEPS if step[0] != "schedule")
    body = work_of(before, steps=others, planned={"untouched": ["schedule"]})
    assert "T1 (день)" not in section(body, 8)
    assert "Зона после работы" in section(body, 8)


NO_NAMES: Mapping[str, Fields] = {
    "the schedule was not confirmed": {"results": {"schedule": "differs", "tariff_mode": "not-sent"}},
    "the schedule was not to be written": {
        "steps": STEPS[:2],
        "before": replace(works.before(), schedule=DAY_NIGHT, tariffs=in_force(2)),
    },
    "fewer tariffs are in force": {"after": replace(works.after(), tariffs=in_force(1))},
    "how many are in force is not known": {"after": replace(works.after(), tariffs=in_force(None))},
    "the tariffs in force were not read": {"after": replace(works.after(), tariffs=None)},
    "the schedule was not read": {"after": replace(works.after(), schedule=None)},
    "nobody said what the tariffs mean": {"opened": {"tariff_plan": {"name": "ru-household-2", "zones": []}}},
}


@pytest.mark.parametrize("how", NO_NAMES)
def test_elsewhere_tariffs_go_by_their_numbers(how: str) -> None:
    body = work_of(**NO_NAMES[how])
    for text in (page(body), passport_of(body)):
        assert "(день)" not in text
        assert "(ночь)" not in text
    assert "Зона после работы" not in page(body)


def test_a_problem_with_what_was_read_back_takes_the_names_away() -> None:
    work = WorkRecords(fields=works.household_work())
    work.add("work.problem", {"kind": "ReadBackError", "text": "January sunday is 00:00 T3"})
    assert "(день)" not in page(works.body_of(work.fields))


# --- for the customer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "told", "not_told"),
    [
        (works.after(), "T2 (ночь): каждый день, весь год 23:00–07:00.", "не действ"),
        (
            replace(works.after(), tariffs=in_force(1)),
            "Действует один тариф: круглые сутки и круглый год учёт идёт по T1. Расписание, записанное в приборе, не "
            "действует",
            "23:00–07:00",
        ),
        (
            replace(works.after(), schedule=MIXED, tariffs=in_force(2)),
            "тарифы T3 в нём есть, но не действуют (действуют 2)",
            "(ночь)",
        ),
        (replace(works.after(), tariffs=None), "Сколько тарифов действует, не прочитано", "(ночь)"),
        (replace(works.after(), schedule=None), "Расписание после работы не прочитано", "23:00"),
        (
            replace(works.after(), schedule=Unliftable(reasons=("January sunday: no point at 00:00",))),
            "Таблицы прибора не складываются в расписание",
            "23:00",
        ),
        (replace(works.after(), dst=DstSetting(enabled=True)), "летом указанные часы наступают на час раньше", "позже"),
    ],
)
def test_the_customer_is_told_what_the_meter_does(after: Snapshot, told: str, not_told: str) -> None:
    text = section(work_of(after=after), 14)
    assert told in text
    assert not_told not in text


def test_a_schedule_that_does_not_act_stands_on_the_first_page() -> None:
    body = work_of(after=replace(works.after(), tariffs=in_force(1)))
    assert "Расписание, записанное в приборе, не действует" in box(body)
    assert "Не действуют: T2." in passport_of(body)


def test_where_there_is_summer_time_a_switch_that_is_off_is_told() -> None:
    place = {"place": {"tz": "Europe/Chisinau"}}
    assert "на час позже местного времени" in section(work_of(opened=place), 14)
    on = replace(works.after(), dst=DstSetting(enabled=True))
    assert "местного времени" not in section(work_of(after=on, opened=place), 14)


def test_a_place_that_went_over_to_another_time_once_has_no_summer_time() -> None:
    records = works.household_work()
    records[0]["d"]["place"] = {"tz": "Asia/Almaty"}
    for record in records:
        record["t"] = record["t"].replace("2026-11", "2024-05")  # its clocks went back for good on 1 March
    assert "местного времени" not in section(works.body_of(records), 14)


def test_a_clock_that_is_wrong_after_the_work_is_told_to_the_customer() -> None:
    clock = works.before().clock
    assert isinstance(clock, ClockReading)
    body = work_of(after=replace(works.after(), clock=clock), results={"clock": "differs"})
    assert "Часы прибора неверны (+1 ч 00 мин 14 с, спешит)" in section(body, 14)


# --- unfinished works -----------------------------------------------------------------------------------------------

HALF = {"January sunday": "00 00 FF", "January monday": "07 00 02"}
"""What was announced; the first of it stands in the state after, as `works` has it."""


def cut_off(schedule: YearSchedule | Unliftable, stored: Mapping[str, str] | None = None) -> Fields:
    """A work that ended in the middle of its schedule and was closed as it stood."""
    work = begun()
    work.add("work.plan", plan())
    for step in STEPS[:3]:
        work.write(*step)
    of = work.announce(STEPS[3][1], HALF)
    for i in range(len(HALF)):
        work.add("outcome", {"of": of, "i": i, "result": "ok"})
    after = replace(works.after(), schedule=schedule, tariffs=in_force(1))
    work.read("after", after if stored is None else replace(after, stored=stored))
    return works.body_of(work.fields)


@pytest.mark.parametrize("schedule", [MIXED, Unliftable(reasons=("January sunday differs from January monday",))])
def test_a_table_that_was_half_written_is_told_on_the_first_page(schedule: YearSchedule | Unliftable) -> None:
    body = cut_off(schedule)
    assert (body["result"], body["schedule_left"]) == ("partly", "mixed")
    assert "Тарифное расписание в приборе смешанное" in box(body)
    assert (
        "Наряд выполнен не полностью. Не выполнено или не подтверждено: запись тарифного расписания (стоит 1 из 2 "
        "значений), установка числа тарифов." in box(body)
    )
    assert "не совпадает ни с прежним, ни с заказанным" in section(body, 14)
    assert "Расписание смешанное: записано не полностью." in passport_of(body)
    assert "(день)" not in page(body)
    assert "mixed" in box(body, Language.EN)


def test_a_schedule_that_stayed_as_it_was_is_not_called_mixed() -> None:
    body = cut_off(ONE_RATE)
    assert body["schedule_left"] == "as-before"
    assert "смешанное" not in page(body)
    assert "Наряд выполнен не полностью" in box(body)


def test_a_schedule_that_stands_whole_without_a_result_is_not_called_mixed() -> None:
    body = cut_off(DAY_NIGHT, stored=HALF)
    assert body["schedule_left"] == "as-planned"
    assert "смешанное" not in page(body)
    assert "запись тарифного расписания" in box(body)


def test_a_work_that_wrote_is_never_one_in_which_nothing_was_written() -> None:
    work = begun()
    work.add("work.plan", plan(STEPS[3:]))
    work.add("outcome", {"of": work.announce(STEPS[3][1], HALF), "i": 0, "result": "ok"})
    work.add("verify", {"of": work.next_n - 2, "found": "00:00 T1", "same": True})
    work.read("check", replace(works.before(), schedule=MIXED))
    rest = ("schedule", "rewrite the tariff schedule: 56 records", *STEPS[3][2:])
    work.add("work.plan", plan((rest, STEPS[4])))
    work.read("after", replace(works.before(), schedule=MIXED))
    body = works.body_of(work.fields)
    assert body["result"] == "partly", "one of the two values stands"
    assert body["schedule_left"] == "mixed"
    assert "ничего не записывалось" not in page(body)


def test_what_the_order_wanted_and_no_plan_had_is_told_on_the_first_page() -> None:
    body = work_of(steps=STEPS[:2])
    assert body["result"] == "done"
    assert "полностью" not in box(body).replace("не полностью", "")
    assert "Не выполнено или не подтверждено: запись таблицы особых дней" in box(body)


def test_a_table_of_which_a_part_stands_is_not_one_in_which_nothing_does() -> None:
    work = begun(actions=["read", "schedule"])
    work.add("work.plan", plan(STEPS[3:4]))
    work.write(*STEPS[3], result="differs")
    work.announce(STEPS[3][1], HALF)
    work.read("after", replace(works.before(), schedule=MIXED))
    work.add("resolve", {"of": work.next_n - 3, "found": "00:00 T1", "decision": "unchanged"})
    told = box(works.body_of(work.fields))
    assert "ни одно изменение" not in told
    assert "работа выполнена частично" in told
    assert "запись тарифного расписания (стоит 1 из 3 значений)" in told


def test_where_every_step_is_confirmed_the_first_page_names_the_problem_instead() -> None:
    work = WorkRecords(fields=works.household_work())
    work.add("work.problem", {"kind": "EnergyMovedError", "text": "T1 fell from 18342.17 to 18242.21"})
    body = works.body_of(work.fields)
    assert body["result"] == "partly"
    told = box(body)
    assert "не всё подтверждено" not in told
    assert "все изменения подтверждены чтением, но" in told
    assert "проверка после работы выявила: показания изменились так, как не могли" in told
    assert "readings moved as they cannot" in box(body, Language.EN)
    assert "не всё подтверждено" not in passport_of(body)
    assert "проверка после работы не сошлась" in passport_of(body)


def test_a_problem_beside_a_step_that_is_not_confirmed_is_named_with_it() -> None:
    work = begun()
    work.add("work.plan", plan())
    for step in STEPS:
        work.write(*step, result="differs" if step[0] == "clock" else "verified")
    work.add("work.problem", {"kind": "EnergyMovedError", "text": "T1 fell"})
    told = box(works.body_of(work.fields))
    assert "не всё подтверждено чтением; проверка после работы выявила: показания изменились" in told
    assert "установка часов" in told


# --- frames by the hundred -------------------------------------------------------------------------------------------

TABLE = {f"January {i}": "00 00 FF" for i in range(60)}


def killed(decisions: Mapping[int, str]) -> Fields:
    """Ended behind the third frame of a table; then these frames were read."""
    work = begun()
    work.add("work.plan", plan(STEPS[3:4]))
    of = work.announce(STEPS[3][1], TABLE)
    for i in range(3):
        work.add("outcome", {"of": of, "i": i, "result": "ok"})
    for i, decision in decisions.items():
        found = "07:00 T1" if decision == "written" else "00:00 T1"
        work.add("resolve", {"of": of, "i": i, "found": found, "decision": decision})
    return works.body_of(work.fields)


def lines_under(label: str, text: str) -> list[str]:
    """The texts that stand behind this label."""
    return [told for one, told in pairwise(line for line in text.splitlines() if line) if one == label]


def test_frames_that_were_settled_alike_are_told_in_one_line() -> None:
    decisions = {i: "written" if i < 4 else "other" if i == 20 else "unchanged" for i in range(60)}
    body = killed(decisions)
    of = body["resolved"][0]["of"]
    assert len(body["resolved"]) == 60, "each frame stands in the body"
    assert lines_under("Разрешено чтением", section(body, 12)) == [
        f"запись тарифного расписания, кадры 0–3 записи {of}; прочитано: 07:00 T1; решение: записано",
        f"запись тарифного расписания, кадры 4–19, 21–59 записи {of}: по журналу, прибору не отправлялось; прочитано: "
        "00:00 T1; решение: осталось прежнее",
        f"запись тарифного расписания, кадр 20 записи {of}: по журналу, прибору не отправлялось; прочитано: 00:00 T1; "
        "решение: стоит другое",
    ]
    assert f"frames 4–19, 21–59 of record {of}: by the log not sent" in section(body, 12, Language.EN)


def test_frames_that_were_read_otherwise_than_one_another_are_told_to_stand_in_the_log() -> None:
    work = begun()
    work.add("work.plan", plan(STEPS[3:4]))
    of = work.announce(STEPS[3][1], HALF)
    for i, found in enumerate(("00:00 T1", "07:00 T1")):
        work.add("outcome", {"of": of, "i": i, "result": "ok"})
        work.add("resolve", {"of": of, "i": i, "found": found, "decision": "other"})
    told = section(works.body_of(work.fields), 12)
    assert f"кадры 0–1 записи {of}; прочитано: подробности в журнале работ; решение: стоит другое" in told


def test_frames_in_doubt_are_told_in_one_line_where_they_are_alike() -> None:
    body = killed({})
    of = body["doubts"][0]["of"]
    told = lines_under("Исход неизвестен", section(body, 12))
    assert len(told) == 2
    assert told[0].startswith(f"запись тарифного расписания, кадр 3 записи {of} (")
    assert told[1] == f"запись тарифного расписания, кадры 4–59 записи {of}: по журналу, прибору не отправлялось"


def test_a_work_that_was_killed_in_a_table_has_two_sheets() -> None:
    body = killed(dict.fromkeys(range(60), "unchanged"))
    assert len(pypdfium2.PdfDocument(pdf_act(body, OPENINGS, CHECKPOINT))) == 2


# --- in the language of the paper -----------------------------------------------------------------------------------


def _strange() -> Fields:
    """Everything that programs say in English at once."""
    work = begun()
    snapshot = work.fields[2]["d"]["snapshot"]
    snapshot |= {"schedule_notes": ["holidays: (2, 31) is no date"], "unliftable": ["January sunday: no point"]}
    snapshot["absent"] += [{"what": "settings", "reason": "No answer from address 411486 on COM3"}]
    snapshot["status"] += [{"name": "build options", "value": "meaning not known (00 03)", "raw": "00", "unit": ""}]
    warnings = [
        {"code": "clock-unread", "facts": {"reason": "the meter refused"}},
        {"code": "experimental", "facts": {"capability": "set_clock"}},
        {"code": "dst-used-here", "facts": {"zone": "Europe/Chisinau"}},
    ]
    odd = ("display", "set what the display shows", "display T1", "T1, sum")
    work.add("work.plan", plan((*STEPS, odd), warnings=warnings, confirmed={"by": "p1", "how": "--yes"}))
    work.write(*STEPS[0], result="differs", found="DST flag 01", detail="the disk was too slow")
    of = work.announce(STEPS[1][1], {"the clock": "2026"})
    work.add("outcome", {"of": of, "i": 0, "result": "no-answer"})
    settled = work.announce(STEPS[3][1], HALF)
    work.add("resolve", {"of": settled, "i": 0, "found": "January sunday", "decision": "written"})
    work.add("work.problem", {"kind": "ReadBackError", "text": "Meter 43096744: DST flag is 01"})
    work.add("photo.taken", {"sha256": "00" * 32})
    work.read("after", works.after())
    return works.body_of(work.fields)


OUR_NAMES = ("meterlink 0.1.0.dev0", "mercury-200.02", "SHA-256", "UTC", "RS-485", "QR", "IV до", "III до", works.LOG)


@pytest.mark.parametrize("body", [works.body_of(works.household_work()), way_back(), cut_off(MIXED), _strange()])
def test_a_russian_act_holds_no_english(body: Fields) -> None:
    """But names, hashes, bytes and the lines of the checkpoint."""
    text = page(body)
    for name in (html.unescape(CHECKPOINT.rstrip()), *OUR_NAMES):
        text = text.replace(name, "")
    text = re.sub(r"\b[0-9a-f]{6,}\b|\b[0-9A-F]{2}(?: [0-9A-F]{2})+\b", "", text)
    assert re.findall(r".*[A-Za-z]{2,}.*", text) == []
    assert "{DOC}" not in page(body, Language.EN)


def test_the_basis_is_told_once() -> None:
    told = section(works.body_of(works.household_work()), 1)
    assert told.count("заявление") == 1
    order = opening()["order"] | {"basis_text": "№ 44 от 10.11.2026"}
    assert "заявление потребителя: № 44 от 10.11.2026" in section(work_of(opened={"order": order}), 1)


def test_who_confirmed_and_how_is_told_in_words() -> None:
    assert "Петров Сергей Иванович, набран заводской номер прибора" in page(works.body_of(works.household_work()))


def test_the_transformers_are_told_with_type_numbers_and_ratio() -> None:
    stated = {"ct_type": "ТТН-40", "ct_numbers": "1705-113, 1705-114", "ratio_ct": 40}
    told = section(work_of(opened={"meter": opening()["meter"] | stated}), 6)
    assert "Трансформаторы тока ТТН-40, № 1705-113, 1705-114, коэффициент 40" in " ".join(told.split())
    assert "Трансформаторы напряжения не указано" in " ".join(told.split())


# --- sums and times -------------------------------------------------------------------------------------------------


def test_the_sum_of_the_tariffs_is_said_to_be_calculated() -> None:
    rows = section(works.body_of(works.household_work()), 8).split("Сумма (по прибору)")[1]
    assert rows.split("Сумма тарифов (расчётная)")[1].split()[:3] == ["18342,17", "18342,21", "+0,04"]


def test_a_meter_that_keeps_no_total_has_a_calculated_one() -> None:
    states = [works.before(), works.after()]
    without = [
        replace(
            state,
            energy=replace(
                state.energy,
                registers=tuple(each for each in state.energy.registers if each.register != "total"),
            ),
        )
        for state in states
    ]
    body = work_of(before=without[0], after=without[1])
    assert "Сумма (по прибору)" not in page(body)
    assert "Сумма тарифов (расчётная)" in section(body, 8)
    assert "сумма тарифов (расчётная) 18342,21 кВт·ч" in passport_of(body)


def test_a_total_that_is_not_the_sum_is_told() -> None:
    records = works.household_work()
    for record in records:
        for value in record["d"].get("snapshot", {}).get("energy", []):
            if value["register"] == "total":
                value["kwh"] = "18342.30"
    body = works.body_of(records)
    assert "Сумма по прибору отличается от расчётной на +0,09 кВт·ч." in section(body, 8)


def test_an_amount_that_was_not_read_has_no_sum() -> None:
    records = works.household_work()
    after = next(each for each in reversed(records) if each["d"].get("purpose") == "after" and "snapshot" in each["d"])
    del after["d"]["snapshot"]["energy"][1]
    rows = section(works.body_of(records), 8).split("Сумма тарифов (расчётная)")[1]
    assert rows.split()[0] == "18342,17"
    assert rows.replace("\n", " ").split("18342,17")[1].strip().startswith("не прочитано")


def test_the_times_of_a_visit_stand_in_their_order() -> None:
    body = work_of(opened={"arrived_at": "2026-11-21T11:58:00+03:00"})
    assert body["course"]["arrived_at"] == "2026-11-21T11:58:00+03:00"
    told = section(body, 1)
    heads = ["Прибытие", "Первое чтение", "Запись в прибор с", "Запись в прибор по", "Последнее чтение", "Окончание"]
    places = [told.index(head) for head in heads]
    assert places == sorted(places)
    assert "21.11.2026 11:58:00" in told
    assert "Начало записи" not in told


def test_a_work_without_an_arrival_begins_with_its_first_record() -> None:
    body = works.body_of(works.household_work())
    assert body["course"]["arrived_at"] == "not-stated"
    assert "Начало записи в журнал" in section(body, 1)


def test_a_seal_that_nobody_was_asked_about_is_one_that_the_order_expects() -> None:
    seals = [{"number": "0047711", **works.SEAL, "state": "not-stated"}]
    body = work_of(opened={"seals": seals, "form_stated": False})
    told = [line for line in section(body, 7).splitlines() if line]
    assert "ожидалась по наряду" in told
    assert "состояние не указано" in told
    assert "найдена" not in told
    assert "Найденные пломбы: не указаны." in section(body, 7)


def test_the_time_of_a_step_is_that_of_its_last_write() -> None:
    work = begun()
    work.add("work.plan", plan(STEPS[:1]))
    work.add("outcome", {"of": work.announce(STEPS[0][1]), "i": 0, "result": "ok"})
    work.at = works.BEGAN + timedelta(days=3)
    work.add("work.step", {"action": "dst_off", "operation": STEPS[0][1], "result": "verified"})
    row = [line for line in section(works.body_of(work.fields), 12).splitlines() if line][6:11]
    assert row[0] == "отключение автоматического перехода на летнее время"
    assert row[4] == "21.11.2026 12:08:51"


def test_nobody_says_when_a_seal_came_off_that_was_stated_at_the_start() -> None:
    body = work_of(opened={"removed": [{"number": "0047711", "place": "крышка", "reason": "доступ"}]})
    (seal,) = body["seals"]["removed"]
    assert seal["at"] == "not-stated"
    assert "доступ; " not in section(body, 7)


# --- on paper -------------------------------------------------------------------------------------------------------


def lines_of(page: pypdfium2.PdfPage) -> list[str]:
    """From the top, the foot left out."""
    told = page.get_textpage().get_text_range().splitlines()
    return [line.strip() for line in told if line.strip() and "лист" not in line]


@pytest.mark.parametrize("seals", range(14) if LONG else range(0, 14, 3))
def test_no_head_stands_alone_and_no_page_holds_a_mere_line(seals: int) -> None:
    """Each seal is one line more; METERLINK_LONG=1 tries each number of them."""
    work = WorkRecords(fields=works.household_work())
    for number in range(seals):
        work.add("seal", {"event": "installed", "number": str(number), **works.SEAL})
    document = pypdfium2.PdfDocument(pdf_act(works.body_of(work.fields), OPENINGS, CHECKPOINT))
    told = [lines_of(each) for each in document]
    heads = re.compile(r"\d{1,2}\. [А-Я].*")
    assert [lines[-1] for lines in told if heads.fullmatch(lines[-1])] == []
    assert len(told[-1]) > 6, told[-1]
