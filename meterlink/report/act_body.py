"""The act's body: what the records of one work say, as language-neutral facts. A pure function of these records.

Its SHA-256 stands in work.close, so the same records give the same bytes for ever: nothing here asks a clock, a zone
database, a profile or a file. Moments are UTC as the records have them, with the name of the place's zone beside; local
time is a matter of who draws the act. Personal data are commitments; a drawing fills in the clear values or says that
they are withheld. Fields: docs/trade.md 4.2 (the paper), docs/audit-format.md 2 (the records).

What nobody stated is `not-stated`, what there is none of `none` or an empty list, what was not read `not-read` with the
reason: nothing is left out in silence. What a later work wrote into other records is named in `other_records`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NoReturn

from meterlink.audit.canonical import encode_canonical
from meterlink.audit.doubt import Doubts
from meterlink.audit.record import VERSION, Record, decode_record
from meterlink.errors import ActError

SCHEMA: Final = "meterlink.act/1"

NOT_STATED: Final = "not-stated"
NONE: Final = "none"
NOT_READ: Final = "not-read"
READ: Final = "read"
UNLIFTABLE: Final = "unliftable"
YES: Final = "yes"
NO: Final = "no"

PERSONAL: Final = (
    "account_no",
    "contract_no",
    "customer_name",
    "customer_phone",
    "notice",
    "representative",
    "address",
)
"""The commitments that an act has a place for."""

_LAST_TYPES: Final = ("work.close", "act.issued")
_KNOWN_TYPES: Final = frozenset(
    {
        "work.open",
        "work.plan",
        "work.step",
        "work.problem",
        "read",
        "meter.journal",
        "seal",
        "intent",
        "outcome",
        "verify",
        "resolve",
        "log.note",
        "clock.jump",
    }
)
_ZONE_ACTIONS: Final = ("clock", "dst_off", "dst_on", "schedule", "holidays", "tariff_mode")
"""What moves the hours at which a tariff counts."""
_CONFIRMED: Final = frozenset({"verified", "as-wanted"})
"""Results of steps that a reading of the meter stands behind."""
_UNITS: Final = ("kwh", "kvarh")
_is_amount: Final = re.compile(r"-?[0-9]{1,14}(?:\.[0-9]{1,10})?", re.ASCII).fullmatch
"""So long that differences stay exact."""
_WHY: Final = {
    "empty": "there are none",
    "no work": "none of them belongs to a work",
    "works": "they belong to two works, {one!r} and {other!r}",
    "version": "record {n} is of a later version of the log",
    "moment": "record {n} is of {value!r}, which no calendar has",
    "kind": "record {n}: {key} is {value!r}, which is not {wanted}",
}


def act_body(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The body over the fields of a work's records, in order; ActError or AuditFormatError where they are none.

    What stands at or behind work.close does not count, nor do records that belong to no work. A work that never got as
    far as its first record, its first reading or its plan has a body, too, which says so.

    `result` is the first of these that holds:

    in-doubt   a frame may have changed the meter and nobody knows, or the last result of a step says so
    nothing    a plan was made and had no step, or the order permits nothing but reading and the meter was read
    cancelled  no plan was made, or no step of it was begun and none has a result
    done       every step was verified by reading it back, or found as wanted when the work was resumed, and the
               check behind the work found no problem
    partly     some were, or all of them and there is a problem
    failed     none was
    """
    work, counted = _of_one_work(records)
    opened = next((_Facts.of(record) for record in counted if record.type == "work.open"), None)
    first = _snapshot(counted, "before")
    last = _snapshot(list(reversed(counted)), "after")
    facts = opened or _Facts(values={}, n=counted[0].n)
    steps = _steps(counted)
    doubts = _doubts(counted)
    untouched = _untouched(counted)
    allowed = facts.texts("actions")
    return {
        "schema": SCHEMA,
        "act": _head(work, counted, facts, is_open=opened is not None),
        "result": _result(steps, counted, doubts=bool(doubts), reads_only=_reads_only(allowed, first)),
        "order": facts.table("order").texts_of(
            "number", "date", "basis", "basis_text", "sha256", "nonce", "valid_from", "valid_to"
        ),
        "organisation": facts.table("organisation").texts_of("name", "tax_number", "licence", "phone"),
        "performers": [
            each.texts_of("id", "name", "post", "certificate", "certificate_expires", "safety_group")
            for each in facts.tables("performers")
        ],
        "customer": _customer(facts),
        "place": facts.table("place").texts_of("tz", "metering_point_id", "substation", "feeder"),
        "meter": _meter(facts.table("meter")),
        "seals_stated": facts.flag("form_stated"),
        "seals": _seals(counted, facts, counted[0].fields["t"]),
        "readings": _readings(first, last),
        "clock": {
            "before": _clock(first),
            "after": _clock(last),
            "reason": facts.text("clock_reason"),
            "time_source": _carried_out(counted, facts).text("time_source"),
        },
        "dst": {"before": _dst(first), "after": _dst(last)},
        "tariffs": {"before": _tariffs(first), "after": _tariffs(last)},
        "schedule": {"before": _schedule(first), "after": _schedule(last)},
        "holidays": {"before": _holidays(first), "after": _holidays(last)},
        "plan": _tariff_plan(facts),
        "status": {"before": _status(first), "after": _status(last)},
        "journals": _journals(counted),
        "absent": {"before": _absent(first), "after": _absent(last)},
        "actions": [{"action": action, "state": _action_state(action, steps, untouched, first)} for action in allowed],
        "steps": steps,
        "restores": _restores(counted),
        "problems": [
            _Facts.of(record).texts_of("kind", "text") | {"at": record.fields["t"]}
            for record in counted
            if record.type == "work.problem"
        ],
        "confirmed": _confirmed(counted),
        "zones_from": _zones_from(steps),
        "doubts": doubts,
        "resolved": _resolved(counted),
        "warnings": _warnings(counted),
        "remarks": [_remark(record) for record in counted if record.type == "log.note"],
        "program": {
            "program": facts.text("program"),
            "family": facts.table("meter").text("family"),
            "port": facts.text("port"),
            "profile_sha256": facts.table("meter").text("profile_sha256"),
            "experimental": _carried_out(counted, facts).flag("experimental"),
        },
        "other_records": [{"n": each.n, "type": each.type} for each in counted if each.type not in _KNOWN_TYPES],
    }


