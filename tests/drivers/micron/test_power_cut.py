"""A power cut inside the schedule's blocks: nothing is believed, everything is read, and no mixed table goes untold."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from meterlink.audit.run import Run
from meterlink.audit.verify import verify_log
from meterlink.errors import InDoubtError, NoAnswerError
from meterlink.sim.bus import VirtualBus
from meterlink.visit.form import Form
from meterlink.visit.resolving import Resolved, read_back, resolve
from meterlink.visit.session import Confirmed
from meterlink.wire.payload import hexadecimal
from meterlink_micron.memory import DAY_NAMES
from meterlink_micron.sim import Behaviour, SimulatedMicron
from meterlink_micron.sim_memory import MemoryBehaviour
from meterlink_micron.slots import FOUR as FOUR_ZONES
from meterlink_micron.stored import SCHEDULE_CHECK
from tests.drivers.micron.scene import FOUR, ONE, TWO, Struck, body_of
from tests.drivers.micron.test_visit import meter_of, order_at, place_at, write_months
from tests.drivers.visiting import Place
from tests.visit.visits import results_of

LONG = os.environ.get("METERLINK_LONG") == "1"
ORDER = order_at(FOUR, ("read", "schedule"))
FOUR_TARIFFS = 4
MONTHS = 2
BLOCKS = MONTHS * 4 * 2 + 1
"""Of a SEB: two blocks of each day of the last months, and 03 21. What lies between them is the same already."""
SAMPLE = list(product(range(BLOCKS), (False, True))) if LONG else [(11, True), (BLOCKS - 1, False)]


def cut(number: int, *, tears: bool, back_after_s: float | None = 60.0) -> Behaviour:
    """The power goes with the write of this number, from 0."""
    memory = MemoryBehaviour(dies_after_writes=number, loses_power_for_s=back_after_s, tears=tears)
    return Behaviour(memory=memory)


def begun(behaviour: Behaviour | None = None) -> SimulatedMicron:
    """A meter of which the last months are still to be written."""
    meter = meter_of(FOUR, behaviour)
    write_months(meter, 12 - MONTHS)
    return meter


def interrupted(folder: Path, behaviour: Behaviour) -> tuple[Place, SimulatedMicron]:
    """A visit whose meter goes away in the middle, and is there again."""
    meter = begun(behaviour)
    place = place_at(folder, meter, FOUR)
    with pytest.raises(InDoubtError) as caught:
        place.visit(ORDER)
    assert caught.value.exit_code == 11
    assert verify_log(place.home.current().bytes()).state == "in-doubt"
    place.port.read(place.port.now() + 300)
    return place, meter


def settled(place: Place) -> list[Resolved]:
    """`audit resolve`."""
    with place.home.open(Run.start()) as log:
        site = place.session(ORDER, log).site
        return [*resolve(site, log, place.home.current()), *read_back(site, log, place.home.current())]


def days_in(meter: SimulatedMicron) -> dict[str, str]:
    """The day schedules in the meter, as they are stored."""
    tables = meter.memory.tables
    base = tables.layout.schedule_at[0]
    spans = {name: tables.layout.day(key, base) for name, key in DAY_NAMES[FOUR_TARIFFS].items()}
    return {name: hexadecimal(tables.read(span.at, span.size) or b"") for name, span in spans.items()}


def refuse_to_call_it_done(place: Place, number: int) -> None:
    """Between the cut and the mending a reading tells the mixed schedule and the checksum that is wrong."""
    with place.home.open(Run.start()) as log:
        now = place.session(ORDER, log).look()
    assert now.year_schedule is not None
    assert now.year_schedule != ONE
    assert (now.year_schedule == TWO) == (number >= BLOCKS - 3), "the last table is of holidays: there are none"
    assert now.stored[SCHEDULE_CHECK] == "10"
    assert now.status is not None
    assert any(value.alarm and "tariff schedule checksum" in value.value for value in now.status.values)


def truth(meter: SimulatedMicron, name: str, old: str, new: str) -> str:
    """What a value is in fact."""
    held = days_in(meter)[name]
    return {old: "unchanged", new: "written"}.get(held, "other")


@pytest.mark.parametrize(("number", "tears"), SAMPLE)
def test_a_cut_at_any_block_is_settled_by_reading_and_mended(tmp_path: Path, number: int, tears: bool) -> None:
    old = days_in(begun())["December weekdays"]
    new = hexadecimal(FOUR_ZONES.packed(TWO.seasons[0].week[1]))
    place, meter = interrupted(tmp_path, cut(number, tears=tears))
    before = [body_of(raw) for raw in meter.writes]
    assert len(before) == number + 1, "nothing left behind the one that was not answered"
    mixed = set(days_in(meter).values())
    assert (mixed == {new}) == (number == BLOCKS - 1), "whole only where the checksum alone is missing"

    told = settled(place)
    assert verify_log(place.home.current().bytes()).state == "ok"
    for each in told:
        name = each.doubt.parameter or ""
        wanted = "other" if name == SCHEDULE_CHECK else truth(meter, name, old, new)
        assert each.decision == wanted
    assert [each.doubt.result for each in told].count("no-answer") == 1

    if number or tears:
        refuse_to_call_it_done(place, number)
    ended = place.visit(ORDER)
    assert results_of(ended) == {"schedule": "verified"}
    assert place.act["result"] == "done"
    assert set(days_in(meter).values()) == {new}
    assert meter.memory.tables.errors() == frozenset()
    again = [body_of(raw) for raw in meter.writes][number + 1 :]
    assert not set(again[:-1]) & set(before[:-1]), "what stood was written again"
    assert again[-1] == b"\x03\x21"


def test_a_meter_that_stays_away_leaves_the_work_open(tmp_path: Path) -> None:
    meter = begun(cut(2, tears=True, back_after_s=None))
    place = place_at(tmp_path, meter, FOUR)
    with pytest.raises(InDoubtError):
        place.visit(ORDER)
    with pytest.raises(NoAnswerError):
        settled(place)
    assert verify_log(place.home.current().bytes()).state == "in-doubt"


class Killed(BaseException):
    """The program is gone at this moment, and writes nothing more."""


def killed_visit(place: Place, wire: Struck) -> None:
    """The fourth write leaves no more."""
    with place.home.open(Run.start()) as log:
        session = place.session(ORDER, log)
        before = session.look()
        session.begin(Form(), before)

        def kill(number: int, now: float) -> None:
            if number == 3:
                session.gate.lead_to(lambda entry: None)
                raise Killed

        wire.before_write = kill
        session.carry_out(session.plan(before), Confirmed(by="petrov", how="serial number typed"))


def test_after_a_program_that_was_killed_a_day_is_read_once_for_all_its_blocks(tmp_path: Path) -> None:
    """All that was announced and not answered is in doubt: two frames for most days, and the checksum."""
    meter = begun()
    wire = Struck(VirtualBus([meter]))
    place = replace(place_at(tmp_path / "unused", meter, FOUR), folder=tmp_path, wire=wire)
    with pytest.raises(Killed):
        killed_visit(place, wire)
    wire.before_write = lambda number, now: None
    wire.reads.clear()
    told = settled(place)
    assert len(told) == BLOCKS
    assert len([each for each in told if each.doubt.result != "ok"]) == BLOCKS - 3
    ends_of_days = [frame for frame in wire.reads if body_of(frame)[:1] == b"\x06" and body_of(frame)[-1] == 4]
    assert len(ends_of_days) == MONTHS * 4 + 1, "the second day is looked at as one in doubt and as one never read back"
