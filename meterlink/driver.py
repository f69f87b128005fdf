"""What a driver promises. One immutable object per family, found through the entry points `meterlink.drivers`.

Every reading is a flow: it yields requests and returns values of `model`. A capability that the model lacks is a
`NotSupportedError` before any byte is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from meterlink.errors import MeterlinkError
from meterlink.flow import Change, Flow
from meterlink.language import Language
from meterlink.model import (
    Action,
    Archive,
    ArchiveReading,
    DstSetting,
    EnergyReading,
    Holidays,
    Identity,
    InstantReading,
    JournalReading,
    MeterTime,
    StatusReading,
    TariffMode,
)
from meterlink.profiles import Profile
from meterlink.sim.line import SimulatedMeter
from meterlink.sim.state import SimState
from meterlink.tariff import YearSchedule
from meterlink.wire.framer import ClientFramer
from meterlink.wire.line import Line


class Revealing(Protocol):
    """A secret that shows itself only to who asks for it by name."""

    def reveal(self) -> bytes:
        """The bytes, for the frame that carries them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One meter: its address in the family's canonical text form, and the profile it is read by.

    `line` is how the port was opened, None where it is the profile's own line; `line_fixed` says that nobody can change
    it from here (a raw TCP gateway). `framing` is how frames are wrapped on the way, one of `line.framings` of the
    profile; None is the family's own form. `secret` is the password that whoever sent us here gave, for families that
    ask for one; it is shown nowhere.
    """

    address: str
    profile: Profile
    line: Line | None = None
    line_fixed: bool = False
    framing: str | None = None
    secret: Revealing | None = field(default=None, repr=False, compare=False)

    @property
    def opened_at(self) -> Line:
        """The line as the port has it before anything was said."""
        return self.profile.line.line if self.line is None else self.line


@dataclass(frozen=True, slots=True, kw_only=True)
class Unliftable:
    """Stored tables that no canonical schedule can express, with the reasons in words."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleReading:
    """The tariff schedule as read: canonical where it can be lifted, and the family's own image, shown raw.

    `image` maps a table's name to its bytes in hexadecimal.
    """

    schedule: YearSchedule | Unliftable
    image: Mapping[str, str]
    notes: tuple[str, ...] = ()


# --- what may be written --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDst:
    """The automatic switch to summer time and back, on or off."""

    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSchedule:
    """The tariff schedule; the meter's table of special days stays as it is."""

    schedule: YearSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHolidays:
    """The table of special days as (month, day) of every year; empty is a wish, too."""

    days: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTariffCount:
    """How many tariffs are in force; 1 is single-tariff mode."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDisplay:
    """What the display shows and for how long; the keys are the family's own, checked by `changes`."""

    values: Mapping[str, object] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetButtonCorrection:
    """How many minutes a year the buttons may correct the clock; 0 forbids it."""

    minutes: int


Setting = SetDst | SetSchedule | SetHolidays | SetTariffCount | SetDisplay | SetButtonCorrection
"""What shall stand in a meter. The clock is not among them: it does not stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of one announced series of writes.

    `found` are the values read back, in their stored form, of the frames that left; what could not be read back is
    missing. `standing` names those of them that are as wanted, or mean the same. `failure` is why the series was
    broken off, None where all of it stands.
    """

    found: Mapping[str, str] = field(hash=False)
    standing: frozenset[str] = frozenset()
    failure: MeterlinkError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftCorrection:
    """That a meter can run its clock into the right time: at most so far."""

    limit: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One frame in words: `fields` have units in their names, decimals as text.

    `status` is "ok", or says in words what is wrong with the frame; then no field is a value.
    """

    name: str
    fields: Mapping[str, object]
    checksum_ok: bool
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A request and its reply as the decoder understands them; `notes` say what it could not tell, and why."""

    request: Described
    reply: Described | None = None
    notes: tuple[str, ...] = field(default=())