def encode_body(body: Mapping[str, Any]) -> bytes:
    """The one form of a body."""
    return encode_canonical(body, "act")


def body_sha256(body: Mapping[str, Any]) -> str:
    """As it stands in work.close."""
    return hashlib.sha256(encode_body(body)).hexdigest()


# --- records --------------------------------------------------------------------------------------------------------


def _of_one_work(records: Sequence[Mapping[str, Any]]) -> tuple[str, list[Record]]:
    """The work they belong to, and those of them before its end."""
    if not records:
        _refuse("empty")
    read = [decode_record(encode_canonical(fields)) for fields in records]
    counted: list[Record] = []
    work: str | None = None
    for record in read:
        if record.fields["v"] != VERSION:
            _refuse("version", n=record.n)
        if not _is_moment(record.fields["t"]):
            _refuse("moment", n=record.n, value=record.fields["t"])
        if record.work is None:
            continue
        if work not in (None, record.work):
            _refuse("works", one=work, other=record.work)
        work = record.work
        if record.type in _LAST_TYPES:
            break
        counted.append(record)
    if work is None or not counted:
        _refuse("no work")
    return work, counted


def _is_moment(text: str) -> bool:
    """Whether the calendar has it; the log itself looks at the form only."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """An object of a record: what is missing is said, what is of another kind than it should be is an error."""

    values: Mapping[str, Any]
    n: int

    @classmethod
    def of(cls, record: Record) -> _Facts:
        return cls(values=record.d, n=record.n)

    def text(self, key: str, otherwise: str = NOT_STATED) -> str:
        return str(self._get(key, str, "a text") or otherwise)

    def texts_of(self, *keys: str) -> dict[str, Any]:
        return {key: self.text(key) for key in keys}

    def number(self, key: str) -> int | str:
        """An integer, or that nobody stated it."""
        found: int | None = self._get(key, int, "a whole number")
        return NOT_STATED if found is None else found

    def flag(self, key: str) -> str:
        found = self._get(key, bool, "true or false")
        return NOT_STATED if found is None else YES if found else NO

    def table(self, key: str) -> _Facts:
        return _Facts(values=self._get(key, dict, "an object") or {}, n=self.n)

    def tables(self, key: str) -> list[_Facts]:
        found = self._list(key)
        if not all(type(each) is dict for each in found):
            self._wrong(key, found, "a list of objects")
        return [_Facts(values=each, n=self.n) for each in found]

    def texts(self, key: str) -> list[str]:
        found = self._list(key)
        if not all(type(each) is str for each in found):
            self._wrong(key, found, "a list of texts")
        return list(found)

    def _list(self, key: str) -> list[Any]:
        return self._get(key, list, "a list") or []

    def _get(self, key: str, kind: type, wanted: str) -> Any:
        found = self.values.get(key)
        if found is not None and type(found) is not kind:
            self._wrong(key, found, wanted)
        return found

    def _wrong(self, key: str, value: object, wanted: str) -> NoReturn:
        _refuse("kind", n=self.n, key=key, value=value, wanted=wanted)


def _snapshot(records: Iterable[Record], purpose: str) -> _Facts | None:
    """The first state of this purpose, with the number of its record."""
    for record in records:
        if record.type == "read" and record.d.get("purpose") == purpose and "snapshot" in record.d:
            return _Facts.of(record).table("snapshot")
    return None


# --- head, people, meter --------------------------------------------------------------------------------------------


def _head(work: str, records: Sequence[Record], opened: _Facts, *, is_open: bool) -> dict[str, Any]:
    return {
        "number": work,
        "log": records[0].fields["log"],
        "records": {"first": records[0].n, "last": records[-1].n, "count": len(records)},
        "started_at": records[0].fields["t"],
        "finished_at": records[-1].fields["t"],
        "tz": opened.table("place").text("tz"),
        "opened": YES if is_open else NO,
    }


def _customer(opened: _Facts) -> dict[str, Any]:
    customer, committed = opened.table("customer"), opened.table("commitments")
    names = [*PERSONAL, *sorted(set(committed.values) - set(PERSONAL))]
    return {
        **customer.texts_of("kind", "presence"),
        "has_representative": customer.flag("representative"),
        "commitments": {name: committed.text(name, NONE) for name in names},
    }


def _meter(meter: _Facts) -> dict[str, Any]:
    return {
        **meter.texts_of("family", "model", "serial_number", "answered", "address", "firmware", "manufactured"),
        **meter.texts_of("accuracy_class", "verification_last", "verification_next"),
        "names": meter.texts("names"),
        "ratio_ct": meter.number("ratio_ct"),
        "ratio_vt": meter.number("ratio_vt"),
    }


def _seals(records: Iterable[Record], opened: _Facts, at: str) -> dict[str, Any]:
    """By what happened to them; an event nobody has heard of stands under `other`."""
    seals: dict[str, Any] = {"found": [], "removed": [], "broken": [], "installed": [], "other": []}
    seals["found"] = [each.texts_of("number", "place", "kind", "owner", "state") for each in opened.tables("seals")]
    seals["removed"] = [
        each.texts_of("number", "place", "kind", "owner", "state", "reason") | {"at": at, "event": "removed"}
        for each in opened.tables("removed")
    ]
    for record in records:
        if record.type == "seal":
            facts = _Facts.of(record)
            event = facts.text("event")
            told = facts.texts_of("number", "place", "kind", "owner", "state", "reason") | {"at": record.fields["t"]}
            seals[event if event in ("removed", "broken", "installed") else "other"].append(told | {"event": event})
    return seals


# --- before and after -----------------------------------------------------------------------------------------------


def _readings(before: _Facts | None, after: _Facts | None) -> dict[str, Any]:
    first, last = _registers(before), _registers(after)
    return {
        "before_at": _read_at(before),
        "after_at": _read_at(after),
        "registers": [
            {
                "register": register,
                "quantity": quantity,
                "direction": direction,
                "unit": unit,
                "before": first.get(key, NOT_READ),
                "after": last.get(key, NOT_READ),
                "change": _change(first.get(key), last.get(key)),
            }
            for key in {**first, **last}
            for register, quantity, direction, unit in [key]
        ],
    }


def _read_at(snapshot: _Facts | None) -> str:
    return NOT_READ if snapshot is None else snapshot.text("read_at")


def _registers(snapshot: _Facts | None) -> dict[tuple[str, str, str, str], str]:
    """Amounts by register, quantity, direction and unit."""
    found: dict[tuple[str, str, str, str], str] = {}
    for value in [] if snapshot is None else snapshot.tables("energy"):
        unit = next((unit for unit in _UNITS if unit in value.values), NOT_STATED)
        key = (value.text("register"), value.text("quantity"), value.text("direction"), unit)
        found[key] = _amount(value, unit)
    return found


def _amount(value: _Facts, unit: str) -> str:
    amount = value.text(unit, NOT_READ)
    if amount != NOT_READ and not _is_amount(amount):
        _refuse("kind", n=value.n, key=unit, value=amount, wanted="a decimal number")
    return amount


def _change(before: str | None, after: str | None) -> str:
    if before in (None, NOT_READ) or after in (None, NOT_READ):
        return NOT_READ
    return format(Decimal(after or 0) - Decimal(before or 0), "f")


def _missing(snapshot: _Facts | None, what: str) -> dict[str, Any]:
    """That something was not read, and why."""
    if snapshot is None:
        return {"state": NOT_READ, "reason": NONE}
    reasons = [each.text("reason") for each in snapshot.tables("absent") if each.text("what") == what]
    return {"state": NOT_READ, "reason": "; ".join(reasons) or NOT_STATED}


def _clock(snapshot: _Facts | None) -> dict[str, Any]:
    if snapshot is None or "clock" not in snapshot.values:
        return _missing(snapshot, "clock")
    clock = snapshot.table("clock")
    told = clock.texts_of("meter_time", "reference_time", "error_s", "uncertainty_s", "season_flag")
    return {"state": READ, **told}


def _dst(snapshot: _Facts | None) -> dict[str, Any]:
    if snapshot is None or "dst" not in snapshot.values:
        return _missing(snapshot, "DST")
    dst = snapshot.table("dst")
    return {"state": READ, "enabled": dst.flag("enabled"), "begins": dst.text("begins"), "ends": dst.text("ends")}


def _tariffs(snapshot: _Facts | None) -> dict[str, Any]:
    if snapshot is None or "tariffs" not in snapshot.values:
        return _missing(snapshot, "tariffs in force")
    mode = snapshot.table("tariffs")
    return {"state": READ, "in_force": mode.number("in_force"), "current": mode.number("current")}


def _schedule(snapshot: _Facts | None) -> dict[str, Any]:
    """The table as it was recorded; stored tables that are no schedule, with the reasons."""
    if snapshot is None:
        return _missing(snapshot, "schedule")
    notes = {"notes": snapshot.texts("schedule_notes")}
    if "unliftable" in snapshot.values:
        return {"state": UNLIFTABLE, "reasons": snapshot.texts("unliftable")} | notes
    if "schedule" in snapshot.values:
        return {"state": READ, "table": dict(snapshot.table("schedule").values)} | notes
    return _missing(snapshot, "schedule") | notes


def _holidays(snapshot: _Facts | None) -> dict[str, Any]:
    if snapshot is None or "holidays" not in snapshot.values:
        return _missing(snapshot, "holidays")
    return {"state": READ, "days": snapshot.texts("holidays")}


def _status(snapshot: _Facts | None) -> dict[str, Any]:
    if snapshot is None or "status" not in snapshot.values:
        return _missing(snapshot, "state")
    values = [each.texts_of("name", "value") | {"unit": each.text("unit", NONE)} for each in snapshot.tables("status")]
    return {"state": READ, "values": values}


def _absent(snapshot: _Facts | None) -> list[dict[str, Any]]:
    return [] if snapshot is None else [each.texts_of("what", "reason") for each in snapshot.tables("absent")]


def _journals(records: Sequence[Record]) -> list[dict[str, Any]]:
    """By journal the events that are behind the newest one before; all of them where only one side was read."""
    before, after = _journals_of(records, "before"), _journals_of(list(reversed(records)), "after")
    told = []
    for name in {**(before or {}), **(after or {})}:
        first, last = (None if side is None else side.get(name) for side in (before, after))
        is_compared = first is not None and last is not None
        told.append(
            {
                "journal": name,
                "compared": YES if is_compared else NO,
                "events": _newer(first, last) if first is not None and last is not None else last or first or [],
            }
        )
    return told


def _journals_of(records: Iterable[Record], purpose: str) -> dict[str, list[dict[str, Any]]] | None:
    for record in records:
        if record.type == "meter.journal" and record.d.get("purpose") == purpose:
            journals = _Facts.of(record).table("journals")
            return {name: [_event(each) for each in journals.tables(name)] for name in sorted(journals.values)}
    return None


def _event(event: _Facts) -> dict[str, Any]:
    return {**event.texts_of("event", "raw"), "at": event.text("at", event.text("on"))}


def _newer(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What stands in front of the events that were there before; the newest comes first, the oldest fall out."""
    shift = next(k for k in range(len(after) + 1) if after[k:] == before[: len(after) - k])
    return list(after[:shift])


