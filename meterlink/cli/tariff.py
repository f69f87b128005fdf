"""`tariff show`: how many tariffs, which one counts now, and the stored schedule as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.section import Section, absent_parts, first_failure, main_failure, present
from meterlink.driver import ScheduleReading, Unliftable
from meterlink.errors import MeterlinkError
from meterlink.model import Absent, Holidays, TariffMode
from meterlink.tariff import Preset, YearSchedule, draw_year, month_day_text, schedule_to_table
from meterlink.tariff_words import matching_plans, tariff_words
from meterlink.visit.parts import HOLIDAYS, SCHEDULE, TARIFFS

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
    "unliftable": "the stored tables are no schedule that can be drawn; they are shown as they are:",
    "holidays": "holidays in the meter: {days}",
    "none": "none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariffs:
    """What a meter tells about tariffs; a part that could not be read is None and among `absent`.

    `read_at` is when the meter said which tariff counts.
    """

    mode: TariffMode | None
    stored: ScheduleReading | None
    holidays: Holidays | None
    read_at: datetime
    absent: tuple[Absent, ...]
    failure: MeterlinkError | None

    @property
    def schedule(self) -> YearSchedule | None:
        schedule = None if self.stored is None else self.stored.schedule
        return None if isinstance(schedule, Unliftable) else schedule

    @property
    def unliftable(self) -> tuple[str, ...]:
        schedule = None if self.stored is None else self.stored.schedule
        return schedule.reasons if isinstance(schedule, Unliftable) else ()


@click.group(cls=Group, help=_HELP)
def tariff() -> None:
    """The noun."""


@tariff.command(name="show", help=_SHOW_HELP, examples=_EXAMPLES)
@meter_options
@pass_given
def show_tariff(given: Given) -> None:
    with connected(given) as meter:
        present(given.as_json, section(meter))


def section(meter: Meter) -> Section:
    """Mode, schedule and holidays."""
    tariffs = _read(meter)
    plans = matching_plans(tariffs.schedule)
    words = tuple(tariff_words(tariffs.mode, tariffs.schedule, plans))
    return Section(
        name="tariff",
        meter=meter,
        read_at=tariffs.read_at,
        facts=_facts(tariffs, plans, words),
        show=lambda: _show(tariffs, words),
        absent=tariffs.absent,
        notes=() if tariffs.stored is None else tariffs.stored.notes,
        failure=tariffs.failure,
    )


def _read(meter: Meter) -> Tariffs:
    """The schedule is the main thing; where nothing at all can be read, the first error."""
    missing: dict[str, MeterlinkError] = {}
    driver = meter.driver
    mode = meter.read_part(TARIFFS, driver.read_tariff_mode, missing)
    read_at = meter.now()
    stored = meter.read_part(SCHEDULE, driver.read_schedule, missing)
    holidays = meter.read_part(HOLIDAYS, driver.read_holidays, missing)
    if mode is None and stored is None and holidays is None:
        raise first_failure(missing)
    return Tariffs(
        mode=mode,
        stored=stored,
        holidays=holidays,
        read_at=read_at,
        absent=(*absent_parts(missing), *(mode.absent if mode else ())),
        failure=main_failure(missing, SCHEDULE),
    )


def _facts(tariffs: Tariffs, plans: tuple[Preset, ...], words: tuple[str, ...]) -> dict[str, object]:
    mode, schedule, holidays = tariffs.mode, tariffs.schedule, tariffs.holidays
    current = None if mode is None else mode.current_tariff
    return {
        "tariffs_in_force": None if mode is None else mode.tariffs_in_force,
        "current_tariff": None if current is None else f"T{current}",
        "schedule": None if schedule is None else schedule_to_table(schedule),
        "unliftable": tariffs.unliftable,
        "image": None if tariffs.stored is None else tariffs.stored.image,
        "plans": [{"name": plan.name, "title": plan.title, "zones": plan.zones} for plan in plans],
        "holidays": None if holidays is None else list(map(month_day_text, holidays.days)),
        "words": words,
    }


# --- for people -----------------------------------------------------------------------------------------------------


def _show(tariffs: Tariffs, words: tuple[str, ...]) -> None:
    output.lines(words)
    output.line()
    _show_schedule(tariffs)
    if tariffs.holidays is not None:
        days = ", ".join(map(month_day_text, tariffs.holidays.days)) or _TEXT["none"]
        output.line(_TEXT["holidays"].format(days=days))


def _show_schedule(tariffs: Tariffs) -> None:
    if tariffs.schedule is not None:
        output.lines(draw_year(tariffs.schedule, ascii_only=output.picture_must_be_ascii()))
        output.line()
    elif tariffs.stored is not None:
        output.line(_TEXT["unliftable"])
        output.lines(tariffs.unliftable)
        output.pairs(tariffs.stored.image.items())
        output.line()
