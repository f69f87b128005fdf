"""The one place where `audit verify` meets a bundle: a ZIP file, or a folder with a `checkpoint`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from meterlink.audit.bundle_check import BundleReport, Trust, open_bundle, verify_bundle
from meterlink.audit.chain import Head
from meterlink.audit.strict_text import encode_base64
from meterlink.cli import output
from meterlink.cli.audit.common import exit_code_of, finding_facts, head_facts, show_findings
from meterlink.cli.options import Given
from meterlink.errors import ConfigError

_WORDS: Final = {
    "ok": "the bundle proves what it says",
    "torn": "the log in the bundle ends in half a record; every whole record before it is proven",
    "in-doubt": "the bundle proves what it says, and it is not known what became of a frame that was sent to a meter",
    "behind": "the log in the bundle is shorter than somebody saw it",
    "fork": "the log in the bundle has another history than the one that somebody saw",
    "tampered": "the bundle does not prove what it says",
}
_WHY: Final = (
    "a bundle can only be held against a key from elsewhere, and none was given; keys inside it are never trusted"
)
_ADVICE: Final = (
    "Ask the office, or whoever runs the log, for the log's first verifier key or its witness's, on paper or in "
    "person, and give it with --key."
)
_TEXT: Final = {
    "state": "{state}: {words}",
    "records": "{count} of one work, each proven to stand in the log",
    "whole": "the whole log, {count} records",
    "unchecked": "the head of {size} records ({source}) was not held against anything: only the whole log tells",
}


def verify_at(given: Given, path: Path, trust: Trust, heads: Sequence[Head]) -> int:
    """Check the bundle at a path and tell what was found; returns the exit code."""
    if not trust.keys and trust.policy is None:
        raise ConfigError(setting=f"PATH {path}", why=_WHY, advice=_ADVICE)
    report = verify_bundle(open_bundle(path), trust, heads)
    output.present(given.as_json, "audit-bundle", _facts(report, path), lambda: _show(report, path))
    return exit_code_of(report.findings)


def _facts(report: BundleReport, path: Path) -> dict[str, object]:
    head, log = report.checkpoint, report.log
    return {
        "state": report.state,
        "words": _WORDS[report.state],
        "bundle": str(path),
        "log": None if head is None else head.origin,
        "size": None if head is None else head.size,
        "root": None if head is None else encode_base64(head.root),
        "keys": [key.text for key in report.keys],
        "records": [record.n for record in report.records],
        "whole_log": None if log is None else log.chain.size,
        "opened": [
            {"record": n, "name": name, "value": value}
            for n, values in sorted(report.opened.items())
            for name, value in values.items()
        ],
        "unchecked": [head_facts(each) for each in report.unchecked],
        "findings": finding_facts(report.findings),
    }


def _show(report: BundleReport, path: Path) -> None:
    head = report.checkpoint
    output.line(_TEXT["state"].format(state=report.state, words=_WORDS[report.state]))
    output.line()
    held = None
    if report.log is not None:
        held = _TEXT["whole"].format(count=report.log.chain.size)
    elif report.records:
        held = _TEXT["records"].format(count=len(report.records))
    output.pairs(
        [
            ("bundle", path),
            ("log", None if head is None else head.origin),
            ("size", None if head is None else head.size),
            ("root", None if head is None else encode_base64(head.root)),
            ("holds", held),
            *[("first key" if place == 0 else "later key", key) for place, key in enumerate(report.keys)],
        ]
    )
    output.notes(_TEXT["unchecked"].format(size=each.size, source=each.source) for each in report.unchecked)
    show_findings(report.findings)
