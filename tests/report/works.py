"""The records of a visit as the log holds them: a Mercury 200.02 an hour fast, DST on, one tariff, made right.

Built as docs/audit-format.md says, with real snapshots; every record goes through the log's own encoder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from meterlink.audit.canonical import encode_canonical
from meterlink.audit.commitment import Opening
from meterlink.audit.record import NO_RECORD, Entry, decode_record, encode_record
from meterlink.model import (
    Absent,
    ClockReading,
    Direction,
    DstSetting,
    EnergyReading,
    EnergyValue,
    Holidays,
    Identity,
    JournalEvent,
    JournalReading,
    Quantity,
    StatusReading,
    StatusValue,
    TariffMode,
)
from meterlink.report.act_body import act_body
from meterlink.tariff.presets import preset
from meterlink.visit.snapshot import Snapshot, journal_facts, snapshot_facts

Fields = dict[str, Any]

LOG = "meters.example.org/ml/1a2b3c4d"
WORK = "125/1"
MOSCOW = timezone(timedelta(hours=3))
BEGAN = datetime(2026, 11, 21, 9, 5, 9, 123_000, tzinfo=UTC)
FIRST = 128
"""Index of the first record."""

PERSONAL = {
    "account_no": "770012345678",
    "address": "Москва, ул. Лесная, 5, кв. 17",
    "customer_name": "Иванова Мария Петровна",
    "customer_phone": "+7 900 000-00-00",
    "notice": "по телефону 19.11.2026, диспетчер Орлова",
}
OPENINGS = {
    name: Opening(salt=bytes([place]) * 16, value=value) for place, (name, value) in enumerate(PERSONAL.items())
}

CHECKPOINT = (
    f"{LOG}\n152\nzP3m0mRXyC1v0wT7pnKn1LFZlg1dSyR5rXQf2yFhW9o=\n\n"
    f"— {LOG} 3q2+7wAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==\n"
)

DAY_NIGHT = preset("ru-household-2").schedule
ONE_RATE = preset("ru-household-1").schedule


def before() -> Snapshot:
    """As it was found."""
    return Snapshot(
        identity=_identity(),
        read_at=datetime(2026, 11, 21, 12, 6, 2, tzinfo=MOSCOW),
        energy=_energy("18342.17", "0.00", "0.00", "0.00"),
        clock=ClockReading(
            meter=datetime(2026, 11, 21, 13, 6, 17),
            reference=datetime(2026, 11, 21, 12, 6, 3, 210_000, tzinfo=MOSCOW),
            error=timedelta(hours=1, seconds=14, milliseconds=290),
            uncertainty=timedelta(milliseconds=560),
            weekday=6,
        ),
        dst=DstSetting(enabled=True, raw="01"),
        tariffs=TariffMode(tariffs_in_force=1, current_tariff=1),
        schedule=ONE_RATE,
        holidays=Holidays(days=((1, 1), (1, 2), (1, 7), (5, 9))),
        status=_status("2.9"),
        journals=(_journal(("settings written (bits 00 01)", date(2014, 3, 2))),),
        stored={"January sunday": "00 00 FF", "holidays 1": "01 01 02 01"},
        absent=(Absent(what="cover last opened", reason="the meter has no such time stored"),),
    )


def after() -> Snapshot:
    """As it was left."""
    newest = ("settings written (bits 00 1F)", date(2026, 11, 21))
    return replace(
        before(),
        read_at=datetime(2026, 11, 21, 12, 19, 40, tzinfo=MOSCOW),
        energy=_energy("18342.21", "0.00", "0.00", "0.00"),
        clock=ClockReading(
            meter=datetime(2026, 11, 21, 12, 19, 41),
            reference=datetime(2026, 11, 21, 12, 19, 41, 480_000, tzinfo=MOSCOW),
            error=timedelta(milliseconds=20),
            uncertainty=timedelta(milliseconds=560),
            weekday=6,
        ),
        dst=DstSetting(enabled=False, raw="00"),
        tariffs=TariffMode(tariffs_in_force=2, current_tariff=1),
        schedule=DAY_NIGHT,
        holidays=Holidays(days=()),
        journals=(_journal(newest, newest, ("settings written (bits 00 01)", date(2014, 3, 2))),),
    )


def _identity() -> Identity:
    return Identity(
        family="mercury200",
        model="mercury-200.02",
        serial_number="43096744",
        address="43096744",
        firmware="5.1",
        manufactured=date(2009, 4, 1),
    )


def _energy(*amounts: str) -> EnergyReading:
    def value(register: str, amount: Decimal) -> EnergyValue:
        return EnergyValue(
            quantity=Quantity.ACTIVE, direction=Direction.IMPORT, register=register, amount=amount, raw=str(amount)
        )

    found = [Decimal(amount) for amount in amounts]
    registers = [value(f"T{number}", amount) for number, amount in enumerate(found, 1)]
    return EnergyReading(registers=(*registers, value("total", sum(found, Decimal()))), read_at=BEGAN)


def _status(volts: str) -> StatusReading:
    values = (
        StatusValue(name="battery voltage", value=volts, unit="V", raw="29"),
        StatusValue(name="running time on mains", value="131482", unit="h", raw="20 19 0A"),
    )
    return StatusReading(values=values, read_at=BEGAN)


def _journal(*events: tuple[str, date]) -> JournalReading:
    found = tuple(JournalEvent(index=n, event=event, raw="00", on=on) for n, (event, on) in enumerate(events))
    return JournalReading(journal="parametrisation", events=found, read_at=BEGAN)


# --- records --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class WorkRecords:
    """Records of one work, each half a second behind the one before; `of` and `i` count as in the log."""

    work: str = WORK
    at: datetime = BEGAN
    fields: list[Fields] = field(default_factory=list)

    @property
    def next_n(self) -> int:
        return FIRST + len(self.fields)

    def add(self, type_: str, d: Mapping[str, Any]) -> int:
        """One record; its index."""
        n = self.next_n
        entry = Entry(type=type_, d=d, work=self.work, actor="p1")
        moment = f"{self.at:%Y-%m-%dT%H:%M:%S}.{self.at.microsecond // 1000:03d}Z"
        record = encode_record(entry, log=LOG, n=n, prev=NO_RECORD, run="ab" * 16, mono_ms=500 * n, t=moment)
        self.fields.append(dict(record.fields))
        self.at += timedelta(seconds=37)
        return n

    def read(self, purpose: str, snapshot: Snapshot) -> None:
        self.add("read", {"purpose": purpose, "snapshot": snapshot_facts(snapshot)})
        self.add("meter.journal", {"purpose": purpose, "journals": journal_facts(snapshot)})

    def write(self, action: str, operation: str, old: str, new: str, result: str = "verified", **facts: str) -> None:
        """A step that was carried out: announced, answered, read back, told."""
        of = self.announce(operation)
        self.add("outcome", {"of": of, "i": 0, "result": "ok", "reply": "02 91 9B A8 17 20 D4", "ms": 62, "tries": 1})
        self.add("verify", {"of": of, "i": 0, "found": new, "same": result == "verified"})
        told = {"action": action, "operation": operation, "result": result, "old": old, "new": new}
        self.add("work.step", told | facts)

    def announce(self, operation: str, values: Mapping[str, str] | None = None) -> int:
        """What is to be sent: one value of the name of the operation, or these, each new value by its name."""
        wanted = {operation: "00"} if values is None else values
        return self.add(
            "intent",
            {
                "operation": operation,
                "why": f"125: {operation}",
                "meter": {"family": "mercury200", "serial_number": "43096744"},
                "part": 1,
                "parts": 1,
                "confirmed": {"by": "p1", "how": "serial number typed"},
                "frames": [
                    {"i": i, "bytes": "02 91 9B A8 17 00 5E", "parameter": name, "old": "01", "new": new}
                    for i, (name, new) in enumerate(wanted.items())
                ],
            },
        )


STEPS = (
    ("dst_off", "switch the automatic change to summer time off", "on", "off"),
    ("clock", "set the clock back by 1 h 00 min 14 s", "1 h 00 min 14 s ahead", "right"),
    ("holidays", "clear the table of special days", "4 days", "none"),
    ("schedule", "rewrite the tariff schedule: 96 records", "1 day program, 1 tariff", "1 day program, 2 tariffs"),
    ("tariff_mode", "put 2 tariffs in force", "1 tariff", "2 tariffs"),
)
SEAL = {"place": "крышка клеммной колодки", "kind": "пластиковая номерная", "owner": "ПАО «Энергосбыт»"}


def opening(**changes: Any) -> Fields:
    """What work.open holds."""
    return {
        "order": {
            "number": "125",
            "date": "2026-11-18",
            "basis": "application",
            "basis_text": "заявление о переходе на два тарифа",
            "sha256": "9f" * 32,
            "nonce": "c0ffee",
            "valid_from": "2026-11-18",
            "valid_to": "2026-12-02",
        },
        "organisation": {
            "name": "ООО «Счётчик и сын»",
            "tax_number": "7701234567",
            "licence": "СРО-Э-104-2011",
            "phone": "+7 495 123-45-67",
        },
        "performers": [
            {
                "id": "p1",
                "name": "Петров Сергей Иванович",
                "post": "электромонтёр 5 разряда",
                "certificate": "УД-1182",
                "certificate_expires": "2027-03-01",
                "safety_group": "IV до 1000 В",
            },
            {
                "id": "p2",
                "name": "Сидорова Анна Олеговна",
                "post": "инженер по учёту",
                "certificate": "УД-0977",
                "certificate_expires": "2027-06-15",
                "safety_group": "III до 1000 В",
            },
        ],
        "meter": {
            "family": "mercury200",
            "model": "mercury-200.02",
            "names": ["Меркурий 200.02"],
            "serial_number": "43096744",
            "answered": "43096744",
            "address": "43096744",
            "firmware": "5.1",
            "manufactured": "2009-04-01",
            "accuracy_class": "1",
            "verification_last": "2009-04-10",
            "verification_next": "2025-04-10",
            "profile_sha256": "1c" * 32,
        },
        "port": "serial",
        "place": {"tz": "Europe/Moscow", "metering_point_id": "77-0412-17", "substation": "ТП-1183", "feeder": "ф. 6"},
        "customer": {"kind": "household", "presence": "present", "representative": False},
        "actions": ["read", *(action for action, *_ in STEPS)],
        "tariff_plan": {
            "name": "ru-household-2",
            "zones": [{"register": "T1", "zone": "day"}, {"register": "T2", "zone": "night"}],
        },
        "seals": [
            {"number": "0047711", **SEAL, "state": "whole"},
            {
                "number": "МА 004512",
                "place": "винт корпуса",
                "kind": "свинцовая",
                "owner": "поверитель",
                "state": "whole",
            },
        ],
        "program": "meterlink 0.1.0.dev0",
        "time_source": "confirmed",
        "clock_reason": "часы не переведены в 2014 году",
        "experimental": False,
        "commitments": {name: each.commitment(name) for name, each in OPENINGS.items()},
    } | changes


def plan(steps: Iterable[tuple[str, str, str, str]] = STEPS, **changes: Any) -> Fields:
    """What work.plan holds."""
    return {
        "steps": [
            {
                "action": action,
                "operation": operation,
                "old": old,
                "new": new,
                "why": "the order wants it",
                "evidence": "document",
                "source": "Incotex 2006",
                "experimental": False,
            }
            for action, operation, old, new in steps
        ],
        "warnings": [
            {"code": "verification-expired", "facts": {"date": "2025-04-10"}},
            {"code": "battery-low", "facts": {"volts": "2.9"}},
        ],
        "untouched": [],
        "time_source": "confirmed",
        "confirmed": {"by": "p1", "how": "serial number typed"},
    } | changes


def body_of(fields: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The act's body over records with these fields, read as the log reads them."""
    return act_body([decode_record(encode_canonical(each)) for each in fields])


def begun(**changes: Any) -> WorkRecords:
    """Up to the confirmed plan, with the seal off."""
    work = WorkRecords()
    work.add("work.open", opening(**changes))
    work.add("seal", {"event": "removed", "number": "0047711", **SEAL, "reason": "доступ к клеммам RS-485"})
    work.read("before", before())
    return work


def household_work() -> list[Fields]:
    """The whole work, every step verified, up to the last record before work.close."""
    work = begun()
    work.add("work.plan", plan())
    for step in STEPS:
        work.write(*step)
    work.read("after", after())
    work.add("seal", {"event": "installed", "number": "0051204", **SEAL})
    work.add("log.note", {"text": "Батарея разряжена, потребителю рекомендована замена прибора при поверке."})
    return work.fields


def closing(fields: list[Fields]) -> list[Fields]:
    """work.close and act.issued, as they stand behind a work."""
    work = WorkRecords(fields=list(fields), at=BEGAN + timedelta(hours=1))
    work.add("work.close", {"result": "done", "records": [each["n"] for each in fields], "root": "", "seals": []})
    work.add("act.issued", {"body_sha256": "00" * 32, "copies": 2})
    return work.fields
