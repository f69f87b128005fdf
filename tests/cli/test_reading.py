"""A meter's clock against a reference: the error over the full date-time, its bounds, and the words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from meterlink.cli.clock import facts
from meterlink.model import MeterTime
from meterlink.reading import against_reference, clock_words, span_words

MOSCOW = ZoneInfo("Europe/Moscow")
ASKED = datetime(2025, 7, 21, 11, 5, 9, tzinfo=UTC)


def meter_time(local: datetime, span_s: float = 0.04) -> MeterTime:
    return MeterTime(local=local, asked_at=ASKED, answered_at=ASKED + timedelta(seconds=span_s))


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    local: datetime
    words: str
    span_s: float = 0.04


CASES = (
    Case(name="right", local=datetime(2025, 7, 21, 14, 5, 9), words="meter is right within 1 s"),
    Case(
        name="summer time left on",
        local=datetime(2025, 7, 21, 15, 5, 23),
        words="meter is 1 h 00 min 14 s ahead",
    ),
    Case(name="slow", local=datetime(2025, 7, 21, 14, 3, 8), words="meter is 2 min 01 s behind"),
    Case(name="a few seconds", local=datetime(2025, 7, 21, 14, 5, 14), words="meter is 5 s ahead"),
    Case(
        name="the date counts, not the time of day only",
        local=datetime(2025, 7, 20, 14, 5, 9),
        words="meter is 1 d 0 h 00 min 00 s behind",
        span_s=0.9,
    ),
    Case(name="reset to its birth", local=datetime(2000, 1, 1), words="meter is 9333 d 14 h 05 min 09 s behind"),
    Case(
        name="a slow line widens the bounds",
        local=datetime(2025, 7, 21, 14, 5, 10),
        words="meter is right within 2 s",
        span_s=2.2,
    ),
    Case(
        name="wrong by more than a slow line explains",
        local=datetime(2025, 7, 21, 14, 5, 30),
        words="meter is 20 s ahead (within 2 s)",
        span_s=2.2,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_error_in_words(case: Case) -> None:
    assert clock_words(against_reference(meter_time(case.local, case.span_s), MOSCOW)) == case.words


def test_without_a_zone_no_error_is_computed_and_that_is_said() -> None:
    reading = against_reference(meter_time(datetime(2025, 7, 21, 14, 5, 9)), None)
    assert reading.error is None
    assert reading.reference == ASKED + timedelta(seconds=0.02)
    assert reading.reference.utcoffset() == timedelta()
    assert "--tz" in clock_words(reading)


def test_a_second_that_is_shown_lasts_a_second() -> None:
    reading = against_reference(meter_time(datetime(2025, 7, 21, 14, 5, 9), span_s=0.2), MOSCOW)
    assert reading.error == timedelta(seconds=0.4)
    assert reading.uncertainty == timedelta(seconds=0.6)


@given(
    true_error_s=st.floats(-1e6, 1e6),
    span_s=st.floats(0, 5),
    share=st.floats(0, 1),
    zone_h=st.integers(-12, 14),
)
def test_the_truth_lies_within_the_bounds(true_error_s: float, span_s: float, share: float, zone_h: int) -> None:
    zone = timezone(timedelta(hours=zone_h))
    looked_at = ASKED + timedelta(seconds=span_s * share)
    shown = looked_at.astimezone(zone).replace(tzinfo=None) + timedelta(seconds=true_error_s)
    reading = against_reference(meter_time(shown.replace(microsecond=0), span_s), zone)
    assert reading.error is not None
    assert abs(reading.error - timedelta(seconds=true_error_s)) <= reading.uncertainty + timedelta(microseconds=3)


SAID = re.compile(r"(?:(\d+) d )?(?:(\d+) h )?(?:(\d+) min )?(\d+) s (ahead|behind)(?: \(within (\d+) s\))?$")


def said_bounds(words: str) -> tuple[float, float]:
    """The error that a sentence states, and how far the truth may lie from it."""
    right = re.fullmatch(r"meter is right within (\d+) s", words)
    if right:
        return 0.0, float(right[1])
    match = SAID.search(words)
    assert match is not None, words
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
    span = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return float(span if match[5] == "ahead" else -span), float(match[6] or 1)


@given(true_error_s=st.one_of(st.floats(-4, 4), st.floats(-1e6, 1e6)), span_s=st.floats(0, 5), share=st.floats(0, 1))
def test_the_truth_lies_within_what_words_and_document_say(true_error_s: float, span_s: float, share: float) -> None:
    shown = (ASKED + timedelta(seconds=span_s * share)).replace(tzinfo=None) + timedelta(seconds=true_error_s)
    reading = against_reference(meter_time(shown.replace(microsecond=0), span_s), UTC)
    error_s, within_s = said_bounds(clock_words(reading))
    assert abs(error_s - true_error_s) <= within_s + 5e-6
    document = facts(reading)
    written = abs(float(str(document["error_s"])) - true_error_s)
    assert written <= float(str(document["uncertainty_s"])) + 5e-6


def test_right_counts_the_error_too() -> None:
    reading = against_reference(meter_time(datetime(2025, 7, 21, 14, 5, 10), span_s=1.2), MOSCOW)
    assert (reading.error, reading.uncertainty) == (timedelta(seconds=0.9), timedelta(seconds=1.1))
    assert clock_words(reading) == "meter is right within 2 s"


def test_the_uncertainty_of_the_document_is_never_rounded_down() -> None:
    reading = against_reference(meter_time(datetime(2025, 7, 21, 14, 5, 9), span_s=0.0401), MOSCOW)
    assert str(facts(reading)["uncertainty_s"]) == "0.521"


def test_an_answer_that_seems_older_than_its_question_is_taken_for_instant() -> None:
    assert against_reference(
        meter_time(datetime(2025, 7, 21, 14, 5, 9), span_s=-0.01), MOSCOW
    ).uncertainty == timedelta(seconds=0.5)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (0.5, "1 s"), (59.6, "1 min 00 s"), (3614, "1 h 00 min 14 s"), (86_400, "1 d 0 h 00 min 00 s")],
)
def test_spans_in_words(seconds: float, words: str) -> None:
    assert span_words(timedelta(seconds=seconds)) == words
