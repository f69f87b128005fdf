"""The energy registers of a simulated meter, in closed form: nothing is counted until somebody asks.

The load is constant between changes. Which tariff an instant belongs to is decided by the meter's own clock and its own
table, however wrong they are; how much energy there is, by true time alone. The sum of all tariffs is therefore exactly
load times true time. Counted are whole microjoules (watts times microseconds), so nothing is lost by rounding.

An archive holds the registers as they stood at the start of a month. Guesses, where no family knows better: a step
counts when it is full; before the first switch of a day the tariff of the day before runs on, also where that day has
another table; a clock that is set over the start of a month makes the record of the new month then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from operator import itemgetter
from typing import Final

from meterlink.sim.clock import DAY_US, ClockSpan, MeterClock, local_from_us

UJ_PER_WH: Final = 3_600_000_000

Switches = Sequence[tuple[int, int]]
"""The switches of one day: (minute of the day, tariff that counts from then on)."""

SwitchesOn = Callable[[date], Switches]
"""A meter's own table: the switches of a date; empty where the tariff of the day before runs on all day."""

_MINUTES_A_DAY: Final = 1440
_MINUTE_US: Final = 60_000_000
_LONGEST_RUN_ON_DAYS: Final = 366  # a year without any switch: the table is empty
_FIRST_TARIFF: Final = 1
_LOAD_BELOW_ZERO: Final = "a simulated load draws energy: 0 W or more, not {load_w} W"


