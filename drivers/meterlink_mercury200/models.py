"""What a profile says about the commands of a model: which it lacks, and which capability stands for which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from meterlink.profiles import Profile
from meterlink_mercury200 import messages as m
from meterlink_mercury200.messages import Command

_NOT_IN_PROFILE: Final = "this model is not known to answer it"

CAPABILITY_OF: Final[Mapping[int, str]] = {
    m.READ_BATTERY.code: "battery",
    m.READ_BUTTON_CORRECTION.code: "button_correction",
    m.READ_COVER_OPENED.code: "cover_times",
    m.READ_COVER_CLOSED.code: "cover_times",
    m.READ_CURRENT_TARIFF.code: "current_tariff",
    m.READ_DISPLAY.code: "display",
    m.READ_DISPLAY_TIMES.code: "display",
    m.READ_FREQUENCY.code: "frequency",
    m.READ_LAST_PARAMETRISATION.code: "last_parametrisation",
    m.READ_POWER_LIMIT.code: "limits",
    m.READ_MONTHLY_LIMIT.code: "limits",
    m.READ_LOAD_POWER.code: "load_power",
    m.READ_POWER_OFF.code: "power_times",
    m.READ_POWER_ON.code: "power_times",
    m.READ_REACTIVE_ARCHIVE.code: "reactive_archive",
    m.READ_REACTIVE_ENERGY.code: "reactive_energy",
    m.READ_RUNNING_TIMES.code: "running_time",
}
"""Which capability of a profile answers for a command that is read as a part of something larger."""


def codes_lacking(profile: Profile) -> frozenset[int]:
    """The commands that a model does not answer or is not known to answer."""
    table = profile.driver_table
    lists = (table.get("commands_absent", ()), table.get("commands_unknown", ()))
    return frozenset(int(str(code), 16) for codes in lists if isinstance(codes, list | tuple) for code in codes)


def why_not_asked(profile: Profile, command: Command[Any, Any], capability: str | None = None) -> str | None:
    """Why this model is not asked; None where it may be."""
    needed = capability or CAPABILITY_OF.get(command.code, "")
    if needed in profile.supports and not profile.has(needed):
        return profile.why_not(needed)
    return _NOT_IN_PROFILE if command.code in codes_lacking(profile) else None


def contradictions(profile: Profile) -> list[str]:
    """Capabilities that are supported, and whose commands are listed as lacking."""
    lacking = codes_lacking(profile)
    return [
        f"commands_unknown: {code:02X} is listed as lacking, and supports.{capability} needs it"
        for code, capability in CAPABILITY_OF.items()
        if code in lacking and profile.has(capability)
    ]
