"""Numbers of a map read in the fewest requests that the meter allows.

Neighbours share a request; what lies between them is read over where the profile says that it is there. A meter that
refuses a request for several numbers by its registers or its length is asked for each by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from meterlink.driver import Target
from meterlink.errors import MeterlinkError, NoAnswerError, RefusedError, WireError
from meterlink.flow import Flow, Pause, Reply, ask
from meterlink_modbus.errors import PASSING, RegisterRefusedError, ValueRefusedError
from meterlink_modbus.maps import Map
from meterlink_modbus.messages import call_to
from meterlink_modbus.pdu import Asked
from meterlink_modbus.values import Number

_UNTOLD: Final = (NoAnswerError, WireError, RefusedError)
"""Why a request brings nothing; a port that is gone is not among them."""
_TOO_MUCH: Final = (RegisterRefusedError, ValueRefusedError)
"""What may be said of several numbers and not of each."""


@dataclass(frozen=True, slots=True)
class Block:
    """Registers that are read in one request."""

    address: int
    count: int

    def part(self, number: Number, data: bytes) -> bytes:
        """The bytes of one number in it."""
        begins = 2 * (number.address - self.address)
        return data[begins : begins + 2 * number.count]


@dataclass(slots=True)
class Found:
    """What was read: the bytes of each number, or why there are none; the reply that came first."""

    raw: dict[Number, bytes]
    failed: dict[Number, MeterlinkError]
    first: Reply[bytes] | None = None

    def bytes_of(self, number: Number) -> bytes:
        """The bytes of a number that was asked for; why there are none is raised."""
        if number in self.failed:
            raise self.failed[number]
        return self.raw[number]

    def reply(self) -> Reply[bytes]:
        """The first answer; where there was none, the first failure is raised."""
        if self.first is None:
            raise next(iter(self.failed.values()))
        return self.first


def blocks_of(numbers: Sequence[Number], read: Map) -> list[tuple[Block, list[Number]]]:
    """The requests for these numbers, each with the numbers that it brings; in rising order."""
    made: list[tuple[Block, list[Number]]] = []
    for number in sorted(numbers, key=lambda one: one.address):
        if made:
            block, members = made[-1]
            end = max(block.address + block.count, number.end)
            between = range(block.address + block.count, number.address)
            if end - block.address <= read.most_registers and _is_there(between, read):
                made[-1] = Block(block.address, end - block.address), [*members, number]
                continue
        made.append((Block(number.address, number.count), [number]))
    return made


def _is_there(between: range, read: Map) -> bool:
    """Whether registers may be read over; the numbers round them are there, so it is enough to look between."""
    if not between:
        return True
    return any(between[0] in one and between[-1] in one for one in read.readable)


def read_numbers(target: Target, read: Map, numbers: Sequence[Number]) -> Flow[Found]:
    """All of them as far as the meter tells them; what fails by itself is among `failed`."""
    found = Found({}, {})
    for block, members in blocks_of(numbers, read):
        yield from _read(target, read, block, members, found)
    return found


def _read(target: Target, read: Map, block: Block, members: Sequence[Number], found: Found) -> Flow[None]:
    try:
        reply = yield from read_block(target, read, block.address, block.count)
    except _UNTOLD as error:
        if len(members) > 1 and isinstance(error, _TOO_MUCH):
            for number in members:
                yield from _read(target, read, Block(number.address, number.count), [number], found)
        else:
            found.failed |= dict.fromkeys(members, error)
        return
    found.first = found.first or reply
    found.raw |= {number: block.part(number, reply.value) for number in members}


def read_block(target: Target, read: Map, address: int, count: int) -> Flow[Reply[bytes]]:
    """One request; asked again, as after silence, where the meter was busy or the gateway heard nothing of it."""
    call, timing = call_to(target, Asked(read.function, address, count)), target.profile.timing
    for _ in range(timing.tries - 1):
        try:
            return (yield from ask(call))
        except PASSING:
            yield Pause(timing.reply_s)
    return (yield from ask(call))
