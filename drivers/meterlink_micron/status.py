"""What else a meter tells about itself: the state word in words, how the last soft correction went, and more.

The bits of the state word differ by model and stand in its profile; docs/protocols/micron.md, chapter 18.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from meterlink.driver import Target
from meterlink.flow import Flow, instant
from meterlink.model import Absent, StatusReading, StatusValue
from meterlink.profiles import Profile
from meterlink.wire.payload import hexadecimal
from meterlink_micron import messages as m
from meterlink_micron.asking import attempt
from meterlink_micron.clock import CORRECTION_STATES, CorrectionState
from meterlink_micron.indices import PLAIN, Index, TwoIndices
from meterlink_micron.messages import Command
from meterlink_micron.models import Table, table_of
from meterlink_micron.momentary_codec import Momentary
from meterlink_micron.payload import NOTHING, Payload
from meterlink_micron.quantities import BATTERY
from meterlink_micron.session import Session, in_session
from meterlink_micron.state_codec import BIT, RELAY, Control, StateWord

BATTERY_LOW_V: Final = Decimal("2.6")
"""Below it a clock will not outlive many outages: a lithium cell of 3 V that falls below is nearly empty."""
NO_BIT: Final = "no error is set"

_NEVER: Final = "never"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its name, the question, the unit, how its value is written, and when to look at it."""

    name: str
    command: Command[Any, Any]
    unit: str
    shown: Callable[[Any, Table], str]
    asked: Payload = NOTHING
    alarms: Callable[[Any, Table], bool] = lambda _value, _table: False
    known: Callable[[Profile], bool] = lambda _: True


def state_words(word: StateWord, table: Table) -> str:
    """The errors that are set, by their names in the profile."""
    names = _bits(table)
    told = [names.get(number, BIT.format(number=number)) for number in word.numbers]
    return ", ".join(told) or NO_BIT


def _bits(table: Table) -> Mapping[int, str]:
    return {int(number): name for number, name in table.state_bits.items()}


def _is_wrong(word: StateWord, table: Table) -> bool:
    return not set(word.numbers) <= set(table.state_normal)


def _battery(value: Momentary, _table: Table) -> str:
    return f"{_battery_v(value):f}"


def _battery_v(value: Momentary) -> Decimal:
    return Decimal(value.count).scaleb(-2)


def _correction(state: CorrectionState, _table: Table) -> str:
    return state.words


def _relay(control: Control, _table: Table) -> str:
    return RELAY.get(control.value, f"unknown code {control.value}")


_FACTS: Final = (
    Fact("state", m.READ_STATE, "", state_words, PLAIN, _is_wrong),
    Fact(
        "battery voltage",
        m.READ_MOMENTARY,
        "V",
        _battery,
        Index(BATTERY),
        lambda value, _: _battery_v(value) < BATTERY_LOW_V,
        lambda profile: profile.has("battery"),
    ),
    Fact("last soft correction", m.READ_TASK, "", _correction, m.CORRECTION_TASK),
    Fact(
        "last parametrisation",
        m.READ_PROGRAMMED,
        "",
        lambda value, _: _NEVER if value.at is None else value.at.isoformat(sep=" "),
        known=lambda profile: profile.has("last_parametrisation"),
    ),
    Fact("voltage transformer ratio", m.READ_RATIOS, "", lambda value, _: str(value.voltage_ratio)),
    Fact("current transformer ratio", m.READ_RATIOS, "", lambda value, _: str(value.current_ratio)),
    Fact("temperature", m.READ_TEMPERATURE, "°C", lambda value, _: str(value.celsius)),
    Fact(
        "load relay",
        m.READ_CONTROL,
        "",
        _relay,
        TwoIndices(0, 0),
        known=lambda profile: table_of(profile).relay,
    ),
)
NAMES: Final = tuple(fact.name for fact in _FACTS)
UNITS: Final = tuple(fact.unit for fact in _FACTS if fact.unit)
WORDS_TOLD: Final = (*CORRECTION_STATES.values(), *RELAY.values(), NO_BIT, _NEVER)


def read_status(target: Target) -> Flow[StatusReading]:
    """Each fact by itself; the ratios are asked for once."""
    table = table_of(target.profile)

    def work(session: Session) -> Flow[StatusReading]:
        values: list[StatusValue] = []
        absent: list[Absent] = []
        answers: dict[tuple[bytes, Payload], Payload | None] = {}
        read_at = None
        for fact in (one for one in _FACTS if one.known(target.profile)):
            question = (fact.command.head, fact.asked)
            if question not in answers:
                answers[question] = yield from attempt(session, fact.name, fact.command, absent, fact.asked)
            answer = answers[question]
            if answer is not None:
                values.append(_value(fact, answer, table))
                read_at = read_at or instant(session.heard_at)
        return StatusReading(values=tuple(values), read_at=read_at, absent=tuple(absent))

    return (yield from in_session(target, work))


def _value(fact: Fact, answer: Payload, table: Table) -> StatusValue:
    return StatusValue(
        name=fact.name,
        value=fact.shown(answer, table),
        unit=fact.unit,
        raw=hexadecimal(answer.encode()),
        alarm=fact.alarms(answer, table),
    )
