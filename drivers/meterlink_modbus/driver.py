"""The driver object: which function answers for each promise of `meterlink.driver.Driver`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from meterlink.driver import Description, SoftCorrection
from meterlink.model import Action
from meterlink.profiles import Profile
from meterlink.sim.line import SimulatedMeter
from meterlink.sim.state import SimState
from meterlink.wire.framer import ClientFramer
from meterlink.wire.payload import hexadecimal
from meterlink_modbus import address, changing, flows, stored, writing
from meterlink_modbus.describe import describe
from meterlink_modbus.framing import AnswerFramer, readdressed
from meterlink_modbus.map_reader import read_map
from meterlink_modbus.words import WORDS


class Modbus:
    """Meters with a register map in their profile: no session, no password, no secrets in any frame."""

    family: Final = flows.FAMILY
    words: Final = WORDS
    capabilities: Final = frozenset(
        {
            "identity",
            "energy",
            "reactive_energy",
            "instant",
            "frequency",
            "reactive_power",
            "clock",
            "schedule",
            "holidays",
            "set_clock",
            "set_schedule",
            "set_holidays",
        }
    )

    def check_profile(self, profile: Profile) -> list[str]:
        return read_map(profile)[1]

    def framer(self, profile: Profile) -> ClientFramer:
        return AnswerFramer()

    @property
    def anybody(self) -> None:
        """Unit 0 is the broadcast, which nobody answers."""
        return None

    parse_address = staticmethod(address.parse_address)
    same_serial = staticmethod(address.same_serial)

    identify = staticmethod(flows.identify)
    read_energy = staticmethod(flows.read_energy)
    read_instant = staticmethod(flows.read_instant)
    read_clock = staticmethod(flows.read_clock)
    read_dst = staticmethod(flows.read_dst)
    read_schedule = staticmethod(stored.read_schedule)
    read_holidays = staticmethod(stored.read_holidays)
    read_tariff_mode = staticmethod(flows.read_tariff_mode)
    read_archive = staticmethod(flows.read_archive)
    read_status = staticmethod(flows.read_status)
    read_journal = staticmethod(flows.read_journal)

    def journals(self, profile: Profile) -> Mapping[str, str]:
        return {}

    @property
    def step_order(self) -> tuple[Action, ...]:
        return writing.STEP_ORDER

    def soft_correction(self, profile: Profile) -> SoftCorrection | None:
        """The whole time alone can be written."""
        return None

    stored_names = staticmethod(stored.stored_names)
    read_stored = staticmethod(stored.read_stored)
    told_stored = staticmethod(stored.told_stored)
    means_same = staticmethod(stored.means_same)
    lift_stored = staticmethod(stored.lift_stored)
    changes = staticmethod(changing.changes)
    write = staticmethod(writing.write)
    set_clock = staticmethod(writing.set_clock)
    shift_clock = staticmethod(writing.shift_clock)

    def describe(self, request: bytes, reply: bytes | None, profile: Profile | None) -> Description:
        return describe(request, reply, profile)

    def mask(self, frame: bytes) -> str:
        return hexadecimal(frame)

    @property
    def readdress(self) -> Callable[[bytes], bytes]:
        return readdressed

    def simulate(self, profile: Profile, state: SimState) -> SimulatedMeter:
        from meterlink_modbus.sim import simulate

        return simulate(profile, state)
