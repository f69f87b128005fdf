"""Journals of a CE6850M: what was written, phases, states, corrections of the clock. Others publish no names.

ACCES, PHASE, JSTAT  dd-mm-yy-HH-MM-XX, XX the bits of what happened, decimal
JCORT                dd.mm.yy,HH:MM,seconds
Asked as NAME(n.m), m entries from the nth on; which entry is the first is not said.
Forms: docs/protocols/energomera.md, 15.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from meterlink.driver import Target
from meterlink.flow import Flow, instant
from meterlink.model import Absent, JournalEvent, JournalReading
from meterlink.profiles import Profile
from meterlink.wire.payload import PayloadError
from meterlink_energomera.asking import main
from meterlink_energomera.models import Table, table_of
from meterlink_energomera.session import Session, in_session
from meterlink_energomera.status import BIT, state_words
from meterlink_energomera.times import read_date, read_time

JOURNALS: Final[Mapping[str, str]] = {
    "parametrisation": "settings written, with the groups and the number of the password",
    "power": "phases lost and back, voltages out of limits, the meter switched off",
    "state": "changes of the state word",
    "clock": "corrections of the clock",
}
MOST_ENTRIES: Final = 100

_ENTRY: Final = re.compile(r"(\d\d?)-(\d\d?)-(\d\d?)-(\d\d?)-(\d\d?)-(\d{1,10})", re.ASCII)
_CORRECTION: Final = re.compile(r"(\d\d?)\.(\d\d?)\.(\d\d?),(\d\d?):(\d\d?),(-?\d{1,6})", re.ASCII)
_GROUPS: Final = (
    "clock",
    "address and flags",
    "speed and time-out",
    "transformer ratios",
    "tariff schedule",
    "factory settings",
    "reset of the meter",
    "telemetry",
    "averaging interval",
    "reserve",
    "passwords and rights",
)
_LEVEL: Final = 12
"""The bits from this one on tell the number of the password."""
_ALL_GROUPS: Final = (1 << _LEVEL) - 1
_PHASE: Final = (
    "over-voltage A",
    "over-voltage B",
    "over-voltage C",
    "under-voltage A",
    "under-voltage B",
    "under-voltage C",
    "phase A absent",
    "phase B absent",
    "phase C absent",
    "meter off",
)

_TEXT: Final = {
    "written": "{groups} written, password {level}",
    "nothing": "nothing",
    "normal": "no deviation any more",
    "corrected": "the clock was corrected by {seconds} s",
    "entry": "{text!r} is no entry of this journal",
}


def journals(profile: Profile) -> Mapping[str, str]:
    """Those of a model, with what they hold in words."""
    listed = table_of(profile).journals
    return {name: JOURNALS[name] for name in listed if profile.why_no_journal(name, listed) is None}


def read_journal(target: Target, journal: str, most: int) -> Flow[JournalReading]:
    """The entries that the meter gives; one that makes no sense is absent, an empty place is passed over."""
    table = table_of(target.profile)
    target.profile.require_journal(journal, table.journals)
    parameter = table.journals[journal]

    def work(session: Session) -> Flow[JournalReading]:
        reply = yield from main(session, f"journal_{journal}", parameter, f"1.{min(most, MOST_ENTRIES)}")
        events, absent = [], []
        for index, text in enumerate(reply.value[:most]):
            try:
                event = _event(index, parameter, text, table)
            except PayloadError as error:
                absent.append(Absent(what=f"record {index}", reason=str(error)))
            else:
                events += [] if event is None else [event]
        return JournalReading(
            journal=journal, events=tuple(events), read_at=instant(reply.received_at), absent=tuple(absent)
        )

    return (yield from in_session(target, work))


def _event(index: int, parameter: str, text: str, table: Table) -> JournalEvent | None:
    """None for a place that holds no entry."""
    found = (_CORRECTION if parameter == "JCORT" else _ENTRY).fullmatch(text)
    if found is None:
        raise PayloadError(_TEXT["entry"].format(text=text))
    day, month, year, hour, minute, word = map(int, found.groups())
    if not day or not month:
        return None
    words = _WORDS[parameter](word, table)
    return JournalEvent(index=index, event=words, raw=text, at=_moment(day, month, year, hour, minute))


def _moment(day: int, month: int, year: int, hour: int, minute: int) -> datetime:
    _, on = read_date(f"00.{day:02d}.{month:02d}.{year:02d}")
    return read_time(on, f"{hour}:{minute}:0")


def _named(bits: int, names: tuple[str, ...]) -> str:
    every = [*names, *(BIT.format(bit=bit) for bit in range(len(names), bits.bit_length()))]
    told = (name for bit, name in enumerate(every) if bits >> bit & 1)
    return ", ".join(told)


def _written(bits: int, _table: Table) -> str:
    return _TEXT["written"].format(groups=_named(bits & _ALL_GROUPS, _GROUPS) or _TEXT["nothing"], level=bits >> _LEVEL)


def _phases(bits: int, _table: Table) -> str:
    return _named(bits, _PHASE) or _TEXT["normal"]


def _corrected(seconds: int, _table: Table) -> str:
    return _TEXT["corrected"].format(seconds=seconds)


_WORDS: Final[Mapping[str, Callable[[int, Table], str]]] = {
    "ACCES": _written,
    "PHASE": _phases,
    "JSTAT": state_words,
    "JCORT": _corrected,
}
