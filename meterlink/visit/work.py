"""One piece of work in the sealed log: what its records hold and in which order. Layout: docs/audit-format.md 2.

Personal data stand in the records as commitments; their clear values lie beside the log. What a meter is sent is
recorded by the log's gate (`audit/gate.py`), not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from meterlink.audit.canonical import in_record
from meterlink.audit.commitment import SALT_BYTES, Opening
from meterlink.audit.gate import Errand, LogGate, frames_in_parts
from meterlink.audit.place import LogPlace
from meterlink.audit.private import erase_openings, keep_openings
from meterlink.audit.record import Entry, Record
from meterlink.audit.store import SealedLog
from meterlink.audit.works import WorkRecords, WorkSeen, closing_facts, works_of
from meterlink.errors import AuditNotWritableError, MeterlinkError, told_os_error
from meterlink.flow import Announcement, Gate, Outcome, closed_gate
from meterlink.model import Identity
from meterlink.profiles import Profile
from meterlink.visit.form import Form
from meterlink.visit.order import Order, Seal
from meterlink.visit.plan import Plan, TimeSource
from meterlink.visit.snapshot import Snapshot, journal_facts, snapshot_facts

_LONGEST_TEXT: Final = 2_000

Judge = Callable[[Sequence[Record]], tuple[str, str]]
"""Makes the act's body over the records of a work: its SHA-256 in hexadecimal, and its word for the result."""


