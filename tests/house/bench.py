"""What docs/visit.md is tried on: meters that keep what was written, behind TCP doors, and a person at a terminal.

A meter behind such a door lives in the time of this computer. Its line is quicker than any real one, because nobody who
reads the page sees how long bytes take.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from meterlink.cli.main import program
from meterlink.link.doors import TcpDoor
from meterlink.sim.bus import VirtualBus
from meterlink.sim.state import SimState
from meterlink.tariff import preset
from meterlink.wire.line import Line
from meterlink_mercury200.messages import COMMANDS
from meterlink_mercury200.sim import Behaviour, simulate
from tests.shipped import library
from tests.wires import Passing

QUICK_BAUD: Final = 921_600
QUICK_LINE: Final = f"""
spec = 1
model = "mercury-200.02"
driver = "mercury200"
overrides = true

[line]
baud = {QUICK_BAUD}
evidence = "guess"
source = "so that tests over TCP do not take long"

[timing]
quiet_s = 0.001
evidence = "guess"
source = "so that tests over TCP do not take long"
"""
"""For the asking side."""
QUICK_ANSWER_S: Final = 0.001
PATIENCE_S: Final = 120.0
_QUIET_S: Final = 0.3
"""A program that has begun a line and says nothing for so long waits for an answer."""


@dataclass
class Cable(Passing):
    """The cable of one meter, until it is pulled out."""

    writes_left: int | None = None
    """So many frames that change the meter still get through; None: the cable stays in."""

    def receive(self, data: bytes, now: float, line: Line) -> None:
        if self.writes_left is not None:
            self.writes_left -= COMMANDS[data[4]].writes
            if self.writes_left < 0:
                return
        super().receive(data, now, line)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a meter can be reached, and its cable."""

    url: str
    cable: Cable


@contextmanager
def meter_behind_a_door(ignores_writes: Collection[int] = ()) -> Iterator[Place]:
    """A Mercury 200.02 on one tariff, its clock right, changing the hour by itself, without load."""
    usual = library().get("mercury-200.02")
    profile = replace(usual, line=replace(usual.line, baud=QUICK_BAUD))
    state = SimState(
        started_at=time.time(),
        dst_enabled=True,
        schedule=preset("ru-household-1").schedule,
        energy_kwh=(Decimal("15621.42"), Decimal("6208.34")),
        load_w=0,
    )
    behaviour = Behaviour(latency_s=QUICK_ANSWER_S, ignores_writes=frozenset(ignores_writes))
    cable = Cable(VirtualBus([simulate(profile, state, behaviour)]))
    door = TcpDoor(cable, profile.line.line)
    stop = threading.Event()
    serving = threading.Thread(target=door.serve, args=(stop.is_set,))
    serving.start()
    try:
        yield Place(url=door.url, cable=cable)
    finally:
        stop.set()
        serving.join()
        door.close()


