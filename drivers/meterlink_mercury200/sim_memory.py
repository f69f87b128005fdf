"""The inside of a simulated Mercury 200: clock, energy, stored values, tables, journals. It knows no frame and no wire.

Facts: docs/protocols/mercury200.md, chapters 6, 7 and 9. Marks: [documented] by the maker, [seen] in a capture or in a
program that works with real meters, [guess] by us, because nobody has published it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

from meterlink.errors import ConfigError
from meterlink.profiles import Profile
from meterlink.sim.clock import DST_RULE, DstRule, MeterClock
from meterlink.sim.energy import EnergyRegisters, Switches
from meterlink.sim.state import SimState
from meterlink.tariff import DayKind, ScheduleLimits
from meterlink.wire.payload import PayloadError
from meterlink_mercury200 import calendar, messages, values
from meterlink_mercury200.address import address_from_serial, plate_digits
from meterlink_mercury200.image import Image, lower, schedule_limits
from meterlink_mercury200.payload import Payload
from meterlink_mercury200.schedule import EVERY_RECORD, HolidayHalf, Record

RELAY_OPEN: Final = 0xAA

JOURNALS: Final = (
    messages.READ_POWER_EVENT,
    messages.READ_COVER_EVENT,
    messages.READ_PARAMETRISATION_EVENT,
    messages.READ_RELAY_EVENT,
)
"""Rings of 64 records [documented], by the command that reads them."""

_SHORT_ADDRESS_DIGITS: Final = 6
_HOURS_ROLLOVER: Final = 10**6
_WORN_BATTERY_V: Final = Decimal("2.10")
_GOOD_BATTERY_V: Final = Decimal("3.05")  # seen: m200-iobroker-29
_HOURS_ON_MAINS: Final = 12_345
_HOURS_ON_BATTERY: Final = 17
_UNUSED: Final = b"\xff\xff"
A = TypeVar("A", bound=Payload)

_NO_SERIAL: Final = "{serial_number!r} is no serial number of up to eight digits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What is unknown, or differs between meters; the defaults are those of chapter 9 of the protocol page.

    `latency_s`                from the silence that ends a request to the answer [guess]
    `first_frame_lost_after_s` a request after so long a pause is not heard [seen: one report about a 206]
    `dow_on_holiday`           the clock shows weekday 7 on holidays [documented in the layout, else guess]
    `ack_at_old_speed`         08h is acknowledged before the speed changes [guess]
    `deaf_while_sending`       bytes that come in while it answers are lost; else they wait their turn [both guesses]
    `battery_low`              29h shows a worn battery until 0Ch [latch documented]
    `clock_running`            False: a stopped clock
    `cover_sensor`             None: only models with an address of eight digits have one [guess]
    `dst_rule`                 when summer time begins and ends [guess]
    `ignores_writes`           codes of writes that are acknowledged and change nothing, not even the journal
                               [documented for some values of 0Ah and 0Bh; that those are acknowledged is a guess]
    `dies_after_writes`        so many writes are done, then the power goes as the next one comes, which is lost
    `loses_power_for_s`        it comes back after so long, with everything remembered; None: it stays away
    """

    latency_s: float = 0.010
    first_frame_lost_after_s: float | None = None
    dow_on_holiday: bool = True
    ack_at_old_speed: bool = True
    deaf_while_sending: bool = False
    battery_low: bool = False
    clock_running: bool = True
    cover_sensor: bool | None = None
    dst_rule: DstRule = DST_RULE
    ignores_writes: Collection[int] = frozenset()
    dies_after_writes: int | None = None
    loses_power_for_s: float | None = None


EVERY_WRITE: Final = frozenset(code for code, command in messages.COMMANDS.items() if command.writes)
"""For `Behaviour.ignores_writes`."""


