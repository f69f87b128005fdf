"""What a visit says to people of actions, steps and results, in both languages."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from meterlink.driver import (
    SetButtonCorrection,
    SetDisplay,
    SetDst,
    SetHolidays,
    SetSchedule,
    SetTariffCount,
    Setting,
    Unliftable,
)
from meterlink.flow import Change
from meterlink.language import Language
from meterlink.model import Action, DstSetting, EnergyReading, Evidence, Holidays, Identity, TariffMode
from meterlink.tariff import YearSchedule, preset, schedule_from_table
from meterlink.visit.plan import ClockMethod, ClockStep, Plan, Step
from meterlink.visit.snapshot import Snapshot
from meterlink.visit.words import action_words, old_new_words, operation_words, result_words, untouched_words
from tests.visit.languages import CYRILLIC, EN, RU
from tests.visit.made_up import order

NOW = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)


def snapshot(
    dst: DstSetting | None = None,
    tariffs: TariffMode | None = None,
    schedule: YearSchedule | Unliftable | None = None,
    holidays: Holidays | None = None,
) -> Snapshot:
    return Snapshot(
        identity=Identity(family="mercury200", model="mercury-206", serial_number="12345678", address="12345678"),
        read_at=NOW,
        energy=EnergyReading(registers=(), read_at=NOW),
        dst=dst,
        tariffs=tariffs,
        schedule=schedule,
        holidays=holidays,
    )


def step(
    action: Action,
    setting: Setting | None = None,
    *changes: Change,
    clock: ClockStep | None = None,
) -> Step:
    return Step(
        action=action,
        capability="set_x",
        evidence=Evidence.DOCUMENT,
        source="test",
        setting=setting,
        changes=changes,
        clock=clock,
    )


def clock_step(error: timedelta, method: ClockMethod = ClockMethod.HARD) -> Step:
    return step(Action.CLOCK, clock=ClockStep(method=method, error=error))


def records(count: int) -> list[Change]:
    return [Change(parameter=f"schedule {number}", old="00", new="01") for number in range(count)]


def year(every_day: str, **kinds: str) -> YearSchedule:
    return schedule_from_table({"spec": 1, "season": [{"starts": "01-01", "every_day": every_day, **kinds}]})


# --- actions and results --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", Action)
def test_every_action_has_a_name_in_both_languages(action: Action) -> None:
    assert re.fullmatch("[a-z: ]+", action_words(action, EN))
    assert CYRILLIC.search(action_words(action, RU))
    assert action_words(action.value, RU) == action_words(action, RU)


STEP_RESULTS = ("verified", "differs", "refused", "in-doubt", "not-sent")
WORK_RESULTS = ("done", "nothing", "partly", "failed", "in-doubt", "cancelled")


def test_every_result_of_a_step_and_of_a_work_is_told_apart() -> None:
    for results in (STEP_RESULTS, WORK_RESULTS):
        for language in Language:
            assert len({result_words(result, language) for result in results}) == len(results)
        assert all(CYRILLIC.search(result_words(result, RU)) for result in results)


@given(text=st.text())
def test_a_text_that_is_no_action_or_result_is_told_as_it_stands(text: str) -> None:
    unknown = f"?{text}"
    assert action_words(unknown, RU) == result_words(unknown, RU) == unknown


# --- steps ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StepCase:
    name: str
    step: Step
    english: str
    russian: str
    before: Snapshot
    old_new: tuple[str, str]
    old_new_ru: tuple[str, str]


HOUR = timedelta(hours=1, seconds=14)
ONE, TWO = preset("ru-household-1").schedule, preset("ru-household-2").schedule

STEPS = [
    StepCase(
        name="summer time off",
        step=step(Action.DST_OFF, SetDst(enabled=False), Change(parameter="dst", old="FF", new="00")),
        english="switch the automatic change to summer time off",
        russian="выключить автоматический переход на летнее время",
        before=snapshot(dst=DstSetting(enabled=True)),
        old_new=("on", "off"),
        old_new_ru=("включён", "выключен"),
    ),
    StepCase(
        name="summer time on, where it cannot be told what stands there",
        step=step(Action.DST_ON, SetDst(enabled=True)),
        english="switch the automatic change to summer time on",
        russian="включить автоматический переход на летнее время",
        before=snapshot(dst=DstSetting(enabled=None)),
        old_new=("not known", "on"),
        old_new_ru=("неизвестно", "включён"),
    ),
    StepCase(
        name="a clock that is ahead goes back",
        step=clock_step(HOUR),
        english="set the clock back by 1 h 00 min 14 s",
        russian="перевести часы назад на 1 ч 00 мин 14 с",
        before=snapshot(),
        old_new=("1 h 00 min 14 s ahead", "right"),
        old_new_ru=("спешат на 1 ч 00 мин 14 с", "верны"),
    ),
    StepCase(
        name="a clock that is behind goes forward",
        step=clock_step(-HOUR),
        english="set the clock forward by 1 h 00 min 14 s",
        russian="перевести часы вперёд на 1 ч 00 мин 14 с",
        before=snapshot(),
        old_new=("1 h 00 min 14 s behind", "right"),
        old_new_ru=("отстают на 1 ч 00 мин 14 с", "верны"),
    ),
    StepCase(
        name="a clock that runs into the right time",
        step=clock_step(timedelta(seconds=-40), ClockMethod.SOFT),
        english="let the clock run into the right time: forward by 40 s",
        russian="плавно скорректировать часы: вперёд на 40 с",
        before=snapshot(),
        old_new=("40 s behind", "right"),
        old_new_ru=("отстают на 40 с", "верны"),
    ),
    StepCase(
        name="a schedule by the names of its plans",
        step=step(Action.SCHEDULE, SetSchedule(schedule=TWO), *records(96)),
        english="rewrite the tariff schedule: 96 records",
        russian="переписать тарифное расписание: 96 записей",
        before=snapshot(schedule=ONE),
        old_new=("ru-household-1", "ru-household-2"),
        old_new_ru=("ru-household-1", "ru-household-2"),
    ),
    StepCase(
        name="one program of all days is told itself",
        step=step(Action.SCHEDULE, SetSchedule(schedule=TWO), *records(1)),
        english="rewrite the tariff schedule: 1 record",
        russian="переписать тарифное расписание: 1 запись",
        before=snapshot(schedule=year("00:00 T2 | 08:00 T1 | 22:00 T2")),
        old_new=("00:00 T2 | 08:00 T1 | 22:00 T2", "ru-household-2"),
        old_new_ru=("00:00 T2 | 08:00 T1 | 22:00 T2", "ru-household-2"),
    ),
    StepCase(
        name="several programs are counted",
        step=step(Action.SCHEDULE, SetSchedule(schedule=TWO), *records(2)),
        english="rewrite the tariff schedule: 2 records",
        russian="переписать тарифное расписание: 2 записи",
        before=snapshot(schedule=year("00:00 T1", sunday="00:00 T2", holiday="00:00 T2")),
        old_new=("2 day programs, 2 tariffs", "ru-household-2"),
        old_new_ru=("2 суточные программы, 2 тарифа", "ru-household-2"),
    ),
    StepCase(
        name="schedules of the same size are told apart by how much differs",
        step=step(Action.SCHEDULE, SetSchedule(schedule=year("00:00 T1", saturday="00:00 T2")), *records(5)),
        english="rewrite the tariff schedule: 5 records",
        russian="переписать тарифное расписание: 5 записей",
        before=snapshot(schedule=year("00:00 T1", sunday="00:00 T2")),
        old_new=("2 day programs, 2 tariffs", "2 day programs, 2 tariffs, 2 differences"),
        old_new_ru=("2 суточные программы, 2 тарифа", "2 суточные программы, 2 тарифа, 2 отличия"),
    ),
    StepCase(
        name="tables that are no schedule",
        step=step(Action.SCHEDULE, SetSchedule(schedule=ONE), *records(21)),
        english="rewrite the tariff schedule: 21 records",
        russian="переписать тарифное расписание: 21 запись",
        before=snapshot(schedule=Unliftable(reasons=("a point at 25:00",))),
        old_new=("no schedule that can be told", "ru-household-1"),
        old_new_ru=("не складывается в расписание", "ru-household-1"),
    ),
    StepCase(
        name="special days",
        step=step(Action.HOLIDAYS, SetHolidays(days=((1, 1), (1, 2), (5, 9)))),
        english="write the table of special days: 3 days",
        russian="записать таблицу особых дней: 3 дня",
        before=snapshot(holidays=Holidays(days=())),
        old_new=("none", "1-2 Jan, 9 May"),
        old_new_ru=("нет", "1-2 янв, 9 мая"),
    ),
    StepCase(
        name="days that no calendar has",
        step=step(Action.HOLIDAYS, SetHolidays(days=())),
        english="clear the table of special days",
        russian="очистить таблицу особых дней",
        before=snapshot(holidays=Holidays(days=((2, 30), (13, 1)))),
        old_new=("02-30, 13-01", "none"),
        old_new_ru=("02-30, 13-01", "нет"),
    ),
    StepCase(
        name="many special days are counted",
        step=step(Action.HOLIDAYS, SetHolidays(days=((1, 1),))),
        english="write the table of special days: 1 day",
        russian="записать таблицу особых дней: 1 день",
        before=snapshot(holidays=Holidays(days=tuple((month, day) for month in range(1, 9) for day in (1, 11)))),
        old_new=("16 days", "1 Jan"),
        old_new_ru=("16 дней", "1 янв"),
    ),
    StepCase(
        name="two tariffs instead of one",
        step=step(Action.TARIFF_MODE, SetTariffCount(count=2)),
        english="put 2 tariffs in force",
        russian="ввести в действие 2 тарифа",
        before=snapshot(tariffs=TariffMode(tariffs_in_force=1, current_tariff=1)),
        old_new=("1 tariff", "2 tariffs"),
        old_new_ru=("1 тариф", "2 тарифа"),
    ),
    StepCase(
        name="one tariff, where the mode was not read",
        step=step(Action.TARIFF_MODE, SetTariffCount(count=1)),
        english="put 1 tariff in force",
        russian="ввести в действие 1 тариф",
        before=snapshot(),
        old_new=("not read", "1 tariff"),
        old_new_ru=("не прочитано", "1 тариф"),
    ),
    StepCase(
        name="the display",
        step=step(
            Action.DISPLAY,
            SetDisplay(values={"total": "shown", "seconds": 10}),
            Change(parameter="display", old="1F", new="3F"),
        ),
        english="set what the display shows",
        russian="настроить индикацию",
        before=snapshot(),
        old_new=("display 1F", "total shown, seconds 10"),
        old_new_ru=("display 1F", "total shown, seconds 10"),
    ),
    StepCase(
        name="the buttons may correct",
        step=step(
            Action.BUTTON_CORRECTION,
            SetButtonCorrection(minutes=30),
            Change(parameter="buttons", old=None, new="1E"),
        ),
        english="let the buttons correct the clock by up to 30 min a year",
        russian="разрешить коррекцию часов кнопками: до 30 мин в год",
        before=snapshot(),
        old_new=("buttons not known", "30 min a year"),
        old_new_ru=("buttons неизвестно", "30 мин в год"),
    ),
    StepCase(
        name="the buttons may not correct",
        step=step(
            Action.BUTTON_CORRECTION,
            SetButtonCorrection(minutes=0),
            Change(parameter="buttons", old="1E", new="00"),
        ),
        english="forbid the buttons to correct the clock",
        russian="запретить коррекцию часов кнопками",
        before=snapshot(),
        old_new=("buttons 1E", "forbidden"),
        old_new_ru=("buttons 1E", "запрещена"),
    ),
    StepCase(
        name="stored values of an earlier work are written back",
        step=step(Action.DISPLAY, None, *records(12)),
        english="write back as it was: display, 12 values",
        russian="вернуть прежнее: индикация, 12 значений",
        before=snapshot(),
        old_new=("12 stored values", "12 stored values"),
        old_new_ru=("12 хранимых значений", "12 хранимых значений"),
    ),
    StepCase(
        name="stored values that the family can tell",
        step=replace(
            step(Action.BUTTON_CORRECTION, None, Change(parameter="buttons", old="1E", new="00")),
            told=(Change(parameter="buttons", old="30 min", new="off"),),
        ),
        english="write back as it was: correction of the clock by the buttons, 1 value",
        russian="вернуть прежнее: коррекция часов кнопками, 1 значение",
        before=snapshot(),
        old_new=("buttons 30 min", "buttons off"),
        old_new_ru=("buttons 30 min", "buttons off"),
    ),
    StepCase(
        name="an earlier schedule that nobody can tell",
        step=step(Action.SCHEDULE, None, *records(12)),
        english="write back as it was: tariff schedule, 12 values",
        russian="вернуть прежнее: тарифное расписание, 12 значений",
        before=snapshot(schedule=TWO),
        old_new=("ru-household-2", "no schedule that can be told"),
        old_new_ru=("ru-household-2", "не складывается в расписание"),
    ),
]


@pytest.mark.parametrize("case", STEPS, ids=lambda case: case.name)
def test_a_step_is_told_as_an_instruction(case: StepCase) -> None:
    assert operation_words(case.step, EN) == case.english
    assert operation_words(case.step, RU) == case.russian


@pytest.mark.parametrize("case", STEPS, ids=lambda case: case.name)
def test_a_step_says_what_stood_there_and_what_shall_stand_there(case: StepCase) -> None:
    assert old_new_words(case.step, case.before, EN) == case.old_new
    assert old_new_words(case.step, case.before, RU) == case.old_new_ru


def test_every_action_that_writes_is_among_the_cases() -> None:
    assert {case.step.action for case in STEPS} == set(Action) - {Action.READ}


def test_what_was_not_read_is_said() -> None:
    for setting in (SetDst(enabled=False), SetSchedule(schedule=ONE), SetHolidays(days=())):
        writing = step(Action.SCHEDULE, setting)
        assert old_new_words(writing, snapshot(), EN)[0] == "not read"
        assert old_new_words(writing, snapshot(), RU)[0] == "не прочитано"


# --- what stays -----------------------------------------------------------------------------------------------------

ORDER = order(Action.READ, Action.CLOCK, Action.DST_OFF, Action.HOLIDAYS, Action.SCHEDULE)
PLAN = Plan(
    order=ORDER,
    before=snapshot(),
    steps=(clock_step(HOUR), step(Action.SCHEDULE, SetSchedule(schedule=TWO))),
    untouched=(Action.DST_OFF,),
    made_at=NOW,
)


def test_what_a_plan_does_not_touch_is_named_with_the_reason() -> None:
    assert untouched_words(PLAN, EN) == (
        "energy registers: never written",
        "network address, limits and load relay: never written",
        "automatic change to summer time: as ordered already",
        "special days: ordered, but no step of this plan",
        "number of tariffs: not in the order",
        "display: not in the order",
        "correction of the clock by the buttons: not in the order",
    )
    assert untouched_words(PLAN, RU) == (
        "регистры энергии: никогда не изменяются",
        "сетевой адрес, лимиты и реле нагрузки: никогда не изменяются",
        "автоматический переход на летнее время: уже как в наряде",
        "особые дни: есть в наряде, но в план не входит",
        "число тарифов: нет в наряде",
        "индикация: нет в наряде",
        "коррекция часов кнопками: нет в наряде",
    )


def test_a_preview_and_a_restoring_plan_speak_of_themselves_and_not_of_an_order() -> None:
    back = replace(PLAN, restores="7/1")
    for plan in (replace(PLAN, order=replace(ORDER, is_preview=True)), back):
        assert untouched_words(plan, EN)[-1] == "correction of the clock by the buttons: no part of this plan"
        assert untouched_words(plan, RU)[-1] == "коррекция часов кнопками: в план не входит"
    assert untouched_words(back, EN)[2] == "automatic change to summer time: as it was already"
    assert untouched_words(back, RU)[2] == "автоматический переход на летнее время: уже как было"


@given(actions=st.sets(st.sampled_from(list(Action))))
def test_whatever_is_planned_is_not_said_to_stay(actions: set[Action]) -> None:
    plan = replace(PLAN, steps=tuple(step(action) for action in actions))
    told = " ".join(untouched_words(plan, EN))
    assert ("tariff schedule:" in told) is (Action.SCHEDULE not in actions)
    assert ("summer time:" in told) is actions.isdisjoint({Action.DST_OFF, Action.DST_ON})
    assert "energy registers" in told
