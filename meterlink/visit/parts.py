"""The parts of a meter's state as everybody calls them, and which errors make one of them absent.

By these names records say what could not be read, so they are English and stay as they are.
"""

from __future__ import annotations

from typing import Final

from meterlink.errors import MeterlinkError, NoAnswerError, NotSupportedError, RefusedError, WireError
from meterlink.model import Absent

CLOCK: Final = "clock"
DST: Final = "DST"
TARIFFS: Final = "tariffs in force"
SCHEDULE: Final = "schedule"
HOLIDAYS: Final = "holidays"
STATUS: Final = "state"
SETTINGS: Final = "settings"
JOURNAL: Final = "journal "
"""Before the family's name of it."""

UNREAD: Final = (NotSupportedError, RefusedError, NoAnswerError, WireError)
"""Errors that keep one part away and let the reading of others go on; every other one ends it."""


def absent_part(what: str, error: MeterlinkError) -> Absent:
    """Why a part was not read: by what the model or the meter says, else by what the line did."""
    reason = error.why if isinstance(error, NotSupportedError | RefusedError) else str(error)
    return Absent(what=what, reason=reason)
