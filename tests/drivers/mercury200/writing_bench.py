"""A simulated meter that is written: the dialogue with it, what was told to the gate and what left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meterlink.context import Note, Traced
from meterlink.driver import Setting, Target, Written
from meterlink.flow import Change, Flow, Gate, Pause
from meterlink.model import Action
from meterlink.sim.bus import VirtualBus
from meterlink.sim.state import SimState
from meterlink.tariff import preset
from meterlink.testing import START, Delivered, Delivery, dialogue, from_hex
from meterlink_mercury200 import DRIVER, messages as m
from meterlink_mercury200.schedule import Record
from meterlink_mercury200.sim import Behaviour, simulate
from tests.drivers.mercury200.meters import target_of
from tests.drivers.mercury200.struck import Blow, Struck, is_write
from tests.exchange.table import Journal

OLD = target_of("mercury-200.02", "925646")
NEW = target_of("mercury-206", "43096744")
WORKED = target_of("mercury-200.02", "123456")
FRESH = SimState(started_at=START)

TWO = preset("ru-household-2").schedule
THREE = preset("ru-household-3").schedule
CLOCK = Change(parameter="clock", old=None, new="2025-07-21T14:05:12")
WRITTEN = {0x02, 0x05, 0x06, 0x09, 0x0A, 0x0D, 0x10, 0x11}
"""Clock, DST, button correction, display, tariffs, display times, holidays, schedule."""


class Bench:
    """A simulated meter, the dialogue with it, what was told to the gate and what left."""

    def __init__(
        self,
        target: Target = OLD,
        *,
        state: SimState = FRESH,
        behaviour: Behaviour | None = None,
        how: Delivery = Delivery.WHOLE,
        blow: Blow | None = None,
        number: int = 0,
        read_back: bool = False,
        kind: type[Struck] = Struck,
        gate: Gate | None = None,
    ) -> None:
        self.target = target
        self.meter = simulate(target.profile, state, behaviour)
        self.journal = Journal()
        self.wire = kind(VirtualBus([self.meter]), blow, number, read_back)
        self.traced: list[Traced] = []
        wire = self.wire if how is Delivery.WHOLE else Delivered(self.wire.inner, how)
        self.talk = dialogue(DRIVER, target, wire, gate=gate or self.journal, observer=self.traced.append)

    def stored(self, *actions: Action) -> Mapping[str, str]:
        names = [name for action in actions for name in DRIVER.stored_names(action, self.target.profile)]
        return self.talk.run(DRIVER.read_stored(self.target, list(dict.fromkeys(names))))

    def changes(self, setting: Setting, stored: Mapping[str, str] | None = None) -> tuple[Change, ...]:
        """All that is stored is read where it is not given, as a visit does before it plans."""
        known = self.stored(*Action) if stored is None else stored
        return DRIVER.changes(setting, known, self.target.profile)

    def write(self, changes: Sequence[Change], operation: str = "work") -> Written:
        return self.talk.run(DRIVER.write(self.target, operation, changes))

    def apply(self, setting: Setting) -> Written:
        return self.write(self.changes(setting))

    def left(self) -> list[str]:
        """The frames of the writes that left, in order."""
        frames = [traced.frame for traced in self.traced if traced.note is Note.REQUEST]
        return [frame for frame in frames if is_write(from_hex(frame))]


def stands(written: Written, changes: Sequence[Change]) -> bool:
    wanted = {change.parameter: change.new for change in changes}
    return written.failure is None and written.found == wanted and written.standing == wanted.keys()


def made(code: int, data: bytes = b"") -> str:
    """A frame that the page does not print."""
    return m.encode_frame(123456, code, data).hex(" ").upper()


RECORD_00 = "07 00 63 00 FF FF FF FF FF FF FF FF FF FF FF FF"
RECORD_B7 = "00 00 47 00 90 30 53 00 97 30 61 00 23 00 FF FF"
HALF_1 = "01 01 07 01 23 02 08 03 01 05 09 05 12 06 04 11"
HALF_2 = "FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF"

FRAMES = {
    "DST off": ("DST flag", "00", "00 01 E2 40 05 00 09 27", "00 01 E2 40 24 B4 11"),
    "DST on": ("DST flag", "FF", "00 01 E2 40 05 FF 49 67", "00 01 E2 40 24 B4 11"),
    "manual correction": ("button correction", "1E", "00 01 E2 40 06 1E 89 DF", made(0x25)),
    "two tariffs": ("tariffs in force", "02", "00 01 E2 40 0A 02 8D 16", "00 01 E2 40 2E 34 16"),
    "January Sunday": ("January sunday", RECORD_00, f"00 01 E2 40 11 {RECORD_00} 00 34 9F", "00 01 E2 40 31 00 1F E7"),
    "December holiday": ("December holiday", RECORD_B7, f"00 01 E2 40 11 {RECORD_B7} B7 61 4B", made(0x31, b"\xb7")),
    "holidays 1st half": ("holidays 1", HALF_1, f"00 01 E2 40 10 {HALF_1} 00 9A 6C", "00 01 E2 40 30 00 1E 77"),
    "holidays 2nd half": ("holidays 2", HALF_2, f"00 01 E2 40 10 {HALF_2} 01 05 74", made(0x30, b"\x01")),
}
"""Of chapter 11: stored name, stored form, request of the write, and the request that reads it back."""

FOUR = ("January monday", "June friday", "holidays 1", "December holiday")


def four_changes(bench: Bench) -> tuple[Change, ...]:
    """A short series over two tables."""
    stored = bench.stored(Action.SCHEDULE, Action.HOLIDAYS)
    raw = Record.of([(0, 2), (480, 1)]).raw.hex(" ").upper()
    new = {"holidays 1": "01 01" + " FF" * 14}
    return tuple(Change(parameter=name, old=stored[name], new=new.get(name, raw)) for name in FOUR)


def pass_time(seconds: float) -> Flow[None]:
    yield Pause(seconds)
