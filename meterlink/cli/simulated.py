"""Simulated meters as the options of a `sim:` URL and of `sim run` describe them.

    seed=7  serial=06925646  address=925646  clock_error_s=3614  dst=on  load_w=588  schedule=ru-household-2
    utc=+03:00  energy_kwh=5621.42,2208.34  fault=late:0.2

What an option leaves open is the choice of the family. `at`, the beginning of virtual time, belongs to the port.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final, TypeVar

from meterlink.driver import Driver
from meterlink.errors import ConfigError
from meterlink.profiles import Profile
from meterlink.sim.bus import VirtualBus
from meterlink.sim.faults import FaultSpec, parse_faults, wrap
from meterlink.sim.line import SimulatedMeter, VirtualWire
from meterlink.sim.state import SimState
from meterlink.tariff import YearSchedule, preset, preset_names
from meterlink.zone import parse_offset

V = TypeVar("V")

_MOST_CLOCK_ERROR_S: Final = 20 * 366 * 86_400
_MOST_LOAD_W: Final = 1_000_000
_SECONDS: Final = re.compile(r"[+-]?[0-9]{1,10}(\.[0-9]{1,6})?", re.ASCII)
_ENERGY: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?(,[0-9]{1,6}(\.[0-9]{1,2})?){0,7}", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_WHY: Final = {
    "seconds": "{text!r} is not a number of seconds, at most twenty years",
    "whole": "{text!r} is not a whole number from 0 to {most}",
    "energy": "{text!r} is not one to eight numbers of kWh with commas between, as 5621.42,2208.34",
    "switch": "{text!r} is neither on nor off",
    "series": "the meters get serial numbers in a row, and {text!r} is not a number",
    "one": "it fits one meter only, and there are {count}",
}


_ADVICE: Final = {
    "seconds": "Write seconds such as 3614 or -90.5.",
    "whole": "Write digits only.",
    "energy": "Write T1, T2 and so on in kWh, with a point and commas between.",
    "switch": "Write on or off.",
    "series": "Give a serial number of digits, or one meter only.",
    "one": "Leave the address out, or give one meter only.",
}
_PLANS: Final = "The plans are {names}."
_FAULTS: Final = "`meterlink sim list` shows every fault; write it as in late:0.2."


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A wire with meters on it, and who they are: (address, serial number) in order."""

    wire: VirtualWire
    meters: tuple[tuple[str, str], ...]


def simulate(
    driver: Driver,
    profile: Profile,
    options: Mapping[str, str],
    *,
    started_at: float,
    gap_s: float | None = None,
    count: int = 1,
) -> Simulation:
    """Meters of one model on one line; ConfigError names the option that cannot be."""
    state = _state(driver, profile, options, started_at, gap_s)
    first = driver.simulate(profile, state)
    meters = [first, *(_next(driver, profile, state, first, number, options) for number in range(1, count))]
    if count > 1 and state.address is not None:
        raise _error("address", "one", count=count)
    faults = _faults(options.get("fault", ""))
    wire = wrap(VirtualBus(meters), faults, state.seed, driver.readdress)
    return Simulation(wire=wire, meters=tuple(map(_who, meters)))


def _faults(text: str) -> list[FaultSpec]:
    try:
        return parse_faults(text)
    except ConfigError as error:
        raise ConfigError(setting=error.setting, why=error.why, advice=_FAULTS) from error


def own_address(driver: Driver, profile: Profile, options: Mapping[str, str]) -> str:
    """The address that the first simulated meter has."""
    return simulate(driver, profile, {**options, "fault": ""}, started_at=0.0).meters[0][0]


def _next(
    driver: Driver, profile: Profile, state: SimState, first: SimulatedMeter, number: int, options: Mapping[str, str]
) -> SimulatedMeter:
    serial = _who(first)[1]
    if not serial.isdecimal():
        raise _error("serial", "series", text=serial)
    further = f"{int(serial) + number:0{len(serial)}d}"
    another = replace(state, serial_number=further, seed=state.seed + number)
    meter = driver.simulate(profile, another)
    if meter.bus_address != first.bus_address or not first.bus_address.isdecimal():
        return meter
    counted_on = str(int(first.bus_address) + number)  # the factory gives every meter the same
    return driver.simulate(profile, replace(another, address=driver.parse_address(counted_on, profile)))


def _who(meter: SimulatedMeter) -> tuple[str, str]:
    return meter.bus_address, meter.serial_number


def _state(
    driver: Driver, profile: Profile, options: Mapping[str, str], started_at: float, gap_s: float | None
) -> SimState:
    def option(key: str, convert: Callable[[str, str], V], usual: V) -> V:
        return convert(key, options[key]) if key in options else usual

    def address(_key: str, text: str) -> str | None:
        return driver.parse_address(text, profile)

    usual = SimState(started_at=started_at)
    return replace(
        usual,
        serial_number=option("serial", _text, None),
        address=option("address", address, None),
        utc_offset=option("utc", _offset, usual.utc_offset),
        clock_error=option("clock_error_s", _seconds, usual.clock_error),
        dst_enabled=option("dst", _switch, usual.dst_enabled),
        schedule=option("schedule", _schedule, None),
        load_w=option("load_w", _load, usual.load_w),
        energy_kwh=option("energy_kwh", _energy, usual.energy_kwh),
        seed=option("seed", _seed, usual.seed),
        gap_s=gap_s,
    )


def _text(_key: str, text: str) -> str | None:
    return text


def _offset(key: str, text: str) -> timedelta:
    return parse_offset(text, key)


def _seconds(key: str, text: str) -> timedelta:
    if not _SECONDS.fullmatch(text) or abs(float(text)) > _MOST_CLOCK_ERROR_S:
        raise _error(key, "seconds", text=text)
    return timedelta(seconds=float(text))


def _switch(key: str, text: str) -> bool:
    if text not in ("on", "off"):
        raise _error(key, "switch", text=text)
    return text == "on"


def _schedule(key: str, text: str) -> YearSchedule | None:
    try:
        return preset(text).schedule
    except ConfigError as error:
        raise ConfigError(setting=key, why=error.why, advice=_PLANS.format(names=", ".join(preset_names()))) from error


def _energy(key: str, text: str) -> tuple[Decimal, ...]:
    if not _ENERGY.fullmatch(text):
        raise _error(key, "energy", text=text)
    return tuple(map(Decimal, text.split(",")))


def _load(key: str, text: str) -> int:
    return _whole(key, text, _MOST_LOAD_W)


def _seed(key: str, text: str) -> int:
    return _whole(key, text, 10**18 - 1)


def _whole(key: str, text: str, most: int) -> int:
    if not _WHOLE.fullmatch(text) or int(text) > most:
        raise _error(key, "whole", text=text, most=most)
    return int(text)


def _error(key: str, why: str, **facts: object) -> ConfigError:
    return ConfigError(setting=key, why=_WHY[why].format(**facts), advice=_ADVICE[why])
