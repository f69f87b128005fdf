"""A whole visit at a CE6850M: order, plan, prompts, writes behind the password, read-back, log, act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from meterlink.audit.canonical import encode_canonical
from meterlink.audit.doubt import unread
from meterlink.audit.record import decode_record
from meterlink.errors import ExperimentalError, PasswordUnansweredError, ReadBackError
from meterlink.language import Language
from meterlink.model import Action
from meterlink.report.passport import passport_line
from meterlink.sim.line import Burst, VirtualWire
from meterlink.visit.session import Ended, prompts_of
from meterlink.wire.line import Line
from meterlink_energomera.errors import OutOfRangeError
from meterlink_energomera.sim import Behaviour, SimulatedEnergomera
from tests.drivers.energomera.meters import PASSWORD
from tests.drivers.energomera.visits import MODEL, meter_at, order_at, visits_at
from tests.shipped import library
from tests.visit.visits import Visit, results_of
from tests.wires import Passing

ACTIONS = ("read", "dst_off", "clock", "schedule", "holidays")
MORE = 'tariff_plan = "ru-household-2"\nclock_reason = "x"\npassword_ref = "flat-5"\nholidays = ["01-01", "05-09"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """What came of one visit: its end, the meter, what the log tells, and the act."""

    ended: Ended
    meter: SimulatedEnergomera
    told: list[dict[str, Any]]
    act: Any


def visit(
    folder: Path,
    *,
    model: str = MODEL,
    behaviour: Behaviour | None = None,
    password: bytes = PASSWORD,
    actions: tuple[str, ...] = ACTIONS,
    error_s: float = 3614,
    prepare: Callable[[Visit], None] = lambda visit: None,
    **kwargs: Any,
) -> Visited:
    """One whole visit; `prepare` is told of it before it begins."""
    visits, meter = visits_at(folder, password, model), meter_at(behaviour, error_s=error_s, model=model)
    run = visits.at(meter, order_at(actions, MORE, model), **kwargs)
    prepare(run)
    return Visited(ended=run.to_its_end(), meter=meter, told=visits.records(), act=visits.act())


def test_the_main_job(tmp_path: Path) -> None:
    visited = visit(tmp_path)
    assert (visited.ended.result, visited.ended.problems) == ("done", ())
    assert set(results_of(visited.ended).values()) == {"verified"}
    assert list(results_of(visited.ended)) == ["dst_off", "clock", "schedule", "holidays"]
    assert visited.ended.after is not None
    assert visited.ended.after.dst is not None
    assert visited.ended.after.dst.enabled is False
    assert visited.ended.after.clock is not None
    assert visited.ended.after.clock.error is not None
    assert abs(visited.ended.after.clock.error.total_seconds()) < 1.5
    assert visited.ended.after.holidays is not None
    assert visited.ended.after.holidays.days == ((1, 1), (5, 9))
    schedule = visited.ended.after.year_schedule
    assert schedule is not None
    assert schedule.tariff_at(datetime(2025, 7, 21, 3)) == 2
    assert visited.meter.passwords_heard == 4
    assert visited.act["result"] == "done"
    assert "37 37 37" not in repr(visited.told)
    assert "777777" not in repr(visited.told)


def test_no_frame_of_a_clock_that_is_set_with_its_date_stays_unread(tmp_path: Path) -> None:
    visited = visit(tmp_path, actions=("read", "clock"), error_s=80_000)
    (intent,) = [record for record in visited.told if record["type"] == "intent"]
    assert len(intent["d"]["frames"]) == 2
    assert results_of(visited.ended) == {"clock": "verified"}
    assert unread(map(decode_record, map(encode_canonical, visited.told))) == []


@pytest.mark.parametrize("model", ["ce301", "ce301by", "ce102m", "ce303"])
def test_schedule_holidays_and_clock_of_every_model_go_through(tmp_path: Path, model: str) -> None:
    """On these no write was ever recorded, so each step asks for the word experimental."""
    visited = visit(tmp_path, model=model, actions=("read", "clock", "schedule", "holidays"), experimental=True)
    assert set(results_of(visited.ended).values()) == {"verified"}
    assert visited.act["result"] == "done"
    assert visited.ended.after is not None
    assert visited.ended.after.holidays is not None
    assert visited.ended.after.holidays.days == ((1, 1), (5, 9))
    assert visited.meter.passwords_heard == 3


def test_the_records_say_of_each_frame_of_a_series_what_it_is_about(tmp_path: Path) -> None:
    visited = visit(tmp_path, actions=("read", "schedule"))
    (intent,) = [record for record in visited.told if record["type"] == "intent"]
    named = [frame["parameter"] for frame in intent["d"]["frames"]]
    assert named
    assert max(map(named.count, named)) > 1
    (outcomes,) = [len([one for one in visited.told if one["type"] == "outcome"])]
    assert outcomes == len(named)


def test_a_small_error_is_corrected_softly(tmp_path: Path) -> None:
    visited = visit(tmp_path, actions=("read", "clock"), error_s=17)
    assert results_of(visited.ended) == {"clock": "verified"}
    assert [raw[4:11] for raw in visited.meter.writes] == [b"CTIME()"]


class Losing(Passing):
    """A wire that loses frames that begin so, or what is answered to them; what is damaged is cut short."""

    def __init__(self, inner: VirtualWire, begins: bytes, *, request: bool = False, damaged: bool = False) -> None:
        super().__init__(inner)
        self._begins, self._request, self._damaged = begins, request, damaged
        self._after = False
        self.frames = 0

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self._after = data.startswith(self._begins)
        self.frames += self._after
        if not (self._after and self._request):
            super().receive(data, now, line)

    def poll(self, now: float) -> list[Burst]:
        bursts = super().poll(now)
        if not self._after:
            return bursts
        return [replace(burst, data=b"G") for burst in bursts] if self._damaged else []


CLOCK = ("read", "clock")
NOT_DONE = "Не подтверждено: установка часов."


def test_a_correction_that_the_meter_ignored_differs(tmp_path: Path) -> None:
    visited = visit(tmp_path, actions=CLOCK, error_s=17, behaviour=Behaviour(ignores_writes=frozenset({"CTIME"})))
    assert (results_of(visited.ended), visited.ended.result) == ({"clock": "differs"}, "failed")
    assert [type(problem) for problem in visited.ended.problems] == [ReadBackError]
    assert visited.ended.problems[0].exit_code == 7
    assert [step["result"] for step in visited.act["steps"]] == ["differs"]
    assert NOT_DONE in passport_line(visited.act, Language.RU)


def test_a_correction_that_never_arrives_differs(tmp_path: Path) -> None:
    visited = visit(tmp_path, actions=CLOCK, error_s=17, wire=lambda wire: Losing(wire, b"\x01W1", request=True))
    assert (results_of(visited.ended), visited.ended.result) == ({"clock": "differs"}, "failed")
    assert [problem.exit_code for problem in visited.ended.problems] == [7]
    assert visited.meter.writes == []
    assert NOT_DONE in passport_line(visited.act, Language.RU)


def test_a_correction_whose_answer_was_lost_is_judged_by_the_clock(tmp_path: Path) -> None:
    visited = visit(tmp_path, actions=CLOCK, error_s=17, wire=lambda wire: Losing(wire, b"\x01W1"))
    assert (results_of(visited.ended), visited.ended.problems) == ({"clock": "verified"}, ())
    assert len(visited.meter.writes) == 1
    assert "Часы: было +1" in passport_line(visited.act, Language.RU)
    assert NOT_DONE not in passport_line(visited.act, Language.RU)


@pytest.mark.parametrize(
    ("slow", "result", "frames"), [((12.0,), "verified", 1), ((12.0,) * 3, "not-sent", 0)], ids=["once", "always"]
)
def test_a_correction_that_a_slow_disk_delays_is_made_a_minute_later_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: tuple[float, ...], result: str, frames: int
) -> None:
    visited = visit(tmp_path, actions=CLOCK, error_s=17, prepare=lambda run: run.slow_disk(monkeypatch, slow))
    assert (results_of(visited.ended), len(visited.meter.writes)) == ({"clock": result}, frames)
    assert (NOT_DONE in passport_line(visited.act, Language.RU)) is (result == "not-sent")


def test_a_second_correction_of_one_day_is_told_as_refused(tmp_path: Path) -> None:
    visited = visit(tmp_path, actions=CLOCK, error_s=17, behaviour=Behaviour(refuses={"W1 CTIME": 17}))
    assert results_of(visited.ended) == {"clock": "refused"}
    assert [type(problem) for problem in visited.ended.problems] == [OutOfRangeError]


@pytest.mark.parametrize("damaged", [False, True], ids=["lost", "damaged"])
@pytest.mark.parametrize("actions", [("read", "dst_off", "schedule"), CLOCK], ids=["settings", "clock"])
def test_a_password_that_was_not_answered_is_told_as_that_and_presented_once(
    tmp_path: Path, actions: tuple[str, ...], damaged: bool
) -> None:
    wires: list[Losing] = []

    def wire(inner: VirtualWire) -> VirtualWire:
        wires.append(Losing(inner, b"\x01P1", damaged=damaged))
        return wires[-1]

    visited = visit(tmp_path, actions=actions, wire=wire)
    assert set(results_of(visited.ended).values()) == {"not-sent"}
    assert [type(problem) for problem in visited.ended.problems] == [PasswordUnansweredError]
    assert "After three wrong passwords in a row these meters lock writing" in visited.ended.problems[0].hint
    assert (wires[0].frames, visited.meter.writes) == (1, [])


def test_a_wrong_password_ends_the_work_after_one_attempt(tmp_path: Path) -> None:
    visited = visit(tmp_path, password=b"111111", actions=("read", "dst_off", "schedule"))
    assert results_of(visited.ended) == {"dst_off": "refused", "schedule": "not-sent"}
    assert visited.meter.passwords_heard == 1
    assert not visited.meter.writes


def test_a_button_that_nobody_pressed_ends_it_and_the_prompt_says_what_to_do(tmp_path: Path) -> None:
    visited = visit(tmp_path, behaviour=Behaviour(needs_button=True), actions=("read", "dst_off"))
    assert results_of(visited.ended) == {"dst_off": "refused"}
    assert visited.meter.memory.writes_done == 0
    (prompt,) = prompts_of([Action.DST_OFF, Action.SCHEDULE], library().get("ce6850m"))
    assert "ДСТП" in prompt


def test_a_model_of_which_no_write_was_ever_seen_needs_the_word_experimental(tmp_path: Path) -> None:
    with pytest.raises(ExperimentalError):
        visit(tmp_path / "a", model="ce303", actions=("read", "dst_off"))
    visited = visit(tmp_path / "b", model="ce303", actions=("read", "dst_off"), experimental=True)
    assert results_of(visited.ended) == {"dst_off": "verified"}
