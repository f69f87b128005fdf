"""Year schedules that a meter can hold, and tables as one may hold them, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule
from meterlink.tariff.schedule import WEEKEND, WORKDAYS
from meterlink_modbus.schedule import Image, factory_image
from meterlink_modbus.stored import tariffs_of
from meterlink_modbus.tables import HOLIDAYS, SELECTOR, ZONES, encode_list, encode_table, table_name
from tests.shipped import library


def season(starts: tuple[int, int], workday: DayProgram, weekend: DayProgram, holiday: DayProgram) -> Season:
    week = dict.fromkeys(WORKDAYS, workday) | dict.fromkeys(WEEKEND, weekend) | {DayKind.HOLIDAY: holiday}
    return Season.of(starts, week)


@st.composite
def programs(draw: st.DrawFn) -> DayProgram:
    minutes = draw(st.lists(st.integers(1, 1439), max_size=7, unique=True))
    tariffs = draw(st.lists(st.integers(1, 4), min_size=8, max_size=8))
    return DayProgram.of(zip([0, *sorted(minutes)], tariffs, strict=False))


month_days = st.dates().map(lambda day: (day.month, min(day.day, 28)))


@st.composite
def schedules(draw: st.DrawFn, model: str) -> YearSchedule:
    """At most four seasons and four programs for workdays, so that any meter of eight tables holds them."""
    choice = draw(st.lists(programs(), min_size=1, max_size=4))
    one_of = st.sampled_from(choice)
    weekend, holiday = draw(one_of), draw(one_of)
    starts = draw(st.lists(month_days, min_size=1, max_size=1 if model == "or-we-515" else 4, unique=True))
    made = []
    for each in starts:
        workday = draw(one_of)
        made.append(season(each, workday, workday if model == "or-we-526" else weekend, holiday))
    special: list[SpecialDay] = []
    if model == "or-we-526":
        days = draw(st.lists(month_days, max_size=5, unique=True))
        special = [SpecialDay(month=month, day=day, kind=DayKind.HOLIDAY) for month, day in days]
    return YearSchedule(seasons=tuple(made), special_days=tuple(special))


@st.composite
def images(draw: st.DrawFn, model: str) -> Image:
    """Tables of a meter that counts by them: each is whole, some stand unused."""
    tariffs = tariffs_of(library().get(model))
    image = factory_image(tariffs)
    for name in tariffs.day_tables:
        if not tariffs.numbers or draw(st.booleans()):
            points = [(point.minute, point.tariff) for point in draw(programs()).points]
            image[name] = encode_table(name, points, tariffs.slots(name))
    if not tariffs.numbers:
        return image
    whole = [number for number in tariffs.numbers if any(image[table_name(number)])]
    number = st.sampled_from(whole)
    dates = draw(st.lists(month_days, min_size=1, max_size=8, unique=True))
    image[ZONES] = encode_list([(day, draw(number)) for day in sorted(dates)], 8)
    if SELECTOR in image:
        image[SELECTOR] = bytes([draw(st.sampled_from([0, *whole])), draw(st.sampled_from([0, *whole]))])
    if HOLIDAYS in image:
        days, held = draw(st.lists(month_days, max_size=5, unique=True)), draw(number)
        image[HOLIDAYS] = encode_list([(day, held) for day in sorted(days)], 14)
    return image
