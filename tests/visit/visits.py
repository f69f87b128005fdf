"""Whole visits in memory and in virtual time: an order, a log on the disk, a simulated meter of any family.

Where nothing else is said the meter is a Mercury 200; the other families give a target and what their writes are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from meterlink.audit.home import AuditHome, find_home
from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from meterlink.audit.store import SealedLog
from meterlink.audit.verify import Report, verify_log
from meterlink.cli.act_files import act_of, judge
from meterlink.context import PasswordAttempts
from meterlink.driver import Target
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.model import Identity
from meterlink.registry import load_driver
from meterlink.sim.bus import VirtualBus
from meterlink.sim.faults import FaultSpec, wrap
from meterlink.sim.line import Burst, SimulatedMeter, VirtualWire
from meterlink.sim.state import SimState
from meterlink.tariff import YearSchedule, preset
from meterlink.testing import START
from meterlink.visit.carrying import Site, StepResult
from meterlink.visit.form import Form
from meterlink.visit.order import Order
from meterlink.visit.order_form import read_order
from meterlink.visit.plan import Plan, TimeSource
from meterlink.visit.session import Ended, Frames, Session
from meterlink.visit.snapshot import Snapshot
from meterlink.visit.work import Confirmed, WorkGate
from meterlink.wire.line import Line
from meterlink.zone import parse_zone
from meterlink_mercury200.sim import Behaviour, SimulatedMercury200, simulate
from tests.audit.logs import records
from tests.drivers.mercury200.struck import is_write
from tests.shipped import library
from tests.wires import Passing

MODEL: Final = "mercury-200.02"
SERIAL: Final = "06925646"
ADDRESS: Final = "925646"
BETWEEN_RUNS_S: Final = 600.0
"""Of virtual time, from the beginning of one run to that of the next."""
YES: Final = Confirmed(by="petrov", how="serial number typed")
_ORDER: Final = """
order_no = "117"
order_date = 2025-07-18
basis = "application"
tz = "{tz}"
actions = {actions}
{more}

[organisation]
name = "ООО Сбыт"

[customer]
kind = "household"
account_no = "0012345678"
name = "Иванова А. П."
phone = "+7 900 000-00-00"

[address]
settlement = "Москва"
street = "ул. Лесная"

[meter]
model = "{model}"
serial_number = "{serial}"
network_address = "{address}"

