"""Prints each budget of the house beside what was measured in this run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import cpu, startup, wire


@dataclass(frozen=True, slots=True)
class Budget:
    """A ratio, what it may be at most, and what was compared."""

    name: str
    measure: Callable[[], tuple[float, str]]
    at_most: float


BUDGETS = (
    Budget("energy read, wire time over bytes + gaps + meter latency", wire.energy_read, 1.02),
    Budget("whole schedule, wire time over bytes + gaps + meter latency", wire.schedule_read, 1.02),
    Budget("CPU of an exchange in memory over a pymodbus client's", cpu.exchange_over_pymodbus, 0.3),
    Budget("`meterlink --version` over `python -c 'import click'`", startup.version_over_click, 1.6),
)


def lines() -> Iterator[str]:
    for budget in BUDGETS:
        ratio, detail = budget.measure()
        verdict = "within" if ratio <= budget.at_most else "OVER"
        yield f"{ratio:7.3f}  (budget {budget.at_most:.2f}, {verdict})  {budget.name}\n         {detail}"


if __name__ == "__main__":
    for line in lines():
        print(line, flush=True)
