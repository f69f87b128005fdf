"""`journal read`: what the meter noted by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import click

from meterlink.cli import output
from meterlink.cli.connect import Meter, Place, connected_at, wanted_place
from meterlink.cli.grammar import Group
from meterlink.cli.options import Given, meter_options, pass_given
from meterlink.cli.section import Section, absent_parts, first_failure, present
from meterlink.driver import Target
from meterlink.errors import ConfigError, MeterlinkError, NotSupportedError
from meterlink.flow import Flow
from meterlink.meant import aside
from meterlink.model import Absent, JournalEvent, JournalReading
from meterlink.visit.parts import JOURNAL

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
_CAPABILITY: Final = "journal_"
_JOURNALS: Final = "journals"
_NONE: Final = "its profile names none"
_UNKNOWN: Final = "there is no journal {name!r} in this model{meant}"
_KNOWN: Final = "This model has: {known}; without a NAME all of them are read."


@dataclass(frozen=True, slots=True, kw_only=True)
class Journals:
    """Several journals with what they hold, and those that could not be read."""

    readings: tuple[tuple[str, JournalReading], ...]
    missing: tuple[Absent, ...] = ()

    @property
    def absent(self) -> tuple[Absent, ...]:
        damaged = (
            Absent(what=f"{JOURNAL}{reading.journal}, {absent.what}", reason=absent.reason)
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
    place = wanted_place(given)
    _refuse_none(place)
    if name is not None:
        _check_name(name, place)
    with connected_at(place) as meter:
        present(given.as_json, section(meter, name, last))


def _refuse_none(place: Place) -> None:
    """NotSupportedError, before any byte, where the model has no journal at all."""
    profile = place.target.profile
    if not place.driver.journals(profile):
        whys = [profile.why_not(each) for each in profile.supports if each.startswith(_CAPABILITY)]
        why = next((why for why in whys if why is not None), _NONE)
        raise NotSupportedError(model=profile.model, capability=_JOURNALS, why=why)


def _check_name(name: str, place: Place) -> None:
    known = place.driver.journals(place.target.profile)
    if name not in known:
        why, advice = _UNKNOWN.format(name=name, meant=aside(name, known)), _KNOWN.format(known=", ".join(known))
        raise ConfigError(setting="NAME", why=why, advice=advice)


def section(meter: Meter, name: str | None = None, most: int = USUAL_LAST) -> Section:
    """One journal, or all."""
    journals = _read(meter, name, most)
    told = [
        {"journal": reading.journal, "about": about, "events": [_event_facts(event) for event in reading.events]}
        for about, reading in journals.readings
    ]
    moments = [reading.read_at for _, reading in journals.readings if reading.read_at is not None]
    return Section(
        name="journal",
        meter=meter,
        read_at=moments[0] if moments else meter.now(),
        facts={"journals": told},
        show=lambda: _show(journals),
        absent=journals.absent,
    )


def _read(meter: Meter, name: str | None, most: int) -> Journals:
    """The journals; one that this model lacks or that does not answer leaves the others readable."""
    readings: list[tuple[str, JournalReading]] = []
    missing: dict[str, MeterlinkError] = {}
    for each, about in meter.driver.journals(meter.profile).items():
        if name in (None, each):
            reading = meter.read_part(JOURNAL + each, _work(meter, each, most), missing)
            readings += [] if reading is None else [(about, reading)]
    if missing and not readings:
        raise first_failure(missing)
    return Journals(readings=tuple(readings), missing=absent_parts(missing))


def _work(meter: Meter, name: str, most: int) -> Callable[[Target], Flow[JournalReading]]:
    def work(target: Target) -> Flow[JournalReading]:
        return meter.driver.read_journal(target, name, most)

    return work


def _event_facts(event: JournalEvent) -> dict[str, object]:
    at = {} if event.at is None else {"meter_time": event.at.isoformat()}
    on = {} if event.on is None else {"meter_date": event.on.isoformat()}
    return {"index": event.index, "event": event.event, **at, **on}


def _show(journals: Journals) -> None:
    for about, reading in journals.readings:
        output.line(f"{reading.journal}: {about}")
        if reading.events:
            output.table(_COLUMNS, [(event.index, event.at or event.on, event.event) for event in reading.events])
        else:
            output.line(_EMPTY)
        output.line()
