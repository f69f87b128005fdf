"""The state of a meter at one moment, as a flow reads it and as records and plan files hold it.

A snapshot is what was read and nothing else: no wish, no judgement. What could not be read is `absent` with the reason.
The stored values (`stored`) are the family's own, in hexadecimal by name; plans are bound to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final, TypeVar

from meterlink.driver import Driver, ScheduleReading, Target, Unliftable
from meterlink.errors import BadReplyError
from meterlink.flow import Flow
from meterlink.model import (
    Absent,
    ClockReading,
    Direction,
    DstSetting,
    EnergyReading,
    EnergyValue,
    Holidays,
    Identity,
    JournalReading,
    MeterTime,
    Quantity,
    StatusReading,
    StatusValue,
    TariffMode,
)
from meterlink.reading import against_reference, rounded
from meterlink.tariff import YearSchedule, month_day_text, schedule_from_table, schedule_to_table
from meterlink.visit import parts
from meterlink.visit.facts import known

T = TypeVar("T")

_MILLISECOND: Final = timedelta(milliseconds=1)
_JOURNAL_EVENTS: Final = 5
"""Of each journal, for the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One state. `schedule` is None where it was not read; `stored` is what writes are compared with."""

    identity: Identity
    read_at: datetime
    energy: EnergyReading
    clock: ClockReading | None = None
    clock_senseless: bool = False
    """The meter answered a time that no calendar has, as some do after their battery died."""
    dst: DstSetting | None = None
    tariffs: TariffMode | None = None
    schedule: YearSchedule | Unliftable | None = None
    schedule_notes: tuple[str, ...] = ()
    holidays: Holidays | None = None
    status: StatusReading | None = None
    journals: tuple[JournalReading, ...] = ()
    stored: Mapping[str, str] = field(default_factory=dict, hash=False)
    absent: tuple[Absent, ...] = ()

    @property
    def year_schedule(self) -> YearSchedule | None:
        """The schedule where the stored tables are one."""
        return self.schedule if isinstance(self.schedule, YearSchedule) else None


def take_snapshot(driver: Driver, target: Target, zone: tzinfo | None) -> Flow[Snapshot]:
    """Read everything that an act shows. What fails but identity and energy becomes `absent`."""
    identity = yield from driver.identify(target)
    energy = yield from driver.read_energy(target)
    absent: list[Absent] = []
    time = yield from _part(absent, parts.CLOCK, lambda: _time_or_nonsense(driver, target))
    dst = yield from _part(absent, parts.DST, lambda: driver.read_dst(target))
    mode = yield from _part(absent, parts.TARIFFS, lambda: driver.read_tariff_mode(target))
    stored_schedule = _part(absent, parts.SCHEDULE, lambda: driver.read_schedule(target))
    reading: ScheduleReading | None = yield from stored_schedule
    holidays = yield from _part(absent, parts.HOLIDAYS, lambda: driver.read_holidays(target))
    status = yield from _part(absent, parts.STATUS, lambda: driver.read_status(target))
    stored: dict[str, str] = {} if reading is None else dict(reading.image)
    names = _other_names(driver, target, stored)
    stored |= (yield from _part(absent, parts.SETTINGS, lambda: driver.read_stored(target, names))) or {}
    if isinstance(time, BadReplyError):
        absent.append(parts.absent_part(parts.CLOCK, time))
    found: list[JournalReading] = []
    for name in driver.journals(target.profile):
        journal = yield from _part(absent, parts.JOURNAL + name, _journal_reader(driver, target, name))
        found += [] if journal is None else [journal]
    return Snapshot(
        identity=identity,
        read_at=energy.read_at,
        energy=energy,
        clock=against_reference(time, zone) if isinstance(time, MeterTime) else None,
        clock_senseless=isinstance(time, BadReplyError),
        dst=dst,
        tariffs=mode,
        schedule=None if reading is None else reading.schedule,
        schedule_notes=() if reading is None else reading.notes,
        holidays=holidays,
        status=status,
        journals=tuple(found),
        stored=stored,
        absent=tuple(absent),
    )


def _journal_reader(driver: Driver, target: Target, name: str) -> Callable[[], Flow[JournalReading]]:
    return lambda: driver.read_journal(target, name, _JOURNAL_EVENTS)


def _other_names(driver: Driver, target: Target, known: Mapping[str, str]) -> list[str]:
    """Stored values that the schedule's image does not hold, each once, as far as the model can be written at all."""
    names: dict[str, None] = {}
    for action in driver.step_order:
        names |= dict.fromkeys(driver.stored_names(action, target.profile))
    return [name for name in names if name not in known]


