"""The words of the trade as frozen values. No bytes, no IO, no family.

Energy is `Decimal`, exactly as the meter gave it, with the raw digits beside it. What a meter lacks or what could not
be read is an `Absent` with a reason, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final


class Quantity(StrEnum):
    """What an energy register counts."""

    ACTIVE = "active"
    REACTIVE = "reactive"


class Direction(StrEnum):
    """Which way the counted energy flows."""

    IMPORT = "import"
    EXPORT = "export"


class Evidence(StrEnum):
    """How a fact about a meter is known, strongest first."""

    DOCUMENT = "document"
    """the maker's text"""
    CAPTURE = "capture"
    """seen on a wire"""
    CODE = "code"
    """an implementation that works"""
    GUESS = "guess"
    """nobody has seen it"""


class Action(StrEnum):
    """What an order may permit; anything that it does not list is refused."""

    READ = "read"
    CLOCK = "clock"
    DST_OFF = "dst_off"
    DST_ON = "dst_on"
    SCHEDULE = "schedule"
    HOLIDAYS = "holidays"
    TARIFF_MODE = "tariff_mode"
    DISPLAY = "display"
    BUTTON_CORRECTION = "button_correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A value that was asked for and is not there, with the reason in words."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyValue:
    """One energy register: `amount` in kWh (active) or kvarh (reactive), `raw` the digits as the meter sent them."""

    quantity: Quantity
    direction: Direction
    register: str
    amount: Decimal
    raw: str

    @property
    def unit(self) -> str:
        return "kWh" if self.quantity is Quantity.ACTIVE else "kvarh"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyReading:
    """Energy registers read in one go. `read_at` is aware: the moment the (first) reply was complete.

    `multiplied_by` are the transformer ratios stored in the meter, where its family multiplies what registers hold.
    """

    registers: tuple[EnergyValue, ...]
    read_at: datetime
    absent: tuple[Absent, ...] = ()
    multiplied_by: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantValue:
    """One momentary quantity, such as voltage of a phase. `phase` is None on a single-phase meter."""

    quantity: str
    value: Decimal
    unit: str
    raw: str
    phase: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantReading:
    """Momentary quantities read in one go."""

    values: tuple[InstantValue, ...]
    read_at: datetime
    absent: tuple[Absent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a meter says it is.

    `serial_number` is the number as answered (the plate may differ in zeros and prefixes, see the driver's
    `same_serial`); `facts` are what profiles match on (`[match]`), by the family's own names.
    """

    family: str
    model: str
    serial_number: str
    address: str
    firmware: str | None = None
    firmware_date: date | None = None
    manufactured: date | None = None
    variant: str | None = None
    facts: Mapping[str, str | int] = field(default_factory=dict)
    absent: tuple[Absent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterTime:
    """The clock as the meter answered it, with the times at which the question left and the answer was complete.

    `weekday` is 0 = Sunday .. 6 = Saturday, `holiday` is True where the meter says so instead of a weekday.
    """

    local: datetime
    asked_at: datetime
    answered_at: datetime
    weekday: int | None = None
    holiday: bool | None = None
    season: str | None = None
    resolution: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """A meter's clock against a reference.

    `error` is meter minus reference over the full date-time (None when no zone was given); the truth lies within
    `error` ± `uncertainty`.
    """

    meter: datetime
    reference: datetime
    error: timedelta | None
    uncertainty: timedelta
    weekday: int | None = None
    holiday: bool | None = None
    season_flag: str | None = None

    @property
    def wrong_weekday(self) -> int | None:
        """The weekday that the meter shows where it is not that of its date; a holiday is no weekday."""
        shown = None if self.holiday else self.weekday
        return None if shown in (None, self.meter.isoweekday() % 7) else shown


@dataclass(frozen=True, slots=True, kw_only=True)
class DstSetting:
    """The automatic DST switch: `enabled` True means the meter will jump by itself; None where it cannot be told."""

    enabled: bool | None
    begins: str | None = None
    ends: str | None = None
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffMode:
    """How many tariffs are in force and which one counts now (1 = T1)."""

    tariffs_in_force: int | None
    current_tariff: int | None
    absent: tuple[Absent, ...] = ()


class ArchiveSpan(StrEnum):
    """How far apart the records of an archive are."""

    MONTH = "month"
    DAY = "day"
    YEAR = "year"

    def starts(self, today: date, count: int) -> list[date]:
        """The first days of the last `count` months or years, or the last days, the current one last."""
        if self is ArchiveSpan.DAY:
            return [today - timedelta(days=back) for back in reversed(range(count))]
        if self is ArchiveSpan.YEAR:
            return [date(year, 1, 1) for year in range(today.year - count + 1, today.year + 1)]
        newest = today.year * 12 + today.month - 1
        return [date(number // 12, number % 12 + 1, 1) for number in range(newest - count + 1, newest + 1)]

    def label(self, start: date) -> str:
        """What a record is called by: `2025`, `2025-07`, or `2025-07-21`."""
        return start.isoformat()[: _LABEL_CHARS[self]]


_LABEL_CHARS: Final = {ArchiveSpan.YEAR: 4, ArchiveSpan.MONTH: 7, ArchiveSpan.DAY: 10}


class ArchiveKind(StrEnum):
    """What an archive keeps of each span: the registers as they stood when it began, or what was used in it."""

    START = "start"
    CONSUMPTION = "consumption"


@dataclass(frozen=True, slots=True)
class Archive:
    """One of the archives that a meter may keep."""

    span: ArchiveSpan
    kind: ArchiveKind = ArchiveKind.START


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRecord:
    """The registers of the span that begins with the day `start`. What was used in the current one is not all yet."""

    start: date
    registers: tuple[EnergyValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveReading:
    """An archive, oldest record first; what the meter could not give is `absent`. See EnergyReading."""

    archive: Archive
    records: tuple[ArchiveRecord, ...]
    read_at: datetime
    absent: tuple[Absent, ...] = ()
    multiplied_by: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEvent:
    """One record of a journal. `at` is meter time; None where the record holds only a day (`on`) or nothing."""

    index: int
    event: str
    raw: str
    at: datetime | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalReading:
    """One journal, newest first. `read_at` is None where no record could be read."""

    journal: str
    events: tuple[JournalEvent, ...]
    read_at: datetime | None
    absent: tuple[Absent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusValue:
    """One further fact of the meter (a limit, the battery, the last power cut), in words with its unit.

    What an action of an order sets is named as the action is: `button correction`. `alarm`: the family says that
    somebody should look at it.
    """

    name: str
    value: str
    unit: str
    raw: str
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReading:
    """What else the meter tells about itself. `read_at` is None where nothing could be read."""

    values: tuple[StatusValue, ...]
    read_at: datetime | None
    absent: tuple[Absent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holidays:
    """The meter's own table of special days as (month, day), in stored order; a plain year has no year in it."""

    days: tuple[tuple[int, int], ...]
    raw: str = ""
