"""How a Modbus meter is written: whole blocks by function 10h, and what may be written at all is in `stored`.

There is no passive bank and no date of coming into force: every frame counts at once. So each value is read back at
once, after an answer and after none, and the series ends with the first that does not stand. No register is written
singly (06h): its answer is the request again, which no one can tell from a local echo.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from meterlink.driver import Target, Written
from meterlink.errors import (
    LinkError,
    MeterlinkError,
    NoAnswerError,
    NotStoredError,
    NotSupportedError,
    RefusedError,
    WireError,
)
from meterlink.flow import Announce, Change, Flow, WaitUntil, ask
from meterlink.model import Action
from meterlink.wire.payload import hexadecimal, require_whole_local
from meterlink_modbus.map_reader import map_of
from meterlink_modbus.messages import Call, write_call
from meterlink_modbus.stored import alike, bytes_of, in_safe_order, read_raw, require_writing, told_stored

STEP_ORDER: Final = (Action.DST_OFF, Action.DST_ON, Action.CLOCK, Action.SCHEDULE, Action.HOLIDAYS)
"""The switch of summer time stands here so that an order that lists it is told that there is none; the tables before
the holidays, so that no date names a table that is not there yet.
"""

_TEXT: Final = {
    "no shift": "no map of this family has a register for it, the whole time alone can be written",
    "shift": "soft correction of the clock",
}


def write(target: Target, operation: str, changes: Sequence[Change]) -> Flow[Written]:
    """One announcement of all; then block by block: send, read back, go on only where the value stands as wanted.

    What is restored comes in the order of its names, so the order is made safe here, too.
    """
    changes = in_safe_order(changes)
    orders = [_order(target, change) for change in changes]
    if not orders:
        return Written(found={})
    yield Announce(operation, tuple(call for _, call, _ in orders), changes)
    found: dict[str, str] = {}
    for name, call, wanted in orders:
        try:
            hidden = yield from _send(call)
            raw = yield from read_raw(target, name)
        except (LinkError, WireError, RefusedError) as failure:
            return Written(found=found, standing=frozenset(found), failure=failure)
        stood = frozenset(found)
        found[name] = hexadecimal(raw)
        if not alike(name, raw, wanted):
            return Written(found=found, standing=stood, failure=hidden or _not_stored(target, name, wanted, raw))
    return Written(found=found, standing=frozenset(found))


def _order(target: Target, change: Change) -> tuple[str, Call, bytes]:
    wanted = bytes_of(change.parameter, change.new)
    address = require_writing(change.parameter, wanted, target.profile)
    return change.parameter, write_call(target, address, wanted), wanted


def _send(call: Call) -> Flow[MeterlinkError | None]:
    """What hid or refused it, None where it was acknowledged. A port that is gone is not caught here."""
    try:
        yield from ask(call)
    except (NoAnswerError, WireError, RefusedError) as hidden:
        return hidden
    return None


def _not_stored(target: Target, name: str, wanted: bytes, found: bytes) -> NotStoredError:
    return NotStoredError(
        address=target.address,
        item=name,
        wanted=told_stored(name, hexadecimal(wanted)),
        found=told_stored(name, hexadecimal(found)),
    )


# --- the clock ------------------------------------------------------------------------------------------------------


def set_clock(target: Target, operation: str, local: datetime, at: float, change: Change) -> Flow[Written]:
    """The whole time in one frame, so that the meter has it when the port's clock shows `at`; not read back here."""
    target.profile.require("set_clock")
    require_whole_local(local)
    form = map_of(target.profile).clock
    assert form is not None  # the map's own rule for a model that can be told the time
    call = write_call(target, form.address, form.encode(local))
    yield Announce(operation, (call,), (change,))
    yield WaitUntil(at - _travel_s(target, call))
    try:
        yield from ask(call)
    except (LinkError, WireError, RefusedError) as failure:
        return Written(found={}, failure=failure)
    return Written(found={})


def _travel_s(target: Target, call: Call) -> float:
    """From the beginning of a frame to the moment at which the meter acts on it."""
    chars = len(call.encode()) + target.profile.timing.quiet_chars
    return chars * target.opened_at.char_s


def shift_clock(target: Target, operation: str, by: timedelta, change: Change) -> Flow[Written]:
    """No such thing in this family."""
    raise NotSupportedError(model=target.profile.model, capability=_TEXT["shift"], why=_TEXT["no shift"])
