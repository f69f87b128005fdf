"""A simulated meter of the family, true on the wire: bytes and times in, bursts out.

Here: frames, addresses, silences, the channel with its levels. What writes change is in `sim_memory`, what they do in
`sim_writes`, what reads answer in `sim_commands`. Marks there and here: [documented], [seen], [guess].

* Silent to: a wrong checksum, another address, a wrong length, a write to address 0 that is not its own, and what is
  told to everybody [documented, 4.3].
* It answers after the silence that ends a frame and 5 to 30 ms more [documented: within 100 ms].
* Checks in this order: channel (5), command (1), level (3), parameter (1), busy (8), once a day (4) [guess].
* Equal passwords open the higher level; a wrong one is answered 3 [guesses].
* The channel closes 20 s after the last correct request; a meter with flag 2.3 set has level 1 open from the beginning
  and always [documented]. So does this one unless it is told otherwise, so that it can be read without a password.
* Three wrong passwords block writing until the end of the day, where flag 1.7 is set [documented].
* While it is busy it hears nothing; while it answers, what comes in waits [guesses].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from math import inf
from random import Random
from typing import Any, Final

from meterlink.errors import ConfigError
from meterlink.profiles import Profile
from meterlink.sim.hearing import Appointment, HearingMeter, Verdict
from meterlink.sim.state import SimState
from meterlink.wire.line import Line
from meterlink.wire.payload import PayloadError
from meterlink_micron import messages as m
from meterlink_micron.address import Address
from meterlink_micron.framing import command_framer
from meterlink_micron.identity_codec import Variant
from meterlink_micron.messages import Call, command_of, encode_answer, request_sizes
from meterlink_micron.models import table_of
from meterlink_micron.payload import Payload
from meterlink_micron.sim_commands import HANDLERS, UNKNOWN, Inside
from meterlink_micron.sim_memory import Memory, MemoryBehaviour
from meterlink_micron.sim_writes import carry_out

EVERYBODY: Final = 0xFE
_OPEN_S: Final = 20.0
_TOO_LOW: Final = 0x3
_CLOSED: Final = 0x5
_AGAIN: Final = 0x6
_WRONG_PASSWORDS: Final = 3
_WRITING: Final = 2
_SERIAL: Final = 805_181_783
_MOST_SERIAL: Final = 2**32 - 1
_STAYS_OPEN: Final = 0x08
_BLOCKS: Final = 0x80
_FOR_ALL: Final = (m.LATCH.head, m.SHIFT_TO.head, m.SEARCH_HEADER.head)
_NO_SERIAL: Final = "{serial!r} is no serial number of up to ten digits, at most 4294967295"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What differs between meters, or is not known.

    `passwords`       those of level 1 and 2
    `stays_open`      flag 2.3: level 1 is open without a password
    `blocks`          flag 1.7: three wrong passwords block writing until the end of the day
    `only_extended`   flag 2.4 of the second extended array: reads by short address are answered from the extended one
    `answers_as_zero` the address 0 is answered from 0, as older meters do; None: as the model does
    `asks_again`      heads of commands with how often they are answered 6 before they are carried out
    `again_s`         how soon the same frame must come after a 6
    `busy_s`          heads of commands with how many seconds the meter is busy afterwards
    `refuses`         heads of commands with the status they are answered with
    `silent_to`       heads of commands that it hears and does not answer, though it carries them out
    `variant`         the three bytes of 08 12; None: those of the profile
    `ratios`          Kn and Kt
    `errors`          errors that its state word shows, beside those of its tables
    `latency_s`       between the end of a request and the answer, the silence not counted
    `memory`          what its memory does otherwise
    """

    passwords: tuple[bytes, bytes] = (b"000000", b"000000")
    stays_open: bool = True
    blocks: bool = False
    only_extended: bool = False
    answers_as_zero: bool | None = None
    asks_again: Mapping[bytes, int] = field(default_factory=dict)
    again_s: float = 0.5
    busy_s: Mapping[bytes, int] = field(default_factory=dict)
    refuses: Mapping[bytes, int] = field(default_factory=dict)
    silent_to: tuple[bytes, ...] = ()
    variant: bytes | None = None
    ratios: tuple[int, int] = (1, 1)
    errors: frozenset[int] = frozenset()
    latency_s: tuple[float, float] = (0.005, 0.030)
    memory: MemoryBehaviour = field(default_factory=MemoryBehaviour)


