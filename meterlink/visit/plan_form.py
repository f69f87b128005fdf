"""The written form of a plan: one JSON document that holds the order whole, the state found and the steps.

A saved plan permits nothing by itself. Whoever carries it out makes the plan again from the order inside it and the
meter's state of that moment; what the file says about steps is for reading and for that comparison. The hash notices
a file that was edited or damaged, it is no signature. A preview has no order, so it can only be read.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn

from meterlink.errors import MeterlinkError, PlanFileError
from meterlink.flow import Change
from meterlink.model import Action, Evidence
from meterlink.visit.facts import known
from meterlink.visit.order import Order
from meterlink.visit.order_form import order_again, order_hash
from meterlink.visit.plan import ClockMethod, ClockStep, Plan, Step, TimeSource, Warning
from meterlink.visit.snapshot import Snapshot, snapshot_facts, snapshot_of

SCHEMA: Final = "meterlink.plan/1"
MOST_BYTES: Final = 8 * 2**20
"""A plan with every table of the largest meter has a fraction of it."""
_MICROSECOND: Final = timedelta(microseconds=1)

_WHY: Final = {
    "large": "it has {size} bytes, and at most {most} are read",
    "json": "it is not JSON, or it is cut off",
    "object": "it is no JSON object",
    "twice": "the key {key!r} stands in it twice",
    "schema": "its schema is {found!r}; this meterlink reads {schema}",
    "hash": "it was edited or damaged after it was saved: its sha256 does not fit",
    "content": "it is no plan: {what}",
    "order": "the order inside it is not the one it names",
    "meter": "the state inside it is another meter's",
    "preview": "it is a preview, made without an order; only a plan for an order can be carried out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan as a file holds it. Steps carry no setting; what they are for stands in the order.

    `order_text` is empty in a preview.
    """

    preview: bool
    order_no: str
    order_sha256: str
    order_form: str
    order_text: bytes = field(repr=False)
    attached: Mapping[str, bytes] = field(default_factory=dict, repr=False, hash=False)
    address: str
    before: Snapshot
    steps: tuple[Step, ...]
    warnings: tuple[Warning, ...]
    untouched: tuple[Action, ...]
    time_source: TimeSource
    experimental: bool
    made_at: datetime
    restores: str | None = None

    @property
    def actions(self) -> tuple[Action, ...]:
        """What the plan was made for: `build_plan` needs them to make it again."""
        return (*(step.action for step in self.steps), *self.untouched)

    def order(self) -> Order:
        """The order whole, read again; PlanFileError for a preview."""
        if self.preview:
            _refuse("preview")
        return order_again(self.order_text, self.order_form, self.attached)

    def plan(self, order: Order) -> Plan:
        """As a plan, to be compared with one that is made again for this order."""
        return Plan(
            order=order,
            before=self.before,
            steps=self.steps,
            warnings=self.warnings,
            untouched=self.untouched,
            time_source=self.time_source,
            experimental=self.experimental,
            made_at=self.made_at,
            restores=self.restores,
        )


# --- writing --------------------------------------------------------------------------------------------------------


def encode_plan(plan: Plan) -> bytes:
    """The file of a plan."""
    return encode_document(plan_document(plan))


