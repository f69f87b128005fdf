"""What a driver promises. One immutable object per family, found through the entry points `meterlink.drivers`.

Every reading is a flow: it yields requests and returns values of `model`. A capability that the model lacks is a
`NotSupportedError` before any byte is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from meterlink.flow import Flow
from meterlink.model import (
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One meter: its address in the family's canonical text form, and the profile it is read by."""

    address: str
    profile: Profile


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
    def capabilities(self) -> frozenset[str]:
        """The capabilities that this driver has code for; a profile says which of them a model has."""

    def check_profile(self, profile: Profile) -> list[str]:
        """What is wrong with the family's own table of a profile, as `key: why` with keys of that table."""

    def framer(self, profile: Profile) -> ClientFramer: ...

    def parse_address(self, text: str, profile: Profile) -> str:
        """The canonical form of an address as people type it; AddressError names the rule that it breaks."""

    def address_from_serial(self, serial_number: str, profile: Profile) -> str:
        """The address a meter of this serial number has from the factory."""

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

    def read_archive(self, target: Target, months: int) -> Flow[ArchiveReading]:
        """The last `months` months, as the meter's own clock counts them."""

    def read_status(self, target: Target) -> Flow[StatusReading]: ...

    def journals(self, profile: Profile) -> Mapping[str, str]:
        """Journal names with what they hold, in words."""

    def read_journal(self, target: Target, journal: str, most: int) -> Flow[JournalReading]: ...

    def describe(self, request: bytes, reply: bytes | None, profile: Profile | None) -> Description:
        """Decode bytes alone, any bytes; what cannot be told is in `status` and `notes`, never an exception."""

    def mask(self, frame: bytes) -> str:
        """A frame in hexadecimal, secret bytes and the checksum of such a frame as `**`."""

    def simulate(self, profile: Profile, state: SimState) -> SimulatedMeter: ...

    @property
    def readdress(self) -> Callable[[bytes], bytes] | None:
        """Makes of a reply the same one from another address, for faults; None where replies carry no address."""