class Memory:
    """Everything a meter remembers, with the rules by which it changes.

    `kept` holds, by the code of the read, every value that is answered as it was stored. Writers call `begin_write`
    first, so that energy is counted up to then by the old clock and table. `writes_done` counts the writes that were
    carried out.
    """

    def __init__(self, profile: Profile, state: SimState, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.started_at = state.started_at
        self.short_address = profile.address.digits == _SHORT_ADDRESS_DIGITS
        self.serial_number = _serial_number(state, self.short_address)
        self.address = int(state.address or address_from_serial(self.serial_number, profile))
        self.line = profile.line.line
        self.load_w = state.load_w
        self.foreign_archive = profile.driver_table.get("archive_current_month") == "foreign-memory"
        self.model_code = _model_code(profile)
        self.relay_reclose = b"\x03\x05\x0a"
        self.writes_done = 0
        self.clock = _clock(state, behaviour)
        self._set_up_tables(state, schedule_limits(profile.limits))
        self._weekday_shift = 0
        self._forced: tuple[date, int, int] | None = None
        self.energy = state.energy(self.clock, self._switches_on, archive_months=12)
        self.first_maximum = self.clock.local(state.started_at) - timedelta(days=9)
        self.maxima_reset = dict.fromkeys(range(3), self.first_maximum)
        self._battery_hours = _HOURS_ON_BATTERY
        self._set_up_journals()
        self.kept: dict[int, Payload] = self._first_values(state, profile)

    def get(self, command: messages.Command[Any, A]) -> A:
        """What the read of a kept value gives."""
        return cast(A, self.kept[command.code])

    # --- set up ------------------------------------------------------------------------------------------------------

    def _set_up_tables(self, state: SimState, limits: ScheduleLimits) -> None:
        image = _FACTORY_IMAGE if state.schedule is None else lower(state.schedule, None, limits)
        self.records = dict(image.records)
        self.holidays = list(image.holidays)
        self._note_holidays()
        used = {1, 2} if state.schedule is None else state.schedule.tariffs_used()
        self.tariff_count = max(used)

    def _set_up_journals(self) -> None:
        """One power cut before the start; nothing else was ever noted [guess]."""
        start = self.clock.local(self.started_at).replace(microsecond=0)
        self.power_off, self.power_on = start - timedelta(days=40, hours=2), start - timedelta(days=40)
        self.journals: dict[int, deque[Payload]] = {command.code: _ring() for command in JOURNALS}
        self._note(messages.READ_POWER_EVENT, calendar.PowerEvent(1, self.power_off))
        self._note(messages.READ_POWER_EVENT, calendar.PowerEvent(0, self.power_on))
        self.cover_opened: datetime | None = None
        self.cover_closed: datetime | None = None
        has_sensor = self.behaviour.cover_sensor
        if has_sensor if has_sensor is not None else not self.short_address:
            self.cover_opened, self.cover_closed = start - timedelta(days=90, minutes=20), start - timedelta(days=90)
            self._note(messages.READ_COVER_EVENT, calendar.CoverEvent(0, self.cover_opened))
            self._note(messages.READ_COVER_EVENT, calendar.CoverEvent(1, self.cover_closed))

    def _first_values(self, state: SimState, profile: Profile) -> dict[int, Payload]:
        m, v = messages, values
        # seen: 66h of m200-4ishops-66, the date of 28h as one comment has it; other dates are guesses
        manufactured = date(2010, 10, 29) if self.short_address else date(2016, 5, 18)
        firmware = v.Identification(1, 0, 0, date(2009, 4, 6) if self.short_address else date(2015, 4, 6))
        kept: dict[messages.Command[Any, Any], Payload] = {
            m.READ_GROUP_ADDRESS: v.GroupAddress(0),
            m.READ_POWER_LIMIT: v.Power(Decimal("99.99")),
            m.READ_MONTHLY_LIMIT: v.MonthlyLimit(Decimal(9999)),  # seen: m200-mrkrasser-req-23
            m.READ_DST: v.DstFlag(int(state.dst_enabled)),
            m.READ_BUTTON_CORRECTION: v.ButtonCorrection(30),
            m.READ_IDENTIFICATION: firmware,
            m.READ_DISPLAY: v.Display(0x7F),
            m.READ_POWER_OFF: calendar.EventTime(self.power_off),
            m.READ_POWER_ON: calendar.EventTime(self.power_on),
            m.READ_OUTPUT: v.RawByte(0),  # seen: m200-iobroker-2D
            m.READ_SERIAL_NUMBER: v.SerialNumber(int(self.serial_number)),
            m.READ_COVER_OPENED: calendar.EventTime(self.cover_opened),  # without a sensor FF x 7: seen
            m.READ_COVER_CLOSED: calendar.EventTime(self.cover_closed),
            m.READ_RATE_CORRECTION: v.RateCorrection(bytes(3)),
            m.READ_BUILD: v.Build(b"\x00\x03"),  # seen: m200-4ishops-65
            m.READ_MANUFACTURED: v.Manufactured(manufactured),
            m.READ_DISPLAY_TIMES: v.DisplayTimes(10, 10, 5, 30),  # seen: one program's notes
            m.READ_POWER_LIMIT_MODE: v.PowerLimitMode(1, 1),
            m.READ_EXTRA_DISPLAY: v.ExtraDisplay(0, 0),
            m.READ_LAST_PARAMETRISATION: calendar.EventTime(None),
            m.READ_PLC_MODEM: v.PlcModem(bytes(3)),
            m.READ_RELAY: v.RawByte(0),
            m.READ_TARIFF_LIMITS: v.TariffLimits.decode(bytes(16)),
            m.READ_DISPLAY_ON_BATTERY: v.RawByte(0),
            m.READ_PLC2: v.RawByte(0),
            m.READ_MULTIPLIER: v.RawByte(0),
            m.READ_BATTERY: v.Battery(_WORN_BATTERY_V if self.behaviour.battery_low else _GOOD_BATTERY_V),
        }
        return {command.code: value for command, value in kept.items()}

    # --- clock -------------------------------------------------------------------------------------------------------

    def time_date(self, now: float) -> calendar.TimeDate:
        """What 21h answers."""
        local = self.clock.local(now)
        kind = self._kind_on(local.date()) if self.behaviour.dow_on_holiday else self._weekday_on(local.date())
        return calendar.TimeDate(kind, local.replace(microsecond=0))

    def set_clock(self, wanted: calendar.TimeDate, now: float) -> None:
        """The weekday is believed as it comes and counts on from there; 7 means that of the date [guess]."""
        self.clock.set(wanted.local, now)
        known = wanted.weekday != calendar.HOLIDAY
        self._weekday_shift = (wanted.weekday - wanted.local.isoweekday()) % 7 if known else 0
        self._forced = None

    def _weekday_on(self, day: date) -> DayKind:
        return DayKind((day.isoweekday() + self._weekday_shift) % 7)

    def _kind_on(self, day: date) -> DayKind:
        is_holiday = (day.month, day.day) in self._holiday_dates
        return DayKind.HOLIDAY if is_holiday else self._weekday_on(day)

    # --- tariffs -----------------------------------------------------------------------------------------------------

    def put_holidays(self, number: int, half: HolidayHalf) -> None:
        self.holidays[number] = half
        self._note_holidays()

    def _note_holidays(self) -> None:
        self._holiday_dates = frozenset(day for half in self.holidays for day in half.days()[0])

    def current_tariff(self, now: float) -> int:
        return self.energy.tariff_at(self.clock.local(now))

    def force_tariff(self, tariff: int, now: float) -> None:
        """It counts until the next switch of the table [guess]; it does not outlive a new time [guess]."""
        local = self.clock.local(now)
        self._forced = (local.date(), local.hour * 60 + local.minute, tariff)

    def _switches_on(self, day: date) -> Switches:
        """A tariff above the count in force counts as T1 [guess]; so with a count of 1 everything does."""
        count = self.tariff_count
        switches = _switches(self.records[day.month - 1, self._kind_on(day)])
        allowed = [(minute, tariff if tariff <= count else 1) for minute, tariff in switches]
        if self._forced is not None and self._forced[0] == day:
            allowed.append(self._forced[1:])
        return allowed

    # --- energy ------------------------------------------------------------------------------------------------------

    def begin_write(self, now: float) -> None:
        self.energy.advance(now)

    def archive(self, month: int | None, now: float) -> EnergyRegisters | None:
        """The newest record of a month 1 to 12, of the current one for None; None where it was never made."""
        month = self.clock.local(now).month if month is None else month
        years = [year for year, other in self.energy.months(now) if other == month]
        return self.energy.month_start(years[-1], month, now) if years else None

    def running_times(self, now: float) -> values.RunningTimes:
        on_mains_h = _HOURS_ON_MAINS + int(max(0.0, now - self.started_at) // 3600)
        return values.RunningTimes(on_mains_h % _HOURS_ROLLOVER, self._battery_hours)

    def reset_battery_hours(self) -> None:
        self._battery_hours = 0

    # --- power -------------------------------------------------------------------------------------------------------

    def lose_power(self, now: float) -> None:
        """The clock runs on by its battery, nothing is counted."""
        self.energy.set_load(0, now)
        self.power_off = self.clock.local(now)

    def get_power_back(self, now: float) -> None:
        """Both ends are noted now; nothing that was stored is lost [guess]."""
        self.energy.set_load(self.load_w, now)
        self.power_on = self.clock.local(now)
        self.kept[messages.READ_POWER_OFF.code] = calendar.EventTime(self.power_off)
        self.kept[messages.READ_POWER_ON.code] = calendar.EventTime(self.power_on)
        self._note(messages.READ_POWER_EVENT, calendar.PowerEvent(1, self.power_off))
        self._note(messages.READ_POWER_EVENT, calendar.PowerEvent(0, self.power_on))

    def replace_battery(self) -> None:
        """0Ch lets go of the latch; the battery is a good one then [guess]."""
        self.kept[messages.READ_BATTERY.code] = values.Battery(_GOOD_BATTERY_V)

    # --- journals ----------------------------------------------------------------------------------------------------

    def note_write(self, code: int, now: float) -> None:
        """Every acknowledged write is noted by the clock as it stands afterwards, one record a day [guess]."""
        self.writes_done += 1
        local = self.clock.local(now)
        self.kept[messages.READ_LAST_PARAMETRISATION.code] = calendar.EventTime(local)
        bits = parametrisation_bits(code)
        records = self.journals[messages.READ_PARAMETRISATION_EVENT.code]
        newest = records[0] if records else None
        if isinstance(newest, calendar.ParametrisationEvent) and newest.on == local.date():
            bits |= int.from_bytes(newest.bits, "big")
            records.popleft()
        records.appendleft(calendar.ParametrisationEvent(bits.to_bytes(5, "big"), local.date()))

    def note_relay(self, mode: int, now: float) -> None:
        """71h: AAh opens, anything else closes [documented]; each 71h is noted as done by the interface [guess]."""
        event = calendar.RelayEvent(3 if mode == RELAY_OPEN else 5, self.clock.local(now))
        self._note(messages.READ_RELAY_EVENT, event)

    def _note(self, journal: messages.Command[calendar.JournalIndex, Any], event: Payload) -> None:
        self.journals[journal.code].appendleft(event)


def parametrisation_bits(code: int) -> int:
    """The bit of a write in the five bytes ev3..ev7.

    ev3 ev4 = 70h to 7Fh, ev5 = 10h to 17h, ev6 ev7 = 00h to 0Fh [documented]; the first byte of a word is its higher
    one, the lowest bit the lowest code [guess: the order is not published].
    """
    return 1 << ({0x00: 0, 0x10: 16, 0x70: 24}[code & 0xF0] + (code & 0x0F))


@lru_cache(maxsize=256)
def _switches(record: Record) -> Switches:
    """What a meter makes of a stored record: up to the first FF FF [seen], passing over pairs of no time [guess]."""
    switches: list[tuple[int, int]] = []
    for i in range(0, Record.size, 2):
        pair = record.raw[i : i + 2]
        if pair == _UNUSED:
            break
        try:
            switches += Record(pair.ljust(Record.size, b"\xff")).points()
        except PayloadError:
            continue
    return switches


def _serial_number(state: SimState, short_address: bool) -> str:
    """Eight digits. Seen, by default: m200-4ishops-2F and the eight-digit meter of m206-iobroker-86-00."""
    if state.serial_number is None:
        return "06925646" if short_address else "43096744"
    digits = plate_digits(state.serial_number)
    if digits is None:
        raise ConfigError(setting="serial number", why=_NO_SERIAL.format(serial_number=state.serial_number))
    return digits


def _clock(state: SimState, behaviour: Behaviour) -> MeterClock:
    return MeterClock(
        state.local,
        state.started_at,
        running=behaviour.clock_running,
        dst_enabled=state.dst_enabled,
        dst_rule=behaviour.dst_rule,
    )


def _model_code(profile: Profile) -> int:
    code = profile.driver_table.get("model_code", 0)
    return code if isinstance(code, int) else 0


def _ring() -> deque[Payload]:
    return deque(maxlen=calendar.JournalIndex.slots_count)


# seen: m200-iobroker-32-0F, a record of 07:00 T1, 23:00 T2 without a point at 00:00; the same everywhere is a guess
_FACTORY_IMAGE: Final = Image(
    records=dict.fromkeys(EVERY_RECORD, Record.of([(7 * 60, 1), (23 * 60, 2)])),
    holidays=(HolidayHalf.of(()), HolidayHalf.of(())),
)
