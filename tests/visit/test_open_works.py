"""A work that was stopped with every answer known, so that nothing is in doubt, and the meter half written.

Until it is gone on with, taken back or closed as it stands, no other work writes to that meter, and the log says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from meterlink.audit.condition import look
from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from meterlink.audit.works import records_of
from meterlink.cli.act_files import judge
from meterlink.errors import InDoubtError, NotOrderedMeterError, NoWorkError, WorkClosedError, WorkOpenError
from meterlink.language import Language
from meterlink.model import Action
from meterlink.report.act_body import act_body
from meterlink.tariff import preset
from meterlink.testing import START
from meterlink.visit.closing import Abandoned, Closed, abandon, close_as_it_stands
from meterlink.visit.form import Form
from meterlink.visit.history import planned_actions, state_before
from meterlink.visit.order import Order
from meterlink.visit.order_form import read_order
from meterlink.visit.plan import Terms
from meterlink.visit.plan_form import decode_plan, encode_plan
from meterlink.visit.planning import restore_plan
from meterlink.visit.resolving import read_back, resolve
from meterlink.visit.session import Ended
from meterlink.visit.work import Work
from meterlink_mercury200 import messages as m
from meterlink_mercury200.sim import SimulatedMercury200
from tests.drivers.mercury200.struck import is_write
from tests.report.drawn import html_act
from tests.visit.visits import (
    EVERYTHING,
    PLAN_2,
    SERIAL,
    YES,
    Spied,
    Visit,
    Visits,
    make_meter,
    order_of,
    order_text,
    spied,
)

BURNT = "прибор сгорел, заменён 21.07.2025"
RECORDS = 40
"""So many of the 96 stand when the program is stopped."""


@pytest.fixture
def meter() -> SimulatedMercury200:
    return make_meter()


OTHER = read_order(order_text().replace('order_no = "117"', 'order_no = "200"').encode(), "toml", lambda name: b"")
"""Another order about the same meter, which lists the same."""
CHANGED = order_of(EVERYTHING, f'{PLAN_2}\nclock_reason = "другая причина"')
"""The same number, and other bytes: somebody mended the order after the crash."""


def stopped_between(records: int) -> Callable[[Spied], None]:
    """Ctrl-C when so many records stand and are answered, before anything else is asked."""

    def arrange(spy: Spied) -> None:
        def stop(frame: bytes, now: float) -> None:
            written = sum(each[4] == m.SET_SCHEDULE.code for each in spy.writes)
            if written == records and not is_write(frame):
                raise KeyboardInterrupt

        spy.first = stop

    return arrange


def leave_half_written(visits: Visits, meter: SimulatedMercury200) -> None:
    visit, spy = spied(visits, meter)
    stopped_between(RECORDS)(spy)
    with pytest.raises(KeyboardInterrupt):
        visit.carry_out()
    visit.leave()


def is_mixed(meter: SimulatedMercury200) -> bool:
    return len({record.raw for record in meter.memory.records.values()}) > 1


def holds_the_order(meter: SimulatedMercury200) -> bool:
    wanted = make_meter(schedule=preset("ru-household-2").schedule)
    return meter.memory.records == wanted.memory.records and meter.memory.tariff_count == 2


def status(visits: Visits) -> list[tuple[str, int]]:
    """What `audit status` finds, with its exit codes."""
    return [(error.state, error.exit_code) for error in look(visits.home.current()).findings]


def plan_back(visit: Visit, work: str) -> Ended:
    """`plan restore WORK`, then `apply`."""
    session = visit.session
    session.resolve_doubts()
    records = records_of(session.place, work)
    plan = restore_plan(
        Terms(
            order=visit.order,
            driver=session.site.driver,
            profile=session.profile,
            before=session.look(),
            time_source=visit.time_source,
            experimental=False,
            now=session.now(),
        ),
        earlier=state_before(records, work),
        actions=planned_actions(records),
        restores=work,
    )
    saved = decode_plan(encode_plan(plan))
    before = session.look()
    again = session.plan_again(saved, before)
    session.begin(Form(), before, restores=again.restores)
    results = session.carry_out(again, YES)
    after, problems = session.look_after(again, results)
    return session.close(Form(), results, after, problems)


def close_all(visit: Visit) -> list[Closed]:
    """`audit resolve --close`."""
    session = visit.session
    session.resolve_doubts()
    read_back(session.site, session.log, session.place)
    after = session.look()
    here = session.log.open_works_at(session.site.identity.serial_number)
    works = [Work.again(session.log, session.place, each.work) for each in here]
    return [close_as_it_stands(work, session.site, session.profile, after, (), judge) for work in works]


def give_up(visits: Visits, work: str = "117/1") -> Abandoned:
    """`audit abandon`: no meter, no port."""
    with visits.home.open(Run.start()) as log:
        return abandon(Work.again(log, visits.home.current(), work), BURNT, judge)


# --- it is told, and it bars others ---------------------------------------------------------------------------------


def test_a_half_written_meter_with_every_answer_known_is_told(visits: Visits, meter: SimulatedMercury200) -> None:
    leave_half_written(visits, meter)
    assert is_mixed(meter)
    assert visits.report().state == "ok", "nothing is wrong with the log, and no frame is in doubt"
    assert status(visits) == [("work-open", 11)]
    (found,) = look(visits.home.current()).findings
    assert isinstance(found, WorkOpenError)
    assert (found.work, found.order_no, found.serial_number) == ("117/1", "117", "06925646")


@pytest.mark.parametrize("order", [OTHER, CHANGED], ids=["another order", "the order mended"])
def test_no_other_work_writes_to_it(visits: Visits, meter: SimulatedMercury200, order: Order) -> None:
    leave_half_written(visits, meter)
    visit, spy = spied(visits, meter, order)
    with pytest.raises(WorkOpenError) as refused:
        visit.carry_out()
    visit.leave()
    assert refused.value.exit_code == 11
    assert "117/1" in str(refused.value)
    for way in ("meterlink visit", "plan restore 117/1", "audit resolve --close", "audit abandon 117/1"):
        assert way in refused.value.hint
    assert spy.writes == []
    assert [record["work"] for record in visits.records("work.open")] == ["117/1"], "refused before anything is told"


def test_the_same_order_goes_on_and_nothing_is_open_behind_it(visits: Visits, meter: SimulatedMercury200) -> None:
    leave_half_written(visits, meter)
    visit = visits.at(meter)
    ended = visit.carry_out()
    visit.leave()
    assert (ended.work, ended.result) == ("117/1", "done")
    assert holds_the_order(meter)
    assert status(visits) == []
    assert visits.at(meter, OTHER).carry_out().result == "nothing"


def test_another_meter_is_not_barred(visits: Visits, meter: SimulatedMercury200) -> None:
    leave_half_written(visits, meter)
    other = order_of(("dst_off",), "", serial="06925647")
    assert visits.at(make_meter(serial="06925647"), other).carry_out().result == "done"


def test_a_work_that_announced_nothing_bars_nobody(visits: Visits, meter: SimulatedMercury200) -> None:
    visit, spy = spied(visits, meter)
    visit.begin()
    visit.leave()
    assert spy.writes == []
    assert status(visits) == []
    assert [(work.work, work.wrote) for work in look(visits.home.current()).found.chain.works] == [("117/1", False)]
    assert visits.at(meter, OTHER).carry_out().result == "done"


def test_what_others_did_before_a_work_wrote_is_its_state_before(visits: Visits, meter: SimulatedMercury200) -> None:
    """Stopped at the question, done by another order, then gone on with: the act and the way back start from there."""
    visit = visits.at(meter)
    visit.begin()
    visit.leave()
    other = visits.at(meter, OTHER)
    assert other.carry_out().result == "done"
    other.leave()
    visit = visits.at(meter)
    visit.begin()
    visit.leave()
    records = records_of(visits.home.current(), "117/1")
    assert [record.d["purpose"] for record in records if record.type == "read" and "snapshot" in record.d] == [
        "before",
        "before",
    ]
    before = state_before(records, "117/1")
    assert before.dst is not None
    assert not before.dst.enabled
    assert before.tariffs is not None
    assert before.tariffs.tariffs_in_force == 2
    act = act_body(records)
    assert act["dst"]["before"]["enabled"] == "no"
    assert act["tariffs"]["before"]["in_force"] == 2


def test_a_work_that_wrote_nothing_is_closed_without_a_word_about_what_others_did(
    visits: Visits, meter: SimulatedMercury200
) -> None:
    visit = visits.at(meter)
    visit.begin()
    visit.leave()
    other = visits.at(meter, CHANGED)
    assert other.carry_out().result == "done"
    other.leave()
    visit = visits.at(meter)
    (closed,) = close_all(visit)
    visit.leave()
    assert (closed.work, closed.result, closed.problems) == ("117/1", "cancelled", ())
    assert {part.state for part in closed.parts} == {"not-begun"}
    assert visits.act("117/1")["result"] == "cancelled"
    assert visits.act("117/1")["problems"] == []
    assert status(visits) == []


def test_what_was_begun_at_another_meter_is_not_gone_on_with(visits: Visits, meter: SimulatedMercury200) -> None:
    """A plate that shows a part of the number may fit two meters; the person was told that the work goes on."""
    leave_half_written(visits, meter)
    other, spy = spied(visits, make_meter(serial="06925647"))
    with pytest.raises(NotOrderedMeterError) as refused:
        other.carry_out()
    other.leave()
    assert "06925646" in str(refused.value)
    assert (spy.writes, len(visits.records("work.open"))) == ([], 1)


# --- taken back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [None, OTHER, CHANGED], ids=["the same order", "another order", "the order mended"])
def test_taking_it_back_closes_it_first(visits: Visits, meter: SimulatedMercury200, order: Order) -> None:
    leave_half_written(visits, meter)
    visit, _ = spied(visits, meter, order)
    ended = plan_back(visit, "117/1")
    visit.leave()
    assert ended.result == "done"
    assert meter.memory.records == make_meter().memory.records
    closed = visits.records("work.close")
    assert [(each["work"], each["d"]["result"]) for each in closed] == [("117/1", "partly"), (ended.work, "done")]
    assert visits.act(ended.work)["restores"] == "117/1"
    assert visits.act("117/1")["result"] == "partly"
    assert status(visits) == []
    assert visits.report().state == "ok"


def test_taking_back_another_work_is_barred_too(visits: Visits, meter: SimulatedMercury200) -> None:
    first = visits.at(meter, OTHER)
    assert first.carry_out().work == "200/1"
    first.leave()
    meter.memory.records = make_meter().memory.records
    leave_half_written(visits, meter)
    visit, spy = spied(visits, meter, OTHER)
    with pytest.raises(WorkOpenError):
        plan_back(visit, "200/1")
    assert spy.writes == []
    assert visits.records("work.close")[-1]["work"] == "200/1"


def test_where_yet_another_is_open_nothing_is_closed_before_it_is_refused(
    visits: Visits, meter: SimulatedMercury200
) -> None:
    """As a log of a program without the bar may hold it."""
    leave_half_written(visits, meter)
    visit, spy = spied(visits, meter)
    d: dict[str, Any] = {"order": {"number": "300"}, "meter": {"answered": SERIAL}}
    visit.log.append(Entry(type="work.open", work="300/1", d=d))
    frame = {"i": 0, "bytes": "00"}
    d = {"operation": "x", "part": 1, "parts": 1, "frames": [frame], "meter": {"serial_number": SERIAL}}
    of = visit.log.append(Entry(type="intent", work="300/1", d=d))
    visit.log.append(Entry(type="outcome", work="300/1", d={"of": of, "i": 0, "result": "ok"}))
    with pytest.raises(WorkOpenError) as refused:
        plan_back(visit, "117/1")
    assert refused.value.work == "300/1"
    assert (spy.writes, visits.records("work.close")) == ([], [])
    assert [closed.work for closed in close_all(visit)] == ["117/1", "300/1"], "the way out of it"
    assert status(visits) == []


# --- closed as it stands --------------------------------------------------------------------------------------------


def assert_counted_alike(closed: Closed, act: Mapping[str, Any]) -> None:
    """What is shown at the closing and what stands on paper are one count."""
    told = {each["action"]: (each["standing"], each["total"]) for each in act["actions"] if each["action"] != "read"}
    assert {part.action: (part.standing, part.total) for part in closed.parts} == told


def test_rows_that_a_table_was_announced_with_and_that_stay_are_not_counted(
    visits: Visits, meter: SimulatedMercury200
) -> None:
    leave_half_written(visits, meter)
    (intent, *_) = [each for each in visits.records("intent") if each["d"]["operation"].startswith("rewrite")]
    frame = intent["d"]["frames"][0]
    unmoved = {**frame, "i": 0, "parameter": "season 9", "old": "00", "new": "00"}
    d = {**intent["d"], "part": 1, "parts": 1, "frames": [unmoved]}
    visit = visits.at(meter)
    of = visit.log.append(Entry(type="intent", d=d, work="117/1"))
    visit.log.append(Entry(type="outcome", d={"of": of, "i": 0, "result": "not-sent"}, work="117/1"))
    (closed,) = close_all(visit)
    visit.leave()
    assert {part.action: part.total for part in closed.parts}["schedule"] == 96
    assert_counted_alike(closed, visits.act("117/1"))


def test_closed_as_it_stands_it_says_what_is_done_and_what_is_not(visits: Visits, meter: SimulatedMercury200) -> None:
    leave_half_written(visits, meter)
    visit, spy = spied(visits, meter)
    (closed,) = close_all(visit)
    visit.leave()
    assert spy.writes == []
    assert (closed.work, closed.result, closed.problems) == ("117/1", "partly", ())
    assert {part.action: (part.state, part.standing, part.total) for part in closed.parts} == {
        "dst_off": ("done", 1, 1),
        "clock": ("done", 1, 1),
        "holidays": ("done", 0, 0),
        "schedule": ("partly", RECORDS, 96),
        "tariff_mode": ("not-begun", 0, 0),
    }
    act = visits.act("117/1")
    assert {step["action"]: step["result"] for step in act["steps"]} == {
        "dst_off": "verified",
        "clock": "verified",
        "schedule": "differs",
        "tariff_mode": "not-begun",
    }
    assert {each["state"] for each in act["actions"] if each["action"] == "schedule"} == {"partly"}
    assert_counted_alike(closed, act)
    assert status(visits) == []
    assert visits.report().state == "ok"
    assert visits.at(meter, OTHER).carry_out().result == "done"
    assert holds_the_order(meter)


def test_a_step_whose_values_all_stand_counts_as_written(visits: Visits, meter: SimulatedMercury200) -> None:
    visit, spy = spied(visits, meter)
    stopped_between(96)(spy)
    with pytest.raises(KeyboardInterrupt):
        visit.carry_out()
    visit.leave()
    (closed,) = close_all(visits.at(meter))
    assert {part.action: part.state for part in closed.parts}["schedule"] == "done"
    assert closed.result == "partly", "the number of tariffs was never begun"
    assert [record["d"]["result"] for record in visits.records("work.step")][-1] == "verified"


def test_what_somebody_else_changed_meanwhile_is_a_problem(visits: Visits, meter: SimulatedMercury200) -> None:
    leave_half_written(visits, meter)
    meter.memory.kept[m.READ_DST.code] = make_meter().memory.get(m.READ_DST)
    (closed,) = close_all(visits.at(meter))
    assert [type(problem).__name__ for problem in closed.problems] == ["ReadBackError"]
    assert {part.action: part.state for part in closed.parts}["dst_off"] == "not-done"
    assert len(visits.records("work.problem")) == 1
    assert visits.act("117/1")["problems"]


def test_energy_that_moved_as_it_cannot_is_a_problem(visits: Visits, meter: SimulatedMercury200) -> None:
    leave_half_written(visits, meter)
    poorer = make_meter(energy=("1.00", "6208.34", "0", "0"), started_at=START)
    poorer.memory.records, poorer.memory.kept = meter.memory.records, meter.memory.kept
    (closed,) = close_all(visits.at(poorer))
    assert "EnergyMovedError" in [type(problem).__name__ for problem in closed.problems]


# --- given up: the meter died or was swapped ------------------------------------------------------------------------


def test_a_work_at_a_meter_that_is_gone_is_given_up_and_bars_nobody(visits: Visits, meter: SimulatedMercury200) -> None:
    leave_half_written(visits, meter)
    given_up = give_up(visits)
    assert (given_up.work, given_up.result) == ("117/1", "in-doubt")
    assert status(visits) == []
    assert visits.report().state == "ok"
    assert visits.at(meter, OTHER).carry_out().result == "done"
    assert holds_the_order(meter)


def test_what_was_acknowledged_and_not_read_back_stays_unknown(visits: Visits, meter: SimulatedMercury200) -> None:
    leave_half_written(visits, meter)
    given_up = give_up(visits)
    settled = visits.records("resolve")
    assert len(settled) == len(given_up.resolved) == RECORDS
    assert {(each["d"]["decision"], each["d"]["found"], each["work"]) for each in settled} == {
        ("unknown", "not read", "117/1")
    }
    assert {each.doubt.result for each in given_up.resolved} == {"ok"}


def test_what_is_in_doubt_in_it_stays_unknown_and_is_in_doubt_no_more(
    visits: Visits, meter: SimulatedMercury200
) -> None:
    visit, spy = spied(visits, meter)
    spy.deaf = lambda frame: bool(spy.writes)
    with pytest.raises(InDoubtError):
        visit.carry_out()
    visit.leave()
    assert ("in-doubt", 11) in status(visits)
    given_up = give_up(visits)
    assert [(each.doubt.parameter, each.doubt.result) for each in given_up.resolved] == [("DST flag", "no-answer")]
    assert status(visits) == []
    assert visits.act("117/1")["doubts"] == []


def test_only_its_own_frames_are_given_up(visits: Visits, meter: SimulatedMercury200) -> None:
    leave_half_written(visits, meter)
    with visits.home.open(Run.start()) as log:
        frames = [{"i": 0, "bytes": "00"}]
        d = {"operation": "x", "part": 1, "parts": 1, "frames": frames, "meter": {"serial_number": "06925647"}}
        of = log.append(Entry(type="intent", work="300/1", d=d))
    give_up(visits)
    assert of not in [each["d"]["of"] for each in visits.records("resolve")]
    assert status(visits) == [("in-doubt", 11)]


def test_the_last_record_tells_no_readings(visits: Visits, meter: SimulatedMercury200) -> None:
    leave_half_written(visits, meter)
    give_up(visits)
    (closed,) = visits.records("work.close")
    assert "readings_after" not in closed["d"]
    assert closed["d"]["result"] == "in-doubt"
    assert [each["d"]["text"] for each in visits.records("log.note")] == [BURNT]
    assert [each["d"]["purpose"] for each in visits.records("read") if "snapshot" in each["d"]] == ["before"]


@pytest.mark.parametrize(
    ("language", "says"),
    [
        (
            Language.EN,
            f"What stands in the meter after the work is not known: it could not be read, and the work was "
            f"closed without that. Reason: “{BURNT}”.",
        ),
        (
            Language.RU,
            f"Что стоит в приборе после работы, неизвестно: прочитать его не удалось, и работа закрыта без "
            f"этого. Причина: «{BURNT}».",
        ),
    ],
)
def test_the_act_says_that_nobody_knows_and_why(
    visits: Visits, meter: SimulatedMercury200, language: Language, says: str
) -> None:
    leave_half_written(visits, meter)
    give_up(visits)
    act = visits.act("117/1")
    assert (act["result"], act["schedule_left"], act["readings"]["after_at"]) == ("in-doubt", "not-read", "not-read")
    assert {step["action"]: step["result"] for step in act["steps"]} == {
        "dst_off": "verified",
        "clock": "verified",
        "schedule": "in-doubt",
        "tariff_mode": "not-begun",
    }
    page = html_act(act, {}, "", language)
    assert says in page
    assert {Language.EN: "Settled by reading", Language.RU: "Разрешено чтением"}[language] not in page
    assert {Language.EN: "Left unknown", Language.RU: "Осталось неизвестным"}[language] in page


def test_a_work_that_wrote_nothing_is_only_cancelled(visits: Visits, meter: SimulatedMercury200) -> None:
    visit = visits.at(meter)
    visit.begin()
    visit.leave()
    given_up = give_up(visits)
    assert (given_up.result, given_up.resolved) == ("cancelled", ())
    page = html_act(visits.act("117/1"), {}, "")
    assert BURNT in page
    assert "неизвестно: прочитать его не удалось" not in page


def test_what_is_closed_is_not_given_up(visits: Visits, meter: SimulatedMercury200) -> None:
    visit = visits.at(meter)
    visit.carry_out()
    visit.leave()
    before = len(visits.records())
    with pytest.raises(WorkClosedError) as refused:
        give_up(visits)
    assert (refused.value.work, refused.value.result, refused.value.exit_code) == ("117/1", "done", 8)
    with pytest.raises(NoWorkError):
        give_up(visits, "118/1")
    assert len(visits.records()) == before


def test_giving_up_that_was_cut_off_is_finished_by_the_next(
    visits: Visits, meter: SimulatedMercury200, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_args: object) -> str:
        raise KeyboardInterrupt

    leave_half_written(visits, meter)
    with monkeypatch.context() as patched:
        patched.setattr(Work, "close", killed)
        with pytest.raises(KeyboardInterrupt):
            give_up(visits)
    assert give_up(visits).result == "in-doubt"
    assert len(visits.records("resolve")) == RECORDS
    assert [len(visits.records(each)) for each in ("log.note", "work.close")] == [1, 1]


# --- acknowledged, and never read back ------------------------------------------------------------------------------


def test_what_was_acknowledged_and_not_read_back_is_read_back(visits: Visits, meter: SimulatedMercury200) -> None:
    visit, spy = spied(visits, meter)
    spy.deaf = lambda frame: bool(spy.writes) and frame[4] == m.READ_DST.code
    with pytest.raises(InDoubtError) as error:
        visit.carry_out()
    visit.leave()
    assert error.value.work == "117/1"
    assert status(visits) == [("work-open", 11)]
    again = visits.at(meter).session
    assert resolve(again.site, again.log, again.place) == [], "it is acknowledged: nothing is in doubt"
    (settled,) = read_back(again.site, again.log, again.place)
    assert (settled.doubt.parameter, settled.doubt.result, settled.decision) == ("DST flag", "ok", "written")
    assert [(each["d"]["decision"], each["work"]) for each in visits.records("resolve")] == [("written", "117/1")]
    assert read_back(again.site, again.log, again.place) == [], "once is enough"
    assert status(visits) == [("work-open", 11)]


def test_of_a_schedule_every_record_that_was_answered_is_read_back(visits: Visits, meter: SimulatedMercury200) -> None:
    leave_half_written(visits, meter)
    session = visits.at(meter).session
    settled = [*resolve(session.site, session.log, session.place), *read_back(session.site, session.log, session.place)]
    assert [each.decision for each in settled].count("written") == RECORDS
    assert Action.SCHEDULE.value in planned_actions(records_of(session.place, "117/1"))


# --- when it began --------------------------------------------------------------------------------------------------


def test_the_work_says_when_the_visit_began(visits: Visits, meter: SimulatedMercury200) -> None:
    """In the zone of the meter's place, by the clock that tells the time of every record, and before all of them."""
    visits.at(meter, order_of(("dst_off",), "", tz="Asia/Yekaterinburg")).carry_out()
    (opened,) = visits.records("work.open")
    arrived = datetime.fromisoformat(opened["d"]["arrived_at"])
    assert arrived.utcoffset() == timedelta(hours=5)
    assert arrived <= datetime.fromisoformat(opened["t"])
    assert datetime.fromisoformat(opened["t"]) - arrived < timedelta(minutes=5)
