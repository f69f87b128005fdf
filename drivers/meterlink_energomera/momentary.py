"""Momentary quantities: each parameter of the profile in a session, or several at once in a fast read (GROUP).

The fast read needs no session, so it costs one frame where a session costs four more. It is used where that makes fewer
frames, and for what no reader can mistake: volts, amperes, degrees, hertz, power factors. The units of powers and
registers in such an answer are not published, so these are asked in a session, which also says who answers.
Forms: docs/protocols/energomera.md, 8.6 and 10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from meterlink.driver import Target
from meterlink.errors import NoAnswerError, RefusedError, WireError
from meterlink.flow import Flow, Reply, ask, instant
from meterlink.model import Absent, InstantReading, InstantValue
from meterlink.wire.payload import PayloadError
from meterlink_energomera.address import ANYBODY
from meterlink_energomera.asking import Values, attempt, main, understood
from meterlink_energomera.errors import WHY, WHY_UNKNOWN
from meterlink_energomera.messages import SPEEDS, FastGroup
from meterlink_energomera.models import Table, table_of
from meterlink_energomera.session import Session, in_session
from meterlink_energomera.text import Item, exactly, number

QUANTITIES: Final[Mapping[str, tuple[str, str]]] = {
    "VOLTA": ("voltage", "V"),
    "CURRE": ("current", "A"),
    "POWEP": ("active power", "kW"),
    "POWPP": ("active power", "kW"),
    "POWEQ": ("reactive power", "kvar"),
    "POWPQ": ("reactive power", "kvar"),
    "POWES": ("apparent power", "kVA"),
    "COS_f": ("power factor", ""),
    "TAN_f": ("tan phi", ""),
    "FREQU": ("frequency", "Hz"),
    "CORUU": ("angle between voltages", "deg"),
    "CORIU": ("angle between current and voltage", "deg"),
    "VNULL": ("neutral voltage", "V"),
}

GROUP: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "VOLTA": ("4001", ("A", "B", "C")),
    "CURRE": ("4002", ("A", "B", "C")),
    "COS_f": ("4007", ("A", "B", "C", "")),
    "CORUU": ("400B", ("AB", "BC", "CA")),
    "FREQU": ("400D", ("",)),
}
"""Identifier of each parameter and the value that each bit of its mask chooses, lowest first."""

_MOST_VALUES: Final = 11
"""In one fast read, as the one program that uses it has it; the meter's own limit is not known."""
_SESSION_FRAMES: Final = 4
"""B0, sign-on, option select, B0."""

_TEXT: Final = {"refused": "the meter refuses it: {why} (E{number:02d})"}


@dataclass(slots=True)
class _Work:
    """One reading while it is gathered: what is there by parameter, and what is not."""

    target: Target
    table: Table
    values: dict[str, tuple[InstantValue, ...]] = field(default_factory=dict)
    absent: list[Absent] = field(default_factory=list)

    def first_of(self, parameters: Sequence[str]) -> Callable[[Session], Flow[Reply[Values]]]:
        """In a session, the first of them as what must be there."""

        def work(session: Session) -> Flow[Reply[Values]]:
            told = yield from main(session, "instant", parameters[0])
            self.values[parameters[0]] = understood(told, parameters[0], _values_reader(parameters[0], self.table))
            yield from self.each(session, parameters[1:])
            return told

        return work

    def each(self, session: Session, parameters: Iterable[str]) -> Flow[None]:
        """One by one in a session."""
        for parameter in parameters:
            read = _values_reader(parameter, self.table)
            told = yield from attempt(session, _what(parameter), parameter, self.absent, read)
            self.values[parameter] = told or ()

    def at_once(self, parameters: Sequence[str]) -> Flow[None]:
        """By fast reads; the first one that fails leaves the rest to whoever comes next."""
        for pack, request in _requests(self.target, parameters, self.table):
            absent: list[Absent] = []
            try:
                reply: Reply[Mapping[str, tuple[Item, ...]]] = yield from ask(request)
                told = {each: _labelled(each, reply.value[GROUP[each][0]], self.table, absent) for each in pack}
            except (NoAnswerError, WireError, RefusedError, PayloadError):
                return
            self.values |= told
            self.absent += absent

    def one_by_one(self, parameters: Sequence[str]) -> Flow[None]:
        """In a session of their own; where there is none, they are absent, as the rest was read."""
        try:
            yield from in_session(self.target, lambda session: self.each(session, parameters))
        except (NoAnswerError, WireError, RefusedError) as failure:
            missing = [parameter for parameter in parameters if parameter not in self.values]
            self.absent += [Absent(what=_what(parameter), reason=str(failure)) for parameter in missing]


