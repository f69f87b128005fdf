"""Momentary quantities in a session and by fast reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meterlink.driver import Target
from meterlink.sim.bus import VirtualBus
from meterlink.testing import dialogue, pair
from meterlink.wire.line import Line
from meterlink.wire.payload import PayloadError
from meterlink_energomera import DRIVER
from meterlink_energomera.messages import FastGroup
from meterlink_energomera.sim import Behaviour, SimulatedEnergomera, simulate
from meterlink_energomera.text import data_block
from tests.drivers.energomera.meters import (
    CE301,
    STILL,
    at_300,
    frames_heard,
    met,
    target_of,
)
from tests.drivers.readings import timeless


def requests_of(meter: SimulatedEnergomera) -> list[bytes]:
    return frames_heard(meter)


def without_group(target: Target) -> Target:
    table = {**target.profile.driver_table, "group": False}
    return replace(target, profile=replace(target.profile, driver_table=table))


@pytest.mark.parametrize(("model", "frames", "alone"), [("ce301", 8, 11), ("ce303", 9, 12)])
def test_a_fast_read_tells_the_same_in_fewer_frames(model: str, frames: int, alone: int) -> None:
    target = target_of(model)
    talk, meter = met(target, Behaviour(), STILL)
    slowly, patient = met(without_group(target), Behaviour(), STILL)
    assert timeless(talk.run(DRIVER.read_instant(target))) == timeless(
        slowly.run(DRIVER.read_instant(without_group(target)))
    )
    assert (len(requests_of(meter)), len(requests_of(patient))) == (frames, alone)
    assert requests_of(meter)[-2].startswith(b"/?083000505!\x01R1\x02GROUP(4001(7)4002(7)4007(F)400D(1))\x03")


@pytest.mark.parametrize("answer", [11, 12, 14])
def test_a_meter_that_does_not_know_the_fast_read_is_asked_one_by_one(answer: int) -> None:
    talk, meter = met(CE301, Behaviour(refuses={"GROUP": answer}), STILL)
    whole, _ = pair(DRIVER, CE301, STILL)
    assert timeless(talk.run(DRIVER.read_instant(CE301))) == timeless(whole.run(DRIVER.read_instant(CE301)))
    assert sum(b"GROUP" in raw for raw in requests_of(meter)) == 1


def test_a_meter_that_is_silent_to_the_fast_read_is_asked_one_by_one() -> None:
    talk, meter = met(CE301, Behaviour(knows_group=False), STILL)
    whole, _ = pair(DRIVER, CE301, STILL)
    assert timeless(talk.run(DRIVER.read_instant(CE301))) == timeless(whole.run(DRIVER.read_instant(CE301)))
    assert sum(b"GROUP" in raw for raw in requests_of(meter)) == 1


class _DeafAfterGroup(VirtualBus):
    """A meter that goes away with the first fast read."""

    gone = False

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self.gone = self.gone or b"GROUP" in data
        if not self.gone:
            super().receive(data, now, line)


def test_a_meter_that_goes_away_at_the_fast_read_leaves_what_was_read() -> None:
    talk = dialogue(DRIVER, CE301, _DeafAfterGroup([simulate(CE301.profile, STILL)]))
    reading = talk.run(DRIVER.read_instant(CE301))
    assert {value.quantity for value in reading.values} == {"active power"}
    assert {absent.what for absent in reading.absent} == {
        *("voltage", "current", "power factor", "frequency", "angle between voltages"),
    }


def test_a_refused_phase_is_absent_and_the_others_are_there() -> None:
    """As in the published exchange: 400B(E12)(118.8)(121.1)."""
    talk, _ = met(CE301, Behaviour(answers={"CORUU": ["E12", "118.8", "121.1"]}), STILL)
    reading = talk.run(DRIVER.read_instant(CE301))
    angles = [(value.phase, value.raw) for value in reading.values if value.quantity == "angle between voltages"]
    assert angles == [("BC", "118.8"), ("CA", "121.1")]
    assert [absent.what for absent in reading.absent] == ["angle between voltages AB"]


def test_no_fast_read_where_nobody_was_named_or_the_line_is_slow() -> None:
    talk, meter = met(target_of("ce301", "*"), Behaviour(), STILL)
    talk.run(DRIVER.read_instant(target_of("ce301", "*")))
    slow_talk, slow_meter, slow = at_300(CE301, Behaviour())
    slow_talk.run(DRIVER.read_instant(slow))
    assert not any(b"GROUP" in raw for raw in requests_of(meter) + requests_of(slow_meter))


def test_the_answer_to_another_group_is_not_taken() -> None:
    request = FastGroup("1", (("400D", 1),))
    assert not request.accepts(data_block("400B(118.8)"))
    with pytest.raises(PayloadError):
        request.decode_reply(data_block("400D(50.0)(50.1)"))
    with pytest.raises(PayloadError):
        request.decode_reply(data_block("400D(50.0)5003(1)"))


def test_one_refused_quantity_is_absent_and_the_others_are_there() -> None:
    talk, _ = met(CE301, Behaviour(refuses={"COS_f": 12, "FREQU": 15}))
    reading = talk.run(DRIVER.read_instant(CE301))
    assert {absent.what for absent in reading.absent} == {"power factor", "frequency"}
    assert {value.quantity for value in reading.values} >= {"voltage", "current", "active power"}
