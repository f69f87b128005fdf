"""Between year schedules and tables: what is lowered is lifted again, whatever stood there, and never leaves a gap."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings, strategies as st

from meterlink.driver import SetHolidays, SetSchedule, Unliftable
from meterlink.errors import ScheduleError
from meterlink.flow import Change
from meterlink.tariff import DayKind, DayProgram, SpecialDay, YearSchedule, preset
from meterlink.wire.payload import hexadecimal
from meterlink_modbus import DRIVER
from meterlink_modbus.schedule import Image, factory_image, lift
from meterlink_modbus.stored import in_safe_order, tariffs_of
from meterlink_modbus.tables import HOLIDAYS, SELECTOR, ZONES, encode_list, encode_table, table_name
from tests.drivers.modbus.meters import MODELS, with_table
from tests.drivers.modbus.schedules import images, schedules, season
from tests.shipped import library

EXAMPLES: Final = 400 if os.environ.get("METERLINK_LONG") else 12
DAY: Final = DayProgram.of([(0, 2), (420, 1), (1380, 2)])
OTHER: Final = DayProgram.of([(0, 3), (600, 1)])
FLAT: Final = DayProgram.of([(0, 1)])


def stored_of(image: Image) -> dict[str, str]:
    return {name: hexadecimal(raw) for name, raw in image.items()}


def changes_of(model: str, schedule: YearSchedule, image: Image) -> tuple[Change, ...]:
    return DRIVER.changes(SetSchedule(schedule=schedule), stored_of(image), library().get(model))


def written(image: Image, changes: tuple[Change, ...]) -> dict[str, bytes]:
    return {**image, **{change.parameter: bytes.fromhex(change.new) for change in changes}}


def crowded(number: int) -> DayProgram:
    """No two of them alike."""
    return DayProgram.of([(0, 1), (60 * number, 2)])


def tables(
    *programs: DayProgram,
    model: str = "or-we-517",
    zones: Any = (((1, 1), 1),),
    other: Mapping[str, bytes] | None = None,
) -> Image:
    """An image with these numbered tables."""
    image = factory_image(tariffs_of(library().get(model)))
    for number, program in enumerate(programs, 1):
        points = ((point.minute, point.tariff) for point in program.points)
        image[table_name(number)] = encode_table(table_name(number), points, 8)
    return {**image, ZONES: encode_list(zones, 8), **(other or {})}


# --- the law ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_what_is_lowered_is_lifted_again_whatever_stood_there(model: str) -> None:
    @given(schedules(model), images(model))
    @settings(max_examples=EXAMPLES, deadline=None)
    def check(schedule: YearSchedule, image: Image) -> None:
        after = written(image, changes_of(model, schedule, image))
        if model == "or-we-526":
            days = tuple((one.month, one.day) for one in schedule.special_days)
            more = DRIVER.changes(SetHolidays(days=days), stored_of(image), library().get(model))
            after = written(after, more)
        found = lift(after)
        assert isinstance(found, YearSchedule)
        assert found == schedule
        assert changes_of(model, schedule, after) == ()

    check()


def programs_on(schedule: YearSchedule) -> list[DayProgram]:
    """Of every day of two years."""
    return [schedule.program_on(date(2025, 1, 1) + timedelta(days=n)) for n in range(730)]


@pytest.mark.parametrize("model", MODELS)
def test_no_frame_leaves_a_day_without_a_tariff_there_and_back(model: str) -> None:
    @given(schedules(model), images(model))
    @settings(max_examples=EXAMPLES, deadline=None)
    def check(schedule: YearSchedule, image: Image) -> None:
        there = changes_of(model, schedule, image)
        now: Mapping[str, bytes] = image
        for change in there:
            now = written(now, (change,))
            assert isinstance(lift(now), YearSchedule), change.parameter
        back = tuple(
            Change(parameter=name, old=hexadecimal(now[name]), new=hexadecimal(image[name]))
            for name in tariffs_of(library().get(model)).schedule_names
            if now[name] != image[name]
        )
        for change in in_safe_order(back):
            now = written(now, (change,))
            if HOLIDAYS not in image:  # those of a 526 are restored in a step of their own
                assert isinstance(lift(now), YearSchedule), change.parameter
        assert now == image

    check()


@given(schedules("or-we-517"), images("or-we-517"))
@settings(max_examples=EXAMPLES, deadline=None)
def test_with_free_tables_every_day_has_its_old_program_or_its_new_one(schedule: YearSchedule, image: Image) -> None:
    """But for weekends and holidays that change at once, the one to a table of their own, the other from it."""
    there = changes_of("or-we-517", schedule, image)
    before = lift(image)
    assert isinstance(before, YearSchedule)
    named = {change.parameter for change in there}
    in_use = {table_name(number) for number in (*image[SELECTOR], *image[ZONES][2::3])}
    if named & in_use:  # a table that counts is written in place, for want of a free one
        return
    old, new = programs_on(before), programs_on(schedule)
    now: Mapping[str, bytes] = image
    for change in there:
        now = written(now, (change,))
        found = lift(now)
        assert isinstance(found, YearSchedule)
        weekend_before, weekend_after = image[SELECTOR][0], written(image, there)[SELECTOR][0]
        holiday_before, holiday_after = image[SELECTOR][1], written(image, there)[SELECTOR][1]
        if not weekend_before and weekend_after and holiday_before and not holiday_after:
            continue
        assert all(one in pair for one, pair in zip(programs_on(found), zip(old, new, strict=True), strict=True))


# --- which table --------------------------------------------------------------------------------------------------


def test_a_new_program_goes_into_a_free_table_and_the_year_is_pointed_at_it() -> None:
    changes = changes_of("or-we-517", YearSchedule.every_day(OTHER), tables(DAY))
    assert [change.parameter for change in changes] == [table_name(2), ZONES]
    assert DRIVER.told_stored(ZONES, changes[1].new) == "01-01 day table 2"
    assert DRIVER.told_stored(table_name(2), changes[0].new) == "00:00 T3 | 10:00 T1"


def test_a_program_that_a_table_holds_already_is_not_written_again() -> None:
    changes = changes_of("or-we-517", YearSchedule.every_day(OTHER), tables(DAY, FLAT, OTHER))
    assert [change.parameter for change in changes] == [ZONES]
    assert DRIVER.told_stored(ZONES, changes[0].new) == "01-01 day table 3"


def test_where_no_table_is_free_one_that_counts_is_written_in_place_and_whole() -> None:
    crowd = [crowded(number) for number in range(1, 9)]
    zones = [((number, 1), number) for number in range(1, 9)]
    image = tables(*crowd, zones=zones)
    seasons = [season((number, 1), *[crowd[number - 1]] * 3) for number in range(1, 9)]
    seasons[4] = season((5, 1), OTHER, OTHER, OTHER)
    wanted = YearSchedule(seasons=tuple(seasons))
    changes = changes_of("or-we-517", wanted, image)
    assert [change.parameter for change in changes] == [table_name(5)]
    assert len(bytes.fromhex(changes[0].new)) == 24
    assert lift(written(image, changes)) == wanted


def test_the_weekend_has_a_table_for_the_whole_year() -> None:
    image = tables(DAY)
    wanted = YearSchedule(seasons=(season((1, 1), DAY, FLAT, FLAT),))
    changes = changes_of("or-we-517", wanted, image)
    assert [change.parameter for change in changes] == [table_name(2), SELECTOR]
    assert DRIVER.told_stored(SELECTOR, changes[1].new) == "weekends: day table 2, holidays: day table 2"
    two = YearSchedule(seasons=(season((1, 1), DAY, FLAT, DAY), season((7, 1), DAY, OTHER, DAY)))
    with pytest.raises(ScheduleError, match="one weekend table for the whole year"):
        changes_of("or-we-517", two, image)


def test_without_a_table_for_weekends_and_holidays_every_day_follows_the_zones() -> None:
    tables_alone = {"slots": 8, "day_tables": [0x0300, 0x030C], "zones": {"address": 0x0360, "slots": 8}}
    profile = with_table("or-we-517", tariffs=tables_alone)
    image = factory_image(tariffs_of(profile))
    wanted = YearSchedule.every_day(OTHER)
    changes = DRIVER.changes(SetSchedule(schedule=wanted), stored_of(image), profile)
    assert [change.parameter for change in changes] == [table_name(2), ZONES]
    assert lift(written(image, changes)) == wanted
    weekend = YearSchedule(seasons=(season((1, 1), DAY, FLAT, DAY),))
    with pytest.raises(ScheduleError, match=r"saturday|sunday"):
        DRIVER.changes(SetSchedule(schedule=weekend), stored_of(image), profile)


def test_what_means_the_same_is_not_written() -> None:
    late = tables(DAY, FLAT, DAY, zones=[((1, 1), 3)], other={SELECTOR: b"\x01\x03"})
    assert changes_of("or-we-517", YearSchedule.every_day(DAY), late) == ()
    behind = {**late, table_name(3): late[table_name(3)][:9] + b"\0\0\0" + b"\x12\x00\x01" * 4}
    assert changes_of("or-we-517", YearSchedule.every_day(DAY), behind) == ()
    assert DRIVER.means_same(table_name(3), hexadecimal(late[table_name(3)]), hexadecimal(behind[table_name(3)]))


def test_holidays_of_the_526_name_one_table_and_it_is_filled_before_they_do() -> None:
    image = tables(DAY, model="or-we-526")
    special = (SpecialDay(month=5, day=9, kind=DayKind.HOLIDAY),)
    wanted = YearSchedule(seasons=(season((1, 1), DAY, DAY, FLAT),), special_days=special)
    changes = changes_of("or-we-526", wanted, image)
    assert [change.parameter for change in changes] == [table_name(8)]
    days = DRIVER.changes(SetHolidays(days=((5, 9),)), stored_of(image), library().get("or-we-526"))
    assert [DRIVER.told_stored(HOLIDAYS, change.new) for change in days] == ["05-09 day table 8"]
    assert lift(written(image, (*changes, *days))) == wanted


def test_the_table_of_holidays_is_filled_also_where_they_are_like_every_other_day() -> None:
    image = tables(DAY, model="or-we-526")
    wanted = YearSchedule(
        seasons=(season((1, 1), DAY, DAY, DAY),), special_days=(SpecialDay(month=5, day=9, kind=DayKind.HOLIDAY),)
    )
    changes = changes_of("or-we-526", wanted, image)
    days = DRIVER.changes(SetHolidays(days=((5, 9),)), stored_of(image), library().get("or-we-526"))
    assert lift(written(image, (*changes, *days))) == wanted


def test_weekends_leave_their_table_when_the_year_is_ready_and_enter_one_before() -> None:
    """So that no weekend has for a moment the workday of another season."""
    seasons = (season((1, 1), DAY, DAY, DAY), season((7, 1), FLAT, FLAT, FLAT))
    from_table = tables(OTHER, DAY, other={SELECTOR: b"\x02\x02"})
    left = [change.parameter for change in changes_of("or-we-517", YearSchedule(seasons=seasons), from_table)]
    assert left[-2:] == [ZONES, SELECTOR]
    entered = changes_of("or-we-517", YearSchedule(seasons=(season((1, 1), FLAT, OTHER, OTHER),)), tables(DAY))
    assert [change.parameter for change in entered][-2:] == [SELECTOR, ZONES]


@pytest.mark.parametrize(
    ("model", "schedule", "why"),
    [
        ("or-we-517", YearSchedule.every_day(DayProgram.of((60 * n, 1 + n % 2) for n in range(9))), "9 switch points"),
        ("or-we-517", YearSchedule.every_day(DayProgram.of([(0, 5)])), "T5 is used"),
        (
            "or-we-517",
            YearSchedule(
                seasons=YearSchedule.every_day(DAY).seasons,
                special_days=(SpecialDay(month=1, day=1, kind=DayKind.HOLIDAY),),
            ),
            "1 special days, the meter holds 0",
        ),
        ("or-we-526", YearSchedule(seasons=(season((1, 1), DAY, FLAT, DAY),)), "saturday|sunday"),
        (
            "or-we-517",
            YearSchedule(seasons=(season((1, 1), OTHER, OTHER, FLAT), season((7, 1), OTHER, OTHER, DAY))),
            "one holiday table for the whole year",
        ),
        (
            "or-we-526",
            YearSchedule(
                seasons=(season((1, 1), DAY, DAY, FLAT), season((7, 1), DAY, DAY, OTHER)),
                special_days=(SpecialDay(month=5, day=9, kind=DayKind.HOLIDAY),),
            ),
            "one holiday table for the whole year",
        ),
        (
            "or-we-517",
            YearSchedule(seasons=tuple(season((n, 1), crowded(n), FLAT, FLAT) for n in range(1, 9))),
            "9 day programs, the meter holds 8",
        ),
        (
            "or-we-515",
            YearSchedule(seasons=(season((1, 1), DAY, DAY, DAY), season((6, 1), FLAT, FLAT, FLAT))),
            "2 seasons, the meter holds 1",
        ),
    ],
)
def test_a_limit_is_named_before_anything_is_sent(model: str, schedule: YearSchedule, why: str) -> None:
    with pytest.raises(ScheduleError, match=why):
        changes_of(model, schedule, factory_image(tariffs_of(library().get(model))))


@pytest.mark.parametrize("model", ["or-we-517", "or-we-515"])
@pytest.mark.parametrize("plan", ["ru-household-1", "ru-household-2", "ru-household-3"])
def test_the_usual_plans_fit(model: str, plan: str) -> None:
    image = factory_image(tariffs_of(library().get(model)))
    assert lift(written(image, changes_of(model, preset(plan).schedule, image))) == preset(plan).schedule


# --- what tables say that make no schedule ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (tables(DAY, zones=()), "year zones: there is no zone"),
        (
            tables(DAY, FLAT, model="or-we-526", other={HOLIDAYS: encode_list([((1, 1), 1), ((5, 9), 2)], 14)}),
            "holidays: their day tables differ",
        ),
        (tables(DAY, zones=[((1, 1), 2)]), "day table 2: it has no slot"),
        (tables(DAY, zones=[((1, 1), 9)]), "day table 9: day table 9 is named and does not exist"),
        (tables(DAY, other={SELECTOR: b"\x04\x00"}), "day table 4: it has no slot"),
        (tables(DAY, other={ZONES: b"\x13\x01\x01".ljust(24, b"\0")}), "year zones: 13-01 is no date"),
        (tables(DAY, other={ZONES: b"\x01\x01\x01\x01\x01\x01".ljust(24, b"\0")}), "year zones: 01-01 stands twice"),
        (
            tables(DAY, other={table_name(1): b"\x07\x00\x01".ljust(24, b"\0")}),
            "day table 1: its first slot begins at",
        ),
        (
            tables(DAY, other={table_name(1): b"\x00\x00\x01\x00\x00\x02".ljust(24, b"\0")}),
            "day table 1: its slots are",
        ),
        (
            tables(DAY, other={table_name(1): b"\x24\x00\x01".ljust(24, b"\0")}),
            "day table 1: 24:00 is not a time of day",
        ),
        (tables(DAY, other={table_name(1): b"\x0a\x00\x01".ljust(24, b"\0")}), "day table 1: 0A holds a digit above 9"),
        (tables(DAY, other={table_name(1): b"\x00\x00\x09".ljust(24, b"\0")}), "day table 1: T9 does not exist"),
    ],
)
def test_tables_that_make_no_schedule_say_why(image: Image, reason: str) -> None:
    found = lift(image)
    assert isinstance(found, Unliftable)
    assert any(one.startswith(reason) for one in found.reasons), found.reasons


@given(st.dictionaries(st.sampled_from([ZONES, SELECTOR, HOLIDAYS, table_name(1)]), st.binary(min_size=1, max_size=40)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_bytes_in_the_tables_are_told_and_lifted_without_a_crash(image: dict[str, bytes]) -> None:
    whole = {**factory_image(tariffs_of(library().get("or-we-526"))), **image}
    lift(whole)
    for name, raw in whole.items():
        assert DRIVER.told_stored(name, hexadecimal(raw))
        assert DRIVER.means_same(name, hexadecimal(raw), hexadecimal(raw))
    assert changes_of("or-we-526", YearSchedule.every_day(DAY), whole) is not None