[[performers]]
id = "petrov"
name = "Петров И. С."
post = "электромонтёр"
certificate = "0412"
certificate_expires = 2099-01-01
safety_group = "III"
"""
EVERYTHING: Final = ("read", "dst_off", "clock", "holidays", "schedule", "tariff_mode")
PLAN_2: Final = 'tariff_plan = "ru-household-2"'
REASON: Final = 'clock_reason = "после 26.10.2014 часы не переводились"'


def order_text(
    actions: tuple[str, ...] = EVERYTHING,
    more: str = f"{PLAN_2}\n{REASON}",
    *,
    tz: str = "Europe/Moscow",
    model: str = MODEL,
    serial: str = SERIAL,
    address: str = ADDRESS,
) -> str:
    listed = "[" + ", ".join(f'"{action}"' for action in actions) + "]"
    return _ORDER.format(actions=listed, more=more, tz=tz, model=model, serial=serial, address=address)


def order_of(*args: Any, **kwargs: Any) -> Order:
    return read_order(order_text(*args, **kwargs).encode(), "toml", lambda name: b"")


def make_meter(
    *,
    clock_error_s: float = 3614,
    dst: bool = True,
    schedule: YearSchedule | None = None,
    behaviour: Behaviour | None = None,
    energy: tuple[str, ...] = ("15621.42", "6208.34", "0", "0"),
    serial: str = SERIAL,
    started_at: float = START,
) -> SimulatedMercury200:
    """A meter one hour ahead, with DST on and one tariff, unless something else is asked for."""
    state = SimState(
        started_at=started_at,
        serial_number=serial,
        address=ADDRESS,
        clock_error=timedelta(seconds=clock_error_s),
        dst_enabled=dst,
        schedule=schedule or preset("ru-household-1").schedule,
        energy_kwh=tuple(map(Decimal, energy)),
    )
    return simulate(library().get(MODEL), state, behaviour)


class Killed(BaseException):
    """The program is gone at this moment, and writes nothing more."""


@dataclass
class Spied(Passing):
    """A wire that remembers what the program sent, and lets something happen to the meter or the line.

    `first` and `then` are called with each frame and its moment, before the meter hears it and when it has acted on
    it; `deaf` says whether what the meter answers to a frame is lost on its way back.
    """

    changes_meter: Callable[[bytes], bool] = is_write
    first: Callable[[bytes, float], None] = lambda frame, now: None
    then: Callable[[bytes, float], None] = lambda frame, now: None
    deaf: Callable[[bytes], bool] = lambda frame: False
    frames: list[bytes] = field(default_factory=list)
    _waiting: list[bytes] = field(default_factory=list)
    _is_lost: bool = False

    @property
    def writes(self) -> list[bytes]:
        return [frame for frame in self.frames if self.changes_meter(frame)]

    def receive(self, data: bytes, now: float, line: Line) -> None:
        self.frames.append(data)
        self._waiting.append(data)
        self._is_lost = self.deaf(data)
        self.first(data, now)
        super().receive(data, now, line)

    def poll(self, now: float) -> list[Burst]:
        bursts = super().poll(now)
        if bursts and self._waiting:  # the meter acts, and then it answers
            self.then(self._waiting.pop(), now)
            self._waiting.clear()
        return [] if self._is_lost else bursts


@dataclass
class Visits:
    """One log in a folder; visits to meters, one run of the program each."""

    folder: Path
    target: Target = field(default_factory=lambda: Target(address=ADDRESS, profile=library().get(MODEL)))
    changes_meter: Callable[[bytes], bool] = is_write
    """Of the family of the target: whether a frame can change its meter."""
    home: AuditHome = field(init=False)
    _runs: int = 0
    _last: Visit | None = None

    def __post_init__(self) -> None:
        self.home = find_home(self.folder)
        with self.home.create(Run.start(), "standalone", {"office": []}):
            pass

    def at(
        self,
        meter: SimulatedMeter,
        order: Order | None = None,
        *,
        faults: tuple[FaultSpec, ...] = (),
        wire: Callable[[VirtualWire], VirtualWire] = lambda wire: wire,
        time_source: TimeSource = TimeSource.CONFIRMED,
        experimental: bool = False,
        starts_at: float = START,
        seed: int = 7,
    ) -> Visit:
        """A new run of the program at this meter, behind the one before; `starts_at` is when the first one begins."""
        begins = starts_at + self._runs * BETWEEN_RUNS_S
        if self._last is not None:
            begins = max(begins, self._last.talk.now() + 1)
        self._runs += 1
        readdress = load_driver(self.target.profile.driver).readdress
        with ExitStack() as unless_met:
            self._last = Visit(
                target=self.target,
                order=order or order_of(),
                meter=meter,
                log=unless_met.enter_context(self.home.open(Run.start())),
                home=self.home,
                wire=wire(wrap(VirtualBus([meter]), list(faults), seed, readdress)),
                time_source=time_source,
                experimental=experimental,
                starts_at=begins,
                seed=self._runs,
            )
            unless_met.pop_all()
        return self._last

    def records(self, *types: str) -> list[dict[str, Any]]:
        """What anybody finds on the disk now."""
        found = records(self.home.current().bytes())
        return [record for record in found if not types or record["type"] in types]

    def report(self) -> Report:
        return verify_log(self.home.current().bytes())

    def act(self, work: str | None = None) -> Mapping[str, Any]:
        """The body of the act of a work, as it is made of the log now."""
        return act_of(self.home.current(), work).body


@dataclass
class Visit:
    """One run: its dialogue begins where virtual time stands for this meter."""

    target: Target
    order: Order
    meter: SimulatedMeter
    log: SealedLog
    home: AuditHome
    wire: VirtualWire
    time_source: TimeSource
    experimental: bool
    starts_at: float
    seed: int
    session: Session = field(init=False)
    talk: Dialogue = field(init=False)
    plan: Plan | None = None
    _port: MemoryPort = field(init=False)

    def __post_init__(self) -> None:
        target = self.target
        driver, line = load_driver(target.profile.driver), target.profile.line.line
        gate, frames = WorkGate(), Frames()
        port = self._port = MemoryPort(self.wire, line, starts_at=self.starts_at, name="memory")
        exchange = exchange_for(
            driver,
            target,
            line=line,
            port_name=port.name,
            gate=gate,
            observer=frames,
            passwords=PasswordAttempts(),  # each run is a process of its own
        )
        self.talk = Dialogue(port, exchange)
        identity: Identity = self.talk.run(driver.identify(target))
        self.session = Session(
            site=Site(talk=self.talk, driver=driver, target=target, identity=identity, zone=self.zone),
            order=self.order,
            profile=target.profile,
            port="sim",
            program="meterlink test",
            log=self.log,
            place=self.home.current(),
            gate=gate,
            frames=frames,
            random=Random(self.seed).randbytes,
            judge=judge,
            performer="petrov",
            time_source=self.time_source,
            experimental=self.experimental,
        )

    @property
    def zone(self) -> tzinfo:
        return parse_zone(self.order.tz)

    def begin(self, form: Form | None = None) -> Snapshot:
        """Doubts resolved, the state before read, the work open."""
        self.session.resolve_doubts()
        before = self.session.look()
        self.session.begin(form or Form(), before)
        return before

    def carry_out(self, form: Form | None = None, turned: Callable[[Plan], Plan] = lambda plan: plan) -> Ended:
        """The whole visit, confirmed; `turned` may put the plan into another order first."""
        before = self.begin(form)
        self.plan = turned(self.session.plan(before))
        results: list[StepResult] = []
        if self.plan.steps:
            results = self.session.carry_out(self.plan, YES)
        else:
            self.session.nothing_to_do(self.plan)
        after, problems = self.session.look_after(self.plan, results)
        return self.session.close(form or Form(), results, after, problems)

    def leave(self) -> None:
        """The program ends; what it holds is let go of."""
        self.log.close()

    def to_its_end(self, turned: Callable[[Plan], Plan] = lambda plan: plan) -> Ended:
        """The whole visit, and behind it a log without fault or doubt."""
        try:
            ended = self.carry_out(turned=turned)
        finally:
            self.leave()
        assert verify_log(self.home.current().bytes()).state == "ok"
        return ended

    def slow_disk(self, monkeypatch: pytest.MonkeyPatch, delays_s: Sequence[float]) -> None:
        """The disk takes so long for each announcement, one after another, and no time for those behind them."""
        announce, left = self.log.announce, list(delays_s)

        def announcing(intents: Sequence[Entry], serial_number: str) -> list[int]:
            told = announce(intents, serial_number)
            self._port.read(self._port.now() + (left.pop(0) if left else 0.0))
            return told

        monkeypatch.setattr(self.log, "announce", announcing)


def spied(visits: Visits, meter: SimulatedMeter, order: Order | None = None, **kwargs: Any) -> tuple[Visit, Spied]:
    """A run whose frames are remembered."""
    spies: list[Spied] = []

    def spy(wire: VirtualWire) -> VirtualWire:
        spies.append(Spied(wire, visits.changes_meter))
        return spies[0]

    return visits.at(meter, order, wire=spy, **kwargs), spies[0]


def results_of(ended: Ended) -> Mapping[str, str]:
    """The result of each step by its action."""
    return {result.step.action.value: result.result.value for result in ended.results}


def clock_error_s(ended: Ended) -> float:
    """By how much the clock was off at the end."""
    assert ended.after is not None
    assert ended.after.clock is not None
    assert ended.after.clock.error is not None
    return ended.after.clock.error.total_seconds()
