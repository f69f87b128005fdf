"""Whole visits: what is written, what is read back, and what the log says."""

from __future__ import annotations

import pytest

from meterlink.driver import SetHolidays
from meterlink.tariff import DayProgram, YearSchedule, preset, preset_names
from meterlink_mercury200 import messages as m
from tests.visit.visits import YES, Visits, clock_error_s, make_meter, order_of, results_of, spied


def test_the_main_job(visits: Visits) -> None:
    meter = make_meter()
    visit = visits.at(meter)
    ended = visit.carry_out()
    visit.leave()
    assert ended.result == "done"
    assert set(results_of(ended).values()) == {"verified"}
    assert list(results_of(ended)) == ["dst_off", "clock", "schedule", "tariff_mode"]
    assert ended.after is not None
    assert ended.after.year_schedule == preset("ru-household-2").schedule
    assert ended.after.dst is not None
    assert ended.after.dst.enabled is False
    assert abs(clock_error_s(ended)) < 1
    assert visits.report().state == "ok"


# --- schedules and the rest -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_end_to_end(visits: Visits, name: str) -> None:
    old = YearSchedule.every_day(DayProgram.of([(0, 1), (12 * 60, 2)]))
    actions = ("schedule", "tariff_mode")
    ended = visits.at(make_meter(schedule=old), order_of(actions, f'tariff_plan = "{name}"')).carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert ended.after is not None
    assert ended.after.year_schedule == preset(name).schedule
    assert ended.after.tariffs is not None
    assert ended.after.tariffs.tariffs_in_force == max(preset(name).schedule.tariffs_used())


def test_holidays_are_set_and_cleared(visits: Visits) -> None:
    meter = make_meter()
    for days in (((1, 1), (5, 9)), ()):
        listed = ", ".join(f'"{month:02d}-{day:02d}"' for month, day in days)
        visit, spy = spied(visits, meter, order_of(("holidays",), f"holidays = [{listed}]"))
        ended = visit.carry_out()
        visit.leave()
        assert (ended.result, ended.problems) == ("done", ())
        assert visit.plan is not None
        assert visit.plan.steps[0].setting == SetHolidays(days=days)
        assert [frame[4] for frame in spy.writes] == [m.SET_HOLIDAYS.code] * 2
        assert ended.after is not None
        assert ended.after.holidays is not None
        assert ended.after.holidays.days == days


def test_display_and_buttons(visits: Visits) -> None:
    more = 'button_correction_minutes = 0\n[display]\nshown = ["T1", "T2"]'
    meter = make_meter()
    visit, spy = spied(visits, meter, order_of(("display", "button_correction"), more))
    ended = visit.carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert [frame[4] for frame in spy.writes] == [m.SET_DISPLAY.code, m.SET_BUTTON_CORRECTION.code]
    assert meter.memory.get(m.READ_DISPLAY).shown == ["T1", "T2"]
    assert meter.memory.get(m.READ_BUTTON_CORRECTION).minutes == 0


def test_the_times_of_the_display(visits: Visits) -> None:
    more = "[display]\nseconds = { values = 20 }"
    ended = visits.at(make_meter(), order_of(("display",), more)).carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert ended.after is not None
    assert ended.after.stored["display times"] == "0A 0A 14 1E"


def test_a_second_visit_writes_nothing(visits: Visits) -> None:
    meter = make_meter()
    visits.at(meter).carry_out()
    visit, spy = spied(visits, meter)
    ended = visit.carry_out()
    assert (ended.result, ended.results, ended.problems) == ("nothing", (), ())
    assert spy.writes == []
    assert len(spy.frames) > 200, "it was read before and after all the same"
    assert [record["work"] for record in visits.records("work.close")] == ["117/1", "117/2"]
    assert visits.act()["result"] == "nothing"
    assert {each["state"] for each in visits.act()["actions"]} == {"read", "as-wanted"}


def test_a_reading_writes_nothing(visits: Visits) -> None:
    visit, spy = spied(visits, make_meter(), order_of(("read",), ""))
    assert visit.carry_out().result == "nothing"
    assert spy.writes == []


# --- works that are gone on with ------------------------------------------------------------------------------------


def test_what_is_confirmed_stands_in_the_log(visits: Visits) -> None:
    visits.at(make_meter(), order_of(("dst_off",), "")).carry_out()
    (plan,) = visits.records("work.plan")
    assert plan["d"]["confirmed"] == {"by": YES.by, "how": YES.how}
    (intent,) = visits.records("intent")
    assert intent["d"]["confirmed"] == {"by": "petrov", "how": "serial number typed"}
    assert intent["actor"] == "petrov"
    assert visits.act()["confirmed"][0]["how"] == "serial number typed"
