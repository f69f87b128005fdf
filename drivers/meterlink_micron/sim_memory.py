"""What a simulated meter of the family remembers: clock and season, flags, memory 02, what was corrected and changed.

Not here: frames, channels, levels (sim), what a write does (sim_writes).

* Memory 02 answers in the windows of its model only; anything else is status 01 [documented].
* The meter compares each stored checksum with its table at once [guess: nobody says when a real one looks]. That of
  the day schedules is the sum of their bytes [guess], and 03 21 stores it about 0.7 s later [documented].
* A correction backwards lets the clock stand still for as long [guess: documented is about N seconds for -N seconds].
* The season is that of the rule while the meter switches by itself; else it stays as it was set [guess].
* Power that is lost closes nothing in memory; a block that was being written may be written by half [guess].
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from meterlink.profiles import Profile
from meterlink.sim.clock import DST_RULE, DstRule, MeterClock
from meterlink.sim.energy import Switches
from meterlink.sim.state import SimState
from meterlink.tariff import DayProgram, YearSchedule
from meterlink_micron.clock import RUNNING, SUMMER, WINTER
from meterlink_micron.days import HolidayTable, MovedDay, MovedDays, checksum, moved_list
from meterlink_micron.memory import Layout, Span, layout_of
from meterlink_micron.models import JOURNALS
from meterlink_micron.schedule import lower, schedule_limits
from meterlink_micron.slots import STEP_MINUTES, Packing
from meterlink_micron.state_codec import DST_FORBIDDEN_BIT, ONE_TARIFF_BIT, SCHEDULE_ERROR

_LOW: Final = Span(0x0400, 0x0790)
_HIGH: Final = Span(0x2000, 0x1C00)
_COUNTS_S: Final = 0.7
_ARCHIVE_MONTHS: Final = 14
_JOURNAL: Final = 10
_TWO_ZONES: Final = YearSchedule.every_day(DayProgram.of([(0, 2), (7 * 60, 1), (23 * 60, 2)]))

_HOLIDAYS_ERROR: Final = 12
"""An E number of the state word, of every model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryBehaviour:
    """What this memory does otherwise than usual.

    `schedule_windows`   the addresses at which the day schedules answer, the one that counts first; None: the first of
                         the model
    `windows_apart`      True: two windows are two memories; False: they show the same one
    `moved`              days that were moved before
    `before_named`       what stands between the identifier and the data that 0C answers: two bytes of some SET-4TM.03
    `ignores`            beginnings of write commands that are acknowledged and change nothing
    `dies_after_writes`  so many writes are done, then the power goes with the next one
    `loses_power_for_s`  how long it stays away; None: for ever
    `tears`              the write with which the power goes is done by half
    `dst_rule`           when the clock switches, where it does
    """

    schedule_windows: tuple[int, ...] | None = None
    windows_apart: bool = False
    moved: tuple[MovedDay, ...] = ()
    before_named: bytes = b""
    ignores: tuple[bytes, ...] = ()
    dies_after_writes: int | None = None
    loses_power_for_s: float | None = None
    tears: bool = False
    dst_rule: DstRule = DST_RULE


