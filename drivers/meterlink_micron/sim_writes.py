"""What a simulated meter does on each write: a table from commands to their level and a small function over its memory.

A function answers the status byte. What is not in the table is status 01, as is a parameter that is not permitted; the
order in which a meter looks at things (level, parameter, busy, once a day) is a guess. Marks: see `sim_memory`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from meterlink.wire.payload import PayloadError
from meterlink_micron.clock import CORRECTED_TODAY, RUNNING, Clock, ShiftSeconds, ShiftTo
from meterlink_micron.memory import PIECE, TABLES_MEMORY, Span
from meterlink_micron.memory_codec import MemoryWrite
from meterlink_micron.models import JOURNALS
from meterlink_micron.parameters import BY_SCHEDULE, DST_ALLOWED, DST_FORBIDDEN, ONE_TARIFF, Flag
from meterlink_micron.sim_memory import Memory

DONE: Final = 0x00
DONE_BUSY: Final = 0x10
"""Done, and busy for a second."""
WRONG: Final = 0x01
TOO_LOW: Final = 0x03
TODAY_DONE: Final = 0x04
STILL_BUSY: Final = 0x08

_MOST_S: Final = 120
_TOO_FAR: Final = 0x03
_OVER_THE_HOUR: Final = 0x04
_HALF: Final = 2

Handler = Callable[[Memory, bytes, float], int]


@dataclass(frozen=True, slots=True)
class Write:
    """One command: the level it needs, and what it does. `counts` marks those that journal 47h counts."""

    level: int
    carry_out: Handler
    counts: bool = True


# --- clock ------------------------------------------------------------------------------------------------------------


def _set_clock(memory: Memory, data: bytes, now: float) -> int:
    """Any difference [documented]; the weekday is not looked at [guess]. The day's correction stays used up [guess]."""
    clock = Clock.read(data)
    memory.set_clock(clock.local, clock.season, now)
    return DONE


def _shift(memory: Memory, data: bytes, now: float) -> int:
    return _correct(memory, ShiftSeconds.read(data).seconds, now)


def _shift_to(memory: Memory, data: bytes, now: float) -> int:
    local = memory.clock.local(now)
    wanted = datetime.combine(local.date(), ShiftTo.read(data).of_day)
    return _correct(memory, round((wanted - local).total_seconds()), now)


def _correct(memory: Memory, seconds: int, now: float) -> int:
    """Within 120 s, within the hour, once a calendar day, not while one runs [documented]."""
    local, correction = memory.clock.local(now), memory.correction
    wanted = local + timedelta(seconds=seconds)
    if abs(seconds) > _MOST_S:
        correction.state = _TOO_FAR
        return WRONG
    if (local.date(), local.hour) != (wanted.date(), wanted.hour):
        correction.state = _OVER_THE_HOUR
        return WRONG
    if correction.state == RUNNING:
        return STILL_BUSY
    if correction.on == local.date():
        correction.state = CORRECTED_TODAY
        return TODAY_DONE
    memory.run_clock_by(seconds, now)
    return DONE


# --- flags ------------------------------------------------------------------------------------------------------------


def _set_flag(memory: Memory, data: bytes, now: float) -> int:
    """Those that meterlink writes; 0B and 0C where the model has them."""
    flag = Flag.read(data)
    if flag in (DST_ALLOWED, DST_FORBIDDEN):
        memory.set_dst(flag == DST_ALLOWED, now)
        return DONE
    if flag in (ONE_TARIFF, BY_SCHEDULE) and memory.has_one_tariff_mode:
        memory.set_one_tariff(flag == ONE_TARIFF, now)
        return DONE
    return WRONG


# --- memory 02 --------------------------------------------------------------------------------------------------------


def _write_memory(memory: Memory, data: bytes, now: float) -> int:
    """07: as many bytes as every model takes, within one window."""
    asked = MemoryWrite.read(data)
    if asked.memory != TABLES_MEMORY or len(asked.data) > PIECE:
        return WRONG
    memory.energy.advance(now)
    if not memory.tables.write(asked.address, asked.data):
        return WRONG
    memory.note_once(_journal_of(memory, asked.address), now)
    return DONE


def _journal_of(memory: Memory, at: int) -> int:
    def lies_in(span: Span | None) -> bool:
        return span is not None and span.at <= at < span.end

    if lies_in(memory.layout.holidays):
        return JOURNALS["holidays"]
    return JOURNALS["moved_days" if lies_in(memory.layout.moved_days) else "schedule"]


def _count_schedules(memory: Memory, data: bytes, now: float) -> int:
    memory.begin_counting(now)
    return DONE_BUSY


# --- the table --------------------------------------------------------------------------------------------------------

WRITES: Final[Mapping[bytes, Write]] = {
    b"\x03\x0b": Write(1, _shift, counts=False),
    b"\x03\x0c": Write(2, _set_clock),
    b"\x03\x0d": Write(1, _shift_to, counts=False),
    b"\x03\x18": Write(2, _set_flag),
    b"\x03\x21": Write(2, _count_schedules),
    b"\x07": Write(2, _write_memory),
}
"""By the codes that a request begins with."""


def carry_out(memory: Memory, request: bytes, level: int, now: float) -> int | None:
    """The status of a write: what stands behind the address and before the checksum. None where the power goes.

    A length that is not that of the command is for the wire to drop; what is senseless all the same is status 01.
    """
    memory.advance(now)
    code = request[:1] if request[:1] in WRITES else request[:2]
    write = WRITES.get(code)
    if write is None:
        return WRONG
    if level < write.level:
        return TOO_LOW
    data = request[len(code) :]
    if memory.power_goes(now):
        if memory.behaviour.tears and code == b"\x07":
            write.carry_out(memory, _half(data), now)
        return None
    if request.startswith(memory.behaviour.ignores):
        memory.writes_done += 1
        return DONE
    try:
        status = write.carry_out(memory, data, now)
    except PayloadError:
        return WRONG
    if status & 0x0F == DONE:
        memory.writes_done += 1
        if write.counts:
            memory.programmed(now)
    return status


def _half(data: bytes) -> bytes:
    """A write of memory with the first half of its block."""
    block = data[4 : 4 + max(1, (len(data) - 4) // _HALF)]
    return data[:3] + bytes([len(block)]) + block
