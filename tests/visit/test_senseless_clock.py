"""A clock that shows no time of any calendar, as after a battery that died: set only where the order says so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from meterlink.errors import ClockFarOffError
from meterlink.sim.line import Burst, VirtualWire
from meterlink.wire.line import Line
from meterlink_mercury200.messages import READ_CLOCK, SET_CLOCK, encode_frame
from tests.visit.visits import REASON, Visits, make_meter, order_of, results_of

FORCED = f"{REASON}\nallow_over_24h = true"


@dataclass
class DeadBattery:
    """Until the clock is set, 21h is answered with zeros."""

    inner: VirtualWire
    is_set: bool = False

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self.is_set = self.is_set or data[4:5] == bytes([SET_CLOCK.code])
        self.inner.receive(data, now, line)

    def due(self) -> float | None:
        return self.inner.due()

    def poll(self, now: float) -> list[Burst]:
        return [self._dead(burst) for burst in self.inner.poll(now)]

    def _dead(self, burst: Burst) -> Burst:
        if self.is_set or burst.data[4:5] != bytes([READ_CLOCK.code]):
            return burst
        address = int.from_bytes(burst.data[:4], "big")
        return Burst(burst.at, encode_frame(address, READ_CLOCK.code, bytes(7)), burst.line)


@pytest.fixture
def visits(tmp_path: Path) -> Visits:
    return Visits(tmp_path)


def test_it_is_set_where_the_order_allows_any_correction(visits: Visits) -> None:
    visit = visits.at(make_meter(), order_of(("read", "clock"), FORCED), wire=DeadBattery)
    ended = visit.carry_out()
    assert (ended.result, results_of(ended)) == ("done", {"clock": "verified"})
    assert visit.plan is not None
    assert [each.code for each in visit.plan.warnings][:1] == ["clock-unread"]
    intent = visits.records("intent")[0]["d"]["frames"][0]
    assert (intent["parameter"], "old" in intent) == ("the clock", False)


def test_it_is_not_set_otherwise(visits: Visits) -> None:
    visit = visits.at(make_meter(), order_of(("read", "clock"), REASON), wire=DeadBattery)
    with pytest.raises(ClockFarOffError):
        visit.session.plan(visit.begin())
    assert visits.records("intent") == []
