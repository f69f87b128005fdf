"""One piece of work in the sealed log: what its records hold and in which order. Layout: docs/audit-format.md 2.

Personal data stand in the records as commitments; their clear values lie beside the log. What a meter is sent is
recorded by the log's gate (`audit/gate.py`), not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from meterlink.audit.canonical import in_record
from meterlink.audit.commitment import SALT_BYTES, Opening
from meterlink.audit.gate import Errand, LogGate, frames_in_parts
from meterlink.audit.open_works import OpenWork
from meterlink.audit.place import LogPlace
from meterlink.audit.private import erase_openings, keep_openings
from meterlink.audit.record import Entry, Record, table_in
from meterlink.audit.store import SealedLog
from meterlink.audit.works import WorkRecords, closing_facts, works_of
from meterlink.driver import Driver
from meterlink.errors import AuditNotWritableError, MeterlinkError, NotOrderedMeterError, told_os_error
from meterlink.flow import Announcement, Gate, Outcome, closed_gate
from meterlink.model import Identity
from meterlink.visit.facts import known
from meterlink.visit.form import Form
from meterlink.visit.opening import Visited, opening_facts, personal_data, seal_facts
from meterlink.visit.order import Order, Seal
from meterlink.visit.plan import Plan
from meterlink.visit.snapshot import Snapshot, energy_facts, journal_facts, snapshot_facts

_LONGEST_TEXT: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the act's body over the records of a work says: its SHA-256 in hexadecimal, its word for the result, and
    what became of each action that the order permits."""

    sha256: str
    result: str
    actions: Sequence[Mapping[str, Any]]


Judge = Callable[[Sequence[Record]], Judgement]
"""Makes the act's body over the records of a work."""


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
class Confirmed:
    """Who said yes, and how: `serial number typed`, `--yes`."""

    by: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame as it was traced, masked."""

    outgoing: bool
    hexadecimal: str


def is_left_by(work: OpenWork, order: Order, driver: Driver) -> bool:
    """Whether an earlier run of this order, byte for byte, left this work open at the meter of the order.

    Everybody asks this, before a meter has answered and after, so that what is told is what is done.
    """
    at = work.serial_number
    return work.order_sha256 == order.sha256 and at is not None and driver.same_serial(order.meter.serial_number, at)


def refuse_elsewhere(work: OpenWork, identity: Identity, driver: Driver) -> None:
    """NotOrderedMeterError where a work was begun at another meter than the one that answers: a plate that shows a part
    of the number may fit both."""
    begun_at, answered = work.serial_number or "", identity.serial_number
    if not driver.same_serial(begun_at, answered):
        raise NotOrderedMeterError(address=identity.address, plate=begun_at, answered=answered)


@dataclass(slots=True, kw_only=True)
class Work:
    """One work that is open in the log."""

    log: SealedLog
    place: LogPlace
    id: str
    actor: str | None
    reader: WorkRecords = field(repr=False)
    resumed: bool = False
    closed: bool = False

    @classmethod
    def new(
        cls,
        log: SealedLog,
        place: LogPlace,
        visited: Visited,
        form: Form,
        actor: str,
        random: Callable[[int], bytes],
    ) -> Work:
        """One that nothing is known of yet; it is numbered behind those of its order."""
        order_no = visited.order.order_no
        seen = works_of(place)
        number = 1 + sum(table_in(work.opened.d, "order").get("number") == order_no for work in seen.works)
        id_ = f"{order_no}/{number}"
        work = cls(log=log, place=place, id=id_, actor=actor, reader=WorkRecords(place, id_, seen.read))
        work._open(visited, form, random)
        return work

    @classmethod
    def again(cls, log: SealedLog, place: LogPlace, work: str, actor: str | None = None) -> Work:
        """One that an earlier run left open."""
        return cls(log=log, place=place, id=work, actor=actor, reader=WorkRecords(place, work), resumed=True)

    def _open(self, visited: Visited, form: Form, random: Callable[[int], bytes]) -> None:
        openings = {
            name: Opening(salt=random(SALT_BYTES), value=value)
            for name, value in personal_data(visited.order, form).items()
        }
        committed = {name: opening.commitment(name) for name, opening in openings.items()}
        expected = self.log.size
        self._keep(expected, openings)  # before the record: a crash between them must not lose them
        index = self._append("work.open", opening_facts(visited, form) | {"commitments": committed})
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

    def gate(self, identity: Identity, why: str, confirmed: Confirmed) -> LogGate:
        """The gate of one step."""
        errand = Errand(
            family=identity.family,
            serial_number=identity.serial_number,
            why=in_record(why),
            confirmed_by=in_record(confirmed.by),
            confirmed_how=confirmed.how,
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

    def plan(self, plan: Plan, steps: Sequence[Mapping[str, Any]], confirmed: Confirmed | None) -> None:
        """What was shown and confirmed."""
        facts: dict[str, Any] = {
            "steps": list(steps),
            "warnings": [{"code": each.code, "facts": dict(each.facts)} for each in plan.warnings],
            "untouched": [action.value for action in plan.untouched],
            "time_source": plan.time_source.value,
            "experimental": plan.experimental,
            "restores": plan.restores,
        }
        told = None if confirmed is None else {"by": confirmed.by, "how": confirmed.how}
        self._append("work.plan", known(facts | {"confirmed": told}))

    def step(self, facts: Mapping[str, Any]) -> None:
        """What became of one step."""
        self._append("work.step", facts)

    def installed(self, seals: Iterable[Seal]) -> None:
        """Seals that were put on; one that an earlier run of this work recorded is not told again."""
        told = [record.d for record in self.records() if record.type == "seal"]
        for seal in seals:
            facts = {"event": "installed", **seal_facts(seal)}
            if _clean(facts) not in told:
                self._append("seal", facts)

    def notes(self, texts: Iterable[str]) -> None:
        """Remarks; one that an earlier run of this work recorded is not told again."""
        told = [record.d.get("text") for record in self.records() if record.type == "log.note"]
        for text in texts:
            if _clean(text[:_LONGEST_TEXT]) not in told:
                self._append("log.note", {"text": text[:_LONGEST_TEXT]})

    def records(self) -> list[Record]:
        """Its records so far."""
        return self.reader.now()

    def has_written(self) -> bool:
        """Whether a write was announced in it, by this run or an earlier one."""
        return any(record.type == "intent" for record in self.records())

    def problem(self, problem: MeterlinkError) -> None:
        """What the state after the work shows and should not."""
        self._append("work.problem", {"kind": type(problem).__name__, "text": str(problem)[:_LONGEST_TEXT]})

    def close(self, after: Snapshot | None, judge: Judge) -> Judgement:
        """The last record of the work; a new key of the log comes into force with it.

        `after` is None where nobody could read the meter any more.
        """
        records = self.records()
        judged = judge(records)
        installed = [record.d for record in records if record.type == "seal" and record.d.get("event") == "installed"]
        facts = {
            "result": judged.result,
            **closing_facts(records),
            "body_sha256": judged.sha256,
            "readings_after": None if after is None else energy_facts(after),
            "seals": [dict(seal) for seal in installed],
        }
        self._append("work.close", known(facts))
        self.closed = True
        return judged

    def _append(self, type_: str, d: Mapping[str, Any]) -> int:
        return self.log.append(Entry(type=type_, d=_clean(d), work=self.id, actor=self.actor))


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
