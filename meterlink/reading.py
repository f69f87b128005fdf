"""What a clock reading means: the meter's time against a reference, and the difference in words. Pure.

A meter that shows whole seconds shows each of them for a whole second, so on average it stands half a second later than
what is shown. When exactly the meter looked at its clock is not known, only that it was between question and answer.
"""

from __future__ import annotations

from datetime import UTC, timedelta, tzinfo
from typing import Final

from meterlink.language import Language, Words
from meterlink.model import ClockReading, MeterTime

_WORDS: Final = Words(
    {
        Language.EN: {
            "right": "meter is right within {within} s",
            "ahead": "meter is {span} ahead",
            "behind": "meter is {span} behind",
            "within": " (within {within} s)",
            "no zone": "no error is computed: give --tz with the time zone of the meter's place",
            "days": "{days} d {hours} h {minutes:02d} min {seconds:02d} s",
            "hours": "{hours} h {minutes:02d} min {seconds:02d} s",
            "minutes": "{minutes} min {seconds:02d} s",
            "seconds": "{seconds} s",
        },
        Language.RU: {
            "right": "часы верны с точностью до {within} с",
            "ahead": "часы прибора спешат на {span}",
            "behind": "часы прибора отстают на {span}",
            "within": " (с точностью до {within} с)",
            "no zone": "погрешность часов не вычисляется: укажите --tz с часовым поясом места, где стоит прибор",
            "days": "{days} сут {hours} ч {minutes:02d} мин {seconds:02d} с",
            "hours": "{hours} ч {minutes:02d} мин {seconds:02d} с",
            "minutes": "{minutes} мин {seconds:02d} с",
            "seconds": "{seconds} с",
        },
    }
)

_ZERO: Final = timedelta()
_SECOND: Final = timedelta(seconds=1)


def against_reference(time: MeterTime, zone: tzinfo | None) -> ClockReading:
    """The meter's time against the computer's. Without the zone of the meter's place there is no error."""
    half_span = max(_ZERO, (time.answered_at - time.asked_at) / 2)
    half_step = time.resolution / 2
    reference = (time.asked_at + half_span).astimezone(UTC if zone is None else zone)
    return ClockReading(
        meter=time.local,
        reference=reference,
        error=None if zone is None else time.local + half_step - reference.replace(tzinfo=None),
        uncertainty=half_span + half_step,
        weekday=time.weekday,
        holiday=time.holiday,
        season_flag=time.season,
    )


def rounded(span: timedelta, to: timedelta) -> timedelta:
    """The nearest multiple of `to`; halves away from 0."""
    whole = (abs(span) + to / 2) // to * to
    return whole if span > _ZERO else -whole


def bounds(reading: ClockReading, to: timedelta = _SECOND) -> timedelta:
    """How far the truth may lie from the error rounded to `to`: the uncertainty with the rounding, never less than it.

    Without an error, the uncertainty alone. A multiple of `to`.
    """
    lost = _ZERO if reading.error is None else abs(reading.error - rounded(reading.error, to))
    return -(-(reading.uncertainty + lost) // to) * to


def clock_words(reading: ClockReading, language: Language = Language.EN) -> str:
    """`meter is 1 h 00 min 14 s ahead`, `meter is right within 1 s`, or why nothing can be said."""
    if reading.error is None:
        return _WORDS("no zone", language)
    if abs(reading.error) <= reading.uncertainty:
        return _WORDS("right", language, within=_ceil_s(abs(reading.error) + reading.uncertainty))
    way = "ahead" if reading.error > _ZERO else "behind"
    within = bounds(reading) // _SECOND
    told = _WORDS("within", language, within=within) if within > 1 else ""
    return _WORDS(way, language, span=span_words(abs(reading.error), language)) + told


def _ceil_s(span: timedelta) -> int:
    return -(-span // _SECOND)


def span_words(span: timedelta, language: Language = Language.EN) -> str:
    """A length of time, rounded to seconds: `14 s`, `1 h 00 min 14 s`, `2 d 0 h 00 min 05 s`."""
    minutes, seconds = divmod(rounded(span, _SECOND) // _SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    form = "days" if days else "hours" if hours else "minutes" if minutes else "seconds"
    return _WORDS(form, language, days=days, hours=hours, minutes=minutes, seconds=seconds)
