"""Every documented command of the family, and the frame round it.

Frame     ADDR(4, most significant first)  CMD(1)  DATA(0..n)  CRC-16/MODBUS(2, low byte first)
Reply     the same; read replies do not repeat the index, so a reader must remember what it asked
Writes    are acknowledged by a frame without data
Source    the maker's "System of commands of the M206 meters" and the programs named in docs/protocols/mercury200.md

Commands that the maker leaves to the factory (jumper, calibration) are not here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Generic, TypeVar

from meterlink.wire.checksums import with_crc16_modbus
from meterlink.wire.payload import PayloadError
from meterlink.wire.request import ReplySizes, Request
from meterlink_mercury200 import calendar, parameters, schedule, values
from meterlink_mercury200.payload import NOTHING, Nothing, Payload, Unknown

Q = TypeVar("Q", bound=Payload)
A = TypeVar("A", bound=Payload)

OVERHEAD: Final = 7
"""Bytes of a frame besides its data."""


Lengths = tuple[int | None, Collection[int]]
"""The usual length of a reply's data, and every permitted one."""


@dataclass(frozen=True, slots=True)
class Command(Generic[Q, A]):
    """A command code with what is asked and what is answered.

    `reply_lengths` gives the usual length of the reply's data for a request (None where nobody knows it) and every
    permitted one, where they depend on what was asked; `decode` reads a reply that needs to know that.
    """

    code: int
    name: str
    request: type[Q]
    reply: type[A]
    writes: bool = False
    reply_lengths: Callable[[Q], Lengths] | None = None
    decode: Callable[[Q, bytes], A] | None = None
    _sizes: ReplySizes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        permitted = tuple(size + OVERHEAD for size in self.reply.permitted())
        object.__setattr__(self, "_sizes", ReplySizes(self.reply.size + OVERHEAD, permitted))

    def reply_sizes(self, asked: Q) -> ReplySizes:
        if self.reply_lengths is None:
            return self._sizes
        usual, permitted = self.reply_lengths(asked)
        return ReplySizes(None if usual is None else usual + OVERHEAD, tuple(length + OVERHEAD for length in permitted))

    def read_reply(self, asked: Q, data: bytes) -> A:
        """The value of a reply's data; PayloadError when they make no sense."""
        return self.reply.read(data) if self.decode is None else self.decode(asked, data)


@dataclass(frozen=True, slots=True)
class Call(Request[A], Generic[A]):
    """A command to one meter."""

    address: int
    command: Command[Any, A]
    asked: Payload = NOTHING

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def repeatable(self) -> bool:
        return not self.command.writes

    @property
    def changes_meter(self) -> bool:
        return self.command.writes

    @property
    def reply_sizes(self) -> ReplySizes:
        return self.command.reply_sizes(self.asked)

    def encode(self) -> bytes:
        return encode_frame(self.address, self.command.code, self.asked.encode())

    def accepts(self, frame: bytes) -> bool:
        return len(frame) >= OVERHEAD and frame[4] == self.command.code and self.same_meter(frame)

    def same_meter(self, frame: bytes) -> bool:
        return int.from_bytes(frame[:4], "big") == self.address

    def decode_reply(self, frame: bytes) -> A:
        return self.command.read_reply(self.asked, frame[5:-2])


def encode_frame(address: int, code: int, data: bytes = b"") -> bytes:
    return with_crc16_modbus(address.to_bytes(4, "big") + bytes([code]) + data)


def data_of(frame: bytes) -> bytes:
    """The data field of a whole frame."""
    return frame[5:-2]


def readdressed(frame: bytes) -> bytes:
    """The same frame as from the neighbouring address, with the right checksum; what is too short stays as it is."""
    if len(frame) < OVERHEAD:
        return frame
    return encode_frame(int.from_bytes(frame[:4], "big") ^ 1, frame[4], frame[5:-2])


def decode_call(frame: bytes) -> Call[Any]:
    """The request of a frame; PayloadError when the command is not known or its data make no sense."""
    command = COMMANDS.get(frame[4])
    if command is None:
        raise PayloadError(f"{frame[4]:02X}h is no documented command of this family")
    return Call(int.from_bytes(frame[:4], "big"), command, command.request.read(frame[5:-2]))


def _parameter_lengths(asked: parameters.ParameterIndex) -> Lengths:
    """With or without the number in front; of the model code there may be more."""
    size = parameters.PARAMETER_SIZES.get(asked.number)
    if size is None:
        return None, parameters.Parameter.sizes
    if asked.number == parameters.ParameterNumber.MODEL:
        return 1 + size, range(size, 12)
    return 1 + size, (size, 1 + size)


def _half_hour_lengths(_asked: Payload) -> Lengths:
    return None, values.HalfHours.sizes


def _unknown_lengths(_asked: Payload) -> Lengths:
    return None, Unknown.sizes


def _read(code: int, name: str, reply: type[A]) -> Command[Nothing, A]:
    return Command(code, f"read {name}", Nothing, reply)


