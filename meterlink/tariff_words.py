"""What the tariffs of a meter mean, in words: the tariff plans that match, and what contradicts the schedule. Pure.

No meter stores what T1 or T2 mean; it is told only where the stored schedule is that of a known plan, and only while
every tariff of the schedule is in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from meterlink.model import TariffMode
from meterlink.tariff import Preset, YearSchedule, preset, preset_names

_TEXT: Final = {
    "one": "1 tariff in force",
    "several": "{count} tariffs in force",
    "count unknown": "how many tariffs are in force is not known",
    "now": "T{tariff} counts now",
    "now unknown": "which one counts now is not known",
    "plan": "this is {names}: {zones}",
    "zone now": "T{tariff} = {zone} now",
    "only one": "only T1 counts: one tariff is in force, so the schedule below has no effect",
    "beyond": "the schedule below uses {beyond}, and only {count} tariffs are in force: at those hours the meter "
    "counts otherwise",
}


def matching_plans(schedule: YearSchedule | None) -> tuple[Preset, ...]:
    """The tariff plans whose schedule this is."""
    return () if schedule is None else tuple(plan for plan in map(preset, preset_names()) if plan.schedule == schedule)


def zones_of(plans: Iterable[Preset]) -> Mapping[str, str]:
    """What the tariffs mean, by register; nothing where plans of one schedule disagree."""
    meanings = [dict(plan.zones) for plan in plans]
    return meanings[0] if meanings and all(meaning == meanings[0] for meaning in meanings) else {}


def beyond_force(schedule: YearSchedule | None, mode: TariffMode | None) -> tuple[int, ...]:
    """The tariffs that a schedule uses and that are not in force."""
    if schedule is None or mode is None or mode.tariffs_in_force is None:
        return ()
    return tuple(sorted(tariff for tariff in schedule.tariffs_used() if tariff > mode.tariffs_in_force))


def tariff_words(mode: TariffMode | None, schedule: YearSchedule | None, plans: tuple[Preset, ...]) -> Iterator[str]:
    """The sentences that stand before the picture of the schedule."""
    if mode is not None:
        yield f"{_count_words(mode.tariffs_in_force)}; {_now_words(mode.current_tariff)}"
    beyond = beyond_force(schedule, mode)
    if beyond and mode is not None:
        told = ", ".join(f"T{tariff}" for tariff in beyond)
        only = "only one" if mode.tariffs_in_force == 1 else "beyond"
        yield _TEXT[only].format(beyond=told, count=mode.tariffs_in_force)
    zones = zones_of(plans)
    if zones:
        told = ", ".join(f"{register} = {zone}" for register, zone in zones.items())
        yield _TEXT["plan"].format(names=" and ".join(plan.name for plan in plans), zones=told)
    current = None if mode is None else mode.current_tariff
    if f"T{current}" in zones and not beyond:
        yield _TEXT["zone now"].format(tariff=current, zone=zones[f"T{current}"])


def _count_words(count: int | None) -> str:
    if count is None:
        return _TEXT["count unknown"]
    return _TEXT["one" if count == 1 else "several"].format(count=count)


def _now_words(current: int | None) -> str:
    return _TEXT["now unknown"] if current is None else _TEXT["now"].format(tariff=current)
