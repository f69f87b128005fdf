"""Whole visits: what is written, what is read back, what the log says, and what is done when the meter misbehaves."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meterlink.driver import SetHolidays
from meterlink.errors import (
    ClockFarOffError,
    ClockReasonMissingError,
    InDoubtError,
    LinkError,
    MeterlinkError,
    PlanError,
    StaleClockError,
    TimeSourceUnknownError,
    VerifyError,
    WireError,
)
from meterlink.sim.faults import FAULTS, FaultSpec
from meterlink.tariff import DayProgram, YearSchedule, preset, preset_names
from meterlink.testing import START
from meterlink.visit.form import Form
from meterlink.visit.plan import TimeSource
from meterlink.visit.session import Ended
from meterlink_mercury200 import messages as m
from meterlink_mercury200.sim import Behaviour, SimulatedMercury200
from tests.visit.visits import (
    EVERYTHING,
    PLAN_2,
    REASON,
    YES,
    Spied,
    Visits,
    make_meter,
    order_of,
    results_of,
    spied,
)

LONG = os.environ.get("METERLINK_LONG") == "1"
HOUR_S = 3600.0


def clock_error_s(ended: Ended) -> float:
    assert ended.after is not None
    assert ended.after.clock is not None
    assert ended.after.clock.error is not None
    return ended.after.clock.error.total_seconds()


def test_the_main_job(visits: Visits) -> None:
    meter = make_meter()
    visit = visits.at(meter)
    ended = visit.carry_out()
    visit.leave()
    assert ended.result == "done"
    assert set(results_of(ended).values()) == {"verified"}
    assert list(results_of(ended)) == ["dst_off", "clock", "schedule", "tariff_mode"]
    assert ended.after is not None
    assert ended.after.year_schedule == preset("ru-household-2").schedule
    assert ended.after.dst is not None
    assert ended.after.dst.enabled is False
    assert ended.after.clock is not None
    assert ended.after.clock.error is not None
    assert abs(ended.after.clock.error.total_seconds()) < 1
    assert visits.report().state == "ok"


# --- the clock ------------------------------------------------------------------------------------------------------

CLOCK = order_of(("clock",), REASON)


@pytest.mark.parametrize("error_s", [HOUR_S, -HOUR_S, 6.0, -6.0, 86_399.0], ids=str)
def test_a_wrong_clock_is_set_right(visits: Visits, error_s: float) -> None:
    visit, spy = spied(visits, make_meter(clock_error_s=error_s), CLOCK)
    ended = visit.carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert abs(clock_error_s(ended)) < 1
    assert [frame[4] for frame in spy.writes] == [m.SET_CLOCK.code]
    assert float(visits.act()["clock"]["before"]["error_s"]) == pytest.approx(error_s, abs=1)


TO_2000_S = (datetime(2000, 1, 1, 0, 17, 3, tzinfo=UTC) - datetime.fromtimestamp(START, UTC)).total_seconds()
"""A clock that lost its battery."""


@pytest.mark.parametrize("error_s", [TO_2000_S, 86_402.0, -86_402.0], ids=["year 2000", "a day ahead", "a day behind"])
def test_more_than_a_day_is_refused_unless_the_order_allows_it(visits: Visits, error_s: float) -> None:
    meter = make_meter(clock_error_s=error_s, dst=False)
    visit, spy = spied(visits, meter, CLOCK)
    before = visit.begin()
    with pytest.raises(ClockFarOffError) as refused:
        visit.session.plan(before)
    visit.session.cancel(before, str(refused.value))
    visit.leave()
    assert spy.writes == []
    assert visits.records("work.close")[0]["d"]["result"] == "cancelled"
    allowed = order_of(("clock",), f"{REASON}\nallow_over_24h = true")
    ended = visits.at(meter, allowed).carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert abs(clock_error_s(ended)) < 1


MIDNIGHT = datetime(2025, 7, 21, 21, 0, 0, tzinfo=UTC).timestamp()
"""Of Tuesday in Moscow."""


def test_two_seconds_around_midnight_are_no_day(visits: Visits) -> None:
    meter = make_meter(clock_error_s=-4, dst=False, started_at=MIDNIGHT - 10)
    visit, spy = spied(visits, meter, CLOCK, starts_at=MIDNIGHT + 1.2)
    ended = visit.carry_out()
    assert visit.plan is not None
    clock = visit.plan.before.clock
    assert clock is not None
    assert (clock.meter.day, clock.reference.day) == (21, 22), "the meter is a date behind"
    assert (ended.result, spy.writes) == ("nothing", [])


def test_a_clock_is_set_across_midnight(visits: Visits) -> None:
    meter = make_meter(clock_error_s=40, dst=False, started_at=MIDNIGHT - 60)
    ended = visits.at(meter, CLOCK, starts_at=MIDNIGHT - 30).carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert abs(clock_error_s(ended)) < 1


def test_a_clock_is_set_to_the_time_of_the_place_and_not_of_the_computer(visits: Visits) -> None:
    meter = make_meter(clock_error_s=0, dst=False)
    visit = visits.at(meter, order_of(("clock",), REASON, tz="Asia/Vladivostok"))
    ended = visit.carry_out()
    assert ended.result == "done"
    assert abs(clock_error_s(ended)) < 1
    now = visit.talk.now()
    ahead = meter.memory.clock.local(now) - datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
    assert ahead.total_seconds() / HOUR_S == pytest.approx(10, abs=0.001)


@pytest.mark.parametrize(
    ("order", "time_source", "refusal"),
    [
        (CLOCK, TimeSource.UNKNOWN, TimeSourceUnknownError),
        (order_of(("clock",), ""), TimeSource.CONFIRMED, ClockReasonMissingError),
    ],
    ids=["nobody vouches for this computer", "the order gives no reason"],
)
def test_a_hard_set_is_refused(
    visits: Visits, order: Any, time_source: TimeSource, refusal: type[MeterlinkError]
) -> None:
    visit, spy = spied(visits, make_meter(), order, time_source=time_source)
    before = visit.begin()
    with pytest.raises(refusal):
        visit.session.plan(before)
    assert spy.writes == []


def test_a_computer_that_slept_sets_no_clock(visits: Visits) -> None:
    visit, spy = spied(visits, make_meter(), CLOCK)
    talk = visit.session.site.talk
    visit.session.site = replace(visit.session.site, wall=lambda: talk.now() + 10)
    with pytest.raises(StaleClockError):
        visit.carry_out()
    assert spy.writes == []


# --- schedules and the rest -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_end_to_end(visits: Visits, name: str) -> None:
    old = YearSchedule.every_day(DayProgram.of([(0, 1), (12 * 60, 2)]))
    actions = ("schedule", "tariff_mode")
    ended = visits.at(make_meter(schedule=old), order_of(actions, f'tariff_plan = "{name}"')).carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert ended.after is not None
    assert ended.after.year_schedule == preset(name).schedule
    assert ended.after.tariffs is not None
    assert ended.after.tariffs.tariffs_in_force == max(preset(name).schedule.tariffs_used())


def test_holidays_are_set_and_cleared(visits: Visits) -> None:
    meter = make_meter()
    for days in (((1, 1), (5, 9)), ()):
        listed = ", ".join(f'"{month:02d}-{day:02d}"' for month, day in days)
        visit, spy = spied(visits, meter, order_of(("holidays",), f"holidays = [{listed}]"))
        ended = visit.carry_out()
        visit.leave()
        assert (ended.result, ended.problems) == ("done", ())
        assert visit.plan is not None
        assert visit.plan.steps[0].setting == SetHolidays(days=days)
        assert [frame[4] for frame in spy.writes] == [m.SET_HOLIDAYS.code] * 2
        assert ended.after is not None
        assert ended.after.holidays is not None
        assert ended.after.holidays.days == days


def test_display_and_buttons(visits: Visits) -> None:
    more = 'button_correction_minutes = 0\n[display]\nshown = ["T1", "T2"]'
    meter = make_meter()
    visit, spy = spied(visits, meter, order_of(("display", "button_correction"), more))
    ended = visit.carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert [frame[4] for frame in spy.writes] == [m.SET_DISPLAY.code, m.SET_BUTTON_CORRECTION.code]
    assert meter.memory.get(m.READ_DISPLAY).shown == ["T1", "T2"]
    assert meter.memory.get(m.READ_BUTTON_CORRECTION).minutes == 0


def test_the_times_of_the_display(visits: Visits) -> None:
    more = "[display]\nseconds = { values = 20 }"
    ended = visits.at(make_meter(), order_of(("display",), more)).carry_out()
    assert (ended.result, ended.problems) == ("done", ())
    assert ended.after is not None
    assert ended.after.stored["display times"] == "0A 0A 14 1E"


def test_a_second_visit_writes_nothing(visits: Visits) -> None:
    meter = make_meter()
    visits.at(meter).carry_out()
    visit, spy = spied(visits, meter)
    ended = visit.carry_out()
    assert (ended.result, ended.results, ended.problems) == ("nothing", (), ())
    assert spy.writes == []
    assert len(spy.frames) > 200, "it was read before and after all the same"
    assert [record["work"] for record in visits.records("work.close")] == ["117/1", "117/2"]
    assert visits.act()["result"] == "nothing"
    assert {each["state"] for each in visits.act()["actions"]} == {"read", "as-wanted"}


def test_a_reading_writes_nothing(visits: Visits) -> None:
    visit, spy = spied(visits, make_meter(), order_of(("read",), ""))
    assert visit.carry_out().result == "nothing"
    assert spy.writes == []


# --- meters that misbehave ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """A meter that acknowledges this write and changes nothing."""

    command: int
    action: str
    result: str
    others: tuple[str, ...]
    """Later steps, which must not begin."""
    writes: int


IGNORED = (
    Ignored(
        command=m.SET_DST.code,
        action="dst_off",
        result="failed",
        others=("clock", "holidays", "schedule", "tariff_mode"),
        writes=1,
    ),
    Ignored(
        command=m.SET_CLOCK.code,
        action="clock",
        result="partly",
        others=("holidays", "schedule", "tariff_mode"),
        writes=2,
    ),
    Ignored(
        command=m.SET_HOLIDAYS.code,
        action="holidays",
        result="partly",
        others=("schedule", "tariff_mode"),
        writes=3,
    ),
    Ignored(command=m.SET_SCHEDULE.code, action="schedule", result="partly", others=("tariff_mode",), writes=5),
    Ignored(command=m.SET_TARIFF_COUNT.code, action="tariff_mode", result="partly", others=(), writes=101),
)


@pytest.mark.parametrize("case", IGNORED, ids=lambda case: case.action)
def test_an_acknowledgement_proves_nothing(visits: Visits, case: Ignored) -> None:
    meter = make_meter(behaviour=Behaviour(ignores_writes={case.command}))
    order = order_of(EVERYTHING, f'{PLAN_2}\n{REASON}\nholidays = ["01-01"]')
    visit, spy = spied(visits, meter, order)
    ended = visit.carry_out()
    visit.leave()
    assert ended.result == case.result
    told = results_of(ended)
    assert told[case.action] == "differs"
    assert {told[action] for action in case.others} <= {"not-sent"}
    assert {result for action, result in told.items() if action not in (case.action, *case.others)} <= {"verified"}
    assert len(spy.writes) == case.writes, "nothing is sent again, and nothing behind it"
    assert isinstance(ended.problems[0], VerifyError)
    assert ended.problems[0].exit_code == 7
    act = visits.act()
    assert act["result"] == case.result
    states = {each["action"]: each["state"] for each in act["actions"]}
    assert states[case.action] == "not-confirmed"
    assert {states[action] for action in case.others} <= {"not-confirmed", "not-begun"}
    assert [step["result"] for step in act["steps"] if step["action"] == case.action] == ["differs"]
    assert act["zones_from"]["state"] == "not-confirmed"
    assert visits.report().state == "ok"


def after_first(command: int, work: Callable[[float], None]) -> Callable[[bytes, float], None]:
    """Let something happen when the meter has acted on the first frame of this command."""
    done = False

    def happen(frame: bytes, now: float) -> None:
        nonlocal done
        if not done and len(frame) > 4 and frame[4] == command:
            done = True
            work(now)

    return happen


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Something in the meter that moves by itself while others are written."""

    name: str
    move: Callable[[SimulatedMercury200, float], None]
    kind: str
    says: str
    order: Any = field(default_factory=lambda: order_of(("dst_off",), ""))
    at: int = m.SET_DST.code


