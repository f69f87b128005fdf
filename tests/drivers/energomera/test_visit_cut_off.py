"""Visits at a CE6850M that are disturbed: every fault of the line, and an access button whose permission ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from meterlink.errors import LinkError, MeterlinkError, WireError
from meterlink.sim.faults import FAULTS, FaultSpec
from meterlink.tariff import preset
from meterlink.testing import START
from meterlink.visit.session import Ended
from meterlink_energomera.errors import ButtonNotPressedError
from meterlink_energomera.sim import Behaviour, SimulatedEnergomera
from tests.drivers.energomera.visits import (
    ACTIONS,
    holds_the_order,
    is_write,
    meter_at,
    order_at,
    schedule_in,
    visits_at,
)
from tests.visit.mishaps import run_to_its_end
from tests.visit.visits import Visits, results_of, spied

LONG = os.environ.get("METERLINK_LONG") == "1"


# --- a line that fails ----------------------------------------------------------------------------------------------


def survive(visits: Visits, faults: tuple[FaultSpec, ...], seed: int) -> None:
    """One visit over a bad line, and, where it was cut off, another one over a good line."""
    meter = meter_at()
    try:
        visit, spy = spied(visits, meter, order_at(), faults=faults, seed=seed)
    except (LinkError, WireError):
        return  # nobody could be identified
    ended = run_to_its_end(visits, visit, spy)
    presented = sum(frame.startswith(b"\x01P1") for frame in spy.frames)
    assert presented <= meter.passwords_heard + 1, "a password of which nobody knows what became of it is not repeated"
    if isinstance(ended, Ended) and ended.result == "done" and not ended.problems:
        assert holds_the_order(meter, visit.talk.now())
        assert visits.report().state == "ok"
        return
    if isinstance(ended, MeterlinkError):
        assert ended.exit_code in (3, 4, 5, 7, 8, 11), ended
    again, spy = spied(visits, meter, order_at())
    finished = run_to_its_end(visits, again, spy)
    assert isinstance(finished, Ended), finished
    assert (finished.result, finished.problems) in (("done", ()), ("nothing", ()))
    assert holds_the_order(meter, again.talk.now())
    assert visits.report().state == "ok"


WITHOUT_ADDRESS = sorted(set(FAULTS) - {"wrong-address"})
"""The answers of this family carry none."""


@pytest.mark.parametrize("seed", range(1, 9) if LONG else (1,))
@pytest.mark.parametrize("probability", (0.02, 0.1, 0.3) if LONG else (0.1,))
@pytest.mark.parametrize("name", WITHOUT_ADDRESS)
def test_a_bad_line(tmp_path: Path, name: str, probability: float, seed: int) -> None:
    survive(visits_at(tmp_path), (FaultSpec(name=name, probability=probability),), seed)


@pytest.mark.parametrize("seed", range(1, 21) if LONG else (2,))
def test_a_line_with_every_fault(tmp_path: Path, seed: int) -> None:
    faults = tuple(FaultSpec(name=name, probability=0.02) for name in WITHOUT_ADDRESS)
    survive(visits_at(tmp_path), faults, seed)


# --- the access button ----------------------------------------------------------------------------------------------


def pressed(window_s: float | None) -> SimulatedEnergomera:
    """Somebody pressed it when virtual time began."""
    return meter_at(Behaviour(needs_button=True, button_pressed=True, button_window_s=window_s))


def written_at(folder: Path) -> list[float]:
    """How long after the press each frame that changes the meter is heard."""
    visits, meter = visits_at(folder), pressed(None)
    visits.at(meter, order_at()).carry_out()
    return [heard.at - START for heard in meter.log if is_write(heard.raw)]


def test_a_permission_that_lasts_is_enough(tmp_path: Path) -> None:
    last_s = written_at(tmp_path / "a")[-1]
    visits, meter = visits_at(tmp_path / "b"), pressed(last_s)
    visit = visits.at(meter, order_at())
    assert visit.carry_out().result == "done"
    assert holds_the_order(meter, visit.talk.now())


def test_a_permission_that_ended_before_anything_was_written_changes_nothing(tmp_path: Path) -> None:
    first_s = written_at(tmp_path / "a")[0]
    visits, meter = visits_at(tmp_path / "b"), pressed(first_s - 0.001)
    visit = visits.at(meter, order_at())
    ended = visit.carry_out()
    visit.leave()
    assert results_of(ended) == {"dst_off": "refused", "clock": "not-sent", "schedule": "not-sent"}
    assert isinstance(ended.results[0].error, ButtonNotPressedError)
    assert ended.results[0].error.exit_code == 4
    assert meter.memory.writes_done == 0
    assert visits.report().state == "ok"
    finish(visits, meter)


@pytest.mark.parametrize("answered", [1, 3, 5] if LONG else [3])
def test_a_permission_that_ends_in_the_middle_of_a_schedule(tmp_path: Path, answered: int) -> None:
    """Some points of a graph are acknowledged, the next is refused: what stands is read and told, and nothing more is
    written; when the button is pressed again, the next visit writes the graph whole."""
    _dst, _clock, *points = written_at(tmp_path / "a")
    visits, meter = visits_at(tmp_path / "b"), pressed(points[answered] - 0.001)
    visit, spy = spied(visits, meter, order_at())
    ended = visit.carry_out()
    visit.leave()
    assert len(spy.writes) == 2 + answered + 1, "nothing was sent behind the refusal"
    assert ended.result == "partly"
    assert results_of(ended) == {"dst_off": "verified", "clock": "verified", "schedule": "refused"}
    assert isinstance(ended.results[-1].error, ButtonNotPressedError)
    assert schedule_in(meter) not in (preset("ru-household-1").schedule, preset("ru-household-3").schedule)
    act = visits.act()
    assert act["result"] == "partly"
    assert {each["action"]: each["state"] for each in act["actions"]}["schedule"] == "not-confirmed"
    assert visits.report().state == "ok"
    finish(visits, meter)


def finish(visits: Visits, meter: SimulatedEnergomera) -> None:
    """The same order is begun anew, and somebody presses the button whenever the program is about to write."""
    again, spy = spied(visits, meter, order_at())
    spy.first = lambda frame, now: meter.press_button(now) if frame.startswith(b"\x01P1") else None
    ended = again.carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert holds_the_order(meter, again.talk.now())
    assert [record["work"] for record in visits.records("work.close")] == ["117/1", "117/2"]
    assert visits.report().state == "ok"
    assert set(results_of(ended)) <= set(ACTIONS)
