"""How a Mercury 200 is written. Every function is a flow; what may be written at all is the table in `stored`.

An acknowledgement proves that a frame was accepted, not that the value stands, and silence proves nothing: so each
value is read back at once, after an answer and after none, and the series ends with the first that does not stand.
The family has no reply that says no. Rules: docs/protocols/mercury200.md, chapters 8 and 16.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from meterlink.driver import Target, Written
from meterlink.errors import (
    LinkError,
    MeterlinkError,
    NoAnswerError,
    NotStoredError,
    NotSupportedError,
    WireError,
)
from meterlink.flow import Announce, Change, Flow, WaitUntil, ask
from meterlink.model import Action
from meterlink.wire.payload import hexadecimal, require_whole_local
from meterlink_mercury200 import messages as m
from meterlink_mercury200.calendar import TimeDate
from meterlink_mercury200.messages import Call
from meterlink_mercury200.stored import (
    StoredValue,
    read_raw,
    require_writing,
    told_stored,
)

STEP_ORDER: Final = (
    Action.DST_OFF,
    Action.DST_ON,
    Action.CLOCK,
    Action.HOLIDAYS,
    Action.SCHEDULE,
    Action.TARIFF_MODE,
    Action.DISPLAY,
    Action.BUTTON_CORRECTION,
)
"""The DST flag before the clock, as nobody knows whether clearing it in summer moves the clock; the tables before the
count of tariffs, so that no tariff comes into force that the tables do not know. Setting the clock (02h) and writing
the button correction (06h) each begin the year's allowance of the buttons anew, whichever comes first.
"""

_TEXT: Final = {
    "no shift": "its interface writes the whole time only (02h), the buttons alone correct by small steps",
    "shift": "soft correction of the clock",
}


def write(target: Target, operation: str, changes: Sequence[Change]) -> Flow[Written]:
    """One announcement of all; then frame by frame: send, read back, go on only where the value stands as wanted.

    A lost or damaged answer is no failure where the value stands. What fails while reading back ends the series, too,
    and then the last frame's value is not among those found.
    """
    orders = [_order(target, change) for change in changes]
    if not orders:
        return Written(found={})
    yield Announce(operation, tuple(call for _, call, _ in orders), tuple(changes))
    found: dict[str, str] = {}
    for value, call, wanted in orders:
        try:
            lost = yield from _send(call)
            raw = yield from read_raw(target, value)
        except (LinkError, WireError) as failure:
            return Written(found=found, standing=frozenset(found), failure=failure)
        stood = frozenset(found)
        found[value.name] = hexadecimal(raw)
        if not value.alike(raw, wanted):
            return Written(found=found, standing=stood, failure=lost or _not_stored(target, value, wanted, raw))
    return Written(found=found, standing=frozenset(found))


def _order(target: Target, change: Change) -> tuple[StoredValue, Call[Any], bytes]:
    value = require_writing(change.parameter, target.profile)
    wanted = value.bytes_of(change.new)
    return value, value.order(int(target.address), wanted), wanted


def _send(call: Call[Any]) -> Flow[MeterlinkError | None]:
    """What hid the answer, None where there was one. A port that is gone or never silent is not caught here."""
    try:
        yield from ask(call)
    except (NoAnswerError, WireError) as lost:
        return lost
    return None


def _not_stored(target: Target, value: StoredValue, wanted: bytes, found: bytes) -> NotStoredError:
    return NotStoredError(
        address=target.address,
        item=value.name,
        wanted=told_stored(value.name, hexadecimal(wanted)),
        found=told_stored(value.name, hexadecimal(found)),
    )


# --- the clock ------------------------------------------------------------------------------------------------------


def set_clock(target: Target, operation: str, local: datetime, at: float, change: Change) -> Flow[Written]:
    """02h so that the meter acts on it when the port's clock shows `at`; nothing is read back here, the clock runs on.

    The frame leaves earlier by the time it takes on the line and by the silence after which a meter takes it for
    complete (6 characters; a multiplier that somebody wrote with 75h would make it longer). It also begins the year's
    allowance of the buttons anew.
    """
    target.profile.require("set_clock")
    require_whole_local(local)
    call = Call(int(target.address), m.SET_CLOCK, TimeDate.of(local))
    yield Announce(operation, (call,), (change,))
    yield WaitUntil(at - _travel_s(target, call))
    try:
        yield from ask(call)
    except (LinkError, WireError) as failure:
        return Written(found={}, failure=failure)
    return Written(found={})


def _travel_s(target: Target, call: Call[Any]) -> float:
    """From the beginning of a frame to the moment at which the meter acts on it."""
    chars = len(call.encode()) + target.profile.timing.quiet_chars
    return chars * target.profile.line.line.char_s


def shift_clock(target: Target, operation: str, by: timedelta, change: Change) -> Flow[Written]:
    """No such thing in this family."""
    raise NotSupportedError(model=target.profile.model, capability=_TEXT["shift"], why=_TEXT["no shift"])