def _count(meter: SimulatedMercury200, tariff: int, wh: int) -> None:
    """Registers that are not what was counted."""
    meter.memory.energy._energy_uj[tariff] += wh * 3_600_000_000


def _jump(meter: SimulatedMercury200, now: float) -> None:
    clock = meter.memory.clock
    clock.set(clock.local(now) - timedelta(hours=1), now)


def _store(meter: SimulatedMercury200, now: float) -> None:
    meter.memory.kept[m.READ_BUTTON_CORRECTION.code] = m.READ_BUTTON_CORRECTION.reply.read(b"\x07")


def _lose_record(meter: SimulatedMercury200, now: float) -> None:
    records = meter.memory.records
    key = next(reversed(records))
    records[key] = type(records[key]).of([(0, 3)])


MOVED = (
    Moved(
        name="energy falls",
        move=lambda meter, now: _count(meter, 1, -100),
        kind="EnergyMovedError",
        says="T1 fell from 15621.42 to 15621.3",
    ),
    Moved(
        name="energy is cleared",
        move=lambda meter, now: meter.memory.energy._energy_uj.update(dict.fromkeys((1, 2), 0)),
        kind="EnergyMovedError",
        says="T1 fell from 15621.42 to 0",
    ),
    Moved(
        name="energy jumps",
        move=lambda meter, now: _count(meter, 2, 1000),
        kind="EnergyMovedError",
        says="T2 grew from 6208.34 to 6209.34",
    ),
    Moved(
        name="the clock jumps when DST is cleared",
        move=_jump,
        kind="ReadBackError",
        says="the clock, which nobody set,",
    ),
    Moved(
        name="the clock jumps after it was set",
        move=_jump,
        kind="ReadBackError",
        says="the clock",
        order=order_of(("clock", "tariff_mode"), f"{PLAN_2}\n{REASON}"),
        at=m.SET_TARIFF_COUNT.code,
    ),
    Moved(
        name="the clock jumps, and its own step is not begun",
        move=lambda meter, now: _jump_and_stay_on(meter, now),
        kind="ReadBackError",
        says="the clock, which nobody set,",
        order=order_of(("dst_off", "clock"), REASON),
    ),
    Moved(name="a value nobody touched", move=_store, kind="ReadBackError", says="button correction should be 30 min"),
    Moved(name="a record nobody touched", move=_lose_record, kind="ReadBackError", says="December holiday"),
    Moved(
        name="a value that was verified is lost again",
        move=lambda meter, now: meter.memory.kept.update({m.READ_DST.code: m.READ_DST.reply.read(b"\x01")}),
        kind="ReadBackError",
        says="DST flag should be off, and reads on",
        order=order_of(("dst_off", "tariff_mode"), PLAN_2),
        at=m.SET_TARIFF_COUNT.code,
    ),
)


