"""The 24-hour picture of a schedule."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from meterlink.tariff import (
    DayProgram,
    YearSchedule,
    draw_day,
    draw_year,
    preset,
    program_from_text,
    schedule_from_table,
)

TWO = "00:00 T2 | 07:00 T1 | 23:00 T2"


def test_two_zones_are_drawn_once_for_every_day() -> None:
    assert draw_year(preset("ru-household-2").schedule) == [
        "all year: every day",
        "   00  02  04  06  08  10  12  14  16  18  20  22  24",
        "  ┌──────────────┬───────────────────────────────┬─┐",
        "  │222222222222221111111111111111111111111111111122│",
        "  └────────────────────────────────────────────────┘",
        "  00:00 T2 | 07:00 T1 | 23:00 T2",
    ]


def test_a_plain_terminal_gets_plain_letters() -> None:
    assert draw_year(preset("ru-household-2").schedule, ascii_only=True)[2:5] == [
        "  +--------------+-------------------------------+-+",
        "  |222222222222221111111111111111111111111111111122|",
        "  +------------------------------------------------+",
    ]


def test_a_switch_inside_a_half_hour_is_not_drawn_on_its_edge() -> None:
    lines = draw_day(program_from_text("00:00 T2 | 07:10 T1 | 23:30 T2"))
    assert lines[2] == "  │22222222222222*111111111111111111111111111111112│"
    assert lines[4:] == [
        "  * the tariff changes inside this half hour; the exact times stand below",
        "  00:00 T2 | 07:10 T1 | 23:30 T2",
    ]


COMPANY = schedule_from_table(
    {
        "spec": 1,
        "season": [
            {"starts": "04-01", "workday": TWO, "weekend": "00:00 T2", "holiday": "00:00 T2"},
            {"starts": "10-15", "every_day": TWO},
        ],
        "special_days": {"holiday": ["01-01", "01-02", "05-09"], "saturday": ["2027-02-20"]},
    }
)


def test_equal_programs_are_drawn_once_with_all_they_serve() -> None:
    lines = draw_year(COMPANY)
    assert [line for line in lines if not line.startswith(" ")] == [
        "1 Apr-14 Oct: Mon-Fri; 15 Oct-31 Mar: every day",
        "",
        "1 Apr-14 Oct: Sat, Sun, holiday",
        "",
        "Sat program on: 20 Feb 2027",
        "holiday program on: 1-2 Jan, 9 May",
    ]


def test_a_holiday_program_that_no_special_day_uses_is_not_drawn() -> None:
    found = schedule_from_table({"spec": 1, "season": [{"starts": "01-01", "every_day": TWO, "holiday": "00:00 T2"}]})
    assert draw_year(found) == draw_year(preset("ru-household-2").schedule)


def test_points_are_listed_whole_when_they_take_several_lines() -> None:
    often = DayProgram.of([(minute, 1 + minute // 30 % 2) for minute in range(0, 1440, 30)])
    listed = draw_day(often)[4:]
    assert len(listed) > 1
    assert all(line.endswith(" |") for line in listed[:-1])
    assert program_from_text(" ".join(line.strip() for line in listed)) == often


@pytest.mark.parametrize("ascii_only", [True, False])
@given(one=st.from_type(YearSchedule))
def test_no_line_is_wider_than_the_terminal(ascii_only: bool, one: YearSchedule) -> None:
    lines = draw_year(one, ascii_only=ascii_only)
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    assert not ascii_only or all(line.isascii() for line in lines)


@given(program=st.from_type(DayProgram))
def test_every_cell_tells_the_truth(program: DayProgram) -> None:
    cells = draw_day(program)[2].strip(" │")
    assert len(cells) == 48
    for number, cell in enumerate(cells):
        tariffs = {program.tariff_at(minute) for minute in range(number * 30, number * 30 + 30)}
        assert (cell == "*") is (len(tariffs) > 1)
        assert cell in {"*", *map(str, tariffs)}
