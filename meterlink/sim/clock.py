"""The clock inside a simulated meter, in closed form: what it shows is a function of `now`, so a year costs nothing.

Two times meet here: `now`, the true time in seconds since 1970 UTC, and the meter's own local time, a naive datetime.
Inside both are whole microseconds, so that nothing drifts by rounding: `now` is rounded once, at the door.

The switch between winter and summer time is a guess (no source of any family names the dates), as is that neither
setting nor clearing the flag moves the clock at that moment. All guesses about the switch stand in `DstRule` and
`MeterClock.set_dst`.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US

_EPOCH: Final = datetime.combine(date(1970, 1, 1), time.min)
_MICROSECOND: Final = timedelta(microseconds=1)
_NO_ERROR: Final = Fraction(0)
_NAIVE_ONLY: Final = "a meter's clock knows no zone; give a naive datetime"
_NEVER_BACKWARDS: Final = "a clock with a rate error of -100 % or less does not run forwards"
_ORDER: Final = "summer time must begin and end in the same year"


def microseconds(now: float) -> int:
    """True time in seconds as whole microseconds since 1970 UTC."""
    return round(now * SECOND_US)


def local_from_us(local_us: int) -> datetime:
    """Microseconds since 1970-01-01 00:00 of the meter's own time as a naive datetime."""
    return _EPOCH + timedelta(microseconds=local_us)


def local_to_us(local: datetime) -> int:
    """The reverse of `local_from_us`; ValueError for a datetime with a zone."""
    if local.tzinfo is not None:
        raise ValueError(_NAIVE_ONLY)
    return (local - _EPOCH) // _MICROSECOND


def ppm(value: float | Decimal) -> Fraction:
    """A rate error in parts per million; positive = the clock is fast."""
    return Fraction(str(value)) / 1_000_000


def seconds_per_day(value: float | Decimal) -> Fraction:
    """A rate error in seconds a day; positive = the clock is fast."""
    return Fraction(str(value)) / 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class DstRule:
    """When a meter switches between winter and summer time: on the last Sunday of two months, at a full hour.

    `begin_hour` is the hour at which it jumps forwards, `end_hour` the one at which it jumps back (in summer time). The
    defaults are the Russian rule until 2010, a guess.
    """

    begin_month: int = 3
    begin_hour: int = 2
    end_month: int = 10
    end_hour: int = 3
    shift: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        if self.begin_month >= self.end_month:
            raise ValueError(_ORDER)

    def begins(self, year: int) -> datetime:
        """The first moment of summer, in winter time."""
        return _last_sunday(year, self.begin_month) + timedelta(hours=self.begin_hour)

    def ends(self, year: int) -> datetime:
        """The first moment of winter, in winter time."""
        return _last_sunday(year, self.end_month) + timedelta(hours=self.end_hour) - self.shift

    def is_summer(self, winter_time: datetime) -> bool:
        """Whether it is summer at a moment given in winter time, which never jumps."""
        return self.begins(winter_time.year) <= winter_time < self.ends(winter_time.year)

    def to_local(self, winter_time: datetime) -> datetime:
        """What a clock that follows the rule shows."""
        return winter_time + self.shift if self.is_summer(winter_time) else winter_time

    def to_winter(self, local: datetime) -> datetime:
        """The reverse. The hour that comes twice counts as its first pass, the hour that is skipped as winter time."""
        winter_time = local - self.shift
        return winter_time if self.is_summer(winter_time) else local


DST_RULE: Final = DstRule()


def _last_sunday(year: int, month: int) -> datetime:
    last = date(year, month, monthrange(year, month)[1])
    return datetime.combine(last - timedelta(days=last.isoweekday() % 7), time.min)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSpan:
    """A stretch of true time in which the meter's time runs evenly, or stands still: no jump inside.

    `start_us`, `end_us` true time, `local_start_us`, `local_end_us` the meter's own, all in microseconds since 1970.
    """

    start_us: int
    end_us: int
    local_start_us: int
    local_end_us: int

    @property
    def local_start(self) -> datetime:
        return local_from_us(self.local_start_us)

    @property
    def local_end(self) -> datetime:
        """Where the meter's time arrives; after a jump the next span begins elsewhere."""
        return local_from_us(self.local_end_us)

    def true_us(self, local_us: int) -> int:
        """The true time at which the meter shows a local time inside this span (not for a span that stands still)."""
        share = (local_us - self.local_start_us) * (self.end_us - self.start_us)
        return self.start_us + share // (self.local_end_us - self.local_start_us)