def _jump_and_stay_on(meter: SimulatedMercury200, now: float) -> None:
    _jump(meter, now)
    meter.memory.kept[m.READ_DST.code] = m.READ_DST.reply.read(b"\x01")


@pytest.mark.parametrize("case", MOVED, ids=lambda case: case.name)
def test_what_moves_by_itself_is_noticed(visits: Visits, case: Moved) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter, case.order)
    spy.then = after_first(case.at, lambda now: case.move(meter, now))
    ended = visit.carry_out()
    visit.leave()
    told = [(type(problem).__name__, str(problem)) for problem in ended.problems]
    assert any(kind == case.kind and case.says in text for kind, text in told), told
    assert all(problem.exit_code == 7 for problem in ended.problems)
    assert {record["d"]["kind"] for record in visits.records("work.problem")} >= {case.kind}
    assert visits.report().state == "ok"


def test_the_act_tells_what_moved_by_itself(visits: Visits) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter, order_of(("dst_off",), ""))
    spy.then = after_first(m.SET_DST.code, lambda now: _count(meter, 1, -100))
    visit.carry_out()
    assert "T1 fell from 15621.42" in str(visits.act()), "the office must read it on the act"


def test_energy_that_is_counted_is_no_fault(visits: Visits) -> None:
    meter = make_meter()
    meter.memory.energy.set_load(10_000, START)
    ended = visits.at(meter).carry_out()
    assert ended.after is not None
    assert visits.act()["readings"]["registers"][0]["change"] not in ("0", "0.00")
    assert (ended.result, ended.problems) == ("done", ())


