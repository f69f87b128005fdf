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
from math import inf
from typing import Final

from meterlink.profiles import Profile
from meterlink.sim.hearing import Appointment, Heard, HearingMeter, Verdict
from meterlink.sim.power import PowerCut
from meterlink.sim.state import SimState
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


class SimulatedMercury200(HearingMeter):
    """One meter. Times in seconds since 1970 UTC."""

    def __init__(self, profile: Profile, state: SimState, behaviour: Behaviour | None = None) -> None:
        self._behaviour = behaviour or Behaviour()
        deaf = self._behaviour.deaf_while_sending
        super().__init__(command_framer(), gap_s=state.gap_s, deaf_while_sending=deaf)
        self._memory = Memory(profile, state, self._behaviour)
        self._gap_chars = profile.timing.quiet_chars
        self._absent = codes_lacking(profile)
        self._absent |= {write for write, read in READ_BACK.items() if read in self._absent}
        self._last_frame_at = -inf
        self._waiting: deque[bytes] = deque()
        after, for_s = self._behaviour.dies_after_writes, self._behaviour.loses_power_for_s
        self._power_cut = PowerCut(self._memory, after_writes=after, for_s=for_s)

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
    def unknown_commands(self) -> list[bytes]:
        """Right frames to this meter whose command it does not know or lacks, or to which no answer is known."""
        unknown = (Verdict.UNKNOWN, Verdict.ABSENT, Verdict.SILENT)
        return [heard.raw for heard in self._log if heard.verdict in unknown]

    # --- silences ----------------------------------------------------------------------------------------------------

    @property
    def _own_gap_s(self) -> float:
        times = 1 + self._memory.get(READ_MULTIPLIER).value
        return self._gap_chars * self.line.char_s * times

    @property
    def _acts_at(self) -> float:
        """When the first waiting frame is carried out: after a silence and after the answer before."""
        return max(self._last_byte_at + min(self._gap_s, self._own_gap_s), self._busy_until)

    def _appointment(self) -> Appointment | None:
        return Appointment(self._acts_at, self._act) if self._waiting else None

    # --- frames ------------------------------------------------------------------------------------------------------

    def _hear(self, frame: bytes, now: float) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self._note(now, Verdict.TOO_MANY, frame)
        else:
            self._waiting.append(frame)

    def _act(self, now: float) -> None:
        frame = self._waiting.popleft()
        if self._power_cut.lasts(now):
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
        if call.command.writes and self._power_cut.strikes(now):
            return Verdict.POWERLESS
        answer = carry_out(self._memory, call.command, call.asked, now)
        if answer is None:
            return Verdict.SILENT
        if to_group:
            return Verdict.GROUP
        line = old_line if self._behaviour.ack_at_old_speed else self.line
        self._speak(encode_frame(self.address, frame[4], answer.encode()), now + self._behaviour.latency_s, line)
        return Verdict.ANSWERED


def simulate(profile: Profile, state: SimState, behaviour: Behaviour | None = None) -> SimulatedMercury200:
    """A meter of this model, at the time and place of `state`."""
    return SimulatedMercury200(profile, state, behaviour)
