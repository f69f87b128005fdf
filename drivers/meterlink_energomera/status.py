"""What else a meter tells about itself: the state word and the flags in words, ratios, limits.

Bits: docs/protocols/energomera.md, 8.7 and 16. A number that is none is absent, as any damaged value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from meterlink.driver import Target
from meterlink.flow import Flow, instant
from meterlink.model import Absent, StatusReading, StatusValue
from meterlink.wire.payload import DigitError, PayloadError
from meterlink_energomera.asking import Values, attempt, one
from meterlink_energomera.messages import SPEEDS
from meterlink_energomera.models import Table, table_of
from meterlink_energomera.session import Session, in_session
from meterlink_energomera.text import number

_STATE: Final = "STAT_"
_NAMES: Final = {
    _STATE: "state",
    "CONDI": "operating flags",
    "FCCUR": "current transformer ratio",
    "FCVOL": "voltage transformer ratio",
    "TAVER": "averaging interval",
    "ACTIV": "session time-out",
    "SPEED": "working speed",
    "ELOCK": "openings of case and terminal cover",
    "HVOLT": "upper voltage limit",
    "LVOLT": "lower voltage limit",
    "TRANS": "TRANS (perhaps the automatic DST switch, 0 = off)",
    "HOURS": "HOURS (perhaps the hours of that switch)",
}
_UNITS: Final = {"TAVER": "min", "ACTIV": "s", "SPEED": "baud", "HVOLT": "V", "LVOLT": "V"}
_NUMBERS: Final = frozenset({"FCCUR", "FCVOL", "TAVER", "ACTIV", "HVOLT", "LVOLT"})
_FIRST_STATE: Final = "state as it was first read"
_BITS: Final = 32
_FLAGS: Final = "CONDI"
ALARMS: Final = frozenset(
    {
        "battery low",
        "battery life over",
        "clock error",
        "clock cannot be read",
        "checksum error",
        "memory checksum",
        "metrology checksum",
        "calibration checksum error",
        "memory error, cleared by this reading",
        "energy accumulation error",
        "energy could not be written",
        "exception days damaged",
        "seasons damaged",
        "graphs damaged",
        "day graphs damaged",
        "schedule error",
    }
)
"""Bits of the state, by their names in profiles, that somebody should look at: batteries, errors, damaged tables.

Source: docs/protocols/energomera.md, 16.
"""

BIT: Final = "bit {bit}"
"""A bit that nobody explains."""

_TEXT: Final = {
    "no bits": "no bit is set",
    "bad number": "{text!r} is not a whole number in base {base}",
    "speed": "{text!r} is no speed",
    "cleared": "its answer was lost, and reading clears a memory error, so the state told is that of a second reading",
    "not listed": "the general readout does not show it",
}


def word(text: str, base: int) -> int:
    """The bits of a state; DigitError."""
    if not re.fullmatch(r"[0-9A-Fa-f]{1,8}" if base == 16 else r"[0-9]{1,10}", text, re.ASCII):
        raise DigitError(_TEXT["bad number"].format(text=text, base=base))
    return int(text, base)


def read_status(target: Target) -> Flow[StatusReading]:
    """The further parameters of the profile, one by one or out of the general readout."""
    table = table_of(target.profile)
    if table.status_readout:
        return (yield from _out_of_readout(target, table))

    def work(session: Session) -> Flow[StatusReading]:
        values: list[StatusValue] = []
        absent: list[Absent] = []
        read_at = None
        for parameter in table.status:
            before = session.repeated
            told = yield from attempt(session, _name(parameter), parameter, absent, _reader(parameter, table))
            if parameter == _STATE and table.state_clears and session.repeated > before:
                absent.append(Absent(what=_FIRST_STATE, reason=_TEXT["cleared"]))
            if told is not None:
                values.append(told)
                read_at = read_at or instant(session.heard_at)
        return StatusReading(values=tuple(values), read_at=read_at, absent=tuple(absent))

    return (yield from in_session(target, work))


def _out_of_readout(target: Target, table: Table) -> Flow[StatusReading]:
    """Three frames for all of them; groups that the readout hides are absent."""
    reply = yield from Session(target).read_out("0")
    values: list[StatusValue] = []
    absent: list[Absent] = []
    for parameter in table.status:
        told = tuple(item.value for item in reply.value.items if item.name == parameter)
        try:
            values += [_reader(parameter, table)(told)] if told else []
        except PayloadError as error:
            absent.append(Absent(what=_name(parameter), reason=str(error)))
        if not told:
            absent.append(Absent(what=_name(parameter), reason=_TEXT["not listed"]))
    return StatusReading(values=tuple(values), read_at=instant(reply.received_at), absent=tuple(absent))


def _name(parameter: str) -> str:
    return _NAMES.get(parameter, parameter)


def _reader(parameter: str, table: Table) -> Callable[[Values], StatusValue]:
    def read(values: Values) -> StatusValue:
        return StatusValue(
            name=_name(parameter),
            value=_shown(parameter, values, table),
            unit=_UNITS.get(parameter, ""),
            raw=" ".join(values),
            alarm=parameter == _STATE and not ALARMS.isdisjoint(_state_names(_state(values, table), table)),
        )

    return read


def _state(values: Values, table: Table) -> int:
    return word(one(_STATE)(values), table.status_base)


def _shown(parameter: str, values: Values, table: Table) -> str:
    """The value in words; PayloadError where it is none."""
    if parameter == _STATE:
        return state_words(_state(values, table), table)
    if parameter == _FLAGS:
        return _words(_names_of(word(one(parameter)(values), 10), table.flag_bits))
    if parameter == "SPEED":
        text = one(parameter)(values)
        if text not in SPEEDS:
            raise PayloadError(_TEXT["speed"].format(text=text))
        return str(SPEEDS[text])
    if parameter in _NUMBERS:
        return f"{number(one(parameter)(values)):f}"
    return " ".join(values)


def state_words(bits: int, table: Table) -> str:
    """The bits of STAT_ in words, without those that number tariffs."""
    return _words(_state_names(bits, table))


def _state_names(bits: int, table: Table) -> list[str]:
    return _names_of(bits & ~_tariff_mask(table), table.status_bits)


def _names_of(bits: int, names: Mapping[str, str]) -> list[str]:
    return [names.get(str(bit), BIT.format(bit=bit)) for bit in range(_BITS) if bits >> bit & 1]


def _words(names: Sequence[str]) -> str:
    return ", ".join(names) or _TEXT["no bits"]


def _tariff_mask(table: Table) -> int:
    if not table.tariff_bits:
        return 0
    first, width, used, count = table.tariff_bits
    return ((1 << width) - 1) << first | ((1 << count) - 1) << used
