"""A simulated meter of the Mercury 200 family, true on the wire: bytes and times in, bursts out.

Here: frames, addresses, silences, speeds. What the meter remembers is in `sim_memory`, what it does on each command in
`sim_commands`. Marks as there: [documented], [seen], [guess].

Rules of the wire:
* whatever the meter dislikes is answered by silence: a wrong checksum [documented], a foreign address, an unknown
  command [seen], a command that the model lacks, a wrong length, data that mean nothing [guesses]. `log` tells which;
* a frame to the own group is carried out and not answered; group 0 is none [documented];
* a frame ends with a silence of 6 characters, times the multiplier of 75h [documented]. `SimState.gap_s` makes that
  silence longer for frames cut in pieces; a frame whose length is right by its command needs the meter's own only;
* after that silence the meter acts, and after its latency it answers without gaps between bytes [guess];
* without power (`Behaviour.dies_after_writes`) it hears nothing and is silent;
* requests glued together are carried out one after another [guess: a real meter may take them for one broken frame].
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Final

from meterlink.profiles import Profile
from meterlink.sim.line import Burst
from meterlink.sim.state import SimState
from meterlink.wire.framer import NEED_DATA, Damaged
from meterlink.wire.line import Line
from meterlink.wire.payload import PayloadError
from meterlink_mercury200.framing import command_framer
from meterlink_mercury200.messages import (
    COMMANDS,
    READ_GROUP_ADDRESS,
    READ_MULTIPLIER,
    decode_call,
    encode_frame,
)
from meterlink_mercury200.models import codes_lacking
from meterlink_mercury200.sim_commands import HANDLERS, READ_BACK, carry_out
from meterlink_mercury200.sim_memory import Behaviour, Memory

__all__ = ["Behaviour", "Heard", "SimulatedMercury200", "Verdict", "simulate"]

_NO_GROUP: Final = 0
_MOST_WAITING: Final = 16
_MOST_UNSENT: Final = 64
_LOG_LENGTH: Final = 2000
_LOG_BYTES: Final = 64


class Verdict(StrEnum):
    """What became of bytes that the meter heard."""

    ANSWERED = "answered"
    GROUP = "carried out for the group"
    DAMAGED = "not a frame"
    FOREIGN = "another address"
    UNKNOWN = "unknown command"
    ABSENT = "this model lacks the command"
    SENSELESS = "wrong length or senseless data"
    SILENT = "no answer is known"
    ASLEEP = "lost after a long pause"
    TOO_MANY = "too many at once"
    DEAF = "came while it was sending"
    POWERLESS = "came while it had no power"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A line of the meter's log; of long noise only the first bytes are kept."""

    at: float
    verdict: Verdict
    raw: bytes