def test_energy_that_fell_between_two_runs_of_a_work_is_noticed(visits: Visits) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter)
    spy.first = stopped_at(m.SET_TARIFF_COUNT.code)
    with pytest.raises(Stopped):
        visit.carry_out()
    visit.leave()
    _count(meter, 1, -500)
    ended = visits.at(meter).carry_out()
    assert [type(problem).__name__ for problem in ended.problems] == ["EnergyMovedError"]


# --- a line that fails ----------------------------------------------------------------------------------------------


class Stopped(BaseException):
    """The program ends here."""


def stopped_at(command: int) -> Callable[[bytes, float], None]:
    def stop(frame: bytes, now: float) -> None:
        if len(frame) > 4 and frame[4] == command:
            raise Stopped

    return stop


def fates(visits: Visits) -> list[tuple[str, int, int, str, bool]]:
    """Each announced frame in order: its bytes, the record that lists it, its place there, its outcome, and whether
    what stood in the meter afterwards was read and written down."""
    records = visits.records()
    outcomes = {(r["d"]["of"], r["d"]["i"]): r["d"]["result"] for r in records if r["type"] == "outcome"}
    settled = {(r["d"]["of"], r["d"].get("i")) for r in records if r["type"] in ("verify", "resolve")}
    return [
        (
            frame["bytes"],
            record["n"],
            frame["i"],
            outcomes.get((record["n"], frame["i"]), "no-answer"),
            bool({(record["n"], None), (record["n"], frame["i"])} & settled),
        )
        for record in records
        if record["type"] == "intent"
        for frame in record["d"]["frames"]
    ]