def encode_document(document: Mapping[str, Any]) -> bytes:
    """The file of a plan's document."""
    return (json.dumps({"schema": SCHEMA, **document}, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def plan_document(plan: Plan) -> dict[str, Any]:
    """The document of a plan without the name of its schema, with the hash of both at the end."""
    document = _document(plan)
    return document | {"sha256": _hash_of({"schema": SCHEMA, **document})}


def _document(plan: Plan) -> dict[str, Any]:
    identity = plan.before.identity
    meter = {"family": identity.family, "model": identity.model, "serial_number": identity.serial_number}
    return known(
        {
            "preview": plan.order.is_preview,
            "order": None if plan.order.is_preview else _order_table(plan.order),
            "meter": meter | {"address": identity.address},
            "made_at": plan.made_at.isoformat(),
            "time_source": plan.time_source.value,
            "experimental": plan.experimental,
            "restores": plan.restores,
            "before": snapshot_facts(plan.before),
            "steps": [_step_table(step) for step in plan.steps],
            "warnings": [{"code": each.code, "facts": dict(each.facts)} for each in plan.warnings],
            "untouched": [action.value for action in plan.untouched],
        }
    )


def _order_table(order: Order) -> dict[str, Any]:
    return {
        "order_no": order.order_no,
        "form": order.form,
        "sha256": order.sha256,
        "content": _content_table(order.text),
        "attached": {name: _content_table(raw) for name, raw in order.attached.items()},
    }


def _content_table(raw: bytes) -> dict[str, str]:
    """Bytes as text where they are, so that people can read them."""
    try:
        return {"text": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode("ascii")}


def _step_table(step: Step) -> dict[str, Any]:
    return known(
        {
            "action": step.action.value,
            "capability": step.capability,
            "evidence": step.evidence.value,
            "source": step.source,
            "prompt": step.prompt,
            "clock": None if step.clock is None else _clock_table(step.clock),
            "changes": [
                known({"parameter": change.parameter, "old": change.old, "new": change.new}) for change in step.changes
            ],
        }
    )


def _clock_table(clock: ClockStep) -> dict[str, Any]:
    error_s = None if clock.error is None else format(Decimal(clock.error // _MICROSECOND).scaleb(-6), "f")
    senseless = True if error_s is None else None
    return known({"method": clock.method.value, "error_s": error_s, "senseless": senseless, "reason": clock.reason})


def _hash_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of everything but the hash, in the canonical form of RFC 8785."""
    import rfc8785

    return hashlib.sha256(rfc8785.dumps({key: each for key, each in document.items() if key != "sha256"})).hexdigest()


# --- reading --------------------------------------------------------------------------------------------------------


def decode_plan(raw: bytes) -> SavedPlan:
    """The plan of a file; PlanFileError says what is wrong with it."""
    if len(raw) > MOST_BYTES:
        _refuse("large", size=len(raw), most=MOST_BYTES)
    document = _parsed(raw)
    if document.get("schema") != SCHEMA:
        _refuse("schema", found=document.get("schema"), schema=SCHEMA)
    try:
        fits = document.get("sha256") == _hash_of(document)
    except (ValueError, RecursionError):  # whatever encode_plan writes has a canonical form
        fits = False
    if not fits:
        _refuse("hash")
    return _saved(document)


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        _refuse("json")
    if not isinstance(document, dict):
        _refuse("object")
    return document


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            _refuse("twice", key=key)
        table[key] = value
    return table


def _saved(document: Mapping[str, Any]) -> SavedPlan:
    try:
        plan = _plan(document)
        meter = document["meter"]
    except PlanFileError:
        raise
    except KeyError as error:
        _refuse("content", what=f"{error} is missing")
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, MeterlinkError) as error:
        _refuse("content", what=str(error).rstrip("."))
    identity = plan.before.identity
    if meter != {key: getattr(identity, key) for key in ("family", "model", "serial_number", "address")}:
        _refuse("meter")
    if not plan.preview and order_hash(plan.order_text, plan.attached) != plan.order_sha256:
        _refuse("order")
    return plan


def _plan(document: Mapping[str, Any]) -> SavedPlan:
    preview = _flag(document["preview"])
    order = {} if preview else document["order"]
    return SavedPlan(
        preview=preview,
        order_no=_text(order.get("order_no", "")),
        order_sha256=_text(order.get("sha256", "")),
        order_form=_text(order.get("form", "")),
        order_text=b"" if preview else _content(order["content"]),
        attached={name: _content(table) for name, table in order.get("attached", {}).items()},
        address=_text(document["meter"]["address"]),
        before=snapshot_of(document["before"]),
        steps=tuple(map(_step, document["steps"])),
        warnings=tuple(map(_warning, document["warnings"])),
        untouched=tuple(map(Action, document["untouched"])),
        time_source=TimeSource(document["time_source"]),
        experimental=_flag(document["experimental"]),
        made_at=_aware(document["made_at"]),
        restores=_optional(document, "restores", _text),
    )


def _content(table: Mapping[str, str]) -> bytes:
    if "base64" in table:
        return base64.b64decode(table["base64"], validate=True)
    return table["text"].encode("utf-8")


def _step(table: Mapping[str, Any]) -> Step:
    return Step(
        action=Action(table["action"]),
        capability=_text(table["capability"]),
        evidence=Evidence(table["evidence"]),
        source=_text(table["source"]),
        prompt=_optional(table, "prompt", _text),
        clock=_optional(table, "clock", _clock),
        changes=tuple(map(_change, table["changes"])),
    )


def _clock(table: Mapping[str, Any]) -> ClockStep:
    return ClockStep(
        method=ClockMethod(table["method"]),
        error=_optional(table, "error_s", lambda text: int(Decimal(_text(text)).scaleb(6)) * _MICROSECOND),
        reason=_optional(table, "reason", _text),
    )


def _change(table: Mapping[str, Any]) -> Change:
    return Change(parameter=_text(table["parameter"]), old=_optional(table, "old", _text), new=_text(table["new"]))


def _warning(table: Mapping[str, Any]) -> Warning:
    return Warning(code=_text(table["code"]), facts={name: _text(fact) for name, fact in table["facts"].items()})


def _optional(table: Mapping[str, Any], key: str, make: Callable[[Any], Any]) -> Any:
    return make(table[key]) if key in table else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is not true or false")
    return value


def _aware(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value} has no offset from UTC")
    return moment


def _refuse(why: str, **facts: object) -> NoReturn:
    raise PlanFileError(why=_WHY[why].format(**facts))
