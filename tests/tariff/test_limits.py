"""Whether a schedule fits a meter: every limit has its name."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from meterlink.errors import ScheduleError
from meterlink.tariff import (
    KINDS_OF_DAY,
    DayKind,
    Rule,
    ScheduleLimits,
    YearSchedule,
    broken_limits,
    check_limits,
    check_special_days,
    preset,
    schedule_from_table,
)

ROOMY = ScheduleLimits(tariffs=4, points_per_day=8, seasons=12, special_days=16)
TWO_ZONES = "00:00 T2 | 07:00 T1 | 23:00 T2"


def schedule(special_days: dict[str, list[str]] | None = None, **programs: str) -> YearSchedule:
    winter = {"starts": "10-15", "every_day": "00:00 T1"}
    table = {"spec": 1, "season": [{"starts": "04-01", "every_day": TWO_ZONES, **programs}, winter]}
    return schedule_from_table(table | {"special_days": special_days or {}})


@dataclass(frozen=True, kw_only=True)
class LimitCase:
    name: str
    schedule: YearSchedule
    limits: ScheduleLimits
    rule: str
    says: str


CASES = [
    LimitCase(
        name="too many tariffs",
        schedule=preset("ru-household-3").schedule,
        limits=replace(ROOMY, tariffs=2),
        rule="tariffs-limit",
        says="season 01-01, sunday: T3 is used, the meter has 2 tariff(s)",
    ),
    LimitCase(
        name="too many points",
        schedule=preset("ru-household-3").schedule,
        limits=replace(ROOMY, points_per_day=5),
        rule="points-limit",
        says="6 switch points, the meter holds 5 a day",
    ),
    LimitCase(
        name="too many seasons",
        schedule=schedule(),
        limits=replace(ROOMY, seasons=1),
        rule="seasons-limit",
        says="2 seasons, the meter holds 1",
    ),
    LimitCase(
        name="too many special days",
        schedule=schedule({"holiday": ["01-01", "01-02"]}),
        limits=replace(ROOMY, special_days=1),
        rule="special-days-limit",
        says="2 special days, the meter holds 1",
    ),
    LimitCase(
        name="off the step",
        schedule=schedule(friday="00:00 T2 | 07:10 T1"),
        limits=replace(ROOMY, step_minutes=30),
        rule="step",
        says="season 04-01, friday: the switch at 07:10",
    ),
    LimitCase(
        name="season inside a month",
        schedule=schedule(),
        limits=replace(ROOMY, seasons_by_month=True),
        rule="seasons-by-month",
        says="season 10-15",
    ),
    LimitCase(
        name="Friday apart in a meter that knows workdays",
        schedule=schedule(friday="00:00 T1"),
        limits=replace(ROOMY, kinds=KINDS_OF_DAY[4]),
        rule="kinds-alike",
        says="monday and friday differ",
    ),
    LimitCase(
        name="Saturday apart in a meter that knows the weekend",
        schedule=schedule(saturday="00:00 T1"),
        limits=replace(ROOMY, kinds=KINDS_OF_DAY[3]),
        rule="kinds-alike",
        says="sunday and saturday differ",
    ),
    LimitCase(
        name="a holiday in a meter without holidays",
        schedule=schedule({"holiday": ["05-09"]}),
        limits=replace(ROOMY, kinds=KINDS_OF_DAY[7]),
        rule="special-kind",
        says="special day 05-09: the meter cannot treat a special day as holiday",
    ),
    LimitCase(
        name="a day counted as Saturday in a meter that has only holidays",
        schedule=schedule({"saturday": ["05-09"]}),
        limits=replace(ROOMY, special_kinds=frozenset({DayKind.HOLIDAY})),
        rule="special-kind",
        says="as saturday",
    ),
    LimitCase(
        name="a date of one year in a meter that repeats dates",
        schedule=schedule({"holiday": ["2027-05-10"]}),
        limits=replace(ROOMY, special_days_yearly=True),
        rule="special-days-yearly",
        says="special day 2027-05-10",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_broken_limit_is_named(case: LimitCase) -> None:
    check_limits(case.schedule, ROOMY)
    with pytest.raises(ScheduleError) as caught:
        check_limits(case.schedule, case.limits)
    assert caught.value.rule == case.rule
    assert case.says in str(caught.value)


def test_every_broken_limit_is_listed() -> None:
    tight = ScheduleLimits(tariffs=1, points_per_day=2, seasons=1, special_days=0, step_minutes=60)
    rules = {error.rule for error in broken_limits(schedule({"holiday": ["01-01"]}), tight)}
    assert rules == {"tariffs-limit", "points-limit", "seasons-limit", "special-days-limit"}


def test_a_meter_without_holidays_does_not_mind_the_holiday_program() -> None:
    check_limits(schedule(holiday="00:00 T8"), replace(ROOMY, kinds=KINDS_OF_DAY[7]))


def test_days_alone_are_held_against_the_limits_of_special_days() -> None:
    limits = replace(ROOMY, special_days=2)
    check_special_days([(1, 1), (2, 29)], limits)
    with pytest.raises(ScheduleError) as caught:
        check_special_days([(1, 1), (2, 29), (5, 9)], limits)
    assert caught.value.rule == Rule.SPECIAL_DAYS_LIMIT.value