# --- what was done --------------------------------------------------------------------------------------------------


def _steps(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Every step that was planned or carried out, in order, with all its results."""
    steps = _Steps()
    for record in records:
        if record.type == "work.plan":
            steps.planned(_Facts.of(record))
        elif record.type == "intent":
            steps.begun(_Facts.of(record).text("operation"))
        elif record.type == "work.step":
            steps.carried_out(record)
    return steps.told()


class _Steps:
    """The steps of a work so far. One that was resumed has several plans.

    A later plan is made on a new reading, so it settles what stood open before it: what it leaves untouched was found
    as wanted, and what it plans in other words replaces the step it had. `old` is what stood there first, `new` what
    was wanted last.
    """

    def __init__(self) -> None:
        self._steps: dict[tuple[str, str, int], dict[str, Any]] = {}
        self._carried_out: dict[tuple[str, str], int] = {}

    def planned(self, plan: _Facts) -> None:
        self._carried_out = {}
        wanted: dict[tuple[str, str, int], _Facts] = {}
        for each in plan.tables("steps"):
            name = each.text("action"), each.text("operation")
            wanted[(*name, 1 + sum(key[:2] == name for key in wanted))] = each
        self._settle({key[0] for key in wanted}, set(plan.texts("untouched")))
        for key, each in wanted.items():
            step = self._step(key)
            old = step["old"]
            step |= each.texts_of("new", "why", "evidence", "source") | {"experimental": each.flag("experimental")}
            step |= {"old": each.text("old") if old == NOT_STATED else old, "result": "not-begun"}

    def begun(self, operation: str) -> None:
        """Frames of this operation were announced."""
        for step in self._steps.values():
            if step["operation"] == operation and step["result"] == "not-begun":
                step["result"] = "no-result"

    def carried_out(self, record: Record) -> None:
        facts = _Facts.of(record)
        name = facts.text("action"), facts.text("operation")
        self._carried_out[name] = self._carried_out.get(name, 0) + 1
        step = self._step((*name, self._carried_out[name]))
        if step["old"] == NOT_STATED:
            step["old"] = facts.text("old")
        step |= {"new": facts.text("new", step["new"]), "result": facts.text("result")}
        told = {"result": step["result"], "n": record.n, "at": record.fields["t"]}
        step["results"].append(told | facts.texts_of("found", "detail"))

    def told(self) -> list[dict[str, Any]]:
        return list(self._steps.values())

    def _step(self, key: tuple[str, str, int]) -> dict[str, Any]:
        unknown = dict.fromkeys(("old", "new", "why", "evidence", "source", "experimental"), NOT_STATED)
        new = {"action": key[0], "operation": key[1], **unknown, "result": "not-begun", "results": []}
        return self._steps.setdefault(key, new)

    def _settle(self, again: set[str], untouched: set[str]) -> None:
        for step in self._steps.values():
            if step["result"] != "verified" and step["action"] in again | untouched:
                step["result"] = "replanned" if step["action"] in again else "as-wanted"


def _carried_out(records: Iterable[Record], opened: _Facts) -> _Facts:
    """What the first record says, and over it the last plan with steps: that may be of another run."""
    plans = [_Facts.of(record) for record in records if record.type == "work.plan"]
    last = next((plan for plan in reversed(plans) if plan.tables("steps")), opened)
    return _Facts(values={**opened.values, **last.values}, n=last.n)


def _restores(records: Iterable[Record]) -> str:
    """The work whose changes were taken back."""
    plans = [_Facts.of(record) for record in records if record.type == "work.plan"]
    return next((plan.text("restores") for plan in reversed(plans) if "restores" in plan.values), NONE)


def _untouched(records: Iterable[Record]) -> list[str]:
    """What the last plan left as it is."""
    found: list[str] = []
    for record in records:
        if record.type == "work.plan":
            found = _Facts.of(record).texts("untouched")
    return found


def _action_state(
    action: str, steps: Iterable[Mapping[str, Any]], untouched: Sequence[str], before: _Facts | None
) -> str:
    if action == "read":
        return NOT_READ if before is None else READ
    results = _results(step for step in steps if step["action"] == action)
    if not results:
        return "as-wanted" if action in untouched else "not-planned"
    if results == {"as-wanted"}:
        return "as-wanted"
    if results <= _CONFIRMED:
        return "changed"
    return "not-begun" if results == {"not-begun"} else "not-confirmed"


def _results(steps: Iterable[Mapping[str, Any]]) -> set[str]:
    """Of the steps that were not replaced."""
    return {step["result"] for step in steps} - {"replanned"}


def _reads_only(allowed: Sequence[str], before: _Facts | None) -> bool:
    return before is not None and set(allowed) == {"read"}


def _result(steps: Sequence[Mapping[str, Any]], records: Iterable[Record], *, doubts: bool, reads_only: bool) -> str:
    results = _results(steps)
    has_problem = any(record.type == "work.problem" for record in records)
    if doubts or "in-doubt" in results:
        return "in-doubt"
    if not results and not has_problem:
        is_planned = any(record.type == "work.plan" for record in records)
        return "nothing" if is_planned or reads_only else "cancelled"
    if results == {"not-begun"}:
        return "cancelled"
    if results <= _CONFIRMED and not has_problem:
        return "done"
    return "partly" if results & _CONFIRMED else "failed"


def _zones_from(steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """From which moment the tariff zones are as the act tells them."""
    moving = [step for step in steps if step["action"] in _ZONE_ACTIONS]
    results = _results(moving) - {"not-begun"}
    moments = [each["at"] for step in moving for each in step["results"] if each["result"] == "verified"]
    if not results:
        return {"state": "unchanged", "at": NONE}
    if not results <= _CONFIRMED:
        return {"state": "not-confirmed", "at": NONE}
    return {"state": "changed", "at": max(moments, default=NOT_STATED)}


def _doubts(records: Iterable[Record]) -> list[dict[str, Any]]:
    doubts = Doubts()
    for record in records:
        doubts.read(record)
    return [
        {
            "of": doubt.of,
            "i": doubt.i,
            "operation": doubt.operation,
            "parameter": doubt.parameter or NOT_STATED,
            "frame": doubt.frame,
            "result": doubt.result or NONE,
        }
        for doubt in doubts
    ]


def _resolved(records: Iterable[Record]) -> list[dict[str, Any]]:
    return [
        {"of": record.d["of"], "i": record.d.get("i", "all"), **_Facts.of(record).texts_of("found", "decision")}
        for record in records
        if record.type == "resolve"
    ]


def _confirmed(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Who agreed to each plan, and how."""
    return [
        _Facts.of(record).table("confirmed").texts_of("by", "how") | {"at": record.fields["t"]}
        for record in records
        if record.type == "work.plan"
    ]


def _warnings(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Of all plans, each once."""
    found: list[dict[str, Any]] = []
    for record in records:
        if record.type == "work.plan":
            for each in _Facts.of(record).tables("warnings"):
                facts = each.table("facts")
                told = {"code": each.text("code"), "facts": {name: facts.text(name) for name in sorted(facts.values)}}
                found += [] if told in found else [told]
    return found


def _remark(record: Record) -> dict[str, Any]:
    actor = record.fields.get("actor", NOT_STATED)
    return {"at": record.fields["t"], "actor": actor, "text": _Facts.of(record).text("text")}


def _tariff_plan(opened: _Facts) -> dict[str, Any]:
    plan = opened.table("tariff_plan")
    zones = plan.values.get("zones")
    if isinstance(zones, dict):
        table = plan.table("zones")
        told = [{"register": name.upper(), "zone": table.text(name)} for name in sorted(zones)]
    else:
        told = [each.texts_of("register", "zone") for each in plan.tables("zones")]
    return {"name": plan.text("name", NONE), "zones": told}


def _refuse(why: str, **facts: object) -> NoReturn:
    raise ActError(why=_WHY[why].format(**facts))