class Driver(Protocol):
    """What every family offers."""

    @property
    def family(self) -> str:
        """The family id, as in profiles and entry points."""

    @property
    def words(self) -> Mapping[Language, Mapping[str, str]]:
        """What this family alone writes into records, as the act tells it; English where the phrase itself will not do.

        A key is a kind and the phrase: `family` (the id), `journal` and `event`, `status name`, `status unit` and
        `told` (what a status value says), `part` and `reason` (of an `Absent`, with the notes of profiles), `season`,
        `dst date`, `prompt` (of a profile, as the terminal tells it). A # in key and word stands for any number. What
        the maker calls things stands in brackets behind a phrase, in capitals and digits (`(TRSUM, ERR12)`), and is
        told as it is; the key is without it. Of a phrase with commas each part may be known by itself.
        A phrase that is not here is said to stand in the log; a prompt is told as the profile has it.
        """

    @property
    def capabilities(self) -> frozenset[str]:
        """The capabilities that this driver has code for; a profile says which of them a model has."""

    def check_profile(self, profile: Profile) -> list[str]:
        """What is wrong with the family's own table of a profile, as `key: why` with keys of that table."""

    def framer(self, profile: Profile) -> ClientFramer: ...

    @property
    def anybody(self) -> str | None:
        """The canonical address of whoever answers, who is only read; None where each meter is asked by its own."""

    def parse_address(self, text: str, profile: Profile) -> str:
        """The canonical form of an address as people type it; AddressError names the rule that it breaks."""

    def same_serial(self, plate: str, answered: str) -> bool:
        """Whether the number on the plate and the one answered are the same meter's."""

    def identify(self, target: Target) -> Flow[Identity]: ...

    def read_energy(self, target: Target) -> Flow[EnergyReading]: ...

    def read_instant(self, target: Target) -> Flow[InstantReading]: ...

    def read_clock(self, target: Target) -> Flow[MeterTime]: ...

    def read_dst(self, target: Target) -> Flow[DstSetting]: ...

    def read_schedule(self, target: Target) -> Flow[ScheduleReading]: ...

    def read_holidays(self, target: Target) -> Flow[Holidays]: ...

    def read_tariff_mode(self, target: Target) -> Flow[TariffMode]: ...

    def read_archive(self, target: Target, archive: Archive, count: int) -> Flow[ArchiveReading]:
        """The last `count` years, months or days, as the meter's own clock counts them."""

    def read_status(self, target: Target) -> Flow[StatusReading]: ...

    def journals(self, profile: Profile) -> Mapping[str, str]:
        """Journal names with what they hold, in words."""

    def read_journal(self, target: Target, journal: str, most: int) -> Flow[JournalReading]: ...

    # writing: what is stored, what shall be stored, and the frames between

    @property
    def step_order(self) -> tuple[Action, ...]:
        """In which order the actions of an order are carried out; an action that is missing is never written."""

    def soft_correction(self, profile: Profile) -> SoftCorrection | None:
        """None where the clock can only be set hard."""

    def stored_names(self, action: Action, profile: Profile) -> tuple[str, ...]:
        """The stored values that an action is about, by the family's names; none for the clock."""

    def read_stored(self, target: Target, names: Sequence[str]) -> Flow[Mapping[str, str]]:
        """Stored values by name, in hexadecimal as the meter keeps them. All or an error.

        `ScheduleReading.image` holds the values of schedule and holidays under the same names.
        """

    def told_stored(self, name: str, raw: str) -> str:
        """One stored value in words; the hexadecimal itself where it makes no sense."""

    def means_same(self, name: str, one: str, other: str) -> bool:
        """Whether two stored values, in hexadecimal, mean the same to the meter."""

    def lift_stored(self, stored: Mapping[str, str]) -> YearSchedule | Unliftable:
        """The schedule that stored values make; all those of schedule and holidays must be there."""

    def changes(self, setting: Setting, stored: Mapping[str, str], profile: Profile) -> tuple[Change, ...]:
        """What must be written, in order, so that `setting` holds; nothing where what is stored means the same.

        ScheduleError names the limit that a schedule breaks, ConfigError a value that this family does not know.
        """

    def write(self, target: Target, operation: str, changes: Sequence[Change]) -> Flow[Written]:
        """Announce the changes, write them in order and read back what was written.

        A lost or damaged answer is followed by reading before anything else is sent; the series ends with the first
        value that does not stand as wanted. No frame is ever sent twice.
        """

    def set_clock(self, target: Target, operation: str, local: datetime, at: float, change: Change) -> Flow[Written]:
        """Announce and send `local` so that it arrives when the port's clock shows `at`; MissedInstantError."""

    def shift_clock(self, target: Target, operation: str, by: timedelta, change: Change) -> Flow[Written]:
        """Announce the correction by `by` and return when the meter has finished it: the clock is judged by what it
        reads then. Where that takes time the meter is asked until it is done, also when the answer was lost, and
        `Written.failure` says why where it is not done within the family's own limit. NotSupportedError where
        `soft_correction` is None or does not reach so far.
        """

    def describe(self, request: bytes, reply: bytes | None, profile: Profile | None) -> Description:
        """Decode bytes alone, any bytes; what cannot be told is in `status` and `notes`, never an exception."""

    def mask(self, frame: bytes) -> str:
        """A frame in hexadecimal, secret bytes and the checksum of such a frame as `**`."""

    def simulate(self, profile: Profile, state: SimState) -> SimulatedMeter: ...

    @property
    def readdress(self) -> Callable[[bytes], bytes] | None:
        """Makes of a reply the same one from another address, for faults; None where replies carry no address."""
