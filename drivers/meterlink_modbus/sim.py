"""A simulated Modbus meter, true on the wire: bytes and times in, bursts out. What it remembers is in `sim_memory`.

Rules of the wire:
* a wrong checksum and another unit id are answered by silence [documented], the broadcast 0, too: no write of this
  family is meant for all;
* exceptions: 01 for a function that it lacks, 02 for a register that is not there or cannot be written, 03 for a wrong
  length or value [documented by the protocol; which of them for what is a guess];
* a frame ends by the length of its function, else with a silence of 3.5 characters [documented by the protocol];
* the answer to a new unit id comes from the new one [seen];
* a request that comes while it still answers waits for its turn [guess: a gateway lets nothing else through];
* it answers Modbus TCP in kind, as if behind a gateway that recognises both forms [guess].
"""

from __future__ import annotations

from meterlink.profiles import Profile
from meterlink.sim.hearing import HearingMeter, Verdict
from meterlink.sim.power import PowerCut
from meterlink.sim.state import SimState
from meterlink.wire.line import Line
from meterlink.wire.payload import PayloadError
from meterlink_modbus.framing import Form, command_framer, form_of
from meterlink_modbus.pdu import NAMES, WRITE, WRITE_ONE, Answered, Asked
from meterlink_modbus.sim_memory import Behaviour, Memory, RefusedBySim

__all__ = ["Behaviour", "SimulatedModbus", "Verdict", "simulate"]

_NO_FUNCTION = 0x01
_BAD_VALUE = 0x03


class SimulatedModbus(HearingMeter):
    """One meter. Times in seconds since 1970 UTC."""

    def __init__(self, profile: Profile, state: SimState, behaviour: Behaviour | None = None) -> None:
        super().__init__(command_framer(), gap_s=state.gap_s, deaf_while_sending=False)
        self._behaviour = behaviour or Behaviour()
        self._memory = Memory(profile, state, self._behaviour)
        self._line = profile.line.line
        self._gap_chars = profile.timing.quiet_chars
        after, for_s = self._behaviour.dies_after_writes, self._behaviour.loses_power_for_s
        self._power_cut = PowerCut(self._memory, after_writes=after, for_s=for_s)

    # --- what it shows -----------------------------------------------------------------------------------------------

    @property
    def line(self) -> Line:
        return self._line

    @property
    def bus_address(self) -> str:
        return str(self._memory.address)

    @property
    def serial_number(self) -> str:
        """As its registers tell it; what was asked for where no register does."""
        return self._memory.serial_number

    @property
    def memory(self) -> Memory:
        """The inside, for tests and demonstrations."""
        return self._memory

    @property
    def _own_gap_s(self) -> float:
        return self._gap_chars * self.line.char_s

    # --- frames ------------------------------------------------------------------------------------------------------

    def _hear(self, frame: bytes, now: float) -> None:
        self._note(now, self._obey(frame, now), frame)

    def _obey(self, frame: bytes, now: float) -> Verdict:
        if self._power_cut.lasts(now):
            return Verdict.POWERLESS
        form = form_of(frame)
        if form.unit(frame) != self._memory.address:
            return Verdict.FOREIGN
        pdu = form.pdu(frame)
        if pdu[0] not in NAMES or not self._has(pdu[0]):
            self._answer(form, frame, Answered(pdu[0] & 0x7F, exception=_NO_FUNCTION), now)
            return Verdict.UNKNOWN
        if pdu[0] in (WRITE, WRITE_ONE) and self._power_cut.strikes(now):
            return Verdict.POWERLESS
        try:
            answered = self._carry_out(Asked.decode(pdu), now)
        except PayloadError:
            self._answer(form, frame, Answered(pdu[0], exception=_BAD_VALUE), now)
            return Verdict.SENSELESS
        except RefusedBySim as refused:
            self._answer(form, frame, Answered(pdu[0], exception=refused.code), now)
            return Verdict.REFUSED
        self._answer(form, frame, answered, now)
        return Verdict.ANSWERED

    def _has(self, function: int) -> bool:
        """Reading by the one function of its map, and both writes [guess: some maps are read by either function]."""
        return function in (self._memory.map.function, WRITE, WRITE_ONE)

    def _carry_out(self, asked: Asked, now: float) -> Answered:
        most = self._behaviour.most_registers or self._memory.map.most_registers
        if asked.count > most:
            raise RefusedBySim(_BAD_VALUE)
        if not asked.writes:
            return Answered.to(asked, self._memory.read(asked.address, asked.count, now))
        self._memory.write(asked.address, asked.data, now)
        return Answered.to(asked)

    def _answer(self, form: Form, frame: bytes, answered: Answered, now: float) -> None:
        """From the unit id that it has now, without gaps between bytes [guess]."""
        reply = form.wrap(self._memory.address, answered.encode(), form.transaction(frame))
        self._speak(reply, max(now, self._busy_until) + self._own_gap_s + self._behaviour.latency_s)


def simulate(profile: Profile, state: SimState, behaviour: Behaviour | None = None) -> SimulatedModbus:
    """A meter of this model, at the time and place of `state`."""
    return SimulatedModbus(profile, state, behaviour)
