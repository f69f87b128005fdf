"""`journal read`: what the meter noted by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, connected
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.words import meant
from meterlink.driver import Target
from meterlink.errors import ConfigError, NoAnswerError, WireError
from meterlink.flow import Flow
from meterlink.model import Absent, JournalEvent, JournalReading

_HELP: Final = "the journals of the meter"
_READ_HELP: Final = """read one journal by its NAME, or all journals that the model has, the newest record first

Times are the meter's own, as its clock stood then
"""
_EXAMPLES: Final = (
    "meterlink journal read --port sim:mercury-200.02",
    "meterlink journal read power --last 5 --port sim:mercury-200.02 --json",
    "meterlink journal read cover --port COM3 --model mercury-206 --address 43096744",
)
_LAST_HELP: Final = "how many records of each journal"
USUAL_LAST: Final = 10
_COLUMNS: Final = ("record", "meter time", "event")
_EMPTY: Final = "no records"
_UNKNOWN: Final = "there is no journal {name!r} in this model{meant}; it has {known}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journals:
    """Several journals with what they hold, and those that could not be read."""

    readings: tuple[tuple[str, JournalReading], ...]
    missing: tuple[Absent, ...] = ()

    @property
    def absent(self) -> tuple[Absent, ...]:
        damaged = (
            Absent(what=f"journal {reading.journal}, {absent.what}", reason=absent.reason)
            for _, reading in self.readings
            for absent in reading.absent
        )
        return (*self.missing, *damaged)


@click.group(cls=Group, help=_HELP)
def journal() -> None:
    """The noun."""


@journal.command(name="read", help=_READ_HELP, examples=_EXAMPLES)
@click.argument("name", required=False)
@click.option("--last", type=click.IntRange(1, 1000), default=USUAL_LAST, show_default=True, help=_LAST_HELP)
@meter_options
@pass_given
def read_journal(given: Given, name: str | None, last: int) -> None:
    with connected(given) as meter:
        journals = read_all(meter, last) if name is None else _read_named(meter, name, last)
        output.present(given.as_json, "journal", facts(meter, journals), lambda: show(meter, journals))


def _read_named(meter: Meter, name: str, most: int) -> Journals:
    known = meter.driver.journals(meter.profile)
    if name not in known:
        why = _UNKNOWN.format(name=name, known=", ".join(known) or "none", meant=meant(name, known))
        raise ConfigError(setting="NAME", why=why)
    return Journals(readings=((known[name], meter.read(_work(meter, name, most))),))


def read_all(meter: Meter, most: int = USUAL_LAST) -> Journals:
    """Every journal; one that this model lacks or that does not answer leaves the others readable."""
    readings: list[tuple[str, JournalReading]] = []
    missing: list[Absent] = []
    for name, about in meter.driver.journals(meter.profile).items():
        what = f"journal {name}"
        try:
            reading = meter.read_part(what, _work(meter, name, most), missing)
        except (NoAnswerError, WireError) as error:
            missing.append(Absent(what=what, reason=str(error)))
            continue
        if reading is not None:
            readings.append((about, reading))
    return Journals(readings=tuple(readings), missing=tuple(missing))


def _work(meter: Meter, name: str, most: int) -> Callable[[Target], Flow[JournalReading]]:
    def work(target: Target) -> Flow[JournalReading]:
        return meter.driver.read_journal(target, name, most)

    return work


def facts(meter: Meter, journals: Journals) -> dict[str, object]:
    """The document."""
    told = [
        {"journal": reading.journal, "about": about, "events": [_event_facts(event) for event in reading.events]}
        for about, reading in journals.readings
    ]
    return {**meter.head(), "journals": told, **meter.tail(journals.absent)}


def _event_facts(event: JournalEvent) -> dict[str, object]:
    at = {} if event.at is None else {"meter_time": event.at.isoformat()}
    on = {} if event.on is None else {"meter_date": event.on.isoformat()}
    return {"index": event.index, "event": event.event, **at, **on}


def show(meter: Meter, journals: Journals) -> None:
    """For people."""
    meter.show_head()
    show_journals(journals)
    meter.show_tail(journals.absent)


def show_journals(journals: Journals) -> None:
    for about, reading in journals.readings:
        output.line(f"{reading.journal}: {about}")
        if reading.events:
            output.table(_COLUMNS, [(event.index, event.at or event.on, event.event) for event in reading.events])
        else:
            output.line(_EMPTY)
        output.line()
