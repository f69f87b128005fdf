"""A power cut inside the schedule's blocks: nothing is believed, everything is read, and no mixed table goes untold."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest

from meterlink.errors import InDoubtError, NoAnswerError
from meterlink.visit.resolving import Resolved, read_back, resolve
from meterlink.wire.payload import hexadecimal
from meterlink_micron.memory import DAY_NAMES
from meterlink_micron.sim import Behaviour, SimulatedMicron
from meterlink_micron.sim_memory import MemoryBehaviour
from meterlink_micron.slots import FOUR as FOUR_ZONES
from meterlink_micron.stored import SCHEDULE_CHECK
from tests.drivers.micron.scene import FOUR, ONE, TWO, body_of
from tests.drivers.micron.visiting import meter_of, order_at, visits_at, write_months
from tests.visit.visits import Killed, Visit, Visits, results_of, spied

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


def interrupted(folder: Path, behaviour: Behaviour) -> tuple[Visits, SimulatedMicron]:
    """A visit whose meter goes away in the middle, and is there again when the next one begins."""
    visits, meter = visits_at(folder), begun(behaviour)
    with pytest.raises(InDoubtError) as caught:
        visits.at(meter, ORDER).to_its_end()
    assert caught.value.exit_code == 11
    assert visits.report().state == "in-doubt"
    return visits, meter


def settled(run: Visit) -> list[Resolved]:
    """`audit resolve`."""
    told = (run.session.site, run.log, run.session.place)
    try:
        return [*resolve(*told), *read_back(*told)]
    finally:
        run.leave()


def days_in(meter: SimulatedMicron) -> dict[str, str]:
    """The day schedules in the meter, as they are stored."""
    tables = meter.memory.tables
    base = tables.layout.schedule_at[0]
    spans = {name: tables.layout.day(key, base) for name, key in DAY_NAMES[FOUR_TARIFFS].items()}
    return {name: hexadecimal(tables.read(span.at, span.size) or b"") for name, span in spans.items()}


def refuse_to_call_it_done(run: Visit, number: int) -> None:
    """Between the cut and the mending a reading tells the mixed schedule and the checksum that is wrong."""
    now = run.session.look()
    run.leave()
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
    visits, meter = interrupted(tmp_path, cut(number, tears=tears))
    before = [body_of(raw) for raw in meter.writes]
    assert len(before) == number + 1, "nothing left behind the one that was not answered"
    mixed = set(days_in(meter).values())
    assert (mixed == {new}) == (number == BLOCKS - 1), "whole only where the checksum alone is missing"

    told = settled(visits.at(meter, ORDER))
    assert visits.report().state == "ok"
    for each in told:
        name = each.doubt.parameter or ""
        wanted = "other" if name == SCHEDULE_CHECK else truth(meter, name, old, new)
        assert each.decision == wanted
    assert [each.doubt.result for each in told].count("no-answer") == 1

    if number or tears:
        refuse_to_call_it_done(visits.at(meter, ORDER), number)
    ended = visits.at(meter, ORDER).to_its_end()
    assert results_of(ended) == {"schedule": "verified"}
    assert visits.act()["result"] == "done"
    assert set(days_in(meter).values()) == {new}
    assert meter.memory.tables.errors() == frozenset()
    again = [body_of(raw) for raw in meter.writes][number + 1 :]
    assert not set(again[:-1]) & set(before[:-1]), "what stood was written again"
    assert again[-1] == b"\x03\x21"


def test_a_meter_that_stays_away_leaves_the_work_open(tmp_path: Path) -> None:
    visits, meter = interrupted(tmp_path, cut(2, tears=True, back_after_s=None))
    with pytest.raises(NoAnswerError):
        visits.at(meter, ORDER)
    assert visits.report().state == "in-doubt"


def kill_at_the_fourth_write(visits: Visits, meter: SimulatedMicron) -> None:
    """The meter never hears it."""
    run, spy = spied(visits, meter, ORDER)

    def kill(frame: bytes, now: float) -> None:
        if len(spy.writes) == 4:
            run.session.gate.lead_to(lambda entry: None)
            raise Killed

    spy.first = kill
    with pytest.raises(Killed):
        run.carry_out()
    run.leave()


def test_after_a_program_that_was_killed_a_day_is_read_once_for_all_its_blocks(tmp_path: Path) -> None:
    """All that was announced and not answered is in doubt: two frames for most days, and the checksum."""
    visits, meter = visits_at(tmp_path), begun()
    kill_at_the_fourth_write(visits, meter)
    run, spy = spied(visits, meter, ORDER)
    told = settled(run)
    assert len(told) == BLOCKS
    assert len([each for each in told if each.doubt.result != "ok"]) == BLOCKS - 3
    ends_of_days = [body for body in map(body_of, spy.frames) if body[:1] == b"\x06" and body[-1] == 4]
    assert len(ends_of_days) == MONTHS * 4 + 1, "the second day is looked at as one in doubt and as one never read back"
