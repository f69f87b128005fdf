"""`audit export`: evidence to hand over, as one ZIP file that a stranger can check."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from meterlink.audit.bundle import Collected, best_head, bundle_of_log, bundle_of_work, collect, write_bundle
from meterlink.audit.chain import Chain
from meterlink.audit.claims import cosigned_notes, office_keys
from meterlink.audit.condition import telling_unreadable
from meterlink.audit.folder import FolderBytes, torn_bytes
from meterlink.audit.home import AuditHome
from meterlink.audit.note import Checkpoint, Note
from meterlink.audit.place import LogPlace
from meterlink.audit.private import private_path
from meterlink.audit.run import Run
from meterlink.audit.strict_text import encode_base64
from meterlink.cli import output
from meterlink.cli.audit.common import counted, is_in_use, log_at
from meterlink.cli.files import PATH
from meterlink.cli.grammar import Command
from meterlink.cli.options import Given, json_option, pass_given
from meterlink.cli.output import safe
from meterlink.cli.sealed_log import audit_home, refuse_empty_work
from meterlink.errors import AuditError, ChainBrokenError, ConfigError, NoLogError, told_os_error

_HELP: Final = """write a bundle that proves one work, or holds the whole log, for somebody outside

FILE is a ZIP file with the records, their proofs and a program that checks them. A bundle of one work shows nobody
else's. Whoever checks it needs a key from elsewhere: the first key of the log, or that of the office
"""
_SHORT: Final = "write a bundle for somebody outside"
_EXAMPLES: Final = ("meterlink audit export --all log.zip", "meterlink audit export --all log.zip --json")
_OPTIONS: Final = {
    "work": "the work to prove, by its id",
    "all": "the whole log",
    "log": "folder of another log than the one in use",
    "private": "show the clear values of personal data too, where they are still kept",
}
_WHY: Final = {
    "one": "give either --work ID or --all",
    "there": "there is such a file already, and evidence is never overwritten",
    "disk": "it cannot be written: {error}",
    "no folder": "the folder {folder} is not there",
    "stdout": "a bundle is a file of its own and never goes to the terminal",
}
_ADVICE: Final = {
    "one": "`meterlink audit show` shows the works of the latest records.",
    "file": "Give another file name, on a disk with room.",
    "folder": "Make that folder first, or give another one.",
}
_TEXT: Final = {
    "work": "records of the work {work}: {count}",
    "all": "the whole log; records: {count}",
    "cosigned": "cosigned by the office",
    "own": "signed by the log alone; nobody outside cosigned it",
    "unsure": "the head was read from the files and not made sure of on the disk: {why}",
    "not in use": "this is not the log in use",
    "half": "{bytes} of a half record at the end are left out",
    "no torn": "torn/{file}, of which record {record} tells, is not there and not in the bundle",
    "key": "Whoever checks it must have this key from you or from the office, not from the bundle. On paper is best.",
}


@dataclass(slots=True, kw_only=True)
class Source:
    """What a bundle is made of: a log up to a head. `head` is None where nobody made sure of one."""

    place: LogPlace
    segments: FolderBytes
    head: Note | None = None
    notes: list[str] = field(default_factory=list)

    def collect(self, work: str | None) -> tuple[Collected, Note]:
        """The records and the head that they are proven in."""
        size = sys.maxsize if self.head is None else Checkpoint.parse(self.head.text).size
        with telling_unreadable(self.place.folder.path):
            gathered = collect(self.segments, size, work)
        if self.head is not None:
            return gathered, self.head
        chain = gathered.found.chain
        if chain.signature is None:
            raise NoLogError(folder=str(self.place.folder.path))
        return gathered, Note(text=chain.checkpoint().body(), signatures=(chain.signature,))

    def leave_out_half(self, gathered: Collected) -> None:
        """What a crash left behind, or another run is just writing, proves nothing."""
        torn = gathered.found.torn
        if torn is None:
            return
        sizes = {name: self.segments.size(name) for name in self.segments.names()}
        sizes[torn.place.segment] = torn.place.offset
        files, folder = self.place.files, self.place.folder
        self.segments = FolderBytes(files, folder, {name: size for name, size in sizes.items() if size})
        self.notes.append(_TEXT["half"].format(bytes=counted(len(torn.data), "byte")))


@click.command(cls=Command, help=_HELP, short_help=_SHORT, examples=_EXAMPLES)
@click.argument("file", metavar="FILE", type=PATH)
@click.option("--work", metavar="ID", help=_OPTIONS["work"])
@click.option("--all", "whole", is_flag=True, help=_OPTIONS["all"])
@click.option("--private", is_flag=True, help=_OPTIONS["private"])
@click.option("--log", "folder", metavar="FOLDER", type=PATH, help=_OPTIONS["log"])
@json_option
@pass_given
def export(given: Given, /, file: Path, work: str | None, whole: bool, private: bool, folder: Path | None) -> None:
    if (work is None) is not whole:
        raise ConfigError(setting="audit export", why=_WHY["one"], advice=_ADVICE["one"])
    refuse_empty_work(work)
    _refuse_file(file)
    home = audit_home()
    place = log_at(home, folder, "--log")
    source = _source(home, place)
    gathered, newest = source.collect(work)
    source.leave_out_half(gathered)
    chain = gathered.found.chain
    if work is None:
        head, cosigned = newest, False
        records: Iterable[int] = range(chain.size)
        with telling_unreadable(place.folder.path):
            others = _beside(source, chain) | (_private(place, records) if private else {})
        files = bundle_of_log(gathered, head, source.segments, others, file.name)
    else:
        notes = [note for _, note in cosigned_notes(place.files, place.folder, chain.origin, office_keys(chain.office))]
        head = best_head(gathered, newest, notes)
        cosigned = head is not newest
        records = [record.n for record in gathered.records]
        files = bundle_of_work(gathered, head, work, _private(place, records) if private else {}, file.name)
    facts = _facts(file, work, head, chain) | {"cosigned": cosigned, "records": len(list(records))}
    facts |= {"files": _write(file, files), "notes": source.notes}
    output.present(given.as_json, "audit-export", facts, lambda: _show(facts))


def _refuse_file(file: Path) -> None:
    """ConfigError for a bundle that could not be written there, before a log is read for it."""
    if str(file) == "-":
        raise ConfigError(setting="FILE -", why=_WHY["stdout"], advice=_ADVICE["file"])
    if not file.parent.is_dir():
        why = _WHY["no folder"].format(folder=file.parent)
        raise ConfigError(setting=f"FILE {file}", why=why, advice=_ADVICE["folder"])
    if file.exists():
        raise ConfigError(setting=f"FILE {file}", why=_WHY["there"], advice=_ADVICE["file"])


def _source(home: AuditHome, place: LogPlace) -> Source:
    """A log up to a head that is on the disk for good; where it cannot be written, as it lies there."""
    try:
        if is_in_use(home, place):
            with home.open(Run.start()) as log:
                head, segments = log.head_with_bytes()
            return Source(place=place, segments=segments, head=head)
        why = _TEXT["not in use"]
    except ChainBrokenError:  # nothing can be proven of it
        raise
    except AuditError as error:
        why = str(error).removesuffix(".")
    with telling_unreadable(place.folder.path):
        return Source(place=place, segments=place.bytes_now(), notes=[_TEXT["unsure"].format(why=why)])


def _write(file: Path, files: Iterable[tuple[str, bytes]]) -> int:
    try:
        return write_bundle(file, files)
    except FileExistsError as error:
        raise ConfigError(setting=f"FILE {file}", why=_WHY["there"], advice=_ADVICE["file"]) from error
    except OSError as error:
        why = _WHY["disk"].format(error=told_os_error(error))
        raise ConfigError(setting=f"FILE {file}", why=why, advice=_ADVICE["file"]) from error


def _beside(source: Source, chain: Chain) -> dict[str, bytes]:
    """What belongs to the whole log and stands in no segment."""
    files, folder = source.place.files, source.place.folder
    notes = cosigned_notes(files, folder, chain.origin, office_keys(chain.office))
    found = {f"heads/{name}": note.encode() for name, note in notes}
    kept = torn_bytes(files, folder)
    for each in chain.recovered:
        data = kept(each.file)
        if data is None:
            source.notes.append(_TEXT["no torn"].format(file=each.file, record=each.record))
        else:
            found[f"torn/{each.file}"] = data
    return found


def _private(place: LogPlace, records: Iterable[int]) -> dict[str, bytes]:
    """The clear values of these records that are still kept."""
    kept = set(place.files.names(place.folder.private))
    paths = [private_path(place.folder, index) for index in records if f"{index}.json" in kept]
    return {f"private/{path.name}": place.files.read(path) for path in paths}


# --- told -----------------------------------------------------------------------------------------------------------


def _facts(file: Path, work: str | None, head: Note, chain: Chain) -> dict[str, object]:
    checkpoint = Checkpoint.parse(head.text)
    return {
        "bundle": str(file),
        "log": chain.origin,
        "work": work,
        "size": checkpoint.size,
        "root": encode_base64(checkpoint.root),
        "first_key": str(chain.first_key),
    }


def _show(facts: Mapping[str, object]) -> None:
    held = _TEXT["all" if facts["work"] is None else "work"].format(count=facts["records"], work=facts["work"])
    output.pairs(
        [
            ("bundle", facts["bundle"]),
            ("log", safe(str(facts["log"]))),
            ("holds", held),
            ("head", _TEXT["cosigned" if facts["cosigned"] else "own"]),
            ("size", facts["size"]),
            ("root", facts["root"]),
            ("first key", safe(str(facts["first_key"]))),
        ]
    )
    notes = facts["notes"]
    assert isinstance(notes, list)
    output.notes(map(safe, notes))
    output.line()
    output.line(_TEXT["key"])