class WorkGate:
    """The gate that a port is opened with: closed until a work is open, then that of the work."""

    def __init__(self) -> None:
        self._gate: Gate = closed_gate

    def __call__(self, entry: Announcement | Outcome) -> None:
        self._gate(entry)

    def lead_to(self, gate: Gate) -> None:
        """From now on."""
        self._gate = gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame as it was traced, masked."""

    outgoing: bool
    hexadecimal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """Which meter was met: by the order and by its own words, over which kind of port, by which program."""

    order: Order
    profile: Profile
    identity: Identity
    port: str
    program: str
    arrived_at: datetime
    time_source: TimeSource
    experimental: bool


@dataclass(slots=True, kw_only=True)
class Work:
    """One work that is open in the log."""

    log: SealedLog
    place: LogPlace
    id: str
    actor: str | None
    resumed: bool = False
    closed: bool = False
    _records: WorkRecords = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._records = WorkRecords(self.place, self.id)

    @classmethod
    def begin(
        cls,
        log: SealedLog,
        place: LogPlace,
        visited: Visited,
        form: Form,
        actor: str,
        random: Callable[[int], bytes],
    ) -> Work:
        """A new work, or the one that an earlier run of this order at this meter left open.

        WorkOpenError, before anything is recorded, where another work wrote to this meter and is open.
        """
        order = visited.order
        earlier = works_of(place)
        left = next((seen.id for seen in earlier if not seen.closed and _is_same(seen, visited)), None)
        log.refuse_barred(visited.identity.serial_number, left)
        if left is not None:
            return cls.again(log, place, left, actor)
        number = 1 + sum(_order_number(seen) == order.order_no for seen in earlier)
        work = cls(log=log, place=place, id=f"{order.order_no}/{number}", actor=actor)
        work._open(visited, form, random)
        return work

    @classmethod
    def again(cls, log: SealedLog, place: LogPlace, work: str, actor: str | None = None) -> Work:
        """One that an earlier run left open."""
        return cls(log=log, place=place, id=work, actor=actor, resumed=True)

    @classmethod
    def left_open(cls, log: SealedLog, place: LogPlace, visited: Visited, restores: str, actor: str) -> list[Work]:
        """Works at this meter that must be closed before one that takes a work back: that very work, and what an
        earlier run of this order left open."""
        here = {each.work for each in log.open_works_at(visited.identity.serial_number)}
        return [
            cls.again(log, place, seen.id, actor)
            for seen in works_of(place)
            if seen.id in here and (seen.id == restores or _is_same(seen, visited))
        ]

    def _open(self, visited: Visited, form: Form, random: Callable[[int], bytes]) -> None:
        openings = {
            name: Opening(salt=random(SALT_BYTES), value=value)
            for name, value in _personal(visited.order, form).items()
        }
        committed = {name: opening.commitment(name) for name, opening in openings.items()}
        expected = self.log.size
        self._keep(expected, openings)  # before the record: a crash between them must not lose them
        index = self._append("work.open", _opening_facts(visited, form) | {"commitments": committed})
        if index != expected:  # another run wrote something between
            self._keep(index, openings)
            self._forget(expected)

    def _keep(self, index: int, openings: Mapping[str, Opening]) -> None:
        try:
            keep_openings(self.place.files, self.place.folder, index, openings)
        except OSError as error:
            raise AuditNotWritableError(log=self.log.origin, why=told_os_error(error)) from error

    def _forget(self, index: int) -> None:
        try:
            erase_openings(self.place.files, self.place.folder, index)
        except OSError as error:
            raise AuditNotWritableError(log=self.log.origin, why=told_os_error(error)) from error

    def gate(self, identity: Identity, why: str, confirmed_by: str, confirmed_how: str) -> LogGate:
        """The gate of one step."""
        errand = Errand(
            family=identity.family,
            serial_number=identity.serial_number,
            why=in_record(why),
            confirmed_by=in_record(confirmed_by),
            confirmed_how=confirmed_how,
            work=self.id,
            actor=self.actor,
        )
        return LogGate(self.log, errand)

    def read(self, purpose: str, snapshot: Snapshot, frames: Sequence[Frame] = ()) -> None:
        """A state that was read: before, after, or to check something between."""
        self._append("read", {"purpose": purpose, "snapshot": snapshot_facts(snapshot)})
        listed = [{"dir": "out" if frame.outgoing else "in", "bytes": frame.hexadecimal} for frame in frames]
        parts = frames_in_parts(listed) if listed else []
        for number, part in enumerate(parts, 1):
            self._append("read", {"purpose": purpose, "part": number, "parts": len(parts), "frames": part})
        if purpose != "check":
            self._append("meter.journal", {"purpose": purpose, "journals": journal_facts(snapshot)})

    def plan(self, plan: Plan, steps: Sequence[Mapping[str, Any]], confirmed: Mapping[str, str] | None) -> None:
        """What was shown and confirmed."""
        facts: dict[str, Any] = {
            "steps": list(steps),
            "warnings": [{"code": each.code, "facts": dict(each.facts)} for each in plan.warnings],
            "untouched": [action.value for action in plan.untouched],
            "time_source": plan.time_source.value,
            "experimental": plan.experimental,
            "restores": plan.restores,
        }
        self._append("work.plan", _told(facts | {"confirmed": confirmed}))

    def step(self, facts: Mapping[str, Any]) -> None:
        """What became of one step."""
        self._append("work.step", facts)

    def installed(self, seals: Iterable[Seal]) -> None:
        """Seals that were put on; one that an earlier run of this work recorded is not told again."""
        known = [record.d for record in self.records() if record.type == "seal"]
        for seal in seals:
            facts = {"event": "installed", **_seal_facts(seal)}
            if _clean(facts) not in known:
                self._append("seal", facts)

    def notes(self, texts: Iterable[str]) -> None:
        """Remarks; one that an earlier run of this work recorded is not told again."""
        known = [record.d.get("text") for record in self.records() if record.type == "log.note"]
        for text in texts:
            if _clean(text[:_LONGEST_TEXT]) not in known:
                self._append("log.note", {"text": text[:_LONGEST_TEXT]})

    def records(self) -> list[Record]:
        """Its records so far."""
        return self._records.now()

    def has_written(self) -> bool:
        """Whether a write was announced in it, by this run or an earlier one."""
        return any(record.type == "intent" for record in self.records())

    def has_state_before(self) -> bool:
        """Whether an earlier run came as far as to record it."""
        return self.resumed and any(
            record.type == "read" and record.d.get("purpose") == "before" and "snapshot" in record.d
            for record in self.records()
        )

    def problem(self, problem: MeterlinkError) -> None:
        """What the state after the work shows and should not."""
        self._append("work.problem", {"kind": type(problem).__name__, "text": str(problem)[:_LONGEST_TEXT]})

    def close(self, after: Snapshot, judge: Judge) -> str:
        """The last record of the work; a new key of the log comes into force with it. Returns the result."""
        records = self.records()
        sha256, result = judge(records)
        installed = [record.d for record in records if record.type == "seal" and record.d.get("event") == "installed"]
        facts = {
            "result": result,
            **closing_facts(records),
            "body_sha256": sha256,
            "readings_after": snapshot_facts(after)["energy"],
            "seals": [dict(seal) for seal in installed],
        }
        self._append("work.close", facts)
        self.closed = True
        return result

    def _append(self, type_: str, d: Mapping[str, Any]) -> int:
        return self.log.append(Entry(type=type_, d=_clean(d), work=self.id, actor=self.actor))


def _is_same(seen: WorkSeen, visited: Visited) -> bool:
    """Whether an open work is of this order, byte for byte, at this meter."""
    d = seen.opened.d
    order, meter = d.get("order"), d.get("meter")
    return (
        isinstance(order, dict)
        and isinstance(meter, dict)
        and order.get("sha256") == visited.order.sha256
        and meter.get("answered") == visited.identity.serial_number
    )


def _order_number(seen: WorkSeen) -> object:
    order = seen.opened.d.get("order")
    return order.get("number") if isinstance(order, dict) else None


def _opening_facts(visited: Visited, form: Form) -> dict[str, Any]:
    order = visited.order
    return _told(
        {
            "arrived_at": visited.arrived_at.isoformat(timespec="milliseconds"),
            "order": _told(
                {
                    "number": order.order_no,
                    "date": order.order_date,
                    "basis": order.basis.value,
                    "basis_text": order.basis_text,
                    "sha256": order.sha256,
                    "nonce": order.nonce,
                    "valid_from": order.valid_from,
                    "valid_to": order.valid_to,
                }
            ),
            "organisation": _facts_of(order.organisation, ("name", "tax_number", "licence", "phone")),
            "performers": [
                _facts_of(each, ("id", "name", "post", "certificate", "certificate_expires", "safety_group"))
                for each in order.performers
            ],
            "meter": _meter_facts(visited),
            "port": visited.port,
            "place": {"tz": order.tz} | _facts_of(order, ("metering_point_id", "substation", "feeder")),
            "customer": {
                "kind": order.customer.kind.value,
                "presence": form.presence.value,
                "representative": form.representative is not None,
            },
            "actions": [action.value for action in order.actions],
            "tariff_plan": None
            if order.tariff_plan is None
            else {
                "name": order.tariff_plan.name,
                "zones": [
                    {"register": register, "zone": zone.value} for register, zone in order.tariff_plan.zones.items()
                ],
            },
            "seals": [_seal_facts(found.seal) | {"state": found.state} for found in form.seals_found],
            "form_stated": form.stated,
            "removed": [_told(_seal_facts(seal) | {"reason": form.seal_reason}) for seal in form.seals_removed],
            "program": visited.program,
            "time_source": visited.time_source.value,
            "clock_reason": order.clock_reason,
            "experimental": visited.experimental,
        }
    )


def _meter_facts(visited: Visited) -> dict[str, Any]:
    order, identity, profile = visited.order, visited.identity, visited.profile
    return _told(
        {
            "family": identity.family,
            "model": identity.model,
            "names": list(profile.names),
            "serial_number": order.meter.serial_number,
            "answered": identity.serial_number,
            "address": identity.address,
            "firmware": identity.firmware,
            "manufactured": identity.manufactured,
            "profile_sha256": profile.sha256,
            **_facts_of(
                order.meter,
                (
                    *("ct_type", "ct_numbers", "ratio_ct", "vt_type", "vt_numbers", "ratio_vt"),
                    *("accuracy_class", "verification_last", "verification_next"),
                ),
            ),
        }
    )


def _personal(order: Order, form: Form) -> dict[str, str]:
    """Personal data by the name of their commitment."""
    customer = order.customer
    found = {
        "account_no": customer.account_no,
        "contract_no": customer.contract_no,
        "address": str(order.address),
        "customer_name": customer.name,
        "customer_phone": customer.phone,
        "notice": customer.notice,
        "representative": form.representative,
    }
    return {name: value for name, value in found.items() if value}


def _seal_facts(seal: Seal) -> dict[str, Any]:
    return _facts_of(seal, ("number", "place", "kind", "owner"))


def _facts_of(value: object, names: Iterable[str]) -> dict[str, Any]:
    return _told({name: getattr(value, name) for name in names})


def _told(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if value is not None}


def _clean(value: Any) -> Any:
    """As a record may hold it: text in its normal form, dates as text."""
    if isinstance(value, str):
        return in_record(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return value
