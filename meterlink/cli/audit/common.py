"""What the verbs of `audit` share: logs that are named, findings and heads in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Final

from meterlink.audit.chain import Chain, Head
from meterlink.audit.condition import telling_unreadable
from meterlink.audit.doubt import runs
from meterlink.audit.home import AuditHome
from meterlink.audit.place import LogPlace
from meterlink.audit.strict_text import encode_base64
from meterlink.cli import output
from meterlink.errors import AuditError, ConfigError, LogTornError, MeterInDoubtError
from meterlink.visit.texts import fault_of, plain_text

STATE_WORDS: Final[Mapping[str, str]] = {
    "ok": "the log is sound, and the next piece of work can be recorded in it",
    "torn": "a crash left half a record at the end; every whole record before it is there",
    "in-doubt": "the log is sound, and it is not known what became of a frame that was sent to a meter",
    "work-open": "the log is sound, and a work that wrote to a meter is not closed: that meter may be half written",
    "behind": "records are missing at the end: somebody saw more of them than there are",
    "fork": "this is another history than the one that somebody saw",
    "tampered": "something in the log is not what was sealed",
    "key-lost": "the key of the log is gone, so nothing more can be recorded in it",
    "not-writable": "nothing can be recorded now, so nothing is written to a meter",
}
FROZEN: Final = frozenset({"tampered", "fork", "behind", "key-lost"})
"""States in which nothing is mended any more, and a log is replaced."""

_TEXT: Final = {
    "findings": "what was found",
    "in doubt": "It is not known what became of {count} earlier writes to meter {serial_number}: {operation} "
    "(record {record}, frames {frames}).",
    "no path": "there is no such folder or file",
    "no log": "this is no log and no bundle",
    "PATH": "Give the folder of a log (the one that holds seg/), a bundle, or nothing for the log in use.",
    "--log": "Give the folder of a log (the one that holds seg/), or leave --log out for the log in use.",
    "crashes": "the log tells of {crashes}; the bytes left behind are kept in torn/",
}
_NO_REASON: Final = "it says nothing"
_REASON_ADVICE: Final = "Say it in one sentence, in characters that can be printed."

Hints = Callable[[AuditError], str]
"""What to do about a finding, for whoever asks."""


def own_hint(error: AuditError) -> str:
    """For whoever runs the log."""
    return error.hint


def log_at(home: AuditHome, path: Path | None, setting: str) -> LogPlace:
    """The log in a folder, or the one in use; ConfigError for a folder that is none."""
    if path is None:
        return home.current()
    place = home.at(path)
    with telling_unreadable(path):
        if path.is_dir() and place.bytes().names():
            return place
        wrong = "no log" if path.exists() else "no path"
    raise ConfigError(setting=f"{setting} {path}", why=_TEXT[wrong], advice=_TEXT[setting])


def is_in_use(home: AuditHome, place: LogPlace) -> bool:
    """Whether this is the folder of the log in use, whatever it was called."""
    try:
        return place.folder.path.resolve() == home.current().folder.path.resolve()
    except (AuditError, OSError):
        return False


def reason_of(typed: str) -> str:
    """The reason that was typed, in its one form; ConfigError for one that no record may hold."""
    reason = plain_text(typed)
    wrong = fault_of(reason) if reason else _NO_REASON
    if wrong is not None:
        raise ConfigError(setting="--reason", why=wrong, advice=_REASON_ADVICE)
    return reason


# --- told -----------------------------------------------------------------------------------------------------------


def finding_facts(findings: Iterable[AuditError], hints: Hints = own_hint) -> list[dict[str, object]]:
    """Findings in documents; what a finding does not have is null."""
    told = list(findings)
    return [_finding_facts(error, _fitting_hint(error, told, hints)) for error in told]


def _finding_facts(error: AuditError, hint: str) -> dict[str, object]:
    facts = error.facts()
    place = {name: facts.get(name) for name in ("record", "segment", "offset")}
    return {"state": facts["state"], **place, "message": str(error), "hint": hint}


def show_findings(findings: Iterable[AuditError], hints: Hints = own_hint) -> None:
    """Findings for people: what, then what to do; the same advice is given once."""
    told = list(findings)
    if told:
        output.heading(_TEXT["findings"])
    for sentence in _sentences(told):
        output.line(output.safe(sentence))
    for hint in dict.fromkeys(_fitting_hint(error, told, hints) for error in told):
        if hint:
            output.line()
            output.line(output.safe(hint))


def _sentences(findings: Iterable[AuditError]) -> Iterator[str]:
    """One for each; one for all frames of a record that are in doubt."""
    for _, alike in groupby(findings, _told_with):
        first, *others = alike
        if isinstance(first, MeterInDoubtError) and others:
            numbers = [each.frame for each in (first, *others) if isinstance(each, MeterInDoubtError)]
            facts = {"count": len(numbers), "frames": ranges(numbers), **first.facts()}
            yield _TEXT["in doubt"].format(**facts)
        else:
            yield str(first)


def _told_with(error: AuditError) -> object:
    return (error.serial_number, error.operation, error.record) if isinstance(error, MeterInDoubtError) else error


def ranges(numbers: Iterable[int]) -> str:
    """Numbers of frames, those that follow one another as a range: `2-63, 70`."""
    return ", ".join(f"{first}-{last}" if first < last else str(first) for first, last in runs(numbers))


def is_frozen(findings: Iterable[AuditError]) -> bool:
    """Whether a log with these findings is never written again."""
    return any(error.state in FROZEN for error in findings)


def _fitting_hint(error: AuditError, told: Iterable[AuditError], hints: Hints) -> str:
    """What to do about a finding; nothing where something worse forbids it."""
    return "" if isinstance(error, LogTornError) and is_frozen(told) else hints(error)


def crash_notes(chain: Chain) -> list[str]:
    """That the log tells of crashes."""
    count = len(chain.recovered)
    return [_TEXT["crashes"].format(crashes=counted(count, "crash", "crashes"))] if count else []


def counted(count: int, noun: str, nouns: str = "") -> str:
    """A number with its noun."""
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"


def exit_code_of(findings: Iterable[AuditError]) -> int:
    """That of the worst, which stands first."""
    return next((error.exit_code for error in findings), 0)


def head_facts(head: Head) -> dict[str, object]:
    """A head in documents."""
    return {"source": head.source, "size": head.size, "root": encode_base64(head.root)}


def told_time(at_s: int) -> str:
    """A moment of the office's clock."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
