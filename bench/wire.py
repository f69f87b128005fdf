"""Wire overhead in virtual time: how long reading or writing takes over what its bytes, gaps and the meter need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from meterlink.driver import Driver, SetSchedule, Target
from meterlink.flow import Flow
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.model import Action
from meterlink.profiles import default_folder, load_profiles
from meterlink.registry import load_driver
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import SimulatedMeter
from meterlink.sim.state import SimState
from meterlink.tariff import DayKind, DayProgram, Season, YearSchedule, preset
from meterlink.testing import START
from meterlink.visit.secrets import Secret
from meterlink_energomera.sim import Behaviour, simulate
from meterlink_micron import sim as micron

SESSION_LATENCY_S = 0.2
SIGN_ON_QUIET_S = 0.2
MODEL = "mercury-200.02"
MODBUS_MODEL = "or-we-517"
LATENCY_S = 0.010
"""What the simulated meter takes after the silence that ends a request."""


def energy_read() -> tuple[float, str]:
    driver, target = _meter()
    return _overhead(driver, target, driver.read_energy(target))


def schedule_read() -> tuple[float, str]:
    driver, target = _meter()
    return _overhead(driver, target, driver.read_schedule(target))


def schedule_write() -> tuple[float, str]:
    """Every record of the year differs from what the meter holds; each is written and read back."""
    driver, target = _meter()
    changes = driver.changes(SetSchedule(schedule=_motley({kind: kind for kind in DayKind})), {}, target.profile)
    return _overhead(driver, target, driver.write(target, "schedule", changes))


def _motley(tables: Mapping[DayKind, int]) -> YearSchedule:
    """No two months alike, nor kinds of day of different tables."""
    return YearSchedule(
        seasons=tuple(
            Season.of(
                (month + 1, 1),
                {
                    kind: DayProgram.of([(0, 1), (60 * (month + 1), 2), (780 + 60 * table, 3)])
                    for kind, table in tables.items()
                },
            )
            for month in range(12)
        )
    )


def modbus_energy_read() -> tuple[float, str]:
    """Import and export of four tariffs and the total, in as few requests as the meter allows."""
    driver, target = _meter(MODBUS_MODEL, "1")
    return _overhead(driver, target, driver.read_energy(target))


def modbus_schedule_write() -> tuple[float, str]:
    """A day table and the year's zones, written whole and read back."""
    driver, target = _meter(MODBUS_MODEL, "1")
    changes = driver.changes(SetSchedule(schedule=preset("ru-household-3").schedule), {}, target.profile)
    return _overhead(driver, target, driver.write(target, "schedule", changes))


def _meter(model: str = MODEL, address: str = "925646") -> tuple[Driver, Target]:
    profile = load_profiles([default_folder()]).get(model)
    return load_driver(profile.driver), Target(address=address, profile=profile)


def _overhead(driver: Driver, target: Target, flow: Flow[object]) -> tuple[float, str]:
    meter = driver.simulate(target.profile, SimState(started_at=START, address=target.address))
    port, took_s = _run(driver, target, meter, flow)
    line, timing = target.profile.line.line, target.profile.timing
    # The client leaves a silence before every request, and the meter ends each by one.
    end_of_request_s = port.replies * timing.quiet_chars * line.char_s
    before_request_s = max(port.replies * timing.quiet_s, end_of_request_s)
    needed_s = port.bytes_s + before_request_s + end_of_request_s + port.replies * LATENCY_S
    return took_s / needed_s, f"{port.replies} exchanges at {line}: {took_s:.4f} s over {needed_s:.4f} s"


# --- a family that answers without the code of the request -----------------------------------------------------------


def half_pulses_read() -> tuple[float, str]:
    """Total and eight tariffs of four kinds of energy, with variant and ratios before them."""
    return _micron_overhead("set-4tm.03m", lambda driver, target: driver.read_energy(target))


