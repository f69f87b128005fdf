"""The map of memory 02: addresses of the maker's text, cutting into pieces, joining into runs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from meterlink_micron.memory import DAY_NAMES, Span, joined_runs, layout_of
from tests.drivers.micron.scene import EIGHT, FOUR, FOUR_HIGH
from tests.shipped import library


@pytest.mark.parametrize(
    ("model", "name", "address"),
    [
        (EIGHT, "January monday", 0x2040),
        (EIGHT, "January thursday", 0x2118),
        (EIGHT, "January friday", 0x2160),
        (EIGHT, "January saturday", 0x21A8),
        (EIGHT, "February thursday", 0x2358),
        (EIGHT, "April holiday", 0x28F8),
        (EIGHT, "December holiday", 0x3B40 - 72),
        (FOUR_HIGH, "January weekdays", 0x2040),
        (FOUR_HIGH, "December holiday", 0x2700 - 36),
        (FOUR, "January saturday", 0x0440 + 0x24),
        (FOUR, "December holiday", 0x0B00 - 36),
    ],
)
def test_every_day_lies_where_the_maker_puts_it(model: str, name: str, address: int) -> None:
    """The five misprints of the maker's table are its rule's addresses here."""
    layout = layout_of(library().get(model))
    key = DAY_NAMES[layout.packing.tariffs][name]
    assert layout.day(key, layout.schedule_at[0]).at == address


def test_the_days_of_a_year_follow_one_another() -> None:
    for model in (FOUR, FOUR_HIGH, EIGHT):
        layout = layout_of(library().get(model))
        base = layout.schedule_at[0]
        days = [layout.day(key, base) for key in DAY_NAMES[layout.packing.tariffs].values()]
        assert joined_runs(reversed(days)) == [layout.year(base)]
        assert layout.year(base).end == layout.schedule_check_at


spans = st.builds(Span, st.integers(0, 200), st.integers(1, 150))


@given(spans, st.integers(2, 133))
def test_pieces_are_the_span_in_order(span: Span, most: int) -> None:
    for pieces in (list(span.pieces(most)), list(span.reads(most))):
        assert pieces[0].at == span.at
        assert [piece.end for piece in pieces[:-1]] == [piece.at for piece in pieces[1:]]
        assert pieces[-1].end == span.end
        assert all(piece.size <= most for piece in pieces)
    if span.size > 1 and most > 2:
        assert all(piece.size >= 2 for piece in span.reads(most))


@given(st.lists(spans, min_size=1, max_size=6))
def test_runs_hold_the_same_bytes_and_touch_nowhere(several: list[Span]) -> None:
    runs = joined_runs(several)
    assert {at for run in runs for at in range(run.at, run.end)} == {
        at for span in several for at in range(span.at, span.end)
    }
    assert all(one.end < other.at for one, other in pairwise(runs))