class TableMemory:
    """Memory 02 with its tables and their checksums."""

    def __init__(self, layout: Layout, behaviour: MemoryBehaviour) -> None:
        self.layout = layout
        self._bytes = bytearray(0x10000)
        windows = behaviour.schedule_windows or layout.schedule_at[:1]
        self._base = windows[0]
        self._mirrors = () if behaviour.windows_apart else windows[1:]
        self._windows = _windows(layout, windows)

    def fill(self, profile: Profile, schedule: YearSchedule, moved: Sequence[MovedDay]) -> None:
        """As from the factory, with this schedule."""
        layout = self.layout
        days = lower(schedule, layout.packing, schedule_limits(profile.limits, layout.packing))
        for base in {self._base, *(window.at for window in self._windows if window.at in layout.schedule_at)}:
            self._put(base, b"".join(days.values()))
        yearly = HolidayTable.of((one.month, one.day) for one in schedule.special_days)
        self._put(layout.holidays_at, yearly.encode())
        if layout.moved_days_at:
            self._put(layout.moved_days_at, moved_list(moved))
        self.count_schedules()

    # --- the wire's side ---------------------------------------------------------------------------------------------

    def read(self, at: int, count: int) -> bytes | None:
        """None where it is forbidden."""
        if not self._is_open(at, count):
            return None
        at = self._true(at)
        return bytes(self._bytes[at : at + count])

    def write(self, at: int, data: bytes) -> bool:
        """False where it is forbidden."""
        if not self._is_open(at, len(data)):
            return False
        self._put(self._true(at), data)
        return True

    def _is_open(self, at: int, count: int) -> bool:
        return any(window.at <= at and at + count <= window.end for window in self._windows)

    def _true(self, at: int) -> int:
        for mirror in self._mirrors:
            if mirror <= at < mirror + self.layout.year_size:
                return at - mirror + self._base
        return at

    def _put(self, at: int, data: bytes) -> None:
        self._bytes[at : at + len(data)] = data

    # --- the meter's side --------------------------------------------------------------------------------------------

    def _of(self, span: Span) -> bytes:
        return bytes(self._bytes[span.at : span.end])

    def count_schedules(self) -> None:
        """03 21."""
        self._bytes[self.layout.schedule_check_at] = checksum(self._of(self.layout.year(self._base)))

    def errors(self) -> frozenset[int]:
        """The E numbers of the checksums that are wrong."""
        layout = self.layout
        found = set() if self.holidays.is_whole else {_HOLIDAYS_ERROR}
        if self._bytes[layout.schedule_check_at] != checksum(self._of(layout.year(self._base))):
            found.add(SCHEDULE_ERROR)
        if layout.moved_days_error and not self.moved.is_whole:
            found.add(layout.moved_days_error)
        return frozenset(found)

    @property
    def holidays(self) -> HolidayTable:
        return HolidayTable.read(self._of(self.layout.holidays))

    @property
    def moved(self) -> MovedDays:
        span = self.layout.moved_days
        return MovedDays.read(moved_list(()) if span is None else self._of(span), self.layout.packing)

    def table_on(self, day: date) -> int:
        """Which table of the month a date follows: a moved day before a holiday before the weekday [documented]."""
        tables = self.layout.packing.tables
        span = self.layout.moved_days
        moved = None if span is None else _moved(self._of(span), self.layout.packing).get(day)
        if moved is not None:
            return moved
        if self.holidays.holds(day):
            return len(tables) - 1
        return next(place for place, table in enumerate(tables) if day.isoweekday() % 7 in table.kinds)

    def switches_on(self, day: date) -> Switches:
        span = self.layout.day((day.month, self.table_on(day)), self._base)
        return _switches(self.layout.packing, self._of(span))


def _windows(layout: Layout, schedules: Sequence[int]) -> list[Span]:
    """Where memory 02 answers: the range of the model, with or without the day schedules in it."""
    whole = _LOW if layout.holidays_at < _HIGH.at else _HIGH
    inside = [base for base in layout.schedule_at if whole.at <= base < whole.end]
    open_windows = [whole] + [layout.year(base) for base in schedules if base not in inside]
    for base in inside:
        if base not in schedules:
            year = layout.year(base)
            open_windows[:1] = [Span(whole.at, year.at - whole.at), Span(year.end, whole.end - year.end)]
    return open_windows


@lru_cache(maxsize=256)
def _moved(raw: bytes, packing: Packing) -> Mapping[date, int]:
    """The table of each day that was moved; of days that stand twice the first counts [guess]."""
    days: dict[date, int] = {}
    for one in MovedDays.read(raw, packing).days:
        days.setdefault(one.on, one.table)
    return days


@lru_cache(maxsize=256)
def _switches(packing: Packing, raw: bytes) -> Switches:
    """A code that is no tariff counts as its lower bits say [guess]."""
    codes = [code % packing.tariffs for code in packing.unpack(raw)]
    return [(slot * STEP_MINUTES, code + 1) for slot, code in enumerate(codes) if slot == 0 or code != codes[slot - 1]]


@dataclass(slots=True)
class Correction:
    """The soft correction: the day of the last one, what became of the last try, and until when one runs."""

    on: date | None = None
    state: int = 0
    runs_until: float | None = None