def slots_write() -> tuple[float, str]:
    """A year of ten-minute slots in pieces of sixteen bytes, each read back; then the second the meter is busy."""

    def write(driver: Driver, target: Target) -> Flow[object]:
        stored = yield from driver.read_stored(target, driver.stored_names(Action.SCHEDULE, target.profile))
        changes = driver.changes(SetSchedule(schedule=_motley(_TABLES_OF_A_WEEK)), stored, target.profile)
        return (yield from driver.write(target, "schedule", changes))

    return _micron_overhead("psch-4tm.05", write)


_TABLES_OF_A_WEEK = dict.fromkeys(DayKind, 0) | {DayKind.SATURDAY: 1, DayKind.SUNDAY: 2, DayKind.HOLIDAY: 3}


def _micron_overhead(model: str, work: Callable[[Driver, Target], Flow[object]]) -> tuple[float, str]:
    driver, target = _meter(model, "83")
    target = replace(target, secret=Secret("meter", b"000000"))
    profile, line = target.profile, target.profile.line.line
    behaviour = micron.Behaviour(latency_s=(LATENCY_S, LATENCY_S))
    meter = micron.simulate(profile, SimState(started_at=START, address=target.address), behaviour)
    port, took_s = _run(driver, target, meter, work(driver, target))
    silence_s = line.silence_s(profile.timing.quiet_chars, profile.timing.quiet_s)
    busy_s = sum(frame[1:3] == b"\x03\x21" for frame in meter.writes)
    needed_s = port.bytes_s + port.replies * (2 * silence_s + LATENCY_S) + busy_s
    return took_s / needed_s, f"{port.replies} exchanges at {line}: {took_s:.4f} s over {needed_s:.4f} s"


# --- a family with sessions -------------------------------------------------------------------------------------------


def session_energy_read() -> tuple[float, str]:
    """Sign-on, session, registers, end; the meter is idle before and after."""
    return _session_overhead(first_baud=None)


def session_energy_read_with_speed() -> tuple[float, str]:
    """The same through an optical head: sign-on at 300 baud, the registers at 9600."""
    return _session_overhead(first_baud=300)


def _session_overhead(first_baud: int | None) -> tuple[float, str]:
    driver, target = _meter("ce6850m", "000800001")
    profile = target.profile
    line = replace(profile.line.line, baud=first_baud or profile.line.baud)
    target = replace(target, line=line)
    state = SimState(started_at=START, address=target.address)
    behaviour = Behaviour(latency_s=(SESSION_LATENCY_S, SESSION_LATENCY_S), first_baud=first_baud)
    port, took_s = _run(driver, target, simulate(profile, state, behaviour), driver.read_energy(target))
    waits_s = port.replies * SESSION_LATENCY_S + (port.writes - 1) * profile.timing.quiet_s + SIGN_ON_QUIET_S
    needed_s = port.bytes_s + waits_s
    return took_s / needed_s, f"{port.replies} replies from {line}: {took_s:.3f} s over {needed_s:.3f} s"


class _Counting(MemoryPort):
    """Counts what the bytes of either direction need at the speed of their moment."""

    bytes_s = 0.0
    replies = writes = 0

    def write(self, data: bytes) -> float:
        self.bytes_s += len(data) * self._line.char_s
        self.writes += 1
        return super().write(data)

    def read(self, until: float) -> bytes:
        data = super().read(until)
        self.bytes_s += len(data) * self._line.char_s
        self.replies += bool(data)
        return data


def _run(driver: Driver, target: Target, meter: SimulatedMeter, flow: Flow[object]) -> tuple[_Counting, float]:
    """The port that a flow was run over, and how long that took."""
    port = _Counting(VirtualBus([meter]), target.opened_at, starts_at=START)
    exchange = exchange_for(driver, target, line=target.opened_at, port_name="memory", gate=lambda entry: None)
    Dialogue(port, exchange).run(flow)
    return port, port.now() - START
