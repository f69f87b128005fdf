"""A simulated meter of the family, true on the wire: bytes and times in, bursts out.

Here: sign-on, speeds, session, password, button, NAK. What the meter remembers is in `sim_memory`; marks as there.

* An addressed sign-on of another meter is not answered; an empty one is answered by everybody [documented].
* After the option select the meter talks at the speed agreed; a wrong one, or none, keeps the first [documented].
* A frame with a wrong check byte is answered NAK in a session, and then nothing more until it ends [seen].
* A session ends with B0, without an answer, and by itself after a silence [documented].
* GROUP and other reads are answered without a session, too, at the speed of the sign-on [documented].
* A reply begins 202 to 342 ms after the request, and may pause once, for up to 126 ms, behind its first bytes
  [measured on a CE301].
"""

from __future__ import annotations

import re
from datetime import date
from enum import Enum, auto
from random import Random
from typing import Final

from meterlink.profiles import Profile
from meterlink.sim.hearing import Appointment, HearingMeter, Verdict
from meterlink.sim.state import SimState
from meterlink.wire.framer import Damage, Damaged
from meterlink.wire.line import Line
from meterlink_energomera.address import same_address
from meterlink_energomera.framing import answering_framer
from meterlink_energomera.messages import BREAK, SPEEDS, Identification, error_block, is_break, text_of
from meterlink_energomera.models import table_of
from meterlink_energomera.sim_kept import UNKNOWN, Answer
from meterlink_energomera.sim_memory import Behaviour, Memory
from meterlink_energomera.text import ACK, NAK, SOH, command, data_block, rechecked

__all__ = ["Behaviour", "SimulatedEnergomera", "Verdict", "simulate"]

_WAITS_S: Final = 2.0
_GAP_S: Final = 0.1
_HEAD: Final = 3
_PIECE: Final = 32
_BUTTON: Final = 14
_LEVEL: Final = 15
_CONSTANT: Final = "777777"
_SIGN_ON: Final = re.compile(rb"/\?([\x20-\x7e]*?)!(.*)", re.DOTALL)
_SELECT: Final = re.compile(rb"\x06(.)(.)(.)\r\n")
_FAST: Final = re.compile(rb"\x01R1\x02([A-Za-z0-9_]{1,16})\((.*)\)\x03.", re.DOTALL)
_MEMBER: Final = re.compile(r"([0-9A-F]{4})\(([0-9A-F]{1,4})\)")
_PARAMETER: Final = re.compile(r"([A-Za-z0-9_]{1,16})\((.*)\)", re.DOTALL)
_READOUTS: Final = {
    "6": ("ET0PE", "STAT_", "DATE_", "TIME_", "SNUMB", "IDPAS", "GRF01"),
    "0": (
        *("STAT_", "DATE_", "TIME_", "WATCH", "TRANS", "HOURS", "VINFO", "MODEL", "SNUMB"),
        *("VOLTA", "CURRE", "POWEP", "COS_f", "FREQU", "HVOLT", "LVOLT"),
    ),
}


class State(Enum):
    IDLE = auto()
    SELECTING = auto()
    SESSION = auto()
    DEAF = auto()  # a session after NAK


