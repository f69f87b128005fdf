"""`clock show`: the meter's clock against the computer's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.section import Section, present, told_moment
from meterlink.model import ClockReading
from meterlink.reading import against_reference, bounds, clock_words, rounded

_HELP: Final = "the clock of the meter"
_SHOW_HELP: Final = """read the clock and compare it with this computer's

The time zone of the meter's place is given with --tz and never taken from this computer; without it the two times are
shown and no error is computed
"""
_EXAMPLES: Final = (
    "meterlink clock show --port sim:mercury-200.02 --tz Europe/Moscow",
    'meterlink clock show --port "sim:mercury-200.02?clock_error_s=3614" --tz +03:00 --json',
    "meterlink clock show --port /dev/ttyUSB0 --model mercury-206 --address 43096744 --tz Asia/Yekaterinburg",
)
_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_HOLIDAY: Final = "holiday"
_OTHER_DAY: Final = (
    "the meter says {said}, and {date} is a {true}: programs of the day will be taken from the wrong day"
)
_NO_ZONE: Final = "no time zone was given"
_MILLISECOND: Final = timedelta(milliseconds=1)


@click.group(cls=Group, help=_HELP)
def clock() -> None:
    """The noun."""


@clock.command(name="show", help=_SHOW_HELP, examples=_EXAMPLES)
@meter_options
@pass_given
def show_clock(given: Given) -> None:
    with connected(given, "clock") as meter:
        present(given.as_json, section(meter))


def section(meter: Meter) -> Section:
    """The clock."""
    reading = against_reference(meter.read(meter.driver.read_clock), meter.zone)
    return Section(
        name="clock",
        meter=meter,
        read_at=reading.reference,
        facts=facts(reading),
        show=lambda: _show(reading),
        notes=tuple(_oddities(reading)),
    )


def facts(reading: ClockReading) -> dict[str, object]:
    """The document's own keys: the truth lies within `error_s` ± `uncertainty_s`, as they are written."""
    return {
        "meter_time": reading.meter.isoformat(),
        "weekday": _weekday(reading),
        "season_flag": reading.season_flag,
        "reference_time": told_moment(reading.reference),
        "error_s": None if reading.error is None else _seconds(reading.error),
        **({"error_reason": _NO_ZONE} if reading.error is None else {}),
        "uncertainty_s": _seconds(bounds(reading, _MILLISECOND)),
        "words": clock_words(reading),
    }


def _seconds(span: timedelta) -> Decimal:
    return Decimal(rounded(span, _MILLISECOND) // _MILLISECOND).scaleb(-3)


def _weekday(reading: ClockReading) -> str | None:
    if reading.holiday:
        return _HOLIDAY
    return None if reading.weekday is None else _WEEKDAYS[reading.weekday]


def _oddities(reading: ClockReading) -> Iterator[str]:
    true = _WEEKDAYS[reading.meter.isoweekday() % 7]
    said = None if reading.weekday is None else _WEEKDAYS[reading.weekday]
    if said is not None and said != true:
        yield _OTHER_DAY.format(said=said, true=true, date=reading.meter.date())


def _show(reading: ClockReading) -> None:
    weekday = _weekday(reading)
    output.pairs(
        [
            ("meter", f"{reading.meter:%Y-%m-%d %H:%M:%S}{f', {weekday}' if weekday else ''}"),
            ("reference", f"{reading.reference:%Y-%m-%d %H:%M:%S %Z}"),
            ("season", reading.season_flag),
        ]
    )
    output.line(clock_words(reading))
