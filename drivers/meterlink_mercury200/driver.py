"""The driver object of the family."""

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
from meterlink_mercury200 import address, changing, flows, stored, writing
from meterlink_mercury200.describe import describe
from meterlink_mercury200.framing import reply_framer
from meterlink_mercury200.messages import COMMANDS, readdressed
from meterlink_mercury200.models import contradictions
from meterlink_mercury200.words import WORDS

_KEYS: Final = ("commands_absent", "commands_unknown", "archive_current_month", "model_code")
_CURRENT_MONTH: Final = ("foreign-memory", "same-month")


class Mercury200:
    """Mercury 200.0x, 201.8, 203.2T, 206: no session, no password, no checksummed secrets."""

    family: Final = flows.FAMILY
    words: Final = WORDS
    capabilities: Final = frozenset(
        {
            "identity",
            "energy",
            "reactive_energy",
            "energy_archive",
            "reactive_archive",
            "instant",
            "load_power",
            "frequency",
            "reactive_power",
            "clock",
            "dst",
            "tariff_count",
            "current_tariff",
            "schedule",
            "holidays",
            "limits",
            "journal_power",
            "journal_cover",
            "journal_parametrisation",
            "power_times",
            "cover_times",
            "battery",
            "running_time",
            "display",
            "button_correction",
            "last_parametrisation",
            "set_clock",
            "set_dst",
            "set_schedule",
            "set_holidays",
            "set_tariff_count",
            "set_display",
            "set_button_correction",
        }
    )

    def check_profile(self, profile: Profile) -> list[str]:
        table = profile.driver_table
        problems = [f"{key}: is not a key of this family" for key in table if key not in _KEYS]
        for key in ("commands_absent", "commands_unknown"):
            problems += [f"{key}: {why}" for why in _bad_codes(table.get(key, []))]
        if table.get("archive_current_month") not in _CURRENT_MONTH:
            problems.append(f"archive_current_month: must be one of {', '.join(_CURRENT_MONTH)}")
        return problems + contradictions(profile)

    def framer(self, profile: Profile) -> ClientFramer:
        return reply_framer()

    @property
    def anybody(self) -> None:
        """Every frame carries the address of one meter."""
        return None

    parse_address = staticmethod(address.parse_address)
    same_serial = staticmethod(address.same_serial)

    identify = staticmethod(flows.identify)
    read_energy = staticmethod(flows.read_energy)
    read_instant = staticmethod(flows.read_instant)
    read_clock = staticmethod(flows.read_clock)
    read_dst = staticmethod(flows.read_dst)
    read_schedule = staticmethod(flows.read_schedule)
    read_holidays = staticmethod(flows.read_holidays)
    read_tariff_mode = staticmethod(flows.read_tariff_mode)
    read_archive = staticmethod(flows.read_archive)
    read_status = staticmethod(flows.read_status)
    read_journal = staticmethod(flows.read_journal)

    def journals(self, profile: Profile) -> Mapping[str, str]:
        return {name: words for name, (words, _) in flows.JOURNALS.items()}

    @property
    def step_order(self) -> tuple[Action, ...]:
        return writing.STEP_ORDER

    def soft_correction(self, profile: Profile) -> SoftCorrection | None:
        """The interface writes the whole time only, on every model."""
        return None

    stored_names = staticmethod(stored.stored_names)
    read_stored = staticmethod(stored.read_stored)
    told_stored = staticmethod(stored.told_stored)
    means_same = staticmethod(changing.means_same)
    lift_stored = staticmethod(changing.lift_stored)
    changes = staticmethod(changing.changes)
    write = staticmethod(writing.write)
    set_clock = staticmethod(writing.set_clock)
    shift_clock = staticmethod(writing.shift_clock)

    def describe(self, request: bytes, reply: bytes | None, profile: Profile | None) -> Description:
        return describe(request, reply)

    def mask(self, frame: bytes) -> str:
        return hexadecimal(frame)

    @property
    def readdress(self) -> Callable[[bytes], bytes]:
        return readdressed

    def simulate(self, profile: Profile, state: SimState) -> SimulatedMeter:
        from meterlink_mercury200.sim import simulate

        return simulate(profile, state)


def _bad_codes(codes: object) -> list[str]:
    if not isinstance(codes, list | tuple):
        return ["must be a list of command codes"]
    known = {f"{code:02X}" for code in COMMANDS}
    return [f"{code!r} is no command of this family" for code in codes if str(code).upper() not in known]