class SimulatedMercury200:
    """One meter. Times in seconds since 1970 UTC."""

    def __init__(self, profile: Profile, state: SimState, behaviour: Behaviour | None = None) -> None:
        self._behaviour = behaviour or Behaviour()
        self._memory = Memory(profile, state, self._behaviour)
        self._gap_chars = profile.timing.quiet_chars
        self._gap_s = state.gap_s
        self._absent = codes_lacking(profile)
        self._absent |= {write for write, read in READ_BACK.items() if read in self._absent}
        self._framer = command_framer()
        self._last_byte_at = -inf
        self._last_frame_at = -inf
        self._waiting: deque[bytes] = deque()
        self._unsent: deque[Burst] = deque(maxlen=_MOST_UNSENT)
        self._busy_until = -inf
        self._dies_after = self._behaviour.dies_after_writes
        self._dead_from = self._dead_until = inf
        self._log: deque[Heard] = deque(maxlen=_LOG_LENGTH)

    # --- what it shows -----------------------------------------------------------------------------------------------

    @property
    def line(self) -> Line:
        """Speed and format it listens at; after 08h the new speed, from the moment it acts."""
        return self._memory.line

    @property
    def address(self) -> int:
        return self._memory.address

    @property
    def bus_address(self) -> str:
        return str(self.address)

    @property
    def serial_number(self) -> str:
        """As on the plate, eight digits."""
        return self._memory.serial_number

    @property
    def memory(self) -> Memory:
        """The inside, for tests and demonstrations."""
        return self._memory

    @property
    def log(self) -> list[Heard]:
        """What it heard and what became of it, oldest first; bounded."""
        return list(self._log)

    @property
    def unknown_commands(self) -> list[bytes]:
        """Right frames to this meter whose command it does not know or lacks, or to which no answer is known."""
        unknown = (Verdict.UNKNOWN, Verdict.ABSENT, Verdict.SILENT)
        return [heard.raw for heard in self._log if heard.verdict in unknown]

    # --- the wire ----------------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Bytes whose last one ended at `now`."""
        if not data:
            return
        self._advance(now - len(data) * self.line.char_s)
        if self._behaviour.deaf_while_sending and now < self._busy_until:
            self._note(now, Verdict.DEAF, data)
            return
        self._last_byte_at = now
        self._framer.receive_data(data)
        self._collect(now)

    def due(self) -> float | None:
        dues = [self._unsent[0].at] if self._unsent else []
        if self._waiting:
            dues.append(self._acts_at)
        if self._framer.pending:
            dues.append(self._silent_at)
        return min(dues, default=None)

    def poll(self, now: float) -> list[Burst]:
        """The answers that have begun by `now`."""
        self._advance(now)
        sent = [burst for burst in self._unsent if burst.at <= now]
        for _ in sent:
            self._unsent.popleft()
        return sent

    # --- silences ----------------------------------------------------------------------------------------------------

    @property
    def _own_gap_s(self) -> float:
        times = 1 + self._memory.get(READ_MULTIPLIER).value
        return self._gap_chars * self.line.char_s * times

    @property
    def _silent_at(self) -> float:
        """When the bytes that wait for more are taken as they are."""
        return self._last_byte_at + (self._own_gap_s if self._gap_s is None else self._gap_s)

    @property
    def _acts_at(self) -> float:
        """When the first waiting frame is carried out: after a silence and after the answer before."""
        gap_s = self._own_gap_s if self._gap_s is None else min(self._gap_s, self._own_gap_s)
        return max(self._last_byte_at + gap_s, self._busy_until)

    def _advance(self, now: float) -> None:
        """Let everything happen that is due by `now`."""
        if self._framer.pending and self._silent_at <= now:
            ended_at = self._last_byte_at
            self._framer.silence()
            self._collect(ended_at)
        while self._waiting and self._acts_at <= now:
            acts_at = self._acts_at
            self._take(self._waiting.popleft(), acts_at)

    def _collect(self, ended_at: float) -> None:
        while (event := self._framer.next_event()) is not NEED_DATA:
            if isinstance(event, Damaged):
                self._note(ended_at, Verdict.DAMAGED, event.raw)
            elif len(self._waiting) >= _MOST_WAITING:
                self._note(ended_at, Verdict.TOO_MANY, event.raw)
            else:
                self._waiting.append(event.raw)

    # --- frames ------------------------------------------------------------------------------------------------------

    def _take(self, frame: bytes, now: float) -> None:
        if self._is_dead(now):
            self._note(now, Verdict.POWERLESS, frame)
            return
        slept_s, self._last_frame_at = now - self._last_frame_at, now
        sleeps_after_s = self._behaviour.first_frame_lost_after_s
        if sleeps_after_s is not None and slept_s > sleeps_after_s:
            self._note(now, Verdict.ASLEEP, frame)
        else:
            self._note(now, self._obey(frame, now), frame)

    def _obey(self, frame: bytes, now: float) -> Verdict:
        addressed = int.from_bytes(frame[:4], "big")
        to_group = addressed != self.address
        if to_group and not self._is_group(addressed):
            return Verdict.FOREIGN
        if frame[4] not in COMMANDS:
            return Verdict.UNKNOWN
        if frame[4] in self._absent:
            return Verdict.ABSENT
        if frame[4] not in HANDLERS:
            return Verdict.SILENT
        return self._carry_out(frame, now, to_group)

    def _is_group(self, addressed: int) -> bool:
        return addressed != _NO_GROUP and addressed == self._memory.get(READ_GROUP_ADDRESS).group_address

    def _carry_out(self, frame: bytes, now: float, to_group: bool) -> Verdict:
        old_line = self.line
        try:
            call = decode_call(frame)
        except PayloadError:
            return Verdict.SENSELESS
        if call.command.writes and self._dies(now):
            return Verdict.POWERLESS
        answer = carry_out(self._memory, call.command, call.asked, now)
        if answer is None:
            return Verdict.SILENT
        if to_group:
            return Verdict.GROUP
        line = old_line if self._behaviour.ack_at_old_speed else self.line
        self._send(encode_frame(self.address, frame[4], answer.encode()), now, line)
        return Verdict.ANSWERED

    def _send(self, frame: bytes, now: float, line: Line) -> None:
        burst = Burst(now + self._behaviour.latency_s, frame, line)
        self._busy_until = burst.ends_at
        self._unsent.append(burst)

    def _note(self, at: float, verdict: Verdict, raw: bytes) -> None:
        self._log.append(Heard(at=at, verdict=verdict, raw=raw[:_LOG_BYTES]))

    # --- power -------------------------------------------------------------------------------------------------------

    def _dies(self, now: float) -> bool:
        """Whether the power goes now, once, because so many writes are done as the behaviour names."""
        if self._memory.writes_done != self._dies_after:
            return False
        for_s = self._behaviour.loses_power_for_s
        self._dies_after, self._dead_from, self._dead_until = None, now, inf if for_s is None else now + for_s
        self._memory.lose_power(now)
        return True

    def _is_dead(self, now: float) -> bool:
        if self._dead_from <= now < self._dead_until:
            return True
        if now >= self._dead_until:
            self._memory.get_power_back(self._dead_until)
            self._dead_from = self._dead_until = inf
        return False


def simulate(profile: Profile, state: SimState, behaviour: Behaviour | None = None) -> SimulatedMercury200:
    """A meter of this model, at the time and place of `state`."""
    return SimulatedMercury200(profile, state, behaviour)
