"""What to do about a clock: leave it, let it run into the right time, or set it; and what the order must say for that.

Whole date-times are compared, so 23:59:58 against 00:00:02 is four seconds. It is not decided here when to do it
(`clock_window`) nor told why the clock is wrong (`diagnosis`).
Source: the practice of reading systems, which correct from 5 s on; soft limits are the family's; a clock that is off by
more than a day has lost its battery or its date, which somebody has to look at first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from meterlink.driver import SoftCorrection
from meterlink.errors import (
    ClockFarOffError,
    ClockReasonMissingError,
    ClockUnknownError,
    PlanError,
    TimeSourceUnknownError,
)
from meterlink.model import ClockReading
from meterlink.reading import span_words
from meterlink.visit.plan import ClockMethod, ClockStep, TimeSource

LEAVE_ALONE: Final = timedelta(seconds=5)
"""Less than this is left alone."""
MOST_UNFORCED: Final = timedelta(hours=24)
"""More than this is set only where the order says so."""

_TEXT: Final = {
    "senseless": "nobody knows how far",
    "no error": "how far it is off is not known without the time zone of the meter's place",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The clock is as right as can be told."""

    error: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct:
    """The clock is to be put right."""

    step: ClockStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What would be done, and what is missing for it. `what` is None where nothing can be told."""

    what: Leave | Correct | None
    unmet: tuple[PlanError, ...] = ()


def decide(
    reading: ClockReading,
    *,
    soft: SoftCorrection | None,
    reason: str | None,
    allow_over_24h: bool,
    time_source: TimeSource,
) -> Decision:
    """The decision with every need that is not met; `soft` is what the family can do, the rest what the order says."""
    error = reading.error
    if error is None:
        return Decision(what=None, unmet=(ClockUnknownError(why=_TEXT["no error"]),))
    right_day = reading.wrong_weekday is None
    if right_day and (abs(error) < LEAVE_ALONE or abs(error) <= reading.uncertainty):
        return Decision(what=Leave(error=error))
    told = (reason or "").strip() or None
    if right_day and soft is not None and abs(error) <= soft.limit:
        return Decision(what=Correct(step=ClockStep(method=ClockMethod.SOFT, error=error, reason=told)))
    step = ClockStep(method=ClockMethod.HARD, error=error, reason=told)
    return Decision(what=Correct(step=step), unmet=_unmet(step, allow_over_24h, time_source))


def decide_senseless(*, reason: str | None, allow_over_24h: bool, time_source: TimeSource) -> Decision:
    """The same for a clock that shows no time of any calendar: nobody knows how far it is off."""
    step = ClockStep(method=ClockMethod.HARD, error=None, reason=(reason or "").strip() or None)
    return Decision(what=Correct(step=step), unmet=_unmet(step, allow_over_24h, time_source))


def _unmet(step: ClockStep, allow_over_24h: bool, time_source: TimeSource) -> tuple[PlanError, ...]:
    off = _TEXT["senseless"] if step.error is None else span_words(abs(step.error))
    unmet: list[PlanError] = []
    if (step.error is None or abs(step.error) > MOST_UNFORCED) and not allow_over_24h:
        unmet.append(ClockFarOffError(error=off))
    if step.reason is None:
        unmet.append(ClockReasonMissingError(error=off))
    if time_source is TimeSource.UNKNOWN:
        unmet.append(TimeSourceUnknownError(error=off))
    return tuple(unmet)