def _write(code: int, name: str, data: type[Q]) -> Command[Q, Nothing]:
    return Command(code, name, data, Nothing, writes=True)


class _ClearLatch(values.Raw):
    """0Ch."""

    __slots__ = ()
    size: ClassVar[int] = 2
    about: ClassVar[str] = "always 04 00"


class _ResetMaxima(values.Raw):
    """12h."""

    __slots__ = ()
    size: ClassVar[int] = 9
    about: ClassVar[str] = "eight times 00, then which maximum"


class _ResetBatteryTime(values.Raw):
    """14h."""

    __slots__ = ()
    size: ClassVar[int] = 4
    about: ClassVar[str] = "always 00 00 00 00"


class _CompressedSchedule(values.Raw):
    """78h."""

    __slots__ = ()
    size: ClassVar[int] = 19
    about: ClassVar[str] = "the compressed form of a schedule; its layout is in a document that was not seen"


class _HalfHourIndex(values.Raw):
    """37h."""

    __slots__ = ()
    size: ClassVar[int] = 4
    about: ClassVar[str] = "N48 (kind of archive), then dd mon yy"


class _MaximumIndex(values.Raw):
    """33h."""

    __slots__ = ()
    size: ClassVar[int] = 1
    about: ClassVar[str] = "0 voltage, 1 current, 2 power"


class _QualityIndex(values.Raw):
    """39h."""

    __slots__ = ()
    size: ClassVar[int] = 2
    about: ClassVar[str] = "ii6 ii7, not defined anywhere"


class _ParameterWrite(values.Raw):
    """7Ah."""

    __slots__ = ()
    size: ClassVar[int] = 4
    about: ClassVar[str] = "i7 = 00, then attempts, pause minutes, success minutes of the relay"


# --- writes ---------------------------------------------------------------------------------------------------------

SET_ADDRESS = _write(0x00, "set network address", values.NewAddress)
SET_GROUP_ADDRESS = _write(0x01, "set group address", values.GroupAddress)
SET_CLOCK = _write(0x02, "set clock", calendar.TimeDate)
SET_POWER_LIMIT = _write(0x03, "set power limit", values.Power)
SET_MONTHLY_LIMIT = _write(0x04, "set monthly energy limit", values.MonthlyLimit)
SET_DST = _write(0x05, "set DST flag", values.DstFlag)
SET_BUTTON_CORRECTION = _write(0x06, "set button correction", values.ButtonCorrection)
SET_OUTPUT = _write(0x07, "set output function", values.RawByte)
SET_BAUD = _write(0x08, "set baud rate", values.RawByte)
SET_DISPLAY = _write(0x09, "set display mode", values.Display)
SET_TARIFF_COUNT = _write(0x0A, "set number of tariffs", values.TariffCount)
SET_CURRENT_TARIFF = _write(0x0B, "set current tariff", values.RawByte)
CLEAR_BATTERY_LATCH = _write(0x0C, "clear low-battery latch", _ClearLatch)
SET_DISPLAY_TIMES = _write(0x0D, "set display times", values.DisplayTimes)
SET_POWER_LIMIT_MODE = _write(0x0F, "set power-limit mode", values.PowerLimitMode)
SET_HOLIDAYS = _write(0x10, "write half of the holiday table", schedule.HolidayWrite)
SET_SCHEDULE = _write(0x11, "write tariff schedule record", schedule.RecordWrite)
RESET_MAXIMA = _write(0x12, "reset resettable maxima", _ResetMaxima)
RESET_BATTERY_TIME = _write(0x14, "reset battery running time", _ResetBatteryTime)
SET_EXTRA_DISPLAY = _write(0x70, "set extra display mode", values.ExtraDisplay)
SET_RELAY = _write(0x71, "set relay mode", values.RawByte)
SET_TARIFF_LIMITS = _write(0x72, "set per-tariff energy limits", values.TariffLimits)
SET_DISPLAY_ON_BATTERY = _write(0x73, "set display on battery", values.RawByte)
SET_PLC2 = _write(0x74, "enable PLC2 modem", values.RawByte)
SET_MULTIPLIER = _write(0x75, "set time-out multiplier", values.RawByte)
SET_COMPRESSED_SCHEDULE = _write(0x78, "write compressed schedule", _CompressedSchedule)
SET_PARAMETER = _write(0x7A, "write parameter", _ParameterWrite)

# --- reads -----------------------------------------------------------------------------------------------------------

