"""`audit verify`: whether a log or a bundle is what was sealed, held against what the asker has from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from meterlink.audit.bundle_check import is_bundle
from meterlink.audit.condition import telling_unreadable
from meterlink.audit.place import LogPlace
from meterlink.audit.scan import Signatures
from meterlink.audit.strict_text import encode_base64
from meterlink.audit.verify import Report
from meterlink.cli import output
from meterlink.cli.audit import bundle
from meterlink.cli.audit.brought import read_brought
from meterlink.cli.audit.checked import Checked, check_log, held_facts, source_of
from meterlink.cli.audit.common import (
    audit_home,
    exit_code_of,
    finding_facts,
    head_facts,
    show_findings,
)
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.errors import (
    ConfigError,
    NoLogError,
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
_WHY: Final = {
    "no path": "there is no such folder or file",
}
_ADVICE: Final = {
    "path": "Give the folder of a log (the one that holds seg/), a bundle, or nothing for the log in use.",
}
_WORDS: Final = {
    "ok": "the log is whole: it is what was sealed",
    "torn": "a crash left half a record at the end; every whole record before it is what was sealed",
    "in-doubt": "the log is whole, and it is not known what became of a frame that was sent to a meter",
    "behind": "records are missing at the end: somebody saw more of them than there are",
    "fork": "this is another history than the one that somebody saw",
    "tampered": "this is not what was sealed",
    "wrong key": "the log is whole in itself, and it is not the log of the key that you gave",
}
_TEXT: Final = {
    "state": "{state}: {words}",
    "records": "{records} in {segments}, {epochs}",
    "all": "every one was checked",
    "last": "only that of the last record, which covers all before it; --signatures all checks every one",
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
@click.argument("path", metavar="[PATH]", required=False, type=click.Path(path_type=Path))
@click.option("--key", "keys", metavar="VKEY", multiple=True, help=_OPTIONS["key"])
@click.option("--policy", metavar="FILE", type=click.Path(path_type=Path), help=_OPTIONS["policy"])
@click.option("--head", "heads", metavar="FILE", multiple=True, type=click.Path(path_type=Path), help=_OPTIONS["head"])
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
        context.exit(bundle.verify_at(given, path, brought.trust, brought.heads_of("")))
    place = _place(path)
    with telling_unreadable(place.folder.path):
        checked = check_log(place, brought, signatures)
        if path is None and checked.report.found.fault is not None:
            place.forget_hint()  # so that opening reads the log whole and finds the same
    output.present(given.as_json, "audit-verify", _facts(checked), lambda: _show(checked))
    context.exit(exit_code_of(checked.report.findings))


def _place(path: Path | None) -> LogPlace:
    home = audit_home()
    if path is None:
        return home.current()
    if not path.is_dir():
        raise ConfigError(setting=f"PATH {path}", why=_WHY["no path"], advice=_ADVICE["path"])
    place = home.at(path)
    with telling_unreadable(path):
        names = place.bytes().names()
    if not names:
        raise NoLogError(folder=str(path))
    return place


# --- told -----------------------------------------------------------------------------------------------------------


def _words(report: Report) -> str:
    wrong = report.findings and isinstance(report.findings[0], WrongKeyError)
    whole = report.found.fault is None and all(error.state in _HARMLESS for error in report.findings[1:])
    return _WORDS["wrong key" if wrong and whole else report.state]


def _facts(checked: Checked) -> dict[str, object]:
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
        "heads": [
            head_facts(head) | {"source": source_of(head), **held_facts(checked, head)} for head in checked.heads
        ],
        "notes": checked.notes if checked.brought.has_keys else [_TEXT["own"], *checked.notes],
        "findings": finding_facts(report.findings),
    }


def _show(checked: Checked) -> None:
    report, chain = checked.report, checked.report.chain
    output.line(_TEXT["state"].format(state=report.state, words=_words(report)))
    output.line()
    output.pairs(
        [
            ("log", chain.origin),
            ("folder", checked.place.folder.path),
            (
                "records",
                _TEXT["records"].format(
                    records=chain.size,
                    segments=_counted(report.segments, "segment"),
                    epochs=_counted(chain.epoch + 1, "key"),
                ),
            ),
            ("signatures", _TEXT[report.signatures]),
            ("root", encode_base64(chain.frontier.root())),
            ("first key", report.first_key),
            *[("your key", key) for key in checked.brought.trust.log_keys],
            *[("head", words) for words in _head_words(checked)],
        ]
    )
    output.notes(checked.notes)
    if not checked.brought.has_keys and report.first_key is not None:
        output.line()
        output.line(_TEXT["own"])
    show_findings(report.findings)


def _head_words(checked: Checked) -> list[str]:
    words = []
    for head in checked.heads:
        held = held_facts(checked, head)
        met = _TEXT["not reached" if held["met"] is None else "met" if held["met"] else "not met"]
        names = held["signed_by"]
        by = "" if names is None else _TEXT["by"].format(names=", ".join(names)) if names else _TEXT["unsigned"]
        words.append(_TEXT["head"].format(source=source_of(head).rstrip(","), size=head.size, met=met, by=by))
    return words or [_TEXT["no heads"]]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
