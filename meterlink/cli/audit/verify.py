"""`audit verify`: whether a log or a bundle is what was sealed, held against what the asker has from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from meterlink.audit.bundle_files import is_bundle
from meterlink.audit.condition import key_trouble, telling_unreadable
from meterlink.audit.scan import Signatures
from meterlink.audit.strict_text import encode_base64
from meterlink.audit.verify import Report
from meterlink.cli import output
from meterlink.cli.audit import verify_bundle
from meterlink.cli.audit.brought import read_brought
from meterlink.cli.audit.checked import Checked, check_log, held_facts, source_of
from meterlink.cli.audit.common import (
    STATE_WORDS,
    Hints,
    counted,
    exit_code_of,
    finding_facts,
    head_facts,
    is_in_use,
    log_at,
    own_hint,
    show_findings,
)
from meterlink.cli.files import PATH
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.output import safe
from meterlink.cli.sealed_log import audit_home
from meterlink.errors import (
    AuditError,
    ChainBrokenError,
    LogBehindError,
    LogForkError,
    LogTornError,
    NotCosignedError,
    TornBytesLostError,
    WrongKeyError,
)

_HELP: Final = """check a sealed log whole: every record, every signature, every head that is known

PATH is the folder of a log or a bundle, by default the log in use. A log proves nothing by itself: give the key that
was written down or handed to the office (--key, --policy), and heads that others saw (--head)
"""
_SHORT: Final = "check a sealed log or a bundle whole"
_EXAMPLES: Final = (
    "meterlink audit verify",
    "meterlink audit verify --signatures last --json",
)
_OPTIONS: Final = {
    "key": "verifier key of the log, or of a witness, that you have from elsewhere; may be given several times",
    "policy": "file in the format tlog-policy with the logs and witnesses that you trust",
    "head": "signed checkpoint that somebody outside has of this log; may be given several times",
    "signatures": "check every signature, or only the last one for a quick look",
}
_WORDS: Final = {
    **STATE_WORDS,
    "ok": "the log is whole: it is what was sealed",
    "torn": "a crash left half a record at the end; every whole record before it is what was sealed",
    "in-doubt": "the log is whole, and it is not known what became of a frame that was sent to a meter",
    "tampered": "this is not what was sealed",
    "wrong key": "the log is whole in itself, and it is not the log of the key that you gave",
    "not cosigned": "the log is whole in itself, and somebody whom you trust never saw it",
}
_NOT_FOUND: Final[Mapping[type[AuditError], str]] = {WrongKeyError: "wrong key", NotCosignedError: "not cosigned"}
"""Nothing in the log is wrong; what the asker brought does not vouch for it."""
_READER: Final[Mapping[type[AuditError], str]] = {
    ChainBrokenError: "Keep this copy as it is. Ask the office, or whoever runs the log, for another copy: it shows "
    "which of the two was changed.",
    LogBehindError: "Keep this copy and the head as they are. Ask whoever runs the log for the records that are "
    "missing, or why there are fewer than were seen.",
    LogForkError: "Two histories under one key: keep this copy and both heads as they are, and ask the office which of "
    "them it saw.",
    LogTornError: "Whoever runs the log puts it in order with `meterlink audit recover`; the whole records stay as "
    "they are.",
    TornBytesLostError: "The records themselves are whole. Ask whoever gave you this copy for that file of torn/.",
}
"""What to do about a log that one only reads."""
_TEXT: Final = {
    "state": "{state}: {words}",
    "records": "{records} in {segments}, {epochs}",
    "all": "every one was checked",
    "up to": "every one up to record {last} was checked, and none behind it",
    "none": "none: already record 0 does not hold",
    "last": "only that of the last record, which covers all before it, and those by which one key hands over to the "
    "next; --signatures all checks every one",
    "key": "{key}, {signed}",
    "signed": "signed here",
    "unsigned key": "never signed here",
    "unread": "did not sign what could be read",
    "witness": "{key}, {seen}",
    "saw": "cosigned the first {size} records",
    "never saw": "never cosigned this log",
    "head": "{source}: {size} records, {met}{by}",
    "met": "the log had this head",
    "not met": "the log does NOT have this head",
    "not reached": "not reached",
    "by": ", signed by {names}",
    "unsigned": ", and no key of this log or of the office signed it: only who gave it to you vouches for it",
    "no heads": "none; nobody outside said how long the log should be",
    "own": "This log was held against its own first key only. Compare that key with the one that was written down when "
    "the log was made, letter for letter, or give it with --key: a forger's log is whole too, under a forger's key.",
}
_HARMLESS: Final = ("torn", "in-doubt")


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.argument("path", metavar="[PATH]", required=False, type=PATH)
@click.option("--key", "keys", metavar="VKEY", multiple=True, help=_OPTIONS["key"])
@click.option("--policy", metavar="FILE", type=PATH, help=_OPTIONS["policy"])
@click.option("--head", "heads", metavar="FILE", multiple=True, type=PATH, help=_OPTIONS["head"])
@click.option("--signatures", type=click.Choice(["all", "last"]), default="all", help=_OPTIONS["signatures"])
@json_option
@pass_given
@click.pass_context
def verify(
    context: click.Context,
    given: Given,
    /,
    path: Path | None,
    keys: tuple[str, ...],
    policy: Path | None,
    heads: tuple[Path, ...],
    signatures: Signatures,
) -> None:
    brought = read_brought(keys, policy, heads)
    if path is not None and path.exists() and is_bundle(path):
        context.exit(verify_bundle.verify_at(given, path, brought))
    home = audit_home()
    place = log_at(home, path, "PATH")
    in_use = is_in_use(home, place)
    with telling_unreadable(place.folder.path):
        checked = check_log(place, brought, signatures)
        if in_use and checked.report.found.fault is not None:
            place.forget_hint()  # so that opening reads the log whole and finds the same
        if in_use:
            checked.notes.extend(str(error).removesuffix(".") for error in key_trouble(place, checked.report.found))
    hints = own_hint if in_use else _reader
    output.present(given.as_json, "audit-verify", _facts(checked, hints), lambda: _show(checked, hints))
    context.exit(exit_code_of(checked.report.findings))


def _reader(error: AuditError) -> str:
    return _READER.get(type(error), error.hint)


# --- told -----------------------------------------------------------------------------------------------------------


def _words(report: Report) -> str:
    unlike = _NOT_FOUND.get(type(report.findings[0])) if report.findings else None
    rest = [error for error in report.findings if type(error) not in _NOT_FOUND]
    whole = report.found.fault is None and all(error.state in _HARMLESS for error in rest)
    return _WORDS[unlike if unlike is not None and whole else report.state]


def _facts(checked: Checked, hints: Hints) -> dict[str, object]:
    report, chain = checked.report, checked.report.chain
    return {
        "state": report.state,
        "words": _words(report),
        "log": chain.origin or None,
        "folder": str(checked.place.folder.path),
        "records": chain.size,
        "segments": report.segments,
        "epochs": chain.epoch + 1,
        "root": encode_base64(chain.frontier.root()),
        "signatures": report.signatures,
        "first_key": None if report.first_key is None else report.first_key.text,
        "keys_given": [key.text for key in checked.brought.trust.log_keys],
        "keys_signed": [key.text for key in checked.keys_signed],
        "witnesses": [{"key": key.text, "size": size} for key, size in checked.cosigned.items()],
        "heads": [
            head_facts(head) | {"source": source_of(head), **held_facts(checked, head)} for head in checked.heads
        ],
        "notes": [_TEXT["own"], *checked.notes] if checked.held_against_itself else checked.notes,
        "findings": finding_facts(report.findings, hints),
    }


def _show(checked: Checked, hints: Hints) -> None:
    report, chain = checked.report, checked.report.chain
    output.line(_TEXT["state"].format(state=report.state, words=_words(report)))
    output.line()
    output.pairs(
        [
            ("log", safe(chain.origin) or checked.place.folder.path.name),
            ("folder", checked.place.folder.path),
            (
                "records",
                _TEXT["records"].format(
                    records=chain.size,
                    segments=counted(report.segments, "segment"),
                    epochs=counted(chain.epoch + 1, "key"),
                ),
            ),
            ("signatures", _signatures(report)),
            ("root", encode_base64(chain.frontier.root())),
            ("first key", None if report.first_key is None else safe(report.first_key.text)),
            *[("your key", words) for words in _key_words(checked)],
            *[("witness", words) for words in _witness_words(checked)],
            *[("head", words) for words in _head_words(checked)],
        ]
    )
    output.notes(checked.notes)
    if checked.held_against_itself and report.first_key is not None:
        output.line()
        output.line(_TEXT["own"])
    show_findings(report.findings, hints)


def _signatures(report: Report) -> str:
    fault = report.found.fault
    if fault is None or report.signatures == "last":
        return _TEXT[report.signatures]
    return _TEXT["up to"].format(last=fault.record - 1) if fault.record else _TEXT["none"]


def _key_words(checked: Checked) -> list[str]:
    unsigned = _TEXT["unsigned key" if checked.report.found.fault is None else "unread"]
    return [
        _TEXT["key"].format(key=safe(key.text), signed=_TEXT["signed"] if key in checked.keys_signed else unsigned)
        for key in checked.brought.trust.log_keys
    ]


def _witness_words(checked: Checked) -> list[str]:
    return [
        _TEXT["witness"].format(
            key=safe(key.text), seen=_TEXT["never saw"] if size is None else _TEXT["saw"].format(size=size)
        )
        for key, size in checked.cosigned.items()
    ]


def _head_words(checked: Checked) -> list[str]:
    words = []
    for head in checked.heads:
        held = held_facts(checked, head)
        met = _TEXT["not reached" if held["met"] is None else "met" if held["met"] else "not met"]
        names = held["signed_by"]
        by = "" if names is None else _TEXT["by"].format(names=", ".join(names)) if names else _TEXT["unsigned"]
        words.append(_TEXT["head"].format(source=source_of(head).rstrip(","), size=head.size, met=met, by=safe(by)))
    return words or [_TEXT["no heads"]]
