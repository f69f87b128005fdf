"""Visits that are cut off: a cable pulled, a meter that dies, a program that is killed at any moment.

What must hold whatever happens, in every family: no byte that can change the meter was on the wire before its intent
was durable; the next run reads before it writes; the work is completed under its own number; and the log is whole.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from meterlink.audit.fsio import _OpenFile
from meterlink.audit.record import Entry
from meterlink.audit.writer import Writer
from meterlink.errors import InDoubtError, MeterlinkError, NoAnswerError
from meterlink.interrupts import interrupts_may_wait
from meterlink.sim.line import VirtualWire
from meterlink.tariff import preset
from meterlink.visit.order import Order
from meterlink.wire.line import Line
from meterlink_mercury200.sim import Behaviour
from tests.drivers.energomera import visits as energomera
from tests.visit.visits import Killed, Visit, Visits, make_meter, order_of, results_of
from tests.wires import Passing

LONG = os.environ.get("METERLINK_LONG") == "1"


def gone(_entry: object) -> None:
    """The gate of a program that is no more."""


@dataclass
class Watched(Passing):
    """A wire that looks at the log on the disk before each frame that can change the meter goes on."""

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
        if self.visits.changes_meter(data):
            self.writes.append(data)
            self._look(data)
        super().receive(data, now, line)
        if how == "after":
            self._end()

    def _end(self) -> None:
        if self.by is Killed and self.visit is not None:
            self.visit.session.gate.lead_to(gone)
        raise self.by

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


@dataclass(frozen=True, kw_only=True)
class Family:
    """What differs between families: how a visit is made, and what its frames are."""

    visits: Callable[[Path], Visits]
    meter: Callable[[], Any]
    order: Callable[[], Order]
    sample: Sequence[int]
    """Of the writes: DST, clock, the whole schedule, and what comes behind it."""
    frames: Sequence[int]
    stood: Callable[[list[bytes]], list[bytes]]
    """Of writes that were cut off, those whose values must have been found standing."""
    holds: Callable[[Any, float], bool]
    """Whether the memory of the meter holds what the order wants."""


def _holds_records(meter: Any, now: float) -> bool:
    wanted = make_meter(schedule=preset("ru-household-2").schedule).memory
    return bool(meter.memory.records == wanted.records)


def _whole_series(writes: list[bytes]) -> list[bytes]:
    """A series that broke off is written again, whole: its first frames, too."""
    names = [frame.split(b"(")[0] for frame in writes]
    return [frame for frame, name in zip(writes, names, strict=True) if name != names[-1]]


FAMILIES = {
    "mercury200": Family(
        visits=Visits,
        meter=make_meter,
        order=order_of,
        sample=range(1, 100) if LONG else (3,),
        frames=range(1, 460, 4 if LONG else 153),
        stood=lambda writes: writes[:-1],
        holds=_holds_records,
    ),
    "energomera": Family(
        visits=energomera.visits_at,
        meter=energomera.meter_at,
        order=energomera.order_at,
        sample=range(1, 9) if LONG else (1, 5),
        frames=range(1, 270, 4 if LONG else 100),
        stood=_whole_series,
        holds=energomera.holds_the_order,
    ),
}


def attempt(
    visits: Visits,
    meter: Any,
    kills: Callable[[int, bytes], str],
    by: type[BaseException] = Killed,
    order: Order | None = None,
) -> tuple[Watched, Any]:
    """One run that may be ended at a frame; the log is let go of as the system does when a process ends."""
    watched: list[Watched] = []

    def watch(wire: VirtualWire) -> VirtualWire:
        watched.append(Watched(wire, visits, kills, by=by))
        return watched[0]

    try:
        visit = visits.at(meter, order, wire=watch)
        watched[0].visit = visit
        ended: Any = visit.carry_out()
    except (Killed, KeyboardInterrupt, MeterlinkError) as error:
        ended = error
    return watched[0], ended


def never(_number: int, _frame: bytes) -> str:
    return ""


def at_write(visits: Visits, number: int, how: str) -> Callable[[int, bytes], str]:
    """Ended before or after the write of this number."""
    seen = 0

    def kills(_number: int, frame: bytes) -> str:
        nonlocal seen
        writes = visits.changes_meter(frame)
        seen += writes
        return how if writes and seen == number else ""

    return kills


WRITE_ENDS = [(KeyboardInterrupt, "before"), (KeyboardInterrupt, "after"), (Killed, "after"), (Killed, "before")]


@pytest.mark.parametrize(
    ("name", "number", "by", "how"),
    [
        (name, number, *end)
        for name, each in FAMILIES.items()
        for place, number in enumerate(each.sample)
        for end in (WRITE_ENDS if LONG else [WRITE_ENDS[place % 2], WRITE_ENDS[place % 2 + 2]])
    ],
)
def test_ended_at_any_write(tmp_path: Path, name: str, number: int, by: type[BaseException], how: str) -> None:
    """Ctrl-C before the one write and a kill after it, the reverse at the next; METERLINK_LONG=1 does all at each."""
    family = FAMILIES[name]
    visits, meter, order = family.visits(tmp_path), family.meter(), family.order()
    killed, error = attempt(visits, meter, at_write(visits, number, how), by, order)
    assert isinstance(error, by)
    assert visits.report().state == "in-doubt"
    assert len(killed.writes) == number - (how == "before")
    assert visits.records("work.close") == []
    again, ended = attempt(visits, meter, never, order=order)
    assert ended.result == "done", ended
    assert len(visits.records("resolve")) >= 1
    assert len({record["work"] for record in visits.records("work.open")}) == 1
    assert again.visit is not None
    assert family.holds(meter, again.visit.talk.now())
    assert visits.report().state == "ok"
    assert not set(again.writes) & set(family.stood(killed.writes)), "what stood was written again"


ENDS = [(Killed, "after"), (KeyboardInterrupt, "before"), (KeyboardInterrupt, "after")]


@pytest.mark.parametrize(
    ("name", "number", "by", "how"),
    [
        (name, number, *end)
        for name, each in FAMILIES.items()
        for place, number in enumerate(each.frames)
        for end in (ENDS if LONG else [ENDS[place % len(ENDS)]])
    ],
)
def test_ended_at_any_frame(tmp_path: Path, name: str, number: int, by: type[BaseException], how: str) -> None:
    family = FAMILIES[name]
    visits, meter, order = family.visits(tmp_path), family.meter(), family.order()
    _, error = attempt(visits, meter, lambda count, frame: how if count == number else "", by, order)
    assert isinstance(error, by)
    _, ended = attempt(visits, meter, never, order=order)
    assert ended.result == "done", ended
    assert visits.report().state == "ok"
    assert len(visits.records("work.close")) == 1


# --- at the log -----------------------------------------------------------------------------------------------------


def ended_at(monkeypatch: pytest.MonkeyPatch, number: int, how: str) -> None:
    """From now on the program is killed before or after the record of this number, and writes nothing more."""
    written, write = 0, Writer.write

    def writes(self: Writer, entry: Entry, *, due: bool = False) -> int:
        nonlocal written
        written += 1
        if written > number or (written == number and how == "before"):
            raise Killed
        index = write(self, entry, due=due)
        if written == number:
            raise Killed
        return index

    monkeypatch.setattr(Writer, "write", writes)


SMALL = ("read", "dst_off")
RECORDS = 21
"""Of one small visit: from the opening of the work to the key behind its end."""
INTENT, OUTCOME, CLOSE = 9, 10, 19


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("number", range(1, RECORDS + 1) if LONG else (INTENT, OUTCOME, CLOSE))
def test_killed_at_any_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, how: str) -> None:
    visits, meter, order = energomera.visits_at(tmp_path), energomera.meter_at(), energomera.order_at(SMALL)
    with monkeypatch.context() as patch:
        ended_at(patch, number, how)
        _, error = attempt(visits, meter, never, order=order)
    assert isinstance(error, Killed)
    told = [record["type"] for record in visits.records()][1:]
    assert len(told) == number - (how == "before")
    assert told.count("intent") == (len(told) >= INTENT)
    assert told.count("work.close") == (len(told) >= CLOSE)
    assert len(meter.writes) <= told.count("intent")
    assert visits.report().state == ("in-doubt" if told[-1:] == ["intent"] else "ok")
    _, ended = attempt(visits, meter, never, order=order)
    assert ended.result == ("nothing" if "work.close" in told else "done"), ended
    assert not ended.problems
    assert not meter.memory.clock.dst_enabled
    assert len(meter.writes) == 1, "what stood was written again"
    assert visits.report().state == "ok"
    works = [record["work"] for record in visits.records("work.close")]
    assert works == (["117/1", "117/2"] if "work.close" in told else ["117/1"])


@pytest.mark.parametrize("number", range(1, RECORDS + 1) if LONG else (1, 11, 12, 21))
def test_ctrl_c_while_a_record_is_on_its_way_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The record gets there, and what was announced is settled. Counted are syncs: the 12th is of an outcome."""
    visits, meter, order = energomera.visits_at(tmp_path), energomera.meter_at(), energomera.order_at(SMALL)
    written, sync = 0, _OpenFile.sync

    def interrupted(self: _OpenFile) -> None:
        nonlocal written
        written += 1
        if written == number:
            signal.raise_signal(signal.SIGINT)
        sync(self)

    with interrupts_may_wait(), monkeypatch.context() as patch:
        patch.setattr(_OpenFile, "sync", interrupted)
        _, error = attempt(visits, meter, never, order=order)
    assert isinstance(error, KeyboardInterrupt)
    announced = [(each["n"], frame["i"]) for each in visits.records("intent") for frame in each["d"]["frames"]]
    assert [(each["d"]["of"], each["d"]["i"]) for each in visits.records("outcome")] == announced
    assert visits.report().state == "ok"
    _, ended = attempt(visits, meter, never, order=order)
    assert ended.result in ("done", "nothing"), ended
    assert len(meter.writes) == 1
    assert visits.report().state == "ok"


# --- at the meter ---------------------------------------------------------------------------------------------------


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