class Memory:
    """Everything that writes change. Times in seconds since 1970 UTC."""

    def __init__(self, profile: Profile, state: SimState, behaviour: MemoryBehaviour | None = None) -> None:
        self.behaviour = behaviour or MemoryBehaviour()
        self.layout = layout_of(profile)
        rule = self.behaviour.dst_rule
        self.clock = MeterClock(state.local, state.started_at, dst_enabled=state.dst_enabled, dst_rule=rule)
        self.has_one_tariff_mode = profile.has("set_tariff_count")
        self.flags = bytearray((0, 0 if state.dst_enabled else DST_FORBIDDEN_BIT))
        self.tables = TableMemory(self.layout, self.behaviour)
        self.tables.fill(profile, state.schedule or _TWO_ZONES, self.behaviour.moved)
        self.correction = Correction()
        self._season = WINTER
        self._counted_at: float | None = None
        self.journals: dict[int, deque[tuple[datetime | None, ...]]] = {}
        self.programmed_at: datetime | None = None
        self.programmed_on: dict[date, int] = {}
        self._changed: dict[int, datetime] = {}
        self.writes_done = 0
        self._dead_from: float | None = None
        self.energy = state.energy(self.clock, self._switches_on, archive_months=_ARCHIVE_MONTHS)

    # --- time --------------------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Let everything happen that is due by `now`."""
        if self.correction.runs_until is not None and now >= self.correction.runs_until:
            self.energy.advance(self.correction.runs_until)
            self.clock.set_running(True, self.correction.runs_until)
            self.correction.runs_until, self.correction.state = None, 0
        if self._counted_at is not None and now >= self._counted_at:
            self._counted_at = None
            self.tables.count_schedules()

    def season(self, now: float) -> int:
        """The last byte of the clock."""
        if not self.clock.dst_enabled:
            return self._season
        rule = self.behaviour.dst_rule
        return SUMMER if rule.is_summer(rule.to_winter(self.clock.local(now))) else WINTER

    def set_clock(self, local: datetime, season: int, now: float) -> None:
        before = self.clock.local(now)
        self.energy.advance(now)
        self.clock.set(local, now)
        self._season = season
        self.note(JOURNALS["clock"], before, local)

    def run_clock_by(self, seconds: int, now: float) -> None:
        """A soft correction: forwards at once, backwards in its own time."""
        before = self.clock.local(now)
        after = before + timedelta(seconds=seconds)
        self.energy.advance(now)
        self.correction = Correction(on=before.date())
        if seconds >= 0:
            self.clock.set(after, now)
        else:
            self.clock.set_running(False, now)
            self.correction.state, self.correction.runs_until = RUNNING, now - seconds
        self.note(JOURNALS["clock"], before, after)

    def set_dst(self, enabled: bool, now: float) -> None:
        self._season = self.season(now)
        self.energy.advance(now)
        self.clock.set_dst(enabled, now)
        self.flags[1] = self.flags[1] & ~DST_FORBIDDEN_BIT | (0 if enabled else DST_FORBIDDEN_BIT)

    def set_one_tariff(self, is_set: bool, now: float) -> None:
        """Everything counts as T1, or by the schedule again."""
        self.energy.advance(now)
        self.flags[1] = self.flags[1] & ~ONE_TARIFF_BIT | ONE_TARIFF_BIT * is_set

    # --- tariffs -----------------------------------------------------------------------------------------------------

    def begin_counting(self, now: float) -> None:
        self._counted_at = now + _COUNTS_S

    def tariff(self, now: float) -> int:
        """The one that counts."""
        return self.energy.tariff_at(self.clock.local(now))

    def _switches_on(self, day: date) -> Switches:
        return ((0, 1),) if self.flags[1] & ONE_TARIFF_BIT else self.tables.switches_on(day)

    # --- traces and power --------------------------------------------------------------------------------------------

    def note(self, journal: int, *times: datetime | None) -> None:
        """One more record of a journal, the newest last."""
        self.journals.setdefault(journal, deque(maxlen=_JOURNAL)).append(times)

    def note_once(self, journal: int, now: float) -> None:
        """A change of a table: one record for all blocks of a session [guess]."""
        self._changed.setdefault(journal, self.clock.local(now))

    def end_session(self) -> None:
        """The channel closes: what was changed through it is noted."""
        for journal, at in self._changed.items():
            self.note(journal, at)
        self._changed.clear()

    def programmed(self, now: float) -> None:
        """A write of the second level [documented: counted by the day]."""
        self.programmed_at = self.clock.local(now)
        self.programmed_on[self.programmed_at.date()] = self.programmed_on.get(self.programmed_at.date(), 0) + 1

    def has_power(self, now: float) -> bool:
        """Without power it hears nothing and says nothing; what is stored stays."""
        away_s = self.behaviour.loses_power_for_s
        return self._dead_from is None or (away_s is not None and now >= self._dead_from + away_s)

    def power_goes(self, now: float) -> bool:
        """Whether it goes with this write."""
        if self._dead_from is None and self.writes_done == self.behaviour.dies_after_writes:
            self._dead_from = now
            return True
        return False