def assert_every_write_was_announced_once(visits: Visits, spy: Spied) -> None:
    """What was on the wire is what the log says was sent; a frame is sent again only after its value was read."""
    announced = fates(visits)
    sent = [frame for frame, _, _, outcome, _ in announced if outcome != "not-sent"]
    assert [frame.hex(" ").upper() for frame in spy.writes] == sent[-len(spy.writes) or len(sent) :]
    for place, (frame, n, i, outcome, settled) in enumerate(announced):
        if outcome != "not-sent" and any(frame == again for again, *_ in announced[place + 1 :]):
            assert settled, f"{frame} (record {n}, {i}) was sent again, and nobody had read what it did"


def holds_what_was_wanted(meter: SimulatedMercury200) -> bool:
    wanted = make_meter(schedule=preset("ru-household-2").schedule).memory
    memory = meter.memory
    return (
        memory.records == wanted.records
        and memory.tariff_count == 2
        and not memory.get(m.READ_DST).enabled
        and memory.get(m.READ_BUTTON_CORRECTION) == wanted.get(m.READ_BUTTON_CORRECTION)
    )


def survive(visits: Visits, meter: SimulatedMercury200, faults: tuple[FaultSpec, ...], seed: int) -> None:
    """One visit over a bad line, and, where it was cut off, another one over a good line."""
    try:
        visit, spy = spied(visits, meter, faults=faults, seed=seed)
    except (LinkError, WireError):
        return  # nobody could be identified
    try:
        ended: Ended | MeterlinkError = visit.carry_out()
    except MeterlinkError as error:
        ended = error
    visit.leave()
    assert_every_write_was_announced_once(visits, spy)
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
    finished = again.carry_out()
    again.leave()
    assert_every_write_was_announced_once(visits, spy)
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


# --- works that are gone on with ------------------------------------------------------------------------------------