class MeterClock:
    """The meter's own time as a function of true time.

    Whoever counts anything along this clock counts up to `now` before it is set, stopped or its DST flag changed: the
    function holds for the time since then and, looking back, knows nothing of what was before.
    """

    def __init__(
        self,
        local: datetime,
        now: float,
        *,
        rate_error: Fraction = _NO_ERROR,
        running: bool = True,
        dst_enabled: bool = False,
        dst_rule: DstRule = DST_RULE,
    ) -> None:
        """Shows `local` at `now`. `rate_error` as made by `ppm` or `seconds_per_day`."""
        if rate_error <= -1:
            raise ValueError(_NEVER_BACKWARDS)
        self._rate = 1 + rate_error
        self._running = running
        self._dst_enabled = dst_enabled
        self._rule = dst_rule
        self.set(local, now)

    @property
    def running(self) -> bool:
        return self._running

    @property
    def dst_enabled(self) -> bool:
        """Whether the clock switches between winter and summer time by itself."""
        return self._dst_enabled

    def local(self, now: float) -> datetime:
        """What the clock shows."""
        return local_from_us(self._shown_us(self._steady_us(microseconds(now))))

    def set(self, local: datetime, now: float) -> None:
        """Put the clock right, or wrong. With DST on, an hour that does not exist is shown an hour later (guess)."""
        local_us = local_to_us(local)
        self._since_us = microseconds(now)
        self._base_us = local_to_us(self._rule.to_winter(local)) if self._dst_enabled else local_us

    def set_running(self, running: bool, now: float) -> None:
        """Stop the clock where it stands, or let it go on from there."""
        now_us = microseconds(now)
        self._base_us = self._steady_us(now_us)
        self._since_us = now_us
        self._running = running

    def set_dst(self, enabled: bool, now: float) -> None:
        """Set the DST flag. The clock goes on from what it shows: no jump in summer, neither on nor off (guess).

        Whether it is summer follows from the date shown. Only in the hour that the rule skips does setting the flag
        move the clock, as `set` does.
        """
        if enabled != self._dst_enabled:
            shown = self.local(now)
            self._dst_enabled = enabled
            self.set(shown, now)

    def spans(self, from_now: float, to_now: float) -> Iterator[ClockSpan]:
        """The time between, cut where the clock jumps; true time without a gap, nothing when there is none."""
        start_us, end_us = microseconds(from_now), microseconds(to_now)
        if start_us >= end_us:
            return
        steady_us, steady_end_us = self._steady_us(start_us), self._steady_us(end_us)
        for jump_us in self._jumps(steady_us, steady_end_us):
            at_us = self._since_us + -(-(jump_us - self._base_us) // self._rate)
            yield self._span(start_us, at_us, steady_us, jump_us)
            start_us, steady_us = at_us, jump_us
        yield self._span(start_us, end_us, steady_us, steady_end_us)

    # The steady time never jumps: winter time while DST is on, what the clock shows while it is off.

    def _steady_us(self, now_us: int) -> int:
        if not self._running:
            return self._base_us
        return self._base_us + (now_us - self._since_us) * self._rate.numerator // self._rate.denominator

    def _shown_us(self, steady_us: int) -> int:
        if not self._dst_enabled:
            return steady_us
        return local_to_us(self._rule.to_local(local_from_us(steady_us)))

    def _jumps(self, from_us: int, to_us: int) -> Iterator[int]:
        """The jumps of the clock in rising order, in steady time; one exactly at the beginning is over already."""
        if not self._dst_enabled:
            return
        for year in range(local_from_us(from_us).year, local_from_us(to_us).year + 1):
            for jump in (self._rule.begins(year), self._rule.ends(year)):
                if from_us < local_to_us(jump) < to_us:
                    yield local_to_us(jump)

    def _span(self, start_us: int, end_us: int, steady_us: int, steady_end_us: int) -> ClockSpan:
        shown_us = self._shown_us(steady_us)
        shown_end_us = shown_us + steady_end_us - steady_us
        return ClockSpan(start_us=start_us, end_us=end_us, local_start_us=shown_us, local_end_us=shown_end_us)
