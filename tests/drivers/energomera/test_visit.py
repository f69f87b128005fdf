"""A whole visit at a CE6850M: order, plan, prompts, writes behind the password, read-back, log, act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from meterlink.audit.canonical import encode_canonical
from meterlink.audit.doubt import unread
from meterlink.audit.home import find_home
from meterlink.audit.record import decode_record
from meterlink.audit.run import Run
from meterlink.audit.verify import verify_log
from meterlink.cli.act_files import act_of, judge
from meterlink.context import PasswordAttempts
from meterlink.driver import Target
from meterlink.errors import ExperimentalError, ReadBackError
from meterlink.flow import Announcement, Outcome
from meterlink.language import Language
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.model import Action
from meterlink.registry import load_driver
from meterlink.report.passport import passport_line
from meterlink.sim.bus import VirtualBus
from meterlink.sim.line import Burst, VirtualWire
from meterlink.sim.state import SimState
from meterlink.tariff import preset
from meterlink.testing import START
from meterlink.visit.carrying import Site
from meterlink.visit.form import Form
from meterlink.visit.order_form import read_order
from meterlink.visit.plan import TimeSource
from meterlink.visit.secrets import Secret
from meterlink.visit.session import Confirmed, Ended, Frames, Session, prompts_of
from meterlink.visit.work import WorkGate
from meterlink.wire.line import Line
from meterlink.zone import parse_zone
from meterlink_energomera.errors import OutOfRangeError, PasswordUnansweredError
from meterlink_energomera.sim import Behaviour, SimulatedEnergomera, simulate
from tests.audit.logs import records
from tests.drivers.energomera.meters import library
from tests.visit.visits import order_text, results_of

SERIAL = "000000000800001"
ADDRESS = "000800001"
ACTIONS = ("read", "dst_off", "clock", "schedule", "holidays")
MORE = 'tariff_plan = "ru-household-2"\nclock_reason = "x"\npassword_ref = "flat-5"\nholidays = ["01-01", "05-09"]'


def visit(
    folder: Path,
    *,
    model: str = "ce6850m",
    behaviour: Behaviour | None = None,
    password: bytes = b"777777",
    actions: tuple[str, ...] = ACTIONS,
    error_s: float = 3614,
    experimental: bool = False,
    wire: Callable[[VirtualWire], VirtualWire] = lambda wire: wire,
    slow: tuple[float, ...] = (),
) -> tuple[Ended, SimulatedEnergomera, list[dict[str, Any]], Any]:
    """One run of the program, over `wire`; `slow` is how long the disk takes for each announcement."""
    profile = library().get(model)
    text = order_text(actions, MORE, serial=SERIAL, address=ADDRESS).replace('"mercury-200.02"', f'"{model}"')
    order = read_order(text.encode(), "toml", lambda name: b"")
    state = SimState(
        started_at=START,
        serial_number=SERIAL,
        address=ADDRESS,
        clock_error=timedelta(seconds=error_s),
        dst_enabled=error_s > 60,
        schedule=preset("ru-household-1").schedule,
        energy_kwh=tuple(map(Decimal, ("15621.42", "6208.34", "0", "0"))),
    )
    meter = simulate(profile, state, behaviour)
    driver = load_driver("energomera")
    target = Target(address=ADDRESS, profile=profile, secret=Secret("flat-5", password))
    gate, frames, delays_s = WorkGate(), Frames(), list(slow)
    line = profile.line.line
    port = MemoryPort(wire(VirtualBus([meter])), line, starts_at=START, name="memory")

    def slow_gate(entry: Announcement | Outcome) -> None:
        gate(entry)
        if isinstance(entry, Announcement) and delays_s:
            port.read(port.now() + delays_s.pop(0))

    one_run = PasswordAttempts()  # of this visit, as a process is one run of the program
    exchange = exchange_for(
        driver, target, line=line, port_name=port.name, gate=slow_gate, observer=frames, passwords=one_run
    )
    talk = Dialogue(port, exchange)
    home = find_home(folder)
    with home.create(Run.start(), "standalone", {"office": []}):
        pass
    with home.open(Run.start()) as log:
        session = Session(
            site=Site(
                talk=talk,
                driver=driver,
                target=target,
                identity=talk.run(driver.identify(target)),
                zone=parse_zone(order.tz),
            ),
            order=order,
            profile=profile,
            port="sim",
            program="meterlink test",
            log=log,
            place=home.current(),
            gate=gate,
            frames=frames,
            random=Random(7).randbytes,
            judge=judge,
            performer="petrov",
            time_source=TimeSource.CONFIRMED,
            experimental=experimental,
        )
        before = session.look()
        session.begin(Form(), before)
        plan = session.plan(before)
        results = session.carry_out(plan, Confirmed(by="petrov", how="serial number typed"))
        after, problems = session.look_after(plan, results)
        ended = session.close(Form(), results, after, problems)
    assert verify_log(home.current().bytes()).state == "ok"
    return ended, meter, records(home.current().bytes()), act_of(home.current(), None).body


def test_the_main_job(tmp_path: Path) -> None:
    ended, meter, told, act = visit(tmp_path)
    assert (ended.result, ended.problems) == ("done", ())
    assert set(results_of(ended).values()) == {"verified"}
    assert list(results_of(ended)) == ["dst_off", "clock", "schedule", "holidays"]
    assert ended.after is not None
    assert ended.after.dst is not None
    assert ended.after.dst.enabled is False
    assert ended.after.clock is not None
    assert ended.after.clock.error is not None
    assert abs(ended.after.clock.error.total_seconds()) < 1.5
    assert ended.after.holidays is not None
    assert ended.after.holidays.days == ((1, 1), (5, 9))
    schedule = ended.after.year_schedule
    assert schedule is not None
    assert schedule.tariff_at(datetime(2025, 7, 21, 3)) == 2
    assert meter.passwords_heard == 4
    assert act["result"] == "done"
    assert "37 37 37" not in repr(told)
    assert "777777" not in repr(told)


def test_no_frame_of_a_clock_that_is_set_with_its_date_stays_unread(tmp_path: Path) -> None:
    ended, _, told, _ = visit(tmp_path, actions=("read", "clock"), error_s=80_000)
    (intent,) = [record for record in told if record["type"] == "intent"]
    assert len(intent["d"]["frames"]) == 2
    assert results_of(ended) == {"clock": "verified"}
    assert unread(map(decode_record, map(encode_canonical, told))) == []


@pytest.mark.parametrize("model", ["ce301", "ce301by", "ce102m", "ce303"])
def test_schedule_holidays_and_clock_of_every_model_go_through(tmp_path: Path, model: str) -> None:
    """On these no write was ever recorded, so each step asks for the word experimental."""
    ended, meter, _, act = visit(
        tmp_path, model=model, actions=("read", "clock", "schedule", "holidays"), experimental=True
    )
    assert set(results_of(ended).values()) == {"verified"}
    assert act["result"] == "done"
    assert ended.after is not None
    assert ended.after.holidays is not None
    assert ended.after.holidays.days == ((1, 1), (5, 9))
    assert meter.passwords_heard == 3


def test_the_records_say_of_each_frame_of_a_series_what_it_is_about(tmp_path: Path) -> None:
    _, _, told, _ = visit(tmp_path, actions=("read", "schedule"))
    (intent,) = [record for record in told if record["type"] == "intent"]
    named = [frame["parameter"] for frame in intent["d"]["frames"]]
    assert named
    assert max(map(named.count, named)) > 1
    (outcomes,) = [len([one for one in told if one["type"] == "outcome"])]
    assert outcomes == len(named)


def test_a_small_error_is_corrected_softly(tmp_path: Path) -> None:
    ended, meter, _, _ = visit(tmp_path, actions=("read", "clock"), error_s=17)
    assert results_of(ended) == {"clock": "verified"}
    assert [raw[4:11] for raw in meter.writes] == [b"CTIME()"]


class Losing:
    """A wire that loses frames that begin so, or what is answered to them; what is damaged is cut short."""

    def __init__(self, inner: VirtualWire, begins: bytes, *, request: bool = False, damaged: bool = False) -> None:
        self._inner, self._begins, self._request, self._damaged = inner, begins, request, damaged
        self._after = False
        self.frames = 0

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self._after = data.startswith(self._begins)
        self.frames += self._after
        if not (self._after and self._request):
            self._inner.receive(data, now, line)

    def due(self) -> float | None:
        return self._inner.due()

    def poll(self, now: float) -> list[Burst]:
        bursts = self._inner.poll(now)
        if not self._after:
            return bursts
        return [replace(burst, data=b"G") for burst in bursts] if self._damaged else []


CLOCK = ("read", "clock")
NOT_DONE = "Не подтверждено: установка часов."


def test_a_correction_that_the_meter_ignored_differs(tmp_path: Path) -> None:
    ended, _, _, act = visit(
        tmp_path, actions=CLOCK, error_s=17, behaviour=Behaviour(ignores_writes=frozenset({"CTIME"}))
    )
    assert (results_of(ended), ended.result) == ({"clock": "differs"}, "failed")
    assert [type(problem) for problem in ended.problems] == [ReadBackError]
    assert ended.problems[0].exit_code == 7
    assert [step["result"] for step in act["steps"]] == ["differs"]
    assert NOT_DONE in passport_line(act, Language.RU)


def test_a_correction_that_never_arrives_differs(tmp_path: Path) -> None:
    ended, meter, _, act = visit(
        tmp_path, actions=CLOCK, error_s=17, wire=lambda wire: Losing(wire, b"\x01W1", request=True)
    )
    assert (results_of(ended), ended.result) == ({"clock": "differs"}, "failed")
    assert [problem.exit_code for problem in ended.problems] == [7]
    assert meter.writes == []
    assert NOT_DONE in passport_line(act, Language.RU)


def test_a_correction_whose_answer_was_lost_is_judged_by_the_clock(tmp_path: Path) -> None:
    ended, meter, _, act = visit(tmp_path, actions=CLOCK, error_s=17, wire=lambda wire: Losing(wire, b"\x01W1"))
    assert (results_of(ended), ended.problems) == ({"clock": "verified"}, ())
    assert len(meter.writes) == 1
    assert "Часы: было +1" in passport_line(act, Language.RU)
    assert NOT_DONE not in passport_line(act, Language.RU)


@pytest.mark.parametrize(
    ("slow", "result", "frames"), [((12.0,), "verified", 1), ((12.0,) * 3, "not-sent", 0)], ids=["once", "always"]
)
def test_a_correction_that_a_slow_disk_delays_is_made_a_minute_later_or_not_at_all(
    tmp_path: Path, slow: tuple[float, ...], result: str, frames: int
) -> None:
    ended, meter, _, act = visit(tmp_path, actions=CLOCK, error_s=17, slow=slow)
    assert (results_of(ended), len(meter.writes)) == ({"clock": result}, frames)
    assert (NOT_DONE in passport_line(act, Language.RU)) is (result == "not-sent")


def test_a_second_correction_of_one_day_is_told_as_refused(tmp_path: Path) -> None:
    ended, _, _, _ = visit(tmp_path, actions=CLOCK, error_s=17, behaviour=Behaviour(refuses={"W1 CTIME": 17}))
    assert results_of(ended) == {"clock": "refused"}
    assert [type(problem) for problem in ended.problems] == [OutOfRangeError]


@pytest.mark.parametrize("damaged", [False, True], ids=["lost", "damaged"])
@pytest.mark.parametrize("actions", [("read", "dst_off", "schedule"), CLOCK], ids=["settings", "clock"])
def test_a_password_that_was_not_answered_is_told_as_that_and_presented_once(
    tmp_path: Path, actions: tuple[str, ...], damaged: bool
) -> None:
    wires: list[Losing] = []

    def wire(inner: VirtualWire) -> VirtualWire:
        wires.append(Losing(inner, b"\x01P1", damaged=damaged))
        return wires[-1]

    ended, meter, _, _ = visit(tmp_path, actions=actions, wire=wire)
    assert set(results_of(ended).values()) == {"not-sent"}
    assert [type(problem) for problem in ended.problems] == [PasswordUnansweredError]
    assert "After three wrong passwords in a row these meters lock writing" in ended.problems[0].hint
    assert (wires[0].frames, meter.writes) == (1, [])


def test_a_wrong_password_ends_the_work_after_one_attempt(tmp_path: Path) -> None:
    ended, meter, _, _ = visit(tmp_path, password=b"111111", actions=("read", "dst_off", "schedule"))
    assert results_of(ended) == {"dst_off": "refused", "schedule": "not-sent"}
    assert meter.passwords_heard == 1
    assert not meter.writes


def test_a_button_that_nobody_pressed_ends_it_and_the_prompt_says_what_to_do(tmp_path: Path) -> None:
    ended, meter, _, _ = visit(tmp_path, behaviour=Behaviour(needs_button=True), actions=("read", "dst_off"))
    assert results_of(ended) == {"dst_off": "refused"}
    assert meter.memory.writes_done == 0
    (prompt,) = prompts_of([Action.DST_OFF, Action.SCHEDULE], library().get("ce6850m"))
    assert "ДСТП" in prompt


def test_a_model_of_which_no_write_was_ever_seen_needs_the_word_experimental(tmp_path: Path) -> None:
    with pytest.raises(ExperimentalError):
        visit(tmp_path / "a", model="ce303", actions=("read", "dst_off"))
    ended, _, _, _ = visit(tmp_path / "b", model="ce303", actions=("read", "dst_off"), experimental=True)
    assert results_of(ended) == {"dst_off": "verified"}
