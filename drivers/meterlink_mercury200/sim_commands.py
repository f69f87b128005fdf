"""What a simulated Mercury 200 does on each command: a table from command codes to small functions over its memory.

A function answers the payload of the reply, or None for silence. A code without a function is answered by silence: the
compressed schedule (78h), whose layout nobody has published; the half-hours (37h), whose length is disputed; the
supply-quality journal (39h), whose indices are not defined; IdentPo (87h), whose content is not known.

Marks [documented], [seen], [guess]: see `sim_memory`. Layouts of all payloads: their classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from meterlink.sim.energy import EnergyRegisters
from meterlink_mercury200 import calendar, messages, parameters, schedule, sim_quantities, values
from meterlink_mercury200.messages import Command
from meterlink_mercury200.payload import NOTHING, Nothing, Payload
from meterlink_mercury200.sim_memory import JOURNALS, RELAY_OPEN, Memory
from meterlink_mercury200.sim_quantities import TARIFFS

Q = TypeVar("Q", bound=Payload)

Handler = Callable[[Memory, Any, float], Payload | None]
"""(memory, what is asked, seconds since 1970 UTC) -> data of the reply; None = silence."""

_BAUDS: Final = (9600, 4800, 2400, 1200, 600)
_RELAY_CLOSED: Final = 0x55
_BATTERY_LATCH: Final = b"\x04\x00"

_handlers: dict[int, Handler] = {}


def _does(
    command: Command[Q, Any],
) -> Callable[[Callable[[Memory, Q, float], Payload | None]], Callable[[Memory, Q, float], Payload | None]]:
    """The function below carries out this command."""

    def enter(handler: Callable[[Memory, Q, float], Payload | None]) -> Callable[[Memory, Q, float], Payload | None]:
        _handlers[command.code] = handler
        return handler

    return enter


# --- values that are kept as they come ------------------------------------------------------------------------------

STORED: Final[Mapping[int, int]] = {
    write.code: read.code
    for write, read in (
        (messages.SET_GROUP_ADDRESS, messages.READ_GROUP_ADDRESS),
        (messages.SET_POWER_LIMIT, messages.READ_POWER_LIMIT),
        (messages.SET_MONTHLY_LIMIT, messages.READ_MONTHLY_LIMIT),
        (messages.SET_DST, messages.READ_DST),
        (messages.SET_BUTTON_CORRECTION, messages.READ_BUTTON_CORRECTION),
        (messages.SET_OUTPUT, messages.READ_OUTPUT),
        (messages.SET_DISPLAY, messages.READ_DISPLAY),
        (messages.SET_DISPLAY_TIMES, messages.READ_DISPLAY_TIMES),
        (messages.SET_POWER_LIMIT_MODE, messages.READ_POWER_LIMIT_MODE),
        (messages.SET_EXTRA_DISPLAY, messages.READ_EXTRA_DISPLAY),
        (messages.SET_RELAY, messages.READ_RELAY),
        (messages.SET_TARIFF_LIMITS, messages.READ_TARIFF_LIMITS),
        (messages.SET_DISPLAY_ON_BATTERY, messages.READ_DISPLAY_ON_BATTERY),
        (messages.SET_PLC2, messages.READ_PLC2),
        (messages.SET_MULTIPLIER, messages.READ_MULTIPLIER),
    )
}
"""Writes whose data one read gives back, by code [documented]; any value is taken [guess]. 06h comes masked already."""

READ_BACK: Final[Mapping[int, int]] = {
    **STORED,
    messages.RESET_MAXIMA.code: messages.READ_MAXIMUM.code,
    messages.SET_PARAMETER.code: messages.READ_PARAMETER.code,
}
"""Which read shows what a write did: a model that lacks the read lacks the write, too [guess]."""


def _store(code: int) -> Handler:
    def handler(memory: Memory, asked: Payload, _now: float) -> Payload:
        memory.kept[code] = asked
        return NOTHING

    return handler


def _give(code: int) -> Handler:
    def handler(memory: Memory, _asked: Payload, _now: float) -> Payload:
        return memory.kept[code]

    return handler


_KEPT_READS: Final = (
    messages.READ_IDENTIFICATION,
    messages.READ_BATTERY,
    messages.READ_POWER_OFF,
    messages.READ_POWER_ON,
    messages.READ_SERIAL_NUMBER,
    messages.READ_COVER_OPENED,
    messages.READ_COVER_CLOSED,
    messages.READ_RATE_CORRECTION,
    messages.READ_BUILD,
    messages.READ_MANUFACTURED,
    messages.READ_LAST_PARAMETRISATION,
    messages.READ_PLC_MODEM,
)

# Entered first: a function below may take the place of a plain store.
_handlers.update({write: _store(read) for write, read in STORED.items()})
_handlers.update({read: _give(read) for read in (*STORED.values(), *(command.code for command in _KEPT_READS))})


# --- address and line -----------------------------------------------------------------------------------------------


@_does(messages.SET_ADDRESS)
def _set_address(memory: Memory, asked: values.NewAddress, _now: float) -> Payload:
    """Acknowledged from the new address [documented]; any number is taken, also 0 [guess]."""
    memory.address = asked.new_address
    return NOTHING


@_does(messages.SET_BAUD)
def _set_baud(memory: Memory, asked: values.RawByte, _now: float) -> Payload:
    """A code above 4 is acknowledged and changes nothing [guess]."""
    if asked.value < len(_BAUDS):
        memory.line = replace(memory.line, baud=_BAUDS[asked.value])
    return NOTHING


# --- clock ----------------------------------------------------------------------------------------------------------


@_does(messages.READ_CLOCK)
def _read_clock(memory: Memory, _asked: Nothing, now: float) -> Payload:
    return memory.time_date(now)


@_does(messages.SET_CLOCK)
def _set_clock(memory: Memory, asked: calendar.TimeDate, now: float) -> Payload:
    """A date that no calendar has does not come this far: silence [guess]."""
    memory.set_clock(asked, now)
    return NOTHING


@_does(messages.SET_DST)
def _set_dst(memory: Memory, asked: values.DstFlag, now: float) -> Payload:
    """24h gives back the byte as it came [guess]; the clock does not jump at that moment [guess]."""
    memory.clock.set_dst(asked.enabled, now)
    memory.kept[messages.READ_DST.code] = asked
    return NOTHING


# --- tariffs --------------------------------------------------------------------------------------------------------


@_does(messages.READ_TARIFF_COUNT)
def _read_tariff_count(memory: Memory, _asked: Nothing, _now: float) -> Payload:
    return values.TariffNumber(memory.tariff_count)


@_does(messages.SET_TARIFF_COUNT)
def _set_tariff_count(memory: Memory, asked: values.RawByte, _now: float) -> Payload:
    """0 is ignored [documented], 5 and more too [guess]; acknowledged all the same [guess]."""
    if asked.value in TARIFFS:
        memory.tariff_count = asked.value
    return NOTHING


@_does(messages.READ_CURRENT_TARIFF)
def _read_current_tariff(memory: Memory, _asked: Nothing, now: float) -> Payload:
    return values.TariffNumber(memory.current_tariff(now))


@_does(messages.SET_CURRENT_TARIFF)
def _set_current_tariff(memory: Memory, asked: values.RawByte, now: float) -> Payload:
    """0 and what is not in force are ignored [documented]; acknowledged all the same [guess]."""
    if 1 <= asked.value <= memory.tariff_count:
        memory.force_tariff(asked.value, now)
    return NOTHING


@_does(messages.READ_HOLIDAYS)
def _read_holidays(memory: Memory, asked: schedule.HolidayHalfIndex, _now: float) -> Payload:
    return memory.holidays[asked.half]


@_does(messages.SET_HOLIDAYS)
def _set_holidays(memory: Memory, asked: schedule.HolidayWrite, _now: float) -> Payload:
    """Any pairs are stored [guess]; those of no date do nothing [guess]."""
    memory.put_holidays(asked.index.half, asked.half)
    return NOTHING


@_does(messages.READ_SCHEDULE)
def _read_schedule(memory: Memory, asked: schedule.ScheduleIndex, _now: float) -> Payload:
    return memory.records[asked.month, asked.kind]


@_does(messages.SET_SCHEDULE)
def _set_schedule(memory: Memory, asked: schedule.RecordWrite, _now: float) -> Payload:
    """Any points in any order are stored as they come [guess]."""
    memory.records[asked.index.month, asked.index.kind] = asked.record
    return NOTHING


# --- energy and instant values --------------------------------------------------------------------------------------


@_does(messages.READ_ENERGY)
def _read_energy(memory: Memory, _asked: Nothing, now: float) -> Payload:
    return sim_quantities.energies(memory.energy.registers(now))


@_does(messages.READ_REACTIVE_ENERGY)
def _read_reactive_energy(memory: Memory, _asked: Nothing, now: float) -> Payload:
    return sim_quantities.reactive_energies(memory.energy.registers(now))


@_does(messages.READ_ARCHIVE)
def _read_archive(memory: Memory, asked: calendar.MonthSlot, now: float) -> Payload:
    """The registers at the start of the month [documented].

    0Fh: an old 200 answers foreign memory, here the schedule record 00h [seen]; others the current month [guess].
    """
    if asked.slot == asked.current and memory.foreign_archive:
        return memory.records[schedule.EVERY_RECORD[0]]
    return sim_quantities.energies(_archived(memory, asked, now))


@_does(messages.READ_REACTIVE_ARCHIVE)
def _read_reactive_archive(memory: Memory, asked: calendar.MonthSlot, now: float) -> Payload:
    return sim_quantities.reactive_energies(_archived(memory, asked, now))


def _archived(memory: Memory, asked: calendar.MonthSlot, now: float) -> EnergyRegisters | None:
    return memory.archive(None if asked.slot == asked.current else asked.slot + 1, now)


@_does(messages.READ_LOAD_POWER)
def _read_load_power(memory: Memory, _asked: Nothing, _now: float) -> Payload:
    return sim_quantities.load_power(memory.load_w)


@_does(messages.READ_INSTANT)
def _read_instant(memory: Memory, _asked: Nothing, _now: float) -> Payload:
    return sim_quantities.instant(memory.load_w)


@_does(messages.READ_FREQUENCY)
def _read_frequency(memory: Memory, _asked: Nothing, now: float) -> Payload:
    return values.Frequency(sim_quantities.FREQUENCY_HZ, memory.current_tariff(now), False, False)


# --- maxima, battery, relay, parameters -----------------------------------------------------------------------------


@_does(messages.READ_MAXIMUM)
def _read_maximum(memory: Memory, asked: values.Raw, _now: float) -> Payload | None:
    """Voltage, current, power [documented order]; another index: silence [guess]. The load never changes, nor they."""
    number = asked.raw[0]
    if number not in memory.maxima_reset:
        return None
    value = sim_quantities.maximum(memory.load_w, number)
    first, reset = (calendar.Maximum(value, at) for at in (memory.first_maximum, memory.maxima_reset[number]))
    return calendar.Maxima(first, reset)


@_does(messages.RESET_MAXIMA)
def _reset_maxima(memory: Memory, asked: values.Raw, now: float) -> Payload:
    """Another index than 0, 1, 2 is acknowledged and does nothing [guess]."""
    number = asked.raw[-1]
    if number in memory.maxima_reset:
        memory.maxima_reset[number] = memory.clock.local(now)
    return NOTHING


@_does(messages.CLEAR_BATTERY_LATCH)
def _clear_battery_latch(memory: Memory, asked: values.Raw, _now: float) -> Payload:
    """Other data than 04 00 are acknowledged and do nothing [guess]."""
    if asked.raw == _BATTERY_LATCH:
        memory.replace_battery()
    return NOTHING


@_does(messages.READ_RUNNING_TIMES)
def _read_running_times(memory: Memory, _asked: Nothing, now: float) -> Payload:
    return memory.running_times(now)


@_does(messages.RESET_BATTERY_TIME)
def _reset_battery_time(memory: Memory, _asked: values.Raw, _now: float) -> Payload:
    memory.reset_battery_hours()
    return NOTHING


@_does(messages.SET_RELAY)
def _set_relay(memory: Memory, asked: values.RawByte, now: float) -> Payload:
    """Stored and noted; the load goes on [guess: whether the relay is inside depends on the build]."""
    memory.kept[messages.READ_RELAY.code] = asked
    memory.note_relay(asked.value, now)
    return NOTHING


@_does(messages.READ_PARAMETER)
def _read_parameter(memory: Memory, asked: parameters.ParameterIndex, _now: float) -> Payload | None:
    """The number comes back before the value [seen: m206-iobroker-86-00]; an unknown number: silence [guess]."""
    give = _PARAMETERS.get(asked.number)
    return None if give is None else parameters.Parameter(asked.number, give(memory))


@_does(messages.SET_PARAMETER)
def _set_parameter(memory: Memory, asked: values.Raw, _now: float) -> Payload | None:
    """i7 = 00 is the reclosing of the relay, read as i6 = 03 [documented]; another i7: silence [guess]."""
    if asked.raw[0] != 0:
        return None
    memory.relay_reclose = asked.raw[1:]
    return NOTHING


def _reactive_power(memory: Memory) -> bytes:
    return sim_quantities.reactive_power(memory.load_w)


def _relay_state(memory: Memory) -> bytes:
    is_open = memory.get(messages.READ_RELAY).value == RELAY_OPEN
    return bytes([RELAY_OPEN if is_open else _RELAY_CLOSED])


def _power_factor(memory: Memory) -> bytes:
    return sim_quantities.power_factor(memory.load_w)


def _relay_reclose(memory: Memory) -> bytes:
    return memory.relay_reclose


def _model(memory: Memory) -> bytes:
    """Model code [seen by one program] and option code 00 [guess]."""
    return bytes([memory.model_code, 0])


_PARAMETERS: Final[Mapping[int, Callable[[Memory], bytes]]] = {
    parameters.ParameterNumber.REACTIVE_POWER: _reactive_power,
    parameters.ParameterNumber.RELAY_STATE: _relay_state,
    parameters.ParameterNumber.POWER_FACTOR: _power_factor,
    parameters.ParameterNumber.RELAY_RECLOSE: _relay_reclose,
    parameters.ParameterNumber.MODEL: _model,
}


# --- journals: 0 is the newest record [documented], empty ones are FF-filled [guess] --------------------------------


def _journal(command: Command[calendar.JournalIndex, Any]) -> Handler:
    empty: Payload = command.reply.decode(b"\xff" * command.reply.size)

    def handler(memory: Memory, asked: calendar.JournalIndex, _now: float) -> Payload:
        records = memory.journals[command.code]
        return records[asked.index] if asked.index < len(records) else empty

    return handler


_handlers.update({command.code: _journal(command) for command in JOURNALS})


HANDLERS: Final[Mapping[int, Handler]] = _handlers
"""What is done on each command, by its code."""


def carry_out(memory: Memory, command: Command[Any, Any], asked: Payload, now: float) -> Payload | None:
    """Do it; the data of the reply, or None for silence."""
    handler = HANDLERS.get(command.code)
    if handler is None:
        return None
    if not command.writes:
        return handler(memory, asked, now)
    if command.code in memory.behaviour.ignores_writes:
        return NOTHING
    memory.begin_write(now)
    answer = handler(memory, asked, now)
    if answer is not None:
        memory.note_write(command.code, now)
    return answer