def shown_kwh(energy_uj: int, decimals: int) -> Decimal:
    """Microjoules as a register shows them: kWh with so many decimals, cut and not rounded."""
    return (Decimal(energy_uj) / (1000 * UJ_PER_WH)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRegisters:
    """What the registers hold at one instant, by tariff, in microjoules."""

    energy_uj: Mapping[int, int]

    def counts(self, tariff: int, step_wh: int = 10) -> int:
        """Full steps of a register; 10 Wh unless the family counts otherwise. 0 for a tariff it does not have."""
        return self.energy_uj.get(tariff, 0) // (step_wh * UJ_PER_WH)

    def kwh(self, tariff: int, decimals: int = 2) -> Decimal:
        """A register as shown: see `shown_kwh`."""
        return shown_kwh(self.energy_uj.get(tariff, 0), decimals)

    @property
    def total_uj(self) -> int:
        return sum(self.energy_uj.values())


class EnergyMeter:
    """Counts a constant load into tariffs along a `MeterClock`.

    Call `advance` before the clock or the table is changed; what is counted stays counted.
    """

    def __init__(
        self,
        *,
        clock: MeterClock,
        switches_on: SwitchesOn,
        now: float,
        load_w: int,
        start_kwh: Sequence[Decimal] = (),
        archive_months: int = 13,
    ) -> None:
        """`start_kwh` is what T1, T2, ... hold at `now`; the archive keeps the newest `archive_months` records."""
        self._clock = clock
        self._switches_on = switches_on
        self._at = now
        self._load_w = _checked(load_w)
        self._energy_uj = {tariff: int(kwh * 1000 * UJ_PER_WH) for tariff, kwh in enumerate(start_kwh, start=1)}
        self._archive_months = archive_months
        self._archive: dict[tuple[int, int], EnergyRegisters] = {}
        self._month = _month_of(clock.local(now))

    @property
    def load_w(self) -> int:
        return self._load_w

    def set_load(self, load_w: int, now: float) -> None:
        """Another load from `now` on."""
        self.advance(now)
        self._load_w = _checked(load_w)

    def advance(self, now: float) -> None:
        """Count up to `now`, in seconds since 1970 UTC; an earlier time than before changes nothing."""
        for span in self._clock.spans(self._at, now):
            self._count(span)
        self._at = max(self._at, now)
        self._notice_month(self._clock.local(self._at))

    def registers(self, now: float) -> EnergyRegisters:
        self.advance(now)
        return self._snapshot()

    def month_start(self, year: int, month: int, now: float) -> EnergyRegisters | None:
        """The registers at the start of a month of the meter's own time; None where the archive has no such record."""
        self.advance(now)
        return self._archive.get((year, month))

    def stood_at(self, local: datetime, now: float) -> EnergyRegisters:
        """The registers at a moment of the meter's own time that is over: what is held, without what came since.

        As if load, table and clock had been the same since then (guess); no register below 0.
        """
        at = now - (self._clock.local(now) - local).total_seconds()
        at += (local - self._clock.local(at)).total_seconds()  # once more where the clock jumped in between
        since = EnergyMeter(clock=self._clock, switches_on=self._switches_on, now=at, load_w=self._load_w)
        counted = since.registers(now).energy_uj
        held = self.registers(now).energy_uj
        return EnergyRegisters(energy_uj={each: max(0, uj - counted.get(each, 0)) for each, uj in held.items()})

    def months(self, now: float) -> list[tuple[int, int]]:
        """The (year, month) of each archive record, oldest record first."""
        self.advance(now)
        return list(self._archive)

    def tariff_at(self, local: datetime) -> int:
        """The tariff that the table gives to a moment of the meter's own time."""
        minute = local.hour * 60 + local.minute
        spans = _day_spans(self._switches_on(local.date()), self._tariff_before(local.date()))
        return next(tariff for start, end, tariff in spans if start <= minute < end)

    def remember_past(self) -> None:
        """Fill the archive as if load, table and clock had been the same all along (guess); no register below 0.

        To be called once, right after the meter was made.
        """
        past = EnergyMeter(
            clock=self._clock,
            switches_on=self._switches_on,
            now=self._at - (self._archive_months + 1) * 31 * 86_400,
            load_w=self._load_w,
            archive_months=self._archive_months,
        )
        counted = past.registers(self._at).energy_uj
        for month, record in past._archive.items():
            self._archive[month] = EnergyRegisters(
                energy_uj={
                    tariff: max(0, energy_uj - counted.get(tariff, 0) + record.energy_uj.get(tariff, 0))
                    for tariff, energy_uj in self._energy_uj.items()
                }
            )

    # --- counting ----------------------------------------------------------------------------------------------------

    def _count(self, span: ClockSpan) -> None:
        if span.local_start_us == span.local_end_us:  # the clock stands still: one tariff gets all of it
            self._add(self.tariff_at(span.local_start), span.end_us - span.start_us)
            return
        running = self._tariff_before(span.local_start.date())
        first_us = span.local_start_us - span.local_start_us % DAY_US
        for day_us in range(first_us, span.local_end_us, DAY_US):
            running = self._count_day(span, day_us, running)

    def _count_day(self, span: ClockSpan, day_us: int, running: int) -> int:
        """Count what of a local day lies in the span; returns the tariff at the end of the day."""
        day = local_from_us(day_us)
        self._notice_month(day)
        tariff = running
        for start, end, tariff in _day_spans(self._switches_on(day.date()), running):
            from_us = max(span.local_start_us, day_us + start * _MINUTE_US)
            to_us = min(span.local_end_us, day_us + end * _MINUTE_US)
            if from_us < to_us:
                self._add(tariff, span.true_us(to_us) - span.true_us(from_us))
        return tariff

    def _add(self, tariff: int, duration_us: int) -> None:
        self._energy_uj[tariff] = self._energy_uj.get(tariff, 0) + self._load_w * duration_us

    def _tariff_before(self, day: date) -> int:
        """The tariff that runs on from the day before: the last switch there was."""
        for days in range(1, _LONGEST_RUN_ON_DAYS + 1):
            before = day - timedelta(days=days)
            *_, (_, _, tariff) = _day_spans(self._switches_on(before), 0)
            if tariff:
                return tariff
        return _FIRST_TARIFF

    # --- the archive -------------------------------------------------------------------------------------------------

    def _notice_month(self, local: datetime) -> None:
        """A later month than before makes a record; an earlier one (a clock put back) does not."""
        month = _month_of(local)
        if month > self._month:
            self._archive.pop(month, None)  # so that the newest record stands last
            self._archive[month] = self._snapshot()
            while len(self._archive) > self._archive_months:
                del self._archive[next(iter(self._archive))]
        self._month = month

    def _snapshot(self) -> EnergyRegisters:
        return EnergyRegisters(energy_uj=dict(self._energy_uj))


def _day_spans(switches: Switches, tariff: int) -> Iterator[tuple[int, int, int]]:
    """A whole day as (first minute, minute after the last, tariff); `tariff` runs on from the day before.

    A meter stores what it is given: switches in any order are put in order, those outside the day are passed over.
    """
    start = 0
    for minute, then in sorted(switches, key=itemgetter(0)):
        if minute in range(_MINUTES_A_DAY):
            if start < minute:
                yield start, minute, tariff
            start, tariff = minute, then
    yield start, _MINUTES_A_DAY, tariff


def _month_of(local: datetime) -> tuple[int, int]:
    return local.year, local.month


def _checked(load_w: int) -> int:
    if load_w < 0:
        raise ValueError(_LOAD_BELOW_ZERO.format(load_w=load_w))
    return load_w
