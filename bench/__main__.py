"""Prints each budget of the house beside what was measured in this run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import audit, cpu, startup, wire


@dataclass(frozen=True, slots=True)
class Budget:
    """A ratio, what it may be at most, and what was compared."""

    name: str
    measure: Callable[[], tuple[float, str]]
    at_most: float


BUDGETS = (
    Budget("energy read, wire time over bytes + gaps + meter latency", wire.energy_read, 1.02),
    Budget("whole schedule, wire time over bytes + gaps + meter latency", wire.schedule_read, 1.02),
    Budget("96 records written and read back, over the same", wire.schedule_write, 1.02),
    Budget("energy read in a session, wire time over the same", wire.session_energy_read, 1.02),
    Budget("the same with a change from 300 to 9600 baud", wire.session_energy_read_with_speed, 1.05),
    Budget("half pulses of eight tariffs, wire time over bytes + gaps + meter latency", wire.half_pulses_read, 1.02),
    Budget("a year of slots written and read back, over the same", wire.slots_write, 1.02),
    Budget("Modbus energy read, wire time over bytes + gaps + meter latency", wire.modbus_energy_read, 1.02),
    Budget("Modbus schedule written and read back, over the same", wire.modbus_schedule_write, 1.02),
    Budget("CPU of an exchange in memory over a pymodbus client's", cpu.exchange_over_pymodbus, 0.3),
    Budget("CPU of the same read of 8 registers by our Modbus driver over the same", cpu.modbus_over_pymodbus, 0.3),
    Budget("`meterlink --version` over `python -c 'import click'`", startup.version_over_click, 1.6),
    Budget("append to the sealed log over a plain write and fsync of the same bytes", audit.append_over_fsync, 3.0),
    Budget("opening it with its hint over a plain write and fsync", audit.open_over_fsync, 40.0),
    Budget("scan of 100,000 records, last signature, over SHA-256 of the file", audit.scan_last_over_sha256, 110.0),
    Budget("scan of 10,000 records, all signatures, over SHA-256 of the file", audit.scan_all_over_sha256, 925.0),
)


def lines() -> Iterator[str]:
    for budget in BUDGETS:
        ratio, detail = budget.measure()
        verdict = "within" if ratio <= budget.at_most else "OVER"
        yield f"{ratio:7.3f}  (budget {budget.at_most:.2f}, {verdict})  {budget.name}\n         {detail}"


if __name__ == "__main__":
    for line in lines():
        print(line, flush=True)
