"""The one place where `audit verify` meets a bundle: a ZIP file, or a folder with a `checkpoint`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meterlink.audit.bundle import CHECKPOINT
from meterlink.audit.bundle_check import BundleReport, verify_bundle
from meterlink.audit.bundle_files import FILE_LIMIT, Bundle, open_bundle
from meterlink.audit.chain import Head
from meterlink.audit.note import Checkpoint, Note, Vkey, true_signatures
from meterlink.audit.strict_text import encode_base64
from meterlink.cli import output
from meterlink.cli.audit.brought import Brought
from meterlink.cli.audit.common import counted, exit_code_of, finding_facts, head_facts, show_findings
from meterlink.cli.options import Given
from meterlink.cli.output import safe
from meterlink.errors import AuditError, ConfigError, told_os_error

_WORDS: Final = {
    "ok": "the bundle proves what it says",
    "torn": "the log in the bundle ends in half a record; every whole record before it is proven",
    "in-doubt": "the bundle proves what it says, and it is not known what became of a frame that was sent to a meter",
    "behind": "the log in the bundle is shorter than somebody saw it",
    "fork": "the log in the bundle has another history than the one that somebody saw",
    "tampered": "the bundle does not prove what it says",
}
_WHY: Final = {
    "no key": "a bundle can only be held against a key from elsewhere, and none was given; keys inside it are never "
    "trusted",
    "no zip": "this is no bundle",
    "unreadable": "it cannot be read: {error}",
}
_ADVICE: Final = {
    "no key": "Ask the office, or whoever runs the log, for the log's first verifier key or its witness's, on paper or "
    "in person, and give it with --key. A policy counts when it names a log or asks for a quorum.",
    "no zip": "A bundle is a ZIP file that `meterlink audit export` wrote, or the folder of such a file unpacked.",
    "unreadable": "Give a file that is there and that you may read.",
}
_TEXT: Final = {
    "state": "{state}: {words}",
    "records": "{count} of one work, each proven to stand in the log",
    "whole": "the whole log, {count} records",
    "claimed records": "{count} of one work",
    "claimed whole": "the whole log",
    "holds": "holds",
    "claims": "claims to hold",
    "first key": "first key",
    "claimed first key": "its first key, by its own word",
    "later key": "later key",
    "key": "{key}, {signed}",
    "signed": "signed here",
    "unsigned": "did not sign here",
    "in order": "those of the checkpoint and of each record that brought a key; the checkpoint covers the rest",
    "every": "every one",
    "broken off": "those before the place that does not hold",
    "head": "{source}: {size} records, {met}",
    "met": "it fits",
    "not met": "it does NOT fit",
    "not reached": "not reached",
    "unchecked": "not held against anything: only the whole log tells",
    "left of work": "the other records of the log; whether more were written after the checkpoint",
    "left of whole": "whether more records were written after these: only a head from elsewhere tells",
    "left": "everything behind the place that does not hold",
}
_ZIP: Final = b"PK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What was found in a bundle, and what it was held against."""

    path: Path
    names: list[str]
    """Of its files."""
    report: BundleReport
    note: Note | None
    """Its checkpoint, where that can be read."""
    brought: Brought

    @property
    def keys_given(self) -> list[Vkey]:
        return list(dict.fromkeys((*self.brought.trust.log_keys, *self.brought.witnesses)))

    @property
    def keys_signed(self) -> list[Vkey]:
        """Those of them that signed here; of what does not hold nothing is known."""
        if self.is_tampered:
            return []
        ours = {key.text for key in self.report.keys}
        note = self.note
        return [key for key in self.keys_given if key.text in ours or (note is not None and true_signatures(note, key))]

    @property
    def is_tampered(self) -> bool:
        return self.report.state == "tampered"

    def is_met(self, head: Head) -> bool | None:
        """Whether a head from elsewhere fits; None where the bundle does not tell."""
        if _is_refuted(self.report.findings, head):
            return False
        return None if self.is_tampered or head in self.report.unchecked else True


def verify_at(given: Given, path: Path, brought: Brought) -> int:
    """Check the bundle at a path and tell what was found; returns the exit code."""
    if not brought.proves_something:
        raise _wrong(path, "no key")
    if path.is_file() and not _begins_like_zip(path):
        raise _wrong(path, "no zip")
    bundle = open_bundle(path)
    note, origin = _checkpoint(bundle)
    heads = brought.heads_of(origin)
    report = verify_bundle(bundle, brought.trust, heads)
    held = Held(path=path, names=bundle.names(), report=report, note=note, brought=brought)
    output.present(given.as_json, "audit-bundle", _facts(held), lambda: _show(held))
    return exit_code_of(held.report.findings)