def _cut(command: int) -> Callable[[Spied], None]:
    def cut(spy: Spied) -> None:
        spy.first = stopped_at(command)

    return cut


def _silence(command: int) -> Callable[[Spied], None]:
    """From this frame on nothing comes back."""

    def silence(spy: Spied) -> None:
        spy.deaf = lambda frame: any(each[4] == command for each in spy.writes)

    return silence


FAILURES = {
    "killed at DST": _cut(m.SET_DST.code),
    "killed at the clock": _cut(m.SET_CLOCK.code),
    "killed in the schedule": _cut(m.SET_SCHEDULE.code),
    "killed at the count": _cut(m.SET_TARIFF_COUNT.code),
    "silence at DST": _silence(m.SET_DST.code),
    "silence at the clock": _silence(m.SET_CLOCK.code),
    "silence at the count": _silence(m.SET_TARIFF_COUNT.code),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_resumed_work_is_one_work_and_its_act_begins_with_the_first_state(visits: Visits, name: str) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter)
    FAILURES[name](spy)
    with pytest.raises((Stopped, MeterlinkError)):
        visit.carry_out()
    visit.leave()
    assert visits.report().state in ("in-doubt", "ok")
    ended = visits.at(meter).carry_out(Form(remarks=("продолжено",)))
    assert (ended.result, ended.problems) == ("done", ())
    assert [record["work"] for record in visits.records("work.open")] == ["117/1"]
    assert [record["work"] for record in visits.records("work.close")] == ["117/1"]
    act = visits.act()
    assert act["dst"] == {
        "before": act["dst"]["before"] | {"enabled": "yes"},
        "after": act["dst"]["after"] | {"enabled": "no"},
    }
    assert float(act["clock"]["before"]["error_s"]) == pytest.approx(3614, abs=1)
    assert abs(float(act["clock"]["after"]["error_s"])) < 1
    assert act["tariffs"]["before"]["in_force"] == 1
    assert act["schedule"]["before"]["table"] != act["schedule"]["after"]["table"]
    assert {each["state"] for each in act["actions"]} == {"read", "changed", "as-wanted"}
    assert {step["result"] for step in act["steps"]} <= {"verified", "as-wanted", "replanned"}
    assert [remark["text"] for remark in act["remarks"]] == ["продолжено"]
    assert visits.report().state == "ok"


def test_another_meter_does_not_go_on_with_the_work(visits: Visits) -> None:
    meter = make_meter()
    visit, spy = spied(visits, meter)
    spy.first = stopped_at(m.SET_CLOCK.code)
    with pytest.raises(Stopped):
        visit.carry_out()
    visit.leave()
    other = order_of(("dst_off",), "", serial="06925647")
    assert visits.at(make_meter(serial="06925647"), other).carry_out().work == "117/2"
    assert visits.at(meter).carry_out().work == "117/1"


def test_a_meter_that_is_changed_in_between_by_somebody_else_is_seen(visits: Visits) -> None:
    """The plan of a resumed work is made of what stands there now, not of what was planned."""
    meter = make_meter()
    visit, spy = spied(visits, meter)
    spy.first = stopped_at(m.SET_TARIFF_COUNT.code)
    with pytest.raises(Stopped):
        visit.carry_out()
    visit.leave()
    _lose_record(meter, 0.0)
    again, spy = spied(visits, meter)
    ended = again.carry_out()
    assert ended.result == "done"
    assert [frame[4] for frame in spy.writes] == [m.SET_SCHEDULE.code, m.SET_TARIFF_COUNT.code]
    assert holds_what_was_wanted(meter)


def test_what_is_confirmed_stands_in_the_log(visits: Visits) -> None:
    visits.at(make_meter(), order_of(("dst_off",), "")).carry_out()
    (plan,) = visits.records("work.plan")
    assert plan["d"]["confirmed"] == {"by": YES.by, "how": YES.how}
    (intent,) = visits.records("intent")
    assert intent["d"]["confirmed"] == {"by": "petrov", "how": "serial number typed"}
    assert intent["actor"] == "petrov"
    assert visits.act()["confirmed"][0]["how"] == "serial number typed"
