"""Memory read by 0C, whose answers name the request: what leaves, what is left alone, and models that know 06 only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest

from meterlink.driver import SetHolidays
from meterlink.errors import WrongAnswerError
from meterlink.flow import Flow
from meterlink.model import Archive, ArchiveSpan
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import Burst, VirtualWire
from meterlink.testing import dialogue, transcript
from meterlink.wire.line import Line
from meterlink_micron import DRIVER, messages as m
from meterlink_micron.address import Address
from meterlink_micron.energy_codec import EnergyBits
from meterlink_micron.errors import UnknownCommandError
from meterlink_micron.indices import FloatMask
from meterlink_micron.memory import HOLIDAYS, layout_of
from meterlink_micron.memory_codec import NamedPlace
from meterlink_micron.messages import Call, Command, encode_answer
from meterlink_micron.payload import Payload
from meterlink_micron.session import Session
from meterlink_micron.sim import Behaviour, simulate
from meterlink_micron.sim_memory import MemoryBehaviour
from tests.drivers.micron.scene import EIGHT, FOUR, FOUR_HIGH, Scene, sealed, stands
from tests.drivers.micron.still import MODELS, STILL, met, read_by

WITH_EXTRA = "set-4tm.03"
NAMED = tuple(model for model in MODELS if layout_of(read_by(model).profile).is_named)
MONDAY, WEEKDAYS = "January monday", "January weekdays"


def test_the_models_that_are_asked_by_0c() -> None:
    """Not SEB, not SET-4TM.01 and .02, nor what is younger than the maker's text."""
    assert sorted(NAMED) == [
        "psch-3tm.05",
        "psch-3tm.05d",
        "psch-3tm.05m",
        "psch-4tm.05",
        "psch-4tm.05d",
        "psch-4tm.05m",
        "set-4tm.02m",
        "set-4tm.03",
        "set-4tm.03m",
    ]


# --- the frames -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", ["", "00 5C"], ids=["as documented", "with two bytes more"])
def test_each_request_has_a_number_of_its_own(extra: str) -> None:
    holidays, monday = bytes(49), bytes(range(72))
    exchanges = [
        (sealed("53 0C 01 02 2000 31"), sealed(f"53 01 {extra} {holidays.hex()}")),
        (sealed("53 0C 02 02 2040 48"), sealed(f"53 02 {extra} {monday.hex()}")),
    ]
    target = read_by(WITH_EXTRA)
    with transcript(DRIVER, target, exchanges) as meter:
        found = meter.run(DRIVER.read_stored(target, [HOLIDAYS, MONDAY]))
    assert {name: bytes.fromhex(raw) for name, raw in found.items()} == {HOLIDAYS: holidays, MONDAY: monday}


def test_a_seb_is_asked_by_06() -> None:
    day = bytes(range(36))
    exchanges = [
        (sealed(f"53 06 02 {0x0440 + at:04X} {size:02X}"), sealed(f"53 {day[at : at + size].hex()}"))
        for at, size in ((0, 16), (16, 16), (32, 4))
    ]
    target = read_by("seb-1tm.01")
    with transcript(DRIVER, target, exchanges) as meter:
        assert bytes.fromhex(meter.run(DRIVER.read_stored(target, [WEEKDAYS]))[WEEKDAYS]) == day


@pytest.mark.parametrize(("model", "most"), [(FOUR_HIGH, 92), ("psch-4tm.05m", 132), ("psch-4tm.05d", 15)])
def test_an_answer_carries_one_byte_less_than_that_of_06(model: str, most: int) -> None:
    talk, meter, target = met(model)
    talk.run(DRIVER.read_schedule(target))
    counts = [call.asked.count for call in meter.calls() if isinstance(call.asked, NamedPlace)]
    assert max(counts) == most
    assert min(counts) >= 2


def test_the_numbers_go_round_without_0() -> None:
    session = Session(read_by(EIGHT))
    numbers = [session.next_identifier() for _ in range(600)]
    assert set(numbers) == set(range(1, 256))
    assert all(one != other for one, other in pairwise(numbers))


def test_the_energy_by_bits_is_numbered_too() -> None:
    talk, meter, target = met("psch-4tm.05mk")
    talk.run(DRIVER.read_archive(target, Archive(ArchiveSpan.MONTH), 3))
    numbers = [call.asked.identifier for call in meter.calls() if isinstance(call.asked, EnergyBits)]
    assert len(numbers) > 2
    assert len(set(numbers)) == len(numbers)


# --- answers to another request ---------------------------------------------------------------------------------------


