"""A simulated meter that is written to, what was told to the gate, what left, and what was struck on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from meterlink.context import PasswordAttempts
from meterlink.driver import Setting, Target, Unliftable, Written
from meterlink.flow import Change, Flow
from meterlink.link.dialogue import Dialogue, exchange_for
from meterlink.link.memory import MemoryPort
from meterlink.model import Action
from meterlink.sim.bus import VirtualBus
from meterlink.sim.faults import parse_faults, wrap
from meterlink.sim.state import SimState
from meterlink.tariff import YearSchedule, preset
from meterlink.testing import START
from meterlink.visit.secrets import Secret
from meterlink.wire.line import Line
from meterlink.wire.payload import hexadecimal
from meterlink_micron import DRIVER
from meterlink_micron.address import Address
from meterlink_micron.checksum import Check
from meterlink_micron.memory import DAY_NAMES, HOLIDAYS
from meterlink_micron.messages import WRITE_CODES, Call, decode_call, readdressed
from meterlink_micron.sim import Behaviour, SimulatedMicron, simulate
from meterlink_micron.stored import FLAG_MASKS, SCHEDULE_CHECK
from tests.drivers import struck
from tests.drivers.book import Book
from tests.drivers.struck import Blow
from tests.shipped import library

PASSWORD: Final = b"000000"
ADDRESS: Final = "83"
FOUR: Final = "seb-1tm.02"
"""A model of four tariffs, of which nobody knows where its day schedules lie."""
FOUR_HIGH: Final = "psch-4tm.05"
EIGHT: Final = "set-4tm.03m"
ONE = preset("ru-household-1").schedule
TWO = preset("ru-household-2").schedule
THREE = preset("ru-household-3").schedule
BEFORE: Final = SimState(started_at=START, address=ADDRESS, schedule=TWO, dst_enabled=True)


def target_of(model: str, address: str = ADDRESS, password: bytes | None = PASSWORD) -> Target:
    secret = None if password is None else Secret("meter", password)
    return Target(address=address, profile=library().get(model), secret=secret)


def sealed(body: str) -> str:
    """The frame of an address and what follows it, in hexadecimal."""
    return Check.CRC.sealed(bytes.fromhex(body)).hex()


def body_of(frame: bytes) -> bytes:
    """A frame without its address and its checksum."""
    return Address.read(frame[:-2])[1]


def is_write(frame: bytes) -> bool:
    body = body_of(frame)
    return bool(body) and body[0] in WRITE_CODES


@dataclass
class Struck(struck.Struck):
    """Strikes the write of this number, from 0, or the read that comes next after it.

    `before_write` is told the number of each write just before the meter hears it.
    """

    before_write: Callable[[int, float], None] = lambda number, now: None

    def receive(self, data: bytes, now: float, line: Line) -> None:
        if is_write(data):
            self.before_write(len(self.writes), now)
        super().receive(data, now, line)

    def is_write(self, frame: bytes) -> bool:
        return is_write(frame)

    def readdressed(self, frame: bytes) -> bytes:
        return readdressed(frame)


@dataclass
class Scene:
    """One meter, one line, one gate; a run of the program has one attempt of a password."""

    model: str = FOUR
    behaviour: Behaviour = field(default_factory=Behaviour)
    state: SimState = BEFORE
    blow: Blow | None = None
    number: int = 0
    read_back: bool = False
    password: bytes | None = PASSWORD
    faults: str = ""
    seed: int = 0
    meter: SimulatedMicron = field(init=False)
    wire: Struck = field(init=False)
    book: Book = field(init=False)
    talk: Dialogue = field(init=False)
    target: Target = field(init=False)
    port: MemoryPort = field(init=False)

    def __post_init__(self) -> None:
        self.target = target_of(self.model, self.state.address or ADDRESS, self.password)
        self.meter = simulate(self.target.profile, self.state, self.behaviour)
        line = wrap(VirtualBus([self.meter]), parse_faults(self.faults), self.seed, DRIVER.readdress)
        self.wire = Struck(line, self.blow, self.number, self.read_back)
        self.port = MemoryPort(self.wire, self.target.profile.line.line, starts_at=self.state.started_at, name="memory")
        self.begin_run()

    def begin_run(self) -> None:
        """Another run of the program at the same meter."""
        self.book = Book()
        line = self.target.profile.line.line
        exchange = exchange_for(
            DRIVER, self.target, line=line, port_name="memory", gate=self.book, passwords=PasswordAttempts()
        )
        self.talk = Dialogue(self.port, exchange)

    def run(self, flow: Flow[Any]) -> Any:
        return self.talk.run(flow)

    # --- as a visit does ---------------------------------------------------------------------------------------------

    def stored(self, *actions: Action) -> dict[str, str]:
        names = [name for action in actions for name in DRIVER.stored_names(action, self.target.profile)]
        return dict(self.run(DRIVER.read_stored(self.target, list(dict.fromkeys(names)))))

    def held(self) -> dict[str, str]:
        """What the meter has stored, without asking it."""
        memory = self.meter.memory
        tables, layout, flags = memory.tables, memory.layout, memory.flags[1]
        base = next(base for base in (0x0440, 0x2040) if tables.read(base, 2) is not None)
        spans = {name: layout.day(key, base) for name, key in DAY_NAMES[layout.packing.tariffs].items()}
        raws = {name: tables.read(span.at, span.size) for name, span in (spans | {HOLIDAYS: layout.holidays}).items()}
        raws |= {name: bytes([flags & mask]) for name, mask in FLAG_MASKS.items()}
        raws[SCHEDULE_CHECK] = b"\x10" if 13 in tables.errors() else b"\x00"
        names = [name for action in Action for name in DRIVER.stored_names(action, self.target.profile)]
        return {name: hexadecimal(raws[name] or b"") for name in names}

    def changes(self, setting: Setting) -> tuple[Change, ...]:
        return DRIVER.changes(setting, self.held(), self.target.profile)

    def write(self, changes: Sequence[Change]) -> Written:
        written: Written = self.run(DRIVER.write(self.target, "work", changes))
        return written

    def apply(self, setting: Setting) -> Written:
        return self.write(self.changes(setting))

    def lifted(self) -> YearSchedule | Unliftable:
        return DRIVER.lift_stored(self.held())

    # --- what happened -----------------------------------------------------------------------------------------------

    @property
    def sent(self) -> list[Call[Any]]:
        """The writes that left, in order."""
        return [decode_call(frame) for frame in self.wire.writes]

    @property
    def done(self) -> list[bytes]:
        """The writes that the meter heard, without address and checksum."""
        return [body_of(raw) for raw in self.meter.writes]

    @property
    def asked(self) -> list[Call[Any]]:
        """The reads that left, in order, and what opens and closes the channel."""
        return [decode_call(frame) for frame in self.wire.reads]


def stands(written: Written, changes: Sequence[Change]) -> bool:
    """Whether every change was written and read back."""
    wanted = {change.parameter: change.new for change in changes}
    found = {name: raw for name, raw in written.found.items() if name in wanted}
    return written.failure is None and found == wanted and wanted.keys() <= written.standing
