"""The driver object of the family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterlink.driver import Description
from meterlink.model import Action
from meterlink.profiles import Profile
from meterlink.sim.line import SimulatedMeter
from meterlink.sim.state import SimState
from meterlink.wire.framer import ClientFramer
from meterlink_micron import (
    address,
    archive,
    changing,
    clock_writing,
    energy,
    flows,
    momentary,
    status,
    stored,
    stored_reading,
    writing,
)
from meterlink_micron.describe import describe, mask
from meterlink_micron.framing import reply_framer
from meterlink_micron.journals import journals, read_journal
from meterlink_micron.messages import readdressed
from meterlink_micron.models import problems_of, table_of
from meterlink_micron.words import WORDS


class Micron:
    """A dialogue for each reading, with the password where one is given; the second level for writing."""

    family: Final = flows.FAMILY
    words: Final = WORDS
    capabilities: Final = frozenset(
        {
            "identity",
            "energy",
            "reactive_energy",
            "energy_archive",
            "energy_days",
            "energy_years",
            "consumption_months",
            "consumption_days",
            "consumption_years",
            "reactive_archive",
            "instant",
            "frequency",
            "reactive_power",
            "clock",
            "dst",
            "tariff_count",
            "current_tariff",
            "schedule",
            "holidays",
            "journal_power",
            "journal_cover",
            "journal_parametrisation",
            "battery",
            "last_parametrisation",
            "set_clock",
            "set_dst",
            "set_schedule",
            "set_holidays",
            "set_tariff_count",
        }
    )

    check_profile = staticmethod(problems_of)

    def framer(self, profile: Profile) -> ClientFramer:
        return reply_framer(table_of(profile).check)

    @property
    def anybody(self) -> str:
        return address.ANYBODY

    parse_address = staticmethod(address.parse_address)
    same_serial = staticmethod(address.same_serial)

    identify = staticmethod(flows.identify)
    read_energy = staticmethod(energy.read_energy)
    read_instant = staticmethod(momentary.read_instant)
    read_clock = staticmethod(flows.read_clock)
    read_dst = staticmethod(flows.read_dst)
    read_schedule = staticmethod(stored_reading.read_schedule)
    read_holidays = staticmethod(stored_reading.read_holidays)
    read_tariff_mode = staticmethod(flows.read_tariff_mode)
    read_archive = staticmethod(archive.read_archive)
    read_status = staticmethod(status.read_status)
    journals = staticmethod(journals)
    read_journal = staticmethod(read_journal)

    @property
    def step_order(self) -> tuple[Action, ...]:
        return writing.STEP_ORDER

    soft_correction = staticmethod(clock_writing.soft_correction)
    stored_names = staticmethod(stored.stored_names)
    read_stored = staticmethod(stored_reading.read_stored)
    told_stored = staticmethod(stored.told_stored)
    means_same = staticmethod(stored.means_same)
    lift_stored = staticmethod(stored.lift_stored)
    changes = staticmethod(changing.changes)
    write = staticmethod(writing.write)
    set_clock = staticmethod(clock_writing.set_clock)
    shift_clock = staticmethod(clock_writing.shift_clock)

    def describe(self, request: bytes, reply: bytes | None, profile: Profile | None) -> Description:
        return describe(request, reply, profile)

    mask = staticmethod(mask)

    @property
    def readdress(self) -> Callable[[bytes], bytes]:
        return readdressed

    def simulate(self, profile: Profile, state: SimState) -> SimulatedMeter:
        from meterlink_micron.sim import simulate

        return simulate(profile, state)