# --- the program ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Computer:
    """Where the page's commands are typed; `profiles` is a folder with further ones."""

    folder: Path
    home: Path
    profiles: Path | None = None

    def type(self, words: Sequence[str], shown: str) -> list[str]:
        """What stands on the screen after a command. A visit that asks is answered as `shown` says."""
        asks = words[0] in ("visit", "apply") and "--yes" not in words
        code, told = self._at_a_terminal(words, shown) if asks else self._without_one(words)
        lines = on_screen(told)
        while lines and not lines[-1]:
            lines.pop()
        return [*lines, f"[exit code {code}]"] if code else lines

    def _without_one(self, words: Sequence[str]) -> tuple[int, str]:
        """In this process, as wide as a pipe: starting one takes longer than most commands."""
        surroundings = self._surroundings()
        emptied = dict.fromkeys(os.environ.keys() - surroundings.keys())
        with chdir(self.folder):
            ended = CliRunner().invoke(program, words, env={**emptied, **surroundings}, terminal_width=78)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return ended.exit_code, ended.output

    def _at_a_terminal(self, words: Sequence[str], shown: str) -> tuple[int, str]:
        if sys.platform == "win32":
            raise NotImplementedError  # there are no pseudo-terminals
        import fcntl
        import pty
        import struct
        import termios

        outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        with subprocess.Popen(
            [sys.executable, "-m", "meterlink", *words],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            cwd=self.folder,
            env=self._surroundings(),
            start_new_session=True,
        ) as process:
            os.close(inner)
            try:
                told = _answered(outer, shown)
            finally:
                process.kill()
                os.close(outer)
        return process.returncode, told

    def _surroundings(self) -> Mapping[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("METERLINK_")}
        if self.profiles is not None:
            kept["METERLINK_PROFILES"] = str(self.profiles)
        return {**kept, "METERLINK_HOME": str(self.home), "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}


def _answered(terminal: int, shown: str) -> str:
    """What was said until the program ended; where it waits, the rest of the line that is shown is typed."""
    told = b""
    waiting = iter(shown.splitlines())
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if select.select([terminal], [], [], _QUIET_S)[0]:
            try:
                more = os.read(terminal, 65_536)
            except OSError:  # so Linux says that nobody is at the other end any more
                more = b""
            if not more:
                return told.decode("utf-8")
            told += more
            continue
        question = on_screen(told.decode("utf-8"))[-1]
        if question.endswith(":"):
            os.write(terminal, f"{_answer(question, waiting)}\n".encode())
    raise AssertionError(f"the program waits: {on_screen(told.decode('utf-8'))[-3:]}")


def _answer(question: str, waiting: Iterator[str]) -> str:
    for line in waiting:
        if alike(line).startswith(alike(question)):
            return alike(line)[len(alike(question)) :].strip()
    raise AssertionError(f"the page does not answer {question!r}")


def on_screen(told: str) -> list[str]:
    """What a person sees in the end: a line that was written over shows what was written last."""
    lines = []
    for line in told.replace("\r\n", "\n").split("\n"):
        seen = ""
        for part in line.split("\r"):
            seen = part + seen[len(part) :]
        lines.append(seen.rstrip())
    return lines


# --- what differs each time -----------------------------------------------------------------------------------------

DIFFERS: Final = (
    (re.compile(r"standalone/ml/[0-9a-f]{8}(\+[0-9a-f]{8}\+\S+)?"), "LOG"),
    (re.compile(r"(/\S*)?/audit/[0-9a-f]{8}\b"), "FOLDER"),
    (re.compile(r"\b[0-9a-f]{32,64}\b"), "HASH"),
    (re.compile(r"\b20[2-9][0-9]-[01][0-9]-[0-3][0-9](T|\b)"), "DAY "),
    (re.compile(r"\b[0-3][0-9]\.[01][0-9]\.20[2-9][0-9]\b"), "DAY"),
    (re.compile(r"\b[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]+)?( [A-Z]{3,4}\b|[+-][0-9]{2}:[0-9]{2}|Z)?"), "TIME"),
    (re.compile(r"\(record [0-9]+,"), "(record N,"),
    (re.compile(r"(The display should mark) T[1-4] "), r"\1 TARIFF "),
    (re.compile(r"\?:"), "?"),
)
"""Names and keys of logs, folders, hashes, days and hours of today, record numbers, which tariff counts just now."""


def alike(line: str) -> str:
    """The line without what is another each time."""
    for pattern, name in DIFFERS:
        line = pattern.sub(name, line)
    return line


LEFT_OUT: Final = "..."
"""A line of the page that stands for any number of lines."""


def first_difference(shown: Sequence[str], printed: Sequence[str]) -> str | None:
    """None where the page shows what was printed."""
    place, rest = 0, list(map(alike, printed))
    loose = False
    for line in shown:
        if line.strip() == LEFT_OUT:
            loose = True
            continue
        wanted = alike(line)
        if loose:
            while place < len(rest) and rest[place] != wanted:
                place += 1
        if place == len(rest) or rest[place] != wanted:
            found = "the end" if place == len(rest) else printed[place]
            return f"the page shows {line!r}, the program printed {found!r}"
        place, loose = place + 1, False
    return None if loose or place == len(rest) else f"the page does not show {printed[place]!r}"
