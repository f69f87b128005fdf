"""How schedules are made up for property tests: few programs and dates, so that nearly equal ones are common."""

from __future__ import annotations

from hypothesis import strategies as st

from meterlink.tariff import DayKind, DayProgram, Season, SpecialDay, YearSchedule

_programs = st.builds(
    DayProgram.of,
    st.lists(st.tuples(st.integers(1, 1439), st.integers(1, 8)), max_size=8, unique_by=lambda pair: pair[0]).map(
        lambda pairs: [(0, 1), *sorted(pairs)]
    ),
)
_few_programs = st.sampled_from(
    [DayProgram.of(pairs) for pairs in ([(0, 1)], [(0, 2), (420, 1), (1380, 2)], [(0, 1), (425, 3)])]
)
_month_days = st.sampled_from([(1, 1), (2, 28), (2, 29), (3, 1), (4, 1), (12, 31)])
_kinds = st.sampled_from(DayKind)


@st.composite
def _weeks(draw: st.DrawFn) -> tuple[DayProgram, ...]:
    week = [draw(_few_programs | _programs)] * len(DayKind)
    for kind in draw(st.sets(_kinds, max_size=3)):
        week[kind] = draw(_few_programs)
    return tuple(week)


def _special_day(month_day: tuple[int, int], year: int | None, kind: DayKind) -> SpecialDay:
    leap = month_day != (2, 29)
    return SpecialDay(month=month_day[0], day=month_day[1], year=year if leap or year is None else 2028, kind=kind)


_seasons = st.builds(lambda starts, week: Season(starts=starts, week=week), _month_days, _weeks())
_special_days = st.builds(_special_day, _month_days, st.sampled_from([None, None, 2027, 2028]), _kinds)

st.register_type_strategy(DayProgram, _programs)
st.register_type_strategy(
    YearSchedule,
    st.builds(
        lambda seasons, special_days: YearSchedule(seasons=tuple(seasons), special_days=tuple(special_days)),
        st.lists(_seasons, min_size=1, max_size=4, unique_by=lambda season: season.starts),
        st.lists(_special_days, max_size=5, unique_by=lambda special: special.date_text),
    ),
)