def _begins_like_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_ZIP)) == _ZIP
    except OSError as error:
        raise _wrong(path, "unreadable", error=told_os_error(error)) from error


def _checkpoint(bundle: Bundle) -> tuple[Note | None, str]:
    """The checkpoint and the log that it names; nothing where it cannot be read, which the check tells."""
    try:
        if CHECKPOINT not in bundle.names() or bundle.size(CHECKPOINT) > FILE_LIMIT:
            return None, ""
        note = Note.parse(bundle.read(CHECKPOINT))
        return note, Checkpoint.parse(note.text).origin
    except (AuditError, OSError):
        return None, ""


def _wrong(path: Path, why: str, **facts: object) -> ConfigError:
    return ConfigError(setting=f"PATH {path}", why=_WHY[why].format(**facts), advice=_ADVICE[why])


# --- told -----------------------------------------------------------------------------------------------------------


def _facts(held: Held) -> dict[str, object]:
    report = held.report
    head, log = report.checkpoint, report.log
    return {
        "state": report.state,
        "words": _WORDS[report.state],
        "bundle": str(held.path),
        "log": None if head is None else head.origin,
        "size": None if head is None else head.size,
        "root": None if head is None else encode_base64(head.root),
        "keys": [key.text for key in report.keys],
        "keys_given": [key.text for key in held.keys_given],
        "keys_signed": [key.text for key in held.keys_signed],
        "records": [record.n for record in report.records],
        "whole_log": None if log is None else log.chain.size,
        "opened": [
            {"record": n, "name": name, "value": value}
            for n, values in sorted(report.opened.items())
            for name, value in values.items()
        ],
        "heads": [head_facts(each) | {"met": held.is_met(each)} for _, each, _ in held.brought.heads],
        "unchecked": [head_facts(each) for each in report.unchecked],
        "findings": finding_facts(report.findings),
    }


def _show(held: Held) -> None:
    report, head, broken = held.report, held.report.checkpoint, held.is_tampered
    output.line(_TEXT["state"].format(state=report.state, words=_WORDS[report.state]))
    output.line()
    first = _TEXT["claimed first key" if broken else "first key"]
    output.pairs(
        [
            ("bundle", held.path),
            ("log", None if head is None else safe(head.origin)),
            ("size", None if head is None else head.size),
            ("root", None if head is None else encode_base64(head.root)),
            (_TEXT["claims" if broken else "holds"], _claims(held.names) if broken else _contents(report)),
            *[(_TEXT["later key"] if place else first, safe(key.text)) for place, key in enumerate(report.keys)],
            *[("your key", _key_words(held, key)) for key in held.keys_given],
            ("signatures", _signatures(report, broken)),
            *[("head", _head_words(held, each)) for _, each, _ in held.brought.heads],
            ("not checked", _left(report, broken)),
        ]
    )
    show_findings(report.findings)


def _contents(report: BundleReport) -> str:
    if report.log is not None:
        return _TEXT["whole"].format(count=report.log.chain.size)
    return _TEXT["records"].format(count=len(report.records))


def _claims(names: list[str]) -> str | None:
    """What is in a bundle by the names of its files."""
    if any(name.startswith("seg/") for name in names):
        return _TEXT["claimed whole"]
    count = sum(name.startswith("records/") and name.endswith(".json") for name in names)
    return _TEXT["claimed records"].format(count=counted(count, "record")) if count else None


def _key_words(held: Held, key: Vkey) -> str:
    if held.is_tampered:
        return safe(key.text)
    signed = _TEXT["signed" if key in held.keys_signed else "unsigned"]
    return _TEXT["key"].format(key=safe(key.text), signed=signed)


def _signatures(report: BundleReport, broken: bool) -> str:
    return _TEXT["broken off" if broken else "in order" if report.log is None else "every"]


def _left(report: BundleReport, broken: bool) -> str:
    return _TEXT["left" if broken else "left of work" if report.log is None else "left of whole"]


def _head_words(held: Held, head: Head) -> str:
    met = held.is_met(head)
    words = "met" if met else "not met" if met is False else "not reached" if held.is_tampered else "unchecked"
    return _TEXT["head"].format(source=head.source, size=head.size, met=_TEXT[words])


def _is_refuted(findings: list[AuditError], head: Head) -> bool:
    """Whether one of the findings is about this head."""
    return any(
        error.state in ("behind", "fork")
        and error.facts().get("seen") == head.size
        and error.facts()["source"] == head.source
        for error in findings
    )
