"""The driver object of the family."""

from __future__ import annotations

from typing import Final

from meterlink.driver import Description, SoftCorrection
from meterlink.model import Action
from meterlink.profiles import Profile
from meterlink.sim.line import SimulatedMeter
from meterlink.sim.state import SimState
from meterlink.wire.framer import ClientFramer
from meterlink_energomera import address, energy, flows, momentary, status, stored, writing
from meterlink_energomera.describe import describe, mask
from meterlink_energomera.framing import asking_framer
from meterlink_energomera.journals import journals, read_journal
from meterlink_energomera.models import problems_of, table_of
from meterlink_energomera.words import WORDS


class Energomera:
    """One session for each reading; a password for each announcement of writes."""

    family: Final = flows.FAMILY
    words: Final = WORDS
    capabilities: Final = frozenset(
        {
            "identity",
            "energy",
            "reactive_energy",
            "energy_archive",
            "energy_days",
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
            "journal_parametrisation",
            "set_clock",
            "set_dst",
            "set_schedule",
            "set_holidays",
        }
    )

    def check_profile(self, profile: Profile) -> list[str]:
        return problems_of(profile)

    def framer(self, profile: Profile) -> ClientFramer:
        return asking_framer(table_of(profile).check)

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
    read_schedule = staticmethod(flows.read_schedule)
    read_holidays = staticmethod(flows.read_holidays)
    read_tariff_mode = staticmethod(flows.read_tariff_mode)
    read_archive = staticmethod(energy.read_archive)
    read_status = staticmethod(status.read_status)
    journals = staticmethod(journals)
    read_journal = staticmethod(read_journal)

    @property
    def step_order(self) -> tuple[Action, ...]:
        return writing.STEP_ORDER

    def soft_correction(self, profile: Profile) -> SoftCorrection | None:
        return writing.soft_correction(profile)

    stored_names = staticmethod(stored.stored_names)
    read_stored = staticmethod(stored.read_stored)
    told_stored = staticmethod(stored.told_stored)
    means_same = staticmethod(stored.means_same)
    lift_stored = staticmethod(stored.lift_stored)
    changes = staticmethod(stored.changes)
    write = staticmethod(writing.write)
    set_clock = staticmethod(writing.set_clock)
    shift_clock = staticmethod(writing.shift_clock)

    def describe(self, request: bytes, reply: bytes | None, profile: Profile | None) -> Description:
        return describe(request, reply)

    mask = staticmethod(mask)

    @property
    def readdress(self) -> None:
        """Answers carry no address."""
        return None

    def simulate(self, profile: Profile, state: SimState) -> SimulatedMeter:
        from meterlink_energomera.sim import simulate

        return simulate(profile, state)
