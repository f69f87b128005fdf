"""What a simulated meter has kept: registers of past months and days, journals. No bytes.

Document: the forms of the questions and of the entries. Guess: 45 days are kept; load, tables and clock have been the
same all along; the newest entry of a journal is the first one; ENM01 is the last month that is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from meterlink.sim.clock import MeterClock
from meterlink.sim.energy import EnergyMeter, EnergyRegisters
from meterlink.wire.payload import PayloadError
from meterlink_energomera.journals import MOST_ENTRIES
from meterlink_energomera.models import Table
from meterlink_energomera.times import read_date

UNKNOWN: Final = 12
MALFORMED: Final = 13
OUT_OF_RANGE: Final = 17
NO_RECORD: Final = 18

Answer = Sequence[str] | int
"""The values, or the number of a refusal."""

_DAYS_KEPT: Final = timedelta(days=45)
_NO_ENTRY: Final = "00-00-00-00-00-0"
_NO_CORRECTION: Final = "00.00.00,00:00,0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archives:
    """Registers of the past. `told` shows registers of one direction as the meter does."""

    table: Table
    keeps_days: bool
    clock: MeterClock
    energy: EnergyMeter
    told: Callable[[EnergyRegisters, str], Sequence[str]]

    def answer(self, parameter: str, args: str, now: float) -> Answer | None:
        """None for a parameter that is none of an archive here."""
        table, kind, direction = self.table, parameter[:3], parameter[3:]
        if table.archive == "ENMnn" and kind == "ENM" and direction.isdecimal():
            return self._months_ago(int(direction), now)
        if direction not in table.energy:
            return None
        if kind == "ENM" and table.archive == "ENM":
            return self._month(args, direction, now)
        if kind == "END" and self.keeps_days:
            return self._day(args, direction, now)
        return None

    def _shown(self, registers: EnergyRegisters | None, direction: str) -> Answer:
        return self._nothing if registers is None else self.told(registers, direction)

    @property
    def _nothing(self) -> Answer:
        return [] if self.table.empty_when_absent else NO_RECORD

    def _month(self, args: str, direction: str, now: float) -> Answer:
        try:
            month, year = map(int, args.split("."))
            following = date(2000 + year + month // 12, month % 12 + 1, 1)
        except ValueError:
            return MALFORMED
        return self._shown(self.energy.month_start(following.year, following.month, now), direction)

    def _months_ago(self, back: int, now: float) -> Answer:
        """The total at the end of a month."""
        today = self.clock.local(now).date()
        months = today.year * 12 + today.month - back
        told = self._shown(self.energy.month_start(months // 12, months % 12 + 1, now), "PE")
        return told if isinstance(told, int) else told[:1]

    def _day(self, args: str, direction: str, now: float) -> Answer:
        day = _day_of(args)
        return MALFORMED if day is None else self._shown(self._after(day, now), direction)

    def _is_kept(self, day: date, now: float) -> bool:
        return timedelta() < self.clock.local(now).date() - day <= _DAYS_KEPT

    def _after(self, day: date, now: float) -> EnergyRegisters | None:
        """The registers at the end of a day."""
        if not self._is_kept(day, now):
            return None
        return self.energy.stood_at(datetime.combine(day, time.min) + timedelta(days=1), now)


def _day_of(text: str) -> date | None:
    try:
        return read_date(f"00.{text}")[1]
    except PayloadError:
        return None


@dataclass(frozen=True, slots=True)
class Entries:
    """Journals by parameter, the newest entry first."""

    held: dict[str, list[str]] = field(default_factory=dict)

    def note(self, parameter: str, at: datetime, bits: int) -> None:
        self._add(parameter, f"{at:%d-%m-%y-%H-%M}-{bits}")

    def note_correction(self, at: datetime, seconds: int) -> None:
        self._add("JCORT", f"{at:%d.%m.%y,%H:%M},{seconds}")

    def _add(self, parameter: str, entry: str) -> None:
        self.held[parameter] = [entry, *self.held.get(parameter, ())][:MOST_ENTRIES]

    def answer(self, parameter: str, args: str) -> Answer:
        """n.m: m entries from the nth on; an empty place where there is none."""
        first, _, count = args.partition(".")
        if not first.isdecimal() or not count.isdecimal():
            return MALFORMED
        found = self.held.get(parameter, [])[max(0, int(first) - 1) :][: int(count)]
        return found or [_NO_CORRECTION if parameter == "JCORT" else _NO_ENTRY]
