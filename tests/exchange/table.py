"""A line that answers by the script of a test, and what a test wants to see of an exchange."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from meterlink.context import EchoMode, PasswordAttempts, Timing, Traced
from meterlink.exchange import Exchange
from meterlink.flow import Announcement, Flow, Gate, Outcome, closed_gate
from meterlink.link.memory import MemoryPort
from meterlink.link.runner import run
from meterlink.sim.line import Burst
from meterlink.testing import START
from meterlink.wire.line import Line
from meterlink_mercury200.framing import reply_framer
from tests.wires import UnderWay

LINE = Line()
TIMING = Timing(reply_s=0.5, quiet_s=0.007, quiet_chars=6)

Answers = list[tuple[float, bytes]]
Script = Callable[[int, bytes], Answers]
"""(number of the request from 0, its bytes) -> (seconds after its end, bytes) of each burst."""


@dataclass
class ScriptedWire(UnderWay):
    """Hears whole requests (the port writes them at once) and answers by the script."""

    script: Script
    heard: list[bytes] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def receive(self, data: bytes, now: float, line: Line) -> None:
        answers = self.script(len(self.heard), data)
        self.heard.append(data)
        self.heard_at.append(now)
        self.lines.append(line)
        self.bursts += [Burst(now + delay, answer, LINE) for delay, answer in answers]


@dataclass
class Journal:
    """A gate in memory: what it was told, in order, together with what the flow noted."""

    entries: list[Announcement | Outcome | str] = field(default_factory=list)

    def __call__(self, entry: Announcement | Outcome) -> None:
        self.entries.append(entry)

    def fates(self) -> list[str]:
        return [entry.fate.value for entry in self.entries if isinstance(entry, Outcome)]


@dataclass
class Table:
    """A line, an exchange over it and what was traced."""

    wire: ScriptedWire
    port: MemoryPort
    exchange: Exchange
    traced: list[Traced]

    def run(self, flow: Flow[Any]) -> Any:
        return run(self.port, self.exchange, flow)


def set_table(
    script: Script,
    *,
    gate: Gate = closed_gate,
    timing: Timing = TIMING,
    echo: EchoMode = EchoMode.AUTO,
    passwords: PasswordAttempts | None = None,
    kind: type[Exchange] = Exchange,
) -> Table:
    wire = ScriptedWire(script)
    traced: list[Traced] = []
    exchange = kind(
        framer=reply_framer(),
        timing=timing,
        line=LINE,
        address="123456",
        port="memory",
        gate=gate,
        observer=traced.append,
        passwords=passwords or PasswordAttempts(),
        echo=echo,
    )
    return Table(wire, MemoryPort(wire, LINE, starts_at=START, name="memory"), exchange, traced)


def always(*answers: tuple[float, bytes]) -> Script:
    """The script of a meter that answers everything alike."""
    return lambda _number, _request: list(answers)


def silent(_number: int, _request: bytes) -> Answers:
    """The script of a meter that never answers."""
    return []
