"""One visit of the program at one simulated meter, in memory and in virtual time, with a log on the disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from meterlink.audit.home import AuditHome, find_home
from meterlink.audit.run import Run
from meterlink.audit.store import SealedLog
from meterlink.audit.verify import verify_log
from meterlink.cli.act_files import act_of, judge
from meterlink.context import PasswordAttempts
from meterlink.driver import Target
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.registry import load_driver
from meterlink.sim.line import VirtualWire
from meterlink.testing import START
from meterlink.visit.carrying import Site
from meterlink.visit.form import Form
from meterlink.visit.order import Order
from meterlink.visit.plan import TimeSource
from meterlink.visit.session import Confirmed, Ended, Frames, Session
from meterlink.visit.work import WorkGate
from meterlink.zone import parse_zone
from tests.audit.logs import records


@dataclass
class Place:
    """A log in a folder, and a meter that stays where it is from one run of the program to the next."""

    folder: Path
    family: str
    target: Target
    wire: VirtualWire
    home: AuditHome = field(init=False)
    port: MemoryPort = field(init=False)

    def __post_init__(self) -> None:
        self.port = MemoryPort(self.wire, self.target.profile.line.line, starts_at=START, name="memory")
        self.home = find_home(self.folder)
        with self.home.create(Run.start(), "standalone", {"office": []}):
            pass

    def session(self, order: Order, log: SealedLog, *, experimental: bool = False) -> Session:
        """What one run of the program has in hand; the passwords that it tried are its own."""
        driver = load_driver(self.family)
        gate, frames = WorkGate(), Frames()
        exchange = exchange_for(
            driver,
            self.target,
            line=self.target.profile.line.line,
            port_name=self.port.name,
            gate=gate,
            observer=frames,
            passwords=PasswordAttempts(),
        )
        talk = Dialogue(self.port, exchange)
        site = Site(
            talk=talk,
            driver=driver,
            target=self.target,
            identity=talk.run(driver.identify(self.target)),
            zone=parse_zone(order.tz),
        )
        return Session(
            site=site,
            order=order,
            profile=self.target.profile,
            port="sim",
            program="meterlink test",
            log=log,
            place=self.home.current(),
            gate=gate,
            frames=frames,
            random=Random(7).randbytes,
            judge=judge,
            performer="petrov",
            time_source=TimeSource.CONFIRMED,
            experimental=experimental,
        )

    def visit(self, order: Order, *, experimental: bool = False) -> Ended:
        """The whole main job, every question answered with yes."""
        with self.home.open(Run.start()) as log:
            session = self.session(order, log, experimental=experimental)
            before = session.look()
            session.begin(Form(), before)
            plan = session.plan(before)
            results = session.carry_out(plan, Confirmed(by="petrov", how="serial number typed"))
            after, problems = session.look_after(plan, results)
            ended = session.close(Form(), results, after, problems)
        assert verify_log(self.home.current().bytes()).state == "ok"
        return ended

    @property
    def records(self) -> list[dict[str, Any]]:
        return records(self.home.current().bytes())

    @property
    def act(self) -> Any:
        """The body of the act, as it is made of the log."""
        return act_of(self.home.current(), None).body
