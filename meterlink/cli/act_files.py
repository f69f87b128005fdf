"""The act of a work as files: the body out of the log, the head of the log, and what was printed back into the log."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from meterlink.audit.commitment import Opening
from meterlink.audit.place import LogPlace
from meterlink.audit.private import private_path, read_openings
from meterlink.audit.record import Entry, Record
from meterlink.audit.store import SealedLog
from meterlink.audit.works import records_of, works_of
from meterlink.cli.family_words import words_of
from meterlink.cli.new_files import refuse_existing, write_new
from meterlink.errors import ActError, AuditFormatError, ConfigError
from meterlink.language import Language
from meterlink.report.act_body import act_body, body_sha256
from meterlink.report.act_html import render_html
from meterlink.report.act_layout import lay_out
from meterlink.report.act_pdf import render_pdf
from meterlink.report.act_words import Phrases
from meterlink.report.layout.blocks import Paper
from meterlink.visit.work import Judgement

FORMATS: Final = ("pdf", "html")
COPIES: Final = 2
"""One for each side."""
_LONGEST_NAME: Final = 80

_WHY: Final = {
    "open": "the work {work} is still open",
    "other": "the log says that the body of the act of {work} has another hash than the one its records give now",
    "none": "no work in this log is closed yet",
}
_ADVICE: Final = {
    "open": "Run the command that began it again; an act is made when the work is closed.",
    "none": "`meterlink visit ORDER` does a work and prints its act.",
    "there": "Give another name, or move that file away: an act that somebody may have signed is not overwritten.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """The body of one closed work, with the clear values that are still kept and the words of its family."""

    work: str
    body: Mapping[str, Any]
    sha256: str
    openings: Mapping[str, Opening]
    family: Phrases


def judge(records: Sequence[Record]) -> Judgement:
    """What the act's body over the records of a work says of it."""
    body = act_body(records)
    return Judgement(sha256=body_sha256(body), result=body["result"], actions=body["actions"])


def act_of(place: LogPlace, work: str | None) -> Act:
    """The act of a work; without one, of the work that was closed last."""
    return act_over(place, records_of(place, work or _last_closed(place)))


def act_over(place: LogPlace, records: Sequence[Record]) -> Act:
    """The act over all the records of one work."""
    work = records[0].work or ""
    close = next((record for record in records if record.type == "work.close"), None)
    if close is None:
        raise ConfigError(setting="--work", why=_WHY["open"].format(work=work), advice=_ADVICE["open"])
    body = act_body(records)
    found = body_sha256(body)
    if close.d.get("body_sha256") != found:
        raise ActError(why=_WHY["other"].format(work=work))
    words = words_of(body["program"]["family"])
    return Act(work=work, body=body, sha256=found, openings=_openings(place, records), family=words)


def _last_closed(place: LogPlace) -> str:
    closed = [seen.id for seen in works_of(place).works if seen.closed]
    if not closed:
        raise ConfigError(setting="--work", why=_WHY["none"], advice=_ADVICE["none"])
    return closed[-1]


def _openings(place: LogPlace, records: Sequence[Record]) -> Mapping[str, Opening]:
    """The clear values that lie beside the log; none where they were erased or are no clear values any more."""
    for record in records:
        if record.type == "work.open":
            path = private_path(place.folder, record.n)
            try:
                return read_openings(place.files.read(path)) if place.files.size(path) is not None else {}
            except (OSError, AuditFormatError):
                return {}
    return {}


def file_name(work: str, format_: str, folder: Path = Path()) -> Path:
    """The usual name of an act's file."""
    return folder / f"act-{re.sub(r'[^0-9A-Za-zА-Яа-яЁё_-]+', '-', work)[-_LONGEST_NAME:]}.{format_}"


def free_names(work: str, folder: Path) -> list[Path]:
    """The usual names of both files, numbered where files of another log have them already."""
    for number in count(1):
        ending = "" if number == 1 else f"-{number}"
        files = [file_name(work + ending, each, folder) for each in FORMATS]
        if not any(file.exists() for file in files):
            break
    return files


def refuse_written(files: Sequence[Path]) -> None:
    """ConfigError for a file that is there."""
    refuse_existing(files, _ADVICE["there"])


def write_act(log: SealedLog, act: Act, files: Sequence[Path], language: Language, copies: int = COPIES) -> None:
    """Render, write each file and record in the log what was issued. The head printed is that of this moment."""
    checkpoint = log.checkpoint().encode().decode("utf-8")
    paper = lay_out(act.body, act.openings, checkpoint, language, act.family)
    rendered = {file: _render(file, paper) for file in files}
    for file, content in rendered.items():
        write_new(file, content, _ADVICE["there"])
    issued = [
        {
            "format": file.suffix.removeprefix("."),
            "language": language.value,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for file, content in rendered.items()
    ]
    d = {"body_sha256": act.sha256, "copies": copies, "checkpoint": checkpoint, "files": issued}
    log.append(Entry(type="act.issued", d=d, work=act.work))


def _render(file: Path, paper: Paper) -> bytes:
    return render_html(paper).encode("utf-8") if file.suffix == ".html" else render_pdf(paper)
