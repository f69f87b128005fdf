"""`audit status`: what state the log in use is in. It changes nothing, and says so in one word and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Final

import click

from meterlink.audit.condition import Condition, look, told_bytes
from meterlink.audit.doubt import Doubt
from meterlink.audit.strict_text import encode_base64
from meterlink.cli import output
from meterlink.cli.audit.common import (
    STATE_WORDS,
    crash_notes,
    exit_code_of,
    finding_facts,
    head_facts,
    is_frozen,
    ranges,
    show_findings,
    told_time,
)
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.output import safe
from meterlink.cli.sealed_log import audit_home
from meterlink.errors import AuditError, NoLogError, NoRoomError

_HELP: Final = """show the state of the sealed log, in one word and in a sentence; changes nothing

The exit code is 0 for a log in order, 11 when a write to a meter is in doubt or a work that wrote is not closed, else
10
"""
_SHORT: Final = "show the state of the sealed log"
_EXAMPLES: Final = ("meterlink audit status", "meterlink audit status --json")
_TEXT: Final = {
    "state": "{state}: {words}",
    "no log": "there is no sealed log yet",
    "no room": "no work may begin: {why}",
    "records": "{size}; the last is {type} at {t}",
    "none": "none",
    "epoch": "{epoch} (keys are counted from 0)",
    "second": "{size} records, {source}",
    "no second": "nothing remembered yet",
    "cosigned": "{size} records, at {at} by the office's clock",
    "never": "never",
    "disk": "{free} free, {ballast}",
    "ballast": "ballast in place",
    "no ballast": "no ballast; `meterlink audit recover` puts it back",
    "bare": "no ballast",
    "hint": "quickly, from where the last run left off; `meterlink audit verify` checks every record",
    "whole": "every record, the signature of the last, and those by which one key hands over to the next; "
    "`meterlink audit verify` checks every signature",
    "rotating": "a change of key was cut off half-way; `meterlink audit recover` or the next work finishes it",
    "untold": "files of torn bytes without a record: {count}; `meterlink audit recover` or the next work writes it",
    "doubts": "frames in doubt",
    "works": "works that are not closed",
    "wrote": "yes",
    "nothing": "nothing",
    "unknown": "not told",
    "to": " to ",
    "no outcome": "no outcome was recorded",
    "outcome": "its outcome: {result}",
}
_COLUMNS: Final = ("record", "frame", "meter", "work", "operation", "parameter", "known")
_WORK_COLUMNS: Final = ("record", "since", "work", "order", "meter", "written")


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@json_option
@pass_given
@click.pass_context
def status(context: click.Context, given: Given, /) -> None:
    home = audit_home()
    try:
        seen = look(home.current())
    except AuditError as error:
        if not given.as_json and isinstance(error, NoLogError):
            raise
        _present_none(given, error, str(home.base))
        context.exit(error.exit_code)
    output.present(given.as_json, "audit-status", _facts(seen), lambda: _show(seen))
    context.exit(exit_code_of(seen.findings))


def _present_none(given: Given, error: AuditError, base: str) -> None:
    """Nothing can be said about a log: there is none, or it cannot be read."""
    words = _TEXT["no log"] if isinstance(error, NoLogError) else STATE_WORDS[error.state]
    facts: dict[str, object] = {"state": error.state, "words": words, "log": None, "folder": base}
    facts |= dict.fromkeys(("records", "root", "first_key", "key", "epoch", "ended", "last", "read"))
    facts |= {"doubts": [], "open_works": [], "second_heads": [], "cosigned": [], "free_bytes": None, "ballast": None}
    facts |= {"notes": [], "findings": finding_facts([error])}
    output.present(given.as_json, "audit-status", facts, lambda: _show_none(error, words))


def _show_none(error: AuditError, words: str) -> None:
    output.line(_TEXT["state"].format(state=error.state, words=words))
    show_findings([error])


def _facts(seen: Condition) -> dict[str, object]:
    chain = seen.found.chain
    return {
        "state": seen.state,
        "words": _words(seen),
        "log": seen.log,
        "folder": str(seen.place.folder.path),
        "records": chain.size,
        "root": encode_base64(chain.frontier.root()),
        "first_key": None if chain.first_key is None else chain.first_key.text,
        "key": None if chain.key is None else chain.key.text,
        "epoch": chain.epoch,
        "ended": chain.ended,
        "last": _last_facts(seen),
        "read": "hint" if seen.found.from_hint else "whole",
        "doubts": [asdict(doubt) for doubt in chain.doubts],
        "open_works": [work.facts() for work in chain.works],
        "second_heads": [head_facts(head) for head in seen.second_heads],
        "cosigned": [head_facts(each.head) | {"at": told_time(each.at_s)} for each in seen.cosigned],
        "free_bytes": seen.free_bytes,
        "ballast": seen.ballast,
        "notes": _notes(seen),
        "findings": finding_facts(seen.findings),
    }


def _words(seen: Condition) -> str:
    worst = next(iter(seen.findings), None)
    return _TEXT["no room"].format(why=worst.why) if isinstance(worst, NoRoomError) else STATE_WORDS[seen.state]


def _last_facts(seen: Condition) -> Mapping[str, object] | None:
    if seen.last is None:
        return None
    fields = seen.last.fields
    return {"n": seen.last.n} | {key: fields.get(key) for key in ("type", "t", "run", "work")}


def _notes(seen: Condition) -> list[str]:
    notes = crash_notes(seen.found.chain)
    if is_frozen(seen.findings):  # nothing is finished in it any more
        return notes
    notes += [_TEXT["rotating"]] if seen.half_rotated else []
    return notes + ([_TEXT["untold"].format(count=seen.untold)] if seen.untold else [])


# --- for people -----------------------------------------------------------------------------------------------------


def _show(seen: Condition) -> None:
    chain = seen.found.chain
    output.line(_TEXT["state"].format(state=seen.state, words=_words(seen)))
    output.line()
    output.pairs(
        [
            ("log", safe(seen.log)),
            ("folder", seen.place.folder.path),
            ("records", _records(seen)),
            ("root", encode_base64(chain.frontier.root())),
            ("first key", None if chain.first_key is None else safe(chain.first_key.text)),
            ("key in force", None if chain.key is None else safe(chain.key.text)),
            ("epoch", _TEXT["epoch"].format(epoch=chain.epoch)),
            *[("second head", words) for words in _second_heads(seen)],
            *[("cosigned", words) for words in _cosigned(seen)],
            ("disk", _disk(seen)),
            ("read", _TEXT["hint" if seen.found.from_hint else "whole"]),
        ]
    )
    output.notes(_notes(seen))
    _show_doubts(seen)
    _show_works(seen)
    show_findings(seen.findings)


def _records(seen: Condition) -> str:
    size, last = seen.found.chain.size, seen.last
    if last is None:
        return str(size)
    return _TEXT["records"].format(size=size, type=safe(last.type), t=last.fields.get("t", _TEXT["unknown"]))


def _second_heads(seen: Condition) -> list[str]:
    told = [_TEXT["second"].format(size=head.size, source=head.source) for head in seen.second_heads]
    return told or [_TEXT["no second"]]


def _cosigned(seen: Condition) -> list[str]:
    if not seen.cosigned:
        return [_TEXT["never"]]
    newest = seen.cosigned[-1]
    return [_TEXT["cosigned"].format(size=newest.head.size, at=told_time(newest.at_s))]


def _disk(seen: Condition) -> str | None:
    if seen.free_bytes is None:
        return None
    ballast = _TEXT["ballast" if seen.ballast else "bare" if is_frozen(seen.findings) else "no ballast"]
    return _TEXT["disk"].format(free=told_bytes(seen.free_bytes), ballast=ballast)


def _show_doubts(seen: Condition) -> None:
    doubts = list(seen.found.chain.doubts)
    if not doubts:
        return
    output.heading(_TEXT["doubts"])
    rows = [_doubt_row(list(alike)) for _, alike in groupby(doubts, lambda each: (each.of, each.result))]
    output.table(_COLUMNS, rows, numbers=("record", "frame"))


def _doubt_row(alike: Sequence[Doubt]) -> tuple[object, ...]:
    """Frames of one record of which the same is known: a table has a hundred."""
    first, last = alike[0], alike[-1]
    known = _TEXT["no outcome"] if first.result is None else _TEXT["outcome"].format(result=first.result)
    about = _TEXT["to"].join(dict.fromkeys(each.parameter or "" for each in (first, last)))
    texts = [text or "" for text in (first.serial_number, first.work, first.operation, about)]
    return (first.of, ranges(each.i for each in alike), *map(safe, texts), safe(known))


def _show_works(seen: Condition) -> None:
    works = list(seen.found.chain.works)
    if not works:
        return
    output.heading(_TEXT["works"])
    rows = []
    for each in works:
        texts = [text or "" for text in (each.opened_at, each.work, each.order, each.serial_number)]
        rows.append((each.record, *map(safe, texts), _TEXT["wrote" if each.wrote else "nothing"]))
    output.table(_WORK_COLUMNS, rows, numbers=("record",))
