"""Visits that are cut off: a cable pulled, a meter that dies, a program that is killed at any moment.

What must hold whatever happens: no byte that can change the meter was on the wire before its intent was durable; the
next run reads before it writes; the work is completed under its own number; and the log is whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from meterlink.errors import InDoubtError, MeterlinkError, NoAnswerError
from meterlink.sim.line import Burst, VirtualWire
from meterlink.tariff import preset
from meterlink.wire.line import Line
from meterlink_mercury200.messages import COMMANDS
from meterlink_mercury200.sim import Behaviour, SimulatedMercury200
from tests.visit.visits import Visit, Visits, make_meter, results_of

LONG = os.environ.get("METERLINK_LONG") == "1"


class Killed(BaseException):
    """The program is gone at this moment, and writes nothing more."""


def gone(_entry: object) -> None:
    """The gate of a program that is no more."""


def is_write(frame: bytes) -> bool:
    return len(frame) > 4 and COMMANDS[frame[4]].writes


@dataclass
class Watched:
    """A wire that looks at the log on the disk before each frame that can change the meter goes on."""

    inner: VirtualWire
    visits: Visits
    kills: Callable[[int, bytes], str] = lambda number, frame: ""
    writes: list[bytes] = field(default_factory=list)
    frames: int = 0
    visit: Visit | None = None
    by: type[BaseException] = Killed

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self.frames += 1
        how = self.kills(self.frames, data)
        if how == "before":
            self._end()
        if is_write(data):
            self.writes.append(data)
            self._look(data)
        self.inner.receive(data, now, line)
        if how == "after":
            self._end()

    def _end(self) -> None:
        if self.by is Killed and self.visit is not None:
            self.visit.session.gate.lead_to(gone)
        raise self.by

    def due(self) -> float | None:
        return self.inner.due()

    def poll(self, now: float) -> list[Burst]:
        return self.inner.poll(now)

    def _look(self, data: bytes) -> None:
        """The intent is on the disk, and it is the first of its announcement that has no outcome."""
        told = data.hex(" ").upper()
        intents = self.visits.records("intent")
        settled = {(each["d"]["of"], each["d"].get("i")) for each in self.visits.records("outcome", "resolve")}
        waiting = [
            frame["bytes"]
            for intent in intents
            for frame in intent["d"]["frames"]
            if (intent["n"], frame["i"]) not in settled
        ]
        assert waiting, f"no intent for {told}"
        assert waiting[0] == told


@pytest.fixture
def visits(tmp_path: Path) -> Visits:
    return Visits(tmp_path)


def attempt(
    visits: Visits,
    meter: SimulatedMercury200,
    kills: Callable[[int, bytes], str],
    by: type[BaseException] = Killed,
) -> tuple[Watched, Any]:
    """One run that may be ended at a frame; the log is let go of as the system does when a process ends."""
    watched: list[Watched] = []

    def watch(wire: VirtualWire) -> VirtualWire:
        watched.append(Watched(wire, visits, kills, by=by))
        return watched[0]

    try:
        visit = visits.at(meter, wire=watch)
        watched[0].visit = visit
        ended: Any = visit.carry_out()
    except (Killed, KeyboardInterrupt, MeterlinkError) as error:
        ended = error
    return watched[0], ended


def never(_number: int, _frame: bytes) -> str:
    return ""


def at_write(number: int, how: str) -> Callable[[int, bytes], str]:
    """Killed before or after the write of this number."""
    seen = 0

    def kills(_number: int, frame: bytes) -> str:
        nonlocal seen
        seen += is_write(frame)
        return how if is_write(frame) and seen == number else ""

    return kills


WRITES = 99
"""DST, clock, 96 records, tariff count."""
SAMPLE: Sequence[int] = range(1, WRITES + 1) if LONG else (1, 3, 99)


@pytest.mark.parametrize("by", [Killed, KeyboardInterrupt])
@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("number", SAMPLE)
def test_ended_at_any_write(visits: Visits, number: int, how: str, by: type[BaseException]) -> None:
    meter = make_meter()
    killed, error = attempt(visits, meter, at_write(number, how), by)
    assert isinstance(error, by)
    assert visits.report().state == "in-doubt"
    assert len(killed.writes) == number - (how == "before")
    assert [record["type"] for record in visits.records("work.close")] == []
    again, ended = attempt(visits, meter, never)
    assert ended.result == "done", ended
    assert len(visits.records("resolve")) >= 1
    assert len({record["work"] for record in visits.records("work.open")}) == 1
    assert meter.memory.records == make_meter(schedule=preset("ru-household-2").schedule).memory.records
    assert visits.report().state == "ok"
    assert not set(again.writes) & set(killed.writes[:-1]), "what stood was written again"


READS = 5 if not LONG else 120


@pytest.mark.parametrize("number", range(1, 460, 460 // READS))
def test_killed_at_any_frame(visits: Visits, number: int) -> None:
    meter = make_meter()
    attempt(visits, meter, lambda count, frame: "after" if count == number else "")
    _, ended = attempt(visits, meter, never)
    assert ended.result == "done", ended
    assert visits.report().state == "ok"


def test_a_meter_that_dies_between_two_records(visits: Visits) -> None:
    """Power cut: the state is reported, the same command completes the work, and no mixed table goes unreported."""
    meter = make_meter(behaviour=Behaviour(dies_after_writes=40, loses_power_for_s=30.0))
    _, error = attempt(visits, meter, never)
    assert isinstance(error, InDoubtError)
    assert error.exit_code == 11
    assert visits.report().state == "in-doubt"
    mixed = [record.raw.hex() for record in meter.memory.records.values()]
    assert len(set(mixed)) == 2
    _, ended = attempt(visits, meter, never)
    assert ended.result == "done"
    assert results_of(ended)["schedule"] == "verified"
    assert len(visits.records("resolve")) == 1
    assert visits.report().state == "ok"


def test_a_meter_that_stays_away_leaves_the_work_open_and_says_so(visits: Visits) -> None:
    meter = make_meter(behaviour=Behaviour(dies_after_writes=1))
    _, error = attempt(visits, meter, never)
    assert isinstance(error, MeterlinkError)
    assert visits.records("work.close") == []
    with pytest.raises(NoAnswerError) as again:
        visits.at(meter)
    assert again.value.exit_code == 3
    assert visits.report().state == "in-doubt"