class SimulatedEnergomera(HearingMeter):
    """One meter. Times in seconds since 1970 UTC."""

    def __init__(self, profile: Profile, state: SimState, behaviour: Behaviour | None = None) -> None:
        super().__init__(answering_framer(table_of(profile).check), gap_s=state.gap_s)
        self._behaviour = behaviour or Behaviour()
        self.memory = Memory(profile, state, self._behaviour)
        usual = profile.line.line
        baud = self._behaviour.first_baud or usual.baud
        self._first = Line(baud=baud, data_bits=usual.data_bits, parity=usual.parity, stop_bits=usual.stop_bits)
        self._line = self._first
        self._random = Random(f"{state.seed}/energomera/{self.memory.serial_number}")
        self._state = State.IDLE
        self._level = 0
        self._wrong = 0
        self._locked_on: date | None = None
        self._dead = False
        self._pressed_at = state.started_at if self._behaviour.button_pressed else None
        self.passwords_heard = 0

    @property
    def line(self) -> Line:
        """Speed and format it listens at."""
        return self._line

    @property
    def bus_address(self) -> str:
        return self.memory.address

    @property
    def serial_number(self) -> str:
        return self.memory.serial_number

    @property
    def writes(self) -> list[bytes]:
        """The write frames that it heard, whatever came of them."""
        return [each.raw for each in self.log if each.raw.startswith(b"\x01W1") and each.verdict is not Verdict.DEAF]

    def press_button(self, now: float) -> None:
        """Somebody presses the access button."""
        self._pressed_at = now

    # --- the wire ----------------------------------------------------------------------------------------------------

    @property
    def _own_gap_s(self) -> float:
        return _GAP_S

    def _appointment(self) -> Appointment | None:
        """Sign-on and session are over when nobody says anything."""
        if self._state is State.IDLE:
            return None
        waits_s = _WAITS_S if self._state is State.SELECTING else self._behaviour.active_s
        return Appointment(max(self._last_byte_at, self._busy_until) + waits_s, lambda _: self._to_idle())

    def receive(self, data: bytes, now: float) -> None:
        """Bytes whose last one ended at `now`."""
        if not self._dead:
            super().receive(data, now)

    def _hear(self, frame: bytes, now: float) -> None:
        self._note(now, self._take(frame, now), frame)

    def _hear_damage(self, damaged: Damaged, now: float) -> None:
        super()._hear_damage(damaged, now)
        if damaged.why is Damage.CHECKSUM and self._state is State.SESSION:
            self._refuse_frame(now)

    def _send(self, data: bytes, now: float, line: Line | None = None) -> Verdict:
        """After its latency, with a pause behind the first bytes."""
        line = line or self._line
        data = rechecked(data, self.memory.table.check)
        at = now + self._random.uniform(*self._behaviour.latency_s)
        pause_s = self._random.uniform(0.0, self._behaviour.split_s)
        if not pause_s or len(data) <= _HEAD:
            self._speak(data, at, line)
            return Verdict.ANSWERED
        at = self._speak(data[:_HEAD], at, line) + pause_s
        for begins in range(_HEAD, len(data), _PIECE):  # a long burst would come as one lump at its end
            at = self._speak(data[begins : begins + _PIECE], at, line)
        return Verdict.ANSWERED

    # --- states ------------------------------------------------------------------------------------------------------

    def _to_idle(self) -> None:
        self._state = State.IDLE
        self._line = self._first
        self._level = 0
        self.memory.end_series()

    def _take(self, frame: bytes, now: float) -> Verdict:
        if is_break(frame):
            self._to_idle()
            return Verdict.SILENT
        sign_on = _SIGN_ON.fullmatch(frame)
        if sign_on is not None:
            return self._sign_on(sign_on, now)
        selected = _SELECT.fullmatch(frame)
        if selected is not None:
            return self._select(selected, now)
        if self._state is State.SESSION and frame[:1] == bytes([SOH]):
            return self._command(frame[1:3], text_of(frame), now)
        return Verdict.SILENT

    def _sign_on(self, found: re.Match[bytes], now: float) -> Verdict:
        address, rest = found[1].decode("ascii"), found[2]
        if self._state in (State.SESSION, State.DEAF):
            return Verdict.SILENT  # what a sign-on does in a session is not known
        if address == "CTIME" and rest == b"\r\n":
            self.memory.write("CTIME", "", now)
            return Verdict.SILENT
        if address and not same_address(address, self.memory.address):
            return Verdict.FOREIGN
        if rest != b"\r\n":
            return self._fast_read(rest, now)
        table = self.memory.table
        ident = self._behaviour.ident or table.identification
        self._state = State.SELECTING
        return self._send(Identification("EKT", table.speed_char, ident).encode(), now)

    def _fast_read(self, frame: bytes, now: float) -> Verdict:
        """A read without a session, at the speed of the sign-on; GROUP where the model has it."""
        found = _FAST.fullmatch(frame)
        if found is None:
            return Verdict.SILENT
        name, args = (part.decode("ascii") for part in found.groups())
        if name != "GROUP":
            return self._read(name, args, now)
        if not self._behaviour.knows_group:
            return Verdict.SILENT
        refused = (self._behaviour.refuses or {}).get(name)
        members = list(_MEMBER.finditer(args))
        if refused or not self.memory.table.group or "".join(member[0] for member in members) != args:
            self._send(error_block(refused or UNKNOWN), now)
            return Verdict.REFUSED
        told = (f"{one[1]}" + self.memory.group(one[1], int(one[2], 16), now) for one in members)
        return self._send(data_block("".join(told)), now)

    def _select(self, found: re.Match[bytes], now: float) -> Verdict:
        if self._state is not State.SELECTING:
            return Verdict.SILENT
        speed, mode = found[2].decode("ascii"), found[3].decode("ascii")
        baud = SPEEDS.get(speed) if speed == self.memory.table.speed_char else None
        line = self._line
        if baud is not None and self._behaviour.follows_speed:
            line = Line(baud=baud, data_bits=line.data_bits, parity=line.parity, stop_bits=line.stop_bits)
        if mode == "1":
            self._line = line
            self._state = State.SESSION
            operand = self.memory.address if self.memory.table.operand == "address" else _CONSTANT
            return self._send(command("P0", f"({operand})"), now)
        self._to_idle()
        return self._send(data_block(self._readout(mode, now) + "!\r\n"), now, line)

    def _readout(self, mode: str, now: float) -> str:
        told = ""
        for name in _READOUTS.get(mode, _READOUTS["0"]):
            answer = self.memory.answer(name, "", now)
            told += "" if isinstance(answer, int) else self._listed(name, answer)
        return told

    def _listed(self, name: str, values: Answer) -> str:
        assert not isinstance(values, int)
        repeated = self.memory.table.names_repeated
        return "".join(f"{name if repeated or not i else ''}({value})\r\n" for i, value in enumerate(values))

    # --- commands ----------------------------------------------------------------------------------------------------

    def _command(self, code: bytes, text: str, now: float) -> Verdict:
        if code == b"P1":
            return self._password(text, now)
        found = _PARAMETER.fullmatch(text)
        if found is None or code not in (b"R1", b"W1"):
            return self._refuse_frame(now)
        if code == b"R1":
            return self._read(found[1], found[2], now)
        return self._write(found[1], found[2], now)

    def _refuse_frame(self, now: float) -> Verdict:
        self._send(bytes([NAK]), now)
        if self._behaviour.deaf_after_nak:
            self._state = State.DEAF
        return Verdict.NAK

    def _read(self, name: str, args: str, now: float) -> Verdict:
        answer = self.memory.answer(name, args, now)
        if isinstance(answer, int):
            self._send(error_block(answer), now)
            return Verdict.REFUSED
        return self._send(data_block(self._listed(name, answer)), now)

    def _password(self, text: str, now: float) -> Verdict:
        self.passwords_heard += 1
        today = self.memory.clock.local(now).date()
        if self._locked_on not in (None, today):  # the day of the lock is over
            self._locked_on, self._wrong = None, 0
        right = text.encode("ascii") == b"(" + self._behaviour.password + b")" and self._locked_on is None
        if right:
            self._wrong, self._level = 0, 1
            return self._send(bytes([ACK]), now)
        self._wrong += 1
        if self._wrong >= self._behaviour.locks_after:
            self._locked_on = today
        answers = {"B0": BREAK, "NAK": bytes([NAK]), "ERR15": error_block(_LEVEL)}
        answer = answers.get(self._behaviour.wrong_password)
        if answer is not None:
            self._send(answer, now)
        if self._behaviour.wrong_password == "B0":
            self._to_idle()
        return Verdict.REFUSED

    def _write(self, name: str, value: str, now: float) -> Verdict:
        dies_after = self._behaviour.dies_after_writes
        if dies_after is not None and self.memory.writes_done >= dies_after:
            self._dead = True
            self._to_idle()
            return Verdict.SILENT
        refused = self._why_not(name, value, now)
        if refused is not None:
            self._send(error_block(refused), now)
            return Verdict.REFUSED
        return self._send(bytes([ACK]), now)

    def _why_not(self, name: str, value: str, now: float) -> int | None:
        refuses = self._behaviour.refuses or {}
        if f"W1 {name}" in refuses:
            return refuses[f"W1 {name}"]
        if not self._level:
            return _LEVEL
        if self._behaviour.needs_button and not self._is_permitted(now):
            return _BUTTON
        return self.memory.write(name, value, now)

    def _is_permitted(self, now: float) -> bool:
        """Whether the access button was pressed and its permission still lasts."""
        window_s = self._behaviour.button_window_s
        return self._pressed_at is not None and (window_s is None or now - self._pressed_at <= window_s)


def simulate(profile: Profile, state: SimState, behaviour: Behaviour | None = None) -> SimulatedEnergomera:
    """A meter of this model, at the time and place of `state`."""
    return SimulatedEnergomera(profile, state, behaviour)
