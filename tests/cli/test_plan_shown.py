"""How a plan is shown to people: words and pictures, also where it goes back to an earlier state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meterlink.cli.plan_shown import show_plan
from meterlink.language import Language
from meterlink.model import Action, TariffMode
from meterlink.visit.plan import Plan, Terms, TimeSource
from meterlink.visit.planning import restore_plan
from meterlink.visit.snapshot import Snapshot
from meterlink_mercury200 import DRIVER
from tests.visit.made_up import NOW, ONE_ZONE, PROFILE, TWO_ZONES, order, state, with_stored

NIGHT_BAR = "222222222222221111111111111111111111111111111122"
ONE_BAR = 48 * "1"
NOW_TWO = replace(state(schedule=TWO_ZONES, dst=False), tariffs=TariffMode(tariffs_in_force=2, current_tariff=1))
ALL = (Action.DST_ON, Action.SCHEDULE, Action.TARIFF_MODE)


def back_to(earlier: Snapshot, *listed: Action, now: Snapshot = NOW_TWO) -> Plan:
    return restore_plan(
        Terms(
            order=order(*listed),
            driver=DRIVER,
            profile=PROFILE,
            before=now,
            time_source=TimeSource.UNKNOWN,
            experimental=False,
            now=NOW,
        ),
        earlier=earlier,
        actions=(Action.DST_OFF, Action.SCHEDULE),
        restores="117/1",
    )


def shown(plan: Plan, capsys: pytest.CaptureFixture[str], language: Language = Language.EN) -> str:
    show_plan(plan, language)
    return capsys.readouterr().out


def test_the_way_back_is_shown_in_words_and_as_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    told = shown(back_to(state(schedule=ONE_ZONE), *ALL), capsys)
    assert "to be written back, as it was before the work 117/1, in this order" in told
    assert "1. switch the automatic change to summer time on: off -> on" in told
    assert "2. rewrite the tariff schedule: 96 records: ru-household-2 -> ru-household-1" in told
    before, after = told.split("the schedule as it is:")[1].split("the schedule as it will be:")
    assert NIGHT_BAR in before
    assert ONE_BAR in after
    assert "stored values" not in told
    assert "number of tariffs: no part of this plan" in told


def test_the_way_back_is_told_in_russian(capsys: pytest.CaptureFixture[str]) -> None:
    told = shown(back_to(state(schedule=ONE_ZONE), Action.DST_OFF, Action.SCHEDULE), capsys, Language.RU)
    assert "будет возвращено то, что было до работы 117/1, в этом порядке" in told
    assert "1. переписать тарифное расписание: 96 записей: ru-household-2 -> ru-household-1" in told
    assert "чтобы вернуть прежнее, в действиях наряда должно быть dst_on" in told
    assert "автоматический переход на летнее время: в план не входит" in told


def test_where_the_earlier_tables_are_no_schedule_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    odd = with_stored(state(schedule=ONE_ZONE), {"March monday": "99 99" + 14 * " FF"})
    told = shown(back_to(odd, *ALL), capsys)
    assert "write back as it was: tariff schedule, 96 values: ru-household-2 -> no schedule that can be told" in told
    assert NIGHT_BAR in told
    assert "the schedule as it will be:\nthe stored tables are no schedule that can be drawn" in told
    assert "! what comes back is no schedule that can be told (" in told


def test_a_meter_that_is_back_already_needs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    told = shown(back_to(NOW_TWO, *ALL), capsys)
    assert "The meter is as it was before the work 117/1: there is nothing to write." in told
    assert "tariff schedule: as it was already" in told