READ_GROUP_ADDRESS = _read(0x20, "group address", values.GroupAddress)
READ_CLOCK = _read(0x21, "clock", calendar.TimeDate)
READ_POWER_LIMIT = _read(0x22, "power limit", values.Power)
READ_MONTHLY_LIMIT = _read(0x23, "monthly energy limit", values.MonthlyLimit)
READ_DST = _read(0x24, "DST flag", values.DstFlag)
READ_BUTTON_CORRECTION = _read(0x25, "button correction", values.ButtonCorrection)
READ_LOAD_POWER = _read(0x26, "load power", values.Power)
READ_ENERGY = _read(0x27, "energy", values.Energies)
READ_IDENTIFICATION = _read(0x28, "identification", values.Identification)
READ_BATTERY = _read(0x29, "battery voltage", values.Battery)
READ_DISPLAY = _read(0x2A, "display mode", values.Display)
READ_POWER_OFF = _read(0x2B, "last power off", calendar.EventTime)
READ_POWER_ON = _read(0x2C, "last power on", calendar.EventTime)
READ_OUTPUT = _read(0x2D, "output function", values.RawByte)
READ_TARIFF_COUNT = _read(0x2E, "number of tariffs", values.TariffNumber)
READ_SERIAL_NUMBER = _read(0x2F, "serial number", values.SerialNumber)
READ_HOLIDAYS = Command(0x30, "read half of the holiday table", schedule.HolidayHalfIndex, schedule.HolidayHalf)
READ_SCHEDULE = Command(0x31, "read tariff schedule record", schedule.ScheduleIndex, schedule.Record)
READ_ARCHIVE = Command(0x32, "read monthly archive", calendar.MonthSlot, values.Energies)
READ_MAXIMUM = Command(0x33, "read maxima", _MaximumIndex, calendar.Maxima)
READ_POWER_EVENT = Command(0x34, "read power journal", calendar.JournalIndex, calendar.PowerEvent)
READ_COVER_EVENT = Command(0x35, "read cover journal", calendar.JournalIndex, calendar.CoverEvent)
READ_PARAMETRISATION_EVENT = Command(
    0x36, "read parametrisation journal", calendar.JournalIndex, calendar.ParametrisationEvent
)
READ_HALF_HOURS = Command(
    0x37, "read half-hour archive", _HalfHourIndex, values.HalfHours, reply_lengths=_half_hour_lengths
)
READ_REACTIVE_ARCHIVE = Command(
    0x38, "read monthly archive of reactive energy", calendar.MonthSlot, values.ReactiveEnergies
)
READ_QUALITY_EVENT = Command(0x39, "read supply quality journal", _QualityIndex, calendar.QualityEvent)
READ_RELAY_EVENT = Command(0x3A, "read relay journal", calendar.JournalIndex, calendar.RelayEvent)
READ_CURRENT_TARIFF = _read(0x60, "current tariff", values.TariffNumber)
READ_COVER_OPENED = _read(0x61, "last cover opening", calendar.EventTime)
READ_COVER_CLOSED = _read(0x62, "last cover closing", calendar.EventTime)
READ_INSTANT = _read(0x63, "voltage, current, power", values.Instant)
READ_RATE_CORRECTION = _read(0x64, "clock-rate correction", values.RateCorrection)
READ_BUILD = _read(0x65, "build options", values.Build)
READ_MANUFACTURED = _read(0x66, "date of manufacture", values.Manufactured)
READ_DISPLAY_TIMES = _read(0x67, "display times", values.DisplayTimes)
READ_POWER_LIMIT_MODE = _read(0x68, "power-limit mode", values.PowerLimitMode)
READ_RUNNING_TIMES = _read(0x69, "running times", values.RunningTimes)
READ_EXTRA_DISPLAY = _read(0x6A, "extra display mode", values.ExtraDisplay)
READ_LAST_PARAMETRISATION = _read(0x6B, "last parametrisation", calendar.EventTime)
READ_PLC_MODEM = _read(0x6C, "PLC modem", values.PlcModem)
READ_RELAY = _read(0x6D, "relay mode", values.RawByte)
READ_TARIFF_LIMITS = _read(0x6E, "per-tariff energy limits", values.TariffLimits)
READ_DISPLAY_ON_BATTERY = _read(0x6F, "display on battery", values.RawByte)
READ_PLC2 = _read(0x80, "PLC2 enabled", values.RawByte)
READ_FREQUENCY = _read(0x81, "line frequency", values.Frequency)
READ_MULTIPLIER = _read(0x82, "time-out multiplier", values.RawByte)
READ_REACTIVE_ENERGY = _read(0x85, "reactive energy", values.ReactiveEnergies)
READ_PARAMETER = Command(
    0x86,
    "read parameter",
    parameters.ParameterIndex,
    parameters.Parameter,
    reply_lengths=_parameter_lengths,
    decode=parameters.Parameter.of_reply,
)
READ_IDENT_PO = Command(0x87, "read IdentPo (undocumented)", Nothing, Unknown, reply_lengths=_unknown_lengths)

COMMANDS: Final[Mapping[int, Command[Any, Any]]] = {
    command.code: command for command in list(globals().values()) if isinstance(command, Command)
}
"""Every command by its code; the client encodes the left side, the simulator the right one."""


def request_size(first: bytes) -> int | None:
    """The size of a whole request by its first five bytes; None while it is too short or its command is unknown."""
    command = COMMANDS.get(first[4]) if len(first) > 4 else None
    if command is None or len(command.request.permitted()) != 1:
        return None
    size: int = command.request.size
    return size + OVERHEAD
