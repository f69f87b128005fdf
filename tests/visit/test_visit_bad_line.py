"""Visits over a line that fails: nothing is sent twice, and what is not known is not believed."""

from __future__ import annotations

import os

import pytest

from meterlink.errors import InDoubtError, LinkError, PlanError, WireError
from meterlink.sim.faults import FAULTS, FaultSpec
from meterlink.visit.session import Ended
from meterlink_mercury200 import messages as m
from meterlink_mercury200.sim import SimulatedMercury200
from tests.visit.mishaps import assert_every_write_was_announced_once, holds_what_was_wanted, run_to_its_end
from tests.visit.visits import Visits, make_meter, order_of, spied

LONG = os.environ.get("METERLINK_LONG") == "1"


def survive(visits: Visits, meter: SimulatedMercury200, faults: tuple[FaultSpec, ...], seed: int) -> None:
    """One visit over a bad line, and, where it was cut off, another one over a good line."""
    try:
        visit, spy = spied(visits, meter, faults=faults, seed=seed)
    except (LinkError, WireError):
        return  # nobody could be identified
    ended = run_to_its_end(visits, visit, spy)
    if isinstance(ended, Ended) and not ended.problems:
        assert ended.result == "done"
        assert holds_what_was_wanted(meter)
        assert visits.report().state == "ok"
        return
    if isinstance(ended, Ended):
        assert visits.records("work.close")[-1]["d"]["result"] == ended.result
        assert ended.result != "done" or visits.records("work.problem")
    else:
        assert ended.exit_code in (3, 5, 7, 8, 11), ended
        assert visits.records("work.close") == [] or isinstance(ended, PlanError)
    again, spy = spied(visits, meter)
    finished = run_to_its_end(visits, again, spy)
    assert isinstance(finished, Ended), finished
    assert finished.result in ("done", "nothing"), finished
    assert holds_what_was_wanted(meter)
    assert visits.report().state == "ok"


SEEDS = range(1, 13) if LONG else (1,)
PROBABILITIES = (0.02, 0.1, 0.3, 0.6) if LONG else (0.15,)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("probability", PROBABILITIES)
@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_line(visits: Visits, name: str, probability: float, seed: int) -> None:
    survive(visits, make_meter(), (FaultSpec(name=name, probability=probability),), seed)


@pytest.mark.parametrize("seed", range(1, 31) if LONG else (2, 3))
def test_a_line_with_every_fault(visits: Visits, seed: int) -> None:
    faults = tuple(FaultSpec(name=name, probability=0.02) for name in FAULTS)
    survive(visits, make_meter(), faults, seed)


def test_a_written_value_that_cannot_be_read_back_is_in_doubt_and_not_sent_again(visits: Visits) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter)
    spy.deaf = lambda frame: bool(spy.writes) and frame[4] == m.READ_DST.code
    with pytest.raises(InDoubtError) as error:
        visit.carry_out()
    visit.leave()
    assert error.value.exit_code == 11
    assert [frame[4] for frame in spy.writes] == [m.SET_DST.code]
    assert visits.records("work.close") == []
    again, spy = spied(visits, meter)
    assert again.carry_out().result == "done"
    assert m.SET_DST.code not in [frame[4] for frame in spy.writes], "it stands already"


def test_a_value_whose_reading_was_lost_once_is_read_again_and_not_sent_again(visits: Visits) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter, order_of(("dst_off",), ""))
    left = 3  # so often a question is asked
    reads = 0

    def deaf(frame: bytes) -> bool:
        nonlocal reads
        reads += bool(spy.writes) and frame[4] == m.READ_DST.code
        return 0 < reads <= left and frame[4] == m.READ_DST.code

    spy.deaf = deaf
    ended = visit.carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert [frame[4] for frame in spy.writes] == [m.SET_DST.code]
    assert_every_write_was_announced_once(visits, spy)
