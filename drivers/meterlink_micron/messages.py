"""Every command of the family, and the frame round it.

Request   address(1 or 5)  request code(1)  parameter code(0 or 1)  parameters  checksum(2 or 1)
Answer    address(1 or 5)  data                                                 checksum(2 or 1)

The answer does not repeat the code, so whoever reads it must know what was asked; a few newer commands repeat an
identifier. One byte of data is the status: what every write answers, and every refusal. Source:
docs/protocols/micron.md, chapters 4 to 8.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

from meterlink.wire.payload import PayloadError
from meterlink.wire.request import ReplySizes, Request
from meterlink_micron import (
    identity_codec as identity,
    momentary_codec as momentary,
    parameters as p,
    records,
    settings_codec as settings,
    state_codec as state,
)
from meterlink_micron.address import Address
from meterlink_micron.checksum import Check
from meterlink_micron.clock import Clock, CorrectionState, ShiftSeconds, ShiftTo, SwitchMoment
from meterlink_micron.energy_codec import BitCounts, Counts, EnergyBits, EnergyIndex, EnergyMask
from meterlink_micron.errors import OtherFormError, refusal, why
from meterlink_micron.indices import FloatMask, Index, MaybeIndex, Picture, TwoIndices
from meterlink_micron.memory_codec import MemoryPlace, MemoryWrite, NamedData, NamedPlace
from meterlink_micron.payload import NOTHING, Data, Nothing, Payload, check_length

Q = TypeVar("Q", bound=Payload)
A = TypeVar("A", bound=Payload)

WRITE_CODES: Final = frozenset({0x03, 0x07})
_PARAMETERISED: Final = frozenset({0x03, 0x08})

_TEXT: Final = {
    "unknown": "{head} is no documented command of this family",
    "no data": "the meter answered with a status alone, {status}, where {wanted} bytes of data were due",
}


@dataclass(frozen=True, slots=True)
class Status(Payload):
    """The exchange status: low nibble what came of it, high nibble how many seconds the meter is busy with it."""

    value: int

    sizes: ClassVar[Collection[int]] = (1,)

    @classmethod
    def of(cls, code: int, busy_s: int = 0) -> Self:
        return cls(busy_s << 4 | code)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return cls(data[0])

    def encode(self) -> bytes:
        return bytes([self.value])

    @property
    def code(self) -> int:
        return self.value & 0xF

    @property
    def busy_s(self) -> int:
        return self.value >> 4

    def told(self) -> dict[str, object]:
        busy = {"busy_s": self.busy_s} if self.busy_s else {}
        return {"status": self.code, "status_text": why(self.code) if self.code else "ok", **busy}


Answers = Callable[[Any], tuple[type[Any], Collection[int]]]
"""From what was asked: the payload of the answer and its permitted lengths, the usual one first."""


@dataclass(frozen=True, slots=True)
class Command(Generic[Q, A]):
    """`head` are request and parameter code; `answers` says what comes back where that depends on what was asked."""

    head: bytes
    name: str
    request: type[Q]
    reply: type[A]
    answers: Answers | None = None
    secret_places: tuple[tuple[int, int], ...] = ()
    """Of the parameters, counted from the first of them."""
    named: bool = False
    """The first parameter is an identifier, and so is the first byte of an answer that is no status."""

    @property
    def changes_meter(self) -> bool:
        return self.head[0] in WRITE_CODES

    def answer(self, asked: Payload) -> tuple[type[A], Collection[int]]:
        if self.answers is not None:
            return self.answers(asked)
        return self.reply, self.reply.permitted()

    def read_answer(self, asked: Payload, data: bytes) -> A:
        """The value of the data of an answer that is no refusal; PayloadError."""
        kind, permitted = self.answer(asked)
        if len(data) == 1 and kind is not Status:
            status = Status(data[0])
            told = why(status.code) if status.code else "ok"
            raise PayloadError(_TEXT["no data"].format(status=told, wanted=next(iter(permitted))))
        check_length(data, permitted)
        return kind.decode(data)


@dataclass(frozen=True, slots=True)
class Call(Request[A], Generic[A]):
    """A command to one meter."""

    address: Address
    command: Command[Any, A]
    asked: Payload = NOTHING
    check: Check = Check.CRC

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def repeatable(self) -> bool:
        return not self.changes_meter and not self.presents_password

    @property
    def changes_meter(self) -> bool:
        return self.command.changes_meter

    @property
    def presents_password(self) -> bool:
        return self.command is OPEN

    @property
    def secret_places(self) -> tuple[tuple[int, int], ...]:
        shift = self.address.size + len(self.command.head)
        return tuple((start + shift, end + shift) for start, end in self.command.secret_places)

    @property
    def reply_sizes(self) -> ReplySizes:
        """Of the form that was asked; of a short request the extended form may come back, too."""
        _, lengths = self.command.answer(self.asked)
        data = dict.fromkeys((*lengths, 1))
        usual = next(iter(data)) + self.address.size + self.check.size
        forms = (self.address.size,) if self.address.is_extended else (1, 5)
        return ReplySizes(usual, tuple(size + form + self.check.size for form in forms for size in data))

    def encode(self) -> bytes:
        return self.check.sealed(self.address.encode() + self.command.head + self.asked.encode())

    def accepts(self, frame: bytes) -> bool:
        """By its own address, and by the identifier where the command has one; 0 is answered from anywhere. What an
        extended address tells a short one is looked at later."""
        if len(frame) <= self.check.size + 1:
            return False
        found, data = Address.read(frame)
        if len(data) <= self.check.size or not self._names_this(data[: -self.check.size]):
            return False
        if self.address.is_extended or not found.is_extended:
            return found == self.address or (self.address.is_common and not found.is_extended)
        return True

    def _names_this(self, data: bytes) -> bool:
        return not self.command.named or len(data) == 1 or data[:1] == self.asked.encode()[:1]

    def same_meter(self, frame: bytes) -> bool:
        return Address.read(frame)[0] == self.address

    def decode_reply(self, frame: bytes) -> A:
        found, rest = Address.read(frame)
        if found.is_extended and not self.address.is_extended:
            raise OtherFormError(address=self.address.number, extended=found.number)
        data = rest[: -self.check.size]
        if len(data) == 1 and (code := Status(data[0]).code):
            raise refusal(self.name, code)
        return self.command.read_answer(self.asked, data)


def encode_answer(address: Address, data: bytes, check: Check = Check.CRC) -> bytes:
    return check.sealed(address.encode() + data)


def readdressed(frame: bytes) -> bytes:
    """The same answer as from the neighbouring address; what is no whole frame stays as it is."""
    for check in Check:
        if check.holds(frame) and len(frame) > check.size + 1:
            found, rest = Address.read(frame[: -check.size])
            return encode_answer(Address(found.number ^ 1, found.is_extended), rest, check)
    return frame


# --- commands ---------------------------------------------------------------------------------------------------------

_table: list[Command[Any, Any]] = []


def _add(command: Command[Q, A]) -> Command[Q, A]:
    _table.append(command)
    return command


def _read(
    parameter: int, name: str, reply: type[A], request: type[Q], answers: Answers | None = None, *, named: bool = False
) -> Command[Q, A]:
    return _add(Command(bytes([0x08, parameter]), f"read {name}", request, reply, answers=answers, named=named))


def _plain(parameter: int, name: str, reply: type[A]) -> Command[Nothing, A]:
    return _read(parameter, name, reply, Nothing)


def _write(parameter: int, name: str, request: type[Q]) -> Command[Q, Status]:
    return _add(Command(bytes([0x03, parameter]), name, request, Status))


TEST = _add(Command(b"\x00", "test link", Nothing, Status))
OPEN = _add(Command(b"\x01", "open channel", p.Opening, Status, secret_places=((0, 6),)))
CLOSE = _add(Command(b"\x02", "close channel", Nothing, Status))

# writes that meterlink sends: see WRITTEN
SHIFT_SECONDS = _write(0x0B, "correct clock by seconds", ShiftSeconds)
SET_CLOCK = _write(0x0C, "set clock", Clock)
SHIFT_TO = _write(0x0D, "correct clock to a time of day", ShiftTo)
SET_FLAG = _write(0x18, "set or clear a flag", p.Flag)
STORE_CHECKSUM = _write(0x21, "count and store the tariff schedule checksum", Nothing)
WRITE_MEMORY = _add(Command(b"\x07", "write memory", MemoryWrite, Status))

# writes of others, which meterlink never sends
_write(0x00, "set profile interval and re-initialise the profile", p.ProfileInterval)
_write(0x05, "set address", p.NewAddress)
_write(0x06, "set display mode or mask", p.DisplayMode)
_write(0x07, "set display period", p.DisplayPeriod)
LATCH = _write(0x08, "latch measurements", p.Latch)
_write(0x10, "initialise the meter", Nothing)
_write(0x15, "set line settings", p.LineSetting)
_write(0x19, "set moment of switching to summer", SwitchMoment)
_write(0x1A, "set moment of switching to winter", SwitchMoment)
_write(0x1B, "set voltage ratio", p.Ratio)
_write(0x1C, "set current ratio", p.Ratio)
_write(0x1D, "set combined ratio, whole part", p.CombinedRatio)
_write(0x1E, "set combined ratio, fraction", p.Fraction)
CHANGE_PASSWORD = _add(Command(b"\x03\x1f", "change password", p.PasswordChange, Status, secret_places=((1, 13),)))
_write(0x20, "reset energy registers", Nothing)
_write(0x22, "set metering point name", p.Text)
_write(0x26, "set power quality parameter", p.QualityParameter)
_write(0x27, "set time-out multiplier", p.Multiplier)
SEARCH_HEADER = _write(0x28, "search profile header", p.HeaderSearch)
_write(0x2A, "write season of the maxima schedule", p.MaximaSeason)
_write(0x2B, "clear maxima", p.DisplayMode)
_write(0x2C, "configure output", p.OutputSetting)
_write(0x2D, "set loss meter parameter", p.LossParameter)
_write(0x2F, "control load or limits", p.LoadControl)
_write(0x30, "set clock rate correction", p.Rate)
_write(0x31, "set averaging periods", p.Ratio)
_write(0x32, "set identifier", p.Text)
_write(0x33, "set load schedule of a month", p.LoadSeason)
_write(0x37, "set tariff zone (new form)", p.Zone)

# energy, memory, journals


def _energy_answer(asked: EnergyMask) -> tuple[type[Counts], Collection[int]]:
    return Counts, (4 * asked.mask.bit_count(),)


def _bits_answer(asked: EnergyBits) -> tuple[type[BitCounts], Collection[int]]:
    return BitCounts, (1 + 4 * asked.bits.bit_count(),)


def _memory_answer(asked: MemoryPlace) -> tuple[type[Data], Collection[int]]:
    return Data, (asked.count,)


def _named_answer(asked: NamedPlace) -> tuple[type[NamedData], Collection[int]]:
    """A SET-4TM.03 may send two bytes more right behind the identifier."""
    return NamedData, (1 + asked.count, 3 + asked.count)


def _record_answer(asked: records.ShortRecord | records.LongRecord) -> tuple[type[Payload], Collection[int]]:
    kind = Clock if asked.journal == records.CLOCK_JOURNAL else records.RECORDS.get(asked.journal, Data)
    return kind, kind.permitted()


READ_ENERGY = _add(Command(b"\x05", "read energy", EnergyIndex, Counts, answers=lambda _: (Counts, (16,))))
READ_ENERGY_MASK = _add(Command(b"\x0a", "read energy by kinds", EnergyMask, Counts, answers=_energy_answer))
READ_ENERGY_BITS = _add(
    Command(b"\x0b", "read energy by bits", EnergyBits, BitCounts, answers=_bits_answer, named=True)
)
READ_MEMORY = _add(Command(b"\x06", "read memory", MemoryPlace, Data, answers=_memory_answer))
READ_NAMED_MEMORY = _add(
    Command(b"\x0c", "read memory (extended)", NamedPlace, NamedData, answers=_named_answer, named=True)
)
READ_RECORD: Command[records.ShortRecord, Any] = _add(
    Command(b"\x04", "read journal", records.ShortRecord, Payload, answers=_record_answer)
)
READ_LONG_RECORD: Command[records.LongRecord, Any] = _add(
    Command(b"\x09", "read journal (extended)", records.LongRecord, Payload, answers=_record_answer)
)
CLOCK_RECORD: Final = records.ShortRecord(records.CLOCK_JOURNAL, 0)

# parameters


def _by_number(usual: type[Payload], others: Mapping[int, type[Payload]]) -> Answers:
    """What depends on the index behind the parameter code."""

    def answers(asked: MaybeIndex) -> tuple[type[Payload], Collection[int]]:
        kind = usual if asked.number is None else others.get(asked.number, usual)
        return kind, kind.permitted()

    return answers


def _latched_answer(asked: Index) -> tuple[type[Payload], Collection[int]]:
    if asked.number == 0xF0:
        return Counts, (16,)
    kind = momentary.Latched if asked.number == 0x50 else momentary.Momentary
    return kind, kind.permitted()


def _floats_answer(asked: TwoIndices) -> tuple[type[momentary.Floats], Collection[int]]:
    return momentary.Floats, (16 if asked.number in (2, 3) else 4,)


def _masked_answer(asked: FloatMask) -> tuple[type[momentary.MaskedFloats], Collection[int]]:
    return momentary.MaskedFloats, (1 + 4 * asked.mask.bit_count(),)


def _picture_answer(asked: Picture) -> tuple[type[Payload], Collection[int]]:
    kinds: Mapping[int, type[Payload]] = {0: settings.Windows, 1: settings.Maxima}
    kind = kinds.get(asked.kind, settings.LoadWindow)
    return kind, kind.permitted()


def _output_answer(asked: Index) -> tuple[type[settings.Output], Collection[int]]:
    return settings.Output, (12 if asked.number == 0xFF else 2,)


def _control_answer(asked: TwoIndices) -> tuple[type[state.Control], Collection[int]]:
    return state.Control, (2 if asked.number in (0x00, 0x05, 0x08, 0x09) else 4,)


def _rate_answer(asked: MaybeIndex) -> tuple[type[Payload], Collection[int]]:
    return momentary.Floats, (4,)


READ_SERIAL = _plain(0x00, "serial and date", identity.Serial)
READ_TEMPERATURE = _plain(0x01, "temperature", momentary.Temperature)
READ_RATIOS = _plain(0x02, "transformer ratios", identity.Ratios)
READ_FIRMWARE = _plain(0x03, "firmware version", identity.Firmware)
_read(0x04, "profile pointer", state.ProfilePointer, MaybeIndex)
READ_ADDRESS: Command[MaybeIndex, Any] = _read(
    0x05, "address", Payload, MaybeIndex, _by_number(identity.ShortAddress, {1: identity.ExtendedAddress})
)
_read(0x06, "profile interval", settings.Interval, MaybeIndex)
READ_SUMMER_MOMENT = _plain(0x07, "moment of switching to summer", SwitchMoment)
READ_WINTER_MOMENT = _plain(0x08, "moment of switching to winter", SwitchMoment)
READ_FLAGS = _read(0x09, "flags", state.Flags, MaybeIndex)
READ_STATE: Command[MaybeIndex, Any] = _read(
    0x0A,
    "state",
    Payload,
    MaybeIndex,
    _by_number(state.StateWord, {1: state.News, 2: state.FourBytes, 3: state.FourBytes}),
)
_plain(0x0B, "metering point name", identity.Name)
_read(0x0C, "running profile power", momentary.Powers, MaybeIndex)
READ_RUNNING_ENERGY = _read(0x0D, "energy of the running tariff", Counts, Nothing, lambda _: (Counts, (16,)))
READ_TARIFF = _plain(0x0E, "tariff pointer", state.TariffPointer)
_plain(0x0F, "frequency, old form", momentary.OldFrequency)
_plain(0x10, "power, old form", momentary.OldPower)
READ_MOMENTARY = _read(0x11, "instantaneous value", momentary.Momentary, Index)
READ_VARIANT = _plain(0x12, "variant", identity.Variant)
_read(0x13, "display state", settings.DisplayState, MaybeIndex)
READ_LATCHED: Command[Index, Any] = _read(0x14, "latched value", Payload, Index, _latched_answer)
_read(0x15, "power quality parameter", momentary.Quality, Index)
READ_GROUP = _read(0x16, "group of values", momentary.Group, Index)
READ_LINE = _read(0x17, "line settings", settings.LineState, MaybeIndex)
READ_TASK: Command[Index, Any] = _read(
    0x18,
    "state of a task",
    Payload,
    Index,
    _by_number(state.SearchState, {1: CorrectionState, 2: state.TaskState, 3: state.FourBytes}),
)
CORRECTION_TASK: Final = Index(1)
READ_PROGRAMMED = _plain(0x19, "time of the last programming", state.Programmed)
_read(0x1A, "display mask", settings.Number, Index)
READ_FLOATS = _read(0x1B, "floats", momentary.Floats, TwoIndices, _floats_answer)
_read(0x1C, "maxima or load schedule", Payload, Picture, _picture_answer)
_read(0x1D, "output configuration", settings.Output, Index, _output_answer)
_read(0x1E, "loss meter parameter", momentary.Floats, Index, _rate_answer)
READ_CONTROL = _read(0x20, "load control or limit", state.Control, TwoIndices, _control_answer)
_read(0x21, "clock rate correction", momentary.Floats, MaybeIndex, _rate_answer)
_plain(0x22, "averaging periods", settings.Number)
READ_MASKED_FLOATS = _read(0x23, "floats by mask", momentary.MaskedFloats, FloatMask, _masked_answer, named=True)
_plain(0x24, "identifier", identity.Identifier)
_read(0x25, "password (with the RESET key pressed)", identity.Password, Index)
_read(0x26, "display image", settings.DisplayImage, Data, named=True)

WRITTEN: Final = (SHIFT_SECONDS, SHIFT_TO, SET_CLOCK, SET_FLAG, STORE_CHECKSUM, WRITE_MEMORY)
"""What meterlink sends of all that changes a meter; the other writes are here so that frames can be told."""

COMMANDS: Final[Mapping[bytes, Command[Any, Any]]] = {command.head: command for command in _table}
"""Every command by its codes."""


def head_of(body: bytes) -> bytes:
    """Request and parameter code of a frame without its address."""
    return body[: 2 if body[:1] and body[0] in _PARAMETERISED else 1]


def command_of(body: bytes) -> Command[Any, Any]:
    """The command that such a frame carries; PayloadError where nobody knows it."""
    head = head_of(body)
    if head not in COMMANDS:
        raise PayloadError(_TEXT["unknown"].format(head=f"{head.hex(' ').upper()}h"))
    return COMMANDS[head]


def decode_call(frame: bytes, check: Check = Check.CRC) -> Call[Any]:
    """The request of a whole frame; PayloadError where the command is not known or its parameters make no sense."""
    address, body = Address.read(frame[: -check.size])
    command = command_of(body)
    return Call(address, command, command.request.read(body[len(command.head) :]), check)


def request_sizes(begin: bytes, check: Check) -> Iterable[int]:
    """The sizes that a request may have whose first bytes these are; none while that is not known."""
    address, body = Address.read(begin)
    command = COMMANDS.get(head_of(body))
    around = address.size + check.size
    if command is None or len(begin) < address.size + 1:
        return ()
    if command is WRITE_MEMORY:
        return (around + 5 + body[4],) if len(body) > 4 else ()
    return tuple(around + len(command.head) + size for size in command.request.permitted())
