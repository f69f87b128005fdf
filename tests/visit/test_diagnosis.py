"""What a wrong hour tells: every row of the technicians' table, moved regions, batteries, places with summer time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from meterlink.model import Action, DstSetting
from meterlink.visit.diagnosis import (
    Signature,
    diagnose,
    dst_warnings,
    signature_warnings,
    transitions,
    uses_dst,
)
from tests.visit.made_up import HOUR, MOSCOW, clock, off

ON, OFF, UNKNOWN = (DstSetting(enabled=enabled) for enabled in (True, False, None))
WINTER_2013, SUMMER_2013 = datetime(2013, 1, 15, 12), datetime(2013, 7, 15, 12)
WINTER, SUMMER = datetime(2026, 1, 15, 12), datetime(2026, 7, 15, 12)
MADE_2009, MADE_2012, MADE_2016 = date(2009, 5, 1), date(2012, 5, 1), date(2016, 5, 1)


def found(
    hours: float,
    at: datetime,
    zone: str = "Europe/Moscow",
    dst: DstSetting | None = OFF,
    made: date | None = None,
    drift: timedelta = timedelta(),
) -> list[Signature]:
    return list(diagnose(off(hours * HOUR + drift, at, zone), ZoneInfo(zone), dst=dst, manufactured=made))


@dataclass(frozen=True, kw_only=True)
class Row:
    """A history of the table. `error` are the hours it shows, None where the table has a dash."""

    name: str
    code: str
    dst: DstSetting
    winter: int
    summer: int
    winter_2013: int | None = None
    summer_2013: int | None = None
    code_2013: str = ""
    zone: str = "Europe/Moscow"
    made: date | None = None


TABLE = [
    Row(
        name="never touched, DST on",
        code="dst-left-on-summer",
        code_2013="untouched-since-2011",
        dst=ON,
        winter_2013=-1,
        summer_2013=0,
        winter=0,
        summer=1,
        made=MADE_2009,
    ),
    Row(
        name="set in 2011, DST off",
        code="set-2011-dst-off",
        dst=OFF,
        winter_2013=0,
        summer_2013=0,
        winter=1,
        summer=1,
    ),
    Row(
        name="set after 2014 in winter, DST left on",
        code="dst-left-on-summer",
        dst=ON,
        winter=0,
        summer=1,
        made=MADE_2016,
    ),
    Row(
        name="set after 2014 in summer, DST left on, season mark summer",
        code="season-mark-summer",
        dst=ON,
        winter=-1,
        summer=0,
    ),
    Row(name="set right, DST off", code="", dst=OFF, winter=0, summer=0),
    Row(name="region moved, DST off", code="region-moved", dst=OFF, winter=-1, summer=-1, zone="Europe/Saratov"),
    Row(
        name="region moved, DST on",
        code="region-moved",
        dst=ON,
        winter=-1,
        summer=0,
        zone="Europe/Saratov",
        made=MADE_2016,
    ),
    Row(
        name="Chita, set in 2011",
        code="moved-two-hours",
        dst=OFF,
        winter_2013=0,
        summer_2013=0,
        winter=1,
        summer=1,
        zone="Asia/Chita",
    ),
    Row(
        name="Magadan, set in 2011",
        code="moved-two-hours",
        dst=OFF,
        winter_2013=0,
        summer_2013=0,
        winter=1,
        summer=1,
        zone="Asia/Magadan",
    ),
    Row(name="east Kazakhstan", code="kazakhstan-2024", dst=OFF, winter=1, summer=1, zone="Asia/Almaty"),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_row_of_the_table(row: Row) -> None:
    cells = [
        (row.winter_2013, WINTER_2013, row.code_2013 or row.code),
        (row.summer_2013, SUMMER_2013, row.code_2013 or row.code),
        (row.winter, WINTER, row.code),
        (row.summer, SUMMER, row.code),
    ]
    for hours, at, code in cells:
        if hours is not None:
            made = row.made if row.made is None or row.made < at.date() else None
            told = [each.code for each in found(hours, at, row.zone, row.dst, made)]
            assert told[:1] == ([code] if hours else []), (at, hours)


def test_chita_between_2014_and_2016_was_two_hours_fast() -> None:
    told = found(2, datetime(2015, 7, 15, 12), "Asia/Chita")
    assert told[0].code == "moved-two-hours"
    assert told[0].facts == {"on": "2014-10-26", "from": "+10:00", "to": "+08:00", "dst": "off"}


# --- what the zone database knows -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Moved:
    zone: str
    hours: int
    on: str
    old: str
    new: str
    code: str = "region-moved"


MOVES = [
    Moved(zone="Europe/Volgograd", hours=1, on="2020-12-27", old="+04:00", new="+03:00"),
    Moved(zone="Europe/Astrakhan", hours=-1, on="2016-03-27", old="+03:00", new="+04:00"),
    Moved(zone="Europe/Ulyanovsk", hours=-1, on="2016-03-27", old="+03:00", new="+04:00"),
    Moved(zone="Europe/Saratov", hours=-1, on="2016-12-04", old="+03:00", new="+04:00"),
    Moved(zone="Asia/Novosibirsk", hours=-1, on="2016-07-24", old="+06:00", new="+07:00"),
    Moved(zone="Asia/Barnaul", hours=-1, on="2016-03-27", old="+06:00", new="+07:00"),
    Moved(zone="Asia/Tomsk", hours=-1, on="2016-05-29", old="+06:00", new="+07:00"),
    Moved(zone="Asia/Sakhalin", hours=-1, on="2016-03-27", old="+10:00", new="+11:00"),
    Moved(zone="Asia/Qyzylorda", hours=1, on="2018-12-21", old="+06:00", new="+05:00"),
    Moved(zone="Asia/Qostanay", hours=1, on="2024-03-01", old="+06:00", new="+05:00", code="kazakhstan-2024"),
    Moved(zone="Europe/Minsk", hours=-1, on="2011-03-27", old="+02:00", new="+03:00", code="untouched-since-2011"),
    Moved(zone="Europe/Samara", hours=-1, on="2011-03-27", old="+03:00", new="+04:00", code="untouched-since-2011"),
]


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.zone)
def test_a_region_that_moved_is_named_with_its_day(move: Moved) -> None:
    told = found(move.hours, WINTER, move.zone)[0]
    assert told.code == move.code
    assert told.facts == {"on": move.on, "from": move.old, "to": move.new, "dst": "off"}


@pytest.mark.parametrize("zone", ["Europe/Samara", "Asia/Novokuznetsk", "Asia/Kamchatka", "Asia/Anadyr", "Asia/Aqtobe"])
def test_where_clocks_did_not_change_in_2014_nothing_is_said_of_2014(zone: str) -> None:
    assert [each.code for each in found(1, WINTER, zone)] == ["unknown-hour"]


def test_a_change_is_found_to_the_second() -> None:
    moved = transitions(MOSCOW, datetime(2010, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    assert [(each.at, each.moved) for each in moved] == [
        (datetime(2011, 3, 26, 23, tzinfo=UTC), HOUR),
        (datetime(2014, 10, 25, 22, tzinfo=UTC), -HOUR),
    ]


# --- what else there is ---------------------------------------------------------------------------------------------


def test_a_meter_made_after_a_change_was_not_there_to_miss_it() -> None:
    assert [each.code for each in found(1, WINTER, made=MADE_2012)] == ["set-2011-dst-off"]
    assert [each.code for each in found(1, WINTER, made=MADE_2016)] == ["unknown-hour"]


def test_several_histories_are_told_the_likeliest_first() -> None:
    told = [each.code for each in found(1, SUMMER, dst=UNKNOWN)]
    assert told == ["dst-left-on-summer", "set-2011-dst-off"]
    warning = signature_warnings(off(HOUR + timedelta(seconds=14), SUMMER), MOSCOW, dst=UNKNOWN)[0]
    assert warning.facts == {
        "signature": "dst-left-on-summer",
        "error": "+1 h 00 min 14 s",
        "also": "set-2011-dst-off",
    }


def test_a_switch_left_on_in_2011_to_2014_adds_an_hour_in_summer() -> None:
    assert found(1, WINTER, dst=ON)[0].code == "set-2011-dst-on"
    assert found(2, SUMMER, dst=ON)[0].code == "set-2011-dst-on"


@pytest.mark.parametrize("drift", [timedelta(minutes=-19), timedelta(seconds=14), timedelta(minutes=20)])
def test_minutes_of_drift_do_not_hide_an_hour(drift: timedelta) -> None:
    assert found(1, WINTER, drift=drift)[0].code == "set-2011-dst-off"


def test_drift_alone_is_no_history() -> None:
    assert found(0, WINTER, drift=timedelta(minutes=29)) == []
    assert signature_warnings(off(timedelta(minutes=-29), WINTER), MOSCOW) == ()


def test_half_an_hour_is_explained_by_nothing() -> None:
    assert found(0.5, WINTER) == [Signature(code="unknown-hour", facts={"hours": "+0:30"})]
    assert found(-2.5, WINTER)[0].facts == {"hours": "-2:30"}


def test_a_meter_from_another_region_says_which_offset_it_keeps() -> None:
    told = found(2, WINTER, made=MADE_2016)
    assert (told[0].code, dict(told[0].facts)) == ("unknown-hour", {"hours": "+2", "utc_offset": "+05:00"})


@pytest.mark.parametrize(
    "shows",
    [datetime(2000, 1, 1, 0, 4), datetime(2000, 1, 15, 12), datetime(1999, 12, 31, 23, 59), datetime(2026, 1, 11, 12)],
)
def test_the_year_2000_or_a_date_far_off_points_to_the_battery(shows: datetime) -> None:
    told = diagnose(clock(shows, WINTER), MOSCOW, dst=OFF)
    assert [(each.code, each.facts["meter_time"]) for each in told] == [("battery-reset", shows.isoformat(sep=" "))]


def test_without_an_error_nothing_is_said() -> None:
    assert diagnose(replace(off(HOUR, WINTER), error=None), MOSCOW) == ()


def test_a_place_known_by_its_offset_alone_has_no_history_but_summer_time() -> None:
    place = timezone(3 * HOUR)
    reading = off(HOUR, SUMMER)
    assert [each.code for each in diagnose(reading, place, dst=ON)] == ["dst-left-on-summer"]
    assert [each.code for each in diagnose(reading, place, dst=OFF)] == ["unknown-hour"]


@given(
    hours=st.integers(-24, 24),
    drift=st.timedeltas(min_value=timedelta(minutes=-40), max_value=timedelta(minutes=40)),
    at=st.datetimes(min_value=datetime(2011, 6, 1), max_value=datetime(2035, 1, 1)),
    zone=st.sampled_from(
        [
            "Europe/Moscow",
            "Asia/Chita",
            "Asia/Almaty",
            "Europe/Kyiv",
            "Europe/Simferopol",
            "Asia/Baku",
            "Asia/Kamchatka",
        ]
    ),
    dst=st.sampled_from([ON, OFF, UNKNOWN, None]),
    made=st.none() | st.dates(min_value=date(2000, 1, 1), max_value=date(2030, 1, 1)),
)
def test_a_wrong_hour_is_never_passed_over_and_a_right_clock_never_accused(
    hours: int, drift: timedelta, at: datetime, zone: str, dst: DstSetting | None, made: date | None
) -> None:
    error = hours * HOUR + drift
    reading = off(error, at, zone)
    told = diagnose(reading, ZoneInfo(zone), dst=dst, manufactured=made)
    assert bool(told) == (abs(error) >= HOUR / 2)
    assert len({each.code for each in told}) == len(told)
    if abs(error) > 24 * HOUR:
        assert [each.code for each in told] == ["battery-reset"]
    warnings = signature_warnings(reading, ZoneInfo(zone), dst=dst, manufactured=made)
    assert all(isinstance(fact, str) for warning in warnings for fact in warning.facts.values())


# --- summer time ----------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 19, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "used"),
    [
        ("Europe/Chisinau", True),
        ("Europe/Kyiv", True),
        ("Europe/Moscow", False),
        ("Europe/Minsk", False),
        ("Asia/Almaty", False),
        ("Asia/Baku", False),
        ("Asia/Tashkent", False),
    ],
)
def test_where_summer_time_lives_is_computed(zone: str, used: bool) -> None:
    assert uses_dst(ZoneInfo(zone), NOW) is used


def test_one_lasting_change_is_no_summer_time() -> None:
    assert not uses_dst(ZoneInfo("Asia/Almaty"), datetime(2023, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize(("at", "hours"), [(SUMMER, -1), (WINTER, 1)])
def test_a_switch_that_is_off_where_clocks_change(at: datetime, hours: int) -> None:
    assert [each.code for each in found(hours, at, "Europe/Chisinau", OFF)] == ["dst-off-summer"]
    assert [each.code for each in found(hours, at, "Europe/Chisinau", ON)] == ["unknown-hour"]
    assert [each.code for each in found(-hours, at, "Europe/Chisinau", OFF)] == ["unknown-hour"]


@dataclass(frozen=True, kw_only=True)
class Habit:
    name: str
    zone: tzinfo
    actions: tuple[Action, ...]
    dst: DstSetting | None
    made: date | None = None
    codes: tuple[str, ...]


KYIV = ZoneInfo("Europe/Kyiv")
HABITS = [
    Habit(name="off in Kyiv", zone=KYIV, actions=(Action.DST_OFF,), dst=ON, codes=("dst-used-here",)),
    Habit(name="on in Kyiv", zone=KYIV, actions=(Action.DST_ON,), dst=OFF, codes=()),
    Habit(name="off in Moscow", zone=MOSCOW, actions=(Action.DST_OFF,), dst=ON, codes=()),
    Habit(name="on in Moscow", zone=MOSCOW, actions=(Action.DST_ON,), dst=OFF, codes=("dst-not-used-here",)),
    Habit(name="clock alone, switch on", zone=MOSCOW, actions=(Action.CLOCK,), dst=ON, codes=("dst-stays-on",)),
    Habit(name="clock alone, switch off", zone=MOSCOW, actions=(Action.CLOCK,), dst=OFF, codes=()),
    Habit(name="clock alone in Kyiv", zone=KYIV, actions=(Action.CLOCK,), dst=ON, codes=()),
    Habit(
        name="made before July 2011, switch on",
        zone=MOSCOW,
        actions=(Action.DST_OFF,),
        dst=ON,
        made=date(2011, 6, 30),
        codes=("dst-factory",),
    ),
    Habit(name="made in July 2011", zone=MOSCOW, actions=(), dst=ON, made=date(2011, 7, 1), codes=()),
    Habit(name="an old meter, switched off", zone=MOSCOW, actions=(), dst=OFF, made=MADE_2009, codes=()),
    Habit(name="the flag was not read", zone=MOSCOW, actions=(Action.DST_OFF,), dst=None, made=MADE_2009, codes=()),
]


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_what_contradicts_the_place(habit: Habit) -> None:
    told = dst_warnings(habit.actions, habit.zone, str(habit.zone), NOW, dst=habit.dst, manufactured=habit.made)
    assert tuple(each.code for each in told) == habit.codes
    for each in told:
        assert each.facts in ({"zone": str(habit.zone)}, {"manufactured": str(habit.made)})
