"""The clock of these meters in text: TIME_ HH:MM:SS, DATE_ NN.dd.mm.yy with NN 00 = Sunday, WATCH both in one."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from meterlink.wire.payload import CalendarError, decode_date, decode_datetime

_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})", re.ASCII)
_DATE: Final = re.compile(r"([0-9]{1,2})[.\-]([0-9]{1,2})[.\-]([0-9]{1,2})[.\-]([0-9]{2})", re.ASCII)
_WATCH: Final = re.compile(r"([0-9:]+),([0-9.\-]+)(?:,[^,]*)?", re.ASCII)
_NO: Final = "{text!r} is not {what}"


def read_time(on: date, text: str) -> datetime:
    """The naive moment of a TIME_ on a date; CalendarError."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise CalendarError(_NO.format(text=text, what="a time"))
    return decode_datetime(on, *map(int, found.groups()))


def read_date(text: str) -> tuple[int, date]:
    """Weekday (0 = Sunday) and date of a DATE_; CalendarError."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise CalendarError(_NO.format(text=text, what="a date"))
    weekday, day, month, year = map(int, found.groups())
    if weekday > 6:
        raise CalendarError(_NO.format(text=text, what="a date with a weekday 0 to 6"))
    return weekday, decode_date(day, month, year)


def read_watch(text: str) -> tuple[int, datetime]:
    """Weekday and moment of a WATCH; CalendarError."""
    found = _WATCH.fullmatch(text)
    if found is None:
        raise CalendarError(_NO.format(text=text, what="a time with a date"))
    weekday, on = read_date(found[2])
    return weekday, read_time(on, found[1])


def time_text(at: datetime) -> str:
    return f"{at:%H:%M:%S}"


def date_text(at: datetime) -> str:
    return f"{at.isoweekday() % 7:02d}.{at:%d.%m.%y}"
