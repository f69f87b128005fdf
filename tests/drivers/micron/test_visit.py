"""A whole visit: order, plan, writes behind the password, read-back, log, act."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from meterlink.errors import ExperimentalError, WrongPasswordError
from meterlink.testing import START
from meterlink.visit.session import Ended
from meterlink_micron.sim import Behaviour, SimulatedMicron
from meterlink_micron.sim_memory import MemoryBehaviour
from tests.drivers.micron.scene import EIGHT, FOUR, FOUR_HIGH, PASSWORD
from tests.drivers.micron.visiting import ACTIONS, meter_of, order_at, visits_at, write_months
from tests.report.drawn import html_act
from tests.report.test_act_paper import page_text
from tests.visit.visits import Visits, results_of

LONG = os.environ.get("METERLINK_LONG") == "1"
DAYS = ((1, 1), (5, 9))


def visit(
    folder: Path, model: str = FOUR, actions: tuple[str, ...] = ACTIONS, experimental: bool = False, **meter: Any
) -> tuple[Ended, SimulatedMicron, Visits]:
    visits, simulated = visits_at(folder, model), meter_of(model, **meter)
    run = visits.at(simulated, order_at(model, actions), experimental=experimental)
    return run.to_its_end(), simulated, visits


@pytest.fixture(scope="module")
def main_job(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, SimulatedMicron, Visits]:
    return visit(tmp_path_factory.mktemp("main"))


def test_the_main_job(main_job: tuple[Ended, SimulatedMicron, Visits]) -> None:
    ended, meter, visits = main_job
    assert (ended.result, ended.problems) == ("done", ())
    # tariffs are in force by the schedule already
    assert results_of(ended) == dict.fromkeys(("dst_off", "clock", "holidays", "schedule"), "verified")
    after = ended.after
    assert after is not None
    assert after.dst is not None
    assert after.dst.enabled is False
    assert after.clock is not None
    assert after.clock.error is not None
    assert abs(after.clock.error.total_seconds()) < 1.5
    assert after.clock.season_flag == "winter"
    assert after.holidays is not None
    assert after.holidays.days == DAYS
    schedule = after.year_schedule
    assert schedule is not None
    assert schedule.tariff_at(datetime(2025, 7, 21, 3)) == 2
    assert meter.memory.tables.errors() == frozenset()
    assert visits.act()["result"] == "done"
    assert "30 30 30 30 30 30" not in repr(visits.records())


@pytest.mark.parametrize(
    ("model", "experimental"),
    [
        (FOUR_HIGH, False),
        *(
            pytest.param(model, experimental, marks=pytest.mark.skipif(not LONG, reason="METERLINK_LONG=1"))
            for model, experimental in (
                (EIGHT, True),
                ("seb-1tm.02d", False),
                ("seb-1tm.02m", True),
                ("psch-3tm.05m", False),
                ("set-4tm.02", True),
                ("seb-1tm.01", False),
            )
        ),
    ],
)
def test_every_kind_of_memory_goes_through(tmp_path: Path, model: str, experimental: bool) -> None:
    ended, meter, visits = visit(tmp_path, model, ("read", "schedule", "holidays"), experimental)
    assert results_of(ended) == {"holidays": "verified", "schedule": "verified"}
    assert visits.act()["result"] == "done"
    assert meter.memory.tables.errors() == frozenset()


def test_what_is_only_assumed_needs_the_word_experimental(tmp_path: Path) -> None:
    with pytest.raises(ExperimentalError):
        visit(tmp_path, EIGHT, ("read", "schedule"))


def test_the_records_say_of_each_block_which_day_it_is_about(main_job: tuple[Ended, SimulatedMicron, Visits]) -> None:
    _, meter, visits = main_job
    frames = [frame for record in visits.records("intent") for frame in record["d"]["frames"]]
    named = [frame["parameter"] for frame in frames]
    assert named[:2] == ["DST flag", "the clock"]
    assert named[-1] == "schedule checksum"
    assert len(set(named)) == 48 + 4
    assert len(frames) == len(meter.writes)
    assert [record["d"]["result"] for record in visits.records("outcome")] == ["ok"] * len(frames)


def test_a_small_error_is_corrected_softly(tmp_path: Path) -> None:
    ended, meter, _ = visit(tmp_path, actions=("read", "clock"), error_s=17, dst=False)
    assert results_of(ended) == {"clock": "verified"}
    assert [raw[1:3] for raw in meter.writes] == [b"\x03\x0b"]
    assert ended.after is not None
    assert ended.after.clock is not None
    assert ended.after.clock.error is not None
    assert abs(ended.after.clock.error.total_seconds()) < 1.5


def test_a_second_correction_on_one_day_is_told_as_refused(tmp_path: Path) -> None:
    meter = meter_of(FOUR, error_s=17, dst=False)
    meter.memory.correction.on = meter.memory.clock.local(START).date()
    ended = visits_at(tmp_path).at(meter, order_at(FOUR, ("read", "clock"))).to_its_end()
    assert results_of(ended) == {"clock": "refused"}
    assert "already corrected today" in str(ended.results[0].detail)
    assert ended.result != "done"


def test_a_wrong_password_ends_the_work_after_one_attempt(tmp_path: Path) -> None:
    """The first dialogue presents it, so nothing is even read."""
    meter = meter_of(FOUR, Behaviour(passwords=(b"111111", b"222222")))
    with pytest.raises(WrongPasswordError):
        visits_at(tmp_path, password=b"333333").at(meter, order_at(FOUR, ("read", "dst_off")))
    assert meter.passwords_heard == 1
    assert meter.writes == []


def test_the_first_level_cannot_write(tmp_path: Path) -> None:
    ended, meter, _ = visit(
        tmp_path, actions=("read", "dst_off", "holidays"), behaviour=Behaviour(passwords=(PASSWORD, b"222222"))
    )
    assert results_of(ended) == {"dst_off": "refused", "holidays": "not-sent"}
    assert meter.memory.writes_done == 0


def test_a_meter_that_wants_frames_again_is_written_all_the_same(tmp_path: Path) -> None:
    again = Behaviour(asks_again={b"\x07": 1, b"\x03\x18": 2, b"\x03\x0c": 1})
    ended, _, visits = visit(tmp_path, actions=("read", "dst_off", "clock", "holidays"), behaviour=again)
    assert set(results_of(ended).values()) == {"verified"}
    assert visits.act()["result"] == "done"


def test_a_checksum_that_stays_wrong_is_no_work_done(tmp_path: Path) -> None:
    behaviour = Behaviour(memory=MemoryBehaviour(ignores=(b"\x03\x21",)))
    meter = meter_of(FOUR, behaviour)
    write_months(meter, 11)
    visits = visits_at(tmp_path)
    ended = visits.at(meter, order_at(FOUR, ("read", "schedule"))).to_its_end()
    assert results_of(ended) == {"schedule": "differs"}
    assert visits.act()["result"] != "done"


def test_the_act_is_russian(main_job: tuple[Ended, SimulatedMicron, Visits]) -> None:
    """Whatever is Latin on it is a name of the order, of the meter or of the program; nothing is left to the log."""
    _, _, visits = main_job
    text = page_text(html_act(visits.act(), {}, ""))
    assert "подробности в журнале" not in text
    assert set(re.findall(r"[A-Za-z]{3,}", text)) <= {
        "III",
        "SHA",
        "SEB",
        "UTC",
        "seb",
        "standalone",
        "meterlink",
        "test",
    } | set(re.findall(r"[a-z]{3,}", " ".join(re.findall(r"[0-9a-f]{8,}", text))))
