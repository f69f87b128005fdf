"""Tariff plans that are shipped as data: a schedule together with what its tariffs mean.

The files stand in `presets/` beside this module, one per plan, named as the plan; a new file is a new plan. Head:
`spec`, `name`, `title` (English) and `title_ru`, `source`; `[zones]` says which register counts which zone; the rest is
the form of `table.py`.
Source: Federal Tariff Service order 1473-э of 26 Nov 2013 (households, local time, all months and days alike).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from meterlink.errors import ConfigError, ScheduleError
from meterlink.language import Language, Words
from meterlink.tariff.schedule import YearSchedule
from meterlink.tariff.table import nearest, schedule_from_table

_UNKNOWN = "there is no preset {name!r}; {advice}"
_HEAD = "the head must have name (as the file), title and source as text"
_TITLE = "{key} must be text, or left out"
_ZONES = "[zones] must give one of {words} to each of {registers}, and to nothing else"

_TITLE_KEYS: Final = {language: f"title_{language}" for language in Language if language is not Language.EN}
_HEAD_KEYS = ("name", "title", *_TITLE_KEYS.values(), "source", "zones")


class Zone(StrEnum):
    """What a tariff means to the customer."""

    SINGLE = "single"
    """one rate at all hours"""
    DAY = "day"
    NIGHT = "night"
    PEAK = "peak"
    HALF_PEAK = "half-peak"


_ZONE_WORDS: Final = Words(
    {
        Language.EN: {zone.value: zone.value for zone in Zone},
        Language.RU: {
            "single": "единый",
            "day": "день",
            "night": "ночь",
            "peak": "пик",
            "half-peak": "полупик",
        },
    }
)


def zone_words(zone: str, language: Language = Language.EN) -> str:
    """A zone, or the text of one as records hold it; a text that is none stays as it is."""
    return _ZONE_WORDS(zone, language) if zone in _ZONE_WORDS else zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A tariff plan: `zones` maps the register (``T1``) to what it counts in this plan."""

    name: str
    title: str
    schedule: YearSchedule
    zones: Mapping[str, Zone]
    source: str
    titles: Mapping[Language, str] = field(default_factory=dict)
    """The title in other languages than English."""

    def title_in(self, language: Language) -> str:
        """The title; the English one where the file has none in this language."""
        return self.titles.get(language, self.title)


def preset_names() -> tuple[str, ...]:
    """The names of all presets, sorted."""
    return tuple(sorted(_files()))


@cache
def preset(name: str) -> Preset:
    """The preset of this name; `ConfigError` with the nearest name where there is none."""
    text = _files().get(name)
    if text is None:
        raise ConfigError(setting="preset", why=_UNKNOWN.format(name=name, advice=nearest(name, preset_names())))
    try:
        return preset_from_table(tomllib.loads(text), name)
    except (ScheduleError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(setting=f"preset {name}", why=str(error).rstrip(".")) from error


def preset_from_table(table: Mapping[str, object], name: str) -> Preset:
    """A preset from the table of its file, which must carry the name of the file."""
    title, source = table.get("title"), table.get("source")
    if table.get("name") != name or not isinstance(title, str) or not isinstance(source, str):
        raise ConfigError(setting=f"preset {name}", why=_HEAD)
    schedule = schedule_from_table({key: value for key, value in table.items() if key not in _HEAD_KEYS})
    zones = _zones(table.get("zones"), schedule, name)
    titles = _titles(table, name)
    return Preset(name=name, title=title, schedule=schedule, zones=zones, source=source, titles=titles)


def _titles(table: Mapping[str, object], name: str) -> Mapping[Language, str]:
    titles: dict[Language, str] = {}
    for language, key in _TITLE_KEYS.items():
        title = table.get(key, "")
        if not isinstance(title, str):
            raise ConfigError(setting=f"preset {name}", why=_TITLE.format(key=key))
        titles |= {language: title} if title else {}
    return MappingProxyType(titles)


def _zones(table: object, schedule: YearSchedule, name: str) -> Mapping[str, Zone]:
    registers = [f"T{tariff}" for tariff in sorted(schedule.tariffs_used())]
    zones = table if isinstance(table, dict) else {}
    words = [zone.value for zone in Zone]
    if sorted(zones) != registers or not all(word in words for word in zones.values()):
        why = _ZONES.format(words=", ".join(words), registers=", ".join(registers))
        raise ConfigError(setting=f"preset {name}", why=why)
    return MappingProxyType({register: Zone(word) for register, word in zones.items()})


@cache
def _files() -> dict[str, str]:
    # package data: found in a checkout, in an installed wheel and in a zip alike
    folder = files("meterlink.tariff").joinpath("presets")
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8") for entry in found}
