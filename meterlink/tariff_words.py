"""What the tariffs of a meter mean, in words: the tariff plans that match, and what contradicts the schedule. Pure.

No meter stores what T1 or T2 mean; it is told only where the stored schedule is that of a known plan, and only while
every tariff of the schedule is in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from meterlink.language import Language, Words
from meterlink.model import TariffMode
from meterlink.tariff import Preset, YearSchedule, preset, preset_names
from meterlink.tariff.presets import zone_words

_WORDS: Final = Words(
    {
        Language.EN: {
            "in force": "{count} {count:tariff|tariffs} in force",
            "count unknown": "how many tariffs are in force is not known",
            "now": "T{tariff} counts now",
            "now unknown": "which one counts now is not known",
            "plan": "this is {names}: {zones}",
            "and": " and ",
            "zone now": "T{tariff} = {zone} now",
            "only one": "only T1 counts: one tariff is in force, so the schedule below has no effect",
            "beyond": "the schedule below uses {beyond}, and only {count} tariffs are in force: at those hours the "
            "meter counts otherwise",
        },
        Language.RU: {
            "in force": "{count:действует|действуют|действуют} {count} {count:тариф|тарифа|тарифов}",
            "count unknown": "сколько тарифов действует, неизвестно",
            "now": "сейчас действует T{tariff}",
            "now unknown": "какой тариф действует сейчас, неизвестно",
            "plan": "это {names}: {zones}",
            "and": " и ",
            "zone now": "сейчас T{tariff} = {zone}",
            "only one": "учёт идёт только по T1: действует один тариф, поэтому расписание ниже не работает",
            "beyond": "в расписании ниже есть {beyond}, а {count:действует|действуют|действуют} только {count} "
            "{count:тариф|тарифа|тарифов}: в эти часы прибор считает иначе",
        },
    }
)


def matching_plans(schedule: YearSchedule | None) -> tuple[Preset, ...]:
    """The tariff plans whose schedule this is."""
    return () if schedule is None else tuple(plan for plan in map(preset, preset_names()) if plan.schedule == schedule)


def zones_of(plans: Iterable[Preset]) -> Mapping[str, str]:
    """What the tariffs mean, by register; nothing where plans of one schedule disagree."""
    meanings = [dict(plan.zones) for plan in plans]
    return meanings[0] if meanings and all(meaning == meanings[0] for meaning in meanings) else {}


def beyond_force(schedule: YearSchedule | None, in_force: int | None) -> tuple[int, ...]:
    """The tariffs that a schedule uses and that are not in force."""
    if schedule is None or in_force is None:
        return ()
    return tuple(sorted(tariff for tariff in schedule.tariffs_used() if tariff > in_force))


def tariff_words(
    mode: TariffMode | None,
    schedule: YearSchedule | None,
    plans: tuple[Preset, ...],
    language: Language = Language.EN,
) -> Iterator[str]:
    """The sentences that stand before the picture of the schedule."""
    if mode is not None:
        yield f"{_count_words(mode.tariffs_in_force, language)}; {_now_words(mode.current_tariff, language)}"
    beyond = beyond_force(schedule, None if mode is None else mode.tariffs_in_force)
    if beyond and mode is not None:
        told = ", ".join(f"T{tariff}" for tariff in beyond)
        only = "only one" if mode.tariffs_in_force == 1 else "beyond"
        yield _WORDS(only, language, beyond=told, count=mode.tariffs_in_force)
    zones = zones_of(plans)
    if zones:
        told = ", ".join(f"{register} = {zone_words(zone, language)}" for register, zone in zones.items())
        names = _WORDS("and", language).join(plan.name for plan in plans)
        yield _WORDS("plan", language, names=names, zones=told)
    current = None if mode is None else mode.current_tariff
    if f"T{current}" in zones and not beyond:
        yield _WORDS("zone now", language, tariff=current, zone=zone_words(zones[f"T{current}"], language))


def _count_words(count: int | None, language: Language) -> str:
    return _WORDS("count unknown", language) if count is None else _WORDS("in force", language, count=count)


def _now_words(current: int | None, language: Language) -> str:
    return _WORDS("now unknown", language) if current is None else _WORDS("now", language, tariff=current)
