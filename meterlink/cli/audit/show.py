"""`audit show`: the records of the log in words, exactly as they stand, or as a document."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from meterlink.audit.condition import name_log, telling_unreadable
from meterlink.audit.place import LogPlace
from meterlink.audit.record import VERSION, Record
from meterlink.audit.scan import Place, Scan, broken_chain, scan
from meterlink.audit.strict_text import encode_base64
from meterlink.cli import output
from meterlink.cli.audit.common import counted, exit_code_of, finding_facts, log_at, ranges, show_findings
from meterlink.cli.files import PATH
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.output import safe
from meterlink.cli.sealed_log import audit_home, refuse_empty_work
from meterlink.errors import AuditError, ConfigError, NoWorkError

LAST: Final = 20
"""So many records are shown when nobody says which."""

_HELP: Final = """show records of the sealed log: the last 20, number N, N to M, those of one work, or the last K

Only records whose hashes lead to a signed root are shown; at the first one that does not hold it stops and says so
"""
_SHORT: Final = "show records of the sealed log"
_EXAMPLES: Final = (
    "meterlink audit show",
    "meterlink audit show 0-1",
    "meterlink audit show --last 1 --json",
)
_OPTIONS: Final = {
    "work": "the records of one work",
    "last": "the last K records",
    "raw": "print each record exactly as it stands in the log, one a line",
    "log": "folder of another log than the one in use",
}
_WHY: Final = {
    "range": "{text!r} is neither a record number nor two of them, as in 12-40",
    "backwards": "{text} ends before it begins",
    "several": "they say different things; give one",
    "beyond": "the log has the records 0 to {last}",
    "raw": "it is a form of its own",
}
_ADVICE: Final = {
    "range": "Write N, N-M, --work ID or --last K.",
    "raw": "Give either --raw or --json.",
}
_TEXT: Final = {
    "head": "{n}  {t}  {type}{words}{work}",
    "work": ", work {work}",
    "actor": "by",
    "words": " ({words})",
    "later": "a later version of the format, shown as it stands",
    "unknown": "unknown type, shown as it stands",
    "none": "the log {log} has no such record",
    "yes": "yes",
    "no": "no",
    "nothing": "none",
    "torn": "a crash left half a record at the end ({bytes})",
    "stops": "It stops at record {record}: nothing from there on leads to a signed root.",
}
_TYPES: Final[Mapping[str, str]] = {
    "log.open": "the log begins",
    "run.open": "the program starts",
    "run.close": "the program ends",
    "work.open": "a work begins",
    "work.plan": "what was shown and confirmed",
    "work.step": "what became of a step",
    "work.problem": "the state after is not as it should be",
    "work.close": "a work is closed",
    "read": "read from the meter",
    "seal": "a seal",
    "intent": "about to write to the meter",
    "outcome": "what became of a frame",
    "verify": "read back",
    "resolve": "a frame in doubt is settled",
    "meter.journal": "the meter's own journal",
    "act.issued": "an act was issued",
    "anchor": "the office cosigned",
    "key.rotate": "the next key is named",
    "epoch.open": "the new key signs",
    "clock.jump": "the clock of the computer was moved",
    "log.recovered": "bytes that a crash left were set aside",
    "log.note": "a note",
    "log.end": "the log ends",
}
_READ_FIRST: Final = ("i", "parameter", "old", "new", "size")
_INDENT: Final = "    "
_is_range: Final = re.compile(r"([0-9]{1,15})(?:-([0-9]{1,15}))?").fullmatch

Wanted = Callable[[Record], bool]


@dataclass(slots=True, kw_only=True)
class Shown:
    """The records that were asked for, as far as the log holds."""

    log: str
    """Its name; that of its folder where even the first record does not tell."""
    found: Scan
    records: Sequence[Record] = ()
    findings: list[AuditError] = field(default_factory=list)


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.argument("numbers", metavar="[N|N-M]", required=False)
@click.option("--work", metavar="ID", help=_OPTIONS["work"])
@click.option("--last", metavar="K", type=click.IntRange(min=1), help=_OPTIONS["last"])
@click.option("--raw", is_flag=True, help=_OPTIONS["raw"])
@click.option("--log", "folder", metavar="FOLDER", type=PATH, help=_OPTIONS["log"])
@json_option
@pass_given
@click.pass_context
def show(
    context: click.Context,
    given: Given,
    /,
    numbers: str | None,
    work: str | None,
    last: int | None,
    raw: bool,
    folder: Path | None,
) -> None:
    if sum(each is not None for each in (numbers, work, last)) > 1:
        raise ConfigError(setting="N, --work, --last", why=_WHY["several"], advice=_ADVICE["range"])
    if raw and given.as_json:
        raise ConfigError(setting="--raw", why=_WHY["raw"], advice=_ADVICE["raw"])
    refuse_empty_work(work)
    span = None if numbers is None else _span(numbers)
    place = log_at(audit_home(), folder, "--log")
    most = last or (LAST if numbers is None and work is None else None)
    with telling_unreadable(place.folder.path):
        shown = _read(place, lambda record: _is_wanted(record, span, work), most)
    _refuse_beyond(shown, span)
    if work is not None and not shown.records and not shown.findings:
        raise NoWorkError(log=shown.found.chain.origin, work=work)
    if raw:
        _show_raw(shown)
    else:
        output.present(given.as_json, "audit-records", _facts(shown), lambda: _show(shown))
    context.exit(exit_code_of(shown.findings))


def _span(text: str) -> range:
    found = _is_range(text)
    if found is None or not text.isascii():
        raise ConfigError(setting="N", why=_WHY["range"].format(text=text), advice=_ADVICE["range"])
    first = int(found[1])
    last = int(found[2] or first)
    if last < first:
        raise ConfigError(setting="N-M", why=_WHY["backwards"].format(text=text), advice=_ADVICE["range"])
    return range(first, last + 1)


def _is_wanted(record: Record, span: Collection[int] | None, work: str | None) -> bool:
    return (span is None or record.n in span) and (work is None or record.work == work)


def _refuse_beyond(shown: Shown, span: range | None) -> None:
    """A number that no record has; a log that breaks off before it is told as that."""
    size = shown.found.chain.size
    if span is not None and span[0] >= size and not shown.findings:
        raise ConfigError(setting=str(span[0]), why=_WHY["beyond"].format(last=size - 1), advice=_ADVICE["range"])


def _read(place: LogPlace, wanted: Wanted, most: int | None) -> Shown:
    records: deque[Record] = deque(maxlen=most)

    def seen(record: Record, _place: Place) -> None:
        if wanted(record):
            records.append(record)

    log = place.bytes_now()
    found = scan(log, signatures="last", seen=seen)
    if found.fault is not None:  # only every signature tells where what was sealed ends
        records.clear()
        found = scan(log, signatures="all", seen=seen)
    findings: list[AuditError] = []
    if found.fault is not None:
        findings.append(broken_chain(found.chain.origin, found.fault))
        name_log(findings[0], place)
    return Shown(
        log=found.chain.origin or place.folder.path.name, found=found, records=list(records), findings=findings
    )


def _facts(shown: Shown) -> dict[str, object]:
    chain = shown.found.chain
    return {
        "log": chain.origin or None,
        "size": chain.size,
        "root": encode_base64(chain.frontier.root()),
        "records": [record.fields for record in shown.records],
        "notes": _notes(shown),
        "findings": finding_facts(shown.findings),
    }


def _notes(shown: Shown) -> list[str]:
    torn = shown.found.torn
    return [] if torn is None else [_TEXT["torn"].format(bytes=counted(len(torn.data), "byte"))]


def _show_raw(shown: Shown) -> None:
    for record in shown.records:
        output.raw(record.line)
    for error in shown.findings:
        output.failure(safe(str(error)), error.hint)


# --- for people -----------------------------------------------------------------------------------------------------


def _show(shown: Shown) -> None:
    for record in shown.records:
        output.lines(_record_lines(record))
    if not shown.records:
        output.line(_TEXT["none"].format(log=safe(shown.log)))
    output.notes(_notes(shown))
    if shown.findings:
        output.line(_TEXT["stops"].format(record=shown.found.chain.size))
    show_findings(shown.findings)


def _record_lines(record: Record) -> Iterator[str]:
    fields = record.fields
    known = fields["v"] == VERSION
    words = _TYPES.get(record.type, _TEXT["unknown"]) if known else _TEXT["later"]
    work = "" if record.work is None else _TEXT["work"].format(work=safe(str(record.work)))
    told = {"n": record.n, "t": safe(str(fields.get("t", ""))), "type": safe(record.type), "work": work}
    yield _TEXT["head"].format(**told, words=_TEXT["words"].format(words=words))
    if not known:
        yield from _field_lines({key: value for key, value in fields.items() if key not in ("n", "t", "type", "work")})
        return
    if "actor" in fields:
        yield from _field_lines({_TEXT["actor"]: fields["actor"]})
    extra = {key: value for key, value in fields.items() if key not in _SHOWN_KEYS}
    yield from _field_lines({**record.d, **extra})


_SHOWN_KEYS: Final = frozenset({"v", "log", "n", "prev", "run", "mono_ms", "t", "type", "work", "actor", "d"})


def _field_lines(fields: Mapping[str, Any], indent: str = _INDENT) -> Iterator[str]:
    width = max((len(key) for key, value in fields.items() if _is_short(value)), default=0)
    for key, value in fields.items():
        name = safe(key.replace("_", " "))
        if _is_short(value):
            yield f"{indent}{name:<{width}}  {_short(value)}"
        else:
            yield f"{indent}{name}"
            yield from _inner_lines(value, indent + _INDENT)


def _inner_lines(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _field_lines(value, indent)
        return
    if _are_numbers(value):
        yield indent + ranges(value)
        return
    for each in value:
        if isinstance(each, Mapping) and all(map(_is_short, each.values())):
            yield indent + ", ".join(f"{safe(key.replace('_', ' '))} {_short(each[key])}" for key in _ordered(each))
        elif _is_short(each):
            yield indent + _short(each)
        else:
            yield from _inner_lines(each, indent + _INDENT)


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(each, int) and not isinstance(each, bool) for each in values)


def _ordered(fields: Mapping[str, Any]) -> list[str]:
    """As people read them: which frame, what it is about, from what to what; the rest behind."""
    return [*(key for key in _READ_FIRST if key in fields), *(key for key in fields if key not in _READ_FIRST)]


def _is_short(value: Any) -> bool:
    return not value or not isinstance(value, Mapping | list)


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return _TEXT["yes" if value else "no"]
    return _TEXT["nothing"] if isinstance(value, Mapping | list) else safe(str(value))