@dataclass
class Repeating:
    """A wire on which every answer comes once more while the meter is at work on the next request."""

    inner: VirtualWire
    _waiting: list[Burst] = field(default_factory=list)

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self.inner.receive(data, now, line)

    def due(self) -> float | None:
        dues = [burst.at for burst in self._waiting] + [due for due in (self.inner.due(),) if due is not None]
        return min(dues, default=None)

    def poll(self, now: float) -> list[Burst]:
        for burst in self.inner.poll(now):
            self._waiting += [burst, replace(burst, at=burst.ends_at + 0.03)]
        ready = [burst for burst in self._waiting if burst.at <= now]
        self._waiting = [burst for burst in self._waiting if burst.at > now]
        return ready


@pytest.mark.parametrize("model", [WITH_EXTRA, "set-4tm.03m", FOUR_HIGH, "psch-4tm.05d"])
def test_an_answer_that_comes_again_is_not_the_next_piece(model: str) -> None:
    target = read_by(model)
    slow = simulate(target.profile, STILL, Behaviour(latency_s=(0.25, 0.25)))
    read = dialogue(DRIVER, target, Repeating(VirtualBus([slow]))).run(DRIVER.read_schedule(target))
    assert read.schedule == STILL.schedule
    usual, _, _ = met(model)
    assert read.image == usual.run(DRIVER.read_schedule(target)).image


def test_an_answer_with_another_number_alone_is_told() -> None:
    target = read_by(WITH_EXTRA)
    exchanges = [(sealed("53 0C 01 02 2000 31"), sealed(f"53 09 {bytes(49).hex()}"))] * target.profile.timing.tries
    with transcript(DRIVER, target, exchanges) as meter, pytest.raises(WrongAnswerError):
        meter.run(DRIVER.read_stored(target, [HOLIDAYS]))


@pytest.mark.parametrize("address", [Address(5), Address(805181783, True)])
@pytest.mark.parametrize(
    ("command", "asked", "size"),
    [
        (m.READ_ENERGY_BITS, EnergyBits.of(7, ("A+",), 2), 8),
        (m.READ_NAMED_MEMORY, NamedPlace(7, 2, 0x2000, 4), 4),
        (m.READ_MASKED_FLOATS, FloatMask(7, 0, 3), 8),
    ],
)
def test_whose_answer_it_is(command: Command[Any, Any], asked: Payload, size: int, address: Address) -> None:
    call = Call(address, command, asked)
    assert call.accepts(encode_answer(address, b"\x07" + bytes(size)))
    assert not call.accepts(encode_answer(address, b"\x06" + bytes(size)))
    assert call.accepts(encode_answer(address, b"\x01")), "a status names nothing"


def test_the_decoder_notes_an_answer_with_another_number() -> None:
    request = Call(Address(5), m.READ_NAMED_MEMORY, NamedPlace(7, 2, 0x2000, 2)).encode()
    own, other = (
        DRIVER.describe(request, encode_answer(Address(5), bytes([number, 0x80, 0x00])), None) for number in (7, 6)
    )
    assert own.reply is not None
    assert (own.reply.fields["identifier"], own.reply.fields["data"], own.notes) == (7, "80 00", ())
    assert other.notes == ("the reply names another request",)


# --- what the simulated meters do -------------------------------------------------------------------------------------


def test_two_bytes_more_behind_the_number_are_dropped() -> None:
    usual, _, target = met(WITH_EXTRA)
    more, _, _ = met(WITH_EXTRA, Behaviour(memory=MemoryBehaviour(before_named=b"\xa5\x5a")))
    assert more.run(DRIVER.read_schedule(target)) == usual.run(DRIVER.read_schedule(target))


@pytest.mark.parametrize("model", [FOUR, "set-4tm.02", "psch-4tm.05mk"])
def test_a_model_that_knows_06_alone_refuses_0c(model: str) -> None:
    talk, _, target = met(model)
    place = NamedPlace(1, 2, layout_of(target.profile).holidays_at, 4)

    def flow() -> Flow[bytes]:
        return (yield from Session(target).read(m.READ_NAMED_MEMORY, place)).value.data

    with pytest.raises(UnknownCommandError):
        talk.run(flow())


def test_a_meter_that_refuses_0c_is_told_and_not_asked_otherwise() -> None:
    talk, meter, target = met(WITH_EXTRA, Behaviour(refuses={m.READ_NAMED_MEMORY.head: 1}))
    with pytest.raises(UnknownCommandError, match="read memory"):
        talk.run(DRIVER.read_schedule(target))
    assert [call.command for call in meter.calls()] == [m.READ_NAMED_MEMORY]


def test_what_was_written_is_read_back_by_0c() -> None:
    scene = Scene(EIGHT, behaviour=Behaviour(memory=MemoryBehaviour(before_named=b"\xa5\x5a")))
    changes = scene.changes(SetHolidays(days=((1, 1), (5, 9))))
    assert stands(scene.write(changes), changes)
    commands = {call.command for call in scene.asked}
    assert m.READ_NAMED_MEMORY in commands
    assert m.READ_MEMORY not in commands
    assert {call.command for call in scene.sent} == {m.WRITE_MEMORY}