def read_instant(target: Target) -> Flow[InstantReading]:
    """Each momentary parameter of the profile; the first one of the session must be there."""
    target.profile.require("instant")
    work = _Work(target, table_of(target.profile))
    fast = _fast_ones(target, work.table)
    told = yield from in_session(target, work.first_of([each for each in work.table.instant if each not in fast]))
    yield from work.at_once(fast)
    missed = [parameter for parameter in fast if parameter not in work.values]
    if missed:
        yield from work.one_by_one(missed)
    found = tuple(value for parameter in work.table.instant for value in work.values.get(parameter, ()))
    return InstantReading(values=found, read_at=instant(told.received_at), absent=tuple(work.absent))


def _what(parameter: str) -> str:
    return QUANTITIES.get(parameter, (parameter, ""))[0]


def _values_reader(parameter: str, table: Table) -> Callable[[Values], tuple[InstantValue, ...]]:
    labels = table.instant[parameter]

    def read(values: Values) -> tuple[InstantValue, ...]:
        told = zip(exactly(parameter, values, len(labels)), labels, strict=True)
        return tuple(_value(parameter, text, label) for text, label in told)

    return read


def _value(parameter: str, text: str, label: str) -> InstantValue:
    quantity, unit = QUANTITIES.get(parameter, (parameter, ""))
    return InstantValue(quantity=quantity, value=number(text), unit=unit, raw=text, phase=label or None)


# --- several at once --------------------------------------------------------------------------------------------------


def _fast_ones(target: Target, table: Table) -> tuple[str, ...]:
    """The parameters of a fast read, none where a session alone takes no more frames.

    A fast read stays at the speed of the sign-on, so it is none for an optical head at 300 baud; and who answers it is
    not said, so it needs an address.
    """
    if not table.group or target.address == ANYBODY or target.opened_at.baud != SPEEDS.get(table.speed_char):
        return ()
    known = tuple(
        parameter
        for parameter, labels in table.instant.items()
        if parameter in GROUP and set(labels) <= set(GROUP[parameter][1])
    )
    slow = len(table.instant) - len(known)
    frames = len(_requests(target, known, table)) + _SESSION_FRAMES + slow
    return known if slow and frames < _SESSION_FRAMES + len(table.instant) else ()


def _requests(target: Target, parameters: Iterable[str], table: Table) -> list[tuple[tuple[str, ...], FastGroup]]:
    """As few fast reads as hold them all, each with the parameters that it asks for."""
    packs: list[list[str]] = []
    room = 0
    for parameter in parameters:
        count = len(table.instant[parameter])
        if count > room:
            packs.append([])
            room = _MOST_VALUES
        packs[-1].append(parameter)
        room -= count
    return [
        (tuple(pack), FastGroup(target.address, tuple((GROUP[each][0], _mask(each, table)) for each in pack)))
        for pack in packs
    ]


def _mask(parameter: str, table: Table) -> int:
    order = GROUP[parameter][1]
    return sum(1 << order.index(label) for label in table.instant[parameter])


def _labelled(parameter: str, items: Sequence[Item], table: Table, absent: list[Absent]) -> tuple[InstantValue, ...]:
    """The values in the order of the profile; PayloadError where one is no number. A refused one is absent."""
    labels = table.instant[parameter]
    told = dict(zip([label for label in GROUP[parameter][1] if label in labels], items, strict=True))
    found = tuple(_value(parameter, item.value, label) for label in labels if (item := told[label]).error is None)
    quantity = QUANTITIES[parameter][0]
    for label in labels if found else labels[:1]:
        refused = told[label].error
        if refused is not None:
            why = _TEXT["refused"].format(why=WHY.get(refused, WHY_UNKNOWN), number=refused)
            absent.append(Absent(what=f"{quantity} {label}".strip() if found else quantity, reason=why))
    return found
