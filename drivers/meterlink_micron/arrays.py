"""Which array holds which past energy, and under which number: how far back a model goes.

Of this and the previous year or day each has an array of its own; months and calendar days share one and are told apart
by their number. Of days the number is that in the month, so one that a later day bears, too, is overwritten by then.
Rules: docs/protocols/micron.md, 11.2 and 11.3. Which arrays a model keeps is in its profile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Final, Protocol

from meterlink.model import Archive, ArchiveKind, ArchiveSpan
from meterlink.profiles import ARCHIVES

_YEARS, _MONTHS, _DAYS = (Archive(span) for span in (ArchiveSpan.YEAR, ArchiveSpan.MONTH, ArchiveSpan.DAY))
_USED_YEARS, _USED_MONTHS, _USED_DAYS = (
    Archive(each.span, ArchiveKind.CONSUMPTION) for each in (_YEARS, _MONTHS, _DAYS)
)

_NEAR: Final[Mapping[Archive, tuple[int, int]]] = {
    _USED_YEARS: (0x01, 0x02),
    _USED_DAYS: (0x04, 0x05),
    _YEARS: (0x81, 0x82),
    _DAYS: (0x84, 0x85),
}
"""The arrays of this one and the previous one."""
_NUMBERED: Final[Mapping[Archive, int]] = {_USED_MONTHS: 0x03, _USED_DAYS: 0x06, _MONTHS: 0x83, _DAYS: 0x86}
"""The array of all that it keeps, by number."""
_MONTHS_KEPT: Final = 12
_DAYS_KEPT: Final = 31
_A_YEAR_AGO: Final = 0x0D
"""The number of the month that has the name of the current one, where thirteen are kept."""


class Kept(Protocol):
    """What a profile says of the arrays of a model."""

    @property
    def arrays(self) -> Collection[int]: ...

    @property
    def months_used(self) -> int: ...


def depth_of(archive: Archive, kept: Kept) -> int:
    """How many records a model keeps, the current one among them; 0 where it has no such archive."""
    if _is_numbered(archive, kept):
        if archive.span is ArchiveSpan.DAY:
            return _DAYS_KEPT
        return kept.months_used if archive == _USED_MONTHS else _MONTHS_KEPT
    near = _NEAR.get(archive, ())
    return len(near) if set(near) <= set(kept.arrays) else 0


def kept_by(kept: Kept) -> list[Archive]:
    """The archives that a model has."""
    return [archive for archive in ARCHIVES if depth_of(archive, kept)]


def place_of(archive: Archive, start: date, back: int, kept: Kept) -> tuple[int, int]:
    """Array and number of the record that begins with a day; `back` is 0 for the current one."""
    if not _is_numbered(archive, kept):
        return _NEAR[archive][back], 0
    if archive.span is ArchiveSpan.DAY:
        return _NUMBERED[archive], start.day
    return _NUMBERED[archive], start.month if back < _MONTHS_KEPT else _A_YEAR_AGO


def same_number_later(archive: Archive, start: date, today: date, kept: Kept) -> date | None:
    """The later day whose record has the same number; None where there is none."""
    if archive.span is not ArchiveSpan.DAY or not _is_numbered(archive, kept):
        return None
    later = (start + timedelta(days=more) for more in range(1, (today - start).days + 1))
    return next((day for day in later if day.day == start.day), None)


def _is_numbered(archive: Archive, kept: Kept) -> bool:
    return _NUMBERED.get(archive) in kept.arrays
