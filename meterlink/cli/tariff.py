"""`tariff show`: how many tariffs, which one counts now, and the stored schedule as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.driver import ScheduleReading, Unliftable
from meterlink.errors import NotSupportedError
from meterlink.model import Absent, Holidays, TariffMode
from meterlink.tariff import Preset, YearSchedule, draw_year, preset, preset_names, schedule_to_table

_HELP: Final = "tariffs, schedule and holidays"
_SHOW_HELP: Final = """read the tariffs in force, the one that counts now, the stored schedule and the holidays

The schedule is shown as a picture of each kind of day. What a tariff means (day, night) is stored in no meter; it is
told where the schedule is that of a known tariff plan
"""
_EXAMPLES: Final = (
    'meterlink tariff show --port "sim:mercury-200.02?schedule=ru-household-3"',
    "meterlink tariff show --port sim:mercury-200.02 --json",
    "meterlink tariff show --port COM3 --model mercury-200.02 --address 925646",
)
_TEXT: Final = {
    "in force": "{count} {tariffs} in force",
    "count unknown": "how many tariffs are in force is not known",
    "now": "T{tariff} counts now",
    "now unknown": "which one counts now is not known",
    "plan": "this is {names}: {zones}",
    "zone now": "T{tariff} = {zone} now",
    "unliftable": "the stored tables are no schedule that can be drawn; they are shown as they are:",
    "holidays": "holidays in the meter: {days}",
    "none": "none",
    "unused": "the schedule uses {tariffs}, and {count} in force: what is above counts otherwise",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariffs:
    """What a meter tells about tariffs; a part that the model lacks is None and among `absent`."""

    mode: TariffMode | None
    stored: ScheduleReading | None
    holidays: Holidays | None
    absent: tuple[Absent, ...]

    @property
    def schedule(self) -> YearSchedule | None:
        schedule = None if self.stored is None else self.stored.schedule
        return None if isinstance(schedule, Unliftable) else schedule

    @property
    def unliftable(self) -> tuple[str, ...]:
        schedule = None if self.stored is None else self.stored.schedule
        return schedule.reasons if isinstance(schedule, Unliftable) else ()

    @property
    def current(self) -> int | None:
        return None if self.mode is None else self.mode.current_tariff

    @property
    def in_force(self) -> int | None:
        return None if self.mode is None else self.mode.tariffs_in_force

    def notes(self) -> tuple[str, ...]:
        return (*(() if self.stored is None else self.stored.notes), *self._beyond())

    def _beyond(self) -> Iterator[str]:
        used = self.schedule.tariffs_used() if self.schedule else frozenset()
        if self.in_force is not None and any(tariff > self.in_force for tariff in used):
            tariffs = ", ".join(f"T{tariff}" for tariff in sorted(used))
            yield _TEXT["unused"].format(tariffs=tariffs, count=_count(self.in_force))


@click.group(cls=Group, help=_HELP)
def tariff() -> None:
    """The noun."""


@tariff.command(name="show", help=_SHOW_HELP, examples=_EXAMPLES)
@meter_options
@pass_given
def show_tariff(given: Given) -> None:
    with connected(given) as meter:
        read_at = meter.head()
        tariffs = read(meter)
        output.present(given.as_json, "tariff", read_at | facts(meter, tariffs), lambda: show(meter, tariffs))


def read(meter: Meter) -> Tariffs:
    """Mode, schedule and holidays; NotSupportedError where the model has none of them."""
    absent: list[Absent] = []
    driver = meter.driver
    mode = meter.read_part("tariffs in force", driver.read_tariff_mode, absent)
    stored = meter.read_part("schedule", driver.read_schedule, absent)
    holidays = meter.read_part("holidays", driver.read_holidays, absent)
    if mode is None and stored is None and holidays is None:
        raise NotSupportedError(model=meter.profile.model, capability="tariff", why=absent[0].reason)
    return Tariffs(mode=mode, stored=stored, holidays=holidays, absent=(*absent, *(mode.absent if mode else ())))


def plans(schedule: YearSchedule | None) -> tuple[Preset, ...]:
    """The tariff plans whose schedule this is."""
    return () if schedule is None else tuple(plan for plan in map(preset, preset_names()) if plan.schedule == schedule)


def _zones(known: tuple[Preset, ...]) -> Mapping[str, str]:
    """What the tariffs mean; nothing where plans of one schedule disagree."""
    meanings = [dict(plan.zones) for plan in known]
    return meanings[0] if meanings and all(meaning == meanings[0] for meaning in meanings) else {}


# --- document -------------------------------------------------------------------------------------------------------


def facts(meter: Meter, tariffs: Tariffs) -> dict[str, object]:
    """The document without its head."""
    known, schedule, holidays = plans(tariffs.schedule), tariffs.schedule, tariffs.holidays
    return {
        "tariffs_in_force": tariffs.in_force,
        "current_tariff": None if tariffs.current is None else f"T{tariffs.current}",
        "schedule": None if schedule is None else schedule_to_table(schedule),
        "unliftable": tariffs.unliftable,
        "image": None if tariffs.stored is None else tariffs.stored.image,
        "plans": [{"name": plan.name, "title": plan.title, "zones": plan.zones} for plan in known],
        "holidays": None if holidays is None else _days(holidays),
        "words": list(words(tariffs)),
        **meter.tail(tariffs.absent, tariffs.notes()),
    }


def _days(holidays: Holidays) -> list[str]:
    return [f"{month:02d}-{day:02d}" for month, day in holidays.days]


# --- words ----------------------------------------------------------------------------------------------------------


def words(tariffs: Tariffs) -> Iterator[str]:
    """The sentences before the picture."""
    if tariffs.mode is not None:
        count = _TEXT["count unknown"] if tariffs.in_force is None else _in_force(tariffs.in_force)
        now = _TEXT["now unknown"] if tariffs.current is None else _TEXT["now"].format(tariff=tariffs.current)
        yield f"{count}; {now}"
    known = plans(tariffs.schedule)
    zones = _zones(known)
    if zones:
        told = ", ".join(f"{register} = {zone}" for register, zone in zones.items())
        yield _TEXT["plan"].format(names=" and ".join(plan.name for plan in known), zones=told)
    if f"T{tariffs.current}" in zones:
        yield _TEXT["zone now"].format(tariff=tariffs.current, zone=zones[f"T{tariffs.current}"])


def _in_force(count: int) -> str:
    return _TEXT["in force"].format(count=count, tariffs="tariff" if count == 1 else "tariffs")


def _count(count: int) -> str:
    return "1 tariff is" if count == 1 else f"{count} tariffs are"


def show(meter: Meter, tariffs: Tariffs) -> None:
    """For people."""
    meter.show_head()
    output.lines(words(tariffs))
    output.line()
    show_schedule(tariffs)
    show_holidays(tariffs)
    meter.show_tail(tariffs.absent, tariffs.notes())


def show_schedule(tariffs: Tariffs) -> None:
    if tariffs.schedule is not None:
        output.lines(draw_year(tariffs.schedule, ascii_only=output.picture_must_be_ascii()))
        output.line()
    elif tariffs.stored is not None:
        output.line(_TEXT["unliftable"])
        output.lines(tariffs.unliftable)
        output.pairs(tariffs.stored.image.items())
        output.line()


def show_holidays(tariffs: Tariffs) -> None:
    if tariffs.holidays is not None:
        days = ", ".join(_days(tariffs.holidays)) or _TEXT["none"]
        output.line(_TEXT["holidays"].format(days=days))
