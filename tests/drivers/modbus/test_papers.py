"""What the plan and the act of a visit say of a meter without a number of tariffs and without summer time."""

from __future__ import annotations

from pathlib import Path

import pytest

from meterlink.cli.plan_shown import show_plan
from meterlink.language import Language
from tests.cli.program import run
from tests.drivers.modbus.test_visit import visit


def test_a_new_table_is_no_record_in_another_form(tmp_path: Path) -> None:
    assert "equivalent" not in {warning.code for warning in visit(tmp_path, actions=("read", "schedule")).plan.warnings}


def test_the_plan_is_russian_where_it_tells_of_summer_time_and_of_totals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = visit(tmp_path, actions=("read", "dst_off", "clock"), more='clock_reason = "x"').plan
    show_plan(plan, Language.RU)
    told = capsys.readouterr().out
    assert "(прибор не переводит часы на летнее время): переключать нечего" in told
    assert "показания: сумма 21829.76 кВт·ч, сумма 0 кВт·ч, отдача" in told
    show_plan(plan, Language.EN)
    told = capsys.readouterr().out
    assert "(DST: not in this meter): nothing to switch" in told
    assert "energy: total 21829.76 kWh, total 0 kWh export" in told


def test_a_schedule_is_previewed_where_there_is_neither_a_number_of_tariffs_nor_a_list_of_holidays() -> None:
    at = "sim:or-we-517?at=2025-07-21T14:05:09+03:00"
    ended = run("plan", "tariff", "--preset", "ru-household-3", "--port", at, "--tz", "+03:00", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert [step["action"] for step in ended.document["steps"]] == ["schedule"]