class SimulatedMicron(HearingMeter):
    """One meter. Times in seconds since 1970 UTC."""

    def __init__(self, profile: Profile, state: SimState, behaviour: Behaviour | None = None) -> None:
        table = table_of(profile)
        super().__init__(command_framer(table.check), gap_s=state.gap_s, deaf_while_sending=False)
        self._behaviour = behaviour or Behaviour()
        self._table = table
        self._profile = profile
        self._line = profile.line.line
        self.memory = Memory(profile, state, self._behaviour.memory)
        self.memory.flags[1] |= _STAYS_OPEN * self._behaviour.stays_open
        self.memory.flags[0] |= _BLOCKS * self._behaviour.blocks
        serial = _serial(state)
        self._asked_as = None if state.address is None else Address.of(state.address)
        self.inside = _inside(profile, state, self.memory, self._behaviour, serial, self._asked_as)
        self._random = Random(f"{state.seed}/micron/{serial}")
        self._level = int(self._behaviour.stays_open)
        self._open_until = -inf
        self._deaf_until = -inf
        self._wrong_today = 0
        self._blocked_on: date | None = None
        self._asked_again: tuple[bytes, int, float] = (b"", 0, -inf)
        self.passwords_heard = 0

    # --- what it shows -----------------------------------------------------------------------------------------------

    @property
    def line(self) -> Line:
        return self._line

    @property
    def bus_address(self) -> str:
        return str(self._asked_as or Address(self.inside.short))

    @property
    def serial_number(self) -> str:
        return str(self.inside.serial)

    @property
    def level(self) -> int:
        """0: closed, 1: reading, 2: writing."""
        return self._level

    @property
    def writes(self) -> list[bytes]:
        """The write frames that it heard, whatever came of them."""
        heard = (each.raw for each in self.log if each.verdict not in (Verdict.DEAF, Verdict.DAMAGED))
        return [raw for raw in heard if Address.read(raw)[1][:1] in (b"\x03", b"\x07")]

    # --- the wire ----------------------------------------------------------------------------------------------------

    @property
    def _own_gap_s(self) -> float:
        timing = self._profile.timing
        return self.line.silence_s(timing.quiet_chars, timing.quiet_s)

    def _appointment(self) -> Appointment | None:
        """The channel closes by itself."""
        if self._open_until == -inf:
            return None
        return Appointment(self._open_until, self.close_channel)

    def close_channel(self, _now: float) -> None:
        """By command, or by itself."""
        self._level = int(self._behaviour.stays_open)
        self._open_until = -inf
        self.memory.end_session()

    def _hear(self, frame: bytes, now: float) -> None:
        self._note(now, self._take(frame, now), frame)

    def _take(self, frame: bytes, now: float) -> Verdict:
        if now < self._deaf_until:
            return Verdict.DEAF
        if not self.memory.has_power(now):
            return Verdict.POWERLESS
        address, body = Address.read(frame[: -self._table.check.size])
        if address == Address(EVERYBODY):
            return self._carry_out_for_all(body, now)
        if not self._is_mine(address):
            return Verdict.FOREIGN
        sizes = tuple(request_sizes(frame, self._table.check))
        if sizes and len(frame) not in sizes:
            return Verdict.SENSELESS
        head = m.head_of(body)
        if address.is_common and head[:1] in (b"\x03", b"\x07") and self.inside.short:
            return Verdict.SILENT
        return self._obey(address, body, now)

    def _is_mine(self, address: Address) -> bool:
        if address.is_extended:
            return self._table.extended_address and address.number == self.inside.extended
        return address.is_common or address.number == self.inside.short

    def _carry_out_for_all(self, body: bytes, now: float) -> Verdict:
        if m.head_of(body) not in _FOR_ALL:
            return Verdict.SILENT
        carry_out(self.memory, body, _WRITING, now)
        return Verdict.GROUP

    def _answer(self, address: Address, payload: Payload | int, now: float, head: bytes = b"") -> Verdict:
        """A number is a refusal, or a status with its busy seconds."""
        data = bytes([payload]) if isinstance(payload, int) else payload.encode()
        if head in self._behaviour.silent_to:
            return Verdict.SILENT
        frame = encode_answer(self._answering(address, head), data, self._table.check)
        heard_at = max(now, self._busy_until)
        self._speak(frame, heard_at + self._own_gap_s + self._random.uniform(*self._behaviour.latency_s))
        refused = isinstance(payload, int) and payload & 0xF
        return Verdict.REFUSED if refused else Verdict.ANSWERED

    def _answering(self, asked: Address, head: bytes) -> Address:
        if asked.is_extended:
            return asked
        if self._behaviour.only_extended and head[:1] not in (b"\x01", b"\x02", b"\x03", b"\x07"):
            return Address(self.inside.extended, True)
        as_zero = self._behaviour.answers_as_zero
        if asked.is_common and (as_zero or (as_zero is None and not self._table.extended_address)):
            return asked
        return Address(self.inside.short)

    # --- the channel -------------------------------------------------------------------------------------------------

    def _obey(self, address: Address, body: bytes, now: float) -> Verdict:
        head = m.head_of(body)
        if head not in (m.TEST.head, m.OPEN.head, m.CLOSE.head, m.LATCH.head) and not self._level:
            return self._answer(address, _CLOSED, now, head)
        if self._open_until != -inf:
            self._open_until = now + _OPEN_S
        if head == m.OPEN.head:
            return self._answer(address, self._open(body[1:], now), now, head)
        if head == m.CLOSE.head:
            self.close_channel(now)
            return self._answer(address, 0, now, head)
        status = self._unwilling(head, body, now)
        if status is not None:
            return self._answer(address, status, now, head)
        if head == m.TEST.head:
            return self._answer(address, 0, now, head)
        if head[:1] in (b"\x03", b"\x07"):
            return self._write(address, body, now)
        return self._answer(address, self._read(body, now), now, head)

    def _open(self, password: bytes, now: float) -> int:
        self.passwords_heard += 1
        today = self.memory.clock.local(now).date()
        if self._blocked_on != today:
            self._blocked_on = None
        levels = [level for level, known in enumerate(self._behaviour.passwords, 1) if known == password]
        if not levels:
            self._wrong_today += 1
            self.inside.wrong_passwords.append(self.memory.clock.local(now).replace(microsecond=0))
            if self._behaviour.blocks and self._wrong_today >= _WRONG_PASSWORDS:
                self._blocked_on, self._wrong_today = today, 0
            return _TOO_LOW
        self._level = max(levels) if self._blocked_on is None else 1
        self._wrong_today = 0
        self._open_until = now + _OPEN_S
        return 0

    def _unwilling(self, head: bytes, body: bytes, now: float) -> int | None:
        """A status that this meter answers before it looks any further."""
        if head in self._behaviour.refuses:
            return self._behaviour.refuses[head]
        wanted = self._behaviour.asks_again.get(head, 0)
        if not wanted:
            return None
        before, count, at = self._asked_again
        count = count + 1 if before == body and now - at <= self._behaviour.again_s else 1
        if count > wanted:
            self._asked_again = (b"", 0, -inf)
            return None
        self._asked_again = (body, count, now)
        return _AGAIN

    def _write(self, address: Address, body: bytes, now: float) -> Verdict:
        status = carry_out(self.memory, body, self._level, now)
        if status is None:
            self._level, self._open_until = 0, -inf
            return Verdict.POWERLESS
        head = m.head_of(body)
        busy_s = self._behaviour.busy_s.get(head, 0)
        verdict = self._answer(address, status | busy_s << 4, now, head)
        if busy_s:
            self._deaf_until = now + busy_s
        return verdict

    def _read(self, body: bytes, now: float) -> Payload | int:
        try:
            command = command_of(body)
            asked = command.request.read(body[len(command.head) :])
        except PayloadError:
            return UNKNOWN
        handler = HANDLERS.get(command.head)
        return UNKNOWN if handler is None else handler(self.inside, asked, now)

    # --- for tests ---------------------------------------------------------------------------------------------------

    def calls(self) -> list[Call[Any]]:
        """What it was asked and understood."""
        heard = (each.raw for each in self.log if each.verdict in (Verdict.ANSWERED, Verdict.REFUSED))
        return [m.decode_call(raw, self._table.check) for raw in heard]


def _serial(state: SimState) -> int:
    text = state.serial_number
    if text is None:
        return _SERIAL
    if not text.isdecimal() or int(text) > _MOST_SERIAL:
        raise ConfigError(setting="serial", why=_NO_SERIAL.format(serial=text))
    return int(text)


def _inside(
    profile: Profile, state: SimState, memory: Memory, behaviour: Behaviour, serial: int, asked: Address | None
) -> Inside:
    """By itself the short address follows from the serial number [guess], and the extended one is it [documented]."""
    table = table_of(profile)
    raw = bytes.fromhex(table.simulated_variant) if behaviour.variant is None else behaviour.variant
    return Inside(
        profile=profile,
        state=state,
        memory=memory,
        serial=serial,
        short=1 + serial % 239 if asked is None or asked.is_extended else asked.number,
        extended=asked.number if asked is not None and asked.is_extended else serial,
        variant=Variant.decode(raw) if raw else None,
        ratios=behaviour.ratios,
        errors=behaviour.errors,
    )


def simulate(profile: Profile, state: SimState, behaviour: Behaviour | None = None) -> SimulatedMicron:
    """A meter of this model, at the time and place of `state`."""
    return SimulatedMicron(profile, state, behaviour)
