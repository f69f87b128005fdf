"""Journals: begin and end of events, changes of settings, wrong passwords, the state word as it changed.

A record is asked for by its number, the newest has the highest. What an empty place holds is not known: zeros, and what
is no date, are passed over. Records and numbers: `records`; which journals a model has: its profile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from meterlink.driver import Target
from meterlink.errors import BadReplyError, NoAnswerError, NotSupportedError, RefusedError, WireError
from meterlink.flow import Flow, instant
from meterlink.model import Absent, JournalEvent, JournalReading
from meterlink.profiles import Profile
from meterlink.wire.payload import hexadecimal
from meterlink_micron import messages as m, records as r
from meterlink_micron.asking import ENDING, main
from meterlink_micron.messages import Command
from meterlink_micron.models import JOURNALS, Table, table_of
from meterlink_micron.payload import Payload
from meterlink_micron.session import Session, in_session
from meterlink_micron.state_codec import StateWord
from meterlink_micron.status import state_words

_HELD: Final[Mapping[str, str]] = {
    "power": "power off and on",
    "clock": "the clock before and after each change",
    "holidays": "changes of the table of holidays",
    "schedule": "changes of the tariff schedule",
    "energy_reset": "resets of the energy registers",
    "cover": "terminal cover opened and closed",
    "state": "changes of the state word",
    "moved_days": "changes of the list of moved days",
    "passwords": "wrong passwords, by day",
    "parametrisation": "days on which settings were written with the second password",
    "second_cover": "second cover opened and closed",
    "body": "body opened and closed",
    "magnet": "magnetic influence, begin and end",
}
PAIRS: Final[Mapping[str, tuple[str, str]]] = {
    "power": ("power off", "power on"),
    "clock": ("clock before a change", "clock after the change"),
    "cover": ("cover opened", "cover closed"),
    "second_cover": ("second cover opened", "second cover closed"),
    "body": ("body opened", "body closed"),
    "magnet": ("magnetic influence began", "magnetic influence ended"),
}
SINGLES: Final[Mapping[str, str]] = {
    "holidays": "holidays changed",
    "schedule": "tariff schedule changed",
    "energy_reset": "energy registers reset",
    "moved_days": "moved days changed",
}
COUNTERS: Final[Mapping[str, str]] = {
    "passwords": "wrong password, {count} that day",
    "parametrisation": "settings written, {count} that day",
}

_TEXT: Final = {"rest": "records from {index} on"}


def journals(profile: Profile) -> Mapping[str, str]:
    """Those of a model, with what they hold in words."""
    listed = table_of(profile).journals
    return {name: _HELD[name] for name in listed if profile.why_no_journal(name, listed) is None}


def read_journal(target: Target, journal: str, most: int) -> Flow[JournalReading]:
    """From the newest record back, as many as are asked for."""
    table = table_of(target.profile)
    target.profile.require_journal(journal, table.journals)
    number = JOURNALS[journal]

    def work(session: Session) -> Flow[JournalReading]:
        events: list[JournalEvent] = []
        absent: list[Absent] = []
        read_at: datetime | None = None
        for index in range(min(most, r.LENGTH)):
            command, asked = _question(table, number, r.LENGTH - 1 - index)
            try:
                record = (yield from main(session, f"journal_{journal}", command, asked)).value
            except BadReplyError:
                continue  # an empty place, most likely: it holds no date
            except (NoAnswerError, WireError, RefusedError, NotSupportedError) as error:
                if not index or isinstance(error, ENDING):
                    raise
                if not isinstance(error, NotSupportedError):
                    absent.append(Absent(what=_TEXT["rest"].format(index=index), reason=str(error)))
                break
            read_at = read_at or instant(session.heard_at)
            events += _events(journal, index, record, table)
        return JournalReading(journal=journal, events=tuple(events), read_at=read_at, absent=tuple(absent))

    return (yield from in_session(target, work))


def _question(table: Table, journal: int, record: int) -> tuple[Command[Any, Any], Payload]:
    """By 04 where the model has nothing else."""
    if table.short_records:
        return m.READ_RECORD, r.ShortRecord(journal, record)
    return m.READ_LONG_RECORD, r.LongRecord(journal, record)


def _events(journal: str, index: int, record: Payload, table: Table) -> Iterator[JournalEvent]:
    """What a record tells, newest first."""
    raw = hexadecimal(record.encode())
    for event, at in _told(journal, record, table):
        if at is not None:
            yield JournalEvent(index=index, event=event, raw=raw, at=at)


def _told(journal: str, record: Payload, table: Table) -> Iterator[tuple[str, datetime | None]]:
    if isinstance(record, r.Pair):
        begin, end = PAIRS[journal]
        yield end, record.end
        yield begin, record.begin
    elif isinstance(record, r.Single):
        yield SINGLES[journal], record.at
    elif isinstance(record, r.Counter):
        yield COUNTERS[journal].format(count=record.count), record.at
    elif isinstance(record, r.StateRecord):
        yield state_words(StateWord(record.state), table), record.at