def _time_or_nonsense(driver: Driver, target: Target) -> Flow[MeterTime | BadReplyError]:
    try:
        return (yield from driver.read_clock(target))
    except BadReplyError as nonsense:
        return nonsense


def _part(absent: list[Absent], what: str, work: Callable[[], Flow[T]]) -> Flow[T | None]:
    try:
        return (yield from work())
    except parts.UNREAD as error:
        absent.append(parts.absent_part(what, error))
        return None


# --- as records and files hold it -----------------------------------------------------------------------------------


def snapshot_facts(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot without its journals: numbers as text, what is not known left out."""
    return known(
        {
            "read_at": snapshot.read_at.isoformat(timespec="milliseconds"),
            "identity": _identity_facts(snapshot.identity),
            "energy": energy_facts(snapshot),
            "energy_multiplied_by": None if snapshot.energy.multiplied_by == 1 else snapshot.energy.multiplied_by,
            "clock": None if snapshot.clock is None else clock_facts(snapshot.clock),
            "clock_senseless": snapshot.clock_senseless or None,
            "dst": None if snapshot.dst is None else _dst_facts(snapshot.dst),
            "tariffs": None if snapshot.tariffs is None else _mode_facts(snapshot.tariffs),
            "schedule": _schedule_facts(snapshot.schedule),
            "schedule_notes": list(snapshot.schedule_notes),
            "unliftable": list(snapshot.schedule.reasons) if isinstance(snapshot.schedule, Unliftable) else None,
            "holidays": None if snapshot.holidays is None else list(map(month_day_text, snapshot.holidays.days)),
            "status": None if snapshot.status is None else [_status_facts(value) for value in snapshot.status.values],
            "stored": [{"name": name, "raw": raw} for name, raw in snapshot.stored.items()],
            "absent": [{"what": each.what, "reason": each.reason} for each in snapshot.absent + snapshot.energy.absent],
        }
    )


def energy_facts(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The registers of a snapshot."""
    return [_register_facts(value) for value in snapshot.energy.registers]


def journal_facts(snapshot: Snapshot) -> dict[str, Any]:
    """The journals of a snapshot by name, newest event first."""
    return {
        journal.journal: [
            known(
                {
                    "index": event.index,
                    "event": event.event,
                    "raw": event.raw,
                    "at": None if event.at is None else event.at.isoformat(),
                    "on": None if event.on is None else event.on.isoformat(),
                }
            )
            for event in journal.events
        ]
        for journal in snapshot.journals
    }


def clock_facts(clock: ClockReading) -> dict[str, Any]:
    """A clock reading: the meter's time, the reference, and how far apart they are in seconds."""
    return known(
        {
            "meter_time": clock.meter.isoformat(),
            "reference_time": clock.reference.isoformat(timespec="milliseconds"),
            "error_s": None if clock.error is None else _seconds(clock.error),
            "uncertainty_s": _seconds(clock.uncertainty),
            "weekday": clock.weekday,
            "holiday": clock.holiday,
            "season_flag": clock.season_flag,
        }
    )


def _seconds(span: timedelta) -> str:
    return format(Decimal(rounded(span, _MILLISECOND) // _MILLISECOND).scaleb(-3), "f")


def _identity_facts(identity: Identity) -> dict[str, Any]:
    return known(
        {
            "family": identity.family,
            "model": identity.model,
            "serial_number": identity.serial_number,
            "address": identity.address,
            "firmware": identity.firmware,
            "firmware_date": None if identity.firmware_date is None else identity.firmware_date.isoformat(),
            "manufactured": None if identity.manufactured is None else identity.manufactured.isoformat(),
            "variant": identity.variant,
        }
    )


def _register_facts(value: EnergyValue) -> dict[str, str]:
    unit = "kwh" if value.quantity is Quantity.ACTIVE else "kvarh"
    return {
        "register": value.register,
        "quantity": value.quantity.value,
        "direction": value.direction.value,
        unit: format(value.amount, "f"),
        "raw": value.raw,
    }


def _dst_facts(dst: DstSetting) -> dict[str, Any]:
    return known({"enabled": dst.enabled, "begins": dst.begins, "ends": dst.ends, "raw": dst.raw})


def _mode_facts(mode: TariffMode) -> dict[str, Any]:
    return known({"in_force": mode.tariffs_in_force, "current": mode.current_tariff})


def _schedule_facts(schedule: YearSchedule | Unliftable | None) -> dict[str, Any] | None:
    return schedule_to_table(schedule) if isinstance(schedule, YearSchedule) else None


def _status_facts(value: StatusValue) -> dict[str, str]:
    return {"name": value.name, "value": value.value, "unit": value.unit, "raw": value.raw}


def snapshot_of(facts: Mapping[str, Any]) -> Snapshot:
    """A snapshot out of `snapshot_facts`, without journals; KeyError, TypeError or ValueError where it is none."""
    read_at = datetime.fromisoformat(facts["read_at"])
    return Snapshot(
        identity=_identity(facts["identity"]),
        read_at=read_at,
        energy=EnergyReading(
            registers=tuple(map(_register, facts["energy"])),
            read_at=read_at,
            multiplied_by=facts.get("energy_multiplied_by", 1),
        ),
        clock=_optional(facts, "clock", clock_of),
        clock_senseless=facts.get("clock_senseless", False),
        dst=_optional(facts, "dst", lambda dst: DstSetting(**{"enabled": None, **dst})),
        tariffs=_optional(facts, "tariffs", _mode),
        schedule=_schedule(facts),
        schedule_notes=tuple(facts.get("schedule_notes", ())),
        holidays=_optional(facts, "holidays", _holidays),
        status=_optional(facts, "status", lambda values: _status(values, read_at)),
        stored={each["name"]: each["raw"] for each in facts["stored"]},
        absent=tuple(Absent(**each) for each in facts.get("absent", ())),
    )


def _optional(facts: Mapping[str, Any], key: str, make: Callable[[Any], T]) -> T | None:
    return make(facts[key]) if key in facts else None


def _identity(facts: Mapping[str, Any]) -> Identity:
    days = {key: date.fromisoformat(facts[key]) for key in ("firmware_date", "manufactured") if key in facts}
    return Identity(**{**facts, **days})


def _register(facts: Mapping[str, str]) -> EnergyValue:
    quantity = Quantity(facts["quantity"])
    amount = facts["kwh" if quantity is Quantity.ACTIVE else "kvarh"]
    return EnergyValue(
        quantity=quantity,
        direction=Direction(facts["direction"]),
        register=facts["register"],
        amount=Decimal(amount),
        raw=facts["raw"],
    )


def clock_of(facts: Mapping[str, Any]) -> ClockReading:
    """A clock reading out of `clock_facts`."""
    return ClockReading(
        meter=datetime.fromisoformat(facts["meter_time"]),
        reference=datetime.fromisoformat(facts["reference_time"]),
        error=None if "error_s" not in facts else timedelta(seconds=float(facts["error_s"])),
        uncertainty=timedelta(seconds=float(facts["uncertainty_s"])),
        weekday=facts.get("weekday"),
        holiday=facts.get("holiday"),
        season_flag=facts.get("season_flag"),
    )


def _mode(facts: Mapping[str, int]) -> TariffMode:
    return TariffMode(tariffs_in_force=facts.get("in_force"), current_tariff=facts.get("current"))


def _schedule(facts: Mapping[str, Any]) -> YearSchedule | Unliftable | None:
    if "unliftable" in facts:
        return Unliftable(reasons=tuple(facts["unliftable"]))
    return schedule_from_table(facts["schedule"]) if "schedule" in facts else None


def _holidays(days: Sequence[str]) -> Holidays:
    return Holidays(days=tuple((int(day[:2]), int(day[3:])) for day in days))


def _status(values: Sequence[Mapping[str, str]], read_at: datetime) -> StatusReading:
    found = (StatusValue(name=each["name"], value=each["value"], unit=each["unit"], raw=each["raw"]) for each in values)
    return StatusReading(values=tuple(found), read_at=read_at)
